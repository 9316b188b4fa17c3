"""The recurrent language model: what its predictions depend on, perplexity, and sampling."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from vistext.data.vocabulary import END, PAD, START, UNKNOWN, Vocabulary, teacher_forcing
from vistext.nn.engine import keras
from vistext.nn.training import fit
from vistext.tasks import language_model
from vistext.tasks.language_model.model import LanguageModelConfig, NextWordBatches

SENTENCES = ["A cat sits.", "A dog sits on a mat.", "Two cats sit.", "A mat."]
VOCABULARY = Vocabulary.build(SENTENCES)
IDS = VOCABULARY.encode(SENTENCES)
SMALL = LanguageModelConfig(len(VOCABULARY), embedding=5, units=6)
BOTH_WAYS = LanguageModelConfig(len(VOCABULARY), bidirectional=True, embedding=5, units=6)


def with_large_weights(config, seed=1):
    """A model that has learned nothing, but gives words clearly different probabilities."""
    model = language_model.model.build(config)
    random = np.random.default_rng(seed)
    model.set_weights([random.normal(size=weight.shape) for weight in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def model():
    return with_large_weights(SMALL)


def logits_of(model, *inputs):
    return np.asarray(model(inputs[0] if len(inputs) == 1 else list(inputs), training=False))


def test_reading_forwards_predictions_depend_on_the_words_before(model):
    others = IDS.copy()
    others[:, 3:] = 4 + (others[:, 3:] + 1) % 3
    before, after = logits_of(model, IDS), logits_of(model, others)
    assert before.shape == (4, IDS.shape[1], len(VOCABULARY))
    assert before[:, :3] == pytest.approx(after[:, :3], abs=1e-5)
    assert np.abs(before[:, 3] - after[:, 3]).max() > 0.1


def test_reading_both_ways_predictions_depend_on_the_words_after():
    model = with_large_weights(BOTH_WAYS)
    others = IDS.copy()
    others[1, 6] = VOCABULARY.numbers["cat"]
    before, after = logits_of(model, IDS), logits_of(model, others)
    assert np.abs(before[1, 0] - after[1, 0]).max() > 1e-3
    assert before[0] == pytest.approx(after[0])


@pytest.mark.parametrize("config", [SMALL, BOTH_WAYS])
def test_padding_changes_nothing(config):
    model = with_large_weights(config)
    alone = VOCABULARY.encode(SENTENCES[:1])
    width = alone.shape[1]
    assert logits_of(model, IDS)[:1, :width] == pytest.approx(logits_of(model, alone), abs=1e-5)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_without_tags_it_is_the_model_that_takes_none_and_each_tag_changes_its_logits(bidirectional):
    settings = {"words": len(VOCABULARY), "bidirectional": bidirectional, "embedding": 5, "units": 6}
    with_tags = with_large_weights(LanguageModelConfig(**settings, tags=3))
    plain = language_model.model.build(LanguageModelConfig(**settings))
    for layer in plain.layers:
        layer.set_weights(with_tags.get_layer(layer.name).get_weights())
    none = logits_of(with_tags, IDS, np.zeros((4, 3), "float32"))
    assert none == pytest.approx(logits_of(plain, IDS), abs=1e-5)
    for tag in np.eye(3, dtype="float32"):
        assert np.abs(logits_of(with_tags, IDS, np.tile(tag, (4, 1))) - none).max() > 0.1


def test_the_loss_is_the_mean_over_words_of_minus_log_p_and_accuracy_counts_no_padding():
    logits = np.random.default_rng(0).normal(size=(2, 3, 6)).astype("float32")
    labels = np.array([[4, 5, PAD], [2, PAD, PAD]], "int32")
    logs = log_softmax(logits, axis=-1)
    expected = -(logs[0, 0, 4] + logs[0, 1, 5] + logs[1, 0, 2]) / 3
    assert float(language_model.model.loss()(labels, logits)) == pytest.approx(expected, rel=1e-5)
    logits = np.zeros((1, 4, 6), "float32")
    logits[0, [0, 1, 2, 3], [4, 5, 5, 0]] = 1
    assert float(language_model.model.accuracy(np.array([[4, 4, 5, PAD]]), logits)) == pytest.approx(2 / 3)
    assert float(language_model.model.accuracy(np.zeros((1, 4), int), logits)) == 0


def test_perplexity_is_the_number_of_equally_probable_words():
    ids = np.array([[START, 4, END, PAD, PAD], [START, 5, 5, 4, END]])
    logs = np.log([[1 / 2, 1 / 4, 1e-9, 1e-9], [1 / 8, 1, 1, 1]])
    # Six words, ends included; their probabilities multiply to 1/64, so each is worth two choices.
    assert language_model.model.perplexity(logs, ids) == pytest.approx(2)
    model = language_model.model.build(SMALL)
    model.set_weights([np.zeros(weight.shape) for weight in model.get_weights()])
    perplexity = language_model.model.perplexity(language_model.model.log_probabilities(model, IDS), IDS)
    assert perplexity == pytest.approx(len(VOCABULARY) - 2, rel=1e-5)  # without PAD and START
    for logs, ids in ((np.zeros((2, 3)), IDS), (np.zeros((1, 3)), np.zeros((1, 4), int))):
        with pytest.raises(ValueError, match="given w"):
            language_model.model.perplexity(logs, ids)


def test_the_probability_of_each_word_is_the_softmax_over_the_words_that_can_come(model):
    words, following = teacher_forcing(IDS)
    logits = logits_of(model, words).copy()
    logits[..., [PAD, START]] = -np.inf
    expected = np.take_along_axis(log_softmax(logits, axis=-1), following[..., None], axis=-1)[..., 0]
    real = following != PAD
    assert language_model.model.log_probabilities(model, IDS)[real] == pytest.approx(expected[real], abs=1e-5)


def test_the_next_words_are_those_of_the_whole_sentence_sorted_and_a_temperature_divides_their_logits(model):
    found = language_model.model.next_word_probabilities(model, VOCABULARY, "A cat")
    assert sum(found.values()) == pytest.approx(1, abs=1e-5)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert found["<pad>"] == found["<start>"] == 0
    (row,) = language_model.model.log_probabilities(model, VOCABULARY.encode(["A cat sits"]))
    assert found["sits"] == pytest.approx(np.exp(row[2]), rel=1e-4)
    for temperature in (0.5, 5):
        scaled = language_model.model.next_word_probabilities(model, VOCABULARY, "A cat", temperature=temperature)
        logs = np.log(np.array(list(found.values()))[:-2]) / temperature
        assert np.array(list(scaled.values()))[:-2] == pytest.approx(softmax(logs), rel=1e-3)


def test_at_temperature_0_each_word_is_the_most_probable_one():
    model = with_large_weights(SMALL, seed=24)  # with others it repeats one word
    (sentence,) = set(language_model.model.sample(model, VOCABULARY, 3, temperature=0, most=6))
    words = []
    while len(words) < 6:
        found = language_model.model.next_word_probabilities(model, VOCABULARY, " ".join(words))
        word = next(word for word in found if word != "<unknown>")
        if word == "<end>":
            break
        words.append(word)
    assert VOCABULARY.encode([sentence]).tolist() == VOCABULARY.encode([" ".join(words)]).tolist()
    assert len(set(words)) > 2


def test_first_words_are_sampled_as_often_as_they_are_probable(model):
    n = 4000
    expected = language_model.model.next_word_probabilities(model, VOCABULARY, temperature=2)
    known = {word: p for word, p in expected.items() if word not in ("<unknown>", "<pad>", "<start>")}
    drawn = [text.lower() for text in language_model.model.sample(model, VOCABULARY, n, temperature=2, most=1)]
    for word, probability in known.items():
        share = probability / sum(known.values())
        found = drawn.count("" if word == "<end>" else word) / n
        assert abs(found - share) < 5 * np.sqrt(share * (1 - share) / n) + 1e-9


def test_samples_follow_the_seed_without_unknown_words_and_are_cut(model):
    first, same, other = (
        language_model.model.sample(model, VOCABULARY, 20, seed=seed, temperature=3, most=9) for seed in (1, 1, 2)
    )
    assert first == same != other
    assert len(set(first)) > 10
    ids = VOCABULARY.encode(first)
    assert ids.shape[1] <= 9 + 2
    assert UNKNOWN not in ids
    assert not any("<" in text for text in first)


def test_a_beginning_is_continued(model):
    begun = language_model.model.sample(model, VOCABULARY, 2000, beginning="A cat", seed=5, most=3)
    assert all(text.lower().startswith("a cat") for text in begun)
    probabilities = language_model.model.next_word_probabilities(model, VOCABULARY, "A cat")
    share = probabilities["sits"] / (1 - probabilities["<unknown>"])
    found = np.mean([text.lower() == "a cat sits" for text in begun])
    assert found == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / 2000) + 1e-9)
    assert 0 < share < 1


def test_samples_depend_on_the_tags():
    model = with_large_weights(LanguageModelConfig(len(VOCABULARY), tags=2, embedding=5, units=6))
    tags = np.eye(2, dtype="float32")
    one, other = language_model.model.sample(model, VOCABULARY, 2, temperature=0, tags=tags)
    assert one != other
    probabilities = language_model.model.next_word_probabilities(model, VOCABULARY, tags=tags[1])
    assert VOCABULARY.encode([other])[0, 1] == VOCABULARY.numbers[next(iter(probabilities))]


def test_a_temperature_below_0_and_a_model_that_reads_both_ways_are_refused(model):
    with pytest.raises(ValueError, match="accepted: 0 or more"):
        language_model.model.sample(model, VOCABULARY, 1, temperature=-0.1)
    with pytest.raises(ValueError, match="accepted: above 0"):
        language_model.model.next_word_probabilities(model, VOCABULARY, temperature=0)
    with pytest.raises(ValueError, match="bidirectional=False"):
        language_model.model.sample(language_model.model.build(BOTH_WAYS), VOCABULARY, 1)


def test_batches_depend_on_their_number_and_their_labels_are_the_next_words():
    tags = np.arange(8, dtype="float32").reshape(4, 2)
    batches = NextWordBatches(IDS, tags, batch_size=50, seed=3)
    (words, given), following = batches[7]
    assert words.shape == following.shape == (50, IDS.shape[1] - 1)
    assert np.array_equal(words[:, 1:], following[:, :-1])
    chosen = [IDS.tolist().index([*row, last]) for row, last in zip(words.tolist(), following[:, -1], strict=True)]
    assert set(chosen) == {0, 1, 2, 3}
    assert np.array_equal(given, tags[chosen])
    assert np.array_equal(batches[7][1], following)
    assert not np.array_equal(batches[8][1], following)


def test_trained_it_generates_its_training_sentences():
    keras.utils.set_random_seed(0)
    model = language_model.model.build(LanguageModelConfig(len(VOCABULARY), embedding=16, units=32, dropout=0))
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss=language_model.model.loss())
    history = fit(
        model, NextWordBatches(IDS, batch_size=16), steps=120, accuracy=language_model.model.accuracy, bar=False
    )
    assert set(language_model.model.sample(model, VOCABULARY, 40)) == set(SENTENCES)
    logs = language_model.model.log_probabilities(model, IDS)
    assert language_model.model.perplexity(logs, IDS) < 1.5
    assert history.accuracy[-1] > 0.7
