"""Before an exercise notebook is handed in: what would cost marks though the answers may be right.

    from vistext.grading.preflight import preflight
    preflight("ps01_tagging.ipynb")    # a sentence for each object to mend; [] if it may be handed in

Whether answers are right is for `check`. Cells are read and found as the grader does it, so what the grader mends by
itself is not complained of. Metadata does not matter: it gets lost on Colab, and grading does without it.
"""

import ast
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from vistext import exercises
from vistext.exercises.exercise import CODE_STUB, TEXT_STUB, Exercise
from vistext.grading.cells import Cell, UnreadableError, as_python, find, read
from vistext.grading.limits import Limits

BRINGS = re.compile(r"\bimport[ \t]*\*|%run\b")  # names that the text does not show
NOT_BEGUN = CODE_STUB.splitlines()[-1]


def preflight(path: str | Path) -> list[str]:
    """What to mend in a problem set before it is handed in.

    Args:
        path: the notebook, of which the set is known by its lines `# exercise: ps01-3`, whatever the file is called.

    Returns:
        A sentence for each object; an empty list if it may be handed in.

    Raises:
        FileNotFoundError: there is no such file.
    """
    try:
        cells = read(Path(path).read_bytes(), Limits())
    except UnreadableError as error:
        return [f"{error}. Download it as .ipynb, not as .py or .pdf"]
    found = Counter(name[:4] for cell in cells for name in cell.named if name[:4] in exercises.SETS)
    if not found:
        return ["no exercise is found: each needs its line, such as '# exercise: ps01-1', above the answer"]
    [(chosen, _)] = found.most_common(1)
    return [problem for exercise in exercises.of_set(chosen) for problem in _amiss(exercise, cells)]


def _amiss(exercise: Exercise, cells: Sequence[Cell]) -> list[str]:
    """What is to mend in one exercise."""
    if exercise.kind == "by hand":
        unanswered = any(cell.kind != "code" and cell.bare == TEXT_STUB for cell in cells)
        return [f"{exercise.id}: there is still {TEXT_STUB!r}, where the answer belongs"] if unanswered else []
    found = find(exercise, cells)
    if not found.judged:
        return [f"{exercise.id}: its cell is gone, or the line '# exercise: {exercise.id}' above it"]
    problems = [one if one.startswith(exercise.id) else f"{exercise.id}: {one}" for one in found.doubts]
    judged = [cells[index] for index in found.judged]
    defines = any(exercise.answer in cell.bound_anywhere or BRINGS.search(cell.code) for cell in judged)
    if not any(cell.finished for cell in judged) and not (defines and exercise.kind == "value"):
        return [*problems, f"{exercise.id}: it still says {NOT_BEGUN}"]
    if not problems and not defines:
        problems.append(f"{exercise.id}: nothing in its cell defines {exercise.answer}")
    return problems + [f"{exercise.id}: {said}" for said in map(_not_python, judged[-1:]) if said]


def _not_python(cell: Cell) -> str:
    """Why a cell does not run in a notebook; "" if it may."""
    try:
        ast.parse(as_python(cell.source))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"line {getattr(error, 'lineno', 1)} is not Python: {getattr(error, 'msg', error)}"
    return ""
