"""Lesson 03's network: a sentence in, the logits of every word at each place of it out.

Reading forwards, it predicts the next word: a language model (Mikolov et al. 2010, "Recurrent neural network based
language model"; with the gated units of Cho et al. 2014, arXiv:1406.1078). Reading both ways, it predicts masked words.
"""

from dataclasses import dataclass

import numpy as np

from vistext.data.vocabulary import END, PAD, START, UNKNOWN, Vocabulary, mask, teacher_forcing
from vistext.nn.engine import keras
from vistext.nn.training import Batches, masked_mean

layers = keras.layers
ops = keras.ops


@dataclass(frozen=True)
class LanguageModelConfig:
    """The sizes of the network."""

    words: int  # of the vocabulary, the four special ones included
    bidirectional: bool = False  # whether it also reads backwards; then nothing can be sampled
    tags: int = 0  # so many different tags may be given beside the text; 0 for the text alone
    embedding: int = 32  # enough to tell a hundred words apart, few enough to be looked at
    units: int = 96  # of the recurrent state
    dropout: float = 0.2


def build(config: LanguageModelConfig) -> keras.Model:
    """The network, not compiled: ids int32 [n, length] → logits float32 [n, length, words].

    With tags, it takes a list of ids and tags float32 [n, tags], 1 for each tag that is given and 0 for the others.
    """
    ids = layers.Input((None,), dtype="int32", name="ids")
    embed = layers.Embedding(config.words, config.embedding, mask_zero=True, name="embedding")
    x = embed(ids)  # (n, length, embedding)
    inputs = [ids]
    if config.tags:
        tags = layers.Input((config.tags,), name="tags")
        inputs.append(tags)
        # Without a bias, a network that is given no tags is the one that was built without them.
        tag_vector = layers.Dense(config.embedding, use_bias=False, name="tag_embedding")(tags)
        x = layers.Add(name="words_and_tags")([x, layers.Reshape((1, config.embedding))(tag_vector)])
    reader = layers.GRU(config.units, return_sequences=True, name="gru")
    if config.bidirectional:
        reader = layers.Bidirectional(reader, name="gru")
    x = reader(x, mask=embed.compute_mask(ids))  # (n, length, units), twice as many both ways
    x = layers.Dropout(config.dropout, name="dropout")(x)
    logits = layers.Dense(config.words, name="logits")(x)
    return keras.Model(inputs if config.tags else ids, logits, name="words")


def loss() -> keras.losses.Loss:
    """Cross-entropy, averaged over the places whose label is not PAD."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD)


def accuracy(labels, logits):
    """The share of right words where the label is not PAD: int [n, length], [n, length, words] → scalar."""
    right = ops.equal(ops.cast(ops.argmax(logits, axis=-1), labels.dtype), labels)
    return masked_mean(right, ops.not_equal(labels, PAD))


@dataclass(eq=False)
class NextWordBatches(Batches):
    """Training batches for a language model; each depends on its number and the seed alone."""

    ids: np.ndarray  # int32 [n, length], as `Vocabulary.encode` gives them
    tags: np.ndarray | None = None  # float32 [n, tags], for a model that takes them
    batch_size: int = 64  # sentences in a batch
    seed: int = 0

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`, 0, 1, ...: inputs and labels, both int32 [n, length - 1]."""
        chosen = np.random.default_rng((self.seed, step)).integers(0, len(self.ids), self.batch_size)
        words, following = teacher_forcing(self.ids[chosen])
        return (words if self.tags is None else (words, self.tags[chosen])), following


def predict_logits(model: keras.Model, ids: np.ndarray, tags: np.ndarray | None = None, size: int = 1000) -> np.ndarray:
    """The logits of either model, float32 [n, length, words], by batches, so that memory suffices."""
    inputs = [ids] if tags is None else [ids, np.asarray(tags, "float32")]
    batches = [[array[begin : begin + size] for array in inputs] for begin in range(0, len(ids), size)]
    logits = [model(batch if len(batch) > 1 else batch[0], training=False) for batch in batches]
    return np.concatenate([np.asarray(part) for part in logits])


def log_probabilities(model: keras.Model, ids: np.ndarray, tags: np.ndarray | None = None) -> np.ndarray:
    """The log probability of each word of ids int32 [n, length] given those before it, by a model that reads forwards.

    Natural logarithms, float32 [n, length - 1]: column t is about column t + 1 of `ids`; meaningless for PAD.
    """
    words, following = teacher_forcing(np.asarray(ids))
    logs = np.asarray(ops.log_softmax(_mask_special(predict_logits(model, words, tags))))
    return np.take_along_axis(logs, following[..., np.newaxis], axis=-1)[..., 0]


def perplexity(logs: np.ndarray, ids: np.ndarray) -> float:
    """The number of equally probable words that a model chooses among, on average: exp of the mean of -log p.

    The end of each sentence counts as a word, its start and its padding do not. A word outside the vocabulary counts as
    the one word <unknown>; so only models with the same vocabulary may be compared.

    `logs` [n, length - 1] are as `log_probabilities` gives them for `ids` [n, length], by this model or by n-grams.
    """
    logs, counted = np.asarray(logs, "float64"), mask(ids)[:, 1:]
    if logs.shape != counted.shape:
        raise ValueError(
            f"logs are [n, length - 1] for ids [n, length]; given were {list(logs.shape)} for {list(np.shape(ids))}"
        )
    if not counted.any():
        raise ValueError("perplexity is a mean over words; given was not one sentence")
    return float(np.exp(-logs[counted].mean()))


def next_word_probabilities(
    model: keras.Model, vocabulary: Vocabulary, beginning: str = "", *, temperature: float = 1.0, tags=None
) -> dict[str, float]:
    """The probability of each word, and of <end>, after the first words of a sentence, the most probable first.

    Model, beginning, temperature (above 0) and tags (float32 [tags]) are as for `sample`.
    """
    if temperature <= 0:
        raise ValueError(f"temperature={temperature}; accepted: above 0")
    ids = vocabulary.encode([beginning])[:, :-1]  # without END
    logits = predict_logits(model, ids, None if tags is None else np.asarray(tags, "float32")[np.newaxis])[0, -1]
    return rank_words(vocabulary, _mask_special(logits) / temperature)


def rank_words(vocabulary: Vocabulary, logits: np.ndarray) -> dict[str, float]:
    """The probability of each word by its logits [words], the most probable first."""
    probabilities = np.asarray(ops.softmax(logits))
    ranked = np.argsort(-probabilities, kind="stable")
    return {vocabulary.words[number]: float(probabilities[number]) for number in ranked}


def sample(
    model: keras.Model,
    vocabulary: Vocabulary,
    n: int,
    *,
    beginning: str = "",
    temperature: float = 1.0,
    seed: int = 0,
    tags: np.ndarray | None = None,
    most: int = 30,
) -> list[str]:
    """Sentences sampled from a language model.

    Args:
        model: reads forwards.
        vocabulary: its words.
        n: how many.
        beginning: the first words of each, to go on from.
        temperature: divides all logits. 1: words as often as they are probable; less: probable words more often; 0:
            always the most probable (greedy); more: closer to uniform.
        seed: of the draws.
        tags: float32 [n, tags], for a model that takes them.
        most: the largest number of tokens; a sentence that has not ended by then is cut.
    """
    if temperature < 0:
        raise ValueError(f"temperature={temperature}; accepted: 0 or more")
    reader = model.get_layer("gru")
    if isinstance(reader, layers.Bidirectional):
        raise ValueError("a model that reads both ways cannot generate; build one with bidirectional=False")
    embed, to_logits = model.get_layer("embedding"), model.get_layer("logits")
    tag_vectors = 0.0 if tags is None else model.get_layer("tag_embedding")(np.asarray(tags, "float32"))
    rng = np.random.default_rng(seed)
    state = ops.zeros((n, reader.units))
    begun = vocabulary.encode([beginning])[0, :-1]  # with START, without END
    ids = np.full((n, max(most + 1, len(begun))), PAD, "int32")
    ids[:, : len(begun)] = begun
    for place in range(ids.shape[1] - 1):
        # The state holds all that was read before: only the newest word is new.
        output, [state] = reader.cell(embed(ids[:, place]) + tag_vectors, [state])
        if place + 1 < len(begun):
            continue
        ended = np.isin(ids[:, place], (END, PAD))
        if ended.all():
            break
        logits = np.array(_mask_special(to_logits(output)), "float64")  # (n, words)
        logits[:, UNKNOWN] = -np.inf
        if temperature:  # the Gumbel-max trick (Gumbel 1954)
            logits = logits / temperature + rng.gumbel(size=logits.shape)
        ids[:, place + 1] = np.where(ended, PAD, logits.argmax(axis=-1))
    return vocabulary.decode(ids)


def _mask_special(logits):
    """Logits [..., words] with PAD and START, which are never generated, at minus infinity."""
    penalty = np.zeros(logits.shape[-1], "float32")
    penalty[[PAD, START]] = np.inf
    return logits - penalty
