"""The loop: when it stops, what it shows, and that a training which was stopped ends as if it had not been."""

import itertools
import json
import os
import re
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest

from vistext.nn import training
from vistext.nn.engine import keras
from vistext.nn.optimizers import Muon
from vistext.nn.training import Batches, Checkpoint, History, fit, linear_decay, once

layers = keras.layers
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still unless a test moves it, or trains at the rate of `one_second_a_step`."""
    clock = SimpleNamespace(now=100.0, progress=[])
    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=lambda: clock.now))

    def one_second_a_step(progress):
        clock.progress.append(progress)
        clock.now += 1.0
        return linear_decay(0.1)(progress)

    clock.one_second_a_step = one_second_a_step
    return clock


def plain(*middle, learning_rate=0.0):
    """The smallest network, for tests of the loop alone; as it is not compiled to a graph, it starts at once."""
    model = keras.Sequential([layers.Input((6, 6, 3)), *middle, layers.Dense(3)])
    model.compile(keras.optimizers.SGD(learning_rate), CROSS_ENTROPY, run_eagerly=True)
    return model


def flat(learning_rate=0.0):
    return plain(layers.Flatten(), learning_rate=learning_rate)


def network(seed=0):
    """A small network with kernels, batch statistics and a momentum: all that a checkpoint has to hold."""
    glorot = keras.initializers.GlorotUniform
    model = keras.Sequential(
        [
            layers.Input((6, 6, 3)),
            layers.Conv2D(4, 3, use_bias=False, kernel_initializer=glorot(seed)),
            layers.BatchNormalization(),
            layers.GlobalMaxPooling2D(),
            layers.Dense(3, kernel_initializer=glorot(seed + 1)),
        ]
    )
    model.compile(Muon(0.1, adam_lr=0.3), CROSS_ENTROPY)
    return model


class Drawn(Batches):
    """Batches of noise in which the label is the brightest channel; notes what it was asked, and may stop there."""

    def __init__(self, stop_at=None, stop=KeyboardInterrupt):
        super().__init__()
        self.stop_at, self.stop, self.asked = stop_at, stop, []

    def __getitem__(self, step):
        if step == self.stop_at:
            raise self.stop
        self.asked.append((step, self.progress))
        random = np.random.default_rng(step)
        labels = random.integers(0, 3, 12)
        pictures = random.normal(size=(12, 6, 6, 3)).astype("float32") + 2 * np.eye(3)[labels][:, None, None]
        return pictures, labels


def state(model):
    """All that training changes: weights, batch statistics, and the optimizer's variables."""
    return [variable.numpy() for variable in [*model.variables, *model.optimizer.variables]]


def same(one, other):
    return len(one) == len(other) and all(map(np.array_equal, one, other))


@pytest.fixture(scope="module")
def uninterrupted():
    """Eight steps in one go, to hold the others against."""
    model = network()
    history = fit(model, Drawn(), steps=8, learning_rate=linear_decay(0.1), bar=False)
    return state(model), history


def test_it_stops_after_so_many_steps_has_learned_and_its_history_is_json(uninterrupted):
    _, history = uninterrupted
    assert (len(history.seconds), len(history.loss), len(history.accuracy)) == (8, 8, 8)
    assert history.loss[-1] < history.loss[0] / 2
    assert all(0 <= share <= 1 for share in history.accuracy)
    assert history.seconds == sorted(history.seconds)
    assert not history.interrupted
    assert History(**json.loads(json.dumps(asdict(history), allow_nan=False))) == history


def test_each_entry_is_of_its_own_batch_and_no_mean_of_all_so_far():
    model = flat()
    history = fit(model, Drawn(), steps=3, bar=False)
    weights, bias = model.get_weights()
    for step in range(3):
        pictures, labels = Drawn()[step]
        scores = pictures.reshape(12, -1).astype("float64") @ weights + bias
        each = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(12), labels]
        assert history.loss[step] == pytest.approx(each.mean(), abs=1e-5)
        assert history.accuracy[step] == pytest.approx(np.mean(scores.argmax(axis=1) == labels))


def test_labels_may_be_of_every_position_and_accuracy_another_than_their_share():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, (12, 6, 6))
    pictures = (2 * np.eye(3)[labels] + random.normal(size=(12, 6, 6, 3))).astype("float32")
    model = plain()
    history = fit(model, lambda step: (pictures, labels), steps=1, bar=False)
    assert history.accuracy == pytest.approx([np.mean((pictures @ model.get_weights()[0]).argmax(axis=-1) == labels)])
    quarter = fit(model, lambda step: (pictures, labels), steps=2, accuracy=lambda labels, scores: 0.25, bar=False)
    assert quarter.accuracy == [0.25, 0.25]


def test_a_model_may_have_several_inputs():
    keras.utils.set_random_seed(0)
    left, right = layers.Input((3,)), layers.Input((2,), dtype="int32")
    scores = layers.Dense(3)(layers.Concatenate()([left, keras.ops.cast(right, "float32")]))
    model = keras.Model([left, right], scores)
    model.compile(keras.optimizers.SGD(0.3), CROSS_ENTROPY)

    def batches(step):
        random = np.random.default_rng(step)
        first, second = random.normal(size=(30, 3)).astype("float32"), random.integers(0, 5, (30, 2), dtype="int32")
        return (first, second), (second[:, 0] > second[:, 1]).astype("int64")

    history = fit(model, batches, steps=60, bar=False)
    assert np.mean(history.accuracy[-5:]) > 0.8 > np.mean(history.accuracy[:2])


@pytest.mark.parametrize(
    ("limits", "taken"),
    [({"seconds": 5}, 5), ({"steps": 3, "seconds": 60}, 3), ({"steps": 60, "seconds": 3}, 3)],
)
def test_it_stops_at_the_nearer_limit_and_progress_is_towards_that(clock, limits, taken):
    history = fit(flat(), Drawn(), learning_rate=clock.one_second_a_step, bar=False, **limits)
    assert history.seconds == list(range(1, taken + 1))
    assert clock.progress == pytest.approx(np.arange(taken) / taken)


def test_batches_come_in_order_with_their_progress_and_the_rate_is_the_schedule_s_or_the_optimizer_s_own():
    batches, model = Drawn(), flat(learning_rate=0.05)
    fit(model, batches, steps=4, bar=False)
    assert batches.asked[:4] == [(0, 0.0), (1, 0.25), (2, 0.5), (3, 0.75)]
    assert float(model.optimizer.learning_rate) == pytest.approx(0.05)
    fit(model, Drawn(), steps=2, learning_rate=linear_decay(0.4), bar=False)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.2)


def test_a_linear_decay_ends_at_zero_or_above_and_stays_there():
    assert list(map(linear_decay(0.24), (0, 0.5, 1, 1.1))) == pytest.approx([0.24, 0.12, 0, 0])
    assert list(map(linear_decay(0.06, 0.03), (0.0, 0.5, 1.0))) == pytest.approx([0.06, 0.045, 0.03])


def test_a_stop_in_the_middle_keeps_what_was_learned():
    model, twin = network(), network()
    history = fit(model, Drawn(stop_at=5), steps=8, learning_rate=linear_decay(0.1), bar=False)
    for step in range(5):
        twin.optimizer.learning_rate = 0.1 * (1 - step / 8)
        twin.train_on_batch(*Drawn()[step])
    twin.optimizer.learning_rate = 0.1 * (1 - 5 / 8)  # of the step that did not come
    assert history.interrupted
    assert len(history.loss) == 5
    for found, expected in zip(state(model), state(twin), strict=True):
        assert found == pytest.approx(expected, abs=1e-5)


def control_c_at(step, steps=8):
    """The schedule of `uninterrupted`, during which somebody presses Ctrl-C."""

    def rate(progress):
        if round(progress * steps) == step:
            signal.raise_signal(signal.SIGINT)
        return linear_decay(0.1)(progress)

    return rate


@pytest.mark.parametrize(
    ("where", "done"), [("in a batch", 0), ("at the keyboard", 1), ("in a batch", 1), ("at the keyboard", 6)]
)
def test_stopped_and_run_again_it_ends_as_if_it_had_never_stopped(tmp_path, uninterrupted, where, done):
    batches = Drawn(done if where == "in a batch" else None)
    rate = control_c_at(done - 1) if where == "at the keyboard" else linear_decay(0.1)
    first = fit(network(), batches, steps=8, learning_rate=rate, checkpoint=tmp_path, bar=False)
    assert (first.interrupted, len(first.loss)) == (True, done)

    model, batches = network(seed=9), Drawn()
    history = fit(model, batches, steps=8, learning_rate=linear_decay(0.1), checkpoint=tmp_path, bar=False)
    assert batches.asked[0] == (done, done / 8)
    assert same(state(model), uninterrupted[0])
    assert (history.loss, history.accuracy) == (uninterrupted[1].loss, uninterrupted[1].accuracy)
    assert not history.interrupted
    assert list(tmp_path.iterdir()) == []


def test_after_a_crash_it_goes_on_from_the_last_timed_checkpoint(tmp_path, uninterrupted, clock):
    settings = {"steps": 8, "learning_rate": clock.one_second_a_step, "checkpoint": tmp_path, "bar": False}
    with pytest.raises(OSError, match="a disk has gone"):
        fit(network(), Drawn(stop_at=5, stop=OSError("a disk has gone")), checkpoint_every=2.5, **settings)

    model, batches = network(seed=9), Drawn()
    clock.now += 1000  # a pause between two runs is not time spent training
    history = fit(model, batches, checkpoint_every=2.5, **settings)
    assert batches.asked[0][0] == 3
    assert same(state(model), uninterrupted[0])
    assert history.seconds == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_loss_that_is_no_number_ends_the_training_and_is_not_saved(tmp_path):
    def batches(step):
        pictures, labels = Drawn()[step]
        return pictures * (np.nan if step == 2 else 1), labels

    with pytest.raises(FloatingPointError, match=r"became nan at step 3: try a smaller learning rate"):
        fit(flat(), batches, steps=8, checkpoint=tmp_path, checkpoint_every=-1, bar=False)
    model, history = flat(), History()
    assert Checkpoint(tmp_path).restore(model, history)
    assert len(history.loss) == 2
    assert all(np.isfinite(values).all() for values in state(model))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({}, "needs steps, seconds, or both"),
        ({"steps": 0}, "steps=0; accepted: more than 0"),
        ({"steps": 5, "seconds": -2.0}, r"seconds=-2\.0; accepted: more than 0"),
    ],
)
def test_a_training_without_an_end_is_refused(limits, message):
    with pytest.raises(ValueError, match=message):
        fit(flat(), Drawn(), bar=False, **limits)


@pytest.mark.parametrize(("in_a_notebook", "stream"), [(True, "out"), (False, "err")])
def test_the_bar_shows_how_far_it_is_and_how_well_it_does_and_that_it_was_stopped(
    monkeypatch, capsys, in_a_notebook, stream
):
    for name in ("COLUMNS", "LINES"):  # where these say that a terminal is narrow, tqdm cuts its bar off
        monkeypatch.delenv(name, raising=False)
    if in_a_notebook:
        monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    else:
        monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    history = fit(flat(), Drawn(), steps=4, label="a small network")
    shown = capsys.readouterr()._asdict()
    last = shown.pop(stream).split("\r")[-1]
    assert "a small network: 100%" in last
    loss, accuracy = map(float, re.search(r"loss ([\d.]+), accuracy (\d+)%", last).groups())
    assert loss == pytest.approx(np.mean(history.loss), abs=0.0051)  # a half may be rounded either way
    assert accuracy == pytest.approx(100 * np.mean(history.accuracy), abs=0.51)
    assert list(shown.values()) == [""]

    fit(flat(), Drawn(stop_at=2), steps=4, label="a small network")
    stopped = getattr(capsys.readouterr(), stream)
    assert "a small network (interrupted; the model keeps what it has learned)" in stopped
    fit(flat(), Drawn(), steps=2, bar=False)
    assert capsys.readouterr() == ("", "")


class PowerCutError(BaseException):
    """The machine stops, whatever was being done."""


@pytest.mark.parametrize("moment", range(4))
def test_whenever_the_power_fails_a_whole_checkpoint_is_found(tmp_path, monkeypatch, moment):
    earlier, later, found = network(seed=1), network(seed=2), network(seed=3)
    checkpoint, left, savez, replace = Checkpoint(tmp_path), itertools.count(moment, -1), np.savez, os.replace
    checkpoint.save(earlier, History([1.0] * 3, [1.0] * 3, [1.0] * 3))

    def replaced(*paths):
        if next(left) <= 0:
            raise PowerCutError
        replace(*paths)

    def saved_by_half(file, **arrays):
        savez(file, **arrays)
        if next(left) <= 0:
            file.truncate(file.tell() // 2)
            raise PowerCutError

    with monkeypatch.context() as patch, suppress(PowerCutError):
        patch.setattr(np, "savez", saved_by_half)
        patch.setattr(os, "replace", replaced)
        checkpoint.save(later, History([1.0] * 4, [1.0] * 4, [1.0] * 4))
    history = History()
    assert Checkpoint(tmp_path).restore(found, history)
    assert len(history.loss) == (3 if moment < 2 else 4)
    assert same(state(found), state(earlier if moment < 2 else later))
    Checkpoint(tmp_path).clear()
    assert list(tmp_path.iterdir()) == []
    assert not Checkpoint(tmp_path).restore(found, history)


def test_a_stage_that_came_to_its_end_is_not_trained_again(tmp_path):
    file, later = tmp_path / "stages" / "first.weights.h5", network(seed=2)
    assert once(network(seed=1), file, lambda: History(interrupted=True)).interrupted
    assert not file.exists()
    once(network(seed=1), file, History)
    assert not once(later, file, lambda: pytest.fail("trained again")).interrupted
    assert same(later.get_weights(), network(seed=1).get_weights())
    assert [path.name for path in file.parent.iterdir()] == [file.name]
