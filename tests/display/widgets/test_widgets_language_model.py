"""A language model at a temperature."""

import ipywidgets
import pytest
from parsed import Html, parts

from vistext.data.vocabulary import Vocabulary
from vistext.display import widgets
from vistext.nn.engine import keras
from vistext.tasks import language_model

WORDS = Vocabulary.build(["A cat is here.", "A dog sits <there>."])


@pytest.fixture(scope="module")
def network():
    """A language model that has learned nothing."""
    keras.utils.set_random_seed(0)
    return language_model.model.build(language_model.model.LanguageModelConfig(len(WORDS), embedding=4, units=4))


@pytest.fixture
def sampler(network):
    return widgets.sentence_sampler(network, WORDS, lambda text: "cat" in text)


def test_the_sampler_shows_the_likeliest_next_words_and_six_judged_sentences(sampler, network):
    html = sampler.answer(2.0, "A dog", 3)
    likely = language_model.model.next_word_probabilities(network, WORDS, "A dog", temperature=2.0)
    assert Html(html).meters() == pytest.approx(dict(list(likely.items())[:8]), abs=5e-4)
    drawn = language_model.model.sample(network, WORDS, 6, beginning="A dog", temperature=2.0, seed=3)
    listed = [words for words in Html(html).words if words[0] in "✓✗"]
    assert listed == [f"{'✓' if 'cat' in text else '✗'} {text}" for text in drawn]


def test_the_sampler_shows_marks_as_text_and_names_words_that_it_does_not_know(sampler):
    page = Html(sampler.answer(1.0, "A <b>zebra</b>", 0))
    assert not page.all("b")
    assert any("not in the vocabulary" in words and "zebra" in words for words in page.words)
    assert not any("not in the vocabulary" in words for words in Html(sampler.answer(1.0, "a cat", 0)).words)


def test_turning_the_temperature_typing_and_the_button_each_draw_anew(sampler):
    (slider,) = parts(sampler, ipywidgets.FloatSlider)
    (field,) = parts(sampler, ipywidgets.Text)
    (button,) = parts(sampler, ipywidgets.Button)
    (result,) = parts(sampler, ipywidgets.HTML)
    shown = [result.value]
    slider.value = 3.0
    shown.append(result.value)
    field.value = "A dog"
    shown.append(result.value)
    button.click()
    shown.append(result.value)
    assert len(set(shown)) == 4
    meters = [Html(html).meters() for html in shown]
    assert meters[3] == meters[2] != meters[1]
    assert "three temperatures" in sampler.still.alt
