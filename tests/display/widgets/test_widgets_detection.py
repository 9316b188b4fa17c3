"""A detector at two thresholds."""

import ipywidgets
import numpy as np
import pytest
from parsed import Html, parts

from vistext import scenes
from vistext.display import widgets
from vistext.tasks import detection


@pytest.fixture(scope="module")
def drawings():
    return scenes.draw_many(scenes.sample(3, 5, "test"))


@pytest.fixture
def searched(monkeypatch, drawings):
    """Thresholds over a detector whose cells all tell of one true box of the first object, with scores from 0 to 1."""
    scores = np.zeros((1, 256, 10), "float32")

    def candidates(model, pictures):
        number = next(i for i in range(3) if np.array_equal(drawings.pictures[i], pictures[0]))
        boxes = np.tile(drawings.boxes[number][0].astype("float32"), (1, 256, 1))
        scores[..., drawings.kinds[number][0]] = np.linspace(0, 0.99, 256)
        return boxes, scores

    monkeypatch.setattr(detection.model, "candidates", candidates)
    return widgets.thresholds(None, drawings)


def test_moving_a_threshold_changes_what_is_shown(searched, drawings):
    scene, score, overlap = parts(searched, (ipywidgets.IntSlider, ipywidgets.FloatSlider))
    (result,) = parts(searched, ipywidgets.HTML)
    assert len(drawings[scene.value - 1].boxes) == max(len(drawings[number].boxes) for number in range(3))
    scene.value = 1
    others = len(drawings[0].boxes) - 1
    assert scene.max == 3
    assert Html(result.value).text == f"{others + 1} drawn, {others} missed, 0 false positives"
    score.value = 1.0
    assert Html(result.value).text == f"{others + 1} drawn, {others + 1} missed, 0 false positives"
    score.value, overlap.value = 0.99, 1.0
    assert Html(result.value).text == f"{others + 1} drawn, {others} missed, 0 false positives"
    score.value = 0.5
    assert "0 shown" not in Html(result.value).text
    scene.value = 3
    assert Html(result.value).text.startswith(f"{len(drawings[2].boxes)} drawn")


def test_the_picture_has_the_boxes_and_a_description_that_says_what_is_told(searched, drawings):
    page = Html(searched.answer(1, 0.4, 0.6))
    assert page.picture().shape == (384, 384, 3)
    assert "missed" in page.all("img")[0]["alt"]
    assert not np.array_equal(page.picture(), np.repeat(np.repeat(drawings.pictures[0], 6, axis=0), 6, axis=1))
