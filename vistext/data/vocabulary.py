"""Sentences as numbers, and back: tokens, a vocabulary, padding. Lesson 03 explains each step."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

PAD, START, END, UNKNOWN = 0, 1, 2, 3
SPECIAL = ("<pad>", "<start>", "<end>", "<unknown>")
# A word keeps its apostrophes and hyphens ("it's", "left-hand"); any other mark is a token of its own.
TOKEN = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
SENTENCE_ENDS = frozenset(".?!")
NO_SPACE_BEFORE = frozenset(".?!,;:)]}%")
NO_SPACE_AFTER = frozenset("([{")


def tokenize(sentence: str) -> list[str]:
    """The words and punctuation marks of a text, in lower case and in its order."""
    return TOKEN.findall(sentence.lower())


def detokenize(tokens: Iterable[str]) -> str:
    """The text of tokens: spaces where they belong, a capital at the start of each sentence.

    What has no full stop, question or exclamation mark is a title ("a cat on the floor") and stays in lower case.
    """
    tokens = list(tokens)
    text, capital, glue = "", not SENTENCE_ENDS.isdisjoint(tokens), True
    for token in tokens:
        space = "" if glue or token in NO_SPACE_BEFORE else " "
        text += space + (token[:1].upper() + token[1:] if capital else token)
        glue, capital = token in NO_SPACE_AFTER, token in SENTENCE_ENDS
    return text


@dataclass(frozen=True)
class Vocabulary:
    """The words of a model; the number of a word is its place among them.

    Attributes:
        words: first the four of `SPECIAL`, whose numbers are PAD, START, END and UNKNOWN; then tokens, none twice.
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.words[: len(SPECIAL)] != SPECIAL:
            raise ValueError(f"a vocabulary begins with {', '.join(SPECIAL)}; use Vocabulary.build(sentences)")
        if len(set(self.words)) < len(self.words):
            twice = [word for word, times in Counter(self.words).items() if times > 1]
            raise ValueError(f"each word has one number, but given more than once were {', '.join(twice)}")
        if odd := [word for word in self.words[len(SPECIAL) :] if tokenize(word) != [word]]:
            raise ValueError(f"words are tokens as tokenize() gives them, in lower case; given was {odd[0]!r}")

    @classmethod
    def build(cls, sentences: Iterable[str], minimum: int = 1) -> "Vocabulary":
        """The words of sentences, the most frequent first (equally frequent ones in order of the alphabet).

        Args:
            sentences: what is to be encoded later; of the training split only.
            minimum: how often a word must occur to get a number of its own, at least 1.
        """
        if minimum < 1:
            raise ValueError(f"minimum is at least 1, a word that occurs once; given was {minimum}")
        counts = Counter(token for sentence in _several(sentences) for token in tokenize(sentence))
        frequent = [word for word in sorted(counts, key=lambda word: (-counts[word], word)) if counts[word] >= minimum]
        return cls(SPECIAL + tuple(frequent))

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Word → number."""
        return {word: number for number, word in enumerate(self.words)}

    def unknown(self, sentence: str) -> list[str]:
        """The tokens of a sentence that have no number, each once, in the order of the sentence."""
        return [token for token in dict.fromkeys(tokenize(sentence)) if token not in self.numbers]

    def encode(self, sentences: Iterable[str], length: int | None = None) -> np.ndarray:
        """Sentences as ids, a row each: START, the tokens, END, and PAD up to the length.

        Args:
            sentences: n texts.
            length: of a row, START and END included; that of the longest sentence when left out.

        Returns:
            int32 [n, length] in [0, len(self)); UNKNOWN for words that have no number (see `unknown`).
        """
        sentences = list(_several(sentences))
        rows = [
            [START, *(self.numbers.get(token, UNKNOWN) for token in tokenize(sentence)), END] for sentence in sentences
        ]
        longest = max(rows, key=len, default=[START, END])
        length = len(longest) if length is None else length
        if len(longest) > length:
            raise ValueError(
                f"with its start and end, {_short(sentences[rows.index(longest)])!r} takes {len(longest)} columns, "
                f"but length is {length}; give a length of at least {len(longest)}, or shorten it"
            )
        ids = np.full((len(rows), length), PAD, np.int32)
        for row, numbers in zip(ids, rows, strict=True):
            row[: len(numbers)] = numbers
        return ids

    def decode(self, ids: np.ndarray) -> list[str]:
        """The sentences of ids: each row up to its first END, without START and PAD.

        Args:
            ids: integers [n, length] in [0, len(self)), as `encode` or a model gives them.

        Returns:
            n texts, with <unknown> for words that had no number.
        """
        ids = np.asarray(ids)
        if ids.dtype.kind not in "iu":
            raise TypeError(f"ids are whole numbers; given was {ids.dtype}; take the argmax of probabilities first")
        if ids.ndim != 2:
            raise ValueError(f"ids are a table [n, length]; given was {list(ids.shape)}; of one row make ids[None]")
        if ids.size and not 0 <= ids.min() <= ids.max() < len(self):
            raise ValueError(
                f"this vocabulary has the numbers 0 to {len(self) - 1}; given were some from {ids.min()} to {ids.max()}"
            )
        rows = [[*row, END] for row in ids.tolist()]
        texts = [[number for number in row[: row.index(END)] if number not in (PAD, START)] for row in rows]
        return [detokenize(self.words[number] for number in text) for text in texts]


def mask(ids: np.ndarray) -> np.ndarray:
    """Where ids, integers [n, length], are not padding: bool [n, length]."""
    return np.asarray(ids) != PAD


def teacher_forcing(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of a model that predicts the next word, both [n, length - 1], from ids [n, length].

    Column t of the targets is column t + 1 of the ids.
    """
    return ids[:, :-1], ids[:, 1:]


def _several(sentences: Iterable[str]) -> Iterable[str]:
    if isinstance(sentences, str):
        # A text is itself a sequence of texts, one letter each: the mistake would pass in silence.
        raise TypeError(f"several sentences are wanted; given was one text; write [{_short(sentences)!r}]")
    return sentences


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= 60 else sentence[:57] + "..."


def without_padding(ids: np.ndarray) -> np.ndarray:
    """Ids [..., t] without the last columns, where these are padding only."""
    used = np.flatnonzero((ids != PAD).reshape(-1, ids.shape[-1]).any(axis=0))
    return ids[..., : used[-1] + 1]
