"""Lesson 02: what is where, as boxes and as masks."""

from vistext.tasks.detection import model, segmenter, train

__all__ = ["model", "segmenter", "train"]
