"""Before an exercise notebook is handed in: what would cost marks though the answers may be right.

    from vistext.checks.preflight import preflight
    preflight("ps01_tagging.ipynb")    # a sentence for each thing to mend; [] if it may be handed in

Whether answers are right is for `check`. Metadata does not matter: it gets lost on Colab, and grading does without it.
"""

import ast
import json
import re
from collections import Counter
from pathlib import Path

from vistext import checks
from vistext.checks.exercise import CODE_STUB, NAMED, TEXT_STUB, Exercise

NOT_BEGUN = CODE_STUB.splitlines()[-1]
MAGIC = re.compile(r"^[ \t]*[%!]", re.MULTILINE)


def preflight(path: str | Path) -> list[str]:
    """What to mend in a problem set before it is handed in.

    Args:
        path: the notebook, of which the set is known by its lines `# exercise: ps01-3`, whatever the file is called.

    Returns:
        A sentence for each thing; an empty list if it may be handed in.

    Raises:
        FileNotFoundError: there is no such file.
    """
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        sources = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError):
        return ["this is not a notebook: download it as .ipynb, not as .py or .pdf"]
    found = Counter(name[:4] for _, source in sources for name in NAMED.findall(source) if name[:4] in checks.SETS)
    if not found:
        return ["no exercise is found: each needs its line, such as '# exercise: ps01-1', above the answer"]
    [(chosen, _)] = found.most_common(1)
    return [problem for exercise in checks.of_set(chosen) for problem in _amiss(exercise, sources)]


def _amiss(exercise: Exercise, sources: list[tuple[str, str]]) -> list[str]:
    """What is to mend in one exercise."""
    if exercise.kind == "by hand":
        unanswered = any(kind == "markdown" and source.strip() == TEXT_STUB for kind, source in sources)
        return [f"{exercise.id}: there is still {TEXT_STUB!r}"] if unanswered else []
    own = [source for kind, source in sources if kind == "code" and exercise.id in NAMED.findall(source)]
    if not own:
        return [f"{exercise.id}: its cell is gone, or the line '# exercise: {exercise.id}' above it"]
    problems = [f"{exercise.id}: there are {len(own)} cells of it, and the last one counts"] if len(own) > 1 else []
    if NOT_BEGUN in own[-1]:
        return [*problems, f"{exercise.id}: it still says {NOT_BEGUN}"]
    named = re.compile(rf"^(?:def[ \t]+{exercise.answer}\b|{exercise.answer}\b.*=)", re.MULTILINE)
    if not any(named.search(source) for source in own):
        problems.append(f"{exercise.id}: nothing in its cell is called {exercise.answer}")
    if not MAGIC.search(own[-1]):
        try:
            ast.parse(own[-1])
        except SyntaxError as error:
            problems.append(f"{exercise.id}: line {error.lineno} is not Python: {error.msg}")
    return problems
