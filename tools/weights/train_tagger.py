"""`python -m tools weights tagger`: make the shipped weights of lesson 01 again, and their card.

Two stages, about an hour on 2 cores that compute in bfloat16, and twice that on others. It can be stopped at any time
and run again: it goes on from its last checkpoint.
"""

import argparse
import platform
import shutil
import time
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from scipy.special import softmax

from tools.weights import options
from vistext import metrics
from vistext.data import cifar10
from vistext.nn import weights
from vistext.nn.engine import keras, tf
from vistext.nn.training import fastest_dtype_policy
from vistext.tasks import classification
from vistext.tasks.classification.train import SHIPPED, train

CALIBRATION = 1000  # training pictures kept aside for the temperature; the test pictures only measure
CHECKPOINT = Path("checkpoints/tagger")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.declare_training(parser, CHECKPOINT)


def run(arguments: argparse.Namespace) -> int:
    """Train, calibrate, measure, save."""
    if arguments.fresh:
        shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    data = cifar10.load()
    pictures, labels = data.train.pictures[:-CALIBRATION], data.train.labels[:-CALIBRATION]
    precision = fastest_dtype_policy()
    model = None
    for number, recipe in enumerate(SHIPPED, start=1):
        stage = replace(recipe, epochs=recipe.epochs * arguments.share)
        reached = arguments.checkpoint / f"stage-{number}.weights.h5"
        if reached.exists():
            model = model or classification.model.build(
                classification.model.TaggerConfig(widths=recipe.widths, precision=precision)
            )
            model.load_weights(reached)
            continue
        unfinished = arguments.checkpoint / f"stage-{number}"
        label = f"stage {number} of {len(SHIPPED)}"
        model, history = train(
            stage, pictures, labels, model=model, precision=precision, checkpoint=unfinished, label=label
        )
        if history.interrupted:
            return options.interrupted(f"step {len(history.loss)} of this stage")
        reached.parent.mkdir(parents=True, exist_ok=True)
        model.save_weights(reached)
    made = {"share": arguments.share, "precision": precision, "stages": [asdict(recipe) for recipe in SHIPPED]}
    card = ship(model, made, data, arguments.out)
    shutil.rmtree(arguments.checkpoint)
    print(f"Test accuracy {card['measured']['test_accuracy']:.2%}; the card is {arguments.out / 'tagger.json'}.")
    return 0


def ship(model: keras.Model, made: dict, data: cifar10.Cifar10, folder: Path) -> dict:
    """Fit the temperature, measure on the test pictures what will be shipped, and save it with its card.

    Args:
        model: as `train` returns it.
        made: how it was trained: the recipe, and more.
        data: the temperature comes from its last training pictures, the measures from its test pictures.
        folder: where to.

    Returns:
        The card.
    """
    config = classification.model.TaggerConfig(widths=SHIPPED[-1].widths)
    # What is measured is what is shipped: float32, with kernels that have been through float16.
    weights.save(model, "tagger", {}, folder)
    shipped = classification.model.build(config)
    weights.load_into(shipped, "tagger", folder)
    predict = partial(shipped.predict, batch_size=500, verbose=0)
    aside = slice(-CALIBRATION, None)
    temperature = metrics.fit_temperature(predict(data.train.pictures[aside]), data.train.labels[aside])
    tested = predict(data.test.pictures)
    measured = {
        "test_accuracy": metrics.accuracy(tested, data.test.labels),
        "test_pictures": len(tested),
        "views": 1,
        "calibration_error": metrics.calibration_error(softmax(tested / temperature, axis=1), data.test.labels),
        "calibration_error_before_scaling": metrics.calibration_error(softmax(tested, axis=1), data.test.labels),
    }
    card = {
        "name": "tagger",
        "task": "CIFAR-10: one of ten kinds of thing in a picture",
        "takes": "uint8 [n, h, w, 3] RGB; trained at 32 × 32",
        "gives": f"logits float32 [n, {len(cifar10.CLASSES)}], already divided by the temperature",
        "classes": list(cifar10.CLASSES),
        "data": "CIFAR-10 (Krizhevsky 2009), training split"
        f" less {CALIBRATION} pictures kept aside for the temperature",
        "recipe": {"command": "python -m tools weights tagger", **made},
        "config": {"widths": list(config.widths), "temperature": round(temperature, 4)},
        "measured": {name: round(value, 5) for name, value in measured.items()},
        "made": time.strftime("%Y-%m-%d"),
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
    }
    return weights.save(shipped, "tagger", card, folder)
