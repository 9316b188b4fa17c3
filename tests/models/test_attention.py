"""Attention, against NumPy; and a block that block word by word, against itself with the whole sentence in view."""

import numpy as np
import pytest
from scipy.special import softmax

from vistext.engine import keras, tf
from vistext.models.attention import HIDDEN, Attention, Block, Places

N, SENTENCES, WORDS, PARTS, WIDTH, DEPTH, HEADS = 2, 3, 5, 4, 8, 6, 2


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def shaken(layer, seed=0):
    """The layer with weights so large that everything it looks at counts."""
    numbers = np.random.default_rng(seed)
    layer.set_weights([numbers.normal(scale=0.5, size=weight.shape) for weight in layer.get_weights()])
    return layer


def attend(attention, x, memory, seen):
    """By NumPy, one head and one place at a time: x [t, c], memory [m, d], seen bool [t, m]."""
    queries, keys, values, mixed = (
        dense.kernel.numpy().astype("float64")
        for dense in (attention.queries, attention.keys, attention.values, attention.mixed)
    )
    size = attention.width // attention.heads
    found = np.zeros((len(x), attention.width))
    weights = np.zeros((attention.heads, len(x), len(memory)))
    for head in range(attention.heads):
        part = slice(head * size, (head + 1) * size)
        for place in range(len(x)):
            which = np.nonzero(seen[place])[0]
            fits = [(x[place] @ queries[:, part]) @ (memory[j] @ keys[:, part]) / np.sqrt(size) for j in which]
            weights[head, place, which] = softmax(fits)
            found[place, part] = sum(weights[head, place, j] * (memory[j] @ values[:, part]) for j in which)
    return found @ mixed, weights


def think(block, x, picture, seen):
    """By NumPy: what a block makes of one sentence x [t, c] about one picture [m, d], and where it looks, [t, m]."""

    def norm(number, x):
        gamma, beta = (np.asarray(weight) for weight in (block.norms[number].gamma, block.norms[number].beta))
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * gamma + beta

    x = x.astype("float64")
    x = x + attend(block.back, norm(0, x), norm(0, x), seen)[0]
    found, weights = attend(block.across, norm(1, x), picture, np.ones((len(x), len(picture)), bool))
    x = x + found
    wide = np.maximum(norm(2, x) @ block.wide.kernel.numpy() + block.wide.bias.numpy(), 0)
    return x + wide @ block.narrow.kernel.numpy() + block.narrow.bias.numpy(), weights.mean(axis=0)


@pytest.fixture(scope="module")
def block():
    made = Block(HEADS)
    made.build((None, None, None, WIDTH), (None, None, DEPTH))
    return shaken(made)


@pytest.fixture(scope="module")
def given():
    return random(N, SENTENCES, WORDS, WIDTH, seed=1), random(N, PARTS, DEPTH, seed=2)


EARLIER = np.tril(np.ones((WORDS, WORDS), bool))


def test_attention_is_the_mean_of_values_weighted_by_how_keys_fit_the_query():
    attention = Attention(WIDTH, HEADS)
    x, memory = random(N, WORDS, DEPTH), random(N, PARTS, 3, seed=1)
    attention(x, memory)
    shaken(attention)
    seen = np.random.default_rng(3).random((N, WORDS, PARTS)) < 0.6
    seen[..., 0] = True
    hidden = np.where(seen, 0, HIDDEN)[:, np.newaxis].astype("float32")
    found, weights = attention.look(tf.constant(x), *attention.remember(tf.constant(memory)), hidden)
    assert (found.shape, weights.shape) == ((N, WORDS, WIDTH), (N, HEADS, WORDS, PARTS))
    for row in range(N):
        expected, shares = attend(attention, x[row], memory[row], seen[row])
        assert found[row].numpy() == pytest.approx(expected, abs=1e-5)
        assert weights[row].numpy() == pytest.approx(shares, abs=1e-6)
    all_seen = np.ones((WORDS, PARTS), bool)
    assert attention(x, memory)[0].numpy() == pytest.approx(attend(attention, x[0], memory[0], all_seen)[0], abs=1e-5)


def test_a_block_looks_back_then_across_then_thinks_and_says_where_it_looked(block, given):
    x, picture = given
    found, weights = (part.numpy() for part in block.see(x, picture))
    assert (found.shape, weights.shape) == (x.shape, (N, SENTENCES, WORDS, PARTS))
    assert np.array_equal(block(x, picture), found)
    for row in range(N):
        for sentence in range(SENTENCES):
            expected, looked = think(block, x[row, sentence], picture[row], EARLIER)
            assert found[row, sentence] == pytest.approx(expected, abs=1e-4)
            assert weights[row, sentence] == pytest.approx(looked, abs=1e-5)


def test_no_word_sees_those_after_it(block, given):
    x, picture = given
    changed = x.copy()
    changed[:, :, 3] *= -1
    before, after = (block(each, picture).numpy() for each in (x, changed))
    assert after[:, :, :3] == pytest.approx(before[:, :, :3], abs=1e-6)
    assert np.abs(after[:, :, 3:] - before[:, :, 3:]).max(axis=-1).min() > 1e-3


def test_word_by_word_comes_to_the_same_as_the_whole_sentence(block, given):
    x, picture = given
    whole = block(x, picture).numpy()
    for sentence in range(SENTENCES):
        state = block.begin(tf.constant(picture), most=WORDS + 2)
        for place in range(WORDS):
            new, state = block.step(tf.constant(x[:, sentence, place : place + 1]), place, state)
            assert new.shape == (N, 1, WIDTH)
            assert new[:, 0].numpy() == pytest.approx(whole[:, sentence, place], abs=1e-4)


def test_each_place_has_a_vector_of_its_own():
    places = Places(4)
    x = random(N, 3, WIDTH)
    places(x)
    shaken(places)
    table = places.table.numpy()
    assert places(x).numpy() == pytest.approx(x + table[:3], abs=1e-6)
    assert places.at(x[:, :1], tf.constant(2)).numpy() == pytest.approx(x[:, :1] + table[2], abs=1e-6)


def test_keras_saves_and_loads_the_layers_whole(tmp_path, given):
    x, picture = keras.Input((None, None, WIDTH)), keras.Input((PARTS, DEPTH))
    seen = Places(WORDS)(x)
    model = shaken(keras.Model([x, picture], Block(HEADS, thinking=3)(seen, picture)))
    model.save(tmp_path / "block.keras")
    back = keras.models.load_model(tmp_path / "block.keras")
    assert np.array_equal(back(list(given)), model(list(given)))
