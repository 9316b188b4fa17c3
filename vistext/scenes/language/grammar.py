"""The grammar of the drawn world's sentences, written once: `generate` and `parse` both go by it.

In a rule, words in lower case and marks stand for themselves, names in capitals for another rule or for a category of
`lexicon`; `?` marks what may be left out, and `|` is between alternatives. `#` makes two rules of one, for one object
and for several: `be#` is "is" and "are". The number before an alternative is how often it is generated beside the
others; what has 0 is understood, but never generated.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product

from vistext.scenes.language.lexicon import UNDERSTOOD

_TEXT = """
SENTENCE    8 CLAUSE | 2 ACTION and SECOND | 1 ACTION while SECOND | 0 CLAUSE and SENTENCE
          | 0 CLAUSE , and SENTENCE | 0 CLAUSE while SENTENCE | 0 CLAUSE , while SENTENCE
          | 0 ANSWER , SENTENCE
ANSWER      0 yes | 0 no
SECOND      1 ACTION
CLAUSE      8 CORE | 1 CORE AROUND | 1 TIME , CORE | 0 AROUND ,? CORE | 0 it is CLOCK
AROUND      2 SETTING | 2 TIME | 1 SETTING TIME

ACTION      3 ACTION1 | 1 ACTIONN
ACTION#     3 SUBJECT# be# DEED | 1 SUBJECT# VERB# PLACE?
DEED        1 DOING | 3 DOING PLACE | 1 PLACE | 1 DOING WAY
CORE        6 CORE1 | 3 COREN | 0 COMPARED
CORE#       4 there be# SOME# | 2 SUBJECT# VERB# GOING? | 1 PLACE ,? there be# SOME# | 1 PLACE be# FOUND#
          | 1 PLACE VERB# FOUND# | 1 SHOWN SOME# | 0 SUBJECT# be# PREDICATE# | 0 SUBJECT# be# AROUND
CORE1       3 BARE is PHRASE | 4 THE is PREDICATE1
COREN       4 FEW are PREDICATEN | 1 BOTH are PREDICATEN | 2 LIST are PHRASE
SHOWN       1 the picture shows | 1 you can see | 0 we see | 0 i see | 0 we can see | 0 i can see

SOME1       5 A | 0 ONE | 0 NONE1 | 2 LIST1
SOMEN       5 MANY | 0 NONEN | 0 LIST
FOUND1      1 A | 0 ONE
FOUNDN      2 MANY | 1 LIST
SUBJECT1    5 BARE | 5 THE | 0 A | 0 IT | 0 ONE | 0 NONE1
SUBJECTN    5 FEW | 0 MANY | 0 NONEN | 1 BOTH | 0 THEY | 2 LIST
BARE        1 a NAME1
FEW         1 NUMBER NAMEN
A           3 a NAME1 | 2 a NAME1 MORE1 | 0 another NAME1 MORE1?
THE         1 the NAME1 | 0 the NAME1 MORE1
ONE         0 one NAME1 MORE1?
NONE1       0 no NAME1 MORE1?
NONEN       0 no NAMEN MOREN?
MANY        3 NUMBER NAMEN | 2 NUMBER NAMEN MOREN
BOTH        1 both NAMEN | 0 both NAMEN MOREN | 0 the NUMBER NAMEN MOREN?
IT          1 it
THEY        1 they
ITEM        1 A | 0 THE | 0 ONE | 0 MANY
LIST        1 LIST1 | 0 LISTN
LIST1       4 A REST | 0 THE REST | 0 ONE REST
LISTN       0 MANY REST
REST        4 and ITEM | 1 , ITEM REST | 0 , and ITEM
OBJECT      2 A | 2 THE | 2 IT | 0 ONE | 0 MANY | 0 BOTH | 0 them

NAME1       4 NOUN | 4 COLOR NOUN | 1 SIZE NOUN | 2 SIZE COLOR NOUN | 0 COLOR SIZE NOUN
NAMEN       4 NOUNS | 3 COLOR NOUNS | 1 SIZE NOUNS | 1 SIZE COLOR NOUNS | 0 COLOR SIZE NOUNS
MORE#       5 PHRASE | 1 that be# PHRASE | 0 that be# PREDICATE# | 0 which be# PREDICATE#

PREDICATE#  6 PHRASE | 2 COLOR | 1 SIZE | 1 SIZE and COLOR | 1 COLOR and PHRASE | 0 PARTS#
PREDICATE1  0 A | 0 not A
PARTS#      0 PART# | 0 PART# and PARTS#
PART#       0 SIZE | 0 COLOR | 0 PHRASE | 0 not NOT
PARTN       0 both PARTN
NOT         0 SIZE | 0 COLOR | 0 PHRASE
PHRASE      2 DOING | 6 DOING GOING | 3 WHERE
GOING       8 WHERE | 1 WAY | 1 WAY WHERE | 0 PLACE WAY
WHERE       6 PLACE | 2 RELATED | 1 PLACE RELATED
RELATED     1 RELATION OBJECT

COMPARED    0 ONLY1 is not? the same colour as ONLY1 | 0 ONLY1 and ONLY1 are not? the same colour
          | 0 there are not? more NAMEN than NAMEN | 0 there are not? fewer NAMEN than NAMEN
          | 0 there are not? as many NAMEN as NAMEN
ONLY1       0 A | 0 THE | 0 ONE | 0 IT

TITLE       6 HEAD | 1 HEAD AROUND
HEAD        5 HEAD1 | 2 HEADN
HEAD#       1 SOME#
HEADN       0 LIST

STORY       1 OPENING . IT-GOES-ON . | 2 OPENING . IT-GOES-ON . FURTHER .
          | 2 OPENING . IT-GOES-ON . FURTHER . FURTHER .
OPENING     8 CORE | 1 CORE AROUND | 1 TIME , CORE
IT-GOES-ON  1 BACK
FURTHER     4 BACK | 3 CORE1 | 1 it is CLOCK
BACK        4 IT is PREDICATE1 | 1 IT VERB1 GOING? | 2 THEY are PREDICATEN | 1 THEY VERBN GOING?
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """One expansion of a symbol, and how often it is generated."""

    symbols: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Tree:
    """A symbol with its parts; a category has a value and no parts."""

    symbol: str
    parts: "tuple[Tree, ...]" = ()
    value: str = ""

    def part(self, *symbols: str) -> "Tree | None":
        """The first part with one of these symbols."""
        return next((part for part in self.parts if part.symbol in symbols), None)


def is_word(symbol: str) -> bool:
    """Whether a symbol of a rule stands for itself."""
    return not symbol[0].isupper()


def _rules() -> dict[str, list[Rule]]:
    rules: dict[str, list[Rule]] = {}
    name = ""
    for line in filter(None, _TEXT.split("\n")):
        name = line[:10].strip() or name
        for alternative in line[12:].split(" | "):
            weight, pattern = alternative.split(" ", 1)
            for number, verb in (("1", "is"), ("N", "are")) if "#" in name else (("", ""),):
                symbols = pattern.replace("be#", verb).replace("#", number).split()
                options = [("", symbol[:-1]) if symbol.endswith("?") else (symbol,) for symbol in symbols]
                for choice in product(*options):
                    rule = Rule(tuple(filter(None, choice)), float(weight))
                    rules.setdefault(name.replace("#", number), []).append(rule)
    return rules


RULES = _rules()
# Every word that a sentence of the grammar can have.
WORDS = frozenset(
    symbol for rules in RULES.values() for rule in rules for symbol in rule.symbols if is_word(symbol)
).union(
    word for starts in UNDERSTOOD.values() for phrases in starts.values() for phrase, _ in phrases for word in phrase
)


@cache
def _first(symbol: str) -> frozenset[str]:
    """The words that a symbol may begin with."""
    if is_word(symbol):
        return frozenset({symbol})
    if symbol in UNDERSTOOD:
        return frozenset(UNDERSTOOD[symbol])
    return frozenset().union(*(_first(rule.symbols[0]) for rule in RULES[symbol]))


_BEGINNINGS = {symbol: [(_first(rule.symbols[0]), rule.symbols) for rule in rules] for symbol, rules in RULES.items()}


class Parser:
    """Recursive descent that tries every rule, with memoization, so that time grows with a small power of the length.

    Of several ways to parse the same tokens as the same symbol, the first rule's counts.
    """

    def __init__(self, tokens: list[str]):
        self.tokens = [*tokens, ""]  # no symbol begins with an empty token
        self.farthest = 0  # the first token that no rule had a use for
        self.expected: set[str] = set()  # words that could have stood there
        self._found: dict[tuple[str, int], dict[int, Tree]] = {}

    def whole(self, symbol: str) -> Tree | None:
        """All tokens as one symbol, or None."""
        return self._at(symbol, 0).get(len(self.tokens) - 1)

    def _at(self, symbol: str, start: int) -> dict[int, Tree]:
        """The tree of the symbol from a token on, for each place where it may end."""
        if is_word(symbol):
            return {start + 1: Tree(symbol)} if self._reads(symbol, start) else {}
        key = symbol, start
        if key not in self._found:
            self._found[key] = self._category(symbol, start) if symbol in UNDERSTOOD else self._rules(symbol, start)
        return self._found[key]

    def _rules(self, symbol: str, start: int) -> dict[int, Tree]:
        found: dict[int, Tree] = {}
        for beginnings, symbols in _BEGINNINGS[symbol]:
            if self.tokens[start] in beginnings:
                for end, parts in self._sequence(symbols, start).items():
                    found.setdefault(end, Tree(symbol, parts))
            else:
                self._missed(beginnings, start)
        return found

    def _sequence(self, symbols: tuple[str, ...], start: int) -> dict[int, tuple[Tree, ...]]:
        ways: dict[int, tuple[Tree, ...]] = {start: ()}
        for symbol in symbols:
            longer: dict[int, tuple[Tree, ...]] = {}
            for end, parts in ways.items():
                for after, tree in self._at(symbol, end).items():
                    longer.setdefault(after, (*parts, tree))
            ways = longer
        return ways

    def _category(self, category: str, start: int) -> dict[int, Tree]:
        found = {}
        for phrase, value in UNDERSTOOD[category].get(self.tokens[start], ()):
            if all(self._reads(word, start + place) for place, word in enumerate(phrase)):
                found[start + len(phrase)] = Tree(category, value=value)
        if not found:
            self._missed(UNDERSTOOD[category].keys(), start)
        return found

    def _reads(self, word: str, at: int) -> bool:
        if self.tokens[at] != word:
            self._missed({word}, at)
        return self.tokens[at] == word

    def _missed(self, words: Iterable[str], at: int) -> None:
        if at > self.farthest:
            self.farthest, self.expected = at, set()
        if at == self.farthest:
            self.expected.update(words)
