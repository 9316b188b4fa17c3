"""Lesson 02's segmenter: a small U-Net (`vistext.nn.unet`) that classifies every pixel.

It works at half the side of the picture, in a third of the time: each location predicts four pixels (Shi et al. 2016,
"Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network").
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from vistext.nn import resize, weights
from vistext.nn.engine import dtype_policy, keras, tf
from vistext.nn.unet import conv_block, stem, unet
from vistext.scenes import ontology

layers = keras.layers

SIDE = 64  # of the pictures, in pixels
CLASSES = len(ontology.KINDS) + 1  # 0 is the background
BATCH = 250  # pictures in one forward pass


@dataclass(frozen=True)
class SegmenterConfig:
    """The sizes of the network; each default is that of the shipped weights."""

    widths: tuple[int, ...] = (64, 96, 160, 192)  # channels at 1/2, 1/4, 1/8 and 1/16 of the picture's side
    depth: int = 2  # convolutions of each level on the way down
    head: int = 1  # further convolutions before the outputs
    precision: str = "float32"  # a Keras dtype policy; training may take a faster one, the weights stay float32


@keras.saving.register_keras_serializable("vistext")
class DepthToSpace(keras.layers.Layer):
    """Four times the channels become twice the side: [n, h, w, 4 * c] → [n, 2 * h, 2 * w, c]."""

    def call(self, x):
        return tf.nn.depth_to_space(x, 2)

    def compute_output_shape(self, shape):
        n, height, width, channels = shape
        return n, height and 2 * height, width and 2 * width, channels // 4


def build(config: SegmenterConfig = SegmenterConfig()) -> keras.Model:
    """The network, not compiled: uint8 [n, h, w, 3], h and w multiples of 16 → logits float32 [n, h, w, 11]."""
    with dtype_policy(config.precision):
        pictures = layers.Input((None, None, 3), dtype="uint8", name="pictures")
        x = stem(pictures, config.widths[0])  # (n, h / 2, w / 2, widths[0])
        x = unet(x, config.widths, depth=config.depth)  # the same shape
        for number in range(config.head):
            x = conv_block(x, config.widths[0], name=f"head_{number}")
        x = layers.Dense(4 * CLASSES, name="classes")(x)
        logits = DepthToSpace(dtype="float32", name="logits")(x)  # (n, h, w, 11)
    return keras.Model(pictures, logits, name="segmenter")


load = partial(weights.load, "segmenter", build, SegmenterConfig)  # the shipped network, which all callers share
card = partial(weights.card, "segmenter")  # its data, recipe, seed and measured figures


def segment(model: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """Classify each pixel.

    Args:
        model: as `build` makes it.
        pictures: uint8 [n, h, w, 3]; those that are not of 64×64 pixels are scaled to fit, and the result back.

    Returns:
        uint8 [n, h, w]: 0 for the background, k + 1 for an object of kind k of `ontology.KINDS`; as `Drawing.classes`.
    """
    squares, factor = resize.letterbox(pictures, SIDE)
    batches = (squares[first : first + BATCH] for first in range(0, len(squares), BATCH))
    logits = (np.asarray(model(batch, training=False)) for batch in batches)
    classes = np.concatenate([part.argmax(axis=-1).astype(np.uint8) for part in logits])
    rows, columns = (resize.unletterbox(length, factor, SIDE) for length in np.shape(pictures)[1:3])
    return classes[:, rows[:, np.newaxis], columns]
