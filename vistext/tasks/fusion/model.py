"""Lesson 08's networks: ways to bring a text and a picture together, and a pair that learned to match the two.

`build` makes a network that says a word at each place of a text; the fusion is an option. `build_pair` makes two
towers, one for texts and one for pictures, whose vectors are to lie close together where text and picture belong
together (Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision",
arXiv:2103.00020: CLIP, in small).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vistext.data.vocabulary import PAD, UNKNOWN, Vocabulary, tokenize
from vistext.nn import weights
from vistext.nn.attention import MASK, Block, CoordinateEncoding, PositionalEmbedding
from vistext.nn.engine import keras
from vistext.tasks import captioning
from vistext.tasks.captioning.model import GRID, encode_images

layers = keras.layers
ops = keras.ops

MAX_LENGTH = 64  # words and marks that a text may have, its start and its end included
BATCH = 250  # pictures or texts
FUSIONS = ("text only", "picture only", "late", "gated", "contrastive", "early", "attention")


@dataclass(frozen=True)
class FusionConfig:
    """What the networks need to know."""

    words: int  # of the vocabulary, the four special ones included
    channels: int = 160  # of the eye's grid
    width: int = 64  # numbers for each word and each cell
    heads: int = 4
    blocks: int = 2  # one finds, the other compares
    queries: int = 8  # vectors that make up a picture where it is to be one object: at least as many as it has objects
    shared: int = 128  # numbers of the space in which texts and pictures are compared


def build_text_tower(config: FusionConfig) -> keras.Model:
    """The tower for texts: ids int32 [n, s, t] → float [n, s, t, width]; words look at words only."""
    ids = layers.Input((None, None), dtype="int32", name="ids")
    return keras.Model(ids, _mixed(config, _words(config, ids), _padding(ids)), name="reader")


def build_image_tower(config: FusionConfig) -> keras.Model:
    """The tower for pictures: grid float [n, 64, channels] → float [n, queries, width].

    Each query is a vector that was learned, and looks for something of its own; the queries tell each other what they
    have found.
    """
    grid = layers.Input((GRID * GRID, config.channels), name="grid")
    cells = CoordinateEncoding(name="cells")(grid)
    x = layers.Dense(config.width, name="at_first")(ops.mean(grid, axis=1))  # what is seen at a glance
    x = PositionalEmbedding(config.queries, name="queries")(ops.tile(x[:, None, None], (1, 1, config.queries, 1)))
    for number in range(config.blocks):
        x = Block(config.heads, causal=False, name=f"look{number}")(x, cells)
    return keras.Model(grid, layers.LayerNormalization(epsilon=1e-5, name="norm")(x)[:, 0], name="looker")


def build_puzzle_solver(config: FusionConfig, fusion: str) -> keras.Model:
    """A network that says a word at each place of a text about a picture.

    Args:
        config: its sizes.
        fusion: one of `FUSIONS`. "text only" and "picture only" are "attention" from which one of the two is withheld.
            "late" adds up what is said of the text alone and of the picture alone; "gated" mixes the two before
            anything is said (Arevalo et al. 2017, "Gated Multimodal Units", arXiv:1702.01992), and so does
            "contrastive", which is to start from the towers of a pair: see `hand_over`; with "early" the picture
            is some more words of the text; with "attention" words look at its cells.

    Returns:
        A model of two inputs, grids float [n, 64, channels] and ids int32 [n, s, t] of s texts about each picture →
        logits float32 [n, s, t, words].

    Raises:
        ValueError: an unknown fusion.
    """
    if fusion not in FUSIONS:
        raise ValueError(f"a fusion is one of: {', '.join(FUSIONS)}; given was {fusion!r}")
    grid = layers.Input((GRID * GRID, config.channels), name="grid")
    ids = layers.Input((None, None), dtype="int32", name="ids")
    say = layers.Dense(config.words, dtype="float32", name="logits")
    if fusion == "late":
        seen = layers.Flatten()(build_image_tower(config)(grid))
        alone = layers.Dense(config.words, dtype="float32", name="picture_logits")(seen)
        logits = say(build_text_tower(config)(ids)) + alone[:, None, None]
    elif fusion in ("gated", "contrastive"):
        seen = layers.Flatten()(build_image_tower(config)(grid))
        logits = say(_gated(config, build_text_tower(config)(ids), seen))
    elif fusion == "early":
        logits = say(_with_picture(config, ids, build_image_tower(config)(grid)))
    else:
        read = ops.where(ops.greater(ids, UNKNOWN), UNKNOWN, ids) if fusion == "picture only" else ids
        cells = CoordinateEncoding(name="cells")(grid)
        cells = ops.zeros_like(cells) if fusion == "text only" else cells
        logits = say(_mixed(config, _words(config, read), _padding(ids), cells))
    return keras.Model([grid, ids], logits, name="fusion")


def attention_map(model: keras.Model, grid: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Where the words look in a network with the fusion "attention", in its last block.

    Args:
        model: as `build` makes it.
        grid: float32 [n, 64, channels].
        ids: int32 [n, s, t].

    Returns:
        float32 [n, s, t, 64], which adds up to 1 over the cells.
    """
    x, cells = model.get_layer("places")(model.get_layer("embedding")(ids)), model.get_layer("cells")(grid)
    for block in (layer for layer in model.layers if isinstance(layer, Block)):
        x, looked = block.call_with_weights(x, cells, _padding(ids))
    return np.asarray(looked)


def build_dual_encoder(config: FusionConfig) -> keras.Model:
    """Two towers whose vectors can be compared.

    Args:
        config: their sizes.

    Returns:
        A model of two inputs, grids float [n, 64, channels] and ids int32 [n, t] → two outputs, both of length 1:
        pictures and texts in the shared space, float32 [n, shared] each.
    """
    grid = layers.Input((GRID * GRID, config.channels), name="grid")
    ids = layers.Input((None,), dtype="int32", name="ids")
    read = build_text_tower(config)(ops.expand_dims(ids, 1))[:, 0]
    there = ops.cast(ops.not_equal(ids, PAD), read.dtype)[..., None]
    said = ops.sum(read * there, axis=1) / ops.sum(there, axis=1)
    seen = layers.Flatten()(build_image_tower(config)(grid))
    vectors = [
        layers.UnitNormalization(dtype="float32", name=f"{name}_vector")(layers.Dense(config.shared, name=name)(x))
        for name, x in (("picture", seen), ("text", said))
    ]
    return keras.Model([grid, ids], vectors, name="pair")


class TextError(ValueError):
    """A text that cannot be read; the message says to its writer why, and what would do."""


@dataclass(frozen=True, eq=False)
class DualEncoder:
    """An eye, a pair of towers, and the words that they know: how well a picture and a text fit.

    Attributes:
        eye: lesson 05's; None where only grids are given.
        pair: as `build_pair` makes it.
        vocabulary: its words.
    """

    image_encoder: keras.Model | None
    pair: keras.Model
    vocabulary: Vocabulary

    def call_with_weights(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures in the shared space.

        Args:
            pictures: uint8 [n, h, w, 3]; those that are not of 64×64 pixels are scaled to fit.

        Returns:
            float32 [n, shared], each of length 1: the product of two says how well they fit, -1 to 1.
        """
        return self.encode_features(encode_images(self.image_encoder, pictures))

    def encode_features(self, grids: np.ndarray) -> np.ndarray:
        """The same for pictures that have been looked at: `look`'s grids [n, 64, c]."""
        return self._vectors("picture", np.asarray(grids, "float32"))

    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Texts in the shared space: float32 [n, shared], each of length 1.

        Raises:
            TextError: a text is empty, too long, or has words that the pair does not know.
            TypeError: one is no text.
        """
        for text in texts:
            check(text, self.vocabulary)
        return self._vectors("text", self.vocabulary.encode(texts))

    def _vectors(self, which: str, given: np.ndarray) -> np.ndarray:
        grids, ids = np.zeros((1, *self.pair.inputs[0].shape[1:]), "float32"), np.full((1, 2), UNKNOWN, "int32")
        place = ("picture", "text").index(which)
        parts = [given[first : first + BATCH] for first in range(0, len(given), BATCH)]
        found = [self.pair([part, ids] if place == 0 else [grids, part], training=False)[place] for part in parts]
        return np.concatenate([np.asarray(each) for each in found])


def check(text: str, vocabulary: Vocabulary) -> None:
    """See whether a text can be read.

    Args:
        text: any text.
        vocabulary: the words that are known.

    Raises:
        TextError: it is empty, too long, or has words that are not known.
        TypeError: it is no text.
    """
    if not isinstance(text, str):
        raise TypeError(f"what is searched for is a text; given was {type(text).__name__}")
    if not any(character.isalnum() for character in text):
        raise TextError("There is no text yet. Try: A cat is sitting on the floor.")
    if (words := len(tokenize(text))) > MAX_LENGTH - 2:
        raise TextError(f"{words} words and marks are too many; at most {MAX_LENGTH - 2} can be read.")
    if unknown := vocabulary.unknown(text):
        named = ", ".join(f"“{word}”" for word in unknown[:5]) + (", …" if len(unknown) > 5 else "")
        raise TextError(f"I never learned {named}. I know {len(vocabulary) - 4} words, those of the drawn world.")


def load(folder: Path = weights.FOLDER) -> DualEncoder:
    """The pair with shipped weights.

    Args:
        folder: where its weights and its card are; lesson 05's eye is always that of the package.

    Raises:
        FileNotFoundError, ValueError: the weights are missing or damaged.
    """
    return DualEncoder(*_shipped("dual_encoder", folder))


def load_puzzle_solver(folder: Path = weights.FOLDER) -> tuple[keras.Model, keras.Model, Vocabulary]:
    """An eye, a network with the fusion "attention" that solves all puzzles, and its words; otherwise as `load`."""
    return _shipped("puzzle_solver", folder)


def _shipped(name: str, folder: Path) -> tuple[keras.Model, keras.Model, Vocabulary]:
    card = weights.card(name, folder)
    config = FusionConfig(**card["config"])
    model = (
        build_dual_encoder(config) if name == "dual_encoder" else build_puzzle_solver(config, card["recipe"]["fusion"])
    )
    weights.load_into(model, name, folder)
    return captioning.model.load_image_encoder(), model, Vocabulary(tuple(card["words"]))


def copy_towers(pair: keras.Model, model: keras.Model) -> None:
    """Give a network of the fusion "contrastive" the towers of a pair."""
    for name in ("reader", "looker"):
        model.get_layer(name).set_weights(pair.get_layer(name).get_weights())


def _words(config: FusionConfig, ids):
    x = layers.Embedding(config.words, config.width, name="embedding")(ids)
    return PositionalEmbedding(MAX_LENGTH, name="places")(x)  # (n, s, t, width)


def _padding(ids):
    """What hides padding from attention: float32 [n, s, t]."""
    return ops.where(ops.equal(ids, PAD), MASK, 0.0)


def _mixed(config: FusionConfig, x, padding, cells=None):
    """Words [n, s, t, width] after they have looked at each other and at cells [n, m, c], if there are any."""
    cells = ops.zeros_like(x[:, 0, :2]) if cells is None else cells
    for number in range(config.blocks):
        x = Block(config.heads, causal=False, name=f"block{number}")(x, cells, padding)
    return layers.LayerNormalization(epsilon=1e-5, name="norm")(x)


def _with_picture(config: FusionConfig, ids, seen):
    """Words after they and what was seen [n, queries, width] have been read as one text."""
    words = _words(config, ids)
    shown = seen[:, None] + ops.zeros_like(words[:, :, :1])  # (n, s, queries, width)
    padding = ops.concatenate([ops.zeros_like(shown[..., 0], "float32"), _padding(ids)], axis=2)
    return _mixed(config, ops.concatenate([shown, words], axis=2), padding)[:, :, config.queries :]


def _gated(config: FusionConfig, x, seen):
    """How much of each number comes from the text x [n, s, t, width], and how much from the picture [n, c]."""
    wide = 2 * config.width
    shown = layers.Dense(wide, activation="tanh", name="shown")(seen)[:, None, None]
    said = layers.Dense(wide, activation="tanh", name="said")(x)
    from_text, from_picture = layers.Dense(wide, name="gate_text")(x), layers.Dense(wide, name="gate_picture")(seen)
    gate = ops.sigmoid(from_text + from_picture[:, None, None])
    return layers.Dense(wide, activation="relu", name="both")(gate * said + (1 - gate) * shown)
