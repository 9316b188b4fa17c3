"""Answers to problem set 2, as students write them."""

from collections import Counter
from fractions import Fraction

import numpy as np
from answers import barely_wrong, right, values, wrong
from pycocotools import mask as coco
from sklearn.metrics import jaccard_score

values(
    "ps02-1",
    right={"in full": 30 / 98, "two decimals": 0.31, "three": 0.306, "NumPy's": np.float32(0.306)},
    wrong={
        "of-one-box": 0.47,
        "counted-twice": 0.23,
        "right-only": 0.6,
        "down-only": 0.4545,
        "box-around": 0.27,
        "losses-added": 0.375,
        "inclusive": 0.35,
        "not-divided": 30,
        "wrong-type": "0.31",
        "other": 0.9,
    },
)


def iou(one, other):
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(0, width) * max(0, height)
    return both / ((one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - both)


def with_corners(boxes):
    return [(left, top, left + width, top + height) for left, top, width, height in boxes]


@right("ps02-2")
def by_two_loops(found, truth):
    return [[iou(one, other) for other in with_corners(truth)] for one in found]


@right("ps02-2")
def by_pycocotools(found, truth):
    found = np.concatenate([found[:, :2], found[:, 2:] - found[:, :2]], axis=1)
    return np.asarray(coco.iou(found, truth, [0] * len(truth)))


@right("ps02-2")
def row_by_row(found, truth):
    end, areas = truth[:, :2] + truth[:, 2:], truth[:, 2] * truth[:, 3]
    table = np.zeros((len(found), len(truth)))
    for row, box in zip(table, found, strict=True):
        common = np.minimum(end, box[2:]) - np.maximum(truth[:, :2], box[:2])
        both = np.where((common > 0).all(axis=1), common[:, 0] * common[:, 1], 0)
        row[:] = both / ((box[2] - box[0]) * (box[3] - box[1]) + areas - both)
    return table


@right("ps02-2")
def in_exact_numbers(found, truth):
    def shared(begin, end, other, length):
        return max(Fraction(0), min(Fraction(end), Fraction(other) + Fraction(length)) - Fraction(max(begin, other)))

    table = []
    for a, b, c, d in found.tolist():
        both = [shared(a, c, e, g) * shared(b, d, f, h) for e, f, g, h in truth.tolist()]
        areas = [Fraction(c - a) * Fraction(d - b) + Fraction(g) * Fraction(h) for _, _, g, h in truth.tolist()]
        table.append([one / (area - one) for one, area in zip(both, areas, strict=True)])
    return table


@wrong("ps02-2", "two-forms")
def as_they_are(found, truth):
    return np.array([[iou(one, other) for other in truth] for one in found])


@wrong("ps02-2", "unclamped")
def without_max(found, truth):
    table = np.zeros((len(found), len(truth)))
    for i, (a, b, c, d) in enumerate(found):
        for j, (e, f, g, h) in enumerate(with_corners(truth)):
            both = (min(c, g) - max(a, e)) * (min(d, h) - max(b, f))
            table[i, j] = both / ((c - a) * (d - b) + (g - e) * (h - f) - both)
    return table


@wrong("ps02-2", "clamped-late")
def max_of_the_product(found, truth):
    table = np.zeros((len(found), len(truth)))
    for i, (a, b, c, d) in enumerate(found):
        for j, (e, f, g, h) in enumerate(with_corners(truth)):
            both = max(0, (min(c, g) - max(a, e)) * (min(d, h) - max(b, f)))
            table[i, j] = both / ((c - a) * (d - b) + (g - e) * (h - f) - both)
    return table


@wrong("ps02-2", "inclusive")
def one_pixel_more(found, truth):
    truth = with_corners(truth)
    table = np.zeros((len(found), len(truth)))
    for i, (a, b, c, d) in enumerate(found):
        for j, (e, f, g, h) in enumerate(truth):
            both = max(0, min(c, g) - max(a, e) + 1) * max(0, min(d, h) - max(b, f) + 1)
            table[i, j] = both / ((c - a + 1) * (d - b + 1) + (g - e + 1) * (h - f + 1) - both)
    return table


def shares(found, truth, of):
    table = np.zeros((len(found), len(truth)))
    for i, (a, b, c, d) in enumerate(found):
        for j, (e, f, g, h) in enumerate(with_corners(truth)):
            both = max(0, min(c, g) - max(a, e)) * max(0, min(d, h) - max(b, f))
            table[i, j] = both / of((c - a) * (d - b), (g - e) * (h - f))
    return table


@wrong("ps02-2", "counted-twice")
def both_counted_twice(found, truth):
    return shares(found, truth, lambda one, other: one + other)


@wrong("ps02-2", "of-the-smaller")
def of_the_smaller_box(found, truth):
    return shares(found, truth, min)


@wrong("ps02-2", "of-the-truth")
def of_the_true_box(found, truth):
    return shares(found, truth, lambda one, other: other)


@wrong("ps02-2", "turned")
def truth_in_rows(found, truth):
    return np.array([[iou(one, other) for one in found] for other in with_corners(truth)])


@wrong("ps02-2", "changed-input")
def converts_in_place(found, truth):
    truth[:, 2:] += truth[:, :2]
    return np.array([[iou(one, other) for other in truth] for one in found])


@wrong("ps02-2", "wrong-shape")
def in_one_row(found, truth):
    return np.array([iou(one, other) for one in found for other in with_corners(truth)])


@wrong("ps02-2", "other")
def rounded(found, truth):
    return np.array([[round(iou(one, other), 2) for other in with_corners(truth)] for one in found])


@right("ps02-3")
def taking_the_best_of_what_is_left(table, scores, kinds, overlap):
    left, kept = list(range(len(scores))), []
    while left:
        best = max(left, key=lambda one: scores[one])
        kept.append(best)
        left = [one for one in left if one != best and (kinds[one] != kinds[best] or table[one, best] <= overlap)]
    return kept


@right("ps02-3")
def kind_by_kind(table, scores, kinds, overlap):
    kept = []
    for kind in np.unique(kinds):
        order = [one for one in np.argsort(scores)[::-1] if kinds[one] == kind]
        while order:
            kept.append(order[0])
            order = [one for one in order[1:] if not table[order[0], one] > overlap]
    return np.array(sorted(kept, key=lambda one: -scores[one]))


@right("ps02-3")
def with_flags(table, scores, kinds, overlap):
    alive = np.ones(len(scores), bool)
    kept = []
    while alive.any():
        best = np.where(alive, scores, -np.inf).argmax()
        kept.append(best)
        alive &= (kinds != kinds[best]) | (table[best] <= overlap)
        alive[best] = False
    return kept


@right("ps02-3")
def by_calling_itself(table, scores, kinds, overlap):
    def rest(order):
        if not order:
            return []
        best, *others = order
        return [best, *rest([one for one in others if kinds[one] != kinds[best] or not table[one][best] > overlap])]

    return tuple(rest(sorted(range(len(scores)), key=scores.__getitem__, reverse=True)))


@wrong("ps02-3", "at-the-edge")
def dropped_if_just_as_much(table, scores, kinds, overlap):
    return greedy(np.argsort(-scores), table, kinds, np.nextafter(overlap, 0))


@barely_wrong("ps02-3")
def in_descending_kinds_only(table, scores, kinds, overlap):
    kept = []
    for one in np.argsort(-scores):
        if not any(kinds[k] >= kinds[one] and table[k, one] > overlap for k in kept):
            kept.append(int(one))
    return kept


@barely_wrong("ps02-3")
def a_number_for_one(table, scores, kinds, overlap):
    kept = greedy(np.argsort(-scores), table, kinds, overlap)
    return kept if len(kept) > 1 else kept[0]


def greedy(order, table, kinds, overlap):
    kept = []
    for one in order:
        if not any(kinds[k] == kinds[one] and table[k, one] > overlap for k in kept):
            kept.append(int(one))
    return kept


@wrong("ps02-3", "worst-first")
def by_argsort_alone(table, scores, kinds, overlap):
    return greedy(np.argsort(scores), table, kinds, overlap)


@wrong("ps02-3", "unsorted")
def as_they_come(table, scores, kinds, overlap):
    return greedy(range(len(scores)), table, kinds, overlap)


@wrong("ps02-3", "across-kinds")
def whatever_the_kind(table, scores, kinds, overlap):
    return greedy(np.argsort(-scores), table, [0] * len(scores), overlap)


@wrong("ps02-3", "dropped-too")
def against_all_before(table, scores, kinds, overlap):
    order, kept = np.argsort(-scores), []
    for i in range(len(order)):
        doubles = [j for j in range(i) if kinds[order[i]] == kinds[order[j]] and table[order[i], order[j]] > overlap]
        if not doubles:
            kept.append(int(order[i]))
    return kept


@wrong("ps02-3", "against-the-best")
def one_round(table, scores, kinds, overlap):
    best = int(np.argmax(scores))
    kept = [k for k in np.argsort(-scores) if kinds[k] != kinds[best] or table[k, best] <= overlap]
    return [best, *map(int, kept)]


@wrong("ps02-3", "against-the-last")
def only_the_last_kept(table, scores, kinds, overlap):
    kept = []
    for one in np.argsort(-scores):
        if not kept or kinds[one] != kinds[kept[-1]] or table[one, kept[-1]] <= overlap:
            kept.append(int(one))
    return kept


@wrong("ps02-3", "places-when-sorted")
def after_sorting_the_arrays(table, scores, kinds, overlap):
    order = np.argsort(-scores)
    return greedy(range(len(order)), table[order][:, order], kinds[order], overlap)


@wrong("ps02-3", "by-place")
def sorted_by_place(table, scores, kinds, overlap):
    return sorted(greedy(np.argsort(-scores), table, kinds, overlap))


@wrong("ps02-3", "wrong-type")
def a_number_of_boxes_in_words(table, scores, kinds, overlap):
    return f"{len(greedy(np.argsort(-scores), table, kinds, overlap))} boxes"


@right("ps02-4")
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


@right("ps02-4")
def by_loops_in_plain_python(scores, right, things):
    found = points(scores, right)
    levels = [number / 100 for number in range(101)]
    return sum(max((p for hits, p in found if hits / things >= level), default=0) for level in levels) / 101


@right("ps02-4")
def by_a_table_of_recalls(scores, right, things):
    hits = np.cumsum(right[np.argsort(scores)[::-1]])
    precision = hits / np.arange(1, len(hits) + 1)
    reached = hits / things >= np.linspace(0, 1, 101)[:, None]
    return np.where(reached, precision, 0).max(axis=1).mean()


@right("ps02-4")
def in_whole_hundredths(scores, right, things):
    best, total, found = 0, 0, points(scores, right)[::-1]
    for level in range(100, -1, -1):
        while found and 100 * found[0][0] >= level * things:
            best = max(best, found.pop(0)[1])
        total += best
    return total / 101


@barely_wrong("ps02-4")
def higher_recalls_only(scores, right, things):
    found = points(scores, right)
    levels = np.linspace(0, 1, 101)
    return np.mean([max((p for hits, p in found if hits / things > level), default=0) for level in levels])


@wrong("ps02-4", "unsorted")
def forgets_to_sort(scores, right, things):
    return by_loops_in_plain_python(-np.arange(len(right)), right, things)


@wrong("ps02-4", "least-sure-first")
def sorts_the_wrong_way(scores, right, things):
    right = right[scores.argsort()]
    return by_loops_in_plain_python(-np.arange(len(right)), right, things)


@wrong("ps02-4", "falls-and-rises")
def first_precision_at_each_recall(scores, right, things):
    found, total = points(scores, right), 0
    for level in np.linspace(0, 1, 101):
        for hits, precision in found:
            if hits / things >= level:
                total += precision
                break
    return total / 101


@wrong("ps02-4", "reached-only")
def mean_where_reached(scores, right, things):
    found = points(scores, right)
    best = [max((p for hits, p in found if hits / things >= level), default=None) for level in np.linspace(0, 1, 101)]
    return np.mean([one for one in best if one is not None])


@wrong("ps02-4", "of-the-found")
def recall_of_what_was_found(scores, right, things):
    return by_loops_in_plain_python(scores, right, np.count_nonzero(right))


@wrong("ps02-4", "at-the-hits")
def precision_at_each_hit(scores, right, things):
    found, before, total = points(scores, right), 0, 0
    for hits, precision in found:
        if hits > before:
            total += precision
        before = hits
    return total / things


@wrong("ps02-4", "eleven-points")
def the_old_custom(scores, right, things):
    found = points(scores, right)
    levels = [number / 10 for number in range(11)]
    return sum(max((p for hits, p in found if hits / things >= level), default=0) for level in levels) / 11


@wrong("ps02-4", "one-hundred-points")
def off_by_one_level(scores, right, things):
    found = points(scores, right)
    levels = np.linspace(0, 1, 100)
    return np.mean([max((p for hits, p in found if hits / things >= level), default=0) for level in levels])


@wrong("ps02-4", "changed-input")
def sorts_in_place(scores, right, things):
    order = np.argsort(-scores)
    right[:] = right[order]
    scores[:] = scores[order]
    return as_in_the_lesson(scores, right, things)


@right("ps02-5")
def by_a_table(said, truth, classes):
    known = truth >= 0
    table = np.bincount(classes * truth[known] + said[known], minlength=classes**2).reshape(classes, classes)
    both = np.diag(table)
    either = table.sum(0) + table.sum(1) - both
    return (both[either > 0] / either[either > 0]).mean()


@right("ps02-5")
def by_sets(said, truth, classes):
    pixels = [(place, value) for place, value in np.ndenumerate(truth) if value >= 0]
    shares = []
    for number in range(classes):
        are = {place for place, value in pixels if value == number}
        called = {place for place, _ in pixels if said[place] == number}
        if are or called:
            shares.append(len(are & called) / len(are | called))
    return sum(shares) / len(shares)


@right("ps02-5")
def by_a_library_of_metrics(said, truth, classes):
    known = truth != -1
    there = np.union1d(said[known], truth[known])
    return jaccard_score(truth[known], said[known], labels=there, average="macro")


@right("ps02-5")
def by_counters(said, truth, classes):
    pairs = Counter((one, other) for one, other in zip(said.flat, truth.flat, strict=True) if other >= 0)
    shares = []
    for k in range(classes):
        either = sum(count for pair, count in pairs.items() if k in pair)
        shares += [pairs[k, k] / either] if either else []
    return np.float32(np.mean(shares))


@wrong("ps02-5", "only-said")
def classes_of_the_truth(said, truth, classes):
    said, truth = of_the_known(said, truth)
    present = np.unique(truth)
    return np.mean([np.sum((said == k) & (truth == k)) / np.sum((said == k) | (truth == k)) for k in present])


@barely_wrong("ps02-5")
def up_to_the_highest_that_is_true(said, truth, classes):
    return by_sets(said, truth, truth.max() + 1)


@barely_wrong("ps02-5")
def classes_that_are_said(said, truth, classes):
    said, truth = of_the_known(said, truth)
    present = np.unique(said)
    return np.mean([np.sum((said == k) & (truth == k)) / np.sum((said == k) | (truth == k)) for k in present])


@barely_wrong("ps02-5")
def classes_said_where_the_truth_is_open(said, truth, classes):
    shares = [shares_of(*of_the_known(said, truth), classes, 0)[k] for k in np.union1d(said, truth[truth >= 0])]
    return np.mean(shares)


def shares_of(said, truth, classes, absent):
    each = []
    for k in range(classes):
        either = np.logical_or(said == k, truth == k).sum()
        each.append(np.logical_and(said == k, truth == k).sum() / either if either else absent)
    return np.array(each, float)


@wrong("ps02-5", "unknown-counted")
def forgets_the_unknown(said, truth, classes):
    return np.nanmean(shares_of(said, truth, classes, np.nan))


def of_the_known(said, truth):
    return said[truth != -1], truth[truth != -1]


@wrong("ps02-5", "absent-is-nought")
def absent_classes_are_0(said, truth, classes):
    return np.mean(shares_of(*of_the_known(said, truth), classes, 0))


@wrong("ps02-5", "absent-is-one")
def absent_classes_are_1(said, truth, classes):
    return np.mean(shares_of(*of_the_known(said, truth), classes, 1))


@wrong("ps02-5", "accuracy")
def right_pixels(said, truth, classes):
    said, truth = of_the_known(said, truth)
    return np.mean(said == truth)


@wrong("ps02-5", "counted-twice")
def sums_for_unions(said, truth, classes):
    said, truth = of_the_known(said, truth)
    each = []
    for k in range(classes):
        total = np.sum(said == k) + np.sum(truth == k)
        if total > 0:
            each.append(np.sum((said == k) & (truth == k)) / total)
    return sum(each) / len(each)


@wrong("ps02-5", "of-the-truth")
def recall_of_each_class(said, truth, classes):
    said, truth = of_the_known(said, truth)
    return np.mean([np.mean(said[truth == k] == k) for k in range(classes) if np.any(truth == k)])


@wrong("ps02-5", "all-at-once")
def of_all_classes_together(said, truth, classes):
    said, truth = of_the_known(said, truth)
    both = sum(np.sum((said == k) & (truth == k)) for k in range(classes))
    either = sum(np.sum((said == k) | (truth == k)) for k in range(classes))
    return both / either


@wrong("ps02-5", "picture-by-picture")
def mean_of_pictures(said, truth, classes):
    return np.mean([by_sets(one, other, classes) for one, other in zip(said, truth, strict=True)])


@wrong("ps02-5", "no-background")
def from_class_1_on(said, truth, classes):
    return np.nanmean(shares_of(*of_the_known(said, truth), classes, np.nan)[1:])


@wrong("ps02-5", "not-finite")
def nothing_by_nothing(said, truth, classes):
    return np.mean(shares_of(*of_the_known(said, truth), classes, np.nan))
