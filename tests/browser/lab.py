"""A student's hands in JupyterLab: open a lesson, run it, use what can be played with, look at it."""

import contextlib
import hashlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.notebooks.files import ROOT

STARTS = 180_000  # milliseconds: until JupyterLab or a kernel is there, on a busy machine
RUNS = 1_500_000  # until a lesson has run
ANSWERS = 60_000  # until a widget has answered
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
WIDTHS = (1280, 768)
HEIGHT = 900
PLAYED = ".jp-OutputArea-output:has(> .jupyter-widgets, > * > .jupyter-widgets)"
CONTROLS = "button, select, input:not([type=file]), .noUi-handle, .widget-readout"
NUMBERED = (
    "[...area.querySelectorAll(all)].filter(one => one.offsetParent && !one.disabled)"
    ".map((one, number) => one.dataset.stop = String(number))"
)
SETTLED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 100))))"
KERNEL = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
PROMPTS = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(prompt => prompt.textContent)"
# What a student sees, but for what would ask for attention or the network.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},  # what lies outside the view is there, too
}


@contextlib.contextmanager
def jupyterlab(folder, root, *options):
    """The address and the token of a JupyterLab that shows `root`, and keeps what is its own in `folder`."""
    settings = folder / "config" / "lab" / "user-settings"
    for plugin, values in SETTINGS.items():
        package, name = plugin.split(":")
        (settings / package).mkdir(parents=True, exist_ok=True)
        (settings / package / f"{name}.jupyterlab-settings").write_text(json.dumps(values))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "JUPYTER_PREFER_ENV_PATH": "0",
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "VISTEXT_PROFILE": "smoke",
        "VISTEXT_OFFLINE": "1",
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True", *options]
    with open(folder / "log.txt", "w", encoding="utf-8") as log:
        running = subprocess.Popen(command, env=environment, cwd=root, stdout=log, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(1500):
            try:
                urllib.request.urlopen(f"{address}/api/status?token={token}", timeout=5).close()
                break
            except OSError:
                assert running.poll() is None, (folder / "log.txt").read_text()
                time.sleep(0.2)
        else:
            pytest.fail("JupyterLab does not start:\n" + (folder / "log.txt").read_text())
        yield address, token
    finally:
        running.terminate()
        try:
            running.wait(timeout=20)
        except subprocess.TimeoutExpired:
            running.kill()


class Lab:
    """One page of a browser with JupyterLab in it.

    Args:
        page: of Playwright.
        address, token: of the server.
        folder: of which it shows the files.
        seen: where pictures of it are kept.
    """

    def __init__(self, page, address: str, token: str, folder: Path, seen: Path):
        self.page, self.address, self.token, self.folder, self.seen = page, address, token, folder, seen
        self.taken: list[float] = []  # seconds that each change of a widget took, the hand's way to it included

    def open(self, name: str) -> None:
        """Show a notebook by itself, in a wide window, and wait for its kernel."""
        self.page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
        self.page.goto(f"{self.address}/doc/tree/{name}?token={self.token}&reset")
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=STARTS)
        # What is told to run before its kernel is connected makes JupyterLab ask for one, and wait.
        self.page.wait_for_function(f"() => {KERNEL}?.connectionStatus === 'connected'", timeout=STARTS, polling=200)
        self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=STARTS)

    def run_all(self) -> list[str]:
        """Forget what is stored, run all cells to the end; the prompts that they then have."""
        self._command("notebook:clear-all-cell-outputs")
        # Begun, not waited for: it would say that it is over only after the last cell.
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
        ended = "document.querySelector('[data-mime-type=\"application/vnd.jupyter.error\"]')"
        waiting = f"{PROMPTS}.some(text => !/\\d/.test(text))"
        # Now and then: asked with every frame, as is the default, the page would take a core from the kernel.
        self.page.wait_for_function(f"() => {ended} || !{waiting}", timeout=RUNS, polling=500)
        return self.page.evaluate(f"() => {PROMPTS}")

    def errors(self) -> list[str]:
        """What outputs say that went wrong."""
        return self.page.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts()

    def played(self) -> list:
        """Everything that can be played with, from top to bottom."""
        return self.page.locator(PLAYED).all()

    def change(self, widget, act: Callable[[], None]) -> None:
        """Do something to a widget, and see that what it shows becomes something else."""
        before, began = self._shown(widget), time.perf_counter()
        act()
        for _ in range(ANSWERS // 50):
            if self._shown(widget) != before:
                self.taken.append(round(time.perf_counter() - began, 3))
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("what is shown stays as it was")

    def _shown(self, widget) -> str:
        """What stands in its HTML parts, pictures included."""
        parts = widget.locator(".widget-html-content").evaluate_all("all => all.map(one => one.innerHTML)")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def by_tab(self, widget) -> tuple[list[str], list[str]]:
        """The controls of a widget, and those at which the tab key stops on its way from the first of them."""
        controls = widget.evaluate(f"(area, all) => {NUMBERED}", CONTROLS)
        stops = []
        widget.locator("[data-stop='0']").focus()
        for _ in controls:
            stops.append(self.page.evaluate("() => document.activeElement.dataset.stop ?? 'elsewhere'"))
            self.page.keyboard.press("Tab")
        return controls, stops

    def look(self, name: str, *places) -> Iterator[tuple[str, int]]:
        """Keep a picture of the top of the page and of some places of it: each theme and width, while they are set."""
        for theme, full_name in THEMES.items():
            self._command("apputils:change-theme", theme=full_name)
            self.page.locator(f"body[data-jp-theme-name='{full_name}']").wait_for(state="attached", timeout=ANSWERS)
            for width in WIDTHS:
                self.page.set_viewport_size({"width": width, "height": HEIGHT})
                self.page.locator(".jp-Notebook .jp-Cell").first.scroll_into_view_if_needed()
                self.page.evaluate(f"() => {SETTLED}")
                self.page.screenshot(path=self.seen / f"{name}-top-{theme}-{width}.png")
                for number, place in enumerate(places, start=1):
                    place.scroll_into_view_if_needed()
                    place.screenshot(path=self.seen / f"{name}-widget-{number}-{theme}-{width}.png")
                yield theme, width

    def _command(self, name: str, **arguments) -> None:
        self.page.evaluate("([name, given]) => window.jupyterapp.commands.execute(name, given)", [name, arguments])

    def close(self) -> None:
        """End every kernel."""
        headers = {"Authorization": f"token {self.token}"}
        for session in self.page.request.get(f"{self.address}/api/sessions", headers=headers).json():
            self.page.request.delete(f"{self.address}/api/sessions/{session['id']}", headers=headers)
