"""Lesson 08's widget: type a sentence, see the pictures that fit it best."""

from collections.abc import Sequence

import ipywidgets
import numpy as np

from vistext import scenes
from vistext.display import plots
from vistext.display.widgets.base import Widget, alert, beside, figure, follow, label, text_field, wide_buttons, wrapped
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


def search(dual_encoder: DualEncoder, offered: Sequence[Scene]) -> Widget:
    """A field for a sentence, and the pictures that fit it best, each with whether the sentence is true of it.

    Args:
        dual_encoder: as `fusion.model.load` gives it.
        offered: scenes that are searched, 1 or more.

    Returns:
        A widget whose `answer` takes a sentence and gives HTML: the pictures, each with how well it fits; for what
        cannot be read, a line that says why.

    Raises:
        ValueError: no scenes are given.
    """
    if not offered:
        raise ValueError("there is nothing to search; give 1 scene or more")
    pictures = scenes.draw_many(list(offered)).pictures
    vectors = dual_encoder.encode_images(pictures)

    def found(sentence: str) -> list[tuple[np.ndarray, str, str]]:
        """The pictures that fit best, each with how well it fits, and with whether the sentence is true of it."""
        fit = (dual_encoder.encode_texts([sentence]) @ vectors.T)[0]
        return [
            (pictures[number], f"fits {fit[number]:.2f}", MARKS[language.evaluate(sentence, offered[number]).answer])
            for number in np.argsort(-fit, kind="stable")[:FOUND]
        ]

    def answer(sentence: str) -> str:
        try:
            best = found(sentence)
        except TextError as error:
            return alert(error)
        figures = (
            figure(picture, f"found as number {place}", f"{fits}<br>{true}", SIDE)
            for place, (picture, fits, true) in enumerate(best, start=1)
        )
        return beside(*figures, gap="1em")

    buttons = wide_buttons(len(EXAMPLES))
    label(buttons, EXAMPLES)
    field = text_field(EXAMPLES[0], EXAMPLES[0], "Find", buttons)
    best = found(EXAMPLES[0])
    still = plots.grid(
        [picture for picture, *_ in best],
        [f"{fits}\n{true}" for _, fits, true in best],
        alt=f"The {len(best)} pictures that fit “{EXAMPLES[0]}” best, the best first",
        columns=FOUND,
        inches=1.5,
    )
    return Widget(ipywidgets.VBox([field, wrapped(buttons), follow(answer, field)]), still, answer)
