"""A convolution to turn, and a picture of one's own."""

import io

import ipywidgets
import numpy as np
import pytest
from parsed import Html, parts
from PIL import Image
from scipy import ndimage

from vistext.data.cifar10 import CLASSES
from vistext.display import widgets
from vistext.nn.engine import keras
from vistext.tasks import classification

GREY = np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)
START = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)


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


def test_a_kernel_whose_numbers_cancel_shows_no_change_as_mid_grey_even_in_the_smallest_picture():
    assert widgets.kernel_explorer(np.zeros((3, 3), np.uint8)).answer(np.ones((3, 3))).shape == (1, 1)
    even = widgets.kernel_explorer(np.full((5, 5), 200))
    for kernel in ([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], [[0.1, 0, 0], [0, 0.2, 0], [0, 0, -0.3]]):
        assert np.unique(even.answer(np.array(kernel))).tolist() == [128]


def test_the_explorer_begins_with_upright_edges_and_shows_before_and_after(explorer):
    (known,) = parts(explorer, ipywidgets.Dropdown)
    before, _ = (Html(part.value).picture() for part in parts(explorer, ipywidgets.HTML))
    factor = before.shape[0] // GREY.shape[0]
    assert np.array_equal(before[::factor, ::factor], GREY)
    assert np.array_equal(shown(explorer), explorer.answer(np.array(widgets.KERNELS[known.value])))
    numbers = parts(explorer, ipywidgets.FloatText)
    assert [number.value for number in numbers] == [-1, 0, 1, -2, 0, 2, -1, 0, 1]
    states = [number.get_state() for number in numbers]
    tips = [state["tooltip" if "tooltip" in state else "description_tooltip"] for state in states]
    assert tips == [f"row {row}, column {column} of the kernel" for row in (1, 2, 3) for column in (1, 2, 3)]


def test_every_change_is_shown_at_once_and_once():
    explorer = widgets.kernel_explorer(GREY)
    (known,) = parts(explorer, ipywidgets.Dropdown)
    numbers, after, drawn = parts(explorer, ipywidgets.FloatText), parts(explorer, ipywidgets.HTML)[1], []
    after.observe(drawn.append, names="value")
    for count, (name, kernel) in enumerate(widgets.KERNELS.items(), start=1):
        known.value = name
        assert len(drawn) == count
        assert [number.value for number in numbers] == np.ravel(kernel).tolist()
        assert np.array_equal(shown(explorer), explorer.answer(np.array(kernel)))
    before = shown(explorer)
    numbers[4].value = 2.5
    changed = np.array(kernel, float)
    changed[1, 1] = 2.5
    assert np.array_equal(shown(explorer), explorer.answer(changed))
    assert not np.array_equal(shown(explorer), before)


@pytest.fixture(scope="module")
def model():
    """A small tagger with random weights."""
    keras.utils.set_random_seed(0)
    return classification.model.build(classification.model.TaggerConfig(widths=(4, 8, 8)))


@pytest.fixture
def chooser(model):
    return widgets.your_picture(model, START)


def picture_file():
    file = io.BytesIO()
    Image.fromarray(START[::-1]).save(file, "PNG")
    file.seek(0)
    return file


def test_a_good_picture_is_answered_with_what_the_network_saw_and_says(chooser, model):
    html = chooser.answer(picture_file())
    expected = classification.model.tag(model, START[::-1])
    page = Html(html)
    assert page.meters() == pytest.approx(expected, abs=5e-4)
    assert list(page.meters()) == list(expected)
    assert all(name in page.text for name in CLASSES)
    assert f"{next(iter(expected.values())):.0%}" in page.text
    factor = page.picture().shape[0] // 32
    reduced = np.asarray(Image.fromarray(START[::-1, 10:50]).resize((32, 32), Image.Resampling.LANCZOS))
    assert np.array_equal(page.picture()[::factor, ::factor], reduced)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no picture, <b>but</b> text", "is not a picture"), (b"", "zero bytes"), (b"\x89PNG\r\n\x1a\n", "cut short")],
)
def test_what_is_not_a_picture_is_answered_with_one_line(chooser, content, message):
    html = chooser.answer(io.BytesIO(content))
    page = Html(html)
    assert [tag for tag, _ in page.tags] == ["p"]
    assert message in "".join(page.words)
    assert "\n" not in html


def test_a_choice_is_shown_and_before_it_the_starting_picture(chooser, model):
    (button,) = parts(chooser, ipywidgets.FileUpload)
    (result,) = parts(chooser, ipywidgets.HTML)
    expected = classification.model.tag(model, START)
    assert Html(result.value).meters() == pytest.approx(expected, abs=5e-4)
    assert f"{next(iter(expected))} first" in chooser.still.alt
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
