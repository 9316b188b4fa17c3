"""Lessons whose data is not on this machine are passed over, by name and with the remedy; tests never download."""

from pathlib import Path

import pytest

REMEDY = "`vistext data` fetches it, or VISTEXT_DATA names the folder that holds it"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip each cell of a lesson that loads CIFAR-10, where there is none."""
    cells = [item for item in items if item.path.suffix == ".ipynb" and _loads_cifar10(item.path)]
    if cells and _cifar10_is_missing():
        for cell in cells:
            cell.add_marker(
                pytest.mark.skip(reason=f"lesson {cell.path.stem} needs CIFAR-10, which is not here: {REMEDY}")
            )


def _loads_cifar10(lesson: Path) -> bool:
    return "cifar10.load(" in lesson.read_text(encoding="utf-8")


def _cifar10_is_missing() -> bool:
    from vistext.data import cifar10

    return cifar10.find() is None
