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
    content,
    contents,
    kaggle_files,
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
    for name in list(files):
        if name.endswith(("7.png", "3.png")) and name.startswith("train"):
            del files[name]
    fewer = load(as_tar(tmp_path / "fewer.tar.gz", files)).train
    left = {picture.tobytes() for picture in fewer.pictures}
    all_of_them = [picture.tobytes() for picture in load(archive).train.pictures]

    assert len(left) == 40
    assert [picture.tobytes() for picture in fewer.pictures] == [picture for picture in all_of_them if picture in left]


def test_the_order_is_shuffled_so_that_a_part_is_a_fair_sample(tmp_path):
    data = load(as_tar(tmp_path / "c.tar.gz", binary_files(Small(train=40))))

    counts = np.bincount(data.train.labels[:200], minlength=10)

    assert counts.min() >= 8  # 20 are expected of each class, give or take 3
    assert not np.array_equal(data.train.labels, np.sort(data.train.labels))


def test_the_same_picture_under_two_labels_keeps_both_in_a_fixed_order(tmp_path, small):
    small.train[0][:2] = 7
    small.train[1][:2] = [9, 1]
    small.train[1][2:4] = [1, 9]
    one = load(as_tar(tmp_path / "one.tar.gz", binary_files(small)))
    for part in small.train:
        part[:2] = part[:2][::-1]
    other = load(as_tar(tmp_path / "other.tar.gz", binary_files(small)))

    assert same(one, other)
    assert contents(one) == small.truth()


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("pack", [as_folder, as_tar])
def test_a_missing_class_is_named(tmp_path, small, split, pack):
    files = {
        name: data
        for name, data in picture_files(small).items()
        if not name.startswith((f"{split}/cat", f"{split}/ship"))
    }

    with pytest.raises(DamagedDataError, match=f"no {split} picture of: cat, ship"):
        load(pack(tmp_path / "cifar10.tar.gz", files))


@pytest.mark.parametrize("files", [python_files, binary_files])
@pytest.mark.parametrize("batch", [BATCHES[2], BATCHES[5]])
def test_a_missing_batch_is_named(tmp_path, small, files, batch):
    rest = {name: data for name, data in files(small).items() if batch not in name}

    with pytest.raises(DamagedDataError, match=f"lacks {batch}"):
        load(as_folder(tmp_path / "cifar-10", rest))


def without_a_truck(small):
    files = picture_files(small)
    del files[next(name for name in files if name.startswith("train/truck"))]
    return files


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
    "train and val": lambda split, kind: ({"test": "val"}.get(split, split), kind),
    "Train and Validation": lambda split, kind: ({"test": "Validation"}.get(split, "Train"), kind),
    "car and plane": lambda split, kind: (split, {"automobile": "Car", "airplane": "plane"}.get(kind, kind)),
}


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("pack", [as_folder, as_tar, as_zip])
def test_folders_may_have_the_other_names_that_are_in_use(tmp_path, small, archive, naming, pack):
    parts = [(*name.split("/"), data) for name, data in picture_files(small).items()]
    files = {"/".join([*NAMINGS[naming](split, kind), file]): data for split, kind, file, data in parts}

    assert same(load(pack(tmp_path / "mine", files)), load(archive))


def test_where_there_are_test_pictures_too_those_for_validation_are_trained_on(tmp_path, small):
    other = Small(1)
    validation = {name.replace("test", "val"): data for name, data in picture_files(other).items() if "test" in name}
    data = load(as_folder(tmp_path / "cifar10", picture_files(small) | validation))

    assert content(data.test) == small.truth()[1]
    assert content(data.train) == sorted(small.truth()[0] + other.truth()[1])


@pytest.mark.parametrize("pack", [as_folder, as_tar, as_zip])
@pytest.mark.parametrize("top", ["", "cifar-10/"])
def test_kaggles_labelled_pictures_become_both_splits_and_every_figure_says_so(tmp_path, small, pack, top):
    files = kaggle_files(small, top if pack is not as_folder else "")
    data = load(pack(tmp_path / "cifar-10", files))

    assert sorted(content(data.train) + content(data.test)) == small.truth()[0]
    assert np.bincount(data.test.labels).tolist() == [1] * 10  # a fifth of each class
    assert "Kaggle" in data.note
    assert data.stand_in
    assert load(tmp_path / "cifar-10").note == data.note  # also from what is kept


def test_of_kaggles_pictures_the_same_are_set_aside_whatever_their_numbers_and_none_for_testing_read(tmp_path, small):
    files = kaggle_files(small) | {f"test/{number}.png": b"no picture" for number in range(1, 21)}
    first = load(as_folder(tmp_path / "cifar-10", files))
    small.train = small.train[0][::-1], small.train[1][::-1]

    assert same(load(as_tar(tmp_path / "cifar-10.tar.gz", kaggle_files(small))), first)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trainLabels.csv": None}, "lacks trainLabels.csv"),
        ({"trainLabels.csv": b"id,label\n1,zebra\n"}, r"one of the ten classes: \[\['1', 'zebra'\]\]"),
        ({"trainLabels.csv": b"id,label\n"}, "a line is to be the number of a picture"),
        ({"train/7.png": None}, r"of 1 numbers \(7, ...\) there is only a picture or only a line in trainLabels.csv"),
        ({"train/51.png": b"..."}, r"of 1 numbers \(51, ...\)"),
    ],
)
@pytest.mark.parametrize("pack", [as_folder, as_zip])
def test_half_of_kaggles_competition_is_refused_with_what_is_missing(tmp_path, small, change, message, pack):
    files = {name: data for name, data in (kaggle_files(small) | change).items() if data is not None}
    if "train/51.png" in files:
        files["train/51.png"] = files["train/1.png"]

    with pytest.raises(DamagedDataError, match=message):
        load(pack(tmp_path / "cifar-10", files))


@pytest.mark.parametrize("pack", [as_folder, as_zip])
def test_kaggles_pictures_that_are_still_packed_are_named_with_what_to_do(tmp_path, pack):
    packed = {"train.7z": b"7z", "test.7z": b"7z", "trainLabels.csv": b"id,label\n1,cat\n"}

    with pytest.raises(DamagedDataError, match=r"lacks the folder train .*; unpack train.7z there, with 7-Zip"):
        load(pack(tmp_path / "cifar-10.zip", packed))


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
def test_an_archive_cut_anywhere_is_refused_and_nothing_is_kept(tmp_path, small, shape):
    archive = SHAPES[shape](tmp_path, small)
    whole = archive.read_bytes()

    for part in (0.01, 0.5, 0.97, 1):
        archive.write_bytes(whole[: int(part * len(whole)) - 1])
        with pytest.raises(DamagedDataError, match="cut short or damaged"):
            load(archive)
    assert not list((tmp_path / "cache").rglob("*.npy"))


def test_a_damaged_picture_is_named(tmp_path, small):
    files = picture_files(small)
    name = next(name for name in files if name.startswith("test/frog"))
    files[name] = files[name][:200]

    with pytest.raises(DamagedDataError, match=f"{name}: .*cut short or damaged"):
        load(as_folder(tmp_path / "cifar10", files))


def test_own_pictures_of_any_size_and_kind_become_32_by_32(tmp_path):
    folder = tmp_path / "cifar10-own"
    for split in ("train", "test"):
        for index, name in enumerate(NAMES):
            (folder / split / name).mkdir(parents=True)
            size, mode = (48 + index, 40), ("L" if index % 2 else "RGB")
            ending = ("png", "jpg", "webp", "JPEG")[index % 4]
            Image.new(mode, size, 20 * index if mode == "L" else (20 * index,) * 3).save(
                folder / split / name / f"own.{ending}"
            )
        as_folder(
            folder, {f"{split}/cat/.DS_Store": b"x", f"{split}/cat/._own.png": b"x", f"{split}/cat/notes.txt": b"x"}
        )

    data = load(folder)

    assert data.train.pictures.shape == (10, 32, 32, 3)
    for picture, label in zip(data.train.pictures, data.train.labels, strict=True):
        assert np.abs(picture.astype(int) - 20 * label).max() <= 3
