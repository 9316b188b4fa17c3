"""Training lesson 01's network: a recipe, and one function for all who train it."""

from dataclasses import dataclass

import numpy as np

from vistext.nn import training
from vistext.nn.augmentation import AugmentedBatches
from vistext.nn.engine import keras
from vistext.nn.optimizers import Muon
from vistext.nn.training import History, fit, linear_decay
from vistext.tasks.classification.model import TaggerConfig, build

RECALIBRATION_PICTURES = 4000  # pictures, three times over: what batch norm needs to know its statistics well


@dataclass(frozen=True, kw_only=True)
class Recipe(training.Recipe):
    """How one of our networks is trained; the defaults are those of the shipped weights."""

    widths: tuple[int, ...] = TaggerConfig.widths
    epochs: float | None = 24.0  # in place of steps
    batch_size: int = 1000  # large, since each step of Muon has a fixed cost
    learning_rate: float = 0.2
    momentum: float = 0.6
    dense_lr: float = 0.0
    final_rate: float = 0.0  # to which the learning rate goes down, linearly
    adam_lr: float = 0.1
    label_smoothing: float = 0.2
    shift: int = 4  # a long training needs more variety than the 2 pixels that suit a short one
    cutout: int = 0
    sides: tuple[tuple[int, float], ...] = ((24, 0.4), (32, 1.0))
    averaging: float | None = None  # momentum of an average of the weights, which then takes their place


def build_model(recipe: Recipe, pictures: np.ndarray, precision: str = "float32") -> keras.Model:
    """A new network whose first layer knows the statistics of these pictures, uint8 [n, 32, 32, 3]."""
    keras.utils.set_random_seed(recipe.seed)
    model = build(TaggerConfig(widths=recipe.widths, precision=precision))
    model.get_layer("whitening").adapt(pictures[:2000])
    return model


def train(
    recipe: Recipe,
    pictures: np.ndarray,
    labels: np.ndarray,
    *,
    model: keras.Model | None = None,
    precision: str = "float32",
    label: str = "tagger",
    **settings,
) -> tuple[keras.Model, History]:
    """Build and train one of our networks, or train it further.

    Args:
        recipe: how.
        pictures: uint8 [n, 32, 32, 3].
        labels: int [n], 0 to 9.
        model: to train further; by default a new one.
        precision: of a new one, a Keras dtype policy to compute in.
        label, settings: those of `fit`.

    Returns:
        The model, giving logits, and its history.
    """
    if model is None:
        model = build_model(recipe, pictures, precision)
    averaged = {} if recipe.averaging is None else {"use_ema": True, "ema_momentum": recipe.averaging}
    model.compile(
        optimizer=Muon(recipe.learning_rate, adam_lr=recipe.adam_lr, **averaged),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
    )
    batches = AugmentedBatches(
        pictures,
        keras.utils.to_categorical(labels, 10),
        batch_size=recipe.batch_size,
        mirror=True,
        shift=recipe.shift,
        cutout=recipe.cutout,
        sides=recipe.sides,
        seed=recipe.seed,
    )
    history = fit(
        model,
        batches,
        steps=round(recipe.epochs * batches.steps_per_epoch) if recipe.epochs else None,
        seconds=recipe.seconds,
        learning_rate=linear_decay(recipe.learning_rate, recipe.final_rate),
        label=label,
        **settings,
    )
    if averaged and not history.interrupted:  # the statistics of batch norm are still those of other weights
        for first in range(0, min(len(pictures), 3 * RECALIBRATION_PICTURES), RECALIBRATION_PICTURES):
            model(pictures[first : first + RECALIBRATION_PICTURES], training=True)
    return model, history
