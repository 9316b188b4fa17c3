"""Training the object queries, which lesson 05's caption decoder and discriminator attend to beside the cells."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from vistext.nn import training
from vistext.nn.attention import CoordinateEncoding
from vistext.nn.engine import dtype_policy, keras, tf
from vistext.nn.training import History, learn, masked_mean, once
from vistext.scenes import Scene
from vistext.scenes.ontology import COLORS, FACINGS, KINDS, MAX_OBJECTS, PLACES, POSTURES, SIZES
from vistext.tasks.captioning.model import GRID, CaptionerConfig, object_queries

layers = keras.layers


NOTHING = 0  # the kind where there is no object
TRAITS: dict[str, tuple[str, ...]] = {
    "kind": ("nothing", *KINDS),
    "color": tuple(sorted(set().union(*COLORS.values()))),
    "size": SIZES,
    "posture": tuple(sorted(set().union(*POSTURES.values()))),
    "place": tuple(sorted(PLACES)),
    "facing": FACINGS,
}
ENDS = np.cumsum([len(words) for words in TRAITS.values()]).tolist()  # where the logits of each trait end
BOX = slice(len(TRAITS), len(TRAITS) + 4)


@dataclass(frozen=True, kw_only=True)
class Recipe(training.Recipe):
    """How it learns."""

    steps: int = 3000
    batch_size: int = 128
    box: float = 2.0  # how much a box that is off by the whole picture's side counts, beside the words' losses


def left_to_right(scene: Scene) -> list[int]:
    """The indices of `scene.objects`, from the left of the picture to the right."""
    return sorted(range(len(scene.objects)), key=lambda index: scene.objects[index].box.middle)


def labels(scenes: Sequence[Scene]) -> np.ndarray:
    """Targets for n scenes: float32 [n, MAX_OBJECTS, traits + 4].

    Of each object, from left to right, the index of each trait's word in `TRAITS`, and its box, left and upper edge,
    width and height as shares of the picture; 0 where there is no object.
    """
    table = np.zeros((len(scenes), MAX_OBJECTS, BOX.stop), "float32")
    for row, scene in enumerate(scenes):
        for number, index in enumerate(left_to_right(scene)):
            obj = scene.objects[index]
            table[row, number, : BOX.start] = [words.index(getattr(obj, name)) for name, words in TRAITS.items()]
            table[row, number, BOX] = (obj.box.x, obj.box.y, obj.box.w, obj.box.h)
    return table


class Loss(keras.losses.Loss):
    """Cross-entropy of the traits, and, times `box`, how far off the boxes are."""

    def __init__(self, box: float):
        super().__init__(reduction="sum", name="loss")
        self.box = box

    def call(self, targets, outputs):
        there = targets[..., 0] != NOTHING  # (n, objects)
        distance = tf.reduce_sum(tf.abs(targets[..., BOX] - outputs[..., ENDS[-1] :]), axis=-1)
        total = self.box * masked_mean(distance, there)
        for number, logits in enumerate(_logits(outputs)):
            words = tf.cast(targets[..., number], tf.int32)
            entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(words, logits)
            total += tf.reduce_mean(entropy) if number == 0 else masked_mean(entropy, there)
        return total


def _logits(outputs) -> list:
    """The logits of each trait."""
    return [outputs[..., first:last] for first, last in zip([0, *ENDS], ENDS, strict=False)]


def accuracy(targets, outputs):
    """The share of the objects, and of the empty places, of which every trait is right."""
    there, all_right = targets[..., 0] != NOTHING, True
    for number, logits in enumerate(_logits(outputs)):
        right = tf.equal(tf.cast(targets[..., number], tf.int64), tf.argmax(logits, axis=-1))
        all_right = tf.logical_and(all_right, right if number == 0 else right | ~there)
    return tf.reduce_mean(tf.cast(all_right, tf.float32))


def build(config: CaptionerConfig) -> keras.Model:
    """The network to train: grids float [n, 64, c] → float32 [n, MAX_OBJECTS, logits of all traits, and the box]."""
    with dtype_policy(config.precision):
        grid = layers.Input((GRID * GRID, config.widths[2]), name="grid")
        cells = CoordinateEncoding(name="cells")(grid)
        objects = object_queries(config)(cells)[:, -MAX_OBJECTS:]
        logits = layers.Dense(ENDS[-1], dtype="float32", name="logits")(objects)
        box = layers.Dense(4, activation="sigmoid", dtype="float32", name="box")(objects)
    return keras.Model(grid, layers.Concatenate(dtype="float32")([logits, box]), name="finder")


def train(
    recipe: Recipe,
    config: CaptionerConfig,
    grids: np.ndarray,
    scenes: Sequence[Scene],
    *,
    precision: str = "float32",
    checkpoint: Path | None = None,
    bar: bool = True,
) -> tuple[keras.Model, History]:
    """Train the network that `build` makes on scenes, encoded as grids; the history is empty if it was complete."""
    keras.utils.set_random_seed(recipe.seed)
    network, targets = build(replace(config, precision=precision)), labels(scenes)

    def batch(step: int) -> tuple:
        rows = np.random.default_rng((recipe.seed, step)).integers(0, len(targets), recipe.batch_size)
        return grids[rows].astype("float32"), targets[rows]

    run = partial(learn, network, batch, recipe, Loss(recipe.box), accuracy=accuracy, label="finder", bar=bar)
    run = partial(run, checkpoint=checkpoint and checkpoint / "finder")
    return network, once(network, checkpoint and checkpoint / "finder.weights.h5", run)
