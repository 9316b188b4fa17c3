"""Problem set 5, on lesson 05: captioning, and a discriminator of captions."""

from collections import Counter
from functools import partial

import numpy as np
from scipy.special import softmax

from vistext.exercises.exercise import discriminating, exercise, vary

LESSON = "05_descriptions.ipynb#"
END = 2


def attend(
    query, keys, values, hidden, *, scale=lambda keys: np.sqrt(keys.shape[1]), score=-np.inf, weigh=softmax, late=False
):
    scores = keys @ query / scale(keys)
    weights = weigh(scores if late else np.where(hidden, score, scores))
    return np.where(hidden & late, 0, weights) @ values


def _grids(rng):
    cases = []
    for cells, d, m, hides in ((5, 2, 3, 1), (4, 3, 2, 0), (6, 5, 4, 3), (3, 4, 1, 1), (5, 3, 3, 2), (1, 3, 2, 0)):
        hidden = rng.permutation(cells) < hides
        keys = rng.normal(0, 1.5, (cells, d)).round(2)
        query = rng.normal(0, 1.5, d).round(2)
        cases.append({"query": query, "keys": keys, "values": rng.normal(0, 2, (cells, m)).round(2), "hidden": hidden})
    return cases


def beam_step(beams, scores, logs, width, *, end=END, of_ended=0.0, join=np.add):
    """Beams, the likeliest first; `of_ended` is added to the score of each that has ended."""
    found = []
    for beam, score, row in zip(beams, scores, logs, strict=True):
        if beam[-1] == end:
            found.append((score + of_ended, beam))
        else:
            found += [(total, [*beam, word]) for word, total in enumerate(join(score, row).tolist())]
    return [beam for _, beam in sorted(found, key=lambda scored: -scored[0])[:width]]


def _ended_dropped(beams, scores, logs, width):
    going = [place for place, beam in enumerate(beams) if beam[-1] != END]
    return beam_step([beams[place] for place in going], scores[going], logs[going], width)


def _one_each(beams, scores, logs, width):
    best_words = np.where(logs == logs.max(axis=1, keepdims=True), logs, -np.inf)
    return beam_step(beams, scores, best_words, min(width, len(beams)))


def _without(place, beams, scores, logs, width):
    left = [number for number in range(len(beams)) if number != place % len(beams)]
    return beam_step([beams[number] for number in left], scores[left], logs[left], width)


def _some_beams(rng, sizes, width, above=0.0):
    """Beams in any order; those that have ended stand, by their scores, just above or below some that go on."""
    going, ended, words = sizes
    words_of_beams = [(first, second) for first in range(3, words) for second in (0, 1, 3, 4)]
    beams = [
        *([1, *tail] for tail in rng.permutation(words_of_beams)[:going]),
        *([1, word, END] for word in rng.permutation(words - 3)[:ended] + 3),
    ]
    scores, logs = rng.uniform(-2, -0.7, len(beams)), np.log(rng.dirichlet(np.ones(words), len(beams)) + 1e-3)
    if going:
        totals = np.sort((scores[:going, None] + logs[:going]).ravel())[::-1]
        scores[going:] = totals[1 : 2 * ended : 2] + above * rng.uniform(0.3, 1, ended)
    order = rng.permutation(len(beams))
    beams = [[int(word) for word in beams[place]] for place in order]
    return {"beams": beams, "scores": scores[order], "logs": logs[order], "width": width}


def _beams(rng):
    also = [partial(_without, place) for place in (0, -1)]
    cases = []
    for *sizes, width, above in ((3, 1, 6, 4, 0.05), (2, 1, 5, 4, -0.05), (3, 2, 5, 5, 0.05), (3, 1, 6, 5, -0.05)):
        nudged = partial(beam_step, of_ended=-2 * above)
        cases += discriminating(BEAM_STEP, rng, _some_beams, [(sizes, width, above)], also=[*also, nudged])
    cases.append(_some_beams(rng, (0, 3, 6), 4))  # all have ended, and are fewer than the width
    logs = np.log(np.sort(rng.dirichlet(np.ones(5))))[[4, 0, 2, 1, 3]][:: rng.choice([-1, 1])]
    cases.append({"beams": [[1]], "scores": np.zeros(1), "logs": logs[np.newaxis], "width": 3})  # at the start
    return cases


def _runs(tokens, n):
    return Counter(tuple(tokens[place : place + n]) for place in range(len(tokens) - n + 1))


def clipped(said, references, n, *, match=lambda times, known: min(times, max(known)), of=None, runs=_runs):
    """Matches of each run, by a rule from its times in what was said and in each reference, as a share."""
    counts, known = runs(said, n), [runs(reference, n) for reference in references]
    right = sum(match(times, [reference[run] for reference in known]) for run, times in counts.items())
    return right / (of(said, references, n) if of else counts.total()) if counts else 0.0


def _nothing_said(said, references, n):
    return clipped(said, references, n) if len(said) >= n else 0 // 0


def _some_sentences(rng, n):
    """One run is said more often than each reference has it, one less often than one, the last stands at an end."""
    words = rng.permutation(["a", "the", "cat", "dog", "sits", "on", "floor", "and", "it", "red", "big", "by"]).tolist()
    often, seldom, last = (words[n * place : n * (place + 1)] for place in range(3))
    others = [[word] for word in words[3 * n :]]

    def joined(runs, end):
        return [word for place in rng.permutation(len(runs)) for word in runs[place]] + end

    said = often + often + seldom + joined([often, seldom, others[0]], last)
    fillers = [others[place] for place in rng.integers(0, len(others), len(said))]
    references = [joined([*[seldom] * 4, often, *fillers], last), joined([often, others[0], seldom], often)]
    return {"said": said, "references": references[:: rng.choice([-1, 1])], "n": n}


def _some_captions(rng):
    also = [
        vary(clipped, match=lambda times, known: min(times, next(filter(None, known), 0))),
        vary(clipped, match=lambda times, known: min(times, next(filter(None, known[::-1]), 0))),
        lambda said, references, n: clipped(said[:-1], references, n),
        lambda said, references, n: clipped(said, [reference[:-1] for reference in references], n),
        lambda said, references, n: clipped(said, [reference[: len(said)] for reference in references], n),
    ]
    cases = []
    for n in (1, 2, 3):
        but = ("nothing-said", *(("single-words", "by-the-words") if n == 1 else ()))
        cases += discriminating(CLIPPED, rng, _some_sentences, [(n,)], also=also, but=but)
    words = rng.permutation(["a", "the", "cat", "dog", "sits", "on"]).tolist()
    cases.append({"said": words[:2], "references": [words[2:3], words], "n": 2})  # a single run
    for n, said in ((2, words[:1]), (3, words[:2])):  # not even that
        cases.append({"said": said, "references": [words, words[:1]], "n": n})
    return cases


def _gumbel(uniform):
    return -np.log(-np.log(uniform))


def gumbel_softmax(logits, uniform, temperature, *, noise=_gumbel, drawn=lambda logits, uniform, noisy: noisy):
    """The word that is drawn by what `drawn` chooses, as one-hot; then the blend."""
    noisy = logits + noise(uniform)
    blend = softmax(noisy / temperature)
    return np.stack([np.eye(len(noisy))[drawn(logits, uniform, noisy).argmax()], blend])


def _logits_alone_divided(logits, uniform, temperature):
    drawn, _ = gumbel_softmax(logits, uniform, temperature)
    return np.stack([drawn, softmax(logits / temperature + _gumbel(uniform))])


def _some_logits(rng, words, temperature, drawn):
    logits, uniform = rng.normal(0, 1.2, words).round(2), rng.uniform(0.02, 0.98, words).round(3)
    turn = drawn - (logits + _gumbel(uniform)).argmax()
    return {"logits": np.roll(logits, turn), "uniform": np.roll(uniform, turn), "temperature": temperature}


def _draws(rng):
    sizes = ((3, 0.5, 0), (4, 2.0, 3), (5, 0.3, 1), (4, 3.0, 2), (6, 0.7, 0), (3, 1.5, 2))
    return discriminating(GUMBEL_SOFTMAX, rng, _some_logits, sizes)


_POWERS = np.exp([2.0, 1.0, 0.0])
_VALUES = np.array([3.0, 0.0, 5.0])

SEEN = exercise("ps05-1", "One attention step, with a pencil", points=1).value(
    "seen",
    _POWERS @ _VALUES / _POWERS.sum(),
    section=LESSON + "One-attention-step",
    expects="one number, to two decimals",
    tolerance=0.002,
    mistakes={
        "no-softmax": (6.0, "The scores themselves were taken as weights. They must add up to 1."),
        "scores-shared-out": (2.0, "The scores were shared out as they are. Softmax puts exp first."),
        "not-divided": (float(_POWERS @ _VALUES), "The weights do not add up to 1."),
        "best-alone": (3.0, "That is the value of the best cell alone. The others are seen, too, a little."),
        "plain-mean": (8 / 3, "That is the plain mean of the values. Who has the higher score weighs more."),
        "turned": (float(_POWERS[::-1] @ _VALUES / _POWERS.sum()), "The lowest score has got the largest weight."),
        "cell-forgotten": (27.167 / 8.389, "The cell with the value 0 has a weight, too, taken from the others."),
        "base-two": (17 / 7, "2 was raised to the scores. exp takes e."),
    },
)

ATTEND = exercise("ps05-2", "Attention with a mask", points=3).function(
    attend,
    section=LESSON + "One-attention-step",
    expects="a float array of shape (m,)",
    shown=[
        {
            "query": np.array([2.0, 0, 0, 0]),
            "keys": np.array([[1.0, 5, 0, 0], [0, 0, 3, 0], [4, 0, 0, 1]]),
            "values": np.array([[1.0, 0], [0, 1], [9, 9]]),
            "hidden": np.array([False, False, True]),
        }
    ],
    draw=_grids,
    mistakes={
        "not-scaled": ({"scale": lambda keys: 1}, "The scores are too large: what are they divided by?"),
        "scaled-by-d": ({"scale": lambda keys: keys.shape[1]}, "The scores were divided by d. Look under the root."),
        "scaled-by-cells": (
            {"scale": lambda keys: np.sqrt(len(keys))},
            "The scores were divided by the root of the number of cells. d is the length of a key.",
        ),
        "hidden-seen": ({"hidden": np.zeros_like}, "The hidden cell was looked at."),
        "hidden-is-0": ({"score": 0}, "The hidden cell got the score 0, and exp(0) is 1: it is seen all the same."),
        "hidden-late": ({"late": True}, "The hidden weight was taken away after softmax: the rest is less than 1."),
        "turned": ({"hidden": np.logical_not, "score": -1e9}, "Only the hidden cells were looked at."),
        "no-softmax": ({"score": 0, "weigh": np.array}, "The scores were used as weights. They do not add up to 1."),
        "best-alone": (
            {"weigh": lambda scores: scores == scores.max()},
            "Only the best cell is seen. What is seen is a mean of all.",
        ),
        "keys-seen": (
            lambda query, keys, values, hidden: attend(query, keys, keys, hidden),
            "The mean was taken of the keys. A key says whether to look, a value what is seen.",
        ),
    },
)

BEAM_STEP = exercise("ps05-3", "One step of a beam", points=4).function(
    beam_step,
    section=LESSON + "3.-Decoding",
    expects="a list of lists of whole numbers, the likeliest beginning first",
    shown=[
        {
            "beams": [[1, 4], [1, 3]],
            "scores": np.array([-0.5, -0.9]),
            "logs": np.log(np.array([[0.01, 0.01, 0.02, 0.36, 0.6], [0.01, 0.01, 0.07, 0.9, 0.01]])),
            "width": 3,
        },
        {
            "beams": [[1, 4], [1, 3, 2]],
            "scores": np.array([-0.5, -0.9]),
            "logs": np.log(np.array([[0.01, 0.01, 0.02, 0.36, 0.6], [0.01, 0.01, 0.07, 0.9, 0.01]])),
            "width": 2,
        },
    ],
    draw=_beams,
    mistakes={
        "ended-goes-on": ({"end": None}, "A sentence that has ended was given another word."),
        "ended-first": ({"of_ended": 9}, "What has ended comes first, whatever its score. Is it always the likeliest?"),
        "ended-last": ({"of_ended": -9}, "What has ended comes last, whatever its score. Is it always worse?"),
        "ended-dropped": (_ended_dropped, "A sentence that has ended was dropped, however good it is."),
        "last-word-alone": ({"scores": np.zeros_like}, "Only the new word counts. How likely was what is before it?"),
        "one-each": (_one_each, "Each beginning goes on in one way only. Two of the best may have the same beginning."),
        "multiplied": ({"join": np.multiply}, "Logarithms were multiplied. They add up where probabilities multiply."),
        "least-likely": (
            lambda width, **case: beam_step(**case, width=10**6)[::-1][:width],
            "The least likely come first. Logarithms are negative: which is the largest?",
        ),
        "too-many": ({"width": 10**6}, "There are more than were asked for. How many are kept?"),
        "best-alone": ({"width": 1}, "There is one only. As many as the width are kept."),
        "new-words-alone": (
            lambda **c: [beam[-1:] for beam in beam_step(**c)],
            "The beginnings are missing: only the new words came back.",
        ),
    },
)

CLIPPED = exercise("ps05-4", "The overlap that BLEU counts", points=3).function(
    clipped,
    section=LESSON + "8.-What-did-it-buy?",
    expects="one number from 0 to 1",
    shown=[
        {"said": ["the", "the", "cat"], "references": [["the", "cat", "sits"], ["a", "cat"]], "n": 1},
        {
            "said": ["a", "cat", "sits", "."],
            "references": [["a", "cat", "lies", "."], ["the", "cat", "sits", "."]],
            "n": 2,
        },
    ],
    draw=_some_captions,
    mistakes={
        "not-clipped": (
            {"match": lambda times, known: times if any(known) else 0},
            "Who says the same right word ten times is right ten times here. How often may it count?",
        ),
        "references-added": (
            {"match": lambda times, known: min(times, sum(known))},
            "Counts of several references were added. One must hold a run as often.",
        ),
        "as-often-as-known": (
            {"match": lambda times, known: max(known)},
            "A run counts more often here than it was said, where a reference has it more often.",
        ),
        "in-every-reference": (
            {"match": lambda times, known: min(times, *known)},
            "A run counts only if every reference has it. One is enough.",
        ),
        "first-reference": ({"match": lambda times, known: min(times, known[0])}, "Only the first reference was used."),
        "by-the-references": (
            {"of": lambda said, references, n: _runs(references[0], n).total()},
            "You divided by what the first reference says. It is a share of what was said.",
        ),
        "by-the-words": (
            {"of": lambda said, references, n: len(said)},
            "You divided by the number of words. How many runs of n are there in so many words?",
        ),
        "sets": (
            {"runs": lambda tokens, n: Counter(set(_runs(tokens, n)))},
            "Each run was counted once, however often it was said.",
        ),
        "single-words": ({"n": 1}, "Single words were counted, whatever n is."),
        "one-run-short": (
            lambda said, references, n: _nothing_said(said[:-1], [reference[:-1] for reference in references], n),
            "The last run of each sentence is missing. Where does it begin?",
        ),
        "nothing-said": (_nothing_said, "Where too little is said for a single run, it divides by 0."),
    },
)

GUMBEL_SOFTMAX = exercise("ps05-5", "A draw that lets gradients through", points=3).function(
    gumbel_softmax,
    section=LESSON + "The-Gumbel-softmax",
    expects="a float array of shape (2, words): the pure word, then the blend; both add up to 1",
    shown=[
        {"logits": np.array([1.0, 0.0, -1.0]), "uniform": np.array([0.5, 0.4, 0.95]), "temperature": 0.5},
        {"logits": np.array([0.3, 0.2]), "uniform": np.array([0.4, 0.6]), "temperature": 2.0},
    ],
    draw=_draws,
    mistakes={
        "one-logarithm": ({"noise": lambda u: -np.log(u)}, "-log u is no Gumbel number: a logarithm is missing."),
        "gumbel-turned": (
            {"noise": lambda u: -_gumbel(u)},
            "The sign of the random numbers is wrong. A large u speaks for its word.",
        ),
        "uniform": ({"noise": np.array}, "The even numbers u were added as they are. Make Gumbel numbers of them."),
        "multiplied": ({"temperature": lambda t: 1 / t}, "At a low temperature the blend is more even. Is that right?"),
        "cold-logits-alone": (
            _logits_alone_divided,
            "In the blend the temperature divides logits only, not the noise.",
        ),
        "temperature-in-the-draw": (
            lambda logits, uniform, temperature: gumbel_softmax(logits / temperature, uniform, 1.0),
            "The temperature changes which word is drawn. Divide last.",
        ),
        "likeliest-passed": (
            {"drawn": lambda logits, uniform, noisy: logits},
            "The likeliest word is passed on, not the one that was drawn.",
        ),
        "noise-alone": (
            {"drawn": lambda logits, uniform, noisy: uniform},
            "u alone decides here which word is passed on. The logits have a say in it, too.",
        ),
        "no-noise": ({"noise": np.zeros_like}, "There is no chance in it: u makes no difference."),
        "blend-twice": (
            lambda **case: gumbel_softmax(**case)[[1, 1]],
            "The blend is passed on. A discriminator would know it from a pure word at once.",
        ),
        "exchanged": (lambda **c: gumbel_softmax(**c)[::-1], "The two rows are exchanged."),
    },
)

QUESTION = exercise("ps05-6", "What a discriminator must be trained on", points=2).by_hand(
    section=LESSON + "A-discriminator-knows-only-its-training-data"
)

EXERCISES = (SEEN, ATTEND, BEAM_STEP, CLIPPED, GUMBEL_SOFTMAX, QUESTION)
