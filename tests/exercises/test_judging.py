"""Judging plain data that may be anything at all, on an exercise small enough to be seen through."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vistext import exercises
from vistext.exercises import Failure, values
from vistext.exercises.exercise import exercise


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


def verdict(*given):
    """Of one output for each case, or of the same for all."""
    return DOUBLE.judge(CASES, list(given) if len(given) > 1 else given * len(CASES))


def doubled():
    return [2 * case["x"] for case in CASES]


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
    *(None, ..., True, "", "2", b"2", 10**5000, -(10**400), float("inf"), 2 + 0j, lambda: 1, int, "x" * 1_000_000),
    *({}, {"x": 1}, {1, 2}, [], [[]], [[1], [2, 3]], ["a", None], nested(), [10**400, 1], range(3), [0.0] * 100_000),
    *(Hostile(), [Hostile()], HostileList([1]), Failure("ZeroDivisionError", "it stopped"), Failure("", "")),
    *(np.array(None), np.array([None, Failure], dtype=object), np.array([("a", 1)], dtype=[("x", "U1"), ("y", int)])),
    *(np.zeros((3000, 3000)), np.zeros((2,) * 14), np.zeros(0), np.array(["a"]), np.datetime64("2020-01-01")),
    np.ma.masked_array([1.0, 2.0], [True, False]),
]
ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.complex_numbers(),
        st.text(),
        st.binary(),
        st.just(...),
        arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, min_side=0, max_side=4)),
        st.builds(Failure, st.text(), st.text()),
    ),
    lambda inner: st.one_of(st.lists(inner), st.tuples(inner, inner), st.dictionaries(st.text(), inner)),
    max_leaves=8,
)
JUDGED = [DOUBLE, *(exercise for name in exercises.SETS for exercise in exercises.of_set(name))]


def is_plain(verdict):
    return (
        isinstance(verdict.passed, bool)
        and isinstance(verdict.share, float)
        and 0 <= verdict.share <= 1
        and all(
            type(getattr(verdict, name)) is str and len(getattr(verdict, name)) < 5000
            for name in ("asked", "came_back", "expected", "idea", "mistake", "section")
        )
    )


@pytest.mark.parametrize("exercise", JUDGED, ids=[exercise.id for exercise in JUDGED])
def test_no_garbage_passes_or_breaks_the_judge(exercise):
    for garbage in GARBAGE:
        cases = exercise.cases(None)
        found = exercise.judge(cases, [garbage] * len(cases))
        assert is_plain(found)
        assert not found.passed


@settings(max_examples=200, deadline=None)
@given(outputs=st.lists(ANYTHING, max_size=7), number=st.integers(0, len(JUDGED) - 1))
def test_whatever_comes_back_a_verdict_is_given(outputs, number):
    exercise = JUDGED[number]
    cases = exercise.cases(3)
    assert is_plain(exercise.judge(cases, outputs))


@pytest.mark.parametrize(
    ("outputs", "share"),
    [
        (doubled(), 1),
        ([tuple(array.tolist()) for array in doubled()], 1),
        ([array + 1e-7 for array in doubled()], 1),
        ([array + 1e-3 for array in doubled()], 0),
        ([*(np.zeros((1, 2)) + 7 for _ in CASES[:2]), *doubled()[2:]], 3 / 5),
        ([doubled()[0]] * 5, 0),  # a constant earns nothing even where it happens to be right
    ],
)
def test_marks_are_the_share_of_cases_that_are_right_within_the_tolerance(outputs, share):
    found = verdict(*outputs)
    assert (found.passed, found.share) == (share == 1, share)
    assert (found.mistake == "") == found.passed


def test_whole_numbers_lists_and_arrays_of_the_same_numbers_are_the_same():
    assert values.equal(3, 3.0)
    assert values.equal([3, 4], np.array([3.0, 4.0]))
    assert values.equal(np.array([3, 4]), [3, 4])


@pytest.mark.parametrize(
    ("outputs", "mistake"),
    [
        ([case["x"] ** 2 for case in CASES], "squared"),
        ([Failure("IndexError", "it stopped with IndexError")] * 5, "over-the-edge"),
        ([np.full((1, 2), np.nan)] * 5, "nan"),
        ([Failure("ZeroDivisionError", "it stopped")] * 5, "stopped"),
        ([Failure("NotImplementedError", "nothing yet")] * 5, "not-begun"),
        ([Failure("ChangedInput", "an answer")] * 5, "changed-input"),
        ([Failure("Timeout", "it went on and on")] * 5, "too-slow"),
        ([], "missing"),
        ([None] * 5, "returns-nothing"),
        (["2"] * 5, "wrong-type"),
        ([array[0] for array in doubled()], "wrong-shape"),
        ([array + np.inf for array in doubled()], "not-finite"),
        ([doubled()[0]] * 5, "constant"),
        ([doubled()[0], *(array * 0 + 8 for array in doubled()[1:])], "hard-coded"),
        ([array + 1 for array in doubled()], "other"),
    ],
)
def test_each_way_to_be_wrong_has_its_name(outputs, mistake):
    found = DOUBLE.judge(CASES, outputs)
    assert found.mistake == mistake
    assert found.share < 1


def test_to_judge_without_cases_is_an_error_of_whoever_judges():
    with pytest.raises(ValueError, match="none are given"):
        DOUBLE.judge([], [])


def test_a_list_of_lists_may_be_wrong_without_being_of_the_wrong_type():
    beams = exercises.find("ps05-3")
    cases = beams.cases(None)
    assert beams.judge(cases, [[[1, 3]], [[1, 3], [1]]]).mistake in ("other", "wrong-shape")
    assert beams.judge(cases, ["1", "3"]).mistake == "wrong-type"


def test_none_may_be_right_and_earns_nothing_where_it_is_all_that_ever_comes():
    box = exercises.find("ps00-3")
    cases = box.cases(7)
    right = [box.solve(**case) for case in cases]
    assert None in right
    assert box.judge(cases, right).share == 1
    assert box.judge(cases, [None] * len(cases)).share == 0


def test_a_mistake_must_show_in_every_case_to_be_recognised():
    outputs = [case["x"] ** 2 for case in CASES]
    outputs[-1] = outputs[-1] + 1
    assert DOUBLE.judge(CASES, outputs).mistake == "other"


def test_a_verdict_says_what_was_asked_what_came_and_what_was_expected():
    found = verdict(*(array + 1 for array in doubled()))
    assert found.asked == "double(x = an array of shape (1, 2): [[1., 2.]])"
    assert found.came_back == "an array of shape (1, 2): [[3., 5.]]"
    assert found.expected == "an array; here an array of shape (1, 2): [[2., 4.]], to within 1e-05"
    assert found.section == "00.ipynb#Sums"


def test_what_cannot_be_written_is_named():
    assert values.to_text(10**5000) == "a whole number of very many digits"
    assert values.to_text(Hostile()) == "something of type Hostile"


def test_what_is_marked_by_hand_is_left_to_a_person():
    exercise = exercises.find("ps01-6")
    assert exercise.cases(None) == exercise.cases(3) == []
    found = exercise.judge([], [])
    assert (found.passed, found.share, found.mistake) == (False, 0.0, "by-hand")
