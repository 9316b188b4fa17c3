"""True sentences about a scene, by the grammar: at three lengths, and in as many ways as it has.

They are true by construction: each noun phrase is assigned an object, and every word about it is looked up there.
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
    """Every true description of a scene that the grammar can generate, each once, always in the same order.

    Args:
        scene: what is described.
        length: "title" ("a cat on the floor"), "description" ("A cat is sitting on the floor.") or "story" (two to
            four sentences that refer back). Of stories there may be millions: take what you need of them.

    Raises:
        ValueError: another length.
    """
    return _unique(map(text, _Generator(scene, _in_order).expand(_symbol(length))))


def describe(scene: Scene, length: str, rng: np.random.Generator) -> str:
    """One true description of a scene, at random; `length` as for `descriptions`."""
    return text(_walk(scene, length, rng))


def describe_grounded(scene: Scene, length: str, rng: np.random.Generator) -> tuple[str, list[int | None]]:
    """The same description as by `describe`, and for each of its tokens the object that it is about.

    None is for a token about no object or several ("is", "two").
    """
    tokens = _walk(scene, length, rng)
    return text(tokens), [token.about if isinstance(token, _Word) else None for token in tokens]


class _Word(str):
    """A word about one object, whose place in `scene.objects` it knows."""

    about: int


def _grounded(phrase: Phrase, subject: tuple[int, ...]) -> Phrase:
    """A phrase whose words know their object, if that is a single one."""
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
    patience: float = PATIENCE[length]
    while True:
        try:
            return next(_Generator(scene, order, patience).expand(symbol))
        except _LostError:
            patience *= 1.2


def refer(scene: Scene, obj: int, without: str = "") -> str | None:
    """The shortest expression that refers to one object only ("the black cat"), without an attribute if one is given.

    None if only that attribute, or none, would distinguish it.
    """
    traits = _distinguishing(scene, obj, without)
    if traits is None:
        return None
    return " ".join(["the", *(noun(value) if attribute == "kind" else value for attribute, value in traits)])


def _distinguishing(scene: Scene, obj: int, without: str = "") -> list[tuple[str, str]] | None:
    """The fewest attributes that distinguish an object from all others, in the order of the words."""
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


def _unique(texts: Iterable[str]) -> Iterator[str]:
    earlier = set()
    for description in texts:
        if description not in earlier:
            earlier.add(description)
            yield description


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
    """What has been generated so far."""

    subject: tuple[int, ...] = ()  # the objects that the next words are about
    topic: tuple[int, ...] = ()  # what "it" and "they" would stand for
    named: frozenset[int] = frozenset()
    stated: frozenset[tuple] = frozenset()  # (object, attribute), which is not to be stated again
    traits: tuple[tuple[str, str], ...] = ()  # what has been stated of the subject since it was named
    counted: bool = False  # whether the subject was named by its number
    waiting: tuple[int, ...] = ()  # objects of a list that are still to be named
    short: bool = False  # nothing is to follow the noun
    fresh: bool = False  # the next clause is to be about something new

    def naming(self) -> "_State | None":
        """The state in which the subject is named; None if it has been."""
        return self._replace(named=self.named | {*self.subject}) if self.named.isdisjoint(self.subject) else None


Expansions = Iterator[tuple[Phrase, _State]]


class _LostError(Exception):
    """A walk through the grammar has taken more steps than it should."""


class _Generator:
    """Expands the grammar's symbols into what is true of a scene."""

    def __init__(self, scene: Scene, order: Order, patience: float = math.inf):
        self.scene, self.order, self.patience = scene, order, patience
        self.objects = range(len(scene.objects))

    def expand(self, symbol: str) -> Iterator[Phrase]:
        """Everything that a symbol can be, as tokens."""
        for words, _ in self._expand(symbol, _State()):
            yield (*words, ".") if symbol == "SENTENCE" else words

    def _expand(self, symbol: str, state: _State) -> Expansions:
        if is_word(symbol):
            return iter([((symbol,), state)])
        if symbol in _METHODS:
            return _METHODS[symbol](self, symbol, state)
        if symbol in ATTRIBUTES:
            return self._attribute(symbol, state)
        if symbol == "ACTION" and len(self.objects) == 1:
            return iter(())
        changed = _STATES[symbol](state) if symbol in _STATES else state
        return iter(()) if changed is None else self._rules(symbol, changed)

    def _rules(self, symbol: str, state: _State) -> Expansions:
        self.patience -= 1
        if self.patience < 0:
            raise _LostError
        rules = RULES[symbol]
        for rule in self.order(rules, [rule.weight for rule in rules]):
            yield from self._sequence(rule.symbols, state)

    def _sequence(self, symbols: tuple[str, ...], state: _State) -> Expansions:
        if not symbols:
            yield (), state
            return
        for words, after in self._expand(symbols[0], state):
            for more, last in self._sequence(symbols[1:], after):
                yield words + more, last

    def _ordered(self, options: Sequence) -> Iterable:
        return self.order(options, [1.0] * len(options))

    def _attribute(self, category: str, state: _State) -> Expansions:
        """The value that all subjects have, if it has not been stated of any."""
        attribute = ATTRIBUTES[category]
        of_picture = category in ("TIME", "CLOCK", "SETTING")
        marks = [(i, attribute) for i in ((None,) if of_picture else state.subject)]
        if attribute != "kind" and not state.stated.isdisjoint(marks):
            return
        objects = [] if of_picture else [self.scene.objects[i] for i in state.subject]
        values = [getattr(self.scene, attribute)] if of_picture else {value_of(obj, attribute) for obj in objects}
        value, *others = values
        # Small and large is meant among objects of a kind.
        if others or (attribute == "size" and len({obj.kind for obj in objects}) > 1):
            return
        phrases = SAID[category].get(value, ())
        after = state._replace(stated=state.stated.union(marks))
        if not of_picture:
            after = after._replace(traits=(*state.traits, (attribute, value)))
        for phrase in self.order(phrases, [1 / (1 + rank) ** 2 for rank in range(len(phrases))]):
            yield phrase if of_picture else _grounded(phrase, state.subject), after

    def _about_one(self, symbol: str, state: _State) -> Expansions:
        """A clause or title about one object; about the objects of a list, if it names one."""
        for i in self._ordered([i for i in self.objects if not (state.fresh and i in state.named)]):
            start = state._replace(subject=(i,), traits=(), counted=False, fresh=False)
            for words, after in self._rules(symbol, start):
                yield words, after._replace(topic=after.subject)

    def _about_several(self, symbol: str, state: _State) -> Expansions:
        """A clause or title about several objects; those that are counted must be all that are so."""
        sizes = range(2, len(self.objects) + 1)
        named = state.named if state.fresh else frozenset()
        groups = [group for size in sizes for group in combinations(self.objects, size) if named.isdisjoint(group)]
        for group in self._ordered(groups):
            start = state._replace(subject=group, traits=(), counted=False, fresh=False)
            for words, after in self._rules(symbol, start):
                if not after.counted or matching(self.scene, after.traits) == group:
                    yield words, after._replace(topic=group)

    def _name(self, symbol: str, state: _State) -> Expansions:
        rules = [rule for rule in RULES[symbol] if not (state.short and "SIZE" in rule.symbols)]
        for rule in self.order(rules, [rule.weight for rule in rules]):
            yield from self._sequence(rule.symbols, state)

    def _the(self, symbol: str, state: _State) -> Expansions:
        """By any words that fit no other object; what has been named before, by as few as possible."""
        if len(state.subject) != 1:
            return
        if not state.named.isdisjoint(state.subject):
            if traits := _distinguishing(self.scene, state.subject[0]):
                used = {(state.subject[0], attribute) for attribute, _ in traits}
                words = tuple((refer(self.scene, state.subject[0]) or "").split())
                yield _grounded(words, state.subject), state._replace(stated=state.stated | used)
            return
        yield from self._unique(symbol, state)

    def _both(self, symbol: str, state: _State) -> Expansions:
        if len(state.subject) == 2 and state.named.isdisjoint(state.subject):
            yield from self._unique(symbol, state)

    def _unique(self, symbol: str, state: _State) -> Expansions:
        start = state._replace(named=state.named.union(state.subject), traits=())
        for words, after in self._rules(symbol, start):
            if matching(self.scene, after.traits) == state.subject:
                yield words, after._replace(traits=state.traits + after.traits)

    def _number(self, _: str, state: _State) -> Expansions:
        yield (NUMBERS[len(state.subject)],), state

    def _list(self, symbol: str, state: _State) -> Expansions:
        """Objects one by one: those spoken of, or the one spoken of and others."""
        if state.traits or not state.named.isdisjoint(state.subject):
            return
        if len(state.subject) > 1:
            lists = list(permutations(state.subject)) if len(state.subject) <= MOST_LISTED else []
        else:
            others = [i for i in self.objects if i not in state.subject and i not in state.named]
            lists = [state.subject + more for size in range(1, MOST_LISTED) for more in permutations(others, size)]
        for first, *waiting in self._ordered(lists):
            start = state._replace(subject=(first,), waiting=tuple(waiting), short=len(waiting) > 1)
            group = tuple(sorted((first, *waiting)))
            for words, after in self._rules(symbol, start):
                if self._distinguished(group, after):
                    yield words, after._replace(subject=group, traits=(), short=state.short)

    def _distinguished(self, group: tuple[int, ...], state: _State) -> bool:
        """Whether objects of one kind have been named by their different colors: nobody says "a bird and a bird"."""
        for i, j in combinations(group, 2):
            first, second = self.scene.objects[i], self.scene.objects[j]
            by_color = first.color != second.color and state.stated.issuperset([(i, "color"), (j, "color")])
            if first.kind == second.kind and not by_color:
                return False
        return True

    def _rest(self, symbol: str, state: _State) -> Expansions:
        for rule in self._ordered([rule for rule in RULES[symbol] if rule.weight]):
            if ("REST" in rule.symbols) == (len(state.waiting) > 1):
                yield from self._sequence(rule.symbols, state)

    def _related(self, _: str, state: _State) -> Expansions:
        """A relation to another object, which is named briefly."""
        if len(state.subject) != 1:
            return
        known = [relation for relation in self.scene.relations if relation.subject == state.subject[0]]
        for relation in self._ordered(known):
            mark = (frozenset({relation.subject, relation.object}), "relation")
            if mark in state.stated:
                continue
            start = state._replace(subject=(relation.object,), stated=state.stated | {mark}, traits=(), short=True)
            for words, after in self._expand("OBJECT", start):
                for phrase in SAID["RELATION"][relation.name]:
                    yield phrase + words, after._replace(subject=state.subject, traits=state.traits, short=state.short)


# Symbols whose rules are followed in another state, or, where it is None, not at all.
_STATES: dict[str, Callable[[_State], _State | None]] = {
    "ACTION": lambda state: state._replace(short=True),  # a brief clause that may stand beside another
    "BACK": lambda state: state._replace(
        subject=state.topic, traits=(), counted=False
    ),  # about what the one before was
    "SECOND": lambda state: state._replace(fresh=True),
    "IT": lambda state: state if state.subject == state.topic and len(state.subject) == 1 else None,
    "THEY": lambda state: state if state.subject == state.topic and len(state.subject) > 1 else None,
    "BARE": lambda state: state.naming() if len(state.subject) == 1 else None,
    "A": lambda state: state.naming() if len(state.subject) == 1 else None,
    "FEW": lambda state: state._replace(counted=True).naming(),
    "MANY": lambda state: state._replace(counted=True).naming(),
    "MORE1": lambda state: None if state.short else state,
    "MOREN": lambda state: None if state.short else state,
    "ITEM": lambda state: state._replace(subject=state.waiting[:1], waiting=state.waiting[1:], traits=()),
}
# Symbols at which more is to be done than following their rules.
_METHODS: dict[str, Callable[[_Generator, str, _State], Expansions]] = {
    **dict.fromkeys(("CORE1", "ACTION1", "HEAD1"), _Generator._about_one),
    **dict.fromkeys(("COREN", "ACTIONN", "HEADN"), _Generator._about_several),
    **dict.fromkeys(("NAME1", "NAMEN"), _Generator._name),
    "THE": _Generator._the,
    "BOTH": _Generator._both,
    "NUMBER": _Generator._number,
    "LIST1": _Generator._list,
    "REST": _Generator._rest,
    "RELATED": _Generator._related,
}
