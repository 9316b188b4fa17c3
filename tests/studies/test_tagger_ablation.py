"""What each ingredient of lesson 01's network brings: one is left out at a time, and the test split is not used."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from vistext.data import cifar10
from vistext.nn.optimizers import Muon
from vistext.studies import tagger_ablation
from vistext.studies.tagger_ablation import ALL, INGREDIENTS, StudyConfig

TINY = StudyConfig(seeds=(0,), steps=1, held_out=20, widths=(8, 8, 8))


@pytest.fixture
def data():
    random = np.random.default_rng(0)
    return cifar10.Split(random.integers(0, 256, (280, 32, 32, 3), "uint8"), random.integers(0, 10, 280))


def test_every_ingredient_is_left_out_once_a_seed(tmp_path, monkeypatch, data):
    left_out = []

    class Blank:
        def predict(self, pictures, **_):
            return np.eye(10)[np.zeros(len(pictures), int)]

    monkeypatch.setattr(cifar10, "load", lambda: cifar10.Cifar10(data, None, "drawn"))
    monkeypatch.setattr(
        tagger_ablation, "train", lambda plan, split, without, seed: left_out.append(without) or Blank()
    )
    results = tagger_ablation.run(StudyConfig(seeds=(0, 1), held_out=20), tmp_path / "results.json")
    assert left_out == 2 * [ALL, *INGREDIENTS]
    _, held_out = tagger_ablation.split(data, 20)
    assert tagger_ablation.series(results, "Muon") == pytest.approx(2 * [(held_out.labels == 0).mean()])
    assert len(tagger_ablation.table(results).splitlines()) == 2 + len(INGREDIENTS)


def test_what_is_held_out_is_not_trained_on(data):
    training, held_out = tagger_ablation.split(data, 20)
    together = np.concatenate([training.pictures, held_out.pictures])
    assert (len(training.labels), len(held_out.labels)) == (260, 20)
    assert sorted(map(bytes, together)) == sorted(map(bytes, data.pictures))


@pytest.mark.parametrize("without", [ALL, *INGREDIENTS])
def test_networks_lack_what_is_left_out_and_nothing_else(data, without):
    model = tagger_ablation.train(TINY, data, without, 0)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert ("Whitening" in kinds) == (without != "whitening")
    assert kinds.count("BatchNormalization") == (0 if without == "batch normalization" else 6)
    assert isinstance(model.optimizer, Muon) == (without != "Muon")
    assert (model.loss.label_smoothing == 0) == (without == "label smoothing")


def test_the_stored_results_are_those_of_the_plan():
    results = tagger_ablation.load()
    assert results["plan"] == json.loads(json.dumps(asdict(tagger_ablation.FULL)))
    assert all(len(tagger_ablation.series(results, name)) == 3 for name in (ALL, *INGREDIENTS))
