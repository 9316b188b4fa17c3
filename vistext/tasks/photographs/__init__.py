"""Real photographs: a captioner over the features of a pretrained backbone."""

from vistext.tasks.photographs import model, train

__all__ = ["model", "train"]
