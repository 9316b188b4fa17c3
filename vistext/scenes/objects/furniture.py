"""What belongs to a place: a mat, a box of cardboard (its inside and its front), and a table."""

from vistext.scenes.objects.legs import shadow
from vistext.scenes.vector_art import Figure, box, oval


def mat() -> Figure:
    figure = Figure()
    figure.shape("rug", oval(20, 4, 20, 4, corners=36))
    figure.shape("rug_band", oval(20, 4, 17.4, 3.2, corners=36), line=False)
    figure.shape("rug", oval(20, 4, 15, 2.6, corners=36), line=False)
    return figure


def inside_of_box() -> Figure:
    """The far side of the box, behind what sits in it; the front hides the rest."""
    figure = Figure()
    shadow(figure, -1, 25)
    figure.shape("card_dark", "0,0 0,10 1.6,12 22.4,12 24,10 24,0")
    figure.shape("card", "0,10 -2,11.6 -0.6,13 1.6,12")
    figure.shape("card", "24,10 26,11.6 24.6,13 22.4,12")
    return figure


def front_of_box() -> Figure:
    figure = Figure()
    figure.shape("card", box(0, 0, 24, 10))
    figure.shape("card_dark", box(0, 0, 24, 1.4), within="card")
    figure.shape("card_tape", box(10.4, 5, 13.6, 10), within="card")
    figure.shape("card", box(-0.6, 8.6, 24.6, 10), edge="card_dark")
    return figure


def table() -> Figure:
    figure = Figure()
    figure.shape("shadow", oval(15, 0.3, 15.4, 1.2))
    for x in (5, 25):
        figure.shape("leg", box(x + (1.2 if x < 9 else -1.2) - 0.8, 1.6, x + (1.2 if x < 9 else -1.2) + 0.8, 12))
    for x in (2, 26):
        figure.shape("leg", box(x, 0, x + 2, 12))
    figure.shape("leg", box(1.4, 9, 28.6, 11.4))
    figure.shape("top", box(0, 11, 30, 13, 0.6), edge="line")
    return figure
