"""Lesson 05's networks: an eye that looks at a picture, a writer that says what it sees, a judge that hears both.

The eye is the body of lesson 02's detector, cut off at a grid of 8 × 8 cells. The writer is a small decoder with
attention over that grid (after Xu et al. 2015, "Show, Attend and Tell", arXiv:1502.03044, with the blocks of Vaswani et
al. 2017, arXiv:1706.03762): given the words so far, it says how likely each word is to come next. Eye and writer
together are the generator, G(picture, z) → sentence; see `vistext.nn.decoding` for what z is. The judge is the
discriminator, D(picture, sentence) → [0, 1] (Dai et al. 2017, "Towards Diverse and Natural Image Descriptions via
a Conditional GAN", arXiv:1703.06029).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vistext.data.vocabulary import PAD, START, Vocabulary
from vistext.nn import decoding, resize, weights
from vistext.nn.attention import Block, CoordinateEncoding, ObjectQueries, PositionalEmbedding
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import dtype_policy, keras, tf
from vistext.nn.unet import stem, unet
from vistext.scenes import language, ontology

layers = keras.layers
ops = keras.ops

SIDE = 64  # of the pictures that they know
GRID = 8  # cells along a side
LENGTHS = tuple(language.LENGTHS)  # what is told apart by a number: title, description, story
ENCODING_BATCH = 64  # pictures; more no longer fit into the processor's cache
SCORING_BATCH = 250  # sentences
MAX_LENGTH = {"title": 24, "description": 32, "story": 60}  # words and marks, the end included; what is longer is cut


@dataclass(frozen=True)
class CaptionerConfig:
    """What the three networks need to know; each default is that of the shipped weights."""

    words: int  # of the vocabulary, the four special ones included
    widths: tuple[int, ...] = (64, 128, 160, 192)  # the detector's, from whose body the eye starts
    depth: int = 2  # likewise
    width: int = 128  # numbers for each word of a sentence
    heads: int = 4
    blocks: int = 3  # of writer and judge: one finds the objects, the others compare them ("the", "two", "left of")
    finding: int = 3  # blocks that find the objects, at which writer and judge look beside the cells; see `Objects`
    precision: str = "float32"  # a Keras dtype policy; training may take a faster one, the weights stay float32


def build_image_encoder(config: CaptionerConfig) -> keras.Model:
    """The network that looks.

    Args:
        config: its sizes.

    Returns:
        A model: pictures uint8 [n, 64, 64, 3] → what is seen in each of 64 cells, row by row, float [n, 64, widths[2]].
    """
    with dtype_policy(config.precision):
        pictures = layers.Input((SIDE, SIDE, 3), dtype="uint8", name="pictures")
        x = stem(pictures, config.widths[0])  # (n, 32, 32, widths[0])
        x = unet(x, config.widths, up_to=2, depth=config.depth)  # (n, 8, 8, widths[2])
        x = layers.Reshape((GRID * GRID, config.widths[2]), name="cells")(x)
        grid = PositionalEmbedding(GRID * GRID, name="where")(x)
    return keras.Model(pictures, grid, name="image_encoder")


def build_caption_decoder(config: CaptionerConfig) -> keras.Model:
    """The network that says which word comes next.

    Args:
        config: its sizes.

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
    return keras.Model([grid, ids, lengths], logits, name="writer")


def build_discriminator(config: CaptionerConfig) -> keras.Model:
    """The network that tells what people say of a picture from what they do not.

    Every word, after those before it and with the picture in view, speaks for the sentence or against it; the score is
    the sum. It is built as the writer is, so that it can start from what the writer has learned: see `start_judge`.

    Args:
        config: its sizes.

    Returns:
        A model of two inputs: grids float [n, 64, widths[2]], and words float [n, s, t, words]: 1 for the word of each
        place, or shares that add up to 1, and 0 for all words where there is none (padding) → for each place what it
        adds to the score, float32 [n, s, t], 0 for padding.
    """
    with dtype_policy(config.precision):
        grid = layers.Input((GRID * GRID, config.widths[2]), name="grid")
        words = layers.Input((None, None, config.words), name="words")
        cells = _memory(config, grid)
        # A word is heard after those before it: START stands where the first of these would be.
        start = ops.one_hot(ops.full_like(ops.argmax(words[:, :, :1], axis=-1), START), config.words)
        before = ops.concatenate([ops.cast(start, words.dtype), words[:, :, :-1]], axis=2)
        x = layers.Dense(config.width, use_bias=False, name="embedding")(before)
        x = PositionalEmbedding(max(MAX_LENGTH.values()), name="places")(x)
        for number in range(config.blocks):
            x = Block(config.heads, name=f"block{number}")(x, cells)
        x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
        # What each word would add here; at first nothing.
        adds = layers.Dense(config.words, kernel_initializer="zeros", dtype="float32", name="adds")(x)
        evidence = ops.sum(adds * ops.cast(words, "float32"), axis=-1)
    return keras.Model([grid, words], evidence, name="discriminator")


def object_queries(config: CaptionerConfig) -> ObjectQueries:
    """What finds the objects that writer and judge look at; see `experiments.finding` for how it learns to."""
    return ObjectQueries(ontology.MAX_OBJECTS, config.width, config.heads, config.finding, name="things")


def _memory(config: CaptionerConfig, grid):
    """What words look at: the cells of the grid, and the objects in it, which are found first; see `Objects`."""
    finder = object_queries(config)
    remembered = finder(CoordinateEncoding(name="cells")(grid))
    finder.trainable = False  # only now, so that it holds for all of its layers
    return remembered


def init_discriminator(judge: keras.Model, writer: keras.Model) -> None:
    """Give a judge what a writer has learned of words and pictures; what it thinks of them it has yet to learn."""
    for layer in judge.layers:
        if layer.name == "embedding":
            layer.set_weights(writer.get_layer("embedding").get_weights())  # a table is the kernel of one-hot words
        elif layer.name == "places":  # a judge is not told the length: to it, all are as the mean of them
            [places], [length] = (writer.get_layer(name).get_weights() for name in ("places", "length"))
            layer.set_weights([places + length.mean(axis=0)])
        elif layer.name == "adds":
            layer.set_weights([np.zeros(weight.shape) for weight in layer.weights])
        elif layer.weights:
            layer.set_weights(writer.get_layer(layer.name).get_weights())


def apply_temperature(writer: keras.Model, temperature: float) -> None:
    """Make a writer speak from now on as it spoke at a temperature above 0: its logits are divided by that."""
    logits = writer.get_layer("logits")
    logits.set_weights([weight / temperature for weight in logits.get_weights()])


@dataclass(frozen=True, eq=False)
class Captioner:
    """The generator, G(picture, z) → sentence: an eye, a writer, and the words that it knows."""

    image_encoder: keras.Model
    writing: CachedDecoder
    vocabulary: Vocabulary

    def __post_init__(self):
        _agree(self.vocabulary, self.writing.words)

    def caption(
        self,
        pictures: np.ndarray,
        length: str = "description",
        *,
        z: np.ndarray | None = None,
        temperature: float = 1.0,
    ) -> list[str]:
        """Say something about each picture.

        Args:
            pictures: uint8 [n, h, w, 3]; those that are not of 64×64 pixels are scaled to fit.
            length: one of `LENGTHS`.
            z: float [n, MOST[length]] in [0, 1), as `decoding.draw_z` gives it: what decides between all that could be
                said. When left out, at each place the likeliest word is said.
            temperature: see `decoding.write`.

        Returns:
            n sentences (or titles, or stories).

        Raises:
            TypeError, ValueError: not such pictures, another length, a z of another shape, a temperature of 0 or below.
        """
        grids = encode_images(self.image_encoder, pictures)
        return self.decode(self.write(grids, length, z=z, temperature=temperature))

    def draw(
        self,
        pictures: np.ndarray,
        count: int,
        length: str = "description",
        *,
        seed: int = 0,
        top_p: float = 1.0,
        temperature: float = 1.0,
    ) -> list[list[str]]:
        """Say several objects about each picture.

        Args:
            pictures: as for `describe`.
            count: how many, 1 or more; not all need be different.
            length: one of `LENGTHS`.
            seed: of z.
            nucleus: see `decoding.draw_z`.
            temperature: see `decoding.write`.

        Returns:
            n lists of `count` sentences.

        Raises:
            TypeError, ValueError: as `describe`; also a count below 1.
        """
        if count < 1:
            raise ValueError(f"count={count}; accepted: 1 draw or more for each picture")
        grids = encode_images(self.image_encoder, pictures)
        z = decoding.sample_noise(len(grids) * count, _max_length(length), seed, top_p)
        said = self.decode(self.write(np.repeat(grids, count, axis=0), length, z=z, temperature=temperature))
        return [said[first : first + count] for first in range(0, len(said), count)]

    def best(self, pictures: np.ndarray, length: str = "description", *, width: int = 4) -> list[str]:
        """The likeliest sentence about each picture that a beam of some width finds; see `decoding.beam`."""
        return self.search(encode_images(self.image_encoder, pictures), length, width=width)

    def search(self, grids: np.ndarray, length: str, *, width: int) -> list[str]:
        """The same for pictures that have been looked at: `look`'s grids [n, 64, c]."""
        found = decoding.beam_search(
            self.writing, (grids, self._asked(grids, length)), max_length=_max_length(length), width=width
        )
        return self.vocabulary.decode(found.ids[:, 0])

    def write(self, grids: np.ndarray, length: str, *, z: np.ndarray | None = None, temperature: float = 1.0):
        """The same for pictures that have been looked at: `look`'s grids [n, 64, c] → `decoding.Written`."""
        inputs = (grids, self._asked(grids, length))
        return decoding.generate(self.writing, inputs, max_length=_max_length(length), noise=z, temperature=temperature)

    def decode(self, written: decoding.Generated) -> list[str]:
        """What has been written, as sentences."""
        return self.vocabulary.decode(written.ids)

    def _asked(self, grids: np.ndarray, length: str) -> np.ndarray:
        _max_length(length)
        return np.full(len(grids), LENGTHS.index(length), np.int32)


def encode_images(image_encoder: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """What the eye sees in pictures, as the writer and the judge take it.

    Args:
        eye: as `build_eye` makes it.
        pictures: uint8 [n, h, w, 3]; those that are not of 64×64 pixels are scaled to fit.

    Returns:
        float32 [n, 64, c].

    Raises:
        TypeError, ValueError: not such pictures.
    """
    squares, _ = resize.letterbox(pictures, SIDE)
    see = _compiled(image_encoder)
    parts = [see(squares[first : first + ENCODING_BATCH]) for first in range(0, len(squares), ENCODING_BATCH)]
    return np.concatenate([np.asarray(part, "float32") for part in parts])


@lru_cache(maxsize=8)
def _compiled(network: keras.Model) -> Callable:
    """A network in a graph of TensorFlow's, made once for any number of pictures.

    It takes an eye two thirds of the time, and a judge a tenth, who hears one sentence: what Keras does around each of
    many small layers takes longer than the layers.
    """
    inputs = [tf.TensorSpec((None, *each.shape[1:]), each.dtype) for each in network.inputs]

    def called(*given):
        return network(list(given) if len(given) > 1 else given[0], training=False)

    return tf.function(called, input_signature=inputs)


@dataclass(frozen=True, eq=False)
class Discriminator:
    """The discriminator, D(picture, sentence) → [0, 1]: the same eye, a network that judges, and the words it knows."""

    image_encoder: keras.Model
    network: keras.Model
    vocabulary: Vocabulary

    def __post_init__(self):
        _agree(self.vocabulary, self.network.inputs[1].shape[-1])

    def token_scores(self, pictures: np.ndarray, sentences: list[str]) -> list[list[tuple[str, float]]]:
        """What each word of a sentence adds to its score: above 0 it speaks for the sentence, below against it.

        Args:
            pictures: uint8 [n, h, w, 3].
            sentences: one for each; words that the judge does not know count as the one word <unknown>.

        Returns:
            For each sentence its words and marks, the end included, with what each adds.

        Raises:
            TypeError, ValueError: not such pictures, not as many sentences, or one of more than 60 words and marks.
        """
        return self.token_scores_of_features(encode_images(self.image_encoder, pictures), sentences)

    def token_scores_of_features(self, grids: np.ndarray, sentences: list[str]) -> list[list[tuple[str, float]]]:
        """The same for pictures that have been looked at: `look`'s grids [n, 64, c]."""
        ids = self._encode(sentences, len(grids))
        names = self.vocabulary.words
        return [
            [(names[number], float(value)) for number, value in zip(row[1:], values, strict=True) if number != PAD]
            for row, values in zip(ids, self._heard(grids, ids), strict=True)
        ]

    def score(self, pictures: np.ndarray, sentences: list[str]) -> np.ndarray:
        """How likely it is that a person said each sentence about its picture, the judge finds: float32 [n], 0 to 1.

        Args, raises: as for `evidence`.
        """
        return self.score_features(encode_images(self.image_encoder, pictures), sentences)

    def score_features(self, grids: np.ndarray, sentences: list[str]) -> np.ndarray:
        """The same for pictures that have been looked at: `look`'s grids [n, 64, c]."""
        return probability(self._heard(grids, self._encode(sentences, len(grids))).sum(axis=-1))

    def choose(self, pictures: np.ndarray, draws: list[list[str]]) -> list[str]:
        """Of several sentences about each picture, the one that the judge finds likeliest."""
        grids, counts = encode_images(self.image_encoder, pictures), [len(each) for each in draws]
        if len(draws) != len(grids) or 0 in counts:
            raise ValueError(f"draws for {len(draws)} of {len(grids)} pictures; accepted: 1 or more for each picture")
        said = [sentence for each in draws for sentence in each]
        scores = np.split(self.score_features(np.repeat(grids, counts, axis=0), said), np.cumsum(counts)[:-1])
        return [each[int(one.argmax())] for each, one in zip(draws, scores, strict=True)]

    def _encode(self, sentences: list[str], n: int) -> np.ndarray:
        ids = self.vocabulary.encode(sentences)
        if len(ids) != n:
            raise ValueError(f"{len(ids)} sentences about {n} pictures; accepted: one for each")
        most = max(MAX_LENGTH.values())
        if ids.shape[1] - 2 > most:
            raise ValueError(f"a sentence of {ids.shape[1] - 2} words; accepted: at most {most}")
        return ids[:, : most + 1]  # what was written until it was cut has no end

    def _heard(self, grids: np.ndarray, ids: np.ndarray) -> np.ndarray:
        parts, hear = [], _compiled(self.network)
        for first in range(0, len(ids), SCORING_BATCH):
            some = ids[first : first + SCORING_BATCH, np.newaxis, 1:]
            words = ops.one_hot(np.where(some == PAD, -1, some), len(self.vocabulary))
            seen = ops.convert_to_tensor(grids[first : first + SCORING_BATCH])
            parts.append(np.asarray(hear(seen, words))[:, 0])
        return np.concatenate(parts) if parts else np.zeros((0, ids.shape[1] - 1), np.float32)


def probability(score):
    """A judge's score as a probability, by the sigmoid: any shape → the same, 0 to 1."""
    return 1 / (1 + np.exp(-np.clip(score, -80, 80)))


def card(name: str = "captioner") -> dict:
    """The card of shipped weights: "image_encoder", "captioner" (by likelihood), "captioner_gan" or "discriminator"."""
    return weights.card(name)


def vocabulary() -> Vocabulary:
    """The words that the shipped weights know."""
    return Vocabulary(tuple(card("image_encoder")["words"]))


def load(name: str = "captioner_gan") -> Captioner:
    """The generator with shipped weights: "captioner_gan", taught by the judge, or "captioner", by likelihood alone.

    Raises:
        FileNotFoundError, ValueError: the weights are missing or damaged.
    """
    writer = build_caption_decoder(shipped_config(name))
    weights.load_into(writer, name)
    return Captioner(load_image_encoder(), CachedDecoder(writer), vocabulary())


def load_discriminator() -> Discriminator:
    """The discriminator with shipped weights.

    Raises:
        FileNotFoundError, ValueError: the weights are missing or damaged.
    """
    network = build_discriminator(shipped_config("discriminator"))
    weights.load_into(network, "discriminator")
    return Discriminator(load_image_encoder(), network, vocabulary())


def shipped_config(name: str = "image_encoder") -> CaptionerConfig:
    """The sizes of a shipped network: "image_encoder", "captioner", "captioner_gan" or "discriminator"."""
    settings = card(name)["config"]
    return CaptionerConfig(**settings | {"widths": tuple(settings["widths"])})


def load_image_encoder() -> keras.Model:
    """The eye with shipped weights, which the networks of lessons 05 to 08 see with.

    Raises:
        FileNotFoundError, ValueError: the weights are missing or damaged.
    """
    image_encoder = build_image_encoder(shipped_config())
    weights.load_into(image_encoder, "image_encoder")
    return image_encoder


def _max_length(length: str) -> int:
    if length not in MAX_LENGTH:
        raise ValueError(f"a length is one of: {', '.join(MAX_LENGTH)}; given was {length!r}")
    return MAX_LENGTH[length]


def _agree(vocabulary: Vocabulary, words: int) -> None:
    if len(vocabulary) != words:
        raise ValueError(
            f"the vocabulary has {len(vocabulary)} words, the weights were trained with {words};"
            " take the one that came with them"
        )
