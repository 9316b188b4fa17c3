"""How much of a picture shows each object, measured on the boxes of lesson 02's detector.

A grid of 8 × 8 cells says who does what, but only roughly how large somebody is. The detector's boxes mostly end at
the right pixel. So each object that was found on the grid is looked for among the detector's. What the detector draws
ends with the figure; its whole box is larger, by the margins that are learned here: the legs of who swims are under
water. What stands in front follows from where objects stand, as in any picture of objects on a ground.
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

ALONE = 0.01  # what counts as overlap of two of a kind that do not overlap: what is left over belongs together
DOUBTED = 2.0  # a measure that is off by more than such a factor from what the grid says is not believed


@dataclass(frozen=True)
class DetectedObject(Placed):
    """An object that was found in a picture.

    Args:
        kind: an index into `tables.KINDS`.
        posture, place, box: as of a `scenes.SceneObject`.
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


Margins = Mapping[str, Sequence[float]]


def silhouette_area(obj: Placed, kind: str) -> str:
    """What decides how much smaller than its box an object is drawn: "horse running", "cat sitting box"."""
    return f"{kind} {obj.posture}" + (" box" if obj.place == "box" else "")


def learn_margins(seen: Sequence[Scene]) -> dict[str, list[float]]:
    """How much larger than what is drawn of them the boxes of objects are.

    Args:
        seen: scenes to learn from.

    Returns:
        For each `figure` in them what is missing on both sides together, at the top and at the bottom, as shares of
        what is drawn: medians over those that nothing else hides.
    """
    missing = defaultdict(list)
    for scene, edges in zip(seen, draw_many(seen).boxes / SIDE, strict=True):
        for number, (obj, (left, top, right, bottom)) in enumerate(zip(scene.objects, edges, strict=False)):
            if occlusion(obj, scene.objects[number + 1 :]) > occlusion(obj, ()) or right <= left:
                continue
            box = obj.box
            sides = box.w / (right - left) - 1
            ends = ((top - box.y) / (bottom - top), (box.bottom - bottom) / (bottom - top))
            missing[silhouette_area(obj, obj.kind)].append((sides, *ends))
    return {name: np.median(each, axis=0).round(4).tolist() for name, each in sorted(missing.items())}


def estimate(
    objects: Sequence[DetectedObject], detected: Detections, margins: Margins
) -> tuple[list[Box], list[float]]:
    """Where objects are, and how much of the picture shows each.

    Args:
        objects: that were found in a picture of 64×64 pixels.
        detected: what the detector found there.
        margins: as `learn_margins` gives them; a figure that is not there has none.

    Returns:
        For each object the box of what is drawn of it: the detector's if one of its kind is left for it, where several
        are the one that overlaps most, and its own otherwise; and the share of the picture that shows it, 0 to 1: what
        the whole boxes leave of it, if that is believable.
    """
    edges = detected.boxes / SIDE
    overlaps = np.array(
        [np.where(detected.kinds == each.kind, iou(_edges(each.box), edges) + ALONE, 0.0) for each in objects]
    ).reshape(len(objects), len(edges))
    boxes, placed = [obj.box for obj in objects], list(objects)
    for index, other in zip(*linear_sum_assignment(overlaps, maximize=True), strict=True):
        if overlaps[index, other] and (drawn := within(*edges[other])):
            boxes[index], placed[index] = drawn, replace(objects[index], box=_whole(objects[index], drawn, margins))
    # Of two that stand in one line, and of all in the sky, the one of which more is seen is in front.
    order = sorted(
        range(len(placed)), key=lambda i: (round(depth(placed[i]) * SIDE), placed[i].seen / placed[i].box.area)
    )
    seen = [obj.seen for obj in objects]
    for number, index in enumerate(order):
        share = visible_fraction(placed[index], [placed[nearer] for nearer in order[number + 1 :]])
        if seen[index] / DOUBTED < share < seen[index] * DOUBTED:
            seen[index] = share
    return boxes, seen


def _whole(obj: DetectedObject, drawn: Box, margins: Margins) -> Box:
    """The box of which that much is drawn."""
    sides, top, bottom = margins.get(silhouette_area(obj, KINDS[obj.kind]), (0.0, 0.0, 0.0))
    left, right = drawn.x - sides * drawn.w / 2, drawn.right + sides * drawn.w / 2
    return within(left, drawn.y - top * drawn.h, right, drawn.bottom + bottom * drawn.h) or drawn


def within(left: float, top: float, right: float, bottom: float) -> Box | None:
    """What of a box, given by its edges as shares of the picture, lies within the picture; None if nothing does."""
    left, top, right, bottom = (min(1.0, max(0.0, float(edge))) for edge in (left, top, right, bottom))
    if right <= left or bottom <= top:
        return None
    return Box(left, top, min(right - left, 1 - left), min(bottom - top, 1 - top))


def _edges(box: Box) -> np.ndarray:
    return np.array([box.x, box.y, box.right, box.bottom])
