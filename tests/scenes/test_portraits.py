"""Portraits: one whole object in each, all kinds as often, the same everywhere, and no picture in both splits."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from vistext.scenes import portraits


@pytest.fixture(scope="module")
def drawn():
    return {split: portraits.make(3000, 0, split) for split in portraits.SPLITS}


def test_they_are_bytes_of_32_by_32_with_the_kinds_in_turn(drawn):
    pictures, labels = drawn["train"]
    assert (pictures.shape, pictures.dtype) == ((3000, 32, 32, 3), np.uint8)
    assert (labels.shape, labels.dtype) == ((3000,), np.int32)
    assert (np.sort(labels.reshape(-1, 10), axis=1) == np.arange(10)).all()
    assert len({row.tobytes() for row in labels.reshape(-1, 10)}) > 100


def test_no_picture_is_in_both_splits(drawn):
    train, test = ({picture.tobytes() for picture in drawn[split][0]} for split in portraits.SPLITS)
    assert train.isdisjoint(test)
    assert min(len(train), len(test)) > 2500, "most differ from all others"


def test_the_same_seed_draws_the_same_and_more_of_them_begin_alike(drawn):
    assert len(portraits.make(0, 0)[0]) == 0
    again, labels = portraits.make(30, 0)
    assert np.array_equal(again, drawn["train"][0][:30])
    assert np.array_equal(labels, drawn["train"][1][:30])
    assert not np.array_equal(portraits.make(30, 1)[0], again)


def test_behind_the_thing_are_two_plain_areas_and_a_level_horizon(drawn):
    for picture in drawn["train"][0][:200]:
        top, bottom = picture[0], picture[-1]
        rim = np.concatenate([top[[0, -1]], bottom[[0, -1]]])
        assert len(np.unique(rim, axis=0)) <= 3, "a corner or two may be covered"
        assert (picture == rim[0]).all(axis=-1).sum() + (picture == rim[2]).all(axis=-1).sum() > 200


def test_the_thing_takes_up_much_of_the_picture_and_is_whole(drawn):
    """What differs from the background of its row reaches across at least 20 pixels one way, and hardly to the edge."""
    pictures = drawn["train"][0][:300].astype(int)
    ground = np.median(np.concatenate([pictures[:, :, :2], pictures[:, :, -2:]], axis=2), axis=2, keepdims=True)
    there = np.abs(pictures - ground).max(axis=-1) > 12
    across, down = there.any(axis=1).sum(axis=1), there.any(axis=2).sum(axis=1)
    assert (np.maximum(across, down) >= 20).mean() > 0.98
    assert there[:, 0].any(axis=1).mean() < 0.1


def test_their_kinds_can_be_told_but_not_by_a_linear_look_at_the_pixels(drawn):
    flat = {split: pictures.reshape(3000, -1)[:, ::3] / 255 for split, (pictures, _) in drawn.items()}
    linear = RidgeClassifier(alpha=100).fit(flat["train"], drawn["train"][1])
    assert 0.2 < linear.score(flat["test"], drawn["test"][1]) < 0.8


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ((-1, 0), ValueError, "at least 0; given was -1"),
        ((3, -1), ValueError, "seed is at least 0"),
        ((3, 0, "val"), ValueError, "train, test; given was 'val'"),
        ((2.5, 0), TypeError, "float"),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments, error, said):
    with pytest.raises(error, match=said):
        portraits.make(*arguments)
