"""What stands in for Colab: Python 3.13, its packages, a stub of its own one, and no vistext.

The set-up cell runs as it is, and installs from the repository that it names: git is told that this one is a copy
of this checkout. So what is tested is the cell, pip and git together, without any network but the package index.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

from vistext.data import sources
from vistext.notebooks import ROOT, code_cells, home, lessons, read

COLAB, NEWEST = "Colab of 2026-08", "the newest of everything"
PINNED, NOTED = (Path(__file__).parent / name for name in ("colab-2026-08.txt", "newest-2026-11.txt"))
NAMES = ["tensorflow-cpu", "ipykernel", "ipywidgets", "matplotlib", "pillow", "scikit-learn", "scikit-image", "scipy"]
NAMES += ["pandas", "pooch", "pycocotools", "requests", "rich", "tqdm"]
FREEZE = (
    "import importlib.metadata as m; print(__import__('json').dumps({d.name: d.version for d in m.distributions()}))"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `make test-all` asks for: it is to fail for what changes here, not for what is released elsewhere."""
    parser.addoption(
        "--noted",
        action="store_true",
        help=f"for the newest of everything, take what {NOTED.name} notes, and of the lessons the first",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --noted, what is noted runs the first lesson, in which every network of the course speaks."""
    if not config.getoption("--noted", default=False):
        return
    left_out = [
        item
        for item in items
        if NEWEST in (given := item.callspec.params if hasattr(item, "callspec") else {}).values()
        and given.get("path", lessons()[0]) != lessons()[0]
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


class Runtime(NamedTuple):
    """A virtual environment that stands in for Colab, and what its kernels inherit."""

    python: Path
    folder: Path
    environment: dict[str, str]

    def packages(self) -> dict[str, str]:
        """The version of every package."""
        # Isolated (-I): in this folder lies what pip notes of this checkout, which is not that environment's.
        done = subprocess.run([self.python, "-I", "-c", FREEZE], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def run(self, notebook: nbformat.NotebookNode) -> None:
        """Run a notebook in a fresh kernel, in place."""
        specs = self.folder / "kernels"
        (specs / "colab").mkdir(parents=True, exist_ok=True)
        command = [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": command, "display_name": "Colab", "language": "python"}
        (specs / "colab" / "kernel.json").write_text(json.dumps(spec))
        (self.folder / "content").mkdir(exist_ok=True)
        # Asynchronous: else nbclient waits for ever for a word from a kernel that has died.
        manager = AsyncKernelManager(
            kernel_name="colab",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(specs)], ensure_native_kernel=False),
        )
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=900,
            resources={"metadata": {"path": str(self.folder / "content")}},
            coalesce_streams=True,
        )
        try:
            client.execute(env=self.environment)
        finally:
            run_sync(manager.shutdown_kernel)(now=True)


def python_3_13() -> str:
    """Colab's Python."""
    if sys.version_info[:2] == (3, 13):
        return sys.executable
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob("3.13.*/bin/python3.13"))
    found = shutil.which("python3.13", path=os.pathsep.join([os.defpath, "/usr/local/bin"])) or (
        pyenv and str(pyenv[-1])
    )
    if not found:
        pytest.skip("Colab has Python 3.13, and there is none here: install python3.13 with its venv")
    return found


def published(folder: Path) -> Path:
    """A repository that holds this checkout as it is now, committed on the branch that the set-up cell names."""
    listed = subprocess.run(
        [
            "git",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "vistext",
            "pyproject.toml",
            "README.md",
            "LICENSE*",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost", "-C", str(folder)]
    for words in (["init", "-q", "-b", home().branch], ["add", "."], ["commit", "-q", "-m", "as it is now"]):
        subprocess.run([*git, *words], check=True)
    return folder


@pytest.fixture(scope="session", params=[COLAB, NEWEST])
def runtime(request, tmp_path_factory) -> Runtime:
    """An environment without vistext."""
    python, folder = python_3_13(), tmp_path_factory.mktemp("colab")
    subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
    inside = folder / "venv" / "bin" / "python"
    noted = NOTED if request.config.getoption("--noted", default=False) else None
    pinned = PINNED if request.param == COLAB else noted
    wanted = ["-r", str(pinned)] if pinned else ["--upgrade", *NAMES]
    # Compiling all that is installed would take half of the time, and lessons import a small part of it, which the
    # first kernel compiles for all: PYTHONDONTWRITEBYTECODE, which some machines set, does not reach it.
    install = [inside, "-m", "pip", "install", "--quiet", "--prefer-binary", "--no-compile"]
    if subprocess.run([*install, "packaging"], capture_output=True, check=False).returncode:
        pytest.skip("the package index cannot be reached")
    done = subprocess.run([*install, *wanted], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    site = next((folder / "venv" / "lib").glob("python3.13/site-packages"))
    (site / "google" / "colab").mkdir(parents=True)
    (site / "google" / "colab" / "__init__.py").touch()
    (folder / "published").mkdir()
    # Data is where other tests have it: what is tested is the packages, and making the stand-in takes half a minute.
    data = (sources.VARIABLE, sources.CACHE_VARIABLE)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in data or not name.startswith(("VISTEXT", "PYTHON", "JUPYTER"))
    }
    environment = kept | {
        "PATH": os.pathsep.join([str(inside.parent), os.environ["PATH"]]),
        "IPYTHONDIR": str(folder / "ipython"),
        "VISTEXT_OFFLINE": "1",
        "VISTEXT_PROFILE": "smoke",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{published(folder / 'published')}.insteadOf",
        "GIT_CONFIG_VALUE_0": home().repository,
    }
    return Runtime(inside, folder, environment)


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
