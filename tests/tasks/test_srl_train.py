"""Training and measuring lesson 07's network: the measures against examples worked out by hand, training in small."""

import argparse
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tools.weights import runner
from tools.weights import srl as command
from vistext import scenes
from vistext.nn import weights
from vistext.nn.engine import keras
from vistext.scenes import language
from vistext.scenes.language import Frame
from vistext.scenes.language.semantic_frames import visible_area_of
from vistext.tasks import captioning, srl
from vistext.tasks.srl.model import MAX_FRAMES, START, WORDS, SrlConfig, SrlModel
from vistext.tasks.srl.train import Recipe, Score, SrlBatches

SEEN = scenes.sample(12, 4, "train")
GRIDS = np.random.default_rng(0).normal(size=(12, 64, 8)).astype("float16")
SMALL = SrlConfig(channels=8, width=16, heads=2, blocks=1)
RUNS = Frame("run", (("agent", "dog"), ("direction", "left"), ("place", "grass")), 0)
SITS = Frame("sit", (("agent", "cat"), ("place", "mat")), 1)
PARKS = Frame("park", (("item", "car"), ("place", "road")), 2)


def but(frame, verb=None, **roles_changed):
    return Frame(verb or frame.verb, tuple((role, roles_changed.get(role, value)) for role, value in frame.roles), 9)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (RUNS, (1, 1, 1)),
        (but(RUNS, direction="right"), (1, 2 / 3, 0)),
        (but(RUNS, agent="cat", place="road"), (1, 1 / 3, 0)),
        (but(RUNS, agent="cat", direction="right", place="road"), (1, 0, 0)),
        (but(RUNS, verb="walk"), (0, 0, 0)),
        (SITS, (0, 0, 0)),
        (None, (0, 0, 0)),
    ],
)
def test_a_frame_is_as_right_as_pencil_and_paper_say(found, expected):
    assert tuple(srl.train.score(found, RUNS)) == pytest.approx(expected)


def test_frames_are_paired_so_that_as_much_as_possible_is_right():
    near = but(SITS, place="floor")
    assert srl.train.match_frames([near, RUNS], [RUNS, SITS]) == [RUNS, near]
    assert srl.train.match_frames([RUNS, near, SITS], [SITS]) == [SITS]
    assert srl.train.match_frames([SITS], [RUNS, SITS]) == [None, SITS]
    assert srl.train.match_frames([], [RUNS]) == [None]
    two = [SITS, but(SITS, place="floor")]
    assert srl.train.match_frames(two[::-1], two) == two


def test_means_are_over_frames_and_rare_combinations_make_up_a_quarter_of_them_at_most():
    scores = [Score(1, 1, 1), Score(1, 0.5, 0), Score(0, 0, 0), Score(1, 0.5, 0)]
    assert srl.train.mean(scores) == {"verb": 0.75, "value": 0.5, "value_all": 0.25}
    assert all(np.isnan(value) for value in srl.train.mean([]).values())
    known = Counter(
        {("sit", "cat", "mat"): 12, ("run", "dog", "grass"): 5, ("lie", "cat", "mat"): 2, ("fly", "bird", "sky"): 1}
    )
    assert srl.train.rare(known) == {("lie", "cat", "mat"), ("fly", "bird", "sky")}  # 3 of 20; with the next, 8
    assert srl.train.combination(RUNS) == ("run", "dog", "grass")
    assert srl.train.combination(PARKS) == ("park", "car", "road")
    counted = srl.train.count_combinations(SEEN)
    assert sum(counted.values()) == sum(len(scene.objects) for scene in SEEN)


class Oracle:
    """A model that predicts what is true, but for what `change` makes of it; verbs are certain."""

    network = None

    def __init__(self, scenes, change=lambda frames: frames, verbs=1.0):
        self.scenes, self.change, self.ranked = scenes, change, verbs

    def generate(self, pictures, grids):
        assert (pictures == scenes.draw_many(self.scenes).pictures).all()

    def frames_of_features(self, grids, slots=None):
        return [self.change(language.frames(scene)) for scene in self.scenes]

    def verbs(self, grids, slots=None):
        first = [srl.model.VERBS.index(language.frames(scene)[0].verb) for scene in self.scenes]
        shares = np.tile(np.linspace(0.1, 0.2, len(srl.model.VERBS)), (len(first), 1))
        shares[np.arange(len(first)), first] = self.ranked
        return shares

    def with_gold_verb(self, grids, verbs, slots=None):
        return [frames[0] for frames in self.frames_of_features(grids)]

    def with_gold_verbs(self, grids, verbs):
        return [srl.model.linearize(scene)[1] for scene in self.scenes]


def test_who_predicts_the_truth_is_right_in_all():
    measured = srl.train.evaluate(Oracle(SEEN), GRIDS, SEEN, srl.train.count_combinations(SEEN))
    for name, figures in measured.items():
        assert set(figures.values()) == {1.0}, name
    assert "verb" not in measured["gold verb"] | measured["all, gold verb"]


def test_a_missing_frame_counts_among_all_objects_and_one_too_many_in_the_whole():
    several = [scene for scene in SEEN if len(scene.objects) > 1]
    objects = sum(len(scene.objects) for scene in several)
    measured = srl.train.evaluate(Oracle(several, lambda frames: frames[:1]), GRIDS, several)
    assert measured["predicted, top 1"]["value_all"] == 1
    assert measured["all, predicted"]["verb"] == pytest.approx(len(several) / objects, abs=1e-4)
    assert measured["scenes"] == {"order": 1, "number": 0, "whole": 0}
    assert "rare" not in measured
    more = srl.train.evaluate(Oracle(several, lambda frames: [*frames, frames[0]][:4]), GRIDS, several)
    assert more["all, predicted"]["value_all"] == 1
    assert more["scenes"]["whole"] == np.mean([len(scene.objects) == 4 for scene in several])


def test_top_5_asks_whether_the_verb_is_among_five_and_then_for_its_frame():
    fifth, sixth = (srl.train.evaluate(Oracle(SEEN, verbs=share), GRIDS, SEEN) for share in (0.1675, 0.01))
    assert fifth["predicted, top 5"]["verb"] == 1
    assert sixth["predicted, top 5"] == {"verb": 0, "value": 0, "value_all": 0}


def test_of_two_objects_about_as_large_either_may_be_the_first():
    second_first = Oracle(SEEN, lambda frames: [*frames[1:2], *frames[:1], *frames[2:]])
    measured = srl.train.evaluate(second_first, GRIDS, SEEN)
    right, near = [], []
    for scene in SEEN:
        first, *others = language.frames(scene)
        other = others[0] if others else first
        right.append(srl.train.score(other, first).verb)
        about = not others or visible_area_of(scene, other.obj) >= 0.9 * visible_area_of(scene, first.obj)
        near.append(about or right[-1])
    assert measured["predicted, top 1"]["verb"] == pytest.approx(np.mean(right), abs=1e-4)
    assert measured["near"]["verb"] == pytest.approx(np.mean(near), abs=1e-4)


def test_batches_hold_words_boxes_and_areas_of_each_slot_s_object_and_what_is_before_it():
    dataset, recipe = srl.train.build_dataset(GRIDS, SEEN), Recipe(SMALL, steps=1, batch_size=5, seed=2)
    for row, scene in enumerate(SEEN):
        ids, ordered = srl.model.linearize(scene)
        assert dataset.ids[row].tolist() == ids
        for place, frame in enumerate(ordered):
            box = scene.objects[frame.obj].box
            expected = [box.x, box.y, box.w, box.h, np.log(visible_area_of(scene, frame.obj))]
            assert dataset.objects[row, 4 * place : 4 * place + 4] == pytest.approx(np.tile(expected, (4, 1)), abs=1e-5)
        assert not dataset.objects[row, 4 * len(ordered) :].any()
    (grids, before), targets = SrlBatches(dataset, recipe)[3]
    assert (grids.shape, before.shape, targets.shape) == ((5, 64, 8), (5, MAX_FRAMES), (5, MAX_FRAMES, 6))
    assert (before[:, 0] == START).all()
    assert np.array_equal(before[:, 1:], targets[:, :-1, 0])
    rows = [int(np.flatnonzero((dataset.grids == each.astype("float16")).all(axis=(1, 2)))[0]) for each in grids]
    assert np.array_equal(targets[..., 0], dataset.ids[rows])
    assert np.array_equal(targets[..., 1:], dataset.objects[rows])
    again, other = SrlBatches(dataset, recipe)[3], SrlBatches(dataset, replace(recipe, seed=3))[3]
    assert np.array_equal(again[0][0], grids)
    assert not np.array_equal(other[0][0], grids)


def test_the_loss_counts_words_that_are_asked_and_boxes_of_what_is_there():
    targets, outputs = np.zeros((1, MAX_FRAMES, 6), "float32"), np.zeros((1, MAX_FRAMES, len(WORDS) + 5), "float32")
    targets[0, :4, 0] = [7, 20, 3, 30]
    targets[0, 4, 0] = srl.model.END
    targets[0, :4, 1:5], targets[0, :4, 5] = 0.25, -2.0
    outputs[0, :4, len(WORDS) :] = [0.5, 0.25, 0.25, 0.25, -1.5]
    outputs[0, 5:] = 77  # nothing is asked there
    words = np.log(len(WORDS))
    assert float(srl.train.Loss(0, 0)(targets, outputs)) == pytest.approx(words, rel=1e-5)
    assert float(srl.train.Loss(2, 0)(targets, outputs)) == pytest.approx(words + 2 * 0.25, rel=1e-5)
    assert float(srl.train.Loss(0, 3)(targets, outputs)) == pytest.approx(words + 3 * 0.5, rel=1e-5)


def test_a_network_learns_what_is_in_the_slots():
    cells = np.random.default_rng(5).normal(size=(12, 64, 8)).astype("float16")
    recipe = Recipe(replace(SMALL, width=32, blocks=2), steps=150, batch_size=12)
    network, history = srl.train.train(recipe, srl.train.build_dataset(cells, SEEN), bar=False)
    assert len(history.loss) == 150
    model = SrlModel(None, network)
    found = model.frames_of_features(cells)
    right = [
        srl.train.score(each[0], language.frames(scene)[0]).value_all for each, scene in zip(found, SEEN, strict=True)
    ]
    assert np.mean(right) > 0.8


@pytest.fixture
def run(monkeypatch, tmp_path):
    """`python -m tools weights srl` with a small network and a small image encoder."""
    config = captioning.model.CaptionerConfig(words=5, widths=(8, 8, 8, 8), depth=1)
    keras.utils.set_random_seed(0)
    image_encoder = captioning.model.build_image_encoder(config)
    monkeypatch.setattr(captioning.model, "load_image_encoder", lambda: image_encoder)
    monkeypatch.setattr(command, "RECIPE", Recipe(SMALL, steps=300, batch_size=4))
    monkeypatch.setattr(command, "KNOWN", 30)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    places = ["--out", str(tmp_path / "out"), "--checkpoint", str(tmp_path / "check")]
    return lambda: command.run(parser.parse_args(["--share", "0.01", "--precision", "float32", *places]))


def test_the_command_goes_on_after_an_interruption_and_ships_weights_with_a_card(run, tmp_path, monkeypatch, capsys):
    steps, batch = [], SrlBatches.__getitem__

    def interrupted(self, step):
        steps.append(step)
        if len(steps) == 2:
            raise KeyboardInterrupt
        return batch(self, step)

    monkeypatch.setattr(SrlBatches, "__getitem__", interrupted)
    assert run() == runner.INTERRUPTED
    assert "run the same command again" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    steps.append(None)
    assert run() == 0
    assert min(steps[3:]) == 1  # the first step is not trained again
    card = weights.card("srl", tmp_path / "out")
    assert (card["recipe"]["steps"], card["recipe"]["scenes"]) == (3, 320)
    assert set(card["measured"]) == {"scenes", "seed", "test", "compositional"}
    assert not (tmp_path / "check").exists()
    network = srl.model.build(weights.config("srl", SrlConfig, tmp_path / "out"))
    weights.load_into(network, "srl", tmp_path / "out")
    assert network.count_params() == card["parameters"]
