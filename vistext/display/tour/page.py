"""The page of a tour: one HTML document with pictures and style inside it, no scripts, and nothing to be fetched.

Colors follow the reader's light or dark setting, and every text reaches WCAG AA (4.5:1) in both.
"""

import base64
import io
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from vistext.display.tour.section import Figure, Section, as_text

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
h1, .sentence { font-family: "Iowan Old Style", "Palatino Linotype", Palatino, Charter, Georgia, serif;
  line-height: 1.25; text-wrap: balance; }
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
.sentence { margin: .4rem 0 1.75rem; font-size: clamp(1.35rem, 4vw, 1.7rem); }
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
table.statements th, table.statements td { padding: .35rem 1rem .35rem 0; vertical-align: top; }
table.statements td.text { width: 100%; white-space: normal; }
table.statements tbody tr:first-child > * { font-weight: 400; }
table.questions tbody th { min-width: 15rem; white-space: normal; }
.note { margin: 1rem 0 0; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); gap: 1.5rem;
  margin-top: 2rem; }
footer { margin-top: 2rem; }
@media (max-width: 36rem) {
  .statements tr { display: grid; grid-template-columns: 1fr 4rem 3rem; padding: .35rem 0; }
  table.statements th, table.statements td { padding: 0; }
  table.questions tbody th { min-width: 0; }
  .statements thead th:first-child { display: none; }
  .statements td.text { grid-area: 2 / 1 / 3 / -1; } }
@media (forced-colors: active) { .fill { background: CanvasText; } }
@media print { body { padding: 0; } section { break-inside: avoid; } }
"""


def document(*, title: str, heroes: Sequence[Figure], sections: Sequence[Section], footer: str) -> str:
    """The whole page: a heading, the pictures that it is about, the sections, and a line at the end."""
    hero = _figure(heroes[0]) if len(heroes) == 1 else _row(heroes)
    main = "\n".join(map(_section, sections))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{escape(sections[0].sentence if sections else title)} · vistext</title>
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


def _section(section: Section) -> str:
    notes = "".join(f'<p class="note">{escape(text)}</p>' for text in (*section.remarks, section.note) if text)
    sentence = escape(section.sentence).replace(" %", "&nbsp;%")
    parts = [f'<h2>{escape(section.title)}</h2>\n<p class="sentence">{sentence}</p>', _table(section), notes]
    if section.figures:
        parts.append(_row(section.figures))
    return "<section>\n" + "\n".join(filter(None, parts)) + "\n</section>"


def _row(figures: Sequence[Figure]) -> str:
    """Figures side by side, one below the other where the window is narrow."""
    return f'<div class="row">\n{chr(10).join(map(_figure, figures))}\n</div>'


def _figure(figure: Figure) -> str:
    caption = f"<figcaption>{escape(figure.caption)}</figcaption>"
    return f'<figure class="{figure.kind}">{image(figure.picture, figure.alt)}{caption}</figure>'


def image(picture: np.ndarray, alt: str, kind: str = "") -> str:
    """A picture, uint8 [h, w, 3], as an element that holds it; `kind` is a class of the style."""
    png = Image.fromarray(picture)
    png.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    png.save(file, "PNG")
    source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    return f'<img class="{kind}" src="{source}" width="{png.width}" height="{png.height}" alt="{escape(alt)}">'


def _table(section: Section) -> str:
    """The rows, whose first column names them: as bars, which a screen reader reads out as numbers, or as sentences."""
    if section.layout == "numbers" or not section.rows:
        return ""
    texts = [[escape(as_text(cell)) for cell in row] for row in section.rows]
    if section.layout == "bars":
        kind, head, cells = "", "", [_bar(float(share)) for _, share in section.rows]
    else:
        kind = "statements questions" if section.layout == "questions" else "statements"
        names = "".join(f'<th scope="col">{escape(name)}</th>' for name in section.columns)
        head = f"<thead>\n<tr>{names}</tr>\n</thead>\n"
        cells = [
            f'<td class="text">{text}</td>{"".join(f"<td>{cell}</td>" for cell in others)}'
            for _, text, *others in texts
        ]
    rows = zip(texts, cells, strict=True)
    body = "\n".join(f'<tr><th scope="row">{name}</th>{cell}</tr>' for (name, *_), cell in rows)
    caption = f"<caption>{escape(section.caption)}</caption>"
    return f'<table class="{kind}">\n{caption}\n{head}<tbody>\n{body}\n</tbody>\n</table>'


def _bar(share: float) -> str:
    bar = f'<span class="track"><span class="fill" style="width:{share:.2%}"></span></span>'
    return f'<td class="bar">{bar}</td><td class="number">{escape(as_text(share))}</td>'


def check_folder(folder: Path) -> None:
    """Raise the OSError that `save` would run into, as far as that can be known without writing anything."""
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not existing.is_dir():
        raise NotADirectoryError(f"{existing} is a file, not a folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise PermissionError(f"no permission to write in {existing}")


def save(html: str, folder: Path, name: str = FILE_NAME) -> Path:
    """Write a page into a folder, whole or not at all, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / name
    unfinished = folder / f".{name}.{os.getpid()}"
    try:
        unfinished.write_text(html, encoding="utf-8")
        unfinished.replace(page)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return page
