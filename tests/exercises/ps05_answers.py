"""Answers to problem set 5, as students write them."""

import heapq
import math
import operator
from collections import Counter

import numpy as np
from answers import WRONG, right, values, vary
from scipy.special import softmax

values(
    "ps05-1",
    right=[2.445875733, 2.45, 2.446, np.float32(2.4459)],
    wrong={
        "not-divided": 27.17,
        "plain-mean": 2.67,
        "turned": 3.6,
        "cell-forgotten": 3.24,
        "base-two": 2.43,
        "wrong-type": "2.45",
        "other": 1.0,
    },
)


@right("ps05-2")
def by_leaving_hidden_cells_out(query, keys, values, hidden):
    keys, values = keys[~hidden], values[~hidden]
    return softmax(keys @ query / len(query) ** 0.5) @ values


@right("ps05-2")
def cell_by_cell(query, keys, values, hidden):
    cells = zip(keys, values, hidden, strict=True)
    powers = [(np.exp(np.dot(query, key) / np.sqrt(len(key))), value) for key, value, hides in cells if not hides]
    total = sum(power for power, _ in powers)
    return list(sum(power / total * value for power, value in powers))


@right("ps05-2")
def in_half_the_digits(query, keys, values, hidden):
    query, keys, values = (np.asarray(one, np.float32) for one in (query, keys, values))
    scores = np.einsum("nd,d->n", keys, query) / np.sqrt(np.float32(query.size)) + hidden * np.float32(-1e9)
    return np.average(values, axis=0, weights=softmax(scores))


@right("ps05-2")
def without_numpy(query, keys, values, hidden):
    scores = [sum(map(operator.mul, query, key)) / math.sqrt(len(query)) for key in keys]
    powers = [0.0 if hides else math.exp(score) for score, hides in zip(scores, hidden, strict=True)]
    return tuple(sum(map(operator.mul, powers, column)) / sum(powers) for column in zip(*values, strict=True))


def root_of_d(keys):
    return keys.shape[1] ** 0.5


def attended(query, keys, values, hidden, *, scale=root_of_d, mask=-1e9, weigh=softmax, late=False):
    scores = keys @ query / scale(keys)
    weights = weigh(scores if late else np.where(hidden, mask, scores))
    return np.where(hidden & late, 0, weights) @ values


WRONG["ps05-2"] |= {
    "hidden-late": vary(attended, late=True),
    "no-softmax": vary(attended, weigh=np.array, mask=0),
    "best-alone": vary(attended, weigh=lambda scores: scores == scores.max()),
    "not-scaled": vary(attended, scale=lambda keys: 1),
    "scaled-by-d": vary(attended, scale=lambda keys: keys.shape[1]),
    "scaled-by-cells": vary(attended, scale=lambda keys: np.sqrt(keys.shape[0])),
    "hidden-seen": lambda query, keys, values, hidden: softmax(keys @ query / np.sqrt(query.size)) @ values,
    "hidden-is-0": vary(attended, mask=0),
    "turned": vary(attended, hidden=np.invert),
    "keys-seen": lambda keys, values, **case: attended(keys=keys, values=keys, **case),
    "stopped": lambda query, keys, values, hidden: softmax(query @ keys) @ values,
}


@right("ps05-3")
def by_one_table(beams, scores, logs, width):
    ended = np.array([beam[-1] == 2 for beam in beams])
    table = np.where(ended[:, None], np.where(np.arange(logs.shape[1]) == 0, 0, -np.inf), logs) + scores[:, None]
    places = [divmod(int(flat), table.shape[1]) for flat in np.argsort(-table, axis=None)[:width]]
    kept = [place for place in places if np.isfinite(table[place])]
    return [beams[row] if ended[row] else [*beams[row], word] for row, word in kept]


@right("ps05-3")
def with_probabilities(beams, scores, logs, width):
    found = {}
    for beam, p, row in zip(beams, np.exp(scores), np.exp(logs), strict=True):
        if beam[-1] == 2:
            found[tuple(beam)] = p
        for word, q in enumerate([] if beam[-1] == 2 else row):
            found[(*beam, word)] = p * q
    return sorted(found, key=found.get, reverse=True)[:width]


@right("ps05-3")
def by_a_heap(beams, scores, logs, width):
    found = []
    for beam, score, row in zip(beams, scores.tolist(), logs.tolist(), strict=True):
        ended = beam[-1] == 2
        found += [(score, beam)] if ended else [(score + log, [*beam, word]) for word, log in enumerate(row)]
    return [tuple(beam) for _, beam in heapq.nlargest(width, found)]


@right("ps05-3")
def by_taking_the_best_away(beams, scores, logs, width):
    left, kept = [], []
    for beam, score, row in zip(beams, scores, logs, strict=True):
        left += [(score, beam)] if 2 in beam else [(score + log, [*beam, word]) for word, log in enumerate(row)]
    while left and len(kept) < width:
        left.remove(best := max(left, key=lambda scored: scored[0]))
        kept.append(np.array(best[1]))
    return kept


def extended(beams, scores, logs, *, add=lambda score, log: score + log, end=2, ended=0, each=list):
    """(score, beam), the best first; `ended` is added where one has ended, and `each` chooses of the rest."""
    found = []
    for beam, score, row in zip(beams, scores, logs, strict=True):
        if beam[-1] == end:
            found.append((score + ended, beam))
        else:
            found += each([(add(score, log), [*beam, word]) for word, log in enumerate(row)])
    return sorted(found, key=lambda pair: pair[0], reverse=True)


def the_best(beams, scores, logs, width, **options):
    return [beam for _, beam in extended(beams, scores, logs, **options)[:width]]


def skips_the_ended(beams, scores, logs, width):
    going = [k for k in range(len(beams)) if beams[k][-1] != 2]
    return the_best([beams[k] for k in going], scores[going], logs[going], width)


def appends(beams, scores, logs, width):
    kept = the_best(beams, scores, logs, width)
    for beam in beams:
        beam.append(0)
    return kept


WRONG["ps05-3"] |= {
    "ended-goes-on": vary(the_best, end=None),
    "ended-first": vary(the_best, ended=99),
    "ended-last": vary(the_best, ended=-99),
    "ended-dropped": skips_the_ended,
    "one-each": vary(the_best, each=lambda found: [max(found)]),
    "changed-input": appends,
    "last-word-alone": vary(the_best, scores=np.zeros_like),
    "multiplied": vary(the_best, add=lambda score, log: score * log),
    "least-likely": lambda width, **case: the_best(**case, width=None)[::-1][:width],
    "too-many": vary(the_best, width=None),
    "best-alone": lambda width, **case: [extended(**case)[0][1]],
    "new-words-alone": lambda **case: [[beam[-1]] for beam in the_best(**case)],
    "other": lambda width, **case: extended(**case)[:width],
}


def runs_of(tokens, n):
    return [" ".join(tokens[k : k + n]) for k in range(len(tokens) - n + 1)]


@right("ps05-4")
def by_taking_from_a_stock(said, references, n):
    counts, runs = 0, runs_of(said, n)
    for run in set(runs):
        most = max(runs_of(one, n).count(run) for one in references)
        counts += min(runs.count(run), most)
    return counts / len(runs) if runs else 0


@right("ps05-4")
def by_joining_counters(said, references, n):
    most = Counter()
    for one in references:
        most |= Counter(runs_of(one, n))
    own = Counter(runs_of(said, n))
    return (own & most).total() / own.total() if own else 0.0


@right("ps05-4")
def by_crossing_out(said, references, n):
    right = Counter()
    for reference in references:
        left, found = runs_of(reference, n), Counter()
        for run in runs_of(said, n):
            if run in left:
                left.remove(run)
                found[run] += 1
        right |= found
    return right.total() / max(1, len(said) - n + 1)


@right("ps05-4")
def as_a_fraction(said, references, n):
    own = list(zip(*(said[k:] for k in range(n)), strict=False))
    others = [list(zip(*(one[k:] for k in range(n)), strict=False)) for one in references]
    good = [run for k, run in enumerate(own) if any(own[:k].count(run) < other.count(run) for other in others)]
    return len(good) / len(own) if own else 0


def clip(times, known):
    return min(times, max(known))


def matched(said, references, n, *, match=clip, of=lambda runs, *_: len(runs)):
    runs, counts = runs_of(said, n), [Counter(runs_of(reference, n)) for reference in references]
    if not runs:
        return 0
    right = sum(match(runs.count(run), [count[run] for count in counts]) for run in set(runs))
    return right / of(runs, said, references[0], n)


def of_different_runs(said, references, n):
    own = set(runs_of(said, n))
    return len(own & {run for one in references for run in runs_of(one, n)}) / len(own) if own else 0


WRONG["ps05-4"] |= {
    "not-clipped": vary(matched, match=lambda times, known: times * any(known)),
    "by-the-references": vary(matched, of=lambda runs, said, reference, n: len(runs_of(reference, n))),
    "sets": of_different_runs,
    "references-added": vary(matched, match=lambda times, known: min(times, sum(known))),
    "as-often-as-known": vary(matched, match=lambda times, known: max(known)),
    "in-every-reference": vary(matched, match=lambda times, known: min([times, *known])),
    "first-reference": vary(by_taking_from_a_stock, references=lambda references: references[:1]),
    "by-the-words": vary(matched, of=lambda runs, said, *_: len(said)),
    "single-words": vary(by_joining_counters, n=1),
    "one-run-short": lambda said, references, n: (
        by_joining_counters(said[:-1], [one[:-1] for one in references], n) / (len(said) > n and 1)
    ),
    "nothing-said": lambda **case: matched(**case) / bool(runs_of(case["said"], case["n"])),
}


@right("ps05-5")
def by_the_library(logits, uniform, temperature):
    noisy = logits - np.log(-np.log(uniform))
    pure = np.zeros(len(logits))
    pure[noisy.argmax()] = 1
    return [pure, softmax(noisy / temperature)]


@right("ps05-5")
def by_exponential_races(logits, uniform, temperature):
    speed = -np.log(uniform) / np.exp(logits)  # whoever arrives first is drawn
    blend = speed ** (-1 / temperature)
    return np.array([speed == speed.min(), blend / blend.sum()], float)


@right("ps05-5")
def with_math(logits, uniform, temperature):
    noisy = [logit - math.log(-math.log(u)) for logit, u in zip(logits, uniform, strict=True)]
    powers = [math.exp(each / temperature) for each in noisy]
    pure = [int(each == max(noisy)) for each in noisy]
    return [pure, [power / sum(powers) for power in powers]]


@right("ps05-5")
def in_half_of_the_digits(logits, uniform, temperature):
    back = np.zeros((2, logits.size), np.float32)
    noisy = np.float32(logits) - np.log(-np.log(np.float32(uniform)))
    back[0, np.argsort(noisy)[-1]] = 1
    back[1] = softmax(noisy / np.float32(temperature))
    return back


def gumbel(uniform):
    return -np.log(-np.log(uniform))


def passed(logits, uniform, temperature, *, noise=gumbel, drawn=lambda logits, uniform, noisy: noisy, cold=False):
    noisy = logits + noise(uniform)
    pure = (np.arange(len(noisy)) == drawn(logits, uniform, noisy).argmax()).astype(float)
    blend = softmax(logits / temperature + noise(uniform) if cold else noisy / temperature)
    return np.array([pure, blend])


WRONG["ps05-5"] |= {
    "multiplied": vary(passed, temperature=lambda temperature: 1 / temperature),
    "cold-logits-alone": vary(passed, cold=True),
    "blend-twice": lambda **case: [passed(**case)[1]] * 2,
    "one-logarithm": vary(passed, noise=lambda uniform: -np.log(uniform)),
    "gumbel-turned": vary(passed, noise=lambda uniform: -gumbel(uniform)),
    "uniform": vary(passed, noise=np.array),
    "temperature-in-the-draw": lambda logits, uniform, temperature: passed(logits / temperature, uniform, 1),
    "likeliest-passed": vary(passed, drawn=lambda logits, uniform, noisy: logits),
    "noise-alone": vary(passed, drawn=lambda logits, uniform, noisy: uniform),
    "no-noise": vary(passed, noise=np.zeros_like),
    "exchanged": lambda **case: by_the_library(**case)[::-1],
    "wrong-shape": lambda **case: by_the_library(**case)[1],
}
