"""What lesson 05 shows: sentences about a picture, drawn by z and weighed by a judge."""

from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

import ipywidgets
import numpy as np

from vistext.data.vocabulary import TOKEN
from vistext.display import plots
from vistext.display.widgets.base import IN_LINE, Stage, Widget, followed, scored, verdict
from vistext.nn.decoding import sample_noise
from vistext.scenes import Scene, language
from vistext.tasks import captioning

SEEDS = 9999


class _Said(NamedTuple):
    """A sentence about a scene."""

    text: str
    token_scores: list[tuple[str, float]]  # what each word, and the end, adds to the judge's score
    score: float  # 0 to 1
    why_not: str  # in what it is not true; empty when it is

    @property
    def verdict(self) -> str:
        return verdict(self.why_not)


class _Speech(Stage):
    """Scenes that a describer speaks about and a judge listens to; each picture is looked at once."""

    def __init__(
        self, speaker: captioning.model.Captioner, judge: captioning.model.Discriminator, shown: Sequence[Scene]
    ):
        super().__init__(shown)
        self.speaker, self.judge = speaker, judge
        self.grids = captioning.model.encode_images(speaker.image_encoder, self.pictures)

    def say(self, scene: int, length: str, surprise: float, seed: int, count: int = 1) -> list[_Said]:
        """So many sentences about a scene, from 1; each next one has a z of its own."""
        most = captioning.model.MAX_LENGTH[length]
        z = sample_noise(count, most, seed) * np.float32(surprise)
        grids = self.grids[scene - 1 : scene].repeat(count, axis=0)
        texts = self.speaker.vocabulary.decode(self.speaker.generate(grids, length, z=z).ids)
        evidence = self.judge.token_scores_of_features(grids, texts)
        scores = [captioning.model.probability(sum(value for _, value in each)) for each in evidence]
        why_not = [language.evaluate(text, self.scenes[scene - 1]).why for text in texts]
        return [_Said(*each) for each in zip(texts, evidence, map(float, scores), why_not, strict=True)]

    def played(self, answer: Callable, *more: ipywidgets.Widget, another: str) -> ipywidgets.Widget:
        """All controls over what `answer` makes of them: scene, length, surprise, the number of z, and more."""
        scene, length, surprise = self.controls()
        seed = ipywidgets.BoundedIntText(1, min=0, max=SEEDS, description="z number", style=surprise.style)
        for each in more:
            each.style, each.layout = surprise.style, surprise.layout
        controls = (scene, length, surprise, seed, *more)
        button, result = ipywidgets.Button(description=another), followed(answer, *controls)
        button.on_click(lambda _: setattr(seed, "value", (seed.value + 1) % (SEEDS + 1)))
        return ipywidgets.VBox([ipywidgets.VBox([*controls, button]), result])

    def controls(self) -> tuple[ipywidgets.IntSlider, ipywidgets.Dropdown, ipywidgets.FloatSlider]:
        """Which scene, how long a text, and how far z may go from the likeliest words."""
        scene = self.slider()
        like_it = {"style": IN_LINE, "layout": scene.layout}
        return (
            scene,
            ipywidgets.Dropdown(
                options=list(captioning.model.LENGTHS), value="description", description="Length", **like_it
            ),
            ipywidgets.FloatSlider(value=1.0, min=0, max=1, step=0.01, description="Surprise", **like_it),
        )


def _weighed(said: _Said) -> str:
    """A text as HTML, its words marked by what the judge makes of each."""
    html, place = "", 0
    values = [value for _, value in said.token_scores]
    for word, value in zip(TOKEN.finditer(said.text), values, strict=False):
        html += escape(said.text[place : word.start()]) + _mark(word.group(), value)
        place = word.end()
    end = _mark("■", values[-1]) if said.token_scores[-1][0] == "<end>" else ""
    return f'<span style="font-size: 1.3em; line-height: 1.8">{html}{escape(said.text[place:])} {end}</span>'


def _mark(word: str, value: float) -> str:
    """A word, the more in color the more it counts: blue for, orange and underlined against."""
    strength = min(0.5, abs(value) / 8)
    color, line = ("0, 114, 178", "none") if value > 0 else ("213, 94, 0", "underline wavy" if value < -0.5 else "none")
    style = f"background: rgba({color}, {strength:.2f}); text-decoration: {line}; border-radius: 3px; padding: 0 2px"
    return f'<span style="{style}" title="{value:+.2f}">{escape(word)}</span>'


def describe_by_z(
    speaker: captioning.model.Captioner, judge: captioning.model.Discriminator, shown: Sequence[Scene]
) -> Widget:
    """One picture, a z to move, and what is said: with the judge's score, and word by word what it makes of it.

    Args:
        speaker: as `models.describer.load` gives it.
        judge: as `models.describer.load_judge` gives it.
        shown: scenes to choose from, 1 or more; the first fifty are offered.

    Returns:
        A slider for the scene, a list of lengths, a slider from the likeliest words to any that z may pick, the number
        of z, a button for another, and what is shown. Its `answer` takes a scene's number, from 1, one of `LENGTHS`,
        the surprise, 0 to 1, and a seed, and gives HTML. With the same seed, z is moved along a line from 0.
    """
    stage = _Speech(speaker, judge, shown)

    def answer(scene: int, length: str, surprise: float, seed: int) -> str:
        [said] = stage.say(scene, length, surprise, seed)
        return stage.beside(
            scene,
            f"<p>{_weighed(said)}</p><p>{escape(said.verdict)}</p><p>The judge: {scored(said.score)}</p>"
            "<p><small>Blue words speak for the sentence, orange and underlined ones against it; ■ is its end."
            "</small></p>",
        )

    steps = [(0.0, 1), *((share, number) for number in (1, 2, 3) for share in (0.5, 1.0))]
    lines = [
        (
            "the likeliest words" if not share else f"z {number}, {share:.0%} of the way",
            stage.say(1, "description", share, number)[0],
        )
        for share, number in steps
    ]
    still = plots.captions_table(
        stage.pictures[0],
        [
            (f"{note}\nthe judge: {said.score:.0%}", f"{'✗' if said.why_not else '✓'} {said.text}")
            for note, said in lines
        ],
        alt="One drawn scene and seven sentences about it: the likeliest words, then three z, each half and all of the "
        "way; beside each the judge's score, and a tick if it is true",
    )
    return Widget(stage.played(answer, another="Another z"), still, answer)


def best_of_n(
    speaker: captioning.model.Captioner, judge: captioning.model.Discriminator, shown: Sequence[Scene]
) -> Widget:
    """Several sentences about one picture, the judge's score of each, and the one that it would choose.

    Args:
        speaker, judge, shown: as for `describe_by_z`.

    Returns:
        The same controls, a slider for how many, and what is shown. Its `answer` takes a scene's number, from 1, one of
        `LENGTHS`, the surprise, 0 to 1, a seed and how many, and gives HTML: a list, with the judge's choice marked.
    """
    stage = _Speech(speaker, judge, shown)

    def draw(scene: int, length: str, surprise: float, seed: int, count: int) -> tuple[list[_Said], int]:
        drawn = stage.say(scene, length, surprise, seed, count)
        return drawn, int(np.argmax([said.score for said in drawn]))

    def answer(scene: int, length: str, surprise: float, seed: int, count: int) -> str:
        drawn, best = draw(scene, length, surprise, seed, count)
        rows = "".join(
            f'<tr style="font-weight: {"bold" if number == best else "normal"}">'
            f'<td style="text-align: left; white-space: normal">{escape(said.text)}</td>'
            f'<td style="white-space: nowrap">{scored(said.score)}</td>'
            f'<td style="text-align: left">{escape(said.verdict)}</td>'
            f"<td>{'◀ the judge’s choice' if number == best else ''}</td></tr>"
            for number, said in enumerate(drawn)
        )
        true = sum(not said.why_not for said in drawn)
        told = (
            f"{true} of {count} are true, and the judge’s choice is {'not ' if drawn[best].why_not else ''}one of them"
        )
        head = "".join(f'<th scope="col">{name}</th>' for name in ("what is said", "the judge", "is it so?", ""))
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        return stage.beside(scene, f"{table}<p>{told}.</p>", "32em")

    drawn, best = draw(1, "description", 1.0, 1, 5)
    still = plots.captions_table(
        stage.pictures[0],
        [
            (
                f"the judge: {said.score:.0%}" + ("\nits choice" if number == best else ""),
                f"{'✗' if said.why_not else '✓'} {said.text}",
            )
            for number, said in enumerate(drawn)
        ],
        alt="One drawn scene and five sentences about it, each with the judge's score and a tick if it is true; the "
        "judge's choice is marked",
    )
    count = ipywidgets.IntSlider(value=5, min=1, max=20, description="How many")
    return Widget(stage.played(answer, count, another="Others"), still, answer)
