"""The order of the pictures, and what is said of a copy that is cut, incomplete, malicious or of something else."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from cifar10_copies import (
    BATCHES,
    NAMES,
    SHAPES,
    Small,
    as_folder,
    as_tar,
    as_zip,
    binary_files,
    contents,
    picture_files,
    python_files,
    same,
)
from PIL import Image

from vistext.data import cifar10_formats
from vistext.data.cifar10 import load
from vistext.data.download import DamagedDataError


def test_the_order_does_not_depend_on_names_or_on_the_order_of_storage(tmp_path, small, archive):
    files = list(picture_files(small).items())
    renamed = {f"{Path(name).parent}/{index:04}.png": data for index, (name, data) in enumerate(reversed(files))}

    assert same(load(as_tar(tmp_path / "renamed.tar.gz", renamed)), load(archive))


def test_the_order_of_pictures_stays_when_others_are_left_out(tmp_path, small, archive):
    """So that results on a part of the data can be compared with results on all of it."""
    files = picture_files(small)
    fewer = {name: data for name, data in files.items() if not name.startswith("train") or name[-5] not in "37"}
    found = [picture.tobytes() for picture in load(as_tar(tmp_path / "fewer.tar.gz", fewer)).train.pictures]

    assert len(found) == 40
    assert found == [each.tobytes() for each in load(archive).train.pictures if each.tobytes() in set(found)]


def test_the_order_is_shuffled_so_that_a_part_is_a_fair_sample(tmp_path):
    data = load(as_tar(tmp_path / "c.tar.gz", binary_files(Small(train=40))))

    counts = np.bincount(data.train.labels[:200], minlength=10)

    assert counts.min() >= 8  # 20 are expected of each class, give or take 3
    assert not np.array_equal(data.train.labels, np.sort(data.train.labels))


def test_the_same_picture_under_two_labels_stays_twice_in_a_fixed_order(tmp_path, small):
    small.train[0][:2] = 7
    small.train[1][:2] = [9, 1]
    small.train[1][2:4] = [1, 9]
    one = load(as_tar(tmp_path / "one.tar.gz", binary_files(small)))
    for part in small.train:
        part[:2] = part[:2][::-1]
    other = load(as_tar(tmp_path / "other.tar.gz", binary_files(small)))

    assert same(one, other)
    assert contents(one) == small.truth()


@pytest.mark.parametrize(
    ("files", "without", "message"),
    [
        *((picture_files, (f"{s}/cat", f"{s}/ship"), f"no {s} picture of: cat, ship") for s in ("train", "test")),
        *((files, (name,), f"lacks {name}") for files in (python_files, binary_files) for name in BATCHES[2::3]),
    ],
)
@pytest.mark.parametrize("pack", [as_folder, as_tar])
def test_missing_classes_and_batches_are_named(tmp_path, small, pack, *, files, without, message):
    rest = {name: data for name, data in files(small).items() if not any(word in name for word in without)}

    with pytest.raises(DamagedDataError, match=message):
        load(pack(tmp_path / "cifar-10.tar.gz", rest))


def without_a_truck(small):
    files = picture_files(small)
    del files[next(name for name in files if name.startswith("train/truck"))]
    return files


def with_a_cut_frog(small):
    files = picture_files(small)
    name = next(name for name in files if name.startswith("test/frog"))
    return files | {name: files[name][:200]}


def cut_batches(small):
    files = binary_files(small)
    for name, pictures in (("data_batch_4", 8), ("test_batch", 20)):
        files[f"cifar-10-batches-bin/{name}.bin"] = files[f"cifar-10-batches-bin/{name}.bin"][: 3073 * pictures]
    return files


def cut_within_a_picture(small):
    files = binary_files(small)
    files["cifar-10-batches-bin/data_batch_2.bin"] = files["cifar-10-batches-bin/data_batch_2.bin"][:-1]
    return files


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (without_a_truck, "of 5 train pictures of each class there are truck 4;"),
        (cut_batches, r"data_batch_4 \(8\)"),
        (cut_within_a_picture, r"data_batch_2\.bin: its 30,729 bytes are not whole records"),
        (
            lambda small: binary_files(small) | {"cifar-10-batches-bin/batches.meta.txt": b"apple\nbaby\n"},
            r"the labels stand for \['apple', 'baby'\]",
        ),
        (lambda small: picture_files(small) | {"train/zebra/1.png": b""}, "'zebra' is none of the ten classes"),
        (with_a_cut_frog, "test/frog/picture_.*png: .*cut short or damaged"),
    ],
)
def test_a_copy_from_which_something_is_gone_or_in_which_something_is_strange_is_refused(
    tmp_path, small, monkeypatch, files, message
):
    monkeypatch.setattr(cifar10_formats, "SPLITS", {"train": 5, "test": 2})
    monkeypatch.setattr(cifar10_formats, "FULL_BATCH", 10 if files is cut_batches else 10_000)

    with pytest.raises(DamagedDataError, match=message):
        load(as_folder(tmp_path / "cifar-10", files(small)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({b"labels": [0] * 9}, "labels are not 10 whole numbers"),
        ({b"labels": [10] * 10}, "labels are not 10 whole numbers"),
        ({b"labels": [[0]] * 10}, "unhashable"),
        ({b"labels": None}, "labels are not 10 whole numbers"),
        ({b"data": b"no array"}, "'data' is not an array"),
        ({b"data": np.zeros((10, 3071), np.uint8)}, "'data' is not an array"),
        ({b"data": np.zeros((10, 3072), np.int16)}, "'data' is not an array"),
        ({b"fine_labels": [1]}, "CIFAR-100"),
    ],
)
def test_a_batch_that_is_not_what_it_should_be_is_refused(tmp_path, small, change, message):
    files = python_files(small)
    batch = pickle.loads(files["cifar-10-batches-py/data_batch_1"]) | change
    files["cifar-10-batches-py/data_batch_1"] = pickle.dumps(batch, 2)

    with pytest.raises(DamagedDataError, match=f"data_batch_1: .*{message}"):
        load(as_folder(tmp_path / "cifar-10", files))


NAMINGS = {
    "capitals": lambda split, kind: (split.capitalize(), kind.capitalize()),
    "all capitals": lambda split, kind: (split.upper(), kind.upper()),
    "numbers": lambda split, kind: (split, str(NAMES.index(kind))),
    "training and testing": lambda split, kind: (f"{split}ing", kind),
    "Train and Validation": lambda split, kind: ({"test": "Validation"}.get(split, "Train"), kind),
    "car and plane": lambda split, kind: (split, {"automobile": "Car", "airplane": "plane"}.get(kind, kind)),
}


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("pack", [as_folder, as_tar, as_zip])
def test_folders_may_have_the_other_names_that_are_in_use(tmp_path, small, archive, naming, pack):
    parts = [(*name.split("/"), data) for name, data in picture_files(small).items()]
    files = {"/".join([*NAMINGS[naming](split, kind), file]): data for split, kind, file, data in parts}

    assert same(load(pack(tmp_path / "mine", files)), load(archive))


class MakesFolder:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("name", ["data_batch_1", "batches.meta"])
def test_a_malicious_pickle_is_refused_and_never_runs(tmp_path, small, name):
    files = python_files(small)
    files[f"cifar-10-batches-py/{name}"] = pickle.dumps({b"data": MakesFolder(str(tmp_path / "it ran"))}, 2)

    with pytest.raises(DamagedDataError, match=f"{name}: a pickle that is refused: .*it asks for (posix|nt).mkdir"):
        load(as_tar(tmp_path / "cifar-10-python.tar.gz", files))
    assert not (tmp_path / "it ran").exists()


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if "." in shape])
def test_an_archive_cut_anywhere_is_refused_and_nothing_is_cached(tmp_path, small, shape):
    archive = SHAPES[shape](tmp_path, small)
    whole = archive.read_bytes()

    for part in (0.01, 0.5, 0.97, 1):
        archive.write_bytes(whole[: int(part * len(whole)) - 1])
        with pytest.raises(DamagedDataError, match="cut short or damaged"):
            load(archive)
    assert not list((tmp_path / "cache").rglob("*.npy"))


def test_own_pictures_of_any_size_and_kind_become_32_by_32(tmp_path):
    folder = tmp_path / "cifar10-own"
    for split in ("train", "test"):
        for index, name in enumerate(NAMES):
            mode, ending = ("L" if index % 2 else "RGB"), ("png", "jpg", "webp", "JPEG")[index % 4]
            (folder / split / name).mkdir(parents=True)
            picture = Image.new(mode, (48 + index, 40), 20 * index if mode == "L" else (20 * index,) * 3)
            picture.save(folder / split / name / f"own.{ending}")
        as_folder(folder / split / "cat", {".DS_Store": b"x", "._own.png": b"x", "notes.txt": b"x"})

    data = load(folder)

    assert data.train.pictures.shape == (10, 32, 32, 3)
    for picture, label in zip(data.train.pictures, data.train.labels, strict=True):
        assert np.abs(picture.astype(int) - 20 * label).max() <= 3
