"""Flickr8k: 8,091 photographs of people and animals doing something, each with five captions that people wrote.

Hodosh, Young and Hockenmaier, "Framing Image Description as a Ranking Task", JAIR 47, 2013. For research and teaching;
the pictures belong to their photographers. Read from the usual zips, from tars, from folders, and from Kaggle's copy.
"""

import csv
import hashlib
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from vistext.data import archives, array_cache, download, images
from vistext.data.download import DamagedDataError, DataNotFoundError

__all__ = ["SPLITS", "DamagedDataError", "DataNotFoundError", "Flickr8k", "Judgment", "Split", "find", "load"]

SPLITS = {"train": "train", "validation": "dev", "test": "test"}  # and what the authors' lists of them are called
CAPTIONS, KAGGLE, EXPERTS = "Flickr8k.token.txt", "captions.txt", "ExpertAnnotations.txt"
TEXTS = (CAPTIONS, KAGGLE, EXPERTS, *(f"Flickr_8k.{name}Images.txt" for name in SPLITS.values()))
NAMED = re.compile(r"flickr[-_ ]?8k", re.IGNORECASE)
ARCHIVES, PICTURES = (".tar", ".tar.gz", ".tgz", ".zip"), (".jpg", ".jpeg")
ADVICE = (
    "put Flickr8k_Dataset.zip and Flickr8k_text.zip (from the release Flickr8k of github.com/jbrownlee/Datasets), or "
    f"Kaggle's folder with Images/ and captions.txt, into one folder, and set {download.VARIABLE} to it"
)


@dataclass(frozen=True)
class Judgment:
    """What three experts thought of a caption for a picture: 1 (unrelated) to 4 (describes it without errors)."""

    picture: str  # its name
    caption: str
    scores: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Split:
    """Photographs in the official order, and what people wrote about each."""

    names: tuple[str, ...]  # of the files
    captions: tuple[tuple[str, ...], ...]  # usually five
    jpegs: Sequence[np.ndarray]  # the content of each file, uint8 [bytes]

    def __len__(self) -> int:
        return len(self.names)

    def picture(self, number: int) -> np.ndarray:
        """One photograph, uint8 [h, w, 3] RGB."""
        return images.open_picture(io.BytesIO(self.jpegs[number].tobytes()))


@dataclass(frozen=True, eq=False)
class Flickr8k:
    """The three splits: 6,000, 1,000 and 1,000 photographs of a whole copy.

    Attributes:
        judgments: by experts, of captions for test pictures; none where the copy has no file of them.
        source: where it was read from, in words.
        note: what every figure of this copy has to say of it; empty for the official splits.
    """

    train: Split
    validation: Split
    test: Split
    judgments: tuple[Judgment, ...]
    source: str
    note: str = ""


def find(path: str | os.PathLike | None = None) -> list[Path]:
    """The archives and folders of a copy that `load` would read; none if there is no copy."""
    places = (
        download.places() if path is None else [download.Place(Path(path).expanduser().absolute(), "the path given")]
    )
    for place in places:
        found = _candidates(place.path)
        if any(_files(found, _is_picture)) and any(_files(found, (CAPTIONS, KAGGLE).__contains__)):
            return found
    return []


def load(path: str | os.PathLike | None = None) -> Flickr8k:
    """A copy of Flickr8k, from the usual places or the path given.

    The first load reads every picture, names those that are broken or missing on standard error and leaves them out,
    and caches the rest (75 MB for pictures of 160 pixels); later ones open the cache.

    Raises:
        DataNotFoundError: there is no copy; the message says how to get one.
        DamagedDataError: a copy lacks captions for all of its pictures, or is damaged.
        OSError: the disk is full, or the cache may not be written to.
    """
    sources = find(path)
    if not sources:
        where = f"{path} holds no copy of Flickr8k" if path is not None else "Flickr8k is not on this machine"
        raise DataNotFoundError(f"{where}: {ADVICE}")
    identity = download.identity(file for source in sources for file in _listed(source))
    key = hashlib.sha256(identity.encode()).hexdigest()[:16]
    arrays = array_cache.load_or_make(download.cache_folder() / "flickr8k" / key, partial(_read, sources))
    return _from_arrays(arrays, ", ".join(map(str, sources)))


def _candidates(place: Path) -> list[Path]:
    """The place itself if it is a copy, else what is named after Flickr8k in it."""
    if place.is_file():
        return [place]
    if not place.is_dir():
        return []
    children = sorted(place.iterdir())
    if any(child.name in (CAPTIONS, KAGGLE) for child in children):
        return [place]
    return [child for child in children if NAMED.search(child.name) and (child.is_dir() or _is_archive(child))]


def _is_archive(path: Path) -> bool:
    return path.name.lower().endswith(ARCHIVES)


def _listed(source: Path) -> list[Path]:
    return sorted(file for file in source.rglob("*") if file.is_file()) if source.is_dir() else [source]


def _files(sources: Sequence[Path], wanted: Callable[[str], bool]) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """The names of files, also of those in archives, and what reads each; notes of a Mac's are left out."""
    for source in sources:
        for file in _listed(source):
            if _is_archive(file):
                members = archives.members(file)
                yield from ((member.path.name, member.read) for member in members if wanted(member.path.name))
            elif wanted(file.name):
                yield file.name, file.read_bytes


def _is_picture(name: str) -> bool:
    return name.lower().endswith(PICTURES) and not name.startswith("._")


def _read(sources: Sequence[Path]) -> dict[str, np.ndarray]:
    """All that a copy holds, as arrays: its pictures' files in a row, where each ends, and the rest as JSON."""
    contents = {name: read() for name, read in _files(sources, TEXTS.__contains__)}
    texts = {name: re.split("\r\n|\r|\n", content.decode("utf-8-sig", "replace")) for name, content in contents.items()}
    captions = _captions(texts)
    lists = {split: texts.get(f"Flickr_8k.{name}Images.txt") for split, name in SPLITS.items()}
    note = ""
    if not all(lists.values()):
        lists, note = _own_splits(captions), "a split of our own, for this copy lacks the official lists"
    wanted = {name.strip() for names in lists.values() for name in names or ()} & captions.keys()
    pictures = dict(_whole(sources, wanted))
    if missing := sorted(wanted - pictures.keys()):
        print(f"vistext: Flickr8k without {len(missing)} pictures: {', '.join(missing[:5])} …", file=sys.stderr)
    splits = {
        split: [name for line in names or () if (name := line.strip()) in pictures] for split, names in lists.items()
    }
    if not all(splits.values()):
        raise DamagedDataError(f"this copy of Flickr8k has no pictures with captions in one of its splits: {ADVICE}")
    ordered = [name for split in SPLITS for name in splits[split]]
    rest = {
        "splits": splits,
        "captions": {name: captions[name] for name in ordered},
        "judgments": _judgments(texts.get(EXPERTS, []), captions),
        "note": note,
    }
    return {
        "jpegs": np.concatenate([np.frombuffer(pictures[name], np.uint8) for name in ordered]),
        "ends": np.cumsum([len(pictures[name]) for name in ordered]),
        "rest": np.frombuffer(json.dumps(rest).encode(), np.uint8),
    }


def _captions(texts: dict[str, list[str]]) -> dict[str, list[str]]:
    """What was written about each picture, by its name."""
    found: dict[str, list[str]] = {}
    if CAPTIONS in texts:
        rows = [line.partition("\t")[::2] for line in texts[CAPTIONS] if "\t" in line]
    else:
        rows = [(row[0], row[1]) for row in csv.reader(texts[KAGGLE][1:]) if len(row) == 2]
    for name, caption in rows:
        if caption.strip():
            found.setdefault(name.partition("#")[0].strip(), []).append(caption.strip())
    return found


def _own_splits(captions: dict[str, list[str]]) -> dict[str, list[str] | None]:
    """Three quarters to train with, and an eighth each, by a hash of their names: the same on every machine."""
    order = sorted(captions, key=lambda name: hashlib.sha256(name.encode()).digest())
    eighth = max(1, len(order) // 8)
    return {"train": order[2 * eighth :], "validation": order[:eighth], "test": order[eighth : 2 * eighth]}


def _whole(sources: Sequence[Path], wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """The wanted pictures that can be shown; the others are named."""
    for name, read in _files(sources, _is_picture):
        if name in wanted:
            content = read()
            try:
                images.open_picture(io.BytesIO(content))
            except images.PictureError as error:
                print(f"vistext: passed over: {str(error).replace('the picture', name, 1)}", file=sys.stderr)
            else:
                yield name, content


def _judgments(lines: list[str], captions: dict[str, list[str]]) -> list[tuple]:
    """Of each line a picture's name, the caption that it was shown with, and three scores."""
    found = []
    for line in lines:
        match = re.fullmatch(r"(\S+)\t(\S+)#(\d)\t([1-4])\t([1-4])\t([1-4])\s*", line)
        if match and int(match[3]) < len(captions.get(match[2], ())):
            found.append((match[1], captions[match[2]][int(match[3])], [int(score) for score in match.groups()[3:]]))
    return found


def _from_arrays(arrays: dict[str, np.ndarray], source: str) -> Flickr8k:
    rest = json.loads(arrays["rest"].tobytes())
    ends = arrays["ends"]
    jpegs = [arrays["jpegs"][begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
    splits, first = {}, 0
    for split, names in rest["splits"].items():
        captions = tuple(tuple(rest["captions"][name]) for name in names)
        splits[split] = Split(tuple(names), captions, jpegs[first : first + len(names)])
        first += len(names)
    judgments = tuple(Judgment(name, caption, tuple(scores)) for name, caption, scores in rest["judgments"])
    return Flickr8k(**splits, judgments=judgments, source=source, note=rest["note"])
