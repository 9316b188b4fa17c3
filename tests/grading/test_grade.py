"""One submission: what is right earns its points, what is wrong is named, and a fault of ours costs no other."""

import json
from dataclasses import asdict, replace

import pytest
from submissions import RIGHT, as_bytes, hand_in, make_release, scores

from vistext.exercises.judging import Exercise
from vistext.grading.grade import grade
from vistext.grading.sandbox import Sandbox

pytestmark = pytest.mark.sandbox


def with_scale(body):
    return hand_in(RIGHT | {"ps90-1": f"def scale(numbers, factor):\n    {body}"})


def test_right_answers_earn_all_points_and_text_waits_for_a_person(graded):
    result = graded(hand_in(RIGHT, text="Because."))
    assert scores(result) == [4, 2, 3, None]
    assert result.by_hand == {"ps90-4": "Because."}
    assert result.flags == result.notes == []  # also of a given cell whose import fails: no name of it is used


def test_an_untouched_release_earns_nothing_and_needs_nobody(graded):
    result = graded(make_release())
    assert scores(result) == [0, 0, 0, 0]
    assert result.exercises["ps90-1"].mistake == "not-begun"
    assert result.exercises["ps90-1"].idea == "There is no answer yet."
    assert result.flags == []


def test_a_wrong_answer_is_named_and_the_others_keep_their_points(graded):
    result = graded(with_scale("return [n + factor for n in numbers]"))
    assert scores(result) == [0, 2, 3, 0]
    assert result.exercises["ps90-1"].idea == "It adds. Multiply."
    assert result.exercises["ps90-1"].came_back.endswith("[3, 4, 5]")


def test_the_same_submission_earns_the_same_whatever_the_seed_is(job):
    content = as_bytes(hand_in(RIGHT | {"ps90-3": "def largest(numbers):\n    return numbers[0]"}))
    first, second, third = (replace(grade(content, replace(job, seed=seed)), seconds=0) for seed in (1, 1, 2))
    assert first == second
    assert scores(first)[:2] == scores(third)[:2] == [4, 2]


def test_a_given_cell_runs_if_a_name_of_it_is_used(graded):
    assert "NameError" in graded(hand_in(RIGHT | {"ps90-2": "total = never"})).exercises["ps90-2"].came_back


def test_a_deleted_answer_costs_itself_and_a_person_is_told(graded):
    notebook = hand_in(RIGHT)
    notebook.cells = [cell for cell in notebook.cells if cell.id != "stub-1"]
    result = graded(notebook)
    assert scores(result)[:3] == [0, 2, 3]
    assert any("# exercise: ps90-1" in flag for flag in result.flags)


def test_a_function_with_another_name_is_shown_to_a_person(graded):
    result = graded(hand_in(RIGHT | {"ps90-1": "def scales(numbers, f):\n    return [n * f for n in numbers]"}))
    assert scores(result)[0] == 0
    assert any("defines scales, not scale" in flag for flag in result.flags)


def test_a_cell_that_cannot_run_is_named_in_place_of_a_missing_answer(graded):
    result = graded(hand_in(RIGHT | {"ps90-1": "def scale(numbers, factor)\n    return 1"}))
    assert "SyntaxError" in result.exercises["ps90-1"].came_back
    assert scores(result)[1:3] == [2, 3]
    assert result.flags == []


def test_a_function_that_changes_what_it_is_given_is_told_so(graded):
    changing = with_scale("numbers[:] = [n * factor for n in numbers]\n    return numbers")
    assert graded(changing).exercises["ps90-1"].mistake == "changed-input"


def test_nothing_is_judged_before_the_student_s_process_is_gone(graded, monkeypatch):
    order = []
    closing, judging = Sandbox.close, Exercise.judge
    monkeypatch.setattr(Sandbox, "close", lambda self: (order.append("closed"), closing(self))[1])
    monkeypatch.setattr(Exercise, "judge", lambda self, *given: (order.append("judged"), judging(self, *given))[1])
    graded(hand_in(RIGHT))
    assert order[0] == "closed"
    assert "closed" not in order[order.index("judged") :]


def test_shown_cases_are_all_asked_before_any_held_out_one(graded):
    """What a student can read of an answer was given before anything held out was known."""
    spying = "seen = []\n\ndef scale(numbers, factor):\n    seen.append(numbers)\n    return seen[:20]"
    counting = "def largest(numbers):\n    return [len(seen)]"
    result = graded(hand_in(RIGHT | {"ps90-1": spying, "ps90-3": counting}))
    assert result.exercises["ps90-3"].came_back.endswith("[2]")
    assert "[[1, 2, 3]" in result.exercises["ps90-1"].came_back
    assert json.dumps(asdict(result.exercises["ps90-1"])).count("[[1, 2, 3]]") == 1


def test_a_fault_of_the_grader_costs_one_submission_and_not_the_run(graded, monkeypatch):
    def faulty(*_):
        raise TypeError("ours")

    monkeypatch.setattr("vistext.grading.grade.execute", faulty)
    result = graded(hand_in(RIGHT))
    assert result.exercises == {}
    assert "a fault in the grader" in result.flags[0]
    assert "TypeError" in result.flags[0]
