"""Answers to problem set 8, as students write them."""

import math
from statistics import mean, stdev

import numpy as np
from answers import right, values, wrong
from scipy.special import log_softmax, logsumexp
from scipy.stats import rankdata, sem

values(
    "ps08-1",
    right={
        "a share": 0.625,
        "worked out": (120 + 80) / (240 + 80),
        "NumPy's": np.float32(0.625),
        "an array": np.array(200) / 320,
    },
    wrong={
        "all-half": 0.5,
        "pairs-lost": 80 / 320,
        "pairs-won": 1.0,
        "pairs-counted-once": 140 / 200,
        "half-of-120": 140 / 320,
        "told-forgotten": 120 / 320,
        "counted": 200,
        "percent": 62.5,
        "wrong-type": "5/8",
        "wrong-shape": [200, 320],
        "other": 0.55,
    },
)


@right("ps08-2")
def by_sorting(scores, k):
    finds = np.argsort(-scores, axis=1)[:, :k]
    return np.mean([number in row for number, row in enumerate(finds)])


@right("ps08-2")
def by_ranks(scores, k):
    ranks = rankdata(-scores, axis=1)
    return float(np.mean([ranks[row, row] <= k for row in range(len(scores))]))


@right("ps08-2")
def sentence_by_sentence(scores, k):
    count = 0
    for number, row in enumerate(scores.tolist()):
        best = sorted(row, reverse=True)[:k]
        if row[number] in best:
            count += 1
    return count / len(scores)


@right("ps08-2")
def by_the_worst_that_counts(scores, k):
    k = min(k, scores.shape[1])
    last = np.partition(scores, -k, axis=1)[:, -k]
    return np.mean(scores.diagonal() >= last, dtype=np.float32)


def found_among(finds):
    return [number in row for number, row in enumerate(finds)]


@wrong("ps08-2", "only-the-first")
def argmax(scores, k):
    return (scores.argmax(axis=1) == np.arange(len(scores))).mean()


@wrong("ps08-2", "one-too-many")
def up_to_k(scores, k):
    return np.mean(found_among(np.argsort(-scores, axis=1)[:, : k + 1]))


@wrong("ps08-2", "one-too-few")
def below_k(scores, k):
    return np.mean(found_among(np.argsort(-scores, axis=1)[:, : k - 1]))


@wrong("ps08-2", "worst-first")
def rising(scores, k):
    return np.mean(found_among(np.argsort(scores, axis=1)[:, :k]))


@wrong("ps08-2", "other-way-round")
def down_the_columns(scores, k):
    best = np.argsort(-scores, axis=0)[:k]
    return np.mean([number in best[:, number] for number in range(len(scores))])


@wrong("ps08-2", "counted")
def sum_of_finds(scores, k):
    return by_sorting(scores, k) * len(scores)


@wrong("ps08-2", "precision")
def divided_by_k(scores, k):
    return sum_of_finds(scores, k) / (k * len(scores))


@wrong("ps08-2", "out-of-pictures")
def divided_by_columns(scores, k):
    return sum_of_finds(scores, k) / scores.shape[1]


@wrong("ps08-2", "first-in-the-list")
def without_sorting(scores, k):
    return np.mean([number < k for number in range(len(scores))])


@wrong("ps08-2", "not-found")
def missed(scores, k):
    return 1 - by_sorting(scores, k)


@wrong("ps08-2", "wrong-shape")
def each_of_them(scores, k):
    return found_among(np.argsort(-scores, axis=1)[:, :k])


@right("ps08-3")
def by_scipy(fused, blind, factor):
    return np.mean(fused - blind), factor * sem(fused - blind)


@right("ps08-3")
def by_hand(fused, blind, factor):
    gains = [one - other for one, other in zip(fused, blind, strict=True)]
    mean = sum(gains) / len(gains)
    variance = sum((each - mean) ** 2 for each in gains) / (len(gains) - 1)
    return [mean, factor * (variance / len(gains)) ** 0.5]


@right("ps08-3")
def by_statistics(fused, blind, factor):
    gains = [float(one) - float(other) for one, other in zip(fused, blind, strict=True)]
    return [mean(gains), factor * stdev(gains) / len(gains) ** 0.5]


@right("ps08-3")
def in_half_of_the_digits(fused, blind, factor):
    gains = np.subtract(fused, blind)
    return np.float32([np.average(gains), factor * np.sqrt(gains.var(ddof=1) / gains.size)])


@wrong("ps08-3", "unpaired")
def two_errors(fused, blind, factor):
    return fused.mean() - blind.mean(), factor * (sem(fused) ** 2 + sem(blind) ** 2) ** 0.5


@wrong("ps08-3", "only-the-fused")
def error_of_one(fused, blind, factor):
    return np.mean(fused - blind), factor * sem(fused)


@wrong("ps08-3", "not-the-mean's")
def deviation(fused, blind, factor):
    return np.mean(fused - blind), factor * np.std(fused - blind, ddof=1)


@wrong("ps08-3", "divided-by-n")
def no_root(fused, blind, factor):
    return np.mean(fused - blind), factor * np.std(fused - blind, ddof=1) / len(fused)


@wrong("ps08-3", "ddof-0")
def numpys_default(fused, blind, factor):
    return np.mean(fused - blind), factor * np.std(fused - blind) / np.sqrt(len(fused))


@wrong("ps08-3", "turned-round")
def blind_minus_fused(fused, blind, factor):
    return by_scipy(blind, fused, factor)


@wrong("ps08-3", "whole-interval")
def both_sides(fused, blind, factor):
    return np.mean(fused - blind), 2 * factor * sem(fused - blind)


@wrong("ps08-3", "without-factor")
def standard_error(fused, blind, factor):
    return np.mean(fused - blind), sem(fused - blind)


@wrong("ps08-3", "absolute")
def distances(fused, blind, factor):
    gains = [abs(one - other) for one, other in zip(fused, blind, strict=True)]
    return np.mean(gains), factor * sem(gains)


@wrong("ps08-3", "ends")
def from_and_to(fused, blind, factor):
    mean, half = by_scipy(fused, blind, factor)
    return mean - half, mean + half


@wrong("ps08-3", "as-a-share")
def times_as_good(fused, blind, factor):
    return np.mean(fused / blind), factor * sem(fused - blind)


@wrong("ps08-3", "wrong-shape")
def mean_alone(fused, blind, factor):
    return np.mean(fused - blind)


def long_one(vectors, axis=1):
    return vectors / np.sqrt((vectors**2).sum(axis=axis, keepdims=True))


def one_way(fits):
    return -np.diagonal(log_softmax(fits, axis=1))


@right("ps08-4")
def by_scipys_softmax(pictures, sentences, scale):
    fits = scale * long_one(pictures) @ long_one(sentences).T
    return (one_way(fits).mean() + one_way(fits.T).mean()) / 2


@right("ps08-4")
def pair_by_pair(pictures, sentences, scale):
    pictures, sentences, losses = long_one(pictures), long_one(sentences), []
    for number in range(len(pictures)):
        own = np.exp(scale * pictures[number] @ sentences[number])
        losses.append(-np.log(own / np.exp(scale * sentences @ pictures[number]).sum()))
        losses.append(-np.log(own / np.exp(scale * pictures @ sentences[number]).sum()))
    return np.mean(losses)


@right("ps08-4")
def by_entropy(pictures, sentences, scale):
    fits = np.einsum("id,jd->ij", long_one(np.float32(pictures)), long_one(np.float32(sentences))) * np.float32(scale)
    rows, columns = logsumexp(fits, axis=1), logsumexp(fits, axis=0)
    return (rows + columns - 2 * fits.diagonal()).sum() / (2 * len(fits))


@right("ps08-4")
def without_numpy(pictures, sentences, scale):
    def cosine(one, other):
        return sum(a * b for a, b in zip(one, other, strict=True)) / (math.hypot(*one) * math.hypot(*other))

    powers = [[math.exp(scale * cosine(one, other)) for other in sentences] for one in pictures]
    total = 0
    for number, row in enumerate(powers):
        column = [other[number] for other in powers]
        total -= math.log(row[number] / sum(row)) + math.log(row[number] / sum(column))
    return total / len(powers) / 2


@wrong("ps08-4", "not-mended")
def as_it_was(pictures, sentences, scale):
    return one_way(scale * pictures @ sentences.T).mean()


@wrong("ps08-4", "too-long")
def any_length(pictures, sentences, scale):
    fits = scale * pictures @ sentences.T
    return (one_way(fits).mean() + one_way(fits.T).mean()) / 2


@wrong("ps08-4", "pictures-seek")
def by_rows(pictures, sentences, scale):
    return one_way(scale * long_one(pictures) @ long_one(sentences).T).mean()


@wrong("ps08-4", "sentences-seek")
def by_columns(pictures, sentences, scale):
    return one_way(scale * long_one(sentences) @ long_one(pictures).T).mean()


@wrong("ps08-4", "wrong-axis-of-length")
def length_of_columns(pictures, sentences, scale):
    fits = scale * long_one(pictures, 0) @ long_one(sentences, 0).T
    return (one_way(fits).mean() + one_way(fits.T).mean()) / 2


@wrong("ps08-4", "both-added")
def not_halved(pictures, sentences, scale):
    return 2 * by_scipys_softmax(pictures, sentences, scale)


@wrong("ps08-4", "summed")
def sum_over_pairs(pictures, sentences, scale):
    return len(pictures) * by_scipys_softmax(pictures, sentences, scale)


@wrong("ps08-4", "sign")
def without_minus(pictures, sentences, scale):
    return -by_scipys_softmax(pictures, sentences, scale)


@wrong("ps08-4", "without-scale")
def forgets_the_scale(pictures, sentences, scale):
    return by_scipys_softmax(pictures, sentences, 1)


@wrong("ps08-4", "divided-by-scale")
def as_a_temperature(pictures, sentences, scale):
    return by_scipys_softmax(pictures, sentences, 1 / scale)


@wrong("ps08-4", "one-softmax-for-all")
def flat(pictures, sentences, scale):
    fits = scale * long_one(pictures) @ long_one(sentences).T
    return -np.diagonal(log_softmax(fits.ravel()).reshape(fits.shape)).mean()


@wrong("ps08-4", "all-pairs")
def mean_of_all(pictures, sentences, scale):
    fits = scale * long_one(pictures) @ long_one(sentences).T
    return -(log_softmax(fits, axis=0).mean() + log_softmax(fits, axis=1).mean()) / 2


@wrong("ps08-4", "wrong-shape")
def each_pair(pictures, sentences, scale):
    fits = scale * long_one(pictures) @ long_one(sentences).T
    return (one_way(fits) + one_way(fits.T)) / 2


def effects(table):
    return table.mean(axis=1)[:, None], table.mean(axis=0)[None]


@right("ps08-5")
def by_means(table):
    text, picture = effects(table)
    return text + picture - table.mean()


@right("ps08-5")
def by_least_squares(table):
    rows, columns = np.indices(table.shape)
    parts = np.hstack([np.eye(len(table))[rows.ravel()], np.eye(table.shape[1])[columns.ravel()]])
    best, *_ = np.linalg.lstsq(parts, table.ravel(), rcond=None)
    return (parts @ best).reshape(table.shape)


@right("ps08-5")
def turn_by_turn(table):
    text, picture = np.zeros((len(table), 1)), np.zeros((1, table.shape[1]))
    for _ in range(50):
        text = (table - picture).mean(axis=1, keepdims=True)
        picture = (table - text).mean(axis=0, keepdims=True)
    return text + picture


@right("ps08-5")
def cell_by_cell(table):
    rows, columns = table.shape
    every = sum(map(sum, table)) / (rows * columns)
    return [[sum(table[i]) / columns + sum(table[:, j]) / rows - every for j in range(columns)] for i in range(rows)]


@wrong("ps08-5", "mean-twice")
def plain_sum(table):
    return sum(effects(table))


@wrong("ps08-5", "texts-alone")
def rows_only(table):
    return effects(table)[0] + 0 * table


@wrong("ps08-5", "pictures-alone")
def columns_only(table):
    return effects(table)[1] + 0 * table


@wrong("ps08-5", "averaged")
def half_the_sum(table):
    return plain_sum(table) / 2


@wrong("ps08-5", "multiplied")
def independent(table):
    text, picture = effects(table)
    return text * picture / table.mean()


@wrong("ps08-5", "one-for-all")
def grand_mean(table):
    return np.full_like(table, table.mean())


@wrong("ps08-5", "table-itself")
def as_given(table):
    return table.copy()


@wrong("ps08-5", "what-is-left")
def residuals(table):
    return table - by_means(table)


@wrong("ps08-5", "medians")
def by_medians(table):
    return np.median(table, axis=1)[:, None] + np.median(table, axis=0) - np.median(table)


@wrong("ps08-5", "first-cells")
def from_the_corner(table):
    return table[:, [0]] + table[[0]] - table[0, 0]


@wrong("ps08-5", "signs")
def which_answer(table):
    return np.sign(by_means(table))


@wrong("ps08-5", "wrong-shape")
def both_parts(table):
    return np.concatenate([table.mean(axis=1), table.mean(axis=0)])


@wrong("ps08-5", "changed-input")
def sweeps(table):
    text = table.mean(axis=1, keepdims=True)
    table -= text
    return text + table.mean(axis=0)
