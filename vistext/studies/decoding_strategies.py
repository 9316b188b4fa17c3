"""`python -m tools study decoding_strategies`: whose captions are true, and whose say more?

The likelihood-trained captioner decodes greedily, by beam search, and by sampling: at several temperatures, and from
several nuclei. The fine-tuned one does the same without nuclei; its logits have been divided by a temperature, so that
its temperature of 1 is a lower one for likelihood alone, see `captioning.model.apply_temperature`. Of what is sampled
at temperature 1.2, the discriminator also lets some pass ("checked"). All of them caption the same test scenes with the
same z; each scene is captioned 20 times. Error bars are over groups of scenes, each with its own z. At each
temperature, 20 stories about each scene are sampled as well.
"""

from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from itertools import product
from pathlib import Path

import numpy as np

from vistext import environment, scenes
from vistext.metrics import captions
from vistext.studies import results as stored
from vistext.studies.results import run_cells, select
from vistext.tasks import captioning
from vistext.tasks.captioning.train import DecodingStrategy

load = partial(stored.load, "decoding_strategies", "a quarter of an hour")
REFERENCES = 10
LISTED = 8  # scenes of a group whose true descriptions are all listed, which takes long
NUCLEI = (0.6, 0.7, 0.8, 0.9, 0.95)
LIKELIHOOD, ADVERSARIAL = "likelihood", "fine-tuned"  # how the captioner was trained
TEMPERATURES = {LIKELIHOOD: (0.2, 0.4, 0.6, 0.8, 1.0), ADVERSARIAL: (0.7, 1.0, 1.3)}


@dataclass(frozen=True)
class StudyConfig:
    """The plan of the study; the defaults are those of the stored results."""

    groups: int = 4  # of scenes; see `encoded_group`
    scenes: int = 60  # in each group
    draws: int = 20  # captions of each scene, where words are sampled


FULL = StudyConfig()
QUICK = StudyConfig(groups=2, scenes=4, draws=3)


def strategies(training: str, captioner: captioning.model.Captioner) -> list[tuple[DecodingStrategy, str]]:
    """All strategies of a captioner, each with a length; their names begin with how it was trained."""
    greedy = DecodingStrategy(f"{training}, greedy", captioner)
    sampling = DecodingStrategy(f"{training}, drawn", captioner, top_p=1.0)
    sampled = [replace(sampling, name=f"{training}, temperature {t:g}", temperature=t) for t in TEMPERATURES[training]]
    if training == ADVERSARIAL:
        discriminator = captioning.model.load_discriminator()
        sampled.append(replace(sampling, name=f"{training}, checked", temperature=1.2, discriminator=discriminator))
        nuclei = []
    else:
        nuclei = [replace(sampling, name=f"{training}, nucleus {p:g}", top_p=p) for p in NUCLEI]
    descriptions = [greedy, replace(greedy, name=f"{training}, beam", beam=5), *sampled, *nuclei]
    stories = [replace(strategy, name=f"{strategy.name}, stories") for strategy in sampled]
    return [(strategy, "description") for strategy in descriptions] + [(strategy, "story") for strategy in stories]


def run(plan: StudyConfig, out: Path, *, fresh: bool = False) -> dict:
    """Measure the cells (strategy, group of scenes) of a plan; see `results.run_cells`.

    Raises:
        ValueError: the file holds the results of other weights, or of another plan.
    """
    environment.require("pycocoevalcap")  # now, and not after the first strategy has been measured
    names = {LIKELIHOOD: "captioner", ADVERSARIAL: "captioner_gan"}
    networks = (*names.values(), "image_encoder", "discriminator")
    checksums = {name: captioning.model.card(name)["sha256"] for name in networks}
    head = {"plan": asdict(plan) | {"references": REFERENCES, "weights": checksums}}
    chosen = [pair for training, name in names.items() for pair in strategies(training, captioning.model.load(name))]
    by_name = {strategy.name: (strategy, length) for strategy, length in chosen}
    group_data = lru_cache(1)(lambda group: encoded_group(group, plan.scenes))

    def measure(group: int, way: str) -> dict:
        (strategy, length), (seen, grids) = by_name[way], group_data(group)
        drawn = captioning.train.generate_captions(strategy, grids, length, plan.draws, seed=group)
        if length != "description":
            return captioning.train.evaluate(drawn, seen)
        # A picture of one object has so few true descriptions that all of them can be listed.
        few = [index for index, scene in enumerate(seen) if len(scene.objects) == 1][:LISTED]
        part = captions.coverage([drawn[index] for index in few], [seen[index] for index in few], length)
        references = captioning.train.reference_captions(seen, "description", REFERENCES, seed=1)
        figures = captioning.train.evaluate(drawn, seen, references)
        return figures | {"reached": round(part.mean, 5), "listed": part.counted}

    cells = [{"way": way, "group": group} for group, way in product(range(plan.groups), by_name)]
    return run_cells(out, head, cells, measure, fresh=fresh)


def encoded_group(group: int, count: int) -> tuple[list[scenes.Scene], np.ndarray]:
    """The scenes of a group, of the test split, and their pictures, encoded."""
    chosen = scenes.sample(count, 1000 + group, "test")
    image_encoder = captioning.model.load_image_encoder()
    return chosen, captioning.model.encode_images(image_encoder, scenes.draw_many(chosen).pictures)


def series(results: dict, strategy: str, measure: str) -> np.ndarray:
    """One measure of one strategy, for each group of scenes: float64 [groups].

    Raises:
        KeyError: no such strategy was measured.
    """
    cells = select(results, "group", way=strategy)
    if not cells:
        raise KeyError(f"no strategy is called {strategy!r}; there are: {', '.join(names(results))}")
    return np.array([cell[measure] for cell in cells], float)


def names(results: dict) -> list[str]:
    """The strategies that were measured, in their order."""
    return list(dict.fromkeys(cell["way"] for cell in results["cells"]))


SHOWN = {
    "true": "true",
    "stated": "facts",
    "held": "correct",
    "readable": "parsed",
    "bleu": "BLEU-4",
    "cider_d": "CIDEr-D",
    "distinct_1": "dist-1",
    "distinct_2": "dist-2",
    "self_bleu": "self-BLEU",
    "different": "distinct",
    "reached": "coverage",
}


def table(results: dict, strategies: list[str] | None = None) -> str:
    """Means over the groups, a line for each strategy and a column for each measure."""
    strategies = strategies or names(results)
    width = max(map(len, strategies)) + 2
    lines = [" " * width + "".join(f"{title:>10}" for title in SHOWN.values())]
    for name in strategies:
        cells = select(results, "group", way=name)
        means = [np.mean([cell[measure] for cell in cells]) if measure in cells[0] else None for measure in SHOWN]
        lines.append(f"{name:{width}}" + "".join(f"{'' if mean is None else f'{mean:.3f}':>10}" for mean in means))
    return "\n".join(lines)
