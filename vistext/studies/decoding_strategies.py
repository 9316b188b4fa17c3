"""`python -m tools study decoding_strategies`: which way to say something about a picture is true, and which says more?

The writer that was taught by likelihood alone says the likeliest words, or the likeliest sentence that a beam finds, or
draws words: at several temperatures, and from several nuclei. The writer that a judge has taught as well does the same;
it has been cooled, so that its temperature of 1 is a lower one for likelihood alone, see `describer.cool`.
All of them see the same test scenes and the same z; each scene is described 20 times. Error bars are over groups of
scenes, each with its own z. At each temperature, 20 stories about each scene are drawn as well.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from vistext import environment, scenes
from vistext.metrics import captions
from vistext.studies import results as stored
from vistext.studies.results import FOLDER, resume, write
from vistext.tasks import captioning
from vistext.tasks.captioning.train import DecodingStrategy

STORED = FOLDER / "decoding_strategies.json"
REFERENCES = 10
LISTED = 8  # scenes of a group of which all true descriptions are listed, as that takes long
NUCLEI = (0.6, 0.7, 0.8, 0.9, 0.95)
LIKELIHOOD, ADVERSARIAL = "likelihood", "discriminator"  # by what the writer was taught
TEMPERATURES = {LIKELIHOOD: (0.2, 0.4, 0.6, 0.8, 1.0), ADVERSARIAL: (0.4, 0.6, 0.8, 1.0, 1.3)}


@dataclass(frozen=True)
class StudyConfig:
    """What is measured; the defaults are those of the stored results."""

    groups: int = 4  # of scenes; see `seen_in`
    scenes: int = 60  # in each group
    draws: int = 20  # sentences about each scene, where words are drawn


FULL = StudyConfig()
QUICK = StudyConfig(groups=2, scenes=4, draws=3)


def strategies(taught: str, speaks: captioning.model.Captioner) -> list[tuple[DecodingStrategy, str]]:
    """All the ways in which one writer is let speak, and at which length; their names begin with how it was taught."""
    likeliest = DecodingStrategy(f"{taught}, likeliest", speaks)
    drawn = DecodingStrategy(f"{taught}, drawn", speaks, top_p=1.0)
    at = [replace(drawn, name=f"{taught}, temperature {t:g}", temperature=t) for t in TEMPERATURES[taught]]
    described = [
        likeliest,
        replace(likeliest, name=f"{taught}, beam", beam=5),
        *at,
        *(replace(drawn, name=f"{taught}, nucleus {p:g}", top_p=p) for p in NUCLEI),
    ]
    told = [replace(way, name=f"{way.name}, stories") for way in at]
    return [(way, "description") for way in described] + [(way, "story") for way in told]


def run(plan: StudyConfig, out: Path, *, fresh: bool = False) -> dict:
    """Every way on every group of scenes; each is kept in the file as soon as it is measured.

    Args:
        plan: on how many scenes.
        out: a file; what is in it already is taken from there.
        fresh: forget what is in the file.

    Returns:
        The results, as in the file.

    Raises:
        ValueError: the file holds the results of other weights, or of another plan.
    """
    environment.require("pycocoevalcap")  # now, and not after the first way has been measured
    names = {LIKELIHOOD: "captioner", ADVERSARIAL: "captioner_gan"}
    stated = {"groups": plan.groups, "scenes": plan.scenes, "draws": plan.draws, "references": REFERENCES}
    stated["weights"] = {
        name: captioning.model.card(name)["sha256"] for name in (*names.values(), "image_encoder", "discriminator")
    }
    results = resume(out, stated, fresh=fresh)
    done = {(cell["way"], cell["group"]) for cell in results["cells"]}
    every = [way for taught, name in names.items() for way in strategies(taught, captioning.model.load(name))]
    judge = captioning.model.load_discriminator()
    for group in tqdm(range(plan.groups), desc="groups of scenes"):
        todo = [(way, length) for way, length in every if (way.name, group) not in done]
        if not todo:
            continue
        seen, grids = encoded_group(group, plan.scenes, judge.image_encoder)
        references = captioning.train.reference_captions(seen, "description", REFERENCES, seed=1)
        # A picture of one object has so few true descriptions that all of them can be listed.
        few = [index for index, scene in enumerate(seen) if len(scene.objects) == 1][:LISTED]
        for way, length in todo:
            began = time.perf_counter()
            said = captioning.train.generate_captions(way, grids, length, plan.draws, seed=group)
            cell = {"way": way.name, "group": group}
            if length == "description":
                part = captions.coverage([said[index] for index in few], [seen[index] for index in few], length)
                cell |= captioning.train.evaluate(said, seen, references)
                cell |= {"reached": round(part.mean, 5), "listed": part.counted}
            else:
                cell |= captioning.train.evaluate(said, seen)
            cell["seconds"] = round(time.perf_counter() - began, 2)
            results["cells"].append(cell)
            write(results, out)
    return results


def encoded_group(group: int, count: int, image_encoder) -> tuple[list, np.ndarray]:
    """The scenes of a group, of the test split, and what the eye sees in them."""
    seen = scenes.sample(count, 1000 + group, "test")
    return seen, captioning.model.encode_images(image_encoder, scenes.draw_many(seen).pictures)


def load(path: Path = STORED) -> dict:
    """The stored results.

    Raises:
        FileNotFoundError: they are not here.
    """
    return stored.load(path, "a quarter of an hour")


def series(results: dict, way: str, measure: str) -> np.ndarray:
    """One measure of one way, for each group of scenes: float64 [groups].

    Raises:
        KeyError: no such way was measured.
    """
    cells = sorted((cell for cell in results["cells"] if cell["way"] == way), key=lambda cell: cell["group"])
    if not cells:
        raise KeyError(f"no way is called {way!r}; there are: {', '.join(names(results))}")
    return np.array([cell[measure] for cell in cells], float)


def names(results: dict) -> list[str]:
    """The ways that were measured, in their order."""
    return list(dict.fromkeys(cell["way"] for cell in results["cells"]))


SHOWN = {
    "true": "true",
    "stated": "facts",
    "held": "hold",
    "readable": "read",
    "bleu": "BLEU-4",
    "cider_d": "CIDEr-D",
    "distinct_1": "dist-1",
    "distinct_2": "dist-2",
    "self_bleu": "self-BLEU",
    "different": "different",
    "reached": "reached",
}


def table(results: dict, ways: list[str] | None = None) -> str:
    """Means over the groups, a line for each way and a column for each measure."""
    ways = ways or names(results)
    width = max(map(len, ways)) + 2
    lines = [" " * width + "".join(f"{title:>10}" for title in SHOWN.values())]
    for way in ways:
        cells = [cell for cell in results["cells"] if cell["way"] == way]
        values = [np.mean([cell[name] for cell in cells]) if name in cells[0] else None for name in SHOWN]
        lines.append(f"{way:{width}}" + "".join(f"{'' if value is None else f'{value:.3f}':>10}" for value in values))
    return "\n".join(lines)
