"""The optimizers, against values worked by hand, by an SVD, and by Keras's Adam."""

import numpy as np
import pytest

from vistext.nn.engine import keras, tf
from vistext.nn.optimizers import Adam, Muon


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def orthogonalized(matrix):
    """What three of Jordan's Newton-Schulz steps make of a matrix, by way of an SVD in float64."""
    left, values, right = np.linalg.svd(matrix.astype("float64"), full_matrices=False)
    values = values / np.linalg.norm(values)
    for _ in range(3):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    return left @ np.diag(values) @ right


@pytest.mark.parametrize("shape", [(27, 64), (64, 27), (12, 12), (9, 1), (1, 9)])
def test_muon_s_orthogonal_is_the_quintic_of_the_singular_values(shape):
    matrix = normal(*shape, seed=1)
    assert np.asarray(Muon().orthogonal(matrix)) == pytest.approx(orthogonalized(matrix), abs=1e-4)
    assert np.array_equal(Muon().orthogonal(np.zeros(shape, "float32")), np.zeros(shape))


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_muon_s_orthogonal_brings_singular_values_near_one(size):
    left, _, right = np.linalg.svd(normal(12, 30), full_matrices=False)
    matrix = (left * (size * np.geomspace(0.02, 1, 12))) @ right
    values = np.linalg.svd(np.asarray(Muon().orthogonal(matrix.astype("float32"))), compute_uv=False)
    assert values.min() > 0.5
    assert values.max() < 1.5


def test_muon_moves_a_kernel_as_worked_by_hand():
    start, *gradients = normal(3, 3, 3, 4, 8, seed=2)
    kernel, optimizer = keras.Variable(start), Muon(0.24, momentum=0.6)
    expected, velocity = start.astype("float64"), np.zeros(start.shape)
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient)], [kernel])
        velocity = 0.6 * velocity + gradient
        step = orthogonalized((gradient + 0.6 * velocity).reshape(36, 8)).reshape(start.shape)
        expected = expected / np.linalg.norm(expected) * np.sqrt(8) - 0.24 * step
    assert kernel.numpy() == pytest.approx(expected, abs=1e-4)


def test_muon_leaves_all_but_kernels_to_adam_at_its_share_of_the_rate():
    random = np.random.default_rng(3)
    starts = [random.normal(size=shape).astype("float32") for shape in ((5,), (4, 6), (2, 3, 4))]
    ours, adams = ([keras.Variable(start) for start in starts] for _ in range(2))
    kernel = keras.Variable(random.normal(size=(3, 3, 2, 4)).astype("float32"))
    muon, adam = Muon(0.24, adam_lr=0.1, epsilon=1e-6), keras.optimizers.Adam(0.024, epsilon=1e-6)
    for _ in range(4):
        gradients = [tf.constant(random.normal(size=start.shape).astype("float32")) for start in starts]
        muon.apply([tf.ones((3, 3, 2, 4)), *gradients], [kernel, *ours])
        adam.apply(gradients, adams)
    for mine, theirs, start in zip(ours, adams, starts, strict=True):
        assert mine.numpy() == pytest.approx(theirs.numpy(), abs=1e-6)
        assert np.abs(mine.numpy() - start).min() > 1e-3


def test_muon_moves_dense_kernels_as_worked_by_hand_if_asked_to_and_leaves_logits_to_adam():
    def kernel_of(layer, values):
        with keras.name_scope(layer):
            return keras.Variable(values, name="kernel")

    start, head, *gradients = normal(4, 6, 9, seed=4)
    ours, logits, theirs = kernel_of("queries", start), kernel_of("logits", head), kernel_of("logits", head)
    muon = Muon(0.1, momentum=0.9, adam_lr=0.1, dense_lr=0.3, iterations=5, epsilon=1e-6)
    adam = keras.optimizers.Adam(0.01, epsilon=1e-6)
    expected, velocity = start.astype("float64"), np.zeros(start.shape)
    for gradient in gradients:
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
    assert (back.momentum, back.adam_lr, back.dense_lr, back.beta_2) == (0.7, 0.2, 0.4, 0.9)
    assert back.newton_schulz_iterations == 5


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.99)])
def test_adam_takes_the_steps_of_keras_s(betas):
    start = [normal(3, 4), normal(5)]
    results = []
    for kind in (Adam, keras.optimizers.Adam):
        optimizer, weights = kind(0.01, beta_1=betas[0], beta_2=betas[1]), [keras.Variable(each) for each in start]
        optimizer.build(weights)
        for step in range(5):
            optimizer.learning_rate = 0.01 / (step + 1)
            optimizer.apply([tf.constant(normal(*each.shape, seed=step)) for each in weights], weights)
        results.append([weight.numpy() for weight in weights])
    for weight, expected, before in zip(*results, start, strict=True):
        assert weight == pytest.approx(expected, abs=1e-6)
        assert not np.allclose(expected, before)
