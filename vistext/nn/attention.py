"""Attention: how a word looks back at the words before it, and across at the parts of a picture.

Vaswani et al. 2017, "Attention Is All You Need" (arXiv:1706.03762). Each word asks a question (a query); everything it
may look at holds up a key and a value; what is looked at is the mean of the values, weighted by how well key and query
fit. A `Block` does that twice, with its own sentence and with a memory (a picture's grid), and then thinks about it.
"""

import math
from collections.abc import Callable

import numpy as np

from vistext.nn.engine import keras, tf

layers = keras.layers
ops = keras.ops

MASK = -1e9  # what is added to the score of what must not be looked at


@keras.saving.register_keras_serializable("vistext")
class Attention(layers.Layer):
    """Several attentions side by side (heads), each with its own queries, keys and values.

    Args:
        width: numbers that come out of it, a multiple of `heads`.
        heads: how many attentions.
    """

    def __init__(self, width: int, heads: int, **settings):
        super().__init__(**settings)
        self.width, self.heads = width, heads
        self.queries, self.keys, self.values, self.mixed = (
            layers.Dense(width, use_bias=False, name=name) for name in ("queries", "keys", "values", "mixed")
        )

    def build(self, x_shape, memory_shape):
        for dense, given in (
            (self.queries, x_shape),
            (self.keys, memory_shape),
            (self.values, memory_shape),
            (self.mixed, (*x_shape[:-1], self.width)),
        ):
            dense.build(given)
        self.built = True

    def project_kv(self, memory):
        """What is to be looked at: [n, m, c] → keys and values, both [n, heads, m, width / heads]."""
        return self._heads(self.keys(memory)), self._heads(self.values(memory))

    def attend(self, x, keys, values, hidden=None):
        """Look from each place of x at what is remembered.

        Args:
            x: [n, t, c].
            keys, values: [n, heads, m, width / heads].
            hidden: added to the scores [n, heads, t, m]: `HIDDEN` where nothing may be seen, 0 elsewhere.

        Returns:
            [n, t, width], and how much each place looked at what: [n, heads, t, m], which adds up to 1 over m.
        """
        queries = self._heads(self.queries(x)) * (self.width // self.heads) ** -0.5
        scores = ops.cast(ops.matmul(queries, ops.swapaxes(keys, -1, -2)), "float32")
        weights = ops.softmax(scores if hidden is None else scores + ops.cast(hidden, "float32"))
        seen = ops.matmul(ops.cast(weights, values.dtype), values)  # (n, heads, t, width / heads)
        shape = (-1, self.width) if len(x.shape) == 2 else (-1, ops.shape(x)[1], self.width)
        return self.mixed(ops.reshape(ops.swapaxes(seen, 1, 2), shape)), weights

    def call(self, x, memory):
        return self.attend(x, *self.project_kv(memory))[0]

    def _heads(self, x):
        if len(x.shape) == 2:  # a single place, as in `Block.step`
            return ops.reshape(x, (-1, self.heads, 1, self.width // self.heads))
        n, m = ops.shape(x)[0], ops.shape(x)[1]
        return ops.swapaxes(ops.reshape(x, (n, m, self.heads, self.width // self.heads)), 1, 2)

    def get_config(self):
        return super().get_config() | {"width": self.width, "heads": self.heads}


@keras.saving.register_keras_serializable("vistext")
class Block(layers.Layer):
    """Words look at words, then at a memory, then each thinks for itself; what is found is added to what was known.

    Args:
        heads: of both attentions.
        thinking: numbers in the middle of the last step, as a multiple of the width.
        causal: whether words see those before them only, as a writer's do; a reader's see all of their sentence.
    """

    def __init__(self, heads: int, thinking: int = 2, causal: bool = True, **settings):
        super().__init__(**settings)
        self.heads, self.thinking, self.causal = heads, thinking, causal

    def build(self, x_shape, memory_shape):
        width = x_shape[-1]
        self.norms = [layers.LayerNormalization(epsilon=1e-5, name=f"norm{number}") for number in range(3)]
        self.back = Attention(width, self.heads, name="back")
        self.across = Attention(width, self.heads, name="across")
        self.wide = layers.Dense(self.thinking * width, activation="relu", name="wide")
        self.narrow = layers.Dense(width, name="narrow")
        flat = (None, None, width)
        for norm in self.norms:
            norm.build(flat)
        self.back.build(flat, flat)
        self.across.build(flat, memory_shape)
        self.wide.build(flat)
        self.narrow.build((None, None, self.thinking * width))
        self.built = True

    def compute_output_shape(self, x_shape, memory_shape=None, padding_shape=None, unseen_shape=None):
        return x_shape  # Keras would trace `call` to find out: most of the time that building takes

    def call(self, x, memory, padding=None, unseen=None):
        """Whole sentences at once.

        Args:
            x: [n, s, t, width]: s sentences of t words about each of n memories.
            memory: [n, m, c]: pictures, for example.
            padding: float32 [n, s, t]: `HIDDEN` where there is no word, 0 elsewhere. A writer does without: what comes
                after a sentence is not seen anyhow.
            unseen: float32 [n, m]: `HIDDEN` for what there is not in the memory, 0 elsewhere.

        Returns:
            [n, s, t, width].
        """
        return self.call_with_weights(x, memory, padding, unseen)[0]

    def call_with_weights(self, x, memory, padding=None, unseen=None):
        """The same, and how much each word looks at what of its memory, on average over the heads: [n, s, t, m]."""
        n, s, t, width = ops.shape(x)[0], ops.shape(x)[1], ops.shape(x)[2], x.shape[-1]
        x = ops.reshape(x, (n * s, t, width))
        hidden = ops.where(ops.arange(t)[:, None] >= ops.arange(t), 0.0, MASK) if self.causal else None  # (t, t)
        if padding is not None:
            padding = ops.reshape(padding, (n * s, 1, 1, t))
            hidden = padding if hidden is None else hidden + padding
        normed = self.norms[0](x)
        x = x + self.back.attend(normed, *self.back.project_kv(normed), hidden)[0]
        # All sentences about a memory look at it together.
        x = ops.reshape(x, (n, s * t, width))
        unseen = None if unseen is None else unseen[:, None, None]
        seen, weights = self.across.attend(self.norms[1](x), *self.across.project_kv(memory), unseen)
        x = x + seen
        x = x + self.narrow(self.wide(self.norms[2](x)))
        return ops.reshape(x, (n, s, t, width)), ops.reshape(ops.mean(weights, axis=1), (n, s, t, -1))

    def init_cache(self, memory, most: int, unseen=None) -> tuple:
        """What is remembered while writing: nothing yet of the words, everything of the memory [n, m, c]."""
        keys, values = self.across.project_kv(memory)
        n = ops.shape(memory)[0]
        nothing = ops.zeros((n, self.heads, most, self.back.width // self.heads), keys.dtype)
        unseen = ops.zeros_like(memory[..., 0], "float32") if unseen is None else unseen
        return nothing, nothing, keys, values, unseen

    def step(self, x, place, state: tuple) -> tuple:
        """The newest words alone: x [n, 1, width], number `place` of each sentence → [n, 1, width] and the state."""
        before, said, keys, values, unseen = state
        x = x[:, 0]  # (n, width): a product of matrices is one operation, of higher tensors some twenty
        normed = self.norms[0](x)
        key, value = self.back.project_kv(normed)
        before, said = (ops.slice_update(kept, (0, 0, place, 0), new) for kept, new in ((before, key), (said, value)))
        hidden = ops.where(ops.arange(before.shape[2]) <= place, 0.0, MASK)
        x = x + self.back.attend(normed, before, said, hidden)[0]
        # Brought into shape here: TensorFlow 2.21 miscompiles a loop that carries it as [n, 1, 1, m].
        seen, _ = self.across.attend(self.norms[1](x), keys, values, unseen[:, None, None])
        x = x + seen
        x = x + self.narrow(self.wide(self.norms[2](x)))
        return x[:, None], (before, said, keys, values, unseen)

    def get_config(self):
        return super().get_config() | {"heads": self.heads, "thinking": self.thinking, "causal": self.causal}


@keras.saving.register_keras_serializable("vistext")
class CoordinateEncoding(layers.Layer):
    """Where each cell of a square grid lies, beside what was seen in it: [n, cells, c] → [n, cells, c + 16].

    What is to the left of what can then be read off the values that attention brings. For each direction there are
    sine and cosine of four frequencies (Liu et al. 2018, "An Intriguing Failing of Convolutional Neural Networks and
    the CoordConv Solution", arXiv:1807.03247; the waves are those of Vaswani et al. 2017).
    """

    def call(self, x):
        side = math.isqrt(x.shape[1])
        middles = (np.arange(side) + 0.5) / side * math.pi
        waves = np.stack([wave(middles * 2**power) for power in range(4) for wave in (np.sin, np.cos)], axis=-1)
        down, across = np.repeat(waves, side, axis=0), np.tile(waves, (side, 1))
        places = ops.cast(np.concatenate([down, across], axis=-1)[None], x.dtype)
        # Not tile: Keras before 3.13 forgets the width there, without which no later layer can be built.
        return ops.concatenate([x, ops.broadcast_to(places, (*ops.shape(x)[:-1], places.shape[-1]))], axis=-1)


@keras.saving.register_keras_serializable("vistext")
class ObjectQueries(layers.Layer):
    """What is in a picture, a vector for each object, beside its cells: [n, m, c] → [n, m + most, c], objects last.

    As many questions as there can be objects, each of which is learned, look at the cells, every one after those before
    it (the object queries of Carion et al. 2020, "End-to-End Object Detection with Transformers", arXiv:2005.12872).

    Args:
        most: objects there can be.
        width: numbers for each while it is looked for.
        heads: of each block's attentions.
        blocks: of which each looks at the cells once.
    """

    def __init__(self, most: int, width: int, heads: int, blocks: int, **settings):
        super().__init__(**settings)
        self.most, self.width, self.heads, self.blocks = most, width, heads, blocks

    def build(self, shape):
        asked = (None, 1, self.most, self.width)
        self.questions = self.add_weight(
            shape=asked[2:], initializer=keras.initializers.RandomNormal(stddev=0.1), name="questions"
        )
        self.looking = [Block(self.heads, name=f"block{number}") for number in range(self.blocks)]
        for block in self.looking:
            block.build(asked, shape)
        self.norm = layers.LayerNormalization(epsilon=1e-5, name="norm")
        self.norm.build(asked)
        self.as_cell = layers.Dense(shape[-1], name="as_cell")
        self.as_cell.build(asked)
        self.built = True

    def compute_output_shape(self, shape):
        return (shape[0], shape[1] + self.most, shape[2])

    def call(self, cells):
        questions = ops.cast(self.questions, cells.dtype)
        x = ops.broadcast_to(questions, (ops.shape(cells)[0], 1, *questions.shape))
        for block in self.looking:
            x = block(x, cells)
        return ops.concatenate([cells, self.as_cell(self.norm(x))[:, 0]], axis=1)

    def get_config(self):
        sizes = {"most": self.most, "width": self.width, "heads": self.heads, "blocks": self.blocks}
        return super().get_config() | sizes


def memory_of(network: keras.Model) -> Callable:
    """What a network makes of a memory [n, m, c] before words look at it: its `Coordinates` and `Objects`, if any."""
    steps = [layer for layer in network.layers if isinstance(layer, CoordinateEncoding | ObjectQueries)]

    def remember(memory):
        for step in steps:
            memory = step(memory)
        return memory

    return remember


@keras.saving.register_keras_serializable("vistext")
class PositionalEmbedding(layers.Layer):
    """A vector for each place in a sentence, added to what stands there: [..., t, c] → [..., t, c].

    Args:
        most: places there can be.
    """

    def __init__(self, most: int, **settings):
        super().__init__(**settings)
        self.most = most

    def build(self, shape):
        self.table = self.add_weight(
            shape=(self.most, shape[-1]), initializer=keras.initializers.RandomNormal(stddev=0.02), name="table"
        )

    def call(self, x):
        return x + ops.cast(self.table, x.dtype)[: ops.shape(x)[-2]]

    def at(self, x, place):
        """The same for words of one place: [n, 1, c], a whole number → [n, 1, c]."""
        return x + ops.cast(tf.gather(self.table, place), x.dtype)

    def get_config(self):
        return super().get_config() | {"most": self.most}
