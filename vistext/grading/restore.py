"""A submitted notebook, laid over what students were given: which of its cells are run, and where its answers are.

Answers are found as `cells.find` says, and what was given to students by its text. Where a given cell is found, it is
run as it was given, whatever an editor has done to it.

A cell that was given is run only if a student's cell uses a name that it defines. So pictures are not drawn again, and
TensorFlow is started only for those who use it.
"""

import ast
import functools
import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from vistext.exercises.exercise import Exercise
from vistext.grading import sanitize
from vistext.grading.cells import LONGEST, NAME, TEXT, Cell, Found, cell_of, find

WORDS = re.compile(r"(?<![\w.])([^\W\d]\w*)(?=[ \t]+([^\W\d]\w*))")
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
SCOPES += (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FEW_WORDS = 5  # of comments and texts in a code cell: more may be an answer in words


@dataclass(frozen=True)
class Runnable:
    """A code cell that is run."""

    number: int  # among the code cells of the submission, from 1; 0 for one that was put back
    source: str
    given: bool
    exercises: tuple[str, ...] = ()  # whose line it holds
    judged: dict[str, str] = field(
        default_factory=dict
    )  # exercises and answers that are judged as this cell leaves them


@dataclass(frozen=True)
class Prepared:
    """A submission as it is run, marked and shown.

    Attributes:
        run: the cells to run, in order.
        by_hand: the text of each answer that a person marks; "" where there is none.
        untouched: the exercises whose cells are as they were given.
        placed: for each cell of the release the student's cells that stand for it, and those that follow it.
        repairs: what was amiss, and mended; a sentence each.
        doubts: what a person should look at; a sentence each.
    """

    run: list[Runnable]
    by_hand: dict[str, str]
    untouched: set[str]
    placed: list[tuple[list[Cell], list[Cell]]]
    repairs: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


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
    laid = _Laid(cells, [cell_of(cell) for cell in release], [cell["metadata"].get("nbgrader", {}) for cell in release])
    found = {one.id: find(one, cells, laid.as_given) for one in exercises if one.kind != "by hand"}
    for one in found.values():
        laid.repairs += one.repairs
        laid.doubts += one.doubts
    judged = {index for one in found.values() for index in one.judged}
    by_hand = {exercise.id: laid.text(exercise, judged) for exercise in exercises if exercise.kind == "by hand"}
    untouched = {key for key, one in found.items() if one.untouched}
    run = list(_needed(laid.runnable(found)))
    return Prepared(run, by_hand, untouched, laid.placed, laid.repairs, laid.doubts)


class _Laid:
    """A submission's cells, each at the place of the release's cell that it stands for."""

    def __init__(self, cells: Sequence[Cell], given: list[Cell], marks: list[dict]):
        self.cells, self.given, self.marks = cells, given, marks
        self.placed: list[tuple[list[Cell], list[Cell]]] = [([], []) for _ in given]
        self.repairs: list[str] = []
        self.doubts: list[str] = []
        self.same: list[int | None] = []  # for each cell the place of a given one with the same text
        last = 0
        for cell in cells:
            places = self._places(cell, last)
            self.same.append(next((place for place in places if _same(given[place], cell)), None))
            if places:
                last = places[0]
                self.placed[last][0].append(cell)
            else:
                self.placed[last][1].append(cell)
            for other in places[1:]:
                name, where = (self.marks[place].get("grade_id", "") for place in (other, last))
                self.repairs.append(f"{name} is answered in the cell of {where}, and was judged there")
                stand_in = f"# exercise: {name}\n# It is answered in the cell of {where}."
                self.placed[other][0].append(Cell("code", stand_in, name))
        self._look()

    @property
    def as_given(self) -> set[int]:
        """The indices of the cells that have the text of a given one."""
        return {index for index, place in enumerate(self.same) if place is not None}

    def _places(self, cell: Cell, last: int) -> list[int]:
        """The indices of the release's cells that a submitted one stands for; none if it is the student's own."""
        if cell.named:
            named = [index for name in cell.named for index, one in enumerate(self.given) if name in one.named]
            if named:
                return named
        alike = [index for index, one in enumerate(self.given) if one.kind == cell.kind and _same(one, cell)]
        alike = alike or [
            index
            for index, mark in enumerate(self.marks)
            if cell.grade_id
            and mark.get("grade_id") == cell.grade_id
            and (self.given[index].kind == cell.kind or self.given[index].kind != "code")
        ]
        free = [index for index in alike if not self.placed[index][0]]
        return ([index for index in free if index > last] or free or alike[-1:])[:1]

    def _look(self) -> None:
        """Say what was mended."""
        for (own, _), mark in zip(self.placed, self.marks, strict=True):
            if own and mark and any(cell.grade_id != mark["grade_id"] for cell in own):
                self.repairs.append(
                    f"the marks on the cell of {mark['grade_id']} were lost or changed; it was found by its text"
                )
            if not own and _is_check(mark):
                self.repairs.append(f"the cell {mark['grade_id']} was missing or changed, and was put back")
        if missing := len(self._missing()):
            self.repairs.append(f"{missing} of the given code cells were missing or changed, and were put back")

    def _missing(self) -> list[Cell]:
        """The code cells without marks that were given, and are not there."""
        cells = zip(self.given, self.marks, self.placed, strict=True)
        return [one for one, mark, (own, _) in cells if one.kind == "code" and not mark and not own]

    def text(self, exercise: Exercise, judged: set[int]) -> str:
        """The student's text for an answer that a person marks, wherever in its section they have written it."""
        place = next((index for index, cell in enumerate(self.given) if _belongs(cell.grade_id, exercise.id)), None)
        if place is None:
            return ""
        before = max((index for index in range(place) if self.marks[index]), default=-1)
        section = range(before + 1, place + 1)
        answers = [cell for cell in self.placed[place][0] if not _same(cell, self.given[place])]
        moved = [(self.placed[place][1], cell) for cell in self.placed[place][1] if cell.kind != "code"]
        if not answers:
            own = [self.placed[index][1] for index in section]
            if before >= 0 and not self.placed[before + 1][0]:  # the question itself was written in
                own = [[cell for cell in self.placed[before][1] if cell.kind != "code"], *own]
            taken = {id(self.cells[index]) for index in judged}
            moved = [(cells, cell) for cells in own for cell in cells if id(cell) not in taken and _is_prose(cell)]
            if moved:
                kind = "code cell" if any(cell.kind == "code" for _, cell in moved) else "cell"
                self.repairs.append(f"the answer to {exercise.id} was taken from a {kind} that is not the one for it")
        for cells, cell in moved:
            cells[:] = [one for one in cells if one is not cell]
        text = "\n\n".join(cell.source for cell in [*answers, *(cell for _, cell in moved)])
        for index in section:
            if self.given[index].kind != "code":
                text = text.replace(self.given[index].source.strip(), "")
        return text.strip()

    def runnable(self, found: dict[str, Found]) -> list[Runnable]:
        """The code cells in their order, after those that were put back; no checks, and no stubs."""
        run = [Runnable(0, cell.source, given=True) for cell in self._missing()]
        number, seen = 0, set()
        for index, (cell, place) in enumerate(zip(self.cells, self.same, strict=True)):
            if cell.kind != "code":
                continue
            number += 1
            if cell.is_check or place in seen or (place is not None and self.marks[place]):
                continue
            if place is not None:
                seen.add(place)
                run.append(Runnable(number, self.given[place].source, given=True))
            else:
                judged = {key: one.answer for key, one in found.items() if index in one.judged}
                run.append(Runnable(number, cell.source, given=False, exercises=cell.named, judged=judged))
        return run


def _same(one: Cell, other: Cell) -> bool:
    return one.kind == other.kind and one.bare == other.bare


def _is_check(mark: dict) -> bool:
    return bool(mark.get("grade")) and not mark.get("solution")


def _is_prose(cell: Cell) -> bool:
    """Whether a cell may hold an answer in words: text does; code if it is none, or has a sentence in a text of it."""
    if cell.kind != "code" or len(cell.source) > LONGEST:
        return bool(cell.source.strip())
    said = sum(len(NAME.findall(text[0])) for text in TEXT.finditer(cell.source))
    lines = [line for line in cell.code.split("\n") if not line.lstrip().startswith(("%", "!"))]
    pairs = WORDS.findall("\n".join(lines))
    return said >= FEW_WORDS or any(not keyword.iskeyword(one) and not keyword.iskeyword(other) for one, other in pairs)


def _needed(run: list[Runnable]) -> Iterator[Runnable]:
    """The student's cells, and of those that were given what the student's, or others that are needed, use."""
    used: set[str] = set()
    for cell in run:
        if not cell.given:
            used |= Cell("code", cell.source).used
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
            used |= Cell("code", run[index].source).used
    for index, cell in enumerate(run):
        if not cell.given or index in chosen:
            yield cell


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """A tree's nodes, but none within a function, a class or a comprehension: what these assign stays in them."""
    yield node
    if not isinstance(node, SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _outside_functions(child)


@functools.cache
def _defines(source: str) -> set[str]:
    """The names that a given cell leaves behind; "*" if it imports all of a module."""
    without_magics = re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)
    nodes = list(_outside_functions(ast.parse(without_magics)))
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
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
    cells, screen = [], sanitize.Screen()
    for index, (original, (own, after)) in enumerate(zip(release["cells"], prepared.placed, strict=True)):
        marks = original["metadata"].get("nbgrader", {})
        given = cell_of(original)
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
