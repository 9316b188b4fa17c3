"""Before an exercise notebook is handed in: what would cost marks though the answers may be right."""

import ast
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from vistext import exercises
from vistext.exercises.judging import CODE_STUB, TEXT_STUB, Exercise
from vistext.grading.cells import IMPORTS_ALL, Cell, UnreadableError, as_python, find, read
from vistext.grading.limits import Limits

NOT_BEGUN = CODE_STUB.splitlines()[-1]


class Findings(list[str]):
    """What to mend, shown line by line."""

    def __repr__(self) -> str:
        return "\n".join(self) or "Nothing to mend."


def preflight(path: str | Path) -> Findings:
    """What to mend in a problem set before it is handed in.

    Args:
        path: the notebook, of which the set is known by its lines `# exercise: ps01-3`, whatever the file is called.

    Returns:
        A sentence for each thing to mend; an empty list if it may be handed in.

    Raises:
        FileNotFoundError: there is no such file.
    """
    try:
        cells = read(Path(path).read_bytes(), Limits())
    except UnreadableError as error:
        return Findings([f"{error}. Download it as .ipynb, not as .py or .pdf"])
    found = Counter(name[:4] for cell in cells for name in cell.named if name[:4] in exercises.SETS)
    if not found:
        return Findings(["no exercise is found: each needs its line, such as '# exercise: ps01-1', above the answer"])
    [(problem_set, _)] = found.most_common(1)
    return Findings(anomaly for exercise in exercises.of_set(problem_set) for anomaly in _anomalies(exercise, cells))


def _anomalies(exercise: Exercise, cells: Sequence[Cell]) -> list[str]:
    if exercise.kind == "by hand":
        stubs = [cell.grade_id for cell in cells if cell.kind != "code" and cell.bare == TEXT_STUB]
        unanswered = any(grade_id in ("", exercise.id) for grade_id in stubs)
        return [f"{exercise.id}: there is still {TEXT_STUB!r}, where the answer belongs"] if unanswered else []
    found = find(exercise, cells)
    if not found.judged:
        return [f"{exercise.id}: its cell is gone, or the line '# exercise: {exercise.id}' above it"]
    anomalies = [flag if flag.startswith(exercise.id) else f"{exercise.id}: {flag}" for flag in found.flags]
    judged = [cells[index] for index in found.judged]
    defines = any(exercise.answer in cell.bound_anywhere or IMPORTS_ALL.search(cell.code) for cell in judged)
    if not any(cell.finished for cell in judged) and not (defines and exercise.kind == "value"):
        return [*anomalies, f"{exercise.id}: it still says {NOT_BEGUN}"]
    if not anomalies and not defines:
        anomalies.append(f"{exercise.id}: nothing in its cell defines {exercise.answer}")
    try:
        ast.parse(as_python(judged[-1].source))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line, reason = getattr(error, "lineno", 1), getattr(error, "msg", error)
        anomalies.append(f"{exercise.id}: line {line} is not Python: {reason}")
    return anomalies
