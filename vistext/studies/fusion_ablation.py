"""`python -m tools study fusion_ablation`: when does the picture help the text?

For each seed a network of each fusion learns from the same puzzles about the same scenes, all tasks mixed, in the same
number of steps; the fusion "contrastive" starts from a pair of towers that has matched pictures and texts before. They
are tested on puzzles about scenes of the test split, once; how they are trained was chosen on validation scenes. Two
networks with attention are also tested without the picture, with another one, and with a blurred one: one that was
trained as the others are, and one from which every fourth picture was withheld.
"""

import json
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter
from tqdm import tqdm

from vistext import scenes
from vistext.nn.engine import keras, tf
from vistext.scenes import TRAIN_SEED_OFFSET, Scene
from vistext.scenes.language.puzzles import TASKS, caption
from vistext.studies import results as stored
from vistext.studies.results import FOLDER, resume, write
from vistext.studies.vqa_ablation import derangement
from vistext.tasks import captioning, fusion
from vistext.tasks.captioning.data import ENCODING_BATCH
from vistext.tasks.fusion.model import FUSIONS, DualEncoder, FusionConfig
from vistext.tasks.fusion.train import DualEncoderRecipe, PuzzleBatch, Recipe

STORED = FOLDER / "fusion_ablation.json"
DROP_OUT = "attention, drop-out"
NETWORKS = (*FUSIONS, DROP_OUT)
CHANGED = ("attention", DROP_OUT)  # which networks are tested with changed pictures, too
PICTURES = ("its own", "none", "another", "blurred")
BLUR = 2.0  # pixels: the standard deviation of the blur, in pictures of 64
CROWDED, TWINS = 0.8, 0.4  # see `telling.crowd`
RETRIEVAL_SCENES = 500  # scenes with facts of their own, among which is searched


@dataclass(frozen=True)
class StudyConfig:
    """What is trained and measured; the defaults are those of the stored results."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    scenes: int = 16_000  # to learn from
    puzzles: int = 8000  # about these, of a task that comes up once: see `fusing.OFTEN`
    test_scenes: int = 1500
    test_puzzles: int = 600  # of each task
    retrieved: int = RETRIEVAL_SCENES
    withheld: float = 0.25  # of the pictures, from the network with drop-out
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
    """What is learned from and tested with."""

    grids: np.ndarray  # of scenes to learn from
    made: PuzzleBatch
    told: np.ndarray
    pictures: dict[str, np.ndarray]  # grids of the test scenes, by what has been done to the pictures
    asked: PuzzleBatch
    rows: list[int]  # of the test scenes, those among which is searched
    captions: list[str]  # of these


def prepare(plan: StudyConfig) -> Data:
    """Scenes seen by lesson 05's eye, and puzzles about them."""
    image_encoder = captioning.model.load_image_encoder()
    train = captioning.data.sample_crowded(plan.scenes, CROWDED, TRAIN_SEED_OFFSET, TWINS)
    test = scenes.sample(plan.test_scenes, 1, "test")
    seen = captioning.data.encode_scenes(image_encoder, test)
    pictures = {
        "its own": seen,
        "none": np.zeros_like(seen),
        "another": seen[derangement(len(seen), np.random.default_rng(0))],
        "blurred": encode_blurred(image_encoder, test),
    }
    rows, rng = fusion.train.distinct_scenes(test, plan.retrieved), np.random.default_rng(1)
    return Data(
        captioning.data.encode_scenes(image_encoder, train),
        fusion.train.make_puzzles(
            train, {task: plan.puzzles * often for task, often in fusion.train.TASK_WEIGHTS.items()}
        ),
        fusion.train.encode_texts(train),
        pictures,
        fusion.train.make_puzzles(test, dict.fromkeys(TASKS, plan.test_puzzles), seed=1),
        rows,
        [caption(test[row], rng) for row in rows],
    )


def encode_blurred(image_encoder: keras.Model, seen: list[Scene], blur: float = BLUR) -> np.ndarray:
    """What an eye sees in blurred pictures of scenes: float16 [n, 64, c]."""
    parts = [
        scenes.draw_many(seen[first : first + ENCODING_BATCH]).pictures for first in range(0, len(seen), ENCODING_BATCH)
    ]
    blurred = [gaussian_filter(part, (0, blur, blur, 0)) for part in parts]
    return np.concatenate([captioning.model.encode_images(image_encoder, part).astype("float16") for part in blurred])


def run(plan: StudyConfig, out: Path, *, fresh: bool = False) -> dict:
    """All cells (seed, network) of a plan; each is kept in the file as soon as it is measured.

    Args:
        plan: which cells, and how the networks are trained.
        out: a file; cells that are in it already are taken from there.
        fresh: forget what is in the file.

    Returns:
        The results, as in the file.

    Raises:
        ValueError: the file holds the results of another plan.
    """
    told = {
        "name": "fusion",
        "asks": "When does the picture help the text, and how should the two be brought together?",
        "made": time.strftime("%Y-%m-%d"),
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
    }
    results = resume(out, json.loads(json.dumps(asdict(plan))), fresh=fresh, **told)
    data, done = cache(prepare), {(cell["seed"], cell["network"]) for cell in results["cells"]}
    for seed in tqdm(plan.seeds, desc="seeds"):
        for network in NETWORKS:
            if (seed, network) not in done:
                began = time.perf_counter()
                measured = run_cell(plan, data(plan), network, seed)
                seconds = round(time.perf_counter() - began, 1)
                results["cells"].append({"seed": seed, "network": network, "seconds": seconds} | measured)
                write(results, out)
    return results


def run_cell(plan: StudyConfig, data: Data, network: str, seed: int) -> dict:
    """One network trained and tested: accuracy by picture and task, and for a pair what it retrieves."""
    config = replace(plan.learning.network, words=len(fusion.train.vocabulary()))
    dropped = network == DROP_OUT
    recipe = replace(
        plan.learning,
        network=config,
        fusion="attention" if dropped else network,
        withheld=plan.withheld if dropped else 0.0,
        seed=seed,
    )
    pair, found = None, {}
    if network == "contrastive":
        pair, _ = fusion.train.train_dual_encoder(
            replace(plan.pair, network=config, seed=seed), data.grids, data.told, bar=False
        )
        found = {"recall": retrieval(pair, data)}
    model, _ = fusion.train.train(recipe, data.grids, data.made, pair=pair, bar=False)
    shown = PICTURES if network in CHANGED else PICTURES[:1]
    return {"accuracy": {each: fusion.train.evaluate(model, data.pictures[each], data.asked) for each in shown}} | found


def retrieval(pair: keras.Model, data: Data) -> dict[str, dict[str, float]]:
    """What a pair finds among the test scenes; see `fusing.recalls`."""
    matcher = DualEncoder(None, pair, fusion.train.vocabulary())
    return fusion.train.retrieval_recall(
        matcher.read(data.captions) @ matcher.encode_features(data.pictures["its own"][data.rows]).T
    )


def load(path: Path = STORED) -> dict:
    """The stored results.

    Raises:
        FileNotFoundError: they are not here.
    """
    return stored.load(path, "three quarters of an hour")


def series(results: dict, network: str, task: str, picture: str = "its own") -> np.ndarray:
    """Share of right answers, for each seed: float64 [seeds].

    Args:
        results: as `load` or `measure` gives them.
        network: one of `NETWORKS`.
        task: one of `puzzles.TASKS`.
        picture: one of `PICTURES`; for networks in `CHANGED`, others have been tested with their own only.
    """
    return np.array([cell["accuracy"][picture][task] for cell in _of(results, network)])


def gain(results: dict, network: str, task: str) -> tuple[float, float]:
    """How much larger the share of right answers is than with the text only: mean and standard deviation over seeds."""
    gained = series(results, network, task) - series(results, "text only", task)
    return float(gained.mean()), float(gained.std(ddof=1))


def recalls(results: dict, way: str, most: int) -> np.ndarray:
    """Share of scenes that the pair finds, for each seed: float64 [seeds].

    Args:
        results: as `load` or `measure` gives them.
        way: "to picture" or "to text".
        most: how many of the first found are looked at: 1, 5 or 10.
    """
    return np.array([cell["recall"][way][str(most)] for cell in _of(results, "contrastive")])


def _of(results: dict, network: str) -> list[dict]:
    cells = [cell for cell in results["cells"] if cell["network"] == network]
    return sorted(cells, key=lambda cell: cell["seed"])


def table(results: dict) -> str:
    """Mean and standard deviation over the seeds, in per cent: a line a network, a column a task."""
    lines = [" " * 20 + "".join(f"{task:>14}" for task in TASKS)]
    for network in NETWORKS:
        found = [100 * series(results, network, task) for task in TASKS]
        lines.append(f"{network:20}" + "".join(f"{each.mean():8.1f} ±{each.std(ddof=1):4.1f}" for each in found))
    return "\n".join(lines)


def means(results: dict, network: str, picture: str = "its own") -> Mapping[str, float]:
    """The mean over the seeds, by task."""
    return {task: float(series(results, network, task, picture).mean()) for task in TASKS}
