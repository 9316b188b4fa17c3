"""Semantic frames as in imSitu (Yatskar et al., "Situation Recognition", 2016): verbs, each with roles of its own."""

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
        obj: its place in `scene.objects`; in a frame that a sentence states, its variable there.
    """

    verb: str
    roles: tuple[tuple[str, str], ...]
    obj: int


def frames(scene: Scene) -> tuple[Frame, ...]:
    """The frame of each object in a scene, the most prominent first: that of which most can be seen."""
    order = sorted(range(len(scene.objects)), key=lambda i: -visible_area_of(scene, i))
    return tuple(_frame(scene, i) for i in order)


def _frame(scene: Scene, index: int) -> Frame:
    obj = scene.objects[index]
    return _of_attributes({name: value_of(obj, name) for name in ("kind", "posture", "direction", "place")}, index)


def _of_attributes(attributes: dict[str, str], index: int) -> Frame:
    """The frame of an object with these attributes; a role whose attribute is not among them is left out."""
    verb, kind = BASES[attributes["posture"]], noun(attributes["kind"])
    place = attributes.get("place", "").split(" ")[-1]
    values = {"agent": kind, "item": kind, "direction": attributes.get("direction", ""), "place": place}
    return Frame(verb, tuple((role, values[role]) for role in ROLES[verb] if values[role]), index)


def visible_area_of(scene: Scene, index: int) -> float:
    """How much of the picture shows an object; see `scene.visible_fraction`."""
    return visible_fraction(scene.objects[index], scene.objects[index + 1 :])


def render_frame(verb: str, roles: tuple[tuple[str, str], ...]) -> str:
    """A frame as a sentence.

    >>> render_frame("run", (("agent", "dog"), ("direction", "left"), ("place", "grass")))
    'A dog is running to the left on the grass.'

    Args:
        verb: one of `ROLES`.
        roles: as in a `Frame`; the agent or item, and any of the others.

    Raises:
        ValueError: no such verb, or no agent or item.
    """
    values = dict(roles)
    actor = values.get("agent") or values.get("item")
    if verb not in ROLES or not actor:
        verbs = ", ".join(ROLES)
        raise ValueError(f"a frame has one of the verbs {verbs} and an agent or item; given was {verb}, {roles}")
    words = [with_article(actor).capitalize(), "is", POSTURE_OF[verb]]
    if "direction" in values:
        words.append(f"to the {values['direction']}")
    if "place" in values:
        words.append(f"{'on' if actor == 'ship' else PREPOSITIONS[values['place']]} the {values['place']}")
    return f"{' '.join(words)}."


def stated(sentence: str) -> tuple[Frame, ...]:
    """The frames that a sentence states: of each object with a kind and a posture, as often as it is counted."""
    attributes: dict[int, dict[str, str]] = {}
    numbers = {}
    for fact in parse_sentence(sentence):
        if isinstance(fact, Exactly):
            numbers[fact.subject] = fact.number
        for inner in fact.facts if isinstance(fact, Exactly) else (fact,):
            if isinstance(inner, Attribute) and inner.subject is not None:
                attributes.setdefault(inner.subject, {})[inner.attribute] = inner.value
    return tuple(
        _of_attributes(values, subject)
        for subject, values in attributes.items()
        for _ in range(numbers.get(subject, 1))
        if "posture" in values and values.get("kind", "thing") not in GROUPS
    )
