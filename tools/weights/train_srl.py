"""`python -m tools weights srl`: make the shipped weights of lesson 07 again, and their card.

About half an hour on 2 cores. It can be stopped at any time and run again: it goes on from its last checkpoint.
"""

import argparse
import platform
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

from tools.weights import options
from vistext import scenes
from vistext.nn import weights
from vistext.nn.engine import keras, tf
from vistext.nn.training import fastest_dtype_policy
from vistext.scenes import TRAIN_SEED_OFFSET, Scene
from vistext.tasks import captioning, srl
from vistext.tasks.srl.train import Recipe, TrainResult

CHECKPOINT = Path("checkpoints/roles")
SCENES, CROWDED, TWINS = 32_000, 0.8, 0.4  # to learn from; see `telling.crowd`
TESTED = 2000  # scenes of each split
KNOWN = 4000  # scenes of the training split in which combinations are counted, to find the rare ones
MARGINS = 4000  # scenes of these, from which it is learned how much larger than what is drawn boxes are
RECIPE = Recipe()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.declare_training(parser, CHECKPOINT)
    options.declare_precision(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train, ship, measure."""
    if arguments.fresh:
        shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    share = min(1.0, arguments.share)
    seen = captioning.data.sample_crowded(max(100, round(SCENES * share)), CROWDED, TRAIN_SEED_OFFSET, TWINS)
    taught = srl.train.build_dataset(captioning.data.encode_scenes(captioning.model.load_image_encoder(), seen), seen)
    recipe = replace(RECIPE, steps=max(1, round(RECIPE.steps * arguments.share)))
    trained = srl.train.train(
        recipe, taught, precision=arguments.precision or fastest_dtype_policy(), checkpoint=arguments.checkpoint
    )
    if trained.history.interrupted:
        return options.interrupted()
    card = ship(trained, recipe, arguments.out, seen)
    measured = measure(arguments.out, max(20, round(TESTED * share)))
    weights.write_card(card | {"measured": measured}, "srl", arguments.out)
    shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    print(f"The card is {arguments.out / 'srl.json'}.")
    return 0


def ship(trained: TrainResult, recipe: Recipe, folder: Path, seen: list[Scene]) -> dict:
    """Save the network with a card on which what was measured is still missing.

    Args:
        trained: as `acting.train` returns it.
        recipe: by which.
        folder: where to.
        seen: the scenes that it learned from.

    Returns:
        The card.
    """
    settings = asdict(recipe)
    config = settings.pop("network")
    del config["precision"]  # shipped weights are float32, whatever they were trained in
    card = {
        "name": "srl",
        "task": "say who does what, where and which way: verbs and their roles, for each thing in a scene",
        "takes": f"grids of the eye, ids int32 [n, t]: the slots so far, {', '.join(srl.model.SLOTS)} of each frame",
        "gives": "float32 [n, t, words + 5]: logits of the next slot's word, the thing's box, the log of its share",
        "data": "the drawn world",
        "recipe": {
            "command": "python -m tools weights srl",
            "scenes": len(seen),
            "crowded": CROWDED,
            "twins": TWINS,
            **settings,
        },
        "config": config,
        "words": list(srl.model.WORDS),
        "margins": srl.visible_area.learn_margins(seen[:MARGINS]),
        "image_encoder": "image_encoder",
        "detector": "detector",
        "made": time.strftime("%Y-%m-%d"),
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
    }
    return weights.save(trained.network, "srl", card, folder)


def measure(folder: Path = weights.FOLDER, count: int = TESTED) -> dict:
    """How good the shipped network is on scenes that it has never seen; for its card.

    Args:
        folder: where its weights are.
        count: scenes of each split.

    Returns:
        What `acting.measure` says, for each split.
    """
    model, known = (
        srl.model.load(folder),
        srl.train.count_combinations(scenes.sample(KNOWN, TRAIN_SEED_OFFSET, "train")),
    )
    measured = {"scenes": count, "seed": 0}
    for split in ("test", "compositional"):
        seen = scenes.sample(count, 0, split)
        measured[split] = srl.train.evaluate(
            model, captioning.data.encode_scenes(model.image_encoder, seen), seen, known
        )
    return measured
