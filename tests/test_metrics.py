"""Measures: what the lessons quote, against scikit-learn, SciPy and figures worked by hand."""

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
