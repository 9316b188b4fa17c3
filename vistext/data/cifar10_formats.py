"""The layouts in which CIFAR-10 is distributed, read into the same arrays.

Archives or folders of pictures (`train/<class>/*.png`), the official pickled batches, of which Keras keeps a copy, and
the official binary batches. Pictures are ordered by a keyed hash of their pixels: as good as a shuffle by a fixed seed,
and independent of the order in which they were stored.
"""

import hashlib
import io
import os
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from vistext.data import archives, images
from vistext.data.download import DamagedDataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CLASS_NUMBERS = {str(label): label for label in range(10)} | {"plane": 0, "aeroplane": 0, "car": 1}
CLASS_NUMBERS |= {name: label for label, name in enumerate(CLASSES)}
PICTURES, PICKLES, BINARY = "pictures in class folders", "pickled batches", "binary batches"
SPLITS = {"train": 5_000, "test": 1_000}  # with the full number of pictures of each class
SPLIT_NAMES = {"train": "train", "training": "train"}
SPLIT_NAMES |= dict.fromkeys(("test", "testing", "val", "valid", "validation"), "test")
PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
NAME_LISTS = {"batches.meta": PICKLES, "batches.meta.txt": BINARY}
FULL_BATCH = 10_000
ORDER = b"vistext 1"  # the seed of the order


def layout_of(path: PurePosixPath) -> str | None:
    """The layout that a file belongs to, by its place in the folder or archive."""
    if any(part.startswith((".", "__MACOSX")) for part in path.parts):
        return None
    if path.name in NAME_LISTS:
        return NAME_LISTS[path.name]
    if path.stem in BATCHES:
        return {"": PICKLES, ".bin": BINARY}.get(path.suffix)
    *_, split, kind = ("", "", *(part.casefold() for part in path.parts[:-1]))
    is_picture = path.suffix.lower() in PICTURE_ENDINGS
    return PICTURES if is_picture and split in SPLIT_NAMES and kind not in SPLIT_NAMES else None


def files(copy: Path, layout: str) -> list[str]:
    """The files of a copy that are read; as strings, for there may be 60,000, and each load asks for their times."""
    if copy.is_file():
        return [str(copy)]
    entries = list(os.scandir(copy))
    if layout != PICTURES:
        return [entry.path for entry in entries if layout_of(PurePosixPath(entry.name)) == layout and entry.is_file()]
    splits = [entry for entry in entries if entry.name.casefold() in SPLIT_NAMES and entry.is_dir()]
    kinds = [entry for split in splits for entry in os.scandir(split) if entry.is_dir()]
    names = [(entry.name, entry.path) for kind in kinds for entry in os.scandir(kind)]
    # As in layout_of, which would take a second for all of them.
    return [path for name, path in names if name[0] != "." and name.lower().endswith(PICTURE_ENDINGS)]


def check(copy: Path, layout: str) -> None:
    """Raise DamagedDataError if names and sizes of a copy's files show damage; what they do not show, `read` finds."""
    if copy.is_file() and not zipfile.is_zipfile(copy):
        return archives.check_end(copy)  # only reading would give its names
    if copy.is_file():
        sizes = {str(file.path): file.size for file in archives.members(copy) if layout_of(file.path) == layout}
    else:
        size_of = (lambda file: 0) if layout == PICTURES else os.path.getsize  # of 60,000 it would take a second
        sizes = {_inside(copy, file): size_of(file) for file in files(copy, layout)}
    if layout != PICTURES:
        record = {PICKLES: 3072, BINARY: 3073}[layout]  # bytes; a pickle has some more, and the names of files
        batches = {PurePosixPath(name).stem: size // record for name, size in sizes.items()}
        return _check_batches(copy, {name: min(batches[name], FULL_BATCH) for name in BATCHES if name in batches})
    labels: dict[str, list[int]] = {split: [] for split in SPLITS}
    for folder, count in Counter(os.path.dirname(name) for name in sizes).items():
        try:
            split, label = _place(PurePosixPath(folder))
        except ValueError as error:
            raise DamagedDataError(f"{copy}: {error}") from error
        labels[split] += [label] * count
    return _check_classes(copy, labels)


def read(copy: Path, layout: str) -> dict[str, np.ndarray]:
    """All pictures and labels of a copy (an archive or a folder), checked and in order.

    Returns:
        `train_pictures`, `test_pictures`: uint8 [n, 32, 32, 3]; `train_labels`, `test_labels`: int64 [n] in [0, 9].

    Raises:
        DamagedDataError: cut short, altered, unsafe, or a class or a batch is missing.
    """
    from tqdm.auto import tqdm

    read_one = {PICTURES: _picture, PICKLES: _pickled_batch, BINARY: _binary_batch}[layout]
    pixels = {split: bytearray() for split in SPLITS}
    labels: dict[str, list[int]] = {split: [] for split in SPLITS}
    batches: dict[str, int] = {}
    total = 60_000 if layout == PICTURES else len(BATCHES)
    for path, content in tqdm(_entries(copy, layout), "CIFAR-10, first load", total, leave=False, delay=1, unit="file"):
        try:
            if path.name in NAME_LISTS:
                _check_names(path, content)
                continue
            if layout != PICTURES and path.stem in batches:
                raise ValueError("it is there twice")
            split, its_pixels, its_labels = read_one(path, content)
        except (ValueError, TypeError) as error:
            raise DamagedDataError(f"{copy}: {path}: {error}") from error
        batches[path.stem] = len(its_labels)
        pixels[split] += its_pixels
        labels[split] += its_labels
    if layout != PICTURES:
        _check_batches(copy, batches)
    _check_classes(copy, labels)
    arrays = {}
    for split in SPLITS:
        arrays[f"{split}_pictures"], arrays[f"{split}_labels"] = _arranged(pixels[split], labels[split])
    return arrays


def _entries(copy: Path, layout: str) -> Iterator[tuple[PurePosixPath, bytes]]:
    if copy.is_file():
        yield from ((file.path, file.read()) for file in archives.members(copy) if layout_of(file.path) == layout)
    else:
        yield from ((PurePosixPath(_inside(copy, file)), Path(file).read_bytes()) for file in files(copy, layout))


def _inside(copy: Path, file: str) -> str:
    return file[len(str(copy)) :].replace(os.sep, "/").lstrip("/")


def _place(folder: PurePosixPath) -> tuple[str, int]:
    """The split and the label of the pictures in a folder."""
    split, name = folder.parts[-2:]
    if name.casefold() not in CLASS_NUMBERS:
        raise ValueError(f"{name!r} is none of the ten classes ({', '.join(CLASSES)}); remove or rename the folder")
    return SPLIT_NAMES[split.casefold()], CLASS_NUMBERS[name.casefold()]


def _picture(path: PurePosixPath, content: bytes) -> tuple[str, bytes, list[int]]:
    split, label = _place(path.parent)
    if content.startswith(b"\x89PNG"):
        # The common case, without the care that a stranger's picture needs: half the time of a first load.
        try:
            with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
                if image.mode == "RGB" and image.size == (32, 32) and not image.info:
                    return split, image.tobytes(), [label]
        except (OSError, SyntaxError, ValueError):
            pass  # the message below is better
    return split, images.center_crop(images.open_picture(io.BytesIO(content)), 32).tobytes(), [label]


def _pickled_batch(path: PurePosixPath, content: bytes) -> tuple[str, bytes, list[int]]:
    batch = _by_name(archives.read_pickle(content))
    if "fine_labels" in batch:
        raise ValueError("this is CIFAR-100; CIFAR-10 is needed")
    rows, labels = batch.get("data"), batch.get("labels")
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != 3072:
        raise ValueError("its 'data' is not an array of uint8 [n, 3072]")
    return _batch(path, rows, labels)


def _binary_batch(path: PurePosixPath, content: bytes) -> tuple[str, bytes, list[int]]:
    if len(content) % 3073:
        raise ValueError(f"its {len(content):,} bytes are not whole records of 3,073; it is cut short")
    records = np.frombuffer(content, np.uint8).reshape(-1, 3073)  # a label, then the pixels
    return _batch(path, records[:, 1:], records[:, 0].tolist())


def _batch(path: PurePosixPath, rows: np.ndarray, labels: object) -> tuple[str, bytes, list[int]]:
    labels = labels.tolist() if isinstance(labels, np.ndarray) else labels
    if not isinstance(labels, list) or len(labels) != len(rows) or not set(labels) <= set(range(len(CLASSES))):
        raise ValueError(f"its labels are not {len(rows):,} whole numbers from 0 to 9")
    split = "test" if path.stem == "test_batch" else "train"
    return split, rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).tobytes(), labels


def _by_name(value: object) -> dict:
    if not isinstance(value, dict):
        raise ValueError("not a pickled dict")
    return {key.decode("latin1") if isinstance(key, bytes) else key: inner for key, inner in value.items()}


def _check_names(path: PurePosixPath, content: bytes) -> None:
    if path.suffix == ".txt":
        names = content.decode("ascii", "replace").split()
    else:
        names = _by_name(archives.read_pickle(content)).get("label_names", [])
        names = [name.decode("latin1") if isinstance(name, bytes) else name for name in names]
    if tuple(names) != CLASSES:
        raise ValueError(f"the labels stand for {names}, where {list(CLASSES)} is expected")


def _check_batches(copy: Path, sizes: dict[str, int]) -> None:
    missing = [name for name in BATCHES if name not in sizes]
    if missing:
        raise DamagedDataError(f"{copy} lacks {', '.join(missing)}; unpack or download it again")
    cut = [f"{name} ({size:,})" for name, size in sizes.items() if size != FULL_BATCH]
    if cut and FULL_BATCH in sizes.values():
        raise DamagedDataError(f"{copy}: of {FULL_BATCH:,} pictures each, some are missing in {', '.join(cut)}")


def _check_classes(copy: Path, labels: dict[str, list[int]]) -> None:
    for split, full in SPLITS.items():
        counts = Counter(labels[split])
        if missing := [name for label, name in enumerate(CLASSES) if not counts[label]]:
            raise DamagedDataError(f"{copy} has no {split} picture of: {', '.join(missing)}; all ten are needed")
        # A copy in which one class has its full number is meant to be the whole data set.
        uneven = [f"{CLASSES[label]} {count:,}" for label, count in sorted(counts.items()) if count != full]
        if uneven and full in counts.values():
            raise DamagedDataError(
                f"{copy}: of {full:,} {split} pictures of each class there are {', '.join(uneven)}; "
                "unpack or download it again"
            )


def _arranged(pixels: bytearray, labels: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """In the order of a keyed hash of the pixels (and of the label, where two pictures are the same)."""
    rows = memoryview(pixels)
    keys = [
        (hashlib.blake2b(rows[3072 * index : 3072 * (index + 1)], digest_size=16, key=ORDER).digest(), label)
        for index, label in enumerate(labels)
    ]
    order = sorted(range(len(labels)), key=keys.__getitem__)
    return np.frombuffer(pixels, np.uint8).reshape(-1, 32, 32, 3)[order], np.array(labels, np.int64)[order]
