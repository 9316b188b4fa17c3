"""Training lesson 07's network, which says who does what; and measuring that as imSitu does.

The measures are those of Yatskar et al. 2016, "Situation Recognition: Visual Semantic Role Labeling for Image
Understanding", section 6.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from itertools import permutations
from pathlib import Path
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

ABOUT = 0.1  # of two objects of which the same is seen but for such a share, either may be taken for the first
RARE = 0.25  # the share of frames whose combination of verb, object and place is among the rarest


@dataclass(frozen=True, eq=False)
class SrlDataset:
    """Pictures and what is in their slots, to learn from.

    Attributes:
        grids: what the eye saw in them, float16 [n, 64, c].
        ids: int8 [n, MOST], see `roles.slots`.
        objects: float32 [n, MOST, 5]: box and logarithm of the share of the picture that is seen, of the object of
        which     each slot speaks; all 0 where there is none.
    """

    grids: np.ndarray
    ids: np.ndarray
    objects: np.ndarray


def build_dataset(grids: np.ndarray, seen: Sequence[Scene]) -> SrlDataset:
    """What there is to learn from scenes, given what the eye sees in them (`telling.look`)."""
    ids, objects = np.zeros((len(seen), MAX_FRAMES), "int8"), np.zeros((len(seen), MAX_FRAMES, 5), "float32")
    for row, scene in enumerate(seen):
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
    seen: float = 2.0  # likewise, how much is seen of an object, off by a factor of e


@dataclass(eq=False)
class SrlBatches(Batches):
    """Batches of a lesson; each depends on its number and the recipe's seed alone."""

    lesson: SrlDataset
    recipe: Recipe

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`: grids float32 [n, 64, c] and ids so far int32 [n, MOST]; and what comes next, float32
        [n, MOST, 6]: a word's number, and as in `Lesson.objects`.
        """
        rows = np.random.default_rng((self.recipe.seed, step)).integers(0, len(self.lesson.ids), self.recipe.batch_size)
        ids = self.lesson.ids[rows]
        before = np.concatenate([np.full((len(rows), 1), START), ids[:, :-1]], axis=1).astype("int32")
        wanted = np.concatenate([ids[..., np.newaxis], self.lesson.objects[rows]], axis=-1).astype("float32")
        return (self.lesson.grids[rows].astype("float32"), before), wanted


class Loss(keras.losses.Loss):
    """How wrong the words are (cross entropy), and beside that the boxes and how much is seen of each object.

    Args:
        box, seen: see `Recipe`.
    """

    def __init__(self, box: float, seen: float):
        super().__init__(reduction="sum", name="loss")
        self.box, self.seen = box, seen

    def call(self, wanted, said):
        words, is_last = tf.cast(wanted[..., 0], tf.int32), np.arange(MAX_FRAMES) % len(SLOTS) == len(SLOTS) - 1
        there = wanted[..., 3] > 0
        off = tf.abs(wanted[..., 1:] - said[..., len(WORDS) :])  # (n, MOST, 5)
        wrong = tf.nn.sparse_softmax_cross_entropy_with_logits(words, said[..., : len(WORDS)])
        return (
            masked_mean(wrong, words != PAD)
            + self.box * masked_mean(tf.reduce_sum(off[..., :4], axis=-1), there)
            + self.seen * masked_mean(off[..., 4], there & is_last)
        )


def _word_accuracy(wanted, said):
    """The share of slots with the right word."""
    words = tf.cast(wanted[..., 0], tf.int64)
    right = tf.equal(words, tf.argmax(said[..., : len(WORDS)], axis=-1))
    return masked_mean(right, words != PAD)


class TrainResult(NamedTuple):
    """What has been trained."""

    network: keras.Model
    history: History


def train(
    recipe: Recipe,
    taught: SrlDataset,
    *,
    precision: str = "float32",
    checkpoint: Path | None = None,
    label: str = "roles",
    bar: bool = True,
) -> TrainResult:
    """Train a network: each slot's word is to be likely, given the picture and the slots before.

    Args:
        recipe: how.
        taught: what to learn from.
        precision: a Keras dtype policy to compute in.
        checkpoint: a folder to resume from and to keep the unfinished training in.
        label, bar: of the progress bar, and whether there is one.
    """
    keras.utils.set_random_seed(recipe.seed)
    network = build(replace(recipe.network, precision=precision))
    history = learn(
        network,
        SrlBatches(taught, recipe),
        recipe,
        Loss(recipe.box, recipe.seen),
        accuracy=_word_accuracy,
        checkpoint=checkpoint,
        label=label,
        bar=bar,
    )
    return TrainResult(network, history)


class Score(NamedTuple):
    """How right a frame is, as imSitu counts."""

    verb: float  # 1 if it is right
    value: float  # the share of the roles that have the right noun; 0 where the verb is wrong
    value_all: float  # 1 if verb and all roles are right


def score(found: PredictedFrame | Frame | None, true: Frame) -> Score:
    """How right a frame is.

    A noun counts only with its verb: whoever says *run (agent: dog)* of a dog that sleeps has not found the agent of
    sleeping.

    >>> cat = Frame("sit", (("agent", "cat"), ("place", "floor")), 0)
    >>> tuple(score(Frame("sit", (("agent", "cat"), ("place", "mat")), 0), cat))
    (1.0, 0.5, 0.0)

    Args:
        found: by a network; None if nothing was found.
        true: as `language.frames` gives it.
    """
    if found is None or found.verb != true.verb:
        return Score(0.0, 0.0, 0.0)
    filled = dict(found.roles)
    right = [filled[role] == value for role, value in true.roles]
    return Score(1.0, sum(right) / len(right), float(all(right)))


def pair(found: Sequence[PredictedFrame | Frame], true: Sequence[Frame]) -> list[PredictedFrame | Frame | None]:
    """For each true frame the one that was found for it: one to one, so that as much as possible is right.

    Args:
        found, true: at most four frames each.

    Returns:
        As many as there are true ones; None where too few were found.
    """
    gaps = [*found, *[None] * max(0, len(true) - len(found))]
    return list(max(permutations(gaps, len(true)), key=lambda chosen: sum(map(_worth, chosen, true))))


def _worth(found: PredictedFrame | Frame | None, true: Frame) -> float:
    return sum(score(found, true)) if found else 0.0


def mean(scores: Sequence[Score]) -> dict[str, float]:
    """The means of each measure: of verb, value and value-all, 0 to 1; NaN for no scores."""
    table = np.array(scores, float).reshape(-1, len(Score._fields))
    means = table.mean(axis=0) if len(table) else np.full(len(Score._fields), np.nan)
    return {name: round(float(value), 4) for name, value in zip(Score._fields, means, strict=True)}


def combination(frame: Frame) -> tuple[str, str, str]:
    """Verb, who, and where: what is rare in one frame and frequent in another."""
    values = dict(frame.roles)
    return frame.verb, values.get("agent") or values["item"], values["place"]


def count_combinations(seen: Sequence[Scene]) -> Counter:
    """How often each `combination` occurs in scenes."""
    return Counter(combination(frame) for scene in seen for frame in language.frames(scene))


def evaluate(
    model: SrlModel, grids: np.ndarray, seen: Sequence[Scene], known: Counter | None = None
) -> dict[str, dict[str, float]]:
    """How well a network finds the frames of scenes.

    Args:
        model: the network.
        grids: float [n, 64, c]: what the eye sees in the scenes.
        seen: n scenes.
        known: how often each combination occurred in training, see `counts`: to measure the rarest quarter apart.

    Returns:
        For the most prominent object "predicted, top 1", "predicted, top 5", "gold verb" and, if `known` is given,
        "rare" (predicted, top 1); for all objects "all, predicted", "all, gold verb" and "all, rare". Each has verb,
        value and value_all, but where the verb is given no verb. "near" also counts the frame of another object as
        right
        if at least nine tenths as much is seen of it as of the first. "order" has the share of scenes of which the most
        prominent object is taken for it, "number" that of scenes with as many frames as objects, and "whole" that of
        scenes in which every frame is right.
    """
    true = [language.frames(scene) for scene in seen]
    first, written = [each[0] for each in true], model.written(draw_many(seen).pictures, grids)
    found, verbs = model.frames_of_features(grids, written), model.verbs(grids, written)
    top = [score(each[0], frame) for each, frame in zip(found, first, strict=True)]
    with_gold = model.given(grids, [frame.verb for frame in first], written)
    gold = [score(*both) for both in zip(with_gold, first, strict=True)]
    among = [VERBS.index(frame.verb) in row[-5:] for frame, row in zip(first, verbs.argsort(axis=1), strict=True)]
    pairs = [list(zip(pair(*both), both[1], strict=True)) for both in zip(found, true, strict=True)]
    every = [(score(*both), both[1]) for each in pairs for both in each]
    measured = {
        "predicted, top 1": mean(top),
        "predicted, top 5": mean([Score(*(hit * part for part in one)) for hit, one in zip(among, gold, strict=True)]),
        "gold verb": _without_verb(gold),
        "near": mean([_best(each[0], *both) for each, *both in zip(found, true, seen, strict=True)]),
        "all, predicted": mean([one for one, _ in every]),
        "all, gold verb": _without_verb(_all_with_gold(model, grids, seen)),
        "scenes": {
            "order": _share([each[0] is both[0][0] for each, both in zip(found, pairs, strict=True)]),
            "number": _share([len(each) == len(right) for each, right in zip(found, true, strict=True)]),
            "whole": _share([_whole(*both) for both in zip(found, pairs, strict=True)]),
        },
    }
    if known is not None:
        few = rare(known)
        measured["rare"] = mean([one for one, frame in zip(top, first, strict=True) if combination(frame) in few])
        measured["all, rare"] = mean([one for one, frame in every if combination(frame) in few])
    return measured


def _all_with_gold(model: SrlModel, grids: np.ndarray, seen: Sequence[Scene]) -> list[Score]:
    ordered = [linearize(scene)[1] for scene in seen]
    found = model.with_gold_verbs(grids, [[frame.verb for frame in each] for each in ordered])
    return [score(*both) for pairs in zip(found, ordered, strict=True) for both in zip(*pairs, strict=True)]


def _without_verb(scores: Sequence[Score]) -> dict[str, float]:
    return {name: value for name, value in mean(scores).items() if name != "verb"}


def _best(found: PredictedFrame, true: Sequence[Frame], scene: Scene) -> Score:
    """The score by that of the frames of about the most prominent objects which fits best."""
    sizes = [visible_area_of(scene, frame.obj) for frame in true]
    near = [frame for frame, size in zip(true, sizes, strict=True) if size >= (1 - ABOUT) * sizes[0]]
    return max((score(found, frame) for frame in near), key=sum)


def _whole(found: Sequence[PredictedFrame], pairs: Sequence[tuple[PredictedFrame | None, Frame]]) -> bool:
    return len(found) == len(pairs) and all(score(*both).value_all for both in pairs)


def _share(right: Sequence[bool]) -> float:
    return round(float(np.mean(right)), 4)


def rare(known: Counter) -> set[tuple[str, str, str]]:
    """The rarest combinations, which make up `RARE` of all frames together."""
    total, chosen, reached = sum(known.values()), set(), 0
    for each, number in sorted(known.items(), key=lambda item: (item[1], item[0])):
        reached += number
        if reached > RARE * total:
            break
        chosen.add(each)
    return chosen
