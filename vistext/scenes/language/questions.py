"""Questions about a scene, with the sentences that answer them.

Questions whose words give their answer away are left out ("What is the ship sailing on?": ships sail on water only).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np

from vistext.scenes import ontology
from vistext.scenes.language.facts import Attribute, matching, value_of
from vistext.scenes.language.generate import refer, text
from vistext.scenes.language.lexicon import GROUPS, NUMBERS, SAID, noun
from vistext.scenes.language.parse import NotUnderstoodError, parse_sentence
from vistext.scenes.sampling import sample
from vistext.scenes.scene import Scene, SceneObject

TRIES = 60  # to draw a question that is kept
MEASURED = 1000  # scenes
# How often each kind is drawn: more often when fewer scenes have questions of it, or fewer of them are kept.
WEIGHTS = {"what is it doing": 2, "where": 2, "who is left of": 6, "compare": 6, "how many": 2, "is there": 2}


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer.

    Attributes:
        kind: one of `KINDS`.
        question: "What is the cat sitting on?"
        answer: a sentence: "The cat is sitting on the floor."
        short: what the sentence answers, in lower case: "the floor".
    """

    kind: str
    question: str
    answer: str
    short: str


def all_questions(scene: Scene, kind: str | None = None) -> list[Question]:
    """All different questions about a scene, of one of `KINDS` or of all, in a fixed order; there may be none."""
    if kind is not None and kind not in KINDS:
        raise ValueError(f"a kind of question is one of: {', '.join(KINDS)}; given was {kind!r}")
    found = {}
    for name in KINDS if kind is None else (kind,):
        for question, answer, short in _GENERATORS[name](scene):
            asked = _text_of(question)
            found[asked] = Question(name, asked, _text_of(answer), short)
    return list(found.values())


def _text_of(words: str) -> str:
    return text(re.sub(r"([,?.])", r" \1", words).split())


def reply(question: str, scene: Scene) -> Question | None:
    """A question with its answer; besides `all_questions`, "Is there ...?" is answered for anything, by parsing it.

    None for what is no question of the drawn world, and for one about something that is not there or there twice.
    """
    if found := {known.question: known for known in all_questions(scene)}.get(question):
        return found
    named = re.fullmatch(r"Is there (an? (.+))\?", question)
    if named is None:
        return None
    try:
        facts = parse_sentence(f"There is {named[1]}.")
    except NotUnderstoodError:
        return None
    attributes = [fact for fact in facts if isinstance(fact, Attribute) and fact.subject == 0]
    if len(attributes) < len(facts):
        return None
    if matching(scene, [(fact.attribute, fact.value) for fact in attributes]):
        return Question("is there", question, f"Yes, there is {named[1]}.", "yes")
    return Question("is there", question, f"No, there is no {named[2]}.", "no")


def sample_questions(scene: Scene, rng: np.random.Generator, count: int, kind: str | None = None) -> list[Question]:
    """`count` questions about one scene at random, some perhaps the same.

    Of each, first its kind is drawn, unless one is given, then its answer, then its words.

    Raises:
        ValueError: another kind, or the scene has no question of this kind.
    """
    if not (first := all_questions(scene, kind or "how many")):
        raise ValueError(f"this scene has no question of kind {kind!r}; leave the kind out")
    found: dict[str, list[list[Question]]] = {}

    def draw() -> Question:
        question = first[0]
        for _ in range(TRIES):
            drawn = kind or _WEIGHTED_KINDS[int(rng.integers(len(_WEIGHTED_KINDS)))]
            if drawn not in found:
                found[drawn] = list(_by_answer(all_questions(scene, drawn)).values())
            if found[drawn]:
                same = found[drawn][rng.integers(len(found[drawn]))]
                question = same[rng.integers(len(same))]
                if rng.random() < _balance().get((question.question, question.short), 1.0):
                    break
        return question

    return [draw() for _ in range(count)]


def _by_answer(questions: list[Question]) -> dict[str, list[Question]]:
    found: dict[str, list[Question]] = {}
    for question in questions:
        found.setdefault(question.short, []).append(question)
    return found


@cache
def _balance() -> dict[tuple[str, str], float]:
    """How often, in [0, 1], to keep a question with its answer, so that no answer of it stands out.

    Measured on the training split, since how likely an answer is depends on all of the world's tables.
    """
    weights: dict[str, dict[str, float]] = {}
    for scene in sample(MEASURED, seed=0, split="train"):
        for kind in KINDS:
            found = _by_answer(all_questions(scene, kind))
            for answer, same in found.items():
                for question in same:
                    by_answer = weights.setdefault(question.question, {})
                    by_answer[answer] = by_answer.get(answer, 0) + 1 / len(found) / len(same)
    keep = {}
    for words, by_answer in weights.items():
        frequent = sorted(by_answer.values(), reverse=True)
        for answer, weight in by_answer.items():
            keep[words, answer] = min(1.0, (frequent[1] if len(frequent) > 1 else 0.1) / weight)
    return keep


Questions = Iterator[tuple[str, str, str]]


def _what(scene: Scene) -> Questions:
    for i, obj in enumerate(scene.objects):
        doing = f"is {obj.posture}"
        name = refer(scene, i, without="place")
        others = [place for place in ontology.POSTURES[obj.kind][obj.posture] if ontology.PREPOSITIONS[place] == "on"]
        if name and obj.preposition == "on" and len(others) > 2:
            place = f"the {obj.place}"
            yield f"what {doing} on?".replace("what is", f"what is {name}"), f"{name} {doing} on {place}.", place
        place = value_of(obj, "place")
        for trait, words in ((("place", place), f"is {place}"), (("posture", obj.posture), doing)):
            if matching(scene, [trait]) == (i,):
                yield f"what {words}?", f"a {noun(obj.kind)} {words}.", noun(obj.kind)
        if matching(scene, [("color", obj.color)]) == (i,):
            named = f"the {obj.color} thing"
            yield f"what is {named}?", f"{named} is a {noun(obj.kind)}.", noun(obj.kind)


def _of_attribute(
    scene: Scene, attribute: str, forms: tuple[str, ...], asked: Callable[[SceneObject], bool] = lambda _: True
) -> Questions:
    """Of each object that can be named without the attribute, and of which it may be asked."""
    for i, obj in enumerate(scene.objects):
        name = refer(scene, i, without=attribute)
        if name and asked(obj):
            value = value_of(obj, attribute)
            for form in forms:
                yield form.format(name), f"{name} is {value}.", value


def _how_many(scene: Scene) -> Questions:
    values = [("kind", kind) for kind in (*ontology.KINDS, *GROUPS)]
    values += [("place", place) for place in sorted({value_of(obj, "place") for obj in scene.objects})]
    values += [("color", color) for color in sorted({obj.color for obj in scene.objects})]
    for attribute, value in values:
        number = len(matching(scene, [(attribute, value)]))
        be, amount = "is" if number == 1 else "are", NUMBERS[number]
        short = amount if number else "none"
        if attribute == "kind":
            yield f"how many {noun(value, 2)} are there?", f"there {be} {amount} {noun(value, number)}.", short
        else:
            yield f"how many things are {value}?", f"{amount} {noun('thing', number)} {be} {value}.", short


def _is_there(scene: Scene) -> Questions:
    """Of what is there, and of the same with one object changed so that it is not."""
    for obj in scene.objects:
        for attributes in (("kind",), ("color", "kind"), ("kind", "place"), ("posture", "kind")):
            traits = {attribute: value_of(obj, attribute) for attribute in attributes}
            yield f"is there {_a(traits)}?", f"yes, there is {_a(traits)}.", "yes"
            for attribute in attributes:
                for value in _instead(scene, obj, attribute):
                    other = traits | {attribute: value}
                    if not matching(scene, other.items()):
                        yield f"is there {_a(other)}?", f"no, there is no {_a(other)[2:]}.", "no"


def _a(traits: dict[str, str]) -> str:
    color, kind = traits.get("color", ""), noun(traits["kind"])
    return " ".join(f"a {color} {kind} {traits.get('posture', '')} {traits.get('place', '')}".split())


def _instead(scene: Scene, obj: SceneObject, attribute: str) -> list[str]:
    """What an object's attribute could as well be, in this setting and with its other attributes."""
    if attribute == "color":
        values = _colors(obj.kind)
    elif attribute == "posture":
        values = [posture for posture, places in ontology.POSTURES[obj.kind].items() if obj.place in places]
    elif attribute == "place":
        values = [place for place in ontology.SETTINGS[scene.setting] if place in _places(obj.kind)]
    else:
        values = [kind for kind in ontology.KINDS if _suits(kind, obj)]
    values = [value for value in values if value != getattr(obj, attribute)]
    return [f"{ontology.PREPOSITIONS[value]} the {value}" for value in values] if attribute == "place" else values


def _suits(kind: str, obj: SceneObject) -> bool:
    """Whether an object of this kind could be in another's stead."""
    able = obj.place in ontology.POSTURES[kind].get(obj.posture, ()) and obj.place in _places(kind)
    return able and obj.color in _colors(kind)


def _colors(kind: str) -> list[str]:
    """Which colors objects of a kind may have in all splits."""
    return [color for color in ontology.COLORS[kind] if color not in ontology.HELD_OUT_COLORS.get(kind, ())]


def _places(kind: str) -> set[str]:
    """Where objects of a kind may be in all splits."""
    places = {place for places in ontology.POSTURES[kind].values() for place in places}
    return places.difference(ontology.HELD_OUT_PLACES.get(kind, ()))


def _who(scene: Scene) -> Questions:
    for i in range(len(scene.objects)):
        name = refer(scene, i)
        for relation, (phrase, *_) in SAID["RELATION"].items():
            others = [known.subject for known in scene.relations if (known.name, known.object) == (relation, i)]
            if name and len(others) == 1:
                kind = scene.objects[others[0]].kind
                who, words = ("who" if kind in GROUPS["animal"] else "what"), " ".join(phrase)
                yield f"{who} is {words} {name}?", f"a {noun(kind)} is {words} {name}.", noun(kind)


def _compare(scene: Scene) -> Questions:
    kinds = sorted({obj.kind for obj in scene.objects})
    for first, second in permutations(kinds, 2):
        many, others = noun(first, 2), noun(second, 2)
        difference = len(matching(scene, [("kind", first)])) - len(matching(scene, [("kind", second)]))
        question = f"are there more {many} or more {others}?"
        if difference:
            more, fewer = (many, others) if difference > 0 else (others, many)
            yield question, f"there are more {more} than {fewer}.", more
        else:
            yield question, f"there are as many {many} as {others}.", "as many"
    names = {i: refer(scene, i, without="color") for i in range(len(scene.objects))}
    for i, j in permutations([i for i, name in names.items() if name], 2):
        same = scene.objects[i].color == scene.objects[j].color
        rest = f"the same colour as {names[j]}"
        answer = f"yes, {names[i]} is {rest}." if same else f"no, {names[i]} is not {rest}."
        yield f"is {names[i]} {rest}?", answer, "yes" if same else "no"
    for known in scene.relations:
        left, right = refer(scene, known.subject), refer(scene, known.object)
        if known.name == "left of" and left and right:
            for named, then in ((left, right), (right, left)):
                yield f"which is farther left, {named} or {then}?", f"{left} is to the left of {right}.", left


_GENERATORS: dict[str, Callable[[Scene], Questions]] = {
    "what": _what,
    "where": lambda scene: _of_attribute(scene, "place", ("where is {}?",), lambda obj: len(_places(obj.kind)) > 1),
    "which colour": lambda scene: _of_attribute(scene, "color", ("which colour is {}?", "what colour is {}?")),
    "how many": _how_many,
    "is there": _is_there,
    "what is it doing": lambda scene: _of_attribute(
        scene, "posture", ("what is {} doing?",), lambda obj: obj.kind in GROUPS["animal"]
    ),
    "who is left of": _who,
    "compare": _compare,
}
KINDS = tuple(_GENERATORS)
_WEIGHTED_KINDS = [kind for kind in KINDS for _ in range(WEIGHTS.get(kind, 1))]
