"""What surrounds the course on a user's machine: packages, files that hide them, settings, the locale, closed streams.

Only what Python has loaded before any module of ours is imported at the top, since a file in the current folder may
hide everything else.
"""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder

# What is imported besides the standard library, by the extra of pyproject.toml that brings it; "" is the base install.
BROUGHT_BY = {
    "": (
        *("PIL", "easy_vqa", "filelock", "matplotlib", "numpy", "packaging", "pooch", "pycocotools", "requests"),
        *("pillow_heif", "rich", "sacrebleu", "scipy", "skimage", "tqdm", "urllib3"),
    ),
    "cpu": ("h5py", "keras", "tensorflow"),
    "course": (
        *("IPython", "ipywidgets", "latex2mathml", "nbclient", "nbconvert", "nbformat", "pycocoevalcap", "pygments"),
        *("sklearn", "tomli", "traitlets"),
    ),
    "grade": ("distributed", "markdown_it", "mdit_py_plugins", "nbgrader", "nh3", "psutil", "pyseccomp", "sqlalchemy"),
}
# Modules of the standard library that nothing here imports: a student's `turtle.py` does no harm.
UNUSED = {
    *("antigravity", "cgi", "chunk", "crypt", "idlelib", "imp", "pipes", "profile", "sched", "statistics", "this"),
    *("tkinter", "trace", "turtle", "turtledemo", "wave"),
}
# The course's networks are built for these, whatever ~/.keras/keras.json or the environment prefer.
KERAS_SETTINGS = {
    "backend": "tensorflow",
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
}


class NotUsableError(ImportError):
    """Something on this machine keeps the course from starting; the message is one line with a remedy."""


def missing(module: str) -> str | None:
    """One line that names the extra that brings a module, and the command that installs it; None if none does."""
    package = module.partition(".")[0]
    extra = next((extra for extra, brought in BROUGHT_BY.items() if extra and package in brought), None)
    if extra is None:
        return None
    return f'{package} is not installed; it comes with the extra {extra}: {_python()} -m pip install "vistext[{extra}]"'


def require(*modules: str) -> None:
    """Raise ModuleNotFoundError, with the message of `missing`, before work begins that needs a module late."""
    from importlib.util import find_spec

    for module in modules:
        if find_spec(module) is None:
            raise ModuleNotFoundError(missing(module) or f"{module} is not installed", name=module)


def _python() -> str:
    """The running Python as one would type it here: `pip` alone may be that of another."""
    import shlex

    here = os.path.join(os.getcwd(), "")
    return shlex.quote(sys.executable.removeprefix(here)) if sys.executable else "python"


def shadowing_file(path: Sequence[str] | None = None) -> str | None:
    """A file of the user's that is imported in place of a module that the course needs, such as their own `random.py`.

    One line that names it and says what to do, or None. Only the current folder, the first of `path` (by default
    `sys.path`) and those of PYTHONPATH are suspected.
    """
    path = sys.path if path is None else path
    needed = (sys.stdlib_module_names - UNUSED).union(*BROUGHT_BY.values())
    suspects = ["", *path[:1], *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    for folder in dict.fromkeys(map(os.path.abspath, suspects)):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        if folder == os.path.dirname(os.__file__) or any(name.endswith(".dist-info") for name in names):
            continue  # Python's own folder, or one that packages were installed into
        others = [place for place in path if os.path.abspath(place) != folder]
        for name in sorted({name.removesuffix(".py") for name in names} & needed):
            found = _find(name, path)
            if found and _is_in(folder, found) and (name in sys.stdlib_module_names or _find(name, others)):
                return f"{found.origin} hides the module {name}, which vistext needs: rename it, or start elsewhere"
    return None


def _find(name: str, path: Sequence[str]):
    """What an import would find in these folders; None for what comes with the interpreter itself."""
    if BuiltinImporter.find_spec(name) or FrozenImporter.find_spec(name):
        return None
    return PathFinder.find_spec(name, path)


def _is_in(folder: str, found) -> bool:
    """Whether a module is a file, or a package, of this very folder; a folder without `__init__.py` hides nothing."""
    if not found.origin:
        return False
    place = os.path.dirname(os.path.abspath(found.origin))
    return folder == (os.path.dirname(place) if found.submodule_search_locations else place)


def keras_file() -> str:
    """Where Keras looks for its settings."""
    home = os.path.expanduser("~")
    default = os.path.join(home if os.access(home, os.W_OK) else "/tmp", ".keras")
    return os.path.expanduser(os.path.join(os.environ.get("KERAS_HOME", default), "keras.json"))


def overruled_keras_settings() -> dict[str, object]:
    """What the user's settings of Keras ask for that the course does not follow: name → value.

    NotUsableError if Keras itself does not start with them.
    """
    import json

    try:
        with open(keras_file(), encoding="utf-8") as file:
            chosen = json.load(file)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # Keras does without what is not JSON
        chosen = {}
    except OSError as error:
        raise NotUsableError(f"{keras_file()} cannot be read ({error.strerror}): mend or delete it") from error
    if not isinstance(chosen, dict) or not (
        chosen.get("floatx", "float32") in ("float16", "float32", "float64")
        and isinstance(chosen.get("epsilon", 1e-7), float)
        and chosen.get("image_data_format", "channels_last") in ("channels_first", "channels_last")
    ):
        problem = f"{keras_file()} holds what Keras does not accept, {json.dumps(chosen)}"
        raise NotUsableError(f"{problem}: mend or delete it")
    chosen |= {"backend": os.environ["KERAS_BACKEND"]} if os.environ.get("KERAS_BACKEND") else {}
    return {name: chosen[name] for name, ours in KERAS_SETTINGS.items() if chosen.get(name, ours) != ours}


def use_utf8() -> None:
    """Start this process again in Python's UTF-8 mode where the locale would have file names in another encoding.

    So a student's name, read from a folder or a zip, is the same on every machine. What is printed keeps the encoding
    of the terminal.
    """
    if sys.getfilesystemencoding() == "utf-8" or os.environ.get("PYTHONUTF8") == "1" or os.name != "posix":
        return
    os.environ["PYTHONUTF8"] = "1"
    if sys.stdout is not None:
        os.environ.setdefault("PYTHONIOENCODING", f"{sys.stdout.encoding}:replace")
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def open_closed_streams() -> None:
    """Give a process that was started with closed streams (`vistext tour 2>&-`) streams that lead nowhere.

    Otherwise the next file that is opened would get their number, and what is written to them would land in it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, number)
            if nowhere != number:
                os.close(nowhere)
            mode = "r" if number == 0 else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
