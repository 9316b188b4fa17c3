"""Archives and pickles of strangers are read, or refused, but never obeyed."""

import builtins
import gzip
import os
import pickle
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from cifar10_copies import as_tar, as_zip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vistext.data import archives
from vistext.data.archives import members, read_pickle
from vistext.data.download import DamagedDataError

FILES = {"things/a.txt": b"first", "things/deep/b.bin": bytes(range(256)) * 40, "things/empty": b""}
ENDINGS = [".tar.gz", ".tar", ".zip"]


def packed(path, files, *extra):
    """An archive made by the standard library; `extra` are ready tar members."""
    if path.suffix == ".zip":
        return as_zip(path, files, zipfile.ZIP_DEFLATED)
    return as_tar(path, files, *extra, mode="w:gz" if path.suffix == ".gz" else "w")


def special(name, kind, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def contents(archive):
    return {str(member.path): member.read() for member in members(archive)}


OUTSIDE = ["../escaped", "things/../../escaped", "/escaped", "..\\escaped", "C:\\escaped", "C:escaped"]
OUTSIDE += ["\\\\server\\share\\escaped", "things/.. /../escaped"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_path_that_leads_out_is_refused_and_the_archive_is_closed(tmp_path, ending, name, monkeypatch):
    archive = packed(tmp_path / f"pack{ending}", {"fine": b"1", name: b"2"})
    opened = []
    real_open = builtins.open
    monkeypatch.setattr(builtins, "open", lambda *args, **more: opened.append(real_open(*args, **more)) or opened[-1])

    with pytest.raises(DamagedDataError, match="leads out of its folder"):
        contents(archive)
    assert [file.closed for file in opened] == [True]


@pytest.mark.parametrize(
    "member",
    [
        special("link", tarfile.SYMTYPE, "/etc"),
        special("link", tarfile.SYMTYPE, "fine"),
        special("link", tarfile.LNKTYPE, "../../outside"),
        special("link", tarfile.LNKTYPE, "fine"),
        special("device", tarfile.CHRTYPE),
        special("pipe", tarfile.FIFOTYPE),
        special("../folder", tarfile.DIRTYPE),
    ],
    ids=lambda member: f"{member.name} {member.linkname}",
)
def test_links_devices_and_folders_outside_are_refused(tmp_path, member):
    archive = packed(tmp_path / "pack.tar.gz", {"fine": b"1"}, member)

    with pytest.raises(DamagedDataError, match="a link or a path that leads out"):
        contents(archive)


def test_a_link_in_a_zip_is_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16

    with pytest.raises(DamagedDataError, match="a link"):
        contents(packed(tmp_path / "pack.zip", {link: b"/etc/passwd"}))


def test_harmless_paths_are_taken(tmp_path):
    files = dict.fromkeys(["./a/b", "a//b", "a/./c", "...hidden/b", "a/..b", "a b/c. d"], b"1")
    archive = packed(tmp_path / "pack.tar.gz", files, special("./", tarfile.DIRTYPE))

    assert len(list(members(archive))) == len(files)


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_was_packed_comes_back_and_an_archive_cut_anywhere_is_refused(tmp_path, ending):
    archive = packed(tmp_path / f"pack{ending}", FILES)
    assert contents(archive) == FILES
    whole = archive.read_bytes()
    # A .tar ends in zeros that may be missing without loss, as long as some are left.
    end = len(whole.rstrip(b"\0")) if ending == ".tar" else len(whole)

    for length in {*range(0, end, max(1, end // 40)), 1, 512, 1024, 1536, end - 9, end - 1} & set(range(end)):
        archive.write_bytes(whole[:length])
        with pytest.raises(DamagedDataError, match="cut short or damaged"):
            contents(archive)


def with_a_damaged_header(whole):
    second_header = whole.index(b"things/deep/b.bin")
    return whole[:second_header] + b"XXXX" + whole[second_header + 4 :]


@pytest.mark.parametrize(
    "damage",
    [
        with_a_damaged_header,
        # Every checksum of gzip is right here: what is cut is the .tar inside.
        lambda whole: gzip.compress(whole[: whole.index(b"things/empty")]),
        lambda whole: b"<html>404 Not Found</html>" * 100,
    ],
)
def test_damage_is_noticed_whatever_checksums_say(tmp_path, damage):
    archive = packed(tmp_path / "pack.tar", FILES)
    archive.write_bytes(damage(archive.read_bytes()))

    with pytest.raises(DamagedDataError, match=r"pack\.tar is cut short or damaged"):
        contents(archive)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ending=st.sampled_from([".tar.gz", ".zip"]), data=st.data())
def test_a_changed_byte_gives_the_same_files_or_is_noticed(tmp_path, ending, data):
    archive = packed(tmp_path / f"pack{ending}", FILES)
    content = bytearray(archive.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    archive.write_bytes(content)

    try:
        found = set(contents(archive).values())
    except DamagedDataError:
        found = set()
    assert found <= set(FILES.values())


def test_a_member_too_large_for_memory_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_MEMBER", 1000)
    zeros, fine = members(packed(tmp_path / "bomb.zip", {"zeros": bytes(1001), "fine": b"1"}))

    with pytest.raises(DamagedDataError, match="at most 1,000"):
        zeros.read()
    assert (fine.path.name, fine.size) == ("fine", 1)


ARRAYS = [
    np.arange(12, dtype=np.uint8).reshape(3, 4),
    np.asfortranarray(np.arange(12, dtype=np.int64).reshape(3, 4)),
    np.array([1, -2, 30_000], dtype=">i2"),
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype.str}{list(array.shape)}")
def test_arrays_of_whole_numbers_come_back_from_every_protocol(protocol, array):
    value = {b"data": array, "labels": [1, 2, np.int64(3)], "names": [b"cat", "dog"], "nested": {"more": array}}

    back = read_pickle(pickle.dumps(value, protocol))

    for found in (back[b"data"], back["nested"]["more"]):
        assert found.dtype.kind == array.dtype.kind
        assert np.array_equal(found, array)
    assert back["labels"] == [1, 2, 3]
    assert back["names"] == [b"cat", "dog"]


class Runs:
    """Unpickled by the ordinary reader, it calls what it was given."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize(
    "function",
    [os.mkdir, os.system, eval, exec, open, getattr, __import__, np.load, np.fromfile, np.lib.npyio.DataSource, Path],
    ids=lambda function: function.__name__,
)
def test_a_pickle_that_calls_anything_else_is_refused_and_does_nothing(tmp_path, protocol, function):
    marker = tmp_path / "it ran"

    with pytest.raises(DamagedDataError, match="it asks for"):
        read_pickle(pickle.dumps({"data": Runs(function, str(marker))}, protocol))
    assert not marker.exists()


OTHER_VALUES = [np.array([None, {}], dtype=object), np.zeros(3, [("a", "u1")]), np.zeros(3, "M8[s]")]
OTHER_VALUES += [np.float32(1), 1j, {1, 2}, range(3)]
HONEST = pickle.dumps(np.zeros(200, np.uint8), 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        *((pickle.dumps(value, 2), "a pickle that is refused") for value in OTHER_VALUES),
        # An object array whose pointers are given as bytes: NumPy itself would follow them.
        (pickle.dumps(np.arange(4, dtype=np.int64), 2).replace(b"i8", b"O8"), "an array of 'O8'"),
        # A shape that the bytes do not fill: 201 in place of 200.
        (HONEST.replace(b"K\xc8\x85", b"K\xc9\x85"), "cannot reshape"),
    ],
    ids=[
        *(f"{type(value)} {getattr(value, 'dtype', '')}" for value in OTHER_VALUES),
        "forged pointers",
        "forged shape",
    ],
)
def test_what_batches_do_not_need_and_what_is_forged_is_refused(content, message):
    assert HONEST.count(b"K\xc8\x85") == 1
    with pytest.raises(DamagedDataError, match=message):
        read_pickle(content)


def test_a_pickle_cut_anywhere_is_refused():
    whole = pickle.dumps({"data": ARRAYS[0], "labels": [1, 2, 3]}, 2)

    for length in range(len(whole)):
        with pytest.raises(DamagedDataError):
            read_pickle(whole[:length])
