"""A decoder that writes one word at a time, and where it looks: for those of lesson 05 and of lesson 06."""

import numpy as np

from vistext.nn.attention import MASK, Block, memory_of
from vistext.nn.engine import keras

ops = keras.ops


class CachedDecoder:
    """A decoder as a `decoding.Writer`. It begins with memories [n, m, c] and, if it is told, lengths int32 [n].

    Args:
        writer: a network of the layers embedding, places, block0, block1, ..., norm, logits, and perhaps length, as
            `describer.build_writer` and `qgnet.build_decoder` make it.
    """

    def __init__(self, writer: keras.Model):
        self.writer, layer = writer, writer.get_layer
        self.embedding, self.places, self.norm, self.logits = map(layer, ("embedding", "places", "norm", "logits"))
        self.length = next((each for each in writer.layers if each.name == "length"), None)
        self.blocks = [each for each in writer.layers if isinstance(each, Block)]
        self.words = self.embedding.input_dim
        self.project_kv = memory_of(writer)

    def init_cache(self, memory, lengths=None, *, most: int) -> tuple:
        """What is known before the first word."""
        memory = ops.cast(memory, self.embedding.compute_dtype)
        told = self._told(lengths, memory)[:, None]  # (n, 1, width)
        remembered, unseen = self._remember(memory)
        return told, tuple(block.init_cache(remembered, most, unseen) for block in self.blocks)

    def step(self, ids, place, state: tuple) -> tuple:
        """Logits [n, words] of the word after this one."""
        told, blocks = state
        x, after = self.places.at(self.embedding(ids)[:, None] + told, place), []
        for block, before in zip(self.blocks, blocks, strict=True):
            x, now = block.step(x, place, before)
            after.append(now)
        return self.logits(self.norm(x))[:, 0], (told, tuple(after))

    def attention_maps(self, memory, ids, lengths=None) -> np.ndarray:
        """Where the writer looks, in each block, when it says the next word.

        Args:
            memory: float32 [n, m, c].
            ids: int32 [n, t]: the words so far.
            lengths: int32 [n], if it is told them.

        Returns:
            float32 [blocks, n, t, m], which adds up to 1 over each memory; after the m cells come the objects, if the
            writer finds any.
        """
        memory = ops.convert_to_tensor(memory)
        x = self.places((self.embedding(ids) + self._told(lengths, memory)[:, None])[:, None])
        (remembered, unseen), found = self._remember(memory), []
        for block in self.blocks:
            x, weights = block.call_with_weights(x, remembered, unseen=unseen)
            found.append(np.asarray(weights)[:, 0])
        return np.stack(found)

    def _remember(self, memory):
        """What words look at, and `HIDDEN` for what there is not of it."""
        remembered, unseen = self.project_kv(memory), padding_mask(memory)
        objects = ops.zeros_like(remembered[:, ops.shape(memory)[1] :, 0], "float32")
        return remembered, ops.concatenate([unseen, objects], axis=1)

    def _told(self, lengths, memory):
        if self.length is None:
            return ops.zeros((ops.shape(memory)[0], self.embedding.output_dim), self.embedding.compute_dtype)
        return self.length(lengths)


def padding_mask(memory):
    """Where a memory [n, m, c] holds nothing, all zeros: `HIDDEN` there, 0 elsewhere, float32 [n, m]."""
    return ops.where(ops.all(ops.equal(memory, 0), axis=-1), MASK, 0.0)
