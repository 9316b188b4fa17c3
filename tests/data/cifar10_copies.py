"""Small CIFAR-10s in every shape in which the real one is passed around, written without the code that reads them."""

import io
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
BATCHES = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"]


class Small:
    """Random pictures with labels: 5 training pictures and 2 test pictures of each class, in mixed order.

    Attributes:
        train, test: pairs of uint8 [n, 32, 32, 3] and a list of n labels.
    """

    def __init__(self, seed=0, train=5, test=2):
        random = np.random.default_rng(seed)
        self.train = self.split(random, train)
        self.test = self.split(random, test)

    @staticmethod
    def split(random, each):
        pictures = random.integers(0, 256, (10 * each, 32, 32, 3), dtype=np.uint8)
        return pictures, random.permutation(np.repeat(np.arange(10), each)).tolist()

    def truth(self):
        """What must come out of any shape, whatever the order: all (pixels, label) of both splits."""
        return [
            sorted(zip((p.tobytes() for p in pictures), labels, strict=True))
            for pictures, labels in (self.train, self.test)
        ]

    def batches(self):
        """(name, uint8 [n, 3072] with all red, then all green, then all blue, labels) of each official batch."""
        parts = zip(np.array_split(self.train[0], 5), np.array_split(self.train[1], 5), strict=True)
        for name, (pictures, labels) in zip(BATCHES, [*parts, self.test], strict=True):
            rows = np.concatenate([pictures[..., channel].reshape(len(pictures), 1024) for channel in range(3)], axis=1)
            yield name, rows, [int(label) for label in labels]


def png(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def picture_files(small, top=""):
    files = {}
    for split, (pictures, labels) in (("train", small.train), ("test", small.test)):
        for index, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
            files[f"{top}{split}/{NAMES[label]}/picture_{index:06}.png"] = png(picture)
    return files


def python_files(small, top="cifar-10-batches-py/", protocol=2):
    files = {}
    for name, rows, labels in small.batches():
        batch = {
            b"batch_label": name.encode(),
            b"labels": labels,
            b"data": rows,
            b"filenames": [b"a.png"] * len(labels),
        }
        files[top + name] = pickle.dumps(batch, protocol)
    meta = {b"num_cases_per_batch": 10, b"label_names": [name.encode() for name in NAMES], b"num_vis": 3072}
    return files | {f"{top}batches.meta": pickle.dumps(meta, protocol), f"{top}readme.html": b"<meta>"}


def python_2_files(small, top="cifar-10-batches-py/"):
    """As the official ones were written in 2009, opcode by opcode: Python 2 strings, an old NumPy, 8-bit integers."""

    def text(value):
        return b"T" + struct.pack("<I", len(value)) + value

    def number(value):
        return b"K" + bytes([value])

    files = {}
    for name, rows, labels in small.batches():
        kind = b"cnumpy\ndtype\n" + text(b"u1") + number(0) + number(1) + b"\x87R"
        kind += b"(" + number(3) + text(b"|") + b"NNN" + (b"J" + struct.pack("<i", -1)) * 2 + number(0) + b"tb"
        array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + number(0) + b"\x85" + text(b"b") + b"\x87R"
        shape = number(len(rows)) + b"M" + struct.pack("<H", 3072) + b"\x86"
        array += b"(" + number(1) + shape + kind + b"\x89" + text(rows.tobytes()) + b"tb"
        label_list = b"](" + b"".join(map(number, labels)) + b"e"
        items = text(b"data") + array + text(b"labels") + label_list + text(b"batch_label") + text(name.encode())
        files[top + name] = b"\x80\x02}(" + items + b"u."
    return files


def binary_files(small, top="cifar-10-batches-bin/"):
    files = {f"{top}batches.meta.txt": "\n".join([*NAMES, "", ""]).encode()}
    for name, rows, labels in small.batches():
        files[f"{top}{name}.bin"] = b"".join(
            bytes([label]) + row.tobytes() for row, label in zip(rows, labels, strict=True)
        )
    return files


def as_folder(path, files):
    for name, content in files.items():
        file = Path(path) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return Path(path)


def as_tar(path, files, *more, mode="w:gz"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in more:
            archive.addfile(member)
    return path


def as_zip(path, files, compression=zipfile.ZIP_STORED):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def contents(data):
    """All (pixels, label) of both splits, sorted, to be compared with the truth of a `Small`."""
    return [
        sorted(zip((picture.tobytes() for picture in split.pictures), split.labels.tolist(), strict=True))
        for split in (data.train, data.test)
    ]


def same(one, other):
    arrays = [(data.train.pictures, data.train.labels, data.test.pictures, data.test.labels) for data in (one, other)]
    return all(map(np.array_equal, *arrays))


SHAPES = {
    "picture folder": lambda at, small: as_folder(at / "cifar10", picture_files(small)),
    "picture folder, one level down": lambda at, small: as_folder(at / "cifar10", picture_files(small, "inner/")),
    "picture .tar.gz": lambda at, small: as_tar(at / "cifar10-png.tar.gz", picture_files(small)),
    "picture .tar.gz, one level down": lambda at, small: as_tar(at / "cifar10.tgz", picture_files(small, "cifar10/")),
    "picture .zip": lambda at, small: as_zip(at / "CIFAR-10 images.zip", picture_files(small)),
    "python .tar.gz": lambda at, small: as_tar(at / "cifar-10-python.tar.gz", python_files(small)),
    "python .tar.gz as of 2009": lambda at, small: as_tar(at / "cifar-10-python.tar.gz", python_2_files(small)),
    "python .tar.gz, newest pickles": lambda at, small: as_tar(at / "cifar10.tar.gz", python_files(small, protocol=5)),
    "python folder": lambda at, small: as_folder(at, python_files(small)) / "cifar-10-batches-py",
    "binary .tar.gz": lambda at, small: as_tar(at / "cifar-10-binary.tar.gz", binary_files(small)),
    "binary folder": lambda at, small: as_folder(at, binary_files(small)) / "cifar-10-batches-bin",
}
