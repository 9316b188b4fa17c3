"""TensorFlow is imported in one place, silently, and with a remedy: each test in a Python that has imported nothing."""

import os
import subprocess
import sys
import textwrap
from contextlib import nullcontext
from pathlib import Path

import pytest

from vistext.nn.engine import dtype_policy, keras, tf

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
