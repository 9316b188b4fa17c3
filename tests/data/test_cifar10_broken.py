"""A broken copy of CIFAR-10 stops nothing: the next whole one is taken, or the download; the broken one is named."""

import gzip

import pytest
from cifar10_copies import Small, as_folder, as_tar, as_zip, binary_files, contents, picture_files, python_files

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
    """Damaged in its middle, which its names, its size and its end do not show."""
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


def empty_folder(at, small):
    (at / "cifar-10").mkdir(parents=True)
    return at / "cifar-10"


def cut_archive(part):
    return lambda at, small: cut(as_tar(at / "cifar10.tar.gz", picture_files(small)), part)


# How each is broken, and its flaw.
BY_NAMES_AND_SIZES = {
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
    "a download in Safari": (
        lambda at, small: as_folder(at / "cifar-10-python.tar.gz.download", {"cifar-10-python.tar.gz": b"\x1f"}),
        "unfinished download",
    ),
    "an empty folder": (empty_folder, "empty folder"),
    "an empty archive": (cut_archive(0), "cut short"),
    "a cut .tar.gz": (cut_archive(0.5), "cut short"),
    "a .tar.gz cut at its end": (cut_archive(0.999), "cut short"),
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
BY_READING = {
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
    make, flaw = (BY_NAMES_AND_SIZES | BY_READING)[request.param]
    path = make(tmp_path / "first", small)
    monkeypatch.setenv("VISTEXT_DATA", str(tmp_path / "first"))
    return path, flaw


@pytest.fixture
def whole(tmp_path):
    """Call it to put another, whole copy into the cache of Keras, which comes later."""
    return lambda: as_folder(tmp_path / "keras" / "datasets", python_files(Small(1))) / "cifar-10-batches-py"


def passed_over(capsys):
    """The lines that name broken copies."""
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith("vistext: passed over: ")]


@pytest.mark.parametrize("broken", BY_NAMES_AND_SIZES | BY_READING, indirect=True)
def test_alone_it_is_named_in_the_error_or_the_download_is_tried(broken, monkeypatch, offer, capsys):
    path, flaw = broken
    with pytest.raises(DamagedDataError, match=flaw):
        load(path.parent if path.parent.name == "first" else path)
    monkeypatch.setenv("VISTEXT_OFFLINE", "1")
    message = r"CIFAR-10 is not on this machine, or not whole, and (.|\n)*\nBroken: (.|\n)*Three ways to get it"
    with pytest.raises(DataNotFoundError, match=message) as caught:
        load()
    assert flaw in str(caught.value)

    monkeypatch.delenv("VISTEXT_OFFLINE")
    offer(Small(1))
    assert contents(load()) == Small(1).truth()
    assert flaw in passed_over(capsys)[0]


@pytest.mark.parametrize("broken", BY_NAMES_AND_SIZES | BY_READING, indirect=True)
def test_the_whole_copy_is_taken_and_the_broken_one_is_named_in_one_line(broken, whole, tmp_path, capsys):
    path, flaw = broken
    copy = whole()

    assert contents(load()) == Small(1).truth()
    (line,) = passed_over(capsys)
    assert str(tmp_path / "first") in line
    assert path.name in line or path == tmp_path / "first"
    assert flaw in line
    assert cli.main(["data"]) == 0
    assert f"from {copy} (" in capsys.readouterr().out
    with pytest.raises(DamagedDataError, match=flaw):
        load(tmp_path / "first")


@pytest.mark.parametrize("broken", BY_NAMES_AND_SIZES, indirect=True)
def test_the_doctor_names_the_broken_copy_and_takes_a_whole_one_for_ready(broken, whole):
    path, flaw = broken
    alone = doctor.cifar10()
    assert find() is None
    copy = whole()
    finding = doctor.cifar10()

    assert find().path == copy
    assert (alone.state, finding.state) == ("mend", "ready")
    assert finding.found.startswith(str(find()))
    for found in (alone.found, finding.found):
        assert str(path) in found
        assert flaw in found
    assert "delete" in finding.remedy


@pytest.mark.parametrize("network", [True, False])
def test_a_cut_download_in_the_very_place_of_the_download_is_replaced_by_a_whole_one_only(
    small, server, offer, network
):
    offer(small)
    mine = cut(as_tar(download.download_folder() / "cifar-10-python.tar.gz", python_files(small)))
    before = mine.read_bytes()
    if network:
        assert contents(load()) == small.truth()
        assert mine.read_bytes() == server.content
        assert find().path == mine
    else:
        server.answers = [503] * 9
        with pytest.raises(DataNotFoundError, match="503"):
            load()
        assert mine.read_bytes() == before


def test_each_broken_copy_is_named_in_its_line_and_a_whole_one_in_none(tmp_path, small, whole, monkeypatch, capsys):
    whole()
    load()
    assert capsys.readouterr().err == ""

    monkeypatch.setenv("VISTEXT_DATA", str(tmp_path / "first"))
    unfinished("cifar-10-python.tar.gz.crdownload")(tmp_path / "first", small)
    (tmp_path / "first" / "cifar10-empty").mkdir()
    load()
    assert len(passed_over(capsys)) == 2


def test_full_batches_of_which_one_is_cut_are_noticed_by_their_sizes(small, whole, monkeypatch):
    monkeypatch.setattr(cifar10.cifar10_formats, "FULL_BATCH", 10)
    batch = whole() / "data_batch_3"
    batch.write_bytes(batch.read_bytes()[: 3072 * 6])

    assert [copy.flaw.partition(": ")[2] for copy in cifar10.copies()] == [
        "of 10 pictures each, some are missing in data_batch_3 (6)"
    ]
