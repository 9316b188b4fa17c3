"""Answers to problem set 1, as students write them."""

from collections import defaultdict
from fractions import Fraction
from itertools import pairwise
from math import ceil

import numpy as np
from answers import barely_wrong, right, values, wrong
from scipy.signal import correlate
from scipy.special import logsumexp
from scipy.special import softmax as library_softmax
from skimage.measure import block_reduce

from vistext import metrics


def middle(picture, side):
    size = min(picture.shape) // side * side
    top, left = (picture.shape[0] - size) // 2, (picture.shape[1] - size) // 2
    return picture[top : top + size, left : left + size]


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


@barely_wrong("ps01-1")
def left_over_at_the_top(picture, side):
    return by_loops(picture[::-1, ::-1], side)[::-1, ::-1]


@barely_wrong("ps01-1")
def middle_of_the_columns_only(picture, side):
    size = min(picture.shape) // side * side
    return by_loops(picture[:size], side)


@barely_wrong("ps01-1")
def middle_of_the_rows_only(picture, side):
    size = min(picture.shape) // side * side
    return by_loops(picture[:, :size], side)


@barely_wrong("ps01-1")
def largest_square_first(picture, side):
    least = min(picture.shape)
    top, left = ((size - least) // 2 for size in picture.shape)
    return by_loops(picture[top : top + least // side * side, left : left + least // side * side], side)


@wrong("ps01-1", "corner")
def from_the_corner(picture, side):
    block = min(picture.shape) // side
    answer = np.zeros((side, side))
    for row in range(side):
        for column in range(side):
            answer[row, column] = np.mean(
                picture[row * block : (row + 1) * block, column * block : (column + 1) * block]
            )
    return answer


@wrong("ps01-1", "skipping")
def every_nth_pixel(picture, side):
    square = middle(picture, side)
    step = square.shape[0] // side
    return square[::step, ::step]


@wrong("ps01-1", "mixed-axes")
def mean_over_the_other_axes(picture, side):
    square = middle(picture, side)
    block = square.shape[0] // side
    blocks = square.reshape(side, block, side, block)
    return blocks.mean(0).mean(1)


@wrong("ps01-1", "mixed-reshape")
def reshape_the_other_way_round(picture, side):
    square = middle(picture, side)
    block = square.shape[0] // side
    return square.reshape((block, side, block, side)).mean(axis=2).mean(axis=0)


@wrong("ps01-1", "largest")
def pooled(picture, side):
    square = middle(picture, side)
    block = len(square) // side
    rows = [np.max(np.split(square, side, axis=0)[row], axis=0) for row in range(side)]
    return np.array([[row[k * block : (k + 1) * block].max() for k in range(side)] for row in rows])


@wrong("ps01-1", "rounded-down")
def in_integers(picture, side):
    square = middle(picture, side)
    block = len(square) // side
    return square.reshape(side, block, side, block).sum(axis=(1, 3)) // block**2


@wrong("ps01-1", "sums")
def not_divided(picture, side):
    square = middle(picture, side)
    block = len(square) // side
    return square.reshape(side, block, side, block).sum(axis=1).sum(axis=2)


@wrong("ps01-1", "stretched")
def squeezed(picture, side):
    high, wide = picture.shape[0] // side, picture.shape[1] // side
    rows = range(side)
    return np.array(
        [[picture[r * high : (r + 1) * high, c * wide : (c + 1) * wide].mean() for c in rows] for r in rows]
    )


@wrong("ps01-1", "changed-input")
def paints_the_picture(picture, side):
    square = middle(picture, side)
    block = len(square) // side
    answer = square.reshape(side, block, side, block).mean(axis=(1, 3))
    picture[:] = 0
    return answer


@wrong("ps01-1", "hard-coded")
def known_by_heart(picture, side):
    if picture.shape == (4, 6):
        return np.array([[4.5, 6.5], [16.5, 18.5]])
    if picture.shape == (5, 3):
        return picture[1:4]
    return np.zeros((side, side))


@wrong("ps01-1", "returns-nothing")
def prints_it(picture, side):
    print(by_loops(picture, side))


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
    k, channels = len(kernel), range(picture.shape[-1])
    table = []
    for top in range(len(picture) - k + 1):
        table.append([])
        for left in range(len(picture[0]) - k + 1):
            products = (
                picture[top + i][left + j][c] * kernel[i][j][c] for i in range(k) for j in range(k) for c in channels
            )
            table[-1].append(max(0, sum(products) + bias))
    return table


@barely_wrong("ps01-2")
def as_many_columns_as_rows(picture, kernel, bias):
    rows = picture.shape[0] - len(kernel) + 1
    return np.maximum(0, slide(picture, kernel, rows, min(rows, picture.shape[1] - len(kernel) + 1)) + bias)


@barely_wrong("ps01-2")
def bias_without_its_sign(picture, kernel, bias):
    return np.maximum(0, slide(picture, kernel) + abs(bias))


def slide(picture, kernel, rows=None, columns=None):
    k = len(kernel)
    rows = picture.shape[0] - k + 1 if rows is None else rows
    columns = picture.shape[1] - k + 1 if columns is None else columns
    return np.array(
        [[np.sum(picture[r : r + k, c : c + k] * kernel) for c in range(columns)] for r in range(rows)]
    ).reshape(rows, columns)


@wrong("ps01-2", "flipped")
def a_mathematicians_convolution(picture, kernel, bias):
    return np.maximum(0, slide(picture, np.flip(kernel, (0, 1))) + bias)


@wrong("ps01-2", "too-few")
def one_short(picture, kernel, bias):
    k = len(kernel)
    return np.maximum(0, slide(picture, kernel, picture.shape[0] - k, picture.shape[1] - k) + bias)


@wrong("ps01-2", "channels-apart")
def a_map_for_each_channel(picture, kernel, bias):
    k = kernel.shape[0]
    rows, columns = picture.shape[0] - k + 1, picture.shape[1] - k + 1
    answer = np.zeros((rows, columns, picture.shape[2]))
    for r in range(rows):
        for c in range(columns):
            answer[r, c] = np.sum(picture[r : r + k, c : c + k] * kernel, axis=(0, 1)) + bias
    return np.where(answer > 0, answer, 0)


@wrong("ps01-2", "no-bias")
def without_bias(picture, kernel, bias):
    return np.maximum(0, slide(picture, kernel))


@wrong("ps01-2", "bias-each")
def bias_for_each_channel(picture, kernel, bias):
    total = sum(slide(picture[..., c : c + 1], kernel[..., c : c + 1]) + bias for c in range(picture.shape[2]))
    return np.maximum(0, total)


@wrong("ps01-2", "no-rectifier")
def without_the_rectifier(picture, kernel, bias):
    return slide(picture, kernel) + bias


@wrong("ps01-2", "bias-last")
def bias_after_the_rectifier(picture, kernel, bias):
    return np.maximum(0, slide(picture, kernel)) + bias


@wrong("ps01-2", "padded")
def same_size(picture, kernel, bias):
    half = kernel.shape[0] // 2
    bordered = np.zeros((picture.shape[0] + 2 * half, picture.shape[1] + 2 * half, picture.shape[2]))
    bordered[half : half + picture.shape[0], half : half + picture.shape[1]] = picture
    return np.maximum(0, slide(bordered, kernel) + bias)


@wrong("ps01-2", "stopped")
def runs_over_the_edge(picture, kernel, bias):
    k = len(kernel)
    answer = np.zeros((picture.shape[0] - k + 1, picture.shape[1] - k + 1))
    for r in range(picture.shape[0]):
        for c in range(picture.shape[1]):
            answer[r, c] = np.sum(picture[r : r + k, c : c + k] * kernel)
    return answer


values(
    "ps01-3",
    right={"whole": 822_922, "NumPy's": np.int64(822_922), "with a point": 822_922.0, "exact": Fraction(822_922)},
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


@wrong("ps01-4", "mean-off")
def without_the_mean(logits, temperature):
    scaled = logits / temperature
    e = np.exp(scaled - scaled.mean(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@barely_wrong("ps01-4")
def without_the_median(logits, temperature):
    e = np.exp((logits - np.median(logits, axis=1, keepdims=True)) / temperature)
    return e / e.sum(axis=1, keepdims=True)


@barely_wrong("ps01-4")
def without_the_least(logits, temperature):
    e = np.exp((logits - logits.min(axis=1, keepdims=True)) / temperature)
    return e / e.sum(axis=1, keepdims=True)


@barely_wrong("ps01-4")
def without_the_first(logits, temperature):
    e = np.exp((logits - logits[:, :1]) / temperature)
    return e / e.sum(axis=1, keepdims=True)


@barely_wrong("ps01-4")
def cut_off(logits, temperature):
    e = np.exp(np.clip(logits / temperature, -700, 700))
    return e / e.sum(axis=1, keepdims=True)


@barely_wrong("ps01-4")
def with_a_small_number_below(logits, temperature):
    e = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    return e / (e.sum(axis=1, keepdims=True) + 1e-3)


@wrong("ps01-4", "overflow")
def plain_exp(logits, temperature):
    e = np.exp(logits / temperature)
    return e / np.sum(e, axis=1)[:, None]


@wrong("ps01-4", "columns")
def along_the_other_axis(logits, temperature):
    e = np.exp((logits - logits.max(axis=0)) / temperature)
    return e / e.sum(axis=0)


@wrong("ps01-4", "one-maximum")
def one_maximum(logits, temperature):
    e = np.exp((logits - np.max(logits)) / temperature)
    return e / e.sum(axis=1, keepdims=True)


@wrong("ps01-4", "one-sum")
def one_sum(logits, temperature):
    e = np.exp((logits - np.max(logits)) / temperature)
    return e / np.sum(e)


@wrong("ps01-4", "multiplied")
def times_temperature(logits, temperature):
    scaled = logits * temperature
    e = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@wrong("ps01-4", "after")
def divided_at_the_end(logits, temperature):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) / temperature


@wrong("ps01-4", "no-temperature")
def temperature_cancels(logits, temperature):
    e = np.exp(logits - logits.max(axis=1, keepdims=True)) / temperature
    return e / e.sum(axis=1, keepdims=True)


@wrong("ps01-4", "changed-input")
def in_place(logits, temperature):
    logits -= logits.max(axis=1, keepdims=True)
    logits /= temperature
    e = np.exp(logits)
    return e / e.sum(axis=1, keepdims=True)


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
    groups = defaultdict(list)
    for row, truth in zip(probabilities.tolist(), labels.tolist(), strict=True):
        groups[ceil(max(row) * bins)].append((max(row), row.index(max(row)) == truth))
    total = 0
    for pairs in groups.values():
        sure, right = zip(*pairs, strict=True)
        total += len(pairs) * abs(sum(sure) / len(pairs) - sum(right) / len(pairs))
    return total / len(labels)


@wrong("ps01-5", "upper-bins")
def edges_belong_above(probabilities, labels, bins):
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    which = np.minimum((sure * bins).astype(int), bins - 1)
    chosen = [which == number for number in range(bins) if np.any(which == number)]
    return sum(c.sum() * abs(sure[c].mean() - right[c].mean()) for c in chosen) / len(labels)


def binned(probabilities, bins):
    sure = probabilities.max(axis=1)
    which = np.ceil(sure * bins).astype(int) - 1
    return sure, [np.flatnonzero(which == number) for number in range(bins)]


@wrong("ps01-5", "one-by-one")
def without_bins(probabilities, labels, bins):
    right = probabilities.argmax(axis=1) == labels
    return np.mean(np.abs(np.max(probabilities, axis=1) - right))


@wrong("ps01-5", "unweighted")
def mean_of_gaps(probabilities, labels, bins):
    sure, groups = binned(probabilities, bins)
    right = probabilities.argmax(axis=1) == labels
    return np.mean([abs(sure[g].mean() - right[g].mean()) for g in groups if len(g)])


@wrong("ps01-5", "over-all-bins")
def sum_of_gaps_by_bins(probabilities, labels, bins):
    sure, groups = binned(probabilities, bins)
    right = probabilities.argmax(axis=1) == labels
    return sum(abs(sure[g].mean() - right[g].mean()) for g in groups if len(g)) / bins


@wrong("ps01-5", "signed")
def with_signs(probabilities, labels, bins):
    sure, groups = binned(probabilities, bins)
    right = probabilities.argmax(axis=1) == labels
    return sum(len(g) * (sure[g].mean() - right[g].mean()) for g in groups if len(g)) / len(labels)


@wrong("ps01-5", "signed-then-positive")
def sign_dropped_too_late(probabilities, labels, bins):
    return abs(with_signs(probabilities, labels, bins))


@wrong("ps01-5", "of-the-label")
def sure_of_the_truth(probabilities, labels, bins):
    sure = np.array([row[label] for row, label in zip(probabilities, labels, strict=True)])
    right = probabilities.argmax(axis=1) == labels
    which = np.maximum(np.ceil(sure * bins).astype(int) - 1, 0)
    chosen = [which == number for number in range(bins) if np.any(which == number)]
    return sum(c.sum() * abs(sure[c].mean() - right[c].mean()) for c in chosen) / len(labels)


@wrong("ps01-5", "not-divided")
def a_sum(probabilities, labels, bins):
    sure, groups = binned(probabilities, bins)
    right = probabilities.argmax(axis=1) == labels
    return sum(len(g) * abs(sure[g].mean() - right[g].mean()) for g in groups if len(g))


@wrong("ps01-5", "empty-bins")
def mean_of_nothing(probabilities, labels, bins):
    sure, groups = binned(probabilities, bins)
    right = probabilities.argmax(axis=1) == labels
    return sum(len(g) * abs(sure[g].mean() - right[g].mean()) for g in groups) / len(labels)


@wrong("ps01-5", "constant")
def a_number_that_looks_right(probabilities, labels, bins):
    return 0.425
