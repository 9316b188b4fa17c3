"""Pictures, boxes and masks agree, with each other and with the scene, and are the same everywhere."""

import hashlib
import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import measure

from vistext.scenes import Box, Scene, SceneObject, course_scene, draw, draw_many, ontology, sample
from vistext.scenes.colors import NAMED, UNUSED, lit, scenery, tones
from vistext.scenes.drawing import DAYLIGHT, LAMPLIGHT, MOONLIGHT
from vistext.scenes.sprite_sheet import figure, pixels, sprite_of
from vistext.scenes.vector_art import INDEX, TONES

# The first 16 digits; from Python 3.10 with NumPy 1.26 and from 3.13 with 2.5, with and without AVX.
COURSE_64, COURSE_160 = "84e4379ab1e9025f", "7768b8ef11513fad"
PICTURES, INSTANCES, BOXES = "d112529da161ad46", "d02273cbb1675a5c", "27379a8f940bb632"
ALL_FIGURES = [
    (kind, posture, variant)
    for kind, postures in ontology.POSTURES.items()
    for posture in postures
    for variant in ontology.VARIANTS
]
LEAST_SEEN = {16: 1, 32: 6, 64: 30}  # pixels of every object, by the side of the picture


def digest(array):
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


@pytest.fixture(scope="module")
def scenes():
    return [scene for split in ontology.SPLITS for scene in sample(150, 3, split)]


@pytest.fixture(scope="module")
def drawings(scenes):
    return draw_many(scenes)


def cat_indoors(**changes):
    """The course's cat, changed."""
    return replace(course_scene(), objects=(replace(course_scene().objects[0], **changes),))


def test_pictures_boxes_and_masks_are_the_same_on_every_machine():
    assert [digest(draw(course_scene(), side).picture) for side in (64, 160)] == [COURSE_64, COURSE_160]
    drawn = draw_many(sample(300, 7))
    found = [digest(array) for array in (drawn.pictures, drawn.instances, drawn.boxes.astype("<i4"))]
    assert found == [PICTURES, INSTANCES, BOXES]


def test_all_come_as_arrays_with_one_row_a_scene_as_each_is_drawn_alone(scenes, drawings):
    n = len(scenes)
    assert len(drawings) == n
    assert (drawings.pictures.shape, drawings.pictures.dtype) == ((n, 64, 64, 3), np.uint8)
    beyond = np.arange(4) >= np.array([len(scene.objects) for scene in scenes])[:, None]
    assert np.array_equal(drawings.kinds == -1, beyond)
    assert (drawings.boxes[beyond] == 0).all()
    assert draw_many([]).pictures.shape == (0, 64, 64, 3)
    for index in (0, 200, 599):
        alone, among = draw(scenes[index]), drawings[index]
        for part in ("picture", "boxes", "kinds", "instances", "classes", "masks"):
            assert np.array_equal(getattr(alone, part), getattr(among, part))


def test_boxes_are_what_scikit_image_finds_around_the_masks(drawings):
    for drawing in (drawings[index] for index in range(0, len(drawings), 7)):
        found = {region.label: region.bbox for region in measure.regionprops(drawing.instances)}
        expected = [(left, top, right, bottom) for top, left, bottom, right in (found[i] for i in sorted(found))]
        assert drawing.boxes.tolist() == [list(box) for box in expected]


def test_class_masks_have_the_kind_wherever_instance_masks_have_the_object(scenes, drawings):
    for index, scene in enumerate(scenes):
        drawing = drawings[index]
        numbered = drawing.masks * np.arange(1, len(drawing.masks) + 1)[:, None, None]
        assert drawing.masks.dtype == bool
        assert np.array_equal(numbered.sum(0), drawing.instances)
        names = [None, *(obj.kind for obj in scene.objects)]
        classes = [None, *ontology.KINDS]
        seen = set(zip(drawing.instances.ravel().tolist(), drawing.classes.ravel().tolist(), strict=True))
        assert {(names[i], classes[k]) for i, k in seen} == {(name, name) for name in names}


@pytest.mark.parametrize("style", ["drawn", "photo"])
@pytest.mark.parametrize(("side", "least"), LEAST_SEEN.items())
def test_every_object_can_be_seen_within_its_box(scenes, side, least, style):
    few = scenes if style == "drawn" else scenes[::6]
    drawn = draw_many(few, side, object_style=style, photos=PHOTOS)
    for index, scene in enumerate(few):
        for obj, (left, top, right, bottom) in zip(scene.objects, drawn[index].boxes.tolist(), strict=True):
            x, y, width, height = pixels(obj.box, side)
            assert x <= left < right <= x + width
            assert y <= top < bottom <= y + height
        seen = np.bincount(drawn.instances[index].ravel(), minlength=len(scene.objects) + 1)[1:]
        assert seen.min() >= least, scene.facts


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), side=st.sampled_from([24, 48, 100, 256]))
def test_boxes_are_in_the_same_place_at_every_size(seed, side):
    (scene,) = sample(1, seed)
    # The nearest object, which nothing hides: of one that is half hidden, a last sliver may be seen at one size only.
    small, large = draw(scene, 64).boxes[-1] / 64, draw(scene, side).boxes[-1] / side

    # Of each picture a pixel that is half covered or moved, and two for a tip of beak or tail too thin for it.
    assert np.abs(small - large).max() <= 3 / 64 + 3 / side


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_is_nearer_is_drawn_over_what_is_farther(seed):
    for scene in sample(5, seed):
        drawing = draw(scene)
        nearest = len(scene.objects) - 1
        placed = sprite_of(scene.objects[nearest], 64)
        if scene.objects[nearest].place == "box":
            continue  # its front hides part of it
        left, top = placed.left + placed.sprite.left, placed.top + placed.sprite.top
        rows, columns = np.nonzero(placed.sprite.solid)
        assert (drawing.instances[rows + top, columns + left] == nearest + 1).all()


def test_what_faces_left_is_the_mirror_image_of_what_faces_right():
    right, left = (draw(cat_indoors(facing=facing)) for facing in ("right", "left"))
    x, _, width, _ = pixels(course_scene().objects[0].box, 64)

    mirrored = right.masks[0][:, x : x + width][:, ::-1]
    assert np.array_equal(left.masks[0][:, x : x + width], mirrored)
    assert not np.array_equal(mirrored, right.masks[0][:, x : x + width])


@pytest.mark.parametrize("setting", ontology.SETTINGS)
def test_it_is_darker_at_night(setting):
    scenes = [scene for scene in sample(600, 4) if scene.setting == setting][:25]
    means = [draw_many([replace(scene, time=time) for scene in scenes]).pictures.mean() for time in ("day", "night")]

    assert means[0] > means[1] + 10


def test_the_look_changes_the_picture_but_not_the_masks():
    one, other = (draw(replace(course_scene(), look=look)) for look in (7, 1234567))

    assert not np.array_equal(one.picture, other.picture)
    assert np.array_equal(one.instances, other.instances)


def sprite(kind, posture, variant):
    width, height = ontology.EXTENT[kind][posture]
    place, box = ontology.POSTURES[kind][posture][0], Box(0.1, 0.1, width / 64, height / 64)
    color = ontology.COLORS[kind][0]
    return sprite_of(SceneObject(kind, color, "large", posture, place, box, "right", variant), 64).sprite


@pytest.mark.parametrize("kind", ontology.KINDS)
def test_postures_and_variants_have_outlines_of_their_own(kind):
    masks = []
    for posture, variant in itertools.product(ontology.EXTENT[kind], ontology.VARIANTS):
        canvas, solid = np.zeros((80, 100), bool), sprite(kind, posture, variant).solid
        canvas[: solid.shape[0], : solid.shape[1]] = solid
        masks.append((posture, canvas))
    for (posture, mask), (other, another) in itertools.combinations(masks, 2):
        differing = (mask ^ another).sum() / (mask | another).sum()
        # Two shapes of frog or horse may share an outline; what they do must show in it, but for a driver's head.
        assert posture == other or {posture, other} == {"driving", "parked"} or differing > 0.05, (posture, other)


def test_figures_have_about_their_extent_and_most_of_each_has_its_color():
    own = ("body", "shade", "light", "far")
    for kind, posture, variant in ALL_FIGURES:
        left, bottom, right, top = figure(kind, posture, variant).bounds()
        width, height = ontology.EXTENT[kind][posture]
        # Squeezing makes animals look young; more than this would make them look wrong.
        assert 0.8 < ((right - left) / width) / ((top - bottom) / height) < 1.6
        drawn = sprite(kind, posture, variant)
        share = dict(zip((TONES[tone] for tone in drawn.tones), drawn.shares.sum(axis=0), strict=True))
        others = [amount for name, amount in share.items() if name not in (*own, "line")]
        assert sum(share.get(name, 0) for name in own) > max(others, default=0), (kind, posture, variant)


def test_no_figure_and_no_setting_uses_a_tone_without_a_color(scenes, drawings):
    unused = np.array(UNUSED)
    for kind, posture, variant in ALL_FIGURES:
        used = {part.tone for part in figure(kind, posture, variant).parts}
        used |= {part.edge for part in figure(kind, posture, variant).parts if part.edge is not None}
        palette = tones(kind, ontology.COLORS[kind][0])
        assert not [TONES[tone] for tone in used if (palette[tone] == unused).all()]
    striking = (np.abs(drawings.pictures.astype(int) - unused) < 60).all(axis=3)
    assert not striking.any()


@pytest.mark.parametrize("light", [*DAYLIGHT, LAMPLIGHT, MOONLIGHT])
def test_in_every_light_a_thing_is_nearest_to_the_color_that_it_is_called_by(light):
    for kind, colors in ontology.COLORS.items():
        own = {name: np.array(rgb) for name, rgb in NAMED.items()} | {
            name: tones(kind, name)[INDEX["body"]] for name in colors
        }
        for color in colors:
            shown = lit(kind, color, light)[INDEX["body"]] * 256 / np.array(light)  # the eye makes up for the light
            assert min(own, key=lambda name, shown=shown: np.abs(own[name] - shown).sum()) == color


def test_walls_floors_and_mats_differ_from_room_to_room():
    walls = {tuple(scenery(False, room)[INDEX["wall"]]) for room in range(24)}
    floors = {tuple(scenery(False, room)[INDEX["boards"]]) for room in range(24)}

    assert len(walls) >= 4
    assert len(floors) >= 3


PLAIN = np.array([[40 + 20 * kind, 200 - 15 * kind, 90] for kind in range(10)], np.uint8)
# Ten photographs, each of one color, one of each kind.
PHOTOS = np.broadcast_to(PLAIN[:, None, None], (10, 32, 32, 3)), np.arange(10)


def test_photographs_are_those_of_the_kind_in_a_white_frame_scaled_by_area():
    drawing = draw(replace(course_scene(), look=0), object_style="photo", photos=PHOTOS)  # in plain daylight
    left, top, right, bottom = drawing.boxes[0]
    card = drawing.picture[top:bottom, left:right]
    assert (card[0] == 248).all()
    assert (card[:, -1] == 248).all()
    assert (card[3:-3, 3:-3] == PLAIN[ontology.KINDS.index("cat")]).all()
    assert drawing.masks[0].sum() == (right - left) * (bottom - top)

    photograph = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), np.uint8)
    ship = SceneObject("ship", "white", "large", "sailing", "water", Box(8 / 64, 8 / 64, 42 / 64, 35 / 64))
    drawing = draw(Scene((ship,), "harbour", look=0), 128, object_style="photo", photos=(photograph, np.array([8])))
    left, top, right, bottom = drawing.boxes[0]
    inner = drawing.picture[top + 5 : bottom - 5, left + 5 : right - 5]
    # The mean does not change with the scale, but for what is cropped.
    assert np.allclose(inner.mean(axis=(0, 1)), photograph[0].mean(axis=(0, 1)), atol=4)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        *(({"side": side}, f"a picture is 16 to 1024 pixels; given was {side}") for side in (15, 0, -64, 1025)),
        ({"object_style": "oil"}, "a style of objects is one of: drawn, photo; given was 'oil'"),
        ({"photos": None}, "needs photos="),
        ({"photos": (np.zeros((2, 32, 32, 3)), np.arange(2))}, "uint8"),
        ({"photos": (np.zeros((2, 32, 32, 3), np.uint8), np.arange(3))}, "3 labels"),
        ({"photos": (np.zeros((2, 32, 32, 3), np.uint8), np.arange(2))}, "the photos show no cat"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        draw(course_scene(), **{"object_style": "photo", **arguments})
