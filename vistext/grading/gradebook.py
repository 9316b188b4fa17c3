"""Scores in nbgrader's gradebook, and the files that its commands and its screens look for.

One process writes; it waits for others that hold the database. What is nbgrader's stays so: marks that a person gave,
penalties for being late, extensions, further attempts.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

from vistext.grading.restore import grade_cell

BUSY = 60  # seconds to wait for a database that another program holds; sqlite's own 5 abort a run


class CourseError(ValueError):
    """A course folder cannot be used."""


class Course:
    """An nbgrader course folder, and one problem set of it.

    Args:
        folder: holds release/.
        problem_set: such as "ps01".

    Raises:
        CourseError: the folder has no release of the set, or more than one.
    """

    def __init__(self, folder: Path, problem_set: str):
        self.folder = Path(folder).resolve()
        import nbformat

        found = sorted((self.folder / "release").glob(f"{problem_set}_*/{problem_set}_*.ipynb"))
        if len(found) != 1:
            raise CourseError(
                f"{self.folder / 'release'} holds {len(found)} notebooks {problem_set}_*/{problem_set}_*.ipynb, "
                "not one; name the course folder with --course"
            )
        self.assignment, self.notebook = found[0].parent.name, found[0].stem
        self.release = json.loads(json.dumps(nbformat.read(found[0], as_version=4)))  # plain, with sources as texts
        self.config = _config(self.folder)
        asked_for = self.config.get("CourseDirectory", {})
        self.course_id = asked_for.get("course_id") or "default_course"
        url = asked_for.get("db_url") or f"sqlite:///{self.folder / 'gradebook.db'}"
        self.url = f"{url}?timeout={BUSY}" if url.startswith("sqlite") and "?" not in url else url

    def path(self, step: str, student: str, suffix: str = ".ipynb") -> Path:
        """Where nbgrader looks for a student's file: `step` is "submitted", "autograded" or "feedback"."""
        return self.folder / step / student / self.assignment / f"{self.notebook}{suffix}"

    def register(self) -> None:
        """Enter the set in the gradebook, as `nbgrader generate_assignment` does.

        Raises:
            CourseError: its graded cells are not those with which submissions were entered before.
        """
        with self.open() as gradebook:
            gradebook.update_or_create_assignment(self.assignment)
        import nbformat
        from nbgrader.preprocessors import SaveCells

        notebook = nbformat.from_dict(self.release)
        try:
            SaveCells().preprocess(notebook, {"nbgrader": self._resources()})
        except RuntimeError as error:
            raise CourseError(f"{error}; grade the new version in a new course folder") from error

    def open(self):
        """nbgrader's gradebook; a context manager."""
        from nbgrader.api import Gradebook

        if shutil.which("alembic") is None:  # nbgrader calls it by name, to make a new database
            os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        # Its queries are written for an older SQLAlchemy, which warns of what they do not need.
        warnings.filterwarnings("ignore", module="nbgrader")
        return Gradebook(self.url, self.course_id)

    def enter(self, gradebook, student: str, graded: dict, timestamp: str = "") -> None:
        """Enter one submission's scores; marks that a person gave stay, and are to be looked at again.

        Args:
            gradebook: as `open` gives it.
            student: their name.
            graded: what `vistext.grading.grade.grade` has found.
            timestamp: when it was submitted, if that is known.
        """
        names = (self.notebook, self.assignment, student)
        gradebook.update_or_create_student(student)
        known = {"timestamp": timestamp} if _is_time(timestamp) else {}
        submission = gradebook.update_or_create_submission(self.assignment, student, **known)
        for exercise, result in graded["exercises"].items():
            cell = grade_cell(exercise, self.release["cells"])
            if cell is None:
                continue
            grade = gradebook.find_grade(cell, *names)
            grade.auto_score = result["score"]
            grade.needs_manual_grade = result["score"] is None or grade.manual_score is not None
        for cell in self.release["cells"]:
            marks = cell["metadata"].get("nbgrader", {})
            result = graded["exercises"].get(marks.get("grade_id", ""))
            if marks.get("solution") and result is not None:
                comment = None if result["score"] is None else result["idea"]
                gradebook.find_comment(marks["grade_id"], *names).auto_comment = comment
        gradebook.db.commit()
        gradebook.db.refresh(submission)
        if submission.total_seconds_late > 0 or submission.late_submission_penalty:
            self._penalise(student)

    def _penalise(self, student: str) -> None:
        """Let nbgrader's plugin say what being late costs."""
        import nbformat
        from nbgrader.preprocessors import AssignLatePenalties

        empty = nbformat.v4.new_notebook()
        AssignLatePenalties(config=self.config).preprocess(empty, {"nbgrader": self._resources(student)})

    def _resources(self, student: str = "") -> dict:
        return {"notebook": self.notebook, "assignment": self.assignment, "student": student, "db_url": self.url}

    def show(self, student: str, notebook: dict, timestamp: str = "") -> None:
        """Write the notebook that formgrader shows for a student."""
        path = self.path("autograded", student)
        write(path, json.dumps(notebook, ensure_ascii=False, indent=1))
        if timestamp:
            write(path.with_name("timestamp.txt"), timestamp)


def write(path: Path, content: str | bytes) -> None:
    """Write a file wholly or not at all, and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.part")
    half.write_bytes(content.encode("utf-8", errors="replace") if isinstance(content, str) else content)
    os.replace(half, path)


def _config(folder: Path):
    """What the instructor's own nbgrader_config.py says."""
    from traitlets.config import Config, PyFileConfigLoader

    if not (folder / "nbgrader_config.py").is_file():
        return Config()
    return PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()


def _is_time(text: str) -> bool:
    from nbgrader.utils import parse_utc

    try:
        return bool(text) and parse_utc(text) is not None
    except Exception:  # whatever a parser of dates says of what a student has written
        return False


def without_nbgrader() -> str | None:
    """What to do about it if nbgrader is not there; None if it is."""
    if find_spec("nbgrader") is None:
        return 'grading needs nbgrader: pip install "vistext[grade]"'
    return None
