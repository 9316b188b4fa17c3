"""Sentences from a network that writes word by word: the likeliest words, drawn words, or the best of many tries.

Whatever the network, all that is asked of it is to begin, and to say what may come next (`Writer`). The loop over the
words is compiled, and goes on for a whole batch until each of its sentences has ended.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary, proxy

import numpy as np

from vistext.data.vocabulary import END, PAD, START, UNKNOWN
from vistext.nn.engine import tf


class Decoder(Protocol):
    """A network that writes, as `write` and `beam` use it: an object of an ordinary class, or a `keras.Model`.

    What they compile for it lives as long as it does: so make one and keep it. Both methods are traced: nothing but
    TensorFlow or `keras.ops` in them, and weights only as variables.

    Attributes:
        words: the size of its vocabulary; PAD, START, END and UNKNOWN are its first four.
    """

    words: int

    def init_cache(self, *inputs, most: int) -> Any:
        """What is known before the first word: tensors in tuples, lists or dicts, each of shape [n, ...].

        `inputs` are tensors of n rows. Shapes stay as they are here; so there must be room for `most` words.
        """

    def step(self, ids, place, state: Any) -> tuple:
        """Logits [n, words] of the word after this one, and what is known from here on.

        `ids` int32 [n] are the newest words, `place` int32 [] says how many came before them: 0 for START. What it
        says of a sentence that has ended (`ids` holds END or PAD) is not used.
        """


class Generated(NamedTuple):
    """A sentence for each of n rows."""

    ids: np.ndarray  # int32 [n, most + 1]: START, words, END, and PAD from there on; no END where it was cut
    # float32 [n, most]: natural logarithms, of each word (the END too), given those before it; 0 after the END. At
    # temperature 1, whatever the words were drawn at, and among the words that can be chosen.
    log_probabilities: np.ndarray


class Beams(NamedTuple):
    """Some sentences for each of n rows, the best first; empty ones if there are not so many."""

    ids: np.ndarray  # int32 [n, width, most + 1]: each as in `Written`
    log_probabilities: np.ndarray  # float32 [n, width]: of whole sentences; -inf for those that there are not


def generate(
    writer: Decoder, inputs: tuple, *, most: int, z: np.ndarray | None = None, temperature: float = 1.0
) -> Generated:
    """One sentence for each row of the inputs, whose words are decided by z.

    At each place the words are laid end to end, the likeliest first, each as long as its probability; the word in whose
    stretch z lies is taken. So z = 0 always takes the likeliest (greedy), a uniform z draws each word as often as is
    likely (sampling), and a uniform z below p draws from the likely ones alone (nucleus sampling, Holtzman et al. 2020,
    "The Curious Case of Neural Text Degeneration", arXiv:1904.09751; but the last of these words keeps only the part of
    its stretch that lies below p). There is no other randomness: the same inputs and z give the same sentences.

    Args:
        writer: the network.
        inputs: what it begins with, arrays of n rows each.
        most: words of a sentence, its END included, 1 or more; what has not ended by then is cut.
        z: float [n, most] in [0, 1), as `draw_z` gives it; zeros when left out.
        temperature: all logits are divided by it before words are laid out, above 0. Less than 1: likely words get
            still longer stretches; more: all become more alike. With z = 0 it changes nothing.

    Returns:
        n sentences. PAD (before an END), START and UNKNOWN are never chosen.

    Raises:
        ValueError: a temperature of 0 or below, z of another shape or range, `most` below 1, no inputs, or inputs with
            different numbers of rows.
    """
    inputs, n = _rows(inputs, most)
    if not 0 < temperature < np.inf:
        raise ValueError(f"temperature={temperature}; accepted: above 0; for the likeliest words, leave z out")
    z = np.zeros((n, most)) if z is None else np.asarray(z)
    if z.shape != (n, most):
        raise ValueError(f"z has the shape {list(z.shape)}; accepted: [{n}, {most}], one for each row and word")
    if not np.all((z >= 0) & (z < 1)):
        raise ValueError(f"z from {z.min()} to {z.max()}; accepted: 0 or more, and below 1")
    if not n:
        return Generated(np.zeros((0, most + 1), "int32"), np.zeros((0, most), "float32"))
    z = np.minimum(z.astype("float32"), np.nextafter(np.float32(1), np.float32(0)))  # 0.99999999 would be rounded to 1
    temperature = np.float32(np.clip(temperature, 1e-37, 1e37))  # what is beyond is 0 or infinite to TensorFlow
    return Generated(*_run(_sampling, writer, (most,), inputs, z, temperature))


def sample_noise(n: int, most: int, seed: int | np.random.Generator, top_p: float = 1.0) -> np.ndarray:
    """What decides the words of n sentences: see `write`.

    Args:
        n: how many, 1 or more.
        most: words of a sentence, 1 or more.
        seed: of the draws, or a generator.
        nucleus: numbers are drawn below it; in (0, 1], 1 for plain sampling.

    Returns:
        float32 [n, most], uniform in [0, nucleus).

    Raises:
        ValueError: `n` or `most` is below 1, or `nucleus` is outside (0, 1].
    """
    if n < 1 or most < 1:
        raise ValueError(f"{n} draws of {most} words; accepted: 1 or more of both")
    if not 0 < top_p <= 1:
        raise ValueError(f"nucleus={top_p}; accepted: above 0, and at most 1 (plain sampling)")
    below = np.nextafter(np.float32(top_p), np.float32(0))  # a product may be rounded up
    return np.minimum(np.random.default_rng(seed).random((n, most), np.float32) * np.float32(top_p), below)


def beam_search(writer: Decoder, inputs: tuple, *, most: int, width: int, length_penalty: float = 0.0) -> Beams:
    """The likeliest sentences that are found when, at each place, the best beginnings are kept.

    Sentences that have ended stay among them as long as nothing better takes their place. The best are those with the
    highest log p / length ** length_penalty, the length being that of what there is so far, its END included (Wu et al.
    2016, arXiv:1609.08144, section 7, have a similar one).

    Args:
        writer: the network.
        inputs: what it begins with, arrays of n rows each.
        most: words of a sentence, its END included, 1 or more; what has not ended by then is cut.
        width: how many are kept for each row, 1 or more. 1 is greedy; the more, the likelier is what is found.
        length_penalty: 0 or more. 0: the likeliest sentence is the best, and short ones are likelier than long ones;
            1: the one with the likeliest words.

    Returns:
        `width` different sentences for each row.

    Raises:
        ValueError: `width` or `most` is below 1, `length_penalty` is negative, no inputs, or inputs with different
            numbers of rows.
    """
    inputs, n = _rows(inputs, most)
    if width < 1:
        raise ValueError(f"width={width}; accepted: 1 or more sentences for each row")
    if not 0 <= length_penalty < np.inf:
        raise ValueError(f"length_penalty={length_penalty}; accepted: 0 or more")
    if not n:
        return Beams(np.zeros((0, width, most + 1), "int32"), np.zeros((0, width), "float32"))
    return Beams(*_run(_searching, writer, (most, width), inputs, np.float32(length_penalty)))


def _rows(inputs: tuple, most: int) -> tuple[tuple, int]:
    """Inputs as tensors, and their number of rows."""
    if most < 1:
        raise ValueError(f"most={most}; accepted: 1 word or more")
    inputs = tuple(tf.convert_to_tensor(each) for each in inputs)
    rows = {each.shape[0] if each.shape.rank else None for each in inputs}
    if len(rows) != 1 or None in rows:
        raise ValueError(f"inputs of {[list(each.shape) for each in inputs]}; accepted: one or more, of [n, ...] each")
    return inputs, rows.pop()


_kept: WeakKeyDictionary[Decoder, dict] = WeakKeyDictionary()


def _run(build: Callable, writer: Decoder, settings: tuple[int, ...], *arguments) -> list[np.ndarray]:
    """What the loop that `build` makes of a writer gives; traced once, for any number of rows."""
    arguments = tf.nest.map_structure(tf.convert_to_tensor, arguments)
    specs = tf.nest.map_structure(_of_any_rows, arguments)
    loops = _kept.setdefault(writer, {})
    key = (build, settings, specs)
    if key not in loops:
        # A proxy, or the writer would be kept for ever by what is kept for it.
        loop = build(proxy(writer), *settings)
        loops[key] = tf.function(loop, input_signature=specs, autograph=False)
    return [part.numpy() for part in loops[key](*arguments)]


def _of_any_rows(tensor) -> tf.TensorSpec:
    return tf.TensorSpec((None, *tensor.shape[1:]) if tensor.shape.rank else (), tensor.dtype)


def _sampling(writer: Decoder, most: int) -> Callable:
    """The loop of `write`."""

    def write_all(inputs, z, temperature):
        def going_on(place, ids, logs, state):
            return tf.logical_and(place < most, tf.reduce_any(~_ended(ids[:, place])))

        def next_word(place, ids, logs, state):
            newest = ids[:, place]  # (n)
            logits, state = _step(writer, newest, place, state)  # (n, words)
            chosen = _word_at(logits, z[:, place], temperature)
            log = tf.gather(tf.nn.log_softmax(logits), chosen, batch_dims=1)
            ended = _ended(newest)
            ids = _put(ids, place + 1, tf.where(ended, PAD, chosen))
            return place + 1, ids, _put(logs, place, tf.where(ended, 0.0, log)), state

        n = tf.shape(z)[0]
        begun = (tf.constant(0), _started((n,), most), tf.zeros((n, most)), writer.init_cache(*inputs, most=most))
        return tf.while_loop(going_on, next_word, begun)[1:3]

    return write_all


def _searching(writer: Decoder, most: int, width: int) -> Callable:
    """The loop of `beam`."""
    words = writer.words
    # To a sentence that has ended, only padding is added, at no cost.
    after_end = tf.constant([0.0 if word == PAD else -np.inf for word in range(words)])

    def search(inputs, length_penalty):
        n = tf.shape(inputs[0])[0]

        def over(ids, logs, place):
            return tf.logical_or(_ended(ids[:, :, place]), tf.math.is_inf(logs))  # (n, width)

        def going_on(place, ids, logs, state):
            return tf.logical_and(place < most, tf.reduce_any(~over(ids, logs, place)))

        def next_words(place, ids, logs, state):
            newest = ids[:, :, place]
            logits, state = _step(writer, tf.reshape(newest, [-1]), place, state)  # (n * width, words)
            added = tf.reshape(tf.nn.log_softmax(logits), [n, width, words])
            ended = _ended(newest)
            candidates = logs[..., tf.newaxis] + tf.where(ended[..., tf.newaxis], after_end, added)
            length = tf.math.count_nonzero(ids != PAD, axis=-1, dtype=tf.float32) - tf.cast(ended, tf.float32)
            scores = candidates / tf.pow(length, length_penalty)[..., tf.newaxis]  # (n, width, words)
            best = tf.math.top_k(tf.reshape(scores, [n, width * words]), width).indices  # (n, width)
            parents, chosen = best // words, best % words
            ids = _put(tf.gather(ids, parents, batch_dims=1), place + 1, chosen)
            logs = tf.gather(tf.reshape(candidates, [n, width * words]), best, batch_dims=1)
            return place + 1, ids, logs, _taken(state, tf.range(n)[:, tf.newaxis] * width + parents)

        state = writer.init_cache(*inputs, most=most)
        state = _taken(state, tf.tile(tf.range(n)[:, tf.newaxis], (1, width)))
        # At first all are the same sentence, START: but one of them counts for nothing.
        logs = tf.tile(tf.constant([[0.0] + [-np.inf] * (width - 1)]), (n, 1))
        empty = _started((n, width), most)
        _, ids, logs, _ = tf.while_loop(going_on, next_words, (tf.constant(0), empty, logs, state))
        return tf.where(tf.math.is_inf(logs)[..., tf.newaxis], empty, ids), logs

    return search


def _step(writer: Decoder, newest, place, state):
    """Logits float32 [n, words] of what may come next, -inf for what must not, and the state after it."""
    logits, after = writer.step(newest, place, state)
    never = [word in (PAD, START, UNKNOWN) for word in range(writer.words)]
    logits = tf.where(never, -np.inf, tf.cast(logits, tf.float32))
    # A loop wants to know that shapes stay.
    return logits, tf.nest.map_structure(lambda new, old: tf.ensure_shape(new, old.shape), after, state)


def _word_at(logits, z, temperature):
    """The word in whose stretch z lies: [n, words], [n], [] → int32 [n]; see `write`."""
    scaled = (logits - tf.reduce_max(logits, axis=-1, keepdims=True)) / temperature

    def laid_out():
        lengths, order = tf.math.top_k(tf.nn.softmax(scaled), logits.shape[-1])  # (n, words) both
        ends = tf.cumsum(lengths, axis=-1)
        # Divided by the last, whatever was lost by rounding: z is below 1, and what has no length is never met.
        passed = tf.math.count_nonzero(ends / ends[:, -1:] <= z[:, tf.newaxis], axis=-1, dtype=tf.int32)
        return tf.gather(order, passed, batch_dims=1)

    # To sort all words takes a sixth of the time in which sentences are written: not where only the first is asked for.
    return tf.cond(tf.reduce_any(z > 0), laid_out, lambda: tf.argmax(logits, axis=-1, output_type=tf.int32))


def _started(shape: tuple, most: int):
    """START and room for the words after it: int32 [*shape, most + 1]."""
    start = tf.one_hot(0, most + 1, on_value=START, off_value=PAD, dtype=tf.int32)
    return tf.broadcast_to(start, [*shape, most + 1])


def _ended(newest):
    return tf.logical_or(newest == END, newest == PAD)


def _put(table, column, values):
    """A table [..., columns] with values [...] in one column."""
    return tf.where(tf.range(table.shape[-1]) == column, values[..., tf.newaxis], table)


def _taken(state, rows):
    """Rows of a state, as many as there are numbers."""
    return tf.nest.map_structure(lambda part: tf.gather(part, tf.reshape(rows, [-1])), state)
