"""Metrics of generated pictures, against scikit-learn, brute force, and cases whose answer is known."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist
from sklearn.metrics.pairwise import polynomial_kernel

from vistext.nn.engine import keras
from vistext.tasks import classification, gan

RANDOM = np.random.default_rng(0)


def test_the_kernel_distance_is_the_unbiased_estimate_of_its_paper_and_grows_with_the_difference():
    one, other = RANDOM.normal(size=(7, 5)), RANDOM.normal(0.5, size=(9, 5))
    within, beyond, between = (
        polynomial_kernel(a, b, degree=3, coef0=1) for a, b in ((one, one), (other, other), (one, other))
    )
    expected = (
        sum(within[i, j] for i in range(7) for j in range(7) if i != j) / (7 * 6)
        + sum(beyond[i, j] for i in range(9) for j in range(9) if i != j) / (9 * 8)
        - 2 * between.mean()
    )
    assert gan.metrics.kernel_distance(one, other) == pytest.approx(expected, rel=1e-9)
    assert gan.metrics.kernel_distance(other, one) == pytest.approx(expected, rel=1e-9)
    many = np.array([gan.metrics.kernel_distance(*RANDOM.normal(size=(2, 50, 4))) for _ in range(200)])
    assert abs(many.mean()) < 4 * many.std() / np.sqrt(200), "unbiased"
    shifted = [
        gan.metrics.kernel_distance(RANDOM.normal(size=(500, 4)), RANDOM.normal(by, size=(500, 4)))
        for by in (0, 0.3, 1)
    ]
    assert shifted == sorted(shifted)
    assert shifted[1] > 5 * many.std() / 10


@pytest.mark.parametrize("shapes", [((1, 3), (4, 3)), ((4, 3), (1, 3)), ((4, 3), (4, 2))])
def test_a_distance_needs_two_pictures_of_each_in_the_same_features(shapes):
    with pytest.raises(ValueError, match=r"accepted: \[n, d\] and \[m, d\]"):
        gan.metrics.kernel_distance(*(np.zeros(shape) for shape in shapes))


def test_diversity_is_the_mean_distance_within_a_kind():
    features, labels = RANDOM.normal(size=(12, 3)), np.array([4] * 5 + [7] * 7)
    expected = (pdist(features[:5]).mean() + pdist(features[5:]).mean()) / 2
    assert gan.metrics.intra_class_distance(features, labels) == pytest.approx(expected, rel=1e-9)
    assert gan.metrics.intra_class_distance(np.ones((4, 3)), np.array([0, 0, 1, 1])) == 0
    with pytest.raises(ValueError, match="kind 7 has a single picture"):
        gan.metrics.intra_class_distance(features[:6], labels[:6])


def test_the_nearest_is_found_as_by_brute_force_mirrored_or_not():
    others = RANDOM.integers(0, 256, (40, 4, 4, 3), np.uint8)
    pictures = RANDOM.integers(0, 256, (9, 4, 4, 3), np.uint8)
    pictures[0], pictures[1] = others[17], others[23][:, ::-1]
    found = gan.metrics.nearest_neighbors(pictures, others)

    def distances(view):
        return cdist(view.reshape(9, -1).astype(float), others.reshape(40, -1).astype(float)) / np.sqrt(48)

    expected = np.minimum(distances(pictures), distances(pictures[:, :, ::-1]))
    assert found.indices.tolist() == expected.argmin(axis=1).tolist()
    assert found.distance == pytest.approx(expected.min(axis=1), abs=1e-6)
    assert found.indices[:2].tolist() == [17, 23]
    assert found.distance[:2].tolist() == [0, 0]


def test_features_are_the_inputs_of_the_head():
    keras.utils.set_random_seed(0)
    model = classification.model.build(classification.model.TaggerConfig(widths=(4, 6)))
    pictures = RANDOM.integers(0, 256, (7, 32, 32, 3), np.uint8)
    seen = gan.metrics.extract_features(model, pictures, batch=3)
    assert seen.features.shape == (7, 6)
    assert (seen.features**2).mean(axis=1) == pytest.approx(1, abs=1e-5)
    whole = np.asarray(keras.Model(model.inputs[0], model.get_layer("pooled").output)(pictures))
    logits = (
        seen.features * np.sqrt((whole**2).mean(axis=1, keepdims=True)) @ model.get_layer("head").kernel.numpy() / 6
    )
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert seen.probabilities == pytest.approx(powers / powers.sum(axis=1, keepdims=True), abs=1e-4)
