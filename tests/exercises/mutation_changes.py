"""The changes of which mutants are made: what may stand in place of a node of a syntax tree."""

import ast
import copy
from collections.abc import Iterator

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
OPPOSITE = {ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
FAMILIES = (  # of functions that students take for each other: the first of each is changed into the others
    "min max, argmin argmax, minimum maximum, sum mean prod max, mean median sum, any all, floor ceil round, "
    "round int floor ceil, log log2 log10 log1p, exp exp2 expm1, cumsum cumprod, empty zeros ones, "
    "logical_and logical_or logical_xor, append extend, std var, lower upper, sorted list reversed, zeros ones, "
    "list set, max min sum mean, argmax argmin, maximum minimum, all any, ceil floor round, prod sum"
)
OTHER_NAMES = {name: others for name, *others in (family.split() for family in FAMILIES.split(", "))}
NAMED_BY = {ast.Attribute: "attr", ast.Name: "id"}  # the function of a call
SORTING = {"sorted": ("list({})[::-1]", "list({})"), "argsort": ("{}[::-1]", "range(len({}))")}
COUNTING = ("len", "sum", "min", "max", "argmax", "argmin", "index", "count", "searchsorted", "int")
# Of what is returned: as students finish it off, or spoil it.
ENDINGS = (
    *("np.round({}, 2)", "np.round({}, 3)", "np.round({})", "int({})", "abs({})", "-({})", "2 * ({})", "({}) + 1"),
    *("sorted({})", "list(dict.fromkeys({}))", "({})[::-1]", "({})[:-1]", "({})[1:]"),
    *("np.transpose({})", "np.squeeze({})", "({}).strip('.')", "({}).lower()"),
)


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


def changes(node: ast.AST, tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """What may stand in place of a node, with words for it."""
    for kind, made in CHANGES:
        if isinstance(node, kind):
            yield from made(node)
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
    yield from _arguments_of(node)
    yield from _keywords_of(node)
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


def _arguments_of(node: ast.Call) -> Iterator:
    for place, argument in enumerate(node.args):
        if not isinstance(argument, ast.Starred):
            yield "call dropped", argument
        yield "argument dropped", _with(node, args=_without(node.args, place))
        if place + 1 < len(node.args):
            yield "arguments swapped", _with(node, args=_swapped(node.args, place))


def _keywords_of(node: ast.Call) -> Iterator:
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
    yield from _iterations_of(node)


def _iterations_of(node: ast.comprehension | ast.For) -> Iterator:
    for text in ("list({})[::-1]", "list({})[1:]", "list({})[:-1]", "list({})[:1]"):
        yield "iterated", _with(node, iter=_around(text, node.iter))


def _of_loop(node: ast.For) -> Iterator:
    yield from _iterations_of(node)
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


CHANGES = [(made.__annotations__["node"], made) for name, made in list(globals().items()) if name.startswith("_of_")]
