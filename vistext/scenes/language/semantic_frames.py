"""Semantic frames: for each object that acts, the verb, and who does it, to what, where and which way.

The shape is that of imSitu (Yatskar et al., "Situation Recognition", 2016): a verb has its own set of roles, and each
role a noun for a value.
"""

from dataclasses import dataclass

from vistext.scenes.language.facts import Attribute, Exactly, value_of
from vistext.scenes.language.lexicon import BASES, GROUPS, MOVING, noun, with_article
from vistext.scenes.language.parse import parse_sentence
from vistext.scenes.ontology import PREPOSITIONS
from vistext.scenes.scene import Scene, visible_fraction

# Verb → its roles. Who parked or anchored an object is not in the picture: the object is what it was done to.
ROLES = {
    base: ("item", "place")
    if posture in ("parked", "anchored")
    else ("agent", "direction", "place")
    if posture in MOVING
    else ("agent", "place")
    for posture, base in BASES.items()
}
POSTURE_OF = {base: posture for posture, base in BASES.items()}


@dataclass(frozen=True, slots=True)
class Frame:
    """What one object does.

    Attributes:
        verb: one of `ROLES`.
        roles: pairs of a role and its value, in the order of `ROLES[verb]`; `dict(frame.roles)` looks them up.
        object: whose frame it is: the place in `scene.objects`; of what a sentence states, its number there.
    """

    verb: str
    roles: tuple[tuple[str, str], ...]
    obj: int


def frames(scene: Scene) -> tuple[Frame, ...]:
    """The frame of each object in a scene.

    Args:
        scene: one to four objects.

    Returns:
        As many frames as objects, the most prominent first: that of which most is to be seen.
    """
    return tuple(
        _frame(scene, obj) for obj in sorted(range(len(scene.objects)), key=lambda i: -visible_area_of(scene, i))
    )


def _frame(scene: Scene, index: int) -> Frame:
    obj = scene.objects[index]
    verb, kind = BASES[obj.posture], noun(obj.kind)
    values = {"agent": kind, "item": kind, "direction": value_of(obj, "direction"), "place": obj.place}
    return Frame(verb, tuple((role, values[role]) for role in ROLES[verb]), index)


def visible_area_of(scene: Scene, index: int) -> float:
    """How much of the picture shows an object, see `scene.shown`."""
    return visible_fraction(scene.objects[index], scene.objects[index + 1 :])


def render_frame(verb: str, roles: tuple[tuple[str, str], ...]) -> str:
    """A frame as a sentence.

    >>> tell("run", (("agent", "dog"), ("direction", "left"), ("place", "grass")))
    'A dog is running to the left on the grass.'

    Args:
        verb: one of `ROLES`.
        roles: as in a `Frame`; the agent or item, and any of the others.

    Raises:
        ValueError: no such verb, or nobody who does it.
    """
    values = dict(roles)
    who = values.get("agent") or values.get("item")
    if verb not in ROLES or not who:
        raise ValueError(
            f"a frame has one of the verbs {', '.join(ROLES)} and an agent or item; given was {verb}, {roles}"
        )
    said = [with_article(who).capitalize(), "is", POSTURE_OF[verb]]
    if "direction" in values:
        said.append(f"to the {values['direction']}")
    if "place" in values:
        said.append(f"{'on' if who == 'ship' else PREPOSITIONS[values['place']]} the {values['place']}")
    return f"{' '.join(said)}."


def stated(sentence: str) -> tuple[Frame, ...]:
    """The frames that a sentence states: of each object of which it says what it is and what it does.

    Args:
        sentence: anything that `read` understands.

    Returns:
        Frames with those of their roles that are filled; as many alike as the sentence says that there are.

    Raises:
        NotUnderstoodError, TypeError: see `read`.
    """
    known, numbers = {}, {}
    for fact in parse_sentence(sentence):
        if isinstance(fact, Exactly):
            numbers[fact.subject] = fact.number
        for one in fact.facts if isinstance(fact, Exactly) else (fact,):
            if isinstance(one, Attribute) and one.subject is not None:
                known.setdefault(one.subject, {})[one.attribute] = one.value
    return tuple(
        _partial(said, subject)
        for subject, said in known.items()
        for _ in range(numbers.get(subject, 1))
        if "posture" in said and said.get("kind", "thing") not in GROUPS
    )


def _partial(said: dict[str, str], subject: int) -> Frame:
    verb, kind = BASES[said["posture"]], noun(said["kind"])
    place = said.get("place", "").split(" ")[-1]
    values = {"agent": kind, "item": kind, "direction": said.get("direction"), "place": place}
    return Frame(verb, tuple((role, values[role]) for role in ROLES[verb] if values[role]), subject)
