"""What surrounds the course on a user's machine: it is put up with, or named in one line with a remedy."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import __main__ as tools_main
from vistext import cli, environment

ROOT = Path(__file__).resolve().parents[1]
WITHOUT_EXTRAS = """
import sys
extras = {extras!r}

class Without:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in extras else self.finder.find_spec(name, path, target)

sys.meta_path[:] = map(Without, sys.meta_path)
"""


def run(code, *words, cwd, **settings):
    """Run `code` in a fresh Python, in a folder."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LC_", "LANG"))}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        cwd=cwd,
        env=environ | {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)} | settings,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )


def imported(path):
    """The packages that a module imports, at its top or later."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def test_of_everything_that_is_imported_it_is_known_which_extra_brings_it():
    foreign = {name for room in ("vistext", "tools") for path in (ROOT / room).rglob("*.py") for name in imported(path)}
    foreign -= {*sys.stdlib_module_names, "vistext", "tools"}
    foreign -= {"google"}  # google.colab is there on Colab, and cannot be installed
    assert foreign <= set().union(*environment.BROUGHT_BY.values()) | {"tomllib"}


COMMANDS = [
    (["tools", "links", "--repo", "ada/vistext", "--branch", "main"], "course"),
    (["tools", "slides", "00"], "course"),
    (["tools", "export", "00"], "course"),
    (["tools", "notebooks", "check"], "course"),
    (["tools", "bench"], "grade"),
    (["tools", "bench", "--only", "grading"], "grade"),
    (["vistext", "grade", "ps01"], "grade"),
    (["tools", "study", "decoding_strategies", "--quick"], "course"),
]


def test_after_a_base_install_each_command_that_needs_more_names_the_extra_and_the_command_in_one_line(tmp_path):
    commands = [("vistext", *words) for words in cli.COMMANDS] + [("tools", *words) for words in tools_main.COMMANDS]
    code = WITHOUT_EXTRAS.format(extras=[*environment.BROUGHT_BY["course"], *environment.BROUGHT_BY["grade"]])
    code += f"""
import contextlib, io, json
sys.path.insert(0, {str(ROOT)!r})
import tools.__main__, vistext.cli
mains = {{'vistext': vistext.cli.main, 'tools': tools.__main__.main}}
for which, *words in {[words for words, _ in COMMANDS]!r}:
    with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(io.StringIO()):
        code = mains[which](words)
    print(json.dumps([code, said.getvalue()]))
for which, *words in {commands!r}:
    try:
        mains[which]([*words, "--help"])
    except SystemExit as end:
        print(f"help {{end.code}}", file=sys.stderr)
"""
    done = run(code, cwd=tmp_path)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(answers) == len(COMMANDS), done.stderr
    for (words, extra), (exit_code, said) in zip(COMMANDS, answers, strict=True):
        assert (exit_code, said.count("\n")) == (1, 1), (words, said)
        assert f'pip install "vistext[{extra}]"' in said, words
    imports_more = {"links", "slides", "export", "notebooks"}  # at once: their options cannot be asked for either
    assert done.stderr.count("help 0") == len([words for words in commands if words[1] not in imports_more])
    assert "Traceback" not in done.stderr


def test_the_parts_that_are_played_with_name_the_extra_too(tmp_path):
    done = run(WITHOUT_EXTRAS.format(extras=["ipywidgets"]) + "import vistext.display.widgets.quiz", cwd=tmp_path)
    assert "ipywidgets is not installed; it comes with the extra course" in done.stderr.splitlines()[-1]


def test_the_command_that_installs_is_of_the_python_that_runs(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    assert environment.missing("nbformat").endswith('.venv/bin/python -m pip install "vistext[course]"')
    monkeypatch.setattr(sys, "executable", "/opt/my python/bin/python")
    assert "'/opt/my python/bin/python' -m pip" in environment.missing("nbconvert.exporters")
    assert environment.missing("a_module_of_their_own") is None


SHADOWS = ["random.py", "keras.py", "numpy.py", "json.py", "argparse.py", "tensorflow/__init__.py", "pathlib.py"]


@pytest.mark.parametrize("name", SHADOWS)
def test_a_file_in_the_current_folder_that_hides_a_module_is_named_in_one_line(name, tmp_path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "vistext", "tour"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert str(tmp_path / name) in done.stderr
    assert "rename it" in done.stderr


def test_a_lesson_s_first_cell_names_the_file_beside_it_that_hides_a_package(tmp_path):
    (tmp_path / "numpy.py").touch()
    done = run("from vistext import profile; profile.start()", cwd=tmp_path)
    assert done.stderr.splitlines()[-1].startswith(f"vistext.environment.NotUsableError: {tmp_path / 'numpy.py'} hides")


def test_a_command_of_its_own_name_is_hindered_by_pythonpath_alone_and_the_doctor_by_nothing(monkeypatch, capsys):
    monkeypatch.setattr(
        environment, "shadowing_file", lambda path=None: "/x/random.py hides the module random: rename it"
    )
    assert cli.main(["tour"]) == 1
    assert capsys.readouterr().err == "vistext: /x/random.py hides the module random: rename it\n"
    cli.main(["doctor"])
    assert "/x/random.py" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["turtle.py", "cats.py", "keras", "time.py"])
def test_other_files_hide_nothing(name, tmp_path, monkeypatch):
    (tmp_path / name).mkdir() if "." not in name else (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert environment.shadowing_file(["", *sys.path]) is None


def test_a_folder_that_packages_were_installed_into_is_none_of_the_user_s_files(tmp_path, monkeypatch):
    (tmp_path / "rich").mkdir()
    (tmp_path / "rich" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    path = [str(tmp_path), *sys.path]
    assert str(tmp_path) in environment.shadowing_file(path)
    (tmp_path / "rich-13.dist-info").mkdir()
    assert environment.shadowing_file(path) is None


def test_keras_s_settings_are_overruled(tmp_path):
    chosen = {"floatx": "float16", "image_data_format": "channels_first", "epsilon": 0.1, "backend": "jax"}
    (tmp_path / "keras.json").write_text(json.dumps(chosen), encoding="utf-8")
    done = run(
        "from vistext.nn.engine import keras, tf; network = keras.Sequential([keras.layers.Conv2D(2, 3)]); "
        "print(network(tf.ones([1, 8, 8, 3])).shape, network.weights[0].dtype, keras.config.backend(), "
        "keras.config.epsilon())",
        cwd=tmp_path,
        KERAS_HOME=str(tmp_path),
    )
    assert (done.stdout, done.stderr) == ("(1, 6, 6, 2) float32 tensorflow 1e-07\n", "")


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        *((text, True) for text in ("not JSON", "{}", '{"floatx": "float32", "epsilon": 1e-07}')),
        *((text, False) for text in ('{"floatx": "bfloat16"}', '{"epsilon": 1}', '{"image_data_format": "x"}', "[1]")),
    ],
)
def test_settings_with_which_keras_does_not_start_are_named_and_those_that_change_nothing_are_not(
    text, accepted, tmp_path, monkeypatch
):
    (tmp_path / "keras.json").write_text(text, encoding="utf-8")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if accepted:
        assert environment.overruled_keras_settings() == {}
    else:
        with pytest.raises(environment.NotUsableError, match=r"keras\.json .*: mend or delete it"):
            environment.overruled_keras_settings()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, file names are UTF-8 already")
def test_names_are_the_same_whatever_the_locale(tmp_path):
    for name in ("王小明", "Zoë"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "ps01_tagging.ipynb").write_text("{}", encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from vistext import environment; environment.use_utf8(); "
        "from vistext.grading.collect import Search, collect; "
        "print(ascii(sorted(one.student for one in collect(Search(Path('in'), 'ps01_tagging', 100))))); "
        "Path('in', '\\u738b\\u5c0f\\u660e', 'page.html').touch()"
    )
    for locale in ("C", "en_US.ISO-8859-1"):
        done = run(code, cwd=tmp_path, LC_ALL=locale, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
        assert done.stdout == ascii(["Zoë", "王小明"]) + "\n", done.stderr
    assert (tmp_path / "in" / "王小明" / "page.html").exists()


def unspecified(path):
    """The lines of a module on which text is read or written in whichever encoding the locale has."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            given = {keyword.arg for keyword in node.keywords}
            if (node.func.attr in ("read_text", "write_text") or "text" in given) and "encoding" not in given:
                yield f"{path.name}:{node.lineno}"


def test_wherever_the_package_reads_or_writes_text_it_says_in_which_encoding():
    # Ruff's PLW1514 sees `open`, but not the methods of what it does not know to be a path.
    found = [line for path in (ROOT / "vistext").rglob("*.py") for line in unspecified(path)]
    assert [line for line in found if "plots" not in line] == []


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's redirections")
@pytest.mark.parametrize(
    ("redirected", "code"),
    [("2>&-", 0), (">&-", 0), (">&- 2>&-", 0), ("<&- >&- 2>&-", 0), (">/dev/full", 1), ("| true", 1)],
)
@pytest.mark.parametrize("options", ["", "--json"])
def test_closed_and_broken_streams_end_with_the_right_code_and_no_traceback(redirected, code, options, tmp_path):
    program = "import sys, json; from vistext import cli; cli._doctor = {}; sys.exit(cli.main(sys.argv[1:]))"
    program = program.format(
        "lambda given: print('x' * (9000 if given.json else 9)) or open('done', 'w', encoding='utf-8').close() or 0"
    )
    ended = 'echo "${PIPESTATUS[0]}"' if "|" in redirected else "echo $?"
    shell = f"'{sys.executable}' -c \"$PROGRAM\" doctor {options} {redirected}; {ended} >code"
    done = subprocess.run(
        ["bash", "-c", f"exec 2>err; {shell}"],
        cwd=tmp_path,
        env=os.environ | {"PROGRAM": program.replace("print(", "__import__('time').sleep(.5) or print(")},
        timeout=120,
        capture_output=True,
        check=False,
    )
    assert (tmp_path / "code").read_text(encoding="utf-8").strip() == str(code), done
    said = (tmp_path / "err").read_text(encoding="utf-8")
    assert said == (
        "vistext: what is found cannot be written: No space left on device\n" if "full" in redirected else ""
    )
