"""Deer, with antlers and slim legs, and horses, with a mane and a long face."""

from vistext.scenes.objects.legs import GAITS, Legs, finish, shadow
from vistext.scenes.vector_art import Figure, curve, limb, oval, points

# Deer. Variants: 0 has wide antlers; 1 is spotted; 2 has short antlers and a dark muzzle.


def deer(figure: Figure, variant: int, posture: str) -> None:
    gait = GAITS[posture]
    shadow(figure, 0, 23, gait.lift * 6)
    legs = Legs(figure, gait, hips=(4, 13.6), shoulders=(17, 13.6), reach=13, width=2, paw=1.1, taper=0.75)
    legs.far("hair")
    _deer_tail(figure, 1, 19)
    figure.shape("body", curve("19,21 14,19.6 7,20 2,19.4 0.6,15.6 3,12.4 11,12 17,11 20.6,14"))
    figure.shape("body", limb("17.4,16 20.6,21.6 22.4,26", [8.6, 6.4, 4.8]))
    figure.shape("light", curve("3,13.8 10,13.4 17,12.8 18,8 3,8"), within="body")
    if variant == 1:
        _spots(figure, 6, 17)
    legs.near("hair")
    _deer_head(figure, 23, 26.4, variant)
    finish(figure, posture, gait, around=(10, 12))


def deer_lying(figure: Figure, variant: int) -> None:
    shadow(figure, 0, 27)
    _deer_tail(figure, 1.4, 8)
    figure.shape("body", limb("17,2 24,1.3 27.6,1.2", [3, 2.2, 1.8]))
    figure.shape("body", curve("20,10.6 14,10.2 7,11 1.8,9.4 0.4,4.4 3,0.4 12,0 19,0.2 21.6,4.6"))
    figure.shape("body", limb("17.4,6 20.4,12 22.2,16.6", [9, 6.6, 4.8]))
    figure.shape("light", curve("6,2 12,2.4 19,2 19,-2 6,-2"), within="body")
    if variant == 1:
        _spots(figure, 6.4, 7.6)
    figure.shape("body", oval(5.6, 4.4, 5.2, 4.2), edge="shade")
    figure.shape("body", limb("4.6,1.3 12,1.2", [2.4, 2]), edge="shade")
    figure.shape("hair", oval(13, 1.1, 1.5, 1), edge="shade")
    figure.shape("body", limb("19.6,3.6 22.6,1.6 17.6,1.2", [3, 2.2, 1.8]), edge="shade")
    figure.shape("hair", oval(16.6, 1.1, 1.5, 1), edge="shade")
    _deer_head(figure, 22.8, 17, variant)


def _deer_tail(figure: Figure, x: float, y: float) -> None:
    figure.shape("second", curve(points("1,-3 -2,-3.4 -2.4,0.6 0,1.6 2,0", x, y)))


def _spots(figure: Figure, x: float, y: float) -> None:
    for across, up in ((0, 0), (3.4, 1), (6.8, 0.4), (1.6, -2), (5.2, -1.8), (9, -1.4), (-2.4, -0.8)):
        figure.shape("second", oval(x + across, y + up, 0.85, 0.7), within="body")


def _antler(figure: Figure, x: float, y: float, side: int, variant: int) -> None:
    tone = "horn"
    if variant == 2:
        figure.shape(tone, limb([(x, y), (x + side * 0.8, y + 3), (x + side * 0.6, y + 6)], [1.3, 1.2, 0.9]))
        figure.shape(tone, limb([(x + side * 0.8, y + 3), (x + side * 3, y + 4.8)], [1.1, 0.9]))
        return
    beam = [(x, y), (x + side * 3.4, y + 3), (x + side * 4.6, y + 6.4), (x + side * 3.4, y + 9)]
    figure.shape(tone, limb(beam, [1.4, 1.3, 1.2, 0.9]))
    figure.shape(tone, limb([(x + side * 2.4, y + 2), (x + side * 1.2, y + 6)], [1.1, 0.9]))
    figure.shape(tone, limb([(x + side * 4.4, y + 5.4), (x + side * 6.8, y + 7.4)], [1.1, 0.9]))


def _deer_head(figure: Figure, x: float, y: float, variant: int) -> None:
    _antler(figure, x + 1.4, y + 3, 1, variant)
    figure.shape("far", curve(points("1.6,2.6 4.4,5.4 3.8,2", x, y)))
    skull = "-3.4,0.8 -1.4,3.8 2,3.4 5,0.6 7,-1.6 6.8,-3.6 4.2,-4 0.4,-3.4 -2.8,-2"
    figure.shape("body", curve(points(skull, x, y)), edge="shade")
    figure.shape("hair" if variant == 2 else "light", oval(x + 5.4, y - 2.8, 2.6, 1.9, -20), within="body")
    figure.shape("ink", oval(x + 6.5, y - 1.9, 1.1, 0.95))
    _antler(figure, x - 0.8, y + 3, -1, variant)
    ear = curve(points("-1.6,2.8 -5,4.6 -6.8,3.6 -5.2,1.4 -2.2,0.8", x, y))
    figure.shape("body", ear, edge="shade")
    figure.shape("pink", oval(x - 4.4, y + 2.8, 1.6, 0.7, -20), within="body")
    figure.shape("white", oval(x + 1.6, y + 0.6, 1.5, 1.7), line=False)
    figure.shape("ink", oval(x + 1.8, y + 0.5, 1.2, 1.5), line=False)
    figure.shape("white", oval(x + 2.2, y + 1.1, 0.45, 0.45), line=False)


# Horses. Variants: 0 has a blaze and white feet; 1 is one color with a pale mane; 2 is pied.


def _mane(variant: int) -> str:
    return "second" if variant == 1 else "hair"


def horse(figure: Figure, variant: int, posture: str) -> None:
    gait = GAITS[posture]
    shadow(figure, 0, 27, gait.lift * 6)
    feet = "second" if variant == 0 else "hair"
    legs = Legs(figure, gait, hips=(5, 12.6), shoulders=(20, 12.6), reach=12, width=2.7, paw=1.4, taper=0.8)
    legs.far(feet)
    tails = {
        "standing": "2.6,18.4 -1.8,16 -2.2,9 -3.4,5",
        "walking": "2.6,18.4 -2.4,16.4 -3.4,10 -5,6",
        "running": "2.6,18.4 -3,19.4 -7.6,17.4 -11,18",
        "jumping": "2.6,18.4 -3,18 -6,14 -9.6,13",
    }
    figure.shape(_mane(variant), limb(tails[posture], [2.4, 3.8, 4.2, 1.6]))
    figure.shape("body", curve("22,20.4 16,18.8 9,19.4 3,19.6 0.8,15.6 3,11.2 12,10.6 20,9.6 24,13"))
    _horse_neck(figure, 20.4, 15.6, variant)
    figure.shape("shade", curve("4,12.4 12,12.2 21,11.2 22,7 4,7"), within="body")
    if variant == 2:
        figure.shape("second", curve("8,21 14,20.6 15,14 12,9 9,13 6.4,16"), within="body shade")
        figure.shape("second", oval(23, 14, 2.6, 4), within="body shade")
    legs.near(feet)
    _horse_head(figure, 26.6, 28, variant)
    finish(figure, posture, gait, around=(12, 12))


def _horse_neck(figure: Figure, x: float, y: float, variant: int) -> None:
    """Neck and mane, from where the shoulder is."""
    figure.shape("body", limb(points("-1,-0.6 2.6,6.4 5.4,11.6", x, y), [10.6, 8.2, 6.6]))
    mane = points("-3.8,4.6 -2.4,9.4 0.6,14 4.2,16.6 4.6,13.4 2.6,10.4 0,6 -1.6,3.2", x, y)
    figure.shape(_mane(variant), curve(mane), edge="shade")


def _horse_head(figure: Figure, x: float, y: float, variant: int) -> None:
    figure.shape("far", points("0.6,2.6 2.6,6 3,2", x, y))
    skull = "-3,1.6 -0.6,3.4 3,2 6.4,-2.4 9,-5.6 8.8,-8.4 5.6,-8.8 2.8,-6 -1,-4.4 -3.6,-1.6"
    figure.shape("body", curve(points(skull, x, y)), edge="shade")
    if variant == 0:
        figure.shape("second", points("1.4,3.4 4,1.6 8.8,-4.4 7.2,-5 3.6,-0.8", x, y), within="body")
    figure.shape("light" if variant != 2 else "second", oval(x + 7.4, y - 7.2, 3, 2.3, -30), within="body")
    figure.shape("ink", oval(x + 8, y - 6.2, 0.7, 0.6), line=False)
    figure.shape("line", limb(points("8.4,-8 6.4,-7.6", x, y), [0.5]), line=False)
    figure.shape("body", points("-2.4,2 -1.6,6.6 1,2.8", x, y), edge="shade")
    figure.shape(_mane(variant), curve(points("-1.8,3.6 1,4.4 3,2 2.4,0.4 0,2", x, y)), edge="shade")
    figure.shape("white", oval(x + 1.6, y - 0.8, 1.4, 1.5), line=False)
    figure.shape("ink", oval(x + 1.8, y - 0.9, 1.15, 1.35), line=False)
    figure.shape("white", oval(x + 2.2, y - 0.4, 0.45, 0.45), line=False)


def horse_lying(figure: Figure, variant: int) -> None:
    feet = "second" if variant == 0 else "hair"
    shadow(figure, 0, 30)
    figure.shape(_mane(variant), limb("3,8 -2,6 -4,1.8 -6,1.2", [2.4, 3.6, 3.2, 1.4]))
    figure.shape("far", limb("20,3 28,1.6 31.4,1.5", [4, 2.8, 2.4]))
    figure.shape(feet, oval(32, 1.4, 1.7, 1.3))
    figure.shape("body", curve("22,11.6 16,10.6 9,11.6 2.6,10.4 0.4,5 3,0.4 14,0 21,0.2 24,5"))
    _horse_neck(figure, 20.6, 6.6, variant)
    if variant == 2:
        figure.shape("second", curve("9,13 15,12 16,6 13,1 10,4 7.4,8"), within="body")
    figure.shape("body", oval(6.4, 5, 5.8, 4.8), edge="shade")
    figure.shape("body", limb("5,1.6 13,1.5", [3, 2.6]), edge="shade")
    figure.shape(feet, oval(14.6, 1.4, 1.8, 1.3), edge="shade")
    figure.shape("body", limb("21.6,4.6 25,2 19.6,1.5", [4, 3, 2.4]), edge="shade")
    figure.shape(feet, oval(18.4, 1.4, 1.7, 1.3), edge="shade")
    _horse_head(figure, 26.8, 19, variant)
