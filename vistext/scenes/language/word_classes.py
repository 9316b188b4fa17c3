"""What class of word each word of the drawn world belongs to: kinds, colors, verbs, places, ..."""

from vistext.scenes.language.grammar import WORDS
from vistext.scenes.language.lexicon import NOUNS, SAID
from vistext.scenes.ontology import KINDS, PLACES

CLASSES = ("kinds", "colours", "verbs", "places", "other content words", "function words")


def _words(*categories: str) -> set[str]:
    alternatives = [phrases for category in categories for phrases in SAID[category].values()]
    return {word for phrases in alternatives for phrase in phrases for word in phrase}


def _classes() -> dict[str, str]:
    sets = {
        "kinds": {word for kind in KINDS for forms in NOUNS[kind] for word in forms},
        "colours": _words("COLOR"),
        "verbs": _words("DOING", "VERB1", "VERBN"),
        "places": {*PLACES, "indoors", "field", "street", "harbour"},
        "other content words": _words("SIZE", "NUMBER") | {"left", "right", "day", "night", "picture"},
    }
    found = {word: name for name, words in sets.items() for word in words}
    return {word: found.get(word, "function words") for word in sorted(WORDS | {"an"}) if word[0].isalpha()}


WORD_CLASSES: dict[str, str] = _classes()
"""Word → its class, one of `CLASSES`; marks have none."""

KIND_OF: dict[str, str] = {word: kind for kind in KINDS for forms in NOUNS[kind] for word in forms}
"""Noun → the kind that it names: "car", "cars" and "automobile" → "automobile"."""
