"""Rasterization in whole numbers, so that every machine draws the same picture.

Shapes are painted into a map of tones that is finer than the picture, which is then reduced to the share that each tone
has of each pixel. Colors come last, so that one rasterization serves for every color and every light.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

GRID = 64  # steps between two samples to which corners are rounded
WHOLE = 256  # the shares of a pixel add up to this


class Layer(NamedTuple):
    """What is filled at once; several outlines all turn the same way, and what lies in any of them is inside."""

    outlines: Sequence[np.ndarray]  # closed, each float [k, 2] in samples; parts may lie outside
    tone: int  # what the inside becomes
    within: np.ndarray | None = None  # bool [256], the tones that may be painted over; all when left out


def paint(tones: np.ndarray, layers: Sequence[Layer]) -> None:
    """Fill outlines in a map of tones, uint8 [h, w], in place, a later layer over an earlier one."""
    if not layers:
        return
    height, width = tones.shape
    # Where the edges cross the middles of rows: for all layers at once, since each call of NumPy has its price.
    outlines = [outline for layer in layers for outline in layer.outlines]
    lengths = np.array([len(outline) for outline in outlines])
    counts = np.array([sum(map(len, layer.outlines)) for layer in layers])
    corners = np.floor(np.concatenate(outlines) * GRID + 0.5).astype(np.int64)
    x, y = np.ascontiguousarray(corners.T)
    ends = np.cumsum(lengths)
    following = np.arange(1, len(x) + 1)
    following[ends - 1] = ends - lengths
    starts, layer = np.cumsum(counts) - counts, np.repeat(np.arange(len(layers)), counts)
    top, bottom = _reach(y, starts, height)
    left, right = _reach(x, starts, width)
    middle = (y + (GRID // 2 - 1)) // GRID
    upper, lower = np.minimum(middle, middle[following]), np.maximum(middle, middle[following])
    first = np.maximum(upper, top[layer])
    rows = np.maximum(np.minimum(lower, bottom[layer]) - first, 0)
    edge = np.repeat(np.arange(len(rows)), rows)
    row = np.arange(len(edge)) - (np.cumsum(rows) - rows - first)[edge]
    run, rise = (x[following] - x)[edge], (y[following] - y)[edge]
    crossing = x[edge] + (row * GRID + GRID // 2 - y[edge]) * run // rise
    layer = layer[edge]
    column = np.minimum(np.maximum((crossing + (GRID // 2 - 1)) // GRID, left[layer]), right[layer]) - left[layer]
    place, turn = (row - top[layer]) * (right - left + 1)[layer] + column, np.sign(rise).astype(np.int32)
    own = np.searchsorted(layer, np.arange(len(layers) + 1))
    for number, (_, tone, within) in enumerate(layers):
        rows, columns = bottom[number] - top[number], right[number] - left[number]
        if rows <= 0 or columns <= 0:
            continue
        turns = np.zeros(rows * (columns + 1), np.int32)
        here = slice(own[number], own[number + 1])
        np.add.at(turns, place[here], turn[here])
        inside = np.cumsum(turns.reshape(rows, columns + 1), axis=1, dtype=np.int32)[:, :-1] != 0
        region = tones[top[number] : bottom[number], left[number] : right[number]]
        if within is not None:
            inside &= within[region]
        np.copyto(region, np.uint8(tone), where=inside)


def _reach(values: np.ndarray, starts: np.ndarray, end: int) -> tuple[np.ndarray, np.ndarray]:
    """For each layer, the first row (or column) that its corners reach, and the first beyond them."""
    first = np.minimum.reduceat(values, starts) // GRID
    last = np.maximum.reduceat(values, starts) // GRID
    return np.maximum(first, 0), np.minimum(last + 1, end)


def shares(tones: np.ndarray, fineness: int, count: int) -> np.ndarray:
    """How much of each pixel each tone covers: float32 [h, w, count], whole numbers that add up to `WHOLE`."""
    height, width = (length // fineness for length in tones.shape)
    pixel = np.arange(height * width, dtype=np.int64).reshape(height, 1, width, 1) * count
    split = tones.reshape(height, fineness, width, fineness)
    counted = np.bincount((pixel + split).ravel(), minlength=height * width * count)
    return (counted * (WHOLE // fineness**2)).reshape(height, width, count).astype(np.float32)


def widen(outline: np.ndarray, by: float) -> np.ndarray:
    """An outline [k, 2] moved outwards by a distance, turning from x to y; sharp corners by at most twice as much."""
    following = np.roll(outline, -1, axis=0)
    if (outline[:, 0] * following[:, 1] - following[:, 0] * outline[:, 1]).sum() < 0:
        outline = outline[::-1]
        following = np.roll(outline, -1, axis=0)
    along = following - outline
    length = np.sqrt((along * along).sum(axis=1, keepdims=True))
    if not length.all():  # corners that are there twice
        keep = length[:, 0] > 0
        outline, along, length = outline[keep], along[keep], length[keep]
    along /= length
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
    corner = normal + np.roll(normal, 1, axis=0)
    strength = np.maximum((corner * corner).sum(axis=1, keepdims=True), 1.0)
    return outline + corner * (2 * by / strength)
