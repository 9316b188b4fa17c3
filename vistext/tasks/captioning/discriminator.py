"""Training lesson 05's discriminator: does a sentence match the picture, and does it read as drawn from the data?

It learns from the captioner's own sentences, each marked true or false: in the drawn world that can be computed; of
photographs people would mark them (a reward model: Stiennon et al. 2020, "Learning to Summarize from Human Feedback",
arXiv:2009.01325). Unmarked, as in Dai et al. 2017 (arXiv:1703.06029), they teach little, for most of them are true.
The rest are true sentences of the data, and what `negatives` makes of these.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vistext.data.vocabulary import PAD
from vistext.nn import training
from vistext.nn.attention import MASK
from vistext.nn.engine import keras, tf
from vistext.nn.optimizers import Adam
from vistext.nn.training import Batches, History, fit, masked_mean, warmup_decay
from vistext.scenes import TRAIN_SEED_OFFSET, Scene, language
from vistext.tasks.captioning import negatives
from vistext.tasks.captioning.data import (
    DESCRIPTIONS,
    STORIES,
    TITLES,
    encode_scenes,
    sample_crowded,
    vocabulary,
)
from vistext.tasks.captioning.model import Captioner
from vistext.tasks.captioning.train import DecodingStrategy, generate_captions

MARKS = 4  # of a sentence in the targets: its two labels, and their weights


@dataclass(frozen=True, kw_only=True)
class Recipe(training.Recipe):
    """How a discriminator is trained; the learning rate is Adam's."""

    steps: int = 2400
    batch_size: int = 16  # pictures
    learning_rate: float = 5e-4
    sentences: int = 18  # about each picture
    turns: tuple = (DESCRIPTIONS, DESCRIPTIONS, STORIES, DESCRIPTIONS, TITLES)  # see `CachedCaptionBatches`
    pool: int = 8000  # scenes for each length, drawn and encoded once
    draws: int = 16  # captions that are generated of each of them
    crowded: float = 0.85  # see `sample_crowded`
    twins: float = 0.5
    natural_weight: float = 0.2  # of the second output's loss
    evidence_weight: float = 0.2  # of the loss by which a wrong word is to have the lowest score of its sentence


class Example(NamedTuple):
    """A sentence about a picture."""

    text: str
    matches: bool  # is it true of the picture, and well formed?
    weight: float
    natural: bool | None = None  # is it drawn from the data? None where that is not asked
    wrong: slice = slice(0)  # the tokens that make it false, where that is known


@dataclass(eq=False)
class DiscriminatorBatches(Batches):
    """Pictures, and sentences of all kinds about each; a batch depends on its number and the recipe's seed alone."""

    recipe: Recipe
    captioner: Captioner

    def __post_init__(self):
        super().__post_init__()
        self.pools = {
            length: self._pool(length, TRAIN_SEED_OFFSET * (self.recipe.seed + 11) + number)
            for number, length in enumerate(dict.fromkeys(length for length, *_ in self.recipe.turns))
        }

    def _pool(self, length: str, seed: int) -> tuple[list[Scene], np.ndarray, list[list[tuple[str, bool]]]]:
        """Scenes, their features, and the captioner's sentences about each, marked true or false."""
        recipe = self.recipe
        scenes = sample_crowded(recipe.pool, recipe.crowded, seed, recipe.twins)
        grids = encode_scenes(self.captioner.image_encoder, scenes)
        drawn = generate_captions(DecodingStrategy("", self.captioner, top_p=1.0), grids, length, recipe.draws, seed)
        marked = [
            [(text, bool(language.evaluate(text, scene))) for text in texts]
            for scene, texts in zip(scenes, drawn, strict=True)
        ]
        return scenes, grids, marked

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`: (grids float32 [n, 64, c], words one-hot float32 [n, s, t, words]), and targets.

        These are float32 [n, s, 4 + t]: whether a sentence matches, whether it is drawn from the data, the weights of
        the two, and 1 for each token that is known to be wrong.
        """
        recipe = self.recipe
        length, _, most = recipe.turns[step % len(recipe.turns)]
        rng = np.random.default_rng((recipe.seed, step))
        rows = rng.integers(0, recipe.pool, recipe.batch_size)
        targets = np.zeros((len(rows), recipe.sentences, MARKS + most), "float32")
        texts = [[""] * recipe.sentences for _ in rows]
        for picture, row in enumerate(rows):
            fitting = (each for each in self._examples(int(row), length, rng) if _fits(each.text, most))
            for place, example in enumerate(islice(fitting, recipe.sentences)):
                texts[picture][place] = example.text
                asked = example.natural is not None
                marks = (example.matches, bool(example.natural), example.weight, example.weight * asked)
                targets[picture, place, :MARKS] = marks
                targets[picture, place, MARKS:][example.wrong] = 1
        ids = vocabulary().encode([text for row in texts for text in row])[:, 1:]
        ids = np.pad(ids, [(0, 0), (0, most - ids.shape[1])], constant_values=PAD)
        words = np.eye(len(vocabulary()), dtype="float32")[ids] * (ids != PAD)[..., np.newaxis]
        grids = self.pools[length][1][rows].astype("float32")
        return (grids, words.reshape(*targets.shape[:2], most, -1)), targets

    def _examples(self, row: int, length: str, rng: np.random.Generator) -> Iterator[Example]:
        """Sentences about a picture, the most instructive first; of the last there are as many as are asked for."""
        scenes, _, marked = self.pools[length]
        scene = scenes[row]
        own = [marked[row][index] for index in rng.permutation(len(marked[row]))]
        true = [language.describe(scene, length, rng) for _ in range(5)]
        yield from (Example(text, True, 1.0, True) for text in true)
        yield from islice((Example(text, False, 1.5, False) for text, is_true in own if not is_true), 4)
        for text in true[:3]:
            if changed := negatives.change_fact(text, scene, rng):
                yield Example(changed[0], False, 0.8, None, changed[1])
        for text in true[2:]:
            if garbled := negatives.garble(text, scene, rng):
                yield Example(garbled, False, 0.8, False)
        if swapped := next(filter(None, (negatives.swap_traits(text, scene, rng) for text in true)), None):
            yield Example(swapped, False, 0.8)
        yield Example(negatives.mismatched(scene, scenes, length, rng), False, 0.6, True)
        yield from (Example(text, True, 0.6, False) for text, is_true in own if is_true)


def _fits(text: str, most: int) -> bool:
    return len(vocabulary().encode([text])[0]) - 1 <= most


class Loss(keras.losses.Loss):
    """Cross-entropy of both labels; and that of the wrong token, among those that lower the score."""

    def __init__(self, natural: float, evidence: float):
        super().__init__(reduction="sum", name="loss")
        self.natural, self.evidence = natural, evidence

    def call(self, targets, outputs):
        entropies = tf.nn.sigmoid_cross_entropy_with_logits(targets[..., :2], tf.reduce_sum(outputs, axis=2))
        matches, natural = tf.unstack(entropies * targets[..., 2:MARKS], axis=-1)  # (n, s)
        total = tf.reduce_sum(matches) + self.natural * tf.reduce_sum(natural)
        wrong, scores = targets[..., MARKS:], outputs[..., 0]  # (n, s, t)
        lowest = tf.nn.log_softmax(tf.where(scores == 0, MASK, -scores))
        named = tf.reduce_logsumexp(tf.where(wrong > 0, lowest, MASK), axis=-1)
        known = tf.reduce_max(wrong, axis=-1)
        return total / tf.reduce_sum(targets[..., 2]) - self.evidence * masked_mean(named, known)


def accuracy(targets, outputs):
    """The share of sentences of which it is right whether they match."""
    right = (tf.reduce_sum(outputs[..., 0], axis=2) > 0) == (targets[..., 0] > 0)
    return masked_mean(right, targets[..., 2] > 0)


def train(
    recipe: Recipe, captioner: Captioner, network: keras.Model, *, checkpoint: Path | None = None, bar: bool = True
) -> History:
    """Train a discriminator on a captioner's sentences; it is changed.

    Args:
        recipe: how.
        captioner: trained by likelihood; it stays as it is.
        network: as `build_discriminator` makes it, at best after `init_discriminator`.
        checkpoint, bar: see `training.train_loop`.
    """
    network.compile(
        optimizer=Adam(recipe.learning_rate, beta_2=0.99, global_clipnorm=1.0),
        loss=Loss(recipe.natural_weight, recipe.evidence_weight),
    )
    return fit(
        network,
        DiscriminatorBatches(recipe, captioner),
        learning_rate=warmup_decay(recipe.learning_rate),
        accuracy=accuracy,
        steps=recipe.steps,
        seconds=recipe.seconds,
        checkpoint=checkpoint,
        label="discriminator",
        bar=bar,
    )


def fit_calibration(probabilities: np.ndarray, marks: np.ndarray) -> tuple[float, float]:
    """Scale and offset of the score with which probabilities, float [n], fit marks, bool [n], best (Platt 1999)."""
    from scipy.optimize import minimize
    from scipy.special import logit

    scores = logit(np.clip(probabilities.astype("float64"), 1e-9, 1 - 1e-9))
    signs = np.where(marks, 1.0, -1.0)
    found = minimize(lambda fitted: np.logaddexp(0, -signs * (fitted[0] * scores + fitted[1])).mean(), [1.0, 0.0])
    return float(found.x[0]), float(found.x[1])
