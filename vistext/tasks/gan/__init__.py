"""Lesson 04: pictures from noise."""

from vistext.tasks.gan import adversarial, metrics, model, train

__all__ = ["adversarial", "metrics", "model", "train"]
