"""How much of a picture shows each thing, measured on the boxes of lesson 02's detector.

A grid of 8 × 8 cells says who does what, but only roughly how large somebody is. The detector's boxes nearly always end
at the right pixel. So each thing that was found on the grid is looked for among the detector's; what stands in front of
it follows from where the two stand, as in any picture of things on a ground.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from vistext.models.detector import Detections
from vistext.scenes.scene import Box, Placed, depth, shown

LEAST = 0.3  # how much two boxes of one thing overlap at least, as intersection over union
DOUBTED = 1.5  # a measure that is off by more than such a factor from what the grid says is not believed


@dataclass(frozen=True)
class Found(Placed):
    """A thing that was found in a picture.

    Args:
        kind: an index into `tables.KINDS`.
        posture, place, box: as of a `scenes.Thing`.
        seen: the share of the picture that shows it, as estimated.
    """

    kind: int
    posture: str
    place: str
    box: Box
    seen: float

    @property
    def furniture(self) -> Box | None:
        try:
            return super().furniture
        except ValueError:  # it would not fit into the picture: the place is not right
            return None


def measure(things: Sequence[Found], detected: Detections, side: int) -> tuple[list[Box], list[float]]:
    """Where things are, and how much of the picture shows each.

    Args:
        things: that were found in a picture.
        detected: what the detector found there.
        side: of the picture, in pixels.

    Returns:
        For each thing its box: the detector's if there is one of its kind that overlaps with it, its own otherwise; and
        the share of the picture that shows it, 0 to 1: what these boxes leave of it, if that is believable.
    """
    theirs = [within(*edges / side) for edges in detected.boxes]
    overlaps = np.array(
        [
            [
                _overlap(thing.box, box) if kind == thing.kind and box else 0.0
                for box, kind in zip(theirs, detected.kinds, strict=True)
            ]
            for thing in things
        ]
    ).reshape(len(things), len(theirs))
    boxes = [thing.box for thing in things]
    for thing, other in zip(*linear_sum_assignment(overlaps, maximize=True), strict=True):
        if overlaps[thing, other] > LEAST:
            boxes[thing] = theirs[other]
    placed = [
        Found(each.kind, each.posture, each.place, box, each.seen) for each, box in zip(things, boxes, strict=True)
    ]
    # Of two that stand in one line, and of all in the sky, the one of which more is seen is in front.
    order = sorted(
        range(len(placed)), key=lambda i: (round(depth(placed[i]) * side), placed[i].seen / placed[i].box.area)
    )
    seen = [thing.seen for thing in things]
    for number, index in enumerate(order):
        share = shown(placed[index], [placed[nearer] for nearer in order[number + 1 :]])
        if seen[index] / DOUBTED < share < seen[index] * DOUBTED:
            seen[index] = share
    return boxes, seen


def within(left: float, top: float, right: float, bottom: float) -> Box | None:
    """What of a box, given by its edges as shares of the picture, lies within the picture; None if nothing does."""
    left, top, right, bottom = (min(1.0, max(0.0, float(edge))) for edge in (left, top, right, bottom))
    if right <= left or bottom <= top:
        return None
    return Box(left, top, min(right - left, 1 - left), min(bottom - top, 1 - top))


def _overlap(box: Box, other: Box) -> float:
    shared = box.overlap(other)
    return shared / (box.area + other.area - shared)
