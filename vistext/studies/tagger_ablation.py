"""`python -m tools study tagger_ablation`: what does each ingredient of lesson 01's better network bring?

The network is trained with all ingredients, and with each of them left out in turn, for the same number of steps, and
measured on pictures of the training split that are held out. Learning rates of Adam and of the network without batch
normalization were chosen on the same pictures with another seed; the test split is not used.
"""

from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product
from pathlib import Path

import numpy as np

from vistext import metrics
from vistext.data import cifar10
from vistext.nn.augmentation import AugmentedBatches
from vistext.nn.engine import dtype_policy, fastest_dtype_policy, keras
from vistext.nn.layers import PartialIdentity
from vistext.nn.optimizers import Muon
from vistext.nn.training import fit, linear_decay
from vistext.studies import results as stored
from vistext.studies.results import mean_and_deviation, provenance, run_cells, select
from vistext.tasks.classification.model import Whitening

load = partial(stored.load, "tagger_ablation", "an hour")
layers = keras.layers

ALL = "nothing"
INGREDIENTS = (
    "whitening",
    "batch normalization",
    "Muon",
    "small pictures first",
    "data augmentation",
    "label smoothing",
)
RATES = {"Muon": 0.01, "batch normalization": 0.12}  # where another learning rate than 0.24 suits better


@dataclass(frozen=True)
class StudyConfig:
    """The plan of the study; the defaults are those of the stored results."""

    seeds: tuple[int, ...] = (0, 1, 2)
    steps: int = 900  # of 250 pictures: five passes over 45,000
    held_out: int = 5000
    widths: tuple[int, ...] = (24, 48, 96)


FULL, QUICK = StudyConfig(), StudyConfig(seeds=(0, 1), steps=2, widths=(8, 8, 8))


def run(plan: StudyConfig, out: Path, *, fresh: bool = False) -> dict:
    """Measure the cells (without, seed) of a plan; see `results.run_cells`."""
    splits = lru_cache(1)(lambda: split(cifar10.load().train, plan.held_out))

    def measure(without: str, seed: int) -> dict:
        training, held_out = splits()
        model = train(plan, training, without, seed)
        accuracy = metrics.accuracy(model.predict(held_out.pictures, batch_size=500, verbose=0), held_out.labels)
        return {"accuracy": round(float(accuracy), 4)}

    cells = [{"without": without, "seed": seed} for seed, without in product(plan.seeds, (ALL, *INGREDIENTS))]
    question = "What does each ingredient of the better network bring?"
    return run_cells(out, provenance("tagger ablation", question, plan), cells, measure, fresh=fresh)


def split(data: cifar10.Split, held_out: int) -> tuple[cifar10.Split, cifar10.Split]:
    """A training split in two, at random: what is left to train on, and what is held out."""
    order = np.random.default_rng(0).permutation(len(data.labels))
    parts = order[held_out:], order[:held_out]
    training, rest = (cifar10.Split(data.pictures[rows], data.labels[rows]) for rows in parts)
    return training, rest


def build(widths: tuple[int, ...], pictures: np.ndarray, without: str = ALL) -> keras.Model:
    """Lesson 01's network, but for one ingredient: uint8 [n, h, w, 3] → logits float32 [n, 10]."""
    inputs = layers.Input((None, None, 3), dtype="uint8")
    if without == "whitening":
        x = layers.Conv2D(24, 2)(layers.Rescaling(1 / 64, offset=-2)(inputs))
    else:
        x = (whitening := Whitening())(inputs)
        whitening.adapt(pictures[:2000])
    x = layers.Activation("silu")(x)
    normalized = without != "batch normalization"
    for width, half in product(widths, "ab"):
        x = layers.Conv2D(width, 3, padding="same", use_bias=not normalized, kernel_initializer=PartialIdentity())(x)
        if half == "a":
            x = layers.MaxPooling2D(2)(x)
        if normalized:
            x = layers.BatchNormalization(momentum=0.6, scale=False, epsilon=1e-5)(x)
        x = layers.Activation("silu")(x)
    x = layers.GlobalMaxPooling2D()(x)
    x = layers.Dense(10, use_bias=False, kernel_initializer=keras.initializers.RandomNormal(stddev=1.0))(x)
    return keras.Model(inputs, layers.Rescaling(1 / widths[-1], dtype="float32")(x))


def train(plan: StudyConfig, data: cifar10.Split, without: str, seed: int) -> keras.Model:
    """That network, trained."""
    keras.utils.set_random_seed(seed)
    with dtype_policy(fastest_dtype_policy()):
        model = build(plan.widths, data.pictures, without)
    rate = RATES.get(without, 0.24)
    model.compile(
        optimizer=keras.optimizers.Adam(rate) if without == "Muon" else Muon(rate, adam_lr=0.3),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=0.0 if without == "label smoothing" else 0.2
        ),
    )
    augmented = without != "data augmentation"
    batches = AugmentedBatches(
        data.pictures,
        keras.utils.to_categorical(data.labels, 10),
        batch_size=250,
        mirror=augmented,
        shift=2 if augmented else 0,
        sides=((32, 1.0),) if without == "small pictures first" else ((16, 0.4), (24, 0.95), (32, 1.0)),
        seed=seed,
    )
    fit(model, batches, steps=plan.steps, learning_rate=linear_decay(rate), label=f"without {without}", bar=False)
    return model


def series(results: dict, without: str) -> np.ndarray:
    """The accuracy without an ingredient, or without `ALL` = "nothing", for each seed: float64 [seeds]."""
    return np.array([cell["accuracy"] for cell in select(results, without=without)])


def table(results: dict) -> str:
    """Mean and standard deviation over the seeds, in per cent, a line an ingredient."""
    rows = {f"without {name}": [mean_and_deviation(100 * series(results, name))] for name in (ALL, *INGREDIENTS)}
    return stored.table(" " * 28, ("accuracy, %",), rows, "{:9.1f} ± {:3.1f}")
