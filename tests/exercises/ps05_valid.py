"""What is valid for the exercises of problem set 5, drawn far and wide."""

import numpy as np
from mutation import valid

WORDS = ("a", "the", "cat", "dog", "sits", "on")


@valid("ps05-2")
def looks(rng):
    cases = []
    for _ in range(10):
        cells, d, m = rng.integers(1, 6, 3)
        hidden = rng.random(cells) < rng.choice([0, 0.3, 0.7])
        hidden[rng.integers(cells)] = False
        keys, values = rng.normal(0, 1.5, (cells, d)), rng.normal(0, 2, (cells, m))
        cases.append({"query": rng.normal(0, 1.5, d), "keys": keys, "values": values, "hidden": hidden})
    return cases


@valid("ps05-3")
def beams(rng):
    cases = []
    for _ in range(10):
        words, count, length = int(rng.integers(3, 8)), int(rng.integers(1, 5)), int(rng.integers(2, 4))
        begun = set()
        while len(begun) < count:  # those that go on are equally long, and none of the others is longer
            going = rng.choice([0, 1, *range(3, words)], length).tolist()
            begun.add((1, *going) if rng.random() < 0.6 else (1, *going[: rng.integers(1, length)], 2))
        scores = np.log(rng.uniform(0.001, 1, count)) * rng.choice([0.1, 1])
        logs = np.log(
            rng.dirichlet(np.full(words, rng.choice([0.3, 1, 3])), count) + rng.uniform(0, 1e-9, (count, words))
        )
        given = [list(beam) for beam in begun]
        cases.append({"beams": given, "scores": scores, "logs": logs, "width": int(rng.integers(1, 9))})
    return cases


@valid("ps05-4")
def sentences(rng):
    cases = []
    for _ in range(10):
        words = WORDS[: int(rng.integers(2, 7))]
        said, *references = (rng.choice(words, rng.integers(0, 9)).tolist() for _ in range(rng.integers(2, 5)))
        cases.append({"said": said, "references": references, "n": int(rng.integers(1, 5))})
    return cases


@valid("ps05-5")
def draws(rng):
    cases = []
    for _ in range(10):
        words = int(rng.integers(2, 7))
        logits, uniform = rng.normal(0, rng.choice([0.3, 1, 3]), words), rng.uniform(0.001, 0.999, words)
        cases.append({"logits": logits, "uniform": uniform, "temperature": float(rng.choice([0.2, 0.5, 1, 2, 5]))})
    return cases
