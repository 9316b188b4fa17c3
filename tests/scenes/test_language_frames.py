"""Frames say who does what and where, as the objects themselves have it."""

import numpy as np
import pytest
from spoken import VERBS

from vistext.scenes import Scene, course_scene, sample
from vistext.scenes.language import ROLES, NotUnderstoodError, describe, evaluate, frames, render_frame, stated

STILL = {"sit", "lie", "sleep", "stand"}


def test_the_courses_cat_sits_on_the_floor_however_the_scene_looks():
    scene = course_scene()
    (frame,) = frames(scene)

    assert frames(Scene(scene.objects, scene.setting, scene.time, look=99)) == (frame,)
    assert (frame.verb, frame.roles, frame.obj) == ("sit", (("agent", "cat"), ("place", "floor")), 0)


def test_each_thing_has_a_frame_that_says_what_it_is_does_and_where():
    verbs = set()
    for scene in sample(150, 2):
        assert sorted(frame.obj for frame in frames(scene)) == list(range(len(scene.objects)))
        for frame in frames(scene):
            obj, roles = scene.objects[frame.obj], dict(frame.roles)
            verbs.add(frame.verb)
            assert frame.verb == VERBS[obj.posture]
            assert roles["place"] == obj.place
            actor = roles["item"] if frame.verb in ("park", "anchor") else roles["agent"]
            assert actor == {"automobile": "car"}.get(obj.kind, obj.kind)
            assert roles.get("direction") == (None if frame.verb in STILL | {"park", "anchor"} else obj.facing)
            assert tuple(roles) == ROLES[frame.verb]
    assert verbs == set(VERBS.values()) == set(ROLES)


def test_what_fills_more_of_the_picture_comes_first():
    apart = 0
    for scene in sample(400, 5):
        boxes = [obj.box for obj in scene.objects]
        if any(one.overlap(other) for one in boxes for other in boxes if one is not other) or "box" in scene.facts:
            continue
        if any(obj.place in ("table", "mat") for obj in scene.objects):
            continue
        areas = [boxes[frame.obj].area for frame in frames(scene)]
        assert areas == sorted(areas, reverse=True)
        apart += len(areas) > 1
    assert apart > 15


def test_what_is_hidden_is_less_prominent():
    turned = 0
    for scene in sample(1500, 6):
        if len(scene.objects) == 2 and not {obj.place for obj in scene.objects} & {"box", "table", "mat"}:
            back, front = (obj.box for obj in scene.objects)
            if back.area > front.area > back.area - back.overlap(front):
                assert [frame.obj for frame in frames(scene)] == [1, 0]
                turned += 1
    assert turned > 3


def test_every_frame_is_told_in_a_true_sentence_and_read_back_as_it_was():
    seen = set()
    for scene in sample(300, 3):
        for frame in frames(scene):
            sentence = render_frame(frame.verb, frame.roles)
            assert evaluate(sentence, scene)
            (back,) = stated(sentence)
            assert (back.verb, back.roles) == (frame.verb, frame.roles)
            seen.add(sentence)
    assert "A ship is anchored on the water." in seen
    assert "A bird is flying to the left in the sky." in seen
    assert render_frame("run", (("agent", "airplane"),)) == "An airplane is running."


@pytest.mark.parametrize(("verb", "roles"), [("dance", (("agent", "cat"),)), ("sit", (("place", "mat"),)), ("sit", ())])
def test_what_is_no_frame_cannot_be_told(verb, roles):
    with pytest.raises(ValueError, match=r"a frame has one of the verbs sit, .* and an agent or item"):
        render_frame(verb, roles)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("A black cat sleeps on the mat.", [("sleep", {"agent": "cat", "place": "mat"})]),
        ("Two dogs are running.", [("run", {"agent": "dog"})] * 2),
        ("The car is parked.", [("park", {"item": "car"})]),
        ("A cat is on the mat.", []),
        ("There is no dog.", []),
        ("A thing is sitting on the floor.", []),
        ("A horse is walking to the right. It is behind a cat.", [("walk", {"agent": "horse", "direction": "right"})]),
    ],
)
def test_a_sentence_states_the_frames_that_it_speaks_of(sentence, expected):
    assert [(frame.verb, dict(frame.roles)) for frame in stated(sentence)] == expected
    with pytest.raises(NotUnderstoodError):
        stated(f"Colourless {sentence}")


def test_what_a_true_description_states_is_part_of_true_frames():
    rng, found = np.random.default_rng(0), 0
    for scene in sample(200, 6):
        for length in ("title", "description", "story"):
            for one in stated(describe(scene, length, rng)):
                true = [frame for frame in frames(scene) if set(one.roles) <= set(frame.roles)]
                assert any(frame.verb == one.verb for frame in true)
                found += 1
    assert found > 200
