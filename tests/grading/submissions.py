"""Submissions for the tests of grading: the release of a small set, and notebooks made from it."""

import csv
import io
import zipfile

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.notebooks.release import released
from vistext.grading.collect import Search, collect
from vistext.grading.gradebook import Course
from vistext.grading.limits import MIB, Job, Limits

NAME = "ps90_standin.ipynb"
# Enough for NumPy, and soon over: hostile code is to be stopped, not waited for.
LIMITS = Limits(
    seconds=25, cell_seconds=4, call_seconds=3, memory=1024 * MIB, threads=32, disk=16 * MIB, files=2000, restarts=5
)

RIGHT = {
    "ps90-1": "def scale(numbers, factor):\n    return [number * factor for number in numbers]",
    "ps90-2": "total = 4242",
    "ps90-3": "def largest(numbers):\n    return np.max(numbers)",
}
STUBS = {
    "ps90-1": "def scale(numbers, factor):\n    ### BEGIN SOLUTION\n    return 0\n    ### END SOLUTION",
    "ps90-2": "total = ...\n### BEGIN SOLUTION\n### END SOLUTION",
    "ps90-3": "def largest(numbers):\n    ### BEGIN SOLUTION\n    return 0\n    ### END SOLUTION",
}
ANSWERS = {"ps90-1": "scale", "ps90-2": "total", "ps90-3": "largest"}


def marked(cell, name, *, grade, solution, points=None):
    cell.metadata["nbgrader"] = {
        "grade": grade,
        "grade_id": name,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    } | ({} if points is None else {"points": points})
    return cell


def make_release():
    """What students are given: a heading, an import, stubs with their checks, and a question to answer in words."""
    cells = [
        new_markdown_cell("# Problem set 90", id="title"),
        new_code_cell("import numpy as np\n\nfrom vistext.exercises import check", id="imports"),
        new_code_cell("import tensorflow_is_never_started_here as never", id="unused"),
    ]
    for number, points in ((1, 4), (2, 2), (3, 3)):
        name = f"ps90-{number}"
        stub = new_code_cell(f"# exercise: {name}\n{STUBS[name]}", id=f"stub-{number}")
        check = new_code_cell(f'check("{name}", {ANSWERS[name]})', id=f"check-{number}")
        cells += [
            new_markdown_cell(f"## {number} · Exercise {number}", id=f"heading-{number}"),
            marked(stub, name, grade=False, solution=True),
            marked(check, f"{name}-check", grade=True, solution=False, points=points),
        ]
    text = marked(new_markdown_cell("A solution.", id="text"), "ps90-4", grade=True, solution=True, points=2)
    cells += [new_markdown_cell("## 4 · Say why", id="heading-4"), text]
    notebook = new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    return released(notebook)


def hand_in(answers=None, *, before="", after="", text=None):
    """A submission: the release with answers in place of stubs, and code of the student's own around them."""
    notebook = make_release()
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in (answers or {}):
            cell.source = f"# exercise: {name}\n{answers[name]}"
        if name == "ps90-4" and text is not None:
            cell.source = text
    if before:
        notebook.cells.insert(2, new_code_cell(before, id="before"))
    if after:
        notebook.cells.append(new_code_cell(after, id="after"))
    return notebook


def as_bytes(notebook):
    return nbformat.writes(notebook).encode()


def scores(result):
    return [one.score for one in result.exercises.values()]


WRONG = RIGHT | {"ps90-1": "def scale(numbers, factor):\n    return numbers"}
CLASS = {
    "anna": hand_in(RIGHT, text="Because <b>I</b> think so."),
    "ben": hand_in(WRONG),
    "cleo": make_release(),
    "dora": hand_in(RIGHT, before="import os\nos._exit(1)"),
}


def make_course(folder):
    """A course folder that has the release and nothing else."""
    release = folder / "release" / "ps90_standin"
    release.mkdir(parents=True)
    nbformat.write(make_release(), release / NAME)
    return Course(folder, "ps90")


def job_of(course, **changes):
    return Job("ps90", course.release, changes.pop("seed", 7), LIMITS, exercises="standins", **changes)


def table(outcome):
    return {row["student"]: row for row in csv.DictReader(outcome.table.open(encoding="utf-8"))}


OURS = as_bytes(hand_in(RIGHT))
LARGEST = 1 << 20  # bytes of a notebook


def found(place, **more):
    return {one.student: one for one in collect(Search(place, "ps90_standin", LARGEST, **more))}


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
            archive.writestr(path, content or b"")
    return buffer.getvalue()
