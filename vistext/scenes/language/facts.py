"""The facts that a sentence states, as data, and whether they hold in a scene.

The objects of a sentence are variables, numbered in its order; facts are about these. "A cat is to the left of the
dog." is: 0 is a cat; there is exactly one dog, call it 1; 0 is left of 1. It holds in a scene if objects can be
assigned to the variables so that every fact holds. Whatever comes with "a" is another object than those before it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from vistext.scenes.language.lexicon import GROUPS, IMPLIED, MOVING
from vistext.scenes.scene import Relation, Scene, SceneObject


@dataclass(frozen=True, slots=True)
class Fact:
    """One of the classes below."""


@dataclass(frozen=True, slots=True)
class Attribute(Fact):
    """An object's kind, color, size, posture, place or direction; or, of no object, the picture's time or setting.

    A kind may also be a group of kinds ("animal", "vehicle", "thing"); a place has its preposition ("on the floor").
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
    """Of exactly `number` objects the `facts` about the subject hold, and from here on the subject stands for them.

    "Two cats are black.": 2, a cat and black. "There is no dog.": 0, a dog. "The cat": 1, a cat.
    """

    subject: int
    number: int
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Not(Fact):
    """Not all of these hold."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Same(Fact):
    """Two objects have the same color, or the same size."""

    subject: int
    attribute: str
    object: int


@dataclass(frozen=True, slots=True)
class More(Fact):
    """`facts` about `subject` hold of more objects than `than` about `object`; with `sign` -1 of fewer, 0 as many."""

    subject: int
    facts: tuple[Fact, ...]
    object: int
    than: tuple[Fact, ...]
    sign: int = 1


# Variable → the objects of the scene that it stands for.
Bound = Mapping[int, tuple[int, ...]]


def value_of(obj: SceneObject, attribute: str) -> str:
    """The value of an object's attribute; empty for the direction of an object that does not move."""
    if attribute == "place":
        return f"{obj.preposition} the {obj.place}"
    if attribute == "direction":
        return obj.facing if obj.posture in MOVING else ""
    return getattr(obj, attribute)


def has(obj: SceneObject, attribute: str, value: str) -> bool:
    """Whether an object's attribute is a value, or is a case of it: a cat is an animal, and what sleeps lies."""
    actual = value_of(obj, attribute)
    if attribute == "kind" and value in GROUPS:
        return actual in GROUPS[value]
    return actual == value or actual in IMPLIED.get(value, ())


def matching(scene: Scene, traits: Iterable[tuple[str, str]]) -> tuple[int, ...]:
    """The numbers of the scene's objects that have all these attributes with these values."""
    wanted = list(traits)
    return tuple(i for i, obj in enumerate(scene.objects) if all(has(obj, *trait) for trait in wanted))


def solutions(facts: Sequence[Fact], scene: Scene) -> Iterator[Bound]:
    """Every assignment of objects to variables with which all facts hold in the scene."""
    return _solutions(facts, scene, {}, apart=True)


def holds_for(facts: Sequence[Fact], scene: Scene) -> bool:
    """Whether all facts hold in the scene."""
    return next(solutions(facts, scene), None) is not None


def wrong_fact(facts: Sequence[Fact], scene: Scene) -> Fact | None:
    """The fact without which the others would hold, preferably no kind, else the first wrong one; None if all hold."""
    if holds_for(facts, scene):
        return None
    blame = sorted(range(len(facts)), key=lambda index: (_identifies(facts[index]), -index))
    for index in blame:
        if holds_for([*facts[:index], *facts[index + 1 :]], scene):
            return facts[index]
    return next(fact for index, fact in enumerate(facts) if not holds_for(facts[: index + 1], scene))


def count(fact: Exactly, scene: Scene, bound: Bound | None = None) -> int:
    """Of how many objects a fact's facts hold."""
    return len(_satisfying(fact.subject, fact.facts, scene, bound or {}))


def about(fact: Fact, old: int, new: int) -> Fact:
    """The same fact about another variable."""
    if isinstance(fact, Not | Exactly):
        return replace(fact, facts=tuple(about(inner, old, new) for inner in fact.facts))
    if isinstance(fact, Attribute | Related | Same) and fact.subject == old:
        return replace(fact, subject=new)
    return fact


def _identifies(fact: Fact) -> int:
    """How much a fact is about which object is meant, and not about how that object is."""
    return 2 if isinstance(fact, Exactly) else int(isinstance(fact, Attribute) and fact.attribute == "kind")


def _solutions(facts: Sequence[Fact], scene: Scene, bound: Bound, apart: bool) -> Iterator[Bound]:
    """See `solutions`; `apart` is whether the object of a new variable is another than those of earlier ones.

    It need not be within what is counted or denied: "no bird is above a cat" is about any cat.
    """
    if not facts:
        yield bound
        return
    for more in _solve(facts[0], scene, bound, apart):
        yield from _solutions(facts[1:], scene, more, apart)


def _solve(fact: Fact, scene: Scene, bound: Bound, apart: bool) -> Iterator[Bound]:
    if isinstance(fact, Attribute) and fact.subject is not None:
        for tried in _assignments([fact.subject], scene, bound, apart):
            if all(has(scene.objects[i], fact.attribute, fact.value) for i in tried[fact.subject]):
                yield tried
    elif isinstance(fact, Related | Same):
        for tried in _assignments([fact.subject, fact.object], scene, bound, apart):
            pairs = product(tried[fact.subject], tried[fact.object])
            if all(_holds_between(fact, scene, *pair) for pair in pairs):
                yield tried
    elif isinstance(fact, Exactly):
        found = _satisfying(fact.subject, fact.facts, scene, bound)
        if len(found) == fact.number:
            yield {**bound, fact.subject: found}
    elif _holds_as_it_is(fact, scene, bound):
        yield bound


def _holds_as_it_is(fact: Fact, scene: Scene, bound: Bound) -> bool:
    """Whether a fact holds that assigns no object to a variable."""
    if isinstance(fact, Attribute):
        return getattr(scene, fact.attribute) == fact.value
    if isinstance(fact, Not):
        return not any(True for _ in _solutions(fact.facts, scene, bound, apart=False))
    assert isinstance(fact, More)
    difference = len(_satisfying(fact.subject, fact.facts, scene, bound))
    difference -= len(_satisfying(fact.object, fact.than, scene, bound))
    return (difference > 0) - (difference < 0) == fact.sign


def _satisfying(subject: int, facts: Sequence[Fact], scene: Scene, bound: Bound) -> tuple[int, ...]:
    """The objects of which facts about a variable hold."""
    found = ((i, _solutions(facts, scene, {**bound, subject: (i,)}, apart=False)) for i in range(len(scene.objects)))
    return tuple(i for i, assignments in found if any(True for _ in assignments))


def _assignments(variables: list[int], scene: Scene, bound: Bound, apart: bool) -> Iterator[Bound]:
    """An object for each variable that has none yet."""
    free = next((variable for variable in variables if variable not in bound), None)
    if free is None:
        yield bound
        return
    taken = {objects[0] for earlier, objects in bound.items() if apart and earlier < free and len(objects) == 1}
    for obj in range(len(scene.objects)):
        if obj not in taken:
            yield from _assignments(variables, scene, {**bound, free: (obj,)}, apart)


def _holds_between(fact: Related | Same, scene: Scene, subject: int, other: int) -> bool:
    if isinstance(fact, Related):
        return Relation(subject, fact.relation, other) in scene.relations
    return value_of(scene.objects[subject], fact.attribute) == value_of(scene.objects[other], fact.attribute)
