"""Lesson 05's widgets: captions of a picture, sampled by z and scored by a discriminator."""

from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

import ipywidgets
import numpy as np

from vistext.data.vocabulary import TOKEN
from vistext.display import plots
from vistext.display.widgets.base import IN_LINE, Stage, Widget, follow, meter, ticked, verdict
from vistext.nn.decoding import sample_noise
from vistext.scenes import Scene, language
from vistext.tasks.captioning import model

SEEDS = 9999
MATCH = "probability of a match, by the discriminator"


class _Caption(NamedTuple):
    """A caption of a scene."""

    text: str
    token_scores: list[tuple[str, float]]  # what each token, and the end, adds to the score
    score: float  # 0 to 1
    why_not: str  # why it is not true; empty when it is


class _Captioned(Stage):
    """Scenes that are captioned and scored; each picture is encoded once."""

    def __init__(self, captioner: model.Captioner, discriminator: model.Discriminator, offered: Sequence[Scene]):
        super().__init__(offered)
        self.captioner, self.discriminator = captioner, discriminator
        self.features = model.encode_images(captioner.image_encoder, self.pictures)

    def sample(self, scene: int, length: str, noise: float, seed: int, count: int = 1) -> list[_Caption]:
        """So many captions of a scene, each with a z of its own, scaled by `noise`."""
        z = sample_noise(count, model.MAX_LENGTH[length], seed) * np.float32(noise)
        features = self.features[scene - 1 : scene].repeat(count, axis=0)
        texts = self.captioner.detokenize(self.captioner.generate(features, length, z=z))
        token_scores = self.discriminator.token_scores_of_features(features, texts)
        scores = [float(model.probability(sum(score for _, score in tokens))) for tokens in token_scores]
        why_not = [language.evaluate(text, self.scenes[scene - 1]).why for text in texts]
        return list(map(_Caption, texts, token_scores, scores, why_not))

    def widget(self, answer: Callable, *more: ipywidgets.Widget, another: str) -> ipywidgets.Widget:
        """Controls of scene, length, noise, seed and more, and what `answer` makes of their values."""
        scene = self.slider()
        in_line = {"style": IN_LINE, "layout": scene.layout}
        length = ipywidgets.Dropdown(options=list(model.LENGTHS), value="description", description="Length", **in_line)
        noise = ipywidgets.FloatSlider(value=1.0, min=0, max=1, step=0.01, description="Noise", **in_line)
        seed = ipywidgets.BoundedIntText(1, min=0, max=SEEDS, description="Seed of z", style=IN_LINE)
        for control in more:
            control.style, control.layout = noise.style, noise.layout
        controls, button = (scene, length, noise, seed, *more), ipywidgets.Button(description=another)
        button.on_click(lambda _: setattr(seed, "value", (seed.value + 1) % (SEEDS + 1)))
        return ipywidgets.VBox([ipywidgets.VBox([*controls, button]), follow(answer, *controls)])

    def still(self, captions: Sequence[tuple[str, _Caption]], alt: str) -> plots.Picture:
        """The first scene with captions, each with a note under its match."""
        lines = [(f"match {caption.score:.0%}\n{note}", ticked(*caption[::3])) for note, caption in captions]
        return plots.captions_table(self.pictures[0], lines, alt=alt)


def _marked(caption: _Caption) -> str:
    """A caption as HTML, its tokens marked by their scores."""
    html, place = "", 0
    scores = [score for _, score in caption.token_scores]
    for token, score in zip(TOKEN.finditer(caption.text), scores, strict=False):
        html += escape(caption.text[place : token.start()]) + _mark(token.group(), score)
        place = token.end()
    end = _mark("■", scores[-1]) if caption.token_scores[-1][0] == "<end>" else ""
    return f'<span style="font-size: 1.3em; line-height: 1.8">{html}{escape(caption.text[place:])} {end}</span>'


def _mark(token: str, score: float) -> str:
    """A token, the more in color the higher its score: blue above 0, orange and underlined below."""
    strength = min(0.5, abs(score) / 8)
    color, line = ("0, 114, 178", "none") if score > 0 else ("213, 94, 0", "underline wavy" if score < -0.5 else "none")
    style = f"background: rgba({color}, {strength:.2f}); text-decoration: {line}; border-radius: 3px; padding: 0 2px"
    return f'<span style="{style}" title="{score:+.2f}">{escape(token)}</span>'


def describe_by_z(captioner: model.Captioner, discriminator: model.Discriminator, offered: Sequence[Scene]) -> Widget:
    """A picture, a z to move, and its caption with the probability of a match, in all and token by token.

    Args:
        captioner: as `captioning.model.load` gives it.
        discriminator: as `captioning.model.load_discriminator` gives it.
        offered: scenes to choose from, 1 or more; the first fifty are offered.

    Returns:
        A widget whose `answer` takes a scene's number, from 1, one of `LENGTHS`, the noise, 0 to 1, and a seed, and
        gives HTML. With the same seed, z is moved along a line from 0, which takes the most probable tokens.
    """
    stage = _Captioned(captioner, discriminator, offered)

    def answer(scene: int, length: str, noise: float, seed: int) -> str:
        [caption] = stage.sample(scene, length, noise, seed)
        return stage.beside(
            scene,
            f"<p>{_marked(caption)}</p><p>{escape(verdict(caption.why_not))}</p>"
            f"<p>Match: {meter(caption.score, MATCH)}</p>"
            "<p><small>By the discriminator, the probability that the caption is true of the picture and well formed."
            " Blue tokens speak for that, orange and underlined ones against it; ■ is the end.</small></p>",
        )

    steps = [(0.0, 1), *((noise, seed) for seed in (1, 2, 3) for noise in (0.5, 1.0))]
    captions = [
        (f"z {seed}, {noise:.0%} of the way" if noise else "most probable", caption)
        for noise, seed in steps
        for caption in stage.sample(1, "description", noise, seed)
    ]
    alt = (
        "One drawn scene and seven captions: the most probable tokens, then three z, each half and all of the way; "
        "beside each the probability of a match, and a tick if it is true"
    )
    return Widget(stage.widget(answer, another="Another z"), stage.still(captions, alt), answer)


def draw_and_check(captioner: model.Captioner, discriminator: model.Discriminator, offered: Sequence[Scene]) -> Widget:
    """Several sampled captions of a picture, and which of them pass the discriminator.

    Arguments are as for `describe_by_z`; its `answer` takes also how many, and gives a list as HTML.
    """
    stage = _Captioned(captioner, discriminator, offered)

    def answer(scene: int, length: str, noise: float, seed: int, count: int) -> str:
        captions = stage.sample(scene, length, noise, seed, count)
        rows = "".join(
            f'<tr style="opacity: {1 if _passes(caption) else 0.55}">'
            f'<td style="text-align: left; white-space: normal">{escape(caption.text)}</td>'
            f'<td style="white-space: nowrap">{meter(caption.score, MATCH)}</td>'
            f"<td>{'passes' if _passes(caption) else 'rejected'}</td>"
            f'<td style="text-align: left">{escape(verdict(caption.why_not))}</td></tr>'
            for caption in captions
        )
        passed = [caption for caption in captions if _passes(caption)]
        true, kept = (sum(not caption.why_not for caption in some) for some in (captions, passed))
        head = "".join(f'<th scope="col">{name}</th>' for name in ("caption", "match", "", "is it true?"))
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        note = f"Of all {count}, {true} are true; {len(passed)} pass, of which {kept} are true."
        return stage.beside(scene, f"{table}<p>{note}</p>", "32em")

    captions = stage.sample(1, "description", 1.0, 1, 5)
    alt = "One drawn scene and five captions, each with its match, whether it passes, and a tick if it is true"
    noted = [("passes" if _passes(caption) else "rejected", caption) for caption in captions]
    count = ipywidgets.IntSlider(value=5, min=1, max=20, description="How many")
    return Widget(stage.widget(answer, count, another="Others"), stage.still(noted, alt), answer)


def _passes(caption: _Caption) -> bool:
    return caption.score >= model.PASSING
