"""Training what finds the objects in a picture, one after the other, at which lesson 05's writer and judge look."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vistext.nn import training
from vistext.nn.attention import CoordinateEncoding
from vistext.nn.engine import dtype_policy as computing
from vistext.nn.engine import keras, tf
from vistext.nn.training import Batches, History, learn, masked_mean, once
from vistext.scenes import Scene
from vistext.scenes.ontology import COLORS, FACINGS, KINDS, MAX_OBJECTS, POSTURES, SIZES
from vistext.tasks.captioning.model import GRID, CaptionerConfig, object_queries

layers = keras.layers


def _all(lists) -> tuple[str, ...]:
    return tuple(sorted({each for some in lists for each in some}))


NOTHING = 0  # the kind of what is not there
TRAITS: dict[str, tuple[str, ...]] = {
    "kind": ("nothing", *KINDS),
    "color": _all(COLORS.values()),
    "size": SIZES,
    "posture": _all(POSTURES.values()),
    "place": _all(places for postures in POSTURES.values() for places in postures.values()),
    "facing": FACINGS,
}
ENDS = np.cumsum([len(words) for words in TRAITS.values()]).tolist()  # of the scores of each trait
BOX = slice(len(TRAITS), len(TRAITS) + 4)


@dataclass(frozen=True, kw_only=True)
class Recipe(training.Recipe):
    """How it learns."""

    steps: int = 3000
    batch_size: int = 128
    box: float = 2.0  # how much a box that is off by the whole picture's side counts, beside the words' losses


def left_to_right(scene: Scene) -> list[int]:
    """The places in `scene.objects`, from the left of the picture to the right."""
    return sorted(range(len(scene.objects)), key=lambda index: scene.objects[index].box.middle)


def labels(seen: Sequence[Scene]) -> np.ndarray:
    """What is to be found in scenes.

    Args:
        seen: n scenes.

    Returns:
        float32 [n, MOST_THINGS, traits + 4]: of each object, from the left to the right, the number of each trait in
        `TRAITS`, and its box, left and upper edge, width and height as shares of the picture; 0 where there is none.
    """
    found = np.zeros((len(seen), MAX_OBJECTS, BOX.stop), "float32")
    for row, scene in enumerate(seen):
        for number, index in enumerate(left_to_right(scene)):
            obj = scene.objects[index]
            found[row, number, : BOX.start] = [words.index(getattr(obj, name)) for name, words in TRAITS.items()]
            found[row, number, BOX] = (obj.box.x, obj.box.y, obj.box.w, obj.box.h)
    return found


@dataclass(eq=False)
class ObjectBatches(Batches):
    """Batches of grids and what is to be found in them; each depends on its number and the seed alone."""

    grids: np.ndarray  # float [n, 64, c], as `describer.look` gives them
    labels: np.ndarray  # as `labels` gives them
    batch_size: int
    seed: int

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch number `step`: grids float32 [n, 64, c] and labels."""
        rows = np.random.default_rng((self.seed, step)).integers(0, len(self.labels), self.batch_size)
        return self.grids[rows].astype("float32"), self.labels[rows]


class Loss(keras.losses.Loss):
    """How wrong the traits of objects are (cross entropy), and how far off the boxes.

    Args:
        box: see `Recipe`.
    """

    def __init__(self, box: float):
        super().__init__(reduction="sum", name="loss")
        self.box = box

    def call(self, wanted, said):
        there = wanted[..., 0] != NOTHING
        off = tf.reduce_sum(tf.abs(wanted[..., BOX] - said[..., ENDS[-1] :]), axis=-1)
        total = self.box * masked_mean(off, there)
        for number, scores in enumerate(_logits(said)):
            labels = tf.cast(wanted[..., number], tf.int32)
            wrong = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
            total += tf.reduce_mean(wrong) if number == 0 else masked_mean(wrong, there)
        return total


def _logits(said) -> list:
    """The scores of the words of each trait."""
    return [said[..., first:last] for first, last in zip([0, *ENDS], ENDS, strict=False)]


def accuracy(wanted, said):
    """The share of the objects, and of the places that are empty, of which every trait is right."""
    there, all_right = wanted[..., 0] != NOTHING, True
    for number, scores in enumerate(_logits(said)):
        one = tf.equal(tf.cast(wanted[..., number], tf.int64), tf.argmax(scores, axis=-1))
        all_right = tf.logical_and(all_right, one if number == 0 else one | ~there)
    return tf.reduce_mean(tf.cast(all_right, tf.float32))


def build(config: CaptionerConfig) -> keras.Model:
    """The network that learns: grids float [n, 64, c] → float32 [n, MOST_THINGS, scores of all traits, and the box]."""
    with computing(config.precision):
        grid = layers.Input((GRID * GRID, config.widths[2]), name="grid")
        cells = CoordinateEncoding(name="cells")(grid)
        objects = object_queries(config)(cells)[:, -MAX_OBJECTS:]
        scores = layers.Dense(ENDS[-1], dtype="float32", name="logits")(objects)
        box = layers.Dense(4, activation="sigmoid", dtype="float32", name="box")(objects)
    return keras.Model(grid, layers.Concatenate(dtype="float32")([scores, box]), name="finder")


def train(
    recipe: Recipe,
    config: CaptionerConfig,
    grids: np.ndarray,
    seen: Sequence[Scene],
    *,
    precision: str = "float32",
    checkpoint: Path | None = None,
    bar: bool = True,
) -> tuple[keras.Model, History]:
    """Train it.

    Args:
        recipe: how.
        config: the sizes of writer and judge, of which its layer "objects" is to become a part.
        grids: what the eye sees in scenes, float [n, 64, c].
        seen: the scenes.
        precision: a Keras dtype policy to compute in.
        checkpoint: a folder to resume from and to keep the unfinished training in.
        bar: whether to show a progress bar.

    Returns:
        The network, as `build` makes it, and the history, which is empty if the training was complete already.
    """
    keras.utils.set_random_seed(recipe.seed)
    network = build(replace(config, precision=precision))
    history = once(
        network,
        checkpoint and checkpoint / "finder.weights.h5",
        lambda: learn(
            network,
            ObjectBatches(grids, labels(seen), recipe.batch_size, recipe.seed),
            recipe,
            Loss(recipe.box),
            accuracy=accuracy,
            checkpoint=checkpoint and checkpoint / "finder",
            label="finder",
            bar=bar,
        ),
    )
    return network, history
