"""Captioner and discriminator: what they depend on, that generating is predicting word by word, and what is refused."""

import numpy as np
import pytest
from networks import (
    CAPTIONER,
    VOCABULARY,
    captioner,
    copy_of,
    discriminator,
    expected_log_probabilities,
    image_encoder,
    one_hot,
    random_ids,
    with_another_word,
)
from scipy.special import expit, logit

from vistext import scenes
from vistext.nn import decoding
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras
from vistext.scenes.ontology import MAX_OBJECTS
from vistext.tasks import captioning
from vistext.tasks.captioning.model import LENGTHS, MAX_LENGTH, Captioner, Discriminator, encode_images

PICTURES = scenes.draw_many(scenes.sample(4, 3, "val")).pictures
GRIDS = np.random.default_rng(0).normal(size=(3, 64, 8)).astype("float32")
LENGTH_IDS = np.array([[0, 1]] * 3, "int32")
SENTENCES = ["A cat.", "There is a dog, and it is on the left.", "a large cat", "The zebra is sitting on the floor."]


def decoder():
    return captioner().decoder.network


def test_encoding_follows_the_weights_of_the_image_encoder():
    again = captioning.model.build_image_encoder(CAPTIONER)
    before, expected = encode_images(again, PICTURES), encode_images(image_encoder(), PICTURES)
    assert not np.allclose(expected[0], expected[1])
    again.set_weights(image_encoder().get_weights())
    assert encode_images(again, PICTURES) == pytest.approx(expected, abs=1e-6)
    assert np.abs(expected - before).max() > 1e-3


def test_sentences_about_one_picture_are_independent_and_depend_on_their_lengths():
    ids, network = random_ids(3, 2, 6), discriminator().network
    logits, scores = np.asarray(decoder()([GRIDS, ids, LENGTH_IDS])), np.asarray(network([GRIDS, one_hot(ids)]))
    assert not np.allclose(decoder()([GRIDS, ids, 2 - LENGTH_IDS])[0], logits[0], atol=0.1)
    for sentence in (slice(0, 1), slice(1, 2)):
        alone = np.asarray(decoder()([GRIDS, ids[:, sentence], LENGTH_IDS[:, sentence]]))
        assert alone == pytest.approx(logits[:, sentence], abs=1e-4)
        assert np.asarray(network([GRIDS, one_hot(ids[:, sentence])])) == pytest.approx(scores[:, sentence], abs=1e-4)


@pytest.mark.parametrize("length", LENGTHS)
def test_generated_words_have_the_probability_that_the_whole_sentence_gives_them(length):
    ids, logs = captioner().generate(GRIDS, length, z=decoding.sample_noise(3, MAX_LENGTH[length], 7))
    logits = decoder()([GRIDS, ids[:, np.newaxis, :-1], np.full((3, 1), LENGTHS.index(length), "int32")])
    assert logs == pytest.approx(expected_log_probabilities(np.asarray(logits)[:, 0], ids), abs=1e-3)
    assert len({row.tobytes() for row in ids}) == 3
    assert logs.min() < -3  # surprising words, for which weights must be right


def test_attention_depends_on_the_words_so_far_and_on_the_length():
    ids, lengths = random_ids(3, 6), np.array([0, 1, 2], "int32")
    attention_maps = captioner().decoder.attention_maps
    maps = attention_maps(GRIDS, ids, lengths)
    assert maps.shape == (2, 3, 6, 64 + MAX_OBJECTS)
    assert maps.sum(axis=-1) == pytest.approx(1, abs=1e-5)
    after = attention_maps(GRIDS, with_another_word(ids, 3), lengths)
    assert after[:, :, :3] == pytest.approx(maps[:, :, :3], abs=1e-6)
    assert np.abs(after - maps)[:, :, 3:].max(axis=-1).min() > 1e-4
    assert not np.allclose(attention_maps(GRIDS, ids, 2 - lengths)[:, 0], maps[:, 0], atol=1e-4)


def test_a_temperature_that_is_applied_once_and_for_all_gives_the_words_of_that_temperature():
    scaled = copy_of(decoder())
    captioning.model.apply_temperature(scaled, 0.5)
    z = decoding.sample_noise(3, MAX_LENGTH["title"], 2)
    ids = captioner().generate(GRIDS, "title", z=z, temperature=0.5).ids
    assert (Captioner(None, CachedDecoder(scaled), VOCABULARY).generate(GRIDS, "title", z=z).ids == ids).all()
    assert (captioner().generate(GRIDS, "title", z=z).ids != ids).any()


def test_captions_are_greedy_or_decided_by_z():
    greedy = captioner().caption(PICTURES, "title")
    grids = encode_images(image_encoder(), PICTURES)
    assert greedy == VOCABULARY.decode(captioner().generate(grids, "title").ids)
    z = decoding.sample_noise(4, MAX_LENGTH["title"], 1)
    sampled = captioner().caption(PICTURES, "title", z=z)
    assert sampled == captioner().caption(PICTURES, "title", z=z) != greedy
    assert captioner().caption(PICTURES, "title", z=z, temperature=1e-6) == greedy


def test_samples_of_a_picture_stand_together_and_follow_the_seed():
    sampled = captioner().sample(PICTURES, 3, "title", seed=5)
    z = decoding.sample_noise(12, MAX_LENGTH["title"], 5)
    one_by_one = captioner().caption(np.repeat(PICTURES, 3, axis=0), "title", z=z)
    assert sampled == [one_by_one[first : first + 3] for first in (0, 3, 6, 9)]
    assert sampled != captioner().sample(PICTURES, 3, "title", seed=6)
    narrow = captioner().sample(PICTURES, 2, "title", seed=5, top_p=1e-6)
    assert narrow == [[sentence] * 2 for sentence in captioner().caption(PICTURES, "title")]


def test_beam_search_finds_captions_that_are_at_least_as_probable_as_greedy_ones():
    grids = encode_images(image_encoder(), PICTURES)
    greedy = captioner().generate(grids, "title").log_probabilities.sum(axis=1)
    inputs = (grids, np.zeros(4, "int32"))
    found = decoding.beam_search(captioner().decoder, inputs, max_length=MAX_LENGTH["title"], width=4)
    assert captioner().beam(PICTURES, "title") == VOCABULARY.decode(found.ids[:, 0])
    assert (found.log_probabilities[:, 0] >= greedy - 1e-3).all()
    assert captioner().beam(PICTURES, "title", width=1) == captioner().caption(PICTURES, "title")


def test_padding_has_no_score_and_relaxed_words_have_scores_of_their_own():
    words, others, network = one_hot(random_ids(3, 2, 6)), one_hot(random_ids(3, 2, 6, seed=2)), discriminator().network
    scores = np.asarray(network([GRIDS, words]))
    longer = np.asarray(network([GRIDS, np.pad(words, [(0, 0), (0, 0), (0, 4), (0, 0)])]))
    assert scores.shape == (3, 2, 6, 2)
    assert not longer[:, :, 6:].any()
    assert longer[:, :, :6] == pytest.approx(scores, abs=1e-5)
    mixed = np.asarray(network([GRIDS, (words + others) / 2]))
    assert (mixed != 0).all()
    for hard in (words, others):
        assert not np.allclose(mixed, network([GRIDS, hard]), atol=1e-3)


def test_a_discriminator_starts_with_the_features_of_the_decoder_and_scores_of_zero():
    network, ids = captioning.model.build_discriminator(CAPTIONER), random_ids(3, 2, 6)
    network.set_weights([np.ones(weight.shape) for weight in network.weights])  # scores that are forgotten
    captioning.model.init_discriminator(network, decoder())
    assert not np.asarray(network([GRIDS, one_hot(ids)])).any()
    # Before each word, its features are those of a decoder that is given the mean of the lengths.
    averaged = copy_of(decoder())
    length = averaged.get_layer("length").embeddings
    length.assign(np.tile(np.mean(length, axis=0), (3, 1)))
    inputs = [GRIDS, ids[..., :-1], 0 * LENGTH_IDS]
    expected = keras.Model(averaged.inputs, averaged.get_layer("norm").output)(inputs)
    features = keras.Model(network.inputs, network.get_layer("norm").output)([GRIDS, one_hot(ids[..., 1:])])
    assert np.asarray(features) == pytest.approx(np.asarray(expected), abs=1e-4)


def test_the_score_of_a_sentence_is_the_sum_of_those_of_its_tokens_in_whatever_batch():
    tokens, scores = (method(PICTURES, SENTENCES) for method in (discriminator().token_scores, discriminator().score))
    assert [word for word, _ in tokens[0]][1:] == ["cat", ".", "<end>"]
    assert [word for word, _ in tokens[3]][:2] == ["the", "<unknown>"]
    assert scores == pytest.approx([expit(sum(score for _, score in row)) for row in tokens], abs=1e-5)
    assert ((scores > 0) & (scores < 1)).all()
    features = encode_images(image_encoder(), PICTURES)
    assert discriminator().score_features(features, SENTENCES) == pytest.approx(scores)
    alone = [discriminator().score(PICTURES[i : i + 1], SENTENCES[i : i + 1])[0] for i in range(4)]
    assert scores == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize("extreme", [1000.0, -1000.0])
def test_an_extreme_score_is_a_probability(extreme):
    network = captioning.model.build_discriminator(CAPTIONER)
    network.get_layer("match").bias.assign([extreme] * len(VOCABULARY))
    scorer = Discriminator(image_encoder(), network, VOCABULARY)
    assert scorer.score(PICTURES, SENTENCES) == pytest.approx(np.full(4, float(extreme > 0)), abs=1e-6)
    natural = scorer.score_features(encode_images(image_encoder(), PICTURES), SENTENCES, "natural")
    assert natural == pytest.approx(np.full(4, 0.5))


def test_calibration_scales_and_shifts_the_score_of_every_sentence_once():
    network = copy_of(discriminator().network)
    before = logit(discriminator().score(PICTURES, SENTENCES).astype("float64"))
    captioning.model.calibrate(network, 0.3, -0.4)
    after = logit(Discriminator(image_encoder(), network, VOCABULARY).score(PICTURES, SENTENCES).astype("float64"))
    assert after == pytest.approx(0.3 * before - 0.4, abs=1e-3)


def test_the_first_that_pass_are_taken_and_then_the_best_of_the_others():
    scores = np.array([0.1, 0.9, 0.7, 0.95, 0.85])
    assert captioning.model.PASSING == 0.8
    assert captioning.model.passing(scores, 2) == [1, 3]
    assert captioning.model.passing(scores, 3) == [1, 3, 4]
    assert captioning.model.passing(scores, 4) == [1, 3, 4, 2]
    assert captioning.model.passing(scores[:1], 4) == [0]


LENGTHS_ACCEPTED = "one of: title, description, story; given was 'poem'"


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        *(
            (lambda wrong=wrong: captioner().caption(PICTURES, temperature=wrong), ValueError, "accepted: above 0")
            for wrong in (0, -1.0, float("nan"), float("inf"))
        ),
        (lambda: captioner().sample(PICTURES, 2, temperature=0), ValueError, "temperature=.*accepted: above 0"),
        (lambda: captioner().sample(PICTURES, 0), ValueError, "count=0; accepted: 1 draw or more"),
        (lambda: captioner().caption(PICTURES, "poem"), ValueError, LENGTHS_ACCEPTED),
        (lambda: captioner().sample(PICTURES, 2, "poem"), ValueError, LENGTHS_ACCEPTED),
        (lambda: captioner().beam(PICTURES, "poem"), ValueError, LENGTHS_ACCEPTED),
        (lambda: captioner().caption(PICTURES, "title", z=np.zeros((4, 60))), ValueError, r"accepted: \[4, 24\]"),
        (lambda: discriminator().score(PICTURES, SENTENCES[:3]), ValueError, "3 sentences about 4 pictures"),
        (lambda: discriminator().score(PICTURES[:1], SENTENCES[0]), TypeError, "given was one text"),
        (lambda: discriminator().token_scores(PICTURES[:1], ["cat " * 61]), ValueError, "of 61 words; accepted: .* 60"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_is_accepted(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()


def test_the_longest_sentences_that_can_be_generated_can_be_scored():
    assert [len(row) for row in discriminator().token_scores(PICTURES[:2], ["cat " * 59, "cat " * 60])] == [60, 60]
