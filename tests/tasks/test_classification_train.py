"""Making the shipped weights, end to end on a small scale: ten colors instead of ten kinds of object."""

import json
from dataclasses import asdict, dataclass, replace

import numpy as np
import pytest
from networks import parsed, stopped
from scipy.special import softmax
from sklearn.metrics import accuracy_score, log_loss

from tools.weights import runner, tagger
from vistext.data.cifar10 import CLASSES, Cifar10, Split
from vistext.nn import weights
from vistext.nn.augmentation import AugmentedBatches
from vistext.tasks import classification
from vistext.tasks.classification.model import TaggerConfig
from vistext.tasks.classification.train import Recipe, train

COLORS = np.random.default_rng(7).permutation(np.stack(np.meshgrid(*[[40, 128, 216]] * 3), axis=-1).reshape(-1, 3))


@dataclass(frozen=True)
class Small(Recipe):
    """The recipe of the shipped weights, but for its sizes: of one size, sums are added up in one order, to the bit."""

    widths: tuple[int, ...] = (8, 16, 16)
    epochs: float | None = 4.0
    batch_size: int = 50
    sides: tuple[tuple[int, float], ...] = ((32, 1.0),)


def colored(n, seed):
    """Noisy pictures, each in the color of its class; one label in ten is wrong, so that no network can be certain."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, n)
    pictures = np.clip(COLORS[labels][:, None, None] + random.normal(scale=25, size=(n, 32, 32, 3)), 0, 255)
    return Split(pictures.astype(np.uint8), np.where(random.random(n) < 0.1, random.integers(0, 10, n), labels))


STAGES = (
    Small(seed=3),
    Small(epochs=2, learning_rate=0.06, final_rate=0.03, cutout=8, averaging=0.9, seed=4),
)
DATA = Cifar10(train=colored(600, 0), test=colored(300, 1))
ASIDE = 100
USED = DATA.train.pictures[:-ASIDE], DATA.train.labels[:-ASIDE]


@pytest.fixture
def small_data(monkeypatch):
    """The command works on `DATA`."""
    monkeypatch.setattr(tagger.cifar10, "load", lambda: DATA)
    monkeypatch.setattr(tagger, "CALIBRATION", ASIDE)
    monkeypatch.setattr(runner, "fastest_dtype_policy", lambda: "float32")


@pytest.fixture(scope="module")
def uninterrupted():
    """Both stages in one go, on all but the pictures that are kept aside: the weights after each, and the histories."""
    model, first = train(STAGES[0], *USED, bar=False)
    after_first = model.get_weights()
    model, second = train(STAGES[1], *USED, model=model, bar=False)
    return after_first, model, (first, second)


def shipped(folder, **settings):
    model = classification.model.build(TaggerConfig(widths=Small.widths, **settings))
    weights.load_into(model, "tagger", folder)
    return model


def test_the_recipe_s_steps_are_taken_and_what_is_averaged_lies_between_start_and_end_of_the_stage(uninterrupted):
    after_first, model, histories = uninterrupted
    assert [len(history.loss) for history in histories] == [4 * 500 // 50, 2 * 500 // 50]
    assert not any(history.interrupted for history in histories)
    assert accuracy_score(DATA.test.labels, model.predict(DATA.test.pictures, verbose=0).argmax(axis=1)) > 0.6
    start = classification.model.build(TaggerConfig(widths=Small.widths))
    start.set_weights(after_first)
    began = start.get_layer("head").kernel.numpy()
    last, _ = train(replace(STAGES[1], averaging=None), *USED, model=start, bar=False)
    averaged, ended = (each.get_layer("head").kernel.numpy() for each in (model, last))
    assert 0 < np.linalg.norm(averaged - began) < np.linalg.norm(ended - began)
    _, history = train(Small(epochs=None, seconds=1e-3), *USED, bar=False)
    assert len(history.loss) <= 1, "a millisecond passes before the first step"


def test_stopped_in_each_stage_and_run_again_it_ships_a_training_that_never_stopped_and_its_card(
    uninterrupted, small_data, tmp_path, monkeypatch
):
    arguments = parsed(tagger, "--out", str(tmp_path), "--checkpoint", str(tmp_path / "unfinished"))
    monkeypatch.setattr(tagger, "SHIPPED", STAGES)
    monkeypatch.setattr(classification.train, "AugmentedBatches", stopped(AugmentedBatches, 23, 7))
    for code, left in (
        (130, ["state.npz"]),
        (130, ["stage-1.weights.h5", "state.npz"]),
        (0, ["tagger.json", "tagger.npz"]),
    ):
        assert tagger.run(arguments) == code
        assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == left
    raw = shipped(tmp_path)
    for found, trained in zip(raw.get_weights(), uninterrupted[1].get_weights(), strict=True):
        assert np.array_equal(found, trained.astype("float16") if trained.ndim > 1 else trained)

    card = weights.card("tagger", tmp_path)
    recipe, measured, temperature = card["recipe"], card["measured"], card["config"]["temperature"]
    assert (recipe["command"], recipe["precision"]) == ("python -m tools weights tagger", "float32")
    assert (recipe["share"], recipe["stages"]) == (1.0, json.loads(json.dumps([asdict(stage) for stage in STAGES])))
    assert card["classes"] == list(CLASSES)
    assert "less 100 pictures" in card["data"]
    assert card["versions"].keys() == {"python", "tensorflow", "keras"}
    predicted = shipped(tmp_path, temperature=temperature).predict(DATA.test.pictures, verbose=0).argmax(axis=1)
    assert measured["test_accuracy"] == pytest.approx(accuracy_score(DATA.test.labels, predicted), abs=1e-5)
    assert measured["test_pictures"] == 300
    assert 0 <= measured["calibration_error"] < measured["calibration_error_before_scaling"]

    # No other temperature on a fine grid makes the labels of the pictures kept aside more probable.
    logits = raw.predict(DATA.train.pictures[-ASIDE:], verbose=0)
    grid = np.append(np.geomspace(0.05, 20, 200), temperature)
    losses = [log_loss(DATA.train.labels[-ASIDE:], softmax(logits / each, axis=1), labels=range(10)) for each in grid]
    assert losses[-1] <= min(losses) + 1e-6


def test_by_default_it_resumes_and_writes_where_shipped_weights_belong_and_afresh_it_forgets(
    small_data, tmp_path, monkeypatch
):
    assert (parsed(tagger).share, parsed(tagger).out) == (1.0, weights.FOLDER)
    (tmp_path / "stage-1").mkdir()
    found = []

    def stop(*_, checkpoint, **__):
        found.append(checkpoint.exists())
        raise KeyboardInterrupt

    monkeypatch.setattr(classification.train, "train", stop)
    for words in ([], ["--fresh"]):
        with pytest.raises(KeyboardInterrupt):
            tagger.run(parsed(tagger, *words, "--checkpoint", str(tmp_path)))
    assert found == [True, False]
