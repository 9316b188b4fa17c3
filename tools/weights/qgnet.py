"""`python -m tools weights qgnet`: the shipped networks of lesson 06: answers, questions, easy-VQA's; and their cards.

About an hour on 2 cores. It can be stopped at any time and run again: it goes on from its last checkpoint.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from tools.weights import runner
from vistext import scenes
from vistext.data import easyvqa
from vistext.data.vocabulary import Vocabulary
from vistext.nn import weights
from vistext.tasks import captioning, vqa
from vistext.tasks.vqa.model import QGNetConfig
from vistext.tasks.vqa.train import Recipe, TrainResult, VqaDataset

SCENES, ASKED = 16_000, 10  # to learn from, and questions about each
TESTED, QUESTIONS = 2000, 4  # scenes of each split, and questions about each
POSED = 300  # of these scenes, questions are posed about: each wish takes several
KEPT_ASIDE = (0.1, 0)  # of easy-VQA's training split, to choose recipes by; see `easyvqa.validation`
NUCLEUS = 0.8  # of which questions are drawn
# One object in a picture.
EASY = QGNetConfig(words=0, widths=(24, 64, 96, 128), depth=1, width=64, reading=1, writing=1)
DRAWN = Recipe(QGNetConfig(words=0, placed=True), steps=900)
RECIPES = {
    "qgnet_easyvqa": Recipe(EASY, steps=5000, batch_size=32, asked=4, learning_rate=0.1, momentum=0.6),
    "qgnet": DRAWN,
    "question_generator": replace(DRAWN, steps=1000),
}
TASKS = {  # what the network does, from what, learned from what
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


def train(job: runner.Job) -> str:
    """Train, save and measure one network after the other."""
    names = (job.only,) if job.only else tuple(RECIPES)
    for name in names:
        reached = job.checkpoint / name
        if not (reached / f"{name}.json").exists():
            recipe, data, words = _prepare(job, name)
            trained = vqa.train.train(
                recipe, data, precision=job.precision, checkpoint=reached / "unfinished", label=name
            )
            job.check(trained.history)
            _save(job, name, trained, recipe.network, words)
        job.publish(reached, f"{name}*")
        job.add_measured(name, measure(name, job.out, job.count(TESTED, 20)))
        shutil.rmtree(reached)
    return f"The cards of {', '.join(names)} are in {job.out}."


def _prepare(job: runner.Job, name: str) -> tuple[Recipe, VqaDataset, Vocabulary]:
    """A network's recipe, what it learns from, and the words that it knows."""
    if name == "qgnet_easyvqa":
        train = easyvqa.load().train
        words = vqa.train.easy_vocabulary(train)
        quiz = vqa.train.easyvqa_dataset(easyvqa.validation(train, *KEPT_ASIDE)[0], words, ASKED)
    else:
        words = vqa.train.vocabulary()
        seen, grids = runner.training_scenes(job.count(SCENES, 100))
        quiz = vqa.train.world_dataset(grids, seen, ASKED, reverse=name == "question_generator")
    recipe = RECIPES[name]
    return job.shortened(replace(recipe, network=replace(recipe.network, words=len(words)))), quiz, words


def _save(job: runner.Job, name: str, trained: TrainResult, network: QGNetConfig, words: Vocabulary) -> None:
    """Save a network, and its image encoder if it has one of its own, with cards that lack what is measured."""
    task, read, data = TASKS[name]
    own_encoder = f"{name}_image_encoder"
    about = {
        "task": task,
        "takes": f"grids of the image encoder, ids int32 [n, s, t] and [n, s, u]: {read}",
        "gives": "logits float32 [n, s, u, words]",
        "data": data,
    }
    more: dict[str, Any] = {
        "config": network,
        "folder": job.checkpoint / name,
        "words": list(words.words),
        "image_encoder": "image_encoder" if trained.image_encoder is None else own_encoder,
    }
    job.save(vqa.model.joint_model(trained.encoder, trained.decoder), name, about, RECIPES[name], **more)
    if trained.image_encoder is not None:
        about = {
            "task": f"look at a picture of {data}",
            "takes": "uint8 [n, 64, 64, 3] RGB",
            "gives": f"float32 [n, 64, {network.widths[2]}]: 8 × 8 cells",
            "data": data,
        }
        job.save(trained.image_encoder, own_encoder, about, RECIPES[name], **more)


def measure(name: str, folder: Path = weights.FOLDER, count: int = TESTED) -> dict:
    """How good a shipped network is on unseen pictures, for each split: on so many scenes, where they are drawn."""
    if name == "qgnet_easyvqa":
        data, answers = easyvqa.load(), vqa.model.load(name, folder)
        splits = {"validation": easyvqa.validation(data.train, *KEPT_ASIDE)[1], "test": data.test}
        return {split: vqa.train.evaluate_easyvqa(answers, asked) for split, asked in splits.items()}
    evaluate = _evaluate_questions if name == "question_generator" else _evaluate_answers
    count = min(count, POSED) if name == "question_generator" else count
    return runner.measure_splits(
        lambda split: evaluate(scenes.sample(count, 0, split), folder), scenes=count, questions=QUESTIONS
    )


def _evaluate_answers(seen: list[scenes.Scene], folder: Path) -> dict:
    network = vqa.model.load("qgnet", folder)
    grids = captioning.data.encode_scenes(network.image_encoder, seen)
    rows, asked = vqa.train.sample_questions(seen, QUESTIONS)
    answered = vqa.train.predict(network, grids[rows], [one.question for one in asked])
    return vqa.train.evaluate(answered, asked, [seen[row] for row in rows])


def _evaluate_questions(seen: list[scenes.Scene], folder: Path) -> dict:
    network = vqa.model.load_question_generator(folder)
    answers = vqa.model.load("qgnet", folder if (folder / "qgnet.json").exists() else weights.FOLDER)
    grids = captioning.data.encode_scenes(network.image_encoder, seen)
    return {
        how: vqa.train.evaluate_question_generator(
            network, answers, grids, seen, count=QUESTIONS, top_p=NUCLEUS, round_trip=how == "asked_back"
        )
        for how in ("first_draw", "asked_back")
    }


NETWORK = runner.Network("qgnet", train, parts=tuple(RECIPES))
add_arguments, run = NETWORK.add_arguments, NETWORK.run
