"""Lesson 08: text and picture together."""

from vistext.tasks.fusion import model, train

__all__ = ["model", "train"]
