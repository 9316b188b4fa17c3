"""A class: each submission is graded once, by whichever worker is free, and entered by one process.

What is found is written down first, so an interrupted run loses nothing: the next one grades only what has changed.
"""

import hashlib
import json
import secrets
from abc import abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue

from vistext.grading import collect, feedback, students
from vistext.grading.grade import grade
from vistext.grading.gradebook import Course
from vistext.grading.limits import MIB, Job
from vistext.grading.platforms import sets_named
from vistext.grading.process import DiedError, LimitError, Worker
from vistext.grading.records import Graded, Record
from vistext.grading.selection import cell_texts
from vistext.grading.students import write

AHEAD = 3  # submissions for each worker that are read and waiting
AHEAD_BYTES = 128 * MIB  # of these in all; one is read whatever it takes
READING = 1024 * MIB, 180  # bytes and seconds to find out who has handed in, or to read what one student has
GRADING = 2048 * MIB, 120  # bytes, and seconds besides those of the sandbox, which runs twice

Work = tuple[Record, bytes | None]  # a submission, and its notebook if that is still to be graded


class Pool(AbstractContextManager):
    """Grades submissions, wherever."""

    @abstractmethod
    def at_once(self) -> int:
        """How many may be handed over and not yet done."""

    @abstractmethod
    def submit(self, content: bytes, job: Job) -> "Future[Graded]": ...

    def result(self, future: "Future[Graded]") -> Graded:
        return future.result()


@dataclass
class Outcome:
    table: Path  # the CSV
    unchanged: int = 0  # how many were known from an earlier run
    records: dict[str, Record] = field(default_factory=dict)  # by student, without texts and notebooks

    @property
    def graded(self) -> int:
        return len(self.records) - self.unchanged


def seed_of(course: Course) -> int:
    """The seed of a set's held-out cases: drawn once for the course, and the same for all its students."""
    file = _folder(course) / "run.json"
    if file.is_file():
        return json.loads(file.read_text(encoding="utf-8"))["seed"]
    seed = secrets.randbits(48)
    write(file, json.dumps({"seed": seed}))
    return seed


def config_digest(job: Job) -> str:
    """A digest of all that a mark depends on besides the submission: exercises, what judges them, and settings."""
    parts = [json.dumps(asdict(replace(job, hidden=())), sort_keys=True).encode()]
    for module in ("vistext.exercises", "vistext.grading", job.exercises):
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(module)
        folders = spec.submodule_search_locations
        files = sorted(Path(folders[0]).rglob("*.py")) if folders else [Path(spec.origin)]
        parts += [file.read_bytes() for file in files]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def grade_all(
    course: Course,
    place: Path,
    job: Job,
    *,
    pool: Callable[[], Pool] | None = None,
    again: bool = False,
    progress: Callable[[str], object] = lambda student: None,
) -> Outcome:
    """Grade all submissions of a set that lie in a folder or zip; `again`: also those that have not changed.

    `pool` makes what grades; without one, this process does. `progress` is called with each student's name at the end.
    """
    with closing(Worker(READING[0], "vistext.grading.collect")) as reader:
        course.register()
        outcome = Outcome(course.folder / "graded" / f"{course.assignment}.csv")
        hidden = {course.folder, place.resolve() if place.is_dir() else place.resolve().parent}
        work = _work(course, _submissions(course, place, job, reader), job, outcome, again=again)
        try:
            with course.open() as gradebook:
                for record in _graded(work, replace(job, hidden=tuple(hidden)), pool):
                    if not record.entered:
                        _keep(course, record)
                        _enter(course, gradebook, record)
                    outcome.records[record.student] = _without_texts(record)
                    progress(record.student)
        finally:
            ids = [exercise.id for exercise in import_module(job.exercises).of_set(job.problem_set)]
            kept = sorted((_folder(course) / "students").glob("[!.]*.json"))  # those of earlier runs too
            write(outcome.table, feedback.table(map(Record.read, kept), ids))
    return outcome


def _submissions(course: Course, place: Path, job: Job, reader: Worker) -> Iterator[collect.Submission]:
    """What students have handed in, each under the id that they have in this course."""
    kept = {path.stem for path in (course.folder / "graded").glob("*/students/[!.]*.json")}
    with course.open() as gradebook:
        # Who was entered by others than us is who is called so.
        taken = [student.id for student in gradebook.students if student.id not in kept]
    search = collect.Search(
        place,
        course.assignment,
        job.limits.file,
        given=frozenset(cell_texts(job.release)),
        by_nbgrader=place.resolve() == course.folder / "submitted",
        sets=frozenset(sets_named(" ".join(path.name for path in (course.folder / "release").iterdir()))),
    )
    ids = students.Students(course.folder / "graded" / students.FILE, taken)
    for submission in collect.collect(search, ids, partial(reader.call, seconds=READING[1])):
        copy = course.path("submitted", submission.student)
        known = copy.is_symlink() or (copy.is_file() and copy.read_bytes() == submission.content)
        if submission.content is not None and not search.by_nbgrader and not known:
            write(copy, submission.content)
        yield submission


def _work(
    course: Course, submissions: Iterator[collect.Submission], job: Job, outcome: Outcome, *, again: bool
) -> Iterator[Work]:
    config = config_digest(job)
    for submission in submissions:
        known = json.dumps([config, submission.timestamp, submission.flags]).encode() + (submission.content or b"")
        digest = hashlib.sha256(known).hexdigest()
        graded = Graded(flags=submission.flags)
        record = Record(submission.student, digest, job.seed, submission.timestamp, graded)
        earlier = None if again else _earlier(course, record)
        outcome.unchanged += earlier is not None
        yield earlier or record, submission.content if earlier is None else None


def _graded(work: Iterator[Work], job: Job, make_pool: Callable[[], Pool] | None) -> Iterator[Record]:
    """The records of submissions, with what was found of them, as they are done."""

    def add(record: Record, graded: Graded) -> Record:
        graded.flags = record.graded.flags + graded.flags
        record.graded = graded
        return record

    if make_pool is None:
        for record, content in work:
            yield record if content is None else add(record, grade(content, job))
        return
    with make_pool() as pool:
        waiting: dict[Future[Graded], tuple[Record, bytes]] = {}
        item = next(work, None)
        while waiting or item is not None:
            while item is not None and len(waiting) < pool.at_once():
                record, content = item
                if content is None:
                    yield record
                elif waiting and sum(len(other) for _, other in waiting.values()) + len(content) > AHEAD_BYTES:
                    break
                else:
                    waiting[pool.submit(content, job)] = record, content
                item = next(work, None)
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                graded = pool.result(future)
                yield add(waiting.pop(future)[0], graded)


def workers(count: int) -> Callable[[], Pool]:
    """What makes so many worker processes, each begun afresh, under limits, and anew if it ends."""
    return lambda: _Workers(count)


class _Workers(Pool):
    """Grades each submission in one of its processes; what that costs is the submission's alone."""

    def __init__(self, count: int):
        self._workers = [Worker(GRADING[0], "vistext.grading.grade") for _ in range(count)]
        self._free: SimpleQueue[Worker] = SimpleQueue()
        for worker in self._workers:
            self._free.put(worker)
        self._threads = ThreadPoolExecutor(count)
        self._ended = False

    def at_once(self) -> int:
        return AHEAD * len(self._workers)

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.kill()

    def submit(self, content: bytes, job: Job) -> "Future[Graded]":
        return self._threads.submit(self._grade, content, job)

    def _grade(self, content: bytes, job: Job) -> Graded:
        worker = self._free.get()
        call = partial(worker.call, grade, content, job, seconds=2 * job.allowed.seconds + GRADING[1])
        try:
            try:
                return call()
            except DiedError:  # it may be another's fault, such as that of a machine that has no memory left
                if self._ended:
                    raise
                return call()
        except DiedError:
            return Graded(flags=["the process that graded it died, twice"])
        except LimitError as error:
            return Graded(flags=[f"reading and judging it {error}"])
        finally:
            self._free.put(worker)


def _enter(course: Course, gradebook, record: Record) -> None:
    """Scores into the gradebook, files into their places; then it is noted that this is done."""
    if record.graded.exercises:
        course.enter(gradebook, record)
        course.show(record)
    page = feedback.page(course.assignment, record.student, record.graded)
    write(course.path("feedback", record.student, ".html"), page)
    record.graded.notebook = None
    record.entered = True
    _keep(course, record)


def _folder(course: Course) -> Path:
    return course.folder / "graded" / course.assignment


def _keep(course: Course, record: Record) -> None:
    write(_folder(course) / "students" / f"{record.student}.json", json.dumps(asdict(record), ensure_ascii=False))


def _earlier(course: Course, record: Record) -> Record | None:
    try:
        earlier = Record.read(_folder(course) / "students" / f"{record.student}.json")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return earlier if earlier.digest == record.digest else None


def _without_texts(record: Record) -> Record:
    """A record without what would make a large class heavy: texts and notebooks."""
    exercises = record.graded.exercises.items()
    results = {key: replace(found, idea="", asked="", came_back="", expected="") for key, found in exercises}
    return replace(record, graded=replace(record.graded, exercises=results, notebook=None, by_hand={}))
