"""Lesson 07's: click an object in a scene, and see its frame."""

import io
from collections.abc import Sequence
from html import escape

import ipywidgets
import numpy as np
from PIL import Image

from vistext.display import overlays, plots
from vistext.display.widgets.base import Widget
from vistext.scenes import Scene, draw_many, language
from vistext.scenes.ontology import MAX_OBJECTS
from vistext.tasks.srl.model import PredictedFrame, SrlModel

MOST_SCENES = 50


def click_an_object(model: SrlModel, shown: Sequence[Scene]) -> Widget:
    """A scene, a button for each object that the network finds, and the frame of the one that is clicked.

    Args:
        model: as `models.roles.load` gives it.
        shown: scenes to choose from, 1 or more; the first fifty are offered.

    Returns:
        A slider for the scene, the buttons, and what is shown. Its `answer` takes a scene's number, from 1, and a
        object's, from 1, the most prominent first, and gives HTML: the picture with a box around that object, its verb
        and roles, the frame as a sentence, and whether that is true.
    """
    seen = list(shown[:MOST_SCENES])
    pictures = draw_many(seen).pictures
    found = model.frames(pictures)

    def boxed(scene: int, frames: Sequence[PredictedFrame]) -> np.ndarray:
        picture = pictures[scene - 1]
        edges = np.array([frame.edges(len(picture)) for frame in frames])
        return overlays.draw_boxes(picture, edges, [frame.kind for frame in frames], [frame.verb for frame in frames])

    def said(scene: int, frame: PredictedFrame) -> tuple[str, str]:
        """A frame as a sentence, and why that is not true; empty when it is."""
        text = language.render_frame(frame.verb, frame.roles)
        return text, language.evaluate(text, seen[scene - 1]).why

    def answer(scene: int, obj: int) -> str:
        frame = found[scene - 1][obj - 1]
        text, why_not = said(scene, frame)
        rows = "".join(
            f'<tr><th scope="row" style="text-align: left">{escape(role)}</th>'
            f'<td style="text-align: left">{escape(value)}</td></tr>'
            for role, value in (("verb", frame.verb), *frame.roles)
        )
        verdict = f"✗ not true: {why_not}" if why_not else "✓ true"
        picture = _as_picture(boxed(scene, [frame]), f"drawn scene {scene}, with a box around the {frame.obj}")
        return (
            '<div style="display: flex; gap: 2em; flex-wrap: wrap; align-items: flex-start">'
            f'{picture._repr_html_()}<div role="status"><table>{rows}</table>'
            f'<p style="font-size: 1.3em">{escape(text)}</p><p>{escape(verdict)}</p>'
            f"<p>How sure the network is: {frame.probability:.0%}</p></div></div>"
        )

    scene = ipywidgets.IntSlider(value=1, min=1, max=len(seen), description="Scene")
    buttons = [ipywidgets.Button(layout=ipywidgets.Layout(width="auto")) for _ in range(MAX_OBJECTS)]
    result = ipywidgets.HTML()

    def show(obj: int) -> None:
        result.value = answer(scene.value, obj)
        for number, button in enumerate(buttons, start=1):
            button.button_style = "info" if number == obj else ""

    def offer(_=None) -> None:
        frames = found[scene.value - 1]
        for number, button in enumerate(buttons):
            there = number < len(frames)
            button.description = f"{number + 1}: {frames[number].obj}" if there else ""
            button.layout.display = None if there else "none"
        show(1)

    for number, button in enumerate(buttons, start=1):
        button.on_click(lambda _, number=number: show(number))
    scene.observe(offer, names="value")
    offer()
    widget = ipywidgets.VBox([scene, ipywidgets.HBox(buttons), result])
    fullest = 1 + int(np.argmax([len(frames) for frames in found]))
    frames = found[fullest - 1]
    still = plots.captions_table(
        boxed(fullest, frames),
        [
            (
                f"{frame.verb}\n" + "\n".join(f"{role}: {value}" for role, value in frame.roles),
                f"{'✗' if said(fullest, frame)[1] else '✓'} {said(fullest, frame)[0]}",
            )
            for frame in frames
        ],
        alt="One drawn scene with a box for each frame that is found; beside it the verb and the roles of each, and "
        "the same as a sentence with a tick if it is true",
    )
    return Widget(widget, still, answer)


def _as_picture(pixels: np.ndarray, alt: str) -> plots.Picture:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return plots.Picture(buffer.getvalue(), alt)
