"""The drawn world: pictures of CIFAR-10's ten kinds of object, of which everything that is true is known."""

from vistext.scenes.drawing import Drawing, Drawings, draw, draw_many
from vistext.scenes.sampling import TRAIN_SEED_OFFSET, sample
from vistext.scenes.scene import Box, Relation, Scene, SceneObject, course_scene

__all__ = [
    "TRAIN_SEED_OFFSET",
    "Box",
    "Drawing",
    "Drawings",
    "Relation",
    "Scene",
    "SceneObject",
    "course_scene",
    "draw",
    "draw_many",
    "sample",
]
