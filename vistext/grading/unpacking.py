"""Archives that students and platforms have packed: nothing is unpacked under a name of theirs, and all is counted.

What is in one is an entry, as a file in a folder is; it is read when it is asked for.
"""

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import BinaryIO

from vistext.data.archives import LEADS_OUT
from vistext.data.download import BLOCK, DamagedDataError
from vistext.grading.entries import DEEPEST, HIDDEN, Entry, beginning, named_trouble, shown
from vistext.grading.platforms import ENDING, shortened

MOST_IN_ARCHIVE = 200_000  # files
MOST_ARCHIVES = 20  # of a student
MOST_FILES = 20_000  # in a student's archives
ARCHIVES_IN_ARCHIVES = 2  # a zip, and a zip in it
LARGEST_ARCHIVE = 512 << 20  # bytes of a student's
IN_MEMORY = 1 << 20  # bytes of an archive in an archive; a larger one goes to a temporary file
LINK = "is a link or a path that leads out of its folder; nothing of it is used"
SCRIPTS = {"CJK", "HIRAGANA", "KATAKANA", "FULLWIDTH", "IDEOGRAPHIC"}  # first words of the names of Japanese letters


class Opener:
    """Goes through a student's files, and into their archives.

    Args:
        doubts: where to note what could not be opened.
    """

    def __init__(self, doubts: list[str]):
        self._doubts = doubts
        self._archives = self._files = 0

    def files(self, entry: Entry, depth: int = 0) -> Iterator[Entry]:
        """The file, or the files in it if it is an archive; a path goes on from the archive's."""
        if entry.trouble:
            self._doubt(f"{entry.shown} {entry.trouble}" if entry.path else entry.trouble)
        elif entry.open is None:
            return
        elif not _is_archive(entry):
            yield entry
        elif depth == ARCHIVES_IN_ARCHIVES or self._archives == MOST_ARCHIVES:
            self._doubt(f"{entry.shown} is one archive too many, or too deep in others; it was not opened")
        else:
            self._archives += 1
            yield from self._in_archive(entry, depth)

    def _in_archive(self, archive: Entry, depth: int) -> Iterator[Entry]:
        try:
            inner = in_archive(archive, LARGEST_ARCHIVE)
        except DamagedDataError as error:
            self._doubt(f"{archive.shown} {error}; ask for the notebook itself")
            return
        if not any(entry.open or entry.trouble for entry in inner):
            self._doubt(f"{archive.shown} is empty")
        for entry in inner:
            self._files += 1
            if self._files > MOST_FILES:
                self._doubt(f"there are more than {MOST_FILES:,} files in the archives; the others were not looked at")
                return
            below = replace(entry, path=(*archive.path, *entry.path)) if entry.path else entry
            yield from self.files(below, depth + 1)

    def _doubt(self, doubt: str) -> None:
        if len(self._doubts) < 20 and doubt not in self._doubts:
            self._doubts.append(doubt)


def _is_archive(entry: Entry) -> bool:
    known = ENDING.search(entry.path[-1][-40:])
    return entry.is_archive or (
        (not known or ".ipynb" in entry.path[-1][-40:].lower()) and beginning(entry, 4) == b"PK\x03\x04"
    )


def in_archive(entry: Entry, most: int) -> list[Entry]:
    """What is in a .zip or a .tar, compressed or not.

    Args:
        entry: the archive; what is returned reads from it.
        most: bytes that it may take, and that a compressed .tar may unpack to.

    Raises:
        DamagedDataError: as in `content`; or it is cut short, or no archive.
        OSError: this machine has no room.
    """
    if entry.size > most:
        raise DamagedDataError(f"takes {entry.size:,} bytes; at most {most:,} are read")
    with named_trouble():
        file = entry.open()
        if not entry.on_disk:
            file = _copied(file, most)
        start = file.read(4)
        file.seek(0)
        if start.startswith(b"PK"):
            return list(_with_empty_folders(_in_zip(file)))
        if start.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zX")):
            file = _copied(_decompressed(file, start), most)
        return list(_with_empty_folders(_in_tar(file)))


def _decompressed(file: BinaryIO, start: bytes) -> BinaryIO:
    return {0x1F: gzip, 0x42: bz2, 0xFD: lzma}[start[0]].open(file)


def _copied(file: BinaryIO, most: int) -> BinaryIO:
    """The same in memory, or in a temporary file without a name. (Python 3.10's SpooledTemporaryFile holds no zip.)"""
    with file:
        start = file.read(IN_MEMORY + 1)
        if len(start) <= min(IN_MEMORY, most):
            return io.BytesIO(start)
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed with what reads from it
        block = start
        while block:
            copy.write(block)
            if copy.tell() > most:
                copy.close()
                raise DamagedDataError(f"unpacks to more than {most:,} bytes; it was not read")
            block = file.read(BLOCK)
    copy.seek(0)
    return copy


def _in_zip(file: BinaryIO) -> Iterator[tuple[str, bool, Entry]]:
    """The name, whether it is a folder, and the entry, which lacks its path, of each member."""
    archive = zipfile.ZipFile(file)
    for member in archive.infolist():
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            found = Entry((), trouble=LINK)
        elif member.flag_bits & 1:
            found = Entry((), trouble="needs a password")
        else:
            found = Entry((), member.file_size, partial(archive.open, member))
        yield zip_name(member), member.is_dir(), found


def _in_tar(file: BinaryIO) -> Iterator[tuple[str, bool, Entry]]:
    archive = tarfile.open(fileobj=file, mode="r:", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
    for member in archive:
        if member.isreg() or member.isdir():
            found = Entry((), member.size, partial(archive.extractfile, member))
        else:
            found = Entry((), trouble=LINK)
        yield member.name, member.isdir(), found
    # tarfile takes a damaged header, or none, for the end. The true end is zeros.
    file.seek(archive.offset)
    rest = file.read(2 * tarfile.BLOCKSIZE)
    if not rest or rest.strip(b"\0"):
        raise tarfile.ReadError("unexpected end of data")


def _with_empty_folders(members: Iterator[tuple[str, bool, Entry]]) -> Iterator[Entry]:
    folders, filled = {}, {()}
    for number, (name, is_folder, found) in enumerate(members):
        if number >= MOST_IN_ARCHIVE:
            raise DamagedDataError(f"holds more than {MOST_IN_ARCHIVE:,} files; it was not read")
        path = name.replace("\\", "/")
        parts = tuple(shortened(part) for part in path.split("/") if part not in ("", "."))
        if LEADS_OUT.search(path):
            yield Entry((), trouble=f"{shown(name)} {LINK}")
        elif len(parts) > DEEPEST:
            yield Entry(parts[:1], trouble=f"holds a file in more than {DEEPEST} folders; it was not looked at")
        elif hidden := [number for number, part in enumerate(parts) if part.startswith(HIDDEN)]:
            folders[parts[: hidden[0]]] = None
        elif is_folder or path.endswith("/"):
            folders[parts] = None
        else:
            filled.update(parts[:count] for count in range(1, len(parts)))
            yield replace(found, path=parts)
    filled.update(folder[:count] for folder in folders for count in range(1, len(folder)))
    for folder in folders:
        if folder not in filled:
            yield Entry(folder)


def zip_name(member: zipfile.ZipInfo) -> str:
    """The name of a zip's member: UTF-8 with or without the flag that says so, else as Windows writes it.

    Without the flag, Japanese Windows writes cp932, most others cp437 or what is close to it; nothing says which. It is
    read as cp932 only if that gives nothing but Japanese beside what is ASCII, and no letter of both sides touch.
    """
    if member.flag_bits & 0x800:
        return member.filename
    raw = member.orig_filename.encode("cp437", "replace")
    for encoding in ("utf-8", "cp932"):
        try:
            name = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or _is_japanese(name):
            return name
    return member.filename


def _is_japanese(name: str) -> bool:
    kinds = ["" if one.isascii() else unicodedata.name(one, "?").split()[0] for one in name]
    if not {kind.partition("-")[0] for kind in kinds if kind} <= SCRIPTS:
        return False
    return not any(a.isalpha() and b.isalpha() and a.isascii() != b.isascii() for a, b in pairwise(name))
