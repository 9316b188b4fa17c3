"""Boxes, masks and light laid over a picture: drawn by Pillow, so that a slider can redraw them in milliseconds.

Each of the ten kinds has one color in the whole course; color alone says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vistext.data.images import overlay_heat
from vistext.scenes import ontology

if TYPE_CHECKING:
    from vistext.tasks.srl.model import PredictedFrame  # which starts TensorFlow

# Paul Tol's "muted" scheme, which the color-blind can tell apart, and the orange of his "vibrant" one for the tenth
# ("Color schemes", SRON/EPS/TN/09-002, 2021); each near the usual color of its kind where there is one.
KIND_COLORS = dict(
    zip(
        ontology.KINDS,
        ("#88CCEE", "#CC6677", "#DDCC77", "#EE7733", "#882255", "#AA4499", "#117733", "#999933", "#332288", "#44AA99"),
        strict=True,
    )
)
ENLARGED = 384  # pixels: about the side at which small pictures are shown, so that lines and letters are fine


def enlarge(picture: np.ndarray, side: int = ENLARGED) -> np.ndarray:
    """A picture [h, w, ...] with each pixel as a square, by the largest whole factor that keeps it within `side`."""
    factor = max(1, side // max(picture.shape[:2]))
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def draw_boxes(
    picture: np.ndarray, boxes: np.ndarray, kinds: Iterable[int], notes: Sequence[str] = (), side: int = ENLARGED
) -> np.ndarray:
    """A picture, enlarged, with a named frame around each object.

    Args:
        picture: uint8 [h, w, 3].
        boxes: [n, 4]: left, top, right, bottom in pixels of `picture`; right and bottom are the first column and row
            beyond the object.
        kinds: [n], indices into `ontology.KINDS`.
        notes: what to write after each name, such as "97 %"; none or n.
        side: see `enlarge`.

    Raises:
        ValueError: boxes, kinds and notes are not equally many.
    """
    names, notes = [ontology.KINDS[kind] for kind in kinds], list(notes) or [""] * len(boxes)
    if not len(boxes) == len(names) == len(notes):
        raise ValueError(f"{len(boxes)} boxes, {len(names)} kinds and {len(notes)} notes: they must be equally many")
    canvas = Image.fromarray(enlarge(picture, side))
    factor = canvas.width // picture.shape[1]
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(max(11, canvas.width // 20))
    frames = np.rint(np.asarray(boxes, "float64").reshape(-1, 4) * factor).astype(int).tolist()
    for left, top, right, bottom in frames:
        if left < right and top < bottom:
            pen.rectangle((left - 1, top - 1, right, bottom), outline="white", width=5)
    for (left, top, right, bottom), name in zip(frames, names, strict=True):
        if left < right and top < bottom:
            pen.rectangle((left, top, right - 1, bottom - 1), outline=KIND_COLORS[name], width=3)
    labels: list[tuple[int, int, int, int]] = []
    for frame, name, note in zip(frames, names, notes, strict=True):  # last, so that no frame crosses them
        labels.append(_label(pen, f"{name} {note}".strip(), font, frame, color=KIND_COLORS[name], others=labels))
    return np.asarray(canvas)


def draw_frames(picture: np.ndarray, frames: Sequence[PredictedFrame], side: int = ENLARGED) -> np.ndarray:
    """A picture, enlarged, with a box around the object of each frame, and its verb."""
    edges = np.array([frame.edges(len(picture)) for frame in frames])
    return draw_boxes(picture, edges, [frame.kind for frame in frames], [frame.verb for frame in frames], side)


def draw_masks(picture: np.ndarray, classes: np.ndarray, side: int = ENLARGED) -> np.ndarray:
    """A picture, enlarged, with the pixels of each kind in its color and an outline, and all others pale and gray.

    Args:
        picture: uint8 [h, w, 3].
        classes: uint8 [h, w]: 0 where no object is, k + 1 where an object of kind k is.
        side: see `enlarge`.
    """
    grey = np.asarray(Image.fromarray(picture).convert("L"), "float32")[..., np.newaxis]
    palette = np.array([[255, 255, 255], *map(_rgb, KIND_COLORS.values())], "float32")
    light = np.where(classes[..., np.newaxis] == 0, 0.65, 0.6)  # share of the flat color
    tinted = light * palette[classes] + (1 - light) * grey
    canvas = enlarge(np.rint(tinted).astype("uint8"), side)
    factor = canvas.shape[1] // picture.shape[1]
    parts = enlarge(classes, side)
    width = max(1, factor // 4)
    edge = np.zeros(parts.shape, bool)
    edge[width:] |= parts[width:] != parts[:-width]
    edge[:, width:] |= parts[:, width:] != parts[:, :-width]
    canvas[edge] = (35, 40, 45)
    return canvas


def heatmap(picture: np.ndarray, amounts: np.ndarray, side: int = ENLARGED) -> np.ndarray:
    """A picture, enlarged, under a heat map of the cells of a grid: the higher its value, the darker red a cell.

    Args:
        picture: uint8 [h, w, 3].
        amounts: float [rows, columns], 0 or more: of the cells of the grid; the largest is the hottest.
        side: see `enlarge`.
    """
    canvas = enlarge(picture, side)
    amounts = np.asarray(amounts, "float32")
    cells = (np.arange(size) * count // size for size, count in zip(canvas.shape, amounts.shape, strict=False))
    return overlay_heat(canvas, (amounts / (amounts.max() or 1))[np.ix_(*cells)])


def describe_location(amounts: np.ndarray) -> str:
    """In words, where the middle of all amounts is: float [rows, columns], 0 or more, in the cells of a grid."""
    total = float(amounts.sum())
    if total == 0:
        return "nowhere in particular"
    rows, columns = np.indices(amounts.shape) + 0.5
    x, y = (columns * amounts).sum() / total / amounts.shape[1], (rows * amounts).sum() / total / amounts.shape[0]
    return f"mostly {place(x, y)}"


def place(x: float, y: float) -> str:
    """In words, the part of a 3 × 3 grid over the picture that a point lies in; x and y from 0, left and top, to 1."""
    across, down = (min(2, int(3 * share)) for share in (x, y))
    words = (("top", "", "bottom")[down], ("left", "", "right")[across])
    return f"at the {' '.join(filter(None, words)) or 'center'}"


def _label(
    pen: ImageDraw.ImageDraw, text: str, font, box: Sequence[int], *, color: str, others: Sequence[Sequence[int]]
) -> tuple[int, int, int, int]:
    """A name on its color: above its box, or where it hides least of the other names; never beyond the picture."""
    start, up, end, down = font.getbbox(text)
    width, height = int(end - start) + 8, int(down - up) + 6
    left, top, right, bottom = box
    above = [(left, top - height), (right - width, top - height)] if top >= height else []
    corners = [
        *above,
        (left, top),
        (right - width, top),
        (left, bottom),
        (right - width, bottom),
        (left, bottom - height),
    ]
    furthest = pen.im.size[0] - width, pen.im.size[1] - height
    places = [[min(max(0, at), max(0, most)) for at, most in zip(corner, furthest, strict=True)] for corner in corners]

    def hidden(place: Sequence[int]) -> int:
        x, y = place
        return sum(
            max(0, min(x + width, other[2]) - max(x, other[0])) * max(0, min(y + height, other[3]) - max(y, other[1]))
            for other in others
        )

    x, y = min(places, key=hidden)
    pen.rectangle((x, y, x + width - 1, y + height - 1), fill=color)
    ink = "white" if np.dot(_rgb(color), (0.299, 0.587, 0.114)) < 140 else "black"
    pen.text((x + 4 - start, y + 3 - up), text, fill=ink, font=font)
    return x, y, x + width, y + height


def _rgb(color: str) -> tuple[int, int, int]:
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return red, green, blue
