"""A class: each submission is graded once, by whichever worker is free, and entered by one process.

What is found is written down before anything else is done with it. So a run that is interrupted loses nothing: the
next one takes up where it ended, and grades only what has changed since.

What students have written is unpacked, read and parsed in processes that have limits, and not in this one.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue

from vistext.grading import attempts, collect, feedback, identities
from vistext.grading.grade import grade, ungraded
from vistext.grading.gradebook import Course, write
from vistext.grading.limits import MIB, Job
from vistext.grading.platforms import sets_named
from vistext.grading.worker import DiedError, LimitError, Worker

AHEAD = 3  # submissions for each worker that are read and waiting
AHEAD_BYTES = 128 * MIB  # of these in all; one is read whatever it takes
READING = 1024 * MIB, 180  # bytes and seconds to find out who has handed in, or to read what one student has
GRADING = 2048 * MIB, 120  # bytes, and seconds besides those of the sandbox


@dataclass
class Outcome:
    """What a run has done.

    Attributes:
        graded: how many were run and judged now.
        unchanged: how many were known from an earlier run.
        records: what is known of each submission, by the student's name.
        table: where the CSV is.
    """

    graded: int = 0
    unchanged: int = 0
    records: dict[str, dict] = field(default_factory=dict)
    table: Path = Path()


def seed_of(course: Course) -> int:
    """The seed of a set's held-out cases: drawn once for the course, and the same for all its students."""
    kept = _folder(course) / "run.json"
    if kept.is_file():
        return json.loads(kept.read_text(encoding="utf-8"))["seed"]
    seed = secrets.randbits(48)
    write(kept, json.dumps({"seed": seed}))
    return seed


def config_digest(job: Job) -> str:
    """A digest of all that a mark depends on besides the submission: exercises, what judges them, and settings."""
    parts = [json.dumps([job.recorded(), job.release], sort_keys=True).encode()]
    for module in ("vistext.exercises", "vistext.grading", job.checks):
        spec = find_spec(module)
        folders = spec.submodule_search_locations
        files = sorted(Path(folders[0]).rglob("*.py")) if folders else [Path(spec.origin)]
        parts += [file.read_bytes() for file in files]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def grade_all(
    course: Course,
    place: Path,
    job: Job,
    *,
    executor: Callable[[], Executor] | None = None,
    again: bool = False,
    progress: Callable[[str], None] = lambda student: None,
) -> Outcome:
    """Grade all submissions of a set.

    Args:
        course: where scores are entered and pages written.
        place: the folder, or zip, of the submissions.
        job: of the set.
        executor: makes what runs the work, such as `workers(2)`; None to do it in this process, one after the other.
        again: grade also what has not changed.
        progress: called with each student's name once all is done for them.

    Raises:
        vistext.grading.sandbox.SandboxError: there is no sandbox.
        vistext.grading.gradebook.CourseError: the gradebook holds another version of the set.
    """
    with closing(Worker(READING[0], "vistext.grading.collect")) as reader:
        course.register()
        outcome = Outcome(table=course.folder / "graded" / f"{course.assignment}.csv")
        hidden = tuple({course.folder, place.resolve() if place.is_dir() else place.resolve().parent})
        submissions = _submissions(course, place, job, reader)
        work = _work(course, submissions, job, outcome, again=again, progress=progress)
        try:
            with course.open() as gradebook:
                for student, kept, graded in _spread(work, job, hidden, executor):
                    graded["doubts"] = kept.pop("doubts") + graded["doubts"]
                    record = kept | {"graded": graded}
                    _keep(course, record)
                    _enter(course, gradebook, record)
                    outcome.graded += 1
                    outcome.records[student] = _short(record)
                    progress(student)
        finally:
            _write_table(course, job, outcome)
    return outcome


def _submissions(course: Course, place: Path, job: Job, reader: Worker) -> Iterator[collect.Submission]:
    """What students have handed in, each under the id that they have in this course."""
    kept = {path.stem for path in (course.folder / "graded").glob("*/students/[!.]*.json")}
    with course.open() as gradebook:
        # Who was entered by others than us is who is called so.
        taken = [student.id for student in gradebook.students if student.id not in kept]
    students = identities.Students(course.folder / "graded" / identities.FILE, taken)
    search = collect.Search(
        place,
        course.assignment,
        job.limits.file,
        given=frozenset(attempts.sources(job.release)),
        by_nbgrader=place.resolve() == course.folder / "submitted",
        sets=frozenset(sets_named(" ".join(path.name for path in (course.folder / "release").iterdir()))),
    )
    for submission in collect.collect(search, students, partial(reader.call, seconds=READING[1])):
        copy = course.path("submitted", submission.student)
        known = copy.is_symlink() or (copy.is_file() and copy.read_bytes() == submission.content)
        if submission.content is not None and not search.by_nbgrader and not known:
            write(copy, submission.content)
        yield submission


def _work(
    course: Course,
    submissions: Iterator[collect.Submission],
    job: Job,
    outcome: Outcome,
    *,
    again: bool,
    progress: Callable[[str], None],
) -> Iterator[tuple[dict, bytes]]:
    """What is to be graded; what is known already goes to `outcome`, after it has been entered if it was not yet."""
    ground = config_digest(job)
    for submission in submissions:
        content = submission.content
        known_of_it = json.dumps([ground, submission.timestamp, submission.doubts])
        digest = hashlib.sha256(known_of_it.encode() + (content or b"")).hexdigest()
        record = {
            "student": submission.student,
            "digest": digest,
            "seed": job.seed,
            "timestamp": submission.timestamp,
            "doubts": submission.doubts,
        }
        known = None if again else _known(course, submission.student, digest)
        if content is not None and known is None:
            yield record, content
            continue
        if known is None:
            known = record | {"graded": ungraded(*record.pop("doubts"))}
            outcome.graded += 1
            _keep(course, known)
        else:
            outcome.unchanged += 1
        if not known.get("entered"):
            with course.open() as gradebook:
                _enter(course, gradebook, known)
        outcome.records[submission.student] = _short(known)
        progress(submission.student)


def _spread(
    work: Iterator[tuple[dict, bytes]], job: Job, hidden: tuple[Path, ...], executor: Callable[[], Executor] | None
) -> Iterator[tuple[str, dict, dict]]:
    """Each submission's record, and what was found of it, as they are done."""
    if executor is None:
        for record, content in work:
            yield record["student"], record, grade(content, job, hidden)
        return
    with executor() as pool:
        waiting: dict[Future, tuple[dict, bytes]] = {}
        item = next(work, None)
        try:
            while waiting or item is not None:
                while item is not None and len(waiting) < pool.at_once and _may_wait(item, waiting):
                    waiting[pool.submit(grade, item[1], job, hidden)] = item
                    item = next(work, None)
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    graded = future.result()
                    record, _ = waiting.pop(future)
                    yield record["student"], record, graded
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _may_wait(item: tuple[dict, bytes], waiting: dict[Future, tuple[dict, bytes]]) -> bool:
    """Whether there is memory for one more beside those that are handed over."""
    return not waiting or sum(len(content) for _, content in [item, *waiting.values()]) <= AHEAD_BYTES


def workers(count: int) -> Callable[[], Executor]:
    """What makes so many worker processes, each begun afresh, under limits, and anew if it ends."""
    return lambda: _Workers(count)


class _Workers(Executor):
    """Grades each submission in one of its processes; what that costs is the submission's alone."""

    def __init__(self, count: int):
        self.at_once = AHEAD * count  # submissions that are read and handed over
        self._workers = [Worker(GRADING[0], "vistext.grading.grade") for _ in range(count)]
        self._free: SimpleQueue[Worker] = SimpleQueue()
        for worker in self._workers:
            self._free.put(worker)
        self._threads = ThreadPoolExecutor(count)
        self._ended = False

    def submit(self, function: Callable[..., dict], /, content: bytes, job: Job, hidden: tuple[Path, ...]) -> Future:
        """Have a submission graded."""
        return self._threads.submit(self._grade, function, content, job, hidden)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes."""
        self._ended = True
        self._threads.shutdown(wait=False, cancel_futures=cancel_futures)
        for worker in self._workers:
            worker.kill()

    def _grade(self, function: Callable[..., dict], content: bytes, job: Job, hidden: tuple[Path, ...]) -> dict:
        worker = self._free.get()
        try:
            call = partial(worker.call, function, content, job, hidden, seconds=job.limits.seconds + GRADING[1])
            try:
                return call()
            except DiedError:  # it may be another's fault, such as that of a machine that has no memory left
                if self._ended:
                    raise
                return call()
        except DiedError:
            return ungraded("the process that graded it died, twice")
        except LimitError as error:
            return ungraded(f"reading and judging it {error}")
        finally:
            self._free.put(worker)


def _enter(course: Course, gradebook, record: dict) -> None:
    """Scores into the gradebook, files into their places; then it is noted that this is done."""
    student, graded = record["student"], record["graded"]
    if graded["exercises"]:
        course.enter(gradebook, student, graded, record["timestamp"])
        course.show(student, graded["notebook"], record["timestamp"])
    write(course.path("feedback", student, ".html"), feedback.page(course.assignment, student, graded))
    graded["notebook"] = None
    record["entered"] = True
    _keep(course, record)


def _folder(course: Course) -> Path:
    return course.folder / "graded" / course.assignment


def _keep(course: Course, record: dict) -> None:
    write(_folder(course) / "students" / f"{record['student']}.json", json.dumps(record, ensure_ascii=False))


def _known(course: Course, student: str, digest: str) -> dict | None:
    """What an earlier run found of the same submission."""
    try:
        record = json.loads((_folder(course) / "students" / f"{student}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if record.get("digest") == digest else None


def _short(record: dict) -> dict:
    """A record without what would make a large class heavy: texts and notebooks."""
    graded = record["graded"]
    kept = {
        key: {name: result[name] for name in ("score", "points", "passed", "mistake")}
        for key, result in graded["exercises"].items()
    }
    short = {"exercises": kept, "doubts": graded["doubts"], "notes": graded["notes"], "seconds": graded["seconds"]}
    return {name: record[name] for name in ("student", "digest", "seed")} | {"graded": short}


def _write_table(course: Course, job: Job, outcome: Outcome) -> None:
    """Everybody whose submission is known, those of earlier runs too."""
    ids = [exercise.id for exercise in import_module(job.checks).of_set(job.problem_set)]
    records = (
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((_folder(course) / "students").glob("[!.]*.json"))
    )
    write(outcome.table, feedback.table(records, ids))
