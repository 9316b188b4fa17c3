"""What `vistext train NAME` and `vistext experiment NAME` have in common: their options, and how they end."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from vistext import weights

INTERRUPTED = 130  # the exit code of what Ctrl-C has stopped


def declare_training(parser: argparse.ArgumentParser, checkpoint: Path) -> None:
    """Declare the options of a command that trains shipped weights.

    Args:
        parser: the command's.
        checkpoint: the folder in which it keeps what is unfinished, if no other is given.
    """
    parser.add_argument("--share", type=float, default=1.0, help="of the full training, to try it out (default: all)")
    parser.add_argument("--fresh", action="store_true", help="forget the checkpoint of an earlier, unfinished run")
    parser.add_argument("--out", type=Path, default=weights.FOLDER, help="folder for the weights and their cards")
    parser.add_argument("--checkpoint", type=Path, default=checkpoint, help="folder for what is unfinished")


def declare_precision(parser: argparse.ArgumentParser) -> None:
    """Declare in what is computed, where that can be chosen."""
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16"), help="(default: the faster one here)")


def interrupted(where: str = "") -> int:
    """Say how a training that was interrupted goes on, and from where if that is known; the exit code for that."""
    print(f"Interrupted; run the same command again to go on{where and f' from {where}'}.")
    return INTERRUPTED


def declare_experiment(parser: argparse.ArgumentParser, stored: Path) -> None:
    """Declare the options of a command that measures what a lesson plots.

    Args:
        parser: the command's.
        stored: the file in which the results are, if no other is given.
    """
    parser.add_argument("--quick", action="store_true", help="a little of each, only to see that it runs")
    parser.add_argument("--fresh", action="store_true", help="measure all again, not only what is still missing")
    parser.add_argument("--out", type=Path, help=f"the file of the results (default: {stored.name} in vistext/results)")


def run_experiment(
    arguments: argparse.Namespace,
    stored: Path,
    measure: Callable[[Path], dict],
    table: Callable[[dict], str],
) -> int:
    """Measure what is still missing, keeping each figure as soon as it is known, and print a table.

    Args:
        arguments: as declared by `declare_experiment`.
        stored: the file in which the results are, if no other is given and this is not just to see that it runs.
        measure: a file → the results, which are in it from then on; what is in it already is taken from there.
        table: the results as lines of text.

    Returns:
        The exit code: 2 if the file holds the results of something else.
    """
    out = arguments.out or (Path(f"{stored.stem}-quick.json") if arguments.quick else stored)
    try:
        results = measure(out)
    except ValueError as error:
        print("vistext:", error, file=sys.stderr)
        return 2
    print(table(results))
    print(f"The results are {out}.")
    return 0
