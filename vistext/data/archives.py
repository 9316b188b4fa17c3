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
class _Member:
    name: str
    size: int  # in bytes
    ordinary: bool  # a file or a folder, no link or device
    read: Callable[[], bytes] | None  # None for a folder


def members(
    archive: Path, wanted: Callable[[PurePosixPath], bool] = lambda path: True
) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Relative paths and contents of the files in a .tar, .tar.gz or .zip, in one pass; nothing is written.

    Raises:
        DamagedDataError: the archive is cut short, damaged, no archive, or holds a link, a path that leads out of it,
            or a wanted file that is larger than `LARGEST_MEMBER`.
    """
    with _open(archive) as stored:
        for member in stored:
            path = _inside(member.name)
            if path is None or not member.ordinary:
                refusal = "a link or a path that leads out of its folder; nothing of it is used"
                raise DamagedDataError(f"{archive} holds {member.name!r}, {refusal}")
            if member.read and wanted(path):
                if member.size > LARGEST_MEMBER:
                    limit = f"of {member.size:,} bytes; at most {LARGEST_MEMBER:,} are read"
                    raise DamagedDataError(f"{archive} holds {member.name!r} {limit}")
                yield path, member.read()


def names(archive: Path) -> Iterator[tuple[PurePosixPath, int]]:
    """The files of an archive and their sizes in bytes, as they are asked for; damage is found as far as these tell."""
    with _open(archive) as stored:
        for member in stored:
            if member.ordinary and member.read and (path := _inside(member.name)):
                yield path, member.size


def check_end(archive: Path) -> None:
    """Raise DamagedDataError if the end of a .tar or .tar.gz is missing, mostly without reading the rest.

    A .tar ends in zeros, and is a multiple of 512 bytes long, which a .tar.gz notes in its last four bytes. Where these
    say something else, all of it is unpacked to be sure: a .tar.gz may be several in a row.
    """
    with _named_damage(archive), open(archive, "rb") as file:
        if file.read(2) == b"\x1f\x8b":
            file.seek(-4, os.SEEK_END)
            if int.from_bytes(file.read(), "little") % tarfile.BLOCKSIZE:
                file.seek(0)
                stream = gzip.GzipFile(fileobj=file)
                while stream.read(BLOCK):
                    pass
        elif not zipfile.is_zipfile(file):
            file.seek(-tarfile.BLOCKSIZE, os.SEEK_END)
            if file.read().strip(b"\0"):
                raise tarfile.ReadError("unexpected end of data")


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


def _inside(name: str) -> PurePosixPath | None:
    """The path as relative parts, or None if it would lead out of its folder on any system."""
    path = name.replace("\\", "/")
    return None if LEADS_OUT.search(path) else PurePosixPath(path)


@contextmanager
def _open(archive: Path) -> Iterator[Iterator[_Member]]:
    with _named_damage(archive), open(archive, "rb") as file:
        start = file.read(4)
        file.seek(0)
        yield _zip_members(file) if start.startswith(b"PK") else _tar_members(file, start.startswith(b"\x1f\x8b"))


def _tar_members(file: BinaryIO, compressed: bool) -> Iterator[_Member]:
    stream = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if compressed else file
    with tarfile.open(fileobj=stream, mode="r:") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            yield _Member(member.name, member.size, member.isreg() or member.isdir(), content and content.read)
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


def _zip_members(file: BinaryIO) -> Iterator[_Member]:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            read = None if member.is_dir() else partial(archive.read, member)
            ordinary = not stat.S_ISLNK(member.external_attr >> 16)
            yield _Member(member.filename, member.file_size, ordinary, read)


@contextmanager
def _named_damage(archive: Path) -> Iterator[None]:
    """What the standard library says of a damaged archive becomes a DamagedDataError with the archive's name."""
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
