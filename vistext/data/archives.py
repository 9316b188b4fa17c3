"""Safe reading of archives whose paths may lead outside, and of pickles that may run code."""

import errno
import gzip
import io
import os
import pickle
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

import numpy as np

from vistext.data.download import BLOCK, DamagedDataError

# An absolute path, a drive of Windows, dots and spaces other than "." (Windows takes ".. " for ".."), a zero byte.
LEADS_OUT = re.compile(r"^/|^[A-Za-z]:|(?:^|/)(?!\.?(?:/|$))[. ]+(?:/|$)|\0")
LARGEST_MEMBER = 1 << 30  # bytes; each member of an archive is held in memory once


@dataclass(frozen=True)
class Member:
    """A file in an archive: its relative path, its size in bytes, and a function that gives its content."""

    path: PurePosixPath
    size: int
    read: Callable[[], bytes]


def members(archive: Path) -> Iterator[Member]:
    """The files in a .tar, .tar.gz or .zip, in one pass, to be read as they come; nothing is written.

    Raises:
        DamagedDataError: the archive is cut short, damaged, no archive, or holds a link or a path that leads out of it;
            or a file that is read is larger than `LARGEST_MEMBER`.
    """
    with _named_damage(archive), open(archive, "rb") as file:
        start = file.read(4)
        file.seek(0)
        entries = _zip_entries(file) if start.startswith(b"PK") else _tar_entries(file, start.startswith(b"\x1f\x8b"))
        for name, size, ordinary, read in entries:
            path = name.replace("\\", "/")
            if LEADS_OUT.search(path) or not ordinary:
                refusal = "a link or a path that leads out of its folder; nothing of it is used"
                raise DamagedDataError(f"{archive} holds {name!r}, {refusal}")
            if read:
                yield Member(PurePosixPath(path), size, partial(_read, archive, name, size, read))


def _read(archive: Path, name: str, size: int, read: Callable[[], bytes]) -> bytes:
    if size > LARGEST_MEMBER:
        raise DamagedDataError(f"{archive} holds {name!r} of {size:,} bytes; at most {LARGEST_MEMBER:,} are read")
    with _named_damage(archive):
        return read()


# Name, size in bytes, whether it is a file or a folder (no link or device), and what reads a file.
_Entries = Iterator[tuple[str, int, bool, Callable[[], bytes] | None]]


def _tar_entries(file: BinaryIO, compressed: bool) -> _Entries:
    stream = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if compressed else file
    with tarfile.open(fileobj=stream, mode="r:") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            yield member.name, member.size, member.isreg() or member.isdir(), content.read if content else None
            tar.members = []  # type: ignore[attr-defined]  # not in its stub; or 60,000 of them would pile up
        # tarfile takes a damaged header, or none, for the end. The true end is zeros; gzip's checksum comes after them.
        stream.seek(tar.offset)
        ended = False
        while block := stream.read(BLOCK):
            ended = True
            if block.strip(b"\0"):
                raise tarfile.ReadError("a damaged header")
        if not ended:
            raise tarfile.ReadError("unexpected end of data")


def _zip_entries(file: BinaryIO) -> _Entries:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            ordinary = not stat.S_ISLNK(member.external_attr >> 16)
            read = None if member.is_dir() else partial(archive.read, member)
            yield member.filename, member.file_size, ordinary, read


def check_end(archive: Path) -> None:
    """Raise DamagedDataError if the end of a .tar or .tar.gz is missing, without reading the rest.

    A .tar ends in zeros, and is a multiple of 512 bytes long, which a .tar.gz notes in its last four bytes.
    """
    with _named_damage(archive), open(archive, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(-4 if compressed else -tarfile.BLOCKSIZE, os.SEEK_END)
        end = file.read()
        if int.from_bytes(end, "little") % tarfile.BLOCKSIZE if compressed else end.strip(b"\0"):
            raise tarfile.ReadError("unexpected end of data")


@contextmanager
def _named_damage(archive: Path) -> Iterator[None]:
    """The standard library's errors for a damaged archive become a DamagedDataError with the archive's name."""
    try:
        yield
    except (RuntimeError, NotImplementedError) as error:
        # zipfile's words for a password and for a method of compression that it does not know.
        raise DamagedDataError(f"{archive} cannot be read ({error}); pack it again as .tar.gz") from error
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OSError) as error:
        # Damaged positions in a .zip make it seek to nowhere (EINVAL); other numbers are the system's own, and true.
        if isinstance(error, DamagedDataError) or getattr(error, "errno", None) not in (None, errno.EINVAL):
            raise
        raise DamagedDataError(f"{archive} is cut short or damaged ({error}); delete it and get it again") from error


def read_pickle(content: bytes) -> object:
    """Read a pickle of plain values (dict, list, bytes, numbers, ...) and NumPy arrays of whole numbers, and no other.

    A pickle is a program: it names functions, and they are called. This reader has its own small stand-in for each of
    the few names that such arrays need, refuses every other, and never lets a pickle touch NumPy itself. Any protocol
    of Python 2 or 3 is read; strings of Python 2 become bytes, and arrays read-only, at any depth of dicts.

    Raises:
        DamagedDataError: cut short, damaged, or asking for anything else.
    """
    try:
        return _arrays_in(_PlainUnpickler(io.BytesIO(content), encoding="bytes").load())
    except Exception as error:
        # A damaged pickle can fail in any way that a program can.
        raise DamagedDataError(f"a pickle that is refused: {type(error).__name__}: {error}") from error


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        stand_in = _STAND_INS.get(f"{module.replace('numpy._core', 'numpy.core')}.{name}")
        if stand_in is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return stand_in


class _DType:
    """Stands in for numpy.dtype."""

    def __init__(self, name: str | bytes, *_: object) -> None:
        text = name.decode() if isinstance(name, bytes) else name
        if not re.fullmatch("[iu][1248]", text):
            raise pickle.UnpicklingError(f"it holds an array of {text!r}")
        self.dtype = np.dtype(text)

    def __setstate__(self, state: tuple) -> None:
        if state[1] in (">", b">"):
            self.dtype = self.dtype.newbyteorder(">")


class _Array:
    """Stands in for numpy.ndarray, which a pickle makes empty and then fills."""

    def __init__(self, values: np.ndarray | None = None) -> None:
        self.values = values

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, fortran_order, content = state
        self.values = np.frombuffer(content, dtype.dtype).reshape(shape, order="F" if fortran_order else "C")


_STAND_INS = {
    "numpy.dtype": _DType,
    "numpy.ndarray": _Array,
    "numpy.core.multiarray._reconstruct": lambda *_: _Array(),
    "numpy.core.numeric._frombuffer": lambda content, dtype, shape, order: _Array(
        np.frombuffer(content, dtype.dtype).reshape(shape, order=order)
    ),
    "numpy.core.multiarray.scalar": lambda dtype, content: int(np.frombuffer(content, dtype.dtype)[0]),
    # How protocol 2 of Python 3 writes bytes.
    "_codecs.encode": lambda text, encoding: text.encode({"latin1": "latin1"}[encoding]),
}


def _arrays_in(value: object) -> object:
    if isinstance(value, dict):
        return {key: _arrays_in(inner) for key, inner in value.items()}
    return value.values if isinstance(value, _Array) else value
