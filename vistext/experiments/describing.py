"""Training lesson 05's networks: first by likelihood, then against each other; and measuring what they say."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from vistext import scenes
from vistext.data.words import PAD, Vocabulary
from vistext.engine import keras
from vistext.experiments import locating
from vistext.experiments.locating import FIRST_SEED
from vistext.models import describer, detector
from vistext.models.describer import LENGTHS, DescriberConfig
from vistext.scenes import language
from vistext.training import History, Muon, fit

READ_FOR_WORDS = 3000  # scenes of which the vocabulary is made, each described at every length
# So many sentences about each picture, cut after so many words.
TITLES, DESCRIPTIONS, STORIES = ("title", 8, 14), ("description", 6, 21), ("story", 3, 40)


@cache
def vocabulary() -> Vocabulary:
    """The words in which scenes of the training split are described."""
    rng = np.random.default_rng(0)
    seen = scenes.sample(READ_FOR_WORDS, FIRST_SEED - 1, "train")
    return Vocabulary.build(language.describe(scene, length, rng) for scene in seen for length in LENGTHS)


def shorten(ids: np.ndarray, most: int) -> np.ndarray:
    """Sentences cut after `most` numbers and without columns that are padding only: [n, t] → [n, at most `most`]."""
    used = np.flatnonzero((ids != PAD).any(axis=0))
    return ids[:, : min(most, used[-1] + 1)]


@dataclass(frozen=True)
class Stage:
    """A part of the training by likelihood."""

    steps: int
    turns: tuple  # of what is said of a batch of pictures
    crowded: float  # share of the pictures, at least, that show several things
    learning_rate: float  # of the eye's kernels; rises at first, then goes down to 0
    adam_rate: float  # of everything else, as a share of that


# First what things look like and how one speaks; then which is which where there are several, which takes longer.
STAGES = (
    Stage(4200, (TITLES, DESCRIPTIONS, STORIES, DESCRIPTIONS), 0.6, 0.04, 0.04),
    Stage(4500, (DESCRIPTIONS, STORIES, DESCRIPTIONS, STORIES, TITLES), 0.85, 0.05, 0.024),
)


@dataclass(frozen=True)
class Recipe:
    """How eye and writer are trained by likelihood; the defaults are those of the shipped weights."""

    network: DescriberConfig
    stages: tuple[Stage, ...] = STAGES
    size: int = 64  # pictures in a batch
    seed: int = 0


@dataclass(frozen=True)
class Told:
    """Batches of scenes of the training split and true sentences about them; each depends on its number and the seed.

    Args:
        turns: length, sentences about each picture, and words after which they are cut: of one batch after another.
        crowded: share of the pictures, at least, that show several things.
        size: pictures in a batch.
        seed: of the training.
    """

    turns: tuple
    crowded: float = 0.0
    size: int = 64
    seed: int = 0

    def __call__(self, step: int, progress: float = 0.0) -> tuple:
        """Batch number `step`: pictures uint8 [size, 64, 64, 3], ids int32 [size, s, t] and lengths int32 [size, s];
        and the words that come next, int32 [size, s, t].
        """
        length, count, most = self.turns[step % len(self.turns)]
        seed = FIRST_SEED * (self.seed + 1) + step
        seen = sorted(scenes.sample(2 * self.size, seed, "train"), key=lambda scene: len(scene.things) == 1)
        several = round(self.crowded * self.size)
        seen = seen[:several] + seen[-(self.size - several) :] if several < self.size else seen[: self.size]
        rng = np.random.default_rng(seed)
        told = [language.describe(scene, length, rng) for scene in seen for _ in range(count)]
        ids = shorten(vocabulary().encode(told), most + 1).reshape(self.size, count, -1)
        lengths = np.full((self.size, count), LENGTHS.index(length), np.int32)
        return (scenes.draw_many(seen).pictures, ids[..., :-1], lengths), ids[..., 1:]


def train(
    recipe: Recipe, *, precision: str = "float32", checkpoint: Path | None = None, bar: bool = True
) -> tuple[keras.Model, keras.Model, History]:
    """Train an eye, from the detector's body, and a writer: each next word of true sentences is to be likely.

    Args:
        recipe: how.
        precision: a Keras dtype policy to compute in.
        checkpoint: a folder to resume from and to keep the unfinished training in.
        bar: whether to show a progress bar.

    Returns:
        The eye, the writer, and the history.
    """
    keras.utils.set_random_seed(recipe.seed)
    config = replace(recipe.network, precision=precision)
    eye, writer = describer.build_eye(config), describer.build_writer(config)
    locating.hand_over(detector.load(), eye)
    inputs = [
        keras.Input((describer.SIDE, describer.SIDE, 3), dtype="uint8", name="pictures"),
        keras.Input((None, None), dtype="int32", name="ids"),
        keras.Input((None,), dtype="int32", name="lengths"),
    ]
    model = keras.Model(inputs, writer([eye(inputs[0]), *inputs[1:]]))
    model.compile(
        optimizer=Muon(recipe.learning_rate, adam_rate=recipe.adam_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD),
    )
    history = fit(
        model,
        Told(recipe.size, recipe.seed),
        steps=recipe.steps,
        learning_rate=lambda done: recipe.learning_rate * min(1.0, done / 0.03) * (1 - done),
        checkpoint=checkpoint,
        label="eye and writer",
        bar=bar,
    )
    if not history.interrupted:
        locating.settle(eye, recipe.seed)
    return eye, writer, history
