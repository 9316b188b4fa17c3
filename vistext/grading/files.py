"""Files in folders and in archives, found without trusting them: no links are followed, and all is counted.

Names are UTF-8, whatever the locale; bytes that are not are kept as lone surrogates, so that no two names become one.
"""

import bz2
import contextlib
import errno
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, cast

from vistext.data.archives import LEADS_OUT
from vistext.data.download import BLOCK, DamagedDataError
from vistext.grading.platforms import ENDING, shortened

MAX_DEPTH = 20  # folders in folders
MAX_IN_FOLDER = 10_000
MAX_OF_STUDENT = 20_000  # entries below one that lies in the class's folder; and as many in a student's archives
MAX_IN_ARCHIVE = 200_000  # files
MAX_ARCHIVES = 20  # of a student
ARCHIVES_IN_ARCHIVES = 2  # a zip, and a zip in it
LARGEST_ARCHIVE = 512 << 20  # bytes of a student's
IN_MEMORY = 1 << 20  # bytes of an archive in an archive; a larger one goes to a temporary file
ARCHIVE_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
HIDDEN = (".", "__MACOSX")
LINK = "is a link or a path that leads out of its folder; nothing of it is used"
DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError),
    *(RuntimeError, NotImplementedError),  # zipfile's words for a password and for a method that it does not know
)
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM}  # the machine's trouble, not a file's


@dataclass(frozen=True)
class Entry:
    """A file; or an empty folder; or what cannot be read."""

    path: tuple[str, ...]  # its parts
    size: int = 0  # bytes, as stated
    opener: Callable[[], IO[bytes] | None] | None = None
    trouble: str = ""  # why it cannot be read: a clause that goes on from its name
    on_disk: bool = False  # a file of its own, which can be read from any position

    def open(self) -> IO[bytes]:
        file = self.opener() if self.opener else None
        if file is None:
            raise OSError(errno.EINVAL, "it is no file")
        return file

    @property
    def printable(self) -> str:
        return printable("/".join(self.path))

    @property
    def is_archive(self) -> bool:
        return self.opener is not None and self.path[-1].lower().endswith(ARCHIVE_ENDINGS)


def printable(name: str) -> str:
    """A name in quotes, with escapes for what a terminal acts on, and what is long cut."""
    return repr(name if len(name) <= 80 else f"…{name[-79:]}")


def of_file(path: Path) -> Entry:
    raw = os.fsencode(path)
    return _of_file(raw, (os.path.basename(raw).decode("utf-8", "surrogateescape"),), os.stat(raw))


def in_folder(folder: Path | bytes, path: tuple[str, ...] = (), count: list[int] | None = None) -> Iterator[Entry]:
    """All that lies below a folder; an `OSError` is raised if that itself cannot be read."""
    try:
        with os.scandir(os.fsencode(folder)) as found:
            listed = sorted(islice(found, MAX_IN_FOLDER + 1), key=lambda entry: entry.name)
    except OSError as error:
        if not path:
            raise
        yield Entry(path, trouble=f"cannot be read: {_reason(error)}")
        return
    if len(listed) > MAX_IN_FOLDER:
        yield Entry(path, trouble=f"holds more than {MAX_IN_FOLDER:,} files; the others were not looked at")
    visible = [entry for entry in listed[:MAX_IN_FOLDER] if not entry.name.startswith((b".", b"__MACOSX"))]
    for entry in visible:
        inner = (*path, entry.name.decode("utf-8", "surrogateescape"))
        count = count if path and count else [0]
        count[0] += 1
        if count[0] > MAX_OF_STUDENT:
            yield Entry(inner, trouble=f"is one of more than {MAX_OF_STUDENT:,} files; it was not looked at")
            return
        try:
            info = entry.stat(follow_symlinks=False)
        except OSError as error:
            yield Entry(inner, trouble=f"cannot be read: {_reason(error)}")
            continue
        if stat.S_ISDIR(info.st_mode) and len(path) < MAX_DEPTH:
            yield from in_folder(entry.path, inner, count)
        else:
            yield _of_file(entry.path, inner, info)
    if not visible and path:
        yield Entry(path)


def _of_file(raw: bytes, path: tuple[str, ...], info: os.stat_result) -> Entry:
    if stat.S_ISREG(info.st_mode):
        return Entry(path, info.st_size, partial(_open, raw), on_disk=True)
    if stat.S_ISLNK(info.st_mode):
        return Entry(path, trouble="is a link; it was not followed")
    if stat.S_ISDIR(info.st_mode):
        return Entry(path, trouble=f"lies in more than {MAX_DEPTH} folders; it was not looked at")
    return Entry(path, trouble="is a pipe, a socket or a device; it was not opened")


def _open(raw: bytes) -> IO[bytes]:
    """A regular file; what has taken its place since it was found is not followed, nor waited for."""
    number = os.open(raw, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(number, "rb")
    if not stat.S_ISREG(os.fstat(number).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no longer a file")
    return file


def content(entry: Entry, most: int) -> bytes:
    """What is in a file; a `DamagedDataError` if it cannot be read, or holds more than `most` bytes."""
    if entry.size > most:
        raise DamagedDataError(f"takes {entry.size:,} bytes; at most {most:,} are read")
    with _named_damage(), entry.open() as file:
        read = file.read(most + 1)
    if len(read) > most:
        raise DamagedDataError(f"takes more than it says; at most {most:,} bytes are read")
    return read


def beginning(entry: Entry, size: int) -> bytes:
    """The first bytes of a file; none if it cannot be read."""
    with contextlib.suppress(DamagedDataError), _named_damage(), entry.open() as file:
        return file.read(size)
    return b""


@contextlib.contextmanager
def _named_damage() -> Iterator[None]:
    """What damage makes libraries raise, as a `DamagedDataError` whose message goes on from a file's name."""
    try:
        yield
    except DamagedDataError:
        raise
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
        raise DamagedDataError(f"cannot be read: {_reason(error)}") from error
    except DAMAGED as error:
        raise DamagedDataError(f"is cut short or damaged ({_reason(error)})") from error


def _reason(error: BaseException) -> str:
    """An error in a few words, without the paths that the system's own messages end with."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:120]


class Unpacker:
    """Goes through a student's files, and into their archives; notes in `flags` what could not be opened."""

    def __init__(self, flags: list[str]):
        self._flags = flags
        self._archives = self._files = 0

    def files(self, entry: Entry, depth: int = 0) -> Iterator[Entry]:
        """The file, or the files in it if it is an archive; a path goes on from the archive's."""
        if entry.trouble:
            self._flag(f"{entry.printable} {entry.trouble}" if entry.path else entry.trouble)
        elif entry.opener is None:
            return
        elif not _is_archive(entry):
            yield entry
        elif depth == ARCHIVES_IN_ARCHIVES or self._archives == MAX_ARCHIVES:
            self._flag(f"{entry.printable} is one archive too many, or too deep in others; it was not opened")
        else:
            self._archives += 1
            yield from self._in_archive(entry, depth)

    def _in_archive(self, archive: Entry, depth: int) -> Iterator[Entry]:
        try:
            inner = in_archive(archive, LARGEST_ARCHIVE)
        except DamagedDataError as error:
            self._flag(f"{archive.printable} {error}; ask for the notebook itself")
            return
        if not any(entry.opener or entry.trouble for entry in inner):
            self._flag(f"{archive.printable} is empty")
        for entry in inner:
            self._files += 1
            if self._files > MAX_OF_STUDENT:
                self._flag(f"there are more than {MAX_OF_STUDENT:,} files in the archives; the others were not read")
                return
            below = replace(entry, path=(*archive.path, *entry.path)) if entry.path else entry
            yield from self.files(below, depth + 1)

    def _flag(self, reason: str) -> None:
        if len(self._flags) < 20 and reason not in self._flags:
            self._flags.append(reason)


def _is_archive(entry: Entry) -> bool:
    end = entry.path[-1][-40:]
    may_be_zip = not ENDING.search(end) or ".ipynb" in end.lower()
    return entry.is_archive or (may_be_zip and beginning(entry, 4) == b"PK\x03\x04")


def in_archive(entry: Entry, most: int) -> list[Entry]:
    """What is in a .zip or a .tar, compressed or not; a `DamagedDataError` if it is damaged, or unpacks to too much."""
    if entry.size > most:
        raise DamagedDataError(f"takes {entry.size:,} bytes; at most {most:,} are read")
    with _named_damage():
        file = entry.open()
        if not entry.on_disk:
            file = _copied(file, most)
        start = file.read(4)
        file.seek(0)
        if start.startswith(b"PK"):
            return list(_with_empty_folders(_in_zip(file)))
        for magic, library in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zX", lzma)):
            if start.startswith(magic):
                file = _copied(cast(IO[bytes], library.open(file)), most)
        return list(_with_empty_folders(_in_tar(file)))


def _copied(file: IO[bytes], most: int) -> IO[bytes]:
    """The same in memory, or in a temporary file without a name. (Python 3.10's SpooledTemporaryFile holds no zip.)"""
    with file:
        block = file.read(IN_MEMORY + 1)
        if len(block) <= min(IN_MEMORY, most):
            return io.BytesIO(block)
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed with what reads from it
        while block:
            copy.write(block)
            if copy.tell() > most:
                copy.close()
                raise DamagedDataError(f"unpacks to more than {most:,} bytes; it was not read")
            block = file.read(BLOCK)
    copy.seek(0)
    return copy


def _in_zip(file: IO[bytes]) -> Iterator[tuple[str, bool, Entry]]:
    """The name, whether it is a folder, and the entry, which lacks its path, of each member."""
    archive = zipfile.ZipFile(file)
    for member in archive.infolist():
        found = Entry((), member.file_size, partial(archive.open, member))
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            found = Entry((), trouble=LINK)
        elif member.flag_bits & 1:
            found = Entry((), trouble="needs a password")
        yield _zip_name(member), member.is_dir(), found


def _in_tar(file: IO[bytes]) -> Iterator[tuple[str, bool, Entry]]:
    archive = tarfile.open(fileobj=file, mode="r:", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
    for member in archive:
        found = Entry((), member.size, partial(archive.extractfile, member))
        yield member.name, member.isdir(), found if member.isreg() or member.isdir() else Entry((), trouble=LINK)
    # tarfile takes a damaged header, or none, for the end. The true end is zeros.
    file.seek(archive.offset)
    rest = file.read(2 * tarfile.BLOCKSIZE)
    if not rest or rest.strip(b"\0"):
        raise tarfile.ReadError("unexpected end of data")


def _with_empty_folders(members: Iterator[tuple[str, bool, Entry]]) -> Iterator[Entry]:
    folders: dict[tuple[str, ...], None] = {}
    filled: set[tuple[str, ...]] = {()}
    for number, (name, is_folder, found) in enumerate(members):
        if number >= MAX_IN_ARCHIVE:
            raise DamagedDataError(f"holds more than {MAX_IN_ARCHIVE:,} files; it was not read")
        path = name.replace("\\", "/")
        parts = tuple(shortened(part) for part in path.split("/") if part not in ("", "."))
        if LEADS_OUT.search(path):
            yield Entry((), trouble=f"{printable(name)} {LINK}")
        elif len(parts) > MAX_DEPTH:
            yield Entry(parts[:1], trouble=f"holds a file in more than {MAX_DEPTH} folders; it was not looked at")
        elif hidden := [depth for depth, part in enumerate(parts) if part.startswith(HIDDEN)]:
            folders[parts[: hidden[0]]] = None
        elif is_folder or path.endswith("/"):
            folders[parts] = None
        else:
            filled.update(parts[:depth] for depth in range(1, len(parts)))
            yield replace(found, path=parts)
    filled.update(folder[:depth] for folder in folders for depth in range(1, len(folder)))
    yield from (Entry(folder) for folder in folders if folder not in filled)


def _zip_name(member: zipfile.ZipInfo) -> str:
    """The name of a zip's member: UTF-8 with or without the flag that says so, else as Windows writes it."""
    if not member.flag_bits & 0x800:
        with contextlib.suppress(UnicodeDecodeError):
            return member.orig_filename.encode("cp437", "replace").decode()
    return member.filename
