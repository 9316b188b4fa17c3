"""A scene holds only what makes sense, and knows what is true of it."""

from dataclasses import replace

import pytest

from vistext.data import cifar10
from vistext.scenes import Box, Scene, SceneObject, course_scene, ontology
from vistext.scenes.scene import RELATIONS, held_out, occlusion, split_of


def obj(kind="cat", place="floor", posture="sitting", *, left, ground, size="small", color=None, facing="right"):
    """An object of an ordinary size, of which only what matters is said; lengths in 64ths."""
    width, height = ontology.EXTENT[kind][posture]
    scale = 0.64 if size == "small" else 1
    width, height = round(width * scale), round(height * scale)
    bottom = ground - (ontology.TABLE_HEIGHT if place == "table" else 0)
    box = Box(left / 64, (bottom - height) / 64, width / 64, height / 64)
    return SceneObject(kind, color or ontology.COLORS[kind][0], size, posture, place, box, facing)


def indoors(*objects):
    return Scene(objects, "indoors")


def test_the_courses_picture_is_a_cat_sitting_on_the_floor_and_is_never_trained_on():
    scene = course_scene()
    (shown,) = scene.objects

    assert (shown.kind, shown.posture, shown.preposition, shown.place) == ("cat", "sitting", "on", "floor")
    assert (scene.setting, scene.split) == ("indoors", "test")


def test_every_table_has_the_same_kinds_postures_and_places():
    assert ontology.KINDS == cifar10.CLASSES
    assert set(ontology.COLORS) == set(ontology.POSTURES) == set(ontology.EXTENT) == set(ontology.KINDS)
    for kind, postures in ontology.POSTURES.items():
        places = {place for able in postures.values() for place in able}
        assert set(postures) == set(ontology.EXTENT[kind])
        assert places <= set(ontology.PREPOSITIONS)
        assert set(ontology.HELD_OUT_PLACES.get(kind, ())) < places
        assert set(ontology.HELD_OUT_COLORS.get(kind, ())) < set(ontology.COLORS[kind])
    assert {place for places in ontology.SETTINGS.values() for place in places} == set(ontology.PREPOSITIONS)


def cat(**changes):
    return replace(course_scene().objects[0], **changes)


def course(**changes):
    return replace(course_scene(), **changes)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: cat(kind="unicorn"), "a kind is one of: airplane, .* given was 'unicorn'"),
        (lambda: cat(color="green"), "a color of an object of kind 'cat' is one of: orange, .* given was 'green'"),
        (lambda: cat(size="medium"), "a size is one of: small, large; given was 'medium'"),
        (lambda: cat(posture="driving"), "a posture of an object of kind 'cat' is one of: .* given was 'driving'"),
        (lambda: cat(place="water"), "a place for an object of kind 'cat' that is sitting is .* given was 'water'"),
        (lambda: cat(facing="up"), "a facing is one of: left, right; given was 'up'"),
        (lambda: cat(variant=3), "a variant is one of: 0, 1, 2; given was 3"),
        (lambda: cat(size="small"), "the box of a small object of kind 'cat' that is sitting is 0.55 to 0.74 times"),
        (lambda: cat(box=Box(0.1, 0.1, 0.5, 0.3)), "the box of a large object of kind 'cat'"),
        (lambda: Box(-0.1, 0, 0.5, 0.5), "a box lies within the picture"),
        (lambda: Box(0, 0.6, 0.5, 0.5), "a box lies within the picture"),
        (lambda: Box(0.2, 0.2, 0, 0.5), "a box lies within the picture"),
        (lambda: Box(0.9, 0.2, 0.2, 0.5), "a box lies within the picture"),
        (lambda: indoors(obj(place="mat", left=1, ground=54)), "a box lies within the picture"),
        (indoors, "a scene holds a tuple of 1 to 4 objects"),
        (lambda: indoors(*(obj(left=2 + 12 * i, ground=50 + i) for i in range(5))), "a scene holds a tuple of 1 to 4"),
        (lambda: Scene([obj(left=20, ground=56)], "indoors"), "a scene holds a tuple of 1 to 4 objects"),
        (lambda: course(setting="moon"), "a setting is one of: indoors, .* given was 'moon'"),
        (lambda: course(setting="street"), "a place of the setting 'street' is one of: road, .* given was 'floor'"),
        (lambda: course(time="noon"), "a time is one of: day, night; given was 'noon'"),
        (lambda: course(look=-1), "a look is a number from 0 to 4294967295; given was -1"),
        (lambda: course(look=2**32), "a look is a number from 0"),
        (lambda: indoors(obj(left=20, ground=30)), r"'floor' stands between 46/64 and 62/64 .* was 30/64"),
        (lambda: Scene((obj("bird", "sky", "flying", left=20, ground=40),), "field"), "'sky' is within 1/64 and 28/64"),
        (lambda: indoors(obj(left=4, ground=60), obj(left=40, ground=50)), "farthest first"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_is_accepted(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()


def test_where_there_is_a_pond_the_grass_is_before_it():
    frog = obj("frog", "water", "swimming", left=4, ground=46)
    near = obj("deer", "grass", "standing", left=40, ground=58)
    far = obj("deer", "grass", "standing", left=40, ground=44)

    assert Scene((far,), "field").objects == (far,)
    assert Scene((frog, near), "field").objects == (frog, near)
    with pytest.raises(ValueError, match="at the place 'grass' stands between 55/64"):
        Scene((far, frog), "field")


def test_no_more_than_half_of_an_object_may_be_hidden():
    behind = obj(left=20, ground=54)

    assert indoors(behind, obj(left=28, ground=56)).objects[0] == behind
    with pytest.raises(ValueError, match=r"at most 50% .* of objects\[0\] \(cat\) it is \d\d%"):
        indoors(behind, obj(left=22, ground=56))


def test_an_object_is_hidden_by_the_shared_part_of_both_boxes_and_by_its_cardboard_box():
    behind, before = obj(left=20, ground=54), obj(left=28, ground=56)
    width, height = 13, 18

    # The one before is 8 to the right and 2 down.
    assert occlusion(behind, (before,)) == pytest.approx((width - 8) * (height - 2) / (width * height))
    assert occlusion(before, ()) == 0
    assert occlusion(obj(place="box", left=20, ground=58), ()) == pytest.approx(ontology.BOX_HIDES)


def test_nothing_treads_on_the_mat_of_another():
    on_mat = obj(place="mat", left=20, ground=54)

    assert len(indoors(on_mat, obj(left=45, ground=55)).objects) == 2
    with pytest.raises(ValueError, match="no object stands on the mat of another"):
        indoors(on_mat, obj("frog", left=30, ground=55))


@pytest.mark.parametrize(
    ("subject", "preposition"),
    [
        (obj(place="mat", left=20, ground=54), "on"),
        (obj(place="box", left=20, ground=54), "in"),
        (obj("frog", "water", "swimming", left=20, ground=44), "in"),
        (obj("ship", "water", "sailing", left=20, ground=44), "on"),
        (obj("bird", "sky", "flying", left=20, ground=20), "in"),
    ],
)
def test_the_preposition_belongs_to_the_place_and_ships_are_on_the_water(subject, preposition):
    assert subject.preposition == preposition


BIRD, HORSE = obj("bird", "sky", "flying", left=22, ground=20), obj("horse", "grass", "standing", left=20, ground=58)


@pytest.mark.parametrize(
    ("objects", "relations"),
    [
        ((obj(left=6, ground=54), obj(left=40, ground=56)), {(0, "left of", 1), (1, "right of", 0)}),
        ((BIRD, HORSE), {(0, "above", 1), (1, "below", 0)}),
        ((obj(left=20, ground=48), obj("frog", left=20, ground=60)), {(0, "behind", 1), (1, "in front of", 0)}),
        ((obj(left=20, ground=56), obj(left=28, ground=57)), set()),  # they overlap a little
    ],
)
def test_relations_are_those_that_the_picture_clearly_shows(objects, relations):
    scene = Scene(objects, "field" if BIRD in objects else "indoors")

    assert {(relation.subject, relation.name, relation.object) for relation in scene.relations} == relations
    assert {name for _, name, _ in relations} <= set(RELATIONS)


def test_facts_do_not_depend_on_where_or_how_things_are_drawn():
    first, dog = obj(left=6, ground=54), obj("dog", left=40, ground=56)
    moved = replace(first, box=replace(first.box, x=44 / 64, y=first.box.y + 4 / 64), facing="left", variant=2)
    other = replace(dog, box=replace(dog.box, x=4 / 64))

    one, two = indoors(first, dog), Scene((other, moved), "indoors", look=99)
    assert one.facts == two.facts == "indoors/day + cat/orange/small/sitting/floor + dog/brown/small/sitting/floor"
    assert one.split == two.split


def test_a_held_out_pairing_makes_a_scene_compositional():
    plain, on_table = obj(left=4, ground=52), obj(place="table", left=40, ground=56)
    white_dog = obj("dog", left=40, ground=56, color="white")

    assert held_out(plain.words) == []
    assert held_out(on_table.words) == [("cat", "table")]
    assert held_out(white_dog.words) == [("dog", "white")]
    assert indoors(plain, on_table).split == indoors(plain, white_dog).split == "compositional"


def test_of_all_facts_about_one_thing_eighty_in_a_hundred_are_for_training():
    splits = [
        split_of(setting, time, [(kind, color, size, posture, place)])
        for kind, postures in ontology.POSTURES.items()
        for posture, places in postures.items()
        for setting, there in ontology.SETTINGS.items()
        for place in set(places) & set(there)
        for color in ontology.COLORS[kind]
        for size in ontology.SIZES
        for time in ontology.TIMES
    ]
    seen = [split for split in splits if split != "compositional"]

    assert len(seen) > 1500
    assert seen.count("train") / len(seen) == pytest.approx(0.8, abs=0.04)
    assert seen.count("val") / len(seen) == pytest.approx(0.1, abs=0.03)
    assert seen.count("test") / len(seen) == pytest.approx(0.1, abs=0.03)
