"""One picture through every task: whatever is given, the answer can be read by people, browsers and machines."""

import base64
import errno
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from vistext import scenes
from vistext.data.cifar10 import CLASSES
from vistext.data.vocabulary import Vocabulary
from vistext.display import tour as tours
from vistext.display.tour import page as tour_page
from vistext.display.tour import sections, terminal
from vistext.display.tour.sections import EXAMPLE, SceneInput, Statement, listed
from vistext.nn import weights
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras, tf
from vistext.scenes import language, ontology
from vistext.tasks import captioning, classification, srl, vqa
from vistext.tasks.detection.model import Detections
from vistext.tasks.srl.model import PredictedFrame

VOID = {"meta", "img", "br", "hr", "link", "input"}
NEVER = {"script", "link", "iframe", "object", "embed", "base", "form", "audio", "video", "source"}


@pytest.fixture(scope="module")
def small_tagger():
    """The tagger's network, small and with random weights: what it says is nonsense, how it says it is not."""
    keras.utils.set_random_seed(0)
    return classification.model.build(classification.model.TaggerConfig(widths=(8, 16, 16)))


@pytest.fixture
def any_tagger(monkeypatch, small_tagger):
    """The small network in place of the shipped one."""
    monkeypatch.setattr(classification.model, "load", lambda: small_tagger)


class Page(HTMLParser):
    """A page as a browser would take it apart; a tag that is not closed in order is an error here."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
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
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def pictures(self):
        return [
            Image.open(io.BytesIO(base64.b64decode(attrs["src"].removeprefix("data:image/png;base64,"))))
            for attrs in self.all("img")
        ]


def tags(probabilities=None, heat=None):
    """What a tagger might predict for a picture of noise."""
    noise = np.random.default_rng(0)
    return sections.tags_section(
        {"cat": 0.92, "dog": 0.05, "frog": 0.03} if probabilities is None else probabilities,
        noise.integers(0, 256, (32, 32, 3), np.uint8),
        noise.integers(0, 256, (480, 480, 3), np.uint8),
        np.ones((3, 3), np.float32) if heat is None else heat,
    )


def result(name="cat.png", size=(40, 60), section=None, **options):
    subject = tours.Subject(name, name, np.zeros((*size, 3), np.uint8), f"The picture that was given: {name}", name)
    return tours.TourResult((subject,), (section or tags(**options),), 1.0)


def page_of(section):
    """The page of a tour with only this section; the first picture is its subject's."""
    return Page(result(section=section).html())


def printed(section, width=60):
    """What a terminal shows of a section."""
    console = Console(width=width, file=io.StringIO())
    console.print(*terminal.render(section), sep="\n")
    return console.file.getvalue()


def photograph(mode="RGB", size=(48, 40)):
    """A picture with a gradient in each direction, so that no two corners are alike."""
    across, down = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    return Image.fromarray(np.stack([across, down, 255 - across], axis=-1).astype(np.uint8)).convert(mode)


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6  # a telephone held upright
    return {"exif": exif}


def frames():
    return {"save_all": True, "append_images": [photograph().rotate(90 * turn) for turn in (1, 2)], "duration": 50}


KINDS = {
    "grey.png": lambda: (photograph("L"), {}),
    "grey-16-bit.png": lambda: (Image.fromarray(np.arange(1920, dtype=np.uint16).reshape(40, 48) * 34), {}),
    "transparent.png": lambda: (photograph("RGBA"), {}),
    "palette.png": lambda: (photograph("P"), {"transparency": 3}),
    "print.jpg": lambda: (photograph("CMYK"), {}),
    "turned.jpg": lambda: (photograph(), turned()),
    "photograph.webp": lambda: (photograph(), {}),
    "animated.gif": lambda: (photograph("P"), frames()),
    "animated.webp": lambda: (photograph(), frames()),
    "animated.png": lambda: (photograph(), frames()),
    "dot.png": lambda: (photograph(size=(1, 1)), {}),
    "line.png": lambda: (photograph(size=(1, 3000)), {}),
    "wide.png": lambda: (photograph(size=(3000, 1)), {}),
}
SIZES = {"turned.jpg": (40, 48), "dot.png": (1, 1), "line.png": (1, 3000), "wide.png": (3000, 1)}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_picture_is_tagged_and_shown(name, any_tagger, tmp_path):
    image, options = KINDS[name]()
    image.save(tmp_path / name, **options)

    found = tours.tour(tmp_path / name)

    width, height = SIZES.get(name, (48, 40))
    assert found.subjects[0].picture.shape == (height, width, 3)
    probabilities = found.sections[0].facts["probabilities"]
    assert set(probabilities) == set(CLASSES)
    assert sum(probabilities.values()) == pytest.approx(1, abs=1e-4)
    assert list(probabilities.values()) == sorted(probabilities.values(), reverse=True)
    hero, seen, looked = Page(found.html()).pictures()
    assert hero.size == (min(width, 960), min(height, 960))
    assert (seen.size, looked.size) == ((32, 32), (480, 480))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("airplane", "an airplane"),
        ("automobile", "an automobile"),
        ("bird", "a bird"),
        ("cat", "a cat"),
        ("deer", "a deer"),
        ("dog", "a dog"),
        ("frog", "a frog"),
        ("horse", "a horse"),
        ("ship", "a ship"),
        ("truck", "a truck"),
    ],
)
def test_each_tag_stands_in_the_sentence_with_its_article(name, said):
    other = "horse" if name == "dog" else "dog"

    assert tours.sentence({name: 0.92, other: 0.08}) == f"The picture most likely shows {said} (92 %)."
    assert said in tours.sentence({name: 0.3, other: 0.2})


def test_a_tag_that_is_more_likely_wrong_than_right_is_not_claimed():
    unsure = tours.sentence({"cat": 0.49, "airplane": 0.31, "dog": 0.2})

    assert unsure == "The network is unsure: perhaps a cat (49 %), perhaps an airplane (31 %)."
    assert tours.sentence({"cat": 0.5, "airplane": 0.5}).startswith("The picture most likely shows a cat")


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (1.0, "> 99 %"),
        (0.996, "> 99 %"),
        (0.994, "99 %"),
        (0.051, "5 %"),
        (0.006, "1 %"),
        (0.004, "< 1 %"),
        (0.0, "< 1 %"),
    ],
)
def test_no_probability_is_said_to_be_certain(probability, said):
    assert tours.percent(probability) == said


def test_the_page_needs_nothing_but_itself():
    html = result().html()
    page = Page(html)

    assert not NEVER & {tag for tag, _ in page.tags}
    assert not [attrs for _, attrs in page.tags if "href" in attrs or any(name.startswith("on") for name in attrs)]
    assert all(attrs["src"].startswith("data:image/png;base64,") for attrs in page.all("img"))
    assert "url(" not in html
    assert "@import" not in html
    assert "://" not in html
    policy = next(
        attrs["content"] for attrs in page.all("meta") if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy


def test_the_page_can_be_read_by_a_screen_reader_and_on_a_telephone():
    page = Page(result().html())

    assert page.all("html") == [{"lang": "en"}]
    assert [len(page.all(tag)) for tag in ("h1", "main", "title", "table", "caption")] == [1, 1, 1, 1, 1]
    assert len(page.all("img")) == 3
    assert all(attrs["alt"].strip() for attrs in page.all("img"))
    assert {attrs["name"]: attrs["content"] for attrs in page.all("meta") if "name" in attrs}["viewport"].startswith(
        "width=device-width"
    )
    assert [attrs["scope"] for attrs in page.all("th")] == ["row"] * 3


def test_the_page_says_what_the_terminal_says():
    text = Page(result().html()).text.replace("\xa0", " ")

    assert "The picture most likely shows a cat (92 %)." in text
    assert "cat 92 % dog 5 % frog 3 %" in text
    assert "knows these 3 words and no others" in text


def test_bars_are_as_long_as_the_probabilities():
    page = Page(result().html())

    widths = [re.search(r"width:([\d.]+)%", attrs["style"]).group(1) for attrs in page.all("span") if "style" in attrs]
    assert [float(width) for width in widths] == [92, 5, 3]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>.png", '"><img src=x onerror=alert(1)>.png', "&amp;.png"])
def test_a_file_name_that_looks_like_markup_is_only_text(name):
    page = Page(result(name).html())

    assert not page.all("script")
    assert len(page.all("img")) == 3
    assert name in page.text
    assert name in page.all("img")[0]["alt"]


def test_a_file_name_cannot_command_a_terminal_or_break_the_page(any_tagger, tmp_path):
    photograph().save(tmp_path / "picture.png")
    path = (tmp_path / "picture.png").rename(tmp_path / "red\x1b[31m\udcff.png")

    found = tours.tour(path)

    assert found.subjects[0].name == "red?[31m?.png"
    tour_page.save(found.html(), tmp_path)


def test_a_photograph_from_a_telephone_does_not_make_a_page_of_megabytes():
    hero = Page(result(size=(3000, 4000)).html()).pictures()[0]

    assert hero.size == (960, 720)


def luminance(color):
    """Relative luminance of #rrggbb as WCAG 2.1 defines it."""
    levels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (level / 12.92 if level <= 0.03928 else ((level + 0.055) / 1.055) ** 2.4 for level in levels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_colours_reach_wcag_aa(scheme):
    palettes = re.findall(r":root \{[^}]*\}", tour_page.STYLE)
    assert len(palettes) == 2
    color = dict(re.findall(r"--(\w+): (#\w{6})", palettes[scheme]))

    for text in ("ink", "soft", "accent"):
        assert min(contrast(color[text], color[ground]) for ground in ("ground", "card")) >= 4.5
    assert contrast(color["bar"], color["track"]) >= 3
    assert contrast(color["accent"], color["track"]) >= 3


@pytest.mark.parametrize(
    ("row", "column", "place"),
    [(0, 0, "at the top left"), (1, 1, "at the center"), (2, 1, "at the bottom"), (1, 2, "at the right")],
)
def test_the_overlay_says_in_words_where_the_light_is(row, column, place):
    heat = np.zeros((6, 6), np.float32)
    heat[2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = 1

    alt = Page(result(heat=heat).html()).all("img")[2]["alt"]

    assert alt.endswith(f"mostly {place}")


def test_a_network_that_looked_nowhere_still_makes_a_page():
    alt = Page(result(heat=np.zeros((3, 3), np.float32)).html()).all("img")[2]["alt"]

    assert alt.endswith("nowhere in particular")


def test_the_page_is_written_whole_into_a_new_folder(tmp_path):
    page = tour_page.save("whole", tmp_path / "a" / "b")

    assert page == tmp_path / "a" / "b" / "tour.html"
    assert page.read_text() == "whole"
    assert list(page.parent.iterdir()) == [page]


def test_a_full_disk_leaves_the_earlier_page_as_it_was(tmp_path, monkeypatch):
    page = tour_page.save("earlier", tmp_path)
    write = Path.write_text

    def half(path, text, **options):
        write(path, text[: len(text) // 2], **options)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="No space left"):
        tour_page.save("later", tmp_path)

    assert page.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [page]


def given(scene=None):
    return SceneInput(scene or scenes.sample(1, 3, "test")[0])


def test_a_scene_is_drawn_once_and_encoded_once(monkeypatch):
    encoded = []
    monkeypatch.setattr(captioning.model, "load_image_encoder", lambda: "encoder")
    monkeypatch.setattr(captioning.model, "encode_images", lambda *arguments: encoded.append(arguments) or "features")
    scene = given()

    assert scene.drawing is scene.drawing
    assert scene.features is scene.features
    [(_, pictures)] = encoded
    assert pictures.tolist() == [scene.drawing.picture.tolist()]


def test_networks_run_eagerly_during_the_tour_and_not_after_it():
    def fail():
        with tours.eager_networks():
            assert tf.config.functions_run_eagerly()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not tf.config.functions_run_eagerly()


def test_boxes_are_named_and_located():
    scene = given()
    drawing = scene.drawing
    found = Detections(drawing.boxes.astype("float32"), drawing.kinds, np.linspace(0.99, 0.9, len(drawing.boxes)))

    section = sections.boxes_section(scene, found)

    assert section.sentence.startswith("The drawing shows ")
    assert all(ontology.KINDS[kind] in section.sentence for kind in drawing.kinds)
    first = section.facts["boxes"][0]
    assert [first[edge] for edge in ("left", "top", "right", "bottom")] == drawing.boxes[0].tolist()
    assert first["kind"] == ontology.KINDS[drawing.kinds[0]]
    page = page_of(section)
    assert [picture.size for picture in page.pictures()[1:]] == [(448, 448)] * 2
    assert all(attrs["alt"] for attrs in page.all("img"))
    assert f"{drawing.boxes[0][0]:.1f}" in printed(section)


def test_the_course_s_cat_is_a_cat_at_the_bottom():
    scene = given(scenes.course_scene())
    found = Detections(scene.drawing.boxes.astype("float32"), scene.drawing.kinds, np.array([0.99]))
    assert sections.boxes_section(scene, found).sentence == "The drawing shows a cat at the bottom."


def test_a_detector_that_finds_nothing_makes_a_page_all_the_same():
    nothing = Detections(np.zeros((0, 4), "float32"), np.zeros(0, "int32"), np.zeros(0, "float32"))
    section = sections.boxes_section(given(), nothing)

    assert section.sentence == "The network detects no object."
    assert section.facts == {"boxes": []}
    assert section.sentence in printed(section)
    assert len(page_of(section).pictures()) == 3


def test_masks_are_shares_of_the_picture_and_wrong_pixels_are_counted():
    scene = given(scenes.course_scene())
    classes, share = scene.drawing.classes, np.mean(scene.drawing.instances == 1)

    right = sections.masks_section(scene, classes)
    assert right.facts == {"masks": {"cat": pytest.approx(share)}, "pixels_right": 1.0}
    assert right.sentence == f"Of the drawing {tours.percent(share)} is cat; the rest is background."
    assert "> 99 % of the pixels are assigned to what was drawn there." in page_of(right).text
    assert len(page_of(right).pictures()) == 3

    wrong = sections.masks_section(scene, np.zeros_like(classes))
    assert wrong.sentence == "All of it is background."
    assert wrong.facts["pixels_right"] == pytest.approx(np.mean(classes == 0))


SITTING = "The cat is sitting on the floor."
CAPTIONS = sections.captions_section(
    [
        Statement("title", "a cat", 0.93, ""),
        Statement("description", "A <cat> is sitting on the floor.", 0.996, ""),
        Statement("story", "The cat is black. It is day.", 0.2, "the colour of the cat is orange, not black"),
        Statement("another", "It is day.", 0.004, ""),
    ]
)
ANSWERS = sections.answers_section(
    [
        Statement("What is the cat sitting on?", SITTING, 0.998, "", SITTING),
        Statement("How many <b>cats</b>?", "Two <i>cats</i>.", 0.4, "there is one cat", "There is one cat."),
        Statement("What is the cat doing?", "The cat is orange.", 0.001, "", "The cat is sitting."),
    ]
)
FRAMES = [
    PredictedFrame("sit", (("agent", "cat"), ("place", "floor")), 0.998, np.array([0.3, 0.45, 0.33, 0.44]), 0.14),
    PredictedFrame("run", (("agent", "dog"), ("direction", "left"), ("place", "mat")), 0.2, np.full(4, 0.1), 0.01),
]


def frames_section():
    return sections.frames_section(given(scenes.course_scene()), FRAMES)


def test_captions_have_the_discriminator_s_score_and_whether_they_are_true():
    assert CAPTIONS.sentence == "A <cat> is sitting on the floor."
    [title, *_, story, _] = CAPTIONS.facts["descriptions"]
    assert title == {"what": "title", "text": "a cat", "score": 0.93, "true": True, "why_not": ""}
    assert (story["true"], story["why_not"]) == (False, "the colour of the cat is orange, not black")


def test_answers_have_their_probability_and_whether_they_are_true():
    assert ANSWERS.sentence == f"What is the cat sitting on? {SITTING}"
    first, second, _ = ANSWERS.facts["answers"]
    assert first == {
        "question": "What is the cat sitting on?",
        "answer": SITTING,
        "probability": 0.998,
        "true": True,
        "why_not": "",
        "expected": SITTING,
    }
    assert (second["true"], second["why_not"]) == (False, "there is one cat")


def test_frames_are_linearized_and_rendered_as_sentences_and_their_objects_are_located():
    section = frames_section()
    assert section.sentence == EXAMPLE
    first, second = section.facts["frames"]
    assert first == {
        "verb": "sit",
        "roles": {"agent": "cat", "place": "floor"},
        "sentence": EXAMPLE,
        "probability": 0.998,
        "true": True,
        "why_not": "",
    }
    assert (second["sentence"], second["true"]) == ("A dog is running to the left on the mat.", False)
    assert "run (agent: dog, direction: left, place: mat)" in section.figures[0].alt


@pytest.mark.parametrize(
    ("section", "texts"),
    [
        (
            CAPTIONS,
            (
                "title a cat 93 % true",
                "description A <cat> is sitting on the floor. > 99 % true",
                "The cat is black. It is day. 20 % false",
                "” is false: the colour of the cat is orange, not black.",
                "another It is day. < 1 % true",
            ),
        ),
        (
            ANSWERS,
            (
                f"What is the cat sitting on? {SITTING} > 99 % true",
                "How many <b>cats</b>? Two <i>cats</i>. 40 % false",
                "“Two <i>cats</i>.” is false: there is one cat. Expected was: “There is one cat.”",
                "“The cat is orange.” is true. Expected was: “The cat is sitting.”",
            ),
        ),
        (frames_section(), (f"sit (agent: cat, place: floor) {EXAMPLE} > 99 % true", "the mat.” is false: ")),
    ],
    ids=["captions", "answers", "frames"],
)
def test_rows_can_be_read_on_the_page_by_a_screen_reader_and_in_a_narrow_terminal(section, texts):
    page = page_of(section)
    assert [text for text in texts if text not in page.text] == []
    assert not page.all("cat") + page.all("b") + page.all("i")
    assert [attrs.get("scope") for attrs in page.all("th")] == ["col"] * 4 + ["row"] * len(section.rows)
    assert len(page.all("caption")) == 1
    shown = printed(section)
    words = {word for row in section.rows for word in (*row[1].split(), tours.percent(row[2]), row[3])}
    assert [word for word in words if word not in shown] == []


def small_networks(*builders, config):
    """Networks of a config with large random weights: what they generate is nonsense, but not always the same."""
    random = np.random.default_rng(0)
    networks = [build(config) for build in builders]
    for weight in (weight for network in networks for weight in network.trainable_variables):
        weight.assign(random.normal(scale=0.5, size=weight.shape))
    return networks


@pytest.fixture
def any_captioner(monkeypatch):
    """Small networks with random weights in place of the shipped ones."""
    vocabulary = Vocabulary.build(["a cat is sitting on the floor.", "the dog is small, and it runs."])
    model = captioning.model
    config = model.CaptionerConfig(len(vocabulary), widths=(4, 4, 6, 4), depth=1, width=8, heads=2, blocks=1)
    builders = (model.build_image_encoder, model.build_caption_decoder, model.build_discriminator)
    image_encoder, decoder, network = small_networks(*builders, config=config)
    captioner = model.Captioner(image_encoder, CachedDecoder(decoder), vocabulary)
    discriminator = model.Discriminator(image_encoder, network, vocabulary)
    monkeypatch.setattr(model, "load_image_encoder", lambda: image_encoder)
    monkeypatch.setattr(model, "load", lambda: captioner)
    monkeypatch.setattr(model, "load_discriminator", lambda: discriminator)
    return captioner, discriminator


def test_title_description_and_story_are_the_most_probable_and_the_others_are_not_the_same(any_captioner):
    captioner, discriminator = any_captioner
    scene = given(scenes.course_scene())
    rows = sections.captions(scene).facts["descriptions"]
    found = {row["what"]: row for row in rows}
    for length in ("title", "description", "story"):
        assert [found[length]["text"]] == captioner.caption(scene.pictures, length)
        [score] = discriminator.score(scene.pictures, [found[length]["text"]])
        assert found[length]["score"] == pytest.approx(float(score), abs=1e-5)
    others = [row["text"] for row in rows if row["what"] == "another"]
    assert len(set(others) - {found["description"]["text"]}) == len(others) == 4
    assert not found["another"]["true"]
    assert [rows[-1][key] for key in ("what", "text", "true")] == ["the course's own", EXAMPLE, True]
    assert EXAMPLE not in [row["text"] for row in sections.captions(given()).facts["descriptions"]]


@pytest.fixture
def any_qgnet(monkeypatch):
    """A small network with random weights in place of the shipped one; it knows all words of a few scenes."""
    seen = [scenes.course_scene(), *scenes.sample(8, 3, "test")]
    questions = [question for scene in seen for question in language.all_questions(scene)]
    vocabulary = Vocabulary.build(text for question in questions for text in (question.question, question.answer))
    sizes = {"widths": (4, 4, 6, 4), "depth": 1, "width": 8, "heads": 2, "reading": 1, "writing": 1}
    builders = (captioning.model.build_image_encoder, vqa.model.build_encoder, vqa.model.build_decoder)
    networks = small_networks(*builders, config=vqa.model.QGNetConfig(len(vocabulary), **sizes))
    image_encoder, encoder, decoder = networks
    network = vqa.model.QGNet(image_encoder, encoder, CachedDecoder(decoder), vocabulary)
    monkeypatch.setattr(captioning.model, "load_image_encoder", lambda: image_encoder)
    monkeypatch.setattr(vqa.model, "load", lambda: network)
    return network


def test_the_course_s_scene_is_asked_what_the_course_asks_and_then_of_several_kinds(any_qgnet):
    scene = given(scenes.course_scene())
    rows = sections.answers(scene).facts["answers"]
    assert (rows[0]["question"], rows[0]["expected"]) == ("What is the cat sitting on?", SITTING)
    kinds = {question.question: question.kind for question in language.all_questions(scene.scene)}
    assert len({kinds[row["question"]] for row in rows}) == len(rows) == 5
    answers = any_qgnet.answer(np.repeat(scene.pictures, len(rows), axis=0), [row["question"] for row in rows])
    assert [row["answer"] for row in rows] == [answer.text for answer in answers]
    assert [row["probability"] for row in rows] == pytest.approx([answer.probability for answer in answers], rel=1e-3)
    assert [row["true"] for row in rows] == [bool(language.evaluate(row["answer"], scene.scene)) for row in rows]


def test_questions_about_any_scene_are_the_same_each_time_and_have_answers(any_qgnet):
    for scene in scenes.sample(8, 3, "test"):
        facts = sections.answers(given(scene)).facts
        assert sections.answers(given(scene)).facts == facts
        expected = {row["question"]: row["expected"] for row in facts["answers"]}
        assert len(expected) == len(facts["answers"]) >= 4
        answers = {question.question: question.answer for question in language.all_questions(scene)}
        assert all(answers[question] == answer for question, answer in expected.items())


def test_the_frames_of_a_scene_are_the_network_s(monkeypatch):
    scene = given(scenes.course_scene())

    class Network:
        def generate(self, pictures, features):
            assert pictures.shape == (1, 64, 64, 3)
            return "slots"

        def frames_of_features(self, features, slots):
            assert (features, slots) == ("features", "slots")
            return [FRAMES]

    monkeypatch.setattr(srl.model, "load", Network)
    monkeypatch.setattr(captioning.model, "load_image_encoder", lambda: None)
    monkeypatch.setattr(captioning.model, "encode_images", lambda *arguments: "features")
    assert sections.frames(scene).facts == frames_section().facts


def test_words_are_listed_as_in_a_sentence():
    assert [listed(["a", "b", "c"][:count]) for count in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_a_tour_is_of_one_thing(tmp_path):
    with pytest.raises(ValueError, match="not of both"):
        tours.tour(tmp_path / "a.png", scene=scenes.course_scene())


def test_weights_that_are_not_there_are_said_before_tensorflow_is_needed(monkeypatch, tmp_path):
    photograph().save(tmp_path / "a.png")
    monkeypatch.setattr(weights, "verify", lambda name: (_ for _ in ()).throw(FileNotFoundError(f"no {name}")))
    with pytest.raises(tours.NotReadyError, match="no tagger; `vistext doctor` says what to do"):
        tours.tour(tmp_path / "a.png")


def test_the_course_s_two_cats_are_found_by_the_shipped_weights():
    found = tours.tour()

    facts = found.facts()
    tags, boxes, _, _, answered, acts = found.sections
    assert facts["tags"][0] == "cat"
    assert tags.sentence.startswith("The picture most likely shows a cat")
    assert boxes.sentence.startswith("The drawing shows a cat at the ")
    assert next(iter(facts["masks"])) == "cat"
    assert facts["pixels_right"] > 0.98
    captions = [row["text"] for row in facts["descriptions"]]
    assert all(language.evaluate(text, scenes.course_scene()) for text in captions[:3])
    assert captions[-1] == EXAMPLE
    assert answered.sentence == f"What is the cat sitting on? {SITTING}"
    assert all(row["answer"] == row["expected"] for row in facts["answers"])
    assert acts.sentence == EXAMPLE
    frames = [(frame["verb"], frame["roles"]) for frame in facts["frames"]]
    assert frames == [("sit", {"agent": "cat", "place": "floor"})]
    assert [subject.picture.shape for subject in found.subjects] == [(300, 451, 3), (480, 480, 3)]
    page = Page(found.html())
    assert "Chelsea the cat" in page.text
    assert found.subjects[1].name in page.text
    assert language.evaluate(found.subjects[1].name, scenes.course_scene())
    assert len(page.pictures()) == 9
