"""The drawn world: pictures of CIFAR-10's ten kinds of thing, of which everything that is true is known."""

from vistext.scenes.sampling import sample
from vistext.scenes.scene import Box, Relation, Scene, Thing, course_scene

__all__ = ["Box", "Relation", "Scene", "Thing", "course_scene", "sample"]
