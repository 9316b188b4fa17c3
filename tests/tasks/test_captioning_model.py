"""Eye, writer and judge: what they depend on, that writing is reading word by word, and what is refused."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit, log_softmax

from vistext import scenes
from vistext.data.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from vistext.nn import decoding, weights
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras
from vistext.scenes.ontology import MAX_OBJECTS
from vistext.tasks import captioning
from vistext.tasks.captioning.model import LENGTHS, MAX_LENGTH, Captioner, CaptionerConfig, Discriminator

VOCABULARY = Vocabulary.build(["A cat is sitting on the floor.", "There is a large dog, and it runs to the left."])
SMALL = CaptionerConfig(len(VOCABULARY), widths=(4, 6, 8, 8), depth=1, width=8, heads=2, blocks=2, finding=1)
PICTURES = scenes.draw_many(scenes.sample(4, 3, "val")).pictures
GRIDS = np.random.default_rng(0).normal(size=(3, 64, 8)).astype("float32")
CANNOT_BE_SAID = [PAD, START, UNKNOWN]


def shaken(network, seed=0, scale=0.4):
    """The network with weights so large that every word and every cell counts."""
    random = np.random.default_rng(seed)
    for weight in network.trainable_variables:
        weight.assign(random.normal(scale=scale, size=weight.shape))
    return network


@pytest.fixture(scope="module")
def eye():
    keras.utils.set_random_seed(0)
    return captioning.model.build_image_encoder(SMALL)


@pytest.fixture(scope="module")
def writer():
    return shaken(captioning.model.build_caption_decoder(SMALL))


@pytest.fixture(scope="module")
def network():
    return shaken(captioning.model.build_discriminator(SMALL))


@pytest.fixture(scope="module")
def speaker(image_encoder, writer):
    return Captioner(image_encoder, CachedDecoder(writer), VOCABULARY)


@pytest.fixture(scope="module")
def judge(image_encoder, network):
    return Discriminator(image_encoder, network, VOCABULARY)


def some_ids(s=2, t=6, seed=1):
    """Sentences of random words, int32 [3, s, t], START first."""
    ids = np.random.default_rng(seed).integers(END, len(VOCABULARY), (3, s, t)).astype("int32")
    ids[..., 0] = START
    return ids


def as_words(ids):
    """Ids [n, s, t] as the judge takes them: float32 [n, s, t, words]."""
    return (np.eye(len(VOCABULARY), dtype="float32") * (np.arange(len(VOCABULARY)) != PAD)[:, np.newaxis])[ids]


def test_the_eye_sees_each_part_of_the_picture_where_it_is(image_encoder):
    grids = captioning.model.encode_images(image_encoder, PICTURES)
    assert (grids.shape, grids.dtype) == ((4, 64, 8), np.float32)
    assert grids == pytest.approx(np.asarray(image_encoder(PICTURES)), abs=1e-6)
    assert not np.allclose(grids[0], grids[1])


def test_many_pictures_are_looked_at_in_parts_with_the_same_result(image_encoder, monkeypatch):
    whole = captioning.model.encode_images(image_encoder, PICTURES)
    monkeypatch.setattr(captioning.model, "ENCODING_BATCH", 3)
    assert captioning.model.encode_images(image_encoder, PICTURES) == pytest.approx(whole, abs=1e-5)


def test_an_eye_that_has_learned_more_is_not_looked_through_as_it_was(image_encoder):
    again = captioning.model.build_image_encoder(SMALL)
    before = captioning.model.encode_images(again, PICTURES)
    again.set_weights(image_encoder.get_weights())
    assert captioning.model.encode_images(again, PICTURES) == pytest.approx(
        captioning.model.encode_images(image_encoder, PICTURES), abs=1e-6
    )
    assert np.abs(captioning.model.encode_images(again, PICTURES) - before).max() > 1e-3


def test_a_picture_of_another_size_is_scaled_to_fit(image_encoder):
    twice = np.repeat(np.repeat(PICTURES[:1], 2, axis=1), 2, axis=2)
    seen, *others = captioning.model.encode_images(image_encoder, PICTURES)
    [large] = captioning.model.encode_images(image_encoder, twice)
    assert np.abs(large - seen).mean() < min(np.abs(large - other).mean() for other in others)
    assert captioning.model.encode_images(image_encoder, np.zeros((1, 20, 33, 3), "uint8")).shape == (1, 64, 8)


def test_the_writer_depends_on_the_picture_the_length_and_the_words_before(writer):
    ids, lengths = some_ids(), np.array([[0, 1]] * 3, "int32")
    logits = np.asarray(writer([GRIDS, ids, lengths]))
    assert (logits.shape, logits.dtype) == ((3, 2, 6, len(VOCABULARY)), np.float32)
    assert not np.allclose(writer([GRIDS[::-1], ids, lengths])[0], logits[0], atol=0.1)
    assert not np.allclose(writer([GRIDS, ids, 2 - lengths])[0], logits[0], atol=0.1)
    changed = ids.copy()
    changed[..., 3] = np.where(ids[..., 3] == 5, 6, 5)
    after = np.asarray(writer([GRIDS, changed, lengths]))
    assert after[:, :, :3] == pytest.approx(logits[:, :, :3], abs=1e-5)
    assert np.abs(after[:, :, 3:] - logits[:, :, 3:]).max(axis=-1).min() > 1e-3


def test_sentences_about_one_picture_know_nothing_of_each_other(writer, network):
    ids, lengths = some_ids(), np.array([[0, 1]] * 3, "int32")
    together = np.asarray(writer([GRIDS, ids, lengths]))
    judged = np.asarray(network([GRIDS, as_words(ids)]))
    for sentence in range(2):
        one = slice(sentence, sentence + 1)
        alone = np.asarray(writer([GRIDS, ids[:, one], lengths[:, one]]))
        assert alone == pytest.approx(together[:, one], abs=1e-4)
        assert np.asarray(network([GRIDS, as_words(ids[:, one])])) == pytest.approx(judged[:, one], abs=1e-4)


@pytest.mark.parametrize("length", LENGTHS)
def test_what_is_written_is_as_likely_as_the_writer_that_sees_all_words_says(speaker, writer, length):
    z = decoding.sample_noise(3, MAX_LENGTH[length], 7)
    ids, logs = speaker.write(GRIDS, length, z=z)
    asked = np.full((3, 1), LENGTHS.index(length), "int32")
    logits = np.asarray(writer([GRIDS, ids[:, np.newaxis, :-1], asked]))[:, 0].astype("float64")
    logits[..., CANNOT_BE_SAID] = -np.inf
    expected = np.take_along_axis(log_softmax(logits, axis=-1), ids[:, 1:, np.newaxis], axis=-1)[..., 0]
    assert logs == pytest.approx(np.where(ids[:, 1:] == PAD, 0, expected), abs=1e-3)
    assert len({row.tobytes() for row in ids}) == 3
    assert logs.min() < -3  # words that surprise, for which weights must be right


def test_where_the_writer_looks_depends_on_the_words_so_far_and_on_the_length(speaker):
    ids = some_ids(s=1)[:, 0]
    lengths = np.array([0, 1, 2], "int32")
    maps = speaker.writing.attention_maps(GRIDS, ids, lengths)
    assert maps.shape == (2, 3, 6, 64 + MAX_OBJECTS)
    assert maps.sum(axis=-1) == pytest.approx(1, abs=1e-5)
    changed = ids.copy()
    changed[:, 3] = np.where(ids[:, 3] == 5, 6, 5)
    after = speaker.writing.attention_maps(GRIDS, changed, lengths)
    assert after[:, :, :3] == pytest.approx(maps[:, :, :3], abs=1e-6)
    assert np.abs(after - maps)[:, :, 3:].max(axis=-1).min() > 1e-4
    assert not np.allclose(speaker.writing.attention_maps(GRIDS, ids, 2 - lengths)[:, 0], maps[:, 0], atol=1e-4)


def test_a_cooled_writer_says_what_it_said_at_that_temperature(speaker, writer):
    cooled = keras.models.clone_model(writer)
    cooled.set_weights(writer.get_weights())
    captioning.model.apply_temperature(cooled, 0.5)
    z = decoding.sample_noise(3, MAX_LENGTH["title"], 2)
    ids = speaker.write(GRIDS, "title", z=z, temperature=0.5).ids
    plainly = Captioner(speaker.image_encoder, CachedDecoder(cooled), VOCABULARY).write(GRIDS, "title", z=z)
    assert (plainly.ids == ids).all()
    assert (speaker.write(GRIDS, "title", z=z).ids != ids).any()


def test_it_says_a_sentence_about_each_picture(speaker):
    said = speaker.caption(PICTURES, "title")
    ids = speaker.write(captioning.model.encode_images(speaker.image_encoder, PICTURES), "title").ids
    assert said == VOCABULARY.decode(ids)
    assert len(said) == 4
    z = decoding.sample_noise(4, MAX_LENGTH["title"], 1)
    assert speaker.caption(PICTURES, "title", z=z) == speaker.caption(PICTURES, "title", z=z)
    assert speaker.caption(PICTURES, "title", z=z) != said
    assert speaker.caption(PICTURES, "title", z=z, temperature=1e-6) == said


def test_draws_about_a_picture_stand_together_and_follow_the_seed(speaker):
    drawn = speaker.draw(PICTURES, 3, "title", seed=5)
    z = decoding.sample_noise(12, MAX_LENGTH["title"], 5)
    one_by_one = speaker.caption(np.repeat(PICTURES, 3, axis=0), "title", z=z)
    assert drawn == [one_by_one[first : first + 3] for first in (0, 3, 6, 9)]
    assert drawn != speaker.draw(PICTURES, 3, "title", seed=6)
    narrow = speaker.draw(PICTURES, 2, "title", seed=5, top_p=1e-6)
    assert narrow == [[sentence] * 2 for sentence in speaker.caption(PICTURES, "title")]


def test_a_beam_finds_what_is_at_least_as_likely_as_the_likeliest_words(speaker):
    grids = captioning.model.encode_images(speaker.image_encoder, PICTURES)
    greedy = speaker.write(grids, "title").log_probabilities.sum(axis=1)
    found = decoding.beam_search(
        speaker.writing, (grids, np.zeros(4, "int32")), max_length=MAX_LENGTH["title"], width=4
    )
    assert speaker.best(PICTURES, "title") == VOCABULARY.decode(found.ids[:, 0])
    assert (found.log_probabilities[:, 0] >= greedy - 1e-3).all()
    assert speaker.best(PICTURES, "title", width=1) == speaker.caption(PICTURES, "title")


def test_the_judge_hears_each_word_with_those_before_it_and_the_picture_in_view(network):
    words = as_words(some_ids())
    evidence = np.asarray(network([GRIDS, words]))
    assert (evidence.shape, evidence.dtype) == ((3, 2, 6), np.float32)
    changed = words.copy()
    changed[:, :, 3] = np.roll(words[:, :, 3], 1, axis=-1)
    after = np.asarray(network([GRIDS, changed]))
    assert after[..., :3] == pytest.approx(evidence[..., :3], abs=1e-5)
    assert np.abs(after - evidence)[..., 3:].min() > 1e-5
    assert np.abs(network([GRIDS[::-1], words])[0] - evidence[0]).min() > 1e-5


def test_a_judge_starts_with_what_the_writer_has_learned_and_no_opinion(writer):
    judge = captioning.model.build_discriminator(SMALL)
    ids = some_ids()
    judge.set_weights([np.ones(weight.shape) for weight in judge.weights])  # one that has an opinion forgets it
    captioning.model.init_discriminator(judge, writer)
    assert not np.asarray(judge([GRIDS, as_words(ids)])).any()
    # Before each word, it knows what a writer does that is told the mean of the lengths.
    told = keras.models.clone_model(writer)
    told.set_weights(writer.get_weights())
    length = told.get_layer("length").embeddings
    length.assign(np.tile(np.mean(length, axis=0), (3, 1)))
    lengths = np.zeros((3, 2), "int32")
    known = keras.Model(told.inputs, told.get_layer("norm").output)([GRIDS, ids[..., :-1], lengths])
    heard = keras.Model(judge.inputs, judge.get_layer("norm").output)([GRIDS, as_words(ids[..., 1:])])
    assert np.asarray(heard) == pytest.approx(np.asarray(known), abs=1e-4)


def test_padding_adds_nothing_and_changes_no_score(network):
    words = as_words(some_ids())
    longer = np.concatenate([words, np.zeros((3, 2, 4, len(VOCABULARY)), "float32")], axis=2)
    evidence = np.asarray(network([GRIDS, longer]))
    assert not evidence[:, :, 6:].any()
    assert evidence[:, :, :6] == pytest.approx(np.asarray(network([GRIDS, words])), abs=1e-5)


def test_words_of_which_it_hears_shares_count_as_words(network):
    words = as_words(some_ids())
    mixed = (words + as_words(some_ids(seed=2))) / 2
    first, between, last = (np.asarray(network([GRIDS, each])) for each in (words, mixed, as_words(some_ids(seed=2))))
    assert (between != 0).all()
    assert not np.allclose(between, first, atol=1e-3)
    assert not np.allclose(between, last, atol=1e-3)


SAID = ["A cat.", "There is a dog, and it runs to the left.", "a large cat", "The zebra is sitting on the floor."]


def test_the_evidence_of_the_words_is_the_score(judge):
    evidence = judge.token_scores(PICTURES, SAID)
    scores = judge.score(PICTURES, SAID)
    assert [word for word, _ in evidence[0]] == ["a", "cat", ".", "<end>"]
    assert [word for word, _ in evidence[3]][:2] == ["the", "<unknown>"]
    assert scores == pytest.approx([expit(sum(value for _, value in each)) for each in evidence], abs=1e-5)
    assert ((scores > 0) & (scores < 1)).all()
    assert judge.score_features(captioning.model.encode_images(judge.image_encoder, PICTURES), SAID) == pytest.approx(
        scores
    )


def test_a_sentence_has_the_same_score_in_whatever_company(judge, monkeypatch):
    together = judge.score(PICTURES, SAID)
    alone = [judge.score(PICTURES[i : i + 1], SAID[i : i + 1])[0] for i in range(4)]
    assert together == pytest.approx(alone, abs=1e-5)
    monkeypatch.setattr(captioning.model, "SCORING_BATCH", 3)
    assert judge.score(PICTURES, SAID) == pytest.approx(together, abs=1e-5)


def test_the_judge_chooses_what_it_finds_likeliest(judge):
    draws = [SAID[:3], SAID[1:2], SAID, SAID[2:]]
    expected = [
        max(each, key=lambda sentence, i=i: judge.score(PICTURES[i : i + 1], [sentence])[0])
        for i, each in enumerate(draws)
    ]
    assert judge.choose(PICTURES, draws) == expected


def test_a_score_is_a_probability_however_sure_the_judge_is(image_encoder):
    network = captioning.model.build_discriminator(SMALL)
    for sure in (1000.0, -1000.0):
        network.get_layer("adds").bias.assign([sure] * len(VOCABULARY))
        scores = Discriminator(image_encoder, network, VOCABULARY).score(PICTURES, SAID)
        assert scores == pytest.approx(np.full(4, float(sure > 0)), abs=1e-6)


def every_way(speaker, judge):
    return (
        speaker.caption,
        lambda pictures: speaker.draw(pictures, 2),
        speaker.best,
        lambda pictures: judge.score(pictures, SAID[:1]),
        lambda pictures: judge.token_scores(pictures, SAID[:1]),
        lambda pictures: judge.choose(pictures, [SAID]),
    )


@pytest.mark.parametrize(
    ("pictures", "error", "message"),
    [
        (np.zeros((1, 64, 64, 3), "float32"), TypeError, "float32; accepted: uint8"),
        (np.zeros((1, 64, 64, 4), "uint8"), ValueError, r"accepted: \[n, h, w, 3\]"),
        (np.zeros((1, 64, 64), "uint8"), ValueError, r"accepted: \[n, h, w, 3\]"),
    ],
)
def test_what_is_no_batch_of_pictures_is_refused(speaker, judge, pictures, error, message):
    for way in every_way(speaker, judge):
        with pytest.raises(error, match=message):
            way(pictures)


def test_a_vocabulary_that_is_not_that_of_the_weights_is_refused(image_encoder, writer, network):
    other = Vocabulary.build(["a cat"])
    with pytest.raises(ValueError, match=rf"has 6 words, .* trained with {len(VOCABULARY)}; take the one"):
        Captioner(image_encoder, CachedDecoder(writer), other)
    with pytest.raises(ValueError, match=rf"has 6 words, .* trained with {len(VOCABULARY)}; take the one"):
        Discriminator(image_encoder, network, other)


@pytest.mark.parametrize("count", [0, -1])
def test_no_draws_are_refused(speaker, count):
    with pytest.raises(ValueError, match=f"count={count}; accepted: 1 draw or more"):
        speaker.draw(PICTURES, count)


@pytest.mark.parametrize("temperature", [0, -1.0, float("nan"), float("inf")])
def test_a_temperature_of_zero_or_below_is_refused(speaker, temperature):
    for way in (speaker.caption, partial(speaker.draw, count=2)):
        with pytest.raises(ValueError, match=r"temperature=.*accepted: above 0"):
            way(PICTURES, temperature=temperature)


def test_an_unknown_length_is_refused_with_those_that_there_are(speaker):
    for way in (speaker.caption, partial(speaker.draw, count=2), speaker.best):
        with pytest.raises(ValueError, match="one of: title, description, story; given was 'poem'"):
            way(PICTURES, length="poem")


def test_a_z_of_another_length_is_refused(speaker):
    with pytest.raises(ValueError, match=rf"accepted: \[4, {MAX_LENGTH['title']}\]"):
        speaker.caption(PICTURES, "title", z=np.zeros((4, MAX_LENGTH["story"])))


def test_a_number_of_sentences_that_is_not_that_of_the_pictures_is_refused(judge):
    for way in (judge.score, judge.token_scores):
        with pytest.raises(ValueError, match="3 sentences about 4 pictures; accepted: one for each"):
            way(PICTURES, SAID[:3])
        with pytest.raises(TypeError, match="given was one text"):
            way(PICTURES[:1], SAID[0])
    for draws in ([SAID] * 3, [SAID, SAID, SAID, []]):
        with pytest.raises(ValueError, match="accepted: 1 or more for each picture"):
            judge.choose(PICTURES, draws)


def test_whatever_can_be_written_is_heard_and_what_is_longer_is_refused(judge):
    assert [len(each) for each in judge.token_scores(PICTURES[:2], ["cat " * 59, "cat " * 60])] == [60, 60]
    with pytest.raises(ValueError, match="a sentence of 61 words; accepted: at most 60"):
        judge.score(PICTURES[:1], ["cat " * 61])


def test_the_precision_changes_little_and_the_reader_s_stays(writer, bfloat16):
    before = keras.config.dtype_policy()
    coarse = captioning.model.build_caption_decoder(replace(SMALL, precision=bfloat16))
    assert keras.config.dtype_policy() == before
    coarse.set_weights(writer.get_weights())
    assert {variable.dtype for variable in coarse.variables} == {"float32"}
    given = [GRIDS, some_ids(), np.zeros((3, 2), "int32")]
    assert np.asarray(coarse(given)) == pytest.approx(np.asarray(writer(given)), rel=0.15, abs=0.3)
    ids, logs = Captioner(None, CachedDecoder(coarse), VOCABULARY).write(GRIDS, "title")
    assert np.isfinite(logs).all()
    assert ids.shape == (3, MAX_LENGTH["title"] + 1)


def test_what_is_loaded_is_what_was_saved(writer, speaker, judge, tmp_path, monkeypatch):
    config = {name: getattr(SMALL, name) for name in ("words", "depth", "width", "heads", "blocks", "finding")}
    card = {"config": config | {"widths": list(SMALL.widths)}, "words": list(VOCABULARY.words)}
    models = {
        "image_encoder": judge.image_encoder,
        "captioner_gan": writer,
        "captioner": writer,
        "discriminator": judge.network,
    }
    for name, model in models.items():
        weights.save(model, name, card, tmp_path)
    folder = {name: partial(getattr(weights, name), folder=tmp_path) for name in ("card", "load_into")}
    monkeypatch.setattr(captioning.model, "weights", SimpleNamespace(**folder))
    for name in ("captioner_gan", "captioner"):
        loaded = captioning.model.load(name)
        assert loaded.vocabulary == VOCABULARY == captioning.model.vocabulary()
        assert loaded.caption(PICTURES, "title") == speaker.caption(PICTURES, "title")
    assert captioning.model.load_discriminator().score(PICTURES, SAID) == pytest.approx(
        judge.score(PICTURES, SAID), abs=0.05
    )
