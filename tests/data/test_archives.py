"""Archives and pickles of strangers are read, or refused, but never obeyed."""

import builtins
import gzip
import io
import os
import pickle
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vistext.data import download
from vistext.data.archives import members, read_pickle
from vistext.data.download import DamagedDataError

FILES = {"things/a.txt": b"first", "things/deep/b.bin": bytes(range(256)) * 40, "things/empty": b""}
ENDINGS = [".tar.gz", ".tar", ".zip"]


def packed(path, files, *extra):
    """An archive made by the standard library; `extra` are ready tar members."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in extra:
            archive.addfile(member)
    return path


def special(name, kind, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def contents(archive):
    return {str(path): content for path, content in members(archive)}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_was_packed_comes_back(tmp_path, ending):
    archive = packed(tmp_path / f"pack{ending}", FILES)

    assert contents(archive) == FILES


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "name",
    [
        "../escaped",
        "things/../../escaped",
        "/escaped",
        "..\\escaped",
        "C:\\escaped",
        "C:escaped",
        "\\\\server\\share\\escaped",
        "things/.. /../escaped",
    ],
)
def test_a_path_that_leads_out_is_refused(tmp_path, ending, name):
    archive = packed(tmp_path / f"pack{ending}", {"fine": b"1", name: b"2"})

    with pytest.raises(DamagedDataError, match="leads out of its folder"):
        contents(archive)


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
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        link = zipfile.ZipInfo("link")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")

    with pytest.raises(DamagedDataError, match="a link"):
        contents(tmp_path / "pack.zip")


@pytest.mark.parametrize("name", ["./a/b", "a/b", "a//b", "a/./b", "...hidden/b", "a/..b", "a b/c. d"])
def test_harmless_paths_are_taken(tmp_path, name):
    archive = packed(tmp_path / "pack.tar.gz", {name: b"1"}, special("./", tarfile.DIRTYPE))

    assert list(contents(archive).values()) == [b"1"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_archive_cut_anywhere_is_refused(tmp_path, ending):
    whole = packed(tmp_path / f"pack{ending}", FILES).read_bytes()
    archive = tmp_path / f"cut{ending}"
    # A .tar ends in zeros that may be missing without loss, as long as some are left.
    end = len(whole.rstrip(b"\0")) if ending == ".tar" else len(whole)

    for kept in {*range(0, end, max(1, end // 40)), 1, 512, 1024, 1536, end - 9, end - 1} & set(range(end)):
        archive.write_bytes(whole[:kept])
        with pytest.raises(DamagedDataError, match="cut short or damaged"):
            contents(archive)


def test_a_damaged_member_is_noticed_though_all_bytes_are_there(tmp_path):
    archive = packed(tmp_path / "pack.tar", FILES)
    content = bytearray(archive.read_bytes())
    second_header = content.index(b"things/deep/b.bin")
    content[second_header : second_header + 4] = b"XXXX"
    archive.write_bytes(content)

    with pytest.raises(DamagedDataError, match="cut short or damaged"):
        list(members(archive))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ending=st.sampled_from([".tar.gz", ".zip"]), data=st.data())
def test_a_changed_byte_gives_the_same_files_or_is_noticed(tmp_path, ending, data):
    archive = packed(tmp_path / f"pack{ending}", FILES)
    content = bytearray(archive.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    archive.write_bytes(content)

    try:
        found = {content for _, content in members(archive)}
    except DamagedDataError:
        found = set()
    assert found <= set(FILES.values())


def test_no_archive_at_all_is_refused(tmp_path):
    (tmp_path / "page.tar.gz").write_bytes(b"<html>404 Not Found</html>" * 100)

    with pytest.raises(DamagedDataError, match=r"page\.tar\.gz is cut short or damaged"):
        contents(tmp_path / "page.tar.gz")


def test_a_member_too_large_for_memory_is_not_read(tmp_path):
    archive = packed(tmp_path / "bomb.zip", {"zeros": bytes(1001)})

    with pytest.raises(DamagedDataError, match="at most 1,000"):
        list(members(archive, largest=1000))


def test_a_refused_archive_is_closed_again(tmp_path, monkeypatch):
    opened = []
    real_open = builtins.open
    monkeypatch.setattr(builtins, "open", lambda *args, **more: opened.append(real_open(*args, **more)) or opened[-1])
    archive = packed(tmp_path / "pack.tar.gz", {"../a": b""})
    opened.clear()

    with pytest.raises(DamagedDataError):
        list(members(archive))
    assert [file.closed for file in opened] == [True]


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


def test_the_refused_pickle_would_have_run_elsewhere(tmp_path):
    pickle.loads(pickle.dumps(Runs(os.mkdir, str(tmp_path / "it ran"))))

    assert (tmp_path / "it ran").exists()


@pytest.mark.parametrize(
    "value",
    [
        np.array([None, {}], dtype=object),
        np.zeros(3, [("a", "u1")]),
        np.zeros(3, "M8[s]"),
        np.float32(1),
        1j,
        {1, 2},
        range(3),
    ],
    ids=lambda value: type(value).__name__ + str(getattr(value, "dtype", "")),
)
def test_what_batches_do_not_need_is_refused(value):
    content = pickle.dumps(value, 2)

    with pytest.raises(DamagedDataError, match="a pickle that is refused"):
        read_pickle(content)


def test_a_pickle_cannot_forge_an_array_that_reaches_outside_its_bytes():
    """An object array whose pointers are given as bytes: NumPy itself would follow them."""
    forged = pickle.dumps({"data": np.arange(4, dtype=np.int64)}, 2).replace(b"i8", b"O8")

    with pytest.raises(DamagedDataError, match="an array of 'O8'"):
        read_pickle(forged)


def test_a_shape_that_the_bytes_do_not_fill_is_refused():
    honest = pickle.dumps(np.zeros(200, np.uint8), 2)
    assert honest.count(b"K\xc8\x85") == 1  # the shape: (200,)

    with pytest.raises(DamagedDataError, match="cannot reshape"):
        read_pickle(honest.replace(b"K\xc8\x85", b"K\xc9\x85"))


def test_a_pickle_cut_anywhere_is_refused():
    whole = pickle.dumps({"data": ARRAYS[0], "labels": [1, 2, 3]}, 2)

    for kept in range(len(whole)):
        with pytest.raises(DamagedDataError):
            read_pickle(whole[:kept])


def test_gzip_of_a_truncated_tar_is_noticed(tmp_path):
    """Every checksum of gzip is right here: what is cut is the .tar inside."""
    inner = packed(tmp_path / "pack.tar", FILES).read_bytes()
    (tmp_path / "pack.tar.gz").write_bytes(gzip.compress(inner[: inner.index(b"things/empty")]))

    with pytest.raises(DamagedDataError, match="cut short or damaged"):
        list(members(tmp_path / "pack.tar.gz"))


def test_the_errors_are_what_callers_of_the_standard_library_expect():
    assert issubclass(download.DataNotFoundError, FileNotFoundError)
    assert issubclass(download.DamagedDataError, ValueError)
    assert issubclass(download.DownloadError, ConnectionError)


@pytest.mark.parametrize("ending", ENDINGS)
def test_of_an_archive_with_some_bad_members_the_good_ones_can_be_read_and_the_others_are_named(tmp_path, ending):
    archive = packed(
        tmp_path / f"pack{ending}", {"../a.txt": b"1", "large.txt": b"22", "b.txt": b"3", "c.bin": b"4" * 99}
    )
    passed_over = []
    read = dict(members(archive, wanted=lambda path: path.suffix == ".txt", largest=1, passed_over=passed_over))
    assert {str(path): content for path, content in read.items()} == {"b.txt": b"3"}
    assert len(passed_over) == 2
    assert "'../a.txt', a link or a path that leads out" in passed_over[0]
    assert "'large.txt' of 2 bytes; at most 1" in passed_over[1]
