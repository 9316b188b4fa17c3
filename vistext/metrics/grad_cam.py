"""Grad-CAM: which parts of a picture a class's score rests on."""

import numpy as np
from PIL import Image

from vistext.data.images import overlay_heat
from vistext.nn.engine import keras, tf


def grad_cam(model: keras.Model, picture: np.ndarray, class_index: int, layer: str | None = None) -> np.ndarray:
    """Grad-CAM: the feature maps that raise a class's score, added up and laid over the picture.

    Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization": each map
    is weighted by the mean gradient of the class's score with respect to it, and what lowers the score is left out.

    Args:
        model: a functional model, uint8 [n, h, w, 3] → scores [n, classes].
        picture: uint8 [h, w, 3].
        class_index: whose score is explained.
        layer: the layer whose maps are weighed, not before the first that has weights; by default the last with maps.

    Returns:
        float32 [h, w] in [0, 1], the largest value 1; all 0 if no part raises the score.
    """
    classes = model.output_shape[-1]
    if not 0 <= class_index < classes:
        raise ValueError(f"class_index={class_index}; accepted: 0 to {classes - 1}")
    with_maps = _layers_with_maps(model)
    layer = layer or with_maps[-1]
    if layer not in with_maps:
        raise ValueError(f"layer={layer!r}; accepted, as they have maps over the picture: {', '.join(with_maps)}")
    maps_and_scores = keras.Model(model.inputs[0], [model.get_layer(layer).output, model.outputs[0]])
    with tf.GradientTape() as tape:
        # By itself the tape follows only trainable variables, and nothing after a frozen layer would have a gradient.
        tape.watch([variable.value for variable in model.variables])
        maps, scores = maps_and_scores(picture[np.newaxis], training=False)
        score = scores[0, class_index]
    weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2))  # (1, maps)
    heat = tf.nn.relu(tf.einsum("nhwc,nc->hw", maps, weights)).numpy().astype("float32")
    height, width = picture.shape[:2]
    enlarged = np.maximum(_resized(heat, height, width), 0)
    return enlarged / enlarged.max() if enlarged.max() > 0 else enlarged


def overlay_heatmap(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A picture, uint8 [height, width, 3], under a map, float [h, w] in [0, 1], which is scaled to its size."""
    return overlay_heat(picture, np.clip(_resized(np.asarray(heat, "float32"), *picture.shape[:2]), 0, 1))


def _resized(heat: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.asarray(Image.fromarray(heat).resize((width, height), Image.Resampling.BICUBIC))


def _layers_with_maps(model: keras.Model) -> list[str]:
    """The layers with outputs [n, h, w, maps], in order, from the first that has weights."""
    first = next((index for index, layer in enumerate(model.layers) if layer.weights), 0)
    named = [layer.name for layer in model.layers[first:] if len(layer.output.shape) == 4]
    if not named:
        raise ValueError("the model has no layer with maps over the picture")
    return named
