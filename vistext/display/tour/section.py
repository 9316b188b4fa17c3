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
    """What one task finds in the picture. All texts are plain; the renderers escape them."""

    title: str  # the question that the task answers
    sentence: str  # the answer
    facts: dict[str, Any]  # the answer for JSON, under keys that no other section uses
    # Of the rows: a probability each; sentences in the second column, or in the first one too; for the terminal only.
    layout: Literal["bars", "sentences", "questions", "numbers"] = "numbers"
    columns: tuple[str, ...] = ()  # heads of the rows
    rows: tuple[tuple[str | float, ...], ...] = ()  # a float is a probability
    caption: str = ""  # what the rows are
    remarks: tuple[str, ...] = ()  # on these results
    note: str = ""  # on the network; only on the page, as are the figures
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
