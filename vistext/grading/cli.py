"""`vistext grade`: its options, and what it prints."""

import argparse
import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from vistext import exercises
from vistext.grading import batch, cluster, feedback, gradebook, sandbox, sanitize
from vistext.grading.limits import MIB, Job, Limits
from vistext.grading.process import LimitError
from vistext.grading.records import Graded

DONE, MEND_FIRST, WRONG_INPUT = 0, 1, 2  # as in vistext.cli
COURSE = Path("notebooks") / "exercises"
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
# Options that set a field of `Limits`: which, in which unit, and what it is.
LIMITS = {
    "memory": ("memory", MIB, ""),
    "threads": ("threads", 1, ""),
    "disk": ("disk", MIB, ""),
    "notebook": ("file", MIB, "largest file, with its outputs "),
}
AGAIN = "once that is mended, run the same command again: what was graded is kept"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    limits = Limits()
    parser.add_argument("sets", metavar="SET", nargs="*", help=f"which sets: {', '.join(exercises.SETS)}")
    parser.add_argument("--all", action="store_true", help="every set that the course folder has a release of")
    parser.add_argument(
        "--submissions",
        metavar="PLACE",
        type=Path,
        help="a folder, a zip, or one notebook (default: submitted/ of the course folder)",
    )
    parser.add_argument(
        "--course",
        metavar="FOLDER",
        type=Path,
        help=f"nbgrader's course folder (default: here, or {COURSE.as_posix()})",
    )
    parser.add_argument(
        "--jobs", "--workers", metavar="N", type=_count, default=_cores(), help="side by side (default: %(default)s)"
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster that grades, in place of processes of this machine"
    )
    parser.add_argument("--seed", type=int, help="of the held-out cases (default: the course's own, drawn once)")
    parser.add_argument("--again", action="store_true", help="grade also what has not changed")
    parser.add_argument(
        "--seconds", type=float, default=limits.seconds, help="that a submission may take (default: %(default)g)"
    )
    for option, (name, unit, words) in LIMITS.items():
        metavar, most = "MIB" if unit == MIB else "N", getattr(limits, name) // unit
        help_text = f"{words}(default: %(default)s)"
        parser.add_argument(f"--{option}", metavar=metavar, type=_count, default=most, help=help_text)
    parser.add_argument(
        "--no-sandbox", action="store_true", help="run students' code as you, with your files and your network"
    )


def run(arguments: argparse.Namespace) -> int:
    problem = gradebook.without_nbgrader()
    if not problem and arguments.scheduler:  # the cluster's workers are asked later
        problem = cluster.without_dask()
    elif not problem and not arguments.no_sandbox:
        problem = str(sandbox.refusal() or "")
    if problem:
        return _fail(problem, MEND_FIRST)
    course = arguments.course or next((folder for folder in (Path(), COURSE) if (folder / "release").is_dir()), Path())
    released = [name for name in exercises.SETS if any((course / "release").glob(f"{name}_*"))]
    sets = released if arguments.all else arguments.sets
    if not sets or any(name not in exercises.SETS for name in sets):
        return _fail(f"name a set, or --all; there are {', '.join(exercises.SETS)}", WRONG_INPUT)
    place = arguments.submissions or course / "submitted"
    if not place.exists():
        return _fail(f"there is no {place}; --submissions names the folder, or the zip, to grade", WRONG_INPUT)
    logging.getLogger("tornado.application").setLevel(logging.CRITICAL)  # nbgrader's, for what it raises as well
    try:
        with _alone(course):
            for name in sets:
                _grade_set(gradebook.Course(course, name), name, place, arguments)
    except Exception as error:
        known = _explained(error, place, course)
        if known is None:
            raise
        return _fail(*known)
    return DONE


def _explained(error: Exception, place: Path, course: Path) -> tuple[str, int] | None:
    """What to say of it, and the exit code; None if it is a fault of ours."""
    from sqlalchemy.exc import DBAPIError

    behind: BaseException | None = error
    while behind is not None and not isinstance(behind, DBAPIError):  # nbgrader raises its own in place of some
        behind = behind.__cause__ or behind.__context__
    if behind is not None:
        return f"the gradebook of {course} cannot be written: {behind.orig}; {AGAIN}", MEND_FIRST
    if isinstance(error, OSError) and error.errno in DISK:
        return f"{error}; {AGAIN}", MEND_FIRST
    if isinstance(error, sandbox.SandboxError | cluster.ClusterError):
        return str(error), MEND_FIRST
    if isinstance(error, LimitError):
        return f"{place} cannot be read: finding out who has handed in {error}", WRONG_INPUT
    return (str(error), WRONG_INPUT) if isinstance(error, OSError | ValueError) else None


def _grade_set(course, name: str, place: Path, arguments: argparse.Namespace) -> None:
    from tqdm import tqdm

    fields = {field: getattr(arguments, option) * unit for option, (field, unit, _) in LIMITS.items()}
    limits = replace(Limits(), seconds=arguments.seconds, **fields)
    seed = batch.seed_of(course) if arguments.seed is None else arguments.seed
    job = Job(name, course.release, seed, limits, sandboxed=not arguments.no_sandbox)
    pool = cluster.workers(arguments.scheduler, job) if arguments.scheduler else batch.workers(arguments.jobs)
    with tqdm(desc=course.assignment, unit=" submissions", file=sys.stderr) as bar:
        outcome = batch.grade_all(course, place, job, pool=pool, again=arguments.again, progress=lambda _: bar.update())
    print(summary(course.assignment, outcome))


def summary(assignment: str, outcome: batch.Outcome) -> str:
    """What a run has found: how many, how well, and which need a person, and why."""
    records = [outcome.records[student] for student in sorted(outcome.records)]
    graded = [record.graded for record in records if record.graded.exercises]
    lines = [f"{assignment}: {outcome.graded} graded, {outcome.unchanged} unchanged since the last run"]
    if graded:
        lines += ["", "Share of the points that need no person:", feedback.histogram(list(map(_share, graded)))]
    by_hand = sum(result.score is None for found in graded for result in found.exercises.values())
    if by_hand:
        lines += ["", f"Answers to be marked by hand, in nbgrader's formgrader: {by_hand}"]
    flagged = [record for record in records if record.graded.flags]
    if flagged:
        lines += ["", f"To be looked at by a person: {len(flagged)}"]
        reasons = [f"{record.student}: {'; '.join(record.graded.flags)}" for record in flagged]
        lines += ["  " + sanitize.printable(reason) for reason in reasons]
    return "\n".join([*lines, "", sanitize.printable(f"The table: {outcome.table}")])


def _share(graded: Graded) -> float:
    results = [result for result in graded.exercises.values() if result.score is not None]
    return sum(result.score or 0.0 for result in results) / max(sum(result.points for result in results), 1e-9)


@contextmanager
def _alone(course: Path) -> Iterator[None]:
    """Only one run at a time enters scores in a course."""
    from filelock import FileLock, Timeout

    folder = course / "graded"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise ValueError(f"another run is grading in {course}; wait for it to end") from None


def _fail(message: str, code: int) -> int:
    print("vistext:", sanitize.printable(message), file=sys.stderr)
    return code


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
