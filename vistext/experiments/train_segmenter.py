"""`vistext train segmenter`: make the shipped weights of lesson 02's segmenter again, and their card.

A quarter of an hour on 2 cores that compute in bfloat16, and twice that on others. It can be stopped at any time and
run again: it goes on from its last checkpoint.
"""

import argparse

from vistext.experiments import locating


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    locating.add_arguments(parser, locating.SEGMENTING)


def run(arguments: argparse.Namespace) -> int:
    """Train, measure, save."""
    return locating.run(arguments, locating.SEGMENTING, locating.SHIPPED_SEGMENTER)
