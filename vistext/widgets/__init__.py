"""Every interactive part that a lesson shows: a module for each lesson's, and `parts`, of which they are made.

Each is a `Playable`: live where a kernel runs, and its still picture everywhere else (on GitHub, printed, exported).
What moves is drawn by Pillow, not matplotlib, so that a slider answers in milliseconds.
"""

from vistext import environment

# ruff: noqa: E402
environment.require("ipywidgets")  # with a remedy, which the import of it below would not give

from vistext.widgets.acting import click_a_thing
from vistext.widgets.asking import ask
from vistext.widgets.describing import best_of_n, describe_by_z
from vistext.widgets.detecting import thresholds
from vistext.widgets.inventing import film, walk_through_z
from vistext.widgets.parts import Playable
from vistext.widgets.quizzing import quiz
from vistext.widgets.searching import search
from vistext.widgets.tagging import KERNELS, kernel_explorer, your_picture
from vistext.widgets.writing import sentence_sampler

__all__ = [
    "KERNELS",
    "Playable",
    "ask",
    "best_of_n",
    "click_a_thing",
    "describe_by_z",
    "film",
    "kernel_explorer",
    "quiz",
    "search",
    "sentence_sampler",
    "thresholds",
    "walk_through_z",
    "your_picture",
]
