"""Reading a widget without a browser."""

import base64
import io
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from vistext import scenes

SHOWN = [scenes.course_scene(), *scenes.sample(2, 5, "test")]


class Html(HTMLParser):
    """What a browser would make of HTML: its tags, and its words."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    def picture(self):
        (image,) = self.all("img")
        assert image["alt"]
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(image["src"].removeprefix("data:image/png;base64,")))))


def parts(playable, kind):
    """The parts of a widget that are of a kind, in the order in which they stand."""
    found, waiting = [], [playable.widget]
    while waiting:
        part = waiting.pop(0)
        found += [part] if isinstance(part, kind) else []
        waiting = [*getattr(part, "children", ()), *waiting]
    return found


def tags_in(html):
    """The table of tags, as read from the page."""
    page = Html(html)
    return dict(
        zip(
            [meter["aria-label"] for meter in page.all("meter")],
            [float(meter["value"]) for meter in page.all("meter")],
            strict=True,
        )
    )


def told(html):
    return "".join(Html(html).words)


def pictures_of(number):
    return scenes.draw_many([SHOWN[number]]).pictures
