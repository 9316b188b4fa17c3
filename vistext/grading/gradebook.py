"""Scores in nbgrader's gradebook, and the files that its commands and its screens look for; one process writes."""

from __future__ import annotations

import json
import os
import shutil
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vistext.grading.records import Record
from vistext.grading.restore import grade_cell
from vistext.grading.students import write

BUSY = 60  # seconds to wait for a database that another program holds; sqlite's own 5 abort a run


class CourseError(ValueError):
    """A course folder cannot be used."""


class Course:
    """An nbgrader course folder, which holds release/, and one problem set of it, such as "ps01"."""

    def __init__(self, folder: Path, problem_set: str):
        import nbformat
        from traitlets.config import Config, PyFileConfigLoader

        self.folder = Path(folder).resolve()
        found = sorted((self.folder / "release").glob(f"{problem_set}_*/{problem_set}_*.ipynb"))
        if len(found) != 1:
            raise CourseError(
                f"{self.folder / 'release'} holds {len(found)} notebooks {problem_set}_*/{problem_set}_*.ipynb, "
                "not one; name the course folder with --course"
            )
        self.assignment, self.notebook = found[0].parent.name, found[0].stem
        self.release = json.loads(json.dumps(nbformat.read(found[0], as_version=4)))  # plain, with sources as texts
        config = self.folder / "nbgrader_config.py"  # the instructor's own
        loader = PyFileConfigLoader(config.name, path=str(self.folder))
        self.config = loader.load_config() if config.is_file() else Config()
        settings = self.config.get("CourseDirectory", {})
        self.course_id = settings.get("course_id") or "default_course"
        url = settings.get("db_url") or f"sqlite:///{self.folder / 'gradebook.db'}"
        self.url = f"{url}?timeout={BUSY}" if url.startswith("sqlite") and "?" not in url else url

    def path(self, step: str, student: str, suffix: str = ".ipynb") -> Path:
        """Where nbgrader looks for a student's file: `step` is "submitted", "autograded" or "feedback"."""
        return self.folder / step / student / self.assignment / f"{self.notebook}{suffix}"

    def register(self) -> None:
        """Enter the set in the gradebook, as `nbgrader generate_assignment` does; a `CourseError` if it was another."""
        with self.open() as gradebook:
            gradebook.update_or_create_assignment(self.assignment)
        import nbformat
        from nbgrader.preprocessors import SaveCells

        try:
            SaveCells().preprocess(nbformat.from_dict(self.release), self._resources())
        except RuntimeError as error:
            raise CourseError(f"{error}; grade the new version in a new course folder") from error

    def open(self) -> Any:
        from nbgrader.api import Gradebook

        if shutil.which("alembic") is None:  # nbgrader calls it by name, to make a new database
            os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        # Its queries are written for an older SQLAlchemy, which warns of what they do not need.
        warnings.filterwarnings("ignore", module="nbgrader")
        return Gradebook(self.url, self.course_id)

    def enter(self, gradebook: Any, record: Record) -> None:
        """Enter one submission's scores; marks that a person gave stay, and are to be looked at again."""
        import nbformat
        from nbgrader.preprocessors import AssignLatePenalties

        names = (self.notebook, self.assignment, record.student)
        gradebook.update_or_create_student(record.student)
        known = {"timestamp": record.timestamp} if record.timestamp else {}  # `selection` gives none that is no date
        submission = gradebook.update_or_create_submission(self.assignment, record.student, **known)
        for exercise, result in record.graded.exercises.items():
            cell = grade_cell(exercise, self.release["cells"])
            if cell is not None:
                grade = gradebook.find_grade(cell, *names)
                grade.auto_score = result.score
                grade.needs_manual_grade = result.score is None or grade.manual_score is not None
        for cell in self.release["cells"]:
            marks = cell["metadata"].get("nbgrader", {})
            answer = record.graded.exercises.get(marks.get("grade_id", ""))
            if marks.get("solution") and answer is not None:
                comment = None if answer.score is None else answer.idea
                gradebook.find_comment(marks["grade_id"], *names).auto_comment = comment
        gradebook.db.commit()
        gradebook.db.refresh(submission)
        if submission.total_seconds_late > 0 or submission.late_submission_penalty:
            # nbgrader's plugin says what being late costs.
            penalties = AssignLatePenalties(config=self.config)
            penalties.preprocess(nbformat.v4.new_notebook(), self._resources(record.student))

    def show(self, record: Record) -> None:
        """Write the notebook that formgrader shows for a student."""
        path = self.path("autograded", record.student)
        write(path, json.dumps(record.graded.notebook, ensure_ascii=False, indent=1))
        if record.timestamp:
            write(path.with_name("timestamp.txt"), record.timestamp)

    def _resources(self, student: str = "") -> dict:
        names = {"notebook": self.notebook, "assignment": self.assignment, "student": student}
        return {"nbgrader": names | {"db_url": self.url}}


def without_nbgrader() -> str | None:
    """What to do about it if nbgrader is not there; None if it is."""
    if find_spec("nbgrader") is None:
        return 'grading needs nbgrader: pip install "vistext[grade]"'
    return None
