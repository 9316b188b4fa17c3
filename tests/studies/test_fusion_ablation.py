"""The comparison of fusions: what is trained and tested, and its figures."""

from dataclasses import replace

import numpy as np
import pytest

from vistext.scenes.language.puzzles import TASKS
from vistext.studies import fusion_ablation
from vistext.studies.fusion_ablation import CHANGED, NETWORKS, PICTURES, QUICK
from vistext.tasks import fusion

TINY = replace(QUICK, test_puzzles=4, puzzles=4)


@pytest.fixture
def results(monkeypatch, tmp_path):
    """Without anything prepared or trained: the results, reversed, and what was to be trained."""
    trained = []

    def train(recipe, grids, made, *, pair, bar):
        trained.append((recipe.fusion, recipe.withheld, recipe.seed, pair))
        return recipe.seed, None

    data = fusion_ablation.Data(None, None, None, dict.fromkeys(PICTURES), None, None, None)
    monkeypatch.setattr(fusion_ablation, "prepare", lambda plan: data)
    monkeypatch.setattr(fusion.train, "train", train)
    monkeypatch.setattr(fusion.train, "evaluate", lambda seed, grids, test: dict.fromkeys(TASKS, 0.5 + seed / 4))
    monkeypatch.setattr(fusion_ablation, "retrieval", lambda pair, data: {"to text": {"1": 0.75}})
    monkeypatch.setattr(
        fusion.train, "train_dual_encoder", lambda recipe, grids, texts, bar: (f"pair {recipe.seed}", None)
    )
    found = fusion_ablation.run(TINY, tmp_path / "fusion_ablation.json")
    found["cells"].reverse()
    return found, trained


def test_every_network_is_trained_for_each_seed_and_tested_with_its_pictures(results):
    results, trained = results
    cells = results["cells"][::-1]
    assert [(c["seed"], c["network"]) for c in cells] == [(seed, name) for seed in TINY.seeds for name in NETWORKS]
    assert {one for one in trained if one[0] == "contrastive"} == {("contrastive", 0.0, s, f"pair {s}") for s in (0, 1)}
    assert {one for one in trained if one[1]} == {("attention", TINY.withheld, seed, None) for seed in (0, 1)}
    for cell in cells:
        assert set(cell["accuracy"]) == set(PICTURES if cell["network"] in CHANGED else PICTURES[:1])
        assert ("recall" in cell) == (cell["network"] == "contrastive")


def test_figures_are_in_the_order_of_the_seeds(results):
    results, _ = results
    assert fusion_ablation.series(results, "late", "it").tolist() == [0.5, 0.75]
    assert fusion_ablation.means(results, "attention", "blurred") == dict.fromkeys(TASKS, 0.625)
    assert fusion_ablation.gain(results, "late", "it") == (0.0, 0.0)
    assert fusion_ablation.table(results).count("62.5 ±17.7") == len(NETWORKS) * len(TASKS)


def test_what_is_prepared_is_of_the_right_splits_and_each_picture_is_changed_as_it_says():
    data = fusion_ablation.prepare(TINY)
    own = data.pictures["its own"]
    assert not data.pictures["none"].any()
    assert not any(np.array_equal(one, other) for one, other in zip(own, data.pictures["another"], strict=True))
    assert 0.01 < np.abs(own - data.pictures["blurred"]).mean() < np.abs(own).mean() * 2
    assert len(data.grids) == TINY.scenes
    assert len(data.captions) == len(data.rows) == TINY.retrieved
    assert set(data.test.tasks) == set(data.training.tasks) == set(TASKS)
