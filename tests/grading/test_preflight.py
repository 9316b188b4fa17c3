"""A real problem set before it is handed in: as it was given, answered, stripped by an editor, broken; and graded."""

import json
import re

import nbformat
import pytest

from tools.notebooks.files import read
from tools.notebooks.release import problem_sets, release_of, sources
from vistext import exercises
from vistext.grading.grade import grade
from vistext.grading.limits import Job, Limits
from vistext.grading.preflight import preflight

EACH = pytest.mark.parametrize("source", sources(), ids=lambda path: path.stem)


def stored(notebook, folder, name="Copy of ps.ipynb"):
    nbformat.write(notebook, folder / name)
    return folder / name


@EACH
def test_the_source_of_a_set_may_be_handed_in(source):
    assert preflight(source) == []
    assert repr(preflight(source)) == "Nothing to mend."


@EACH
def test_of_a_set_as_it_was_given_every_exercise_is_still_to_do(source):
    messages = preflight(release_of(source))
    assert [line.partition(":")[0] for line in messages] == [one.id for one in exercises.of_set(source.stem[:4])]
    assert all("still" in line for line in messages)


def answer(notebook):
    return next(cell for cell in notebook.cells if "# exercise: ps01-1" in cell.source)


def cut(notebook):
    notebook.cells.remove(answer(notebook))


def rename(notebook):
    answer(notebook).source = answer(notebook).source.replace("def convolve", "def filtered")


def break_off(notebook):
    answer(notebook).source += "\n    if"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (cut, "its cell is gone"),
        (rename, "its cell defines filtered, not convolve"),
        (break_off, "is not Python"),
    ],
)
def test_what_would_cost_marks_is_said_of_the_exercise_and_of_no_other(change, message, tmp_path):
    notebook = read(next(path for path in sources() if path.stem.startswith("ps01")))
    change(notebook)
    [anomaly] = preflight(stored(notebook, tmp_path))
    assert anomaly.startswith("ps01-1: ")
    assert message in anomaly


@pytest.mark.parametrize("text", ["print(1)", "[1]", json.dumps({"cells": [1]}), "{}"])
def test_what_is_no_notebook_is_said_to_be_none(text, tmp_path):
    (tmp_path / "ps01.ipynb").write_text(text)
    [anomaly] = preflight(tmp_path / "ps01.ipynb")
    assert "not a notebook" in anomaly


def test_another_notebook_has_no_exercises(tmp_path):
    [anomaly] = preflight(stored(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), tmp_path))
    assert "no exercise is found" in anomaly


NAMED = re.compile(r"^# exercise: (ps\d\d-\d+)$", re.MULTILINE)
SOLUTION = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION\n?", re.MULTILINE)
WAITS = Limits(seconds=300, cell_seconds=200, call_seconds=60, processor_seconds=250)  # on a machine that is busy


def edited(source):
    """The release, with what the source has in place of each stub, and a word for a person."""
    notebook, answers = read(release_of(source)), {}
    for cell in read(source).cells:
        for name in NAMED.findall(cell.source):
            answers[name] = SOLUTION.sub("", cell.source)
    for cell in notebook.cells:
        for name in NAMED.findall(cell.source):
            cell.source = answers[name]
        if cell.cell_type == "markdown" and cell.source.strip() == "YOUR ANSWER HERE":
            cell.source = "Because the map is coarse."
    return notebook


def as_colab_gives_it(notebook):
    """What is of the file is Colab's own, each cell has an id in its metadata, and there is no other metadata."""
    given = json.loads(nbformat.writes(notebook))
    given["metadata"] = {"colab": {"provenance": []}, "accelerator": "GPU", "language_info": {"name": "python"}}
    given["nbformat_minor"] = 0
    for number, cell in enumerate(given["cells"]):
        cell.pop("id", None)
        cell["metadata"] = {"id": f"qX{number}"}
        if cell["cell_type"] == "code":
            cell["execution_count"] = None
    return given


@pytest.mark.sandbox
@pytest.mark.parametrize("source", problem_sets(), ids=lambda path: path.stem)
def test_a_finished_set_gets_full_marks_whatever_was_stripped_on_its_way_and_its_release_none(source, tmp_path):
    content = json.dumps(as_colab_gives_it(edited(source))).encode()
    (tmp_path / "Copy of a problem set.ipynb").write_bytes(content)
    assert preflight(tmp_path / "Copy of a problem set.ipynb") == []

    name = source.stem[:4]
    job = Job(name, json.loads(nbformat.writes(read(release_of(source)))), 11, WAITS)
    assert {one.score for one in grade(release_of(source).read_bytes(), job).exercises.values()} == {0}
    result = grade(content, job)
    wanted = {one.id: None if one.kind == "by hand" else one.points for one in exercises.of_set(name)}
    assert {exercise: one.score for exercise, one in result.exercises.items()} == wanted
    assert set(result.by_hand.values()) <= {"Because the map is coarse."}
