"""The cells of a submitted notebook, read from whatever an editor has made of the file, and which of them answer what.

No metadata is trusted, and no answer found by parsing, which can be brought down: every pattern takes linear time.
"""

import ast
import json
import keyword
import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from vistext.exercises.judging import Exercise
from vistext.grading.limits import Limits

# As `judging.MARKER`, with all that autocorrection and a second hand make of such a line.
DASH = r"(?:[-_.]|\\u2[0-9a-f]{3}|" + "|".join("\u2010\u2011\u2012\u2013\u2014\u2015\u2212") + ")"
MARKER = rf"[ \t]*#+[ \t]*exercise\b[ \t:]*(p[sr])[ \t]?0?(\d{{1,2}})[ \t]*{DASH}[ \t]*0?(\d{{1,2}})(?!\d)"
EXERCISE = re.compile(f"^{MARKER}", re.MULTILINE | re.IGNORECASE)
# The same in the bytes of a file of JSON, where a line begins after a quote, or after a line break in a text.
EXERCISE_IN_FILE = re.compile(rf'(?:\A|\n|\\n|"){MARKER}'.encode(), re.IGNORECASE)
CHECK = re.compile(r"""\s*check\(\s*["'][^"'\n]+["']\s*(?:,\s*\w+\s*)?\)[ \t;]*\s*""")
UNFINISHED = re.compile(r"\braise[ \t]+NotImplementedError\b")
FUNCTION = re.compile(r"^(?:async )?def[ \t]+(\w+)", re.MULTILINE)
NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
IMPORTS_ALL = re.compile(r"\bimport[ \t]*\*|%run\b")  # names that the text does not show
NO_TARGET = re.compile(r"[=!<>]=|\{[^{}]*\}")  # comparisons and what is in braces
STATEMENT = re.compile(r"(?:async[ \t]+)?(def|class|import|from|for|with)\b")
# A comment or a text. One that nobody has closed ends with its line, or with the cell: so nothing is read twice.
TEXT = re.compile(
    r"""#[^\n]*"""
    r"""|(\b[A-Za-z]{1,2})?(?:\"{3}(?:[^\\]|\\(?:[\s\S]|\Z))*?(?:\"{3}|\Z)|'{3}(?:[^\\]|\\(?:[\s\S]|\Z))*?(?:'{3}|\Z)"""
    r"""|"(?:[^"\\\n]|\\(?:[\s\S]|\Z))*"?|'(?:[^'\\\n]|\\(?:[\s\S]|\Z))*'?)"""
)
LINE_ENDS = ("\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")
MAX_CELLS = 2000
MAX_PARTS = 6_000_000  # that a JSON of the largest size may hold: each takes memory, however short it is
LONGEST = 200_000  # characters of a cell that are searched for texts and comments; of a longer one every word counts
MAX_ANSWERS = 3  # different cells that are judged as answers to one exercise


class UnreadableError(ValueError):
    """What was submitted cannot be read as a notebook."""


@dataclass(frozen=True)
class Cell:
    """A cell, as far as anything of it is used."""

    kind: str  # "code", "markdown" or "raw"
    source: str
    grade_id: str = ""
    outputs: Any = field(default=None, compare=False, repr=False)  # as they were submitted: anything at all

    @cached_property
    def bare(self) -> str:
        """The source without what editors change; kept, for each cell is compared with all that were given."""
        return "\n".join(line.rstrip() for line in self.source.strip().splitlines())

    @cached_property
    def named(self) -> tuple[str, ...]:
        """The exercises whose line is in it, such as "ps01-3"; none in text."""
        found = EXERCISE.findall(self.source) if self.kind == "code" else []
        return tuple(
            dict.fromkeys(f"{kind.lower()}{int(number):02d}-{int(exercise)}" for kind, number, exercise in found)
        )

    @cached_property
    def code(self) -> str:
        """The source without comments, and without texts but those that hold code."""
        if len(self.source) > LONGEST:
            return self.bare
        return TEXT.sub(lambda text: text[0] if "f" in (text[1] or "").lower() else " ", self.bare)

    @cached_property
    def used(self) -> set[str]:
        return set(NAME.findall(self.code))

    @property
    def finished(self) -> bool:
        """Whether there is code in it, and none of it says that it is still to be written."""
        return bool(self.code.strip()) and not UNFINISHED.search(self.code)

    @property
    def is_check(self) -> bool:
        """Whether it does nothing but ask for a check."""
        return self.kind == "code" and CHECK.fullmatch(self.source) is not None

    @cached_property
    def bound(self) -> set[str]:
        """The names to which a line that is not indented gives a meaning, as far as its text shows."""
        return self._bound_in(line for line in self.code.split("\n") if line[:1] not in (" ", "\t"))

    @cached_property
    def bound_anywhere(self) -> set[str]:
        """The same of all lines, in blocks and in functions too."""
        return self._bound_in(self.code.split("\n"))

    def _bound_in(self, lines: Iterable[str]) -> set[str]:
        return self.used if len(self.source) > LONGEST else {name for line in lines for name in _bound(line.strip())}


def _bound(line: str) -> set[str]:
    """The names to which a line of code may give a meaning."""
    if statement := STATEMENT.match(line):
        rest = line[statement.end() :]
        if statement[1] in ("def", "class"):
            return set(NAME.findall(rest)[:1])
        if statement[1] == "from":
            rest = rest.partition(" import ")[2]
        names = NAME.findall(rest.partition(" in ")[0] if statement[1] == "for" else rest)
        return {name for name in names if not keyword.iskeyword(name)}
    *targets, value = NO_TARGET.sub(" ", line).split("=")
    if value.strip() == "...":  # the dots of a stub, in place of a value
        return set()
    return {name for target in targets for name in NAME.findall(re.split(r"[(\[]", target.lstrip("( "), maxsplit=1)[0])}


def read(content: bytes, limits: Limits) -> list[Cell]:
    """The cells of a notebook of any version, in any usual encoding; an `UnreadableError` if there is none."""
    if len(content) > limits.file:
        raise UnreadableError(
            f"a file of {len(content) / 1e6:.0f} MB, of at most {limits.file / 1e6:.0f}; "
            "clear its outputs, submit again"
        )
    if sum(map(content.count, (b",", b"[", b"{"))) > MAX_PARTS:
        raise UnreadableError(f"a file of more than {MAX_PARTS:,} parts; clear its outputs, submit again")
    try:
        notebook = json.loads(decode(content))
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"not a notebook: it is no valid JSON ({str(error)[:100]})") from error
    cells = cells_in(notebook)
    if cells is None:
        raise UnreadableError("not a notebook: there is JSON in it, but no cells")
    if len(cells) > MAX_CELLS:
        raise UnreadableError(f"a notebook of {len(cells):,} cells, of at most {MAX_CELLS:,}")
    found = list(map(cell_of, cells))
    size = sum(len(cell.source) for cell in found)
    if size > limits.notebook:
        raise UnreadableError(
            f"a notebook whose cells hold {size / 1e6:.0f} MB of text, of at most {limits.notebook / 1e6:.0f}; "
            "no problem set asks for as much"
        )
    return found


def cells_in(notebook: object) -> list[dict[str, Any]] | None:
    """The cells in a notebook's JSON, of any version; None if it is no notebook."""
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if cells is None and isinstance(notebook, dict) and isinstance(notebook.get("worksheets"), list):  # nbformat 3
        sheets = [sheet.get("cells") for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    if not isinstance(cells, list) or (cells and not any(isinstance(cell, dict) for cell in cells)):
        return None
    return [cell for cell in cells if isinstance(cell, dict)]


def decode(content: bytes) -> str:
    """The text of a file: in UTF-8, -16 or -32, with a byte order mark or without; else in Windows' Western code."""
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def cell_of(cell: dict[str, Any]) -> Cell:
    """A cell of a notebook's JSON, whatever is wrong with it."""
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        lines = [line for line in source if isinstance(line, str)]
        source = ("" if any(line.endswith(LINE_ENDS) for line in lines) else "\n").join(lines)
    source = source if isinstance(source, str) else ""
    marks = cell.get("metadata")
    marks = marks.get("nbgrader") if isinstance(marks, dict) else None
    grade_id = marks.get("grade_id") if isinstance(marks, dict) else ""
    kind = cell.get("cell_type")
    return Cell(
        kind=kind if kind in ("code", "raw") else "markdown",
        source=source.encode("utf-8", errors="replace").decode().replace("\r\n", "\n").replace("\r", "\n"),
        grade_id=grade_id if isinstance(grade_id, str) else "",
        outputs=cell.get("outputs"),
    )


def as_python(source: str) -> str:
    """The source of a cell as Jupyter runs it; it parses, so only in the sandbox or in a student's own process."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        from IPython.core.inputtransformer2 import TransformerManager

        return TransformerManager().transform_cell(source)
    return source


@dataclass
class Found:
    """Where the answer to an exercise is."""

    answer: str  # its name
    own: list[int]  # the indices of the cells with the exercise's line, without stubs that are as they were given
    untouched: bool = False  # there are cells with its line, and all of them are as they were given
    # The indices of the cells after which the answer is taken: the best one counts; without any, as it is at the end.
    judged: list[int] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)  # what was wrong, and mended; a sentence each
    flags: list[str] = field(default_factory=list)  # what a person should look at; a sentence each


def find(exercise: Exercise, cells: Sequence[Cell], given: Container[int] = ()) -> Found:
    """Find the answer to an exercise: in its own cell, else wherever a cell defines it; never in an unfinished stub.

    `given` holds the indices of the cells that are as students were given them.
    """
    students = {
        index for index, cell in enumerate(cells) if cell.kind == "code" and index not in given and not cell.is_check
    }
    own = [
        index
        for index, cell in enumerate(cells)  # with its line, or it was there before it was deleted
        if exercise.id in cell.named or (cell.kind == "code" and not cell.named and cell.grade_id == exercise.id)
    ]
    found = Found(exercise.answer, [index for index in own if index in students])
    found.untouched = bool(own) and not found.own
    sections = [_section(index, cells, students) for index in found.own]
    inside = sorted({index for section in sections for index in section})
    defining = [index for index in inside if exercise.answer in cells[index].bound_anywhere]
    finished = [index for index in defining if cells[index].finished]
    others = [index for index in sorted(students.difference(inside)) if exercise.answer in cells[index].bound]
    elsewhere = [index for index in others if cells[index].finished]
    unnamed = [index for index in elsewhere if not cells[index].named]
    ends = [section[-1] for section in sections]  # where the text does not show what defines it, as of import *
    found.judged = _distinct(finished, cells) or _distinct([*defining[-1:], *(unnamed or elsewhere)], cells) or ends
    if not own and not elsewhere:
        found.flags.append(f"there is no cell with the line '# exercise: {exercise.id}'")
    elif not own:
        found.own = found.judged
        found.repairs.append(
            f"no cell has the line '# exercise: {exercise.id}'; {exercise.answer} was found by its name"
        )
    elif elsewhere and not finished:
        found.flags.append(
            f"{exercise.id}: its own cell is not finished; {exercise.answer} was taken from "
            f"{_code(unnamed or elsewhere, cells)}, if that is better"
        )
    elif inside and not defining:
        functions = sorted({name for index in inside for name in FUNCTION.findall(cells[index].code)})
        if functions and not any(exercise.answer in cells[index].used for index in inside):
            names = ", ".join(functions[:3])[:100]
            found.flags.append(f"{exercise.id}: its cell defines {names}, not {exercise.answer}")
    _flag_copies(exercise, cells, found, elsewhere if finished else [])
    return found


def _section(start: int, cells: Sequence[Cell], students: Container[int]) -> list[int]:
    """A cell, and those into which a student may have split it: what directly follows it and is no other exercise's."""
    end = start + 1
    while end in students and not cells[end].named:
        end += 1
    return list(range(start, end))


def _distinct(indices: Sequence[int], cells: Sequence[Cell]) -> list[int]:
    """The last ones of those cells that are not the same."""
    last = {cells[index].bare: index for index in indices}
    return sorted(last.values())[-MAX_ANSWERS:]


def _flag_copies(exercise: Exercise, cells: Sequence[Cell], found: Found, later: Sequence[int]) -> None:
    """Note which other cells are the same exercise's, or give its name another meaning."""
    copies = len({cells[index].bare for index in found.own if cells[index].finished})
    if copies > 1:
        judged = "both" if copies == 2 else f"the last {len(found.judged)}"
        found.flags.append(
            f"there are {copies} different cells of {exercise.id}; {judged} were judged, and the best one counts"
        )
    elif len(found.own) > 1:
        how = "unfinished ones and copies were left out" if copies else "none is finished, and the last was judged"
        found.repairs.append(f"there are {len(found.own)} cells of {exercise.id}; {how}")
    elif copies and len(found.judged) > 1:
        found.flags.append(
            f"{exercise.id}: {_code(found.judged[1:], cells)}, below its own, gives {exercise.answer} a value again; "
            "each was judged, and the best one counts"
        )
    later = [index for index in later if found.judged and index > found.judged[0]]
    if later:
        found.flags.append(
            f"{exercise.id}: {_code(later, cells)} gives {exercise.answer} another meaning; its own cell was judged"
        )


def _code(indices: Sequence[int], cells: Sequence[Cell]) -> str:
    """The first of some cells, by its number among the code cells."""
    return f"code cell {sum(cell.kind == 'code' for cell in cells[: indices[0] + 1])}"
