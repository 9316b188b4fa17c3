"""Answers to problem set 4, as students write them."""

from functools import reduce
from math import dist

import numpy as np
from answers import BARELY_WRONG, RIGHT, WRONG, values, vary
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from scipy.special import log_expit

values(
    "ps04-1",
    right=[2 * np.log(2), 1.39, 1.386, np.float32(1.3863)],
    wrong={
        "one-half-of-it": 0.693,
        "base-ten": 0.602,
        "no-minus": -1.386,
        "multiplied": 0.48,
        "wrong-type": "1.39",
        "other": 3.14,
    },
)


def by_the_library(on_real, on_invented):
    away = log_expit(-on_invented).mean()
    return np.array([-log_expit(on_real).mean() - away, away, -log_expit(on_invented).mean()])


def by_hand_for_large_scores(on_real, on_invented):
    def entropy(score):  # -log of the sigmoid
        return -score + np.log1p(np.exp(score)) if score < 0 else np.log1p(np.exp(-score))

    real = sum(map(entropy, on_real)) / len(on_real)
    away = sum(entropy(-score) for score in on_invented) / len(on_invented)
    return real + away, -away, sum(map(entropy, on_invented)) / len(on_invented)


def entropies(on_real, on_invented):
    """What the discriminator loses on real ones, and on invented ones, and the generator."""
    return np.logaddexp(0, -on_real), np.logaddexp(0, on_invented), np.logaddexp(0, -on_invented)


def of_means(on_real, on_invented, combine=lambda real, away, invented: [real + away, -away, invented], mean=np.mean):
    return combine(*map(mean, entropies(on_real, on_invented)))


def with_probabilities(on_real, on_invented, clip=0.0):
    real, invented = (np.clip(1 / (1 + np.exp(-scores)), clip, 1 - clip) for scores in (on_real, on_invented))
    away = np.mean(np.log(1 - invented))
    return [-np.mean(np.log(real)) - away, away, -np.mean(np.log(invented))]


RIGHT["ps04-2"] = [by_the_library, by_hand_for_large_scores, of_means]
BARELY_WRONG["ps04-2"] = {
    "to two decimals": lambda **case: np.round(by_the_library(**case), 2),
    "linear from thirty on": vary(of_means, mean=lambda losses: np.minimum(losses, 30).mean()),
}
WRONG["ps04-2"] = {
    "overflow": with_probabilities,
    "clipped": vary(with_probabilities, clip=1e-7),
    "halved": vary(of_means, combine=lambda real, away, invented: [(real + away) / 2, -away, invented]),
    "all-in-one-mean": lambda **case: [np.concatenate(entropies(**case)[:2]).mean(), *by_the_library(**case)[1:]],
    "sums": vary(of_means, mean=np.sum),
    "discriminator-turned": lambda on_real, on_invented: [
        by_the_library(-on_real, -on_invented)[0],
        *by_the_library(on_real, on_invented)[1:],
    ],
    "sign-of-the-original": vary(of_means, combine=lambda real, away, invented: [real + away, away, invented]),
    "generators-exchanged": vary(of_means, combine=lambda real, away, invented: [real + away, invented, -away]),
    "generator-on-real": lambda on_real, on_invented: [
        by_the_library(on_real, on_invented)[0],
        *by_the_library(on_invented, on_real)[1:],
    ],
    "wrong-shape": vary(of_means, combine=lambda real, away, invented: real + away),
}


def by_loops(points, centres, near):
    counts = [0] * len(centres)
    for x, y in points:
        for mode, (a, b) in enumerate(centres):
            if (x - a) ** 2 + (y - b) ** 2 <= near**2:
                counts[mode] += 1
    return [len([count for count in counts if count >= len(points) / (4 * len(centres))]), sum(counts) / len(points)]


def by_a_tree(points, centres, near):
    found = cKDTree(points).query_ball_point(centres, near)
    fair = len(points) / len(centres)
    return [sum(len(one) >= 0.25 * fair for one in found), len(set().union(*found)) / len(points)]


def point_by_point(points, centres, near):
    modes = [mode for point in points for mode, centre in enumerate(centres) if dist(point, centre) <= near]
    counts = np.bincount(modes, minlength=len(centres)) if modes else np.zeros(len(centres))
    return np.array([(4 * counts / len(points) * len(centres) >= 1).sum(), len(modes) / len(points)])


def in_circle(offset, near):
    return np.hypot(*offset) <= near


def counted(points, centres, near, *, inside=in_circle, enough=lambda counts, fair: counts >= fair / 4, of=None):
    """By a rule for a point and a centre; `of` makes the answer of the counts, what is covered and a share."""
    table = np.array([[bool(inside(point - centre, near)) for centre in centres] for point in points])
    counts, share = table.sum(axis=0), table.any(axis=1).mean()
    covered = enough(counts, len(points) / len(centres))
    return of(counts, covered, share) if of else [int(covered.sum()), share]


def every_point_to_its_nearest(points, centres, near):
    counts = np.bincount(cdist(points, centres).argmin(axis=1), minlength=len(centres))
    return [int((counts >= len(points) / len(centres) / 4).sum()), counted(points, centres, near)[1]]


RIGHT["ps04-3"] = [by_loops, by_a_tree, point_by_point]
BARELY_WRONG["ps04-3"] = {
    "nearer than near": vary(by_loops, near=lambda near: np.nextafter(near, 0)),
    "more than a quarter": vary(counted, enough=lambda counts, fair: counts > fair / 4),
    "a quarter in whole points": vary(counted, enough=lambda counts, fair: counts >= fair // 4),
    "a fifth": vary(counted, enough=lambda counts, fair: counts >= fair / 5),
    "near covered modes": lambda points, **case: counted(
        points, **case, of=lambda counts, covered, share: [int(covered.sum()), counts[covered].sum() / len(points)]
    ),
}
WRONG["ps04-3"] = {
    "any-point": vary(counted, enough=lambda counts, fair: counts > 0),
    "whole-share": vary(counted, enough=lambda counts, fair: counts >= fair),
    "of-those-near": vary(counted, enough=lambda counts, fair: counts >= counts.mean() / 4),
    "squares": vary(counted, inside=lambda offset, near: max(abs(offset)) <= near),
    "not-rooted": vary(counted, inside=lambda offset, near: np.sum(offset**2) <= near),
    "mean-of-shares": vary(counted, of=lambda counts, covered, share: [covered.sum(), share / len(counts)]),
    "share-of-modes": vary(counted, of=lambda counts, covered, share: [covered.mean(), share]),
    "nearest-mode": every_point_to_its_nearest,
    "turned": lambda **case: by_loops(**case)[::-1],
    "stopped": lambda points, centres, near: (np.linalg.norm(points - centres, axis=-1) <= near).mean(),
}


def by_powers(weights, keep):
    steps = len(weights)
    shares = np.array([keep ** (steps - 1), *((1 - keep) * keep ** (steps - 1 - step) for step in range(1, steps))])
    return shares @ weights


def number_by_number(weights, keep):
    average = list(weights[0])
    for step in range(1, len(weights)):
        for place, new in enumerate(weights[step]):
            average[place] += (1 - keep) * (new - average[place])
    return average


def by_folding(weights, keep, *, new=lambda keep: 1 - keep, first=1):
    return reduce(lambda average, step: keep * average + new(keep) * step, weights[1:], first * weights[0])


def in_place(weights, keep):
    average = weights[0]
    for new in weights[1:]:
        average *= keep
        average += (1 - keep) * new
    return average


RIGHT["ps04-4"] = [by_powers, number_by_number, by_folding]
WRONG["ps04-4"] = {
    "exchanged": lambda weights, keep: by_folding(weights, 1 - keep),
    "from-nothing": lambda weights, keep: by_folding(weights, keep, first=1 - keep),
    "not-weighed": vary(by_folding, new=lambda keep: 1),
    "plain-mean": lambda weights, keep: sum(weights) / len(weights),
    "last": lambda weights, keep: weights[len(weights) - 1],
    "of-two": lambda weights, keep: keep * weights[-2] + (1 - keep) * weights[-1],
    "one-short": vary(by_folding, weights=lambda weights: [weights[0], *weights[1:-1]]),
    "backwards": vary(by_folding, weights=np.flipud),
    "changed-input": in_place,
}

values("ps04-5", right=["EACDB", "eacdb", "E A C D B", "E, A, C, D, B"], wrong={"other": "CABED", "wrong-type": 5})
