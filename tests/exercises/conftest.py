"""Every set's answers, and what is valid for its exercises, noted once."""

from importlib import import_module

from vistext import exercises

for name in [*(f"{name}_answers" for name in exercises.PROBLEM_SETS), "valid_inputs"]:
    import_module(name)


def pytest_addoption(parser):
    """Where the tests of this folder are named on the command line."""
    parser.addoption(
        "--thorough", action="store_true", help="mutants of all right answers on 200 seeds; projects trained"
    )
