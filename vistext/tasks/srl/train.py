"""Training lesson 07's network, semantic role labeling, and evaluating it as imSitu does.

The metrics are those of Yatskar et al. 2016, "Situation Recognition: Visual Semantic Role Labeling for Image
Understanding", section 6.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from itertools import chain, permutations
from typing import NamedTuple

import numpy as np

from vistext.nn import training
from vistext.nn.engine import keras, tf
from vistext.nn.training import Batches, History, learn, masked_mean
from vistext.scenes import Scene, draw_many, language
from vistext.scenes.language import Frame
from vistext.scenes.language.semantic_frames import visible_area_of
from vistext.tasks.srl.model import (
    MAX_FRAMES,
    PAD,
    SLOTS,
    START,
    VERBS,
    WORDS,
    PredictedFrame,
    SrlConfig,
    SrlModel,
    build,
    linearize,
)

NEAR = 0.1  # two objects whose visible areas differ by less than that share may both count as the most prominent
RARE = 0.25  # the share of frames that count as rare, by their combination of verb, object and place


@dataclass(frozen=True, eq=False)
class SrlDataset:
    """Encoded pictures and the fillers of their slots."""

    grids: np.ndarray  # float16 [n, 64, c]
    ids: np.ndarray  # int8 [n, MAX_FRAMES], see `model.linearize`
    objects: np.ndarray  # float32 [n, MAX_FRAMES, 5]: box and log visible area of each slot's object; 0 for none


def build_dataset(grids: np.ndarray, scenes: Sequence[Scene]) -> SrlDataset:
    """The training data of scenes that are encoded as `grids`."""
    ids, objects = np.zeros((len(scenes), MAX_FRAMES), "int8"), np.zeros((len(scenes), MAX_FRAMES, 5), "float32")
    for row, scene in enumerate(scenes):
        ids[row], frames = linearize(scene)
        for number, frame in enumerate(frames):
            box = scene.objects[frame.obj].box
            size = np.log(visible_area_of(scene, frame.obj))
            objects[row, number * len(SLOTS) : (number + 1) * len(SLOTS)] = (box.x, box.y, box.w, box.h, size)
    return SrlDataset(grids, ids, objects)


@dataclass(frozen=True)
class Recipe(training.Recipe):
    """How the network learns."""

    network: SrlConfig = field(default_factory=SrlConfig)
    _: KW_ONLY
    steps: int = 2400
    box: float = 1.0  # how much a box that is off by the whole picture's side counts, beside the words' loss
    area: float = 2.0  # likewise, a visible area that is off by a factor of e


@dataclass(eq=False)
class SrlBatches(Batches):
    """Batches of a dataset; each depends on its number and the recipe's seed alone."""

    dataset: SrlDataset
    recipe: Recipe

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`: grids float32 [n, 64, c] and the fillers so far int32 [n, MAX_FRAMES]; and the next
        fillers, each followed by what `SrlDataset.objects` has for it, float32 [n, MAX_FRAMES, 6].
        """
        dataset, recipe = self.dataset, self.recipe
        rows = np.random.default_rng((recipe.seed, step)).integers(0, len(dataset.ids), recipe.batch_size)
        ids = dataset.ids[rows]
        previous = np.concatenate([np.full((len(rows), 1), START), ids[:, :-1]], axis=1).astype("int32")
        targets = np.concatenate([ids[..., np.newaxis], dataset.objects[rows]], axis=-1).astype("float32")
        return (dataset.grids[rows].astype("float32"), previous), targets


class Loss(keras.losses.Loss):
    """Cross-entropy of the fillers, and, times `box` and `area`, absolute errors of boxes and of log visible areas."""

    def __init__(self, box: float, area: float):
        super().__init__(reduction="sum", name="loss")
        self.box, self.area = box, area

    def call(self, targets, outputs):
        words, is_last = tf.cast(targets[..., 0], tf.int32), np.arange(MAX_FRAMES) % len(SLOTS) == len(SLOTS) - 1
        there = targets[..., 3] > 0
        error = tf.abs(targets[..., 1:] - outputs[..., len(WORDS) :])  # (n, MAX_FRAMES, 5)
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(words, outputs[..., : len(WORDS)])
        return (
            masked_mean(entropy, words != PAD)
            + self.box * masked_mean(tf.reduce_sum(error[..., :4], axis=-1), there)
            + self.area * masked_mean(error[..., 4], there & is_last)
        )


def _word_accuracy(targets, outputs):
    """The share of slots with the right filler."""
    words = tf.cast(targets[..., 0], tf.int64)
    right = tf.equal(words, tf.argmax(outputs[..., : len(WORDS)], axis=-1))
    return masked_mean(right, words != PAD)


class TrainResult(NamedTuple):
    """What has been trained."""

    network: keras.Model
    history: History


def train(recipe: Recipe, dataset: SrlDataset, *, precision: str = "float32", **settings) -> TrainResult:
    """Train a network: each slot's word is to be likely, given the picture and the slots before.

    Args:
        recipe: how.
        dataset: what to learn from.
        precision: a Keras dtype policy to compute in.
        settings: those of `training.fit`: checkpoint, label, bar.
    """
    keras.utils.set_random_seed(recipe.seed)
    network = build(replace(recipe.network, precision=precision))
    settings = {"label": "roles"} | settings
    loss = Loss(recipe.box, recipe.area)
    history = learn(network, SrlBatches(dataset, recipe), recipe, loss, accuracy=_word_accuracy, **settings)
    return TrainResult(network, history)


class Score(NamedTuple):
    """How right a frame is, as imSitu counts."""

    verb: float  # 1 if it is right
    value: float  # the share of the roles with the right noun; 0 where the verb is wrong
    value_all: float  # 1 if verb and all roles are right


def score(predicted: PredictedFrame | Frame | None, true: Frame) -> Score:
    """How right a frame is; None for one that is missing.

    A noun counts only with its verb: *run (agent: dog)*, of a dog that sleeps, has not found the agent of sleeping.

    >>> cat = Frame("sit", (("agent", "cat"), ("place", "floor")), 0)
    >>> tuple(score(Frame("sit", (("agent", "cat"), ("place", "mat")), 0), cat))
    (1.0, 0.5, 0.0)
    """
    if predicted is None or predicted.verb != true.verb:
        return Score(0.0, 0.0, 0.0)
    fillers = dict(predicted.roles)
    right = [fillers[role] == value for role, value in true.roles]
    return Score(1.0, sum(right) / len(right), float(all(right)))


def match_frames(
    predicted: Sequence[PredictedFrame | Frame], true: Sequence[Frame]
) -> list[PredictedFrame | Frame | None]:
    """For each true frame a predicted one, None where there are too few: the matching with the highest scores."""
    padded: list[PredictedFrame | Frame | None] = [*predicted, *[None] * max(0, len(true) - len(predicted))]
    return list(
        max(
            permutations(padded, len(true)),
            key=lambda chosen: sum(sum(measures) for measures in map(score, chosen, true)),
        )
    )


def mean(scores: Sequence[Score]) -> dict[str, float]:
    """The means of each measure: of verb, value and value-all, 0 to 1; NaN for no scores."""
    table = np.array(scores, float).reshape(-1, len(Score._fields))
    means = table.mean(axis=0) if len(table) else np.full(len(Score._fields), np.nan)
    return {name: round(float(value), 4) for name, value in zip(Score._fields, means, strict=True)}


def combination(frame: Frame) -> tuple[str, str, str]:
    """Verb, object and place, which make a frame rare or frequent."""
    values = dict(frame.roles)
    return frame.verb, values.get("agent") or values["item"], values["place"]


def count_combinations(scenes: Sequence[Scene]) -> Counter:
    """How often each `combination` occurs in scenes."""
    return Counter(combination(frame) for scene in scenes for frame in language.frames(scene))


def evaluate(
    model: SrlModel, grids: np.ndarray, scenes: Sequence[Scene], known: Counter | None = None
) -> dict[str, dict[str, float]]:
    """Evaluate a model on encoded scenes; with `count_combinations` of what is known from training, also on rare ones.

    Returns:
        For the most prominent object "predicted, top 1", "predicted, top 5", "gold verb" and, if `known` is given,
        "rare" (predicted, top 1); for all objects "all, predicted", "all, gold verb" and "all, rare". Each has verb,
        value and value_all, but where the verb is given no verb. "near" also counts the frame of another object as
        right if its visible area is at least nine tenths of that of the most prominent one. "scenes" has shares of
        scenes: "order", whose most prominent object is predicted as such; "number", with as many frames as objects; and
        "whole", with every frame right.
    """
    true = [language.frames(scene) for scene in scenes]
    first, slots = [frames[0] for frames in true], model.generate(draw_many(scenes).pictures, grids)
    predicted, verbs = model.frames_of_features(grids, slots), model.verbs(grids, slots)
    top = [score(frames[0], frame) for frames, frame in zip(predicted, first, strict=True)]
    gold_frames = model.with_gold_verb(grids, [frame.verb for frame in first], slots)
    gold = list(map(score, gold_frames, first))
    in_top_5 = [VERBS.index(frame.verb) in row[-5:] for frame, row in zip(first, verbs.argsort(axis=1), strict=True)]
    top_5 = [Score(*(hit * part for part in gold_score)) for hit, gold_score in zip(in_top_5, gold, strict=True)]
    left_to_right = [linearize(scene)[1] for scene in scenes]
    all_gold_frames = model.with_gold_verbs(grids, [[frame.verb for frame in frames] for frames in left_to_right])
    matched = list(map(match_frames, predicted, true))
    scores = [list(map(score, *frames)) for frames in zip(matched, true, strict=True)]
    number = [len(frames) == len(right) for frames, right in zip(predicted, true, strict=True)]
    whole = [same and all(each.value_all for each in row) for same, row in zip(number, scores, strict=True)]
    every = list(chain(*scores))
    measured = {
        "predicted, top 1": mean(top),
        "predicted, top 5": mean(top_5),
        "gold verb": _without_verb(gold),
        "near": mean(list(map(_best, [frames[0] for frames in predicted], true, scenes))),
        "all, predicted": mean(every),
        "all, gold verb": _without_verb(list(map(score, chain(*all_gold_frames), chain(*left_to_right)))),
        "scenes": {
            "order": _share([frames[0] is found[0] for frames, found in zip(predicted, matched, strict=True)]),
            "number": _share(number),
            "whole": _share(whole),
        },
    }
    if known is not None:
        measured["rare"] = _of_rare(top, first, known)
        measured["all, rare"] = _of_rare(every, list(chain(*true)), known)
    return measured


def _of_rare(scores: Sequence[Score], frames: Sequence[Frame], known: Counter) -> dict[str, float]:
    few = rare(known)
    return mean([each for each, frame in zip(scores, frames, strict=True) if combination(frame) in few])


def _without_verb(scores: Sequence[Score]) -> dict[str, float]:
    return {name: value for name, value in mean(scores).items() if name != "verb"}


def _best(predicted: PredictedFrame, true: Sequence[Frame], scene: Scene) -> Score:
    """The highest score against the frames of objects that may count as the most prominent."""
    sizes = [visible_area_of(scene, frame.obj) for frame in true]
    near = [frame for frame, size in zip(true, sizes, strict=True) if size >= (1 - NEAR) * sizes[0]]
    return max((score(predicted, frame) for frame in near), key=sum)


def _share(right: Sequence[bool]) -> float:
    return round(float(np.mean(right)), 4)


def rare(known: Counter) -> set[tuple[str, str, str]]:
    """The rarest combinations, which make up `RARE` of all frames together."""
    total, chosen, reached = sum(known.values()), set(), 0
    for key, number in sorted(known.items(), key=lambda item: (item[1], item[0])):
        reached += number
        if reached > RARE * total:
            break
        chosen.add(key)
    return chosen
