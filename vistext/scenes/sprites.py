"""Sprites: figures in pixels, still without colors, rendered once for each size and cached."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import wraps

import numpy as np

from vistext.scenes.raster import WHOLE, Layer, paint, shares, widen
from vistext.scenes.vector_art import INDEX, MARKS, OPACITY, TONES, Figure

LINE = 0.62  # how wide the line around a figure is, in 64ths of the picture
FINEST = 8  # samples across a pixel; half as many where pixels are small anyway
CACHE_BYTES = 96 << 20  # of each function

# Rims lie on the figure itself, never on its line or on what shows around it.
_FIGURE = np.array([name not in ("nothing", "line", *MARKS) for name in TONES] + [False] * (256 - len(TONES)))


@dataclass(frozen=True, eq=False)
class Sprite:
    """How much each tone has of each pixel; colors make a picture of it."""

    shares: np.ndarray  # float32 [h * w, tones used]: whole numbers, opacity included
    tones: np.ndarray  # int [tones used]: which they are
    through: np.ndarray  # float32 [h, w, 1]: how much of what is behind shows, from 0 to 256
    solid: np.ndarray  # bool [h, w]: the pixels that belong to the object
    left: int  # where the first column and row are, seen from the box that it was made for
    top: int

    @property
    def bytes(self) -> int:
        return self.shares.nbytes + self.through.nbytes + self.solid.nbytes


def byte_lru_cache(function: Callable[..., Sprite]) -> Callable[..., Sprite]:
    """Remember what a function returned, the latest used, as long as it takes no more than `CACHE_BYTES`."""
    memory: OrderedDict[Hashable, Sprite] = OrderedDict()
    size = 0

    @wraps(function)
    def cached(*key: Hashable) -> Sprite:
        nonlocal size
        found = memory.get(key)
        if found is not None:
            memory.move_to_end(key)
            return found
        found = memory[key] = function(*key)
        size += found.bytes
        while size > CACHE_BYTES and len(memory) > 1:
            size -= memory.popitem(last=False)[1].bytes
        return found

    return cached


def render(figure: Figure, width: int, height: int, unit: float) -> Sprite:
    """The sprite of a figure that fills a box of so many pixels; `unit` is a 64th of the picture in pixels.

    Marks may reach beyond the box.
    """
    fineness = FINEST if max(width, height) <= 80 else FINEST // 2
    left, bottom, right, top = figure.bounds()
    rim = LINE * max(unit, 0.45)
    inner = max(width - 2 * rim, width / 2), max(height - 2 * rim, height / 2)
    scale = np.array([inner[0] / (right - left), -inner[1] / (top - bottom)])
    offset = np.array([(width - inner[0]) / 2 - left * scale[0], (height + inner[1]) / 2 - bottom * scale[1]])
    outlines = [part.outline * scale + offset for part in figure.parts]
    everything = np.concatenate(outlines)
    first = np.minimum(np.floor(everything.min(axis=0)).astype(int), 0)
    last = np.maximum(np.ceil(everything.max(axis=0)).astype(int), (width, height))
    columns, rows = last - first
    canvas = np.zeros((rows * fineness, columns * fineness), np.uint8)
    paint(canvas, _layers(figure, [(outline - first) * fineness for outline in outlines], rim * fineness))
    return _sprite(canvas, fineness, int(first[0]), int(first[1]))


def blend(picture: np.ndarray, sprite: Sprite, palette: np.ndarray, left: int, top: int) -> tuple:
    """Blend a sprite into a picture, float32 [h, w, 3] of whole numbers, so that its box begins at (left, top).

    Returns:
        The region of the picture that it lies in, and the part of the sprite that is seen, each as two slices.
    """
    left, top = left + sprite.left, top + sprite.top
    height, width = sprite.solid.shape
    here = slice(max(0, -top), len(picture) - top), slice(max(0, -left), picture.shape[1] - left)
    there = slice(max(0, top), top + height), slice(max(0, left), left + width)
    colored = (sprite.shares @ palette[sprite.tones]).reshape(height, width, 3)
    region = picture[there]
    region *= sprite.through[here]
    region += colored[here]
    region *= 1 / WHOLE
    np.floor(region, out=region)
    return there, here


def mirror(sprite: Sprite, width: int) -> Sprite:
    """The sprite facing the other way, for a box of that width."""
    height, columns = sprite.solid.shape
    covered = sprite.shares.reshape(height, columns, -1)[:, ::-1].reshape(height * columns, -1)
    left = width - columns - sprite.left
    return Sprite(covered, sprite.tones, sprite.through[:, ::-1].copy(), sprite.solid[:, ::-1].copy(), left, sprite.top)


def render_flat(figure: Figure, side: int, gradients: dict[str, tuple[str, int, int]]) -> Sprite:
    """The sprite of a figure that is a whole picture, 64 by 64 with y down, without a line around it.

    `gradients` has for a tone the one into which it turns, and between which heights.
    """
    fineness = FINEST // 2
    canvas = np.zeros((side * fineness, side * fineness), np.uint8)
    scale = side * fineness / 64
    paint(canvas, [Layer([part.outline * scale], part.tone, part.within) for part in figure.parts])
    flat = _sprite(canvas, fineness, 0, 0)
    covered, tones = flat.shares.reshape(side, side, -1), flat.tones
    for name, (into, start, end) in gradients.items():
        where = np.flatnonzero(tones == INDEX[name])
        if not where.size:
            continue
        # Half pixels, so that all is in whole numbers.
        steps = (128 * np.arange(side) + 64 - start * 2 * side) * WHOLE // ((end - start) * 2 * side)
        weight = np.clip(steps, 0, WHOLE).astype(np.float32)[:, None, None]
        turned = np.floor(covered[..., where] * weight / WHOLE)
        covered[..., where] -= turned
        covered = np.concatenate([covered, turned], axis=2)
        tones = np.append(tones, INDEX[into])
    return Sprite(np.ascontiguousarray(covered.reshape(side * side, -1)), tones, flat.through, flat.solid, 0, 0)


def _layers(figure: Figure, outlines: list[np.ndarray], rim: float) -> list[Layer]:
    """Shadows under the line, the line around the figure, and the parts, each on its rim if it has one."""
    drawn = list(zip(figure.parts, outlines, strict=True))
    marks = next(number for number, (part, _) in enumerate(drawn) if TONES[part.tone] not in MARKS)
    layers = [Layer([outline], part.tone, part.within) for part, outline in drawn[:marks]]
    layers.append(Layer([widen(outline, rim) for part, outline in drawn[marks:] if part.lined], INDEX["line"]))
    for part, outline in drawn[marks:]:
        if part.edge is not None:
            layers.append(Layer([widen(outline, rim)], part.edge, _FIGURE))
        layers.append(Layer([outline], part.tone, part.within))
    return layers


def _sprite(canvas: np.ndarray, fineness: int, left: int, top: int) -> Sprite:
    tones = np.flatnonzero(np.bincount(canvas.ravel(), minlength=len(TONES)))
    number = np.zeros(len(TONES), np.uint8)
    number[tones] = np.arange(len(tones))
    covered = shares(number[canvas], fineness, len(tones))
    own = np.array([TONES[tone] not in ("nothing", *MARKS) for tone in tones])
    solid = covered[..., own].sum(axis=2) >= WHOLE // 2
    for place, tone in enumerate(tones):
        if (opacity := OPACITY.get(TONES[tone])) is not None:
            covered[..., place] = np.floor(covered[..., place] * opacity / 100)
    if tones[0] == INDEX["nothing"]:
        covered, tones = covered[..., 1:], tones[1:]
    through = WHOLE - covered.sum(axis=2, keepdims=True)
    flat = np.ascontiguousarray(covered.reshape(-1, len(tones)))
    return Sprite(flat, tones, through, solid, left, top)
