"""Arrays kept on disk: written once, opened in no time, read by the system as they are used.

Each array is a .npy file. A manifest beside them, written last, says what they must be; what differs is not opened.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np

FORMAT = 1
MANIFEST = "manifest.json"


def save(folder: Path, arrays: dict[str, np.ndarray], about: str = "") -> None:
    """Write arrays into an existing, empty folder.

    Args:
        folder: where to; see `sources.whole_or_nothing`, which makes it appear only when it is whole.
        arrays: C-contiguous, by name.
        about: one line that comes back with them.

    Raises:
        OSError: the disk is full.
    """
    described = {}
    for name, array in arrays.items():
        with open(folder / f"{name}.npy", "wb") as file:
            # np.save would hide the reason when the disk is full.
            np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
            file.write(memoryview(array).cast("B"))
            _to_disk(file)
            described[name] = _description(array, file.tell())
    with open(folder / MANIFEST, "w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, "about": about, "arrays": described}, file, indent=1)
        _to_disk(file)


def load(folder: Path) -> tuple[dict[str, np.ndarray], str] | None:
    """Open what `keep` wrote, without reading it.

    Sizes, shapes, types and a sample of 64 rows of each array are checked: enough to catch a file that was cut or never
    quite reached the disk, in milliseconds.

    Returns:
        The arrays by name, memory-mapped and read-only, and the line about them; None if any of it is missing or wrong.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            return None
        arrays = {}
        for name, described in manifest["arrays"].items():
            path = folder / f"{name}.npy"
            arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
            if _description(arrays[name], path.stat().st_size) != described:
                return None
        return arrays, manifest["about"]
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _description(array: np.ndarray, size: int) -> dict:
    sample = np.ascontiguousarray(array[:: max(1, len(array) // 64)])
    digest = hashlib.sha256(sample.tobytes() + array[-1:].tobytes()).hexdigest()
    return {"shape": list(array.shape), "dtype": array.dtype.str, "bytes": size, "sample": digest}


def _to_disk(file: object) -> None:
    """Wait until it is there: a computer that stops now must not leave a manifest for files that it has not written."""
    file.flush()
    os.fsync(file.fileno())
