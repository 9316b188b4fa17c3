"""A network that can be asked."""

import ipywidgets
import numpy as np
import pytest
from parsed import SHOWN, Html, parts, pictures_of, pixels

from vistext.data.vocabulary import tokenize
from vistext.display import overlays, widgets
from vistext.scenes import language
from vistext.tasks import vqa

SITTING = "What is the cat sitting on?"


@pytest.fixture(scope="module")
def asking(qgnet_parts):
    return widgets.ask(vqa.model.QGNet(*qgnet_parts), SHOWN)


class Fixed:
    """A network with always the same answer, each word of which attends to a cell of its own."""

    def __init__(self, text):
        words = tuple(tokenize(text))
        self.fixed = vqa.model.Answer(text, 0.75, words, np.eye(64, dtype="float32")[: len(words)].reshape(-1, 8, 8))

    def answer(self, pictures, questions):
        return [self.fixed] * len(questions)


def test_an_answer_is_the_network_s_with_its_probability_and_whether_it_is_true(asking, qgnet_parts):
    page = Html(asking.answer(2, "Is there a red car?"))
    [answer] = vqa.model.QGNet(*qgnet_parts).answer(pictures_of(1), ["Is there a red car?"])
    assert (answer.text or "… nothing") in page.words
    assert f"✗ not true: {language.evaluate(answer.text, SHOWN[1]).why}" in page.words
    assert "Expected was: No, there is no red car." in page.words
    assert page.meters() == {"probability of the answer": pytest.approx(answer.probability, abs=6e-4)}
    assert [attrs["role"] for attrs in page.all("div") if "role" in attrs] == ["status"]


def test_a_true_answer_is_ticked_and_its_words_are_shown_where_they_attend_to():
    network = Fixed("The cat is sitting on the floor.")
    page = Html(widgets.ask(network, SHOWN).answer(1, SITTING))
    assert "✓ true" in page.words
    assert not any("Expected" in words for words in page.words)
    _, *small = page.all("img")
    assert [attrs["alt"].split(":")[0] for attrs in small] == ["the", "cat", "is", "sitting", "on", "the", "floor"]
    assert small[0]["alt"] == "the: mostly at the top left"
    expected = overlays.heatmap(pictures_of(0)[0], network.fixed.attention_maps[3], 128)
    assert np.array_equal(page.pictures()[4], expected)
    assert [words for words in page.words if words == "floor"] == ["floor"]


def test_a_true_answer_to_something_else_stands_beside_what_was_expected_and_is_only_text():
    page = Html(widgets.ask(Fixed("The cat is orange."), SHOWN).answer(1, "what is the CAT sitting on ?"))
    assert "✓ true" in page.words
    assert "Expected was: The cat is sitting on the floor." in page.words
    page = Html(widgets.ask(Fixed("<script>a</script> & <b>"), SHOWN).answer(1, SITTING))
    assert not page.all("script") + page.all("b")
    assert "<script>a</script> & <b>" in page.words


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("", "There is no question yet."),
        (" \n\t", "There is no question yet."),
        ("?!", "There is no question yet."),
        ("what " * 500, "500 words and marks are too many"),
        ("What is the zebra doing?", "Not in the vocabulary: “zebra”"),
        ("这只猫坐在什么上面？", "Not in the vocabulary: “这只猫坐在什么上面”"),
        ("What is the 🐱 doing?", "Not in the vocabulary: “🐱”"),
        ("<img src=x onerror=alert(1)> the cat?", "Not in the vocabulary: “<”"),
        ("What is \x00 the cat?", "Not in the vocabulary:"),
    ],
)
def test_what_cannot_be_read_is_answered_with_a_friendly_line(asking, question, answer):
    page = Html(asking.answer(1, question))
    [line] = page.all("p")
    assert line["role"] == "status"
    assert any(words.startswith(answer) for words in page.words)
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
    kinds = {one.question: one.kind for one in language.all_questions(SHOWN[2])}
    assert len(suggested) == 4
    assert len({kinds[question] for question in suggested}) >= 3
    assert all(control.description for control in (scene, field, *buttons))
    assert "dark but for what the word attends to" in asking.still.alt
    assert pixels(asking.still).shape[1] > 600
