"""Plain data on its way into the sandbox and out of it: JSON, in frames with a length that is capped.

Nothing is pickled. Arrays travel as their bytes with a type from a short list and a shape that must fit them, so no
parser of a file format reads what a student has written. What is no plain data arrives as an object without contents,
whose type has the same name.
"""

import base64
import binascii
import json
import math
import struct

import numpy as np

HEADER = struct.Struct(">I")
DTYPES = {f"{order}{kind}" for order in "<>" for kind in ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8")}
DTYPES |= {"|b1", "|i1", "|u1"}
DEEPEST = 30
MOST_BITS = 4096  # of a whole number: longer ones take long to write, and Python refuses to read them


class WireError(ValueError):
    """What came in is not what `pack` makes."""


def pack(value: object, depth: int = 0) -> object:
    """What JSON can hold of a value.

    No method of `value` is called unless its type is exactly one of Python's or NumPy's own.
    """
    kind = type(value)
    if value is None or kind in (bool, str, float) or (kind is int and value.bit_length() <= MOST_BITS):
        return value
    if depth < DEEPEST and kind in (list, tuple):
        return {kind.__name__: [pack(item, depth + 1) for item in value]}
    if depth < DEEPEST and kind is dict:
        return {"dict": [[pack(key, depth + 1), pack(item, depth + 1)] for key, item in value.items()]}
    if kind is np.ndarray:
        return _pack_array(value, depth)
    if isinstance(value, np.generic) and kind.__module__ == "numpy" and (value.dtype.str in DTYPES):
        return {"scalar": _pack_array(np.asarray(value), depth)["array"]}
    if kind is np.str_:
        return str(value)
    if value is ...:
        return {"dots": True}
    return {"other": kind.__name__[:60]}


def _pack_array(array: np.ndarray, depth: int) -> dict:
    if array.dtype.str in DTYPES:
        return {"array": [array.dtype.str, list(array.shape), base64.b64encode(array.tobytes()).decode()]}
    if array.dtype.kind == "U" and array.ndim and depth < DEEPEST:
        return pack(array.tolist(), depth + 1)
    return {"other": "ndarray"}


def unpack(packed: object, depth: int = 0) -> object:
    """The value that `pack` was given.

    Raises:
        WireError: `packed` is anything else, which may have been made to do harm.
    """
    if packed is None or type(packed) in (bool, int, float, str):
        return packed
    if type(packed) is not dict or len(packed) != 1 or depth > 2 * DEEPEST:
        raise WireError(f"something that is no plain data: {str(packed)[:60]}")
    [(kind, content)] = packed.items()
    if kind in ("list", "tuple") and type(content) is list:
        items = [unpack(item, depth + 1) for item in content]
        return items if kind == "list" else tuple(items)
    if kind == "dict" and type(content) is list:
        return _unpack_dict(content, depth)
    if kind == "array":
        return _unpack_array(content)
    if kind == "scalar":
        return _unpack_array(content).reshape(())[()]
    if kind == "dots":
        return ...
    if kind == "other" and type(content) is str:
        return type("".join(c for c in content if c.isprintable())[:60], (), {})()
    raise WireError(f"an unknown kind of value: {kind[:60]!r}")


def _unpack_dict(content: list, depth: int) -> dict:
    try:
        return {unpack(key, depth + 1): unpack(item, depth + 1) for key, item in content}
    except (TypeError, ValueError) as error:  # a key that is a list, or an item that is no pair
        raise WireError(str(error)[:200]) from error


def _unpack_array(content: object) -> np.ndarray:
    try:
        dtype, shape, encoded = content
        if dtype not in DTYPES or any(type(size) is not int or size < 0 for size in shape) or len(shape) > 32:
            raise WireError(f"an array of type {str(dtype)[:20]} and shape {str(shape)[:60]}")
        data = base64.b64decode(encoded, validate=True)
        if math.prod(shape) * np.dtype(dtype).itemsize != len(data):
            raise WireError("an array whose shape does not fit what it holds")
        return np.frombuffer(data, dtype).reshape(shape).copy()
    except WireError:
        raise
    except (TypeError, ValueError, binascii.Error, OverflowError) as error:
        raise WireError(str(error)[:200]) from error


def frame(message: dict) -> bytes:
    """A message as bytes: its length, then its JSON."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    return HEADER.pack(len(body)) + body


def read(body: bytes) -> dict:
    """The message in the body of a frame.

    Raises:
        WireError: it is no JSON object.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WireError(f"what came back cannot be read: {str(error)[:100]}") from error
    if type(message) is not dict:
        raise WireError("what came back is no message")
    return message
