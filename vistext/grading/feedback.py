"""What leaves the gradebook: a page for each student, without scripts, and a table that no spreadsheet obeys."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from html import escape

from vistext.exercises.report import anchor, code
from vistext.grading.records import Graded, Record, Result

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 0 auto; padding: 1rem }}
body {{ overflow-wrap: anywhere }}
section {{ border-left: .3rem solid #999; padding: .2rem 1rem; margin: 1.2rem 0 }}
section.right {{ border-color: #009E73 }}
section.wrong {{ border-color: #D55E00 }}
h2 {{ font-size: 1.1rem; margin: .3rem 0 }}
p {{ margin: .3rem 0 }}
</style>
</head>
<body>
<h1>{title}</h1>
<p><b>{score}</b></p>
{sections}
{notes}
</body>
</html>
"""
SECTION = """<section class="{kind}">
<h2>{mark} {title}: {score}</h2>
{lines}
</section>"""
COLUMNS = (
    "student",
    "score",
    "points",
    "by hand",
    "state",
    "why",
    "seed",
    "digest",
)  # exercises after points


def page(assignment: str, student: str, graded: Graded) -> str:
    results = graded.exercises.values()
    score = f"{sum(result.score or 0.0 for result in results):g} of {sum(result.points for result in results):g} points"
    open_points = sum(result.points for result in results if result.score is None)
    if open_points:
        score += f"; {open_points:g} more are given by a person, who has not read it yet"
    if not results:
        score = "It could not be graded; your instructor has been told"
    notes = "".join(f"<p>{escape(note)}</p>" for note in graded.notes)
    return PAGE.format(
        title=escape(f"{assignment} · {student}"),
        score=escape(score),
        sections="\n".join(map(_section, results)),
        notes=f"<section><h2>About your notebook</h2>{notes}</section>" if notes else "",
    )


def _section(result: Result) -> str:
    kind, mark = ("right", "✓") if result.passed else ("wrong", "✗")
    score = f"{result.score or 0:g} of {result.points:g} points"
    if result.score is None:
        kind, mark, score = "open", "✎", f"{result.points:g} points, given by a person"
    lines = [("Asked", result.asked), ("Came back", result.came_back), ("Expected", result.expected)]
    paragraphs = [f"<p><b>{name}:</b> {escape(text)}</p>" for name, text in lines if text]
    paragraphs.append(f"<p>{code(result.idea)}</p>")
    if not result.passed:
        paragraphs.append(f"<p>In the lesson: {anchor(result.section)}</p>")
    return SECTION.format(
        kind=kind, mark=mark, title=escape(result.title), score=escape(score), lines="".join(paragraphs)
    )


def table(records: Iterable[Record], exercises: Sequence[str]) -> str:
    """A class's marks as CSV, with a column for each of these exercises."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS[:3], *exercises, *COLUMNS[3:]])
    for record in records:
        results = record.graded.exercises
        scores = [results[key].score if key in results else None for key in exercises]
        row = [
            record.student,
            f"{sum(score or 0.0 for score in scores):g}" if results else "",
            f"{sum(result.points for result in results.values()):g}" if results else "",
            *("" if score is None else f"{score:g}" for score in scores),
            " ".join(key for key in exercises if key in results and results[key].score is None),
            ("see why" if record.graded.flags else "graded") if results else "not graded",
            " | ".join(record.graded.flags),
            str(record.seed),
            record.digest[:12],
        ]
        writer.writerow(map(no_formula, row))
    return text.getvalue()


def no_formula(value: str) -> str:
    """A text for a spreadsheet, which takes no part of it for a formula, wherever it divides the line."""
    return re.sub(r"(^|[;,|])(?=\s*[=+\-@＝＋－＠])", r"\1'", re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", value))


def histogram(shares: Sequence[float], width: int = 40) -> str:
    """How many submissions earned which share, 0 to 1, of what is not marked by hand: a line for each tenth."""
    counts = [0] * 10
    for share in shares:
        counts[min(int(share * 10), 9)] += 1
    most = max([*counts, 1])
    return "\n".join(
        f"{10 * tenth:3d} to {10 * (tenth + 1):3d} % {'█' * round(width * count / most)} {count}"
        for tenth, count in enumerate(counts)
    )
