"""The one place that imports TensorFlow: quietly, and with a remedy when it cannot be imported."""

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from vistext import environment

PROCESSORS = Path("/proc/cpuinfo")  # where Linux says what its processors can do
WITHOUT_AVX512 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI")  # what oneDNN may be held to, none of which has bfloat16
NO_TENSORFLOW = (
    "vistext needs TensorFlow, which its base install leaves to you (Colab has its own): "
    'pip install "vistext[cpu]" or, on Linux with an NVIDIA GPU, pip install "vistext[gpu]"'
)


@contextmanager
def _stderr_held_back() -> Iterator[None]:
    """Hold back whatever is written to file descriptor 2; show it only if the body raises.

    TensorFlow's C++ code writes lines there that neither `warnings` nor `TF_CPP_MIN_LOG_LEVEL` reaches. In a lesson
    they would differ on every run, and in a graded cell they would count as an error.
    """
    if sys.stderr is None:  # closed, or a program without a terminal
        yield
        return
    import tempfile  # late: it takes much with it, which a file of the user's may hide

    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)


if problem := environment.shadowing_file():
    raise environment.NotUsableError(problem)
environment.overruled_keras_settings()  # raises where Keras itself would not start with them
os.environ["KERAS_BACKEND"] = str(environment.KERAS_SETTINGS["backend"])  # the course's loops are TensorFlow's
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # later lines too: XLA and CUDA greet at first use
with _stderr_held_back():
    try:
        import tensorflow as tf
    except ModuleNotFoundError as error:
        if error.name != "tensorflow":
            raise
        raise ModuleNotFoundError(NO_TENSORFLOW, name="tensorflow") from None
    import keras

    if keras.config.floatx() != environment.KERAS_SETTINGS["floatx"]:
        keras.config.set_dtype_policy(environment.KERAS_SETTINGS["floatx"])  # which was made of the other
    keras.config.set_floatx(environment.KERAS_SETTINGS["floatx"])
    keras.config.set_epsilon(environment.KERAS_SETTINGS["epsilon"])
    keras.config.set_image_data_format(environment.KERAS_SETTINGS["image_data_format"])

    # TensorFlow 2.20 dies of a segmentation fault when lesson 06 trains on a processor with AVX-512, in a small product
    # of oneDNN's; 2.21 does not. What oneDNN may use is read at its first operation, and that is still to come.
    if tuple(map(int, tf.__version__.split(".")[:2])) < (2, 21):
        os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX2")

    # Every network has its own compiled loops; TensorFlow takes that for one that is compiled too often.
    tf.get_logger().setLevel("ERROR")
    # The first operation starts the runtime, which has a greeting of its own.
    tf.config.list_physical_devices()
    tf.zeros([])


def has_no_bfloat16() -> bool:
    """Whether oneDNN is held to instructions without bfloat16: TensorFlow may ask it nevertheless, and dies of it."""
    return os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() in WITHOUT_AVX512


@contextmanager
def dtype_policy(policy: str) -> Iterator[None]:
    """Layers that are made inside compute in this Keras dtype policy; the reader's own is left as it was.

    Raises:
        ValueError: the policy would end the process: bfloat16 on a processor, with a TensorFlow before 2.21.
    """
    if "bfloat16" in policy and has_no_bfloat16() and not tf.config.list_physical_devices("GPU"):
        raise ValueError(
            f"precision {policy!r}: TensorFlow {tf.__version__} cannot compute in it on this processor; "
            'accepted here: "float32", or install TensorFlow 2.21 or newer'
        )
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@cache
def fastest_dtype_policy() -> str:
    """The Keras dtype policy in which this machine convolves fastest: "mixed_bfloat16" or "float32".

    Measured, in a fraction of a second: it depends on the processor (bfloat16 came to servers in 2020, to laptops
    later) and on whether TensorFlow uses oneDNN. Bfloat16 must win clearly, as it is the coarser. On a processor that
    does not list it, it may seem as fast by chance, beside other work, and a training is far slower.
    """
    if not (tf.config.list_physical_devices("GPU") or _may_know_bfloat16()):
        return "float32"

    def seconds(dtype: str) -> float:
        picture, kernel = tf.ones((64, 16, 16, 64), dtype), tf.ones((3, 3, 64, 64), dtype)
        taken = []
        for _ in range(4):  # the first includes the start-up of the library
            start = time.perf_counter()
            tf.nn.conv2d(picture, kernel, 1, "SAME").numpy()
            taken.append(time.perf_counter() - start)
        return min(taken)

    return "mixed_bfloat16" if seconds("bfloat16") * 1.3 < seconds("float32") else "float32"


def _may_know_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16 that oneDNN may use, as far as it is known."""
    if has_no_bfloat16():
        return False
    if not PROCESSORS.exists():
        return True
    return re.search(r"\b(amx_bf16|avx512_bf16|bf16|svebf16)\b", PROCESSORS.read_text(encoding="utf-8")) is not None


__all__ = ["dtype_policy", "fastest_dtype_policy", "has_no_bfloat16", "keras", "tf"]
