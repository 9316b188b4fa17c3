"""The instructor's page: its template of an exercise works as it stands, and its commands are ones that there are."""

import contextlib
import re
import shlex

import answers
import pytest
from test_answers import judged, shown_and_held_out

from tools.notebooks.files import ROOT
from tools.notebooks.release import FOLDER, MARKER
from vistext import cli

PAGE = (ROOT / FOLDER / "README.md").read_text(encoding="utf-8")
WRONG_ANSWERS, EXERCISE, CELL = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = re.search(r"^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1].splitlines()


@pytest.fixture
def template(monkeypatch):
    """The exercise of the template, and its answers."""
    for table in (answers.RIGHT, answers.WRONG):
        monkeypatch.setitem(table, "ps99-1", {})
    names = {}
    exec(WRONG_ANSWERS, {})
    exec(EXERCISE, names)
    [exercise] = names["EXERCISES"]
    return exercise


def verdicts(exercise, answer):
    """Of shown and held-out cases, for some seeds."""
    return [judged(exercise, answer, shown_and_held_out(exercise, seed)) for seed in range(1, 6)]


def test_right_answers_of_the_template_get_full_marks_and_so_does_its_solution(template):
    names = {}
    exec(CELL, names)
    assert MARKER.search(CELL)[1] == template.id
    for answer in [names[template.answer], *answers.RIGHT["ps99-1"]]:
        assert all(verdict.passed for verdict in verdicts(template, answer))
    assert len(answers.RIGHT["ps99-1"]) >= 3


def test_wrong_answers_of_the_template_are_told_apart(template):
    assert len(answers.WRONG["ps99-1"]) >= 6
    ideas = set()
    for mistake, answer in answers.WRONG["ps99-1"].items():
        found = verdicts(template, answer)
        assert {verdict.mistake for verdict in found} == {mistake}
        assert max(verdict.share for verdict in found) < 1
        ideas.add(found[0].idea)
    assert len(ideas) == len(answers.WRONG["ps99-1"])


def test_each_command_of_vistext_that_the_page_gives_is_one_that_it_has():
    assert len(COMMANDS) == 10
    given = [shlex.split(line) for line in COMMANDS if line.startswith("vistext ")]
    assert [words[1] for words in given] == ["doctor", "grade", "grade"]
    for words in given:
        parser = cli._parser(words[1:], cli.VISTEXT)
        with contextlib.suppress(SystemExit):  # argparse would end the process
            assert parser.parse_args(words[1:])
            continue
        pytest.fail(" ".join(words))


def test_links_of_the_page_lead_somewhere():
    for link in re.findall(r"\]\((?!https?:|#)([^)]+)\)", PAGE):
        assert (ROOT / FOLDER / link).exists(), link
