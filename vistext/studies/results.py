"""What the experiments measured, a NAME.json each: seeds, versions, times and figures, for the lessons to plot.

They are part of the package, so that a lesson finds them wherever the package is installed, on Colab too.
"""

import json
import os
from pathlib import Path

from vistext import opened

FOLDER = Path(__file__).parent


def resume(out: Path, plan: dict, *, fresh: bool = False, **told) -> dict:
    """What an experiment has measured already: what is in its file, or nothing yet.

    Args:
        out: the file.
        plan: what is to be measured; any JSON.
        fresh: forget what is in the file.
        told: what else is to be said of it, beside the plan.

    Returns:
        The results: told, "plan" and "cells".

    Raises:
        ValueError: the file holds the results of another plan.
    """
    if fresh or not out.exists():
        return {**told, "plan": plan, "cells": []}
    results = json.loads(out.read_text(encoding="utf-8"))
    if results["plan"] != plan:
        raise ValueError(f"{out} holds the results of another plan; give --fresh to replace it, or another --out")
    return results


def load(path: Path, takes: str) -> dict:
    """The results of an experiment.

    Args:
        path: the file, NAME.json.
        takes: how long it takes to make it again, in words.

    Raises:
        FileNotFoundError: they are not here.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} is not here; `python -m tools study {path.stem}` makes it, in {takes}")
    opened.note(path)
    return json.loads(path.read_text(encoding="utf-8"))


def write(results: dict, out: Path) -> None:
    """The whole file or none of it: an interruption loses the cell that is being measured, and no other.

    Args:
        results: what an experiment measured; its "cells" are a list of JSON objects, everything else is any JSON.
        out: the file.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_suffix(".part")
    head = {key: value for key, value in results.items() if key != "cells"}
    cells = ",\n".join(json.dumps(cell) for cell in results["cells"])  # a line each, so that a diff can be read
    draft.write_text(json.dumps(head, indent=1)[:-2] + f',\n "cells": [\n{cells}\n]\n}}\n', encoding="utf-8")
    os.replace(draft, out)
