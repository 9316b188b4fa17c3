"""What a discriminator is trained on, its loss by NumPy, and the command that trains it and fine-tunes by it."""

from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from networks import parsed
from scipy.special import expit, log_softmax

from tools.weights import discriminator as command
from vistext import scenes
from vistext.data.vocabulary import tokenize
from vistext.nn import weights
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras, tf
from vistext.scenes import language
from vistext.tasks import captioning
from vistext.tasks.captioning import discriminator, negatives
from vistext.tasks.captioning.data import TITLES, vocabulary
from vistext.tasks.captioning.discriminator import MARKS, DiscriminatorBatches, Loss, Recipe
from vistext.tasks.captioning.model import LENGTHS, Captioner, CaptionerConfig

SMALL = CaptionerConfig(len(vocabulary()), width=16, heads=2, blocks=1, finding=1)
RECIPE = Recipe(steps=1, batch_size=3, pool=20, draws=2, turns=(TITLES, ("description", 6, 12)))


@pytest.fixture(scope="module")
def captioner():
    keras.utils.set_random_seed(0)
    decoder = CachedDecoder(captioning.model.build_caption_decoder(SMALL))
    return Captioner(captioning.model.build_image_encoder(SMALL), decoder, vocabulary())


def content(text):
    """Its words in order of the alphabet, but for "a" and "an", which follow the next word."""
    return sorted(word for word in tokenize(text) if word not in ("a", "an"))


@pytest.mark.parametrize("length", LENGTHS)
def test_a_changed_fact_makes_a_sentence_false_and_names_what_was_changed(length):
    rng, ways = np.random.default_rng(0), Counter()
    for scene in scenes.sample(60, 4, "train"):
        before = tokenize(true := language.describe(scene, length, rng))
        if found := negatives.change_fact(true, scene, rng):
            text, wrong = found
            after = tokenize(text)
            assert language.evaluate(text, scene).answer == "false"
            assert content(" ".join(before[: wrong.start])) == content(" ".join(after[: wrong.start]))
            follow = len(after) - wrong.stop
            assert content(" ".join(before[len(before) - follow :])) == content(" ".join(after[wrong.stop :]))
            ways.update(after[wrong])
    assert ways.total() > 50
    assert len(ways) > 15
    assert ways["the"]  # for "a", where there is another


def test_swapped_traits_make_a_sentence_false_with_the_same_words():
    rng = np.random.default_rng(0)
    assert negatives.swap_traits("A cat is sitting on the floor.", scenes.course_scene(), rng) is None
    found = 0
    for scene in scenes.sample(60, 5, "train"):
        true = language.describe(scene, "description", rng)
        if text := negatives.swap_traits(true, scene, rng):
            assert language.evaluate(text, scene).answer == "false"
            assert content(text) == content(true)
            found += 1
    assert found > 5


def test_a_garbled_sentence_is_never_true():
    rng, scene, true = np.random.default_rng(0), scenes.course_scene(), "A cat is sitting on the floor."
    garbled = {negatives.garble(true, scene, rng) for _ in range(300)}
    assert not any(language.evaluate(text, scene) for text in garbled)
    assert {len(tokenize(text)) for text in garbled} >= {7, 8, 9}
    assert "A cat is is sitting on the floor." in garbled
    assert "A cat is sitting on floor." in garbled


def test_targets_are_what_the_drawn_world_says_of_each_sentence(captioner):
    batches = DiscriminatorBatches(RECIPE, captioner)
    kinds = Counter()
    for step in range(2):
        (grids, words), targets = batches[step]
        assert grids.shape == (3, 64, 160)
        assert words.shape == (3, 18, RECIPE.turns[step][2], len(vocabulary()))
        seen, all_grids, _ = batches.pools[RECIPE.turns[step][0]]
        for grid, sentences, marks in zip(grids, words, targets, strict=True):
            scene = seen[int(np.flatnonzero((all_grids == grid).all(axis=(1, 2)))[0])]
            for sentence, (matches, natural, weight, asked, *wrong) in zip(sentences, marks, strict=True):
                if not weight:
                    continue
                ids = np.where(sentence.any(axis=-1), sentence.argmax(axis=-1), 0)
                [text] = vocabulary().decode(np.array([[1, *ids]]))
                assert bool(language.evaluate(text, scene)) == matches
                kinds[matches, natural, asked > 0, any(wrong)] += 1
        again = batches[step]
        assert np.array_equal(again[0][1], words)
        assert np.array_equal(again[1], targets)
    # True ones of the data; changed ones, of which it is not asked whether they are natural; mismatched; garbled.
    assert {(1, 1, True, False), (0, 0, False, True), (0, 1, True, False), (0, 0, True, False)} <= set(kinds)


def test_the_loss_is_its_formula():
    rng = np.random.default_rng(0)
    outputs, targets = rng.normal(size=(2, 3, 5, 2)), np.zeros((2, 3, MARKS + 5))
    outputs[:, :, 4] = 0  # padding
    targets[..., :2], targets[..., 2:MARKS] = rng.random((2, 3, 2)) < 0.5, rng.random((2, 3, 2))
    targets[0, 1, MARKS + 2] = targets[1, 0, MARKS + 1] = targets[1, 0, MARKS + 3] = 1
    probabilities = expit(outputs.sum(axis=2))
    entropy = -np.log(np.where(targets[..., :2] > 0, probabilities, 1 - probabilities)) * targets[..., 2:MARKS]
    named = []
    for picture, sentence, wrong in ((0, 1, [2]), (1, 0, [1, 3])):
        named.append(np.log(np.exp(log_softmax(-outputs[picture, sentence, :4, 0]))[wrong].sum()))
    expected = (entropy[..., 0].sum() + 0.2 * entropy[..., 1].sum()) / targets[..., 2].sum() - 0.5 * np.mean(named)
    found = Loss(0.2, 0.5)(tf.constant(targets, "float32"), tf.constant(outputs, "float32"))
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_calibration_finds_the_scale_and_the_offset_by_which_marks_were_drawn():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=20_000) * 3
    marks = rng.random(20_000) < expit(0.5 * scores + 1)
    assert discriminator.fit_calibration(expit(scores), marks) == pytest.approx((0.5, 1), abs=0.08)


def test_the_command_trains_fine_tunes_measures_and_ships(captioner, tmp_path, monkeypatch):
    model = captioning.model
    monkeypatch.setattr(model, "load", lambda name: captioner)
    monkeypatch.setattr(model, "shipped_config", lambda name="": SMALL)
    tuning = replace(command.FINETUNING, batch_size=2, draws=2, pool=20, turns=(("title", 6),))
    for name, value in {"RECIPE": RECIPE, "FINETUNING": tuning, "TESTED": 20, "DRAWS": 2, "CALIBRATED": 20}.items():
        monkeypatch.setattr(command, name, value)
    # A network without training says nothing that is true.
    monkeypatch.setattr(command, "own_scores", lambda *_: (np.linspace(0.1, 0.9, 9), np.arange(9) % 2 == 0))
    run = partial(parsed, command, "--precision", "float32", "--share", "0.001")
    out = tmp_path / "out"
    assert command.run(run("--out", str(out), "--checkpoint", str(tmp_path / "check"))) == 0
    assert {file.stem for file in out.iterdir()} == {"captioner_gan", "discriminator"}
    measured = weights.card("discriminator", out)["measured"]["description"]
    assert set(measured) == {"own", "changed", "swapped", "garbled", "mismatched", "ece", "evidence"}
    assert all(0 <= value <= 1 for value in measured.values())
    assert set(weights.card("captioner_gan", out)["measured"]["title"]) == {"likeliest", "drawn", "passing"}
