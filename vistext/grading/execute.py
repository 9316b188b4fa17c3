"""A student's cells are run in a sandbox, and their functions asked there; what comes back is kept, and not yet judged.

All shown cases are asked first. Then that process is ended, and another, begun afresh, is asked the held-out ones. Of
that one, and of those that take its place if it ends, nothing is kept but answers, from which marks are made: not what
it raises or says, nor when, nor how it ends. So nothing that a student may read can have been written by who knew what
is held out.

A call that ends its process costs itself: a new process is begun. So does a cell, of which then only the definitions
are run.
"""

import builtins
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vistext.exercises.exercise import Exercise, Failure
from vistext.grading import protocol
from vistext.grading.limits import Job
from vistext.grading.restore import Runnable
from vistext.grading.sandbox import EndedError, Process, Sandbox, SandboxError

NO_ANSWER = ("Missing", "NotImplementedError")  # whoever has given none to all shown cases is asked no other
# All that is said, to whoever grades, of a process that has seen a held-out case.
STOPPED = "it stopped answering when asked what is held out"
NOT_AGAIN = "a code cell that had run did not do so again, before what is held out was asked"
TOO_MUCH = "it took more time, or more new processes, than a submission may"
OUT_OF_TIME = Failure("Timeout", "nothing, for the time that a submission may take was over")


@dataclass
class Answers:
    """What came back of one exercise."""

    shown: list[dict] = field(default_factory=list)
    shown_outputs: list[object] = field(default_factory=list)
    held_out: list[dict] = field(default_factory=list)
    held_out_outputs: list[object] = field(default_factory=list)


@dataclass
class Examined:
    """What came back of a submission.

    Attributes:
        answers: by the exercise's id; one for each cell whose answer is judged, or one for the answer at the end.
        raised: by the number of the cell in `cells`, the name and the message of what it raised.
        reasons: what a person should know of: processes that ended, or did not; a sentence each.
    """

    answers: dict[str, list[Answers]]
    raised: dict[int, tuple[str, str]]
    reasons: list[str]


def examine(
    cells: Sequence[Runnable], exercises: Sequence[Exercise], job: Job, hidden: tuple[Path, ...] = ()
) -> Examined:
    """Run cells, and ask for the answers to exercises.

    Args:
        cells: to run, in order.
        exercises: those that a person marks are left out.
        job: the seed of the held-out cases, and the limits.
        hidden: folders that the sandbox must not show.

    Raises:
        vistext.grading.sandbox.SandboxError: there is no sandbox, or nothing starts in it.
    """
    asked = [
        (exercise, place, Answers())
        for exercise in exercises
        if exercise.kind != "by hand"
        for place in [cell.number for cell in cells if exercise.id in cell.judged] or [None]
    ]
    process = _Process(cells, job, hidden)
    try:
        for exercise, place, own in asked:
            own.shown = exercise.cases(None)
            own.shown_outputs = [process.ask(exercise, place, case) for case in own.shown]
        process.hold_out()
        for exercise, place, own in asked:
            if exercise.kind == "function":
                own.held_out = exercise.cases(job.seed)
                if all(type(one) is Failure and one.kind in NO_ANSWER for one in own.shown_outputs):
                    own.held_out_outputs = own.shown_outputs[:1] * len(own.held_out)
                else:
                    own.held_out_outputs = [process.ask(exercise, place, case) for case in own.held_out]
    finally:
        process.close()
    answers: dict[str, list[Answers]] = {}
    for exercise, _, own in asked:
        answers.setdefault(exercise.id, []).append(own)
    return Examined(answers, process.raised, process.reasons)


class _Process:
    """The student's process: begun when it is needed, and again without what ended it."""

    def __init__(self, cells: Sequence[Runnable], job: Job, hidden: tuple[Path, ...]):
        self.cells, self.limits, self.sandboxed, self.hidden = cells, job.limits, job.sandboxed, hidden
        self.deadline = time.monotonic() + job.limits.seconds
        self.held_out = False
        self.sandbox: Sandbox | None = None
        self.process: Process | None = None
        self.starts = 0
        self.cut: set[int] = set()  # cells that have ended a process: what they define is run, and nothing else
        self.skipped: set[int] = set()  # those that have ended another even so
        self.broken: dict[tuple[str, int | None], Failure] = {}
        self.raised: dict[int, tuple[str, str]] = {}
        self.reasons: list[str] = []

    def hold_out(self) -> None:
        """From now on only answers are kept, which are another process's."""
        self._end()
        self.held_out, self.starts = True, 0
        self.deadline = time.monotonic() + self.limits.seconds

    def close(self) -> None:
        self._end()
        if self.sandbox is not None:
            self.sandbox.close()
            self.sandbox = None

    def _end(self) -> None:
        if self.process is not None:
            self._note_prints()
            self.process.close()
            self.process = None

    def _note_prints(self) -> None:
        if self.process is not None and self.process.printed > self.limits.printed:
            self._note(f"it printed {self.process.printed:,} bytes; they were thrown away", "")

    def ask(self, exercise: Exercise, place: int | None, case: dict) -> object:
        """What the student's function gives of a case, or their value, as after a cell; or a `Failure`."""
        key = (exercise.id, place)
        if key in self.broken:
            return self.broken[key]
        if not self._ready():
            return OUT_OF_TIME
        sent = protocol.pack(case) if exercise.kind == "function" else None
        question = {"name": exercise.answer, "place": place, "case": sent}
        try:
            reply = self._ask({"ask": question}, self.limits.call_seconds)
            return self._output(reply, exercise)
        except EndedError as error:
            self._note(f"{exercise.id}: {error}", f"{exercise.id}: {STOPPED}")
            self.broken[key] = Failure(error.kind, f"no answer: {error}")
        except protocol.WireError as error:
            self._note(f"{exercise.id}: what came back cannot be read: {error}", f"{exercise.id}: {STOPPED}")
            self.broken[key] = Failure("Answer", "something that is no plain data")
        return self.broken[key]

    def _output(self, reply: dict, exercise: Exercise) -> object:
        if "output" in reply:
            return protocol.unpack(reply["output"])
        kind, message = _two_texts(reply.get("failure"))
        if self.held_out:  # its kind is compared with what is right; its words are the student's
            return Failure(kind if hasattr(builtins, kind) or kind in ("ChangedInput", "Missing") else "Exception", "")
        if kind == "Missing":
            for number, cell in enumerate(self.cells):
                if exercise.id in cell.exercises and number in self.raised:
                    name, said = self.raised[number]
                    return Failure(name, f"no {exercise.answer}, for its cell stopped with {name}: {said}")
        return Failure(kind[:60], message[:600])

    def _ready(self) -> bool:
        """Whether there is a process in which all cells have run that can."""
        while self.process is None:
            if self.starts > self.limits.restarts or time.monotonic() > self.deadline:
                self._note(TOO_MUCH, f"{TOO_MUCH}, when asked what is held out")
                return False
            self.starts += 1
            self._begin()
        return True

    def _begin(self) -> None:
        number = -1
        try:
            self.process = self._in_sandbox()
            for number, cell in enumerate(self.cells):
                if number not in self.skipped:
                    wish = {"number": cell.number, "source": cell.source, "keep": list(cell.judged.values())}
                    wish["definitions"] = number in self.cut
                    reply = self._ask({"run": wish}, self.limits.cell_seconds)
                    if reply.get("raised", "") is not None and not self.held_out:
                        self.raised.setdefault(number, tuple(_two_texts(reply.get("raised"))))
        except (EndedError, protocol.WireError) as error:
            self._end()
            how = "the others were run without it" if number in self.cut else "of it, only what it defines was run"
            (self.skipped if number in self.cut else self.cut).add(number)
            if not self.held_out:
                kind = error.kind if isinstance(error, EndedError) else "Answer"
                self.raised[number] = (kind, str(error))
            self._note(f"code cell {self.cells[number].number}: {error}; {how}", NOT_AGAIN)

    def _in_sandbox(self) -> Process:
        """A new process, in the same sandbox if that is still there."""
        if self.sandbox is not None:
            try:
                return self.sandbox.begin()
            except EndedError:
                self.sandbox.close()
        self.sandbox = Sandbox(self.limits, sandboxed=self.sandboxed, hidden=self.hidden)
        try:
            return self.sandbox.begin()
        except EndedError as error:
            raise SandboxError(f"a process did not start in the sandbox: {error}") from error

    def _ask(self, message: dict, seconds: float) -> dict:
        left = self.deadline - time.monotonic()
        try:
            return self.process.ask(message, max(min(seconds, left), 0.1))
        except EndedError:
            self._end()
            raise

    def _note(self, reason: str, of_held_out: str) -> None:
        """Keep what a person should know; of who has seen a held-out case nothing but what it did, in our own words."""
        reason = of_held_out if self.held_out else reason
        if reason and reason not in self.reasons:
            self.reasons.append(reason)


def _two_texts(value: object) -> list[str]:
    if type(value) is not list or len(value) != 2 or any(type(text) is not str for text in value):
        raise protocol.WireError("it lacks the words that belong to it")
    return [text[:600] for text in value]
