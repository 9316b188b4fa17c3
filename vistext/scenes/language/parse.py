"""Parsing: the facts that a sentence states, and whether they hold in a scene."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby

from vistext.data.vocabulary import tokenize
from vistext.scenes.language import facts as logic
from vistext.scenes.language.facts import Attribute, Exactly, Fact, More, Not, Related, Same
from vistext.scenes.language.grammar import WORDS, Parser, Tree
from vistext.scenes.language.lexicon import ATTRIBUTES, NUMBERS, article
from vistext.scenes.scene import Scene

MOST_TOKENS = 80
MOST_NESTED = 4  # "a cat behind a dog behind ..."
EXAMPLES = "'A cat is sitting on the floor.', 'There are two birds.' or 'a black dog on the mat'"


class NotUnderstoodError(ValueError):
    """A sentence is not in the grammar; the message says from where on, and what is understood."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a sentence is true of a scene.

    Attributes:
        answer: "true", "false" or "not understood".
        wrong: the wrong fact, when the answer is "false".
        why: what is the case instead, or what was not understood, in one line; empty when the answer is "true".
    """

    answer: str
    wrong: Fact | None = None
    why: str = ""

    def __bool__(self) -> bool:
        return self.answer == "true"


def parse_sentence(sentence: str) -> tuple[Fact, ...]:
    """The facts that a title, a sentence or a story states, in its order; at least one.

    "It" and "they" are what the sentence (or the half of it) before was about. Capitals do not matter.

    Raises:
        NotUnderstoodError: a word or a construction that `grammar` does not have, or "it" without anything before it.
        TypeError: `sentence` is not a str.
    """
    if not isinstance(sentence, str):
        raise TypeError(f"a sentence is a str; given was {type(sentence).__name__}")
    if len(sentence) > 12 * MOST_TOKENS:
        raise NotUnderstoodError(f"at most {MOST_TOKENS} words and marks are read; given were more")
    return _parse(tuple(tokenize(sentence)))


def evaluate(sentence: str, scene: Scene) -> Verdict:
    """Whether a sentence is true of a scene; "not understood" where `parse_sentence` raises.

    "A cat" is any cat, "the cat" the only one, "two cats" exactly two (with all that the sentence says of them).
    """
    try:
        stated = parse_sentence(sentence)
    except NotUnderstoodError as error:
        return Verdict("not understood", why=str(error))
    wrong = logic.wrong_fact(stated, scene)
    if wrong is None:
        return Verdict("true")
    return Verdict("false", wrong, _why(wrong, stated, scene))


@lru_cache(maxsize=1 << 14)  # models generate the same few sentences again and again
def _parse(tokens: tuple[str, ...]) -> tuple[Fact, ...]:
    if not tokens:
        raise NotUnderstoodError(f"there are no words; understood are sentences such as {EXAMPLES}")
    if len(tokens) > MOST_TOKENS:
        raise NotUnderstoodError(f"at most {MOST_TOKENS} words and marks are read; given were {len(tokens)}")
    if "?" in tokens:
        raise NotUnderstoodError(f"a question states nothing; understood are sentences such as {EXAMPLES}")
    if strange := [token for token in tokens if token not in WORDS and token not in (".", "an")]:
        raise NotUnderstoodError(
            f"{strange[0]!r} is not a word of the drawn world; understood are sentences such as {EXAMPLES}"
        )
    interpreter = _Interpreter()
    for sentence in _sentences(tokens):
        interpreter.interpret(_tree(_without_an(sentence)))
    return tuple(interpreter.facts)


def _sentences(tokens: tuple[str, ...]) -> list[list[str]]:
    """Tokens split at full stops; the last one may be missing."""
    if tokens[-1] != ".":
        tokens = (*tokens, ".")
    sentences = [[*group] for stop, group in groupby(tokens, lambda token: token == ".") if not stop]
    if len(sentences) != tokens.count("."):
        raise NotUnderstoodError("a full stop stands without a sentence before it")
    return sentences


def _without_an(tokens: list[str]) -> list[str]:
    """The tokens with "a" for each correct "an", as the grammar has it."""
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token in ("a", "an") and token != article(following):
            raise NotUnderstoodError(f"'{token} {following}' is not English; write '{article(following)} {following}'")
    return ["a" if token == "an" else token for token in tokens]


def _tree(tokens: list[str]) -> Tree:
    parsers = [(symbol, Parser(tokens)) for symbol in ("SENTENCE", "TITLE")]
    for symbol, parser in parsers:
        if tree := parser.whole(symbol):
            return tree
    parser = max((parser for _, parser in parsers), key=lambda parser: parser.farthest)
    before = " ".join(tokens[: parser.farthest])
    found = " ".join(tokens[parser.farthest :][:3])
    possible = " ".join(sorted(parser.expected - {","})) or "the end"
    where, what = f"after {before!r}" if before else "at the start", repr(found) if found else "the end"
    raise NotUnderstoodError(f"{where}, {what} is not understood; possible here: {possible}")


@dataclass(frozen=True, slots=True)
class _Mention:
    """A noun phrase: its variable, and the facts that it states."""

    variable: int
    facts: tuple[Fact, ...] = ()
    count: int | None = None  # exactly so many are as the whole sentence says; None: nothing is counted


class _Interpreter:
    """Collects the facts of one sentence after the other, and what "it" and "they" stand for."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self._plural: list[bool] = []  # for each variable, whether it stands for several objects
        self._topic: list[int] = []
        self._nested = 0

    def interpret(self, tree: Tree) -> None:
        """Add the facts of a sentence or a title."""
        begin = len(self.facts)
        if tree.symbol in ("CORE1", "COREN", "ACTION1", "ACTIONN", "HEAD1", "HEADN"):
            self._core(tree)
        elif tree.symbol == "COMPARED":
            self._compared(tree)
        elif tree.symbol in ATTRIBUTES:
            self._state(Attribute(None, ATTRIBUTES[tree.symbol], tree.value))
        else:
            for part in tree.parts:
                self.interpret(part)
        if answer := tree.part("ANSWER"):
            self._check(answer.parts[0].symbol, self.facts[begin:])

    def _check(self, answer: str, facts: list[Fact]) -> None:
        """Refuse "yes" before a negative statement, and "no" before a positive one."""
        negative = any(isinstance(fact, Not) or (isinstance(fact, Exactly) and not fact.number) for fact in facts)
        if negative != (answer == "no"):
            raise NotUnderstoodError(f"{answer!r} does not go with what is said after it")

    def _state(self, *facts: Fact) -> None:
        self.facts += [fact for fact in facts if fact not in self.facts]

    def _core(self, tree: Tree) -> None:
        """A clause or the head of a title: its subjects, and its predicate."""
        mentions = [mention for part in tree.parts if part.symbol in _SUBJECTS for mention in self._mentions(part)]
        first = mentions[0].variable
        predicates = [part for part in tree.parts if part.symbol in _PREDICATES]
        predicate = [fact for part in predicates for fact in self._facts_about(part, first)]
        for mention in mentions:
            own = tuple(logic.about(fact, first, mention.variable) for fact in predicate)
            self._state(*_counted(mention, *own))
        if around := tree.part("AROUND"):
            self.interpret(around)
        self._topic = [mention.variable for mention in mentions if mention.count != 0]

    def _compared(self, tree: Tree) -> None:
        if names := [part for part in tree.parts if part.symbol == "NAMEN"]:
            left, right = self._new_variable(True), self._new_variable(True)
            sign = next(_SIGNS[part.symbol] for part in tree.parts if part.symbol in _SIGNS)
            facts, than = self._facts_about(names[0], left), self._facts_about(names[1], right)
            stated: Fact = More(left, facts, right, than, sign)
        else:
            mentions = [mention for part in tree.parts if part.symbol == "ONLY1" for mention in self._mentions(part)]
            self._state(*(fact for mention in mentions for fact in _counted(mention)))
            self._topic = [mention.variable for mention in mentions]
            stated = Same(self._topic[0], "color", self._topic[1])
        self._state(Not((stated,)) if tree.part("not") else stated)

    def _mentions(self, tree: Tree) -> list[_Mention]:
        """The mentions of a noun phrase, a pronoun or a list of them."""
        if tree.symbol in ("IT", "THEY", "it", "them"):
            several = tree.symbol in ("THEY", "them")
            if not self._topic or several != (len(self._topic) > 1 or self._plural[self._topic[0]]):
                word = tree.parts[0].symbol if tree.parts else tree.symbol
                raise NotUnderstoodError(f"{word!r} stands for nothing that is named before it")
            return [_Mention(variable) for variable in self._topic]
        if tree.symbol not in _DETERMINED:
            return [mention for part in tree.parts for mention in self._mentions(part)]
        variable = self._new_variable(tree.symbol in ("FEW", "MANY", "BOTH", "NONEN"))
        facts = tuple(self._facts_about(tree, variable))
        amount = tree.part("NUMBER")
        count = NUMBERS.index(amount.value) if amount else _DETERMINED[tree.symbol]
        if tree.symbol in ("THE", "BOTH") and count is not None:
            # Stated at once, so that no "not" or "no" before it denies that it is there.
            self._state(Exactly(variable, count, facts))
            return [_Mention(variable)]
        return [_Mention(variable, facts, count)]

    def _within(self, tree: Tree) -> list[_Mention]:
        """Mentions within another noun phrase: not too deep, or evaluation would take for ever."""
        self._nested += 1
        if self._nested > MOST_NESTED:
            raise NotUnderstoodError(f"more than {MOST_NESTED} things are named one within the other; say less at once")
        mentions = self._mentions(tree)
        self._nested -= 1
        return mentions

    def _new_variable(self, plural: bool) -> int:
        self._plural.append(plural)
        return len(self._plural) - 1

    def _facts_about(self, tree: Tree, variable: int) -> tuple[Fact, ...]:
        """What a part of a sentence states about a variable."""
        if tree.symbol == "NUMBER":
            return ()
        if tree.symbol in ATTRIBUTES:
            return (Attribute(variable, ATTRIBUTES[tree.symbol], tree.value),)
        if tree.symbol == "RELATED":
            relation, named = tree.parts
            mentions = self._within(named)
            related = [(mention, Related(variable, relation.value, mention.variable)) for mention in mentions]
            return tuple(fact for mention, relation_fact in related for fact in _counted(mention, relation_fact))
        facts = tuple(fact for part in tree.parts for fact in self._facts_about(part, variable))
        return (Not(facts),) if tree.part("not") else facts


_SUBJECTS = ("SOME1", "SOMEN", "FOUND1", "FOUNDN", "SUBJECT1", "SUBJECTN", "BARE", "THE", "FEW", "BOTH", "LIST")
_PREDICATES = ("DEED", "PHRASE", "PLACE", "VERB1", "VERBN", "GOING", "PREDICATE1", "PREDICATEN")
# How many objects a noun phrase counts when it has no number.
_DETERMINED = dict.fromkeys(("BARE", "A", "FEW", "MANY")) | {"THE": 1, "ONE": 1, "NONE1": 0, "NONEN": 0, "BOTH": 2}
_SIGNS = {"more": 1, "fewer": -1, "many": 0}


def _counted(mention: _Mention, *more: Fact) -> tuple[Fact, ...]:
    """A mention's facts and more about it, under its count if it has one."""
    facts = (*mention.facts, *more)
    return facts if mention.count is None else (Exactly(mention.variable, mention.count, facts),)


def _why(wrong: Fact, stated: tuple[Fact, ...], scene: Scene) -> str:
    """What is the case instead of a wrong fact, in words."""
    index = stated.index(wrong)
    rest, before = stated[:index] + stated[index + 1 :], stated[:index]
    bound = next(chain(logic.solutions(rest, scene), logic.solutions(before, scene)), {})
    if isinstance(wrong, Attribute):
        return _why_not(wrong, scene, bound)
    if isinstance(wrong, Exactly):
        counted = ", ".join(fact.value for fact in wrong.facts if isinstance(fact, Attribute))
        return f"there are {logic.count(wrong, scene, bound)}, not {wrong.number} ({counted})"
    if isinstance(wrong, Related):
        return f"the one is not {wrong.relation} the other"
    if isinstance(wrong, Same):
        return f"the {wrong.attribute} is not the same"
    return "it is the other way round" if isinstance(wrong, Not) else "counted, it is otherwise"


def _why_not(wrong: Attribute, scene: Scene, bound: logic.Bound) -> str:
    if wrong.subject is None:
        return f"the {wrong.attribute} is {getattr(scene, wrong.attribute)}, not {wrong.value}"
    objects = [scene.objects[i] for i in bound.get(wrong.subject, ())]
    obj = next((obj for obj in objects if not logic.has(obj, wrong.attribute, wrong.value)), None)
    if obj is None:
        return f"nothing is {wrong.value} of which the rest is true"
    actual = logic.value_of(obj, wrong.attribute) or "none, for it does not move"
    return f"the {wrong.attribute} of the {obj.kind} is {actual}, not {wrong.value}"
