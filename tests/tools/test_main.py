"""What `python -m tools` and `vistext` offer: every command is there, with its own options and its exit code."""

import importlib.util
import subprocess
import sys
import types

import pytest

from tools.__main__ import COMMANDS, GROUPS, main
from tools.notebooks.files import ROOT
from vistext import cli

PROGRAMS = ((main, COMMANDS), (cli.main, cli.COMMANDS))


@pytest.mark.parametrize(
    ("main", "words", "name"),
    [(program, words, name) for program, all_of in PROGRAMS for words, (name, _) in all_of.items()],
)
def test_a_command_is_there_declares_its_own_options_and_gives_the_exit_code(main, words, name, monkeypatch):
    assert importlib.util.find_spec(name) is not None
    module = types.ModuleType(name)
    module.add_arguments = lambda parser: parser.add_argument("--seconds", type=float)
    module.run = lambda arguments: 7 if arguments.seconds == 2.5 else 0
    monkeypatch.setitem(sys.modules, name, module)
    assert main([*words, "--seconds", "2.5"]) == 7


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_alone_names_what_is_in_it(group):
    command = [sys.executable, "-m", "tools", group, "--help"]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert out.startswith(f"usage: python -m tools {group} ")
    assert all(name in out for first, *rest in COMMANDS for name in rest if first == group)


def test_python_m_vistext_is_the_command():
    done = subprocess.run([sys.executable, "-m", "vistext", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("vistext ")
