"""The detector: targets, loss, postprocessing, and its shipped weights."""

import numpy as np
import pytest

from vistext import metrics, scenes
from vistext.nn.engine import keras, tf
from vistext.tasks import detection
from vistext.tasks.detection.model import KINDS, DetectorConfig

SMALL = DetectorConfig(widths=(4, 8, 8, 8), depth=1, head=0)
DRAWN = scenes.draw_many(scenes.sample(60, 3, "val"))


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(0)
    return detection.model.build(SMALL)


def outputs_for(truth, distances=32):
    """What a network would give that is sure of the truth, float32 [n, rows, columns, 10 + 4 * distances]."""
    kinds = np.where(np.arange(KINDS) == truth[..., :1], 20.0, -20.0)
    edges = np.where(np.arange(distances) == truth[..., 1:, None], 20.0, -20.0)
    return np.concatenate([kinds, edges.reshape(*truth.shape[:3], -1)], axis=-1).astype("float32")


def random_boxes(n, seed=0, most=64):
    random = np.random.default_rng(seed)
    low = random.uniform(0, most * 0.7, (n, 2))
    return np.concatenate([low, low + random.uniform(2, most * 0.3, (n, 2))], axis=1).astype("float32")


def test_targets_are_decoded_to_the_true_boxes_and_kinds():
    truth = detection.model.targets(DRAWN.boxes, DRAWN.kinds)
    boxes, scores = detection.model.decode(outputs_for(truth))
    for index in range(len(DRAWN)):
        sure = scores[index].max(axis=-1) > 0.5
        said = {
            (*box.tolist(), kind) for box, kind in zip(boxes[index, sure], scores[index, sure].argmax(-1), strict=True)
        }
        true = {(*box.tolist(), kind) for box, kind in zip(DRAWN[index].boxes, DRAWN[index].kinds, strict=True)}
        assert said == true


def test_the_positive_locations_of_an_object_are_around_its_center():
    """A box of 20 × 8 pixels whose middle is at (22, 30): at most 6 pixels across and 4 down from there."""
    truth = detection.model.targets([[[12, 26, 32, 34]]], [[7]])
    assert truth.shape == (1, 16, 16, 5)
    rows, columns = np.nonzero(truth[0, ..., 0] >= 0)
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == {(r, c) for r in (6, 7, 8) for c in (4, 5, 6)}
    assert truth[0, 7, 5].tolist() == [7, 10, 4, 10, 4]  # its middle is (22, 30)
    assert truth[0, 6, 4].tolist() == [7, 6, 0, 14, 8]
    assert truth[0, 0, 0].tolist() == [-1, 0, 0, 0, 0]
    smaller_than_a_cell = detection.model.targets([[[41, 17, 42, 18]]], [[2]])
    assert np.argwhere(smaller_than_a_cell[0, ..., 0] == 2).tolist() == [[4, 10]]


def test_a_cell_between_two_objects_belongs_to_the_nearer_in_whatever_order():
    boxes, kinds = np.array([[[10, 10, 30, 30], [16, 12, 34, 28]]]), np.array([[1, 5]])
    truth = detection.model.targets(boxes, kinds)
    assert truth[0, 4, 4, 0] == 1  # (18, 18) is nearer to (20, 20) than to (25, 20)
    assert truth[0, 4, 6, 0] == 5  # (26, 18)
    assert np.array_equal(truth, detection.model.targets(boxes[:, ::-1], kinds[:, ::-1]))


def test_without_an_object_its_box_does_not_count():
    assert (detection.model.targets(np.full((2, 3, 4), 20), np.full((2, 3), -1))[..., 0] == -1).all()
    assert (detection.model.targets(np.zeros((2, 0, 4)), np.zeros((2, 0)))[..., 0] == -1).all()


@pytest.mark.parametrize(("boxes", "kinds"), [((2, 4), (2,)), ((1, 3, 4), (1, 2)), ((1, 3, 5), (1, 3))])
def test_boxes_and_kinds_of_different_objects_are_refused(boxes, kinds):
    with pytest.raises(ValueError, match=r"accepted: \[n, things, 4\] and \[n, things\]"):
        detection.model.targets(np.zeros(boxes), np.zeros(kinds))


def test_right_outputs_have_no_loss_and_wrong_ones_have():
    truth = detection.model.targets(DRAWN.boxes, DRAWN.kinds)
    right = outputs_for(truth)
    told = np.argwhere(truth[..., 0] >= 0)
    cost = lambda outputs: float(detection.model.loss(truth, outputs))  # noqa: E731
    assert cost(right) == pytest.approx(0, abs=1e-3)

    background = np.tile(np.array([-1, 0, 0, 0, 0], "float32"), (2, 16, 16, 1))
    assert float(detection.model.loss(background, outputs_for(background))) == pytest.approx(0, abs=1e-3)
    assert float(detection.model.accuracy(background, outputs_for(background))) == 0
    unseen, imagined, inexact = right.copy(), right.copy(), right.copy()
    unseen[(*told[:50].T, slice(KINDS))] = -20
    imagined[:, 0, 0, 3] = 20
    inexact[..., KINDS:] = np.roll(inexact[..., KINDS:].reshape(*truth.shape[:3], 4, 32), 1, -1).reshape(
        *truth.shape[:3], -1
    )
    for wrong in (unseen, imagined, inexact):
        assert cost(wrong) > 0.1


def test_the_loss_is_the_sum_of_its_three_parts_as_numpy_works_them_out():
    random = np.random.default_rng(0)
    truth = detection.model.targets([[[10, 12, 26, 22]]], [[3]])
    outputs = random.normal(size=(1, 16, 16, KINDS + 4 * 32)).astype("float32")
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    quality = np.zeros((16, 16, KINDS))
    parts = 0.0
    told = np.argwhere(truth[0, ..., 0] >= 0)
    for row, column in told:
        x, y = 4 * column + 2, 4 * row + 2
        logits = outputs[0, row, column, KINDS:].reshape(4, 32).astype("float64")
        chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        left, top, right, bottom = chances @ np.arange(32)
        said = np.array([x - left, y - top, x + right, y + bottom])
        true = np.array([10, 12, 26, 22])
        quality[row, column, 3] = iou = detection.model.iou(said, true[None])[0]
        around = (max(said[2], 26) - min(said[0], 10)) * (max(said[3], 22) - min(said[1], 12))
        areas = (said[2] - said[0]) * (said[3] - said[1]) + 16 * 10
        union = areas / (1 + iou)
        distances = [x - 10, y - 12, 26 - x, 22 - y]
        parts += 2 * (1 - iou + (around - union) / around) - np.log(chances[range(4), distances]).mean()
    chance = sigmoid(outputs[0, ..., :KINDS].astype("float64"))
    surprise = -quality * np.log(chance) - (1 - quality) * np.log(1 - chance)
    expected = (((quality - chance) ** 2 * surprise).sum() + parts) / len(told)
    assert float(detection.model.loss(truth, outputs)) == pytest.approx(expected, rel=1e-4)


def test_a_distance_between_two_whole_numbers_is_a_mixture_of_them():
    """One cell, 9.75 pixels from the left edge, is cheapest when it believes a quarter in 9 and the rest in 10."""
    truth = detection.model.targets([[[20.25, 20, 40, 40]]], [[0]])
    truth[..., 0] = -1
    truth[0, 7, 7] = [0, 9.75, 10, 10, 10]
    outputs = outputs_for(np.where(truth == 9.75, 10, truth))

    def cost(belief_in_9):
        outputs[0, 7, 7, KINDS + 9 : KINDS + 11] = 20 + np.log([belief_in_9, 1 - belief_in_9])
        return float(detection.model.loss(truth, outputs))

    assert cost(0.25) < min(cost(0.2), cost(0.3))


def test_accuracy_counts_positive_locations():
    truth = detection.model.targets(DRAWN.boxes, DRAWN.kinds)
    outputs = outputs_for(truth)
    told = np.argwhere(truth[..., 0] >= 0)
    wrong = told[: len(told) // 4]
    outputs[(*wrong.T, slice(KINDS))] = np.roll(outputs[(*wrong.T, slice(KINDS))], 1, axis=-1)
    assert float(detection.model.accuracy(truth, outputs)) == pytest.approx(1 - len(wrong) / len(told), abs=1e-6)


@pytest.mark.parametrize("overlap", [0.0, 0.2, 0.5])
def test_suppression_is_tensorflow_s(overlap):
    boxes, scores = random_boxes(200), np.random.default_rng(1).permutation(200) / 200
    as_tensorflow_has_them = boxes[:, [1, 0, 3, 2]]
    expected = tf.image.non_max_suppression(as_tensorflow_has_them, scores.astype("float32"), 200, overlap).numpy()
    assert 1 < len(expected) < 200
    assert detection.model.non_max_suppression(boxes, scores, overlap).tolist() == expected.tolist()


def test_objects_of_different_kinds_do_not_suppress_each_other():
    """Three boxes on one another, two of a kind: the best of each kind is found."""
    box = [10, 10, 30, 30]
    scores = np.zeros((1, 3, KINDS), "float32")
    scores[0, range(3), [4, 4, 6]] = 0.7, 0.9, 0.8
    found = detection.model.postprocess(np.array([[box] * 3], "float32"), scores, score=0.5, overlap=0.5)[0]
    assert (found.kinds.tolist(), found.boxes.tolist()) == ([4, 6], [box, box])
    assert found.scores == pytest.approx([0.9, 0.8])
    assert (found.boxes.dtype, found.kinds.dtype, found.scores.dtype) == (np.float32, np.int32, np.float32)


def test_detections_keep_to_both_thresholds(small):
    by_score = detection.model.detect(small, DRAWN.pictures[:4], score=0.0, overlap=0.3)
    median = float(np.median(np.concatenate([each.scores for each in by_score])))
    for all_of_them, better in zip(
        by_score, detection.model.detect(small, DRAWN.pictures[:4], score=median, overlap=0.3), strict=True
    ):
        assert np.array_equal(better.scores, all_of_them.scores[all_of_them.scores >= median])
        assert (np.diff(better.scores) <= 0).all()
        for index in range(len(all_of_them.boxes)):
            same = all_of_them.kinds == all_of_them.kinds[index]
            same[index] = False
            assert (detection.model.iou(all_of_them.boxes[index], all_of_them.boxes[same]) <= 0.3 + 1e-6).all()


@pytest.mark.parametrize("threshold", [{"score": 1.01}, {"score": -0.1}, {"overlap": 2}, {"overlap": float("nan")}])
def test_a_threshold_out_of_range_is_refused(small, threshold):
    (name,) = threshold
    with pytest.raises(ValueError, match=rf"{name}=.*; accepted: 0 to 1"):
        detection.model.detect(small, DRAWN.pictures[:1], **threshold)


def test_the_config_sets_the_sizes_and_at_first_nothing_is_detected(small):
    model = detection.model.build(DetectorConfig(widths=(4, 6, 8, 10), distances=20))
    assert model.output_shape == (None, None, None, KINDS + 4 * 20)
    assert model.get_layer("down3_1_conv").kernel.shape == (3, 3, 10, 10)
    assert model.get_layer("head_0_conv").kernel.shape == (3, 3, 6, 6)
    assert detection.model.candidates(small, DRAWN.pictures[:4])[1].mean() < 0.1


@pytest.fixture(scope="module")
def shipped():
    return detection.model.load()


def test_the_card_tells_the_truth(shipped):
    """Of scenes of the test split that its figures are not of, about as much is found as the card says."""
    measured = detection.model.card()["measured"]["test"]["mean_average_precision"]
    assert measured >= 0.80
    drawings = scenes.draw_many(scenes.sample(300, 77, "test"))
    found = detection.model.detect(shipped, drawings.pictures, score=0.01)
    assert metrics.mean_average_precision(found, drawings.boxes, drawings.kinds).mean == pytest.approx(
        measured, abs=0.04
    )


def test_it_finds_the_objects_of_a_drawing_of_another_size(shipped):
    """The same scenes twice as large: the same objects, at twice the pixels."""
    drawn = scenes.draw_many(scenes.sample(60, 5, "test"), 128)
    found = detection.model.detect(shipped, drawn.pictures, score=0.01)
    assert metrics.mean_average_precision(found, drawn.boxes, drawn.kinds, 128).by_overlap[0] > 0.85
