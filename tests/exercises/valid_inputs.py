"""What is valid for the exercises, as their texts allow it, drawn far and wide."""

import numpy as np
from mutation import valid

TEN = [()] * 10


@valid("ps00-1", [(1, 1), (1, 5), (4, 1), (3, 3), (6, 2), (9, 12)])
def colors(rng, *size):
    return {"picture": rng.integers(0, rng.choice([2, 100, 256], 3), (*size, 3)).astype(np.uint8)}


@valid("ps00-3", [(0,), (0.05,), (0.1,), (0.3,), (0.9,), (1,), (None,)])
def masks(rng, share):
    if share is not None:
        return {"mask": rng.random(rng.integers(1, 9, 2)) < share}
    lone = np.zeros(rng.integers(1, 9, 2), bool)
    lone[tuple(rng.integers(0, lone.shape))] = True
    return {"mask": lone}


@valid("ps00-4", [(1, 1, 0.5), (1, 3, 0.2), (4, 2, 0.8), (6, 5, 0.3), (5, 10, 0.6), (3, 4, 0.0)])
def logits_of_tags(rng, pictures, classes, threshold):
    logits = rng.normal(rng.choice([-3000, 0, 3000], (pictures, 1)), rng.choice([1, 3, 100]), (pictures, classes))
    return {"logits": logits, "threshold": threshold}


@valid("ps00-5", [(count, share) for count in (1, 2, 3, 8, 16) for share in (0.0, 0.25, 0.5, 0.625, 0.75, 0.9, 1.0)])
def confidences(rng, count, accuracy):
    values = rng.choice(np.arange(101), count, replace=False) / 100
    correct = rng.random(count) < rng.choice([0, 0.3, 0.7, 1])
    return {"confidences": values, "correct": correct, "accuracy": accuracy}


@valid("ps01-1", [(1,), (2,), (3,), (4,)])
def kernels(rng, k):
    rows, columns = (k + int(rng.integers(0, 4)) for _ in range(2))
    channels, bias = int(rng.integers(1, 4)), float(rng.choice([-2.5, -0.5, 0, 1.25]))
    picture = rng.normal(0, 2, (rows, columns, channels))
    return {"picture": picture, "kernel": rng.normal(size=(k, k, channels)), "bias": bias}


@valid("ps01-3", [(1, 2, 3, 2), (2, 1, 4, 3), (5, 3, 2, 2), (4, 4, 4, 4), (8, 2, 6, 5)])
def layers(rng, count, inputs, hidden, classes):
    shapes = [(count, inputs), (inputs, hidden), hidden, (hidden, classes), classes]
    x, *weights = (rng.normal(size=shape) for shape in shapes)
    return {"x": x, "labels": rng.integers(0, classes, count), "weights": weights}


@valid("ps01-5", [(1, 2, 4), (2, 3, 1), (5, 1, 4), (12, 3, 8), (20, 4, 2), (30, 10, 16), (8, 3, 5)])
def judgements(rng, n, classes, bins):
    shares = rng.multinomial(64, rng.dirichlet(np.full(classes, 0.5), n)) / 64
    best = np.sort(shares, axis=1)
    clear = best[:, -1] > best[:, -2] if classes > 1 else np.full(n, True)
    labels = np.where(rng.random(n) < 0.6, shares.argmax(axis=1), rng.integers(0, classes, n))
    return {"probabilities": shares[clear], "labels": labels[clear], "bins": bins} if clear.any() else None


@valid("ps01-6", [(1, 1, 1), (1, 4, 2), (3, 1, 5), (3, 3, 3), (2, 5, 4), (7, 7, 8)])
def feature_maps(rng, *shape):
    maps, gradients = rng.normal(size=(2, *shape))
    return {"maps": np.maximum(0, maps), "gradients": gradients + rng.choice([-2, 0, 2])}


@valid("ps02-2", [(1, 1, 1.0), (2, 3, 1.0), (4, 2, 0.25), (5, 5, 3.0)])
def boxes(rng, n, m, step):
    begin, sides = rng.integers(-4, 9, (n + m, 2)) * step, rng.integers(1, 8, (n + m, 2)) * step
    found = np.concatenate([begin[:n], begin[:n] + sides[:n]], axis=1)
    truth = np.concatenate([begin[n:], sides[n:]], axis=1)
    if rng.random() < 0.5:
        truth[0] = [*begin[0], *sides[0]]  # the same box
    return {"found": found, "truth": truth}


@valid("ps02-3", [(1,), (2,), (3,), (6,), (10,)])
def crowds(rng, n):
    table = np.triu(rng.choice([0.0, 0.2, 0.25, 0.5, 0.6, 0.9, 1.0], (n, n)), 1)
    scores, kinds = rng.permutation(n) / 16 + 0.01, rng.integers(0, 3, n)
    overlap = float(rng.choice([0.0, 0.25, 0.5, 0.6, 0.9]))
    return {"table": table + table.T + np.eye(n), "scores": scores, "kinds": kinds, "overlap": overlap}


@valid("ps02-4", [(1,), (2,), (5,), (12,)])
def answers(rng, n):
    right = rng.random(n) < rng.choice([0, 0.5, 1])
    # Of no recall hangs by a hair of a float whether it is a hundredth.
    objects = int(rng.choice([many for many in (1, 2, 4, 7, 8, 9, 11, 13, 16, 41) if many >= right.sum()]))
    return {"scores": rng.permutation(n) / 16 + 0.01, "right": right, "objects": objects}


@valid("ps02-5", [((1, 1, 1), 1), ((1, 2, 3), 2), ((2, 3, 2), 4), ((3, 4, 4), 7)])
def maps(rng, shape, classes):
    truth, predicted = (rng.integers(0, rng.integers(1, classes + 1), shape) for _ in range(2))
    if rng.random() < 0.7:
        truth[rng.random(truth.shape) < 0.3] = -1
    truth[0, 0, 0] = 0
    return {"predicted": predicted, "truth": truth, "classes": classes}


@valid("ps03-2", [(1, 1), (1, 3), (2, 4), (5, 3)])
def tables(rng, rows, columns):
    ids = rng.integers(1, 30, (rows, columns))
    ids[np.arange(columns) >= rng.integers(1, columns + 1, rows)[:, None]] = 0
    chances = np.round(rng.uniform(0.01, 1, ids.shape) ** rng.choice([0, 1, 3]), 6)
    return {"probabilities": np.maximum(chances, 1e-6), "ids": ids}


@valid("ps03-3", [(1, 1, 1), (1, 3, 2), (3, 2, 4), (4, 4, 3)])
def steps(rng, n, inputs, units):
    shapes = {"x": (n, inputs), "state": (n, units), "w": (inputs, 3 * units), "u": (units, 3 * units), "b": 3 * units}
    return {name: rng.normal(0, rng.choice([0.3, 1, 3]), shape) for name, shape in shapes.items()}


@valid("ps03-4", [(1, 1, 1), (1, 2, 3), (3, 1, 2), (4, 2, 1), (5, 3, 2)])
def words_with_heads(rng, t, heads, d):
    q, k, v = rng.normal(0, rng.choice([0.3, 1, 3]), (3, t, heads * d))
    return {"q": q, "k": k, "v": v, "heads": heads}


@valid("ps03-5", [(1, 2, 1), (1, 3, 4), (3, 2, 5), (5, 4, 8)])
def blocks(rng, t, width, hidden):
    shapes = {"w_qkv": (width, 3 * width), "w_mix": (width, width), "w_up": (width, hidden), "w_down": (hidden, width)}
    case = {name: rng.normal(0, rng.choice([0.3, 1]), shape) for name, shape in shapes.items()}
    return case | {"x": rng.normal(rng.choice([0, 2]), rng.choice([1, 5]), (t, width))}


@valid("ps04-2", [(1, 1), (1, 3), (4, 2), (5, 5)])
def scores(rng, *sizes):
    real, generated = (rng.normal(0, rng.choice([1, 10, 900]), size) for size in sizes)
    return {"on_real": real, "on_generated": generated}


@valid("ps04-3", [(1, 1, 1), (2, 3, 1), (3, 1, 4), (2, 5, 2)])
def discriminator_steps(rng, size, real, generated):
    return generator_steps(rng, size, generated) | {"real": rng.normal(0, 2, (real, 2))}


@valid("ps04-4", [(1, 1), (2, 1), (2, 4), (4, 3)])
def generator_steps(rng, size, noise):
    generator = [rng.normal(0, 1, (size, 2)), rng.normal(0, 1, 2)]
    discriminator = [rng.normal(0, 1, (2, 1)), rng.normal(0, 1, 1)]
    case = {"generator": generator, "discriminator": discriminator, "noise": rng.normal(0, 1, (noise, size))}
    return case | {"learning_rate": float(rng.choice([0.001, 0.1, 0.5, 3]))}


@valid("ps05-1", TEN)
def attention_of_a_word(rng):
    cells, d, m = rng.integers(1, 6, 3)
    mask = rng.random(cells) >= rng.choice([0, 0.3, 0.7])
    mask[rng.integers(cells)] = True
    keys, values = rng.normal(0, 1.5, (cells, d)), rng.normal(0, 2, (cells, m))
    return {"query": rng.normal(0, 1.5, d), "keys": keys, "values": values, "mask": mask}


@valid("ps05-2", TEN)
def beams(rng):
    words, count, length = int(rng.integers(3, 8)), int(rng.integers(1, 5)), int(rng.integers(2, 4))
    begun: set = set()
    while len(begun) < count:  # those that go on are equally long, and none of the others is longer
        going = rng.choice([0, 1, *range(3, words)], length).tolist()
        begun.add((1, *going) if rng.random() < 0.6 else (1, *going[: rng.integers(1, length)], 2))
    scores = np.log(rng.uniform(0.001, 1, count)) * rng.choice([0.1, 1])
    next_words = rng.dirichlet(np.full(words, rng.choice([0.3, 1, 3])), count) + rng.uniform(0, 1e-9, (count, words))
    given = [list(beam) for beam in begun]
    return {"beams": given, "scores": scores, "log_probs": np.log(next_words), "width": int(rng.integers(1, 9))}


@valid("ps05-3", TEN)
def sentences(rng):
    words = ("a", "the", "cat", "dog", "sits", "on")[: int(rng.integers(2, 7))]
    candidate, *references = (rng.choice(words, rng.integers(0, 9)).tolist() for _ in range(rng.integers(2, 5)))
    return {"candidate": candidate, "references": references, "n": int(rng.integers(1, 5))}


@valid("ps05-4", TEN)
def draws(rng):
    words = int(rng.integers(2, 7))
    logits, uniform = rng.normal(0, rng.choice([0.3, 1, 3]), words), rng.uniform(0.001, 0.999, words)
    return {"logits": logits, "uniform": uniform, "temperature": float(rng.choice([0.2, 0.5, 1, 2, 5]))}


@valid("ps05-5", TEN)
def pairs(rng):
    kinds = ("on_true", "on_generated", "on_mismatched")
    scores = {kind: rng.normal(0, rng.choice([1, 10, 900]), rng.integers(1, 6)) for kind in kinds}
    return scores | dict(zip(("alpha", "beta"), rng.uniform(0, 2, 2).tolist(), strict=True))


@valid("ps05-6", TEN)
def sampled_captions(rng):
    pictures, sentences, samples = (int(size) for size in rng.integers((1, 2, 2), (5, 7, 7)))
    logits, reference = rng.normal(0, rng.choice([0.5, 2]), (2, pictures, sentences))
    drawn, rewards = rng.integers(0, sentences, (pictures, samples)), rng.normal(0, 2, (pictures, samples))
    beta = float(rng.choice([0, 0.3, 1, 2]))
    return {"logits": logits, "reference": reference, "samples": drawn, "rewards": rewards, "beta": beta}


@valid("ps06-2", TEN)
def questions_and_cells(rng):
    n, length, cells, d, k, m = (int(size) for size in rng.integers(1, 6, 6))
    ids = rng.integers(1, 9, (n, length)) * (np.arange(length) < rng.integers(1, length + 1, n)[:, None])
    shapes = (n, length, d), (n, cells, k), (d, m), (k, m), (k, d)
    words, features, *weights = (rng.normal(0, rng.choice([0.5, 1, 2]), shape) for shape in shapes)
    return {"words": words, "ids": ids, "cells": features, "weights": weights}


@valid("ps06-3", TEN)
def texts(rng):
    count, length, vocabulary = int(rng.integers(1, 5)), int(rng.integers(1, 6)), int(rng.integers(4, 8))
    answers = np.zeros((count, length + 1), int)
    answers[:, 0] = 1
    for row in answers:
        words = int(rng.integers(0, length))
        row[1 : words + 1] = rng.integers(3, vocabulary, words)
        row[words + 1] = 2
    return {"logits": rng.normal(0, 2, (count, length, vocabulary)), "answers": answers}


@valid("ps06-4", [(pictures,) for pictures in range(2, 10)])
def predictions(rng, pictures):
    questions = int(rng.integers(1, 12))
    predicted, answers = rng.integers(0, 3, (questions, pictures)), rng.integers(0, 3, questions)
    return {"predicted": predicted, "picture_of": rng.integers(0, pictures, questions), "answers": answers}


@valid("ps06-5", TEN)
def attention(rng):
    n, heads, tokens, words, rows, columns = (int(size) for size in rng.integers(1, 5, 6))
    to_words = rng.dirichlet(np.full(words, 0.5), (n, heads, tokens))
    to_cells = rng.dirichlet(np.full(rows * columns, 0.5), (n, heads, words))
    return {"to_words": to_words, "to_cells": to_cells, "columns": columns}


@valid("ps07-2", TEN * 2)
def annotated_frames(rng):
    n, annotators, roles = (int(size) for size in rng.integers(1, 6, 3))
    true = rng.integers(0, 3, (n, annotators, roles))
    lacking = rng.random((n, roles)) < rng.choice([0, 0.4])
    lacking[np.arange(n), rng.integers(0, roles, n)] = False
    true[np.broadcast_to(lacking[:, None], true.shape)] = -1
    nouns, verbs = rng.integers(0, 3, (n, roles)), rng.integers(0, 2, n)
    return {"verbs": verbs, "nouns": nouns, "true_verbs": rng.integers(0, 2, n), "true_nouns": true}


@valid("ps07-3", TEN)
def logits_of_frames(rng):
    n, verbs, roles, nouns = (int(size) for size in rng.integers(1, 6, 4))
    has_role = rng.random((verbs, roles)) < 0.5
    has_role[np.arange(verbs), rng.integers(0, roles, verbs)] = True
    return {
        "verb_logits": rng.normal(0, 2, (n, verbs)),
        "noun_logits": rng.normal(0, 2, (n, roles, nouns)),
        "verbs": rng.integers(0, verbs, n),
        "nouns": rng.integers(0, nouns, (n, roles)),
        "has_role": has_role,
    }


@valid("ps07-4", TEN)
def decisions(rng):
    n, *sizes = (int(size) for size in rng.integers(1, 6, 4))
    shapes = (n, *sizes[:1]), (n, *sizes[:2]), (n, *sizes)
    logs = [np.log(rng.dirichlet(np.ones(shape[-1]), shape[:-1]) + 1e-9) for shape in shapes]
    return dict(zip(("verb_logs", "agent_logs", "place_logs"), logs, strict=True))


@valid("ps07-5", TEN)
def frames_of_scenes(rng):
    scenes, slots, count = (int(size) for size in rng.integers(1, 6, 3))
    sizes = [int(size) for size in rng.integers(1, 5, slots)]
    frames = np.stack([rng.integers(-1, size, count) for size in sizes], axis=1)
    return {"frames": frames, "scene_of": rng.integers(0, scenes, count), "scenes": scenes, "sizes": sizes}


@valid("ps08-2", TEN)
def texts_and_pictures(rng):
    texts, pictures, regions, numbers = rng.integers(1, 6, 4)
    shapes = {"texts": (texts, numbers), "pictures": (pictures, regions, numbers)}
    shapes |= {"text_weights": numbers, "image_weights": numbers}
    return {name: rng.normal(0, rng.choice([0.5, 2]), shape) for name, shape in shapes.items()}


@valid("ps08-5", TEN)
def gains(rng):
    seeds = int(rng.integers(2, 10))
    text_only = rng.uniform(20, 80, seeds)
    fused = text_only + rng.normal(rng.choice([-8, 0, 8]), rng.choice([1, 5]), seeds)
    return {"fused": fused, "text_only": text_only, "factor": float(rng.uniform(1.9, 13))}


@valid("ps08-6", TEN)
def batches(rng):
    pictures, sentences = rng.normal(0, 2, (2, *rng.integers(1, 6, 2)))
    return {"pictures": pictures, "sentences": sentences, "scale": float(rng.choice([0.5, 1, 3, 10]))}


@valid("ps08-3", TEN)
def sums(rng):
    return {"table": rng.normal(rng.choice([-2, 0, 2]), 2, rng.integers(1, 6, 2))}
