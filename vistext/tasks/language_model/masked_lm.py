"""Lesson 03's missing words: some words of a description are hidden, and a network that reads both ways finds them.

A hidden word reads as an unknown one, so a gap can be typed as any word that nobody knows: "a ___ on the floor". The
network is that of `language_model`, built with `both_ways`; the task is that of the masked language model (Devlin et
al. 2019, "BERT", arXiv:1810.04805, section 3.1; there, too, a share of the words is hidden and only these are asked).
"""

from dataclasses import dataclass

import numpy as np

from vistext.data.vocabulary import PAD, UNKNOWN, Vocabulary
from vistext.nn.engine import keras
from vistext.nn.training import Batches
from vistext.scenes.language.word_classes import KIND_OF
from vistext.tasks.language_model.model import predict_logits

MASKED_GROUPS = UNKNOWN
MASK_RATE = 0.3  # of the words: twice BERT's, since our sentences are short, and one without a gap teaches nothing


def word_groups(vocabulary: Vocabulary) -> np.ndarray:
    """Which words are hidden together, so that none is betrayed by standing elsewhere in the sentence as well.

    Each word is a group of its own, but nouns for one kind of object ("car", "cars", "automobile") are one group.

    Args:
        vocabulary: of the drawn world's words.

    Returns:
        int32 [words], the number of each word's group; -1 for what is never hidden: special words and marks.
    """
    names = [KIND_OF.get(word, word) if word[0].isalpha() else "" for word in vocabulary.words]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(filter(None, names)))}
    return np.array([numbers.get(name, -1) for name in names], "int32")


def mask_tokens(
    ids: np.ndarray, together: np.ndarray, random: np.random.Generator, share: float = MASK_RATE
) -> tuple[np.ndarray, np.ndarray]:
    """Hide words at random.

    Args:
        ids: int32 [n, length].
        together: int [words], as `groups` gives it.
        random: decides which.
        share: how likely each group of words is hidden, 0 to 1.

    Returns:
        The sentences with HIDDEN for each hidden word, and labels: the hidden words, PAD everywhere else; int32 both.
    """
    drawn = random.random((len(ids), together.max() + 2)) < share  # a column for each group; the last is that of -1
    drawn[:, -1] = False
    hidden = np.take_along_axis(drawn, together[ids] % drawn.shape[1], axis=1)
    return np.where(hidden, MASKED_GROUPS, ids).astype("int32"), np.where(hidden, ids, PAD).astype("int32")


@dataclass(eq=False)
class MaskedBatches(Batches):
    """Training batches: sentences of which each time other words are hidden, and these words.

    Each batch depends on its number and the seed alone.

    Args:
        ids: int32 [n, length], as `Vocabulary.encode` gives them.
        together: int [words], as `groups` gives it.
        tags: float32 [n, tags], for a model that takes them.
        batch_size: sentences in a batch.
        share: of the words that are hidden.
        seed: of the order, and of what is hidden.
    """

    ids: np.ndarray
    together: np.ndarray
    tags: np.ndarray | None = None
    batch_size: int = 64
    share: float = MASK_RATE
    seed: int = 0

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`, 0, 1, ...: inputs and labels, both int32 [n, length]."""
        random = np.random.default_rng((self.seed, step))
        chosen = random.integers(0, len(self.ids), self.batch_size)
        words, labels = mask_tokens(self.ids[chosen], self.together, random, self.share)
        return (words if self.tags is None else (words, self.tags[chosen])), labels


def fill_mask(
    model: keras.Model, vocabulary: Vocabulary, sentence: str, tags: np.ndarray | None = None
) -> list[dict[str, float]]:
    """What may stand in the gaps of a sentence.

    Args:
        model: reads both ways.
        vocabulary: its words.
        sentence: with "___", or any other unknown word, in each gap.
        tags: float32 [tags], for a model that takes them.

    Returns:
        For each gap the probability of each word, most likely first.

    Raises:
        ValueError: there is no gap.
    """
    ids = vocabulary.encode([sentence])
    if MASKED_GROUPS not in ids:
        raise ValueError(f"there is no gap in {sentence!r}; write ___ for each word that is to be found")
    logits = predict_logits(model, ids, None if tags is None else np.asarray(tags, "float32")[np.newaxis])[0]
    found = []
    for place in np.flatnonzero(ids[0] == MASKED_GROUPS):
        probabilities = np.asarray(keras.ops.softmax(logits[place]))
        ranked = np.argsort(-probabilities, kind="stable")
        found.append({vocabulary.words[number]: float(probabilities[number]) for number in ranked})
    return found
