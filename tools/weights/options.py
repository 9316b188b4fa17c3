"""What the trainings have in common: their options, and how they end."""

import argparse
from pathlib import Path

from vistext.nn import weights

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
