"""`vistext train describer`: make the shipped weights of lesson 05 again: eye, writer, taught writer, judge, and cards.

More than an hour on 2 cores that compute in bfloat16, and longer on others. It can be stopped at any time and run
again: it goes on from its last checkpoint.
"""

import argparse
import platform
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

from vistext import scenes, weights
from vistext.engine import keras, tf
from vistext.experiments import describing
from vistext.experiments.describing import GameRecipe, Recipe, Way
from vistext.models import describer
from vistext.models.describer import LENGTHS, Describer, DescriberConfig, Judge
from vistext.models.writing import Writing
from vistext.training import fastest_precision

CHECKPOINT = Path("checkpoints/describer")
TESTED = 2000  # scenes of the test split that are described once
DRAWN = 200  # of these, are described 20 times
DRAWS = 20
BITS = 7  # that the weights keep: as many as they were trained with, where that was done in bfloat16
INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--share", type=float, default=1.0, help="of the full training, to try it out (default: all)")
    parser.add_argument("--fresh", action="store_true", help="forget the checkpoint of an earlier, unfinished run")
    parser.add_argument("--out", type=Path, default=weights.FOLDER, help="folder for the weights and the cards")
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT, help="folder for what is unfinished")


def run(arguments: argparse.Namespace) -> int:
    """Train by likelihood, then against a judge; measure; save."""
    if arguments.fresh:
        shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    config = DescriberConfig(words=len(describing.vocabulary()))
    recipe = Recipe(config)
    shares = [replace(stage, steps=max(1, round(stage.steps * arguments.share))) for stage in recipe.stages]
    recipe = replace(recipe, stages=tuple(shares))
    trained = describing.train(recipe, precision=fastest_precision(), checkpoint=arguments.checkpoint)
    if trained[-1].interrupted:
        print("Interrupted; run the same command again to go on.")
        return INTERRUPTED
    eye, writer = describer.build_eye(config), describer.build_writer(config)
    eye.set_weights(trained[0].get_weights())
    writer.set_weights(trained[1].get_weights())
    ship(arguments.out, config, {"eye": eye, "describer": writer}, asdict(recipe), arguments.share)

    # The game starts from what is shipped, so that anyone can play it again from there.
    eye, writer = describer.build_eye(config), describer.build_writer(config)
    weights.load_into(eye, "eye", arguments.out)
    weights.load_into(writer, "describer", arguments.out)
    judge = describer.build_judge(config)
    describer.start_judge(judge, writer)
    game = GameRecipe(steps=max(1, round(GameRecipe().steps * arguments.share)))
    match = describing.play(game, eye, writer, judge, checkpoint=arguments.checkpoint / "game")
    if match.interrupted:
        print("Interrupted; run the same command again to go on.")
        return INTERRUPTED
    ship(arguments.out, config, {"gan_describer": writer, "judge": judge}, asdict(game), arguments.share)
    measure(arguments.out, config)
    shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    print(f"The cards are in {arguments.out}.")
    return 0


TASKS = {
    "eye": ("look at a scene of the drawn world", "uint8 [n, 64, 64, 3] RGB", "float32 [n, 64, 160]: 8 × 8 cells"),
    "describer": (
        "say which word comes next, taught by likelihood",
        "grids of the eye, ids int32 [n, s, t], lengths int32 [n, s]",
        "logits float32 [n, s, t, words]",
    ),
    "gan_describer": (
        "the same, taught by a judge as well",
        "grids of the eye, ids int32 [n, s, t], lengths int32 [n, s]",
        "logits float32 [n, s, t, words]",
    ),
    "judge": (
        "tell what people say of a picture from what they do not",
        "grids of the eye, words float32 [n, s, t, words]",
        "what each word adds to the score, float32 [n, s, t]",
    ),
}


def ship(folder: Path, config: DescriberConfig, networks: dict[str, keras.Model], recipe: dict, share: float) -> None:
    """Save networks with cards, on which what was measured is still missing.

    Args:
        folder: where to.
        config: their sizes.
        networks: name → network, names as in `TASKS`.
        recipe: how they were trained.
        share: of the full training.
    """
    sizes = asdict(config)
    del sizes["precision"]  # shipped weights are float32, whatever they were trained in
    for name, network in networks.items():
        task, takes, gives = TASKS[name]
        card = {
            "name": name,
            "task": task,
            "takes": takes,
            "gives": gives,
            "data": "scenes of the drawn world, training split, and true sentences about them",
            "recipe": {"command": "vistext train describer", "share": share, **recipe},
            "config": sizes,
            "words": list(describing.vocabulary().words),
            "made": time.strftime("%Y-%m-%d"),
            "versions": {
                "python": platform.python_version(),
                "tensorflow": tf.__version__,
                "keras": keras.__version__,
            },
        }
        weights.save(network, name, card, folder, bits=BITS)


def measure(folder: Path, config: DescriberConfig) -> None:
    """Measure on test scenes what is shipped, and write it on the cards."""
    words = describing.vocabulary()
    eye, judge = describer.build_eye(config), describer.build_judge(config)
    weights.load_into(eye, "eye", folder)
    weights.load_into(judge, "judge", folder)
    seen = scenes.sample(TESTED, 0, "test")
    grids = describer.look(eye, scenes.draw_many(seen).pictures)
    for name in ("describer", "gan_describer"):
        writer = describer.build_writer(config)
        weights.load_into(writer, name, folder)
        speaks = Describer(eye, Writing(writer), words)
        measured = {}
        for length in LENGTHS:
            likeliest = describing.say(Way("likeliest", speaks), grids, length, 1)
            drawn = describing.say(Way("drawn", speaks, nucleus=1.0), grids[:DRAWN], length, DRAWS)
            measured[length] = {
                "likeliest": describing.measure(likeliest, seen),
                "drawn": describing.measure(drawn, seen[:DRAWN]),
            }
        note(folder, name, measured | {"scenes": TESTED, "drawn_scenes": DRAWN, "draws": DRAWS, "seed": 0})
    heard = Judge(eye, judge, words)
    told = {length: round(describing.measure_judge(heard, grids, seen, length), 4) for length in LENGTHS}
    note(folder, "judge", {"auc_mismatched": told, "scenes": TESTED, "seed": 0})


def note(folder: Path, name: str, measured: dict) -> None:
    """Write what was measured on a card."""
    card = weights.card(name, folder) | {"measured": measured}
    weights.write_card(card, name, folder)
