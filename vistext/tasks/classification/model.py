"""Lesson 01's networks: the article's, our baseline, and ours, which give a picture one of CIFAR-10's ten classes.

Ours is after Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU" (arXiv:2404.00498).
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from vistext.data import images as picture_files
from vistext.data.cifar10 import CLASSES
from vistext.nn import weights
from vistext.nn.engine import dtype_policy, keras
from vistext.nn.layers import PartialIdentity

layers = keras.layers


@dataclass(frozen=True)
class TaggerConfig:
    """The sizes of the network; each default is that of the shipped weights."""

    widths: tuple[int, ...] = (64, 256, 256)  # channels of each group; Jordan's, the fewest operations to 94 %
    classes: int = 10
    temperature: float = 1.0  # logits are divided by it; fitted after training, for calibrated probabilities
    precision: str = "float32"  # a Keras dtype policy; training may take a faster one, the weights stay float32


def build_article() -> keras.Model:
    """The article's network to the letter: uint8 [n, 32, 32, 3] → probabilities float32 [n, 10], compiled."""
    model = keras.Sequential(
        [
            layers.Input((32, 32, 3), dtype="uint8"),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="article",
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@keras.saving.register_keras_serializable("vistext")
class Whitening(keras.layers.Layer):
    """A fixed 2×2 convolution of raw pixels: over natural pictures, its outputs are uncorrelated, of unit variance.

    Its kernel holds the eigenvectors of the patches' covariance, each divided by the root of its eigenvalue, and their
    negatives, so that a rectifier after it loses nothing (Jordan 2024, section 3.2). Call `adapt` before training.
    """

    def build(self, input_shape):
        inputs = 2 * 2 * input_shape[-1]
        self.kernel = self.add_weight(shape=(2, 2, input_shape[-1], 2 * inputs), name="kernel", trainable=False)
        self.bias = self.add_weight(shape=(2 * inputs,), initializer="zeros", name="bias")

    def call(self, pictures):
        return keras.ops.conv(self._scaled(pictures, self.compute_dtype), self.kernel) + self.bias

    def _scaled(self, pictures, dtype):
        """Bytes to -2 .. 2, on which scale natural pictures have a variance of about 1."""
        return keras.ops.cast(pictures, dtype) / 64 - 2

    def adapt(self, pictures: np.ndarray, epsilon: float = 5e-4) -> None:
        """Set the kernel from pictures uint8 [n, h, w, 3]; by `epsilon`, directions without variance stay small."""
        scaled = np.asarray(self._scaled(pictures, "float32"))
        windows = np.lib.stride_tricks.sliding_window_view(scaled, (2, 2), axis=(1, 2))  # (n, rows, columns, c, 2, 2)
        patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 2 * 2 * pictures.shape[-1])
        values, vectors = np.linalg.eigh(patches.T @ patches / len(patches))
        filters = (vectors / np.sqrt(values + epsilon)).reshape(*self.kernel.shape[:3], -1)
        self.kernel.assign(np.concatenate([filters, -filters], axis=-1))


def _group(x, channels: int, name: str):
    """Two 3×3 convolutions with batch norm and a pooling: [n, h, w, c] → [n, h / 2, w / 2, channels]."""
    for half in ("a", "b"):
        x = layers.Conv2D(
            channels, 3, padding="same", use_bias=False, kernel_initializer=PartialIdentity(), name=f"{name}{half}_conv"
        )(x)
        if half == "a":
            x = layers.MaxPooling2D(2)(x)
        # With a few hundred training steps in all, a slow average of the statistics would lag behind.
        x = layers.BatchNormalization(momentum=0.6, scale=False, epsilon=1e-5, name=f"{name}{half}_norm")(x)
        x = layers.Activation("silu", name=f"{name}{half}")(x)
    return x


def build(config: TaggerConfig = TaggerConfig()) -> keras.Model:
    """Our network, not compiled: uint8 [n, h, w, 3] with sides of at least 16 → logits float32 [n, classes]."""
    with dtype_policy(config.precision):
        pictures = layers.Input((None, None, 3), dtype="uint8", name="pictures")
        x = layers.Activation("silu", name="whitened")(Whitening(name="whitening")(pictures))
        for index, channels in enumerate(config.widths, start=1):
            x = _group(x, channels, f"group{index}")
        x = layers.GlobalMaxPooling2D(name="pooled")(x)
        # Weights of unit variance, scaled afterwards: so the head learns at the pace of the other layers.
        x = layers.Dense(
            config.classes, use_bias=False, kernel_initializer=keras.initializers.RandomNormal(stddev=1.0), name="head"
        )(x)
        scale = 1 / (config.widths[-1] * config.temperature)
        logits = layers.Rescaling(scale, dtype="float32", name="logits")(x)
    return keras.Model(pictures, logits, name="tagger")


load = partial(weights.load, "tagger", build, TaggerConfig)  # the shipped network, which all callers share
card = partial(weights.card, "tagger")  # its data, recipe, seed and measured figures


def tag(model: keras.Model, picture: np.ndarray) -> dict[str, float]:
    """The probability of each class for one picture, the most probable first, by a network of ours.

    The picture is uint8 [h, w, 3] of any size; its central square is scaled to 32×32 pixels.
    """
    pictures = picture_files.center_crop(picture, 32)[np.newaxis]  # (1, 32, 32, 3)
    probabilities = np.asarray(keras.ops.softmax(model(pictures, training=False)))[0]
    return {CLASSES[index]: float(probabilities[index]) for index in np.argsort(-probabilities)}
