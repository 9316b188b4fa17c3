"""Answers to problem set 8, as students write them."""

import math
from statistics import stdev

import numpy as np
from answers import RIGHT, WRONG, values, vary
from scipy.special import log_softmax, logsumexp, softmax
from scipy.stats import sem

from vistext import exercises

values(
    "ps08-1",
    right=[0.625, (120 + 80) / (240 + 80), np.float32(0.625), np.array(200) / 320],
    wrong={"wrong-type": "5/8", "wrong-shape": [200, 320], "other": 0.55},
)


def pair_by_pair(texts, pictures, text_weights, image_weights):
    late, attention = np.zeros((2, len(texts), len(pictures)))
    for i, text in enumerate(texts):
        for j, regions in enumerate(pictures):
            weights = softmax(regions @ text / math.sqrt(len(text)))
            late[i, j] = text @ text_weights + regions.mean(axis=0) @ image_weights
            attention[i, j] = text @ text_weights + weights @ regions @ image_weights
    return late, attention


def by_keras(texts, pictures, text_weights, image_weights):
    from keras import ops

    fits = ops.einsum("td,prd->tpr", texts, pictures) / texts.shape[1] ** 0.5
    attended = ops.einsum("tpr,prd->tpd", ops.softmax(fits), pictures)
    of_texts = ops.matmul(texts, text_weights)[:, None]
    return [of_texts + pictures.mean(axis=1) @ image_weights, of_texts + ops.dot(attended, image_weights)]


def by_weights(texts, pictures, text_weights, image_weights, *, weigh, of_texts=1, late=np.mean, query=None):
    """Attention by a rule for the weights of all fits [texts, pictures, regions]."""
    fits = np.inner(texts if query is None else query(texts), pictures)
    of_regions, own = pictures @ image_weights, texts @ text_weights
    attended = np.sum(weigh(fits / np.sqrt(texts.shape[1])) * of_regions, axis=-1)
    return [np.add.outer(own, late(of_regions, axis=1)), of_texts * own[:, None] + attended]


def by_exponentials(fits, axis=-1):
    return np.exp(fits) / np.exp(fits).sum(axis=axis, keepdims=True)


def attention(**case):
    return by_weights(**case, weigh=by_exponentials)


RIGHT["ps08-2"] = [pair_by_pair, by_keras, attention]
WRONG["ps08-2"] = {
    "added-up": vary(attention, late=np.sum),
    "not-scaled": lambda texts, **case: by_weights(
        texts, **case, weigh=lambda fits: by_exponentials(fits * np.sqrt(texts.shape[1]))
    ),
    "divided-by-d": lambda texts, **case: by_weights(
        texts, **case, weigh=lambda fits: by_exponentials(fits / np.sqrt(texts.shape[1]))
    ),
    "no-softmax": vary(by_weights, weigh=np.array),
    "among-texts": vary(by_weights, weigh=lambda fits: by_exponentials(fits, axis=0)),
    "among-pictures": vary(by_weights, weigh=lambda fits: by_exponentials(fits, axis=1)),
    "one-query": vary(attention, query=lambda texts: np.repeat(texts.mean(axis=0, keepdims=True), len(texts), axis=0)),
    "text-forgotten": vary(attention, of_texts=0),
    "exchanged": lambda **case: pair_by_pair(**case)[::-1],
    "transposed": lambda **case: [np.transpose(table) for table in pair_by_pair(**case)],
    "wrong-shape": lambda **case: pair_by_pair(**case)[1],
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


RIGHT["ps08-3"] = [by_means, by_least_squares, cell_by_cell]
WRONG["ps08-3"] = {
    "mean-twice": lambda table: np.add(*effects(table)),
    "multiplied": lambda table: np.multiply(*effects(table)) / table.mean(),
    "texts-alone": lambda table: effects(table)[0] + 0 * table,
    "pictures-alone": lambda table: effects(table)[1] + 0 * table,
    "averaged": lambda table: np.add(*effects(table)) / 2,
    "table-itself": lambda table: table.copy(),
    "what-is-left": lambda table: table - by_means(table),
    "medians": lambda table: np.median(table, axis=1)[:, None] + np.median(table, axis=0) - np.median(table),
    "first-cells": lambda table: table[:, [0]] + table[[0]] - table[0, 0],
    "wrong-shape": lambda table: np.concatenate([table.mean(axis=1), table.mean(axis=0)]),
    "changed-input": sweeps,
}


def by_least_squares_of(features):
    """A network that is linear in some features of a word [6] and its regions [4, 12], and so needs no steps."""

    def train(words, regions, answers):
        def tabulate(words, regions):
            rows = [np.ravel(features(*row)) for row in zip(np.eye(6)[words], regions, strict=True)]
            return np.array(rows, dtype=float)

        table = tabulate(words, regions)
        ridge = table.T @ table + 3 * np.eye(table.shape[1])
        weights = np.linalg.solve(ridge, table.T @ np.eye(6)[answers])
        return lambda asked: tabulate(**asked) @ weights

    return train


def of_products(word, regions):
    """Of each word, and of each two numbers of the same region: the sum over all regions."""
    return np.multiply.outer(word, regions.T @ regions)


def region_by_region(words, regions, answers):
    """Word and region go through one network together, and the regions' logits are added up."""
    from vistext.nn.engine import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    word, cells = layers.Input((), dtype="int32", name="words"), layers.Input((4, 12), name="regions")
    features = layers.Concatenate()([layers.RepeatVector(4)(layers.Embedding(6, 16)(word)), cells])
    for _ in range(2):
        features = layers.Dense(64, activation="relu")(features)
    network = keras.Model({"words": word, "regions": cells}, keras.ops.sum(layers.Dense(6)(features), axis=1))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.AdamW(0.005), loss)
    network.fit({"words": words, "regions": regions}, answers, batch_size=64, epochs=30, verbose=0)
    return network


def late_fusion(words, regions, answers):
    """Of both a score for each answer; the softmax of their sum."""
    logits = by_least_squares_of(lambda word, regions: [*word, *regions.ravel()])(words, regions, answers)
    return lambda asked: softmax(5 * logits(asked), axis=1)


RIGHT["ps08-4"] = [exercises.find("ps08-4").solve, by_least_squares_of(of_products), region_by_region]
WRONG["ps08-4"] = {
    "text-only": by_least_squares_of(lambda word, regions: word),
    "picture-only": by_least_squares_of(lambda word, regions: regions),
    "late-fusion": late_fusion,
    "unbound": by_least_squares_of(lambda word, regions: np.multiply.outer(word, regions.mean(axis=0))),
    "other": lambda words, regions, answers: by_least_squares_of(of_products)(words, regions, np.roll(answers, 1)),
    "constant": lambda words, **case: lambda asked: np.tile(np.eye(6)[0], (len(asked["words"]), 1)),
    "wrong-shape": lambda **case: lambda asked: asked["words"],
}


def by_scipy(fused, text_only, factor, error=sem):
    return np.mean(fused - text_only), factor * error(fused - text_only)


def by_hand(fused, text_only, factor):
    gains = [one - other for one, other in zip(fused, text_only, strict=True)]
    mean = sum(gains) / len(gains)
    variance = sum((each - mean) ** 2 for each in gains) / (len(gains) - 1)
    return [mean, factor * (variance / len(gains)) ** 0.5]


def in_half_of_the_digits(fused, text_only, factor):
    gains = np.subtract(fused, text_only)
    return np.float32([np.average(gains), factor * np.sqrt(gains.var(ddof=1) / gains.size)])


RIGHT["ps08-5"] = [by_scipy, by_hand, in_half_of_the_digits]
WRONG["ps08-5"] = {
    "absolute": lambda fused, text_only, factor: by_scipy(np.abs(fused - text_only), 0, factor),
    "ends": lambda **case: np.dot(by_scipy(**case), [[1, 1], [-1, 1]]),
    "unpaired": lambda fused, text_only, factor: by_scipy(
        fused, text_only, factor, lambda _: np.hypot(sem(fused), sem(text_only))
    ),
    "only-the-fused": lambda fused, text_only, factor: by_scipy(fused, text_only, factor, lambda _: sem(fused)),
    "not-the-mean's": vary(by_scipy, error=stdev),
    "divided-by-n": vary(by_scipy, error=lambda gains: stdev(gains) / len(gains)),
    "ddof-0": vary(by_scipy, error=lambda gains: sem(gains, ddof=0)),
    "turned-round": lambda fused, text_only, factor: by_scipy(text_only, fused, factor),
    "whole-interval": vary(by_scipy, factor=lambda factor: 2 * factor),
    "without-factor": vary(by_scipy, factor=1),
    "wrong-shape": lambda fused, text_only, factor: np.mean(fused - text_only),
}


def long_one(vectors, axis=1):
    return vectors / np.sqrt((vectors**2).sum(axis=axis, keepdims=True))


def one_way(logits):
    return -np.diagonal(log_softmax(logits, axis=1))


def both_ways(logits):
    return (one_way(logits) + one_way(logits.T)) / 2


def by_the_library(pictures, sentences, scale, *, length=long_one, of_sentences=None, losses=both_ways, of=np.mean):
    return of(losses(scale * length(pictures) @ (of_sentences or length)(sentences).T))


def by_entropy(pictures, sentences, scale):
    logits = np.einsum("id,jd->ij", long_one(np.float32(pictures)), long_one(np.float32(sentences))) * np.float32(scale)
    rows, columns = logsumexp(logits, axis=1), logsumexp(logits, axis=0)
    return (rows + columns - 2 * logits.diagonal()).sum() / (2 * len(logits))


def without_numpy(pictures, sentences, scale):
    def power(one, other):
        product = sum(map(math.prod, zip(one, other, strict=True)))
        return math.exp(scale * product / math.hypot(*one) / math.hypot(*other))

    powers, total = [[power(one, other) for other in sentences] for one in pictures], 0.0
    for number, (row, column) in enumerate(zip(powers, zip(*powers, strict=True), strict=True)):
        total -= math.log(row[number] / sum(row)) + math.log(row[number] / sum(column))
    return total / len(powers) / 2


RIGHT["ps08-6"] = [by_the_library, by_entropy, without_numpy]
WRONG["ps08-6"] = {
    "not-normalized": vary(by_the_library, length=np.array),
    "sentences-of-any-length": vary(by_the_library, of_sentences=np.array),
    "pictures-of-any-length": vary(by_the_library, length=np.array, of_sentences=long_one),
    "wrong-axis-of-length": vary(by_the_library, length=lambda vectors: long_one(vectors, axis=0)),
    "both-faults": vary(by_the_library, length=np.array, losses=one_way),
    "sentences-for-pictures": vary(by_the_library, losses=one_way),
    "pictures-for-sentences": vary(by_the_library, losses=lambda logits: one_way(logits.T)),
    "both-added": vary(by_the_library, losses=lambda logits: 2 * both_ways(logits)),
    "summed": vary(by_the_library, of=np.sum),
    "sign": vary(by_the_library, losses=lambda logits: -both_ways(logits)),
    "without-scale": vary(by_the_library, scale=1),
    "divided-by-scale": vary(by_the_library, scale=lambda scale: 1 / scale),
    "one-softmax-for-all": vary(by_the_library, losses=lambda logits: -np.diagonal(log_softmax(logits))),
    "all-pairs": vary(by_the_library, losses=lambda logits: -(log_softmax(logits, 0) + log_softmax(logits, 1)) / 2),
    "wrong-shape": vary(by_the_library, of=list),
}
