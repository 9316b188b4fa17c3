"""The wheel: what is in it, and that the tour runs from it in an environment that has no checkout."""

import json
import os
import shutil
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import vistext

ROOT = Path(__file__).resolve().parents[1]
LARGEST = 30_000_000  # bytes
SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def uv(*words: object) -> None:
    command = [sys.executable, "-m", "uv", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of the checkout: setuptools leaves folders where it builds."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("vistext", "tools", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-PROSE"):
        shutil.copy(ROOT / name, folder)
    uv("build", "--wheel", "--out-dir", folder / "dist", folder)
    [wheel] = (folder / "dist").glob("*.whl")
    return wheel


def test_the_wheel_is_small_and_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    folders = {name.split("/")[0] for name in names}
    shipped = {path.relative_to(ROOT).as_posix() for path in (ROOT / "vistext").rglob("*") if path.is_file()}
    assert wheel.stat().st_size < LARGEST
    assert folders == {"vistext", f"vistext-{vistext.__version__}.dist-info"}
    assert {name for name in shipped if "__pycache__" not in name} == {n for n in names if n.startswith("vistext/")}
    assert "vistext/py.typed" in names


def test_the_tour_runs_from_the_wheel(wheel, tmp_path):
    uv("venv", "--python", sys.executable, tmp_path / "env")
    python = tmp_path / "env" / SCRIPTS / "python"
    uv("pip", "install", "--offline", "--no-deps", "--python", python, wheel)
    # What the package needs is the tests' own; as a line of a .pth file, that folder's own .pth files do not count.
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
    (Path(own) / "shared.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True}
    where = subprocess.run([python, "-c", "import vistext; print(vistext.__file__)"], check=True, **run).stdout
    tour = subprocess.run([python.with_name("vistext"), "tour", "--json"], check=False, **run)
    assert Path(where.strip()).is_relative_to(own)
    assert subprocess.run([python, "-c", "import tools"], check=False, **run).returncode == 1
    assert tour.returncode == 0, tour.stderr
    facts = json.loads(tour.stdout)
    assert facts["tags"][0] == "cat"
    assert facts["versions"]["vistext"] == vistext.__version__
    assert (tmp_path / "out" / "tour.html").is_file()
