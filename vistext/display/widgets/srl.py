"""Lesson 07's widget: click an object in a scene, and see its frame."""

from collections.abc import Sequence
from html import escape

import ipywidgets
import numpy as np

from vistext.display import overlays, plots
from vistext.display.widgets.base import Stage, Widget, as_html, beside, label, ticked, verdict, wide_buttons
from vistext.scenes import Scene, language
from vistext.scenes.ontology import MAX_OBJECTS
from vistext.tasks.srl.model import PredictedFrame, SrlModel


def click_an_object(model: SrlModel, offered: Sequence[Scene]) -> Widget:
    """A scene, a button for each object that the network finds, and the frame of the one that is clicked.

    Args:
        model: as `srl.model.load` gives it.
        offered: scenes to choose from, 1 or more; the first fifty are offered.

    Returns:
        A widget whose `answer` takes a scene's number and an object's, both from 1, the most prominent object first,
        and gives HTML: its box, verb and roles, the frame as a sentence, and whether that is true.
    """
    stage = Stage(offered)
    found = model.frames(stage.pictures)

    def sentence(scene: int, frame: PredictedFrame) -> tuple[str, str]:
        """A frame as a sentence, and why that is not true; empty when it is."""
        text = language.render_frame(frame.verb, frame.roles)
        return text, language.evaluate(text, stage.scenes[scene - 1]).why

    def answer(scene: int, obj: int) -> str:
        frame = found[scene - 1][obj - 1]
        text, why_not = sentence(scene, frame)
        rows = "".join(
            f'<tr><th scope="row" style="text-align: left">{escape(role)}</th>'
            f'<td style="text-align: left">{escape(value)}</td></tr>'
            for role, value in (("verb", frame.verb), *frame.roles)
        )
        alt = f"drawn scene {scene}, with a box around the {frame.obj}"
        return beside(
            as_html(overlays.draw_frames(stage.pictures[scene - 1], [frame]), alt, overlays.ENLARGED),
            f'<div role="status"><table>{rows}</table>'
            f'<p style="font-size: 1.3em">{escape(text)}</p><p>{escape(verdict(why_not))}</p>'
            f"<p>Probability: {frame.probability:.0%}</p></div>",
        )

    scene, buttons, result = stage.slider(), wide_buttons(MAX_OBJECTS), ipywidgets.HTML()

    def show(obj: int) -> None:
        result.value = answer(scene.value, obj)
        for number, button in enumerate(buttons, start=1):
            button.button_style = "info" if number == obj else ""

    def offer(_=None) -> None:
        label(buttons, [f"{number}: {frame.obj}" for number, frame in enumerate(found[scene.value - 1], start=1)])
        show(1)

    for number, button in enumerate(buttons, start=1):
        button.on_click(lambda _, number=number: show(number))
    scene.observe(offer, names="value")
    offer()
    fullest = 1 + int(np.argmax([len(frames) for frames in found]))
    frames = found[fullest - 1]
    still = plots.captions_table(
        overlays.draw_frames(stage.pictures[fullest - 1], frames),
        [
            (
                f"{frame.verb}\n" + "\n".join(f"{role}: {value}" for role, value in frame.roles),
                ticked(*sentence(fullest, frame)),
            )
            for frame in frames
        ],
        alt="One drawn scene with a box for each frame that is found; beside it the verb and the roles of each, and "
        "the same as a sentence with a tick if it is true",
    )
    return Widget(ipywidgets.VBox([scene, ipywidgets.HBox(buttons), result]), still, answer)
