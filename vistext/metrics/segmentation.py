"""Segmentation: intersection over union, of each class and its mean."""

import numpy as np


def class_ious(predicted: np.ndarray, truth: np.ndarray, classes: int = 11) -> np.ndarray:
    """The intersection of predicted and true pixels of each class, as a share of their union.

    Everingham et al. 2010, "The PASCAL Visual Object Classes (VOC) Challenge", section 4.3.

    Args:
        predicted: int, any shape: the class of each pixel, 0 to classes - 1.
        truth: of the same shape.
        classes: how many there are, the background among them.

    Returns:
        float64 [classes], 0 to 1; nan for a class that no pixel is of.
    """
    predicted, truth = np.asarray(predicted), np.asarray(truth)
    if predicted.shape != truth.shape:
        raise ValueError(f"predicted has shape {predicted.shape} and truth {truth.shape}; accepted: the same for both")
    for name, labels in (("predicted", predicted), ("truth", truth)):
        if labels.size and not 0 <= labels.min() <= labels.max() < classes:
            raise ValueError(f"{name} has classes {labels.min()} to {labels.max()}; accepted: 0 to {classes - 1}")
    flat = (truth.astype(int) * classes + predicted).ravel()
    confusion = np.bincount(flat, minlength=classes**2).reshape(classes, -1)
    intersection = np.diag(confusion)
    with np.errstate(invalid="ignore"):
        return intersection / (confusion.sum(axis=0) + confusion.sum(axis=1) - intersection)


def mean_iou(predicted: np.ndarray, truth: np.ndarray, classes: int = 11) -> float:
    """The mean of `class_ious` over the classes that there are: 0 to 1."""
    ious = class_ious(predicted, truth, classes)
    return float(np.nanmean(ious)) if not np.isnan(ious).all() else float("nan")
