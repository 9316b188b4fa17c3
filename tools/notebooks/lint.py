"""What must hold for every lesson: a function a rule. The tests ask all; so does `python -m tools notebooks check`.

nbval compares text and passes over pictures, so a lesson can be green with nothing compared: two of these rules say how
much must be. The others keep a lesson readable, for a student, for a screen reader, in a diff, and on another machine.
"""

import ast
import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.notebooks.files import (
    RESTART,
    ROOT,
    SETUP_TAG,
    SHOWN,
    TOOK,
    badge,
    code_cells,
    drop_volatile,
    each_output,
    read,
    runs_in,
    setup_cell,
)
from vistext import opened

LARGEST = 2_000_000  # bytes: what still opens quickly, and still makes a diff that a browser shows

HIDING_TAGS = {"nbval-ignore-output", "nbval-skip", "nbval-raises-exception", "raises-exception"}
HIDING_COMMENTS = re.compile(
    r"^\s*#+\s*(NBVAL_IGNORE_OUTPUT|NBVAL_SKIP|NBVAL_RAISES_EXCEPTION|PYTEST_VALIDATE_IGNORE_OUTPUT)\s*$", re.MULTILINE
)
MACHINE_PATH = re.compile(
    r"(?<![\w.:/-])(?:/(?:home|Users|root|tmp|work|content|mnt|private/var|var/folders)/[\w.-]+"
    rf"|{re.escape(str(ROOT))}\b)|\b[A-Z]:\\+(?:Users|Temp)\b"
)
ALT_TEXT = re.compile(r"""\balt=(["'])\s*[^"'\s]""")

Rule = Callable[[NotebookNode, Path], Iterator[str]]
RULES: dict[str, Rule] = {}


def rule(function: Rule) -> Rule:
    """Add `function`, which yields one sentence for each place where a lesson breaks it, to `RULES`."""
    RULES[function.__name__] = function
    return function


def check(path: Path) -> list[str]:
    """What the lesson at `path` breaks of `RULES`, a sentence each; empty if nothing."""
    notebook = read(path)
    return [problem for broken in RULES.values() for problem in broken(notebook, Path(path))]


def _first_line(cell: NotebookNode) -> str:
    return next((line for line in cell.source.splitlines() if line.strip()), "an empty cell")


@rule
def opens_with_title_and_badge(notebook: NotebookNode, path: Path) -> Iterator[str]:
    first = notebook.cells[0] if notebook.cells else nbformat.v4.new_markdown_cell()
    if first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "the first cell does not open with a title ('# ...')"
    if first.source.count(badge(path)) != 1 or first.source.count("colab-badge") != 1:
        yield f"the first cell does not hold this badge, once: {badge(path)}"


@rule
def says_how_to_go_on(notebook: NotebookNode, path: Path) -> Iterator[str]:
    if not notebook.cells or RESTART not in notebook.cells[0].source:
        yield "the first cell does not say how to go on after a restart (tools.notebooks.files.RESTART)"


@rule
def sets_up_as_every_lesson_does(notebook: NotebookNode, path: Path) -> Iterator[str]:
    first = next(iter(code_cells(notebook)), None)
    if first is None or first.source != setup_cell():
        yield "the first code cell is not the common set-up cell (tools.notebooks.files.setup_cell)"
    elif SETUP_TAG not in first.metadata.get("tags", []):
        yield f"the set-up cell lacks the tag {SETUP_TAG}"


@rule
def was_run_in_order(notebook: NotebookNode, path: Path) -> Iterator[str]:
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"cells were not run in order from 1, each once: {counts} (run `make notebooks`)"


@rule
def shows_what_ships(notebook: NotebookNode, path: Path) -> Iterator[str]:
    shown = notebook.metadata.get(SHOWN)
    if shown is None:
        yield "does not store which shipped weights and studies its outputs show (run `make notebooks`)"
        return
    for name, checksum in opened.checksums(shown).items():
        if checksum != shown[name]:
            yield f"shows an earlier {name} than ships (run `make notebooks`)"


@rule
def says_how_long_it_runs(notebook: NotebookNode, path: Path) -> Iterator[str]:
    took = notebook.metadata.get(TOOK)
    if took is None:
        yield "does not store how long its cells ran (run `make notebooks`)"
    elif notebook.cells and runs_in(took) not in notebook.cells[0].source:
        yield f"the first cell does not say, as its stored run has it: '{runs_in(took)}' (run `make notebooks`)"


@rule
def holds_no_error(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for number, output in each_output(notebook):
        if output.output_type == "error":
            yield f"code cell {number} holds an error: {output.ename}"


@rule
def is_clean(notebook: NotebookNode, path: Path) -> Iterator[str]:
    cleaned = copy.deepcopy(notebook)
    drop_volatile(cleaned)
    if cleaned != notebook:
        yield "holds volatile metadata or widget views, which `files.clean` drops (run `make notebooks`)"


@rule
def names_no_machine(notebook: NotebookNode, path: Path) -> Iterator[str]:
    text = re.sub(r"[A-Za-z0-9+/=]{200,}", "", nbformat.writes(notebook))  # without the pictures, which spell anything
    for place in sorted({match[0] for match in MACHINE_PATH.finditer(text)}):
        yield f"holds a path of one machine: {place}"


@rule
def is_small(notebook: NotebookNode, path: Path) -> Iterator[str]:
    size = len(nbformat.writes(notebook).encode())
    if size > LARGEST:
        yield f"takes {size / 1e6:.1f} MB of at most {LARGEST / 1e6:.0f}"


def is_hidden(cell: NotebookNode) -> bool:
    """Whether nbval is told not to compare this cell's outputs, or not to mind that it raises."""
    return bool(HIDING_TAGS & set(cell.metadata.get("tags", []))) or bool(HIDING_COMMENTS.search(cell.source))


def makes_claim(cell: NotebookNode) -> bool:
    """Whether this cell calls `vistext.display.claims.claim`."""
    return re.search(r"\bclaim\(", cell.source) is not None


def shows_text(output: NotebookNode) -> bool:
    """Whether nbval compares something of this output: text, not merely the name or the alt text of a picture."""
    if output.output_type == "stream":
        return bool(output.text.strip())
    data = output.get("data", {})
    if "text/html" in data:
        return bool(re.sub(r"<[^>]*>", "", data["text/html"]).strip())
    if any(kind.startswith("image/") and kind != "image/svg+xml" for kind in data):
        return False
    return bool(data)


def only_defines(cell: NotebookNode) -> bool:
    """Whether a cell does no more than import, set constants and define functions and classes, so shows nothing."""
    try:
        body = ast.parse(cell.source).body
    except SyntaxError:  # a magic
        return False
    definitions = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    return all(
        isinstance(node, definitions)
        or (isinstance(node, ast.Assign) and not any(isinstance(part, ast.Call) for part in ast.walk(node.value)))
        for node in body
    )


@rule
def is_mostly_compared(notebook: NotebookNode, path: Path) -> Iterator[str]:
    cells = [cell for cell in code_cells(notebook) if not only_defines(cell)]
    silent = [
        _first_line(cell)
        for cell in cells
        if is_hidden(cell) or not (makes_claim(cell) or any(map(shows_text, cell.outputs)))
    ]
    if 3 * len(silent) > len(cells):
        yield (
            f"{len(silent)} of {len(cells)} code cells that do more than define neither show text that nbval compares "
            f"nor make a claim, and at most a third may: {'; '.join(silent)}"
        )


@rule
def hides_no_claim(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for number, cell in enumerate(code_cells(notebook), start=1):
        if makes_claim(cell) and is_hidden(cell):
            yield f"code cell {number} makes a claim, and is tagged so that nbval passes over it"


@rule
def describes_its_pictures(notebook: NotebookNode, path: Path) -> Iterator[str]:
    # JupyterLab 4.6 and nbconvert drop the alt text that an output's metadata may hold: a bare PNG has none to offer.
    for number, output in each_output(notebook):
        html = output.get("data", {}).get("text/html", "")
        shown = re.findall(r"<img\b[^>]*>", html)
        if any(kind in output.get("data", {}) for kind in ("image/png", "image/jpeg")) and not shown:
            yield f"code cell {number} shows a picture that cannot carry alt text: show it as HTML, <img alt='...'>"
        elif not all(ALT_TEXT.search(image) for image in shown):
            yield f"code cell {number} shows a picture without alt text"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            shown = re.findall(r"<img\b[^>]*>", cell.source)
            if re.search(r"!\[\s*\]\(", cell.source) or not all(ALT_TEXT.search(image) for image in shown):
                yield f"a picture without alt text stands in the prose under {_first_line(cell)!r}"


@rule
def nests_its_headings(notebook: NotebookNode, path: Path) -> Iterator[str]:
    before = 0
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        prose = re.sub(r"^(```|~~~).*?^\1", "", cell.source, flags=re.MULTILINE | re.DOTALL)
        for marks, title in re.findall(r"^(#{1,6})\s+(.*)$", prose, flags=re.MULTILINE):
            if len(marks) > before + 1 or (len(marks) == 1 and before):
                yield f"heading {title!r} is of level {len(marks)} after one of level {before}"
            before = len(marks)


@rule
def ends_with_your_turn(notebook: NotebookNode, path: Path) -> Iterator[str]:
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    if not prose or not re.search(r"^#+ Your turn\b", prose[-1], flags=re.MULTILINE):
        yield "the last Markdown cell holds no heading 'Your turn'"
