"""One switch for how much a lesson computes: smoke, cpu or gpu.

`smoke` takes seconds and shows only that everything runs; `cpu` is what the stored outputs show, a lesson in at most
2.5 minutes on 2 cores; `gpu` takes the full data and more epochs. A lesson never reads VISTEXT_PROFILE: it asks
`compute_budget`.
"""

import importlib.util
import os
import platform
from typing import TypeVar

from vistext import versions

Value = TypeVar("Value")
NAMES = ("smoke", "cpu", "gpu")
VARIABLE = "VISTEXT_PROFILE"
NO_GPU = (
    "No GPU: everything runs, on smaller data and more slowly. For one: Runtime → Change runtime type → T4 GPU, "
    "then begin again."
)


def name() -> str:
    """The profile in force: VISTEXT_PROFILE, ValueError if it is none of `NAMES`; unset, by whether there is a GPU."""
    chosen = os.environ.get(VARIABLE, "").strip().lower()
    if not chosen:
        from vistext.nn.engine import tf

        return "gpu" if tf.config.list_physical_devices("GPU") else "cpu"
    if chosen not in NAMES:
        raise ValueError(f"{VARIABLE}={chosen!r}; accepted: {', '.join(NAMES)}, or unset to choose by the machine")
    return chosen


def compute_budget(*, smoke: Value, cpu: Value, gpu: Value) -> Value:
    """The one of three values that the profile in force asks for.

    >>> epochs = compute_budget(smoke=1, cpu=4, gpu=20)
    """
    return {"smoke": smoke, "cpu": cpu, "gpu": gpu}[name()]


def start(seed: int = 0) -> str:
    """Begin a lesson: import TensorFlow quietly, seed Python, NumPy and Keras, and say what the lesson runs on.

    Returns:
        One line: profile, processor or GPU, versions; on Colab without a GPU one that says how to choose one; and one
        if this TensorFlow is not supported.
    """
    from vistext.nn.engine import keras, tf

    keras.utils.set_random_seed(seed)
    gpus = tf.config.list_physical_devices("GPU")
    device = (
        ", ".join(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus)
        or f"{os.cpu_count()} CPU cores"
    )
    builds = f"Python {platform.python_version()} · TensorFlow {tf.__version__} · Keras {keras.__version__}"
    advice = "" if gpus or not on_colab() else NO_GPU
    return "\n".join(filter(None, [f"profile {name()} on {device} · {builds}", advice, versions.outside_range()]))


def on_colab() -> bool:
    """Whether this runs on Colab, whose runtimes have a package of its own."""
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:
        return False
