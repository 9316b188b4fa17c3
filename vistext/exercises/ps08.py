"""Problem set 8, on lesson 08: when the picture helps the text."""

import numpy as np
from scipy.special import log_softmax

from vistext.exercises.exercise import discriminating, exercise

LESSON = "08_fusion.ipynb#"
_SEARCH = LESSON + "6.-Search:-sentence-to-picture,-picture-to-sentence"


def _places(scores):
    """At which place each sentence's own picture comes, from 0 on: [n, m] → [n]."""
    return (scores > np.diagonal(scores)[:, np.newaxis]).sum(axis=1)


def recall_at(scores, k, *, share=np.mean):
    return float(share(_places(scores) < k))


def _other_way(scores, k):
    """Each of the pictures that have a sentence seeks it among all sentences."""
    return recall_at(scores[:, : len(scores)].T, k)


def _search(rng, sentences, pictures, k, own=0.5):
    while True:  # until two mistakes can be told apart
        scores = rng.normal(-0.3, 1, (sentences, pictures)) + own * np.eye(sentences, pictures)
        if k > pictures or _other_way(scores, k) != recall_at(scores, k + 1):
            return {"scores": scores, "k": k}


def _searches(rng):
    absolute, turned = (lambda scores, k: recall_at(np.abs(scores), k)), _against_others
    cases = []
    for *size, also in ((9, 12, 3, absolute), (10, 13, 4, turned), (8, 11, 2, absolute), (12, 14, 5, turned)):
        cases += discriminating(RECALL_AT, rng, _search, [size], also=[also])
    return [*cases, _search(rng, 3, 4, 5, own=-9)]  # k is more than there are pictures


def _against_others(scores, k):
    """The sentences' own scores stand in the wrong order."""
    return float(((scores > np.diagonal(scores)[::-1, np.newaxis]).sum(axis=1) < k).mean())


def gain(fused, blind, factor, *, ddof=1, root=np.sqrt, error=None):
    """The mean of what is gained, and half of its interval; `error` makes another standard error."""
    gains = fused - blind
    standard_error = error(fused, blind) if error else gains.std(ddof=ddof) / root(len(gains))
    return np.array([gains.mean(), factor * standard_error])


def _unpaired(fused, blind):
    return np.sqrt(fused.var(ddof=1) / len(fused) + blind.var(ddof=1) / len(blind))


def _of_fused(fused, blind):
    return fused.std(ddof=1) / np.sqrt(len(fused))


def _some_seeds(rng, seeds, factor, mean):
    hard = rng.normal(0, 4, seeds)  # some seeds are luckier than others, with a picture and without
    gains = rng.normal(abs(mean), 3, seeds)
    blind = 55 + hard + rng.normal(0, 1, seeds)
    fused = blind + np.sign(mean * gains.mean()) * gains
    return {"fused": fused.round(2), "blind": blind.round(2), "factor": factor}


def _seeds(rng):
    sizes, clear = ((5, 2.776, 2), (8, 2.365, -2), (4, 3.182, 2), (6, 2.571, -2)), (12, 2.201, 5)
    also = [lambda **case: np.sort(gain(**case))]
    cases = discriminating(GAIN, rng, _some_seeds, sizes)
    return [*cases, *discriminating(GAIN, rng, _some_seeds, [clear], also=also)]


def _unit(vectors, axis=-1):
    return vectors / np.linalg.norm(vectors, axis=axis, keepdims=True)


def matching_loss(
    pictures, sentences, scale, *, unit=_unit, axes=(0, 1), divide=2, of=np.mean, pick=np.diagonal, logs=log_softmax
):
    logits = unit(pictures) @ unit(sentences).T * scale
    return float(-sum(of(pick(logs(logits, axis))) for axis in axes) / divide)


def _batch(rng, n, numbers, scale):
    pictures = rng.normal(0, 1, (n, numbers)) * rng.uniform(0.5, 3, (n, 1))
    sentences = pictures + rng.normal(0, 1, (n, numbers))
    return {"pictures": pictures.round(2), "sentences": sentences.round(2), "scale": scale}


def _batches(rng):
    return discriminating(MATCHING_LOSS, rng, _batch, ((3, 4, 5.0), (5, 3, 2.0), (4, 6, 10.0), (2, 3, 4.0)))


def best_sum(table, *, times=1.0, mean=np.mean):
    return mean(table, axis=1, keepdims=True) + mean(table, axis=0, keepdims=True) - times * mean(table)


def _some_table(rng, texts, pictures, mean):
    return {"table": rng.normal(mean, 1.5, (texts, pictures)).round(2)}


def _tables(rng):
    also = [lambda table: np.abs(best_sum(table)), lambda table: np.maximum(best_sum(table), 0)]
    sizes = ((2, 3, 1), (3, 4, 0.5), (4, 3, -1), (5, 2, 0.5), (3, 3, -0.5))
    cases = discriminating(BEST_SUM, rng, _some_table, sizes, also=also)
    return [*cases, _some_table(rng, 1, 4, 0), _some_table(rng, 4, 1, 0)]  # what a sum can say in full


def _part(table, axis):
    return np.broadcast_to(table.mean(axis=axis, keepdims=True), table.shape).copy()


_SCORES = np.array([[0.92, 0.1, 0.35, 0.2], [0.6, 0.5, 0.7, 0.15], [0.4, 0.8, 0.3, 0.9]])
_FUSED, _BLIND_SHARES = np.array([61.0, 66, 57, 70]), np.array([50.0, 56, 45, 57])
_PICTURES = np.array([[3.0, 4], [0, 2], [-1, 0]])
_SENTENCES = np.array([[1.0, 1], [0, 5], [-2, 1]])
_FOUR = np.array([[1.0, -1], [-1, 1]])
_SLOPE = np.array([[0.0, 1, 5], [2, 3, 4]])

BLIND_SHARE = exercise("ps08-1", "Without looking", points=1).value(
    "blind_share",
    0.625,
    section=LESSON + "1.-Texts-that-need-a-picture",
    expects="a number from 0 to 1",
    mistakes={
        "all-half": (0.5, "Some of these texts say all that is needed. How many of those are right?"),
        "pairs-lost": (0.25, "In a pair the same answer is given twice. Is it wrong both times?"),
        "pairs-won": (1.0, "In a pair the same answer is given twice. Is it right both times?"),
        "pairs-counted-once": (0.7, "A pair is two puzzles, each with a picture of its own."),
        "half-of-120": (0.4375, "There are 120 pairs. How many puzzles is that, and which half of them?"),
        "told-forgotten": (0.375, "It reads well: what of the texts that say everything?"),
        "counted": (200, "So many are right. A share was asked for."),
        "percent": (62.5, "That is in percent. A share was asked for."),
    },
)

RECALL_AT = exercise("ps08-2", "Among the first k", points=2).function(
    recall_at,
    section=_SEARCH,
    expects="one number from 0 to 1",
    shown=[{"scores": _SCORES, "k": 2}, {"scores": _SCORES, "k": 1}],
    draw=_searches,
    mistakes={
        "only-the-first": ({"k": 1}, "Only the first find counts here, whatever k is."),
        "one-too-many": ({"k": lambda k: k + 1}, "One find too many counts."),
        "one-too-few": ({"k": lambda k: k - 1}, "One find too few counts."),
        "worst-first": ({"scores": np.negative}, "The pictures that fit worst came first. How does argsort sort?"),
        "other-way-round": (_other_way, "For each picture sentences were sought. Here a sentence seeks its picture."),
        "counted": ({"share": np.sum}, "That is how many were found. A share was asked for."),
        "precision": (
            lambda scores, k: recall_at(scores, k) / k,
            "That is the share of the first k finds that are right: another measure.",
        ),
        "out-of-pictures": (
            lambda scores, k: recall_at(scores, k, share=np.sum) / scores.shape[1],
            "It was divided by the number of pictures. Who is searching?",
        ),
        "first-in-the-list": (
            lambda scores, k: float((np.arange(len(scores)) < k).mean()),
            "The first k pictures of the list are not the k that fit best.",
        ),
        "not-found": (lambda scores, k: 1 - recall_at(scores, k), "That is the share that was not found."),
    },
)

GAIN = exercise("ps08-3", "What the picture adds", points=3).function(
    gain,
    section=LESSON + "4.-All-fusions,-all-tasks",
    expects="a float array of shape (2,): the mean, and half of the interval",
    shown=[{"fused": _FUSED, "blind": _BLIND_SHARES, "factor": 3.182}],
    draw=_seeds,
    mistakes={
        "unpaired": ({"error": _unpaired}, "Seeds are treated as if they had nothing in common. What can be paired?"),
        "only-the-fused": ({"error": _of_fused}, "That is the spread of one of the two. Of what is the mean taken?"),
        "not-the-mean's": ({"root": lambda n: 1}, "So much one seed differs from another. A mean of several is surer."),
        "divided-by-n": ({"root": lambda n: n}, "It was divided by n. Four times as many seeds halve the error."),
        "ddof-0": ({"ddof": 0}, "Few values lie close to their own mean. By what are squares divided?"),
        "turned-round": (
            lambda fused, blind, factor: gain(blind, fused, factor),
            "The sign is wrong: which is subtracted?",
        ),
        "whole-interval": (lambda **case: gain(**case) * [1, 2], "That is the whole width. Half goes up, half down."),
        "without-factor": ({"factor": 1}, "That is the standard error. What makes an interval of it?"),
        "ends": (
            lambda **case: gain(**case) @ [[1, 1], [-1, 1]],
            "Those are the two ends. The mean, and how far it is to an end, were asked for.",
        ),
        "absolute": (
            lambda fused, blind, factor: gain(np.abs(fused - blind), 0, factor),
            "A loss counts as a gain here. Where the picture hurts, what it adds is below 0.",
        ),
        "as-a-share": (
            lambda fused, blind, factor: np.array([(fused / blind).mean(), gain(fused, blind, factor)[1]]),
            "That is how many times as good it is. Points were asked for: a difference.",
        ),
    },
)

MATCHING_LOSS = exercise("ps08-4", "Which belongs to which?", points=3).function(
    matching_loss,
    section=_SEARCH,
    expects="one number, 0 or more",
    shown=[{"pictures": _PICTURES, "sentences": _SENTENCES, "scale": 2.0}],
    draw=_batches,
    mistakes={
        "not-mended": (
            {"unit": np.array, "axes": (1, 1)},
            "That is what the broken one gives. How long are its vectors? Along which axis do shares add up to 1?",
        ),
        "too-long": ({"unit": np.array}, "Vectors of any length were compared. A long one fits everything better."),
        "pictures-seek": ({"axes": (1, 1)}, "The lengths are mended. But both times pictures seek their sentence."),
        "sentences-seek": ({"axes": (0, 0)}, "Only sentences seek their picture here. Who else seeks?"),
        "wrong-axis-of-length": (
            {"unit": lambda vectors: _unit(vectors, axis=0)},
            "Each number was divided by the length of its column. Which numbers make one vector?",
        ),
        "both-added": ({"divide": 1}, "The two directions were added, and not averaged."),
        "summed": ({"of": np.sum}, "The pairs of a batch were added up, so a large batch looks worse than a small."),
        "sign": ({"divide": -2}, "A loss is to be small when all is well. What is the sign of a logarithm of a share?"),
        "without-scale": ({"scale": 1.0}, "The scale is missing: without it, no share can come near 1."),
        "divided-by-scale": (
            {"scale": lambda scale: 1 / scale},
            "It was divided by the scale, which makes all shares alike. They should be sharp.",
        ),
        "one-softmax-for-all": (
            {"logs": lambda logits, axis: log_softmax(logits, None)},
            "All pairs compete with all others here. Among which is the right one sought?",
        ),
        "all-pairs": ({"pick": np.array}, "Wrong pairs are rewarded as well as right ones. Which entries are right?"),
    },
)

BEST_SUM = exercise("ps08-5", "The best that a sum can do", points=4).function(
    best_sum,
    section=LESSON + "By-hand:-what-late-fusion-can-never-do",
    expects="a float array of the table's shape",
    shown=[{"table": _FOUR}, {"table": _SLOPE}],
    draw=_tables,
    mistakes={
        "mean-twice": ({"times": 0}, "What all cells have in common is in both parts, and so was counted twice."),
        "texts-alone": (lambda table: _part(table, 1), "Only the text counts here. The picture may add to it."),
        "pictures-alone": (lambda table: _part(table, 0), "Only the picture counts here. The text may add to it."),
        "averaged": (lambda table: best_sum(table, times=0) / 2, "The two parts were averaged. A sum may do more."),
        "multiplied": (
            lambda table: _part(table, 1) * _part(table, 0) / table.mean(),
            "That is a product of a part for the text and one for the picture. Late fusion adds.",
        ),
        "one-for-all": (lambda table: _part(table, None), "Every cell got the same. Parts may differ by text."),
        "table-itself": (lambda table: table.copy(), "That is the table. Can each of its cells be made as such a sum?"),
        "what-is-left": (lambda table: table - best_sum(table), "That is what a sum leaves over."),
        "medians": (
            {"mean": np.median},
            "Medians make the absolute error small. Here its square is to be.",
        ),
        "first-cells": (
            lambda table: table[:, :1] + table[:1] - table[0, 0],
            "It is right in the first row and column, and the others pay for that.",
        ),
        "signs": (lambda table: np.sign(best_sum(table)), "Only signs are left. Amounts were asked for."),
    },
)

QUESTION = exercise("ps08-6", "Seeing is improving?", points=2).by_hand(
    section=LESSON + "5.-What-does-the-network-use?"
)

EXERCISES = (BLIND_SHARE, RECALL_AT, GAIN, MATCHING_LOSS, BEST_SUM, QUESTION)
