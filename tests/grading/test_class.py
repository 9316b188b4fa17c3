"""A class: graded side by side and resumably, entered in nbgrader's gradebook, told in pages and in a table."""

import re
import shutil

import nbformat
import pytest
from nbgrader.apps.api import NbGraderAPI
from sqlalchemy import event
from sqlalchemy.engine import Engine
from submissions import CLASS, RIGHT, as_bytes, hand_in, job_of, make_release, table
from traitlets.config import Config

from tools.notebooks.release import problem_sets, release_of
from vistext import cli, exercises
from vistext.grading import batch, gradebook, sandbox
from vistext.grading.cells import cell_of
from vistext.grading.gradebook import Course, CourseError
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
def test_a_second_run_grades_only_what_has_changed_and_keeps_the_marks_that_a_person_gave(course, handed_in):
    batch.grade_all(course, handed_in, job_of(course))
    names = ("ps90-4", "ps90_standin", "ps90_standin", "anna")
    with course.open() as book:
        grade = book.find_grade(*names)
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        book.db.commit()
    (handed_in / "ben" / "ps90_standin.ipynb").write_bytes(as_bytes(hand_in(RIGHT)))
    outcome = batch.grade_all(course, handed_in, job_of(course))
    assert (outcome.graded, outcome.unchanged) == (1, 3)
    assert table(outcome)["ben"]["score"] == "9"
    assert batch.grade_all(course, handed_in, job_of(course, seed=8)).graded == 4
    with course.open() as book:
        assert book.find_grade(*names).manual_score == 1.5
        assert book.find_submission("ps90_standin", "anna").score == 10.5

    notebook = make_release()
    notebook.cells = notebook.cells[:-3]
    nbformat.write(notebook, course.folder / "release" / "ps90_standin" / "ps90_standin.ipynb")
    with pytest.raises(CourseError, match="new course folder"):  # marks of two versions of a set do not mix
        Course(course.folder, "ps90").register()


@pytest.mark.sandbox
@pytest.mark.parametrize(("before_it_is_entered", "unchanged"), [(False, 2), (True, 1)])
def test_a_run_that_stops_loses_nothing_and_the_next_one_takes_up_where_it_ended(
    before_it_is_entered, unchanged, course, handed_in, monkeypatch
):
    def stop(*given):
        if before_it_is_entered or given == ("ben",):
            raise KeyboardInterrupt

    if before_it_is_entered:
        monkeypatch.setattr(batch, "_enter", stop)
    with pytest.raises(KeyboardInterrupt):
        batch.grade_all(course, handed_in, job_of(course), progress=stop)
    monkeypatch.undo()
    outcome = batch.grade_all(course, handed_in, job_of(course))
    assert (outcome.graded, outcome.unchanged) == (4 - unchanged, unchanged)
    assert [table(outcome)[student]["score"] for student in CLASS] == ["9", "5", "0", "9"]
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


TRAINS_WITHOUT_KERAS = {"ps00", "ps01", "ps05"}  # also the answer that is a network is NumPy alone


@pytest.mark.parametrize("source", problem_sets(), ids=lambda path: path.stem)
def test_to_grade_a_real_set_nothing_starts_tensorflow_but_an_answer_that_is_a_keras_network(source):
    of_set = exercises.of_set(source.name[:4])
    release, submitted = (nbformat.read(path, as_version=4)["cells"] for path in (release_of(source), source))
    networks = {exercise.id for exercise in of_set if exercise.kind == "network"}
    left_out = set() if source.name[:4] in TRAINS_WITHOUT_KERAS else networks
    for given, cell in zip(release, submitted, strict=True):
        if left_out & set(cell_of(given).named):
            cell.source = given.source
    starting = re.compile(r"tensorflow|keras|vistext\.(?:tasks|nn|metrics)")
    for of_another_release in (False, True):
        for cell in submitted:
            if of_another_release and "nbgrader" not in cell.metadata:
                cell.source += "\n# as it was"
        restored = restore([cell_of(cell) for cell in submitted], release, of_set)
        assert restored.untouched == left_out
        assert [cell.source for cell in restored.run if starting.search(cell.source)] == []
