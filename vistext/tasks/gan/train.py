"""Training the generator of lesson 04, and evaluating it by a classifier that had no part in its training."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from vistext.nn import weights
from vistext.nn.augmentation import AugmentedBatches
from vistext.nn.engine import keras
from vistext.tasks import classification
from vistext.tasks.gan import metrics
from vistext.tasks.gan.adversarial import GanHistory, Hyperparameters, train_gan
from vistext.tasks.gan.model import HALF, GanConfig, build_discriminator, build_generator, generate

CLASSIFIER = "evaluation_classifier"  # the name of its weights
HELD_OUT = 2000  # training pictures that only the choice of the best checkpoint sees

# The shipped classifier of portraits, which all callers share: uint8 [n, h, w, 3] → logits [n, 10].
load_evaluation_classifier = partial(
    weights.load, CLASSIFIER, classification.model.build, classification.model.TaggerConfig
)

PICTURES = Hyperparameters(
    generator_lr=1e-3,
    discriminator_lr=1e-3,
    penalty=0.2,
    penalty_every=8,
    unit=HALF,
    fading=0.5,
    mismatched=1.0,
    averaging=0.999,
)


@dataclass(frozen=True)
class Recipe:
    """How a generator of pictures is trained; the defaults are those of the shipped weights."""

    network: GanConfig = field(default_factory=GanConfig)
    rules: Hyperparameters = PICTURES
    steps: int = 7_440
    batch_size: int = 64
    every: int = 500  # steps between two measures, of which the best is kept
    seed: int = 0


def train(
    recipe: Recipe,
    pictures: np.ndarray,
    labels: np.ndarray,
    *,
    classifier: keras.Model | None = None,
    watch: Callable[[keras.Model, int], None] | None = None,
    **settings,
) -> tuple[keras.Model, keras.Model, GanHistory]:
    """Build a generator and a discriminator, and train them against each other.

    Args:
        recipe: how.
        pictures: uint8 [n, 32, 32, 3].
        labels: int [n].
        classifier: a tagger in whose features the generator is evaluated from time to time, against held-out pictures;
            the best one is kept. By default nothing is evaluated, and the last one is kept.
        watch: is given the generator, and the number of steps so far, whenever it is measured.
        settings: others of `train_gan`: checkpoint, bar.
    """
    keras.utils.set_random_seed(recipe.seed)
    generator, discriminator = build_generator(recipe.network), build_discriminator(recipe.network)
    aside = HELD_OUT if classifier else 0
    real = metrics.extract_features(classifier, pictures[-aside:]).features if classifier else None

    def measure(learned: keras.Model, step: int) -> float | None:
        if watch:
            watch(learned, step)
        if classifier is None or real is None:
            return None
        generated = generate(learned, labels[-aside:], seed=recipe.seed + 1)
        return metrics.kernel_distance(metrics.extract_features(classifier, generated).features, real)

    history = train_gan(
        generator,
        discriminator,
        AugmentedBatches(
            pictures[: len(pictures) - aside],
            labels[: len(pictures) - aside].astype(np.int32),
            recipe.batch_size,
            seed=recipe.seed,
        ),
        recipe.rules,
        steps=recipe.steps,
        watch=measure,
        every=recipe.every,
        label="generator",
        **settings,
    )
    return generator, discriminator, history


def evaluate(
    generator: keras.Model,
    classifier: keras.Model,
    real: tuple[np.ndarray, np.ndarray],
    baseline: np.ndarray,
    *,
    count: int = 2000,
    seed: int = 0,
) -> dict[str, float]:
    """Evaluate a generator, for its card, by `count` generated and as many real pictures that were not trained on.

    Args:
        generator, classifier: the classifier had no part in the generator's training.
        real: pictures, uint8 [n, 32, 32, 3], and labels, int [n], which the generator is asked for.
        baseline: further real pictures: their distance to the real ones is what can be reached.
        count: of each, at most n.
        seed: of the noise.
    """
    labels = real[1][:count]
    generated = metrics.extract_features(classifier, generate(generator, labels, seed=seed))
    true, others = (metrics.extract_features(classifier, pictures[:count]) for pictures in (real[0], baseline))
    return {
        "recognised": metrics.accuracy(generated.probabilities, labels),
        "recognised_real": metrics.accuracy(true.probabilities, labels),
        "distance": metrics.kernel_distance(generated.features, true.features),
        "distance_real": metrics.kernel_distance(others.features, true.features),
        "diversity": metrics.intra_class_distance(generated.features, labels)
        / metrics.intra_class_distance(true.features, labels),
    }
