"""Metrics that the lessons quote: thin names over the libraries that define them.

`metrics.captions` and `metrics.grad_cam` are imported by themselves: they need the drawn world, and TensorFlow.
"""

from vistext.metrics.classification import Reliability, accuracy, calibration_error, fit_temperature, reliability
from vistext.metrics.detection import OVERLAPS, count_errors, mean_average_precision
from vistext.metrics.segmentation import class_ious, mean_iou

__all__ = [
    "OVERLAPS",
    "Reliability",
    "accuracy",
    "calibration_error",
    "class_ious",
    "count_errors",
    "fit_temperature",
    "mean_average_precision",
    "mean_iou",
    "reliability",
]
