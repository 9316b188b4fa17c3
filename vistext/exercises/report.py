"""What a student sees of a verdict: HTML in a notebook, and the same words as text anywhere else.

No scripts, no fetching, and no colors but the reader's own and one for the border, so that it reads alike in
JupyterLab, VS Code and Colab, light or dark, and to a screen reader.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import metadata
from typing import TypeGuard
from urllib.parse import quote

import numpy as np

from vistext.exercises import values
from vistext.exercises.judging import Exercise, Failure, Verdict, outcome

PASSED, FAILED, UNTRIED, BY_HAND = "✓", "✗", "·", "✎"
MARKS = {PASSED: "done", FAILED: "not yet", UNTRIED: "not tried", BY_HAND: "read by a person"}
COLORS = {True: "#009E73", False: "#D55E00"}  # Okabe and Ito's; the mark and the words say the same
WIDEST, TALLEST = 10, 12  # of a table of numbers that is shown whole

_verdicts: dict[str, bool] = {}  # of this session: exercise → whether it was passed when it was last checked


class CheckFailedError(AssertionError):
    """An answer is not right; raised only where nbgrader's own commands run a notebook."""


@dataclass(frozen=True)
class Report:
    """A verdict as it is shown."""

    title: str  # of the exercise, with its id
    verdict: Verdict
    marks: tuple[tuple[str, str], ...]  # for each exercise of the set its id and one of `MARKS`
    tables: str  # HTML that lays what came back beside what was expected; may be empty
    remark: str = ""  # on how it came about

    @classmethod
    def of(
        cls,
        exercise: Exercise,
        cases: Sequence[dict],
        outputs: Sequence[object],
        together: Sequence[Exercise],
        seconds: float = 0.0,
    ) -> "Report":
        """Judge outputs, and note for the progress over the set whether they passed; `seconds` is how long it took."""
        verdict = exercise.judge(cases, outputs)
        if verdict.mistake not in ("not-begun", "by-hand"):
            _verdicts[exercise.id] = verdict.passed
        marks = tuple((member.id, _mark(member)) for member in together)
        slow = f"It took {seconds:.0f} s; the grader stops it after {exercise.seconds:.0f}."
        remark = slow if exercise.seconds and seconds > exercise.seconds else ""
        return cls(f"{exercise.id} {exercise.title}", verdict, marks, _tables(exercise, cases, outputs), remark)

    @property
    def progress(self) -> str:
        """How far the set is done, in words."""
        checked = [mark for _, mark in self.marks if mark != BY_HAND]
        words = ", ".join(f"{name.partition('-')[2]} {mark} {MARKS[mark]}" for name, mark in self.marks)
        return f"{checked.count(PASSED)} of {len(checked)} done: {words}"

    def _lines(self) -> list[tuple[str, str]]:
        verdict = self.verdict
        if verdict.mistake in ("not-begun", "by-hand"):
            return [("", verdict.idea)]
        lines = [
            ("Asked, among others" if verdict.passed else "Asked", verdict.asked),
            ("Came back", verdict.came_back),
            *([("Too slow", self.remark)] if self.remark else []),
        ]
        return lines if verdict.passed else [*lines, ("Expected", verdict.expected), ("Look again", verdict.idea)]

    def _heading(self) -> tuple[str, str]:
        if self.verdict.mistake == "by-hand":
            return BY_HAND, "read by a person"
        if self.verdict.mistake == "not-begun":
            return UNTRIED, "not begun yet"
        return (PASSED, "right") if self.verdict.passed else (FAILED, "not yet")

    def __repr__(self) -> str:
        mark, word = self._heading()
        lines = [f"{name}: {text}" if name else text for name, text in self._lines()]
        if not self.verdict.passed:
            lines.append(f"In the lesson: {_words(self.verdict.section)} {_link(self.verdict.section)}".rstrip())
        return "\n".join([f"{mark} {self.title}: {word}", *lines, self.progress])

    def _repr_html_(self) -> str:
        mark, word = self._heading()
        lines = [f"{f'<b>{name}:</b> ' if name else ''}{code(text)}" for name, text in self._lines()]
        where = [] if self.verdict.passed else [f"<b>In the lesson:</b> {anchor(self.verdict.section)}"]
        return (
            f'<div role="group" aria-label="{escape(self.title)}: {word}" style="border-left: .3em solid '
            f'{COLORS[self.verdict.passed]}; padding: .3em 1em; overflow-wrap: anywhere">'
            f"{_paragraphs(f'<b>{mark} {escape(self.title)}: {word}</b>', *lines)}{self.tables}"
            f"{_paragraphs(*where, f'<small>{escape(self.progress)}</small>')}</div>"
        )


def _paragraphs(*texts: str) -> str:
    return "".join(f'<p style="margin: .3em 0">{text}</p>' for text in texts)


def _mark(exercise: Exercise) -> str:
    if exercise.kind == "by hand":
        return BY_HAND
    return {True: PASSED, False: FAILED, None: UNTRIED}[_verdicts.get(exercise.id)]


def code(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


@cache
def _repository() -> str:
    """Where the course is published, as the installed package has it; empty if it was not installed."""
    with suppress(metadata.PackageNotFoundError):
        for line in metadata.metadata("vistext").get_all("Project-URL") or []:
            name, _, address = line.partition(", ")
            if name == "Repository":
                return address.rstrip("/")
    return ""


def _link(section: str) -> str:
    return f"{_repository()}/blob/HEAD/notebooks/{quote(section, safe='#/,.:?()')}" if _repository() else ""


def _words(section: str) -> str:
    lesson, _, heading = section.partition("#")
    return f"lesson {lesson[:2]}, {heading.replace('-', ' ')}"


def anchor(section: str) -> str:
    """A section of a lesson by its name, as a link where it is known where the course is published."""
    words, link = escape(_words(section)), escape(_link(section))
    return f'<a href="{link}" target="_blank" rel="noopener">{words}</a>' if link else words


def _tables(exercise: Exercise, cases: Sequence[dict], outputs: Sequence[object]) -> str:
    """The first wrong array beside the right one, with the wrong numbers marked; empty where this says no more."""
    if exercise.kind != "function":
        return ""
    for case, output in zip(cases, outputs, strict=False):
        right = outcome(exercise.solve, case)
        if type(output) is Failure or values.equal(output, right, exercise.tolerance):
            continue
        found, wanted = values.numbers(output), values.numbers(right)
        if not (_fits(found) and _fits(wanted)):
            return ""
        wrong = np.zeros(found.shape, bool)
        if found.shape == wanted.shape:
            wrong = ~values.close(found, wanted, exercise.tolerance)
        return (
            '<div style="display: flex; flex-wrap: wrap; gap: 1em 2em; margin: .6em 0">'
            f"{_table('Came back (✗ where it is wrong)' if wrong.any() else 'Came back', found, wrong)}"
            f"{_table('Expected', wanted, np.zeros(wanted.shape, bool))}</div>"
        )
    return ""


def _fits(array: np.ndarray | None) -> TypeGuard[np.ndarray]:
    return array is not None and array.ndim == 2 and 0 < array.shape[0] <= TALLEST and 0 < array.shape[1] <= WIDEST


def _table(caption: str, array: np.ndarray, wrong: np.ndarray) -> str:
    cells = [
        [
            f"<b>✗ {values.number(number)}</b>" if bad else values.number(number)
            for number, bad in zip(*row, strict=True)
        ]
        for row in zip(array, wrong, strict=True)
    ]
    begin = '<td style="text-align: right; padding: .1em .5em">'
    rows = "".join(f"<tr>{''.join(f'{begin}{cell}</td>' for cell in row)}</tr>" for row in cells)
    return f'<table><caption style="text-align: left">{caption}</caption><tbody>{rows}</tbody></table>'
