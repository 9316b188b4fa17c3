"""The U-Net: its batch norm is Keras's, and its levels fit together."""

import numpy as np
import pytest

from vistext.nn.engine import keras, tf
from vistext.nn.unet import FusedBatchNorm, unet

FEATURES = np.random.default_rng(0).normal(3, 2, size=(5, 8, 6, 4)).astype("float32")


def norms_of(**settings):
    """Keras's batch norm and ours, with the same numbers, none of them at its start."""
    norms = keras.layers.BatchNormalization(**settings), FusedBatchNorm(**settings)
    random = np.random.default_rng(1)
    for norm in norms:
        norm.build(FEATURES.shape)
    for variables in zip(*(norm.variables for norm in norms), strict=True):
        value = random.uniform(0.5, 2, variables[0].shape)
        for variable in variables:
            variable.assign(value)
    return norms


@pytest.mark.parametrize("settings", [{}, {"scale": False, "momentum": 0.6, "epsilon": 1e-5}])
def test_the_fused_norm_is_keras_s_in_use_and_in_training_statistics_and_gradients_included(settings):
    keras_s, ours = norms_of(**settings)
    assert np.asarray(ours(FEATURES)) == pytest.approx(np.asarray(keras_s(FEATURES)), rel=1e-4, abs=1e-4)
    results = []
    for norm in (keras_s, ours):
        inputs = tf.constant(FEATURES)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = norm(inputs, training=True)
            loss = tf.reduce_sum(outputs**3)
        gradients = tape.gradient(loss, [inputs, norm.beta])
        results.append([np.asarray(each) for each in (outputs, *gradients, norm.moving_mean, norm.moving_variance)])
    (*expected, variance), (*found, our_variance) = results
    for ours, keras_s in zip(found, expected, strict=True):
        assert ours == pytest.approx(keras_s, rel=1e-3, abs=2e-3)
    # Ours estimates the variance of all pictures, of which the batch is a sample; Keras's takes that of the batch.
    assert our_variance == pytest.approx(variance, rel=4 / FEATURES.size)


@pytest.mark.parametrize(("up_to", "side", "channels"), [(0, 16, 4), (1, 8, 6), (2, 4, 8)])
def test_the_way_up_ends_at_the_level_asked_for(up_to, side, channels):
    features = keras.Input((16, 16, 4))
    assert unet(features, (4, 6, 8), up_to=up_to).shape == (None, side, side, channels)
