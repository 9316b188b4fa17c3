"""`vistext train fusion`: make the shipped weights of lesson 08 again, a pair of towers that match, and their card.

A few minutes on 2 cores. It can be stopped at any time and run again: it goes on from its last checkpoint.
"""

import argparse
import platform
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from vistext import scenes, weights
from vistext.engine import keras, tf
from vistext.experiments import describing, fusing
from vistext.experiments.answering import look
from vistext.experiments.fusing import PairRecipe
from vistext.experiments.locating import FIRST_SEED
from vistext.experiments.train_qgnet import shipped_eye
from vistext.models import fusion
from vistext.models.fusion import FusionConfig, Matcher
from vistext.scenes import language
from vistext.scenes.language.puzzles import caption

NAME = "matcher"
CHECKPOINT = Path("checkpoints/fusion")
INTERRUPTED = 130
SCENES, CROWDED, TWINS = 8000, 0.8, 0.4  # to learn from; see `describing.crowd`
RECIPE = PairRecipe(FusionConfig(words=0), steps=300)
SEARCHED, DRAWN = 500, 900  # scenes among which is searched, and those of which they are the first with other facts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--share", type=float, default=1.0, help="of the full training, to try it out (default: all)")
    parser.add_argument("--fresh", action="store_true", help="forget the checkpoint of an earlier, unfinished run")
    parser.add_argument("--out", type=Path, default=weights.FOLDER, help="folder for the weights and the card")
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT, help="folder for what is unfinished")


def run(arguments: argparse.Namespace) -> int:
    """Train the pair, ship it, and measure it."""
    if arguments.fresh:
        shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    share, words = arguments.share, fusing.vocabulary()
    network = replace(RECIPE.network, words=len(words))
    recipe = replace(RECIPE, network=network, steps=max(1, round(RECIPE.steps * share)))
    eye = shipped_eye()
    seen = describing.crowd(max(recipe.size, round(SCENES * min(1.0, share))), CROWDED, FIRST_SEED, TWINS)
    pair, history = fusing.train_pair(recipe, look(eye, seen), fusing.told(seen), checkpoint=arguments.checkpoint)
    if history.interrupted:
        print("Interrupted; run the same command again to go on.")
        return INTERRUPTED
    settings = {key: value for key, value in asdict(RECIPE).items() if key != "network"}
    card = {
        "name": NAME,
        "task": "say how well a text and a picture fit",
        "takes": "grids of the eye float32 [n, 64, 160], and ids int32 [m, t]",
        "gives": f"vectors of length 1: float32 [n, {network.shared}] and [m, {network.shared}]",
        "data": "the drawn world",
        "recipe": {"command": "vistext train fusion", "share": share, "scenes": len(seen), **settings},
        "config": asdict(network),
        "words": list(words.words),
        "eye": "eye",
        "made": time.strftime("%Y-%m-%d"),
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
        "measured": {},
    }
    card = weights.save(pair, NAME, card, arguments.out)
    weights.write_card(card | {"measured": measure(fusion.load(arguments.out))}, NAME, arguments.out)
    print(f"The card is {arguments.out / NAME}.json.")
    return 0


def measure(matcher: Matcher, splits: tuple[str, ...] = ("test", "compositional"), count: int = SEARCHED) -> dict:
    """What a pair finds among scenes of which no two share their facts; for its card.

    Args:
        matcher: eye, pair and words.
        splits: of the scenes.
        count: how many scenes are searched.

    Returns:
        For each split and each kind of text ("caption", "story") recall both ways: see `fusing.recalls`.
    """
    found = {"scenes": count, "seed": 0}
    for split in splits:
        drawn = scenes.sample(count * DRAWN // SEARCHED, 0, split)
        seen = [drawn[row] for row in fusing.different(drawn, count)]
        pictures, rng = matcher.see(scenes.draw_many(seen).pictures), np.random.default_rng(0)
        found[split] = {
            "caption": fusing.recalls(matcher.read([caption(scene, rng) for scene in seen]) @ pictures.T),
            "story": fusing.recalls(
                matcher.read([language.describe(scene, "story", rng) for scene in seen]) @ pictures.T
            ),
        }
    return found
