"""Decoding, against a decoder of few words whose sentences can all be listed, with their probabilities."""

import gc
import weakref
from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from vistext.data.vocabulary import END, PAD, START, UNKNOWN
from vistext.nn import decoding
from vistext.nn.engine import tf

WORDS, MOST = 7, 4
CHOOSABLE = [END, 4, 5, 6]


class Oracle:
    """Knows by heart what may come after any beginning: logits depend on the row and on all words so far.

    A number for each beginning is what it remembers: its words as the digits of a number with 7 digits.
    """

    words = WORDS

    def __init__(self, seed: int = 0, rows: int = 3, dtype: str = "float32"):
        random = np.random.default_rng(seed)
        self.table = random.normal(0, 1.5, (rows, WORDS**MOST, WORDS)).astype(dtype)
        self.table[..., [PAD, START, UNKNOWN]] += 9  # what must not be words is tempting
        self.traced = 0

    def init_cache(self, rows, *, max_length):
        self.traced += 1
        return {"row": rows, "words": (tf.zeros_like(rows), [tf.zeros((tf.shape(rows)[0], max_length))])}

    def step(self, ids, place, state):
        number, [ids_before] = state["words"]
        number = tf.where(place == 0, number, number * WORDS + ids) % WORDS**MOST
        here = tf.range(ids_before.shape[1]) == place
        ids_before = tf.where(here, tf.cast(ids, tf.float32)[:, tf.newaxis], ids_before)
        logits = tf.gather_nd(self.table, tf.stack([state["row"], number], axis=1))
        return logits, {"row": state["row"], "words": (number, [ids_before])}

    def logs(self, row: int, beginning: tuple, temperature: float = 1.0) -> dict[int, float]:
        """By NumPy: log probabilities of what may follow."""
        number = 0
        for word in beginning:
            number = number * WORDS + word
        logits = self.table[row, number].astype("float64")[CHOOSABLE] / temperature
        return dict(zip(CHOOSABLE, logits - np.log(np.exp(logits).sum()), strict=True))

    def sentences(self, row: int, most: int = MOST, temperature: float = 1.0) -> dict[tuple, float]:
        """By brute force: all that can be words, and the probability of each."""
        whole = {}
        for length, words in ((n, words) for n in range(most + 1) for words in product(CHOOSABLE, repeat=n)):
            if END in words[:-1] or (length < most and words[-1:] != (END,)):
                continue
            logs = [self.logs(row, words[:place], temperature)[word] for place, word in enumerate(words)]
            whole[words] = float(np.exp(sum(logs)))
        return whole


def words_of(ids) -> tuple:
    """What stands after START, without the padding, of which there is none within."""
    assert ids[0] == START
    words = tuple(int(word) for word in ids[1:] if word != PAD)
    assert [*words, *[PAD] * (len(ids) - 1 - len(words))] == ids[1:].tolist()
    assert set(words) <= set(CHOOSABLE)
    assert END not in words[:-1]
    return words


def rows(*numbers: int) -> tuple:
    return (np.array(numbers, "int32"),)


@pytest.fixture(scope="module")
def oracle():
    return Oracle()


@pytest.mark.parametrize("seed", range(5))
def test_without_noise_with_little_temperature_or_one_beam_each_word_is_the_most_probable_after_those_before(seed):
    oracle = Oracle(seed)
    assert sum(oracle.sentences(0).values()) == pytest.approx(1)
    ids, logs = decoding.generate(oracle, rows(0, 1, 2), max_length=MOST)
    for row in range(3):
        words, expected = (), []
        while len(words) < MOST and END not in words:
            following = oracle.logs(row, words)
            words += (max(following, key=following.get),)
            expected.append(following[words[-1]])
        assert words_of(ids[row]) == words
        assert logs[row, : len(words)] == pytest.approx(expected, abs=1e-5)
        assert not logs[row, len(words) :].any()
    assert (ids.dtype, logs.dtype) == ("int32", "float32")
    assert (ids.shape, logs.shape) == ((3, MOST + 1), (3, MOST))
    one = decoding.beam_search(oracle, rows(0, 1, 2), max_length=MOST, width=1)
    assert one.ids[:, 0].tolist() == ids.tolist()
    assert one.log_probabilities[:, 0] == pytest.approx(logs.sum(axis=1), abs=1e-5)
    noise = decoding.sample_noise(3, MOST, seed=1)
    cold = decoding.generate(oracle, rows(0, 1, 2), max_length=MOST, noise=noise, temperature=1e-9)
    assert cold.ids.tolist() == ids.tolist()
    assert [part.shape for part in decoding.generate(oracle, rows(), max_length=3)] == [(0, 4), (0, 3)]
    assert [part.shape for part in decoding.beam_search(oracle, rows(), max_length=3, width=2)] == [(0, 2, 4), (0, 2)]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_uniform_noise_draws_each_sentence_with_its_probability_at_the_temperature(oracle, temperature):
    n = 20_000
    noise = decoding.sample_noise(n, MOST, seed=7)
    ids, logs = decoding.generate(oracle, rows(*[1] * n), max_length=MOST, noise=noise, temperature=temperature)
    drawn = [words_of(row) for row in ids]
    probabilities, untempered = oracle.sentences(1, temperature=temperature), oracle.sentences(1)
    often = [words for words, probability in probabilities.items() if probability * n > 5]
    counts = np.array([drawn.count(words) for words in often])
    expected = np.array([probabilities[words] for words in often]) * n
    assert chisquare([*counts, n - counts.sum()], [*expected, n - expected.sum()]).pvalue > 0.01
    assert np.exp(logs.sum(axis=1)) == pytest.approx([untempered[words] for words in drawn], rel=1e-4)


@pytest.mark.parametrize("top_p", [0.4, 0.8])
def test_a_nucleus_gives_nothing_outside_it_and_all_that_is_within(oracle, top_p):
    n = 5_000
    ids = decoding.generate(oracle, rows(*[0] * n), max_length=MOST, noise=decoding.sample_noise(n, MOST, 3, top_p)).ids
    found = {words_of(row) for row in ids}

    def within(beginning):
        logs = oracle.logs(0, beginning)
        ranked = sorted(logs, key=logs.get, reverse=True)
        before = np.cumsum([0, *(np.exp(logs[word]) for word in ranked)])
        return {word for word, start in zip(ranked, before[:-1], strict=True) if start < top_p}

    def reachable(beginning=()):
        if len(beginning) == MOST or END in beginning:
            return {beginning}
        return set().union(*(reachable((*beginning, word)) for word in within(beginning)))

    assert found <= reachable()
    assert {words[:2] for words in found} == {words[:2] for words in reachable()}


@given(z=st.lists(st.floats(0, 1, exclude_max=True), min_size=MOST, max_size=MOST))
@settings(max_examples=60, deadline=None)
def test_noise_takes_the_word_in_whose_stretch_it_lies(oracle, z):
    [ids] = decoding.generate(oracle, rows(1), max_length=MOST, noise=[z]).ids
    words = words_of(ids)
    for place, word in enumerate(words):
        logs = oracle.logs(1, words[:place])
        start = sum(np.exp(log) for log in logs.values() if log > logs[word])
        assert start - 1e-5 <= z[place] <= start + np.exp(logs[word]) + 1e-5
    near, below = (
        decoding.generate(oracle, rows(1), max_length=MOST, noise=[[almost] * MOST]).ids.tolist()
        for almost in (1 - 1e-12, 0.999999)  # float32 would round the first to 1
    )
    assert near == below


def test_the_same_noise_gives_the_same_sentence_in_any_batch(oracle):
    noise = decoding.sample_noise(3, MOST, seed=5)
    together = decoding.generate(oracle, rows(0, 1, 2), max_length=MOST, noise=noise)
    alone = [decoding.generate(oracle, rows(row), max_length=MOST, noise=noise[row : row + 1]) for row in range(3)]
    assert together.ids.tolist() == [one.ids[0].tolist() for one in alone]


@pytest.mark.parametrize("most", [1, 2, 4])
def test_a_beam_wide_enough_finds_exactly_the_most_probable_sentences(oracle, most):
    found = decoding.beam_search(oracle, rows(2, 0), max_length=most, width=90)
    for ids, logs, row in zip(found.ids, found.log_probabilities, (2, 0), strict=True):
        ranked = sorted(oracle.sentences(row, most).items(), key=lambda each: -each[1])[:90]
        assert [words_of(each) for each in ids[: len(ranked)]] == [words for words, _ in ranked]
        assert np.exp(logs[: len(ranked)]) == pytest.approx([probability for _, probability in ranked], rel=1e-4)
        assert not ids[len(ranked) :, 1:].any()
        assert (logs[len(ranked) :] == -np.inf).all()


@pytest.mark.parametrize("penalty", [0.5, 1.0, 2.0])
def test_a_length_penalty_ranks_by_log_probability_over_length(oracle, penalty):
    found = decoding.beam_search(oracle, rows(1), max_length=MOST, width=121, length_penalty=penalty)
    every = oracle.sentences(1)
    ranked = sorted(every, key=lambda words: -np.log(every[words]) / len(words) ** penalty)
    assert [words_of(ids) for ids in found.ids[0]] == ranked
    assert np.exp(found.log_probabilities[0]) == pytest.approx([every[words] for words in ranked], rel=1e-4)


@pytest.mark.parametrize("width", [2, 3, 5])
def test_a_beam_keeps_what_a_search_by_hand_keeps(oracle, width):
    kept = {(): 0.0}
    for _ in range(MOST):
        longer = {}
        for words, log in kept.items():
            if END in words:
                longer[words] = log
            else:
                longer |= {(*words, word): log + more for word, more in oracle.logs(0, words).items()}
        kept = dict(sorted(longer.items(), key=lambda each: -each[1])[:width])
    found = decoding.beam_search(oracle, rows(0), max_length=MOST, width=width)
    assert [words_of(ids) for ids in found.ids[0]] == list(kept)
    assert found.log_probabilities[0] == pytest.approx(list(kept.values()), abs=1e-4)


class Counter:
    """Says 4 as often as its input says, then the END; and counts its steps as they are taken."""

    words = 5

    def __init__(self):
        self.steps = tf.Variable(0)

    def init_cache(self, times, *, max_length):
        return times

    def step(self, ids, place, state):
        with tf.control_dependencies([self.steps.assign_add(1)]):
            return tf.one_hot(tf.where(place < state, 4, END), 5, on_value=9.0), tf.identity(state)


@pytest.mark.parametrize("decode", [decoding.generate, partial(decoding.beam_search, width=1)])
def test_a_batch_goes_on_until_its_last_sentence_has_ended_and_no_further(decode):
    decoder = Counter()
    ids = decode(decoder, rows(0, 3, 1), max_length=20)[0].reshape(3, 21)
    assert ids[:, :6].tolist() == [[1, 2, 0, 0, 0, 0], [1, 4, 4, 4, 2, 0], [1, 4, 2, 0, 0, 0]]
    assert not ids[:, 6:].any()
    assert decoder.steps.numpy() == 4
    assert decoding.generate(Counter(), rows(9), max_length=3).ids.tolist() == [[START, 4, 4, 4]]


def test_a_decoder_is_traced_once_for_each_length_whatever_the_rows_and_what_was_compiled_goes_with_it():
    oracle = Oracle()
    for numbers in ([0], [0, 1], [2, 2, 2]):
        noise = decoding.sample_noise(len(numbers), MOST, seed=0)
        decoding.generate(oracle, rows(*numbers), max_length=MOST)
        decoding.generate(oracle, rows(*numbers), max_length=MOST, noise=noise, temperature=0.3 + len(numbers))
    assert oracle.traced == 1
    for numbers in ([0], [0, 1]):
        decoding.beam_search(oracle, rows(*numbers), max_length=MOST, width=2)
        decoding.beam_search(oracle, rows(*numbers), max_length=MOST, width=2, length_penalty=1)
    assert oracle.traced == 2
    decoding.generate(oracle, rows(0), max_length=2)
    assert oracle.traced == 3
    gone = weakref.ref(oracle)
    del oracle
    gc.collect()
    assert gone() is None


def test_weights_that_have_changed_are_used():
    decoder = Counter()
    decoder.more = tf.Variable(0)
    decoder.init_cache = lambda times, *, max_length: times + decoder.more
    assert words_of(decoding.generate(decoder, rows(1), max_length=5).ids[0]) == (4, END)
    decoder.more.assign(2)
    assert words_of(decoding.generate(decoder, rows(1), max_length=5).ids[0]) == (4, 4, 4, END)


def test_logits_of_half_precision_are_counted_in_single():
    half = Oracle(dtype="float16")
    ids, logs = decoding.generate(half, rows(0, 1, 2), max_length=MOST, noise=decoding.sample_noise(3, MOST, 2))
    assert logs.dtype == "float32"
    for row in range(3):
        assert np.exp(logs[row].sum()) == pytest.approx(half.sentences(row)[words_of(ids[row])], rel=1e-4)


@pytest.mark.parametrize("arguments", [{"n": 0}, {"max_length": 0}, {"top_p": 0}, {"top_p": 1.01}])
def test_draws_are_uniform_below_the_nucleus_and_the_same_for_the_same_seed(arguments):
    with pytest.raises(ValueError, match="accepted"):
        decoding.sample_noise(**{"n": 1, "max_length": 1, "seed": 0, **arguments})
    noise = decoding.sample_noise(300, 50, seed=1, top_p=0.7)
    assert (noise.shape, noise.dtype) == ((300, 50), "float32")
    assert 0 <= noise.min() < 0.01
    assert 0.69 < noise.max() < 0.7
    assert noise.mean() == pytest.approx(0.35, abs=0.01)
    assert (noise == decoding.sample_noise(300, 50, 1, 0.7)).all()
    assert (noise != decoding.sample_noise(300, 50, 2, 0.7)).any()


@pytest.mark.parametrize("temperature", [1e-300, 1.0, 1e300])
def test_rounding_never_makes_a_word_of_what_must_not_be_generated(temperature):
    decoder, n = Counter(), 500
    decoder.words = 5_000
    random = np.random.default_rng(0).normal(0, 20, (n, decoder.words)).astype("float32")
    decoder.step = lambda ids, place, state: (tf.constant(random), state)
    noise = np.full((n, 1), np.nextafter(np.float32(1), np.float32(0)))
    ids, logs = decoding.generate(decoder, rows(*[0] * n), max_length=1, noise=noise, temperature=temperature)
    assert not np.isin(ids[:, 1], (PAD, START, UNKNOWN)).any()
    assert np.isfinite(logs).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": 0}, "temperature=0; accepted: above 0; for the most probable words, leave noise out"),
        ({"temperature": -1.0}, "accepted: above 0"),
        ({"temperature": float("nan")}, "accepted: above 0"),
        ({"max_length": 0}, "max_length=0; accepted: 1 word or more"),
        ({"noise": np.zeros((2, 3))}, r"noise has the shape \[2, 3\]; accepted: \[2, 4\]"),
        ({"noise": np.zeros((1, MOST))}, r"accepted: \[2, 4\]"),
        ({"noise": np.full((2, MOST), 1.0)}, "noise from 1.0 to 1.0; accepted: 0 or more, and below 1"),
        ({"noise": np.full((2, MOST), -0.1)}, "accepted: 0 or more"),
        ({"noise": np.full((2, MOST), np.nan)}, "accepted: 0 or more"),
        ({"inputs": ()}, r"inputs of \[\]; accepted: one or more"),
        ({"inputs": rows(0, 1) + rows(0)}, r"inputs of \[\[2\], \[1\]\]; accepted"),
        ({"inputs": (3,)}, r"inputs of \[\[\]\]; accepted"),
        ({"width": 0}, "width=0; accepted: 1 or more"),
        ({"width": 2, "length_penalty": -0.5}, "length_penalty=-0.5; accepted: 0 or more"),
        ({"width": 2, "max_length": 0}, "max_length=0"),
    ],
)
def test_what_cannot_be_decoded_is_refused(oracle, arguments, message):
    decode = decoding.beam_search if "width" in arguments else decoding.generate
    with pytest.raises(ValueError, match=message):
        decode(oracle, **{"inputs": rows(0, 1), "max_length": MOST, **arguments})
