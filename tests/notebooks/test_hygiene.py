"""What must hold for every lesson, asked of every lesson; that the rules can fail is shown in test_rules.py."""

import re
import subprocess
import sys

import pytest

from tools.notebooks.files import BADGE, ROOT, badge, lessons, read
from tools.notebooks.lint import RULES

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
def test_lesson(path, rule):
    assert list(RULES[rule](read(path), path)) == []


def test_the_readme_lists_the_lessons_that_there_are():
    listed = re.findall(r"\]\((notebooks/\d\d_\w+\.ipynb)\)", README)
    assert listed == [path.relative_to(ROOT).as_posix() for path in lessons()]
    assert listed, "a course has lessons"


def test_the_readme_has_the_badge_of_each_lesson():
    assert [match[0] for match in BADGE.finditer(README)] == [badge(path) for path in lessons()]


@pytest.mark.parametrize("command", [["check"], ["format", "--diff"]], ids=["lint", "format"])
def test_lessons_pass_ruff(command):
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "notebooks"]
    result = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
