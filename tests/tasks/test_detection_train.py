"""Making the shipped weights of lesson 02, end to end on a small scale, and the short trainings of the lesson."""

import json
from dataclasses import replace

import numpy as np
import pytest
from networks import CONFIGS, detector_outputs, parsed, stopped

from tools.weights import detector, runner, segmenter
from vistext import metrics, scenes
from vistext.nn import weights
from vistext.scenes import ontology
from vistext.tasks import detection
from vistext.tasks.detection.model import DetectorConfig
from vistext.tasks.detection.train import DETECTION, SEGMENTATION, Recipe, SceneBatches

TASKS = {"detector": DETECTION, "segmenter": SEGMENTATION}
COMMANDS = {"detector": detector, "segmenter": segmenter}
TINY = {name: Recipe(CONFIGS[name][1], steps=6, batch_size=4) for name in TASKS}


@pytest.fixture(scope="module", params=list(TINY))
def made(request, tmp_path_factory):
    """A command, stopped and run again: its name, folder, exit codes, and the files left each time."""
    name, folder = request.param, tmp_path_factory.mktemp("made")
    words = ["--out", str(folder), "--checkpoint", str(folder / "unfinished")]
    codes, left = [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(COMMANDS[name], "RECIPE", TINY[name])
        patch.setattr(detector, "SPLITS", {"val": 5, "test": 20, "compositional": 6})
        patch.setattr(detection.train, "RECALIBRATION_PICTURES", 20)
        patch.setattr(runner, "fastest_dtype_policy", lambda: "float32")
        patch.setattr(detection.train, "SceneBatches", stopped(SceneBatches, 3))
        for _ in range(2):
            codes.append(COMMANDS[name].run(parsed(COMMANDS[name], *words)))
            left.append(sorted(path.name for path in folder.rglob("*") if path.is_file()))
        patch.setattr(detection.train, "SceneBatches", SceneBatches)
        model, _ = detection.train.train(TASKS[name], TINY[name], bar=False)
    return name, folder, codes, left, model


def test_stopped_it_says_how_to_go_on_and_run_again_it_ships_what_a_training_that_never_stopped_gives(made):
    name, folder, codes, left, uninterrupted = made
    assert codes == [130, 0]
    assert left == [["state.npz"], [f"{name}.json", f"{name}.npz"]]
    with np.load(folder / f"{name}.npz") as shipped:
        for variable in uninterrupted.variables:
            expected = variable.numpy()
            if expected.ndim > 1:
                expected = expected.astype("float16")
            assert shipped[variable.path] == pytest.approx(expected, rel=1e-2, abs=1e-3)


def test_the_card_says_how_the_weights_were_made_and_what_is_measured_of_them(made):
    name, folder, *_ = made
    card = weights.card(name, folder)
    assert card["recipe"]["command"] == f"python -m tools weights {name}"
    assert (card["recipe"]["steps"], card["recipe"]["batch_size"], card["recipe"]["precision"]) == (6, 4, "float32")
    assert card["config"]["widths"] == [4, 8, 8, 8]
    assert card["classes"] == list(ontology.KINDS)
    assert card["versions"].keys() == {"python", "tensorflow", "keras"}
    assert {split: of["scenes"] for split, of in card["measured"].items()} == {"val": 5, "test": 20, "compositional": 6}

    shipped = TASKS[name].build(TINY[name].network)
    weights.load_into(shipped, name, folder)
    drawn, measured = scenes.draw_many(scenes.sample(20, 0, "test")), card["measured"]["test"]
    if name == "segmenter":
        predicted = detection.segmenter.segment(shipped, drawn.pictures)
        assert measured["mean_iou"] == pytest.approx(metrics.mean_iou(predicted, drawn.classes), abs=1e-4)
        assert measured["pixels_right"] == pytest.approx((predicted == drawn.classes).mean(), abs=1e-4)
    else:
        found = detection.model.detect(shipped, drawn.pictures, score=detection.train.MIN_SCORE)
        result = metrics.mean_average_precision(found, drawn.boxes, drawn.kinds)
        assert measured["mean_average_precision"] == pytest.approx(result.mean, abs=1e-4)
        assert list(measured["by_overlap"].values()) == pytest.approx(result.by_overlap, abs=1e-4)


def test_figures_are_taken_apart_by_the_number_of_objects():
    """A detector that finds everything in pictures of one object, and nothing in others."""
    drawn = scenes.draw_many(scenes.sample(40, 1, "val"))
    alone = np.where((drawn.kinds >= 0).sum(axis=1, keepdims=True) == 1, drawn.kinds, -1)
    outputs = detector_outputs(detection.model.targets(drawn.boxes, alone))
    by_things = detection.train.evaluate_detector(lambda pictures, training: outputs, drawn)["by_things"]
    assert by_things == pytest.approx({"1": 1, "2": 0, "3": 0, "4": 0})


def test_a_batch_depends_on_its_number_and_the_seed_alone():
    def batch(step, seed=0):
        pictures, labels = SceneBatches(DETECTION.labels, 3, seed)[step]
        assert (pictures.shape, labels.shape) == ((3, 64, 64, 3), (3, 16, 16, 5))
        return pictures

    assert np.array_equal(batch(5), batch(5))
    assert not np.array_equal(batch(5), batch(6))
    assert not np.array_equal(batch(5), batch(5, seed=1))


def test_recalibration_gives_batch_norm_the_statistics_of_many_pictures(monkeypatch):
    monkeypatch.setattr(detection.train, "RECALIBRATION_PICTURES", 200)
    monkeypatch.setattr(detection.train, "BATCH", 50)
    model = detection.model.build(TINY["detector"].network)
    norm = model.get_layer("stem_norm")
    detection.train.recalibrate_batch_norm(model)
    pictures = scenes.draw_many(scenes.sample(200, scenes.TRAIN_SEED_OFFSET - 1, "train")).pictures
    features = np.asarray(model.get_layer("stem_conv")(model.get_layer("scaled")(pictures)))
    assert norm.moving_mean.numpy() == pytest.approx(features.mean(axis=(0, 1, 2)), abs=0.15)


def test_a_segmenter_starts_from_the_backbone_of_a_detector_of_its_sizes_and_from_nothing_else_of_it():
    trained, network = (TASKS[name].build(TINY[name].network) for name in ("detector", "segmenter"))
    head = network.get_layer("classes").get_weights()
    detection.train.copy_backbone(trained, network)
    for name in ("stem_conv", "down2_0_conv", "across1", "up1_conv"):
        assert np.array_equal(network.get_layer(name).kernel, trained.get_layer(name).kernel)
    assert np.array_equal(network.get_layer("classes").get_weights()[0], head[0])
    with pytest.raises(ValueError, match=r"down3_0_conv has another size.*the same widths and depth"):
        detection.train.copy_backbone(detection.model.build(DetectorConfig(widths=(4, 8, 8, 10), depth=1)), network)


@pytest.mark.parametrize("name", TASKS)
def test_a_few_steps_lower_the_loss(name):
    network = replace(TINY[name].network, widths=(16, 32, 32, 32))
    recipe = Recipe(network, steps=25, batch_size=16, adam_lr=0.2)
    _, history = detection.train.train(TASKS[name], recipe, bar=False)
    assert np.mean(history.loss[-5:]) < 0.85 * np.mean(history.loss[:5])


@pytest.mark.parametrize("name", COMMANDS)
def test_by_default_the_command_makes_the_shipped_weights_where_they_belong_as_their_card_says(name):
    arguments, card, recipe = parsed(COMMANDS[name]), weights.card(name), COMMANDS[name].RECIPE
    assert (arguments.share, arguments.fresh, arguments.out) == (1.0, False, weights.FOLDER)
    assert arguments.checkpoint.name == name
    assert card["recipe"]["share"] == 1.0
    for setting in ("steps", "batch_size", "learning_rate", "adam_lr", "seed"):
        assert card["recipe"][setting] == getattr(recipe, setting)
    assert {**card["config"], "precision": "float32"} == json.loads(json.dumps(vars(recipe.network)))
