"""The small U-Net: every pixel answered, at any size, and what its shipped weights see."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from vistext import metrics, scenes
from vistext.nn import weights
from vistext.nn.engine import keras
from vistext.scenes import ontology
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


@pytest.mark.parametrize("shape", [(128, 128), (40, 100), (33, 20), (1, 300)])
def test_pictures_of_any_size_are_answered_at_their_size(small, shape):
    picture = np.random.default_rng(0).integers(0, 256, (2, *shape, 3), np.uint8)
    said = detection.segmenter.segment(small, picture)
    assert (said.shape, said.dtype) == ((2, *shape), np.uint8)


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


@pytest.mark.parametrize(
    ("pictures", "error"),
    [
        (np.zeros((1, 64, 64, 3), "int64"), TypeError),
        (np.zeros((64, 64, 3), "uint8"), ValueError),
        (np.zeros((0, 64, 64, 3), "uint8"), ValueError),
    ],
)
def test_what_is_no_batch_of_pictures_is_refused(small, pictures, error):
    with pytest.raises(error, match="accepted"):
        detection.segmenter.segment(small, pictures)


def test_many_pictures_are_answered_in_parts_with_the_same_result(small, monkeypatch):
    whole = detection.segmenter.segment(small, DRAWN.pictures)
    monkeypatch.setattr(detection.segmenter, "BATCH", 3)
    assert np.array_equal(detection.segmenter.segment(small, DRAWN.pictures), whole)


def test_the_config_sets_the_sizes():
    model = detection.segmenter.build(SegmenterConfig(widths=(4, 6, 10)))
    assert model.get_layer("down2_1_conv").kernel.shape == (3, 3, 10, 10)
    assert model.get_layer("up0_conv").kernel.shape == (3, 3, 4, 4)
    assert model.output_shape == (None, None, None, CLASSES)


def test_keras_saves_and_loads_it_whole(small, tmp_path):
    small.save(tmp_path / "small.keras")
    back = keras.models.load_model(tmp_path / "small.keras")
    assert np.array_equal(back(DRAWN.pictures), small(DRAWN.pictures))


def test_what_is_loaded_is_what_the_card_and_the_file_say(small, tmp_path, monkeypatch):
    config = {"widths": list(SMALL.widths), "depth": 1, "head": 0}
    weights.save(small, "segmenter", {"config": config}, tmp_path)
    folder = {name: partial(getattr(weights, name), folder=tmp_path) for name in ("card", "load_into")}
    monkeypatch.setattr(detection.segmenter, "weights", SimpleNamespace(**folder))
    expected = np.asarray(small(DRAWN.pictures))
    assert np.asarray(detection.segmenter.load()(DRAWN.pictures)) == pytest.approx(expected, rel=0.02, abs=0.02)


@pytest.fixture(scope="module")
def shipped():
    return detection.segmenter.load()


def test_the_shipped_weights_are_whole_and_small():
    file = weights.verify("segmenter")
    assert file.stat().st_size == detection.segmenter.card()["bytes"] <= 4_000_000
    assert detection.segmenter.card()["classes"] == list(ontology.KINDS)


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
