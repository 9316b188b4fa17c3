"""`python -m tools weights captioner`: make the shipped writers and the judge of lesson 05 again, and their cards.

One to two hours on 2 cores. It can be stopped at any time and run again: it goes on from its last checkpoint.
They see with the shipped eye, which `python -m tools weights image_encoder` makes.
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
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras, tf
from vistext.nn.training import fastest_dtype_policy
from vistext.tasks import captioning
from vistext.tasks.captioning.data import vocabulary
from vistext.tasks.captioning.model import LENGTHS, Captioner, CaptionerConfig, Discriminator
from vistext.tasks.captioning.train import DecodingStrategy, Recipe

CHECKPOINT = Path("checkpoints/describer")
TESTED = 2000  # scenes of the test split that are described once
DRAWN = 200  # of these, are described 20 times
DRAWS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.declare_training(parser, CHECKPOINT)
    options.declare_precision(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train by likelihood, then against a judge; measure; save."""
    if arguments.fresh:
        shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    config = CaptionerConfig(words=len(vocabulary()))
    image_encoder, told, share = (
        captioning.model.load_image_encoder(),
        {"command": "python -m tools weights captioner"},
        arguments.share,
    )
    recipe = shortened(Recipe(), share)
    recipe = replace(recipe, finder=shortened(recipe.finder, share))
    further = tuple(shortened(each, share) for each in captioning.train.FINETUNING)
    began, unfinished = arguments.checkpoint / "began", arguments.checkpoint / "writer"
    if not (began / "captioner.json").exists():
        precision = arguments.precision or fastest_dtype_policy()
        trained, history = captioning.train.train(
            recipe, image_encoder, config, precision=precision, checkpoint=unfinished
        )
        if history.interrupted:
            return options.interrupted()
        writer = captioning.model.build_caption_decoder(config)
        writer.set_weights(trained.get_weights())
        ship(began, config, {"captioner": writer}, asdict(recipe))
    writer = captioning.model.build_caption_decoder(config)
    weights.load_into(writer, "captioner", began)
    if not (arguments.checkpoint / "captioner.json").exists():
        if not captioning.train.finetune(further, image_encoder, writer, checkpoint=unfinished):
            return options.interrupted()
        learned = {"share": share, **asdict(recipe), "further": [asdict(each) for each in further]}
        ship(arguments.checkpoint, config, {"captioner": writer}, told | learned)

    judge, known = captioning.model.build_discriminator(config), arguments.checkpoint / "known"
    practice, games = (
        shortened(captioning.train.PRACTICE, share),
        tuple(shortened(each, share) for each in captioning.train.RUNS),
    )
    weights.load_into(writer, "captioner", arguments.checkpoint)
    if not (known / "discriminator.json").exists():
        captioning.model.init_discriminator(judge, writer)
        match = captioning.train.train_adversarial(
            practice, image_encoder, writer, judge, checkpoint=arguments.checkpoint / "practice"
        )
        if match.interrupted:
            return options.interrupted()
        ship(known, config, {"discriminator": judge}, asdict(practice))
    weights.load_into(judge, "discriminator", known)
    if not captioning.train.train_adversarial_average(
        games, image_encoder, writer, judge, checkpoint=arguments.checkpoint / "games"
    ):
        return options.interrupted()
    captioning.model.apply_temperature(writer, games[0].temperature)
    networks = {"captioner_gan": writer, "discriminator": judge}
    played = {"share": share, "practice": asdict(practice), "game": asdict(games[0])}
    played["seeds"] = [each.seed for each in games]
    ship(arguments.checkpoint, config, networks, told | played)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in ("captioner", *networks):
        for file in arguments.checkpoint.glob(f"{name}.*"):
            shutil.copy(file, arguments.out)
    measure(arguments.out, config, max(20, round(TESTED * min(1.0, share))))
    shutil.rmtree(arguments.checkpoint, ignore_errors=True)
    print(f"The cards are in {arguments.out}.")
    return 0


def shortened(recipe, share: float):
    """The recipe with a share of its steps."""
    return replace(recipe, steps=max(1, round(recipe.steps * share)))


TASKS = {
    "image_encoder": (
        "look at a scene of the drawn world",
        "uint8 [n, 64, 64, 3] RGB",
        "float32 [n, 64, 160]: 8 × 8 cells",
    ),
    "captioner": (
        "say which word comes next, taught by likelihood",
        "grids of the eye, ids int32 [n, s, t], lengths int32 [n, s]",
        "logits float32 [n, s, t, words]",
    ),
    "captioner_gan": (
        "the same, taught by a judge as well",
        "grids of the eye, ids int32 [n, s, t], lengths int32 [n, s]",
        "logits float32 [n, s, t, words]",
    ),
    "discriminator": (
        "tell what people say of a picture from what they do not",
        "grids of the eye, words float32 [n, s, t, words]",
        "what each word adds to the score, float32 [n, s, t]",
    ),
}


def ship(folder: Path, config: CaptionerConfig, networks: dict[str, keras.Model], recipe: dict) -> None:
    """Save networks with cards, on which what was measured is still missing.

    Args:
        folder: where to.
        config: their sizes.
        networks: name → network, names as in `TASKS`.
        recipe: how they were trained.
    """
    sizes = asdict(config)
    del sizes["precision"]  # shipped weights are float32, whatever they were trained in
    for name, network in networks.items():
        task, takes, gives = TASKS[name]
        card = {
            "name": name,
            "task": task,
            "takes": takes,
            "gives": gives,
            "data": "scenes of the drawn world, training split, and true sentences about them",
            "recipe": recipe,
            "config": sizes,
            "words": list(vocabulary().words),
            "made": time.strftime("%Y-%m-%d"),
            "versions": {
                "python": platform.python_version(),
                "tensorflow": tf.__version__,
                "keras": keras.__version__,
            },
        }
        weights.save(network, name, card, folder)


def measure(folder: Path, config: CaptionerConfig, tested: int = TESTED) -> None:
    """Measure on so many test scenes what is shipped, and write it on the cards."""
    image_encoder, judge, several = (
        captioning.model.load_image_encoder(),
        captioning.model.build_discriminator(config),
        max(2, tested * DRAWN // TESTED),
    )
    weights.load_into(judge, "discriminator", folder)
    seen = scenes.sample(tested, 0, "test")
    grids = captioning.model.encode_images(image_encoder, scenes.draw_many(seen).pictures)
    for name in ("captioner", "captioner_gan"):
        writer = captioning.model.build_caption_decoder(config)
        weights.load_into(writer, name, folder)
        speaks = Captioner(image_encoder, CachedDecoder(writer), vocabulary())
        measured = {}
        for length in LENGTHS:
            likeliest = captioning.train.generate_captions(DecodingStrategy("likeliest", speaks), grids, length, 1)
            drawn = captioning.train.generate_captions(
                DecodingStrategy("drawn", speaks, top_p=1.0), grids[:several], length, DRAWS
            )
            measured[length] = {
                "likeliest": captioning.train.evaluate(likeliest, seen),
                "drawn": captioning.train.evaluate(drawn, seen[:several]),
            }
        note(folder, name, measured | {"scenes": tested, "drawn_scenes": several, "draws": DRAWS, "seed": 0})
    heard = Discriminator(image_encoder, judge, vocabulary())
    told = {length: round(captioning.train.evaluate_discriminator(heard, grids, seen, length), 4) for length in LENGTHS}
    note(folder, "discriminator", {"auc_mismatched": told, "scenes": tested, "seed": 0})


def note(folder: Path, name: str, measured: dict) -> None:
    """Write what was measured on a card."""
    card = weights.card(name, folder) | {"measured": measured}
    weights.write_card(card, name, folder)
