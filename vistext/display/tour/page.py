"""The pieces of the tour's page: one HTML document that needs nothing but itself.

Pictures are inside it as data URIs and the style as one element; there are no scripts, and a content security policy
forbids the browser to fetch anything. Colors follow the reader's light or dark setting, and every text reaches WCAG AA
(4.5:1) in both. Nothing here knows of a task: `vistext.display.tour` puts the pieces together.
"""

import base64
import io
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

FILE_NAME = "tour.html"
LONGEST_SIDE = 960  # pixels; a photograph from a telephone would make a page of 30 MB

STYLE = """
:root { color-scheme: light dark; --ground: #f7f5f0; --card: #fffefb; --line: #e2ddd2; --ink: #23282d; --soft: #5a616a;
  --accent: #0b6b62; --bar: #76858a; --track: #ece8df; }
@media (prefers-color-scheme: dark) { :root { --ground: #15181b; --card: #1d2125; --line: #30363b; --ink: #e9e6df;
  --soft: #a9b0b7; --accent: #63c7b8; --bar: #7a868e; --track: #292f33; } }
* { box-sizing: border-box; }
body { margin: 0; padding: clamp(1.25rem, 5vw, 4rem) clamp(1rem, 4vw, 2rem);
  background: var(--ground); color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
header, main, footer { max-width: 46rem; margin: 0 auto; }
h1, .said { font-family: "Iowan Old Style", "Palatino Linotype", Palatino, Charter, Georgia, serif; line-height: 1.25;
  text-wrap: balance; }
h1 { margin: 0 0 1.5rem; font-size: clamp(1.8rem, 5.5vw, 2.6rem); font-weight: 500; }
.brand { margin: 0 0 .5rem; color: var(--accent); font-size: .9375rem; font-weight: 600; letter-spacing: .04em; }
figure { margin: 0; }
img { display: block; width: 100%; height: auto; border-radius: .5rem; background: var(--track); }
.hero img { max-height: 34rem; object-fit: contain; }
.pixels img { image-rendering: pixelated; }
figcaption, .note, footer { color: var(--soft); font-size: .9375rem; line-height: 1.5; }
figcaption { margin-top: .6rem; }
section { margin-top: 2rem; padding: clamp(1.25rem, 4vw, 2.25rem); background: var(--card);
  border: 1px solid var(--line); border-radius: .875rem; }
h2 { margin: 0; font-size: 1rem; font-weight: 600; color: var(--accent); }
.said { margin: .4rem 0 1.75rem; font-size: clamp(1.35rem, 4vw, 1.7rem); }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { padding-bottom: .5rem; color: var(--soft); font-size: .9375rem; text-align: left; }
th, td { padding: .2rem 0; font-weight: 400; text-align: left; white-space: nowrap; }
td.number { padding-left: 1rem; text-align: right; }
td.bar { width: 100%; padding-left: 1rem; }
.track, .fill { display: block; height: .7rem; border-radius: .35rem; }
.track { background: var(--track); overflow: hidden; }
.fill { min-width: 2px; background: var(--bar); }
tr:first-child > * { font-weight: 650; }
tr:first-child .fill { background: var(--accent); }
table.told th, table.told td { padding: .35rem 1rem .35rem 0; vertical-align: top; }
table.told td.text { width: 100%; white-space: normal; }
table.told tbody tr:first-child > * { font-weight: 400; }
table.asked tbody th { min-width: 15rem; white-space: normal; }
.note { margin: 1rem 0 0; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); gap: 1.5rem;
  margin-top: 2rem; }
footer { margin-top: 2rem; }
@media (max-width: 36rem) {
  .told tr { display: grid; grid-template-columns: 1fr 4rem 3rem; padding: .35rem 0; }
  table.told th, table.told td { padding: 0; }
  table.asked tbody th { min-width: 0; }
  .told thead th:first-child { display: none; }
  .told td.text { grid-area: 2 / 1 / 3 / -1; } }
@media (forced-colors: active) { .fill { background: CanvasText; } }
@media print { body { padding: 0; } section { break-inside: avoid; } }
"""


def document(*, title: str, hero: str, sections: list[tuple[str, str, str]], footer: str) -> str:
    """The whole page.

    Args:
        title: the heading, plain text.
        hero: HTML that stands under it.
        sections: for each its heading and its sentence, plain text, and its HTML.
        footer: plain text.
    """
    main = "\n".join(_section(*section) for section in sections)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{escape(sections[0][1] if sections else title)} · vistext</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<p class="brand">vistext tour</p>
<h1>{escape(title)}</h1>
{hero}
</header>
<main>
{main}
</main>
<footer><p>{escape(footer)}</p></footer>
</body>
</html>
"""


def _section(heading: str, said: str, html: str) -> str:
    said = escape(said).replace(" %", "&nbsp;%")
    return f'<section>\n<h2>{escape(heading)}</h2>\n<p class="said">{said}</p>\n{html}\n</section>'


def figure(picture: np.ndarray, *, alt: str, caption: str, kind: str = "") -> str:
    """A picture with its caption.

    Args:
        picture: uint8 [h, w, 3]; what is larger than `LONGEST_SIDE` is scaled down.
        alt: what it shows, for those who do not see it; plain text.
        caption: plain text.
        kind: "hero" for the page's main picture, "pixels" for one whose pixels are to be seen as squares, or nothing.
    """
    image = Image.fromarray(picture)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    width, height = image.size
    return (
        f'<figure class="{kind}"><img src="{_data_uri(image)}" width="{width}" height="{height}" alt="{escape(alt)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _data_uri(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def row(*figures: str) -> str:
    """Figures side by side, one below the other where the window is narrow."""
    return f'<div class="row">\n{chr(10).join(figures)}\n</div>'


def bars(shares: dict[str, tuple[float, str]], *, caption: str) -> str:
    """A table of bars, read out as a table of numbers by a screen reader.

    Args:
        shares: what each bar is for → its length in [0, 1] and the same as text.
        caption: what the numbers are, plain text.
    """
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        f'<td class="bar"><span class="track"><span class="fill" style="width:{length:.2%}"></span></span></td>'
        f'<td class="number">{escape(text)}</td></tr>'
        for name, (length, text) in shares.items()
    )
    return f"<table>\n<caption>{escape(caption)}</caption>\n<tbody>\n{rows}\n</tbody>\n</table>"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str, kind: str = "") -> str:
    """A table whose first column names the rows and whose second holds sentences, which may take several lines.

    Args:
        heads: of the columns, plain text.
        rows: the cells of each, plain text, as many as there are heads.
        caption: what the table tells, plain text.
        kind: "asked" if the first column holds sentences, too, or nothing.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="text">{escape(text)}</td>'
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, text, *cells in rows
    )
    classes = f"told {kind}".strip()
    return (
        f'<table class="{classes}">\n<caption>{escape(caption)}</caption>\n<thead>\n<tr>{head}</tr>\n</thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table>"
    )


def check_folder(folder: Path) -> None:
    """Raise the OSError that `save` would run into, as far as that can be known without writing anything."""
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not existing.is_dir():
        raise NotADirectoryError(f"{existing} is a file, not a folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise PermissionError(f"no permission to write in {existing}")


def save(html: str, folder: Path) -> Path:
    """Write the page, so that at no time half a page stands in its place.

    Args:
        html: the document.
        folder: where `tour.html` goes; made if need be.

    Returns:
        The path of the page.

    Raises:
        OSError: it cannot be written; what stood there before still does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / FILE_NAME
    unfinished = folder / f".{FILE_NAME}.{os.getpid()}"
    try:
        unfinished.write_text(html, encoding="utf-8")
        unfinished.replace(page)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return page
