"""A student's cells are run in a sandbox, and their functions asked there; what comes back is not yet judged.

Shown cases are asked first, and held-out ones of another process, of which nothing is kept but answers: so nothing that
a student may read can have been written by who knew what is held out.
"""

import builtins
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from vistext.exercises import CALLED
from vistext.exercises.judging import Exercise, Failure
from vistext.grading import protocol
from vistext.grading.limits import Job
from vistext.grading.process import EndedError, StudentProcess
from vistext.grading.restore import Runnable
from vistext.grading.sandbox import Sandbox, SandboxError

NO_ANSWER = ("Missing", "NotImplementedError")  # whoever has given none to all shown cases is asked no other
# All that is said, to whoever grades, of a process that has seen a held-out case.
STOPPED = "it stopped answering when asked what is held out"
NOT_AGAIN = "a code cell that had run did not do so again, before what is held out was asked"
TOO_MUCH = "it took more time, or more new processes, than a submission may"
OF_OUR_OWN = ("ChangedInput", "GaveNothing", "Missing", "NoNetwork")  # kinds of failures that are no exceptions
OUT_OF_TIME = Failure("Timeout", "nothing, for the time that a submission may take was over")


@dataclass
class Answers:
    shown: list[dict] = field(default_factory=list)
    shown_outputs: list[object] = field(default_factory=list)
    held_out: list[dict] = field(default_factory=list)
    held_out_outputs: list[object] = field(default_factory=list)


@dataclass
class Executed:
    answers: dict[str, list[Answers]]  # by exercise; for each cell whose answer is judged, or for the answer at the end
    raised: dict[int, tuple[str, str]]  # by the index of the cell, the name and the message of what it raised
    flags: list[str]  # what a person should know of: processes that ended, or did not; a sentence each


def execute(cells: Sequence[Runnable], exercises: Sequence[Exercise], job: Job) -> Executed:
    """Run cells in order, and ask for the answers to exercises; those that a person marks are left out."""
    asked: list[tuple[Exercise, int | None, Answers]] = []  # the second: the cell after which an answer is taken
    for exercise in exercises:
        if exercise.kind != "by hand":
            places: list[int | None] = [cell.number for cell in cells if exercise.id in cell.judged]
            asked += [(exercise, place, Answers()) for place in places or [None]]
    session = _Session(cells, job)
    try:
        for exercise, place, answers in asked:
            answers.shown = exercise.cases(None)
            answers.shown_outputs = [session.answer(exercise, place, case) for case in answers.shown]
        session.hold_out()
        for exercise, place, answers in asked:
            if exercise.kind in CALLED:
                answers.held_out = exercise.cases(job.seed)
                if all(type(output) is Failure and output.kind in NO_ANSWER for output in answers.shown_outputs):
                    answers.held_out_outputs = answers.shown_outputs[:1] * len(answers.held_out)
                else:
                    answers.held_out_outputs = [session.answer(exercise, place, case) for case in answers.held_out]
    finally:
        session.close()
    by_exercise: dict[str, list[Answers]] = {}
    for exercise, _, answers in asked:
        by_exercise.setdefault(exercise.id, []).append(answers)
    return Executed(by_exercise, session.raised, session.flags)


class _Session:
    """The student's process: begun when it is needed, and again without what ended it."""

    def __init__(self, cells: Sequence[Runnable], job: Job):
        self.cells, self.job, self.limits = cells, job, job.allowed
        self.deadline = time.monotonic() + self.limits.seconds
        self.held_out = False
        self.sandbox: Sandbox | None = None
        self.process: StudentProcess | None = None
        self.starts = 0
        self.cut: set[int] = set()  # cells that have ended a process: what they define is run, and nothing else
        self.skipped: set[int] = set()  # those that have ended another even so
        self.broken: dict[tuple[str, int | None], Failure] = {}
        self.raised: dict[int, tuple[str, str]] = {}
        self.flags: list[str] = []

    def hold_out(self) -> None:
        """From now on only answers are kept, which are another process's."""
        self._end()
        self.held_out, self.starts = True, 0
        self.deadline = time.monotonic() + self.limits.seconds

    def close(self) -> None:
        self._end()
        if self.sandbox is not None:
            self.sandbox.close()

    def _end(self) -> None:
        if self.process is not None:
            if self.process.printed > self.limits.printed:
                self._flag(f"it printed {self.process.printed:,} bytes; they were thrown away", "")
            self.process.close()
            self.process = None

    def answer(self, exercise: Exercise, place: int | None, case: dict) -> object:
        """What the student's function gives of a case, or their value, as after a cell; or a `Failure`."""
        key = (exercise.id, place)
        if key in self.broken:
            return self.broken[key]
        process = self._ready()
        if process is None:
            return OUT_OF_TIME
        question: dict = {"name": exercise.answer, "place": place, "case": None}
        if exercise.kind == "function":
            question["case"] = protocol.pack(case)
        elif exercise.kind == "network":
            question |= {"case": protocol.pack(case["given"]), "network": True}
        try:
            trained = exercise.seconds + self.limits.grace if exercise.seconds else 0.0
            seconds = max(self.limits.call_seconds, trained)
            output = self._output(self._ask(process, {"ask": question}, seconds), exercise)
            if exercise.kind == "network" and type(output) is not Failure:
                asked = {"query": protocol.pack(case["asked"])}
                seconds = max(self.limits.call_seconds, exercise.seconds / 5)  # a caption is generated word by word
                output = self._output(self._ask(process, asked, seconds), exercise)
            return output
        except EndedError as error:
            self._flag(f"{exercise.id}: {error}", f"{exercise.id}: {STOPPED}")
            self.broken[key] = Failure(error.kind, f"no answer: {error}")
        except protocol.ProtocolError as error:
            self._flag(f"{exercise.id}: what came back cannot be read: {error}", f"{exercise.id}: {STOPPED}")
            self.broken[key] = Failure("Answer", "something that is not plain data")
        return self.broken[key]

    def _output(self, reply: dict, exercise: Exercise) -> object:
        if "output" in reply:
            return protocol.unpack(reply["output"])
        kind, message = _two_texts(reply.get("failure"))
        if self.held_out:  # its kind is compared with what is right; its words are the student's
            return Failure(kind if hasattr(builtins, kind) or kind in OF_OUR_OWN else "Exception", "")
        if kind == "Missing":
            for index, cell in enumerate(self.cells):
                if exercise.id in cell.exercises and index in self.raised:
                    name, words = self.raised[index]
                    return Failure(name, f"no {exercise.answer}, for its cell stopped with {name}: {words}")
        return Failure(kind[:60], message)

    def _ready(self) -> StudentProcess | None:
        """A process in which all cells have run that can; None if there is no time for one."""
        while self.process is None:
            if self.starts > self.limits.restarts or time.monotonic() > self.deadline:
                self._flag(TOO_MUCH, f"{TOO_MUCH}, when asked what is held out")
                return None
            self.starts += 1
            self._begin()
        return self.process

    def _begin(self) -> None:
        index = -1
        try:
            process = self.process = self._in_sandbox()
            for index, cell in enumerate(self.cells):
                if index not in self.skipped:
                    request = {"number": cell.number, "source": cell.source, "keep": list(cell.judged.values())}
                    request["definitions"] = index in self.cut
                    reply = self._ask(process, {"run": request}, self.limits.cell_seconds)
                    if reply.get("raised", "") is not None and not self.held_out:
                        self.raised.setdefault(index, _two_texts(reply.get("raised")))
        except (EndedError, protocol.ProtocolError) as error:
            self._end()
            how = "the others were run without it" if index in self.cut else "of it, only what it defines was run"
            (self.skipped if index in self.cut else self.cut).add(index)
            if not self.held_out:
                self.raised[index] = (error.kind if isinstance(error, EndedError) else "Answer", str(error))
            self._flag(f"code cell {self.cells[index].number}: {error}; {how}", NOT_AGAIN)

    def _in_sandbox(self) -> StudentProcess:
        """A new process, in the same sandbox if that is still there."""
        if self.sandbox is not None:
            try:
                return self.sandbox.begin()
            except EndedError:
                self.sandbox.close()
        self.sandbox = Sandbox(self.limits, sandboxed=self.job.sandboxed, hidden=self.job.hidden)
        try:
            return self.sandbox.begin()
        except EndedError as error:
            raise SandboxError(f"a process did not start in the sandbox: {error}") from error

    def _ask(self, process: StudentProcess, message: dict, seconds: float) -> dict:
        left = self.deadline - time.monotonic()
        try:
            return process.ask(message, max(min(seconds, left), 0.1))
        except EndedError:
            self._end()
            raise

    def _flag(self, reason: str, of_held_out: str) -> None:
        """Keep what a person should know; of who has seen a held-out case nothing but what it did, in our own words."""
        flag = of_held_out if self.held_out else reason
        if flag and flag not in self.flags:
            self.flags.append(flag)


def _two_texts(value: object) -> tuple[str, str]:
    if type(value) is not list or len(value) != 2 or any(type(text) is not str for text in value):
        raise protocol.ProtocolError("it lacks the words that belong to it")
    return value[0][:600], value[1][:600]
