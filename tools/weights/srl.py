"""`python -m tools weights srl`: make the shipped weights of lesson 07 again, and their card.

About half an hour on 2 cores. It can be stopped at any time and run again: it goes on from its last checkpoint.
"""

from dataclasses import asdict
from pathlib import Path

from tools.weights import runner
from vistext import scenes
from vistext.nn import weights
from vistext.tasks import captioning, srl
from vistext.tasks.srl.train import Recipe

SCENES = 32_000  # to learn from
TESTED = 2000  # scenes of each split
KNOWN = 4000  # scenes of the training split in which combinations are counted, to find the rare ones
MARGINS = 4000  # scenes of these, from which it is learned how much larger than what is drawn boxes are
RECIPE = Recipe()
ABOUT = {
    "task": "say who does what, where and which way: verbs and their roles, for each thing in a scene",
    "takes": "grids of the image encoder, ids int32 [n, t]: the slots so far, "
    f"{', '.join(srl.model.SLOTS)} of each frame",
    "gives": "float32 [n, t, words + 5]: logits of the next slot's word, the thing's box, the log of its share",
    "data": "the drawn world",
}


def train(job: runner.Job) -> str:
    """Train, save, measure."""
    seen, grids = runner.training_scenes(job.count(SCENES, 100))
    recipe = job.shortened(RECIPE)
    data = srl.train.build_dataset(grids, seen)
    trained = srl.train.train(recipe, data, precision=job.precision, checkpoint=job.checkpoint)
    job.check(trained.history)
    job.save(
        trained.network,
        "srl",
        ABOUT,
        {"scenes": len(seen), **runner.SAMPLED, **asdict(recipe)},
        config=recipe.network,
        words=list(srl.model.WORDS),
        margins=srl.visible_area.learn_margins(seen[:MARGINS]),
        image_encoder="image_encoder",
        detector="detector",
    )
    job.add_measured("srl", measure(job.out, job.count(TESTED, 20)))
    return f"The card is {job.out / 'srl.json'}."


def measure(folder: Path = weights.FOLDER, count: int = TESTED) -> dict:
    """How good the shipped network is on so many unseen scenes of each split: see `srl.train.evaluate`."""
    model = srl.model.load(folder)
    known = srl.train.count_combinations(scenes.sample(KNOWN, scenes.TRAIN_SEED_OFFSET, "train"))

    def evaluate(split: str) -> dict:
        seen = scenes.sample(count, 0, split)
        return srl.train.evaluate(model, captioning.data.encode_scenes(model.image_encoder, seen), seen, known)

    return runner.measure_splits(evaluate, scenes=count)


NETWORK = runner.Network("srl", train)
add_arguments, run = NETWORK.add_arguments, NETWORK.run
