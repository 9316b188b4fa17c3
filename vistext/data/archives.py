"""What others have packed, read without harm: archives whose paths may lead elsewhere, pickles that may run code."""

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
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np

from vistext.data.download import BLOCK, DamagedDataError

# An absolute path, a drive of Windows, dots and spaces other than "." (Windows takes ".. " for ".."), a zero byte.
LEADS_OUT = re.compile(r"^/|^[A-Za-z]:|(?:^|/)(?!\.?(?:/|$))[. ]+(?:/|$)|\0")
LARGEST_MEMBER = 1 << 30  # bytes; each member of an archive is held in memory once


def members(
    archive: Path,
    *,
    wanted: Callable[[PurePosixPath], bool] = lambda path: True,
    largest: int = LARGEST_MEMBER,
    passed_over: list[str] | None = None,
) -> Iterator[tuple[PurePosixPath, bytes]]:
    """The files of a .tar, .tar.gz or .zip in the order in which they are stored, read in one pass; nothing is written.

    Args:
        archive: the file.
        wanted: which of them are read; the others are not looked into, however large.
        largest: bytes that one of them may take.
        passed_over: where to note, a sentence each, what would be refused; the rest is then read all the same.

    Yields:
        The path of a regular file, which is relative and stays inside, and its content.

    Raises:
        DamagedDataError: the archive is cut short, damaged, no archive, or holds a link or a path that leads out of it.
    """
    with _damage_named(archive), open(archive, "rb") as file:
        for name, size, ordinary, read in _stored(file):
            path = _inside(name)
            refusal = ""
            if path is None or not ordinary:
                refusal = f"{name!r}, a link or a path that leads out of its folder; nothing of it is used"
            elif not wanted(path):
                continue
            elif size > largest:
                refusal = f"{name!r} of {size:,} bytes; at most {largest:,} are read"
            if refusal and passed_over is None:
                raise DamagedDataError(f"{archive} holds {refusal}")
            if refusal:
                passed_over.append(f"{archive.name} holds {refusal}")
            elif read is not None:
                yield path, read()


def names(archive: Path) -> Iterator[tuple[PurePosixPath, int]]:
    """The files of an archive and their sizes in bytes, unread, as they are asked for.

    Raises:
        DamagedDataError: as in `members`, as far as names and sizes tell.
    """
    with _damage_named(archive), open(archive, "rb") as file:
        for name, size, ordinary, read in _stored(file):
            if ordinary and read is not None and (path := _inside(name)):
                yield path, size


def check_end(archive: Path) -> None:
    """Look, without reading the rest, at the end of a .tar or .tar.gz; that of a .zip is its list of `names`.

    A .tar ends in zeros, and is a multiple of 512 bytes long, which a .tar.gz notes in its last four bytes. Where these
    say something else, all of it is unpacked to be sure: a .tar.gz may be several in a row.

    Raises:
        DamagedDataError: the archive is cut short.
    """
    with _damage_named(archive), open(archive, "rb") as file:
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
    the few names that such arrays need, refuses every other, and never lets a pickle touch NumPy itself.

    Args:
        content: the pickle, of any protocol, written by Python 2 or 3; strings of Python 2 are returned as bytes.

    Returns:
        The value; an array stands in it as a read-only array, at any depth of dicts.

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
        wanted = f"{module.replace('numpy._core', 'numpy.core')}.{name}"
        if wanted not in _STAND_INS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _STAND_INS[wanted]


class _Kind:
    """Stands in for numpy.dtype."""

    def __init__(self, name: str | bytes, *_: object) -> None:
        name = name.decode() if isinstance(name, bytes) else name
        if not re.fullmatch("[iu][1248]", name):
            raise pickle.UnpicklingError(f"it holds an array of {name!r}")
        self.dtype = np.dtype(name)

    def __setstate__(self, state: tuple) -> None:
        if state[1] in (">", b">"):
            self.dtype = self.dtype.newbyteorder(">")


class _Array:
    """Stands in for numpy.ndarray, which a pickle makes empty and then fills."""

    def __init__(self, values: np.ndarray | None = None) -> None:
        self.values = values

    def __setstate__(self, state: tuple) -> None:
        _, shape, kind, by_columns, content = state
        self.values = np.frombuffer(content, kind.dtype).reshape(shape, order="F" if by_columns else "C")


_STAND_INS = {
    "numpy.dtype": _Kind,
    "numpy.ndarray": _Array,
    "numpy.core.multiarray._reconstruct": lambda *_: _Array(),
    "numpy.core.numeric._frombuffer": lambda content, kind, shape, order: _Array(
        np.frombuffer(content, kind.dtype).reshape(shape, order=order)
    ),
    "numpy.core.multiarray.scalar": lambda kind, content: int(np.frombuffer(content, kind.dtype)[0]),
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


def _stored(file: BinaryIO) -> Iterator[tuple[str, int, bool, Callable[[], bytes] | None]]:
    """What an archive holds: its name, its size, whether it is a file or a folder, and, for a file, how to read it."""
    start = file.read(4)
    file.seek(0)
    return _zip_members(file) if start.startswith(b"PK") else _tar_members(file, start.startswith(b"\x1f\x8b"))


def _tar_members(file: BinaryIO, compressed: bool) -> Iterator[tuple[str, int, bool, Callable[[], bytes] | None]]:
    stream = gzip.GzipFile(fileobj=file) if compressed else file
    with tarfile.open(fileobj=stream, mode="r:") as tar:
        for member in tar:
            read = (lambda member=member: tar.extractfile(member).read()) if member.isreg() else None
            yield member.name, member.size, member.isreg() or member.isdir(), read
            tar.members = []  # or 60,000 of them would pile up
        # tarfile takes a damaged header, or none, for the end. The true end is zeros; gzip's checksum comes after them.
        stream.seek(tar.offset)
        ended = False
        while block := stream.read(BLOCK):
            ended = True
            if block.strip(b"\0"):
                raise tarfile.ReadError("a damaged header")
        if not ended:
            raise tarfile.ReadError("unexpected end of data")


def _zip_members(file: BinaryIO) -> Iterator[tuple[str, int, bool, Callable[[], bytes] | None]]:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            read = None if member.is_dir() else lambda member=member: archive.read(member)
            yield member.filename, member.file_size, not stat.S_ISLNK(member.external_attr >> 16), read


@contextmanager
def _damage_named(archive: Path) -> Iterator[None]:
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
