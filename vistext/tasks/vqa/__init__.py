"""Lesson 06: questions about a picture, answered and asked."""

from vistext.tasks.vqa import model, train

__all__ = ["model", "train"]
