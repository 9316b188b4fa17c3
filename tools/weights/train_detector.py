"""`python -m tools weights detector`: make the shipped weights of lesson 02's detector again, and their card.

Half an hour on 2 cores that compute in bfloat16, and twice that on others. It can be stopped at any time and run
again: it goes on from its last checkpoint.
"""

import argparse

from tools.weights import drawn
from vistext.tasks import detection

RECIPE = detection.train.Recipe(detection.model.DetectorConfig(), steps=6000)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    drawn.add_arguments(parser, detection.train.DETECTION)


def run(arguments: argparse.Namespace) -> int:
    """Train, measure, save."""
    return drawn.run(arguments, detection.train.DETECTION, RECIPE)
