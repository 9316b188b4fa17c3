"""Links for a fork: all of them, twice over the same, and nothing for nonsense; and that none is wrong here."""

import re
import shutil

import pytest

from tools.__main__ import main
from tools.notebooks import files
from tools.notebooks.files import BADGE, ROOT, code_cells, home, lessons, read, setup_cell
from tools.notebooks.release import FOLDER, release_of, sources

URL = re.compile(r"https://colab\.research\.google\.com/github/([^/]+/[^/]+)/blob/(.+?)/(notebooks/[^)\"]+\.ipynb)")


@pytest.fixture
def fork(tmp_path, monkeypatch):
    """A checkout with one lesson and one problem set."""
    for name in ("pyproject.toml", "CITATION.cff", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    for path in (lessons()[1], sources()[0], release_of(sources()[0])):
        (tmp_path / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    original = files.home
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setattr(files, "home", lambda: original(tmp_path / "pyproject.toml"))
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def point(repository="ada/fork", branch="spring-27"):
    return main(["links", "--repo", repository, "--branch", branch])


def test_every_link_opens_the_fork(fork, capsys):
    assert point() == 0
    assert "ada/fork" in capsys.readouterr().out
    text = "\n".join(path.read_text(encoding="utf-8") for path in contents(fork))
    found = URL.findall(text)
    assert len(found) >= 4
    assert {(repository, branch) for repository, branch, _ in found} == {("ada/fork", "spring-27")}
    assert "repository-code: https://github.com/ada/fork\n" in (fork / "CITATION.cff").read_text(encoding="utf-8")
    [lesson] = files.lessons()
    set_up = code_cells(read(lesson))[0].source
    assert '"vistext @ git+https://github.com/ada/fork@spring-27"' in set_up
    assert "{" not in set_up
    assert f"](https://colab.research.google.com/github/ada/fork/blob/spring-27/notebooks/{lesson.name})" in text
    assert read(lesson).cells[0].source.count("colab-badge") == 1


def test_a_second_time_changes_nothing_and_back_again_is_where_it_began(fork):
    before = contents(fork)
    here = home()
    point()
    once = contents(fork)
    assert once != before
    point()
    assert contents(fork) == once
    point(here.repository.removeprefix("https://github.com/"), here.branch)
    assert contents(fork) == before


@pytest.mark.parametrize(
    ("repository", "branch"),
    [
        *((text, "main") for text in ("", "ada", "ada/", "/fork", "ada/fork/more", "https://github.com/ada/fork")),
        *((text, "main") for text in ("a da/fork", "-ada/fork", "ada/..", "ada/fork.git", "ada/f(ork)", "ada/fork\n")),
        *(
            ("ada/fork", text)
            for text in ("", "-b", "a b", "a..b", "/a", "a/", "a.lock", "a~1", "a)b", "a//b", '"', "ä")
        ),
    ],
)
def test_nonsense_is_refused_and_nothing_is_touched(fork, repository, branch, capsys):
    before = contents(fork)
    with pytest.raises(SystemExit) as end:
        main(["links", f"--repo={repository}", f"--branch={branch}"])
    assert end.value.code == 2
    assert "is not" in capsys.readouterr().err
    assert contents(fork) == before


def test_outside_of_a_checkout_it_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(files, "ROOT", tmp_path)
    assert point() == 2
    assert "in a checkout" in capsys.readouterr().err


def test_every_link_of_this_course_opens_a_file_that_exists_on_its_branch_and_never_a_solution():
    repository, branch = home()
    pages = [ROOT / "README.md", *lessons(), *(ROOT / FOLDER).rglob("*.ipynb")]
    found = [link for path in pages for link in URL.findall(path.read_text(encoding="utf-8"))]
    assert len(found) > 2 * len(lessons())
    for slug, there, path in found:
        assert (f"https://github.com/{slug}", there) == (repository, branch)
        assert (ROOT / path).is_file()
        assert not path.startswith("notebooks/exercises/source/")
    assert setup_cell().count(f"git+{repository}@{branch}") == 1
    assert all(BADGE.search(path.read_text(encoding="utf-8")) for path in lessons())
