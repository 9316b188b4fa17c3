"""Frogs: two great eyes on top, a wide mouth, and legs folded to jump."""

from vistext.scenes.objects.legs import shadow, waterline
from vistext.scenes.vector_art import Figure, curve, limb, oval, points

# Variants: 0 is plain with a light belly; 1 is spotted; 2 is striped.
SPOTTED, STRIPED = 1, 2


def _pattern(figure: Figure, spots: list[tuple[float, float, float]], stripe: str, variant: int) -> None:
    if variant == SPOTTED:
        for x, y, size in spots:
            figure.shape("far", oval(x, y, size, size * 0.85), within="body")
    elif variant == STRIPED:
        figure.shape("light", limb(stripe, [1.5]), within="body")


def _face(figure: Figure, x: float, y: float) -> None:
    """Eyes and mouth; (x, y) is the middle of the mouth's upper edge."""
    for side in (-1, 1):
        figure.shape("body", oval(x + side * 4.6, y + 5.4, 3.5, 3.5), edge="shade")
        figure.shape("white", oval(x + side * 4.6 + 0.3, y + 5.7, 2.6, 2.6), line=False)
        figure.shape("ink", oval(x + side * 4.6 + 0.8, y + 5.5, 1.45, 1.7), line=False)
        figure.shape("white", oval(x + side * 4.6 + 1.3, y + 6.2, 0.5, 0.5), line=False)
    mouth = limb(points("-6.4,0.6 -3,-1.1 1,-1.4 4.6,-0.8 7.4,1", x, y), [0.9])
    figure.shape("line", mouth, line=False)
    for side in (-1, 1):
        figure.shape("pink", oval(x + side * 6.2 + 0.6, y - 0.6, 1.1, 0.8), within="body light")


def sitting(figure: Figure, variant: int) -> None:
    shadow(figure, -1, 24)
    figure.shape("far", oval(20.6, 1, 3.4, 1.2))
    figure.shape("body", oval(19.4, 4, 4.2, 4.2))
    figure.shape("body", curve("5,9.6 8,13 15,14 20.6,11.6 21.4,7 19,1.6 12,0.4 5,1 3,5"))
    figure.shape("light", curve("9,6.4 14,6 20,6.6 20,1 14,-1 8,0"), within="body")
    _pattern(figure, [(6, 9, 1.4), (9.4, 11.4, 1.2), (5, 6, 1)], "4,6 7,10.6 11,12.6", variant)
    figure.shape("body", oval(4.8, 4.2, 4.6, 4.1, 30), edge="shade")
    _pattern(figure, [(3.4, 5.4, 1.1), (6, 3.6, 0.9)], "1.4,4 4,6.6 7,6.4", variant)
    figure.shape("body", limb("1.6,1.2 5,0.9 8,0.9", [2, 1.9, 1.8]), edge="shade")
    for x in (7.0, 9.0):
        figure.shape("body", oval(x, 0.8, 1.5, 0.9), edge="shade")
    for x in (12.4, 18):
        figure.shape("body", limb(points("0,6 0.2,3 0.4,1.2", x), [2.6, 2, 2]), edge="shade")
        figure.shape("body", oval(x + 1, 0.8, 2.1, 0.95), edge="shade")
    _face(figure, 13.4, 9.6)


def jumping(figure: Figure, variant: int) -> None:
    shadow(figure, 2, 26, 4.5)
    figure.shape("far", limb("9,10 2,7.6 4,4 -2,1.6", [4, 3, 2.2, 1.8]))
    figure.shape("far", limb("22,11 25.4,7.6 28,8.6", [2.6, 2, 1.8]))
    figure.shape("body", curve("7,12 13,17.6 20,19 26,17 26.6,12 22,8.6 13,6.6 7,7.6"))
    figure.shape("light", curve("11,8 18,10.4 26,13 27,8 18,4 11,4"), within="body")
    _pattern(figure, [(10.4, 13, 1.4), (14, 15.4, 1.2), (9, 10.4, 1)], "7,10 11,14.6 16,17", variant)
    figure.shape("body", limb("9.6,9.6 4,10.6 0.6,7.6 -4.6,5.6", [5.6, 4, 2.6, 2]), edge="shade")
    figure.shape("body", oval(-6, 5.2, 2.3, 1.1, 20), edge="shade")
    figure.shape("far", oval(-3.4, 1.2, 2.3, 1.1, 20))
    figure.shape("body", limb("19.6,9.6 21.4,5.6 24,4.6", [3, 2.2, 2]), edge="shade")
    figure.shape("body", oval(25, 4.5, 1.9, 1), edge="shade")
    _face(figure, 20, 14)


def swimming(figure: Figure, variant: int) -> None:
    figure.shape("body", limb("6,2 1,3.6 -1,1", [4.6, 3.6, 2.6]))
    figure.shape("body", curve("4,3.6 8,6 13,6.6 18,8.6 22.4,7 23.6,3 22,0 12,-0.4 4,0"))
    figure.shape("light", curve("13,2.4 18,2 24,3 24,-2 13,-2"), within="body")
    _pattern(figure, [(7, 3.6, 1.2), (10.4, 4.8, 1)], "3,3 8,5 12,5.6", variant)
    _face(figure, 16.4, 4.4)
    waterline(figure, -4, 27)
