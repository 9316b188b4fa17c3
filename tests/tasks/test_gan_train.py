"""Training the generator of pictures and shipping it, end to end on a small scale."""

import json
from dataclasses import replace

import numpy as np
import pytest
from networks import parsed, stopped

from tools.weights import gan as command
from tools.weights import runner
from vistext.nn import weights
from vistext.nn.augmentation import AugmentedBatches
from vistext.nn.engine import keras
from vistext.scenes import portraits
from vistext.tasks import classification, gan
from vistext.tasks.gan.train import Recipe

SMALL = Recipe(network=gan.model.GanConfig(noise=8, width=8), steps=6, batch_size=16, every=3)
PICTURES, LABELS = portraits.make(120, 0)


@pytest.fixture(scope="module")
def classifier():
    keras.utils.set_random_seed(0)
    return classification.model.build(classification.model.TaggerConfig(widths=(4, 8)))


def test_training_keeps_what_is_nearest_to_pictures_kept_aside(classifier, monkeypatch):
    monkeypatch.setattr(gan.train, "HELD_OUT", 40)
    shown = {}

    def watch(model, step):
        shown[step] = gan.model.generate(model, LABELS[-40:], seed=1)

    generator, discriminator, history = gan.train.train(
        SMALL, PICTURES, LABELS, classifier=classifier, watch=watch, bar=False
    )
    real = gan.metrics.extract_features(classifier, PICTURES[-40:]).features
    expected = {
        step: gan.metrics.kernel_distance(gan.metrics.extract_features(classifier, made).features, real)
        for step, made in shown.items()
    }
    assert dict(history.watched) == pytest.approx(expected, rel=1e-4)
    assert list(expected) == [0, 3, 6]
    assert history.best == min(expected, key=expected.get)
    assert np.array_equal(gan.model.generate(generator, LABELS[-40:], seed=1), shown[history.best])
    assert np.asarray(discriminator([PICTURES[:2].astype("float32"), LABELS[:2]])).shape == (2, 1)
    _, _, history = gan.train.train(replace(SMALL, steps=1), PICTURES, LABELS, bar=False)  # without a classifier
    assert (history.watched, history.best) == ([], None)


def test_real_pictures_would_measure_as_real_ones(classifier, monkeypatch):
    """What "invents" further real pictures is at the distance of real from real, and as diverse."""
    other, kinds = portraits.make(120, 1)
    other = other[np.argsort(kinds, kind="stable")][np.argsort(np.argsort(LABELS, kind="stable"))]
    monkeypatch.setattr(gan.train, "generate", lambda generator, labels, seed: other[: len(labels)])
    measured = gan.train.evaluate(None, classifier, (PICTURES, LABELS), other, count=100)
    assert measured["distance"] == pytest.approx(measured["distance_real"])
    assert measured["diversity"] == pytest.approx(1, abs=0.2)
    assert measured["recognised_real"] == gan.metrics.accuracy(
        gan.metrics.extract_features(classifier, PICTURES[:100]).probabilities, LABELS[:100]
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The command on a small scale, stopped once and run again: its folder, and both exit codes."""
    folder = tmp_path_factory.mktemp("made")
    small = classification.train.Recipe(widths=(4, 8), epochs=1, batch_size=50, sides=((32, 1.0),))
    arguments = parsed(command, "--out", str(folder), "--checkpoint", str(folder / "unfinished"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "COUNTS", {"generator": 100, "classifier": 100})
        patch.setattr(command, "TESTED", 40)
        patch.setattr(command, "CLASSIFIER_RECIPE", small)
        patch.setattr(gan.train, "HELD_OUT", 20)
        patch.setattr(command, "RECIPE", replace(SMALL, every=2))
        patch.setattr(runner, "fastest_dtype_policy", lambda: "float32")
        patch.setattr(gan.train, "AugmentedBatches", stopped(AugmentedBatches, 4))
        codes = [command.run(arguments) for _ in range(2)]
    return folder, codes


def test_stopped_and_run_again_it_ships_what_is_whole_and_its_card_says_how_it_was_made(made):
    folder, codes = made
    assert codes == [130, 0]
    assert not (folder / "unfinished").exists()
    card = json.loads((folder / "gan.json").read_text())
    assert card["config"] == {"noise": 8, "width": 8, "classes": 10}
    assert card["recipe"]["command"] == "python -m tools weights gan"
    assert card["recipe"]["steps_done"] == 6
    assert card["recipe"]["best_step"] in {0, 2, 4, 6}
    generator = gan.model.build_generator(gan.model.GanConfig(**card["config"]))
    weights.load_into(generator, "gan", folder)
    classifier = classification.model.build(classification.model.TaggerConfig(widths=(4, 8)))
    weights.load_into(classifier, "evaluation_classifier", folder)
    real, baseline = portraits.make(40, 0, "test"), portraits.make(40, 1, "test")[0]
    measured = gan.train.evaluate(generator, classifier, real, baseline, count=40)
    assert {**measured, "pictures": 40} == pytest.approx(card["measured"], abs=2e-3, rel=1e-2)


def test_degraded_pictures_are_noisy_and_every_second_one_is_blurred():
    plain = np.full((400, 16, 16, 3), 128, np.uint8)
    plain[:, :, 8:] = 168
    degraded = command.degrade(plain, 0)
    assert (degraded.shape, degraded.dtype) == (plain.shape, np.uint8)
    assert np.array_equal(degraded, command.degrade(plain, 0))
    noise = degraded[:, :, :6].astype(float).std(axis=(1, 2, 3))
    assert noise.min() < 3
    assert 30 < noise.max() < 45
    step = degraded.astype(float).mean(axis=(1, 3))  # along the rows: dark, then light
    edge = np.abs(step[:, 8] - step[:, 7])
    assert [edge[0::2].mean(), edge[1::2].mean()] == pytest.approx([40 / 3, 40], abs=2)
