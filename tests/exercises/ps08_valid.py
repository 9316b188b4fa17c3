"""What is valid for the exercises of problem set 8, drawn far and wide."""

import numpy as np
from mutation import valid


@valid("ps08-2")
def searches(rng):
    cases = []
    for _ in range(10):
        sentences = int(rng.integers(1, 7))
        pictures = sentences + int(rng.integers(0, 4))
        scores = rng.normal(rng.choice([-2, 0, 2]), 1, (sentences, pictures)) + rng.integers(2) * np.eye(
            sentences, pictures
        )
        cases.append({"scores": scores, "k": int(rng.integers(1, pictures + 2))})
    return cases


@valid("ps08-3")
def gains(rng):
    cases = []
    for _ in range(10):
        seeds = int(rng.integers(2, 10))
        blind = rng.uniform(20, 80, seeds)
        fused = blind + rng.normal(rng.choice([-8, 0, 8]), rng.choice([1, 5]), seeds)
        cases.append({"fused": fused, "blind": blind, "factor": float(rng.uniform(1.9, 13))})
    return cases


@valid("ps08-4")
def batches(rng):
    cases = []
    for _ in range(10):
        pictures, sentences = rng.normal(0, 2, (2, *rng.integers(1, 6, 2)))
        cases.append({"pictures": pictures, "sentences": sentences, "scale": float(rng.choice([0.5, 1, 3, 10]))})
    return cases


@valid("ps08-5")
def tables(rng):
    return [{"table": rng.normal(rng.choice([-2, 0, 2]), 2, rng.integers(1, 6, 2))} for _ in range(10)]
