"""Shapes become the pixels that geometry says."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vistext.scenes.raster import GRID, WHOLE, Layer, paint, shares, widen
from vistext.scenes.sprites import mirror, render
from vistext.scenes.vector_art import Figure, box, curve, limb, oval, path, turned

RECTANGLE = box(2, 3, 12, 9)
corner = st.tuples(st.integers(-5, 45), st.integers(-5, 35))


def painted(*outlines, size=(30, 40)):
    canvas = np.zeros(size, np.uint8)
    paint(canvas, [Layer([np.array(outline, float) for outline in outlines], 1)])
    return canvas == 1


def area(outline):
    x, y = np.asarray(outline).T
    return abs((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2


def test_a_rectangle_covers_its_pixels_within_the_map_and_no_others():
    expected = np.zeros((30, 40), bool)
    expected[4:9, 7:20] = True

    assert np.array_equal(painted(box(7, 4, 20, 9)), expected)
    assert painted(box(-10, -10, 100, 100)).all()
    assert not painted(box(50, 5, 60, 10)).any()


@settings(max_examples=150, deadline=None)
@given(st.tuples(corner, corner, corner))
def test_a_triangle_covers_the_pixels_whose_middle_is_on_the_inner_side_of_all_edges(triangle):
    (ax, ay), (bx, by), (cx, cy) = triangle
    rows, columns = np.mgrid[:30, :40] + 0.5
    assume(len(set(triangle)) == 3)
    # How far each pixel's middle is from each edge.
    sides = [
        ((x2 - x1) * (rows - y1) - (y2 - y1) * (columns - x1)) / np.hypot(x2 - x1, y2 - y1)
        for x1, y1, x2, y2 in ((ax, ay, bx, by), (bx, by, cx, cy), (cx, cy, ax, ay))
    ]
    inside = np.all([side > 0 for side in sides], axis=0) | np.all([side < 0 for side in sides], axis=0)
    on_edge = np.any([np.abs(side) < 1 / GRID for side in sides], axis=0)  # corners are rounded to such steps

    assert np.array_equal(painted(triangle)[~on_edge], inside[~on_edge])


def test_where_outlines_cross_themselves_or_each_other_all_of_it_is_inside():
    star = [(20 + 14 * np.cos(4 * np.pi * k / 5), 15 + 14 * np.sin(4 * np.pi * k / 5)) for k in range(5)]
    left, right = box(3, 3, 15, 15), box(9, 9, 25, 20)

    assert painted(star)[15, 20]
    assert np.array_equal(painted(widen(left, 0), widen(right, 0)), painted(left) | painted(right))


def test_painting_within_a_tone_leaves_the_others():
    canvas = np.zeros((10, 10), np.uint8)
    paint(canvas, [Layer([box(0, 0, 5, 10)], 3)])
    only = np.zeros(256, bool)
    only[3] = True
    paint(canvas, [Layer([box(2, 0, 8, 10)], 4, only)])

    assert (canvas[:, 2:5] == 4).all()
    assert (canvas[:, 5:] == 0).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 2, 4, 8]))
def test_shares_are_exact_and_add_up(seed, fineness):
    tones = np.random.default_rng(seed).integers(0, 5, (6 * fineness, 7 * fineness)).astype(np.uint8)
    found = shares(tones, fineness, 5)
    blocks = tones.reshape(6, fineness, 7, fineness)

    assert (found.sum(axis=2) == WHOLE).all()
    for tone in range(5):
        assert np.array_equal(found[..., tone], (blocks == tone).mean(axis=(1, 3)) * WHOLE)


@pytest.mark.parametrize("outline", [RECTANGLE, RECTANGLE[::-1], np.repeat(RECTANGLE, 2, axis=0)])
def test_a_widened_outline_is_larger_by_as_much_on_every_side(outline):
    wide = widen(outline, 1.5)
    circle = widen(oval(5, 6, 4, 4, corners=60), 1)

    assert wide.min(axis=0) == pytest.approx((0.5, 1.5))
    assert wide.max(axis=0) == pytest.approx((13.5, 10.5))
    assert np.hypot(*(circle - (5, 6)).T) == pytest.approx(5, abs=0.02)


def test_shapes_have_their_sizes_and_areas():
    ellipse, bar = oval(3, 4, 5, 2, corners=200), limb([(0, 0), (10, 0)], [2])

    assert np.ptp(ellipse, axis=0) == pytest.approx((10, 4), abs=0.01)
    assert area(ellipse) == pytest.approx(np.pi * 5 * 2, rel=0.01)
    assert area(bar) == pytest.approx(10 * 2 + np.pi, rel=0.03)
    assert bar.min(axis=0) == pytest.approx((-1, -1), abs=0.01)
    assert area(box(0, 0, 10, 6, 1)) == pytest.approx(60 - (4 - np.pi), abs=0.2)
    assert turned([(2, 1)], 90, (1, 1)) == pytest.approx(np.array([(1, 2)]))


def test_curves_and_paths_go_through_their_points():
    points = [(0, 0), (4, 1), (5, 5), (1, 6)]

    for line in (curve(points), path(points)):
        for point in points:
            assert np.hypot(*(line - point).T).min() == pytest.approx(0, abs=1e-9)


def a_figure():
    figure = Figure()
    figure.shape("body", [(0, 0), (10, 0), (10, 10), (7, 10), (6, 4), (0, 4)])
    figure.shape("puff", oval(-6, 2, 2, 2))
    return figure


def test_a_figure_fills_its_box_and_its_marks_reach_beyond():
    sprite = render(a_figure(), 30, 20, 1.0)
    rows, columns = np.nonzero(sprite.solid)

    assert (columns.min() + sprite.left, rows.min() + sprite.top) == (0, 0)
    assert (columns.max() + sprite.left, rows.max() + sprite.top) == (29, 19)
    assert sprite.left < -10


def test_a_mirrored_sprite_fills_the_same_box_the_other_way_round():
    sprite = render(a_figure(), 30, 20, 1.0)
    other = mirror(sprite, 30)
    row, columns = 19 - other.top, np.arange(30) - other.left

    assert np.array_equal(other.solid[row, columns], sprite.solid[19 - sprite.top, (29 - np.arange(30)) - sprite.left])
    assert np.array_equal(mirror(other, 30).shares, sprite.shares)
    assert mirror(other, 30).left == sprite.left
