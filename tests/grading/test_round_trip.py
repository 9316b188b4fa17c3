"""The way of a real problem set: released, answered on Colab or in VS Code, which strip it, looked over, and graded."""

import itertools
import json
import re

import nbformat
import pytest

from tools.notebooks.files import read
from tools.notebooks.release import release_of, sources
from vistext import exercises
from vistext.grading.grade import grade
from vistext.grading.limits import Job, Limits
from vistext.grading.preflight import preflight

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


def as_vs_code_gives_it(notebook):
    """New ids, the language on some cells, and a kernel of one's own."""
    given = json.loads(nbformat.writes(notebook))
    given["metadata"] = {"kernelspec": {"display_name": ".venv", "language": "python", "name": "python3"}}
    for number, cell in enumerate(given["cells"]):
        cell["id"] = f"{number:08x}"
        cell["metadata"] = {"vscode": {"languageId": "python"}} if cell["cell_type"] == "code" else {}
    return given


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("source", "strips"),
    list(zip(sources(), itertools.cycle([as_colab_gives_it, as_vs_code_gives_it]))),
    ids=lambda value: getattr(value, "stem", None) or value.__name__,
)
def test_a_finished_set_gets_full_marks_whatever_was_stripped_on_its_way(source, strips, tmp_path):
    content = json.dumps(strips(edited(source))).encode()
    (tmp_path / "Copy of a problem set.ipynb").write_bytes(content)
    assert preflight(tmp_path / "Copy of a problem set.ipynb") == []

    name = source.stem[:4]
    result = grade(content, Job(name, json.loads(nbformat.writes(read(release_of(source)))), 11, WAITS))
    wanted = {one.id: None if one.kind == "by hand" else one.points for one in exercises.of_set(name)}
    assert {exercise: one.score for exercise, one in result.exercises.items()} == wanted
    assert set(result.by_hand.values()) <= {"Because the map is coarse."}
