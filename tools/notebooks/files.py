"""The lessons as files: the badge and set-up cell that each carries, and running them again; in a checkout only."""

import base64
import io
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy as np
from nbformat import NotebookNode
from PIL import Image

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
CELL_TIMEOUT = 900  # seconds; a lesson in profile gpu trains longer than in the tests

SETUP = """\
# Set-up, the same in every lesson. Where vistext is not installed yet, as on Colab, this installs it and leaves
# TensorFlow, NumPy and Jupyter as they are.
import importlib.util

if importlib.util.find_spec("vistext") is None:
    %pip install --quiet "vistext @ git+{repository}@{branch}"

from vistext import profile

print(profile.start())"""
RESTART = """\
**After a restart** of the kernel, click the cell from which you want to go on, and run all those above it:
*Run ▸ Run All Above Selected Cell* in JupyterLab, *Runtime ▸ Run before* in Colab."""
# Run after the last cell of a lesson: what its outputs show of the weights and studies that ship.
HANDOVER = "import json\n\nfrom vistext import opened\n\nprint(json.dumps(opened.checksums()))"
SETUP_TAG = "nbval-ignore-output"  # it prints the machine and its versions

SHOWN = "vistext_shown"  # in a lesson's metadata: the shipped files that its outputs show, each with its checksum
TOOK = "vistext_took"  # and what its last stored run took: "seconds", in tens, and the "cores" of that machine
RUNS_IN = re.compile(r"the cells run in about [\w. ]+ \(measured: \d+ s on \d+ cores?\)")  # in its header
KEPT_CELL_METADATA = {"tags", "jupyter", "nbgrader"}
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WIDGET = "application/vnd.jupyter.widget-view+json"  # names a model that lives in the kernel: nothing without one
EMBEDDED_PNG = re.compile(r"(?<=data:image/png;base64,)[A-Za-z0-9+/=]+")
BADGE = re.compile(
    r"\[!\[Open in Colab\]\([^)]*\)\]\(https://colab\.research\.google\.com/github/[^)]*?/(notebooks/[^)]*)\)"
)


class Home(NamedTuple):
    """Where the course is published: `repository` as an https URL on GitHub, and the `branch` that badges open."""

    repository: str
    branch: str


def home(pyproject: Path = ROOT / "pyproject.toml") -> Home:
    """The one setting from which every badge and set-up cell is made.

    ValueError if it is not on GitHub, the only place besides Drive from which Colab opens notebooks.
    """
    settings = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    repository = settings["project"]["urls"]["Repository"].rstrip("/")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", repository):
        raise ValueError(
            f"Repository is {repository!r} in {pyproject}; Colab badges need https://github.com/OWNER/NAME"
        )
    return Home(repository, settings["tool"]["vistext"]["branch"])


def badge(path: Path) -> str:
    """The Markdown of the badge that opens the lesson at `path`, a file of this checkout, in Colab."""
    repository, branch = home()
    place = Path(path).resolve().relative_to(ROOT).as_posix()
    slug = repository.removeprefix("https://github.com/")
    colab = "https://colab.research.google.com"
    return f"[![Open in Colab]({colab}/assets/colab-badge.svg)]({colab}/github/{slug}/blob/{branch}/{place})"


def setup_cell() -> str:
    """The source of every lesson's first code cell."""
    return SETUP.format(**home()._asdict())


def lessons() -> list[Path]:
    """Every lesson of this checkout, in order."""
    return sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells of `notebook`, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def each_output(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Every output of `notebook`, each with the number of its code cell, from 1."""
    for number, cell in enumerate(code_cells(notebook), start=1):
        for output in cell.outputs:
            yield number, output


def runs_in(took: dict) -> str:
    """What the header of a lesson says of the `TOOK` in its metadata; it matches `RUNS_IN`."""
    seconds, cores = took["seconds"], took["cores"]
    halves = max(1, round(seconds / 30))
    minutes = {1: "half a minute", 2: "a minute"}.get(halves, f"{halves / 2:g} minutes")
    return f"the cells run in about {minutes} (measured: {seconds} s on {cores} core{'s' if cores > 1 else ''})"


def read(path: Path) -> NotebookNode:
    """The notebook at `path`."""
    return nbformat.read(path, as_version=4)


def write(notebook: NotebookNode, path: Path) -> None:
    """Store `notebook` at `path`: the whole of it or, if that fails, nothing."""
    half = Path(path).with_suffix(".ipynb.part")
    nbformat.write(notebook, half)
    os.replace(half, path)


def execute(path: Path) -> None:
    """Run a lesson from a fresh kernel, in its folder; clean and store it; if a cell raises, nothing is stored.

    What the run took, start of the kernel included, goes into its metadata, `TOOK`, and from there into its header.
    """
    from nbclient import NotebookClient
    from tqdm import tqdm

    notebook = read(path)
    repoint(notebook, path)
    notebook.cells.append(nbformat.v4.new_code_cell(HANDOVER))
    start = time.perf_counter()
    with tqdm(total=len(notebook.cells), desc=Path(path).stem, unit="cell") as bar:
        NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            kernel_name=KERNELSPEC["name"],
            resources={"metadata": {"path": str(Path(path).parent)}},
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
            on_cell_complete=lambda **_: bar.update(),
        ).execute()
    notebook.metadata[SHOWN] = json.loads(notebook.cells.pop().outputs[0].text)
    took = {"seconds": max(10, 10 * round((time.perf_counter() - start) / 10)), "cores": os.cpu_count() or 1}
    notebook.metadata[TOOK] = took
    notebook.cells[0].source = RUNS_IN.sub(runs_in(took), notebook.cells[0].source)
    clean(notebook)
    write(notebook, path)


def clean(notebook: NotebookNode) -> None:
    """Drop from `notebook`, in place, what would differ from run to run, and make its pictures small.

    Execution counts stay: `execute` makes them 1 to n, and where somebody ran cells by hand it should show.
    """
    drop_volatile(notebook)
    for _, output in each_output(notebook):
        data = output.get("data", {})
        if "image/png" in data:
            data["image/png"] = _smaller(data["image/png"])
        if "text/html" in data:
            data["text/html"] = EMBEDDED_PNG.sub(lambda match: _smaller(match[0]), data["text/html"])


def drop_volatile(notebook: NotebookNode) -> None:
    """The half of `clean` that comes out the same anywhere; how small a picture gets depends on the library."""
    kept = {name: notebook.metadata[name] for name in (SHOWN, TOOK) if name in notebook.metadata}
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}, **kept})
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in KEPT_CELL_METADATA})
    for _, output in each_output(notebook):
        output.get("data", {}).pop(WIDGET, None)


def _smaller(encoded: str) -> str:
    """The same PNG in fewer bytes, both in base64: opaque where it is, with a palette where nobody could tell."""
    original = base64.b64decode(encoded)
    picture: Image.Image = Image.open(io.BytesIO(original))
    if picture.mode == "RGBA" and np.asarray(picture)[..., 3].min() == 255:
        picture = picture.convert("RGB")
    candidates = [picture]
    if picture.mode == "RGB":
        palette = picture.quantize(256, dither=Image.Dither.NONE)
        difference = np.asarray(picture, "int16") - np.asarray(palette.convert("RGB"), "int16")
        if np.abs(difference).max() <= 8:  # of 255, in one channel of the worst pixel
            candidates.append(palette)
    smallest = min((_png(candidate) for candidate in candidates), key=len)
    return base64.b64encode(smallest).decode() if len(smallest) < len(original) else encoded.replace("\n", "")


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def repoint(notebook: NotebookNode, path: Path) -> None:
    """Write the badges and the set-up cell of `notebook`, in place, as `home` now has them."""
    first, *others = notebook.cells
    first.source = BADGE.sub(lambda _: badge(path), first.source)
    for cell in others:
        if cell.cell_type == "markdown":  # the badge of a problem set
            cell.source = BADGE.sub(lambda match: badge(ROOT / match[1]), cell.source)
    set_up = next((cell for cell in notebook.cells if cell.cell_type == "code"), None)
    if set_up is not None and set_up.source.startswith("# Set-up"):
        set_up.source = setup_cell()
