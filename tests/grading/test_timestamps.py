"""Whose clock counts: the platform's, never the student's; and what cannot be read is told."""

import pytest
from test_collect import NAME, OURS, found, put, zipped

TIME = b"2026-11-01 12:00:00 UTC"
MOODLE = "Jane Doe_12345_assignsubmission_file_"


@pytest.fixture(autouse=True)
def in_berlin(monkeypatch):
    """A date without a zone is in the zone of this machine."""
    import time

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
    "files",
    [
        {f"anna/ps90_standin/{NAME}": OURS, "anna/ps90_standin/timestamp.txt": TIME},
        {f"anna/{NAME}": OURS, "anna/timestamp.txt": TIME},
        {f"{MOODLE}/{NAME}": OURS, f"{MOODLE}/timestamp.txt": TIME},
        {f"ps90-janedoe/ps90_standin/{NAME}": OURS, "ps90-janedoe/ps90_standin/timestamp.txt": TIME},
        {"anna/w.zip": zipped({f"ps90_standin/{NAME}": OURS, "ps90_standin/timestamp.txt": TIME})},
        {"class.zip": zipped({f"anna/ps90_standin/{NAME}": OURS, "anna/ps90_standin/timestamp.txt": TIME})},
    ],
)
def test_a_time_that_a_student_may_have_written_does_not_count_and_is_told(files, tmp_path):
    put(tmp_path, files)
    submission = only(tmp_path)
    assert (submission.content, submission.timestamp) == (OURS, "")
    assert "is the student's own; the time in it does not count" in submission.flags[0]


@pytest.mark.parametrize(
    "files",
    [
        {f"anna/{NAME}": OURS, "anna/timestamp.txt": TIME},
        {f"anna/ps90_standin/deep/{NAME}": OURS, "anna/ps90_standin/deep/timestamp.txt": TIME},
        {"anna/ps90_standin/w.zip": zipped({NAME: OURS, "timestamp.txt": TIME})},
    ],
)
def test_nor_does_it_in_nbgrader_s_folder_where_nbgrader_has_not_put_it(files, tmp_path):
    put(tmp_path, files)
    submission = only(tmp_path, by_nbgrader=True)
    assert submission.timestamp == ""
    assert "the student's own" in submission.flags[0]


def test_nbgrader_s_own_time_counts_beside_a_student_s(tmp_path):
    stamp = "anna/ps90_standin/timestamp.txt"
    inner = zipped({NAME: OURS, "timestamp.txt": b"2001-01-01 00:00:00 UTC"})
    put(tmp_path, {"anna/ps90_standin/w.zip": inner, stamp: TIME})
    submission = only(tmp_path, by_nbgrader=True)
    assert submission.timestamp == TIME.decode()
    assert len(submission.flags) == 1


@pytest.mark.parametrize("stamp", [b"", b"yesterday", b"\xff\xfe", b"2026-99-99 12:00:00 UTC", b"0" * 70_000, b"1 2 3"])
def test_a_time_that_cannot_be_read_is_told(stamp, tmp_path):
    put(tmp_path, {f"anna/ps90_standin/{NAME}": OURS, "anna/ps90_standin/timestamp.txt": stamp})
    submission = only(tmp_path, by_nbgrader=True)
    assert submission.timestamp == ""
    assert "the time of submission cannot be read" in submission.flags[0]


@pytest.mark.parametrize(
    "date", ["Nov 99, 2026 1011 AM", "Foo 20, 2026 1011 AM", "Nov 20, 2026 9911 AM", "Nov 20, 0000 1011 AM"]
)
def test_a_platform_s_date_that_is_none_is_told(date, tmp_path):
    put(tmp_path, {f"123-456 - Jane Doe - {date}/{NAME}": OURS})
    submission = only(tmp_path)
    assert submission.timestamp == ""
    assert "the time of submission cannot be read" in submission.flags[0]


@pytest.mark.parametrize(
    "path",
    [
        f"9-456 - Victim - Nov 1, 2026 1011 AM - Eve - Nov 20, 2026 1011 AM/{NAME}",
        "ps90_eve_attempt_2026-11-20-10-11-12_x_attempt_2026-11-01-10-11-12_ps90.ipynb",
    ],
)
def test_a_date_that_a_student_may_have_written_into_a_name_does_not_count_and_is_told(path, tmp_path):
    put(tmp_path, {path: OURS})
    submission = only(tmp_path)
    assert submission.timestamp == ""
    assert "holds the platform's marks twice" in submission.flags[0]


def test_that_a_platform_says_late_and_not_when_is_told(tmp_path):
    put(tmp_path, {f"doejane_LATE_12_34_{NAME}": OURS})
    assert "Canvas says that it came late" in only(tmp_path).flags[0]
