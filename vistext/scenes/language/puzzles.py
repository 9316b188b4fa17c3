"""Lesson 08's puzzles: each asks for a word at some places of a text, with a picture that may help, or not.

Where text alone must not suffice, puzzles come in pairs: the same text with two pictures and two different answers (as
Goyal et al. 2017 balanced their questions, arXiv:1612.00837).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TypeVar

import numpy as np

from vistext.data.vocabulary import tokenize
from vistext.scenes.language.facts import has, matching, value_of
from vistext.scenes.language.lexicon import SAID, VERBS, noun, with_article
from vistext.scenes.scene import Relation, Scene, SceneObject

Key = TypeVar("Key")
Asked = tuple[str, tuple[str, ...]]  # a puzzle's text and answers

GAP = "___"
NAMES = ("Mia", "Rex", "Bo", "Kim", "Leo", "Zoe", "Max", "Ida", "Tom", "Eva", "Sam", "Amy")
NO_NAME = "outside"  # the tag of a word that names nothing: the O of the tagger's BIO
MOODS = ("pleased", "disappointed")
WISHED = ("I came to see {}.", "All I wanted was {}.", "Nothing pleases me more than {}.")
GOOD, BAD = ("lovely", "wonderful", "charming", "great"), ("dull", "awful", "boring", "ugly")
JUDGED = ("This picture of {} is {}.", "How {1} this picture of {0} is!", "They call this picture of {} {}, and it is.")
NEGATED = ("This picture of {} is not {} at all.", "They call this picture of {} {}, but it is not.")
TRIES = 20  # at a puzzle about a scene, before another scene is taken


@dataclass(frozen=True, slots=True)
class Puzzle:
    """A text, its picture, and the answers.

    Attributes:
        task: one of `TASKS`.
        text: with places at which words are asked for.
        scene: the number of its scene among those that the puzzles were made of.
        answers: for each token of the text the word that is the answer there, "" where nothing is asked.
    """

    task: str
    text: str
    scene: int
    answers: tuple[str, ...]

    @property
    def answer(self) -> str:
        """The first answer that is not `NO_NAME`."""
        return next(word for word in self.answers if word not in ("", NO_NAME))


def puzzles(task: str, pool: Sequence[Scene], n: int, rng: np.random.Generator) -> list[Puzzle]:
    """n puzzles of one of `TASKS`; of "it" and "mood" each two in a row have the same text and different answers.

    `pool` are scenes of one split, some hundreds at least: the rarer a text, the less likely it has two answers.

    Raises:
        ValueError: an unknown task, an odd number of pairs, or a pool in which nothing can be asked.
    """
    if task not in TASKS:
        raise ValueError(f"a task is one of: {', '.join(TASKS)}; given was {task!r}")
    return TASKS[task](pool, n, rng)


def _paired(
    task: str,
    *,
    found: Mapping[Key, Mapping[str, Sequence[int] | np.ndarray]],
    texts: Callable[[Key], Sequence[str]],
    place: Callable[[list[str]], int],
    n: int,
    rng: np.random.Generator,
) -> list[Puzzle]:
    """Pairs of puzzles with one text and two answers.

    `found` has for each thing to ask and each answer the scenes in which it is the answer; `texts` are the ways to ask
    it, and `place` finds the token at which the answer is asked for.
    """
    if n % 2:
        raise ValueError(f"puzzles of the task {task!r} come in pairs; given was n={n}")
    keys = [key for key, answers in found.items() if len(answers) == 2]
    if not keys:
        raise ValueError(f"nothing of the task {task!r} has two answers in these scenes; give more of them")
    # What few scenes show is asked less often, or these few would come up again and again.
    weights = np.sqrt([min(map(len, found[key].values())) for key in keys])
    made = []
    for number in rng.choice(len(keys), n // 2, p=weights / weights.sum()):
        options = texts(keys[number])
        text = options[int(rng.integers(len(options)))]
        tokens = tokenize(text)
        for answer, rows in sorted(found[keys[number]].items()):
            answers = [""] * len(tokens)
            answers[place(tokens)] = answer
            made.append(Puzzle(task, text, int(rows[int(rng.integers(len(rows)))]), tuple(answers)))
    return made


def _it(pool: Sequence[Scene], n: int, rng: np.random.Generator) -> list[Puzzle]:
    """ "The cat and the dog are on the grass. It is sleeping." """
    found: dict[tuple, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, scene in enumerate(pool):
        kinds = [obj.kind for obj in scene.objects]
        single = sorted((obj for obj in scene.objects if kinds.count(obj.kind) == 1), key=lambda obj: obj.kind)
        for first, second in combinations(single, 2):
            for claim, meant in _distinguishing_claims(scene, first, second):
                key = (noun(first.kind), noun(second.kind), _common_place(first, second), claim)
                found[key][noun(meant.kind)].append(row)

    def texts(key: tuple) -> list[str]:
        first, second, where, claim = key
        return [f"The {a} and the {b} are {where}. It is {claim}." for a, b in ((first, second), (second, first))]

    return _paired("it", found=found, texts=texts, place=lambda tokens: tokens.index("it"), n=n, rng=rng)


def _common_place(a: SceneObject, b: SceneObject) -> str:
    return value_of(a, "place") if value_of(a, "place") == value_of(b, "place") else "in the picture"


def _distinguishing_claims(scene: Scene, a: SceneObject, b: SceneObject) -> list[tuple[str, SceneObject]]:
    """What holds of one of two objects and not of the other: ("sleeping", that object), ..."""
    claims = []
    for obj, other in ((a, b), (b, a)):
        for attribute in ("posture", "color", "size", "place"):
            value = value_of(obj, attribute)
            if not has(other, attribute, value):
                claims.append((_word(attribute, value), obj))
        if Relation(scene.objects.index(obj), "left of", scene.objects.index(other)) in scene.relations:
            claims.append(("on the left", obj))
    return claims


def _gap(scene: Scene, rng: np.random.Generator) -> Asked | None:
    """ "The black ___ is sleeping.", if one word alone makes it true."""
    number = int(rng.integers(len(scene.objects)))
    obj = scene.objects[number]
    used = [name for name in ("color", "kind", "posture", "place") if name == "kind" or rng.random() < 0.6]
    hidden = used[rng.integers(len(used))]
    traits = {name: value_of(obj, name) for name in used}
    known = [trait for trait in traits.items() if trait[0] != hidden]
    named = [trait for trait in traits.items() if trait[0] in ("color", "kind")]
    if len(named) == len(used) or any(matching(scene, some) != (number,) for some in (known, named)):
        return None
    words = {name: _word(name, value) for name, value in traits.items()}
    answer, words[hidden] = words[hidden].split()[-1], " ".join([*words[hidden].split()[:-1], GAP])
    subject = " ".join(words[name] for name in ("color", "kind") if name in words)
    predicate = " ".join(words[name] for name in ("posture", "place") if name in words)
    text = f"The {subject} is {predicate}."
    return text, tuple(answer if token == GAP else "" for token in tokenize(text))


def _word(attribute: str, value: str) -> str:
    """The word for a value: "car" for "automobile"."""
    return noun(value) if attribute == "kind" else VERBS[value][0] if attribute == "posture" else value


def _named(scene: Scene, rng: np.random.Generator, with_kind: bool = False) -> Asked | None:
    """ "Mia is sleeping. Rex is to the left of Mia."; with their kinds, "Mia the cat is sleeping. ..." """
    if len(scene.objects) < 2:
        return None
    numbers = rng.permutation(len(scene.objects))[:2].tolist()
    names = rng.choice(NAMES, 2, replace=False).tolist()
    sentences: list[str] = []
    for place, number in enumerate(numbers):
        claims = _only_of(scene, number)
        if place:
            in_relation = Counter((relation.name, relation.object) for relation in scene.relations)
            claims += [
                f"{' '.join(SAID['RELATION'][relation.name][0])} {names[0]}"
                for relation in scene.relations
                if (relation.subject, relation.object) == (number, numbers[0])
                and in_relation[relation.name, relation.object] == 1
            ]
        if not claims:
            return None
        name = f"{names[place]} the {noun(scene.objects[number].kind)}" if with_kind else names[place]
        sentences.append(f"{name} is {claims[rng.integers(len(claims))]}.")
    text = " ".join(sentences)
    tags = {name.lower(): noun(scene.objects[number].kind) for name, number in zip(names, numbers, strict=True)}
    return text, tuple(tags.get(token, NO_NAME) for token in tokenize(text))


def _only_of(scene: Scene, number: int) -> list[str]:
    """What holds of one object of a scene and of no other."""
    traits = [(attribute, value_of(scene.objects[number], attribute)) for attribute in ("posture", "color", "place")]
    return [_word(*trait) for trait in traits if matching(scene, [trait]) == (number,)]


def _one_by_one(
    task: str, ask: Callable[..., Asked | None], pool: Sequence[Scene], n: int, rng: np.random.Generator
) -> list[Puzzle]:
    """Puzzles about scenes at random; `ask` finds a text and answers, or nothing."""
    made: list[Puzzle] = []
    for _ in range(TRIES * n if pool else 0):
        if len(made) == n:
            break
        row = int(rng.integers(len(pool)))
        if found := ask(pool[row], rng):
            made.append(Puzzle(task, found[0], row, found[1]))
    if len(made) < n:
        raise ValueError(f"only {len(made)} of {n} puzzles of the task {task!r} were found in these scenes")
    return made


def _wishes_of(scene: Scene) -> set[str]:
    """The wishes that a scene fulfills: "a cat", "a black cat", "something sleeping", "a picture by night"."""
    found = {f"a picture by {scene.time}"}
    for obj in scene.objects:
        named = noun(obj.kind)
        found |= {with_article(named), with_article(f"{obj.color} {named}")}
        found |= {f"something {VERBS[posture][0]}" for posture in VERBS if has(obj, "posture", posture)}
        found.add(f"something {value_of(obj, 'place')}")
    return found


def _mood(pool: Sequence[Scene], n: int, rng: np.random.Generator) -> list[Puzzle]:
    """ "I came to see a horse.": pleased or not? That depends on the picture."""
    fulfilled = [_wishes_of(scene) for scene in pool]
    found = {}
    for wish in sorted(set().union(*fulfilled)):
        there = np.array([wish in wishes for wishes in fulfilled])
        if there.any() and not there.all():
            found[wish] = dict(zip(MOODS, (np.flatnonzero(there), np.flatnonzero(~there)), strict=True))

    def texts(wish: str) -> list[str]:
        return [form.format(wish) for form in WISHED]

    return _paired("mood", found=found, texts=texts, place=lambda tokens: len(tokens) - 1, n=n, rng=rng)


def _judged(scene: Scene, rng: np.random.Generator) -> Asked:
    """ "This picture of a horse is not dull at all.": the words decide."""
    good, negated = rng.integers(2, size=2).astype(bool)
    form, word = (str(rng.choice(options)) for options in (NEGATED if negated else JUDGED, GOOD if good else BAD))
    obj = scene.objects[rng.integers(len(scene.objects))]
    text = form.format(with_article(noun(obj.kind)), word)
    return text, (*[""] * (len(tokenize(text)) - 1), MOODS[int(good == negated)])


TASKS: dict[str, Callable[[Sequence[Scene], int, np.random.Generator], list[Puzzle]]] = {
    "it": _it,
    "mood": _mood,
    "gap": partial(_one_by_one, "gap", _gap),
    "names": partial(_one_by_one, "names", _named),
    "names told": partial(_one_by_one, "names told", partial(_named, with_kind=True)),
    "mood told": partial(_one_by_one, "mood told", _judged),
}


def caption(scene: Scene, rng: np.random.Generator) -> str:
    """A sentence with all attributes for each object of a scene, in random order, as a search needs to find it:

    "A small black cat is sleeping on the mat. A ... It is night.", which `parse_sentence` understands.
    """
    sentences = []
    for number in rng.permutation(len(scene.objects)):
        obj = scene.objects[number]
        name = with_article(f"{obj.size} {obj.color} {noun(obj.kind)}")
        sentences.append(f"{name[0].upper()}{name[1:]} is {VERBS[obj.posture][0]} {value_of(obj, 'place')}.")
    return " ".join([*sentences, f"It is {scene.time}."])
