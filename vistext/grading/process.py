"""A process in the sandbox, as who asks it sees it: it answers or it is ended, and nobody in it can make them wait."""

from __future__ import annotations

import os
import selectors
import time
from typing import TYPE_CHECKING

from vistext.grading import protocol

if TYPE_CHECKING:
    from vistext.grading.sandbox import Sandbox

TICK = 0.2  # seconds between two looks of the watch


class EndedError(Exception):
    """The process in the sandbox is no more.

    Attributes:
        kind: "Timeout", "Memory", "Threads", "Files", "Answer" (too long, or not readable) or "Ended" (by itself).
    """

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


class Process:
    """One process that answers; a context manager that leaves it ended.

    Attributes:
        printed: bytes that it has printed.
    """

    def __init__(self, sandbox: Sandbox, questions: int, answers: int, printed: int):
        self.limits, self.printed = sandbox.limits, 0
        self._sandbox: Sandbox | None = sandbox
        self._questions, self._answers, self._prints = questions, answers, printed
        self._unsent = b""
        self._pending = bytearray()
        self._open = selectors.DefaultSelector()
        for number in (questions, answers, printed):
            os.set_blocking(number, False)
        self._open.register(answers, selectors.EVENT_READ)
        self._open.register(printed, selectors.EVENT_READ)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, message: dict, seconds: float) -> dict:
        """Send a message, and wait for what comes back.

        Raises:
            EndedError: nothing came in time, or too much, or the process has ended. It is killed.
        """
        try:
            self._unsent = protocol.frame(message)
            return protocol.read(self._receive(time.monotonic() + seconds, seconds))
        except protocol.WireError as error:
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
        self._open.close()
        for number in (self._questions, self._answers, self._prints):
            os.close(number)
        return code

    def _receive(self, deadline: float, seconds: float) -> bytes:
        size, look = None, time.monotonic() + TICK
        while True:
            if size is None and len(self._pending) >= protocol.HEADER.size:
                size = protocol.HEADER.unpack(self._pending[: protocol.HEADER.size])[0]
                if size > self.limits.answer:
                    raise EndedError("Answer", f"an answer of {size:,} bytes; at most {self.limits.answer:,} are read")
            if size is not None and len(self._pending) >= protocol.HEADER.size + size:
                body = bytes(self._pending[protocol.HEADER.size : protocol.HEADER.size + size])
                del self._pending[: protocol.HEADER.size + size]
                return body
            now = time.monotonic()
            if now >= deadline:
                raise EndedError("Timeout", f"it did not end within {seconds:.0f} seconds")
            if now >= look:
                self._sandbox.watch()
                look = now + TICK
            self._exchange(min(deadline, look) - now)

    def _exchange(self, seconds: float) -> None:
        """Write and read what can be, waiting a while for either: whoever is in there may do neither."""
        if not self._unsent and self._questions in self._open.get_map():
            self._open.unregister(self._questions)
        elif self._unsent and self._questions not in self._open.get_map():
            self._open.register(self._questions, selectors.EVENT_WRITE)
        for key, _ in self._open.select(max(seconds, 0)):
            if key.fd == self._questions:
                try:
                    self._unsent = self._unsent[os.write(key.fd, self._unsent[: 1 << 16]) :]
                except OSError:
                    raise self._ended() from None
                continue
            data = os.read(key.fd, 1 << 16)
            if key.fd == self._prints:
                self.printed += len(data)
                if not data:
                    self._open.unregister(key.fd)
            elif data:
                self._pending += data
            else:
                raise self._ended()

    def _ended(self) -> EndedError:
        code = self.close()
        number = -code if code is not None and code < 0 else 0
        how = {
            9: "it was killed",
            11: "it crashed (segmentation fault)",
            24: f"it used more than {self.limits.processor_seconds} seconds of processor time",
        }.get(number, "it ended its own process")
        return EndedError("Timeout" if number == 24 else "Ended", how)
