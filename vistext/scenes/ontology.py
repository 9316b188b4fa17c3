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

# Where an object of the kind may have the posture. In a box it sits: what stands there would seem to lie.
_PAWS = ("floor", "mat", "table", "grass", "pavement", "quay")
_STROLL = ("floor", "grass", "road", "pavement", "quay")
_HOOVES = ("grass", "road")
POSTURES: dict[str, dict[str, tuple[str, ...]]] = {
    "airplane": {"flying": ("sky",), "parked": ("grass",)},
    "automobile": {"driving": ("road",), "parked": ("road", "quay")},
    "bird": {
        "sitting": (*_PAWS, "box", "road"),
        "standing": (*_PAWS, "road"),
        "swimming": ("water",),
        "flying": ("sky",),
    },
    "cat": {
        "sitting": (*_PAWS, "box"),
        "lying": _PAWS,
        "sleeping": ("floor", "mat", "table", "grass", "quay"),
        "standing": (*_PAWS, "road"),
        "walking": _STROLL,
        "running": _STROLL,
        "jumping": ("floor", "grass", "pavement"),
    },
    "deer": {
        "lying": ("grass",),
        "standing": _HOOVES,
        "walking": _HOOVES,
        "running": _HOOVES,
        "jumping": ("grass",),
    },
    "dog": {
        "sitting": ("floor", "mat", "box", "grass", "pavement", "quay"),
        "lying": ("floor", "mat", "grass", "pavement", "quay"),
        "sleeping": ("floor", "mat", "grass", "quay"),
        "standing": ("floor", "mat", "grass", "road", "pavement", "quay"),
        "walking": _STROLL,
        "running": _STROLL,
        "jumping": ("floor", "grass", "pavement"),
        "swimming": ("water",),
    },
    "frog": {
        "sitting": ("floor", "mat", "box", "table", "grass", "road", "pavement", "quay"),
        "jumping": ("floor", "grass", "road", "pavement"),
        "swimming": ("water",),
    },
    "horse": {
        "lying": ("grass",),
        "standing": _HOOVES,
        "walking": _HOOVES,
        "running": _HOOVES,
        "jumping": ("grass",),
    },
    "ship": {"sailing": ("water",), "anchored": ("water",)},
    "truck": {"driving": ("road",), "parked": ("road", "quay")},
}

PREPOSITIONS = {
    "floor": "on",
    "mat": "on",
    "box": "in",
    "table": "on",
    "grass": "on",
    "road": "on",
    "pavement": "on",
    "quay": "on",
    "water": "in",  # ships are on it: see `SceneObject.preposition`
    "sky": "in",
}
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

# How wide and high an object is, so that a large one looks large among its kind and small ones can still be read.
EXTENT = {
    "airplane": {"flying": (42, 20), "parked": (42, 21)},
    "automobile": {"driving": (37, 18), "parked": (37, 18)},
    "bird": {"sitting": (25, 18), "standing": (24, 23), "swimming": (27, 18), "flying": (33, 22)},
    "cat": {
        "sitting": (21, 28),
        "lying": (32, 18),
        "sleeping": (28, 16),
        "standing": (32, 25),
        "walking": (32, 25),
        "running": (37, 21),
        "jumping": (33, 25),
    },
    "deer": {
        "lying": (32, 27),
        "standing": (29, 36),
        "walking": (30, 36),
        "running": (37, 33),
        "jumping": (36, 33),
    },
    "dog": {
        "sitting": (23, 29),
        "lying": (33, 19),
        "sleeping": (33, 17),
        "standing": (35, 26),
        "walking": (35, 26),
        "running": (38, 24),
        "jumping": (34, 27),
        "swimming": (30, 16),
    },
    "frog": {"sitting": (24, 19), "jumping": (30, 22), "swimming": (28, 13)},
    "horse": {
        "lying": (37, 26),
        "standing": (36, 34),
        "walking": (37, 34),
        "running": (42, 32),
        "jumping": (40, 34),
    },
    "ship": {"sailing": (42, 35), "anchored": (42, 35)},
    "truck": {"driving": (41, 24), "parked": (41, 24)},
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
