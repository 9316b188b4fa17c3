"""TensorFlow is imported in one place, silently, and with a remedy: each test in a Python that has imported nothing."""

import itertools
import os
import subprocess
import sys
import textwrap
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from vistext.nn import engine
from vistext.nn.engine import dtype_policy, fastest_dtype_policy, keras, tf

ROOT = Path(__file__).resolve().parents[2]


def run(code, *, first_on_path=None):
    """Run `code` in a fresh Python, in which modules under `first_on_path` hide all others of their name."""
    path = os.pathsep.join(str(place) for place in (first_on_path, ROOT, os.environ.get("PYTHONPATH")) if place)
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_engine_starts_without_a_word_and_later_errors_are_still_seen():
    result = run("""
        import sys
        from vistext.nn.engine import keras, tf
        model = keras.Sequential([keras.layers.Dense(1)])
        assert model(tf.ones([2, 3])).shape == (2, 1)
        assert keras.config.backend() == "tensorflow"
        print("said on purpose", file=sys.stderr)
    """)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "said on purpose\n")


def test_without_tensorflow_the_error_says_what_to_install():
    result = run("""
        import sys

        class Nowhere:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == "tensorflow":
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        sys.meta_path.insert(0, Nowhere())
        import vistext.nn.engine
    """)
    assert result.returncode == 1
    assert result.stdout == ""
    assert 'pip install "vistext[cpu]"' in result.stderr
    assert 'pip install "vistext[gpu]"' in result.stderr


def test_a_broken_tensorflow_is_not_taken_for_a_missing_one(tmp_path):
    (tmp_path / "tensorflow-2.dist-info").mkdir()  # installed, and no file of the user's own
    (tmp_path / "tensorflow.py").write_text(
        "import os\nos.write(2, b'libcudart.so is gone\\n')\nimport a_module_that_tensorflow_lost\n"
    )
    result = run("import vistext.nn.engine", first_on_path=tmp_path)
    assert result.returncode == 1
    assert "libcudart.so is gone" in result.stderr
    assert "a_module_that_tensorflow_lost" in result.stderr
    assert "vistext[cpu]" not in result.stderr


def test_what_needs_no_tensorflow_does_not_import_it():
    result = run("""
        import sys
        import vistext, vistext.display.claims, vistext.profile, vistext.cli, vistext.data, vistext.tasks
        print(sorted({"tensorflow", "keras", "matplotlib"} & set(sys.modules)))
        import vistext.display.overlays, vistext.display.plots
        print(sorted({"tensorflow", "keras"} & set(sys.modules)))
    """)
    assert (result.stdout, result.stderr) == ("[]\n[]\n", "")


@pytest.mark.parametrize(("limit", "gpus", "refused"), [("avx2", [], True), ("AVX2", ["one"], False), ("", [], False)])
def test_a_precision_of_which_tensorflow_would_die_is_refused(limit, gpus, refused, monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    refusal = pytest.raises(ValueError, match=r"'mixed_bfloat16': TensorFlow .*; accepted here: \"float32\"")
    with refusal if refused else nullcontext(), dtype_policy("mixed_bfloat16"):
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    with dtype_policy("float32"):
        pass


@pytest.fixture
def convolution(monkeypatch):
    """Convolutions of a machine without a GPU whose seconds, by data type, a test sets; the clock is theirs alone."""
    seconds, clock, calls = {"bfloat16": 1.0, "float32": 1.0, "first": 0.0}, SimpleNamespace(now=0.0), itertools.count()

    def convolve(picture, *_):
        clock.now += seconds[picture.dtype.name] + (seconds["first"] if next(calls) == 0 else 0)
        return picture

    monkeypatch.setattr(engine, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    monkeypatch.setattr(tf.nn, "conv2d", convolve)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    return seconds


@pytest.mark.parametrize(
    ("bfloat16", "start_up", "found"),
    [(0.7, 0.0, "mixed_bfloat16"), (0.8, 0.0, "float32"), (5.0, 0.0, "float32"), (0.1, 100.0, "mixed_bfloat16")],
)
def test_the_coarser_policy_is_taken_only_if_clearly_faster(monkeypatch, convolution, bfloat16, start_up, found):
    convolution |= {"bfloat16": bfloat16, "first": start_up}
    monkeypatch.setattr(engine, "_may_know_bfloat16", lambda: True)
    assert fastest_dtype_policy.__wrapped__() == found


@pytest.mark.parametrize(
    ("known", "found"),  # what Linux says of the processor, and what oneDNN may use of it
    [
        (("flags : avx2 fma", ""), "float32"),
        (("flags : avx512_bf16 amx_tile", ""), "mixed_bfloat16"),
        (("flags : avx512_bf16 amx_tile", "avx512_core_amx"), "mixed_bfloat16"),
        (("flags : avx512_bf16 amx_tile", "avx2"), "float32"),
        ((None, ""), "mixed_bfloat16"),
        ((None, "AVX2"), "float32"),
    ],
)
def test_a_processor_that_does_not_know_the_coarser_policy_is_not_asked(
    monkeypatch, convolution, tmp_path, known, found
):
    flags, limit = known
    convolution["bfloat16"] = 0.1
    monkeypatch.setattr(engine, "PROCESSORS", tmp_path / "cpuinfo")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    if flags:
        engine.PROCESSORS.write_text(flags)
    assert fastest_dtype_policy.__wrapped__() == found


def test_the_fastest_policy_of_this_machine_is_one_that_keras_knows():
    assert keras.DTypePolicy(fastest_dtype_policy()).variable_dtype == "float32"
