"""What runs in the sandbox: it runs a student's cells, calls their functions, and sends back what these give.

It is asked on standard input and answers on standard output, in frames of vistext.grading.wire.

No Jupyter kernel: the cells are run by `exec`. So there are no sockets and no connection file, it starts in a third of
the time, and all that the trusted side reads is one pipe in one format. Whatever is run here may take this process
over and answer in its place; it cannot answer more than this process can. Nothing here knows what is right.
"""

import ast
import asyncio
import inspect
import linecache
import os
import random
import resource
import signal
import sys
import types

import numpy as np

from vistext.checks.asking import as_plain, call
from vistext.checks.exercise import Failure
from vistext.grading import wire


def main() -> None:
    """Answer until nobody asks any more."""
    questions, answers = _take_pipes()
    module = types.ModuleType("__main__")
    module.__dict__.update(get_ipython=_Shell, display=_nothing)
    sys.modules["__main__"] = module
    random.seed(0)
    np.random.seed(0)
    while (head := questions.read(wire.HEADER.size)) and len(head) == wire.HEADER.size:
        message = wire.read(questions.read(wire.HEADER.unpack(head)[0]))
        [(wish, content)] = message.items()
        answers.write(wire.frame(WISHES[wish](content, module.__dict__)))
        answers.flush()


def _take_pipes():
    """The two pipes, out of the way of `print` and `input`."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return questions, answers


def _limit(limits: dict, names: dict) -> dict:
    """Lower what this process may take; there is no way back up."""
    for name, most in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        # At the lower limit of processor time the signal says what it is, at the upper one the process is just killed.
        upper = most + 1 if name == "CPU" and resource.getrlimit(kind)[1] != most else most
        resource.setrlimit(kind, (most, upper))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    return {"done": True}


def _run(cell: dict, names: dict) -> dict:
    """Run a cell; says what it raised, or None."""
    name = f"<cell {cell['number']}>"
    linecache.cache[name] = (len(cell["source"]), None, cell["source"].splitlines(keepends=True), name)
    try:
        code = compile(_as_python(cell["source"]), name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        waiting = eval(code, names)
        if inspect.iscoroutine(waiting):
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
        return {"output": wire.pack(as_plain(names[name]))}
    try:
        output = call(names[name], wire.unpack(question["case"]))
        if type(output) is Failure:
            return {"failure": [output.kind, output.message]}
        return {"output": wire.pack(output)}
    except BaseException as error:  # SystemExit, or whatever stands in for something that was patched
        return {"failure": [type(error).__name__[:60], f"it stopped with {type(error).__name__[:60]}: {_said(error)}"]}


WISHES = {"limit": _limit, "run": _run, "ask": _ask}


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
