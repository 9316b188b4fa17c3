"""The drawn world's words, written down once more, and scenes to speak of: for the tests of the language.

The tests take nothing from the tables of the language itself.
"""

import re
from functools import cache

import numpy as np

from vistext.scenes import Box, Scene, SceneObject, course_scene, ontology, sample
from vistext.scenes.language import describe

COURSE = course_scene()
# Kind → one, several.
NOUNS = {kind: (kind, f"{kind}s") for kind in ["airplane", "bird", "cat", "dog", "frog", "horse", "ship", "truck"]}
NOUNS |= {"automobile": ("car", "cars"), "deer": ("deer", "deer")}
OTHER_NOUNS = {"plane": "airplane", "planes": "airplane", "automobile": "automobile", "automobiles": "automobile"}
# Posture → what one does who does that.
VERBS = {
    "sitting": "sit",
    "lying": "lie",
    "sleeping": "sleep",
    "standing": "stand",
    "walking": "walk",
    "running": "run",
    "jumping": "jump",
    "flying": "fly",
    "swimming": "swim",
    "sailing": "sail",
    "driving": "drive",
    "parked": "park",
    "anchored": "anchor",
}
# Of what one does oneself: "it is ...", "it ...", "they ...".
FORMS = {
    posture: (posture, "flies" if verb == "fly" else f"{verb}s", verb)
    for posture, verb in VERBS.items()
    if posture.endswith("ing")
}


@cache
def scenes(n=60, seed=11, split="train"):
    return tuple(sample(n, seed, split))


@cache
def said(length, n=60):
    """Pairs of a scene and a text about it, of all splits."""
    rng = np.random.default_rng(5)
    chosen = [scene for split in ontology.SPLITS for scene in scenes(n // len(ontology.SPLITS), 7, split)]
    return tuple((scene, describe(scene, length, rng)) for scene in chosen)


def obj(words, left, ground, facing="right"):
    """An object in five words, its left edge and its ground in 64ths of the picture."""
    size, color, kind, posture, place = words.split()
    width, height = (extent * {"small": 0.65, "large": 1.0}[size] for extent in ontology.EXTENT[kind][posture])
    box = Box(left / 64, (ground - height) / 64, width / 64, height / 64)
    return SceneObject(kind, color, size, posture, place, box, facing)


@cache
def home():
    """At night, indoors, from left to right: a black cat, a brown dog, a white cat; all of them small."""
    return Scene(
        (
            obj("small black cat sitting floor", 4, 48),
            obj("small white cat sleeping mat", 40, 58),
            obj("small brown dog walking floor", 16, 61, facing="left"),
        ),
        "indoors",
        "night",
    )


def english(text):
    """With the article that the next word needs."""
    return re.sub(r"\b([Aa])n? (?=(\w))", lambda m: m[1] + ("n " if m[2] in "aeiou" else " "), text)
