"""`python -m tools weights image_encoder`: make the shipped image encoder of lessons 05 to 08 again, and its card.

An hour on 2 cores that compute in bfloat16, and several on others. It can be stopped at any time and run again: it goes
on from its last checkpoint. After it, captioner, qgnet, srl and fusion must be trained again.
"""

from dataclasses import replace

from tools.weights import runner
from tools.weights.captioner import DATA
from vistext.tasks import captioning
from vistext.tasks.captioning.data import vocabulary
from vistext.tasks.captioning.image_encoder import Recipe
from vistext.tasks.captioning.model import CaptionerConfig

RECIPE = Recipe()
ABOUT = {
    "task": "look at a scene of the drawn world",
    "takes": "uint8 [n, 64, 64, 3] RGB",
    "gives": "float32 [n, 64, 160]: 8 × 8 cells",
    "data": DATA,
}


def train(job: runner.Job) -> str:
    """Train, save."""
    recipe = replace(RECIPE, stages=tuple(job.shortened(stage) for stage in RECIPE.stages))
    trained, history = captioning.image_encoder.train(recipe, precision=job.precision, checkpoint=job.checkpoint)
    job.check(history)
    config = CaptionerConfig(words=len(vocabulary()))
    image_encoder = captioning.model.build_image_encoder(config)
    image_encoder.set_weights(trained.get_weights())
    job.save(image_encoder, "image_encoder", ABOUT, recipe, config=config, words=list(vocabulary().words))
    return f"The card is {job.out / 'image_encoder'}.json."


NETWORK = runner.Network("image_encoder", train)
add_arguments, run = NETWORK.add_arguments, NETWORK.run
