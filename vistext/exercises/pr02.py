"""Project 2, on lesson 02: small objects in a crowd."""

from functools import cache
from types import SimpleNamespace

import numpy as np

from vistext import scenes
from vistext.exercises.exercise import exercise
from vistext.metrics.detection import mean_average_precision

LESSON = "02_detection.ipynb#"
SIDE, ROWS = 32, 16  # of a picture, in pixels; detections that a network may give of each
TRAINING, HIDDEN = 1000, 200  # pictures
CROWD = 3  # objects, at least


@cache
def _crowd(count: int, seed: int, split: str) -> scenes.Drawings:
    """Scenes of three or four objects, of a split, in pictures of 32 × 32 pixels."""
    crowded = [scene for scene in scenes.sample(8 * count, seed, split) if len(scene.objects) >= CROWD]
    return scenes.draw_many(crowded[:count], SIDE)


def _case(seed: int) -> dict:
    """The training pictures, which are always the same, and unseen ones of a seed."""
    training, hidden = _crowd(TRAINING, 0, "train"), _crowd(HIDDEN, seed, "test")
    return {
        "given": {name: getattr(training, name) for name in ("pictures", "boxes", "kinds")},
        "asked": hidden.pictures,
        "truth": {"boxes": hidden.boxes, "kinds": hidden.kinds},
    }


def average_precision(truth: dict, outputs: np.ndarray, anywhere: bool = False) -> float:
    """Mean average precision at an intersection over union of 0.5; 0 to 1.

    Args:
        truth: boxes [n, objects, 4] and kinds [n, objects], as `scenes.draw_many` gives them.
        outputs: [n, ROWS, 6]: left, top, right, bottom, kind and score; rows of score 0 are left out.
        anywhere: every detection counts as of the first kind, and so does every object: only its place is right or not.
    """
    kinds = np.where(truth["kinds"] >= 0, 0, -1) if anywhere else truth["kinds"]
    found = [
        SimpleNamespace(boxes=rows[:, :4], kinds=rows[:, 4].round().astype(int) * (not anywhere), scores=rows[:, 5])
        for rows in (picture[picture[:, 5] > 0] for picture in np.clip(outputs, -SIDE, 2.0 * SIDE))
    ]
    if not any(len(one.scores) for one in found):
        return 0.0
    return float(np.nan_to_num(mean_average_precision(found, truth["boxes"], kinds, SIDE).by_overlap[0]))


def _detected(outputs: np.ndarray) -> np.ndarray:
    """The rows of all pictures that hold a detection: [m, 6]."""
    return outputs[outputs[..., 5] > 0]


def _duplicated(truth: dict, outputs: np.ndarray) -> bool:
    """Whether most pictures have two detections of one kind that overlap by more than half."""
    twice = 0
    for picture in outputs:
        rows = picture[picture[:, 5] > 0]
        corners = np.maximum(rows[:, None, :2], rows[None, :, :2]), np.minimum(rows[:, None, 2:4], rows[None, :, 2:4])
        shared = np.prod(np.clip(corners[1] - corners[0], 0, None), axis=-1)
        areas = np.prod(rows[:, 2:4] - rows[:, :2], axis=1)
        over_half = shared > (areas[:, None] + areas[None]) / 3  # intersection over union above 0.5
        twice += bool(np.triu(over_half & (rows[:, None, 4] == rows[None, :, 4]), 1).any())
    return twice > len(outputs) / 2


def train_detector(pictures, boxes, kinds):
    """The student's function; the notebook has one that reaches all bars."""
    raise NotImplementedError


DETECTOR = exercise("pr02-1", "Beat the detector", points=12).network(
    train_detector,
    score=average_precision,
    at_least=(0.35, 0.58, 0.66),
    measure="the mean average precision on unseen pictures, at an intersection over union of 0.5",
    shape=lambda truth: (len(truth["kinds"]), ROWS, 6),
    expects=f"a network that gives of n pictures an array [n, {ROWS}, 6]: left, top, right, bottom, kind and score",
    section=LESSON + "3.-A-one-stage-detector",
    seconds=300,
    draw=lambda rng: [_case(int(rng.integers(100, 2**31)))],
    mistakes={
        "nothing-detected": (
            lambda truth, outputs: len(_detected(outputs)) < len(outputs) / 4,
            "Most pictures have no detection at all: rows count whose score is above 0.",
        ),
        "not-in-pixels": (
            lambda truth, outputs: np.abs(_detected(outputs)[:, :4]).mean() < 2,
            f"The boxes lie in the picture's first corner. Its sides are 0 to {SIDE} pixels, not 0 to 1.",
        ),
        "width-and-height": (
            lambda truth, outputs: (_detected(outputs)[:, 2:4] <= _detected(outputs)[:, :2]).mean() > 0.2,
            "Many boxes end before they begin. After left and top come right and bottom, not width and height.",
        ),
        "duplicates": (_duplicated, "Most pictures have the same object twice. What does suppression do?"),
        "wrong-kinds": (
            lambda truth, outputs: (
                average_precision(truth, outputs, anywhere=True) > average_precision(truth, outputs) + 0.3
            ),
            "The boxes are where objects are, but their kinds are not right.",
        ),
    },
)
ERRORS = exercise("pr02-2", "Where it fails", points=6).by_hand(LESSON + "What-kind-of-failure?")
ABLATION = exercise("pr02-3", "What each change brings", points=6).by_hand(
    LESSON + "4.-How-good-is-it?-Average-precision"
)
REPORT = exercise("pr02-4", "A model report", points=6).by_hand(LESSON + "What-one-pixel-costs")

EXERCISES = (DETECTOR, ERRORS, ABLATION, REPORT)
