"""A course with one small problem set, and what grades a submission of it."""

import json

import pytest
import standins
from submissions import CLASS, LIMITS, as_bytes, make_course, make_release

from vistext.grading import cli, sandbox
from vistext.grading.grade import grade
from vistext.grading.limits import Job

SEED = 987_654_321


def pytest_collection_modifyitems(items):
    """Tests that ask for a sandbox are skipped, with the reason, where there can be none."""
    reason = sandbox.refusal()
    for item in items:
        if reason and item.get_closest_marker("sandbox") is not None:
            item.add_marker(pytest.mark.skip(reason=str(reason)))


@pytest.fixture(scope="session")
def release():
    return json.loads(json.dumps(make_release()))


@pytest.fixture(scope="session")
def job(release):
    return Job("ps90", release, SEED, LIMITS, exercises="standins")


@pytest.fixture
def graded(job):
    """Grade a submission in the sandbox."""
    return lambda notebook: grade(notebook if isinstance(notebook, bytes) else as_bytes(notebook), job)


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


@pytest.fixture
def handed_in(tmp_path):
    for student, notebook in CLASS.items():
        folder = tmp_path / "handed in" / student
        folder.mkdir(parents=True)
        (folder / "ps90_standin.ipynb").write_bytes(as_bytes(notebook))
    return tmp_path / "handed in"


@pytest.fixture
def stand_in_sets(monkeypatch):
    """`vistext grade` with the stand-in set in place of the real ones."""
    monkeypatch.setattr(cli, "exercises", standins)
    monkeypatch.setattr(cli, "Job", lambda *given, **more: Job(*given, **more, exercises="standins"))
