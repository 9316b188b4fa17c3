"""Whether semantic roles help: the labels of each condition, and the study on a small scale."""

import pytest

from vistext import scenes
from vistext.scenes import language
from vistext.studies import srl_labels as study
from vistext.studies.srl_labels import CONDITIONS, LABELS
from vistext.studies.tags import StudyConfig

TINY = StudyConfig(sizes=(20,), seeds=(0, 1), steps=4, batch=8, checks=2, validation=20, test=40, embedding=4, units=4)


def labels(row):
    return {label for label, given in zip(LABELS, row, strict=True) if given}


@pytest.fixture(scope="module")
def trainer():
    return study.SrlCellTrainer(TINY)


def labels_of(trainer, condition):
    return [labels(row) for row in trainer.labels(trainer.test, condition, 0, training=False)]


def test_each_condition_has_the_labels_of_its_name(trainer):
    given = {condition: labels_of(trainer, condition) for condition in CONDITIONS}
    for row, scene in enumerate(trainer.test.world):
        frames = language.frames(scene)
        verbs = {("verb", frame.verb) for frame in frames}
        filled = {pair for frame in frames for pair in frame.roles}
        assert given["text alone"][row] == set()
        assert given["kinds"][row] == {("kind", obj.kind) for obj in scene.objects}
        assert given["verbs"][row] == verbs
        assert given["roles"][row] == verbs | filled
        assert given["another scene's roles"][row] == given["roles"][row - 1]


def test_every_label_of_the_drawn_world_has_a_column():
    labels = {label for scene in scenes.sample(400, 2) for label in study.labels_of_frames(language.frames(scene))}
    labels |= {("kind", obj.kind) for scene in scenes.sample(400, 2) for obj in scene.objects}
    assert labels <= set(LABELS)
    animals = ("bird", "cat", "deer", "dog", "frog", "horse")
    assert set(LABELS) - labels == {("item", animal) for animal in animals}  # these are never parked or anchored


def test_all_cells_are_measured(tmp_path):
    results = study.run(TINY, tmp_path / "srl_labels.json")
    found = [(cell["seed"], cell["size"], cell["condition"]) for cell in results["cells"]]
    assert found == [(seed, 20, condition) for seed in (0, 1) for condition in CONDITIONS]
    assert all(condition in study.table(results) for condition in CONDITIONS)
