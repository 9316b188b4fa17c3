"""What stands in for Colab: Python 3.13, its packages, a stub of its own one, and no vistext.

The set-up cell runs as it is, and installs from the repository that it names: git is told that this one is a copy
of this checkout. So what is tested is the cell, pip and git together, without any network but the package index.
"""

import subprocess
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from environments import NOTED, PINNED, Runtime, copy_checkout, make

from tools.notebooks.files import code_cells, home, lessons, read

COLAB, NEWEST = "Colab of 2026-08", "the newest of everything"
NAMES = ["tensorflow-cpu", "ipykernel", "ipywidgets", "matplotlib", "pillow", "scikit-learn", "scikit-image", "scipy"]
NAMES += ["pandas", "pooch", "pycocotools", "requests", "rich", "tqdm"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `make test-all` asks for: it is to fail for what changes here, not for what is released elsewhere."""
    parser.addoption(
        "--noted",
        action="store_true",
        help=f"for the newest of everything, take what {NOTED.name} notes, and no lesson: the matrix has some",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --noted, lessons are left to the matrix, one of whose environments has what is noted."""
    if not config.getoption("--noted", default=False):
        return
    left_out = [
        item
        for item in items
        if NEWEST in (given := item.callspec.params if hasattr(item, "callspec") else {}).values() and "path" in given
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def published(folder: Path) -> Path:
    """A repository that holds this checkout as it is now, committed on the branch that the set-up cell names."""
    copy_checkout(folder, "vistext", "pyproject.toml", "README.md", "LICENSE*")
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost", "-C", str(folder)]
    for words in (["init", "-q", "-b", home().branch], ["add", "."], ["commit", "-q", "-m", "as it is now"]):
        subprocess.run([*git, *words], check=True)
    return folder


@pytest.fixture(scope="session", params=[COLAB, NEWEST])
def runtime(request, tmp_path_factory) -> Runtime:
    """An environment without vistext."""
    folder = tmp_path_factory.mktemp("colab")
    noted = NOTED if request.config.getoption("--noted", default=False) else None
    pinned = PINNED if request.param == COLAB else noted
    wanted = ("--requirement", str(pinned)) if pinned else ("--upgrade", *NAMES)
    made = make(folder, "3.13", (*wanted, "pip"), folder)
    site = next((folder / "venv" / "lib").glob("python3.13/site-packages"))
    (site / "google" / "colab").mkdir(parents=True)
    (site / "google" / "colab" / "__init__.py").touch()
    (folder / "published").mkdir()
    git = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{published(folder / 'published')}.insteadOf",
        "GIT_CONFIG_VALUE_0": home().repository,
    }
    return made._replace(environment=made.environment | git)


class SetUp(NamedTuple):
    """The versions of all packages before and after the set-up cell, and what it said."""

    before: dict[str, str]
    after: dict[str, str]
    said: str


@pytest.fixture(scope="session")
def set_up(runtime) -> SetUp:
    """The set-up cell, run in a runtime as it is when it starts."""
    before = runtime.packages()
    assert "vistext" not in before
    cell = code_cells(read(lessons()[0]))[0]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.source)])
    runtime.run(notebook)
    said = "".join(output.get("text", "") for output in notebook.cells[0].outputs)
    return SetUp(before, runtime.packages(), said)
