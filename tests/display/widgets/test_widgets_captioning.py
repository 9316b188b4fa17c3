"""Captions sampled by z and scored by a discriminator."""

import ipywidgets
import numpy as np
import pytest
from parsed import SHOWN, Html, parts, pictures_of, pixels

from vistext.display import widgets
from vistext.display.widgets.captioning import _Caption, _marked
from vistext.nn.decoding import sample_noise
from vistext.scenes import language
from vistext.tasks import captioning


@pytest.fixture(scope="module")
def by_z(captioner_and_discriminator):
    return widgets.describe_by_z(*captioner_and_discriminator, SHOWN)


@pytest.fixture(scope="module")
def draw_and_check(captioner_and_discriminator):
    return widgets.draw_and_check(*captioner_and_discriminator, SHOWN)


def test_a_sentence_is_the_one_of_its_z_with_its_score_and_its_truth(by_z, captioner_and_discriminator):
    captioner, discriminator = captioner_and_discriminator
    page = Html(by_z.answer(2, "title", 0.7, 4))
    z = 0.7 * sample_noise(1, captioning.model.MAX_LENGTH["title"], 4)
    [text] = captioner.caption(pictures_of(1), "title", z=z.astype("float32"))
    shown = " ".join("".join(page.words).split())
    assert shown.startswith(text)
    assert f"Match: {discriminator.score(pictures_of(1), [text])[0]:.0%}" in shown
    assert language.evaluate(text, SHOWN[1]).why in shown
    assert "✗ not true" in shown
    assert np.array_equal(page.picture()[::4, ::4], pictures_of(1)[0])


def test_each_word_shows_how_much_it_adds_to_the_score(by_z, captioner_and_discriminator):
    captioner, discriminator = captioner_and_discriminator
    page = Html(by_z.answer(1, "title", 0.0, 0))
    [scores] = discriminator.token_scores(pictures_of(0), captioner.caption(pictures_of(0), "title"))
    marked = [attrs for attrs in page.all("span") if "title" in attrs]
    assert [float(attrs["title"]) for attrs in marked] == pytest.approx([score for _, score in scores], abs=0.006)
    for attrs, (_, score) in zip(marked, scores, strict=True):
        assert ("213, 94, 0" in attrs["style"]) == (score <= 0)
        assert ("wavy" in attrs["style"]) == (score < -0.5)


def test_words_are_marked_where_they_stand_and_only_text():
    caption = _Caption("Two <b> cats, small.", [("two", 1.0)] * 7 + [("<end>", -2.0)], 0.5, "")
    page = Html(_marked(caption))
    assert "".join(page.words) == "Two <b> cats, small. ■"
    assert not page.all("b")
    assert len([attrs for attrs in page.all("span") if "title" in attrs]) == 9


def test_keeping_the_picture_and_moving_z_generates_something_else(by_z):
    scene, seed = parts(by_z, (ipywidgets.IntSlider, ipywidgets.BoundedIntText))
    [noise], [length] = parts(by_z, ipywidgets.FloatSlider), parts(by_z, ipywidgets.Dropdown)
    [button], [result] = parts(by_z, ipywidgets.Button), parts(by_z, ipywidgets.HTML)
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
    assert result.value == shown[2]  # the most probable words, whatever z
    scene.value = 3
    assert result.value == by_z.answer(3, "title", 0.0, 3) != shown[2]
    assert scene.max == 3
    seed.value = seed.max
    button.click()
    assert seed.value == 0


def test_samples_whose_match_is_probable_pass_and_the_others_are_rejected(
    draw_and_check, captioner_and_discriminator, monkeypatch
):
    captioner, discriminator = captioner_and_discriminator
    texts = captioner.sample(pictures_of(2), 6, "title", seed=2)[0]
    scores = discriminator.score(pictures_of(2).repeat(6, axis=0), texts)
    monkeypatch.setattr(captioning.model, "PASSING", np.sort(scores)[4])
    page = Html(draw_and_check.answer(3, "title", 1.0, 2, 6))
    assert [words for words in page.words if words in texts] == texts
    assert [float(attrs["value"]) for attrs in page.all("meter")] == pytest.approx(list(scores), abs=2e-3)
    expected = ["passes" if number in scores.argsort()[4:] else "rejected" for number in range(6)]
    assert [words for words in page.words if words in ("passes", "rejected")] == expected
    assert "Of all 6, 0 are true; 2 pass, of which 0 are true." in page.words
    assert all(attrs["aria-label"] for attrs in page.all("meter"))
    assert [attrs["scope"] for attrs in page.all("th")] == ["col"] * 4


def test_the_samples_follow_every_control(draw_and_check):
    scene, seed, count = parts(draw_and_check, (ipywidgets.IntSlider, ipywidgets.BoundedIntText))
    [noise], [length] = parts(draw_and_check, ipywidgets.FloatSlider), parts(draw_and_check, ipywidgets.Dropdown)
    [button], [result] = parts(draw_and_check, ipywidgets.Button), parts(draw_and_check, ipywidgets.HTML)
    length.value, scene.value, count.value, noise.value = "title", 2, 3, 0.5
    button.click()
    assert result.value == draw_and_check.answer(2, "title", 0.5, 2, 3)
    assert len(Html(result.value).all("meter")) == 3
    assert seed.value == 2


def test_captions_are_a_still_picture_too_and_every_control_has_a_name(by_z, draw_and_check):
    for widget, words in ((by_z, "seven captions"), (draw_and_check, "five captions")):
        assert words in widget.still.alt
        assert pixels(widget.still).shape[1] > 600
        controls = parts(widget, (ipywidgets.IntSlider, ipywidgets.FloatSlider, ipywidgets.Dropdown, ipywidgets.Button))
        assert all(control.description for control in controls)
