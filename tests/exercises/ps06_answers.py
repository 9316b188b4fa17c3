"""Answers to problem set 6, as students write them."""

import math
from collections import Counter, defaultdict
from itertools import product
from statistics import mode

import numpy as np
from answers import WRONG, right, values, vary
from scipy.ndimage import uniform_filter
from scipy.special import log_softmax, softmax
from scipy.stats import gmean

values(
    "ps06-1",
    right=[(3, 11, 128), [3, 11, 128], np.array([3, 11, 128]), (3.0, 11.0, 128.0)],
    wrong={"wrong-type": "3, 11, 128", "wrong-shape": 11, "other": (3, 12, 128)},
)


@right("ps06-2")
def word_by_word(logits, ids):
    found = [1.0] * len(ids)
    for number, (table, line) in enumerate(zip(logits, ids, strict=True)):
        for scores, word in zip(table, line[1:], strict=True):
            found[number] *= softmax(scores)[word] if word else 1
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


def chances(logits, ids, *, words=np.s_[:, 1:], logs=log_softmax, axis=-1, silent=(0,), together=np.nanprod):
    """What is made of the chances of each text's words; those that do not count are nan."""
    written = ids[words]
    rows, places = np.indices(written.shape)
    found = np.exp(logs(logits, axis=axis)[rows, places, written])
    return together(np.where(np.isin(written, silent), np.nan, found), axis=1)


WRONG["ps06-2"] |= {
    "shifted": vary(chances, words=np.s_[:, :-1]),
    "no-softmax": vary(chances, logs=lambda logits, axis: logits),
    "added": vary(chances, together=np.nansum),
    "padding-counted": vary(chances, silent=()),
    "end-not-counted": vary(chances, silent=(0, 2)),
    "softmax-over-places": vary(chances, axis=1),
    "logarithm": lambda **case: np.log(chances(**case)),
    "by-the-word": vary(chances, together=lambda found, axis: gmean(found, axis=axis, nan_policy="omit")),
    "likeliest": lambda logits, ids: np.where(ids[:, 1:] == 0, 1, softmax(logits, axis=-1).max(axis=-1)).prod(axis=1),
    "plain-mean": vary(chances, together=np.nanmean),
    "weakest": vary(chances, together=np.nanmin),
    "wrong-shape": vary(chances, together=lambda found, axis: np.nanprod(found)),
    "stopped": lambda logits, ids: log_softmax(logits, axis=-1)[(*np.indices(ids.shape), ids)].sum(axis=1),
}


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
    (questions, answers), (asked, true) = np.array(train).T, np.array(test).T

    def most(question):
        names, counts = np.unique(answers[questions == question], return_counts=True)
        return names[counts.argmax()] if len(names) else most(questions)

    return (np.array([most(question) for question in asked]) == true).mean()


def most_frequent(train, test, own):
    return mode(answer for _, answer in train)


def answered(train, test, *, learn=lambda train, test: train, choose=mode, otherwise=most_frequent, each=np.mean):
    """What `each` makes of which answers are right, if unknown questions get an answer of their own."""
    heard = defaultdict(list)
    for question, answer in learn(train, test):
        heard[question].append(answer)
    own = {question: choose(answers) for question, answers in heard.items()}
    return each([own.get(question, otherwise(train, test, own)) == answer for question, answer in test])


def known_only(train, test):
    return [pair for pair in test if pair[0] in dict(train)]


def heard_before(train, test):
    return np.mean([pair in train if known_only(train, [pair]) else answered(train, [pair]) for pair in test])


def mean_of_means(train, test):
    questions = {question for question, _ in test}
    return np.mean([answered(train, [pair for pair in test if pair[0] == question]) for question in questions])


WRONG["ps06-3"] |= {
    "unseen-wrong": vary(answered, otherwise=lambda train, test, own: None),
    "unseen-left-out": lambda train, test: answered(train, known_only(train, test)),
    "stops-at-unseen": lambda train, test: [dict(train)[question] for question, _ in test],
    "peeks": vary(answered, learn=lambda train, test: test),
    "unseen-peeks": vary(answered, otherwise=lambda train, test, own: mode(answer for _, answer in test)),
    "unseen-by-questions": vary(answered, otherwise=lambda train, test, own: mode(own.values())),
    "on-training": lambda train, test: answered(train, train),
    "first-answer": vary(answered, choose=lambda answers: answers[0]),
    "any-answer": heard_before,
    "mean-over-questions": mean_of_means,
    "always-the-same": vary(answered, learn=lambda train, test: []),
    "last-answer": vary(answered, learn=lambda train, test: dict(train).items()),
    "not-divided": vary(answered, each=sum),
    "wrong-shape": vary(answered, each=lambda hits: [int(hit) for hit in hits]),
}


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


def handed_on(picture_of, order, begin=lambda order: np.arange(len(order))):
    """All but the last of the order hand on to the next; the last as at the beginning."""
    after = begin(order)
    after[order[:-1]] = order[1:]
    return after[picture_of]


def in_place(picture_of, order):
    picture_of[:] = by_a_dict(picture_of, order)
    return picture_of


WRONG["ps06-4"] |= {
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


@right("ps06-5")
def by_loops(maps, words, side, *, together=np.sum, **options):
    return [best_square(total, side, **options) for total in added(maps, words, together)]


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


def best_of_a_single_word(maps, words, side):
    def score(place):
        return place[0][place[1] : place[1] + side, place[2] : place[2] + side].sum()

    places = [[(one, *best_square(one, side)) for one in each[:n]] for each, n in zip(maps, words, strict=True)]
    return [max(each, key=score)[1:] for each in places]


WRONG["ps06-5"] |= {
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
