"""A network that asks."""

import ipywidgets
import numpy as np
import pytest
from parsed import SHOWN, Html, parts, pixels

from vistext import scenes
from vistext.display import widgets
from vistext.display.widgets.quiz import _known_answers, _options
from vistext.scenes import language
from vistext.tasks import vqa


@pytest.fixture
def played():
    return widgets.quiz(None, SHOWN, seed=4)


def state(quiz):
    """What is asked, the answers that can be clicked, and the feedback."""
    _, question, feedback = parts(quiz, ipywidgets.HTML)
    *buttons, further = parts(quiz, ipywidgets.Button)
    asked = Html(question.value).words[0].split(". ", 1)[1]
    return asked, [each for each in buttons if each.layout.display != "none"], feedback.value, further


def known(question):
    """The question of the drawn world, and its scene, by its words; the first of them, if scenes have it in common."""
    return [(one, scene) for scene in SHOWN for one in language.all_questions(scene) if one.question == question]


def test_who_answers_learns_whether_that_is_right_and_why_and_the_score_is_kept(played):
    score = []
    for wrong in (False, True, True, False):
        asked, buttons, feedback, further = state(played)
        assert feedback.endswith(f"{sum(score)} of {len(score)} right</p>") if score else feedback == ""
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
    feedback = state(played)[2]
    assert "of 1 right" in feedback
    assert all(button.disabled for button in buttons)
    assert sum(button.button_style == "success" for button in buttons) == 1
    buttons[1].click()
    assert state(played)[2] == feedback
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
    offered = scenes.sample(60, seed, "test")
    answers, rng = _known_answers(offered), np.random.default_rng(seed)
    for scene in offered:
        for one in language.all_questions(scene):
            options = _options(one, scene, answers, rng)
            assert len(set(options)) == len(options)
            assert 2 <= len(options) <= 4
            assert one.short in options
            assert len({option.startswith("the ") for option in options}) == 1
            if one.kind == "compare" and "yes" not in options:
                assert all(option in one.question.lower() for option in options if option != "as many")
            if one.kind in ("what", "where", "which colour", "who is left of"):
                others = [one.answer.replace(one.short, option) for option in options if option != one.short]
                assert not any(language.evaluate(text, scene) for text in others)


class Fixed:
    """A network with always the same questions; it keeps the answers that it was given."""

    def __init__(self, *questions):
        self.questions, self.given = questions, []

    def ask(self, pictures, answers, *, seed):
        self.given.append((len(pictures), tuple(answers), seed))
        return [self.questions[number % len(self.questions)] for number in range(len(answers))]


def test_only_those_of_a_network_s_questions_come_up_whose_answer_is_known():
    everything = [one.question for one in language.all_questions(SHOWN[0])]
    network = Fixed("What is the meaning of life?", "What", *everything)
    quiz = widgets.quiz(network, SHOWN[:1], seed=0)
    for question, *options in asked_in(quiz):
        assert known(question)[0][0].short in options
    shorts = {one.short for one in language.all_questions(SHOWN[0])}
    assert all(count == len(answers) and set(answers) <= shorts for count, answers, _ in network.given)


class Right:
    """A network that asks for all answers but the first."""

    def ask(self, pictures, answers, *, seed):
        questions = {each.short: each.question for each in reversed(language.all_questions(SHOWN[0]))}
        return ["Where?", *(questions[answer] for answer in answers[1:])]


def test_a_network_asks_where_its_answer_is_the_one_that_was_wanted_and_else_the_rules_do(qgnet_parts):
    nonsense = Fixed("what is the cat sitting on?", "<b>"), vqa.model.QuestionGenerator(*qgnet_parts)
    for generator, by in ((Right(), "the network"), *((generator, "the rules") for generator in nonsense)):
        quiz = widgets.quiz(generator, SHOWN[:1], seed=0)
        for _ in range(4):
            _, question, _ = parts(quiz, ipywidgets.HTML)
            assert Html(question.value).words[-1] == f"Asked by {by}."
            assert known(state(quiz)[0])
            state(quiz)[3].click()


def test_one_answer_is_right_and_the_quiz_is_a_still_picture_too(played):
    question, buttons, *_ = state(played)
    answers = [button.description for button in buttons]
    [right] = [answer for answer in answers if Html(played.answer(1, answer)).words[0].startswith("✓ Right.")]
    assert right in {each.short for each, _ in known(question)}
    assert "&lt;b&gt;" in played.answer(1, "<b>")
    assert "the right one" in played.still.alt
    assert pixels(played.still).shape[1] > 600
    assert all(button.description for button in buttons)
