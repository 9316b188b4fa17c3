"""`python -m tools weights fusion`: the shipped networks of lesson 08, which match and solve puzzles, and their cards.

About ten minutes on 2 cores. It can be stopped at any time and run again: it goes on from its last checkpoint.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tools.weights import runner
from vistext import scenes
from vistext.nn import weights
from vistext.nn.engine import keras
from vistext.nn.training import History
from vistext.scenes import TRAIN_SEED_OFFSET, Scene, language
from vistext.scenes.language.puzzles import TASKS, caption
from vistext.tasks import captioning, fusion
from vistext.tasks.fusion.model import FusionConfig
from vistext.tasks.fusion.train import DualEncoderRecipe, Recipe

SCENES, CROWDED, TWINS = 8000, 0.8, 0.4  # to learn from; see `captioning.data.sample_crowded`
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
    seen = captioning.data.sample_crowded(job.count(SCENES, 200), CROWDED, TRAIN_SEED_OFFSET, TWINS)
    grids = captioning.data.encode_scenes(captioning.model.load_image_encoder(), seen)
    names = (job.only,) if job.only else tuple(RECIPES)
    for name in names:
        task, ids, gives = ABOUT[name]
        recipe = replace(RECIPES[name], network=replace(RECIPES[name].network, words=len(fusion.train.vocabulary())))
        model, history = _trained(job, job.shortened(recipe), seen, grids, job.checkpoint / name)
        job.check(history)
        job.save(
            model,
            name,
            {
                "task": task,
                "takes": f"grids of the image encoder float32 [n, 64, 160], and ids int32 {ids}",
                "gives": gives,
                "data": "the drawn world",
            },
            {"scenes": len(seen), **runner.settings(recipe)},
            config=recipe.network,
            words=list(fusion.train.vocabulary().words),
            image_encoder="image_encoder",
        )
        job.add_measured(name, measure(name, job.out, job.share))
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
    share = min(1.0, share)
    if name == "dual_encoder":
        count = max(10, round(SEARCHED * share))
        found: dict[str, Any] = {"scenes": count, "seed": 0}
        dual_encoder = fusion.model.load(folder)
        for split in ("test", "compositional"):
            drawn = scenes.sample(2 * count, 0, split)
            seen = [drawn[row] for row in fusion.train.distinct_scenes(drawn, count)]
            pictures, rng = dual_encoder.encode_images(scenes.draw_many(seen).pictures), np.random.default_rng(0)
            texts = {
                "caption": [caption(scene, rng) for scene in seen],
                "story": [language.describe(scene, "story", rng) for scene in seen],
            }
            found[split] = {
                form: fusion.train.retrieval_recall(dual_encoder.encode_texts(said) @ pictures.T)
                for form, said in texts.items()
            }
        return found
    count = 2 * max(5, round(ASKED * share / 2))
    found = {"puzzles": count, "seed": 0}
    image_encoder, model, _ = fusion.model.load_puzzle_solver(folder)
    for split in ("test", "compositional"):
        seen = scenes.sample(max(300, round(TESTED * share)), 0, split)
        found[split] = fusion.train.evaluate(
            model,
            captioning.data.encode_scenes(image_encoder, seen),
            fusion.train.make_puzzles(seen, dict.fromkeys(TASKS, count)),
        )
    return found


NETWORK = runner.Network("fusion", train, parts=tuple(RECIPES), precision=False)
add_arguments, run = NETWORK.add_arguments, NETWORK.run
