"""Judging plain data that may be anything at all: what is right is accepted in every form, and what is said is true."""

from collections import namedtuple
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from test_answers import EXERCISES, FUNCTIONS, each

from vistext import exercises
from vistext.exercises import Failure, call_answer, check, to_plain, values
from vistext.exercises.exercise import exercise
from vistext.grading import protocol


def double(x):
    return 2 * x


DOUBLE = exercise("ps00-1", "Twice", points=1).function(
    double,
    section="00.ipynb#Sums",
    expects="an array",
    shown=[{"x": np.array([[1.0, 2.0]])}],
    draw=lambda rng: [{"x": rng.normal(size=(1, 2))} for _ in range(4)],
    mistakes={
        "squared": (lambda x: x * x, "Twice is not squared."),
        "over-the-edge": (lambda x: x[0, 2], "There is no third number."),
        "nan": (lambda x: x / 0 * 0, "0 / 0 is no number."),
    },
)
CASES = DOUBLE.cases(None) + DOUBLE.cases(1)
DOUBLED = [2 * case["x"] for case in CASES]


def about(solve, shown, held_out):
    """An exercise about `x`, with cases that are known beforehand."""
    cases = [[{"x": x} for x in some] for some in (shown, held_out)]
    return replace(DOUBLE, solve=solve, shown=tuple(cases[0]), draw=lambda rng: cases[1], mistakes=())


SHARE = about(lambda x: x / 8, [1], [2, 3, 5])
ABOVE = about(lambda x: [one for one in x if one > 0], [[1, -2]], [[3, -4, 5], [6, 7, -1], [-1, 2, 3, 4]])
BOX = about(lambda x: [x, x + 1] if x else None, [1, 0], [2, 3, 0, 4])
NAME = about(lambda x: f"name {x}", [1], [2, 3, 4])
NAMES = about(lambda x: [f"name {x}", "b"], [1], [2, 3, 4])
PAIR = about(lambda x: [np.outer(x, x), x], [np.arange(2.0)], [np.arange(2.0) + 1, np.ones(2)])
ROWS = about(lambda x: np.full((2, x), 1.0), [2], [3, 4])
BOXES = about(lambda x: [[1, 2, 3, 4]] * x, [2], [3, 4])
THIRDS = about(lambda x: np.array([x / 3]), [1], [2])


def judged(exercise, answer):
    cases = exercise.cases(None) + exercise.cases(1)
    return exercise.judge(cases, [call_answer(answer, case) for case in cases])


# What is right.


class Hostile:
    """Equal to everything, and it does not like to be looked at."""

    def __eq__(self, other):
        return True

    __hash__ = None

    def __repr__(self):
        raise RuntimeError("looked at")

    __len__ = __iter__ = __array__ = __float__ = __bool__ = __repr__


class HostileList(list):
    def __len__(self):
        raise RuntimeError("looked at")

    __iter__ = __getitem__ = __eq__ = __len__
    __hash__ = None


def nested():
    loop = []
    loop.append(loop)
    return loop


GARBAGE = [
    *(None, ..., True, "", "2", b"2", 10**5000, -(10**400), float("inf"), 2 + 0j, lambda: 1, int, "x" * 100_000),
    *({}, {"x": 1}, {1: 2}, {1, 2}, [], [[]], [[1], [2, 3]], ["a", None], nested(), [10**400, 1], range(3), [3, 4]),
    *(Hostile(), [Hostile()], [Hostile(), 1.0], [[Hostile()], [1]], HostileList([1]), [HostileList(), 1]),
    *([0.0] * 100_000, Failure("ZeroDivisionError", "it stopped"), Failure("", "")),
    *(np.array(None), np.array([None, Failure], dtype=object), np.array([("a", 1)], dtype=[("x", "U1"), ("y", int)])),
    *(np.zeros((3000, 3000)), np.zeros((2,) * 14), np.zeros(0), np.array(["a"]), np.datetime64("2020-01-01")),
    np.ma.masked_array([1.0, 2.0], [True, False]),
]
ANYTHING = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.text(), st.binary()),
        st.just(...),
        arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, min_side=0, max_side=4)),
        st.builds(Failure, st.text(), st.text()),
    ),
    lambda inner: st.one_of(st.lists(inner), st.tuples(inner, inner), st.dictionaries(st.text(), inner)),
    max_leaves=8,
)
JUDGED = [DOUBLE, *EXERCISES, *(replace(one, id=f"of {one.answer}") for one in (SHARE, ABOVE, BOX, NAME, NAMES))]


def is_plain(verdict):
    texts = [getattr(verdict, name) for name in ("asked", "came_back", "expected", "idea", "mistake", "section")]
    return (
        isinstance(verdict.passed, bool)
        and isinstance(verdict.share, float)
        and 0 <= verdict.share <= 1
        and all(type(text) is str and len(text) < 5000 for text in texts)
    )


@each(JUDGED)
def test_no_garbage_passes_or_breaks_the_judge(exercise):
    cases = exercise.cases(None)
    right = [exercise.solve(**case) for case in cases[:-1]]
    for garbage in GARBAGE:
        found = exercise.judge(cases, [garbage] * len(cases))
        assert is_plain(found)
        assert not found.passed
        assert is_plain(exercise.judge(cases, [*right, to_plain(garbage)]))


@settings(max_examples=200, deadline=None)
@given(outputs=st.lists(ANYTHING, max_size=7), number=st.integers(0, len(JUDGED) - 1))
def test_whatever_comes_back_a_verdict_is_given(outputs, number):
    assert is_plain(JUDGED[number].judge(JUDGED[number].cases(3), outputs))


Pair = namedtuple("Pair", "one two")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *((True, 1.0), (False, 0), (3, 3.0), ([3, 4], np.array([3.0, 4.0])), (np.array([3, 4]), [3, 4])),
        ((True, 2 / 3, False), [1.0, 2 / 3, 0.0]),
        (np.array([True, False]), np.array([1.0, 0.0])),
        ([1, 0], [True, False]),
        (np.array([1.0, 0.0]), np.array([True, False])),
        (np.float32(1 / 3), 1 / 3),
        ([np.array(1.0), np.float16(0.5)], [1.0, 0.5]),
        (np.array(3), 3),
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
        ("This is a cat (95 %).\n", "This is a cat (95 %)."),
    ],
)
def test_numbers_of_any_type_and_library_are_taken_for_what_they_are(given, expected):
    found = to_plain(given)
    assert values.equal(found, expected)
    assert values.equal(protocol.unpack(protocol.pack(found)), expected)  # and so it is out of the sandbox


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *((True, 0), (True, 2), (False, 1.0), ([True], [0.5]), (2, True)),
        ("This is a cat (95 %)", "This is a cat (95 %)."),
        (np.array([0.5, 0.501]), np.array([0.5, 0.5])),
    ],
)
def test_a_truth_value_is_no_other_number_and_a_sentence_is_held_to_its_marks(given, expected):
    assert not values.equal(given, expected, 1e-5)


def test_numbers_beside_a_large_one_are_held_to_what_float32_holds_of_it():
    large = np.array([4000.0, 0.001])
    assert values.equal(large + np.array([0, 1e-3]), large, 1e-5)
    assert not values.equal(large + np.array([0, 2e-2]), large, 1e-5)
    assert not values.equal(822_922.4, 822_922, 1e-9)


def test_tensors_shapes_and_variables_are_taken_for_arrays_in_lists_too():
    tf = pytest.importorskip("tensorflow")
    whole = tf.constant([[1, 2], [3, 4]])
    assert values.equal(to_plain([whole, whole[0], tf.constant(0.5)]), [[[1, 2], [3, 4]], [1, 2], 0.5])
    assert values.equal(to_plain(tf.TensorShape([3, 11, 128])), (3, 11, 128))
    assert values.equal(to_plain({}), {})
    assert values.equal(to_plain(tf.Variable(3.0)), 3)
    assert values.equal(to_plain(tf.constant([0.5], tf.bfloat16)), [0.5])
    assert "✓ ps01-2" in repr(check("ps01-2", tf.constant(822_922)))
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


@pytest.mark.parametrize(
    ("exercise", "right", "wrong"),
    [  # letters in order may have anything between them, and with a pencil two decimals will do
        (
            "ps03-1",
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


@pytest.mark.parametrize(
    ("outputs", "share"),
    [
        (DOUBLED, 1),
        ([tuple(array.tolist()) for array in DOUBLED], 1),
        ([array + 1e-7 for array in DOUBLED], 1),
        ([array + 1e-3 for array in DOUBLED], 0),
        ([*(np.zeros((1, 2)) + 7 for _ in CASES[:2]), *DOUBLED[2:]], 3 / 5),
        ([DOUBLED[0]] * 5, 0),  # a constant earns nothing even where it happens to be right
    ],
)
def test_marks_are_the_share_of_cases_that_are_right_within_the_tolerance(outputs, share):
    found = DOUBLE.judge(CASES, outputs)
    assert (found.passed, found.share) == (share == 1, share)
    assert (found.mistake == "") == found.passed


def test_none_may_be_right_and_earns_nothing_where_it_is_all_that_ever_comes():
    box = exercises.find("ps00-3")
    cases = box.cases(7)
    right = [box.solve(**case) for case in cases]
    assert None in right
    assert box.judge(cases, right).share == 1
    assert box.judge(cases, [None] * len(cases)).share == 0


def test_what_is_marked_by_hand_is_left_to_a_person_and_all_else_is_judged_by_cases():
    exercise = exercises.find("ps01-7")
    assert exercise.cases(None) == exercise.cases(3) == []
    found = exercise.judge([], [])
    assert (found.passed, found.share, found.mistake) == (False, 0.0, "by-hand")
    with pytest.raises(ValueError, match="none are given"):
        DOUBLE.judge([], [])


# What is said.


@pytest.mark.parametrize(
    ("outputs", "mistake"),
    [
        ([case["x"] ** 2 for case in CASES], "squared"),
        ([*(case["x"] ** 2 for case in CASES[:-1]), CASES[-1]["x"] ** 2 + 1], "other"),  # it must show in every case
        ([Failure("IndexError", "it stopped with IndexError")] * 5, "over-the-edge"),
        ([np.full((1, 2), np.nan)] * 5, "nan"),
        ([Failure("ZeroDivisionError", "it stopped")] * 5, "stopped"),
        ([Failure("NotImplementedError", "nothing yet")] * 5, "not-begun"),
        ([Failure("ChangedInput", "an answer")] * 5, "changed-input"),
        ([Failure("Timeout", "it went on and on")] * 5, "too-slow"),
        ([], "missing"),
        ([None] * 5, "returns-nothing"),
        (["2"] * 5, "wrong-type"),
        ([array[0] for array in DOUBLED], "wrong-shape"),
        ([array + np.inf for array in DOUBLED], "not-finite"),
        ([DOUBLED[0]] * 5, "constant"),
        ([DOUBLED[0], *(array * 0 + 8 for array in DOUBLED[1:])], "hard-coded"),
        ([array + 1 for array in DOUBLED], "other"),
    ],
)
def test_each_way_to_be_wrong_has_its_name(outputs, mistake):
    found = DOUBLE.judge(CASES, outputs)
    assert found.mistake == mistake
    assert found.share < 1


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
        (PAIR, lambda x: (np.outer(x, x), x[None]), "wrong-shape", "Entry 2 of 2 has shape (1, 2); asked for is (2,)."),
        (NAMES, lambda x: [x] * 2, "other", "Not all that is in it is right"),
        (NAMES, lambda x: [[x], "b"], "other", "Not all that is in it is right"),
        (ROWS, lambda x: [[1.0] * x, [1.0]], "wrong-shape", "Its rows are not all of one length."),
        (BOXES, lambda x: [[1, 2, 3, 4]], "wrong-shape", "too few entries"),
        (BOXES, lambda x: [[1, 2, 3]] * x, "other", "Not all that is in it is right"),
        (BOXES, lambda x: f"{x}", "wrong-type", "another kind of thing"),
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


@pytest.mark.parametrize("exercise", ["ps01-2", "ps02-1", "ps04-1"])
def test_a_truth_value_and_per_cent_in_place_of_a_share_are_told_so(exercise):
    assert check(exercise, True).verdict.mistake == "wrong-type"
    assert {check("ps02-1", share).verdict.mistake for share in (31, 30.6)} == {"per-cent"}


def test_a_verdict_says_what_was_asked_what_came_and_what_was_expected():
    found = DOUBLE.judge(CASES, [array + 1 for array in DOUBLED])
    assert found.asked == "double(x = an array of shape (1, 2): [[1., 2.]])"
    assert found.came_back == "an array of shape (1, 2): [[3., 5.]]"
    assert found.expected == "an array; here an array of shape (1, 2): [[2., 4.]], to within 1e-05"
    assert found.section == "00.ipynb#Sums"


def test_what_came_back_and_what_was_expected_never_read_the_same():
    verdict = judged(THIRDS, lambda x: np.array([x / 3 + 1.5e-5]))
    assert verdict.came_back.partition(": ")[2] == "[0.33334833]"
    assert "[0.33333333]" in verdict.expected
    assert judged(THIRDS, lambda x: [x / 3]).came_back == "a list of shape (1,): [0.3333]"
    assert judged(THIRDS, lambda x: [x / 3 + 1.5e-5]).came_back == "a list of shape (1,): [0.33334833]"


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


def test_what_cannot_be_written_is_named():
    assert values.to_text(10**5000) == "a whole number of very many digits"
    assert values.to_text(Hostile()) == "something of type Hostile"
