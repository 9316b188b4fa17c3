"""A lesson that keeps every rule, for tests to break in one place each."""

import nbformat
import pytest

from tools.notebooks.files import RESTART, ROOT, SHOWN, TOOK, badge, clean, runs_in, setup_cell
from vistext import opened

RAN = {"seconds": 90, "cores": 2}
PLACE = ROOT / "notebooks" / "98_example.ipynb"  # where it would lie; never written there


@pytest.fixture
def place():
    return PLACE


@pytest.fixture
def lesson():
    new = nbformat.v4
    cells = [
        new.new_markdown_cell(f"# 98 · An example\n\n{badge(PLACE)}\n\n{RESTART} Once, {runs_in(RAN)}."),
        new.new_code_cell(setup_cell(), metadata={"tags": ["nbval-ignore-output"]}),
        new.new_markdown_cell("## Sums\n\n```python\n# not a heading\n```"),
        new.new_code_cell("print(1 + 1)", outputs=[new.new_output("stream", text="2\n")]),
        new.new_markdown_cell("### Larger sums"),
        new.new_code_cell('claim("sums are what they were", 2 + 2 == 4)'),
        new.new_code_cell("[2 + 3]", outputs=[new.new_output("execute_result", {"text/plain": "[5]"})]),
        new.new_markdown_cell("## Your turn\n\nAdd three numbers."),
    ]
    notebook = new.new_notebook(cells=cells, metadata={SHOWN: opened.checksums(["studies/tags.json"]), TOOK: RAN})
    for count, cell in enumerate((cell for cell in cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count
    clean(notebook)
    return notebook
