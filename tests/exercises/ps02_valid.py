"""What is valid for the exercises of problem set 2, drawn far and wide."""

import numpy as np
from mutation import valid


@valid("ps02-2")
def boxes(rng):
    cases = []
    for n, m, step in ((1, 1, 1.0), (2, 3, 1.0), (4, 2, 0.25), (5, 5, 3.0)):
        begin = rng.integers(-4, 9, (n + m, 2)) * step
        sides = rng.integers(1, 8, (n + m, 2)) * step
        found = np.concatenate([begin[:n], begin[:n] + sides[:n]], axis=1)
        truth = np.concatenate([begin[n:], sides[n:]], axis=1)
        if rng.random() < 0.5:
            truth[0] = [*begin[0], *sides[0]]  # the same box
        cases.append({"found": found, "truth": truth})
    return cases


@valid("ps02-3")
def crowds(rng):
    cases = []
    for n in (1, 2, 3, 6, 10):
        table = np.round(rng.choice([0.0, 0.2, 0.25, 0.5, 0.6, 0.9, 1.0], (n, n)), 3)
        table = np.triu(table, 1) + np.triu(table, 1).T + np.eye(n)
        scores = rng.permutation(n) / 16 + 0.01
        kinds, overlap = rng.integers(0, 3, n), float(rng.choice([0.0, 0.25, 0.5, 0.6, 0.9]))
        cases.append({"table": table, "scores": scores, "kinds": kinds, "overlap": overlap})
    return cases


@valid("ps02-4")
def answers(rng):
    cases = []
    for n in (1, 2, 5, 12):
        right = rng.random(n) < rng.choice([0, 0.5, 1])
        # Of no recall hangs by a hair of a float whether it is a hundredth.
        things = int(rng.choice([many for many in (1, 2, 4, 7, 8, 9, 11, 13, 16, 41) if many >= right.sum()]))
        cases.append({"scores": rng.permutation(n) / 16 + 0.01, "right": right, "things": things})
    return cases


@valid("ps02-5")
def maps(rng):
    cases = []
    for pictures, rows, columns, classes in ((1, 1, 1, 1), (1, 2, 3, 2), (2, 3, 2, 4), (3, 4, 4, 7)):
        truth, said = (rng.integers(0, rng.integers(1, classes + 1), (pictures, rows, columns)) for _ in range(2))
        if rng.random() < 0.7:
            truth[rng.random(truth.shape) < 0.3] = -1
        truth[0, 0, 0] = 0
        cases.append({"said": said, "truth": truth, "classes": classes})
    return cases
