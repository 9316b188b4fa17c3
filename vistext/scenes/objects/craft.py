"""Airplanes, with wings, tail and windows, and ships, with a funnel or a sail."""

from vistext.scenes.objects.legs import shadow
from vistext.scenes.vector_art import Figure, box, curve, limb, oval, points

# Airplanes. Variants: 0 is a liner with jets; 1 has a propeller and a straight wing; 2 is a liner with engines aft.


def airplane(figure: Figure, variant: int, posture: str) -> None:
    parked = posture == "parked"
    if parked:
        shadow(figure, 1, 41)
        for x in (34, 18):
            figure.shape("metal", limb(points("0,6 0,2", x), [1.2]))
            figure.shape("tyre", oval(x, 1.7, 1.9, 1.8))
    else:
        for y, long in ((10.4, 8), (6.4, 5)):
            figure.shape("puff", limb([(-3 - long, y), (-3, y)], [1.1]))
    if variant == 1:
        _propeller(figure, parked)
    else:
        _liner(figure, variant)


def _liner(figure: Figure, variant: int) -> None:
    figure.shape("far", "16,10.6 11.4,18.6 14.4,18.6 23.6,10.6")
    figure.shape("body", "1.6,9.6 -0.6,20.6 4.6,20.6 11,11.4")
    figure.shape("shade", "-0.4,18.6 -0.6,20.6 4.6,20.6 6,18.6", within="body")
    figure.shape("body", curve("1,9 6,11.8 18,12.2 30,12 36.6,11 41,8 39.6,5.4 33,4 16,4 6,6"), edge="line")
    figure.shape("light", curve("0,7.4 14,6.2 42,6.8 42,2 0,2"), within="body")
    figure.shape("glass", "35.4,10.6 38.6,8.9 35.6,8.9", line=False)
    for x in (13, 16.6, 20.2, 23.8, 27.4, 31):
        figure.shape("glass", oval(x, 9.2, 1.05, 1.1), line=False)
    if variant == 2:
        figure.shape("metal", box(4.6, 7.4, 11.4, 10.6, 1.5), edge="line")
    figure.shape("shade", "6.4,8.4 -1.6,4.8 -2.2,6.4 1.6,8.8", edge="line")
    if variant == 0:
        figure.shape("metal", box(18.6, 1.8, 25, 4.8, 1.4), edge="line")
    figure.shape("shade", "24.6,7.2 12,0 8.6,0.6 15.4,7.2", edge="line")
    figure.shape("body", "12.6,1.6 12,0 8.6,0.6 10,2.2", within="shade")


def _propeller(figure: Figure, parked: bool) -> None:
    figure.shape("metal" if parked else "puff", oval(40.8, 9, *((0.7, 5.6) if parked else (1.3, 6.2))))
    figure.shape("far", "19,13 18,19 22.4,19 26.6,13")
    figure.shape("body", "1.4,8 -1,19.6 4.6,19.6 9.6,11")
    figure.shape("glass", curve("19,12 21,16.4 26,16.4 29.4,12"))
    figure.shape("white", "21,11 23.4,16.8 24.6,16.8 22.2,11", within="glass")
    figure.shape("body", curve("0.6,8 8,12 18,13 30,12.8 37,12.4 39.4,9.4 37,5.4 28,4 14,4.4 5,6"), edge="line")
    figure.shape("light", curve("0,7 14,6.2 42,6.8 42,2 0,2"), within="body")
    figure.shape("second", box(34, 3, 36, 14), within="body light")
    figure.shape("shade", "7.4,9 -1.6,6.2 -2.2,8.4 2.6,9.8", edge="line")
    figure.shape("metal", oval(39.8, 9, 1.7, 1.7))
    figure.shape("shade", "27,7.6 20.6,0.4 14.4,0.4 17,7.6", edge="line")
    figure.shape("second", "21.6,1.8 20.4,0.4 14.6,0.4 15.2,1.8", within="shade")


# Ships. Variants: 0 is a steamer with funnels; 1 has a mast and two sails; 2 carries containers.


def ship(figure: Figure, variant: int, posture: str) -> None:
    sailing = posture == "sailing"
    (_steamer, _sailing_ship, _freighter)[variant](figure, sailing)
    if sailing:
        for spray in ("-9,0.6 -1,1.4", "-6,-1.4 3,-0.8", "38,0 44,2.6"):
            figure.shape("foam", limb(spray, [1.2, 1]))
    else:
        figure.shape("metal", limb("37,6.4 40.4,-0.8", [0.9]))
        figure.shape("ink", oval(36.8, 6.6, 1, 1), line=False)
    figure.shape("ripple", oval(19.6, -0.9, 20, 1.5))
    figure.shape("foam", limb("1.6,0.6 14,0 24,0.3", [0.8]))
    figure.shape("foam", limb("22,-1.4 32,-0.8 37,0.2", [0.8]))


def _hull(figure: Figure, top: float = 9.4) -> None:
    deck = [(41.4, top + 1.6), (33, top - 0.4), (4, top - 0.4), (-0.6, top)]
    figure.shape("body", [*points("2,1.4 3.6,-0.6 35,-0.6 37.4,2.4"), *deck], edge="line")
    figure.shape("far", box(-2, -2, 44, 2.6), within="body")
    figure.shape("light", limb(points("0,-1.6 36,-1.6 41,0", 0, top), [1.2]), within="body")
    for x in (8, 13, 18, 23, 28):
        figure.shape("white", oval(x, 5.2, 0.95, 0.95), line=False)


def _smoke(figure: Figure, x: float, y: float) -> None:
    for across, up, size in ((-1.6, 1.6, 1.7), (-5.2, 3, 2.2), (-9.6, 3.6, 2.6)):
        figure.shape("puff", oval(x + across, y + up, size * 1.2, size))


def _steamer(figure: Figure, sailing: bool) -> None:
    for x in (13.0, 21.0):
        figure.shape("body", points("-2.6,17 -3.2,26 1.6,26 2.2,17", x))
        figure.shape("ink", points("-3.1,24 -3.2,26.4 1.6,26.4 1.8,24", x))
        if sailing:
            _smoke(figure, x - 0.6, 26.6)
    figure.shape("metal", limb("31,14 31,27", [0.9]))
    figure.shape("third", "31,27.4 31,23.8 26.4,25.6")
    figure.shape("second", box(7.6, 13, 29.6, 18, 0.8), edge="line")
    figure.shape("second", box(5, 8, 34, 13.6, 0.8), edge="line")
    for y, places in ((15.6, (11, 15, 19, 23, 27)), (11.2, (8.4, 12.4, 16.4, 20.4, 24.4, 28.4, 32))):
        for x in places:
            figure.shape("window", box(x - 1.1, y - 1, x + 1.1, y + 1), line=False)
    _hull(figure)


def _sailing_ship(figure: Figure, sailing: bool) -> None:
    figure.shape("wood", limb("19.6,8 19.6,35.4", [1.5]))
    figure.shape("wood", limb("38,9.6 43,12", [1.2]))
    figure.shape("third", "19.6,35.8 19.6,32.6 14.6,34.2")
    if sailing:
        figure.shape("second", curve("18.2,32 11.6,24 4,13 11,11.8 18.2,12"))
        figure.shape("second", curve("21,31.4 29,23 40,12.6 31,11.6 21,12"))
        figure.shape("metal", curve("18.4,30 15,20 13.6,11 18.4,11"), within="second")
        figure.shape("body", "22,24.4 33,18.4 36,15.6 22,20", within="second")
    else:  # the sails are furled
        figure.shape("second", limb("5,13 12,12.6 19,13", [2.2, 3, 2.2]), edge="line")
        figure.shape("second", limb("22,30 30,20 38,12", [1.2, 1.9, 1.2]), edge="line")
    _hull(figure)


def _freighter(figure: Figure, sailing: bool) -> None:
    figure.shape("body", "5,24 4.6,29.6 8.6,29.6 9.2,24")
    figure.shape("ink", "4.6,27.8 4.6,29.9 8.6,29.9 8.8,27.8")
    if sailing:
        _smoke(figure, 6.6, 30)
    figure.shape("second", box(3, 8, 12, 24.6, 0.8), edge="line")
    for y in (22, 18.4, 14.8):
        for x in (5.4, 9.4):
            figure.shape("window", box(x - 1.2, y - 1, x + 1.2, y + 1), line=False)
    tones = ("wood", "metal", "horn", "glass", "wood", "metal", "horn", "wood")
    for number, tone in enumerate(tones):
        row, column = divmod(number, 3)
        left = 13.6 + column * 7.4
        figure.shape(tone, box(left, 8.6 + row * 5.2, left + 7, 13.6 + row * 5.2), edge="line")
    figure.shape("metal", limb("38,10 38,19", [1]))
    _hull(figure)
