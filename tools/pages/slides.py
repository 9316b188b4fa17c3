"""`python -m tools slides NN`: a lesson as slides, in one file.

Each heading begins a slide, and so does each cell of code: what it shows stands on it, and its code below, folded when
it is long. Arrow keys, space and swipes turn them. Letters grow with the screen; a slide that is fuller than it gets
smaller ones, and smaller pictures; what does not fit even so can be scrolled to. Printed, each has a page.
"""

import argparse
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from nbformat import NotebookNode

from tools import pages
from tools.notebooks.files import read
from tools.pages import add_arguments

__all__ = ["add_arguments", "deck", "run", "slides"]

LONGEST = 8  # lines of code that stand unfolded beside what they show
HEADING = re.compile(r"^(#{1,3}) +(.*)$", re.MULTILINE)
STYLE = """
main { max-width: none; padding: 0 }
section { --letter: max(17px, 2.9vh); --fit: 1; font-size: calc(var(--letter) * var(--fit)); box-sizing: border-box;
  min-height: 100vh; padding: 1.5rem 3rem 2.5rem; max-width: calc(64 * var(--letter)); margin: 0 auto }
section:not(.now) { display: none }
section .of { color: #595959; font-size: .7em; margin: 0 }
section img { max-height: calc(62vh * var(--fit)); width: auto }
section > :first-child { margin-top: 0 }
summary { cursor: pointer; color: #00568a }
nav { position: fixed; bottom: .4rem; right: .8rem; font-size: .7em; background: #fff }
nav button { font: inherit; padding: .1rem .6rem }
@media print { section, section:not(.now) { display: block; break-after: page } nav { display: none } }
"""
SCRIPT = """
const all = [...document.querySelectorAll("section")], place = document.querySelector("output");
const here = () => Math.min(Math.max(parseInt(location.hash.slice(1)) || 1, 1), all.length);
const fit = one => {
  const page = document.documentElement;
  for (let size = 1; size >= 0.6; size -= 0.05) {
    one.style.setProperty("--fit", size);
    if (page.scrollHeight <= page.clientHeight) break;
  }
};
const show = () => {
  all.forEach((one, index) => one.classList.toggle("now", index === here() - 1));
  fit(all[here() - 1]);
  place.value = `${here()} of ${all.length}`;
  scrollTo(0, 0);
};
const go = by => { location.hash = Math.min(Math.max(here() + by, 1), all.length) };
const keys = {ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1, Home: -all.length, End: all.length};
addEventListener("hashchange", show);
addEventListener("load", show);
addEventListener("resize", show);
addEventListener("keydown", event => {
  if (event.target.closest("button, summary, a") && event.key === " ") return;
  if (event.key in keys) { event.preventDefault(); go(keys[event.key]) }
});
document.querySelectorAll("nav button").forEach(one => one.onclick = () => go(Number(one.value)));
let from;
addEventListener("touchstart", event => { from = event.touches[0].clientX });
addEventListener("touchend", event => {
  const way = event.changedTouches[0].clientX - from;
  if (Math.abs(way) > 60) go(way < 0 ? 1 : -1);
});
show();
"""
NAV = (
    '<nav aria-label="slides"><button value="-1" aria-label="the slide before">←</button> <output></output> '
    '<button value="1" aria-label="the next slide">→</button></nav>'
)


def slides(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """The slides of a lesson: for each the heading under which it stands, and its one cell.

    Prose is cut before each of its headings.
    """
    under = ""
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            yield under, cell
            continue
        starts = [found.start() for found in HEADING.finditer(cell.source)]
        for start, end in zip([0, *starts], [*starts, len(cell.source)], strict=True):
            text = cell.source[start:end].strip()
            if not text:
                continue
            if found := HEADING.match(text):
                under = found[2]
            yield under, NotebookNode(cell, source=text)


def deck(path: Path) -> str:
    """A lesson as slides, in one HTML file."""
    notebook = pages.prepared(read(path))
    each = "\n".join(_slide(notebook, under, cell) for under, cell in slides(notebook))
    return pages.page(pages.title_of(notebook), f"<main>{each}</main>{NAV}", STYLE, SCRIPT)


def _slide(notebook: NotebookNode, under: str, cell: NotebookNode) -> str:
    def html(one: NotebookNode, *, code: bool = True) -> str:
        return pages.rendered(NotebookNode(notebook, cells=[one]), code=code)

    if cell.cell_type == "markdown":
        head = "" if HEADING.match(cell.source) else f'<p class="of">{escape(under)}</p>'
        return f"<section>{head}{html(cell)}</section>"
    code = html(NotebookNode(cell, outputs=[]))
    if len(cell.source.splitlines()) > LONGEST and cell.outputs:
        code = f"<details><summary>the code</summary>{code}</details>"
    shown = html(cell, code=False) if cell.outputs else ""
    return f'<section><p class="of">{escape(under)}</p>{shown}{code}</section>'


def run(arguments: argparse.Namespace) -> int:
    """Write the slides; the exit code."""
    return pages.run(arguments, deck, "-slides")
