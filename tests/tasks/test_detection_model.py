"""The detector and the segmenter: targets, loss, suppression, masks, and their shipped weights."""

import numpy as np
import pytest
from networks import CONFIGS, detector_outputs
from pycocotools import mask as coco

from vistext import metrics, scenes
from vistext.nn.engine import keras
from vistext.tasks import detection
from vistext.tasks.detection.model import KINDS, DetectorConfig
from vistext.tasks.detection.segmenter import CLASSES, DepthToSpace, SegmenterConfig

DRAWN = scenes.draw_many(scenes.sample(60, 3, "val"))
TRUTH = detection.model.targets(DRAWN.boxes, DRAWN.kinds)


@pytest.fixture(scope="module")
def small():
    """The detector and the segmenter, small and untrained."""
    keras.utils.set_random_seed(0)
    return {name: CONFIGS[name][0](CONFIGS[name][1]) for name in ("detector", "segmenter")}


def test_targets_are_decoded_to_the_true_boxes_and_kinds():
    boxes, scores = detection.model.decode(detector_outputs(TRUTH))
    for index in range(len(DRAWN)):
        sure = scores[index].max(axis=-1) > 0.5
        decoded = zip(boxes[index, sure].tolist(), scores[index, sure].argmax(-1), strict=True)
        true = zip(DRAWN[index].boxes.tolist(), DRAWN[index].kinds, strict=True)
        assert {(*box, kind) for box, kind in decoded} == {(*box, kind) for box, kind in true}


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
    assert (detection.model.targets(np.full((2, 3, 4), 20), np.full((2, 3), -1))[..., 0] == -1).all(), "no object"
    assert (detection.model.targets(np.zeros((2, 0, 4)), np.zeros((2, 0)))[..., 0] == -1).all()


def test_a_cell_between_two_objects_belongs_to_the_nearer_in_whatever_order():
    boxes, kinds = np.array([[[10, 10, 30, 30], [16, 12, 34, 28]]]), np.array([[1, 5]])
    truth = detection.model.targets(boxes, kinds)
    assert truth[0, 4, 4, 0] == 1  # (18, 18) is nearer to (20, 20) than to (25, 20)
    assert truth[0, 4, 6, 0] == 5  # (26, 18)
    assert np.array_equal(truth, detection.model.targets(boxes[:, ::-1], kinds[:, ::-1]))


@pytest.mark.parametrize(("boxes", "kinds"), [((2, 4), (2,)), ((1, 3, 4), (1, 2)), ((1, 3, 5), (1, 3))])
def test_boxes_and_kinds_of_different_objects_are_refused(boxes, kinds):
    with pytest.raises(ValueError, match=r"accepted: \[n, objects, 4\] and \[n, objects\]"):
        detection.model.targets(np.zeros(boxes), np.zeros(kinds))


def test_right_outputs_have_no_loss_and_wrong_ones_have():
    right = detector_outputs(TRUTH)
    background = np.tile(np.array([-1, 0, 0, 0, 0], "float32"), (2, 16, 16, 1))
    for truth in (TRUTH, background):
        assert float(detection.model.loss(truth, detector_outputs(truth))) == pytest.approx(0, abs=1e-3)
    positive = np.argwhere(TRUTH[..., 0] >= 0)
    missed, spurious, inexact = right.copy(), right.copy(), right.copy()
    missed[(*positive[:50].T, slice(KINDS))] = -20
    spurious[:, 0, 0, 3] = 20
    edges = inexact[..., KINDS:].reshape(*TRUTH.shape[:3], 4, 32)
    inexact[..., KINDS:] = np.roll(edges, 1, axis=-1).reshape(*TRUTH.shape[:3], -1)
    for wrong in (missed, spurious, inexact):
        assert float(detection.model.loss(TRUTH, wrong)) > 0.1

    assert float(detection.model.accuracy(background, detector_outputs(background))) == 0
    other = (*positive[: len(positive) // 4].T, slice(KINDS))
    right[other] = np.roll(right[other], 1, axis=-1)
    expected = 1 - (len(positive) // 4) / len(positive)
    assert float(detection.model.accuracy(TRUTH, right)) == pytest.approx(expected, abs=1e-6)


def test_the_loss_is_the_sum_of_its_three_parts_as_numpy_works_them_out():
    random = np.random.default_rng(0)
    truth = detection.model.targets([[[10, 12, 26, 22]]], [[3]])
    outputs = random.normal(size=(1, 16, 16, KINDS + 4 * 32)).astype("float32")
    quality = np.zeros((16, 16, KINDS))
    parts = 0.0
    positive = np.argwhere(truth[0, ..., 0] >= 0)
    for row, column in positive:
        x, y = 4 * column + 2, 4 * row + 2
        logits = outputs[0, row, column, KINDS:].reshape(4, 32).astype("float64")
        chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        left, top, right, bottom = chances @ np.arange(32)
        box = np.array([x - left, y - top, x + right, y + bottom])
        iou = detection.model.iou(box, np.array([[10, 12, 26, 22]]))[0]
        quality[row, column, 3] = iou
        around = (max(box[2], 26) - min(box[0], 10)) * (max(box[3], 22) - min(box[1], 12))
        union = ((box[2] - box[0]) * (box[3] - box[1]) + 16 * 10) / (1 + iou)
        distances = [x - 10, y - 12, 26 - x, 22 - y]
        parts += 2 * (1 - iou + (around - union) / around) - np.log(chances[range(4), distances]).mean()
    chance = 1 / (1 + np.exp(-outputs[0, ..., :KINDS].astype("float64")))
    entropy = -quality * np.log(chance) - (1 - quality) * np.log(1 - chance)
    expected = (((quality - chance) ** 2 * entropy).sum() + parts) / len(positive)
    assert float(detection.model.loss(truth, outputs)) == pytest.approx(expected, rel=1e-4)


def test_a_distance_between_two_whole_numbers_is_a_mixture_of_them():
    """One cell, 9.75 pixels from the left edge, has the lowest loss with a quarter of the probability on 9."""
    truth = detection.model.targets([[[20.25, 20, 40, 40]]], [[0]])
    truth[..., 0] = -1
    truth[0, 7, 7] = [0, 9.75, 10, 10, 10]
    outputs = detector_outputs(np.where(truth == 9.75, 10, truth))

    def cost(probability_of_9):
        outputs[0, 7, 7, KINDS + 9 : KINDS + 11] = 20 + np.log([probability_of_9, 1 - probability_of_9])
        return float(detection.model.loss(truth, outputs))

    assert cost(0.25) < min(cost(0.2), cost(0.3))


def test_iou_is_that_of_pycocotools():
    random = np.random.default_rng(0)
    low = random.uniform(0, 40, (200, 2))
    boxes = np.concatenate([low, low + random.uniform(2, 20, (200, 2))], axis=1)
    as_coco = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    expected = coco.iou(as_coco[:1], as_coco, [0] * 200)[0]
    assert detection.model.iou(boxes[0], boxes) == pytest.approx(expected, abs=1e-9)
    assert 0 < (expected > 0).sum() < 200


def test_objects_of_different_kinds_do_not_suppress_each_other():
    """Three boxes on one another, two of a kind: the best of each kind is found."""
    box = [10, 10, 30, 30]
    scores = np.zeros((3, KINDS), "float32")
    scores[range(3), [4, 4, 6]] = 0.7, 0.9, 0.8
    found = detection.model.suppress(np.array([box] * 3, "float32"), scores, 0.5, 0.5)
    assert (found.kinds.tolist(), found.boxes.tolist()) == ([4, 6], [box, box])
    assert found.scores == pytest.approx([0.9, 0.8])
    assert (found.boxes.dtype, found.kinds.dtype, found.scores.dtype) == (np.float32, np.int32, np.float32)


def test_detections_keep_to_both_thresholds(small):
    def detect(**thresholds):
        return detection.model.detect(small["detector"], DRAWN.pictures[:4], **thresholds)

    every = detect(score=0.0, overlap=0.3)
    median = float(np.median(np.concatenate([found.scores for found in every])))
    for found, better in zip(every, detect(score=median, overlap=0.3), strict=True):
        assert np.array_equal(better.scores, found.scores[found.scores >= median])
        assert (np.diff(better.scores) <= 0).all()
        for index in range(len(found.boxes)):
            same = found.kinds == found.kinds[index]
            same[index] = False
            assert (detection.model.iou(found.boxes[index], found.boxes[same]) <= 0.3 + 1e-6).all()
    for name, value in (("score", 1.01), ("score", -0.1), ("overlap", 2), ("overlap", float("nan"))):
        with pytest.raises(ValueError, match=rf"{name}=.*; accepted: 0 to 1"):
            detect(**{name: value})


def test_every_pixel_gets_its_most_probable_class(small):
    pictures = DRAWN.pictures[:8]
    logits = np.asarray(small["segmenter"](pictures))
    assert (logits.shape, logits.dtype) == ((8, 64, 64, CLASSES), np.float32)
    predicted = detection.segmenter.segment(small["segmenter"], pictures)
    assert predicted.dtype == np.uint8
    assert np.array_equal(predicted, logits.argmax(axis=-1))
    assert len(np.unique(predicted)) > 1


def test_depth_becomes_space_as_numpy_would_have_it():
    x = np.arange(2 * 3 * 5 * 12, dtype="float32").reshape(2, 3, 5, 12)
    expected = x.reshape(2, 3, 5, 2, 2, 3).transpose(0, 1, 3, 2, 4, 5).reshape(2, 6, 10, 3)
    assert np.array_equal(DepthToSpace()(x), expected)


def test_masks_are_scaled_to_the_pixels_of_the_picture():
    """A network that gives class 3 to what is red; a picture twice as wide as high, red at the right."""

    def red(pictures, training):
        where = (pictures[..., 0] > 200) & (pictures[..., 1] < 50)
        return np.eye(CLASSES)[np.where(where, 3, 0)]

    picture = np.full((1, 100, 200, 3), 255, np.uint8)
    picture[:, :, 120:, 1:] = 0
    predicted = detection.segmenter.segment(red, picture)
    assert (predicted[0, :, :118] == 0).all()
    assert (predicted[0, :, 122:] == 3).all()


def test_the_configs_set_the_sizes_and_at_first_nothing_is_detected(small):
    detector = detection.model.build(DetectorConfig(widths=(4, 6, 8, 10), distances=20))
    segmenter = detection.segmenter.build(SegmenterConfig(widths=(4, 6, 10)))
    assert detector.output_shape == (None, None, None, KINDS + 4 * 20)
    assert segmenter.output_shape == (None, None, None, CLASSES)
    for model, layer, shape in (
        (detector, "down3_1_conv", (3, 3, 10, 10)),
        (detector, "head_0_conv", (3, 3, 6, 6)),
        (segmenter, "down2_1_conv", (3, 3, 10, 10)),
        (segmenter, "up0_conv", (3, 3, 4, 4)),
    ):
        assert model.get_layer(layer).kernel.shape == shape
    assert detection.model.candidates(small["detector"], DRAWN.pictures[:4])[1].mean() < 0.1


def test_the_cards_tell_the_truth_also_of_drawings_of_another_size():
    """Scenes of the test split that the figures are not of; and others, twice as large, at twice the pixels."""
    detector, segmenter = detection.model.load(), detection.segmenter.load()
    drawn, large = scenes.draw_many(scenes.sample(300, 77, "test")), scenes.draw_many(scenes.sample(60, 5, "test"), 128)

    def precision(drawn, side):
        found = detection.model.detect(detector, drawn.pictures, score=0.01)
        return metrics.mean_average_precision(found, drawn.boxes, drawn.kinds, side)

    on_card = detection.model.card()["measured"]["test"]["mean_average_precision"]
    assert on_card >= 0.80
    assert precision(drawn, 64).mean == pytest.approx(on_card, abs=0.04)
    assert precision(large, 128).by_overlap[0] > 0.85

    def iou(drawn):
        return metrics.mean_iou(detection.segmenter.segment(segmenter, drawn.pictures), drawn.classes)

    on_card = detection.segmenter.card()["measured"]["test"]["mean_iou"]
    assert on_card >= 0.90
    assert iou(drawn) == pytest.approx(on_card, abs=0.03)
    assert iou(large) > 0.7
