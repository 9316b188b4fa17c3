"""N-gram language models, the baseline of lesson 03's network.

Smoothing is interpolated Kneser-Ney with one discount (Chen and Goodman 1999, "An empirical study of smoothing
techniques for language modeling", section 2.7): a little is subtracted from each count, and distributed over all words
by how *many different* words they have been seen to follow.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from vistext.data.vocabulary import PAD, START

DISCOUNT = 0.75  # the usual value, near what Chen and Goodman find for counts above 1


class NGrams:
    """Counts of n-grams, and probabilities from them.

    Args:
        order: words in an n-gram; with 0, all words are equally probable.
        words: size of the vocabulary; PAD and START never come next, the others may.
    """

    def __init__(self, order: int, words: int):
        if order < 0:
            raise ValueError(f"order={order}; accepted: 0 or more")
        self.order, self.words = order, words
        # For each length of context, from none to order - 1: context → word → count.
        self.counts: list[dict[tuple[int, ...], Counter]] = [defaultdict(Counter) for _ in range(order)]

    def fit(self, ids: np.ndarray) -> "NGrams":
        """Count the n-grams of sentences, int [n, length], in place of those counted before; returns itself."""
        self.counts = [defaultdict(Counter) for _ in range(self.order)]
        if not self.order:
            return self
        for row in np.asarray(ids).tolist():
            for place, word in _words(row):
                self.counts[-1][self._context(row[:place])][word] += 1
        # A shorter n-gram counts once for each different word before it: "Francisco" comes often, but only
        # after "San", so it is a poor guess after anything else.
        for length in range(self.order - 1, 0, -1):
            for context, following in self.counts[length].items():
                self.counts[length - 1][context[1:]].update(following.keys())
        return self

    def probability(self, word: int, before: Sequence[int] = ()) -> float:
        """The probability of a word after others; all are numbers of the vocabulary, the word neither PAD nor START."""
        context = self._context(before)
        probability = 1 / (self.words - 2)  # all but PAD and START
        for length, counts in enumerate(self.counts):
            if following := counts.get(context[len(context) - length :]):
                discounted = max(following[word] - DISCOUNT, 0)
                probability = (discounted + DISCOUNT * len(following) * probability) / following.total()
        return probability

    def log_probabilities(self, ids: np.ndarray) -> np.ndarray:
        """The log probability of each word of sentences, int [n, length], given those before it.

        Natural logarithms, float64 [n, length - 1]: column t is about column t + 1 of `ids`; 0 where that is PAD.
        """
        ids = np.asarray(ids)
        logs = np.zeros((len(ids), ids.shape[1] - 1))
        for line, row in zip(logs, ids.tolist(), strict=True):
            for place, word in _words(row):
                line[place - 1] = np.log(self.probability(word, row[:place]))
        return logs

    def _context(self, before: Sequence[int]) -> tuple[int, ...]:
        """The last words that count; where the sentence is too short for that, its start is repeated."""
        length = max(0, self.order - 1)
        return ((START,) * length + tuple(before))[len(before) :]


def _words(row: list[int]) -> Iterator[tuple[int, int]]:
    """Each word of a sentence after its start, with its place."""
    return ((place, word) for place, word in enumerate(row) if place and word != PAD)
