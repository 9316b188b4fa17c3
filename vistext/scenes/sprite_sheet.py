"""The sprites of objects, furniture and settings, in the size that a picture needs."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from vistext.scenes import backdrops
from vistext.scenes.objects import birds, cats, craft, dogs, frogs, furniture, hooved, vehicles
from vistext.scenes.scene import Box, SceneObject
from vistext.scenes.sprites import Sprite, byte_lru_cache, mirror, render, render_flat
from vistext.scenes.vector_art import Figure

# Kind → posture → what draws it: a function of the figure and the variant, or, of the rest, of the posture too.
_OF_KIND: dict[str, dict[str, Callable[..., None]]] = {
    "airplane": {"rest": craft.airplane},
    "automobile": {"rest": vehicles.automobile},
    "bird": {"sitting": birds.sitting, "standing": birds.standing, "swimming": birds.swimming, "flying": birds.flying},
    "cat": {"sitting": cats.sitting, "lying": cats.lying, "sleeping": cats.sleeping, "rest": cats.on_legs},
    "deer": {"lying": hooved.deer_lying, "rest": hooved.deer},
    "dog": {
        "sitting": dogs.sitting,
        "lying": dogs.lying,
        "sleeping": dogs.sleeping,
        "swimming": dogs.swimming,
        "rest": dogs.on_legs,
    },
    "frog": {"sitting": frogs.sitting, "jumping": frogs.jumping, "swimming": frogs.swimming},
    "horse": {"lying": hooved.horse_lying, "rest": hooved.horse},
    "ship": {"rest": craft.ship},
    "truck": {"rest": vehicles.truck},
}
_FURNITURE = {
    "mat": furniture.mat,
    "table": furniture.table,
    "inside of box": furniture.inside_of_box,
    "front of box": furniture.front_of_box,
}


class Size(NamedTuple):
    """Of a sprite and of the picture that it is for, in pixels."""

    width: int
    height: int
    side: int


class Placed(NamedTuple):
    """A sprite, and where its box begins in the picture, in pixels."""

    sprite: Sprite
    left: int
    top: int


def pixels(box: Box, side: int) -> tuple[int, int, int, int]:
    """Left, top, width and height of a box in a picture, in whole pixels; at least 1 by 1."""
    left, top = int(box.x * side + 0.5), int(box.y * side + 0.5)
    right, bottom = int(box.right * side + 0.5), int(box.bottom * side + 0.5)
    return left, top, max(1, right - left), max(1, bottom - top)


def sprite_of(obj: SceneObject, side: int) -> Placed:
    """The sprite of an object in a picture of that side."""
    left, top, width, height = pixels(obj.box, side)
    size = Size(width, height, side)
    return Placed(_object(obj.kind, obj.posture, obj.variant, size, obj.facing == "left"), left, top)


def furniture_of(obj: SceneObject, side: int) -> tuple[Placed | None, Placed | None]:
    """The furniture behind an object, and that in front of it."""
    if obj.furniture is None:
        return None, None
    left, top, width, height = pixels(obj.furniture, side)
    if obj.place != "box":
        return Placed(_piece(obj.place, Size(width, height, side)), left, top), None
    rim = max(1, height // 4)  # how much of the inside can be seen above the front
    inside = _piece("inside of box", Size(width, height + rim, side))
    return Placed(inside, left, top - rim), Placed(_piece("front of box", Size(width, height, side)), left, top)


@cache
def figure(kind: str, posture: str, variant: int) -> Figure:
    """The figure of an object; words as in `ontology`."""
    drawn = Figure()
    if posture in _OF_KIND[kind]:
        _OF_KIND[kind][posture](drawn, variant)
    else:
        _OF_KIND[kind]["rest"](drawn, variant, posture)
    return drawn


@byte_lru_cache
def backdrop_of(setting: str, time: str, arrangement: int, water: bool, side: int) -> Sprite:
    """A setting in a picture of that side; see `backdrops.backdrop`."""
    return render_flat(backdrops.backdrop(setting, time, arrangement, water), side, backdrops.GRADIENTS[setting])


@byte_lru_cache
def _object(kind: str, posture: str, variant: int, size: Size, mirrored: bool) -> Sprite:
    if mirrored:
        return mirror(_object(kind, posture, variant, size, False), size.width)
    return render(figure(kind, posture, variant), size.width, size.height, size.side / 64)


@byte_lru_cache
def _piece(name: str, size: Size) -> Sprite:
    return render(_FURNITURE[name](), size.width, size.height, size.side / 64)
