"""Boxes, masks and light over a picture: where they are said to be, in the kinds' colors, whatever is given."""

import numpy as np
import pytest
from PIL import Image

from vistext import scenes
from vistext.display import overlays
from vistext.scenes import ontology

GREY = np.full((64, 64, 3), 128, np.uint8)


def rgb(kind):
    return tuple(int(overlays.KIND_COLORS[kind][start : start + 2], 16) for start in (1, 3, 5))


def coloured(picture, kind):
    """Left, top, right and bottom of the pixels in a kind's color."""
    rows, columns = np.nonzero((picture == rgb(kind)).all(axis=-1))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_each_pixel_becomes_a_square():
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    large = overlays.enlarge(picture, 7)
    assert large.shape == (6, 6, 3)
    assert (large.reshape(2, 3, 2, 3, 3) == picture[:, None, :, None]).all()
    assert overlays.enlarge(large, 4).shape == large.shape


def test_a_frame_is_where_its_box_is_and_nothing_else_is_changed():
    shown = overlays.draw_boxes(GREY, [[20, 30, 40, 50]], [ontology.KINDS.index("cat")], side=64 * 6)
    left, top, right, bottom = coloured(shown, "cat")
    assert (left, right, bottom) == (120, 240, 300)
    assert top < 180  # the name stands above the frame
    assert (shown[310:] == 128).all()
    assert (shown[195:280, 135:225] == 128).all()  # within the frame the object can be seen
    assert (GREY == 128).all()


@pytest.mark.parametrize("box", [(0, 0, 64, 64), (-5, -5, 3, 3), (60, 60, 70, 70), (0, 0, 0, 0), (9.5, 9.5, 9.6, 9.6)])
def test_a_box_at_the_border_or_with_no_area_is_drawn_all_the_same_and_named_within_the_picture(box):
    shown = overlays.draw_boxes(GREY, np.array([box], "float32"), [3], ["99 %"])
    assert shown.shape == (384, 384, 3)
    left, top, right, bottom = coloured(shown, "cat")
    assert (right - left) * (bottom - top) > 400


def test_names_do_not_hide_one_another():
    boxes, kinds = [[20, 20, 24, 50], [26, 20, 30, 50], [32, 20, 36, 50]], ["cat", "dog", "ship"]
    shown = overlays.draw_boxes(GREY, boxes, [ontology.KINDS.index(kind) for kind in kinds], ["0.50"] * 3)
    alone = [
        overlays.draw_boxes(GREY, [box], [ontology.KINDS.index(kind)], ["0.50"])
        for box, kind in zip(boxes, kinds, strict=True)
    ]
    for kind, single in zip(kinds, alone, strict=True):
        assert (shown == rgb(kind)).all(axis=-1).sum() > 0.8 * (single == rgb(kind)).all(axis=-1).sum()


def test_boxes_and_kinds_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match="2 boxes, 1 kinds and 2 notes: they must be equally many"):
        overlays.draw_boxes(GREY, np.zeros((2, 4)), [1])
    assert (overlays.draw_boxes(GREY, np.zeros((0, 4)), []) == 128).all()


def test_masks_are_coloured_where_they_are_and_grey_elsewhere():
    drawing = scenes.draw(scenes.course_scene())
    before = drawing.picture.copy()
    shown = overlays.draw_masks(drawing.picture, drawing.classes, 64)
    assert np.array_equal(drawing.picture, before)
    within = drawing.classes > 0
    spread = shown.max(axis=-1).astype(int) - shown.min(axis=-1)
    outline = (shown == (35, 40, 45)).all(axis=-1)
    assert (spread[~within & ~outline] == 0).all()
    assert (spread[within & ~outline] > 60).all()
    assert 0 < outline.sum() < within.sum()


def test_every_kind_has_a_colour_of_its_own_on_which_its_name_can_be_read():
    assert set(overlays.KIND_COLORS) == set(ontology.KINDS)
    assert len(set(overlays.KIND_COLORS.values())) == len(ontology.KINDS)
    for kind in range(len(ontology.KINDS)):
        shown = overlays.draw_boxes(GREY, [[4, 20, 60, 60]], [kind])
        name = Image.fromarray(shown[90:118, 26:60]).convert("L")
        darkest, lightest = name.getextrema()
        assert lightest - darkest > 90


def test_a_cell_is_the_warmer_and_the_darker_the_larger_its_amount():
    amounts = np.zeros((8, 8))
    amounts[2, 5], amounts[7, 0] = 0.5, 0.25
    shown = overlays.heatmap(GREY, amounts, 128)
    assert shown.shape == (128, 128, 3)
    hot, warm, clear = shown[40, 88], shown[120, 8], shown[0, 0]
    assert (shown[32:48, 80:96] == hot).all()
    assert (shown[112:, :16] == warm).all()
    assert (clear == 120 + 128 // 2).all()
    assert (overlays.heatmap(GREY, np.zeros((8, 8)), 64) == clear).all()
    assert all(int(red) - blue > 80 for red, _, blue in (warm, hot))
    lightness = np.array([clear, warm, hot]) @ [0.299, 0.587, 0.114]
    assert (np.diff(lightness) < 0).all()
    assert (GREY == 128).all()


@pytest.mark.parametrize(("height", "width", "cells"), [(64, 64, (8, 8)), (50, 31, (8, 8)), (9, 200, (3, 7))])
def test_pictures_of_any_shape_get_a_heat_map(height, width, cells):
    picture = np.full((height, width, 3), 200, np.uint8)
    shown = overlays.heatmap(picture, np.arange(1, 1 + np.prod(cells)).reshape(cells), 1)
    assert (shown.shape, shown.dtype) == (picture.shape, np.uint8)
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == np.prod(cells)


@pytest.mark.parametrize(
    ("cell", "place"),
    [((0, 0), "at the top left"), ((4, 4), "at the center"), ((8, 4), "at the bottom"), ((4, 8), "at the right")],
)
def test_where_the_light_is_is_described_in_words(cell, place):
    amounts = np.zeros((9, 9))
    amounts[cell] = 0.3
    assert overlays.describe_location(amounts) == f"mostly {place}"
    assert overlays.describe_location(np.zeros((9, 9))) == "nowhere in particular"
