"""Sentences read back: what they state, and whether that is so."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

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
    """A sentence is not one of the drawn world's; the message says from where on, and what is understood."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a sentence stands to a scene.

    Attributes:
        answer: "true", "false" or "not understood".
        wrong: which fact is wrong, when the answer is "false".
        why: a line that says what is otherwise, or what was not understood; empty when the answer is "true".
    """

    answer: str
    wrong: Fact | None = None
    why: str = ""

    def __bool__(self) -> bool:
        return self.answer == "true"


def parse_sentence(sentence: str) -> tuple[Fact, ...]:
    """The facts that a title, a sentence or a story states, in its order.

    "It" and "they" are what the sentence (or the half of it) before was about. Capitals do not matter, nor does
    a full stop at the very end; grammar does: "Two cats is ..." is not understood.

    Args:
        sentence: anything that the grammar can say (see `grammar`), and what its synonyms make of that.

    Returns:
        At least one fact (see `facts`).

    Raises:
        NotUnderstoodError: a word or a turn that the grammar does not have, or "it" without anything before it.
        TypeError: `sentence` is not a str.
    """
    if not isinstance(sentence, str):
        raise TypeError(f"a sentence is a str; given was {type(sentence).__name__}")
    if len(sentence) > 12 * MOST_TOKENS:
        raise NotUnderstoodError(f"at most {MOST_TOKENS} words and marks are read; given were more")
    return _read(tuple(tokenize(sentence)))


def evaluate(sentence: str, scene: Scene) -> Verdict:
    """Whether a sentence is true of a scene.

    "A cat" is any cat, "the cat" the only one, "two cats" exactly two (with all that the sentence says of them).

    Args:
        sentence: any text.
        scene: what it is to be true of.

    Returns:
        A verdict that is true in an `if` when the sentence is; "not understood" for what `read` refuses.
    """
    try:
        stated = parse_sentence(sentence)
    except NotUnderstoodError as error:
        return Verdict("not understood", why=str(error))
    wrong = logic.wrong_fact(stated, scene)
    if wrong is None:
        return Verdict("true")
    return Verdict("false", wrong, _why(wrong, stated, scene))


@lru_cache(maxsize=1 << 14)  # models say the same few sentences again and again
def _read(tokens: tuple[str, ...]) -> tuple[Fact, ...]:
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
    reader = _Reader()
    for sentence in _sentences(tokens):
        reader.take(_parsed(_without_an(sentence)))
    return tuple(reader.facts)


def _sentences(tokens: tuple[str, ...]) -> list[list[str]]:
    """Tokens cut at full stops; the last one may lack its stop."""
    if tokens[-1] != ".":
        tokens = (*tokens, ".")
    sentences: list[list[str]] = [[]]
    for token in tokens[:-1]:
        if token == ".":
            sentences.append([])
        else:
            sentences[-1].append(token)
    if [] in sentences:
        raise NotUnderstoodError("a full stop stands without a sentence before it")
    return sentences


def _without_an(tokens: list[str]) -> list[str]:
    """ "an" made "a", as the grammar has it, where it is right."""
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token in ("a", "an") and token != article(following):
            raise NotUnderstoodError(f"'{token} {following}' is not English; write '{article(following)} {following}'")
    return ["a" if token == "an" else token for token in tokens]


def _parsed(tokens: list[str]) -> Tree:
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
    """Something that a sentence names: its number, and the facts by which it does so."""

    number: int
    facts: tuple[Fact, ...] = ()
    count: int | None = None  # exactly so many are as the whole sentence says; None: nothing is counted


class _Reader:
    """Collects the facts of one sentence after the other, and what "it" and "they" stand for."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self._plural: list[bool] = []  # for each number, whether it stands for several objects
        self._topic: list[int] = []
        self._nested = 0

    def take(self, tree: Tree) -> None:
        """The facts of a sentence or a title."""
        begin = len(self.facts)
        if tree.symbol in ("CORE1", "COREN", "ACTION1", "ACTIONN", "HEAD1", "HEADN"):
            self._core(tree)
        elif tree.symbol == "COMPARED":
            self._compared(tree)
        elif tree.symbol in ATTRIBUTES:
            self._state(Attribute(None, ATTRIBUTES[tree.symbol], tree.value))
        else:
            for part in tree.parts:
                self.take(part)
        if answer := tree.part("ANSWER"):
            self._check(answer.parts[0].symbol, self.facts[begin:])

    def _check(self, answer: str, facts: list[Fact]) -> None:
        """That "yes" comes before what is so, and "no" before what is not."""
        negative = any(isinstance(fact, Not) or (isinstance(fact, Exactly) and not fact.number) for fact in facts)
        if negative != (answer == "no"):
            raise NotUnderstoodError(f"{answer!r} does not go with what is said after it")

    def _state(self, *facts: Fact) -> None:
        self.facts += [fact for fact in facts if fact not in self.facts]

    def _core(self, tree: Tree) -> None:
        """A clause or the head of a title: what it is about, and what it says of that."""
        naming = [part for part in tree.parts if part.symbol in _NAMING]
        saying = [part for part in tree.parts if part.symbol in _SAYING]
        mentions = [mention for part in naming for mention in self._mentions(part)]
        first = mentions[0].number
        said = [fact for part in saying for fact in self._said(part, first)]
        for mention in mentions:
            own = tuple(logic.about(fact, first, mention.number) for fact in said)
            if mention.count is None:
                self._state(*mention.facts, *own)
            else:
                self._state(Exactly(mention.number, mention.count, mention.facts + own))
        if around := tree.part("AROUND"):
            self.take(around)
        self._topic = [mention.number for mention in mentions if mention.count != 0]

    def _compared(self, tree: Tree) -> None:
        if names := [part for part in tree.parts if part.symbol == "NAMEN"]:
            one, other = self._number(True), self._number(True)
            sign = next(_SIGNS[part.symbol] for part in tree.parts if part.symbol in _SIGNS)
            stated = More(one, self._said(names[0], one), other, self._said(names[1], other), sign)
        else:
            mentions = [mention for part in tree.parts if part.symbol == "ONLY1" for mention in self._mentions(part)]
            self._state(*(fact for mention in mentions for fact in _counted(mention)))
            self._topic = [mention.number for mention in mentions]
            stated = Same(self._topic[0], "color", self._topic[1])
        self._state(Not((stated,)) if tree.part("not") else stated)

    def _mentions(self, tree: Tree) -> list[_Mention]:
        """What a noun phrase, a pronoun or a list of them stands for."""
        if tree.symbol in ("IT", "THEY", "it", "them"):
            several = tree.symbol in ("THEY", "them")
            if not self._topic or several != (len(self._topic) > 1 or self._plural[self._topic[0]]):
                word = tree.parts[0].symbol if tree.parts else tree.symbol
                raise NotUnderstoodError(f"{word!r} stands for nothing that is named before it")
            return [_Mention(number) for number in self._topic]
        if tree.symbol not in _DETERMINED:
            return [mention for part in tree.parts for mention in self._mentions(part)]
        number = self._number(tree.symbol in ("FEW", "MANY", "BOTH", "NONEN"))
        facts = tuple(self._said(tree, number))
        amount = tree.part("NUMBER")
        count = NUMBERS.index(amount.value) if amount else _DETERMINED[tree.symbol]
        if tree.symbol in ("THE", "BOTH"):
            # Stated at once, so that no "not" or "no" before it denies that it is there.
            self._state(Exactly(number, count, facts))
            return [_Mention(number)]
        return [_Mention(number, facts, count)]

    def _within(self, tree: Tree) -> list[_Mention]:
        """What is named within the naming of something else: not too deep, or judging it would take for ever."""
        self._nested += 1
        if self._nested > MOST_NESTED:
            raise NotUnderstoodError(f"more than {MOST_NESTED} things are named one within the other; say less at once")
        mentions = self._mentions(tree)
        self._nested -= 1
        return mentions

    def _number(self, several: bool) -> int:
        self._plural.append(several)
        return len(self._plural) - 1

    def _said(self, tree: Tree, number: int) -> tuple[Fact, ...]:
        """What a part of a sentence says of a number."""
        if tree.symbol == "NUMBER":
            return ()
        if tree.symbol in ATTRIBUTES:
            return (Attribute(number, ATTRIBUTES[tree.symbol], tree.value),)
        if tree.symbol == "RELATED":
            relation, named = tree.parts
            mentions = self._within(named)
            return tuple(
                fact
                for mention in mentions
                for fact in _counted(mention, Related(number, relation.value, mention.number))
            )
        said = tuple(fact for part in tree.parts for fact in self._said(part, number))
        return (Not(said),) if tree.part("not") else said


_NAMING = ("SOME1", "SOMEN", "FOUND1", "FOUNDN", "SUBJECT1", "SUBJECTN", "BARE", "THE", "FEW", "BOTH", "LIST")
_SAYING = ("DEED", "PHRASE", "PLACE", "VERB1", "VERBN", "GOING", "PREDICATE1", "PREDICATEN")
# How many objects a noun phrase counts when it has no number.
_DETERMINED = {
    "BARE": None,
    "A": None,
    "THE": 1,
    "ONE": 1,
    "NONE1": 0,
    "NONEN": 0,
    "FEW": None,
    "MANY": None,
    "BOTH": 2,
}
_SIGNS = {"more": 1, "fewer": -1, "many": 0}


def _counted(mention: _Mention, *said: Fact) -> tuple[Fact, ...]:
    """A mention's facts and what is said with it, under its count if it has one."""
    if mention.count is None:
        return (*mention.facts, *said)
    return (Exactly(mention.number, mention.count, (*mention.facts, *said)),)


def _why(wrong: Fact, stated: tuple[Fact, ...], scene: Scene) -> str:
    """In words, what is so in place of a wrong fact."""
    index = stated.index(wrong)
    rest, before = stated[:index] + stated[index + 1 :], stated[:index]
    bound = next(chain(logic.solutions(rest, scene), logic.solutions(before, scene)), {})
    if isinstance(wrong, Attribute):
        return _why_not(wrong, scene, bound)
    if isinstance(wrong, Exactly):
        such = ", ".join(fact.value for fact in wrong.facts if isinstance(fact, Attribute))
        count = logic.count(wrong, scene, bound)
        return f"there are {count}, not {wrong.number} ({such})"
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
