"""Legs in every gait, shadows and ripples, for all animals."""

from dataclasses import dataclass, replace

import numpy as np

from vistext.scenes.vector_art import INDEX, Figure, limb, oval, points, turned


@dataclass(frozen=True)
class Gait:
    """How four legs stand, as (forward, down) in leg lengths: knee and foot of each, far legs first."""

    hind: tuple[tuple[tuple[float, float], tuple[float, float]], ...]  # far, near
    fore: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    tilt: float = 0  # degrees by which the whole animal leans back
    lift: float = 0  # whether it is in the air


GAITS = {
    "standing": Gait(
        hind=(((0.12, 0.5), (0.3, 1)), ((-0.14, 0.5), (-0.1, 1))),
        fore=(((0.2, 0.5), (0.22, 1)), ((-0.1, 0.5), (-0.12, 1))),
    ),
    "walking": Gait(
        hind=(((0.5, 0.4), (0.6, 0.96)), ((-0.3, 0.5), (-0.62, 0.98))),
        fore=(((-0.2, 0.5), (-0.62, 0.94)), ((0.42, 0.42), (0.62, 0.98))),
    ),
    "running": Gait(
        hind=(((-0.5, 0.42), (-1.05, 0.5)), ((-0.55, 0.6), (-1.15, 0.86))),
        fore=(((0.55, 0.36), (1.1, 0.44)), ((0.6, 0.52), (1.2, 0.78))),
    ),
    "jumping": Gait(
        hind=(((-0.4, 0.5), (-0.85, 0.85)), ((-0.55, 0.45), (-1.1, 0.7))),
        fore=(((0.6, 0.1), (0.75, 0.6)), ((0.5, 0.25), (0.95, 0.55))),
        tilt=14,
        lift=1,
    ),
}


@dataclass(frozen=True)
class Legs:
    """The legs of an animal: `far` draws those beyond the body before it, `near` those on this side after it.

    `reach` is the length of a leg, `width` that at its top, `taper` the share of it at the foot, `paw` half the length
    of a foot.
    """

    figure: Figure
    gait: Gait
    hips: tuple[float, float]
    shoulders: tuple[float, float]
    reach: float
    width: float
    paw: float
    taper: float = 0.85

    def far(self, foot: str = "far") -> None:
        for (x, y), steps, top in ((self.hips, self.gait.hind[0], 1.2), (self.shoulders, self.gait.fore[0], 1.1)):
            self._leg((x + 1.2, y), steps, "far", foot, self.width * top)

    def near(self, foot: str = "body") -> None:
        self._leg(self.hips, self.gait.hind[1], "body", foot, self.width * 1.75)
        self._leg(self.shoulders, self.gait.fore[1], "body", foot, self.width * 1.3)

    def _leg(self, start: tuple[float, float], steps: tuple, tone: str, foot: str, top: float) -> None:
        (x, y), (knee, end) = start, steps
        end_x, end_y = x + self.reach * end[0], y - self.reach * end[1] + self.paw * 0.8
        edge = "shade" if tone == "body" else ""
        bent = [start, (x + self.reach * knee[0], y - self.reach * knee[1]), (end_x, end_y)]
        self.figure.shape(tone, limb(bent, [top, self.width, self.width * self.taper]), edge=edge)
        middle = end_x + self.paw * 0.5, end_y - self.paw * 0.1
        self.figure.shape(foot, oval(*middle, self.paw * 1.25, self.paw * 0.8), edge=edge)


def shadow(figure: Figure, left: float, right: float, lift: float = 0) -> None:
    """The shadow of an object on the ground, smaller the higher the object is."""
    narrower = min(lift, (right - left) / 5)
    across = (right - left) / 2 - narrower
    figure.shape("shadow", oval((left + right) / 2, 0.2 - lift * 1.1, across, 1.5))


def letter_z(figure: Figure, x: float, y: float, size: float) -> None:
    """The letter that floats above what sleeps."""
    half = points("-1,1 1,1 1,0.5 -0.2,-0.5 1,-0.5")
    figure.shape("foam", points(size * np.concatenate([half, -half]), x, y))


def waterline(figure: Figure, left: float, right: float) -> None:
    """Ripples in front of what is in the water."""
    middle, across = (left + right) / 2, (right - left) / 2
    figure.shape("ripple", oval(middle, -0.6, across, 1.5))
    figure.shape("foam", limb([(left + 1, 0.5), (middle - 3, -0.1), (middle + 3, 0.1)], [0.7]))
    figure.shape("foam", limb([(middle + 1, -1.5), (right - 2, -0.9), (right, 0)], [0.7]))


def finish(figure: Figure, posture: str, gait: Gait, around: tuple[float, float]) -> None:
    """Lean back what jumps, and let what runs leave dust behind."""
    figure.parts[:] = [
        part if part.tone == INDEX["shadow"] else replace(part, outline=turned(part.outline, gait.tilt, around))
        for part in figure.parts
    ]
    if posture == "running":
        for x, y, size in ((-6, 1.6, 2), (-10.5, 2.6, 1.5), (-9.6, 0.2, 1.1)):
            figure.shape("puff", oval(x, y, size * 1.2, size))
