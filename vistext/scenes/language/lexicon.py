"""The words of the drawn world: which phrase stands for which value of which attribute, to generate and to parse.

Of several for one value, the first is generated most often; those in `ALSO` are understood, but never generated.
"""

from collections.abc import Mapping

from vistext.scenes.ontology import COLORS, KINDS, PLACES, POSTURES

Phrase = tuple[str, ...]

GROUPS = {
    "animal": frozenset({"bird", "cat", "deer", "dog", "frog", "horse"}),
    "vehicle": frozenset({"airplane", "automobile", "ship", "truck"}),
    "thing": frozenset(KINDS),
}
# Value → (one, several), the usual noun first. What is not a kind is a group of kinds.
NOUNS = {value: ((value, f"{value}s"),) for value in (*KINDS, *GROUPS)} | {
    "airplane": (("airplane", "airplanes"), ("plane", "planes")),
    "automobile": (("car", "cars"), ("automobile", "automobiles")),
    "deer": (("deer", "deer"),),
}
# Posture → "it is ...", "it ...", "they ...". What is parked or anchored does nothing itself.
VERBS = {
    "sitting": ("sitting", "sits", "sit"),
    "lying": ("lying", "lies", "lie"),
    "sleeping": ("sleeping", "sleeps", "sleep"),
    "standing": ("standing", "stands", "stand"),
    "walking": ("walking", "walks", "walk"),
    "running": ("running", "runs", "run"),
    "jumping": ("jumping", "jumps", "jump"),
    "flying": ("flying", "flies", "fly"),
    "swimming": ("swimming", "swims", "swim"),
    "sailing": ("sailing", "sails", "sail"),
    "driving": ("driving", "drives", "drive"),
    "parked": ("parked",),
    "anchored": ("anchored",),
}
# Posture → base form.
BASES = {posture: forms[-1] for posture, forms in VERBS.items()} | {"parked": "park", "anchored": "anchor"}
# What sleeps lies, too; it is described as sleeping, but that it lies is right.
IMPLIED = {"lying": frozenset({"sleeping"})}
# Only what moves goes to the left or to the right.
MOVING = frozenset({"walking", "running", "jumping", "flying", "swimming", "sailing", "driving"})
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

# Category → value → phrases that are generated for it.
_SAID: dict[str, dict[str, tuple[str, ...]]] = {
    "NOUN": {value: tuple(one for one, _ in words) for value, words in NOUNS.items()},
    "NOUNS": {value: tuple(many for _, many in words) for value, words in NOUNS.items()},
    "COLOR": {color: (color,) for color in sorted(set().union(*COLORS.values()))},
    "SIZE": {"small": ("small",), "large": ("large", "big")},
    "DOING": {posture: forms[:1] for posture, forms in VERBS.items()},
    "VERB1": {posture: forms[1:2] for posture, forms in VERBS.items() if len(forms) > 1},
    "VERBN": {posture: forms[2:3] for posture, forms in VERBS.items() if len(forms) > 1},
    "PLACE": {phrase: (phrase,) for place in PLACES for phrase in (f"on the {place}", f"in the {place}")},
    "WAY": {side: (f"to the {side}",) for side in ("left", "right")},
    "RELATION": {
        "left of": ("to the left of",),
        "right of": ("to the right of",),
        **{name: (name,) for name in ("above", "below", "in front of", "behind")},
    },
    "NUMBER": {number: (number,) for number in NUMBERS[2:]},
    "TIME": {"day": ("by day",), "night": ("at night",)},
    "CLOCK": {"day": ("day",), "night": ("night",)},
    "SETTING": {
        "indoors": ("indoors",),
        "field": ("in a field",),
        "street": ("in a street",),
        "harbour": ("in a harbour",),
    },
}
# Category → phrase → value.
ALSO = {
    "NOUN": {"aeroplane": "airplane", "boat": "ship", "lorry": "truck"},
    "NOUNS": {"aeroplanes": "airplane", "boats": "ship", "lorries": "truck"},
    "COLOR": {"gray": "grey"},
    "SIZE": {"little": "small"},
    "WAY": {"left": "left", "right": "right"},
    "RELATION": {"left of": "left of", "right of": "right of", "over": "above", "under": "below"},
    "TIME": {"during the day": "day", "in the night": "night"},
    "SETTING": {
        "in the field": "field",
        "in the street": "street",
        "in the harbour": "harbour",
        "in a room": "indoors",
    },
}
# The attribute that a category is about; the last three are the picture's.
ATTRIBUTES = {
    "NOUN": "kind",
    "NOUNS": "kind",
    "COLOR": "color",
    "SIZE": "size",
    "DOING": "posture",
    "VERB1": "posture",
    "VERBN": "posture",
    "PLACE": "place",
    "WAY": "direction",
    "TIME": "time",
    "CLOCK": "time",
    "SETTING": "setting",
}

SAID: Mapping[str, Mapping[str, tuple[Phrase, ...]]] = {
    category: {value: tuple(tuple(phrase.split()) for phrase in phrases) for value, phrases in values.items()}
    for category, values in _SAID.items()
}


def _understood(category: str) -> dict[str, list[tuple[Phrase, str]]]:
    """First word → the phrases of a category that begin with it, longest first, and their values."""
    phrases = {phrase: value for value, alternatives in SAID[category].items() for phrase in alternatives}
    phrases |= {tuple(phrase.split()): value for phrase, value in ALSO.get(category, {}).items()}
    by_first: dict[str, list[tuple[Phrase, str]]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        by_first.setdefault(phrase[0], []).append((phrase, phrases[phrase]))
    return by_first


UNDERSTOOD = {category: _understood(category) for category in SAID}


def noun(kind: str, number: int = 1) -> str:
    """The usual noun for a kind or group of kinds, in the singular for one and in the plural otherwise."""
    return NOUNS[kind][0][number != 1]


def with_article(word: str) -> str:
    """A word with "a" or "an" before it."""
    return f"{article(word)} {word}"


def article(word: str) -> str:
    """ "a" or "an", by the first letter of the word that follows: right for every word of the drawn world."""
    return "an" if word[:1] in "aeiou" else "a"


assert set(VERBS) == {posture for postures in POSTURES.values() for posture in postures}
