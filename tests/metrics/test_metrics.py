"""Metrics: what the lessons quote, against scikit-learn, SciPy and figures worked by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, jaccard_score, log_loss

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


def test_reliability_and_calibration_error_as_worked_by_hand():
    found = metrics.reliability(PROBABILITIES, LABELS, bins=4)
    assert found.predictions.tolist() == [0, 0, 2, 3]
    assert found.confidence == pytest.approx([np.nan, np.nan, 0.675, 0.9], nan_ok=True)
    assert found.accuracy == pytest.approx([np.nan, np.nan, 1 / 2, 2 / 3], nan_ok=True)
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
    filled = found.predictions > 0
    assert found.predictions.sum() == size
    assert found.accuracy[filled] == pytest.approx(share_right)
    assert found.confidence[filled] == pytest.approx(mean_confidence)
    assert metrics.calibration_error(probabilities, labels) == pytest.approx(
        np.average(np.abs(share_right - mean_confidence), weights=found.predictions[filled])
    )


@pytest.mark.parametrize(("labels", "error", "bound"), [([0, 1, 2], 0.0, 0.05), ([1, 2, 0], 1.0, 20.0)])
def test_certainty_errs_not_at_all_or_wholly_and_its_temperature_is_held_at_its_bound(labels, error, bound):
    assert metrics.calibration_error(np.eye(3), np.array(labels)) == pytest.approx(error)
    assert metrics.fit_temperature(np.eye(3), np.array(labels)) == pytest.approx(bound, rel=0.01)


def test_no_other_temperature_makes_the_labels_more_likely():
    logits, labels = predictions(300)
    found = metrics.fit_temperature(2.5 * logits, labels)
    losses = {
        factor: log_loss(labels, softmax(2.5 * logits / (factor * found), axis=1), labels=range(5))
        for factor in (0.95, 1.0, 1.05)
    }
    assert min(losses, key=losses.get) == 1.0


def found(*rows):
    """What was detected in one picture, surest first, from rows of a box, a kind and a score."""
    boxes, kinds, scores = zip(*rows, strict=True) if rows else ((), (), ())
    return SimpleNamespace(
        boxes=np.reshape(np.array(boxes, "float32"), (-1, 4)), kinds=np.array(kinds, "int32"), scores=np.array(scores)
    )


LEFT, RIGHT = [0, 0, 10, 10], [20, 0, 30, 10]  # two cats


@pytest.mark.parametrize(
    ("detections", "missed", "false_positives"),
    [
        ([], 2, 0),
        ([(LEFT, 3), (RIGHT, 3)], 0, 0),
        ([(LEFT, 3), ([1, 0, 11, 10], 3)], 1, 1),  # the same one twice
        ([(LEFT, 5)], 2, 1),  # a dog where a cat is
        ([([0, 0, 10, 5], 3), ([20, 0, 30, 4.9], 3)], 1, 1),  # an overlap of one half is enough, and no less
        ([([40, 40, 50, 50], 3)], 2, 1),
    ],
)
def test_what_is_missed_and_false_positives_are_counted_and_padding_is_not(detections, missed, false_positives):
    answer = found(*((*each, 1.0) for each in detections))
    assert metrics.count_errors(answer, np.array([LEFT, RIGHT]), np.array([3, 3])) == (missed, false_positives)
    padded = np.array([LEFT, RIGHT, [0, 0, 0, 0]]), np.array([3, 3, -1])
    assert metrics.count_errors(answer, *padded) == (missed, false_positives)
    assert metrics.count_errors(answer, np.zeros((0, 4)), np.zeros(0, int)) == (0, len(detections))


def test_each_detection_takes_the_object_that_it_fits_best():
    true = np.array([[0, 0, 10, 10], [0, 0, 10, 8]])
    answer = found(([0, 0, 10, 8], 3, 1.0), ([0, 0, 10, 10], 3, 1.0))
    assert metrics.count_errors(answer, true, np.array([3, 3]), overlap=0.95) == (0, 0)


HERE, THERE, ELSEWHERE = [0, 0, 10, 10], [20, 20, 60, 60], [40, 0, 60, 10]


def test_average_precision_as_worked_by_hand():
    """Two objects; found are one of them, then a false positive, then the other.

    Up to a recall of a half all is right; from there on, two of three are: 51 recalls at 1, and 50 at 2/3.
    """
    detected = found((HERE, 3, 0.9), (ELSEWHERE, 3, 0.8), (THERE, 3, 0.7))
    result = metrics.mean_average_precision([detected], [[HERE, THERE]], [[3, 3]])
    by_hand = (51 + 50 * 2 / 3) / 101
    assert result.mean == pytest.approx(by_hand)
    assert result.by_overlap == pytest.approx(np.full(10, by_hand))
    assert result.by_kind == pytest.approx([np.nan] * 3 + [by_hand] + [np.nan] * 6, nan_ok=True)
    assert result.precision[0, :, 3] == pytest.approx([1] * 51 + [2 / 3] * 50)


def test_a_box_counts_up_to_the_overlap_that_it_has():
    """Of 10 × 16 pixels where 10 × 10 are true: an overlap of 0.625, enough for 0.5, 0.55 and 0.6."""
    result = metrics.mean_average_precision([found(([0, 0, 10, 16], 0, 0.9))], [[HERE]], [[0]])
    assert result.by_overlap == pytest.approx([1] * 3 + [0] * 7)
    assert result.mean == pytest.approx(0.3)


def test_an_object_found_twice_or_as_another_kind_or_in_another_picture_is_a_false_positive():
    true = [[HERE], [THERE]], [[0], [1]]
    right = found((HERE, 0, 0.9)), found((THERE, 1, 0.8))
    assert metrics.mean_average_precision(right, *true).mean == pytest.approx(1)
    twice = found((HERE, 0, 0.9), (HERE, 0, 0.95)), right[1]
    # All were found before the first was wrong.
    assert metrics.mean_average_precision(twice, *true).mean == pytest.approx(1)
    other_kind = found((HERE, 1, 0.9)), right[1]
    assert metrics.mean_average_precision(other_kind, *true).by_kind[:2] == pytest.approx([0, 1 / 2])
    assert metrics.mean_average_precision(right[::-1], *true).mean == 0


def test_objects_are_small_medium_and_large_by_the_side_of_the_picture():
    """100, 300 and 1,600 pixels; the small one is missed."""
    true = [[HERE, [40, 0, 60, 15], THERE]], [[0, 0, 0]]
    said = [found(([40, 0, 60, 15], 0, 0.9), (THERE, 0, 0.8))]
    by_size = metrics.mean_average_precision(said, *true, 64).by_size
    assert by_size == pytest.approx({"small": 0, "medium": 1, "large": 1})
    # In a picture of 32 pixels all of them are large but for that of 100, which is medium.
    of_less = metrics.mean_average_precision(said, *true, 32).by_size
    assert of_less == pytest.approx({"small": np.nan, "medium": 0, "large": 1}, nan_ok=True)


def test_what_is_no_object_does_not_count_and_pycocotools_reports_nothing(capfd):
    answer, padding = [found((HERE, 0, 0.9))], [0, 0, 0, 0]
    assert metrics.mean_average_precision(answer, [[HERE, padding, padding]], [[0, -1, -1]]).mean == pytest.approx(1)
    assert metrics.mean_average_precision([found()], [[HERE]], [[0]]).mean == 0
    assert np.isnan(metrics.mean_average_precision(answer, [[HERE]], [[-1]]).mean)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("pictures", "boxes", "kinds", "message"),
    [
        (2, (1, 3, 4), (1, 3), "found is of 2 pictures, boxes of 1"),
        (0, (0, 3, 4), (0, 3), "1 or more"),
        (1, (1, 3, 4), (1, 2), r"accepted: \[n, objects, 4\] and \[n, objects\]"),
        (1, (3, 4), (3,), r"accepted: \[n, objects, 4\] and \[n, objects\]"),
    ],
)
def test_objects_of_other_pictures_are_refused(pictures, boxes, kinds, message):
    with pytest.raises(ValueError, match=message):
        metrics.mean_average_precision([found()] * pictures, np.zeros(boxes), np.zeros(kinds, int))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1000), size=st.integers(1, 200), classes=st.integers(2, 11))
def test_mean_iou_is_scikit_learn_s_jaccard_score(seed, size, classes):
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, (size, 2), np.uint8)
    predicted = np.where(random.random((size, 2)) < 0.7, truth, random.integers(0, classes, (size, 2), np.uint8))
    expected = jaccard_score(truth.ravel(), predicted.ravel(), average=None)
    ious = metrics.class_ious(predicted, truth, classes)
    assert ious[~np.isnan(ious)] == pytest.approx(expected)
    assert metrics.mean_iou(predicted, truth, classes) == pytest.approx(expected.mean())


def test_a_class_that_is_neither_said_nor_true_has_no_iou():
    """Of class 0 one pixel of three is both said and true, of class 2 two of four."""
    assert metrics.class_ious([[0, 0, 2], [2, 2, 1]], [[0, 2, 2], [2, 1, 0]], 4) == pytest.approx(
        [1 / 3, 0, 2 / 4, np.nan], nan_ok=True
    )


@pytest.mark.parametrize(
    ("predicted", "truth", "message"),
    [
        ([[0, 1]], [0, 1], r"\(1, 2\) and truth \(2,\)"),
        ([0, 11], [0, 1], "predicted has classes 0 to 11; accepted: 0 to 10"),
        ([0, 1], [-1, 1], "truth has classes -1 to 1; accepted: 0 to 10"),
    ],
)
def test_other_shapes_and_classes_are_refused(predicted, truth, message):
    with pytest.raises(ValueError, match=message):
        metrics.mean_iou(predicted, truth)
