"""Lesson 01: what is in a picture."""

from vistext.tasks.classification import model, train

__all__ = ["model", "train"]
