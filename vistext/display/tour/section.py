"""What a task finds in a picture, as data: `terminal` and `page` render it, and its facts are its JSON."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np


@dataclass(frozen=True, eq=False)
class Figure:
    """A picture with what it shows."""

    picture: np.ndarray  # uint8 [h, w, 3]
    alt: str
    caption: str
    kind: str = ""  # "hero": the page's main picture; "pixels": its pixels are to be seen as squares


@dataclass(frozen=True, eq=False)
class Section:
    """What one task finds in the picture. All texts are plain; the renderers escape them.

    Attributes:
        title: the question that the task answers.
        sentence: the answer in one sentence.
        facts: the answer for machines: keys that no other section uses, values that JSON can hold.
        layout: of the rows: "bars" for a probability each, "sentences" or "questions" where the second column, or the
            first one too, holds sentences, "numbers" for what only the terminal shows.
        columns: heads of the rows.
        rows: each as many cells as there are columns; a float is a probability.
        caption: what the rows are.
        remarks: what is to be said of these results.
        note: what is to be known of the network; only on the page.
        figures: only on the page.
    """

    title: str
    sentence: str
    facts: dict[str, Any]
    layout: Literal["bars", "sentences", "questions", "numbers"] = "numbers"
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | float, ...], ...] = ()
    caption: str = ""
    remarks: tuple[str, ...] = ()
    note: str = ""
    figures: tuple[Figure, ...] = ()


def as_text(cell: str | float) -> str:
    """A cell of a row, as it is shown."""
    return cell if isinstance(cell, str) else percent(cell)


def percent(probability: float) -> str:
    """A probability in [0, 1] in whole per cent; never a certain 0 or 100, which no network can know."""
    whole = round(100 * probability)
    if whole >= 100:
        return "> 99 %"
    return "< 1 %" if whole < 1 else f"{whole} %"
