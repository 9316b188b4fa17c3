"""What a sentence states, as data, and whether it is so in a scene.

The objects that a sentence speaks of are numbered in the order in which it comes to them; facts say something of these
numbers. "A cat is to the left of the dog." is: 0 is a cat; there is exactly one dog, call it 1; 0 is left of 1. It
holds in a scene in which the numbers can be given to objects so that every fact is so. Whatever comes with "a" is
another object than those before it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vistext.scenes.language.lexicon import GROUPS, IMPLIED, MOVING
from vistext.scenes.scene import Scene, SceneObject


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a sentence states: one of the classes below."""


@dataclass(frozen=True, slots=True)
class Attribute(Fact):
    """An object's kind, color, size, posture, place or direction; or, of no object, the picture's time or setting.

    A kind may also be a group of kinds ("animal", "vehicle", "object"); a place comes as one says it ("on the floor").
    """

    subject: int | None
    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Related(Fact):
    """An object is in a relation of `vistext.scenes.scene.RELATIONS` to another ("left of", ...)."""

    subject: int
    relation: str
    object: int


@dataclass(frozen=True, slots=True)
class Exactly(Fact):
    """As many objects as `number` are as `facts` say of the subject, and from here on the subject stands for them.

    "Two cats are black.": 2, a cat and black. "There is no dog.": 0, a dog. "The cat": 1, a cat.
    """

    subject: int
    number: int
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Not(Fact):
    """It is not so that all of these hold."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Same(Fact):
    """Two objects have the same color, or the same size."""

    subject: int
    attribute: str
    object: int


@dataclass(frozen=True, slots=True)
class More(Fact):
    """There are more objects as `facts` say of `subject` than as `than` say of `object`.

    With `sign` -1 there are fewer, with 0 as many.
    """

    subject: int
    facts: tuple[Fact, ...]
    object: int
    than: tuple[Fact, ...]
    sign: int = 1


# Which objects of the scene a number stands for.
Bound = Mapping[int, tuple[int, ...]]


def value_of(obj: SceneObject, attribute: str) -> str | None:
    """What an object's attribute is; None for the direction of an object that does not move."""
    if attribute == "place":
        return f"{obj.preposition} the {obj.place}"
    if attribute == "direction":
        return obj.facing if obj.posture in MOVING else None
    return getattr(obj, attribute)


def has(obj: SceneObject, attribute: str, value: str) -> bool:
    """Whether an object's attribute is a value, or is a case of it: a cat is an animal, and what sleeps lies."""
    actual = value_of(obj, attribute)
    if attribute == "kind" and value in GROUPS:
        return actual in GROUPS[value]
    return actual == value or actual in IMPLIED.get(value, ())


def matching(scene: Scene, traits: Sequence[tuple[str, str]]) -> tuple[int, ...]:
    """The numbers of the scene's objects that have all these attributes with these values."""
    return tuple(i for i, obj in enumerate(scene.objects) if all(has(obj, *trait) for trait in traits))


def solutions(facts: Sequence[Fact], scene: Scene) -> Iterator[Bound]:
    """Every way to give objects to the numbers so that all facts are so in the scene."""
    return _solutions(facts, scene, {}, apart=True)


def holds_for(facts: Sequence[Fact], scene: Scene) -> bool:
    """Whether all facts are so in the scene."""
    return next(solutions(facts, scene), None) is not None


def wrong_fact(facts: Sequence[Fact], scene: Scene) -> Fact | None:
    """The fact without which the others would hold; of several, rather what is said of an object than what it is.

    Returns:
        None if all facts hold. If no single fact is to blame, the first with which it goes wrong.
    """
    if holds_for(facts, scene):
        return None
    blame = sorted(range(len(facts)), key=lambda index: (_names(facts[index]), -index))
    for index in blame:
        if holds_for([*facts[:index], *facts[index + 1 :]], scene):
            return facts[index]
    return next(fact for index, fact in enumerate(facts) if not holds_for(facts[: index + 1], scene))


def count(fact: Exactly, scene: Scene, bound: Bound | None = None) -> int:
    """How many objects are as a fact of that kind says."""
    return len(_such(fact.subject, fact.facts, scene, bound or {}))


def about(fact: Fact, old: int, new: int) -> Fact:
    """The same said of another number."""
    if isinstance(fact, Not | Exactly):
        return replace(fact, facts=tuple(about(inner, old, new) for inner in fact.facts))
    return replace(fact, subject=new) if getattr(fact, "subject", None) == old else fact


def _names(fact: Fact) -> int:
    """How much a fact is about which object is meant, and not about how that object is."""
    return 2 if isinstance(fact, Exactly) else int(isinstance(fact, Attribute) and fact.attribute == "kind")


def _solutions(facts: Sequence[Fact], scene: Scene, bound: Bound, apart: bool) -> Iterator[Bound]:
    """See `solutions`; `apart` says whether a number for which an object is sought is another than those before it.

    It is not within what is counted or denied: "no bird is above a cat" speaks of any cat.
    """
    if not facts:
        yield bound
        return
    for more in _solve(facts[0], scene, bound, apart):
        yield from _solutions(facts[1:], scene, more, apart)


def _solve(fact: Fact, scene: Scene, bound: Bound, apart: bool) -> Iterator[Bound]:
    if isinstance(fact, Attribute) and fact.subject is None:
        if getattr(scene, fact.attribute) == fact.value:
            yield bound
    elif isinstance(fact, Exactly):
        found = _such(fact.subject, fact.facts, scene, bound)
        if len(found) == fact.number:
            yield {**bound, fact.subject: found}
    elif isinstance(fact, Not):
        if not any(True for _ in _solutions(fact.facts, scene, bound, apart=False)):
            yield bound
    elif isinstance(fact, More):
        many = len(_such(fact.subject, fact.facts, scene, bound))
        others = len(_such(fact.object, fact.than, scene, bound))
        if (many > others) - (many < others) == fact.sign:
            yield bound
    else:
        numbers = [fact.subject] if isinstance(fact, Attribute) else [fact.subject, fact.object]
        for tried in _given(numbers, scene, bound, apart):
            if _so(fact, scene, tried):
                yield tried


def _such(subject: int, facts: Sequence[Fact], scene: Scene, bound: Bound) -> tuple[int, ...]:
    """The objects of which facts about a number are so."""
    each = ((i, _solutions(facts, scene, {**bound, subject: (i,)}, apart=False)) for i in range(len(scene.objects)))
    return tuple(i for i, found in each if any(True for _ in found))


def _given(numbers: list[int], scene: Scene, bound: Bound, apart: bool) -> Iterator[Bound]:
    """An object for each number that has none yet."""
    free = next((number for number in numbers if number not in bound), None)
    if free is None:
        yield bound
        return
    taken = {objects[0] for number, objects in bound.items() if apart and number < free and len(objects) == 1}
    for obj in range(len(scene.objects)):
        if obj not in taken:
            yield from _given(numbers, scene, {**bound, free: (obj,)}, apart)


def _so(fact: Fact, scene: Scene, bound: Bound) -> bool:
    """Whether a fact about objects is so of all that its numbers stand for."""
    subjects = bound[fact.subject]
    if isinstance(fact, Attribute):
        return all(has(scene.objects[i], fact.attribute, fact.value) for i in subjects)
    pairs = [(one, other) for one in subjects for other in bound[fact.object]]
    if isinstance(fact, Related):
        related = {
            (relation.subject, relation.object) for relation in scene.relations if relation.name == fact.relation
        }
        return related.issuperset(pairs)
    return all(
        value_of(scene.objects[one], fact.attribute) == value_of(scene.objects[other], fact.attribute)
        for one, other in pairs
    )
