"""A drawn stand-in for CIFAR-10: its ten classes, its sizes, its arrays; for when CIFAR-10 cannot be had.

Each picture shows one object close up: turned, stretched, cropped, occluded, blurred, before any setting. It is hard
enough that a network has to learn, and that a better one learns more.
"""

import sys
from functools import cache
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from vistext.data import array_cache, cifar10, download
from vistext.data.cifar10 import Cifar10, DataNotFoundError
from vistext.scenes import colors, ontology
from vistext.scenes.raster import WHOLE
from vistext.scenes.sampling import Draws
from vistext.scenes.sprite_sheet import backdrop_of, figure
from vistext.scenes.sprites import render
from vistext.scenes.vector_art import direction

VERSION = 2  # of the pictures; cached ones of another version are not used
NOTE = "a drawn stand-in for CIFAR-10, no photographs"
SIDE = 32
COUNTS = {"train": 50_000, "test": 10_000}  # CIFAR-10's own
STEPS = 64  # between two pixels, where a drawing is sampled
ARRANGEMENTS, ROOMS = 4, 12  # of each setting, and how many of their colors; few, for speed
STREAM = 100  # of random numbers: another than those of the scenes

_DOWN, _ACROSS = (axis.astype(np.int32) for axis in np.mgrid[:SIDE, :SIDE])


class Turn(NamedTuple):
    """How a drawing is laid into a picture: turned by degrees, stretched both ways, mirrored."""

    degrees: int
    across: float  # pixels of the picture for one of the drawing
    down: float
    mirrored: bool


def cifar10_or_stand_in() -> Cifar10:
    """CIFAR-10 where it can be had, and the stand-in, with a `note` and a banner that says why, where it cannot.

    Without a network the answer comes at once, or after a dozen seconds where nothing says that there is none.

    Raises:
        DamagedDataError: the network gives something else than CIFAR-10: no reason to take something else here.
    """
    try:
        return cifar10.load(attempts=2)
    except DataNotFoundError as error:
        print(f"{error}\nUntil then: {NOTE}.", file=sys.stderr)
    return load()


def load() -> Cifar10:
    """The stand-in, made on the first call (half a minute) and cached (185 MB), memory-mapped and read-only."""
    folder = download.cache_folder() / "standin" / f"v{VERSION}"

    def draw() -> dict[str, np.ndarray]:
        arrays = {}
        for seed, (split, count) in enumerate(COUNTS.items()):
            arrays[f"{split}_pictures"], arrays[f"{split}_labels"] = make(count, seed, bar=True)
        return arrays

    arrays = array_cache.load_or_make(folder, draw)
    return cifar10.from_arrays(arrays, NOTE)


def make(count: int, seed: int, *, bar: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, uint8 [count, 32, 32, 3], and labels, int64 [count]; each ten in a row show all ten classes."""
    if count < 0:
        raise ValueError(f"the number of pictures is at least 0; given was {count}")
    draw = Draws(seed, STREAM)
    pictures, labels = np.empty((count, SIDE, SIDE, 3), np.uint8), np.empty(count, np.int64)
    numbers = tqdm(range(count), "drawing", unit=" pictures", leave=False, disable=not bar)
    for index, label in zip(numbers, draw.kinds_in_turn(), strict=False):
        labels[index] = label
        pictures[index] = _picture(ontology.KINDS[label], draw)
    return pictures, labels


def _picture(kind: str, draw: Draws) -> np.ndarray:
    # Not always where it belongs: the background alone must not tell the kind.
    setting = draw.one_of(_settings(kind) if draw.below(100) < 80 else tuple(ontology.SETTINGS))
    behind = _backdrop(setting, "night" if draw.below(4) == 0 else "day", draw.below(ARRANGEMENTS), draw.below(ROOMS))
    canvas = np.zeros((SIDE, SIDE, 3), np.int32)
    zoom = draw.between(80, 160) / 100
    origin = draw.between(14, 50), draw.between(14, 50)
    _lay(canvas, behind, (16, 16), origin, Turn(draw.between(-4, 4), zoom, zoom, False))
    if draw.below(100) < 20:  # something else in the distance
        _put(canvas, draw.one_of(ontology.KINDS), (draw.below(SIDE), draw.below(SIDE)), draw.between(8, 13), draw)
    _put(canvas, kind, (16 + draw.between(-4, 4), 16 + draw.between(-4, 4)), draw.between(22, 38), draw)
    if draw.below(100) < 25:
        _hide_a_part(canvas, behind, draw)
    return _photographed(canvas, draw)


@cache
def _settings(kind: str) -> tuple[str, ...]:
    places = {place for able in ontology.POSTURES[kind].values() for place in able}
    return tuple(setting for setting, there in ontology.SETTINGS.items() if places.intersection(there))


@cache
def _backdrop(setting: str, time: str, arrangement: int, room: int) -> np.ndarray:
    """A setting in colors: int32 [64, 64, 4], three colors times `WHOLE` and opacity up to `WHOLE`."""
    flat = backdrop_of(setting, time, arrangement, setting == "field" and arrangement % 2 == 0, 64)
    palette = colors.scenery(time == "night", room * (colors.ROOMS // ROOMS) + room)
    colored = (flat.shares @ palette[flat.tones]).reshape(64, 64, 3)
    return np.dstack([colored, np.full((64, 64), WHOLE)]).astype(np.int32)


@cache
def _sprite(kind: str, posture: str, variant: int, percent: int):
    width, height = ((length * percent + 50) // 100 for length in ontology.EXTENT[kind][posture])
    return render(figure(kind, posture, variant), width, height, 1.0)


_tones = cache(colors.tones)


def _put(canvas: np.ndarray, kind: str, middle: tuple[int, int], longest: int, draw: Draws) -> None:
    """Lay an object of a kind into the picture, in any of its looks."""
    posture, variant = draw.one_of(tuple(ontology.POSTURES[kind])), draw.one_of(ontology.VARIANTS)
    # Sampling would leave out lines of a drawing that is much too large.
    sprite = _sprite(kind, posture, variant, 100 if longest >= 24 else 60)
    height, width = sprite.solid.shape
    brightness = np.array([draw.between(80, 115) for _ in range(3)]) + draw.between(-10, 10)
    palette = np.minimum(_tones(kind, draw.one_of(ontology.COLORS[kind])) * brightness // 100, 255)
    drawing = np.zeros((height + 2, width + 2, 4), np.int32)  # a transparent rim around it
    drawing[1:-1, 1:-1, :3] = (sprite.shares @ palette[sprite.tones].astype(np.float32)).reshape(height, width, 3)
    drawing[1:-1, 1:-1, 3] = WHOLE - sprite.through[..., 0]
    scale = longest / max(sprite.solid.shape)
    stretch = draw.between(85, 118) / 100
    turn = Turn(draw.between(-10, 10), scale * stretch, scale / stretch, draw.below(2) == 0)
    _lay(canvas, drawing, middle, ((width + 2) // 2, (height + 2) // 2), turn)


def _lay(canvas: np.ndarray, drawing: np.ndarray, middle: tuple[int, int], origin: tuple[int, int], turn: Turn) -> None:
    """Blend a drawing, [h, w, 4], into the canvas, so that its origin comes to the middle given, in whole numbers."""
    c, s = direction(turn.degrees)
    x, y = _ACROSS - middle[0], _DOWN - middle[1]
    across, down = (c * x + s * y) / turn.across, (c * y - s * x) / turn.down
    if turn.mirrored:
        across = -across
    height, width = drawing.shape[:2]
    u = np.clip(np.floor(across * STEPS + 0.5).astype(np.int32) + origin[0] * STEPS, 0, (width - 1) * STEPS - 1)
    v = np.clip(np.floor(down * STEPS + 0.5).astype(np.int32) + origin[1] * STEPS, 0, (height - 1) * STEPS - 1)
    column, row, right, low = u // STEPS, v // STEPS, (u % STEPS)[..., None], (v % STEPS)[..., None]
    flat, corner = drawing.reshape(-1, 4), row * width + column
    upper, lower = (
        flat.take(start, axis=0) * (STEPS - right) + flat.take(start + 1, axis=0) * right
        for start in (corner, corner + width)
    )
    sampled = (upper * STEPS + (lower - upper) * low) // STEPS**2
    canvas *= WHOLE - sampled[..., 3:]
    canvas += sampled[..., :3]
    canvas //= WHOLE


def _hide_a_part(canvas: np.ndarray, behind: np.ndarray, draw: Draws) -> None:
    """Something plain stands before the object: a round one anywhere but in the middle, or one that fills an edge."""
    color = behind[draw.below(64), draw.below(64), :3] // WHOLE + draw.between(-40, 40)
    if draw.below(2):
        degrees, radius, away = draw.below(360), draw.between(4, 8), draw.between(9, 15)
        c, s = direction(degrees)
        hidden = (_ACROSS - (16 + int(away * c))) ** 2 + (_DOWN - (16 + int(away * s))) ** 2 <= radius**2
    else:
        a, b = draw.between(-4, 4), draw.between(-4, 4) or 5
        slope = a * _ACROSS + b * _DOWN
        hidden = slope >= np.sort(slope.ravel())[-draw.between(120, 320)]
    canvas[hidden] = np.clip(color, 0, 255)


def _photographed(canvas: np.ndarray, draw: Draws) -> np.ndarray:
    """Blur, light from one side, contrast, a tint and noise."""
    if draw.below(100) < 30:
        canvas = _blurred(_blurred(canvas).transpose(1, 0, 2)).transpose(1, 0, 2)
    light = 100 + ((_ACROSS - 16) * draw.between(-16, 16) + (_DOWN - 16) * draw.between(-16, 16)) // 12
    canvas = canvas * light[..., None] // 100
    if draw.below(100) < 6:
        canvas = np.broadcast_to(canvas.sum(axis=2, keepdims=True) // 3, canvas.shape)
    contrast, brightness = draw.between(65, 115), draw.between(-28, 28)
    tint = np.array([draw.between(85, 112) for _ in range(3)])
    canvas = (canvas - 128) * contrast * tint // 10_000 + 128 + brightness
    canvas = canvas + _noise()[draw.below(len(_noise()))] * draw.between(0, 9) // 148
    return np.clip(canvas, 0, 255).astype(np.uint8)


def _blurred(canvas: np.ndarray) -> np.ndarray:
    padded = np.concatenate([canvas[:1], canvas, canvas[-1:]])
    return (padded[:-2] + 2 * padded[1:-1] + padded[2:]) // 4


@cache
def _noise() -> np.ndarray:
    """int32 [64, 32, 32, 3] around 0; the sum of four bytes is close to normal, with a deviation of 148."""
    count = 64 * SIDE * SIDE * 3
    raw = np.random.PCG64(np.random.SeedSequence([0, STREAM + 1])).random_raw(count // 2).astype("<u8")
    return (raw.view(np.uint8).reshape(64, SIDE, SIDE, 3, 4).sum(axis=4, dtype=np.int32)) - 510
