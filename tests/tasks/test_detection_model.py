"""The grid detector: what its cells are to say, what is made of what they say, and what its shipped weights find."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from vistext import metrics, scenes
from vistext.nn import weights
from vistext.nn.engine import keras, tf
from vistext.scenes import ontology
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


def test_what_the_cells_are_to_say_leads_back_to_the_true_boxes_and_kinds():
    truth = detection.model.targets(DRAWN.boxes, DRAWN.kinds)
    boxes, scores = detection.model.decode(outputs_for(truth))
    for index in range(len(DRAWN)):
        sure = scores[index].max(axis=-1) > 0.5
        said = {
            (*box.tolist(), kind) for box, kind in zip(boxes[index, sure], scores[index, sure].argmax(-1), strict=True)
        }
        true = {(*box.tolist(), kind) for box, kind in zip(DRAWN[index].boxes, DRAWN[index].kinds, strict=True)}
        assert said == true


def test_a_thing_is_told_of_by_the_cells_around_its_middle_as_worked_by_hand():
    """A box of 20 × 8 pixels whose middle is at (22, 30): at most 6 pixels across and 4 down from there."""
    truth = detection.model.targets([[[12, 26, 32, 34]]], [[7]])
    assert truth.shape == (1, 16, 16, 5)
    rows, columns = np.nonzero(truth[0, ..., 0] >= 0)
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == {(r, c) for r in (6, 7, 8) for c in (4, 5, 6)}
    assert truth[0, 7, 5].tolist() == [7, 10, 4, 10, 4]  # its middle is (22, 30)
    assert truth[0, 6, 4].tolist() == [7, 6, 0, 14, 8]
    assert truth[0, 0, 0].tolist() == [-1, 0, 0, 0, 0]


def test_a_thing_that_is_smaller_than_a_cell_is_told_of_by_the_cell_that_it_is_in():
    truth = detection.model.targets([[[41, 17, 42, 18]]], [[2]])
    assert np.argwhere(truth[0, ..., 0] == 2).tolist() == [[4, 10]]


def test_a_cell_between_two_things_tells_of_the_nearer_in_whatever_order_they_are_given():
    boxes, kinds = np.array([[[10, 10, 30, 30], [16, 12, 34, 28]]]), np.array([[1, 5]])
    truth = detection.model.targets(boxes, kinds)
    assert truth[0, 4, 4, 0] == 1  # (18, 18) is nearer to (20, 20) than to (25, 20)
    assert truth[0, 4, 6, 0] == 5  # (26, 18)
    assert np.array_equal(truth, detection.model.targets(boxes[:, ::-1], kinds[:, ::-1]))


def test_where_there_is_no_thing_the_box_given_says_nothing():
    assert (detection.model.targets(np.full((2, 3, 4), 20), np.full((2, 3), -1))[..., 0] == -1).all()
    assert (detection.model.targets(np.zeros((2, 0, 4)), np.zeros((2, 0)))[..., 0] == -1).all()


@pytest.mark.parametrize(("boxes", "kinds"), [((2, 4), (2,)), ((1, 3, 4), (1, 2)), ((1, 3, 5), (1, 3))])
def test_boxes_and_kinds_of_different_things_are_refused(boxes, kinds):
    with pytest.raises(ValueError, match=r"accepted: \[n, things, 4\] and \[n, things\]"):
        detection.model.targets(np.zeros(boxes), np.zeros(kinds))


def test_the_truth_costs_nothing_and_whatever_is_wrong_costs():
    truth = detection.model.targets(DRAWN.boxes, DRAWN.kinds)
    right = outputs_for(truth)
    told = np.argwhere(truth[..., 0] >= 0)
    cost = lambda outputs: float(detection.model.loss(truth, outputs))  # noqa: E731
    assert cost(right) == pytest.approx(0, abs=1e-3)

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


def test_a_true_distance_between_two_whole_numbers_is_shared_between_them():
    """One cell, 9.75 pixels from the left edge, is cheapest when it believes a quarter in 9 and the rest in 10."""
    truth = detection.model.targets([[[20.25, 20, 40, 40]]], [[0]])
    truth[..., 0] = -1
    truth[0, 7, 7] = [0, 9.75, 10, 10, 10]
    outputs = outputs_for(np.where(truth == 9.75, 10, truth))

    def cost(belief_in_9):
        outputs[0, 7, 7, KINDS + 9 : KINDS + 11] = 20 + np.log([belief_in_9, 1 - belief_in_9])
        return float(detection.model.loss(truth, outputs))

    assert cost(0.25) < min(cost(0.2), cost(0.3))


def test_pictures_without_things_have_a_loss_and_a_share_right():
    truth = np.tile(np.array([-1, 0, 0, 0, 0], "float32"), (2, 16, 16, 1))
    outputs = outputs_for(truth)
    assert float(detection.model.loss(truth, outputs)) == pytest.approx(0, abs=1e-3)
    assert float(detection.model.accuracy(truth, outputs)) == 0


def test_the_share_right_counts_the_cells_that_tell_of_a_thing():
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


def test_things_of_different_kinds_do_not_suppress_each_other():
    """Three boxes on one another, two of a kind: the best of each kind is found."""
    box = [10, 10, 30, 30]
    scores = np.zeros((1, 3, KINDS), "float32")
    scores[0, range(3), [4, 4, 6]] = 0.7, 0.9, 0.8
    found = detection.model.postprocess(np.array([[box] * 3], "float32"), scores, score=0.5, overlap=0.5)[0]
    assert (found.kinds.tolist(), found.boxes.tolist()) == ([4, 6], [box, box])
    assert found.scores == pytest.approx([0.9, 0.8])
    assert (found.boxes.dtype, found.kinds.dtype, found.scores.dtype) == (np.float32, np.int32, np.float32)


def test_what_is_found_is_at_least_as_good_as_asked_and_overlaps_at_most_so_much(small):
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


@pytest.mark.parametrize(
    ("pictures", "error", "message"),
    [
        (np.zeros((1, 64, 64, 3), "float32"), TypeError, "float32; accepted: uint8"),
        (np.zeros((64, 64, 3), "uint8"), ValueError, r"\(64, 64, 3\); accepted: \[n, h, w, 3\].*picture\[None\]"),
        (np.zeros((1, 64, 64), "uint8"), ValueError, "accepted"),
        (np.zeros((1, 64, 64, 4), "uint8"), ValueError, "accepted"),
        (np.zeros((0, 64, 64, 3), "uint8"), ValueError, "none of them 0"),
    ],
)
def test_what_is_no_batch_of_pictures_is_refused(small, pictures, error, message):
    for look in (detection.model.candidates, detection.model.detect):
        with pytest.raises(error, match=message):
            look(small, pictures)


@pytest.mark.parametrize("shape", [(64, 64), (128, 128), (40, 100), (33, 20), (1, 300)])
def test_pictures_of_any_size_have_candidates_within_them(small, shape):
    random = np.random.default_rng(0)
    boxes, scores = detection.model.candidates(small, random.integers(0, 256, (2, *shape, 3), np.uint8))
    assert (boxes.shape, boxes.dtype) == ((2, 256, 4), np.float32)
    assert (scores.shape, scores.dtype) == ((2, 256, KINDS), np.float32)
    assert (boxes >= 0).all()
    assert (boxes <= (shape[1], shape[0], shape[1], shape[0])).all()
    assert ((scores >= 0) & (scores <= 1)).all()


def test_many_pictures_are_looked_at_in_parts_with_the_same_result(small, monkeypatch):
    whole = detection.model.candidates(small, DRAWN.pictures[:7])
    monkeypatch.setattr(detection.model, "BATCH", 3)
    for part, expected in zip(detection.model.candidates(small, DRAWN.pictures[:7]), whole, strict=True):
        assert part == pytest.approx(expected, abs=1e-5)


def test_the_config_sets_the_sizes_and_at_first_nothing_is_there(small):
    model = detection.model.build(DetectorConfig(widths=(4, 6, 8, 10), distances=20))
    assert model.output_shape == (None, None, None, KINDS + 4 * 20)
    assert model.get_layer("down3_1_conv").kernel.shape == (3, 3, 10, 10)
    assert model.get_layer("head_0_conv").kernel.shape == (3, 3, 6, 6)
    assert detection.model.candidates(small, DRAWN.pictures[:4])[1].mean() < 0.1


def test_building_leaves_the_reader_s_precision_as_it_was(bfloat16):
    before = keras.config.dtype_policy()
    model = detection.model.build(DetectorConfig(widths=(4, 4, 4, 4), precision=bfloat16))
    assert keras.config.dtype_policy() == before
    assert {variable.dtype for variable in model.variables} == {"float32"}
    assert model.get_layer("up1_conv").compute_dtype == "bfloat16"
    assert model(DRAWN.pictures[:1]).dtype == "float32"


def test_keras_saves_and_loads_it_whole(small, tmp_path):
    small.save(tmp_path / "small.keras")
    back = keras.models.load_model(tmp_path / "small.keras")
    assert np.array_equal(back(DRAWN.pictures[:2]), small(DRAWN.pictures[:2]))


def test_what_is_loaded_is_what_the_card_and_the_file_say(small, tmp_path, monkeypatch):
    config = {"widths": list(SMALL.widths), "depth": 1, "head": 0, "distances": 32}
    weights.save(small, "detector", {"config": config}, tmp_path)
    folder = {name: partial(getattr(weights, name), folder=tmp_path) for name in ("card", "load_into")}
    monkeypatch.setattr(detection.model, "weights", SimpleNamespace(**folder))
    loaded = np.asarray(detection.model.load()(DRAWN.pictures[:2]))
    assert loaded == pytest.approx(np.asarray(small(DRAWN.pictures[:2])), rel=0.02, abs=0.02)


@pytest.fixture(scope="module")
def shipped():
    return detection.model.load()


def test_the_shipped_weights_are_whole_and_small():
    file = weights.verify("detector")
    assert file.stat().st_size == detection.model.card()["bytes"] <= 4_000_000
    assert detection.model.card()["classes"] == list(ontology.KINDS)


def test_the_card_tells_the_truth(shipped):
    """Of scenes of the test split that its figures are not of, about as much is found as the card says."""
    measured = detection.model.card()["measured"]["test"]["mean_average_precision"]
    assert measured >= 0.80
    drawings = scenes.draw_many(scenes.sample(300, 77, "test"))
    found = detection.model.detect(shipped, drawings.pictures, score=0.01)
    assert metrics.mean_average_precision(found, drawings.boxes, drawings.kinds).mean == pytest.approx(
        measured, abs=0.04
    )


def test_it_finds_the_things_of_a_drawing_of_another_size(shipped):
    """The same scenes twice as large: the same objects, at twice the pixels."""
    drawn = scenes.draw_many(scenes.sample(60, 5, "test"), 128)
    found = detection.model.detect(shipped, drawn.pictures, score=0.01)
    assert metrics.mean_average_precision(found, drawn.boxes, drawn.kinds, 128).by_overlap[0] > 0.85
