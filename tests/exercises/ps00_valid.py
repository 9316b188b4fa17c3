"""What is valid for the exercises of problem set 0, drawn far and wide."""

import numpy as np
from mutation import valid

TAGS = (
    "ant",
    "cat",
    "dog",
    "eagle",
    "frog",
    "igloo",
    "oak",
    "owl",
    "ship",
    "truck",
    "umbrella",
    "iguana",
    "deer",
    "egg",
)


@valid("ps00-1")
def findings(rng):
    cases = [{"findings": []}]
    for count in (1, 2, 3, 8):
        states = rng.choice(["ready", "mend", "optional"], count)
        remedies = rng.choice(["", "install it", "vistext doctor: see there"], count)
        subjects = rng.choice(["memory", "Python", "NumPy", "a folder"], count)  # one may come twice
        names = ("subject", "state", "remedy")
        found = [dict(zip(names, map(str, one), strict=True)) for one in zip(subjects, states, remedies, strict=True)]
        cases.append({"findings": found})
    return cases


@valid("ps00-3")
def masks(rng):
    cases = [{"mask": rng.random(rng.integers(1, 9, 2)) < share} for share in (0, 0.05, 0.1, 0.3, 0.9, 1)]
    lone = np.zeros(rng.integers(1, 9, 2), bool)
    lone[tuple(rng.integers(0, lone.shape))] = True
    return [*cases, {"mask": lone}]


@valid("ps00-4")
def probabilities(rng):
    cases = []
    for count in (2, 3, 5, 10):
        for power in (1, 4):
            shares = np.sort(rng.random(count) ** power + 0.01)[::-1]
            shares = np.round(shares / shares.sum(), 3)
            if power == 4:
                shares[0] = rng.choice([0.496, 0.499, 0.5, 0.501, 0.954, 0.956])
            shares = [float(one) + 0.001 * (round(1000 * one) % 10 == 5) for one in shares]  # no halves to be rounded
            if len(set(shares)) == count and shares[0] == max(shares):
                tags = rng.choice(TAGS, count, replace=False)
                order = rng.permutation(count)
                cases.append({"probabilities": {str(tags[place]): shares[place] for place in order}})
    return cases


@valid("ps00-5")
def certainties(rng):
    cases = []
    for count in (1, 2, 3, 8, 16):
        for wanted in (0.0, 0.25, 0.5, 0.625, 0.75, 0.9, 1.0):
            sure = rng.choice(np.arange(101), count, replace=False) / 100
            right = rng.random(count) < rng.choice([0, 0.3, 0.7, 1])
            cases.append({"sure": sure.tolist(), "right": right.tolist(), "wanted": wanted})
    return cases
