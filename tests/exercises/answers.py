"""What students answer, right and wrong: the answers of all problem sets, by which the checks are tested.

    from answers import RIGHT, WRONG

`RIGHT[exercise][name]` and `WRONG[exercise][mistake]` are functions or values; `mistake` is the key that the verdict
must have, so no two wrong answers of an exercise share one. `BARELY_WRONG[exercise][name]` are right nearly everywhere.

To add an exercise, begin here: see `notebooks/exercises/README.md`.
"""

from collections import defaultdict

from vistext import exercises
from vistext.exercises.exercise import vary

__all__ = ["BARELY_WRONG", "RIGHT", "WRONG", "right", "values", "vary"]

RIGHT: dict[str, dict[str, object]] = defaultdict(dict)
WRONG: dict[str, dict[str, object]] = defaultdict(dict)
BARELY_WRONG: dict[str, dict[str, object]] = defaultdict(dict)


def right(exercise):
    """Note a function as a right answer, by its own name."""

    def note(function):
        RIGHT[exercise][function.__name__] = function
        return function

    return note


def values(exercise, *, right, wrong):
    """Note values: right ones, and wrong ones by mistake; those of known mistakes are wrong besides."""
    RIGHT[exercise] = {f"{number}: {value!r}": value for number, value in enumerate(right)}
    WRONG[exercise] = {mistake.key: mistake.simulate() for mistake in exercises.find(exercise).mistakes} | wrong
