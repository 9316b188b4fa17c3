"""Lesson 07: who does what, where, as verbs and their roles."""

from vistext.tasks.srl import model, train, visible_area

__all__ = ["model", "train", "visible_area"]
