"""Training, measuring and saving either of lesson 02's networks."""

import argparse
import platform
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

from tools.weights import options
from vistext import scenes
from vistext.nn import weights
from vistext.nn.engine import keras, tf
from vistext.nn.training import fastest_dtype_policy
from vistext.scenes import ontology
from vistext.tasks import detection

SPLITS = {"val": 1000, "test": 3000, "compositional": 3000}  # scenes that the shipped weights are measured on


def add_arguments(parser: argparse.ArgumentParser, task: detection.train.Task) -> None:
    """Declare the options of the command that trains one of the two."""
    options.declare_training(parser, Path("checkpoints") / task.name)


def run(arguments: argparse.Namespace, task: detection.train.Task, recipe: detection.train.Recipe) -> int:
    """Train, measure and save one of the two networks, as its command does.

    Args:
        arguments: as declared by `add_arguments`.
        task: `DETECTING` or `SEGMENTING`.
        recipe: of the shipped weights.

    Returns:
        The exit code.
    """
    if arguments.fresh:
        shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    recipe = replace(recipe, steps=max(1, round(recipe.steps * arguments.share)))
    precision = fastest_dtype_policy()
    model, history = detection.train.train(task, recipe, precision=precision, checkpoint=arguments.checkpoint)
    if history.interrupted:
        return options.interrupted(f"step {len(history.loss)} of {recipe.steps}")
    made = {"share": arguments.share, "precision": precision, "minutes": round(history.seconds[-1] / 60, 1)}
    card = ship(task, model, recipe, made, arguments.out)
    shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    measure, figure = next(iter(card["measured"]["test"].items()))
    file = arguments.out / f"{task.name}.json"
    print(f"{measure.replace('_', ' ').capitalize()} on the test split {figure:.1%}; the card is {file}.")
    return 0


def ship(
    task: detection.train.Task, model: keras.Model, recipe: detection.train.Recipe, made: dict, folder: Path
) -> dict:
    """Measure what will be shipped, and save it with its card.

    Args:
        task: `DETECTING` or `SEGMENTING`.
        model: as `train` returns it.
        recipe: by which it was trained.
        made: what else is to be said of how it was trained.
        folder: where to.

    Returns:
        The card.
    """
    # What is measured is what is shipped: float32, with kernels that have been through float16.
    weights.save(model, task.name, {}, folder)
    shipped = task.build(recipe.network)
    weights.load_into(shipped, task.name, folder)
    measured = {}
    for split, count in SPLITS.items():
        drawings = scenes.draw_many(scenes.sample(count, 0, split))
        measured[split] = task.measure(shipped, drawings) | {"scenes": count, "seed": 0}
    how = asdict(recipe)
    config = how.pop("network")
    del config["precision"]  # shipped weights are float32, whatever they were trained in
    card = {
        "name": task.name,
        **task.about,
        "classes": list(ontology.KINDS),
        "data": "scenes of the drawn world, training split, each seen once",
        "recipe": {"command": f"python -m tools weights {task.name}", **made, **how},
        "config": config,
        "measured": measured,
        "made": time.strftime("%Y-%m-%d"),
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
    }
    return weights.save(shipped, task.name, card, folder)
