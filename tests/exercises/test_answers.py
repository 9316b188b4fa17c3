"""The graders are tested: right answers get full marks, wrong ones lose some and are told why, nothing gets nothing."""

from contextlib import suppress
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from answers import BARELY_WRONG, RIGHT, WRONG

from tools.notebooks.files import read
from tools.notebooks.release import release_of, solutions, sources
from vistext import exercises
from vistext.exercises import values

EXERCISES = [exercise for name in exercises.PROBLEM_SETS for exercise in exercises.of_set(name)]
ASKED = [exercise for exercise in EXERCISES if exercise.kind != "by hand"]
FUNCTIONS = [exercise for exercise in ASKED if exercise.kind == "function"]
COMPARED = [exercise for exercise in ASKED if exercise.kind != "network"]  # with what is right
NETWORKS = [exercise for exercise in ASKED if exercise.kind == "network"]
CALLED = [exercise for exercise in ASKED if exercise.kind in exercises.CALLED]
SEEDS = range(1, 6)


def ran(path):
    """What the solution cells of a notebook define."""
    names = {"np": np}
    for _, source in solutions(read(path)):
        with suppress(NotImplementedError):
            exec(source, names)
    return SimpleNamespace(**names)


REFERENCES = [ran(path) for path in sources()]
RELEASES = [ran(release_of(path)) for path in sources()]


def of_set(exercise, notebooks):
    return getattr(notebooks[exercises.SETS.index(exercise.id[:4])], exercise.answer)


def judged(exercise, answer, cases):
    return exercise.judge(cases, exercises.answers_of(exercise, answer, cases))


@cache
def trained(exercise_id, answer):
    """The verdict on a network, which is trained once for all tests."""
    exercise = exercises.find(exercise_id)
    return judged(exercise, answer, exercise.cases(1))


def shown_and_held_out(exercise, seed):
    return exercise.cases(None) + (exercise.cases(seed) if exercise.kind in exercises.CALLED else [])


def each_of(table, exercises=COMPARED):
    """Every answer of a table: its exercise, its name and itself."""
    answers = [
        (exercise, name, answer) for exercise in exercises for name, answer in table.get(exercise.id, {}).items()
    ]
    names = [f"{exercise.id} {name}" for exercise, name, _ in answers]
    return pytest.mark.parametrize(("exercise", "name", "answer"), answers, ids=names)


def each(exercises):
    return pytest.mark.parametrize("exercise", exercises, ids=[exercise.id for exercise in exercises])


EVERY_RIGHT = {exercise.id: dict(enumerate([of_set(exercise, REFERENCES), *RIGHT[exercise.id]])) for exercise in ASKED}


@each_of(EVERY_RIGHT)
def test_a_right_answer_gets_full_marks_on_shown_and_on_held_out_cases(exercise, name, answer):
    for seed in (None, *SEEDS):
        verdict = judged(exercise, answer, exercise.cases(seed))
        assert (verdict.passed, verdict.share, verdict.mistake) == (True, 1.0, ""), verdict


@each_of(WRONG)
def test_a_wrong_answer_loses_marks_and_is_told_why(exercise, name, answer):
    for seed in SEEDS:
        verdict = judged(exercise, answer, shown_and_held_out(exercise, seed))
        assert not verdict.passed
        assert verdict.share < 1
        assert verdict.mistake == name
        assert judged(exercise, answer, exercise.cases(seed)).share <= 2 / 3  # of held-out cases alone


@each_of(EVERY_RIGHT, NETWORKS)
def test_a_network_that_has_learned_reaches_every_bar(exercise, name, answer):
    verdict = trained(exercise.id, answer)
    assert (verdict.passed, verdict.share, verdict.mistake) == (True, 1.0, ""), verdict


@each_of(WRONG, NETWORKS)
def test_a_network_that_has_not_learned_what_is_asked_misses_a_bar_and_is_told_why(exercise, name, answer):
    verdict = trained(exercise.id, answer)
    assert not verdict.passed, verdict
    assert verdict.mistake == name, verdict
    assert verdict.share <= 2 / 3


@each_of(BARELY_WRONG)
def test_what_is_wrong_only_at_an_edge_never_gets_full_marks(exercise, name, answer):
    assert not judged(exercise, answer, shown_and_held_out(exercise, exercises.SEED)).passed
    for seed in range(40):
        assert not judged(exercise, answer, exercise.cases(seed)).passed, seed


@each(ASKED)
def test_there_are_three_more_right_answers_six_wrong_ones_and_one_for_every_mistake(exercise):
    assert len(RIGHT[exercise.id]) >= 3
    assert len(WRONG[exercise.id]) >= (4 if exercise.kind == "network" else 6)
    known = {key for key, *_ in exercise.symptoms} if exercise.kind == "network" else set()
    assert known | {mistake.key for mistake in exercise.mistakes} <= set(WRONG[exercise.id])


@each(ASKED)
def test_no_two_mistakes_have_the_same_message(exercise):
    answers = WRONG[exercise.id].values()
    if exercise.kind == "network":
        ideas = [trained(exercise.id, answer).idea for answer in answers]
        known = [idea for *_, idea in exercise.symptoms]
    else:
        ideas = [judged(exercise, answer, shown_and_held_out(exercise, 1)).idea for answer in answers]
        known = [mistake.idea for mistake in exercise.mistakes]
    assert len(set(ideas)) == len(ideas)
    assert len(set(known)) == len(known)


@each(ASKED)
def test_the_untouched_release_scores_nothing(exercise):
    answer = of_set(exercise, RELEASES)
    for seed in (None, 1):
        verdict = judged(exercise, answer, exercise.cases(seed))
        assert (verdict.passed, verdict.share, verdict.mistake) == (False, 0.0, "not-begun")


@each(CALLED)
def test_held_out_cases_are_others_for_each_seed_and_the_same_for_the_same(exercise):
    def among(case, cases):
        return any(values.equal(list(case.values()), list(each.values()), 0) for each in cases)

    cases = exercise.cases(7)
    assert len(cases) >= (1 if exercise.kind == "network" else 4)
    assert all(among(case, [again]) for case, again in zip(cases, exercise.cases(7), strict=True))
    # A case or two may come for every seed (nothing at all, say), but never one that is shown.
    assert sum(among(case, exercise.cases(8)) for case in cases) <= len(cases) // 3
    assert not any(among(case, exercise.shown) for seed in SEEDS for case in exercise.cases(seed))


@each([exercise for exercise in ASKED if exercise.kind == "value"])
def test_a_value_that_is_wrong_is_not_told_the_right_one(exercise):
    wrong = WRONG[exercise.id]["other"]
    verdict = judged(exercise, wrong, exercise.cases(None))
    said = " ".join([verdict.asked, verdict.expected, verdict.idea]).replace(",", "")
    right = exercise.solve()
    assert str(right) not in said
    assert values.to_text(right).replace(",", "") not in said
