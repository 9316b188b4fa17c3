"""Answers to problem set 1, as students write them."""

from collections import defaultdict
from fractions import Fraction
from math import ceil

import numpy as np
from answers import BARELY_WRONG, RIGHT, WRONG, values, vary
from scipy.signal import correlate
from scipy.special import log_softmax, softmax
from sklearn.neural_network import MLPClassifier

from vistext import metrics


def paints_the_picture(picture, kernel, bias):
    answer = window_by_window(picture, kernel, bias)
    picture[:] = 0
    return answer


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


RIGHT["ps01-1"] = [by_library, in_plain_python, window_by_window]
BARELY_WRONG["ps01-1"] = {
    "as many columns as rows": lambda picture, **c: (maps := window_by_window(picture, **c))[:, : len(maps)],
    "bias without its sign": vary(window_by_window, bias=abs),
}
WRONG["ps01-1"] = {
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
    "changed-input": paints_the_picture,
    "returns-nothing": lambda **case: print(window_by_window(**case)),
}

values(
    "ps01-2",
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


def loss_of(x, labels, weights):
    w1, b1, w2, b2 = weights
    logits = np.maximum(0, x @ w1 + b1) @ w2 + b2
    return -log_softmax(logits, axis=1)[np.arange(len(x)), labels].mean()


def measured(x, labels, weights, step=1e-5):
    """Finite differences, weight by weight."""
    found = []
    for array in weights:
        slopes = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            before = array[place]
            array[place] = before + step
            above = loss_of(x, labels, weights)
            array[place] = before - step
            slopes[place] = (above - loss_of(x, labels, weights)) / (2 * step)
            array[place] = before
        found.append(slopes)
    return found


def layer_by_layer(x, labels, weights, *, softmax=softmax, share=1.0, target=None, passes=np.heaviside, divide=1.0):
    before = x @ weights[0] + weights[1]
    hidden = np.where(before > 0, before, 0)
    probabilities = softmax(hidden @ weights[2] + weights[3], axis=1)
    classes = probabilities.shape[1]
    error = share * (probabilities - (np.eye(classes)[labels] if target is None else target)) / len(labels)
    back = error.dot(weights[2].T) * passes(before, 0.0)
    return back_to_front(x, back, divide) + back_to_front(hidden, error, divide)


def back_to_front(inputs, error, divide):
    return (inputs.T @ error, np.sum(error, axis=0) / divide)


def picture_by_picture(x, labels, weights):
    w1, b1, w2, b2 = weights
    totals = [np.zeros(array.shape) for array in weights]
    for row, label in zip(x, labels, strict=True):
        hidden = (row @ w1 + b1).clip(min=0)
        powers = np.exp(hidden @ w2 + b2)
        error = powers / powers.sum()
        error[label] -= 1
        back = np.where(hidden > 0, w2 @ error, 0)
        own = np.outer(row, back), back, np.outer(hidden, error), error
        totals = [total + one / len(x) for total, one in zip(totals, own, strict=True)]
    return totals


def nudges_the_weights(x, labels, weights):
    answer = picture_by_picture(x, labels, weights)
    weights[0] -= 0.5 * answer[0]
    return answer


RIGHT["ps01-3"] = [measured, layer_by_layer, picture_by_picture]
BARELY_WRONG["ps01-3"] = {
    "a large step": vary(measured, step=0.5),
    "a leaky ReLU": vary(layer_by_layer, passes=lambda before, _: np.where(before > 0, 1, 0.01)),
    "label smoothing": lambda labels, weights, **case: layer_by_layer(
        labels=labels, weights=weights, target=0.95 * np.eye(len(weights[3]))[labels] + 0.05 / len(weights[3]), **case
    ),
    "no biases": lambda weights, **case: [g * (g.ndim > 1) for g in layer_by_layer(weights=weights, **case)],
}
WRONG["ps01-3"] = {
    "not-averaged": lambda labels, **case: layer_by_layer(labels=labels, share=len(labels), **case),
    "wrong-sign": vary(layer_by_layer, share=-1),
    "bias-means": lambda labels, **case: layer_by_layer(labels=labels, divide=len(labels), **case),
    "no-target": vary(layer_by_layer, target=0),
    "of-logits": vary(layer_by_layer, softmax=lambda logits, axis: logits),
    "over-pictures": vary(layer_by_layer, softmax=lambda logits, axis: np.exp(logits) / np.exp(logits).sum(axis=0)),
    "relu-ignored": vary(layer_by_layer, passes=lambda before, _: 1),
    "relu-itself": vary(layer_by_layer, passes=np.maximum),
    "changed-input": nudges_the_weights,
    "wrong-shape": lambda **case: [np.atleast_2d(gradient) for gradient in layer_by_layer(**case)],
}


def scaled(pictures):
    return pictures.reshape(len(pictures), -1) / 128 - 1


def by_gradient_descent(pictures, labels, *, units=24, steps=400, rate=0.4, start=None, last=softmax, relu=np.maximum):
    random, x, targets = np.random.default_rng(3), scaled(pictures), np.eye(3)[labels]
    start = start or (lambda *shape: random.normal(0, np.sqrt(2 / shape[0]), shape))
    w1, b1, w2, b2 = start(36, units), np.zeros(units), start(units, 3), np.zeros(3)
    for _ in range(steps):
        hidden = relu(x @ w1 + b1, 0)
        errors = (softmax(hidden @ w2 + b2, axis=1) - targets) / len(x)
        back = errors @ w2.T * (hidden != 0)
        w1, b1, w2, b2 = (
            w1 - rate * x.T @ back,
            b1 - rate * back.sum(0),
            w2 - rate * hidden.T @ errors,
            b2 - rate * errors.sum(0),
        )
    return lambda pictures: last(relu(scaled(pictures) @ w1 + b1, 0) @ w2 + b2, axis=1)


def in_batches_with_tanh(pictures, labels):
    random = np.random.default_rng(5)
    first, second = random.normal(0, 0.3, (37, 32)), random.normal(0, 0.2, (32, 3))
    inputs = lambda pictures: np.pad(scaled(pictures), ((0, 0), (0, 1)), constant_values=1)  # noqa: E731
    for _ in range(600):
        batch = random.integers(0, len(pictures), 60)
        hidden = np.tanh(inputs(pictures[batch]) @ first)
        errors = (softmax(hidden @ second, axis=1) - np.eye(3)[labels[batch]]) / 60
        back = errors @ second.T * (1 - hidden**2)
        second -= hidden.T @ errors
        first -= inputs(pictures[batch]).T @ back
    return lambda pictures: softmax(np.tanh(inputs(pictures) @ first) @ second, axis=1)


def of_the_library(pictures, labels):
    trained = MLPClassifier((40,), max_iter=300, random_state=0, tol=0).fit(scaled(pictures), labels)
    return lambda pictures: trained.predict_proba(scaled(pictures)).tolist()


RIGHT["ps01-4"] = [by_gradient_descent, in_batches_with_tanh, of_the_library]
WRONG["ps01-4"] = {
    "no-probabilities": vary(by_gradient_descent, last=lambda logits, axis: logits),
    "too-short": vary(by_gradient_descent, steps=12),
    "guessing": vary(by_gradient_descent, relu=lambda before, _: before),
    "confused": vary(by_gradient_descent, units=2),
    "wrong-shape": lambda **case: lambda asked: by_gradient_descent(**case)(asked)[:, 0],
    "returns-nothing": lambda **case: print(by_gradient_descent(**case)),
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


def by_one_product(maps, gradients):
    heat = np.maximum(maps @ gradients.mean(axis=(0, 1)), 0)
    return heat / max(heat.max(), 1e-12)


def by_einsum(maps, gradients):
    heat = np.einsum("rcm,m->rc", maps, gradients.reshape(-1, gradients.shape[-1]).sum(axis=0)).clip(min=0)
    return heat / heat.max() if heat.any() else heat


def map_by_map(
    maps, gradients, *, weigh=np.mean, least=lambda total: 0.0, largest=np.max, among=lambda weights: weights
):
    weights = among(np.array([weigh(gradients[..., k]) for k in range(maps.shape[-1])]))
    total = sum(weight * maps[..., k] for k, weight in enumerate(weights))
    total = np.where(total > 0, total, least(total))
    return total / largest(total) if np.any(total) else total


RIGHT["ps01-6"] = [by_one_product, by_einsum, map_by_map]
BARELY_WRONG["ps01-6"] = {
    "with a small number below": lambda maps, gradients: (
        (heat := np.maximum(maps @ gradients.mean((0, 1)), 0)) / (heat.max() + 1e-3)
    ),
    "median of gradients": vary(map_by_map, weigh=np.median),
    "ones where nothing rises": lambda **case: heat if (heat := map_by_map(**case)).any() else np.ones_like(heat),
    "scaled by its absolute values": lambda maps, gradients: np.maximum(
        0, (heat := maps @ gradients.mean((0, 1))) / np.abs(heat).max()
    ),
}
WRONG["ps01-6"] = {
    "unweighted": vary(map_by_map, weigh=lambda gradients: 1.0),
    "place-by-place": vary(map_by_map, weigh=np.array, among=list),
    "absolute": vary(map_by_map, weigh=lambda gradients: np.abs(gradients).mean()),
    "largest": vary(map_by_map, weigh=np.max),
    "no-relu": vary(map_by_map, least=lambda total: total * (total.max() > 0)),
    "no-relu-at-all": lambda maps, gradients: (heat := maps @ gradients.mean((0, 1))) / heat.max(),
    "relu-last": lambda maps, gradients: np.maximum(0, (heat := maps @ gradients.mean((0, 1))) / heat.max()),
    "positive-weights": vary(map_by_map, among=lambda weights: weights.clip(min=0)),
    "not-scaled": vary(map_by_map, largest=lambda total: 1),
    "lowest-to-0": lambda **case: ((heat := map_by_map(**case)) - heat.min()) / ((heat.max() - heat.min()) or 1),
    "nan": lambda maps, gradients: (heat := np.maximum(0, maps @ gradients.mean((0, 1)))) / heat.max(),
    "constant": lambda maps, gradients: np.ones((2, 2)),
}
