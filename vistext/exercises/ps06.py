"""Problem set 6, on lesson 06: a network that is asked, QG-Net, and one that asks."""

from collections import Counter

import numpy as np
from scipy.special import log_softmax, softmax

from vistext.exercises.exercise import discriminating, exercise, shuffled, vary

LESSON = "06_qgnet.ipynb#"
PAD, START, END = 0, 1, 2


def how_sure(logits, ids, *, axis=-1, logs=log_softmax, silent=(PAD,), words=np.s_[:, 1:], together=np.nanprod):
    """The probability of each text; of the words that do not count, probabilities are nan."""
    chosen = ids[words]
    probabilities = np.exp(np.take_along_axis(logs(logits, axis=axis), chosen[..., np.newaxis], axis=-1)[..., 0])
    return together(np.where(np.isin(chosen, silent), np.nan, probabilities), axis=1)


def _some_texts(rng, texts, length, vocabulary):
    ids = np.full((texts, length + 1), PAD)
    ids[:, 0] = START
    for row, number in enumerate(rng.permutation(texts)):  # one has no padding, and one is empty: it ends at once
        count = (length - 1, 0, int(rng.integers(1, length)), 1)[number] if length > 1 else 0
        ids[row, 1 : count + 1] = rng.integers(3, vocabulary, count)
        ids[row, count + 1] = END
    logits = rng.normal(0.7, 1, (texts, length, vocabulary)) + np.eye(vocabulary)[ids[:, 1:]]
    return {"logits": logits.round(2), "ids": ids}


def _texts(rng):
    sizes, also = ((2, 4, 6), (3, 5, 7), (2, 3, 5), (4, 5, 6)), [lambda **case: np.sort(how_sure(**case))]
    cases = discriminating(HOW_SURE, rng, _some_texts, sizes, also=also)
    return [*cases, _some_texts(rng, 2, 1, 5), _some_texts(rng, 1, 2, 5)]


def _most_frequent(answers):
    return Counter(answers).most_common(1)[0][0]


def _answers_of(pairs):
    """The answers of all pairs, and those of each question."""
    by_question: dict = {}
    for question, answer in pairs:
        by_question.setdefault(question, []).append(answer)
    return [pair[1] for pair in pairs], by_question


def closed_eyes(train, test, *, choose=_most_frequent, general=lambda train, test: _answers_of(train)[0], learn=None):
    """The share that is right, if `choose` makes one answer of a question's, and of `general` ones for all others."""
    _, known = _answers_of(train if learn is None else learn(test))
    others = _most_frequent(general(train, test))
    answers = [choose(known[question]) if question in known else others for question, _ in test]
    return sum(answer == right for answer, (_, right) in zip(answers, test, strict=True)) / len(test)


def _any_answer(train, test):
    general, known = _answers_of(train)
    return sum(answer in known.get(question, [_most_frequent(general)]) for question, answer in test) / len(test)


def _mean_over_questions(train, test):
    questions = _answers_of(test)[1].items()
    return float(np.mean([closed_eyes(train, [(asked, answer) for answer in answers]) for asked, answers in questions]))


def _quiz(rng):
    """What is most frequent in training is so neither in the test, nor among different pairs or questions' answers."""
    first, second, third, fourth, new = rng.permutation(["circle", "square", "star", "ring", "cross"]).tolist()
    answered = {
        f"Is there a {first}?": ["no"] * 6 + ["yes"] * 2,
        f"Is there a {second}?": ["no", "yes", "yes"],
        "How big is it?": ["small", "small", "huge", "huge", "huge"],
        "Which shape is it?": [third, fourth, fourth],
    }
    train = shuffled(rng, [(question, answer) for question, answers in answered.items() for answer in answers])
    train = [("Is it big?", "yes"), *train, (f"Is it a {third}?", "yes")]  # what is asked once comes first and last
    answered |= {question: [answer] for question, answer in (train[0], train[-1])}
    test = [(question, answers[place]) for question, answers in answered.items() for place in (0, -1, -1)]
    test += [(f"Is it a {new}?", "no")] * 2 + [("Is it old?", "yes")] * 2 + [("Where is it?", "here")] * 28
    test += [(f"Is there a {first}?", "yes")] * int(rng.integers(1, 4))
    return {"train": train, "test": [train[0], *shuffled(rng, test), (f"Is it a {new}?", "no")]}  # both are right


def _quizzes(rng):
    also = [
        vary(closed_eyes, train=lambda train: train[1:]),
        vary(closed_eyes, train=lambda train: train[:-1]),
        vary(closed_eyes, general=lambda train, test: _answers_of(dict.fromkeys(train))[0]),
        lambda train, test: 1 - closed_eyes(train, test),
        vary(closed_eyes, choose=max),
        vary(closed_eyes, choose=min),
    ]
    cases = discriminating(CLOSED_EYES, rng, _quiz, 4 * [()], also=also)
    pair = (f"Is it a {rng.choice(['circle', 'square', 'star'])}?", str(rng.choice(["yes", "no"])))
    return [*cases, {"train": [pair], "test": [("Is it old?", pair[1]), (pair[0], "maybe")]}]


def _after(order, step=1):
    after = np.empty_like(order)
    after[order] = np.roll(order, -step)
    return after


def another_picture(picture_of, order):
    return _after(order)[picture_of]


def _last_to(last, picture_of, order):
    return np.where(picture_of == order[-1], last, another_picture(picture_of, order))


def _exchange(rng, pictures, questions):
    return {"picture_of": rng.integers(0, pictures, questions), "order": rng.permutation(pictures)}


def _exchanges(rng):
    also = [lambda picture_of, order: (picture_of + 1) % (picture_of.max() + 1)]
    sizes = ((5, 9), (6, 14), (7, 12), (4, 7))
    cases = discriminating(ANOTHER_PICTURE, rng, _exchange, sizes, also=also)
    return [*cases, _exchange(rng, 6, 2), _exchange(rng, 8, 1)]  # of most pictures nothing is asked


def _total(maps, words, together=np.sum):
    """[n, t, rows, columns], [n] → [n, rows, columns]"""
    counted = np.arange(maps.shape[1]) < np.reshape(words, (-1, 1))
    return together(maps * counted[..., None, None], axis=1)


def _windows(total, side):
    """[n, rows, columns] → [n, rows - side + 1, columns - side + 1]"""
    return np.lib.stride_tricks.sliding_window_view(total, (side, side), axis=(1, 2)).sum(axis=(3, 4))


def _highest(tables):
    """[n, rows, columns] → [n, 2]"""
    best = tables.reshape(len(tables), -1).argmax(axis=1)
    return np.stack(np.unravel_index(best, tables.shape[1:]), axis=1)


def most_attended(maps, words, side, *, together=np.sum, squares=_windows, step=1):
    total = _total(maps, words, together)
    return step * _highest(squares(total, side)[:, ::step, ::step])


def _some_maps(rng, rows, columns, side, answers):
    words, cells = rng.integers(2, 7, answers), np.full(rows * columns, 0.25)
    maps = rng.dirichlet(cells, (answers, 7)).reshape(answers, 7, rows, columns)
    return {"maps": maps, "words": words, "side": side}


def _attention_maps(rng):
    also = [
        lambda maps, words, side: most_attended(maps[:, 1:], words - 1, side),
        vary(most_attended, squares=lambda total, side: _windows(total, side)[:, :-1]),
        vary(most_attended, squares=lambda total, side: _windows(total, side)[:, :, :-1]),
    ]
    sizes = ((8, 8, 3, 4), (6, 8, 3, 3), (7, 5, 3, 3), (8, 7, 4, 4))
    cases = discriminating(MOST_ATTENDED, rng, _some_maps, sizes, also=also)
    # One answer without padding, and squares of one cell.
    return [*cases, {"maps": rng.random((1, 2, 3, 4)), "words": np.array([2]), "side": 1}]


_BY_HAND = np.log([[[0.02, 0.02, 0.02, 0.9, 0.04], [0.01, 0.01, 0.8, 0.1, 0.08], [0.5, 0.1, 0.1, 0.2, 0.1]]])
_ASKED = ["Is it red?"] * 3 + ["Which shape?"] * 3 + ["Is it big?"]
_TRAIN = list(zip(_ASKED, ["no", "yes", "no", "circle", "square", "square", "no"], strict=True))
_TEST = list(zip([*_ASKED[2:6], "Is it old?"], ["no", "circle", "square", "star", "no"], strict=True))
_MAPS = np.zeros((1, 3, 3, 4))  # (answers, words, rows, columns); the last word is padding
_MAPS[0, 0] = [[0, 0, 0, 0.4], [0.3, 0, 0, 0], [0.3, 0, 0, 0]]
_MAPS[0, 1] = [[0, 0, 0.1, 0], [0, 0.3, 0.3, 0], [0, 0.1, 0.2, 0]]
_MAPS[0, 2, 0] = [0.9, 0.1, 0, 0]

Z_SHAPE = exercise("ps06-1", "The shape of what was found", points=1).value(
    "z_shape",
    (3, 11, 128),
    section=LESSON + "The-two-halves",
    expects="a shape: whole numbers in brackets",
    mistakes={
        "no-ends": ((3, 9, 128), "Two marks that nobody types stand around each question: which?"),
        "one-mark-missing": ((3, 10, 128), "One mark is missing: a typed one, or one that nobody types."),
        "words-alone": ((3, 8, 128), "Only words were counted. There are marks, too, typed ones and others."),
        "cells": ((3, 64, 128), "So many cells has a picture. But who looks, and for whom is z kept?"),
        "one-row": ((3, 128), "A whole question has one row of numbers here. What does z keep apart?"),
        "batch-forgotten": ((11, 128), "How many questions are read at once?"),
        "end-to-end": ((24, 128), "The questions were laid end to end. Each has a place of its own."),
        "shortest": ((3, 6, 128), "Two of the questions do not fit into this. What is filled up to what?"),
        "longest-possible": ((3, 24, 128), "No question is filled up further than these three need."),
        "turned": ((3, 128, 11), "The numbers are right, their order is not."),
    },
)

HOW_SURE = exercise("ps06-2", "How sure is it?", points=3).function(
    how_sure,
    section=LESSON + "By-hand:-how-sure-is-it?",
    expects="a float array of shape (n,), each from 0 to 1",
    shown=[
        {"logits": _BY_HAND, "ids": np.array([[1, 3, 2, 0]])},
        {
            "logits": np.array([[[1.0, 1, 1, 3], [0, 0, 2, 1]], [[1, 0, 3, 1], [4, 0, 0, 0]]]),
            "ids": np.array([[1, 3, 2], [1, 2, 0]]),
        },
    ],
    draw=_texts,
    mistakes={
        "padding-counted": ({"silent": ()}, "Padding counts here. Who wrote it?"),
        "end-not-counted": ({"silent": (PAD, END)}, "That the sentence ends here was a decision with a probability."),
        "shifted": ({"words": np.s_[:, :-1]}, "Each place was asked for the word before it. Of which does it speak?"),
        "no-softmax": (
            {"logs": lambda logits, axis: logits},
            "Logits are no logarithms of probabilities. What makes them add up to 1?",
        ),
        "softmax-over-places": (
            {"axis": 1},
            "Softmax went over the places of a text. Who competes with whom at one place?",
        ),
        "logarithm": (lambda **c: np.log(how_sure(**c)), "It is the logarithm of what was asked for."),
        "by-the-word": (
            {"together": lambda probabilities, axis: np.exp(np.nanmean(np.log(probabilities), axis))},
            "That is a mean for each word. Of the whole text it is less.",
        ),
        "likeliest": (
            lambda logits, ids: np.where(ids[:, 1:] == PAD, 1, softmax(logits, axis=-1).max(axis=-1)).prod(axis=1),
            "The likeliest word was taken at each place, whichever word was written.",
        ),
        "added": ({"together": np.nansum}, "Probabilities of one word and the next are not added."),
        "plain-mean": ({"together": np.nanmean}, "That is a mean. Each further word makes a text less likely."),
        "weakest": ({"together": np.nanmin}, "That is its least likely word. The others are not sure, either."),
    },
)

CLOSED_EYES = exercise("ps06-3", "With closed eyes", points=3).function(
    closed_eyes,
    section=LESSON + "Question-only-baselines",
    expects="one number from 0 to 1",
    shown=[{"train": _TRAIN, "test": _TEST}],
    draw=_quizzes,
    mistakes={
        "unseen-wrong": (
            {"general": lambda train, test: [""]},
            "A question that was never asked in training got no answer. What is said to it?",
        ),
        "unseen-left-out": (
            lambda train, test: closed_eyes(train, [pair for pair in test if pair[0] in dict(train)]),
            "Questions never asked in training were left out. The test has them.",
        ),
        "stops-at-unseen": (
            lambda train, test: [dict(train)[question] for question, _ in test] and closed_eyes(train, test),
            "It stops at a question that was never asked in training.",
        ),
        "always-the-same": (
            {"learn": lambda test: []},
            "All questions got the same answer. Each has its own, if it was asked before.",
        ),
        "peeks": ({"learn": lambda test: test}, "The answers were counted in the test, which nobody has seen."),
        "unseen-peeks": (
            {"general": lambda train, test: _answers_of(test)[0]},
            "What is said to questions that were never asked was counted in the test. Count it in training.",
        ),
        "unseen-by-questions": (
            {"general": lambda train, test: list(map(_most_frequent, _answers_of(train)[1].values()))},
            "For questions that were never asked, each question's best answer was counted once. Count all answers.",
        ),
        "on-training": (
            lambda train, test: closed_eyes(train, train),
            "How right is it on questions that were not counted? You asked those that were.",
        ),
        "first-answer": (
            {"choose": lambda answers: answers[0]},
            "The first answer to each question was kept, rare or not.",
        ),
        "last-answer": (
            {"choose": lambda answers: answers[-1]},
            "Of each question the last answer was kept: it overwrote others.",
        ),
        "any-answer": (_any_answer, "Any answer that was ever heard counts as right. But one only can be given."),
        "mean-over-questions": (_mean_over_questions, "Each question counts the same here, asked once or ten times."),
        "not-divided": (
            lambda train, test: closed_eyes(train, test) * len(test),
            "It is the number of right answers. A share was asked for.",
        ),
    },
)

ANOTHER_PICTURE = exercise("ps06-4", "Another picture for each question", points=3).function(
    another_picture,
    section=LESSON + "4.-Does-it-use-the-picture?",
    expects="an array of whole numbers of shape (questions,)",
    shown=[{"picture_of": np.array([0, 0, 1, 1, 2, 2, 3]), "order": np.array([2, 0, 3, 1])}],
    draw=_exchanges,
    mistakes={
        "not-mended": (
            lambda picture_of, order: np.append(order[1:], order[-1])[picture_of],
            "That is what the broken one gives. Which questions keep their picture, and why?",
        ),
        "place-for-picture": (
            lambda picture_of, order: np.roll(order, -1)[picture_of],
            "The last picture is mended. But the number of a picture was taken for its place in the order.",
        ),
        "last-stays": (
            lambda picture_of, order: _last_to(picture_of, picture_of, order),
            "All but one are right. Whoever is last in the order keeps its own questions.",
        ),
        "last-to-0": (
            lambda picture_of, order: _last_to(0, picture_of, order),
            "Whoever is last in the order hands on to picture 0. Who is first in the order?",
        ),
        "order-alone": (
            lambda picture_of, order: order[picture_of],
            "A random order, used as it is, leaves a picture in its own place now and then.",
        ),
        "backwards": (
            lambda picture_of, order: _after(order, -1)[picture_of],
            "They go to the picture before, not to the next.",
        ),
        "next-number": (
            lambda picture_of, order: (picture_of + 1) % len(order),
            "They go to the next number, in any order.",
        ),
        "questions-moved": (
            lambda picture_of, order: np.roll(picture_of, 1),
            "The questions were moved by one. Two about one picture stand side by side: what happens to these?",
        ),
    },
)

MOST_ATTENDED = exercise("ps06-5", "Where it looked most", points=4).function(
    most_attended,
    section=LESSON + "5.-Where-does-an-answer-come-from?",
    expects="an array of whole numbers of shape (n, 2): row and column",
    shown=[{"maps": _MAPS, "words": np.array([2]), "side": 2}],
    draw=_attention_maps,
    mistakes={
        "padding-counted": (
            {"words": lambda words: words + 99},
            "What stands behind an answer is no part of it. How many words has each?",
        ),
        "one-word-too-many": ({"words": lambda words: words + 1}, "One map too many was added for each answer."),
        "last-word-forgotten": ({"words": lambda words: words - 1}, "The last word of each answer is missing."),
        "first-word": ({"words": np.ones_like}, "Only the first word was asked where it looked."),
        "strongest-word": ({"together": np.max}, "At each cell only the word that looked most counts. Add up all."),
        "best-cell": ({"side": 1}, "The best cell alone decides here. A square may be better that does not hold it."),
        "edge-missed": (
            {"squares": lambda total, side: _windows(total, side)[:, :-1, :-1]},
            "The last square of each row and column was never tried. How many fit?",
        ),
        "side-by-side": (
            lambda side, **case: most_attended(**case, side=side, step=side),
            "Only squares side by side were tried. They may overlap.",
        ),
        "always-two": ({"side": 2}, "The square has the same size whatever was asked for."),
        "middle": (
            lambda maps, words, side: most_attended(maps, words, side) + side // 2,
            "That is the middle of the square. Where does it begin?",
        ),
        "turned": (lambda **case: most_attended(**case)[:, ::-1], "Row and column are exchanged."),
        "all-answers-together": (
            {"squares": lambda total, side: _windows(np.broadcast_to(total.sum(axis=0), total.shape), side)},
            "Maps of all answers were added up. Each has its own square.",
        ),
    },
)

QUESTION = exercise("ps06-6", "Two networks that agree", points=2).by_hand(LESSON + "6.-Question-generation")

EXERCISES = (Z_SHAPE, HOW_SURE, CLOSED_EYES, ANOTHER_PICTURE, MOST_ATTENDED, QUESTION)
