"""What interactive parts are made of."""

import io
import itertools
from collections.abc import Callable, Sequence
from html import escape

import ipywidgets
import numpy as np
from PIL import Image

from vistext import scenes
from vistext.display import plots
from vistext.scenes import Scene

WIDGET = "application/vnd.jupyter.widget-view+json"
ENLARGED = 256  # pixels: the side at which a small picture is shown
IN_LINE = {"description_width": "6em"}  # so that controls stand in line

# ipywidgets writes a slider's name beside it, but not on its handle, and none at all on the buttons of `Play`: a screen
# reader would say "slider, 3". No trait reaches those parts, but HTML does once it stands in the page: this names what
# is there, and what comes, such as a picture with its slider that is shown in a second place.
NAMES = """\
<style onload="(box => {
    const say = (parts, name) => parts.forEach(part => part.setAttribute('aria-label', name));
    const names = () => {
        for (const slider of box.querySelectorAll('.widget-slider')) {
            const name = slider.querySelector('label').textContent;
            say(slider.querySelectorAll('.noUi-handle'), name);
            say(slider.querySelectorAll('.widget-readout'), name);
            slider.querySelectorAll('.widget-readout').forEach(part => part.setAttribute('role', 'textbox'));
        }
        for (const play of box.querySelectorAll('.widget-play')) {
            const buttons = [...play.querySelectorAll('button')];
            ['Play or pause', 'Stop', 'Repeat'].forEach((name, place) => say(buttons.slice(place, place + 1), name));
        }
    };
    names();
    new MutationObserver(names).observe(box, {childList: true, subtree: true});
})(this.closest('.widget-box'))"></style>"""


class Widget:
    """A widget together with the picture that stands for it where no kernel runs.

    Args:
        widget: what is played with.
        still: what it shows at first.
        answer: the function behind it, from what the user does to what is shown; it can be called without a browser.

    Attributes:
        shown: `widget` together with what gives a name to those of its controls that ipywidgets leaves without one.
    """

    def __init__(self, widget: ipywidgets.Widget, still: plots.Picture, answer: Callable):
        self.widget = widget
        self.still = still
        self.answer = answer
        self.shown = ipywidgets.VBox([widget, ipywidgets.HTML(NAMES, layout=ipywidgets.Layout(display="none"))])

    def __repr__(self) -> str:
        return repr(self.still)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.shown.model_id}
        return {WIDGET: view, "text/html": self.still._repr_html_(), "text/plain": repr(self.still)}


def as_html(picture: np.ndarray, alt: str, side: int = ENLARGED) -> str:
    """A picture as HTML, enlarged crisply up to `side`; ipywidgets' own `Image` has no place for alt text."""
    image = Image.fromarray(picture)
    factor = max(1, side // max(image.size))
    buffer = io.BytesIO()
    image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST).save(buffer, "PNG")
    return plots.Picture(buffer.getvalue(), alt)._repr_html_()


def followed(answer: Callable[..., str], *controls: ipywidgets.Widget) -> ipywidgets.HTML:
    """What `answer` makes of the values of controls, now and after each change."""
    result = ipywidgets.HTML()

    def redraw(_=None) -> None:
        result.value = answer(*(control.value for control in controls))

    for control in controls:
        control.observe(redraw, names="value")
    redraw()
    return result


def uploaded(value) -> bytes | None:
    """The bytes of the last file uploaded; ipywidgets 8 gives a tuple of files, ipywidgets 7 (on Colab) a dict."""
    files = list(value.values()) if isinstance(value, dict) else list(value)
    return bytes(files[-1]["content"]) if files else None


def verdict(why_not: str) -> str:
    return f"✗ not true: {why_not}" if why_not else "✓ true"


def scored(score: float, name: str = "the judge's score") -> str:
    return f'<meter value="{score:.3f}" aria-label="{escape(name)}"></meter> {score:.0%}'


def label(buttons: Sequence[ipywidgets.Button], texts: Sequence[str]) -> None:
    """Write texts on buttons, and hide those that are left over."""
    for button, text in itertools.zip_longest(buttons, texts):
        button.description = text or ""
        button.layout.display = None if text else "none"


class Stage:
    """Scenes to choose from, of which something is said or asked; the first fifty are offered."""

    def __init__(self, shown: Sequence[Scene]):
        self.scenes = shown[:50]
        self.pictures = scenes.draw_many(self.scenes).pictures

    def shown(self, scene: int) -> str:
        """A scene's picture as HTML; they are counted from 1."""
        return as_html(self.pictures[scene - 1], f"drawn scene {scene}")

    def beside(self, scene: int, html: str, width: str = "24em") -> str:
        """The same with other HTML beside it, or below it where there is less room than its width."""
        return (
            f'<div style="display: flex; gap: 2em; flex-wrap: wrap; align-items: flex-start">{self.shown(scene)}'
            f'<div style="flex: 1 1 {width}">{html}</div></div>'
        )

    def slider(self) -> ipywidgets.IntSlider:
        """Which scene."""
        layout = ipywidgets.Layout(width="24em")
        return ipywidgets.IntSlider(
            value=1, min=1, max=len(self.scenes), description="Scene", style=IN_LINE, layout=layout
        )
