"""Birds: a beak, a round breast, a wing, and tail feathers."""

from vistext.scenes.objects.legs import shadow, waterline
from vistext.scenes.vector_art import Figure, curve, limb, oval, points

# Variants: 0 is round like a robin; 1 has a crest; 2 has a long beak and a longer tail.
CRESTED, LONG = 1, 2


def _head(figure: Figure, x: float, y: float, variant: int) -> None:
    reach = 8.4 if variant == LONG else 5.4
    upper = [(x + 3.6, y + 1.6), (x + 4.4 + reach, y - 0.8), (x + 3.8, y - 0.8)]
    lower = [(x + 3.4, y - 0.4), (x + 3.4 + reach * 0.8, y - 1.2), (x + 3.2, y - 2.4)]
    figure.shape("horn", lower)
    figure.shape("beak", upper)
    if variant == CRESTED:
        for tip in ((-4.4, 8.4), (-1.4, 9.4)):
            figure.shape("body", [(x - 2.6, y + 3.4), (x + tip[0], y + tip[1]), (x + 1.8, y + 4.2)])
    figure.shape("body", oval(x, y, 5.2, 4.9))
    figure.shape("white", oval(x + 1.8, y + 1, 1.9, 2), line=False)
    figure.shape("ink", oval(x + 2.1, y + 0.9, 1.35, 1.5), line=False)
    figure.shape("white", oval(x + 2.6, y + 1.5, 0.5, 0.5), line=False)


def _tail(figure: Figure, x: float, y: float, turn: float, variant: int) -> None:
    long = 9.4 if variant == LONG else 6.6
    for tone, rise in (("far", 2.2), ("shade", 0)):
        figure.shape(tone, limb([(x + 2, y), (x - long, y + turn + rise)], [3, 2.6]))


def _wing(figure: Figure, x: float, y: float) -> None:
    figure.shape("shade", curve(points("6,2.6 1,3.4 -5,1 -9,-2.4 -3,-3.6 3.6,-2.6", x, y)), edge="line")
    figure.shape("far", limb(points("-6,-1.2 -1,-1", x, y), [0.9]), within="shade")
    figure.shape("far", limb(points("-4.4,0.8 1,1", x, y), [0.9]), within="shade")


def _trunk(figure: Figure, x: float, y: float) -> None:
    figure.shape("body", curve(points("6.4,5 0,5.4 -6,2.4 -8.4,-1 -4.6,-5 2,-6 7.4,-3.4 9,1", x, y)))
    figure.shape("light", curve(points("9,3 4,0 -1,-4 0,-8 9,-8", x, y)), within="body")


def sitting(figure: Figure, variant: int) -> None:
    shadow(figure, -2, 19)
    _tail(figure, 2.4, 4.4, -1, variant)
    _trunk(figure, 9, 6.2)
    _head(figure, 14.6, 12.8, variant)
    _wing(figure, 7.6, 6)
    for x in (9.6, 13):
        figure.shape("beak", oval(x + 0.6, 0.7, 2, 0.9))


def standing(figure: Figure, variant: int) -> None:
    shadow(figure, 0, 18)
    for x, tone in ((11.6, "horn"), (8.6, "beak")):
        figure.shape(tone, limb(points("0,7 -0.4,3.6 0,0.8", x), [1.4, 1.3, 1.3]))
        figure.shape(tone, limb(points("-1.4,0.6 2.6,0.6", x), [1.2]))
    _tail(figure, 2, 9.6, -2.4, variant)
    _trunk(figure, 8.6, 11.6)
    _head(figure, 14, 18.6, variant)
    _wing(figure, 7, 11.6)


def swimming(figure: Figure, variant: int) -> None:
    _tail(figure, 1.4, 6, 3.6, variant)
    figure.shape("body", curve("4,8 10,6.6 17,8 21,5 20.6,1 17,-0.6 6,-0.6 0.6,2.4 -0.4,6.4"))
    figure.shape("light", curve("22,5 17,3.6 12,0 12,-3 22,-3"), within="body")
    figure.shape("body", limb("16.6,5 17.4,9 17.2,12", [6.4, 5.4, 5.6]))
    _head(figure, 17.6, 13, variant)
    figure.shape("light", limb("14.6,8.4 17.4,7.4 20.4,8.2", [1.4]), within="body")
    _wing(figure, 9.4, 4.4)
    waterline(figure, -3, 25)


def flying(figure: Figure, variant: int) -> None:
    far = "12.6,10 12,15 14.6,19.6 18.6,23 19.4,18 18,12 17,9"
    figure.shape("far", curve(far))
    _tail(figure, 3, 8, 0.4, variant)
    figure.shape("body", curve("20,11.6 13,11.8 6,10 1.6,7.6 6,5 13,3.8 20,5.6 23,9"))
    figure.shape("light", curve("24,8.6 17,7 8,6 8,2 24,2"), within="body")
    _head(figure, 21.4, 10.4, variant)
    figure.shape("shade", curve("16.4,8.6 16,12 11,17.4 5,21.4 0.4,22.6 1.4,18.4 4,14 7.6,9.6 11,7.4"), edge="line")
    for feather in ("8,10.4 2.4,17.6", "10.6,9.6 6,17.4", "13,9.8 10,16"):
        figure.shape("far", limb(feather, [0.9]), within="shade")
