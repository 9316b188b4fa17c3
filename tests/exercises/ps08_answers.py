"""Answers to problem set 8, as students write them."""

import math
from statistics import stdev

import numpy as np
from answers import RIGHT, WRONG, values, vary
from scipy.special import log_softmax, logsumexp
from scipy.stats import rankdata, sem

values(
    "ps08-1",
    right=[0.625, (120 + 80) / (240 + 80), np.float32(0.625), np.array(200) / 320],
    wrong={"wrong-type": "5/8", "wrong-shape": [200, 320], "other": 0.55},
)


def by_sorting(scores, k, of=np.mean):
    finds = np.argsort(-scores, axis=1)[:, :k]
    return of([number in row for number, row in enumerate(finds)])


def by_ranks(scores, k):
    ranks = rankdata(-scores, axis=1)
    return float(np.mean([ranks[row, row] <= k for row in range(len(scores))]))


def by_the_worst_that_counts(scores, k):
    k = min(k, scores.shape[1])
    last = np.partition(scores, -k, axis=1)[:, -k]
    return np.mean(scores.diagonal() >= last, dtype=np.float32)


def down_the_columns(scores, k):
    best = np.argsort(-scores, axis=0)[:k]
    return np.mean([number in best[:, number] for number in range(len(scores))])


RIGHT["ps08-2"] = [by_sorting, by_ranks, by_the_worst_that_counts]
WRONG["ps08-2"] = {
    "other-way-round": down_the_columns,
    "counted": vary(by_sorting, of=sum),
    "only-the-first": lambda scores, k: (scores.argmax(axis=1) == np.arange(len(scores))).mean(),
    "one-too-many": vary(by_sorting, k=lambda k: k + 1),
    "one-too-few": vary(by_sorting, k=lambda k: k - 1),
    "worst-first": vary(by_sorting, scores=np.negative),
    "precision": lambda scores, k: by_sorting(scores, k) / k,
    "out-of-pictures": lambda scores, k: by_sorting(scores, k, sum) / scores.shape[1],
    "first-in-the-list": lambda scores, k: np.mean([number < k for number in range(len(scores))]),
    "not-found": lambda scores, k: 1 - by_sorting(scores, k),
    "wrong-shape": vary(by_sorting, of=list),
}


def by_scipy(fused, blind, factor, error=sem):
    return np.mean(fused - blind), factor * error(fused - blind)


def by_hand(fused, blind, factor):
    gains = [one - other for one, other in zip(fused, blind, strict=True)]
    mean = sum(gains) / len(gains)
    variance = sum((each - mean) ** 2 for each in gains) / (len(gains) - 1)
    return [mean, factor * (variance / len(gains)) ** 0.5]


def in_half_of_the_digits(fused, blind, factor):
    gains = np.subtract(fused, blind)
    return np.float32([np.average(gains), factor * np.sqrt(gains.var(ddof=1) / gains.size)])


RIGHT["ps08-3"] = [by_scipy, by_hand, in_half_of_the_digits]
WRONG["ps08-3"] = {
    "absolute": lambda fused, blind, factor: by_scipy(np.abs(fused - blind), 0, factor),
    "ends": lambda **case: np.dot(by_scipy(**case), [[1, 1], [-1, 1]]),
    "unpaired": lambda fused, blind, factor: by_scipy(fused, blind, factor, lambda _: np.hypot(sem(fused), sem(blind))),
    "only-the-fused": lambda fused, blind, factor: by_scipy(fused, blind, factor, lambda _: sem(fused)),
    "not-the-mean's": vary(by_scipy, error=stdev),
    "divided-by-n": vary(by_scipy, error=lambda gains: stdev(gains) / len(gains)),
    "ddof-0": vary(by_scipy, error=lambda gains: sem(gains, ddof=0)),
    "turned-round": lambda fused, blind, factor: by_scipy(blind, fused, factor),
    "whole-interval": vary(by_scipy, factor=lambda factor: 2 * factor),
    "without-factor": vary(by_scipy, factor=1),
    "as-a-share": lambda fused, blind, factor: (np.mean(fused / blind), factor * sem(fused - blind)),
    "wrong-shape": lambda fused, blind, factor: np.mean(fused - blind),
}


def long_one(vectors, axis=1):
    return vectors / np.sqrt((vectors**2).sum(axis=axis, keepdims=True))


def one_way(fits):
    return -np.diagonal(log_softmax(fits, axis=1))


def both_ways(fits):
    return (one_way(fits) + one_way(fits.T)) / 2


def by_the_library(pictures, sentences, scale, *, length=long_one, losses=both_ways, of=np.mean):
    return of(losses(scale * length(pictures) @ length(sentences).T))


def by_entropy(pictures, sentences, scale):
    fits = np.einsum("id,jd->ij", long_one(np.float32(pictures)), long_one(np.float32(sentences))) * np.float32(scale)
    rows, columns = logsumexp(fits, axis=1), logsumexp(fits, axis=0)
    return (rows + columns - 2 * fits.diagonal()).sum() / (2 * len(fits))


def without_numpy(pictures, sentences, scale):
    def power(one, other):
        product = sum(map(math.prod, zip(one, other, strict=True)))
        return math.exp(scale * product / math.hypot(*one) / math.hypot(*other))

    powers, total = [[power(one, other) for other in sentences] for one in pictures], 0.0
    for number, (row, column) in enumerate(zip(powers, zip(*powers, strict=True), strict=True)):
        total -= math.log(row[number] / sum(row)) + math.log(row[number] / sum(column))
    return total / len(powers) / 2


RIGHT["ps08-4"] = [by_the_library, by_entropy, without_numpy]
WRONG["ps08-4"] = {
    "too-long": vary(by_the_library, length=np.array),
    "wrong-axis-of-length": vary(by_the_library, length=lambda vectors: long_one(vectors, axis=0)),
    "not-mended": vary(by_the_library, length=np.array, losses=one_way),
    "pictures-seek": vary(by_the_library, losses=one_way),
    "sentences-seek": vary(by_the_library, losses=lambda fits: one_way(fits.T)),
    "both-added": vary(by_the_library, losses=lambda fits: 2 * both_ways(fits)),
    "summed": vary(by_the_library, of=np.sum),
    "sign": vary(by_the_library, losses=lambda fits: -both_ways(fits)),
    "without-scale": vary(by_the_library, scale=1),
    "divided-by-scale": vary(by_the_library, scale=lambda scale: 1 / scale),
    "one-softmax-for-all": vary(by_the_library, losses=lambda fits: -np.diagonal(log_softmax(fits))),
    "all-pairs": vary(by_the_library, losses=lambda fits: -(log_softmax(fits, 0) + log_softmax(fits, 1)) / 2),
    "wrong-shape": vary(by_the_library, of=list),
}


def effects(table):
    return table.mean(axis=1)[:, None], table.mean(axis=0)[None]


def by_means(table):
    text, picture = effects(table)
    return text + picture - table.mean()


def by_least_squares(table):
    rows, columns = np.indices(table.shape)
    parts = np.hstack([np.eye(len(table))[rows.ravel()], np.eye(table.shape[1])[columns.ravel()]])
    best, *_ = np.linalg.lstsq(parts, table.ravel(), rcond=None)
    return (parts @ best).reshape(table.shape)


def cell_by_cell(table):
    rows, columns = table.shape
    every = sum(map(sum, table)) / (rows * columns)
    return [[sum(table[i]) / columns + sum(table[:, j]) / rows - every for j in range(columns)] for i in range(rows)]


def sweeps(table):
    text = table.mean(axis=1, keepdims=True)
    table -= text
    return text + table.mean(axis=0)


RIGHT["ps08-5"] = [by_means, by_least_squares, cell_by_cell]
WRONG["ps08-5"] = {
    "mean-twice": lambda table: np.add(*effects(table)),
    "multiplied": lambda table: np.multiply(*effects(table)) / table.mean(),
    "texts-alone": lambda table: effects(table)[0] + 0 * table,
    "pictures-alone": lambda table: effects(table)[1] + 0 * table,
    "averaged": lambda table: np.add(*effects(table)) / 2,
    "one-for-all": lambda table: np.full_like(table, table.mean()),
    "table-itself": lambda table: table.copy(),
    "what-is-left": lambda table: table - by_means(table),
    "medians": lambda table: np.median(table, axis=1)[:, None] + np.median(table, axis=0) - np.median(table),
    "first-cells": lambda table: table[:, [0]] + table[[0]] - table[0, 0],
    "signs": lambda table: np.sign(by_means(table)),
    "wrong-shape": lambda table: np.concatenate([table.mean(axis=1), table.mean(axis=0)]),
    "changed-input": sweeps,
}
