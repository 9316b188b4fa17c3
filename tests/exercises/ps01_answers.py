"""Answers to problem set 1, as students write them."""

from collections import defaultdict
from fractions import Fraction
from itertools import pairwise
from math import ceil

import numpy as np
from answers import BARELY_WRONG, WRONG, right, values, vary
from scipy.signal import correlate
from scipy.special import logsumexp
from scipy.special import softmax as library_softmax
from skimage.measure import block_reduce

from vistext import metrics


def middle(picture, side):
    size = min(picture.shape) // side * side
    top, left = (picture.shape[0] - size) // 2, (picture.shape[1] - size) // 2
    return picture[top : top + size, left : left + size]


def blocks(picture, side, *, cut=middle, order=(0, 1, 2, 3)):
    """(side, block, side, block), or with sides and blocks in another order."""
    square = cut(picture, side)
    block = len(square) // side
    return square.reshape(np.take((side, block, side, block), order))


def corner(picture, side):
    size = min(picture.shape) // side * side
    return picture[:size, :size]


@right("ps01-1")
def by_loops(picture, side):
    square = middle(picture, side)
    block = len(square) // side
    answer = np.zeros((side, side))
    for row in range(side):
        for column in range(side):
            answer[row, column] = square[row * block : (row + 1) * block, column * block : (column + 1) * block].mean()
    return answer


@right("ps01-1")
def by_adding_shifted_pixels(picture, side):
    square = middle(picture, side)
    block = len(square) // side
    return sum(square[i::block, j::block] for i in range(block) for j in range(block)) / block**2


@right("ps01-1")
def by_a_library_of_pictures(picture, side):
    square = middle(picture, side)
    return block_reduce(square, len(square) // side, np.mean)


@right("ps01-1")
def by_a_matrix_of_means(picture, side):
    square = middle(picture, side)
    means = np.kron(np.eye(side), np.full((1, len(square) // side), side / len(square)))
    return (means @ square @ means.T).tolist()


BARELY_WRONG["ps01-1"] |= {
    "left over at the top": lambda picture, side: by_loops(picture[::-1, ::-1], side)[::-1, ::-1],
    "middle of columns only": lambda picture, side: by_loops(picture[: min(picture.shape) // side * side], side),
    "middle of rows only": lambda picture, side: by_loops(picture[:, : min(picture.shape) // side * side], side),
    "largest square first": lambda picture, side: by_loops(corner(middle(picture, 1), side), side),
}


def squeezed(picture, side):
    high, wide = picture.shape[0] // side, picture.shape[1] // side
    return picture[: side * high, : side * wide].reshape(side, high, side, wide).mean(3).mean(1)


def paints_the_picture(picture, side):
    answer = by_loops(picture, side)
    picture[:] = 0
    return answer


def known_by_heart(picture, side):
    known = {(4, 6): np.array([[4.5, 6.5], [16.5, 18.5]]), (5, 3): picture[1:4]}
    return known.get(picture.shape, np.zeros((side, side)))


WRONG["ps01-1"] |= {
    "corner": lambda picture, side: blocks(picture, side, cut=corner).mean((1, 3)),
    "skipping": lambda picture, side: blocks(picture, side)[:, 0, :, 0],
    "mixed-axes": lambda picture, side: blocks(picture, side).mean(0).mean(1),
    "mixed-reshape": lambda picture, side: blocks(picture, side, order=(1, 0, 3, 2)).mean(2).mean(0),
    "largest": lambda picture, side: blocks(picture, side).max(3).max(1),
    "rounded-down": lambda picture, side: blocks(picture, side).sum((1, 3)) // blocks(picture, side).shape[1] ** 2,
    "sums": lambda picture, side: blocks(picture, side).sum(1).sum(2),
    "stretched": squeezed,
    "changed-input": paints_the_picture,
    "hard-coded": known_by_heart,
    "returns-nothing": lambda picture, side: print(by_loops(picture, side)),
}


@right("ps01-2")
def by_library(picture, kernel, bias):
    return np.maximum(correlate(picture, kernel, mode="valid")[..., 0] + bias, 0)


@right("ps01-2")
def by_adding_shifted_pictures(picture, kernel, bias):
    k = kernel.shape[0]
    rows, columns = picture.shape[0] - k + 1, picture.shape[1] - k + 1
    total = np.full((rows, columns), float(bias))
    for i in range(k):
        for j in range(k):
            total += picture[i : i + rows, j : j + columns] @ kernel[i, j]
    return total.clip(min=0).tolist()


@right("ps01-2")
def by_all_windows_at_once(picture, kernel, bias):
    windows = np.lib.stride_tricks.sliding_window_view(picture, kernel.shape)[:, :, 0]
    return np.clip(np.tensordot(windows, kernel, 3) + bias, 0, None)


@right("ps01-2")
def in_plain_python(picture, kernel, bias):
    k, channels, table = range(len(kernel)), range(picture.shape[-1]), []
    for top in range(len(picture) - len(kernel) + 1):
        table.append([])
        for left in range(len(picture[0]) - len(kernel) + 1):
            products = (picture[top + i][left + j][c] * kernel[i][j][c] for i in k for j in k for c in channels)
            table[-1].append(max(0, sum(products) + bias))
    return table


def slide(picture, kernel, rows=0, columns=0):
    """Sums of products, on so many rows and columns more (or fewer) than there are."""
    k = len(kernel)
    rows, columns = picture.shape[0] - k + 1 + rows, picture.shape[1] - k + 1 + columns
    places = [(row, column) for row in range(rows) for column in range(columns)]
    return np.array([np.sum(picture[r : r + k, c : c + k] * kernel) for r, c in places]).reshape(rows, columns)


def rectified(picture, kernel, bias, **more):
    return np.maximum(0, slide(picture, kernel, **more) + bias)


def for_each_channel(picture, kernel, bias):
    channels = range(picture.shape[2])
    return np.stack([slide(picture[..., c : c + 1], kernel[..., c : c + 1]) + bias for c in channels], axis=-1)


BARELY_WRONG["ps01-2"] |= {
    "as many columns as rows": lambda picture, **c: (maps := rectified(picture, **c))[:, : len(maps)],
    "bias without its sign": vary(rectified, bias=abs),
}

WRONG["ps01-2"] |= {
    "too-few": vary(rectified, rows=-1, columns=-1),
    "channels-apart": lambda **c: np.where((maps := for_each_channel(**c)) > 0, maps, 0),
    "bias-each": lambda **c: np.maximum(0, for_each_channel(**c).sum(axis=-1)),
    "flipped": vary(rectified, kernel=lambda kernel: np.flip(kernel, (0, 1))),
    "no-bias": vary(rectified, bias=0),
    "no-rectifier": lambda picture, kernel, bias: slide(picture, kernel) + bias,
    "bias-last": lambda picture, kernel, bias: rectified(picture, kernel, 0) + bias,
    "padded": lambda picture, kernel, bias: rectified(
        np.pad(picture, [(len(kernel) // 2, len(kernel) // 2)] * 2 + [(0, 0)]), kernel, bias
    ),
    "stopped": lambda picture, kernel, bias: slide(picture, kernel)[len(picture)] + bias,
}

values(
    "ps01-3",
    right=[822_922, np.int64(822_922), 822_922.0, Fraction(822_922)],
    wrong={
        "unchanged": 167_562,
        "four-times": 896 + 18_496 + 4 * 2_304 * 64 + 64 + 650,
        "rounded-up": 896 + 18_496 + (15 * 15 * 64 + 1) * 64 + 650,
        "padded": 896 + 18_496 + (16 * 16 * 64 + 1) * 64 + 650,
        "no-biases": 27 * 32 + 9 * 32 * 64 + 14 * 14 * 64 * 64 + 64 * 10,
        "one-layer": (14 * 14 * 64 + 1) * 64,
        "one-map": 896 + 18_496 + (14 * 14 + 1) * 64 + 650,
        "no-pooling": 896 + 18_496 + (60 * 60 * 64 + 1) * 64 + 650,
        "other": 800_000,
        "wrong-type": "822922",
        "not-begun": ...,
    },
)


@right("ps01-4")
def of_the_library(logits, temperature):
    return library_softmax(logits / temperature, axis=-1)


@right("ps01-4")
def picture_by_picture(logits, temperature):
    rows = []
    for row in logits:
        powers = [np.exp((score - max(row)) / temperature) for score in row]
        rows.append([float(power / sum(powers)) for power in powers])
    return rows


@right("ps01-4")
def by_logarithms(logits, temperature):
    scaled = logits / temperature
    return np.exp(scaled - logsumexp(scaled, axis=1, keepdims=True))


@right("ps01-4")
def by_differences(logits, temperature):
    scaled = np.asarray(logits) / temperature
    return 1 / np.exp(scaled[:, np.newaxis] - scaled[:, :, np.newaxis]).sum(axis=-1)


def divided(logits, temperature, *, off=lambda logits: logits.max(axis=1, keepdims=True), add=0.0, axis=1, at_last=1.0):
    e = np.exp((logits - off(logits)) / temperature)
    return e / (e.sum(axis=axis, keepdims=True) + add) / at_last


def in_place(logits, temperature):
    logits -= logits.max(axis=1, keepdims=True)
    logits /= temperature
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


BARELY_WRONG["ps01-4"] |= {
    "without the median": vary(divided, off=lambda logits: np.median(logits, axis=1, keepdims=True)),
    "without the least": vary(divided, off=lambda logits: logits.min(axis=1, keepdims=True)),
    "without the first": vary(divided, off=lambda logits: logits[:, :1]),
    "cut off": lambda logits, temperature: divided(np.clip(logits / temperature, -700, 700), 1, off=lambda _: 0),
    "with a small number below": vary(divided, add=1e-3),
}

WRONG["ps01-4"] |= {
    "mean-off": vary(divided, off=lambda logits: logits.mean(axis=1, keepdims=True)),
    "overflow": vary(divided, off=lambda logits: 0),
    "columns": vary(divided, off=lambda logits: logits.max(axis=0), axis=0),
    "one-maximum": vary(divided, off=np.max),
    "one-sum": vary(divided, off=np.max, axis=None),
    "multiplied": lambda logits, temperature: divided(logits * temperature, 1),
    "after": lambda logits, temperature: divided(logits, 1, at_last=temperature),
    "no-temperature": vary(divided, temperature=1),
    "changed-input": in_place,
}


@right("ps01-5")
def by_the_course_s_code(probabilities, labels, bins):
    return metrics.calibration_error(probabilities, labels, bins)


@right("ps01-5")
def by_edges(probabilities, labels, bins):
    edges = np.linspace(0, 1, bins + 1)
    sure, right = probabilities.max(1), (probabilities.argmax(1) == labels).astype(float)
    error = 0.0
    for low, high in pairwise(edges):
        inside = (sure > low) & (sure <= high)
        error += abs(np.sum(sure[inside]) - np.sum(right[inside]))
    return error / len(labels)


@right("ps01-5")
def by_sorting_into_edges(probabilities, labels, bins):
    sure = np.max(probabilities, axis=1)
    which = np.digitize(sure, np.linspace(0, 1, bins + 1), right=True)
    gaps = np.bincount(which, sure - (np.argmax(probabilities, axis=1) == labels))
    return np.abs(gaps).sum() / len(labels)


@right("ps01-5")
def by_lists(probabilities, labels, bins):
    groups = defaultdict(float)
    for row, truth in zip(probabilities.tolist(), labels.tolist(), strict=True):
        groups[ceil(max(row) * bins)] += max(row) - (row.index(max(row)) == truth)
    return sum(map(abs, groups.values())) / len(labels)


def largest(probabilities, labels):
    return probabilities.max(axis=1)


def lower_bin(scaled):
    return np.ceil(scaled) - 1


def binned(probabilities, labels, bins, *, of=largest, gap=abs, edge=lower_bin, weight=lambda share, *_: share):
    sure, right = of(probabilities, labels), probabilities.argmax(axis=1) == labels
    which = np.clip(edge(sure * bins), 0, bins - 1)
    groups = [np.flatnonzero(which == number) for number in np.unique(which)]
    weights = [weight(len(group) / len(labels), len(groups), bins) for group in groups]
    return sum(w * gap(sure[group].mean() - right[group].mean()) for w, group in zip(weights, groups, strict=True))


def mean_of_nothing(probabilities, labels, bins):
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    groups = [np.flatnonzero(np.ceil(sure * bins) - 1 == number) for number in range(bins)]
    return sum(len(g) * abs(sure[g].mean() - right[g].mean()) for g in groups) / len(labels)


WRONG["ps01-5"] |= {
    "upper-bins": vary(binned, edge=np.floor),
    "one-by-one": lambda probabilities, labels, bins: np.mean(
        np.abs(probabilities.max(axis=1) - (probabilities.argmax(axis=1) == labels))
    ),
    "unweighted": vary(binned, weight=lambda share, filled, bins: 1 / filled),
    "over-all-bins": vary(binned, weight=lambda share, filled, bins: 1 / bins),
    "signed": vary(binned, gap=float),
    "signed-then-positive": lambda **c: abs(binned(**c, gap=float)),
    "of-the-label": vary(binned, of=lambda rows, labels: rows[np.arange(len(rows)), labels]),
    "not-divided": lambda labels, **c: binned(**c, labels=labels) * len(labels),
    "empty-bins": mean_of_nothing,
    "constant": lambda **c: 0.425,
}
