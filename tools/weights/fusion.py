"""`python -m tools weights fusion`: the shipped networks of lesson 08, which match and solve puzzles, and their cards.

About ten minutes on 2 cores. It can be stopped at any time and run again: it goes on from its last checkpoint.
"""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from tools.weights import runner
from vistext import scenes
from vistext.nn import weights
from vistext.nn.engine import keras
from vistext.nn.training import History
from vistext.scenes import Scene, language
from vistext.scenes.language.puzzles import TASKS, caption
from vistext.tasks import captioning, fusion
from vistext.tasks.fusion.model import FusionConfig
from vistext.tasks.fusion.train import DualEncoderRecipe, Recipe

SCENES = 8000  # to learn from
FORMS = ("caption", "caption", "story", "description")  # of what is said of each: a search may be for little or for all
PUZZLES = 8000  # about these, of a task that comes up once: see `fusion.train.TASK_WEIGHTS`
RECIPES: dict[str, Recipe | DualEncoderRecipe] = {
    "dual_encoder": DualEncoderRecipe(FusionConfig(words=0), steps=350),
    "puzzle_solver": Recipe(FusionConfig(words=0), "attention", steps=900),
}
SEARCHED = 500  # scenes, no two of which share their facts
TESTED, ASKED = 1500, 1000  # scenes, and puzzles of each task about them
ABOUT = {
    "dual_encoder": (
        "say how well a text and a picture fit",
        "[m, t]",
        "vectors of length 1: pictures and texts, [., 128]",
    ),
    "puzzle_solver": ("solve puzzles about texts with pictures", "[n, s, t]", "logits float32 [n, s, t, words]"),
}


def train(job: runner.Job) -> str:
    """Train, save and measure one network after the other."""
    seen, grids = runner.training_scenes(job.count(SCENES, 200))
    words = fusion.train.vocabulary()
    names = (job.only,) if job.only else tuple(RECIPES)
    for name in names:
        task, ids, gives = ABOUT[name]
        about = {
            "task": task,
            "takes": f"grids of the image encoder float32 [n, 64, 160], and ids int32 {ids}",
            "gives": gives,
            "data": "the drawn world",
        }
        recipe = replace(RECIPES[name], network=replace(RECIPES[name].network, words=len(words)))
        model, history = _trained(job, job.shortened(recipe), seen, grids, job.checkpoint / name)
        job.check(history)
        how = {"scenes": len(seen), **asdict(recipe)}
        parts: dict[str, Any] = {"config": recipe.network, "words": list(words.words), "image_encoder": "image_encoder"}
        job.save(model, name, about, how, **parts)
        job.add_measured(name, measure(name, job.out, min(1.0, job.share)))
    return f"The cards of {', '.join(names)} are in {job.out}."


def _trained(
    job: runner.Job, recipe: Recipe | DualEncoderRecipe, seen: list[Scene], grids: np.ndarray, checkpoint: Path
) -> tuple[keras.Model, History]:
    """One of the networks, trained on scenes and what the image encoder gives for them."""
    if isinstance(recipe, DualEncoderRecipe):
        texts = fusion.train.encode_texts(seen, FORMS)
        return fusion.train.train_dual_encoder(recipe, grids, texts, checkpoint=checkpoint)
    counts = {task: 2 * job.count(PUZZLES * often // 2, 5) for task, often in fusion.train.TASK_WEIGHTS.items()}
    return fusion.train.train(recipe, grids, fusion.train.make_puzzles(seen, counts), checkpoint=checkpoint)


def measure(name: str, folder: Path = weights.FOLDER, share: float = 1.0) -> dict:
    """How good a shipped network is on unseen scenes, by split: recall both ways, or the share of right answers."""
    if name == "dual_encoder":
        count, dual_encoder = max(10, round(SEARCHED * share)), fusion.model.load(folder)
        return runner.measure_splits(lambda split: _search(dual_encoder, split, count), scenes=count)
    count = 2 * max(5, round(ASKED * share / 2))
    image_encoder, model, _ = fusion.model.load_puzzle_solver(folder)

    def solve(split: str) -> dict:
        seen = scenes.sample(max(300, round(TESTED * share)), 0, split)
        grids = captioning.data.encode_scenes(image_encoder, seen)
        return fusion.train.evaluate(model, grids, fusion.train.make_puzzles(seen, dict.fromkeys(TASKS, count)))

    return runner.measure_splits(solve, puzzles=count)


def _search(dual_encoder: fusion.model.DualEncoder, split: str, count: int) -> dict:
    """The recall among so many scenes, by captions and by stories."""
    drawn = scenes.sample(2 * count, 0, split)
    seen = [drawn[row] for row in fusion.train.distinct_scenes(drawn, count)]
    pictures, rng = dual_encoder.encode_images(scenes.draw_many(seen).pictures), np.random.default_rng(0)
    texts = {
        "caption": [caption(scene, rng) for scene in seen],
        "story": [language.describe(scene, "story", rng) for scene in seen],
    }
    return {
        form: fusion.train.retrieval_recall(dual_encoder.encode_texts(written) @ pictures.T)
        for form, written in texts.items()
    }


NETWORK = runner.Network("fusion", train, parts=tuple(RECIPES), precision=False)
add_arguments, run = NETWORK.add_arguments, NETWORK.run
