"""`vistext experiment descriptions`: which way to say something about a picture is true, and which says more?

The writer that was taught by likelihood alone says the likeliest words, or the likeliest sentence that a beam finds, or
draws words: at several temperatures, and from several nuclei. The writer that a judge has taught as well does the same;
it has been cooled, so that its temperature of 1 is a lower one for likelihood alone, see `describer.cool`.
All of them see the same test scenes and the same z; each scene is described 20 times. Error bars are over groups of
scenes, each with its own z. At each temperature, 20 stories about each scene are drawn as well.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from vistext import environment, scenes, sentences
from vistext import results as stored
from vistext.experiments import commands, describing
from vistext.experiments.describing import Way
from vistext.models import describer
from vistext.results import FOLDER, so_far, write

STORED = FOLDER / "descriptions.json"
GROUPS, SCENES, DRAWS, REFERENCES = 4, 60, 20, 10
LISTED = 8  # scenes of a group of which all true descriptions are listed, as that takes long
NUCLEI = (0.6, 0.7, 0.8, 0.9, 0.95)
LIKELIHOOD, JUDGED = "likelihood", "judge"  # by what the writer was taught
TEMPERATURES = {LIKELIHOOD: (0.2, 0.4, 0.6, 0.8, 1.0), JUDGED: (0.4, 0.6, 0.8, 1.0, 1.3)}


def ways(taught: str, speaks: describer.Describer) -> list[tuple[Way, str]]:
    """All the ways in which one writer is let speak, and at which length; their names begin with how it was taught."""
    likeliest = Way(f"{taught}, likeliest", speaks)
    drawn = Way(f"{taught}, drawn", speaks, nucleus=1.0)
    at = [replace(drawn, name=f"{taught}, temperature {t:g}", temperature=t) for t in TEMPERATURES[taught]]
    described = [
        likeliest,
        replace(likeliest, name=f"{taught}, beam", beam=5),
        *at,
        *(replace(drawn, name=f"{taught}, nucleus {p:g}", nucleus=p) for p in NUCLEI),
    ]
    told = [replace(way, name=f"{way.name}, stories") for way in at]
    return [(way, "description") for way in described] + [(way, "story") for way in told]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    commands.declare_experiment(parser, STORED)


def run(arguments: argparse.Namespace) -> int:
    """Measure what is still missing, and print a table; see `commands.run_experiment`."""
    environment.require("pycocoevalcap")  # now, and not after the first way has been measured
    plan = {"groups": 2, "count": 4, "draws": 3} if arguments.quick else {}
    return commands.run_experiment(arguments, STORED, lambda out: measure(out, fresh=arguments.fresh, **plan), table)


def measure(out: Path, *, fresh: bool = False, groups: int = GROUPS, count: int = SCENES, draws: int = DRAWS) -> dict:
    """Every way on every group of scenes; each is kept in the file as soon as it is measured.

    Args:
        out: a file; what is in it already is taken from there.
        fresh: forget what is in the file.
        groups: of scenes; see `seen_in`.
        count: scenes in each group.
        draws: sentences about each, where words are drawn.

    Returns:
        The results, as in the file.

    Raises:
        ValueError: the file holds the results of other weights, or of another plan.
    """
    names = {LIKELIHOOD: "describer", JUDGED: "gan_describer"}
    plan = {"groups": groups, "scenes": count, "draws": draws, "references": REFERENCES}
    plan["weights"] = {name: describer.card(name)["sha256"] for name in (*names.values(), "eye", "judge")}
    results = so_far(out, plan, fresh=fresh)
    done = {(cell["way"], cell["group"]) for cell in results["cells"]}
    every = [way for taught, name in names.items() for way in ways(taught, describer.load(name))]
    judge = describer.load_judge()
    for group in tqdm(range(groups), desc="groups of scenes"):
        todo = [(way, length) for way, length in every if (way.name, group) not in done]
        if not todo:
            continue
        seen, grids = seen_in(group, count, judge.eye)
        references = describing.others_say(seen, "description", REFERENCES, seed=1)
        # A picture of one thing has so few true descriptions that all of them can be listed.
        few = [index for index, scene in enumerate(seen) if len(scene.things) == 1][:LISTED]
        for way, length in todo:
            began = time.perf_counter()
            said = describing.say(way, grids, length, draws, seed=group)
            cell = {"way": way.name, "group": group}
            if length == "description":
                part = sentences.reached([said[index] for index in few], [seen[index] for index in few], length)
                cell |= describing.measure(said, seen, references)
                cell |= {"reached": round(part.mean, 5), "listed": part.counted}
            else:
                cell |= describing.measure(said, seen)
            cell["seconds"] = round(time.perf_counter() - began, 2)
            results["cells"].append(cell)
            write(results, out)
    return results


def seen_in(group: int, count: int, eye) -> tuple[list, np.ndarray]:
    """The scenes of a group, of the test split, and what the eye sees in them."""
    seen = scenes.sample(count, 1000 + group, "test")
    return seen, describer.look(eye, scenes.draw_many(seen).pictures)


def load(path: Path = STORED) -> dict:
    """The stored results.

    Raises:
        FileNotFoundError: they are not here.
    """
    return stored.load(path, "a quarter of an hour")


def figures(results: dict, way: str, measure: str) -> np.ndarray:
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
