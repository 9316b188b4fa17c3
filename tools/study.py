"""`python -m tools study NAME`: measure again what a lesson plots, and keep each figure as soon as it is known.

About an hour on two cores for each. It can be stopped at any time and run again: it measures what is still missing.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

DONE, WRONG_INPUT = 0, 2
STUDIES = {
    "tagger_ablation": "what does each ingredient of the better network bring? (lesson 01)",
    "tags": "when do tags help to find a missing word? (lesson 03)",
    "decoding_strategies": "ways to draw a caption, compared (lesson 05)",
    "vqa_ablation": "does it look, and read the question? (lesson 06)",
    "srl_labels": "do roles help to find a missing word? (lesson 07)",
    "fusion_ablation": "when does the picture help the text? (lesson 08)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "name", metavar="NAME", choices=STUDIES, help="; ".join(f"{n}: {t}" for n, t in STUDIES.items())
    )
    parser.add_argument("--quick", action="store_true", help="a little of each, only to see that it runs")
    parser.add_argument("--fresh", action="store_true", help="measure all again, not only what is still missing")
    parser.add_argument("--out", type=Path, help="the file of the results (default: NAME.json in vistext/studies)")


def run(arguments: argparse.Namespace) -> int:
    """Measure what is still missing and print a table; 2 if the file holds the results of something else."""
    study = import_module(f"vistext.studies.{arguments.name}")
    stored = Path(f"{study.__file__}").with_suffix(".json")
    out = arguments.out or (Path(f"{arguments.name}-quick.json") if arguments.quick else stored)
    try:
        results = study.run(study.QUICK if arguments.quick else study.FULL, out, fresh=arguments.fresh)
    except ValueError as error:
        print("vistext:", error, file=sys.stderr)
        return WRONG_INPUT
    print(study.table(results))
    print(f"The results are {out}.")
    return DONE
