"""One submission: what is right earns its points, what is wrong is named, and a notebook that was mangled is mended."""

import copy
import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from submissions import RIGHT, as_bytes, hand_in, make_release, scores

pytestmark = pytest.mark.sandbox


def test_right_answers_earn_all_points_and_text_waits_for_a_person(graded):
    result = graded(hand_in(RIGHT, text="Because."))
    assert scores(result) == [4, 2, 3, None]
    assert result["by_hand"] == {"ps90-4": "Because."}
    assert result["doubts"] == result["notes"] == []


def test_an_untouched_release_earns_nothing_and_needs_nobody(graded):
    result = graded(make_release())
    assert scores(result) == [0, 0, 0, 0]
    assert result["exercises"]["ps90-1"]["mistake"] == "not-begun"
    assert result["exercises"]["ps90-1"]["idea"] == "There is no answer yet."
    assert result["doubts"] == []


def test_a_wrong_answer_is_named_and_the_others_keep_their_points(graded):
    result = graded(
        hand_in(RIGHT | {"ps90-1": "def scale(numbers, factor):\n    return [n + factor for n in numbers]"})
    )
    assert scores(result) == [0, 2, 3, 0]
    assert result["exercises"]["ps90-1"]["idea"] == "It adds. Multiply."
    assert result["exercises"]["ps90-1"]["came_back"].endswith("[3, 4, 5]")


def test_the_same_submission_earns_the_same_whatever_the_seed_is(job):
    from dataclasses import replace

    from vistext.grading.grade import grade

    content = as_bytes(hand_in(RIGHT | {"ps90-3": "def largest(numbers):\n    return numbers[0]"}))
    first, second, third = (grade(content, replace(job, seed=seed)) for seed in (1, 1, 2))
    assert {**first, "seconds": 0} == {**second, "seconds": 0}
    assert scores(first)[:2] == scores(third)[:2] == [4, 2]


@pytest.mark.parametrize(
    "noise",
    [
        "import warnings\nwarnings.warn('harmless')",
        "import sys\nsys.stderr.write('2026 I tensorflow/core] noise')",
        "import os\nos.write(2, b'written by C code')",
        "print('x' * 10_000)",
    ],
)
def test_what_is_printed_costs_nothing(graded, noise):
    assert scores(graded(hand_in(RIGHT, before=noise)))[:3] == [4, 2, 3]


def test_magics_and_display_and_await_run_as_in_a_notebook(graded):
    before = "%matplotlib inline\n!pip install nothing\ndisplay(1)\nimport asyncio\nawait asyncio.sleep(0)\ntwo = 2"
    timed = "%%time\ndef scale(numbers, factor):\n    return [n * factor * two // 2 for n in numbers]"
    assert scores(graded(hand_in(RIGHT, before=before, after=timed)))[:3] == [4, 2, 3]


def test_an_answer_may_be_in_two_cells_and_the_last_one_holds(graded):
    notebook = hand_in(RIGHT | {"ps90-1": "def scale(numbers, factor):\n    return helped(numbers, factor)"})
    notebook.cells.append(new_code_cell("def helped(numbers, factor):\n    return [n * factor for n in numbers]"))
    assert scores(graded(notebook))[0] == 4


def test_a_given_cell_runs_only_if_a_name_of_it_is_used(graded):
    assert graded(hand_in(RIGHT))["notes"] == []  # or the import in it that fails would be noted
    used = graded(hand_in(RIGHT | {"ps90-2": "total = never"}))
    assert used["exercises"]["ps90-2"]["mistake"] != ""
    assert "NameError" in used["exercises"]["ps90-2"]["came_back"]


def strip(notebook):
    notebook.metadata = nbformat.from_dict({})
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})


def flip(notebook):
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader")
        if marks:
            marks["grade"], marks["solution"], marks["points"] = not marks["grade"], not marks["solution"], 100


def rename(notebook):
    for number, cell in enumerate(notebook.cells):
        if "nbgrader" in cell.metadata:
            cell.metadata["nbgrader"]["grade_id"] = f"cell-{number}"


def copy_checks(notebook):
    notebook.cells += [copy.deepcopy(cell) for cell in notebook.cells if "check" in cell.id]


def copy_answers(notebook):
    notebook.cells += [copy.deepcopy(cell) for cell in notebook.cells if "stub" in cell.id]


def drop(part):
    def dropping(notebook):
        notebook.cells = [cell for cell in notebook.cells if part not in cell.id]

    return dropping


def colab(notebook):
    strip(notebook)
    notebook.metadata = nbformat.from_dict({"colab": {"provenance": []}, "accelerator": "GPU"})
    for cell in notebook.cells:
        cell.metadata["id"], cell.metadata["outputId"] = cell.id, "0"
        del cell["id"]
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", text="printed\n")]
    notebook.nbformat_minor = 0


def in_one_cell(notebook):
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code" and "unused" not in cell.id]
    notebook.cells = [new_code_cell("\n\n".join(code)), new_markdown_cell("Because.")]
    strip(notebook)


@pytest.mark.parametrize(
    ("mangle", "noted"),
    [
        (strip, "found by its text"),
        (flip, None),
        (rename, "found by its text"),
        (copy_checks, None),
        (copy_answers, "2 cells of ps90-1"),
        (drop("check"), "was put back"),
        (drop("imports"), "put back"),
        (drop("title"), None),
        (colab, "found by its text"),
        (in_one_cell, "put back"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_mangled_notebook_keeps_its_marks(graded, mangle, noted):
    notebook = hand_in(RIGHT, text="Because.")
    mangle(notebook)
    content = json.dumps(notebook).encode()
    result = graded(content)
    assert scores(result)[:3] == [4, 2, 3]
    assert noted is None or any(noted in note for note in result["notes"])
    nbformat.validate(nbformat.from_dict(result["notebook"]))


@pytest.mark.parametrize("mangle", [strip, colab, rename])
def test_text_for_a_person_is_found_without_metadata(graded, mangle):
    notebook = hand_in(RIGHT, text="Because the map is coarse.")
    mangle(notebook)
    assert graded(json.dumps(notebook).encode())["by_hand"] == {"ps90-4": "Because the map is coarse."}


def test_a_deleted_answer_costs_itself_and_a_person_is_told(graded):
    notebook = hand_in(RIGHT)
    drop("stub-1")(notebook)
    result = graded(notebook)
    assert scores(result)[:3] == [0, 2, 3]
    assert any("# exercise: ps90-1" in doubt for doubt in result["doubts"])


def test_a_function_with_another_name_is_shown_to_a_person(graded):
    result = graded(hand_in(RIGHT | {"ps90-1": "def scales(numbers, f):\n    return [n * f for n in numbers]"}))
    assert scores(result)[0] == 0
    assert any("defines scales, not scale" in doubt for doubt in result["doubts"])


def test_a_cell_that_cannot_run_is_named_in_place_of_a_missing_answer(graded):
    result = graded(hand_in(RIGHT | {"ps90-1": "def scale(numbers, factor)\n    return 1"}))
    assert "SyntaxError" in result["exercises"]["ps90-1"]["came_back"]
    assert scores(result)[1:3] == [2, 3]
    assert result["doubts"] == []


def test_an_old_notebook_of_version_3_is_read(graded):
    notebook = hand_in(RIGHT)
    cells = [
        {"cell_type": "code", "input": cell.source, "language": "python", "outputs": []}
        if cell.cell_type == "code"
        else {"cell_type": "markdown", "source": cell.source}
        for cell in notebook.cells
    ]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
    assert scores(graded(json.dumps(old).encode()))[:3] == [4, 2, 3]


def test_a_function_that_changes_what_it_is_given_is_told_so(graded):
    changing = "def scale(numbers, factor):\n    numbers[:] = [n * factor for n in numbers]\n    return numbers"
    assert graded(hand_in(RIGHT | {"ps90-1": changing}))["exercises"]["ps90-1"]["mistake"] == "changed-input"


def test_nothing_is_judged_before_the_student_s_process_is_gone(graded, monkeypatch):
    from vistext.exercises.exercise import Exercise
    from vistext.grading.sandbox import Sandbox

    order = []
    closing, judging = Sandbox.close, Exercise.judge
    monkeypatch.setattr(Sandbox, "close", lambda self: (order.append("closed"), closing(self))[1])
    monkeypatch.setattr(Exercise, "judge", lambda self, *given: (order.append("judged"), judging(self, *given))[1])
    graded(hand_in(RIGHT))
    assert order[0] == "closed"
    assert "closed" not in order[order.index("judged") :]


def test_shown_cases_are_all_asked_before_any_held_out_one(graded):
    """What a student can read of an answer was given before anything held out was known."""
    spying = "seen = []\n\ndef scale(numbers, factor):\n    seen.append(numbers)\n    return seen[:20]"
    counting = "def largest(numbers):\n    return [len(seen)]"
    result = graded(hand_in(RIGHT | {"ps90-1": spying, "ps90-3": counting}))
    assert result["exercises"]["ps90-3"]["came_back"].endswith("[2]")
    assert "[[1, 2, 3]" in result["exercises"]["ps90-1"]["came_back"]
    assert json.dumps(result["exercises"]["ps90-1"]).count("[[1, 2, 3]]") == 1


def test_a_fault_of_the_grader_costs_one_submission_and_not_the_run(graded, monkeypatch):
    def faulty(*_):
        raise TypeError("ours")

    monkeypatch.setattr("vistext.grading.grade.examine", faulty)
    result = graded(hand_in(RIGHT))
    assert result["exercises"] == {}
    assert "a fault in the grader" in result["doubts"][0]
    assert "TypeError" in result["doubts"][0]
