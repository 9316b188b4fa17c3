"""What a training is made of: the optimizer, the schedule, the precision and the batches."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest

from vistext.nn import training
from vistext.nn.engine import keras, tf
from vistext.nn.training import Adam, AugmentedBatches, Muon, fastest_dtype_policy, linear_decay

LABELS = np.arange(24)
PICTURES = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), np.uint8)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still unless a test moves it."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


def quintic(strengths):
    """What three of Jordan's Newton-Schulz steps make of the singular values of a matrix of norm 1."""
    for _ in range(3):
        strengths = 3.4445 * strengths - 4.7750 * strengths**3 + 2.0315 * strengths**5
    return strengths


def orthogonalised(matrix):
    """The same by way of an SVD, in float64."""
    left, strengths, right = np.linalg.svd(matrix.astype("float64"), full_matrices=False)
    return left @ np.diag(quintic(strengths / np.linalg.norm(strengths))) @ right


def matrix_with(strengths, shape=(12, 30), seed=0):
    """A matrix of these singular values, in random directions."""
    left, _, right = np.linalg.svd(np.random.default_rng(seed).normal(size=shape), full_matrices=False)
    return ((left * strengths) @ right).astype("float32")


@pytest.mark.parametrize("shape", [(27, 64), (64, 27), (12, 12), (9, 1), (1, 9)])
def test_muon_s_orthogonal_is_the_quintic_of_the_singular_values(shape):
    matrix = np.random.default_rng(1).normal(size=shape).astype("float32")
    assert np.asarray(Muon().orthogonal(matrix)) == pytest.approx(orthogonalised(matrix), abs=1e-4)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_muon_s_orthogonal_brings_singular_values_near_one(size):
    found = np.asarray(Muon().orthogonal(matrix_with(size * np.geomspace(0.02, 1, 12))))
    strengths = np.linalg.svd(found, compute_uv=False)
    assert strengths.min() > 0.5
    assert strengths.max() < 1.5


def test_muon_takes_no_step_where_there_is_no_gradient():
    assert np.array_equal(Muon().orthogonal(np.zeros((4, 6), "float32")), np.zeros((4, 6)))


def test_muon_moves_a_kernel_as_worked_by_hand():
    random = np.random.default_rng(2)
    start, first, second = (random.normal(size=(3, 3, 4, 8)).astype("float32") for _ in range(3))
    kernel = keras.Variable(start)
    optimizer = Muon(0.24, momentum=0.6)
    for gradient in (first, second):
        optimizer.apply([tf.constant(gradient)], [kernel])

    expected, velocity = start.astype("float64"), np.zeros(start.shape)
    for gradient in (first, second):
        velocity = 0.6 * velocity + gradient
        step = orthogonalised((gradient + 0.6 * velocity).reshape(36, 8)).reshape(start.shape)
        expected = expected / np.linalg.norm(expected) * np.sqrt(8) - 0.24 * step
    assert kernel.numpy() == pytest.approx(expected, abs=1e-4)


def test_muon_leaves_all_but_kernels_to_adam_at_its_share_of_the_rate():
    random = np.random.default_rng(3)
    shapes = [(5,), (4, 6), (2, 3, 4)]
    starts = [random.normal(size=shape).astype("float32") for shape in shapes]
    ours, adams = ([keras.Variable(start) for start in starts] for _ in range(2))
    kernel = keras.Variable(random.normal(size=(3, 3, 2, 4)).astype("float32"))
    muon, adam = Muon(0.24, adam_lr=0.1, epsilon=1e-6), keras.optimizers.Adam(0.024, epsilon=1e-6)
    for _ in range(4):
        gradients = [tf.constant(random.normal(size=shape).astype("float32")) for shape in shapes]
        muon.apply([tf.ones((3, 3, 2, 4)), *gradients], [kernel, *ours])
        adam.apply(gradients, adams)
    for mine, theirs, start in zip(ours, adams, starts, strict=True):
        assert mine.numpy() == pytest.approx(theirs.numpy(), abs=1e-6)
        assert np.abs(mine.numpy() - start).min() > 1e-3


def named(values, path):
    """A variable as a layer would have made it."""
    with keras.name_scope(path):
        return keras.Variable(values, name="kernel")


def test_muon_moves_dense_kernels_as_worked_by_hand_if_told_so_and_leaves_logits_to_adam():
    random = np.random.default_rng(4)
    start, first, second, head = (random.normal(size=(6, 9)).astype("float32") for _ in range(4))
    ours, logits, theirs = named(start, "queries"), named(head, "logits"), named(head, "logits")
    muon = Muon(0.1, momentum=0.9, adam_lr=0.1, dense_lr=0.3, iterations=5, epsilon=1e-6)
    adam = keras.optimizers.Adam(0.01, epsilon=1e-6)
    expected, velocity = start.astype("float64"), np.zeros(start.shape)
    for gradient in (first, second):
        muon.apply([tf.constant(gradient), tf.constant(gradient)], [ours, logits])
        adam.apply([tf.constant(gradient)], [theirs])
        velocity = 0.9 * velocity + gradient
        step = np.asarray(Muon(iterations=5).orthogonal((gradient + 0.9 * velocity).astype("float32")))
        expected = expected - 0.1 * 0.3 * 0.2 * 3 * step  # 3 is the root of the longer side
    assert ours.numpy() == pytest.approx(expected, abs=1e-5)
    assert logits.numpy() == pytest.approx(theirs.numpy(), abs=1e-6)


def test_muon_comes_back_from_its_configuration():
    muon = Muon(0.3, momentum=0.7, adam_lr=0.2, dense_lr=0.4, iterations=5, beta_2=0.9)
    back = keras.optimizers.deserialize(keras.optimizers.serialize(muon))
    assert isinstance(back, Muon)
    assert back.get_config() == muon.get_config()
    assert back.dense_lr == 0.4
    assert (back.momentum, back.adam_lr, back.newton_schulz_iterations, back.beta_2) == (0.7, 0.2, 5, 0.9)


def test_a_linear_decay_ends_at_zero_and_stays_there():
    rate = linear_decay(0.24)
    assert [rate(progress) for progress in (0, 0.5, 1, 1.1)] == pytest.approx([0.24, 0.12, 0, 0])


@pytest.mark.parametrize(("coarse", "found"), [(0.7, "mixed_bfloat16"), (0.8, "float32"), (5.0, "float32")])
def test_the_coarser_precision_is_taken_only_if_clearly_faster(monkeypatch, clock, coarse, found):
    def convolve(picture, *_):
        clock.now += coarse if picture.dtype == tf.bfloat16 else 1.0
        return picture

    monkeypatch.setattr(training.tf.nn, "conv2d", convolve)
    monkeypatch.setattr(training, "_may_know_bfloat16", lambda: True)
    assert fastest_dtype_policy.__wrapped__() == found


def test_the_start_of_the_library_is_not_held_against_a_precision(monkeypatch, clock):
    calls = itertools.count()

    def convolve(picture, *_):
        clock.now += 100.0 if next(calls) == 0 else 0.1 if picture.dtype == tf.bfloat16 else 1.0
        return picture

    monkeypatch.setattr(training.tf.nn, "conv2d", convolve)
    monkeypatch.setattr(training, "_may_know_bfloat16", lambda: True)
    assert fastest_dtype_policy.__wrapped__() == "mixed_bfloat16"


@pytest.mark.parametrize(
    ("known", "found"),  # what Linux says of the processor, and what oneDNN may use of it
    [
        (("flags : avx2 fma", ""), "float32"),
        (("flags : avx512_bf16 amx_tile", ""), "mixed_bfloat16"),
        (("flags : avx512_bf16 amx_tile", "avx512_core_amx"), "mixed_bfloat16"),
        (("flags : avx512_bf16 amx_tile", "avx2"), "float32"),
        ((None, ""), "mixed_bfloat16"),
        ((None, "AVX2"), "float32"),
    ],
)
def test_a_processor_that_does_not_know_the_coarser_precision_is_not_asked(monkeypatch, clock, tmp_path, known, found):
    flags, limit = known

    def convolve(picture, *_):
        clock.now += 0.1 if picture.dtype == tf.bfloat16 else 1.0
        return picture

    monkeypatch.setattr(training.tf.nn, "conv2d", convolve)
    monkeypatch.setattr(training.tf.config, "list_physical_devices", lambda kind: [])
    monkeypatch.setattr(training, "PROCESSORS", tmp_path / "cpuinfo")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    if flags:
        training.PROCESSORS.write_text(flags)
    assert fastest_dtype_policy.__wrapped__() == found


def test_the_fastest_precision_of_this_machine_is_one_that_keras_knows():
    assert keras.DTypePolicy(fastest_dtype_policy()).variable_dtype == "float32"


def epoch_of(batches, number):
    """All batches of one epoch, as pictures and labels laid end to end."""
    steps = batches.steps_per_epoch
    drawn = [batches[number * steps + position] for position in range(steps)]
    return np.concatenate([pictures for pictures, _ in drawn]), np.concatenate([labels for _, labels in drawn])


def test_a_batch_depends_on_its_number_and_the_seed_alone():
    settings = {"batch_size": 8, "mirror": True, "shift": 2, "seed": 5}
    forwards, backwards = AugmentedBatches(PICTURES, LABELS, **settings), AugmentedBatches(PICTURES, LABELS, **settings)
    expected = [forwards[step] for step in range(7)]
    for step in reversed(range(7)):
        pictures, labels = backwards[step]
        assert np.array_equal(pictures, expected[step][0])
        assert np.array_equal(labels, expected[step][1])


def test_another_seed_gives_another_order():
    one, other = (epoch_of(AugmentedBatches(PICTURES, LABELS, batch_size=2, seed=seed), 0)[1] for seed in (0, 1))
    assert not np.array_equal(one, other)


def test_an_epoch_shows_each_picture_once_with_its_label_and_no_two_epochs_are_alike():
    batches = AugmentedBatches(PICTURES, LABELS, batch_size=2)
    orders = []
    for number in range(3):
        pictures, labels = epoch_of(batches, number)
        assert sorted(labels) == list(LABELS)
        assert np.array_equal(pictures, PICTURES[labels])
        orders.append(tuple(labels))
    assert len(set(orders)) == 3


def test_what_does_not_fill_a_batch_is_left_for_another_epoch():
    batches = AugmentedBatches(PICTURES, LABELS, batch_size=7)
    shown = [epoch_of(batches, number)[1] for number in range(20)]
    assert batches.steps_per_epoch == 3
    assert all(len(labels) == len(set(labels)) == 21 for labels in shown)
    assert set(np.concatenate(shown)) == set(LABELS)


def test_two_epochs_show_each_picture_both_ways():
    batches = AugmentedBatches(PICTURES, LABELS, batch_size=8, mirror=True)
    mirrored = []
    for number in (0, 1):
        pictures, labels = epoch_of(batches, number)
        as_it_is = [np.array_equal(picture, PICTURES[label]) for picture, label in zip(pictures, labels, strict=True)]
        turned = [
            np.array_equal(picture, np.fliplr(PICTURES[label])) for picture, label in zip(pictures, labels, strict=True)
        ]
        assert np.array_equal(as_it_is, ~np.array(turned))
        mirrored.append(set(labels[turned]))
    assert mirrored[0] ^ mirrored[1] == set(LABELS)
    assert 4 <= len(mirrored[0]) <= 20


def test_a_shift_is_a_crop_of_the_picture_reflected_at_its_border():
    batches = AugmentedBatches(PICTURES, LABELS, batch_size=24, shift=2)
    seen = set()
    for number in range(10):
        for picture, label in zip(*epoch_of(batches, number), strict=True):
            padded = np.pad(PICTURES[label], ((2, 2), (2, 2), (0, 0)), mode="reflect")
            places = [
                (down, right)
                for down, right in itertools.product(range(5), repeat=2)
                if np.array_equal(picture, padded[down : down + 32, right : right + 32])
            ]
            assert len(places) == 1
            seen.update(places)
    assert len(seen) == 25


@pytest.mark.parametrize(("progress", "side"), [(0.0, 16), (0.39, 16), (0.4, 24), (0.8, 32), (1.0, 32), (1.3, 32)])
def test_pictures_grow_with_the_progress_of_the_training(progress, side):
    batches = AugmentedBatches(PICTURES, LABELS, batch_size=8, sides=((16, 0.4), (24, 0.8), (32, 1.0)))
    batches.progress = progress
    pictures, labels = batches[0]
    assert (pictures.shape, pictures.dtype) == ((8, side, side, 3), np.uint8)
    fine = math.lcm(32, side)  # on this grid, each small pixel is a whole block
    block = fine // side
    for picture, label in zip(pictures.astype(int), labels, strict=True):
        enlarged = PICTURES[label].repeat(fine // 32, axis=0).repeat(fine // 32, axis=1)
        means = enlarged.reshape(side, block, side, block, 3).mean(axis=(1, 3))
        assert np.abs(picture - means).max() <= 0.51


def test_labels_are_handed_on_in_whatever_form_the_loss_takes():
    labels = np.eye(24, dtype="float32")
    _, given = AugmentedBatches(PICTURES, labels, batch_size=4)[1]
    assert given.shape == (4, 24)
    assert np.array_equal(given.sum(axis=1), np.ones(4))


@pytest.mark.parametrize(
    ("settings", "accepted"),
    [({"batch_size": 0}, "1 to 24"), ({"batch_size": 25}, "1 to 24"), ({"sides": ((16, 0.5),)}, r"until 1\.0 or more")],
)
def test_batches_that_cannot_be_drawn_are_refused_at_once(settings, accepted):
    with pytest.raises(ValueError, match=f"accepted: .*{accepted}"):
        AugmentedBatches(PICTURES, LABELS, **({"batch_size": 8} | settings))


def test_cutout_paints_one_grey_square_in_each_picture_at_its_own_place():
    white = np.full((200, 16, 16, 3), 255, np.uint8)
    pictures, _ = AugmentedBatches(white, np.zeros(200, int), batch_size=200, cutout=5, sides=((16, 1.0),))[0]
    grey = (pictures == 128).all(axis=-1)
    assert ((pictures == 255).all(axis=-1) | grey).all()
    places = set()
    for each in grey:
        rows, columns = np.flatnonzero(each.any(axis=1)), np.flatnonzero(each.any(axis=0))
        assert 1 <= len(rows) <= 5
        assert 1 <= len(columns) <= 5
        assert each[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert each.sum() == len(rows) * len(columns)  # nothing outside that rectangle, which the border may cut
        places.add((rows[0], columns[0]))
    assert len(places) > 50


def test_a_schedule_may_end_above_zero():
    rate = linear_decay(0.06, 0.03)
    assert [rate(0.0), rate(0.5), rate(1.0)] == pytest.approx([0.06, 0.045, 0.03])


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.99)])
def test_adam_takes_the_steps_of_keras_s(betas):
    random = np.random.default_rng(0)
    start = [random.normal(size=shape).astype("float32") for shape in ((3, 4), (5,))]
    optimizers = [kind(0.01, beta_1=betas[0], beta_2=betas[1]) for kind in (Adam, keras.optimizers.Adam)]
    networks = [[keras.Variable(weight) for weight in start] for _ in optimizers]
    for optimizer, weights in zip(optimizers, networks, strict=True):
        optimizer.build(weights)
    for step in range(5):
        gradients = [random.normal(size=weight.shape).astype("float32") for weight in start]
        for optimizer, weights in zip(optimizers, networks, strict=True):
            optimizer.learning_rate = 0.01 / (step + 1)
            optimizer.apply([tf.constant(each) for each in gradients], weights)
    for weight, expected, before in zip(*networks, start, strict=True):
        assert np.asarray(weight) == pytest.approx(np.asarray(expected), abs=1e-6)
        assert not np.allclose(expected, before)
