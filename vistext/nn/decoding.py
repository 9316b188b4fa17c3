"""Greedy decoding, sampling and beam search, for any network that predicts the next word (`Decoder`).

The loop over the words is compiled, and goes on for a whole batch until each of its sentences has ended.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary, proxy

import numpy as np

from vistext.data.vocabulary import END, PAD, START, UNKNOWN
from vistext.nn.engine import tf


class Decoder(Protocol):
    """What `generate` and `beam_search` need of a network: an object of an ordinary class, or a `keras.Model`.

    The loops that they compile for it live as long as it does: so make one and keep it. Both methods are traced:
    nothing but TensorFlow or `keras.ops` in them, and weights only as variables.

    Attributes:
        words: the size of its vocabulary; PAD, START, END and UNKNOWN are its first four.
    """

    words: int

    def init_cache(self, *inputs, max_length: int) -> Any:
        """The state before the first word: tensors in tuples, lists or dicts, each of shape [n, ...].

        `inputs` are tensors of n rows. Shapes stay as they are here; so there must be room for `max_length` words.
        """

    def step(self, ids, place, cache: Any) -> tuple:
        """Logits [n, words] of the word after this one, and the state from here on.

        `ids` int32 [n] are the newest words, `place` int32 [] is how many came before them: 0 for START. What is
        predicted after the end of a sentence (`ids` holds END or PAD) is not used.
        """


class Generated(NamedTuple):
    """A sentence for each of n rows."""

    ids: np.ndarray  # int32 [n, max_length + 1]: START, words, END, and PAD from there on; no END where it was cut
    # float32 [n, max_length]: natural logarithms, of each word (the END too), given those before it; 0 after the END.
    # At temperature 1, whatever the words were drawn at, and among the words that can be chosen.
    log_probabilities: np.ndarray


class Beams(NamedTuple):
    """Some sentences for each of n rows, the best first; empty ones if there are not so many."""

    ids: np.ndarray  # int32 [n, width, max_length + 1]: each as in `Generated`
    log_probabilities: np.ndarray  # float32 [n, width]: of whole sentences; -inf for those that there are not


def generate(
    decoder: Decoder,
    inputs: tuple,
    *,
    max_length: int,
    noise: np.ndarray | None = None,
    temperature: float = 1.0,
) -> Generated:
    """One sentence for each row of the inputs, whose words are decided by the noise.

    At each place the words are laid end to end, the most probable first, each as long as its probability; the word in
    whose stretch the noise lies is taken. So 0 always takes the most probable (greedy), uniform noise draws each word
    with its probability (sampling), and uniform noise below p draws from the probable ones alone (nucleus sampling,
    Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", arXiv:1904.09751; but the last of these words
    keeps only the part of its stretch that lies below p). The same inputs and noise give the same sentences.

    Args:
        decoder: the network.
        inputs: of the network, arrays of n rows each.
        max_length: words of a sentence, its END included, 1 or more; what has not ended by then is cut.
        noise: float [n, max_length] in [0, 1), as `sample_noise` gives it; zeros when left out.
        temperature: divides all logits, above 0. Less than 1 makes probable words more probable. Without noise it
            changes nothing.

    Returns:
        n sentences. PAD (before an END), START and UNKNOWN are never chosen.
    """
    inputs, n = _rows(inputs, max_length)
    if not 0 < temperature < np.inf:
        raise ValueError(f"temperature={temperature}; accepted: above 0; for the most probable words, leave noise out")
    noise = np.zeros((n, max_length)) if noise is None else np.asarray(noise)
    if noise.shape != (n, max_length):
        shape = list(noise.shape)
        raise ValueError(f"noise has the shape {shape}; accepted: [{n}, {max_length}], one for each row and word")
    if not np.all((noise >= 0) & (noise < 1)):
        raise ValueError(f"noise from {noise.min()} to {noise.max()}; accepted: 0 or more, and below 1")
    if not n:
        return Generated(np.zeros((0, max_length + 1), "int32"), np.zeros((0, max_length), "float32"))
    below_one = np.nextafter(np.float32(1), np.float32(0))  # 0.99999999 would be rounded to 1
    finite = np.float32(np.clip(temperature, 1e-37, 1e37))  # what is beyond is 0 or infinite to TensorFlow
    draws = np.minimum(noise.astype("float32"), below_one)
    return Generated(*_run(_sampling_loop, decoder, (max_length,), inputs, draws, finite))


def sample_noise(n: int, max_length: int, seed: int | np.random.Generator, top_p: float = 1.0) -> np.ndarray:
    """Noise for `generate`: float32 [n, max_length], uniform in [0, top_p); a `top_p` of 1 is plain sampling."""
    if n < 1 or max_length < 1:
        raise ValueError(f"{n} draws of {max_length} words; accepted: 1 or more of both")
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p={top_p}; accepted: above 0, and at most 1 (plain sampling)")
    below = np.nextafter(np.float32(top_p), np.float32(0))  # a product may be rounded up
    return np.minimum(np.random.default_rng(seed).random((n, max_length), np.float32) * np.float32(top_p), below)


def beam_search(decoder: Decoder, inputs: tuple, *, max_length: int, width: int, length_penalty: float = 0.0) -> Beams:
    """The most probable sentences that are found when, at each place, the best beginnings are kept.

    Sentences that have ended stay among them as long as nothing better takes their place. The best are those with the
    highest log p / length ** length_penalty, the length being that of what there is so far, its END included (Wu et al.
    2016, arXiv:1609.08144, section 7, have a similar one).

    Args:
        decoder, inputs, max_length: as for `generate`.
        width: how many are kept for each row, 1 or more. 1 is greedy; the more, the more probable is what is found.
        length_penalty: 0 or more. 0: the most probable sentence is the best, and short ones are more probable than long
            ones; 1: the one with the most probable words.

    """
    inputs, n = _rows(inputs, max_length)
    if width < 1:
        raise ValueError(f"width={width}; accepted: 1 or more sentences for each row")
    if not 0 <= length_penalty < np.inf:
        raise ValueError(f"length_penalty={length_penalty}; accepted: 0 or more")
    if not n:
        return Beams(np.zeros((0, width, max_length + 1), "int32"), np.zeros((0, width), "float32"))
    return Beams(*_run(_search_loop, decoder, (max_length, width), inputs, np.float32(length_penalty)))


def _rows(inputs: tuple, max_length: int) -> tuple[tuple, int]:
    """Inputs as tensors, and their number of rows."""
    if max_length < 1:
        raise ValueError(f"max_length={max_length}; accepted: 1 word or more")
    tensors = tuple(tf.convert_to_tensor(tensor) for tensor in inputs)
    rows = {int(tensor.shape[0]) if tensor.shape.rank else -1 for tensor in tensors}
    if len(rows) != 1 or -1 in rows:
        raise ValueError(f"inputs of {[list(tensor.shape) for tensor in tensors]}; accepted: one or more, of [n, ...]")
    return tensors, rows.pop()


_loops: WeakKeyDictionary[Decoder, dict] = WeakKeyDictionary()


def _run(build: Callable, decoder: Decoder, settings: tuple[int, ...], *arguments) -> list[np.ndarray]:
    """Run the loop that `build` makes of a decoder; it is traced once, for any number of rows."""
    arguments = tf.nest.map_structure(tf.convert_to_tensor, arguments)
    specs = tf.nest.map_structure(_of_any_rows, arguments)
    loops = _loops.setdefault(decoder, {})
    key = (build, settings, specs)
    if key not in loops:
        # A proxy, or the decoder would be kept for ever by its own loop.
        loop = build(proxy(decoder), *settings)
        loops[key] = tf.function(loop, input_signature=specs, autograph=False)
    return [part.numpy() for part in loops[key](*arguments)]


def _of_any_rows(tensor) -> tf.TensorSpec:
    return tf.TensorSpec((None, *tensor.shape[1:]) if tensor.shape.rank else (), tensor.dtype)


def _sampling_loop(decoder: Decoder, max_length: int) -> Callable:
    def generate_all(inputs, noise, temperature):
        def going_on(place, ids, logs, cache):
            return tf.logical_and(place < max_length, tf.reduce_any(~_ended(ids[:, place])))

        def next_word(place, ids, logs, cache):
            newest = ids[:, place]  # (n)
            logits, cache = _step(decoder, newest, place, cache)  # (n, words)
            chosen = _word_at(logits, noise[:, place], temperature)
            log = tf.gather(tf.nn.log_softmax(logits), chosen, batch_dims=1)
            ended = _ended(newest)
            ids = _put(ids, place + 1, tf.where(ended, PAD, chosen))
            return place + 1, ids, _put(logs, place, tf.where(ended, 0.0, log)), cache

        n = tf.shape(noise)[0]
        begun = (
            tf.constant(0),
            _started((n,), max_length),
            tf.zeros((n, max_length)),
            decoder.init_cache(*inputs, max_length=max_length),
        )
        return tf.while_loop(going_on, next_word, begun)[1:3]

    return generate_all


def _search_loop(decoder: Decoder, max_length: int, width: int) -> Callable:
    words = decoder.words
    # To a sentence that has ended, only padding is added, at no cost.
    after_end = tf.constant([0.0 if word == PAD else -np.inf for word in range(words)])

    def search(inputs, length_penalty):
        n = tf.shape(inputs[0])[0]

        def over(ids, logs, place):
            return tf.logical_or(_ended(ids[:, :, place]), tf.math.is_inf(logs))  # (n, width)

        def going_on(place, ids, logs, cache):
            return tf.logical_and(place < max_length, tf.reduce_any(~over(ids, logs, place)))

        def next_words(place, ids, logs, cache):
            newest = ids[:, :, place]
            logits, cache = _step(decoder, tf.reshape(newest, [-1]), place, cache)  # (n * width, words)
            added = tf.reshape(tf.nn.log_softmax(logits), [n, width, words])
            ended = _ended(newest)
            candidates = logs[..., tf.newaxis] + tf.where(ended[..., tf.newaxis], after_end, added)
            length = tf.math.count_nonzero(ids != PAD, axis=-1, dtype=tf.float32) - tf.cast(ended, tf.float32)
            scores = candidates / tf.pow(length, length_penalty)[..., tf.newaxis]  # (n, width, words)
            best = tf.math.top_k(tf.reshape(scores, [n, width * words]), width).indices  # (n, width)
            parents, chosen = best // words, best % words
            ids = _put(tf.gather(ids, parents, batch_dims=1), place + 1, chosen)
            logs = tf.gather(tf.reshape(candidates, [n, width * words]), best, batch_dims=1)
            return place + 1, ids, logs, _taken(cache, tf.range(n)[:, tf.newaxis] * width + parents)

        cache = decoder.init_cache(*inputs, max_length=max_length)
        cache = _taken(cache, tf.tile(tf.range(n)[:, tf.newaxis], (1, width)))
        # At first all are the same sentence, START: but one of them counts for nothing.
        logs = tf.tile(tf.constant([[0.0] + [-np.inf] * (width - 1)]), (n, 1))
        empty = _started((n, width), max_length)
        _, ids, logs, _ = tf.while_loop(going_on, next_words, (tf.constant(0), empty, logs, cache))
        return tf.where(tf.math.is_inf(logs)[..., tf.newaxis], empty, ids), logs

    return search


def _step(decoder: Decoder, newest, place, cache):
    """Logits float32 [n, words] of the next word, -inf for what is never chosen, and the cache after it."""
    logits, after = decoder.step(newest, place, cache)
    never = [word in (PAD, START, UNKNOWN) for word in range(decoder.words)]
    logits = tf.where(never, -np.inf, tf.cast(logits, tf.float32))
    # A loop wants to know that shapes stay.
    return logits, tf.nest.map_structure(lambda new, old: tf.ensure_shape(new, old.shape), after, cache)


def _word_at(logits, noise, temperature):
    """The word in whose stretch the noise lies: [n, words], [n], [] → int32 [n]; see `generate`."""
    scaled = (logits - tf.reduce_max(logits, axis=-1, keepdims=True)) / temperature

    def laid_out():
        lengths, order = tf.math.top_k(tf.nn.softmax(scaled), logits.shape[-1])  # (n, words) both
        ends = tf.cumsum(lengths, axis=-1)
        # Divided by the last, whatever was lost by rounding: noise is below 1, and what has no length is never met.
        passed = tf.math.count_nonzero(ends / ends[:, -1:] <= noise[:, tf.newaxis], axis=-1, dtype=tf.int32)
        return tf.gather(order, passed, batch_dims=1)

    # To sort all words takes a sixth of the time in which sentences are written: not where only the first is asked for.
    return tf.cond(tf.reduce_any(noise > 0), laid_out, lambda: tf.argmax(logits, axis=-1, output_type=tf.int32))


def _started(shape: tuple, max_length: int):
    """START and room for the words after it: int32 [*shape, max_length + 1]."""
    start = tf.one_hot(0, max_length + 1, on_value=START, off_value=PAD, dtype=tf.int32)
    return tf.broadcast_to(start, [*shape, max_length + 1])


def _ended(newest):
    return tf.logical_or(newest == END, newest == PAD)


def _put(table, column, values):
    """A table [..., columns] with values [...] in one column."""
    return tf.where(tf.range(table.shape[-1]) == column, values[..., tf.newaxis], table)


def _taken(cache, rows):
    """The rows of a cache with these numbers."""
    return tf.nest.map_structure(lambda part: tf.gather(part, tf.reshape(rows, [-1])), cache)
