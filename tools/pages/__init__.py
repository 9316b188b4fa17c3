"""A lesson as one HTML file that needs no network: to be read and printed, or shown as slides.

nbconvert makes the cells; around them stands what it would otherwise fetch. Pictures are in the file, formulas become
MathML, which browsers set themselves, and the slides turn by a few lines of our own.
"""

import argparse
import re
import sys
from collections.abc import Callable
from functools import cache
from html import escape
from pathlib import Path

from nbformat import NotebookNode

from tools.notebooks.files import BADGE, RESTART, code_cells, home, lessons

DONE, WRONG_INPUT = 0, 2
CODE = r"(?P<code>^(?:```|~~~).*?^(?:```|~~~)|`[^`\n]+`)"
FORMULA = re.compile(CODE + r"|\$\$(?P<block>.+?)\$\$|\$(?P<line>[^$\n]+)\$", re.MULTILINE | re.DOTALL)
RELATIVE = re.compile(r"\]\((?![a-z]+:|#)([^)\s]+)\)")
STYLE = """
body { font: 17px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 0 }
main { max-width: 50rem; margin: 0 auto; padding: 1rem }
h1, h2, h3 { line-height: 1.25; break-after: avoid }
pre { background: #f5f5f5; padding: .6rem .8rem; font-size: .8em; white-space: pre-wrap; overflow-wrap: anywhere }
img { max-width: 100%; height: auto }
table { border-collapse: collapse }
th, td { border-bottom: 1px solid #ccc; padding: .2rem .6rem; text-align: left; vertical-align: top }
math[display=block] { margin: .6rem 0 }
a { color: #00568a }
.prompt, .anchor-link { display: none }
img, pre, table { break-inside: avoid }
@page { margin: 18mm }
"""


def prepared(notebook: NotebookNode) -> NotebookNode:
    """A lesson without what is only for who runs it: its badges, the set-up cell, and what to do after a restart."""
    set_up = code_cells(notebook)[0]
    notebook.cells = [cell for cell in notebook.cells if cell is not set_up]
    repository, branch = home()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            source = BADGE.sub("", cell.source).replace(RESTART, "")
            cell.source = RELATIVE.sub(rf"]({repository}/blob/{branch}/notebooks/\1)", source)
    return notebook


def title_of(notebook: NotebookNode) -> str:
    """The text of the heading with which a lesson opens."""
    return notebook.cells[0].source.splitlines()[0].removeprefix("# ")


def rendered(notebook: NotebookNode, *, code: bool = True) -> str:
    """The cells of a notebook as HTML, by nbconvert, with formulas as MathML; without `code`, only what code shows."""
    formulas: list[str] = []
    cells = [cell.copy() for cell in notebook.cells]
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = FORMULA.sub(lambda found: _kept(found, formulas), cell.source)
    body, _ = _exporter(code).from_notebook_node(NotebookNode(notebook, cells=cells))
    return re.sub(r"FORMULA(\d+)X", lambda found: formulas[int(found[1])], body)


@cache
def _exporter(code: bool):
    from nbconvert import HTMLExporter

    return HTMLExporter(template_name="basic", anchor_link_text="", exclude_input=not code)


def _kept(found: re.Match, formulas: list[str]) -> str:
    """A mark that Markdown leaves alone, in place of a formula; code stays as it is."""
    from latex2mathml.converter import convert

    if found["code"]:
        return found["code"]
    display = "block" if found["block"] else "inline"
    formulas.append(convert(found["block"] or found["line"], display=display))
    return f"FORMULA{len(formulas) - 1}X"


def page(title: str, body: str, style: str = "", script: str = "") -> str:
    """An HTML file around a body."""
    from pygments.formatters import HtmlFormatter

    colors = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
        f"<style>{colors}\n{STYLE}{style}</style>\n</head>\n<body>\n{body}\n"
        f"{script and f'<script>{script}</script>'}\n</body>\n</html>\n"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What both commands take."""
    parser.add_argument("lesson", metavar="NN", help="the lesson's number, such as 02")
    parser.add_argument("--out", metavar="FOLDER", type=Path, default=Path("out"), help="where it goes (default: out)")


def run(arguments: argparse.Namespace, make: Callable[[Path], str], ending: str) -> int:
    """Write what `make` makes of a lesson, and say where; the exit code."""
    found = [path for path in lessons() if path.stem[:2] == arguments.lesson.zfill(2)]
    if not found:
        there = ", ".join(path.stem[:2] for path in lessons()) or "none: this is not a checkout of the course"
        print(f"vistext: there is no lesson {arguments.lesson!r}; there are {there}", file=sys.stderr)
        return WRONG_INPUT
    target = arguments.out / f"{found[0].stem}{ending}.html"
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        target.write_text(make(found[0]), encoding="utf-8")
    except OSError as error:
        print(f"vistext: cannot write {target}: {error.strerror or error}; choose another --out", file=sys.stderr)
        return WRONG_INPUT
    print(target)
    return DONE
