"""No small change to a right answer that makes it wrong anywhere passes: neither a student's check nor the grader.

Of the reference, five seeds; by `pytest tests/exercises/test_mutants.py --thorough` 200, and all right answers.
"""

import pytest
from answers import RIGHT
from mutation import VALID, Program, first_wrong, mutants, survivors
from test_answers import COMPARED, FUNCTIONS, each

from tools.notebooks.files import read
from tools.notebooks.release import solutions, sources
from vistext import exercises

CELLS = {name: source for path in sources() for name, source in solutions(read(path))}
ENOUGH = 1_500  # mutants of all references together


def reference(exercise):
    return Program(CELLS[exercise.id], exercise.answer)


@each(COMPARED)
def test_no_mutant_that_is_wrong_for_a_valid_input_passes(exercise, request):
    programs, seeds = [reference(exercise)], range(1, 6)
    if request.config.getoption("--thorough", default=False):
        answers = [exercise.solve, *RIGHT[exercise.id]] if exercise.kind == "function" else []
        programs, seeds = programs + [Program.of(answer) for answer in answers], range(200)
    found = survivors(exercise, programs, seeds)
    assert not found, "\n".join(found)


def test_there_are_enough_mutants():
    assert sum(1 for exercise in COMPARED for _ in mutants(reference(exercise))) >= ENOUGH


@each(FUNCTIONS)
def test_right_answers_agree_on_all_that_is_valid(exercise):
    assert exercise.id in VALID
    for answer in RIGHT[exercise.id]:
        assert first_wrong(exercise, answer) is None, answer.__name__


@pytest.mark.parametrize("change", ["operator", "comparison", "constant", "axis", "statement removed", "ending"])
def test_mutants_are_made_by_each_sort_of_change(change):
    assert any(mutant.change.startswith(change) for mutant in mutants(reference(exercises.find("ps01-5"))))
