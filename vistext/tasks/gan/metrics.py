"""How like real pictures invented ones are: four measures, none of them by eye.

Each sees pictures through the eyes of a tagger that had no part in inventing them: what it says they show, and the
features from which it says so.
"""

from typing import NamedTuple

import numpy as np

from vistext.nn.engine import keras


class Features(NamedTuple):
    """What a tagger makes of n pictures."""

    features: np.ndarray  # float32 [n, d]: what its last layer decides by, each row scaled to a mean square of 1
    probabilities: np.ndarray  # float32 [n, classes]


def extract_features(model: keras.Model, pictures: np.ndarray, batch: int = 500) -> Features:
    """Show pictures to a tagger.

    Args:
        model: as `models.tagger.build` makes it.
        pictures: uint8 [n, h, w, 3], at least 1.
        batch: so many at once.

    Returns:
        Features and probabilities.
    """
    both = keras.Model(model.inputs[0], [model.get_layer("pooled").output, model.output])
    parts = [both(pictures[first : first + batch], training=False) for first in range(0, len(pictures), batch)]
    features, logits = (np.concatenate([np.asarray(part[index], "float32") for part in parts]) for index in (0, 1))
    scale = np.sqrt((features**2).mean(axis=1, keepdims=True))
    return Features(features / np.maximum(scale, 1e-9), np.asarray(keras.ops.softmax(logits)))


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The share of pictures that are taken for what was asked for: [n, classes], int [n] → 0 to 1."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def kernel_distance(features: np.ndarray, others: np.ndarray) -> float:
    """How far two sets of pictures lie apart in some features: the squared maximum mean discrepancy, unbiased.

    The kernel is (x · y / d + 1)³, that of the Kernel Inception Distance (Bińkowski et al. 2018, "Demystifying MMD
    GANs", arXiv:1801.01401, section 4). That name belongs to the features of one network, Inception; in those of
    another one the numbers can only be compared with each other.

    Args:
        features: float [n, d], n at least 2.
        others: float [m, d], m at least 2.

    Returns:
        About 0 (it may be a little less) for two samples of the same pictures, more the more they differ.

    Raises:
        ValueError: fewer than two pictures, or features of different sizes.
    """
    features, others = np.asarray(features, np.float64), np.asarray(others, np.float64)
    if min(len(features), len(others)) < 2 or features.shape[1:] != others.shape[1:]:
        raise ValueError(
            f"features {features.shape} and {others.shape}; accepted: [n, d] and [m, d], n and m 2 or more"
        )

    def kernel(one, other):
        return (one @ other.T / one.shape[1] + 1) ** 3

    def among_themselves(one):
        n, values = len(one), kernel(one, one)
        return (values.sum() - np.trace(values)) / (n * (n - 1))

    return float(among_themselves(features) + among_themselves(others) - 2 * kernel(features, others).mean())


def intra_class_distance(features: np.ndarray, labels: np.ndarray) -> float:
    """How different pictures of the same kind are: the mean distance between two of them, meaned over the kinds.

    Args:
        features: float [n, d].
        labels: int [n], each kind at least twice.

    Returns:
        0 if those of each kind are all the same. It says something beside the same measure of real pictures.

    Raises:
        ValueError: a kind with a single picture.
    """
    each = []
    for kind in np.unique(labels):
        some = np.asarray(features[labels == kind], np.float64)
        if len(some) < 2:
            raise ValueError(f"kind {kind} has a single picture; accepted: two or more of each")
        each.append(np.sqrt(_squared_distances(some, some)).sum() / (len(some) * (len(some) - 1)))
    return float(np.mean(each))


class NearestNeighbors(NamedTuple):
    """For each of n pictures, the one most like it among others."""

    index: np.ndarray  # int [n]: which of the others
    distance: np.ndarray  # float [n]: root mean squared difference of their bytes, 0 to 255


def nearest_neighbors(pictures: np.ndarray, others: np.ndarray, batch: int = 100) -> NearestNeighbors:
    """The most similar of other pictures, pixel by pixel, as they are or mirrored; is something copied?

    Args:
        pictures: uint8 [n, h, w, 3].
        others: uint8 [m, h, w, 3], m at least 1.
        batch: so many at once.

    Returns:
        Which, and how far it is: 0 for a copy.
    """
    flat = others.reshape(len(others), -1).astype(np.float32)
    squares = (flat**2).sum(axis=1)
    found = []
    for view in (pictures, pictures[:, :, ::-1]):
        parts = []
        for first in range(0, len(view), batch):
            some = view[first : first + batch].reshape(-1, flat.shape[1]).astype(np.float32)
            # Less the square of each picture itself, which does not decide which is nearest.
            parts.append((squares - 2 * some @ flat.T).argmin(axis=1))
        index = np.concatenate(parts)
        apart = view.reshape(len(view), -1).astype(np.float64) - flat[index]
        found.append((index, np.sqrt((apart**2).mean(axis=1))))
    (index, distance), (mirrored, other_distance) = found
    closer = other_distance < distance
    return NearestNeighbors(np.where(closer, mirrored, index), np.where(closer, other_distance, distance))


def _squared_distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    squares = (one**2).sum(axis=1)[:, np.newaxis] + (other**2).sum(axis=1) - 2 * one @ other.T
    squares = np.maximum(squares, 0)
    if one is other:
        np.fill_diagonal(squares, 0)  # rounding leaves something of it
    return squares
