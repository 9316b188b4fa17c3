"""A JupyterLab on this machine with a copy of the lessons, and Debian's Chromium to look at it.

What is seen is kept in `out/browser`, which git ignores. Kernels run in profile smoke and never turn to the network.
"""

import shutil

import pytest
from lab import Lab, jupyterlab

from tools.notebooks.files import ROOT

SEEN = ROOT / "out" / "browser"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("there is no Chromium: `sudo apt install chromium`, then `make test-browser`")
    return found


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: `make test-browser`")
    path = _chromium()
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory, browser):
    """The address of a JupyterLab whose folder holds a copy of the lessons: what is stored in them stays as it is."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns("source", "graded"))
    with jupyterlab(folder, folder / "notebooks") as (address, token):
        yield address, token, folder / "notebooks"


@pytest.fixture(scope="session")
def lab(browser, server):
    SEEN.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Lab(context.new_page(), *server, SEEN)
    context.close()
