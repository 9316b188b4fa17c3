"""CIFAR-10: 60,000 pictures of ten things, 32 × 32 pixels, in colour.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. Found in any of the shapes in which it is
passed around (see `cifar10_forms`), or downloaded; always the same arrays in the same order, kept in the cache and
memory-mapped from there.
"""

import hashlib
import itertools
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from vistext.data import archives, cifar10_forms, kept, sources
from vistext.data.cifar10_forms import CLASSES, PICKLES, PICTURES, form_of
from vistext.data.sources import DamagedDataError, DataNotFoundError, Place

__all__ = ["CLASSES", "Cifar10", "DamagedDataError", "DataNotFoundError", "Source", "Split", "find", "load"]

OFFLINE = "VISTEXT_OFFLINE"  # set to anything but 0, no download is tried
OFFICIAL = sources.Remote(
    url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    name="cifar-10-python.tar.gz",
    size=170_498_071,
    sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
)
# Also what Keras has called it: cifar-10-batches-py, -py.tar.gz, -py-target and -py-target_archive. Not CIFAR-100.
NAMES = re.compile(r"cifar[-_ ]?10(?!\d)", re.IGNORECASE)
ARCHIVE_ENDINGS = (".tar.gz", ".tgz", ".tar", ".zip", "_archive")
ACCEPTED = (
    f"{OFFICIAL.name}, cifar-10-binary.tar.gz, the folders inside them, or archives (.tar.gz, .zip) and folders with "
    "train/<class>/*.png and test/<class>/*.png"
)


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
    """

    train: Split
    test: Split
    note: str = ""

    @property
    def stand_in(self) -> bool:
        """Whether these are not CIFAR-10's photographs; see `vistext.scenes.standin`."""
        return bool(self.note)


@dataclass(frozen=True)
class Source:
    """A copy of CIFAR-10 on this machine: its archive or folder, what is inside, and in which place it was found."""

    path: Path
    form: str
    place: str

    def __str__(self) -> str:
        return f"{self.path} ({self.form}; {self.place})"


def find(path: str | os.PathLike | None = None) -> Source | None:
    """Where `load` would take CIFAR-10 from, without loading it.

    Args:
        path: an archive or folder to look at instead of the usual places (see `sources`).

    Returns:
        The copy, or None if there is none: then `load` would turn to the network, if no path was given.

    Raises:
        DamagedDataError: what has the name of a copy is an archive that cannot be read.
    """
    given = path is not None
    places = [Place(Path(path).expanduser().absolute(), "the path given")] if given else sources.places()
    for place in places:
        for candidate, certain in _candidates(place.path, given):
            form = _form_of_folder(candidate, certain) if candidate.is_dir() else _form_of_archive(candidate)
            if form:
                return Source(candidate, form, place.name)
    return None


def load(path: str | os.PathLike | None = None, *, download: bool = True, attempts: int = 4) -> Cifar10:
    """CIFAR-10 as memory-mapped arrays, from wherever it is to be had.

    The first load of a copy reads all of it and keeps the arrays in the cache (185 MB); later loads open those. Fewer
    pictures than the full 50,000 and 10,000 are accepted as long as each class has some in both splits; pictures of
    another size are cropped to their central square and scaled.

    Args:
        path: an archive or folder to load, instead of looking in the usual places.
        download: whether the network may be used when there is no copy on this machine; never if VISTEXT_OFFLINE is
            set.
        attempts: how often in a row the network may fail; see `sources.download`.

    Returns:
        Training and test pictures with their labels, in an order that is shuffled, and always the same.

    Raises:
        DataNotFoundError: there is no copy, and none can be downloaded.
        DamagedDataError: a copy is cut short, altered, incomplete or unsafe.
        OSError: the disk is full, or the cache may not be written to.
    """
    source = find(path)
    if source is None:
        source = _downloaded(path, download, attempts)
    folder = _kept_in(source.path, cifar10_forms.files(source.path, source.form))
    arrays, _ = kept.open_kept(folder) or _kept(source, folder)
    return Cifar10(*(Split(arrays[f"{split}_pictures"], arrays[f"{split}_labels"]) for split in cifar10_forms.SPLITS))


def _kept_in(path: Path, files: list) -> Path:
    """The folder in the cache for the arrays of a copy: its path and, so that a change is noticed, its identity."""
    return sources.cache_folder() / "cifar10" / f"{_key(path)}-{sources.identity(files)}"


def _key(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _kept(source: Source, folder: Path) -> tuple[dict[str, np.ndarray], str]:
    with sources.writing(folder.parent), sources.lock(folder):
        if opened := kept.open_kept(folder):
            return opened  # another process has made it meanwhile
        arrays = cifar10_forms.read(source.path, source.form)
        with sources.whole_or_nothing(folder) as making:
            kept.keep(making, arrays, about=source.form)
        for other in folder.parent.glob(f"{_key(source.path)}-*"):
            if other != folder:  # of an earlier state of the same copy
                shutil.rmtree(other, ignore_errors=True)
        if opened := kept.open_kept(folder):
            return opened
        raise OSError(
            f"{folder} was written, but does not come back whole: set {sources.CACHE_VARIABLE} to another disk"
        )


def _candidates(place: Path, given: bool) -> Iterator[tuple[Path, bool]]:
    """What may be a copy in a place, and whether it is meant to be one: by its name, or because the caller gives it."""
    given = given or bool(NAMES.match(place.name))
    if place.is_file() and given:
        yield place, True
    if place.is_dir():
        yield place, given
        # Archives first: a checksum inside vouches for them.
        for child in sorted(place.iterdir(), key=lambda child: (child.is_dir(), child.name)):
            named = bool(NAMES.match(child.name))
            if named or (given and child.is_dir()):
                yield child, named
            if named and child.is_dir():
                yield from ((inner, True) for inner in sorted(child.iterdir()) if inner.is_dir())


def _form_of_folder(folder: Path, certain: bool) -> str | None:
    for name in sorted(os.listdir(folder)):
        if form := form_of(PurePosixPath(name)):
            return form
    if not (folder / "train").is_dir():
        return None
    # A folder of other data may have its cats and dogs, too.
    known = len(set(CLASSES).intersection(os.listdir(folder / "train")))
    return PICTURES if known >= (1 if certain else len(CLASSES) // 2) else None


def _form_of_archive(archive: Path) -> str | None:
    """By the first of its members that tells; an archive of something else that only has the name is none of ours."""
    with open(archive, "rb") as file:
        start = file.read(2)
    if start not in (b"PK", b"\x1f\x8b") and not archive.name.lower().endswith(ARCHIVE_ENDINGS):
        return None
    # A list of 60,000 members takes long to read in a .zip, and what is kept knows the answer.
    if opened := kept.open_kept(_kept_in(archive, [archive])):
        return opened[1]
    for path, _ in itertools.islice(archives.members(archive), 50):
        form = form_of(path)
        if form and (form != PICTURES or path.parts[-2] in CLASSES):
            return form
    return None


def _downloaded(path: str | os.PathLike | None, allowed: bool, attempts: int) -> Source:
    """The official archive from the network, or an error that says all that can be done."""
    if path is not None:
        state = "holds no CIFAR-10" if Path(path).expanduser().exists() else "does not exist"
        raise DataNotFoundError(f"{path} {state}; accepted are {ACCEPTED}")
    if not allowed:
        raise DataNotFoundError(_how_to_get_it("no download was asked for"))
    if os.environ.get(OFFLINE, "").strip() not in ("", "0"):
        raise DataNotFoundError(_how_to_get_it(f"{OFFLINE} is set, so that none is downloaded"))
    try:
        file = sources.download(OFFICIAL, sources.download_folder(), attempts=attempts)
    except sources.DownloadError as error:
        raise DataNotFoundError(_how_to_get_it(f"the network does not give it ({error})")) from error
    return Source(file, PICKLES, "the network")


def _how_to_get_it(why: str) -> str:
    looked = [
        f"  {place.name}: {place.path}{'' if place.path.exists() else ' (does not exist)'}"
        for place in sources.places()
    ]
    if not os.environ.get(sources.VARIABLE, "").strip():
        looked.insert(0, f"  {sources.VARIABLE}: not set")
    return "\n".join(
        [
            f"CIFAR-10 is not on this machine, and {why}.",
            f"Looked for {ACCEPTED}, with a name that begins with cifar10 or cifar-10, in",
            *looked,
            "Three ways to get it:",
            f"  1. connect to the network and try again: {OFFICIAL.size / 1e6:.0f} MB are downloaded, once",
            f"  2. put a copy of {OFFICIAL.url} into {sources.download_folder()}",
            f"  3. set {sources.VARIABLE} to the folder that holds your copy, or give its path: vistext data PATH",
        ]
    )
