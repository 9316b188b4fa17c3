"""Whether a network looks and reads: what is taken away from it, and how that is kept."""

import argparse
import json
from dataclasses import replace

import numpy as np
import pytest

from tools import study
from vistext.data import easyvqa
from vistext.studies import vqa_ablation
from vistext.studies.vqa_ablation import CONDITIONS, SETS, StudyConfig
from vistext.tasks import vqa
from vistext.tasks.vqa.model import QGNetConfig

EASY = easyvqa.Split(
    np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), "uint8"),
    ("what color is the circle?", "is there a red shape?", "what shape is in the image?", "is there a blue shape?"),
    ("red", "yes", "circle", "no"),
    np.array([0, 1, 2, 3], np.int32),
)
SMALL = QGNetConfig(0, widths=(8, 8, 160, 8), depth=1, width=16, heads=2, reading=1, writing=1)
TINY = StudyConfig(
    seeds=(0, 1),
    scenes=4,
    test_scenes=3,
    easy=replace(StudyConfig().easy, network=SMALL, steps=1, batch_size=2, asked=1),
    drawn=replace(StudyConfig().drawn, network=SMALL, steps=1, batch_size=2, asked=1),
)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(easyvqa, "load", lambda: easyvqa.EasyVQA(EASY, EASY, ("yes", "no")))
    monkeypatch.setattr(vqa.train, "RECALIBRATION_PICTURES", 2)


@pytest.fixture
def quick(monkeypatch):
    """Networks that are not trained at all: what is asked of them is kept."""
    taught = []

    def train(recipe, quiz, **_):
        taught.append((recipe.without, recipe.seed, quiz.seen.dtype == np.uint8))
        return vqa.train.TrainResult(None, None, None, None)

    monkeypatch.setattr(vqa.train, "train", train)
    monkeypatch.setattr(vqa_ablation, "CachedDecoder", lambda decoder: None)
    monkeypatch.setattr(vqa_ablation, "QGNet", lambda *parts: parts)
    monkeypatch.setattr(
        vqa_ablation, "test_network", lambda network, data, condition, seed: {"exact": {"all": 0.5 + seed / 4}}
    )
    return taught


def test_every_condition_is_measured_once_for_each_seed_and_what_is_there_is_not_measured_again(tmp_path, quick):
    out = tmp_path / "vqa_ablation.json"
    results = vqa_ablation.run(TINY, out)
    found = {(cell["data"], cell["seed"], cell["condition"]) for cell in results["cells"]}
    assert found == {(name, seed, condition) for name in SETS for seed in (0, 1) for condition in CONDITIONS}
    assert len(quick) == 2 * 2 * 3  # shuffled pictures need no training of their own
    assert json.loads(out.read_text()) == json.loads(json.dumps(results))

    results["cells"] = [cell for cell in results["cells"] if (cell["seed"], cell["condition"]) != (1, "blind")]
    vqa_ablation.write(results, out)
    del quick[:]
    assert len(vqa_ablation.run(TINY, out)["cells"]) == 2 * 2 * 4
    assert [(without, seed) for without, seed, _ in quick] == [("picture", 1)] * 2
    with pytest.raises(ValueError, match="another plan"):
        vqa_ablation.run(replace(TINY, seeds=(0,)), out)


def test_figures_are_in_the_order_of_the_seeds_and_the_table_has_their_mean(tmp_path, quick):
    results = vqa_ablation.run(TINY, tmp_path / "vqa_ablation.json")
    results["cells"].reverse()
    assert vqa_ablation.series(results, "easy-VQA", "deaf").tolist() == [0.5, 0.75]
    assert vqa_ablation.table(results).count("62.5 ± 17.7") == len(CONDITIONS) * len(SETS)
    assert list(vqa_ablation.kinds(results, "easy-VQA")) == ["all"]


@pytest.mark.parametrize("n", [2, 3, 50])
def test_another_picture_is_never_the_same_and_each_is_taken_once(n):
    others = vqa_ablation.derangement(n, np.random.default_rng(n))
    assert sorted(others) == list(range(n))
    assert (others != np.arange(n)).all()


def test_networks_are_asked_without_what_they_have_to_do_without(monkeypatch):
    data = vqa_ablation.easy_vqa(TINY)
    seen = {}

    def say(network, grids, texts, **_):
        seen["grids"], seen["texts"] = grids, texts
        return list(data.answers)

    network = vqa_ablation.train_network(data, "", 0)
    monkeypatch.setattr(vqa.train, "predict", say)
    assert vqa_ablation.test_network(network, data, "both", 0)["exact"] == {
        "all": 1,
        "shape or colour": 1,
        "yes or no": 1,
    }
    right = seen["grids"]
    vqa_ablation.test_network(network, data, "shuffled", 0)
    assert sorted(map(bytes, seen["grids"])) == sorted(map(bytes, right))
    assert not any(np.array_equal(one, other) for one, other in zip(seen["grids"], right, strict=True))
    vqa_ablation.test_network(network, data, "blind", 0)
    assert not seen["grids"].any()
    assert seen["texts"] == list(EASY.questions)
    seen.clear()
    assert 0 <= vqa_ablation.test_network(network, data, "deaf", 0)["exact"]["all"] <= 1
    assert not seen, "who is deaf is asked nothing"


def test_a_drawn_network_learns_and_is_tested_without_pictures():
    data = vqa_ablation.world(TINY)
    network = vqa_ablation.train_network(data, "picture", 0)
    shares = vqa_ablation.test_network(network, data, "blind", 0)["exact"]
    assert set(shares) == {"all", *data.kinds}


def test_the_command_prints_a_table_and_refuses_the_results_of_another_plan(tmp_path, quick, monkeypatch, capsys):
    monkeypatch.setattr(vqa_ablation, "QUICK", TINY)
    parser = argparse.ArgumentParser()
    study.add_arguments(parser)
    arguments = parser.parse_args(["vqa_ablation", "--quick", "--out", str(tmp_path / "quick.json")])
    assert study.run(arguments) == 0
    assert all(condition in capsys.readouterr().out for condition in ("drawn world",))
    monkeypatch.setattr(vqa_ablation, "QUICK", replace(TINY, seeds=(0,)))
    assert study.run(arguments) == 2
    assert "another plan" in capsys.readouterr().err


def test_results_that_are_not_there_say_how_to_make_them(tmp_path):
    with pytest.raises(FileNotFoundError, match="python -m tools study vqa_ablation"):
        vqa_ablation.load(tmp_path / "vqa_ablation.json")
