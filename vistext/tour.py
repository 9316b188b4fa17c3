"""The main job: one picture through every task that has landed, and what each task says about it.

Today that is tagging (lesson 01). A task's outcome is one `Section`: a frozen dataclass that can tell itself in
words, as facts for machines, as lines for a terminal and as a piece of the page. A later lesson adds its section,
and a field in `TourResult`; the command line and the page show whatever `TourResult.sections` holds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from vistext import tour_page, weights
from vistext.data import pictures
from vistext.data.cifar10 import CLASSES

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vistext.engine import keras

SEEN = 32  # the side, in pixels, of what the tagger is given
SHOWN = 480  # the side, in pixels, at which the page shows the same part of the picture
SURE = 0.5  # the tagger is calibrated: below this its first tag is more likely wrong than right
CAT = "skimage.data.chelsea"


class NotReadyError(RuntimeError):
    """The tour lacks something that should have come with vistext; the message says what."""


class Section(Protocol):
    """What one task says about the picture."""

    @property
    def title(self) -> str:
        """The question that the task answers, as a heading."""

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
    title: str = "What is in it?"

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
        from vistext.explain import spotlight

        chosen = with_article(self.first)
        bars = tour_page.bars(
            {tag: (probability, percent(probability)) for tag, probability in self.probabilities.items()},
            caption="How likely each tag is, says the network",
        )
        note = (
            f"The network knows these {len(self.probabilities)} words and no others, and must choose among them, "
            "whatever the picture shows."
        )
        seen = tour_page.figure(
            self.seen,
            alt=f"The middle of the picture, reduced to {SEEN} by {SEEN} coarse pixels",
            caption=f"What the network saw: the middle square, {SEEN} × {SEEN} pixels.",
            kind="pixels",
        )
        looked = tour_page.figure(
            spotlight(self.shown, self.heat),
            alt=f"The middle of the picture in grey, lit up and in colour where it spoke for {chosen}, "
            f"{_where(self.heat)}",
            caption=f"What spoke for {chosen}: the brighter, the more (Grad-CAM).",
        )
        return f'{bars}\n<p class="note">{note}</p>\n{tour_page.row(seen, looked)}'


@dataclass(frozen=True)
class TourResult:
    """One picture and what every task said about it."""

    name: str  # the file's name without its folder
    source: str  # the path as given, or the name of the built-in photograph
    picture: np.ndarray  # uint8 [h, w, 3]
    tags: Tags
    seconds: float  # from the call to the answer, TensorFlow's start included where it had not started yet

    @property
    def sections(self) -> tuple[Section, ...]:
        """What each task said, in the order of the lessons."""
        return (self.tags,)

    def facts(self) -> dict:
        """Everything a machine may want to know, ready for JSON."""
        height, width = self.picture.shape[:2]
        facts = {"picture": {"name": self.name, "source": self.source, "width": width, "height": height}}
        for section in self.sections:
            facts |= section.facts()
        return facts | {"versions": versions(), "seconds": round(self.seconds, 2)}

    def html(self) -> str:
        """The self-contained page.

        Returns:
            One HTML document: pictures and style inside it, no scripts, nothing fetched.
        """
        height, width = self.picture.shape[:2]
        if self.source == CAT:
            alt = "Photograph of a tabby cat's face"
            credit = "Chelsea the cat, by Stéfan van der Walt (CC0), from scikit-image"
        else:
            alt, credit = f"The picture that was given: {self.name}", self.name
        hero = tour_page.figure(self.picture, alt=alt, caption=f"{credit} · {width} × {height} pixels", kind="hero")
        made_with = " · ".join(f"{name} {version}" for name, version in versions().items())
        return tour_page.document(
            title="What can be said about one picture?",
            hero=hero,
            sections=[(section.title, section.sentence, section.html()) for section in self.sections],
            footer=f"Made on this computer in {self.seconds:.1f} seconds; nothing was sent anywhere. {made_with}",
        )


def tour(picture_path: str | PathLike | None = None, *, model: keras.Model | None = None) -> TourResult:
    """Take one picture through every task.

    The picture is opened before TensorFlow is imported, so that a wrong file is refused at once.

    Args:
        picture_path: a JPEG, PNG or WebP file of any size; without one, scikit-image's photograph of a cat.
        model: a tagger, uint8 [n, h, w, 3] → logits [n, 10]; without one, the shipped weights.

    Returns:
        The picture and what every task said about it.

    Raises:
        vistext.data.pictures.PictureError: the file is missing, not a picture, cut short or too large.
        NotReadyError: the shipped weights are missing or damaged.
    """
    began = time.perf_counter()
    if picture_path is None:
        name, source, picture = "cat", CAT, pictures.cat()
    else:
        # A file's name may hold anything; on a page and in a terminal it must not do anything.
        name = "".join(letter if letter.isprintable() else "?" for letter in Path(picture_path).name)
        source = fspath(picture_path)
        picture = pictures.open_picture(picture_path)
    found = tags(picture, model=model)
    return TourResult(name, source, picture, found, time.perf_counter() - began)


def tags(picture: np.ndarray, *, model: keras.Model | None = None) -> Tags:
    """What is in the picture.

    Args:
        picture: uint8 [h, w, 3].
        model: as for `tour`.
    """
    if model is None:
        try:
            weights.verify("tagger")  # before TensorFlow, which takes seconds to start
        except (OSError, ValueError) as error:
            raise NotReadyError(f"{error}; `vistext doctor` says what to do") from error

    from vistext import explain
    from vistext.models import tagger

    model = tagger.load() if model is None else model
    probabilities = tagger.tag(model, picture)
    seen = pictures.square(picture, SEEN)
    heat = explain.grad_cam(model, seen, CLASSES.index(next(iter(probabilities))))
    return Tags(probabilities, seen, pictures.square(picture, SHOWN), heat)


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


def _where(heat: np.ndarray) -> str:
    """In words, the part of a 3×3 grid in which the heat has its centre of mass."""
    total = float(heat.sum())
    if total == 0:
        return "nowhere in particular"
    rows, columns = np.indices(heat.shape) + 0.5
    row = int(3 * (rows * heat).sum() / total / heat.shape[0])
    column = int(3 * (columns * heat).sum() / total / heat.shape[1])
    name = " ".join(word for word in (("top", "", "bottom")[row], ("left", "", "right")[column]) if word)
    return f"mostly at the {name or 'centre'}"


def versions() -> dict[str, str]:
    """The versions behind a result, by name; TensorFlow must have been imported."""
    import platform

    from vistext import __version__
    from vistext.engine import keras, tf

    return {
        "vistext": __version__,
        "Python": platform.python_version(),
        "TensorFlow": tf.__version__,
        "Keras": keras.__version__,
        "NumPy": np.__version__,
    }
