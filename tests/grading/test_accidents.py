"""What befalls an honest student's notebook on its way: it keeps its marks, and what a person should know is said."""

import copy
import json
from dataclasses import replace

import nbformat
import pytest
import standins
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from submissions import RIGHT, as_bytes, hand_in, make_release, scores

from vistext.grading import cells, preflight
from vistext.grading.grade import grade
from vistext.grading.limits import Limits
from vistext.grading.restore import restore

pytestmark = pytest.mark.sandbox

SCALE, TOTAL, LARGEST = RIGHT.values()
ZERO_SCALE = "def scale(numbers, factor):\n    return 0"
PROSE = "Because the map is coarse, and one picture proves nothing."
TABLE = "table = [" + ", ".join(["1"] * 20_001) + "]\n"


def plain(notebook):
    return json.loads(as_bytes(notebook))


def finished(**answers):
    """All exercises answered; `one` to `three` in another way."""
    given = dict(zip(("one", "two", "three"), RIGHT, strict=True))
    return hand_in(RIGHT | {given[name]: text for name, text in answers.items()})


def cell_of(notebook, part):
    return next(cell for cell in notebook.cells if part in cell.id)


def behind(notebook, part, *cells):
    """Put cells behind the one whose id has a part in it."""
    at = notebook.cells.index(cell_of(notebook, part)) + 1
    notebook.cells[at:at] = cells
    return notebook


def at_the_end(*sources, **answers):
    notebook = finished(**answers)
    notebook.cells += [new_code_cell(source) for source in sources]
    return notebook


def with_line(line):
    """The line of the first exercise written in another way."""
    notebook = finished()
    cell_of(notebook, "stub-1").source = f"{line}\n{SCALE}"
    return notebook


def joined(*notebooks):
    """The cells of some notebooks, one after the other."""
    both = finished()
    both.cells = [copy.deepcopy(cell) for notebook in notebooks for cell in notebook.cells]
    for number, cell in enumerate(both.cells):
        cell.id = f"cell-{number}"
    return both


def without_the_line():
    notebook = finished()
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        cell.source = cell.source.removeprefix("# exercise: ps90-1\n")
    return notebook


def given_cells(change):
    """Each cell that was given as an editor may change it."""
    notebook = finished()
    for part in ("imports", "unused"):
        cell = cell_of(notebook, part)
        cell.source = change(cell.source)
    return notebook


def all_sources(change):
    notebook = finished()
    for cell in notebook.cells:
        cell.source = change(cell.source)
    return notebook


def indented(source):
    return "\n".join(f"    {line}" if line else line for line in source.split("\n"))


def mangled(change):
    """The finished notebook, all cells and metadata of which were changed."""
    notebook = finished()
    change(notebook)
    return notebook


def saved_with_an_error(notebook):
    cell_of(notebook, "stub-1").outputs = [new_output("error", ename="NameError", evalue="x", traceback=["x"])]
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "remove-cell"]


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


def drop(part, notebook=None):
    notebook = notebook or finished()
    notebook.cells = [cell for cell in notebook.cells if part not in cell.id]
    return notebook


def colab(notebook):
    strip(notebook)
    notebook.metadata = nbformat.from_dict({"colab": {"provenance": []}, "accelerator": "GPU"})
    for cell in notebook.cells:
        cell.metadata["id"], cell.metadata["outputId"] = cell.id, "0"
        del cell["id"]
        if cell.cell_type == "code":
            cell.outputs = [new_output("stream", text="printed\n")]
    notebook.nbformat_minor = 0


def in_one_cell(notebook):
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code" and "unused" not in cell.id]
    notebook.cells = [new_code_cell("\n\n".join(code)), new_markdown_cell("Because.")]
    strip(notebook)


# Each is worth all points: what stands in the cell of the first exercise, and what must be said of it, if anything.
IN_ONE = {
    "a check is asserted before the answer": f'assert check("ps90-1", print).verdict.passed\n{SCALE}',
    "a check of what is not there yet": (f'assert check("ps90-1", scale).verdict.passed\n{SCALE}', "NameError"),
    "a file that is not there is imported": (
        f"from helpers import times\n{SCALE}",
        "ModuleNotFoundError: No module named 'helpers'",
    ),
    "a large table is pasted": TABLE + SCALE,
    "magic lines": f"%matplotlib inline\n!pip install nothing\n%load_ext autoreload\n{SCALE}\nscale?",
    "it asks for input": (f"name = input('Your name?')\n{SCALE}", "EOFError"),
    "exit and quit": f"exit()\n{SCALE}\nquit()",
    "sys.exit above the answer": (f"import sys\nsys.exit()\n{SCALE}", "SystemExit"),
    "an endless try below the answer": (
        f"{SCALE}\n\nwhile scale([1], 2) == [2]:\n    pass",
        "code cell 3: it did not end within 4 seconds; of it, only what it defines was run",
    ),
    "slow work after a mistake": (f"import time\nundefined\n{SCALE}\ntime.sleep(60)", "NameError"),
}
# In the cell of the second exercise.
IN_TWO = {
    "the answer stands below the stub's": "total = ...\n# YOUR CODE HERE\nraise NotImplementedError()\ntotal = 4242",
    "the stub's raise stands below the answer": "total = 4242\n# YOUR CODE HERE\nraise NotImplementedError()",
    "a timed assignment": "%time total = 4242",
    "top-level await": "import asyncio\nasync def work():\n    return 4242\ntotal = await work()",
}
# The line of the first exercise, written in another way.
LINES = {
    "capitals in the line": "# Exercise: PS90-1",
    "no space in the line": "#exercise:ps90-1",
    "no colon in the line": "## Exercise ps90-1 (done)",
    "a dash in the line": "# exercise: ps90–1",
    "another number in the line": "# exercise: ps90-17",
    "a form field of Colab": '#@title Scale { display-mode: "form" }\n# exercise: ps90-1',
    "a cell mark of VS Code": "# %% exercise\n# exercise: ps90-1",
    "a cell mark of Jupytext": '# + id="x"\n# exercise: ps90-1',
    "a cell magic above the line": "%%time\n# exercise: ps90-1",
}
# In a cell at the end.
SCRATCH = {
    "a scratch cell redefines a function": (
        "def scale(x):\n    return x",
        "ps90-1: code cell 9 gives scale another meaning",
    ),
    "a scratch cell imports over a function": (
        "from math import exp as largest",
        "ps90-3: code cell 9 gives largest another meaning",
    ),
    "a scratch cell reuses a variable": (
        "for total in range(3):\n    pass",
        "ps90-2: code cell 9 gives total another meaning",
    ),
    "a function is deleted": "del scale, total",
    "a string that nobody closed": ('"""' + '\\"' * 60_000, "code cell 9 stopped with SyntaxError"),
}
# Whole notebooks.
NOTEBOOKS = {
    "an untouched copy after it": lambda: joined(finished(), make_release()),
    "an untouched copy before it": lambda: joined(make_release(), finished()),
    "an older, wrong copy after it": (lambda: joined(finished(), hand_in({"ps90-1": ZERO_SCALE})), "2 different cells"),
    "an older copy that cannot run": lambda: joined(
        finished(), hand_in({"ps90-1": "def scale(numbers, factor)\n    return 1"})
    ),
    "the same copy after it": (lambda: joined(finished(), finished()), "2 cells of ps90-1"),
    "a cell copied and then finished": (
        lambda: behind(finished(one=ZERO_SCALE), "stub-1", new_code_cell(f"# exercise: ps90-1\n{SCALE}")),
        "2 different cells of ps90-1",
    ),
    "a scratch cell directly below": (
        lambda: behind(finished(), "stub-1", new_code_cell("def scale(x):\n    return x")),
        "ps90-1: code cell 4, below its own, gives scale a value again",
    ),
    "a variable is reused in another exercise": (
        lambda: finished(three=f"total = 0\n{LARGEST}"),
        "gives total another meaning",
    ),
    "an array is changed later": lambda: at_the_end("np.add(total, 1, out=total)", two="total = np.array(4242)"),
    "a helper is redefined later": lambda: at_the_end(
        "def times(a):\n    return 0",
        one=f"def times(a, b):\n    return a * b\n\n{SCALE.replace('number * factor', 'times(number, factor)')}",
    ),
    "a helper is defined later only": lambda: at_the_end(
        "def times(a, b):\n    return a * b", one=SCALE.replace("number * factor", "times(number, factor)")
    ),
    "a recursive function is redefined": (
        lambda: at_the_end(
            "scale = None",
            one="def scale(numbers, factor):\n"
            "    return [numbers[0] * factor, *scale(numbers[1:], factor)] if numbers else []",
        ),
        "gives scale another meaning",
    ),
    "a stub's raise and a scratch cell": (
        lambda: at_the_end("total = 7", two="total = 4242\n# YOUR CODE HERE\nraise NotImplementedError()"),
        "its own cell is not finished",
    ),
    "a file is written and imported": lambda: behind(
        finished(one="from helpers import scale"), "imports", new_code_cell(f"%%writefile helpers.py\n{SCALE}")
    ),
    "a file is written and all of it imported": lambda: behind(
        finished(one="from helpers import *"), "imports", new_code_cell(f"%%writefile helpers.py\n{SCALE}")
    ),
    "a file is written and run": lambda: behind(
        finished(one="%run mine.py"), "imports", new_code_cell(f"%%file mine.py\n{SCALE}")
    ),
    "a shell cell": (
        lambda: behind(finished(), "imports", new_code_cell("%%bash\nls")),
        "%%bash does nothing where answers are graded",
    ),
    "two exercises in one cell": (
        lambda: drop("stub-2", finished(one=f"{SCALE}\n\n# exercise: ps90-2\n{TOTAL}")),
        "ps90-2 is answered in the cell of ps90-1",
    ),
    "answers in each other's cells": lambda: finished(one=LARGEST, three=SCALE),
    "the line of an exercise is gone": (without_the_line, "scale was found by its name"),
    "a cell is split in two": (
        lambda: behind(
            behind(finished(one="offset = 0", two="total = 4000"), "stub-1", new_code_cell(SCALE)),
            "stub-2",
            new_code_cell("total += 242"),
        ),
        "below its own, gives total a value again",
    ),
    "an answer below its check": (
        lambda: behind(hand_in({"ps90-2": TOTAL, "ps90-3": LARGEST}), "check-1", new_code_cell(SCALE)),
        "its own cell is not finished; scale was taken from code",
    ),
    "an answer below its check, the stub touched": (
        lambda: behind(
            finished(one="def scale(x):\n    'mine is below'\n    raise NotImplementedError()"),
            "check-1",
            new_code_cell(SCALE),
        ),
        "its own cell is not finished",
    ),
    "given cells with a space before them": lambda: given_cells(lambda source: f" {source}"),
    "given cells with carriage returns": lambda: given_cells(lambda source: source.replace("\n", "\r")),
    "given cells with line separators": lambda: given_cells(lambda source: source.replace("\n", "\u2028")),
    "given cells with vertical tabs": lambda: given_cells(lambda source: source.replace("\n", "\x0b")),
    "given cells with next lines": lambda: given_cells(lambda source: source.replace("\n", "\x85")),
    "all cells with line ends of Windows": lambda: all_sources(lambda source: source.replace("\n", "\r\n")),
    "all cells indented": lambda: all_sources(indented),
    "marks turned round": lambda: mangled(flip),
    "other names for the marks": (lambda: mangled(rename), "found by its text"),
    "saved with an error, and tagged to be skipped": lambda: mangled(saved_with_an_error),
    "checks deleted": (lambda: drop("check"), "was put back"),
    "imports deleted": (lambda: drop("imports"), "put back"),
    "the title deleted": lambda: drop("title"),
    "saved by Colab": (lambda: mangled(colab), "found by its text"),
    "all in one cell": (lambda: mangled(in_one_cell), "put back"),
    "noise": lambda: hand_in(
        RIGHT,
        before="import os, warnings\nwarnings.warn('harmless')\nos.write(2, b'by C')\nprint('x' * 10_000)\ndisplay(1)",
    ),
    "a timed cell": lambda: hand_in(RIGHT, after=f"%%time\n{SCALE}"),
}
ACCIDENTS = {
    **{name: (entry, with_line) for name, entry in LINES.items()},
    **{name: (entry, lambda code: finished(one=code)) for name, entry in IN_ONE.items()},
    **{name: (entry, lambda code: finished(two=code)) for name, entry in IN_TWO.items()},
    **{name: (entry, at_the_end) for name, entry in SCRATCH.items()},
    **{name: (entry, lambda make: make()) for name, entry in NOTEBOOKS.items()},
}


def made(name):
    """The notebook, and what must be said of it."""
    entry, make = ACCIDENTS[name]
    given, expected = entry if isinstance(entry, tuple) else (entry, "")
    return make(given), expected


@pytest.mark.parametrize("name", ACCIDENTS)
def test_an_accident_costs_no_marks_and_what_is_said_of_it_is_true(graded, name):
    notebook, expected = made(name)
    result = graded(notebook)
    words = " | ".join(result.notes + result.flags)
    assert scores(result)[:3] == [4, 2, 3], words
    assert expected in words
    for untrue in ("ended its own process", "there is no cell", "a fault in the grader"):
        assert untrue not in words
    nbformat.validate(nbformat.from_dict(result.notebook))


def test_a_figure_is_shown_to_nobody_and_costs_nothing(job):
    plotting = f"import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\n{SCALE}"
    patient = replace(job, limits=replace(job.limits, seconds=120, cell_seconds=60))  # its first import takes seconds
    assert scores(grade(as_bytes(finished(one=plotting)), patient))[:3] == [4, 2, 3]


def as_version_3(notebook):
    cells = [
        {"cell_type": "code", "input": cell.source.splitlines(keepends=True), "language": "python", "outputs": []}
        if cell.cell_type == "code"
        else {"cell_type": "markdown", "source": cell.source}
        for cell in notebook.cells
    ]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": 5}, {"cells": cells}]}


def with_large_outputs(notebook):
    cell_of(notebook, "stub-1").outputs = [new_output("display_data", {"image/png": "A" * 33_000_000})]
    return plain(notebook)


def lines_without_ends(notebook):
    cells = [dict(cell) | {"source": cell.source.split("\n")} for cell in notebook.cells]
    return dict(notebook) | {"cells": cells}


FILES = {
    **{
        encoding: lambda encoding=encoding: as_bytes(finished()).decode().encode(encoding)
        for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
    },
    "Latin-1": lambda: as_bytes(finished(one=f"# für größere Zahlen\n{SCALE}")).decode().encode("latin-1"),
    "line ends of Windows": lambda: as_bytes(finished()).replace(b"\n", b"\r\n"),
    "version 3 of the format": lambda: json.dumps(as_version_3(finished())).encode(),
    "33 MB of outputs": lambda: json.dumps(with_large_outputs(finished())).encode(),
    "lines without ends": lambda: json.dumps(lines_without_ends(finished())).encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_however_it_was_written(graded, name):
    assert scores(graded(FILES[name]()))[:3] == [4, 2, 3]


@pytest.mark.parametrize("name", [*ACCIDENTS, *FILES])
def test_the_preflight_complains_of_what_the_grader_would_tell_and_of_nothing_else(
    name, tmp_path, monkeypatch, release
):
    monkeypatch.setattr(preflight, "exercises", standins)
    content = FILES[name]() if name in FILES else as_bytes(made(name)[0])
    (tmp_path / "mine.ipynb").write_bytes(content)
    restored = restore(cells.read(content, Limits()), release["cells"], standins.EXERCISES)
    complaints = [one for one in preflight.preflight(tmp_path / "mine.ipynb") if not one.startswith("ps90-4: ")]
    assert bool(complaints) == bool(restored.flags), (complaints, restored.flags)
    assert all(any(flag in complaint for complaint in complaints) for flag in restored.flags)


def typed(*cells, instead=False):
    """A finished notebook with cells where its answer in words belongs."""
    notebook = finished()
    behind(notebook, "text", *cells)
    if instead:
        notebook.cells.remove(cell_of(notebook, "text"))
    return notebook


def in_the_question():
    notebook = finished()
    cell_of(notebook, "heading-4").source += f"\n\n{PROSE}"
    return notebook


def turned_into_code():
    notebook = finished()
    at = notebook.cells.index(cell_of(notebook, "text"))
    notebook.cells[at] = new_code_cell(PROSE, metadata=notebook.cells[at].metadata)
    return notebook


ANSWERS_IN_WORDS = {
    "in a code cell": lambda: typed(new_code_cell(PROSE)),
    "in a code cell in place of the text": lambda: typed(new_code_cell(PROSE), instead=True),
    "in a comment": lambda: typed(new_code_cell(f"# {PROSE}")),
    "in a string": lambda: typed(new_code_cell(f'answer = """{PROSE}"""')),
    "in a cell that was turned into code": turned_into_code,
    "in a cell of its own": lambda: typed(new_markdown_cell(PROSE)),
    "in a raw cell": lambda: typed(nbformat.v4.new_raw_cell(PROSE)),
    "in the question": in_the_question,
    "below the stub's words": lambda: hand_in(RIGHT, text=f"YOUR ANSWER HERE\n\n{PROSE}"),
}


def words_of(notebook, release):
    found = restore(cells.read(as_bytes(notebook), Limits()), release["cells"], standins.EXERCISES)
    return found.by_hand["ps90-4"]


@pytest.mark.parametrize("name", ANSWERS_IN_WORDS)
@pytest.mark.parametrize("change", [None, strip, rename], ids=["with metadata", "without", "with other names"])
def test_an_answer_in_words_reaches_the_person_who_marks_it(release, name, change):
    notebook = ANSWERS_IN_WORDS[name]()
    if change:
        change(notebook)
    expected = {"in a comment": f"# {PROSE}", "in a string": f'answer = """{PROSE}"""'}.get(name, PROSE)
    assert words_of(notebook, release) == expected


def test_an_answer_in_words_in_a_code_cell_waits_for_a_person_and_costs_no_other(graded):
    result = graded(typed(new_code_cell(PROSE)))
    assert scores(result) == [4, 2, 3, None]
    assert result.by_hand == {"ps90-4": PROSE}
    assert "the answer to ps90-4 was taken from a code cell" in " ".join(result.notes)


@pytest.mark.parametrize("code", ["print(total)", "%matplotlib inline\n!pip install x", "import math\nmath.pi", ""])
def test_code_after_a_question_is_no_answer_to_it(release, code):
    assert words_of(typed(new_code_cell(code)), release) == ""


def test_what_is_too_large_without_its_outputs_is_refused_with_the_reason(job):
    content = as_bytes(finished(one=f"# {'x' * 3_000_000}\n{SCALE}"))
    result = grade(content, replace(job, limits=replace(job.limits, notebook=2_000_000)))
    assert result.exercises == {}
    assert result.flags == ["a notebook whose cells hold 3 MB of text, of at most 2; no problem set asks for as much"]
    result = grade(content, replace(job, limits=replace(job.limits, file=2_000_000)))
    assert "a file of 3 MB, of at most 2; clear its outputs" in result.flags[0]


def test_an_answer_that_cannot_be_judged_costs_itself_and_a_person_is_told(graded, monkeypatch):
    from vistext.exercises.judging import Exercise

    judging = Exercise.judge

    def faulty(self, cases, outputs):
        if self.id == "ps90-1":
            raise RecursionError
        return judging(self, cases, outputs)

    monkeypatch.setattr(Exercise, "judge", faulty)
    result = graded(hand_in(RIGHT))
    assert scores(result)[:3] == [0, 2, 3]
    assert result.flags == ["ps90-1: what came back cannot be judged, for a fault in the grader: RecursionError"]
