"""Answers to problem set 6, as students write them."""

import math
from collections import Counter, defaultdict
from itertools import product
from statistics import mode

import numpy as np
from answers import right, values, wrong
from scipy.ndimage import uniform_filter
from scipy.special import log_softmax, softmax

values(
    "ps06-1",
    right={
        "a tuple": (3, 11, 128),
        "a list": [3, 11, 128],
        "NumPy's": np.array([3, 11, 128]),
        "as floats": (3.0, 11.0, 128.0),
    },
    wrong={
        "no-ends": (3, 9, 128),
        "one-mark-missing": (3, 10, 128),
        "words-alone": (3, 8, 128),
        "cells": (3, 64, 128),
        "one-row": (3, 128),
        "batch-forgotten": (11, 128),
        "end-to-end": (24, 128),
        "shortest": [3, 6, 128],
        "longest-possible": (3, 24, 128),
        "turned": (3, 128, 11),
        "wrong-type": "3, 11, 128",
        "wrong-shape": 11,
        "other": (3, 12, 128),
    },
)


@right("ps06-2")
def word_by_word(logits, ids):
    found = []
    for table, line in zip(logits, ids, strict=True):
        chance = 1.0
        for scores, word in zip(table, line[1:], strict=True):
            chance *= softmax(scores)[word]
            if word == 2:
                break
        found.append(chance)
    return found


@right("ps06-2")
def by_pure_words(logits, ids):
    pure = np.eye(logits.shape[-1])[ids[:, 1:]]
    pure[ids[:, 1:] == 0] = 0
    return np.exp((pure * log_softmax(logits, axis=-1)).sum(axis=(1, 2)))


@right("ps06-2")
def in_half_the_digits(logits, ids):
    logs, mask = log_softmax(np.float32(logits), axis=2), np.float32(ids[:, 1:] > 0)
    return np.exp((np.take_along_axis(logs, ids[:, 1:, None], 2).squeeze(2) * mask).sum(1))


@right("ps06-2")
def without_numpy(logits, ids):
    back = ()
    for table, line in zip(logits.tolist(), ids.tolist(), strict=True):
        written = line[1 : line.index(2) + 1]
        parts = [math.exp(row[word]) / sum(map(math.exp, row)) for row, word in zip(table, written, strict=False)]
        back += (math.prod(parts),)
    return back


def logs_of(logits, words, axis=-1):
    logs = log_softmax(logits, axis=axis)
    rows, places = np.indices(words.shape)
    return logs[rows, places, words]


@wrong("ps06-2", "padding-counted")
def all_places(logits, ids):
    return np.exp(logs_of(logits, ids[:, 1:]).sum(axis=1))


@wrong("ps06-2", "end-not-counted")
def up_to_the_end(logits, ids):
    return np.exp((logs_of(logits, ids[:, 1:]) * (ids[:, 1:] > 2)).sum(axis=1))


@wrong("ps06-2", "shifted")
def words_before(logits, ids):
    words = ids[:, :-1]
    return np.exp((logs_of(logits, words) * (words != 0)).sum(axis=1))


@wrong("ps06-2", "no-softmax")
def logits_as_logs(logits, ids):
    words = ids[:, 1:]
    rows, places = np.indices(words.shape)
    return np.exp((logits[rows, places, words] * (words != 0)).sum(axis=1))


@wrong("ps06-2", "softmax-over-places")
def wrong_axis(logits, ids):
    return np.exp((logs_of(logits, ids[:, 1:], axis=1) * (ids[:, 1:] != 0)).sum(axis=1))


@wrong("ps06-2", "logarithm")
def forgets_exp(logits, ids):
    return (logs_of(logits, ids[:, 1:]) * (ids[:, 1:] != 0)).sum(axis=1)


@wrong("ps06-2", "by-the-word")
def exp_of_the_mean(logits, ids):
    return np.exp([logs[line[1:] != 0].mean() for logs, line in zip(logs_of(logits, ids[:, 1:]), ids, strict=True)])


@wrong("ps06-2", "likeliest")
def best_of_each_place(logits, ids):
    return np.where(ids[:, 1:] == 0, 1, softmax(logits, axis=-1).max(axis=-1)).prod(axis=1)


@wrong("ps06-2", "added")
def sum_of_probabilities(logits, ids):
    return np.where(ids[:, 1:] == 0, 0, np.exp(logs_of(logits, ids[:, 1:]))).sum(axis=1)


@wrong("ps06-2", "plain-mean")
def mean_of_probabilities(logits, ids):
    return sum_of_probabilities(logits, ids) / (ids[:, 1:] != 0).sum(axis=1)


@wrong("ps06-2", "weakest")
def smallest(logits, ids):
    return np.where(ids[:, 1:] == 0, 2, np.exp(logs_of(logits, ids[:, 1:]))).min(axis=1)


@wrong("ps06-2", "wrong-shape")
def all_texts_in_one(logits, ids):
    return np.exp((logs_of(logits, ids[:, 1:]) * (ids[:, 1:] != 0)).sum())


@wrong("ps06-2", "stopped")
def as_many_ids_as_places(logits, ids):
    rows, places = np.indices(ids.shape)
    return np.exp(log_softmax(logits, axis=-1)[rows, places, ids].sum(axis=1))


@right("ps06-3")
def by_counters(train, test):
    counted = defaultdict(Counter)
    for question, answer in train:
        counted[question][answer] += 1
    general = sum(counted.values(), Counter())
    hits = [counted.get(question, general).most_common(1)[0][0] == answer for question, answer in test]
    return np.mean(hits)


@right("ps06-3")
def by_searching(train, test):
    count = 0
    for question, answer in test:
        same = [said for asked, said in train if asked == question]
        count += answer == mode(same or [said for _, said in train])
    return count / len(test)


@right("ps06-3")
def with_a_table_of_counts(train, test):
    counts = {}
    for question, answer in train:
        for key in (question, None):
            table = counts.setdefault(key, {})
            table[answer] = table.get(answer, 0) + 1
    best = {key: max(table, key=table.get) for key, table in counts.items()}
    return sum(best.get(question, best[None]) == answer for question, answer in test) / len(test)


@right("ps06-3")
def by_numpy(train, test):
    questions, answers = np.array(train).T

    def most(some):
        names, counts = np.unique(some, return_counts=True)
        return names[counts.argmax()]

    own = {question: most(answers[questions == question]) for question in questions}
    asked, true = np.array(test).T
    return (np.array([own.get(one, most(answers)) for one in asked]) == true).mean()


def own_answers(train, choose=mode):
    heard = defaultdict(list)
    for question, answer in train:
        heard[question].append(answer)
    return {question: choose(answers) for question, answers in heard.items()}


def share(said, test):
    return np.mean([one == answer for one, (_, answer) in zip(said, test, strict=True)])


@wrong("ps06-3", "unseen-wrong")
def get_without_more(train, test):
    own = own_answers(train)
    return share([own.get(question) for question, _ in test], test)


@wrong("ps06-3", "unseen-left-out")
def only_if_known(train, test):
    own = own_answers(train)
    return np.mean([own[question] == answer for question, answer in test if question in own])


@wrong("ps06-3", "stops-at-unseen")
def key_error(train, test):
    own = own_answers(train)
    return share([own[question] for question, _ in test], test)


@wrong("ps06-3", "always-the-same")
def most_frequent_of_all(train, test):
    return share([mode(answer for _, answer in train)] * len(test), test)


@wrong("ps06-3", "peeks")
def counts_the_test(train, test):
    own = own_answers(test)
    return share([own[question] for question, _ in test], test)


@wrong("ps06-3", "unseen-peeks")
def otherwise_from_the_test(train, test):
    own, general = own_answers(train), mode(answer for _, answer in test)
    return share([own.get(question, general) for question, _ in test], test)


@wrong("ps06-3", "unseen-by-questions")
def most_frequent_of_the_most_frequent(train, test):
    own = own_answers(train)
    return share([own.get(question, mode(own.values())) for question, _ in test], test)


@wrong("ps06-3", "on-training")
def tests_on_training(train, test):
    own = own_answers(train)
    return share([own[question] for question, _ in train], train)


def with_otherwise(train, test, own):
    general = mode(answer for _, answer in train)
    return share([own.get(question, general) for question, _ in test], test)


@wrong("ps06-3", "first-answer")
def setdefault(train, test):
    own = {}
    for question, answer in train:
        own.setdefault(question, answer)
    return with_otherwise(train, test, own)


@wrong("ps06-3", "last-answer")
def dict_of_pairs(train, test):
    return with_otherwise(train, test, dict(train))


@wrong("ps06-3", "any-answer")
def heard_before(train, test):
    known, general = set(train), mode(answer for _, answer in train)
    asked = {question for question, _ in train}
    return np.mean([pair in known if pair[0] in asked else pair[1] == general for pair in test])


@wrong("ps06-3", "mean-over-questions")
def mean_of_means(train, test):
    shares = defaultdict(list)
    own, general = own_answers(train), mode(answer for _, answer in train)
    for question, answer in test:
        shares[question].append(own.get(question, general) == answer)
    return np.mean([np.mean(each) for each in shares.values()])


@wrong("ps06-3", "not-divided")
def counts_only(train, test):
    return by_searching(train, test) * len(test)


@wrong("ps06-3", "wrong-shape")
def gives_each(train, test):
    own, general = own_answers(train), mode(answer for _, answer in train)
    return [int(own.get(question, general) == answer) for question, answer in test]


@right("ps06-4")
def by_a_dict(picture_of, order):
    after = dict(zip(order.tolist(), np.roll(order, -1).tolist(), strict=True))
    return [after[picture] for picture in picture_of.tolist()]


@right("ps06-4")
def by_places(picture_of, order):
    place = np.argsort(order)[picture_of]
    return order[(place + 1) % len(order)]


@right("ps06-4")
def by_a_loop(picture_of, order):
    ring = [*order, order[0]]
    found = []
    for picture in picture_of:
        for place in range(len(order)):
            if ring[place] == picture:
                found.append(ring[place + 1])
    return found


@right("ps06-4")
def by_comparing(picture_of, order):
    rows, places = np.where(np.asarray(picture_of)[:, None] == order)
    return np.take(order, places + 1, mode="wrap").astype(float)[np.argsort(rows)]


@wrong("ps06-4", "not-mended")
def as_it_was(picture_of, order):
    after = order.copy()
    after[:-1] = order[1:]
    return after[picture_of]


@wrong("ps06-4", "place-for-picture")
def rolled_order(picture_of, order):
    return np.roll(order, -1)[picture_of]


@wrong("ps06-4", "last-stays")
def no_way_round(picture_of, order):
    after = np.arange(len(order))
    after[order[:-1]] = order[1:]
    return after[picture_of]


@wrong("ps06-4", "last-to-0")
def zeros_at_first(picture_of, order):
    after = np.zeros_like(order)
    after[order[:-1]] = order[1:]
    return after[picture_of]


@wrong("ps06-4", "order-alone")
def plain_shuffle(picture_of, order):
    return order[picture_of]


@wrong("ps06-4", "backwards")
def to_the_one_before(picture_of, order):
    return order[np.argsort(order)[picture_of] - 1]


@wrong("ps06-4", "next-number")
def one_more(picture_of, order):
    return (picture_of + 1) % len(order)


@wrong("ps06-4", "other")
def one_more_up_to_the_last_asked_about(picture_of, order):
    return (picture_of + 1) % (picture_of.max() + 1)


@wrong("ps06-4", "questions-moved")
def rolled_questions(picture_of, order):
    return np.roll(picture_of, 1)


@wrong("ps06-4", "stopped")
def past_the_end(picture_of, order):
    return order[np.argsort(order)[picture_of] + 1]


@wrong("ps06-4", "wrong-shape")
def for_each_picture(picture_of, order):
    after = np.empty_like(order)
    after[order] = np.roll(order, -1)
    return after


@wrong("ps06-4", "changed-input")
def in_place(picture_of, order):
    after = dict(zip(order.tolist(), np.roll(order, -1).tolist(), strict=True))
    for place, picture in enumerate(picture_of):
        picture_of[place] = after[int(picture)]
    return picture_of


def added(maps, words):
    return [each[:count].sum(axis=0) for each, count in zip(maps, words, strict=True)]


def best_square(total, side, last=1, step=1):
    rows, columns = total.shape
    starts = [
        (row, column) for row in range(0, rows - side + last, step) for column in range(0, columns - side + last, step)
    ]
    return max(starts, key=lambda at: total[at[0] : at[0] + side, at[1] : at[1] + side].sum())


@right("ps06-5")
def by_loops(maps, words, side):
    return [best_square(total, side) for total in added(maps, words)]


@right("ps06-5")
def by_running_sums(maps, words, side):
    found = []
    for total in added(maps, words):
        upto = np.pad(total, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
        sums = upto[side:, side:] - upto[:-side, side:] - upto[side:, :-side] + upto[:-side, :-side]
        found.append(np.unravel_index(sums.argmax(), sums.shape))
    return np.array(found)


@right("ps06-5")
def by_a_filter(maps, words, side):
    found = []
    for total in added(maps, words):
        means = uniform_filter(total, side, mode="constant", origin=-(side // 2))
        means = means[: len(total) - side + 1, : total.shape[1] - side + 1]
        found.append(np.unravel_index(means.argmax(), means.shape))
    return found


@right("ps06-5")
def with_four_loops(maps, words, side):
    found = np.zeros((maps.shape[0], 2))
    for answer, total in enumerate(added(maps, words)):
        sums = {}
        for row, column in product(range(total.shape[0] - side + 1), range(total.shape[1] - side + 1)):
            sums[row, column] = sum(total[row + i][column + k] for i in range(side) for k in range(side))
        found[answer] = max(sums, key=sums.get)
    return found


@wrong("ps06-5", "other")
def best_of_a_single_word(maps, words, side):
    found = []
    for each, count in zip(maps, words, strict=True):
        places = [best_square(one, side) for one in each[:count]]
        sums = [one[r : r + side, c : c + side].sum() for one, (r, c) in zip(each, places, strict=False)]
        found.append(places[int(np.argmax(sums))])
    return found


@wrong("ps06-5", "padding-counted")
def all_words(maps, words, side):
    return [best_square(total, side) for total in maps.sum(axis=1)]


@wrong("ps06-5", "one-word-too-many")
def with_the_end(maps, words, side):
    return by_loops(maps, words + 1, side)


@wrong("ps06-5", "last-word-forgotten")
def without_the_last(maps, words, side):
    return by_loops(maps, words - 1, side)


@wrong("ps06-5", "first-word")
def only_the_first(maps, words, side):
    return [best_square(each[0], side) for each in maps]


@wrong("ps06-5", "strongest-word")
def max_over_words(maps, words, side):
    return [best_square(each[:count].max(axis=0), side) for each, count in zip(maps, words, strict=True)]


@wrong("ps06-5", "best-cell")
def brightest_cell(maps, words, side):
    return [best_square(total, 1) for total in added(maps, words)]


@wrong("ps06-5", "edge-missed")
def off_by_one(maps, words, side):
    return [best_square(total, side, last=0) for total in added(maps, words)]


@wrong("ps06-5", "side-by-side")
def as_in_pooling(maps, words, side):
    return [best_square(total, side, step=side) for total in added(maps, words)]


@wrong("ps06-5", "always-two")
def the_lessons_side(maps, words, side):
    return [best_square(total, 2) for total in added(maps, words)]


@wrong("ps06-5", "middle")
def middle_of_it(maps, words, side):
    return [(row + side // 2, column + side // 2) for row, column in by_loops(maps, words, side)]


@wrong("ps06-5", "turned")
def across_then_down(maps, words, side):
    return [(column, row) for row, column in by_loops(maps, words, side)]


@wrong("ps06-5", "all-answers-together")
def one_for_all(maps, words, side):
    return [best_square(sum(added(maps, words)), side)] * len(maps)


@wrong("ps06-5", "wrong-shape")
def places_in_a_row(maps, words, side):
    return [row * maps.shape[3] + column for row, column in by_loops(maps, words, side)]
