"""What goes with what in the drawn world: the tables that make a scene sensible.

All lengths are in 64ths of the picture, which are pixels at the usual size.
"""

from vistext.data.cifar10_formats import CLASSES

KINDS = CLASSES
SIZES = ("small", "large")
TIMES = ("day", "night")
FACINGS = ("left", "right")
VARIANTS = (0, 1, 2)
SPLITS = ("train", "val", "test", "compositional")
MAX_OBJECTS = 4

COLORS = {
    "airplane": ("white", "grey", "red", "blue", "yellow"),
    "automobile": ("red", "blue", "yellow", "green", "white", "black"),
    "bird": ("red", "blue", "yellow", "green", "white", "black"),
    "cat": ("orange", "grey", "black", "white", "brown"),
    "deer": ("brown", "grey", "white"),
    "dog": ("brown", "black", "white", "grey", "yellow"),
    "frog": ("green", "brown", "yellow", "red", "blue"),
    "horse": ("brown", "black", "white", "grey"),
    "ship": ("white", "red", "blue", "green", "black"),
    "truck": ("red", "blue", "yellow", "green", "white", "orange"),
}

# Kind → posture → how wide and high an object is (so that a large one looks large among its kind and small ones can
# still be read), and the places where it may have the posture. In a box it sits: what stands there would seem to lie.
_PAWS = "floor mat table grass pavement quay"
_STROLL = "floor grass road pavement quay"
_ABLE: dict[str, dict[str, tuple[int, int, str]]] = {
    "airplane": {"flying": (42, 20, "sky"), "parked": (42, 21, "grass")},
    "automobile": {"driving": (37, 18, "road"), "parked": (37, 18, "road quay")},
    "bird": {
        "sitting": (25, 18, f"{_PAWS} box road"),
        "standing": (24, 23, f"{_PAWS} road"),
        "swimming": (27, 18, "water"),
        "flying": (33, 22, "sky"),
    },
    "cat": {
        "sitting": (21, 28, f"{_PAWS} box"),
        "lying": (32, 18, _PAWS),
        "sleeping": (28, 16, "floor mat table grass quay"),
        "standing": (32, 25, f"{_PAWS} road"),
        "walking": (32, 25, _STROLL),
        "running": (37, 21, _STROLL),
        "jumping": (33, 25, "floor grass pavement"),
    },
    "deer": {
        "lying": (32, 27, "grass"),
        "standing": (29, 36, "grass road"),
        "walking": (30, 36, "grass road"),
        "running": (37, 33, "grass road"),
        "jumping": (36, 33, "grass"),
    },
    "dog": {
        "sitting": (23, 29, "floor mat box grass pavement quay"),
        "lying": (33, 19, "floor mat grass pavement quay"),
        "sleeping": (33, 17, "floor mat grass quay"),
        "standing": (35, 26, "floor mat grass road pavement quay"),
        "walking": (35, 26, _STROLL),
        "running": (38, 24, _STROLL),
        "jumping": (34, 27, "floor grass pavement"),
        "swimming": (30, 16, "water"),
    },
    "frog": {
        "sitting": (24, 19, "floor mat box table grass road pavement quay"),
        "jumping": (30, 22, "floor grass road pavement"),
        "swimming": (28, 13, "water"),
    },
    "horse": {
        "lying": (37, 26, "grass"),
        "standing": (36, 34, "grass road"),
        "walking": (37, 34, "grass road"),
        "running": (42, 32, "grass road"),
        "jumping": (40, 34, "grass"),
    },
    "ship": {"sailing": (42, 35, "water"), "anchored": (42, 35, "water")},
    "truck": {"driving": (41, 24, "road"), "parked": (41, 24, "road quay")},
}
POSTURES = {
    kind: {posture: tuple(places.split()) for posture, (_, _, places) in able.items()} for kind, able in _ABLE.items()
}
EXTENT = {
    kind: {posture: (width, height) for posture, (width, height, _) in able.items()} for kind, able in _ABLE.items()
}

PREPOSITIONS = dict.fromkeys(("floor", "mat", "box", "table", "grass", "road", "pavement", "quay"), "on")
PREPOSITIONS |= {"box": "in", "water": "in", "sky": "in"}  # ships are on the water: see `SceneObject.preposition`
PLACES = tuple(PREPOSITIONS)

# Which places each setting has.
SETTINGS = {
    "indoors": ("floor", "mat", "box", "table"),
    "field": ("grass", "water", "sky"),
    "street": ("road", "pavement", "sky"),
    "harbour": ("quay", "water", "sky"),
    "sky": ("sky",),
}

# Never in train, val or test; at least one of them in every scene of the compositional split.
HELD_OUT_PLACES = {
    "bird": ("road",),
    "cat": ("table",),
    "deer": ("road",),
    "dog": ("mat",),
    "frog": ("box",),
    "truck": ("quay",),
}
HELD_OUT_COLORS = {
    "airplane": ("yellow",),
    "automobile": ("green",),
    "bird": ("blue",),
    "dog": ("white",),
    "horse": ("grey",),
    "ship": ("red",),
}

# How many times its extent an object is, at least and at most; between the two sizes there is a gap.
SCALES = {"small": (0.55, 0.74), "large": (0.9, 1.15)}

LEAP = 0.2  # how high a jumping object is off the ground, in its own heights
TABLE_HEIGHT = 12
BOX_HIDES = 0.34  # how much of an object its box of cardboard hides

_ZONES = {
    "indoors": {"floor": (46, 62), "mat": (48, 60), "box": (50, 62), "table": (50, 58)},
    "field": {"grass": (40, 62), "water": (42, 50), "sky": (1, 28)},
    "street": {"pavement": (38, 42), "road": (46, 61), "sky": (1, 21)},
    "harbour": {"quay": (55, 62), "water": (34, 47), "sky": (1, 26)},
    "sky": {"sky": (1, 63)},
}
_SHORE = (55, 62)  # the grass before a pond


def zone(setting: str, place: str, places: set[str]) -> tuple[int, int]:
    """How far down the picture, in 64ths, an object may stand at a place; in the sky, what its box must stay within.

    `places` are all that the scene uses: where there is water in a field, grass is before it.
    """
    if setting == "field" and place == "grass" and "water" in places:
        return _SHORE
    return _ZONES[setting][place]
