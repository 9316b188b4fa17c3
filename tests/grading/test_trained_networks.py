"""Networks are trained in the sandbox, by what is given, and then asked what their training has not seen."""

from dataclasses import replace

import numpy as np
import pytest
from submissions import LIMITS, as_bytes, make_release

from vistext.exercises.exercise import exercise
from vistext.grading.grade import grade
from vistext.grading.limits import CORES, Job

pytestmark = pytest.mark.sandbox


def scale(numbers, factor):
    return lambda asked: factor * asked


def draw(rng):
    numbers, factor, asked = rng.normal(size=4), float(rng.uniform(2, 9)), rng.normal(size=6)
    return [{"given": {"numbers": numbers, "factor": factor}, "asked": asked, "truth": factor * asked}]


TRAINED = exercise("ps90-1", "Exercise 1", points=4).network(
    scale,
    score=lambda truth, outputs: float(np.isclose(outputs, truth).mean()),
    at_least=(0.5, 1.0),
    measure="share that is right",
    shape=np.shape,
    expects="a network that multiplies",
    section="01_tagging.ipynb#Pooling",
    shown=draw(np.random.default_rng(0)),
    draw=draw,
    mistakes={},
    seconds=2.0,
)


def of_set(name):
    return (TRAINED,)


@pytest.fixture
def result(job):
    def graded(source):
        notebook = make_release()
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "ps90-1":
                cell.source = f"# exercise: ps90-1\n{source}"
        limits = replace(LIMITS, call_seconds=1, grace=1)
        return grade(as_bytes(notebook), replace(job, exercises=__name__, limits=limits)).exercises["ps90-1"]

    return graded


def test_a_network_earns_its_points_and_partial_ones_their_share(result):
    assert result("def scale(numbers, factor):\n    return lambda asked: factor * asked").score == 4
    half = result("def scale(numbers, factor):\n    return lambda asked: factor * asked * np.array([1, 1, 1, 1, 0, 0])")
    assert (half.score, half.mistake) == (2, "other")


def test_its_training_may_take_longer_than_a_call_but_not_for_ever(result):
    body = "def scale(numbers, factor):\n    import time; time.sleep({})\n    return lambda asked: factor * asked"
    assert result(body.format(1.5)).score == 4
    assert result(body.format(9)).mistake == "too-slow"


@pytest.mark.parametrize(
    ("mistake", "source"),
    {
        "no-network": "def scale(numbers, factor):\n    return factor * numbers",
        "returns-nothing": "def scale(numbers, factor):\n    factor * numbers",
        "gives-nothing": "def scale(numbers, factor):\n    return lambda asked: None",
        "stopped": "def scale(numbers, factor):\n    return lambda asked: asked[99]",
        "missing": "def other(numbers, factor):\n    pass",
    }.items(),
)
def test_what_is_no_network_earns_nothing_and_is_told_why(result, mistake, source):
    found = result(source)
    assert found.score == 0
    assert found.mistake.startswith(mistake)


def test_a_training_cannot_find_what_the_network_will_be_asked(result):
    search = """
import sys

def scale(numbers, factor):
    frame, found = sys._getframe(), False
    while frame := frame.f_back:
        found = found or "asked" in frame.f_locals or "query" in frame.f_locals.get("message", {})
    return lambda asked: 0 * asked if found else factor * asked
"""
    assert result(search).score == 4


def test_a_set_gets_the_time_of_its_trainings(release):
    job = Job("ps90", release, 1, LIMITS, exercises=__name__)
    assert job.allowed.seconds == LIMITS.seconds + 2 + LIMITS.grace
    assert job.allowed.processor_seconds == LIMITS.processor_seconds + (2 + LIMITS.grace) * CORES
