"""Training lesson 08's networks: those that solve puzzles by text, picture or both, and a pair that matches the two."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from vistext.data.vocabulary import PAD, Vocabulary, tokenize, without_padding
from vistext.nn import training
from vistext.nn.engine import keras
from vistext.nn.training import Batches, History, learn
from vistext.scenes import Scene, language
from vistext.scenes.language import puzzles
from vistext.scenes.language.grammar import WORDS
from vistext.scenes.language.puzzles import NO_NAME, Puzzle, caption
from vistext.tasks.fusion.model import MAX_LENGTH, FusionConfig, build_dual_encoder, build_puzzle_solver, copy_towers

ops = keras.ops

BATCH = 250  # texts in one forward pass
MAX_SCALE = 100.0  # of `LogitScale`
INITIAL_SCALE = 14.0
# How often a task comes up where all are trained together: the harder it is, the more often.
TASK_WEIGHTS = {"it": 4, "mood": 4, "gap": 2, "names": 2, "names told": 1, "mood told": 1}
TEXT_FORMS = ("caption", "caption", "story")  # of each scene, for a dual encoder


@cache
def vocabulary() -> Vocabulary:
    """The words of the drawn world, of the puzzles, and of their answers."""
    templates = (*puzzles.WISHED, *puzzles.JUDGED, *puzzles.NEGATED)
    sentences = [re.sub(r"{\d?}", "", template) for template in templates]
    words = (*puzzles.NAMES, *puzzles.MOODS, *puzzles.GOOD, *puzzles.BAD, NO_NAME, "something", puzzles.GAP)
    return Vocabulary.build([*sorted(WORDS | {"an"}), *sentences, *words, "."])


class PuzzleBatch(NamedTuple):
    """Encoded puzzles."""

    ids: np.ndarray  # int32 [m, t]
    answers: np.ndarray  # int32 [m, t]: PAD where there is no answer
    rows: np.ndarray  # int [m]: the scene of each
    tasks: np.ndarray  # str [m]


def encode_puzzles(made: Sequence[Puzzle]) -> PuzzleBatch:
    """Encode puzzles of any tasks about scenes of one pool."""
    words = vocabulary()
    ids = words.encode([puzzle.text for puzzle in made])
    answers = np.full_like(ids, PAD)
    for row, puzzle in zip(answers, made, strict=True):
        row[1 : 1 + len(puzzle.answers)] = [words.numbers[word] if word else PAD for word in puzzle.answers]
    scene_rows, tasks = np.array([puzzle.scene for puzzle in made]), np.array([puzzle.task for puzzle in made])
    return PuzzleBatch(ids, answers, scene_rows, tasks)


def make_puzzles(pool: Sequence[Scene], counts: Mapping[str, int], seed: int = 0) -> PuzzleBatch:
    """Puzzles of several tasks, as many of each as `counts` says; pool as for `puzzles.puzzles`."""
    rng = np.random.default_rng(seed)
    return encode_puzzles([puzzle for task, n in counts.items() for puzzle in puzzles.puzzles(task, pool, n, rng)])


@dataclass(frozen=True)
class Recipe(training.Recipe):
    """How a network learns to solve puzzles."""

    network: FusionConfig
    fusion: str  # one of `fusion.FUSIONS`
    _: KW_ONLY
    batch_size: int = 32  # pictures
    asked: int = 8  # puzzles about each
    withheld: float = 0.0  # share of pictures that are made empty while it learns: modality drop-out


class PuzzleBatches(Batches):
    """Batches of puzzles about encoded scenes, float16 [n, 64, c]; each depends on its number and the seed alone."""

    def __init__(self, recipe: Recipe, grids: np.ndarray, made: PuzzleBatch):
        super().__init__()
        self.recipe, self.grids, self.made = recipe, grids, made
        self.order = np.argsort(made.rows, kind="stable")
        self.counts = np.bincount(made.rows, minlength=len(grids))
        self.first = np.cumsum(self.counts) - self.counts
        self.used = np.flatnonzero(self.counts)

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`: grids float32 [n, 64, c] and ids int32 [n, s, t]; answers int32 [n, s, t]."""
        recipe, rng = self.recipe, np.random.default_rng((self.recipe.seed, step))
        rows = rng.choice(self.used, recipe.batch_size)
        drawn = rng.random((recipe.batch_size, recipe.asked)) * self.counts[rows, np.newaxis]
        chosen = self.order[self.first[rows, np.newaxis] + drawn.astype(int)]  # (n, s)
        ids = without_padding(self.made.ids[chosen])
        grids = self.grids[rows].astype("float32")
        grids[rng.random(recipe.batch_size) < recipe.withheld] = 0
        return (grids, ids), self.made.answers[chosen][..., : ids.shape[-1]]


def train(
    recipe: Recipe, grids: np.ndarray, made: PuzzleBatch, *, pair: keras.Model | None = None, **settings
) -> tuple[keras.Model, History]:
    """Train a network that solves puzzles: at each place where something is asked, the answer is to be likely.

    Args:
        recipe: how.
        grids: features of n scenes, float16 [n, 64, c].
        made: puzzles about them.
        pair: where the towers of the fusion "contrastive" come from; see `train_dual_encoder`.
        settings: those of `training.fit`: checkpoint, label, bar.
    """
    keras.utils.set_random_seed(recipe.seed)
    model = build_puzzle_solver(recipe.network, recipe.fusion)
    if pair is not None:
        copy_towers(pair, model)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD)
    settings = {"label": recipe.fusion} | settings
    return model, learn(model, PuzzleBatches(recipe, grids, made), recipe, loss, accuracy=accuracy, **settings)


def accuracy(labels, logits):
    """The share of right answers, of those that are asked for and not NO_NAME: scalar in [0, 1]."""
    counts = ops.cast(_counts(labels), "float32")
    right = ops.equal(ops.cast(labels, "int64"), ops.cast(ops.argmax(logits, axis=-1), "int64"))
    return ops.sum(counts * ops.cast(right, "float32")) / ops.maximum(ops.sum(counts), 1.0)


def _counts(answers):
    """Where an answer counts: where one is asked for, and is not that a word names nothing."""
    return (answers != PAD) & (answers != vocabulary().numbers[NO_NAME])


def predict(model: keras.Model, grids: np.ndarray, made: PuzzleBatch) -> np.ndarray:
    """The most probable word at each place of m puzzles, int [m, t], given the encoded scenes float [n, 64, c]."""
    parts = [slice(first, first + BATCH) for first in range(0, len(made.rows), BATCH)]
    inputs = ([grids[made.rows[part]].astype("float32"), made.ids[part, np.newaxis]] for part in parts)
    return np.concatenate([np.asarray(model(batch, training=False))[:, 0].argmax(axis=-1) for batch in inputs])


def evaluate(model: keras.Model, grids: np.ndarray, made: PuzzleBatch) -> dict[str, float]:
    """The share of right answers, by task; where names are tagged, of the names."""
    right, counts = predict(model, grids, made) == made.answers, _counts(made.answers)
    return {
        task: round(float(right[chosen][counts[chosen]].mean()), 5)
        for task in dict.fromkeys(made.tasks.tolist())
        for chosen in [made.tasks == task]
    }


@dataclass(frozen=True)
class DualEncoderRecipe(training.Recipe):
    """How a pair of towers learns which text belongs to which picture."""

    network: FusionConfig
    _: KW_ONLY
    batch_size: int = 192  # pictures, each with one text; all others are wrong for it


@keras.saving.register_keras_serializable("vistext")
class LogitScale(keras.layers.Layer):
    """Cosine similarities of [n, c] and [m, c], times a learned factor: logits float32 [n, m]."""

    def build(self, *shapes):
        self.sharpness = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(np.log(INITIAL_SCALE)), name="sharpness"
        )
        self.built = True

    def call(self, images, texts):
        return ops.minimum(ops.exp(self.sharpness), MAX_SCALE) * ops.matmul(images, ops.transpose(texts))


def contrastive_loss(labels, logits):
    """The loss of CLIP: cross-entropy both ways of logits [n, n], given the matching column of each row, int [n]."""
    loss = partial(keras.losses.sparse_categorical_crossentropy, from_logits=True)
    labels = ops.reshape(labels, (-1,))
    return (ops.mean(loss(labels, logits)) + ops.mean(loss(labels, ops.transpose(logits)))) / 2


def encode_texts(chosen: Sequence[Scene], forms: Sequence[str] = TEXT_FORMS, seed: int = 0) -> np.ndarray:
    """Texts of s forms ("caption", or one of `language.LENGTHS`) about n scenes: int32 [n, s, t]; long ones are cut."""
    rng = np.random.default_rng(seed)
    texts = [
        caption(scene, rng) if form == "caption" else language.describe(scene, form, rng)
        for scene in chosen
        for form in forms
    ]
    cut = [" ".join(tokenize(text)[: MAX_LENGTH - 2]) for text in texts]
    return vocabulary().encode(cut).reshape(len(chosen), len(forms), -1)


def train_dual_encoder(
    recipe: DualEncoderRecipe, grids: np.ndarray, ids: np.ndarray, **settings
) -> tuple[keras.Model, History]:
    """Train two towers: in each batch, a picture and its own text are to be the closest of all.

    Args:
        recipe: how.
        grids: features of n scenes, float16 [n, 64, c].
        ids: texts about each, int [n, s, t], as `encode_texts` gives them.
        settings: those of `training.fit`: checkpoint, label, bar.
    """
    keras.utils.set_random_seed(recipe.seed)
    pair = build_dual_encoder(recipe.network)
    model = keras.Model(pair.inputs, LogitScale(name="sharpened")(*pair.outputs))

    def batch(step: int) -> tuple:
        rng = np.random.default_rng((recipe.seed, step))
        rows = rng.choice(len(grids), recipe.batch_size, replace=False)
        texts = without_padding(ids[rows, rng.integers(ids.shape[1], size=recipe.batch_size)])
        return (grids[rows].astype("float32"), texts), np.arange(recipe.batch_size, dtype="int32")

    return pair, learn(model, batch, recipe, contrastive_loss, **{"label": "dual encoder"} | settings)


def distinct_scenes(pool: Sequence[Scene], n: int) -> list[int]:
    """The indices of the first n scenes of which no two have the same facts; ValueError if there are not so many."""
    first = {scene.facts: number for number, scene in reversed(list(enumerate(pool)))}
    if len(first) < n:
        raise ValueError(f"only {len(first)} of {len(pool)} scenes have facts of their own; {n} were asked for")
    return sorted(first.values())[:n]


def recall_at_k(scores: np.ndarray, ks: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """The share of rows whose own column is among the k highest: scores float [n, n] → "1", "5", "10".

    A column that scores as high as the own one counts before it.
    """
    own = np.diag(scores)[:, np.newaxis]
    rank = (scores >= own).sum(axis=1) - 1
    return {str(k): round(float((rank < k).mean()), 5) for k in ks}


def retrieval_recall(scores: np.ndarray) -> dict[str, dict[str, float]]:
    """Recall both ways of scores [texts, pictures]: "to picture", for each text its picture, and "to text"."""
    return {"to picture": recall_at_k(scores), "to text": recall_at_k(scores.T)}
