"""A submitted notebook, whatever an editor or a student has done to it: its cells, and which of them are run.

Nothing here trusts metadata. Answers are found by their line `# exercise: ps01-3`, and what was given to students by
its text; marks do not depend on either, for a function is looked up by its name once all cells have run.

A cell that was given and not changed is run only if a student's cell uses a name that it defines. So pictures are not
drawn again, and TensorFlow is started only for those who use it.
"""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from vistext.checks.exercise import NAMED, TEXT_STUB, Exercise
from vistext.grading import inert

# What a student has written is never parsed here: a parser can be brought down. These patterns take linear time.
FUNCTION = re.compile(r"^(?:async )?def[ \t]+(\w+)", re.MULTILINE)
TEXT = re.compile(
    r"""#[^\n]*|(\b[A-Za-z]{1,2})?(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
)
NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
CHECK = re.compile(r"""\s*check\(\s*["'][^"']+["']\s*(,\s*\w+\s*)?\)\s*""")
MOST_CELLS = 2000


class UnreadableError(ValueError):
    """What was submitted cannot be read as a notebook."""


@dataclass(frozen=True)
class Cell:
    """A cell, as far as anything of it is used."""

    kind: str  # "code", "markdown" or "raw"
    source: str
    grade_id: str = ""

    @cached_property
    def bare(self) -> str:
        """The source without what editors change; kept, for each cell is compared with all that were given."""
        return "\n".join(line.rstrip() for line in self.source.strip().splitlines())


@dataclass(frozen=True)
class Runnable:
    """A code cell that is run."""

    number: int  # among the code cells of the submission, from 1; 0 for one that was put back
    source: str
    given: bool
    exercises: tuple[str, ...] = ()  # whose line it holds


@dataclass(frozen=True)
class Prepared:
    """A submission as it is run, marked and shown.

    Attributes:
        run: the cells to run, in order.
        by_hand: the text of each answer that a person marks; "" where there is none.
        placed: for each cell of the release the student's cells that stand for it, and those that follow it.
        repairs: what was amiss, and mended; a sentence each.
        doubts: what a person should look at; a sentence each.
    """

    run: list[Runnable]
    by_hand: dict[str, str]
    placed: list[tuple[list[Cell], list[Cell]]]
    repairs: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def read(content: bytes, largest: int) -> list[Cell]:
    """The cells of a notebook of any version; outputs and metadata are left behind.

    Raises:
        UnreadableError: it is too large, or no notebook.
    """
    if len(content) > largest:
        raise UnreadableError(
            f"a file of {len(content) / 1e6:.0f} MB, of at most {largest / 1e6:.0f}; clear its outputs, submit again"
        )
    try:
        notebook = json.loads(content.decode("utf-8-sig", errors="replace"))
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"not a notebook: it is no valid JSON ({str(error)[:100]})") from error
    if not isinstance(notebook, dict):
        raise UnreadableError("not a notebook: there is JSON in it, but no cells")
    cells = notebook.get("cells")
    if cells is None and isinstance(notebook.get("worksheets"), list):  # nbformat 3
        sheets = [sheet for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets for cell in sheet.get("cells") or []]
    if not isinstance(cells, list):
        raise UnreadableError("not a notebook: there is JSON in it, but no cells")
    if len(cells) > MOST_CELLS:
        raise UnreadableError(f"a notebook of {len(cells):,} cells, of at most {MOST_CELLS:,}")
    return [_cell(cell) for cell in cells if isinstance(cell, dict)]


def _cell(cell: dict) -> Cell:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    source = source if isinstance(source, str) else ""
    marks = cell.get("metadata")
    marks = marks.get("nbgrader") if isinstance(marks, dict) else None
    grade_id = marks.get("grade_id") if isinstance(marks, dict) else ""
    kind = cell.get("cell_type")
    return Cell(
        kind=kind if kind in ("code", "raw") else "markdown",
        source=source.encode("utf-8", errors="replace").decode().replace("\r\n", "\n"),
        grade_id=grade_id if isinstance(grade_id, str) else "",
    )


def grade_cell(exercise_id: str, release: Sequence[dict]) -> str | None:
    """The grade_id of the cell of the release that holds an exercise's points."""
    for cell in release:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade") and (marks["grade_id"] == exercise_id or marks["grade_id"] == f"{exercise_id}-check"):
            return marks["grade_id"]
    return None


def prepare(cells: Sequence[Cell], release: Sequence[dict], exercises: Sequence[Exercise]) -> Prepared:
    """Lay a submission over what students were given.

    Args:
        cells: of the submission.
        release: the cells of the notebook that students were given, as JSON.
        exercises: of the set.
    """
    given = [_cell(cell) for cell in release]
    marks = [cell["metadata"].get("nbgrader", {}) for cell in release]
    placed: list[tuple[list[Cell], list[Cell]]] = [([], []) for _ in given]
    last, places = 0, []
    for cell in cells:
        place = _place(cell, given, marks, placed)
        places.append(place)
        if place is None:
            placed[last][1].append(cell)
        else:
            placed[place][0].append(cell)
            last = place
    repairs, doubts = _amiss(placed, given, marks, exercises)
    by_hand = {
        exercise.id: _text(exercise, placed, given, repairs) for exercise in exercises if exercise.kind == "by hand"
    }
    run = _runnable(cells, places, given, marks, placed)
    return Prepared(run, by_hand, placed, repairs, doubts)


def _place(cell: Cell, given: list[Cell], marks: list[dict], placed: list) -> int | None:
    """The index of the release's cell that a submitted one stands for; None if it is the student's own."""
    named = NAMED.findall(cell.source) if cell.kind == "code" else []
    if named:
        places = [index for index, mark in enumerate(marks) if named[0] in NAMED.findall(given[index].source)]
    else:
        places = [index for index, one in enumerate(given) if one.kind == cell.kind and _same(one, cell)]
        if not places and cell.grade_id:
            places = [
                index
                for index, mark in enumerate(marks)
                if mark.get("grade_id") == cell.grade_id and given[index].kind == cell.kind
            ]
    return next((index for index in places if not placed[index][0]), places[-1] if places else None)


def _same(one: Cell, other: Cell) -> bool:
    return one.bare == other.bare


def _is_check(mark: dict) -> bool:
    return bool(mark.get("grade")) and not mark.get("solution")


def _amiss(
    placed: list, given: list[Cell], marks: list[dict], exercises: Sequence[Exercise]
) -> tuple[list[str], list[str]]:
    """What was mended, and what a person should look at."""
    repairs, doubts = [], []
    lost = [index for index, mark in enumerate(marks) if not placed[index][0]]
    for index, (own, _) in enumerate(placed):
        mark, named = marks[index], NAMED.findall(given[index].source)
        if not mark:
            continue
        if own and any(cell.grade_id != mark["grade_id"] for cell in own):
            repairs.append(
                f"the marks on the cell of {mark['grade_id']} were lost or changed; it was found by its text"
            )
        if len(own) > 1:
            repairs.append(
                f"there are {len(own)} cells of {mark['grade_id']}; they were run in order, and the last holds"
            )
        if not own and named:
            doubts.append(f"there is no cell with the line '# exercise: {named[0]}'")
        if not own and _is_check(mark):
            repairs.append(f"the cell {mark['grade_id']} was missing or changed, and was put back")
    missing = sum(not marks[index] and given[index].kind == "code" for index in lost)
    if missing:
        repairs.append(f"{missing} of the given code cells were missing or changed, and were put back")
    for exercise in exercises:
        if exercise.kind != "function":
            continue
        own = [
            cell
            for index, (cells, _) in enumerate(placed)
            if exercise.id in NAMED.findall(given[index].source)
            for cell in cells
        ]
        defined = {name for cell in own for name in FUNCTION.findall(cell.source)}
        if (
            defined
            and exercise.answer not in defined
            and not any(exercise.answer in _uses(cell.source) for cell in own)
        ):
            doubts.append(
                f"{exercise.id}: its cell defines {', '.join(sorted(defined)[:3])[:100]}, not {exercise.answer}"
            )
    return repairs, doubts


def _text(exercise: Exercise, placed: list, given: list[Cell], repairs: list[str]) -> str:
    """The student's text for an answer that a person marks."""
    index = next((index for index, cell in enumerate(given) if _belongs(cell.grade_id, exercise.id)), None)
    if index is None:
        return ""
    texts = [cell.source for cell in placed[index][0] if not _same(cell, given[index])]
    if not texts:
        around = placed[index][1] + (placed[index - 1][1] if not placed[index][0] and index else [])
        texts = [cell.source for cell in around if cell.kind != "code"]
        if texts:
            repairs.append(f"the answer to {exercise.id} stands in a cell of its own, and was taken from there")
    text = "\n\n".join(texts).strip()
    return "" if text == TEXT_STUB else text


def _runnable(
    cells: Sequence[Cell], places: list[int | None], given: list[Cell], marks: list[dict], placed: list
) -> list[Runnable]:
    """The code cells in their order, after those that were put back, without those that nobody needs."""
    run = [
        Runnable(0, cell.source, given=True)
        for index, cell in enumerate(given)
        if cell.kind == "code" and not marks[index] and not placed[index][0]
    ]
    number = 0
    for cell, place in zip(cells, places, strict=True):
        if cell.kind != "code":
            continue
        number += 1
        is_given = place is not None and _same(cell, given[place])
        if CHECK.fullmatch(cell.source) or (is_given and _is_check(marks[place])):
            continue
        own = bool(place is None or marks[place] or not is_given)
        run.append(Runnable(number, cell.source, given=not own, exercises=tuple(NAMED.findall(cell.source))))
    return list(_needed(run))


def _needed(run: list[Runnable]) -> Iterator[Runnable]:
    """The student's cells, and of those that were given what the student's, or others that are needed, use."""
    used: set[str] = set()
    for cell in run:
        if not cell.given:
            used |= _uses(cell.source)
    chosen: set[int] = set()
    while True:
        more = [
            index
            for index, cell in enumerate(run)
            if cell.given and index not in chosen and (_defines(cell.source) & (used | {"*"}))
        ]
        if not more:
            break
        chosen.update(more)
        for index in more:
            used |= _uses(run[index].source)
    for index, cell in enumerate(run):
        if not cell.given or index in chosen:
            yield cell


def _uses(source: str) -> set[str]:
    """The words in a cell that may be names: not those in comments and in texts, but for f-strings."""
    return set(NAME.findall(TEXT.sub(lambda text: text[0] if "f" in (text[1] or "").lower() else " ", source)))


def _defines(source: str) -> set[str]:
    """The names that a given cell defines, wherever in it; "*" if it imports all of a module."""
    without_magics = re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)
    nodes = list(ast.walk(ast.parse(without_magics)))
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return names


def assembled(prepared: Prepared, release: dict, said: dict[str, str]) -> dict:
    """The notebook that nbgrader's screens show: the release's cells and marks, the student's answers between them.

    It has no outputs but what is said of each exercise, and nothing in it is live: an instructor's browser shows it.

    Args:
        prepared: the submission.
        release: the notebook that students were given, as JSON.
        said: of each exercise, by its id.
    """
    cells, screen = [], inert.Screen()
    for index, (original, (own, after)) in enumerate(zip(release["cells"], prepared.placed, strict=True)):
        marks = original["metadata"].get("nbgrader", {})
        given = _cell(original)
        cell = {
            "cell_type": given.kind,
            "id": original.get("id", f"given-{index}"),
            "metadata": original["metadata"],
            "source": given.source,
        }
        if marks.get("solution"):
            answer = next((text for key, text in prepared.by_hand.items() if _belongs(given.grade_id, key)), None)
            texts = [one.source for one in own]
            if marks.get("grade"):
                texts = [answer] if answer else []
            if texts:
                cell["source"] = screen.shown(given.kind, "\n\n".join(texts))
        said_of_it = next(
            (text for key, text in said.items() if _is_check(marks) and _belongs(given.grade_id, key)), None
        )
        cells.append(_with_outputs(cell, said_of_it))
        for number, one in enumerate(after):
            # What stands in a raw cell is given to a browser as it is.
            kind = "code" if one.kind == "code" else "markdown"
            source = screen.shown(one.kind, one.source)
            extra = {"cell_type": kind, "id": f"own-{index}-{number}", "metadata": {}, "source": source}
            cells.append(_with_outputs(extra, None))
    return {"cells": cells, "metadata": release["metadata"], "nbformat": 4, "nbformat_minor": 5}


def _belongs(grade_id: str, exercise_id: str) -> bool:
    return grade_id in (exercise_id, f"{exercise_id}-check")


def _with_outputs(cell: dict, said: str | None) -> dict:
    if cell["cell_type"] != "code":
        return cell
    outputs = [{"output_type": "stream", "name": "stdout", "text": said}] if said else []
    return cell | {"execution_count": None, "outputs": outputs}
