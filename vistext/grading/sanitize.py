"""What a student has written, as HTML that does nothing: an instructor's browser shows it inside of Jupyter.

Markdown is rendered here, what comes of it sanitized, and the result is one line of HTML without a dollar or a
backslash: no reader of Markdown and no MathJax finds anything in it.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from html import escape
from typing import Any

LONGEST = 50_000  # letters of a text that are shown; no answer in words has as many
LONGEST_FORMULA = 2000
LARGEST = 1_000_000  # letters of all that is shown of a notebook
LARGEST_PICTURES = 8_000_000  # letters of all pictures of it that are shown
PNG = b"\x89PNG\r\n\x1a\n"
LEFT_OUT = "This cell is not shown, for the page would be too large. It is in what was submitted."
TAGS = {
    *("a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p"),
    *("pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
    # Of formulas:
    *("math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "msup", "msub", "msubsup", "mfrac", "msqrt", "mroot"),
    *("mover", "munder", "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom", "menclose"),
}
ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}, "math": {"display"}, "mfrac": {"linethickness"}}
LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
DRAWN = re.compile(r"data:image/png;base64,([A-Za-z0-9+/]+={0,2})")  # as the course's figures are shown
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")
# What no text holds: a terminal, a spreadsheet or a reader of Markdown may obey it, or show letters in another order.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
ENTITIES = {"\n": "&#10;", "$": "<span>&#36;</span>", "\\": "<span>&#92;</span>"}


def render(text: str) -> str:
    """Markdown as one line of HTML in which nothing is live: http(s) links, its own pictures, formulas as MathML."""
    try:
        html = _sanitized(_markdown().render(CONTROL.sub("\N{REPLACEMENT CHARACTER}", text[:LONGEST])))
    except Exception:  # a parser's own trouble with an odd text, which is then shown as it was written
        return plain(text)
    return _block(html, text)


def plain(text: str) -> str:
    """A text as it was written, as one line of HTML."""
    return _block(f"<pre>{escape(CONTROL.sub('�', text[:LONGEST]))}</pre>", text)


def printable(text: str) -> str:
    """A text in one line for a terminal, which obeys nothing in it."""
    return CONTROL.sub("?", " ".join(text.split()))


class Screen:
    """The cells of one notebook as they are shown; what would make its page too large for a browser is left out."""

    def __init__(self) -> None:
        self._left, self._pictures_left = LARGEST, LARGEST_PICTURES

    def pictures(self, outputs: object) -> list[dict[str, Any]]:
        """The PNG pictures among the outputs of a cell, whatever these are, as outputs that hold nothing else."""
        shown: list[dict[str, Any]] = []
        for output in outputs if isinstance(outputs, list) else []:
            for encoded in _encoded(output):
                self._pictures_left -= len(encoded)
                if self._pictures_left < 0:
                    return shown
                with suppress(binascii.Error):
                    if base64.b64decode(encoded, validate=True).startswith(PNG):
                        shown.append({"output_type": "display_data", "metadata": {}, "data": {"image/png": encoded}})
        return shown

    def show(self, kind: str, source: str) -> str:
        """The source of a cell that shows a student's, of kind "code", "markdown" or "raw"; never live."""
        if self._left <= 0:
            return f"# {LEFT_OUT}" if kind == "code" else plain(LEFT_OUT)
        if kind == "code":
            more = len(source) - LONGEST
            shown = source[:LONGEST] + (f"\n# ... {more:,} more letters are in what was submitted" if more > 0 else "")
        else:
            shown = (render if kind == "markdown" else plain)(source)
        self._left -= len(shown)
        return shown


def _block(html: str, text: str) -> str:
    """HTML without ends of lines, at which a block of HTML in Markdown may end, and without signs of a formula."""
    line = re.sub(r"<[^>]*>|[$\\\n]", lambda found: ENTITIES.get(found[0], found[0]), html)
    more = len(text) - LONGEST
    return f"<div>{line}{f'<p>… {more:,} more letters are in what was submitted</p>' if more > 0 else ''}</div>"


@cache
def _markdown() -> Any:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    dollarmath_plugin(markdown, renderer=_formula, allow_labels=False)
    rules: Any = markdown.renderer.rules  # type: ignore[attr-defined]  # its renderer protocol has no rules
    show_image = rules["image"]

    def image(tokens: Any, index: int, *more: Any) -> str:
        if PICTURE.fullmatch(tokens[index].attrs.get("src", "")):
            return show_image(tokens, index, *more)
        return escape(f"[a picture that is not shown: {tokens[index].content}]")

    rules["image"] = image
    return markdown


def _formula(tex: str, options: dict) -> str:
    from latex2mathml.converter import convert

    if len(tex) <= LONGEST_FORMULA:
        try:
            return convert(tex, display="block" if options["display_mode"] else "inline")
        except Exception:  # it is no TeX, then
            pass
    return f"<code>{escape(tex)}</code>"


def _sanitized(html: str) -> str:
    import nh3

    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "data"},
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    """An attribute as it may stay, without what ends a tag or begins a formula; None if it may not."""
    if name == "href":
        link = value.replace("$", "%24").replace("\\", "%5C")
        return link if LINK.fullmatch(link) else None
    if name == "src":
        return value if PICTURE.fullmatch(value) else None
    return re.sub(r"[<>$\\]", " ", value)


def _encoded(output: object) -> Iterator[str]:
    """What may be pictures in an output, in base 64: its own, and those in its HTML."""
    data = output.get("data") if isinstance(output, dict) else None
    if not isinstance(data, dict):
        return
    for kind in ("image/png", "text/html"):
        found = data.get(kind)
        text = "".join(filter(_is_text, found)) if isinstance(found, list) else found
        if isinstance(text, str):
            yield from DRAWN.findall(text) if kind == "text/html" else ["".join(text.split())]


def _is_text(value: object) -> bool:
    return isinstance(value, str)
