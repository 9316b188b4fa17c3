"""Answers to problem set 4, as students write them."""

from functools import reduce
from math import dist

import numpy as np
from answers import barely_wrong, right, values, wrong
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from scipy.special import log_expit, logsumexp

values(
    "ps04-1",
    right={"in full": 2 * np.log(2), "two decimals": 1.39, "three": 1.386, "NumPy's": np.float32(1.3863)},
    wrong={
        "one-half-of-it": 0.693,
        "base-two": 2,
        "base-ten": 0.602,
        "no-minus": -1.386,
        "no-loss": 0,
        "no-logarithm": 0.5,
        "added-first": 1.0,
        "multiplied": 0.48,
        "wrong-type": "1.39",
        "other": 3.14,
    },
)


@right("ps04-2")
def by_the_library(on_real, on_invented):
    judge = -log_expit(on_real).mean() - log_expit(-on_invented).mean()
    return np.array([judge, log_expit(-on_invented).mean(), -log_expit(on_invented).mean()])


@right("ps04-2")
def by_hand_for_large_scores(on_real, on_invented):
    def entropy(score):  # -log of the sigmoid
        return -score + np.log1p(np.exp(score)) if score < 0 else np.log1p(np.exp(-score))

    real = sum(map(entropy, on_real)) / len(on_real)
    away = sum(entropy(-score) for score in on_invented) / len(on_invented)
    return real + away, -away, sum(map(entropy, on_invented)) / len(on_invented)


@right("ps04-2")
def with_the_maximum_taken_out(on_real, on_invented):
    def softplus(scores):
        return np.maximum(scores, 0) + np.log1p(np.exp(-np.abs(scores)))

    away = np.average(softplus(on_invented))
    return (np.average(softplus(-on_real)) + away, -away, np.average(softplus(-on_invented)))


@right("ps04-2")
def by_a_sum_of_exponentials(on_real, on_invented):
    def minus_log(scores):
        return logsumexp([np.zeros_like(scores), -scores], axis=0)

    away = -minus_log(-on_invented).mean()
    return [minus_log(on_real).mean() - away, away, minus_log(on_invented).mean()]


@barely_wrong("ps04-2")
def to_two_decimals(on_real, on_invented):
    return np.round(by_the_library(on_real, on_invented), 2)


@barely_wrong("ps04-2")
def linear_from_thirty_on(on_real, on_invented):
    real, away, invented = (np.where(each > 30, 30, each).mean() for each in entropies(on_real, on_invented))
    return [real + away, -away, invented]


def entropies(on_real, on_invented):
    return np.logaddexp(0, -on_real), np.logaddexp(0, on_invented), np.logaddexp(0, -on_invented)


@wrong("ps04-2", "overflow")
def to_the_letter(on_real, on_invented):
    def sigmoid(scores):
        return 1 / (1 + np.exp(-scores))

    judge = -np.mean(np.log(sigmoid(on_real))) - np.mean(np.log(1 - sigmoid(on_invented)))
    return [judge, np.mean(np.log(1 - sigmoid(on_invented))), -np.mean(np.log(sigmoid(on_invented)))]


@wrong("ps04-2", "clipped")
def with_an_epsilon(on_real, on_invented):
    real, invented = (np.clip(1 / (1 + np.exp(-each)), 1e-7, 1 - 1e-7) for each in (on_real, on_invented))
    away = np.mean(np.log(1 - invented))
    return [-np.mean(np.log(real)) - away, away, -np.mean(np.log(invented))]


@wrong("ps04-2", "halved")
def mean_of_the_two(on_real, on_invented):
    real, away, invented = (each.mean() for each in entropies(on_real, on_invented))
    return [(real + away) / 2, -away, invented]


@wrong("ps04-2", "all-in-one-mean")
def mean_over_both(on_real, on_invented):
    real, away, invented = entropies(on_real, on_invented)
    return [(real.sum() + away.sum()) / (len(real) + len(away)), -away.mean(), invented.mean()]


@wrong("ps04-2", "sums")
def without_means(on_real, on_invented):
    real, away, invented = (each.sum() for each in entropies(on_real, on_invented))
    return [real + away, -away, invented]


@wrong("ps04-2", "judge-turned")
def labels_turned(on_real, on_invented):
    away = np.logaddexp(0, on_invented).mean()
    wrong_way = np.logaddexp(0, on_real).mean() + np.logaddexp(0, -on_invented).mean()
    return [wrong_way, -away, np.logaddexp(0, -on_invented).mean()]


@wrong("ps04-2", "sign-of-the-original")
def one_minus_too_many(on_real, on_invented):
    real, away, invented = (each.mean() for each in entropies(on_real, on_invented))
    return [real + away, away, invented]


@wrong("ps04-2", "generators-exchanged")
def second_for_third(on_real, on_invented):
    real, away, invented = (each.mean() for each in entropies(on_real, on_invented))
    return [real + away, invented, -away]


@wrong("ps04-2", "generator-on-real")
def judged_by_real_ones(on_real, on_invented):
    judge = np.logaddexp(0, -on_real).mean() + np.logaddexp(0, on_invented).mean()
    return [judge, -np.logaddexp(0, on_real).mean(), np.logaddexp(0, -on_real).mean()]


@wrong("ps04-2", "wrong-shape")
def the_first_alone(on_real, on_invented):
    return np.logaddexp(0, -on_real).mean() + np.logaddexp(0, on_invented).mean()


@right("ps04-3")
def by_a_library_of_distances(points, centres, near):
    inside = cdist(points, centres) <= near
    enough = np.count_nonzero(inside, axis=0) * 4 * len(centres) >= len(points)
    return int(enough.sum()), inside.any(axis=1).mean()


@right("ps04-3")
def by_loops(points, centres, near):
    counts = [0] * len(centres)
    for x, y in points:
        for mode, (a, b) in enumerate(centres):
            if (x - a) ** 2 + (y - b) ** 2 <= near**2:
                counts[mode] += 1
    return [len([count for count in counts if count >= len(points) / (4 * len(centres))]), sum(counts) / len(points)]


@right("ps04-3")
def by_a_tree(points, centres, near):
    found = cKDTree(points).query_ball_point(centres, near)
    fair = len(points) / len(centres)
    return [sum(len(one) >= 0.25 * fair for one in found), len(set().union(*found)) / len(points)]


@right("ps04-3")
def point_by_point(points, centres, near):
    modes = [
        [dist(point, centre) <= near for centre in centres].index(True)
        for point in points
        if in_any(point, centres, near)
    ]
    counts = np.bincount(modes, minlength=len(centres)) if modes else np.zeros(len(centres))
    return np.array([(4 * counts / len(points) * len(centres) >= 1).sum(), len(modes) / len(points)])


def in_any(point, centres, near):
    return any(dist(point, centre) <= near for centre in centres)


@barely_wrong("ps04-3")
def nearer_than_near(points, centres, near):
    return by_loops(points, centres, np.nextafter(near, 0))


@barely_wrong("ps04-3")
def more_than_a_quarter(points, centres, near):
    counts, share = counted(points, centres, in_circle(near))
    return [int((counts > len(points) / len(centres) / 4).sum()), share]


@barely_wrong("ps04-3")
def a_quarter_in_whole_points(points, centres, near):
    counts, share = counted(points, centres, in_circle(near))
    return [int((counts >= len(points) // len(centres) // 4).sum()), share]


@barely_wrong("ps04-3")
def a_fifth(points, centres, near):
    counts, share = counted(points, centres, in_circle(near))
    return [int((counts >= len(points) / len(centres) / 5).sum()), share]


@barely_wrong("ps04-3")
def share_of_points_near_covered_modes(points, centres, near):
    counts, _ = counted(points, centres, in_circle(near))
    covered = counts >= len(points) / len(centres) / 4
    return [int(covered.sum()), counts[covered].sum() / len(points)]


def counted(points, centres, inside):
    """Counts for each mode, and the share of points near any, by a rule for a point and a centre."""
    counts = [sum(bool(inside(point, centre)) for point in points) for centre in centres]
    near_any = sum(any(inside(point, centre) for centre in centres) for point in points)
    return np.array(counts), near_any / len(points)


def in_circle(near):
    return lambda point, centre: np.hypot(*(point - centre)) <= near


@wrong("ps04-3", "any-point")
def one_point_is_enough(points, centres, near):
    counts, share = counted(points, centres, in_circle(near))
    return [int((counts > 0).sum()), share]


@wrong("ps04-3", "whole-share")
def the_whole_share(points, centres, near):
    counts, share = counted(points, centres, in_circle(near))
    return [int((counts / len(points) >= 1 / len(centres)).sum()), share]


@wrong("ps04-3", "of-those-near")
def share_of_those_near(points, centres, near):
    counts, share = counted(points, centres, in_circle(near))
    return [int((counts >= counts.sum() / len(centres) / 4).sum()), share]


@wrong("ps04-3", "squares")
def across_and_up_apart(points, centres, near):
    counts, share = counted(points, centres, lambda point, centre: max(abs(point - centre)) <= near)
    return [int((counts >= len(points) / len(centres) / 4).sum()), share]


@wrong("ps04-3", "not-rooted")
def squared_distances(points, centres, near):
    counts, share = counted(points, centres, lambda point, centre: np.sum((point - centre) ** 2) <= near)
    return [int((counts >= len(points) / len(centres) / 4).sum()), share]


@wrong("ps04-3", "mean-of-shares")
def mean_of_the_table(points, centres, near):
    counts, share = counted(points, centres, in_circle(near))
    return [int((counts >= len(points) / len(centres) / 4).sum()), share / len(centres)]


@wrong("ps04-3", "share-of-modes")
def modes_as_a_share(points, centres, near):
    counts, share = counted(points, centres, in_circle(near))
    return [np.mean(counts >= len(points) / len(centres) / 4), share]


@wrong("ps04-3", "nearest-mode")
def every_point_to_its_nearest(points, centres, near):
    _, share = counted(points, centres, in_circle(near))
    nearest = cdist(points, centres).argmin(axis=1)
    counts = np.array([np.sum(nearest == mode) for mode in range(len(centres))])
    return [int((counts >= len(points) / len(centres) / 4).sum()), share]


@wrong("ps04-3", "turned")
def exchanged(points, centres, near):
    return by_loops(points, centres, near)[::-1]


@wrong("ps04-3", "stopped")
def forgets_the_new_axis(points, centres, near):
    inside = np.linalg.norm(points - centres, axis=-1) <= near
    return [int(inside.sum()), inside.mean()]


@right("ps04-4")
def by_powers(weights, keep):
    steps = len(weights)
    shares = np.array([keep ** (steps - 1), *((1 - keep) * keep ** (steps - 1 - step) for step in range(1, steps))])
    return shares @ weights


@right("ps04-4")
def number_by_number(weights, keep):
    average = list(weights[0])
    for step in range(1, len(weights)):
        for place, new in enumerate(weights[step]):
            average[place] += (1 - keep) * (new - average[place])
    return average


@right("ps04-4")
def by_folding(weights, keep):
    return reduce(lambda average, new: keep * average + (1 - keep) * new, weights)


@right("ps04-4")
def by_calling_itself(weights, keep):
    if len(weights) == 1:
        return weights[0]
    return by_calling_itself(weights[:-1], keep) * keep + weights[-1] * (1 - keep)


@wrong("ps04-4", "exchanged")
def shares_exchanged(weights, keep):
    average = weights[0].copy()
    for new in weights[1:]:
        average = (1 - keep) * average + keep * new
    return average


@wrong("ps04-4", "from-nothing")
def from_zeros(weights, keep):
    average = np.zeros(weights.shape[1])
    for new in weights:
        average = keep * average + (1 - keep) * new
    return average


@wrong("ps04-4", "not-weighed")
def new_ones_in_full(weights, keep):
    average = weights[0].copy()
    for new in weights[1:]:
        average *= keep
        average += new
    return average


@wrong("ps04-4", "plain-mean")
def mean_of_all(weights, keep):
    return sum(weights) / len(weights)


@wrong("ps04-4", "last")
def the_last(weights, keep):
    return weights[len(weights) - 1]


@wrong("ps04-4", "of-two")
def always_from_the_step_before(weights, keep):
    before, last = weights[-2], weights[-1]
    return keep * before + (1 - keep) * last


@wrong("ps04-4", "one-short")
def loop_ends_early(weights, keep):
    average = weights[0].copy()
    for step in range(1, len(weights) - 1):
        average = keep * average + (1 - keep) * weights[step]
    return average


@wrong("ps04-4", "backwards")
def from_the_end(weights, keep):
    average = weights[-1]
    for new in reversed(weights[:-1]):
        average = keep * average + (1 - keep) * new
    return average


@wrong("ps04-4", "changed-input")
def in_place(weights, keep):
    average = weights[0]
    for new in weights[1:]:
        average *= keep
        average += (1 - keep) * new
    return average


values(
    "ps04-5",
    right={"capitals": "EACDB", "small letters": "eacdb", "with spaces": "E A C D B", "with commas": "E, A, C, D, B"},
    wrong={
        "distance-alone": "AECDB",
        "one-or-two": "ECADB",
        "diversity-is-good": "DACEB",
        "kinds-forgotten": "BACDE",
        "blots-or-kinds": "EACBD",
        "two-or-blots": "EADCB",
        "as-named": "ABCDE",
        "other": "CABED",
        "wrong-type": 5,
    },
)
