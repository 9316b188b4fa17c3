"""Where a lesson can be begun again: which cells each of its sections needs.

After a restart, in the middle of a lesson, not everything has to be run once more. Under each heading of level 2 that
has code there stands a line that says what has to: the cells that define what this section uses, that train or change
it, and, in turn, what those cells use. It is found by reading the code, so it names a cell too many rather than too
few; a test runs sections by what their line says.
"""

import ast
import re
import symtable
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nbformat import NotebookNode

HEADING = re.compile(r"^## .*$", re.MULTILINE)
LINE = re.compile(r"\n\n\*To start here after a restart, run cells? [^*]* first\.\*")
MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)
SHOWING = {"print", "claim", "display", "plots", "widgets"}  # what only shows what it is given
TRAINING = {"fit", "train", "train_adversarial", "train_discriminator", "train_gan"}  # what changes its networks


class Section(NamedTuple):
    """A heading of level 2 with code under it."""

    heading: NotebookNode  # the cell of the heading
    title: str  # its line
    own: tuple[int, ...]  # its code cells, counted from 1 in the whole lesson
    needs: tuple[int, ...]  # the code cells that must have run before, in order

    def line(self) -> str:
        """What stands under the heading."""
        return f"*To start here after a restart, run {listed(self.needs)} first.*"


def sections(notebook: NotebookNode) -> list[Section]:
    """The sections of a lesson that have code, from top to bottom."""
    found: list[tuple[NotebookNode, str, list[int]]] = []
    code: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            code.append(cell.source)
            if found:
                found[-1][2].append(len(code))
        elif titles := HEADING.findall(_without_code(cell.source)):
            found.append((cell, titles[-1], []))
    uses = [Use.of(source) for source in code]
    return [Section(cell, title, tuple(own), needs(uses, own)) for cell, title, own in found if own]


def say_needs(notebook: NotebookNode) -> None:
    """Write under the headings of a notebook, in place, which cells their sections need."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINE.sub("", cell.source)
    for section in sections(notebook):
        before, after = section.heading.source.split(section.title, 1)
        section.heading.source = f"{before}{section.title}\n\n{section.line()}{after}"


def listed(numbers: Sequence[int]) -> str:
    """Numbers of cells in words; runs of three and more as such.

    >>> listed([1]), listed([1, 2, 5]), listed([1, 2, 3, 4, 7])
    ('cell 1', 'cells 1, 2 and 5', 'cells 1–4 and 7')
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [
        word for run in runs for word in ([f"{run[0]}–{run[-1]}"] if len(run) > 2 else [str(number) for number in run])
    ]
    *some, last = words
    return ("cell " if len(numbers) == 1 else "cells ") + (f"{', '.join(some)} and {last}" if some else last)


class Use(NamedTuple):
    """What a cell does with the names of its notebook."""

    reads: frozenset[str]  # that must have been defined before
    binds: frozenset[str]  # that it defines
    changes: frozenset[str]  # of what it reads, what is another object afterwards: a network that it trains, say
    imports: frozenset[str]  # of what it binds, what comes from elsewhere, and is not changed by being used

    @classmethod
    def of(cls, source: str) -> "Use":
        """What the source of a cell does; magics are passed over."""
        reads, binds, changes, imported = (set[str]() for _ in range(4))
        try:
            body = ast.parse(MAGIC.sub(r"\1pass", source)).body
        except SyntaxError:  # it cannot run either
            body = []
        for read, bound, changed, brought in _steps(body):
            reads |= read - binds
            binds |= bound
            changes |= changed
            imported |= brought
        return cls(frozenset(reads), frozenset(binds), frozenset((changes & reads) - imported), frozenset(imported))


def needs(uses: Sequence[Use], own: Sequence[int]) -> tuple[int, ...]:
    """The cells that must have run before those of a section.

    Args:
        uses: of all code cells of a lesson.
        own: the section's, counted from 1, one after the other.

    Returns:
        Their numbers, in order; the set-up cell, which is the first, is always among them.
    """
    imported = frozenset().union(*(use.imports for use in uses))
    uses = [use._replace(changes=use.changes - imported) for use in uses]
    chosen, waiting, first = {1}, list(own), min(own)
    while waiting:
        number = waiting.pop()
        for name in uses[number - 1].reads:
            for other in _makers(uses, name, number):
                if other < first and other not in chosen:
                    chosen.add(other)
                    waiting.append(other)
    return tuple(sorted(chosen - set(own)))


def _makers(uses: Sequence[Use], name: str, before: int) -> Iterator[int]:
    """The last cell before another one that defines a name, and those that change what it stands for since."""
    for number in range(before - 1, 0, -1):
        if name in uses[number - 1].binds:
            yield number
            return
        if name in uses[number - 1].changes:
            yield number


def _without_code(markdown: str) -> str:
    return re.sub(r"^(```|~~~).*?^\1", "", markdown, flags=re.MULTILINE | re.DOTALL)


Step = tuple[set[str], set[str], set[str], set[str]]  # names that are read, bound, changed, and imported


def _steps(body: Sequence[ast.stmt]) -> Iterator[Step]:
    """What is done to names, in the order in which it is done; every branch is taken, and every loop once."""
    for statement in body:
        blocks = [getattr(statement, part, []) for part in ("body", "orelse", "finalbody")]
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or not any(blocks):
            yield _step(statement)
            continue
        for part in ("iter", "test", "items", "target"):
            for each in _listed(getattr(statement, part, [])):
                yield _step(_as_statement(each, target=part == "target"))
        yield from _steps(blocks[0])
        for handler in getattr(statement, "handlers", []):
            if handler.type is not None:
                yield _step(ast.Expr(handler.type))
            yield set(), {handler.name} if handler.name else set(), set(), set()
            yield from _steps(handler.body)
        for block in blocks[1:]:
            yield from _steps(block)


def _listed(value) -> list:
    return value if isinstance(value, list) else [value]


def _as_statement(part: ast.expr | ast.withitem, *, target: bool) -> ast.stmt:
    """The head of a compound statement as a simple one that does the same to names."""
    if isinstance(part, ast.withitem):
        if part.optional_vars is None:
            return ast.Expr(part.context_expr)
        return ast.Assign([part.optional_vars], part.context_expr)
    return ast.Assign([part], ast.Constant(None)) if target else ast.Expr(part)


def _step(statement: ast.stmt) -> Step:
    source = ast.unparse(ast.fix_missing_locations(ast.Module([statement], [])))
    table = symtable.symtable(source, "cell", "exec")
    top = {symbol.get_name(): symbol for symbol in table.get_symbols()}
    reads = {name for name, symbol in top.items() if symbol.is_referenced()} | set(_from_inside(table))
    binds = {name for name, symbol in top.items() if symbol.is_assigned() or symbol.is_imported()}
    if isinstance(statement, ast.AugAssign):
        reads |= binds
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        reads -= {statement.name}  # which may call itself
    imported = {name for name, symbol in top.items() if symbol.is_imported()}
    return reads, binds, set(_changed(statement)), imported


def _from_inside(table: symtable.SymbolTable) -> Iterator[str]:
    """What functions and comprehensions use of the notebook's names."""
    for inner in table.get_children():
        for symbol in inner.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                yield symbol.get_name()
        yield from _from_inside(inner)


def _changed(statement: ast.stmt) -> Iterator[str]:
    """What stays the same name and is another object afterwards, by how it is used."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for part in ast.walk(statement):
        if isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store | ast.Del):
            yield from _root(part)
        if isinstance(part, ast.Call) and _called(part) in TRAINING:
            yield from _acted_on(part)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):  # called for what it does
        call = statement.value
        if not SHOWING & {*_root(call.func), _called(call)}:
            yield from _acted_on(call)


def _acted_on(call: ast.Call) -> Iterator[str]:
    """The object whose method is called, and what is given to it by its mere name."""
    if isinstance(call.func, ast.Attribute):
        yield from _root(call.func)
    yield from (each.id for each in call.args if isinstance(each, ast.Name))


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _root(part: ast.AST) -> Iterator[str]:
    """The name at the beginning of `a.b(c)[d].e`."""
    while isinstance(part, ast.Attribute | ast.Subscript | ast.Call):
        part = part.func if isinstance(part, ast.Call) else part.value
    if isinstance(part, ast.Name):
        yield part.id
