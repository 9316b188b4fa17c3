"""Masking words, and predicting them."""

import numpy as np
import pytest

from vistext.data.vocabulary import END, PAD, START, Vocabulary
from vistext.nn.engine import keras
from vistext.nn.training import fit
from vistext.tasks import language_model
from vistext.tasks.language_model.masked_lm import MASK, MaskedBatches
from vistext.tasks.language_model.model import LanguageModelConfig

SENTENCES = ["A car is red.", "Two cars are red, and an automobile is red.", "The cat sits.", "A cat is on the mat."]
VOCABULARY = Vocabulary.build(SENTENCES)
IDS = VOCABULARY.encode(SENTENCES)
GROUPS = language_model.masked_lm.word_groups(VOCABULARY)


def masked(share, n=1, seed=0):
    return language_model.masked_lm.mask_tokens(np.tile(IDS, (n, 1)), GROUPS, np.random.default_rng(seed), share)


def test_nouns_of_one_kind_are_one_group_other_words_have_their_own_and_marks_none():
    group = dict(zip(VOCABULARY.words, GROUPS.tolist(), strict=True))
    assert group["car"] == group["cars"] == group["automobile"] != group["cat"]
    assert {group[word] for word in ("<pad>", "<start>", "<end>", "<unknown>", ".", ",")} == {-1}
    known = [number for number in GROUPS if number >= 0]
    assert len(set(known)) == len(known) - 2
    assert sorted(set(known)) == list(range(len(set(known))))


def test_labels_are_the_masked_words_of_which_none_is_a_mark_or_an_end_and_nothing_else_changes():
    ids, labels = masked(0.4, n=20)
    hidden = labels != PAD
    assert (ids.dtype, labels.dtype) == (np.int32, np.int32)
    assert (ids[hidden] == MASK).all()
    assert np.array_equal(np.where(hidden, labels, ids), np.tile(IDS, (20, 1)))
    ids, labels = masked(1)
    marks = [PAD, START, END, VOCABULARY.numbers["."], VOCABULARY.numbers[","]]
    assert set(np.unique(ids)) == {*marks, MASK}
    assert not np.isin(labels, marks[1:]).any()
    ids, labels = masked(0)
    assert np.array_equal(ids, IDS)
    assert not labels.any()


def test_each_group_is_masked_at_the_rate_and_as_a_whole():
    ids, _ = masked(0.3, n=3000)
    hidden = ids.reshape(3000, *IDS.shape)[:, 1] == MASK
    cars, automobile, red = (hidden[:, IDS[1] == VOCABULARY.numbers[word]].T for word in ("cars", "automobile", "red"))
    assert cars.mean() == pytest.approx(0.3, abs=0.04)
    assert np.array_equal(cars, automobile)
    assert np.array_equal(red[0], red[1])
    assert np.mean(red[0] & cars[0]) == pytest.approx(0.09, abs=0.03)


def test_batches_depend_on_their_number_and_mask_other_words_each_time():
    tags = np.arange(4, dtype="float32")[:, np.newaxis]
    batches = MaskedBatches(IDS, GROUPS, tags, batch_size=30, seed=1)
    (ids, given), labels = batches[5]
    whole = np.where(labels != PAD, labels, ids)
    assert np.array_equal(whole, IDS[given[:, 0].astype(int)])
    assert np.array_equal(batches[5][1], labels)
    assert not np.array_equal(batches[6][1], labels)
    assert len(batches[5]) == len(MaskedBatches(IDS, GROUPS)[5]) == 2


@pytest.fixture(scope="module")
def model():
    """Trained on sentences in which only a tag, 0 or 1, determines what was masked."""
    keras.utils.set_random_seed(0)
    ids = VOCABULARY.encode(["The cat sits.", "The car sits."])
    built = language_model.model.build(
        LanguageModelConfig(len(VOCABULARY), bidirectional=True, tags=2, embedding=8, units=8)
    )
    built.compile(optimizer=keras.optimizers.Adam(0.03), loss=language_model.model.loss())
    batches = MaskedBatches(ids, GROUPS, np.eye(2, dtype="float32"), batch_size=16)
    fit(built, batches, steps=80, accuracy=language_model.model.accuracy, bar=False)
    return built


def test_a_gap_is_filled_as_the_tags_say_several_in_their_order_and_none_is_refused(model):
    for tag, word in enumerate(("cat", "car")):
        (found,) = language_model.masked_lm.fill_mask(model, VOCABULARY, "The ___ sits.", tags=np.eye(2)[tag])
        assert next(iter(found)) == word
        assert sum(found.values()) == pytest.approx(1, abs=1e-5)
        assert list(found.values()) == sorted(found.values(), reverse=True)

    first, second = language_model.masked_lm.fill_mask(model, VOCABULARY, "___ cat ___.", tags=np.eye(2)[0])
    assert (next(iter(first)), next(iter(second))) == ("the", "sits")
    with pytest.raises(ValueError, match="___"):
        language_model.masked_lm.fill_mask(model, VOCABULARY, "The cat sits.", tags=np.eye(2)[0])
