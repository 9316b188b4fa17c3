"""Which cells a section needs: by code that can be read at a glance, and by running lessons from the middle."""

import linecache

import nbformat
import pytest

from tools.notebooks.cell_dependencies import MAGIC, Use, listed, needs, say_needs, sections
from tools.notebooks.files import ROOT, code_cells, lessons, read


def notebook(*cells):
    """Headings, which begin with #, and code."""
    new = nbformat.v4
    made = [new.new_markdown_cell(cell) if cell.startswith("#") else new.new_code_cell(cell) for cell in cells]
    return new.new_notebook(cells=made)


@pytest.mark.parametrize(
    ("source", "reads", "binds"),
    [
        ("a = b + 1", {"b"}, {"a"}),
        ("a = 1\nc = a", set(), {"a", "c"}),
        ("a = a + 1", {"a"}, {"a"}),
        ("a += 1", {"a"}, {"a"}),
        ("import numpy as np\nfrom os import path\nnp.ones(path)", set(), {"np", "path"}),
        ("[each * b for each in c]", {"b", "c"}, set()),
        ("f = lambda x: x + b", {"b"}, {"f"}),
        ("def f(x, y=z):\n    k = x\n    return k + b + f(y)", {"z", "b"}, {"f"}),
        ("for i in a:\n    b = i\nprint(b, i)", {"a", "print"}, {"i", "b"}),
        ("with a as b:\n    c = b", {"a"}, {"b", "c"}),
        ("try:\n    a()\nexcept E as error:\n    print(error)", {"a", "E", "print"}, {"error"}),
        ("if a:\n    b = 1\nelse:\n    b = c", {"a", "c"}, {"b"}),
        ("class A(B):\n    x = c", {"B", "c"}, {"A"}),
        ('print(f"{a:.2f} {b!r}")', {"a", "b", "print"}, set()),
        ("if a:\n    %pip install b", {"a"}, set()),
        ("what is this (", set(), set()),
    ],
)
def test_a_cell_reads_what_must_be_there_before_and_binds_what_is_there_afterwards(source, reads, binds):
    use = Use.of(source)
    assert (use.reads, use.binds) == (reads, binds)


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("history = fit(model, batches)", {"model", "batches"}),
        ("history = adversarial.train_gan(a, b)", {"adversarial", "a", "b"}),
        ("model.compile(loss=loss)", {"model"}),
        ("model.get_layer('a').adapt(pictures)", {"model", "pictures"}),
        ("settle(model)", {"model"}),
        ("table[0] = 1", {"table"}),
        ("for row in rows:\n    found.append(row)", {"found"}),
        ("import keras\nkeras.utils.set_random_seed(0)", set()),
        ("print(model)\nclaim('so', good)\nplots.grid(pictures)", set()),
        ("answer = model.predict(pictures)", set()),
        ("found = []\nfound.append(1)", set()),
    ],
)
def test_what_is_trained_or_filled_is_another_thing_afterwards(source, changed):
    assert Use.of(source).changes == changed


def test_a_section_needs_what_defines_and_trains_what_it_uses_and_what_that_uses_in_turn():
    lesson = notebook(
        "# A lesson",
        "from vistext import profile",
        "## Data",
        "data = 1",
        "print(data)",
        "## Training",
        "from somewhere import fit\nmodel = build()",
        "fit(model, data)",
        "unused = model, fit",
        "## Looking",
        "print(model)",
        "mine = model",
        "print(mine)",
        "## Recap",
    )
    assert [(each.title, each.own, each.needs) for each in sections(lesson)] == [
        ("## Data", (2, 3), (1,)),
        ("## Training", (4, 5, 6), (1, 2)),
        ("## Looking", (7, 8, 9), (1, 2, 4, 5)),
    ]


def test_a_name_that_was_given_anew_is_the_last_one():
    uses = [Use.of(source) for source in ("a = 1", "a = 2", "a = 3", "b = a")]
    assert needs(uses, [4]) == (1, 3)
    assert needs(uses, [2, 3, 4]) == (1,)


def test_cells_are_told_in_words():
    assert [listed(numbers) for numbers in ([1], [1, 2], [1, 2, 3], [1, 3, 4, 5, 9])] == [
        "cell 1",
        "cells 1 and 2",
        "cells 1–3",
        "cells 1, 3–5 and 9",
    ]


def test_the_line_is_written_once_and_again_when_the_code_changes():
    lesson = notebook("# A", "a = 1", "b = 2", "Code before.\n\n## One\n\nProse.", "print(b)", "## Two")
    lesson.cells[3].cell_type = "markdown"
    lesson.cells[3] = nbformat.v4.new_markdown_cell(lesson.cells[3].source)
    for _ in range(2):
        say_needs(lesson)
        assert lesson.cells[3].source == (
            "Code before.\n\n## One\n\n*To start here after a restart, run cells 1 and 2 first.*\n\nProse."
        )
    assert lesson.cells[5].source == "## Two"
    lesson.cells[4].source = "print(3)"
    say_needs(lesson)
    assert "run cell 1 first" in lesson.cells[3].source


@pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
def test_a_lesson_can_be_begun_again_in_its_middle(path, monkeypatch, capsys):
    monkeypatch.setenv("VISTEXT_PROFILE", "smoke")
    monkeypatch.setenv("VISTEXT_OFFLINE", "1")
    monkeypatch.chdir(ROOT / "notebooks")
    lesson = read(path)
    several = sections(lesson)
    section = several[len(several) // 2]
    code, names = [MAGIC.sub(r"\1pass", cell.source) for cell in code_cells(lesson)], {"__name__": "__main__"}
    for number in [*section.needs, *section.own]:
        source, place = code[number - 1], f"<{path.stem}, cell {number}>"
        # As IPython does: TensorFlow reads the source of what it compiles.
        linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
        exec(compile(source, place, "exec"), names)
    assert capsys.readouterr().out
