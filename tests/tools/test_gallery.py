"""The gallery shows what the scenes hold, on one page that needs nothing but itself."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from tools.__main__ import main
from vistext.display import overlays
from vistext.scenes import draw, language, ontology, sample

N, SEED = 3, 5


class Page(HTMLParser):
    """The pictures of a page, all its tags, and its text."""

    def __init__(self, text):
        super().__init__()
        self.images, self.tags, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attributes))

    def handle_data(self, data):
        self.text.append(data.strip())


def gallery(folder, *words):
    """The page that the command writes."""
    assert main(["gallery", "--out", str(folder), *map(str, words)]) == 0
    return (folder / "gallery.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return gallery(tmp_path_factory.mktemp("gallery") / "made", "--n", N, "--seed", SEED)


@pytest.fixture(scope="module")
def page(written):
    return Page(written)


def decoded(image):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(image["src"].removeprefix("data:image/png;base64,")))))


def test_pictures_boxes_and_masks_are_those_that_are_drawn(page):
    images = [decoded(image) for image in page.images]
    assert len(images) == 4 * N
    for number, scene in enumerate(sample(N, SEED)):
        drawn, (small, boxes, masks, large) = draw(scene), images[4 * number : 4 * number + 4]
        kinds = [ontology.KINDS.index(obj.kind) for obj in scene.objects]
        assert np.array_equal(small, drawn.picture)
        assert np.array_equal(boxes, overlays.draw_boxes(drawn.picture, drawn.boxes, kinds))
        assert np.array_equal(masks, overlays.draw_masks(drawn.picture, drawn.instances))
        assert np.array_equal(large, draw(scene, 256).picture)


def test_the_sentences_and_answers_are_true(page):
    shown = set(page.text)
    for scene in sample(N, SEED):
        answers = {one.answer for one in language.all_questions(scene) if {one.question, one.answer} <= shown}
        assert len(answers) >= 3
        assert all(language.evaluate(answer, scene) for answer in answers)
        assert next(language.descriptions(scene, "description")) in shown


def test_the_page_needs_nothing_but_itself(written, page):
    assert all(image["src"].startswith("data:image/png;base64,") and image["alt"] for image in page.images)
    assert not {"script", "link"} & set(page.tags)
    assert "http" not in written.replace("http-equiv", "")


def test_options_choose_how_many_scenes_and_which_and_the_same_ones_come_again(tmp_path, written, capsys):
    assert gallery(tmp_path, "--n", N, "--seed", SEED) == written
    assert "img" not in Page(gallery(tmp_path, "--n", 0)).tags
    other = gallery(tmp_path, "--n", 1, "--split", "compositional")
    assert re.search("1 scenes of the split .*compositional", other)
    assert capsys.readouterr().out.endswith(f"The page: {tmp_path / 'gallery.html'}\n")


def test_the_command_says_in_one_line_that_it_cannot_write(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["gallery", "--out", str(tmp_path / "file"), "--n", "0"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "choose another folder with --out" in error
