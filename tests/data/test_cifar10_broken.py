"""A broken copy of CIFAR-10 stops nothing: the next whole one is taken, or the download; the broken one is named."""

import dataclasses
import gzip

import pytest
from cifar10_copies import (
    Small,
    as_folder,
    as_tar,
    as_zip,
    binary_files,
    contents,
    picture_files,
    python_files,
)

from vistext import cli, doctor
from vistext.data import cifar10, download
from vistext.data.cifar10 import find, load
from vistext.data.download import DamagedDataError, DataNotFoundError


def some(files, *words):
    """Those of the files in whose names one of the words occurs."""
    return {name: data for name, data in files.items() if any(word in name for word in words)}


def cut(path, part=0.5):
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    return path


def spoilt(path):
    """Damaged in its middle, which no look at its names, its size or its end can see."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    return path


def plain_tar(path, files):
    path.write_bytes(gzip.decompress(as_tar(path.with_suffix(".gz"), files).read_bytes()))
    path.with_suffix(".gz").unlink()
    return path


def unfinished(name):
    return lambda at, small: cut(as_tar(at / name, python_files(small)))


def unfinished_folder(at, small):
    return as_folder(at / "cifar-10-python.tar.gz.download", {"Info.plist": b"", "cifar-10-python.tar.gz": b"\x1f"})


# How each is broken, and its flaw.
SEEN = {
    "half a Keras folder": (
        lambda at, small: (
            as_folder(at, some(python_files(small), "meta", "batch_1", "batch_4")) / "cifar-10-batches-py"
        ),
        "lacks data_batch_2, data_batch_3, data_batch_5, test_batch",
    ),
    "a Keras folder that was just begun": (
        lambda at, small: as_folder(at / "cifar-10-batches-py-target", some(python_files(small), "meta")),
        "lacks data_batch_1",
    ),
    "half a binary folder": (
        lambda at, small: as_folder(at, some(binary_files(small), "meta", "batch_1")) / "cifar-10-batches-bin",
        "lacks data_batch_2",
    ),
    "a download in Chrome": (unfinished("cifar-10-python.tar.gz.crdownload"), "unfinished download"),
    "a download in Firefox": (unfinished("cifar-10-python.tar.gz.part"), "unfinished download"),
    "a download in Safari": (unfinished_folder, "unfinished download"),
    "a download of some program": (unfinished("cifar10.zip.tmp"), "unfinished download"),
    "an empty folder": (lambda at, small: as_folder(at / "cifar-10", {"x": b""}), "empty folder"),
    "an empty archive": (lambda at, small: cut(as_tar(at / "cifar10.tar.gz", {}), 0), "cut short"),
    "a cut .tar.gz": (lambda at, small: cut(as_tar(at / "cifar10.tar.gz", picture_files(small))), "cut short"),
    "a .tar.gz cut at its end": (
        lambda at, small: cut(as_tar(at / "cifar10.tar.gz", picture_files(small)), 0.999),
        "cut short",
    ),
    "a cut .tar": (lambda at, small: cut(plain_tar(at / "cifar10.tar", picture_files(small)), 0.9), "cut short"),
    "a cut .zip": (lambda at, small: cut(as_zip(at / "cifar10.zip", picture_files(small))), "cut short"),
    "half a folder of pictures": (
        lambda at, small: as_folder(at / "cifar10", some(picture_files(small), "train")),
        "has no test picture of: airplane",
    ),
    "a .zip of half of the pictures": (
        lambda at, small: as_zip(at / "cifar10.zip", some(picture_files(small), "test/", "train/cat")),
        "has no train picture of: airplane",
    ),
}
UNSEEN = {
    "a damaged .tar.gz": (lambda at, small: spoilt(as_tar(at / "cifar10.tar.gz", picture_files(small))), "damaged"),
    "a cut picture": (
        lambda at, small: as_folder(at / "cifar10", picture_files(small) | {"train/cat/x.png": b"\x89PNG\r\n\x1a\n"}),
        "x.png",
    ),
    "a batch of another kind": (
        lambda at, small: as_folder(at, python_files(small) | {"cifar-10-batches-py/test_batch": b"..."}),
        "test_batch",
    ),
}


@pytest.fixture
def broken(request, tmp_path, monkeypatch, small):
    """A broken copy where VISTEXT_DATA points, which is looked at first, and its flaw."""
    make, flaw = (SEEN | UNSEEN)[request.param]
    path = make(tmp_path / "first", small)
    if request.param == "an empty folder":
        (path / "x").unlink()
    monkeypatch.setenv("VISTEXT_DATA", str(tmp_path / "first"))
    return path, flaw


@pytest.mark.parametrize("broken", SEEN | UNSEEN, indirect=True)
def test_the_whole_copy_is_taken_and_the_broken_one_is_named_in_one_line(broken, tmp_path, capsys):
    path, flaw = broken
    as_folder(tmp_path / "keras" / "datasets", python_files(Small(1)))

    assert contents(load()) == Small(1).truth()
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("vistext: passed over: ")]
    assert str(tmp_path / "first") in line
    assert path.name in line or path == tmp_path / "first"
    assert flaw in line


@pytest.mark.parametrize("broken", UNSEEN, indirect=True)
def test_what_only_reading_has_shown_is_known_from_then_on_until_the_copy_is_mended(broken, tmp_path, small, capsys):
    copy = as_folder(tmp_path / "keras" / "datasets", python_files(Small(1))) / "cifar-10-batches-py"
    assert cli.main(["data"]) == 0
    out, err = capsys.readouterr()

    assert f"from {copy} (" in out
    assert broken[1] in err
    assert find().path == copy
    as_tar(tmp_path / "first" / "cifar10.tar.gz", picture_files(small))
    assert find().path == tmp_path / "first" / "cifar10.tar.gz"


@pytest.mark.parametrize("broken", SEEN, indirect=True)
def test_the_doctor_names_the_broken_copy_and_takes_a_whole_one_for_ready(broken, tmp_path):
    path, flaw = broken
    alone = doctor.cifar10()
    assert find() is None
    copy = as_folder(tmp_path / "keras" / "datasets", python_files(Small(1))) / "cifar-10-batches-py"
    finding = doctor.cifar10()
    assert find().path == copy

    assert (alone.state, finding.state) == ("mend", "ready")
    assert finding.found.startswith(str(find()))
    for found in (alone.found, finding.found):
        assert str(path) in found
        assert flaw in found
    assert "delete" in finding.remedy


@pytest.mark.parametrize("broken", SEEN | UNSEEN, indirect=True)
def test_where_there_is_no_whole_copy_the_download_is_tried(broken, offer, capsys):
    offer(Small(1))

    assert contents(load()) == Small(1).truth()
    assert broken[1] in capsys.readouterr().err


@pytest.mark.parametrize("broken", SEEN | UNSEEN, indirect=True)
def test_where_there_is_none_and_no_download_the_error_names_what_is_broken(broken, monkeypatch):
    monkeypatch.setenv("VISTEXT_OFFLINE", "1")

    with pytest.raises(
        DataNotFoundError, match=r"CIFAR-10 is not on this machine, or not whole, and .*\nBroken: "
    ) as e:
        load()
    assert broken[1] in str(e.value)
    assert "Three ways to get it" in str(e.value)


@pytest.mark.parametrize("broken", SEEN | UNSEEN, indirect=True)
def test_a_broken_copy_that_is_asked_for_by_its_path_is_not_replaced(broken, tmp_path):
    as_folder(tmp_path / "keras" / "datasets", python_files(Small(1)))

    with pytest.raises(DamagedDataError, match=broken[1]):
        load(tmp_path / "first")


@pytest.mark.parametrize("network", [True, False])
def test_a_cut_download_in_the_very_place_of_the_download_is_moved_aside_if_replaced(small, server, offer, network):
    offer(small)
    mine = cut(as_tar(download.download_folder() / "cifar-10-python.tar.gz", python_files(small)))
    before = mine.read_bytes()
    if network:
        assert contents(load()) == small.truth()
        assert mine.read_bytes() == server.content
        assert mine.with_name("cifar-10-python.tar.gz.broken").read_bytes() == before
        assert find().path == mine
    else:
        server.answers = [503] * 9
        with pytest.raises(DataNotFoundError, match="503"):
            load()
        assert mine.read_bytes() == before


def test_each_broken_copy_is_named_in_its_line_and_a_whole_one_in_none(tmp_path, small, monkeypatch, capsys):
    as_folder(tmp_path / "keras" / "datasets", python_files(small))
    load()
    assert capsys.readouterr().err == ""

    monkeypatch.setenv("VISTEXT_DATA", str(tmp_path / "first"))
    unfinished("cifar-10-python.tar.gz.crdownload")(tmp_path / "first", small)
    (tmp_path / "first" / "cifar10-empty").mkdir()
    load()
    assert len([line for line in capsys.readouterr().err.splitlines() if "passed over" in line]) == 2


def test_full_batches_of_which_one_is_cut_are_seen_by_their_sizes(tmp_path, small, monkeypatch):
    monkeypatch.setattr(cifar10.cifar10_formats, "FULL_BATCH", 10)
    files = python_files(small)
    files["cifar-10-batches-py/data_batch_3"] = files["cifar-10-batches-py/data_batch_3"][: 3072 * 6]
    as_folder(tmp_path / "keras" / "datasets", files)

    assert [copy.flaw.partition(": ")[2] for copy in cifar10.copies()] == [
        "of 10 pictures each, some are missing in data_batch_3 (6)"
    ]


def test_a_tar_gz_of_several_parts_is_whole_whatever_its_last_bytes_say(tmp_path, small):
    whole = as_tar(tmp_path / "cifar10.tar.gz", picture_files(small))
    content = gzip.decompress(whole.read_bytes())
    whole.write_bytes(gzip.compress(content[:-1001]) + gzip.compress(content[-1001:]))

    assert find(whole) == dataclasses.replace(find(whole), flaw="")
    assert len(load(whole).test.labels) == 20
