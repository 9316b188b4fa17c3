"""`python -m tools weights captioner`: make the shipped captioner of lesson 05 again.

An hour on 2 cores. It can be stopped at any time and run again: it goes on from its last checkpoint.
It uses the shipped image encoder, which `python -m tools weights image_encoder` makes.
"""

from dataclasses import asdict, replace

import numpy as np

from tools.weights import runner
from vistext import scenes
from vistext.nn import weights
from vistext.nn.decoder import CachedDecoder
from vistext.tasks import captioning
from vistext.tasks.captioning.data import vocabulary
from vistext.tasks.captioning.model import LENGTHS, Captioner, CaptionerConfig
from vistext.tasks.captioning.train import DecodingStrategy, Recipe

TESTED = 2000  # scenes of the test split that are described once
DRAWN = 200  # of these, are described 20 times
DRAWS = 20
RECIPE = Recipe()
DATA = "scenes of the drawn world, training split, and true sentences about them"
TAKES = "grids of the image encoder, ids int32 [n, s, t], lengths int32 [n, s]"
ABOUT = {
    "task": "say which word comes next, trained by likelihood",
    "takes": TAKES,
    "gives": "logits float32 [n, s, t, words]",
    "data": DATA,
}


def train(job: runner.Job) -> str:
    """Train by likelihood, fine-tune on other scenes, measure, save.

    What the first training made lies in the checkpoint as it would be shipped, and is not made again.
    """
    config = CaptionerConfig(words=len(vocabulary()))
    image_encoder, decoder = captioning.model.load_image_encoder(), captioning.model.build_caption_decoder(config)
    recipe = job.shortened(replace(RECIPE, finder=job.shortened(RECIPE.finder)))
    further = tuple(map(job.shortened, captioning.train.FINETUNING))
    began, unfinished = job.checkpoint / "began", job.checkpoint / "decoder"
    if not (began / "captioner.json").exists():
        trained, history = captioning.train.train(
            recipe, image_encoder, config, precision=job.precision, checkpoint=unfinished
        )
        job.check(history)
        job.save(trained, "captioner", ABOUT, recipe, config=config, folder=began)
    weights.load_into(decoder, "captioner", began)
    if not captioning.train.finetune(further, image_encoder, decoder, checkpoint=unfinished):
        raise runner.InterruptedTrainingError
    how = {**asdict(recipe), "further": [asdict(each) for each in further]}
    job.save(decoder, "captioner", ABOUT, how, config=config, words=list(vocabulary().words))
    measure(job, config)
    return f"The card is {job.out / 'captioner.json'}."


def measure(job: runner.Job, config: CaptionerConfig) -> None:
    """Measure on test scenes what is shipped, and write it on the card."""
    tested = job.count(TESTED, 20)
    several = max(2, tested * DRAWN // TESTED)
    image_encoder, decoder = captioning.model.load_image_encoder(), captioning.model.build_caption_decoder(config)
    weights.load_into(decoder, "captioner", job.out)
    seen = scenes.sample(tested, 0, "test")
    grids = captioning.data.encode_scenes(image_encoder, seen).astype("float32")
    captioner = Captioner(image_encoder, CachedDecoder(decoder), vocabulary())
    job.add_measured("captioner", measure_captioner(captioner, seen, grids, several))


def measure_captioner(captioner: Captioner, seen: list[scenes.Scene], grids: np.ndarray, several: int) -> dict:
    """What `train.evaluate` gives for greedy captions of scenes, and for `DRAWS` of each of the first `several`."""
    measured: dict = {"scenes": len(seen), "drawn_scenes": several, "draws": DRAWS, "seed": 0}
    for length in LENGTHS:
        greedy = captioning.train.generate_captions(DecodingStrategy("", captioner), grids, length, 1)
        sampled = DecodingStrategy("", captioner, top_p=1.0)
        drawn = captioning.train.generate_captions(sampled, grids[:several], length, DRAWS)
        measured[length] = {
            "likeliest": captioning.train.evaluate(greedy, seen),
            "drawn": captioning.train.evaluate(drawn, seen[:several]),
        }
    return measured


NETWORK = runner.Network("captioner", train)
add_arguments, run = NETWORK.add_arguments, NETWORK.run
