"""Exercises that ask for a network: it is judged by what it gives for unseen inputs, and by nothing else."""

import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from vistext import exercises
from vistext.exercises import Failure
from vistext.exercises.exercise import exercise


def fit_line(x, y):
    slope, offset = np.polyfit(x, y, 1)
    return lambda asked: slope * asked + offset


def draw(rng):
    x, asked, (slope, offset) = rng.normal(size=20), rng.normal(size=8), rng.uniform(1, 3, 2)
    return [{"given": {"x": x, "y": slope * x + offset}, "asked": asked, "truth": slope * asked + offset}]


LINE = exercise("ps00-1", "A line", points=2).network(
    fit_line,
    score=lambda truth, outputs: -np.abs(outputs - truth).mean(),
    at_least=(-1.0, -0.1),
    measure="minus the mean error",
    shape=np.shape,
    section="00.ipynb#Lines",
    expects="a line through all points",
    shown=draw(np.random.default_rng(0)),
    draw=draw,
    mistakes={
        "flipped": (
            lambda truth, outputs: (truth - truth.mean()) @ (outputs - outputs.mean()) < 0,
            "It falls where it rises.",
        )
    },
)


def verdict(answer, seed=1):
    cases = LINE.cases(seed)
    return LINE.judge(cases, exercises.answers_of(LINE, answer, cases))


def test_what_has_learned_is_right_and_the_reference_is_never_run_by_who_judges():
    found = verdict(fit_line)
    assert (found.passed, found.share, found.mistake, found.idea) == (True, 1.0, "", "Right.")
    cases = LINE.cases(1)
    assert LINE.judge(cases, [case["truth"] for case in cases]).passed


def test_each_bar_earns_its_share():
    found = verdict(lambda x, y: lambda asked: fit_line(x, y)(asked) + 0.5)
    assert (found.passed, found.share, found.mistake) == (False, 0.5, "other")
    assert found.came_back == "a network; minus the mean error: -0.5"
    assert found.expected == "a line through all points; minus the mean error: at least -1 / -0.1"
    assert found.idea.endswith("That is one of two bars.")


def test_what_a_training_prints_is_seen_and_what_a_network_prints_is_not(capsys):
    def noisy(x, y):
        print("epoch 1")
        return lambda asked: print("asked") or fit_line(x, y)(asked)

    assert verdict(noisy).passed
    assert capsys.readouterr().out == "epoch 1\n"
    exercises.call_function(noisy, LINE.cases(1)[0]["given"])  # as the grader does
    assert not capsys.readouterr().out


class Broken:
    def __init__(self, x, y):
        pass

    def __call__(self, asked):
        return asked[99]


def to_array(x, y):
    return x


def broken(x, y):
    def network(asked):
        return asked[99]

    return network


@pytest.mark.parametrize(
    ("mistake", "answer"),
    {
        "flipped": lambda x, y: lambda asked: -fit_line(x, y)(asked),
        "constant": lambda x, y: lambda asked: np.full(8, -100.0),
        "returns-nothing": lambda x, y: None,
        "gives-nothing": lambda x, y: lambda asked: None,
        "no-network": to_array,
        "stopped": broken,
        "wrong-shape": lambda x, y: lambda asked: asked[:3],
        "wrong-type": lambda x, y: lambda asked: ["a"] * 8,
        "not-finite": lambda x, y: lambda asked: asked * np.nan,
        "changed-input": lambda x, y: x.sort() or fit_line(x, y),
        "missing": 3,
        "not-begun": None,
    }.items(),
)
def test_what_has_not_earns_nothing_and_is_told_why(mistake, answer):
    found = verdict(answer)
    assert (found.passed, found.share) == (False, 0.0)
    assert found.mistake.startswith(mistake)


def test_a_line_of_a_network_that_stops_is_named():
    assert "return asked[99]" not in verdict(fit_line).came_back
    for answer in (broken, partial(broken), Broken):
        assert re.search(r"IndexError.*\(line \d+ of its cell: return asked\[99\]\)", verdict(answer).came_back)


@pytest.mark.parametrize("output", [Failure("Timeout", ""), [], {}, "x", np.zeros(8, complex), [[1], [2, 3]], ...])
def test_anything_at_all_can_be_judged(output):
    assert not LINE.judge(LINE.cases(1), [output]).passed


def test_outputs_that_are_missing_earn_nothing_and_there_must_be_a_case():
    assert LINE.judge(LINE.cases(1), []).mistake == "missing"
    with pytest.raises(ValueError, match="judged by its cases"):
        LINE.judge([], [])


def test_a_partial_is_a_function_too():
    assert verdict(partial(fit_line)).passed


def test_what_its_score_is_made_of_is_shown_behind_it():
    detailed = replace(LINE, details=lambda truth, outputs: f" of {len(truth)} points")
    [case] = LINE.cases(1)
    assert detailed.judge([case], [case["truth"]]).came_back.endswith(" of 8 points")
