"""The layouts in which CIFAR-10 is distributed, read into the same arrays.

Archives or folders of pictures (`train/<class>/*.png`), the official pickled batches, of which Keras keeps a copy, the
official binary batches, and Kaggle's competition (`train/1.png`, `trainLabels.csv`), where test pictures have no
labels. Pictures are ordered by a keyed hash of their pixels: as good as a shuffle by a fixed seed, and independent of
the order in which they were stored.
"""

import csv
import hashlib
import io
import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from vistext.data import archives, images
from vistext.data.download import DamagedDataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CLASS_NUMBERS = {str(label): label for label in range(10)} | {"plane": 0, "aeroplane": 0, "car": 1}
CLASS_NUMBERS |= {name: label for label, name in enumerate(CLASSES)}
PICTURES, PICKLES, BINARY = "pictures in class folders", "pickled batches", "binary batches"
KAGGLE = "pictures of Kaggle's competition"
SPLITS = {"train": 5_000, "test": 1_000}  # with the full number of pictures of each class
SPLIT_NAMES = {"train": "train", "training": "train", "test": "test", "testing": "test"}
SPARE = "val"
SPLIT_NAMES |= dict.fromkeys(("val", "valid", "validation"), SPARE)
LABELS, PACKED = "trainLabels.csv", "train.7z"  # of Kaggle's
PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
NAME_LISTS = ("batches.meta", "batches.meta.txt")
FULL_BATCH = 10_000
ORDER = b"vistext 1"  # the seed of the order


def layout_of(path: PurePosixPath) -> str | None:
    """The layout that a file belongs to, by its place in the folder or archive."""
    if any(part.startswith((".", "__MACOSX")) for part in path.parts):
        return None
    layout = {LABELS: KAGGLE, PACKED: KAGGLE, "batches.meta": PICKLES, "batches.meta.txt": BINARY}.get(path.name)
    if layout is None and path.stem in BATCHES:
        layout = {"": PICKLES, ".bin": BINARY}.get(path.suffix)
    if layout is None and path.suffix.lower() in PICTURE_ENDINGS:
        *_, above, folder = ("", "", *(part.casefold() for part in path.parts[:-1]))
        if SPLIT_NAMES.get(folder) == "train" and path.stem.isdecimal():
            layout = KAGGLE
        elif above in SPLIT_NAMES and folder not in SPLIT_NAMES:
            layout = PICTURES
    return layout


def files(copy: Path, layout: str) -> list[str]:
    """The files of a copy that are read; as strings, for there may be 60,000, and each load asks for their times."""
    if copy.is_file():
        return [str(copy)]
    entries = list(os.scandir(copy))
    found = [entry.path for entry in entries if layout_of(PurePosixPath(entry.name)) == layout and entry.is_file()]
    wanted = {PICTURES: (*SPLITS, SPARE), KAGGLE: ("train",)}.get(layout, ())
    folders = [entry for entry in entries if SPLIT_NAMES.get(entry.name.casefold()) in wanted and entry.is_dir()]
    if layout == PICTURES:
        folders = [entry for folder in folders for entry in os.scandir(folder) if entry.is_dir()]
    for name, path in ((entry.name, entry.path) for folder in folders for entry in os.scandir(folder)):
        # As in layout_of, which would take a second for all of them.
        stem, ending = os.path.splitext(name)
        if ending.lower() in PICTURE_ENDINGS and stem[0] != "." and (layout == PICTURES or stem.isdecimal()):
            found.append(path)
    return found


def check(copy: Path, layout: str) -> None:
    """Raise DamagedDataError if names and sizes of a copy's files show damage; what they do not show, `read` finds."""
    if copy.is_file() and not zipfile.is_zipfile(copy):
        return archives.check_end(copy)  # only reading would give its names
    if copy.is_file():
        sizes = {str(path): size for path, size in archives.names(copy) if layout_of(path) == layout}
    else:
        sized = os.path.getsize if layout in (PICKLES, BINARY) else len
        sizes = {_inside(copy, file): sized(file) for file in files(copy, layout)}
    try:
        if layout == KAGGLE:
            return _check_numbers(copy, sizes)
        if layout == PICTURES:
            labels: dict[str, list[int]] = {split: [] for split in (*SPLITS, SPARE)}
            for folder, count in Counter(os.path.dirname(name) for name in sizes).items():
                split, label = _place(PurePosixPath(folder))
                labels[split] += [label] * count
            return _check_classes(copy, _with_spare(labels))
    except ValueError as error:
        raise error if isinstance(error, DamagedDataError) else DamagedDataError(f"{copy}: {error}") from error
    record = {PICKLES: 3072, BINARY: 3073}[layout]  # bytes; a pickle has some more, and the names of files
    batches = {PurePosixPath(name).stem: size // record for name, size in sizes.items()}
    return _check_batches(copy, {name: min(batches[name], FULL_BATCH) for name in BATCHES if name in batches})


def read(copy: Path, layout: str) -> dict[str, np.ndarray]:
    """All pictures and labels of a copy (an archive or a folder), checked and in order.

    Returns:
        `train_pictures`, `test_pictures`: uint8 [n, 32, 32, 3]; `train_labels`, `test_labels`: int64 [n] in [0, 9].

    Raises:
        DamagedDataError: cut short, altered, unsafe, or a class or a batch is missing.
    """
    from tqdm.auto import tqdm

    read_one = {PICTURES: _picture, KAGGLE: _numbered_picture, PICKLES: _pickled_batch, BINARY: _binary_batch}[layout]
    pixels = {split: bytearray() for split in (*SPLITS, SPARE)}
    labels: dict[str, list[int]] = {split: [] for split in pixels}
    batches: dict[str, int] = {}
    label_of: dict[int, int] = {}
    total = {PICTURES: 60_000, KAGGLE: 50_000}.get(layout, len(BATCHES))
    for path, content in tqdm(_entries(copy, layout), "CIFAR-10, first load", total, leave=False, delay=1, unit="file"):
        try:
            if path.name in NAME_LISTS:
                _check_names(path, content)
            elif path.name == LABELS:
                label_of = _labels_by_number(content)
            elif path.name != PACKED:
                split, its_pixels, its_labels = read_one(path, content)
                if layout in (PICKLES, BINARY) and path.stem in batches:
                    raise ValueError("it is there twice")
                batches[path.stem] = len(its_labels)
                pixels[split] += its_pixels
                labels[split] += its_labels
        except (ValueError, TypeError) as error:
            raise DamagedDataError(f"{copy}: {path}: {error}") from error
    if layout == KAGGLE:
        return _divided(copy, pixels["train"], labels["train"], label_of)
    if layout != PICTURES:
        _check_batches(copy, batches)
    split_pixels, split_labels = _with_spare(pixels), _with_spare(labels)
    _check_classes(copy, split_labels)
    arrays = {}
    for split in SPLITS:
        arrays[f"{split}_pictures"], arrays[f"{split}_labels"] = _arranged(split_pixels[split], split_labels[split])
    return arrays


def _entries(copy: Path, layout: str) -> Iterator[tuple[PurePosixPath, bytes]]:
    if copy.is_file():
        yield from archives.members(copy, wanted=lambda path: layout_of(path) == layout)
    else:
        for file in files(copy, layout):
            yield PurePosixPath(_inside(copy, file)), Path(file).read_bytes()


def _inside(copy: Path, file: str) -> str:
    return file[len(str(copy)) :].replace(os.sep, "/").lstrip("/")


def _place(folder: PurePosixPath) -> tuple[str, int]:
    """The split and the label of the pictures in a folder."""
    split, name = folder.parts[-2:]
    if name.casefold() not in CLASS_NUMBERS:
        raise ValueError(f"{name!r} is none of the ten classes ({', '.join(CLASSES)}); remove or rename the folder")
    return SPLIT_NAMES[split.casefold()], CLASS_NUMBERS[name.casefold()]


def _with_spare(parts: dict) -> dict:
    """The validation part becomes the test split where there is none, and else part of the training split."""
    spare = "train" if parts["test"] else "test"
    return {split: parts[split] + (parts[SPARE] if split == spare else type(parts[split])()) for split in SPLITS}


def _picture(path: PurePosixPath, content: bytes) -> tuple[str, bytes, list[int]]:
    split, label = _place(path.parent)
    return split, _pixels(content), [label]


def _numbered_picture(path: PurePosixPath, content: bytes) -> tuple[str, bytes, list[int]]:
    return "train", _pixels(content), [int(path.stem)]


def _pixels(content: bytes) -> bytes:
    if content.startswith(b"\x89PNG"):
        # The common case, without the care that a stranger's picture needs: half the time of a first load.
        try:
            with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
                if image.mode == "RGB" and image.size == (32, 32) and not image.info:
                    return image.tobytes()
        except (OSError, SyntaxError, ValueError):
            pass  # the message below is better
    return images.center_crop(images.open_picture(io.BytesIO(content)), 32).tobytes()


def _labels_by_number(content: bytes) -> dict[int, int]:
    """The label of each picture's number in Kaggle's trainLabels.csv."""
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))[1:]
    unknown = [row for row in rows if len(row) != 2 or not row[0].isdecimal() or row[1].casefold() not in CLASS_NUMBERS]
    if unknown or not rows:
        raise ValueError(f"a line is to be the number of a picture, a comma and one of the ten classes: {unknown[:1]}")
    return {int(number): CLASS_NUMBERS[name.casefold()] for number, name in rows}


def _check_numbers(copy: Path, names: Iterable[str]) -> None:
    paths = {PurePosixPath(name).name: name for name in names}
    numbers = {int(name.partition(".")[0]) for name in paths.keys() - {LABELS, PACKED}}
    if not numbers:
        remedy = f"unpack {PACKED} there, with 7-Zip" if PACKED in paths else "unpack or download it again"
        raise DamagedDataError(f"{copy} lacks the folder train with the pictures of Kaggle's competition; {remedy}")
    if LABELS not in paths:
        raise DamagedDataError(f"{copy} lacks {LABELS}, which says what Kaggle's pictures in train show")
    if copy.is_dir():
        _check_all_there(copy, numbers, _labels_by_number((copy / paths[LABELS]).read_bytes()))


def _check_all_there(copy: Path, numbers: Iterable[int], label_of: dict[int, int]) -> None:
    missing = label_of.keys() ^ set(numbers)
    if missing:
        some = ", ".join(map(str, sorted(missing)[:3]))
        raise DamagedDataError(
            f"{copy}: of {len(missing):,} numbers ({some}, ...) there is only a picture or only a line in {LABELS}; "
            "unpack or download it again"
        )


def _divided(copy: Path, pixels: bytearray, numbers: list[int], label_of: dict[int, int]) -> dict[str, np.ndarray]:
    """Kaggle's training pictures, of which the first fifth of each class, in our order, becomes the test split."""
    _check_all_there(copy, numbers, label_of)
    rows, labels = _arranged(pixels, [label_of[number] for number in numbers])
    test = np.zeros(len(labels), bool)
    for label in range(len(CLASSES)):
        of_class = np.flatnonzero(labels == label)
        test[of_class[: len(of_class) // 5]] = True
    parts = {"train": ~test, "test": test}
    _check_classes(copy, {split: labels[part].tolist() for split, part in parts.items()})
    arrays = {f"{split}_pictures": rows[part] for split, part in parts.items()}
    return arrays | {f"{split}_labels": labels[part] for split, part in parts.items()}


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
