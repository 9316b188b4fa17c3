"""Whether a network looks and reads: what is taken away from it, and how that is kept."""

import argparse
import json
from dataclasses import replace

import numpy as np
import pytest

from vistext.data import easyvqa
from vistext.experiments import answering, looking
from vistext.experiments.looking import CONDITIONS, SETS, Plan
from vistext.models.qgnet import QGNetConfig

EASY = easyvqa.Split(
    np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), "uint8"),
    ("what color is the circle?", "is there a red shape?", "what shape is in the image?", "is there a blue shape?"),
    ("red", "yes", "circle", "no"),
    np.array([0, 1, 2, 3], np.int32),
)
SMALL = QGNetConfig(0, widths=(8, 8, 160, 8), depth=1, width=16, heads=2, reading=1, writing=1)
TINY = Plan(
    seeds=(0, 1),
    scenes=4,
    test_scenes=3,
    easy=replace(Plan().easy, network=SMALL, steps=1, size=2, asked=1),
    drawn=replace(Plan().drawn, network=SMALL, steps=1, size=2, asked=1),
)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(easyvqa, "load", lambda: easyvqa.EasyVQA(EASY, EASY, ("yes", "no")))
    monkeypatch.setattr(answering, "SETTLING", 2)


@pytest.fixture
def quick(monkeypatch):
    """Networks that are not trained at all: what is asked of them is kept."""
    taught = []

    def train(recipe, quiz, **_):
        taught.append((recipe.without, recipe.seed, quiz.seen.dtype == np.uint8))
        return answering.Trained(None, None, None, None)

    monkeypatch.setattr(answering, "train", train)
    monkeypatch.setattr(looking, "Writing", lambda decoder: None)
    monkeypatch.setattr(looking, "QGNet", lambda *parts: parts)
    monkeypatch.setattr(looking, "tested", lambda network, data, condition, seed: {"exact": {"all": 0.5 + seed / 4}})
    return taught


def test_every_condition_is_measured_once_for_each_seed_and_what_is_there_is_not_measured_again(tmp_path, quick):
    out = tmp_path / "looking.json"
    results = looking.measure(TINY, out)
    found = {(cell["data"], cell["seed"], cell["condition"]) for cell in results["cells"]}
    assert found == {(name, seed, condition) for name in SETS for seed in (0, 1) for condition in CONDITIONS}
    assert len(quick) == 2 * 2 * 3  # shuffled pictures need no training of their own
    assert json.loads(out.read_text()) == json.loads(json.dumps(results))

    results["cells"] = [cell for cell in results["cells"] if (cell["seed"], cell["condition"]) != (1, "blind")]
    looking.write(results, out)
    del quick[:]
    assert len(looking.measure(TINY, out)["cells"]) == 2 * 2 * 4
    assert [(without, seed) for without, seed, _ in quick] == [("picture", 1)] * 2
    with pytest.raises(ValueError, match="another plan"):
        looking.measure(replace(TINY, seeds=(0,)), out)


def test_figures_are_in_the_order_of_the_seeds_and_the_table_has_their_mean(tmp_path, quick):
    results = looking.measure(TINY, tmp_path / "looking.json")
    results["cells"].reverse()
    assert looking.figures(results, "easy-VQA", "deaf").tolist() == [0.5, 0.75]
    assert looking.table(results).count("62.5 ± 17.7") == len(CONDITIONS) * len(SETS)
    assert list(looking.kinds(results, "easy-VQA")) == ["all"]


@pytest.mark.parametrize("n", [2, 3, 50])
def test_another_picture_is_never_the_same_and_each_is_taken_once(n):
    others = looking.another(n, np.random.default_rng(n))
    assert sorted(others) == list(range(n))
    assert (others != np.arange(n)).all()


def test_networks_are_asked_without_what_they_have_to_do_without(monkeypatch):
    data = looking.easy_vqa(TINY)
    seen = {}

    def say(network, grids, texts, **_):
        seen["grids"], seen["texts"] = grids, texts
        return list(data.answers)

    network = looking.taught(data, "", 0)
    monkeypatch.setattr(answering, "say", say)
    assert looking.tested(network, data, "both", 0)["exact"] == {"all": 1, "shape or colour": 1, "yes or no": 1}
    right = seen["grids"]
    looking.tested(network, data, "shuffled", 0)
    assert sorted(map(bytes, seen["grids"])) == sorted(map(bytes, right))
    assert not any(np.array_equal(one, other) for one, other in zip(seen["grids"], right, strict=True))
    looking.tested(network, data, "blind", 0)
    assert not seen["grids"].any()
    assert seen["texts"] == list(EASY.questions)
    seen.clear()
    assert 0 <= looking.tested(network, data, "deaf", 0)["exact"]["all"] <= 1
    assert not seen, "who is deaf is asked nothing"


def test_a_drawn_network_learns_and_is_tested_without_pictures():
    data = looking.drawn_world(TINY)
    network = looking.taught(data, "picture", 0)
    shares = looking.tested(network, data, "blind", 0)["exact"]
    assert set(shares) == {"all", *data.kinds}


def test_the_command_prints_a_table_and_refuses_the_results_of_another_plan(tmp_path, quick, monkeypatch, capsys):
    monkeypatch.setattr(looking, "QUICK", TINY)
    parser = argparse.ArgumentParser()
    looking.add_arguments(parser)
    arguments = parser.parse_args(["--quick", "--out", str(tmp_path / "quick.json")])
    assert looking.run(arguments) == 0
    assert all(condition in capsys.readouterr().out for condition in ("drawn world",))
    monkeypatch.setattr(looking, "QUICK", replace(TINY, seeds=(0,)))
    assert looking.run(arguments) == 2
    assert "another plan" in capsys.readouterr().err


def test_results_that_are_not_there_say_how_to_make_them(tmp_path):
    with pytest.raises(FileNotFoundError, match="vistext experiment looking"):
        looking.load(tmp_path / "looking.json")
