"""Answers to problem set 3, as students write them."""

from collections import Counter, defaultdict
from fractions import Fraction
from itertools import islice, pairwise, zip_longest
from math import prod

import numpy as np
from answers import BARELY_WRONG, WRONG, right, values, vary
from scipy.stats import gmean

from vistext.data.vocabulary import Vocabulary


@right("ps03-1")
def by_the_course_s_code(sentences, words, length):
    vocabulary = Vocabulary(tuple(words))
    return vocabulary.encode([" ".join(tokens[: length - 2]) for tokens in sentences], length)


@right("ps03-1")
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


@right("ps03-1")
def by_padding_lists(sentences, words, length):
    numbers = dict(zip(words, range(len(words)), strict=True))
    rows = [[1, *[numbers.get(token.lower(), 3) for token in tokens][: length - 2], 2] for tokens in sentences]
    return np.stack([np.pad(row, (0, length - len(row))) for row in rows])


@right("ps03-1")
def column_by_column(sentences, words, length):
    marked = [["<start>", *(token.lower() for token in tokens[: length - 2]), "<end>"] for tokens in sentences]
    columns = list(islice(zip_longest(*marked, [None] * length, fillvalue="<pad>"), length))
    return [[words.index(token) if token in words else 3 for token in row] for row in zip(*columns, strict=True)][:-1]


def cut_to_fit(tokens, length):
    return tokens[: length - 2]


def encoded(
    sentences, words, length, *, start=(1,), end=(2,), unknown=3, lower=str.lower, cut=cut_to_fit, fill=np.append
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


BARELY_WRONG["ps03-1"] |= {
    "cut only if longer than the table": vary(encoded, cut=lambda t, length: t[: length - 2] if len(t) > length else t),
    "one token too few": vary(encoded, cut=lambda t, length: t if len(t) < length - 2 else t[: length - 3]),
    "only first letters are small": vary(encoded, lower=lambda token: token[:1].lower() + token[1:]),
    "one row is no table": lambda **case: table if len(table := encoded(**case)) > 1 else table[0],
}

WRONG["ps03-1"] |= {
    "padded-in-front": vary(encoded, fill=lambda row, padding: padding + row),
    "capitals": vary(encoded, lower=str),
    "end-cut-off": vary(encoded, cut=not_cut),
    "from-the-fifth": vary(encoded, words=lambda words: words[4:]),
    "too-long": lambda sentences, words, length: encoded(
        sentences, words, max(length, *(len(tokens) + 2 for tokens in sentences)), cut=not_cut
    ),
    "no-start": vary(encoded, start=()),
    "no-end": vary(encoded, end=()),
    "unknown-is-padding": vary(encoded, unknown=0),
    "stopped": lambda sentences, words, length: [[words.index(token) for token in tokens] for tokens in sentences],
    "wrong-type": lambda sentences, words, length: [["<start>", *tokens, "<end>"] for tokens in sentences],
    "changed-input": pads_what_it_was_given,
}


def with_edges(sentences):
    return [["<start>", *tokens, "<end>"] for tokens in sentences]


@right("ps03-2")
def by_counter(sentences, before, word, words):
    pairs = Counter(pair for tokens in with_edges(sentences) for pair in pairwise(tokens))
    firsts = Counter(token for tokens in with_edges(sentences) for token in tokens[:-1])
    return (pairs[before, word] + 1) / (firsts[before] + words)


@right("ps03-2")
def by_loops(sentences, before, word, words):
    followed = anything = 0
    for tokens in with_edges(sentences):
        for place in range(len(tokens) - 1):
            anything += tokens[place] == before
            followed += tokens[place : place + 2] == [before, word]
    return np.float64(followed + 1) / (anything + words)


@right("ps03-2")
def by_tables_of_tables(sentences, before, word, words):
    after = defaultdict(Counter)
    for tokens in with_edges(sentences):
        for first, second in pairwise(tokens):
            after[first][second] += 1
    return Fraction(after[before][word] + 1, sum(after[before].values()) + words)


@right("ps03-2")
def by_removing_what_does_not_follow(sentences, before, word, words):
    tokens = [token for sentence in sentences for token in ("<end>", "<start>", *sentence, "<end>")]
    following = np.array(tokens[1:])[np.array(tokens[:-1]) == before]
    return (np.sum(following == word) + 1) / (following.size + words)


def pairs_in(sentences):
    return [pair for tokens in sentences for pair in pairwise(tokens)]


def edged_pairs(sentences):
    return pairs_in(with_edges(sentences))


def counted(sentences, before, word, words, *, pairs=edged_pairs, place=0, more=1, below=None):
    """By a list of pairs; of those with the first word (or with the second one at that place)."""
    found, wanted = pairs(sentences), (before, word)
    total = sum(pair[place] == wanted[place] for pair in found) if place is not None else len(found)
    return (found.count(wanted) + more) / (total + (words if below is None else below))


def adds_edges_in_place(sentences, before, word, words):
    for tokens in sentences:
        tokens[:] = ["<start>", *tokens, "<end>"]
    return counted(sentences, before, word, words, pairs=pairs_in)


def of_the_word_alone(sentences, before, word, words):
    tokens = [token for sentence in with_edges(sentences) for token in sentence[1:]]
    return (tokens.count(word) + 1) / (len(tokens) + words)


BARELY_WRONG["ps03-2"] |= {
    "the last is followed by nothing": vary(counted, pairs=lambda found: pairs_in([["<start>", *t] for t in found]))
}

WRONG["ps03-2"] |= {
    "not-smoothed": vary(counted, more=0, below=0),
    "never-seen-is-nought": lambda **case: counted(**case, more=0, below=0 if counted(**case, more=0) else 1),
    "top-only": vary(counted, below=0),
    "one-below": vary(counted, below=1),
    "no-edges": vary(counted, pairs=pairs_in),
    "turned": lambda before, word, **case: counted(before=word, word=before, place=1, **case),
    "of-the-word": vary(counted, place=1),
    "of-all-pairs": vary(counted, place=None),
    "alone": of_the_word_alone,
    "once-a-sentence": vary(counted, pairs=lambda found: [p for t in with_edges(found) for p in set(pairwise(t))]),
    "different-pairs": vary(counted, pairs=lambda found: list(set(edged_pairs(found)))),
    "changed-input": adds_edges_in_place,
}


@right("ps03-3")
def with_base_two_throughout(probabilities, ids):
    there = ids > 0
    return 2 ** (-np.sum(np.log2(probabilities), where=there) / there.sum())


@right("ps03-3")
def as_a_root_of_a_product(probabilities, ids):
    words = [p for p, number in zip(np.ravel(probabilities), np.ravel(ids), strict=True) if number]
    return prod(words) ** (-1 / len(words))


@right("ps03-3")
def by_a_library_of_means(probabilities, ids):
    return 1 / gmean(probabilities[ids.astype(bool)])


@right("ps03-3")
def with_weights(probabilities, ids):
    return float(np.exp(np.average(-np.log(probabilities), weights=np.where(ids == 0, 0, 1))))


def real(probabilities, ids):
    return probabilities[ids != 0]


def mean_of_means(probabilities, ids):
    logs = np.where(ids > 0, np.log(probabilities), 0)
    return np.exp(-(logs.sum(axis=1) / (ids > 0).sum(axis=1)).mean())


BARELY_WRONG["ps03-3"] |= {
    "the end is no word": lambda probabilities, ids: with_weights(probabilities, np.where(ids == 2, 0, ids))
}

WRONG["ps03-3"] |= {
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
