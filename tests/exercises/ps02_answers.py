"""Answers to problem set 2, as students write them."""

from collections import Counter
from fractions import Fraction

import numpy as np
from answers import BARELY_WRONG, RIGHT, WRONG, values, vary
from pycocotools import mask as coco
from sklearn.metrics import jaccard_score

values(
    "ps02-1",
    right=[30 / 98, 0.31, 0.306, np.float32(0.306)],
    wrong={"of-one-box": 0.47, "box-around": 0.27, "inclusive": 0.35, "wrong-type": "0.31", "other": 0.9},
)


def both_positive(wide, high):
    return max(0, wide) * max(0, high)


def twice(found, true, common):
    return found + true


def giou(box, true_box, *, more=0, area=both_positive, of=lambda found, true, common: found + true - common, less=None):
    """`less` has what is subtracted from IoU, of hull and union."""
    wide, high = (min(box[i + 2], true_box[i + 2]) - max(box[i], true_box[i]) + more for i in (0, 1))
    sizes = [(right - left + more) * (bottom - top + more) for left, top, right, bottom in (box, true_box)]
    hull = [max(box[i + 2], true_box[i + 2]) - min(box[i], true_box[i]) + more for i in (0, 1)]
    common, hull = area(wide, high), hull[0] * hull[1]
    union = of(*sizes, common)
    return common / union - (less(hull, union) if less else 1 - union / hull)


def with_corners(boxes):
    return [(left, top, left + width, top + height) for left, top, width, height in boxes]


def by_two_loops(found, truth, **options):
    return [[giou(box, true_box, **options) for true_box in with_corners(truth)] for box in found]


def with_pycocotools(found, truth):
    boxes = np.concatenate([found[:, :2], found[:, 2:] - found[:, :2]], axis=1)
    plain = np.asarray(coco.iou(boxes, truth, [0] * len(truth)))
    areas = boxes[:, 2:].prod(axis=1)[:, None] + truth[:, 2:].prod(axis=1)
    right_bottom = np.maximum(found[:, None, 2:], truth[:, :2] + truth[:, 2:])
    hulls = (right_bottom - np.minimum(found[:, None, :2], truth[:, :2])).prod(axis=-1)
    return plain - 1 + areas / (1 + plain) / hulls  # IoU = common / union, so union = areas / (1 + IoU)


def in_exact_numbers(found, truth):
    return [[giou(map_to(Fraction, box), map_to(Fraction, true)) for true in with_corners(truth)] for box in found]


def map_to(kind, box):
    return [kind(float(number)) for number in box]


def converts_in_place(found, truth):
    truth[:, 2:] += truth[:, :2]
    return np.array([[giou(box, true_box) for true_box in truth] for box in found])


def with_another_hull(found, truth):
    """The common part in place of the union."""
    plain = np.array(by_two_loops(found, truth, less=lambda hull, union: 0))
    union_of_hull = 1 - (plain - by_two_loops(found, truth))
    return plain - 1 + plain * union_of_hull


RIGHT["ps02-2"] = [by_two_loops, with_pycocotools, in_exact_numbers]
WRONG["ps02-2"] = {
    "unclamped": vary(by_two_loops, area=float.__mul__),
    "clamped-late": vary(by_two_loops, area=lambda wide, high: max(0, wide * high)),
    "inclusive": vary(by_two_loops, more=1),
    "changed-input": converts_in_place,
    "two-forms": lambda found, truth: [[giou(box, true_box) for true_box in truth] for box in found],
    "counted-twice": vary(by_two_loops, of=twice),
    "plain": vary(by_two_loops, less=lambda hull, union: 0),
    "added": vary(by_two_loops, less=lambda hull, union: union / hull - 1),
    "area-not-share": vary(by_two_loops, less=lambda hull, union: hull - union),
    "share-of-the-union": vary(by_two_loops, less=lambda hull, union: hull / union - 1),
    "hull-without-common": with_another_hull,
    "turned": lambda **case: np.transpose(by_two_loops(**case)),
    "wrong-shape": lambda **case: np.ravel(by_two_loops(**case)),
    "other": lambda **case: np.round(by_two_loops(**case), 2),
}


def kind_by_kind(table, scores, kinds, overlap):
    kept = []
    for kind in np.unique(kinds):
        order = [one for one in np.argsort(scores)[::-1] if kinds[one] == kind]
        while order:
            kept.append(order[0])
            order = [one for one in order[1:] if not table[order[0], one] > overlap]
    return np.array(sorted(kept, key=lambda one: -scores[one]))


def with_flags(table, scores, kinds, overlap):
    alive, kept = np.ones(len(scores), bool), []
    while alive.any():
        kept.append(np.where(alive, scores, -np.inf).argmax())
        alive &= (kinds != kinds[kept[-1]]) | (table[kept[-1]] <= overlap)
        alive[kept[-1]] = False
    return kept


def greedy(
    table,
    scores,
    kinds,
    overlap,
    *,
    order=lambda scores: np.argsort(-scores),
    same=int.__eq__,
    held_to=lambda kept, before: kept,
):
    kept, before = [], []
    for box in order(scores):
        rivals = held_to(kept, before)
        if not any(same(int(kinds[rival]), int(kinds[box])) and table[rival, box] > overlap for rival in rivals):
            kept.append(int(box))
        before.append(box)
    return kept


RIGHT["ps02-3"] = [kind_by_kind, with_flags, greedy]
BARELY_WRONG["ps02-3"] = {
    "in descending kinds only": vary(greedy, same=int.__ge__),
    "a number for one": lambda **case: kept if len(kept := greedy(**case)) > 1 else kept[0],
}
WRONG["ps02-3"] = {
    "dropped-too": vary(greedy, held_to=lambda kept, before: before),
    "against-the-best": vary(greedy, held_to=lambda kept, before: before[:1]),
    "against-the-last": vary(greedy, held_to=lambda kept, before: kept[-1:]),
    "at-the-edge": vary(greedy, overlap=lambda overlap: np.nextafter(overlap, 0)),
    "worst-first": vary(greedy, order=np.argsort),
    "unsorted": vary(greedy, order=lambda scores: range(len(scores))),
    "across-kinds": vary(greedy, same=lambda *_: True),
    "by-place": lambda **case: sorted(greedy(**case)),
    "wrong-type": lambda **case: f"{len(greedy(**case))} boxes",
}


def as_in_the_lesson(scores, right, objects):
    right = right[np.argsort(-scores, kind="stable")]
    recall = np.cumsum(right) / objects
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    reached = np.searchsorted(recall, np.linspace(0, 1, 101))
    return np.append(precision, 0)[np.minimum(reached, len(precision))].mean()


def points(scores, right):
    """(hits so far, precision) after each answer, surest first."""
    hits, found = 0, []
    for number, (_, hit) in enumerate(sorted(zip(scores, right, strict=True), reverse=True), start=1):
        hits += bool(hit)
        found.append((hits, hits / number))
    return found


def by_loops_in_plain_python(scores, right, objects, *, steps=100, best=max, beyond=0, reaches=float.__ge__):
    found, levels = points(scores, right), np.linspace(0, 1, steps + 1).tolist()
    reached = [[p for hits, p in found if reaches(hits / objects, level)] for level in levels]
    each = [best(precisions) if precisions else beyond for precisions in reached]
    return sum(p for p in each if p is not None) / sum(p is not None for p in each)


def in_whole_hundredths(scores, right, objects):
    best, total, found = 0, 0, points(scores, right)[::-1]
    for level in range(100, -1, -1):
        while found and 100 * found[0][0] >= level * objects:
            best = max(best, found.pop(0)[1])
        total += best
    return total / 101


def precision_at_each_hit(scores, right, objects):
    before = [0, *(hits for hits, _ in points(scores, right))]
    return sum(p for last, (hits, p) in zip(before, points(scores, right), strict=False) if hits > last) / objects


def sorts_in_place(scores, right, objects):
    order = np.argsort(-scores)
    right[:], scores[:] = right[order], scores[order]
    return as_in_the_lesson(scores, right, objects)


RIGHT["ps02-4"] = [as_in_the_lesson, by_loops_in_plain_python, in_whole_hundredths]
BARELY_WRONG["ps02-4"] = {"higher recalls only": vary(by_loops_in_plain_python, reaches=float.__gt__)}
WRONG["ps02-4"] = {
    "least-sure-first": vary(by_loops_in_plain_python, scores=np.negative),
    "falls-and-rises": vary(by_loops_in_plain_python, best=lambda precisions: precisions[0]),
    "reached-only": vary(by_loops_in_plain_python, beyond=None),
    "unsorted": lambda scores, **c: by_loops_in_plain_python(-np.arange(len(scores)), **c),
    "of-the-found": lambda right, **c: by_loops_in_plain_python(
        right=right, **c | {"objects": np.count_nonzero(right)}
    ),
    "at-the-hits": precision_at_each_hit,
    "one-hundred-points": vary(by_loops_in_plain_python, steps=99),
    "changed-input": sorts_in_place,
}


def by_sets(predicted, truth, classes):
    shares, known = [], set(zip(*np.where(truth >= 0), strict=True))
    for number in range(classes):
        are, called = ({place for place in known if table[place] == number} for table in (truth, predicted))
        if are or called:
            shares.append(len(are & called) / len(are | called))
    return sum(shares) / len(shares)


def by_a_library_of_metrics(predicted, truth, classes):
    known = truth != -1
    there = np.union1d(predicted[known], truth[known])
    return jaccard_score(truth[known], predicted[known], labels=there, average="macro")


def by_counters(predicted, truth, classes):
    pairs = Counter((one, other) for one, other in zip(predicted.flat, truth.flat, strict=True) if other >= 0)
    shares = []
    for k in range(classes):
        either = sum(count for pair, count in pairs.items() if k in pair)
        shares += [pairs[k, k] / either] if either else []
    return np.float32(np.mean(shares))


def shares_of(predicted, truth, classes, *, absent=np.nan, of=lambda predicted, true, either: either, known=-1):
    """The IoU of each class, of pixels whose truth is not this number."""
    predicted, truth = predicted[truth != known], truth[truth != known]
    areas = [
        [np.sum(predicted == k), np.sum(truth == k), np.sum((predicted == k) | (truth == k))] for k in range(classes)
    ]
    hits = [np.sum((predicted == k) & (truth == k)) for k in range(classes)]
    return np.array([hit / of(*area) if area[2] else absent for hit, area in zip(hits, areas, strict=True)])


def mean_of(classes_of):
    """The mean over those classes that are among some pixels only."""

    def mean(predicted, truth, classes):
        return np.mean(shares_of(predicted, truth, classes, absent=0)[np.unique(classes_of(predicted, truth))])

    return mean


RIGHT["ps02-5"] = [by_sets, by_a_library_of_metrics, by_counters]
BARELY_WRONG["ps02-5"] = {
    "up to the highest that is true": lambda predicted, truth, classes: by_sets(predicted, truth, truth.max() + 1),
    "classes that are predicted": mean_of(lambda predicted, truth: predicted[truth >= 0]),
    "classes predicted where the truth is open": mean_of(
        lambda predicted, truth: np.append(predicted, truth[truth >= 0])
    ),
}
WRONG["ps02-5"] = {
    "only-predicted": mean_of(lambda predicted, truth: truth[truth >= 0]),
    "accuracy": lambda predicted, truth, classes: np.mean((predicted == truth)[truth >= 0]),
    "counted-twice": lambda **case: np.nanmean(shares_of(**case, of=lambda predicted, true, either: predicted + true)),
    "of-the-truth": lambda **case: np.nanmean(shares_of(**case, of=lambda predicted, true, either: true)),
    "unknown-counted": lambda **case: np.nanmean(shares_of(**case, known=None)),
    "absent-is-nought": lambda **case: np.mean(shares_of(**case, absent=0)),
    "absent-is-one": lambda **case: np.mean(shares_of(**case, absent=1)),
    "picture-by-picture": lambda predicted, truth, classes: np.mean(
        [by_sets(*pair, classes) for pair in zip(predicted, truth, strict=True)]
    ),
    "no-background": lambda **case: np.nanmean(shares_of(**case)[1:]),
    "not-finite": lambda **case: np.mean(shares_of(**case)),
}


def convolutional(*, side=20, head=None, width=12):
    from keras import Sequential, layers

    convolutions = [layers.Conv2D(width * by, 3, padding="same", activation="relu", strides=by) for by in (1, 2, 2)]
    head = head or [layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(4)]
    return Sequential([*convolutions, *head, layers.Rescaling(side)])


def by_rows_and_columns():
    """What is brightest in each column and in each row decides."""
    from keras import Input, Model, layers, ops

    x = pictures = Input((20, 20, 1))
    for dilation in (1, 2, 3):
        x = layers.Conv2D(16, 3, padding="same", activation="relu", dilation_rate=dilation)(x)
    x = layers.Concatenate()([layers.Flatten()(ops.max(x, axis=axis)) for axis in (1, 2)])
    return Model(pictures, layers.Rescaling(20)(layers.Dense(4)(layers.Dense(64, activation="relu")(x))))


def trains(build=convolutional, *, loss="mae", rate=0.004, epochs=15, change=lambda boxes: boxes, **options):
    """A function that trains a network to give what `change` makes of the boxes."""

    def train_detector(pictures, boxes):
        from keras import optimizers

        network = build(**options)
        decay = optimizers.schedules.CosineDecay(rate, epochs * len(pictures) // 32)
        network.compile(optimizers.Adam(decay), loss)
        network.fit(pictures, change(boxes), epochs=epochs, verbose=0)
        return network

    return train_detector


def nearest_picture(pictures, boxes):
    def predict(asked):
        return np.array([boxes[np.square(pictures - one).sum(axis=(1, 2, 3)).argmin()] for one in asked])

    return predict


def average_box(pictures, boxes):
    return lambda asked: np.tile(boxes.mean(axis=0), (len(asked), 1))


def in_rows_and_columns(boxes):
    return boxes[:, [1, 0, 3, 2]]


def with_sizes(boxes):
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


RIGHT["ps02-6"] = [
    trains(by_rows_and_columns, epochs=12),
    trains(width=16, loss="huber"),
    trains(epochs=25, rate=0.003),
]
WRONG["ps02-6"] = {
    "corner-and-size": trains(width=16, change=with_sizes),
    "shares": trains(width=16, side=1, change=lambda boxes: boxes / 20),
    "rows-first": trains(width=16, change=in_rows_and_columns),
    "one-box": average_box,
    "by-heart": nearest_picture,
    "other": trains(epochs=3),
    "wrong-shape": lambda pictures, boxes: lambda asked: average_box(pictures, boxes)(asked)[:, :2],
}
