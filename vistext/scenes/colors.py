"""The colors of objects, in the tones in which they are drawn."""

from functools import cache

import numpy as np

from vistext.scenes.vector_art import INDEX, TONES

Rgb = tuple[int, int, int]

NAMED: dict[str, Rgb] = {
    "black": (58, 56, 66),
    "blue": (66, 122, 216),
    "brown": (146, 96, 58),
    "green": (92, 172, 84),
    "grey": (152, 158, 170),
    "orange": (244, 152, 58),
    "red": (222, 66, 60),
    "white": (246, 244, 240),
    "yellow": (250, 208, 68),
}
# A word names another color on another object.
OF_KIND: dict[tuple[str, str], Rgb] = {
    ("dog", "yellow"): (238, 200, 112),
    ("deer", "brown"): (176, 118, 70),
    ("horse", "brown"): (150, 88, 50),
}
FIXED: dict[str, Rgb] = {
    "ink": (38, 32, 42),
    "white": (255, 255, 255),
    "eye": (150, 206, 90),
    "pink": (244, 150, 150),
    "beak": (250, 164, 48),
    "second": (244, 240, 230),
    "third": (206, 76, 66),
    "glass": (172, 216, 238),
    "metal": (178, 184, 194),
    "tyre": (52, 50, 58),
    "glow": (255, 238, 160),
    "hair": (70, 52, 44),
    "horn": (204, 166, 118),
    "skin": (240, 196, 160),
    "earth": (140, 104, 72),
    "wood": (150, 104, 66),
    "window": (96, 128, 160),
    "shadow": (24, 26, 44),
    "puff": (236, 236, 238),
    "foam": (255, 255, 255),
    "ripple": (98, 164, 208),
}
UNUSED: Rgb = (255, 0, 255)  # striking, should it ever be seen
NIGHT_INK: Rgb = (44, 34, 60)


def mix(color: Rgb, other: Rgb, percent: int) -> Rgb:
    """A color of which so much is another."""
    red, green, blue = ((a * (100 - percent) + b * percent + 50) // 100 for a, b in zip(color, other, strict=True))
    return red, green, blue


def tones(kind: str, color: str) -> np.ndarray:
    """The colors of all tones for an object: float32 [tones, 3], whole numbers from 0 to 255."""
    body = OF_KIND.get((kind, color), NAMED[color])
    dark = {"black": 34, "white": 15}.get(color, 24)
    # Yellow in the shade is golden; mixed with the night it would be olive.
    shade, dark = ((206, 118, 44), 42) if color == "yellow" else (NIGHT_INK, dark)
    palette = FIXED | {
        "nothing": (0, 0, 0),
        "body": body,
        "shade": mix(body, shade, dark),
        "far": mix(body, shade, dark + 16),
        "light": mix(body, (255, 246, 232), 24 if color == "black" else 55),
        "line": mix(body, NIGHT_INK, 62),
    }
    return np.array([palette.get(name, UNUSED) for name in TONES], np.float32)


# Of settings: by day and by night.
SCENERY: dict[str, tuple[Rgb, Rgb]] = {
    "sky": ((118, 184, 236), (44, 56, 118)),
    "sky_low": ((206, 232, 246), (98, 106, 164)),
    "sun": ((255, 226, 110), (250, 244, 214)),
    "halo": ((224, 232, 214), (62, 74, 136)),
    "star": ((255, 255, 255), (255, 248, 206)),
    "cloud": ((255, 255, 255), (116, 124, 176)),
    "cloud_low": ((226, 238, 248), (98, 108, 162)),
    "far_hill": ((158, 200, 178), (78, 98, 144)),
    "hill": ((132, 188, 132), (68, 102, 130)),
    "meadow": ((150, 206, 108), (84, 138, 130)),
    "meadow_near": ((112, 178, 84), (72, 120, 116)),
    "blade": ((92, 154, 72), (56, 98, 98)),
    "petal": ((255, 244, 170), (188, 196, 196)),
    "leaf": ((100, 164, 88), (60, 106, 112)),
    "leaf_dark": ((76, 136, 82), (48, 86, 100)),
    "trunk": ((136, 104, 78), (78, 74, 98)),
    "lake": ((128, 196, 226), (80, 112, 176)),
    "lake_near": ((78, 152, 204), (64, 92, 156)),
    "wave": ((206, 234, 246), (140, 164, 212)),
    "shore": ((216, 204, 152), (120, 128, 142)),
    "skirting": ((250, 246, 238), (212, 196, 180)),
    "frame": ((252, 250, 244), (216, 200, 184)),
    "pane": ((142, 202, 240), (30, 40, 92)),
    "pane_low": ((212, 236, 248), (70, 80, 138)),
    "shelf": ((158, 112, 76), (130, 88, 66)),
    "book_a": ((206, 104, 92), (170, 84, 80)),
    "book_b": ((98, 136, 172), (80, 104, 142)),
    "book_c": ((226, 190, 110), (188, 150, 96)),
    "pot": ((214, 128, 92), (176, 100, 80)),
    "plant": ((104, 162, 98), (80, 124, 88)),
    "lamp": ((250, 226, 150), (255, 236, 170)),
    "light_cone": ((255, 240, 190), (140, 140, 160)),
    "house_a": ((244, 212, 170), (122, 114, 154)),
    "house_b": ((232, 176, 152), (112, 98, 144)),
    "house_c": ((190, 212, 216), (98, 112, 160)),
    "house_d": ((248, 232, 200), (134, 126, 164)),
    "roof_a": ((192, 106, 84), (94, 74, 116)),
    "roof_b": ((140, 120, 128), (80, 78, 118)),
    "door": ((150, 108, 84), (72, 62, 100)),
    "lit": ((255, 230, 140), (255, 222, 130)),
    "unlit": ((150, 190, 214), (66, 74, 122)),
    "pavement": ((214, 208, 200), (140, 142, 176)),
    "slab": ((194, 188, 182), (124, 126, 162)),
    "kerb": ((234, 230, 222), (164, 166, 194)),
    "tarmac": ((150, 150, 160), (108, 112, 148)),
    "tarmac_near": ((128, 128, 140), (96, 100, 138)),
    "marking": ((244, 240, 226), (208, 208, 222)),
    "post": ((92, 98, 108), (54, 56, 90)),
    "bulb": ((252, 240, 196), (255, 236, 150)),
    "stone": ((214, 202, 182), (140, 140, 170)),
    "stone_near": ((192, 178, 158), (124, 124, 156)),
    "stone_joint": ((172, 158, 140), (106, 108, 142)),
    "stone_edge": ((158, 144, 130), (92, 92, 128)),
    "bollard": ((86, 84, 96), (44, 44, 74)),
    "coast": ((150, 186, 160), (74, 94, 134)),
    "tower": ((248, 244, 236), (150, 152, 180)),
    "tower_band": ((206, 92, 84), (122, 70, 104)),
}
# Of rooms and what stands in them; a scene has one of each.
WALLS: tuple[Rgb, ...] = (
    (236, 216, 180),
    (196, 220, 206),
    (196, 212, 232),
    (240, 208, 200),
    (220, 208, 230),
    (232, 230, 214),
)
FLOORS: tuple[Rgb, ...] = ((188, 142, 98), (168, 118, 82), (206, 172, 128), (176, 168, 160))
CLOTHS: tuple[Rgb, ...] = ((104, 148, 160), (190, 108, 110), (130, 120, 170), (120, 156, 110), (200, 150, 90))
LAMPLIGHT: Rgb = (150, 96, 60)  # of a lamp in the evening, mixed into the colors of a room
ROOMS = len(WALLS) * len(FLOORS) * len(CLOTHS) ** 2


@cache
def scenery(night: bool, room: int) -> np.ndarray:
    """The same for a setting and for furniture; `room` in [0, `ROOMS`) is its wall, floor and cloths."""
    palette = {name: colors[night] for name, colors in SCENERY.items()}
    room, wall_index = divmod(room, len(WALLS))
    room, floor_index = divmod(room, len(FLOORS))
    rug_index, cloth_index = divmod(room, len(CLOTHS))
    wall, floor, cloth, rug = WALLS[wall_index], FLOORS[floor_index], CLOTHS[cloth_index], CLOTHS[rug_index]
    white, wood, card = (255, 250, 240), (176, 124, 80), (206, 164, 112)
    inside = {
        "wall": wall,
        "wall_low": mix(wall, white, 30),
        "boards": floor,
        "boards_near": mix(floor, (90, 60, 50), 14),
        "joint": mix(floor, (80, 50, 44), 26),
        "curtain": cloth,
        "poster": white,
        "motif": mix(cloth, white, 20),
        "rug": rug,
        "rug_band": mix(rug, white, 45),
        "card": card,
        "card_dark": mix(card, (90, 60, 40), 38),
        "card_tape": mix(card, white, 40),
        "top": wood,
        "leg": mix(wood, (80, 50, 40), 24),
        "line": (98, 68, 54),
        "shadow": FIXED["shadow"],
    }
    if night:
        inside = {name: mix(color, LAMPLIGHT, 18) for name, color in inside.items()}
    palette |= inside
    return np.array([palette.get(name, UNUSED) for name in TONES], np.float32)


@cache
def lit(kind: str, color: str, light: Rgb) -> np.ndarray:
    """As `tones`, in a light that is given in 256ths."""
    palette = tones(kind, color)
    dimmed = np.floor(palette * np.array(light, np.float32) / 256)
    dimmed[INDEX["glow"]] = palette[INDEX["glow"]]  # shines by itself
    return dimmed
