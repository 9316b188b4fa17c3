"""CIFAR-10: 60,000 pictures of ten objects, 32 × 32 pixels, in color.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. Found in any of the layouts in which it is
distributed (see `cifar10_formats`), or downloaded; always the same arrays in the same order, cached and memory-mapped
from there.
"""

import hashlib
import itertools
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from vistext.data import archives, array_cache, cifar10_formats, download
from vistext.data.cifar10_formats import BINARY, CLASS_NUMBERS, CLASSES, PICKLES, PICTURES, SPLIT_NAMES, layout_of
from vistext.data.download import DamagedDataError, DataNotFoundError, Place

__all__ = ["CLASSES", "Cifar10", "DamagedDataError", "DataNotFoundError", "Source", "Split", "find", "load"]

OFFLINE = "VISTEXT_OFFLINE"  # set to anything but 0, no download is tried
OFFICIAL = download.Remote(
    url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    name="cifar-10-python.tar.gz",
    size=170_498_071,
    sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
)
# Also what Keras has called it: cifar-10-batches-py, -py.tar.gz, -py-target and -py-target_archive. Not CIFAR-100.
NAMES = re.compile(r"cifar[-_ ]?10(?!\d)", re.IGNORECASE)
ARCHIVE_ENDINGS = (".tar.gz", ".tgz", ".tar", ".zip", "_archive")
# What browsers call a file that has not arrived whole.
UNFINISHED = (".crdownload", ".download", ".opdownload", ".part", ".partial", ".tmp")
ACCEPTED = (
    f"{OFFICIAL.name}, cifar-10-binary.tar.gz, the folders inside them, or archives (.tar.gz, .zip) and folders with "
    "train/<class>/*.png and test/<class>/*.png"
)
GIVEN = "the path given"


@dataclass(frozen=True, eq=False)
class Split:
    """Pictures, uint8 [n, 32, 32, 3] RGB, and labels, int64 [n], indices into `CLASSES`; both read-only."""

    pictures: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, eq=False)
class Cifar10:
    """Both splits; any first part of either is a fair sample of it.

    Attributes:
        note: what every figure of these pictures has to say of them; empty for CIFAR-10 itself.
        source: where they were loaded from, in words.
    """

    train: Split
    test: Split
    note: str = ""
    source: str = ""

    @property
    def stand_in(self) -> bool:
        """Whether these are drawings (see `vistext.scenes.standin`): what was measured on them need not hold of
        CIFAR-10."""
        return bool(self.note)


@dataclass(frozen=True)
class Source:
    """A copy of CIFAR-10 on this machine: its archive or folder, what is inside, and in which place it was found.

    Attributes:
        flaw: why it cannot be loaded, in one line, as far as names and sizes tell; empty where they are in order.
    """

    path: Path
    layout: str
    place: str
    flaw: str = ""

    def __str__(self) -> str:
        return f"{self.path} ({self.layout}; {self.place})"


def find(path: str | os.PathLike | None = None) -> Source | None:
    """The first copy that is whole by its names and sizes, in the usual places or at the path given; or None."""
    return next((source for source in copies(path) if not source.flaw), None)


def copies(path: str | os.PathLike | None = None) -> Iterator[Source]:
    """All copies, broken ones with their flaw, in the order in which `load` tries them; `path` as in `find`."""
    for place in download.places() if path is None else [Place(Path(path).expanduser().absolute(), GIVEN)]:
        for candidate, certain in _candidates(place):
            if source := _source(candidate, certain, place.name):
                yield source


def load(path: str | os.PathLike | None = None, *, attempts: int = 4) -> Cifar10:
    """CIFAR-10 as memory-mapped arrays, from wherever it is to be had.

    The first load of a copy reads all of it and caches the arrays (185 MB); later loads open those. Fewer
    pictures than the full 50,000 and 10,000 are accepted as long as each class has some in both splits; pictures of
    another size are cropped to their central square and scaled. A copy that turns out broken is named on standard
    error, and the next one is taken, or the download, unless VISTEXT_OFFLINE is set.

    Args:
        path: an archive or folder to load, instead of looking in the usual places.
        attempts: how often the network may fail; see `download.download`.

    Returns:
        Training and test pictures with their labels, in an order that is shuffled, and always the same.

    Raises:
        DataNotFoundError: there is no whole copy, and none can be downloaded.
        DamagedDataError: the path given holds only what is cut short, altered, incomplete or unsafe.
        OSError: the disk is full, or the cache may not be written to.
    """
    broken: list[str] = []
    for source in copies(path):
        try:
            if source.flaw:
                raise DamagedDataError(source.flaw)
            data = _loaded(source)
        except DamagedDataError as error:
            broken.append(str(error))
        else:
            _warn_of(broken)
            return data
    if path is None:
        return _loaded(_downloaded(attempts, broken))
    if broken:
        raise DamagedDataError("; ".join(broken))
    state = "holds no CIFAR-10" if Path(path).expanduser().exists() else "does not exist"
    raise DataNotFoundError(f"{path} {state}; accepted are {ACCEPTED}")


def from_arrays(arrays: dict[str, np.ndarray], note: str = "", source: str = "") -> Cifar10:
    """Both splits of cached arrays."""
    train, test = (Split(arrays[f"{split}_pictures"], arrays[f"{split}_labels"]) for split in cifar10_formats.SPLITS)
    return Cifar10(train, test, note, source)


def _loaded(source: Source) -> Cifar10:
    """From a folder for the arrays of a copy: its path and, so that a change is noticed, the identity of its files."""
    key = hashlib.sha256(os.fsencode(source.path)).hexdigest()[:16]
    identity = download.identity(cifar10_formats.files(source.path, source.layout))
    folder = download.cache_folder() / "cifar10" / f"{key}-{identity}"
    arrays = array_cache.load_or_make(folder, partial(cifar10_formats.read, source.path, source.layout))
    for earlier in folder.parent.glob(f"{key}-*"):
        if earlier != folder:  # of the same copy, before it was changed
            shutil.rmtree(earlier, ignore_errors=True)
    return from_arrays(arrays, source=str(source))


def _warn_of(broken: list[str]) -> None:
    for flaw in broken:
        print(f"vistext: passed over: {flaw}", file=sys.stderr)


def _candidates(place: Place) -> Iterator[tuple[Path, bool]]:
    """What may be a copy in a place, and whether it is certain to be one by its name or by what the user gave."""
    pointed = place.name in (GIVEN, download.VARIABLE)
    certain = place.name == GIVEN or bool(NAMES.match(place.path.name))
    if place.path.is_file() and (pointed or certain):
        yield place.path, True
    if not place.path.is_dir():
        return
    yield place.path, certain
    # What has the name first, and archives before folders: a checksum inside vouches for them.
    children = [(not NAMES.match(child.name), child.is_dir(), child) for child in place.path.iterdir()]
    for unnamed, is_folder, child in sorted(children):
        if not unnamed or (pointed and (is_folder or child.suffix.lower() == ".zip")):
            yield child, not unnamed
            if is_folder and not child.name.lower().endswith(UNFINISHED):
                inner = sorted(Path(entry) for entry in os.scandir(child) if entry.is_dir())
                yield from ((folder, not unnamed or bool(NAMES.match(folder.name))) for folder in inner)


def _source(candidate: Path, certain: bool, place: str) -> Source | None:
    """The copy that a candidate is, perhaps with a flaw; None if it is something else."""
    layout = None
    try:
        if candidate.name.lower().endswith(UNFINISHED):
            raise DamagedDataError(f"{candidate} is an unfinished download; finish it, or delete it")
        if layout := _layout(candidate, certain):
            cifar10_formats.check(candidate, layout)
            return Source(candidate, layout, place)
        if candidate.is_dir() and NAMES.match(candidate.name) and not os.listdir(candidate):
            raise DamagedDataError(f"{candidate} is an empty folder; delete it")
    except (DamagedDataError, OSError) as error:
        return Source(candidate, layout or "", place, str(error)) if layout or certain else None
    return None


def _layout(candidate: Path, certain: bool) -> str | None:
    """The layout of an archive or a folder, by some of its files; other data may have cats and dogs, too."""
    paths = list(_paths_in_folder(candidate) if candidate.is_dir() else _paths_in_archive(candidate))
    layouts = [layout_of(path) for path in paths]
    if batches := next((layout for layout in layouts if layout in (PICKLES, BINARY)), None):
        return batches
    kinds = {path.parts[-2].casefold() for path, layout in zip(paths, layouts, strict=True) if layout == PICTURES}
    known = {CLASS_NUMBERS.get(kind) for kind in kinds if certain or not kind.isdecimal()} - {None}
    return PICTURES if len(known) >= (1 if certain else len(CLASSES) // 2) else None


def _paths_in_folder(folder: Path) -> Iterator[PurePosixPath]:
    """Its files, and one for each folder inside a training split."""
    for name in sorted(os.listdir(folder)):
        yield PurePosixPath(name)
        if SPLIT_NAMES.get(name.casefold()) == "train" and (folder / name).is_dir():
            yield from (PurePosixPath(name, kind, "a.png") for kind in os.listdir(folder / name))


def _paths_in_archive(archive: Path) -> Iterator[PurePosixPath]:
    """Its files, of a .tar the first; none for what is no archive."""
    with open(archive, "rb") as file:
        start = file.read(512)
    packed = start.startswith((b"PK", b"\x1f\x8b")) or start[257:262] == b"ustar"
    if packed or archive.name.lower().endswith(ARCHIVE_ENDINGS):
        most = None if start.startswith(b"PK") else 50
        yield from (member.path for member in itertools.islice(archives.members(archive), most))


def _downloaded(attempts: int, broken: list[str]) -> Source:
    """The official archive from the network, or an error that says all that can be done."""
    if os.environ.get(OFFLINE, "").strip() not in ("", "0"):
        raise DataNotFoundError(_how_to_get_it(f"{OFFLINE} is set, so that none is downloaded", broken))
    _warn_of(broken)
    try:
        file = download.download(OFFICIAL, download.download_folder(), attempts=attempts)
    except download.DownloadError as error:
        raise DataNotFoundError(_how_to_get_it(f"the network does not give it ({error})", broken)) from error
    return Source(file, PICKLES, "the network")


def _how_to_get_it(why: str, broken: list[str]) -> str:
    absent = {True: "", False: " (does not exist)"}
    looked = [f"  {place.name}: {place.path}{absent[place.path.exists()]}" for place in download.places()]
    if not os.environ.get(download.VARIABLE, "").strip():
        looked.insert(0, f"  {download.VARIABLE}: not set")
    return "\n".join(
        [
            f"CIFAR-10 is not on this machine{', or not whole' if broken else ''}, and {why}.",
            *(f"Broken: {flaw}" for flaw in broken),
            f"Looked for {ACCEPTED}, with a name that begins with cifar10 or cifar-10, in",
            *looked,
            "Three ways to get it:",
            f"  1. connect to the network and try again: {OFFICIAL.size / 1e6:.0f} MB are downloaded, once",
            f"  2. put a copy of {OFFICIAL.url} into {download.download_folder()}",
            f"  3. set {download.VARIABLE} to your copy or the folder that holds it, or give it: vistext data PATH",
        ]
    )
