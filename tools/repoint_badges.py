"""`python -m tools links`: every badge and set-up cell of a checkout, pointed at a fork.

What is set are two lines of pyproject.toml, from which all badges are made, and the address in CITATION.cff; then all
are written anew. Doing it twice changes nothing more.
"""

import argparse
import re
import sys
from pathlib import Path

from tools.notebooks import files, release

DONE, WRONG_INPUT = 0, 2
REPOSITORY = re.compile(r"(?!-)(?!.*--)[A-Za-z0-9-]{1,39}(?<!-)/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}(?<!\.git)", re.ASCII)
BRANCH = re.compile(r"(?![-/.])(?!.*(?:\.\.|//|/\.|\.lock(?:/|$)))[A-Za-z0-9._/+-]{1,200}(?<![/.])", re.ASCII)


def repository_name(text: str) -> str:
    """OWNER/NAME as GitHub allows it, for argparse."""
    if not REPOSITORY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not OWNER/NAME of a repository on GitHub, such as ada/vistext")
    return text


def branch_name(text: str) -> str:
    """A branch that git allows and that needs no escaping in an address, for argparse."""
    if not BRANCH.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of a branch: letters, digits and any of . _ / + -")
    return text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the fork is."""
    parser.add_argument("--repo", metavar="OWNER/NAME", type=repository_name, required=True, help="on GitHub")
    parser.add_argument("--branch", metavar="BRANCH", type=branch_name, required=True, help="that badges open")


def run(arguments: argparse.Namespace) -> int:
    """Point them all there; the exit code."""
    pyproject = files.ROOT / "pyproject.toml"
    if not pyproject.is_file() or not files.lessons():
        print("vistext: links are re-pointed in a checkout of the course, and this is none", file=sys.stderr)
        return WRONG_INPUT
    before = files.home().repository
    address = f"https://github.com/{arguments.repo}"
    _set(pyproject, r'(?m)^(Repository = ").*(")$', address)
    _set(pyproject, r'(?m)^(branch = ").*(")$', arguments.branch)
    citation = files.ROOT / "CITATION.cff"
    citation.write_text(citation.read_text(encoding="utf-8").replace(before, address), encoding="utf-8")
    repoint_all()
    print(f"{len(files.lessons())} lessons, the problem sets and README.md open {arguments.repo}, {arguments.branch}")
    return DONE


def repoint_all() -> None:
    """Write the badges and set-up cells of all lessons, problem sets and README.md as `home` now has them."""
    for path in files.lessons():
        notebook = files.read(path)
        files.repoint(notebook, path)
        files.write(notebook, path)
    release.release_all(release.sources())
    readme = files.ROOT / "README.md"
    readme.write_text(
        files.BADGE.sub(lambda match: files.badge(files.ROOT / match[1]), readme.read_text(encoding="utf-8")),
        encoding="utf-8",
    )


def _set(path: Path, pattern: str, value: str) -> None:
    """Put `value` between the two groups of the one place where `pattern` matches."""
    text, count = re.subn(pattern, lambda found: found[1] + value + found[2], path.read_text(encoding="utf-8"))
    if count != 1:
        raise ValueError(f"{path} has {count} lines like {pattern!r}, and one is wanted")
    path.write_text(text, encoding="utf-8")
