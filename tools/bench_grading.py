"""How fast a class is graded: by nbgrader's own `autograde` and by `vistext grade`, both as one would call them.

Both get the same submissions of the same set, one after the other, in course folders of their own. A first submission,
which is not timed, has each of them load what it needs from the disk. Half of the simulated students have answered all,
and half a part, as the source of the set answers; so both must find the same scores, and a line says whether they did.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.notebooks.release import release_of, sources
from vistext.grading import gradebook, sandbox

PROBLEM_SET = "ps01"
COUNT = 8  # submissions that both grade; nbgrader takes seconds for each
TARGET = 4.0  # times as many in the same time
TIMEOUT = 600  # seconds that nbgrader gives a cell: its own 30 are too few for a machine that does other things


def lines(count: int = COUNT) -> Iterator[dict]:
    """Two records: submissions, seconds and submissions a minute, by nbgrader and by us; or why there are none."""
    if problem := gradebook.without_nbgrader() or str(sandbox.refusal() or ""):
        yield {"grading": "not measured", "why": problem}
        return
    [source] = [path for path in sources() if path.stem.startswith(f"{PROBLEM_SET}_")]
    with tempfile.TemporaryDirectory() as folder:
        seconds, theirs = measure(Path(folder) / "by nbgrader", source, count, autograde)
        yield _line("stock nbgrader autograde", count, seconds)
        our_seconds, ours = measure(Path(folder) / "by vistext", source, count, grade)
    ratio, same = seconds / our_seconds, ours == theirs and len(theirs) == count + 1
    yield _line("vistext grade", count, our_seconds) | {
        "same_scores": same,
        "times_as_fast": round(ratio, 1),
        "target_times": TARGET,
        "reached": same and ratio >= TARGET,
    }


def measure(course: Path, source: Path, count: int, grader: Callable[[Path], None]) -> tuple[float, dict]:
    """The seconds that a grader takes for `count` submissions, after one that is not timed; and all scores."""
    release = release_of(source)
    shutil.copytree(source.parent, course / "source" / source.stem)
    shutil.copytree(release.parent, course / "release" / source.stem)
    hand_in(course, source, range(1))
    grader(course)
    hand_in(course, source, range(1, count + 1))
    return timeit.timeit(lambda: grader(course), number=1), scores(course)


def hand_in(course: Path, source: Path, numbers: range) -> None:
    """Put the submissions of simulated students where nbgrader wants them."""
    for number in numbers:
        path = course / "submitted" / f"student{number:05d}" / source.stem / source.name
        path.parent.mkdir(parents=True)
        path.write_text(submission(source, number), encoding="utf-8")


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


def autograde(course: Path) -> None:
    """Run nbgrader's own `autograde` in a course folder, and before it what must run once."""
    [release] = (course / "release").iterdir()
    settings = [f"--CourseDirectory.root={course}", f"--ExecutePreprocessor.timeout={TIMEOUT}"]
    if not (course / "gradebook.db").exists():
        _run("nbgrader", "generate_assignment", release.name, "--force", *settings)
    _run("nbgrader", "autograde", release.name, *settings)


def grade(course: Path) -> None:
    """Run `vistext grade` in a course folder."""
    _run("vistext", "grade", PROBLEM_SET, "--course", str(course))


def scores(course: Path) -> dict[str, dict[str, float | None]]:
    """Each student's scores that no person gives, as they stand in a course's gradebook."""
    graded = gradebook.Course(course, PROBLEM_SET)
    with graded.open() as book:
        return {
            one.student.id: {
                grade.name: grade.auto_score for grade in one.notebooks[0].grades if grade.name.endswith("-check")
            }
            for one in book.assignment_submissions(graded.assignment)
        }


def _run(*words: str) -> None:
    """Run a command to its end, with alembic, which nbgrader calls by name, where it is found."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    subprocess.run([sys.executable, "-m", *words], env=os.environ | {"PATH": path}, capture_output=True, check=True)


def _line(what: str, count: int, seconds: float) -> dict:
    rate = {"submissions_a_minute": round(60 * count / seconds, 1)}
    return {"grading": what, "submissions": count, "seconds": round(seconds, 1)} | rate
