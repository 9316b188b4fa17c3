"""What is valid for the exercises of problem set 6, drawn far and wide."""

from collections import Counter

import numpy as np
from mutation import valid


@valid("ps06-2")
def texts(rng):
    cases = []
    for _ in range(10):
        count, length, vocabulary = int(rng.integers(1, 5)), int(rng.integers(1, 6)), int(rng.integers(4, 8))
        ids = np.zeros((count, length + 1), int)
        ids[:, 0] = 1
        for row in ids:
            said = int(rng.integers(0, length))
            row[1 : said + 1] = rng.integers(3, vocabulary, said)
            row[said + 1] = 2
        cases.append({"logits": rng.normal(0, 2, (count, length, vocabulary)), "ids": ids})
    return cases


def clear(answers):
    """Whether one answer is more frequent than all others."""
    first, second = (*Counter(answers).most_common(2), ("", 0))[:2]
    return first[1] > second[1]


@valid("ps06-3")
def quizzes(rng):
    cases = []
    while len(cases) < 10:
        questions = ["Is it red?", "Which shape?", "Is it big?", "What?"][: int(rng.integers(1, 5))]
        answers = ["yes", "no", "red", "cat"][: int(rng.integers(2, 5))]
        train = [(str(rng.choice(questions)), str(rng.choice(answers))) for _ in range(rng.integers(1, 14))]
        asked = [*questions, "Where?", "How many?"]
        test = [(str(rng.choice(asked)), str(rng.choice(answers))) for _ in range(rng.integers(1, 10))]
        heard = [[answer for question, answer in train if question == one] for one, _ in test]
        if clear([answer for _, answer in train]) and all(map(clear, filter(None, heard))):
            cases.append({"train": train, "test": test})
    return cases


@valid("ps06-4")
def exchanges(rng):
    cases = []
    for pictures in range(2, 10):
        asked = rng.integers(0, pictures, rng.integers(1, 12))
        cases.append({"picture_of": asked, "order": rng.permutation(pictures)})
    return cases


@valid("ps06-5")
def maps(rng):
    cases = []
    for _ in range(10):
        answers, most, rows, columns = (int(one) for one in rng.integers(1, 6, 4))
        words, seen = rng.integers(1, most + 1, answers), np.full(rows * columns, rng.choice([0.2, 1]))
        attended = rng.dirichlet(seen, (answers, most)).reshape(answers, most, rows, columns)
        for each, said in zip(attended, words, strict=True):
            each[said:] *= rng.choice([0, 1, 50])
        cases.append({"maps": attended, "words": words, "side": int(rng.integers(1, min(rows, columns) + 1))})
    return cases
