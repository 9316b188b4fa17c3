"""The captioner of real photographs: what it is trained on, its loss, and that it learns."""

import numpy as np
import pytest

from vistext.data import images
from vistext.data.flickr8k import Split
from vistext.data.vocabulary import END, PAD, START, Vocabulary
from vistext.nn import backbone
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import tf
from vistext.tasks.photographs import model, train
from vistext.tasks.photographs.model import Config, PhotoCaptioner

TEXTS = (("A dog runs .", "A brown dog runs in the snow ."), ("Two girls sing .",) * 5)
VOCABULARY = Vocabulary.build([text for texts in TEXTS for text in texts])
CONFIG = Config(len(VOCABULARY), width=16, heads=2, blocks=2, dropout=0.0)
RNG = np.random.default_rng(0)
GRIDS = backbone.encode([images.cat(), images.photograph("coffee")])
IDS = train.encode_captions(VOCABULARY, TEXTS)


def test_captions_are_tables_of_five_and_what_is_too_long_is_cut():
    assert IDS.shape == (2, 5, model.MAX_LENGTH + 1)
    assert VOCABULARY.decode(IDS[0])[:3] == ["A dog runs.", "A brown dog runs in the snow.", "A dog runs."]
    [[cut, *_]] = train.encode_captions(VOCABULARY, [["dog " * 40]])
    assert cut[0] == START
    assert END not in cut
    assert PAD not in cut


def test_words_that_are_rare_get_no_number():
    split = Split(("a", "b"), (("a dog", "a dog", "a dog"), ("a dog", "a dog a cat")), [])
    assert train.build_vocabulary(split).words[4:] == ("a", "dog")


def test_batches_depend_on_number_and_seed_alone_and_an_epoch_shows_each_picture_once():
    grids, ids = RNG.normal(size=(6, 7, 7, backbone.CHANNELS)).astype(np.float16), np.repeat(IDS, 3, axis=0)
    ids[:, 0, 1] = np.arange(6)
    batches = train.CaptionBatches(grids, ids, train.Recipe(batch_size=2, mirrored=0.5))
    (cells, before), after = batches[4]
    assert cells.shape == (2, 49, backbone.POOLED)
    assert np.array_equal(before[..., 1:], after[..., :-1])
    assert np.array_equal(batches[4][0][0], cells)
    shown = [set(batches[step][1][:, 0, 0]) for step in range(6)]
    assert set().union(*shown[:3]) == set().union(*shown[3:]) == set(range(6))


def test_a_mirrored_picture_has_mirrored_features():
    plain, turned = (
        train.CaptionBatches(GRIDS, IDS, train.Recipe(batch_size=2, mirrored=share))[0][0][0] for share in (0.0, 1.0)
    )
    assert np.allclose(plain.reshape(2, 7, 7, -1)[:, :, ::-1], turned.reshape(2, 7, 7, -1))


def test_the_loss_is_smoothed_cross_entropy_without_padding_as_worked_by_hand():
    labels = tf.constant([[[1, PAD]]])
    logits = tf.math.log([[[[0.2, 0.5, 0.3], [0.9, 0.05, 0.05]]]])
    expected = -0.9 * np.log(0.5) - 0.1 * np.log([0.2, 0.5, 0.3]).mean()
    assert float(train.SmoothedLoss(0.1)(labels, logits)) == pytest.approx(expected, rel=1e-5)
    assert float(train.accuracy(labels, logits)) == 1.0


@pytest.fixture(scope="module")
def captioner():
    recipe = train.Recipe(steps=60, batch_size=2, learning_rate=0.01, mirrored=0.0)
    network, history = train.train(recipe, CONFIG, GRIDS, IDS, bar=False)
    assert np.mean(history.loss[-5:]) < np.mean(history.loss[:5]) / 2
    return PhotoCaptioner(CachedDecoder(network), VOCABULARY)


def test_it_learns_two_pictures_by_heart(captioner):
    dog, girls = captioner.caption_features(GRIDS)
    assert "dog runs" in dog
    assert girls == "Two girls sing."
    assert captioner.caption_features(GRIDS, beam=1)[1] == girls


def test_draws_are_as_many_as_asked_for_and_the_same_for_a_seed(captioner):
    drawn = captioner.sample(GRIDS, 3, seed=1)
    assert [len(texts) for texts in drawn] == [3, 3]
    assert drawn == captioner.sample(GRIDS, 3, seed=1)
    assert all("dog" in text for text in drawn[0])


def test_word_by_word_it_predicts_what_it_predicts_for_whole_captions(captioner):
    network, cells = captioner.decoder.network, backbone.expand(GRIDS)
    whole = np.asarray(network([cells, IDS[:, :1, :5]]))[:, 0]
    cache = captioner.decoder.init_cache(cells, max_length=6)
    for place in range(5):
        logits, cache = captioner.decoder.step(IDS[:, 0, place], place, cache)
        assert np.allclose(logits, whole[:, place], atol=1e-4)


def test_figures_are_those_of_greedy_and_beam(captioner):
    found = train.evaluate(captioner, GRIDS, [list(texts) for texts in TEXTS])
    assert set(found) == {"greedy", "beam"}
    assert found["beam"]["bleu4"] > 50
