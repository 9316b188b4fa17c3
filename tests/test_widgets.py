"""Interactive parts: played without a browser, and whole as stills."""

import base64
import io
from html.parser import HTMLParser

import ipywidgets
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from vistext import overlays, plots, scenes, widgets
from vistext.data.cifar10 import CLASSES
from vistext.data.words import Vocabulary, tokenize
from vistext.decoding import draw_z
from vistext.engine import keras
from vistext.models import describer, detector, gan, language_model, qgnet, tagger
from vistext.models.writing import Writing
from vistext.scenes import language

GREY = np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)
START = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)


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


def test_a_playable_is_live_where_a_kernel_runs_and_a_still_picture_elsewhere():
    still = plots.Picture(b"a png", "a cat & a dog")
    widget = ipywidgets.IntSlider()
    bundle = widgets.Playable(widget, still, len)._repr_mimebundle_()
    assert bundle.keys() == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert bundle["text/html"] == still._repr_html_()
    assert bundle["text/plain"] == "[Picture: a cat & a dog]"


@pytest.fixture(scope="module")
def explorer():
    return widgets.kernel_explorer(GREY)


def shown(explorer):
    """The picture on the right, by its own pixels: enlarged, so each of them is taken once."""
    after = Html(parts(explorer, ipywidgets.HTML)[1].value).picture()
    factor = after.shape[0] // (GREY.shape[0] - 2)
    assert factor > 1
    return after[::factor, ::factor]


def by_scipy(kernel):
    """`ndimage` knows no mode "valid", so its border is cut off."""
    answer = ndimage.correlate(GREY.astype(float), np.array(kernel, float))[1:-1, 1:-1]
    return answer / 2 + 128 if abs(np.sum(kernel)) < 1e-9 else answer


@pytest.mark.parametrize("name", widgets.KERNELS)
def test_the_explorer_s_answer_is_scipy_s(explorer, name):
    kernel = widgets.KERNELS[name]
    answer = explorer.answer(np.array(kernel))
    assert (answer.shape, answer.dtype) == ((18, 28), np.uint8)
    assert np.abs(answer - np.clip(by_scipy(kernel), 0, 255)).max() <= 0.5 + 1e-9


def test_the_explorer_s_answer_is_what_pencil_and_paper_give():
    ramp = np.array([[0, 0, 36, 36], [0, 0, 36, 36], [0, 0, 36, 64]])
    answer = widgets.kernel_explorer(ramp).answer
    assert answer(np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])).tolist() == [[0, 36]]
    assert answer(np.array([[0, 0, 0], [0, 9, 0], [0, 0, 0]])).tolist() == [[0, 255]]  # 324 is more than white
    assert answer(np.full((3, 3), 1 / 9)).tolist() == [[12, 27]]  # 108 / 9 and 244 / 9
    assert answer(np.array([[-1, 0, 1]] * 3)).tolist() == [[182, 196]]  # 128 and half of 108 and of 136


def test_a_kernel_whose_numbers_cancel_shows_no_change_as_mid_grey():
    even = widgets.kernel_explorer(np.full((5, 5), 200))
    for kernel in ([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], [[0.1, 0, 0], [0, 0.2, 0], [0, 0, -0.3]]):
        assert np.unique(even.answer(np.array(kernel))).tolist() == [128]


def test_the_explorer_begins_with_upright_edges_and_shows_before_and_after(explorer):
    (known,) = parts(explorer, ipywidgets.Dropdown)
    before, _ = (Html(part.value).picture() for part in parts(explorer, ipywidgets.HTML))
    factor = before.shape[0] // GREY.shape[0]
    assert np.array_equal(before[::factor, ::factor], GREY)
    assert np.array_equal(shown(explorer), explorer.answer(np.array(widgets.KERNELS[known.value])))
    numbers = [number.value for number in parts(explorer, ipywidgets.FloatText)]
    assert numbers == [-1, 0, 1, -2, 0, 2, -1, 0, 1]


def test_every_change_is_shown_at_once():
    explorer = widgets.kernel_explorer(GREY)
    (known,) = parts(explorer, ipywidgets.Dropdown)
    numbers = parts(explorer, ipywidgets.FloatText)
    for name, kernel in widgets.KERNELS.items():
        known.value = name
        assert [number.value for number in numbers] == np.ravel(kernel).tolist()
        assert np.array_equal(shown(explorer), explorer.answer(np.array(kernel)))
    before = shown(explorer)
    numbers[4].value = 2.5
    changed = np.array(kernel, float)
    changed[1, 1] = 2.5
    assert np.array_equal(shown(explorer), explorer.answer(changed))
    assert not np.array_equal(shown(explorer), before)


def test_choosing_a_kernel_draws_once_and_not_for_each_of_its_numbers():
    explorer = widgets.kernel_explorer(GREY)
    after = parts(explorer, ipywidgets.HTML)[1]
    drawn = []
    after.observe(drawn.append, names="value")
    parts(explorer, ipywidgets.Dropdown)[0].value = "blur"
    assert len(drawn) == 1


def test_each_field_says_where_in_the_kernel_it_stands(explorer):
    states = [number.get_state() for number in parts(explorer, ipywidgets.FloatText)]
    tips = [state["tooltip" if "tooltip" in state else "description_tooltip"] for state in states]
    assert tips == [f"row {row}, column {column} of the kernel" for row in (1, 2, 3) for column in (1, 2, 3)]


@pytest.mark.parametrize("shape", [(3, 3), (3, 400), (400, 3), (300, 300)])
def test_pictures_of_any_shape_can_be_explored(shape):
    explorer = widgets.kernel_explorer(np.zeros(shape, np.uint8))
    assert explorer.answer(np.ones((3, 3))).shape == (shape[0] - 2, shape[1] - 2)
    assert Image.open(io.BytesIO(explorer.still.png)).size[0] < 2000


@pytest.fixture(scope="module")
def model():
    """A small tagger with random weights."""
    keras.utils.set_random_seed(0)
    return tagger.build(tagger.TaggerConfig(widths=(4, 8, 8)))


@pytest.fixture
def chooser(model):
    return widgets.your_picture(model, START)


def picture_file():
    file = io.BytesIO()
    Image.fromarray(START[::-1]).save(file, "PNG")
    file.seek(0)
    return file


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


def test_a_good_picture_is_answered_with_what_the_network_saw_and_says(chooser, model):
    html = chooser.answer(picture_file())
    expected = tagger.tag(model, START[::-1])
    assert tags_in(html) == pytest.approx(expected, abs=5e-4)
    assert list(tags_in(html)) == list(expected)
    words = " ".join(Html(html).words)
    assert all(name in words for name in CLASSES)
    assert f"{next(iter(expected.values())):.0%}" in words
    factor = Html(html).picture().shape[0] // 32
    seen = np.asarray(Image.fromarray(START[::-1, 10:50]).resize((32, 32), Image.Resampling.LANCZOS))
    assert np.array_equal(Html(html).picture()[::factor, ::factor], seen)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"no picture, <b>but</b> text", "is not a picture"), (b"", "zero bytes"), (b"\x89PNG\r\n\x1a\n", "cut short")],
)
def test_what_is_not_a_picture_is_answered_with_one_line(chooser, content, said):
    html = chooser.answer(io.BytesIO(content))
    page = Html(html)
    assert [tag for tag, _ in page.tags] == ["p"]
    assert said in "".join(page.words)
    assert "\n" not in html


def test_before_a_choice_the_starting_picture_is_answered_and_drawn_as_a_still(chooser, model):
    (result,) = parts(chooser, ipywidgets.HTML)
    expected = tagger.tag(model, START)
    assert tags_in(result.value) == pytest.approx(expected, abs=5e-4)
    assert f"{next(iter(expected))} first" in chooser.still.alt


def test_a_choice_is_shown(chooser):
    (button,) = parts(chooser, ipywidgets.FileUpload)
    (result,) = parts(chooser, ipywidgets.HTML)
    content = picture_file().getvalue()
    # As a browser would send it: ipywidgets 8 reads a list of files, ipywidgets 7 a dict of them by name.
    if isinstance(button.value, dict):
        file = {"name": "mine.png", "type": "image/png", "size": len(content), "lastModified": 0}
        button.set_trait("value", {"mine.png": {"metadata": file, "content": content}})
    else:
        file = {"name": "mine.png", "type": "image/png", "size": len(content), "last_modified": 0}
        button.set_state({"value": [file | {"content": memoryview(content)}]})
    assert result.value == chooser.answer(io.BytesIO(content))

    shown = result.value
    button.set_trait("value", type(button.value)())
    assert result.value == shown


@pytest.mark.parametrize(
    "value",
    [
        ({"name": "a.png", "content": memoryview(b"first")}, {"name": "b.png", "content": memoryview(b"last")}),
        [{"name": "b.png", "content": b"last"}],
        {"a.png": {"metadata": {}, "content": b"first"}, "b.png": {"metadata": {}, "content": b"last"}},
    ],
    ids=["ipywidgets 8", "a list", "ipywidgets 7"],
)
def test_the_last_file_is_taken_from_either_form_of_an_upload(value):
    content = widgets._content(value)
    assert (content, type(content)) == (b"last", bytes)


@pytest.mark.parametrize("value", [(), [], {}])
def test_an_upload_that_was_taken_back_holds_nothing(value):
    assert widgets._content(value) is None


@pytest.fixture(scope="module")
def drawings():
    return scenes.draw_many(scenes.sample(3, 5, "test"))


@pytest.fixture
def searched(monkeypatch, drawings):
    """Thresholds over a detector whose cells all tell of one true box of the first thing, with scores from 0 to 1."""
    scores = np.zeros((1, 256, 10), "float32")

    def candidates(model, pictures):
        number = next(i for i in range(3) if np.array_equal(drawings.pictures[i], pictures[0]))
        boxes = np.tile(drawings.boxes[number][0].astype("float32"), (1, 256, 1))
        scores[..., drawings.kinds[number][0]] = np.linspace(0, 0.99, 256)
        return boxes, scores

    monkeypatch.setattr(detector, "candidates", candidates)
    return widgets.thresholds(None, drawings)


def told(html):
    return "".join(Html(html).words)


def test_moving_a_threshold_changes_what_is_shown(searched, drawings):
    scene, score, overlap = parts(searched, (ipywidgets.IntSlider, ipywidgets.FloatSlider))
    (result,) = parts(searched, ipywidgets.HTML)
    assert len(drawings[scene.value - 1].boxes) == max(len(drawings[number].boxes) for number in range(3))
    scene.value = 1
    others = len(drawings[0].boxes) - 1
    assert told(result.value) == f"{others + 1} drawn, {others} missed, 0 shown that are not there"
    score.value = 1.0
    assert told(result.value) == f"{others + 1} drawn, {others + 1} missed, 0 shown that are not there"
    score.value, overlap.value = 0.99, 1.0
    assert told(result.value) == f"{others + 1} drawn, {others} missed, 0 shown that are not there"
    score.value = 0.5
    assert "0 shown" not in told(result.value)
    scene.value = 3
    assert told(result.value).startswith(f"{len(drawings[2].boxes)} drawn")


def test_the_picture_has_the_boxes_and_a_description_that_says_what_is_told(searched, drawings):
    page = Html(searched.answer(1, 0.4, 0.6))
    assert page.picture().shape == (384, 384, 3)
    assert "missed" in page.all("img")[0]["alt"]
    assert not np.array_equal(page.picture(), np.repeat(np.repeat(drawings.pictures[0], 6, axis=0), 6, axis=1))


def test_a_slider_goes_no_further_than_there_are_scenes(searched):
    assert parts(searched, ipywidgets.IntSlider)[0].max == 3


WORDS = Vocabulary.build(["A cat is here.", "A dog sits <there>."])


@pytest.fixture(scope="module")
def writer():
    """A language model that has learned nothing."""
    keras.utils.set_random_seed(0)
    return language_model.build(language_model.LanguageModelConfig(len(WORDS), embedding=4, units=4))


@pytest.fixture
def sampler(writer):
    return widgets.sentence_sampler(writer, WORDS, lambda text: "cat" in text)


def test_the_sampler_shows_the_likeliest_next_words_and_six_judged_sentences(sampler, writer):
    html = sampler.answer(2.0, "A dog", 3)
    likely = language_model.next_words(writer, WORDS, "A dog", temperature=2.0)
    assert tags_in(html) == pytest.approx(dict(list(likely.items())[:8]), abs=5e-4)
    drawn = language_model.sample(writer, WORDS, 6, beginning="A dog", temperature=2.0, seed=3)
    listed = [words for words in Html(html).words if words[0] in "✓✗"]
    assert listed == [f"{'✓' if 'cat' in text else '✗'} {text}" for text in drawn]


def test_the_sampler_shows_marks_as_text_and_names_words_that_it_does_not_know(sampler):
    page = Html(sampler.answer(1.0, "A <b>zebra</b>", 0))
    assert not page.all("b")
    assert any("not in the vocabulary" in words and "zebra" in words for words in page.words)
    assert not any("not in the vocabulary" in words for words in Html(sampler.answer(1.0, "a cat", 0)).words)


def test_turning_the_temperature_typing_and_the_button_each_draw_anew(sampler):
    (slider,) = parts(sampler, ipywidgets.FloatSlider)
    (field,) = parts(sampler, ipywidgets.Text)
    (button,) = parts(sampler, ipywidgets.Button)
    (result,) = parts(sampler, ipywidgets.HTML)
    shown = [result.value]
    slider.value = 3.0
    shown.append(result.value)
    field.value = "A dog"
    shown.append(result.value)
    button.click()
    shown.append(result.value)
    assert len(set(shown)) == 4
    assert tags_in(shown[3]) == tags_in(shown[2]) != tags_in(shown[1])
    assert "three temperatures" in sampler.still.alt


def test_a_film_shows_the_frame_that_is_chosen_and_a_still_strip():
    frames = [np.full((32, 32, 3), 20 * number, np.uint8) for number in range(12)]
    film = widgets.film(frames, [f"step {number} < 12" for number in range(12)], alt="Ever lighter squares", most=5)
    (slider,) = parts(film, ipywidgets.IntSlider)
    (result,) = parts(film, ipywidgets.HTML)
    assert (slider.min, slider.max) == (0, 11)
    slider.value = 7
    assert result.value == film.answer(7)
    assert (Html(result.value).picture() == 140).all()
    assert "step 7 < 12" in "".join(Html(result.value).words)
    assert film.still.alt == "Ever lighter squares"


@pytest.fixture(scope="module")
def inventor():
    keras.utils.set_random_seed(0)
    return gan.build_generator(gan.GanConfig(noise=6, width=4, classes=3))


def test_a_walk_through_z_shows_what_is_invented_on_the_way(inventor):
    walk = widgets.walk_through_z(inventor, ["cat", "dog", "ship"])
    (kind,) = parts(walk, ipywidgets.Dropdown)
    (share,) = parts(walk, ipywidgets.FloatSlider)
    (result,) = parts(walk, ipywidgets.HTML)
    assert result.value == walk.answer("cat", 1, 2, 0)
    share.value, kind.value = 1.0, "dog"
    assert result.value == walk.answer("dog", 1, 2, 1.0)
    picture = Html(result.value).picture()
    expected = gan.invent(inventor, [1], noise=gan.draw_noise(1, 6, 2))[0]
    assert np.abs(picture[::8, ::8].astype(int) - expected).max() <= 1
    assert walk.answer("dog", 1, 2, 0.5) not in {walk.answer("dog", 1, 2, 0), walk.answer("dog", 1, 2, 1)}
    assert "cat, dog, ship" in walk.still.alt


SHOWN = [scenes.course_scene(), *scenes.sample(2, 5, "test")]


@pytest.fixture(scope="module")
def speaker():
    """A describer with random weights, and a judge that has opinions, whatever they are worth."""
    words = Vocabulary.build(["a cat is on the floor.", "the dog is small, and it runs."])
    config = describer.DescriberConfig(len(words), widths=(4, 4, 6, 4), depth=1, width=8, heads=2, blocks=1)
    random = np.random.default_rng(0)
    eye, writer, judge = (
        build(config) for build in (describer.build_eye, describer.build_writer, describer.build_judge)
    )
    for weight in (weight for network in (eye, writer, judge) for weight in network.trainable_variables):
        weight.assign(random.normal(scale=0.5, size=weight.shape))
    return describer.Describer(eye, Writing(writer), words), describer.Judge(eye, judge, words)


@pytest.fixture(scope="module")
def by_z(speaker):
    return widgets.describe_by_z(*speaker, SHOWN)


@pytest.fixture(scope="module")
def by_judge(speaker):
    return widgets.best_of_n(*speaker, SHOWN)


def pictures_of(number):
    return scenes.draw_many([SHOWN[number]]).pictures


def test_a_sentence_is_the_one_of_its_z_with_the_judge_s_score_and_the_truth(by_z, speaker):
    describes, judge = speaker
    page = Html(by_z.answer(2, "title", 0.7, 4))
    z = 0.7 * draw_z(1, describer.MOST["title"], 4)
    [text] = describes.describe(pictures_of(1), "title", z=z.astype("float32"))
    said = " ".join("".join(page.words).split())
    assert said.startswith(text)
    assert f"The judge: {judge.score(pictures_of(1), [text])[0]:.0%}" in said
    assert language.holds(text, SHOWN[1]).why in said
    assert "✗ not true" in said
    assert np.array_equal(page.picture()[::4, ::4], pictures_of(1)[0])


def test_each_word_says_how_much_it_adds_to_the_score(by_z, speaker):
    describes, judge = speaker
    page = Html(by_z.answer(1, "title", 0.0, 0))
    text = describes.describe(pictures_of(0), "title")
    [evidence] = judge.evidence(pictures_of(0), text)
    marked = [attrs for attrs in page.all("span") if "title" in attrs]
    assert [float(attrs["title"]) for attrs in marked] == pytest.approx([value for _, value in evidence], abs=0.006)
    for attrs, (_, value) in zip(marked, evidence, strict=True):
        assert ("213, 94, 0" in attrs["style"]) == (value <= 0)
        assert ("wavy" in attrs["style"]) == (value < -0.5)


def test_words_are_marked_where_they_stand_and_only_text():
    said = widgets._Said("Two <b> cats, small.", [("two", 1.0)] * 7 + [("<end>", -2.0)], 0.5, "")
    page = Html(widgets._weighed(said))
    assert "".join(page.words) == "Two <b> cats, small. ■"
    assert not page.all("b")
    assert len([attrs for attrs in page.all("span") if "title" in attrs]) == 9


def test_keeping_the_picture_and_moving_z_says_something_else(by_z):
    scene, seed = parts(by_z, (ipywidgets.IntSlider, ipywidgets.BoundedIntText))
    (surprise,) = parts(by_z, ipywidgets.FloatSlider)
    (length,) = parts(by_z, ipywidgets.Dropdown)
    (button,) = parts(by_z, ipywidgets.Button)
    (result,) = parts(by_z, ipywidgets.HTML)
    assert result.value == by_z.answer(1, "description", surprise.value, seed.value)
    length.value = "title"
    shown = [result.value]
    button.click()
    shown.append(result.value)
    assert result.value == by_z.answer(1, "title", surprise.value, 2)
    surprise.value = 0.0
    shown.append(result.value)
    assert len(set(shown)) == 3
    button.click()
    assert result.value == shown[2]  # the likeliest words, whatever z
    scene.value = 3
    assert result.value == by_z.answer(3, "title", 0.0, 3) != shown[2]
    assert scene.max == 3
    seed.value = seed.max
    button.click()
    assert seed.value == 0


def test_the_judge_chooses_the_best_of_what_is_drawn(by_judge, speaker):
    describes, judge = speaker
    page = Html(by_judge.answer(3, "title", 1.0, 2, 6))
    texts = describes.draw(pictures_of(2), 6, "title", seed=2)[0]
    scores = judge.score(pictures_of(2).repeat(6, axis=0), texts)
    rows = [attrs for attrs in page.all("tr") if "style" in attrs]
    assert [words for words in page.words if words in texts] == texts
    assert [float(attrs["value"]) for attrs in page.all("meter")] == pytest.approx(list(scores), abs=2e-3)
    assert ["bold" in attrs["style"] for attrs in rows] == [number == scores.argmax() for number in range(6)]
    assert sum("judge’s choice" in words and "◀" in words for words in page.words) == 1
    assert "0 of 6 are true, and the judge’s choice is not one of them." in page.words
    assert all(attrs["aria-label"] for attrs in page.all("meter"))
    assert [attrs["scope"] for attrs in page.all("th")] == ["col"] * 4


def test_what_is_drawn_follows_every_control(by_judge):
    scene, seed, count = parts(by_judge, (ipywidgets.IntSlider, ipywidgets.BoundedIntText))
    (surprise,) = parts(by_judge, ipywidgets.FloatSlider)
    (length,) = parts(by_judge, ipywidgets.Dropdown)
    (button,) = parts(by_judge, ipywidgets.Button)
    (result,) = parts(by_judge, ipywidgets.HTML)
    length.value, scene.value, count.value, surprise.value = "title", 2, 3, 0.5
    button.click()
    assert result.value == by_judge.answer(2, "title", 0.5, 2, 3)
    assert len(Html(result.value).all("meter")) == 3
    assert seed.value == 2


def test_what_is_said_is_a_still_picture_too_and_every_control_has_a_name(by_z, by_judge):
    for playable, words in ((by_z, "seven sentences"), (by_judge, "five sentences")):
        assert words in playable.still.alt
        assert Image.open(io.BytesIO(playable.still.png)).size[0] > 600
        controls = parts(playable, (ipywidgets.IntSlider, ipywidgets.FloatSlider, ipywidgets.Dropdown))
        assert all(control.description for control in [*controls, *parts(playable, ipywidgets.Button)])


SITTING = "What is the cat sitting on?"


@pytest.fixture(scope="module")
def networks():
    """What an answering and an asking network are made of, with random weights; they know all words of the scenes."""
    asked = [one for scene in SHOWN for one in language.questions(scene)]
    words = Vocabulary.build(text for one in asked for text in (one.question, one.answer, one.short))
    config = qgnet.QGNetConfig(len(words), widths=(4, 4, 6, 4), depth=1, width=8, heads=2, reading=1, writing=1)
    random = np.random.default_rng(2)
    eye, encoder, decoder = (build(config) for build in (describer.build_eye, qgnet.build_encoder, qgnet.build_decoder))
    for weight in (weight for network in (eye, encoder, decoder) for weight in network.trainable_variables):
        weight.assign(random.normal(scale=0.5, size=weight.shape))
    return eye, encoder, Writing(decoder), words


@pytest.fixture(scope="module")
def asking(networks):
    return widgets.ask(qgnet.QGNet(*networks), SHOWN)


class Knowing:
    """A network that says what it was told to, each word of which comes from a cell of its own."""

    def __init__(self, text):
        words = tuple(tokenize(text))
        self.said = qgnet.Answer(text, 0.75, words, np.eye(64, dtype="float32")[: len(words)].reshape(-1, 8, 8))

    def answer(self, pictures, questions):
        return [self.said] * len(questions)


def test_an_answer_is_the_network_s_with_its_probability_and_whether_it_is_true(asking, networks):
    page = Html(asking.answer(2, "Is there a red car?"))
    [said] = qgnet.QGNet(*networks).answer(pictures_of(1), ["Is there a red car?"])
    assert (said.text or "… nothing") in page.words
    assert f"✗ not true: {language.holds(said.text, SHOWN[1]).why}" in page.words
    assert "Expected was: No, there is no red car." in page.words
    [meter] = page.all("meter")
    assert float(meter["value"]) == pytest.approx(said.probability, abs=6e-4)
    assert meter["aria-label"] == "probability of the answer"
    assert [attrs["role"] for attrs in page.all("div") if "role" in attrs] == ["status"]


def test_a_true_answer_is_ticked_and_its_words_are_shown_where_they_come_from():
    network = Knowing("The cat is sitting on the floor.")
    page = Html(widgets.ask(network, SHOWN).answer(1, SITTING))
    assert "✓ true" in page.words
    assert not any("Expected" in words for words in page.words)
    _, *small = page.all("img")
    assert [attrs["alt"].split(":")[0] for attrs in small] == ["the", "cat", "is", "sitting", "on", "the", "floor"]
    assert small[0]["alt"] == "the: mostly at the top left"
    source = small[3]["src"].removeprefix("data:image/png;base64,")
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(source))))
    assert np.array_equal(shown, overlays.lit(pictures_of(0)[0], network.said.maps[3], 128))
    assert [words for words in page.words if words == "floor"] == ["floor"]


def test_a_true_answer_to_something_else_stands_beside_what_was_expected():
    page = Html(widgets.ask(Knowing("The cat is orange."), SHOWN).answer(1, "what is the CAT sitting on ?"))
    assert "✓ true" in page.words
    assert "Expected was: The cat is sitting on the floor." in page.words


def test_what_a_network_says_is_only_text():
    page = Html(widgets.ask(Knowing("<script>a</script> & <b>"), SHOWN).answer(1, SITTING))
    assert not page.all("script") + page.all("b")
    assert "<script>a</script> & <b>" in page.words


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("", "There is no question yet."),
        (" \n\t", "There is no question yet."),
        ("?!", "There is no question yet."),
        ("what " * 500, "500 words and marks are too many"),
        ("What is the zebra doing?", "I never learned “zebra”"),
        ("这只猫坐在什么上面？", "I never learned “这只猫坐在什么上面”"),
        ("What is the 🐱 doing?", "I never learned “🐱”"),
        ("<img src=x onerror=alert(1)> the cat?", "I never learned “<”"),
        ("What is \x00 the cat?", "I never learned"),
    ],
)
def test_what_cannot_be_read_is_answered_with_a_friendly_line(asking, question, said):
    page = Html(asking.answer(1, question))
    [line] = page.all("p")
    assert line["role"] == "status"
    assert any(words.startswith(said) for words in page.words)
    assert page.picture().shape == (256, 256, 3)
    assert not page.all("meter")


def test_typing_clicking_and_another_scene_each_ask(asking):
    [scene], [field] = parts(asking, ipywidgets.IntSlider), parts(asking, ipywidgets.Text)
    [result], buttons = parts(asking, ipywidgets.HTML), parts(asking, ipywidgets.Button)
    assert field.value == SITTING
    assert field.placeholder.endswith(SITTING)
    assert result.value == asking.answer(1, SITTING)
    field.value = "Is there a zebra?"
    assert result.value == asking.answer(1, "Is there a zebra?")
    buttons[1].click()
    assert field.value == buttons[1].description != "Is there a zebra?"
    assert result.value == asking.answer(1, field.value)
    scene.value = 3
    assert result.value == asking.answer(3, field.value)
    suggested = [button.description for button in buttons if button.layout.display != "none"]
    kinds = {one.question: one.kind for one in language.questions(SHOWN[2])}
    assert len(suggested) == 4
    assert len({kinds[question] for question in suggested}) >= 3


def test_asking_is_a_still_picture_too_and_every_control_has_a_name(asking):
    assert "dark but for where the word comes from" in asking.still.alt
    assert Image.open(io.BytesIO(asking.still.png)).size[0] > 600
    controls = parts(asking, (ipywidgets.IntSlider, ipywidgets.Text, ipywidgets.Button))
    assert all(control.description for control in controls)


@pytest.fixture
def played():
    return widgets.quiz(None, SHOWN, seed=4)


def state(quiz):
    """What is asked, the answers that can be clicked, and what has been told."""
    _, question, told = parts(quiz, ipywidgets.HTML)
    *buttons, further = parts(quiz, ipywidgets.Button)
    asked = Html(question.value).words[0].split(". ", 1)[1]
    return asked, [each for each in buttons if each.layout.display != "none"], told.value, further


def known(question):
    """The question of the drawn world, and its scene, by its words; the first of them, if scenes have it in common."""
    return [(one, scene) for scene in SHOWN for one in language.questions(scene) if one.question == question]


def test_who_answers_is_told_whether_that_is_right_and_why_and_the_score_is_kept(played):
    score = []
    for wrong in (False, True, True, False):
        asked, buttons, told, further = state(played)
        assert told.endswith(f"{sum(score)} of {len(score)} right</p>") if score else told == ""
        rights = {one.short: one.answer for one, _ in known(asked)}
        right = [button for button in buttons if button.button_style == "" and button.description in rights]
        chosen = next(button for button in buttons if (button not in right) == wrong)
        chosen.click()
        score.append(not wrong)
        words = " ".join(Html(state(played)[2]).words)
        assert words.startswith("✗ Not" if wrong else "✓ Right.") or len(rights) > 1
        assert any(answer in words for answer in rights.values())
        assert 'role="status"' in state(played)[2]
        further.click()


def test_a_question_counts_once_and_may_be_left_out(played):
    _, buttons, _, further = state(played)
    buttons[0].click()
    told = state(played)[2]
    assert "of 1 right" in told
    assert all(button.disabled for button in buttons)
    assert sum(button.button_style == "success" for button in buttons) == 1
    buttons[1].click()
    assert state(played)[2] == told
    further.click()
    assert not any(button.disabled or button.button_style for button in state(played)[1])
    further.click()
    state(played)[1][0].click()
    assert "of 2 right" in state(played)[2]


def asked_in(quiz, count=8):
    asked = []
    for _ in range(count):
        question, buttons, _, further = state(quiz)
        asked.append((question, *(button.description for button in buttons)))
        further.click()
    return asked


def test_the_seed_decides_on_questions_and_on_the_order_of_answers():
    assert asked_in(widgets.quiz(None, SHOWN, seed=1)) == asked_in(widgets.quiz(None, SHOWN, seed=1))
    assert asked_in(widgets.quiz(None, SHOWN, seed=1)) != asked_in(widgets.quiz(None, SHOWN, seed=2))


@pytest.mark.parametrize("seed", range(3))
def test_all_questions_of_the_drawn_world_have_two_to_four_answers_of_one_sort_and_one_of_them_is_right(seed):
    seen = scenes.sample(60, seed, "test")
    answers, rng = widgets._known_answers(seen), np.random.default_rng(seed)
    for scene in seen:
        for one in language.questions(scene):
            options = widgets._options(one, scene, answers, rng)
            assert len(set(options)) == len(options)
            assert 2 <= len(options) <= 4
            assert one.short in options
            assert len({option.startswith("the ") for option in options}) == 1
            if one.kind == "compare" and "yes" not in options:
                assert all(option in one.question.lower() for option in options if option != "as many")
            if one.kind in ("what", "where", "which colour", "who is left of"):
                others = [one.answer.replace(one.short, option) for option in options if option != one.short]
                assert not any(language.holds(text, scene) for text in others)


class Asking:
    """A network that asks what it was told to ask, and remembers for which answers."""

    def __init__(self, *questions):
        self.questions, self.told = questions, []

    def ask(self, pictures, answers, *, seed):
        self.told.append((len(pictures), tuple(answers), seed))
        return [self.questions[number % len(self.questions)] for number in range(len(answers))]


def test_only_those_of_a_network_s_questions_come_up_whose_answer_is_known():
    everything = [one.question for one in language.questions(SHOWN[0])]
    network = Asking("What is the meaning of life?", "What", *everything)
    quiz = widgets.quiz(network, SHOWN[:1], seed=0)
    for question, *options in asked_in(quiz):
        assert known(question)[0][0].short in options
    shorts = {one.short for one in language.questions(SHOWN[0])}
    assert all(count == len(answers) and set(answers) <= shorts for count, answers, _ in network.told)


def test_a_network_s_question_is_asked_when_its_answer_is_the_one_that_was_wanted():
    class Right:
        def ask(self, pictures, answers, *, seed):
            asked = {one.short: one.question for one in reversed(language.questions(SHOWN[0]))}
            return ["Where?", *(asked[answer] for answer in answers[1:])]

    quiz = widgets.quiz(Right(), SHOWN[:1], seed=0)
    for _ in range(4):
        _, question, _ = parts(quiz, ipywidgets.HTML)
        assert Html(question.value).words[-1] == "Asked by the network."
        state(quiz)[3].click()


def test_a_network_that_asks_nonsense_leaves_the_questions_to_the_rules(networks):
    for asker in (qgnet.Asker(*networks), Asking(SITTING.lower(), "<b>")):
        quiz = widgets.quiz(asker, SHOWN[:1], seed=0)
        _, question, _ = parts(quiz, ipywidgets.HTML)
        assert Html(question.value).words[-1] == "Asked by the rules."
        assert known(state(quiz)[0])


def test_the_quiz_can_be_played_without_a_browser_and_is_a_still_picture_too(played):
    asked, buttons, *_ = state(played)
    rights = {one.short for one, _ in known(asked)}
    told = {button.description: Html(played.answer(1, button.description)).words[0] for button in buttons}
    assert sum(words.startswith("✓ Right.") for words in told.values()) == 1
    assert all(option in rights for option, words in told.items() if words.startswith("✓"))
    assert "&lt;b&gt;" in played.answer(1, "<b>")
    assert "the right one" in played.still.alt
    assert Image.open(io.BytesIO(played.still.png)).size[0] > 600
    assert all(button.description for button in buttons)
