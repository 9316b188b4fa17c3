"""Running, cleaning and re-pointing lessons; and nbval as `make lessons` runs it."""

import base64
import copy
import hashlib
import io
import os
import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from nbclient.exceptions import CellExecutionError
from PIL import Image

from tools.__main__ import main
from tools.notebooks import files
from tools.notebooks.files import ROOT, clean, code_cells, execute, home, read, write
from tools.notebooks.lint import RULES

PYPROJECT = '[project.urls]\nRepository = "{}"\n[tool.vistext]\nbranch = "{}"\n'


def notebook(*sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A lesson"), *cells])


def encoded(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=0)
    return base64.b64encode(buffer.getvalue()).decode()


def decoded(png):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")).astype(int)


@pytest.mark.parametrize(
    "place", ["https://gitlab.com/ada/fork", "git@github.com:ada/fork.git", "https://github.com/ada"]
)
def test_a_place_from_which_colab_opens_nothing_is_refused(tmp_path, place):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.format(place, "main"))
    with pytest.raises(ValueError, match=r"need https://github\.com/OWNER/NAME"):
        home(tmp_path / "pyproject.toml")


def test_a_lesson_runs_in_its_own_folder_from_a_fresh_kernel(tmp_path):
    path = tmp_path / "sums.ipynb"
    stale = notebook("x = 20", "print(x + 1)\nprint('again')", "import os\nos.getcwd()")
    stale.cells[2].metadata = {"tags": ["kept"], "collapsed": True}
    stale.cells[2].execution_count = 41
    stale.cells[2].outputs = [nbformat.v4.new_output("stream", text="an old answer")]
    ids = [cell.id for cell in stale.cells]
    write(stale, path)
    execute(path)
    done = read(path)
    assert [cell.execution_count for cell in code_cells(done)] == [1, 2, 3]
    assert [output.text for output in code_cells(done)[1].outputs] == ["21\nagain\n"]
    assert os.path.samefile(eval(code_cells(done)[2].outputs[0].data["text/plain"]), tmp_path)
    assert [cell.id for cell in done.cells] == ids
    assert done.cells[2].metadata == {"tags": ["kept"]}
    assert done.metadata.language_info == {"name": "python"}
    assert os.listdir(tmp_path) == ["sums.ipynb"]


def test_a_lesson_stores_the_checksums_of_the_weights_and_studies_that_it_opened(tmp_path):
    path = tmp_path / "shows.ipynb"
    opens = "from vistext.nn import weights\nfrom vistext.studies import results"
    write(
        notebook(
            opens,
            "card = weights.card('tagger')",
            "found = results.load('tags', 'an hour')",
            "from pathlib import Path\nPath('own.json').write_text('{}')\nresults.load('own', '', Path())",
        ),
        path,
    )
    execute(path)
    done = read(path)
    shown = done.metadata[files.SHOWN]
    assert sorted(shown) == ["nn/weights/tagger.json", "studies/tags.json"]
    stored = (ROOT / "vistext" / "studies" / "tags.json").read_bytes()
    assert shown["studies/tags.json"] == hashlib.sha256(stored).hexdigest()
    assert [cell.source for cell in done.cells[1:2]] == [opens]
    assert len(done.cells) == 5
    assert list(RULES["shows_what_ships"](done, path)) == []


def test_a_lesson_says_how_long_its_stored_run_took(tmp_path):
    path = tmp_path / "slow.ipynb"
    slow = notebook("import time\ntime.sleep(6)")
    slow.cells[0].source = f"# A lesson\n\nAn hour; {files.runs_in({'seconds': 870, 'cores': 3})}. And so on."
    write(slow, path)
    execute(path)
    done = read(path)
    took = done.metadata[files.TOOK]
    assert took["seconds"] % 10 == 0
    assert 10 <= took["seconds"] <= 300
    assert took["cores"] == os.cpu_count()
    assert done.cells[0].source == f"# A lesson\n\nAn hour; {files.runs_in(took)}. And so on."


@pytest.mark.parametrize(
    ("seconds", "cores", "text"),
    [
        (10, 2, "half a minute (measured: 10 s on 2 cores)"),
        (60, 1, "a minute (measured: 60 s on 1 core)"),
        (130, 8, "2 minutes (measured: 130 s on 8 cores)"),
        (140, 2, "2.5 minutes (measured: 140 s on 2 cores)"),
    ],
)
def test_minutes_are_rounded_to_halves(seconds, cores, text):
    said = files.runs_in({"seconds": seconds, "cores": cores})
    assert said == f"the cells run in about {text}"
    assert files.RUNS_IN.fullmatch(said)


def test_a_lesson_that_stops_is_left_as_it_was(tmp_path, capsys):
    path = tmp_path / "broken.ipynb"
    write(notebook("print('so far')", "1 / 0"), path)
    before = path.read_bytes()
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(path)
    assert main(["notebooks", "execute", str(path)]) == 1
    assert "broken.ipynb is left as it was" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_widget_leaves_its_still_behind_and_not_its_view(lesson):
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/html": "<b>a still</b>"}
    lesson.cells[3].outputs = [nbformat.v4.new_output("display_data", view)]
    lesson.metadata["widgets"] = {"state": {}}
    clean(lesson)
    assert lesson.cells[3].outputs[0].data == {"text/html": "<b>a still</b>"}
    assert "widgets" not in lesson.metadata


CHART = np.full((60, 80, 4), 255, np.uint8)
CHART[20:50, 10:30, :3], CHART[5:50, 40:60, :3] = (0, 114, 178), (230, 159, 0)
ACROSS, DOWN = np.meshgrid(np.arange(64, dtype=np.uint8), np.arange(64, dtype=np.uint8))
SKY = np.dstack([4 * ACROSS, 4 * DOWN, ACROSS ^ DOWN])  # 4,096 colors, more than a palette holds


@pytest.mark.parametrize(
    ("png", "pixels"),
    [(encoded(CHART), CHART[..., :3]), (encoded(SKY), SKY)],
    ids=["a chart", "a picture with many colours"],
)
@pytest.mark.parametrize("kind", ["image/png", "text/html"])
def test_pictures_get_smaller_and_look_the_same(lesson, png, pixels, kind):
    data = png if kind == "image/png" else f'<img alt="a" src="data:image/png;base64,{png}">'
    lesson.cells[3].outputs = [nbformat.v4.new_output("display_data", {kind: data})]
    clean(lesson)
    kept = lesson.cells[3].outputs[0].data[kind]
    once = copy.deepcopy(lesson)
    clean(lesson)
    assert lesson == once, "cleaning twice changes nothing more"
    assert len(kept) < len(data)
    small = kept if kind == "image/png" else re.search('base64,([^"]+)', kept)[1]
    assert np.abs(decoded(small) - pixels).max() <= 8


def test_a_transparent_picture_stays_transparent(lesson):
    pixels = np.dstack([SKY, DOWN])
    lesson.cells[3].outputs = [nbformat.v4.new_output("display_data", {"image/png": encoded(pixels)})]
    clean(lesson)
    kept = Image.open(io.BytesIO(base64.b64decode(lesson.cells[3].outputs[0].data["image/png"])))
    assert np.array_equal(np.asarray(kept), pixels)


def nbval(folder, *options):
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-q", "-rs"]
    sanitize = ["--nbval-sanitize-with", str(ROOT / "tests" / "notebooks" / "sanitize.cfg")]
    result = subprocess.run(
        [*command, *sanitize, *options, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return result.returncode, result.stdout


SHOWS = 'from IPython.display import HTML\nHTML(\'<img alt="{alt}" src="data:image/png;base64,{png}">\')'


def stored(source, **data):
    cell = nbformat.v4.new_code_cell(source, execution_count=1)
    cell.outputs = [nbformat.v4.new_output("execute_result", data, execution_count=1)]
    return nbformat.v4.new_notebook(cells=[cell])


def test_nbval_passes_over_what_differs_between_runs_and_over_nothing_else(tmp_path):
    html = '<img alt="a cat" src="data:image/png;base64,AAAA/+==">'
    plain = "<IPython.core.display.HTML object>"
    same = {"text/html": html, "text/plain": plain}
    (tmp_path / "same").mkdir()
    (tmp_path / "other").mkdir()
    write(stored(SHOWS.format(alt="a cat", png="BBBB"), **same), tmp_path / "same" / "picture.ipynb")
    noted = SHOWS.format(alt="a cat", png="BBBB").replace(" src", ' title="drawn, no photograph" src')
    write(stored(noted, **same), tmp_path / "same" / "noted.ipynb")
    write(stored("object()", **{"text/plain": "<object at 0x7f00>"}), tmp_path / "same" / "address.ipynb")
    step = nbformat.v4.new_code_cell("print('10/10 ━━━ 3s 12ms/step - loss: 0.5')", execution_count=1)
    step.outputs = [nbformat.v4.new_output("stream", text="10/10 ━━━ 1s 9ms/step - loss: 0.5\n")]
    write(nbformat.v4.new_notebook(cells=[step]), tmp_path / "same" / "training.ipynb")
    write(stored(SHOWS.format(alt="a dog", png="AAAA/+=="), **same), tmp_path / "other" / "picture.ipynb")
    assert nbval(tmp_path / "same")[0] == 0
    code, output = nbval(tmp_path / "other")
    assert code == 1
    assert "a dog" in output


def test_lessons_under_nbval_turn_to_no_network(tmp_path, monkeypatch):
    monkeypatch.delenv("VISTEXT_OFFLINE", raising=False)
    (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text(encoding="utf-8"))
    asked = "from vistext.data import cifar10\nimport os\nos.environ.get(cifar10.OFFLINE)"
    write(stored(asked, **{"text/plain": "'1'"}), tmp_path / "01_tagging.ipynb")
    assert nbval(tmp_path)[0] == 0
