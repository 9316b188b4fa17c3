"""Files in folders, found without trusting them: no links are followed, nothing is waited for, and all is counted.

Nothing is read before it is asked for. Names are UTF-8, whatever the locale; bytes that are not are kept as lone
surrogates, so that no two names become one.
"""

import contextlib
import errno
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from lzma import LZMAError
from pathlib import Path
from typing import BinaryIO

from vistext.data.download import DamagedDataError

DEEPEST = 20  # folders in folders
MOST_IN_FOLDER = 10_000
MOST_OF_A_STUDENT = 20_000  # entries below one that lies in the class's folder
ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")  # of archives that are opened
HIDDEN = (".", "__MACOSX")
DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError, struct.error, EOFError, ValueError),
    *(RuntimeError, NotImplementedError),  # zipfile's words for a password and for a method that it does not know
)
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM}  # the machine's trouble, not a file's


@dataclass(frozen=True)
class Entry:
    """A file; or an empty folder; or what cannot be read.

    Attributes:
        path: its parts.
        size: bytes, as stated.
        open: opens the file; None if there is none.
        trouble: why it cannot be read: a clause that goes on from its name.
        on_disk: it is a file of its own, which can be read from any position.
    """

    path: tuple[str, ...]
    size: int = 0
    open: Callable[[], BinaryIO] | None = None
    trouble: str = ""
    on_disk: bool = False

    @property
    def shown(self) -> str:
        """The path as it may be printed."""
        return shown("/".join(self.path))

    @property
    def is_archive(self) -> bool:
        return self.open is not None and self.path[-1].lower().endswith(ENDINGS)


def shown(name: str) -> str:
    """A name as it may be printed: in quotes, with escapes for what a terminal acts on, and what is long cut."""
    return repr(name if len(name) <= 80 else f"…{name[-79:]}")


def reason(error: BaseException) -> str:
    """An error in a few words, without the paths that the system's own messages end with."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:120]


def in_folder(folder: Path) -> Iterator[Entry]:
    """All that lies below a folder.

    Raises:
        OSError: the folder itself cannot be read.
    """
    yield from _in_folder(os.fsencode(folder), (), [0])


def of_file(path: Path) -> Entry:
    """A file by itself, under its name."""
    raw = os.fsencode(path)
    return _of_file(raw, (os.path.basename(raw).decode("utf-8", "surrogateescape"),), os.stat(raw))


def _in_folder(folder: bytes, path: tuple[str, ...], count: list[int]) -> Iterator[Entry]:
    try:
        with os.scandir(folder) as found:
            listed = sorted(islice(found, MOST_IN_FOLDER + 1), key=lambda one: one.name)
    except OSError as error:
        if not path:
            raise
        yield Entry(path, trouble=f"cannot be read: {reason(error)}")
        return
    if len(listed) > MOST_IN_FOLDER:
        yield Entry(path, trouble=f"holds more than {MOST_IN_FOLDER:,} files; the others were not looked at")
    empty = True
    for one in listed[:MOST_IN_FOLDER]:
        name = one.name.decode("utf-8", "surrogateescape")
        if name.startswith(HIDDEN):
            continue
        empty = False
        count = count if path else [0]
        count[0] += 1
        if count[0] > MOST_OF_A_STUDENT:
            yield Entry((*path, name), trouble=f"is one of more than {MOST_OF_A_STUDENT:,} files; it was not looked at")
            return
        try:
            info = one.stat(follow_symlinks=False)
        except OSError as error:
            yield Entry((*path, name), trouble=f"cannot be read: {reason(error)}")
            continue
        if stat.S_ISDIR(info.st_mode) and len(path) < DEEPEST:
            yield from _in_folder(one.path, (*path, name), count)
        else:
            yield _of_file(one.path, (*path, name), info)
    if empty and path:
        yield Entry(path)


def _of_file(raw: bytes, path: tuple[str, ...], info: os.stat_result) -> Entry:
    if stat.S_ISREG(info.st_mode):
        return Entry(path, info.st_size, partial(_open, raw), on_disk=True)
    if stat.S_ISLNK(info.st_mode):
        return Entry(path, trouble="is a link; it was not followed")
    if stat.S_ISDIR(info.st_mode):
        return Entry(path, trouble=f"lies in more than {DEEPEST} folders; it was not looked at")
    return Entry(path, trouble="is a pipe, a socket or a device; it was not opened")


def _open(raw: bytes) -> BinaryIO:
    """A regular file; what has taken its place since it was found is not followed, nor waited for."""
    number = os.open(raw, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(number, "rb")
    if not stat.S_ISREG(os.fstat(number).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no longer a file")
    return file


def content(entry: Entry, most: int) -> bytes:
    """What is in a file.

    Raises:
        DamagedDataError: it cannot be read, or is larger than `most` bytes; the message goes on from its name.
        OSError: this machine has no room.
    """
    if entry.size > most:
        raise DamagedDataError(f"takes {entry.size:,} bytes; at most {most:,} are read")
    with named_trouble(), entry.open() as file:
        read = file.read(most + 1)
    if len(read) > most:
        raise DamagedDataError(f"takes more than it says; at most {most:,} bytes are read")
    return read


def beginning(entry: Entry, size: int) -> bytes:
    """The first bytes of a file; none if it cannot be read."""
    with contextlib.suppress(DamagedDataError), named_trouble(), entry.open() as file:
        return file.read(size)
    return b""


@contextlib.contextmanager
def named_trouble() -> Iterator[None]:
    """What damage makes libraries raise, as a `DamagedDataError` whose message goes on from a file's name."""
    try:
        yield
    except DamagedDataError:
        raise
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
        raise DamagedDataError(f"cannot be read: {reason(error)}") from error
    except DAMAGED as error:
        raise DamagedDataError(f"is cut short or damaged ({reason(error)})") from error
