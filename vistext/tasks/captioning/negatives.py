"""False and garbled sentences, made from true ones: what a discriminator learns from, beside the captioner's errors."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from vistext.data.vocabulary import tokenize
from vistext.scenes import Scene, language
from vistext.scenes.language.generate import text as with_articles
from vistext.scenes.language.lexicon import GROUPS, SAID, Phrase

TRIES = 12
# Categories of `lexicon` within which phrases are exchanged; what is not grammatical afterwards is not taken.
CATEGORIES = ("NOUN", "NOUNS", "COLOR", "SIZE", "DOING", "VERB1", "VERBN", "NUMBER", "PLACE", "TIME", "SETTING")
MORE = (("left", "right"), ("above", "below", "behind", "in front of"), ("day", "night"))
GARBLING = ("drop", "double", "exchange", "move", "shuffle")
SHARES = (0.3, 0.4, 0.1, 0.1, 0.1)  # dropped and doubled words are the hardest to notice


def _exchanges() -> dict[Phrase, tuple[Phrase, ...]]:
    """Each phrase, and those that can take its place. "The" takes that of "a", not the reverse, which would be true."""
    values = [SAID[category].items() for category in CATEGORIES]
    sets = [list(chain(*(phrases for value, phrases in each if value not in GROUPS))) for each in values]
    sets += [[tuple(phrase.split()) for phrase in phrases] for phrases in MORE]
    table: dict[Phrase, tuple[Phrase, ...]] = {("a",): (("the",),)}
    for phrases in sets:
        for phrase in phrases:
            table[phrase] = (*table.get(phrase, ()), *(other for other in phrases if other != phrase))
    return table


EXCHANGES = _exchanges()
LONGEST = max(map(len, EXCHANGES))


def change_fact(sentence: str, scene: Scene, rng: np.random.Generator) -> tuple[str, slice] | None:
    """A sentence that is false of a scene in one phrase, and which of its tokens that is; None if none was found.

    Args:
        sentence: a true one.
        scene: what it is true of.
        rng: decides which phrase is exchanged: a kind, color, size, posture, place, relation, direction, number or
            time; or "the" is put for "a", which claims that there is only one.
    """
    tokens = _tokens(sentence)
    for _ in range(TRIES):
        first = int(rng.integers(len(tokens)))
        for length in range(LONGEST, 0, -1):
            if others := EXCHANGES.get(tuple(tokens[first : first + length])):
                phrase = others[rng.integers(len(others))]
                changed = with_articles([*tokens[:first], *phrase, *tokens[first + length :]])
                if language.evaluate(changed, scene).answer == "false":
                    return changed, slice(first, first + len(phrase))
                break
    return None


def swap_traits(sentence: str, scene: Scene, rng: np.random.Generator) -> str | None:
    """A false sentence in which two words of a kind have changed places ("A red cat and a grey dog ..."), or None."""
    tokens = _tokens(sentence)
    places = range(len(tokens))
    pairs = [(i, j) for i in places for j in places[i + 1 :] if (tokens[j],) in EXCHANGES.get((tokens[i],), ())]
    for i, j in (pairs[index] for index in rng.permutation(len(pairs))[:TRIES]):
        changed = _exchanged(tokens, i, j)
        if language.evaluate(text := with_articles(changed), scene).answer == "false":
            return text
    return None


def garble(sentence: str, scene: Scene, rng: np.random.Generator) -> str | None:
    """A sentence of which a word is dropped, doubled or elsewhere, or all are shuffled; None if it stays true."""
    for _ in range(TRIES):
        tokens, way = _tokens(sentence), rng.choice(GARBLING, p=SHARES)
        i, j = map(int, rng.integers(len(tokens), size=2))
        if way == "drop":
            del tokens[i]
        elif way == "double":
            tokens.insert(i, tokens[i])
        elif way == "exchange":
            tokens = _exchanged(tokens, i, (i + 1) % len(tokens))
        elif way == "move":
            tokens.insert(j, tokens.pop(i))
        else:
            tokens = [*map(str, rng.permutation(tokens[:-1])), tokens[-1]]
        if tokens and not language.evaluate(text := with_articles(tokens), scene):
            return text
    return None


def mismatched(scene: Scene, others: list[Scene], length: str, rng: np.random.Generator) -> str:
    """A description of one of these other scenes, at random, that is false of this one."""
    while language.evaluate(text := language.describe(others[rng.integers(len(others))], length, rng), scene):
        pass
    return text


def _exchanged(tokens: Sequence[str], i: int, j: int) -> list[str]:
    changed = list(tokens)
    changed[i], changed[j] = changed[j], changed[i]
    return changed


def _tokens(sentence: str) -> list[str]:
    """As the grammar has them, where "an" is "a"."""
    return ["a" if token == "an" else token for token in tokenize(sentence)]
