"""A section of the tour in a terminal."""

from collections.abc import Iterator

from rich import box
from rich.bar import Bar
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from vistext.display.tour.section import Section, as_text

BAR = 30  # characters


def render(section: Section) -> Iterator[RenderableType]:
    """Title, rows, remarks and sentence, one below the other."""
    yield Text(section.title, "bold")
    if section.rows:
        yield _bars(section) if section.layout == "bars" else _table(section)
    yield from map(Text, section.remarks)
    yield Text(section.sentence, "bold")


def _bars(section: Section) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("rank", justify="right", style="dim")
    table.add_column(section.columns[0])
    table.add_column(section.columns[1], justify="right")
    table.add_column("", width=BAR)
    for rank, (name, share) in enumerate(section.rows, start=1):
        bar = Bar(size=1, begin=0, end=float(share), width=BAR, color="cyan")
        table.add_row(str(rank), as_text(name), as_text(share), bar, style="bold" if rank == 1 else None)
    return table


def _table(section: Section) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head, cell in zip(section.columns, section.rows[0], strict=True):
        number = isinstance(cell, float) or cell.replace(".", "").isdigit()
        table.add_column(head, justify="right" if number else "left")
    for row in section.rows:
        table.add_row(*(Text(as_text(cell)) for cell in row))
    return table
