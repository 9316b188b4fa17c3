"""Answers to problem set 6, as students write them."""

import math
from collections import Counter, defaultdict
from itertools import product
from statistics import mode

import numpy as np
from answers import RIGHT, WRONG, values, vary
from scipy.ndimage import uniform_filter
from scipy.special import log_softmax, softmax
from scipy.stats import gmean

values(
    "ps06-1",
    right=[(3, 11, 128), [3, 11, 128], np.array([3, 11, 128]), (3.0, 11.0, 128.0)],
    wrong={"wrong-type": "3, 11, 128", "wrong-shape": 11, "other": (3, 12, 128)},
)


def in_half_the_digits(logits, ids):
    logs, mask = log_softmax(np.float32(logits), axis=2), np.float32(ids[:, 1:] > 0)
    return np.exp((np.take_along_axis(logs, ids[:, 1:, None], 2).squeeze(2) * mask).sum(1))


def without_numpy(logits, ids):
    back = ()
    for table, line in zip(logits.tolist(), ids.tolist(), strict=True):
        written = line[1 : line.index(2) + 1]
        parts = [math.exp(row[word]) / sum(map(math.exp, row)) for row, word in zip(table, written, strict=False)]
        back += (math.prod(parts),)
    return back


def with_nan(logits, ids, *, words=np.s_[:, 1:], logs=log_softmax, axis=-1, silent=(0,), together=np.nanprod):
    """What is made of the chances of each text's words; those that do not count are nan."""
    written = ids[words]
    rows, places = np.indices(written.shape)
    found = np.exp(logs(logits, axis=axis)[rows, places, written])
    return together(np.where(np.isin(written, silent), np.nan, found), axis=1)


RIGHT["ps06-2"] = [in_half_the_digits, without_numpy, with_nan]
WRONG["ps06-2"] = {
    "shifted": vary(with_nan, words=np.s_[:, :-1]),
    "no-softmax": vary(with_nan, logs=lambda logits, axis: logits),
    "added": vary(with_nan, together=np.nansum),
    "padding-counted": vary(with_nan, silent=()),
    "end-not-counted": vary(with_nan, silent=(0, 2)),
    "softmax-over-places": vary(with_nan, axis=1),
    "logarithm": lambda **case: np.log(with_nan(**case)),
    "by-the-word": vary(with_nan, together=lambda found, axis: gmean(found, axis=axis, nan_policy="omit")),
    "likeliest": lambda logits, ids: np.where(ids[:, 1:] == 0, 1, softmax(logits, axis=-1).max(axis=-1)).prod(axis=1),
    "plain-mean": vary(with_nan, together=np.nanmean),
    "weakest": vary(with_nan, together=np.nanmin),
    "wrong-shape": vary(with_nan, together=lambda found, axis: np.nanprod(found)),
    "stopped": lambda logits, ids: log_softmax(logits, axis=-1)[(*np.indices(ids.shape), ids)].sum(axis=1),
}


def by_counters(train, test):
    counted = defaultdict(Counter)
    for question, answer in train:
        counted[question][answer] += 1
    general = sum(counted.values(), Counter())
    hits = [counted.get(question, general).most_common(1)[0][0] == answer for question, answer in test]
    return np.mean(hits)


def by_numpy(train, test):
    (questions, answers), (asked, true) = np.array(train).T, np.array(test).T

    def most(question):
        names, counts = np.unique(answers[questions == question], return_counts=True)
        return names[counts.argmax()] if len(names) else most(questions)

    return (np.array([most(question) for question in asked]) == true).mean()


def most_frequent(train, test, own):
    return mode(answer for _, answer in train)


def by_the_mode(train, test, *, learn=lambda train, test: train, choose=mode, otherwise=most_frequent, each=np.mean):
    """What `each` makes of which answers are right, if unknown questions get an answer of their own."""
    heard = defaultdict(list)
    for question, answer in learn(train, test):
        heard[question].append(answer)
    own = {question: choose(answers) for question, answers in heard.items()}
    return each([own.get(question, otherwise(train, test, own)) == answer for question, answer in test])


def known_only(train, test):
    return [pair for pair in test if pair[0] in dict(train)]


def heard_before(train, test):
    return np.mean([pair in train if known_only(train, [pair]) else by_the_mode(train, [pair]) for pair in test])


def mean_of_means(train, test):
    questions = {question for question, _ in test}
    return np.mean([by_the_mode(train, [pair for pair in test if pair[0] == question]) for question in questions])


RIGHT["ps06-3"] = [by_counters, by_numpy, by_the_mode]
WRONG["ps06-3"] = {
    "unseen-wrong": vary(by_the_mode, otherwise=lambda train, test, own: None),
    "unseen-left-out": lambda train, test: by_the_mode(train, known_only(train, test)),
    "stops-at-unseen": lambda train, test: [dict(train)[question] for question, _ in test],
    "peeks": vary(by_the_mode, learn=lambda train, test: test),
    "unseen-peeks": vary(by_the_mode, otherwise=lambda train, test, own: mode(answer for _, answer in test)),
    "unseen-by-questions": vary(by_the_mode, otherwise=lambda train, test, own: mode(own.values())),
    "on-training": lambda train, test: by_the_mode(train, train),
    "first-answer": vary(by_the_mode, choose=lambda answers: answers[0]),
    "any-answer": heard_before,
    "mean-over-questions": mean_of_means,
    "always-the-same": vary(by_the_mode, learn=lambda train, test: []),
    "last-answer": vary(by_the_mode, learn=lambda train, test: dict(train).items()),
    "not-divided": vary(by_the_mode, each=sum),
    "wrong-shape": vary(by_the_mode, each=lambda hits: [int(hit) for hit in hits]),
}


def by_a_dict(picture_of, order):
    after = dict(zip(order.tolist(), np.roll(order, -1).tolist(), strict=True))
    return [after[picture] for picture in picture_of.tolist()]


def by_places(picture_of, order):
    place = np.argsort(order)[picture_of]
    return order[(place + 1) % len(order)]


def by_comparing(picture_of, order):
    rows, places = np.where(np.asarray(picture_of)[:, None] == order)
    return np.take(order, places + 1, mode="wrap").astype(float)[np.argsort(rows)]


def handed_on(picture_of, order, begin=lambda order: np.arange(len(order))):
    """All but the last of the order hand on to the next; the last as at the beginning."""
    after = begin(order)
    after[order[:-1]] = order[1:]
    return after[picture_of]


def in_place(picture_of, order):
    picture_of[:] = by_a_dict(picture_of, order)
    return picture_of


RIGHT["ps06-4"] = [by_a_dict, by_places, by_comparing]
WRONG["ps06-4"] = {
    "not-mended": lambda picture_of, order: np.append(order[1:], order[-1])[picture_of],
    "last-stays": handed_on,
    "last-to-0": vary(handed_on, begin=np.zeros_like),
    "place-for-picture": lambda picture_of, order: np.roll(order, -1)[picture_of],
    "order-alone": lambda picture_of, order: order[picture_of],
    "backwards": lambda picture_of, order: order[np.argsort(order)[picture_of] - 1],
    "next-number": lambda picture_of, order: (picture_of + 1) % len(order),
    "other": lambda picture_of, order: (picture_of + 1) % (picture_of.max() + 1),
    "questions-moved": lambda picture_of, order: np.roll(picture_of, 1),
    "stopped": lambda picture_of, order: order[np.argsort(order)[picture_of] + 1],
    "wrong-shape": lambda picture_of, order: by_places(np.arange(len(order)), order),
    "changed-input": in_place,
}


def added(maps, words, together=np.sum):
    return [together(each[:count], axis=0) for each, count in zip(maps, words, strict=True)]


def best_square(total, side, *, last=1, step=1):
    rows, columns = (range(0, size - side + last, step) for size in total.shape)
    return max(product(rows, columns), key=lambda at: total[at[0] : at[0] + side, at[1] : at[1] + side].sum())


def by_loops(maps, words, side, *, together=np.sum, **options):
    return [best_square(total, side, **options) for total in added(maps, words, together)]


def by_running_sums(maps, words, side):
    found = []
    for total in added(maps, words):
        upto = np.pad(total, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
        sums = upto[side:, side:] - upto[:-side, side:] - upto[side:, :-side] + upto[:-side, :-side]
        found.append(np.unravel_index(sums.argmax(), sums.shape))
    return np.array(found, float)


def by_a_filter(maps, words, side):
    found = []
    for total in added(maps, words):
        means = uniform_filter(total, side, mode="constant", origin=-(side // 2))
        means = means[: len(total) - side + 1, : total.shape[1] - side + 1]
        found.append(np.unravel_index(means.argmax(), means.shape))
    return found


def best_of_a_single_word(maps, words, side):
    def score(place):
        return place[0][place[1] : place[1] + side, place[2] : place[2] + side].sum()

    places = [[(one, *best_square(one, side)) for one in each[:n]] for each, n in zip(maps, words, strict=True)]
    return [max(each, key=score)[1:] for each in places]


RIGHT["ps06-5"] = [by_loops, by_running_sums, by_a_filter]
WRONG["ps06-5"] = {
    "other": best_of_a_single_word,
    "padding-counted": vary(by_loops, words=lambda words: [None] * len(words)),
    "one-word-too-many": vary(by_loops, words=lambda words: words + 1),
    "last-word-forgotten": vary(by_loops, words=lambda words: words - 1),
    "first-word": vary(by_loops, words=np.ones_like),
    "strongest-word": vary(by_loops, together=np.max),
    "best-cell": vary(by_loops, side=1),
    "edge-missed": vary(by_loops, last=0),
    "side-by-side": lambda side, **case: by_loops(side=side, step=side, **case),
    "always-two": vary(by_loops, side=2),
    "middle": lambda side, **case: np.add(by_loops(side=side, **case), side // 2),
    "turned": lambda **case: np.fliplr(by_loops(**case)),
    "all-answers-together": lambda maps, words, side: [best_square(sum(added(maps, words)), side)] * len(maps),
    "wrong-shape": lambda maps, **case: [row * maps.shape[3] + column for row, column in by_loops(maps, **case)],
}
