"""`python -m tools weights photo_captioner`: train a captioner of real photographs, with its card; none ships yet.

Needs Flickr8k (see `vistext.data.flickr8k`), of which nothing is in the weights' files but the words of its captions.
It can be stopped at any time and run again: it goes on from its last checkpoint.
"""

from tools.weights import runner
from vistext.data import flickr8k
from vistext.nn.decoder import CachedDecoder
from vistext.tasks import photographs
from vistext.tasks.photographs.model import Config, PhotoCaptioner, build
from vistext.tasks.photographs.train import Recipe

RECIPE = Recipe()
ABOUT = {
    "task": "one sentence about a photograph of everyday life",
    "takes": "features of the backbone, float [n, 49, 1280], and ids int32 [n, s, t]: the words so far",
    "gives": "float32 [n, s, t, words]: logits of the next word",
    "data": "Flickr8k, 6,000 photographs with five captions each (Hodosh, Young and Hockenmaier 2013)",
    "license": "Flickr8k is for research and teaching; so are these weights",
}


def train(job: runner.Job) -> str:
    """Train, measure, save."""
    data = flickr8k.load()
    vocabulary = photographs.train.build_vocabulary(data.train)
    config, recipe = Config(len(vocabulary)), job.shortened(RECIPE)
    grids = photographs.train.features(data.train)
    ids = photographs.train.encode_captions(vocabulary, data.train.captions)
    model, history = photographs.train.train(recipe, config, grids, ids, checkpoint=job.checkpoint)
    job.check(history, f"step {len(history.loss)} of {recipe.steps}")
    shipped = runner.as_shipped(model, build(config), "photo_captioner", job.out)
    captioner = PhotoCaptioner(CachedDecoder(shipped), vocabulary)
    measured = {
        name: photographs.train.evaluate(captioner, photographs.train.features(split), split.captions)
        for name, split in (("validation", data.validation), ("test", data.test))
    }
    words = list(vocabulary.words)
    job.save(shipped, "photo_captioner", ABOUT, recipe, config=config, words=words, measured=measured)
    return (
        f"CIDEr-D on the test split {measured['test']['beam']['cider_d']}; the card is {job.out}/photo_captioner.json."
    )


NETWORK = runner.Network("photo_captioner", train, precision=False)
add_arguments, run = NETWORK.add_arguments, NETWORK.run
