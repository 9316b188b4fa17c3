"""The command line: `vistext tour | doctor | data | grade`.

Only what a command needs is imported, and only when it runs, so that `--help` comes at once. Exit codes: 0 done, 1
something on this machine needs mending first, 2 what was given cannot be used, 130 interrupted. What went wrong
stands on standard error, in one line where what was given is at fault.
"""

import argparse
import errno
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from vistext import __version__, environment

DONE, MEND_FIRST, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130
OUT = Path("out")

# Commands whose options their own modules declare: each has `add_arguments(parser)` and `run(arguments) -> int`.
COMMANDS: dict[tuple[str, ...], tuple[str, str]] = {
    ("grade",): ("vistext.grading.cli", "grade a class's submissions of a problem set (for instructors)")
}


class Program(NamedTuple):
    """What a command line consists of."""

    name: str
    description: str
    commands: Mapping[tuple[str, ...], tuple[str, str]]  # the words after the name → a module, as above, and its help
    groups: Mapping[str, str] = {}  # the first of two words → help
    declare: Callable[..., None] | None = None  # adds commands of its own to argparse's subparsers


class WrongInputError(Exception):
    """What a command was given cannot be used."""


def main(argv: Sequence[str] | None = None, program: Program | None = None) -> int:
    """Run one command of `vistext`, or of another program; the exit code.

    SystemExit where argparse has printed help, the version, or what is wrong with the arguments.
    """
    if argv is None:
        environment.use_utf8()
    environment.open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot write "✓" shows "?" and goes on
            stream.reconfigure(errors="replace")
    try:
        try:
            return _run([_as_file(word) for word in (sys.argv[1:] if argv is None else argv)], program or VISTEXT)
        finally:
            sys.stdout.flush()  # here, where it is known what to do when nobody reads it
    except (WrongInputError, environment.NotUsableError) as error:
        return _say(error, WRONG_INPUT if isinstance(error, WrongInputError) else MEND_FIRST)
    except ModuleNotFoundError as error:
        remedy = environment.missing(error.name or "")
        if remedy is None:
            raise
        return _say(error if "pip install" in str(error) else remedy, MEND_FIRST)
    except OSError as error:
        if error.filename is not None or error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python itself writes at its end
        if error.errno == errno.EPIPE:  # whoever reads has seen enough, as in `vistext tour | head -1`
            return MEND_FIRST
        return _say(f"what is found cannot be written: {error.strerror}", MEND_FIRST)
    except KeyboardInterrupt:
        print("\nvistext: interrupted", file=sys.stderr)
        return INTERRUPTED


def _run(argv: Sequence[str], program: Program) -> int:
    parser = _parser(argv, program)
    arguments = parser.parse_args(argv)
    if "run" not in arguments:
        parser.print_help()
        return DONE
    if arguments.run is not _doctor and (problem := environment.shadowing_file()):
        raise environment.NotUsableError(problem)
    return arguments.run(arguments)


def _say(message: object, exit_code: int) -> int:
    print("vistext:", " ".join(str(message).split()), file=sys.stderr)
    return exit_code


def _as_file(word: str) -> str:
    """A file whose name begins with a dash, so that it is not taken for an option."""
    return f"./{word}" if word.startswith("-") and "." in word and Path(word).is_file() else word


def _parser(argv: Sequence[str], program: Program) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program.name, description=program.description)
    parser.add_argument("--version", action="version", version=f"vistext {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    if program.declare is not None:
        program.declare(commands)
    groups = {}
    for name, text in program.groups.items():
        group = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        groups[name] = group.add_subparsers(title="of these", metavar="WHICH", required=True)
    for words, (module, text) in program.commands.items():
        command = groups.get(words[0], commands).add_parser(words[-1], help=text, description=text)
        if tuple(argv[: len(words)]) == words:  # imported only when the command line names it
            chosen = import_module(module)
            chosen.add_arguments(command)
            command.set_defaults(run=chosen.run)
    return parser


def _declare(commands) -> None:
    """The commands that this module has itself."""
    tour = _add(commands, "tour", _tour, "one picture through every task, as a table and as a page")
    tour.add_argument(
        "picture",
        metavar="PICTURE",
        nargs="?",
        help="a JPEG, PNG, WebP, HEIC or AVIF file (default: a cat photographed, and one drawn)",
    )
    tour.add_argument(
        "--scene", metavar="SEED", type=whole_number, help="draw a scene instead: another one for each whole number"
    )
    tour.add_argument(
        "--out", metavar="FOLDER", type=Path, default=OUT, help="where tour.html goes (default: %(default)s)"
    )
    tour.add_argument("--json", action="store_true", help="print the result as JSON, and nothing else")

    doctor = _add(commands, "doctor", _doctor, "is this machine ready for the course, and what to do if not")
    doctor.add_argument(
        "--devices", action="store_true", help="also start TensorFlow and ask it for its devices (seconds)"
    )
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON, and nothing else")

    data = _add(commands, "data", _data, "find or download CIFAR-10, check it, and say where it is")
    data.add_argument(
        "path", metavar="PATH", nargs="?", help="an archive or folder that holds it (default: look in the usual places)"
    )


def _add(commands, name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.set_defaults(run=run)
    return command


def _tour(arguments: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.text import Text

    from vistext import scenes
    from vistext.data.images import PictureError
    from vistext.display import tour
    from vistext.display.tour import page
    from vistext.display.tour.terminal import render

    if arguments.picture is not None and arguments.scene is not None:
        raise WrongInputError("give a PICTURE or a --scene, not both")
    scene = None if arguments.scene is None else scenes.sample(1, arguments.scene, "test")[0]
    terminal = Console(quiet=arguments.json, highlight=False)
    with _writing_to(arguments.out):
        page.check_folder(arguments.out)
    with terminal.status("Starting TensorFlow …"), _hidden("IPython", "matplotlib", "sklearn"), _uncollected():
        try:
            result = tour.tour(arguments.picture, scene=scene)
        except PictureError as error:
            raise WrongInputError(str(error)) from error
        except tour.NotReadyError as error:
            raise environment.NotUsableError(str(error)) from error
    with _writing_to(arguments.out):
        written = page.save(result.html(), arguments.out)
    if arguments.json:
        print(json.dumps(result.facts() | {"page": str(written)}, indent=2))
        return DONE
    for subject in result.subjects:
        terminal.print(Text.assemble((subject.name, "bold"), f" · {subject.size}"))
    for section in result.sections:
        terminal.print("", *render(section), sep="\n")
    link = Text.assemble("The page: ", (str(written), f"link {written.absolute().as_uri()}"))
    terminal.print("", link, sep="\n", soft_wrap=True)  # a path in two lines is no path
    return DONE


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no circular garbage among all that TensorFlow makes, neither now nor at the end: 2 s, in all."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _hidden(*modules: str) -> Iterator[None]:
    """Let imports of modules fail that Keras looks for and the tour does not need: 1.5 s, and 90 MB, in all."""
    absent = [module for module in modules if module not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None is Python's own mark for "not to be found"
    try:
        yield
    finally:
        for module in absent:
            del sys.modules[module]


def whole_number(text: str) -> int:
    """A number of at least 0, for argparse."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)


@contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    """Turn what goes wrong while writing into one line and a remedy."""
    try:
        yield
    except OSError as error:
        message = f"cannot write in {folder}: {error.strerror or error}; choose another folder with --out"
        raise WrongInputError(message) from error


def _doctor(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from vistext import doctor

    findings = doctor.examine(devices=arguments.devices)
    ready = doctor.is_ready(findings)
    if arguments.json:
        print(json.dumps({"ready": ready, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        _print_findings(findings, ready)
    return DONE if ready else MEND_FIRST


def _print_findings(findings: Sequence, ready: bool) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    marks = {"ready": "[green]✓ ready[/]", "optional": "[yellow]– optional[/]", "mend": "[red]✗ mend[/]"}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("", "what", "found", "wanted"):
        table.add_column(column, no_wrap=column in ("", "what"), overflow="fold")
    for finding in findings:
        table.add_row(marks[finding.state], finding.subject, Text(finding.found), finding.wanted)
    terminal = Console(highlight=False)
    terminal.print(table)
    for finding in findings:
        if finding.remedy:
            terminal.print(Text.assemble((f"{finding.subject}: ", "bold"), finding.remedy), soft_wrap=True)
    terminal.print(Text("Ready." if ready else "Not ready: mend what is marked ✗ first.", "bold"))


def _data(arguments: argparse.Namespace) -> int:
    from vistext.data import cifar10

    try:
        data = cifar10.load(arguments.path)
    except (OSError, ValueError) as error:  # not found, damaged, no network, no room: the message says which
        print("vistext:", getattr(error, "strerror", None) or error, file=sys.stderr)
        return MEND_FIRST
    sizes = f"{len(data.train.pictures):,} training and {len(data.test.pictures):,} test pictures"
    print(f"CIFAR-10: {sizes}, whole; from {data.source}")
    return DONE


VISTEXT = Program("vistext", "Image and text together: the course's command line.", COMMANDS, declare=_declare)
