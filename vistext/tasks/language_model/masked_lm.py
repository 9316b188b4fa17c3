"""Lesson 03's masked language model: a bidirectional network predicts masked words of a sentence.

After Devlin et al. 2019, "BERT" (arXiv:1810.04805), section 3.1. A masked word is an unknown one, so a gap can be typed
as any word outside the vocabulary: "a ___ on the floor".
"""

from dataclasses import dataclass

import numpy as np

from vistext.data.vocabulary import PAD, UNKNOWN, Vocabulary
from vistext.nn.engine import keras
from vistext.nn.training import Batches
from vistext.scenes.language.word_classes import KIND_OF
from vistext.tasks.language_model.model import predict_logits, rank_words

MASK = UNKNOWN
MASK_RATE = 0.3  # twice BERT's: our sentences are short, and one without a gap teaches nothing


def word_groups(vocabulary: Vocabulary) -> np.ndarray:
    """Which words are masked together, so that none can be read off elsewhere in its sentence: int32 [words].

    Each word is a group of its own, but nouns for one kind of object ("car", "cars", "automobile") are one group; -1
    for what is never masked: special words and punctuation.
    """
    names = [KIND_OF.get(word, word) if word[0].isalpha() else "" for word in vocabulary.words]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(filter(None, names)))}
    return np.array([numbers.get(name, -1) for name in names], "int32")


def mask_tokens(
    ids: np.ndarray, groups: np.ndarray, rng: np.random.Generator, rate: float = MASK_RATE
) -> tuple[np.ndarray, np.ndarray]:
    """Mask words of sentences int32 [n, length] at random, each group (see `word_groups`) with probability `rate`.

    Returns:
        The sentences with MASK for each masked word, and labels: the masked words, PAD everywhere else; int32 both.
    """
    drawn = rng.random((len(ids), groups.max() + 2)) < rate  # a column for each group; the last is that of -1
    drawn[:, -1] = False
    masked = np.take_along_axis(drawn, groups[ids] % drawn.shape[1], axis=1)  # (n, length)
    return np.where(masked, MASK, ids).astype("int32"), np.where(masked, ids, PAD).astype("int32")


@dataclass(eq=False)
class MaskedBatches(Batches):
    """Training batches with other words masked each time; each depends on its number and the seed alone."""

    ids: np.ndarray  # int32 [n, length], as `Vocabulary.encode` gives them
    groups: np.ndarray  # int [words], as `word_groups` gives it
    tags: np.ndarray | None = None  # float32 [n, tags], for a model that takes them
    batch_size: int = 64  # sentences in a batch
    rate: float = MASK_RATE
    seed: int = 0

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`, 0, 1, ...: inputs and labels, both int32 [n, length]."""
        rng = np.random.default_rng((self.seed, step))
        chosen = rng.integers(0, len(self.ids), self.batch_size)
        words, labels = mask_tokens(self.ids[chosen], self.groups, rng, self.rate)
        return (words if self.tags is None else (words, self.tags[chosen])), labels


def fill_mask(
    model: keras.Model, vocabulary: Vocabulary, sentence: str, tags: np.ndarray | None = None
) -> list[dict[str, float]]:
    """For each gap of a sentence the probability of each word, the most probable first; the model reads both ways.

    A gap is "___", or any other unknown word; tags are float32 [tags]. ValueError if there is no gap.
    """
    ids = vocabulary.encode([sentence])
    if MASK not in ids:
        raise ValueError(f"there is no gap in {sentence!r}; write ___ for each word that is to be found")
    logits = predict_logits(model, ids, None if tags is None else np.asarray(tags, "float32")[np.newaxis])[0]
    return [rank_words(vocabulary, logits[place]) for place in np.flatnonzero(ids[0] == MASK)]
