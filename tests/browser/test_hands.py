"""What holds for every widget, tried on a small one: fast hands, and none but the keyboard."""

import nbformat
import pytest

from tools.notebooks.files import KERNELSPEC

SLOW = """\
import time

import ipywidgets

from vistext.display import plots
from vistext.display.widgets.base import Widget, follow

given = []


def answer(value):
    given.append(value)
    time.sleep(0.3)
    return f"<p role='status'>{value} is answer {len(given)}</p>"


slider = ipywidgets.IntSlider(max=100, description="Amount")
play = ipywidgets.Play(max=100)
Widget(ipywidgets.VBox([play, slider, follow(answer, slider)]), plots.Picture(b"", "nothing yet"), answer)"""


@pytest.fixture(scope="module")
def slow(lab):
    """A widget that takes its time, in a notebook that was opened and run."""
    cells = [nbformat.v4.new_markdown_cell("# Hands"), nbformat.v4.new_code_cell(SLOW)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})
    nbformat.write(notebook, lab.folder / "hands.ipynb")
    lab.open("hands.ipynb")
    assert lab.run_all() == ["[1]:"]
    assert lab.errors() == []
    [widget] = lab.played()
    yield lab, widget
    lab.close()


def told(widget):
    """The value that is shown, and how many answers there have been."""
    value, *_, answers = widget.get_by_role("status").inner_text().split()
    return int(value), int(answers)


def test_a_slider_that_is_moved_fast_leaves_no_stale_work_behind(slow):
    lab, widget = slow
    widget.scroll_into_view_if_needed()
    handle, way = widget.get_by_role("slider"), widget.locator(".noUi-target").bounding_box()
    at = handle.bounding_box()
    height = at["y"] + at["height"] / 2
    lab.page.mouse.move(at["x"] + at["width"] / 2, height)
    lab.page.mouse.down()
    lab.page.mouse.move(way["x"] + way["width"] - 1, height, steps=80)
    lab.page.mouse.up()
    _, let_go = told(widget)
    end = int(handle.get_attribute("aria-valuetext"))
    assert end > 90
    widget.get_by_text(f"{end} is answer").wait_for(timeout=60_000)
    lab.page.wait_for_timeout(1000)  # what is still waiting would show by now
    shown, after = told(widget)
    assert shown == end
    assert after - let_go <= 4, "values that were passed over are not computed any more"


def test_a_slider_a_film_and_their_numbers_have_names(slow):
    _, widget = slow
    tree = widget.aria_snapshot()
    for control in ('button "Play or pause"', 'button "Stop"', 'slider "Amount"', 'textbox "Amount"'):
        assert control in tree


def test_it_can_be_used_without_a_mouse(slow):
    lab, widget = slow
    controls, stops = lab.by_tab(widget)
    assert stops == controls
    handle = widget.get_by_role("slider")
    handle.focus()
    lab.change(widget, lambda: lab.page.keyboard.press("Home"))
    lab.change(widget, lambda: lab.page.keyboard.press("ArrowRight"))
    assert handle.get_attribute("aria-valuetext") == "1"
