"""Stands where `vistext.checks` is, inside the sandbox: a check says nothing there, and no exercise can be looked up.

The sandbox hides the folder of `vistext.checks`, which holds right answers, and shows this file as its `__init__.py`.
"""


def check(exercise_id: str, answer: object = None) -> None:
    """Nothing: whoever grades does not ask the submission what it is worth."""
