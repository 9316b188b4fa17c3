"""Scenes: the objects of a drawn picture, where they are, and the relations between them.

A scene is plain data, from which come the pixels (`drawing`) and every true sentence (`language`).
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

from vistext.scenes import ontology
from vistext.scenes.ontology import COLORS, FACINGS, KINDS, POSTURES, SETTINGS, SIZES, TIMES, VARIANTS

Words = tuple[str, str, str, str, str]  # of an object: kind, color, size, posture, place

# How clearly a picture must show a relation for it to count; in between there is none.
APART = 0.15  # left of: the share of the narrower object that may overlap sideways
ALIGNED = 0.4  # above, in front of: the share of the narrower object that must overlap sideways
SIDEWAYS = 10 / 64  # left of: the least distance between the middles
NEARER = 5 / 64  # in front of: the least distance between where the two stand
SALT = "vistext 13: "  # of the splits; with it, nothing is ever trained on the course's picture
MOST_HIDDEN = 0.5  # of an object's box, by its cardboard box and by what stands in front of it


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in fractions of the picture: its left and upper edge, its width and height, each in [0, 1]."""

    x: float
    y: float
    w: float
    h: float

    def __post_init__(self) -> None:
        inside = self.x >= 0 and self.y >= 0 and self.w > 0 and self.h > 0 and self.right <= 1 and self.bottom <= 1
        if not inside:
            raise ValueError(f"a box lies within the picture, from 0 to 1 in both directions; given was {self}")

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    @property
    def middle(self) -> float:
        """Halfway between left and right."""
        return self.x + self.w / 2

    @property
    def area(self) -> float:
        return self.w * self.h

    def overlap(self, other: "Box") -> float:
        """The area that both cover."""
        across = min(self.right, other.right) - max(self.x, other.x)
        down = min(self.bottom, other.bottom) - max(self.y, other.y)
        return across * down if across > 0 and down > 0 else 0.0


class Placed:
    """What follows from a posture, a place and a box: the ground, and the furniture."""

    __slots__ = ()
    posture: str
    place: str
    box: Box

    @property
    def ground(self) -> float:
        """How far down the picture, in [0, 1], the ground is on which it stands, or above which it jumps."""
        if self.place == "table":
            return self.box.bottom + ontology.TABLE_HEIGHT / 64
        return self.box.bottom + (ontology.LEAP * self.box.h if self.posture == "jumping" else 0)

    @property
    def furniture(self) -> Box | None:
        """The mat, the cardboard box or the table that belongs to this object; None at any other place."""
        box, unit = self.box, 1 / 64
        if self.place == "mat":
            return Box(box.x - 5 * unit, box.bottom - 5 * unit, box.w + 10 * unit, 8 * unit)
        if self.place == "box":
            height = ontology.BOX_HIDES * box.h + unit
            return Box(box.x - 3 * unit, box.bottom + unit - height, box.w + 6 * unit, height)
        if self.place == "table":
            return Box(box.x - 4 * unit, box.bottom - unit, box.w + 8 * unit, (ontology.TABLE_HEIGHT + 1) * unit)
        return None


@dataclass(frozen=True, slots=True)
class SceneObject(Placed):
    """One object, and where it is.

    Args:
        kind: one of `ontology.KINDS`, CIFAR-10's ten.
        color: one of `ontology.COLORS[kind]`.
        size: "small" or "large", for an object of its kind.
        posture: one of `ontology.POSTURES[kind]`: what it is doing.
        place: one of `ontology.POSTURES[kind][posture]`: what it does that on or in.
        box: what it covers when nothing hides it, the part in a cardboard box included.
        facing: "left" or "right".
        variant: which of its kind's shapes, 0 to 2; no sentence depends on it.

    Raises:
        ValueError: an unknown word, a pairing that makes no sense, or a box that does not suit the size.
    """

    kind: str
    color: str
    size: str
    posture: str
    place: str
    box: Box
    facing: str = "right"
    variant: int = 0

    def __post_init__(self) -> None:
        kind, posture = self.kind, self.posture
        _accept("a kind", kind, KINDS)
        _accept(f"a color of an object of kind {kind!r}", self.color, COLORS[kind])
        _accept("a size", self.size, SIZES)
        _accept(f"a posture of an object of kind {kind!r}", posture, POSTURES[kind])
        _accept(f"a place for an object of kind {kind!r} that is {posture}", self.place, POSTURES[kind][posture])
        _accept("a facing", self.facing, FACINGS)
        _accept("a variant", self.variant, VARIANTS)
        width, height = ontology.EXTENT[kind][posture]
        across, down = self.box.w * 64 / width, self.box.h * 64 / height
        low, high = ontology.SCALES[self.size]
        if not (low**2 <= across * down <= high**2 and 0.75 <= across / down <= 1.34):
            raise ValueError(
                f"the box of a {self.size} object of kind {kind!r} that is {posture} is {low} to {high} times "
                f"{width}/64 wide and {height}/64 high; given was {self.box}"
            )

    @property
    def preposition(self) -> str:
        """ "on" or "in", before the object's place."""
        return "on" if self.kind == "ship" else ontology.PREPOSITIONS[self.place]

    @property
    def words(self) -> Words:
        """Kind, color, size, posture and place: two scenes with the same words are the same scene to a split."""
        return self.kind, self.color, self.size, self.posture, self.place


@dataclass(frozen=True, slots=True)
class Relation:
    """What is true of two objects: `objects[subject]` is `name` ("left of", ...) `objects[object]`."""

    subject: int
    name: str
    object: int


@dataclass(frozen=True)
class Scene:
    """What one picture shows.

    Args:
        objects: one to four, the farthest first: what comes later is drawn over what comes earlier.
        setting: one of `ontology.SETTINGS`.
        time: "day" or "night".
        look: decides the background's details and the light, in [0, 2^32); no sentence depends on it.

    Raises:
        ValueError: too many objects or none, a place that the setting does not have, an object outside the part of the
            picture that shows its place, out of order, on another's mat, or too much hidden.
    """

    objects: tuple[SceneObject, ...]
    setting: str
    time: str = "day"
    look: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.objects, tuple) or not 1 <= len(self.objects) <= ontology.MAX_OBJECTS:
            most = ontology.MAX_OBJECTS
            raise ValueError(f"a scene holds a tuple of 1 to {most} objects; given was {self.objects!r}")
        _accept("a setting", self.setting, SETTINGS)
        _accept("a time", self.time, TIMES)
        if not 0 <= self.look < 2**32:
            raise ValueError(f"a look is a number from 0 to {2**32 - 1}; given was {self.look}")
        for obj in self.objects:
            _accept(f"a place of the setting {self.setting!r}", obj.place, SETTINGS[self.setting])
        self._check_places()
        self._check_order()

    def _check_places(self) -> None:
        places = {obj.place for obj in self.objects}
        for obj in self.objects:
            _ = obj.furniture  # lies within the picture, or says so
            low, high = ontology.zone(self.setting, obj.place, places)
            top, bottom = (obj.box.y, obj.box.bottom) if obj.place == "sky" else (obj.ground, obj.ground)
            if not low / 64 <= top <= bottom <= high / 64:
                what = "is within" if obj.place == "sky" else "stands between"
                raise ValueError(
                    f"in the setting {self.setting!r} an object at the place {obj.place!r} {what} {low}/64 and "
                    f"{high}/64 of the picture's height; given was {top * 64:g}/64 to {bottom * 64:g}/64"
                )

    def _check_order(self) -> None:
        depths = [depth(obj) for obj in self.objects]
        if depths != sorted(depths):
            raise ValueError("objects come farthest first: in the sky, then by how far down the picture they stand")
        for obj, other in permutations(self.objects, 2):
            if treads_on_mat(obj, other):
                raise ValueError(f"no object stands on the mat of another; given: {obj.kind} on that of {other.kind}")
        for index, obj in enumerate(self.objects):
            if (share := occlusion(obj, self.objects[index + 1 :])) > MOST_HIDDEN:
                raise ValueError(
                    f"at most {MOST_HIDDEN:.0%} of an object's box may be hidden; of objects[{index}] "
                    f"({obj.kind}) it is {share:.0%}"
                )

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        """All relations that the picture clearly shows, in both directions ("left of" and "right of", ...)."""
        return tuple(
            Relation(subject, name, obj)
            for subject, obj in permutations(range(len(self.objects)), 2)
            for name, holds in _RELATIONS.items()
            if holds(self.objects[subject], self.objects[obj])
        )

    @property
    def facts(self) -> str:
        """Setting, time and each object's words, as one string; not where or how they are drawn."""
        return facts_of(self.setting, self.time, [obj.words for obj in self.objects])

    @property
    def split(self) -> str:
        """The one split in which this scene's facts may occur: one of `ontology.SPLITS`."""
        return split_of(self.setting, self.time, [obj.words for obj in self.objects])


def held_out(words: Words) -> list[tuple[str, str]]:
    """The pairings in an object's words, (kind, place) or (kind, color), that occur in the compositional split only."""
    kind, color, _, _, place = words
    pairings = [(kind, place)] if place in ontology.HELD_OUT_PLACES.get(kind, ()) else []
    return pairings + ([(kind, color)] if color in ontology.HELD_OUT_COLORS.get(kind, ()) else [])


def facts_of(setting: str, time: str, objects: list[Words]) -> str:
    """Setting, time and objects as one string, in which the order of the objects does not matter."""
    return " + ".join([f"{setting}/{time}", *sorted("/".join(words) for words in objects)])


def split_of(setting: str, time: str, objects: list[Words]) -> str:
    """Decide the split by the facts alone, so that no two splits can share any: 80, 10 and 10 in a hundred."""
    if any(held_out(words) for words in objects):
        return "compositional"
    digest = hashlib.sha256((SALT + facts_of(setting, time, objects)).encode()).digest()
    return ontology.SPLITS[max(0, int.from_bytes(digest[:4], "big") % 10 - 7)]


def depth(obj: Placed) -> float:
    """How near to the eye an object is: what is nearer is drawn later."""
    return 0.0 if obj.place == "sky" else obj.ground


def occlusion(obj: Placed, nearer: Sequence[Placed]) -> float:
    """The share of an object's box that is hidden: by its cardboard box, and by nearer objects."""
    area = obj.box.area
    covered = ontology.BOX_HIDES * area if obj.place == "box" else 0.0
    for other in nearer:
        covered += obj.box.overlap(other.box)
        if other.furniture and other.place != "mat":
            covered += obj.box.overlap(other.furniture)
    return covered / area


def visible_fraction(obj: Placed, nearer: Sequence[Placed]) -> float:
    """How much of the picture shows an object, about: its box without what hides it, 0 to 1."""
    return obj.box.area * (1 - min(1.0, occlusion(obj, nearer)))


def treads_on_mat(obj: SceneObject, other: SceneObject) -> bool:
    """Whether an object would seem to be on the mat that belongs to another."""
    mat = other.furniture
    if other.place != "mat" or mat is None:
        return False
    across = min(obj.box.right, mat.right) - max(obj.box.x, mat.x)
    return mat.y <= obj.ground <= mat.bottom and across > obj.box.w / 4


def course_scene() -> Scene:
    """The course's picture: "A cat is sitting on the floor." """
    cat = SceneObject("cat", "orange", "large", "sitting", "floor", Box(20 / 64, 29 / 64, 21 / 64, 28 / 64), "right", 1)
    return Scene((cat,), "indoors", "day", look=7)


def _accept(what: str, given: object, accepted: Collection) -> None:
    if given not in accepted:
        listed = ", ".join(map(str, accepted))
        raise ValueError(f"{what} is one of: {listed}; given was {given!r}")


def _shared_width(a: SceneObject, b: SceneObject) -> float:
    """How much two objects overlap sideways, as a share of the narrower one; below 0 when there is a gap."""
    across = min(a.box.right, b.box.right) - max(a.box.x, b.box.x)
    return across / min(a.box.w, b.box.w)


def _left_of(a: SceneObject, b: SceneObject) -> bool:
    return _shared_width(a, b) <= APART and b.box.middle - a.box.middle >= SIDEWAYS


def _above(a: SceneObject, b: SceneObject) -> bool:
    # Of two objects on the ground, the farther is higher in the picture, but nobody calls it "above".
    return a.place == "sky" and a.box.bottom <= b.box.y and _shared_width(a, b) >= ALIGNED


def _in_front_of(a: SceneObject, b: SceneObject) -> bool:
    on_ground = a.place != "sky" and b.place != "sky"
    return on_ground and a.ground - b.ground >= NEARER and _shared_width(a, b) >= ALIGNED


_RELATIONS: dict[str, Callable[[SceneObject, SceneObject], bool]] = {
    "left of": _left_of,
    "right of": lambda a, b: _left_of(b, a),
    "above": _above,
    "below": lambda a, b: _above(b, a),
    "in front of": _in_front_of,
    "behind": lambda a, b: _in_front_of(b, a),
}
RELATIONS = tuple(_RELATIONS)
