"""What `python -m tools` offers: every command is there, declares its own options, and gives its exit code."""

import importlib.util
import subprocess
import sys
import types
from pathlib import Path

import pytest

from tools.__main__ import COMMANDS, GROUPS, main

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_declares_its_own_options_and_gives_the_exit_code(words, monkeypatch):
    name, _ = COMMANDS[words]
    module = types.ModuleType(name)
    module.add_arguments = lambda parser: parser.add_argument("--seconds", type=float)
    module.run = lambda arguments: 7 if arguments.seconds == 2.5 else 0
    monkeypatch.setitem(sys.modules, name, module)

    assert main([*words, "--seconds", "2.5"]) == 7


@pytest.mark.parametrize("name", [name for name, _ in COMMANDS.values()])
def test_every_module_that_is_a_command_is_there(name):
    assert importlib.util.find_spec(name) is not None


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_alone_names_what_is_in_it(group, capsys):
    with pytest.raises(SystemExit) as end:
        main([group, "--help"])

    assert end.value.code == 0
    out = capsys.readouterr().out
    assert all(name in out for first, *rest in COMMANDS for name in rest if first == group)


def test_python_m_tools_names_itself(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tools", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("usage: python -m tools ")


def test_the_gallery_is_written(tmp_path, capsys):
    assert main(["gallery", "--n", "2", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "gallery.html").is_file()
    assert "gallery.html" in capsys.readouterr().out
