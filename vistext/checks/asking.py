"""Calling a student's function: what it gives back, or in words why it gave nothing."""

import contextlib
import copy
import io
import traceback
import warnings
from collections.abc import Callable

import numpy as np

from vistext.checks import plain
from vistext.checks.exercise import Failure


def call(function: Callable[..., object], case: dict) -> object:
    """Call a function with a copy of a case; runs in the process of whoever wrote the function.

    What it prints and what it is warned of is kept quiet.

    Args:
        function: a student's.
        case: its keyword arguments, plain data.

    Returns:
        What it returned, with tensors as arrays; or a `Failure` that says in words what it raised and in which line, or
        that it changed what it was given.
    """
    if not callable(function):
        if function is None or function is ...:
            return Failure("NotImplementedError", "nothing yet")
        return Failure("Missing", f"{plain.describe(function)}, where a function was asked for")
    given = copy.deepcopy(case)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            output = function(**given)
        except NotImplementedError:
            return Failure("NotImplementedError", "nothing yet (NotImplementedError)")
        except Exception as error:  # any at all: it is the student's, and is told to the student
            return Failure(type(error).__name__, _in_words(error, function))
    if not all(plain.same(given[name], value, 0) for name, value in case.items()):
        return Failure("ChangedInput", "an answer, but what it was given is no longer as it was")
    return _as_plain(output)


def _as_plain(output: object) -> object:
    """A tensor of TensorFlow or Keras as an array; everything else as it is."""
    if type(output).__module__.partition(".")[0] in ("tensorflow", "keras", "jax", "torch"):
        with contextlib.suppress(Exception):
            return np.asarray(output)
    return output


def _in_words(error: Exception, function: Callable) -> str:
    """What was raised, and in which line of the student's cell."""
    code = getattr(function, "__code__", None)
    said = " ".join(str(error).split())[:200]
    words = f"it stopped with {type(error).__name__}" + (f": {said}" if said else "")
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if code and frame.filename == code.co_filename
    ]
    if not frames:
        return words
    line = f": {frames[-1].line}" if frames[-1].line else ""
    return f"{words} (line {frames[-1].lineno} of its cell{line})"
