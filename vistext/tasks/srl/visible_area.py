"""How much of a picture shows each object, measured on the boxes of lesson 02's detector.

From a grid of 8 × 8 cells the network predicts only roughly how large an object is; the detector's boxes mostly end at
the right pixel. So each object is matched with a detection. A detection ends where what is drawn ends; the whole box is
larger, by the margins that are learned here: the legs of a swimming horse are under water. What stands in front follows
from where objects stand, as in any picture of objects on a ground.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from vistext.scenes import Scene, draw_many
from vistext.scenes.ontology import KINDS
from vistext.scenes.scene import Box, Placed, depth, occlusion, visible_fraction
from vistext.tasks.detection.model import SIDE, Detections, iou

MIN_OVERLAP = 0.01  # of an object and a detection of its kind that do not overlap: they may still be matched
MAX_RATIO = 2.0  # a measured area that differs by a larger factor from the network's estimate is discarded


@dataclass(frozen=True)
class DetectedObject(Placed):
    """An object in a picture; posture, place and box as of a `scenes.SceneObject`."""

    kind: int  # an index into `ontology.KINDS`
    posture: str
    place: str
    box: Box
    area: float  # the estimated share of the picture that shows it

    @property
    def furniture(self) -> Box | None:
        try:
            return super().furniture
        except ValueError:  # it would not fit into the picture: the place is not right
            return None


Margins = Mapping[str, Sequence[float]]


def margin_key(obj: Placed, kind: str) -> str:
    """The key of an object's margins: "horse running" or "cat sitting box", for example."""
    return f"{kind} {obj.posture}" + (" box" if obj.place == "box" else "")


def learn_margins(pool: Sequence[Scene]) -> dict[str, list[float]]:
    """How much larger than what is drawn of them the boxes of objects are, learned from scenes.

    Returns:
        For each `margin_key` what is missing on both sides together, at the top and at the bottom, as shares of what is
        drawn: medians over those objects that nothing else hides.
    """
    missing = defaultdict(list)
    for scene, edges in zip(pool, draw_many(pool).boxes / SIDE, strict=True):
        for number, (obj, (left, top, right, bottom)) in enumerate(zip(scene.objects, edges, strict=False)):
            if occlusion(obj, scene.objects[number + 1 :]) > occlusion(obj, ()) or right <= left:
                continue
            box = obj.box
            sides = box.w / (right - left) - 1
            ends = ((top - box.y) / (bottom - top), (box.bottom - bottom) / (bottom - top))
            missing[margin_key(obj, obj.kind)].append((sides, *ends))
    return {name: np.median(shares, axis=0).round(4).tolist() for name, shares in sorted(missing.items())}


def estimate(
    objects: Sequence[DetectedObject], detected: Detections, margins: Margins
) -> tuple[list[Box], list[float]]:
    """Where objects that the network predicts are in a picture of 64×64 pixels, and how much of it shows each.

    Returns:
        For each object the box of what is drawn of it: that of the matching detection, of the same kind and with the
        largest overlap, or its own if there is none; and the share of the picture that shows it, 0 to 1, by what the
        whole boxes leave of it, unless that is implausible (`MAX_RATIO`).
    """
    edges = detected.boxes / SIDE
    overlaps = np.array(
        [np.where(detected.kinds == obj.kind, iou(_edges(obj.box), edges) + MIN_OVERLAP, 0.0) for obj in objects]
    ).reshape(len(objects), len(edges))
    boxes, placed = [obj.box for obj in objects], list(objects)
    for index, other in zip(*linear_sum_assignment(overlaps, maximize=True), strict=True):
        if overlaps[index, other] and (drawn := within(*edges[other])):
            boxes[index], placed[index] = drawn, replace(objects[index], box=_whole(objects[index], drawn, margins))
    # Of two that stand in one line, and of all in the sky, the less hidden one is in front.
    order = sorted(
        range(len(placed)), key=lambda i: (round(depth(placed[i]) * SIDE), placed[i].area / placed[i].box.area)
    )
    areas = [obj.area for obj in objects]
    for number, index in enumerate(order):
        share = visible_fraction(placed[index], [placed[nearer] for nearer in order[number + 1 :]])
        if areas[index] / MAX_RATIO < share < areas[index] * MAX_RATIO:
            areas[index] = share
    return boxes, areas


def _whole(obj: DetectedObject, drawn: Box, margins: Margins) -> Box:
    """The box of an object of which `drawn` is drawn."""
    sides, top, bottom = margins.get(margin_key(obj, KINDS[obj.kind]), (0.0, 0.0, 0.0))
    left, right = drawn.x - sides * drawn.w / 2, drawn.right + sides * drawn.w / 2
    return within(left, drawn.y - top * drawn.h, right, drawn.bottom + bottom * drawn.h) or drawn


def within(left: float, top: float, right: float, bottom: float) -> Box | None:
    """The part of a box, given by its edges as shares of the picture, within the picture; None if there is none."""
    left, top, right, bottom = (min(1.0, max(0.0, float(edge))) for edge in (left, top, right, bottom))
    if right <= left or bottom <= top:
        return None
    return Box(left, top, min(right - left, 1 - left), min(bottom - top, 1 - top))


def _edges(box: Box) -> np.ndarray:
    return np.array([box.x, box.y, box.right, box.bottom])
