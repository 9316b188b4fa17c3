"""Lesson 06's networks: QG-Net, E: (x, q) → z and D: z → a, for visual question answering (VQA); and its reverse.

The encoder reads a question. Each of its words attends to the other words and to the grid of an encoded picture; the
result is z, one vector for each word (after Yang et al. 2016, "Stacked Attention Networks for Image Question
Answering", arXiv:1511.02274, with the blocks of Vaswani et al. 2017, arXiv:1706.03762). The decoder attends to z and
nothing else, and generates the answer word by word. With the answer read and the question generated, the same network
asks questions (Wang et al. 2018, "QG-Net: A Data-Driven Question Generation Model for Educational Content", gave that
name to a network that does so from text). Layers keep the names under which the shipped weights are stored.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vistext.data.vocabulary import PAD, Vocabulary, tokenize
from vistext.nn import decoding, weights
from vistext.nn.attention import MASK, Block, CoordinateEncoding, PositionalEmbedding, memory_of
from vistext.nn.decoder import CachedDecoder, padding_mask
from vistext.nn.engine import dtype_policy, keras
from vistext.tasks import captioning
from vistext.tasks.captioning.model import GRID, encode_images

layers = keras.layers
ops = keras.ops

MAX_LENGTH = 24  # tokens of a text, START and END included
TRIES = 8  # questions that are sampled for an answer, with a round-trip consistency filter


@dataclass(frozen=True)
class QGNetConfig:
    """The sizes of the networks; the defaults are for the drawn world."""

    words: int  # of the vocabulary, the four special ones included
    widths: tuple[int, ...] = (64, 128, 160, 192)  # of the image encoder, see `CaptionerConfig`
    depth: int = 2  # likewise
    width: int = 128  # of each word's vector
    heads: int = 4
    reading: int = 3  # blocks of the encoder: find the words' objects, compare them, look again for the answer
    writing: int = 1  # blocks of the decoder; a second one gained less than it cost
    placed: bool = False  # whether cells have a coordinate encoding, which matters where objects are compared
    precision: str = "float32"  # a Keras dtype policy; training may take a faster one, the weights stay float32


def build_encoder(config: QGNetConfig) -> keras.Model:
    """E: (x, q) → z.

    Returns:
        A model of two inputs: grids float [n, 64, widths[2]], and ids int32 [n, s, t] of s texts about each picture,
        START and END included → z float [n, s, t, width], all 0 for padding.
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

    Returns:
        A model of two inputs: z float [n, t, width] of n texts, and ids int32 [n, u] of the words so far, START first →
        logits float32 [n, u, words] of the next.
    """
    with dtype_policy(config.precision):
        z = layers.Input((None, config.width), name="z")
        ids = layers.Input((None,), dtype="int32", name="ids")
        x = layers.Embedding(config.words, config.width, name="embedding")(ids)
        x = PositionalEmbedding(MAX_LENGTH, name="places")(x)
        x = ops.expand_dims(x, 1)  # (n, 1, u, width)
        for number in range(config.writing):
            x = Block(config.heads, name=f"block{number}")(x, z, memory_mask=padding_mask(z))
        x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
        logits = layers.Dense(config.words, dtype="float32", name="logits")(x)[:, 0]
    return keras.Model([z, ids], logits, name="decoder")


def run_encoder(encoder: keras.Model, grid, ids) -> tuple[np.ndarray, np.ndarray]:
    """z of a text about each picture, float32 [n, t, width], and the attention of its words in each block, float32
    [blocks, n, t, 64], which adds up to 1 over the cells; given grids float32 [n, 64, c] and ids int32 [n, t].
    """
    layer, memory, ids, attention = encoder.get_layer, memory_of(encoder)(grid), ids[:, None], []
    x = layer("read_places")(layer("read_embedding")(ids))
    padding = np.where(ids == PAD, MASK, 0.0)
    for block in (layer for layer in encoder.layers if isinstance(layer, Block)):
        x, weights = block.call_with_weights(x, memory, padding)
        attention.append(np.asarray(weights)[:, 0])
    z = layer("read_norm")(x) * (ids != PAD)[..., None].astype("float32")
    return np.asarray(z)[:, 0], np.stack(attention)


class TextError(ValueError):
    """A text that a network cannot read; the message is for the person who typed it, and says what would do."""


def check_text(
    text: str,
    vocabulary: Vocabulary,
    max_length: int = MAX_LENGTH,
    kind: str = "question",
    example: str = "What is the cat sitting on?",
) -> None:
    """Raise a TextError unless a network with this vocabulary can read a text; kind and example are for its message."""
    if not isinstance(text, str):
        raise TypeError(f"a {kind} is a str; given was {type(text).__name__}")
    if not any(character.isalnum() for character in text):
        raise TextError(f"There is no {kind} yet. Try: {example}")
    if (tokens := len(tokenize(text))) > max_length - 2:
        raise TextError(f"{tokens} words and marks are too many; at most {max_length - 2} can be read.")
    if unknown := vocabulary.unknown(text):
        listed = ", ".join(f"“{word}”" for word in unknown[:5]) + (", …" if len(unknown) > 5 else "")
        raise TextError(
            f"Not in the vocabulary: {listed}. It has {len(vocabulary) - 4} words, those of the drawn world."
        )


@dataclass(frozen=True)
class Answer:
    """An answer."""

    text: str  # "The cat is sitting on the floor."
    probability: float  # of the whole text, given picture and question, 0 to 1
    words: tuple[str, ...]  # its tokens, in lower case
    attention_maps: np.ndarray  # float32 [tokens, 8, 8]: the attention of each to the picture, 1 in all


@dataclass(frozen=True, eq=False)
class EncoderDecoder:
    """An image encoder, an encoder, a decoder, and their vocabulary: (picture, text) → text."""

    image_encoder: keras.Model
    encoder: keras.Model
    decoder: CachedDecoder
    vocabulary: Vocabulary

    def __post_init__(self):
        for words in (self.decoder.words, self.encoder.get_layer("read_embedding").input_dim):
            captioning.model.check_vocabulary(self.vocabulary, words)

    def encode(self, grids: np.ndarray, texts: list[str]) -> np.ndarray:
        """z of texts about encoded pictures [n, 64, c]: float32 [n, t, width]; errors as for `generate`."""
        return np.asarray(self.encoder([grids, self._ids(grids, texts)[:, np.newaxis]], training=False))[:, 0]

    def generate(
        self, grids: np.ndarray, texts: list[str], *, z: np.ndarray | None = None, temperature: float = 1.0
    ) -> decoding.Generated:
        """A text about each encoded picture [n, 64, c], given a text, as ids; z and temperature as `decoding.generate`.

        Raises:
            TextError, ValueError: a text cannot be read, or there are not as many as pictures.
        """
        memory = self.encode(grids, texts)
        return decoding.generate(self.decoder, (memory,), max_length=MAX_LENGTH - 1, noise=z, temperature=temperature)

    def attention_maps(self, z: np.ndarray, encoder_attention: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Attention of each generated word to the cells of its picture, through the words of z: float32 [n, u, 8, 8].

        Given the results of `run_encoder`, and what was generated, ids int32 [n, u + 1].
        """
        attention_to_z = self.decoder.attention_maps(z, ids[:, :-1]).mean(axis=0)  # (n, u, t)
        return (attention_to_z @ encoder_attention.mean(axis=0)).reshape(len(ids), -1, GRID, GRID)

    def _ids(self, grids: np.ndarray, texts: list[str]) -> np.ndarray:
        if len(texts) != len(grids):
            raise ValueError(f"{len(texts)} texts about {len(grids)} pictures; accepted: one for each")
        for text in texts:
            check_text(text, self.vocabulary)
        return self.vocabulary.encode(texts)


class QGNet(EncoderDecoder):
    """E: (picture, question) → z, D: z → answer."""

    def answer(self, pictures: np.ndarray, questions: list[str]) -> list[Answer]:
        """Answer a question about each picture, by greedy decoding.

        Args:
            pictures: uint8 [n, h, w, 3]; those that are not of 64×64 pixels are scaled to fit.
            questions: one about each.

        Raises:
            TextError: a question is empty, too long, or has unknown words.
            TypeError, ValueError: not such pictures, or not as many questions.
        """
        grids = encode_images(self.image_encoder, pictures)
        z, attention = run_encoder(self.encoder, grids, self._ids(grids, questions))
        generated = decoding.generate(self.decoder, (z,), max_length=MAX_LENGTH - 1)
        maps = self.attention_maps(z, attention, generated.ids)
        texts, probabilities = self.vocabulary.decode(generated.ids), np.exp(generated.log_probabilities.sum(axis=1))
        words = [tuple(tokenize(text)) for text in texts]
        return [
            Answer(text, float(probability), tokens, picture_maps[: len(tokens)])
            for text, probability, tokens, picture_maps in zip(texts, probabilities, words, maps, strict=True)
        ]


class QuestionGenerator(EncoderDecoder):
    """The reverse: (picture, answer) → question."""

    def ask(self, pictures: np.ndarray, answers: list[str], **sampling) -> list[str]:
        """Ask a question about each picture that has a given answer.

        Args:
            pictures: uint8 [n, h, w, 3]; those that are not of 64×64 pixels are scaled to fit.
            answers: one for each picture, short as in `language.Question.short`: "the floor", "two", "yes".
            sampling: seed, top_p and round_trip, see `ask_features`; when left out, decoding is greedy.

        Raises:
            TextError: an answer is empty, too long, or has unknown words.
            TypeError, ValueError: not such pictures, or not as many answers.
        """
        return self.ask_features(encode_images(self.image_encoder, pictures), answers, **sampling)

    def ask_features(
        self,
        grids: np.ndarray,
        answers: list[str],
        *,
        seed: int | np.random.Generator | None = None,
        top_p: float = 1.0,
        round_trip: QGNet | None = None,
    ) -> list[str]:
        """As `ask`, for encoded pictures [n, 64, c].

        Args:
            grids, answers: one answer for each picture.
            seed: of the sampling; when left out, decoding is greedy.
            top_p: with a seed; see `decoding.sample_noise`.
            round_trip: with a seed, a network with the same image encoder that answers what is sampled. Of `TRIES`
                questions that one is taken which it answers with the given answer with the highest probability, and if
                there is none, the first (after Alberti et al. 2019, "Synthetic QA Corpora Generation with Roundtrip
                Consistency", arXiv:1906.05416).
        """
        if seed is None:
            return self.vocabulary.decode(self.generate(grids, answers).ids)
        tries = 1 if round_trip is None else TRIES
        z = decoding.sample_noise(len(grids) * tries, MAX_LENGTH - 1, seed, top_p)
        grids, wanted = np.repeat(grids, tries, axis=0), [answer for answer in answers for _ in range(tries)]
        questions = self.vocabulary.decode(self.generate(grids, wanted, z=z).ids)
        if round_trip is None:
            return questions
        scores = np.zeros(len(questions))
        readable = [row for row, text in enumerate(questions) if _is_readable(text, round_trip.vocabulary)]
        generated = round_trip.generate(grids[readable], [questions[row] for row in readable])
        texts = round_trip.vocabulary.decode(generated.ids)
        probabilities = np.exp(generated.log_probabilities.sum(axis=1))
        for row, text, probability in zip(readable, texts, probabilities, strict=True):
            scores[row] = probability if contains_answer(text, wanted[row]) else 0
        best = scores.reshape(-1, tries).argmax(axis=1)
        return [questions[row * tries + number] for row, number in enumerate(best)]


def contains_answer(answer: str, short: str) -> bool:
    """Whether the words of a short answer occur in an answer in a sentence, one after the other.

    >>> contains_answer("The cat is sitting on the floor.", "the floor"), contains_answer("No.", "yes")
    (True, False)
    """
    words, wanted = tokenize(answer), tokenize("no" if short == "none" else short)
    return any(words[first : first + len(wanted)] == wanted for first in range(len(words)))


def _is_readable(text: str, vocabulary: Vocabulary) -> bool:
    try:
        check_text(text, vocabulary)
    except TextError:
        return False
    return True


def load(name: str = "qgnet", folder: Path = weights.FOLDER) -> QGNet:
    """The answering network with shipped weights, which all callers share, for the drawn world or "qgnet_easyvqa"."""
    return QGNet(*_load_parts(name, folder=folder))


def load_question_generator(folder: Path = weights.FOLDER) -> QuestionGenerator:
    """The question generator with shipped weights, as `load`."""
    return QuestionGenerator(*_load_parts("question_generator", folder=folder))


@weights.load_once
def _load_parts(name: str, folder: Path) -> tuple[keras.Model, keras.Model, CachedDecoder, Vocabulary]:
    config, image_encoder_name = weights.config(name, QGNetConfig, folder), weights.card(name, folder)["image_encoder"]
    encoder, decoder = build_encoder(config), build_decoder(config)
    weights.load_into(joint_model(encoder, decoder), name, folder)
    if image_encoder_name == "image_encoder":
        image_encoder = captioning.model.load_image_encoder()
    else:
        build = captioning.model.build_image_encoder
        image_encoder = weights.load(image_encoder_name, build, QGNetConfig, folder=folder)
    return image_encoder, encoder, CachedDecoder(decoder), weights.vocabulary(name, folder)


def joint_model(encoder: keras.Model, decoder: keras.Model) -> keras.Model:
    """Both as one: grids [n, 64, c], texts [n, s, t] and targets so far [n, s, u] → logits [n, s, u, words]."""
    grid, read = encoder.inputs
    written = layers.Input((None, None), dtype="int32", name="written")
    logits = decoder([layers.Lambda(_merge)(encoder.outputs[0]), layers.Lambda(_merge)(written)])
    return keras.Model([grid, read, written], layers.Lambda(_split)([logits, written]), name="qgnet")


def _merge(x):  # [n, s, ...] → [n · s, ...]
    n, s, *rest = (static or dynamic for static, dynamic in zip(x.shape, ops.shape(x), strict=True))
    return ops.reshape(x, (n * s, *rest))


def _split(inputs):  # [n · s, ...] and something of [n, s, ...] → [n, s, ...]
    x, like = inputs
    rest = (static or dynamic for static, dynamic in zip(x.shape[1:], ops.shape(x)[1:], strict=True))
    return ops.reshape(x, (ops.shape(like)[0], ops.shape(like)[1], *rest))
