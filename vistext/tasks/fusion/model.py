"""Lesson 08's networks: ways to fuse text and picture, and a dual encoder that matches the two.

`build_puzzle_solver` makes a network that predicts a word at each place of a text; the fusion is an option.
`build_dual_encoder` makes a text tower and an image tower whose vectors lie close together where text and picture
belong together (Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision",
arXiv:2103.00020: CLIP, in small). Layers keep the names under which the shipped weights are stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from vistext.data.vocabulary import PAD, UNKNOWN, Vocabulary
from vistext.nn import weights
from vistext.nn.attention import MASK, Block, CoordinateEncoding, PositionalEmbedding
from vistext.nn.engine import keras
from vistext.tasks import captioning
from vistext.tasks.captioning.model import GRID, encode_images
from vistext.tasks.vqa.model import check_text

layers = keras.layers
ops = keras.ops

MAX_LENGTH = 64  # tokens of a text, START and END included
BATCH = 250  # pictures or texts in one forward pass
FUSIONS = ("text only", "picture only", "late", "gated", "contrastive", "early", "attention")


@dataclass(frozen=True)
class FusionConfig:
    """The sizes of the networks."""

    words: int  # of the vocabulary, the four special ones included
    channels: int = 160  # of the image encoder's grid
    width: int = 64  # of the vector of each word and each cell
    heads: int = 4
    blocks: int = 2  # one finds, the other compares
    queries: int = 8  # vectors that represent a picture: at least as many as it has objects
    shared: int = 128  # dimensions of the space that texts and pictures share


def build_text_tower(config: FusionConfig) -> keras.Model:
    """Texts alone: ids int32 [n, s, t] → float [n, s, t, width]."""
    ids = layers.Input((None, None), dtype="int32", name="ids")
    return keras.Model(ids, _transform(config, _embed(config, ids), _padding(ids)), name="text_tower")


def build_image_tower(config: FusionConfig) -> keras.Model:
    """Pictures alone: grid float [n, 64, channels] → float [n, queries, width], one vector for each learned query."""
    grid = layers.Input((GRID * GRID, config.channels), name="grid")
    cells = CoordinateEncoding(name="cells")(grid)
    x = layers.Dense(config.width, name="at_first")(ops.mean(grid, axis=1))  # (n, width): the gist of the picture
    x = PositionalEmbedding(config.queries, name="queries")(ops.tile(x[:, None, None], (1, 1, config.queries, 1)))
    for number in range(config.blocks):
        x = Block(config.heads, causal=False, name=f"look{number}")(x, cells)  # (n, 1, queries, width)
    return keras.Model(grid, layers.LayerNormalization(epsilon=1e-5, name="look_norm")(x)[:, 0], name="image_tower")


def build_puzzle_solver(config: FusionConfig, fusion: str) -> keras.Model:
    """A network that predicts a word at each place of a text about a picture.

    Args:
        config: its sizes.
        fusion: one of `FUSIONS`. "text only" and "picture only" are "attention" without the other input. "late" adds
            the logits from the text alone and from the picture alone; "gated" mixes the vectors of both (Arevalo et al.
            2017, "Gated Multimodal Units", arXiv:1702.01992), as does "contrastive", whose towers come from a dual
            encoder: see `copy_towers`; in "early" fusion the picture's vectors are further words of the text; with
            "attention" words attend to the picture's cells.

    Returns:
        A model of two inputs, grids float [n, 64, channels] and ids int32 [n, s, t] of s texts about each picture →
        logits float32 [n, s, t, words].
    """
    if fusion not in FUSIONS:
        raise ValueError(f"a fusion is one of: {', '.join(FUSIONS)}; given was {fusion!r}")
    grid = layers.Input((GRID * GRID, config.channels), name="grid")
    ids = layers.Input((None, None), dtype="int32", name="ids")
    head = layers.Dense(config.words, dtype="float32", name="logits")
    if fusion == "late":
        image = layers.Flatten()(build_image_tower(config)(grid))  # (n, queries · width)
        image_logits = layers.Dense(config.words, dtype="float32", name="picture_logits")(image)
        logits = head(build_text_tower(config)(ids)) + image_logits[:, None, None]
    elif fusion in ("gated", "contrastive"):
        image = layers.Flatten()(build_image_tower(config)(grid))
        logits = head(_gated(config, build_text_tower(config)(ids), image))
    elif fusion == "early":
        logits = head(_early(config, ids, build_image_tower(config)(grid)))
    else:
        masked = ops.where(ops.greater(ids, UNKNOWN), UNKNOWN, ids) if fusion == "picture only" else ids
        cells = CoordinateEncoding(name="cells")(grid)
        cells = ops.zeros_like(cells) if fusion == "text only" else cells
        logits = head(_transform(config, _embed(config, masked), _padding(ids), cells))
    return keras.Model([grid, ids], logits, name="fusion")


def build_dual_encoder(config: FusionConfig) -> keras.Model:
    """Two towers whose vectors can be compared.

    Returns:
        A model of two inputs, grids float [n, 64, channels] and ids int32 [n, t] → unit vectors of pictures and of
        texts in the shared space, float32 [n, shared] each.
    """
    grid = layers.Input((GRID * GRID, config.channels), name="grid")
    ids = layers.Input((None,), dtype="int32", name="ids")
    words = build_text_tower(config)(ops.expand_dims(ids, 1))[:, 0]  # (n, t, width)
    mask = ops.cast(ops.not_equal(ids, PAD), words.dtype)[..., None]
    text = ops.sum(words * mask, axis=1) / ops.sum(mask, axis=1)  # (n, width)
    image = layers.Flatten()(build_image_tower(config)(grid))  # (n, queries · width)
    vectors = [
        layers.UnitNormalization(dtype="float32", name=f"{name}_vector")(layers.Dense(config.shared, name=name)(x))
        for name, x in (("picture", image), ("text", text))
    ]
    return keras.Model([grid, ids], vectors, name="pair")


@dataclass(frozen=True, eq=False)
class DualEncoder:
    """An image encoder, a dual encoder on top of it, and their vocabulary: how well a picture and a text match."""

    image_encoder: keras.Model | None  # lesson 05's; None where only grids are given
    network: keras.Model  # as `build_dual_encoder` makes it
    vocabulary: Vocabulary

    def encode_images(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures uint8 [n, h, w, 3] in the shared space: float32 [n, shared], unit vectors.

        The product of two vectors is their cosine similarity, -1 to 1.
        """
        return self.encode_features(encode_images(self.image_encoder, pictures))

    def encode_features(self, grids: np.ndarray) -> np.ndarray:
        """As `encode_images`, for encoded pictures [n, 64, c]."""
        grids, text = np.asarray(grids, "float32"), np.full((1, 2), UNKNOWN, "int32")
        batches = [grids[first : first + BATCH] for first in range(0, len(grids), BATCH)]
        return np.concatenate([np.asarray(self.network([batch, text], training=False)[0]) for batch in batches])

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Texts in the shared space: float32 [n, shared], unit vectors; TextError for one that cannot be read."""
        for text in texts:
            check_text(text, self.vocabulary, MAX_LENGTH, "text", "A cat is sitting on the floor.")
        ids, grid = self.vocabulary.encode(texts), np.zeros((1, *self.network.inputs[0].shape[1:]), "float32")
        batches = [ids[first : first + BATCH] for first in range(0, len(ids), BATCH)]
        return np.concatenate([np.asarray(self.network([grid, batch], training=False)[1]) for batch in batches])


def load(folder: Path = weights.FOLDER) -> DualEncoder:
    """The dual encoder with shipped weights, which all callers share; the image encoder is always the package's."""
    network = weights.load("dual_encoder", build_dual_encoder, FusionConfig, folder=folder)
    return DualEncoder(captioning.model.load_image_encoder(), network, weights.vocabulary("dual_encoder", folder))


def load_puzzle_solver(folder: Path = weights.FOLDER) -> tuple[keras.Model, keras.Model, Vocabulary]:
    """An image encoder, a puzzle solver for all tasks, and its vocabulary; as `load`."""
    build = partial(build_puzzle_solver, fusion=weights.card("puzzle_solver", folder)["recipe"]["fusion"])
    network = weights.load("puzzle_solver", build, FusionConfig, folder=folder)
    return captioning.model.load_image_encoder(), network, weights.vocabulary("puzzle_solver", folder)


def copy_towers(dual_encoder: keras.Model, model: keras.Model) -> None:
    """Give a network of the fusion "contrastive" the towers of a dual encoder."""
    for name in ("text_tower", "image_tower"):
        model.get_layer(name).set_weights(dual_encoder.get_layer(name).get_weights())


def _embed(config: FusionConfig, ids):
    x = layers.Embedding(config.words, config.width, name="embedding")(ids)
    return PositionalEmbedding(MAX_LENGTH, name="places")(x)  # (n, s, t, width)


def _padding(ids):
    """The attention mask of padding: float32 [n, s, t]."""
    return ops.where(ops.equal(ids, PAD), MASK, 0.0)


def _transform(config: FusionConfig, x, padding, cells=None):
    """Words [n, s, t, width] attend to each other, and to cells [n, m, c] if there are any."""
    cells = ops.zeros_like(x[:, 0, :2]) if cells is None else cells
    for number in range(config.blocks):
        x = Block(config.heads, causal=False, name=f"block{number}")(x, cells, padding)
    return layers.LayerNormalization(epsilon=1e-5, name="norm")(x)


def _early(config: FusionConfig, ids, image):
    """Words, transformed together with the vectors of the picture [n, queries, width]."""
    words = _embed(config, ids)
    image = image[:, None] + ops.zeros_like(words[:, :, :1])  # (n, s, queries, width)
    padding = ops.concatenate([ops.zeros_like(image[..., 0], "float32"), _padding(ids)], axis=2)
    return _transform(config, ops.concatenate([image, words], axis=2), padding)[:, :, config.queries :]


def _gated(config: FusionConfig, words, image):
    """A learned mixture, dimension by dimension, of words [n, s, t, width] and the picture [n, c]."""
    size = 2 * config.width
    image_part = layers.Dense(size, activation="tanh", name="shown")(image)[:, None, None]
    text_part = layers.Dense(size, activation="tanh", name="said")(words)
    text_gate, image_gate = layers.Dense(size, name="gate_text")(words), layers.Dense(size, name="gate_picture")(image)
    gate = ops.sigmoid(text_gate + image_gate[:, None, None])
    return layers.Dense(size, activation="relu", name="both")(gate * text_part + (1 - gate) * image_part)
