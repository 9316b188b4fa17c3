"""From the source of a problem set, which holds solutions, to the release that students get.

    python -m tools notebooks release [PATH ...]    write the releases anew (without paths, all)

The release is what nbgrader's own `generate_assignment` makes of the same source, and a test holds it to that; but it
needs no gradebook. The source's badge opens the release: a student's badge never opens a solution.
"""

import copy
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from tools.notebooks import files
from tools.notebooks.files import BADGE, badge, drop_volatile, read, repoint, write
from vistext.exercises.judging import CODE_STUB, MARKER, TEXT_STUB

FOLDER = Path("notebooks") / "exercises"  # nbgrader's course folder


def sources() -> list[Path]:
    """The source of every problem set of this checkout, in order; then that of every project."""
    return [*problem_sets(), *projects()]


def problem_sets() -> list[Path]:
    return _beginning("ps")


def projects() -> list[Path]:
    """The sources of projects, whose networks train for minutes."""
    return _beginning("pr")


def _beginning(kind: str) -> list[Path]:
    return sorted((files.ROOT / FOLDER / "source").glob(f"{kind}[0-9][0-9]_*/{kind}[0-9][0-9]_*.ipynb"))


def release_of(source: Path) -> Path:
    """Where the release of the problem set at `source` lies."""
    return files.ROOT / FOLDER / "release" / source.parent.name / source.name


def released(source: NotebookNode) -> NotebookNode:
    """What students get of a source: stubs for solutions, no outputs, and nbgrader's marks on its cells."""
    from nbgrader.preprocessors import ClearOutput, ClearSolutions, ComputeChecksums, LockCells
    from traitlets.config import Config

    notebook, config = copy.deepcopy(source), Config()
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    for step in (LockCells, ClearSolutions, ClearOutput, ComputeChecksums):  # in nbgrader's own order
        notebook, _ = step(config=config).preprocess(notebook, {})
    return notebook


def solutions(source: NotebookNode) -> Iterator[tuple[str, str]]:
    """Each exercise's id and the source of its solution cell, from a source or a submission."""
    for cell in source.cells:
        if cell.cell_type == "code" and (named := MARKER.search(cell.source)):
            yield named[1], cell.source


def repoint_source(path: Path) -> None:
    """Write the set-up cell of the source at `path` as it now is, and its badge, which opens the release."""
    notebook = read(path)
    repoint(notebook, path)
    notebook.cells[0].source = BADGE.sub(lambda _: badge(release_of(path)), notebook.cells[0].source)
    drop_volatile(notebook)
    write(notebook, path)


def release_all(paths: list[Path]) -> None:
    """Write the set-up cells and badges of sources anew, and their releases."""
    for path in paths:
        repoint_source(path)
        target = release_of(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        write(released(read(path)), target)
