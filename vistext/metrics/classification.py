"""Classification: accuracy, and whether probabilities are calibrated."""

from typing import NamedTuple

import numpy as np


class Reliability(NamedTuple):
    """Predictions in bins of confidence: arrays of shape [bins]."""

    confidence: np.ndarray  # mean probability given to the predicted class, in [0, 1]; nan in an empty bin
    accuracy: np.ndarray  # share of these predictions that are right, in [0, 1]; nan in an empty bin
    predictions: np.ndarray  # in the bin


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    """The share, 0 to 1, of rows of logits or probabilities [n, classes] that are highest at the label, int [n]."""
    return float(np.mean(np.argmax(scores, axis=1) == labels))


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> Reliability:
    """How often predictions are right, by confidence.

    Args:
        probabilities: [n, classes], rows summing to 1.
        labels: int [n].
        bins: of equal width over [0, 1].
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    which = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(which, minlength=bins)
    with np.errstate(invalid="ignore"):
        return Reliability(np.bincount(which, confidence, bins) / count, np.bincount(which, right, bins) / count, count)


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error: how far confidence and accuracy lie apart, averaged over predictions.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 5, with their 15 bins; arguments as for
    `reliability`. 0 (what has a probability of 80 % is right 80 times in 100) to 1.
    """
    confidence, right, count = reliability(probabilities, labels, bins)
    return float(np.nansum(np.abs(confidence - right) * count) / len(labels))


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Temperature scaling: the divisor of logits that makes labels most likely (Guo et al. 2017, section 4.2).

    It changes no prediction, only how confident they are. Fit it on pictures neither trained on nor tested: logits
    [n, classes] and labels int [n]. It is between 0.05 and 20, and above 1 if the logits were too sure.
    """

    from scipy.optimize import minimize_scalar  # late: only this needs it
    from scipy.special import log_softmax

    def negative_log_likelihood(log_temperature: float) -> float:
        logs = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(np.mean(logs[np.arange(len(labels)), labels]))

    found = minimize_scalar(negative_log_likelihood, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))
