"""The stored results of studies, a NAME.json each: seeds, versions, times and figures, for the lessons to plot.

They are part of the package, so that a lesson finds them wherever the package is installed, on Colab too. A study is a
table of cells, each with a few keys (a seed, a condition) and what was measured; `run_cells` measures what is missing.
"""

import json
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from vistext import opened
from vistext.nn.engine import keras, tf

FOLDER = Path(__file__).parent


def run_cells(
    out: Path, head: dict, cells: Sequence[dict], measure: Callable[..., dict], *, fresh: bool = False
) -> dict:
    """Measure the cells of a study; each is stored as soon as it is measured.

    Args:
        out: a file; cells that are in it already are taken from there.
        head: "plan", any JSON, and what else is to be stored beside the cells.
        cells: the keys of each cell, all the same ones.
        measure: keys → the measured values.
        fresh: forget what is in the file.

    Returns:
        The results, as in the file: head and "cells".

    Raises:
        ValueError: the file holds the results of another plan.
    """
    results: dict = {**head, "cells": []}
    if out.exists() and not fresh:
        results = json.loads(out.read_text(encoding="utf-8"))
        if results["plan"] != head["plan"]:
            raise ValueError(f"{out} holds the results of another plan; give --fresh to replace it, or another --out")
    names = tuple(cells[0])
    done = {tuple(cell[name] for name in names) for cell in results["cells"]}
    missing = [keys for keys in cells if tuple(keys.values()) not in done]
    for keys in tqdm(missing, desc="cells", disable=not missing):
        began = time.perf_counter()
        values = measure(**keys)
        results["cells"].append(keys | values | {"seconds": round(time.perf_counter() - began, 2)})
        _write(results, out)
    return results


def provenance(name: str, question: str, plan: Any) -> dict:
    """The head of a study's results: its name, its question, when and with what they were made, and its plan."""
    return {
        "name": name,
        "asks": question,
        "made": time.strftime("%Y-%m-%d"),
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
        "plan": json.loads(json.dumps(asdict(plan))),
    }


def _write(results: dict, out: Path) -> None:
    """Write the whole file or none of it: an interruption loses only the cell that is being measured."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_suffix(".part")
    head = {key: value for key, value in results.items() if key != "cells"}
    cells = ",\n".join(json.dumps(cell) for cell in results["cells"])  # a line each, so that a diff can be read
    draft.write_text(json.dumps(head, indent=1)[:-2] + f',\n "cells": [\n{cells}\n]\n}}\n', encoding="utf-8")
    os.replace(draft, out)


def load(name: str, duration: str, folder: Path = FOLDER) -> dict:
    """The stored results; FileNotFoundError, with the command that makes them and how long that takes, if absent."""
    path = folder / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not here; `python -m tools study {name}` makes it, in {duration}")
    opened.note(path)
    return json.loads(path.read_text(encoding="utf-8"))


def select(results: dict, order: str = "seed", **keys) -> list[dict]:
    """The cells with these keys, in the order of another one."""
    cells = [cell for cell in results["cells"] if all(cell[name] == value for name, value in keys.items())]
    return sorted(cells, key=lambda cell: cell[order])


def mean_and_deviation(values: np.ndarray) -> tuple[float, float]:
    """The mean and the sample standard deviation over seeds."""
    return float(np.mean(values)), float(np.std(values, ddof=1))


def table(
    head: str,
    columns: Sequence[str],
    rows: Mapping[str, Sequence[tuple[float, float]]],
    cell: str = "{:8.1f} ±{:4.1f}",
) -> str:
    """Figures with their spread as lines of text; `head` stands over the names of the rows, as wide as they are."""
    lines = [head + "".join(f"{column:>{len(cell.format(0, 0))}}" for column in columns)]
    for name, figures in rows.items():
        lines.append(f"{name:{len(head)}}" + "".join(cell.format(*figure) for figure in figures))
    return "\n".join(lines)
