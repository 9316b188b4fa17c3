"""Reading pages and widgets without a browser."""

import base64
import io
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from vistext import scenes

SHOWN = [scenes.course_scene(), *scenes.sample(2, 5, "test")]
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Html(HTMLParser):
    """HTML as a browser would take it apart; a tag that is not closed in order is an error here."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def pictures(self):
        sources = [attrs["src"].removeprefix("data:image/png;base64,") for attrs in self.all("img")]
        return [np.asarray(Image.open(io.BytesIO(base64.b64decode(source)))) for source in sources]

    def picture(self):
        """The only one, which is described."""
        assert self.all("img")[0]["alt"]
        (picture,) = self.pictures()
        return picture

    def meters(self):
        return {meter["aria-label"]: float(meter["value"]) for meter in self.all("meter")}


def pixels(picture):
    """Those of a `plots.Picture`: uint8 [h, w, 3]."""
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB"))


def parts(widget, kind):
    """The parts of a widget that are of a kind, in the order in which they stand."""
    found, waiting = [], [widget.widget]
    while waiting:
        part = waiting.pop(0)
        found += [part] if isinstance(part, kind) else []
        waiting = [*getattr(part, "children", ()), *waiting]
    return found


def pictures_of(number):
    return scenes.draw_many([SHOWN[number]]).pictures
