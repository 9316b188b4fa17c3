"""`python -m tools weights fusion`: the shipped networks of lesson 08, which match and solve puzzles, and their cards.

About ten minutes on 2 cores. It can be stopped at any time and run again: it goes on from its last checkpoint.
"""

import argparse
import platform
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from tools.weights import options
from vistext import scenes
from vistext.nn import weights
from vistext.nn.engine import keras, tf
from vistext.nn.training import History
from vistext.scenes import TRAIN_SEED_OFFSET, Scene, language
from vistext.scenes.language.puzzles import TASKS, caption
from vistext.tasks import captioning, fusion
from vistext.tasks.fusion.model import FusionConfig
from vistext.tasks.fusion.train import DualEncoderRecipe, Recipe

CHECKPOINT = Path("checkpoints/fusion")
SCENES, CROWDED, TWINS = 8000, 0.8, 0.4  # to learn from; see `telling.crowd`
FORMS = ("caption", "caption", "story", "description")  # of what is said of each: a search may be for little or for all
PUZZLES = 8000  # about these, of a task that comes up once: see `fusing.OFTEN`
RECIPES = {
    "dual_encoder": DualEncoderRecipe(FusionConfig(words=0), steps=350),
    "puzzle_solver": Recipe(FusionConfig(words=0), "attention", steps=900),
}
SEARCHED = 500  # scenes, no two of which share their facts
TESTED, ASKED = 1500, 1000  # scenes, and puzzles of each task about them
TOLD = {
    "dual_encoder": (
        "say how well a text and a picture fit",
        "[m, t]",
        "vectors of length 1: pictures and texts, [., 128]",
    ),
    "puzzle_solver": ("solve puzzles about texts with pictures", "[n, s, t]", "logits float32 [n, s, t, words]"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.declare_training(parser, CHECKPOINT)
    parser.add_argument("--only", choices=tuple(RECIPES), help="one of the networks (default: both)")


def run(arguments: argparse.Namespace) -> int:
    """Train, ship and measure one network after the other."""
    share = arguments.share
    seen = captioning.data.sample_crowded(max(200, round(SCENES * min(1.0, share))), CROWDED, TRAIN_SEED_OFFSET, TWINS)
    grids = captioning.data.encode_scenes(captioning.model.load_image_encoder(), seen)
    for name in RECIPES if arguments.only is None else (arguments.only,):
        reached = arguments.checkpoint / name
        if arguments.fresh:
            shutil.rmtree(reached, ignore_errors=True)
        model, history = trained(name, seen, grids, share=share, checkpoint=reached)
        if history.interrupted:
            return options.interrupted()
        weights.save(model, name, card(name, len(seen), share), arguments.out)
        measured = measure(name, arguments.out, share)
        weights.write_card(weights.card(name, arguments.out) | {"measured": measured}, name, arguments.out)
        print(f"The card is {arguments.out / name}.json.")
    return 0


def recipe_of(name: str, share: float = 1.0) -> Recipe | DualEncoderRecipe:
    """How a network is trained, with the words that it has to know and a share of the steps."""
    recipe = RECIPES[name]
    network = replace(recipe.network, words=len(fusion.train.vocabulary()))
    return replace(recipe, network=network, steps=max(1, round(recipe.steps * share)))


def trained(
    name: str, seen: list[Scene], grids: np.ndarray, *, share: float, checkpoint: Path
) -> tuple[keras.Model, History]:
    """One of `RECIPES`, trained on scenes and what an eye sees in them."""
    recipe = recipe_of(name, share)
    if name == "dual_encoder":
        return fusion.train.train_dual_encoder(
            recipe, grids, fusion.train.encode_texts(seen, FORMS), checkpoint=checkpoint
        )
    counts = {
        task: 2 * max(5, round(PUZZLES * often * min(1.0, share) / 2))
        for task, often in fusion.train.TASK_WEIGHTS.items()
    }
    return fusion.train.train(recipe, grids, fusion.train.make_puzzles(seen, counts), checkpoint=checkpoint)


def card(name: str, learned_from: int, share: float) -> dict:
    """What a network was trained with; what was measured is still missing."""
    task, ids, gives = TOLD[name]
    settings = {key: value for key, value in asdict(RECIPES[name]).items() if key != "network"}
    return {
        "name": name,
        "task": task,
        "takes": f"grids of the eye float32 [n, 64, 160], and ids int32 {ids}",
        "gives": gives,
        "data": "the drawn world",
        "recipe": {"command": "python -m tools weights fusion", "share": share, "scenes": learned_from, **settings},
        "config": asdict(recipe_of(name).network),
        "words": list(fusion.train.vocabulary().words),
        "image_encoder": "image_encoder",
        "made": time.strftime("%Y-%m-%d"),
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
    }


def measure(name: str, folder: Path = weights.FOLDER, share: float = 1.0) -> dict:
    """How good a shipped network is, on scenes that it has never seen; for its card.

    Args:
        name: one of `RECIPES`.
        folder: where its weights are.
        share: of the scenes, to try it out.

    Returns:
        By split: of the pair, recall both ways for each kind of text, see `fusing.recalls`; of the other, the share of
        right answers by task.
    """
    share = min(1.0, share)
    if name == "dual_encoder":
        count = max(10, round(SEARCHED * share))
        found, matcher = {"scenes": count, "seed": 0}, fusion.model.load(folder)
        for split in ("test", "compositional"):
            drawn = scenes.sample(2 * count, 0, split)
            seen = [drawn[row] for row in fusion.train.distinct_scenes(drawn, count)]
            pictures, rng = matcher.encode_images(scenes.draw_many(seen).pictures), np.random.default_rng(0)
            texts = {
                "caption": [caption(scene, rng) for scene in seen],
                "story": [language.describe(scene, "story", rng) for scene in seen],
            }
            found[split] = {
                form: fusion.train.retrieval_recall(matcher.encode_texts(said) @ pictures.T)
                for form, said in texts.items()
            }
        return found
    count = 2 * max(5, round(ASKED * share / 2))
    found, (image_encoder, model, _) = {"puzzles": count, "seed": 0}, fusion.model.load_puzzle_solver(folder)
    for split in ("test", "compositional"):
        seen = scenes.sample(max(300, round(TESTED * share)), 0, split)
        found[split] = fusion.train.evaluate(
            model,
            captioning.data.encode_scenes(image_encoder, seen),
            fusion.train.make_puzzles(seen, dict.fromkeys(TASKS, count)),
        )
    return found
