"""Answers to problem set 3, as students write them."""

from collections import Counter, defaultdict
from fractions import Fraction
from itertools import pairwise
from math import prod

import numpy as np
from answers import BARELY_WRONG, RIGHT, WRONG, values, vary
from scipy.stats import gmean

from vistext.data.vocabulary import Vocabulary


def by_the_course_s_code(sentences, words, length):
    vocabulary = Vocabulary(tuple(words))
    return vocabulary.encode([" ".join(tokens[: length - 2]) for tokens in sentences], length)


def in_plain_python(sentences, words, length):
    table = []
    for tokens in sentences:
        row = [1]
        for token in tokens[: length - 2]:
            row.append(words.index(token.lower()) if token.lower() in words else 3)
        row.append(2)
        while len(row) < length:
            row.append(0)
        table.append(row)
    return table


def by_padding(
    sentences,
    words,
    length,
    *,
    start=(1,),
    end=(2,),
    unknown=3,
    lower=str.lower,
    cut=lambda tokens, length: tokens[: length - 2],
    fill=np.append,
):
    known = [[lower(token) for token in cut(tokens, length)] for tokens in sentences]
    rows = [[*start, *(words.index(t) if t in words else unknown for t in tokens), *end][:length] for tokens in known]
    return np.array([fill(row, [0] * (length - len(row))) for row in rows], int)


def pads_what_it_was_given(sentences, words, length):
    table = by_the_course_s_code(sentences, words, length)
    for tokens in sentences:
        tokens.insert(0, "<start>")
    return table


def not_cut(tokens, length):
    return tokens


RIGHT["ps03-1"] = [by_the_course_s_code, in_plain_python, by_padding]
BARELY_WRONG["ps03-1"] = {
    "cut if longer than the table": vary(by_padding, cut=lambda t, length: t[: length - 2] if len(t) > length else t),
    "one token too few": vary(by_padding, cut=lambda t, length: t if len(t) < length - 2 else t[: length - 3]),
    "only first letters are small": vary(by_padding, lower=lambda token: token[:1].lower() + token[1:]),
    "one row is no table": lambda **case: table if len(table := by_padding(**case)) > 1 else table[0],
}
WRONG["ps03-1"] = {
    "padded-in-front": vary(by_padding, fill=lambda row, padding: padding + row),
    "capitals": vary(by_padding, lower=str),
    "end-cut-off": vary(by_padding, cut=not_cut),
    "from-the-fifth": vary(by_padding, words=lambda words: words[4:]),
    "too-long": lambda sentences, words, length: by_padding(
        sentences, words, max(length, *(len(tokens) + 2 for tokens in sentences)), cut=not_cut
    ),
    "no-start": vary(by_padding, start=()),
    "no-end": vary(by_padding, end=()),
    "unknown-is-padding": vary(by_padding, unknown=0),
    "stopped": lambda sentences, words, length: [[words.index(token) for token in tokens] for tokens in sentences],
    "wrong-type": lambda sentences, words, length: [["<start>", *tokens, "<end>"] for tokens in sentences],
    "changed-input": pads_what_it_was_given,
}


def with_edges(sentences):
    return [["<start>", *tokens, "<end>"] for tokens in sentences]


def by_loops(sentences, before, word, words):
    followed = anything = 0
    for tokens in with_edges(sentences):
        for place in range(len(tokens) - 1):
            anything += tokens[place] == before
            followed += tokens[place : place + 2] == [before, word]
    return np.float64(followed + 1) / (anything + words)


def by_tables_of_tables(sentences, before, word, words):
    after = defaultdict(Counter)
    for tokens in with_edges(sentences):
        for first, second in pairwise(tokens):
            after[first][second] += 1
    return Fraction(after[before][word] + 1, sum(after[before].values()) + words)


def pairs_in(sentences):
    return [pair for tokens in sentences for pair in pairwise(tokens)]


def edged_pairs(sentences):
    return pairs_in(with_edges(sentences))


def by_a_list_of_pairs(sentences, before, word, words, *, pairs=edged_pairs, place=0, more=1, below=None):
    """Of those with the first word (or with the second one at that place)."""
    found, wanted = pairs(sentences), (before, word)
    total = sum(pair[place] == wanted[place] for pair in found) if place is not None else len(found)
    return (found.count(wanted) + more) / (total + (words if below is None else below))


def adds_edges_in_place(sentences, before, word, words):
    for tokens in sentences:
        tokens[:] = ["<start>", *tokens, "<end>"]
    return by_a_list_of_pairs(sentences, before, word, words, pairs=pairs_in)


def of_the_word_alone(sentences, before, word, words):
    tokens = [token for sentence in with_edges(sentences) for token in sentence[1:]]
    return (tokens.count(word) + 1) / (len(tokens) + words)


RIGHT["ps03-2"] = [by_loops, by_tables_of_tables, by_a_list_of_pairs]
BARELY_WRONG["ps03-2"] = {
    "the last is followed by nothing": vary(
        by_a_list_of_pairs, pairs=lambda found: pairs_in([["<start>", *tokens] for tokens in found])
    )
}
WRONG["ps03-2"] = {
    "not-smoothed": vary(by_a_list_of_pairs, more=0, below=0),
    "never-seen-is-nought": lambda **case: by_a_list_of_pairs(
        **case, more=0, below=0 if by_a_list_of_pairs(**case, more=0) else 1
    ),
    "top-only": vary(by_a_list_of_pairs, below=0),
    "one-below": vary(by_a_list_of_pairs, below=1),
    "no-edges": vary(by_a_list_of_pairs, pairs=pairs_in),
    "turned": lambda before, word, **case: by_a_list_of_pairs(before=word, word=before, place=1, **case),
    "of-the-word": vary(by_a_list_of_pairs, place=1),
    "of-all-pairs": vary(by_a_list_of_pairs, place=None),
    "alone": of_the_word_alone,
    "once-a-sentence": vary(
        by_a_list_of_pairs, pairs=lambda found: [pair for tokens in with_edges(found) for pair in set(pairwise(tokens))]
    ),
    "different-pairs": vary(by_a_list_of_pairs, pairs=lambda found: list(set(edged_pairs(found)))),
    "changed-input": adds_edges_in_place,
}


def as_a_root_of_a_product(probabilities, ids):
    words = [p for p, number in zip(np.ravel(probabilities), np.ravel(ids), strict=True) if number]
    return prod(words) ** (-1 / len(words))


def by_a_library_of_means(probabilities, ids):
    return 1 / gmean(probabilities[ids.astype(bool)])


def with_weights(probabilities, ids):
    return float(np.exp(np.average(-np.log(probabilities), weights=np.where(ids == 0, 0, 1))))


def real(probabilities, ids):
    return probabilities[ids != 0]


def mean_of_means(probabilities, ids):
    logs = np.where(ids > 0, np.log(probabilities), 0)
    return np.exp(-(logs.sum(axis=1) / (ids > 0).sum(axis=1)).mean())


RIGHT["ps03-3"] = [as_a_root_of_a_product, by_a_library_of_means, with_weights]
BARELY_WRONG["ps03-3"] = {
    "the end is no word": lambda probabilities, ids: with_weights(probabilities, np.where(ids == 2, 0, ids))
}
WRONG["ps03-3"] = {
    "no-exp": lambda **case: -np.log(real(**case)).sum() / len(real(**case)),
    "padding-counted": lambda probabilities, ids: np.exp(np.mean(-np.log(probabilities))),
    "divided-by-the-table": lambda probabilities, ids: np.exp(-np.mean(np.log(probabilities) * (ids > 0))),
    "two-logarithms": lambda **case: np.exp(-np.mean(np.log2(real(**case)))),
    "no-minus": lambda **case: np.exp(np.log(real(**case)).mean()),
    "mean-first": lambda **case: np.exp(-np.log(real(**case).mean())),
    "mean-of-inverses": lambda **case: np.mean(1 / real(**case)),
    "sum": lambda **case: np.exp(-np.log(real(**case)).sum()),
    "sentence-by-sentence": lambda probabilities, ids: np.mean(
        [with_weights(*sentence) for sentence in zip(probabilities, ids, strict=True)]
    ),
    "short-sentences-count-more": mean_of_means,
}

values(
    "ps03-4",
    right=[4_176, np.int32(4_176), 4_176.0, Fraction(4_176)],
    wrong={
        "a-quarter": 37_440 / 4,
        "a-sixteenth": 37_440 / 16,
        "one-bias": 3 * (32 + 24 + 1) * 24,
        "no-biases": 3 * (32 + 24) * 24,
        "one-part": (32 + 24 + 2) * 24,
        "two-parts": 2 * (32 + 24 + 2) * 24,
        "four-parts": 4 * (32 + 24 + 2) * 24,
        "no-state": 3 * (32 + 2) * 24,
        "whole-network": 121 * 32 + 4_176 + 24 * 121 + 121,
        "other": 4_000,
    },
)
values(
    "ps03-5",
    right=["CADB", "cadb", "CADB ", "C A D B", "c,a,d,b"],
    wrong={"two-pairs": "acbd", "other": "DCBA", "wrong-type": ["C", "A", "D", "B"]},
)
