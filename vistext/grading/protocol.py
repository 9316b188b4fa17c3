"""Plain data on its way into the sandbox and out of it: JSON in frames of capped length, and nothing is unpickled."""

import base64
import json
import math
import struct
from typing import Any

import numpy as np

HEADER = struct.Struct(">I")
DTYPES = {f"{order}{kind}" for order in "<>" for kind in ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8")}
DTYPES |= {"|b1", "|i1", "|u1"}
MAX_DEPTH = 30
MAX_ITEMS = 20_000  # in the lists and dicts of a message: they are judged one by one. Arrays may hold more
MAX_BITS = 4096  # of a whole number: longer ones take long to write, and Python refuses to read them


class ProtocolError(ValueError):
    """What came in is not what `pack` makes; the message repeats nothing of it."""


def pack(value: Any, depth: int = 0) -> Any:
    """What JSON can hold of a value; no method of it is called unless its type is one of Python's or NumPy's own."""
    kind = type(value)
    if value is None or kind in (bool, str, float, np.str_) or (kind is int and value.bit_length() <= MAX_BITS):
        return str(value) if kind is np.str_ else value
    if depth < MAX_DEPTH and kind in (list, tuple):
        return {kind.__name__: [pack(item, depth + 1) for item in value]}
    if depth < MAX_DEPTH and kind is dict:
        return {"dict": [[pack(key, depth + 1), pack(item, depth + 1)] for key, item in value.items()]}
    if depth < MAX_DEPTH and kind is np.ndarray and value.dtype.kind == "U" and value.ndim:
        return pack(value.tolist(), depth + 1)
    is_array = kind is np.ndarray
    if (is_array or (issubclass(kind, np.generic) and kind.__module__ == "numpy")) and value.dtype.str in DTYPES:
        data = base64.b64encode(value.tobytes()).decode()
        return {"array" if is_array else "scalar": [value.dtype.str, list(value.shape), data]}
    return {"dots": True} if value is ... else {"other": kind.__name__[:60]}


def unpack(packed: Any, depth: int = 0) -> Any:
    """The value that `pack` was given; a `ProtocolError` if it is anything else, which may do harm."""
    if packed is None or type(packed) in (bool, int, float, str):
        return packed
    if depth > MAX_DEPTH:
        raise ProtocolError("it is too deep")
    try:
        [(kind, content)] = packed.items()
        return UNPACKERS[kind](content, depth + 1)
    except ProtocolError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ProtocolError("it is not plain data") from error


def _unpack_list(content: Any, depth: int) -> list:
    if type(content) is not list:
        raise ProtocolError("it is a list that is none")
    return [unpack(item, depth) for item in content]


def _unpack_array(content: Any, depth: int) -> np.ndarray:
    dtype, shape, encoded = content
    if dtype not in DTYPES or len(shape) > 32 or any(type(size) is not int or size < 0 for size in shape):
        raise ProtocolError("it is an array of a type or shape that is not read")
    data = base64.b64decode(encoded, validate=True)
    if math.prod(shape) * np.dtype(dtype).itemsize != len(data):
        raise ProtocolError("it is an array whose shape does not fit what it holds")
    return np.frombuffer(data, dtype).reshape(shape).copy()


def _empty_object(name: str, depth: int) -> object:
    return type("".join(letter for letter in name[:60] if letter.isprintable()), (), {})()


UNPACKERS: dict[str, Any] = {
    "list": _unpack_list,
    "tuple": lambda content, depth: tuple(_unpack_list(content, depth)),
    "dict": lambda content, depth: {unpack(key, depth): unpack(item, depth) for key, item in content},
    "array": _unpack_array,
    "scalar": lambda content, depth: _unpack_array(content, depth).reshape(())[()],
    "dots": lambda content, depth: ...,
    "other": _empty_object,
}


def frame(message: dict) -> bytes:
    """A message as bytes: its length, then its JSON."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    return HEADER.pack(len(body)) + body


def read(body: bytes) -> dict:
    """The message in the body of a frame; a `ProtocolError` if it is no JSON object, or has too many parts."""
    if body.count(b",") > MAX_ITEMS:
        raise ProtocolError(f"it holds more than {MAX_ITEMS:,} items")
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("it is no JSON") from error
    if type(message) is not dict:
        raise ProtocolError("it is no message")
    return message
