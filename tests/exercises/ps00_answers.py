"""Answers to problem set 0, as students write them."""

from bisect import bisect_left
from fractions import Fraction
from itertools import accumulate
from math import exp

import numpy as np
from answers import BARELY_WRONG, RIGHT, WRONG, values, vary
from scipy.special import expit, log_softmax, softmax
from skimage.measure import label, regionprops
from sklearn.linear_model import LogisticRegression


def in_one_step(picture, largest=255, axis=(0, 1)):
    return picture.mean(axis=axis) / largest


def of_a_list_of_pixels(picture):
    return list((picture / 255).reshape(-1, 3).mean(axis=0))


def pixel_after_pixel(picture):
    totals = [0, 0, 0]
    for row in picture.tolist():
        for pixel in row:
            totals = [total + value for total, value in zip(totals, pixel, strict=True)]
    return tuple(total / 255 / picture.shape[0] / picture.shape[1] for total in totals)


RIGHT["ps00-1"] = [in_one_step, of_a_list_of_pixels, pixel_after_pixel]
BARELY_WRONG["ps00-1"] = {
    "rounded": lambda picture: in_one_step(picture).round(2),
    "whole bytes": lambda picture: picture.mean(axis=(0, 1)).astype(np.uint8) / 255,
    "without the last row": lambda picture: in_one_step(picture[:-1] if len(picture) > 1 else picture),
    "mean of the extremes": lambda picture: (picture.max((0, 1)) / 255 + picture.min((0, 1)) / 255) / 2,
}
WRONG["ps00-1"] = {
    "not-scaled": vary(in_one_step, largest=1),
    "one-number": vary(in_one_step, axis=None),
    "rows": vary(in_one_step, axis=(1, 2)),
    "columns": vary(in_one_step, axis=(0, 2)),
    "reversed": lambda picture: in_one_step(picture)[::-1],
    "brightest": lambda picture: picture.max(axis=(0, 1)) / 255,
    "median": lambda picture: np.median(picture, axis=(0, 1)) / 255,
    "by-256": vary(in_one_step, largest=256),
    "rounded-down": lambda picture: picture.mean(axis=(0, 1)) // 255,
    "overflow": lambda picture: picture.sum(axis=(0, 1), dtype=np.uint8) / (255 * picture[..., 0].size),
    "returns-nothing": lambda picture: print(in_one_step(picture)),
}

values(
    "ps00-2",
    right=[3072, 3072.0, np.prod((32, 32, 3)), Fraction(3072)],
    wrong={"other": 3000, "wrong-shape": (32, 32, 3)},
)


def by_the_library(mask):
    found = regionprops(mask.astype(int))
    return list(found[0].bbox) if found else None


def by_rows_and_columns(mask, begin=0, end=1):
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([rows[0] + begin, columns[0] + begin, rows[-1] + end, columns[-1] + end], float)


def pixel_by_pixel(mask):
    box = None
    for row, line in enumerate(mask):
        for column, there in enumerate(line):
            if there:
                top, left, bottom, right = box or (row, column, 0, 0)
                box = (min(top, row), min(left, column), max(bottom, row + 1), max(right, column + 1))
    return box


def arranged(arrange):
    """A box that is wrong by how its numbers are arranged, around whatever there is."""
    return lambda mask: None if (box := by_rows_and_columns(mask)) is None else arrange(*box.tolist())


RIGHT["ps00-3"] = [by_the_library, by_rows_and_columns, pixel_by_pixel]
BARELY_WRONG["ps00-3"] = {
    "the first blob": lambda mask: list(blobs[0].bbox) if (blobs := regionprops(label(mask))) else None,
    "none at the top edge": arranged(lambda top, *more: [top, *more] if top else None),
    "none around one pixel": lambda mask: by_rows_and_columns(mask) if mask.sum() > 1 else None,
    "stays inside": lambda mask: (
        np.minimum(by_rows_and_columns(mask), [*mask.shape, *np.subtract(mask.shape, 1)]) if mask.any() else None
    ),
    "each number once": arranged(lambda *box: list(dict.fromkeys(box))),
}
WRONG["ps00-3"] = {
    "last-one-out": vary(by_rows_and_columns, end=0),
    "columns-first": arranged(lambda top, left, bottom, right: [left, top, right, bottom]),
    "sizes": arranged(lambda top, left, bottom, right: [top, left, bottom - top, right - left]),
    "pairs": arranged(lambda top, left, bottom, right: [top, bottom, left, right]),
    "one-too-wide": vary(by_rows_and_columns, begin=-1, end=2),
    "first-and-last": lambda mask: [*at[0], *(at[-1] + 1)] if len(at := np.argwhere(mask)) else None,
    "around-nothing": lambda mask: by_rows_and_columns(mask) if mask.any() else [0, 0, 0, 0],
    "fails-on-nothing": lambda mask: [*np.min(np.where(mask), axis=1), *(np.max(np.where(mask), axis=1) + 1)],
    "returns-nothing": lambda mask: None,
}


def row_by_row(logits, threshold):
    found = []
    for row in logits.tolist():
        powers = [exp(value - max(row)) for value in row]
        found.append(powers.index(max(powers)) if max(powers) / sum(powers) >= threshold else -1)
    return found


def with_the_library(
    logits, threshold, *, scale=softmax, axis=1, enough=np.ndarray.__ge__, pick=np.argmax, otherwise=-1
):
    probabilities = scale(logits, axis=axis)
    found = pick(probabilities, axis=1)
    found[~enough(probabilities.max(axis=1), threshold)] = otherwise
    return found


def by_logarithms(logits, threshold):
    logarithms = log_softmax(logits, axis=-1)
    best = np.argmax(logits, axis=-1)
    return [int(k) if np.exp(row[k]) >= threshold else -1 for row, k in zip(logarithms, best, strict=True)]


def without_its(extreme):
    """Powers of logits from which something is subtracted, but not the maximum of each row."""
    powers = lambda logits: np.exp(logits - extreme(logits))  # noqa: E731
    return lambda logits, axis: powers(logits) / powers(logits).sum(axis=1, keepdims=True)


RIGHT["ps00-4"] = [row_by_row, with_the_library, by_logarithms]
BARELY_WRONG["ps00-4"] = {
    "cut off": lambda logits, threshold: with_the_library(np.clip(logits, -700, 700), threshold),
    "powers of two": lambda logits, threshold: with_the_library(logits * np.log(2), threshold),
    "a half is always enough": lambda logits, threshold: with_the_library(logits, min(threshold, 0.5)),
    "never the last class": lambda logits, threshold: with_the_library(logits[:, :-1], threshold),
}
WRONG["ps00-4"] = {
    "of-logits": lambda logits, threshold: np.where(logits.max(axis=1) >= threshold, logits.argmax(axis=1), -1),
    "sigmoid": vary(with_the_library, scale=lambda logits, axis: expit(logits)),
    "over-pictures": vary(with_the_library, axis=0),
    "one-sum": vary(with_the_library, axis=None),
    "one-maximum": vary(with_the_library, scale=without_its(np.max)),
    "overflow": vary(with_the_library, scale=without_its(lambda logits: 0)),
    "never-unsure": lambda logits, threshold: logits.argmax(axis=1),
    "below": vary(with_the_library, enough=np.ndarray.__lt__),
    "above-only": vary(with_the_library, enough=np.ndarray.__gt__),
    "least-probable": vary(with_the_library, pick=np.argmin),
    "zero": vary(with_the_library, otherwise=0),
    "wrong-type": lambda logits, threshold: [str(found) for found in with_the_library(logits, threshold)],
}


def by_trying_each(confidences, correct, accuracy, *, order=sorted, accept=float.__ge__, share=None):
    for threshold in order(confidences):
        chosen = [pair for pair in zip(correct, confidences, strict=True) if accept(pair[1], threshold)]
        outcomes, values = zip(*chosen, strict=True) if chosen else ([], [])
        if chosen and (share(outcomes, values, correct) if share else np.mean(outcomes)) >= accuracy:
            return threshold
    return None


def by_counting_down(confidences, correct, accuracy):
    order = np.argsort(confidences)[::-1]
    accuracies = np.cumsum(correct[order]) / np.arange(1, len(correct) + 1)
    enough = np.flatnonzero(accuracies >= accuracy)
    return confidences[order][enough[-1]] if len(enough) else None


def by_adding_up(confidences, correct, accuracy):
    found = None
    pairs = sorted(zip(confidences.tolist(), correct.tolist(), strict=True), reverse=True)
    for count, (hits, (one, _)) in enumerate(zip(accumulate(hit for _, hit in pairs), pairs, strict=True), start=1):
        found = one if hits >= accuracy * count else found
    return found


def by_halving(confidences, correct, accuracy):
    place = bisect_left([correct[confidences >= least].mean() for least in np.sort(confidences)], accuracy)
    return sorted(confidences)[place] if place < len(confidences) else None


def until_it_fails(confidences, correct, accuracy):
    found, hits = None, 0
    for count, (confidence, hit) in enumerate(sorted(zip(confidences, correct, strict=True), reverse=True), start=1):
        hits += hit
        if hits / count < accuracy:
            return found
        found = confidence
    return found


def never(extreme):
    """A threshold, but where it is the lowest (or highest) of all confidences."""
    return lambda confidences, **c: (
        found if (found := by_trying_each(confidences, **c)) != extreme(confidences) else None
    )


RIGHT["ps00-5"] = [by_trying_each, by_counting_down, by_adding_up]
BARELY_WRONG["ps00-5"] = {
    "the first as given": vary(by_trying_each, order=list),
    "by halving": by_halving,
    "never all of them": never(min),
    "never the most confident alone": never(max),
}
WRONG["ps00-5"] = {
    "from-the-top": until_it_fails,
    "highest": vary(by_trying_each, order=lambda confidences: sorted(confidences)[::-1]),
    "above-only": vary(by_trying_each, accept=float.__gt__),
    "of-all": vary(by_trying_each, share=lambda outcomes, values, correct: sum(outcomes) / len(correct)),
    "more-than-wanted": vary(by_trying_each, accuracy=lambda accuracy: np.nextafter(accuracy, 2)),
    "by-confidence": vary(by_trying_each, share=lambda outcomes, values, correct: np.mean(values)),
    "accuracy-itself": lambda confidences, correct, accuracy: min(
        (confidence for confidence in confidences if confidence >= accuracy), default=None
    ),
    "one-for-none": lambda **c: 1 if by_trying_each(**c) is None else by_trying_each(**c),
}


def rows(pictures):
    return pictures.reshape(len(pictures), -1) / 255


def descend(pictures, labels, *, steps=200, rate=0.5, last=softmax, change=lambda labels: labels):
    x, targets = rows(pictures), np.eye(3)[change(labels)]
    weights = np.zeros((65, 3))  # the bias is the weight of a pixel that is always 1
    x = np.hstack([x, np.ones((len(x), 1))])
    for _ in range(steps):
        weights = weights - rate * x.T @ (softmax(x @ weights, axis=1) - targets) / len(x)
    return lambda pictures: last(rows(pictures) @ weights[:-1] + weights[-1], axis=1)


class InBatches:
    """Stochastic gradient descent with momentum, as an object that can be called."""

    def __init__(self, pictures, labels):
        self.weights, self.bias = np.zeros((64, 3)), np.zeros(3)
        random, speed = np.random.default_rng(1), np.zeros((64, 3))
        for _ in range(20):
            for batch in np.split(random.permutation(len(pictures)), 10):
                errors = self(pictures[batch])
                errors[np.arange(len(batch)), labels[batch]] -= 1
                speed = 0.9 * speed - 0.05 * rows(pictures[batch]).T @ errors / len(batch)
                self.weights += speed
                self.bias -= 0.1 * errors.mean(axis=0)

    def __call__(self, pictures):
        return softmax(rows(pictures) @ self.weights + self.bias, axis=1)


def one_against_the_rest(pictures, labels):
    """A logistic regression for each class, shared out afterwards."""
    weights = np.zeros((64, 3))
    for _ in range(600):
        weights -= 0.5 * rows(pictures - 60.0).T @ (expit(rows(pictures - 60.0) @ weights) - np.eye(3)[labels]) / 300

    def classify(pictures):
        scores = expit(rows(pictures - 60.0) @ weights)
        return (scores / scores.sum(axis=1, keepdims=True)).tolist()

    return classify


def by_logistic_regression(pictures, labels):
    trained = LogisticRegression(max_iter=500).fit(rows(pictures), labels)
    return lambda pictures: trained.predict_proba(rows(pictures))


RIGHT["ps00-6"] = [descend, InBatches, one_against_the_rest, by_logistic_regression]
WRONG["ps00-6"] = {
    "no-probabilities": vary(descend, last=lambda logits, axis: logits),
    "too-short": vary(descend, steps=10),
    "guessing": vary(descend, change=lambda labels: np.random.default_rng(0).permutation(labels)),
    "class-missing": vary(descend, change=lambda labels: np.minimum(labels, 1)),
    "wrong-shape": lambda pictures, labels: lambda asked: descend(pictures, labels)(asked).argmax(axis=1),
    "returns-nothing": lambda pictures, labels: print(descend(pictures, labels)),
    "gives-nothing": lambda pictures, labels: lambda asked: print(descend(pictures, labels)(asked).shape),
    "no-network": lambda pictures, labels: descend(pictures, labels)(pictures),
}
