"""What every interactive part is: live, and whole as a still."""

import ipywidgets
import pytest

from vistext.display import plots
from vistext.display.widgets.base import NAMES, Widget, uploaded


def test_a_playable_is_live_where_a_kernel_runs_and_a_still_picture_elsewhere():
    still = plots.Picture(b"a png", "a cat & a dog")
    widget = ipywidgets.IntSlider()
    playable = Widget(widget, still, len)
    bundle = playable._repr_mimebundle_()
    assert bundle.keys() == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == playable.shown.model_id
    assert playable.shown.children[0] is widget
    assert bundle["text/html"] == still._repr_html_()
    assert bundle["text/plain"] == "[Picture: a cat & a dog]"


@pytest.mark.parametrize(
    "value",
    [
        ({"name": "a.png", "content": memoryview(b"first")}, {"name": "b.png", "content": memoryview(b"last")}),
        [{"name": "b.png", "content": b"last"}],
        {"a.png": {"metadata": {}, "content": b"first"}, "b.png": {"metadata": {}, "content": b"last"}},
    ],
    ids=["ipywidgets 8", "a list", "ipywidgets 7"],
)
def test_the_last_file_is_taken_from_either_form_of_an_upload(value):
    content = uploaded(value)
    assert (content, type(content)) == (b"last", bytes)


@pytest.mark.parametrize("value", [(), [], {}])
def test_an_upload_that_was_taken_back_holds_nothing(value):
    assert uploaded(value) is None


def test_controls_that_have_no_name_of_their_own_get_one_in_the_page_and_nothing_is_seen_of_that():
    _, names = Widget(ipywidgets.IntSlider(description="Scene"), plots.Picture(b"", ""), len).shown.children
    assert (names.value, names.layout.display) == (NAMES, "none")
