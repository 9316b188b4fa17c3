"""Photographs in place of drawings: framed cards, for a harder world of real pixels."""

import numpy as np

from vistext.scenes import ontology
from vistext.scenes.scene import SceneObject

Photos = tuple[np.ndarray, np.ndarray]  # pictures, uint8 [m, h, w, 3], and labels
PAPER = 248
LONGEST = 4 / 3  # a card is at most so many times as long as it is wide


class Album:
    """Photographs by kind."""

    def __init__(self, photos: Photos | None):
        if photos is None:
            raise ValueError(
                'object_style="photo" needs photos=(pictures, labels), such as the two arrays of a split of CIFAR-10'
            )
        pictures, labels = photos
        if pictures.ndim != 4 or pictures.shape[3] != 3 or pictures.dtype != np.uint8 or len(pictures) != len(labels):
            raise ValueError(
                "photos are pictures, uint8 [m, h, w, 3], and as many labels; "
                f"given were {pictures.dtype} {list(pictures.shape)} and {len(labels)} labels"
            )
        self._pictures = pictures
        self._of_kind = {kind: np.flatnonzero(np.asarray(labels) == k) for k, kind in enumerate(ontology.KINDS)}

    def card(self, kind: str, width: int, height: int, which: int) -> np.ndarray:
        """A photograph of a kind in a white frame, float32 [height, width, 3], whole numbers; `which` picks one."""
        places = self._of_kind[kind]
        if not places.size:
            raise ValueError(f"the photos show no {kind}; give at least one of each kind that is in the scene")
        frame = max(1, min(width, height) // 14) if min(width, height) >= 5 else 0
        card = np.full((height, width, 3), PAPER, np.float32)
        inner = (height - 2 * frame, width - 2 * frame)
        photo = _fitted(self._pictures[places[which % len(places)]], *inner)
        card[frame : frame + inner[0], frame : frame + inner[1]] = photo
        return card


def _fitted(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """The middle of a picture uint8 [h, w, 3] as float32 [height, width, 3]: each pixel is the mean of its area."""
    h, w = picture.shape[:2]
    # The largest part of the wanted shape.
    rows, columns = min(h, max(1, w * height // width)), min(w, max(1, h * width // height))
    top, left = (h - rows) // 2, (w - columns) // 2
    part = picture[top : top + rows, left : left + columns].astype(np.int64)
    part = _means(_means(part, height).swapaxes(0, 1), width).swapaxes(0, 1)
    return part.astype(np.float32)


def _means(rows: np.ndarray, length: int) -> np.ndarray:
    """Area means of [n, ...] along the first axis, in whole numbers."""
    count = len(rows)
    # Each row `length` times: `count` of these in a row are what one mean covers.
    parts = np.repeat(rows, length, axis=0).reshape(length, count, *rows.shape[1:])
    return (parts.sum(axis=1) + count // 2) // count


def card_box(obj: SceneObject, left: int, top: int, width: int, height: int) -> tuple[int, int, int, int]:
    """Where the card of an object is that has the box (left, top, width, height), in pixels: where that stood."""
    across = max(1, min(width, int(height * LONGEST + 0.5)))
    down = max(1, min(height, int(width * LONGEST + 0.5)))
    low = top + height - down if obj.place != "sky" else top + (height - down) // 2
    return left + (width - across) // 2, low, across, down
