"""However CIFAR-10 comes, it is found, ends in the same arrays, and is cached whole; or a clear error says why not."""

import errno
import gzip
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cifar10_copies import (
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

from vistext.data import array_cache, cifar10, cifar10_formats, download
from vistext.data.cifar10 import Source, find, load
from vistext.data.download import DataNotFoundError

# Read before any test clears them: the machine's own settings, for the one test on the real data.
REAL_DATA, REAL_CACHE = os.environ.get("VISTEXT_DATA"), os.environ.get("VISTEXT_CACHE")
# Where each version of Keras keeps it below KERAS_HOME/datasets: the archive, and the folder with the batches.
KERAS = {
    "Keras 2, the folder": lambda at, small: as_folder(at, python_files(small)),
    "Keras 2, the archive": lambda at, small: as_tar(at / "cifar-10-batches-py.tar.gz", python_files(small)),
    "Keras 3, the folder": lambda at, small: as_folder(at / "cifar-10-batches-py-target", python_files(small)),
    "Keras 3, the archive": lambda at, small: as_tar(at / "cifar-10-batches-py-target_archive", python_files(small)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_ends_in_the_same_arrays_and_is_read_once(tmp_path, small, archive, monkeypatch, *, shape):
    copy = SHAPES[shape](tmp_path / "other", small)
    first = load(copy)
    assert contents(first) == small.truth()
    assert same(first, load(archive))
    for split in (first.train, first.test):
        assert isinstance(split.pictures, np.memmap)
        assert (split.pictures.dtype, split.labels.dtype) == (np.uint8, np.int64)

    monkeypatch.setattr(cifar10_formats, "read", lambda *_: pytest.fail("the copy was read again"))
    monkeypatch.setenv("VISTEXT_DATA", str(copy))
    assert same(load(copy), first)
    assert same(load(), first)


@pytest.mark.parametrize("shape", ["picture folder", "picture .zip", "binary folder"])
def test_a_changed_copy_is_read_again_and_the_old_arrays_go(tmp_path, shape):
    before = load(SHAPES[shape](tmp_path, Small(seed=1)))
    if (tmp_path / "cifar10").is_dir():
        shutil.rmtree(tmp_path / "cifar10")
    changed = Small(seed=2, train=6)

    assert contents(load(SHAPES[shape](tmp_path, changed))) == changed.truth()
    assert len([path for path in (tmp_path / "cache" / "cifar10").iterdir() if path.is_dir()]) == 1
    if os.name != "nt":  # which does not let files go that are in use
        assert contents(before) == Small(seed=1).truth()


def test_the_places_are_searched_in_order(tmp_path, monkeypatch):
    """Each place gets its own copy; the first that has one wins."""
    monkeypatch.setattr(download, "checkout", lambda: tmp_path / "clone")
    first, second = tmp_path / "first", tmp_path / "second"
    monkeypatch.setenv("VISTEXT_DATA", os.pathsep.join(map(str, (first, second))))
    folders = [first, second, tmp_path / "clone" / "data", tmp_path / "keras" / "datasets"]
    for seed, folder in reversed(list(enumerate(folders))):
        as_tar(folder / "cifar-10-python.tar.gz", python_files(Small(seed)))
        assert contents(load()) == Small(seed).truth()
        assert find().path.parent == folder
    given = as_tar(tmp_path / "given.tar.gz", binary_files(Small(9)))
    assert contents(load(given)) == Small(9).truth()


@pytest.mark.parametrize("version", KERAS)
def test_the_cache_of_keras_is_found(tmp_path, small, version):
    KERAS[version](tmp_path / "keras" / "datasets", small)

    assert contents(load()) == small.truth()
    assert find().place == "the Keras cache"


def test_keras_itself_keeps_it_where_it_is_looked_for():
    keras = importlib.util.find_spec("keras")  # found, not imported: that would take seconds
    if keras is None:
        pytest.skip("Keras is not installed here")
    source = (Path(keras.origin).parent / "src" / "datasets" / "cifar10.py").read_text()

    assert 'dirname = "cifar-10-batches-py' in source
    assert f'"{cifar10.OFFICIAL.sha256}"' in source
    assert f'"{cifar10.OFFICIAL.url}"' in source


@pytest.mark.parametrize("name", ["archive.zip", "archive.tar.gz", "archive.tar", "the data", "x.bin"])
@pytest.mark.parametrize("files", [python_files, binary_files, picture_files])
def test_vistext_data_may_be_an_archive_of_any_name(tmp_path, small, name, files, monkeypatch):
    path = (as_zip if name == "archive.zip" else as_tar)(tmp_path / name, files(small))
    if name in ("archive.tar", "x.bin"):
        path.write_bytes(gzip.decompress(path.read_bytes()))
    monkeypatch.setenv("VISTEXT_DATA", str(path))

    assert contents(load()) == small.truth()
    assert find() == Source(path, find().layout, "VISTEXT_DATA")


@pytest.mark.parametrize(
    "make",
    [
        lambda at, small: as_zip(at / "archive.zip", picture_files(small, "cifar10/cifar10/")),
        lambda at, small: as_zip(at / "archive (1).ZIP", python_files(small)),
        lambda at, small: as_folder(at / "archive", picture_files(small)),
        lambda at, small: as_folder(at / "archive", picture_files(small, "images/")) / "images",
        lambda at, small: as_folder(at / "kaggle", picture_files(small, "cifar10/")) / "cifar10",
    ],
)
def test_among_several_data_sets_it_is_found_by_what_is_inside(tmp_path, small, make, monkeypatch):
    sets = tmp_path / "sets"
    monkeypatch.setenv("VISTEXT_DATA", str(sets))
    digits = {f"{split}ing/{digit}/1.png": b"..." for split in ("train", "test") for digit in range(10)}
    as_folder(sets / "mnist_png", digits)
    as_zip(sets / "mnist.zip", digits)
    as_folder(sets, {"flickr8k/images/1.jpg": b"..."})
    as_zip(sets / "a cut one.zip", digits).write_bytes(b"PK\x03\x04")
    assert list(cifar10.copies()) == []

    assert find(make(sets, small)).path == find().path
    assert len(load().train.labels) == 50


def test_what_only_resembles_it_is_passed_over_and_what_has_the_name_comes_first(tmp_path, small, monkeypatch):
    data = tmp_path / "data"
    places = [tmp_path / "notes.txt", tmp_path / "photos.zip", data]
    monkeypatch.setenv("VISTEXT_DATA", os.pathsep.join(map(str, places)))
    (tmp_path / "notes.txt").write_text("no data")
    as_zip(tmp_path / "photos.zip", {"images/1.jpg": b"..."})
    as_tar(data / "cifar-100-python.tar.gz", {"cifar-100-python/train": b"", "cifar-100-python/test": b""})
    as_zip(data / "cifar10-weights.zip", {"weights.h5": b"..."})
    as_folder(data / "cifar10-notes", {"notes.txt": b"..."})
    as_folder(data, {"train/cat/1.png": b"...", "train/dog/1.png": b"...", "cifar10.txt": b"..."})
    assert find() is None

    unnamed = as_folder(data / "archive", picture_files(Small(1)))
    assert find().path == unnamed
    named = as_tar(data / "cifar10-zzz.tar.gz", picture_files(small))
    assert find().path == find(data).path == named


def test_find_says_where_and_what_and_loads_nothing(archive, tmp_path):
    found = find(archive)

    assert found.path == archive
    assert str(found) == f"{archive} (pictures in class folders; the path given)"
    assert not (tmp_path / "cache").exists()
    assert find() is None
    assert find(tmp_path / "nowhere") is None
    assert load(archive).source == str(found)


def test_offline_and_absent_one_error_says_what_where_and_how(tmp_path, server, offer, small):
    offer(small)
    server.answers = [404]
    with pytest.raises(DataNotFoundError) as caught:
        load()

    message = str(caught.value)
    assert f"the network does not give it ({server.url}: the server answers 404" in message
    assert "cifar-10-python.tar.gz" in message
    assert "VISTEXT_DATA: not set" in message
    assert f"{tmp_path / 'keras' / 'datasets'} (does not exist)" in message
    assert re.findall(r"^  (\d)\. ", message, re.MULTILINE) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("offline", "attempts", "requests", "message"),
    [("1", 4, 0, "VISTEXT_OFFLINE is set"), ("0", 1, 1, "answers 503"), ("0", 3, 3, "answers 503")],
)
def test_the_network_is_asked_as_often_as_wanted(
    server, offer, small, monkeypatch, *, offline, attempts, requests, message
):
    offer(small)
    monkeypatch.setenv("VISTEXT_OFFLINE", offline)
    server.answers = [503] * 9

    with pytest.raises(DataNotFoundError, match=message):
        load(attempts=attempts)
    assert server.requests == requests


def test_a_path_without_data_is_named_and_not_replaced_by_a_download(tmp_path, server, offer, small):
    offer(small)
    (tmp_path / "empty").mkdir()
    for path, why in ((tmp_path / "nowhere", "does not exist"), (tmp_path / "empty", "holds no CIFAR-10")):
        with pytest.raises(DataNotFoundError, match=f"{path.name} {why}; accepted are"):
            load(path)
    assert server.requests == 0


def test_what_is_absent_is_downloaded_once(small, server, offer):
    offer(small)
    server.answers = ["cut"]
    first = load()

    assert contents(first) == small.truth()
    assert same(load(), first)
    assert server.requests == 2
    assert find().place == "earlier downloads"


def test_a_full_disk_is_named_keeps_nothing_and_passes(archive, tmp_path, small, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"no room left on the disk of .*VISTEXT_CACHE") as caught:
            load(archive)
    assert caught.value.errno == errno.ENOSPC
    assert not list((tmp_path / "cache").rglob("*.npy"))

    assert contents(load(archive)) == small.truth()


def test_a_cache_that_is_damaged_is_made_again(archive, tmp_path, small):
    load(archive)
    (file,) = (tmp_path / "cache" / "cifar10").glob("*/test_labels.npy")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2].ljust(len(whole), b"\0"))

    assert contents(load(archive)) == small.truth()
    assert file.read_bytes() == whole


def in_another_process(prelude, archive):
    code = (
        "import hashlib, os, sys, time\n"
        "from vistext.data import array_cache, cifar10, cifar10_formats\n"
        f"{prelude}\n"
        "data = cifar10.load(sys.argv[1])\n"
        "print(hashlib.sha256(data.train.pictures.tobytes() + data.test.labels.tobytes()).hexdigest())"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(archive)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_process_that_dies_while_saving_leaves_nothing_that_counts(archive, tmp_path, small):
    dying = (
        "describe = array_cache._description\n"
        "def die(array, size):\n"
        "    if len(array) == 20: os._exit(7)\n"  # the training pictures are written by then
        "    return describe(array, size)\n"
        "array_cache._description = die"
    )
    process = in_another_process(dying, archive)
    process.communicate(timeout=20)
    assert process.returncode == 7
    half_made = list((tmp_path / "cache" / "cifar10").glob(".*.making"))
    assert [file.name for folder in half_made for file in folder.glob("train_pictures.npy")] == ["train_pictures.npy"]

    assert contents(load(archive)) == small.truth()
    assert not list((tmp_path / "cache" / "cifar10").glob(".*.making"))


def test_two_processes_at_once_read_once_and_agree(archive):
    slow = (
        "read = cifar10_formats.read\n"
        "def slowly(*arguments):\n"
        "    print('reads', flush=True); time.sleep(0.7)\n"
        "    return read(*arguments)\n"
        "cifar10_formats.read = slowly"
    )
    processes = [in_another_process(slow, archive) for _ in range(2)]
    printed = [line for process in processes for line in process.communicate(timeout=20)[0].split()]
    data = load(archive)

    assert printed.count("reads") == 1
    assert printed.count(hashlib.sha256(data.train.pictures.tobytes() + data.test.labels.tobytes()).hexdigest()) == 2


def test_a_disk_that_does_not_give_back_what_was_written_is_named(archive, monkeypatch):
    monkeypatch.setattr(array_cache, "load", lambda _: None)

    with pytest.raises(OSError, match="does not come back whole"):
        load(archive)


@pytest.mark.skipif(not REAL_DATA, reason="set VISTEXT_DATA to a folder that holds the real CIFAR-10 to run this")
def test_the_real_data_has_the_published_statistics_in_the_order_of_every_machine(monkeypatch):
    monkeypatch.setenv("VISTEXT_DATA", REAL_DATA)
    monkeypatch.setenv("VISTEXT_CACHE", REAL_CACHE) if REAL_CACHE else monkeypatch.delenv("VISTEXT_CACHE")
    if find() is None:
        pytest.skip("VISTEXT_DATA holds no CIFAR-10")

    data = load()

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
