"""`python -m tools study vqa_ablation`: does QG-Net look at the picture, and does it read the question?

For easy-VQA and for the drawn world, the same small network learns from the same questions: with all that it is given;
blind, with an empty picture; and deaf, with an empty question. The one that was given everything is also asked about
shuffled pictures: each question about another one. Several seeds, of first weights and of batches. The networks are
tested on the test split, once; how they are trained was chosen on validation pictures.
"""

import json
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from vistext import scenes
from vistext.data import easyvqa
from vistext.data.vocabulary import END, START, Vocabulary
from vistext.nn import decoding
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras, tf
from vistext.scenes import TRAIN_SEED_OFFSET
from vistext.studies import results as stored
from vistext.studies.results import FOLDER, resume, write
from vistext.tasks import captioning, vqa
from vistext.tasks.vqa.model import MAX_LENGTH, QGNet, QGNetConfig
from vistext.tasks.vqa.train import Recipe, VqaDataset

STORED = FOLDER / "vqa_ablation.json"
QUESTIONS_PER_PICTURE = 10  # questions about each picture, to learn from
GRID = (captioning.model.GRID**2,)

# Condition → what the network does without while it learns, and when it is tested; pictures may be another's instead.
CONDITIONS = {"both": "", "shuffled": "", "blind": "picture", "deaf": "question"}
SHORT = {"size": 32, "asked": 4, "learning_rate": 0.1}
SMALL_ENCODER = {"widths": (16, 48, 64, 96), "depth": 1, "width": 64, "reading": 1, "writing": 1}


@dataclass(frozen=True)
class StudyConfig:
    """What is trained and measured; the defaults are those of the stored results."""

    seeds: tuple[int, ...] = (0, 1, 2)
    scenes: int = 6000  # of the drawn world, to learn from
    test_scenes: int = 1000
    questions: int = 4  # about each of these
    easy: Recipe = field(
        default_factory=lambda: Recipe(QGNetConfig(0, **SMALL_ENCODER), steps=500, momentum=0.6, **SHORT)
    )
    drawn: Recipe = field(default_factory=lambda: Recipe(QGNetConfig(0), steps=300, **SHORT))


FULL = StudyConfig()
QUICK = StudyConfig(
    seeds=(0, 1),
    scenes=20,
    test_scenes=5,
    easy=replace(StudyConfig().easy, steps=2, batch_size=4),
    drawn=replace(StudyConfig().drawn, steps=2, batch_size=4),
)


class Data(NamedTuple):
    """Questions to learn from and to test with."""

    recipe: Recipe
    words: Vocabulary
    quiz: VqaDataset
    seen: np.ndarray  # test pictures uint8 [n, 64, 64, 3], or grids
    rows: np.ndarray  # int [questions]: which of them each question is about
    questions: list[str]
    answers: list[str]
    kinds: list[str]  # of the questions
    image_encoder: keras.Model | None  # that saw the grids


def easy_vqa(plan: StudyConfig) -> Data:
    """easy-VQA: nine tenths of its training split, and its whole test split."""
    data = easyvqa.load()
    words = vqa.train.easy_vocabulary(data.train)
    quiz = vqa.train.easyvqa_dataset(easyvqa.validation(data.train, 0.1, 0)[0], words, QUESTIONS_PER_PICTURE)
    test = data.test
    kinds = ["yes or no" if answer in ("yes", "no") else "shape or colour" for answer in test.answers]
    recipe = replace(plan.easy, network=replace(plan.easy.network, words=len(words)))
    return Data(
        recipe, words, quiz, test.pictures, test.picture_of, list(test.questions), list(test.answers), kinds, None
    )


def world(plan: StudyConfig) -> Data:
    """The drawn world, as lesson 05's eye sees it."""
    image_encoder = captioning.model.load_image_encoder()
    train = scenes.sample(plan.scenes, TRAIN_SEED_OFFSET, "train")
    quiz = vqa.train.world_dataset(captioning.data.encode_scenes(image_encoder, train), train, QUESTIONS_PER_PICTURE)
    test = scenes.sample(plan.test_scenes, 1, "test")
    rows, asked = vqa.train.sample_questions(test, plan.questions, seed=1)
    words = vqa.train.vocabulary()
    recipe = replace(plan.drawn, network=replace(plan.drawn.network, words=len(words)))
    texts = ([getattr(one, name) for one in asked] for name in ("question", "answer", "kind"))
    return Data(recipe, words, quiz, captioning.data.encode_scenes(image_encoder, test), rows, *texts, image_encoder)


SETS: dict[str, Callable[[StudyConfig], Data]] = {"easy-VQA": easy_vqa, "drawn world": world}


def run(plan: StudyConfig, out: Path, *, fresh: bool = False) -> dict:
    """All cells (data set, seed, condition) of a plan; each is kept in the file as soon as it is measured.

    Args:
        plan: which cells, and how the networks are trained.
        out: a file; cells that are in it already are taken from there.
        fresh: forget what is in the file.

    Returns:
        The results, as in the file.

    Raises:
        ValueError: the file holds the results of another plan.
        ModuleNotFoundError: easy-vqa is not installed.
    """
    told = {
        "name": "looking",
        "asks": "Does a network that answers look at the picture, and read the question?",
        "made": time.strftime("%Y-%m-%d"),
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
    }
    results = resume(out, json.loads(json.dumps(asdict(plan))), fresh=fresh, **told)
    data = cache(lambda name: SETS[name](plan))
    todo = list(product(SETS, plan.seeds, dict.fromkeys(CONDITIONS.values())))
    done = {(cell["data"], cell["seed"], cell["condition"]) for cell in results["cells"]}
    for name, seed, without in tqdm(todo, desc="networks"):
        missing = [
            condition
            for condition, does_without in CONDITIONS.items()
            if does_without == without and (name, seed, condition) not in done
        ]
        if missing:
            began = time.perf_counter()
            network = train_network(data(name), without, seed)
            seconds = round(time.perf_counter() - began, 1)
            for condition in missing:
                measured = test_network(network, data(name), condition, seed)
                cell = {"data": name, "seed": seed, "condition": condition, "seconds": seconds}
                results["cells"].append(cell | measured)
            write(results, out)
    return results


def train_network(data: Data, without: str, seed: int) -> QGNet:
    """A network that has learned from the data, without the picture, without the question, or with both ("")."""
    quiz = data.quiz
    if without == "picture" and data.image_encoder is None:  # no need to look at empty pictures
        quiz = replace(quiz, seen=np.zeros((len(quiz.seen), *GRID, data.recipe.network.widths[2]), "float16"))
    trained = vqa.train.train(replace(data.recipe, without=without, seed=seed), quiz, bar=False)
    return QGNet(
        trained.image_encoder or data.image_encoder, trained.encoder, CachedDecoder(trained.decoder), data.words
    )


def test_network(network: QGNet, data: Data, condition: str, seed: int) -> dict[str, dict[str, float]]:
    """Shares of test questions that a network answers word for word: "exact", of "all" and of each kind."""
    grids, rows, questions = data.seen, data.rows, data.questions
    if condition == "blind":
        grids = np.zeros((len(grids), *GRID, data.recipe.network.widths[2]), "float32")
    elif grids.dtype == np.uint8:
        grids = captioning.model.encode_images(network.image_encoder, grids)
    if condition == "shuffled":
        rows = derangement(len(grids), np.random.default_rng(seed))[rows]
    if condition == "deaf":
        said = np.array(baseline_answers(network, grids))[rows]
    else:
        said = vqa.train.predict(network, grids[rows], questions)
    right = np.array([one == answer for one, answer in zip(said, data.answers, strict=True)])
    kinds = np.array(data.kinds)
    shares = {"all": right.mean()} | {kind: right[kinds == kind].mean() for kind in dict.fromkeys(data.kinds)}
    return {"exact": {name: round(float(share), 5) for name, share in shares.items()}}


def baseline_answers(network: QGNet, grids: np.ndarray) -> list[str]:
    """What a network says of each picture when it is asked nothing: grids [n, 64, c] → n texts."""
    asked = np.tile(np.array([START, END], "int32"), (len(grids), 1, 1))
    memory = np.asarray(network.encoder([grids.astype("float32"), asked], training=False))[:, 0]
    return network.vocabulary.decode(decoding.generate(network.writing, (memory,), most=MAX_LENGTH - 1).ids)


def derangement(n: int, rng: np.random.Generator) -> np.ndarray:
    """For each of n pictures another one, int [n]: a cycle through all of them, in a random order."""
    order, others = rng.permutation(n), np.empty(n, int)
    others[order] = np.roll(order, 1)
    return others


def load(path: Path = STORED) -> dict:
    """The stored results.

    Raises:
        FileNotFoundError: they are not here.
    """
    return stored.load(path, "three quarters of an hour")


def series(results: dict, data: str, condition: str, kind: str = "all") -> np.ndarray:
    """Share of questions answered word for word, for each seed: float64 [seeds].

    Args:
        results: as `load` or `measure` gives them.
        data: one of `SETS`.
        condition: one of `CONDITIONS`.
        kind: of the questions, or "all".
    """
    cells = [cell for cell in results["cells"] if (cell["data"], cell["condition"]) == (data, condition)]
    return np.array([cell["exact"][kind] for cell in sorted(cells, key=lambda cell: cell["seed"])])


def table(results: dict) -> str:
    """Mean and standard deviation over the seeds, in per cent: a line a condition, a column a data set."""
    lines = [" " * 10 + "".join(f"{name:>16}" for name in SETS)]
    for condition in CONDITIONS:
        found = [100 * series(results, name, condition) for name in SETS]
        lines.append(f"{condition:10}" + "".join(f"{each.mean():9.1f} ± {each.std(ddof=1):4.1f}" for each in found))
    return "\n".join(lines)


def kinds(results: dict, data: str) -> Iterator[str]:
    """The kinds of question about a data set, "all" first."""
    yield from next(cell["exact"] for cell in results["cells"] if cell["data"] == data)
