"""Attention, from each word to the words of its sentence and to the cells of a picture.

Vaswani et al. 2017, "Attention Is All You Need" (arXiv:1706.03762).
"""

import math
from collections.abc import Callable

import numpy as np

from vistext.nn.engine import keras, tf

layers = keras.layers
ops = keras.ops

MASK = -1e9  # added to the scores of what must not be attended to


@keras.saving.register_keras_serializable("vistext")
class Attention(keras.layers.Layer):
    """Multi-head attention of `width` features, a multiple of `heads`; its keys and values can be cached."""

    def __init__(self, width: int, heads: int, **kwargs):
        super().__init__(**kwargs)
        self.width, self.heads = width, heads
        self.queries, self.keys, self.values, self.mixed = (
            layers.Dense(width, use_bias=False, name=name) for name in ("queries", "keys", "values", "mixed")
        )

    def build(self, x_shape, memory_shape):
        self.queries.build(x_shape)
        self.keys.build(memory_shape)
        self.values.build(memory_shape)
        self.mixed.build((*x_shape[:-1], self.width))
        self.built = True

    def project_kv(self, memory):
        """Keys and values, both [n, heads, m, width / heads], of a memory [n, m, c]."""
        return self._split_heads(self.keys(memory)), self._split_heads(self.values(memory))

    def attend(self, x, keys, values, mask=None):
        """Attention from each place of x [n, t, c] to keys and values, both [n, heads, m, width / heads].

        A mask is added to the scores [n, heads, t, m]: `MASK` where attention is not allowed, 0 elsewhere. The result
        is [n, t, width], and the weights [n, heads, t, m], which add up to 1 over m.
        """
        queries = self._split_heads(self.queries(x)) * (self.width // self.heads) ** -0.5
        scores = ops.cast(tf.matmul(queries, keys, transpose_b=True), "float32")
        weights = ops.softmax(scores if mask is None else scores + ops.cast(mask, "float32"))
        attended = ops.matmul(ops.cast(weights, values.dtype), values)  # (n, heads, t, width / heads)
        return self.mixed(self._merge_heads(attended, x)), weights

    def call(self, x, memory):
        return self.attend(x, *self.project_kv(memory))[0]

    def _split_heads(self, x):
        if len(x.shape) == 2:  # a single place, as in `Block.step`
            return ops.reshape(x, (-1, self.heads, 1, self.width // self.heads))
        n, m = ops.shape(x)[0], ops.shape(x)[1]
        return ops.swapaxes(ops.reshape(x, (n, m, self.heads, self.width // self.heads)), 1, 2)

    def _merge_heads(self, attended, x):
        if len(x.shape) == 2:
            return ops.reshape(attended, (-1, self.width))
        return ops.reshape(ops.swapaxes(attended, 1, 2), (-1, ops.shape(x)[1], self.width))

    def get_config(self):
        return super().get_config() | {"width": self.width, "heads": self.heads}


@keras.saving.register_keras_serializable("vistext")
class Block(keras.layers.Layer):
    """Self-attention, cross-attention to a memory and a feed-forward network, each normalized before and added.

    Args:
        heads: of both attentions.
        ffn_ratio: hidden units of the feed-forward network, as a multiple of the width.
        causal: whether words attend only to those before them, as in a decoder, or to all of their sentence.
    """

    def __init__(self, heads: int, ffn_ratio: int = 2, causal: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.ffn_ratio, self.causal = heads, ffn_ratio, causal

    def build(self, x_shape, memory_shape):
        width = x_shape[-1]
        self.norms = [layers.LayerNormalization(epsilon=1e-5, name=f"norm{number}") for number in range(3)]
        self.self_attention = Attention(width, self.heads, name="back")
        self.cross_attention = Attention(width, self.heads, name="across")
        self.wide = layers.Dense(self.ffn_ratio * width, activation="relu", name="wide")
        self.narrow = layers.Dense(width, name="narrow")
        flat = (None, None, width)
        for norm in self.norms:
            norm.build(flat)
        self.self_attention.build(flat, flat)
        self.cross_attention.build(flat, memory_shape)
        self.wide.build(flat)
        self.narrow.build((None, None, self.ffn_ratio * width))
        self.built = True

    def compute_output_shape(self, x_shape, memory_shape=None, padding_shape=None, memory_mask_shape=None):
        return x_shape  # Keras would trace `call` to find out: most of the time that building takes

    def call(self, x, memory, padding=None, memory_mask=None):
        """Whole sentences at once: [n, s, t, width] → the same shape.

        Args:
            x: s sentences of t words about each of n memories.
            memory: [n, m, c]: the grids of pictures, for example.
            padding: float32 [n, s, t]: `MASK` where there is no word, 0 elsewhere. A causal block needs none: what
                comes after a sentence is masked anyhow.
            memory_mask: float32 [n, m]: `MASK` for cells that a memory does not have, 0 elsewhere.
        """
        return self.call_with_weights(x, memory, padding, memory_mask)[0]

    def call_with_weights(self, x, memory, padding=None, memory_mask=None):
        """The same, and the weights [n, s, t, m] of the cross-attention, averaged over its heads."""
        n, s, t, width = ops.shape(x)[0], ops.shape(x)[1], ops.shape(x)[2], x.shape[-1]
        x = ops.reshape(x, (n * s, t, width))
        mask = ops.where(ops.arange(t)[:, None] >= ops.arange(t), 0.0, MASK) if self.causal else None  # (t, t)
        if padding is not None:
            padding = ops.reshape(padding, (n * s, 1, 1, t))
            mask = padding if mask is None else mask + padding
        normed = self.norms[0](x)
        keys, values = self.self_attention.project_kv(normed)
        x = x + self.self_attention.attend(normed, keys, values, mask)[0]
        x = ops.reshape(x, (n, s * t, width))  # all sentences attend to their memory together
        memory_mask = None if memory_mask is None else memory_mask[:, None, None]
        keys, values = self.cross_attention.project_kv(memory)
        attended, weights = self.cross_attention.attend(self.norms[1](x), keys, values, memory_mask)
        x = self._feed_forward(x + attended)
        return ops.reshape(x, (n, s, t, width)), ops.reshape(ops.mean(weights, axis=1), (n, s, t, -1))

    def init_cache(self, memory, max_length: int, memory_mask=None) -> tuple:
        """Room for the keys and values of `max_length` words, and those of the memory [n, m, c]."""
        keys, values = self.cross_attention.project_kv(memory)
        empty = ops.zeros((ops.shape(memory)[0], self.heads, max_length, values.shape[-1]), keys.dtype)
        memory_mask = ops.zeros_like(memory[..., 0], "float32") if memory_mask is None else memory_mask
        return empty, empty, keys, values, memory_mask

    def step(self, x, place, cache: tuple) -> tuple:
        """The newest words alone: x [n, 1, width], number `place` of each sentence → [n, 1, width] and the cache."""
        word_keys, word_values, keys, values, memory_mask = cache
        x = x[:, 0]  # (n, width): a product of matrices is one operation, of higher tensors some twenty
        normed = self.norms[0](x)
        key, value = self.self_attention.project_kv(normed)
        word_keys = ops.slice_update(word_keys, (0, 0, place, 0), key)
        word_values = ops.slice_update(word_values, (0, 0, place, 0), value)
        mask = ops.where(ops.arange(word_keys.shape[2]) <= place, 0.0, MASK)
        x = x + self.self_attention.attend(normed, word_keys, word_values, mask)[0]
        # Brought into shape here: TensorFlow 2.21 miscompiles a loop that carries it as [n, 1, 1, m].
        attended, _ = self.cross_attention.attend(self.norms[1](x), keys, values, memory_mask[:, None, None])
        x = self._feed_forward(x + attended)
        return x[:, None], (word_keys, word_values, keys, values, memory_mask)

    def _feed_forward(self, x):
        return x + self.narrow(self.wide(self.norms[2](x)))

    def get_config(self):
        return super().get_config() | {"heads": self.heads, "ffn_ratio": self.ffn_ratio, "causal": self.causal}


@keras.saving.register_keras_serializable("vistext")
class CoordinateEncoding(keras.layers.Layer):
    """The position of each cell of a square grid, beside its features: [n, cells, c] → [n, cells, c + 16].

    With it, what is to the left of what can be read off the values that attention brings. Each direction has sine and
    cosine of four frequencies (Liu et al. 2018, "An Intriguing Failing of Convolutional Neural Networks and the
    CoordConv Solution", arXiv:1807.03247; the waves are those of Vaswani et al. 2017).
    """

    def call(self, x):
        side = math.isqrt(x.shape[1])
        centers = (np.arange(side) + 0.5) / side * math.pi
        waves = np.stack([wave(centers * 2**power) for power in range(4) for wave in (np.sin, np.cos)], axis=-1)
        down, across = np.repeat(waves, side, axis=0), np.tile(waves, (side, 1))
        positions = ops.cast(np.concatenate([down, across], axis=-1)[None], x.dtype)
        # Not tile: Keras before 3.13 forgets the width there, without which no later layer can be built.
        return ops.concatenate([x, ops.broadcast_to(positions, (*ops.shape(x)[:-1], positions.shape[-1]))], axis=-1)


@keras.saving.register_keras_serializable("vistext")
class ObjectQueries(keras.layers.Layer):
    """A vector for each object in a picture, after its cells: [n, m, c] → [n, m + most, c].

    As many learned queries as there can be objects attend to the cells in each of some blocks, each also to the queries
    before it (Carion et al. 2020, "End-to-End Object Detection with Transformers", arXiv:2005.12872).
    """

    def __init__(self, most: int, width: int, heads: int, blocks: int, **kwargs):
        super().__init__(**kwargs)
        self.most, self.width, self.heads, self.blocks = most, width, heads, blocks

    def build(self, shape):
        query_shape = (None, 1, self.most, self.width)
        initializer = keras.initializers.RandomNormal(stddev=0.1)
        self.queries = self.add_weight(shape=query_shape[2:], initializer=initializer, name="questions")
        self.decoder = [Block(self.heads, name=f"block{number}") for number in range(self.blocks)]
        for block in self.decoder:
            block.build(query_shape, shape)
        self.norm = layers.LayerNormalization(epsilon=1e-5, name="norm")
        self.norm.build(query_shape)
        self.as_cell = layers.Dense(shape[-1], name="as_cell")
        self.as_cell.build(query_shape)
        self.built = True

    def compute_output_shape(self, shape):
        return (shape[0], shape[1] + self.most, shape[2])

    def call(self, cells):
        queries = ops.cast(self.queries, cells.dtype)
        x = ops.broadcast_to(queries, (ops.shape(cells)[0], 1, *queries.shape))
        for block in self.decoder:
            x = block(x, cells)
        return ops.concatenate([cells, self.as_cell(self.norm(x))[:, 0]], axis=1)

    def get_config(self):
        sizes = {"most": self.most, "width": self.width, "heads": self.heads, "blocks": self.blocks}
        return super().get_config() | sizes


def memory_of(network: keras.Model) -> Callable:
    """What a network's words attend to: its layers for coordinates and objects, and "project", applied to [n, m, c]."""
    kinds = CoordinateEncoding | ObjectQueries
    steps = [layer for layer in network.layers if isinstance(layer, kinds) or layer.name == "project"]

    def extend(memory):
        for step in steps:
            memory = step(memory)
        return memory

    return extend


@keras.saving.register_keras_serializable("vistext")
class PositionalEmbedding(keras.layers.Layer):
    """A learned vector for each of at most `most` places, added to what stands there: [..., t, c] → [..., t, c]."""

    def __init__(self, most: int, **kwargs):
        super().__init__(**kwargs)
        self.most = most

    def build(self, shape):
        initializer = keras.initializers.RandomNormal(stddev=0.02)
        self.table = self.add_weight(shape=(self.most, shape[-1]), initializer=initializer, name="table")

    def call(self, x):
        return x + ops.cast(self.table, x.dtype)[: ops.shape(x)[-2]]

    def at(self, x, place):
        """The same for words of one place: [n, 1, c], a whole number → [n, 1, c]."""
        return x + ops.cast(tf.gather(self.table, place), x.dtype)

    def get_config(self):
        return super().get_config() | {"most": self.most}
