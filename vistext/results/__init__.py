"""What the experiments measured, a NAME.json each: seeds, versions, times and figures, for the lessons to plot.

They are part of the package, so that a lesson finds them wherever the package is installed, on Colab too.
"""

import json
import os
from pathlib import Path

FOLDER = Path(__file__).parent


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
