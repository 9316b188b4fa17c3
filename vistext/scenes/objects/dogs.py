"""Dogs: hanging ears, a snout with a nose at its end, a collar, and a tail that wags."""

from vistext.scenes.objects.legs import GAITS, Legs, finish, letter_z, shadow, waterline
from vistext.scenes.vector_art import Figure, curve, limb, oval, points

# Variants: 0 has a light snout and chest; 1 is patched, with a dark eye and ear; 2 has long ears and a dark back.
PATCHED, LONG_EARED = 1, 2


def _head(figure: Figure, x: float, y: float, variant: int, *, asleep: bool = False, tongue: bool = False) -> None:
    longer = 2.4 if variant == LONG_EARED else 0
    ear = "hair" if variant == PATCHED else "shade"
    figure.shape("far", curve(points("3.6,5.2 6.6,5 7.6,1.6 6.2,0.6", x, y)))
    figure.shape("body", oval(x, y, 6.6, 6), edge="shade")
    snout = curve(points("1,-0.4 5,0.6 9.4,-0.2 10.2,-3 7,-5.2 1,-5.2", x, y))
    if tongue:
        figure.shape("pink", curve(points("4.4,-4.2 7.6,-4.4 7.4,-8 5.4,-8.2", x, y)))
    figure.shape("light", snout, edge="shade")
    if variant == PATCHED:
        figure.shape("hair", oval(x + 0.2, y + 2.2, 3, 3.2), within="body")
    figure.shape("light", curve(points("2,6.4 4,6 4.4,0 2.2,0", x, y)), within="body")
    figure.shape("ink", oval(x + 9.3, y - 0.6, 1.7, 1.35))
    mouth = limb(points("9,-2 7.6,-3.6 5.4,-3.4", x, y), [0.6])
    figure.shape("line", mouth, line=False)
    for eye, across in ((x + 0.8, 1.45), (x + 4.9, 1.25)):
        _eye(figure, eye, y + 1.7, across, asleep)
    tip = [(x - 8, y - 4.6 - longer), (x - 5, y - 4.8 - longer)]
    figure.shape(ear, curve([*points("-3,5.6 -6.4,5.4 -8.6,0.4", x, y), *tip, (x - 3, y + 0.6)]), edge="line")


def _eye(figure: Figure, x: float, y: float, across: float, asleep: bool) -> None:
    if asleep:
        figure.shape("ink", limb(points("-1.3,-0.3 0,-1 1.3,-0.3", x, y), [0.8]), line=False)
        return
    figure.shape("white", oval(x, y, across + 0.35, 2), line=False)
    figure.shape("ink", oval(x + 0.2, y - 0.1, across, 1.7), line=False)
    figure.shape("white", oval(x + 0.6, y + 0.6, 0.5, 0.5), line=False)


def _back(figure: Figure, variant: int, patch, saddle) -> None:
    if variant == PATCHED:
        figure.shape("hair", patch, within="body")
    elif variant == LONG_EARED:
        figure.shape("far", saddle, within="body")


def _tail(figure: Figure, along: str, variant: int) -> None:
    x, y = points(along)[-1]
    figure.shape("body", limb(along, [3.2, 2.8, 1.8]))
    tip = {PATCHED: "hair", LONG_EARED: "light"}.get(variant)
    if tip:
        figure.shape(tip, oval(x, y, 2.4, 2.4), within="body")


def sitting(figure: Figure, variant: int) -> None:
    shadow(figure, -1, 20)
    _tail(figure, "4,2 -1.6,2.6 -4.4,7", variant)
    figure.shape("body", curve("7,21 3.6,15 1.2,9 1,3 4,0.2 18,0.2 18.4,8 18.4,15 16,21"))
    figure.shape("shade", curve("8,19 3.6,14 0.6,8 0,1 6,3 5,9 8,14"), within="body")
    figure.shape("light", curve("12.6,18 19,18 19,11 16.6,7 14,10"), within="body")
    _back(figure, variant, oval(5, 12, 3.4, 4.4, 30), curve("9,22 0,22 -2,4 4,5 7,14 10,18"))
    figure.shape("body", limb("13.2,10 13,4 13.2,1.4", [3.6, 3.2, 3.2]), edge="shade")
    figure.shape("body", limb("17.2,10 17.4,4 17.8,1.4", [3.6, 3.2, 3.2]), edge="shade")
    figure.shape("body", oval(6.4, 4.8, 5.2, 5), edge="shade")
    for x in (8.8, 14.2, 18.6):
        figure.shape("body", oval(x, 1.2, 2.9 if x < 10 else 2.2, 1.4), edge="shade")
    figure.shape("third", limb("8.4,17.6 12.5,15.6 17.4,16.6", [2]), within="body light far hair shade")
    _head(figure, 13, 22.2, variant, tongue=variant == 0)


def lying(figure: Figure, variant: int) -> None:
    shadow(figure, 0, 31)
    _tail(figure, "4.6,3 -1,2 -5.4,2.4", variant)
    figure.shape("body", curve("22,11.5 15,11.4 7,11.2 2.2,8 1.2,3 4,0.2 15,0 26,0 26,7"))
    figure.shape("light", curve("10,2.8 18,3.4 26,6 26,-1 10,-1"), within="body")
    _back(figure, variant, oval(12.4, 10, 4, 3), curve("3,13 20,13.5 19,8.6 12,7.4 4,8"))
    figure.shape("body", oval(6.4, 4.6, 5.2, 4.5), edge="shade")
    figure.shape("body", limb("6.5,1.5 12.4,1.4", [2.8, 2.6]), edge="shade")
    figure.shape("body", limb("20,2.2 27,1.5 32,1.5", [3.6, 3, 3]), edge="shade")
    figure.shape("third", limb("18.4,10.6 21.6,7.2 27,6.6", [2]), within="body light far hair shade")
    _head(figure, 23.4, 11.8, variant, tongue=variant == 0)


def sleeping(figure: Figure, variant: int) -> None:
    shadow(figure, 0, 30)
    _tail(figure, "3.6,3 -1,1.4 -3.2,2", variant)
    figure.shape("body", curve("20,9.6 13,11.6 6,10.6 1.2,6.6 1.6,2 6,0 20,0 27,1 26,6"))
    figure.shape("shade", curve("6,11 1,7 1,1 8,-1 5,4 6,8"), within="body")
    _back(figure, variant, oval(12, 10.4, 4, 3), curve("3,13 18,13.5 17,8.2 12,7 4,7.4"))
    figure.shape("body", oval(7, 4.4, 5.4, 4.4), edge="shade")
    figure.shape("body", limb("7.5,1.4 13,1.4", [2.8, 2.6]), edge="shade")
    figure.shape("body", limb("18,1.6 25,1.3 29.4,1.3", [3, 2.6, 2.6]), edge="shade")
    _head(figure, 21.6, 6.2, variant, asleep=True)
    letter_z(figure, 28, 14.6, 1.7)
    letter_z(figure, 31, 18.8, 2.3)


def swimming(figure: Figure, variant: int) -> None:
    _tail(figure, "3,3 -2.4,5 -4.6,9", variant)
    figure.shape("body", curve("20,7.6 12,6.8 5,6.6 0.4,3.6 1,0 12,-0.4 24,0 25,5"))
    _back(figure, variant, oval(10, 6, 4, 2.6), curve("1,8 19,9 18,4.6 10,3.6 2,4"))
    figure.shape("third", limb("15.6,6 18.6,3 24,2.4", [2]), within="body light far hair shade")
    _head(figure, 20.4, 7.6, variant, tongue=variant == 0)
    waterline(figure, -3, 28)


def on_legs(figure: Figure, variant: int, posture: str) -> None:
    gait = GAITS[posture]
    shadow(figure, 1, 28, gait.lift * 5)
    legs = Legs(figure, gait, hips=(5, 9.4), shoulders=(20.4, 9.6), reach=8.8, width=3.4, paw=1.4)
    legs.far()
    tails = {
        "standing": "4,12.6 -1.6,15 -3,20",
        "walking": "4,12.6 -2,14 -4.4,18.4",
        "running": "4,12 -3,13.6 -8,15",
        "jumping": "4,12 -2,11.4 -6.4,14",
    }
    _tail(figure, tails[posture], variant)
    figure.shape("body", curve("24,15.4 16,14 9,14.4 3.2,13.6 1.8,9.4 5,7.2 13,6.6 21,5.6 25,9.6"))
    figure.shape("shade", curve("3,8 13,7.8 22,7 24,3 3,3"), within="body")
    _back(figure, variant, oval(10, 13, 4.4, 3), curve("2,17 21,17 19.4,11.4 11,10 2,11"))
    figure.shape("light", oval(24, 9.6, 2.2, 4, 12), within="body")
    legs.near()
    figure.shape("third", limb("19.6,14.4 22.6,11 27,10.6", [2]), within="body light far hair shade")
    _head(figure, 24.2, 16.2, variant, tongue=posture == "running" or (variant == 0 and posture == "walking"))
    finish(figure, posture, gait, around=(10, 8))
