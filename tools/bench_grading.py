"""How fast a class is graded: by nbgrader's own `autograde` and by `vistext grade`, both as one would call them.

Both get the same submissions of the same set, on the same machine, one after the other, in folders of their own. A
first submission, which is not timed, has each of them load what it needs from the disk. Half of the simulated students
have answered all, and half a part, as the source of the set answers; who has not answered has left the stub. So both
must find the same scores, and a line says whether they did.
"""

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from tools.notebooks.release import release_of, sources
from vistext.grading import gradebook, sandbox
from vistext.grading.limits import MIB

PROBLEM_SET = "ps01"
BESIDE = 8  # submissions that both grade; nbgrader takes seconds for each
TARGET = 4.0  # times as many in the same time
INTERVAL = 2.0  # seconds between two looks at the memory
GROWTH = 1.1  # of memory, from when all is loaded to the end of a run, that is still called flat
TIMEOUT = 600  # seconds that nbgrader gives a cell: its own 30 are too few for a machine that does other things


class Class:
    """Simulated students' submissions, and course folders in which they can be graded.

    Args:
        folder: an empty one, to write in.
        size: how many students there are.
        problem_set: whose submissions they are.
    """

    def __init__(self, folder: Path, size: int, problem_set: str = PROBLEM_SET):
        [self.source] = [path for path in sources() if path.stem.startswith(f"{problem_set}_")]
        self.folder, self.problem_set, self.assignment = folder, problem_set, self.source.stem
        self.students = [f"student{number:05d}" for number in range(size)]
        for number, student in enumerate(self.students):
            write(self.submission(folder / "submitted", student), submission(self.source, number))

    def submission(self, submitted: Path, student: str) -> Path:
        """Where a student's notebook lies, as nbgrader wants it."""
        return submitted / student / self.assignment / self.source.name

    def course(self, name: str, students: list[str]) -> Path:
        """A course folder of its own with the submissions of these students."""
        course = self.folder / name
        release = release_of(self.source)
        shutil.copytree(self.source.parent, course / "source" / self.assignment, dirs_exist_ok=True)
        shutil.copytree(release.parent, course / "release" / self.assignment, dirs_exist_ok=True)
        for student in students:
            place = self.submission(course / "submitted", student)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.submission(self.folder / "submitted", student), place)
        return course


def submission(source: Path, number: int) -> str:
    """A simulated student's notebook: the solutions of some exercises, with a remark; the stubs of the others."""
    chance = random.Random(number)
    notebook = json.loads(release_of(source).read_text(encoding="utf-8"))
    solved = {cell["id"]: cell["source"] for cell in json.loads(source.read_text(encoding="utf-8"))["cells"]}
    share = 1.0 if number % 2 == 0 else chance.uniform(0.3, 0.9)
    for cell in notebook["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("solution") and chance.random() < share:
            remark = f"\n# {chance.random()}" if cell["cell_type"] == "code" else f"\n\n({chance.random()})"
            cell["source"] = "".join(solved[cell["id"]]) + remark
    return json.dumps(notebook, ensure_ascii=False)


def lines(size: int = 0) -> Iterator[dict]:
    """All that is measured here, a record each; or why nothing can be.

    Args:
        size: of a simulated class that is graded as well; 0 for none.
    """
    if problem := gradebook.without_nbgrader() or str(sandbox.refusal() or ""):
        yield {"grading": "not measured", "why": problem}
        return
    yield from beside_nbgrader()
    if size:
        yield from of_a_class(size)


def beside_nbgrader(count: int = BESIDE) -> Iterator[dict]:
    """Two records: submissions, seconds and submissions a minute, by nbgrader and by us; the second has the ratio.

    Args:
        count: submissions that are timed.
    """
    with tempfile.TemporaryDirectory() as folder:
        simulated = Class(Path(folder), count + 1)
        first, rest = simulated.students[:1], simulated.students[1:]
        course = simulated.course("by nbgrader", first)
        nbgrader(course, "generate_assignment", simulated.assignment, "--force")
        nbgrader(course, "autograde", simulated.assignment)
        simulated.course("by nbgrader", rest)
        seconds = _timed(lambda: nbgrader(course, "autograde", simulated.assignment))
        theirs = scores(course, simulated.problem_set)
        yield _line("stock nbgrader autograde", count, seconds)

        course = simulated.course("by vistext", first)
        grade(course, simulated.problem_set)
        simulated.course("by vistext", rest)
        our_seconds = _timed(lambda: grade(course, simulated.problem_set))
        ours = scores(course, simulated.problem_set)
        ratio, same = seconds / our_seconds, ours == theirs and len(theirs) == count + 1
        yield _line("vistext grade", count, our_seconds) | {
            "same_scores": same,
            "times_as_fast": round(ratio, 1),
            "target_times": TARGET,
            "reached": same and ratio >= TARGET,
        }


def of_a_class(size: int) -> Iterator[dict]:
    """One record: how long a class took, and what memory was held over the time of the run.

    Args:
        size: how many simulated students there are.
    """
    with tempfile.TemporaryDirectory() as folder:
        simulated = Class(Path(folder), size)
        course = simulated.course("class", simulated.students)
        looks: list[tuple[float, float]] = []

        def look(pid: int) -> None:
            process, largest = psutil.Process(pid), 0
            for worker in process.children(recursive=True):
                # One of ours that judges, and not of a sandbox.
                with contextlib.suppress(psutil.NoSuchProcess):
                    if any("multiprocessing" in word for word in worker.cmdline()):
                        largest = max(largest, worker.memory_info().rss)
            looks.append((process.memory_info().rss / MIB, largest / MIB))

        seconds = _timed(lambda: grade(course, simulated.problem_set, look))
        parent, worker = (tenths([one[place] for one in looks]) for place in (0, 1))
        yield _line("a class, by vistext grade", size, seconds) | {
            "entered": len(scores(course, simulated.problem_set)),
            "parent_mib": parent,
            "largest_worker_mib": worker,
            "flat": is_flat(parent, worker),
        }


def tenths(values: list[float]) -> list[int]:
    """The largest of each tenth of a run; fewer for a run that was too short."""
    size = max(len(values) // 10, 1)
    return [round(max(values[start : start + size])) for start in range(0, len(values) - size + 1, size)]


def is_flat(parent: list[int], worker: list[int]) -> bool:
    """Whether both, to the end, hold what they held once workers had been seen: of each, the largest by tenths."""
    loaded = next((number for number, held in enumerate(worker) if held), len(worker)) + 1
    kept = [values[loaded:] for values in (parent, worker)]
    return all(len(values) > 1 and values[-1] <= GROWTH * values[0] for values in kept)


def nbgrader(course: Path, command: str, *words: str) -> None:
    """Run one of nbgrader's own commands in a course folder.

    Raises:
        subprocess.CalledProcessError: it has failed.
    """
    settings = [f"--CourseDirectory.root={course}", f"--ExecutePreprocessor.timeout={TIMEOUT}"]
    _run([sys.executable, "-m", "nbgrader", command, *words, *settings]).check_returncode()


def grade(course: Path, problem_set: str, looked: Callable[[int], None] = lambda pid: None) -> None:
    """Run `vistext grade` in a course folder.

    Args:
        course: the folder.
        problem_set: such as "ps01".
        looked: is called every few seconds, with the id of the process.

    Raises:
        subprocess.CalledProcessError: it has failed.
    """
    words = [sys.executable, "-m", "vistext", "grade", problem_set, "--course", str(course)]
    _run(words, looked).check_returncode()


def scores(course: Path, problem_set: str) -> dict[str, dict[str, float | None]]:
    """Each student's scores that no person gives, as they stand in a course's gradebook."""
    graded = gradebook.Course(course, problem_set)
    with graded.open() as book:
        return {
            one.student.id: {
                grade.name: grade.auto_score for grade in one.notebooks[0].grades if grade.name.endswith("-check")
            }
            for one in book.assignment_submissions(graded.assignment)
        }


def write(path: Path, text: str) -> None:
    """Write a file, and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _run(words: list[str], looked: Callable[[int], None] = lambda pid: None) -> subprocess.CompletedProcess:
    """Run a command to its end, with alembic, which nbgrader calls by name, where it is found."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    with tempfile.TemporaryFile() as said:
        running = subprocess.Popen(words, stdout=said, stderr=subprocess.STDOUT, env=os.environ | {"PATH": path})
        while running.returncode is None:
            try:
                running.wait(INTERVAL)
            except subprocess.TimeoutExpired:
                looked(running.pid)  # not at once: a process that has just begun holds nothing yet
        said.seek(0)
        return subprocess.CompletedProcess(words, running.returncode, None, said.read()[-4000:])


def _timed(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _line(what: str, count: int, seconds: float) -> dict:
    rate = {"submissions_a_minute": round(60 * count / seconds, 1)}
    return {"grading": what, "submissions": count, "seconds": round(seconds, 1)} | rate
