"""Lesson 08's networks: what each fusion can and cannot depend on, and a pair whose vectors can be compared."""

from dataclasses import asdict

import numpy as np
import pytest

from vistext import scenes
from vistext.data.vocabulary import PAD, START, UNKNOWN, Vocabulary
from vistext.nn import weights
from vistext.nn.engine import keras
from vistext.tasks import captioning, fusion
from vistext.tasks.fusion.model import FUSIONS, MAX_LENGTH, DualEncoder, FusionConfig, TextError

VOCABULARY = Vocabulary.build(["The cat and the dog are on the grass. It is sleeping.", "A black bird flies."])
SMALL = FusionConfig(len(VOCABULARY), channels=8, width=16, heads=2, queries=3, shared=6)
RNG = np.random.default_rng(0)
GRIDS = RNG.normal(size=(3, 64, 8)).astype("float32")
IDS = RNG.integers(UNKNOWN + 1, len(VOCABULARY), (3, 2, 7)).astype("int32")
IDS[..., 0] = START


def shaken(model, seed=0):
    """The network with weights so large that every word and every cell counts."""
    random = np.random.default_rng(seed)
    for weight in model.trainable_variables:
        weight.assign(random.normal(scale=0.4, size=weight.shape))
    return model


@pytest.fixture(scope="module", params=FUSIONS)
def network(request):
    return request.param, shaken(fusion.model.build_puzzle_solver(SMALL, request.param))


@pytest.fixture(scope="module")
def pair():
    return shaken(fusion.model.build_dual_encoder(SMALL))


def logits(model, grids=GRIDS, ids=IDS):
    return np.asarray(model([grids, ids], training=False))


def test_a_network_says_a_word_at_each_place_of_each_text(network):
    assert logits(network[1]).shape == (3, 2, 7, len(VOCABULARY))


def test_only_who_reads_depends_on_the_words_and_only_who_looks_on_the_picture(network):
    name, model = network
    other_words = IDS.copy()
    other_words[..., 3] = np.where(IDS[..., 3] == 5, 6, 5)
    reads = not np.allclose(logits(model), logits(model, ids=other_words), atol=1e-4)
    looks = not np.allclose(logits(model), logits(model, grids=GRIDS[::-1]), atol=1e-4)
    assert (reads, looks) == (name != "picture only", name != "text only")


def test_late_fusion_adds_the_same_of_a_picture_to_whatever_is_read():
    model = shaken(fusion.model.build_puzzle_solver(SMALL, "late"))
    difference = logits(model) - logits(model, grids=GRIDS[::-1])
    assert np.allclose(difference, difference[:, :1, :1], atol=1e-3)


def test_padding_changes_nothing(network):
    longer = np.pad(IDS, ((0, 0), (0, 0), (0, 4)), constant_values=PAD)
    assert np.allclose(logits(network[1], ids=longer)[:, :, :7], logits(network[1]), atol=1e-3)


def test_texts_about_a_picture_do_not_see_each_other(network):
    alone = logits(network[1], ids=IDS[:, 1:])
    assert np.allclose(logits(network[1])[:, 1:], alone, atol=1e-3)


def test_where_a_cell_lies_matters_to_who_looks(network):
    name, model = network
    turned = np.roll(GRIDS, 1, axis=1)
    assert np.allclose(logits(model), logits(model, grids=turned), atol=1e-4) == (name == "text only")


def test_networks_of_all_fusions_have_about_as_many_weights_where_it_can_be_so():
    counts = {name: fusion.model.build_puzzle_solver(FusionConfig(100), name).count_params() for name in FUSIONS}
    assert counts["text only"] == counts["picture only"] == counts["attention"]
    assert counts["gated"] == counts["contrastive"]
    assert max(counts.values()) < 3 * min(counts.values())


def test_words_look_at_the_cells_that_matter_to_them():
    model = shaken(fusion.model.build_puzzle_solver(SMALL, "attention"))
    looked = fusion.model.attention_map(model, GRIDS, IDS)
    assert looked.shape == (3, 2, 7, 64)
    assert np.allclose(looked.sum(axis=-1), 1, atol=1e-4)
    assert not np.allclose(looked, fusion.model.attention_map(model, GRIDS[::-1], IDS), atol=1e-3)


def test_an_unknown_fusion_is_refused():
    with pytest.raises(ValueError, match="one of: text only"):
        fusion.model.build_puzzle_solver(SMALL, "glue")


def test_vectors_have_length_one_and_padding_changes_none(pair):
    seen, said = (np.asarray(each) for each in pair([GRIDS, IDS[:, 0]], training=False))
    assert seen.shape == said.shape == (3, 6)
    assert np.allclose(np.linalg.norm([*seen, *said], axis=-1), 1, atol=1e-5)
    longer = np.pad(IDS[:, 0], ((0, 0), (0, 4)), constant_values=PAD)
    assert np.allclose(said, pair([GRIDS, longer], training=False)[1], atol=1e-3)


def test_the_towers_of_a_pair_are_handed_over_whole(pair):
    model = fusion.model.build_puzzle_solver(SMALL, "contrastive")
    fusion.model.copy_towers(pair, model)
    assert np.allclose(model.get_layer("looker")(GRIDS), pair.get_layer("looker")(GRIDS), atol=1e-5)
    assert np.allclose(model.get_layer("reader")(IDS), pair.get_layer("reader")(IDS), atol=1e-5)


def test_a_matcher_reads_and_sees_apart_as_the_pair_does_together(pair):
    matcher = DualEncoder(None, pair, VOCABULARY)
    texts = ["A black bird flies.", "It is sleeping.", "The cat"]
    seen, said = pair([GRIDS, VOCABULARY.encode(texts)], training=False)
    assert np.allclose(matcher.encode_features(GRIDS), seen, atol=1e-5)
    assert np.allclose(matcher.read(texts), said, atol=1e-5)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no text yet"),
        (" . ", "no text yet"),
        ("A penguin", "never learned “penguin”"),
        ("cat " * MAX_LENGTH, "too many"),
    ],
)
def test_what_cannot_be_read_is_said(pair, text, why):
    with pytest.raises(TextError, match=why):
        DualEncoder(None, pair, VOCABULARY).read([text])


def test_what_is_no_text_is_refused(pair):
    with pytest.raises(TypeError, match="given was int"):
        DualEncoder(None, pair, VOCABULARY).read([7])


def test_a_pair_that_was_saved_is_loaded_with_its_words(tmp_path):
    config = FusionConfig(len(VOCABULARY), width=16, heads=2, queries=2, shared=6)
    pair = shaken(fusion.model.build_dual_encoder(config))
    weights.save(pair, "dual_encoder", {"config": asdict(config), "words": list(VOCABULARY.words)}, tmp_path)
    matcher = fusion.model.load(tmp_path)
    pictures = scenes.draw_many(scenes.sample(2, 0, "val")).pictures
    assert matcher.vocabulary == VOCABULARY
    expected = pair([captioning.model.encode_images(matcher.image_encoder, pictures), IDS[:1, 0]], training=False)[0]
    assert np.allclose(matcher.see(pictures), expected, atol=0.05)
    assert isinstance(matcher.pair, keras.Model)
