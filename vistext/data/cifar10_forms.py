"""The shapes in which CIFAR-10 is passed around, read into the same arrays.

Archives or folders of pictures (`train/<class>/*.png`), the official pickled batches, of which Keras keeps a copy, and
the official binary batches. Pictures are put into the order of a keyed hash of their pixels. That is as good as a
shuffle by a fixed seed, and does not depend on the order in which they were stored.
"""

import hashlib
import io
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from vistext.data import archives, pictures
from vistext.data.sources import DamagedDataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PICTURES, PICKLES, BINARY = "pictures in class folders", "pickled batches", "binary batches"
SPLITS = {"train": 5_000, "test": 1_000}  # with the full number of pictures of each class
PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
NAME_LISTS = ("batches.meta", "batches.meta.txt")
FULL_BATCH = 10_000
ORDER = b"vistext 1"  # the seed of the order


def form_of(path: PurePosixPath) -> str | None:
    """The form that a file is a part of, by its place in the folder or archive."""
    if any(part.startswith((".", "__MACOSX")) for part in path.parts):
        return None
    if path.name in BATCHES:
        return PICKLES
    if path.suffix == ".bin" and path.stem in BATCHES:
        return BINARY
    in_class = len(path.parts) >= 3 and path.parts[-3] in SPLITS
    return PICTURES if in_class and path.suffix.lower() in PICTURE_ENDINGS else None


def files(copy: Path, form: str) -> list[str]:
    """The files of a copy that are read; as strings, for there may be 60,000, and each load asks for their times."""
    if copy.is_file():
        return [str(copy)]
    if form == PICTURES:
        splits = [copy / split for split in SPLITS if (copy / split).is_dir()]
        classes = [entry.path for split in splits for entry in os.scandir(split) if entry.is_dir()]
        return [entry.path for folder in classes for entry in os.scandir(folder) if entry.is_file()]
    ending = ".bin" if form == BINARY else ""
    named = [str(copy / name) for name in (*(f"{batch}{ending}" for batch in BATCHES), *NAME_LISTS)]
    return [file for file in named if os.path.isfile(file)]


def read(copy: Path, form: str) -> dict[str, np.ndarray]:
    """All pictures and labels of a copy, checked and in order.

    Args:
        copy: an archive or a folder.
        form: PICTURES, PICKLES or BINARY.

    Returns:
        `train_pictures`, `test_pictures`: uint8 [n, 32, 32, 3]; `train_labels`, `test_labels`: int64 [n] in [0, 9].

    Raises:
        DamagedDataError: cut short, altered, unsafe, or a class or a batch is missing.
    """
    from tqdm.auto import tqdm

    read_one = {PICTURES: _picture, PICKLES: _pickled_batch, BINARY: _binary_batch}[form]
    pixels = {split: bytearray() for split in SPLITS}
    labels = {split: [] for split in SPLITS}
    batches = {}
    total = 60_000 if form == PICTURES else len(BATCHES)
    for path, content in tqdm(_entries(copy, form), "CIFAR-10, first load", total, leave=False, delay=1, unit="file"):
        try:
            if path.name in NAME_LISTS:
                _check_names(path, content)
            if form_of(path) != form:
                continue
            split, its_pixels, its_labels = read_one(path, content)
            if form != PICTURES and path.stem in batches:
                raise ValueError("it is there twice")
        except (ValueError, TypeError) as error:
            raise DamagedDataError(f"{copy}: {path}: {error}") from error
        pixels[split] += its_pixels
        labels[split] += its_labels
        if form != PICTURES:
            batches[path.stem] = len(its_labels)
    if form != PICTURES:
        _check_batches(copy, batches)
    arrays = {}
    for split in SPLITS:
        _check_classes(copy, split, labels[split])
        arrays[f"{split}_pictures"], arrays[f"{split}_labels"] = _arranged(pixels[split], labels[split])
    return arrays


def _entries(copy: Path, form: str) -> Iterator[tuple[PurePosixPath, bytes]]:
    if copy.is_file():
        yield from archives.members(copy)
    else:
        for file in files(copy, form):
            yield PurePosixPath(Path(file).relative_to(copy).as_posix()), Path(file).read_bytes()


def _picture(path: PurePosixPath, content: bytes) -> tuple[str, bytes, list[int]]:
    split, name = path.parts[-3:-1]
    if name not in CLASSES:
        raise ValueError(f"{name!r} is none of the ten classes ({', '.join(CLASSES)}); remove or rename the folder")
    if content.startswith(b"\x89PNG"):
        # The common case, without the care that a stranger's picture needs: half the time of a first load.
        try:
            with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
                if image.mode == "RGB" and image.size == (32, 32) and not image.info:
                    return split, image.tobytes(), [CLASSES.index(name)]
        except (OSError, SyntaxError, ValueError):
            pass  # said better below
    picture = pictures.square(pictures.open_picture(io.BytesIO(content)), 32)
    return split, picture.tobytes(), [CLASSES.index(name)]


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


def _check_classes(copy: Path, split: str, labels: list[int]) -> None:
    counts = Counter(labels)
    missing = [name for label, name in enumerate(CLASSES) if not counts[label]]
    if missing:
        raise DamagedDataError(f"{copy} has no {split} picture of: {', '.join(missing)}; all ten classes are needed")
    # A copy in which one class has its full number is meant to be the whole data set.
    uneven = [f"{CLASSES[label]} {count:,}" for label, count in sorted(counts.items()) if count != SPLITS[split]]
    if uneven and SPLITS[split] in counts.values():
        raise DamagedDataError(
            f"{copy}: of {SPLITS[split]:,} {split} pictures of each class there are {', '.join(uneven)}; "
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
