"""Every widget that a lesson shows: a module for each lesson's, and `base`, of which they are made.

Each is a `Widget`: live where a kernel runs, and its still picture everywhere else (on GitHub, printed, exported).
What moves is drawn by Pillow, not matplotlib, so that a slider answers in milliseconds.
"""

from vistext import environment

# ruff: noqa: E402
environment.require("ipywidgets")  # with a remedy, which the import of it below would not give

from vistext.display.widgets.base import Widget
from vistext.display.widgets.captioning import describe_by_z, draw_and_check
from vistext.display.widgets.classification import KERNELS, kernel_explorer, your_picture
from vistext.display.widgets.detection import thresholds
from vistext.display.widgets.gan import training_film, walk_through_z
from vistext.display.widgets.language_model import sentence_sampler
from vistext.display.widgets.quiz import quiz
from vistext.display.widgets.retrieval import search
from vistext.display.widgets.srl import click_an_object
from vistext.display.widgets.vqa import ask

__all__ = [
    "KERNELS",
    "Widget",
    "ask",
    "click_an_object",
    "describe_by_z",
    "draw_and_check",
    "kernel_explorer",
    "quiz",
    "search",
    "sentence_sampler",
    "thresholds",
    "training_film",
    "walk_through_z",
    "your_picture",
]
