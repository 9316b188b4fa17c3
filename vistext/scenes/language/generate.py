"""True sentences about a scene, by the grammar: at three lengths, and in as many ways as it has.

What is said is true by the way it is made: each noun phrase is given an object, and every word about it is looked up
there. "The" is said of what is the only one, a number of all that are so, and nothing is said twice.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, permutations
from random import Random
from typing import NamedTuple

import numpy as np

from vistext.data.vocabulary import detokenize
from vistext.scenes.language.facts import matching, value_of
from vistext.scenes.language.grammar import RULES, is_word
from vistext.scenes.language.lexicon import ATTRIBUTES, NUMBERS, SAID, Phrase, article, noun
from vistext.scenes.scene import Scene

LENGTHS = {"title": "TITLE", "description": "SENTENCE", "story": "STORY"}
MOST_LISTED = 3
# Steps after which a random walk through the grammar begins anew: nearly all end sooner, but one that has begun what
# the scene cannot end ("A cat is sleeping while ...", and there is only the cat) would try every beginning.
PATIENCE = {"title": 30, "description": 30, "story": 90}


def descriptions(scene: Scene, length: str) -> Iterator[str]:
    """Every true description of a scene that the grammar can say, one after the other.

    Args:
        scene: what is described.
        length: "title" ("a cat on the floor"), "description" ("A cat is sitting on the floor.") or "story" (two to
            four sentences that refer back). Of stories there may be millions: take what you need of them.

    Returns:
        An iterator of different texts, always in the same order.

    Raises:
        ValueError: another length.
    """
    return _each_once(map(text, _Speaker(scene, _in_order).all(_symbol(length))))


def describe(scene: Scene, length: str, rng: np.random.Generator) -> str:
    """One true description of a scene, at random.

    Args:
        scene: what is described.
        length: "title", "description" or "story"; see `descriptions`.
        rng: decides which.

    Returns:
        The text.

    Raises:
        ValueError: another length.
    """
    return text(_walk(scene, length, rng))


def describe_grounded(scene: Scene, length: str, rng: np.random.Generator) -> tuple[str, list[int | None]]:
    """The same, and of which object each token speaks.

    Args:
        scene, length, rng: as for `describe`, which says the same by the same numbers.

    Returns:
        The text; and for each of the tokens that `data.words.tokenize` makes of it the object's place in
        `scene.objects`, None for what speaks of none or of several ("is", "two").

    Raises:
        ValueError: another length.
    """
    tokens = _walk(scene, length, rng)
    return text(tokens), [token.about if isinstance(token, _Word) else None for token in tokens]


class _Word(str):
    """A word about one object, whose place in `scene.objects` it knows."""

    about: int


def _of(phrase: Phrase, subject: tuple[int, ...]) -> Phrase:
    """A phrase whose words know of what they speak, if that is one object."""
    if len(subject) != 1:
        return phrase
    words = tuple(map(_Word, phrase))
    for word in words:
        word.about = subject[0]
    return words


def _walk(scene: Scene, length: str, rng: np.random.Generator) -> Phrase:
    """The tokens of a description, by a random walk through the grammar."""
    symbol = _symbol(length)
    order = _at_random(Random(int(rng.integers(2**63))))
    patience = PATIENCE[length]
    while True:
        try:
            return next(_Speaker(scene, order, patience).all(symbol))
        except _LostError:
            patience *= 1.2


def refer(scene: Scene, obj: int, without: str = "") -> str | None:
    """The shortest name that means one object of the scene and no other: "the cat", "the black cat", ...

    Args:
        scene: what is spoken of.
        object: its place in `scene.objects`.
        without: an attribute that must not be used, because it is asked for.

    Returns:
        The name in lower case; None if only that attribute, or none, would tell it from others.
    """
    traits = _telling(scene, obj, without)
    return traits and " ".join(["the", *(noun(value) if attribute == "kind" else value for attribute, value in traits)])


def _telling(scene: Scene, obj: int, without: str = "") -> list[tuple[str, str]] | None:
    """The fewest attributes that tell an object from all others, in the order in which they are said."""
    for attributes in (("kind",), ("color", "kind"), ("size", "kind"), ("size", "color", "kind"), ("kind", "place")):
        traits = [(attribute, value_of(scene.objects[obj], attribute)) for attribute in attributes]
        if without not in attributes and matching(scene, traits) == (obj,):
            return traits
    return None


def text(tokens: Iterable[str]) -> str:
    """Tokens of the grammar as English text: "a" becomes "an" where it must."""
    tokens = list(tokens)
    following = [*tokens[1:], ""]
    return detokenize(article(after) if token == "a" else token for token, after in zip(tokens, following, strict=True))


def _symbol(length: str) -> str:
    if length not in LENGTHS:
        raise ValueError(f"a length is one of: {', '.join(LENGTHS)}; given was {length!r}")
    return LENGTHS[length]


def _each_once(texts: Iterable[str]) -> Iterator[str]:
    seen = set()
    for one in texts:
        if one not in seen:
            seen.add(one)
            yield one


Order = Callable[[Sequence, Sequence[float]], Iterable]


def _in_order(options: Sequence, weights: Sequence[float]) -> Iterable:
    return (option for option, weight in zip(options, weights, strict=True) if weight)


def _at_random(random: Random) -> Order:
    def order(options: Sequence, weights: Sequence[float]) -> Iterator:
        left = [pair for pair in zip(options, weights, strict=True) if pair[1]]
        while left:
            point, index = random.random() * sum(weight for _, weight in left), 0
            while index < len(left) - 1 and point >= left[index][1]:
                point -= left[index][1]
                index += 1
            yield left.pop(index)[0]

    return order


class _State(NamedTuple):
    """How far a speaker has come."""

    subject: tuple[int, ...] = ()  # the objects that are spoken of now
    topic: tuple[int, ...] = ()  # what "it" and "they" would stand for
    named: frozenset[int] = frozenset()
    said: frozenset[tuple] = frozenset()  # (object, attribute), which is not to be said again
    traits: tuple[tuple[str, str], ...] = ()  # what has been said of the subject since it was named
    counted: bool = False  # whether the subject was named by its number
    waiting: tuple[int, ...] = ()  # objects of a list that are still to be named
    short: bool = False  # nothing is to follow the noun
    fresh: bool = False  # the next clause is to be about something new


Said = Iterator[tuple[Phrase, _State]]


class _LostError(Exception):
    """A walk through the grammar has taken more steps than it should."""


class _Speaker:
    """Walks through the grammar with a scene in view."""

    def __init__(self, scene: Scene, order: Order, patience: float = math.inf):
        self.scene, self.order, self.patience = scene, order, patience
        self.objects = range(len(scene.objects))

    def all(self, symbol: str) -> Iterator[Phrase]:
        """Everything that a symbol can be, as tokens."""
        for words, _ in self._say(symbol, _State()):
            yield (*words, ".") if symbol == "SENTENCE" else words

    def _say(self, symbol: str, state: _State) -> Said:
        if is_word(symbol):
            return iter([((symbol,), state)])
        if symbol in _NAMED:
            return _NAMED[symbol](self, symbol, state)
        if symbol in ATTRIBUTES:
            return self._attribute(symbol, state)
        return self._rules(symbol, state)

    def _rules(self, symbol: str, state: _State) -> Said:
        self.patience -= 1
        if self.patience < 0:
            raise _LostError
        rules = RULES[symbol]
        for rule in self.order(rules, [rule.weight for rule in rules]):
            yield from self._sequence(rule.symbols, state)

    def _sequence(self, symbols: tuple[str, ...], state: _State) -> Said:
        if not symbols:
            yield (), state
            return
        for words, after in self._say(symbols[0], state):
            for more, last in self._sequence(symbols[1:], after):
                yield words + more, last

    def _each(self, options: Sequence) -> Iterable:
        return self.order(options, [1.0] * len(options))

    def _attribute(self, category: str, state: _State) -> Said:
        """What is so of all that are spoken of, if it has not been said of any."""
        attribute = ATTRIBUTES[category]
        of_picture = category in ("TIME", "CLOCK", "SETTING")
        marks = [(i, attribute) for i in ((None,) if of_picture else state.subject)]
        if attribute != "kind" and not state.said.isdisjoint(marks):
            return
        objects = [self.scene] if of_picture else [self.scene.objects[i] for i in state.subject]
        value, *others = {value_of(obj, attribute) for obj in objects}
        # Small and large is meant among objects of a kind.
        if others or (attribute == "size" and len({obj.kind for obj in objects}) > 1):
            return
        phrases = SAID[category].get(value, ())
        after = state._replace(said=state.said.union(marks))
        if not of_picture:
            after = after._replace(traits=(*state.traits, (attribute, value)))
        for phrase in self.order(phrases, [1 / (1 + rank) ** 2 for rank in range(len(phrases))]):
            yield phrase if of_picture else _of(phrase, state.subject), after

    def _about_one(self, symbol: str, state: _State) -> Said:
        """A clause or title about one object; about the objects of a list, if it names one."""
        for i in self._each([i for i in self.objects if not (state.fresh and i in state.named)]):
            begun = state._replace(subject=(i,), traits=(), counted=False, fresh=False)
            for words, after in self._rules(symbol, begun):
                yield words, after._replace(topic=after.subject)

    def _about_several(self, symbol: str, state: _State) -> Said:
        """A clause or title about several objects; those that are counted must be all that are so."""
        sizes = range(2, len(self.objects) + 1)
        groups = [group for size in sizes for group in combinations(self.objects, size)]
        for group in self._each([one for one in groups if not (state.fresh and state.named.intersection(one))]):
            begun = state._replace(subject=group, traits=(), counted=False, fresh=False)
            for words, after in self._rules(symbol, begun):
                if not after.counted or matching(self.scene, after.traits) == group:
                    yield words, after._replace(topic=group)

    def _action(self, symbol: str, state: _State) -> Said:
        """A brief clause that may stand beside another."""
        if len(self.objects) > 1:
            yield from self._rules(symbol, state._replace(short=True))

    def _name(self, symbol: str, state: _State) -> Said:
        rules = [rule for rule in RULES[symbol] if not (state.short and "SIZE" in rule.symbols)]
        for rule in self.order(rules, [rule.weight for rule in rules]):
            yield from self._sequence(rule.symbols, state)

    def _back(self, symbol: str, state: _State) -> Said:
        """A clause about what the one before was about."""
        return self._rules(symbol, state._replace(subject=state.topic, traits=(), counted=False))

    def _second(self, symbol: str, state: _State) -> Said:
        return self._rules(symbol, state._replace(fresh=True))

    def _pronoun(self, symbol: str, state: _State) -> Said:
        if state.subject and state.subject == state.topic and (symbol == "IT") == (len(state.subject) == 1):
            yield from self._rules(symbol, state)

    def _a(self, symbol: str, state: _State) -> Said:
        if len(state.subject) == 1 and state.named.isdisjoint(state.subject):
            yield from self._rules(symbol, state._replace(named=state.named.union(state.subject)))

    def _the(self, symbol: str, state: _State) -> Said:
        """By any words that fit no other object; what has been named before, by as few as possible."""
        if len(state.subject) != 1:
            return
        if not state.named.isdisjoint(state.subject):
            if traits := _telling(self.scene, state.subject[0]):
                used = {(state.subject[0], attribute) for attribute, _ in traits}
                words = tuple(refer(self.scene, state.subject[0]).split())
                yield _of(words, state.subject), state._replace(said=state.said | used)
            return
        yield from self._unique(symbol, state)

    def _both(self, symbol: str, state: _State) -> Said:
        if len(state.subject) == 2 and state.named.isdisjoint(state.subject):
            yield from self._unique(symbol, state)

    def _unique(self, symbol: str, state: _State) -> Said:
        begun = state._replace(named=state.named.union(state.subject), traits=())
        for words, after in self._rules(symbol, begun):
            if matching(self.scene, after.traits) == state.subject:
                yield words, after._replace(traits=state.traits + after.traits)

    def _many(self, symbol: str, state: _State) -> Said:
        if state.named.isdisjoint(state.subject):
            yield from self._rules(symbol, state._replace(named=state.named.union(state.subject), counted=True))

    def _number(self, _: str, state: _State) -> Said:
        yield (NUMBERS[len(state.subject)],), state

    def _more(self, symbol: str, state: _State) -> Said:
        if not state.short:
            yield from self._rules(symbol, state)

    def _list(self, symbol: str, state: _State) -> Said:
        """Objects one by one: those spoken of, or the one spoken of and others."""
        if state.traits or not state.named.isdisjoint(state.subject):
            return
        if len(state.subject) > 1:
            lists = list(permutations(state.subject)) if len(state.subject) <= MOST_LISTED else []
        else:
            others = [i for i in self.objects if i not in state.subject and i not in state.named]
            lists = [state.subject + more for size in range(1, MOST_LISTED) for more in permutations(others, size)]
        for first, *waiting in self._each(lists):
            begun = state._replace(subject=(first,), waiting=tuple(waiting), short=len(waiting) > 1)
            group = tuple(sorted((first, *waiting)))
            for words, after in self._rules(symbol, begun):
                if self._told_apart(group, after):
                    yield words, after._replace(subject=group, traits=(), short=state.short)

    def _told_apart(self, group: tuple[int, ...], state: _State) -> bool:
        """Whether objects of one kind have been named by their different colors: nobody says "a bird and a bird"."""
        for one, other in combinations(group, 2):
            objects = self.scene.objects[one], self.scene.objects[other]
            if objects[0].kind == objects[1].kind and (
                objects[0].color == objects[1].color or not state.said.issuperset([(one, "color"), (other, "color")])
            ):
                return False
        return True

    def _rest(self, symbol: str, state: _State) -> Said:
        for rule in self._each([rule for rule in RULES[symbol] if rule.weight]):
            if ("REST" in rule.symbols) == (len(state.waiting) > 1):
                yield from self._sequence(rule.symbols, state)

    def _item(self, symbol: str, state: _State) -> Said:
        yield from self._rules(symbol, state._replace(subject=state.waiting[:1], waiting=state.waiting[1:], traits=()))

    def _related(self, _: str, state: _State) -> Said:
        """A relation to another object, which is named briefly."""
        if len(state.subject) != 1:
            return
        known = [relation for relation in self.scene.relations if relation.subject == state.subject[0]]
        for relation in self._each(known):
            mark = (frozenset({relation.subject, relation.object}), "relation")
            if mark in state.said:
                continue
            begun = state._replace(subject=(relation.object,), said=state.said | {mark}, traits=(), short=True)
            for words, after in self._say("OBJECT", begun):
                for phrase in SAID["RELATION"][relation.name]:
                    yield phrase + words, after._replace(subject=state.subject, traits=state.traits, short=state.short)


# What a speaker does at a symbol beside following its rules.
_NAMED: dict[str, Callable[[_Speaker, str, _State], Said]] = {
    "CORE1": _Speaker._about_one,
    "ACTION1": _Speaker._about_one,
    "ACTIONN": _Speaker._about_several,
    "HEAD1": _Speaker._about_one,
    "COREN": _Speaker._about_several,
    "HEADN": _Speaker._about_several,
    "ACTION": _Speaker._action,
    "NAME1": _Speaker._name,
    "NAMEN": _Speaker._name,
    "BACK": _Speaker._back,
    "SECOND": _Speaker._second,
    "IT": _Speaker._pronoun,
    "THEY": _Speaker._pronoun,
    "BARE": _Speaker._a,
    "FEW": _Speaker._many,
    "A": _Speaker._a,
    "THE": _Speaker._the,
    "BOTH": _Speaker._both,
    "MANY": _Speaker._many,
    "NUMBER": _Speaker._number,
    "MORE1": _Speaker._more,
    "MOREN": _Speaker._more,
    "LIST1": _Speaker._list,
    "REST": _Speaker._rest,
    "ITEM": _Speaker._item,
    "RELATED": _Speaker._related,
}
