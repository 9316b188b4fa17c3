"""`python -m tools export NN`: a lesson as one clean page, to be read or printed to PDF by any browser."""

import argparse
from pathlib import Path

from tools import pages
from tools.notebooks.files import read
from tools.pages import add_arguments

__all__ = ["add_arguments", "document", "run"]


def document(path: Path) -> str:
    """A lesson as a page: prose, code and stored outputs, all in one HTML file."""
    notebook = pages.prepared(read(path))
    return pages.page(pages.title_of(notebook), f"<main>{pages.rendered(notebook)}</main>")


def run(arguments: argparse.Namespace) -> int:
    """Write the page; the exit code."""
    return pages.run(arguments, document, "")
