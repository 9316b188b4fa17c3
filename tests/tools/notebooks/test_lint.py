"""Every rule for lessons, shown able to fail: a lesson that keeps them all, broken in one place at a time."""

import base64
import io

import nbformat
import pytest
from PIL import Image

from tools.notebooks.files import ROOT, SETUP_TAG, SHOWN, TOOK, badge, code_cells, write
from tools.notebooks.lint import LARGEST, RULES, check, shows_text


def broken(lesson, place):
    return {name for name, rule in RULES.items() if list(rule(lesson, place))}


def figure():
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, "PNG")
    data = {"image/png": base64.b64encode(buffer.getvalue()).decode(), "text/plain": "<Figure size 640x480>"}
    return nbformat.v4.new_output("display_data", data, metadata={"image/png": {"alt": "unheard"}})


def page(html):
    return nbformat.v4.new_output("display_data", {"text/html": html})


def test_a_lesson_that_keeps_every_rule_breaks_none(lesson, place):
    assert broken(lesson, place) == set()


def replaced(cell, old, new):
    """Another text in the source of a cell."""

    def change(lesson):
        assert old in lesson.cells[cell].source
        lesson.cells[cell].source = lesson.cells[cell].source.replace(old, new, 1)

    return change


def code(number, **changes):
    """Other contents of a code cell."""
    return lambda lesson: code_cells(lesson)[number].update(nbformat.from_dict(changes))


def prints(text):
    """Another text that the second code cell prints."""
    return code(1, outputs=[nbformat.v4.new_output("stream", text=text)])


def shows(output):
    """One more output of the last code cell."""
    return lambda lesson: code_cells(lesson)[3].outputs.append(output)


def in_metadata(*path, value):
    """Another value in the lesson's metadata."""

    def change(lesson):
        *parents, last = path
        place = lesson.metadata
        for parent in parents:
            place = place[parent]
        place[last] = value

    return change


def never_run(lesson):
    for cell in code_cells(lesson):
        cell.execution_count = None


def keep_a_widget_view(lesson):
    code_cells(lesson)[3].outputs[0].data["application/vnd.jupyter.widget-view+json"] = {"model_id": "1"}


def hide_a_claim(lesson, tag=SETUP_TAG):
    code_cells(lesson)[2].metadata = {"tags": [tag]}
    lesson.cells[-1:-1] = [nbformat.v4.new_code_cell("claim('x', True)", execution_count=n) for n in (5, 6)]


PICTURE = '<img {} src="data:image/png;base64,AAAA">'
ERROR = nbformat.v4.new_output("error", ename="ValueError", evalue="", traceback=[])
BREAKS = {
    "opens_with_title_and_badge": {
        "the badge of another": replaced(0, "98_example", "97_example"),
        "a second badge": replaced(0, "\n\n", f"\n\n{badge(ROOT / 'notebooks' / '97_example.ipynb')}\n\n"),
    },
    "says_how_to_go_on": {"nothing of a restart": replaced(0, "After a restart", "Later")},
    "sets_up_as_every_lesson_does": {
        "TensorFlow pinned": replaced(1, "import", "%pip install tensorflow==2.18\nimport"),
        "no tag": code(0, metadata={}),
    },
    "was_run_in_order": {"a cell run twice": code(2, execution_count=7), "never run": never_run},
    "shows_what_ships": {
        "an earlier study": in_metadata(SHOWN, "studies/tags.json", value="0" * 64),
        "weights that no longer ship": in_metadata(SHOWN, "nn/weights/perceptron.json", value="0" * 64),
        "nothing stored": lambda lesson: lesson.metadata.pop(SHOWN),
    },
    "says_how_long_it_runs": {
        "minutes by hand": replaced(0, "1.5 minutes", "a minute"),
        "those of another run": in_metadata(TOOK, "seconds", value=40),
        "never measured": lambda lesson: lesson.metadata.pop(TOOK),
    },
    "holds_no_error": {"an error": code(1, outputs=[ERROR], source='claim("a", True)')},
    "is_clean": {
        "an editor's metadata": lambda lesson: lesson.cells[2].metadata.update(collapsed=True),
        "another kernel": in_metadata("kernelspec", "name", value="my-venv"),
        "a version of Python": in_metadata("language_info", "version", value="3.11.7"),
        "a widget view": keep_a_widget_view,
    },
    "names_no_machine": {
        "a home folder": prints("saved to /home/ada/out.html\n"),
        "a home folder on Windows": prints("C:\\Users\\ada\\x.py:3: UserWarning\n"),
        "the checkout": prints(f"{ROOT}\n"),
    },
    "is_small": {"much text": prints("all work and no play\n" * (LARGEST // 20))},
    "is_mostly_compared": {
        "half of it hidden": code(1, metadata={"tags": [SETUP_TAG]}),
        "half of it hidden by a comment": code(1, source="# NBVAL_IGNORE_OUTPUT\nprint(1 + 1)"),
        "a silent cell": code(1, outputs=[]),
        "only a picture": code(1, outputs=[page(PICTURE.format('alt="two bars"'))]),
    },
    "hides_no_claim": {
        "a claim that is passed over": hide_a_claim,
        "a claim that may raise": lambda lesson: hide_a_claim(lesson, "raises-exception"),
    },
    "describes_its_pictures": {
        "a picture that can have no alt text": shows(figure()),
        "none": shows(page("<p>A cat</p>" + PICTURE.format(""))),
        "an empty one": shows(page("<p>A cat</p>" + PICTURE.format('alt=""'))),
        "none in prose": replaced(2, "## Sums", "## Sums\n\n![](images/cat.png)"),
        "an empty one in prose": replaced(2, "## Sums", '## Sums\n\n<img src="images/cat.png" alt="">'),
    },
    "nests_its_headings": {
        "a level skipped": replaced(4, "### Larger", "#### Larger"),
        "a second title": replaced(4, "### Larger", "# Larger"),
    },
    "ends_with_your_turn": {"no exercises": replaced(-1, "Your turn", "Recap")},
}


@pytest.mark.parametrize(
    ("rule", "change"),
    [pytest.param(rule, change, id=f"{rule}: {name}") for rule in BREAKS for name, change in BREAKS[rule].items()],
)
def test_a_break_is_found_by_its_rule_and_no_other(lesson, place, rule, change):
    change(lesson)
    assert broken(lesson, place) == {rule}


def test_cells_that_only_define_need_not_show_anything(lesson, place):
    model = """from math import pi
WIDTH, HEADS = 64, 4
class Layer:
    pass
def build(width):
    return print(width)
"""
    for _ in range(3):
        lesson.cells.insert(-1, nbformat.v4.new_code_cell(model))
    for number, cell in enumerate(code_cells(lesson), start=1):
        cell.execution_count = number
    assert broken(lesson, place) == set()
    code_cells(lesson)[-1].source += "network = build(WIDTH)"
    code_cells(lesson)[-2].source += "network = build(WIDTH)"
    assert broken(lesson, place) == {"is_mostly_compared"}


def test_a_lesson_without_a_title_is_found(lesson, place):
    lesson.cells[0].source = lesson.cells[0].source.removeprefix("# ")
    assert broken(lesson, place) == {"opens_with_title_and_badge", "nests_its_headings"}


def test_the_name_of_a_figure_is_no_text_that_says_anything():
    assert not shows_text(figure())


def test_every_rule_is_shown_to_fail():
    assert set(BREAKS) == set(RULES)


def test_an_empty_notebook_is_named_and_not_a_crash(place):
    assert "opens_with_title_and_badge" in broken(nbformat.v4.new_notebook(), place)


def test_check_reads_a_file_and_says_in_words_what_is_wrong(lesson, tmp_path, monkeypatch):
    monkeypatch.setattr("tools.notebooks.files.ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    path = tmp_path / "98_example.ipynb"
    replaced(-1, "Your turn", "Recap")(lesson)
    write(lesson, path)
    assert "the last Markdown cell holds no heading 'Your turn'" in check(path)
