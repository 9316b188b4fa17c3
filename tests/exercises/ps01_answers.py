"""Answers to problem set 1, as students write them."""

from collections import defaultdict
from fractions import Fraction
from math import ceil

import numpy as np
from answers import BARELY_WRONG, RIGHT, WRONG, values, vary
from scipy.signal import correlate
from scipy.special import softmax
from skimage.measure import block_reduce

from vistext import metrics


def middle(picture, side):
    size = min(picture.shape) // side * side
    top, left = (picture.shape[0] - size) // 2, (picture.shape[1] - size) // 2
    return picture[top : top + size, left : left + size]


def corner(picture, side):
    size = min(picture.shape) // side * side
    return picture[:size, :size]


def blocks(picture, side, *, cut=middle, order=(0, 1, 2, 3)):
    """(side, block, side, block), or with sides and blocks in another order."""
    square = cut(picture, side)
    block = len(square) // side
    return square.reshape(np.take((side, block, side, block), order))


def by_loops(picture, side):
    square = middle(picture, side)
    block = len(square) // side
    answer = np.zeros((side, side))
    for row in range(side):
        for column in range(side):
            answer[row, column] = square[row * block : (row + 1) * block, column * block : (column + 1) * block].mean()
    return answer


def by_a_library_of_pictures(picture, side):
    square = middle(picture, side)
    return block_reduce(square, len(square) // side, np.mean)


def by_a_matrix_of_means(picture, side):
    square = middle(picture, side)
    means = np.kron(np.eye(side), np.full((1, len(square) // side), side / len(square)))
    return (means @ square @ means.T).tolist()


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


RIGHT["ps01-1"] = [by_loops, by_a_library_of_pictures, by_a_matrix_of_means]
BARELY_WRONG["ps01-1"] = {
    "left over at the top": lambda picture, side: by_loops(picture[::-1, ::-1], side)[::-1, ::-1],
    "middle of columns only": lambda picture, side: by_loops(picture[: min(picture.shape) // side * side], side),
    "middle of rows only": lambda picture, side: by_loops(picture[:, : min(picture.shape) // side * side], side),
    "largest square first": lambda picture, side: by_loops(corner(middle(picture, 1), side), side),
}
WRONG["ps01-1"] = {
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


def by_library(picture, kernel, bias):
    return np.maximum(correlate(picture, kernel, mode="valid")[..., 0] + bias, 0)


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


def window_by_window(picture, kernel, bias, **more):
    return np.maximum(0, slide(picture, kernel, **more) + bias)


def for_each_channel(picture, kernel, bias):
    channels = range(picture.shape[2])
    return np.stack([slide(picture[..., c : c + 1], kernel[..., c : c + 1]) + bias for c in channels], axis=-1)


RIGHT["ps01-2"] = [by_library, in_plain_python, window_by_window]
BARELY_WRONG["ps01-2"] = {
    "as many columns as rows": lambda picture, **c: (maps := window_by_window(picture, **c))[:, : len(maps)],
    "bias without its sign": vary(window_by_window, bias=abs),
}
WRONG["ps01-2"] = {
    "too-few": vary(window_by_window, rows=-1, columns=-1),
    "channels-apart": lambda **c: np.where((maps := for_each_channel(**c)) > 0, maps, 0),
    "bias-each": lambda **c: np.maximum(0, for_each_channel(**c).sum(axis=-1)),
    "flipped": vary(window_by_window, kernel=lambda kernel: np.flip(kernel, (0, 1))),
    "no-bias": vary(window_by_window, bias=0),
    "no-rectifier": lambda picture, kernel, bias: slide(picture, kernel) + bias,
    "bias-last": lambda picture, kernel, bias: window_by_window(picture, kernel, 0) + bias,
    "padded": lambda picture, kernel, bias: window_by_window(
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


def of_the_library(logits, temperature):
    return softmax(logits / temperature, axis=-1)


def picture_by_picture(logits, temperature):
    rows = []
    for row in logits:
        powers = [np.exp((score - max(row)) / temperature) for score in row]
        rows.append([float(power / sum(powers)) for power in powers])
    return rows


def divided(logits, temperature, *, off=lambda logits: logits.max(axis=1, keepdims=True), add=0.0, axis=1, at_last=1.0):
    e = np.exp((logits - off(logits)) / temperature)
    return e / (e.sum(axis=axis, keepdims=True) + add) / at_last


def in_place(logits, temperature):
    logits -= logits.max(axis=1, keepdims=True)
    logits /= temperature
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


RIGHT["ps01-4"] = [of_the_library, picture_by_picture, divided]
BARELY_WRONG["ps01-4"] = {
    "without the median": vary(divided, off=lambda logits: np.median(logits, axis=1, keepdims=True)),
    "without the least": vary(divided, off=lambda logits: logits.min(axis=1, keepdims=True)),
    "without the first": vary(divided, off=lambda logits: logits[:, :1]),
    "cut off": lambda logits, temperature: divided(np.clip(logits / temperature, -700, 700), 1, off=lambda _: 0),
    "with a small number below": vary(divided, add=1e-3),
}
WRONG["ps01-4"] = {
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


def by_the_course_s_code(probabilities, labels, bins):
    return metrics.calibration_error(probabilities, labels, bins)


def by_lists(probabilities, labels, bins):
    groups = defaultdict(float)
    for row, truth in zip(probabilities.tolist(), labels.tolist(), strict=True):
        groups[ceil(max(row) * bins)] += max(row) - (row.index(max(row)) == truth)
    return sum(map(abs, groups.values())) / len(labels)


def bin_by_bin(
    probabilities,
    labels,
    bins,
    *,
    of=lambda probabilities, labels: probabilities.max(axis=1),
    gap=abs,
    edge=lambda scaled: np.ceil(scaled) - 1,
    weight=lambda share, *_: share,
):
    sure, right = of(probabilities, labels), probabilities.argmax(axis=1) == labels
    which = np.clip(edge(sure * bins), 0, bins - 1)
    groups = [np.flatnonzero(which == number) for number in np.unique(which)]
    weights = [weight(len(group) / len(labels), len(groups), bins) for group in groups]
    return sum(w * gap(sure[group].mean() - right[group].mean()) for w, group in zip(weights, groups, strict=True))


def mean_of_nothing(probabilities, labels, bins):
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    groups = [np.flatnonzero(np.ceil(sure * bins) - 1 == number) for number in range(bins)]
    return sum(len(g) * abs(sure[g].mean() - right[g].mean()) for g in groups) / len(labels)


RIGHT["ps01-5"] = [by_the_course_s_code, by_lists, bin_by_bin]
WRONG["ps01-5"] = {
    "upper-bins": vary(bin_by_bin, edge=np.floor),
    "one-by-one": lambda probabilities, labels, bins: np.mean(
        np.abs(probabilities.max(axis=1) - (probabilities.argmax(axis=1) == labels))
    ),
    "unweighted": vary(bin_by_bin, weight=lambda share, filled, bins: 1 / filled),
    "over-all-bins": vary(bin_by_bin, weight=lambda share, filled, bins: 1 / bins),
    "signed": vary(bin_by_bin, gap=float),
    "signed-then-positive": lambda **c: abs(bin_by_bin(**c, gap=float)),
    "of-the-label": vary(bin_by_bin, of=lambda rows, labels: rows[np.arange(len(rows)), labels]),
    "not-divided": lambda labels, **c: bin_by_bin(**c, labels=labels) * len(labels),
    "empty-bins": mean_of_nothing,
    "constant": lambda **c: 0.425,
}
