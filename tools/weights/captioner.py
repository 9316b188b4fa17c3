"""`python -m tools weights captioner`: make the shipped caption decoders and the discriminator of lesson 05 again.

One to two hours on 2 cores. It can be stopped at any time and run again: it goes on from its last checkpoint.
They use the shipped image encoder, which `python -m tools weights image_encoder` makes.
"""

from dataclasses import asdict, replace

from tools.weights import runner
from vistext import scenes
from vistext.nn import weights
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras
from vistext.tasks import captioning
from vistext.tasks.captioning.data import vocabulary
from vistext.tasks.captioning.model import LENGTHS, Captioner, CaptionerConfig, Discriminator
from vistext.tasks.captioning.train import DecodingStrategy, Recipe

TESTED = 2000  # scenes of the test split that are described once
DRAWN = 200  # of these, are described 20 times
DRAWS = 20
RECIPE = Recipe()
DATA = "scenes of the drawn world, training split, and true sentences about them"
TAKES = "grids of the image encoder, ids int32 [n, s, t], lengths int32 [n, s]"
ABOUT = {
    "captioner": ("say which word comes next, taught by likelihood", TAKES, "logits float32 [n, s, t, words]"),
    "captioner_gan": ("the same, taught by a discriminator as well", TAKES, "logits float32 [n, s, t, words]"),
    "discriminator": (
        "tell what people say of a picture from what they do not",
        "grids of the image encoder, words float32 [n, s, t, words]",
        "what each word adds to the score, float32 [n, s, t]",
    ),
}


def train(job: runner.Job) -> str:
    """Train by likelihood, then against a discriminator; measure; save.

    What a stage made lies in the checkpoint as it would be shipped, and is not made again.
    """
    config = CaptionerConfig(words=len(vocabulary()))
    image_encoder = captioning.model.load_image_encoder()
    decoder = _captioner(job, image_encoder, config)
    names = ("captioner", *_adversarial(job, image_encoder, decoder, config))
    job.publish(job.checkpoint, *names)
    measure(job, config)
    return f"The cards are in {job.out}."


def _captioner(job: runner.Job, image_encoder: keras.Model, config: CaptionerConfig) -> keras.Model:
    """The caption decoder trained by likelihood, and then fine-tuned, as it is shipped."""
    recipe = job.shortened(replace(RECIPE, finder=job.shortened(RECIPE.finder)))
    further = tuple(map(job.shortened, captioning.train.FINETUNING))
    began, unfinished = job.checkpoint / "began", job.checkpoint / "decoder"
    decoder = captioning.model.build_caption_decoder(config)
    if not (began / "captioner.json").exists():
        trained, history = captioning.train.train(
            recipe, image_encoder, config, precision=job.precision, checkpoint=unfinished
        )
        job.check(history)
        decoder.set_weights(trained.get_weights())
        _save(job, began, config, {"captioner": decoder}, asdict(recipe))
    weights.load_into(decoder, "captioner", began)
    if not (job.checkpoint / "captioner.json").exists():
        if not captioning.train.finetune(further, image_encoder, decoder, checkpoint=unfinished):
            raise runner.InterruptedTrainingError
        how = {**asdict(recipe), "further": [asdict(each) for each in further]}
        _save(job, job.checkpoint, config, {"captioner": decoder}, how)
    weights.load_into(decoder, "captioner", job.checkpoint)
    return decoder


def _adversarial(
    job: runner.Job, image_encoder: keras.Model, decoder: keras.Model, config: CaptionerConfig
) -> dict[str, keras.Model]:
    """Both networks after the adversarial training, before which the discriminator learns alone for long."""
    discriminator, known = captioning.model.build_discriminator(config), job.checkpoint / "known"
    practice, runs = job.shortened(captioning.train.PRACTICE), tuple(map(job.shortened, captioning.train.RUNS))
    if not (known / "discriminator.json").exists():
        captioning.model.init_discriminator(discriminator, decoder)
        unfinished = job.checkpoint / "practice"
        job.check(
            captioning.train.train_adversarial(practice, image_encoder, decoder, discriminator, checkpoint=unfinished)
        )
        _save(job, known, config, {"discriminator": discriminator}, asdict(practice))
    weights.load_into(discriminator, "discriminator", known)
    if not captioning.train.train_adversarial_average(
        runs, image_encoder, decoder, discriminator, checkpoint=job.checkpoint / "games"
    ):
        raise runner.InterruptedTrainingError
    captioning.model.apply_temperature(decoder, runs[0].temperature)
    networks = {"captioner_gan": decoder, "discriminator": discriminator}
    how = {"practice": asdict(practice), "game": asdict(runs[0]), "seeds": [each.seed for each in runs]}
    _save(job, job.checkpoint, config, networks, how)
    return networks


def _save(job: runner.Job, folder, config: CaptionerConfig, networks: dict[str, keras.Model], recipe: dict) -> None:
    """Save networks with cards, on which what was measured is still missing."""
    for name, network in networks.items():
        about = dict(zip(("task", "takes", "gives"), ABOUT[name], strict=True)) | {"data": DATA}
        job.save(network, name, about, recipe, config=config, folder=folder, words=list(vocabulary().words))


def measure(job: runner.Job, config: CaptionerConfig) -> None:
    """Measure on test scenes what is shipped, and write it on the cards."""
    tested = job.count(TESTED, 20)
    several = max(2, tested * DRAWN // TESTED)
    image_encoder, discriminator = captioning.model.load_image_encoder(), captioning.model.build_discriminator(config)
    weights.load_into(discriminator, "discriminator", job.out)
    seen = scenes.sample(tested, 0, "test")
    grids = captioning.model.encode_images(image_encoder, scenes.draw_many(seen).pictures)
    for name in ("captioner", "captioner_gan"):
        decoder = captioning.model.build_caption_decoder(config)
        weights.load_into(decoder, name, job.out)
        captioner = Captioner(image_encoder, CachedDecoder(decoder), vocabulary())
        measured = {}
        for length in LENGTHS:
            likeliest = captioning.train.generate_captions(DecodingStrategy("likeliest", captioner), grids, length, 1)
            drawn = captioning.train.generate_captions(
                DecodingStrategy("drawn", captioner, top_p=1.0), grids[:several], length, DRAWS
            )
            measured[length] = {
                "likeliest": captioning.train.evaluate(likeliest, seen),
                "drawn": captioning.train.evaluate(drawn, seen[:several]),
            }
        job.add_measured(name, measured | {"scenes": tested, "drawn_scenes": several, "draws": DRAWS, "seed": 0})
    scorer = Discriminator(image_encoder, discriminator, vocabulary())
    areas = {n: round(captioning.train.evaluate_discriminator(scorer, grids, seen, n), 4) for n in LENGTHS}
    job.add_measured("discriminator", {"auc_mismatched": areas, "scenes": tested, "seed": 0})


NETWORK = runner.Network("captioner", train)
add_arguments, run = NETWORK.add_arguments, NETWORK.run
