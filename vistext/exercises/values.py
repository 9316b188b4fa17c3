"""Plain data, as a student's function gives it back: is it what was expected, and what is it in words?

What comes back may be anything at all. So types are compared and never asked: no method of a value is called unless its
type is exactly one of Python's or NumPy's own, and nothing is copied before its shape is known to be right.
"""

from typing import Any, TypeGuard

import numpy as np

LISTS = (list, tuple)
KINDS = {list: "a list", tuple: "a tuple", np.ndarray: "an array"}
MOST = 1_000_000  # numbers in a list that are looked at; no exercise asks for as many
DEEPEST = 8  # lists within lists
SHOWN = 24  # numbers or words that a description holds
FLOAT32 = 1e-6  # of the largest number in an array: what a few operations in float32 leave uncertain of all
HOLDS = {"U": "texts", "S": "bytes", "c": "complex numbers", "O": "objects", "M": "dates", "m": "spans of time"}
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


def is_list(value: object) -> TypeGuard[list | tuple]:
    """Whether it is a list or a tuple, and nothing that is only made like one."""
    return type(value) in LISTS


def equal(
    given: object, expected: object, tolerance: float = 1e-6, *, by_letter: bool = True, nan: bool = False
) -> bool:
    """Whether a value is what was expected.

    Args:
        given: anything.
        expected: a number, a text, None, an array, or a list, tuple or dict of these.
        tolerance: by which numbers may differ, absolutely or relatively.
        by_letter: whether texts must be the same letter by letter; else only their letters and digits count, and not
            whether these are capitals.
        nan: whether nan is the same as nan.

    Returns:
        False for whatever cannot be compared. Lists and arrays of the same numbers are the same, and so are 3 and 3.0.
        A truth value is the number that it is to Python: True is 1, and False is 0.
    """
    try:
        return _same(given, expected, tolerance, by_letter, nan)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return False


def _same(given: object, expected: object, tolerance: float, by_letter: bool, nan: bool) -> bool:
    if expected is None:
        return given is None
    if type(expected) in (str, np.str_):
        return type(given) in (str, np.str_) and _read(given, by_letter) == _read(expected, by_letter)
    if type(expected) is dict:
        if type(given) is not dict or given.keys() != expected.keys():
            return False
        given, expected = [given[key] for key in expected], list(expected.values())
    wanted = numbers(expected)
    if wanted is not None and (found := numbers(given)) is not None:
        return found.shape == wanted.shape and bool(close(found, wanted, tolerance, nan).all())
    return (
        is_list(expected)
        and (is_list(given) or type(given) is np.ndarray)
        and len(given) == len(expected)
        and all(_same(*items, tolerance, by_letter, nan) for items in zip(given, expected, strict=True))
    )


def _read(text: object, by_letter: bool) -> str:
    return str(text).strip() if by_letter else "".join(letter for letter in str(text) if letter.isalnum()).casefold()


def close(found: np.ndarray, wanted: np.ndarray, tolerance: float, nan: bool = False) -> np.ndarray:
    """Which numbers of one array are those of another of the same shape.

    They may differ by the tolerance, absolutely or relatively, and by what float32 holds of the largest one.
    """
    found, wanted = found.astype(float), wanted.astype(float)
    largest = np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0)
    return np.isclose(found, wanted, tolerance, tolerance + min(tolerance, FLOAT32) * largest, equal_nan=nan)


def numbers(value: object) -> np.ndarray | None:
    """A number, an array, or lists of numbers of one shape, as an array; None if it is anything else."""
    if type(value) in (bool, int, float) or _is_scalar(value):
        array = np.asarray(value)
    elif type(value) is np.ndarray:
        array = value
    elif is_list(value) and _count(value, DEEPEST) <= MOST:
        try:
            array = np.asarray(value)
        except (ValueError, OverflowError):
            return None
    else:
        return None
    return array if array.dtype.kind in "biuf" else None


def _is_scalar(value: object) -> bool:
    return isinstance(value, np.generic) and type(value).__module__ == "numpy"


def _count(value: object, depth: int) -> float:
    """How many numbers there are in lists; infinite where something is no number, or there are more than `MOST`."""
    if type(value) in (bool, int, float) or _is_scalar(value):
        return 1
    if type(value) is np.ndarray:
        return value.size
    if not is_list(value) or depth == 0 or len(value) > MOST:
        return float("inf")
    total = 0.0
    for item in value:
        total += _count(item, depth - 1)
        if total > MOST:
            return float("inf")
    return total


def to_text(value: object, digits: int = 4) -> str:
    """Anything in words, few however large it is: what kind of thing it is, its shape, and its first numbers.

    `digits` are those behind the point, of the numbers in an array.
    """
    array = numbers(value)
    if array is not None and not _mixed(value):
        return _in_numbers(value, array, digits)
    kind, name = KINDS.get(type(value), "something"), type(value).__name__[:60]
    if value is None or value is ...:
        return "None" if value is None else "three dots"
    if type(value) in (str, np.str_):
        return f"the text {_short(str(value))!r}"
    if is_list(value):
        return f"{kind} of {len(value)}: {_short(_items(value, 2), 500)}"
    if type(value) is np.ndarray:
        return f"{kind} of shape {value.shape} that holds {HOLDS.get(value.dtype.kind, 'no numbers')}"
    return {int: "a whole number of very many digits", dict: "a dict"}.get(type(value), f"something of type {name}")


def _mixed(value: object) -> bool:
    """Whether a list has truth values among its numbers, which an array of it would not show."""
    return is_list(value) and len({type(item) in (bool, np.bool_) for item in value}) > 1


def _in_numbers(value: object, array: np.ndarray, digits: int) -> str:
    if array.ndim:
        return f"{KINDS[type(value)]} of shape {array.shape}: {_table(array, digits)}"
    return f"the {'truth value' if array.dtype.kind == 'b' else 'number'} {number(array[()])}"


def _items(value: list | tuple, depth: int) -> str:
    """The first items of a list, as Python writes them."""
    shown = []
    for item in value[: SHOWN // 2]:
        if is_list(item):
            shown.append(_items(item, depth - 1) if depth else "[...]")
        elif type(item) in (str, np.str_):
            shown.append(repr(_short(str(item))))
        else:
            array = numbers(item)
            shown.append(number(array[()]) if array is not None and array.ndim == 0 else to_text(item))
    return "[" + ", ".join(shown) + (", ...]" if len(value) > len(shown) else "]")


def _table(array: np.ndarray, digits: int) -> str:
    """The numbers of an array in one line, the first and last ones only if there are many."""
    if array.size > SHOWN and (array.size > 10_000 or array.ndim > 4):  # nothing large is ever written
        return f"it begins with {_table(array.flat[: SHOWN // 4], digits)}"
    layout: dict[str, Any] = {"separator": ", ", "threshold": SHOWN, "edgeitems": 2, "max_line_width": 10_000}
    return " ".join(np.array2string(array, precision=digits, suppress_small=True, **layout).split())


def number(value: Any) -> str:
    """A number as it is read: six digits, but all of them where fewer would hide that it is not a whole one."""
    if value.dtype.kind != "f" or not np.isfinite(value):
        return str(value)
    short = f"{value:.6g}"
    return short if float(short) == value or (abs(value) < 1000 and float(short) % 1) else str(value)


def _short(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
