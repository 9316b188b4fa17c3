"""Grad-CAM, on networks so simple that the answer can be worked out with pencil and paper."""

import numpy as np
import pytest
from PIL import Image

from vistext.metrics.grad_cam import grad_cam, overlay_heatmap
from vistext.nn.engine import keras
from vistext.tasks import classification

layers = keras.layers
NOISE = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)
LAYERS = ("nowhere", "pooled", "bright")
# What each of three classes counts: red only; green less blue; against everything.
HEAD = np.array([[1.0, 0.0, -1.0], [0.0, 2.0, -1.0], [0.0, -1.0, -1.0]])


def linear(pool=1):
    """Maps that are the colors of the picture, their means, and a weighted sum of these for each class."""
    pictures = layers.Input((None, None, 3), dtype="uint8")
    x = layers.Rescaling(1 / 255, name="bright")(pictures)
    x = layers.Conv2D(3, 1, use_bias=False, name="colours")(x)
    x = layers.AveragePooling2D(pool, name="maps")(x)
    x = layers.GlobalAveragePooling2D(name="pooled")(x)
    model = keras.Model(pictures, layers.Dense(3, use_bias=False, name="head")(x))
    model.get_layer("colours").set_weights([np.eye(3).reshape(1, 1, 3, 3)])
    model.get_layer("head").set_weights([HEAD])
    return model


@pytest.mark.parametrize(
    ("class_index", "by_hand"),
    [(0, NOISE[..., 0] / 255), (1, np.maximum(0, 2.0 * NOISE[..., 1] - NOISE[..., 2]) / 255)],
)
def test_of_a_linear_network_it_is_the_weighted_sum_of_the_maps_without_what_lowers_the_score(class_index, by_hand):
    heat = grad_cam(linear(), NOISE, class_index)
    assert (heat.shape, heat.dtype) == ((8, 12), np.float32)
    assert heat == pytest.approx(by_hand / by_hand.max(), abs=1e-5)
    assert grad_cam(linear(pool=4), NOISE, class_index, layer="colours") == pytest.approx(heat, abs=1e-5)
    assert not grad_cam(linear(), NOISE, 2).any()


@pytest.mark.parametrize(("against", "raises"), [(-0.1, True), (-0.7, False)])
def test_a_map_is_weighed_by_the_mean_of_its_slopes(against, raises):
    """Half of the map is squared: there its slope is 2 x, elsewhere 0, and everywhere something speaks against it."""
    pictures = layers.Input((4, 4, 1), dtype="uint8")
    x = layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones", name="maps")(layers.Rescaling(1 / 255)(pictures))
    half = layers.Cropping2D(((0, 2), (0, 0)))(x)
    squared = layers.Multiply()([half, half])
    scores = layers.Concatenate()([layers.Flatten()(squared), layers.Flatten()(x)])
    head = layers.Dense(1, use_bias=False)
    model = keras.Model(pictures, head(scores))
    head.set_weights([np.concatenate([np.ones((8, 1)), against * np.ones((16, 1))])])
    picture = np.random.default_rng(1).integers(0, 256, (4, 4, 1), np.uint8)
    bright = picture[..., 0] / 255

    slopes = np.concatenate([2 * bright[:2], np.zeros((2, 4))]) + against
    assert (slopes.mean() > 0, slopes.max() > 0) == (raises, True)
    assert grad_cam(model, picture, 0, layer="maps") == pytest.approx(raises * bright / bright.max(), abs=1e-5)


def test_small_maps_are_enlarged_smoothly_to_the_picture_and_reach_1():
    picture = np.zeros((12, 12, 3), np.uint8)
    picture[4:8, 4:8, 0] = 255
    heat = grad_cam(linear(pool=4), picture, 0)

    small = np.zeros((3, 3), np.float32)
    small[1, 1] = 1
    expected = np.clip(np.asarray(Image.fromarray(small).resize((12, 12), Image.Resampling.BICUBIC)), 0, None)
    assert heat.max() == 1
    assert heat.min() == 0
    assert heat == pytest.approx(expected / expected.max(), abs=1e-5)


def test_a_network_trained_in_bfloat16_is_explained_nearly_the_same(bfloat16):
    keras.utils.set_random_seed(0)
    exact, coarse = (
        classification.model.build(classification.model.TaggerConfig(widths=(4, 8, 8), precision=precision))
        for precision in ("float32", bfloat16)
    )
    coarse.set_weights(exact.get_weights())
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    one, other = (grad_cam(model, picture, 3) for model in (exact, coarse))
    assert other.dtype == np.float32
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.98


def test_maps_from_which_nothing_is_learned_are_explained_all_the_same():
    """A norm that has statistics only, and those of the start: it changes next to nothing."""
    pictures = layers.Input((None, None, 3), dtype="uint8")
    x = layers.BatchNormalization(center=False, scale=False, name="norm")(layers.Rescaling(1 / 255)(pictures))
    head = layers.Dense(3, use_bias=False)
    model = keras.Model(pictures, head(layers.GlobalAveragePooling2D()(x)))
    head.set_weights([HEAD])
    assert grad_cam(model, NOISE, 1, layer="norm") == pytest.approx(grad_cam(linear(), NOISE, 1), abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(({"class_index": index}, f"class_index={index}; accepted: 0 to 2") for index in (-1, 3)),
        *(({"class_index": 0, "layer": name}, f"layer='{name}'; accepted, .*: colours, maps$") for name in LAYERS),
    ],
)
def test_a_class_or_layer_that_cannot_be_explained_is_refused_with_those_that_can(arguments, message):
    with pytest.raises(ValueError, match=message):
        grad_cam(linear(), NOISE, **arguments)
    with pytest.raises(ValueError, match="no layer with maps"):
        grad_cam(keras.Sequential([layers.Input((4,)), layers.Dense(2)]), NOISE, 0)


def test_the_picture_is_red_where_the_map_is_high_and_gray_elsewhere():
    heat = np.zeros((8, 12))
    heat[:, 6:] = 1
    shown = overlay_heatmap(NOISE, heat).astype(int)
    assert shown.shape == NOISE.shape
    assert (shown[:, :6] == shown[:, :6, :1]).all()
    gray = 120 + 0.5 * (NOISE[:, :6] @ [0.299, 0.587, 0.114])
    assert np.abs(shown[:, :6] - gray[..., None]).max() <= 1
    assert (shown[:, 6:, 0] - shown[:, 6:, 2] > 90).all()
