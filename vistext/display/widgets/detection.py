"""Lesson 02's widget: a detector at two thresholds."""

import ipywidgets
import numpy as np

from vistext import metrics
from vistext.display import overlays, plots
from vistext.display.widgets.base import MOST_SCENES, Widget, as_html, follow
from vistext.scenes import Drawings
from vistext.tasks import detection


def thresholds(model, drawings: Drawings) -> Widget:
    """Two thresholds to move, and what a detector shows at them.

    Args:
        model: a detector, as `detection.model.load` gives it.
        drawings: scenes to choose from; the first fifty are offered.

    Returns:
        A widget whose `answer` takes the number of a scene, from 1, and the two thresholds, 0 to 1, and gives HTML: the
        picture with its boxes, and how many objects were missed, and how many detections are false.
    """

    def detect(scene: int, score: float, overlap: float) -> tuple[np.ndarray, str]:
        drawing = drawings[scene - 1]
        [found] = detection.model.detect(model, drawing.picture[np.newaxis], score=score, overlap=overlap)
        missed, false_positives = metrics.count_errors(found, drawing.boxes, drawing.kinds)
        notes = [f"{value:.2f}" for value in found.scores]
        errors = f"{len(drawing.boxes)} drawn, {missed} missed, {false_positives} false positives"
        return overlays.draw_boxes(drawing.picture, found.boxes, found.kinds, notes), errors

    def answer(scene: int, score: float, overlap: float) -> str:
        picture, errors = detect(scene, score, overlap)
        return f"{as_html(picture, f'the scene with the boxes at these thresholds: {errors}')}<p>{errors}</p>"

    wide = {"style": {"description_width": "9em"}, "layout": ipywidgets.Layout(width="28em")}
    fullest = 1 + int((drawings.kinds[:MOST_SCENES] >= 0).sum(axis=1).argmax())
    scene = ipywidgets.IntSlider(value=fullest, min=1, max=min(MOST_SCENES, len(drawings)), description="Scene", **wide)
    score, overlap = (
        ipywidgets.FloatSlider(value=value, min=0, max=1, step=0.01, description=name, **wide)
        for name, value in (("Score from", detection.model.SCORE), ("Overlap up to", detection.model.OVERLAP))
    )
    result = follow(answer, scene, score, overlap)
    settings = {
        "low scores too": (0.1, 1.0),
        "the same, after suppression": (0.1, detection.model.OVERLAP),
        "as it is used": (detection.model.SCORE, detection.model.OVERLAP),
        "only high scores": (0.9, detection.model.OVERLAP),
    }
    still = plots.grid(
        [detect(fullest, *values)[0] for values in settings.values()],
        [f"{name}\nscore {low:.2f}, overlap {high:.2f}" for name, (low, high) in settings.items()],
        alt="One scene at four settings of the two thresholds: many boxes, fewer of them, those that are used, and "
        "those of which the network is very sure",
        columns=4,
        inches=1.9,
    )
    return Widget(ipywidgets.VBox([ipywidgets.VBox([scene, score, overlap]), result]), still, answer)
