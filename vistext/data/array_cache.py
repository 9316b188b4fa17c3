"""Arrays on disk, written once and memory-mapped from then on.

Each is a .npy file. A manifest beside them, written last, says what they must be; what differs is not opened.
"""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

from vistext.data import download

FORMAT = 1
MANIFEST = "manifest.json"


def save(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write C-contiguous arrays, by name, into an existing, empty folder."""
    described = {}
    for name, array in arrays.items():
        with open(folder / f"{name}.npy", "wb") as file:
            # np.save would hide the reason when the disk is full.
            np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
            file.write(array.data.cast("B"))
            _to_disk(file)
            described[name] = _description(array, file.tell())
    with open(folder / MANIFEST, "w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, "arrays": described}, file, indent=1)
        _to_disk(file)


def load(folder: Path) -> dict[str, np.ndarray] | None:
    """The arrays that `save` wrote, by name, memory-mapped and read-only; None if any is missing or wrong.

    Sizes, shapes, types and a sample of 64 rows of each array are checked, in milliseconds: enough to notice a file
    that was cut, or that never quite reached the disk.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in manifest["arrays"]}
        found = {name: _description(array, os.path.getsize(array.filename)) for name, array in arrays.items()}
        return arrays if manifest["format"] == FORMAT and manifest["arrays"] == found else None
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
        return None


def load_or_make(folder: Path, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays in a folder, which one process makes and saves first, while others wait, if they are not all there.

    Raises:
        OSError: the disk is full, may not be written to, or does not give back what was written.
    """
    if arrays := load(folder):
        return arrays
    with download.writing(folder.parent), download.lock(folder):
        if not load(folder):  # another process may have made them meanwhile
            made = make()
            with download.whole_or_nothing(folder) as making:
                making.mkdir()
                save(making, made)
        if arrays := load(folder):
            return arrays
    message = f"{folder} was written, but does not come back whole: set {download.CACHE_VARIABLE} to another disk"
    raise OSError(message)


def _description(array: np.ndarray, size: int) -> dict:
    sample = np.ascontiguousarray(array[:: max(1, len(array) // 64)])
    digest = hashlib.sha256(sample.tobytes() + array[-1:].tobytes()).hexdigest()
    return {"shape": list(array.shape), "dtype": array.dtype.str, "bytes": size, "sample": digest}


def _to_disk(file: IO) -> None:
    # A computer that stops now must not leave a manifest for files that it has not written.
    file.flush()
    os.fsync(file.fileno())
