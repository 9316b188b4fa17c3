"""The two commands, against a stand-in for Python that notes what it is asked to run, and installs nothing."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.__main__ import WEIGHTS

ROOT = Path(__file__).resolve().parents[1]

# Claims a version, makes a .venv with a copy of itself inside, and notes what else it is asked, and with what settings.
STAND_IN = """\
#!/bin/sh
case "$1 $2 $3" in
  "-c  ") exit 0;;
  "-c "*|"-I -c "*) echo {says}; exit {exits};;
  "-m pip --version") exit 0;;
  "-m venv --clear") rm -rf "$4"; shift;;
esac
case "$1 $2" in
  *"venv"|*"--clear") mkdir -p "$3/bin" "$3/lib/python{says}"; cp "$0" "$3/bin/python"; exit 0;;
  "-m pip") env >{log}.environment;;
esac
echo "$@" >>{log}
"""


@pytest.fixture
def clone(tmp_path):
    """A folder with what `make` reads, and no more."""
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def set_up(clone):
    """Such a folder in which `make tour` has run; and the word that names its Python."""
    python = f"PYTHON={stand_in(clone)}"
    make(clone, python, "tour")
    return clone, python


def stand_in(clone, says="3.12", exits=0):
    python = clone.parent / "stand-in"
    python.write_text(STAND_IN.format(says=says, exits=exits, log=clone.parent / "log"))
    python.chmod(0o755)
    return python


def make(clone, *words, **settings):
    own = ("MAKE", "PYTHON", "EXTRA", "JOBS", "LESSONS", "PICTURE", "PIP_")  # of a `make test` around this test
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)} | settings
    log = clone.parent / "log"
    log.write_text("")
    result = subprocess.run(
        ["make", *words], cwd=clone, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return result, log.read_text().splitlines()


def lessons_of(clone, *names):
    (clone / "notebooks").mkdir()
    for name in names:
        (clone / "notebooks" / f"{name}.ipynb").touch()


def installs(asked):
    return [line.split("--editable ")[1] for line in asked if line.startswith("-m pip install")]


@pytest.mark.parametrize(("says", "exits"), [("3.9", 1), ("3.14", 1), ("'3.12 without venv'", 1), (None, 1)])
def test_make_names_its_one_prerequisite_in_one_line_with_the_remedy(clone, says, exits):
    python = stand_in(clone, says, exits) if says else "no-such-python"
    result, asked = make(clone, f"PYTHON={python}", "tour")
    first = result.stderr.splitlines()[0]
    assert result.returncode != 0
    assert "needs Python 3.10 to 3.13 with venv" in first
    assert (f"is {says.strip(chr(39))}" if says else "(found: none)") in first
    assert "make PYTHON=python3.12 tour" in first
    assert (asked, (clone / ".venv").exists()) == ([], False)


def test_the_first_tour_installs_only_what_it_needs_and_the_second_nothing(clone):
    python = f"PYTHON={stand_in(clone)}"
    first, asked = make(clone, python, "tour")
    assert (first.returncode, installs(asked)) == (0, [".[cpu]"])
    assert asked[-1] == "-m vistext tour"
    second, asked = make(clone, "tour", "PICTURE=my cat.jpg")
    assert (second.returncode, asked) == (0, ["-m vistext tour my cat.jpg"])


def test_after_the_tests_the_tour_and_the_lab_have_nothing_left_to_install(clone):
    _, asked = make(clone, f"PYTHON={stand_in(clone)}", "unit")
    assert installs(asked) == [".[cpu,dev]"]
    assert [
        installs(make(clone, target)[1]) for target in ("tour", "lab", "lessons", "environments", "test-matrix")
    ] == [[]] * 5


def test_the_test_command_runs_unit_tests_and_lessons_and_says_what_each_took(clone):
    lessons_of(clone, "00_tour", "01_tagging", "02_detection")
    result, asked = make(clone, f"PYTHON={stand_in(clone)}", "JOBS=3", "test")
    unit, timed, compared = (line for line in asked if line.startswith("-m pytest"))
    assert unit.endswith(" tests")
    assert "--nbval " in timed
    assert timed.endswith("-n 1 notebooks/01_tagging.ipynb")
    assert compared == timed.replace("-n 1 notebooks/01_tagging", "-n 3 notebooks/00_tour.ipynb notebooks/02_detection")
    assert re.findall(r"^== (.*?): \d+ s", result.stdout, re.MULTILINE) == ["unit", "lessons", "unit lessons"]
    assert "minutes on two cores" in result.stdout.partition("== unit")[0]


def test_the_command_for_all_tests_adds_the_environments_and_does_not_fail_for_what_others_release(clone):
    lessons_of(clone, "00_tour", "01_tagging")
    _, tested = make(clone, f"PYTHON={stand_in(clone)}", "test")
    _, asked = make(clone, f"PYTHON={stand_in(clone)}", "test-all")
    *same, played = (line for line in asked if line.startswith("-m pytest"))
    assert same == [line for line in tested if line.startswith("-m pytest")]
    assert played.endswith("--noted tests/matrix tests/colab tests/browser")
    [alone] = make(clone, "environments")[1]
    assert alone == played.replace(" --noted", "")


def test_a_part_that_fails_ends_the_command_and_is_named(clone):
    python = stand_in(clone)
    make(clone, f"PYTHON={python}", ".venv/.cpu-dev")
    inside = clone / ".venv" / "bin" / "python"
    inside.write_text(inside.read_text().replace("esac", '  "-m pytest") exit 3;;\nesac'))
    result, _ = make(clone, "test")
    assert result.returncode != 0
    assert re.search(r"^== unit failed after \d+ s$", result.stdout, re.MULTILINE)
    assert "== lessons" not in result.stdout


def test_new_requirements_are_installed(set_up):
    clone, _ = set_up
    later = (clone / ".venv" / ".cpu-base").stat().st_mtime + 5
    os.utime(clone / "pyproject.toml", (later, later))
    assert installs(make(clone, "tour")[1]) == [".[cpu]"]


def test_a_choice_of_gpu_is_remembered_and_takes_the_other_tensorflow_away(set_up):
    clone, _ = set_up
    _, asked = make(clone, "EXTRA=gpu", "tour")
    assert asked[0] == "-m pip uninstall --yes tensorflow tensorflow-cpu"
    assert installs(asked) == [".[gpu]"]
    assert make(clone, "tour")[1] == ["-m vistext tour"]


@pytest.mark.parametrize("words", [["help"], ["-n", "tour"], ["-n", "test"], ["clean"]], ids=" ".join)
def test_a_moved_folder_is_set_up_again_by_what_installs_and_by_nothing_else(set_up, words):
    clone, python = set_up
    moved = clone.rename(clone.parent / "elsewhere")
    before = sorted(moved.rglob("*"))
    result, _ = make(moved, *words)
    assert (result.returncode, sorted(moved.rglob("*"))) == (0, before)
    result, asked = make(moved, python, "tour")
    assert (result.returncode, installs(asked)) == (0, [".[cpu]"])


def test_what_was_made_here_is_removed_when_asked_for(set_up):
    clone, _ = set_up
    make(clone, "clean")
    assert not (clone / ".venv").exists()


def test_another_version_of_python_begins_anew_and_mixes_nothing(set_up):
    clone, _ = set_up
    result, asked = make(clone, f"PYTHON={stand_in(clone, '3.11')}", "tour")
    assert ("is made again" in result.stdout, installs(asked)) == (True, [".[cpu]"])
    assert [folder.name for folder in (clone / ".venv" / "lib").iterdir()] == ["python3.11"]
    assert installs(make(clone, "tour")[1]) == []


def test_a_python_that_cannot_be_used_leaves_what_there_is(set_up):
    clone, _ = set_up
    result, _ = make(clone, "PYTHON=no-such-python", "tour")
    assert (result.returncode, (clone / ".venv" / ".cpu-base").exists()) == (2, True)
    assert make(clone, "tour")[1] == ["-m vistext tour"]


def test_where_its_python_is_gone_the_environment_is_made_again(set_up):
    clone, python = set_up
    (clone / ".venv" / "bin" / "python").unlink()
    result, asked = make(clone, python, "tour")
    assert (result.returncode, installs(asked)) == (0, [".[cpu]"])


@pytest.mark.parametrize("interrupted", ["making .venv", "installing"])
def test_a_set_up_that_was_interrupted_is_run_again_and_is_then_whole(set_up, interrupted):
    clone, python = set_up
    environment = clone / ".venv"
    (environment / ".cpu-base").unlink()
    half = environment / "lib" / "python3.12" / "site-packages" / "half-1.0.dist-info"
    half.mkdir(parents=True)
    (half / "METADATA").touch()
    if interrupted == "making .venv":
        (environment / ".made").unlink()
        (environment / "bin" / "python").unlink()
    result, asked = make(clone, python, "tour")
    assert (result.returncode, installs(asked), half.exists()) == (0, [".[cpu]"], False)
    assert make(clone, "tour")[1] == ["-m vistext tour"]


def test_an_environment_of_the_user_s_own_is_kept(clone):
    python = stand_in(clone)
    subprocess.run([python, "-m", "venv", clone / ".venv"], check=True)
    (clone / ".venv" / "mine").touch()
    assert installs(make(clone, f"PYTHON={python}", "tour")[1]) == [".[cpu]"]
    assert (clone / ".venv" / "mine").exists()


def test_settings_that_would_install_elsewhere_are_ignored_and_those_of_the_network_are_not(clone):
    elsewhere = {"PIP_USER": "1", "PIP_TARGET": "/t", "PIP_PREFIX": "/p", "PIP_PYTHON": "/q", "PIP_DRY_RUN": "1"}
    elsewhere |= {"PYTHONHOME": "/h", "PYTHONPATH": "/m"}
    network = {"PIP_INDEX_URL": "https://i", "PIP_PROXY": "http://p", "PIP_CERT": "/c", "PIP_CACHE_DIR": "/d"}
    make(clone, f"PYTHON={stand_in(clone)}", "tour", **elsewhere, **network)
    seen = dict(
        line.split("=", 1)
        for line in (clone.parent / "log.environment").read_text(encoding="utf-8").splitlines()
        if "=" in line
    )
    assert seen["PIP_USER"] == "0"
    assert {name for name in elsewhere if name in seen} == {"PIP_USER"}
    assert {name: seen.get(name) for name in network} == network


@pytest.mark.parametrize("name", ["a [b] c", "a#b%c", 'it\'s "so"', "Küche 王", "-x", "$HOME `x`", "(a, b)"])
def test_a_folder_may_have_any_name(clone, name):
    folder = clone.rename(clone.parent / name)
    (folder.parent / "log").touch()
    python = f"PYTHON={stand_in(folder)}"
    result, asked = make(folder, python, "tour")
    assert (result.returncode, installs(asked)) == (0, [".[cpu]"])
    assert make(folder, "tour", "PICTURE=-my cat.jpg")[1] == ["-m vistext tour -my cat.jpg"]


def test_the_build_machine_runs_the_readme_s_test_commands_on_the_shared_data(clone):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^make (test\S*) ", readme, flags=re.MULTILINE) == ["test", "test-all"]
    shutil.copytree(ROOT / ".ci", clone / ".ci")
    (clone.parent / "shared" / "datasets").mkdir(parents=True)
    fake = clone.parent / "bin" / "make"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\necho "$@ with $VISTEXT_DATA"; read -r line || echo "and nothing to read"\n')
    fake.chmod(0o755)
    environment = os.environ | {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}", "VISTEXT_DATA": ""}
    result = subprocess.run(
        [clone / ".ci" / "run"], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    *_, asked, read, took = result.stdout.splitlines()
    assert (asked, read) == (f"test-all with {clone}/../shared/datasets", "and nothing to read")
    assert re.fullmatch(r"== all of it: \d+ s", took)


def test_weights_and_studies_are_made_again_all_of_them():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    weights, studies = (
        set(re.search(rf"^{name} = (.*)$", text, re.MULTILINE)[1].split()) for name in ("WEIGHTS", "STUDIES")
    )
    assert weights == set(WEIGHTS) - {"photo_captioner"}  # which needs Flickr8k, and does not ship yet
    assert studies == {path.stem for path in (ROOT / "vistext" / "studies").glob("*.json")}
