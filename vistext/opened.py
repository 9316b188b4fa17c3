"""Which of the files that ship with the package a process has opened: what its outputs show.

Each lesson stores their checksums with its outputs, and a test fails once one of them is no longer what ships.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).parent
_opened: set[str] = set()


def note(path: Path) -> None:
    """Remember that a file was opened, if it is one of the package's."""
    if path.is_relative_to(PACKAGE):
        _opened.add(path.relative_to(PACKAGE).as_posix())


def checksums(names: Iterable[str] | None = None) -> dict[str, str]:
    """The SHA-256 of files by their names in the package, such as "studies/tags.json"; "" for what is not there.

    Without names, of all that this process has opened. The card of weights stands for them: it holds their checksum.
    """
    files = {name: PACKAGE / name for name in sorted(_opened if names is None else names)}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "" for name, path in files.items()
    }
