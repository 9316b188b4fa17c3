"""The house: which room may import which, that no modules import one another in a circle, and how large it is."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# From the bottom up; a room imports only what stands in its own line or above it here.
LAYERS = (
    {"environment", "opened", "versions"},
    {"data"},
    {"scenes"},
    {"nn"},
    {"metrics"},
    {"tasks"},
    {"profile", "studies", "colab"},
    {"display"},
    {"exercises"},
    {"grading"},
    {"doctor"},
    {"cli", "__main__"},
    {"tools"},
)
# Inside `tasks`, lessons build upon earlier ones, and never upon later ones.
LESSONS = ("classification", "detection", "language_model", "gan", "captioning", "vqa", "srl", "fusion", "photographs")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for room in ("vistext", "tools") for path in (ROOT / room).rglob("*.py")}


def imported(name: str) -> set[str]:
    """The modules of ours that a module imports, at its top or later, but for those that only its types need."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ("vistext", "tools"):
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (whole & set(MODULES)) | ({node.module} if whole - set(MODULES) else set())
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & set(MODULES)
    return found


def room_of(name: str) -> str:
    parts = name.split(".")
    return parts[0] if parts[0] == "tools" or len(parts) == 1 else parts[1]


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"vistext"}))
def test_no_arrow_runs_back_up(name):
    level = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
    for other in imported(name) - {"vistext"}:
        assert level[room_of(other)] <= level[room_of(name)], f"{name} imports {other}"


@pytest.mark.parametrize("name", sorted(name for name in MODULES if name.startswith("vistext.tasks.")))
def test_lessons_build_upon_earlier_ones_only(name):
    own = LESSONS.index(name.split(".")[2])
    for other in imported(name):
        if other.startswith("vistext.tasks."):
            assert LESSONS.index(other.split(".")[2]) <= own, f"{name} imports {other}"


def test_no_modules_import_one_another_in_a_circle():
    arrows = {name: imported(name) - {name} for name in MODULES}
    while free := [name for name, others in arrows.items() if not others & set(arrows)]:
        for name in free:
            del arrows[name]
    assert not arrows, f"a circle is among {sorted(arrows)}"
