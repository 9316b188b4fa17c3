"""Lesson 05: sentences about a picture."""

from vistext.tasks.captioning import adversarial, data, discriminator, image_encoder, model, object_queries, train

__all__ = ["adversarial", "data", "discriminator", "image_encoder", "model", "object_queries", "train"]
