"""Problem set 6, on lesson 06: a network that is asked, QG-Net, and one that asks."""

from collections import Counter
from functools import partial

import numpy as np

from vistext.exercises.exercise import discriminating, exercise, vary

LESSON = "06_qgnet.ipynb#"
PAD, START, END = 0, 1, 2


def _logs(logits, axis=-1):
    shifted = logits - logits.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _of_words(logs, words):
    """[n, t, vocabulary], [n, t] → [n, t]"""
    return np.take_along_axis(logs, words[..., None], axis=-1)[..., 0]


def how_sure(logits, ids, *, logs=_logs, silent=(PAD,), words=np.s_[:, 1:]):
    chosen = ids[words]
    return np.exp((_of_words(logs(logits), chosen) * ~np.isin(chosen, silent)).sum(axis=1))


def _by_the_word(logits, ids):
    return how_sure(logits, ids) ** (1 / (ids[:, 1:] != PAD).sum(axis=1))


def _likeliest(logits, ids):
    return np.exp((_logs(logits).max(axis=-1) * (ids[:, 1:] != PAD)).sum(axis=1))


def _of_each(together):
    """What `together` makes of the probabilities of each text's words, of which padding is nan."""

    def does(logits, ids):
        words = ids[:, 1:]
        return together(np.where(words == PAD, np.nan, np.exp(_of_words(_logs(logits), words))), axis=1)

    return does


def _some_texts(rng, texts, length, vocabulary):
    ids = np.full((texts, length + 1), PAD)
    ids[:, 0] = START
    for row, number in enumerate(rng.permutation(texts)):  # one has no padding, and one is empty: it ends at once
        said = (length - 1, 0, int(rng.integers(1, length)), 1)[number] if length > 1 else 0
        ids[row, 1 : said + 1] = rng.integers(3, vocabulary, said)
        ids[row, said + 1] = END
    logits = rng.normal(0.7, 1, (texts, length, vocabulary)) + np.eye(vocabulary)[ids[:, 1:]]
    return {"logits": logits.round(2), "ids": ids}


def _written(rng):
    sizes, also = ((2, 4, 6), (3, 5, 7), (2, 3, 5), (4, 5, 6)), [lambda **case: np.sort(how_sure(**case))]
    cases = [discriminating(HOW_SURE, partial(_some_texts, rng, *size), also=also) for size in sizes]
    return [*cases, _some_texts(rng, 2, 1, 5), _some_texts(rng, 1, 2, 5)]


def _most_frequent(answers):
    return Counter(answers).most_common(1)[0][0]


def _heard(pairs):
    heard = {}
    for question, answer in pairs:
        heard.setdefault(question, []).append(answer)
    return heard


def closed_eyes(train, test, *, choose=_most_frequent, general=None, learn=None):
    """The share that is right, if `choose` makes one answer of a question's, and `general` is said to all others."""
    heard = _heard(train if learn is None else learn)
    general = _most_frequent([answer for _, answer in train]) if general is None else general
    said = [choose(heard[question]) if question in heard else general for question, _ in test]
    return sum(one == answer for one, (_, answer) in zip(said, test, strict=True)) / len(test)


def _unseen_left_out(train, test):
    return closed_eyes(train, [pair for pair in test if pair[0] in _heard(train)])


def _stops_at_unseen(train, test):
    heard = _heard(train)
    return sum(_most_frequent(heard[question]) == answer for question, answer in test) / len(test)


def _any_answer(train, test):
    heard, general = _heard(train), _most_frequent([answer for _, answer in train])
    return sum(answer in heard.get(question, [general]) for question, answer in test) / len(test)


def _mean_over_questions(train, test):
    each = [closed_eyes(train, [(question, one) for one in answers]) for question, answers in _heard(test).items()]
    return sum(each) / len(each)


def _quiz(rng):
    """What is most frequent in training is so neither in the test, nor among different pairs or questions' answers."""
    first, second, third, fourth, new = rng.permutation(["circle", "square", "star", "ring", "cross"]).tolist()
    heard = {
        f"Is there a {first}?": ["no"] * 6 + ["yes"] * 2,
        f"Is there a {second}?": ["no", "yes", "yes"],
        "How big is it?": ["small", "small", "huge", "huge", "huge"],
        "Which shape is it?": [third, fourth, fourth],
    }
    train = _mixed(rng, [(question, answer) for question, answers in heard.items() for answer in answers])
    train = [("Is it big?", "yes"), *train, (f"Is it a {third}?", "yes")]  # what is asked once comes first and last
    heard |= {question: [answer] for question, answer in (train[0], train[-1])}
    test = [(question, answers[place]) for question, answers in heard.items() for place in (0, -1, -1)]
    test += [(f"Is it a {new}?", "no")] * 2 + [("Is it old?", "yes")] * 2 + [("Where is it?", "here")] * 28
    test += [(f"Is there a {first}?", "yes")] * int(rng.integers(1, 4))
    return {"train": train, "test": [train[0], *_mixed(rng, test), (f"Is it a {new}?", "no")]}  # both are right


def _mixed(rng, items):
    return [items[place] for place in rng.permutation(len(items))]


def _quizzes(rng):
    also = [
        lambda train, test: closed_eyes(train[1:], test),
        lambda train, test: closed_eyes(train[:-1], test),
        lambda train, test: closed_eyes(train, test, general=_most_frequent([one for _, one in dict.fromkeys(train)])),
        lambda train, test: 1 - closed_eyes(train, test),
        lambda train, test: closed_eyes(train, test, choose=max),
        lambda train, test: closed_eyes(train, test, choose=min),
    ]
    cases = [discriminating(CLOSED_EYES, partial(_quiz, rng), also=also) for _ in range(4)]
    pair = (f"Is it a {rng.choice(['circle', 'square', 'star'])}?", str(rng.choice(["yes", "no"])))
    return [*cases, {"train": [pair], "test": [("Is it old?", pair[1]), (pair[0], "maybe")]}]


def _after(order, step=1):
    after = np.empty_like(order)
    after[order] = np.roll(order, -step)
    return after


def another_picture(picture_of, order):
    return _after(order)[picture_of]


def _last_goes_to(where):
    """The last picture of the order hands its questions to `where(order)`."""

    def does(picture_of, order):
        after = _after(order)
        after[order[-1]] = where(order)
        return after[picture_of]

    return does


def _exchange(rng, pictures, questions):
    return {"picture_of": rng.integers(0, pictures, questions), "order": rng.permutation(pictures)}


def _exchanges(rng):
    also = [lambda picture_of, order: (picture_of + 1) % (picture_of.max() + 1)]
    sizes = ((5, 9), (6, 14), (7, 12), (4, 7))
    cases = [discriminating(ANOTHER_PICTURE, partial(_exchange, rng, *size), also=also) for size in sizes]
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


def most_attended(maps, words, side):
    return _highest(_windows(_total(maps, words), side))


def _all_answers_together(maps, words, side):
    total = _total(maps, words).sum(axis=0, keepdims=True)
    return np.repeat(_highest(_windows(total, side)), len(maps), axis=0)


def _look(rng, rows, columns, side, answers):
    words, cells = rng.integers(2, 7, answers), np.full(rows * columns, 0.25)
    maps = rng.dirichlet(cells, (answers, 7)).reshape(answers, 7, rows, columns)
    return {"maps": maps, "words": words, "side": side}


def _looks(rng):
    also = [
        lambda maps, words, side: most_attended(maps[:, 1:], words - 1, side),
        lambda maps, words, side: _highest(_windows(_total(maps, words), side)[:, :-1]),
        lambda maps, words, side: _highest(_windows(_total(maps, words), side)[:, :, :-1]),
    ]
    sizes = ((8, 8, 3, 4), (6, 8, 3, 3), (7, 5, 3, 3), (8, 7, 4, 4))
    cases = [discriminating(MOST_ATTENDED, partial(_look, rng, *size), also=also) for size in sizes]
    # One answer without padding, and squares of one cell.
    return [*cases, {"maps": rng.random((1, 2, 3, 4)), "words": np.array([2]), "side": 1}]


_BY_HAND = np.log([[[0.02, 0.02, 0.02, 0.9, 0.04], [0.01, 0.01, 0.8, 0.1, 0.08], [0.5, 0.1, 0.1, 0.2, 0.1]]])
_ASKED = ["Is it red?"] * 3 + ["Which shape?"] * 3 + ["Is it big?"]
_TRAIN = list(zip(_ASKED, ["no", "yes", "no", "circle", "square", "square", "no"], strict=True))
_TEST = list(zip([*_ASKED[2:6], "Is it old?"], ["no", "circle", "square", "star", "no"], strict=True))
_LOOK = np.zeros((1, 3, 3, 4))  # (answers, words, rows, columns); the last word is padding
_LOOK[0, 0] = [[0, 0, 0, 0.4], [0.3, 0, 0, 0], [0.3, 0, 0, 0]]
_LOOK[0, 1] = [[0, 0, 0.1, 0], [0, 0.3, 0.3, 0], [0, 0.1, 0.2, 0]]
_LOOK[0, 2, 0] = [0.9, 0.1, 0, 0]
_HOW_SURE = (
    "say what encoder and decoder of such a network do, and work out by hand how it reads a question and how sure it is"
)

Z_SHAPE = exercise("ps06-1", "The shape of what was found", points=1, difficulty="warm-up", minutes=5).value(
    "z_shape",
    (3, 11, 128),
    aim=_HOW_SURE,
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

HOW_SURE = exercise("ps06-2", "How sure is it?", points=3, difficulty="easy", minutes=15).function(
    how_sure,
    aim=_HOW_SURE,
    section=LESSON + "By-hand:-how-sure-is-it?",
    expects="a float array of shape (n,), each from 0 to 1",
    shown=[
        {"logits": _BY_HAND, "ids": np.array([[1, 3, 2, 0]])},
        {
            "logits": np.array([[[1.0, 1, 1, 3], [0, 0, 2, 1]], [[1, 0, 3, 1], [4, 0, 0, 0]]]),
            "ids": np.array([[1, 3, 2], [1, 2, 0]]),
        },
    ],
    draw=_written,
    mistakes={
        "padding-counted": (vary(how_sure, silent=()), "Padding counts here. Who wrote it?"),
        "end-not-counted": (
            vary(how_sure, silent=(PAD, END)),
            "That the sentence ends here was a decision, too, and has a probability.",
        ),
        "shifted": (
            vary(how_sure, words=np.s_[:, :-1]),
            "Each place was asked for the word that stands before it. Which word do its logits speak of?",
        ),
        "no-softmax": (
            vary(how_sure, logs=lambda logits: logits),
            "Logits are no logarithms of probabilities yet. What makes them add up to 1?",
        ),
        "softmax-over-places": (
            vary(how_sure, logs=lambda logits: _logs(logits, axis=1)),
            "Softmax went over the places of a text. Who competes with whom at one place?",
        ),
        "logarithm": (lambda **c: np.log(how_sure(**c)), "It is the logarithm of what was asked for."),
        "by-the-word": (_by_the_word, "That is a mean for each word. Of the whole text it is less."),
        "likeliest": (_likeliest, "The likeliest word was taken at each place, whichever word was written."),
        "added": (_of_each(np.nansum), "Probabilities of one word and the next are not added."),
        "plain-mean": (_of_each(np.nanmean), "That is a mean. Each further word makes a text less likely."),
        "weakest": (_of_each(np.nanmin), "That is its least likely word. The others are not sure, either."),
    },
)

CLOSED_EYES = exercise("ps06-3", "With closed eyes", points=3, difficulty="medium", minutes=15).function(
    closed_eyes,
    aim="train one on data that nobody here has made, and beat every answer that can be given without looking",
    section=LESSON + "What-can-be-said-without-looking?",
    expects="one number from 0 to 1",
    shown=[
        {"train": _TRAIN, "test": _TEST},
    ],
    draw=_quizzes,
    mistakes={
        "unseen-wrong": (
            vary(closed_eyes, general=""),
            "A question that was never asked in training got no answer. What is said to it?",
        ),
        "unseen-left-out": (
            _unseen_left_out,
            "Questions that were never asked in training were left out. They are part of the test.",
        ),
        "stops-at-unseen": (_stops_at_unseen, "It stops at a question that was never asked in training."),
        "always-the-same": (
            vary(closed_eyes, learn=[]),
            "Every question got the same answer. Each has one of its own, if it was asked before.",
        ),
        "peeks": (
            lambda train, test: closed_eyes(train, test, learn=test),
            "The answers were counted in the test. Whoever does that has seen what is to be found.",
        ),
        "unseen-peeks": (
            lambda train, test: closed_eyes(train, test, general=_most_frequent([answer for _, answer in test])),
            "What is said to questions that were never asked was counted in the test. Count it in training.",
        ),
        "unseen-by-questions": (
            lambda train, test: closed_eyes(
                train, test, general=_most_frequent([_most_frequent(answers) for answers in _heard(train).values()])
            ),
            "For questions that were never asked, each question's best answer was counted once. Count all answers.",
        ),
        "on-training": (
            lambda train, test: closed_eyes(train, train),
            "How right is it on questions that were not counted? You asked those that were.",
        ),
        "first-answer": (
            vary(closed_eyes, choose=lambda answers: answers[0]),
            "Of each question the first answer was kept, however rare it is.",
        ),
        "last-answer": (
            vary(closed_eyes, choose=lambda answers: answers[-1]),
            "Of each question the last answer was kept: it has written over the others.",
        ),
        "any-answer": (_any_answer, "Any answer that was ever heard counts as right. But one only can be given."),
        "mean-over-questions": (
            _mean_over_questions,
            "Each question counts the same here, whether the test asks it once or ten times.",
        ),
        "not-divided": (
            lambda train, test: closed_eyes(train, test) * len(test),
            "It is the number of right answers. A share was asked for.",
        ),
    },
)

ANOTHER_PICTURE = exercise(
    "ps06-4", "Another picture for each question", points=3, difficulty="medium", minutes=15
).function(
    another_picture,
    aim="find out whether a network looks and reads, by taking away the picture, the question, or the right picture",
    section=LESSON + "4.-Does-it-look?",
    expects="an array of whole numbers of shape (questions,)",
    shown=[
        {"picture_of": np.array([0, 0, 1, 1, 2, 2, 3]), "order": np.array([2, 0, 3, 1])},
    ],
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
            _last_goes_to(lambda order: order[-1]),
            "All but one are right. Whoever is last in the order keeps its own questions.",
        ),
        "last-to-0": (
            _last_goes_to(lambda order: 0),
            "Whoever is last in the order hands on to picture 0. Who is first in the order?",
        ),
        "order-alone": (
            lambda picture_of, order: order[picture_of],
            "A random order, used as it is, leaves a picture in its own place now and then.",
        ),
        "backwards": (
            lambda picture_of, order: _after(order, -1)[picture_of],
            "They go to the picture before, and not to the one after.",
        ),
        "next-number": (
            lambda picture_of, order: (picture_of + 1) % len(order),
            "They go to the next number, whatever the order is.",
        ),
        "questions-moved": (
            lambda picture_of, order: np.roll(picture_of, 1),
            "The questions were moved by one. Two about one picture stand side by side: what happens to these?",
        ),
    },
)

MOST_ATTENDED = exercise("ps06-5", "Where it looked most", points=4, difficulty="stretch", minutes=25).function(
    most_attended,
    aim="show where an answer comes from, and *test* that picture of it instead of believing it",
    section=LESSON + "5.-Where-does-an-answer-come-from?",
    expects="an array of whole numbers of shape (n, 2): row and column",
    shown=[
        {"maps": _LOOK, "words": np.array([2]), "side": 2},
    ],
    draw=_looks,
    mistakes={
        "padding-counted": (
            lambda maps, words, side: most_attended(maps, np.full_like(words, maps.shape[1]), side),
            "What stands behind an answer is no part of it. How many words has each?",
        ),
        "one-word-too-many": (
            lambda maps, words, side: most_attended(maps, words + 1, side),
            "One map too many was added for each answer.",
        ),
        "last-word-forgotten": (
            lambda maps, words, side: most_attended(maps, words - 1, side),
            "The last word of each answer is missing.",
        ),
        "first-word": (
            lambda maps, words, side: most_attended(maps, np.ones_like(words), side),
            "Only the first word was asked where it looked.",
        ),
        "strongest-word": (
            lambda maps, words, side: _highest(_windows(_total(maps, words, np.max), side)),
            "At each cell only the word that looked most counts. All of them together were asked for.",
        ),
        "best-cell": (
            lambda maps, words, side: _highest(_total(maps, words)),
            "The best cell alone decides here. A square may be better that does not hold it.",
        ),
        "edge-missed": (
            lambda maps, words, side: _highest(_windows(_total(maps, words), side)[:, :-1, :-1]),
            "The last square of each row and column was never tried. How many fit?",
        ),
        "side-by-side": (
            lambda maps, words, side: side * _highest(_windows(_total(maps, words), side)[:, ::side, ::side]),
            "Only squares side by side were tried. They may overlap.",
        ),
        "always-two": (vary(most_attended, side=2), "The square has the same size whatever was asked for."),
        "middle": (
            lambda maps, words, side: most_attended(maps, words, side) + side // 2,
            "That is the middle of the square. Where does it begin?",
        ),
        "turned": (
            lambda maps, words, side: most_attended(maps, words, side)[:, ::-1],
            "Row and column are exchanged.",
        ),
        "all-answers-together": (
            _all_answers_together,
            "The maps of all answers were added up. Each answer has a square of its own.",
        ),
    },
)

QUESTION = exercise("ps06-6", "Two networks that agree", points=2, difficulty="medium", minutes=10).by_hand(
    aim="turn the network round so that it asks, and say whose idea is whose",
    section=LESSON + "6.-The-other-way-round:-a-network-that-asks",
)

EXERCISES = (Z_SHAPE, HOW_SURE, CLOSED_EYES, ANOTHER_PICTURE, MOST_ATTENDED, QUESTION)
