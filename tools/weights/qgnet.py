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
from vistext.scenes import TRAIN_SEED_OFFSET
from vistext.tasks import captioning, vqa
from vistext.tasks.vqa.model import QGNetConfig
from vistext.tasks.vqa.train import Recipe, TrainResult, VqaDataset

SCENES, ASKED, CROWDED, TWINS = (
    16_000,
    10,
    0.8,
    0.4,
)  # to learn from, questions about each; see `captioning.data.sample_crowded`
TESTED, QUESTIONS = 2000, 4  # scenes of each split, and questions about each
POSED = 300  # of these scenes, questions are posed about: each wish takes several
KEPT_ASIDE = (0.1, 0)  # of easy-VQA's training split, to choose recipes by; see `easyvqa.validation`
NUCLEUS = 0.8  # of which questions are drawn
EASY = QGNetConfig(
    words=0, widths=(24, 64, 96, 128), depth=1, width=64, reading=1, writing=1
)  # one object in a picture
DRAWN = Recipe(QGNetConfig(words=0, placed=True), steps=900)
RECIPES = {
    "qgnet_easyvqa": Recipe(EASY, steps=5000, batch_size=32, asked=4, learning_rate=0.1, momentum=0.6),
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
            _save(job, name, trained, network=recipe.network, words=words, folder=reached)
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
        seen = captioning.data.sample_crowded(job.count(SCENES, 100), CROWDED, TRAIN_SEED_OFFSET, TWINS)
        grids = captioning.data.encode_scenes(captioning.model.load_image_encoder(), seen)
        quiz = vqa.train.world_dataset(grids, seen, ASKED, reverse=name == "question_generator")
    recipe = RECIPES[name]
    return job.shortened(replace(recipe, network=replace(recipe.network, words=len(words)))), quiz, words


def _save(
    job: runner.Job, name: str, trained: TrainResult, *, network: QGNetConfig, words: Vocabulary, folder: Path
) -> None:
    """Save a network, and its image encoder if it has one of its own, with cards that lack what is measured."""
    task, read, data = TASKS[name]
    own_encoder = f"{name}_image_encoder"
    about = {
        "task": task,
        "takes": f"grids of the image encoder, ids int32 [n, s, t] and [n, s, u]: {read}",
        "gives": "logits float32 [n, s, u, words]",
        "data": data,
    }
    more = {
        "words": list(words.words),
        "image_encoder": "image_encoder" if trained.image_encoder is None else own_encoder,
    }
    recipe = runner.settings(RECIPES[name])
    joint = vqa.model.joint_model(trained.encoder, trained.decoder)
    job.save(joint, name, about, recipe, config=network, folder=folder, **more)
    if trained.image_encoder is not None:
        about = {
            "task": f"look at a picture of {data}",
            "takes": "uint8 [n, 64, 64, 3] RGB",
            "gives": f"float32 [n, 64, {network.widths[2]}]: 8 × 8 cells",
            "data": data,
        }
        job.save(trained.image_encoder, own_encoder, about, recipe, config=network, folder=folder, **more)


def measure(name: str, folder: Path = weights.FOLDER, count: int = TESTED) -> dict:
    """How good a shipped network is on unseen pictures, for each split: on so many scenes, where they are drawn."""
    if name == "qgnet_easyvqa":
        data, answers = easyvqa.load(), vqa.model.load(name, folder)
        splits = {"validation": easyvqa.validation(data.train, *KEPT_ASIDE)[1], "test": data.test}
        return {split: vqa.train.evaluate_easyvqa(answers, asked) for split, asked in splits.items()}
    questions = name == "question_generator"
    network = vqa.model.load_question_generator(folder) if questions else vqa.model.load(name, folder)
    count = min(count, POSED) if questions else count
    measured: dict[str, Any] = {"scenes": count, "questions": QUESTIONS, "seed": 0}
    for split in ("test", "compositional"):
        seen = scenes.sample(count, 0, split)
        grids = captioning.data.encode_scenes(network.image_encoder, seen)
        if isinstance(network, vqa.model.QuestionGenerator):
            answers = vqa.model.load("qgnet", folder if (folder / "qgnet.json").exists() else weights.FOLDER)
            measured[split] = {
                how: vqa.train.evaluate_question_generator(
                    network, answers, grids, seen, count=QUESTIONS, top_p=NUCLEUS, round_trip=how == "asked_back"
                )
                for how in ("first_draw", "asked_back")
            }
        else:
            rows, asked = vqa.train.sample_questions(seen, QUESTIONS)
            answered = vqa.train.predict(network, grids[rows], [one.question for one in asked])
            measured[split] = vqa.train.evaluate(answered, asked, [seen[row] for row in rows])
    return measured


NETWORK = runner.Network("qgnet", train, parts=tuple(RECIPES))
add_arguments, run = NETWORK.add_arguments, NETWORK.run
