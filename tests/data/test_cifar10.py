"""However CIFAR-10 comes, the same arrays come out, or a clear error."""

import dataclasses
import errno
import hashlib
import importlib.util
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cifar10_copies import (
    BATCHES,
    NAMES,
    Small,
    as_folder,
    as_tar,
    as_zip,
    binary_files,
    picture_files,
    png,
    python_2_files,
    python_files,
)
from PIL import Image

from vistext.data import cifar10, cifar10_forms, kept, sources
from vistext.data.cifar10 import CLASSES, find, load
from vistext.data.sources import DamagedDataError, DataNotFoundError, Remote

# Read before any test clears them: the machine's own settings, for the one test on the real data.
REAL_DATA, REAL_CACHE = os.environ.get("VISTEXT_DATA"), os.environ.get("VISTEXT_CACHE")
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
# Where each version of Keras keeps it below KERAS_HOME/datasets: the archive, and the folder with the batches.
KERAS = {
    "Keras 2, the folder": lambda at, small: as_folder(at, python_files(small)),
    "Keras 2, the archive": lambda at, small: as_tar(at / "cifar-10-batches-py.tar.gz", python_files(small)),
    "Keras 3, the folder": lambda at, small: as_folder(at / "cifar-10-batches-py-target", python_files(small)),
    "Keras 3, the archive": lambda at, small: as_tar(at / "cifar-10-batches-py-target_archive", python_files(small)),
}


@pytest.fixture
def small():
    return Small()


@pytest.fixture
def archive(tmp_path, small):
    return as_zip(tmp_path / "cifar10.zip", picture_files(small))


def content(split):
    return sorted(zip((picture.tobytes() for picture in split.pictures), split.labels.tolist(), strict=True))


def same(one, other):
    return all(
        np.array_equal(getattr(getattr(one, split), part), getattr(getattr(other, split), part))
        for split in ("train", "test")
        for part in ("pictures", "labels")
    )


@pytest.fixture
def no_reading(monkeypatch):
    """Call it, and from then on only what is kept in the cache can be loaded."""

    def forbid():
        monkeypatch.setattr(cifar10_forms, "read", lambda *_: pytest.fail("the copy was read again"))

    return forbid


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_holds_every_picture_with_its_label(tmp_path, small, shape):
    data = load(SHAPES[shape](tmp_path, small))

    assert [content(data.train), content(data.test)] == small.truth()


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_ends_in_the_same_arrays(tmp_path, small, shape, archive):
    assert same(load(SHAPES[shape](tmp_path / "other", small)), load(archive))


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
    assert [content(one.train), content(one.test)] == small.truth()


def test_arrays_have_the_promised_types_and_cannot_be_changed(archive):
    for split in (load(archive).train, load(archive).test):
        assert split.pictures.dtype == np.uint8
        assert split.pictures.shape[1:] == (32, 32, 3)
        assert split.labels.dtype == np.int64
        assert isinstance(split.pictures, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            split.pictures[0] = 0
        with pytest.raises(ValueError, match="read-only"):
            split.labels[0] = 0


def test_the_classes_are_in_the_official_order():
    assert list(CLASSES) == NAMES


@pytest.mark.parametrize("shape", SHAPES)
def test_a_second_load_opens_what_is_kept(tmp_path, small, shape, no_reading):
    copy = SHAPES[shape](tmp_path, small)
    first = load(copy)
    no_reading()

    assert same(load(copy), first)


@pytest.mark.parametrize("shape", ["picture folder", "picture .zip", "binary folder"])
def test_a_changed_copy_is_read_again_and_the_old_arrays_go(tmp_path, shape):
    load(SHAPES[shape](tmp_path, Small(seed=1)))
    if (tmp_path / "cifar10").is_dir():
        shutil.rmtree(tmp_path / "cifar10")
    changed = Small(seed=2, train=6)
    data = load(SHAPES[shape](tmp_path, changed))

    assert [content(data.train), content(data.test)] == changed.truth()
    assert len([path for path in (tmp_path / "cache" / "cifar10").iterdir() if path.is_dir()]) == 1


def test_a_picture_edited_in_place_is_noticed(tmp_path, small):
    folder = as_folder(tmp_path / "cifar10", picture_files(small))
    load(folder)
    edited = next(folder.glob("train/cat/*.png"))
    edited.write_bytes(png(np.full((32, 32, 3), 9, np.uint8)))

    assert (load(folder).train.pictures == 9).all(axis=(1, 2, 3)).sum() == 1


def test_the_places_are_searched_in_order(tmp_path, monkeypatch):
    """Each place gets its own copy; the first that has one wins."""
    monkeypatch.setattr(sources, "checkout", lambda: tmp_path / "clone")
    folders = [tmp_path / "first", tmp_path / "second", tmp_path / "clone" / "data", tmp_path / "keras" / "datasets"]
    monkeypatch.setenv("VISTEXT_DATA", os.pathsep.join(map(str, folders[:2])))
    for seed, folder in reversed(list(enumerate(folders))):
        as_tar(folder / "cifar-10-python.tar.gz", python_files(Small(seed)))
        data = load(download=False)

        assert find().path.parent == folder
        assert [content(data.train), content(data.test)] == Small(seed).truth()
    given = as_tar(tmp_path / "given.tar.gz", binary_files(Small(9)))
    assert content(load(given).train) == Small(9).truth()[0]


@pytest.mark.parametrize("version", KERAS)
def test_the_cache_of_keras_is_found(tmp_path, small, version):
    KERAS[version](tmp_path / "keras" / "datasets", small)

    data = load(download=False)

    assert [content(data.train), content(data.test)] == small.truth()
    assert find().place == "the Keras cache"


def test_keras_itself_keeps_it_where_it_is_looked_for():
    keras = importlib.util.find_spec("keras")  # found, not imported: that would take seconds
    if keras is None:
        pytest.skip("Keras is not installed here")
    source = (Path(keras.origin).parent / "src" / "datasets" / "cifar10.py").read_text()

    assert 'dirname = "cifar-10-batches-py' in source
    assert f'"{cifar10.OFFICIAL.sha256}"' in source
    assert f'"{cifar10.OFFICIAL.url}"' in source


@pytest.mark.parametrize("shape", SHAPES)
def test_vistext_data_may_be_the_copy_itself(tmp_path, small, shape, monkeypatch):
    monkeypatch.setenv("VISTEXT_DATA", str(SHAPES[shape](tmp_path, small)))

    assert [content(load(download=False).train)] == small.truth()[:1]


def test_a_folder_of_many_things_may_be_given(tmp_path, small):
    copy = as_tar(tmp_path / "things" / "cifar-10-python.tar.gz", python_files(small))
    (tmp_path / "things" / "cifar-100-python.tar.gz").write_bytes(b"")

    assert find(tmp_path / "things").path == copy


def test_what_only_resembles_it_is_passed_over(tmp_path, small, monkeypatch):
    monkeypatch.setenv("VISTEXT_DATA", str(tmp_path / "data"))
    data = tmp_path / "data"
    as_tar(data / "cifar-100-python.tar.gz", {"cifar-100-python/train": b"", "cifar-100-python/test": b""})
    as_zip(data / "cifar10-weights.zip", {"weights.h5": b"..."})
    as_folder(data / "cifar10-notes", {"notes.txt": b"..."})
    as_folder(data, {"train/cat/1.png": b"...", "train/dog/1.png": b"...", "cifar10.txt": b"..."})
    assert find() is None

    copy = as_tar(data / "cifar10-zzz.tar.gz", picture_files(small))
    assert find().path == copy


def test_find_says_where_and_what_and_loads_nothing(archive, tmp_path, no_reading):
    no_reading()
    found = find(archive)

    assert found.path == archive
    assert str(found) == f"{archive} (pictures in class folders; the path given)"
    assert not (tmp_path / "cache").exists()
    assert find() is None
    assert find(tmp_path / "nowhere") is None


def test_offline_and_absent_one_error_says_what_where_and_how(tmp_path, monkeypatch):
    monkeypatch.setattr(
        cifar10, "OFFICIAL", dataclasses.replace(cifar10.OFFICIAL, url="http://127.0.0.1:9/cifar.tar.gz")
    )
    monkeypatch.setattr(sources.time, "sleep", lambda _: None)

    with pytest.raises(DataNotFoundError) as caught:
        load()

    said = str(caught.value)
    assert "the network does not give it (http://127.0.0.1:9/cifar.tar.gz: no connection)" in said
    assert "cifar-10-python.tar.gz" in said
    assert "VISTEXT_DATA: not set" in said
    assert f"{tmp_path / 'keras' / 'datasets'} (does not exist)" in said
    assert [line.split(".")[0].strip() for line in said.splitlines() if line.startswith("  ") and ". " in line] == [
        "1",
        "2",
        "3",
    ]


def test_without_leave_to_download_nothing_is_asked_of_the_network(server, monkeypatch):
    monkeypatch.setattr(cifar10, "OFFICIAL", dataclasses.replace(cifar10.OFFICIAL, url=server.url))

    with pytest.raises(DataNotFoundError, match="no download was asked for"):
        load(download=False)
    assert server.asked == []


def test_a_path_without_data_is_named_and_not_replaced_by_a_download(tmp_path, server):
    for path, why in ((tmp_path / "nowhere", "does not exist"), (tmp_path, "holds no CIFAR-10")):
        with pytest.raises(DataNotFoundError, match=f"{path.name} {why}; accepted are"):
            load(path)
    assert server.asked == []


def test_what_is_absent_is_downloaded_once(tmp_path, small, server, monkeypatch, no_reading):
    server.content = as_tar(tmp_path / "original.tar.gz", python_2_files(small)).read_bytes()
    server.answers = ["cut"]
    official = Remote(
        server.url, "cifar-10-python.tar.gz", len(server.content), hashlib.sha256(server.content).hexdigest()
    )
    monkeypatch.setattr(cifar10, "OFFICIAL", official)
    first = load()
    no_reading()

    assert [content(first.train), content(first.test)] == small.truth()
    assert same(load(), first)
    assert len(server.asked) == 2
    assert find().place == "earlier downloads"


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


def test_an_unknown_class_is_named(tmp_path, small):
    files = picture_files(small) | {"train/zebra/1.png": png(np.zeros((32, 32, 3), np.uint8))}

    with pytest.raises(DamagedDataError, match="'zebra' is none of the ten classes"):
        load(as_tar(tmp_path / "cifar10.tar.gz", files))


@pytest.mark.parametrize("files", [python_files, binary_files])
@pytest.mark.parametrize("batch", [BATCHES[2], BATCHES[5]])
def test_a_missing_batch_is_named(tmp_path, small, files, batch):
    rest = {name: data for name, data in files(small).items() if batch not in name}

    with pytest.raises(DamagedDataError, match=f"lacks {batch}"):
        load(as_folder(tmp_path / "cifar-10", rest))


def test_a_full_copy_from_which_some_pictures_are_gone_is_refused(tmp_path, small, monkeypatch):
    monkeypatch.setattr(cifar10_forms, "SPLITS", {"train": 5, "test": 2})
    files = picture_files(small)
    del files[next(name for name in files if name.startswith("train/truck"))]

    with pytest.raises(DamagedDataError, match="of 5 train pictures of each class there are truck 4;"):
        load(as_folder(tmp_path / "cifar10", files))


def test_a_full_copy_with_a_short_batch_is_refused(tmp_path, small, monkeypatch):
    monkeypatch.setattr(cifar10_forms, "FULL_BATCH", 10)
    files = binary_files(small)
    files["cifar-10-batches-bin/data_batch_4.bin"] = files["cifar-10-batches-bin/data_batch_4.bin"][: 3073 * 8]
    files["cifar-10-batches-bin/test_batch.bin"] = files["cifar-10-batches-bin/test_batch.bin"][: 3073 * 20]

    with pytest.raises(DamagedDataError, match=r"data_batch_4 \(8\)"):
        load(as_folder(tmp_path / "cifar-10", files))


def test_a_binary_batch_cut_within_a_picture_is_refused(tmp_path, small):
    files = binary_files(small)
    files["cifar-10-batches-bin/data_batch_2.bin"] = files["cifar-10-batches-bin/data_batch_2.bin"][:-1]

    with pytest.raises(DamagedDataError, match=r"data_batch_2\.bin: its 30,729 bytes are not whole records"):
        load(as_folder(tmp_path / "cifar-10", files))


def test_labels_of_another_data_set_are_refused(tmp_path, small):
    files = binary_files(small)
    files["cifar-10-batches-bin/batches.meta.txt"] = b"apple\nbaby\n"

    with pytest.raises(DamagedDataError, match=r"the labels stand for \['apple', 'baby'\]"):
        load(as_folder(tmp_path / "cifar-10", files))


@pytest.mark.parametrize(
    ("change", "said"),
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
def test_a_batch_that_is_not_what_it_should_be_is_refused(tmp_path, small, change, said):
    files = python_files(small)
    batch = pickle.loads(files["cifar-10-batches-py/data_batch_1"]) | change
    files["cifar-10-batches-py/data_batch_1"] = pickle.dumps(batch, 2)

    with pytest.raises(DamagedDataError, match=f"data_batch_1: .*{said}"):
        load(as_folder(tmp_path / "cifar-10", files))


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


def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path, small):
    files = picture_files(small) | {"../../train/cat/evil.png": b""}

    with pytest.raises(DamagedDataError, match="leads out of its folder"):
        load(as_tar(tmp_path / "cifar10.tar.gz", files))


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


def test_a_full_disk_is_named_keeps_nothing_and_passes(archive, tmp_path, small, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"no room left on the disk of .*VISTEXT_CACHE") as caught:
            load(archive)
    assert caught.value.errno == errno.ENOSPC
    assert not list((tmp_path / "cache").rglob("*.npy"))

    assert content(load(archive).train) == small.truth()[0]


@pytest.mark.parametrize("damage", ["cut", "emptied", "removed", "zeroed"])
@pytest.mark.parametrize("name", ["train_pictures.npy", "test_labels.npy", "manifest.json"])
def test_what_is_kept_and_damaged_is_made_again(archive, tmp_path, small, damage, name):
    load(archive)
    (file,) = (tmp_path / "cache" / "cifar10").glob(f"*/{name}")
    whole = file.read_bytes()
    if damage == "removed":
        file.unlink()
    else:
        file.write_bytes(
            {"cut": whole[:-1], "emptied": b"", "zeroed": whole[: len(whole) // 2].ljust(len(whole), b"\0")}[damage]
        )

    data = load(archive)

    assert [content(data.train), content(data.test)] == small.truth()
    assert file.read_bytes() == whole


def in_another_process(prelude, archive):
    code = (
        "import hashlib, os, sys, time\n"
        "from vistext.data import cifar10, cifar10_forms, kept\n"
        f"{prelude}\n"
        "data = cifar10.load(sys.argv[1])\n"
        "print(hashlib.sha256(data.train.pictures.tobytes() + data.test.labels.tobytes()).hexdigest())"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(archive)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def digest_of(data):
    return hashlib.sha256(data.train.pictures.tobytes() + data.test.labels.tobytes()).hexdigest()


def test_a_process_that_dies_while_keeping_leaves_nothing_that_counts(archive, tmp_path, small):
    dying = (
        "write = kept._description\n"
        "def die(array, size):\n"
        "    if len(array) == 20: os._exit(7)\n"  # the training pictures are written by then
        "    return write(array, size)\n"
        "kept._description = die"
    )
    died = in_another_process(dying, archive)
    died.communicate(timeout=20)
    assert died.returncode == 7
    half_made = list((tmp_path / "cache" / "cifar10").glob(".*.making"))
    assert [file.name for folder in half_made for file in folder.glob("train_pictures.npy")] == ["train_pictures.npy"]

    data = load(archive)

    assert [content(data.train), content(data.test)] == small.truth()
    assert not list((tmp_path / "cache" / "cifar10").glob(".*.making"))


def test_two_processes_at_once_read_once_and_agree(archive, tmp_path):
    slow = (
        "read = cifar10_forms.read\n"
        "def slowly(*what):\n"
        "    print('reads', flush=True); time.sleep(0.7)\n"
        "    return read(*what)\n"
        "cifar10_forms.read = slowly"
    )
    both = [in_another_process(slow, archive) for _ in range(2)]
    said = [line for process in both for line in process.communicate(timeout=20)[0].split()]

    assert said.count("reads") == 1
    assert said.count(digest_of(load(archive))) == 2


def test_kept_arrays_stay_usable_while_another_process_replaces_them(archive, small):
    if os.name == "nt":
        pytest.skip("Windows does not let files go that are in use")
    before = load(archive)
    os.utime(archive)
    load(archive)

    assert [content(before.train), content(before.test)] == small.truth()


def test_a_disk_that_does_not_give_back_what_was_written_is_named(archive, monkeypatch):
    monkeypatch.setattr(kept, "open_kept", lambda _: None)

    with pytest.raises(OSError, match="does not come back whole"):
        load(archive)


@pytest.mark.skipif(not REAL_DATA, reason="set VISTEXT_DATA to a folder that holds the real CIFAR-10 to run this")
def test_the_real_data_has_the_published_statistics_in_the_order_of_every_machine(monkeypatch):
    monkeypatch.setenv("VISTEXT_DATA", REAL_DATA)
    monkeypatch.setenv("VISTEXT_CACHE", REAL_CACHE) if REAL_CACHE else monkeypatch.delenv("VISTEXT_CACHE")
    if find() is None:
        pytest.skip("VISTEXT_DATA holds no CIFAR-10")

    data = load(download=False)

    assert np.bincount(data.train.labels).tolist() == [5000] * 10
    assert np.bincount(data.test.labels).tolist() == [1000] * 10
    channels = data.train.pictures.reshape(-1, 3)
    assert [channels[:, channel].mean() for channel in range(3)] == pytest.approx(
        [125.307, 122.950, 113.865], abs=0.001
    )
    assert [channels[:, channel].std() for channel in range(3)] == pytest.approx([62.99, 62.09, 66.70], abs=0.01)
    # The order in which shipped weights and stored figures were made; it must never change.
    assert hashlib.sha256(data.train.pictures).hexdigest().startswith("33202f1e5d79ff53")
    assert hashlib.sha256(data.test.labels).hexdigest().startswith("5f7a1ae3f2cfdada")
