"""`python -m tools weights gan`: make the shipped weights of lesson 04 again, generator and examiner, and their cards.

About a quarter of an hour on 2 cores that compute in bfloat16, and twice that on others. It can be stopped at any time
and run again: it goes on from its last checkpoint.
"""

import argparse
import platform
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from tools.weights import options
from vistext import metrics
from vistext.nn import weights
from vistext.nn.engine import keras, tf
from vistext.nn.training import fastest_dtype_policy
from vistext.scenes import ontology, portraits
from vistext.tasks import classification, gan
from vistext.tasks.gan.adversarial import GanHistory
from vistext.tasks.gan.train import CLASSIFIER, CLASSIFIER_RECIPE, Recipe

CHECKPOINT = Path("checkpoints/gan")
COUNTS = {"generator": 31_000, "examiner": 50_000}  # training pictures of each
TESTED = 4000  # pictures, invented and real, on which is measured
SEEDS = {"generator": 0, "examiner": 1, "test": 0, "baseline": 1}  # of the portraits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.declare_training(parser, CHECKPOINT)


def run(arguments: argparse.Namespace) -> int:
    """Train the examiner, then the generator; measure; save."""
    if arguments.fresh:
        shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    precision = fastest_dtype_policy()
    classifier = _examiner(arguments, precision)
    if classifier is None:
        return options.interrupted("the examiner")
    recipe = Recipe()
    recipe = replace(
        recipe,
        network=replace(recipe.network, precision=precision),
        steps=max(1, round(recipe.steps * arguments.share)),
    )
    pictures, labels = portraits.make(_count("generator", arguments), SEEDS["generator"])
    generator, _, match = gan.train.train(
        recipe, pictures, labels, classifier=classifier, checkpoint=arguments.checkpoint / "generator"
    )
    if match.interrupted:
        return options.interrupted(f"step {len(match.seconds)} of the generator")
    card = ship(generator, classifier, recipe, match, arguments.out, count=len(pictures))
    shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    print(f"Recognised: {card['measured']['recognised']:.1%}; the card is {arguments.out / 'gan.json'}.")
    return 0


def _count(name: str, arguments: argparse.Namespace) -> int:
    return max(10 * gan.train.HELD_OUT // 8, round(COUNTS[name] * min(1.0, arguments.share)))


def _examiner(arguments: argparse.Namespace, precision: str) -> keras.Model | None:
    """The tagger that will examine: trained on other portraits than the generator, shipped, and as it is shipped."""
    reached = arguments.checkpoint / "examiner"
    if not (reached / f"{CLASSIFIER}.json").exists():
        recipe = replace(CLASSIFIER_RECIPE, epochs=CLASSIFIER_RECIPE.epochs * arguments.share)
        pictures, labels = portraits.make(_count("examiner", arguments), SEEDS["examiner"])
        pictures = gan.train.degrade(pictures, SEEDS["examiner"])
        model, history = classification.train.train(
            recipe,
            pictures,
            labels,
            precision=precision,
            checkpoint=arguments.checkpoint / "examiner-unfinished",
            label="examiner",
        )
        if history.interrupted:
            return None
        test, truth = portraits.make(TESTED, SEEDS["test"], "test")
        weights.save(model, CLASSIFIER, {}, reached)
        classifier = classification.model.build(classification.model.TaggerConfig(widths=recipe.widths))
        weights.load_into(classifier, CLASSIFIER, reached)
        probabilities = gan.metrics.extract_features(classifier, test).probabilities
        card = _card(
            CLASSIFIER,
            task="portraits: one of ten kinds of thing in a drawn picture",
            takes="uint8 [n, h, w, 3] RGB; trained at 32 × 32",
            gives=f"logits float32 [n, {len(ontology.KINDS)}]",
            recipe=asdict(recipe) | {"share": arguments.share, "precision": precision},
            data=f"{len(pictures)} portraits, seed {SEEDS['examiner']}, split train, with noise and blur",
            config={"widths": list(recipe.widths)},
            measured={"test_accuracy": metrics.accuracy(probabilities, truth), "test_pictures": TESTED},
        )
        weights.save(classifier, CLASSIFIER, card, reached)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for ending in ("npz", "json"):
        shutil.copy(reached / f"{CLASSIFIER}.{ending}", arguments.out / f"{CLASSIFIER}.{ending}")
    classifier = classification.model.build(classification.model.TaggerConfig(widths=CLASSIFIER_RECIPE.widths))
    weights.load_into(classifier, CLASSIFIER, reached)
    return classifier


def ship(
    generator: keras.Model, classifier: keras.Model, recipe: Recipe, match: GanHistory, folder: Path, *, count: int
) -> dict:
    """Measure on test portraits what will be shipped, and save it with its card.

    Args:
        generator: as `inventing.train` returns it.
        examiner: a tagger that had no part in its training, but for the choice of the best checkpoint.
        recipe: how it was trained.
        match: what the training went through.
        folder: where to.
        count: of the pictures that it was trained on.

    Returns:
        The card.
    """
    config = {"noise": recipe.network.noise, "width": recipe.network.width, "classes": recipe.network.classes}
    # What is measured is what is shipped: float32, with kernels that have been through float16.
    weights.save(generator, "gan", {}, folder)
    shipped = gan.model.build_generator(gan.model.GanConfig(**config))
    weights.load_into(shipped, "gan", folder)
    real = portraits.make(TESTED, SEEDS["test"], "test")
    baseline, _ = portraits.make(TESTED, SEEDS["baseline"], "test")
    measured = gan.train.evaluate(shipped, classifier, real, baseline, count=TESTED)
    card = _card(
        "gan",
        task="invent a portrait of an asked kind",
        takes=f"noise float32 [n, {recipe.network.noise}], standard normal, and labels int32 [n], 0 to 9",
        gives="pictures float32 [n, 32, 32, 3] RGB, 0 to 255",
        data=f"{count} portraits, seed {SEEDS['generator']}, split train; {gan.train.HELD_OUT} of them kept aside"
        " to choose the best checkpoint by",
        recipe=asdict(recipe) | {"steps_done": len(match.seconds), "best_step": match.best},
        config=config,
        measured=measured | {"pictures": TESTED},
    )
    return weights.save(shipped, "gan", card, folder)


def _card(name: str, *, recipe: dict, measured: dict, **told) -> dict:
    return {
        "name": name,
        **told,
        "classes": list(ontology.KINDS),
        "recipe": {"command": "python -m tools weights gan", **recipe},
        "measured": {key: float(np.round(value, 5)) for key, value in measured.items()},
        "made": time.strftime("%Y-%m-%d"),
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
    }
