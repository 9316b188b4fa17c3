"""A problem set of three exercises for the tests of grading, which so do not depend on the real sets."""

import contextlib
import os
from pathlib import Path

import numpy as np

from vistext.exercises.judging import Exercise, Misconception

SETS = ("ps90",)
LESSON = "01_tagging.ipynb#Pooling"
ENDING = "STANDINS_END_A_WORKER"  # names a file; the worker that finds it takes it away, and ends


def _cases(rng):
    with contextlib.suppress(FileNotFoundError):
        Path(os.environ.get(ENDING, "/nowhere")).unlink()
        os._exit(9)
    return [{"numbers": rng.integers(-50, 50, 4).tolist(), "factor": int(rng.integers(2, 9))} for _ in range(4)]


def _exercise(number, kind, answer, **more):
    return Exercise(
        id=f"ps90-{number}",
        title=f"Exercise {number}",
        kind=kind,
        answer=answer,
        section=LESSON,
        **more,
    )


EXERCISES = (
    _exercise(
        1,
        "function",
        "scale",
        points=4,
        expects="a list of numbers",
        solve=lambda numbers, factor: (np.array(numbers) * factor).tolist(),
        shown=({"numbers": [1, 2, 3], "factor": 2}, {"numbers": [5, -1], "factor": 10}),
        draw=_cases,
        mistakes=(
            Misconception("added", "It adds. Multiply.", lambda numbers, factor: [one + factor for one in numbers]),
            Misconception("unchanged", "The factor makes no difference.", lambda numbers, factor: numbers),
        ),
    ),
    _exercise(2, "value", "total", points=2, expects="one whole number", solve=lambda: 4242),
    _exercise(
        3,
        "function",
        "largest",
        points=3,
        expects="a number",
        solve=lambda numbers: float(np.max(numbers)),
        shown=({"numbers": [3, 9, 4]}, {"numbers": [-1, -5]}),
        draw=lambda rng: [{"numbers": rng.normal(size=5)} for _ in range(3)],
        mistakes=(Misconception("first", "That is the first one.", lambda numbers: numbers[0]),),
    ),
    _exercise(4, "by hand", "", points=2),
)


def of_set(name):
    assert name == "ps90"
    return EXERCISES
