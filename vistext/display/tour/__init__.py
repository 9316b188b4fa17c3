"""One picture through every task of the course: a photograph is tagged, a drawn scene goes through all the others.

Each task's answer is one `Section`, and the command line and the page show whatever `TourResult.sections` holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from vistext import scenes
from vistext.data import images
from vistext.display.tour import page, sections
from vistext.display.tour.section import Figure, Section
from vistext.display.tour.sections import SceneInput, sentence
from vistext.nn import weights
from vistext.scenes import language

__all__ = ["NotReadyError", "Subject", "TourResult", "sentence", "tour"]

CAT = "skimage.data.chelsea"
# For each kind of subject its tasks, and the shipped weights that they need.
TASKS_OF_A_PHOTOGRAPH: tuple[Callable[[np.ndarray], Section], ...] = (sections.tags,)
TASKS_OF_A_SCENE: tuple[Callable[[SceneInput], Section], ...] = (
    sections.boxes,
    sections.masks,
    sections.captions,
    sections.answers,
    sections.frames,
)
WEIGHTS_OF_A_PHOTOGRAPH = ("tagger",)
WEIGHTS_OF_A_SCENE = ("captioner_gan", "detector", "discriminator", "image_encoder", "qgnet", "segmenter", "srl")
LARGE = 480  # pixels: the side at which the page shows a drawn scene; its networks see it at 64


class NotReadyError(RuntimeError):
    """The tour lacks something that should have come with vistext; the message says what."""


@dataclass(frozen=True)
class Subject:
    """A picture that the tour is about."""

    name: str  # the file's name without its folder, or what is drawn
    source: str  # the path as given, or what the picture comes from
    picture: np.ndarray  # uint8 [h, w, 3]
    alt: str  # what it shows
    credit: str  # whose it is

    @property
    def size(self) -> str:
        height, width = self.picture.shape[:2]
        return f"{width} × {height} pixels"

    def facts(self) -> dict:
        height, width = self.picture.shape[:2]
        return {"name": self.name, "source": self.source, "width": width, "height": height}

    def figure(self) -> Figure:
        return Figure(self.picture, self.alt, f"{self.credit} · {self.size}", "hero")


@dataclass(frozen=True)
class TourResult:
    """The pictures, and what every task found in them."""

    subjects: tuple[Subject, ...]
    sections: tuple[Section, ...]  # in the order of the lessons
    seconds: float  # from the call to the answer, TensorFlow's start included where it had not started yet

    def facts(self) -> dict:
        """What was found, ready for JSON."""
        facts: dict[str, Any] = {"pictures": [subject.facts() for subject in self.subjects]}
        for section in self.sections:
            facts |= section.facts
        return facts | {"versions": versions(), "seconds": round(self.seconds, 2)}

    def html(self) -> str:
        """The page; see `tour.page`."""
        made_with = " · ".join(f"{name} {version}" for name, version in versions().items())
        return page.document(
            title="What can be said about one picture?",
            heroes=[subject.figure() for subject in self.subjects],
            sections=self.sections,
            footer=f"Made on this computer in {self.seconds:.1f} seconds; nothing was sent anywhere. {made_with}",
        )


def tour(picture_path: str | PathLike | None = None, *, scene: scenes.Scene | None = None) -> TourResult:
    """Take one picture through every task.

    What cannot be done is refused at once: before TensorFlow is imported.

    Args:
        picture_path: a photograph, as `vistext.data.images.open_picture` takes it, to be tagged.
        scene: a scene to be drawn. With neither, the tour is of the course's two cats: scikit-image's
            photograph of one, and `scenes.course_scene()`.

    Raises:
        vistext.data.images.PictureError: the file is missing, not a picture, cut short or too large.
        NotReadyError: shipped weights are missing or damaged.
        ValueError: both a picture and a scene are given.
    """
    if picture_path is not None and scene is not None:
        raise ValueError("a tour is of a picture or of a scene, not of both")
    began = time.perf_counter()
    subjects: list[Subject] = []
    tasks: list[Callable[[], Section]] = []
    needed: tuple[str, ...] = ()
    if scene is None:
        subjects.append(photograph := _photograph(picture_path))
        tasks += [partial(task, photograph.picture) for task in TASKS_OF_A_PHOTOGRAPH]
        needed += WEIGHTS_OF_A_PHOTOGRAPH
    if picture_path is None:
        given = SceneInput(scene or scenes.course_scene())
        subjects.append(_drawn(given.scene))
        tasks += [partial(task, given) for task in TASKS_OF_A_SCENE]
        needed += WEIGHTS_OF_A_SCENE
    try:
        for name in needed:
            weights.verify(name)
    except (OSError, ValueError) as error:
        raise NotReadyError(f"{error}; `vistext doctor` says what to do") from error
    with eager_networks():
        results = tuple(task() for task in tasks)
    return TourResult(tuple(subjects), results, time.perf_counter() - began)


@contextmanager
def eager_networks() -> Iterator[None]:
    """Run networks uncompiled: for a single picture, to compile them takes more time and memory than it saves."""
    from vistext.nn.engine import tf

    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def _photograph(path: str | PathLike | None) -> Subject:
    if path is None:
        credit = "Chelsea the cat, by Stéfan van der Walt (CC0), from scikit-image"
        return Subject("cat", CAT, images.cat(), "Photograph of a tabby cat's face", credit)
    # A file's name may hold anything; on a page and in a terminal it must not do anything.
    name = "".join(letter if letter.isprintable() else "?" for letter in Path(path).name)
    return Subject(name, fspath(path), images.open_picture(path), f"The picture that was given: {name}", name)


def _drawn(scene: scenes.Scene) -> Subject:
    title = language.describe(scene, "title", np.random.default_rng(0))
    picture = scenes.draw(scene, LARGE).picture
    return Subject(title, "vistext.scenes", picture, f"Drawing: {title}", f"Drawn by vistext: {title}")


def versions() -> dict[str, str]:
    """The versions behind a result, by name."""
    import platform

    from vistext import __version__
    from vistext.nn.engine import keras, tf

    return {
        "vistext": __version__,
        "Python": platform.python_version(),
        "TensorFlow": tf.__version__,
        "Keras": keras.__version__,
        "NumPy": np.__version__,
    }
