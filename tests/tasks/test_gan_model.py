"""The networks of lesson 04: what they depend on, and the ring on which failures can be seen."""

import numpy as np
import pytest

from vistext.nn.engine import keras
from vistext.tasks import gan
from vistext.tasks.gan.model import GanConfig

SMALL = GanConfig(noise=6, width=4)
LABELS = np.array([3, 1, 9], np.int32)


@pytest.fixture(scope="module")
def pair():
    """A generator and a discriminator with no weight at zero, so that everything counts."""
    keras.utils.set_random_seed(0)
    networks = gan.model.build_generator(SMALL), gan.model.build_discriminator(SMALL)
    random = np.random.default_rng(0)
    for network in networks:
        for weight in network.weights:
            if not np.asarray(weight).any():
                weight.assign(random.normal(scale=0.1, size=weight.shape))
    return networks


def test_the_points_of_the_ring_are_eight_gaussians_around_a_circle():
    points = gan.model.sample_ring(20_000, 0)
    assert (points.shape, points.dtype) == ((20_000, 2), np.float32)
    angles = np.arctan2(points[:, 1], points[:, 0])
    which = np.round(angles / (2 * np.pi / 8)).astype(int) % 8
    centers = np.stack([points[which == mode].mean(axis=0) for mode in range(8)])
    expected = [[2 * np.cos(angle), 2 * np.sin(angle)] for angle in np.arange(8) * np.pi / 4]
    assert centers == pytest.approx(np.array(expected), abs=0.01)
    assert np.bincount(which) / 20_000 == pytest.approx(np.full(8, 1 / 8), abs=0.01)
    residue = points - centers[which]
    assert np.cov(residue.T) == pytest.approx(0.0225 * np.eye(2), abs=0.001)
    # A Gaussian in the plane is within r standard deviations with a probability of 1 - exp(-r² / 2).
    near = np.linalg.norm(points - gan.model.mode_centers()[which], axis=1) <= gan.model.NEAR
    assert near.mean() == pytest.approx(1 - np.exp(-4.5), abs=0.004)


def test_the_networks_for_points_are_as_wide_and_deep_as_configured():
    for network, outputs in zip(gan.model.build_ring(width=7, depth=4), (2, 1), strict=True):
        shapes = [tuple(weight.shape) for weight in network.weights if len(weight.shape) == 2]
        assert shapes == [(2, 7), (7, 7), (7, 7), (7, 7), (7, outputs)]


def test_a_picture_comes_from_noise_and_kind(pair):
    generator, _ = pair
    noise = gan.model.sample_noise(3, 6, 0)
    pictures = np.asarray(generator([noise, LABELS]))
    assert (pictures.shape, pictures.dtype) == ((3, 32, 32, 3), np.float32)
    assert 0 <= pictures.min() < pictures.max() <= 255
    assert np.array_equal(generator([noise, LABELS]), pictures)
    assert not np.allclose(generator([noise, (LABELS + 1) % 10]), pictures, atol=0.5)
    assert not np.allclose(generator([noise + 0.5, LABELS]), pictures, atol=0.5)


def test_noise_and_kind_reach_every_scale(pair):
    """Without the first layer, they still decide: through the scales and offsets of the norms."""
    generator, _ = pair
    clone = keras.models.clone_model(generator)
    clone.set_weights(generator.get_weights())
    clone.get_layer("start").kernel.assign(np.zeros((12, 256)))
    noise = gan.model.sample_noise(3, 6, 0)
    for level in (4, 8, 16):
        inside = keras.Model(clone.inputs, clone.get_layer(f"level{level}").output)
        maps = np.asarray(inside([noise, np.zeros(3, np.int32)]))
        assert maps.shape == (3, level, level, 4 * 16 // level)
        assert not np.allclose(maps[0], maps[1], atol=1e-4)


def test_the_score_is_that_of_the_given_kind(pair):
    """Each kind's score is linear in the same features, plus one that is common to all: projection."""
    _, discriminator = pair
    pictures = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype("float32")
    inside = [discriminator.get_layer(name).output for name in ("scaled", "features", "score")]
    outputs = keras.Model(discriminator.inputs, inside)([pictures, LABELS])
    scaled, features, score = (np.asarray(output) for output in outputs)
    common, own = discriminator.get_layer("real"), discriminator.get_layer("kind").embeddings.numpy()
    expected = features @ common.kernel.numpy() + common.bias.numpy()
    expected += (features * own[LABELS]).sum(axis=1, keepdims=True)
    assert scaled == pytest.approx(pictures / 127.5 - 1, abs=1e-5)
    assert score.shape == (3, 1)
    assert score == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_generated_pictures_are_bytes_in_the_order_of_the_labels(pair):
    generator, _ = pair
    noise = gan.model.sample_noise(300, 6, 1)
    labels = np.arange(300) % 10
    pictures = gan.model.generate(generator, labels, noise=noise)
    assert (pictures.shape, pictures.dtype) == ((300, 32, 32, 3), np.uint8)
    last = np.asarray(generator([noise[-1:], labels[-1:].astype("int32")]))
    assert np.abs(pictures[-1] - last).max() <= 0.51
    assert np.array_equal(
        gan.model.generate(generator, labels[:5], seed=7),
        gan.model.generate(generator, labels[:5], noise=gan.model.sample_noise(5, 6, 7)),
    )
    assert len(gan.model.generate(generator, np.zeros(0, int))) == 0


@pytest.mark.parametrize(
    ("labels", "noise", "message"),
    [
        ([1, 2], np.zeros((2, 5)), r"noise of shape \(2, 5\); accepted: \(2, 6\)"),
        ([1, 2], np.zeros((3, 6)), r"accepted: \(2, 6\)"),
        ([1, 10], None, "labels 1 to 10; accepted: 0 to 9"),
        ([-1], None, "labels -1 to -1"),
    ],
)
def test_what_cannot_be_generated_is_refused(pair, labels, noise, message):
    with pytest.raises(ValueError, match=message):
        gan.model.generate(pair[0], labels, noise=noise)


def test_noise_is_normal_and_truncated_noise_stays_within_its_bounds():
    noise = gan.model.sample_noise(2000, 8, 0)
    assert (noise.shape, noise.dtype) == ((2000, 8), np.float32)
    assert [noise.mean(), noise.std()] == pytest.approx([0, 1], abs=0.03)
    assert np.abs(noise).max() > 3
    short = gan.model.sample_noise(2000, 8, 0, truncation=0.5)
    assert (short.shape, short.dtype) == ((2000, 8), np.float32)
    assert 0.49 < np.abs(short).max() <= 0.5
    # Of a standard normal variable within ± t: the variance is 1 - 2 t φ(t) / (2 Φ(t) - 1).
    assert short.std() == pytest.approx(np.sqrt(1 - 2 * 0.5 * 0.352065 / 0.382925), abs=0.01)
    assert not np.array_equal(noise, gan.model.sample_noise(2000, 8, 1))
    for wrong in (0, -1.0):
        with pytest.raises(ValueError, match="accepted: more than 0"):
            gan.model.sample_noise(1, 1, 0, truncation=wrong)


def test_interpolation_goes_at_even_pace_along_an_arc():
    start, end = np.array([2.0, 0, 0]), np.array([0, 2.0, 0])
    way = gan.model.interpolate(start, end, 5)
    assert way[0] == pytest.approx(start, abs=1e-6)
    assert way[-1] == pytest.approx(end, abs=1e-6)
    assert np.linalg.norm(way, axis=1) == pytest.approx(2, abs=1e-5)
    assert way[2] == pytest.approx([np.sqrt(2), np.sqrt(2), 0], abs=1e-5)
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    assert steps == pytest.approx(steps[0], rel=1e-5)
    same_direction = gan.model.interpolate(np.array([1.0, 0]), np.array([3.0, 0]), 3)
    assert same_direction == pytest.approx(np.array([[1, 0], [2, 0], [3, 0]]))


def test_the_shipped_generator_is_as_good_as_its_card_says():
    labels = np.arange(500) % 10
    made = gan.model.generate(gan.model.load(), labels, seed=7)
    seen = gan.metrics.extract_features(gan.train.load_evaluation_classifier(), made)
    card = gan.model.card()
    assert abs(gan.metrics.accuracy(seen.probabilities, labels) - card["measured"]["recognised"]) < 0.04
