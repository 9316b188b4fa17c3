"""`vistext train eye`: make the shipped eye again, which lessons 05 to 08 see with, and its card.

An hour on 2 cores that compute in bfloat16, and several on others. It can be stopped at any time and run again: it goes
on from its last checkpoint. What learns from what the eye sees must be trained again after it: the commands that train
describer, qgnet and those of later lessons.
"""

import argparse
import shutil
from dataclasses import asdict, replace
from pathlib import Path

from vistext.experiments import commands, seeing
from vistext.experiments.seeing import Recipe
from vistext.experiments.telling import vocabulary
from vistext.experiments.train_describer import ship
from vistext.models import describer
from vistext.models.describer import DescriberConfig
from vistext.training import fastest_precision

CHECKPOINT = Path("checkpoints/eye")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    commands.declare_training(parser, CHECKPOINT)
    commands.declare_precision(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train, and save."""
    if arguments.fresh:
        shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    recipe = Recipe()
    shares = [replace(stage, steps=max(1, round(stage.steps * arguments.share))) for stage in recipe.stages]
    recipe = replace(recipe, stages=tuple(shares))
    precision = arguments.precision or fastest_precision()
    trained, history = seeing.train(recipe, precision=precision, checkpoint=arguments.checkpoint)
    if history.interrupted:
        return commands.interrupted()
    config = DescriberConfig(words=len(vocabulary()))
    eye = describer.build_eye(config)
    eye.set_weights(trained.get_weights())
    recipe = {"command": "vistext train eye", "share": arguments.share, **asdict(recipe)}
    ship(arguments.out, config, {"eye": eye}, recipe)
    shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    print(f"The card is {arguments.out / 'eye'}.json.")
    return 0
