"""Lesson 05's networks: an image encoder, a caption decoder, and a discriminator.

The image encoder is the backbone of lesson 02's detector, cut off at a grid of 8 × 8 cells. The caption decoder is a
small transformer decoder with attention over that grid (after Xu et al. 2015, "Show, Attend and Tell",
arXiv:1502.03044, with the blocks of Vaswani et al. 2017, arXiv:1706.03762): given the words so far, it predicts the
next one. Together they are the generator, G(picture, z) → sentence; see `vistext.nn.decoding` for z. The discriminator
is D(picture, sentence) → [0, 1] (Dai et al. 2017, "Towards Diverse and Natural Image Descriptions via a Conditional
GAN", arXiv:1703.06029).

Layers keep the names under which the shipped weights are stored ("things": the object queries).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from vistext.data.vocabulary import END, PAD, START, Vocabulary
from vistext.nn import decoding, resize, weights
from vistext.nn.attention import Block, CoordinateEncoding, ObjectQueries, PositionalEmbedding
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import dtype_policy, keras, tf
from vistext.nn.unet import stem, unet
from vistext.scenes import language, ontology

layers = keras.layers
ops = keras.ops

SIDE = 64  # of the pictures, in pixels
GRID = 8  # cells along a side
LENGTHS = tuple(language.LENGTHS)  # title, description, story; a length is an index into them
SCORES = ("match", "natural")  # of a discriminator
PASSING = 0.8  # the least probability of a match with which a sentence passes
ENCODING_BATCH = 64  # pictures; more no longer fit into the processor's cache
SCORING_BATCH = 250  # sentences
MAX_LENGTH = {"title": 24, "description": 32, "story": 60}  # tokens, END included; what is longer is cut


@dataclass(frozen=True)
class CaptionerConfig:
    """The sizes of the three networks; each default is that of the shipped weights."""

    words: int  # of the vocabulary, the four special ones included
    widths: tuple[int, ...] = (64, 128, 160, 192)  # the detector's, whose backbone the image encoder starts from
    depth: int = 2  # likewise
    width: int = 128  # of each token's vector
    heads: int = 4
    blocks: int = 3  # of decoder and discriminator: one finds the objects, the others compare them ("the", "left of")
    finding: int = 3  # blocks of the object queries, which decoder and discriminator attend to beside the cells
    precision: str = "float32"  # a Keras dtype policy; training may take a faster one, the weights stay float32


def build_image_encoder(config: Any) -> keras.Model:
    """The image encoder: pictures uint8 [n, 64, 64, 3] → a vector for each of 64 cells, float [n, 64, widths[2]].

    The config is a `CaptionerConfig`, or another one with widths, depth and precision.
    """
    with dtype_policy(config.precision):
        pictures = layers.Input((SIDE, SIDE, 3), dtype="uint8", name="pictures")
        x = stem(pictures, config.widths[0])  # (n, 32, 32, widths[0])
        x = unet(x, config.widths, up_to=2, depth=config.depth)  # (n, 8, 8, widths[2])
        x = layers.Reshape((GRID * GRID, config.widths[2]), name="cells")(x)
        grid = PositionalEmbedding(GRID * GRID, name="where")(x)
    return keras.Model(pictures, grid, name="image_encoder")


def build_caption_decoder(config: CaptionerConfig) -> keras.Model:
    """The caption decoder, which predicts the next word.

    Returns:
        A model of three inputs: grids float [n, 64, widths[2]], ids int32 [n, s, t] of s sentences about each picture,
        and lengths int32 [n, s], indices into `LENGTHS` → logits float32 [n, s, t, words].
    """
    with dtype_policy(config.precision):
        grid = layers.Input((GRID * GRID, config.widths[2]), name="grid")
        ids = layers.Input((None, None), dtype="int32", name="ids")
        lengths = layers.Input((None,), dtype="int32", name="lengths")
        cells = _memory(config, grid)
        x = layers.Embedding(config.words, config.width, name="embedding")(ids)
        length = layers.Embedding(len(LENGTHS), config.width, name="length")(lengths)
        x = x + ops.expand_dims(length, 2)  # (n, s, t, width)
        x = PositionalEmbedding(max(MAX_LENGTH.values()), name="places")(x)
        for number in range(config.blocks):
            x = Block(config.heads, name=f"block{number}")(x, cells)
        x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
        logits = layers.Dense(config.words, dtype="float32", name="logits")(x)
    return keras.Model([grid, ids, lengths], logits, name="caption_decoder")


def build_discriminator(config: CaptionerConfig) -> keras.Model:
    """The discriminator, which scores a sentence token by token.

    It is built as the caption decoder is, so that it can start from the decoder's weights: see `init_discriminator`.

    Returns:
        A model of two inputs: grids float [n, 64, widths[2]], and tokens one-hot (or relaxed, adding up to 1) float [n,
        s, t, words], all 0 for padding → two scores of each token, float32 [n, s, t, 2], 0 for padding. A sentence's
        scores are their sums: above 0 if it matches the picture (true and well formed), and if it reads as drawn from
        the data.
    """
    with dtype_policy(config.precision):
        grid = layers.Input((GRID * GRID, config.widths[2]), name="grid")
        words = layers.Input((None, None, config.words), name="words")
        cells = _memory(config, grid)
        # Each token is scored given those before it; the first of them is START.
        start = ops.one_hot(ops.full_like(ops.argmax(words[:, :, :1], axis=-1), START), config.words)
        before = ops.concatenate([ops.cast(start, words.dtype), words[:, :, :-1]], axis=2)
        x = layers.Dense(config.width, use_bias=False, name="embedding")(before)
        x = PositionalEmbedding(max(MAX_LENGTH.values()), name="places")(x)
        for number in range(config.blocks):
            x = Block(config.heads, name=f"block{number}")(x, cells)
        x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
        chosen = ops.cast(words, "float32")
        # What each word of the vocabulary would add to a score here; at first nothing.
        adds = [layers.Dense(config.words, kernel_initializer="zeros", dtype="float32", name=name) for name in SCORES]
        scores = ops.stack([ops.sum(add(x) * chosen, axis=-1) for add in adds], axis=-1)  # (n, s, t, 2)
    return keras.Model([grid, words], scores, name="discriminator")


def object_queries(config: CaptionerConfig) -> ObjectQueries:
    return ObjectQueries(ontology.MAX_OBJECTS, config.width, config.heads, config.finding, name="things")


def _memory(config: CaptionerConfig, grid):
    """What words attend to: the cells of the grid and the objects in it, [n, 64 + objects, c]."""
    queries = object_queries(config)
    memory = queries(CoordinateEncoding(name="cells")(grid))
    queries.trainable = False  # only now, so that it holds for all of its layers
    return memory


def init_discriminator(discriminator: keras.Model, decoder: keras.Model) -> None:
    """Give a discriminator the weights of a caption decoder, and token scores of 0."""
    for layer in discriminator.layers:
        if layer.name == "embedding":
            layer.set_weights(decoder.get_layer("embedding").get_weights())  # a table is the kernel of one-hot words
        elif layer.name == "places":  # a discriminator is not given the length: it takes the mean over all lengths
            [places], [length] = (decoder.get_layer(name).get_weights() for name in ("places", "length"))
            layer.set_weights([places + length.mean(axis=0)])
        elif layer.name in SCORES:
            layer.set_weights([np.zeros(weight.shape) for weight in layer.weights])
        elif layer.weights:
            layer.set_weights(decoder.get_layer(layer.name).get_weights())


def calibrate(discriminator: keras.Model, scale: float, offset: float) -> None:
    """Let a discriminator's score of the match become scale · score + offset, once and for all."""
    match = discriminator.get_layer("match")
    kernel, bias = (scale * weight for weight in match.get_weights())
    bias[END] += offset  # which every sentence has once
    match.set_weights([kernel, bias])


def apply_temperature(decoder: keras.Model, temperature: float) -> None:
    """Divide a caption decoder's logits by a temperature above 0, once and for all."""
    logits = decoder.get_layer("logits")
    logits.set_weights([weight / temperature for weight in logits.get_weights()])


@dataclass(frozen=True, eq=False)
class Captioner:
    """The generator, G(picture, z) → sentence: an image encoder, a caption decoder, and their vocabulary."""

    image_encoder: keras.Model
    decoder: CachedDecoder
    vocabulary: Vocabulary

    def __post_init__(self):
        check_vocabulary(self.vocabulary, self.decoder.words)

    def caption(
        self,
        pictures: np.ndarray,
        length: str = "description",
        *,
        z: np.ndarray | None = None,
        temperature: float = 1.0,
    ) -> list[str]:
        """Caption each picture, by greedy decoding or as z decides.

        Args:
            pictures: uint8 [n, h, w, 3]; those that are not of 64×64 pixels are scaled to fit.
            length: one of `LENGTHS`.
            z: float [n, MAX_LENGTH[length]] in [0, 1), as `decoding.sample_noise` gives it; greedy when left out.
            temperature: see `decoding.generate`.

        Raises:
            TypeError, ValueError: not such pictures, another length, a z of another shape, a temperature of 0 or below.
        """
        grids = encode_images(self.image_encoder, pictures)
        return self.detokenize(self.generate(grids, length, z=z, temperature=temperature))

    def sample(
        self,
        pictures: np.ndarray,
        count: int,
        length: str = "description",
        *,
        seed: int = 0,
        top_p: float = 1.0,
        temperature: float = 1.0,
    ) -> list[list[str]]:
        """Draw `count` captions of each picture, 1 or more, which need not all be different.

        Pictures, length, temperature and errors are as for `caption`; seed and top_p as for `decoding.sample_noise`.
        """
        if count < 1:
            raise ValueError(f"count={count}; accepted: 1 draw or more for each picture")
        grids = encode_images(self.image_encoder, pictures)
        z = decoding.sample_noise(len(grids) * count, _max_length(length), seed, top_p)
        texts = self.detokenize(self.generate(np.repeat(grids, count, axis=0), length, z=z, temperature=temperature))
        return [texts[first : first + count] for first in range(0, len(texts), count)]

    def beam(self, pictures: np.ndarray, length: str = "description", *, width: int = 4) -> list[str]:
        """The most probable caption of each picture that beam search finds; see `decoding.beam_search`."""
        return self.beam_features(encode_images(self.image_encoder, pictures), length, width=width)

    def beam_features(self, grids: np.ndarray, length: str, *, width: int) -> list[str]:
        """As `beam`, for encoded pictures [n, 64, c]."""
        inputs = self._inputs(grids, length)
        found = decoding.beam_search(self.decoder, inputs, max_length=MAX_LENGTH[length], width=width)
        return self.vocabulary.decode(found.ids[:, 0])

    def generate(self, grids: np.ndarray, length: str, *, z: np.ndarray | None = None, temperature: float = 1.0):
        """As `caption`, for encoded pictures [n, 64, c], and as ids: `decoding.Generated`."""
        inputs = self._inputs(grids, length)
        return decoding.generate(self.decoder, inputs, max_length=MAX_LENGTH[length], noise=z, temperature=temperature)

    def detokenize(self, generated: decoding.Generated) -> list[str]:
        return self.vocabulary.decode(generated.ids)

    def _inputs(self, grids: np.ndarray, length: str) -> tuple[np.ndarray, np.ndarray]:
        _max_length(length)
        return grids, np.full(len(grids), LENGTHS.index(length), np.int32)


def encode_images(image_encoder: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """Encode pictures uint8 [n, h, w, 3], scaled to fit if they are not of 64×64 pixels: grids, float32 [n, 64, c]."""
    squares, _ = resize.letterbox(pictures, SIDE)
    encode = _compiled(image_encoder)
    parts = [encode(squares[first : first + ENCODING_BATCH]) for first in range(0, len(squares), ENCODING_BATCH)]
    return np.concatenate([np.asarray(part, "float32") for part in parts])


@lru_cache(maxsize=8)
def _compiled(network: keras.Model) -> Callable:
    """A network as a TensorFlow graph, traced once for any number of pictures."""
    inputs = [tf.TensorSpec((None, *each.shape[1:]), each.dtype) for each in network.inputs]

    def predict(*arguments):
        return network(list(arguments) if len(arguments) > 1 else arguments[0], training=False)

    return tf.function(predict, input_signature=inputs)


@dataclass(frozen=True, eq=False)
class Discriminator:
    """D(picture, sentence) → [0, 1]: an image encoder, a network that scores tokens, and their vocabulary."""

    image_encoder: keras.Model
    network: keras.Model
    vocabulary: Vocabulary

    def __post_init__(self):
        check_vocabulary(self.vocabulary, self.network.inputs[1].shape[-1])

    def token_scores(self, pictures: np.ndarray, sentences: list[str]) -> list[list[tuple[str, float]]]:
        """What each token adds to the score of its sentence: below 0 if it is evidence that it does not match.

        Pictures are uint8 [n, h, w, 3], with a sentence of at most 60 tokens for each; words that are not in the
        vocabulary count as <unknown>. The tokens of a sentence include <end>.
        """
        return self.token_scores_of_features(encode_images(self.image_encoder, pictures), sentences)

    def token_scores_of_features(self, grids: np.ndarray, sentences: list[str]) -> list[list[tuple[str, float]]]:
        """As `token_scores`, for encoded pictures [n, 64, c]."""
        ids = self._encode(sentences, len(grids))
        words = self.vocabulary.words
        return [
            [(words[number], float(score)) for number, score in zip(row[1:], scores, strict=True) if number != PAD]
            for row, scores in zip(ids, self._token_scores(grids, ids)[..., 0], strict=True)
        ]

    def score(self, pictures: np.ndarray, sentences: list[str]) -> np.ndarray:
        """The probability that each sentence matches its picture, being true of it and well formed: float32 [n]."""
        return self.score_features(encode_images(self.image_encoder, pictures), sentences)

    def score_features(self, grids: np.ndarray, sentences: list[str], which: str = "match") -> np.ndarray:
        """As `score`, for encoded pictures [n, 64, c].

        With "natural" of `SCORES`, the probability that a sentence was drawn from the data and not generated.
        """
        scores = self._token_scores(grids, self._encode(sentences, len(grids)))
        return probability(scores.sum(axis=1)[:, SCORES.index(which)])

    def _encode(self, sentences: list[str], n: int) -> np.ndarray:
        ids = self.vocabulary.encode(sentences)
        if len(ids) != n:
            raise ValueError(f"{len(ids)} sentences about {n} pictures; accepted: one for each")
        max_length = max(MAX_LENGTH.values())
        if ids.shape[1] - 2 > max_length:
            raise ValueError(f"a sentence of {ids.shape[1] - 2} words; accepted: at most {max_length}")
        return ids[:, : max_length + 1]  # a sentence that was cut at the maximum has no END

    def _token_scores(self, grids: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Of ids [n, t + 1], START first: float32 [n, t, 2]."""
        parts, score = [], _compiled(self.network)
        for first in range(0, len(ids), SCORING_BATCH):
            tokens = ids[first : first + SCORING_BATCH, np.newaxis, 1:]
            words = ops.one_hot(np.where(tokens == PAD, -1, tokens), len(self.vocabulary))
            grid = ops.convert_to_tensor(grids[first : first + SCORING_BATCH])
            parts.append(np.asarray(score(grid, words))[:, 0])
        return np.concatenate(parts)


def passing(scores: np.ndarray, count: int) -> list[int]:
    """The first `count` sentences whose score, float [n], is at least `PASSING`; then, if there are fewer, the best.

    The first and not the best, which would be the shortest and the most alike.
    """
    best = np.argsort(-scores, kind="stable")
    passed = np.flatnonzero(scores >= PASSING)
    return [*passed[:count], *best[len(passed) : count]]


def probability(score):
    """A discriminator's score as a probability, by the sigmoid: any shape → the same, 0 to 1."""
    return 1 / (1 + np.exp(-np.clip(score, -80, 80)))


def card(name: str = "captioner") -> dict:
    """The card of "image_encoder", "captioner" (likelihood-trained), "captioner_gan" or "discriminator"."""
    return weights.card(name)


def shipped_config(name: str = "image_encoder") -> CaptionerConfig:
    """The sizes of one of these networks."""
    return weights.config(name, CaptionerConfig)


def vocabulary() -> Vocabulary:
    """The vocabulary of the shipped weights."""
    return weights.vocabulary("image_encoder")


def load(name: str = "captioner_gan") -> Captioner:
    """The generator with shipped weights: "captioner_gan", fine-tuned, or "captioner", by likelihood alone.

    All callers share it: to train it further, build your own.
    """
    return Captioner(load_image_encoder(), _load_decoder(name), vocabulary())


@weights.load_once
def _load_decoder(name: str, folder: Path) -> CachedDecoder:
    return CachedDecoder(weights.load(name, build_caption_decoder, CaptionerConfig, folder=folder))


def load_discriminator() -> Discriminator:
    """The discriminator with shipped weights, shared as those of `load`."""
    network = weights.load("discriminator", build_discriminator, CaptionerConfig)
    return Discriminator(load_image_encoder(), network, vocabulary())


def load_image_encoder() -> keras.Model:
    """The image encoder with shipped weights, which the networks of lessons 05 to 08 share."""
    return weights.load("image_encoder", build_image_encoder, CaptionerConfig)


def _max_length(length: str) -> int:
    if length not in MAX_LENGTH:
        raise ValueError(f"a length is one of: {', '.join(MAX_LENGTH)}; given was {length!r}")
    return MAX_LENGTH[length]


def check_vocabulary(vocabulary: Vocabulary, words: int) -> None:
    """Raise a ValueError unless a vocabulary has as many words as a network was trained with."""
    if len(vocabulary) != words:
        raise ValueError(
            f"the vocabulary has {len(vocabulary)} words, the weights were trained with {words};"
            " take the one that came with them"
        )
