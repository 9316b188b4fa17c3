"""A class: graded side by side and resumably, entered in nbgrader's gradebook, told in pages and in a table."""

import json
import re
import shutil
from dataclasses import replace

import nbformat
import pytest
from nbgrader.apps.api import NbGraderAPI
from sqlalchemy import event
from sqlalchemy.engine import Engine
from submissions import CLASS, LIMITS, RIGHT, as_bytes, hand_in, job_of, make_release, table
from traitlets.config import Config

from tools.notebooks.release import release_of, sources
from vistext import cli, exercises
from vistext.grading import batch, gradebook, sandbox
from vistext.grading.cells import cell_of
from vistext.grading.grade import grade
from vistext.grading.gradebook import Course, CourseError
from vistext.grading.limits import Job
from vistext.grading.restore import restore


@pytest.mark.sandbox
def test_a_class_is_graded_and_everything_that_nbgrader_needs_is_there(course, handed_in):
    outcome = batch.grade_all(course, handed_in, job_of(course))
    assert (outcome.graded, outcome.unchanged) == (4, 0)
    rows = table(outcome)
    assert [rows[student]["score"] for student in CLASS] == ["9", "5", "0", "9"]
    assert [rows[student]["state"] for student in CLASS] == ["graded", "graded", "graded", "see why"]
    assert (rows["anna"]["by hand"], rows["cleo"]["by hand"]) == ("ps90-4", "")

    config = Config()
    config.CourseDirectory.root = str(course.folder)
    api = NbGraderAPI(config=config)
    submissions = {one["student"]: one for one in api.get_submissions("ps90_standin")}
    assert {name: one["score"] for name, one in submissions.items()} == {"anna": 9, "ben": 5, "cleo": 0, "dora": 9}
    assert all(one["autograded"] and one["submitted"] for one in submissions.values())
    assert [submissions[name]["needs_manual_grade"] for name in CLASS] == [True, False, False, False]
    assert api.generate_feedback("ps90_standin", "ben")["success"]
    with course.open() as book:
        grade = book.find_grade("ps90-1-check", "ps90_standin", "ps90_standin", "ben")
        assert (grade.auto_score, grade.max_score) == (0, 4)
        comment = book.find_comment("ps90-1", "ps90_standin", "ps90_standin", "ben")
        assert comment.comment == "The factor makes no difference."


@pytest.mark.sandbox
def test_a_second_run_grades_only_what_has_changed(course, handed_in):
    batch.grade_all(course, handed_in, job_of(course))
    (handed_in / "ben" / "ps90_standin.ipynb").write_bytes(as_bytes(hand_in(RIGHT)))
    outcome = batch.grade_all(course, handed_in, job_of(course))
    assert (outcome.graded, outcome.unchanged) == (1, 3)
    assert table(outcome)["ben"]["score"] == "9"
    assert batch.grade_all(course, handed_in, job_of(course, seed=8)).graded == 4


@pytest.mark.sandbox
def test_marks_that_a_person_gave_stay(course, handed_in):
    batch.grade_all(course, handed_in, job_of(course))
    names = ("ps90-4", "ps90_standin", "ps90_standin", "anna")
    with course.open() as book:
        grade = book.find_grade(*names)
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        book.db.commit()
    batch.grade_all(course, handed_in, job_of(course), again=True)
    with course.open() as book:
        assert book.find_grade(*names).manual_score == 1.5
        assert book.find_submission("ps90_standin", "anna").score == 10.5


@pytest.mark.sandbox
def test_an_interrupted_run_loses_nothing_and_the_next_one_takes_up_where_it_ended(course, handed_in):
    def interrupt(student):
        if student == "ben":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch.grade_all(course, handed_in, job_of(course), progress=interrupt)
    outcome = batch.grade_all(course, handed_in, job_of(course))
    assert (outcome.graded, outcome.unchanged) == (2, 2)
    assert [table(outcome)[student]["score"] for student in CLASS] == ["9", "5", "0", "9"]


@pytest.mark.sandbox
def test_what_was_found_and_not_yet_entered_is_entered_by_the_next_run(course, handed_in, monkeypatch):
    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(batch, "_enter", full)
    with pytest.raises(OSError, match="no space"):
        batch.grade_all(course, handed_in, job_of(course))
    monkeypatch.undo()
    outcome = batch.grade_all(course, handed_in, job_of(course))
    assert (outcome.graded, outcome.unchanged) == (3, 1)
    with course.open() as book:
        assert book.find_submission("ps90_standin", "anna").score == 9


@pytest.mark.sandbox
def test_being_late_costs_what_nbgrader_s_plugin_says(course, handed_in, tmp_path):
    (course.folder / "late.py").write_text(
        "from nbgrader.plugins import BasePlugin\n\n\nclass Half(BasePlugin):\n"
        "    def late_submission_penalty(self, student, score, late):\n        return score / 2\n"
    )
    (course.folder / "nbgrader_config.py").write_text(
        f"import sys\nsys.path.append({str(course.folder)!r})\n"
        "c = get_config()\nc.AssignLatePenalties.plugin_class = 'late.Half'\n"
    )
    late = Course(course.folder, "ps90")
    late.register()
    with late.open() as book:
        book.update_or_create_assignment("ps90_standin", duedate="2026-11-01 12:00:00 UTC")
    for student, time in (("anna", "2026-11-01 13:00:00 UTC"), ("ben", "2026-11-01 11:00:00 UTC")):
        folder = late.folder / "submitted" / student / "ps90_standin"
        shutil.copytree(handed_in / student, folder)
        (folder / "timestamp.txt").write_text(time)
    batch.grade_all(late, late.folder / "submitted", job_of(late))
    with late.open() as book:
        penalties = [
            book.find_submission("ps90_standin", student).late_submission_penalty for student in ("anna", "ben")
        ]
    assert penalties == [4.5, 0]


@pytest.mark.sandbox
def test_another_version_of_the_set_is_not_mixed_into_the_same_gradebook(course, handed_in):
    batch.grade_all(course, handed_in, job_of(course))
    path = course.folder / "release" / "ps90_standin" / "ps90_standin.ipynb"
    notebook = make_release()
    notebook.cells = notebook.cells[:-3]
    nbformat.write(notebook, path)
    with pytest.raises(CourseError, match="new course folder"):
        Course(course.folder, "ps90").register()


def test_a_course_s_seed_is_drawn_once_and_is_not_to_be_guessed(course, tmp_path):
    assert batch.seed_of(course) == batch.seed_of(course)
    (tmp_path / "other").mkdir()
    (course.folder / "release").rename(tmp_path / "other" / "release")
    other = batch.seed_of(Course(tmp_path / "other", "ps90"))
    assert other != batch.seed_of(course)
    assert max(other, batch.seed_of(course)) > 2**32


def test_a_folder_without_a_release_is_no_course(tmp_path):
    with pytest.raises(CourseError, match="--course"):
        Course(tmp_path, "ps90")


@pytest.mark.sandbox
def test_the_command_says_how_it_went_and_who_needs_a_person(course, handed_in, stand_in_sets, capsys):
    words = ["grade", "--all", "--course", str(course.folder), "--submissions", str(handed_in), "--jobs", "1"]
    assert cli.main(words) == cli.DONE
    message = capsys.readouterr().out
    assert "ps90_standin: 4 graded, 0 unchanged" in message
    assert "marked by hand, in nbgrader's formgrader: 1" in message
    assert "To be looked at by a person: 1\n  dora: code cell 2: it ended its own process" in message
    assert message.count("%") == 10
    assert cli.main(words) == cli.DONE
    assert "0 graded, 4 unchanged" in capsys.readouterr().out


@pytest.mark.sandbox
def test_a_full_disk_is_said_in_one_line_and_the_next_run_goes_on(course, handed_in, stand_in_sets, capfd):
    shutil.rmtree(handed_in / "dora")

    def begin_small(connection, _):
        connection.execute("PRAGMA page_size = 512")  # so that every few rows need another one

    def allow_no_more(connection, _):
        connection.execute("PRAGMA max_page_count = 1")  # it is as large as it may be

    event.listen(Engine, "connect", begin_small)
    try:
        course.register()
    finally:
        event.remove(Engine, "connect", begin_small)
    words = ["grade", "--all", "--course", str(course.folder), "--submissions", str(handed_in), "--jobs", "1"]
    event.listen(Engine, "connect", allow_no_more)
    try:
        assert cli.main(words) == cli.MEND_FIRST
    finally:
        event.remove(Engine, "connect", allow_no_more)
    lines = [line for line in capfd.readouterr().err.splitlines() if "submissions [" not in line and line]
    assert len(lines) == 1, lines
    assert "cannot be written: database or disk is full" in lines[0]
    assert cli.main(words) == cli.DONE
    message = capfd.readouterr().out
    assert " unchanged" in message
    assert "0 unchanged" not in message
    with course.open() as book:
        assert {one.student.id: one.score for one in book.assignment_submissions("ps90_standin")} == {
            "anna": 9,
            "ben": 5,
            "cleo": 0,
        }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["ps89"], "name a set, or --all"),
        ([], "name a set, or --all"),
        (["ps90", "--submissions", "nowhere"], "there is no nowhere"),
    ],
)
@pytest.mark.usefixtures("stand_in_sets")
def test_what_cannot_be_graded_is_said_in_one_line(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sandbox, "refusal", lambda: None)
    assert cli.main(["grade", *words]) == cli.WRONG_INPUT
    [line] = capsys.readouterr().err.splitlines()
    assert message in line


def test_without_bubblewrap_or_nbgrader_the_command_refuses_and_says_how_to_get_them(monkeypatch, capsys):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    assert cli.main(["grade", "ps01"]) == cli.MEND_FIRST
    assert "apt install bubblewrap" in capsys.readouterr().err
    monkeypatch.setattr(gradebook, "find_spec", lambda name: None)
    assert cli.main(["grade", "ps01"]) == cli.MEND_FIRST
    assert 'pip install "vistext[grade]"' in capsys.readouterr().err


@pytest.mark.sandbox
def test_the_real_sets_give_full_marks_to_their_source_and_none_to_their_release():
    assert {path.name[:4] for path in sources()} == set(exercises.SETS)
    for source in sources():
        release = json.loads(json.dumps(nbformat.read(release_of(source), as_version=4)))
        job = Job(source.name[:4], release, 7, replace(LIMITS, seconds=120, cell_seconds=60, call_seconds=20))
        for path, full in ((source, True), (release_of(source), False)):
            results = grade(path.read_bytes(), job).exercises
            for exercise, result in results.items():
                expected = None if full and result.kind == "by hand" else result.points * full
                assert result.score == expected, (exercise, result)


def test_to_grade_a_right_notebook_of_a_real_set_nothing_starts_tensorflow():
    starting = re.compile(r"tensorflow|keras|vistext\.(?:models|explain|training|experiments)|import.* explain")
    for source in sources():
        release, submitted = (nbformat.read(path, as_version=4)["cells"] for path in (release_of(source), source))
        run = restore([cell_of(cell) for cell in submitted], release, exercises.of_set(source.name[:4])).run
        assert [cell.source for cell in run if starting.search(cell.source)] == []
