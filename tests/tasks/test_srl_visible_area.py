"""How much of a picture shows each object: measured by the detector, estimated by the network."""

import numpy as np
import pytest

from vistext import scenes
from vistext.scenes.language.semantic_frames import visible_area_of
from vistext.scenes.ontology import KINDS
from vistext.scenes.scene import Box
from vistext.tasks.detection.model import Detections
from vistext.tasks.srl.visible_area import MAX_RATIO, DetectedObject, estimate, learn_margins, margin_key, within

BOX = Box(0.25, 0.25, 0.25, 0.25)
NOTHING = Detections(np.zeros((0, 4), "float32"), np.zeros(0, "int32"), np.zeros(0, "float32"))


def detected(*boxes, kinds):
    edges = np.array([(box.x, box.y, box.right, box.bottom) for box in boxes], "float32") * 64
    return Detections(edges, np.array(kinds, "int32"), np.ones(len(boxes), "float32"))


def found(box=BOX, kind=3, seen=0.06, posture="sitting", place="floor"):
    return DetectedObject(kind, posture, place, box, seen)


@pytest.mark.parametrize("seed", range(3))
def test_boxes_become_those_of_the_detector_and_areas_follow_from_them(seed):
    rng, crowded = np.random.default_rng(seed), 0
    for scene in scenes.sample(40, seed, "val"):
        rough = [
            DetectedObject(
                KINDS.index(obj.kind),
                obj.posture,
                obj.place,
                within(*np.array([obj.box.x, obj.box.y, obj.box.right, obj.box.bottom]) + rng.normal(0, 0.01, 4)),
                visible_area_of(scene, index) * rng.uniform(0.95, 1.05),
            )
            for index, obj in enumerate(scene.objects)
        ]
        order = rng.permutation(len(rough))
        theirs = detected(*(obj.box for obj in scene.objects), kinds=[obj.kind for obj in rough])
        boxes, seen = estimate([rough[index] for index in order], theirs, {})
        for index, box, share in zip(order, boxes, seen, strict=True):
            true = scene.objects[index].box
            assert (box.x, box.y, box.w, box.h) == pytest.approx((true.x, true.y, true.w, true.h), abs=1e-6)
            assert share == pytest.approx(visible_area_of(scene, index), rel=1e-4)
        crowded += len(rough) > 2
    assert crowded > 2


def test_where_the_detector_finds_nothing_of_the_kind_the_estimates_stay():
    for detections in (NOTHING, detected(BOX, kinds=[5])):
        assert estimate([found(seen=0.06)], detections, {}) == ([BOX], [BOX.area])  # of its own box all is seen
    assert estimate([], NOTHING, {}) == ([], [])


def test_each_detection_is_matched_with_one_object():
    near = Box(0.3, 0.25, 0.25, 0.25)
    boxes, _ = estimate([found(near), found(BOX)], detected(BOX, kinds=[3]), {})
    assert boxes == [near, BOX]
    away = Box(0.75, 0.75, 0.125, 0.125)
    boxes, _ = estimate([found(near), found(BOX)], detected(away, BOX, kinds=[3, 3]), {})
    assert boxes == [away, BOX]  # what is left over of the kind


def test_an_implausible_area_is_discarded():
    around = Box(0.2, 0.2, 0.4, 0.4)
    objects = [found(seen=0.05), found(around, kind=4, seen=0.16)]
    _, seen = estimate(objects, detected(BOX, around, kinds=[3, 4]), {})
    assert seen == pytest.approx([0.05, 0.16])  # by the boxes, nothing would be seen of the first
    low, high = BOX.area / MAX_RATIO, BOX.area * MAX_RATIO
    for own, believed in ((low * 1.01, True), (high * 0.99, True), (low * 0.99, False), (high * 1.01, False)):
        _, [share] = estimate([found(seen=own)], detected(BOX, kinds=[3]), {})
        assert (share == pytest.approx(BOX.area)) == believed
        assert believed or share == own


def test_furniture_that_would_not_fit_into_the_picture_hides_nothing():
    edge = Box(0.0, 0.7, 0.25, 0.25)
    assert found(edge, place="table").furniture is None
    _, seen = estimate([found(edge, place="table"), found(kind=4)], NOTHING, {})
    assert seen == pytest.approx([edge.area, BOX.area])


def test_a_box_is_clipped_to_the_picture():
    box = within(-0.1, 0.5, 0.3, 1.2)
    assert (box.x, box.y, box.right, box.bottom) == pytest.approx((0, 0.5, 0.3, 1))
    assert within(1.1, 0.5, 1.3, 0.6) is None
    for edge in np.random.default_rng(0).uniform(0, 1, 200):
        within(edge, edge, 1.0, 1.0)  # never beyond 1, however numbers are rounded


def test_margins_are_what_is_missing_of_boxes_and_are_added_to_what_is_drawn():
    seen = scenes.sample(300, 4, "train")
    margins = learn_margins(seen)
    assert {name.split()[0] for name in margins} == set(KINDS)
    assert all(value >= 0 for each in margins.values() for value in each)
    assert margins["cat sitting"] == [0, 0, 0]
    assert margins["cat sitting box"][2] > 0.2  # the cardboard hides what is below
    assert margins["ship sailing"][2] > 0
    off = []
    for scene, drawing in zip(seen, map(scenes.draw, seen), strict=True):
        objects = [
            DetectedObject(kind, obj.posture, obj.place, obj.box, visible_area_of(scene, number))
            for number, (obj, kind) in enumerate(zip(scene.objects, drawing.kinds.tolist(), strict=True))
        ]
        drawn = Detections(drawing.boxes.astype("float32"), drawing.kinds, np.ones(len(objects), "float32"))
        for told in ({}, margins):
            _, shares = estimate(objects, drawn, told)
            off.append(np.abs(np.log(np.array(shares) / [obj.area for obj in objects])).mean())
    without, with_them = np.array(off).reshape(-1, 2).mean(axis=0)
    assert with_them < 0.75 * without
    assert margin_key(scenes.course_scene().objects[0], "cat") == "cat sitting"
