"""Lesson 04's networks: a generator that invents, G: z → x, and a discriminator that judges, D: x → [0, 1].

Two pairs. For points in the plane, small dense networks (`build_ring`): what goes wrong can be seen there. For pictures
of an asked kind, convolutions (`build_generator`, `build_discriminator`), after Radford et al. 2016, "Unsupervised
Representation Learning with Deep Convolutional Generative Adversarial Networks" (arXiv:1511.06434). The kind enters the
generator at every scale, as in Brock et al. 2019, "Large Scale GAN Training for High Fidelity Natural Image Synthesis"
(arXiv:1809.11096), and the discriminator by a product, as in Miyato and Koyama 2018, "cGANs with Projection
Discriminator" (arXiv:1802.05637).

The networks give scores, of which D's probability is the sigmoid. How they learn is `vistext.tasks.gan.adversarial`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import stats

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
    """The middles of the eight modes: float32 [8, 2]."""
    angles = 2 * np.pi * np.arange(MODES) / MODES
    return (RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.float32)


def sample_ring(count: int, seed: int) -> np.ndarray:
    """Points of a mixture of eight Gaussians on a ring, each as likely.

    Args:
        count: how many.
        seed: of the drawing.

    Returns:
        float32 [count, 2].
    """
    random = np.random.default_rng(seed)
    middles = mode_centers()[random.integers(0, MODES, count)]
    return (middles + random.normal(scale=SPREAD, size=(count, 2))).astype(np.float32)


class Coverage(NamedTuple):
    """How much of the ring some points cover."""

    modes: int  # that have at least a quarter of their fair share of the points near them
    near: float  # share of the points that are near any mode, 0 to 1
    shares: np.ndarray  # float [8]: of the points, near each mode


def coverage(points: np.ndarray) -> Coverage:
    """How much of the ring points cover: float [n, 2] → modes and shares; near is within `NEAR` of a mode's middle."""
    distances = np.linalg.norm(points[:, np.newaxis] - mode_centers(), axis=-1)  # (n, 8)
    shares = (distances <= NEAR).mean(axis=0)
    return Coverage(int((shares >= 1 / MODES / 4).sum()), float(shares.sum()), shares)


@dataclass(frozen=True)
class RingConfig:
    """The sizes of the two networks for points."""

    noise: int = 2
    width: int = 64
    depth: int = 3  # hidden layers of each


def build_ring(config: RingConfig = RingConfig()) -> tuple[keras.Model, keras.Model]:
    """Two networks for points in the plane.

    Args:
        config: their sizes.

    Returns:
        The generator, noise float32 [n, noise] → points float32 [n, 2], and the discriminator, points → scores
        float32 [n, 1].
    """

    def dense(inputs: int, outputs: int, name: str) -> keras.Model:
        x = start = layers.Input((inputs,), name=f"{name}_input")
        for level in range(config.depth):
            x = layers.Dense(
                config.width,
                kernel_initializer="he_normal",
                # The functions may bend anywhere; with biases of 0, all bends would go through the origin.
                bias_initializer=keras.initializers.RandomNormal(stddev=BEND),
                name=f"hidden{level + 1}",
            )(x)
            x = layers.LeakyReLU(negative_slope=0.2)(x)
        return keras.Model(start, layers.Dense(outputs, name="output")(x), name=name)

    return dense(config.noise, 2, "ring_generator"), dense(2, 1, "ring_discriminator")


@dataclass(frozen=True)
class GanConfig:
    """The sizes of the two networks for pictures; each default is that of the shipped weights."""

    noise: int = 64
    width: int = 48  # channels at 16 × 16; twice and four times as many at 8 × 8 and 4 × 4
    classes: int = 10
    precision: str = "float32"  # a Keras dtype policy; training may take a faster one, the weights stay float32


def build_generator(config: GanConfig = GanConfig()) -> keras.Model:
    """The network that invents pictures.

    Args:
        config: its sizes.

    Returns:
        A model of two inputs: noise float32 [n, noise], labels int32 [n] → pictures float32 [n, 32, 32, 3], 0 to 255.
    """
    with dtype_policy(config.precision):
        noise = layers.Input((config.noise,), name="noise")
        labels = layers.Input((), dtype="int32", name="labels")
        kind = layers.Embedding(config.classes, config.noise, name="kind")(labels)
        code = layers.Concatenate(name="code")([noise, kind])  # (n, 2 noise)
        channels = 4 * config.width
        x = layers.Dense(4 * 4 * channels, use_bias=False, kernel_initializer="he_normal", name="start")(code)
        x = layers.Reshape((4, 4, channels), name="start_4")(x)
        x = _modulated(x, code, "level4")
        for side in (8, 16):
            channels //= 2
            x = layers.Conv2DTranspose(
                channels,
                4,
                strides=2,
                padding="same",
                use_bias=False,
                kernel_initializer="he_normal",
                name=f"level{side}_conv",
            )(x)
            x = _modulated(x, code, f"level{side}")
        x = layers.Conv2DTranspose(3, 4, strides=2, padding="same", name="colours")(x)
        x = layers.Activation("tanh", dtype="float32", name="colours_tanh")(x)
        pictures = layers.Rescaling(HALF, offset=HALF, dtype="float32", name="pictures")(x)
    return keras.Model([noise, labels], pictures, name="generator")


def _modulated(x, code, name: str):
    """Batch norm whose scale and offset depend on noise and kind, and a rectifier: [n, h, w, c] → [n, h, w, c]."""
    channels = x.shape[-1]
    # A short memory: the norm keeps up with weights that change quickly.
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
    """The network that tells real pictures from invented ones.

    Args:
        config: its sizes.

    Returns:
        A model of two inputs: pictures float32 [n, 32, 32, 3], 0 to 255, and labels int32 [n] → scores float32 [n, 1]:
        above 0 for what it takes for a real picture of that kind.
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
        seen = layers.Flatten(name="seen")(x)  # (n, 16 × 4 width)
        # One score for looking real at all, one for looking like the kind that was asked for.
        real = layers.Dense(1, dtype="float32", name="real")(seen)
        wanted = layers.Embedding(config.classes, seen.shape[-1], embeddings_initializer="zeros", name="wanted")(labels)
        fits = layers.Dot(axes=1, dtype="float32", name="fits")([seen, wanted])
        score = layers.Add(dtype="float32", name="score")([real, fits])
    return keras.Model([pictures, labels], score, name="discriminator")


def card() -> dict:
    """The card of the shipped generator: data, recipe, seed, measured figures."""
    return weights.card("gan")


def load() -> keras.Model:
    """The generator with the shipped weights: noise, labels → pictures of `scenes.portraits`, 0 to 255.

    Raises:
        FileNotFoundError, ValueError: the weights are missing or damaged.
    """
    generator = build_generator(GanConfig(**card()["config"]))
    weights.load_into(generator, "gan")
    return generator


def sample_noise(count: int, size: int, seed: int, truncation: float | None = None) -> np.ndarray:
    """Standard normal numbers, z.

    Args:
        count: how many vectors.
        size: of each.
        seed: of the drawing.
        truncation: no number is beyond this, either way (Brock et al. 2019, section 3.1): a small one gives what is
            most usual, at the price of variety. By default there is none.

    Returns:
        float32 [count, size].

    Raises:
        ValueError: a truncation of 0 or less.
    """
    random = np.random.default_rng(seed)
    if truncation is None:
        return random.standard_normal((count, size), np.float32)
    if truncation <= 0:
        raise ValueError(f"truncation={truncation}; accepted: more than 0, or None for none at all")
    return stats.truncnorm.rvs(-truncation, truncation, size=(count, size), random_state=random).astype(np.float32)


def interpolate(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Points on the way from one z to another, along the arc between them.

    Normal vectors of many numbers nearly all have the same length. The middle of the straight line between two of them
    is much shorter, so it would be like no z that the generator knows (White 2016, "Sampling Generative Networks",
    arXiv:1609.04468).

    Args:
        start, end: float [size], neither of length 0.
        steps: how many points, both ends included; at least 2.

    Returns:
        float32 [steps, size].
    """
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    one, other = start / lengths[0], end / lengths[1]
    angle = np.arccos(np.clip(one @ other, -1, 1))
    share = np.linspace(0, 1, steps)[:, np.newaxis]
    if np.sin(angle) < 1e-6:  # in the same direction, or opposite: there is no one arc
        direction = (1 - share) * one + share * other
    else:
        direction = (np.sin((1 - share) * angle) * one + np.sin(share * angle) * other) / np.sin(angle)
    return (direction * (lengths[0] * (1 - share) + lengths[1] * share)).astype(np.float32)


def generate(
    generator: keras.Model, labels: np.ndarray, *, noise: np.ndarray | None = None, seed: int = 0
) -> np.ndarray:
    """Pictures of the asked kinds.

    Args:
        generator: as `build_generator` makes it.
        labels: int [n]: indices of the kinds that are asked for.
        noise: float [n, noise]; by default drawn.
        seed: of the drawing.

    Returns:
        uint8 [n, 32, 32, 3].

    Raises:
        ValueError: the noise is not one vector of the generator's size for each label, or there is no such kind.
    """
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
        some = slice(first, first + 256)
        made = generator([np.asarray(noise[some], np.float32), labels[some]], training=False)
        pictures[some] = np.rint(np.asarray(made)).astype(np.uint8)
    return pictures
