"""Problem set 2, on lesson 02: detection and segmentation."""

import numpy as np

from vistext.exercises.exercise import exercise

LESSON = "02_detection.ipynb#"


def _corners(boxes):
    """Left, top, width, height → left, top, right, bottom."""
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def _positive(width, height):
    return np.maximum(width, 0) * np.maximum(height, 0)


def _union(areas, common):
    return areas[0] + areas[1] - common


def _empty_share(hull, union, common):
    return (hull - union) / hull


def _giou(found, truth, *, more=0, area=_positive, of=_union, penalty=_empty_share):
    """Of each box with each, both as corners: IoU, less the share of the hull that neither covers."""
    boxes = found[:, None], truth[None]
    starts, ends = np.maximum(*(box[..., :2] for box in boxes)), np.minimum(*(box[..., 2:] for box in boxes))
    common = area(*np.moveaxis(ends - starts + more, -1, 0))  # widths and heights are below 0 where boxes are apart
    areas = [(box[..., 2] - box[..., 0] + more) * (box[..., 3] - box[..., 1] + more) for box in boxes]
    union = of(areas, common)
    corners = np.minimum(*(box[..., :2] for box in boxes)), np.maximum(*(box[..., 2:] for box in boxes))
    return common / union - penalty(np.prod(corners[1] - corners[0] + more, axis=-1), union, common)


def _no_penalty(hull, union, common):
    return 0


def generalized_iou(found, truth, **options):
    return _giou(found, _corners(truth), **options)


def _pairs_of_boxes(rng):
    cases = []
    for n, m in ((3, 2), (2, 4), (1, 3), (4, 1)):
        corners = np.sort(rng.choice(20, (n + m, 2, 2), replace=True), axis=1)
        corners[:, 1] += rng.integers(1, 9, (n + m, 2))
        boxes = corners.reshape(-1, 4).astype(float)  # left, top, right, bottom
        boxes[0], boxes[n] = (0, 0, 6, 7), (9 + int(rng.integers(9)), 12, 30, 31)  # apart both ways
        boxes[n - 1 if n > 1 else -1] = (8, 11, 31, 30) if n > 1 else (1, 2, 9, 7)  # and these are not
        truth = boxes[n:].copy()
        truth[:, 2:] -= truth[:, :2]
        cases.append({"found": boxes[:n], "truth": truth})
    # And boxes far from the diagonal, to the left of 0, not at whole numbers, two of them the same: some overlap in a
    # corner, one by half a pixel; others only touch, or lie apart in one direction, by half a pixel or by more.
    place = np.array([-int(rng.integers(20, 30)) - 0.25, int(rng.integers(3, 9)) + 0.5] * 2)
    found = np.array([[0, 0, 8, 6], [3, -2, 12, 3], [0, 0, 8, 6]]) + place
    corner, above = [2, 1, 9, 8], [-3, -1, 7, 4]
    truth = np.array([corner, above, corner, [7.5, 5.5, 2, 4], [8, 0, 2, 6], [8.5, 0, 2, 6], [1, 20, 6, 5]])
    truth[:, :2] += place[:2]
    return [*cases, {"found": found, "truth": truth}]


def suppress(table, scores, kinds, overlap, *, order=lambda scores: np.argsort(-scores), against=None):
    """The boxes that are kept; `against` says which of those kept, and of those looked at before, a box is held to."""
    kept: list[int] = []
    before: list[int] = []
    for box in order(scores).tolist():
        rivals = against(kept, before) if against else kept
        if all(kinds[box] != kinds[rival] or table[box, rival] <= overlap for rival in rivals):
            kept.append(box)
        before.append(box)
    return kept


def _crowds(rng):
    cases = [{"table": np.ones((1, 1)), "scores": rng.random(1), "kinds": rng.integers(0, 9, 1), "overlap": 0.5}]
    for number in range(5):
        # A row of boxes, each of which overlaps the next but not the one after; doubles of them, some of another kind;
        # two that overlap by just as much as they may; one by itself; and a double of the best.
        left = 4.0 * np.arange(4) + rng.uniform(0, 0.5, 4)
        row = np.stack([left, np.full(4, 5.0), left + 10, np.full(4, 15.0)], axis=1)
        doubles = row[[0, 3]] + rng.uniform(-1, 1, (2, 4))
        begin = 40 + rng.uniform(5, 7)
        pair = [[40.0, 40, 50, 50], [begin, 40, begin + 10, 50]]
        best_double = [begin + 0.5, 40, begin + 10.5, 50]
        boxes = np.concatenate([row, doubles, pair, [[80, 80, 90, 90], best_double]])
        scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.55, 0.4, 0.95, (0.2, 0.65)[number % 2], 0.3]) + rng.uniform(
            0, 0.04, 10
        )
        kind = int(rng.integers(2, 6))
        kinds = kind + np.array([0, 0, 0, 0, (1, -1)[number % 2], 0, 2, 2, 0, 2])
        order, table = rng.permutation(10), _giou(boxes, boxes, penalty=_no_penalty).round(3)
        cases.append({"table": table[order][:, order], "scores": scores[order], "kinds": kinds[order]})
        cases[-1]["overlap"] = float(table[6, 7])
    return cases


def average_precision(scores, right, objects, *, points=101, envelope=True, unreached=0.0):
    """The mean of the precision at equal steps of recall."""
    right = right[np.argsort(-scores)]
    recall = np.cumsum(right) / objects
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    if envelope:
        precision = np.maximum.accumulate(precision[::-1])[::-1]
    reached = np.searchsorted(recall, np.linspace(0, 1, points))
    return float(np.nanmean(np.append(precision, unreached)[np.minimum(reached, len(right))]))


def _at_the_hits(scores, right, objects):
    right = right[np.argsort(-scores)]
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    return float(precision[right].sum() / objects)


def _some_answers(rng):
    cases = []
    for answers, objects in ((5, 7), (8, 9), (10, 11), (7, 13)):  # no recall is a whole number of hundredths
        right = rng.random(answers) < 0.5
        right[:3], right[-1] = (False, True, True), True  # the surest is wrong, and the least sure is right
        cases.append((right, objects))
    cases[0][0][3] = False
    # And here all of them are, up to 1, and precision falls from each to the next.
    cases.append((np.repeat([False, True, False, True, False, True], [1, 2, int(rng.integers(2, 5)), 1, 3, 1]), 4))
    # In the rest the surest is right: alone, as all are, and by itself.
    cases += [(np.array(right, bool), objects) for right, objects in (([1, 0, 0, 1], 11), ([1, 1, 1], 7), ([1], 3))]
    drawn = []
    for right, objects in cases:
        scores = np.sort(rng.permutation(90)[: len(right)])[::-1] / 100 + 0.02
        order = rng.permutation(len(right))
        drawn.append({"scores": scores[order], "right": right[order], "objects": objects})
    return drawn


def _of_either(hits, predicted, true):
    return hits / (predicted + true - hits)


def mean_iou(
    predicted, truth, classes, *, known=lambda truth: truth >= 0, share=_of_either, first=0, chosen=None, absent=()
):
    """The mean over classes; `absent` stands for each that occurs nowhere, and `chosen` decides which classes count."""
    predicted, truth = predicted[known(truth)], truth[known(truth)]
    counts = [
        (((predicted == k) & (truth == k)).sum(), (predicted == k).sum(), (truth == k).sum())
        for k in range(first, classes)
    ]
    counted = chosen or (lambda hits, predicted, true: predicted + true)
    return float(np.mean([part for count in counts for part in ([share(*count)] if counted(*count) else absent)]))


def _true(hits, predicted, true):
    return true


def _maps(rng):
    cases = []
    for number, (pictures, side, classes) in enumerate(((2, 4, 7), (3, 3, 8), (2, 5, 7), (4, 4, 9))):
        # Besides the background: one only true, one only predicted, one predicted where the truth is open, one nowhere.
        true, wrong, open_, *usual = np.roll(np.arange(1, classes), number)[:-1].tolist()
        truth = rng.choice([0, *usual], (pictures, side, side), p=[0.6, *[0.4 / len(usual)] * len(usual)])
        truth[0, 0, :3], truth[1, 0, :2] = (*usual[:2], true), usual[1]
        predicted = np.where(rng.random(truth.shape) < 0.7, truth, rng.choice([0, *usual], truth.shape))
        predicted[truth == true] = wrong
        truth[:, -1, -1], predicted[:, -1, -1] = -1, open_
        predicted[0, 0, :2] = (usual[0], 0)
        cases.append({"predicted": predicted, "truth": truth, "classes": classes})
    cases[0]["truth"][-1, -1, -1] = cases[0]["predicted"][-1, -1, -1]  # and here it is not
    return cases


SIDE, TRAINED, UNSEEN = 20, 1500, 200  # of a picture, and pictures


def _draw_pictures(rng, count):
    """Pictures of one striped or checkered object each, among plain patches; and its box."""
    y, x = np.mgrid[:SIDE, :SIDE]
    stripes = np.array([(-1.0) ** x, (-1.0) ** y, (-1.0) ** (x + y)])
    pictures, boxes = rng.normal(0.5, 0.06, (count, SIDE, SIDE)), np.zeros((count, 4), int)
    for picture, box in zip(pictures, boxes, strict=True):
        for pattern in (*rng.choice([-0.2, 0.2], (2, 1, 1)) * np.ones((SIDE, SIDE)), None):
            width, height = rng.integers(5, 13, 2)
            left, top = rng.integers(0, SIDE - width + 1), rng.integers(0, SIDE - height + 1)
            place = slice(top, top + height), slice(left, left + width)
            striped = rng.choice([-0.2, 0.2]) * stripes[rng.integers(3)] if pattern is None else pattern
            picture[place] += striped[place]
        box[:] = left, top, left + width, top + height  # of the last, which has the stripes
    return pictures[..., None].round(2).astype(np.float32), boxes


def _pictures(rng):
    """Asked are unseen pictures, and then some of those that it was trained with."""
    (pictures, boxes), (unseen, true) = (_draw_pictures(rng, count) for count in (TRAINED, UNSEEN))
    asked, truth = np.concatenate([unseen, pictures[:100]]), {"boxes": np.concatenate([true, boxes[:100]])}
    return [{"given": {"pictures": pictures, "boxes": boxes}, "asked": asked, "truth": truth}]


def train_detector(pictures, boxes):
    from keras import Sequential, layers, optimizers  # judging needs no TensorFlow

    convolutions = [layers.Conv2D(width, 3, padding="same", activation="relu") for width in (12, 24, 24)]
    network = Sequential(
        [
            *(convolutions[0], layers.MaxPooling2D(), convolutions[1], layers.MaxPooling2D(), convolutions[2]),
            *(layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(4), layers.Rescaling(SIDE)),
        ]
    )
    rate = optimizers.schedules.CosineDecay(0.004, 15 * len(pictures) // 32)
    network.compile(optimizers.Adam(rate), "mae")
    network.fit(pictures, boxes, epochs=15, verbose=0)
    return network


def _of_each(truth, boxes):
    """The IoU of each box with the true one; 0 where it has no area."""
    found, true = np.asarray(boxes, float), truth["boxes"]
    common = _positive(*(np.minimum(found[:, 2:], true[:, 2:]) - np.maximum(found[:, :2], true[:, :2])).T)
    areas = [_positive(*(box[:, 2:] - box[:, :2]).T) for box in (found, true)]
    return common / _union(areas, common)


def _mean_iou_of_boxes(truth, boxes):
    return float(_of_each(truth, boxes)[:UNSEEN].mean())


AGREEMENT = exercise("ps02-1", "Off by a few pixels", points=1).value(
    "agreement",
    30 / 98,
    section=LESSON + "How-well-do-two-boxes-agree?",
    expects="one number from 0 to 1, to two decimals",
    tolerance=0.0039,  # 0.31 will do, and 0.3 is not rounded
    mistakes={
        "of-one-box": (30 / 64, "That is the share of one box that is covered. Union is the area of both."),
        "counted-twice": (30 / 128, "What both cover was counted twice in the area that either covers."),
        "right-only": (48 / 80, "The box has moved down, too."),
        "down-only": (40 / 88, "The box has moved to the right, too."),
        "box-around": (30 / 110, "You divided by the smallest box around both. It has two empty corners."),
        "losses-added": (3 / 8, "Losses to the right and below were added. Areas are products."),
        "inclusive": (42 / 120, "A box from 0 to 8 is 8 pixels wide: right less left."),
        "not-divided": (30, "That is the area that both cover. Which share is it of what either covers?"),
    },
)

GIOU = exercise("ps02-2", "Generalized IoU", points=3).function(
    generalized_iou,
    section=LESSON + "The-loss-of-the-boxes:-generalized-IoU",
    expects="a float array of shape (found, true), numbers above -1, at most 1",
    shown=[
        {
            "found": np.array([[0.0, 0, 10, 10], [2, 3, 6, 9]]),
            "truth": np.array([[5.0, 0, 10, 10], [0, 0, 10, 10], [20, 20, 4, 4]]),
        }
    ],
    draw=_pairs_of_boxes,
    mistakes={
        "two-forms": (_giou, "Found and true boxes are written in two forms. What are the last two numbers?"),
        "plain": ({"penalty": _no_penalty}, "That is IoU itself: 0 for all boxes that are apart, however far."),
        "added": (
            {"penalty": lambda hull, union, common: -(hull - union) / hull},
            "It grows as boxes move apart. The empty share of the hull should count against them.",
        ),
        "area-not-share": (
            {"penalty": lambda hull, union, common: hull - union},
            "Far below -1: the empty part of the hull is an area here. Which share of the hull is it?",
        ),
        "share-of-the-union": (
            {"penalty": lambda hull, union, common: (hull - union) / union},
            "The empty part was divided by the union. It is a share of the hull.",
        ),
        "hull-without-common": (
            {"penalty": lambda hull, union, common: (hull - common) / hull},
            "Only the intersection was taken off the hull. What is covered by one box alone is not empty.",
        ),
        "unclamped": (
            {"area": np.multiply},
            "Boxes that are apart have a common width or height below 0. What is their intersection?",
        ),
        "clamped-late": (
            {"area": lambda width, height: np.maximum(0, width * height)},
            "Boxes that are apart in both directions overlap here: a negative width times a negative height.",
        ),
        "inclusive": ({"more": 1}, "Each box is a pixel too wide. Right and bottom are the first that are outside."),
        "counted-twice": (
            {"of": lambda areas, common: areas[0] + areas[1]},
            "What both cover was counted twice in the union.",
        ),
        "turned": (lambda **case: generalized_iou(**case).T, "Rows are true boxes here. They should be found ones."),
    },
)

SUPPRESS = exercise("ps02-3", "A suppression that drops too much", points=3).function(
    suppress,
    section=LESSON + "Duplicate-detections",
    expects="a list of whole numbers, the places of the boxes that are kept, best first",
    shown=[
        {
            "table": np.array([[1, 0.8, 0, 0.8], [0.8, 1, 0, 0.7], [0, 0, 1, 0], [0.8, 0.7, 0, 1]]),
            "scores": np.array([0.6, 0.9, 0.7, 0.8]),
            "kinds": np.array([3, 3, 3, 5]),
            "overlap": 0.5,
        },
        {
            "table": np.array([[1, 0.43, 0.11], [0.43, 1, 0.43], [0.11, 0.43, 1]]),
            "scores": np.array([0.5, 0.6, 0.9]),
            "kinds": np.array([1, 1, 1]),
            "overlap": 0.3,
        },
    ],
    draw=_crowds,
    mistakes={
        "worst-first": ({"scores": np.negative}, "It begins with the least sure box. np.argsort goes upwards."),
        "unsorted": (
            {"order": lambda scores: np.arange(len(scores))},
            "It looks at the boxes as they come. Which is to be looked at first?",
        ),
        "across-kinds": ({"kinds": np.zeros_like}, "A box was dropped for another kind's. A cat on a mat is no mat."),
        "dropped-too": (
            {"against": lambda kept, before: before},
            "A box that was dropped has made another one drop. Only those that are kept may.",
        ),
        "against-the-best": (
            {"against": lambda kept, _: kept[:1]},
            "Only the best box drops its doubles. Each that is kept does.",
        ),
        "against-the-last": (
            {"against": lambda kept, _: kept[-1:]},
            "Each was compared with the last kept. What of those before?",
        ),
        "at-the-edge": (
            {"overlap": lambda overlap: np.nextafter(overlap, -1)},
            "A box was dropped that overlaps by just as much as it may. By how much must it be?",
        ),
        "by-place": (
            lambda **case: sorted(suppress(**case)),
            "The right boxes, in the order in which they came. Best first is wanted.",
        ),
    },
)

AVERAGE_PRECISION = exercise("ps02-4", "Average precision", points=3).function(
    average_precision,
    section=LESSON + "4.-How-good-is-it?-Average-precision",
    expects="one number from 0 to 1",
    shown=[
        {"scores": np.array([0.9, 0.6, 0.8]), "right": np.array([True, True, False]), "objects": 2},
        {"scores": np.array([0.3, 0.9, 0.5, 0.7]), "right": np.array([True, False, True, True]), "objects": 6},
    ],
    draw=_some_answers,
    mistakes={
        "unsorted": (
            {"scores": lambda scores: -np.arange(len(scores))},
            "The answers were taken as they come. First the surest, then the others.",
        ),
        "least-sure-first": ({"scores": np.negative}, "It begins with the least sure answer. np.argsort goes upwards."),
        "falls-and-rises": (
            {"envelope": False},
            "Precision goes up again as recall grows. At each recall, take the best that it or a higher one allows.",
        ),
        "reached-only": ({"unreached": np.nan}, "The mean leaves out recalls that are not reached: precision is 0."),
        "of-the-found": (
            lambda scores, right, objects: average_precision(scores, right, right.sum()),
            "It reaches recall 1 although objects are missing. Recall is a share of all true objects.",
        ),
        "at-the-hits": (_at_the_hits, "It was added up at each right answer. Here it is a mean at 101 recalls."),
        "one-hundred-points": ({"points": 100}, "From 0 to 1 in steps of 0.01 are 101 recalls, both ends included."),
    },
)

MEAN_IOU = exercise("ps02-5", "Mean IoU, where not all is known", points=4).function(
    mean_iou,
    section=LESSON + "Why-not-simply-count-right-pixels?",
    expects="one number from 0 to 1",
    shown=[
        {
            "predicted": np.array([[[0, 0], [1, 1]], [[0, 1], [2, 0]]]),
            "truth": np.array([[[0, 0], [0, 1]], [[0, 1], [2, -1]]]),
            "classes": 4,
        }
    ],
    draw=_maps,
    mistakes={
        "unknown-counted": ({"known": lambda truth: truth >= -1}, "Pixels of unknown truth count against the network."),
        "absent-is-nought": ({"absent": [0]}, "A class that is nowhere true nor predicted lowers the mean. Skip it."),
        "absent-is-one": ({"absent": [1]}, "A class that is nowhere true nor predicted raises the mean. Skip it."),
        "accuracy": (
            lambda predicted, truth, classes: (predicted == truth)[truth >= 0].mean(),
            "That is the share of pixels that are right. Background alone would make it high.",
        ),
        "counted-twice": (
            {"share": lambda hits, predicted, true: hits / (predicted + true)},
            "Pixels that are both count twice in this union.",
        ),
        "of-the-truth": (
            {"share": lambda hits, predicted, true: hits / true, "chosen": _true},
            "You divided by the true pixels of each class. What was predicted to be it, and is not, must count, too.",
        ),
        "only-predicted": (
            {"chosen": _true},
            "A class that was predicted and is nowhere true was left out. It counts.",
        ),
        "picture-by-picture": (
            lambda predicted, truth, classes: np.mean(
                [mean_iou(*maps, classes) for maps in zip(predicted, truth, strict=True)]
            ),
            "The mean was taken by picture. First count over all pictures.",
        ),
        "no-background": ({"first": 1}, "Background was left out. It is class 0, and one of the classes."),
    },
)

FIND_BOX = exercise("ps02-6", "A detector of your own", points=4).network(
    train_detector,
    score=_mean_iou_of_boxes,
    at_least=0.65,
    measure="the mean IoU with the true boxes, on unseen pictures",
    shape=lambda truth: (len(truth["boxes"]), 4),
    expects="a network that gives boxes of shape (n, 4) in pixels for pictures of shape (n, 20, 20, 1)",
    section=LESSON + "The-network",
    shown=_pictures(np.random.default_rng(4)),
    draw=_pictures,
    mistakes={
        "corner-and-size": (
            lambda truth, outputs: _mean_iou_of_boxes(truth, _corners(outputs)) >= 0.6,
            "The last two numbers are width and height. Right and bottom are asked for, as in training.",
        ),
        "shares": (
            lambda truth, outputs: _mean_iou_of_boxes(truth, SIDE * outputs) >= 0.6,
            "Boxes are given as shares of the picture's side. They are to be in pixels again at the end.",
        ),
        "rows-first": (
            lambda truth, outputs: _mean_iou_of_boxes(truth, outputs[:, [1, 0, 3, 2]]) >= 0.6,
            "Rows and columns are exchanged: left and right are columns.",
        ),
        "one-box": (
            lambda truth, outputs: outputs.std(axis=0).max() < 1,
            "It gives nearly the same box for every picture. Does it depend on the picture, and has it been trained?",
        ),
        "by-heart": (
            lambda truth, outputs: _of_each(truth, outputs)[UNSEEN:].mean() > _mean_iou_of_boxes(truth, outputs) + 0.3,
            "Boxes of training pictures are far better than those of unseen ones: it has learned them by heart.",
        ),
    },
)

QUESTION = exercise("ps02-7", "Counting a crowd", points=2).by_hand(LESSON + "Suppression-that-goes-too-far")

EXERCISES = (AGREEMENT, GIOU, SUPPRESS, AVERAGE_PRECISION, MEAN_IOU, FIND_BOX, QUESTION)
