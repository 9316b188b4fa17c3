"""How well boxes are found: mean average precision as COCO measures it, by pycocotools, and errors counted."""

import contextlib
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

OVERLAPS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
SIZES = ("small", "medium", "large")


class AveragePrecision(NamedTuple):
    """How well objects were found, as COCO measures it; 0 to 1, and nan where there was nothing to be found."""

    mean: float  # over the kinds, and over overlaps of 0.5, 0.55, ..., 0.95: COCO's mAP@[.5:.95]
    by_overlap: np.ndarray  # [10]: if a box counts as right from that intersection over union on
    by_kind: np.ndarray  # [kinds]
    by_size: dict[str, float]  # "small", "medium" and "large" objects
    precision: np.ndarray  # [10, 101, kinds]: at each overlap and each recall


def mean_average_precision(
    found: Sequence, boxes: np.ndarray, kinds: np.ndarray, side: int = 64, *, count: int = 10
) -> AveragePrecision:
    """How well objects were found in pictures, by pycocotools.

    Lin et al. 2014, "Microsoft COCO: Common Objects in Context" (arXiv:1405.0312), and its evaluation code. For a curve
    that is whole, what was found must hold unlikely objects too: a score of 0.01 or more is usual.

    Args:
        found: for each picture, something with `boxes` [m, 4], `kinds` int [m] and `scores` [m], as `detector.detect`
            gives it. Of these the best 100 count.
        boxes: [n, objects, 4]: the true left, top, right and bottom, in pixels.
        kinds: int [n, objects]: the true kinds, 0 to count - 1; -1 where there is no object.
        side: of the pictures, in pixels: objects are small if they have less pixels in their box than a square of a
            quarter of it, and large from three eighths of it on.
        count: of kinds.

    Returns:
        The mean over all kinds that there are, and what it is the mean of.

    Raises:
        ValueError: what was found, boxes and kinds are not of the same pictures and objects, or of none.
    """
    boxes, kinds = np.asarray(boxes, np.float64), np.asarray(kinds)
    if kinds.ndim != 2 or boxes.shape != (*kinds.shape, 4):
        raise ValueError(f"boxes {boxes.shape} and kinds {kinds.shape}; accepted: [n, things, 4] and [n, things]")
    if len(found) != len(boxes) or not len(found):
        raise ValueError(
            f"found is of {len(found)} pictures, boxes of {len(boxes)}; accepted: the same for both, and 1 or more"
        )
    from pycocotools.cocoeval import COCOeval

    picture, obj = np.nonzero(kinds >= 0)
    where = np.repeat(np.arange(len(found)), [len(each.scores) for each in found])
    said = (np.concatenate([getattr(each, name) for each in found]) for name in ("boxes", "kinds", "scores"))
    small, large = (side / 4) ** 2, (side * 3 / 8) ** 2
    with contextlib.redirect_stdout(io.StringIO()):  # it reports its progress
        truth = _coco(picture, boxes[picture, obj], kinds[picture, obj], np.ones(len(picture)))
        evaluation = COCOeval(truth, _coco(where, *said), "bbox")
        evaluation.params.imgIds, evaluation.params.catIds = list(range(len(found))), list(range(count))
        evaluation.params.areaRngLbl = ["all", *SIZES]
        # An object is of a size if its area is within both ends of it.
        below_small, below_large = np.nextafter((small, large), 0)
        evaluation.params.areaRng = [[0, np.inf], [0, below_small], [small, below_large], [large, np.inf]]
        evaluation.evaluate()
        evaluation.accumulate()
    # (overlaps, recalls, kinds, sizes), of the best 100 in a picture; -1 where there is nothing to be found
    precision = evaluation.eval["precision"][..., -1]
    precision = np.where(precision < 0, np.nan, precision)
    of_any_size = precision[..., 0]
    return AveragePrecision(
        mean=_mean(of_any_size),
        by_overlap=np.array([_mean(each) for each in of_any_size]),
        by_kind=np.array([_mean(of_any_size[..., kind]) for kind in range(count)]),
        by_size={size: _mean(precision[..., index]) for index, size in enumerate(SIZES, start=1)},
        precision=of_any_size,
    )


class Errors(NamedTuple):
    """What is wrong about what was found in a picture."""

    missed: int  # objects that are there and were not found
    invented: int  # found, and not there: nothing of this kind, or found already, or in another place


def count_errors(found, boxes: np.ndarray, kinds: np.ndarray, overlap: float = 0.5) -> Errors:
    """Count what was missed in a picture, and what was invented, as COCO pairs what was found with what is there.

    Args:
        found: something with `boxes` [m, 4] and `kinds` int [m], surest first, as `detector.detect` gives it.
        boxes: [objects, 4]: the true left, top, right and bottom, in pixels.
        kinds: int [objects]: the true kinds.
        overlap: the intersection over union, 0 to 1, from which a box is right.

    Returns:
        Both numbers.
    """
    from pycocotools import mask

    # Left, top, width, height; in one piece, which pycocotools takes for granted.
    said, true = (
        np.ascontiguousarray(np.concatenate([each[:, :2], each[:, 2:] - each[:, :2]], axis=1), np.float64)
        for each in (np.asarray(found.boxes).reshape(-1, 4), np.asarray(boxes).reshape(-1, 4))
    )
    overlaps = np.array(mask.iou(said, true, [False] * len(true))).reshape(len(said), len(true))
    free = set(range(len(true)))
    for row, kind in zip(overlaps, found.kinds, strict=True):
        fitting = [obj for obj in free if kinds[obj] == kind and row[obj] >= overlap]
        free -= {max(fitting, key=row.__getitem__)} if fitting else set()
    hits = len(true) - len(free)
    return Errors(missed=len(free), invented=len(said) - hits)


def _coco(where: np.ndarray, boxes: np.ndarray, kinds: np.ndarray, scores: np.ndarray):
    """Boxes [m, 4] of kinds [m] in pictures [m], as pycocotools wants them."""
    from pycocotools.coco import COCO

    sides = boxes[:, 2:] - boxes[:, :2]
    columns = {
        "image_id": where,
        "category_id": kinds,
        "bbox": np.concatenate([boxes[:, :2], sides], axis=1, dtype=np.float64),
        "area": sides.prod(axis=1, dtype=np.float64),
        "score": scores,
    }
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    coco = COCO()
    coco.dataset = {
        "categories": [],  # which there are, as which pictures, is said of both at once
        "annotations": [
            {"id": index, "iscrowd": 0, **dict(zip(columns, row, strict=True))} for index, row in enumerate(rows, 1)
        ],
    }
    coco.createIndex()
    return coco


def _mean(values: np.ndarray) -> float:
    """The mean of those that are not nan; nan if there are none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
