"""What can be done to a grader by files and their names alone: each costs whose it is, and the others are found."""

import io
import os
import socket
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
from functools import partial

import pytest
from submissions import LARGEST, NAME, OURS, RIGHT, as_bytes, found, hand_in, put, zipped

from vistext.data.download import DamagedDataError
from vistext.grading import collect as collecting
from vistext.grading import files as file_access
from vistext.grading.collect import Search, collect
from vistext.grading.process import LimitError, Worker
from vistext.grading.students import Students


def flags_of(place, student="eve"):
    """What is said of a student of whom there is no notebook; anna's is always found."""
    submissions = found(place)
    assert submissions["anna"].content == OURS
    assert submissions[student].content is None
    return " | ".join(submissions[student].flags)


@pytest.fixture
def place(tmp_path):
    """A class in which anna is honest, and eve has a folder."""
    put(tmp_path / "class", {f"anna/{NAME}": OURS, "eve/": None})
    return tmp_path / "class"


@pytest.mark.parametrize("name", ["_" * 60_000, "_1" * 30_000, "a_" * 30_000, "1-" * 30_000, " - " * 20_000])
def test_a_name_of_sixty_thousand_letters_takes_no_time(name, tmp_path):
    paths = {f"{name}a/{NAME}": OURS, f"{name}b_ps90.ipynb": OURS, f"eve/{name}.ipynb": OURS}
    put(tmp_path, {"class.zip": zipped(paths | {f"{name}c.zip": zipped({NAME: OURS}), f"anna/{NAME}": OURS})})
    began = time.perf_counter()
    submissions = found(tmp_path)
    assert time.perf_counter() - began < 10
    assert len(submissions) == 5
    assert all(one.content == OURS for one in submissions.values())


@pytest.mark.parametrize(("function", "path"), [("open", f"eve/{NAME}"), ("scandir", "eve")])
def test_what_may_not_be_read_costs_its_student_alone(function, path, place, monkeypatch):
    put(place, {f"eve/{NAME}": OURS})
    allowed = getattr(os, function)

    def refuse_eve_s(path, *more):
        if b"eve" in os.fsencode(path):
            raise PermissionError(13, "Permission denied", path)
        return allowed(path, *more)

    monkeypatch.setattr(os, function, refuse_eve_s)
    assert f"'{path}' cannot be read: Permission denied" in flags_of(place)


@pytest.mark.parametrize("instead", ["nothing", "a link", "a pipe", "a folder"])
def test_a_file_that_has_gone_since_it_was_found_costs_its_student_alone(instead, place):
    put(place, {f"eve/{NAME}": OURS})
    search = Search(place, "ps90_standin", LARGEST)
    assert collecting.owners_of(search) == ["anna", "eve"]
    file = place / "eve" / NAME
    file.unlink()
    {
        "nothing": lambda: None,
        "a link": lambda: file.symlink_to(place / "anna" / NAME),
        "a pipe": lambda: os.mkfifo(file),
        "a folder": file.mkdir,
    }[instead]()
    choice = collecting.submission_of(search, "eve")
    assert choice.content is None
    assert "cannot be read" in choice.flags[0]
    assert collecting.submission_of(search, "anna").content == OURS


def test_pipes_and_sockets_are_not_opened_and_links_and_loops_not_followed(place, monkeypatch):
    os.mkfifo(place / "eve" / "pipe.ipynb")
    monkeypatch.chdir(place / "eve")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("ps90.ipynb")
        (place / "eve" / "loop").symlink_to(place / "eve")
        (place / "eve" / NAME).symlink_to(place / "anna" / NAME)
        (place / "eve" / "all").symlink_to("/")
        flags = flags_of(place)
    assert flags.count("is a pipe, a socket or a device") == 2
    assert flags.count("is a link; it was not followed") == 3


def test_folders_without_end_and_files_without_number_are_left(place, monkeypatch):
    monkeypatch.setattr(file_access, "MAX_OF_STUDENT", 50)
    monkeypatch.setattr(file_access, "MAX_IN_FOLDER", 40)
    monkeypatch.setattr(file_access, "MAX_IN_ARCHIVE", 60)
    put(place, {"eve/" + "a/" * 100: None})
    put(place, {f"dora/{number}.txt": b"" for number in range(45)})
    put(place, {f"cleo/{number // 30}/{number}.txt": b"" for number in range(60)})
    put(place, {f"{size}/w.zip": zipped({f"{number}.txt": b"" for number in range(size)}) for size in (55, 61)})
    assert "lies in more than 20 folders" in flags_of(place)
    assert "holds more than 40 files" in flags_of(place, "dora")
    assert "is one of more than 50 files" in flags_of(place, "cleo")
    assert "there are more than 50 files in the archives" in flags_of(place, "55")
    assert "holds more than 60 files; it was not read" in flags_of(place, "61")


def test_names_that_are_no_utf_8_stay_two_students(place):
    for name in (b"caf\xe9", b"caf\xe8"):
        os.mkdir(os.path.join(os.fsencode(place), name))
    assert len(found(place)) == 4


def nested(depth):
    content = zipped({NAME: OURS})
    for _ in range(depth):
        content = zipped({"inner.zip": content})
    return content


def lying(size):
    """A zip that says of its notebook that it has another size."""
    content = zipped({NAME: OURS})
    return content.replace(struct.pack("<L", len(OURS)), struct.pack("<L", size))


def encrypted():
    content = bytearray(zipped({NAME: OURS}))
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def of_unknown_method():
    content = bytearray(zipped({NAME: OURS}))
    content[content.rindex(b"PK\x01\x02") + 10] = 97
    content[8] = 97
    return bytes(content)


def deflated(size, name=NAME):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as file:
        for _ in range(size >> 20):
            file.write(b" " * (1 << 20))
    return buffer.getvalue()


def tar_of(*members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
    return buffer.getvalue()


ARCHIVES = {
    "a zip in a zip in a zip": ({"w.zip": nested(2)}, "too deep in others"),
    "a hundred zips": ({f"{number}.zip": zipped({"a.txt": b""}) for number in range(100)}, "one archive too many"),
    "a bomb": ({"w.zip": deflated(64 << 20)}, "takes 67,108,864 bytes; at most 1,048,576 are read"),
    "a bomb that lies": ({"w.zip": lying(99)}, "damaged"),
    "a zip that says it is huge": ({"w.zip": lying((1 << 32) - 2)}, "takes 4,294,967,294 bytes"),
    "a password": ({"w.zip": encrypted()}, "needs a password"),
    "an unknown method": ({"w.zip": of_unknown_method()}, "damaged"),
    "a path that leads out": ({"w.zip": zipped({f"../../anna/{NAME}": b"x"})}, "leads out of its folder"),
    "a tar with a link": ({"w.tar": tar_of((NAME, tarfile.SYMTYPE, f"../anna/{NAME}"))}, "is a link"),
    "a tar with a hard link": ({"w.tar": tar_of((NAME, tarfile.LNKTYPE, "/etc/passwd"))}, "is a link"),
    "a tar with a device": ({"w.tar": tar_of((NAME, tarfile.CHRTYPE, ""))}, "is a link"),
    "a path of thirty thousand folders": ({"w.zip": zipped({"a/" * 30_000 + NAME: OURS})}, "in more than 20 folders"),
    "a large notebook": ({NAME: b" " * (LARGEST + 1)}, "at most 1,048,576 are read"),
    "escapes for a terminal": (
        {"w.zip": zipped({"\x1b]0;x\x07\x9b31m\u202e.rar": b"Rar!"})},
        "\\x1b]0;x\\x07\\x9b31m\\u202e",
    ),
}


@pytest.mark.parametrize("trick", ARCHIVES)
def test_an_archive_costs_its_student_alone_and_is_told(trick, place):
    files, message = ARCHIVES[trick]
    put(place, {f"eve/{name}": content for name, content in files.items()})
    flags = flags_of(place)
    assert message in flags
    assert flags.isprintable()
    assert len(flags) < 8000


def test_damage_in_a_class_s_zip_costs_whom_it_hits(tmp_path):
    content = bytearray(zipped({f"eve/{NAME}": OURS.replace(b"4242", b"4243"), f"anna/{NAME}": OURS}))
    content[content.index(b"4243")] ^= 1
    put(tmp_path, {"class.zip": bytes(content)})
    assert "cut short or damaged (Bad CRC-32" in flags_of(tmp_path)


def test_what_takes_too_much_costs_its_student_alone(place):
    def call(function, *given):
        if given[-1] == "eve":
            raise LimitError("took more than 3 seconds")
        return function(*given)

    submissions = {one.student: one for one in collect(Search(place, "ps90_standin", LARGEST), call=call)}
    assert submissions["anna"].content == OURS
    assert "took more than 3 seconds" in submissions["eve"].flags[0]


def test_a_notebook_that_is_small_on_a_disk_and_large_in_memory_is_stopped(place):
    put(
        place,
        {f"eve/{NAME}": b'{"cells": [' + b"[]," * 20_000_000 + b"[]]}", "eve/copy.ipynb": OURS.replace(b"42", b"43")},
    )
    worker = Worker(512 << 20)
    try:
        search = Search(place, "ps90_standin", 100 << 20)
        submissions = {one.student: one for one in collect(search, call=partial(worker.call, seconds=120))}
    finally:
        worker.close()
    assert submissions["anna"].content == OURS
    assert "took more than 512 MiB of memory" in submissions["eve"].flags[0]


PEAK = """
import sys
from pathlib import Path
from vistext.grading.collect import Search, collect

def peak():  # of this program alone: what getrusage says begins with the size of the process that started it
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1])

before = peak()
for submission in collect(Search(Path(sys.argv[1]), "ps90_standin", 100 << 20)):
    pass
print((peak() - before) >> 10)
"""


def test_memory_does_not_grow_with_what_is_handed_in(tmp_path):
    """Two students with 8 notebooks of 16 MiB each, in zips in a class's zip; two notebooks are held at once."""
    notebook = as_bytes(hand_in(RIGHT))[:-2] + b" " * (16 << 20) + b"}"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(8):
            archive.writestr(f"{number}/{NAME}", notebook + b" " * number)
    put(tmp_path, {"class.zip": zipped({"eve.zip": buffer.getvalue(), "ben.zip": buffer.getvalue()})})
    run = subprocess.run([sys.executable, "-c", PEAK, str(tmp_path)], capture_output=True, text=True, check=True)
    assert 16 < int(run.stdout) < 110  # MiB


@pytest.mark.parametrize("turned", [False, True])
def test_nobody_s_work_becomes_another_s_in_any_order_and_run(turned, tmp_path):
    """The victim handed in first; then somebody comes whose name comes to the same id, or holds a platform's marks."""
    mine, theirs = OURS, OURS.replace(b"4242", b"4243")
    pairs = {
        "anna_s": "anna s",
        "a_b": "a  b",
        "Zoe\u0301": "Zo\u00e9",
        "Bob": "bob",
        "Victim_777_assignsubmission_file_": "Victim_777_assignsubmission_file__9_assignsubmission_file_",
    }
    kept = tmp_path / "students.json"
    first = tmp_path / "first"
    put(first, {f"{victim}/{NAME}": mine for victim in pairs})
    before = {one.owner: one.student for one in collect(Search(first, "ps90_standin", LARGEST), Students(kept))}

    names = [name for pair in pairs.items() for name in pair]
    later = tmp_path / "later.zip"
    files = {f"{name}/{NAME}": mine if name in pairs else theirs for name in (names[::-1] if turned else names)}
    later.write_bytes(zipped(files))
    after = list(collect(Search(later, "ps90_standin", LARGEST), Students(kept)))
    assert {one.owner: one.student for one in after} | before == {one.owner: one.student for one in after}
    assert len({one.student.casefold() for one in after}) == len(names)
    for one in after:
        assert one.content == (mine if one.owner in before else theirs)
        assert bool(one.flags) == (one.owner not in before)


def test_a_class_s_archive_of_no_use_is_an_error_and_not_an_empty_class(tmp_path):
    for name, content in {"a.zip": b"<html>", "b.tar.gz": b"\x1f\x8b\x08", "c.zip": zipped({"x": b""})[:20]}.items():
        put(tmp_path, {name: content})
        with pytest.raises(DamagedDataError, match="get it again"):
            found(tmp_path / name)


def test_no_room_on_this_machine_is_not_a_student_s_fault(place, monkeypatch):
    put(place, {"eve/w.zip": zipped({"inner.zip": zipped({NAME: OURS, "a.bin": bytes(3 << 20)})})})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file_access, "_copied", full)
    with pytest.raises(OSError, match="No space left"):
        found(place)
