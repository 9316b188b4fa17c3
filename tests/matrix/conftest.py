"""The environments of the matrix, and what is said in each; in a test session each of them is made once."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from environments import (
    DEV,
    ENVIRONMENTS,
    Environment,
    Runtime,
    copy_checkout,
    interpreter,
    make,
    parameter,
    settings_for,
)
from filelock import FileLock
from xdist.scheduler import LoadScopeScheduling

from tools.notebooks.files import ROOT

PROBE = Path(__file__).with_name("probe.py")


class ByEnvironment(LoadScopeScheduling):
    """The tests of an environment are one worker's, which makes it once; others go by their modules."""

    def _split_scope(self, nodeid: str) -> str:
        module, _, parameters = nodeid.partition("[")
        names = [each.name for each in ENVIRONMENTS if f"{parameters}-".replace("]", "").startswith(f"{each.name}-")]
        return names[0] if names and "tests/matrix" in module else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log) -> LoadScopeScheduling:
    """In place of groups, which xdist gives names that the newest pytest no longer reads."""
    return ByEnvironment(config, log)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test in each environment, unless it says in which; each lesson in one."""
    if "lesson" in metafunc.fixturenames:
        params = [parameter(each, number) for each in ENVIRONMENTS for number in each.lessons]
        metafunc.parametrize(("environment", "lesson"), params, indirect=["environment"], scope="session")
    elif "environment" in metafunc.fixturenames and not metafunc.definition.get_closest_marker("parametrize"):
        metafunc.parametrize("environment", list(map(parameter, ENVIRONMENTS)), indirect=True, scope="session")


@pytest.fixture(scope="session")
def environment(request) -> Environment:
    """One of the matrix."""
    return request.param


@pytest.fixture(scope="session")
def own(environment) -> bool:
    """Whether it is the environment that runs the tests."""
    return environment.packages == DEV and interpreter(environment.python) == sys.executable


@pytest.fixture(scope="session")
def checkout(own, tmp_path_factory) -> Path:
    """A copy of this checkout: so that what an environment writes beside modules is its own."""
    if own:
        return ROOT
    return copy_checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def runtime(environment, own, checkout, tmp_path_factory) -> Runtime:
    """The environment, made."""
    folder = tmp_path_factory.mktemp(environment.name)
    return _this(folder) if own else make(folder, environment.python, environment.packages, checkout)


@pytest.fixture(scope="session")
def answers(runtime, own, reference, checkout) -> dict:
    """What `probe.py` finds in it."""
    return reference() if own else _probe(runtime, checkout)


@pytest.fixture(scope="session")
def reference(tmp_path_factory, worker_id) -> Callable[[], dict]:
    """What `probe.py` finds in the environment that runs the tests; the worker that asks first runs it for all."""
    shared = tmp_path_factory.getbasetemp()
    stored = (shared if worker_id == "master" else shared.parent) / "reference.json"

    def ask() -> dict:
        with FileLock(f"{stored}.lock"):
            if not stored.exists():
                found = _probe(_this(tmp_path_factory.mktemp("reference")), ROOT)
                stored.write_text(json.dumps(found), encoding="utf-8")
        return json.loads(stored.read_text(encoding="utf-8"))

    return ask


def _this(folder: Path) -> Runtime:
    python = Path(sys.executable)
    return Runtime(python, folder, settings_for(python, folder))


def _probe(runtime: Runtime, checkout: Path) -> dict:
    done = runtime.call(str(PROBE), str(runtime.folder / "out"), folder=checkout)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
