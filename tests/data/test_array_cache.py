"""Arrays come back as they were saved, or not at all."""

import json
import shutil

import numpy as np
import pytest

from vistext.data.array_cache import load, save

ARRAYS = {
    "pictures": np.random.default_rng(0).integers(0, 256, (500, 4, 4, 3), dtype=np.uint8),
    "labels": np.arange(500),
}


@pytest.fixture
def folder(tmp_path):
    save(tmp_path, ARRAYS)
    return tmp_path


def test_they_come_back_equal_memory_mapped_and_read_only(folder):
    arrays = load(folder)

    assert arrays.keys() == ARRAYS.keys()
    for name, array in arrays.items():
        assert isinstance(array, np.memmap)
        assert np.array_equal(array, ARRAYS[name])
        assert array.dtype == ARRAYS[name].dtype
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize("name", ["pictures.npy", "labels.npy", "manifest.json"])
def test_a_missing_a_cut_and_an_empty_file_are_noticed(folder, name):
    whole = (folder / name).read_bytes()

    for length in (len(whole) - 1, len(whole) // 2, 10, 0):
        (folder / name).write_bytes(whole[:length])
        assert load(folder) is None
    (folder / name).unlink()
    assert load(folder) is None


def zero_a_third(folder):
    """After a power cut, a file may have its full length and yet be zero in a stretch."""
    whole = (folder / "pictures.npy").read_bytes()
    third = len(whole) // 3
    (folder / "pictures.npy").write_bytes(whole[:third] + bytes(third) + whole[2 * third :])


def of_a_later_format(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": manifest["format"] + 1}))


def with_other_labels(folder):
    np.save(folder / "labels.npy", np.arange(500)[::-1])


@pytest.mark.parametrize("damage", [zero_a_third, of_a_later_format, with_other_labels, shutil.rmtree])
def test_other_damage_is_noticed(folder, damage):
    damage(folder)

    assert load(folder) is None
