"""Each lesson as a student meets it: opened in JupyterLab, run to its end, and played with."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from tools.notebooks.files import lessons

NAMED = ("button", "combobox", "checkbox", "slider", "spinbutton", "textbox")  # roles of what can be used
CUT = (
    "area => [...area.querySelectorAll('.widget-label, button')]"
    ".filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"
)


@pytest.fixture(scope="module", params=[path.stem for path in lessons()])
def lesson(request, lab):
    """A lesson that has been opened and run: its name, the prompts of its cells, and the lab."""
    lab.open(f"{request.param}.ipynb")
    try:
        prompts = lab.run_all()
    except Exception:
        lab.page.screenshot(path=lab.seen / f"{request.param}-stopped.png")
        raise
    yield request.param, prompts, lab
    lab.close()


def test_every_cell_runs_and_none_ends_in_an_error(lesson):
    _, prompts, lab = lesson
    assert lab.errors() == []
    assert prompts == [f"[{number}]:" for number in range(1, len(prompts) + 1)]


def test_what_can_be_played_with_answers(lesson):
    name, _, lab = lesson
    widgets = lab.played()
    uses = USES[name]
    lab.taken.clear()
    assert len(widgets) == len(uses), "each widget of a lesson is used here"
    for use, widget in zip(uses, widgets, strict=True):
        widget.scroll_into_view_if_needed()
        use(lab, widget)
    (lab.seen / f"{name}-seconds.json").write_text(json.dumps(lab.taken))


def test_top_and_widgets_fit_their_page_in_both_themes(lesson):
    name, _, lab = lesson
    top, widgets = lab.page.locator(".jp-Notebook .jp-RenderedMarkdown").first, lab.played()
    for theme, width in lab.look(name, *widgets):
        for number, area in enumerate([top, *widgets]):
            over = area.evaluate("area => area.scrollWidth - area.clientWidth")
            what = f"widget {number}" if number else "the top"
            assert over <= 1, f"{what} is {over} pixels too wide at {width} ({theme})"
            assert area.evaluate(CUT) == [], f"names that are cut short in {what} at {width} ({theme})"


def test_every_control_has_a_name_and_every_picture_says_what_it_shows(lesson):
    _, _, lab = lesson
    for widget in lab.played():
        for role in NAMED:
            for control in widget.get_by_role(role).all():
                assert named(control), f"a {role} without a name: {control.evaluate('one => one.outerHTML')[:300]}"
    outputs = lab.page.locator(".jp-OutputArea-output img")
    assert outputs.count()
    assert (
        outputs.evaluate_all("all => all.filter(one => !one.alt.trim()).map(one => one.outerHTML.slice(0, 99))") == []
    )


def named(control) -> bool:
    """Whether a screen reader has something to say for it."""
    return '"' in control.aria_snapshot().splitlines()[0]


def test_every_control_is_reached_by_the_tab_key_one_after_the_other(lesson):
    _, _, lab = lesson
    for widget in lab.played():
        widget.scroll_into_view_if_needed()
        controls, stops = lab.by_tab(widget)
        assert controls
        assert stops == controls


def move(lab, widget, number, key="ArrowRight"):
    """One step of a slider, by the keyboard."""
    handle = widget.get_by_role("slider").nth(number)
    lab.change(widget, lambda: handle.press(key))


def drag(lab, widget, number, share):
    """A slider taken by the mouse, and let go at some share of its way."""
    track = widget.locator(".widget-slider .noUi-target").nth(number)
    handle = track.get_by_role("slider")

    def drawn():
        at, way = handle.bounding_box(), track.bounding_box()
        lab.page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
        lab.page.mouse.down()
        lab.page.mouse.move(way["x"] + share * way["width"], at["y"] + at["height"] / 2, steps=10)
        lab.page.mouse.up()

    lab.change(widget, drawn)


def upload(lab, widget, name, kind, content):
    """A file chosen by its button."""

    def chosen():
        with lab.page.expect_file_chooser() as choice:
            widget.get_by_role("button", name="Choose a picture").click()
        choice.value.set_files({"name": name, "mimeType": kind, "buffer": content})

    lab.change(widget, chosen)


def photograph(height, width):
    """A JPEG with much in it, as from a camera."""
    noise = np.random.default_rng(0).integers(0, 256, (height // 20, width // 20, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def use_your_picture(lab, widget):
    upload(lab, widget, "good.jpg", "image/jpeg", photograph(300, 400))
    assert widget.get_by_role("meter").count() == 10
    upload(lab, widget, "poem.png", "image/png", b"I am a poem, and my name ends in .png")
    assert "not a picture" in widget.inner_text()
    upload(lab, widget, "large.jpg", "image/jpeg", photograph(3648, 5472))
    assert widget.get_by_role("meter").count() == 10


def use_kernel_explorer(lab, widget):
    lab.change(widget, lambda: widget.get_by_role("combobox", name="Kernel").select_option("blur"))
    middle = widget.get_by_role("spinbutton", name="row 2, column 2 of the kernel")
    lab.change(widget, lambda: (middle.fill("3"), middle.press("Enter")))


def use_thresholds(lab, widget):
    drag(lab, widget, 1, 0.05)  # in the first scene, the fullest, of which weak answers are shown
    move(lab, widget, 2, "End")
    move(lab, widget, 0)
    assert "drawn" in widget.inner_text()


def use_sentence_sampler(lab, widget):
    move(lab, widget, 0)
    lab.change(widget, lambda: widget.get_by_role("button", name="Six others").click())
    begins = widget.get_by_role("textbox", name="Begins")
    lab.change(widget, lambda: (begins.fill("There are two"), begins.press("Enter")))
    assert widget.get_by_role("listitem").count() == 6


def use_film(lab, widget):
    move(lab, widget, 0)
    drag(lab, widget, 0, 0.9)


def use_walk(lab, widget):
    lab.change(widget, lambda: widget.get_by_role("combobox", name="Kind").select_option("dog"))
    drag(lab, widget, 0, 0.5)
    place = widget.get_by_role("spinbutton", name="From z")
    lab.change(widget, lambda: (place.fill("7"), place.press("Enter")))


def use_sentences(lab, widget):
    move(lab, widget, 0)
    lab.change(widget, lambda: widget.get_by_role("combobox", name="Length").select_option("story"))
    # While all may be said that z picks: half of the way, another z may well lead to the same sentence.
    lab.change(widget, widget.get_by_role("button").last.click)
    drag(lab, widget, 1, 0.5)


def use_ask(lab, widget):
    question = widget.get_by_role("textbox", name="Question")
    lab.change(widget, lambda: (question.fill("Is there a dog?"), question.press("Enter")))
    lab.change(widget, lambda: (question.fill("qwertz"), question.press("Enter")))
    lab.change(widget, lambda: widget.get_by_role("button").nth(1).click())
    move(lab, widget, 0)


def use_quiz(lab, widget):
    for _ in range(2):
        lab.change(widget, widget.get_by_role("button").first.click)
        assert "right" in widget.get_by_role("status").inner_text().lower() or "Not" in widget.inner_text()
        lab.change(widget, lambda: widget.get_by_role("button", name="Next question").click())
    assert "of 2 right" in widget.inner_text()


def use_things(lab, widget):
    move(lab, widget, 0)
    lab.change(widget, lambda: widget.get_by_role("button").nth(1).click())
    assert "Probability: " in widget.get_by_role("status").inner_text()


def use_search(lab, widget):
    sentence = widget.get_by_role("textbox", name="Find")
    lab.change(widget, lambda: (sentence.fill("A dog is lying on the grass."), sentence.press("Enter")))
    lab.change(widget, lambda: (sentence.fill("qwertz"), sentence.press("Enter")))
    lab.change(widget, lambda: widget.get_by_role("button").nth(1).click())


USES = {
    "00_tour": [use_your_picture],
    "01_tagging": [use_kernel_explorer, use_your_picture],
    "02_detection": [use_thresholds],
    "03_words": [use_sentence_sampler],
    "04_gan": [use_film, use_film, use_walk],
    "05_descriptions": [use_sentences, use_sentences],
    "06_qgnet": [use_ask, use_quiz],
    "07_roles": [use_things],
    "08_fusion": [use_search],
}
