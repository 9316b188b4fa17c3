"""The segmenter, and its shipped weights."""

import numpy as np
import pytest

from vistext import metrics, scenes
from vistext.nn.engine import keras
from vistext.tasks import detection
from vistext.tasks.detection.segmenter import CLASSES, DepthToSpace, SegmenterConfig

SMALL = SegmenterConfig(widths=(4, 8, 8, 8), depth=1, head=0)
DRAWN = scenes.draw_many(scenes.sample(8, 3, "val"))


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(0)
    return detection.segmenter.build(SMALL)


def test_every_pixel_is_answered_with_its_most_likely_class(small):
    logits = np.asarray(small(DRAWN.pictures))
    assert (logits.shape, logits.dtype) == ((8, 64, 64, CLASSES), np.float32)
    said = detection.segmenter.segment(small, DRAWN.pictures)
    assert said.dtype == np.uint8
    assert np.array_equal(said, logits.argmax(axis=-1))
    assert len(np.unique(said)) > 1


def test_depth_becomes_space_as_numpy_would_have_it():
    x = np.arange(2 * 3 * 5 * 12, dtype="float32").reshape(2, 3, 5, 12)
    expected = x.reshape(2, 3, 5, 2, 2, 3).transpose(0, 1, 3, 2, 4, 5).reshape(2, 6, 10, 3)
    assert np.array_equal(DepthToSpace()(x), expected)


def test_answers_are_scaled_to_the_pixels_that_they_are_of():
    """A network that says 3 of what is red: a picture twice as wide as high, red at the right, is answered so."""

    class Red:
        def __call__(self, pictures, training):
            red = (pictures[..., 0] > 200) & (pictures[..., 1] < 50)
            return np.eye(CLASSES)[np.where(red, 3, 0)]

    picture = np.full((1, 100, 200, 3), 255, np.uint8)
    picture[:, :, 120:, 1:] = 0
    said = detection.segmenter.segment(Red(), picture)
    assert (said[0, :, :118] == 0).all()
    assert (said[0, :, 122:] == 3).all()


def test_the_config_sets_the_sizes():
    model = detection.segmenter.build(SegmenterConfig(widths=(4, 6, 10)))
    assert model.get_layer("down2_1_conv").kernel.shape == (3, 3, 10, 10)
    assert model.get_layer("up0_conv").kernel.shape == (3, 3, 4, 4)
    assert model.output_shape == (None, None, None, CLASSES)


@pytest.fixture(scope="module")
def shipped():
    return detection.segmenter.load()


def test_the_card_tells_the_truth(shipped):
    """Scenes of the test split that its figures are not of are seen about as well as the card says."""
    measured = detection.segmenter.card()["measured"]["test"]["mean_iou"]
    assert measured >= 0.90
    drawings = scenes.draw_many(scenes.sample(300, 77, "test"))
    said = detection.segmenter.segment(shipped, drawings.pictures)
    assert metrics.mean_iou(said, drawings.classes) == pytest.approx(measured, abs=0.03)


def test_it_sees_the_things_of_a_drawing_of_another_size(shipped):
    drawn = scenes.draw_many(scenes.sample(60, 5, "test"), 128)
    assert metrics.mean_iou(detection.segmenter.segment(shipped, drawn.pictures), drawn.classes) > 0.7
