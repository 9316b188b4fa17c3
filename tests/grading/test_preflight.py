"""What is said of an exercise notebook before it is handed in: as it was given, finished, stripped, and broken."""

import json

import nbformat
import pytest

from tools.notebooks.files import read
from tools.notebooks.release import release_of, sources
from vistext import exercises
from vistext.grading.preflight import preflight

EACH = pytest.mark.parametrize("source", sources(), ids=lambda path: path.stem)


def stored(notebook, folder, name="Copy of ps.ipynb"):
    nbformat.write(notebook, folder / name)
    return folder / name


def without_metadata(notebook):
    """As Colab and VS Code may give it back: other metadata, other ids, outputs."""
    notebook.metadata = nbformat.from_dict({"colab": {"provenance": []}})
    for number, cell in enumerate(notebook.cells):
        cell.metadata = nbformat.from_dict({"id": f"x{number}"})
        cell.id = f"x{number}"
    return notebook


@EACH
def test_a_finished_set_may_be_handed_in_with_its_metadata_and_without(source, tmp_path):
    assert preflight(source) == []
    assert preflight(stored(without_metadata(read(source)), tmp_path)) == []


@EACH
def test_of_a_set_as_it_was_given_every_exercise_is_still_to_do(source):
    told = preflight(release_of(source))
    assert [line.partition(":")[0] for line in told] == [one.id for one in exercises.of_set(source.stem[:4])]
    assert all("still" in line for line in told)


def answer(notebook):
    return next(cell for cell in notebook.cells if "# exercise: ps01-1" in cell.source)


def cut(notebook):
    notebook.cells.remove(answer(notebook))


def rename(notebook):
    answer(notebook).source = answer(notebook).source.replace("def thumbnail", "def small")


def break_off(notebook):
    answer(notebook).source += "\n    if"


def double(notebook):
    notebook.cells.append(nbformat.v4.new_code_cell(answer(notebook).source + "\n\n" + "again = 1"))


def redefine(notebook):
    notebook.cells.append(nbformat.v4.new_code_cell("def thumbnail(picture):\n    return picture[:2]"))


def move(notebook):
    notebook.cells.append(nbformat.v4.new_code_cell(answer(notebook).source.replace("# exercise: ps01-1", "")))
    answer(notebook).source = "# exercise: ps01-1\ndef thumbnail(picture, side):\n    raise NotImplementedError()"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (cut, "its cell is gone"),
        (rename, "its cell defines small, not thumbnail"),
        (break_off, "is not Python"),
        (double, "there are 2 different cells of ps01-1"),
        (redefine, "gives thumbnail another meaning"),
        (move, "its own cell is not finished"),
    ],
)
def test_what_would_cost_marks_is_said_of_the_exercise_and_of_no_other(change, said, tmp_path):
    notebook = read(next(path for path in sources() if path.stem.startswith("ps01")))
    change(notebook)
    [told] = preflight(stored(notebook, tmp_path))
    assert told.startswith("ps01-1: ")
    assert said in told


@pytest.mark.parametrize("text", ["print(1)", "[1]", json.dumps({"cells": [1]}), "{}"])
def test_what_is_no_notebook_is_said_to_be_none(text, tmp_path):
    (tmp_path / "ps01.ipynb").write_text(text)
    [told] = preflight(tmp_path / "ps01.ipynb")
    assert "not a notebook" in told


def test_another_notebook_has_no_exercises(tmp_path):
    [told] = preflight(stored(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), tmp_path))
    assert "no exercise is found" in told
