"""Attention, against NumPy; and a block word by word, against itself on the whole sentence."""

import numpy as np
import pytest
from scipy.special import softmax

from vistext.nn.attention import (
    MASK,
    Attention,
    Block,
    CoordinateEncoding,
    ObjectQueries,
    PositionalEmbedding,
    memory_of,
)
from vistext.nn.engine import keras, tf

N, SENTENCES, WORDS, PARTS, WIDTH, DEPTH, HEADS = 2, 3, 5, 4, 8, 6, 2


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def shaken(layer, seed=0):
    """The layer with weights so large that everything it looks at counts."""
    numbers = np.random.default_rng(seed)
    layer.set_weights([numbers.normal(scale=0.5, size=weight.shape) for weight in layer.get_weights()])
    return layer


def attend(attention, x, memory, attended):
    """By NumPy, one head and one place at a time: x [t, c], memory [m, d], attended bool [t, m]."""
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
            which = np.nonzero(attended[place])[0]
            fits = [(x[place] @ queries[:, part]) @ (memory[j] @ keys[:, part]) / np.sqrt(size) for j in which]
            weights[head, place, which] = softmax(fits)
            found[place, part] = sum(weights[head, place, j] * (memory[j] @ values[:, part]) for j in which)
    return found @ mixed, weights


def expected_of(block, x, picture, words_attended, cells_attended):
    """By NumPy: what a block makes of a sentence x [t, c] about a picture [m, d], and its attention to that, [t, m].

    Words attend to words, bool [t, t], and to cells, bool [m].
    """

    def norm(number, x):
        gamma, beta = (np.asarray(weight) for weight in (block.norms[number].gamma, block.norms[number].beta))
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * gamma + beta

    x = x.astype("float64")
    x = x + attend(block.self_attention, norm(0, x), norm(0, x), words_attended)[0]
    found, weights = attend(block.cross_attention, norm(1, x), picture, np.tile(cells_attended, (len(x), 1)))
    x = x + found
    wide = np.maximum(norm(2, x) @ block.wide.kernel.numpy() + block.wide.bias.numpy(), 0)
    return x + wide @ block.narrow.kernel.numpy() + block.narrow.bias.numpy(), weights.mean(axis=0)


@pytest.fixture(scope="module")
def block():
    made = Block(HEADS)
    made.build((None, None, None, WIDTH), (None, None, DEPTH))
    return shaken(made)


@pytest.fixture(scope="module")
def bidirectional(block):
    made = Block(HEADS, causal=False)
    made.build((None, None, None, WIDTH), (None, None, DEPTH))
    made.set_weights(block.get_weights())
    return made


@pytest.fixture(scope="module")
def inputs():
    return random(N, SENTENCES, WORDS, WIDTH, seed=1), random(N, PARTS, DEPTH, seed=2)


EARLIER = np.tril(np.ones((WORDS, WORDS), bool))
LENGTHS = np.array([[5, 2, 1], [3, 5, 4]])  # of the sentences
WORDS_THERE = np.arange(WORDS) < LENGTHS[..., np.newaxis]  # (n, sentences, words)
PARTS_THERE = np.array([[True, False, True, True], [False, True, True, False]])


def mask(there):
    return np.where(there, 0, MASK).astype("float32")


def test_attention_is_the_mean_of_values_weighted_by_how_keys_fit_the_query():
    attention = Attention(WIDTH, HEADS)
    x, memory = random(N, WORDS, DEPTH), random(N, PARTS, 3, seed=1)
    attention(x, memory)
    shaken(attention)
    allowed = np.random.default_rng(3).random((N, WORDS, PARTS)) < 0.6
    allowed[..., 0] = True
    hidden = np.where(allowed, 0, MASK)[:, np.newaxis].astype("float32")
    found, weights = attention.attend(tf.constant(x), *attention.project_kv(tf.constant(memory)), hidden)
    assert (found.shape, weights.shape) == ((N, WORDS, WIDTH), (N, HEADS, WORDS, PARTS))
    for row in range(N):
        expected, shares = attend(attention, x[row], memory[row], allowed[row])
        assert found[row].numpy() == pytest.approx(expected, abs=1e-5)
        assert weights[row].numpy() == pytest.approx(shares, abs=1e-6)
    everything = np.ones((WORDS, PARTS), bool)
    assert attention(x, memory)[0].numpy() == pytest.approx(attend(attention, x[0], memory[0], everything)[0], abs=1e-5)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [True, False])
def test_a_block_attends_to_what_it_may_and_to_nothing_else(block, bidirectional, inputs, causal, masked):
    x, picture = inputs
    layer, earlier = (block, EARLIER) if causal else (bidirectional, np.ones_like(EARLIER))
    masks = (mask(WORDS_THERE), mask(PARTS_THERE)) if masked else ()
    words_there, parts_there = (WORDS_THERE, PARTS_THERE) if masked else (WORDS_THERE | True, PARTS_THERE | True)
    found, weights = (part.numpy() for part in layer.call_with_weights(x, picture, *masks))
    assert (found.shape, weights.shape) == (x.shape, (N, SENTENCES, WORDS, PARTS))
    assert np.array_equal(layer(x, picture, *masks), found)
    for row, sentence in np.ndindex(N, SENTENCES):
        there = words_there[row, sentence]
        expected, attended = expected_of(layer, x[row, sentence], picture[row], earlier & there, parts_there[row])
        assert found[row, sentence, there] == pytest.approx(expected[there], abs=1e-4)
        assert weights[row, sentence, there] == pytest.approx(attended[there], abs=1e-5)
    assert not weights[~np.broadcast_to(parts_there[:, np.newaxis, np.newaxis], weights.shape)].any()


@pytest.mark.parametrize("causal", [True, False])
def test_a_word_changes_those_after_it_and_those_before_it_only_if_not_causal(block, bidirectional, inputs, causal):
    x, picture = inputs
    changed = x.copy()
    changed[:, :, 3] *= -1
    before, after = ((block if causal else bidirectional)(each, picture).numpy() for each in (x, changed))
    difference = np.abs(after - before).max(axis=-1)
    assert (difference[:, :, :3].max() < 1e-6) == causal
    assert difference[:, :, 3 if causal else 0 :].min() > 1e-3


@pytest.mark.parametrize("memory_mask", [False, True])
def test_word_by_word_comes_to_the_same_as_the_whole_sentence(block, inputs, memory_mask):
    x, picture = inputs
    parts = mask(PARTS_THERE) if memory_mask else None
    whole = block(x, picture, memory_mask=parts).numpy()
    assert np.allclose(whole, block(x, picture), atol=0.01) != memory_mask
    for sentence in range(SENTENCES):
        cache = block.init_cache(tf.constant(picture), WORDS + 2, parts)
        for place in range(WORDS):
            new, cache = block.step(tf.constant(x[:, sentence, place : place + 1]), place, cache)
            assert new.shape == (N, 1, WIDTH)
            assert new[:, 0].numpy() == pytest.approx(whole[:, sentence, place], abs=1e-4)


def test_each_place_has_a_vector_of_its_own():
    places = PositionalEmbedding(4)
    x = random(N, 3, WIDTH)
    places(x)
    shaken(places)
    table = places.table.numpy()
    assert places(x).numpy() == pytest.approx(x + table[:3], abs=1e-6)
    assert places.at(x[:, :1], tf.constant(2)).numpy() == pytest.approx(x[:, :1] + table[2], abs=1e-6)


@pytest.mark.parametrize("causal", [True, False])
def test_keras_saves_and_loads_the_layers_whole(tmp_path, inputs, causal):
    x, picture = keras.Input((None, None, WIDTH)), keras.Input((PARTS, DEPTH))
    seen = PositionalEmbedding(WORDS)(x)
    model = shaken(keras.Model([x, picture], Block(HEADS, ffn_ratio=3, causal=causal)(seen, picture)))
    model.save(tmp_path / "block.keras")
    back = keras.models.load_model(tmp_path / "block.keras")
    assert np.array_equal(back(list(inputs)), model(list(inputs)))


def test_each_cell_of_a_grid_says_where_it_lies():
    grid = random(N, 16, DEPTH)
    placed = CoordinateEncoding()(grid).numpy()
    assert placed.shape == (N, 16, DEPTH + 16)
    assert np.array_equal(placed[..., :DEPTH], grid)
    assert np.array_equal(placed[0, :, DEPTH:], placed[1, :, DEPTH:])
    down, across = placed[0, :, DEPTH : DEPTH + 8].reshape(4, 4, 8), placed[0, :, DEPTH + 8 :].reshape(4, 4, 8)
    assert np.ptp(down, axis=1).max() == np.ptp(across, axis=0).max() == 0
    assert np.array_equal(down[:, 0], across[0])
    middles = np.array([1, 3, 5, 7]) * np.pi / 8
    waves = np.stack([np.sin(middles), np.cos(middles), np.sin(2 * middles), np.cos(2 * middles)], axis=-1)
    assert down[:, 0, :4] == pytest.approx(waves, abs=1e-6)
    assert len({tuple(row) for row in placed[0, :, DEPTH:].round(5)}) == 16


@pytest.fixture
def objects():
    layer = ObjectQueries(3, WIDTH, HEADS, blocks=2)
    layer.build((N, 16, DEPTH))
    return shaken(layer)


def test_objects_stand_after_the_cells_each_of_its_own_picture_and_after_those_before_it(objects):
    cells = random(N, 16, DEPTH)
    found = objects(cells).numpy()
    assert found.shape == (N, 16 + 3, DEPTH)
    assert np.array_equal(found[:, :16], cells)
    assert np.unique(found[:, 16:].round(4), axis=1).shape == (N, 3, DEPTH)
    again = ObjectQueries.from_config(objects.get_config())
    again.build((N, 16, DEPTH))
    again.set_weights(objects.get_weights())
    assert again(cells).numpy() == pytest.approx(found, abs=1e-6)
    cells[1, 5] += 1
    elsewhere = objects(cells).numpy()
    assert elsewhere[0] == pytest.approx(found[0], abs=1e-5)
    assert np.abs(elsewhere - found)[1, 16:].max(axis=1).min() > 1e-3
    queries = objects.queries.numpy()
    queries[1, 0] += 1
    objects.queries.assign(queries)
    after = np.abs(objects(cells).numpy() - elsewhere)[:, 16:].max(axis=2)
    assert after[:, 0].max() < 1e-5
    assert after[:, 1:].min() > 1e-3


def test_a_network_attends_to_coordinates_and_objects_or_to_what_it_is_given():
    grid = random(N, 16, DEPTH)
    given = keras.layers.Input((16, DEPTH))
    placed = CoordinateEncoding()(given)
    for output in (given * 1, placed, ObjectQueries(2, WIDTH, HEADS, 1)(placed)):
        network = keras.Model(given, output)
        assert np.asarray(memory_of(network)(grid)) == pytest.approx(np.asarray(network(grid)), abs=1e-5)
