"""Backdrops: five settings, by day and by night, each in several arrangements.

Drawn on a square of 64 by 64, y down. Where the ground is agrees with `ontology.zone`.
"""

from collections.abc import Callable

from vistext.scenes.sampling import Draws
from vistext.scenes.vector_art import Figure, box, curve, oval, points, turned

ARRANGEMENTS = 12  # of each setting
# For a tone, the one into which it turns, and between which heights.
GRADIENTS = {
    "indoors": {"wall": ("wall_low", 0, 42), "boards": ("boards_near", 42, 64), "pane": ("pane_low", 4, 26)},
    "field": {"sky": ("sky_low", 0, 36), "meadow": ("meadow_near", 34, 64), "lake": ("lake_near", 39, 54)},
    "street": {"sky": ("sky_low", 0, 36), "tarmac": ("tarmac_near", 44, 64)},
    "harbour": {"sky": ("sky_low", 0, 28), "lake": ("lake_near", 27, 52), "stone": ("stone_near", 52, 64)},
    "sky": {"sky": ("sky_low", 0, 64)},
}


def backdrop(setting: str, time: str, arrangement: int, water: bool) -> Figure:
    """Draw a setting in one of `ARRANGEMENTS`; `water` is whether a field has a pond."""
    figure = Figure()
    draw = Draws(arrangement, sum(map(ord, setting + time)))
    _DRAWN[setting](figure, draw, time == "night", water)
    return figure


def _cloud(figure: Figure, x: float, y: float, size: float) -> None:
    puffs = ((-4, 0.6, 3), (0, -0.6, 3.8), (4.2, 0.6, 3), (1.8, 0.4, 3), (-1.8, 0.6, 3))
    for across, down, radius in puffs:
        figure.shape("cloud", oval(x + across * size, y + down * size, radius * size, radius * size * 0.78))
    for across, _, radius in puffs:
        low = oval(x + across * size, y + 2.6 * size, radius * size, radius * size * 0.5)
        figure.shape("cloud_low", low, within="cloud")


def _heaven(figure: Figure, draw: Draws, night: bool, low: int, clouds: int) -> None:
    """Sky down to `low`, with clouds, and the sun or the moon and stars."""
    figure.shape("sky", box(0, 0, 64, 64))
    x, y = draw.between(7, 57), draw.between(5, max(6, low // 3))
    if night:
        for _ in range(22):
            star_x, star_y, size = draw.below(640) / 10, draw.below(low * 10) / 10, draw.between(3, 6) / 10
            figure.shape("star", oval(star_x, star_y, size, size, corners=8))
        figure.shape("halo", oval(x, y, 6.4, 6.4))
        figure.shape("sun", oval(x, y, 4, 4))
        figure.shape("halo", oval(x + 2, y - 1, 3.4, 3.4), within="sun")
    elif draw.below(4):
        figure.shape("halo", oval(x, y, 6, 6))
        figure.shape("sun", oval(x, y, 4.2, 4.2))
    for number in range(clouds):
        across = (number * 64 // clouds + draw.between(2, 20)) % 64
        _cloud(figure, across, draw.between(3, max(4, low * 2 // 3)), draw.between(6, 12) / 10)


def _tree(figure: Figure, x: float, bottom: float, size: float, pine: bool) -> None:
    figure.shape("trunk", box(x - 0.7 * size, bottom - 4 * size, x + 0.7 * size, bottom))
    if pine:
        for height, wide in ((3, 4.4), (6, 3.6), (9, 2.6)):
            low, top = bottom - height * size, bottom - (height + 5) * size
            figure.shape("leaf_dark", [(x - wide * size, low), (x, top), (x + wide * size, low)])
        return
    for across, rise, radius in ((-2.4, 5.4, 2.8), (2.4, 5.4, 2.8), (0, 7.6, 3.4)):
        figure.shape("leaf", oval(x + across * size, bottom - rise * size, radius * size, radius * size))
        shade = oval(x + across * size + 0.8, bottom - (rise - 1.8) * size, radius * size, radius * size * 0.5)
        figure.shape("leaf_dark", shade, within="leaf")


def _field(figure: Figure, draw: Draws, night: bool, water: bool) -> None:
    _heaven(figure, draw, night, 26, draw.between(1, 3))
    for tone, height, step in (("far_hill", 28, 23), ("hill", 32, 17)):
        tops = [(x, height + draw.between(-3, 3)) for x in range(-step, 64 + 2 * step, step)]
        figure.shape(tone, curve([*tops, (110, 60), (110, 90), (-50, 90), (-50, 60)]))
    for _ in range(draw.between(2, 5)):
        _tree(figure, draw.between(0, 64), draw.between(35, 37), draw.between(7, 11) / 10, draw.below(2) == 0)
    edge = [(x, 36 + draw.between(-1, 1)) for x in (-10, 8, 24, 40, 56, 74)]
    figure.shape("meadow", curve([*edge, (90, 50), (90, 90), (-30, 90), (-30, 50)]))
    if water:
        far, near = draw.between(-1, 1), draw.between(-1, 1)
        lake = points("-12,46 -6,40 14,39.4 40,39 62,39.6 76,45 66,53.4 44,54 20,53.6 -4,53")
        lake[2:4, 1] += far
        lake[7:9, 1] += near
        figure.shape("shore", curve([(x, y + (1 if y > 48 else -0.6)) for x, y in lake]))
        figure.shape("lake", curve(lake))
        _waves(figure, draw, 41, 53, 12)
    for _ in range(26):
        x, y = draw.below(640) / 10, draw.between(38, 63)
        _tuft(figure, x, y, draw.below(5) == 0)


def _tuft(figure: Figure, x: float, y: float, flowering: bool) -> None:
    if flowering:
        figure.shape("petal", oval(x, y, 0.75, 0.65, corners=10), within="meadow")
        return
    size = 0.6 + (y - 38) / 36
    for lean in (-0.8, 0, 0.8):
        blade = [(x - 0.28 * size, y), (x + lean * size, y - 1.9 * size), (x + 0.28 * size, y)]
        figure.shape("blade", blade, within="meadow")


def _waves(figure: Figure, draw: Draws, top: int, bottom: int, count: int) -> None:
    for _ in range(count):
        x, y = draw.below(640) / 10, draw.between(top, bottom)
        long = draw.between(15, 35) / 10 * (0.6 + (y - top) / 24)
        figure.shape("wave", oval(x, y, long, 0.32), within="lake")


def _sky(figure: Figure, draw: Draws, night: bool, _: bool) -> None:
    _heaven(figure, draw, night, 60, 0)
    for number in range(draw.between(4, 7)):
        _cloud(figure, draw.between(0, 64), 6 + number * 58 // 7 + draw.between(-3, 3), draw.between(7, 17) / 10)


def _street(figure: Figure, draw: Draws, night: bool, _: bool) -> None:
    _heaven(figure, draw, night, 20, draw.between(1, 2))
    x, walls = -draw.between(0, 6), ""
    while x < 64:
        wide = draw.between(11, 15)
        walls = draw.one_of([tone for tone in ("house_a", "house_b", "house_c", "house_d") if tone != walls])
        if draw.below(6):
            _house(figure, draw, night, walls=walls, x=x, wide=wide)
            x += wide + draw.below(2)
            continue
        for across in (3, 8):
            _tree(figure, x + across, 36.4, draw.between(8, 11) / 10, False)
        x += 11
    figure.shape("pavement", box(0, 36, 64, 44))
    for joint in range(draw.below(7), 64, 7):
        figure.shape("slab", points("0,36 0.5,36 -1.2,43 -1.8,43", joint))
    figure.shape("kerb", box(0, 42.8, 64, 44.2))
    figure.shape("tarmac", box(0, 44.2, 64, 64))
    for dash in range(-draw.below(14), 64, 14):
        figure.shape("marking", points("1,53.2 8,53.2 7.6,54.4 0.4,54.4", dash))
    lamp = draw.between(4, 60)
    figure.shape("post", box(lamp - 0.45, 22, lamp + 0.45, 41))
    if night:
        figure.shape("light_cone", oval(lamp, 21.6, 3.4, 3.4))
    figure.shape("bulb", oval(lamp, 21.6, 1.7, 1.5))
    figure.shape("post", points("-2.2,20.6 0,18.8 2.2,20.6", lamp))


def _house(figure: Figure, draw: Draws, night: bool, *, walls: str, x: float, wide: float) -> None:
    def window(middle: float, top: float) -> None:
        light = "lit" if night and draw.below(3) else "unlit"
        figure.shape(light, box(middle - 1.5, top, middle + 1.5, top + 3.2))

    top = draw.between(23, 26)
    figure.shape(walls, box(x, top, x + wide, 36.4))
    roof = draw.one_of(("roof_a", "roof_b"))
    if draw.below(3):
        figure.shape(roof, [(x - 1, top + 0.6), (x + wide / 2, top - 5.4), (x + wide + 1, top + 0.6)])
    else:
        figure.shape(roof, box(x - 0.6, top - 1.6, x + wide + 0.6, top + 0.6))
    door = draw.below(2)
    for column in range(2):
        middle = x + wide * (0.28 + 0.44 * column)
        window(middle, top + 2.2)
        if column == door:
            figure.shape("door", box(middle - 1.6, 31.2, middle + 1.6, 36.4))
        elif top < 25:
            window(middle, 30.4)


def _harbour(figure: Figure, draw: Draws, night: bool, _: bool) -> None:
    _heaven(figure, draw, night, 24, draw.between(2, 3))
    tops = [(x, 25.6 + draw.between(-20, 10) / 10) for x in range(-16, 90, 13)]
    figure.shape("coast", curve([*tops, (110, 40), (-50, 40)]))
    tower = draw.between(4, 60)
    figure.shape("tower", points("-1.6,27 -1,15 1,15 1.6,27", tower))
    for band in (17.4, 21.8):
        figure.shape("tower_band", box(tower - 3, band, tower + 3, band + 2.2), within="tower")
    if night:
        figure.shape("light_cone", oval(tower, 13.6, 3.2, 3.2))
    figure.shape("bulb", oval(tower, 13.6, 1.4, 1.4))
    figure.shape("tower_band", points("-1.7,12.6 0,10.8 1.7,12.6", tower))
    figure.shape("lake", box(0, 27.4, 64, 54))
    _waves(figure, draw, 30, 50, 30)
    figure.shape("stone", box(0, 51.6, 64, 64))
    figure.shape("stone_edge", box(0, 51, 64, 53.4))
    for joint in range(-draw.below(9), 70, 9):
        figure.shape("stone_joint", points("0,53.4 0.5,53.4 -1.4,64 -2.2,64", joint))
    figure.shape("stone_joint", box(0, 58.2, 64, 58.7))
    for bollard in (draw.between(3, 28), draw.between(36, 61)):
        figure.shape("bollard", box(bollard - 1.1, 49, bollard + 1.1, 52.6, 0.5))
        figure.shape("bollard", box(bollard - 1.7, 48.4, bollard + 1.7, 49.8, 0.5))


def _indoors(figure: Figure, draw: Draws, night: bool, _: bool) -> None:
    figure.shape("wall", box(0, 0, 64, 44))
    slots = [10.5, 32, 53.5]
    if draw.below(2):
        slots.reverse()
    _window(figure, slots.pop(draw.below(3)), draw, night)
    hung = [_poster, _shelf, _clock]
    for slot in slots:
        hung.pop(draw.below(len(hung)))(figure, slot + draw.between(-1, 1), draw)
    figure.shape("boards", box(0, 41, 64, 64))
    figure.shape("skirting", box(0, 39.6, 64, 41.6))
    staggered = draw.below(2)
    for y in (45.4, 50.4, 56.8) if staggered else (45, 50.4, 57.2):
        figure.shape("joint", box(0, y, 64, y + 0.4), within="boards")
    if staggered:
        for y, end in ((41.6, 45.4), (45.8, 50.4), (50.8, 56.8), (57.2, 64)):
            for x in range(-draw.below(16), 64, 21):
                figure.shape("joint", box(x, y, x + 0.4, end), within="boards")
    else:
        for x in range(-28, 98, 7):
            near = 32 + (x - 32) * 1.7
            figure.shape("joint", [(x, 41), (x + 0.4, 41), (near + 0.5, 64), (near, 64)], within="boards")
    if draw.below(3):
        _plant(figure, draw.one_of((4.6, 59.4)))


def _window(figure: Figure, x: float, draw: Draws, night: bool) -> None:
    figure.shape("frame", box(x - 8, 5, x + 8, 27))
    figure.shape("pane", box(x - 6.8, 6.2, x + 6.8, 25.8))
    if night:
        for _ in range(7):
            star = x + draw.between(-60, 60) / 10, draw.between(70, 220) / 10
            figure.shape("star", oval(*star, 0.45, 0.45, corners=8), within="pane")
        figure.shape("sun", oval(x + 2.6, 11.4, 2.6, 2.6), within="pane")
        figure.shape("pane", oval(x + 4, 10.6, 2.3, 2.3), within="sun")
    else:
        for across, y in ((-3, 11), (3.4, 15.6)):
            for shift in (-1.4, 0, 1.4):
                figure.shape("cloud", oval(x + across + shift, y - (shift == 0) * 0.7, 1.6, 1.3), within="pane")
    figure.shape("hill", curve(points("-14,26 -6,21.6 0,23 7,20.6 14,28 0,32", x)), within="pane")
    for side, low, high in ((0.5, 5, 27), (8, 15.4, 16.4), (9, 26, 28)):
        figure.shape("frame", box(x - side, low, x + side, high))
    drape = points("10,3.4 4.4,3.4 5.6,12 7.4,19 8,28.6 10,28.6")
    for side in (-1, 1):
        figure.shape("curtain", points(drape * (side, 1), x))
    figure.shape("skirting", box(x - 10.6, 2.6, x + 10.6, 4))


def _poster(figure: Figure, x: float, draw: Draws) -> None:
    high = draw.between(13, 17)
    figure.shape("frame", box(x - 6, 8, x + 6, 8 + high))
    figure.shape("poster", box(x - 4.9, 9.1, x + 4.9, 6.9 + high))
    kind = draw.below(3)
    low, middle = 6.9 + high, 8 + high / 2
    if kind == 0:
        hills = [(x - 5, low), *points("-1.4,-1 1.2,2 3,0", x, middle), (x + 5, low)]
        figure.shape("motif", hills, within="poster")
    elif kind == 1:
        figure.shape("motif", oval(x, middle, 3, 3), within="poster")
    else:
        for turn in (0, 60, 120, 180, 240, 300):
            figure.shape("motif", turned(oval(x + 2, middle, 1.7, 1.1), turn, (x, middle)), within="poster")


def _shelf(figure: Figure, x: float, draw: Draws) -> None:
    figure.shape("shelf", box(x - 8.4, 20.4, x + 8.4, 21.8))
    left = x - 7.2
    while left < x + 5:
        wide, high = draw.between(14, 22) / 10, draw.between(55, 85) / 10
        figure.shape(draw.one_of(("book_a", "book_b", "book_c")), box(left, 20.4 - high, left + wide, 20.4))
        left += wide + 0.25
    figure.shape("pot", points("5.4,18 5.8,20.4 7.8,20.4 8.2,18", x))
    figure.shape("plant", oval(x + 6.8, 16.4, 1.9, 2))


def _clock(figure: Figure, x: float, draw: Draws) -> None:
    figure.shape("frame", oval(x, 13, 5, 5))
    figure.shape("poster", oval(x, 13, 4, 4))
    for turn, long in ((30 * draw.below(12), 2), (30 * draw.below(12), 3)):
        figure.shape("motif", turned(box(x - 0.3, 13, x + 0.3, 13 + long), turn, (x, 13)))


def _plant(figure: Figure, x: float) -> None:
    for lean in (-26, 26, -52, 52, 0):
        figure.shape("plant", turned(oval(x, 36, 1.4, 5.4), lean, (x, 40.4)))
    figure.shape("leaf_dark", oval(x, 36.4, 0.5, 4), within="plant")
    figure.shape("pot", points("-3,40 -2.2,45.4 2.2,45.4 3,40", x))


_DRAWN: dict[str, Callable] = {
    "indoors": _indoors,
    "field": _field,
    "street": _street,
    "harbour": _harbour,
    "sky": _sky,
}
