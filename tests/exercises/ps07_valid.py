"""What is valid for the exercises of problem set 7, drawn far and wide."""

import numpy as np
from mutation import valid

NOUNS = ("dog", "cat", "left", "grass")


def mixed(rng, items):
    return [items[place] for place in rng.permutation(len(items))]


@valid("ps07-2")
def frames(rng):
    def filled(roles):
        return [(str(role), str(rng.choice(NOUNS[:3]))) for role in roles]

    cases = []
    for _ in range(16):
        roles = rng.permutation(["agent", "direction", "place", "item", "tool"])
        true = filled(roles[: rng.integers(1, 5)])
        found = [pair if rng.random() < 0.8 else (pair[0], "sky") for pair in true if rng.random() < 0.9]
        found = filled(roles) if rng.random() < 0.2 else found + filled(roles[4:])[: rng.integers(2)]
        verb = "run" if rng.random() < 0.8 else "walk"
        cases.append({"found": (verb, mixed(rng, found)), "true": ("run", true)})
    return cases


@valid("ps07-3")
def told(rng):
    things = ("animal", "elk", "ibis", "otter", "uncle", "dog", "cat", "hen", "yacht", "ocean liner", "sheep", "tuna")
    words = {"sit": "sitting", "run": "running", "park": "parked", "tie": "tied", "open": "opening"}
    prepositions = {"grass": "on", "sky": "in", "quay": "at", "attic": "in", "box": "under"}
    cases = []
    for _ in range(10):
        roles = [(str(rng.choice(["agent", "item"])), str(rng.choice(things)))]
        roles += [("direction", str(rng.choice(["left", "right"])))][: rng.integers(2)]
        roles += [("place", str(rng.choice(list(prepositions))))][: rng.integers(2)]
        verb = str(rng.choice(list(words)))
        cases.append({"verb": verb, "roles": mixed(rng, roles), "words": words, "prepositions": prepositions})
    return cases


@valid("ps07-4")
def worlds(rng):
    things = [(role, noun) for role in ("agent", "item") for noun in ("dog", "cat", "sit")]
    places, verbs = [("place", "grass"), ("place", "run"), ("place", "dog")], ["sit", "run", "fly"]

    def frame():
        roles = [things[rng.integers(len(things))]][: rng.integers(2)] + [places[rng.integers(2)]][: rng.integers(2)]
        return str(rng.choice(verbs)), mixed(rng, roles)

    cases = []
    for _ in range(10):
        scenes = [[frame() for _ in range(rng.integers(0, 4))] for _ in range(rng.integers(1, 5))]
        labels = mixed(rng, [*(("verb", verb) for verb in verbs), ("verb", "eat"), *things, *places])
        cases.append({"scenes": scenes, "labels": labels[: rng.integers(1, 9)]})
    return cases


@valid("ps07-5")
def crowds(rng):
    cases = []
    for _ in range(10):
        side = int(rng.integers(2, 14))
        ends = [[np.sort(rng.permutation(side + 1)[:2]) for _ in range(2)] for _ in range(rng.integers(1, 6))]
        cases.append({"boxes": np.array(ends).transpose(0, 2, 1).reshape(-1, 4), "side": side})
    return cases
