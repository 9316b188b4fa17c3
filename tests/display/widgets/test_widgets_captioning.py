"""Captions sampled by z and scored by a discriminator."""

import io

import ipywidgets
import numpy as np
import pytest
from PIL import Image
from played import SHOWN, Html, parts, pictures_of

from vistext.display import widgets
from vistext.display.widgets.captioning import _Caption, _marked
from vistext.nn.decoding import sample_noise
from vistext.scenes import language
from vistext.tasks import captioning


@pytest.fixture(scope="module")
def by_z(speaker):
    return widgets.describe_by_z(*speaker, SHOWN)


@pytest.fixture(scope="module")
def best_of_n(speaker):
    return widgets.best_of_n(*speaker, SHOWN)


def test_a_sentence_is_the_one_of_its_z_with_its_score_and_its_truth(by_z, speaker):
    captioner, discriminator = speaker
    page = Html(by_z.answer(2, "title", 0.7, 4))
    z = 0.7 * sample_noise(1, captioning.model.MAX_LENGTH["title"], 4)
    [text] = captioner.caption(pictures_of(1), "title", z=z.astype("float32"))
    said = " ".join("".join(page.words).split())
    assert said.startswith(text)
    assert f"The discriminator: {discriminator.score(pictures_of(1), [text])[0]:.0%}" in said
    assert language.evaluate(text, SHOWN[1]).why in said
    assert "✗ not true" in said
    assert np.array_equal(page.picture()[::4, ::4], pictures_of(1)[0])


def test_each_word_says_how_much_it_adds_to_the_score(by_z, speaker):
    captioner, discriminator = speaker
    page = Html(by_z.answer(1, "title", 0.0, 0))
    text = captioner.caption(pictures_of(0), "title")
    [evidence] = discriminator.token_scores(pictures_of(0), text)
    marked = [attrs for attrs in page.all("span") if "title" in attrs]
    assert [float(attrs["title"]) for attrs in marked] == pytest.approx([value for _, value in evidence], abs=0.006)
    for attrs, (_, value) in zip(marked, evidence, strict=True):
        assert ("213, 94, 0" in attrs["style"]) == (value <= 0)
        assert ("wavy" in attrs["style"]) == (value < -0.5)


def test_words_are_marked_where_they_stand_and_only_text():
    caption = _Caption("Two <b> cats, small.", [("two", 1.0)] * 7 + [("<end>", -2.0)], 0.5, "")
    page = Html(_marked(caption))
    assert "".join(page.words) == "Two <b> cats, small. ■"
    assert not page.all("b")
    assert len([attrs for attrs in page.all("span") if "title" in attrs]) == 9


def test_keeping_the_picture_and_moving_z_says_something_else(by_z):
    scene, seed = parts(by_z, (ipywidgets.IntSlider, ipywidgets.BoundedIntText))
    (noise,) = parts(by_z, ipywidgets.FloatSlider)
    (length,) = parts(by_z, ipywidgets.Dropdown)
    (button,) = parts(by_z, ipywidgets.Button)
    (result,) = parts(by_z, ipywidgets.HTML)
    assert result.value == by_z.answer(1, "description", noise.value, seed.value)
    length.value = "title"
    shown = [result.value]
    button.click()
    shown.append(result.value)
    assert result.value == by_z.answer(1, "title", noise.value, 2)
    noise.value = 0.0
    shown.append(result.value)
    assert len(set(shown)) == 3
    button.click()
    assert result.value == shown[2]  # the likeliest words, whatever z
    scene.value = 3
    assert result.value == by_z.answer(3, "title", 0.0, 3) != shown[2]
    assert scene.max == 3
    seed.value = seed.max
    button.click()
    assert seed.value == 0


def test_the_highest_score_among_the_samples_is_marked(best_of_n, speaker):
    captioner, discriminator = speaker
    page = Html(best_of_n.answer(3, "title", 1.0, 2, 6))
    texts = captioner.sample(pictures_of(2), 6, "title", seed=2)[0]
    scores = discriminator.score(pictures_of(2).repeat(6, axis=0), texts)
    rows = [attrs for attrs in page.all("tr") if "style" in attrs]
    assert [words for words in page.words if words in texts] == texts
    assert [float(attrs["value"]) for attrs in page.all("meter")] == pytest.approx(list(scores), abs=2e-3)
    assert ["bold" in attrs["style"] for attrs in rows] == [number == scores.argmax() for number in range(6)]
    assert sum("highest score" in words and "◀" in words for words in page.words) == 1
    assert "0 of 6 are true, and the one with the highest score is not one of them." in page.words
    assert all(attrs["aria-label"] for attrs in page.all("meter"))
    assert [attrs["scope"] for attrs in page.all("th")] == ["col"] * 4


def test_the_samples_follow_every_control(best_of_n):
    scene, seed, count = parts(best_of_n, (ipywidgets.IntSlider, ipywidgets.BoundedIntText))
    (noise,) = parts(best_of_n, ipywidgets.FloatSlider)
    (length,) = parts(best_of_n, ipywidgets.Dropdown)
    (button,) = parts(best_of_n, ipywidgets.Button)
    (result,) = parts(best_of_n, ipywidgets.HTML)
    length.value, scene.value, count.value, noise.value = "title", 2, 3, 0.5
    button.click()
    assert result.value == best_of_n.answer(2, "title", 0.5, 2, 3)
    assert len(Html(result.value).all("meter")) == 3
    assert seed.value == 2


def test_captions_are_a_still_picture_too_and_every_control_has_a_name(by_z, best_of_n):
    for playable, words in ((by_z, "seven captions"), (best_of_n, "five captions")):
        assert words in playable.still.alt
        assert Image.open(io.BytesIO(playable.still.png)).size[0] > 600
        controls = parts(playable, (ipywidgets.IntSlider, ipywidgets.FloatSlider, ipywidgets.Dropdown))
        assert all(control.description for control in [*controls, *parts(playable, ipywidgets.Button)])
