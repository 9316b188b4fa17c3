"""Each lesson as on Colab: the set-up cell first, with Colab's own versions, and with the newest there are."""

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError

from tools.notebooks.files import code_cells, lessons, read


def test_the_set_up_cell_installs_vistext_and_moves_nothing_that_was_there(set_up):
    assert "vistext" in set_up.after
    assert {name: set_up.after.get(name) for name in set_up.before} == set_up.before
    assert {"tensorflow_cpu", "numpy", "keras", "ipython", "ipywidgets"} <= {
        name.replace("-", "_") for name in set_up.before
    }


def test_the_set_up_cell_says_what_it_runs_on_and_how_to_get_a_gpu(set_up, runtime):
    [line, advice] = [line for line in set_up.said.splitlines() if "profile" in line or "GPU" in line]
    assert line.startswith("profile smoke on ")
    assert "Runtime → Change runtime type" in advice
    keras = next(version for name, version in set_up.before.items() if name == "keras")
    assert f"Keras {keras}" in line


@pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
def test_a_lesson_runs_from_top_to_bottom(path, runtime, set_up):
    notebook = read(path)
    runtime.run(notebook)
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert all(cell.execution_count for cell in code_cells(notebook))


def test_a_kernel_that_dies_is_noticed(runtime):
    dies = nbformat.v4.new_code_cell("import os\n\nos.kill(os.getpid(), 9)")
    with pytest.raises(DeadKernelError):
        runtime.run(nbformat.v4.new_notebook(cells=[dies]))
