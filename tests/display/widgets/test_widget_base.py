"""What every widget is: live, and whole as a still picture."""

import ipywidgets
import pytest

from vistext.display import plots
from vistext.display.widgets.base import NAMES, Widget, uploaded


def test_a_widget_is_live_where_a_kernel_runs_and_a_still_picture_elsewhere_and_all_its_controls_get_names():
    still, slider = plots.Picture(b"a png", "a cat & a dog"), ipywidgets.IntSlider()
    widget = Widget(slider, still, len)
    bundle = widget._repr_mimebundle_()
    assert bundle.keys() == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.shown.model_id
    assert bundle["text/html"] == still._repr_html_()
    assert bundle["text/plain"] == "[Picture: a cat & a dog]"
    shown, names = widget.shown.children
    assert shown is slider
    assert (names.value, names.layout.display) == (NAMES, "none")


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ((), None),
        ({}, None),
        ([{"name": "b.png", "content": b"last"}], b"last"),
        (({"name": "a.png", "content": memoryview(b"1")}, {"name": "b.png", "content": memoryview(b"last")}), b"last"),
        ({"a.png": {"metadata": {}, "content": b"1"}, "b.png": {"metadata": {}, "content": b"last"}}, b"last"),
    ],
    ids=["taken back", "taken back from ipywidgets 7", "a list", "ipywidgets 8", "ipywidgets 7"],
)
def test_the_last_file_is_taken_from_either_form_of_an_upload(value, content):
    assert uploaded(value) == content
    assert isinstance(uploaded(value), bytes | None)
