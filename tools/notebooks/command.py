"""`python -m tools notebooks ACTION [PATH ...]`; without paths, every lesson, or every problem set.

execute     run from a fresh kernel, clean and store (`make notebooks`)
check       name what a lesson breaks of tools.notebooks.lint
sections    write under each heading which cells its section needs
release     make what students get from the sources of problem sets
"""

import argparse
import sys
from pathlib import Path

from tools.notebooks import release
from tools.notebooks.cell_dependencies import say_needs
from tools.notebooks.files import execute, lessons, read, write
from tools.notebooks.lint import check


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("action", choices=("execute", "check", "sections", "release"))
    parser.add_argument("paths", nargs="*", type=Path, help="lessons, or sources of problem sets; without any, all")


def run(arguments: argparse.Namespace) -> int:
    """Do it: 0, or 1 where a lesson did not run, or breaks a rule."""
    paths = [path.resolve() for path in arguments.paths]
    if arguments.action == "release":
        return _release_all(paths)
    return {"execute": _execute_all, "check": _check_all, "sections": _say_all}[arguments.action](paths or lessons())


def _execute_all(paths: list[Path]) -> int:
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    for path in paths:
        try:
            execute(path)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            print(f"{path.name} is left as it was, for it did not run:\n{error}", file=sys.stderr)
            return 1
    return _check_all(paths)


def _say_all(paths: list[Path]) -> int:
    for path in paths:
        notebook = read(path)
        say_needs(notebook)
        write(notebook, path)
    return _check_all(paths)


def _check_all(paths: list[Path]) -> int:
    problems = [f"{path.name}: {problem}" for path in paths for problem in check(path)]
    print("\n".join(problems) or f"{len(paths)} lessons, nothing to mend")
    return 1 if problems else 0


def _release_all(paths: list[Path]) -> int:
    release.release_all(paths or release.sources())
    return 0
