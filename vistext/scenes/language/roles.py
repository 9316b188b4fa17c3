"""Semantic frames: for each thing that acts, the verb, and who does it, to what, where and which way.

The shape is that of imSitu (Yatskar et al., "Situation Recognition", 2016): a verb has its own set of roles, and each
role a noun for a value.
"""

from dataclasses import dataclass

from vistext.scenes.language.facts import value_of
from vistext.scenes.language.lexicon import BASES, MOVING, noun
from vistext.scenes.scene import Scene, hidden

# Verb → its roles. Who parked or anchored a thing is not in the picture: the thing is what it was done to.
ROLES = {
    base: ("item", "place")
    if posture in ("parked", "anchored")
    else ("agent", "direction", "place")
    if posture in MOVING
    else ("agent", "place")
    for posture, base in BASES.items()
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What one thing does.

    Attributes:
        verb: one of `ROLES`.
        roles: pairs of a role and its value, in the order of `ROLES[verb]`; `dict(frame.roles)` looks them up.
        thing: whose frame it is: the place in `scene.things`.
    """

    verb: str
    roles: tuple[tuple[str, str], ...]
    thing: int


def frames(scene: Scene) -> tuple[Frame, ...]:
    """The frame of each thing in a scene.

    Args:
        scene: one to four things.

    Returns:
        As many frames as things, the most prominent first: that of which most is to be seen.
    """
    return tuple(_frame(scene, thing) for thing in sorted(range(len(scene.things)), key=lambda i: -seen_of(scene, i)))


def _frame(scene: Scene, index: int) -> Frame:
    thing = scene.things[index]
    verb, kind = BASES[thing.posture], noun(thing.kind)
    values = {"agent": kind, "item": kind, "direction": value_of(thing, "direction"), "place": thing.place}
    return Frame(verb, tuple((role, values[role]) for role in ROLES[verb]), index)


def seen_of(scene: Scene, index: int) -> float:
    """How much of the picture shows a thing, about: its box without what hides it."""
    thing = scene.things[index]
    return thing.box.area * (1 - min(1.0, hidden(thing, scene.things[index + 1 :])))
