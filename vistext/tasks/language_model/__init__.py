"""Lesson 03: the next word, and the missing one."""

from vistext.tasks.language_model import masked_lm, model, ngrams

__all__ = ["masked_lm", "model", "ngrams"]
