"""`python -m tools study fusion_ablation`: when does the picture help the text?

For each seed a network of each fusion is trained on the same puzzles about the same scenes, all tasks mixed, for the
same number of steps; the fusion "contrastive" starts from the towers of a dual encoder that has learned to match
pictures and texts. They are tested on puzzles about scenes of the test split, once; how they are trained was chosen on
validation scenes. Two networks with attention are also tested without the picture, with another one, and with a blurred
one: one that was trained as the others are, and one with modality dropout, trained without every fourth picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from vistext import scenes
from vistext.nn.engine import keras
from vistext.scenes import TRAIN_SEED_OFFSET, Scene
from vistext.scenes.language.puzzles import TASKS, caption
from vistext.studies import results as stored
from vistext.studies.results import mean_and_deviation, provenance, run_cells, select
from vistext.studies.vqa_ablation import derangement
from vistext.tasks import captioning, fusion
from vistext.tasks.captioning.data import ENCODING_BATCH
from vistext.tasks.fusion.model import FUSIONS, DualEncoder, FusionConfig
from vistext.tasks.fusion.train import DualEncoderRecipe, PuzzleBatch, Recipe

load = partial(stored.load, "fusion_ablation", "three quarters of an hour")
DROP_OUT = "attention, drop-out"
NETWORKS = (*FUSIONS, DROP_OUT)
CHANGED = ("attention", DROP_OUT)  # the networks that are also tested with changed pictures
PICTURES = ("its own", "none", "another", "blurred")
BLUR = 2.0  # pixels: the standard deviation of the blur, in pictures of 64
CROWDED, TWINS = 0.8, 0.4  # see `captioning.data.sample_crowded`


@dataclass(frozen=True)
class StudyConfig:
    """The plan of the study; the defaults are those of the stored results."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    scenes: int = 16_000  # to train on
    puzzles: int = 8000  # about these, of a task with a weight of 1: see `fusion.train.TASK_WEIGHTS`
    test_scenes: int = 1500
    test_puzzles: int = 600  # of each task
    retrieved: int = 500  # scenes with facts of their own, among which is searched
    withheld: float = 0.25  # of the pictures, from the network with modality dropout
    learning: Recipe = field(default_factory=lambda: Recipe(FusionConfig(0), "attention", steps=300))
    pair: DualEncoderRecipe = field(
        default_factory=lambda: DualEncoderRecipe(FusionConfig(0), steps=150, batch_size=128)
    )


FULL = StudyConfig()
QUICK = replace(
    StudyConfig(),
    seeds=(0, 1),
    scenes=300,
    puzzles=40,
    test_scenes=200,
    test_puzzles=10,
    retrieved=20,
    learning=replace(StudyConfig().learning, steps=2, batch_size=4),
    pair=replace(StudyConfig().pair, steps=2, batch_size=8),
)


class Data(NamedTuple):
    """Training and test data."""

    grids: np.ndarray  # of the training scenes
    training: PuzzleBatch
    texts: np.ndarray  # of the training scenes, encoded, for the dual encoder
    pictures: dict[str, np.ndarray]  # grids of the test scenes, by what has been done to the pictures
    test: PuzzleBatch
    rows: list[int]  # of the test scenes, those among which is searched
    captions: list[str]  # of these


def prepare(plan: StudyConfig) -> Data:
    """Scenes, encoded by lesson 05's image encoder, and puzzles about them."""
    image_encoder = captioning.model.load_image_encoder()
    train = captioning.data.sample_crowded(plan.scenes, CROWDED, TRAIN_SEED_OFFSET, TWINS)
    test = scenes.sample(plan.test_scenes, 1, "test")
    grids = captioning.data.encode_scenes(image_encoder, test)
    pictures = {
        "its own": grids,
        "none": np.zeros_like(grids),
        "another": grids[derangement(len(grids), np.random.default_rng(0))],
        "blurred": encode_blurred(image_encoder, test),
    }
    rows, rng = fusion.train.distinct_scenes(test, plan.retrieved), np.random.default_rng(1)
    counts = {task: plan.puzzles * weight for task, weight in fusion.train.TASK_WEIGHTS.items()}
    return Data(
        captioning.data.encode_scenes(image_encoder, train),
        fusion.train.make_puzzles(train, counts),
        fusion.train.encode_texts(train),
        pictures,
        fusion.train.make_puzzles(test, dict.fromkeys(TASKS, plan.test_puzzles), seed=1),
        rows,
        [caption(test[row], rng) for row in rows],
    )


def encode_blurred(image_encoder: keras.Model, pool: list[Scene], blur: float = BLUR) -> np.ndarray:
    """Blurred pictures of scenes, encoded: float16 [n, 64, c]."""
    parts = []
    for first in range(0, len(pool), ENCODING_BATCH):
        pictures = scenes.draw_many(pool[first : first + ENCODING_BATCH]).pictures
        blurred = gaussian_filter(pictures, (0, blur, blur, 0))
        parts.append(captioning.model.encode_images(image_encoder, blurred).astype("float16"))
    return np.concatenate(parts)


def run(plan: StudyConfig, out: Path, *, fresh: bool = False) -> dict:
    """Measure the cells (seed, network) of a plan; see `results.run_cells`."""
    data = cache(prepare)
    cells = [{"seed": seed, "network": network} for seed, network in product(plan.seeds, NETWORKS)]
    question = "When does the picture help the text, and how should the two be brought together?"
    return run_cells(
        out,
        provenance("fusion", question, plan),
        cells,
        lambda seed, network: run_cell(plan, data(plan), network, seed),
        fresh=fresh,
    )


def run_cell(plan: StudyConfig, data: Data, network: str, seed: int) -> dict:
    """One network trained and tested: accuracy by picture and task, and the recall of the dual encoder."""
    config = replace(plan.learning.network, words=len(fusion.train.vocabulary()))
    dropout = network == DROP_OUT
    recipe = replace(
        plan.learning,
        network=config,
        fusion="attention" if dropout else network,
        withheld=plan.withheld if dropout else 0.0,
        seed=seed,
    )
    dual_encoder, recall = None, {}
    if network == "contrastive":
        pair_recipe = replace(plan.pair, network=config, seed=seed)
        dual_encoder, _ = fusion.train.train_dual_encoder(pair_recipe, data.grids, data.texts, bar=False)
        recall = {"recall": retrieval(dual_encoder, data)}
    model, _ = fusion.train.train(recipe, data.grids, data.training, pair=dual_encoder, bar=False)
    tested = PICTURES if network in CHANGED else PICTURES[:1]
    accuracy = {name: fusion.train.evaluate(model, data.pictures[name], data.test) for name in tested}
    return {"accuracy": accuracy} | recall


def retrieval(dual_encoder: keras.Model, data: Data) -> dict[str, dict[str, float]]:
    """The recall of a dual encoder among the test scenes; see `fusion.train.retrieval_recall`."""
    model = DualEncoder(None, dual_encoder, fusion.train.vocabulary())
    images = model.encode_features(data.pictures["its own"][data.rows])
    return fusion.train.retrieval_recall(model.encode_texts(data.captions) @ images.T)


def series(results: dict, network: str, task: str, picture: str = "its own") -> np.ndarray:
    """Share of right answers, for each seed: float64 [seeds]; networks not in `CHANGED` have their own picture only."""
    return np.array([cell["accuracy"][picture][task] for cell in select(results, network=network)])


def gain(results: dict, network: str, task: str) -> tuple[float, float]:
    """How much larger the share of right answers is than with the text only: mean and standard deviation over seeds."""
    return mean_and_deviation(series(results, network, task) - series(results, "text only", task))


def table(results: dict) -> str:
    """Mean and standard deviation over the seeds, in per cent: a line a network, a column a task."""
    rows = {
        network: [mean_and_deviation(100 * series(results, network, task)) for task in TASKS] for network in NETWORKS
    }
    return stored.table(" " * 20, tuple(TASKS), rows)


def means(results: dict, network: str, picture: str = "its own") -> Mapping[str, float]:
    """The mean over the seeds, by task."""
    return {task: float(series(results, network, task, picture).mean()) for task in TASKS}
