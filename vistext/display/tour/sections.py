"""What each task says about a picture: one `Section` a task, which finds its own answer and tells it in four ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from vistext.data import images
from vistext.data.cifar10 import CLASSES
from vistext.display import overlays
from vistext.display.overlays import describe_location, place
from vistext.display.tour import page
from vistext.scenes import Drawing, Scene, course_scene, draw, language, ontology

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vistext.tasks.detection.model import Detections
    from vistext.tasks.srl.model import PredictedFrame

SEEN = 32  # the side, in pixels, of what the tagger is given
SHOWN = 480  # the side, in pixels, at which the page shows the same part of the picture
EXAMPLE = "A cat is sitting on the floor."  # what the course says of its own picture
ASKED = 4  # questions after the first, one of a kind, of those kinds that come first here
KINDS_ASKED = ("who is left of", "compare", "which colour", "how many", "what is it doing", "is there")
DRAWS, TRIES = 4, 12  # other sentences that are shown, and what they are taken from: some are drawn more than once
SURE = 0.5  # the tagger is calibrated: below this its first tag is more likely wrong than right


@cache
def _cached(load: Callable):
    """What `load` of a model's module gives: a second tour asks the same networks, and so takes a second."""
    return load()


class Section(Protocol):
    """What one task says about the picture."""

    title: ClassVar[str]  # the question that the task answers, as a heading
    weights: ClassVar[tuple[str, ...]]  # the shipped weights that it asks

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""

    def facts(self) -> dict:
        """The answer for machines: keys that no other section uses, values that JSON can hold."""

    def lines(self) -> RenderableType:
        """The answer for a terminal, without the sentence."""

    def html(self) -> str:
        """The answer for the page, without the title and the sentence; whatever came from outside is escaped."""


@dataclass(frozen=True)
class Tags:
    """What is in the picture: the tagger's answer."""

    probabilities: dict[str, float]  # tag → probability, most likely first
    seen: np.ndarray  # uint8 [32, 32, 3], what the network was given
    shown: np.ndarray  # uint8 [480, 480, 3], the same part of the picture as a person would see it
    heat: np.ndarray  # float32 [h, w] in [0, 1], how much each part spoke for the first tag (Grad-CAM)
    title: ClassVar[str] = "What is in it?"
    weights: ClassVar[tuple[str, ...]] = ("tagger",)

    @classmethod
    def of(cls, picture: np.ndarray) -> Tags:
        """Ask the tagger about a photograph, uint8 [h, w, 3]."""
        from vistext.metrics import grad_cam
        from vistext.tasks import classification

        model = _cached(classification.model.load)
        probabilities = classification.model.tag(model, picture)
        seen = images.center_crop(picture, SEEN)
        heat = grad_cam.grad_cam(model, seen, CLASSES.index(next(iter(probabilities))))
        return cls(probabilities, seen, images.center_crop(picture, SHOWN), heat)

    @property
    def first(self) -> str:
        """The most likely tag."""
        return next(iter(self.probabilities))

    @property
    def sentence(self) -> str:
        return sentence(self.probabilities)

    def facts(self) -> dict:
        return {
            "tags": list(self.probabilities),
            "probabilities": dict(self.probabilities),
            "sentence": self.sentence,
        }

    def lines(self) -> RenderableType:
        from rich import box
        from rich.bar import Bar
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("rank", justify="right", style="dim")
        table.add_column("tag")
        table.add_column("probability", justify="right")
        table.add_column("", width=30)
        for rank, (tag, probability) in enumerate(self.probabilities.items(), start=1):
            bar = Bar(size=1, begin=0, end=probability, width=30, color="cyan")
            table.add_row(str(rank), tag, percent(probability), bar, style="bold" if rank == 1 else None)
        return table

    def html(self) -> str:
        from vistext.metrics.grad_cam import overlay_heatmap

        chosen = with_article(self.first)
        bars = page.bars(
            {tag: (probability, percent(probability)) for tag, probability in self.probabilities.items()},
            caption="How likely each tag is, says the network",
        )
        note = (
            f"The network knows these {len(self.probabilities)} words and no others, and must choose among them, "
            "whatever the picture shows."
        )
        seen = page.figure(
            self.seen,
            alt=f"The middle of the picture, reduced to {SEEN} by {SEEN} coarse pixels",
            caption=f"What the network saw: the middle square, {SEEN} × {SEEN} pixels.",
            kind="pixels",
        )
        looked = page.figure(
            overlay_heatmap(self.shown, self.heat),
            alt=f"The middle of the picture in grey, lit up and in colour where it spoke for {chosen}, "
            f"{describe_location(self.heat)}",
            caption=f"What spoke for {chosen}: the brighter, the more (Grad-CAM).",
        )
        return f'{bars}\n<p class="note">{note}</p>\n{page.row(seen, looked)}'


@dataclass(frozen=True)
class Boxes:
    """Where the objects of a drawn scene are: the detector's answer."""

    drawing: Drawing  # the scene as the network saw it, with the boxes that it should find
    found: Detections
    title: ClassVar[str] = "Where is it?"
    weights: ClassVar[tuple[str, ...]] = ("detector",)

    @classmethod
    def of(cls, scene: Scene) -> Boxes:
        """Draw a scene, and ask the detector."""
        from vistext.tasks import detection

        drawing = draw(scene)
        [found] = detection.model.detect(_cached(detection.model.load), drawing.picture[np.newaxis])
        return cls(drawing, found)

    @property
    def _named(self) -> list[str]:
        return [ontology.KINDS[kind] for kind in self.found.kinds]

    @property
    def sentence(self) -> str:
        side = len(self.drawing.picture)
        middles = (self.found.boxes[:, :2] + self.found.boxes[:, 2:]) / 2 / side  # (objects, 2), x and y
        told = [
            f"{with_article(name)} {place(*middle)}" for name, middle in zip(self._named, middles.tolist(), strict=True)
        ]
        return f"The drawing shows {listed(told)}." if told else "The network finds nothing of which it is sure enough."

    def facts(self) -> dict:
        boxes = zip(self._named, self.found.scores.tolist(), self.found.boxes.tolist(), strict=True)
        return {
            "boxes": [
                {"kind": name, "score": score, "left": left, "top": top, "right": right, "bottom": bottom}
                for name, score, (left, top, right, bottom) in boxes
            ]
        }

    def lines(self) -> RenderableType:
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in ("thing", "score", "left", "top", "right", "bottom"):
            table.add_column(column, justify="left" if column == "thing" else "right")
        for name, score, edges in zip(self._named, self.found.scores, self.found.boxes, strict=True):
            table.add_row(name, percent(score), *(f"{edge:.1f}" for edge in edges))
        return table

    def html(self) -> str:
        notes = [percent(score) for score in self.found.scores]
        picture = self.drawing.picture
        found = page.figure(
            overlays.draw_boxes(picture, self.found.boxes, self.found.kinds, notes, SHOWN),
            alt=f"The drawing with a frame around each thing that was found: {listed(self._named) or 'nothing'}",
            caption="What the network found, and how sure it is.",
        )
        drawn = page.figure(
            overlays.draw_boxes(picture, self.drawing.boxes, self.drawing.kinds, side=SHOWN),
            alt=f"The drawing with the true frames: {listed([ontology.KINDS[kind] for kind in self.drawing.kinds])}",
            caption="What was drawn: the truth, which the network was not told.",
        )
        return page.row(found, drawn)


@dataclass(frozen=True)
class Masks:
    """Which pixels of a drawn scene belong to what: the segmenter's answer."""

    drawing: Drawing  # the scene as the network saw it, with the mask that it should find
    classes: np.ndarray  # uint8 [side, side]: 0 background, k + 1 kind k
    title: ClassVar[str] = "Which pixels are it?"
    weights: ClassVar[tuple[str, ...]] = ("segmenter",)

    @classmethod
    def of(cls, scene: Scene) -> Masks:
        """Draw a scene, and ask the segmenter."""
        from vistext.tasks import detection

        drawing = draw(scene)
        return cls(
            drawing, detection.segmenter.segment(_cached(detection.segmenter.load), drawing.picture[np.newaxis])[0]
        )

    @property
    def shares(self) -> dict[str, float]:
        """Kind → share of the picture's pixels, largest first; kinds that are not seen are left out."""
        counts = np.bincount(self.classes.ravel(), minlength=len(ontology.KINDS) + 1)[1:] / self.classes.size
        order = np.argsort(-counts, kind="stable")
        return {ontology.KINDS[kind]: float(counts[kind]) for kind in order if counts[kind]}

    @property
    def right(self) -> float:
        """The share of pixels that are given to what they belong to, 0 to 1."""
        return float(np.mean(self.classes == self.drawing.classes))

    @property
    def sentence(self) -> str:
        told = [f"{percent(share)} is {name}" for name, share in self.shares.items()]
        return f"Of the drawing {listed(told)}; the rest is background." if told else "All of it is background."

    def facts(self) -> dict:
        return {"masks": self.shares, "pixels_right": self.right}

    def lines(self) -> RenderableType:
        from rich.text import Text

        return Text(f"{percent(self.right)} of the pixels are given to what was drawn there.")

    def html(self) -> str:
        picture = self.drawing.picture
        found = page.figure(
            overlays.draw_masks(picture, self.classes, SHOWN),
            alt=f"The drawing in pale grey, with the pixels in colour that were given to: {listed(list(self.shares))}",
            caption=f"What the network says of each pixel; {percent(self.right)} of them are right.",
        )
        drawn = page.figure(
            overlays.draw_masks(picture, self.drawing.classes, SHOWN),
            alt="The same, with the pixels that were drawn as each thing",
            caption="What was drawn.",
        )
        return page.row(found, drawn)


@dataclass(frozen=True)
class Told:
    """Something that is said of a drawn scene."""

    what: str  # "title", "description" or "story", the likeliest; "another", drawn; or "the course's own"
    text: str
    score: float  # how likely it is that a person said it of this picture, says the judge: 0 to 1
    why_not: str  # in what it is not true; empty when it is

    @property
    def true(self) -> bool:
        """Whether all that is said is so."""
        return not self.why_not

    @property
    def remark(self) -> str:
        """What is wrong with it, in a sentence; empty when nothing is."""
        return "" if self.true else f"“{self.text}” is false: {self.why_not}."


@dataclass(frozen=True)
class Replied(Told):
    """An answer to a question about a drawn scene; `what` is the question, `score` the network's own probability."""

    expected: str  # the sentence that answers the question

    @property
    def remark(self) -> str:
        """What is wrong with it, and what would be right; empty when nothing is."""
        if self.text == self.expected:
            return ""
        return f"{super().remark or f'“{self.text}” is true.'} Expected was: “{self.expected}”"


@dataclass(frozen=True)
class Descriptions:
    """What one would say about a drawn scene: what the describer says, and what the judge thinks of it."""

    told: tuple[Told, ...]  # title, description, story, and then others
    title: ClassVar[str] = "What would one say about it?"
    weights: ClassVar[tuple[str, ...]] = ("image_encoder", "captioner_gan", "discriminator")

    @classmethod
    def of(cls, scene: Scene) -> Descriptions:
        """Draw a scene, let the describer speak, and ask the judge; what is true is known of the scene."""
        from vistext.nn.decoding import sample_noise
        from vistext.tasks import captioning

        speaker, judge = _cached(captioning.model.load), _cached(captioning.model.load_discriminator)
        grid = captioning.model.encode_images(speaker.image_encoder, draw(scene).picture[np.newaxis])  # (1, 64, c)
        said = []
        for length in captioning.model.LENGTHS:
            z = np.zeros((1, captioning.model.MAX_LENGTH[length]), "float32")  # with which the likeliest words are said
            if length == "description":
                z = np.concatenate([z, sample_noise(TRIES, captioning.model.MAX_LENGTH[length], 0)])
            texts = speaker.vocabulary.decode(speaker.generate(np.repeat(grid, len(z), axis=0), length, z=z).ids)
            said.append((length, texts[0]))
            if length == "description":
                others = [text for text in dict.fromkeys(texts) if text != texts[0]][:DRAWS]
        said += [("another", text) for text in others]
        if scene == course_scene():
            said.append(("the course's own", EXAMPLE))
        scores = judge.score_features(np.repeat(grid, len(said), axis=0), [text for _, text in said])
        return cls(
            tuple(
                Told(what, text, float(score), language.evaluate(text, scene).why)
                for (what, text), score in zip(said, scores, strict=True)
            )
        )

    @property
    def sentence(self) -> str:
        return next(told.text for told in self.told if told.what == "description")

    def facts(self) -> dict:
        return {
            "descriptions": [
                {"what": told.what, "text": told.text, "score": told.score, "true": told.true, "why_not": told.why_not}
                for told in self.told
            ]
        }

    def lines(self) -> RenderableType:
        return _in_lines(self.told, ("", "text", "match", "true?"))

    def html(self) -> str:
        caption = "What is said, how likely the judge finds it that a person said so, and whether it is true"
        note = (
            "Title, description and story are the likeliest ones, word for word; the others are drawn by chance. What"
            " is true is known from the scene, of which both networks see the picture only. They know drawings, and no"
            " photographs."
        )
        return _on_page(self.told, ("", "text", "match", "true?"), caption, note)


@dataclass(frozen=True)
class Answers:
    """What can be asked about a drawn scene: what QG-Net answers."""

    told: tuple[Replied, ...]
    title: ClassVar[str] = "What would it answer?"
    weights: ClassVar[tuple[str, ...]] = ("image_encoder", "qgnet")

    @classmethod
    def of(cls, scene: Scene) -> Answers:
        """Draw a scene, and ask QG-Net: first the first question there is, then the last of each of several kinds.

        About the course's own scene, the first is the one that the course asks: "What is the cat sitting on?"
        """
        from vistext.tasks import vqa

        first, *others = language.all_questions(scene)
        last = {one.kind: one for one in others}
        asked = [first, *[last[kind] for kind in KINDS_ASKED if kind in last][:ASKED]]
        pictures = np.repeat(draw(scene).picture[np.newaxis], len(asked), axis=0)
        answers = _cached(vqa.model.load).answer(pictures, [one.question for one in asked])
        return cls(
            tuple(
                Replied(one.question, said.text, said.probability, language.evaluate(said.text, scene).why, one.answer)
                for one, said in zip(asked, answers, strict=True)
            )
        )

    @property
    def sentence(self) -> str:
        return f"{self.told[0].what} {self.told[0].text}"

    def facts(self) -> dict:
        return {
            "answers": [
                {
                    "question": told.what,
                    "answer": told.text,
                    "probability": told.score,
                    "true": told.true,
                    "why_not": told.why_not,
                    "expected": told.expected,
                }
                for told in self.told
            ]
        }

    def lines(self) -> RenderableType:
        return _in_lines(self.told, ("question", "answer", "sure", "true?"))

    def html(self) -> str:
        caption = "What is asked, what the network answers, how likely it finds these words, and whether they are true"
        note = (
            "The network reads the question, sees the picture, and writes the answer word by word, each time the"
            " likeliest. It knows what can be asked about drawings, and no photographs."
        )
        return _on_page(self.told, ("question", "answer", "sure", "true?"), caption, note, kind="asked")


@dataclass(frozen=True)
class Roles:
    """Who does what in a drawn scene, where and which way: the frames that the roles network finds."""

    drawing: Drawing  # the scene as the network saw it
    frames: tuple[PredictedFrame, ...]  # the most prominent object's first
    told: tuple[Told, ...]  # each of them as a sentence
    title: ClassVar[str] = "Who does what?"
    weights: ClassVar[tuple[str, ...]] = ("image_encoder", "roles", "detector")

    @classmethod
    def of(cls, scene: Scene) -> Roles:
        """Draw a scene, and ask the network; what is true is known of the scene."""
        from vistext.tasks import srl

        drawing = draw(scene)
        [frames] = srl.model.load().frames(drawing.picture[np.newaxis])
        texts = [language.render_frame(frame.verb, frame.roles) for frame in frames]
        return cls(
            drawing,
            tuple(frames),
            tuple(
                Told(_as_roles(frame), text, frame.probability, language.evaluate(text, scene).why)
                for frame, text in zip(frames, texts, strict=True)
            ),
        )

    @property
    def sentence(self) -> str:
        return self.told[0].text

    def facts(self) -> dict:
        return {
            "frames": [
                {
                    "verb": frame.verb,
                    "roles": dict(frame.roles),
                    "sentence": told.text,
                    "probability": told.score,
                    "true": told.true,
                    "why_not": told.why_not,
                }
                for frame, told in zip(self.frames, self.told, strict=True)
            ]
        }

    def lines(self) -> RenderableType:
        return _in_lines(self.told, ("frame", "as a sentence", "sure", "true?"))

    def html(self) -> str:
        picture = self.drawing.picture
        found = page.figure(
            overlays.draw_boxes(
                picture,
                np.array([frame.edges(len(picture)) for frame in self.frames]),
                [frame.kind for frame in self.frames],
                [frame.verb for frame in self.frames],
                SHOWN,
            ),
            alt=f"The drawing with a box around each thing, and its verb: {listed([told.what for told in self.told])}",
            caption="Where the network finds the things of which it speaks.",
        )
        caption = (
            "Each verb with its roles, the most prominent thing first; the same as a sentence, and whether it is true"
        )
        note = (
            "The verb decides which roles there are: what runs has a direction, what sits has none. The network finds"
            " the frame; the sentence is made of it by a rule."
        )
        return (
            f"{_on_page(self.told, ('frame', 'as a sentence', 'sure', 'true?'), caption, note, kind='asked')}\n{found}"
        )


def _as_roles(frame: PredictedFrame) -> str:
    """ "sit (agent: cat, place: floor)" """
    return f"{frame.verb} ({', '.join(f'{role}: {value}' for role, value in frame.roles)})"


def _in_rows(told: Sequence[Told]) -> list[tuple[str, str, str, str]]:
    return [(each.what, each.text, percent(each.score), "true" if each.true else "false") for each in told]


def _in_lines(told: Sequence[Told], heads: Sequence[str]) -> RenderableType:
    """What is said of a scene, for a terminal; the third of the four columns holds numbers."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number == 2 else "left")
    for row in _in_rows(told):
        table.add_row(*map(Text, row))
    return table


def _on_page(told: Sequence[Told], heads: Sequence[str], caption: str, note: str, kind: str = "") -> str:
    """The same for the page, with what is wrong in it, and a note; see `page.table`."""
    remarks = "".join(f'<p class="note">{escape(each.remark)}</p>' for each in told if each.remark)
    table = page.table(heads, _in_rows(told), caption=caption, kind=kind)
    return f'{table}\n{remarks}<p class="note">{note}</p>'


def sentence(probabilities: dict[str, float]) -> str:
    """The sentence that a caption would begin with: how tags become text.

    Args:
        probabilities: at least two tags → probability, most likely first.

    >>> sentence({"cat": 0.92, "dog": 0.08})
    'The picture most likely shows a cat (92 %).'
    >>> sentence({"cat": 0.4, "automobile": 0.3, "dog": 0.3})
    'The network is unsure: perhaps a cat (40 %), perhaps an automobile (30 %).'
    """
    (first, probability), (second, next_probability) = list(probabilities.items())[:2]
    if probability >= SURE:
        return f"The picture most likely shows {with_article(first)} ({percent(probability)})."
    return (
        f"The network is unsure: perhaps {with_article(first)} ({percent(probability)}), "
        f"perhaps {with_article(second)} ({percent(next_probability)})."
    )


def with_article(noun: str) -> str:
    """The noun with its indefinite article: by its first letter, which is right for CIFAR-10's ten words."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def percent(probability: float) -> str:
    """A probability in [0, 1] in whole per cent; never a certain 0 or 100, which no network can know."""
    whole = round(100 * probability)
    if whole >= 100:
        return "> 99 %"
    return "< 1 %" if whole < 1 else f"{whole} %"


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them.

    >>> listed(["a cat", "a dog", "a frog"])
    'a cat, a dog and a frog'
    """
    *others, last = words or [""]
    return f"{', '.join(others)} and {last}" if others else last
