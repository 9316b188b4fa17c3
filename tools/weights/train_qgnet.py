"""`python -m tools weights qgnet`: the shipped networks of lesson 06: answers, questions, easy-VQA's; and their cards.

About an hour on 2 cores. It can be stopped at any time and run again: it goes on from its last checkpoint.
"""

import argparse
import platform
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

from tools.weights import options
from vistext import scenes
from vistext.data import easyvqa
from vistext.data.vocabulary import Vocabulary
from vistext.nn import weights
from vistext.nn.engine import keras, tf
from vistext.nn.training import fastest_dtype_policy
from vistext.scenes import TRAIN_SEED_OFFSET
from vistext.tasks import captioning, vqa
from vistext.tasks.vqa.model import QGNetConfig
from vistext.tasks.vqa.train import Recipe, TrainResult, VqaDataset

CHECKPOINT = Path("checkpoints/qgnet")
SCENES, ASKED, CROWDED, TWINS = 16_000, 10, 0.8, 0.4  # to learn from, questions about each; see `telling.crowd`
TESTED, QUESTIONS = 2000, 4  # scenes of each split, and questions about each
POSED = 300  # of these scenes, questions are posed about: each wish takes several
KEPT_ASIDE = (0.1, 0)  # of easy-VQA's training split, to choose recipes by; see `easyvqa.validation`
NUCLEUS = 0.8  # of which questions are drawn
EASY = QGNetConfig(
    words=0, widths=(24, 64, 96, 128), depth=1, width=64, reading=1, writing=1
)  # one object in a picture
DRAWN = Recipe(QGNetConfig(words=0, placed=True), steps=900)
RECIPES = {
    "qgnet_easyvqa": Recipe(EASY, steps=5000, size=32, asked=4, learning_rate=0.1, momentum=0.6),
    "qgnet": DRAWN,
    "question_generator": replace(DRAWN, steps=1000),
}
TASKS = {
    "qgnet_easyvqa": (
        "answer questions of easy-VQA in a word",
        "questions and words so far",
        "easy-VQA, nine tenths of its training split",
    ),
    "qgnet": ("answer questions about a scene in a sentence", "questions and words so far", "the drawn world"),
    "question_generator": (
        "ask a question that has a given answer",
        "short answers and words so far",
        "the drawn world",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    options.declare_training(parser, CHECKPOINT)
    options.declare_precision(parser)
    parser.add_argument("--only", choices=tuple(RECIPES), help="one of the networks (default: all)")


def run(arguments: argparse.Namespace) -> int:
    """Train, ship and measure one network after the other."""
    precision, share = arguments.precision or fastest_dtype_policy(), arguments.share
    for name in RECIPES if arguments.only is None else (arguments.only,):
        reached = arguments.checkpoint / name
        if arguments.fresh:
            shutil.rmtree(reached, ignore_errors=True)
        if not (reached / f"{name}.json").exists():
            recipe, quiz, words = prepared(name, share)
            trained = vqa.train.train(recipe, quiz, precision=precision, checkpoint=reached / "unfinished", label=name)
            if trained.history.interrupted:
                return options.interrupted()
            ship(name, trained, recipe.network, words, folder=reached, share=share)
        arguments.out.mkdir(parents=True, exist_ok=True)
        for file in reached.glob(f"{name}*.*"):
            shutil.copy(file, arguments.out)
        measured = measure(name, arguments.out, max(20, round(TESTED * min(1.0, share))))
        weights.write_card(weights.card(name, arguments.out) | {"measured": measured}, name, arguments.out)
        shutil.rmtree(reached)
        print(f"The card is {arguments.out / name}.json.")
    return 0


def prepared(name: str, share: float = 1.0) -> tuple[Recipe, VqaDataset, Vocabulary]:
    """What a network learns from.

    Args:
        name: one of `RECIPES`.
        share: of the full training.

    Returns:
        Its recipe, the quiz, and the words.
    """
    if name == "qgnet_easyvqa":
        train = easyvqa.load().train
        words = vqa.train.easy_vocabulary(train)
        quiz = vqa.train.easyvqa_dataset(easyvqa.validation(train, *KEPT_ASIDE)[0], words, ASKED)
    else:
        words, count = vqa.train.vocabulary(), max(100, round(SCENES * min(1.0, share)))
        seen = captioning.data.sample_crowded(count, CROWDED, TRAIN_SEED_OFFSET, TWINS)
        grids = captioning.data.encode_scenes(captioning.model.load_image_encoder(), seen)
        quiz = vqa.train.world_dataset(grids, seen, ASKED, reverse=name == "question_generator")
    recipe = RECIPES[name]
    network = replace(recipe.network, words=len(words))
    return replace(recipe, network=network, steps=max(1, round(recipe.steps * share))), quiz, words


def ship(
    name: str, trained: TrainResult, network: QGNetConfig, words: Vocabulary, *, folder: Path, share: float
) -> None:
    """Save a network, and its eye if it has one of its own, with cards on which what was measured is still missing.

    Args:
        name: one of `RECIPES`.
        trained: as `answering.train` returns it.
        network: its sizes.
        words: that it knows.
        folder: where to.
        share: of the full training.
    """
    task, read, data = TASKS[name]
    config = asdict(network)
    del config["precision"]  # shipped weights are float32, whatever they were trained in
    recipe = {key: value for key, value in asdict(RECIPES[name]).items() if key != "network"}
    card = {
        "name": name,
        "task": task,
        "takes": f"grids of the eye, ids int32 [n, s, t] and [n, s, u]: {read}",
        "gives": "logits float32 [n, s, u, words]",
        "data": data,
        "recipe": {"command": "python -m tools weights qgnet", "share": share, **recipe},
        "config": config,
        "words": list(words.words),
        "image_encoder": "image_encoder" if trained.image_encoder is None else f"{name}_image_encoder",
        "made": time.strftime("%Y-%m-%d"),
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
    }
    weights.save(vqa.model.joint_model(trained.encoder, trained.decoder), name, card, folder)
    if trained.image_encoder is not None:
        seen = {
            "name": card["image_encoder"],
            "task": f"look at a picture of {data}",
            "takes": "uint8 [n, 64, 64, 3] RGB",
            "gives": f"float32 [n, 64, {network.widths[2]}]: 8 × 8 cells",
        }
        weights.save(trained.image_encoder, card["image_encoder"], card | seen, folder)


def measure(name: str, folder: Path = weights.FOLDER, count: int = TESTED) -> dict:
    """How good a shipped network is, on pictures that it has never seen; for its card.

    Args:
        name: one of `RECIPES`.
        folder: where its weights are.
        count: scenes of each split, where they are drawn.

    Returns:
        What `answering.measure_easy`, `answering.measure` or `answering.measure_asker` say, for each split.
    """
    if name == "qgnet_easyvqa":
        data, network = easyvqa.load(), vqa.model.load(name, folder)
        splits = {"validation": easyvqa.validation(data.train, *KEPT_ASIDE)[1], "test": data.test}
        return {split: vqa.train.evaluate_easyvqa(network, asked) for split, asked in splits.items()}
    network = (
        vqa.model.load_question_generator(folder) if name == "question_generator" else vqa.model.load(name, folder)
    )
    count = min(count, POSED) if name == "question_generator" else count
    measured = {"scenes": count, "questions": QUESTIONS, "seed": 0}
    for split in ("test", "compositional"):
        seen = scenes.sample(count, 0, split)
        grids = captioning.data.encode_scenes(network.image_encoder, seen)
        if name == "question_generator":
            answers = vqa.model.load("qgnet", folder if (folder / "qgnet.json").exists() else weights.FOLDER)
            found = {
                name: vqa.train.evaluate_question_generator(
                    network, answers, grids, seen, count=QUESTIONS, top_p=NUCLEUS, round_trip=name == "asked_back"
                )
                for name in ("first_draw", "asked_back")
            }
        else:
            rows, asked = vqa.train.sample_questions(seen, QUESTIONS)
            said = vqa.train.predict(network, grids[rows], [one.question for one in asked])
            found = vqa.train.evaluate(said, asked, [seen[row] for row in rows])
        measured[split] = found
    return measured
