"""Whether a network uses picture and question: what is withheld from it, and its figures."""

from dataclasses import replace

import numpy as np
import pytest

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


def test_every_condition_is_tested_and_shuffled_pictures_need_no_training_of_their_own(tmp_path, monkeypatch):
    trained = []

    def train(recipe, training, **_):
        trained.append((recipe.without, recipe.seed))
        return vqa.train.TrainResult(None, None, None, None)

    monkeypatch.setattr(vqa.train, "train", train)
    monkeypatch.setattr(vqa_ablation, "CachedDecoder", lambda decoder: None)
    monkeypatch.setattr(vqa_ablation, "QGNet", lambda *parts: parts)
    monkeypatch.setattr(vqa_ablation, "test_network", lambda *arguments: {"exact": {"all": 0.5 + arguments[-1] / 4}})
    results = vqa_ablation.run(TINY, tmp_path / "vqa_ablation.json")
    found = {(cell["data"], cell["seed"], cell["condition"]) for cell in results["cells"]}
    assert found == {(name, seed, condition) for name in SETS for seed in (0, 1) for condition in CONDITIONS}
    assert sorted(trained) == sorted(
        2 * [(without, seed) for without in ("", "picture", "question") for seed in (0, 1)]
    )
    results["cells"].reverse()
    assert vqa_ablation.series(results, "easy-VQA", "image-only").tolist() == [0.5, 0.75]
    assert vqa_ablation.table(results).count("62.5 ± 17.7") == len(CONDITIONS) * len(SETS)
    assert list(vqa_ablation.kinds(results, "easy-VQA")) == ["all"]


@pytest.mark.parametrize("n", [2, 3, 50])
def test_another_picture_is_never_the_same_and_each_is_taken_once(n):
    others = vqa_ablation.derangement(n, np.random.default_rng(n))
    assert sorted(others) == list(range(n))
    assert (others != np.arange(n)).all()


def test_networks_are_tested_without_what_is_withheld(monkeypatch):
    data = vqa_ablation.easy_vqa(TINY)
    inputs = {}

    def predict(network, grids, texts, **_):
        inputs["grids"], inputs["texts"] = grids, texts
        return list(data.answers)

    network = vqa_ablation.train_network(data, "", 0)
    monkeypatch.setattr(vqa.train, "predict", predict)
    shares = vqa_ablation.test_network(network, data, "both", 0)["exact"]
    assert shares == {"all": 1, "shape or colour": 1, "yes or no": 1}
    grids = inputs["grids"]
    vqa_ablation.test_network(network, data, "shuffled", 0)
    assert sorted(map(bytes, inputs["grids"])) == sorted(map(bytes, grids))
    assert not any(np.array_equal(shuffled, own) for shuffled, own in zip(inputs["grids"], grids, strict=True))
    vqa_ablation.test_network(network, data, "question-only", 0)
    assert not inputs["grids"].any()
    assert inputs["texts"] == list(EASY.questions)
    inputs.clear()
    assert 0 <= vqa_ablation.test_network(network, data, "image-only", 0)["exact"]["all"] <= 1
    assert not inputs, "an image-only network is given no questions"


def test_a_network_of_the_drawn_world_is_trained_and_tested_without_pictures():
    data = vqa_ablation.world(TINY)
    network = vqa_ablation.train_network(data, "picture", 0)
    shares = vqa_ablation.test_network(network, data, "question-only", 0)["exact"]
    assert set(shares) == {"all", *data.kinds}
