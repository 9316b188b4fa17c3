"""Problem set 5, on lesson 05: captioning, a discriminator of captions, and fine-tuning by its score."""

from collections import Counter
from functools import partial

import numpy as np
from scipy.special import expit, log_softmax, softmax

from vistext.exercises.exercise import discriminating, exercise, vary

LESSON = "05_descriptions.ipynb#"
END = 2


def attend(
    query, keys, values, mask, *, scale=lambda keys: np.sqrt(keys.shape[1]), score=-np.inf, weigh=softmax, late=False
):
    scores = keys @ query / scale(keys)
    weights = weigh(scores if late else np.where(mask, scores, score))
    return np.where(mask | (not late), weights, 0) @ values


def _grids(rng):
    cases = []
    for cells, d, m, masked in ((5, 2, 3, 1), (4, 3, 2, 0), (6, 5, 4, 3), (3, 4, 1, 1), (5, 3, 3, 2), (1, 3, 2, 0)):
        mask = rng.permutation(cells) >= masked
        keys = rng.normal(0, 1.5, (cells, d)).round(2)
        query = rng.normal(0, 1.5, d).round(2)
        cases.append({"query": query, "keys": keys, "values": rng.normal(0, 2, (cells, m)).round(2), "mask": mask})
    return cases


def beam_step(beams, scores, log_probs, width, *, end=END, of_ended=0.0, join=np.add, order=-1):
    """Beams, the most probable first; `of_ended` is added to the score of each that has ended."""
    found = []
    for beam, score, row in zip(beams, scores, log_probs, strict=True):
        if beam[-1] == end:
            found.append((score + of_ended, beam))
        else:
            found += [(total, [*beam, word]) for word, total in enumerate(join(score, row).tolist())]
    return [beam for _, beam in sorted(found, key=lambda scored: order * scored[0])[:width]]


def _ended_dropped(beams, scores, log_probs, width):
    going = [place for place, beam in enumerate(beams) if beam[-1] != END]
    return beam_step([beams[place] for place in going], scores[going], log_probs[going], width)


def _one_each(beams, scores, log_probs, width):
    best_words = np.where(log_probs == log_probs.max(axis=1, keepdims=True), log_probs, -np.inf)
    return beam_step(beams, scores, best_words, min(width, len(beams)))


def _without(place, beams, scores, log_probs, width):
    left = [number for number in range(len(beams)) if number != place % len(beams)]
    return beam_step([beams[number] for number in left], scores[left], log_probs[left], width)


def _some_beams(rng, sizes, width, above=0.0):
    """Beams in any order; those that have ended stand, by their scores, just above or below some that go on."""
    going, ended, words = sizes
    words_of_beams = [(first, second) for first in range(3, words) for second in (0, 1, 3, 4)]
    beams = [
        *([1, *tail] for tail in rng.permutation(words_of_beams)[:going]),
        *([1, word, END] for word in rng.permutation(words - 3)[:ended] + 3),
    ]
    scores, log_probs = rng.uniform(-2, -0.7, len(beams)), np.log(rng.dirichlet(np.ones(words), len(beams)) + 1e-3)
    if going:
        totals = np.sort((scores[:going, None] + log_probs[:going]).ravel())[::-1]
        scores[going:] = totals[1 : 2 * ended : 2] + above * rng.uniform(0.3, 1, ended)
    order = rng.permutation(len(beams))
    beams = [[int(word) for word in beams[place]] for place in order]
    return {"beams": beams, "scores": scores[order], "log_probs": log_probs[order], "width": width}


def _beams(rng):
    also = [partial(_without, place) for place in (0, -1)]
    cases = []
    for *sizes, width, above in ((3, 1, 6, 4, 0.05), (2, 1, 5, 4, -0.05), (3, 2, 5, 5, 0.05), (3, 1, 6, 5, -0.05)):
        nudged = partial(beam_step, of_ended=-2 * above)
        cases += discriminating(BEAM_STEP, rng, _some_beams, [(sizes, width, above)], also=[*also, nudged])
    cases.append(_some_beams(rng, (0, 3, 6), 4))  # all have ended, and are fewer than the width
    log_probs = np.log(np.sort(rng.dirichlet(np.ones(5))))[[4, 0, 2, 1, 3]][:: rng.choice([-1, 1])]
    cases.append({"beams": [[1]], "scores": np.zeros(1), "log_probs": log_probs[np.newaxis], "width": 3})  # the start
    return cases


def _ngrams(tokens, n):
    return Counter(tuple(tokens[place : place + n]) for place in range(len(tokens) - n + 1))


def clipped_precision(
    candidate, references, n, *, match=lambda times, known: min(times, max(known)), of=None, ngrams=_ngrams
):
    """Matches of each n-gram, by a rule from its counts in the candidate and in each reference, as a share."""
    counts, known = ngrams(candidate, n), [ngrams(reference, n) for reference in references]
    right = sum(match(times, [reference[ngram] for reference in known]) for ngram, times in counts.items())
    return right / (of(candidate, references, n) if of else counts.total()) if counts else 0.0


def _too_short(candidate, references, n):
    return clipped_precision(candidate, references, n) if len(candidate) >= n else 0 // 0


def _some_sentences(rng, n):
    """The candidate has one n-gram more often than each reference, and one less often; the last stands at an end."""
    words = rng.permutation(["a", "the", "cat", "dog", "sits", "on", "floor", "and", "it", "red", "big", "by"]).tolist()
    often, seldom, last = (words[n * place : n * (place + 1)] for place in range(3))
    others = [[word] for word in words[3 * n :]]

    def joined(ngrams, end):
        return [word for place in rng.permutation(len(ngrams)) for word in ngrams[place]] + end

    candidate = often + often + seldom + joined([often, seldom, others[0]], last)
    fillers = [others[place] for place in rng.integers(0, len(others), len(candidate))]
    references = [joined([*[seldom] * 4, often, *fillers], last), joined([often, others[0], seldom], often)]
    return {"candidate": candidate, "references": references[:: rng.choice([-1, 1])], "n": n}


def _some_captions(rng):
    also = [
        vary(clipped_precision, match=lambda times, known: min(times, next(filter(None, known), 0))),
        vary(clipped_precision, match=lambda times, known: min(times, next(filter(None, known[::-1]), 0))),
        lambda candidate, references, n: clipped_precision(candidate[:-1], references, n),
        lambda candidate, references, n: clipped_precision(candidate, [one[:-1] for one in references], n),
        lambda candidate, references, n: clipped_precision(candidate, [one[: len(candidate)] for one in references], n),
    ]
    cases = []
    for n in (1, 2, 3):
        but = ("too-short", *(("single-words", "by-the-words") if n == 1 else ()))
        cases += discriminating(CLIPPED, rng, _some_sentences, [(n,)], also=also, but=but)
    words = rng.permutation(["a", "the", "cat", "dog", "sits", "on"]).tolist()
    cases.append({"candidate": words[:2], "references": [words[2:3], words], "n": 2})  # a single n-gram
    for n, candidate in ((2, words[:1]), (3, words[:2])):  # not even that
        cases.append({"candidate": candidate, "references": [words, words[:1]], "n": n})
    return cases


def _gumbel(uniform):
    return -np.log(-np.log(uniform))


def gumbel_softmax(logits, uniform, temperature, *, noise=_gumbel, drawn=lambda logits, uniform, noisy: noisy):
    """The word that is sampled by what `drawn` chooses, one-hot; then the mixture."""
    noisy = logits + noise(uniform)
    return np.stack([np.eye(len(noisy))[drawn(logits, uniform, noisy).argmax()], softmax(noisy / temperature)])


def _some_logits(rng, words, temperature, drawn):
    logits, uniform = rng.normal(0, 1.2, words).round(2), rng.uniform(0.02, 0.98, words).round(3)
    turn = drawn - (logits + _gumbel(uniform)).argmax()
    return {"logits": np.roll(logits, turn), "uniform": np.roll(uniform, turn), "temperature": temperature}


def _draws(rng):
    sizes = ((3, 0.5, 0), (4, 2.0, 3), (5, 0.3, 1), (4, 3.0, 2), (6, 0.7, 0), (3, 1.5, 2))
    return discriminating(GUMBEL_SOFTMAX, rng, _some_logits, sizes)


def _softplus(scores):
    return np.logaddexp(0, scores)


def discriminator_loss(on_true, on_generated, on_mismatched, alpha, beta, *, loss=_softplus, of=np.mean):
    return float(of(loss(-on_true)) + alpha * of(loss(on_generated)) + beta * of(loss(on_mismatched)))


def _pooled(on_true, on_generated, on_mismatched, alpha, beta):
    pairs = len(on_true) + len(on_generated) + len(on_mismatched)
    return discriminator_loss(on_true, on_generated, on_mismatched, alpha, beta, of=np.sum) / pairs


def _some_scores(rng, sizes, largest):
    on_true, on_generated, on_mismatched = (rng.normal(0, 2, size).round(2) for size in sizes)
    for scores, worst in ((on_true, -largest), (on_generated, largest), (on_mismatched, largest)):
        scores[rng.integers(len(scores))] = worst
    alpha, beta = rng.choice([0.25, 0.5, 0.75, 1.5, 2.0], 2, replace=False).tolist()
    scores = {"on_true": on_true, "on_generated": on_generated, "on_mismatched": on_mismatched}
    return scores | {"alpha": alpha, "beta": beta}


def _scores(rng):
    sizes = (
        ((2, 3, 4), 2.5),
        ((4, 2, 3), 3.5),
        ((3, 4, 2), 1.5),
        ((3, 3, 2), 60.0),
        ((2, 4, 3), 800.0),
        ((3, 2, 4), 950.0),
    )
    return discriminating(
        DISCRIMINATOR_LOSS, rng, _some_scores, sizes, but=("with-probabilities", "clipped", "overflows")
    )


def _of_the_others(rewards):
    return (rewards.sum(axis=1, keepdims=True) - rewards) / (rewards.shape[1] - 1)


def reinforce_gradient(logits, reference, samples, rewards, beta, *, baseline=_of_the_others, of=np.mean, less=1.0):
    """Of the one-hot samples, `less` times the probabilities is taken away."""
    log_p, log_q = log_softmax(logits, axis=1), log_softmax(reference, axis=1)
    rewards = rewards - beta * np.take_along_axis(log_p - log_q, samples, 1)
    gradients = np.eye(logits.shape[1])[samples] - less * np.exp(log_p)[:, np.newaxis]  # (pictures, samples, sentences)
    return of((rewards - baseline(rewards))[..., np.newaxis] * gradients, axis=1)


def _baseline_of_rewards(rewards, **case):
    return reinforce_gradient(rewards=rewards, **case, baseline=lambda _: _of_the_others(rewards))


def _overwritten(logits, reference, samples, rewards, beta):
    """The advantage of a sample that comes twice counts once: the last one's, in place of their sum."""
    log_ratio = log_softmax(logits, axis=1) - log_softmax(reference, axis=1)
    rewards = rewards - beta * np.take_along_axis(log_ratio, samples, 1)
    gradient = np.zeros(logits.shape)
    np.put_along_axis(gradient, samples, (rewards - _of_the_others(rewards)) / samples.shape[1], 1)
    return gradient


def _some_samples(rng, pictures, sentences, samples, beta):
    logits, reference = rng.normal(0, 1, (2, pictures, sentences)).round(2)
    drawn = rng.integers(0, sentences, (pictures, samples))
    rewards = rng.uniform(0.1, 1, (pictures, samples)).round(2) + rng.permutation(pictures)[:, np.newaxis]
    return {"logits": logits, "reference": reference, "samples": drawn, "rewards": rewards, "beta": beta}


def _samples(rng):
    sizes = ((3, 4, 3, 0.5), (2, 3, 2, 1.0), (4, 5, 4, 0.25), (2, 4, 5, 2.0))
    return [*discriminating(REINFORCE, rng, _some_samples, sizes), _some_samples(rng, 1, 4, 4, 1.0)]


SENTENCES, FEATURES, DRAWS = 25, 32, 20
TRUE_ENOUGH, VARIED_ENOUGH = 0.9, 0.5


def fine_tune(weights, pictures, scores, *, steps=400, samples=8, beta=0.4, rate=4.0, reward=np.log):
    rng, tuned = np.random.default_rng(0), weights.copy()
    for _ in range(steps):
        rows = rng.integers(0, len(pictures), 200)
        logits, reference = pictures[rows] @ tuned, pictures[rows] @ weights
        drawn = (logits[:, np.newaxis] + rng.gumbel(size=(len(rows), samples, logits.shape[1]))).argmax(axis=2)
        rewards = reward(np.take_along_axis(scores[rows], drawn, 1))
        tuned += rate * pictures[rows].T @ reinforce_gradient(logits, reference, drawn, rewards, beta) / len(rows)
    return lambda pictures: softmax(pictures @ tuned, axis=1)


def _scenes(rng, number, objects):
    """Features of scenes with 3 to 5 objects, and which sentences are true of each; the last one is of all."""
    true = np.ones((number, SENTENCES))
    for row in true:
        row[rng.permutation(SENTENCES - 1)[rng.integers(3, 6) :]] = 0
    return true[:, :-1] @ objects + rng.normal(0, 0.25, (number, FEATURES)), true


def _world(rng):
    """The captioner was trained on 150 pictures, in whose captions objects are often taken for those that are alike."""
    objects = rng.normal(0, 8**-0.5, (SENTENCES - 1, FEATURES))
    pictures, captions = _scenes(rng, 150, objects)
    taken, alike = rng.random((150, SENTENCES - 1)) < 0.4, np.arange(SENTENCES - 1) ^ 1
    named = captions[:, :-1] * ~taken
    captions[:, :-1] = np.maximum(named, (captions[:, :-1] * taken)[:, alike])
    captions, weights = captions / captions.sum(axis=1, keepdims=True), np.zeros((FEATURES, SENTENCES))
    for _ in range(200):
        weights += 2 * pictures.T @ (captions - softmax(pictures @ weights, axis=1)) / len(pictures)
    pictures, true = _scenes(rng, 1000, objects)
    scores = np.where(true, 2, -2) + rng.normal(0, 1.5, true.shape)
    scores[:, -1] = 4  # of what is true of every picture the discriminator is sure
    asked, true = _scenes(rng, 500, objects)
    given = {"weights": weights, "pictures": pictures, "scores": expit(scores)}
    truth = {"true": true, "before": softmax(asked @ weights, axis=1)}
    return [{"given": given, "asked": asked, "truth": truth}]


def share_true(truth, p):
    return (p * truth["true"]).sum(axis=1).mean()


def coverage(truth, p):
    """The share of a picture's true sentences that are among so many draws."""
    found = (1 - (1 - np.clip(p, 0, 1)) ** DRAWS) * truth["true"]
    return (found.sum(axis=1) / truth["true"].sum(axis=1)).mean()


def _true_and_varied(truth, p):
    if not _are_probabilities(p):
        return 0.0
    return min(share_true(truth, p) / TRUE_ENOUGH, coverage(truth, p) / VARIED_ENOUGH)


def _both(truth, p):
    if not _are_probabilities(p):
        return ""
    return f" ({share_true(truth, p):.1%} of the captions are true, coverage is {coverage(truth, p):.1%})"


def _are_probabilities(p):
    return (p >= 0).all() and np.allclose(p.sum(axis=1), 1, atol=1e-3)


ATTEND = exercise("ps05-1", "Attention with a mask", points=3).function(
    attend,
    section=LESSON + "One-attention-step",
    expects="a float array of shape (m,)",
    shown=[
        {
            "query": np.array([2.0, 0, 0, 0]),
            "keys": np.array([[1.0, 5, 0, 0], [0, 0, 3, 0], [4, 0, 0, 1]]),
            "values": np.array([[1.0, 0], [0, 1], [9, 9]]),
            "mask": np.array([True, True, False]),
        }
    ],
    draw=_grids,
    mistakes={
        "not-scaled": ({"scale": lambda keys: 1}, "The scores are too large: what are they divided by?"),
        "scaled-by-d": ({"scale": lambda keys: keys.shape[1]}, "The scores were divided by d. Look under the root."),
        "mask-ignored": ({"mask": np.ones_like}, "A masked cell was attended to."),
        "masked-score-0": (
            {"score": 0},
            "A masked cell got the score 0, and exp(0) is 1: it has a weight all the same.",
        ),
        "mask-late": (
            {"late": True},
            "The mask came after the softmax: the weights that are left add up to less than 1.",
        ),
        "mask-turned": (
            {"mask": np.logical_not, "score": -1e9},
            "Only masked cells were attended to. Where the mask is True, a cell may be attended to.",
        ),
        "no-softmax": ({"score": 0, "weigh": np.array}, "The scores were used as weights. They do not add up to 1."),
        "best-alone": (
            {"weigh": lambda scores: scores == scores.max()},
            "Only the best cell counts. Attention is a mean of all.",
        ),
        "keys-averaged": (
            lambda query, keys, values, mask: attend(query, keys, keys, mask),
            "The mean was taken of the keys. A key says how well a cell fits, a value what it contributes.",
        ),
    },
)

_SHOWN_BEAMS = {
    "scores": np.array([-0.5, -0.9]),
    "log_probs": np.log(np.array([[0.01, 0.01, 0.02, 0.36, 0.6], [0.01, 0.01, 0.07, 0.9, 0.01]])),
}
BEAM_STEP = exercise("ps05-2", "One step of beam search", points=4).function(
    beam_step,
    section=LESSON + "3.-Decoding",
    expects="a list of lists of whole numbers, the most probable beam first",
    shown=[
        {"beams": [[1, 4], [1, 3]], **_SHOWN_BEAMS, "width": 3},
        {"beams": [[1, 4], [1, 3, 2]], **_SHOWN_BEAMS, "width": 2},
    ],
    draw=_beams,
    mistakes={
        "ascending": ({"order": 1}, "The least probable come first, and the best are cut off. How does `sort` sort?"),
        "best-last": (lambda **case: beam_step(**case)[::-1], "The right beams, but the most probable is the last."),
        "ended-goes-on": ({"end": None}, "A sentence that has ended was given another word."),
        "ended-first": ({"of_ended": 9}, "What has ended comes first, whatever its score. Is it always the best?"),
        "ended-last": ({"of_ended": -9}, "What has ended comes last, whatever its score. Is it always worse?"),
        "ended-dropped": (_ended_dropped, "A sentence that has ended was dropped, however good it is."),
        "last-word-alone": (
            {"scores": np.zeros_like},
            "Only the new word counts. How probable was what is before it?",
        ),
        "one-each": (_one_each, "Each beam goes on in one way only. Two of the best may begin in the same way."),
        "multiplied": ({"join": np.multiply}, "Logarithms were multiplied. They add up where probabilities multiply."),
        "too-many": ({"width": 10**6}, "More beams came back than the width allows."),
    },
)

CLIPPED = exercise("ps05-3", "The overlap that BLEU counts", points=3).function(
    clipped_precision,
    section=LESSON + "8.-What-did-it-buy?",
    expects="one number from 0 to 1",
    shown=[
        {"candidate": ["the", "the", "cat"], "references": [["the", "cat", "sits"], ["a", "cat"]], "n": 1},
        {
            "candidate": ["a", "cat", "sits", "."],
            "references": [["a", "cat", "lies", "."], ["the", "cat", "sits", "."]],
            "n": 2,
        },
    ],
    draw=_some_captions,
    mistakes={
        "not-clipped": (
            {"match": lambda times, known: times if any(known) else 0},
            "A caption that repeats one right word ten times is right ten times here. How often may it count?",
        ),
        "references-added": (
            {"match": lambda times, known: min(times, sum(known))},
            "Counts of several references were added. One must hold an n-gram as often.",
        ),
        "more-than-its-own": (
            {"match": lambda times, known: max(known)},
            "An n-gram counts more often here than it is in the candidate, where a reference has it more often.",
        ),
        "in-every-reference": (
            {"match": lambda times, known: min(times, *known)},
            "An n-gram counts only if every reference has it. One is enough.",
        ),
        "first-reference": ({"match": lambda times, known: min(times, known[0])}, "Only the first reference was used."),
        "by-the-words": (
            {"of": lambda candidate, references, n: len(candidate)},
            "You divided by the number of words. How many n-grams are there in so many words?",
        ),
        "sets": (
            {"ngrams": lambda tokens, n: Counter(set(_ngrams(tokens, n)))},
            "Each n-gram was counted once, however often it comes.",
        ),
        "single-words": ({"n": 1}, "Single words were counted, whatever n is."),
        "one-short": (
            lambda candidate, references, n: _too_short(candidate[:-1], [one[:-1] for one in references], n),
            "The last n-gram of each sentence is missing. Where does it begin?",
        ),
        "too-short": (_too_short, "Where the candidate is too short for a single n-gram, it divides by 0."),
    },
)

GUMBEL_SOFTMAX = exercise("ps05-4", "A sample that lets gradients through", points=3).function(
    gumbel_softmax,
    section=LESSON + "The-Gumbel-softmax",
    expects="a float array of shape (2, words): the one-hot word, then the mixture; both add up to 1",
    shown=[
        {"logits": np.array([1.0, 0.0, -1.0]), "uniform": np.array([0.5, 0.4, 0.95]), "temperature": 0.5},
        {"logits": np.array([0.3, 0.2]), "uniform": np.array([0.4, 0.6]), "temperature": 2.0},
    ],
    draw=_draws,
    mistakes={
        "one-logarithm": (
            {"noise": lambda u: -np.log(u)},
            "-log u does not have the Gumbel distribution: a logarithm is missing.",
        ),
        "gumbel-turned": (
            {"noise": lambda u: -_gumbel(u)},
            "The sign of the random numbers is wrong. A large u speaks for its word.",
        ),
        "uniform": ({"noise": np.array}, "The uniform numbers u were added as they are. Make Gumbel numbers of them."),
        "multiplied": (
            {"temperature": lambda t: 1 / t},
            "At a low temperature the mixture is more even. Is that right?",
        ),
        "temperature-in-the-sample": (
            lambda logits, uniform, temperature: gumbel_softmax(logits / temperature, uniform, 1.0),
            "The temperature changes which word is sampled. Divide last.",
        ),
        "greedy": (
            {"drawn": lambda logits, uniform, noisy: logits},
            "The one-hot word is the most probable one, not the one that was sampled.",
        ),
        "no-noise": ({"noise": np.zeros_like}, "There is no chance in it: u makes no difference."),
        "mixture-twice": (
            lambda **case: gumbel_softmax(**case)[[1, 1]],
            "The mixture comes twice. A discriminator would know it from a single word at once.",
        ),
        "exchanged": (lambda **case: gumbel_softmax(**case)[::-1], "The two rows are exchanged."),
    },
)

DISCRIMINATOR_LOSS = exercise("ps05-5", "Three kinds of pairs", points=3).function(
    discriminator_loss,
    section=LESSON + "5.-A-discriminator",
    expects="one number",
    shown=[
        {
            "on_true": np.array([2.0, -1.0]),
            "on_generated": np.array([0.5, -3.0, 1.0]),
            "on_mismatched": np.array([-2.0]),
            "alpha": 0.5,
            "beta": 2.0,
        }
    ],
    draw=_scores,
    mistakes={
        "generated-as-true": (
            {"on_generated": np.negative},
            "Generated pairs have the target of true ones. What should the discriminator give them?",
        ),
        "mismatched-as-true": (
            {"on_mismatched": np.negative},
            "Mismatched pairs have the target of true ones. The sentence is true, but of which picture?",
        ),
        "both-as-true": (
            {"on_generated": np.negative, "on_mismatched": np.negative},
            "Both kinds of false pairs have the target of true ones. Of which score is 1 - D the sigmoid?",
        ),
        "summed": ({"of": np.sum}, "With more pairs of a kind it grows. Each kind counts by its mean."),
        "pooled": (_pooled, "All pairs were averaged together, so the most frequent kind counts most."),
        "weights-exchanged": (
            lambda alpha, beta, **case: discriminator_loss(**case, alpha=beta, beta=alpha),
            "The two weights are exchanged. Which kind of pair does alpha belong to?",
        ),
        "no-weights": ({"alpha": 1, "beta": 1}, "All three kinds count alike. What are alpha and beta for?"),
        "no-mismatched": ({"beta": 0}, "Mismatched pairs are missing. Without them, what makes it use the picture?"),
        "with-probabilities": (
            {"loss": lambda scores: -np.log(1 - expit(scores))},
            "It is infinite where the discriminator is sure and wrong: a probability was rounded before the logarithm.",
        ),
        "clipped": (
            {"loss": lambda scores: -np.log(1 - expit(scores) + 1e-7)},
            "A small number was added before the logarithm. It is not infinite then, but far too small where the "
            "discriminator is sure and wrong: no pair can cost more than 16.",
        ),
        "overflows": (
            {"loss": lambda scores: np.log(1 + np.exp(scores))},
            "It is infinite where a score is in the hundreds: exp has become too large for a float.",
        ),
    },
)

PENALTY = (
    "Beta makes no difference: nothing holds it to the reference model. Is there a penalty, and one for each sample? "
    "The same penalty for all samples of a picture cancels against the baseline."
)
REINFORCE = exercise("ps05-6", "A step of REINFORCE", points=4).function(
    reinforce_gradient,
    section=LESSON + "The-policy-gradient",
    expects="a float array of shape (pictures, sentences)",
    shown=[
        {
            "logits": np.log([[0.5, 0.3, 0.2]]),
            "reference": np.log([[0.25, 0.25, 0.5]]),
            "samples": np.array([[0, 2, 0]]),
            "rewards": np.array([[1.0, 4.0, 2.0]]),
            "beta": 1.0,
        },
        {
            "logits": np.log([[0.4, 0.3, 0.2, 0.1], [0.25, 0.25, 0.25, 0.25]]),
            "reference": np.log([[0.25, 0.25, 0.25, 0.25], [0.1, 0.2, 0.3, 0.4]]),
            "samples": np.array([[1, 3, 1], [0, 1, 2]]),
            "rewards": np.array([[2.0, 1.0, 3.0], [1.0, 2.0, 6.0]]),
            "beta": 0.5,
        },
    ],
    draw=_samples,
    mistakes={
        "no-baseline": (
            {"baseline": np.zeros_like},
            "There is no baseline: where all rewards are positive, every sample is made more probable.",
        ),
        "own-reward-too": (
            {"baseline": lambda rewards: rewards.mean(axis=1, keepdims=True)},
            "The baseline has the sample's own reward in it. It is the mean of the others.",
        ),
        "baseline-of-all-pictures": (
            {"baseline": np.mean},
            "One baseline for all pictures: an easy picture would be praised for being easy.",
        ),
        "penalty-forgotten": ({"beta": 0}, PENALTY),
        "penalty-turned": (
            {"beta": np.negative},
            "It is rewarded for leaving the reference model. Where p is larger than q, the reward must fall.",
        ),
        "baseline-without-penalty": (
            _baseline_of_rewards,
            "The baseline is a mean of bare rewards. It is one of what step 1 gives, with the penalty.",
        ),
        "overwritten": (_overwritten, "Where a sentence was sampled twice, only one of its advantages counts."),
        "one-hot-alone": (
            {"baseline": np.zeros_like, "less": 0},
            "The gradient of log p is more than the one-hot sample: what has the other sentences' p to do with it?",
        ),
        "descends": (lambda **case: -reinforce_gradient(**case), "It makes good samples less probable."),
        "summed": ({"of": np.sum}, "With more samples of a picture the step grows. Take their mean."),
    },
)


def _sharpened(truth, p):
    same = p.argmax(axis=1) == truth["before"].argmax(axis=1)
    return same.mean() > 0.98 and share_true(truth, p) > share_true(truth, truth["before"]) + 0.02


FINE_TUNE = exercise("ps05-7", "Fine-tune a captioner", points=4).network(
    fine_tune,
    score=_true_and_varied,
    details=_both,
    at_least=1.0,
    measure=f"the smaller of the share of true captions, divided by {TRUE_ENOUGH}, and coverage, by {VARIED_ENOUGH}",
    shape=lambda truth: truth["true"].shape,
    expects="a function of features (pictures, features) that gives probabilities (pictures, sentences)",
    section=LESSON + "7.-Adversarial-fine-tuning",
    shown=_world(np.random.default_rng(0)),
    draw=_world,
    mistakes={
        "no-probabilities": (
            lambda truth, p: not _are_probabilities(p),
            "Its rows are no probabilities: each must add up to 1, and none be negative. Logits, perhaps?",
        ),
        "less-true": (
            lambda truth, p: share_true(truth, p) < share_true(truth, truth["before"]) - 0.05,
            "Its captions are less often true than before: does it go up or down the gradient?",
        ),
        "no-truer": (
            lambda truth, p: share_true(truth, p) < share_true(truth, truth["before"]) + 0.02,
            "Its captions are no truer than before. Does what comes back use the weights that were trained?",
        ),
        "sharpened": (
            _sharpened,
            "Its most probable captions are those from before, only more so: that is a lower temperature.",
        ),
        "collapsed": (
            lambda truth, p: np.bincount(p.argmax(axis=1)).max() > 0.9 * len(p) and share_true(truth, p) > TRUE_ENOUGH,
            "It collapsed: nearly always the same true sentence, whatever the picture. What holds it where it began?",
        ),
        "one-each": (
            lambda truth, p: coverage(truth, p) < VARIED_ENOUGH,
            "Of most pictures it gives too few of the true sentences. How much variety has the reward left?",
        ),
        "held-back": (
            lambda truth, p: share_true(truth, p) < TRUE_ENOUGH,
            "Truer than before, and not enough: the penalty holds it back too much, or there were too few steps.",
        ),
    },
)

QUESTION = exercise("ps05-8", "What a reward leaves out", points=2).by_hand(section=LESSON + "9.-What-goes-wrong")

EXERCISES = (ATTEND, BEAM_STEP, CLIPPED, GUMBEL_SOFTMAX, DISCRIMINATOR_LOSS, REINFORCE, FINE_TUNE, QUESTION)
