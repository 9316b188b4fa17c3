"""`python -m tools weights image_encoder`: make the shipped eye again, which lessons 05 to 08 see with, and its card.

An hour on 2 cores that compute in bfloat16, and several on others. It can be stopped at any time and run again: it goes
on from its last checkpoint. What learns from what the eye sees must be trained again after it: the commands that train
describer, qgnet and those of later lessons.
"""

import argparse
import shutil
from dataclasses import asdict, replace
from pathlib import Path

from tools.weights import options
from tools.weights.train_captioner import ship
from vistext.nn.training import fastest_dtype_policy
from vistext.tasks import captioning
from vistext.tasks.captioning.data import vocabulary
from vistext.tasks.captioning.image_encoder import Recipe
from vistext.tasks.captioning.model import CaptionerConfig

CHECKPOINT = Path("checkpoints/eye")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.declare_training(parser, CHECKPOINT)
    options.declare_precision(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train, and save."""
    if arguments.fresh:
        shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    recipe = Recipe()
    shares = [replace(stage, steps=max(1, round(stage.steps * arguments.share))) for stage in recipe.stages]
    recipe = replace(recipe, stages=tuple(shares))
    precision = arguments.precision or fastest_dtype_policy()
    trained, history = captioning.image_encoder.train(recipe, precision=precision, checkpoint=arguments.checkpoint)
    if history.interrupted:
        return options.interrupted()
    config = CaptionerConfig(words=len(vocabulary()))
    image_encoder = captioning.model.build_image_encoder(config)
    image_encoder.set_weights(trained.get_weights())
    recipe = {"command": "python -m tools weights image_encoder", "share": arguments.share, **asdict(recipe)}
    ship(arguments.out, config, {"image_encoder": image_encoder}, recipe)
    shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    print(f"The card is {arguments.out / 'image_encoder'}.json.")
    return 0
