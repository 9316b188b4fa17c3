"""Mutation testing of the checks: systematic small changes to right answers, each of which must be found out.

    for mutant in mutants(program): ...           the right answer with one change in its syntax tree
    survey(exercise, programs, seeds)             which of them are wrong somewhere, and pass all the same

A mutant that is right for every valid input is *equivalent*: it stays unnoticed and may. What is valid is said by the
text of an exercise, and is drawn by a function that is noted with `valid`; it should hold all that the text allows.
"""

import ast
import copy
import inspect
import textwrap
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np

from vistext import checks
from vistext.checks import Exercise, Failure, call
from vistext.checks.exercise import outcome

VALID: dict[str, Callable[[np.random.Generator], list[dict]]] = {}
SAMPLES = 40  # draws of valid inputs by which a mutant is found to be equivalent
APART = 10_000  # held-out cases for that come from seeds apart from those that are tested
MOST_ROUNDS = 20_000  # of a mutant's loop

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
OPPOSITE = {ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
OTHER_NAMES = {
    name: tuple(other for other in family if other != name)
    for family in (
        ("min", "max"),
        ("argmin", "argmax"),
        ("minimum", "maximum"),
        ("sum", "mean", "prod", "max"),
        ("mean", "median", "sum"),
        ("any", "all"),
        ("floor", "ceil", "round"),
        ("round", "int", "floor", "ceil"),
        ("log", "log2", "log10", "log1p"),
        ("exp", "exp2", "expm1"),
        ("cumsum", "cumprod"),
        ("empty", "zeros", "ones"),
        ("logical_and", "logical_or", "logical_xor"),
        ("append", "extend"),
        ("std", "var"),
        ("lower", "upper"),
        ("sorted", "list", "reversed"),
        ("zeros", "ones"),
        ("list", "set"),
    )
    for name in family[:1]
} | {
    "max": ("min", "sum", "mean"),
    "argmax": ("argmin",),
    "maximum": ("minimum",),
    "all": ("any",),
    "ceil": ("floor", "round"),
    "prod": ("sum",),
}
NAMED_BY = {ast.Attribute: "attr", ast.Name: "id"}  # the function of a call
SORTING = {"sorted": ("list({})[::-1]", "list({})"), "argsort": ("{}[::-1]", "range(len({}))")}
COUNTING = ("len", "sum", "min", "max", "argmax", "argmin", "index", "count", "searchsorted", "int")
# Of what is returned: as students finish it off, or spoil it.
ENDINGS = (
    "np.round({}, 2)",
    "np.round({}, 3)",
    "np.round({})",
    "int({})",
    "abs({})",
    "-({})",
    "2 * ({})",
    "({}) + 1",
    "sorted({})",
    "list(dict.fromkeys({}))",
    "({})[::-1]",
    "({})[:-1]",
    "({})[1:]",
    "np.transpose({})",
    "np.squeeze({})",
    "({}).strip('.')",
    "({}).lower()",
)


@dataclass(frozen=True)
class Program:
    """A right answer as source, with the names that it needs.

    Attributes:
        label: where it is from.
        source: one or more functions, or a cell.
        answer: the name that it defines.
        names: the globals that it uses.
    """

    label: str
    source: str
    answer: str
    names: dict = field(repr=False, hash=False, compare=False)

    @classmethod
    def of(cls, function: Callable, label: str) -> "Program":
        """A function with those of its own module that it calls."""
        module = inspect.getmodule(function)
        found, left = {}, [function]
        while left:
            one = left.pop()
            if one.__name__ in found:
                continue
            found[one.__name__] = textwrap.dedent(inspect.getsource(one))
            used = [getattr(module, name, None) for name in _names_in(one.__code__)]
            left += [other for other in used if inspect.isfunction(other) and other.__module__ == module.__name__]
        return cls(label, "\n\n".join(reversed(found.values())), function.__name__, vars(module))


def _names_in(code) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from _names_in(constant)


@dataclass(frozen=True)
class Mutant:
    """A changed program.

    Attributes:
        change: what was changed, in words.
        source: all of it.
        answer: the function or value that it makes; a `Failure` if it makes none.
    """

    change: str
    source: str
    answer: object


def valid(exercise_id: str) -> Callable:
    """Note a function of a random generator that draws valid inputs, far and wide, of an exercise."""

    def note(function: Callable) -> Callable:
        assert exercise_id not in VALID
        VALID[exercise_id] = function
        return function

    return note


def mutants(program: Program) -> Iterator[Mutant]:
    """Every program that differs from this one by one change, each once."""
    tree = ast.parse(program.source)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            function.decorator_list = []
    seen = {ast.unparse(tree)}
    for node, put in list(_places(tree)):
        for words, replacement in list(_changes(node, tree)):
            put(replacement)
            source = ast.unparse(tree)
            if source not in seen:
                seen.add(source)
                yield Mutant(f"{words} in `{ast.unparse(node)[:70]}`", source, _made(tree, program))
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


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _with(node: ast.AST, **changes: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


def _around(text: str, node: ast.expr) -> ast.expr:
    return _parsed(text.format(f"({ast.unparse(node)})"))


def _without(items: list, place: int) -> list:
    return items[:place] + items[place + 1 :]


def _swapped(items: list, place: int) -> list:
    return [*items[:place], items[place + 1], items[place], *items[place + 2 :]]


def _changes(node: ast.AST, tree: ast.Module) -> Iterator[tuple[str, object]]:
    """What may stand in place of a node, with words for it."""
    for kind, changes in CHANGES.items():
        if isinstance(node, kind):
            yield from changes(node)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield from _other_arguments(node, tree)


def _other_arguments(node: ast.Name, tree: ast.Module) -> Iterator:
    """Another argument of the same function in place of this one."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and any(one is node for one in ast.walk(function)):
            names = [argument.arg for argument in function.args.args]
            if node.id in names:
                yield from (("argument", ast.Name(other, ast.Load())) for other in names if other != node.id)


def _of_operation(node: ast.BinOp) -> Iterator:
    yield from (("operator", _with(node, op=op())) for op in ARITHMETIC)
    yield "operands swapped", _with(node, left=node.right, right=node.left)
    yield "left only", node.left
    yield "right only", node.right
    yield "negated", ast.UnaryOp(ast.USub(), node)
    yield "one more", _around("{} + 1", node)
    yield "one less", _around("{} - 1", node)


def _of_comparison(node: ast.Compare) -> Iterator:
    for place, op in enumerate(node.ops):
        others = [OPPOSITE[type(op)]] if type(op) in OPPOSITE else COMPARISONS
        yield from (
            ("comparison", _with(node, ops=[*node.ops[:place], new(), *node.ops[place + 1 :]])) for new in others
        )
    yield "not", ast.UnaryOp(ast.Not(), node)
    yield "always", ast.Constant(True)
    yield "never", ast.Constant(False)


def _of_junction(node: ast.BoolOp) -> Iterator:
    yield "and, or", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for place in range(len(node.values)):
        left = _without(node.values, place)
        yield "condition dropped", left[0] if len(left) == 1 else _with(node, values=left)


def _of_sign(node: ast.UnaryOp) -> Iterator:
    yield "sign dropped", node.operand


def _of_constant(node: ast.Constant) -> Iterator:
    value = node.value
    if isinstance(value, bool):
        others = [not value]
    elif isinstance(value, int):
        others = [value + 1, value - 1, 0, 1, 2 * value, -value]
    elif isinstance(value, float):
        others = [0.0, 1.0, 2 * value, value / 2, value + 0.1, value - 0.1, -value]
    elif isinstance(value, str) and len(value) < 30:  # longer ones are docstrings
        others = ["", value + "x", value.upper(), value[1:], value[:-1]]
        others += [value[:place] + value[place + 1 :] for place in range(1, len(value) - 1)]
    elif value is None:
        others = [0, False]
    else:
        others = []
    yield from (("constant", ast.Constant(other)) for other in others)


def _of_call(node: ast.Call) -> Iterator:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    yield "negated", ast.UnaryOp(ast.USub(), node)
    yield from _of_arguments(node)
    yield from _of_keywords(node)
    if isinstance(node.func, ast.Attribute):
        yield "method dropped", node.func.value
    for other in OTHER_NAMES.get(name, ()):
        yield "function", _with(node, func=_with(node.func, **{NAMED_BY[type(node.func)]: other}))
    if name == "std":
        yield "function", _with(node, keywords=[ast.keyword("ddof", ast.Constant(1))])
    if name in SORTING:
        turned, unsorted = SORTING[name]
        yield "turned around", _around(turned, node)
        yield from (("not sorted", _around(unsorted, argument)) for argument in node.args[:1])
    if name in COUNTING:
        yield "one more", _around("{} + 1", node)
        yield "one less", _around("{} - 1", node)


def _of_arguments(node: ast.Call) -> Iterator:
    for place, argument in enumerate(node.args):
        if not isinstance(argument, ast.Starred):
            yield "call dropped", argument
        yield "argument dropped", _with(node, args=_without(node.args, place))
        if place + 1 < len(node.args):
            yield "arguments swapped", _with(node, args=_swapped(node.args, place))


def _of_keywords(node: ast.Call) -> Iterator:
    for place, keyword in enumerate(node.keywords):
        yield "keyword dropped", _with(node, keywords=_without(node.keywords, place))
        if keyword.arg == "axis":
            for axis in (0, 1, 2, -1, -2, None):
                changed = _with(keyword, value=ast.Constant(axis))
                yield "axis", _with(node, keywords=[*node.keywords[:place], changed, *node.keywords[place + 1 :]])


def _of_slice(node: ast.Slice) -> Iterator:
    for bound in ("lower", "upper", "step"):
        value = getattr(node, bound)
        if value is not None:
            yield "bound dropped", _with(node, **{bound: None})
            yield "bound", _with(node, **{bound: _around("{} + 1", value)})
            yield "bound", _with(node, **{bound: _around("{} - 1", value)})
        elif bound != "step":
            yield "bound", _with(node, **{bound: ast.Constant(1 if bound == "lower" else -1)})
    if node.step is None:
        yield "turned around", _with(node, step=ast.Constant(-1))


def _of_place(node: ast.Subscript) -> Iterator:
    if isinstance(node.ctx, ast.Load):
        yield "index dropped", node.value
    if isinstance(node.slice, (ast.Name, ast.BinOp, ast.Call)):
        yield "index", _with(node, slice=_around("{} + 1", node.slice))
        yield "index", _with(node, slice=_around("{} - 1", node.slice))


def _of_items(node: ast.List | ast.Tuple) -> Iterator:
    if isinstance(node.ctx, ast.Load):
        for place in range(len(node.elts)):
            yield "item dropped", _with(node, elts=_without(node.elts, place))
            if place + 1 < len(node.elts):
                yield "items swapped", _with(node, elts=_swapped(node.elts, place))


def _of_choice(node: ast.IfExp) -> Iterator:
    yield "choice turned", _with(node, body=node.orelse, orelse=node.body)
    yield "always", node.body
    yield "never", node.orelse


def _of_test(node: ast.If | ast.While) -> Iterator:
    yield "not", _with(node, test=ast.UnaryOp(ast.Not(), node.test))
    yield "always", _with(node, test=ast.Constant(True))
    yield "never", _with(node, test=ast.Constant(False))


def _of_passing(node: ast.comprehension) -> Iterator:
    for place, condition in enumerate(node.ifs):
        yield "condition dropped", _with(node, ifs=_without(node.ifs, place))
        negated = ast.UnaryOp(ast.Not(), condition)
        yield "not", _with(node, ifs=[*node.ifs[:place], negated, *node.ifs[place + 1 :]])
    yield from _of_iteration(node)


def _of_iteration(node: ast.comprehension | ast.For) -> Iterator:
    for text in ("list({})[::-1]", "list({})[1:]", "list({})[:-1]", "list({})[:1]"):
        yield "iterated", _with(node, iter=_around(text, node.iter))


def _of_loop(node: ast.For) -> Iterator:
    yield from _of_iteration(node)
    yield "only once", _with(node, body=[*node.body, ast.Break()])


def _of_assignment(node: ast.AugAssign) -> Iterator:
    yield from (("operator", _with(node, op=op())) for op in ARITHMETIC[:5])
    yield "assigned", ast.Assign([node.target], node.value, lineno=0)


def _of_statement(node: ast.stmt) -> Iterator:
    if not (isinstance(node, (ast.FunctionDef, ast.Import, ast.ImportFrom)) or _is_text(node)):
        yield "statement removed", ast.Pass()


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _of_return(node: ast.Return) -> Iterator:
    if node.value is not None:
        for text in ENDINGS:
            yield "ending", _with(node, value=_around(text, node.value))


def _of_leap(node: ast.Continue | ast.Break) -> Iterator:
    yield "break, continue", ast.Break() if isinstance(node, ast.Continue) else ast.Continue()


CHANGES: dict = {
    ast.BinOp: _of_operation,
    ast.Compare: _of_comparison,
    ast.BoolOp: _of_junction,
    ast.UnaryOp: _of_sign,
    ast.Constant: _of_constant,
    ast.Call: _of_call,
    ast.Slice: _of_slice,
    ast.Subscript: _of_place,
    (ast.List, ast.Tuple): _of_items,
    ast.IfExp: _of_choice,
    (ast.If, ast.While): _of_test,
    ast.comprehension: _of_passing,
    ast.For: _of_loop,
    ast.AugAssign: _of_assignment,
    ast.stmt: _of_statement,
    ast.Return: _of_return,
    (ast.Continue, ast.Break): _of_leap,
}


@dataclass
class Survey:
    """What became of the mutants of an exercise.

    Attributes:
        killed, crashed, equivalent: how many gave a wrong answer, stopped, or are right for all valid inputs.
        survivors: of those that are wrong for a valid input: the change, that input, and the cases that they passed.
    """

    killed: int = 0
    crashed: int = 0
    equivalent: int = 0
    survivors: list[str] = field(default_factory=list)

    @property
    def made(self) -> int:
        """How many mutants there are."""
        return self.killed + self.crashed + self.equivalent + len(self.survivors)

    def __str__(self) -> str:
        return (
            f"{self.made} mutants: {self.killed} gave a wrong answer, {self.crashed} stopped, {self.equivalent} are "
            f"equivalent, {len(self.survivors)} survive"
        )


@cache
def _sample(exercise_id: str) -> list[tuple[dict, object]]:
    """Valid inputs, with what is right for each."""
    exercise = checks.find(exercise_id)
    cases = exercise.cases(None)
    if exercise.kind == "function":
        for seed in range(APART, APART + SAMPLES):
            cases += exercise.cases(seed)
            if exercise.id in VALID:
                cases += VALID[exercise.id](np.random.default_rng(seed))
    return [(case, outcome(exercise.solve, case)) for case in cases]


@cache
def _asked(exercise_id: str, seed: int | None) -> list[tuple[dict, object]]:
    exercise = checks.find(exercise_id)
    return [(case, outcome(exercise.solve, case)) for case in exercise.cases(seed)]


def first_wrong(exercise: Exercise, answer: object, cases: Iterable[tuple[dict, object]]) -> tuple | None:
    """The first of some cases for which an answer is not right, with what it gave and what is right."""
    for case, true in cases:
        given = call(answer, case) if exercise.kind == "function" else answer
        if not exercise.is_right(given, true):
            return case, given, true
    return None


def wrong_on_valid_input(exercise: Exercise, answer: object) -> tuple | None:
    """A valid input, if there is one, for which an answer is not right, with what it gave and what is right."""
    return first_wrong(exercise, answer, _sample(exercise.id))


def survey(exercise: Exercise, programs: Iterable[Program], seeds: Iterable[int]) -> Survey:
    """Try every mutant of some programs on the cases of some seeds, and on those of a student's own check.

    A mutant must fail the held-out cases of each seed by themselves, and the check.
    """
    found = Survey()
    own = _asked(exercise.id, None) + (_asked(exercise.id, checks.SEED) if exercise.kind == "function" else [])
    tries = {"the check": own}
    if exercise.kind == "function":
        tries |= {f"seed {seed}": _asked(exercise.id, seed) for seed in seeds}
    for program in programs:
        for mutant in mutants(program):
            wrong = {name: first_wrong(exercise, mutant.answer, cases) for name, cases in tries.items()}
            passed = [name for name, where in wrong.items() if where is None]
            failed = next((where for where in wrong.values() if where is not None), None)
            differs = passed and (failed or wrong_on_valid_input(exercise, mutant.answer))
            if differs:
                found.survivors.append(
                    f"{program.label}: {mutant.change} passes {len(passed)} of {len(tries)} ({', '.join(passed[:4])}), "
                    f"and gives {differs[1]!r} in place of {differs[2]!r} for {differs[0]!r}\n{mutant.source}"
                )
            elif passed:
                found.equivalent += 1
            elif any(type(where[1]) is Failure for where in wrong.values()):
                found.crashed += 1
            else:
                found.killed += 1
    return found
