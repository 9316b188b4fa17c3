"""Lesson 04's networks: a generator, G: z → x, and a discriminator, D: x → [0, 1], of whose scores D is the sigmoid.

For points in the plane, small dense networks (`build_ring`). For pictures of a given kind, convolutions, after Radford
et al. 2016, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks"
(arXiv:1511.06434). The kind enters the generator at every scale, as in Brock et al. 2019 (BigGAN, arXiv:1809.11096),
and the discriminator by a product, as in Miyato and Koyama 2018 (arXiv:1802.05637).
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from vistext.nn import weights
from vistext.nn.engine import dtype_policy, keras
from vistext.nn.unet import FusedBatchNorm

layers = keras.layers

SIDE = 32
HALF = 127.5  # bytes to -1 .. 1, and back
MODES = 8
RADIUS = 2.0
SPREAD = 0.15  # standard deviation of the points around their mode
BEND = 0.7  # standard deviation of the first biases
NEAR = 3 * SPREAD  # 99 % of true points are as near as that to their mode


def mode_centers() -> np.ndarray:
    """The centers of the eight modes: float32 [8, 2]."""
    angles = 2 * np.pi * np.arange(MODES) / MODES
    return (RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.float32)


def sample_ring(count: int, seed: int) -> np.ndarray:
    """`count` points of a mixture of eight Gaussians on a ring, all equally probable: float32 [count, 2]."""
    rng = np.random.default_rng(seed)
    centers = mode_centers()[rng.integers(0, MODES, count)]
    return (centers + rng.normal(scale=SPREAD, size=(count, 2))).astype(np.float32)


def build_ring(width: int = 64, depth: int = 3) -> tuple[keras.Model, keras.Model]:
    """Generator, noise float32 [n, 2] → points [n, 2], and discriminator, points → scores float32 [n, 1]."""

    def dense(outputs: int, name: str) -> keras.Model:
        x = start = layers.Input((2,), name=f"{name}_input")
        for level in range(depth):
            x = layers.Dense(
                width,
                kernel_initializer="he_normal",
                # With biases of 0, all kinks of the piecewise linear function would go through the origin.
                bias_initializer=keras.initializers.RandomNormal(stddev=BEND),
                name=f"hidden{level + 1}",
            )(x)
            x = layers.LeakyReLU(negative_slope=0.2)(x)
        return keras.Model(start, layers.Dense(outputs, name="output")(x), name=name)

    return dense(2, "ring_generator"), dense(1, "ring_discriminator")


@dataclass(frozen=True)
class GanConfig:
    """The sizes of the two networks for pictures; each default is that of the shipped weights."""

    noise: int = 64
    width: int = 48  # channels at 16 × 16; twice and four times as many at 8 × 8 and 4 × 4
    classes: int = 10
    precision: str = "float32"  # a Keras dtype policy; training may take a faster one, the weights stay float32


def build_generator(config: GanConfig = GanConfig()) -> keras.Model:
    """The generator: noise float32 [n, noise], labels int32 [n] → pictures float32 [n, 32, 32, 3], 0 to 255."""
    with dtype_policy(config.precision):
        noise = layers.Input((config.noise,), name="noise")
        labels = layers.Input((), dtype="int32", name="labels")
        kind = layers.Embedding(config.classes, config.noise, name="kind")(labels)
        code = layers.Concatenate(name="code")([noise, kind])  # (n, 2 noise)
        channels = 4 * config.width
        x = layers.Dense(4 * 4 * channels, use_bias=False, kernel_initializer="he_normal", name="start")(code)
        x = layers.Reshape((4, 4, channels), name="start_4")(x)
        x = _modulated(x, code, "level4")
        # Upsampling and convolution, as the kernels of a transposed one overlap unevenly: a checkerboard (Odena et al.
        # 2016, "Deconvolution and Checkerboard Artifacts", doi:10.23915/distill.00003).
        for side in (8, 16):
            channels //= 2
            x = layers.Conv2D(
                channels,
                3,
                padding="same",
                use_bias=False,
                kernel_initializer="he_normal",
                name=f"level{side}_conv",
            )(layers.UpSampling2D(name=f"level{side}_up")(x))
            x = _modulated(x, code, f"level{side}")
        x = layers.Conv2D(3, 5, padding="same", name="colours")(layers.UpSampling2D(name="colours_up")(x))
        x = layers.Activation("tanh", dtype="float32", name="colours_tanh")(x)
        pictures = layers.Rescaling(HALF, offset=HALF, dtype="float32", name="pictures")(x)
    return keras.Model([noise, labels], pictures, name="generator")


def _modulated(x, code, name: str):
    """Conditional batch norm, whose scale and offset depend on noise and kind, and ReLU: [n, h, w, c], same shape."""
    channels = x.shape[-1]
    # A short memory, since adversarial training changes the weights quickly.
    x = FusedBatchNorm(momentum=0.8, epsilon=1e-5, name=f"{name}_norm")(x)
    scale, offset = (
        layers.Reshape((1, 1, channels), name=f"{name}_{part}_map")(
            layers.Dense(channels, kernel_initializer="zeros", name=f"{name}_{part}")(code)
        )
        for part in ("scale", "offset")
    )
    x = layers.Multiply(name=f"{name}_scaled")([x, layers.Rescaling(1.0, offset=1.0, name=f"{name}_gain")(scale)])
    x = layers.Add(name=f"{name}_moved")([x, offset])
    return layers.ReLU(name=name)(x)


def build_discriminator(config: GanConfig = GanConfig()) -> keras.Model:
    """The discriminator: pictures float32 [n, 32, 32, 3], 0 to 255, and labels int32 [n] → scores float32 [n, 1].

    A score is above 0 for a picture that it classifies as a real one of that kind.
    """
    with dtype_policy(config.precision):
        pictures = layers.Input((SIDE, SIDE, 3), name="pictures")
        labels = layers.Input((), dtype="int32", name="labels")
        x = layers.Rescaling(1 / HALF, offset=-1, name="scaled")(pictures)
        for level, factor in enumerate((1, 2, 4)):
            x = layers.Conv2D(
                factor * config.width,
                4,
                strides=2,
                padding="same",
                kernel_initializer="he_normal",
                name=f"level{SIDE >> level}_conv",
            )(x)
            x = layers.LeakyReLU(negative_slope=0.2, name=f"level{SIDE >> level}")(x)
        features = layers.Flatten(name="features")(x)  # (n, 16 × 4 width)
        # The score is a sum: is it real, and does it show the given kind (the projection)?
        real = layers.Dense(1, dtype="float32", name="real")(features)
        kind = layers.Embedding(config.classes, features.shape[-1], embeddings_initializer="zeros", name="kind")(labels)
        projection = layers.Dot(axes=1, dtype="float32", name="projection")([features, kind])
        score = layers.Add(dtype="float32", name="score")([real, projection])
    return keras.Model([pictures, labels], score, name="discriminator")


load = partial(weights.load, "gan", build_generator, GanConfig)  # the shipped generator, which all callers share
card = partial(weights.card, "gan")  # its data, recipe, seed and measured figures


def sample_noise(count: int, size: int, seed: int, truncation: float | None = None) -> np.ndarray:
    """Standard normal z, float32 [count, size], of which no number is beyond a truncation, either way.

    A small one gives more typical pictures, at the price of variety (Brock et al. 2019, section 3.1).
    """
    rng = np.random.default_rng(seed)
    if truncation is None:
        return rng.standard_normal((count, size), np.float32)
    if truncation <= 0:
        raise ValueError(f"truncation={truncation}; accepted: more than 0, or None for none at all")
    from scipy import stats  # late: only this needs it

    return stats.truncnorm.rvs(-truncation, truncation, size=(count, size), random_state=rng).astype(np.float32)


def interpolate(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Points from one z [size] to another, both ends included: float32 [steps, size], by spherical interpolation.

    The middle of the straight line is much shorter than nearly all z (White 2016, arXiv:1609.04468).
    """
    start_length, end_length = np.linalg.norm(start), np.linalg.norm(end)
    first, last = start / start_length, end / end_length
    angle = np.arccos(np.clip(first @ last, -1, 1))
    share = np.linspace(0, 1, steps)[:, np.newaxis]
    if np.sin(angle) < 1e-6:  # in the same direction, or opposite: there is no one arc
        direction = (1 - share) * first + share * last
    else:
        direction = (np.sin((1 - share) * angle) * first + np.sin(share * angle) * last) / np.sin(angle)
    return (direction * (start_length * (1 - share) + end_length * share)).astype(np.float32)


def generate(
    generator: keras.Model, labels: np.ndarray, *, noise: np.ndarray | None = None, seed: int = 0
) -> np.ndarray:
    """Pictures of given kinds, labels int [n] → uint8 [n, 32, 32, 3], from noise [n, noise] or from a seed."""
    labels = np.asarray(labels, np.int32)
    size = generator.inputs[0].shape[-1]
    if noise is None:
        noise = sample_noise(len(labels), size, seed)
    if np.shape(noise) != (len(labels), size):
        raise ValueError(f"noise of shape {np.shape(noise)}; accepted: {(len(labels), size)}, a vector for each label")
    kinds = generator.get_layer("kind").input_dim
    if len(labels) and not 0 <= labels.min() <= labels.max() < kinds:
        raise ValueError(f"labels {labels.min()} to {labels.max()}; accepted: 0 to {kinds - 1}")
    pictures = np.empty((len(labels), SIDE, SIDE, 3), np.uint8)
    for first in range(0, len(labels), 256):
        batch = slice(first, first + 256)
        generated = generator([np.asarray(noise[batch], np.float32), labels[batch]], training=False)
        pictures[batch] = np.rint(np.asarray(generated)).astype(np.uint8)
    return pictures
