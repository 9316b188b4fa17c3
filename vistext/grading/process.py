"""Processes that answer or are ended, and cannot make their caller wait: our own `Worker`, and a `StudentProcess`."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import threading
import time
from collections.abc import Callable
from importlib import import_module
from multiprocessing import connection, get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vistext.grading import protocol

if TYPE_CHECKING:
    from vistext.grading.sandbox import Sandbox

TICK = 0.2  # seconds between two looks at what a student's process holds
BLOCK = 1 << 16


class LimitError(RuntimeError):
    """A call took too much; the message says what, and goes on from "it"."""


class DiedError(LimitError):
    """The process ended during a call."""


class Worker:
    """Calls functions in a process that may take so many bytes more than it starts with, and begins anew if it ends."""

    def __init__(self, memory: int, module: str = __name__):
        self._memory, self._module = memory, module
        self._process: BaseProcess | None = None
        self._begin()

    def call(self, function: Callable, *arguments: object, seconds: float) -> Any:
        """What a function of a module returns there, or raises; a `LimitError` if it took too much. All is pickled."""
        if self._process is None:
            self._begin()
        try:
            self._pipe.send((function, arguments))
            if not self._pipe.poll(seconds):
                raise LimitError(f"took more than {seconds:g} seconds")
            returned, value = self._pipe.recv()
        except (EOFError, OSError) as error:
            self.close()
            raise DiedError("ended the process that read it") from error
        except BaseException:
            self.close()
            raise
        if returned:
            return value
        if isinstance(value, MemoryError):
            self.close()
            raise LimitError(f"took more than {self._memory >> 20:,} MiB of memory")
        raise value

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
            self._process = None

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
    _limit_memory(memory)
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            return
        try:
            reply = True, function(*arguments)
        except BaseException as error:
            reply = False, error.with_traceback(None)
        pipe.send(reply)
        del function, arguments, reply


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _limit_memory(memory: int) -> None:
    """Limit this process; what it starts may set itself another limit."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
        most, hard = pages * resource.getpagesize() + memory, resource.getrlimit(resource.RLIMIT_AS)[1]
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))


class EndedError(Exception):
    """The process in the sandbox is no more, for "Timeout", "Memory", "Threads", "Files" or "Answer"; or it "Ended"."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


class StudentProcess(contextlib.AbstractContextManager):
    """One process in the sandbox that answers; a context manager that leaves it ended."""

    def __init__(self, sandbox: Sandbox, questions: int, answers: int, prints: int):
        self.limits, self.printed = sandbox.limits, 0
        self._sandbox: Sandbox | None = sandbox
        self._questions, self._answers, self._prints = questions, answers, prints
        self._unsent = b""
        self._pending = bytearray()
        self._read_from = [answers, prints]
        os.set_blocking(questions, False)

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, message: dict, seconds: float) -> dict:
        """Send a message, and wait for what comes back; if nothing does, or too much, it is killed (`EndedError`)."""
        try:
            self._unsent = protocol.frame(message)
            return protocol.read(self._receive(time.monotonic() + seconds, seconds))
        except protocol.ProtocolError as error:
            self.close()
            raise EndedError("Answer", f"what came back cannot be read: {error}") from error
        except EndedError:
            self.close()
            raise

    def close(self) -> int | None:
        """End it; the exit code that it has, None if that is not known."""
        if self._sandbox is None:
            return None
        code, self._sandbox = self._sandbox.end(), None
        for number in (self._questions, self._answers, self._prints):
            os.close(number)
        return code

    def _receive(self, deadline: float, seconds: float) -> bytes:
        header, next_look = protocol.HEADER, time.monotonic() + TICK
        while True:
            if len(self._pending) >= header.size:
                [size] = header.unpack(self._pending[: header.size])
                if size > self.limits.answer:
                    raise EndedError("Answer", f"an answer of {size:,} bytes; at most {self.limits.answer:,} are read")
                if len(self._pending) >= header.size + size:
                    body = bytes(self._pending[header.size : header.size + size])
                    del self._pending[: header.size + size]
                    return body
            now = time.monotonic()
            if now >= deadline:
                raise EndedError("Timeout", f"it did not end within {seconds:.0f} seconds")
            if now >= next_look:
                if self._sandbox is not None:
                    self._sandbox.watch()
                next_look = now + TICK
            self._exchange(min(deadline, next_look) - now)

    def _exchange(self, seconds: float) -> None:
        """Write and read what can be, waiting a while for either: whoever is in there may do neither."""
        write_to = [self._questions] if self._unsent else []
        readable, writable, _ = select.select(self._read_from, write_to, [], max(seconds, 0))
        if self._prints in readable:
            printed = len(os.read(self._prints, BLOCK))
            self.printed += printed
            self._read_from = [self._answers, self._prints] if printed else [self._answers]
        try:
            if writable:
                self._unsent = self._unsent[os.write(self._questions, self._unsent[:BLOCK]) :]
            if self._answers in readable:
                answer = os.read(self._answers, BLOCK)
                self._pending += answer
                if not answer:
                    raise self._ended()
        except OSError:
            raise self._ended() from None

    def _ended(self) -> EndedError:
        code = self.close() or 0
        if code == -signal.SIGXCPU:
            most = self.limits.processor_seconds
            return EndedError("Timeout", f"it used more than {most} seconds of processor time")
        words = {-signal.SIGKILL: "it was killed", -signal.SIGSEGV: "it crashed (segmentation fault)"}
        return EndedError("Ended", words.get(code, "it ended its own process"))
