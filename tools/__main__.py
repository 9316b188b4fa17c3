"""`python -m tools COMMAND`: what maintainers make again. Run in a checkout; exit codes are those of `vistext`."""

import sys
from pathlib import Path

from vistext import cli

WEIGHTS = {
    "tagger": "the tagger of lesson 01",
    "detector": "the detector of lesson 02",
    "segmenter": "the segmenter of lesson 02",
    "gan": "the generator of lesson 04, and its evaluation classifier",
    "image_encoder": "the image encoder of captioner, QG-Net and others",
    "captioner": "the captioner of lesson 05",
    "discriminator": "the discriminator of lesson 05, and the captioner fine-tuned by it",
    "qgnet": "QG-Net of lesson 06, which answers questions, and what asks them",
    "srl": "the network of lesson 07 that fills semantic roles",
    "fusion": "the networks of lesson 08: puzzles by text and picture, and matching the two",
    "photo_captioner": "the captioner of real photographs (needs Flickr8k)",
}
COMMANDS: dict[tuple[str, ...], tuple[str, str]] = {
    **{("weights", name): (f"tools.weights.{name}", text) for name, text in WEIGHTS.items()},
    ("study",): ("tools.study", "measure again what a lesson plots"),
    ("notebooks",): ("tools.notebooks.command", "run and check lessons, release problem sets"),
    ("slides",): ("tools.pages.slides", "a lesson as slides, in one file (for instructors)"),
    ("export",): ("tools.pages.export", "a lesson as one page to read or print"),
    ("links",): ("tools.repoint_badges", "point every badge and set-up cell at a fork"),
    ("bench",): ("tools.bench", "what the course does, timed beside what is plainer"),
    ("gallery",): ("tools.gallery", "the drawn world on one page, to be checked by eye"),
}
GROUPS = {"weights": "train shipped weights again"}


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    text = "For maintainers: weights, studies, notebooks and pages of the course."
    return cli.main(argv, program=cli.Program("python -m tools", text, COMMANDS, GROUPS))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.exit(main())
