"""Portraits, for lesson 04: small pictures of one whole object each, close up, before two plain areas of color."""

import operator
import zlib
from functools import cache

import numpy as np

from vistext.scenes import colors, ontology
from vistext.scenes.sampling import Draws
from vistext.scenes.sprite_sheet import figure
from vistext.scenes.sprites import Sprite, blend, render
from vistext.scenes.vector_art import INDEX

SIDE = 32
SPLITS = ("train", "test")
TESTED = 20  # in a hundred pictures
LENGTHS = (24, 28)  # of an object's longer side, in pixels
STREAM = 200  # of random numbers: another than those of scenes and of the stand-in

# What is behind an object at a place, above and below the horizon.
_GROUNDS = {
    "floor": ("wall", "boards"),
    "mat": ("wall", "rug"),
    "box": ("wall", "card"),
    "table": ("wall", "top"),
    "grass": ("sky_low", "meadow"),
    "road": ("house_a", "tarmac"),
    "pavement": ("house_d", "slab"),
    "quay": ("sky_low", "stone"),
    "water": ("sky_low", "lake"),
    "sky": ("sky", "sky_low"),
}


def make(count: int, seed: int, split: str = "train") -> tuple[np.ndarray, np.ndarray]:
    """Draw portraits.

    Args:
        count: how many, at least 0.
        seed: at least 0.
        split: "train" or "test". No picture is in both: its own bytes decide in which it is.

    Returns:
        Pictures, uint8 [count, 32, 32, 3], and labels, int32 [count]: each ten in a row show all ten kinds.
    """
    if (count := operator.index(count)) < 0:
        raise ValueError(f"the number of pictures is at least 0; given was {count}")
    if split not in SPLITS:
        raise ValueError(f"a split of portraits is one of: {', '.join(SPLITS)}; given was {split!r}")
    draw = Draws(seed, STREAM + SPLITS.index(split))
    pictures, labels = np.empty((count, SIDE, SIDE, 3), np.uint8), np.empty(count, np.int32)
    for index, label in zip(range(count), draw.kinds_in_turn(), strict=False):
        labels[index] = label
        picture = _picture(ontology.KINDS[label], draw)
        while _split(picture) != split:
            picture = _picture(ontology.KINDS[label], draw)
        pictures[index] = picture
    return pictures, labels


def _split(picture: np.ndarray) -> str:
    return "test" if zlib.crc32(picture.tobytes()) % 100 < TESTED else "train"


def _picture(kind: str, draw: Draws) -> np.ndarray:
    posture, variant = draw.one_of(tuple(ontology.POSTURES[kind])), draw.one_of(ontology.VARIANTS)
    place, length = draw.one_of(ontology.POSTURES[kind][posture]), draw.one_of(LENGTHS)
    canvas = _background(place, draw.below(colors.ROOMS), draw.between(16, 21))
    width, height = _size(kind, posture, length)
    free, lift = SIDE - height, draw.below(4)
    # What flies or leaps is anywhere between top and bottom, all else near the bottom.
    top = free * (lift + 1) // 5 if place == "sky" or posture == "jumping" else max(0, free - 1 - lift)
    left = (SIDE - width) // 2 + draw.between(-2, 2)
    palette = _tones(kind, draw.one_of(ontology.COLORS[kind]))
    blend(canvas, _sprite(kind, posture, variant, length), palette, left, top)
    return (canvas[:, ::-1] if draw.below(2) else canvas).astype(np.uint8)


def _background(place: str, room: int, horizon: int) -> np.ndarray:
    """float32 [32, 32, 3], whole numbers from 0 to 255; the horizon is the first row below it."""
    palette = colors.scenery(False, room)
    above, below = (palette[INDEX[name]] for name in _GROUNDS[place])
    canvas = np.empty((SIDE, SIDE, 3), np.float32)
    canvas[:horizon], canvas[horizon:] = above, below
    return canvas


def _size(kind: str, posture: str, length: int) -> tuple[int, int]:
    """Width and height in pixels."""
    longest = max(ontology.EXTENT[kind][posture])
    width, height = ((side * length + longest // 2) // longest for side in ontology.EXTENT[kind][posture])
    return width, height


@cache
def _sprite(kind: str, posture: str, variant: int, length: int) -> Sprite:
    unit = length / max(ontology.EXTENT[kind][posture])
    return render(figure(kind, posture, variant), *_size(kind, posture, length), unit)


_tones = cache(colors.tones)
