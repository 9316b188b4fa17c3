"""Run in each environment: import every module, then take the tours; prints, as JSON, what failed and what was said."""

import importlib
import io
import json
import pkgutil
import sys
from contextlib import redirect_stdout

import vistext
from vistext.cli import main

TOURS = {"the photograph": [], **{f"scene {number}": ["--scene", f"{number}"] for number in (1, 2, 3)}}


def not_imported() -> dict[str, str]:
    """The modules that cannot be imported, each with the package that it lacks, or with the error."""
    found = {}
    for module in pkgutil.walk_packages(vistext.__path__, "vistext.", onerror=lambda name: None):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            found[module.name] = error.name
        except Exception as error:
            found[module.name] = f"{type(error).__name__}: {error}"
    return found


def facts(words: list[str], out: str) -> dict:
    """What `vistext tour --json` says."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        code = main(["tour", "--json", "--out", out, *words])
    assert code == 0, f"vistext tour {' '.join(words)} ended with {code}"
    return json.loads(printed.getvalue())


if __name__ == "__main__":
    failed = not_imported()
    print(json.dumps({"failed": failed, "tours": {name: facts(words, sys.argv[1]) for name, words in TOURS.items()}}))
