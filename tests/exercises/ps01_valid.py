"""What is valid for the exercises of problem set 1, drawn far and wide."""

import numpy as np
from mutation import valid


@valid("ps01-1")
def pictures(rng):
    cases = []
    for side in (1, 2, 3, 4, 5):
        rows, columns = (side * int(rng.integers(1, 4)) + int(rng.integers(0, 12)) for _ in range(2))
        cases.append({"picture": rng.integers(0, 256, (rows, columns)), "side": side})
    return cases


@valid("ps01-2")
def kernels(rng):
    cases = []
    for k in (1, 2, 3, 4):
        rows, columns = (k + int(rng.integers(0, 4)) for _ in range(2))
        channels, bias = int(rng.integers(1, 4)), float(rng.choice([-2.5, -0.5, 0, 1.25]))
        picture = rng.normal(0, 2, (rows, columns, channels))
        cases.append({"picture": picture, "kernel": rng.normal(size=(k, k, channels)), "bias": bias})
    return cases


@valid("ps01-4")
def logits(rng):
    cases = []
    for rows, columns in ((1, 1), (1, 4), (3, 1), (4, 3), (5, 6)):
        table = rng.normal(0, rng.choice([1, 10, 3000], (rows, columns)), (rows, columns))
        cases.append({"logits": table, "temperature": float(rng.choice([0.1, 0.5, 1, 3, 10]))})
    return cases


@valid("ps01-5")
def judgements(rng):
    cases = []
    for n, classes, bins in ((1, 2, 4), (2, 3, 1), (5, 1, 4), (12, 3, 8), (20, 4, 2), (30, 10, 16), (8, 3, 5)):
        shares = rng.multinomial(64, rng.dirichlet(np.full(classes, 0.5), n)) / 64
        best = np.sort(shares, axis=1)
        clear = best[:, -1] > best[:, -2] if classes > 1 else np.full(n, True)
        labels = np.where(rng.random(n) < 0.6, shares.argmax(axis=1), rng.integers(0, classes, n))
        if clear.any():
            cases.append({"probabilities": shares[clear], "labels": labels[clear], "bins": bins})
    return cases
