"""Lessons as slides, on a screen as they are shown on: every slide fits."""

import pytest

from tools.notebooks.files import lessons
from tools.pages.slides import deck

TURNED = """async () => {
  const found = [];
  for (const [index, slide] of document.querySelectorAll("section").entries()) {
    location.hash = index + 1;
    while (!slide.matches(".now")) await new Promise(requestAnimationFrame);
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
    found.push([index + 1, scrollWidth - clientWidth, scrollHeight - clientHeight]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def screen(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    yield page
    page.close()


@pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
def test_no_slide_has_to_be_scrolled(path, screen, tmp_path):
    file = tmp_path / "slides.html"
    file.write_text(deck(path), encoding="utf-8")
    screen.goto(file.as_uri())
    turned = screen.evaluate(TURNED)
    assert len(turned) > 20
    assert [slide for slide in turned if max(slide[1:]) > 0] == []
