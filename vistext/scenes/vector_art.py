"""Figures: shapes in tones, drawn by hand in code, from which sprites of any size are rendered.

Figures are drawn in 64ths of a picture, x to the right and y up from the ground, facing right.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

Points = str | Sequence[tuple[float, float]] | np.ndarray  # see `points`

# `nothing` is what shows the background. Marks (shadow, puff, foam) go with an object, but are not part of it.
TONES = (
    "nothing", "line", "body", "shade", "light", "far", "ink", "white", "eye", "pink", "beak", "second", "third",
    "glass", "metal", "tyre", "glow", "hair", "horn", "skin", "earth", "wood", "window",
    "shadow", "puff", "foam", "ripple",
    # Of furniture.
    "rug", "rug_band", "card", "card_dark", "card_tape", "top", "leg",
    # Of settings.
    "sky", "sky_low", "sun", "halo", "star", "cloud", "cloud_low", "far_hill", "hill", "meadow", "meadow_near",
    "blade", "petal", "leaf", "leaf_dark", "trunk", "lake", "lake_near", "wave", "shore",
    "wall", "wall_low", "skirting", "boards", "boards_near", "joint", "frame", "pane", "pane_low", "curtain",
    "poster", "motif", "pot", "plant", "lamp", "light_cone", "shelf", "book_a", "book_b", "book_c",
    "house_a", "house_b", "house_c", "house_d", "roof_a", "roof_b", "door", "lit", "unlit",
    "pavement", "slab", "kerb", "tarmac", "tarmac_near", "marking", "post", "bulb",
    "stone", "stone_near", "stone_joint", "stone_edge", "bollard", "coast", "tower", "tower_band",
)  # fmt: skip
INDEX = {name: number for number, name in enumerate(TONES)}
MARKS = ("shadow", "puff", "foam", "ripple")
OPACITY = {"shadow": 28, "puff": 75, "foam": 85, "ripple": 80}  # in a hundred


@dataclass(frozen=True)
class Part:
    """One shape of a figure, and how it is painted."""

    outline: np.ndarray  # float [k, 2]
    tone: int
    within: np.ndarray | None  # bool [256]
    edge: int | None  # the tone of a rim around it, painted over what is there already
    lined: bool  # whether the line around the figure goes around it


@dataclass
class Figure:
    """The shapes of a drawing, from back to front."""

    parts: list[Part] = field(default_factory=list)

    def shape(self, tone: str, outline, *, within: str = "", edge: str = "", line: bool = True) -> None:
        """Paint the inside of an outline in a tone, over the tones `within` only if there are any.

        `edge` is the tone of a thin rim that sets the shape off from the figure behind it; `line` is whether the line
        around the figure includes it, which it never does where it is painted within other tones.
        """
        only = np.isin(np.arange(256), [INDEX[name] for name in within.split()]) if within else None
        lined = line and not within and tone not in MARKS
        self.parts.append(Part(points(outline), INDEX[tone], only, INDEX[edge] if edge else None, lined))

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of the object itself, without marks."""
        marks = {INDEX[name] for name in MARKS}
        corners = np.concatenate([part.outline for part in self.parts if part.tone not in marks and part.lined])
        (left, bottom), (right, top) = corners.min(axis=0), corners.max(axis=0)
        return left, bottom, right, top


def points(given: Points, x: float = 0, y: float = 0) -> np.ndarray:
    """Points, float [k, 2], from a sequence or from text as in SVG ("0,1 2.5,-3"), moved by (x, y)."""
    pairs = [tuple(map(float, pair.split(","))) for pair in given.split()] if isinstance(given, str) else given
    return np.asarray(pairs, float) + np.array((x, y))


def curve(through: Points, smooth: int = 6) -> np.ndarray:
    """A smooth closed outline through points (Catmull-Rom)."""
    p = points(through)
    return _spline(np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0), smooth)


def path(through: Points, smooth: int = 6) -> np.ndarray:
    """A smooth open path through points."""
    p = points(through)
    ends = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    return np.concatenate([_spline(ends[:-3], ends[1:-2], ends[2:-1], ends[3:], smooth), p[-1:]])


def _spline(before, start, end, after, smooth: int) -> np.ndarray:
    t = (np.arange(smooth) / smooth)[None, :, None]
    before, start, end, after = (points[:, None] for points in (before, start, end, after))
    cubic = 2 * start + (end - before) * t
    cubic = cubic + (2 * before - 5 * start + 4 * end - after) * t**2
    cubic = cubic + (3 * start - before - 3 * end + after) * t**3
    return (cubic / 2).reshape(-1, 2)


def oval(x: float, y: float, across: float, up: float, turn: float = 0, *, corners: int = 20) -> np.ndarray:
    """An ellipse around (x, y) with two radii, turned anticlockwise by degrees."""
    flat = _circle(corners) * (across, up)
    return (turned(flat, turn) if turn else flat) + np.array((x, y), float)


@cache
def _circle(corners: int) -> np.ndarray:
    return np.array([direction(360 * k / corners) for k in range(corners)])


def turned(outline: Points, degrees: float, around: tuple[float, float] = (0, 0)) -> np.ndarray:
    """Points turned anticlockwise."""
    c, s = direction(degrees)
    x, y = (points(outline) - around).T
    return np.stack([c * x - s * y, s * x + c * y], axis=1) + around


@cache
def direction(degrees: float) -> tuple[float, float]:
    """Cosine and sine, rounded: their last digits differ between machines."""
    angle = math.radians(degrees)
    return round(math.cos(angle), 9), round(math.sin(angle), 9)


def limb(along: Points, widths: Sequence[float], smooth: int = 5) -> np.ndarray:
    """The outline of a leg, tail or neck: along a path, as wide as the widths say at its points, with round ends."""
    middle = path(along, smooth)
    width = np.interp(np.linspace(0, len(widths) - 1, len(middle)), np.arange(len(widths)), widths) / 2
    ahead = np.gradient(middle, axis=0)
    ahead /= np.maximum(np.sqrt((ahead * ahead).sum(axis=1, keepdims=True)), 1e-9)
    side = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) * width[:, None]
    # Half turns around both ends.
    turns = [direction(angle) for angle in (30, 60, 90, 120, 150)]
    end = [middle[-1] + c * side[-1] + s * ahead[-1] * width[-1] for c, s in turns]
    start = [middle[0] - c * side[0] - s * ahead[0] * width[0] for c, s in turns]
    return np.concatenate([middle + side, end, (middle - side)[::-1], start])


def box(left: float, bottom: float, right: float, top: float, round_by: float = 0) -> np.ndarray:
    """A rectangle, with rounded corners if wanted."""
    if not round_by:
        return np.array([(left, bottom), (right, bottom), (right, top), (left, top)], float)
    quarter = [direction(angle) for angle in (0, 30, 60, 90)]
    middles = [(right, top, 1, 1), (left, top, -1, 1), (left, bottom, -1, -1), (right, bottom, 1, -1)]
    corners = []
    for x, y, sx, sy in middles:
        arc = [(x - sx * round_by + sx * c * round_by, y - sy * round_by + sy * s * round_by) for c, s in quarter]
        corners += arc if sx == sy else arc[::-1]
    return np.array(corners)
