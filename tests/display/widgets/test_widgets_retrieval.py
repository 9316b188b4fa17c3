"""Searching by sentence: the best come first, each with what is true of it, and what cannot be read says why."""

import re

import ipywidgets
import numpy as np
import pytest
from parsed import parts

from vistext import scenes
from vistext.data.vocabulary import Vocabulary
from vistext.display.widgets import retrieval
from vistext.tasks import fusion, vqa

SEARCHED = scenes.sample(9, 2, "val")
WORDS = Vocabulary.build([*retrieval.EXAMPLES, "a horse"])


class Nouns:
    """Fits a sentence to the pictures in an order of its own: the more so, the later they come."""

    def encode_images(self, pictures):
        return np.linspace(0.1, 0.9, len(pictures))[:, np.newaxis]

    def encode_texts(self, texts):
        for text in texts:
            vqa.model.check_text(text, WORDS, fusion.model.MAX_LENGTH)
        return np.ones((len(texts), 1))


@pytest.fixture
def widget():
    return retrieval.search(Nouns(), SEARCHED)


def test_the_best_are_shown_for_what_is_typed_or_clicked(widget):
    assert f"The {retrieval.FOUND} pictures" in widget.still.alt
    assert retrieval.EXAMPLES[0] in widget.still.alt
    [field], [result] = parts(widget, ipywidgets.Text), parts(widget, ipywidgets.HTML)
    before, field.value = result.value, "It is night."
    assert result.value == widget.answer("It is night.") != before
    fits = re.findall(r"<figcaption>fits ([\d.]+)<br>(.*?)</figcaption>", result.value)
    assert [float(fit) for fit, _ in fits] == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    assert {mark for _, mark in fits} <= set(retrieval.MARKS.values())
    assert re.findall(r'alt="(.*?)"', result.value) == [f"found as number {place}" for place in range(1, 7)]
    parts(widget, ipywidgets.Button)[1].click()
    assert field.value == retrieval.EXAMPLES[1]
    assert result.value == widget.answer(retrieval.EXAMPLES[1])


@pytest.mark.parametrize("typed", ["", "a penguin", "<b>horse</b>", "horse " * 100])
def test_what_cannot_be_read_says_why_and_breaks_nothing(widget, typed):
    html = widget.answer(typed)
    assert 'role="status"' in html
    assert not re.search(r"<b>|<img", html)


def test_fewer_pictures_than_are_shown_will_do_but_none_will_not():
    assert "The 2 pictures" in retrieval.search(Nouns(), SEARCHED[:2]).still.alt
    with pytest.raises(ValueError, match="1 scene or more"):
        retrieval.search(Nouns(), [])
