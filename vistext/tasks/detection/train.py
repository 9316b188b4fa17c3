"""Training lesson 02's detector and segmenter, by one function, and measuring them.

Scenes cost next to nothing to draw, so each is drawn when it is needed, and no network sees one twice.
"""

from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass, replace

import numpy as np

from vistext import metrics, scenes
from vistext.nn import training
from vistext.nn.engine import keras
from vistext.nn.training import Batches, History, learn, linear_decay
from vistext.scenes import TRAIN_SEED_OFFSET, Drawings, ontology
from vistext.tasks.detection import segmenter
from vistext.tasks.detection.model import DetectorConfig, accuracy, build, detect, loss, targets
from vistext.tasks.detection.segmenter import SegmenterConfig

RECALIBRATION_PICTURES = 2000  # pictures shown after training: what batch norm needs to know its statistics well
BATCH = 500
MIN_SCORE = 0.01  # for mean average precision: detections of low score complete its curve


def evaluate_detector(model: keras.Model, drawings: Drawings) -> dict:
    """Mean average precision of a detector on scenes, for its card."""
    found = detect(model, drawings.pictures, score=MIN_SCORE)
    side = drawings.pictures.shape[1]
    result = metrics.mean_average_precision(found, drawings.boxes, drawings.kinds, side)

    def of_scenes(rows: np.ndarray) -> float:
        chosen = [found[row] for row in rows]
        return metrics.mean_average_precision(chosen, drawings.boxes[rows], drawings.kinds[rows], side).mean

    return {
        "mean_average_precision": round(result.mean, 4),
        "by_overlap": _rounded((f"{overlap:.2f}" for overlap in metrics.OVERLAPS), result.by_overlap),
        "by_kind": _rounded(ontology.KINDS, result.by_kind),
        "by_size": _rounded(result.by_size, result.by_size.values()),
        "by_things": _by_object_count(drawings, of_scenes),
    }


def evaluate_segmenter(model: keras.Model, drawings: Drawings) -> dict:
    """Mean intersection over union of a segmenter on scenes, and the share of right pixels, for its card."""
    predicted = segmenter.segment(model, drawings.pictures)
    return {
        "mean_iou": round(metrics.mean_iou(predicted, drawings.classes), 4),
        "by_class": _rounded(("background", *ontology.KINDS), metrics.class_ious(predicted, drawings.classes)),
        "by_things": _by_object_count(drawings, lambda rows: metrics.mean_iou(predicted[rows], drawings.classes[rows])),
        "pixels_right": round(float(np.mean(predicted == drawings.classes)), 4),
    }


def _by_object_count(drawings: Drawings, measure: Callable[[np.ndarray], float]) -> dict[str, float | None]:
    """A figure of the scenes with one, two, three and four objects, given the rows of these."""
    counts = (drawings.kinds >= 0).sum(axis=1)
    present = np.unique(counts)
    return _rounded(map(str, present), [measure(np.flatnonzero(counts == count)) for count in present])


def _rounded(names: Iterable[str], values: Iterable[float]) -> dict[str, float | None]:
    """Figures for a card: four digits, None for what could not be measured."""
    figures = zip(names, values, strict=True)
    return {name: None if np.isnan(value) else round(float(value), 4) for name, value in figures}


@dataclass(frozen=True)
class Task:
    """One of the two networks, and how it is trained and measured."""

    name: str
    build: Callable[..., keras.Model]  # from a config
    labels: Callable[[Drawings], np.ndarray]  # what the loss compares the outputs with
    loss: Callable
    accuracy: Callable | None  # what the bar shows; see `training.fit`
    measure: Callable[[keras.Model, Drawings], dict]  # the figures of its card, the main one first


DETECTION = Task(
    "detector",
    build,
    lambda drawings: targets(drawings.boxes, drawings.kinds, drawings.pictures.shape[1]),
    loss,
    accuracy,
    evaluate_detector,
)
SEGMENTATION = Task(
    "segmenter",
    segmenter.build,
    lambda drawings: drawings.classes,
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    None,
    evaluate_segmenter,
)


@dataclass(frozen=True)
class Recipe(training.Recipe):
    """How one of the two networks is trained."""

    network: DetectorConfig | SegmenterConfig
    _: KW_ONLY
    learning_rate: float = 0.1  # goes down to 0, linearly
    momentum: float = 0.6
    dense_lr: float = 0.0
    adam_lr: float = 0.02


@dataclass(eq=False)
class SceneBatches(Batches):
    """Batches of scenes of the training split, each of which depends on its number and the seed alone."""

    labels: Callable[[Drawings], np.ndarray]  # what the loss compares with
    batch_size: int
    seed: int = 0

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch number `step`, 0, 1, ..., as uint8 [n, 64, 64, 3] and labels [n, ...]."""
        drawings = scenes.draw_many(scenes.sample(self.batch_size, TRAIN_SEED_OFFSET * (self.seed + 1) + step, "train"))
        return drawings.pictures, self.labels(drawings)


def train(task: Task, recipe: Recipe, *, precision: str = "float32", **settings) -> tuple[keras.Model, History]:
    """Build one of the two networks and train it; precision is a Keras dtype policy, settings are those of `fit`."""
    keras.utils.set_random_seed(recipe.seed)
    model = task.build(replace(recipe.network, precision=precision))
    history = learn(
        model,
        SceneBatches(task.labels, recipe.batch_size, recipe.seed),
        recipe,
        task.loss,
        schedule=linear_decay,
        accuracy=task.accuracy,
        label=task.name,
        **settings,
    )
    if not history.interrupted:
        recalibrate_batch_norm(model, recipe.seed)
    return model, history


def copy_backbone(source: keras.Model, target: keras.Model) -> None:
    """Give a network all layers of another that both have, but not its head."""
    learned = {layer.name: layer for layer in source.layers}
    for layer in target.layers:
        if layer.name.startswith(("stem", "down", "across", "up")) and layer.weights and layer.name in learned:
            if layer.count_params() != learned[layer.name].count_params():
                raise ValueError(
                    f"{layer.name} has another size in the two networks; accepted: the same widths and depth in both"
                )
            layer.set_weights(learned[layer.name].get_weights())


def recalibrate_batch_norm(
    model: keras.Model, seed: int = 0, pictures: np.ndarray | None = None, count: int | None = None
) -> None:
    """Let batch norm see many pictures at once now that weights do not change: drawn ones, unless others are given."""
    if pictures is None:
        pictures = scenes.draw_many(
            scenes.sample(count or RECALIBRATION_PICTURES, TRAIN_SEED_OFFSET * (seed + 1) - 1, "train")
        ).pictures
    for first in range(0, len(pictures), BATCH):
        model(pictures[first : first + BATCH], training=True)
