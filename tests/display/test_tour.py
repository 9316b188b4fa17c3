"""One picture through every task: whatever is given, the answer can be read by people, browsers and machines."""

import errno
import io
import re
from pathlib import Path

import numpy as np
import pytest
from parsed import SHOWN, Html
from PIL import Image
from rich.console import Console

from vistext.data.cifar10 import CLASSES
from vistext.display import tour as tours
from vistext.display.tour import page as tour_page
from vistext.display.tour import sections, terminal
from vistext.display.tour.section import percent
from vistext.display.tour.sections import EXAMPLE, SceneInput, Statement, listed
from vistext.nn import weights
from vistext.nn.engine import keras, tf
from vistext.scenes import language, ontology
from vistext.tasks import captioning, classification, srl, vqa
from vistext.tasks.detection.model import Detections
from vistext.tasks.srl.model import PredictedFrame

NEVER = {"script", "link", "iframe", "object", "embed", "base", "form", "audio", "video", "source"}


@pytest.fixture(scope="module")
def small_tagger():
    keras.utils.set_random_seed(0)
    return classification.model.build(classification.model.TaggerConfig(widths=(8, 16, 16)))


@pytest.fixture
def any_tagger(monkeypatch, small_tagger):
    """A small network with random weights in place of the shipped one."""
    monkeypatch.setattr(classification.model, "load", lambda: small_tagger)


def tags(heat=None):
    """What a tagger might predict for a picture of noise."""
    noise = np.random.default_rng(0)
    return sections.tags_section(
        {"cat": 0.92, "dog": 0.05, "frog": 0.03},
        noise.integers(0, 256, (32, 32, 3), np.uint8),
        noise.integers(0, 256, (480, 480, 3), np.uint8),
        np.ones((3, 3), np.float32) if heat is None else heat,
    )


def html_of(section=None, name="cat.png"):
    """The page of a tour with one section; the first picture is its subject's."""
    subject = tours.Subject(name, name, np.zeros((40, 60, 3), np.uint8), f"The picture that was given: {name}", name)
    return tours.TourResult((subject,), (section or tags(),), 1.0).html()


def printed(section, width=60):
    """What a terminal shows of a section."""
    console = Console(width=width, file=io.StringIO())
    console.print(*terminal.render(section), sep="\n")
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("mode", "width", "height"), [("RGB", 48, 40), ("RGBA", 1, 1), ("L", 1, 3000), ("P", 3000, 1), ("RGB", 4000, 3000)]
)
@pytest.mark.usefixtures("any_tagger")
def test_pictures_of_every_size_are_tagged_and_shown_without_megabytes(mode, width, height, tmp_path):
    Image.new(mode, (width, height)).save(tmp_path / "a.png")
    found = tours.tour(tmp_path / "a.png")
    assert found.subjects[0].picture.shape == (height, width, 3)
    probabilities = found.sections[0].facts["probabilities"]
    assert set(probabilities) == set(CLASSES)
    assert sum(probabilities.values()) == pytest.approx(1, abs=1e-4)
    assert list(probabilities.values()) == sorted(probabilities.values(), reverse=True)
    shapes = [picture.shape[:2] for picture in Html(found.html()).pictures()]
    shown = min(1, 960 / max(width, height))
    assert shapes == [(max(1, height * shown), max(1, width * shown)), (32, 32), (480, 480)]


def test_a_sentence_names_the_tag_and_claims_none_that_is_more_likely_wrong_than_right():
    for name in CLASSES:
        text = f"{'an' if name in ('airplane', 'automobile') else 'a'} {name}"
        assert tours.sentence({name: 0.92, "x": 0.08}) == f"The picture most likely shows {text} (92 %)."
        assert text in tours.sentence({"x": 0.3, name: 0.2})
    unsure = tours.sentence({"cat": 0.49, "airplane": 0.31, "dog": 0.2})
    assert unsure == "The network is unsure: perhaps a cat (49 %), perhaps an airplane (31 %)."
    assert tours.sentence({"cat": 0.5, "airplane": 0.5}).startswith("The picture most likely shows a cat")


def test_no_probability_is_said_to_be_certain():
    texts = {1.0: "> 99 %", 0.996: "> 99 %", 0.994: "99 %", 0.051: "5 %", 0.006: "1 %", 0.004: "< 1 %", 0.0: "< 1 %"}
    assert {probability: percent(probability) for probability in texts} == texts


def test_the_page_needs_nothing_but_itself():
    html = html_of()
    page = Html(html)
    assert not NEVER & {tag for tag, _ in page.tags}
    assert not [attrs for _, attrs in page.tags if "href" in attrs or any(name.startswith("on") for name in attrs)]
    assert all(attrs["src"].startswith("data:image/png;base64,") for attrs in page.all("img"))
    assert [word for word in ("url(", "@import", "://") if word in html] == []
    [policy] = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy


def test_the_page_says_what_the_terminal_says_to_screen_readers_too_and_on_a_telephone():
    page = Html(html_of())
    assert page.all("html") == [{"lang": "en"}]
    assert [len(page.all(tag)) for tag in ("h1", "main", "title", "table", "caption")] == [1, 1, 1, 1, 1]
    assert len(page.all("img")) == 3
    assert all(attrs["alt"].strip() for attrs in page.all("img"))
    [viewport] = [attrs["content"] for attrs in page.all("meta") if attrs.get("name") == "viewport"]
    assert viewport.startswith("width=device-width")
    assert [attrs["scope"] for attrs in page.all("th")] == ["row"] * 3
    text = page.text.replace("\xa0", " ")
    assert "The picture most likely shows a cat (92 %)." in text
    assert "cat 92 % dog 5 % frog 3 %" in text
    assert "knows these 3 words and no others" in text
    widths = [re.search(r"width:([\d.]+)%", attrs["style"])[1] for attrs in page.all("span") if "style" in attrs]
    assert [float(width) for width in widths] == [92, 5, 3]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>.png", '"><img src=x onerror=alert(1)>.png', "&amp;.png"])
def test_a_file_name_that_looks_like_markup_is_only_text(name):
    page = Html(html_of(name=name))
    assert not page.all("script")
    assert len(page.all("img")) == 3
    assert name in page.text
    assert name in page.all("img")[0]["alt"]


def test_a_file_name_cannot_command_a_terminal_or_break_the_page(any_tagger, tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "picture.png")
    found = tours.tour((tmp_path / "picture.png").rename(tmp_path / "red\x1b[31m\udcff.png"))
    assert found.subjects[0].name == "red?[31m?.png"
    tour_page.save(found.html(), tmp_path)


@pytest.mark.parametrize(
    ("row", "column", "text"),
    [
        (0, 0, "mostly at the top left"),
        (1, 1, "mostly at the center"),
        (2, 1, "mostly at the bottom"),
        (None, None, "nowhere in particular"),
    ],
)
def test_the_overlay_says_in_words_where_the_light_is(row, column, text):
    heat = np.zeros((6, 6), np.float32)
    if row is not None:
        heat[2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = 1
    assert Html(html_of(tags(heat))).all("img")[2]["alt"].endswith(text)


def test_the_page_is_written_whole_into_a_new_folder_and_a_full_disk_leaves_the_earlier_one(tmp_path, monkeypatch):
    page = tour_page.save("earlier", tmp_path / "a" / "b")
    assert page == tmp_path / "a" / "b" / "tour.html"
    write = Path.write_text

    def half(path, text, **options):
        write(path, text[: len(text) // 2], **options)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="No space left"):
        tour_page.save("later", page.parent)
    assert page.read_text() == "earlier"
    assert list(page.parent.iterdir()) == [page]


def given(scene=SHOWN[0]):
    return SceneInput(scene)


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
    scene = given(SHOWN[1])
    drawing = scene.drawing
    found = Detections(drawing.boxes.astype("float32"), drawing.kinds, np.linspace(0.99, 0.9, len(drawing.boxes)))
    section = sections.boxes_section(scene, found)
    assert section.sentence.startswith("The drawing shows ")
    assert all(ontology.KINDS[kind] in section.sentence for kind in drawing.kinds)
    first = section.facts["boxes"][0]
    assert [first[edge] for edge in ("left", "top", "right", "bottom")] == drawing.boxes[0].tolist()
    assert first["kind"] == ontology.KINDS[drawing.kinds[0]]
    page = Html(html_of(section))
    assert [picture.shape for picture in page.pictures()[1:]] == [(448, 448, 3)] * 2
    assert all(attrs["alt"] for attrs in page.all("img"))
    assert f"{drawing.boxes[0][0]:.1f}" in printed(section)
    cat = Detections(given().drawing.boxes.astype("float32"), given().drawing.kinds, np.array([0.99]))
    assert sections.boxes_section(given(), cat).sentence == "The drawing shows a cat at the bottom."


def test_a_detector_that_finds_nothing_makes_a_page_all_the_same():
    nothing = Detections(np.zeros((0, 4), "float32"), np.zeros(0, "int32"), np.zeros(0, "float32"))
    section = sections.boxes_section(given(), nothing)
    assert (section.sentence, section.facts) == ("The network detects no object.", {"boxes": []})
    assert section.sentence in printed(section)
    assert len(Html(html_of(section)).pictures()) == 3


def test_masks_are_shares_of_the_picture_and_wrong_pixels_are_counted():
    classes, share = given().drawing.classes, np.mean(given().drawing.instances == 1)
    right = sections.masks_section(given(), classes)
    assert right.facts == {"masks": {"cat": pytest.approx(share)}, "pixels_right": 1.0}
    assert right.sentence == f"Of the drawing {percent(share)} is cat; the rest is background."
    assert "> 99 % of the pixels are assigned to what was drawn there." in Html(html_of(right)).text
    assert len(right.figures) == 2
    wrong = sections.masks_section(given(), np.zeros_like(classes))
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
PREDICTED = [
    PredictedFrame("sit", (("agent", "cat"), ("place", "floor")), 0.998, np.array([0.3, 0.45, 0.33, 0.44]), 0.14),
    PredictedFrame("run", (("agent", "dog"), ("direction", "left"), ("place", "mat")), 0.2, np.full(4, 0.1), 0.01),
]
FRAMES = sections.frames_section(given(), PREDICTED)


def test_captions_answers_and_frames_have_their_scores_and_whether_they_are_true():
    assert CAPTIONS.sentence == "A <cat> is sitting on the floor."
    [title, *_, story, _] = CAPTIONS.facts["descriptions"]
    assert title == {"what": "title", "text": "a cat", "score": 0.93, "true": True, "why_not": ""}
    assert (story["true"], story["why_not"]) == (False, "the colour of the cat is orange, not black")
    assert ANSWERS.sentence == f"What is the cat sitting on? {SITTING}"
    assert ANSWERS.facts["answers"][1] == {
        "question": "How many <b>cats</b>?",
        "answer": "Two <i>cats</i>.",
        "probability": 0.4,
        "true": False,
        "why_not": "there is one cat",
        "expected": "There is one cat.",
    }
    assert FRAMES.sentence == EXAMPLE
    first, second = FRAMES.facts["frames"]
    assert first == {
        "verb": "sit",
        "roles": {"agent": "cat", "place": "floor"},
        "sentence": EXAMPLE,
        "probability": 0.998,
        "true": True,
        "why_not": "",
    }
    assert (second["sentence"], second["true"]) == ("A dog is running to the left on the mat.", False)
    assert "run (agent: dog, direction: left, place: mat)" in FRAMES.figures[0].alt


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
        (FRAMES, (f"sit (agent: cat, place: floor) {EXAMPLE} > 99 % true", "the mat.” is false: ")),
    ],
    ids=["captions", "answers", "frames"],
)
def test_rows_can_be_read_on_the_page_by_a_screen_reader_and_in_a_narrow_terminal(section, texts):
    page = Html(html_of(section))
    assert [text for text in texts if text not in page.text] == []
    assert not page.all("cat") + page.all("b") + page.all("i")
    assert [attrs.get("scope") for attrs in page.all("th")] == ["col"] * 4 + ["row"] * len(section.rows)
    assert len(page.all("caption")) == 1
    shown = printed(section)
    words = {word for row in section.rows for word in (*row[1].split(), percent(row[2]), row[3])}
    assert [word for word in words if word not in shown] == []


def test_most_probable_captions_come_first_and_the_others_are_not_the_same(captioner_and_discriminator, monkeypatch):
    captioner, discriminator = captioner_and_discriminator
    monkeypatch.setattr(captioning.model, "load_image_encoder", lambda: captioner.image_encoder)
    monkeypatch.setattr(captioning.model, "load", lambda: captioner)
    monkeypatch.setattr(captioning.model, "load_discriminator", lambda: discriminator)
    rows = sections.captions(given()).facts["descriptions"]
    found = {row["what"]: row for row in rows}
    for length in ("title", "description", "story"):
        assert [found[length]["text"]] == captioner.caption(given().pictures, length)
        [score] = discriminator.score(given().pictures, [found[length]["text"]])
        assert found[length]["score"] == pytest.approx(float(score), abs=1e-5)
    others = [row["text"] for row in rows if row["what"] == "another"]
    assert len(set(others) - {found["description"]["text"]}) == len(others) == 4
    assert not found["another"]["true"]
    assert [rows[-1][key] for key in ("what", "text", "true")] == ["the course's own", EXAMPLE, True]
    assert EXAMPLE not in [row["text"] for row in sections.captions(given(SHOWN[1])).facts["descriptions"]]


def test_scenes_are_asked_the_same_each_time_and_the_course_s_own_what_the_course_asks(qgnet_parts, monkeypatch):
    network = vqa.model.QGNet(*qgnet_parts)
    monkeypatch.setattr(captioning.model, "load_image_encoder", lambda: network.image_encoder)
    monkeypatch.setattr(vqa.model, "load", lambda: network)
    for scene in map(given, SHOWN):
        rows = sections.answers(scene).facts["answers"]
        assert sections.answers(scene).facts["answers"] == rows
        known = {question.question: question for question in language.all_questions(scene.scene)}
        assert len({known[row["question"]].kind for row in rows}) == len(rows) >= 3
        assert [row["expected"] for row in rows] == [known[row["question"]].answer for row in rows]
        answers = network.answer(np.repeat(scene.pictures, len(rows), axis=0), [row["question"] for row in rows])
        assert [row["answer"] for row in rows] == [answer.text for answer in answers]
        probabilities = [answer.probability for answer in answers]
        assert [row["probability"] for row in rows] == pytest.approx(probabilities, rel=1e-3)
        assert [row["true"] for row in rows] == [bool(language.evaluate(row["answer"], scene.scene)) for row in rows]
    first, *others = sections.answers(given()).facts["answers"]
    assert (first["question"], first["expected"], len(others)) == ("What is the cat sitting on?", SITTING, 4)


def test_the_frames_of_a_scene_are_the_network_s(monkeypatch):
    class Network:
        def generate(self, pictures, features):
            assert pictures.shape == (1, 64, 64, 3)
            return "slots"

        def frames_of_features(self, features, slots):
            assert (features, slots) == ("features", "slots")
            return [PREDICTED]

    monkeypatch.setattr(srl.model, "load", Network)
    monkeypatch.setattr(captioning.model, "load_image_encoder", lambda: None)
    monkeypatch.setattr(captioning.model, "encode_images", lambda *arguments: "features")
    assert sections.frames(given()).facts == FRAMES.facts


def test_words_are_listed_as_in_a_sentence():
    assert [listed(["a", "b", "c"][:count]) for count in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_a_tour_is_of_one_thing_and_says_that_weights_are_missing_before_tensorflow_is_needed(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="not of both"):
        tours.tour(tmp_path / "a.png", scene=SHOWN[0])
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
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
    assert all(language.evaluate(text, SHOWN[0]) for text in captions[:3])
    assert captions[-1] == EXAMPLE
    assert answered.sentence == f"What is the cat sitting on? {SITTING}"
    assert all(row["answer"] == row["expected"] for row in facts["answers"])
    assert acts.sentence == EXAMPLE
    frames = [(frame["verb"], frame["roles"]) for frame in facts["frames"]]
    assert frames == [("sit", {"agent": "cat", "place": "floor"})]
    assert [subject.picture.shape for subject in found.subjects] == [(300, 451, 3), (480, 480, 3)]
    page = Html(found.html())
    assert "Chelsea the cat" in page.text
    assert found.subjects[1].name in page.text
    assert language.evaluate(found.subjects[1].name, SHOWN[0])
    assert len(page.pictures()) == 9
