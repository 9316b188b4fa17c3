"""What runs in the sandbox: it runs a student's cells, calls their functions, and sends back what these give.

Whatever is run here may take this process over and answer in its place; it cannot answer more than this process can.
Nothing here knows what is right. An answer is called in the names as its own cell left them, and later ones are added.
"""

import ast
import base64
import contextlib
import ctypes
import inspect
import json
import linecache
import os
import random
import resource
import select
import signal
import socket
import struct
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from vistext.exercises.answers import call_answer, call_function, call_network, to_plain
from vistext.exercises.judging import Failure
from vistext.grading import protocol
from vistext.grading.cells import as_python

PR_SET_DUMPABLE, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 4, 22, 2
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
CALLS = (ast.Call, ast.Await, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
EXECUTED_MAGICS = ("time", "timeit", "capture", "prun", "python", "python3")
DISPLAY_MAGICS = ("html", "HTML", "markdown", "latex", "svg", "SVG", "javascript", "js")


def main() -> None:
    """Begin a process whenever one is asked for, and say when it has ended. Nothing of a student's runs in this one."""
    control = socket.socket(fileno=os.dup(0))
    _set_dumpable(False)  # or who runs in there could write in this one's memory, and open its files
    places = [os.environ["HOME"], *sys.argv[1:]]
    initial = set(_entries(places))
    control.send(json.dumps({"ready": True}).encode())
    while True:
        request, pipes, *_ = socket.recv_fds(control, 1 << 16, 3)
        if not request:
            return
        if not pipes:  # to end one that has ended already
            control.send(json.dumps({"ended": None}).encode())
            continue
        _clear(places, initial)
        number = os.fork()
        if number == 0:
            control.close()
            _serve(json.loads(request), *pipes)
            os._exit(0)
        control.send(json.dumps({"begun": True}).encode())
        for pipe in pipes:
            os.close(pipe)
        while (ended := os.waitpid(number, os.WNOHANG)) == (0, 0):
            if select.select([control], [], [], 0.02)[0]:
                os.kill(number, signal.SIGKILL)
                ended = os.waitpid(number, 0)
                break
        control.recv(1 << 16)  # it is always asked for its end, even if it has come by itself
        control.send(json.dumps({"ended": os.waitstatus_to_exitcode(ended[1])}).encode())


def _clear(places: list[str], initial: set[str]) -> None:
    """Take away what an earlier process has left; where that cannot be done, all of this comes to its end."""
    for path in reversed(list(_entries(places))):
        if path not in initial:
            with contextlib.suppress(OSError):
                (os.rmdir if os.path.isdir(path) and not os.path.islink(path) else os.unlink)(path)
    if set(_entries(places)) != initial:
        raise SystemExit("what a process has left in here cannot be taken away")


def _entries(places: list[str]) -> Iterator[str]:
    """What lies in folders, outer ones first; but not what is mounted there, such as a checkout that lies in /tmp."""
    for place in places:
        device, waiting = os.lstat(place).st_dev, [place]
        while waiting:
            folder = waiting.pop()
            os.chmod(folder, 0o700)  # a process may have closed it, with something in it
            with os.scandir(folder) as entries:
                inside = [entry for entry in entries if entry.stat(follow_symlinks=False).st_dev == device]
            yield from (entry.path for entry in inside)
            waiting += [entry.path for entry in inside if entry.is_dir(follow_symlinks=False)]


def _set_dumpable(dumpable: bool) -> None:
    """Whether processes of the same user may look into this one."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, int(dumpable), 0, 0, 0)


def _serve(request: dict, *pipes: int) -> None:
    """Be the process in which a student's code runs: answer until nobody asks any more."""
    questions, answers = os.fdopen(pipes[0], "rb"), os.fdopen(pipes[1], "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(pipes[2], 1)
    os.dup2(pipes[2], 2)
    os.close(pipes[2])
    _set_dumpable(True)
    os.setpgid(0, 0)  # a signal to its group is one to itself
    _restrict(request["limits"], base64.b64decode(request["calls"]))
    module = types.ModuleType("__main__")
    module.__dict__.update(get_ipython=lambda: SHELL, display=_nothing, exit=_nothing, quit=_nothing)
    sys.modules["__main__"] = module
    sys.path.append(os.getcwd())  # last: what a cell writes here can be imported, and stands in for nothing
    sys.argv = [""]
    random.seed(0)
    np.random.seed(0)
    while (head := questions.read(protocol.HEADER.size)) and len(head) == protocol.HEADER.size:
        message = json.loads(questions.read(protocol.HEADER.unpack(head)[0]))  # ours: it may be of any length
        [(kind, content)] = message.items()
        reply = ACTIONS[kind](content, module.__dict__)
        answers.write(protocol.frame(reply))
        answers.flush()


def _restrict(limits: dict[str, int], calls: bytes) -> None:
    """Lower what this process may take, and add a filter of system calls; there is no way back up."""
    for name, most in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        # At the lower limit of processor time the signal says what it is, at the upper one the process is just killed.
        upper = most + 1 if name == "CPU" and resource.getrlimit(kind)[1] != most else most
        resource.setrlimit(kind, (most, upper))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    if calls:
        buffer = ctypes.create_string_buffer(calls, len(calls))
        program = struct.pack("HxxxxxxP", len(calls) // 8, ctypes.addressof(buffer))  # struct sock_fprog
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(program), 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "the filter of system calls was refused")


def _run(cell: dict, names: dict) -> dict:
    """Run a cell, or what it defines; and keep what it makes of some names. Says what it raised first, or None."""
    file = f"<cell {cell['number']}>"
    linecache.cache[file] = (len(cell["source"]), None, cell["source"].splitlines(keepends=True), file)
    raised = None
    try:
        statements = ast.parse(as_python(cell["source"])).body
    except BaseException as error:
        return {"raised": _description(error)}
    if cell.get("definitions"):  # those that call nothing
        statements = [
            statement
            for statement in statements
            if isinstance(statement, DEFINITIONS)
            or (isinstance(statement, ASSIGNMENTS) and not any(isinstance(node, CALLS) for node in ast.walk(statement)))
        ]
    while statements:
        try:
            _execute(statements, file, names)
            break
        except BaseException as error:  # SystemExit too: the other cells are still to be run
            raised = raised or _description(error)
            # A statement that stops costs itself, and not the answer that is defined below it.
            lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
            below = [statement for statement in statements if lines and statement.lineno > lines[0]]
            statements = [statement for statement in below if isinstance(statement, DEFINITIONS + ASSIGNMENTS)]
    if cell.get("keep"):
        values = {}
        for name in cell["keep"]:
            with contextlib.suppress(Exception):  # what cannot be sent is no value; a function is called by its name
                values[name] = protocol.pack(names[name])
        _states[cell["number"]] = _State(dict(names), values)
    return {"raised": raised}


def _execute(statements: list[ast.stmt], file: str, names: dict) -> None:
    module = ast.Module(statements, type_ignores=[])
    waiting = eval(compile(module, file, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    if inspect.iscoroutine(waiting):
        import asyncio  # a seventh of what a process takes to start, for whoever awaits something

        asyncio.run(waiting)


def _ask(question: dict, names: dict) -> dict:
    """Call a function with a case, or look a value up, as it was after a cell of its own; else as it is at the end."""
    name, place, case = question["name"], question.get("place"), question["case"]
    if place not in _states or _states[place].names.get(name, ...) is ...:
        place = None
    elif case is None and name in _states[place].values:
        return {"output": _states[place].values[name]}
    end = _states.setdefault(None, _State(dict(names), {}))
    if _current != [place]:  # the names as they were after a cell, with those that came later
        names.clear()
        names.update(end.names | _states[place].names)
        _current[:] = [place]
    if name not in names:
        return {"failure": ["Missing", f"There is no `{name}`."]}
    if case is None:
        return {"output": protocol.pack(to_plain(names[name]))}
    if question.get("network"):
        return _packed(lambda: _train(names[name], protocol.unpack(case)))
    return _packed(lambda: call_answer(names[name], protocol.unpack(case)))


def _train(function: object, given: dict) -> object:
    """Keep the network that a function returns; give back nothing but a failure."""
    _trained[:] = call_function(function, given), function
    return _trained[0] if type(_trained[0]) is Failure else None


def _query(asked: Any, names: dict) -> dict:
    """Call the network that was trained last, with what the function that did so has not seen."""
    network, function = _trained
    return _packed(lambda: call_network(network, protocol.unpack(asked), function))


def _packed(answer: Callable[[], object]) -> dict:
    try:
        output = answer()
        if type(output) is Failure:
            return {"failure": [output.kind, output.message]}
        return {"output": protocol.pack(output)}
    except BaseException as error:  # SystemExit, or whatever stands in for something that was patched
        kind, message = _description(error)
        return {"failure": [kind, f"it stopped with {kind}: {message}"]}


class _State(NamedTuple):
    """What a cell left behind: its names, and its answers as they were then, for a list may be changed later."""

    names: dict
    values: dict


ACTIONS = {"run": _run, "ask": _ask, "query": _query}
_trained: list[Any] = []  # the network that was trained last, and the function that did
_states: dict[int | None, _State] = {}  # by the cell's number; None: at the end
_current: list[int | None] = [None]  # the cell after which the names are as they are


def _description(error: BaseException) -> list[str]:
    try:
        message = " ".join(str(error).split())[:200]
    except BaseException:  # an exception that cannot be written is a student's own
        message = ""
    return [type(error).__name__[:60], message]


class _Shell:
    """What `get_ipython()` gives here: it runs what is timed, and writes files; other magics of a line do nothing."""

    def __getattr__(self, name: str) -> Any:
        return _nothing

    def run_line_magic(self, name: str, line: str, *_: object) -> None:
        if name in EXECUTED_MAGICS:
            self._run(line)
        elif name == "run":
            with open(line.strip(), encoding="utf-8") as file:
                self._run(file.read())

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        if name in EXECUTED_MAGICS:
            self._run(cell)
        elif name in ("writefile", "file"):
            words = line.split()
            with open(words[-1].strip("\"'"), "a" if "-a" in words else "w", encoding="utf-8") as file:
                file.write(cell)
        elif name not in DISPLAY_MAGICS:
            raise RuntimeError(f"%%{name} does nothing where answers are graded: there it is only Python that runs")

    def _run(self, source: str) -> None:
        _execute(ast.parse(as_python(source)).body, "<cell>", sys.modules["__main__"].__dict__)


SHELL = _Shell()


def _nothing(*_: object, **__: object) -> None:
    return None
