"""A submitted notebook, laid over what students were given: which of its cells are run, and where its answers are.

A given cell is found by its text and run as it was given; and only if a student's cell uses a name that it defines: so
no picture is drawn again, and TensorFlow starts only for those who use it. In a project, the same holds for the
student's own cells: experiments, which may have taken an hour, are not made again. A cell that uses the answer is one.
"""

import ast
import functools
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from vistext.exercises.judging import Exercise
from vistext.grading import sanitize
from vistext.grading.cells import FUNCTION, IMPORTS_ALL, LONGEST, NAME, TEXT, Cell, Found, cell_of, find

WORDS = re.compile(r"(?<![\w.])([^\W\d]\w*)(?=[ \t]+([^\W\d]\w*))")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
SCOPES = (*FUNCTIONS, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
WORD = re.compile(r"\w+")
ALIKE = 0.7  # share of words; cells of two releases have 0.74 and more, two of one release at most 0.3
FEW_WORDS = 5  # of comments and texts in a code cell: more may be an answer in words


@dataclass(frozen=True)
class Runnable:
    number: int  # among the code cells of the submission, from 1; 0 for one that was put back
    source: str
    given: bool
    optional: bool  # it is run only if another cell uses a name that it defines
    exercises: tuple[str, ...] = ()  # whose line it holds
    judged: dict[str, str] = field(default_factory=dict)  # exercises and answers, judged as this cell leaves them


@dataclass(frozen=True)
class Restored:
    """A submission as it is run, marked and shown."""

    run: list[Runnable]  # in order
    by_hand: dict[str, str]  # the text of each answer that a person marks; "" where there is none
    untouched: set[str]  # the exercises whose cells are as they were given
    placed: list[tuple[list[Cell], list[Cell]]]  # for each given cell those that stand for it, and those that follow it
    repairs: list[str]  # what was wrong, and mended; a sentence each
    flags: list[str]  # what a person should look at; a sentence each


def grade_cell(exercise_id: str, release: Sequence[dict]) -> str | None:
    """The grade_id of the cell of the release that holds an exercise's points."""
    for cell in release:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade") and _belongs(marks["grade_id"], exercise_id):
            return marks["grade_id"]
    return None


def restore(cells: Sequence[Cell], release: Sequence[dict], exercises: Sequence[Exercise]) -> Restored:
    """Lay the cells of a submission over the release's, as JSON, that students were given."""
    layout = _Layout(cells, release)
    as_given = {index for index, place in enumerate(layout.same) if place is not None}
    found = {exercise.id: find(exercise, cells, as_given) for exercise in exercises if exercise.kind != "by hand"}
    judged = {index for answer in found.values() for index in answer.judged}
    lazily = any(exercise.of_project for exercise in exercises)
    by_hand = {exercise.id: layout.text(exercise, judged) for exercise in exercises if exercise.kind == "by hand"}
    return Restored(
        _needed(layout.runnable(found, lazily), lazily),
        by_hand,
        {key for key, answer in found.items() if answer.untouched},
        layout.placed,
        [*layout.repairs, *(repair for answer in found.values() for repair in answer.repairs)],
        [flag for answer in found.values() for flag in answer.flags],
    )


class _Layout:
    """A submission's cells, each at the place of the release's cell that it stands for."""

    def __init__(self, cells: Sequence[Cell], release: Sequence[dict]):
        self.cells, self.given = cells, [cell_of(cell) for cell in release]
        self.marks: list[dict] = [cell["metadata"].get("nbgrader", {}) for cell in release]
        self.placed: list[tuple[list[Cell], list[Cell]]] = [([], []) for _ in release]
        self.repairs: list[str] = []
        self.same: list[int | None] = []  # for each cell the place of a given one with the same text
        last = 0
        for cell in cells:
            places = self._places(cell, last)
            self.same.append(next((place for place in places if _same(self.given[place], cell)), None))
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
        for (own, _), mark in zip(self.placed, self.marks, strict=True):
            if own and mark and any(cell.grade_id != mark["grade_id"] for cell in own):
                self.repairs.append(
                    f"the marks on the cell of {mark['grade_id']} were lost or changed; it was found by its text"
                )
            if not own and _is_check(mark):
                self.repairs.append(f"the cell {mark['grade_id']} was missing or changed, and was put back")
        # The code cells without marks that were given, and are not there.
        places_of_given = zip(self.given, self.marks, self.placed, strict=True)
        self.missing = [cell for cell, mark, (own, _) in places_of_given if cell.kind == "code" and not (mark or own)]
        if self.missing:
            count = len(self.missing)
            self.repairs.append(f"{count} of the given code cells were missing or changed, and were put back")

    def _places(self, cell: Cell, last: int) -> list[int]:
        """The indices of the release's cells that a submitted one stands for; none if it is the student's own."""
        named = [index for name in cell.named for index, given in enumerate(self.given) if name in given.named]
        if named:
            return named
        alike = [index for index, given in enumerate(self.given) if _same(given, cell)]
        if not alike and cell.grade_id:
            alike = [
                index
                for index, (given, mark) in enumerate(zip(self.given, self.marks, strict=True))
                if mark.get("grade_id") == cell.grade_id and (given.kind == cell.kind or given.kind != "code")
            ]
        free = [index for index in alike if not self.placed[index][0]]
        return ([index for index in free if index > last] or free or alike[-1:])[:1]

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
            cells[:] = [other for other in cells if other is not cell]
        text = "\n\n".join(cell.source for cell in [*answers, *(cell for _, cell in moved)])
        for index in section:
            if self.given[index].kind != "code":
                text = text.replace(self.given[index].source.strip(), "")
        return text.strip()

    def runnable(self, found: dict[str, Found], lazily: bool) -> list[Runnable]:
        """The code cells in their order, after those that were put back; no checks, and no stubs."""
        run = [Runnable(0, cell.source, given=True, optional=True) for cell in self.missing]
        answers = {answer.answer for answer in found.values()} if lazily else set()
        code = [(index, cell) for index, cell in enumerate(self.cells) if cell.kind == "code"]
        repeated: set[int] = set()
        for number, (index, cell) in enumerate(code, 1):
            place = self.same[index]
            if cell.is_check or place in repeated or (place is not None and self.marks[place]):
                continue
            if place is not None:
                repeated.add(place)
                run.append(Runnable(number, self.given[place].source, given=True, optional=True))
            else:
                judged = {key: answer.answer for key, answer in found.items() if index in answer.judged}
                if not (judged or cell.named) and answers & cell.used:
                    continue
                optional = not (judged or cell.named) and (
                    not IMPORTS_ALL.search(cell.source) if lazily else self._is_of_another_release(cell)
                )
                run.append(Runnable(number, cell.source, False, optional, cell.named, judged))
        return run

    def _is_of_another_release(self, cell: Cell) -> bool:
        """Whether most words of a cell are those of a given one that is missing, and all it defines can be seen."""
        words = set(WORD.findall(cell.source))
        given = [set(WORD.findall(other.source)) for other in self.missing]
        alike = any(len(words & others) > ALIKE * len(words | others) for others in given)
        return alike and not IMPORTS_ALL.search(cell.source)


def _same(cell: Cell, other: Cell) -> bool:
    return cell.kind == other.kind and cell.bare == other.bare


def _is_check(mark: dict) -> bool:
    return bool(mark.get("grade")) and not mark.get("solution")


def _belongs(grade_id: str, exercise_id: str) -> bool:
    return grade_id in (exercise_id, f"{exercise_id}-check")


def _is_prose(cell: Cell) -> bool:
    """Whether a cell may hold an answer in words: text does; code if it is none, or has a sentence in a text of it."""
    if cell.kind != "code" or len(cell.source) > LONGEST:
        return bool(cell.source.strip())
    written = sum(len(NAME.findall(text[0])) for text in TEXT.finditer(cell.source))
    lines = [line for line in cell.code.split("\n") if not line.lstrip().startswith(("%", "!"))]
    neighbors = WORDS.findall("\n".join(lines))
    return written >= FEW_WORDS or any(not any(map(keyword.iskeyword, words)) for words in neighbors)


def _needed(run: list[Runnable], lazily: bool) -> list[Runnable]:
    """The student's cells, and of the optional ones what these, or others that are needed, use.

    Lazily, a function's local name asks for functions of that name, but not for an experiment that assigns it a value.
    """
    cells = [Cell("code", cell.source) for cell in run]
    defined = [_defined(one.source) if one.given else cell.bound for one, cell in zip(run, cells, strict=True)]
    functions = [set(FUNCTION.findall(cell.code)) for cell in cells]
    local = [cell.bound_anywhere - cell.bound if lazily else set() for cell in cells]
    chosen: set[int] = set()
    used, free = {"*"}, {"*"}
    more = {index for index, cell in enumerate(run) if not cell.optional}
    while more:
        chosen |= more
        used = used.union(*(cells[index].used for index in more))
        free = free.union(*(cells[index].used - local[index] for index in more))
        left = set(range(len(run))) - chosen
        more = {index for index in left if defined[index] & free or functions[index] & used}
    return [cell for index, cell in enumerate(run) if index in chosen]


@functools.cache
def _defined(source: str) -> set[str]:
    """The names that a given cell leaves behind; "*" if it imports all of a module."""
    names: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.MULTILINE))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        if not isinstance(node, SCOPES):  # what is assigned in there stays in it
            nodes += ast.iter_child_nodes(node)
    return names


def assemble(restored: Restored, release: dict, outputs: dict[str, str]) -> dict:
    """The notebook that nbgrader's screens show: the release's cells and marks, the student's answers between them.

    It has no outputs but a text for each exercise, by its id, and the pictures that the student's own cells have drawn;
    nothing in it is live.
    """
    cells, screen = [], sanitize.Screen()
    for index, (original, (own, after)) in enumerate(zip(release["cells"], restored.placed, strict=True)):
        marks = original["metadata"].get("nbgrader", {})
        given = cell_of(original)
        source, output = given.source, None
        if marks.get("solution"):
            texts = [cell.source for cell in own]
            if marks.get("grade"):
                texts = [text for key, text in restored.by_hand.items() if text and _belongs(given.grade_id, key)]
            if texts:
                source = screen.show(given.kind, "\n\n".join(texts))
        elif marks.get("grade"):
            output = next((text for key, text in outputs.items() if _belongs(given.grade_id, key)), None)
        cells.append(_cell(given.kind, original.get("id", f"given-{index}"), original["metadata"], source, output))
        for number, cell in enumerate(after):
            # What stands in a raw cell is given to a browser as it is.
            kind = "code" if cell.kind == "code" else "markdown"
            cells.append(_cell(kind, f"own-{index}-{number}", {}, screen.show(cell.kind, cell.source)))
            if kind == "code":
                cells[-1]["outputs"] = screen.pictures(cell.outputs)
    return {"cells": cells, "metadata": release["metadata"], "nbformat": 4, "nbformat_minor": 5}


def _cell(kind: str, cell_id: str, metadata: dict, source: str, output: str | None = None) -> dict:
    cell = {"cell_type": kind, "id": cell_id, "metadata": metadata, "source": source}
    if kind != "code":
        return cell
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
    return cell | {"execution_count": None, "outputs": outputs}
