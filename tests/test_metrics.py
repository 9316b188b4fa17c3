"""Measures: what the lessons quote, against scikit-learn, SciPy and figures worked by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, log_loss

from vistext import metrics

# Four predictions of class 0 and one of class 1. In four bins: two in (0.5, 0.75], of which one is right, and three in
# (0.75, 1], of which two are right; nothing is in (0, 0.5].
PROBABILITIES = np.array([[0.6, 0.4], [0.75, 0.25], [0.8, 0.2], [0.9, 0.1], [0.0, 1.0]])
LABELS = np.array([0, 1, 0, 1, 1])


def predictions(size=400, classes=5, sharpness=2.0, seed=0):
    """Random logits, and labels drawn from their softmax: a perfectly calibrated network."""
    random = np.random.default_rng(seed)
    logits = sharpness * random.normal(size=(size, classes))
    return logits, np.array([random.choice(classes, p=row) for row in softmax(logits, axis=1)])


def test_accuracy_is_scikit_learn_s_for_logits_and_probabilities_alike():
    logits, labels = predictions()
    expected = accuracy_score(labels, logits.argmax(axis=1))
    assert metrics.accuracy(logits, labels) == pytest.approx(expected)
    assert metrics.accuracy(softmax(logits, axis=1), labels) == pytest.approx(expected)


def test_reliability_as_counted_by_hand():
    found = metrics.reliability(PROBABILITIES, LABELS, bins=4)
    assert found.count.tolist() == [0, 0, 2, 3]
    assert found.confidence == pytest.approx([np.nan, np.nan, 0.675, 0.9], nan_ok=True)
    assert found.accuracy == pytest.approx([np.nan, np.nan, 1 / 2, 2 / 3], nan_ok=True)


def test_the_calibration_error_as_worked_by_hand():
    by_hand = 2 / 5 * (0.675 - 1 / 2) + 3 / 5 * (0.9 - 2 / 3)
    assert metrics.calibration_error(PROBABILITIES, LABELS, bins=4) == pytest.approx(by_hand)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1000), size=st.integers(1, 300), classes=st.integers(2, 10), sharpness=st.floats(0.1, 20))
def test_calibration_is_scikit_learn_s(seed, size, classes, sharpness):
    logits, labels = predictions(size, classes, sharpness, seed)
    probabilities = softmax(logits, axis=1)
    right = probabilities.argmax(axis=1) == labels
    share_right, mean_confidence = calibration_curve(right, probabilities.max(axis=1), n_bins=15)

    found = metrics.reliability(probabilities, labels)
    filled = found.count > 0
    assert found.count.sum() == size
    assert found.accuracy[filled] == pytest.approx(share_right)
    assert found.confidence[filled] == pytest.approx(mean_confidence)
    assert metrics.calibration_error(probabilities, labels) == pytest.approx(
        np.average(np.abs(share_right - mean_confidence), weights=found.count[filled])
    )


@pytest.mark.parametrize(("labels", "error"), [([0, 1, 2], 0.0), ([1, 2, 0], 1.0)])
def test_who_is_certain_errs_not_at_all_or_wholly(labels, error):
    assert metrics.calibration_error(np.eye(3), np.array(labels)) == pytest.approx(error)


def test_who_is_calibrated_errs_little_and_who_is_too_sure_errs_much():
    logits, labels = predictions(20_000)
    assert metrics.calibration_error(softmax(logits, axis=1), labels) < 0.015
    assert metrics.calibration_error(softmax(3 * logits, axis=1), labels) > 0.1


@pytest.mark.parametrize("temperature", [0.25, 1.0, 3.0])
def test_a_known_temperature_is_found_again(temperature):
    logits, labels = predictions(20_000)
    assert metrics.fit_temperature(temperature * logits, labels) == pytest.approx(temperature, rel=0.03)


def test_no_other_temperature_makes_the_labels_more_likely():
    logits, labels = predictions(300)
    found = metrics.fit_temperature(2.5 * logits, labels)
    losses = {
        factor: log_loss(labels, softmax(2.5 * logits / (factor * found), axis=1), labels=range(5))
        for factor in (0.95, 1.0, 1.05)
    }
    assert min(losses, key=losses.get) == 1.0


@pytest.mark.parametrize(("labels", "bound"), [([0, 1, 2], 0.05), ([1, 2, 0], 20.0)])
def test_a_temperature_that_would_run_away_is_held_at_its_bound(labels, bound):
    assert metrics.fit_temperature(np.eye(3), np.array(labels)) == pytest.approx(bound, rel=0.01)


def seen(*things):
    """What was found: (kind, left, top, right, bottom), surest first."""
    boxes = np.array([thing[1:] for thing in things], "float32").reshape(-1, 4)
    return SimpleNamespace(boxes=boxes, kinds=np.array([thing[0] for thing in things], int))


TWO_CATS = np.array([[0, 0, 10, 10], [20, 0, 30, 10]]), np.array([3, 3])


@pytest.mark.parametrize(
    ("found", "missed", "invented"),
    [
        (seen(), 2, 0),
        (seen((3, 0, 0, 10, 10), (3, 20, 0, 30, 10)), 0, 0),
        (seen((3, 0, 0, 10, 10), (3, 1, 0, 11, 10)), 1, 1),  # the same one twice
        (seen((5, 0, 0, 10, 10)), 2, 1),  # a dog where a cat is
        (seen((3, 0, 0, 10, 5), (3, 20, 0, 30, 4.9)), 1, 1),  # an overlap of one half is enough, and no less
        (seen((3, 40, 40, 50, 50)), 2, 1),
    ],
)
def test_what_is_missed_and_what_is_invented_are_counted(found, missed, invented):
    assert metrics.count_errors(found, *TWO_CATS) == (missed, invented)


def test_each_answer_takes_the_thing_that_it_fits_best():
    true = np.array([[0, 0, 10, 10], [0, 0, 10, 8]])
    found = seen((3, 0, 0, 10, 8), (3, 0, 0, 10, 10))
    assert metrics.count_errors(found, true, np.array([3, 3]), overlap=0.95) == (0, 0)


def test_where_nothing_is_all_that_was_found_is_invented():
    nothing = np.zeros((0, 4)), np.zeros(0, int)
    assert metrics.count_errors(seen((3, 0, 0, 10, 10)), *nothing) == (0, 1)
    assert metrics.count_errors(seen(), *nothing) == (0, 0)
