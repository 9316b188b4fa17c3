"""Lesson 08's: type a sentence, see the pictures that fit it best."""

from collections.abc import Sequence
from html import escape

import ipywidgets
import numpy as np

from vistext import scenes
from vistext.display import plots
from vistext.display.widgets.base import Widget, as_html
from vistext.scenes import Scene, language
from vistext.tasks.fusion.model import DualEncoder
from vistext.tasks.vqa.model import TextError

FOUND = 6  # pictures that are shown
SIDE = 128  # pixels of each
EXAMPLES = (
    "A cat is sleeping on the mat.",
    "A red ship is sailing on the water.",
    "Two birds are flying in the sky.",
    "A dog is to the left of a cat.",
    "It is night.",
)
MARKS = {"true": "✓ so it is", "false": "✗ not so", "not understood": "?"}


def search(matcher: DualEncoder, seen: Sequence[Scene]) -> Widget:
    """A field for a sentence, and the pictures that fit it best, each with whether the sentence is true of it.

    Args:
        matcher: as `models.fusion.load` gives it.
        seen: scenes that are searched, 1 or more.

    Returns:
        The field, some sentences to click, and what is found. Its `answer` takes a sentence and gives HTML: the
        pictures in a row, or in several where there is less room, each with how well it fits; for what cannot be read,
        a line that says why.

    Raises:
        ValueError: no scenes are given.
    """
    if not seen:
        raise ValueError("there is nothing to search; give 1 scene or more")
    pictures = scenes.draw_many(list(seen)).pictures
    vectors = matcher.encode_images(pictures)

    def found(sentence: str) -> list[tuple[np.ndarray, str, str]]:
        """The pictures that fit best, each with how well it fits, and with whether the sentence is true of it."""
        fit = (matcher.encode_texts([sentence]) @ vectors.T)[0]
        return [
            (pictures[number], f"fits {fit[number]:.2f}", MARKS[language.evaluate(sentence, seen[number]).answer])
            for number in np.argsort(-fit, kind="stable")[:FOUND]
        ]

    def answer(sentence: str) -> str:
        try:
            best = found(sentence)
        except TextError as error:
            return f'<p role="status" style="overflow-wrap: anywhere">{escape(str(error))}</p>'
        each = "".join(
            f'<figure style="margin: 0; text-align: center">{as_html(picture, f"found as number {place}", SIDE)}'
            f"<figcaption>{fits}<br>{true}</figcaption></figure>"
            for place, (picture, fits, true) in enumerate(best, start=1)
        )
        return f'<div style="display: flex; gap: 1em; flex-wrap: wrap">{each}</div>'

    field = ipywidgets.Text(
        value=EXAMPLES[0],
        placeholder="Type a sentence, then press Enter: A cat is sleeping on the mat.",
        description="Find",
        continuous_update=False,
        layout=ipywidgets.Layout(width="36em", max_width="100%"),
    )
    buttons = [ipywidgets.Button(description=text, layout=ipywidgets.Layout(width="auto")) for text in EXAMPLES]
    for button in buttons:
        button.on_click(lambda clicked: setattr(field, "value", clicked.description))
    result = ipywidgets.HTML(answer(field.value))
    field.observe(lambda change: setattr(result, "value", answer(change["new"])), names="value")
    suggestions = ipywidgets.HBox(buttons, layout=ipywidgets.Layout(flex_flow="row wrap"))
    best = found(EXAMPLES[0])
    still = plots.grid(
        [picture for picture, *_ in best],
        [f"{fits}\n{true}" for _, fits, true in best],
        alt=f"The {len(best)} pictures that fit “{EXAMPLES[0]}” best, the best first",
        columns=FOUND,
        inches=1.5,
    )
    return Widget(ipywidgets.VBox([field, suggestions, result]), still, answer)
