"""Answers to problem set 5, as students write them."""

import heapq
import math
from collections import Counter

import numpy as np
from answers import right, values, wrong
from scipy.special import softmax

values(
    "ps05-1",
    right={"in full": 2.445875733, "two decimals": 2.45, "three": 2.446, "NumPy's": np.float32(2.4459)},
    wrong={
        "no-softmax": 6,
        "scores-shared-out": 2.0,
        "not-divided": 27.17,
        "best-alone": 3,
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
    weights = [
        0.0 if hides else float(np.exp(np.dot(query, key) / np.sqrt(len(key))))
        for key, hides in zip(keys, hidden, strict=True)
    ]
    total = sum(weights)
    return [sum(weight / total * value for weight, value in zip(weights, column, strict=True)) for column in values.T]


@right("ps05-2")
def in_half_the_digits(query, keys, values, hidden):
    query, keys, values = (np.asarray(one, np.float32) for one in (query, keys, values))
    scores = np.einsum("nd,d->n", keys, query) / np.sqrt(np.float32(query.size)) + hidden * np.float32(-1e9)
    return np.average(values, axis=0, weights=softmax(scores))


@right("ps05-2")
def without_numpy(query, keys, values, hidden):
    powers = {}
    for number in range(len(keys)):
        if not hidden[number]:
            score = sum(query[place] * keys[number][place] for place in range(len(query)))
            powers[number] = math.exp(score / math.sqrt(len(query)))
    back = [0.0] * len(values[0])
    for number, power in powers.items():
        for column in range(len(back)):
            back[column] += power / sum(powers.values()) * values[number][column]
    return tuple(back)


@wrong("ps05-2", "not-scaled")
def without_the_root(query, keys, values, hidden):
    return softmax(np.where(hidden, -1e9, keys @ query)) @ values


@wrong("ps05-2", "scaled-by-d")
def by_d(query, keys, values, hidden):
    return softmax(np.where(hidden, -1e9, keys @ query / keys.shape[1])) @ values


@wrong("ps05-2", "scaled-by-cells")
def by_the_root_of_the_cells(query, keys, values, hidden):
    return softmax(np.where(hidden, -1e9, keys @ query / np.sqrt(keys.shape[0]))) @ values


@wrong("ps05-2", "hidden-seen")
def forgets_what_is_hidden(query, keys, values, hidden):
    return softmax(keys @ query / np.sqrt(query.size)) @ values


@wrong("ps05-2", "hidden-is-0")
def score_times_mask(query, keys, values, hidden):
    return softmax((keys @ query / np.sqrt(query.size)) * ~hidden) @ values


@wrong("ps05-2", "hidden-late")
def weight_times_mask(query, keys, values, hidden):
    weights = softmax(keys @ query / np.sqrt(query.size))
    weights[hidden] = 0
    return weights @ values


@wrong("ps05-2", "turned")
def mask_turned(query, keys, values, hidden):
    return softmax(np.where(hidden, keys @ query / np.sqrt(query.size), -1e9)) @ values


@wrong("ps05-2", "no-softmax")
def scores_as_weights(query, keys, values, hidden):
    scores = keys @ query / np.sqrt(query.size)
    scores[hidden] = 0
    return scores @ values


@wrong("ps05-2", "best-alone")
def hard_look(query, keys, values, hidden):
    scores = keys @ query
    scores[hidden] = -np.inf
    return values[np.argmax(scores)]


@wrong("ps05-2", "keys-seen")
def mean_of_keys(query, keys, values, hidden):
    return softmax(np.where(hidden, -1e9, keys @ query / np.sqrt(query.size))) @ keys


@wrong("ps05-2", "stopped")
def the_wrong_side(query, keys, values, hidden):
    return softmax(query @ keys) @ values


@right("ps05-3")
def by_one_table(beams, scores, logs, width):
    table = scores[:, None] + logs
    for place, beam in enumerate(beams):
        if beam[-1] == 2:
            table[place] = -np.inf
            table[place, 0] = scores[place]
    kept = []
    for flat in np.argsort(-table, axis=None)[:width]:
        place, word = divmod(int(flat), table.shape[1])
        if np.isfinite(table[place, word]):
            kept.append(beams[place] if beams[place][-1] == 2 else [*beams[place], word])
    return kept


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
    ended = [(float(score), tuple(beam)) for beam, score in zip(beams, scores, strict=True) if beam[-1] == 2]
    going = [
        (float(scores[place] + logs[place, word]), (*beams[place], word))
        for place in range(len(beams))
        for word in range(logs.shape[1])
        if beams[place][-1] != 2
    ]
    return [beam for _, beam in heapq.nlargest(width, ended + going)]


@right("ps05-3")
def by_taking_the_best_away(beams, scores, logs, width):
    left, kept = [], []
    for k, beam in enumerate(beams):
        if 2 in beam:
            left.append([scores[k], beam])
            continue
        for word in range(len(logs[k])):
            left.append([scores[k] + logs[k][word], [*beam, word]])
    while left and len(kept) < width:
        best = max(left, key=lambda one: one[0])
        left.remove(best)
        kept.append(np.array(best[1]))
    return kept


def extended(beams, scores, logs, add=lambda score, log: score + log):
    found = []
    for beam, score, row in zip(beams, scores, logs, strict=True):
        if beam[-1] == 2:
            found.append((score, beam))
        else:
            found += [(add(score, log), [*beam, word]) for word, log in enumerate(row)]
    return sorted(found, key=lambda pair: pair[0], reverse=True)


@wrong("ps05-3", "ended-goes-on")
def forgets_the_end(beams, scores, logs, width):
    found = [
        (score + log, [*beam, word])
        for beam, score, row in zip(beams, scores, logs, strict=True)
        for word, log in enumerate(row)
    ]
    return [beam for _, beam in sorted(found, reverse=True)[:width]]


@wrong("ps05-3", "ended-first")
def ended_ones_before(beams, scores, logs, width):
    ended = [beam for score, beam in sorted(zip(scores, beams, strict=True), reverse=True) if beam[-1] == 2]
    return (ended + skips_the_ended(beams, scores, logs, width))[:width]


@wrong("ps05-3", "ended-last")
def ended_ones_behind(beams, scores, logs, width):
    ended = [beam for score, beam in sorted(zip(scores, beams, strict=True), reverse=True) if beam[-1] == 2]
    return (skips_the_ended(beams, scores, logs, 10**6) + ended)[:width]


@wrong("ps05-3", "ended-dropped")
def skips_the_ended(beams, scores, logs, width):
    going = [k for k in range(len(beams)) if beams[k][-1] != 2]
    return [beam for _, beam in extended([beams[k] for k in going], scores[going], logs[going])[:width]]


@wrong("ps05-3", "last-word-alone")
def new_logs_only(beams, scores, logs, width):
    return [beam for _, beam in extended(beams, np.zeros(len(beams)), logs)[:width]]


@wrong("ps05-3", "one-each")
def greedy_for_each(beams, scores, logs, width):
    found = []
    for k, beam in enumerate(beams):
        if beam[-1] == 2:
            found.append((scores[k], beam))
        else:
            found.append((scores[k] + max(logs[k]), [*beam, int(np.argmax(logs[k]))]))
    return [beam for _, beam in sorted(found, reverse=True)][:width]


@wrong("ps05-3", "multiplied")
def product_of_logs(beams, scores, logs, width):
    return [beam for _, beam in extended(beams, scores, logs, lambda score, log: score * log)[:width]]


@wrong("ps05-3", "least-likely")
def sorted_upwards(beams, scores, logs, width):
    return [beam for _, beam in extended(beams, scores, logs)[::-1][:width]]


@wrong("ps05-3", "too-many")
def all_of_them(beams, scores, logs, width):
    return [beam for _, beam in extended(beams, scores, logs)]


@wrong("ps05-3", "best-alone")
def the_best(beams, scores, logs, width):
    return [extended(beams, scores, logs)[0][1]]


@wrong("ps05-3", "new-words-alone")
def without_beginnings(beams, scores, logs, width):
    return [[beam[-1]] for _, beam in extended(beams, scores, logs)[:width]]


@wrong("ps05-3", "changed-input")
def appends(beams, scores, logs, width):
    kept = [beam for _, beam in extended(beams, scores, logs)[:width]]
    for beam in beams:
        beam.append(0)
    return kept


@wrong("ps05-3", "other")
def with_their_scores(beams, scores, logs, width):
    return extended(beams, scores, logs)[:width]


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
    right = {}
    for one in references:
        left, count = runs_of(one, n), {}
        for run in runs_of(said, n):
            if run in left:
                left.remove(run)
                count[run] = count.get(run, 0) + 1
        for run, times in count.items():
            right[run] = max(right.get(run, 0), times)
    return sum(right.values()) / max(1, len(said) - n + 1)


@right("ps05-4")
def as_a_fraction(said, references, n):
    own = list(zip(*(said[k:] for k in range(n)), strict=False))
    others = [list(zip(*(one[k:] for k in range(n)), strict=False)) for one in references]
    good = [run for k, run in enumerate(own) if any(own[:k].count(run) < other.count(run) for other in others)]
    return len(good) / len(own) if own else 0


def matched(said, references, n, match, of=len):
    runs = runs_of(said, n)
    if not runs:
        return 0
    counts = [Counter(runs_of(one, n)) for one in references]
    return sum(match(runs.count(run), [each[run] for each in counts]) for run in set(runs)) / of(runs)


@wrong("ps05-4", "not-clipped")
def any_that_is_known(said, references, n):
    known = {run for one in references for run in runs_of(one, n)}
    runs = runs_of(said, n)
    return sum(run in known for run in runs) / len(runs) if runs else 0.0


@wrong("ps05-4", "references-added")
def all_references_together(said, references, n):
    return matched(said, references, n, lambda times, others: min(times, sum(others)))


@wrong("ps05-4", "as-often-as-known")
def without_the_smaller(said, references, n):
    return matched(said, references, n, lambda times, others: max(others))


@wrong("ps05-4", "in-every-reference")
def least_of_references(said, references, n):
    return matched(said, references, n, lambda times, others: min([times, *others]))


@wrong("ps05-4", "first-reference")
def one_reference(said, references, n):
    return by_taking_from_a_stock(said, references[:1], n)


@wrong("ps05-4", "by-the-references")
def recall(said, references, n):
    length = len(runs_of(references[0], n))
    return matched(said, references, n, lambda times, others: min(times, max(others)), lambda runs: length)


@wrong("ps05-4", "by-the-words")
def divided_by_words(said, references, n):
    return matched(said, references, n, lambda times, others: min(times, max(others)), lambda runs: len(said))


@wrong("ps05-4", "sets")
def of_different_runs(said, references, n):
    own = set(runs_of(said, n))
    return len(own & {run for one in references for run in runs_of(one, n)}) / len(own) if own else 0


@wrong("ps05-4", "single-words")
def words_whatever_n(said, references, n):
    return by_joining_counters(said, references, 1)


@wrong("ps05-4", "one-run-short")
def off_by_one(said, references, n):
    def runs(tokens):
        return Counter(" ".join(tokens[k : k + n]) for k in range(len(tokens) - n))

    most = Counter()
    for one in references:
        most |= runs(one)
    return (runs(said) & most).total() / runs(said).total()


@wrong("ps05-4", "nothing-said")
def nothing_by_nothing(said, references, n):
    runs = runs_of(said, n)
    right = sum(min(runs.count(run), max(runs_of(one, n).count(run) for one in references)) for run in set(runs))
    return right / len(runs)


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


def passed(noisy, temperature, drawn=None):
    pure = (np.arange(len(noisy)) == np.argmax(noisy if drawn is None else drawn)).astype(float)
    return np.array([pure, softmax(noisy / temperature)])


@wrong("ps05-5", "one-logarithm")
def exponential_noise(logits, uniform, temperature):
    return passed(logits + -np.log(uniform), temperature)


@wrong("ps05-5", "gumbel-turned")
def minus_gumbel(logits, uniform, temperature):
    return passed(logits - -np.log(-np.log(uniform)), temperature)


@wrong("ps05-5", "uniform")
def even_noise(logits, uniform, temperature):
    return passed(logits + uniform, temperature)


@wrong("ps05-5", "multiplied")
def times_temperature(logits, uniform, temperature):
    noisy = logits - np.log(-np.log(uniform))
    return np.array([passed(noisy, 1)[0], softmax(noisy * temperature)])


@wrong("ps05-5", "cold-logits-alone")
def only_the_logits_divided(logits, uniform, temperature):
    gumbel = -np.log(-np.log(uniform))
    return np.array([passed(logits + gumbel, 1)[0], softmax(logits / temperature + gumbel)])


@wrong("ps05-5", "temperature-in-the-draw")
def divided_before_the_noise(logits, uniform, temperature):
    return passed(logits / temperature + -np.log(-np.log(uniform)), 1)


@wrong("ps05-5", "likeliest-passed")
def argmax_of_the_logits(logits, uniform, temperature):
    return passed(logits - np.log(-np.log(uniform)), temperature, drawn=logits)


@wrong("ps05-5", "noise-alone")
def argmax_of_the_noise(logits, uniform, temperature):
    return passed(logits - np.log(-np.log(uniform)), temperature, drawn=uniform)


@wrong("ps05-5", "no-noise")
def plain_softmax(logits, uniform, temperature):
    return passed(logits, temperature)


@wrong("ps05-5", "blend-twice")
def soft_only(logits, uniform, temperature):
    soft = softmax((logits - np.log(-np.log(uniform))) / temperature)
    return np.array([soft, soft])


@wrong("ps05-5", "exchanged")
def blend_first(logits, uniform, temperature):
    return by_the_library(logits, uniform, temperature)[::-1]


@wrong("ps05-5", "wrong-shape")
def the_blend_alone(logits, uniform, temperature):
    return softmax((logits - np.log(-np.log(uniform))) / temperature)
