"""`python -m tools weights fusion`: what it leaves behind can be loaded, and says what it was trained with."""

import argparse
from dataclasses import replace

import pytest

from tools.weights import fusion as command
from vistext.nn import weights
from vistext.scenes.language.puzzles import TASKS
from vistext.tasks import fusion

SHORT = {
    name: replace(recipe, network=replace(recipe.network, width=16, heads=2, blocks=1), steps=2, batch_size=8)
    for name, recipe in command.RECIPES.items()
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "RECIPES", SHORT)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    paths = ["--out", str(tmp_path / "out"), "--checkpoint", str(tmp_path / "checkpoint")]
    return lambda *more: command.run(parser.parse_args(["--share", "0.01", *paths, *more]))


def test_both_networks_are_shipped_with_cards(run, tmp_path):
    assert run() == 0
    out = tmp_path / "out"
    matcher, (_, fused, words) = fusion.model.load(out), fusion.model.load_puzzle_solver(out)
    assert matcher.vocabulary == words == fusion.train.vocabulary()
    assert fused.outputs[0].shape[-1] == len(words)
    found = weights.card("dual_encoder", out)["measured"]
    assert set(found["test"]) == set(found["compositional"]) == {"caption", "story"}
    assert set(weights.card("puzzle_solver", out)["measured"]["test"]) == set(TASKS)


@pytest.mark.parametrize("name", command.RECIPES)
def test_shipped_weights_are_small_know_the_words_and_are_as_good_as_the_lesson_says(name):
    card = weights.card(name)
    assert card["bytes"] < 4_000_000
    assert card["words"] == list(fusion.train.vocabulary().words)
    test = card["measured"]["test"]
    assert (test["it"] if name == "puzzle_solver" else test["caption"]["to picture"]["1"]) >= 0.95
