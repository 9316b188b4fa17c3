"""What students answer, right and wrong: the answers of all problem sets, by which the checks are tested.

`RIGHT[exercise]` has functions or values, each in another style. `WRONG[exercise][mistake]` has one for each key that a
verdict may have. `BARELY_WRONG[exercise][name]` are right nearly everywhere.

To add an exercise, begin here: see `notebooks/exercises/README.md`.
"""

from vistext import exercises
from vistext.exercises.exercise import vary

__all__ = ["BARELY_WRONG", "RIGHT", "WRONG", "values", "vary"]

RIGHT: dict[str, list] = {}
WRONG: dict[str, dict[str, object]] = {}
BARELY_WRONG: dict[str, dict[str, object]] = {}


def values(exercise, *, right, wrong):
    """Values: right ones, and wrong ones by mistake; those of known mistakes are wrong besides."""
    RIGHT[exercise] = right
    WRONG[exercise] = {mistake.key: mistake.simulate() for mistake in exercises.find(exercise).mistakes} | wrong
