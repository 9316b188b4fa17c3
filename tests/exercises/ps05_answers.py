"""Answers to problem set 5, as students write them."""

import heapq
import math
import operator
from collections import Counter

import numpy as np
from answers import RIGHT, WRONG, values, vary
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


def in_half_the_digits(query, keys, values, hidden):
    query, keys, values = (np.asarray(one, np.float32) for one in (query, keys, values))
    scores = np.einsum("nd,d->n", keys, query) / np.sqrt(np.float32(query.size)) + hidden * np.float32(-1e9)
    return np.average(values, axis=0, weights=softmax(scores))


def without_numpy(query, keys, values, hidden):
    scores = [sum(map(operator.mul, query, key)) / math.sqrt(len(query)) for key in keys]
    powers = [0.0 if hides else math.exp(score) for score, hides in zip(scores, hidden, strict=True)]
    return tuple(sum(map(operator.mul, powers, column)) / sum(powers) for column in zip(*values, strict=True))


def root_of_d(keys):
    return keys.shape[1] ** 0.5


def with_low_scores(query, keys, values, hidden, *, scale=root_of_d, mask=-1e9, weigh=softmax, late=False):
    scores = keys @ query / scale(keys)
    weights = weigh(scores if late else np.where(hidden, mask, scores))
    return np.where(hidden & late, 0, weights) @ values


RIGHT["ps05-2"] = [in_half_the_digits, without_numpy, with_low_scores]
WRONG["ps05-2"] = {
    "hidden-late": vary(with_low_scores, late=True),
    "no-softmax": vary(with_low_scores, weigh=np.array, mask=0),
    "best-alone": vary(with_low_scores, weigh=lambda scores: scores == scores.max()),
    "not-scaled": vary(with_low_scores, scale=lambda keys: 1),
    "scaled-by-d": vary(with_low_scores, scale=lambda keys: keys.shape[1]),
    "scaled-by-cells": vary(with_low_scores, scale=lambda keys: np.sqrt(keys.shape[0])),
    "hidden-seen": lambda query, keys, values, hidden: softmax(keys @ query / np.sqrt(query.size)) @ values,
    "hidden-is-0": vary(with_low_scores, mask=0),
    "turned": vary(with_low_scores, hidden=np.invert),
    "keys-seen": lambda keys, values, **case: with_low_scores(keys=keys, values=keys, **case),
    "stopped": lambda query, keys, values, hidden: softmax(query @ keys) @ values,
}


def by_one_table(beams, scores, logs, width):
    ended = np.array([beam[-1] == 2 for beam in beams])
    table = np.where(ended[:, None], np.where(np.arange(logs.shape[1]) == 0, 0, -np.inf), logs) + scores[:, None]
    places = [divmod(int(flat), table.shape[1]) for flat in np.argsort(-table, axis=None)[:width]]
    kept = [place for place in places if np.isfinite(table[place])]
    return [beams[row] if ended[row] else [*beams[row], word] for row, word in kept]


def with_probabilities(beams, scores, logs, width):
    found = {}
    for beam, p, row in zip(beams, np.exp(scores), np.exp(logs), strict=True):
        if beam[-1] == 2:
            found[tuple(beam)] = p
        for word, q in enumerate([] if beam[-1] == 2 else row):
            found[(*beam, word)] = p * q
    return sorted(found, key=found.get, reverse=True)[:width]


def by_a_heap(beams, scores, logs, width):
    found = []
    for beam, score, row in zip(beams, scores.tolist(), logs.tolist(), strict=True):
        ended = beam[-1] == 2
        found += [(score, beam)] if ended else [(score + log, [*beam, word]) for word, log in enumerate(row)]
    return [np.array(beam) for _, beam in heapq.nlargest(width, found)]


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


RIGHT["ps05-3"] = [by_one_table, with_probabilities, by_a_heap]
WRONG["ps05-3"] = {
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


def by_joining_counters(said, references, n):
    most = Counter()
    for one in references:
        most |= Counter(runs_of(one, n))
    own = Counter(runs_of(said, n))
    return (own & most).total() / own.total() if own else 0.0


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


def clip(times, known):
    return min(times, max(known))


def run_by_run(said, references, n, *, match=clip, of=lambda runs, *_: len(runs)):
    runs, counts = runs_of(said, n), [Counter(runs_of(reference, n)) for reference in references]
    if not runs:
        return 0
    right = sum(match(runs.count(run), [count[run] for count in counts]) for run in set(runs))
    return right / of(runs, said, references[0], n)


def of_different_runs(said, references, n):
    own = set(runs_of(said, n))
    return len(own & {run for one in references for run in runs_of(one, n)}) / len(own) if own else 0


RIGHT["ps05-4"] = [by_joining_counters, by_crossing_out, run_by_run]
WRONG["ps05-4"] = {
    "not-clipped": vary(run_by_run, match=lambda times, known: times * any(known)),
    "by-the-references": vary(run_by_run, of=lambda runs, said, reference, n: len(runs_of(reference, n))),
    "sets": of_different_runs,
    "references-added": vary(run_by_run, match=lambda times, known: min(times, sum(known))),
    "as-often-as-known": vary(run_by_run, match=lambda times, known: max(known)),
    "in-every-reference": vary(run_by_run, match=lambda times, known: min([times, *known])),
    "first-reference": vary(by_crossing_out, references=lambda references: references[:1]),
    "by-the-words": vary(run_by_run, of=lambda runs, said, *_: len(said)),
    "single-words": vary(by_joining_counters, n=1),
    "one-run-short": lambda said, references, n: (
        by_joining_counters(said[:-1], [one[:-1] for one in references], n) / (len(said) > n and 1)
    ),
    "nothing-said": lambda **case: run_by_run(**case) / bool(runs_of(case["said"], case["n"])),
}


def by_exponential_races(logits, uniform, temperature):
    speed = -np.log(uniform) / np.exp(logits)  # whoever arrives first is drawn
    blend = speed ** (-1 / temperature)
    return np.array([speed == speed.min(), blend / blend.sum()], float)


def with_math(logits, uniform, temperature):
    noisy = [logit - math.log(-math.log(u)) for logit, u in zip(logits, uniform, strict=True)]
    powers = [math.exp(each / temperature) for each in noisy]
    pure = [int(each == max(noisy)) for each in noisy]
    return [pure, [power / sum(powers) for power in powers]]


def gumbel(uniform):
    return -np.log(-np.log(uniform))


def by_the_library(
    logits, uniform, temperature, *, noise=gumbel, drawn=lambda logits, uniform, noisy: noisy, cold=False
):
    noisy = logits + noise(uniform)
    pure = (np.arange(len(noisy)) == drawn(logits, uniform, noisy).argmax()).astype(float)
    blend = softmax(logits / temperature + noise(uniform) if cold else noisy / temperature)
    return np.float32([pure, blend])


RIGHT["ps05-5"] = [by_exponential_races, with_math, by_the_library]
WRONG["ps05-5"] = {
    "multiplied": vary(by_the_library, temperature=lambda temperature: 1 / temperature),
    "cold-logits-alone": vary(by_the_library, cold=True),
    "blend-twice": lambda **case: [by_the_library(**case)[1]] * 2,
    "one-logarithm": vary(by_the_library, noise=lambda uniform: -np.log(uniform)),
    "gumbel-turned": vary(by_the_library, noise=lambda uniform: -gumbel(uniform)),
    "uniform": vary(by_the_library, noise=np.array),
    "temperature-in-the-draw": lambda logits, uniform, temperature: by_the_library(logits / temperature, uniform, 1),
    "likeliest-passed": vary(by_the_library, drawn=lambda logits, uniform, noisy: logits),
    "noise-alone": vary(by_the_library, drawn=lambda logits, uniform, noisy: uniform),
    "no-noise": vary(by_the_library, noise=np.zeros_like),
    "exchanged": lambda **case: by_the_library(**case)[::-1],
    "wrong-shape": lambda **case: by_the_library(**case)[1],
}
