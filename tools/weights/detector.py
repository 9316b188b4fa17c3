"""`python -m tools weights detector`: make the shipped weights of lesson 02's detector again, and their card.

Half an hour on 2 cores that compute in bfloat16, and twice that on others. It can be stopped at any time and run
again: it goes on from its last checkpoint.
"""

from dataclasses import asdict

from tools.weights import runner
from vistext import scenes
from vistext.scenes import ontology
from vistext.tasks import detection

SPLITS = {"val": 1000, "test": 3000, "compositional": 3000}  # scenes that the shipped weights are measured on
ABOUT = {
    "detector": {
        "task": "what is where in a scene of the drawn world: boxes around what can be seen of each thing",
        "takes": "uint8 [n, h, w, 3] RGB; trained at 64 × 64",
        "gives": "detector.detect: boxes in pixels, kinds, scores",
    },
    "segmenter": {
        "task": "what each pixel of a scene of the drawn world shows",
        "takes": "uint8 [n, h, w, 3] RGB; trained at 64 × 64",
        "gives": "segmenter.segment: uint8 [n, h, w], 0 for the background, 1 + the index of the class",
    },
}
RECIPE = detection.train.Recipe(detection.model.DetectorConfig(), steps=6000)


def make(job: runner.Job, task: detection.train.Task, recipe: detection.train.Recipe) -> str:
    """Train, measure and save one of lesson 02's two networks."""
    recipe = job.shortened(recipe)
    model, history = detection.train.train(task, recipe, precision=job.precision, checkpoint=job.checkpoint)
    job.check(history, f"step {len(history.loss)} of {recipe.steps}")
    shipped = runner.as_shipped(model, task.build(recipe.network), task.name, job.out)
    measured = {}
    for split, count in SPLITS.items():
        drawings = scenes.draw_many(scenes.sample(count, 0, split))
        measured[split] = task.measure(shipped, drawings) | {"scenes": count, "seed": 0}
    job.save(
        shipped,
        task.name,
        ABOUT[task.name] | {"data": "scenes of the drawn world, training split, each seen once"},
        {"precision": job.precision, "minutes": round(history.seconds[-1] / 60, 1), **asdict(recipe)},
        config=recipe.network,
        classes=list(ontology.KINDS),
        measured=measured,
    )
    measure, figure = next(iter(measured["test"].items()))
    measure = measure.replace("_", " ").capitalize()
    return f"{measure} on the test split {figure:.1%}; the card is {job.out / task.name}.json."


def train(job: runner.Job) -> str:
    """Train, measure, save."""
    return make(job, detection.train.DETECTION, RECIPE)


NETWORK = runner.Network("detector", train)
add_arguments, run = NETWORK.add_arguments, NETWORK.run
