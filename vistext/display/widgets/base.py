"""What interactive parts are made of."""

import io
import itertools
from collections.abc import Callable, Iterable, Sequence
from html import escape

import ipywidgets
import numpy as np
from PIL import Image

from vistext import scenes
from vistext.display import overlays, plots
from vistext.scenes import Scene

WIDGET = "application/vnd.jupyter.widget-view+json"
ENLARGED = 256  # pixels: the side at which a small picture is shown
MOST_SCENES = 50
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

    `answer` is the function behind it, from what the user does to what is shown; it can be called without a browser.
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
    buffer = io.BytesIO()
    Image.fromarray(overlays.enlarge(picture, side)).save(buffer, "PNG")
    return plots.Picture(buffer.getvalue(), alt)._repr_html_()


def beside(*parts: str, gap: str = "2em") -> str:
    """Parts of a page side by side, or one below the other where there is less room."""
    style = f"display: flex; gap: {gap}; flex-wrap: wrap; align-items: flex-start"
    return f'<div style="{style}">{"".join(parts)}</div>'


def figure(picture: np.ndarray, alt: str, caption: str, side: int) -> str:
    """A picture as HTML with its caption, which is HTML."""
    html = f"{as_html(picture, alt, side)}<figcaption>{caption}</figcaption>"
    return f'<figure style="margin: 0; text-align: center">{html}</figure>'


def follow(answer: Callable[..., str], *controls: ipywidgets.Widget) -> ipywidgets.HTML:
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


def ticked(text: str, why_not: str) -> str:
    return f"{'✗' if why_not else '✓'} {text}"


def meter(share: float, name: str) -> str:
    """A bar, which a screen reader calls by its name, and the share in per cent."""
    return f'<meter value="{share:.3f}" aria-label="{escape(name)}"></meter> {share:.0%}'


def meters(shares: Iterable[tuple[str, float]]) -> str:
    """A table of bars by their names."""
    rows = "".join(
        f'<tr><td style="text-align: right; padding-right: 1em">{escape(name)}</td><td>{meter(share, name)}</td></tr>'
        for name, share in shares
    )
    return f"<table>{rows}</table>"


def alert(text: object) -> str:
    """A line that a screen reader reads out at once."""
    return f'<p role="status" style="overflow-wrap: anywhere">{escape(str(text))}</p>'


def wide_buttons(count: int) -> list[ipywidgets.Button]:
    """Buttons as wide as their texts."""
    return [ipywidgets.Button(layout=ipywidgets.Layout(width="auto")) for _ in range(count)]


def wrapped(parts: Sequence[ipywidgets.Widget]) -> ipywidgets.HBox:
    """Parts in a row, or in several where there is less room."""
    return ipywidgets.HBox(parts, layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="0 2em"))


def label(buttons: Sequence[ipywidgets.Button], texts: Sequence[str]) -> None:
    """Write texts on buttons, and hide those that are left over."""
    for button, text in itertools.zip_longest(buttons, texts):
        button.description = text or ""
        button.layout.display = None if text else "none"


def text_field(value: str, example: str, name: str, buttons: Sequence[ipywidgets.Button]) -> ipywidgets.Text:
    """A field that is read when Enter is pressed, and takes the text of a button that is clicked."""
    field = ipywidgets.Text(
        value=value,
        placeholder=f"Type, then press Enter: {example}",
        description=name,
        continuous_update=False,
        style=IN_LINE,
        layout=ipywidgets.Layout(width="36em", max_width="100%"),
    )
    for button in buttons:
        button.on_click(lambda clicked: setattr(field, "value", clicked.description))
    return field


class Stage:
    """Scenes to choose from, counted from 1; the first fifty are offered."""

    def __init__(self, offered: Sequence[Scene]):
        self.scenes = offered[:MOST_SCENES]
        self.pictures = scenes.draw_many(self.scenes).pictures

    def beside(self, scene: int, html: str, width: str = "24em") -> str:
        """A scene's picture with HTML beside it, or below it where there is less room than its width."""
        return beside(self.as_html(scene), f'<div style="flex: 1 1 {width}">{html}</div>')

    def as_html(self, scene: int) -> str:
        return as_html(self.pictures[scene - 1], f"drawn scene {scene}")

    def slider(self) -> ipywidgets.IntSlider:
        layout = ipywidgets.Layout(width="24em")
        return ipywidgets.IntSlider(
            value=1, min=1, max=len(self.scenes), description="Scene", style=IN_LINE, layout=layout
        )
