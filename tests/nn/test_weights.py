"""Shipped weights: what comes back is what was saved, or an error says in what it differs."""

import hashlib
import json

import numpy as np
import pytest

from vistext.nn import weights
from vistext.nn.engine import keras

layers = keras.layers
PICTURES = np.random.default_rng(0).normal(size=(3, 6, 6, 2)).astype("float32")


def network(channels=4, name="kernel", seed=0):
    """A convolution, a norm with statistics, and a dense layer, every number of them random."""
    pictures = layers.Input((6, 6, 2))
    x = layers.Conv2D(channels, 3, name=name)(pictures)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(pictures, layers.Dense(5, name="head")(x))
    random = np.random.default_rng(seed)
    model.set_weights([random.uniform(0.1, 3, size=weight.shape) for weight in model.get_weights()])
    return model


@pytest.fixture
def folder(tmp_path):
    """A folder with the weights of `network()`, called small."""
    weights.save(network(), "small", {"made": "by hand"}, tmp_path)
    return tmp_path


def test_what_is_loaded_is_what_was_saved_to_the_precision_of_float16(folder):
    model = network(seed=1)
    weights.load_into(model, "small", folder)
    for found, saved in zip(model.get_weights(), network().get_weights(), strict=True):
        assert found.dtype == np.float32
        assert np.array_equal(found, saved.astype("float16") if saved.ndim > 1 else saved)
    assert np.asarray(model(PICTURES)) == pytest.approx(np.asarray(network()(PICTURES)), rel=2e-3)
    weights.save(model, "again", {}, folder)  # from float16, without loss
    twice = network(seed=2)
    weights.load_into(twice, "again", folder)
    assert np.array_equal(twice(PICTURES), model(PICTURES))


@pytest.mark.parametrize("bits", [3, 7])
def test_fewer_bits_make_a_smaller_file_and_err_by_half_of_the_last_bit_at_most(tmp_path, bits):
    model = network(channels=64)
    coarse, full = (weights.save(model, f"small{bits}", {}, tmp_path, bits=bits) for bits in (bits, 10))
    assert coarse["bytes"] < 0.95 * full["bytes"]
    loaded = network(channels=64, seed=1)
    weights.load_into(loaded, f"small{bits}", tmp_path)
    for found, saved in zip(loaded.get_weights(), model.get_weights(), strict=True):
        error = np.abs(found / saved - 1).max()
        if saved.ndim > 1:
            assert 0.8 * 2.0 ** -(bits + 1) < error <= 2.0 ** -(bits + 1) * (1 + 1e-6)
        else:
            assert error == 0


def test_the_card_is_what_was_given_and_what_recognises_the_file(folder):
    written = (folder / "small.npz").read_bytes()
    expected = {
        "made": "by hand",
        "parameters": (3 * 3 * 2 * 4 + 4) + 4 * 4 + (4 * 5 + 5),
        "bytes": len(written),
        "sha256": hashlib.sha256(written).hexdigest(),
    }
    assert weights.card("small", folder) == expected
    assert weights.save(network(), "small", {"made": "by hand"}, folder).keys() == expected.keys()
    assert weights.verify("small", folder) == folder / "small.npz"


def test_a_card_may_be_in_any_language_and_is_read_by_any_tool(tmp_path):
    weights.save(network(), "small", {"says": "größer als ½ · 猫"}, tmp_path / "a new folder")
    text = (tmp_path / "a new folder" / "small.json").read_text(encoding="utf-8")
    assert "größer als ½ · 猫" in text
    assert json.loads(text)["says"] == "größer als ½ · 猫"


class Twins(layers.Layer):
    """Two layers of one name in a third."""

    def __init__(self):
        super().__init__(name="twins")
        self.first, self.second = layers.Dense(2, name="norm"), layers.Dense(2, name="norm")

    def call(self, x):
        return self.first(x) + self.second(x)


def test_what_dropout_draws_is_no_weight(tmp_path):
    def build():
        x = layers.Input((3,))
        return keras.Model(x, layers.Dropout(0.5)(layers.Dense(2, name="dense")(x)))

    first, second = build(), build()
    card = weights.save(first, "dropped", {}, tmp_path)
    assert card["parameters"] == 8
    weights.load_into(second, "dropped", tmp_path)
    assert np.allclose(second.get_layer("dense").kernel, first.get_layer("dense").kernel, atol=1e-3)


def test_a_model_of_whose_variables_two_have_the_same_path_is_refused(tmp_path):
    inputs = layers.Input((3,))
    with pytest.raises(ValueError, match="several variables are called twins/norm/kernel, twins/norm/bias; give the"):
        weights.save(keras.Model(inputs, Twins()(inputs)), "small", {}, tmp_path)
    assert not list(tmp_path.iterdir())


def flip(content):
    return content[:-100] + bytes([content[-100] ^ 1]) + content[-99:]


@pytest.mark.parametrize("damage", [flip, lambda content: content[:-1], lambda _: b""], ids=["a bit", "cut", "empty"])
def test_a_damaged_file_is_refused_before_it_is_read(folder, damage):
    file = folder / "small.npz"
    file.write_bytes(damage(file.read_bytes()))
    model = network(seed=1)
    with pytest.raises(ValueError, match=r"small\.npz is damaged: its SHA-256 is .*Install vistext again"):
        weights.load_into(model, "small", folder)
    assert all(map(np.array_equal, model.get_weights(), network(seed=1).get_weights()))


def test_weights_that_do_not_exist_are_refused_with_those_that_do(folder):
    with pytest.raises(FileNotFoundError, match=r"called 'large'; there are: small$"):
        weights.card("large", folder)
    with pytest.raises(FileNotFoundError, match=r"there are: none$"):
        weights.load_into(network(), "small", folder / "elsewhere")
    (folder / "small.npz").unlink()
    with pytest.raises(FileNotFoundError, match=r"small\.npz"):
        weights.verify("small", folder)


@pytest.mark.parametrize(
    ("other", "differing"),
    [
        ({"channels": 3}, "head/kernel, kernel/bias, kernel/kernel, norm/beta, norm/gamma, norm/moving_mean"),
        ({"name": "filter"}, "filter/bias, filter/kernel, kernel/bias, kernel/kernel$"),
    ],
)
def test_another_network_is_refused_with_the_names_that_differ_and_left_as_it_was(folder, other, differing):
    model = network(**other)
    before = model.get_weights()
    with pytest.raises(ValueError, match=rf"'small' do not fit this model; they differ in {differing}"):
        weights.load_into(model, "small", folder)
    assert all(map(np.array_equal, model.get_weights(), before))


def test_a_file_that_would_run_code_is_refused(folder):
    """A pickle inside an .npz; its checksum is right, so that only NumPy can refuse it."""
    file = folder / "small.npz"
    np.savez(file, **{variable.path: np.array([print], dtype=object) for variable in network().variables})
    card = weights.card("small", folder) | {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    (folder / "small.json").write_text(json.dumps(card))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        weights.load_into(network(), "small", folder)
