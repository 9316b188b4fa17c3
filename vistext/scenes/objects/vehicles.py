"""Automobiles, low and rounded, and trucks, high and angular; who drives them is seen when they are driven."""

from vistext.scenes.objects.legs import shadow
from vistext.scenes.vector_art import Figure, box, curve, limb, oval


def _fumes(figure: Figure) -> None:
    """Of what drives."""
    for x, y, size in ((-3.6, 2.4, 1.7), (-7.4, 3.4, 2.3)):
        figure.shape("puff", oval(x, y, size * 1.25, size))
    for x, y, long in ((-2.4, 8.4, 5), (-2.4, 12.2, 3.6)):
        figure.shape("puff", limb([(x - long, y), (x, y)], [0.8]))


def _wheel(figure: Figure, x: float, radius: float) -> None:
    figure.shape("tyre", oval(x, radius, radius, radius))
    figure.shape("metal", oval(x, radius, radius * 0.52, radius * 0.52), line=False)
    figure.shape("tyre", oval(x, radius, radius * 0.2, radius * 0.2), line=False)


def _driver(figure: Figure, x: float, y: float) -> None:
    """A head behind the window."""
    figure.shape("skin", oval(x, y, 1.75, 2), within="glass")
    figure.shape("hair", oval(x - 0.4, y + 1.3, 2, 1.1), within="skin glass")
    figure.shape("third", oval(x - 0.3, y - 3.4, 2.8, 2), within="glass")


# Automobiles. Variants: 0 is a saloon; 1 is small and round; 2 is a tall estate with a rack.

_CABINS = {
    0: ("5.6,9 10.4,15.4 14,16.4 21,16.4 25.6,14 29.6,9", (9.6, 16.8, 18.2, 26)),
    1: ("5.4,8.6 8,14 13,17.4 20,17.4 25,14 28.4,8.6", (9, 15.8, 17.2, 25)),
    2: ("2.4,9 3.6,15.6 5.4,17 20.4,17 23.4,15.6 28,9", (5, 13.2, 14.6, 24.6)),
}


def automobile(figure: Figure, variant: int, posture: str) -> None:
    shadow(figure, -1, 37)
    roof, (back, post, front_post, front) = _CABINS[variant]
    if variant == 2:
        figure.shape("metal", box(7, 17, 19, 18.2))
    figure.shape("body", roof)
    top = 15 if variant == 0 else 15.6
    slope = 2.6 if variant != 2 else 0.8
    figure.shape("glass", [(back, 9.6), (back + slope, top - 0.6), (post, top), (post, 9.6)])
    figure.shape("glass", [(front_post, 9.6), (front_post, top), (front - 3.6, top - 0.6), (front + 0.4, 9.6)])
    if posture == "driving":
        _driver(figure, front_post + 2.8, 12)
    figure.shape("white", [(back + 1.6, 9.6), (back + 4, top), (back + 5.4, top), (back + 3, 9.6)], within="glass")
    trunk = "0.4,4 0.6,8.4 4,10 27,10 33.6,8.6 36,6.4 36,3.6 34,2.4 2,2.4"
    if variant == 1:
        trunk = "0.8,3.6 1.2,7.6 5,9.8 27,9.8 31.4,9.4 35,6.6 35.4,3.6 34,2.4 2,2.4"
    figure.shape("body", curve(trunk, 4))
    figure.shape("shade", box(0, 1.6, 36, 4.4), within="body")
    figure.shape("light", limb("4,8.8 18,9 30,8.4", [0.9]), within="body")
    figure.shape("shade", limb("17.4,9.4 17.4,5", [0.7]), within="body")
    figure.shape("line", limb("18.8,7.4 20.6,7.4", [0.8]), within="body light")
    figure.shape("glow", oval(34.4, 6.4, 1.4, 1.3), line=False)
    figure.shape("third", box(0.6, 5.6, 2, 7.6), within="body shade")
    figure.shape("metal", box(32.6, 2.4, 36.4, 3.8, 0.6))
    figure.shape("metal", box(-0.2, 2.4, 3.2, 3.8, 0.6))
    for x in (8, 28):
        figure.shape("ink", oval(x, 3.8, 4.5, 4.3), within="body shade light")
        _wheel(figure, x, 3.6)
    if posture == "driving":
        _fumes(figure)


# Trucks. Variants: 0 carries a closed box; 1 tips earth; 2 carries a tank.


def truck(figure: Figure, variant: int, posture: str) -> None:
    shadow(figure, -1, 41)
    figure.shape("ink", box(1, 3, 38, 5.6))
    (_closed_box, _tipper, _tank)[variant](figure)
    figure.shape("body", "27.4,4 27.4,18.4 28.6,19.4 35,19.4 36.6,18.4 38.4,12 40.4,11 40.8,4", edge="line")
    figure.shape("shade", box(27, 3, 41, 6.2), within="body")
    figure.shape("glass", "30.2,11.8 30.2,17.4 35.2,17.4 36.8,11.8", edge="line")
    if posture == "driving":
        _driver(figure, 33.2, 14)
    figure.shape("white", "31,11.8 33,17.4 34,17.4 32,11.8", within="glass")
    figure.shape("line", limb("29.4,9.4 31.2,9.4", [0.8]), within="body")
    figure.shape("glow", box(38.8, 6.8, 40.8, 9, 0.6), line=False)
    figure.shape("metal", box(36.8, 3, 41.6, 4.8, 0.6))
    for x in (7, 15.4, 33.4) if variant != 0 else (8.6, 33.4):
        figure.shape("ink", oval(x, 4.4, 4.9, 4.6), within="body shade light far")
        _wheel(figure, x, 4)
    if posture == "driving":
        _fumes(figure)


def _closed_box(figure: Figure) -> None:
    figure.shape("body", box(0, 5, 26.4, 24, 0.8))
    figure.shape("shade", box(0, 5, 26.4, 8), within="body")
    figure.shape("light", box(0, 21.6, 26.4, 24), within="body")
    for x in (6.6, 13.2, 19.8):
        figure.shape("shade", box(x - 0.35, 8, x + 0.35, 21.6), within="body")


def _tipper(figure: Figure) -> None:
    earth = "1,17 5,20.4 9,21.4 13,23.4 17,22 22,21 26,17"
    figure.shape("earth", curve(earth))
    figure.shape("body", "-0.4,19 2.6,6 24.6,6 26.6,19")
    figure.shape("shade", "1.6,9.6 2.6,6 24.6,6 25.4,9.6", within="body")
    figure.shape("light", box(-1, 17.2, 27, 19), within="body")
    for x in (7.6, 13.4, 19.2):
        figure.shape("shade", box(x - 0.5, 6, x + 0.5, 17.2), within="body")


def _tank(figure: Figure) -> None:
    figure.shape("metal", box(10, 20, 16, 22.6, 0.6))
    figure.shape("body", box(0, 5.6, 26.4, 21, 6))
    figure.shape("shade", box(0, 5, 26.4, 9.4), within="body")
    figure.shape("light", box(2, 16.6, 24.4, 18.6, 0.9), within="body")
    for x in (6.4, 20):
        figure.shape("metal", box(x - 0.6, 5.4, x + 0.6, 21.2), within="body shade light")
