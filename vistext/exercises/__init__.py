"""Instant feedback on the exercises of the problem sets: `check("ps01-3", answer)`, in words, at once, offline.

The same exercises, with other cases, serve whoever grades: `find(id).cases(seed)` are the arguments to call a student's
function with, and `find(id).judge(cases, outputs)` says what the outputs are worth. Nothing here imports TensorFlow.
"""

import os
import time
from collections.abc import Sequence
from importlib import import_module

from vistext.exercises.answers import call_answer, call_function, call_network, to_plain
from vistext.exercises.judging import Exercise, Failure
from vistext.exercises.report import CheckFailedError, Report

__all__ = [
    "CALLED",
    "PROBLEM_SETS",
    "PROJECTS",
    "SETS",
    "CheckFailedError",
    "Exercise",
    "Failure",
    "answers_of",
    "call_answer",
    "check",
    "find",
    "of_set",
    "to_plain",
]

CALLED = ("function", "network")  # the kinds whose answer is a function
PROBLEM_SETS = tuple(f"ps{number:02}" for number in range(9))
PROJECTS = ("pr02", "pr05", "pr08")  # hours of work: one network, and what a person marks
SETS = PROBLEM_SETS + PROJECTS
SEED = 20  # of the held-out cases that a student's check runs; whoever grades draws others


def of_set(name: str) -> tuple[Exercise, ...]:
    """The exercises of a problem set, in order; a `ValueError` names the sets if it is none of them."""
    if name not in SETS:
        raise ValueError(f"{name!r} is no problem set; there are {', '.join(SETS)}")
    return import_module(f"vistext.exercises.{name}").EXERCISES


def find(exercise_id: str) -> Exercise:
    """The exercise with an id such as "ps01-3"; a `ValueError` names those of its set if it is none of them."""
    exercises = of_set(str(exercise_id).partition("-")[0])
    for exercise in exercises:
        if exercise.id == exercise_id:
            return exercise
    raise ValueError(f"{exercise_id!r} is no exercise; there are {', '.join(exercise.id for exercise in exercises)}")


def answers_of(exercise: Exercise, answer: object, cases: Sequence[dict]) -> list[object]:
    """What a student's function, or the network that it trains, gives for each case; or the value that they give.

    What a training prints is seen, as a sign of life.
    """
    if exercise.kind == "network":
        return [
            call_network(call_function(answer, case["given"], quiet=False), case["asked"], answer) for case in cases
        ]
    return [call_answer(answer, case) for case in cases] if exercise.kind == "function" else [to_plain(answer)]


def check(exercise_id: str, answer: object = None) -> Report | None:
    """What is found about an answer, for the student who wrote it.

    Runs in the student's own process, on the cases that are shown and on a few others; a network is trained once, on
    what is shown.

    Args:
        exercise_id: such as "ps01-3".
        answer: the student's function, or value.

    Returns:
        A report that a notebook shows: in words, with what to look at again, and how far the set is done. To nbgrader's
        own commands, which take what a cell gives for its points, it is printed instead.

    Raises:
        ValueError: there is no such exercise.
        CheckFailedError: nbgrader's own commands are running the notebook, and the answer is not right: an error is
            how these learn of it.
    """
    exercise = find(exercise_id)
    cases = exercise.cases(None) + (exercise.cases(SEED) if exercise.kind == "function" else [])
    begun = time.monotonic()
    outputs = answers_of(exercise, answer, cases)
    seconds = (time.monotonic() - begun) / max(len(cases), 1)
    report = Report.of(exercise, cases, outputs, of_set(exercise_id.partition("-")[0]), seconds)
    if not os.environ.get("NBGRADER_EXECUTION"):
        return report
    if not report.verdict.passed and exercise.kind != "by hand":
        raise CheckFailedError(str(report))
    print(report)
    return None
