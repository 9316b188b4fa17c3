"""The gallery shows what the scenes hold, on one page that needs nothing but itself."""

import argparse
import base64
import io
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from tools import gallery
from vistext.scenes import draw, language, sample

N, SEED = 3, 5


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = gallery.write(tmp_path_factory.mktemp("gallery") / "made" / "page.html", N, SEED)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(written):
    return Page(written)


def decoded(source):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.removeprefix("data:image/png;base64,")))))


def test_every_scene_has_its_article(page):
    assert [article["id"] for article in page.all("article")] == [f"scene-{number}" for number in range(N)]


def test_pictures_are_those_that_are_drawn_small_and_large(page):
    images = [decoded(image["src"]) for image in page.all("img")]

    for number, scene in enumerate(sample(N, SEED)):
        small, _, large = images[3 * number : 3 * number + 3]
        assert np.array_equal(small, draw(scene).picture)
        assert np.array_equal(large, draw(scene, 256).picture)


def test_masks_have_one_colour_for_each_thing(page):
    images = [decoded(image["src"]) for image in page.all("img")]

    for number, scene in enumerate(sample(N, SEED)):
        masks, instances = images[3 * number + 1], draw(scene).instances
        pairs = {(i, tuple(color)) for i, color in zip(instances.ravel(), masks.reshape(-1, 3).tolist(), strict=True)}
        assert len(pairs) == len({i for i, _ in pairs}) == len(scene.objects) + 1


def test_boxes_are_those_of_the_drawing(page):
    shown = [tuple(int(one[name]) for name in ("x", "y", "width", "height")) for one in page.all("rect")]
    drawn = [box for scene in sample(N, SEED) for box in draw(scene).boxes.tolist()]

    assert shown == [(left, top, right - left, bottom - top) for left, top, right, bottom in drawn]


def test_the_sentences_and_answers_are_true(page):
    said = {text.strip() for text in page.text}

    for scene in sample(N, SEED):
        answers = {one.answer for one in language.all_questions(scene) if {one.question, one.answer} <= said}
        assert len(answers) >= 3
        assert all(language.evaluate(answer, scene) for answer in answers)
        assert next(language.descriptions(scene, "description")) in said


def test_the_page_needs_nothing_but_itself(written, page):
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert all(image["alt"] for image in page.all("img"))
    assert not page.all("script") + page.all("link")
    assert "http" not in written.replace("http-equiv", "")


def test_a_gallery_of_none_is_a_page_without_articles(tmp_path):
    assert Page(gallery.write(tmp_path / "page.html", 0).read_text(encoding="utf-8")).all("article") == []


def test_the_same_seed_writes_the_same_page(tmp_path, written):
    assert gallery.write(tmp_path / "page.html", N, SEED).read_text(encoding="utf-8") == written


def test_a_wrong_request_writes_nothing(tmp_path):
    with pytest.raises(ValueError, match="a split is one of"):
        gallery.write(tmp_path / "page.html", 2, 0, "training")

    assert list(tmp_path.iterdir()) == []


def test_what_stood_there_stays_when_the_page_cannot_be_made(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    path.write_text("before")

    def fail(*_):
        raise OSError("no room")

    monkeypatch.setattr(gallery.os, "replace", fail)
    with pytest.raises(OSError, match="no room"):
        gallery.write(path, 1)

    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def parsed(*words):
    parser = argparse.ArgumentParser()
    gallery.add_arguments(parser)
    return parser.parse_args(words)


def test_the_command_writes_the_page_and_says_where(tmp_path, capsys):
    code = gallery.run(parsed("--out", str(tmp_path), "--n", "1", "--seed", "4", "--split", "compositional"))

    assert code == 0
    assert capsys.readouterr().out == f"The page: {tmp_path / 'gallery.html'}\n"
    assert len(Page((tmp_path / "gallery.html").read_text(encoding="utf-8")).all("article")) == 1


@pytest.mark.parametrize("number", ["-1", "many", "1.5"])
def test_the_command_takes_only_whole_numbers(number, capsys):
    with pytest.raises(SystemExit) as stopped:
        parsed("--n", number)

    assert stopped.value.code == 2
    assert f"'{number}' is not a whole number of at least 0" in capsys.readouterr().err


def test_the_command_says_in_one_line_that_it_cannot_write(tmp_path, capsys):
    (tmp_path / "file").write_text("")

    assert gallery.run(parsed("--out", str(tmp_path / "file"), "--n", "0")) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "choose another folder with --out" in error
