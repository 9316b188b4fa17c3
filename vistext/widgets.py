"""Every interactive part that a lesson shows.

Each is a `Playable`: live where a kernel runs, and its still picture everywhere else (on GitHub, printed, exported).
What moves is drawn by Pillow, not matplotlib, so that a slider answers in milliseconds.
"""

import io
import itertools
import re
import textwrap
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from typing import NamedTuple

import ipywidgets
import numpy as np
from PIL import Image
from scipy.signal import correlate2d

from vistext import metrics, overlays, plots, scenes
from vistext.data.pictures import PictureError, open_picture, square
from vistext.data.words import TOKEN, Vocabulary, tokenize
from vistext.decoding import draw_z
from vistext.models import describer, detector, gan, qgnet, tagger
from vistext.models.language_model import next_words, sample
from vistext.scenes import Drawings, Scene, language
from vistext.scenes.language.lexicon import noun

WIDGET = "application/vnd.jupyter.widget-view+json"
TIP = "tooltip" if hasattr(ipywidgets.FloatText, "tooltip") else "description_tooltip"  # in ipywidgets 7, on Colab
ENLARGED = 256  # pixels: the side at which a small picture is shown


class Playable:
    """A widget together with the picture that stands for it where no kernel runs.

    Args:
        widget: what is played with.
        still: what it shows at first.
        answer: the function behind it, from what the user does to what is shown; it can be called without a browser.
    """

    def __init__(self, widget: ipywidgets.Widget, still: plots.Picture, answer: Callable):
        self.widget = widget
        self.still = still
        self.answer = answer

    def __repr__(self) -> str:
        return repr(self.still)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        return {WIDGET: view, "text/html": self.still._repr_html_(), "text/plain": repr(self.still)}


def _shown(picture: np.ndarray, alt: str, side: int = ENLARGED) -> str:
    """A picture as HTML, enlarged crisply up to `side`; ipywidgets' own `Image` has no place for alt text."""
    image = Image.fromarray(picture)
    factor = max(1, side // max(image.size))
    buffer = io.BytesIO()
    image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST).save(buffer, "PNG")
    return plots.Picture(buffer.getvalue(), alt)._repr_html_()


def _followed(answer: Callable[..., str], *controls: ipywidgets.Widget) -> ipywidgets.HTML:
    """What `answer` makes of the values of controls, now and after each change."""
    result = ipywidgets.HTML()

    def redraw(_=None) -> None:
        result.value = answer(*(control.value for control in controls))

    for control in controls:
        control.observe(redraw, names="value")
    redraw()
    return result


KERNELS = {
    "nothing (identity)": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "blur": [[1 / 9] * 3] * 3,
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "upright edges (Sobel)": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "level edges (Sobel)": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "outlines (Laplace)": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
}


def kernel_explorer(grey: np.ndarray) -> Playable:
    """Nine numbers to turn, and what the convolution with them makes of a picture.

    Args:
        grey: float or uint8 [h, w], 0 (black) to 255 (white).

    Returns:
        A list of known kernels, nine fields for numbers, the picture before and after. Its `answer` takes a kernel,
        [3, 3], and gives uint8 [h - 2, w - 2].
    """
    grey = np.asarray(grey, "float64")

    def convolve(kernel: np.ndarray) -> np.ndarray:
        answer = correlate2d(grey, kernel, mode="valid")
        if np.isclose(np.sum(kernel), 0):  # it answers to change, not to brightness: no change is shown as mid-grey
            answer = answer / 2 + 128
        return np.rint(np.clip(answer, 0, 255)).astype("uint8")

    first = "upright edges (Sobel)"
    known = ipywidgets.Dropdown(options=list(KERNELS), value=first, description="Kernel")
    numbers = [
        ipywidgets.FloatText(
            value=KERNELS[first][row][column],
            step=0.5,
            **{TIP: f"row {row + 1}, column {column + 1} of the kernel"},
            layout=ipywidgets.Layout(width="70px"),
        )
        for row in range(3)
        for column in range(3)
    ]
    before = ipywidgets.HTML(_shown(grey.astype("uint8"), "the picture before"))
    after = ipywidgets.HTML()

    def kernel() -> np.ndarray:
        return np.array([number.value for number in numbers]).reshape(3, 3)

    def redraw(_=None) -> None:
        after.value = _shown(convolve(kernel()), "the picture after the convolution")

    def take(change) -> None:
        for number, value in zip(numbers, np.ravel(KERNELS[change["new"]]), strict=True):
            number.unobserve(redraw, names="value")
            number.value = float(value)
            number.observe(redraw, names="value")
        redraw()

    known.observe(take, names="value")
    for number in numbers:
        number.observe(redraw, names="value")
    redraw()
    square_of_numbers = ipywidgets.GridBox(numbers, layout=ipywidgets.Layout(grid_template_columns="repeat(3, 74px)"))
    widget = ipywidgets.HBox([ipywidgets.VBox([known, square_of_numbers]), before, after])
    still = plots.grid(
        [grey, *(convolve(np.array(values)) for values in KERNELS.values())][:7],
        ["before", *KERNELS],
        alt="A photograph in grey, and what six kernels make of it: the same, blurred, sharpened, its upright edges, "
        "its level edges, its outlines",
        columns=4,
        inches=1.7,
    )
    return Playable(widget, still, convolve)


def your_picture(model, start: np.ndarray) -> Playable:
    """A button to choose a picture of one's own, and what the tagger says of it.

    Args:
        model: a tagger, as `models.tagger.load` gives it.
        start: uint8 [h, w, 3], the picture before one is chosen.

    Returns:
        The button and what is shown. Its `answer` takes an open binary file and gives HTML: the picture as the network
        sees it with its tags, or, for what is not a picture, one line that says so.
    """

    def answer(picture: np.ndarray) -> str:
        rows = "".join(
            f'<tr><td style="text-align: right; padding-right: 1em">{name}</td>'
            f'<td><meter value="{probability:.3f}" aria-label="{name}"></meter></td><td>{probability:.0%}</td></tr>'
            for name, probability in tagger.tag(model, picture).items()
        )
        seen = _shown(square(picture, 32), "your picture as the network sees it: 32 by 32 pixels")
        return f'<div style="display: flex; gap: 2em; flex-wrap: wrap">{seen}<table>{rows}</table></div>'

    def show(file) -> str:
        try:
            return answer(open_picture(file))
        except PictureError as error:
            return f"<p>{escape(str(error))}</p>"

    button = ipywidgets.FileUpload(accept="image/*", description="Choose a picture", multiple=False)
    result = ipywidgets.HTML(answer(start))

    def chosen(change) -> None:
        content = _content(change["new"])
        if content is not None:
            result.value = show(io.BytesIO(content))

    button.observe(chosen, names="value")
    button.layout.width, button.layout.align_self = "auto", "flex-start"
    ranked = tagger.tag(model, start)
    still = plots.bars(
        {"tagger": ranked},
        alt=f"Bars: the probabilities of ten tags for the starting picture, {next(iter(ranked))} first",
    )
    return Playable(ipywidgets.VBox([button, result]), still, show)


def thresholds(model, drawings: Drawings) -> Playable:
    """Two thresholds to move, and what a detector shows at them.

    Args:
        model: a detector, as `models.detector.load` gives it.
        drawings: scenes to choose from; the first fifty are offered.

    Returns:
        Three sliders and what is shown. Its `answer` takes the number of a scene, from 1, and the two thresholds, 0 to
        1, and gives HTML: the picture with its boxes, and how many things were missed and invented.
    """

    def look(scene: int, score: float, overlap: float) -> tuple[np.ndarray, str]:
        drawing = drawings[scene - 1]
        [found] = detector.detect(model, drawing.picture[np.newaxis], score=score, overlap=overlap)
        missed, invented = metrics.count_errors(found, drawing.boxes, drawing.kinds)
        notes = [f"{value:.2f}" for value in found.scores]
        told = f"{len(drawing.boxes)} drawn, {missed} missed, {invented} shown that are not there"
        return overlays.with_boxes(drawing.picture, found.boxes, found.kinds, notes), told

    def answer(scene: int, score: float, overlap: float) -> str:
        picture, told = look(scene, score, overlap)
        return f"{_shown(picture, f'the scene with the boxes at these thresholds: {told}')}<p>{told}</p>"

    wide = {"style": {"description_width": "9em"}, "layout": ipywidgets.Layout(width="28em")}
    fullest = 1 + int((drawings.kinds[:50] >= 0).sum(axis=1).argmax())
    scene = ipywidgets.IntSlider(value=fullest, min=1, max=min(50, len(drawings)), description="Scene", **wide)
    score, overlap = (
        ipywidgets.FloatSlider(value=value, min=0, max=1, step=0.01, description=name, **wide)
        for name, value in (("Score from", detector.SCORE), ("Overlap up to", detector.OVERLAP))
    )
    result = _followed(answer, scene, score, overlap)
    settings = {
        "weak answers too": (0.1, 1.0),
        "the same, thinned out": (0.1, detector.OVERLAP),
        "as it is used": (detector.SCORE, detector.OVERLAP),
        "only what is very sure": (0.9, detector.OVERLAP),
    }
    still = plots.grid(
        [look(fullest, *pair)[0] for pair in settings.values()],
        [f"{name}\nscore {one:.2f}, overlap {other:.2f}" for name, (one, other) in settings.items()],
        alt="One scene at four settings of the two thresholds: many boxes, fewer of them, those that are used, and "
        "those of which the network is very sure",
        columns=4,
        inches=1.9,
    )
    return Playable(ipywidgets.VBox([ipywidgets.VBox([scene, score, overlap]), result]), still, answer)


TEMPERATURES = (0.5, 1.0, 2.0)  # of the still picture


def sentence_sampler(
    model, vocabulary: Vocabulary, judge: Callable[[str], bool], beginning: str = "A cat is"
) -> Playable:
    """A temperature to turn, the words that may come next, and sentences drawn at that temperature.

    Args:
        model: a language model that reads forwards.
        vocabulary: its words.
        judge: whether a sentence is a good one.
        beginning: the first words, until others are typed.

    Returns:
        A slider, a field for the first words, a button for other sentences, and what is shown. Its `answer` takes a
        temperature above 0, the first words and a seed, and gives HTML: the likeliest next words, and six sentences,
        each with a tick or a cross.
    """

    def answer(temperature: float, begun: str, seed: int) -> str:
        likely = next_words(model, vocabulary, begun, temperature=temperature)
        rows = "".join(
            f'<tr><td style="text-align: right; padding-right: 1em">{escape(word)}</td>'
            f'<td><meter value="{p:.3f}" aria-label="{escape(word)}"></meter></td><td>{p:.0%}</td></tr>'
            for word, p in list(likely.items())[:8]
        )
        drawn = sample(model, vocabulary, 6, beginning=begun, temperature=temperature, seed=seed)
        lines = "".join(f"<li>{'✓' if judge(text) else '✗'} {escape(text)}</li>" for text in drawn)
        unknown = ", ".join(vocabulary.unknown(begun))
        note = f"<p>not in the vocabulary: {escape(unknown)}</p>" if unknown else ""
        return (
            f'{note}<div style="display: flex; gap: 2em; flex-wrap: wrap"><table>{rows}</table>'
            f'<ul style="list-style: none">{lines}</ul></div>'
        )

    slider = ipywidgets.FloatSlider(
        value=1.0, min=0.1, max=3.0, step=0.1, description="Temperature", continuous_update=False
    )
    field = ipywidgets.Text(value=beginning, description="Begins", continuous_update=False)
    button = ipywidgets.Button(description="Six others")
    result = ipywidgets.HTML()
    seeds = itertools.count()

    def redraw(_=None) -> None:
        result.value = answer(slider.value, field.value, next(seeds))

    for control in (slider, field):
        control.observe(redraw, names="value")
    button.on_click(redraw)
    redraw()
    still = plots.bars(
        {
            f"temperature {temperature:g}": next_words(model, vocabulary, beginning, temperature=temperature)
            for temperature in TEMPERATURES
        },
        alt=f'Bars: how likely each word is after "{beginning}", at three temperatures; the higher it is, the more '
        "alike the bars are",
    )
    return Playable(ipywidgets.VBox([ipywidgets.HBox([slider, field, button]), result]), still, answer)


def _content(value) -> bytes | None:
    """The bytes of the last file uploaded; ipywidgets 8 gives a tuple of files, ipywidgets 7 (on Colab) a dict."""
    files = list(value.values()) if isinstance(value, dict) else list(value)
    return bytes(files[-1]["content"]) if files else None


def film(frames: Sequence[np.ndarray], titles: Sequence[str], *, alt: str, most: int = 8) -> Playable:
    """Pictures one after the other, to be played or moved through by hand.

    Args:
        frames: each uint8 [h, w, 3], at least 1.
        titles: a short text for each.
        alt: what is seen, in words.
        most: pictures in the still strip, spread evenly from the first to the last.

    Returns:
        A button to play, a slider and the frame. Its `answer` takes the number of a frame, from 0, and gives HTML.
    """

    def answer(number: int) -> str:
        return f"{_shown(frames[number], f'{alt}: {titles[number]}')}<p>{escape(titles[number])}</p>"

    last = len(frames) - 1
    play = ipywidgets.Play(value=0, min=0, max=last, interval=250)
    slider = ipywidgets.IntSlider(0, 0, last, description="Frame")
    ipywidgets.jslink((play, "value"), (slider, "value"))
    result = ipywidgets.HTML(answer(0))
    slider.observe(lambda change: setattr(result, "value", answer(change["new"])), names="value")
    chosen = np.unique(np.linspace(0, last, min(most, len(frames))).round().astype(int))
    still = plots.grid(
        [frames[number] for number in chosen], [titles[number] for number in chosen], alt=alt, columns=4, inches=1.6
    )
    return Playable(ipywidgets.VBox([ipywidgets.HBox([play, slider]), result]), still, answer)


def walk_through_z(generator, kinds: Sequence[str]) -> Playable:
    """A kind to ask for, two places in the space of z, and a slider from one to the other.

    Args:
        generator: as `models.gan.load` gives it.
        kinds: the names of what it can be asked for.

    Returns:
        A list of kinds, two numbers that each stand for a z, a slider and the picture. Its `answer` takes a kind, the
        two numbers and how far to go from one to the other, 0 to 1, and gives HTML.
    """
    size = generator.inputs[0].shape[-1]

    def strip(kind: str, start: int, end: int, shares: Sequence[float]) -> np.ndarray:
        ends = (gan.draw_noise(1, size, seed)[0] for seed in (start, end))
        noise = gan.walk(*ends, 101)[[round(100 * share) for share in shares]]
        return gan.invent(generator, np.full(len(noise), kinds.index(kind)), noise=noise)

    def answer(kind: str, start: int, end: int, share: float) -> str:
        return _shown(strip(kind, start, end, [share])[0], f"an invented {kind}, {share:.0%} of the way")

    kind = ipywidgets.Dropdown(options=list(kinds), value=kinds[0], description="Kind")
    start = ipywidgets.BoundedIntText(1, min=0, max=9999, description="From z")
    end = ipywidgets.BoundedIntText(2, min=0, max=9999, description="To z")
    share = ipywidgets.FloatSlider(0, min=0, max=1, step=0.01, description="On the way")
    result = _followed(answer, kind, start, end, share)
    shown = kinds[:: -(-len(kinds) // 4)]
    still = plots.grid(
        [picture for name in shown for picture in strip(name, 1, 2, np.linspace(0, 1, 9))],
        alt=f"Rows of nine invented pictures, each row a walk from one z to another: {', '.join(shown)}",
        columns=9,
        inches=0.8,
    )
    return Playable(ipywidgets.HBox([ipywidgets.VBox([kind, start, end, share]), result]), still, answer)


class _Said(NamedTuple):
    """A sentence about a scene."""

    text: str
    evidence: list[tuple[str, float]]  # what each word, and the end, adds to the judge's score
    score: float  # 0 to 1
    why_not: str  # in what it is not true; empty when it is

    @property
    def verdict(self) -> str:
        return _verdict(self.why_not)


def _verdict(why_not: str) -> str:
    return f"✗ not true: {why_not}" if why_not else "✓ true"


SEEDS = 9999
NAMED = {"description_width": "6em"}  # so that controls stand in line


class _Stage:
    """Scenes to choose from, of which something is said or asked; the first fifty are offered."""

    def __init__(self, shown: Sequence[Scene]):
        self.scenes = shown[:50]
        self.pictures = scenes.draw_many(self.scenes).pictures

    def shown(self, scene: int) -> str:
        """A scene's picture as HTML; they are counted from 1."""
        return _shown(self.pictures[scene - 1], f"drawn scene {scene}")

    def beside(self, scene: int, html: str, width: str = "24em") -> str:
        """The same with other HTML beside it, or below it where there is less room than its width."""
        return (
            f'<div style="display: flex; gap: 2em; flex-wrap: wrap; align-items: flex-start">{self.shown(scene)}'
            f'<div style="flex: 1 1 {width}">{html}</div></div>'
        )

    def slider(self) -> ipywidgets.IntSlider:
        """Which scene."""
        layout = ipywidgets.Layout(width="24em")
        return ipywidgets.IntSlider(
            value=1, min=1, max=len(self.scenes), description="Scene", style=NAMED, layout=layout
        )


class _Speech(_Stage):
    """Scenes that a describer speaks about and a judge listens to; each picture is looked at once."""

    def __init__(self, speaker: describer.Describer, judge: describer.Judge, shown: Sequence[Scene]):
        super().__init__(shown)
        self.speaker, self.judge = speaker, judge
        self.grids = describer.look(speaker.eye, self.pictures)

    def say(self, scene: int, length: str, surprise: float, seed: int, count: int = 1) -> list[_Said]:
        """So many sentences about a scene, from 1; each next one has a z of its own."""
        most = describer.MOST[length]
        z = draw_z(count, most, seed) * np.float32(surprise)
        grids = self.grids[scene - 1 : scene].repeat(count, axis=0)
        texts = self.speaker.vocabulary.decode(self.speaker.write(grids, length, z=z).ids)
        evidence = self.judge.evidence_seen(grids, texts)
        scores = [describer.probability(sum(value for _, value in each)) for each in evidence]
        why_not = [language.holds(text, self.scenes[scene - 1]).why for text in texts]
        return [_Said(*each) for each in zip(texts, evidence, map(float, scores), why_not, strict=True)]

    def played(self, answer: Callable, *more: ipywidgets.Widget, another: str) -> ipywidgets.Widget:
        """All controls over what `answer` makes of them: scene, length, surprise, the number of z, and more."""
        scene, length, surprise = self.controls()
        seed = ipywidgets.BoundedIntText(1, min=0, max=SEEDS, description="z number", style=surprise.style)
        for each in more:
            each.style, each.layout = surprise.style, surprise.layout
        controls = (scene, length, surprise, seed, *more)
        button, result = ipywidgets.Button(description=another), _followed(answer, *controls)
        button.on_click(lambda _: setattr(seed, "value", (seed.value + 1) % (SEEDS + 1)))
        return ipywidgets.VBox([ipywidgets.VBox([*controls, button]), result])

    def controls(self) -> tuple[ipywidgets.IntSlider, ipywidgets.Dropdown, ipywidgets.FloatSlider]:
        """Which scene, how long a text, and how far z may go from the likeliest words."""
        scene = self.slider()
        like_it = {"style": NAMED, "layout": scene.layout}
        return (
            scene,
            ipywidgets.Dropdown(options=list(describer.LENGTHS), value="description", description="Length", **like_it),
            ipywidgets.FloatSlider(value=1.0, min=0, max=1, step=0.01, description="Surprise", **like_it),
        )


def _weighed(said: _Said) -> str:
    """A text as HTML, its words marked by what the judge makes of each."""
    html, place = "", 0
    values = [value for _, value in said.evidence]
    for word, value in zip(TOKEN.finditer(said.text), values, strict=False):
        html += escape(said.text[place : word.start()]) + _mark(word.group(), value)
        place = word.end()
    end = _mark("■", values[-1]) if said.evidence[-1][0] == "<end>" else ""
    return f'<span style="font-size: 1.3em; line-height: 1.8">{html}{escape(said.text[place:])} {end}</span>'


def _mark(word: str, value: float) -> str:
    """A word, the more in colour the more it counts: blue for, orange and underlined against."""
    strength = min(0.5, abs(value) / 8)
    colour, line = (
        ("0, 114, 178", "none") if value > 0 else ("213, 94, 0", "underline wavy" if value < -0.5 else "none")
    )
    style = f"background: rgba({colour}, {strength:.2f}); text-decoration: {line}; border-radius: 3px; padding: 0 2px"
    return f'<span style="{style}" title="{value:+.2f}">{escape(word)}</span>'


def _scored(score: float, name: str = "the judge's score") -> str:
    return f'<meter value="{score:.3f}" aria-label="{escape(name)}"></meter> {score:.0%}'


def describe_by_z(speaker: describer.Describer, judge: describer.Judge, shown: Sequence[Scene]) -> Playable:
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
            f"<p>{_weighed(said)}</p><p>{escape(said.verdict)}</p><p>The judge: {_scored(said.score)}</p>"
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
    still = plots.told(
        stage.pictures[0],
        [
            (f"{note}\nthe judge: {said.score:.0%}", f"{'✗' if said.why_not else '✓'} {said.text}")
            for note, said in lines
        ],
        alt="One drawn scene and seven sentences about it: the likeliest words, then three z, each half and all of the "
        "way; beside each the judge's score, and a tick if it is true",
    )
    return Playable(stage.played(answer, another="Another z"), still, answer)


def best_of_n(speaker: describer.Describer, judge: describer.Judge, shown: Sequence[Scene]) -> Playable:
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
            f'<td style="white-space: nowrap">{_scored(said.score)}</td>'
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
    still = plots.told(
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
    return Playable(stage.played(answer, count, another="Others"), still, answer)


SUGGESTED = 4  # questions
TILE = 128  # pixels: the side of the small pictures, one for each word


def ask(network: qgnet.QGNet, shown: Sequence[Scene]) -> Playable:
    """A scene, a question to type, and what is answered: how sure, whether it is so, and where each word comes from.

    Args:
        network: as `models.qgnet.load` gives it.
        shown: scenes to choose from, 1 or more; the first fifty are offered.

    Returns:
        A slider for the scene, a field for the question, some questions to click, and what is shown. Its `answer`
        takes a scene's number, from 1, and a question, and gives HTML; for what cannot be read, a line that says why.
    """
    stage = _Stage(shown)

    def reply(scene: int, question: str) -> tuple[qgnet.Answer, str]:
        [said] = network.answer(stage.pictures[scene - 1 : scene], [question])
        return said, language.holds(said.text, stage.scenes[scene - 1]).why

    def looks(scene: int, said: qgnet.Answer, side: int) -> list[tuple[str, np.ndarray, str]]:
        """Each word, the picture dark but for where it comes from, and that in words."""
        return [
            (word, overlays.lit(stage.pictures[scene - 1], amounts, side), overlays.whereabouts(amounts))
            for word, amounts in zip(said.words, said.maps, strict=True)
            if word[0].isalnum()
        ]

    def answer(scene: int, question: str) -> str:
        try:
            said, why_not = reply(scene, question)
        except qgnet.QuestionError as error:
            return stage.beside(scene, f'<p role="status" style="overflow-wrap: anywhere">{escape(str(error))}</p>')
        expected = _expected(question, stage.scenes[scene - 1])
        told = (
            f'<p style="font-size: 1.3em">{escape(said.text) or "… nothing"}</p><p>{escape(_verdict(why_not))}</p>'
            f"<p>How likely it finds these words: {_scored(said.probability, 'probability of the answer')}</p>"
        )
        if expected not in ("", said.text):
            told += f"<p>Expected was: {escape(expected)}</p>"
        strip = "".join(
            f'<figure style="margin: 0; text-align: center">{_shown(picture, f"{word}: {where}", TILE)}'
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
        style=NAMED,
        layout=ipywidgets.Layout(width="36em", max_width="100%"),
    )
    buttons = [ipywidgets.Button(layout=ipywidgets.Layout(width="auto")) for _ in range(SUGGESTED)]
    for button in buttons:
        button.on_click(lambda clicked: setattr(field, "value", clicked.description))

    def suggest(_=None) -> None:
        _label(buttons, _suggested(stage.scenes[scene.value - 1]))

    suggest()
    scene.observe(suggest, names="value")
    suggestions = ipywidgets.HBox(buttons, layout=ipywidgets.Layout(flex_flow="row wrap"))
    result = _followed(answer, scene, field)
    replies = [(question, *reply(1, question)) for question in _suggested(stage.scenes[0])]
    still = plots.told(
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
    return Playable(ipywidgets.VBox([scene, field, suggestions, result]), still, answer)


def _suggested(scene: Scene) -> list[str]:
    """Questions about a scene: the first that there is, and then one of each kind, as many as are offered."""
    asked = language.questions(scene)
    last = {one.kind: one.question for one in asked}
    return list(dict.fromkeys([asked[0].question, *last.values()]))[:SUGGESTED]


def _expected(question: str, scene: Scene) -> str:
    """The sentence that answers a question about a scene; empty if it is not one of those of the drawn world."""
    asked = {tuple(tokenize(one.question)): one.answer for one in language.questions(scene)}
    return asked.get(tuple(tokenize(question)), "")


def _label(buttons: Sequence[ipywidgets.Button], texts: Sequence[str]) -> None:
    """Write texts on buttons, and hide those that are left over."""
    for button, text in itertools.zip_longest(buttons, texts):
        button.description = text or ""
        button.layout.display = None if text else "none"


class _Posed(NamedTuple):
    """A question of a quiz."""

    scene: int  # from 1
    question: language.Question
    options: list[str]
    by: str  # who asks it: "the network" or "the rules"


OPTIONS = 4  # answers to choose from
WISHED = 8  # answers for which a network is asked at once to find questions
KNOWN_FROM = 100  # scenes whose answers are chosen from
TWO = re.compile(r"(?:more|left,) (.+?) or (?:more )?(.+?)\?")  # of questions that name what to choose from


def quiz(asker: qgnet.Asker | None, shown: Sequence[Scene], *, seed: int = 0) -> Playable:
    """Questions about scenes for whoever plays, with answers to choose from, and a score.

    A network asks: it is given a picture and an answer. Only those of its questions come up of which the drawn world
    says that this is their answer; if there are none among a few, one of the drawn world's own is asked.

    Args:
        asker: as `models.qgnet.load_asker` gives it; None has the drawn world ask all of them.
        shown: what to ask about, 1 scene or more; the first fifty are used.
        seed: decides on all questions, their order, and the answers to choose from.

    Returns:
        The picture and the question, up to four buttons with answers, what is said to the one that is clicked, the
        score, and a button for the next question. Its `answer` takes a question's number, from 1, and what was chosen,
        and gives HTML: whether that is right, and why.
    """
    stage = _Stage(shown)
    order = np.random.default_rng(seed).permutation(len(stage.scenes))
    known = _known_answers([*stage.scenes, *scenes.sample(KNOWN_FROM, seed, "train")])

    @cache
    def pose(number: int) -> _Posed:
        rng = np.random.default_rng((seed, number))
        row = int(order[(number - 1) % len(order)])
        wished = language.ask_several(stage.scenes[row], rng, WISHED)
        own = _own_question(asker, stage.pictures[row], wished, language.questions(stage.scenes[row]), rng)
        question = own or wished[0]
        options = _options(question, stage.scenes[row], known, rng)
        return _Posed(row + 1, question, options, "the network" if own else "the rules")

    def answer(number: int, chosen: str) -> str:
        question = pose(number).question
        told = "✓ Right." if chosen == question.short else f"✗ Not “{chosen}”."
        return f'<p role="status">{escape(f"{told} {question.answer}")}</p>'

    picture, asked, told = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
    buttons = [ipywidgets.Button(layout=ipywidgets.Layout(width="auto")) for _ in range(OPTIONS)]
    further = ipywidgets.Button(description="Next question", icon="arrow-right")
    numbers, marks = itertools.count(1), []
    number = 0

    def go_on(_=None) -> None:
        nonlocal number
        number = next(numbers)
        posed = pose(number)
        picture.value = stage.shown(posed.scene)
        asked.value = (
            f'<p style="font-size: 1.3em">{number}. {escape(posed.question.question)}</p>'
            f"<p><small>Asked by {posed.by}.</small></p>"
        )
        told.value = _score(marks)
        _label(buttons, posed.options)
        for button in buttons:
            button.disabled, button.icon, button.button_style = False, "", ""

    def choose(clicked: ipywidgets.Button) -> None:
        if clicked.disabled:  # a second click that was on its way
            return
        right = pose(number).question.short
        marks.append(clicked.description == right)
        told.value = answer(number, clicked.description) + _score(marks)
        for button in buttons:
            button.disabled = True
            if button.description == right:
                button.icon, button.button_style = "check", "success"
            elif button is clicked:
                button.icon, button.button_style = "times", "danger"

    for button in buttons:
        button.on_click(choose)
    further.on_click(go_on)
    go_on()
    wrapped = {"layout": ipywidgets.Layout(flex_flow="row wrap", grid_gap="0 2em")}
    questions = ipywidgets.VBox([asked, ipywidgets.HBox(buttons, **wrapped), told, further])
    first = pose(1)
    still = plots.told(
        stage.pictures[first.scene - 1],
        [
            ("the question", first.question.question),
            *((f"answer {letter}", option) for letter, option in zip("abcd", first.options, strict=False)),
            ("right is", first.question.answer),
        ],
        alt="One drawn scene, a question about it, the answers to choose from, and the right one",
    )
    return Playable(ipywidgets.HBox([picture, questions], **wrapped), still, answer)


def _own_question(
    asker: qgnet.Asker | None,
    picture: np.ndarray,
    wished: Sequence[language.Question],
    asked: Sequence[language.Question],
    rng: np.random.Generator,
) -> language.Question | None:
    """The first question that a network asks when told an answer, and to which that is the answer."""
    if asker is None:
        return None
    shorts, seed = [one.short for one in wished], int(rng.integers(2**31))
    texts = asker.ask(picture[np.newaxis].repeat(len(shorts), axis=0), shorts, seed=seed)
    by_text = {one.question: one for one in asked}
    found = (by_text.get(text) for text in texts)
    return next((one for one, short in zip(found, shorts, strict=True) if one and one.short == short), None)


def _known_answers(seen: Sequence[Scene]) -> dict[tuple[str, bool], list[str]]:
    """All answers to each sort of question about some scenes."""
    found = defaultdict(set)
    for scene in seen:
        for one in language.questions(scene):
            found[_sort(one)].add(one.short)
    return {sort: sorted(answers) for sort, answers in found.items()}


def _sort(question: language.Question) -> tuple[str, bool]:
    """Its kind, and whether the answer is a place or a certain thing: "the floor" and not "cat"."""
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
        others -= {noun(thing.kind) for thing in scene.things}
    chosen = [str(other) for other in rng.permutation(sorted(others))[: OPTIONS - 1]]
    return [str(option) for option in rng.permutation([question.short, *chosen])]


def _score(marks: Sequence[bool]) -> str:
    return f"<p>{sum(marks)} of {len(marks)} right</p>" if marks else ""
