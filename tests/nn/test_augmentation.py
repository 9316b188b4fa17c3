"""Batches of pictures that are mirrored, shifted, partly covered and scaled."""

import itertools
import math

import numpy as np
import pytest

from vistext.nn.augmentation import AugmentedBatches

LABELS = np.arange(24)  # each picture's own
PICTURES = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), np.uint8)


def batches(batch_size, labels=LABELS, **settings):
    return AugmentedBatches(PICTURES, labels, batch_size=batch_size, **settings)


def epoch_of(batches, number):
    """All batches of one epoch, as pictures and labels laid end to end."""
    steps = batches.steps_per_epoch
    drawn = [batches[number * steps + position] for position in range(steps)]
    return np.concatenate([pictures for pictures, _ in drawn]), np.concatenate([labels for _, labels in drawn])


def test_a_batch_depends_on_its_number_and_the_seed_alone():
    forwards, backwards, other = (batches(8, mirror=True, shift=2, seed=seed) for seed in (5, 5, 6))
    expected = [forwards[step] for step in range(7)]
    for step in reversed(range(7)):
        assert all(map(np.array_equal, backwards[step], expected[step]))
    assert not np.array_equal(epoch_of(forwards, 0)[1], epoch_of(other, 0)[1])


def test_an_epoch_has_each_picture_once_with_its_label_and_no_two_epochs_are_alike():
    orders = set()
    for number in range(3):
        pictures, labels = epoch_of(batches(2), number)
        assert sorted(labels) == list(LABELS)
        assert np.array_equal(pictures, PICTURES[labels])
        orders.add(tuple(labels))
    assert len(orders) == 3


def test_what_does_not_fill_a_batch_is_left_for_another_epoch():
    drawn = [epoch_of(batches(7), number)[1] for number in range(20)]
    assert all(len(labels) == len(set(labels)) == 21 for labels in drawn)
    assert set(np.concatenate(drawn)) == set(LABELS)


def test_two_epochs_have_each_picture_both_ways():
    mirrored = []
    for number in (0, 1):
        pictures, labels = epoch_of(batches(8, mirror=True), number)
        flipped = (pictures == PICTURES[labels][:, :, ::-1]).all(axis=(1, 2, 3))
        assert np.array_equal((pictures == PICTURES[labels]).all(axis=(1, 2, 3)), ~flipped)
        mirrored.append(set(labels[flipped]))
    assert mirrored[0] ^ mirrored[1] == set(LABELS)
    assert 4 <= len(mirrored[0]) <= 20


def test_a_shift_is_a_crop_of_the_picture_reflected_at_its_border():
    found = set()
    for number in range(10):
        for picture, label in zip(*epoch_of(batches(24, shift=2), number), strict=True):
            padded = np.pad(PICTURES[label], ((2, 2), (2, 2), (0, 0)), mode="reflect")
            places = [
                (down, right)
                for down, right in itertools.product(range(5), repeat=2)
                if np.array_equal(picture, padded[down : down + 32, right : right + 32])
            ]
            assert len(places) == 1
            found.update(places)
    assert len(found) == 25


@pytest.mark.parametrize(("progress", "side"), [(0.0, 16), (0.39, 16), (0.4, 24), (0.8, 32), (1.0, 32), (1.3, 32)])
def test_pictures_grow_with_the_progress_of_the_training(progress, side):
    growing = batches(8, sides=((16, 0.4), (24, 0.8), (32, 1.0)))
    growing.progress = progress
    pictures, labels = growing[0]
    assert (pictures.shape, pictures.dtype) == ((8, side, side, 3), np.uint8)
    fine = math.lcm(32, side)  # on this grid, each small pixel is a whole block
    block = fine // side
    for picture, label in zip(pictures.astype(int), labels, strict=True):
        enlarged = PICTURES[label].repeat(fine // 32, axis=0).repeat(fine // 32, axis=1)
        means = enlarged.reshape(side, block, side, block, 3).mean(axis=(1, 3))
        assert np.abs(picture - means).max() <= 0.51


def test_labels_are_handed_on_in_whatever_form_the_loss_takes():
    _, labels = batches(4, np.eye(24, dtype="float32"))[1]
    assert labels.shape == (4, 24)
    assert np.array_equal(labels.sum(axis=1), np.ones(4))


@pytest.mark.parametrize(
    ("settings", "accepted"),
    [({"batch_size": 0}, "1 to 24"), ({"batch_size": 25}, "1 to 24"), ({"sides": ((16, 0.5),)}, r"until 1\.0 or more")],
)
def test_batches_that_cannot_be_drawn_are_refused_at_once(settings, accepted):
    with pytest.raises(ValueError, match=f"accepted: .*{accepted}"):
        batches(**({"batch_size": 8} | settings))


def test_cutout_paints_one_gray_square_in_each_picture_at_its_own_place():
    white = np.full((200, 16, 16, 3), 255, np.uint8)
    pictures, _ = AugmentedBatches(white, np.zeros(200, int), batch_size=200, cutout=5, sides=((16, 1.0),))[0]
    gray = (pictures == 128).all(axis=-1)
    assert ((pictures == 255).all(axis=-1) | gray).all()
    places = set()
    for each in gray:
        rows, columns = np.flatnonzero(each.any(axis=1)), np.flatnonzero(each.any(axis=0))
        assert max(len(rows), len(columns)) <= 5
        # All of one rectangle, which the border may cut, and no more.
        assert each.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        places.add((rows[0], columns[0]))
    assert len(places) > 50
