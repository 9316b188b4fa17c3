"""Submissions are found wherever an LMS, an exchange or a student has put them, each under its student's name."""

import io
import json
import zipfile

import pytest
from submissions import RIGHT, as_bytes, hand_in

from vistext.data.download import DamagedDataError
from vistext.grading.collect import Search, collect
from vistext.grading.students import safe_name

NAME = "ps90_standin.ipynb"
OURS = as_bytes(hand_in(RIGHT))
OTHER_SET = OURS.replace(b"ps90", b"ps91")
LIMIT = 1 << 20


def found(place, **more):
    return {one.student: one for one in collect(Search(place, "ps90_standin", LIMIT, **more))}


def put(folder, files):
    """Write files; where there is no content, make a folder."""
    for path, content in files.items():
        target = folder / path
        if content is None:
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


LAYOUTS = {
    "nested": {f"anna/{NAME}": OURS, f"ben/deep/er/{NAME}": OURS},
    "nbgrader's": {f"anna/ps90_standin/{NAME}": OURS, f"ben/ps90_standin/{NAME}": OURS},
    "flat": {f"anna_{NAME}": OURS, "ben-ps90.ipynb": OURS},
    "flat, with numbers": {"anna.ipynb": OURS, "ben ps90_standin (1).ipynb": OURS},
    "a zip each": {"anna.zip": zipped({NAME: OURS}), "ben_ps90.zip": zipped({f"x/y/{NAME}": OURS})},
    "a zip in a folder": {"anna/work.zip": zipped({NAME: OURS}), f"ben/{NAME}": OURS},
    "a zip of folders": {"all.zip": zipped({f"anna/{NAME}": OURS, f"ben/{NAME}": OURS})},
    "a zip of one folder of folders": {"all.zip": zipped({f"all/anna/{NAME}": OURS, f"all/ben/{NAME}": OURS})},
    "a zip of files": {"all.zip": zipped({f"anna_{NAME}": OURS, f"ben_{NAME}": OURS})},
    "a zip of zips": {"all.zip": zipped({"anna.zip": zipped({NAME: OURS}), f"ben/{NAME}": OURS})},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_gives_each_student_their_notebook(layout, tmp_path):
    put(tmp_path, LAYOUTS[layout])
    submissions = found(tmp_path)
    assert sorted(submissions) == ["anna", "ben"]
    assert all(one.content == OURS and one.flags == [] for one in submissions.values())


def test_a_class_s_zip_can_be_named_itself(tmp_path):
    put(tmp_path, {"all.zip": zipped({f"anna/{NAME}": OURS}), "other.zip": b""})
    assert list(found(tmp_path / "all.zip")) == ["anna"]


@pytest.mark.parametrize(
    ("path", "student"),
    [
        (f"müller_anna_1234_98765_{NAME}", "müller_anna_1234"),  # Canvas: the second number changes with each attempt
        (f"müller_anna_LATE_1234_98765_{NAME}", "müller_anna_1234"),
        (f"Anna Müller_1234_assignsubmission_file_/{NAME}", "Anna_Müller_1234"),  # Moodle
    ],
)
def test_names_that_an_lms_makes_are_the_same_from_attempt_to_attempt(path, student, tmp_path):
    put(tmp_path, {path: OURS, f"zz/{NAME}": OURS})
    assert student in found(tmp_path)


def test_two_students_of_one_name_stay_two(tmp_path):
    put(tmp_path, {f"anna_11_100_{NAME}": OURS, f"anna_12_200_{NAME}": OURS, f"a b/{NAME}": OURS, f"a_b/{NAME}": OURS})
    submissions = found(tmp_path)
    assert len(submissions) == 4
    assert {"anna_11", "anna_12"} < set(submissions)
    assert any("'a b' would have the id of 'a_b'" in doubt for one in submissions.values() for doubt in one.flags)


def test_a_notebook_of_another_set_is_left_alone(tmp_path):
    put(tmp_path, {"anna/ps91.ipynb": OTHER_SET, f"anna/{NAME}": OURS, "ben/ps91.ipynb": OTHER_SET})
    submissions = found(tmp_path)
    assert list(submissions) == ["anna"]
    assert submissions["anna"].flags == []


def test_a_notebook_under_any_name_is_known_by_its_exercises(tmp_path):
    put(tmp_path, {"anna/Untitled1.ipynb": OURS, "anna/scratch.ipynb": b'{"cells": []}'})
    assert found(tmp_path)["anna"].content == OURS


def test_of_two_notebooks_one_is_taken_and_a_person_is_told(tmp_path):
    put(tmp_path, {f"anna/{NAME}": OURS, "anna/copy.ipynb": OURS.replace(b"4242", b"4243")})
    submission = found(tmp_path)["anna"]
    assert submission.content == OURS
    assert "2 notebooks of this set" in submission.flags[0]


def test_a_time_is_believed_from_the_exchange_and_not_from_a_student_s_zip(tmp_path):
    stamp = b"2026-11-01 12:00:00 UTC"
    files = {
        f"anna/ps90_standin/{NAME}": OURS,
        "anna/ps90_standin/timestamp.txt": stamp,
        "ben.zip": zipped({NAME: OURS, "timestamp.txt": stamp}),
    }
    put(tmp_path, files)
    submissions = found(tmp_path, by_nbgrader=True)
    assert (submissions["anna"].timestamp, submissions["ben"].timestamp) == (stamp.decode(), "")


def test_hidden_files_and_what_macs_add_are_passed_over(tmp_path):
    junk = {f"anna/.ipynb_checkpoints/{NAME}": b"old", f"__MACOSX/anna/._{NAME}": b"x"}
    put(tmp_path, {"all.zip": zipped({f"anna/{NAME}": OURS} | junk)})
    assert found(tmp_path)["anna"].content == OURS


def test_a_bad_name_in_a_class_s_zip_costs_only_itself(tmp_path):
    put(tmp_path, {"all.zip": zipped({f"anna/{NAME}": OURS, f"../ben/{NAME}": OURS})})
    submissions = found(tmp_path)
    assert submissions["anna"].content == OURS
    assert "leads out" in submissions["all"].flags[0]
    assert not (tmp_path.parent / "ben").exists()


def test_a_class_s_zip_that_is_damaged_is_an_error(tmp_path):
    put(tmp_path, {"all.zip": LAYOUTS["a zip of folders"]["all.zip"][:300]})
    with pytest.raises(DamagedDataError):
        found(tmp_path)


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds the submissions"):
        found(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc", "etc"),
        ("a/b\\c", "a_b_c"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("anna.müller@x.org", "anna.müller@x.org"),
        ("\u202eevil\x1b[31m", "evil_31m"),
        ("a" * 500, "a" * 100),
    ],
)
def test_a_name_leads_nowhere_once_it_is_cleaned(name, safe):
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    "line", ["# Exercise: PS91-", "## exercise ps91 - ", "#exercise: ps91_", "# exercise: ps91\u2013"]
)
def test_the_set_of_a_notebook_is_known_however_its_lines_are_written(line, tmp_path):
    other = OURS.replace(b"# exercise: ps90-", json.dumps(line)[1:-1].encode())
    put(tmp_path, {"anna/x.ipynb": other, "ben/x.ipynb": OURS})
    submissions = found(tmp_path)
    assert submissions["ben"].content == OURS
    assert submissions["anna"].content is None
    assert "holds exercises of ps91" in " ".join(submissions["anna"].flags)
