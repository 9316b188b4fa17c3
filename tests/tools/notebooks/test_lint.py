"""Every rule for lessons, shown able to fail: a lesson that keeps them all, broken in one place at a time."""

import base64
import io

import nbformat
import pytest
from PIL import Image

from tools.notebooks.files import ROOT, SETUP_TAG, SHOWN, badge, code_cells, write
from tools.notebooks.lint import LARGEST, RULES, check, shows_text

HIDDEN = {"tags": [SETUP_TAG]}


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


def point_elsewhere(lesson):
    lesson.cells[0].source = lesson.cells[0].source.replace("98_example", "97_example")


def add_a_second_badge(lesson):
    lesson.cells[0].source += "\n" + badge(ROOT / "notebooks" / "97_example.ipynb")


def say_nothing_of_a_restart(lesson):
    lesson.cells[0].source = lesson.cells[0].source.replace("After a restart", "Later")


def pin_tensorflow_in_the_set_up(lesson):
    code_cells(lesson)[0].source += "\n%pip install tensorflow==2.18"


def untag_the_set_up(lesson):
    code_cells(lesson)[0].metadata = {}


def run_twice(lesson):
    code_cells(lesson)[2].execution_count = 7


def never_run(lesson):
    for cell in code_cells(lesson):
        cell.execution_count = None


def show_an_earlier_study(lesson):
    lesson.metadata[SHOWN]["studies/tags.json"] = "0" * 64


def show_weights_that_no_longer_ship(lesson):
    lesson.metadata[SHOWN]["nn/weights/perceptron.json"] = "0" * 64


def forget_what_it_shows(lesson):
    del lesson.metadata[SHOWN]


def stop_with_an_error(lesson):
    code_cells(lesson)[1].outputs = [nbformat.v4.new_output("error", ename="ValueError", evalue="", traceback=[])]
    code_cells(lesson)[1].source = 'claim("a", True)'


def keep_the_editor_s_metadata(lesson):
    lesson.cells[2].metadata["collapsed"] = True


def name_the_kernel_otherwise(lesson):
    lesson.metadata["kernelspec"]["name"] = "my-venv"


def name_a_python(lesson):
    lesson.metadata["language_info"]["version"] = "3.11.7"


def keep_a_widget_view(lesson):
    code_cells(lesson)[3].outputs[0].data["application/vnd.jupyter.widget-view+json"] = {"model_id": "1"}


def print_a_home_folder(lesson):
    code_cells(lesson)[1].outputs[0].text = "saved to /home/ada/out.html\n"


def warn_from_a_home_folder_on_windows(lesson):
    code_cells(lesson)[1].outputs[0].text = "C:\\Users\\ada\\x.py:3: UserWarning\n"


def print_the_checkout(lesson):
    code_cells(lesson)[1].outputs[0].text = f"{ROOT}\n"


def grow(lesson):
    code_cells(lesson)[1].outputs[0].text = "all work and no play\n" * (LARGEST // 20)


def hide_half_of_it(lesson):
    code_cells(lesson)[1].metadata = HIDDEN


def hide_half_of_it_by_a_comment(lesson):
    code_cells(lesson)[1].source = "# NBVAL_IGNORE_OUTPUT\nprint(1 + 1)"


def compute_silently(lesson):
    code_cells(lesson)[1].outputs = []


def show_only_a_picture(lesson):
    code_cells(lesson)[1].outputs = [page('<img alt="two bars" src="data:image/png;base64,AAAA">')]


def hide_a_claim(lesson):
    code_cells(lesson)[2].metadata = HIDDEN
    lesson.cells[-1:-1] = [nbformat.v4.new_code_cell("claim('x', True)", execution_count=n) for n in (5, 6)]


def hide_a_claim_that_raises(lesson):
    hide_a_claim(lesson)
    code_cells(lesson)[2].metadata = {"tags": ["raises-exception"]}


def show_a_picture_that_can_have_none(lesson):
    code_cells(lesson)[3].outputs.append(figure())


def show_a_picture_without_alt(lesson):
    code_cells(lesson)[3].outputs.append(page('<p>A cat</p><img src="data:image/png;base64,AAAA">'))


def show_a_picture_with_an_empty_alt(lesson):
    code_cells(lesson)[3].outputs.append(page('<p>A cat</p><img alt="" src="data:image/png;base64,AAAA">'))


def write_prose_with_a_picture_without_alt(lesson):
    lesson.cells[2].source += "\n\n![](images/cat.png)"


def write_prose_with_an_image_tag_without_alt(lesson):
    lesson.cells[2].source += '\n\n<img src="images/cat.png" alt="">'


def skip_a_level(lesson):
    lesson.cells[4].source = lesson.cells[4].source.replace("### Larger", "#### Larger")


def title_it_twice(lesson):
    lesson.cells[4].source = lesson.cells[4].source.replace("### Larger", "# Larger")


def end_without_exercises(lesson):
    lesson.cells[-1].source = "## Recap"


BREAKS = {
    "opens_with_title_and_badge": [point_elsewhere, add_a_second_badge, say_nothing_of_a_restart],
    "sets_up_as_every_lesson_does": [pin_tensorflow_in_the_set_up, untag_the_set_up],
    "was_run_in_order": [run_twice, never_run],
    "shows_what_ships": [show_an_earlier_study, show_weights_that_no_longer_ship, forget_what_it_shows],
    "holds_no_error": [stop_with_an_error],
    "is_clean": [keep_the_editor_s_metadata, name_the_kernel_otherwise, name_a_python, keep_a_widget_view],
    "names_no_machine": [print_a_home_folder, warn_from_a_home_folder_on_windows, print_the_checkout],
    "is_small": [grow],
    "is_mostly_compared": [
        hide_half_of_it,
        hide_half_of_it_by_a_comment,
        compute_silently,
        show_only_a_picture,
    ],
    "hides_no_claim": [hide_a_claim, hide_a_claim_that_raises],
    "describes_its_pictures": [
        show_a_picture_that_can_have_none,
        show_a_picture_without_alt,
        show_a_picture_with_an_empty_alt,
        write_prose_with_a_picture_without_alt,
        write_prose_with_an_image_tag_without_alt,
    ],
    "nests_its_headings": [skip_a_level, title_it_twice],
    "ends_with_your_turn": [end_without_exercises],
}


@pytest.mark.parametrize(
    ("rule", "change"),
    [(rule, change) for rule, changes in BREAKS.items() for change in changes],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_break_is_found_by_its_rule_and_no_other(lesson, place, rule, change):
    change(lesson)
    assert broken(lesson, place) == {rule}


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
    end_without_exercises(lesson)
    write(lesson, path)
    assert "the last Markdown cell holds no heading 'Your turn'" in check(path)
