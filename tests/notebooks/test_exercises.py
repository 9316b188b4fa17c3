"""Problem sets as files: releases that hold no solution and have not drifted from their source."""

import contextlib
import os
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from traitlets.config import Config

from tools import repoint_badges
from tools.notebooks import files
from tools.notebooks.files import BADGE, ROOT, badge, code_cells, lessons, read, setup_cell, write
from tools.notebooks.lint import RULES
from tools.notebooks.release import (
    FOLDER,
    MARKER,
    problem_sets,
    projects,
    release_of,
    released,
    repoint_source,
    solutions,
    sources,
)
from vistext import exercises

RULES_OF_RELEASES = (  # those of lessons that can hold for them
    "opens_with_title_and_badge",
    "sets_up_as_every_lesson_does",
    "names_no_machine",
    "is_small",
    "describes_its_pictures",
    "nests_its_headings",
)
EACH = pytest.mark.parametrize("source", sources(), ids=lambda path: path.stem)
PROJECTS = pytest.mark.parametrize("source", projects(), ids=lambda path: path.stem)
ABOUT = re.compile(
    r"^## (\d) · (.*) \(([\d.]+) points?\)\n\n"
    r"\*(Warm-up|Easy|Medium|To stretch you), (\d+) minutes\. "
    r"Aim of the lesson: (.*) \(\[read again\]\((?:\.\./){3}(.*)\)\)\.\*$",
    re.MULTILINE,
)
HINTS = ("Hint 1: the idea", "Hint 2: the shape")  # of every exercise but the one that a person marks
AIM = re.compile(r"^\d\. (.*?)[;.]\n(?=\d\.|\n)", re.MULTILINE | re.DOTALL)  # in a lesson's first cell


def prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_there_is_a_problem_set_for_each_module_of_exercises():
    assert [path.stem[:4] for path in sources()] == list(exercises.SETS)
    modules = (ROOT / "vistext" / "exercises").glob("p[rs][0-9][0-9].py")
    assert sorted(path.stem for path in modules) == sorted(exercises.SETS)


@EACH
def test_the_release_is_what_the_source_makes(source):
    assert read(release_of(source)) == released(read(source)), "run `python -m tools notebooks release`"


@EACH
def test_the_release_holds_no_solution(source):
    text = release_of(source).read_text(encoding="utf-8")
    assert "SOLUTION" not in text
    solved = dict(solutions(read(source)))
    for exercise, stub in solutions(read(release_of(source))):
        assert "raise NotImplementedError()" in stub
        hidden = set(solved[exercise].splitlines()) - set(stub.splitlines())
        assert not any(line.strip() and line in stub for line in hidden)


@EACH
def test_no_badge_opens_a_solution(source):
    for path in (source, release_of(source)):
        first = read(path).cells[0].source
        assert [match[0] for match in BADGE.finditer(first)] == [badge(release_of(source))]
        assert "/source/" not in path.read_text(encoding="utf-8").replace("data_sources", "")


@EACH
@pytest.mark.parametrize("rule", RULES_OF_RELEASES)
def test_a_release_keeps_the_rules_of_lessons_that_can_hold_for_it(source, rule):
    path = release_of(source)
    assert list(RULES[rule](read(path), path)) == []


@EACH
def test_every_exercise_has_its_cells_its_name_and_its_points(source):
    of_set = exercises.of_set(source.stem[:4])
    by_id = {cell.metadata.nbgrader["grade_id"]: cell for cell in read(source).cells if "nbgrader" in cell.metadata}
    expected = [f"{one.id}{end}" for one in of_set for end in ("", "-check") if one.kind != "by hand" or not end]
    assert list(by_id) == expected
    for exercise in of_set:
        answer = by_id[exercise.id]
        marks = by_id[exercise.id if exercise.kind == "by hand" else f"{exercise.id}-check"].metadata.nbgrader
        assert marks["points"] == exercise.points
        assert answer.metadata.nbgrader["solution"]
        if exercise.kind == "by hand":
            assert answer.cell_type == "markdown"
            continue
        assert MARKER.search(answer.source)[1] == exercise.id
        assert by_id[f"{exercise.id}-check"].source == f'check("{exercise.id}", {exercise.answer})'
        assert by_id[f"{exercise.id}-check"].metadata.nbgrader["locked"]
        assert marks["grade"]


@EACH
def test_the_prose_gives_each_exercise_its_title_points_and_section_and_serves_every_aim_of_the_lesson(source):
    of_set, text = exercises.of_set(source.stem[:4]), prose(read(source))
    _, titles, points, difficulties, minutes, aims, sections = zip(*ABOUT.findall(text), strict=True)
    assert [exercise.id for exercise in of_set] == [f"{source.stem[:4]}-{number + 1}" for number in range(len(titles))]
    assert [exercise.title for exercise in of_set] == list(titles)
    assert [exercise.points for exercise in of_set] == list(map(float, points))
    assert [exercise.section for exercise in of_set] == list(map(unquote, sections))
    total = f"{sum(map(float, points)):g} points, about {sum(map(int, minutes))} minutes"
    assert f"**{len(of_set)} exercises, {total}.**" in text
    steps = [text.count(f"<summary>{step}</summary>") for step in HINTS]
    kinds = [exercise.kind for exercise in of_set]
    is_project = source.stem[:4] in exercises.PROJECTS
    if is_project:
        assert kinds == ["network", "by hand", "by hand", "by hand"]
        assert steps == [1, 1]
        assert 3 <= sum(map(int, minutes)) / 60 <= 5
    else:
        assert steps == [len(of_set) - 1] * 2
        assert kinds.count("network") == 1
        assert 4 <= len(of_set) <= 8
        assert kinds.count("by hand") == 1
        assert {"Warm-up", "To stretch you"} <= set(difficulties)
    [lesson] = {section.partition("#")[0] for section in sections}
    lesson = read(ROOT / "notebooks" / lesson)
    headings = re.findall(r"^#+ (.*)$", prose(lesson), re.MULTILINE)
    assert {unquote(section).partition("#")[2] for section in sections} <= {one.replace(" ", "-") for one in headings}
    of_lesson = {" ".join(aim.split()) for aim in AIM.findall(lesson.cells[0].source)}
    assert set(aims) <= of_lesson if is_project else set(aims) == of_lesson


@PROJECTS
def test_each_answer_that_a_person_marks_has_a_rubric_whose_points_add_up(source):
    sections = re.split(r"^## \d · ", prose(read(release_of(source))), flags=re.MULTILINE)[2:]
    by_hand = exercises.of_set(source.stem[:4])[1:]
    for exercise, section in zip(by_hand, sections, strict=True):
        points = re.findall(r"^\|.*\| ([\d.]+) \|$", section, re.MULTILINE)
        assert len(points) >= 3
        assert sum(map(float, points)) == exercise.points


@PROJECTS
def test_a_project_names_the_bars_that_it_is_judged_by(source):
    network = exercises.of_set(source.stem[:4])[0]
    baseline, good, excellent = network.at_least
    for notebook in (read(source), read(release_of(source))):
        assert f"*baseline* **{baseline}**, *good* **{good}** and\n  *excellent* **{excellent}**" in prose(notebook)


def run(notebook):
    """Run the code cells after the set-up one after the other: how many are not begun."""
    names, stubs = {}, 0
    for cell in code_cells(notebook)[1:]:
        try:
            exec(cell.source, names)
        except NotImplementedError:
            assert "raises-exception" in cell.metadata.tags
            stubs += 1
    return stubs


@pytest.mark.parametrize("source", problem_sets(), ids=lambda path: path.stem)
def test_source_and_release_run_from_top_to_bottom(source):  # projects, which train for minutes, by test_projects.py
    kinds = [exercise.kind for exercise in exercises.of_set(source.stem[:4])]
    with contextlib.redirect_stdout(None):
        assert run(read(source)) == 0
        assert run(read(release_of(source))) == kinds.count("value")


def test_nbgrader_makes_the_same_releases(tmp_path, monkeypatch):
    api = pytest.importorskip("nbgrader.apps.api")
    # nbgrader looks for the program alembic.
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    config = Config()
    config.CourseDirectory.root = str(ROOT / FOLDER)
    config.CourseDirectory.release_directory = str(tmp_path)
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    nbgrader = api.NbGraderAPI(config=config)
    for source in sources():
        made = nbgrader.generate_assignment(source.parent.name)
        assert made["success"], made["log"]
        assert read(tmp_path / source.parent.name / source.name) == read(release_of(source))


def notebook(source, *, solution=True, cell=nbformat.v4.new_code_cell):
    marks = {"grade": False, "grade_id": "a", "locked": False, "schema_version": 3, "solution": solution, "task": False}
    return nbformat.v4.new_notebook(cells=[cell(source, metadata={"nbgrader": marks})])


def test_only_the_marked_part_of_a_solution_goes_and_without_marks_all_of_it():
    source = notebook("def f():\n    one = 1\n    ### BEGIN SOLUTION\n    return one\n    ### END SOLUTION")
    stub = "def f():\n    one = 1\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    source.cells[0].outputs = [nbformat.v4.new_output("stream", text="42")]
    source.cells[0].execution_count = 3
    [made] = released(source).cells
    assert (made.source, made.outputs, made.execution_count) == (stub, [], None)
    assert source.cells[0].outputs, "the source stays as it is"
    text = notebook("It is so because ...", cell=nbformat.v4.new_markdown_cell)
    assert released(text).cells[0].source == "YOUR ANSWER HERE"


@pytest.mark.parametrize(
    ("source", "solution"),
    [("### BEGIN SOLUTION\nx = 1", True), ("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", False)],
    ids=["never ended", "not marked as a solution"],
)
def test_a_solution_that_would_leak_is_refused(source, solution):
    with pytest.raises(RuntimeError, match="solution"):
        released(notebook(source, solution=solution))


def test_one_command_points_source_and_release_at_a_fork(tmp_path, monkeypatch):
    pyproject = '[project.urls]\nRepository = "https://github.com/ada/fork"\n[tool.vistext]\nbranch = "spring"\n'
    (tmp_path / "pyproject.toml").write_text(pyproject)
    monkeypatch.setattr(files, "ROOT", tmp_path)
    original = files.home
    monkeypatch.setattr(files, "home", lambda: original(tmp_path / "pyproject.toml"))
    (tmp_path / "README.md").write_text("")
    place = FOLDER / "source" / "ps01_tagging" / "ps01_tagging.ipynb"
    copied = tmp_path / place
    copied.parent.mkdir(parents=True)
    write(read(ROOT / place), copied)
    repoint_badges.repoint_all()
    release = read(release_of(copied))
    assert "github/ada/fork/blob/spring/notebooks/exercises/release/" in release.cells[0].source
    assert code_cells(release)[0].source == setup_cell()
    before = copied.read_bytes()
    repoint_source(copied)
    assert copied.read_bytes() == before


LINKED = [path for path in lessons() if "exercises/release/" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("lesson", LINKED, ids=lambda path: path.stem)
def test_a_lesson_s_last_cell_leads_to_its_problem_set_here_and_on_colab(lesson):
    release = next(release_of(path) for path in sources() if path.stem[2:4] == lesson.stem[:2])
    last = read(lesson).cells[-1].source
    assert f"]({release.relative_to(lesson.parent).as_posix()})" in last
    assert [match[0] for match in BADGE.finditer(last)] == [badge(release)]


@EACH
def test_links_of_an_exercise_lead_to_a_lesson_that_exists(source):
    for target in re.findall(r"\]\((\.\./[^)#]*)", prose(read(source))):
        assert (source.parent / target).is_file()
        assert (release_of(source).parent / target).is_file()
