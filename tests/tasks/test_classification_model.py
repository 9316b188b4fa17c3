"""Lesson 01's networks: the article's to the letter, and ours."""

import numpy as np
import pytest
from scipy.signal import correlate
from scipy.special import softmax

from vistext import metrics
from vistext.data import cifar10, images
from vistext.data.cifar10 import CLASSES
from vistext.nn.engine import keras
from vistext.nn.layers import PartialIdentity
from vistext.tasks import classification
from vistext.tasks.classification.model import TaggerConfig, Whitening

NOISE = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
SMALL = TaggerConfig(widths=(4, 8, 8))


@pytest.fixture(scope="module")
def article():
    """The article's network with biases that are not zero, so that none can be left out unseen."""
    keras.utils.set_random_seed(0)
    model = classification.model.build_article()
    random = np.random.default_rng(0)
    model.set_weights([w if w.ndim > 1 else random.normal(scale=0.1, size=w.shape) for w in model.get_weights()])
    return model


def test_the_article_s_network_has_its_layers_and_is_compiled_as_there(article):
    def facts(layer):
        settings = layer.get_config()
        names = ("filters", "kernel_size", "pool_size", "units", "activation", "padding")
        return type(layer).__name__, {name: settings[name] for name in names if name in settings}

    assert [facts(layer) for layer in article.layers] == [
        ("Rescaling", {}),
        ("Conv2D", {"filters": 32, "kernel_size": (3, 3), "activation": "relu", "padding": "valid"}),
        ("MaxPooling2D", {"pool_size": (2, 2), "padding": "valid"}),
        ("Conv2D", {"filters": 64, "kernel_size": (3, 3), "activation": "relu", "padding": "valid"}),
        ("MaxPooling2D", {"pool_size": (2, 2), "padding": "valid"}),
        ("Flatten", {}),
        ("Dense", {"units": 64, "activation": "relu"}),
        ("Dense", {"units": 10, "activation": "softmax"}),
    ]
    assert article.count_params() == 167_562
    assert type(article.optimizer) is keras.optimizers.Adam
    assert float(article.optimizer.learning_rate) == pytest.approx(0.001)
    assert article.loss == "sparse_categorical_crossentropy"
    measured = article.evaluate(NOISE, np.arange(4), verbose=0, return_dict=True)
    assert measured["loss"] == pytest.approx(-np.log(np.diag(article(NOISE))).mean(), rel=1e-4)
    assert 0 <= measured["accuracy"] <= 1


def test_the_article_s_network_computes_what_numpy_and_scipy_do(article):
    first, first_bias, second, second_bias, third, third_bias, last, last_bias = article.get_weights()

    def convolve(x, kernels, bias):
        maps = [correlate(x, kernels[..., index], mode="valid")[..., 0] for index in range(kernels.shape[-1])]
        return np.maximum(0, np.stack(maps, axis=-1) + bias)

    def pool(x):
        rows, columns, maps = x.shape[0] // 2, x.shape[1] // 2, x.shape[2]
        return x[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2, maps).max(axis=(1, 3))

    x = pool(convolve(NOISE[0] / 255, first, first_bias))
    x = pool(convolve(x, second, second_bias)).ravel()
    expected = softmax(np.maximum(0, x @ third + third_bias) @ last + last_bias)
    assert np.asarray(article(NOISE[:1]))[0] == pytest.approx(expected, abs=1e-5)


def colored_noise(n=100, side=12):
    """Pictures of correlated noise, each with its negative, so that their mean is exactly mid-gray."""
    random = np.random.default_rng(0)
    mixed = random.normal(size=(n, side, side, 3)) @ np.array([[25, 12, 5], [0, 20, 9], [0, 0, 15]])
    mixed[:, 1:] += 0.6 * mixed[:, :-1]
    half = np.clip(np.rint(mixed + 128), 1, 255)
    return np.concatenate([half, 256 - half]).astype(np.uint8)


def test_on_the_pictures_it_was_adapted_to_whitening_leaves_no_correlation_and_unit_variance_if_there_is_any():
    layer = Whitening()
    layer.build((None, None, None, 3))
    assert [variable.name for variable in layer.trainable_variables] == ["bias"]
    layer.adapt(colored_noise(), epsilon=0.0)
    outputs = np.asarray(layer(colored_noise())).reshape(-1, 24)

    assert np.cov(outputs[:, :12].T, bias=True) == pytest.approx(np.eye(12), abs=1e-3)
    assert outputs[:, 12:] == pytest.approx(-outputs[:, :12], abs=1e-4)
    before = np.corrcoef(np.stack([colored_noise()[:, 0, 0], colored_noise()[:, 1, 0]], axis=-1).reshape(-1, 6).T)
    assert np.abs(before - np.eye(6)).max() > 0.3
    gray = np.repeat(colored_noise()[..., :1], 3, axis=-1)
    layer.adapt(gray)  # directions without variance
    assert np.isfinite(layer.kernel.numpy()).all()
    assert np.asarray(layer(gray)).std(axis=(0, 1, 2)).max() < 1.01


@pytest.mark.parametrize(("inputs", "outputs"), [(4, 4), (4, 9), (9, 4)])
def test_partial_identity_passes_channels_through_and_follows_its_seed(inputs, outputs):
    kernels = {seed: np.asarray(PartialIdentity(seed)((3, 3, inputs, outputs))) for seed in (1, 2)}
    layer = keras.layers.Conv2D(outputs, 3, padding="same", use_bias=False, kernel_initializer=PartialIdentity(seed=1))
    x = np.random.default_rng(0).normal(size=(2, 6, 6, inputs)).astype("float32")
    passed = min(inputs, outputs)
    assert np.array_equal(np.asarray(layer(x))[..., :passed], x[..., :passed])
    assert layer.kernel.numpy() == pytest.approx(kernels[1], abs=1e-6)
    further = kernels[1][..., passed:]
    assert np.abs(further).max(initial=0) <= 1 / np.sqrt(9 * inputs)
    assert (further != kernels[2][..., passed:]).all()
    assert (further != 0).all()


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(0)
    model = classification.model.build(SMALL)
    model.get_layer("whitening").adapt(NOISE)
    return model


def test_the_config_sets_groups_classes_and_temperature_and_pictures_may_have_many_sides(small):
    for side in (16, 31, 64):
        logits = np.asarray(small(np.random.default_rng(side).integers(0, 256, (2, side, side + 1, 3), np.uint8)))
        assert (logits.shape, logits.dtype) == ((2, 10), np.float32)
        assert np.isfinite(logits).all()
    model = classification.model.build(TaggerConfig(widths=(4, 6), classes=7, temperature=2.5))
    assert model.output_shape == (None, 7)
    kernels = {layer.name: layer.kernel.shape for layer in model.layers if isinstance(layer, keras.layers.Conv2D)}
    assert kernels == {
        "group1a_conv": (3, 3, 24, 4),
        "group1b_conv": (3, 3, 4, 4),
        "group2a_conv": (3, 3, 4, 6),
        "group2b_conv": (3, 3, 6, 6),
    }
    scaled = classification.model.build(TaggerConfig(widths=SMALL.widths, temperature=2.5))
    scaled.set_weights(small.get_weights())
    assert np.asarray(scaled(NOISE)) == pytest.approx(np.asarray(small(NOISE)) / 2.5, rel=1e-4, abs=1e-6)


def test_ours_computes_what_numpy_and_scipy_do():
    """One group, every number of it random: convolution, pooling, norm, convolution, norm, the largest, the head."""
    model = classification.model.build(TaggerConfig(widths=(6,), temperature=0.5))
    random = np.random.default_rng(0)
    for variable in model.variables:
        variable.assign(random.uniform(-0.5, 1, size=variable.shape) + ("variance" in variable.path))
    numbers = {variable.path: variable.numpy() for variable in model.variables}

    def convolve(x, layer, border=1):
        padded = np.pad(x, ((border, border), (border, border), (0, 0)))
        kernels = np.moveaxis(numbers[f"{layer}/kernel"], -1, 0)
        return np.stack([correlate(padded, kernel, mode="valid")[..., 0] for kernel in kernels], axis=-1)

    def norm(x, layer):
        shift, mean, variance = (numbers[f"{layer}/{name}"] for name in ("beta", "moving_mean", "moving_variance"))
        return (x - mean) / np.sqrt(variance + 1e-5) + shift

    def silu(x):
        return x / (1 + np.exp(-x))

    x = silu(convolve(NOISE[0] / 64 - 2, "whitening", border=0) + numbers["whitening/bias"])
    x = convolve(x, "group1a_conv")[:30, :30].reshape(15, 2, 15, 2, 6).max(axis=(1, 3))
    x = silu(norm(x, "group1a_norm"))
    x = silu(norm(convolve(x, "group1b_conv"), "group1b_norm"))
    expected = x.max(axis=(0, 1)) @ numbers["head/kernel"] / 6 / 0.5
    assert np.asarray(model(NOISE[:1]))[0] == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_a_build_that_fails_leaves_the_global_policy_as_it_was():
    before = keras.config.dtype_policy()
    with pytest.raises(ValueError, match="nonsense"):
        classification.model.build(TaggerConfig(widths=(4,), precision="nonsense"))
    with pytest.raises(ValueError):  # noqa: PT011 - whatever Keras says of a layer without channels
        classification.model.build(TaggerConfig(widths=(-4,), precision="float64"))
    assert keras.config.dtype_policy() == before


def test_the_same_seed_builds_the_same_network_under_the_same_names():
    networks = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        networks.append({variable.path: variable.numpy() for variable in classification.model.build(SMALL).variables})
    first, same, other = networks
    assert list(first) == list(same) == list(other)
    assert all(np.array_equal(first[path], same[path]) for path in first)
    assert not np.array_equal(first["head/kernel"], other["head/kernel"])


@pytest.mark.parametrize("shape", [(32, 32), (300, 451), (1, 1), (5, 700)])
def test_a_picture_of_any_size_is_tagged_by_its_central_square(small, shape):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    tags = classification.model.tag(small, picture)

    expected = softmax(np.asarray(small(images.center_crop(picture, 32)[None]), "float64")[0])
    assert tags == pytest.approx(dict(zip(CLASSES, expected, strict=True)), abs=1e-5)
    assert list(tags.values()) == sorted(tags.values(), reverse=True)
    assert sum(tags.values()) == pytest.approx(1, abs=1e-5)


def test_the_shipped_network_classifies_the_cat_and_is_as_good_and_as_calibrated_as_its_card_says():
    """The first 1,000 test pictures, a fair sample, measured again: as often right as the card says, and as sure."""
    assert next(iter(classification.model.tag(classification.model.load(), images.cat()))) == "cat"
    if cifar10.find() is None:
        pytest.skip("CIFAR-10 is not on this machine: `vistext data` fetches it")
    test = cifar10.load().test
    labels = test.labels[:1000]
    probabilities = softmax(
        classification.model.load().predict(test.pictures[:1000], batch_size=250, verbose=0), axis=1
    )

    expected = classification.model.card()["measured"]["test_accuracy"]
    assert expected >= 0.94
    error = np.sqrt(expected * (1 - expected) / 1000)  # standard, of a binomial
    assert metrics.accuracy(probabilities, labels) == pytest.approx(expected, abs=3 * error)
    assert classification.model.card()["measured"]["calibration_error"] <= 0.02
    # Of 1,000 pictures in 15 bins chance alone makes about one point more than of all 10,000.
    assert metrics.calibration_error(probabilities, labels) < 0.035
