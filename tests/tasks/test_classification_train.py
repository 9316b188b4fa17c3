"""Making the shipped weights, end to end on a small scale: ten colors instead of ten kinds of object."""

import argparse
import json
from dataclasses import asdict, dataclass, replace

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import accuracy_score, log_loss

from tools.weights import runner, tagger
from vistext.data.cifar10 import CLASSES, Cifar10, Split
from vistext.nn import weights
from vistext.nn.augmentation import AugmentedBatches
from vistext.tasks import classification
from vistext.tasks.classification.train import Recipe, train

COLOURS = np.random.default_rng(7).permutation(np.stack(np.meshgrid(*[[40, 128, 216]] * 3), axis=-1).reshape(-1, 3))


@dataclass(frozen=True)
class Small(Recipe):
    """The recipe of the shipped weights, but for its sizes: of one size, sums are added up in one order, to the bit."""

    widths: tuple[int, ...] = (8, 16, 16)
    epochs: float | None = 4.0
    batch_size: int = 50
    sides: tuple[tuple[int, float], ...] = ((32, 1.0),)


def coloured(n, seed):
    """Noisy pictures, each in the color of its class; one label in ten is wrong, so that nobody can be sure."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, n)
    pictures = np.clip(COLOURS[labels][:, None, None] + random.normal(scale=25, size=(n, 32, 32, 3)), 0, 255)
    return Split(pictures.astype(np.uint8), np.where(random.random(n) < 0.1, random.integers(0, 10, n), labels))


STAGES = (
    Small(seed=3),
    Small(epochs=2, learning_rate=0.06, final_rate=0.03, cutout=8, averaging=0.9, seed=4),
)
DATA = Cifar10(train=coloured(600, 0), test=coloured(300, 1))
ASIDE = 100


class Stopped(AugmentedBatches):
    """Batches during which somebody presses Ctrl-C, once in each stage."""

    def __getitem__(self, step):
        if (self.seed, step) in STOPS:
            STOPS.remove((self.seed, step))
            raise KeyboardInterrupt
        return super().__getitem__(step)


STOPS = {(STAGES[0].seed, 23), (STAGES[1].seed, 7)}


def parsed(*words):
    parser = argparse.ArgumentParser()
    tagger.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture(scope="module")
def uninterrupted():
    """Both stages in one go, on all but the pictures that are kept aside: the model after each, and the histories."""
    pictures, labels = DATA.train.pictures[:-ASIDE], DATA.train.labels[:-ASIDE]
    model, first = train(STAGES[0], pictures, labels, bar=False)
    after_first = [variable.numpy() for variable in model.variables]
    model, second = train(STAGES[1], pictures, labels, model=model, bar=False)
    return after_first, model, (first, second)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The command, stopped in each stage and run again: its folder, exit codes, and the files left each time."""
    folder = tmp_path_factory.mktemp("made")
    words = ["--out", str(folder), "--checkpoint", str(folder / "unfinished")]
    codes, left = [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tagger.cifar10, "load", lambda: DATA)
        patch.setattr(tagger, "CALIBRATION", ASIDE)
        patch.setattr(tagger, "SHIPPED", STAGES)
        patch.setattr(runner, "fastest_dtype_policy", lambda: "float32")
        patch.setattr(classification.train, "AugmentedBatches", Stopped)
        for _ in range(3):
            codes.append(tagger.run(parsed(*words)))
            left.append(sorted(path.name for path in folder.rglob("*") if path.is_file()))
    return folder, codes, left


def test_it_takes_the_steps_that_the_recipe_asks_for_and_learns(uninterrupted):
    _, model, histories = uninterrupted
    assert [len(history.loss) for history in histories] == [4 * 500 // 50, 2 * 500 // 50]
    assert not any(history.interrupted for history in histories)
    predicted = model.predict(DATA.test.pictures, verbose=0).argmax(axis=1)
    assert accuracy_score(DATA.test.labels, predicted) > 0.6


def test_with_seconds_instead_of_epochs_it_stops_in_time():
    _, history = train(Small(epochs=None, seconds=1e-3), DATA.train.pictures, DATA.train.labels, bar=False)
    assert len(history.loss) <= 1  # none, where a millisecond passes before the first step


def test_stopped_it_says_how_to_go_on_and_ships_nothing(made):
    _, codes, left = made
    assert codes[:2] == [130, 130]
    assert left[:2] == [["state.npz"], ["stage-1.weights.h5", "state.npz"]]


def test_run_again_it_ships_the_weights_of_a_training_that_never_stopped(made, uninterrupted):
    folder, codes, left = made
    assert codes[2] == 0
    assert left[2] == ["tagger.json", "tagger.npz"]
    shipped = classification.model.build(classification.model.TaggerConfig(widths=Small.widths))
    weights.load_into(shipped, "tagger", folder)
    for found, trained in zip(shipped.get_weights(), uninterrupted[1].get_weights(), strict=True):
        assert np.array_equal(found, trained.astype("float16") if trained.ndim > 1 else trained)


def test_what_is_averaged_lies_between_the_start_and_the_end_of_the_stage(uninterrupted):
    """The head, say: further from where the stage began than nothing, and not where its last step left it."""
    after_first, model, _ = uninterrupted
    pictures, labels = DATA.train.pictures[:-ASIDE], DATA.train.labels[:-ASIDE]
    start = classification.model.build(classification.model.TaggerConfig(widths=Small.widths))
    for variable, value in zip(start.variables, after_first, strict=True):
        variable.assign(value)
    last, _ = train(replace(STAGES[1], averaging=None), pictures, labels, model=start, bar=False)
    began = next(v for v, w in zip(after_first, model.variables, strict=True) if w.path == "head/kernel")
    averaged, ended = (each.get_layer("head").kernel.numpy() for each in (model, last))
    assert 0 < np.linalg.norm(averaged - began) < np.linalg.norm(ended - began)


def test_the_card_says_what_scikit_learn_measures_of_the_shipped_weights(made):
    folder, *_ = made
    card = weights.card("tagger", folder)
    shipped = classification.model.build(classification.model.TaggerConfig(**card["config"]))
    weights.load_into(shipped, "tagger", folder)
    logits = shipped.predict(DATA.test.pictures, verbose=0)

    measured = card["measured"]
    assert measured["test_accuracy"] == pytest.approx(accuracy_score(DATA.test.labels, logits.argmax(axis=1)), abs=1e-5)
    assert measured["test_pictures"] == 300
    assert 0 <= measured["calibration_error"] < measured["calibration_error_before_scaling"]


def test_the_temperature_comes_from_the_pictures_kept_aside(made):
    """No other on a fine grid makes the labels of these more likely."""
    folder, *_ = made
    card = weights.card("tagger", folder)
    temperature = card["config"]["temperature"]
    raw = classification.model.build(classification.model.TaggerConfig(widths=Small.widths))
    weights.load_into(raw, "tagger", folder)
    logits = raw.predict(DATA.train.pictures[-ASIDE:], verbose=0)
    grid = np.append(np.geomspace(0.05, 20, 200), temperature)
    losses = [log_loss(DATA.train.labels[-ASIDE:], softmax(logits / each, axis=1), labels=range(10)) for each in grid]
    assert losses[-1] <= min(losses) + 1e-6


def test_the_card_says_how_the_weights_were_made(made):
    folder, *_ = made
    card = json.loads((folder / "tagger.json").read_text(encoding="utf-8"))
    recipe = card["recipe"]
    assert recipe["command"] == "python -m tools weights tagger"
    assert (recipe["precision"], recipe["share"]) == ("float32", 1.0)
    assert recipe["stages"] == json.loads(json.dumps([asdict(stage) for stage in STAGES]))
    assert card["classes"] == list(CLASSES)
    assert "less 100 pictures" in card["data"]
    assert card["versions"].keys() == {"python", "tensorflow", "keras"}


def test_by_default_the_command_makes_the_shipped_weights_where_they_belong():
    arguments = parsed()
    assert (arguments.share, arguments.fresh) == (1.0, False)
    assert arguments.out == weights.FOLDER


def test_afresh_forgets_what_was_unfinished(tmp_path, monkeypatch):
    (tmp_path / "stage-1").mkdir()
    seen = []

    def stop(*_, checkpoint, **__):
        seen.append(checkpoint.exists())
        raise KeyboardInterrupt

    monkeypatch.setattr(tagger.cifar10, "load", lambda: DATA)
    monkeypatch.setattr(tagger, "CALIBRATION", ASIDE)
    monkeypatch.setattr(classification.train, "train", stop)
    monkeypatch.setattr(runner, "fastest_dtype_policy", lambda: "float32")
    for words in ([], ["--fresh"]):
        with pytest.raises(KeyboardInterrupt):
            tagger.run(parsed(*words, "--checkpoint", str(tmp_path)))
    assert seen == [True, False]
