"""What surrounds the package: it installs where the course says it does, and what is said in two places agrees."""

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from importlib.metadata import requires
from pathlib import Path

import pytest
from environments import ENVIRONMENTS, LOWEST, PINNED
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import vistext

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = SETTINGS["project"]
BASE = [Requirement(line) for line in PROJECT["dependencies"]]
README, MAKEFILE = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile"))
PYTHONS = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))

# What Colab's runtime has of ours, and what must stay as it is there.
ON_COLAB = dict(line.split("==") for line in PINNED.read_text(encoding="utf-8").splitlines() if "==" in line)
# Not in that list; what they need themselves, any version of it will do: at worst they are added, which moves nothing.
ADDED = {"easy-vqa", "filelock", "pillow-heif", "sacrebleu"}


@pytest.mark.parametrize("requirement", BASE, ids=str)
def test_colab_needs_to_move_nothing_for_the_base_install(requirement):
    if requirement.name in ADDED:
        needs = [need for need in map(Requirement, requires(requirement.name) or []) if need.marker is None]
        assert all(ON_COLAB.get(need.name, "99") in need.specifier for need in needs)
        return
    assert requirement.name in ON_COLAB, "the base install would add a package to Colab; is it worth the risk?"
    assert ON_COLAB[requirement.name] in requirement.specifier


@pytest.mark.parametrize("name", ["ipywidgets", "scikit-learn"])
def test_colab_has_what_lessons_need_beyond_the_base_install(name):
    wanted = {need.name: need for need in map(Requirement, PROJECT["optional-dependencies"]["course"])}
    assert ON_COLAB[name] in wanted[name].specifier


@pytest.mark.parametrize(
    ("system", "processor", "build"),
    [
        ("linux", "x86_64", "tensorflow-cpu"),
        ("linux", "aarch64", "tensorflow"),
        ("darwin", "arm64", "tensorflow"),
        ("win32", "AMD64", "tensorflow-cpu"),
    ],
)
def test_each_machine_gets_the_one_build_that_there_is_for_it(system, processor, build):
    machine = {"sys_platform": system, "platform_machine": processor}
    needs = map(Requirement, PROJECT["optional-dependencies"]["cpu"])
    assert [need.name for need in needs if need.marker.evaluate(machine)] == [build]


@pytest.mark.parametrize("extra", ["cpu", "gpu"])
def test_every_tensorflow_that_is_promised_is_accepted_and_none_older(extra):
    for need in map(Requirement, PROJECT["optional-dependencies"][extra]):
        assert ("2.18.0" in need.specifier, "2.17.1" in need.specifier) == (True, False)


def test_every_python_that_is_promised_is_accepted_and_no_other():
    accepted = SpecifierSet(PROJECT["requires-python"])
    assert [minor for minor in range(8, 16) if f"3.{minor}.5" in accepted] == [10, 11, 12, 13]
    assert PYTHONS == ["3.10", "3.11", "3.12", "3.13"]


@pytest.mark.parametrize("text", [README, MAKEFILE], ids=["README", "Makefile"])
def test_the_same_pythons_are_promised_wherever_they_are_named(text):
    ranges = re.findall(r"(3\.\d+) to (3\.\d+)", text)
    assert set(ranges) == {(PYTHONS[0], PYTHONS[-1])}
    assert set(re.findall(r"[Pp]ython ?(3\.\d+)", text)) <= set(PYTHONS)


def test_make_takes_the_pythons_that_are_promised():
    [ends] = re.findall(r"\((3, \d+)\) <= sys\.version_info\[:2\] <= \((3, \d+)\)", MAKEFILE)
    assert [end.replace(", ", ".") for end in ends] == [PYTHONS[0], PYTHONS[-1]]


def test_every_python_that_is_promised_is_tested_and_the_first_with_the_lowest_packages():
    assert {environment.python for environment in ENVIRONMENTS} == set(PYTHONS)
    assert [each.python for each in ENVIRONMENTS if each.packages == LOWEST] == [PYTHONS[0]]


def test_every_lesson_runs_in_one_environment():
    numbers = sorted(number for environment in ENVIRONMENTS for number in environment.lessons)
    assert numbers == sorted(path.name[:2] for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def test_the_readme_names_the_lowest_tensorflow_that_is_accepted():
    needs = [Requirement(line) for extra in ("cpu", "gpu") for line in PROJECT["optional-dependencies"][extra]]
    named = re.findall(r"TensorFlow (\S+) or newer", README)
    assert {f">={version}" for version in named} == {str(need.specifier) for need in needs}


def test_every_file_of_the_package_is_packed():
    patterns = SETTINGS["tool"]["setuptools"]["package-data"]
    shipped = [path for path in (ROOT / "vistext").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    forgotten = [
        path.relative_to(ROOT).as_posix()
        for path in shipped
        if path.suffix != ".py"
        and not any(
            fnmatch(path.name, pattern) for pattern in patterns.get(".".join(path.relative_to(ROOT).parts[:-1]), [])
        )
    ]
    assert forgotten == []


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="not a checkout by git")
def test_a_checkout_has_the_stored_line_ends_whatever_git_is_set_to():
    words = ["git", "-c", "core.autocrlf=true", "ls-files", "--eol"]
    lines = subprocess.run(words, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout.splitlines()
    assert lines
    text = [line for line in lines if not line.endswith((".png", ".npz"))]
    assert [line for line in text if "eol=lf" not in line or "i/crlf" in line] == []
    assert [line for line in lines if line not in text and "attr/-text" not in line] == []


def test_conda_installs_extras_that_exist_on_a_python_that_is_supported():
    environment = (ROOT / "environment.yml").read_text(encoding="utf-8")
    [extras] = re.findall(r"-e \.\[([\w,]+)\]", environment)
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
    [python] = re.findall(r"python=([\d.]+)", environment)
    assert python in SpecifierSet(PROJECT["requires-python"])
    assert f"name: {PROJECT['name']}\n" in environment


def test_the_citation_names_this_version_and_this_repository():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {vistext.__version__}\n" in citation
    assert f"\nrepository-code: {PROJECT['urls']['Repository']}\n" in citation


def test_the_readme_links_to_files_that_exist():
    links = re.findall(r"\]\((?!https?:|#)([^)]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
