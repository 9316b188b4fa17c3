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


def iou(box, true_box, *, more=0, area=both_positive, of=lambda found, true, common: found + true - common):
    wide, high = (min(box[i + 2], true_box[i + 2]) - max(box[i], true_box[i]) + more for i in (0, 1))
    sizes = [(right - left + more) * (bottom - top + more) for left, top, right, bottom in (box, true_box)]
    return area(wide, high) / of(*sizes, area(wide, high))


def with_corners(boxes):
    return [(left, top, left + width, top + height) for left, top, width, height in boxes]


def by_two_loops(found, truth, **options):
    return [[iou(box, true_box, **options) for true_box in with_corners(truth)] for box in found]


def by_pycocotools(found, truth):
    found = np.concatenate([found[:, :2], found[:, 2:] - found[:, :2]], axis=1)
    return np.asarray(coco.iou(found, truth, [0] * len(truth)))


def in_exact_numbers(found, truth):
    boxes, true_boxes = ([list(map(Fraction, box)) for box in table.tolist()] for table in (found, truth))
    table = [[] for _ in boxes]
    for row, (a, b, c, d) in zip(table, boxes, strict=True):
        for e, f, g, h in true_boxes:
            common = max(0, min(c, e + g) - max(a, e)) * max(0, min(d, f + h) - max(b, f))
            row.append(common / ((c - a) * (d - b) + g * h - common))
    return table


def converts_in_place(found, truth):
    truth[:, 2:] += truth[:, :2]
    return np.array([[iou(box, true_box) for true_box in truth] for box in found])


RIGHT["ps02-2"] = [by_two_loops, by_pycocotools, in_exact_numbers]
WRONG["ps02-2"] = {
    "unclamped": vary(by_two_loops, area=float.__mul__),
    "clamped-late": vary(by_two_loops, area=lambda wide, high: max(0, wide * high)),
    "inclusive": vary(by_two_loops, more=1),
    "changed-input": converts_in_place,
    "two-forms": lambda found, truth: [[iou(box, true_box) for true_box in truth] for box in found],
    "counted-twice": vary(by_two_loops, of=lambda a, b, common: a + b),
    "of-the-smaller": vary(by_two_loops, of=lambda a, b, common: min(a, b)),
    "of-the-truth": vary(by_two_loops, of=lambda a, b, common: b),
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


def after_sorting_the_arrays(table, scores, kinds, overlap):
    order = np.argsort(-scores)
    return greedy(table[order][:, order], -np.arange(len(order)), kinds[order], overlap)


RIGHT["ps02-3"] = [kind_by_kind, with_flags, greedy]
BARELY_WRONG["ps02-3"] = {
    "in descending kinds only": vary(greedy, same=int.__ge__),
    "a number for one": lambda **case: kept if len(kept := greedy(**case)) > 1 else kept[0],
}
WRONG["ps02-3"] = {
    "dropped-too": vary(greedy, held_to=lambda kept, before: before),
    "against-the-best": vary(greedy, held_to=lambda kept, before: before[:1]),
    "against-the-last": vary(greedy, held_to=lambda kept, before: kept[-1:]),
    "places-when-sorted": after_sorting_the_arrays,
    "at-the-edge": vary(greedy, overlap=lambda overlap: np.nextafter(overlap, 0)),
    "worst-first": vary(greedy, order=np.argsort),
    "unsorted": vary(greedy, order=lambda scores: range(len(scores))),
    "across-kinds": vary(greedy, same=lambda *_: True),
    "by-place": lambda **case: sorted(greedy(**case)),
    "wrong-type": lambda **case: f"{len(greedy(**case))} boxes",
}


def as_in_the_lesson(scores, right, things):
    right = right[np.argsort(-scores, kind="stable")]
    recall = np.cumsum(right) / things
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


def by_loops_in_plain_python(scores, right, things, *, steps=100, best=max, beyond=0, reaches=float.__ge__):
    found, levels = points(scores, right), np.linspace(0, 1, steps + 1).tolist()
    reached = [[p for hits, p in found if reaches(hits / things, level)] for level in levels]
    each = [best(precisions) if precisions else beyond for precisions in reached]
    return sum(p for p in each if p is not None) / sum(p is not None for p in each)


def in_whole_hundredths(scores, right, things):
    best, total, found = 0, 0, points(scores, right)[::-1]
    for level in range(100, -1, -1):
        while found and 100 * found[0][0] >= level * things:
            best = max(best, found.pop(0)[1])
        total += best
    return total / 101


def precision_at_each_hit(scores, right, things):
    before = [0, *(hits for hits, _ in points(scores, right))]
    return sum(p for last, (hits, p) in zip(before, points(scores, right), strict=False) if hits > last) / things


def sorts_in_place(scores, right, things):
    order = np.argsort(-scores)
    right[:], scores[:] = right[order], scores[order]
    return as_in_the_lesson(scores, right, things)


RIGHT["ps02-4"] = [as_in_the_lesson, by_loops_in_plain_python, in_whole_hundredths]
BARELY_WRONG["ps02-4"] = {"higher recalls only": vary(by_loops_in_plain_python, reaches=float.__gt__)}
WRONG["ps02-4"] = {
    "least-sure-first": vary(by_loops_in_plain_python, scores=np.negative),
    "falls-and-rises": vary(by_loops_in_plain_python, best=lambda precisions: precisions[0]),
    "reached-only": vary(by_loops_in_plain_python, beyond=None),
    "unsorted": lambda scores, **c: by_loops_in_plain_python(-np.arange(len(scores)), **c),
    "of-the-found": lambda right, **c: by_loops_in_plain_python(right=right, **c | {"things": np.count_nonzero(right)}),
    "at-the-hits": precision_at_each_hit,
    "eleven-points": vary(by_loops_in_plain_python, steps=10),
    "one-hundred-points": vary(by_loops_in_plain_python, steps=99),
    "changed-input": sorts_in_place,
}


def by_sets(said, truth, classes):
    shares, known = [], set(zip(*np.where(truth >= 0), strict=True))
    for number in range(classes):
        are, called = ({place for place in known if table[place] == number} for table in (truth, said))
        if are or called:
            shares.append(len(are & called) / len(are | called))
    return sum(shares) / len(shares)


def by_a_library_of_metrics(said, truth, classes):
    known = truth != -1
    there = np.union1d(said[known], truth[known])
    return jaccard_score(truth[known], said[known], labels=there, average="macro")


def by_counters(said, truth, classes):
    pairs = Counter((one, other) for one, other in zip(said.flat, truth.flat, strict=True) if other >= 0)
    shares = []
    for k in range(classes):
        either = sum(count for pair, count in pairs.items() if k in pair)
        shares += [pairs[k, k] / either] if either else []
    return np.float32(np.mean(shares))


def shares_of(said, truth, classes, *, absent=np.nan, of=lambda said, true, either: either, known=-1):
    """The IoU of each class, of pixels whose truth is not this number."""
    said, truth = said[truth != known], truth[truth != known]
    areas = [[np.sum(said == k), np.sum(truth == k), np.sum((said == k) | (truth == k))] for k in range(classes)]
    hits = [np.sum((said == k) & (truth == k)) for k in range(classes)]
    return np.array([hit / of(*area) if area[2] else absent for hit, area in zip(hits, areas, strict=True)])


def mean_of(classes_of):
    """The mean over those classes that are among some pixels only."""

    def mean(said, truth, classes):
        return np.mean(shares_of(said, truth, classes, absent=0)[np.unique(classes_of(said, truth))])

    return mean


def of_all_classes_together(said, truth, classes):
    said, truth = said[truth != -1], truth[truth != -1]
    return np.sum(said == truth) / sum(np.sum((said == k) | (truth == k)) for k in range(classes))


RIGHT["ps02-5"] = [by_sets, by_a_library_of_metrics, by_counters]
BARELY_WRONG["ps02-5"] = {
    "up to the highest that is true": lambda said, truth, classes: by_sets(said, truth, truth.max() + 1),
    "classes that are said": mean_of(lambda said, truth: said[truth >= 0]),
    "classes said where the truth is open": mean_of(lambda said, truth: np.append(said, truth[truth >= 0])),
}
WRONG["ps02-5"] = {
    "only-said": mean_of(lambda said, truth: truth[truth >= 0]),
    "accuracy": lambda said, truth, classes: np.mean((said == truth)[truth >= 0]),
    "counted-twice": lambda **case: np.nanmean(shares_of(**case, of=lambda said, true, either: said + true)),
    "of-the-truth": lambda **case: np.nanmean(shares_of(**case, of=lambda said, true, either: true)),
    "all-at-once": of_all_classes_together,
    "unknown-counted": lambda **case: np.nanmean(shares_of(**case, known=None)),
    "absent-is-nought": lambda **case: np.mean(shares_of(**case, absent=0)),
    "absent-is-one": lambda **case: np.mean(shares_of(**case, absent=1)),
    "picture-by-picture": lambda said, truth, classes: np.mean(
        [by_sets(*pair, classes) for pair in zip(said, truth, strict=True)]
    ),
    "no-background": lambda **case: np.nanmean(shares_of(**case)[1:]),
    "not-finite": lambda **case: np.mean(shares_of(**case)),
}
