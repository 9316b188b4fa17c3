"""Metrics of generated pictures, in the features of a classifier that had no part in training the generator."""

from typing import NamedTuple

import numpy as np

from vistext import metrics
from vistext.nn.engine import keras

accuracy = metrics.accuracy


class Features(NamedTuple):
    """What a classifier makes of n pictures."""

    features: np.ndarray  # float32 [n, d]: the input of its last layer, each row scaled to a mean square of 1
    probabilities: np.ndarray  # float32 [n, classes]


def extract_features(model: keras.Model, pictures: np.ndarray, batch: int = 500) -> Features:
    """Features and probabilities of pictures uint8 [n, h, w, 3], by a classifier as `classification` builds it."""
    outputs = keras.Model(model.inputs[0], [model.get_layer("pooled").output, model.output])
    parts = [outputs(pictures[first : first + batch], training=False) for first in range(0, len(pictures), batch)]
    features, logits = (np.concatenate([np.asarray(part[index], "float32") for part in parts]) for index in (0, 1))
    scale = np.sqrt((features**2).mean(axis=1, keepdims=True))
    return Features(features / np.maximum(scale, 1e-9), np.asarray(keras.ops.softmax(logits)))


def kernel_distance(features: np.ndarray, others: np.ndarray) -> float:
    """The squared maximum mean discrepancy of features [n, d] and others [m, d], unbiased, n and m at least 2.

    The kernel is (x · y / d + 1)³, that of the Kernel Inception Distance (Bińkowski et al. 2018, arXiv:1801.01401,
    section 4), but not in the features of Inception: so numbers can only be compared with each other. About 0 (it may
    be a little less) for two samples of the same pictures.
    """
    features, others = np.asarray(features, np.float64), np.asarray(others, np.float64)
    if min(len(features), len(others)) < 2 or features.shape[1:] != others.shape[1:]:
        raise ValueError(
            f"features {features.shape} and {others.shape}; accepted: [n, d] and [m, d], n and m 2 or more"
        )

    def kernel(x, y):
        return (x @ y.T / x.shape[1] + 1) ** 3

    def mean_within(x):
        n, values = len(x), kernel(x, x)
        return (values.sum() - np.trace(values)) / (n * (n - 1))

    return float(mean_within(features) + mean_within(others) - 2 * kernel(features, others).mean())


def intra_class_distance(features: np.ndarray, labels: np.ndarray) -> float:
    """The mean distance between two pictures of the same kind, averaged over the kinds; to be compared with real ones.

    Features are float [n, d]; ValueError if a kind of the labels int [n] has a single picture.
    """
    from scipy.spatial.distance import pdist  # late: only this needs it

    means = []
    for kind in np.unique(labels):
        same = np.asarray(features[labels == kind], np.float64)
        if len(same) < 2:
            raise ValueError(f"kind {kind} has a single picture; accepted: two or more of each")
        means.append(pdist(same).mean())
    return float(np.mean(means))


class NearestNeighbors(NamedTuple):
    """For each of n pictures, its nearest neighbor among others."""

    indices: np.ndarray  # int [n]: which of the others
    distance: np.ndarray  # float [n]: root mean squared difference of their bytes, 0 to 255


def nearest_neighbors(pictures: np.ndarray, others: np.ndarray) -> NearestNeighbors:
    """The nearest of others uint8 [m, h, w, 3] to pictures uint8 [n, h, w, 3], by pixels, as they are or mirrored."""
    flat = others.reshape(len(others), -1).astype(np.float32)
    squares = (flat**2).sum(axis=1)
    found = []
    for view in (pictures, pictures[:, :, ::-1]):
        rows = view.reshape(len(view), -1).astype(np.float32)
        # Without the squares of the pictures themselves, which do not decide which is nearest.
        index = (squares - 2 * rows @ flat.T).argmin(axis=1)
        found.append((index, np.sqrt(((rows - flat[index]) ** 2).mean(axis=1, dtype=np.float64))))
    (index, distance), (mirrored_index, mirrored_distance) = found
    mirrored = mirrored_distance < distance
    return NearestNeighbors(np.where(mirrored, mirrored_index, index), np.where(mirrored, mirrored_distance, distance))
