"""Training lesson 08's networks: those that solve puzzles by text, picture or both, and a pair that matches the two."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vistext.data.vocabulary import PAD, Vocabulary, tokenize
from vistext.nn import training
from vistext.nn.engine import keras
from vistext.nn.training import Batches, History, learn
from vistext.scenes import Scene, language
from vistext.scenes.language import puzzles
from vistext.scenes.language.grammar import WORDS
from vistext.scenes.language.puzzles import NO_NAME, Puzzle, caption
from vistext.tasks.fusion.model import MAX_LENGTH, FusionConfig, build_dual_encoder, build_puzzle_solver, copy_towers

ops = keras.ops

BATCH = 250  # texts that are read together
MAX_SCALE = 100.0  # of `Sharpened`
INITIAL_SCALE = 14.0
# How often a task comes up where all are learned together: more often the harder it is.
TASK_WEIGHTS = {"it": 4, "mood": 4, "gap": 2, "names": 2, "names told": 1, "mood told": 1}
TEXT_FORMS = (
    "caption",
    "caption",
    "story",
)  # of each scene, for a pair to learn from: all that there is, twice, and some


@cache
def vocabulary() -> Vocabulary:
    """The words of the drawn world, of the puzzles, and those that answer them."""
    forms = (*puzzles.WISHED, *puzzles.JUDGED, *puzzles.NEGATED)
    told = [re.sub(r"{\d?}", "", form) for form in forms]
    own = (*puzzles.NAMES, *puzzles.MOODS, *puzzles.GOOD, *puzzles.BAD, NO_NAME, "something", puzzles.GAP)
    return Vocabulary.build([*sorted(WORDS | {"an"}), *told, *own, "."])


class PuzzleBatch(NamedTuple):
    """Puzzles as numbers."""

    ids: np.ndarray  # int32 [m, t]
    answers: np.ndarray  # int32 [m, t]: PAD where nothing is asked
    rows: np.ndarray  # int [m]: the scene of each
    tasks: np.ndarray  # str [m]


def encode_puzzles(made: Sequence[Puzzle]) -> PuzzleBatch:
    """Puzzles of any tasks as numbers.

    Args:
        made: m puzzles about scenes of one pool.
    """
    words = vocabulary()
    ids = words.encode([one.text for one in made])
    answers = np.full_like(ids, PAD)
    for row, one in zip(answers, made, strict=True):
        row[1 : 1 + len(one.answers)] = [words.numbers[word] if word else PAD for word in one.answers]
    return PuzzleBatch(ids, answers, np.array([one.scene for one in made]), np.array([one.task for one in made]))


def make_puzzles(pool: Sequence[Scene], counts: Mapping[str, int], seed: int = 0) -> PuzzleBatch:
    """Puzzles of several tasks, as many of each as `counts` says; pool as for `puzzles.puzzles`."""
    rng = np.random.default_rng(seed)
    return encode_puzzles([one for task, n in counts.items() for one in puzzles.puzzles(task, pool, n, rng)])


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
    """Batches of puzzles; each depends on its number and the recipe's seed alone.

    Args:
        recipe: how many, and whether pictures are withheld.
        grids: what an eye sees in the scenes, float16 [n, 64, c].
        made: puzzles about them.
    """

    def __init__(self, recipe: Recipe, grids: np.ndarray, made: PuzzleBatch):
        super().__init__()
        self.recipe, self.grids = recipe, grids
        self.order = np.argsort(made.rows, kind="stable")
        self.made, self.counts = made, np.bincount(made.rows, minlength=len(grids))
        self.first = np.cumsum(self.counts) - self.counts
        self.used = np.flatnonzero(self.counts)

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`: grids float32 [n, 64, c] and ids int32 [n, s, t]; answers int32 [n, s, t]."""
        recipe, rng = self.recipe, np.random.default_rng((self.recipe.seed, step))
        rows = rng.choice(self.used, recipe.batch_size)
        each = rng.random((recipe.batch_size, recipe.asked)) * self.counts[rows, np.newaxis]
        chosen = self.order[self.first[rows, np.newaxis] + each.astype(int)]
        ids = self.made.ids[chosen]
        longest = int((ids != PAD).any(axis=(0, 1)).sum())
        seen = self.grids[rows].astype("float32")
        seen[rng.random(recipe.batch_size) < recipe.withheld] = 0
        return (seen, ids[..., :longest]), self.made.answers[chosen][..., :longest]


def train(
    recipe: Recipe,
    grids: np.ndarray,
    made: PuzzleBatch,
    *,
    pair: keras.Model | None = None,
    checkpoint: Path | None = None,
    bar: bool = True,
) -> tuple[keras.Model, History]:
    """Train a network that solves puzzles: at each place where something is asked, the answer is to be likely.

    Args:
        recipe: how.
        grids: what an eye sees in n scenes, float16 [n, 64, c].
        made: puzzles about them.
        pair: where the towers of the fusion "contrastive" come from; see `train_pair`.
        checkpoint: a folder to resume from and to keep the unfinished training in.
        bar: whether to show a progress bar.

    Returns:
        The network, and what its training went through.
    """
    keras.utils.set_random_seed(recipe.seed)
    model = build_puzzle_solver(recipe.network, recipe.fusion)
    if pair is not None:
        copy_towers(pair, model)
    history = learn(
        model,
        PuzzleBatches(recipe, grids, made),
        recipe,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD),
        accuracy=accuracy,
        checkpoint=checkpoint,
        label=recipe.fusion,
        bar=bar,
    )
    return model, history


def accuracy(labels, scores):
    """The share of what is asked, beside what names nothing, that gets the highest score: scalar in [0, 1]."""
    counts = ops.cast(_counts(labels), "float32")
    right = ops.equal(ops.cast(labels, "int64"), ops.cast(ops.argmax(scores, axis=-1), "int64"))
    return ops.sum(counts * ops.cast(right, "float32")) / ops.maximum(ops.sum(counts), 1.0)


def _counts(answers):
    """Where an answer counts: where one is asked for, and is not that a word names nothing."""
    return (answers != PAD) & (answers != vocabulary().numbers[NO_NAME])


def predict(model: keras.Model, grids: np.ndarray, made: PuzzleBatch) -> np.ndarray:
    """What a network says at each place of puzzles: int [m, t], numbers of words.

    Args:
        model: as `fusion.build` makes it.
        grids: what an eye sees in the scenes of the puzzles, float [n, 64, c].
        made: m puzzles.
    """
    parts = [slice(first, first + BATCH) for first in range(0, len(made.rows), BATCH)]
    said = [
        model([grids[made.rows[part]].astype("float32"), made.ids[part, np.newaxis]], training=False) for part in parts
    ]
    return np.concatenate([np.asarray(each)[:, 0].argmax(axis=-1) for each in said])


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
    """Each picture against each text, [n, c] and [m, c] → how well they fit, float32 [n, m]; how sharply is learned."""

    def build(self, *shapes):
        self.sharpness = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(np.log(INITIAL_SCALE)), name="sharpness"
        )
        self.built = True

    def call(self, seen, said):
        return ops.minimum(ops.exp(self.sharpness), MAX_SCALE) * ops.matmul(seen, ops.transpose(said))


def contrastive_loss(labels, scores):
    """The loss of CLIP: each picture is to find its text among all of a batch, and each text its picture.

    Args:
        labels: int [n]: the column of each row's partner.
        scores: float [n, n].
    """
    loss = partial(keras.losses.sparse_categorical_crossentropy, from_logits=True)
    labels = ops.reshape(labels, (-1,))
    return (ops.mean(loss(labels, scores)) + ops.mean(loss(labels, ops.transpose(scores)))) / 2


def encode_texts(seen: Sequence[Scene], forms: Sequence[str] = TEXT_FORMS, seed: int = 0) -> np.ndarray:
    """What is said of scenes, for a pair to learn from.

    Args:
        seen: n scenes.
        forms: s of "caption" and `language.LENGTHS`.
        seed: decides what is said.

    Returns:
        int32 [n, s, t]; what is too long is cut.
    """
    rng = np.random.default_rng(seed)
    texts = [
        caption(scene, rng) if form == "caption" else language.describe(scene, form, rng)
        for scene in seen
        for form in forms
    ]
    cut = [" ".join(tokenize(text)[: MAX_LENGTH - 2]) for text in texts]
    return vocabulary().encode(cut).reshape(len(seen), len(forms), -1)


def train_dual_encoder(
    recipe: DualEncoderRecipe,
    grids: np.ndarray,
    ids: np.ndarray,
    *,
    checkpoint: Path | None = None,
    bar: bool = True,
) -> tuple[keras.Model, History]:
    """Train two towers: in each batch, a picture and its own text are to be the closest of all.

    Args:
        recipe: how.
        grids: what an eye sees in n scenes, float16 [n, 64, c].
        ids: texts about each, int [n, s, t], as `told` gives them.
        checkpoint: a folder to resume from and to keep the unfinished training in.
        bar: whether to show a progress bar.

    Returns:
        The pair, and what its training went through.
    """
    keras.utils.set_random_seed(recipe.seed)
    pair = build_dual_encoder(recipe.network)
    model = keras.Model(pair.inputs, LogitScale(name="sharpened")(*pair.outputs))

    def batch(step: int) -> tuple:
        rng = np.random.default_rng((recipe.seed, step))
        rows = rng.choice(len(grids), recipe.batch_size, replace=False)
        said = ids[rows, rng.integers(ids.shape[1], size=recipe.batch_size)]
        longest = int((said != PAD).any(axis=0).sum())
        return (grids[rows].astype("float32"), said[:, :longest]), np.arange(recipe.batch_size, dtype="int32")

    return pair, learn(model, batch, recipe, contrastive_loss, checkpoint=checkpoint, label="dual encoder", bar=bar)


def distinct_scenes(seen: Sequence[Scene], n: int) -> list[int]:
    """The numbers of the first n scenes of which no two share their facts.

    Raises:
        ValueError: there are not so many.
    """
    first = {scene.facts: number for number, scene in reversed(list(enumerate(seen)))}
    if len(first) < n:
        raise ValueError(f"only {len(first)} of {len(seen)} scenes have facts of their own; {n} were asked for")
    return sorted(first.values())[:n]


def recall_at_k(scores: np.ndarray, most: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """How often what belongs to a row is among the first that are found for it.

    Args:
        scores: float [n, n]: how well row and column fit; to row i belongs column i.
        most: how many are looked at.

    Returns:
        The share of rows, by how many are looked at: "1", "5", "10". What fits as well as the right one counts
        before it.
    """
    own = np.diag(scores)[:, np.newaxis]
    better = (scores >= own).sum(axis=1) - 1
    return {str(count): round(float((better < count).mean()), 5) for count in most}


def retrieval_recall(scores: np.ndarray) -> dict[str, dict[str, float]]:
    """Recall both ways of scores [texts, pictures]: "to picture", for each text its picture, and "to text"."""
    return {"to picture": recall_at_k(scores), "to text": recall_at_k(scores.T)}
