"""Training in a real kernel: interrupted, it stops at once and goes on being of use; killed, it is taken up again."""

import time

import pytest
from jupyter_client.manager import start_new_kernel

TRAIN = """
import numpy as np
from vistext.nn.engine import keras
from vistext.nn.training import fit

keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)])
model.compile(optimizer="sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))


def batch(step):
    rng = np.random.default_rng(step)
    return rng.normal(size=(4, 8)).astype("float32"), rng.integers(0, 3, 4)


history = fit(model, batch, steps={steps}{more})
"""
STARTS = 300  # seconds, on a busy machine


@pytest.fixture
def kernel(monkeypatch, tmp_path):
    """Kernels, as many as are asked for; none outlives the test."""
    monkeypatch.setenv("VISTEXT_PROFILE", "smoke")
    monkeypatch.chdir(tmp_path)
    started = []

    def start():
        started.append(start_new_kernel(startup_timeout=STARTS))
        return started[-1]

    yield start
    for manager, client in started:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def text_of(message):
    return message["content"].get("text", "") + "\n".join(message["content"].get("traceback", []))


def last_line(client, code):
    """The last line that code prints."""
    texts = []
    client.execute_interactive(code, timeout=STARTS, output_hook=lambda message: texts.append(text_of(message)))
    return "".join(texts).strip().splitlines()[-1]


def test_an_interrupted_training_stops_within_two_seconds_keeps_its_curve_and_the_kernel(kernel):
    manager, client = kernel()
    client.execute(TRAIN.format(steps=10**9, more=""))
    while "loss" not in text_of(client.get_iopub_msg(timeout=STARTS)):
        pass
    began = time.monotonic()
    manager.interrupt_kernel()
    found = last_line(client, "print(history.interrupted, len(history.loss) > 0, np.isfinite(history.loss).all())")
    assert found == "True True True"
    assert time.monotonic() - began < 2
    assert last_line(client, "print(fit(model, batch, steps=2).interrupted)") == "False"


def test_a_training_whose_kernel_is_killed_is_taken_up_again_where_it_was_kept(kernel, tmp_path):
    manager, client = kernel()
    client.execute(TRAIN.format(steps=10**9, more=", checkpoint='kept', checkpoint_every=0.5"))
    end = time.monotonic() + STARTS
    while not (tmp_path / "kept").is_dir() or not list((tmp_path / "kept").iterdir()):
        assert time.monotonic() < end
        time.sleep(0.1)
    time.sleep(1)
    manager.shutdown_kernel(now=True)

    _, client = kernel()
    stops = "    asked.append(step)\n    if len(asked) == 5:\n        raise KeyboardInterrupt\n    rng ="
    again = TRAIN.replace("    rng =", stops).format(steps=10**9, more=", checkpoint='kept'")
    found = last_line(client, f"asked = []\n{again}\nprint(asked[0] > 0, len(history.loss) == asked[0] + 4)")
    assert found == "True True"
