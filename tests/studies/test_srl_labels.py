"""Whether roles help to find missing words: what is told under each condition, and the experiment on a small scale."""

import argparse
import json

import pytest

from tools import study
from vistext import scenes
from vistext.scenes import language
from vistext.studies import srl_labels as experiment
from vistext.studies import tags
from vistext.studies.srl_labels import CONDITIONS, LABELS
from vistext.studies.tags import StudyConfig

TINY = StudyConfig(sizes=(20,), seeds=(0, 1), steps=4, batch=8, checks=2, validation=20, test=40, embedding=4, units=4)


def labels(row):
    return {label for label, given in zip(LABELS, row, strict=True) if given}


@pytest.fixture(scope="module")
def learner():
    return experiment.SrlCellTrainer(TINY)


def told(learner, condition):
    return [labels(row) for row in learner.told(learner.test, condition, 0, learning=False)]


def test_each_condition_says_what_its_name_says(learner):
    given = {condition: told(learner, condition) for condition in CONDITIONS}
    for row, scene in enumerate(learner.test.world):
        frames = language.frames(scene)
        verbs = {("verb", frame.verb) for frame in frames}
        filled = {pair for frame in frames for pair in frame.roles}
        assert given["text alone"][row] == set()
        assert given["kinds"][row] == {("kind", obj.kind) for obj in scene.objects}
        assert given["verbs"][row] == verbs
        assert given["roles"][row] == verbs | filled
        assert given["another scene's roles"][row] == given["roles"][row - 1]


def test_every_label_of_the_drawn_world_can_be_said():
    said = {label for scene in scenes.sample(400, 2) for label in experiment.labels_of_frames(language.frames(scene))}
    said |= {("kind", obj.kind) for scene in scenes.sample(400, 2) for obj in scene.objects}
    assert said <= set(LABELS)
    animals = ("bird", "cat", "deer", "dog", "frog", "horse")
    assert set(LABELS) - said == {("item", animal) for animal in animals}  # nobody parks or anchors these


def test_all_cells_are_measured_once_and_kept(tmp_path, capsys):
    out = tmp_path / "srl_labels.json"
    results = experiment.run(TINY, out)
    found = [(cell["seed"], cell["size"], cell["condition"]) for cell in results["cells"]]
    assert found == [(seed, 20, condition) for seed in (0, 1) for condition in CONDITIONS]
    assert json.loads(out.read_text(encoding="utf-8")) == results
    results["cells"][0]["accuracy"]["all"] = 0.125
    out.write_text(json.dumps(results), encoding="utf-8")
    assert experiment.run(TINY, out) == results
    assert "another scene's roles" in tags.table(results, CONDITIONS)
    with pytest.raises(ValueError, match="another plan"):
        experiment.run(experiment.QUICK, out)


def test_the_command_prints_a_table_and_says_where_the_results_are(tmp_path, capsys):
    parser = argparse.ArgumentParser()
    study.add_arguments(parser)
    out = tmp_path / "quick.json"
    assert study.run(parser.parse_args(["srl_labels", "--quick", "--out", str(out)])) == 0
    said = capsys.readouterr().out
    assert all(condition in said for condition in CONDITIONS)
    assert f"The results are {out}." in said


def test_the_stored_results_are_those_of_the_full_plan():
    results = experiment.load()
    assert results["plan"]["seeds"] == list(experiment.FULL.seeds)
    assert len(results["cells"]) == len(CONDITIONS) * len(experiment.FULL.seeds) * len(experiment.FULL.sizes)


def test_results_that_are_not_here_are_asked_for_with_their_command(tmp_path):
    with pytest.raises(FileNotFoundError, match="`python -m tools study srl_labels` makes it"):
        experiment.load(tmp_path / "srl_labels.json")
