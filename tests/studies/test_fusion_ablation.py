"""The comparison of fusions: what is measured, how it is kept, and what becomes of it."""

import argparse
import json
from dataclasses import replace

import numpy as np
import pytest

from tools import study
from vistext.scenes.language.puzzles import TASKS
from vistext.studies import fusion_ablation
from vistext.studies.fusion_ablation import CHANGED, NETWORKS, PICTURES, QUICK, StudyConfig
from vistext.tasks import fusion

TINY = replace(QUICK, test_puzzles=4, puzzles=4)


@pytest.fixture
def quick(monkeypatch):
    """Nothing is prepared and nothing trained: what was to be trained is kept."""
    taught = []

    def train(recipe, grids, made, *, pair, bar):
        taught.append((recipe.fusion, recipe.withheld, recipe.seed, pair))
        return recipe.seed, None

    monkeypatch.setattr(
        fusion_ablation,
        "prepare",
        lambda plan: fusion_ablation.Data(None, None, None, dict.fromkeys(PICTURES), *[None] * 3),
    )
    monkeypatch.setattr(fusion.train, "train", train)
    monkeypatch.setattr(fusion.train, "evaluate", lambda seed, grids, asked: dict.fromkeys(TASKS, 0.5 + seed / 4))
    monkeypatch.setattr(
        fusion_ablation, "retrieval", lambda pair, data: {way: {"1": 0.75} for way in ("to picture", "to text")}
    )
    monkeypatch.setattr(
        fusion.train, "train_dual_encoder", lambda recipe, grids, told, bar: (f"pair {recipe.seed}", None)
    )
    return taught


def test_every_network_is_trained_once_for_each_seed_and_what_is_there_is_not_measured_again(tmp_path, quick):
    out = tmp_path / "fusion_ablation.json"
    results = fusion_ablation.run(TINY, out)
    assert [(cell["seed"], cell["network"]) for cell in results["cells"]] == [
        (seed, network) for seed in TINY.seeds for network in NETWORKS
    ]
    assert {one for one in quick if one[0] == "contrastive"} == {("contrastive", 0.0, s, f"pair {s}") for s in (0, 1)}
    assert {one for one in quick if one[1]} == {("attention", TINY.withheld, seed, None) for seed in (0, 1)}
    assert json.loads(out.read_text()) == json.loads(json.dumps(results))

    results["cells"] = [cell for cell in results["cells"] if (cell["seed"], cell["network"]) != (1, "late")]
    fusion_ablation.write(results, out)
    del quick[:]
    assert len(fusion_ablation.run(TINY, out)["cells"]) == 2 * len(NETWORKS)
    assert [(name, seed) for name, _, seed, _ in quick] == [("late", 1)]
    with pytest.raises(ValueError, match="another plan"):
        fusion_ablation.run(replace(TINY, seeds=(0,)), out)


def test_figures_are_in_the_order_of_the_seeds_whatever_the_order_of_the_cells(tmp_path, quick):
    results = fusion_ablation.run(TINY, tmp_path / "fusion_ablation.json")
    results["cells"].reverse()
    assert fusion_ablation.series(results, "late", "it").tolist() == [0.5, 0.75]
    assert fusion_ablation.means(results, "attention", "blurred") == dict.fromkeys(TASKS, 0.625)
    assert fusion_ablation.recalls(results, "to text", 1).tolist() == [0.75, 0.75]
    assert fusion_ablation.gain(results, "late", "it") == (0.0, 0.0)
    assert fusion_ablation.table(results).count("62.5 ±17.7") == len(NETWORKS) * len(TASKS)


def test_only_networks_with_attention_are_tested_with_changed_pictures(tmp_path, quick):
    for cell in fusion_ablation.run(TINY, tmp_path / "fusion_ablation.json")["cells"]:
        assert set(cell["accuracy"]) == set(PICTURES if cell["network"] in CHANGED else PICTURES[:1])
        assert ("recall" in cell) == (cell["network"] == "contrastive")


def test_what_is_prepared_is_of_the_right_splits_and_each_picture_is_changed_as_it_says():
    data = fusion_ablation.prepare(TINY)
    own = data.pictures["its own"]
    assert not data.pictures["none"].any()
    assert not any(np.array_equal(one, other) for one, other in zip(own, data.pictures["another"], strict=True))
    assert 0.01 < np.abs(own - data.pictures["blurred"]).mean() < np.abs(own).mean() * 2
    assert len(data.grids) == TINY.scenes
    assert len(data.captions) == len(data.rows) == TINY.retrieved
    assert set(data.asked.tasks) == set(data.made.tasks) == set(TASKS)


def test_the_command_prints_a_table_and_refuses_the_results_of_another_plan(tmp_path, quick, monkeypatch, capsys):
    monkeypatch.setattr(fusion_ablation, "QUICK", TINY)
    parser = argparse.ArgumentParser()
    study.add_arguments(parser)
    arguments = parser.parse_args(["fusion_ablation", "--quick", "--out", str(tmp_path / "quick.json")])
    assert study.run(arguments) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in (*NETWORKS, *TASKS))
    monkeypatch.setattr(fusion_ablation, "QUICK", replace(TINY, seeds=(0,)))
    assert study.run(arguments) == 2
    assert "another plan" in capsys.readouterr().err


def test_what_is_stored_is_what_the_command_would_measure():
    results = fusion_ablation.load()
    assert {cell["network"] for cell in results["cells"]} == set(NETWORKS)
    assert results["plan"] == json.loads(json.dumps(fusion_ablation.asdict(StudyConfig())))
    seeds = {cell["seed"] for cell in results["cells"]}
    assert len(results["cells"]) == len(NETWORKS) * len(seeds)
    assert seeds == set(StudyConfig().seeds)


def test_results_that_are_not_there_say_how_to_make_them(tmp_path):
    with pytest.raises(FileNotFoundError, match="python -m tools study fusion_ablation"):
        fusion_ablation.load(tmp_path / "fusion_ablation.json")
