"""Plain data on its way into the sandbox and out of it: JSON, in frames with a length that is capped.

Nothing is pickled. Arrays travel as their bytes with a type from a short list and a shape that must fit them, so no
parser of a file format reads what a student has written. What is no plain data arrives as an object without contents,
whose type has the same name.
"""

import base64
import json
import math
import struct

import numpy as np

HEADER = struct.Struct(">I")
DTYPES = {f"{order}{kind}" for order in "<>" for kind in ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8")}
DTYPES |= {"|b1", "|i1", "|u1"}
DEEPEST = 30
MOST_ITEMS = 20_000  # in the lists and dicts of a message: they are judged one by one. Arrays may hold more
MOST_BITS = 4096  # of a whole number: longer ones take long to write, and Python refuses to read them


class WireError(ValueError):
    """What came in is not what `pack` makes; the message repeats nothing of it."""


def pack(value: object, depth: int = 0) -> object:
    """What JSON can hold of a value.

    No method of `value` is called unless its type is exactly one of Python's or NumPy's own.
    """
    kind = type(value)
    if value is None or kind in (bool, str, float) or (kind is int and value.bit_length() <= MOST_BITS):
        packed = value
    elif depth < DEEPEST and kind in (list, tuple):
        packed = {kind.__name__: [pack(item, depth + 1) for item in value]}
    elif depth < DEEPEST and kind is dict:
        packed = {"dict": [[pack(key, depth + 1), pack(item, depth + 1)] for key, item in value.items()]}
    elif kind is np.ndarray and value.dtype.str in DTYPES:
        packed = {"array": _pack_array(value)}
    elif depth < DEEPEST and kind is np.ndarray and value.dtype.kind == "U" and value.ndim:
        packed = pack(value.tolist(), depth + 1)
    elif issubclass(kind, np.generic) and kind.__module__ == "numpy" and value.dtype.str in DTYPES:
        packed = {"scalar": _pack_array(np.asarray(value))}
    elif kind is np.str_:
        packed = str(value)
    else:
        packed = {"dots": True} if value is ... else {"other": kind.__name__[:60]}
    return packed


def _pack_array(array: np.ndarray) -> list:
    return [array.dtype.str, list(array.shape), base64.b64encode(array.tobytes()).decode()]


def unpack(packed: object, depth: int = 0) -> object:
    """The value that `pack` was given.

    Raises:
        WireError: `packed` is anything else, which may have been made to do harm.
    """
    if packed is None or type(packed) in (bool, int, float, str):
        return packed
    try:
        [(kind, content)] = packed.items()
        return UNPACKERS[kind](content, depth)
    except WireError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise WireError("it is no plain data") from error


def _unpack_list(content: object, depth: int) -> list:
    if type(content) is not list or depth > DEEPEST:
        raise WireError("it is a list that is none, or is too deep")
    return [unpack(item, depth + 1) for item in content]


def _unpack_dict(content: object, depth: int) -> dict:
    if depth > DEEPEST:
        raise WireError("it is a dict that is too deep")
    return {unpack(key, depth + 1): unpack(item, depth + 1) for key, item in content}


def _unpack_array(content: object, depth: int) -> np.ndarray:
    dtype, shape, encoded = content
    if dtype not in DTYPES or len(shape) > 32 or any(type(size) is not int or size < 0 for size in shape):
        raise WireError("it is an array of a type or shape that is not read")
    data = base64.b64decode(encoded, validate=True)
    if math.prod(shape) * np.dtype(dtype).itemsize != len(data):
        raise WireError("it is an array whose shape does not fit what it holds")
    return np.frombuffer(data, dtype).reshape(shape).copy()


def _stand_in(name: str, depth: int) -> object:
    """An object without contents, whose type has this name."""
    return type("".join(letter for letter in name[:60] if letter.isprintable()), (), {})()


UNPACKERS = {
    "list": _unpack_list,
    "tuple": lambda content, depth: tuple(_unpack_list(content, depth)),
    "dict": _unpack_dict,
    "array": _unpack_array,
    "scalar": lambda content, depth: _unpack_array(content, depth).reshape(())[()],
    "dots": lambda content, depth: ...,
    "other": _stand_in,
}


def frame(message: dict) -> bytes:
    """A message as bytes: its length, then its JSON."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    return HEADER.pack(len(body)) + body


def read(body: bytes) -> dict:
    """The message in the body of a frame.

    Raises:
        WireError: it is no JSON object, or has too many parts.
    """
    if body.count(b",") > MOST_ITEMS:
        raise WireError(f"it holds more than {MOST_ITEMS:,} items")
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WireError("it is no JSON") from error
    if type(message) is not dict:
        raise WireError("it is no message")
    return message
