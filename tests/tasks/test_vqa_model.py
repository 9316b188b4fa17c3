"""Encoder and decoder of questions and answers: what they depend on, that padding counts nowhere, what is refused."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import log_softmax

from vistext import scenes
from vistext.data.vocabulary import PAD, START, UNKNOWN, Vocabulary, tokenize
from vistext.nn import decoding, weights
from vistext.nn.attention import MASK
from vistext.nn.decoder import CachedDecoder, padding_mask
from vistext.nn.engine import keras
from vistext.tasks import captioning, vqa
from vistext.tasks.vqa.model import MAX_LENGTH, QGNet, QGNetConfig, QuestionError, QuestionGenerator

VOCABULARY = Vocabulary.build(
    ["What is the cat sitting on?", "How many dogs are there?", "Where is it?", "Yes, two.", "The cat is on the floor."]
)
SMALL = QGNetConfig(len(VOCABULARY), widths=(8, 8, 8, 8), depth=1, width=16, heads=2, reading=2, writing=2, placed=True)
PICTURES = scenes.draw_many(scenes.sample(4, 3, "val")).pictures
GRIDS = np.random.default_rng(0).normal(size=(3, 64, 8)).astype("float32")
QUESTIONS = ["Where is it?", "What is the cat sitting on?", "Yes, how many dogs are there on the floor?"]
ANSWERS = ["the floor", "two", "yes", "the cat"]
FOUR = [*QUESTIONS, "How many dogs are there?"]


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
def encoder():
    return shaken(vqa.model.build_encoder(SMALL))


@pytest.fixture(scope="module")
def decoder():
    return shaken(vqa.model.build_decoder(SMALL), seed=1)


@pytest.fixture(scope="module")
def writing(decoder):
    return CachedDecoder(decoder)


@pytest.fixture(scope="module")
def network(image_encoder, encoder, writing):
    return QGNet(image_encoder, encoder, writing, VOCABULARY)


@pytest.fixture(scope="module")
def asker(image_encoder, encoder, writing):
    return QuestionGenerator(image_encoder, encoder, writing, VOCABULARY)


def some_ids(*shape, seed=1):
    """Texts of random words, int32 [..., t], START first."""
    ids = np.random.default_rng(seed).integers(UNKNOWN + 1, len(VOCABULARY), shape).astype("int32")
    ids[..., 0] = START
    return ids


def swapped(ids, place):
    """The same with another word at one place."""
    changed = ids.copy()
    changed[..., place] = np.where(ids[..., place] == 5, 6, 5)
    return changed


def padded(table, length):
    """Rows [..., t, c] filled up with zeros, [..., length, c]."""
    more = [(0, 0)] * (table.ndim - 2) + [(0, length - table.shape[-2]), (0, 0)]
    return np.pad(table, more)


def test_every_word_of_z_depends_on_the_picture_and_on_all_the_words(encoder):
    ids = some_ids(3, 2, 6)
    z = np.asarray(encoder([GRIDS, ids]))
    assert (z.shape, z.dtype) == ((3, 2, 6, SMALL.width), np.float32)
    for other in (encoder([GRIDS[::-1], ids])[0], encoder([GRIDS, swapped(ids, 4)])[0]):
        assert np.abs(np.asarray(other) - z[0]).max(axis=-1).min() > 1e-3


def test_texts_about_one_picture_know_nothing_of_each_other(encoder):
    ids = some_ids(3, 2, 6)
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


def test_the_decoder_sees_z_and_the_words_before(decoder):
    z, ids = np.random.default_rng(3).normal(size=(3, 5, SMALL.width)).astype("float32"), some_ids(3, 6)
    logits = np.asarray(decoder([z, ids]))
    assert (logits.shape, logits.dtype) == ((3, 6, len(VOCABULARY)), np.float32)
    assert not np.allclose(decoder([z[::-1], ids])[0], logits[0], atol=0.1)
    after = np.asarray(decoder([z, swapped(ids, 3)]))
    assert after[:, :3] == pytest.approx(logits[:, :3], abs=1e-5)
    assert np.abs(after - logits)[:, 3:].max(axis=-1).min() > 1e-3


def test_a_memory_holds_nothing_where_it_is_all_0():
    memory = np.array([[[0, 1e-6], [0, 0]], [[0, 0], [-1, 0]]], "float32")
    assert np.asarray(padding_mask(memory)).tolist() == [[0, np.float32(MASK)], [np.float32(MASK), 0]]


@pytest.mark.parametrize("length", [6, MAX_LENGTH])
def test_zeros_after_z_change_nothing_that_is_written(decoder, writing, length):
    z, ids = np.random.default_rng(3).normal(size=(3, 5, SMALL.width)).astype("float32"), some_ids(3, 6)
    logits, maps = np.asarray(decoder([z, ids])), writing.attention_maps(z, ids)
    assert np.asarray(decoder([padded(z, length), ids])) == pytest.approx(logits, abs=1e-4)
    longer = writing.attention_maps(padded(z, length), ids)
    assert longer[..., :5] == pytest.approx(maps, abs=1e-5)
    assert not longer[..., 5:].any()


def test_the_picture_is_known_through_z_alone(image_encoder, encoder, decoder, writing, network):
    blind = keras.models.clone_model(encoder)
    blind.set_weights(encoder.get_weights())
    for block in (blind.get_layer(f"read_block{number}") for number in range(SMALL.reading)):
        block.cross_attention.mixed.kernel.assign(np.zeros(block.cross_attention.mixed.kernel.shape))
    read, written = VOCABULARY.encode(QUESTIONS)[:, np.newaxis], some_ids(3, 1, 6)
    for one, same in ((blind, True), (encoder, False)):
        both = vqa.model.joint_model(one, decoder)
        logits, others = (np.asarray(both([grids, read, written])) for grids in (GRIDS, -GRIDS))
        assert np.allclose(logits, others, atol=1e-4) == same
    without = QGNet(image_encoder, blind, writing, VOCABULARY).answer(PICTURES, [QUESTIONS[1]] * 4)
    assert len({answer.text for answer in without}) == 1
    likely, likewise = (
        np.log([answer.probability for answer in answers])
        for answers in (without, network.answer(PICTURES, [QUESTIONS[1]] * 4))
    )
    assert np.ptp(likely) < 1e-3
    assert np.ptp(likewise) > 1e-2


def test_both_as_one_are_the_encoder_and_then_the_decoder(encoder, decoder):
    read, written = some_ids(3, 2, 7), some_ids(3, 2, 5, seed=2)
    read[:, 1, 5:] = PAD
    logits = np.asarray(vqa.model.joint_model(encoder, decoder)([GRIDS, read, written]))
    assert (logits.shape, logits.dtype) == ((3, 2, 5, len(VOCABULARY)), np.float32)
    z = np.asarray(encoder([GRIDS, read]))
    for text in range(2):
        assert logits[:, text] == pytest.approx(np.asarray(decoder([z[:, text], written[:, text]])), abs=1e-4)


def expected_logs(decoder, z, ids):
    """Natural logarithms of what has been written, by the decoder that sees all words: float [n, u]."""
    logits = np.asarray(decoder([z, ids[:, :-1]])).astype("float64")
    logits[..., [PAD, START, UNKNOWN]] = -np.inf
    found = np.take_along_axis(log_softmax(logits, axis=-1), ids[:, 1:, np.newaxis], axis=-1)[..., 0]
    return np.where(ids[:, 1:] == PAD, 0, found)


def test_what_is_written_is_as_likely_as_the_decoder_that_sees_all_words_says(network, decoder):
    choice = decoding.sample_noise(3, MAX_LENGTH - 1, 7)
    ids, logs = network.write(GRIDS, QUESTIONS, z=choice)
    assert ids.shape == (3, MAX_LENGTH)
    assert logs == pytest.approx(expected_logs(decoder, network.encode(GRIDS, QUESTIONS), ids), abs=1e-3)
    assert len({row.tobytes() for row in ids}) == 3
    assert logs.min() < -3  # words that surprise, for which weights must be right
    for i in range(3):  # in whatever company, that is, with or without padding
        one = slice(i, i + 1)
        alone = network.write(GRIDS[one], QUESTIONS[one], z=choice[one])
        assert (alone.ids == ids[one]).all()
        assert alone.log_probabilities == pytest.approx(logs[one], abs=1e-3)


def test_z_of_texts_is_that_of_the_encoder(network, encoder):
    z = network.encode(GRIDS, QUESTIONS)
    ids = VOCABULARY.encode(QUESTIONS)
    assert z.shape == (*ids.shape, SMALL.width)
    assert z == pytest.approx(np.asarray(encoder([GRIDS, ids[:, np.newaxis]]))[:, 0], abs=1e-5)


def test_an_answer_is_the_likeliest_words_with_how_likely_they_are_and_where_they_come_from(network, decoder):
    answers = network.answer(PICTURES, FOUR)
    grids = captioning.model.encode_images(network.image_encoder, PICTURES)
    ids, _ = network.write(grids, FOUR)
    assert [answer.text for answer in answers] == VOCABULARY.decode(ids)
    likely = np.exp(expected_logs(decoder, network.encode(grids, FOUR), ids).sum(axis=1))
    assert [answer.probability for answer in answers] == pytest.approx(likely, rel=1e-2)
    maps = network.attention_maps(grids, FOUR, ids)
    for answer, places in zip(answers, maps, strict=True):
        assert answer.words == tuple(tokenize(answer.text))
        assert answer.attention_maps.shape == (len(answer.words), 8, 8)
        assert answer.attention_maps == pytest.approx(places[: len(answer.words)], abs=1e-6)
        assert answer.attention_maps.sum(axis=(1, 2)) == pytest.approx(np.ones(len(answer.words)), abs=1e-4)


def test_each_word_comes_from_somewhere_in_the_picture(network):
    ids = some_ids(3, 7)
    maps = network.attention_maps(GRIDS, QUESTIONS, ids)
    assert maps.shape == (3, 6, 8, 8)
    assert maps.sum(axis=(2, 3)) == pytest.approx(np.ones((3, 6)), abs=1e-4)
    assert (
        np.abs(network.attention_maps(np.roll(GRIDS, 1, axis=0), QUESTIONS, ids) - maps).max(axis=(1, 2, 3)).min()
        > 1e-3
    )
    other = network.attention_maps(GRIDS, QUESTIONS[::-1], ids)
    assert np.abs(other - maps)[[0, 2]].max(axis=(1, 2, 3)).min() > 1e-3
    after = network.attention_maps(GRIDS, QUESTIONS, swapped(ids, 3))
    assert after[:, :3] == pytest.approx(maps[:, :3], abs=1e-5)
    assert np.abs(after - maps)[:, 3:].max(axis=(2, 3)).min() > 1e-5
    for i in range(3):
        one = slice(i, i + 1)
        assert network.attention_maps(GRIDS[one], QUESTIONS[one], ids[one]) == pytest.approx(maps[one], abs=1e-4)


def test_a_map_is_of_the_cells_that_the_words_of_z_looked_at(network, encoder, writing):
    ids, read = some_ids(3, 7), VOCABULARY.encode(QUESTIONS)
    z, cells = vqa.model.run_encoder(encoder, GRIDS, read)
    assert z == pytest.approx(network.encode(GRIDS, QUESTIONS), abs=1e-5)
    assert not z[read == PAD].any()
    assert cells.shape == (SMALL.reading, *read.shape, 64)
    assert cells.sum(axis=-1) == pytest.approx(np.ones(cells.shape[:-1]), abs=1e-5)
    words = writing.attention_maps(network.encode(GRIDS, QUESTIONS), ids[:, :6])
    assert words.shape == (SMALL.writing, 3, 6, read.shape[1])
    assert not np.einsum("bnut,nt->bnut", words, read == PAD).any()
    expected = np.einsum("nut,ntc->nuc", words.mean(axis=0), cells.mean(axis=0)).reshape(3, 6, 8, 8)
    assert network.attention_maps(GRIDS, QUESTIONS, ids) == pytest.approx(expected, abs=1e-5)


def test_a_word_s_cell_is_the_one_whose_key_fits(encoder):
    # One cell stands out, and the last block is made to look for nothing else.
    sure = keras.models.clone_model(encoder)
    sure.set_weights(encoder.get_weights())
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


def test_a_question_is_asked_for_each_answer(asker):
    asked = asker.ask(PICTURES, ANSWERS)
    assert asked == VOCABULARY.decode(
        asker.write(captioning.model.encode_images(asker.image_encoder, PICTURES), ANSWERS).ids
    )
    assert len(asked) == 4
    assert asked == asker.ask(PICTURES, ANSWERS)
    drawn = asker.ask(PICTURES, ANSWERS, seed=1)
    assert drawn == asker.ask(PICTURES, ANSWERS, seed=1)
    assert len({tuple(each) for each in (asked, drawn, asker.ask(PICTURES, ANSWERS, seed=2))}) == 3
    assert asker.ask(PICTURES, ANSWERS, seed=0) != asked
    assert asker.ask(PICTURES, ANSWERS, seed=1, top_p=1e-6) == asked


FINE = ["Where is it?", "  WHERE   is\nit ? ", "cat", "two " * (MAX_LENGTH - 2)]


@pytest.mark.parametrize("question", FINE)
def test_whatever_has_known_words_can_be_read(network, question):
    assert vqa.model.check(question, VOCABULARY) is None
    [answer] = network.answer(PICTURES[:1], [question])
    assert 0 < answer.probability <= 1
    assert np.isfinite(answer.attention_maps).all()


REFUSED = [
    ("", "There is no question yet. Try: "),
    (" \t\n ", "There is no question yet. Try: "),
    ("???", "There is no question yet. Try: "),
    ("🐱 🐶🏽", "There is no question yet. Try: "),
    ("_?", "There is no question yet. Try: "),
    ("猫在哪里？", "I never learned “猫在哪里”, “？”. I know "),
    ("it's?", "I never learned “it's”. I know "),
    ("two " * 500, "500 words and marks are too many; at most 22 can be read."),
    ("zebra " * 500, "500 words and marks are too many; at most 22 can be read."),
    ("two " * (MAX_LENGTH - 2) + "?", "23 words and marks are too many; at most 22 can be read."),
    ("Where is the Zebra, the zebra or the yeti?", "I never learned “zebra”, “or”, “yeti”. I know "),
    ("a b c d e is it?", "I never learned “a”, “b”, “c”, “d”, “e”. I know "),
    ("f a b c d e is it?", "I never learned “f”, “a”, “b”, “c”, “d”, …. I know "),
    ("<pad>", "I never learned “<”, “pad”, “>”. I know "),
]


@pytest.mark.parametrize(("question", "message"), REFUSED)
def test_what_cannot_be_read_is_refused_with_what_would_do(network, question, message):
    with pytest.raises(QuestionError) as refused:
        vqa.model.check(question, VOCABULARY)
    assert str(refused.value).startswith(message)
    assert isinstance(refused.value, ValueError)
    if "never" in message:
        assert str(refused.value).endswith(f"I know {len(VOCABULARY) - 4} words, those of the drawn world.")
    with pytest.raises(QuestionError) as refused:
        network.answer(PICTURES[:2], [QUESTIONS[0], question])
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("question", [None, 3, b"Where is it?", ["Where is it?"]])
def test_what_is_no_text_is_refused(network, question):
    with pytest.raises(TypeError, match=f"a question is a text; given was {type(question).__name__}"):
        network.answer(PICTURES[:1], [question])


def every_way(network, asker):
    return (
        network.answer,
        asker.ask,
        partial(asker.ask, seed=1),
    )


@pytest.mark.parametrize("count", [0, 2, 4])
def test_a_number_of_texts_that_is_not_that_of_the_pictures_is_refused(network, asker, count):
    ways = *every_way(network, asker), lambda pictures, texts: network.encode(GRIDS, texts)
    for way in ways:
        with pytest.raises(ValueError, match=f"{count} texts about 3 pictures; accepted: one for each"):
            way(PICTURES[:3], FOUR[:count])


@pytest.mark.parametrize(
    ("pictures", "error", "message"),
    [
        (np.zeros((1, 64, 64, 3), "float32"), TypeError, "float32; accepted: uint8"),
        (np.zeros((1, 64, 64, 4), "uint8"), ValueError, r"accepted: \[n, h, w, 3\]"),
        (np.zeros((64, 64, 3), "uint8"), ValueError, r"accepted: \[n, h, w, 3\]"),
        (np.zeros((0, 64, 64, 3), "uint8"), ValueError, r"accepted: \[n, h, w, 3\]"),
    ],
)
def test_what_is_no_batch_of_pictures_is_refused(network, asker, pictures, error, message):
    for way in every_way(network, asker):
        with pytest.raises(error, match=message):
            way(pictures, QUESTIONS[:1])


def test_a_picture_of_another_size_is_scaled_to_fit(network):
    twice = np.repeat(np.repeat(PICTURES, 2, axis=1), 2, axis=2)
    small, large = (network.answer(pictures, FOUR) for pictures in (PICTURES, twice))
    assert [answer.text for answer in large] == [answer.text for answer in small]
    likely, likewise = ([answer.probability for answer in answers] for answers in (small, large))
    assert likewise == pytest.approx(likely, rel=0.05)
    [wide] = network.answer(np.zeros((1, 20, 33, 3), "uint8"), QUESTIONS[:1])
    assert wide.attention_maps.shape == (len(wide.words), 8, 8)


def test_a_vocabulary_that_is_not_that_of_the_weights_is_refused(image_encoder, encoder, writing):
    other = Vocabulary.build(["a cat"])
    less = replace(SMALL, words=6)
    for kind in (QGNet, QuestionGenerator):
        for parts in ((encoder, writing), (vqa.model.build_encoder(less), writing)):
            with pytest.raises(ValueError, match=rf"has 6 words, .* trained with {len(VOCABULARY)}; take the one"):
                kind(image_encoder, *parts, other)
        with pytest.raises(ValueError, match=rf"has 6 words, .* trained with {len(VOCABULARY)}; take the one"):
            kind(image_encoder, encoder, CachedDecoder(vqa.model.build_decoder(less)), other)


def test_the_precision_changes_little_and_the_reader_s_stays(encoder, decoder, bfloat16):
    before = keras.config.dtype_policy()
    config = replace(SMALL, precision=bfloat16)
    coarse = vqa.model.joint_model(vqa.model.build_encoder(config), vqa.model.build_decoder(config))
    assert keras.config.dtype_policy() == before
    exact = vqa.model.joint_model(encoder, decoder)
    coarse.set_weights(exact.get_weights())
    assert {variable.dtype for variable in coarse.variables} == {"float32"}
    given = [GRIDS, VOCABULARY.encode(QUESTIONS)[:, np.newaxis], some_ids(3, 1, 6)]
    logits = np.asarray(coarse(given))
    assert logits.dtype == np.float32
    assert logits == pytest.approx(np.asarray(exact(given)), rel=0.15, abs=0.3)


def test_what_is_loaded_is_what_was_saved(network, encoder, decoder, tmp_path, monkeypatch):
    sizes = {
        name: getattr(SMALL, name) for name in ("words", "depth", "width", "heads", "reading", "writing", "placed")
    }
    card = {"config": sizes | {"widths": list(SMALL.widths)}, "words": list(VOCABULARY.words)}
    # Eye and networks may differ in depth; easy-VQA's eye is its own and does not.
    shared = captioning.model.CaptionerConfig(9, widths=SMALL.widths, depth=2, width=8, heads=2, blocks=1)
    eyes = {
        "image_encoder": shaken(captioning.model.build_image_encoder(shared), scale=0.1),
        "qgnet_easyvqa_image_encoder": network.image_encoder,
    }
    kept = {name: getattr(shared, name) for name in ("words", "widths", "depth", "width", "heads", "blocks")}
    for name, image_encoder in eyes.items():
        weights.save(image_encoder, name, {"config": kept}, tmp_path)
    for name, image_encoder in (
        ("qgnet", "image_encoder"),
        ("question_generator", "image_encoder"),
        ("qgnet_easyvqa", "qgnet_easyvqa_image_encoder"),
    ):
        weights.save(vqa.model.joint_model(encoder, decoder), name, card | {"image_encoder": image_encoder}, tmp_path)
    here = {name: partial(getattr(weights, name), folder=tmp_path) for name in ("card", "load_into")}
    monkeypatch.setattr(captioning.model, "weights", SimpleNamespace(**here))  # of lesson 05's eye
    assert (
        vqa.model.shipped_config("qgnet", tmp_path) == vqa.model.shipped_config("question_generator", tmp_path) == SMALL
    )
    read, ids = network.encode(GRIDS, QUESTIONS), some_ids(3, 5)
    exact = np.asarray(decoder([read, ids]))
    for load, kind, image_encoder in (
        (vqa.model.load, QGNet, "image_encoder"),
        (vqa.model.load_question_generator, QuestionGenerator, "image_encoder"),
        (partial(vqa.model.load, "qgnet_easyvqa"), QGNet, "qgnet_easyvqa_image_encoder"),
    ):
        loaded = load(folder=tmp_path)
        assert type(loaded) is kind
        assert loaded.vocabulary == VOCABULARY
        assert loaded.encode(GRIDS, QUESTIONS) == pytest.approx(read, abs=0.05)
        assert np.asarray(loaded.writing.writer([read, ids])) == pytest.approx(exact, abs=0.1)
        seen, others = (
            captioning.model.encode_images(each, PICTURES) for each in (loaded.image_encoder, eyes[image_encoder])
        )
        assert seen == pytest.approx(others, abs=0.05)


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
def test_a_sentence_says_a_short_answer_if_its_words_stand_in_it_together(answer, short, holds):
    assert vqa.model.contains_answer(answer, short) is holds


def test_of_several_questions_that_is_taken_which_is_answered_most_surely_as_wished(asker, monkeypatch):
    other, unsure, surer = "Where is it?", "Where is the cat?", "What is the cat sitting on?"
    drawn = [other, unsure, surer, "", unsure, *[other] * 3, *[other] * 8]
    sure = {unsure: -0.7, surer: -0.1, other: 0.0}
    monkeypatch.setattr(Vocabulary, "decode", lambda self, ids: drawn if len(ids) == len(drawn) else ids)
    read = []

    class Answers:
        vocabulary = VOCABULARY

        @staticmethod
        def write(grids, texts):
            read.extend(texts)
            said = ["The cat is on the floor." if "cat" in text else "Two." for text in texts]
            return SimpleNamespace(ids=said, log_probabilities=np.array([[sure[text]] for text in texts]))

    posed = asker.pose(GRIDS[:2], ["the floor", "yes"], seed=0, round_trip=Answers())
    assert posed == ["What is the cat sitting on?", "Where is it?"]
    assert len(read) == len(drawn) - 1, "an empty question is not asked back"
