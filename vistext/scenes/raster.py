"""Shapes to pixels, in whole numbers, so that every machine makes the same picture.

A shape is a closed outline. What is drawn is a map of tones, finer than the picture, in which a later shape paints over
an earlier one; it is then reduced to the share that each tone has of each pixel. Colours come last, so that one drawing
serves for every colour and every light.
"""

from collections.abc import Sequence

import numpy as np

GRID = 64  # steps between two samples to which corners are rounded
WHOLE = 256  # the shares of a pixel add up to this


def paint(tones: np.ndarray, outlines: Sequence[np.ndarray], tone: int, within: np.ndarray | None = None) -> None:
    """Fill closed outlines.

    Args:
        tones: uint8 [h, w], changed in place.
        outlines: each float [k, 2], x and y of its corners in samples; parts of it may lie outside. Several must all
            turn the same way, as `widen` makes them.
        tone: what the inside becomes; where outlines cross themselves or each other, all of it counts as inside.
        within: bool [256], the tones that may be painted over; all of them when left out.
    """
    height, width = tones.shape
    ends = [_next(outline) for outline in outlines]
    start, end = (np.floor(np.concatenate(points) * GRID + 0.5).astype(np.int64) for points in (outlines, ends))
    (x, y), (x_end, y_end) = start.T, end.T
    top, bottom = max(0, int(y.min()) // GRID), min(height, int(y.max()) // GRID + 1)
    left, right = max(0, int(x.min()) // GRID), min(width, int(x.max()) // GRID + 1)
    if top >= bottom or left >= right:
        return
    # For each edge, the rows whose middles it crosses.
    first = (np.minimum(y, y_end) + GRID // 2 - 1) // GRID
    last = (np.maximum(y, y_end) + GRID // 2 - 1) // GRID
    first, last = np.maximum(first, top), np.minimum(last, bottom)
    rows = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(len(rows)), rows)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(rows) - rows - first, rows)
    rise = (y_end - y)[edge]
    crossing = x[edge] + (row * GRID + GRID // 2 - y[edge]) * (x_end - x)[edge] // rise
    column = np.minimum(np.maximum((crossing + GRID // 2 - 1) // GRID, left), right) - left
    turns = np.zeros((bottom - top, right - left + 1), np.int32)
    np.add.at(turns, (row - top, column), np.sign(rise))
    inside = np.cumsum(turns, axis=1)[:, :-1] != 0
    region = tones[top:bottom, left:right]
    if within is not None:
        inside &= within[region]
    region[inside] = tone


def _next(outline: np.ndarray) -> np.ndarray:
    return np.concatenate([outline[1:], outline[:1]])


def shares(tones: np.ndarray, fineness: int, count: int) -> np.ndarray:
    """How much of each pixel each tone covers.

    Args:
        tones: uint8 [h * fineness, w * fineness], each below `count`.
        fineness: samples across a pixel; a power of 2, at most 16.
        count: the number of tones.

    Returns:
        float32 [h, w, count]: whole numbers that add up to `WHOLE` in each pixel.
    """
    height, width = (length // fineness for length in tones.shape)
    pixel = np.arange(height * width, dtype=np.int64).reshape(height, 1, width, 1) * count
    split = tones.reshape(height, fineness, width, fineness)
    counted = np.bincount((pixel + split).ravel(), minlength=height * width * count)
    return (counted * (WHOLE // fineness**2)).reshape(height, width, count).astype(np.float32)


def widen(outline: np.ndarray, by: float) -> np.ndarray:
    """The outline moved outwards everywhere, by a distance; sharp corners by at most twice as much.

    Args:
        outline: float [k, 2].
        by: the distance, in the outline's unit.

    Returns:
        float [k, 2], turning from x to y.
    """
    along = _next(outline) - outline
    length = np.sqrt((along * along).sum(axis=1, keepdims=True))
    if not length.all():  # corners that are there twice
        keep = length[:, 0] > 0
        outline, along, length = outline[keep], along[keep], length[keep]
    x, y = outline.T
    x_next, y_next = _next(x), _next(y)
    if (x * y_next - x_next * y).sum() < 0:
        return widen(outline[::-1], by)
    along /= length
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
    corner = normal + np.concatenate([normal[-1:], normal[:-1]])
    strength = np.maximum((corner * corner).sum(axis=1, keepdims=True), 1.0)
    return outline + corner * (2 * by / strength)
