"""A process of our own that works under limits: whatever a submission does to it costs that submission alone.

Students' code never runs here (see `sandbox`); but files that students wrote are unpacked and parsed here.
"""

import contextlib
import os
import resource
import signal
import threading
from collections.abc import Callable
from importlib import import_module
from multiprocessing import connection, get_context, parent_process
from pathlib import Path


class LimitError(RuntimeError):
    """A call took too much; the message says what, and goes on from "it"."""


class DiedError(LimitError):
    """The process ended during a call."""


class Worker:
    """Calls functions in a process that is begun at once, and anew after it has ended.

    Args:
        memory: bytes of address space that it may take, besides what it starts with.
        module: is imported when it starts.
    """

    def __init__(self, memory: int, module: str = __name__):
        self._memory, self._module = memory, module
        self._process = self._pipe = None
        self._begin()

    def call(self, function: Callable, *given: object, seconds: float) -> object:
        """What the function returns there, or raises.

        Args:
            function: of a module; it and all that is given are pickled.
            seconds: after which the process is ended.

        Raises:
            LimitError: it took more time or memory.
            DiedError: the process ended.
        """
        if self._process is None:
            self._begin()
        try:
            self._pipe.send((function, given))
            if not self._pipe.poll(seconds):
                self.close()
                raise LimitError(f"took more than {seconds:g} seconds")
            returned, value = self._pipe.recv()
        except (EOFError, OSError) as error:
            self.close()
            raise DiedError("ended the process that read it") from error
        except BaseException:
            self.close()
            raise
        if isinstance(value, MemoryError) and not returned:
            self.close()
            raise LimitError(f"took more than {self._memory >> 20:,} MiB of memory")
        if not returned:
            raise value
        return value

    def kill(self) -> None:
        """End the process; may be called by another thread while a call is under way, which then raises."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the process; a later call begins another."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = self._pipe = None

    def _begin(self) -> None:
        spawn = get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, self._memory, self._module), daemon=True)
        self._process.start()
        theirs.close()


def _serve(pipe: connection.Connection, memory: int, module: str) -> None:
    signal.signal(signal.SIGINT, lambda *_: None)  # what is interrupted is the run; that ends this process
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import_module(module)
    _limit(memory)
    while True:
        try:
            function, given = pipe.recv()
        except EOFError:
            return
        try:
            reply = True, function(*given)
        except BaseException as error:
            reply = False, error.with_traceback(None)
        pipe.send(reply)
        del function, given, reply


def _end_with_parent() -> None:
    parent_process().join()
    os._exit(1)


def _limit(memory: int) -> None:
    """Limit this process's memory; what it starts may set itself another limit."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
        most, hard = pages * resource.getpagesize() + memory, resource.getrlimit(resource.RLIMIT_AS)[1]
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))
