"""What leaves the gradebook: a page for each student, and a table for the course.

A page is one file without scripts that reads on a phone. Whatever a student has written is escaped, and nothing of a
case that is not shown stands on it. In the table, what a spreadsheet would take for a formula is made text.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from html import escape

from vistext.exercises.report import anchor, code

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


def page(assignment: str, student: str, graded: dict) -> str:
    """The page that tells a student what was right, what came of the rest, and what to look at again.

    Args:
        assignment: the set's name.
        student: their name.
        graded: what `vistext.grading.grade.grade` has found.
    """
    results = graded["exercises"].values()
    score = sum(result["score"] or 0.0 for result in results)
    open_points = sum(result["points"] for result in results if result["score"] is None)
    said = f"{score:g} of {sum(result['points'] for result in results):g} points"
    if open_points:
        said += f"; {open_points:g} more are given by a person, who has not read it yet"
    sections = "\n".join(_section(result) for result in results)
    notes = "".join(f"<p>{escape(note)}</p>" for note in graded["notes"])
    if notes:
        notes = f"<section><h2>About your notebook</h2>{notes}</section>"
    if not graded["exercises"]:
        said = "It could not be graded; your instructor has been told"
    return PAGE.format(title=escape(f"{assignment} · {student}"), score=escape(said), sections=sections, notes=notes)


def _section(result: dict) -> str:
    kind, mark = ("right", "✓") if result["passed"] else ("wrong", "✗")
    score = f"{result['score'] or 0:g} of {result['points']:g} points"
    if result["score"] is None:
        kind, mark, score = "open", "✎", f"{result['points']:g} points, given by a person"
    lines = [("Asked", result["asked"]), ("Came back", result["came_back"]), ("Expected", result["expected"])]
    shown = "".join(f"<p><b>{name}:</b> {escape(text)}</p>" for name, text in lines if text)
    idea = f"<p>{code(result['idea'])}</p>"
    where = "" if result["passed"] else f"<p>In the lesson: {anchor(result['section'])}</p>"
    return SECTION.format(
        kind=kind, mark=mark, title=escape(result["title"]), score=escape(score), lines=shown + idea + where
    )


def table(records: Iterable[dict], exercises: Sequence[str]) -> str:
    """A class's marks as CSV.

    Args:
        records: each with "student", "graded", "digest" and "seed".
        exercises: the ids of the columns.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = ["student", "score", "points", *exercises, "by hand", "state", "why", "seed", "digest"]
    writer.writerow(names)
    for record in records:
        results, doubts = record["graded"]["exercises"], record["graded"]["doubts"]
        scores = [results.get(one, {}).get("score") for one in exercises]
        by_hand = " ".join(one for one in exercises if results.get(one, {"score": 0})["score"] is None)
        row = [
            record["student"],
            f"{sum(score or 0.0 for score in scores):g}" if results else "",
            f"{sum(result['points'] for result in results.values()):g}" if results else "",
            *("" if score is None else f"{score:g}" for score in scores),
            by_hand,
            state(record["graded"]),
            " | ".join(doubts),
            str(record["seed"]),
            record["digest"][:12],
        ]
        writer.writerow([no_formula(value) for value in row])
    return text.getvalue()


def state(graded: dict) -> str:
    """Whether a person must look at a submission, in two words."""
    if not graded["exercises"]:
        return "not graded"
    return "see why" if graded["doubts"] else "graded"


def no_formula(value: str) -> str:
    """A text for a spreadsheet, which takes no part of it for a formula, wherever it divides the line."""
    value = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", value)
    return re.sub(r"(^|[;,|])(?=\s*[=+\-@＝＋－＠])", r"\1'", value)


def histogram(shares: Sequence[float], width: int = 40) -> str:
    """How many submissions earned which share of what is not marked by hand: a line for each tenth.

    Args:
        shares: 0 to 1.
        width: letters of the longest bar.
    """
    counts = [0] * 10
    for share in shares:
        counts[min(int(share * 10), 9)] += 1
    most = max([*counts, 1])
    lines = [
        f"{10 * tenth:3d} to {10 * (tenth + 1):3d} % {'█' * round(width * count / most)} {count}"
        for tenth, count in enumerate(counts)
    ]
    return "\n".join(lines)
