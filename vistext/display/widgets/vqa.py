"""Lesson 06's first widget: ask QG-Net a question."""

import textwrap
from collections.abc import Sequence
from html import escape

import ipywidgets
import numpy as np

from vistext.data.vocabulary import tokenize
from vistext.display import overlays, plots
from vistext.display.widgets.base import (
    Stage,
    Widget,
    alert,
    beside,
    figure,
    follow,
    label,
    meter,
    text_field,
    ticked,
    verdict,
    wide_buttons,
    wrapped,
)
from vistext.scenes import Scene, language
from vistext.tasks import vqa

SUGGESTED = 4  # questions
TILE = 128  # pixels: the side of the small pictures, one for each word


def ask(network: vqa.model.QGNet, offered: Sequence[Scene]) -> Widget:
    """A scene, a question to type, and the answer: its probability, whether it is true, and what each word attends to.

    Args:
        network: as `vqa.model.load` gives it.
        offered: scenes to choose from, 1 or more; the first fifty are offered.

    Returns:
        A widget whose `answer` takes a scene's number, from 1, and a question, and gives HTML; for what cannot be read,
        a line that says why.
    """
    stage = Stage(offered)

    def reply(scene: int, question: str) -> tuple[vqa.model.Answer, str]:
        [found] = network.answer(stage.pictures[scene - 1 : scene], [question])
        return found, language.evaluate(found.text, stage.scenes[scene - 1]).why

    def heatmaps(scene: int, found: vqa.model.Answer, side: int) -> list[tuple[str, np.ndarray, str]]:
        """Each word, the picture dark but for where it attends, and that in words."""
        return [
            (word, overlays.heatmap(stage.pictures[scene - 1], amounts, side), overlays.describe_location(amounts))
            for word, amounts in zip(found.words, found.attention_maps, strict=True)
            if word[0].isalnum()
        ]

    def answer(scene: int, question: str) -> str:
        try:
            found, why_not = reply(scene, question)
        except vqa.model.TextError as error:
            return stage.beside(scene, alert(error))
        expected = _expected(question, stage.scenes[scene - 1])
        lines = (
            f'<p style="font-size: 1.3em">{escape(found.text) or "… nothing"}</p><p>{escape(verdict(why_not))}</p>'
            f"<p>Probability: {meter(found.probability, 'probability of the answer')}</p>"
        )
        if expected not in ("", found.text):
            lines += f"<p>Expected was: {escape(expected)}</p>"
        figures = (
            figure(picture, f"{word}: {where}", escape(word), TILE)
            for word, picture, where in heatmaps(scene, found, TILE)
        )
        return (
            stage.beside(scene, f'<div role="status">{lines}</div>')
            + "<p><small>What each word attends to: the redder, the more.</small></p>"
            + beside(*figures, gap="0.5em")
        )

    scene = stage.slider()
    buttons = wide_buttons(SUGGESTED)
    field = text_field(_suggested(stage.scenes[0])[0], "What is the cat sitting on?", "Question", buttons)

    def suggest(_=None) -> None:
        label(buttons, _suggested(stage.scenes[scene.value - 1]))

    suggest()
    scene.observe(suggest, names="value")
    result = follow(answer, scene, field)
    replies = [(question, *reply(1, question)) for question in _suggested(stage.scenes[0])]
    still = plots.captions_table(
        stage.pictures[0],
        [
            (f"{textwrap.fill(question, 30)}\nprobability: {found.probability:.0%}", ticked(found.text, why_not))
            for question, found, why_not in replies
        ],
        below=[(word, picture) for word, picture, _ in heatmaps(1, replies[0][1], TILE)],
        alt="One drawn scene, some questions about it and their answers, each with its probability and a tick if it "
        "is true; below, the scene once for each word of the first answer, dark but for what the word attends to",
    )
    return Widget(ipywidgets.VBox([scene, field, wrapped(buttons), result]), still, answer)


def _suggested(scene: Scene) -> list[str]:
    """Questions about a scene: the first that there is, and then one of each kind, as many as are offered."""
    first, *others = language.all_questions(scene)
    last = {question.kind: question.question for question in (first, *others)}
    return list(dict.fromkeys([first.question, *last.values()]))[:SUGGESTED]


def _expected(question: str, scene: Scene) -> str:
    """The sentence that answers a question about a scene; empty if it is not one of those of the drawn world."""
    answers = {tuple(tokenize(known.question)): known.answer for known in language.all_questions(scene)}
    return answers.get(tuple(tokenize(question)), "")
