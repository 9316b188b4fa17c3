"""A student's hands in JupyterLab: open a lesson, run it, use what can be played with, look at it."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

STARTS = 180_000  # milliseconds: until JupyterLab or a kernel is there, on a busy machine
RUNS = 1_500_000  # until a lesson has run
ANSWERS = 60_000  # until a widget has answered
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
WIDTHS = (1280, 768)
HEIGHT = 900
PLAYED = ".jp-OutputArea-output:has(> .jupyter-widgets, > * > .jupyter-widgets)"
PROMPTS = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(prompt => prompt.textContent)"


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

    def open(self, name: str) -> None:
        """Show a notebook by itself, and wait for its kernel."""
        self.page.goto(f"{self.address}/doc/tree/{name}?token={self.token}&reset")
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=STARTS)
        self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=STARTS)

    def run_all(self) -> list[str]:
        """Forget what is stored, run all cells to the end, by the menus; the prompts that they then have."""
        self._choose("Edit", "Clear Outputs of All Cells")
        self._choose("Run", "Run All Cells")
        ended = "document.querySelector('[data-mime-type=\"application/vnd.jupyter.error\"]')"
        waiting = f"{PROMPTS}.some(text => !/\\d/.test(text))"
        self.page.wait_for_function(f"() => {ended} || !{waiting}", timeout=RUNS)
        return self.page.evaluate(f"() => {PROMPTS}")

    def _choose(self, menu: str, entry: str) -> None:
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        self.page.get_by_role("menuitem", name=entry, exact=True).click()

    def errors(self) -> list[str]:
        """What outputs say that went wrong."""
        return self.page.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts()

    def played(self) -> list:
        """Everything that can be played with, from top to bottom."""
        return self.page.locator(PLAYED).all()

    def change(self, widget, act: Callable[[], None]) -> None:
        """Do something to a widget, and see that what it shows becomes something else."""
        before = self._shown(widget)
        act()
        for _ in range(ANSWERS // 50):
            if self._shown(widget) != before:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("what is shown stays as it was")

    def _shown(self, widget) -> str:
        """What stands in its HTML parts, pictures included."""
        parts = widget.locator(".widget-html-content").evaluate_all("all => all.map(one => one.innerHTML)")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def look(self, name: str, *places) -> Iterator[tuple[str, int]]:
        """Keep a picture of the page, or of some places of it: each theme and width, while they are set."""
        for theme, full_name in THEMES.items():
            self._command("apputils:change-theme", theme=full_name)
            self.page.locator(f"body[data-jp-theme-name='{full_name}']").wait_for(state="attached", timeout=ANSWERS)
            for width in WIDTHS:
                self.page.set_viewport_size({"width": width, "height": HEIGHT})
                self.page.wait_for_timeout(500)
                for number, place in enumerate(places, start=1):
                    place.scroll_into_view_if_needed()
                    place.screenshot(path=self.seen / f"{name}-{number}-{theme}-{width}.png")
                if not places:
                    self.page.screenshot(path=self.seen / f"{name}-{theme}-{width}.png")
                yield theme, width

    def _command(self, name: str, **arguments) -> None:
        self.page.evaluate("([name, given]) => window.jupyterapp.commands.execute(name, given)", [name, arguments])

    def close(self) -> None:
        """End every kernel."""
        headers = {"Authorization": f"token {self.token}"}
        for session in self.page.request.get(f"{self.address}/api/sessions", headers=headers).json():
            self.page.request.delete(f"{self.address}/api/sessions/{session['id']}", headers=headers)
