"""What is valid for the exercises of problem set 3, drawn far and wide."""

import numpy as np
from mutation import valid

SPECIAL = ["<pad>", "<start>", "<end>", "<unknown>"]
WORDS = ["the", "a", "cat", "dog", "ship", "is", "sits", "on", "."]


def sentence(rng, words, length):
    return [str(word) for word in rng.choice(words, length)]


@valid("ps03-1")
def to_encode(rng):
    cases = []
    for length in (2, 3, 4, 6, 9):
        known = [str(word) for word in rng.permutation(WORDS)[: int(rng.integers(1, 9))]]
        sentences = [sentence(rng, [*known, "zebra", "Xylophone"], count) for count in range(0, length + 4)]
        capitals = [[str(rng.choice([word, word.capitalize(), word.upper()])) for word in one] for one in sentences]
        cases.append({"sentences": capitals, "words": SPECIAL + known, "length": length})
    return cases


@valid("ps03-2")
def to_count(rng):
    cases = []
    for count in (1, 2, 6):
        words = [str(word) for word in rng.permutation(WORDS)[:3]]
        sentences = [sentence(rng, words, int(rng.integers(0, 6))) for _ in range(count)]
        for _ in range(4):
            before, word = str(rng.choice(["<start>", "zebra", *words])), str(rng.choice(["<end>", "zebra", *words]))
            cases.append({"sentences": sentences, "before": before, "word": word, "words": int(rng.integers(4, 20))})
    return cases


@valid("ps03-3")
def tables(rng):
    cases = []
    for rows, columns in ((1, 1), (1, 3), (2, 4), (5, 3)):
        ids = rng.integers(1, 30, (rows, columns))
        ids[np.arange(columns) >= rng.integers(1, columns + 1, rows)[:, None]] = 0
        probabilities = np.round(rng.uniform(0.01, 1, ids.shape) ** rng.choice([0, 1, 3]), 6)
        cases.append({"probabilities": np.maximum(probabilities, 1e-6), "ids": ids})
    return cases
