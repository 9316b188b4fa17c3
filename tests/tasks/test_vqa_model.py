"""QG-Net: what encoder and decoder depend on, that padding counts nowhere, attention maps, and what is refused."""

from dataclasses import asdict
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from networks import (
    QGNET,
    VOCABULARY,
    copy_of,
    expected_log_probabilities,
    qgnet_parts,
    random_ids,
    vqa_model,
    with_another_word,
)

from vistext import scenes
from vistext.data.vocabulary import PAD, Vocabulary, tokenize
from vistext.nn import decoding, weights
from vistext.tasks import captioning, vqa
from vistext.tasks.vqa.model import MAX_LENGTH, QGNet, QuestionGenerator, TextError

PICTURES = scenes.draw_many(scenes.sample(4, 3, "val")).pictures
GRIDS = np.random.default_rng(0).normal(size=(3, 64, 8)).astype("float32")
Z = np.random.default_rng(3).normal(size=(3, 5, QGNET.width)).astype("float32")
QUESTIONS = ["Where is it?", "What is the cat sitting on?", "Yes, how many dogs are there on the floor?"]
ANSWERS = ["the floor", "two", "yes", "the cat"]
FOUR = [*QUESTIONS, "How many dogs are there?"]


@pytest.fixture
def encoder():
    return qgnet_parts()[0]


@pytest.fixture
def decoder():
    return qgnet_parts()[1]


@pytest.fixture
def network():
    return vqa_model()


@pytest.fixture
def generator():
    return vqa_model(QuestionGenerator)


def test_every_word_of_z_depends_on_the_picture_and_on_all_the_words(encoder):
    ids = random_ids(3, 2, 6)
    z = np.asarray(encoder([GRIDS, ids]))
    assert (z.shape, z.dtype) == ((3, 2, 6, QGNET.width), np.float32)
    for other in (encoder([GRIDS[::-1], ids])[0], encoder([GRIDS, with_another_word(ids, 4)])[0]):
        assert np.abs(np.asarray(other) - z[0]).max(axis=-1).min() > 1e-3


def test_texts_about_one_picture_are_independent(encoder):
    ids = random_ids(3, 2, 6)
    ids[:, 1, 4:] = PAD
    together = np.asarray(encoder([GRIDS, ids]))
    for text, length in enumerate((6, 4)):
        alone = np.asarray(encoder([GRIDS, ids[:, text : text + 1, :length]]))
        assert together[:, text, :length] == pytest.approx(alone[:, 0], abs=1e-4)


@pytest.mark.parametrize("length", [13, 17, MAX_LENGTH])
def test_padding_changes_no_word_of_z_and_is_all_0(encoder, length):
    for question in QUESTIONS:
        ids = VOCABULARY.encode([question] * 3)[:, np.newaxis]
        z = np.asarray(encoder([GRIDS, ids]))
        assert z.any(axis=-1).all()
        longer = np.asarray(encoder([GRIDS, VOCABULARY.encode([question] * 3, length)[:, np.newaxis]]))
        assert longer[:, :, : ids.shape[-1]] == pytest.approx(z, abs=1e-4)
        assert not longer[:, :, ids.shape[-1] :].any()


@pytest.mark.parametrize("length", [6, MAX_LENGTH])
def test_zeros_after_z_change_nothing(decoder, network, length):
    longer, ids = np.pad(Z, [(0, 0), (0, length - 5), (0, 0)]), random_ids(3, 6)
    assert np.asarray(decoder([longer, ids])) == pytest.approx(np.asarray(decoder([Z, ids])), abs=1e-4)
    maps = network.decoder.attention_maps(longer, ids)
    assert maps[..., :5] == pytest.approx(network.decoder.attention_maps(Z, ids), abs=1e-5)
    assert not maps[..., 5:].any()


def test_the_decoder_knows_the_picture_through_z_alone(encoder, decoder):
    question_only = copy_of(encoder)
    for number in range(QGNET.reading):
        kernel = question_only.get_layer(f"read_block{number}").cross_attention.mixed.kernel
        kernel.assign(np.zeros(kernel.shape))
    inputs = VOCABULARY.encode(QUESTIONS)[:, np.newaxis], random_ids(3, 1, 6)
    for part, same in ((question_only, True), (encoder, False)):
        joint = vqa.model.joint_model(part, decoder)
        logits, others = (np.asarray(joint([grids, *inputs])) for grids in (GRIDS, -GRIDS))
        assert np.allclose(logits, others, atol=1e-4) == same


def test_both_as_one_are_the_encoder_and_then_the_decoder(encoder, decoder):
    read, written = random_ids(3, 2, 7), random_ids(3, 2, 5, seed=2)
    read[:, 1, 5:] = PAD
    logits = np.asarray(vqa.model.joint_model(encoder, decoder)([GRIDS, read, written]))
    assert (logits.shape, logits.dtype) == ((3, 2, 5, len(VOCABULARY)), np.float32)
    z = np.asarray(encoder([GRIDS, read]))
    for text in range(2):
        assert logits[:, text] == pytest.approx(np.asarray(decoder([z[:, text], written[:, text]])), abs=1e-4)


def test_generated_words_have_the_probability_that_the_whole_text_gives_them(network, encoder, decoder):
    choice = decoding.sample_noise(3, MAX_LENGTH - 1, 7)
    ids, logs = network.generate(GRIDS, QUESTIONS, z=choice)
    assert ids.shape == (3, MAX_LENGTH)
    z, question_ids = network.encode(GRIDS, QUESTIONS), VOCABULARY.encode(QUESTIONS)
    assert z == pytest.approx(np.asarray(encoder([GRIDS, question_ids[:, np.newaxis]]))[:, 0], abs=1e-5)
    assert logs == pytest.approx(expected_log_probabilities(decoder([z, ids[:, :-1]]), ids), abs=1e-3)
    assert len({row.tobytes() for row in ids}) == 3
    assert logs.min() < -3  # surprising words, for which weights must be right
    for row in (slice(i, i + 1) for i in range(3)):  # in whatever batch, with or without padding
        alone = network.generate(GRIDS[row], QUESTIONS[row], z=choice[row])
        assert (alone.ids == ids[row]).all()
        assert alone.log_probabilities == pytest.approx(logs[row], abs=1e-3)


def test_an_answer_has_its_most_probable_words_their_probability_and_attention_maps(network, decoder):
    answers = network.answer(PICTURES, FOUR)
    grids = captioning.model.encode_images(network.image_encoder, PICTURES)
    ids, _ = network.generate(grids, FOUR)
    assert [answer.text for answer in answers] == VOCABULARY.decode(ids)
    logs = expected_log_probabilities(decoder([network.encode(grids, FOUR), ids[:, :-1]]), ids)
    assert [answer.probability for answer in answers] == pytest.approx(np.exp(logs.sum(axis=1)), rel=1e-2)
    maps = attention_maps(network, grids, FOUR, ids)
    for answer, places in zip(answers, maps, strict=True):
        assert answer.words == tuple(tokenize(answer.text))
        assert answer.attention_maps.shape == (len(answer.words), 8, 8)
        assert answer.attention_maps == pytest.approx(places[: len(answer.words)], abs=1e-6)
        assert answer.attention_maps.sum(axis=(1, 2)) == pytest.approx(np.ones(len(answer.words)), abs=1e-4)


def attention_maps(network, grids, texts, ids):
    return network.attention_maps(*vqa.model.run_encoder(network.encoder, grids, VOCABULARY.encode(texts)), ids)


def test_attention_maps_depend_on_the_picture_the_question_and_the_words_before(network):
    ids, maps_of = random_ids(3, 7), partial(attention_maps, network)
    maps = maps_of(GRIDS, QUESTIONS, ids)
    assert maps.shape == (3, 6, 8, 8)
    assert maps.sum(axis=(2, 3)) == pytest.approx(np.ones((3, 6)), abs=1e-4)
    assert np.abs(maps_of(np.roll(GRIDS, 1, axis=0), QUESTIONS, ids) - maps).max(axis=(1, 2, 3)).min() > 1e-3
    assert np.abs(maps_of(GRIDS, QUESTIONS[::-1], ids) - maps)[[0, 2]].max(axis=(1, 2, 3)).min() > 1e-3
    after = maps_of(GRIDS, QUESTIONS, with_another_word(ids, 3))
    assert after[:, :3] == pytest.approx(maps[:, :3], abs=1e-5)
    assert np.abs(after - maps)[:, 3:].max(axis=(2, 3)).min() > 1e-5
    for row in (slice(i, i + 1) for i in range(3)):
        assert maps_of(GRIDS[row], QUESTIONS[row], ids[row]) == pytest.approx(maps[row], abs=1e-4)


def test_attention_maps_are_those_of_the_decoder_times_those_of_the_encoder(network, encoder):
    ids, read = random_ids(3, 7), VOCABULARY.encode(QUESTIONS)
    z, cells = vqa.model.run_encoder(encoder, GRIDS, read)
    assert z == pytest.approx(network.encode(GRIDS, QUESTIONS), abs=1e-5)
    assert not z[read == PAD].any()
    assert cells.shape == (QGNET.reading, *read.shape, 64)
    assert cells.sum(axis=-1) == pytest.approx(np.ones(cells.shape[:-1]), abs=1e-5)
    words = network.decoder.attention_maps(z, ids[:, :6])
    assert words.shape == (QGNET.writing, 3, 6, read.shape[1])
    assert not np.einsum("bnut,nt->bnut", words, read == PAD).any()
    expected = np.einsum("nut,ntc->nuc", words.mean(axis=0), cells.mean(axis=0)).reshape(3, 6, 8, 8)
    assert network.attention_maps(z, cells, ids) == pytest.approx(expected, abs=1e-5)


def test_attention_goes_to_the_cell_whose_key_matches(encoder):
    # One cell stands out, and the last block is made to attend to nothing else.
    sure = copy_of(encoder)
    block = sure.get_layer("read_block1")
    queries = block.cross_attention.queries.kernel
    for weight, value in ((block.norms[1].gamma, 0), (block.norms[1].beta, 1), (queries, 1)):
        weight.assign(np.full(weight.shape, value, "float32"))
    keys = np.zeros(block.cross_attention.keys.kernel.shape)
    keys[: GRIDS.shape[-1]] = 1  # not the cell's coordinates
    block.cross_attention.keys.kernel.assign(keys)
    grids = np.zeros((3, 64, 8), "float32")
    for row, cell in enumerate((0, 13, 63)):
        grids[row, cell] = 1
    cells = vqa.model.run_encoder(sure, grids, VOCABULARY.encode(QUESTIONS))[1][1]
    assert (cells.argmax(axis=-1) == np.array([0, 13, 63])[:, np.newaxis]).all()
    assert cells.max(axis=-1).min() > 0.99


def test_questions_are_greedy_or_follow_the_seed(generator):
    greedy = generator.ask(PICTURES, ANSWERS)
    grids = captioning.model.encode_images(generator.image_encoder, PICTURES)
    assert greedy == VOCABULARY.decode(generator.generate(grids, ANSWERS).ids) == generator.ask(PICTURES, ANSWERS)
    sampled = [generator.ask(PICTURES, ANSWERS, seed=seed) for seed in (0, 1, 1, 2)]
    assert sampled[1] == sampled[2]
    assert len({tuple(texts) for texts in (greedy, *sampled)}) == 4
    assert generator.ask(PICTURES, ANSWERS, seed=1, top_p=1e-6) == greedy


@pytest.mark.parametrize("question", ["Where is it?", "  WHERE   is\nit ? ", "cat", "two " * (MAX_LENGTH - 2)])
def test_whatever_has_known_words_can_be_read(network, question):
    [answer] = network.answer(PICTURES[:1], [question])
    assert 0 < answer.probability <= 1
    assert np.isfinite(answer.attention_maps).all()


NONE_YET, TOO_MANY = "There is no question yet. Try: ", "words and marks are too many; at most 22 can be read."
REFUSED = [
    *((question, NONE_YET) for question in ("", " \t\n ", "???", "🐱 🐶🏽", "_?")),
    ("猫在哪里？", "Not in the vocabulary: “猫在哪里”, “？”. It has "),
    ("it's?", "Not in the vocabulary: “it's”. It has "),
    ("zebra " * 500, f"500 {TOO_MANY}"),
    ("two " * (MAX_LENGTH - 2) + "?", f"23 {TOO_MANY}"),
    ("Where is the Zebra, the zebra or the yeti?", "Not in the vocabulary: “zebra”, “or”, “yeti”. It has "),
    ("f a b c d e is it?", "Not in the vocabulary: “f”, “a”, “b”, “c”, “d”, …. It has "),
    ("<pad>", "Not in the vocabulary: “<”, “pad”, “>”. It has "),
]


@pytest.mark.parametrize(("question", "message"), REFUSED)
def test_what_cannot_be_read_is_refused_with_what_would_do(network, question, message):
    with pytest.raises(TextError) as refused:
        network.answer(PICTURES[:2], [QUESTIONS[0], question])
    assert str(refused.value).startswith(message)
    assert isinstance(refused.value, ValueError)
    if "vocabulary" in message:
        assert str(refused.value).endswith(f"It has {len(VOCABULARY) - 4} words, those of the drawn world.")


@pytest.mark.parametrize("question", [None, 3, b"Where is it?", ["Where is it?"]])
def test_what_is_no_text_is_refused(network, question):
    with pytest.raises(TypeError, match=f"a question is a str; given was {type(question).__name__}"):
        network.answer(PICTURES[:1], [question])


@pytest.mark.parametrize("count", [0, 2, 4])
def test_a_number_of_texts_that_is_not_that_of_the_pictures_is_refused(network, generator, count):
    for attempt in (network.answer, generator.ask, partial(generator.ask, seed=1)):
        with pytest.raises(ValueError, match=f"{count} texts about 3 pictures; accepted: one for each"):
            attempt(PICTURES[:3], FOUR[:count])


def test_what_is_loaded_is_what_was_saved(network, encoder, decoder, tmp_path):
    sizes = {name: value for name, value in asdict(QGNET).items() if name != "precision"}
    card = {"config": sizes, "words": list(VOCABULARY.words)}
    own = "qgnet_easyvqa_image_encoder"  # that of the drawn world is the package's
    weights.save(network.image_encoder, own, card, tmp_path)
    for name in ("qgnet", "question_generator", "qgnet_easyvqa"):
        image_encoder = {"image_encoder": own if name == "qgnet_easyvqa" else "image_encoder"}
        weights.save(vqa.model.joint_model(encoder, decoder), name, card | image_encoder, tmp_path)
    z, ids = network.encode(GRIDS, QUESTIONS), random_ids(3, 5)
    answerer, generator = vqa.model.load(folder=tmp_path), vqa.model.load_question_generator(tmp_path)
    easyvqa = vqa.model.load("qgnet_easyvqa", tmp_path)
    assert isinstance(answerer, QGNet)
    assert isinstance(generator, QuestionGenerator)
    for loaded in (answerer, generator, easyvqa):
        assert loaded.vocabulary == VOCABULARY
        assert loaded.encode(GRIDS, QUESTIONS) == pytest.approx(z, abs=0.05)
        assert np.asarray(loaded.decoder.network([z, ids])) == pytest.approx(np.asarray(decoder([z, ids])), abs=0.1)
    assert answerer.image_encoder is generator.image_encoder is captioning.model.load_image_encoder()
    features = captioning.model.encode_images(network.image_encoder, PICTURES)
    assert captioning.model.encode_images(easyvqa.image_encoder, PICTURES) == pytest.approx(features, abs=0.05)


@pytest.mark.parametrize(
    ("answer", "short", "holds"),
    [
        ("The cat is sitting on the floor.", "the floor", True),
        ("The cat is sitting on the floor.", "the mat", False),
        ("There are no dogs.", "none", True),
        ("There are two dogs.", "none", False),
        ("No, there is no dog.", "yes", False),
        ("", "yes", False),
    ],
)
def test_a_sentence_contains_a_short_answer_if_its_words_stand_in_it_together(answer, short, holds):
    assert vqa.model.contains_answer(answer, short) is holds


def test_the_round_trip_keeps_the_question_that_is_most_probably_answered_as_wanted(generator, monkeypatch):
    other, unsure, surer = "Where is it?", "Where is the cat?", "What is the cat sitting on?"
    sampled = [other, unsure, surer, "", unsure, *[other] * 3, *[other] * 8]
    logs = {unsure: -0.7, surer: -0.1, other: 0.0}
    monkeypatch.setattr(Vocabulary, "decode", lambda self, ids: sampled if len(ids) == len(sampled) else ids)
    read = []

    class Answers:
        vocabulary = VOCABULARY

        @staticmethod
        def generate(grids, texts):
            read.extend(texts)
            answers = ["The cat is on the floor." if "cat" in text else "Two." for text in texts]
            return SimpleNamespace(ids=answers, log_probabilities=np.array([[logs[text]] for text in texts]))

    asked = generator.ask_features(GRIDS[:2], ["the floor", "yes"], seed=0, round_trip=Answers())
    assert asked == ["What is the cat sitting on?", "Where is it?"]
    assert len(read) == len(sampled) - 1, "an empty question is not answered"
