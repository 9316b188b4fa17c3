"""Training the image encoder of lessons 05 to 08: its features must let a decoder generate true captions.

It starts from the backbone of lesson 02's detector. The decoder that it is trained with is thrown away: those that are
shipped are trained on the features of the finished encoder.
"""

from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from vistext import scenes
from vistext.data.vocabulary import PAD
from vistext.nn import training
from vistext.nn.engine import keras
from vistext.nn.training import History, learn, once
from vistext.scenes import TRAIN_SEED_OFFSET
from vistext.tasks import detection
from vistext.tasks.captioning.data import DESCRIPTIONS, STORIES, TITLES, describe_batch, sample_crowded, vocabulary
from vistext.tasks.captioning.model import SIDE, CaptionerConfig, build_caption_decoder, build_image_encoder


@dataclass(frozen=True)
class Stage(training.Recipe):
    """A part of the training."""

    turns: tuple  # of what is said of a batch of pictures, see `CachedCaptionBatches`
    crowded: float  # share of the pictures, at least, that show several objects
    _: KW_ONLY
    momentum: float = 0.6
    dense_lr: float = 0.0


# First what objects look like, and how one speaks; then which is which of several.
STAGES = (
    Stage((TITLES, DESCRIPTIONS, STORIES, DESCRIPTIONS), 0.6, steps=4200, learning_rate=0.04, adam_lr=0.04),
    Stage(
        (DESCRIPTIONS, STORIES, DESCRIPTIONS, STORIES, TITLES),
        0.85,
        steps=3200,
        learning_rate=0.05,
        adam_lr=0.024,
        seed=1,
    ),
)


@dataclass(frozen=True)
class Recipe:
    """How the image encoder is trained."""

    stages: tuple[Stage, ...] = STAGES
    seed: int = 0  # of the weights


def train(
    recipe: Recipe,
    *,
    config: CaptionerConfig | None = None,
    precision: str = "float32",
    checkpoint: Path | None = None,
    bar: bool = True,
) -> tuple[keras.Model, History]:
    """Train an image encoder together with a decoder, by maximum likelihood of the next token of true captions.

    Returns:
        The image encoder, and the history of the last stage.
    """
    keras.utils.set_random_seed(recipe.seed)
    config = replace(config or CaptionerConfig(words=len(vocabulary())), precision=precision)
    image_encoder, decoder = build_image_encoder(config), build_caption_decoder(config)
    detection.train.copy_backbone(detection.model.load(), image_encoder)
    inputs = [
        keras.Input((SIDE, SIDE, 3), dtype="uint8", name="pictures"),
        keras.Input((None, None), dtype="int32", name="ids"),
        keras.Input((None,), dtype="int32", name="lengths"),
    ]
    model = keras.Model(inputs, decoder([image_encoder(inputs[0]), *inputs[1:]]))
    for number, stage in enumerate(recipe.stages):

        def train_stage(number=number, stage=stage) -> History:
            history = learn(
                model,
                partial(_batch, stage),
                stage,
                keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD),
                checkpoint=checkpoint and checkpoint / f"stage{number}",
                label=f"image encoder, {number + 1} of {len(recipe.stages)}",
                bar=bar,
            )
            if not history.interrupted:
                detection.train.recalibrate_batch_norm(image_encoder, stage.seed)
            return history

        history = once(model, checkpoint and checkpoint / f"stage{number}.weights.h5", train_stage)
        if history.interrupted:
            break
    return image_encoder, history


def _batch(stage: Stage, step: int) -> tuple:
    """New scenes, drawn, with captions; and the next token of each."""
    turn, seed = stage.turns[step % len(stage.turns)], TRAIN_SEED_OFFSET * (stage.seed + 1) + step
    chosen = sample_crowded(stage.batch_size, stage.crowded, seed)
    inputs, targets = describe_batch(scenes.draw_many(chosen).pictures, chosen, turn, np.random.default_rng(seed))
    return inputs, targets[..., 0]
