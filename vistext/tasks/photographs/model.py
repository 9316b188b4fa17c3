"""The captioner of real photographs: lesson 05's transformer decoder over the grid of a frozen, pretrained backbone.

Xu et al. 2015, "Show, Attend and Tell" (arXiv:1502.03044), with the blocks of Vaswani et al. 2017 (arXiv:1706.03762).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vistext.data.vocabulary import Vocabulary
from vistext.nn import backbone, decoding
from vistext.nn.attention import Block, CoordinateEncoding, PositionalEmbedding
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras

layers = keras.layers

CELLS = backbone.GRID**2
MAX_LENGTH = 22  # tokens of a caption, END included; what is longer is cut
BATCH = 100  # pictures that are captioned at once
BEAM, LENGTH_PENALTY = 3, 0.7  # chosen on validation pictures


@dataclass(frozen=True)
class Config:
    """The sizes of the caption decoder."""

    words: int  # of the vocabulary, the four special ones included
    width: int = 192  # of each token's vector
    heads: int = 4
    blocks: int = 3
    dropout: float = 0.3  # while it is trained


def build(config: Config) -> keras.Model:
    """The caption decoder: cells [n, 49, 1280] and ids int32 [n, s, t] of s captions each → logits [n, s, t, words]."""
    cells = layers.Input((CELLS, backbone.POOLED), name="cells")
    ids = layers.Input((None, None), dtype="int32", name="ids")
    memory = layers.Dense(config.width, name="project")(CoordinateEncoding(name="coordinates")(cells))
    memory = layers.Dropout(config.dropout)(memory)
    x = PositionalEmbedding(MAX_LENGTH, name="places")(
        layers.Embedding(config.words, config.width, name="embedding")(ids)
    )
    x = layers.Dropout(config.dropout)(x)
    for number in range(config.blocks):
        x = Block(config.heads, name=f"block{number}")(x, memory)
    x = layers.Dropout(config.dropout)(layers.LayerNormalization(epsilon=1e-5, name="norm")(x))
    logits = layers.Dense(config.words, name="logits")(x)
    return keras.Model([cells, ids], logits, name="photo_captioner")


@dataclass(frozen=True, eq=False)
class PhotoCaptioner:
    """Photographs → captions: the frozen backbone, a caption decoder and its vocabulary."""

    decoder: CachedDecoder
    vocabulary: Vocabulary

    def caption(self, pictures: Sequence[np.ndarray], *, beam: int = BEAM) -> list[str]:
        """The most probable caption of each photograph, uint8 [h, w, 3], that beam search finds; 1 is greedy."""
        return self.caption_features(backbone.encode(pictures), beam=beam)

    def caption_features(self, grids: np.ndarray, *, beam: int = BEAM) -> list[str]:
        """As `caption`, for features [n, 7, 7, 320] of the backbone."""
        found: list[str] = []
        for first in range(0, len(grids), BATCH):
            inputs = (backbone.expand(grids[first : first + BATCH]),)
            beams = decoding.beam_search(
                self.decoder, inputs, max_length=MAX_LENGTH, width=beam, length_penalty=LENGTH_PENALTY
            )
            found += self.vocabulary.decode(beams.ids[:, 0])
        return found

    def sample(
        self, grids: np.ndarray, count: int, *, seed: int = 0, top_p: float = 0.9, temperature: float = 1.0
    ) -> list[list[str]]:
        """`count` captions of each picture, drawn by nucleus sampling; features as for `caption_features`."""
        noise = decoding.sample_noise(len(grids) * count, MAX_LENGTH, seed, top_p)
        cells = np.repeat(backbone.expand(grids), count, axis=0)
        drawn = decoding.generate(self.decoder, (cells,), max_length=MAX_LENGTH, noise=noise, temperature=temperature)
        texts = self.vocabulary.decode(drawn.ids)
        return [texts[first : first + count] for first in range(0, len(texts), count)]
