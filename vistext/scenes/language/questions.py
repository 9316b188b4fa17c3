"""Questions about a scene, with the sentences that answer them.

Questions whose answer their words betray are not asked ("What is the ship sailing on?": ships sail on water only), and
`ask` draws answers rather than questions, so that no answer is much more frequent than the others.
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
    """All questions about a scene, with their answers.

    Args:
        scene: what is asked about.
        kind: one of `KINDS`; all of them when left out.

    Returns:
        Questions that differ in their words, in an order that is always the same; there may be none of a kind.

    Raises:
        ValueError: another kind.
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"a kind of question is one of: {', '.join(KINDS)}; given was {kind!r}")
    kinds = KINDS if kind is None else (kind,)
    asked = (Question(one, *map(text_of, qa[:2]), qa[2]) for one in kinds for qa in _ASKING[one](scene))
    return list({one.question: one for one in asked}.values())


def reply(question: str, scene: Scene) -> Question | None:
    """A question with its answer, if it can be answered about a scene.

    Besides `questions`, which ask for what could well be, anyone may ask whether something is there: that is answered
    by reading the question as a statement.

    Args:
        question: any text; capitals matter.
        scene: what is asked about.

    Returns:
        None for what is no question of the drawn world, and for one about something that is not there, or of which
        there are several: "What is the cat doing?" where there is no cat, or are two.
    """
    if known := {one.question: one for one in all_questions(scene)}.get(question):
        return known
    named = re.fullmatch(r"Is there (an? (.+))\?", question)
    try:
        facts = parse_sentence(f"There is {named[1]}.") if named else ()
    except NotUnderstoodError:
        return None
    if not facts or {fact.subject if isinstance(fact, Attribute) else None for fact in facts} != {0}:
        return None
    if matching(scene, [(fact.attribute, fact.value) for fact in facts]):
        return Question("is there", question, f"Yes, there is {named[1]}.", "yes")
    return Question("is there", question, f"No, there is no {named[2]}.", "no")


def sample_question(scene: Scene, rng: np.random.Generator, kind: str | None = None) -> Question:
    """One question about a scene, at random: first its kind, then its answer, then its words.

    Args:
        scene: what is asked about.
        rng: decides which.
        kind: one of `KINDS`; when left out, any that the scene has questions of.

    Returns:
        The question with its answer.

    Raises:
        ValueError: another kind, or the scene has no question of this kind.
    """
    return sample_questions(scene, rng, 1, kind)[0]


def sample_questions(scene: Scene, rng: np.random.Generator, count: int, kind: str | None = None) -> list[Question]:
    """Questions about one scene, each drawn as `ask` draws it; several at once take less time.

    Args:
        scene, rng, kind: as for `ask`.
        count: how many, 1 or more; some may be the same.

    Returns:
        `count` questions with their answers.

    Raises:
        ValueError: as `ask`.
    """
    if not (first := all_questions(scene, kind or "how many")):
        raise ValueError(f"this scene has no question of kind {kind!r}; leave the kind out")
    found: dict[str, list[list[Question]]] = {}

    def drawn() -> Question:
        question = first[0]
        for _ in range(TRIES):
            one = kind or _KIND_DRAWN[int(rng.integers(len(_KIND_DRAWN)))]
            if one not in found:
                found[one] = list(_by_answer(all_questions(scene, one)).values())
            if found[one]:
                same = found[one][rng.integers(len(found[one]))]
                question = same[rng.integers(len(same))]
                if rng.random() < _balance().get((question.question, question.short), 1.0):
                    break
        return question

    return [drawn() for _ in range(count)]


def _by_answer(asked: list[Question]) -> dict[str, list[Question]]:
    found: dict[str, list[Question]] = {}
    for question in asked:
        found.setdefault(question.short, []).append(question)
    return found


@cache
def _balance() -> dict[tuple[str, str], float]:
    """How often, in [0, 1], to keep a question with its answer, so that no answer of it stands out.

    The most frequent one is to be no more frequent than the next. Measured on the training split, since how likely an
    answer is depends on all of the world's tables.
    """
    weights: dict[str, dict[str, float]] = {}
    for scene in sample(MEASURED, seed=0, split="train"):
        for kind in KINDS:
            found = _by_answer(all_questions(scene, kind))
            for answer, same in found.items():
                for question in same:
                    seen = weights.setdefault(question.question, {})
                    seen[answer] = seen.get(answer, 0) + 1 / len(found) / len(same)
    keep = {}
    for question, seen in weights.items():
        likely = sorted(seen.values(), reverse=True)
        for answer, weight in seen.items():
            keep[question, answer] = min(1.0, (likely[1] if len(likely) > 1 else 0.1) / weight)
    return keep


def text_of(words: str) -> str:
    """Words of the grammar as a sentence."""
    return text(words.replace(",", " ,").replace("?", " ?").replace(".", " .").split())


Asked = Iterator[tuple[str, str, str]]


def _what(scene: Scene) -> Asked:
    for i, obj in enumerate(scene.objects):
        doing = f"is {obj.posture}"
        name = refer(scene, i, without="place")
        others = [place for place in ontology.POSTURES[obj.kind][obj.posture] if ontology.PREPOSITIONS[place] == "on"]
        if name and obj.preposition == "on" and len(others) > 2:
            place = f"the {obj.place}"
            yield f"what {doing} on?".replace("what is", f"what is {name}"), f"{name} {doing} on {place}.", place
        place = value_of(obj, "place")
        for traits, words in (([("place", place)], f"is {place}"), ([("posture", obj.posture)], doing)):
            if matching(scene, traits) == (i,):
                yield f"what {words}?", f"a {noun(obj.kind)} {words}.", noun(obj.kind)
        if matching(scene, [("color", obj.color)]) == (i,):
            named = f"the {obj.color} thing"
            yield f"what is {named}?", f"{named} is a {noun(obj.kind)}.", noun(obj.kind)


def _where(scene: Scene) -> Asked:
    for i, obj in enumerate(scene.objects):
        name = refer(scene, i, without="place")
        if name and len(_places(obj.kind)) > 1:
            place = value_of(obj, "place")
            yield f"where is {name}?", f"{name} is {place}.", place


def _which_color(scene: Scene) -> Asked:
    for i, obj in enumerate(scene.objects):
        if name := refer(scene, i, without="color"):
            for words in ("which colour is", "what colour is"):
                yield f"{words} {name}?", f"{name} is {obj.color}.", obj.color


def _how_many(scene: Scene) -> Asked:
    for kind in (*ontology.KINDS, *GROUPS):
        number = len(matching(scene, [("kind", kind)]))
        be = "is" if number == 1 else "are"
        yield (
            f"how many {noun(kind, 2)} are there?",
            f"there {be} {NUMBERS[number]} {noun(kind, number)}.",
            _amount(number),
        )
    places = sorted({value_of(obj, "place") for obj in scene.objects})
    colors = sorted({obj.color for obj in scene.objects})
    for attribute, values in (("place", places), ("color", colors)):
        for value in values:
            number = len(matching(scene, [(attribute, value)]))
            be = "is" if number == 1 else "are"
            answer = f"{NUMBERS[number]} {noun('thing', number)} {be} {value}."
            yield f"how many things are {value}?", answer, _amount(number)


def _amount(number: int) -> str:
    return NUMBERS[number] if number else "none"


def _is_there(scene: Scene) -> Asked:
    """Of what is there, and of the same with one object changed so that it is not."""
    for obj in scene.objects:
        for attributes in (("kind",), ("color", "kind"), ("kind", "place"), ("posture", "kind")):
            traits = {attribute: value_of(obj, attribute) for attribute in attributes}
            yield f"is there {_a(traits)}?", f"yes, there is {_a(traits)}.", "yes"
            for attribute in attributes:
                for value in _instead(scene, obj, attribute):
                    other = traits | {attribute: value}
                    if not matching(scene, list(other.items())):
                        yield f"is there {_a(other)}?", f"no, there is no {_a(other)[2:]}.", "no"


def _a(traits: dict[str, str]) -> str:
    color, kind = traits.get("color", ""), noun(traits["kind"])
    return " ".join(f"a {color} {kind} {traits.get('posture', '')} {traits.get('place', '')}".split())


def _instead(scene: Scene, obj: SceneObject, attribute: str) -> list[str]:
    """What an object's attribute could as well be, in this setting and with its other attributes."""
    if attribute == "color":
        values = _colors(obj.kind)
    elif attribute == "posture":
        values = [one for one, places in ontology.POSTURES[obj.kind].items() if obj.place in places]
    elif attribute == "place":
        values = [one for one in ontology.SETTINGS[scene.setting] if one in _places(obj.kind)]
    else:
        values = [one for one in ontology.KINDS if _suits(one, obj)]
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


def _doing(scene: Scene) -> Asked:
    for i, obj in enumerate(scene.objects):
        name = refer(scene, i, without="posture")
        if name and obj.kind in GROUPS["animal"]:
            yield f"what is {name} doing?", f"{name} is {obj.posture}.", obj.posture


def _who(scene: Scene) -> Asked:
    for i in range(len(scene.objects)):
        name = refer(scene, i)
        for relation, (phrase, *_) in SAID["RELATION"].items():
            others = [known.subject for known in scene.relations if (known.name, known.object) == (relation, i)]
            if name and len(others) == 1:
                kind = scene.objects[others[0]].kind
                who, words = ("who" if kind in GROUPS["animal"] else "what"), " ".join(phrase)
                yield f"{who} is {words} {name}?", f"a {noun(kind)} is {words} {name}.", noun(kind)


def _compare(scene: Scene) -> Asked:
    kinds = sorted({obj.kind for obj in scene.objects})
    for one, other in permutations(kinds, 2):
        many, others = noun(one, 2), noun(other, 2)
        difference = len(matching(scene, [("kind", one)])) - len(matching(scene, [("kind", other)]))
        question = f"are there more {many} or more {others}?"
        if difference:
            more, fewer = (many, others) if difference > 0 else (others, many)
            yield question, f"there are more {more} than {fewer}.", more
        else:
            yield question, f"there are as many {many} as {others}.", "as many"
    names = {i: refer(scene, i, without="color") for i in range(len(scene.objects))}
    for one, other in permutations([i for i, name in names.items() if name], 2):
        same = scene.objects[one].color == scene.objects[other].color
        rest = f"the same colour as {names[other]}"
        answer = f"yes, {names[one]} is {rest}." if same else f"no, {names[one]} is not {rest}."
        yield f"is {names[one]} {rest}?", answer, "yes" if same else "no"
    for known in scene.relations:
        left, right = refer(scene, known.subject), refer(scene, known.object)
        if known.name == "left of" and left and right:
            for pair in ((left, right), (right, left)):
                yield f"which is farther left, {pair[0]} or {pair[1]}?", f"{left} is to the left of {right}.", left


_ASKING: dict[str, Callable[[Scene], Asked]] = {
    "what": _what,
    "where": _where,
    "which colour": _which_color,
    "how many": _how_many,
    "is there": _is_there,
    "what is it doing": _doing,
    "who is left of": _who,
    "compare": _compare,
}
KINDS = tuple(_ASKING)
_KIND_DRAWN = [kind for kind in KINDS for _ in range(WEIGHTS.get(kind, 1))]
