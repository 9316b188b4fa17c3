"""What is known of a graded submission: plain data, which workers send back and which is kept as JSON."""

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Result:
    """What one exercise is worth, and what its student may read about it."""

    title: str
    points: float
    kind: str  # as of the exercise
    section: str  # of the lesson
    score: float | None = 0.0  # None where a person marks it
    share: float = 0.0
    passed: bool = False
    mistake: str = ""
    idea: str = ""
    asked: str = ""
    came_back: str = ""
    expected: str = ""


@dataclass
class Graded:
    """What was found about a submission. Students see the notes, never the flags, which may tell of held-out cases."""

    exercises: dict[str, Result] = field(default_factory=dict)  # by id; none if a person must look at it first
    notebook: dict | None = None  # repaired, without outputs; None if it could not be read
    notes: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)  # why a person should look at it
    by_hand: dict[str, str] = field(default_factory=dict)  # the answers that a person marks
    seconds: float = 0.0


@dataclass
class Record:
    """A submission of a course, as graded/SET/students/STUDENT.json keeps it."""

    student: str
    digest: str  # of all that its marks depend on
    seed: int
    timestamp: str
    graded: Graded
    entered: bool = False  # its scores are in the gradebook, and its files in their places

    @classmethod
    def read(cls, path: Path) -> "Record":
        """The record that is kept in a file; also by an earlier version."""
        data = json.loads(path.read_text(encoding="utf-8"))
        graded = data["graded"] | {"flags": data["graded"].get("flags", data["graded"].get("doubts", []))}
        graded.pop("doubts", None)
        graded["exercises"] = {key: Result(**result) for key, result in graded["exercises"].items()}
        return cls(**{**data, "graded": Graded(**graded)})
