"""`python -m tools weights gan`: make the shipped weights of lesson 04 again, generator and evaluation classifier.

About a quarter of an hour on 2 cores that compute in bfloat16, and twice that on others. It can be stopped at any time
and run again: it goes on from its last checkpoint.
"""

from dataclasses import asdict, replace

import numpy as np
from scipy.ndimage import uniform_filter

from tools.weights import runner
from vistext import metrics
from vistext.nn import weights
from vistext.nn.engine import keras
from vistext.scenes import ontology, portraits
from vistext.tasks import classification, gan
from vistext.tasks.classification.model import TaggerConfig
from vistext.tasks.gan.train import CLASSIFIER, HELD_OUT, Recipe

COUNTS = {"generator": 31_000, "classifier": 50_000}  # training pictures of each
TESTED = 4000  # pictures, generated and real, on which is measured
SEEDS = {"generator": 0, "classifier": 1, "test": 0, "baseline": 1}  # of the portraits
RECIPE = Recipe()
CLASSIFIER_RECIPE = classification.train.Recipe(
    widths=(32, 64, 128),
    epochs=1.5,
    batch_size=500,
    learning_rate=0.2,
    shift=2,
    sides=((16, 0.3), (24, 0.6), (32, 1.0)),
)


def train(job: runner.Job) -> str:
    """Train the evaluation classifier, then the generator; measure; save."""
    classifier = _classifier(job)
    recipe = job.shortened(replace(RECIPE, network=replace(RECIPE.network, precision=job.precision)))
    images, labels = _portraits(job, "generator")
    generator, _, history = gan.train.train(
        recipe, images, labels, classifier=classifier, checkpoint=job.checkpoint / "generator"
    )
    job.check(history, f"step {len(history.seconds)} of the generator")
    sizes = recipe.network
    config = {"noise": sizes.noise, "width": sizes.width, "classes": sizes.classes}
    fresh = gan.model.build_generator(gan.model.GanConfig(**config))
    shipped = runner.as_shipped(generator, fresh, "gan", job.out)
    real = portraits.make(TESTED, SEEDS["test"], "test")
    baseline, _ = portraits.make(TESTED, SEEDS["baseline"], "test")
    measured = gan.train.evaluate(shipped, classifier, real, baseline, count=TESTED)
    about = {
        "task": "invent a portrait of an asked kind",
        "takes": f"noise float32 [n, {sizes.noise}], standard normal, and labels int32 [n], 0 to 9",
        "gives": "pictures float32 [n, 32, 32, 3] RGB, 0 to 255",
        "data": f"{len(images)} portraits, seed {SEEDS['generator']}, split train; {HELD_OUT} of them kept aside to"
        " choose the best checkpoint by",
    }
    how = {**asdict(recipe), "steps_done": len(history.seconds), "best_step": history.best}
    job.save(shipped, "gan", about, how, config=config, **_measured(measured, "pictures"))
    return f"Recognized: {measured['recognised']:.1%}; the card is {job.out / 'gan.json'}."


def _portraits(job: runner.Job, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The pictures and labels that a network learns from."""
    return portraits.make(job.count(COUNTS[name], 10 * gan.train.HELD_OUT // 8), SEEDS[name])


def _measured(figures: dict, count: str) -> dict:
    """What a card says of the classes and the measurements; `count` is what it calls the number of pictures."""
    rounded = {name: round(float(value), 5) for name, value in (figures | {count: TESTED}).items()}
    return {"classes": list(ontology.KINDS), "measured": rounded}


def degrade(pictures: np.ndarray, seed: int) -> np.ndarray:
    """Pictures uint8 [n, h, w, 3] with noise, and every second one blurred, for an evaluation classifier to learn
    shapes from: a speck that no portrait has is then not decisive.
    """

    rng = np.random.default_rng(seed)
    degraded = np.empty_like(pictures)
    for first in range(0, len(pictures), 1000):
        batch = pictures[first : first + 1000].astype(np.float32)
        batch[::2] = uniform_filter(batch[::2], (0, 3, 3, 0))
        batch += rng.normal(size=batch.shape) * rng.uniform(0, 40, (len(batch), 1, 1, 1))
        degraded[first : first + 1000] = np.clip(np.rint(batch), 0, 255)
    return degraded


def _classifier(job: runner.Job) -> keras.Model:
    """The evaluation classifier: trained on other portraits than the generator, shipped, and as it is shipped."""
    reached = job.checkpoint / "classifier"
    fresh = classification.model.build(TaggerConfig(widths=CLASSIFIER_RECIPE.widths))
    if not (reached / f"{CLASSIFIER}.json").exists():
        recipe = replace(CLASSIFIER_RECIPE, epochs=(CLASSIFIER_RECIPE.epochs or 0.0) * job.share)
        images, labels = _portraits(job, "classifier")
        model, history = classification.train.train(
            recipe,
            degrade(images, SEEDS["classifier"]),
            labels,
            precision=job.precision,
            checkpoint=job.checkpoint / "classifier-unfinished",
            label="evaluation classifier",
        )
        job.check(history, "the evaluation classifier")
        test, truth = portraits.make(TESTED, SEEDS["test"], "test")
        runner.as_shipped(model, fresh, CLASSIFIER, job.checkpoint / "classifier-trained")
        probabilities = gan.metrics.extract_features(fresh, test).probabilities
        about = {
            "task": "portraits: one of ten kinds of thing in a drawn picture",
            "takes": "uint8 [n, h, w, 3] RGB; trained at 32 × 32",
            "gives": f"logits float32 [n, {len(ontology.KINDS)}]",
            "data": f"{len(images)} portraits, seed {SEEDS['classifier']}, split train, with noise and blur",
        }
        how, config = {**asdict(recipe), "precision": job.precision}, {"widths": list(recipe.widths)}
        measured = _measured({"test_accuracy": metrics.accuracy(probabilities, truth)}, "test_pictures")
        job.save(fresh, CLASSIFIER, about, how, config=config, folder=reached, **measured)
    job.publish(reached, CLASSIFIER)
    weights.load_into(fresh, CLASSIFIER, reached)
    return fresh


NETWORK = runner.Network("gan", train)
add_arguments, run = NETWORK.add_arguments, NETWORK.run
