"""The course in each environment of the matrix: what it says there, and that its networks and lessons run."""

import json
import math
import re
import sys
from collections.abc import Iterator
from itertools import chain

import pytest
from environments import ENVIRONMENTS, LOWEST, parameter
from packaging.requirements import Requirement
from packaging.version import Version

from tools.notebooks.files import ROOT, code_cells, lessons, read

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOLERANCE = 1e-3  # of scores, probabilities and shares of pixels; 2e-6 was the largest difference of 2026-11
OF_THE_MACHINE = ("versions", "seconds", "page")
# Not on Colab: what only those need who write lessons, teach with them or grade.
EXTRAS = ("nbformat", "nbconvert", "nbgrader", "jupyterlab", "distributed", "playwright")
[LOWEST_ONE] = [each for each in ENVIRONMENTS if each.packages == LOWEST]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# How networks are built, decode and train; their longer trainings have files of their own.
TESTS = tuple(
    f"tests/{path}.py"
    for path in (
        *(f"nn/test_{part}" for part in ("attention", "augmentation", "decoding", "optimizers", "training", "unet")),
        *(f"tasks/test_{task}_model" for task in ("captioning", "classification", "detection", "fusion", "gan")),
        *("tasks/test_srl_model", "tasks/test_srl_visible_area", "tasks/test_vqa_model", "tasks/test_language_model"),
        *("tasks/test_masked_lm", "tasks/test_ngrams"),
    )
)
# Half of their time: what is shipped, stored and loaded, which the tours show; and what is slow to learn or to draw.
LEFT_OUT = (
    *("loaded", "card", "shipped", "vocabulary", "all_fusions", "another_size", "margins", "gap_is_filled"),
    *("through_z", "applied_once", "have_the_probability", "at_least_as_probable"),
)


@pytest.mark.parametrize("words", LEFT_OUT)
def test_what_is_left_out_is_there(words):
    assert any(re.search(rf"def test_\w*{words}", (ROOT / path).read_text(encoding="utf-8")) for path in TESTS)


def leaves(facts: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every word and figure, in order, each with the way to it."""
    if isinstance(facts, dict | list):
        for key, value in facts.items() if isinstance(facts, dict) else enumerate(facts):
            yield from leaves(value, f"{path}/{key}")
    else:
        yield path, facts


def differences(facts: dict, others: dict) -> list[str]:
    """Where two tours say different objects, in words or in figures."""
    mine, theirs = (
        list(leaves({key: value for key, value in tour.items() if key not in OF_THE_MACHINE}))
        for tour in (facts, others)
    )
    if [path for path, _ in mine] != [path for path, _ in theirs]:
        return [f"{[path for path, _ in mine]} in place of {[path for path, _ in theirs]}"]
    return [
        f"{path}: {one} in place of {other}"
        for (path, one), (_, other) in zip(mine, theirs, strict=True)
        if not _same(one, other)
    ]


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, abs_tol=TOLERANCE)
    return one == other


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"tags": {"cat": 0.9, "dog": 0.1}, "seconds": 3}, []),
        ({"tags": {"cat": 0.9009, "dog": 0.1}}, []),
        ({"tags": {"cat": 0.9011, "dog": 0.1}}, ["/tags/cat: 0.9011 in place of 0.9"]),
        ({"tags": {"dog": 0.1, "cat": 0.9}}, ["['/tags/dog', '/tags/cat'] in place of ['/tags/cat', '/tags/dog']"]),
        ({"tags": {"cat": "sure", "dog": 0.1}}, ["/tags/cat: sure in place of 0.9"]),
    ],
)
def test_what_two_tours_say_differently_is_named(told, named):
    assert differences(told, {"tags": {"cat": 0.9, "dog": 0.1}, "seconds": 5}) == named


def test_the_networks_decoding_and_training_are_as_tested_here(environment, own, runtime, checkout):
    if own:
        pytest.skip("`make unit` runs them in this environment")
    done = runtime.call(
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-k",
        f"not ({' or '.join(LEFT_OUT)})",
        *TESTS,
        folder=checkout,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


def test_every_module_can_be_imported(environment, answers):
    absent = EXTRAS if environment.name == "3.13-colab" else ()
    assert {module: why for module, why in answers["failed"].items() if why not in absent} == {}


def test_the_tours_say_the_same_as_everywhere(environment, own, answers, reference):
    if own:
        pytest.skip("this is the environment with which the others are compared")
    expected = reference()
    assert {name: differences(tour, expected["tours"][name]) for name, tour in answers["tours"].items()} == {
        name: [] for name in expected["tours"]
    }


def test_the_doctor_says_that_it_is_ready(environment, runtime, checkout):
    done = runtime.call("-m", "vistext", "doctor", "--json", folder=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)


@pytest.mark.parametrize("environment", [parameter(LOWEST_ONE)], indirect=True, scope="session")
def test_the_lowest_packages_are_those_that_are_promised(environment, runtime):
    installed = {name.lower().replace("_", "-"): Version(version) for name, version in runtime.packages().items()}
    lines = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]
    needs = [need for need in map(Requirement, lines) if not need.marker or need.marker.evaluate()]
    lowest = {
        need.name: Version(bound.version)
        for need in needs
        for bound in need.specifier
        if bound.operator == ">=" and need.name in installed
    }
    assert {"tensorflow-cpu", "numpy", "jupyterlab", "nbgrader", "pytest"} <= set(lowest)
    found = {name: installed[name].release[: len(bound.release)] for name, bound in lowest.items()}
    assert found == {name: bound.release for name, bound in lowest.items()}


def test_a_lesson_runs_from_top_to_bottom(lesson, environment, runtime):
    [path] = [path for path in lessons() if path.name.startswith(lesson)]
    notebook = read(path)
    runtime.run(notebook)
    assert all(cell.execution_count for cell in code_cells(notebook))
