"""Lesson 08's networks: what each fusion can and cannot depend on, and the dual encoder."""

from dataclasses import asdict

import numpy as np
import pytest
from networks import FUSION, VOCABULARY, randomize

from vistext import scenes
from vistext.data.vocabulary import PAD, START, UNKNOWN
from vistext.nn import weights
from vistext.tasks import captioning, fusion
from vistext.tasks.fusion.model import FUSIONS, MAX_LENGTH, DualEncoder, FusionConfig
from vistext.tasks.vqa.model import TextError

RNG = np.random.default_rng(0)
GRIDS = RNG.normal(size=(3, 64, 8)).astype("float32")
IDS = RNG.integers(UNKNOWN + 1, len(VOCABULARY), (3, 2, 7)).astype("int32")
IDS[..., 0] = START


@pytest.fixture(scope="module", params=FUSIONS)
def network(request):
    return request.param, randomize(fusion.model.build_puzzle_solver(FUSION, request.param))


@pytest.fixture(scope="module")
def pair():
    return randomize(fusion.model.build_dual_encoder(FUSION))


def logits(model, grids=GRIDS, ids=IDS):
    return np.asarray(model([grids, ids], training=False))


def test_each_fusion_depends_on_its_inputs_alone(network):
    name, model = network
    assert logits(model).shape == (3, 2, 7, len(VOCABULARY))
    other_words = IDS.copy()
    other_words[..., 3] = np.where(IDS[..., 3] == 5, 6, 5)
    reads = not np.allclose(logits(model), logits(model, ids=other_words), atol=1e-4)
    assert reads == (name != "picture only")
    for grids in (GRIDS[::-1], np.roll(GRIDS, 1, axis=1)):  # another picture, and its cells elsewhere
        assert np.allclose(logits(model), logits(model, grids=grids), atol=1e-4) == (name == "text only")


def test_late_fusion_adds_the_same_logits_of_a_picture_everywhere():
    model = randomize(fusion.model.build_puzzle_solver(FUSION, "late"))
    difference = logits(model) - logits(model, grids=GRIDS[::-1])
    assert np.allclose(difference, difference[:, :1, :1], atol=1e-3)


def test_padding_and_other_texts_about_a_picture_change_nothing(network):
    longer = np.pad(IDS, ((0, 0), (0, 0), (0, 4)), constant_values=PAD)
    assert np.allclose(logits(network[1], ids=longer)[:, :, :7], logits(network[1]), atol=1e-3)
    assert np.allclose(logits(network[1])[:, 1:], logits(network[1], ids=IDS[:, 1:]), atol=1e-3)


def test_networks_of_all_fusions_have_about_as_many_weights_where_it_can_be_so():
    counts = {name: fusion.model.build_puzzle_solver(FusionConfig(100), name).count_params() for name in FUSIONS}
    assert counts["text only"] == counts["picture only"] == counts["attention"]
    assert counts["gated"] == counts["contrastive"]
    assert max(counts.values()) < 3 * min(counts.values())
    with pytest.raises(ValueError, match="one of: text only"):
        fusion.model.build_puzzle_solver(FUSION, "glue")


def test_texts_and_pictures_are_encoded_separately_as_together_as_unit_vectors_and_padding_changes_none(pair):
    texts = ["Where is it?", "Yes, two.", "The cat"]
    images, sentences = (np.asarray(each) for each in pair([GRIDS, VOCABULARY.encode(texts)], training=False))
    assert images.shape == sentences.shape == (3, 6)
    assert np.allclose(np.linalg.norm([*images, *sentences], axis=-1), 1, atol=1e-5)
    dual_encoder = DualEncoder(None, pair, VOCABULARY)
    assert np.allclose(dual_encoder.encode_features(GRIDS), images, atol=1e-5)
    assert np.allclose(dual_encoder.encode_texts(texts), sentences, atol=1e-5)
    longer = VOCABULARY.encode(texts, 12)
    assert np.allclose(sentences, pair([GRIDS, longer], training=False)[1], atol=1e-3)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (" . ", TextError, "no text yet"),
        ("A penguin", TextError, "“penguin”"),
        ("cat " * MAX_LENGTH, TextError, "too many"),
        (7, TypeError, "given was int"),
    ],
)
def test_what_cannot_be_read_is_refused(pair, text, error, message):
    with pytest.raises(error, match=message):
        DualEncoder(None, pair, VOCABULARY).encode_texts([text])


def test_a_dual_encoder_that_was_saved_is_loaded_with_its_vocabulary(tmp_path):
    config = FusionConfig(len(VOCABULARY), width=16, heads=2, queries=2, shared=6)
    pair = randomize(fusion.model.build_dual_encoder(config))
    weights.save(pair, "dual_encoder", {"config": asdict(config), "words": list(VOCABULARY.words)}, tmp_path)
    dual_encoder = fusion.model.load(tmp_path)
    pictures = scenes.draw_many(scenes.sample(2, 0, "val")).pictures
    grids = captioning.model.encode_images(dual_encoder.image_encoder, pictures)
    assert dual_encoder.vocabulary == VOCABULARY
    expected = pair([grids, IDS[:1, 0]], training=False)[0]
    assert np.allclose(dual_encoder.encode_images(pictures), expected, atol=0.05)
