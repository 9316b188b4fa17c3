"""`python -m tools study vqa_ablation`: does QG-Net use the picture, and does it use the question?

For easy-VQA and for the drawn world, the same small network is trained on the same questions: with both inputs;
question-only, with an empty picture; and image-only, with an empty question. The one with both
inputs is also tested with shuffled pictures: each question about another one. Several seeds, of first weights and of
batches. The networks are tested on the test split, once; how they are trained was chosen on validation pictures.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vistext import scenes
from vistext.data import easyvqa
from vistext.data.vocabulary import END, START, Vocabulary
from vistext.nn import decoding
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras
from vistext.scenes import TRAIN_SEED_OFFSET
from vistext.studies import results as stored
from vistext.studies.results import mean_and_deviation, provenance, run_cells, select
from vistext.tasks import captioning, vqa
from vistext.tasks.vqa.model import MAX_LENGTH, QGNet, QGNetConfig
from vistext.tasks.vqa.train import Recipe, VqaDataset

load = partial(stored.load, "vqa_ablation", "three quarters of an hour")
QUESTIONS_PER_PICTURE = 10  # in training
GRID = (captioning.model.GRID**2,)

# Condition → the input that is withheld in training and in the test.
CONDITIONS = {"both": "", "shuffled": "", "question-only": "picture", "image-only": "question"}
SMALL = QGNetConfig(0, widths=(16, 48, 64, 96), depth=1, width=64, reading=1, writing=1)
EASY_RECIPE = Recipe(SMALL, steps=500, momentum=0.6, batch_size=32, asked=4, learning_rate=0.1)
DRAWN_RECIPE = Recipe(QGNetConfig(0), steps=300, batch_size=32, asked=4, learning_rate=0.1)


@dataclass(frozen=True)
class StudyConfig:
    """The plan of the study; the defaults are those of the stored results."""

    seeds: tuple[int, ...] = (0, 1, 2)
    scenes: int = 6000  # of the drawn world, to train on
    test_scenes: int = 1000
    questions: int = 4  # about each of these
    easy: Recipe = EASY_RECIPE
    drawn: Recipe = DRAWN_RECIPE


FULL = StudyConfig()
QUICK = StudyConfig(
    seeds=(0, 1),
    scenes=20,
    test_scenes=5,
    easy=replace(StudyConfig().easy, steps=2, batch_size=4),
    drawn=replace(StudyConfig().drawn, steps=2, batch_size=4),
)


class Data(NamedTuple):
    """Training and test questions."""

    recipe: Recipe
    words: Vocabulary
    training: VqaDataset
    pictures: np.ndarray  # test pictures uint8 [n, 64, 64, 3], or grids
    rows: np.ndarray  # int [questions]: the picture that each question is about
    questions: list[str]
    answers: list[str]
    kinds: list[str]  # of the questions
    image_encoder: keras.Model | None  # of the grids


def easy_vqa(plan: StudyConfig) -> Data:
    """easy-VQA: nine tenths of its training split, and its whole test split."""
    data = easyvqa.load()
    words = vqa.train.easy_vocabulary(data.train)
    training = vqa.train.easyvqa_dataset(easyvqa.validation(data.train, 0.1, 0)[0], words, QUESTIONS_PER_PICTURE)
    test = data.test
    kinds = ["yes or no" if answer in ("yes", "no") else "shape or colour" for answer in test.answers]
    recipe = replace(plan.easy, network=replace(plan.easy.network, words=len(words)))
    questions, answers = list(test.questions), list(test.answers)
    return Data(recipe, words, training, test.pictures, test.picture_of, questions, answers, kinds, None)


def world(plan: StudyConfig) -> Data:
    """The drawn world, encoded by lesson 05's image encoder."""
    image_encoder = captioning.model.load_image_encoder()
    train, test = scenes.sample(plan.scenes, TRAIN_SEED_OFFSET, "train"), scenes.sample(plan.test_scenes, 1, "test")
    grids, test_grids = (captioning.data.encode_scenes(image_encoder, pool) for pool in (train, test))
    training = vqa.train.world_dataset(grids, train, QUESTIONS_PER_PICTURE)
    rows, questions = vqa.train.sample_questions(test, plan.questions, seed=1)
    words = vqa.train.vocabulary()
    recipe = replace(plan.drawn, network=replace(plan.drawn.network, words=len(words)))
    texts, answers, kinds = zip(*((each.question, each.answer, each.kind) for each in questions), strict=True)
    columns = list(texts), list(answers), list(kinds)
    return Data(recipe, words, training, test_grids, rows, *columns, image_encoder)


SETS: dict[str, Callable[[StudyConfig], Data]] = {"easy-VQA": easy_vqa, "drawn world": world}


def run(plan: StudyConfig, out: Path, *, fresh: bool = False) -> dict:
    """Measure the cells (data set, seed, condition) of a plan; see `results.run_cells`."""
    load_data = cache(lambda name: SETS[name](plan))
    network = lru_cache(1)(lambda name, seed, without: train_network(load_data(name), without, seed))

    def measure(data: str, seed: int, condition: str) -> dict:
        return test_network(network(data, seed, CONDITIONS[condition]), load_data(data), condition, seed)

    keys = ("data", "seed", "condition")
    cells = [dict(zip(keys, cell, strict=True)) for cell in product(SETS, plan.seeds, CONDITIONS)]
    question = "Does a network that answers look at the picture, and read the question?"
    return run_cells(out, provenance("looking", question, plan), cells, measure, fresh=fresh)


def train_network(data: Data, without: str, seed: int) -> QGNet:
    """A network that is trained without the picture, without the question, or with both ("")."""
    training = data.training
    if without == "picture" and data.image_encoder is None:  # empty pictures need not be encoded
        grids = np.zeros((len(training.pictures), *GRID, data.recipe.network.widths[2]), "float16")
        training = replace(training, pictures=grids)
    trained = vqa.train.train(replace(data.recipe, without=without, seed=seed), training, bar=False)
    return QGNet(
        trained.image_encoder or data.image_encoder, trained.encoder, CachedDecoder(trained.decoder), data.words
    )


def test_network(network: QGNet, data: Data, condition: str, seed: int) -> dict[str, dict[str, float]]:
    """Shares of test questions that a network answers word for word: "exact", of "all" and of each kind."""
    grids, rows, questions = data.pictures, data.rows, data.questions
    if condition == "question-only":
        grids = np.zeros((len(grids), *GRID, data.recipe.network.widths[2]), "float32")
    elif grids.dtype == np.uint8:
        grids = captioning.model.encode_images(network.image_encoder, grids)
    if condition == "shuffled":
        rows = derangement(len(grids), np.random.default_rng(seed))[rows]
    if condition == "image-only":
        answers = np.array(image_only_answers(network, grids))[rows]
    else:
        answers = np.array(vqa.train.predict(network, grids[rows], questions))
    right, kinds = answers == np.array(data.answers), np.array(data.kinds)
    shares = {"all": right.mean()} | {kind: right[kinds == kind].mean() for kind in dict.fromkeys(data.kinds)}
    return {"exact": {name: round(float(share), 5) for name, share in shares.items()}}


def image_only_answers(network: QGNet, grids: np.ndarray) -> list[str]:
    """The answers to an empty question about each picture: grids [n, 64, c] → n texts."""
    empty = np.tile(np.array([START, END], "int32"), (len(grids), 1, 1))
    memory = np.asarray(network.encoder([grids.astype("float32"), empty], training=False))[:, 0]
    return network.vocabulary.decode(decoding.generate(network.decoder, (memory,), max_length=MAX_LENGTH - 1).ids)


def derangement(n: int, rng: np.random.Generator) -> np.ndarray:
    """For each of n pictures another one, int [n]: a cycle through all of them, in a random order."""
    order, others = rng.permutation(n), np.empty(n, int)
    others[order] = np.roll(order, 1)
    return others


def series(results: dict, data: str, condition: str, kind: str = "all") -> np.ndarray:
    """Share of questions answered word for word, for each seed: float64 [seeds]; see `SETS`, `CONDITIONS`, `kinds`."""
    return np.array([cell["exact"][kind] for cell in select(results, data=data, condition=condition)])


def table(results: dict) -> str:
    """Mean and standard deviation over the seeds, in per cent: a line a condition, a column a data set."""
    rows = {
        condition: [mean_and_deviation(100 * series(results, name, condition)) for name in SETS]
        for condition in CONDITIONS
    }
    return stored.table(" " * 14, tuple(SETS), rows, "{:9.1f} ± {:4.1f}")


def kinds(results: dict, data: str) -> Iterator[str]:
    """The kinds of question about a data set, "all" first."""
    yield from next(cell["exact"] for cell in results["cells"] if cell["data"] == data)
