"""Training the eye of lessons 05 to 08: what it sees must let a writer say true objects about pictures.

It starts from the body of lesson 02's detector. The writer that teaches it is given up afterwards: those that are
shipped learn from what the eye sees when it is ready.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from vistext.data.vocabulary import PAD
from vistext.nn.engine import keras
from vistext.nn.training import History, Muon, fit, warmup_decay
from vistext.tasks import detection
from vistext.tasks.captioning.data import DESCRIPTIONS, STORIES, TITLES, CaptionBatches, vocabulary
from vistext.tasks.captioning.model import SIDE, CaptionerConfig, build_caption_decoder, build_image_encoder


@dataclass(frozen=True)
class Stage:
    """A part of the training."""

    steps: int
    turns: tuple  # of what is said of a batch of pictures, see `telling.Told`
    crowded: float  # share of the pictures, at least, that show several objects
    learning_rate: float  # of the eye's kernels; rises at first, then goes down to 0
    adam_lr: float  # of everything else, as a share of that


# First what objects look like, and how one speaks; then which is which of several.
STAGES = (
    Stage(4200, (TITLES, DESCRIPTIONS, STORIES, DESCRIPTIONS), 0.6, 0.04, 0.04),
    Stage(3200, (DESCRIPTIONS, STORIES, DESCRIPTIONS, STORIES, TITLES), 0.85, 0.05, 0.024),
)


@dataclass(frozen=True)
class Recipe:
    """How the eye is trained."""

    stages: tuple[Stage, ...] = STAGES
    size: int = 64  # pictures in a batch
    seed: int = 0


def train(
    recipe: Recipe,
    *,
    config: CaptionerConfig | None = None,
    precision: str = "float32",
    checkpoint: Path | None = None,
    bar: bool = True,
) -> tuple[keras.Model, History]:
    """Train an eye together with a writer: each next word of true sentences is to be likely.

    Args:
        recipe: how.
        config: the sizes of eye and writer; by default those of the shipped weights.
        precision: a Keras dtype policy to compute in.
        checkpoint: a folder to resume from and to keep the unfinished training in.
        bar: whether to show a progress bar.

    Returns:
        The eye, and the history of the last stage.
    """
    keras.utils.set_random_seed(recipe.seed)
    config = replace(config or CaptionerConfig(words=len(vocabulary())), precision=precision)
    image_encoder, writer = build_image_encoder(config), build_caption_decoder(config)
    detection.train.copy_backbone(detection.model.load(), image_encoder)
    inputs = [
        keras.Input((SIDE, SIDE, 3), dtype="uint8", name="pictures"),
        keras.Input((None, None), dtype="int32", name="ids"),
        keras.Input((None,), dtype="int32", name="lengths"),
    ]
    model = keras.Model(inputs, writer([image_encoder(inputs[0]), *inputs[1:]]))
    for number, stage in enumerate(recipe.stages):
        reached = None if checkpoint is None else checkpoint / f"stage{number}.weights.h5"
        if reached and reached.exists():
            model.load_weights(reached)
            history = History()
            continue
        model.compile(
            optimizer=Muon(stage.learning_rate, adam_lr=stage.adam_lr),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD),
        )
        history = fit(
            model,
            CaptionBatches(stage.turns, stage.crowded, size=recipe.size, seed=recipe.seed + number),
            steps=stage.steps,
            learning_rate=warmup_decay(stage.learning_rate),
            checkpoint=None if checkpoint is None else checkpoint / f"stage{number}",
            label=f"eye, {number + 1} of {len(recipe.stages)}",
            bar=bar,
        )
        if history.interrupted:
            return image_encoder, history
        detection.train.recalibrate_batch_norm(image_encoder, recipe.seed + number)
        if reached:
            checkpoint.mkdir(parents=True, exist_ok=True)
            model.save_weights(reached)
    return image_encoder, history
