"""From the source of a problem set, which holds solutions, to the release that students get.

    python -m tools notebooks release [PATH ...]    write the releases anew (without paths, all)

The release is what nbgrader's own `generate_assignment` makes of the same source, and a test holds it to that; but it
needs no nbgrader and no gradebook. The source's badge opens the release: a student's badge never opens a solution.
"""

import copy
import hashlib
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from tools.notebooks import files
from tools.notebooks.files import BADGE, badge, drop_volatile, read, repoint, write
from vistext.exercises.exercise import CODE_STUB, MARKER, TEXT_STUB

FOLDER = Path("notebooks") / "exercises"  # nbgrader's course folder
BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"


def sources() -> list[Path]:
    """The source of every problem set of this checkout, in order."""
    return sorted((files.ROOT / FOLDER / "source").glob("ps[0-9][0-9]_*/ps[0-9][0-9]_*.ipynb"))


def release_of(source: Path) -> Path:
    """Where the release of the problem set at `source` lies."""
    return files.ROOT / FOLDER / "release" / source.parent.name / source.name


def released(source: NotebookNode) -> NotebookNode:
    """What students get of a source: stubs for solutions, no outputs, and nbgrader's marks on its cells.

    Raises:
        ValueError: a solution is begun and not ended, or stands in a cell that is not marked as a solution.
    """
    notebook = copy.deepcopy(source)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        _clear_solution(cell)
        marks = cell.metadata.get("nbgrader")
        if marks:
            cell.metadata["deletable"] = False
            if not marks["solution"]:
                cell.metadata["editable"] = False
            marks["checksum"], marks["cell_type"] = _checksum(cell), cell.cell_type
    return notebook


def _clear_solution(cell: NotebookNode) -> None:
    """Put stubs for the solution of a cell, in place: for its marked part or, if none is marked, for all of it."""
    stub = CODE_STUB if cell.cell_type == "code" else TEXT_STUB
    is_solution = cell.metadata.get("nbgrader", {}).get("solution", False)
    lines, inside, found = [], False, False
    for line in cell.source.split("\n"):
        if BEGIN in line:
            inside = found = True
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + part for part in stub.split("\n")]
        elif END in line:
            inside = False
        elif not inside:
            lines.append(line)
    if inside or (found and not is_solution):
        raise ValueError(
            f"a solution is begun and not ended, or stands in a cell that is not marked as one: {cell.source[:80]!r}"
        )
    if is_solution:
        cell.source = "\n".join(lines) if found else stub


def _checksum(cell: NotebookNode) -> str:
    """By which nbgrader sees whether a cell was changed; as nbgrader.utils.compute_checksum works it out."""
    marks = cell.metadata["nbgrader"]
    parts = [cell.source, cell.cell_type, *(str(marks[name]) for name in ("grade", "solution", "locked"))]
    parts.append(marks["grade_id"])
    if marks["grade"]:
        parts.append(str(float(marks["points"])))
    return hashlib.md5("".join(parts).encode()).hexdigest()


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


def release(path: Path) -> None:
    """Write the release of the problem set whose source is at `path`."""
    target = release_of(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    write(released(read(path)), target)


def release_all(paths: list[Path]) -> None:
    """Write the set-up cells and badges of sources anew, and their releases."""
    for path in paths:
        repoint_source(path)
        release(path)
