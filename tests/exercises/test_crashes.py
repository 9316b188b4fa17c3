"""An answer that stops gets help for its kind of exception, from what Python, NumPy and TensorFlow really say."""

import numpy as np
import pytest

from vistext.exercises import Failure, call_answer, judging
from vistext.exercises.crashes import IDEAS, STOPPED, explain
from vistext.exercises.exercise import exercise


def nothing():
    pass


def endless(x):
    return endless(x)


def unset(x):
    if x is None:
        value = 1
    return value


CRASHES = {
    "is None": [
        *(lambda x: nothing() + 1, lambda x: nothing()[0], lambda x: nothing().shape, lambda x: len(nothing())),
        *(lambda x: np.exp(None), lambda x: x * None, lambda x: [1, 2].sort()[0], lambda x: [*nothing()]),
    ],
    "before the dot": [lambda x: [1].shape, lambda x: x.append(1), lambda x: (2.0).mean(), lambda x: np.matrixmultiply],
    "cannot be changed": [lambda x: np.broadcast_to(1, 3).sort(), lambda x: exec("t = (1, 2); t[0] = 3")],
    "called like a function": [lambda x: x(0), lambda x: len([1])(2)],
    "single number or truth value": [lambda x: 1 if x else 2, lambda x: float(x) + 1, lambda x: max(x, 2 * x)],
    "type of a number": [
        *(lambda x: x[1.0], lambda x: [1, 2][x[0, 0]], lambda x: x[np.array([0.0, 1.0])], lambda x: range(2.0)),
        *(lambda x: np.eye(3.0), lambda x: np.bincount(x.ravel()), lambda x: np.arange(3).__iadd__(0.5)),
        *(lambda x: float("a"), lambda x: np.array(["a"]) + 1, lambda x: ~x, lambda x: [1] * 2.0),
    ],
    "nothing to choose from": [lambda x: max([]), lambda x: x[:0].max(), lambda x: x[:0].argmin(), lambda x: [].pop()],
    "fewer axes": [lambda x: x.sum(axis=2), lambda x: x[0, 1, 2]],
    "Sizes do not fit": [
        *(lambda x: x + np.ones(3), lambda x: x @ np.ones((4, 2)), lambda x: x.dot(np.ones(7)), lambda x: x.reshape(3)),
        *(lambda x: np.stack([x, x[:1]]), lambda x: np.array([[1], [2, 3]]), lambda x: x[np.ones(5, bool)]),
        *(lambda x: np.concatenate([x, np.ones((2, 2, 2))]), lambda x: list(zip([1], [1, 2], strict=True))),
        lambda x: [a for a, b, c in x],
    ],
    "index is too large": [lambda x: x[5], lambda x: x.tolist()[3]],
    "does not have this key": [lambda x: {}["cat"], lambda x: {3: 1}[x[0, 0]]],
    "not in the list": [lambda x: ["a"].index("b"), lambda x: [1].remove(2)],
    "other arguments": [lambda y: 1, lambda x, y: 1, lambda x: nothing(3), lambda x: x.mean(axes=1)],
    "of another kind": [lambda x: [1] + 2, lambda x: [1] - [2], lambda x: len(3), lambda x: {x: 1}, lambda x: "a" + 1],
    "divided by 0": [lambda x: 1 / 0, lambda x: 1 // 0],
    "has no value": [lambda x: undefined, unset],  # noqa: F821
    "calls itself without end": [endless],
    "package": [lambda x: __import__("no_such_package")],
    "too large to be held": [lambda x: np.zeros((10**7, 10**7))],
    "logarithm of 0": [lambda x: __import__("math").log(0), lambda x: 10.0**1000],
}


@pytest.mark.parametrize(
    ("words", "answer"),
    [(words, answer) for words, answers in CRASHES.items() for answer in answers],
    ids=[f"{words} {number}" for words, answers in CRASHES.items() for number in range(len(answers))],
)
def test_help_is_for_the_kind_of_exception(words, answer):
    failure = call_answer(answer, {"x": np.ones((2, 2))})
    assert words in explain(failure.kind, failure.message), failure


@pytest.mark.parametrize(
    ("message", "words"),
    {
        "Matrix size-incompatible: In[0]: [2,2], In[1]: [7,2] [Op:MatMul] name: ": "Sizes do not fit",
        "cannot compute AddV2 as input #1(zero-based) was expected to be a double tensor but is a float tensor": (
            "type of a number"
        ),
        "indices[0] = 5 is not in [0, 2) [Op:GatherV2]": "index is too large",
    }.items(),
)
def test_what_tensorflow_says_is_understood_too(message, words):
    assert words in explain("InvalidArgumentError", f"it stopped with InvalidArgumentError: {message}")


def test_the_student_s_own_line_says_nothing_of_the_error():
    message = "it stopped with RuntimeError: no (line 3 of its cell: raise RuntimeError('no')  # a shape, an argument)"
    assert explain("RuntimeError", message) == STOPPED


def test_each_idea_is_one_of_its_own_and_shows_in_a_test():
    ideas = [idea for *_, idea in IDEAS]
    assert len(set(ideas)) == len(ideas) == len(CRASHES)
    assert all(any(words in idea for words in CRASHES) for idea in ideas)


DOUBLE = exercise("ps00-1", "Twice", points=1).function(
    lambda x: 2 * x,
    section="00.ipynb#Sums",
    expects="an array",
    shown=[{"x": np.ones(2)}],
    draw=lambda rng: [{"x": rng.normal(size=2)} for _ in range(4)],
    mistakes={},
)


def test_a_check_gives_this_help_under_the_key_by_which_crashes_are_counted():
    cases = DOUBLE.cases(None)
    verdict = DOUBLE.judge(cases, [call_answer(lambda x: x @ np.ones(3), case) for case in cases])
    assert verdict.mistake == "stopped"
    assert verdict.idea.startswith("Sizes do not fit together")
    assert verdict.idea.endswith(
        "call your function in a cell of your own, with the case above."
    )  # a check hides prints


@pytest.mark.parametrize("kind", ["ValueError", "KeyError", "TypeError", "Exception", "ZeroDivisionError"])
def test_of_a_held_out_case_whose_message_is_withheld_no_kind_is_told(kind):
    """The kind would carry something of the case out of the sandbox."""
    cases = DOUBLE.cases(None) + DOUBLE.cases(1)
    right = [2 * case["x"] for case in cases]
    verdict = DOUBLE.judge(cases, [*right[:-1], Failure(kind, "")])
    assert (verdict.mistake, verdict.idea) == ("stopped", STOPPED)
    assert judging.failed(Failure(kind, "")) == ("stopped", STOPPED)
