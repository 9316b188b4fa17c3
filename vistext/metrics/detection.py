"""Detection: mean average precision as COCO measures it, by pycocotools, and counts of errors."""

import contextlib
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

OVERLAPS = np.linspace(0.5, 0.95, 10)
SIZES = ("small", "medium", "large")


class AveragePrecision(NamedTuple):
    """Average precision as COCO measures it; 0 to 1, and nan where there was nothing to be detected."""

    mean: float  # over the kinds, and over overlaps of 0.5, 0.55, ..., 0.95: COCO's mAP@[.5:.95]
    by_overlap: np.ndarray  # [10]: where a box counts as right from that intersection over union on
    by_kind: np.ndarray  # [kinds]
    by_size: dict[str, float]  # "small", "medium" and "large" objects
    precision: np.ndarray  # [10, 101, kinds]: at each overlap and each recall


def mean_average_precision(
    found: Sequence, boxes: np.ndarray, kinds: np.ndarray, side: int = 64, *, count: int = 10
) -> AveragePrecision:
    """Mean average precision, by pycocotools.

    Lin et al. 2014, "Microsoft COCO: Common Objects in Context" (arXiv:1405.0312), and its evaluation code. For a curve
    that is whole, improbable objects must be among those found: a score of 0.01 or more is usual.

    Args:
        found: for each picture, something with `boxes` [m, 4], `kinds` int [m] and `scores` [m], as the detector's
            `detect` gives it. Of these the best 100 count.
        boxes: [n, objects, 4]: the true left, top, right and bottom, in pixels.
        kinds: int [n, objects]: the true kinds, 0 to count - 1; -1 where there is no object.
        side: of the pictures, in pixels: objects are small if they have less pixels in their box than a square of a
            quarter of it, and large from three eighths of it on.
        count: of kinds.

    Returns:
        The mean over all kinds that there are, and what it is the mean of.
    """
    boxes, kinds = np.asarray(boxes, np.float64), np.asarray(kinds)
    if kinds.ndim != 2 or boxes.shape != (*kinds.shape, 4):
        raise ValueError(f"boxes {boxes.shape} and kinds {kinds.shape}; accepted: [n, objects, 4] and [n, objects]")
    if len(found) != len(boxes) or not len(found):
        raise ValueError(
            f"found is of {len(found)} pictures, boxes of {len(boxes)}; accepted: the same for both, and 1 or more"
        )
    from pycocotools.cocoeval import COCOeval

    picture, obj = np.nonzero(kinds >= 0)
    where = np.repeat(np.arange(len(found)), [len(detections.scores) for detections in found])
    columns = [
        np.concatenate([getattr(detections, name) for detections in found]) for name in ("boxes", "kinds", "scores")
    ]
    small, large = (side / 4) ** 2, (side * 3 / 8) ** 2
    with contextlib.redirect_stdout(io.StringIO()):  # it reports its progress
        truth = _coco(picture, boxes[picture, obj], kinds[picture, obj], np.ones(len(picture)))
        evaluation = COCOeval(truth, _coco(where, *columns), "bbox")
        evaluation.params.imgIds, evaluation.params.catIds = list(range(len(found))), list(range(count))
        evaluation.params.areaRngLbl = ["all", *SIZES]
        # An object is of a size if its area is within both ends of it.
        below_small, below_large = np.nextafter((small, large), 0)
        evaluation.params.areaRng = [[0, np.inf], [0, below_small], [small, below_large], [large, np.inf]]
        evaluation.evaluate()
        evaluation.accumulate()
    # (overlaps, recalls, kinds, sizes), of the best 100 in a picture; -1 where there is nothing to be detected
    precision = evaluation.eval["precision"][..., -1]
    precision = np.where(precision < 0, np.nan, precision)
    of_any_size = precision[..., 0]
    return AveragePrecision(
        mean=_mean(of_any_size),
        by_overlap=np.array([_mean(at_overlap) for at_overlap in of_any_size]),
        by_kind=np.array([_mean(of_any_size[..., kind]) for kind in range(count)]),
        by_size={size: _mean(precision[..., index]) for index, size in enumerate(SIZES, start=1)},
        precision=of_any_size,
    )


class Errors(NamedTuple):
    """The errors of a detector in one picture."""

    missed: int  # false negatives: objects that were not detected
    false_positives: int  # detections of another kind, in another place, or of an object detected already


def count_errors(found, boxes: np.ndarray, kinds: np.ndarray, overlap: float = 0.5) -> Errors:
    """Count the objects missed and the false positives of a picture, with detections matched to objects as COCO does.

    Args:
        found: something with `boxes` [m, 4] and `kinds` int [m], surest first, as the detector's `detect` gives it.
        boxes, kinds: [objects, 4] and int [objects]: the true ones; kind -1 is padding, which nobody can miss.
        overlap: the intersection over union, 0 to 1, from which a box is right.
    """
    from pycocotools import mask

    detected, true = _sizes(np.asarray(found.boxes)), _sizes(np.asarray(boxes))
    overlaps = np.array(mask.iou(detected, true, [False] * len(true))).reshape(len(detected), len(true))
    free = set(np.flatnonzero(np.asarray(kinds) >= 0).tolist())
    objects = len(free)
    for row, kind in zip(overlaps, found.kinds, strict=True):
        fitting = [obj for obj in free if kinds[obj] == kind and row[obj] >= overlap]
        free -= {max(fitting, key=row.__getitem__)} if fitting else set()
    hits = objects - len(free)
    return Errors(missed=len(free), false_positives=len(detected) - hits)


def _sizes(boxes: np.ndarray) -> np.ndarray:
    """Left, top, width, height; in one piece, which pycocotools takes for granted."""
    corners = boxes.reshape(-1, 4)
    return np.ascontiguousarray(np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1), np.float64)


def _coco(where: np.ndarray, boxes: np.ndarray, kinds: np.ndarray, scores: np.ndarray):
    from pycocotools.coco import COCO

    sized = _sizes(boxes)
    area = sized[:, 2:].prod(axis=1)
    columns = {"image_id": where, "category_id": kinds, "bbox": sized, "area": area, "score": scores}
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    coco = COCO()
    coco.dataset = {
        "categories": [],  # given in the parameters, as the pictures are
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
