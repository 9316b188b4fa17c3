"""Environments for lessons and tests to run in, other than the one that runs the tests, all of them made by uv.

`ENVIRONMENTS` is what `make test-matrix` goes through: each end of the supported range, and what lies between.
"""

import json
import os
import re
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

from tools.notebooks.files import ROOT
from vistext.data import download

PINNED, NOTED = (ROOT / "tests" / "colab" / name for name in ("colab-2026-08.txt", "newest-2026-11.txt"))
FREEZE = (
    "import importlib.metadata as m; print(__import__('json').dumps({d.name: d.version for d in m.distributions()}))"
)
# What of pip's settings says where packages come from, and what uv calls it.
INDEX = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}


class Environment(NamedTuple):
    """One of the matrix.

    `packages` is what it is made from; `lessons` are the numbers of those that it runs, each of which runs once.
    """

    name: str
    python: str
    packages: tuple[str, ...]
    lessons: tuple[str, ...] = ()


DEV = ("--editable", ".[cpu,dev]")
# Keras is TensorFlow's to choose: this asks for the lowest that the lowest TensorFlow takes.
LOWEST = ("--resolution", "lowest-direct", *DEV, "keras>=3.5")
ENVIRONMENTS = (
    Environment("3.11", "3.11", DEV),  # where the tests run on it, that one: `make test` has run its lessons and tests
    Environment("3.10-lowest", "3.10", LOWEST, ("00", "06")),
    Environment("3.12", "3.12", DEV, ("01", "02", "03", "05")),
    Environment("3.13-newest", "3.13", ("--constraint", str(NOTED), *DEV), ("04", "07", "08")),
    # `make test-colab` runs every lesson in this one. On Colab there is the base install alone, beside what it has.
    Environment("3.13-colab", "3.13", ("--requirement", str(PINNED), "--editable", ".", "pytest", "hypothesis")),
)


def parameter(environment: Environment, *others: object):
    """A test's parameter, by whose name the test is given to the environment's worker."""
    return pytest.param(environment, *others, id="-".join([environment.name, *map(str, others)]))


class Runtime(NamedTuple):
    """A Python with its packages, and what its processes and kernels inherit; they may write into `folder`."""

    python: Path
    folder: Path
    environment: dict[str, str]

    def packages(self) -> dict[str, str]:
        """The version of every package."""
        # Isolated (-I): in this folder lies what pip notes of this checkout, which is not that environment's.
        done = subprocess.run([self.python, "-I", "-c", FREEZE], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def call(self, *words: str, folder: Path) -> subprocess.CompletedProcess:
        """Run Python in a folder, from which modules are imported first."""
        settings = self.environment | {"PYTHONPATH": str(folder)}
        return subprocess.run(
            [self.python, *words], cwd=folder, env=settings, capture_output=True, text=True, check=False
        )

    def run(self, notebook: nbformat.NotebookNode) -> None:
        """Run a notebook in a fresh kernel, in place."""
        specs = self.folder / "kernels"
        (specs / "other").mkdir(parents=True, exist_ok=True)
        command = [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": command, "display_name": "Another environment", "language": "python"}
        (specs / "other" / "kernel.json").write_text(json.dumps(spec))
        (self.folder / "content").mkdir(exist_ok=True)
        # Asynchronous: else nbclient waits for ever for a word from a kernel that has died.
        manager = AsyncKernelManager(
            kernel_name="other",
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


def interpreter(version: str) -> str:
    """A Python of this version, such as 3.13, on this machine; the test is skipped where there is none."""
    if "{}.{}".format(*sys.version_info) == version:
        return sys.executable
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python{version}"))
    found = shutil.which(f"python{version}", path=os.pathsep.join([os.defpath, "/usr/local/bin"])) or (
        pyenv and str(pyenv[-1])
    )
    if not found:
        pytest.skip(f"Python {version} is not on this machine: install python{version}")
    return found


def make(folder: Path, version: str, packages: tuple[str, ...], checkout: Path) -> Runtime:
    """An environment in an empty folder, with what `uv pip install` is to install, `.` being `checkout`.

    Skipped where it cannot be made.
    """
    pytest.importorskip("uv", reason='uv is not installed: pip install -e ".[dev]"')
    python = folder / "venv" / "bin" / "python"
    uv = [sys.executable, "-m", "uv", "--quiet"]
    settings = os.environ | _index()
    subprocess.run([*uv, "venv", "--python", interpreter(version), folder / "venv"], check=True, env=settings)
    install = [*uv, "pip", "install", "--python", str(python)]
    # Asked anew, whatever uv remembers: is there an index?
    probe = subprocess.run(
        [*install, "--dry-run", "--refresh-package", "pip", "pip"], env=settings, capture_output=True, check=False
    )
    if probe.returncode:
        pytest.skip("the package index cannot be reached")
    done = subprocess.run(
        [*install, *packages], env=settings, cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Runtime(python, folder, settings_for(python, folder))


def settings_for(python: Path, folder: Path) -> dict[str, str]:
    """What processes of another environment inherit: profile smoke, no GPU, and nothing that is set for this one."""
    # Data is where other tests have it: what is tested is the packages, and making the stand-in takes half a minute.
    data = (download.VARIABLE, download.CACHE_VARIABLE)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in data or not name.startswith(("VISTEXT", "PYTHON", "PYTEST", "JUPYTER"))
    }
    return kept | {
        "PATH": os.pathsep.join([str(python.parent), os.environ["PATH"]]),
        "IPYTHONDIR": str(folder / "ipython"),
        "CUDA_VISIBLE_DEVICES": "-1",
        "VISTEXT_OFFLINE": "1",
        "VISTEXT_PROFILE": "smoke",
    }


def _index() -> dict[str, str]:
    """Where pip's own settings say that packages come from, for uv, which does not read them."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    found = dict(re.findall(r"^\S*\.([\w-]+)='(.*)'$", listed.stdout, re.MULTILINE))
    return {INDEX[name]: value for name, value in found.items() if name in INDEX and INDEX[name] not in os.environ}


def copy_checkout(folder: Path, *parts: str) -> Path:
    """A copy of what git tracks, or would, of this checkout as it is now, in those folders and files of it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *parts],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder
