"""The backbone knows what photographs show, and a file of PyTorch is read without running what is in it."""

import io
import pickle
import sys
import types

import numpy as np
import pytest

from vistext.data import images
from vistext.nn import backbone


@pytest.mark.parametrize(
    ("name", "classes"),
    [("chelsea", {281, 282, 285}), ("rocket", {657, 744}), ("coffee", {967})],  # cats; missile, projectile; espresso
)
def test_its_classes_of_photographs_are_those_that_they_show(name, classes):
    picture = images.center_crop(images.photograph(name), backbone.SIDE)
    grid = backbone.load()(picture[np.newaxis])
    pooled, logits = backbone.load_head()(grid)
    assert grid.shape == (1, 7, 7, backbone.CHANNELS)
    assert pooled.shape == (1, backbone.POOLED)
    assert classes <= set(np.argsort(-np.asarray(logits)[0])[:3].tolist())


def test_it_is_as_large_as_published_and_takes_other_sizes():
    assert backbone.load().count_params() + backbone.load_head().count_params() == 4_631_000  # norms are folded in
    assert backbone.load()(np.zeros((2, 96, 128, 3), np.uint8)).shape == (2, 3, 4, backbone.CHANNELS)
    assert not backbone.load().trainable_weights


def test_features_of_a_data_set_are_computed_once_and_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("VISTEXT_CACHE", str(tmp_path))
    monkeypatch.setattr(backbone, "PART", 2)
    asked = []

    def picture(number):
        asked.append(number)
        if number == 3 and len(asked) < 5:
            raise KeyboardInterrupt
        return np.full((40, 60, 3), 50 * number, np.uint8)

    with pytest.raises(KeyboardInterrupt):
        backbone.encode_cached("five", 5, picture, bar=False)
    features = backbone.encode_cached("five", 5, picture, bar=False)
    assert asked == [0, 1, 2, 3, 2, 3, 4]
    assert features.shape == (5, 7, 7, backbone.CHANNELS)
    assert features.dtype == np.float16
    assert isinstance(features, np.memmap)
    assert np.array_equal(backbone.encode_cached("five", 5, picture, bar=False), features)
    assert len(asked) == 7
    assert [path.name for path in (tmp_path / "features").iterdir() if not path.name.startswith(".")] == ["five"]
    assert np.array_equal(features[4], backbone.encode([picture(4)])[0])


def test_the_head_is_applied_to_each_cell():
    grids = backbone.encode([images.cat()])
    pooled, _ = backbone.load_head()(grids.astype("float32"))
    assert np.allclose(backbone.expand(grids).mean(axis=1), pooled, atol=1e-4)


def test_without_its_package_it_says_what_to_install(monkeypatch):
    backbone._read.cache_clear()
    monkeypatch.setattr(backbone, "PACKAGE", "not_installed_at_all")
    with pytest.raises(ModuleNotFoundError, match=r"vistext\[photographs\]"):
        backbone._read()


class FloatStorage:
    pass


def _rebuild_tensor_v2(*_):
    pass


@pytest.fixture
def torch(monkeypatch):
    """A stand-in for PyTorch, as far as names in pickles go."""
    module, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    module.FloatStorage, utils._rebuild_tensor_v2 = FloatStorage, _rebuild_tensor_v2
    monkeypatch.setattr(FloatStorage, "__module__", "torch")
    monkeypatch.setattr(_rebuild_tensor_v2, "__module__", "torch._utils")
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


class Tensor:
    """As PyTorch pickles a tensor: a view of a storage."""

    def __init__(self, key, count, offset, shape, strides):
        self.key, self.count, self.where = key, count, (offset, shape, strides, False, {})

    def __reduce__(self):
        return _rebuild_tensor_v2, (self, *self.where)


class Pickler(pickle.Pickler):
    def __init__(self, *more):
        super().__init__(*more)
        self.begun = set()

    def persistent_id(self, obj):
        if isinstance(obj, Tensor):
            if id(obj) in self.begun:  # the storage, among what the tensor is rebuilt from
                return "storage", FloatStorage, obj.key, "cpu", obj.count, None
            self.begun.add(id(obj))
        return None


def saved(tensors, storages):
    file = io.BytesIO()
    for value in (backbone.MAGIC, 1001, {}):
        pickle.dump(value, file, 2)
    Pickler(file, 2).dump(tensors)
    pickle.dump(list(storages), file, 2)
    for storage in storages.values():
        file.write(np.array([storage.size], "<i8").tobytes() + storage.tobytes())
    return file.getvalue()


NUMBERS = np.arange(6, dtype="<f4")


def test_tensors_are_read_as_views_of_their_storages(torch):
    views = {"rows": Tensor("7", 6, 0, (2, 3), (3, 1)), "columns": Tensor("7", 6, 0, (3, 2), (1, 3))}
    views |= {"end": Tensor("7", 6, 4, (2,), (1,)), "one": Tensor("7", 6, 5, (), ())}
    found = backbone.read_torch(io.BytesIO(saved(views, {"7": NUMBERS})))
    table = NUMBERS.reshape(2, 3)
    assert np.array_equal(found["rows"], table)
    assert np.array_equal(found["columns"], table.T)
    assert np.array_equal(found["end"], [4, 5])
    assert found["one"] == 5


def test_what_is_damaged_or_reaches_out_is_refused(torch):
    whole = saved({"a": Tensor("7", 6, 0, (6,), (1,))}, {"7": NUMBERS})
    for length in range(0, len(whole), 7):
        with pytest.raises(ValueError, match="cannot be read"):
            backbone.read_torch(io.BytesIO(whole[:length]))
    for view in ((4, (3,), (1,)), (0, (2, 3), (4, 1)), (0, (6,), (-1,)), (-1, (2,), (1,))):
        with pytest.raises(ValueError, match="reaches out"):
            backbone.read_torch(io.BytesIO(saved({"a": Tensor("7", 6, *view)}, {"7": NUMBERS})))


def test_no_code_in_a_file_runs(tmp_path):
    class Evil:
        def __reduce__(self):
            return (tmp_path / "made").touch, ()

    file = pickle.dumps(backbone.MAGIC) + pickle.dumps(1001) + pickle.dumps({}) + pickle.dumps({"a": Evil()})
    with pytest.raises(ValueError, match="refused"):
        backbone.read_torch(io.BytesIO(file))
    assert not (tmp_path / "made").exists()
