"""Lessons as pages and as slides: all is there, nothing is fetched, and formulas are formulas."""

import re

import nbformat
import pytest

from tools import pages
from tools.__main__ import main
from tools.notebooks.files import lessons, read
from tools.pages.export import document
from tools.pages.slides import LONGEST, deck, slides

FETCHED = re.compile(
    r"""(?:<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=\s*|url\(|import\s)["']?(?!data:)[\w/.]"""
)
LESSON = lessons()[4]  # the one with most formulas


def markdown(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source) for source in sources])


@pytest.fixture(scope="module")
def page():
    return document(LESSON)


@pytest.fixture(scope="module")
def shown():
    return deck(LESSON)


def test_what_would_be_fetched_is_recognised():
    for html in ('<script src="https://a.b/c.js">', "<img alt='' src=a.png>", '<link href="/a.css">', "url(a.woff)"):
        assert FETCHED.search(html)
    assert not FETCHED.search('<img alt="a cat" src="data:image/png;base64,AA"> <a href="https://a.b">')


@pytest.mark.parametrize("made", ["page", "shown"])
def test_nothing_is_fetched_and_every_picture_is_in_the_file_with_its_alt_text(made, request):
    html = request.getfixturevalue(made)
    assert FETCHED.findall(html) == []
    outputs = [output for cell in read(LESSON).cells for output in cell.get("outputs", [])]
    stored = sum("<img" in output.get("data", {}).get("text/html", "") for output in outputs)
    images = re.findall(r"<img\b[^>]*>", html)
    assert len(images) == stored > 5
    assert all(re.search(r'\balt="[^"]', image) for image in images)


def test_nothing_is_left_that_is_only_for_who_runs_it(page):
    page = re.sub(r"(?<=;base64,)[A-Za-z0-9+/=\s]+", "", page)  # in which any short word occurs by chance
    assert "colab" not in page.lower()
    assert "%pip" not in page
    assert "restart" in "".join(cell.source for cell in read(LESSON).cells)
    assert "restart" not in page


def test_all_prose_is_there_in_order_under_one_title(page):
    headings = re.findall(r"<h[1-3][^>]*>(.*?)</h[1-3]>", page)
    prose = "\n".join(cell.source for cell in read(LESSON).cells if cell.cell_type == "markdown")
    assert len(headings) == len(re.findall(r"^#{1,3} ", prose, re.MULTILINE))
    assert page.count("<h1") == 1


def test_formulas_become_mathml_and_dollars_in_code_stay():
    html = pages.rendered(markdown("so $x_1 * y_1 * 2$, and\n\n$$\\frac{1}{2}$$\n\nin `a $b$ c`\n\n```\n$HOME$\n```"))
    assert html.count("<math") == 2
    assert "<mfrac>" in html
    assert "a $b$ c" in html
    assert "$HOME$" in html
    assert "<em>" not in html


def test_each_heading_and_each_cell_of_code_begins_a_slide():
    notebook = markdown("# One\n\ntext\n\n## Two\n\nmore", "still two")
    notebook.cells.append(nbformat.v4.new_code_cell("1 + 1"))
    made = list(slides(notebook))
    assert [under for under, _ in made] == ["One", "Two", "Two", "Two"]
    assert [cell.source for _, cell in made] == ["# One\n\ntext", "## Two\n\nmore", "still two", "1 + 1"]


def test_prose_before_the_first_heading_of_a_cell_is_a_slide_too():
    assert [cell.source for _, cell in slides(markdown("so far\n\n## Next\n\nthen"))] == ["so far", "## Next\n\nthen"]


def test_only_long_code_that_shows_something_is_folded(shown):
    cells = [cell for cell in pages.prepared(read(LESSON)).cells if cell.get("outputs")]
    long = [cell for cell in cells if len(cell.source.splitlines()) > LONGEST]
    assert shown.count("<details>") == len(long) > 0


def test_what_code_shows_stands_on_a_slide_once_and_without_an_empty_box_for_code(shown):
    cells = pages.prepared(read(LESSON)).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert shown.count('<div class="input">') == shown.count('<div class="highlight') == len(code)
    assert shown.count('<div class="output_wrapper">') == sum(bool(cell.outputs) for cell in code)


def test_links_into_the_course_lead_to_its_repository(page):
    assert re.search(r'href="https://github\.com/[^"]+/notebooks/exercises/release/', page)
    assert not re.search(r'href="(?!https?:|#)', page)


@pytest.mark.parametrize("command", ["slides", "export"])
def test_the_commands_write_one_file_and_say_where(command, tmp_path, capsys):
    assert main([command, "0", "--out", str(tmp_path)]) == 0
    [written] = tmp_path.iterdir()
    assert capsys.readouterr().out.strip() == str(written)
    assert written.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_lesson_that_there_is_not_is_refused_in_one_line(tmp_path, capsys):
    assert main(["slides", "77", "--out", str(tmp_path)]) == 2
    assert "there is no lesson '77'; there are 00, 01" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
