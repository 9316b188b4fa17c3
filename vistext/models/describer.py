"""Lesson 05's networks: an eye that looks at a picture, a writer that says what it sees, a judge that hears both.

The eye is the body of lesson 02's detector, cut off at a grid of 8 × 8 cells. The writer is a small decoder with
attention over that grid (after Xu et al. 2015, "Show, Attend and Tell", arXiv:1502.03044, with the blocks of Vaswani et
al. 2017, arXiv:1706.03762): given the words so far, it says how likely each word is to come next. Eye and writer
together are the generator, G(picture, z) → sentence; see `vistext.decoding` for what z is. The judge is the
discriminator, D(picture, sentence) → [0, 1] (Dai et al. 2017, "Towards Diverse and Natural Image Descriptions via
a Conditional GAN", arXiv:1703.06029).
"""

from dataclasses import dataclass

from vistext.engine import keras
from vistext.models.attention import Block, Places
from vistext.models.hourglass import hourglass, precision, stem
from vistext.scenes import language

layers = keras.layers
ops = keras.ops

SIDE = 64  # of the pictures that they know
GRID = 8  # cells along a side
LENGTHS = tuple(language.LENGTHS)  # what is told apart by a number: title, description, story
MOST = {"title": 24, "description": 32, "story": 60}  # words and marks, the end included; what is longer is cut


@dataclass(frozen=True)
class DescriberConfig:
    """What the three networks need to know; each default is that of the shipped weights."""

    words: int  # of the vocabulary, the four special ones included
    widths: tuple[int, ...] = (64, 128, 160, 192)  # the detector's, from whose body the eye starts
    depth: int = 2  # likewise
    width: int = 128  # numbers for each word of a sentence
    heads: int = 4
    blocks: int = 3  # of the writer: one finds the things, the others compare them ("the", "two", "left of")
    judge_blocks: int = 2
    precision: str = "float32"  # a Keras dtype policy; training may take a faster one, the weights stay float32


def build_eye(config: DescriberConfig) -> keras.Model:
    """The network that looks.

    Args:
        config: its sizes.

    Returns:
        A model: pictures uint8 [n, 64, 64, 3] → what is seen in each of 64 cells, row by row, float [n, 64, widths[2]].
    """
    with precision(config.precision):
        pictures = layers.Input((SIDE, SIDE, 3), dtype="uint8", name="pictures")
        x = stem(pictures, config.widths[0])  # (n, 32, 32, widths[0])
        x = hourglass(x, config.widths, up_to=2, depth=config.depth)  # (n, 8, 8, widths[2])
        x = layers.Reshape((GRID * GRID, config.widths[2]), name="cells")(x)
        grid = Places(GRID * GRID, name="where")(x)
    return keras.Model(pictures, grid, name="eye")


def build_writer(config: DescriberConfig) -> keras.Model:
    """The network that says which word comes next.

    Args:
        config: its sizes.

    Returns:
        A model of three inputs: grids float [n, 64, widths[2]], ids int32 [n, s, t] of s sentences about each picture,
        and lengths int32 [n, s], indices into `LENGTHS` → logits float32 [n, s, t, words].
    """
    with precision(config.precision):
        grid = layers.Input((GRID * GRID, config.widths[2]), name="grid")
        ids = layers.Input((None, None), dtype="int32", name="ids")
        lengths = layers.Input((None,), dtype="int32", name="lengths")
        x = layers.Embedding(config.words, config.width, name="embedding")(ids)
        length = layers.Embedding(len(LENGTHS), config.width, name="length")(lengths)
        x = x + ops.expand_dims(length, 2)  # (n, s, t, width)
        x = Places(max(MOST.values()), name="places")(x)
        for number in range(config.blocks):
            x = Block(config.heads, name=f"block{number}")(x, grid)
        x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
        logits = layers.Dense(config.words, dtype="float32", name="logits")(x)
    return keras.Model([grid, ids, lengths], logits, name="writer")


def build_judge(config: DescriberConfig) -> keras.Model:
    """The network that tells what people say of a picture from what they do not.

    Every word of the sentence, with all others and the picture in view, speaks for it or against it; the score is the
    sum.

    Args:
        config: its sizes.

    Returns:
        A model of two inputs: grids float [n, 64, widths[2]], and words float [n, s, t, words]: 1 for the word of each
        place, or shares that add up to 1, and 0 for all words where there is none (padding) → for each place what it
        adds to the score, float32 [n, s, t], 0 for padding.
    """
    with precision(config.precision):
        grid = layers.Input((GRID * GRID, config.widths[2]), name="grid")
        words = layers.Input((None, None, config.words), name="words")
        counted = ops.sum(words, axis=-1) > 0.5  # (n, s, t)
        x = layers.Dense(config.width, use_bias=False, name="embedding")(words)
        x = Places(max(MOST.values()), name="places")(x)
        for number in range(config.judge_blocks):
            x = Block(config.heads, ahead=True, name=f"block{number}")(x, grid, counted)
        x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
        said = layers.Dense(1, dtype="float32", name="said")(x)[..., 0]
        evidence = said * ops.cast(counted, "float32")
    return keras.Model([grid, words], evidence, name="judge")
