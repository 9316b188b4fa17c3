"""Answers to problem set 5, as students write them."""

import heapq
import math
import operator
from collections import Counter

import numpy as np
from answers import BARELY_WRONG, RIGHT, WRONG, vary
from scipy.special import expit, log_expit, log_softmax, softmax


def in_half_the_digits(query, keys, values, mask):
    query, keys, values = (np.asarray(one, np.float32) for one in (query, keys, values))
    scores = np.einsum("nd,d->n", keys, query) / np.sqrt(np.float32(query.size)) - ~mask * np.float32(1e9)
    return np.average(values, axis=0, weights=softmax(scores))


def without_numpy(query, keys, values, mask):
    scores = [sum(map(operator.mul, query, key)) / math.sqrt(len(query)) for key in keys]
    powers = [math.exp(score) if attended else 0.0 for score, attended in zip(scores, mask, strict=True)]
    return tuple(sum(map(operator.mul, powers, column)) / sum(powers) for column in zip(*values, strict=True))


def root_of_d(keys):
    return keys.shape[1] ** 0.5


def with_low_scores(query, keys, values, mask, *, scale=root_of_d, masked=-1e9, weigh=softmax, late=False):
    scores = keys @ query / scale(keys)
    weights = weigh(scores if late else np.where(mask, scores, masked))
    return (weights * mask if late else weights) @ values


RIGHT["ps05-1"] = [in_half_the_digits, without_numpy, with_low_scores]
WRONG["ps05-1"] = {
    "mask-late": vary(with_low_scores, late=True),
    "no-softmax": vary(with_low_scores, weigh=np.array, masked=0),
    "best-alone": vary(with_low_scores, weigh=lambda scores: scores == scores.max()),
    "not-scaled": vary(with_low_scores, scale=lambda keys: 1),
    "scaled-by-d": vary(with_low_scores, scale=lambda keys: keys.shape[1]),
    "mask-ignored": lambda query, keys, values, mask: softmax(keys @ query / np.sqrt(query.size)) @ values,
    "masked-score-0": vary(with_low_scores, masked=0),
    "mask-turned": vary(with_low_scores, mask=np.invert),
    "keys-averaged": lambda keys, values, **case: with_low_scores(keys=keys, values=keys, **case),
    "stopped": lambda query, keys, values, mask: softmax(query @ keys) @ values,
}
BARELY_WRONG["ps05-1"] = {
    "scaled by the root of the cells": vary(with_low_scores, scale=lambda keys: len(keys) ** 0.5),
    "masked scores not low enough": vary(with_low_scores, masked=-3),
}


def by_one_table(beams, scores, log_probs, width):
    ended = np.array([beam[-1] == 2 for beam in beams])
    table = (
        np.where(ended[:, None], np.where(np.arange(log_probs.shape[1]) == 0, 0, -np.inf), log_probs) + scores[:, None]
    )
    places = [divmod(int(flat), table.shape[1]) for flat in np.argsort(-table, axis=None)[:width]]
    kept = [place for place in places if np.isfinite(table[place])]
    return [beams[row] if ended[row] else [*beams[row], word] for row, word in kept]


def with_probabilities(beams, scores, log_probs, width):
    found = {}
    for beam, p, row in zip(beams, np.exp(scores), np.exp(log_probs), strict=True):
        if beam[-1] == 2:
            found[tuple(beam)] = p
        for word, q in enumerate([] if beam[-1] == 2 else row):
            found[(*beam, word)] = p * q
    return sorted(found, key=found.get, reverse=True)[:width]


def by_a_heap(beams, scores, log_probs, width):
    found = []
    for beam, score, row in zip(beams, scores.tolist(), log_probs.tolist(), strict=True):
        ended = beam[-1] == 2
        found += [(score, beam)] if ended else [(score + log, [*beam, word]) for word, log in enumerate(row)]
    return [np.array(beam) for _, beam in heapq.nlargest(width, found)]


def extended(beams, scores, log_probs, *, add=lambda score, log: score + log, end=2, ended=0, each=list):
    """(score, beam), the best first; `ended` is added where one has ended, and `each` chooses of the rest."""
    found = []
    for beam, score, row in zip(beams, scores, log_probs, strict=True):
        if beam[-1] == end:
            found.append((score + ended, beam))
        else:
            found += each([(add(score, log), [*beam, word]) for word, log in enumerate(row)])
    return sorted(found, key=lambda pair: pair[0], reverse=True)


def the_best(beams, scores, log_probs, width, **options):
    return [beam for _, beam in extended(beams, scores, log_probs, **options)[:width]]


def skips_the_ended(beams, scores, log_probs, width):
    going = [k for k in range(len(beams)) if beams[k][-1] != 2]
    return the_best([beams[k] for k in going], scores[going], log_probs[going], width)


def appends(beams, scores, log_probs, width):
    kept = the_best(beams, scores, log_probs, width)
    for beam in beams:
        beam.append(0)
    return kept


RIGHT["ps05-2"] = [by_one_table, with_probabilities, by_a_heap]
WRONG["ps05-2"] = {
    "ascending": lambda width, **case: [beam for _, beam in sorted(extended(**case), key=lambda pair: pair[0])][:width],
    "best-last": lambda **case: by_one_table(**case)[::-1],
    "ended-goes-on": vary(the_best, end=None),
    "ended-first": vary(the_best, ended=99),
    "ended-last": vary(the_best, ended=-99),
    "ended-dropped": skips_the_ended,
    "one-each": vary(the_best, each=lambda found: [max(found)]),
    "changed-input": appends,
    "last-word-alone": vary(the_best, scores=np.zeros_like),
    "multiplied": vary(the_best, add=lambda score, log: score * log),
    "too-many": vary(the_best, width=None),
    "other": lambda width, **case: extended(**case)[:width],
}


def ngrams_of(tokens, n):
    return [" ".join(tokens[k : k + n]) for k in range(len(tokens) - n + 1)]


def by_joining_counters(candidate, references, n):
    most = Counter()
    for one in references:
        most |= Counter(ngrams_of(one, n))
    own = Counter(ngrams_of(candidate, n))
    return (own & most).total() / own.total() if own else 0.0


def by_crossing_out(candidate, references, n):
    right = Counter()
    for reference in references:
        left, found = ngrams_of(reference, n), Counter()
        for ngram in ngrams_of(candidate, n):
            if ngram in left:
                left.remove(ngram)
                found[ngram] += 1
        right |= found
    return right.total() / max(1, len(candidate) - n + 1)


def clip(times, known):
    return min(times, max(known))


def one_by_one(candidate, references, n, *, match=clip, of=lambda ngrams, *_: len(ngrams)):
    ngrams, counts = ngrams_of(candidate, n), [Counter(ngrams_of(reference, n)) for reference in references]
    if not ngrams:
        return 0
    right = sum(match(ngrams.count(ngram), [count[ngram] for count in counts]) for ngram in set(ngrams))
    return right / of(ngrams, candidate, references[0], n)


def of_different_ngrams(candidate, references, n):
    own = set(ngrams_of(candidate, n))
    return len(own & {ngram for one in references for ngram in ngrams_of(one, n)}) / len(own) if own else 0


RIGHT["ps05-3"] = [by_joining_counters, by_crossing_out, one_by_one]
WRONG["ps05-3"] = {
    "not-clipped": vary(one_by_one, match=lambda times, known: times * any(known)),
    "sets": of_different_ngrams,
    "references-added": vary(one_by_one, match=lambda times, known: min(times, sum(known))),
    "more-than-its-own": vary(one_by_one, match=lambda times, known: max(known)),
    "in-every-reference": vary(one_by_one, match=lambda times, known: min([times, *known])),
    "first-reference": vary(by_crossing_out, references=lambda references: references[:1]),
    "by-the-words": vary(one_by_one, of=lambda ngrams, candidate, *_: len(candidate)),
    "single-words": vary(by_joining_counters, n=1),
    "one-short": lambda candidate, references, n: (
        by_joining_counters(candidate[:-1], [one[:-1] for one in references], n) / (len(candidate) > n and 1)
    ),
    "too-short": lambda **case: one_by_one(**case) / bool(ngrams_of(case["candidate"], case["n"])),
}


def by_exponential_races(logits, uniform, temperature):
    speed = -np.log(uniform) / np.exp(logits)  # whoever arrives first is drawn
    mixture = speed ** (-1 / temperature)
    return np.array([speed == speed.min(), mixture / mixture.sum()], float)


def with_math(logits, uniform, temperature):
    noisy = [logit - math.log(-math.log(u)) for logit, u in zip(logits, uniform, strict=True)]
    powers = [math.exp(each / temperature) for each in noisy]
    one_hot = [int(each == max(noisy)) for each in noisy]
    return [one_hot, [power / sum(powers) for power in powers]]


def gumbel(uniform):
    return -np.log(-np.log(uniform))


def by_the_library(
    logits, uniform, temperature, *, noise=gumbel, drawn=lambda logits, uniform, noisy: noisy, logits_alone=False
):
    noisy = logits + noise(uniform)
    one_hot = (np.arange(len(noisy)) == drawn(logits, uniform, noisy).argmax()).astype(float)
    mixture = softmax(logits / temperature + noise(uniform) if logits_alone else noisy / temperature)
    return np.float32([one_hot, mixture])


RIGHT["ps05-4"] = [by_exponential_races, with_math, by_the_library]
WRONG["ps05-4"] = {
    "multiplied": vary(by_the_library, temperature=lambda temperature: 1 / temperature),
    "other": vary(by_the_library, logits_alone=True),
    "mixture-twice": lambda **case: [by_the_library(**case)[1]] * 2,
    "one-logarithm": vary(by_the_library, noise=lambda uniform: -np.log(uniform)),
    "gumbel-turned": vary(by_the_library, noise=lambda uniform: -gumbel(uniform)),
    "uniform": vary(by_the_library, noise=np.array),
    "temperature-in-the-sample": lambda logits, uniform, temperature: by_the_library(logits / temperature, uniform, 1),
    "greedy": vary(by_the_library, drawn=lambda logits, uniform, noisy: logits),
    "no-noise": vary(by_the_library, noise=np.zeros_like),
    "exchanged": lambda **case: by_the_library(**case)[::-1],
    "wrong-shape": lambda **case: by_the_library(**case)[1],
}


def by_log_sigmoid(on_true, on_generated, on_mismatched, alpha, beta):
    negatives = alpha * log_expit(-on_generated).mean() + beta * log_expit(-on_mismatched).mean()
    return -log_expit(on_true).mean() - negatives


def pair_by_pair(on_true, on_generated, on_mismatched, alpha, beta):
    loss = 0.0
    for weight, target, scores in ((1, 1, on_true), (alpha, 0, on_generated), (beta, 0, on_mismatched)):
        for score in scores.tolist():
            loss += weight / len(scores) * (max(score, 0) - score * target + math.log1p(math.exp(-abs(score))))
    return loss


def by_the_margin(on_true, on_generated, on_mismatched, alpha, beta):
    margins = np.concatenate([on_true, -on_generated, -on_mismatched]).astype(np.float32)
    sizes = [len(on_true), len(on_generated), len(on_mismatched)]
    weights = np.repeat(np.array([1, alpha, beta]) / sizes, sizes)
    return np.float32(np.sum(weights * np.where(margins > 0, 0, -margins) + weights * np.log1p(np.exp(-abs(margins)))))


def three_means(on_true, on_generated, on_mismatched, alpha, beta, *, loss=lambda x: np.logaddexp(x, 0), mean=np.mean):
    return mean(loss(-on_true)) + mean(loss(on_generated)) * alpha + mean(loss(on_mismatched)) * beta


def one_batch(on_true, on_generated, on_mismatched, alpha, beta):
    losses = [np.logaddexp(0, -on_true), alpha * np.logaddexp(0, on_generated), beta * np.logaddexp(0, on_mismatched)]
    return np.concatenate(losses).mean()


RIGHT["ps05-5"] = [by_log_sigmoid, pair_by_pair, by_the_margin]
WRONG["ps05-5"] = {
    "generated-as-true": vary(by_log_sigmoid, on_generated=lambda scores: -scores),
    "mismatched-as-true": vary(by_log_sigmoid, on_mismatched=lambda scores: -scores),
    "both-as-true": lambda on_true, on_generated, on_mismatched, **w: by_log_sigmoid(
        on_true, -on_generated, -on_mismatched, **w
    ),
    "summed": vary(three_means, mean=np.sum),
    "pooled": one_batch,
    "weights-exchanged": lambda alpha, beta, **case: by_log_sigmoid(**case, alpha=beta, beta=alpha),
    "no-weights": vary(pair_by_pair, alpha=1, beta=1),
    "no-mismatched": vary(by_log_sigmoid, beta=0),
    "with-probabilities": vary(three_means, loss=lambda scores: -np.log(1 - expit(scores))),
    "clipped": vary(three_means, loss=lambda scores: -np.log(1e-7 + (1 - expit(scores)))),
    "overflows": vary(three_means, loss=lambda scores: np.log(np.exp(scores) + 1)),
    "wrong-shape": vary(three_means, mean=np.atleast_1d, on_generated=lambda x: x[:1], on_true=lambda x: x[:1]),
}
BARELY_WRONG["ps05-5"] = {
    "no generated pairs": vary(by_log_sigmoid, alpha=0),
    "the square, not the logarithm": vary(three_means, loss=lambda scores: expit(scores) ** 2),
    "clipped probabilities": vary(three_means, loss=lambda scores: -np.log(np.maximum(1 - expit(scores), 1e-7))),
}


def sample_by_sample(logits, reference, samples, rewards, beta):
    gradient = np.zeros_like(logits)
    for picture, drawn in enumerate(samples):
        log_p, log_q = log_softmax(logits[picture]), log_softmax(reference[picture])
        value = [rewards[picture, k] - beta * (log_p[s] - log_q[s]) for k, s in enumerate(drawn)]
        for k, s in enumerate(drawn):
            advantage = value[k] - np.mean(value[:k] + value[k + 1 :])
            gradient[picture] -= advantage * np.exp(log_p) / len(drawn)
            gradient[picture, s] += advantage / len(drawn)
    return gradient


def by_counting(logits, reference, samples, rewards, beta):
    """The advantages of a picture add up to 0, so that p drops out."""
    value = rewards - beta * np.take_along_axis(logits - reference, samples, axis=1)
    advantage = (value - value.mean(axis=1, keepdims=True)) / (samples.shape[1] - 1)
    return [np.bincount(s, weights=a, minlength=logits.shape[1]) for s, a in zip(samples, advantage, strict=True)]


def with_einsum(
    logits, reference, samples, rewards, beta, *, baseline=lambda r: (r.sum(1)[:, None] - r) / (r.shape[1] - 1), p=1
):
    chosen = samples[..., None] == np.arange(logits.shape[1])
    log_ratio = np.einsum("nks,ns->nk", chosen, log_softmax(logits, axis=1) - log_softmax(reference, axis=1))
    value = rewards - beta * log_ratio
    gradients = chosen - p * softmax(logits, axis=1)[:, None]
    return np.float32(np.einsum("nk,nks->ns", value - baseline(value), gradients) / samples.shape[1])


def bare_baseline(logits, reference, samples, rewards, beta):
    return with_einsum(
        logits,
        reference,
        samples,
        rewards,
        beta,
        baseline=lambda _: (rewards.sum(1)[:, None] - rewards) / (rewards.shape[1] - 1),
    )


def without_adding_up(logits, reference, samples, rewards, beta):
    gradient = np.zeros_like(logits)
    for picture, drawn in enumerate(samples):
        value = rewards[picture] - beta * (log_softmax(logits[picture]) - log_softmax(reference[picture]))[drawn]
        for k, s in enumerate(drawn):
            gradient[picture, s] = (value[k] - np.delete(value, k).mean()) / len(drawn)
    return gradient


def one_penalty_for_each_picture(logits, reference, rewards, **case):
    p = softmax(logits, axis=1)
    divergence = (p * (np.log(p) - log_softmax(reference, axis=1))).sum(axis=1, keepdims=True)
    return with_einsum(logits, reference, rewards=rewards - case["beta"] * divergence, **case | {"beta": 0})


RIGHT["ps05-6"] = [sample_by_sample, by_counting, with_einsum]
WRONG["ps05-6"] = {
    "no-baseline": vary(with_einsum, baseline=lambda value: 0),
    "own-reward-too": vary(with_einsum, baseline=lambda value: value.mean(axis=1)[:, None]),
    "baseline-of-all-pictures": vary(with_einsum, baseline=lambda value: value.mean()),
    "penalty-forgotten": one_penalty_for_each_picture,
    "penalty-turned": vary(sample_by_sample, beta=lambda beta: -beta),
    "baseline-without-penalty": bare_baseline,
    "overwritten": without_adding_up,
    "one-hot-alone": vary(with_einsum, baseline=lambda value: 0, p=0),
    "descends": lambda **case: -sample_by_sample(**case),
    "summed": lambda samples, **case: with_einsum(samples=samples, **case) * samples.shape[1],
    "wrong-shape": lambda **case: sample_by_sample(**case).mean(axis=0),
    "stopped": lambda logits, reference, samples, rewards, beta: rewards - beta * (logits - reference)[samples],
}
BARELY_WRONG["ps05-6"] = {
    "averaged over pictures, too": lambda logits, **case: with_einsum(logits, **case) / len(logits),
    "models exchanged": lambda logits, reference, **case: with_einsum(reference, logits, **case),
    "only the best sample": lambda rewards, **case: sample_by_sample(
        rewards=rewards * (rewards == rewards.max(axis=1, keepdims=True)), **case
    ),
}


def probabilities(weights):
    return lambda pictures: softmax(pictures @ weights, axis=1)


def by_reinforce(weights, pictures, scores, *, steps=300, beta=0.4, rate=4.0, reward=np.log):
    rng, tuned = np.random.default_rng(1), weights.copy()
    for _ in range(steps):
        rows = rng.permutation(len(pictures))[:128]
        p = softmax(pictures[rows] @ tuned, axis=1)
        drawn = (rng.random((128, 8, 1)) < p.cumsum(axis=1)[:, None]).argmax(axis=2)
        log_ratio = np.log(p) - log_softmax(pictures[rows] @ weights, axis=1)
        value = reward(np.take_along_axis(scores[rows], drawn, 1)) - beta * np.take_along_axis(log_ratio, drawn, 1)
        advantages = value - value.mean(axis=1, keepdims=True)
        tuned += rate / len(rows) * np.einsum("nf,nk,nks->fs", pictures[rows], advantages / 7, np.eye(25)[drawn])
    return probabilities(tuned)


def by_the_expectation(weights, pictures, scores):
    """No samples: the expected reward is a sum over 25 sentences, and so is its gradient."""
    tuned, log_q = weights.copy(), log_softmax(pictures @ weights, axis=1)
    for _ in range(100):
        log_p = log_softmax(pictures @ tuned, axis=1)
        value = np.log(scores) - 0.3 * (log_p - log_q)
        p = np.exp(log_p)
        tuned += 8 * pictures.T @ (p * (value - (p * value).sum(axis=1, keepdims=True))) / len(pictures)
    return probabilities(tuned)


def with_keras(weights, pictures, scores):
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((32,)), keras.layers.Dense(25, use_bias=False), keras.layers.Softmax()])
    model.layers[0].set_weights([weights])
    adam, rng = keras.optimizers.Adam(0.02), np.random.default_rng(0)

    @tf.function
    def step(x, log_q, log_scores):
        with tf.GradientTape() as tape:
            log_p = tf.math.log(model(x))
            drawn = tf.random.categorical(tf.stop_gradient(log_p), 8)
            log_drawn = tf.gather(log_p, drawn, batch_dims=1)
            penalty = 0.3 * (tf.stop_gradient(log_drawn) - tf.gather(log_q, drawn, batch_dims=1))
            value = tf.gather(log_scores, drawn, batch_dims=1) - penalty
            others = (tf.reduce_sum(value, axis=1, keepdims=True) - value) / 7
            loss = -tf.reduce_mean((value - others) * log_drawn)
        adam.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)

    log_q = log_softmax(pictures @ weights, axis=1)
    for _ in range(400):
        rows = rng.integers(0, len(pictures), 200)
        step(*(tf.constant(one[rows], tf.float32) for one in (pictures, log_q, np.log(scores))))
    return model


def at_a_lower_temperature(weights, pictures, scores):
    """A lower temperature: what is probable becomes more so."""
    return probabilities(weights / 0.4)


RIGHT["ps05-7"] = [by_reinforce, by_the_expectation, with_keras]
WRONG["ps05-7"] = {
    "no-probabilities": lambda **given: lambda pictures: np.log(by_reinforce(**given)(pictures)),
    "less-true": vary(by_reinforce, reward=lambda scores: -np.log(scores)),
    "no-truer": lambda weights, **given: by_reinforce(weights, **given) and probabilities(weights),
    "sharpened": at_a_lower_temperature,
    "collapsed": vary(by_reinforce, beta=0),
    "one-each": lambda weights, pictures, scores: by_reinforce(
        weights, pictures, np.where(np.arange(25) < 24, scores, 0.2), beta=0, steps=600
    ),
    "held-back": vary(by_reinforce, beta=4, rate=1.0),
}
