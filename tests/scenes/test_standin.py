"""The stand-in has the shape of CIFAR-10, is the same everywhere, and is neither trivial nor hopeless."""

import ast
import hashlib

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from tools.notebooks.files import ROOT, code_cells, read
from vistext.data import cifar10, download
from vistext.data.cifar10 import CLASSES, Cifar10, DamagedDataError, Split
from vistext.scenes import standin

FIGURES = {f"plots.{kind}" for kind in ("grid", "bars", "curves", "confusion", "reliability")}
# Of 60 pictures; from Python 3.10 with NumPy 1.26 and from 3.13 with 2.5, with and without AVX.
SHA256 = "44168d4298617e68"


@pytest.fixture
def small(monkeypatch, tmp_path):
    """A stand-in of a few pictures, in a cache of its own."""
    monkeypatch.setenv("VISTEXT_CACHE", str(tmp_path))
    assert standin.COUNTS == {"train": 50_000, "test": 10_000}  # CIFAR-10's
    monkeypatch.setattr(standin, "COUNTS", {"train": 40, "test": 20})
    return standin.load()


@pytest.fixture(scope="module")
def drawn():
    return standin.make(800, 11)


def test_it_has_the_arrays_of_cifar_10(small):
    assert isinstance(small, Cifar10)
    for split, count in ((small.train, 40), (small.test, 20)):
        assert (split.pictures.shape, split.pictures.dtype) == ((count, 32, 32, 3), np.uint8)
        assert (split.labels.shape, split.labels.dtype) == ((count,), np.int64)
        assert not split.pictures.flags.writeable
        assert not split.labels.flags.writeable


def test_it_is_made_once_and_then_opened_or_made_again_where_it_is_damaged(small, monkeypatch, tmp_path):
    pictures, labels = np.array(small.train.pictures), np.array(small.test.labels)
    with monkeypatch.context() as once:
        once.setattr(standin, "make", lambda *_: pytest.fail("made again"))
        assert np.array_equal(standin.load().train.pictures, pictures)
        assert np.array_equal(standin.load().test.labels, labels)
    (cached,) = tmp_path.glob("standin/v*/train_pictures.npy")
    cached.write_bytes(cached.read_bytes()[:-100])

    assert np.array_equal(standin.load().train.pictures, pictures)


def test_no_test_picture_is_a_training_picture_and_the_note_names_the_stand_in(small):
    train, test = ({picture.tobytes() for picture in split.pictures} for split in (small.train, small.test))

    assert len(train) == 40
    assert train.isdisjoint(test)
    assert small.stand_in
    assert "stand-in" in small.note
    assert not Cifar10(small.train, small.test).stand_in


def test_where_cifar_10_is_to_be_had_it_is_taken(small, monkeypatch, capsys):
    photographs = Cifar10(Split(small.train.pictures, small.train.labels), small.test)
    monkeypatch.setattr(cifar10, "load", lambda **_: photographs)

    assert standin.cifar10_or_stand_in() is photographs
    assert capsys.readouterr() == ("", "")


def test_where_it_is_not_the_stand_in_comes_with_a_banner_that_says_how_to_get_it(small, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("VISTEXT_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("VISTEXT_OFFLINE", "1")
    monkeypatch.setattr(download, "checkout", lambda: None)
    data = standin.cifar10_or_stand_in()
    said = capsys.readouterr().err

    assert data.stand_in
    assert np.array_equal(data.test.pictures, small.test.pictures)
    assert "CIFAR-10 is not on this machine" in said
    assert "Three ways to get it" in said
    assert said.endswith(f"Until then: {standin.NOTE}.\n")


def test_a_damaged_copy_is_said_to_be_one_and_not_replaced(monkeypatch):
    def damaged(**_):
        raise DamagedDataError("cut short")

    monkeypatch.setattr(cifar10, "load", damaged)
    with pytest.raises(DamagedDataError, match="cut short"):
        standin.cifar10_or_stand_in()


def test_every_figure_of_lesson_01_that_rests_on_the_data_hands_on_what_it_has_to_say():
    rests_on_it = {"train", "test", "histories", "matrix", "probabilities", "learned"}
    noted = []
    for cell in code_cells(read(ROOT / "notebooks" / "01_tagging.ipynb"))[1:]:  # the first sets up, with magic
        tree = ast.parse(cell.source)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if ast.unparse(call.func) in FIGURES:
                notes = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "note"]
                if names & rests_on_it:
                    assert notes, cell.source
                noted += notes

    assert len(noted) == 7
    assert all("data.note" in note for note in noted)


def test_it_is_the_same_on_every_machine():
    pictures, _ = standin.make(60, 3)

    assert hashlib.sha256(pictures.tobytes()).hexdigest()[:16] == SHA256


def test_each_ten_in_a_row_show_all_ten_classes_in_varying_order(drawn):
    _, labels = drawn
    rows = labels.reshape(-1, len(CLASSES))

    assert (np.sort(rows) == np.arange(len(CLASSES))).all()
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_more_pictures_begin_with_the_same_ones_and_negative_numbers_are_refused():
    assert np.array_equal(standin.make(25, 2)[0][:12], standin.make(12, 2)[0])
    assert standin.make(0, 0)[0].shape == (0, 32, 32, 3)
    for wrong in ((-1, 0), (1, -1)):
        with pytest.raises(ValueError, match="is at least 0; given was -1"):
            standin.make(*wrong)


def test_pictures_differ_in_brightness_and_contrast(drawn):
    means = drawn[0].mean(axis=(1, 2, 3))
    contrasts = drawn[0].std(axis=(1, 2, 3))

    assert means.std() > 15
    assert contrasts.std() > 5


def test_a_linear_model_learns_something_but_far_from_all(drawn):
    features, labels = drawn[0].reshape(len(drawn[0]), -1) / 255, drawn[1]
    model = RidgeClassifier(alpha=300).fit(features[:600], labels[:600])
    accuracy = model.score(features[600:], labels[600:])

    # By chance 0.10, give or take 0.02.
    assert 0.17 < accuracy < 0.6
