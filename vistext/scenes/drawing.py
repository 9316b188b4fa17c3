"""A scene in pixels: its picture, boxes and masks, in whole numbers and so the same on every machine.

Matrix products are of float32, for speed, but of whole numbers below 2^24, which are exact in whatever order they add.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vistext.scenes import backdrops, colors, ontology
from vistext.scenes.photos import Album, Photos, card_box
from vistext.scenes.raster import WHOLE
from vistext.scenes.scene import Scene, SceneObject
from vistext.scenes.sprite_sheet import Placed, backdrop_of, furniture_of, pixels, sprite_of
from vistext.scenes.sprites import blend

SMALLEST, LARGEST = 16, 1024
STYLES = ("drawn", "photo")

# The light on objects, in 256ths: by day it is one of these, outdoors at night and in a lit room it is always the same.
DAYLIGHT = ((256, 256, 256), (256, 250, 238), (246, 250, 256), (238, 236, 240), (256, 244, 226))
MOONLIGHT = (206, 210, 240)
LAMPLIGHT = (238, 222, 202)


@dataclass(frozen=True, eq=False)
class Drawing:
    """A scene in pixels.

    Attributes:
        picture: uint8 [side, side, 3] RGB.
        boxes: int32 [n, 4]: left, top, right, bottom of what can be seen of each object, in pixels; right and bottom
            are the first column and row beyond it.
        kinds: int32 [n]: each object's kind, an index into `ontology.KINDS`.
        instances: uint8 [side, side]: 0 where no object is, i + 1 where `objects[i]` can be seen.
        classes: uint8 [side, side]: 0 where no object is, k + 1 where an object of kind k can be seen.
    """

    picture: np.ndarray
    boxes: np.ndarray
    kinds: np.ndarray
    instances: np.ndarray
    classes: np.ndarray

    @property
    def masks(self) -> np.ndarray:
        """bool [n, side, side]: where each object can be seen."""
        return self.instances == np.arange(1, len(self.boxes) + 1, dtype=np.uint8)[:, None, None]


@dataclass(frozen=True, eq=False)
class Drawings:
    """Many scenes in pixels, each array with one row a scene; after a scene's last object, boxes are 0 and kinds -1."""

    pictures: np.ndarray  # uint8 [n, side, side, 3]
    boxes: np.ndarray  # int32 [n, 4, 4]
    kinds: np.ndarray  # int32 [n, 4]
    instances: np.ndarray  # uint8 [n, side, side]
    classes: np.ndarray  # uint8 [n, side, side]

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Drawing:
        objects = index, slice(int((self.kinds[index] >= 0).sum()))
        boxes, kinds = self.boxes[objects], self.kinds[objects]
        return Drawing(self.pictures[index], boxes, kinds, self.instances[index], self.classes[index])


def draw(scene: Scene, side: int = 64, *, object_style: str = "drawn", photos: Photos | None = None) -> Drawing:
    """Draw a scene.

    Args:
        scene: what to draw.
        side: of the picture, in pixels, 16 to 1024.
        object_style: "drawn", or "photo": each object is a card with a photograph of its kind.
        photos: for "photo": uint8 [m, h, w, 3] and labels, int [m], such as the two arrays of a split of CIFAR-10.

    Raises:
        ValueError: a side out of range, an unknown style, or photographs that are missing or lack a kind.
    """
    return draw_many([scene], side, object_style=object_style, photos=photos)[0]


def draw_many(
    scenes: Sequence[Scene], side: int = 64, *, object_style: str = "drawn", photos: Photos | None = None
) -> Drawings:
    """Draw many scenes; see `draw`."""
    if not SMALLEST <= side <= LARGEST:
        raise ValueError(f"the side of a picture is {SMALLEST} to {LARGEST} pixels; given was {side}")
    if object_style not in STYLES:
        raise ValueError(f"a style of objects is one of: {', '.join(STYLES)}; given was {object_style!r}")
    count, most = len(scenes), ontology.MAX_OBJECTS
    drawn = Drawings(
        np.empty((count, side, side, 3), np.uint8),
        np.zeros((count, most, 4), np.int32),
        np.full((count, most), -1, np.int32),
        np.zeros((count, side, side), np.uint8),
        np.zeros((count, side, side), np.uint8),
    )
    album = Album(photos) if object_style == "photo" else None
    for index, scene in enumerate(scenes):
        _draw(scene, side, drawn, index, album)
    return drawn


def _draw(scene: Scene, side: int, drawn: Drawings, index: int, album: Album | None) -> None:
    canvas = _Canvas(scene, side, drawn.instances[index])
    for number, obj in enumerate(scene.objects, start=1):
        canvas.put(obj, number, album)
    drawn.pictures[index] = canvas.pixels
    classes = np.zeros(ontology.MAX_OBJECTS + 1, np.uint8)
    for number, obj in enumerate(scene.objects):
        kind = ontology.KINDS.index(obj.kind)
        classes[number + 1] = kind + 1
        drawn.kinds[index, number] = kind
        drawn.boxes[index, number] = _tight_box(canvas.instances == number + 1)
    drawn.classes[index] = classes[canvas.instances]


def _tight_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


class _Canvas:
    """A setting in its light, on which objects are put, the farthest first."""

    def __init__(self, scene: Scene, side: int, instances: np.ndarray):
        night = scene.time == "night"
        look, arrangement = divmod(scene.look, backdrops.ARRANGEMENTS)
        look, flipped = divmod(look, 2)
        look, day = divmod(look, len(DAYLIGHT))
        self._photo = look
        self._light = DAYLIGHT[day] if not night else LAMPLIGHT if scene.setting == "indoors" else MOONLIGHT
        self._scenery = colors.scenery(night, look % colors.ROOMS)
        if not night:  # what is behind has its own colors at night
            self._scenery = np.floor(self._scenery * np.array(self._light, np.float32) / WHOLE)
        pond = scene.setting == "field" and any(obj.place == "water" for obj in scene.objects)
        behind = backdrop_of(scene.setting, scene.time, arrangement, pond, side)
        canvas = (behind.shares @ self._scenery[behind.tones]).reshape(side, side, 3) / WHOLE
        # float32 [side, side, 3], whole numbers
        self.pixels = np.floor(np.ascontiguousarray(canvas[:, ::-1]) if flipped else canvas)
        self.instances = instances
        for obj in scene.objects:  # mats lie flat: they are laid before anything stands
            if obj.place == "mat" and (mat := furniture_of(obj, side)[0]):
                self._lay(mat, self._scenery, 0)

    def put(self, obj: SceneObject, number: int, album: Album | None) -> None:
        """Draw an object, and what it is in or on, over all that is there; its pixels are marked `number`."""
        side = len(self.pixels)
        behind, before = furniture_of(obj, side)
        if behind and obj.place != "mat":
            self._lay(behind, self._scenery, 0)
        if album is None:
            self._lay(sprite_of(obj, side), colors.lit(obj.kind, obj.color, self._light), number)
        else:
            left, top, width, height = card_box(obj, *pixels(obj.box, side))
            region = slice(top, top + height), slice(left, left + width)
            card = album.card(obj.kind, width, height, self._photo + number)
            self.pixels[region] = np.floor(card * np.array(self._light, np.float32) / WHOLE)
            self.instances[region] = number
        if before:
            self._lay(before, self._scenery, 0)

    def _lay(self, placed: Placed, palette: np.ndarray, number: int) -> None:
        """Blend a sprite in; its pixels are those of object `number` from now on (0: of none)."""
        there, here = blend(self.pixels, placed.sprite, palette, placed.left, placed.top)
        self.instances[there][placed.sprite.solid[here]] = number
