"""One switch: what the environment says, or else what the machine has."""

import importlib.util
import random
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from vistext import profile


def machine(monkeypatch, *gpus):
    """Let `vistext.nn.engine` be one that sees these GPUs, without importing TensorFlow."""
    devices = [SimpleNamespace(name=f"/physical_device:GPU:{number}") for number in range(len(gpus))]
    details = {device.name: {"device_name": gpu} if gpu else {} for device, gpu in zip(devices, gpus, strict=True)}
    config = SimpleNamespace(
        list_physical_devices=lambda kind: devices if kind == "GPU" else [],
        experimental=SimpleNamespace(get_device_details=lambda device: details[device.name]),
    )
    tf = SimpleNamespace(config=config, __version__="2.99.0")
    keras = SimpleNamespace(utils=SimpleNamespace(set_random_seed=lambda seed: None), __version__="3.99.0")
    monkeypatch.setitem(sys.modules, "vistext.nn.engine", SimpleNamespace(tf=tf, keras=keras))


@pytest.mark.parametrize(
    ("variable", "gpus", "expected"),
    [
        *((name, [], name) for name in profile.NAMES),
        *((text, [], "gpu") for text in (" GPU ", "Gpu")),
        *((unset, [], "cpu") for unset in (None, "", "  ")),
        *((unset, ["A GPU"], "gpu") for unset in (None, "", "  ")),
    ],
)
def test_the_environment_decides_or_else_the_machine(variable, gpus, expected, monkeypatch):
    monkeypatch.delenv("VISTEXT_PROFILE", raising=False)
    if variable is not None:
        monkeypatch.setenv("VISTEXT_PROFILE", variable)
    machine(monkeypatch, *gpus)
    assert profile.name() == expected
    assert profile.compute_budget(smoke=1, cpu=4, gpu=20) == {"smoke": 1, "cpu": 4, "gpu": 20}[expected]


def test_an_unknown_profile_is_refused_with_the_accepted_ones(monkeypatch):
    monkeypatch.setenv("VISTEXT_PROFILE", "fast")
    with pytest.raises(ValueError, match=r"VISTEXT_PROFILE='fast'; accepted: smoke, cpu, gpu"):
        profile.name()


@pytest.mark.parametrize(
    ("gpus", "device"),
    [([], "CPU cores"), (["Tesla T4"], "Tesla T4"), (["Tesla T4", None], "Tesla T4, /physical_device:GPU:1")],
    ids=["no GPU", "one GPU", "two, one without a name"],
)
def test_a_lesson_begins_with_one_line_on_what_it_runs_on(monkeypatch, gpus, device):
    monkeypatch.setenv("VISTEXT_PROFILE", "smoke")
    machine(monkeypatch, *gpus)
    line = profile.start()
    python = ".".join(map(str, sys.version_info[:3]))
    assert line.startswith("profile smoke on ")
    assert f"{device} · Python {python} · TensorFlow 2.99.0 · Keras 3.99.0" in line
    assert "\n" not in line


def test_the_same_seed_gives_the_same_numbers_everywhere():
    from vistext.nn.engine import keras

    def draws(seed):
        profile.start(seed)
        return random.random(), np.random.rand(), float(keras.random.uniform([]))

    first = draws(3)
    assert draws(3) == first
    assert all(other != once for other, once in zip(draws(4), first, strict=True))


@pytest.mark.parametrize(
    ("there", "gpus", "advised"),
    [(True, [], True), (True, ["Tesla T4"], False), (False, [], False)],
    ids=["Colab without a GPU", "Colab with one", "elsewhere"],
)
def test_on_colab_without_a_gpu_it_says_how_to_choose_one(monkeypatch, there, gpus, advised):
    machine(monkeypatch, *gpus)
    find, spec = importlib.util.find_spec, SimpleNamespace() if there else None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec if name == "google.colab" else find(name))
    monkeypatch.delenv("VISTEXT_PROFILE", raising=False)
    lines = profile.start()
    assert ("Change runtime type" in lines) is advised
    assert lines.startswith("profile gpu" if gpus else "profile cpu")


def test_a_machine_without_any_package_of_google_s_is_not_colab(monkeypatch):
    def find(name):
        raise ModuleNotFoundError("No module named 'google'")

    monkeypatch.setattr(importlib.util, "find_spec", find)
    assert not profile.on_colab()
