"""Lesson 06's last widget: a quiz whose questions a network generates."""

import itertools
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import NamedTuple

import ipywidgets
import numpy as np

from vistext import scenes
from vistext.display import plots
from vistext.display.widgets.base import Stage, Widget, label, wide_buttons, wrapped
from vistext.scenes import Scene, language
from vistext.scenes.language.lexicon import noun
from vistext.tasks import vqa

OPTIONS = 4  # answers to choose from
TARGETS = 8  # answers for which a network generates questions at once
KNOWN_FROM = 100  # scenes whose answers are chosen from
TWO = re.compile(r"(?:more|left,) (.+?) or (?:more )?(.+?)\?")  # of questions that name what to choose from


class _Item(NamedTuple):
    """A question of a quiz."""

    scene: int  # from 1
    question: language.Question
    options: list[str]
    by: str  # who asks it: "the network" or "the rules"


def quiz(generator: vqa.model.QuestionGenerator | None, offered: Sequence[Scene], *, seed: int = 0) -> Widget:
    """Questions about scenes, with answers to choose from, and a score.

    A network generates them from a picture and an answer. Those are asked that have this answer in the drawn world; if
    there are none among a few, one of the drawn world's own.

    Args:
        generator: as `vqa.model.load_question_generator` gives it; None has the drawn world ask all of them.
        offered: what to ask about, 1 scene or more; the first fifty are used.
        seed: decides on all questions, their order, and the answers to choose from.

    Returns:
        A widget whose `answer` takes a question's number, from 1, and what was chosen, and gives HTML: whether that is
        right, and why.
    """
    stage = Stage(offered)
    order = np.random.default_rng(seed).permutation(len(stage.scenes))
    known = _known_answers([*stage.scenes, *scenes.sample(KNOWN_FROM, seed, "train")])

    @cache
    def item(number: int) -> _Item:
        rng = np.random.default_rng((seed, number))
        row = int(order[(number - 1) % len(order)])
        scene = stage.scenes[row]
        targets = language.sample_questions(scene, rng, TARGETS)
        generated = generator and _generated(generator, stage.pictures[row], targets, scene, int(rng.integers(2**31)))
        question = generated or targets[0]
        options = _options(question, scene, known, rng)
        return _Item(row + 1, question, options, "the network" if generated else "the rules")

    def answer(number: int, chosen: str) -> str:
        question = item(number).question
        verdict = "✓ Right." if chosen == question.short else f"✗ Not “{chosen}”."
        return f'<p role="status">{escape(f"{verdict} {question.answer}")}</p>'

    picture, asked, feedback = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
    buttons = wide_buttons(OPTIONS)
    further = ipywidgets.Button(description="Next question", icon="arrow-right")
    numbers, marks, number = itertools.count(1), list[bool](), 0

    def advance(_=None) -> None:
        nonlocal number
        number = next(numbers)
        current = item(number)
        picture.value = stage.as_html(current.scene)
        asked.value = (
            f'<p style="font-size: 1.3em">{number}. {escape(current.question.question)}</p>'
            f"<p><small>Asked by {current.by}.</small></p>"
        )
        feedback.value = _score(marks)
        label(buttons, current.options)
        for button in buttons:
            button.disabled, button.icon, button.button_style = False, "", ""

    def choose(clicked: ipywidgets.Button) -> None:
        if clicked.disabled:  # a second click that was on its way
            return
        right = item(number).question.short
        marks.append(clicked.description == right)
        feedback.value = answer(number, clicked.description) + _score(marks)
        for button in buttons:
            button.disabled = True
            if button.description == right:
                button.icon, button.button_style = "check", "success"
            elif button is clicked:
                button.icon, button.button_style = "times", "danger"

    for button in buttons:
        button.on_click(choose)
    further.on_click(advance)
    advance()
    questions = ipywidgets.VBox([asked, wrapped(buttons), feedback, further])
    first = item(1)
    still = plots.captions_table(
        stage.pictures[first.scene - 1],
        [
            ("the question", first.question.question),
            *((f"answer {letter}", option) for letter, option in zip("abcd", first.options, strict=False)),
            ("right is", first.question.answer),
        ],
        alt="One drawn scene, a question about it, the answers to choose from, and the right one",
    )
    return Widget(wrapped([picture, questions]), still, answer)


def _generated(
    generator: vqa.model.QuestionGenerator,
    picture: np.ndarray,
    targets: Sequence[language.Question],
    scene: Scene,
    seed: int,
) -> language.Question | None:
    """The first question that a network generates for an answer, and to which that is the answer."""
    shorts = [target.short for target in targets]
    texts = generator.ask(picture[np.newaxis].repeat(len(shorts), axis=0), shorts, seed=seed)
    answers = {(question.question, question.short): question for question in language.all_questions(scene)}
    return next((answers[pair] for pair in zip(texts, shorts, strict=True) if pair in answers), None)


def _known_answers(offered: Sequence[Scene]) -> dict[tuple[str, bool], list[str]]:
    """All answers to each sort of question about some scenes."""
    known = defaultdict(set)
    for scene in offered:
        for question in language.all_questions(scene):
            known[_sort(question)].add(question.short)
    return {sort: sorted(answers) for sort, answers in known.items()}


def _sort(question: language.Question) -> tuple[str, bool]:
    """Its kind, and whether the answer is a place or a certain object: "the floor" and not "cat"."""
    return question.kind, question.short.startswith("the ")


def _options(
    question: language.Question, scene: Scene, known: dict[tuple[str, bool], list[str]], rng: np.random.Generator
) -> list[str]:
    """The right answer among up to three wrong ones, each of which could be one by its sort."""
    if question.short in ("yes", "no"):
        return ["yes", "no"]
    if named := TWO.search(question.question.lower()):
        return [*named.groups(), *(["as many"] if " more " in question.question else [])]
    others = set(known[_sort(question)]) - {question.short}
    if question.kind == "who is left of":  # of what is there, something may be to the left by a little, and not count
        others -= {noun(obj.kind) for obj in scene.objects}
    chosen = [str(other) for other in rng.permutation(sorted(others))[: OPTIONS - 1]]
    return [str(option) for option in rng.permutation([question.short, *chosen])]


def _score(marks: Sequence[bool]) -> str:
    return f"<p>{sum(marks)} of {len(marks)} right</p>" if marks else ""
