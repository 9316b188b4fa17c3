"""Problem set 3, on lesson 03: words."""

from collections import Counter
from itertools import pairwise

import numpy as np

from vistext.exercises.exercise import exercise

LESSON = "03_words.ipynb#"
SPECIAL = ["<pad>", "<start>", "<end>", "<unknown>"]
WORDS = ["the", "a", "cat", "dog", "ship", "is", "sits", "sleeping", "on", "floor", "water", "small", "."]


def encode(sentences, words, length, *, start=(1,), end=(2,), unknown=3, front=False, lower=str.lower, cut=2, shift=0):
    table = np.zeros((len(sentences), length), int)
    for line, tokens in zip(table, sentences, strict=True):
        known = [lower(token) for token in tokens]
        numbers = [words.index(token) - shift if token in words else unknown for token in known]
        row = [*start, *numbers[: length - cut], *end][:length]
        line[length - len(row) if front else 0 :][: len(row)] = row
    return table


def _sentence(rng, words, fewest=1, most=6):
    return [str(word) for word in rng.choice(words, int(rng.integers(fewest, most + 1)))]


def _to_encode(rng):
    cases: list[dict] = []
    for number, length in enumerate((6, 8, 5, 7)):
        words = SPECIAL + [str(word) for word in rng.permutation(WORDS)[:9]]
        # There is room for all of the first ones, for all but the last token, for all but two, and for fewer.
        sentences = [_sentence(rng, [*words[4:], "zebra"], more, more) for more in range(length - 3, length + 3)]
        sentences[0][:2] = [words[5].capitalize(), "Zebra"]
        sentences[1][0] = words[-1].upper()
        cases.append({"sentences": [*rng.permutation(np.array(sentences, object))], "words": words, "length": length})
        if number == 3:
            cases[-1]["sentences"].append([])
    alone = [words[4].capitalize(), "zebra", words[6]]
    return [*cases, {"sentences": [alone], "words": words, "length": int(rng.integers(6, 9))}]


def _pairs_of(sentence):
    return list(pairwise(["<start>", *sentence, "<end>"]))


def _begins(pair, before, word):
    return pair[0] == before


def probability(sentences, before, word, words, *, pairs=_pairs_of, among=_begins, more=1, below=None, most=None):
    """Of the pairs that are `among` those in question, counted, the share that is the one asked for, smoothed."""
    counts = Counter(pair for sentence in sentences for pair in pairs(sentence))
    if most:  # a pair counts no more often than this
        counts = Counter({pair: min(times, most) for pair, times in counts.items()})
    total = sum(times for pair, times in counts.items() if among(pair, before, word))
    return (counts[before, word] + more) / (total + (words if below is None else below))


def _nought(sentences, before, word, words):
    known = any(pair[0] == before for sentence in sentences for pair in _pairs_of(sentence))
    return probability(sentences, before, word, words, more=0, below=0) if known else 0.0


def _alone(sentences, before, word, words):
    singles = Counter(token for sentence in sentences for token in [*sentence, "<end>"])
    return (singles[word] + 1) / (singles.total() + words)


def _to_count(rng):
    cases = []
    for number in range(7):
        words = [str(word) for word in rng.permutation(WORDS)[:4]]
        sentences = [_sentence(rng, words, 3, 6) for _ in range(8)]
        sentences[0] = [words[0], words[1], words[0], words[1], words[2]]
        sentences[1] = [words[0], words[1], words[0], words[1]]
        sentences[2] = [words[1], words[0], words[1], words[0]]
        sentences[-1] = [words[1], words[0], "yak"]
        first, second = words[:2]
        before = (first, "<start>", second, "zebra", second, first, "yak")[number]
        word = (second, first, "<end>", first, first, second, "<end>")[number]
        cases.append({"sentences": sentences, "before": before, "word": word, "words": int(rng.integers(6, 30))})
    return cases


def perplexity(probabilities, ids, *, of=lambda known: np.exp(-np.log(known).mean()), known=lambda ids: ids > 0):
    return float(of(probabilities[known(ids)]))


def _of_sentence_means(probabilities, ids):
    means = [np.log(row[known > 0]).mean() for row, known in zip(probabilities, ids, strict=True)]
    return float(np.exp(-np.mean(means)))


def _tables(rng):
    cases = []
    for rows, columns in ((2, 5), (3, 6), (1, 4), (4, 7)):
        ids = rng.integers(3, 30, (rows, columns))
        ids[0, 0] = 1  # all but 0 count
        lengths = rng.permutation([columns, *rng.permutation(np.arange(2, columns))[: rows - 1]])  # one is not padded
        ids[np.arange(columns) >= lengths[:, None]] = 0
        ids[np.arange(rows), lengths - 1] = 2
        probabilities = np.where(ids > 0, rng.uniform(0.02, 0.9, ids.shape), rng.uniform(0.95, 1, ids.shape))
        cases.append({"probabilities": probabilities.round(3), "ids": ids})
    return cases


def _gru(inputs=32, units=24, gates=3, biases=2):
    return gates * (inputs * units + units * units + biases * units)


ENCODE = exercise("ps03-1", "Sentences as a table", points=2).function(
    encode,
    section=LESSON + "Padding-and-mask",
    expects="an array of whole numbers of shape (sentences, length)",
    shown=[
        {
            "sentences": [["A", "cat", "sits", "."], ["A", "zebra"]],
            "words": [*SPECIAL, "a", ".", "cat", "sits"],
            "length": 7,
        },
        {"sentences": [["a", "cat", "sits", "."]], "words": [*SPECIAL, "a", ".", "cat", "sits"], "length": 4},
    ],
    draw=_to_encode,
    mistakes={
        "no-start": ({"start": ()}, "No row has a start. What does each begin with?"),
        "no-end": ({"end": ()}, "No row has an end. How does a model know when to stop?"),
        "unknown-is-padding": ({"unknown": 0}, "A word that is not in the list became padding, as if there were none."),
        "padded-in-front": ({"front": True}, "The padding stands in front of the words."),
        "capitals": ({"lower": str}, "A word with a capital was not found. The list is in lower case."),
        "end-cut-off": ({"cut": 0}, "Where a sentence is too long, its end was cut off, too."),
        "from-the-fifth": ({"shift": 4}, "Numbers begin at the first word after the special ones. All of them count."),
        "too-long": (
            lambda sentences, words, length: encode(sentences, words, max(length, max(map(len, sentences)) + 2)),
            "The table is wider than it should be: a long sentence is to be cut.",
        ),
    },
)

PROBABILITY = exercise("ps03-2", "What comes next, by counting", points=3).function(
    probability,
    section=LESSON + "3.-A-language-model-by-counting",
    expects="one number from 0 to 1",
    shown=[
        {"sentences": [["a", "cat", "sits"], ["a", "dog"]], "before": "a", "word": "cat", "words": 4},
        {"sentences": [["a", "cat", "sits"], ["a", "dog"]], "before": "<start>", "word": "a", "words": 4},
        {"sentences": [["a", "cat", "sits"], ["a", "dog"]], "before": "ship", "word": "a", "words": 4},
    ],
    draw=_to_count,
    mistakes={
        "not-smoothed": ({"more": 0, "below": 0}, "A word that was never seen stops it: 0 / 0. No count was smoothed."),
        "never-seen-is-nought": (_nought, "What was never seen gets probability 0, and yet may come. Smooth it."),
        "top-only": ({"below": 0}, "The probabilities of all words add up to more than 1. How many got one more?"),
        "one-below": ({"below": 1}, "One was added below. But every word that may come next has been given one more."),
        "no-edges": ({"pairs": pairwise}, "First words have nothing before them here, and last ones nothing after."),
        "turned": (
            {"pairs": lambda sentence: [pair[::-1] for pair in _pairs_of(sentence)]},
            "It asks what came before the word, not what comes after.",
        ),
        "of-the-word": (
            {"among": lambda pair, before, word: pair[1] == word},
            "You divided by how often the word itself comes. What is given is the word before.",
        ),
        "of-all-pairs": (
            {"among": lambda pair, before, word: True},
            "You divided by all pairs. Only those that begin as asked are in question.",
        ),
        "alone": (_alone, "It does not look at the word before."),
        "once-a-sentence": (
            {"pairs": lambda sentence: set(_pairs_of(sentence))},
            "A pair that comes twice in a sentence was counted once.",
        ),
        "different-pairs": ({"most": 1}, "Each pair was counted once, however often it comes."),
    },
)

PERPLEXITY = exercise("ps03-3", "A perplexity that flatters", points=3).function(
    perplexity,
    section=LESSON + "Counting-padding",
    expects="one number, 1 or more",
    shown=[
        {
            "probabilities": np.array([[0.5, 0.25, 0.125, 1.0], [0.2, 0.1, 0.99, 0.98]]),
            "ids": np.array([[4, 5, 2, 0], [4, 2, 0, 0]]),
        }
    ],
    draw=_tables,
    mistakes={
        "padding-counted": ({"known": lambda ids: ids >= 0}, "It is too good: padding, easy to guess, was counted."),
        "divided-by-the-table": (
            lambda probabilities, ids: np.exp(-np.log(probabilities[ids > 0]).sum() / ids.size),
            "Padding is not in the sum, but in what it is divided by.",
        ),
        "two-logarithms": ({"of": lambda p: np.exp(-np.log2(p).mean())}, "exp undoes the natural logarithm, no other."),
        "no-minus": ({"of": lambda p: np.exp(np.log(p).mean())}, "Below 1? Logarithms of probabilities are negative."),
        "no-exp": ({"of": lambda p: -np.log(p).mean()}, "That is the mean itself. What undoes the logarithm?"),
        "mean-first": ({"of": lambda p: 1 / p.mean()}, "The mean was taken of probabilities, the logarithm then."),
        "mean-of-inverses": (
            {"of": lambda p: (1 / p).mean()},
            "One unlikely word outweighs all others here. The mean is one of logarithms.",
        ),
        "sum": ({"of": lambda p: np.exp(-np.log(p).sum())}, "It grows with every word. A mean is wanted, not a sum."),
        "sentence-by-sentence": (
            lambda probabilities, ids: np.mean([perplexity(*row) for row in zip(probabilities, ids, strict=True)]),
            "Each sentence got a perplexity of its own. All words count the same.",
        ),
        "short-sentences-count-more": (_of_sentence_means, "The mean was taken by sentence: short ones count more."),
    },
)

GRU_WEIGHTS = exercise("ps03-4", "A smaller memory", points=2).value(
    "gru_weights",
    _gru(),
    section=LESSON + "One-step,-by-hand",
    expects="one whole number",
    tolerance=1e-9,
    mistakes={
        "a-quarter": (9_360, "A quarter of the units. But units are also connected with each other."),
        "a-sixteenth": (2_340, "Not every part of it shrinks with the square of the units."),
        "one-bias": (_gru(biases=1), "Word and state each bring a bias: b has two rows."),
        "no-biases": (_gru(biases=0), "There are biases, too."),
        "one-part": (_gru(gates=1), "Two gates and a candidate: each has weights of its own."),
        "two-parts": (_gru(gates=2), "The candidate has weights as well as both gates."),
        "four-parts": (_gru(gates=4), "That would be an LSTM. Count the lines of the step."),
        "no-state": (3 * (32 * 24 + 2 * 24), "What comes from the old state has weights, too: u."),
        "whole-network": (3_872 + _gru() + 25 * 121, "That is the whole network. Only the GRU was asked for."),
    },
)

FROM_COLD_TO_HOT = exercise("ps03-5", "From low to high temperature", points=1).value(
    "from_cold_to_hot",
    "CADB",
    section=LESSON + "6.-Sampling",
    expects="a text of four letters, each of A, B, C and D once",
    mistakes={
        "turned": ("BDAC", "From hot to cold. Which curve is nearest to: always the same word?"),
        "coldest-two": ("ACDB", "Look again at the two steepest. The colder it is, the more the first word gets."),
        "middle-two": ("CDAB", "Look again at the two in the middle. How much does the last word get in each?"),
        "hottest-two": ("CABD", "Look again at the two flattest. The hotter, the more alike all words are."),
        "ends": ("BADC", "The ends are exchanged. What is infinitely hot gives every word the same."),
        "as-named": ("ABCD", "That is the order of their names."),
        "two-pairs": ("ACBD", "Cold and hot are told apart, but in both pairs the order is turned."),
    },
)

QUESTION = exercise("ps03-6", "One run, one claim", points=2).by_hand(LESSON + "9.-The-claim,-with-error-bars")

EXERCISES = (ENCODE, PROBABILITY, PERPLEXITY, GRU_WEIGHTS, FROM_COLD_TO_HOT, QUESTION)
