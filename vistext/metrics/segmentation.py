"""How well pixels are told apart: intersection over union, of each class and its mean."""

import numpy as np


def class_ious(predicted: np.ndarray, truth: np.ndarray, classes: int = 11) -> np.ndarray:
    """Of each class, the pixels that are both said and true, as a share of those that are said or true.

    Everingham et al. 2010, "The PASCAL Visual Object Classes (VOC) Challenge", section 4.3.

    Args:
        predicted: int, any shape: the class said of each pixel, 0 to classes - 1.
        truth: of the same shape.
        classes: how many there are, the background among them.

    Returns:
        float64 [classes], 0 to 1; nan for a class that is neither said nor true of any pixel.

    Raises:
        ValueError: the shapes differ, or there are other classes.
    """
    predicted, truth = np.asarray(predicted), np.asarray(truth)
    if predicted.shape != truth.shape:
        raise ValueError(f"predicted has shape {predicted.shape} and truth {truth.shape}; accepted: the same for both")
    for name, each in (("predicted", predicted), ("truth", truth)):
        if each.size and not 0 <= each.min() <= each.max() < classes:
            raise ValueError(f"{name} has classes {each.min()} to {each.max()}; accepted: 0 to {classes - 1}")
    # Row: what is true; column: what is said.
    pairs = np.bincount((truth.astype(int) * classes + predicted).ravel(), minlength=classes**2).reshape(classes, -1)
    both = np.diag(pairs)
    with np.errstate(invalid="ignore"):
        return both / (pairs.sum(axis=0) + pairs.sum(axis=1) - both)


def mean_iou(predicted: np.ndarray, truth: np.ndarray, classes: int = 11) -> float:
    """The mean of `class_ious` over the classes that are said or true anywhere: 0 to 1."""
    ious = class_ious(predicted, truth, classes)
    return float(np.nanmean(ious)) if not np.isnan(ious).all() else float("nan")
