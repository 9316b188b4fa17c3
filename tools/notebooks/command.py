"""`python -m tools notebooks ACTION [PATH ...]`; without paths, every lesson, or every problem set.

execute     run from a fresh kernel, clean and store (`make notebooks`)
check       name what a lesson breaks of tools.notebooks.lint
release     make what students get from the sources of problem sets
"""

import argparse
import sys
from pathlib import Path

from tools.notebooks import release
from tools.notebooks.files import execute, lessons
from tools.notebooks.lint import check


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("action", choices=("execute", "check", "release"))
    parser.add_argument("paths", nargs="*", type=Path, help="lessons, or sources of problem sets; without any, all")


def run(arguments: argparse.Namespace) -> int:
    """Do it: 0, or 1 where a lesson did not run, or breaks a rule."""
    paths = [path.resolve() for path in arguments.paths]
    if arguments.action == "release":
        release.release_all(paths or release.sources())
        return 0
    paths = paths or lessons()
    if arguments.action == "execute" and not _execute_all(paths):
        return 1
    problems = [f"{path.name}: {problem}" for path in paths for problem in check(path)]
    print("\n".join(problems) or f"{len(paths)} lessons, nothing to mend")
    return 1 if problems else 0


def _execute_all(paths: list[Path]) -> bool:
    """Run lessons one after the other; whether all of them did."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    for path in paths:
        try:
            execute(path)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            print(f"{path.name} is left as it was, for it did not run:\n{error}", file=sys.stderr)
            return False
    return True
