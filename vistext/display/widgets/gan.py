"""Lesson 04's widgets: a film of a training, and a walk through the noise space of a generator."""

from collections.abc import Iterable, Sequence
from html import escape

import ipywidgets
import numpy as np

from vistext.display import plots
from vistext.display.widgets.base import Widget, as_html, follow
from vistext.tasks import gan

STRIP = 8  # frames in the still strip, spread evenly from the first to the last
FRAME = 320  # pixels: the side of a film, whose small dots should be seen


def training_film(frames: Sequence[np.ndarray], titles: Sequence[str], *, alt: str) -> Widget:
    """Pictures one after the other, to be played or moved through by hand.

    Args:
        frames: each uint8 [h, w, 3], at least 1.
        titles: a short text for each.
        alt: what is seen, in words.

    Returns:
        A widget whose `answer` takes the number of a frame, from 0, and gives HTML.
    """

    def answer(number: int) -> str:
        return f"{as_html(frames[number], f'{alt}: {titles[number]}', FRAME)}<p>{escape(titles[number])}</p>"

    last = len(frames) - 1
    play = ipywidgets.Play(value=0, min=0, max=last, interval=250)
    slider = ipywidgets.IntSlider(0, 0, last, description="Frame")
    ipywidgets.jslink((play, "value"), (slider, "value"))
    chosen = np.unique(np.linspace(0, last, min(STRIP, len(frames))).round().astype(int))
    still = plots.grid(
        [frames[number] for number in chosen], [titles[number] for number in chosen], alt=alt, columns=4, inches=1.6
    )
    return Widget(ipywidgets.VBox([ipywidgets.HBox([play, slider]), follow(answer, slider)]), still, answer)


def walk_through_z(generator, kinds: Sequence[str]) -> Widget:
    """A kind to ask for, two places in the space of z, and a slider from one to the other.

    Args:
        generator: as `gan.model.load` gives it.
        kinds: the names of what it can be asked for.

    Returns:
        A widget whose `answer` takes a kind, two numbers that each stand for a z, and how far to go from one to the
        other, 0 to 1, and gives HTML.
    """
    size = generator.inputs[0].shape[-1]

    def strip(kind: str, start: int, end: int, shares: Iterable[float]) -> np.ndarray:
        first, last = (gan.model.sample_noise(1, size, seed)[0] for seed in (start, end))
        noise = gan.model.interpolate(first, last, 101)[[round(100 * share) for share in shares]]
        return gan.model.generate(generator, np.full(len(noise), kinds.index(kind)), noise=noise)

    def answer(kind: str, start: int, end: int, share: float) -> str:
        return as_html(strip(kind, start, end, [share])[0], f"a generated {kind}, {share:.0%} of the way")

    kind = ipywidgets.Dropdown(options=list(kinds), value=kinds[0], description="Kind")
    start = ipywidgets.BoundedIntText(1, min=0, max=9999, description="From z")
    end = ipywidgets.BoundedIntText(2, min=0, max=9999, description="To z")
    share = ipywidgets.FloatSlider(0, min=0, max=1, step=0.01, description="On the way")
    result = follow(answer, kind, start, end, share)
    shown = kinds[:: -(-len(kinds) // 4)]
    still = plots.grid(
        [picture for name in shown for picture in strip(name, 1, 2, np.linspace(0, 1, 9))],
        alt=f"Rows of nine generated pictures, each row a walk from one z to another: {', '.join(shown)}",
        columns=9,
        inches=0.8,
    )
    return Widget(ipywidgets.HBox([ipywidgets.VBox([kind, start, end, share]), result]), still, answer)
