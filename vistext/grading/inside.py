"""What runs in the sandbox: it runs a student's cells, calls their functions, and sends back what these give.

It is asked and answers through pipes of its own, in frames of vistext.grading.wire.

No Jupyter kernel: the cells are run by `exec`. So there are no sockets and no connection file, it starts in a third of
the time, and all that the trusted side reads is one pipe in one format. Whatever is run here may take this process
over and answer in its place; it cannot answer more than this process can. Nothing here knows what is right.
"""

import ast
import base64
import ctypes
import inspect
import json
import linecache
import os
import random
import resource
import select
import shutil
import signal
import socket
import struct
import sys
import types

import numpy as np

from vistext.checks.asking import call
from vistext.checks.exercise import Failure
from vistext.grading import wire


def main() -> None:
    """Begin a process whenever one is asked for, and say when it has ended. Nothing of a student's runs in this one."""
    control = socket.socket(fileno=os.dup(0))
    _set_dumpable(False)  # or who runs in there could write in this one's memory, and open its files
    control.send(json.dumps({"ready": True}).encode())
    while True:
        wish, pipes, *_ = socket.recv_fds(control, 1 << 16, 3)
        if not wish:
            return
        if not pipes:  # to end one that has ended already
            control.send(json.dumps({"ended": None}).encode())
            continue
        _clear([os.environ["HOME"], *sys.argv[1:]])
        number = os.fork()
        if number == 0:
            control.close()
            _serve(json.loads(wish), *pipes)
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


def _clear(places: list[str]) -> None:
    """Take away what an earlier process has left; where that cannot be done, all of this comes to its end."""
    for place in places:
        for entry in os.scandir(place):
            if entry.is_dir(follow_symlinks=False):
                if entry.path not in places:
                    shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)
    left = [file for place in places for _, _, files in os.walk(place) for file in files]
    if any(not file.startswith("fontlist-") for file in left) or not all(map(os.path.isdir, places)):
        raise SystemExit("what a process has left in here cannot be taken away")


def _set_dumpable(dumpable: bool) -> None:
    """Whether processes of the same user may look into this one."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, int(dumpable), 0, 0, 0)


def _serve(wish: dict, *pipes: int) -> None:
    """Be the process in which a student's code runs: answer until nobody asks any more."""
    questions, answers = os.fdopen(pipes[0], "rb"), os.fdopen(pipes[1], "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(pipes[2], 1)
    os.dup2(pipes[2], 2)
    os.close(pipes[2])
    _set_dumpable(True)
    os.setpgid(0, 0)  # a signal to its group is one to itself
    _limit(wish["limits"])
    if wish["calls"]:
        _forbid(base64.b64decode(wish["calls"]))
    module = types.ModuleType("__main__")
    module.__dict__.update(get_ipython=_Shell, display=_nothing)
    sys.modules["__main__"] = module
    sys.argv = [""]
    random.seed(0)
    np.random.seed(0)
    while (head := questions.read(wire.HEADER.size)) and len(head) == wire.HEADER.size:
        message = wire.read(questions.read(wire.HEADER.unpack(head)[0]))
        [(asked, content)] = message.items()
        answers.write(wire.frame(WISHES[asked](content, module.__dict__)))
        answers.flush()


def _limit(limits: dict) -> None:
    """Lower what this process may take; there is no way back up."""
    for name, most in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        # At the lower limit of processor time the signal says what it is, at the upper one the process is just killed.
        upper = most + 1 if name == "CPU" and resource.getrlimit(kind)[1] != most else most
        resource.setrlimit(kind, (most, upper))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def _forbid(calls: bytes) -> None:
    """Add a filter of system calls to those that hold already, none of which can be taken away."""
    made = ctypes.create_string_buffer(calls, len(calls))
    program = struct.pack("HxxxxxxP", len(calls) // 8, ctypes.addressof(made))  # struct sock_fprog
    if ctypes.CDLL(None, use_errno=True).prctl(22, 2, ctypes.c_char_p(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the filter of system calls was refused")


def _run(cell: dict, names: dict) -> dict:
    """Run a cell; says what it raised, or None."""
    name = f"<cell {cell['number']}>"
    linecache.cache[name] = (len(cell["source"]), None, cell["source"].splitlines(keepends=True), name)
    try:
        code = compile(_as_python(cell["source"]), name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        waiting = eval(code, names)
        if inspect.iscoroutine(waiting):
            import asyncio  # a seventh of what a process takes to start, for whoever awaits something

            asyncio.run(waiting)
    except BaseException as error:  # SystemExit too: the other cells are still to be run
        return {"raised": [type(error).__name__[:60], _said(error)]}
    return {"raised": None}


def _ask(question: dict, names: dict) -> dict:
    """Call a function with a case, or look a value up."""
    name = question["name"]
    if name not in names:
        return {"failure": ["Missing", f"There is no `{name}`."]}
    if question["case"] is None:
        return {"output": wire.pack(names[name])}
    try:
        output = call(names[name], wire.unpack(question["case"]))
        if type(output) is Failure:
            return {"failure": [output.kind, output.message]}
        return {"output": wire.pack(output)}
    except BaseException as error:  # SystemExit, or whatever stands in for something that was patched
        return {"failure": [type(error).__name__[:60], f"it stopped with {type(error).__name__[:60]}: {_said(error)}"]}


WISHES = {"run": _run, "ask": _ask}


def _said(error: BaseException) -> str:
    try:
        return " ".join(str(error).split())[:200]
    except BaseException:  # an exception that cannot be written is a student's own
        return ""


def _as_python(source: str) -> str:
    """The source of a cell, with IPython's magics as calls."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        from IPython.core.inputtransformer2 import TransformerManager

        return TransformerManager().transform_cell(source)
    return source


class _Shell:
    """What `get_ipython()` gives here: magics and system commands do nothing, but a cell that is timed is run."""

    def __getattr__(self, name: str) -> object:
        return _nothing

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        if name in ("time", "timeit", "capture", "prun"):
            exec(compile(_as_python(cell), "<cell>", "exec"), sys.modules["__main__"].__dict__)


def _nothing(*_: object, **__: object) -> None:
    return None
