"""Names that learning platforms make say whose a file is, and when it was handed in: never a student's own clock."""

import time

import pytest
from submissions import NAME, OURS, found, put, zipped

from vistext.grading.platforms import BOTH, FILE, PLATFORMS, copy_number, is_set_name, read_name, shortened

SET = "ps01_tagging"
EXAMPLES = [
    (platform, name, owner, platform.of != FILE and not (platform.of == BOTH and name.endswith(("ipynb", "html"))))
    for platform in PLATFORMS
    for name, owner in platform.examples.items()
]


@pytest.mark.parametrize(("platform", "name", "owner", "folder"), EXAMPLES)
def test_each_example_of_the_table_is_read_as_the_table_says(platform, name, owner, folder):
    read = read_name(name, SET, folder=folder)
    assert (read.platform, read.owner) == (platform.name, owner)


OWNERS = {
    "anna_ps01_tagging.ipynb | anna ps01_tagging (1).ipynb | anna-ps01.ipynb | ps01_anna.ipynb": "anna",
    "anna_ps01_whatever.ipynb | anna_ps01_tagging-final.ipynb | anna_ps01.ipynb.txt | anna_ps01.ipynb (1)": "anna",
    "PS1_anna.ipynb | anna_ps01.pages | anna.zip | anna_ps01.tar.gz": "anna",
    "anna.müller.ipynb": "anna.müller",
    "anna1.ipynb": "anna1",
    "maps1.ipynb": "maps1",
    "ps01_tagging.ipynb | ps01_tagging-10.ipynb | Copy of Kopie von ps01_tagging-Copy1 (2).ipynb": "",
    "homework1.ipynb | Untitled3.ipynb | ps01_tagging_solution.ipynb": "",
}


@pytest.mark.parametrize(("names", "owner"), OWNERS.items())
def test_without_a_platform_the_owner_is_what_is_left_of_the_name(names, owner):
    assert {read_name(name, SET, folder=False).owner for name in names.split(" | ")} == {owner}


@pytest.mark.parametrize(
    ("name", "number"),
    [("ps01-2.ipynb", 2), ("ps01-10.ipynb", 10), ("ps01 (3).ipynb", 3), ("ps01.ipynb", 0), ("ps01-Copy1.ipynb", 0)],
)
def test_the_number_of_a_further_upload_is_read_as_a_number(name, number):
    assert copy_number(name) == number


def test_a_set_s_own_name_is_told_from_others():
    own = ["ps01_tagging", "ps01", "PS 1", "ps01-tagging.ipynb", "Copy of ps01_tagging (2).ipynb"]
    others = ["ps02", "ps011", "ps01-janedoe", "anna_ps01", "tagging"]
    assert [name for name in own + others if is_set_name(name, SET)] == own


@pytest.mark.parametrize(
    "name",
    [
        "Victim_777_assignsubmission_file_x_5_assignsubmission_file_ps01.ipynb",
        "ps01_eve_attempt_2026-11-20-10-11-12_x_attempt_2026-11-01-10-11-12_ps01.ipynb",
        "9-456 - Victim - Nov 1, 2026 1011 AM - Eve - Nov 20, 2026 1011 AM - ps01.ipynb",
    ],
)
def test_a_platform_s_mark_that_a_student_has_written_is_noted_and_nobody_becomes_another(name):
    read = read_name(name, SET, folder=False)
    assert read.forged
    assert read.owner not in ("Victim_777", "x", "Victim", "Victim_123")


PARTS = ["_", "1", "_1", "_12_", "1-", "ps01_", " - ", "(", " -ps01", "Copy of ", "+ps01+", "é"]


@pytest.mark.parametrize("part", [*PARTS, "_attempt_2026-11-20-10-11-12"])
def test_no_name_takes_long_to_read(part):
    began = time.perf_counter()
    for folder in (False, True):
        read_name(part * 60_000, SET, folder=folder)
    is_set_name(part * 60_000, SET)
    copy_number(part * 60_000)
    assert time.perf_counter() - began < 2  # linear: milliseconds; an hour if it were not


def test_long_names_are_cut_and_stay_different():
    assert len(shortened("_" * 60_000)) <= 255
    assert shortened("_" * 60_000) != shortened("_" * 60_001)
    assert shortened("anna") == "anna"


TIME = b"2026-11-01 12:00:00 UTC"
MOODLE = "Jane Doe_12345_assignsubmission_file_"


@pytest.fixture(autouse=True)
def in_berlin(monkeypatch):
    """A date without a zone is in the zone of this machine."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def only(place, **more):
    [submission] = found(place, **more).values()
    return submission


@pytest.mark.parametrize(
    ("path", "time"),
    [
        (f"123-456 - Jane Doe - Nov 20, 2026 1011 AM/{NAME}", "2026-11-20 09:11:00 UTC"),
        (f"123-456 - Jane Doe - Nov 20, 2026 1211 AM/{NAME}", "2026-11-19 23:11:00 UTC"),
        (f"123-456 - Jane Doe - June 2, 2026 10:11 PM/{NAME}", "2026-06-02 20:11:00 UTC"),
        ("ps90_jdoe3_attempt_2026-11-20-10-11-12_homework1.ipynb", "2026-11-20 09:11:12 UTC"),
        (f"jdoe3+ps90_standin+2026-11-20 10:11:12.123456 UTC+c2VjcmV0/{NAME}", "2026-11-20 10:11:12 UTC"),
        (f"{MOODLE}/{NAME}", ""),
        (f"doejane_12_34_{NAME}", ""),
        (f"anna/{NAME}", ""),
    ],
)
def test_a_platform_s_date_counts(path, time, tmp_path):
    put(tmp_path, {path: OURS})
    submission = only(tmp_path)
    assert (submission.timestamp, submission.flags) == (time, [])


def test_of_two_attempts_the_time_of_the_one_that_is_graded_counts(tmp_path):
    put(
        tmp_path,
        {
            f"123-456 - Jane Doe - Nov 20, 2026 1011 AM/{NAME}": OURS,
            f"123-456 - Jane Doe - Nov 21, 2026 0911 AM/{NAME}": OURS.replace(b"4242", b"4243"),
        },
    )
    assert only(tmp_path).timestamp == "2026-11-21 08:11:00 UTC"


def test_nbgrader_s_own_time_counts_in_its_own_folder(tmp_path):
    put(tmp_path, {f"anna/ps90_standin/{NAME}": OURS, "anna/ps90_standin/timestamp.txt": TIME})
    submission = only(tmp_path, by_nbgrader=True)
    assert (submission.timestamp, submission.flags) == (TIME.decode(), [])


@pytest.mark.parametrize(
    ("by_nbgrader", "files"),
    [
        (False, {f"anna/ps90_standin/{NAME}": OURS, "anna/ps90_standin/timestamp.txt": TIME}),
        (False, {f"anna/{NAME}": OURS, "anna/timestamp.txt": TIME}),
        (False, {f"{MOODLE}/{NAME}": OURS, f"{MOODLE}/timestamp.txt": TIME}),
        (False, {f"ps90-janedoe/ps90_standin/{NAME}": OURS, "ps90-janedoe/ps90_standin/timestamp.txt": TIME}),
        (False, {"anna/w.zip": zipped({f"ps90_standin/{NAME}": OURS, "ps90_standin/timestamp.txt": TIME})}),
        (False, {"class.zip": zipped({f"anna/ps90_standin/{NAME}": OURS, "anna/ps90_standin/timestamp.txt": TIME})}),
        # Nor does it in nbgrader's folder, where nbgrader has not put it.
        (True, {f"anna/{NAME}": OURS, "anna/timestamp.txt": TIME}),
        (True, {f"anna/ps90_standin/deep/{NAME}": OURS, "anna/ps90_standin/deep/timestamp.txt": TIME}),
        (True, {"anna/ps90_standin/w.zip": zipped({NAME: OURS, "timestamp.txt": TIME})}),
    ],
)
def test_a_time_that_a_student_may_have_written_does_not_count_and_is_told(by_nbgrader, files, tmp_path):
    put(tmp_path, files)
    submission = only(tmp_path, by_nbgrader=by_nbgrader)
    assert (submission.content, submission.timestamp) == (OURS, "")
    assert "is the student's own; the time in it does not count" in submission.flags[0]


def test_nbgrader_s_own_time_counts_beside_a_student_s(tmp_path):
    stamp = "anna/ps90_standin/timestamp.txt"
    inner = zipped({NAME: OURS, "timestamp.txt": b"2001-01-01 00:00:00 UTC"})
    put(tmp_path, {"anna/ps90_standin/w.zip": inner, stamp: TIME})
    submission = only(tmp_path, by_nbgrader=True)
    assert submission.timestamp == TIME.decode()
    assert len(submission.flags) == 1


STAMPS = [b"", b"yesterday", b"\xff\xfe", b"2026-99-99 12:00:00 UTC", b"0" * 70_000, b"1 2 3"]
DATES = ["Nov 99, 2026 1011 AM", "Foo 20, 2026 1011 AM", "Nov 20, 2026 9911 AM", "Nov 20, 0000 1011 AM"]
FORGED = [
    f"9-456 - Victim - Nov 1, 2026 1011 AM - Eve - Nov 20, 2026 1011 AM/{NAME}",
    "ps90_eve_attempt_2026-11-20-10-11-12_x_attempt_2026-11-01-10-11-12_ps90.ipynb",
]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        *[({"anna/ps90_standin/timestamp.txt": stamp}, "the time of submission cannot be read") for stamp in STAMPS],
        *[({f"1-4 - Jane Doe - {date}/{NAME}": OURS}, "the time of submission cannot be read") for date in DATES],
        *[({path: OURS}, "holds the platform's marks twice") for path in FORGED],
    ],
)
def test_a_time_that_cannot_be_read_or_believed_is_told(files, reason, tmp_path):
    put(tmp_path, files if OURS in files.values() else files | {f"anna/ps90_standin/{NAME}": OURS})
    submission = only(tmp_path, by_nbgrader=True)
    assert submission.timestamp == ""
    assert reason in submission.flags[0]


def test_that_a_platform_says_late_and_not_when_is_told(tmp_path):
    put(tmp_path, {f"doejane_LATE_12_34_{NAME}": OURS})
    assert "Canvas says that it came late" in only(tmp_path).flags[0]
