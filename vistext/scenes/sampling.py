"""Random scenes, the same for the same seed on every machine."""

import operator
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from vistext.scenes import ontology
from vistext.scenes.scene import MOST_HIDDEN, Box, Scene, SceneObject, Words, depth, occlusion, split_of, treads_on_mat

# How often. Crowded scenes often find no room and are drawn afresh, so that these are not the frequencies: with them,
# each kind is 8 to 12 in a hundred of the objects in training, and one object or two are seen more often than four.
SETTINGS = {"indoors": 25, "field": 27, "street": 25, "harbour": 25, "sky": 5}
KINDS = {
    "indoors": {"bird": 2, "cat": 5, "dog": 6, "frog": 4},
    "field": {"airplane": 2, "bird": 1, "cat": 1, "deer": 6, "dog": 2, "frog": 2, "horse": 7},
    "street": {
        "airplane": 2,
        "automobile": 8,
        "bird": 1,
        "cat": 1,
        "deer": 2,
        "dog": 2,
        "frog": 1,
        "horse": 3,
        "truck": 13,
    },
    "harbour": {"airplane": 2, "automobile": 4, "bird": 2, "cat": 1, "dog": 1, "ship": 18, "truck": 3},
    "sky": {"airplane": 3, "bird": 2},
}
COUNTS = {1: 33, 2: 31, 3: 21, 4: 18}
LARGE = {1: 60, 2: 50, 3: 30, 4: 15}  # in a hundred, by the number of objects: four large ones find no room
SAME_KIND = 25  # in a hundred: a further object is of a kind that is there already, so that there is something to count
SCALES = {"small": (60, 64, 68), "large": (95, 100, 106)}  # in hundredths; see `ontology.SCALES`
HIDDEN = 0.3  # of an object by others, at most; of what sits in a box, less
TRAIN_SEED_OFFSET = 1_000_000  # of a training's scenes: far from the seeds that people take
TRIES = 12  # to find room for an object


def sample(n: int, seed: int = 0, split: str = "train") -> list[Scene]:
    """Draw scenes at random, the same for the same seed and split everywhere.

    Args:
        n: how many, at least 0. More of them begin with the same ones.
        seed: at least 0.
        split: "train", "val" or "test", no two of which share a scene's facts, or "compositional": scenes with a
            pairing (a kind with a place, a color with a kind) that occurs in none of the others.

    Raises:
        ValueError: a negative number or seed, or an unknown split.
    """
    if (n := operator.index(n)) < 0:
        raise ValueError(f"the number of scenes is at least 0; given was {n}")
    if split not in ontology.SPLITS:
        raise ValueError(f"a split is one of: {', '.join(ontology.SPLITS)}; given was {split!r}")
    draw = Draws(seed, ontology.SPLITS.index(split))
    scenes: list[Scene] = []
    while len(scenes) < n:
        if scene := _scene(draw, split):
            scenes.append(scene)
    return scenes


class Draws:
    """Whole numbers at random. NumPy promises the raw numbers of PCG64 for ever, but not what it makes of them."""

    def __init__(self, seed: int, stream: int = 0):
        if (seed := operator.index(seed)) < 0:
            raise ValueError(f"a seed is at least 0; given was {seed}")
        self._source = np.random.PCG64(np.random.SeedSequence([seed, stream]))
        self._ready: list[int] = []

    def bits(self) -> int:
        """From 0 to 2^32 - 1."""
        if not self._ready:
            self._ready = (self._source.random_raw(2048) >> np.uint64(32)).tolist()
        return self._ready.pop()

    def below(self, end: int) -> int:
        """From 0 to end - 1."""
        return self.bits() * end >> 32

    def between(self, first: int, last: int) -> int:
        """From first to last."""
        return first + self.below(last - first + 1)

    def one_of(self, options: Sequence):
        return options[self.below(len(options))]

    def kinds_in_turn(self) -> Iterator[int]:
        """Indices of `ontology.KINDS` without end, such that each ten in a row are all of them."""
        while True:
            left = list(range(len(ontology.KINDS)))
            while left:
                yield left.pop(self.below(len(left)))

    def weighted(self, weights: dict):
        """One of the keys, as often as its whole number says."""
        left = self.below(sum(weights.values()))
        for option, weight in weights.items():
            left -= weight
            if left < 0:
                return option
        raise AssertionError


def _scene(draw: Draws, split: str) -> Scene | None:
    """One attempt: the objects' words come first, and decide the split; then room is found for them, or not."""
    setting, time = draw.weighted(SETTINGS), draw.one_of(ontology.TIMES)
    words = _words(draw, setting)
    if split_of(setting, time, words) != split:
        return None
    places = {place for *_, place in words}
    objects: tuple[SceneObject, ...] = ()
    for object_words in words:
        zone = ontology.zone(setting, object_words[-1], places)
        objects = _with_room_for(draw, object_words, objects, zone)
        if not objects:
            return None
    return Scene(objects, setting, time, draw.bits())


def _words(draw: Draws, setting: str) -> list[Words]:
    count = draw.weighted(COUNTS)
    words: list[Words] = []
    for _ in range(count):
        again = words and draw.below(100) < SAME_KIND
        kind = draw.one_of(words)[0] if again else draw.weighted(KINDS[setting])
        options = _options(setting, kind)
        place = draw.one_of(tuple(options))
        size = "large" if draw.below(100) < LARGE[count] else "small"
        words.append((kind, draw.one_of(ontology.COLORS[kind]), size, draw.one_of(options[place]), place))
    return words


@cache
def _options(setting: str, kind: str) -> dict[str, list[str]]:
    """The places where an object of a kind may be in a setting, and its postures at each."""
    at = {
        place: [posture for posture, places in ontology.POSTURES[kind].items() if place in places]
        for place in ontology.SETTINGS[setting]
    }
    return {place: postures for place, postures in at.items() if postures}


def _with_room_for(
    draw: Draws, words: Words, objects: tuple[SceneObject, ...], zone: tuple[int, int]
) -> tuple[SceneObject, ...]:
    """The objects and one more, farthest first; none at all if there is no room for it."""
    kind, color, size, posture, place = words
    facing, variant, percent = draw.one_of(ontology.FACINGS), draw.one_of(ontology.VARIANTS), draw.one_of(SCALES[size])
    width, height = ((extent * percent + 50) // 100 for extent in ontology.EXTENT[kind][posture])
    margin = {"mat": 5, "box": 3, "table": 4}.get(place, 0)
    first, last = zone
    lift = ontology.TABLE_HEIGHT if place == "table" else 0
    if place == "sky":
        first += height
    elif posture == "jumping":
        lift = int(ontology.LEAP * height) + 1  # rounded up, so that the ground may be a little higher than drawn
        first += 1
    # An object in the distance may be higher than its ground is far down, but not than the picture.
    first = max(first, height + lift + 1)
    if first > last:
        return ()
    for _ in range(TRIES):
        x, bottom = draw.between(margin, 64 - margin - width), draw.between(first, last) - lift
        box = Box(x / 64, (bottom - height) / 64, width / 64, height / 64)
        obj = SceneObject(kind, color, size, posture, place, box, facing, variant)
        together = tuple(sorted((*objects, obj), key=depth))
        if any(treads_on_mat(obj, other) or treads_on_mat(other, obj) for other in objects):
            continue
        limits = [MOST_HIDDEN if shown.place == "box" else HIDDEN for shown in together]
        if all(occlusion(shown, together[i + 1 :]) <= limits[i] for i, shown in enumerate(together)):
            return together
    return ()
