"""What lesson 06 shows first: a network that can be asked."""

import textwrap
from collections.abc import Sequence
from html import escape

import ipywidgets
import numpy as np

from vistext.data.vocabulary import tokenize
from vistext.display import overlays, plots
from vistext.display.widgets.base import IN_LINE, Stage, Widget, as_html, followed, label, scored, verdict
from vistext.scenes import Scene, language
from vistext.tasks import vqa

SUGGESTED = 4  # questions
TILE = 128  # pixels: the side of the small pictures, one for each word


def ask(network: vqa.model.QGNet, shown: Sequence[Scene]) -> Widget:
    """A scene, a question to type, and what is answered: how sure, whether it is so, and where each word comes from.

    Args:
        network: as `models.qgnet.load` gives it.
        shown: scenes to choose from, 1 or more; the first fifty are offered.

    Returns:
        A slider for the scene, a field for the question, some questions to click, and what is shown. Its `answer`
        takes a scene's number, from 1, and a question, and gives HTML; for what cannot be read, a line that says why.
    """
    stage = Stage(shown)

    def reply(scene: int, question: str) -> tuple[vqa.model.Answer, str]:
        [said] = network.answer(stage.pictures[scene - 1 : scene], [question])
        return said, language.evaluate(said.text, stage.scenes[scene - 1]).why

    def looks(scene: int, said: vqa.model.Answer, side: int) -> list[tuple[str, np.ndarray, str]]:
        """Each word, the picture dark but for where it comes from, and that in words."""
        return [
            (word, overlays.heatmap(stage.pictures[scene - 1], amounts, side), overlays.describe_location(amounts))
            for word, amounts in zip(said.words, said.attention_maps, strict=True)
            if word[0].isalnum()
        ]

    def answer(scene: int, question: str) -> str:
        try:
            said, why_not = reply(scene, question)
        except vqa.model.TextError as error:
            return stage.beside(scene, f'<p role="status" style="overflow-wrap: anywhere">{escape(str(error))}</p>')
        expected = _expected(question, stage.scenes[scene - 1])
        told = (
            f'<p style="font-size: 1.3em">{escape(said.text) or "… nothing"}</p><p>{escape(verdict(why_not))}</p>'
            f"<p>How likely it finds these words: {scored(said.probability, 'probability of the answer')}</p>"
        )
        if expected not in ("", said.text):
            told += f"<p>Expected was: {escape(expected)}</p>"
        strip = "".join(
            f'<figure style="margin: 0; text-align: center">{as_html(picture, f"{word}: {where}", TILE)}'
            f"<figcaption>{escape(word)}</figcaption></figure>"
            for word, picture, where in looks(scene, said, TILE)
        )
        return (
            stage.beside(scene, f'<div role="status">{told}</div>')
            + "<p><small>Where each word comes from: the brighter, the more.</small></p>"
            f'<div style="display: flex; gap: 0.5em; flex-wrap: wrap">{strip}</div>'
        )

    scene = stage.slider()
    field = ipywidgets.Text(
        value=_suggested(stage.scenes[0])[0],
        placeholder="Type a question, then press Enter: What is the cat sitting on?",
        description="Question",
        continuous_update=False,
        style=IN_LINE,
        layout=ipywidgets.Layout(width="36em", max_width="100%"),
    )
    buttons = [ipywidgets.Button(layout=ipywidgets.Layout(width="auto")) for _ in range(SUGGESTED)]
    for button in buttons:
        button.on_click(lambda clicked: setattr(field, "value", clicked.description))

    def suggest(_=None) -> None:
        label(buttons, _suggested(stage.scenes[scene.value - 1]))

    suggest()
    scene.observe(suggest, names="value")
    suggestions = ipywidgets.HBox(buttons, layout=ipywidgets.Layout(flex_flow="row wrap"))
    result = followed(answer, scene, field)
    replies = [(question, *reply(1, question)) for question in _suggested(stage.scenes[0])]
    still = plots.captions_table(
        stage.pictures[0],
        [
            (
                f"{textwrap.fill(question, 30)}\nhow sure: {said.probability:.0%}",
                f"{'✗' if why_not else '✓'} {said.text}",
            )
            for question, said, why_not in replies
        ],
        below=[(word, picture) for word, picture, _ in looks(1, replies[0][1], TILE)],
        alt="One drawn scene, some questions about it and what is answered, each with its probability and a tick if it "
        "is true; below, the scene once for each word of the first answer, dark but for where the word comes from",
    )
    return Widget(ipywidgets.VBox([scene, field, suggestions, result]), still, answer)


def _suggested(scene: Scene) -> list[str]:
    """Questions about a scene: the first that there is, and then one of each kind, as many as are offered."""
    asked = language.all_questions(scene)
    last = {one.kind: one.question for one in asked}
    return list(dict.fromkeys([asked[0].question, *last.values()]))[:SUGGESTED]


def _expected(question: str, scene: Scene) -> str:
    """The sentence that answers a question about a scene; empty if it is not one of those of the drawn world."""
    asked = {tuple(tokenize(one.question)): one.answer for one in language.all_questions(scene)}
    return asked.get(tuple(tokenize(question)), "")
