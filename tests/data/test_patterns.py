"""Patterns: as many of each class, the same for the same seed, and learned by what should learn them only."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from vistext.data import patterns


@pytest.mark.parametrize(("draw", "side"), [(patterns.shapes, 8), (patterns.textures, 6)])
def test_there_are_as_many_of_each_class_and_others_for_another_seed(draw, side):
    pictures, labels = draw(300, seed=1)
    assert (pictures.shape, pictures.dtype) == ((300, side, side), np.uint8)
    assert np.bincount(labels).tolist() == [100, 100, 100]
    assert all(map(np.array_equal, draw(300, seed=1), (pictures, labels)))
    assert not np.array_equal(draw(300, seed=2)[0], pictures)


def accuracy(classifier, draw):
    (pictures, labels), (others, truth) = draw(300, seed=1), draw(300, seed=2)
    fitted = classifier.fit(pictures.reshape(300, -1) / 255, labels)
    return fitted.score(others.reshape(300, -1) / 255, truth)


def test_shapes_are_learned_by_a_linear_classifier_and_textures_only_by_one_that_is_not():
    assert accuracy(LogisticRegression(), patterns.shapes) > 0.9
    assert accuracy(LogisticRegression(), patterns.textures) < 0.5
    assert accuracy(KNeighborsClassifier(), patterns.textures) > 0.9
