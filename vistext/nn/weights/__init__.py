"""The small trained weights that the course ships, and the card of each.

NAME.npz holds the variables, matrices and kernels as float16 and the rest as float32; NAME.json, the card, says what
they were trained with, what was measured, and the checksum by which they are recognized.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from vistext import opened
from vistext.data.vocabulary import Vocabulary

FOLDER = Path(__file__).parent
T = TypeVar("T")


def save(model, name: str, card: dict, folder: Path = FOLDER, *, bits: int = 10) -> dict:
    """Write a model's variables and its card.

    Args:
        model: a built Keras model; its variables' paths name the arrays.
        name: of the two files, without an ending.
        card: what the weights were trained with and what was measured; must be JSON.
        folder: where to.
        bits: of the fraction that matrices and kernels keep, 1 to 10, all of float16. With 7, as many as bfloat16 has,
            the file is a fifth smaller.

    Returns:
        The card as written: with `sha256`, `bytes` and `parameters` added.

    Raises:
        ValueError: two variables have the same path, so that the file could hold only one of them.
    """
    paths = Counter(variable.path for variable in _learned(model))
    if twice := [path for path, times in paths.items() if times > 1]:
        raise ValueError(f"several variables are called {', '.join(twice)}; give the layers that own them other names")
    arrays = {variable.path: np.asarray(variable.numpy(), "float32") for variable in _learned(model)}
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.npz"
    rounded: dict[str, Any] = {path: _short(array, bits) if array.ndim > 1 else array for path, array in arrays.items()}
    np.savez_compressed(file, **rounded)
    card = card | {
        "parameters": sum(array.size for array in arrays.values()),
        "bytes": file.stat().st_size,
        "sha256": _sha256(file),
    }
    write_card(card, name, folder)
    return card


def _learned(model) -> list:
    """The variables of a model, but for the states of random numbers that dropout draws."""
    return [variable for variable in model.variables if not variable.path.endswith("seed_generator_state")]


def write_card(card: dict, name: str, folder: Path = FOLDER) -> None:
    """Write the card of weights that are there already: with what has been measured since they were saved."""
    (folder / f"{name}.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _short(array: np.ndarray, bits: int) -> np.ndarray:
    """Numbers as float16, rounded to so many bits of their fraction; those left are 0, and compress well."""
    if bits >= 10:  # float16 itself, which has fewer for numbers below 0.00006
        return array.astype("float16")
    mantissa, exponent = np.frexp(array)  # 0.5 to 1: its first bit is not among those that are kept
    scale = 2.0 ** (bits + 1)
    return np.ldexp(np.rint(mantissa * scale) / scale, exponent).astype("float16")


def card(name: str, folder: Path = FOLDER) -> dict:
    """The card of shipped weights.

    Raises:
        FileNotFoundError: no weights of that name are shipped; the message lists those that are.
    """
    file = folder / f"{name}.json"
    if not file.exists():
        shipped = ", ".join(sorted(path.stem for path in folder.glob("*.json"))) or "none"
        raise FileNotFoundError(f"no shipped weights are called {name!r}; there are: {shipped}")
    opened.note(file)
    return json.loads(file.read_text(encoding="utf-8"))


def verify(name: str, folder: Path = FOLDER) -> Path:
    """The path of shipped weights, once their checksum is found to be the card's.

    Raises:
        FileNotFoundError: the weights or their card are missing.
        ValueError: the file is not the one that the card describes.
    """
    expected = card(name, folder)["sha256"]
    file = folder / f"{name}.npz"
    found = _sha256(file)
    if found != expected:
        raise ValueError(f"{file} is damaged: its SHA-256 is {found}, its card says {expected}. Install vistext again.")
    return file


def load_into(model, name: str, folder: Path = FOLDER) -> None:
    """Give a freshly built model its shipped weights, after verifying them.

    Raises:
        FileNotFoundError, ValueError: as `verify`; also ValueError if the model has other variables than the file.
    """
    with np.load(verify(name, folder), allow_pickle=False) as file:
        arrays = dict(file)
    built = {variable.path: tuple(variable.shape) for variable in _learned(model)}
    stored = {path: array.shape for path, array in arrays.items()}
    if built != stored:
        differing = sorted(path for path in built.keys() | stored.keys() if built.get(path) != stored.get(path))
        raise ValueError(f"the weights {name!r} do not fit this model; they differ in {', '.join(differing)}")
    for variable in _learned(model):
        variable.assign(arrays[variable.path].astype("float32"))


def config(name: str, kind: type[T], folder: Path = FOLDER) -> T:
    """The sizes of a shipped network, as its card states them: an instance of `kind`, a dataclass."""
    sizes = card(name, folder)["config"]
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in sizes.items()})


def vocabulary(name: str, folder: Path = FOLDER) -> Vocabulary:
    """The words that a shipped network knows, as its card lists them."""
    return Vocabulary(tuple(card(name, folder)["words"]))


def load_once(load: Callable[..., T]) -> Callable[..., T]:
    """Let `load(name, ..., folder=...)` run once a process for each file of weights, known by its checksum."""
    loaded: dict[tuple[str, Path, str], T] = {}

    @wraps(load)
    def cached(name: str, *arguments: Any, folder: Path = FOLDER) -> T:
        key = (name, folder, card(name, folder)["sha256"])
        if key not in loaded:
            loaded[key] = load(name, *arguments, folder=folder)
        return loaded[key]

    return cached


@load_once
def load(name: str, build: Callable[[Any], Any], kind: type, folder: Path = FOLDER) -> Any:
    """A shipped network, built and filled once a process and shared from then on: to train it further, build your own.

    Args:
        name: of the weights.
        build: makes the network from its config.
        kind: the class of that config.
        folder: where weights and card are.

    Raises:
        FileNotFoundError, ValueError: as `load_into`.
    """
    model = build(config(name, kind, folder))
    load_into(model, name, folder)
    return model


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
