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
from vistext.studies.results import FOLDER, so_far, write
from vistext.studies.vqa_ablation import another
from vistext.tasks import captioning, fusion
from vistext.tasks.captioning.data import LOOKED_AT_ONCE
from vistext.tasks.fusion.model import FUSIONS, FusionConfig, Matcher
from vistext.tasks.fusion.train import Asked, PairRecipe, Recipe

STORED = FOLDER / "fusion_ablation.json"
DROPPED = "attention, drop-out"
NETWORKS = (*FUSIONS, DROPPED)
CHANGED = ("attention", DROPPED)  # which networks are tested with changed pictures, too
PICTURES = ("its own", "none", "another", "blurred")
BLUR = 2.0  # pixels: the standard deviation of the blur, in pictures of 64
CROWDED, TWINS = 0.8, 0.4  # see `telling.crowd`
RETRIEVED = 500  # scenes with facts of their own, among which is searched


@dataclass(frozen=True)
class Plan:
    """What is trained and measured; the defaults are those of the stored results."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    scenes: int = 16_000  # to learn from
    puzzles: int = 8000  # about these, of a task that comes up once: see `fusing.OFTEN`
    test_scenes: int = 1500
    test_puzzles: int = 600  # of each task
    retrieved: int = RETRIEVED
    withheld: float = 0.25  # of the pictures, from the network with drop-out
    learning: Recipe = field(default_factory=lambda: Recipe(FusionConfig(0), "attention", steps=300))
    pair: PairRecipe = field(default_factory=lambda: PairRecipe(FusionConfig(0), steps=150, size=128))


FULL = Plan()
QUICK = replace(
    Plan(),
    seeds=(0, 1),
    scenes=300,
    puzzles=40,
    test_scenes=200,
    test_puzzles=10,
    retrieved=20,
    learning=replace(Plan().learning, steps=2, size=4),
    pair=replace(Plan().pair, steps=2, size=8),
)


class Data(NamedTuple):
    """What is learned from and tested with."""

    grids: np.ndarray  # of scenes to learn from
    made: Asked
    told: np.ndarray
    pictures: dict[str, np.ndarray]  # grids of the test scenes, by what has been done to the pictures
    asked: Asked
    rows: list[int]  # of the test scenes, those among which is searched
    captions: list[str]  # of these


def prepared(plan: Plan) -> Data:
    """Scenes seen by lesson 05's eye, and puzzles about them."""
    eye = captioning.model.load_eye()
    train = captioning.data.crowd(plan.scenes, CROWDED, TRAIN_SEED_OFFSET, TWINS)
    test = scenes.sample(plan.test_scenes, 1, "test")
    seen = captioning.data.encode_scenes(eye, test)
    pictures = {
        "its own": seen,
        "none": np.zeros_like(seen),
        "another": seen[another(len(seen), np.random.default_rng(0))],
        "blurred": look_blurred(eye, test),
    }
    rows, rng = fusion.train.different(test, plan.retrieved), np.random.default_rng(1)
    return Data(
        captioning.data.encode_scenes(eye, train),
        fusion.train.pose(train, {task: plan.puzzles * often for task, often in fusion.train.OFTEN.items()}),
        fusion.train.told(train),
        pictures,
        fusion.train.pose(test, dict.fromkeys(TASKS, plan.test_puzzles), seed=1),
        rows,
        [caption(test[row], rng) for row in rows],
    )


def look_blurred(eye: keras.Model, seen: list[Scene], blur: float = BLUR) -> np.ndarray:
    """What an eye sees in blurred pictures of scenes: float16 [n, 64, c]."""
    parts = [
        scenes.draw_many(seen[first : first + LOOKED_AT_ONCE]).pictures for first in range(0, len(seen), LOOKED_AT_ONCE)
    ]
    blurred = [gaussian_filter(part, (0, blur, blur, 0)) for part in parts]
    return np.concatenate([captioning.model.encode_images(eye, part).astype("float16") for part in blurred])


def measure(plan: Plan, out: Path, *, fresh: bool = False) -> dict:
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
    results = so_far(out, json.loads(json.dumps(asdict(plan))), fresh=fresh, **told)
    data, done = cache(prepared), {(cell["seed"], cell["network"]) for cell in results["cells"]}
    for seed in tqdm(plan.seeds, desc="seeds"):
        for network in NETWORKS:
            if (seed, network) not in done:
                began = time.perf_counter()
                measured = measured_cell(plan, data(plan), network, seed)
                seconds = round(time.perf_counter() - began, 1)
                results["cells"].append({"seed": seed, "network": network, "seconds": seconds} | measured)
                write(results, out)
    return results


def measured_cell(plan: Plan, data: Data, network: str, seed: int) -> dict:
    """One network trained and tested: accuracy by picture and task, and for a pair what it retrieves."""
    config = replace(plan.learning.network, words=len(fusion.train.vocabulary()))
    dropped = network == DROPPED
    recipe = replace(
        plan.learning,
        network=config,
        fusion="attention" if dropped else network,
        withheld=plan.withheld if dropped else 0.0,
        seed=seed,
    )
    pair, found = None, {}
    if network == "contrastive":
        pair, _ = fusion.train.train_pair(
            replace(plan.pair, network=config, seed=seed), data.grids, data.told, bar=False
        )
        found = {"recall": retrieved(pair, data)}
    model, _ = fusion.train.train(recipe, data.grids, data.made, pair=pair, bar=False)
    shown = PICTURES if network in CHANGED else PICTURES[:1]
    return {"accuracy": {each: fusion.train.measure(model, data.pictures[each], data.asked) for each in shown}} | found


def retrieved(pair: keras.Model, data: Data) -> dict[str, dict[str, float]]:
    """What a pair finds among the test scenes; see `fusing.recalls`."""
    matcher = Matcher(None, pair, fusion.train.vocabulary())
    return fusion.train.recalls(matcher.read(data.captions) @ matcher.see_grids(data.pictures["its own"][data.rows]).T)


def load(path: Path = STORED) -> dict:
    """The stored results.

    Raises:
        FileNotFoundError: they are not here.
    """
    return stored.load(path, "three quarters of an hour")


def figures(results: dict, network: str, task: str, picture: str = "its own") -> np.ndarray:
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
    gained = figures(results, network, task) - figures(results, "text only", task)
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
        found = [100 * figures(results, network, task) for task in TASKS]
        lines.append(f"{network:20}" + "".join(f"{each.mean():8.1f} ±{each.std(ddof=1):4.1f}" for each in found))
    return "\n".join(lines)


def means(results: dict, network: str, picture: str = "its own") -> Mapping[str, float]:
    """The mean over the seeds, by task."""
    return {task: float(figures(results, network, task, picture).mean()) for task in TASKS}
