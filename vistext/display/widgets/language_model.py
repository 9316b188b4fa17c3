"""Lesson 03's widget: a language model at a temperature."""

import itertools
from collections.abc import Callable
from html import escape

import ipywidgets

from vistext.data.vocabulary import Vocabulary
from vistext.display import plots
from vistext.display.widgets.base import Widget, beside, meters
from vistext.tasks.language_model.model import next_word_probabilities, sample

TEMPERATURES = (0.5, 1.0, 2.0)  # of the still picture


def sentence_sampler(
    model, vocabulary: Vocabulary, is_grammatical: Callable[[str], bool], beginning: str = "A cat is"
) -> Widget:
    """A temperature to turn, the words that may come next, and sentences drawn at that temperature.

    Args:
        model: a language model that reads forwards.
        vocabulary: its words.
        is_grammatical: whether a sentence is one.
        beginning: the first words, until others are typed.

    Returns:
        A widget whose `answer` takes a temperature above 0, the first words and a seed, and gives HTML: the most
        probable next words, and six sentences, each with a tick or a cross.
    """

    def answer(temperature: float, begun: str, seed: int) -> str:
        probable = next_word_probabilities(model, vocabulary, begun, temperature=temperature)
        drawn = sample(model, vocabulary, 6, beginning=begun, temperature=temperature, seed=seed)
        lines = "".join(f"<li>{'✓' if is_grammatical(text) else '✗'} {escape(text)}</li>" for text in drawn)
        unknown = ", ".join(vocabulary.unknown(begun))
        note = f"<p>not in the vocabulary: {escape(unknown)}</p>" if unknown else ""
        return note + beside(meters(list(probable.items())[:8]), f'<ul style="list-style: none">{lines}</ul>')

    wide = {"style": {"description_width": "7em"}, "layout": ipywidgets.Layout(width="26em")}
    slider = ipywidgets.FloatSlider(
        value=1.0, min=0.1, max=3.0, step=0.1, description="Temperature", continuous_update=False, **wide
    )
    field = ipywidgets.Text(value=beginning, description="Begins", continuous_update=False, **wide)
    button = ipywidgets.Button(description="Six others")
    result = ipywidgets.HTML()
    seeds = itertools.count()

    def redraw(_=None) -> None:
        result.value = answer(slider.value, field.value, next(seeds))

    for control in (slider, field):
        control.observe(redraw, names="value")
    button.on_click(redraw)
    redraw()
    probabilities = {
        f"temperature {temperature:g}": next_word_probabilities(model, vocabulary, beginning, temperature=temperature)
        for temperature in TEMPERATURES
    }
    still = plots.bars(
        probabilities,
        alt=f'Bars: the probability of each word after "{beginning}", at three temperatures; the higher it is, the '
        "more alike the bars are",
        limits=(0, max(max(ranked.values()) for ranked in probabilities.values())),
    )
    controls = ipywidgets.HBox([slider, field, button], layout=ipywidgets.Layout(flex_flow="row wrap"))
    return Widget(ipywidgets.VBox([controls, result]), still, answer)
