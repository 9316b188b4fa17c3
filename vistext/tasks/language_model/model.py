"""Lesson 03's networks: a sentence goes in, and for each place in it the probability of every word comes out.

One small recurrent network, built in two ways. Reading forwards, it says which word comes next (Mikolov et al. 2010,
"Recurrent neural network based language model"; here with gated units, Cho et al. 2014, arXiv:1406.1078): a language
model, from which sentences can be drawn. Reading both ways, it says which word stands where one is hidden; see
`missing_words`. Either may be given tags beside the text.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vistext.data.vocabulary import END, PAD, START, UNKNOWN, Vocabulary, mask, teacher_forcing
from vistext.nn.engine import keras, tf
from vistext.nn.training import Batches

layers = keras.layers
ops = keras.ops


@dataclass(frozen=True)
class LanguageModelConfig:
    """What `build` needs to know."""

    words: int  # of the vocabulary, the four special ones included
    both_ways: bool = False  # whether each place is told what comes after it, too; then nothing can be sampled
    tags: int = 0  # so many different tags may be given beside the text; 0 for the text alone
    embedding: int = 32  # numbers for each word: enough to tell a hundred words apart, few enough to be looked at
    units: int = 96  # numbers in which what has been read is remembered
    dropout: float = 0.2  # share of these that the last layer must do without while it learns


def build(config: LanguageModelConfig) -> keras.Model:
    """The network.

    Args:
        config: its sizes.

    Returns:
        A model, not compiled: ids int32 [n, length] → logits float32 [n, length, words]; with tags, it takes a list of
        ids and tags float32 [n, tags], 1 for each tag that is given and 0 for the others.
    """
    ids = layers.Input((None,), dtype="int32", name="ids")
    embed = layers.Embedding(config.words, config.embedding, mask_zero=True, name="embedding")
    x = embed(ids)  # (n, length, embedding)
    inputs = [ids]
    if config.tags:
        tags = layers.Input((config.tags,), name="tags")
        inputs.append(tags)
        # Without a bias, no tags are nothing: the network is then the one that was never given any.
        told = layers.Dense(config.embedding, use_bias=False, name="told")(tags)
        x = layers.Add(name="words_and_tags")([x, layers.Reshape((1, config.embedding))(told)])
    reader = layers.GRU(config.units, return_sequences=True, name="reader")
    if config.both_ways:
        reader = layers.Bidirectional(reader, name="reader")
    x = reader(x, mask=embed.compute_mask(ids))  # (n, length, units), twice as many both ways
    x = layers.Dropout(config.dropout, name="dropout")(x)
    logits = layers.Dense(config.words, name="logits")(x)
    return keras.Model(inputs if config.tags else ids, logits, name="words")


def loss() -> keras.losses.Loss:
    """Cross-entropy, averaged over the places whose label is a word; where the label is PAD, nothing is asked."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD)


def accuracy(labels, logits):
    """The share of words that are found, of those that are asked for: int [n, length], [n, length, words] → scalar."""
    asked = ops.cast(ops.not_equal(labels, PAD), "float32")
    right = ops.cast(ops.equal(ops.cast(ops.argmax(logits, axis=-1), labels.dtype), labels), "float32")
    return ops.sum(right * asked) / ops.maximum(ops.sum(asked), 1.0)


@dataclass(eq=False)
class NextWordBatches(Batches):
    """Training batches for a language model: sentences, and at each place the word that comes next.

    Each batch depends on its number and the seed alone, so a training that is resumed sees what it would have seen.

    Args:
        ids: int32 [n, length], as `Vocabulary.encode` gives them.
        tags: float32 [n, tags], for a model that takes them.
        batch_size: sentences in a batch.
        seed: of their order.
    """

    ids: np.ndarray
    tags: np.ndarray | None = None
    batch_size: int = 64
    seed: int = 0

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`, 0, 1, ...: inputs and labels, both int32 [n, length - 1]."""
        chosen = np.random.default_rng((self.seed, step)).integers(0, len(self.ids), self.batch_size)
        words, following = teacher_forcing(self.ids[chosen])
        return (words if self.tags is None else (words, self.tags[chosen])), following


def predict_logits(model: keras.Model, ids: np.ndarray, tags: np.ndarray | None = None, size: int = 1000) -> np.ndarray:
    """What a model says of many sentences, a thousand at a time, so that memory lasts.

    Args:
        model: of either kind.
        ids: int32 [n, length].
        tags: float32 [n, tags], for a model that takes them.
        size: sentences at a time.

    Returns:
        float32 [n, length, words].
    """
    inputs = [ids] if tags is None else [ids, np.asarray(tags, "float32")]
    parts = [[each[begin : begin + size] for each in inputs] for begin in range(0, len(ids), size)]
    return np.concatenate([np.asarray(model(part if len(part) > 1 else part[0], training=False)) for part in parts])


def log_probabilities(model: keras.Model, ids: np.ndarray, tags: np.ndarray | None = None) -> np.ndarray:
    """How likely a language model finds each word, given those before it.

    Args:
        model: reads forwards.
        ids: int32 [n, length].
        tags: float32 [n, tags], for a model that takes them.

    Returns:
        Natural logarithms, float32 [n, length - 1]: column t is about column t + 1 of `ids`. Where that is PAD, the
        number means nothing.
    """
    words, following = teacher_forcing(np.asarray(ids))
    logits = predict_logits(model, words, tags)
    logs = np.asarray(ops.log_softmax(_mask_special(logits)))
    return np.take_along_axis(logs, following[..., np.newaxis], axis=-1)[..., 0]


def perplexity(logs: np.ndarray, ids: np.ndarray) -> float:
    """Among how many equally likely words a model chooses, on average: exp of the mean of -log p.

    The end of each sentence counts as a word, its start and its padding do not. A word outside the vocabulary counts as
    the one word <unknown>; so only models with the same vocabulary may be compared.

    Args:
        logs: natural logarithms [n, length - 1], as `log_probabilities` gives them, of this model or of n-grams.
        ids: integers [n, length] that they are about.

    Returns:
        1, for who always knows the next word, to infinity.

    Raises:
        ValueError: the two do not fit, or there is not one word.
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
    """What may come after the first words of a sentence.

    Args:
        model: reads forwards.
        vocabulary: its words.
        beginning: the first words; none for the start of a sentence.
        temperature: see `sample`; above 0.
        tags: float32 [tags], for a model that takes them.

    Returns:
        The probability of each word, and of <end>, most likely first; they add up to 1.

    Raises:
        ValueError: a temperature of 0 or less.
    """
    if temperature <= 0:
        raise ValueError(f"temperature={temperature}; accepted: above 0")
    ids = vocabulary.encode([beginning])[:, :-1]  # whatever comes, it is not said that the sentence ends here
    logits = predict_logits(model, ids, None if tags is None else np.asarray(tags, "float32")[np.newaxis])[0, -1]
    probabilities = np.asarray(ops.softmax(_mask_special(logits) / temperature))
    return {
        vocabulary.words[number]: float(probabilities[number]) for number in np.argsort(-probabilities, kind="stable")
    }


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
    """Sentences drawn from a language model, word by word, n at a time.

    Args:
        model: reads forwards.
        vocabulary: its words.
        n: how many.
        beginning: the first words of each, to go on from.
        temperature: all logits are divided by it. 1: words come as often as the model finds them likely; less: likely
            ones still more often; 0: always the likeliest; more: all words more alike.
        seed: of the draws.
        tags: float32 [n, tags], for a model that takes them.
        most: words and marks of a sentence; one that has not ended by then is cut.

    Returns:
        n texts, as `Vocabulary.decode` gives them.

    Raises:
        ValueError: a temperature below 0, or a model that reads both ways.
    """
    if temperature < 0:
        raise ValueError(f"temperature={temperature}; accepted: 0 or more")
    reader = model.get_layer("reader")
    if isinstance(reader, layers.Bidirectional):
        raise ValueError("a model that reads both ways cannot write; build one with both_ways=False")
    step = _compiled_step(model)
    nothing = np.zeros((1, model.get_layer("embedding").output_dim), "float32")
    told = nothing if tags is None else model.get_layer("told")(np.asarray(tags, "float32"))
    random = np.random.default_rng(seed)
    state = ops.zeros((n, reader.units))
    begun = vocabulary.encode([beginning])[0, :-1]  # with START, without END
    ids = np.full((n, max(most + 1, len(begun))), PAD, "int32")
    ids[:, : len(begun)] = begun
    for place in range(ids.shape[1] - 1):
        # The state is all that is known of the words so far: only the newest one has to be read.
        possible, state = step(ids[:, place], told, state)
        if place + 1 < len(begun):
            continue
        ended = np.isin(ids[:, place], (END, PAD))
        if ended.all():
            break
        scores = np.asarray(possible, "float64")  # (n, words)
        scores[:, UNKNOWN] = -np.inf
        ids[:, place + 1] = np.where(ended, PAD, _sampled(scores, temperature, random))
    return vocabulary.decode(ids)


@lru_cache(maxsize=8)
def _compiled_step(model: keras.Model) -> Callable:
    """How a model reads one more word, in a graph of TensorFlow's, made once for any number of sentences.

    It takes words int32 [n], what tags tell float32 [n or 1, embedding] and states float32 [n, units], and gives the
    logits [n, words] of the next words, and new states.
    """
    reader, embed, logits = map(model.get_layer, ("reader", "embedding", "logits"))
    words, told, state = (
        tf.TensorSpec((None,), "int32"),
        tf.TensorSpec((None, embed.output_dim), "float32"),
        tf.TensorSpec((None, reader.units), "float32"),
    )

    @tf.function(input_signature=[words, told, state])
    def step(ids, told, state):
        output, [state] = reader.cell(embed(ids) + told, [state])
        return _mask_special(logits(output)), state

    return step


def _sampled(scores: np.ndarray, temperature: float, random: np.random.Generator) -> np.ndarray:
    """One word for each row of logits [n, words].

    Noise from a Gumbel distribution, added to logits, makes each word the highest just as often as its probability says
    (Gumbel 1954): softmax and draw in one step.
    """
    if temperature:
        scores = scores / temperature + random.gumbel(size=scores.shape)
    return scores.argmax(axis=-1)


def _mask_special(logits):
    """Logits [..., words] without the two that no sentence has after its start: PAD and START."""
    never = np.zeros(logits.shape[-1], "float32")
    never[[PAD, START]] = np.inf
    return logits - never
