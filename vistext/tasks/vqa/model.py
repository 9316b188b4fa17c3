"""Lesson 06's networks: QG-Net, E: (x, q) → z and D: z → a, which answers questions about a picture; and its reverse.

The encoder reads a question. Each of its words looks at the other words and, by attention, at the grid of a picture
that an eye has seen; what each has found makes z, one vector for each word (after Yang et al. 2016, "Stacked Attention
Networks for Image Question Answering", arXiv:1511.02274, with the blocks of Vaswani et al. 2017, arXiv:1706.03762). The
decoder sees z and nothing else, and writes the answer word by word. With the answer read and the question written, the
same network asks questions (Wang et al. 2018, "QG-Net: A Data-Driven Question Generation Model for Educational
Content", gave that name to a network that does so from text).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from vistext.data.vocabulary import PAD, Vocabulary, tokenize
from vistext.nn import decoding, weights
from vistext.nn.attention import MASK, Block, CoordinateEncoding, PositionalEmbedding, memory_of
from vistext.nn.decoder import CachedDecoder, padding_mask
from vistext.nn.engine import dtype_policy, keras, tf
from vistext.tasks import captioning
from vistext.tasks.captioning.model import GRID, encode_images

layers = keras.layers
ops = keras.ops

MAX_LENGTH = 24  # words and marks that a text may have, its start and its end included


@dataclass(frozen=True)
class QGNetConfig:
    """What the networks need to know; the defaults are for the drawn world."""

    words: int  # of the vocabulary, the four special ones included
    widths: tuple[int, ...] = (64, 128, 160, 192)  # of the eye, see `describer.DescriberConfig`
    depth: int = 2  # likewise
    width: int = 128  # numbers for each word
    heads: int = 4
    reading: int = 3  # blocks of the encoder: find the words' objects, compare them, look again for what is asked
    writing: int = 1  # blocks of the decoder: it says again what z holds; a second one gained less than it cost
    placed: bool = False  # whether each cell says where it lies, which matters where objects are compared
    precision: str = "float32"  # a Keras dtype policy; training may take a faster one, the weights stay float32


def build_encoder(config: QGNetConfig) -> keras.Model:
    """E: (x, q) → z.

    Args:
        config: its sizes.

    Returns:
        A model of two inputs: grids float [n, 64, widths[2]], and ids int32 [n, s, t] of s texts about each picture,
        START and END included → z float [n, s, t, width]: what each word has found, all 0 for padding.
    """
    with dtype_policy(config.precision):
        grid = layers.Input((GRID * GRID, config.widths[2]), name="grid")
        ids = layers.Input((None, None), dtype="int32", name="ids")
        cells = CoordinateEncoding(name="cells")(grid) if config.placed else grid
        x = layers.Embedding(config.words, config.width, name="read_embedding")(ids)
        x = PositionalEmbedding(MAX_LENGTH, name="read_places")(x)
        padding = ops.where(ops.equal(ids, PAD), MASK, 0.0)  # (n, s, t)
        for number in range(config.reading):
            x = Block(config.heads, causal=False, name=f"read_block{number}")(x, cells, padding)
        x = layers.LayerNormalization(epsilon=1e-5, name="read_norm")(x)
        z = x * ops.cast(ops.not_equal(ids, PAD), x.dtype)[..., None]
    return keras.Model([grid, ids], z, name="encoder")


def build_decoder(config: QGNetConfig) -> keras.Model:
    """D: z → a.

    Args:
        config: its sizes.

    Returns:
        A model of two inputs: z float [n, t, width] of n texts, and ids int32 [n, u] of the words that have been
        written so far, START first → logits float32 [n, u, words] of the next.
    """
    with dtype_policy(config.precision):
        z = layers.Input((None, config.width), name="z")
        ids = layers.Input((None,), dtype="int32", name="ids")
        x = PositionalEmbedding(MAX_LENGTH, name="places")(
            layers.Embedding(config.words, config.width, name="embedding")(ids)
        )
        x = ops.expand_dims(x, 1)  # (n, 1, u, width)
        for number in range(config.writing):
            x = Block(config.heads, name=f"block{number}")(x, z, memory_mask=padding_mask(z))
        x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
        logits = layers.Dense(config.words, dtype="float32", name="logits")(x)[:, 0]
    return keras.Model([z, ids], logits, name="decoder")


def run_encoder(encoder: keras.Model, grid, ids) -> tuple[np.ndarray, np.ndarray]:
    """What the encoder makes of a text about each picture, and where its words look meanwhile.

    Args:
        encoder: as `build_encoder` makes it.
        grid: float32 [n, 64, c].
        ids: int32 [n, t]: a text about each picture.

    Returns:
        z float32 [n, t, width], as the encoder gives it; and float32 [blocks, n, t, 64], which adds up to 1 over the
        cells of each picture.
    """
    z, looked = _compiled_encoder(encoder)(grid, ids)
    return np.asarray(z), np.asarray(looked)


@lru_cache(maxsize=8)
def _compiled_encoder(encoder: keras.Model) -> Callable:
    """`read` in a graph of TensorFlow's, made once for any number of texts of any length."""
    layer, blocks = encoder.get_layer, [each for each in encoder.layers if isinstance(each, Block)]
    remember = memory_of(encoder)
    cells = tf.TensorSpec((None, *encoder.inputs[0].shape[1:]), "float32")

    @tf.function(input_signature=[cells, tf.TensorSpec((None, None), "int32")])
    def see(grid, ids):
        grid, ids, found = remember(grid), ids[:, None], []
        x = layer("read_places")(layer("read_embedding")(ids))
        padding = ops.where(ops.equal(ids, PAD), MASK, 0.0)
        for block in blocks:
            x, weights = block.call_with_weights(x, grid, padding)
            found.append(weights[:, 0])
        words = ops.cast(ops.not_equal(ids, PAD), x.dtype)[..., None]
        return (layer("read_norm")(x) * words)[:, 0], ops.stack(found)

    return see


class QuestionError(ValueError):
    """A question that cannot be answered; the message says to its writer why, and what would do."""


def check(question: str, vocabulary: Vocabulary) -> None:
    """See whether a question can be read.

    Args:
        question: any text.
        vocabulary: the words that the network knows.

    Raises:
        QuestionError: it is empty, too long, or has words that the network does not know.
        TypeError: it is no text.
    """
    if not isinstance(question, str):
        raise TypeError(f"a question is a text; given was {type(question).__name__}")
    tokens = tokenize(question)
    if not any(character.isalnum() for character in question):
        raise QuestionError("There is no question yet. Try: What is the cat sitting on?")
    if len(tokens) + 2 > MAX_LENGTH:
        raise QuestionError(f"{len(tokens)} words and marks are too many; at most {MAX_LENGTH - 2} can be read.")
    if unknown := vocabulary.unknown(question):
        named = ", ".join(f"“{word}”" for word in unknown[:5]) + (", …" if len(unknown) > 5 else "")
        raise QuestionError(f"I never learned {named}. I know {len(vocabulary) - 4} words, those of the drawn world.")


@dataclass(frozen=True)
class Answer:
    """An answer.

    Attributes:
        text: "The cat is sitting on the floor."
        probability: of the whole text, given picture and question, 0 to 1.
        words: its words and marks, in lower case.
        maps: float32 [words, 8, 8]: how much each of them comes from where in the picture, 1 in all.
    """

    text: str
    probability: float
    words: tuple[str, ...]
    attention_maps: np.ndarray


@dataclass(frozen=True, eq=False)
class EncoderDecoder:
    """An eye, an encoder, a decoder, and the words that they know: (picture, text) → text."""

    image_encoder: keras.Model
    encoder: keras.Model
    writing: CachedDecoder
    vocabulary: Vocabulary

    def __post_init__(self):
        for words in (self.writing.words, self.encoder.get_layer("read_embedding").input_dim):
            if len(self.vocabulary) != words:
                raise ValueError(
                    f"the vocabulary has {len(self.vocabulary)} words, the weights were trained with {words};"
                    " take the one that came with them"
                )

    def encode(self, grids: np.ndarray, texts: list[str]) -> np.ndarray:
        """z of texts about pictures that have been looked at: `look`'s grids [n, 64, c] → float32 [n, t, width].

        Raises:
            QuestionError, ValueError: a text cannot be read, or there are not as many as pictures.
        """
        return np.asarray(self.encoder([grids, self._ids(grids, texts)[:, np.newaxis]], training=False))[:, 0]

    def write(
        self, grids: np.ndarray, texts: list[str], *, z: np.ndarray | None = None, temperature: float = 1.0
    ) -> decoding.Generated:
        """What is written, in numbers, about pictures that have been looked at: `look`'s grids [n, 64, c].

        Args:
            grids: of the pictures.
            texts: one about each.
            z: see `decoding.write`, which also says what is returned; this z is of the choice of words, not the
                encoder's.
            temperature: likewise.

        Raises:
            QuestionError, ValueError: a text cannot be read, or there are not as many as pictures.
        """
        memory = self.encode(grids, texts)
        return decoding.generate(self.writing, (memory,), max_length=MAX_LENGTH - 1, noise=z, temperature=temperature)

    def attention_maps(self, grids: np.ndarray, texts: list[str], ids: np.ndarray) -> np.ndarray:
        """Where each word that is written comes from: through the words of z, from the cells that these looked at.

        Args:
            grids: float32 [n, 64, c].
            texts: one about each picture.
            ids: int32 [n, u + 1]: what is written, START first.

        Returns:
            float32 [n, u, 8, 8], which adds up to 1 over the cells.
        """
        return self._trace(*run_encoder(self.encoder, grids, self._ids(grids, texts)), ids)

    def _trace(self, z: np.ndarray, looked: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """The same, once the texts have been read: see `read`."""
        of_z = self.writing.attention_maps(z, ids[:, :-1]).mean(axis=0)  # (n, u, t)
        return (of_z @ looked.mean(axis=0)).reshape(len(ids), -1, GRID, GRID)

    def _ids(self, grids: np.ndarray, texts: list[str]) -> np.ndarray:
        if len(texts) != len(grids):
            raise ValueError(f"{len(texts)} texts about {len(grids)} pictures; accepted: one for each")
        for text in texts:
            check(text, self.vocabulary)
        return self.vocabulary.encode(texts)


class QGNet(EncoderDecoder):
    """E: (picture, question) → z, D: z → answer."""

    def answer(self, pictures: np.ndarray, questions: list[str]) -> list[Answer]:
        """Answer a question about each picture.

        Args:
            pictures: uint8 [n, h, w, 3]; those that are not of 64×64 pixels are scaled to fit.
            questions: one about each.

        Returns:
            n answers, each the likeliest words.

        Raises:
            QuestionError: a question is empty, too long, or has unknown words.
            TypeError, ValueError: not such pictures, or not as many questions.
        """
        grids = encode_images(self.image_encoder, pictures)
        z, looked = run_encoder(self.encoder, grids, self._ids(grids, questions))
        written = decoding.generate(self.writing, (z,), max_length=MAX_LENGTH - 1)
        maps = self._trace(z, looked, written.ids)
        texts, chances = self.vocabulary.decode(written.ids), np.exp(written.log_probabilities.sum(axis=1))
        words = [tuple(tokenize(text)) for text in texts]
        return [
            Answer(text, float(chance), said, places[: len(said)])
            for text, chance, said, places in zip(texts, chances, words, maps, strict=True)
        ]


TRIES = 8  # questions that are drawn for an answer, where each is asked back


class QuestionGenerator(EncoderDecoder):
    """The reverse: (picture, answer) → question."""

    def ask(
        self,
        pictures: np.ndarray,
        answers: list[str],
        *,
        seed: int | None = None,
        top_p: float = 1.0,
        round_trip: QGNet | None = None,
    ) -> list[str]:
        """Ask a question about each picture that is to have a given answer.

        Args:
            pictures: uint8 [n, h, w, 3]; those that are not of 64×64 pixels are scaled to fit.
            answers: one for each picture, short as in `language.Question.short`: "the floor", "two", "yes".
            seed: decides between all that could be asked; when left out, the likeliest words are taken.
            nucleus: with a seed; see `decoding.draw_z`.
            asked_back: with a seed, a network with the same eye that answers what is drawn. Of `TRIES` questions that
                is taken which it answers most surely as was wished for, and if there is none, the first (after Alberti
                et al. 2019, "Synthetic QA Corpora Generation with Roundtrip Consistency", arXiv:1906.05416): which
                bird is meant where there are two, it cannot be sure of.

        Returns:
            n questions.

        Raises:
            QuestionError: an answer is empty, too long, or has unknown words.
            TypeError, ValueError: not such pictures, or not as many answers.
        """
        return self.pose(
            encode_images(self.image_encoder, pictures), answers, seed=seed, top_p=top_p, round_trip=round_trip
        )

    def pose(
        self,
        grids: np.ndarray,
        answers: list[str],
        *,
        seed: int | None = None,
        top_p: float = 1.0,
        round_trip: QGNet | None = None,
    ) -> list[str]:
        """The same for pictures that have been looked at: `look`'s grids [n, 64, c]."""
        if seed is None:
            return self.vocabulary.decode(self.write(grids, answers).ids)
        tries = 1 if round_trip is None else TRIES
        z = decoding.sample_noise(len(grids) * tries, MAX_LENGTH - 1, seed, top_p)
        grids, wishes = np.repeat(grids, tries, axis=0), [answer for answer in answers for _ in range(tries)]
        drawn = self.vocabulary.decode(self.write(grids, wishes, z=z).ids)
        if round_trip is None:
            return drawn
        can = [number for number, text in enumerate(drawn) if _can_be_read(text, round_trip.vocabulary)]
        written = round_trip.write(grids[can], [drawn[number] for number in can])
        said, chances = round_trip.vocabulary.decode(written.ids), np.exp(written.log_probabilities.sum(axis=1))
        surest = np.zeros(len(drawn))
        for number, text, chance in zip(can, said, chances, strict=True):
            surest[number] = chance if contains_answer(text, wishes[number]) else 0
        return [drawn[row * tries + number] for row, number in enumerate(surest.reshape(-1, tries).argmax(axis=1))]


def contains_answer(answer: str, short: str) -> bool:
    """Whether an answer in a sentence holds a short one: its words, one after the other.

    >>> says("The cat is sitting on the floor.", "the floor"), says("There are no dogs.", "none"), says("No.", "yes")
    (True, True, False)
    """
    words, wished = tokenize(answer), tokenize("no" if short == "none" else short)
    return any(words[first : first + len(wished)] == wished for first in range(len(words)))


def _can_be_read(text: str, vocabulary: Vocabulary) -> bool:
    try:
        check(text, vocabulary)
    except QuestionError:
        return False
    return True


def shipped_config(name: str = "qgnet", folder: Path = weights.FOLDER) -> QGNetConfig:
    """The sizes of shipped networks: "qgnet", "question_generator" or "qgnet_easyvqa"."""
    settings = weights.card(name, folder)["config"]
    return QGNetConfig(**settings | {"widths": tuple(settings["widths"])})


def load(name: str = "qgnet", folder: Path = weights.FOLDER) -> QGNet:
    """The answering network with shipped weights.

    Args:
        name: "qgnet" for the drawn world, "qgnet_easyvqa" for that data.
        folder: where its weights and its card are; lesson 05's eye is always that of the package.

    Raises:
        FileNotFoundError, ValueError: the weights are missing or damaged.
    """
    return QGNet(*_shipped(name, folder))


def load_question_generator(folder: Path = weights.FOLDER) -> QuestionGenerator:
    """The asking network with shipped weights; folder, raises: as for `load`."""
    return QuestionGenerator(*_shipped("question_generator", folder))


def _shipped(name: str, folder: Path) -> tuple[keras.Model, keras.Model, CachedDecoder, Vocabulary]:
    config, card = shipped_config(name, folder), weights.card(name, folder)
    encoder, decoder = build_encoder(config), build_decoder(config)
    weights.load_into(joint_model(encoder, decoder), name, folder)
    if card["image_encoder"] == "image_encoder":
        image_encoder = captioning.model.load_image_encoder()
    else:
        image_encoder = captioning.model.build_image_encoder(config)
        weights.load_into(image_encoder, card["image_encoder"], folder)
    return image_encoder, encoder, CachedDecoder(decoder), Vocabulary(tuple(card["words"]))


def joint_model(encoder: keras.Model, decoder: keras.Model) -> keras.Model:
    """Both as one, to train and to save: grids [n, 64, c], texts [n, s, t] and [n, s, u] → logits [n, s, u, words].

    The second texts are what has been written so far.
    """
    grid, read = encoder.inputs
    written = layers.Input((None, None), dtype="int32", name="written")
    logits = decoder([layers.Lambda(_merged)(encoder.outputs[0]), layers.Lambda(_merged)(written)])
    return keras.Model([grid, read, written], layers.Lambda(_parted)([logits, written]), name="qgnet")


def _merged(x):
    """[n, s, ...] → [n · s, ...]"""
    n, s, *rest = (given or found for given, found in zip(x.shape, ops.shape(x), strict=True))
    return ops.reshape(x, (n * s, *rest))


def _parted(both):
    """[n · s, ...] and something of [n, s, ...] → [n, s, ...]"""
    x, like = both
    rest = (given or found for given, found in zip(x.shape[1:], ops.shape(x)[1:], strict=True))
    return ops.reshape(x, (ops.shape(like)[0], ops.shape(like)[1], *rest))
