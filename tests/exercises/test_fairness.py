"""What is right is accepted as students' code naturally gives it, and what is said of the rest is true of it."""

from collections import namedtuple
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from test_answers import FUNCTIONS, each
from test_judging import DOUBLE, GARBAGE, Hostile, HostileList, is_plain

from vistext.exercises import call_answer, check, to_plain, values
from vistext.grading import protocol

Pair = namedtuple("Pair", "one two")


def about(solve, shown, held_out):
    """An exercise about `x`, with cases that are known beforehand."""
    cases = [[{"x": x} for x in some] for some in (shown, held_out)]
    return replace(DOUBLE, solve=solve, shown=tuple(cases[0]), draw=lambda rng: cases[1], mistakes=())


SHARE = about(lambda x: x / 8, [1], [2, 3, 5])
ABOVE = about(lambda x: [one for one in x if one > 0], [[1, -2]], [[3, -4, 5], [6, 7, -1], [-1, 2, 3, 4]])
BOX = about(lambda x: [x, x + 1] if x else None, [1, 0], [2, 3, 0, 4])
NAME = about(lambda x: f"name {x}", [1], [2, 3, 4])
ROWS = about(lambda x: np.full((2, x), 1.0), [2], [3, 4])
BOXES = about(lambda x: [[1, 2, 3, 4]] * x, [2], [3, 4])
NAMES = about(lambda x: [f"name {x}", "b"], [1], [2, 3, 4])


def judged(exercise, answer):
    cases = exercise.cases(None) + exercise.cases(1)
    return exercise.judge(cases, [call_answer(answer, case) for case in cases])


# What is right.


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (True, 1.0),
        (False, 0),
        ((True, 2 / 3, False), [1.0, 2 / 3, 0.0]),
        (np.array([True, False]), np.array([1.0, 0.0])),
        ([1, 0], [True, False]),
        (np.array([1.0, 0.0]), np.array([True, False])),
        (np.float32(1 / 3), 1 / 3),
        ([np.array(1.0), np.float16(0.5)], [1.0, 0.5]),
        (np.array(3), 3),
    ],
)
def test_a_truth_value_is_the_number_that_it_is_to_python_and_numbers_may_be_of_any_type(given, expected):
    assert values.equal(given, expected)


@pytest.mark.parametrize(("given", "expected"), [(True, 0), (True, 2), (False, 1.0), ([True], [0.5]), (2, True)])
def test_a_truth_value_is_no_other_number(given, expected):
    assert not values.equal(given, expected)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Fraction(1, 8), 0.125),
        (Decimal("0.125"), 0.125),
        ([Fraction(1, 8), 2], [0.125, 2]),
        (np.array([[1, 2], [3, 4]]).view(np.matrix), np.array([[1, 2], [3, 4]])),
        (np.array([1, 2], object), [1, 2]),
        (np.array([1, "a", None], object), [1, "a", None]),
        (np.longdouble("0.125"), 0.125),
        (np.array([0.125], np.longdouble), [0.125]),
        (np.array("a"), "a"),
        (Pair(1, [2]), (1, [2])),
    ],
)
def test_numbers_of_other_libraries_are_taken_for_what_they_are(given, expected):
    found = to_plain(given)
    assert type(found) in (int, float, str, list, tuple, np.ndarray)
    assert values.equal(found, expected)
    assert values.equal(protocol.unpack(protocol.pack(found)), expected)  # and so it is out of the sandbox


def test_tensors_shapes_and_variables_are_taken_for_arrays_in_lists_too():
    tf = pytest.importorskip("tensorflow")
    whole = tf.constant([[1, 2], [3, 4]])
    assert values.equal(to_plain([whole, whole[0], tf.constant(0.5)]), [[[1, 2], [3, 4]], [1, 2], 0.5])
    assert values.equal(to_plain(tf.TensorShape([3, 11, 128])), (3, 11, 128))
    assert values.equal(to_plain({}), {})
    assert values.equal(to_plain(tf.Variable(3.0)), 3)
    assert values.equal(to_plain(tf.constant([0.5], tf.bfloat16)), [0.5])
    assert "✓ ps01-3" in repr(check("ps01-3", tf.constant(822_922)))
    assert judged(SHARE, lambda x: tf.constant(x, tf.float32) / 8).passed


def test_whatever_numpy_can_read_of_a_known_library_is_taken_for_an_array():
    def like_pandas(module):
        return type("Series", (), {"__module__": module, "__array__": lambda self, *_, **__: np.array([1, 2])})()

    assert values.equal(to_plain([like_pandas("pandas.core.series")]), [[1, 2]])
    assert type(to_plain(like_pandas("somewhere"))).__name__ == "Series"


@each(FUNCTIONS)
def test_who_computes_in_float32_is_right(exercise):
    def rounded(value):
        is_array = isinstance(value, np.ndarray) and value.dtype == float
        return np.float32(value) if is_array or isinstance(value, float) else value

    for seed in (None, *range(1, 21)):
        cases = exercise.cases(seed)
        narrow = [{name: rounded(value) for name, value in case.items()} for case in cases]
        assert exercise.judge(cases, [rounded(exercise.solve(**case)) for case in narrow]).passed, seed


def test_numbers_beside_a_large_one_are_held_to_what_float32_holds_of_it():
    large = np.array([4000.0, 0.001])
    assert values.equal(large + np.array([0, 1e-3]), large, 1e-5)
    assert not values.equal(large + np.array([0, 2e-2]), large, 1e-5)
    assert not values.equal(822_922.4, 822_922, 1e-9)
    assert not values.equal(np.array([0.5, 0.501]), np.array([0.5, 0.5]), 1e-5)


@pytest.mark.parametrize(
    ("exercise", "right", "wrong"),
    [  # letters in order may have anything between them, and with a pencil two decimals will do
        (
            "ps03-5",
            ["CADB", "cadb", " C A D B ", "c,a,d,b", "C > A > D > B", "C-A-D-B.", "C\nA\nD\nB"],
            ["CADBB", "CAD", "", "C A D", "CBDA", "1CADB"],
        ),
        ("ps02-1", [0.31], [0.3, 0.32]),
        ("ps04-1", [1.39], [1.38, 1.4]),
    ],
)
def test_values_are_right_in_every_usual_form_and_in_no_other(exercise, right, wrong):
    assert all(check(exercise, answer).verdict.passed for answer in right)
    assert not any(check(exercise, answer).verdict.passed for answer in wrong)


def test_a_sentence_is_held_to_its_letters_and_marks():
    assert not values.equal("This is a cat (95 %)", "This is a cat (95 %).")
    assert values.equal("This is a cat (95 %).\n", "This is a cat (95 %).")


# What is said.


@pytest.mark.parametrize(
    ("exercise", "answer", "mistake", "words"),
    [
        (SHARE, lambda x: 12.5 * x, "per-cent", "a hundred times too large"),
        (SHARE, lambda x: 100 * x / 8 + 1, "other", "Its form is right"),
        (SHARE, lambda x: x > 1, "wrong-type", "That is a truth value"),
        (SHARE, lambda x: [x / 8], "wrong-shape", "Yours is in a list or an array"),
        (SHARE, lambda x: (x, 8), "wrong-shape", "or there are several"),
        (SHARE, lambda x: x / 8 + 0j, "wrong-type", "another kind of thing"),
        (SHARE, lambda x: float("inf"), "not-finite", "0 for log"),
        (ABOVE, lambda x: [one for one in x if one > 1], "wrong-shape", "too few entries"),
        (ABOVE, lambda x: x, "wrong-shape", "too many entries"),
        (ABOVE, lambda x: len(x) + 1, "wrong-shape", "a single number"),
        (ABOVE, lambda x: [[one] for one in x if one > 0], "wrong-shape", "another number of axes"),
        (ABOVE, lambda x: {one for one in x if one > 0}, "wrong-type", "another kind of thing"),
        (ABOVE, lambda x: (one for one in x if one > 0), "wrong-type", "another kind of thing"),
        (BOX, lambda x: [x, x + 1] if x in (1, 2) else None, "none-here", "there is an answer"),
        (BOX, lambda x: [x, x + 1], "not-none", "nothing is to be found"),
        (BOX, lambda x: None, "returns-nothing", "It returned nothing"),
        (NAME, lambda x: f"Name {x}", "other", "Its form is right"),
        (NAMES, lambda x: [x] * 2, "other", "Not all that is in it is right"),
        (NAMES, lambda x: [[x], "b"], "other", "Not all that is in it is right"),
        (ROWS, lambda x: [[1.0] * x, [1.0]], "wrong-shape", "Its rows are not all of one length."),
        (BOXES, lambda x: [[1, 2, 3, 4]], "wrong-shape", "too few entries"),
        (BOXES, lambda x: [[1, 2, 3]] * x, "other", "Not all that is in it is right"),
    ],
)
def test_the_idea_is_true_of_what_came_back(exercise, answer, mistake, words):
    verdict = judged(exercise, answer)
    assert not verdict.passed
    assert (verdict.mistake, words in verdict.idea) == (mistake, True), verdict


@pytest.mark.parametrize(
    ("answer", "hard_coded"),
    [
        (lambda x: {1: 0.125}.get(x, 0), True),
        (lambda x: 0.125 if x == 1 else None, True),
        (lambda x: {1: 0.125}.get(x, 0.75), True),
        (lambda x: x / 8 if x == 1 else x / 9, False),
        (lambda x: 0.125 * x**2, False),
        (lambda x: round(x / 8, 2) if x > 1 else 0.125, False),
    ],
)
def test_only_what_does_not_depend_on_its_case_is_told_that_it_is_not_worked_out(answer, hard_coded):
    verdict = judged(SHARE, answer)
    assert not verdict.passed
    assert (verdict.mistake == "hard-coded") == hard_coded, verdict
    assert ("Does it work its answer out?" in verdict.idea) == hard_coded


@pytest.mark.parametrize(
    ("exercise", "value", "mistake"),
    [
        ("ps01-3", True, "wrong-type"),
        ("ps02-1", True, "wrong-type"),
        ("ps04-1", True, "wrong-type"),
        ("ps02-1", 31, "per-cent"),
        ("ps02-1", 30.6, "per-cent"),
    ],
)
def test_a_truth_value_and_per_cent_in_place_of_a_share_are_told_so(exercise, value, mistake):
    assert check(exercise, value).verdict.mistake == mistake


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (822_922.4, "the number 822922.4"),
        (np.float32(822_922.4), "the number 822922.4"),
        (0.9999999, "the number 0.9999999"),
        (1 / 3, "the number 0.333333"),
        (3.0, "the number 3"),
        (4176.0, "the number 4176"),
        (float("nan"), "the number nan"),
        ((True, 0.5, False), "a tuple of 3: [True, 0.5, False]"),
        ([True, False], "a list of shape (2,): [ True, False]"),
        (np.array([1 + 2j]), "an array of shape (1,) that holds complex numbers"),
        (np.array(["2020-01-01"], "M8[D]"), "an array of shape (1,) that holds dates"),
        (np.zeros((0, 4)), "an array of shape (0, 4): []"),
        ({1}, "something of type set"),
        ({}.keys(), "something of type dict_keys"),
        (None, "None"),
        (True, "the truth value True"),
        (np.float32(0.5), "the number 0.5"),
        (3, "the number 3"),
        ("cat", "the text 'cat'"),
        (["a", "cat"], "a list of 2: ['a', 'cat']"),
        ([1, 2], "a list of shape (2,): [1, 2]"),
        ({"a": 1}, "a dict"),
        (np.array(["a"]), "an array of shape (1,) that holds texts"),
    ],
)
def test_what_came_back_is_said_as_it_is(value, words):
    assert values.to_text(value) == words


SHAPES = [(2,) * 14, (1,) * 30, (2,) * 20, (3,) * 9, (0,) * 12, (101, 100), (1, 1, 10_001), (500, 500)]


@pytest.mark.parametrize("value", [*map(np.ones, SHAPES), [["x" * 1000] * 1000] * 1000, list(range(100_000))])
def test_a_value_of_any_size_is_put_into_few_words(value):
    assert len(values.to_text(value)) < (500 if isinstance(value, np.ndarray) else 5000)


def test_what_came_back_and_what_was_expected_never_read_the_same():
    thirds = about(lambda x: np.array([x / 3]), [1], [2])
    verdict = judged(thirds, lambda x: np.array([x / 3 + 1.5e-5]))
    assert verdict.came_back.partition(": ")[2] == "[0.33334833]"
    assert "[0.33333333]" in verdict.expected
    assert judged(thirds, lambda x: [x / 3]).came_back == "a list of shape (1,): [0.3333]"
    assert judged(thirds, lambda x: [x / 3 + 1.5e-5]).came_back == "a list of shape (1,): [0.33334833]"


@pytest.mark.parametrize("made", [SHARE, ABOVE, BOX, NAME, NAMES])
def test_no_garbage_breaks_the_judge_of_any_kind_of_answer(made):
    cases = made.cases(None) + made.cases(1)
    right = [made.solve(**case) for case in cases[:-1]]
    for garbage in [*GARBAGE, {1: 2}, [Hostile(), 1.0], [[Hostile()], [1]], [HostileList(), 1], [3, 4]]:
        assert is_plain(made.judge(cases, [to_plain(garbage)] * len(cases)))
        assert is_plain(made.judge(cases, [*right, garbage]))
