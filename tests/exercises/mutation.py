"""Mutation testing of the checks: systematic small changes to right answers, each of which must be found out.

A mutant that is right for every valid input is *equivalent*: it stays unnoticed and may. What is valid is said by the
text of an exercise, and is drawn by a function that is noted with `valid`; it should hold all that the text allows.
"""

import ast
import copy
import inspect
import textwrap
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np
from mutation_changes import changes

from vistext import exercises
from vistext.exercises import Exercise, Failure, call_answer
from vistext.exercises.judging import outcome

VALID: dict[str, Callable[[np.random.Generator], list[dict]]] = {}
SAMPLES = 40  # draws of valid inputs by which a mutant is found to be equivalent
APART = 10_000  # held-out cases for that come from seeds apart from those that are tested
MOST_ROUNDS = 20_000  # of a mutant's loop


@dataclass(frozen=True)
class Program:
    """A right answer as source (functions, or a cell), the name that it defines, and the globals that it uses."""

    source: str
    answer: str
    names: dict = field(default_factory=dict, repr=False, hash=False, compare=False)

    @classmethod
    def of(cls, function: Callable) -> "Program":
        """A function with those of its own module that it calls."""
        names, found, left = vars(inspect.getmodule(function)), {}, [function]
        while left:
            one = left.pop()
            if one.__name__ not in found:
                found[one.__name__] = textwrap.dedent(inspect.getsource(one))
                used = [
                    names.get(node.id) for node in ast.walk(ast.parse(found[one.__name__])) if type(node) is ast.Name
                ]
                left += [other for other in used if inspect.isfunction(other) and other.__module__ == one.__module__]
        return cls("\n\n".join(reversed(found.values())), function.__name__, names)


@dataclass(frozen=True)
class Mutant:
    """A changed program; its answer is the function or value that it makes, or a `Failure`."""

    change: str
    source: str
    answer: object


def valid(exercise_id: str, sizes: Sequence[tuple]) -> Callable:
    """Note a function that draws a valid input of each size by a random generator, or None, for an exercise."""

    def note(function: Callable) -> Callable:
        assert exercise_id not in VALID
        VALID[exercise_id] = lambda rng: [case for size in sizes if (case := function(rng, *size)) is not None]
        return function

    return note


def mutants(program: Program) -> Iterator[Mutant]:
    """Every program that differs from this one by one change, each once."""
    tree = ast.parse(program.source)
    seen = {ast.unparse(tree)}
    for node, put in list(_places(tree)):
        for words, replacement in list(changes(node, tree)):
            put(replacement)
            source = ast.unparse(tree)
            if source not in seen:
                seen.add(source)
                yield Mutant(f"{words} in `{ast.dump(node)[:70]}`", source, _made(tree, program))
            put(node)


def _places(tree: ast.Module) -> Iterator[tuple[ast.AST, Callable[[ast.AST], None]]]:
    """Every node, with a function that puts another in its place."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, ast.AST):
                yield value, partial(setattr, parent, name)
            elif isinstance(value, list):
                yield from ((one, partial(value.__setitem__, place)) for place, one in enumerate(value))


def _made(tree: ast.Module, program: Program) -> object:
    """What the program defines, with loops that end."""
    rounds = Counter()

    def tick():
        rounds["all"] += 1
        if rounds["all"] > MOST_ROUNDS:
            raise TimeoutError

    if any(isinstance(node, ast.While) for node in ast.walk(tree)):
        tree = copy.deepcopy(tree)
        for loop in [node for node in ast.walk(tree) if isinstance(node, ast.While)]:
            loop.body.insert(0, ast.parse("_tick()").body[0])
    names = {**program.names, "np": np, "_tick": tick}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            exec(compile(ast.fix_missing_locations(tree), "<mutant>", "exec"), names)
    except Exception as error:  # a cell that gives a value may stop
        return Failure(type(error).__name__, "")
    answer = names[program.answer]
    if not inspect.isfunction(answer):
        return answer

    def limited(**case):
        rounds.clear()
        return answer(**case)

    return limited


@cache
def _truth(exercise_id: str, seed: int | None) -> list[tuple[dict, object]]:
    """The cases of a seed, with what is right for each."""
    exercise = exercises.find(exercise_id)
    return [(case, outcome(exercise.solve, case)) for case in exercise.cases(seed)]


@cache
def _valid_inputs(exercise_id: str) -> list[tuple[dict, object]]:
    """Valid inputs, with what is right for each."""
    exercise, found = exercises.find(exercise_id), [*_truth(exercise_id, None)]
    for seed in range(APART, APART + SAMPLES) if exercise.kind == "function" else ():
        drawn = VALID[exercise_id](np.random.default_rng(seed))
        found += _truth(exercise_id, seed) + [(case, outcome(exercise.solve, case)) for case in drawn]
    return found


def first_wrong(exercise: Exercise, answer: object, cases: Iterable[tuple[dict, object]] | None = None) -> tuple | None:
    """The first of some cases (of valid inputs) for which an answer is not right, what it gave and what is right."""
    for case, true in _valid_inputs(exercise.id) if cases is None else cases:
        given = call_answer(answer, case) if exercise.kind == "function" else answer
        if not exercise.is_right(given, true):
            return case, given, true
    return None


def survivors(exercise: Exercise, programs: Iterable[Program], seeds: Iterable[int]) -> list[str]:
    """The mutants of some programs, in words, that are wrong for a valid input and pass all the same.

    A mutant must fail the held-out cases of each seed by themselves, and the cases of a student's own check.
    """
    tries = {"the check": _truth(exercise.id, None)}
    if exercise.kind == "function":
        tries["the check"] = tries["the check"] + _truth(exercise.id, exercises.SEED)
        tries |= {f"seed {seed}": _truth(exercise.id, seed) for seed in seeds}
    found = []
    for program in programs:
        for mutant in mutants(program):
            wrong = {name: first_wrong(exercise, mutant.answer, cases) for name, cases in tries.items()}
            passed = [name for name, where in wrong.items() if where is None]
            failed = next((where for where in wrong.values() if where is not None), None)
            differs = passed and (failed or first_wrong(exercise, mutant.answer))
            if differs:
                case, given, true = differs
                found.append(
                    f"{program.answer}: {mutant.change} passes {len(passed)} of {len(tries)}: {', '.join(passed[:4])}. "
                    f"It gives {given!r} in place of {true!r} for {case!r}\n{mutant.source}"
                )
    return found
