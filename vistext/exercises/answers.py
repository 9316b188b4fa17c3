"""Calling a student's function: what it gives back, or in words why it gave nothing."""

import contextlib
import copy
import inspect
import io
import traceback
import warnings
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import cast

import numpy as np

from vistext.exercises import values
from vistext.exercises.judging import Failure

LIBRARIES = ("tensorflow", "keras", "jax", "jaxlib", "torch", "pandas")  # whose numbers NumPy can read


def call_answer(function: object, case: dict) -> object:
    """What a student's function returns for a copy of a case, its keyword arguments, as `to_plain` makes it.

    Or a `Failure` that says in words what it raised and in which line, or that it changed what it was given. What it
    prints and what it is warned of is kept quiet. Runs in the process of whoever wrote the function.
    """
    return to_plain(call_function(function, case))


def call_network(network: object, asked: object, function: object = None) -> object:
    """What a network, or any function, gives for an argument, as `to_plain` makes it; None and failures stay so.

    `function` is the one that made it, whose lines an error names.
    """
    if network is None or type(network) is Failure:
        return network
    if not callable(network):
        return Failure("NoNetwork", f"{values.to_text(to_plain(network))}, where a network was asked for")
    with contextlib.redirect_stdout(io.StringIO()):
        output = to_plain(_called(network, function, asked))
    return Failure("GaveNothing", "a network that gave None") if output is None else output


def call_function(function: object, case: dict, quiet: bool = True) -> object:
    """As `call_answer`, but what came back is left as it is, a network perhaps; `quiet` discards what is printed."""
    if not callable(function):
        if function is None or function is ...:
            return Failure("NotImplementedError", "nothing yet")
        return Failure("Missing", f"{values.to_text(function)}, where a function was asked for")
    given = copy.deepcopy(case)
    silence = contextlib.redirect_stdout(io.StringIO()) if quiet else contextlib.nullcontext()
    with silence:
        output = _called(function, function, **given)
    if type(output) is not Failure and not all(values.equal(given[name], value, 0) for name, value in case.items()):
        return Failure("ChangedInput", "an answer, but what it was given is no longer as it was")
    return output


def _called(function: Callable, written: object, *arguments: object, **named: object) -> object:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function(*arguments, **named)
        except NotImplementedError:
            return Failure("NotImplementedError", "nothing yet (NotImplementedError)")
        except Exception as error:  # any at all: it is the student's, and is told to the student
            return Failure(type(error).__name__, _in_words(error, written))


def to_plain(value: object, depth: int = values.DEEPEST) -> object:
    """What another library's numbers are to Python and NumPy; everything else as it is.

    Known are tensors and shapes of TensorFlow and of what Keras runs on, what pandas makes, matrices and arrays of
    objects, fractions and decimals, also in lists, to a `depth`. Runs in the process of whoever made the value, since
    it calls methods of it.
    """
    library = type(value).__module__.partition(".")[0]
    with contextlib.suppress(Exception):
        if type(value).__name__ == "TensorShape":
            value = tuple(cast(Iterable, value))
        elif library in LIBRARIES or isinstance(value, np.matrix):
            value = np.asarray(value)
        elif isinstance(value, (Fraction, Decimal, np.longdouble)):
            return float(value)
        if type(value) is np.ndarray:
            return _array_as_plain(value, depth)
        if isinstance(value, values.LISTS) and depth and len(value) <= values.MOST:
            items = [to_plain(item, depth - 1) for item in value]
            return tuple(items) if isinstance(value, tuple) else items
    return value


def _array_as_plain(array: np.ndarray, depth: int) -> object:
    if array.dtype.kind == "O" and depth and array.size <= values.MOST:
        return to_plain(array.tolist(), depth - 1)
    if array.dtype.kind == "U" and not array.ndim:
        return str(array)
    if array.dtype.name == "bfloat16":
        return array.astype(np.float32)
    return array.astype(float) if array.dtype == np.longdouble else array


def _files(function: object) -> set[str]:
    """The cell in which a function, or a class that is called like one, was written; empty if that is not known."""
    with contextlib.suppress(Exception):
        # What is within a partial, or what a decorator was put on.
        written = inspect.unwrap(cast(Callable, getattr(function, "func", function)))
        parts = [written, *(vars(written).values() if isinstance(written, type) else vars(type(written)).values())]
        return {part.__code__.co_filename for part in parts if hasattr(part, "__code__")}
    return set()


def _in_words(error: Exception, function: object) -> str:
    """What was raised, and in which line of the student's cell."""
    files = _files(function)
    message = " ".join(str(error).split())[:200]
    words = f"it stopped with {type(error).__name__}" + (f": {message}" if message else "")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    if not frames:
        return words
    line = f": {frames[-1].line}" if frames[-1].line else ""
    return f"{words} (line {frames[-1].lineno} of its cell{line})"
