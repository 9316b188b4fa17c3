"""Cats: pointed ears, a round face that looks at you, and a restless tail."""

from vistext.scenes.objects.legs import GAITS, Legs, finish, letter_z, shadow
from vistext.scenes.vector_art import Figure, box, curve, limb, oval, points

# Variants: 0 has a light face, bib and paws; 1 is striped; 2 is plain and fluffy.
STRIPED, FLUFFY = 1, 2


def _head(figure: Figure, x: float, y: float, variant: int, *, asleep: bool = False) -> None:
    wide = 7.9 if variant == FLUFFY else 7.3
    for ear in ("-6.8,0.8 -6.6,8.6 -1.2,4.6", "6.8,0.8 6.6,8.6 1.2,4.6"):
        figure.shape("body", points(ear, x, y), edge="shade")
    figure.shape("body", oval(x, y, wide, 5.9), edge="shade")
    if variant == FLUFFY:
        for cheek in ("-6.6,-0.4 -8.9,-3.4 -6,-4 -4,-4.6", "6.6,-0.4 8.9,-3.4 6,-4 4,-4.6"):
            figure.shape("body", points(cheek, x, y))
    for inner in ("-5.6,3.4 -5.8,7 -2.9,4.9", "5.6,3.4 5.8,7 2.9,4.9"):
        figure.shape("pink", points(inner, x, y), within="body")
    if variant == STRIPED:
        for shift in (-2.2, 0, 2.2):
            figure.shape("shade", box(x + shift - 0.5, y + 2.8, x + shift + 0.5, y + 6), within="body")
    figure.shape("light", oval(x + 0.3, y - 2.9, 4.1, 2.7), within="body")
    for side in (-1, 1):
        _eye(figure, x + 0.3 + side * 3.2, y + 0.3, asleep)
    figure.shape("pink", points("-0.9,-1.6 1.5,-1.6 0.3,-3", x, y), line=False)
    mouth = limb(points("-1.5,-3.9 -0.6,-4.3 0.3,-3.2 1.2,-4.3 2.1,-3.9", x, y), [0.5])
    figure.shape("line", mouth, line=False)


def _eye(figure: Figure, x: float, y: float, asleep: bool) -> None:
    if asleep:
        figure.shape("ink", limb(points("-1.6,0.2 0,-0.8 1.6,0.2", x, y), [0.8]), line=False)
        return
    figure.shape("eye", oval(x, y, 1.75, 2), line=False)
    figure.shape("ink", oval(x, y, 0.95, 1.8), line=False)
    figure.shape("white", oval(x + 0.5, y + 0.8, 0.5, 0.5), line=False)


def _tail(figure: Figure, along: str, variant: int) -> None:
    thick = [3.6, 4.8, 4.6, 3] if variant == FLUFFY else [2.7, 2.8, 2.8, 2.4]
    x, y = points(along)[-1]
    figure.shape("body", limb(along, thick))
    tip = "shade" if variant == STRIPED else "light"
    if variant != FLUFFY:
        figure.shape(tip, oval(x, y, 2.4, 2.4), within="body")


def _stripes(figure: Figure, places: list[tuple[float, float, float, float]]) -> None:
    for x, y, length, turn in places:
        figure.shape("shade", oval(x, y, 0.8, length, turn), within="body")


def sitting(figure: Figure, variant: int) -> None:
    shadow(figure, -1, 20)
    _tail(figure, "5,2 -1.5,2 -3,6.5 0.3,9.5 -1,12", variant)
    figure.shape("body", curve("8.5,20 4.5,15 1.6,9 1,3.5 3,0.3 11,0 18.3,0.2 18.2,6 18.6,12 17,19"))
    figure.shape("shade", curve("8,19 4,14 1,8 0,2 6,3 5,9 8,14"), within="body")
    figure.shape("light", curve("13,17 18,17 18.6,11 16.6,7.4 14,10"), within="body")
    if variant == STRIPED:
        _stripes(figure, [(4.6, 14, 2.6, -60), (3.4, 10.6, 2.6, -70), (3.2, 7, 2.6, -80)])
    figure.shape("body", limb("13.4,9 13.2,4 13.4,1.2", [3, 2.8, 3]), edge="shade")
    figure.shape("body", limb("17,10 17.2,4 17.6,1.2", [3, 2.8, 3]), edge="shade")
    figure.shape("body", oval(6.6, 4.6, 5, 4.8), edge="shade")
    paw = "light" if variant == 0 else "body"
    figure.shape(paw, oval(8.6, 1.1, 3.4, 1.3), edge="shade")
    if variant == 0:
        figure.shape("light", oval(13.8, 0.9, 2, 1.2), within="body")
        figure.shape("light", oval(18, 0.9, 2, 1.2), within="body")
    _head(figure, 13.4, 21.4, variant)


def lying(figure: Figure, variant: int) -> None:
    shadow(figure, 0, 31)
    _tail(figure, "5,2.2 -1,1.5 -4.5,3.4 -4,7", variant)
    figure.shape("body", curve("22,10.5 15,11.6 7,11 2.4,8 1.4,3 4,0.2 15,0 26,0 26,6"))
    figure.shape("light", curve("10,2.8 18,3.4 26,6 26,-1 10,-1"), within="body")
    if variant == STRIPED:
        _stripes(figure, [(9, 10.2, 2.6, 8), (13, 10.4, 2.8, 0), (17, 10.2, 2.6, -6)])
    figure.shape("body", oval(6.6, 4.4, 5, 4.3), edge="shade")
    figure.shape("body", limb("6.5,1.4 12,1.3", [2.6, 2.4]), edge="shade")
    figure.shape("body", limb("21,2 27,1.3 31.5,1.3", [3.2, 2.8, 2.8]), edge="shade")
    if variant == 0:
        figure.shape("light", oval(31.6, 1.2, 2.2, 1.8), within="body")
    _head(figure, 24, 10.4, variant)


def sleeping(figure: Figure, variant: int) -> None:
    shadow(figure, 0, 29)
    figure.shape("body", curve("20,10.4 13,12.4 6,11 1.2,6.6 1.6,2 6,0 20,0 27,1 26,7"))
    figure.shape("shade", curve("6,11 1,7 1,1 8,-1 5,4 6,8"), within="body")
    if variant == STRIPED:
        _stripes(figure, [(8, 10.6, 2.6, 12), (12, 11.4, 2.6, 4), (15.6, 11, 2.6, -4)])
    _head(figure, 21.6, 6.4, variant, asleep=True)
    thick = [3.4, 4.4, 4.4, 3.2] if variant == FLUFFY else [2.8, 2.8, 2.8, 2.6]
    figure.shape("body", limb("2.6,4.6 6,1.7 12,1.4 17.4,1.8", thick), edge="shade")
    if variant != FLUFFY:
        figure.shape("shade" if variant == STRIPED else "light", oval(17.4, 1.8, 2.4, 2), within="body")
    letter_z(figure, 28.6, 15.2, 1.7)
    letter_z(figure, 31.4, 19.4, 2.3)


def on_legs(figure: Figure, variant: int, posture: str) -> None:
    gait = GAITS[posture]
    shadow(figure, 1, 28, gait.lift * 5)
    legs = Legs(figure, gait, hips=(5.2, 8.6), shoulders=(20.6, 8.8), reach=8, width=3.1, paw=1.2)
    legs.far()
    tails = {
        "standing": "4,11 -1,12.5 -3,17 -0.6,21",
        "walking": "4,11 -2,11.5 -5,15 -4,19",
        "running": "4,10.5 -2,12 -7,11.4 -10.5,13.5",
        "jumping": "4,10.5 -1,9 -5,10 -8,14",
    }
    _tail(figure, tails[posture], variant)
    figure.shape("body", curve("24,13.5 17,13 9,13.4 3.4,12.4 2.2,8.4 5,6 14,5.6 22,5.4 25,9"))
    figure.shape("shade", curve("3,7 13,7 23,6.6 24,3 3,3"), within="body")
    if variant == STRIPED:
        _stripes(figure, [(8, 12, 2.8, 6), (12, 11.8, 2.8, 0), (16, 11.6, 2.8, -4)])
    legs.near("light" if variant == 0 else "body")
    if variant == 0:
        figure.shape("light", oval(23.8, 8, 2, 3.4, 12), within="body")
    _head(figure, 25.4, 14.6, variant)
    finish(figure, posture, gait, around=(10, 8))
