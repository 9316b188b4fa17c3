"""A transformer decoder with a cache, as `decoding` uses it: for the networks of lessons 05 and 06."""

import numpy as np

from vistext.nn.attention import MASK, Block, memory_of
from vistext.nn.engine import keras

ops = keras.ops


class CachedDecoder:
    """A network as a `decoding.Decoder`, whose inputs are memories [n, m, c] and, if it has them, lengths int32 [n].

    Its layers are embedding, places, block0, block1, ..., norm, logits, and perhaps length, as
    `captioning.model.build_caption_decoder` and `vqa.model.build_decoder` make it.
    """

    def __init__(self, network: keras.Model):
        self.network, layer = network, network.get_layer
        self.embedding, self.places, self.norm, self.logits = map(layer, ("embedding", "places", "norm", "logits"))
        self.length = next((layer for layer in network.layers if layer.name == "length"), None)
        self.blocks = [layer for layer in network.layers if isinstance(layer, Block)]
        self.words = self.embedding.input_dim
        self.extend = memory_of(network)

    def init_cache(self, *inputs, max_length: int) -> tuple:
        """The embedded lengths, and each block's keys and values of the memory; inputs are memory and lengths."""
        memory, lengths = inputs if len(inputs) > 1 else (*inputs, None)
        memory = ops.cast(memory, self.embedding.compute_dtype)
        length = self._embed_length(lengths, memory)[:, None]  # (n, 1, width)
        extended, mask = self._extended(memory)
        return length, tuple(block.init_cache(extended, max_length, mask) for block in self.blocks)

    def step(self, ids, place, cache: tuple) -> tuple:
        """Logits [n, words] of the word after this one, and the cache after it."""
        length, before = cache
        x, after = self.places.at(self.embedding(ids)[:, None] + length, place), []
        for block, earlier in zip(self.blocks, before, strict=True):
            x, later = block.step(x, place, earlier)
            after.append(later)
        return self.logits(self.norm(x))[:, 0], (length, tuple(after))

    def attention_maps(self, memory, ids, lengths=None) -> np.ndarray:
        """The cross-attention of each block from which the next word is predicted, float32 [blocks, n, t, m].

        It adds up to 1 over each memory [n, m, c]; after the m cells come the object queries, if the network has any.
        `ids` int32 [n, t] are the words so far.
        """
        memory = ops.convert_to_tensor(memory)
        x = self.places((self.embedding(ids) + self._embed_length(lengths, memory)[:, None])[:, None])
        extended, mask = self._extended(memory)
        maps = []
        for block in self.blocks:
            x, weights = block.call_with_weights(x, extended, memory_mask=mask)
            maps.append(np.asarray(weights)[:, 0])
        return np.stack(maps)

    def _extended(self, memory):
        """What words attend to, and `MASK` for the cells that a memory does not have."""
        extended, mask = self.extend(memory), padding_mask(memory)
        objects = ops.zeros_like(extended[:, ops.shape(memory)[1] :, 0], "float32")
        return extended, ops.concatenate([mask, objects], axis=1)

    def _embed_length(self, lengths, memory):
        if self.length is None:
            return ops.zeros((ops.shape(memory)[0], self.embedding.output_dim), self.embedding.compute_dtype)
        return self.length(lengths)


def padding_mask(memory):
    """`MASK` where a memory [n, m, c] holds nothing but zeros, 0 elsewhere: float32 [n, m]."""
    return ops.where(ops.all(ops.equal(memory, 0), axis=-1), MASK, 0.0)
