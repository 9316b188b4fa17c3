"""A student's Markdown becomes one line of HTML with nothing live in it, soon; and an honest text stays what it was.

What a browser makes of it is looked at in tests/browser/test_formgrader.py.
"""

import base64
import time
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vistext.grading import sanitize

BITS = (
    *("[a](", "![", "](", ")", "<", ">", "javascript:", "javascript&colon;", "data:image/svg+xml,", "http://x.y", "\\"),
    *("$", "$$", "\\href{javascript:1}{x}", "`", "```", "\n", "\n\n", "    ", "> ", "# ", "<script>", "<img src=x>"),
    *("onerror=1", "&#10;", "&lt;", '"', "'", "|", "---", "[b]: javascript:1"),
    *("\x0b", "\u2028", "\x85", "\x00", "\ud800"),
)


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.parts = []

    def handle_starttag(self, tag, attrs):
        self.parts.append((tag, dict(attrs)))

    def handle_comment(self, data):
        self.parts.append(("comment", {}))

    handle_decl = handle_pi = unknown_decl = handle_comment


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader.parts


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(st.lists(st.one_of(st.sampled_from(BITS), st.text(max_size=5)), max_size=30).map("".join))
def test_whatever_is_written_nothing_in_it_is_live(text):
    for html in (sanitize.render(text), sanitize.plain(text)):
        assert not set("$\\\n\r\x0b\x85\u2028") & set(html)
        assert html.startswith("<div>")
        assert html.endswith("</div>")
        for tag, attributes in read(html):
            assert tag in sanitize.TAGS | {"div"}
            assert set(attributes) <= {"href", "src", "alt", "start", "display", "linethickness", "rel", "target"}
            assert attributes.get("href", "http://").lower().startswith(("http://", "https://"))
            assert attributes.get("src", "data:image/png").startswith("data:image/")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("**so**", "<strong>so</strong>"),
        ("costs 5 $", "costs 5 <span>&#36;</span>"),
        ("$x^2$", "<msup><mi>x</mi><mn>2</mn></msup>"),
        ("a_b c_d", "a_b c_d"),
        ("if a < b:\n\n    return a & b", "<code>return a &amp; b&#10;</code>"),
        (
            "[why](https://example.org/?a=1)",
            'href="https://example.org/?a=1" target="_blank" rel="noopener noreferrer"',
        ),
        ("| a |\n|---|\n| 1 |", "<td>1</td>"),
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        ("![my drawing](one.png)", "[a picture that is not shown: my drawing]"),
        ("$\\nonsense{$", "nonsense{"),
    ],
)
def test_an_honest_text_is_shown_as_it_was_meant(written, shown):
    assert shown in sanitize.render(written)


@pytest.mark.parametrize(
    "bit", ["&", "[", "$a", "*a ", "> ", "`", "<a ", "[a](", "![[]()", "- ", "\n", "&a;", "**a", "|a"]
)
def test_a_long_text_is_cut_and_over_soon(bit):
    began = time.process_time()
    html = sanitize.render(bit * 1_000_000)
    assert time.process_time() - began < 20
    assert len(html) < 1_500_000
    assert "more letters are in what was submitted" in html


def test_a_page_of_many_cells_ends_somewhere():
    screen = sanitize.Screen()
    shown = [screen.show(kind, "&" * 60_000) for kind in ("code", "markdown", "raw") * 50]
    assert sum(map(len, shown)) < 1_500_000
    assert sanitize.LEFT_OUT in shown[-1]
    assert shown[-3].startswith("# ")


def drawn(text):
    """An output as `plots` makes it, and one as kernels do."""
    html = {"text/html": f'<img alt="x" onerror="alert(1)" src="data:image/png;base64,{text}"><script>1</script>'}
    return [{"data": html}, {"data": {"image/png": [text[:8], "\n" + text[8:]]}, "metadata": {"x": "<script>"}}]


def test_of_outputs_nothing_but_png_pictures_is_shown():
    png = base64.b64encode(sanitize.PNG + b"pixels").decode()
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": png}}
    others = [1, None, {}, {"data": 1}, {"data": {"image/png": 1, "text/html": [2]}}, *drawn("!" * 12), *drawn("AAAA")]
    assert sanitize.Screen().pictures([*others, *drawn(png)]) == [picture, picture]
    assert sanitize.Screen().pictures("outputs") == []


def test_pictures_end_somewhere():
    large = base64.b64encode(sanitize.PNG + bytes(2_500_000)).decode()
    screen = sanitize.Screen()
    assert len(screen.pictures(drawn(large) * 9)) + len(screen.pictures(drawn(large))) == 2
