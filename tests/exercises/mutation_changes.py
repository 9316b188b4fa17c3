"""The changes of which mutants are made: what may stand in place of a node of a syntax tree."""

import ast
import copy
from collections.abc import Iterator
from itertools import chain

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
OPERATORS = (  # each may stand for the others of its family
    (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq),
    *((ast.Is, ast.IsNot), (ast.In, ast.NotIn), (ast.And, ast.Or)),
)
FAMILIES = (  # of functions that students take for each other: the first of each is changed into the others
    "min max, argmin argmax, minimum maximum, sum mean prod max, mean median sum, any all, floor ceil round, "
    "round int floor ceil, log log2 log10 log1p, exp exp2 expm1, cumsum cumprod, empty zeros ones, "
    "logical_and logical_or logical_xor, append extend, std var, lower upper, sorted list reversed, zeros ones, "
    "list set, max min sum mean, argmax argmin, maximum minimum, all any, ceil floor round, prod sum"
)
OTHER_NAMES = {name: others for name, *others in (family.split() for family in FAMILIES.split(", "))}
SORTING = {"sorted": ("list({})[::-1]", "list({})"), "argsort": ("{}[::-1]", "range(len({}))")}
COUNTING = ("len", "sum", "min", "max", "argmax", "argmin", "index", "count", "searchsorted", "int")
ITERATED = ("list({})[::-1]", "list({})[1:]", "list({})[:-1]", "list({})[:1]")
# Of what is returned: as students finish it off, or spoil it.
ENDINGS = (
    *("np.round({}, 2)", "np.round({}, 3)", "np.round({})", "int({})", "abs({})", "-({})", "2 * ({})", "({}) + 1"),
    *("sorted({})", "list(dict.fromkeys({}))", "({})[::-1]", "({})[:-1]", "({})[1:]"),
    *("np.transpose({})", "np.squeeze({})", "({}).strip('.')", "({}).lower()"),
)
ITEMS = {ast.Call: ("args", "keywords"), ast.List: ("elts",), ast.Tuple: ("elts",), ast.BoolOp: ("values",)}


def _with(node: ast.AST, **changes: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


def _around(text: str, node: ast.expr) -> ast.expr:
    return ast.parse(text.format(f"({ast.unparse(node)})"), mode="eval").body


def changes(node: ast.AST, tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """What may stand in place of a node, with words for it."""
    if isinstance(node, ast.Subscript) or not isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
        yield from chain.from_iterable(made(node) for kind, made in CHANGES if isinstance(node, kind))
        if isinstance(node, ast.Name):
            yield from _other_arguments(node, tree)


def _other_arguments(node: ast.Name, tree: ast.Module) -> Iterator:
    """Another argument of the same function in place of this one."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and any(one is node for one in ast.walk(function)):
            names = [argument.arg for argument in function.args.args]
            if node.id in names:
                yield from (("argument", ast.Name(other, ast.Load())) for other in names if other != node.id)


def _of_operator(node: ast.operator | ast.cmpop | ast.boolop) -> Iterator:
    words = "comparison" if isinstance(node, ast.cmpop) else "operator"
    others = next((family for family in OPERATORS if type(node) in family), ARITHMETIC)
    yield from ((words, other()) for other in others)


def _of_whole(node: ast.BinOp | ast.UnaryOp | ast.BoolOp | ast.Call | ast.Subscript | ast.IfExp) -> Iterator:
    """One of its parts alone."""
    parts = [node.value] if isinstance(node, ast.Subscript) else [*ast.iter_child_nodes(node)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        parts[0] = node.func.value  # of a method
    not_alone = (ast.keyword, ast.Starred, ast.operator, ast.unaryop, ast.boolop, ast.expr_context)
    yield from (("part only", part) for part in parts if not isinstance(part, not_alone))


def _of_items(node: ast.Call | ast.List | ast.Tuple | ast.BoolOp) -> Iterator:
    for name in ITEMS[type(node)]:
        items = getattr(node, name)
        for place in range(len(items)):
            before, after = items[:place], items[place + 1 :]
            yield "item dropped", _with(node, **{name: before + after})
            if after:
                yield "items swapped", _with(node, **{name: [*before, after[0], items[place], *after[1:]]})


def _of_condition(node: ast.Compare) -> Iterator:
    yield from (("not", ast.UnaryOp(ast.Not(), node)), ("always", ast.Constant(True)), ("never", ast.Constant(False)))


def _of_test(node: ast.If | ast.While | ast.IfExp) -> Iterator:
    yield from ((words, _with(node, test=test)) for words, test in _of_condition(node.test))


def _of_passing(node: ast.comprehension) -> Iterator:
    for place, condition in enumerate(node.ifs):
        before, after = node.ifs[:place], node.ifs[place + 1 :]
        yield "condition dropped", _with(node, ifs=before + after)
        yield "not", _with(node, ifs=[*before, ast.UnaryOp(ast.Not(), condition), *after])


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
    else:
        others = [0, False] if value is None else []
    yield from (("constant", ast.Constant(other)) for other in others)


def _of_amount(node: ast.BinOp | ast.Call) -> Iterator:
    yield "negated", ast.UnaryOp(ast.USub(), node)
    if isinstance(node, ast.BinOp):
        yield "operands swapped", _with(node, left=node.right, right=node.left)
    if isinstance(node, ast.BinOp) or _name(node) in COUNTING:
        yield from (("one more or less", _around(text, node)) for text in ("{} + 1", "{} - 1"))


def _name(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _of_call(node: ast.Call) -> Iterator:
    for other in OTHER_NAMES.get(_name(node), ()):
        named_by = "attr" if isinstance(node.func, ast.Attribute) else "id"
        yield "function", _with(node, func=_with(node.func, **{named_by: other}))
    if _name(node) == "std":
        yield "function", _with(node, keywords=[ast.keyword("ddof", ast.Constant(1))])
    if _name(node) in SORTING:
        turned, unsorted = SORTING[_name(node)]
        yield "turned around", _around(turned, node)
        yield from (("not sorted", _around(unsorted, argument)) for argument in node.args[:1])


def _of_keyword(node: ast.keyword) -> Iterator:
    if node.arg == "axis":
        yield from (("axis", _with(node, value=ast.Constant(axis))) for axis in (0, 1, 2, -1, -2, None))


def _of_slice(node: ast.Slice) -> Iterator:
    for bound in ("lower", "upper", "step"):
        value = getattr(node, bound)
        if value is not None:
            others = [None, _around("{} + 1", value), _around("{} - 1", value)]
        else:
            others = [ast.Constant({"lower": 1}.get(bound, -1))]
        yield from (("bound", _with(node, **{bound: other})) for other in others)


def _of_place(node: ast.Subscript) -> Iterator:
    if isinstance(node.slice, (ast.Name, ast.BinOp, ast.Call)):
        yield from (("index", _with(node, slice=_around(text, node.slice))) for text in ("{} + 1", "{} - 1"))


def _of_iteration(node: ast.comprehension | ast.For) -> Iterator:
    yield from (("iterated", _with(node, iter=_around(text, node.iter))) for text in ITERATED)


def _of_loop(node: ast.For) -> Iterator:
    yield "only once", _with(node, body=[*node.body, ast.Break()])


def _of_assignment(node: ast.AugAssign) -> Iterator:
    yield "assigned", ast.Assign([node.target], node.value, lineno=0)


def _of_statement(node: ast.stmt) -> Iterator:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if not (is_text or isinstance(node, (ast.FunctionDef, ast.Import, ast.ImportFrom))):
        yield "statement removed", ast.Pass()
    if isinstance(node, (ast.Continue, ast.Break)):
        yield "break, continue", ast.Break() if isinstance(node, ast.Continue) else ast.Continue()


def _of_return(node: ast.Return) -> Iterator:
    if node.value is not None:
        yield from (("ending", _with(node, value=_around(text, node.value))) for text in ENDINGS)


CHANGES = [(made.__annotations__["node"], made) for name, made in list(globals().items()) if name.startswith("_of_")]
