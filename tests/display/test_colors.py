"""Our own colors: enough contrast for text and for figures (WCAG 2.2 AA), and told apart by the color-blind."""

import itertools
import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from skimage.color import deltaE_ciede2000, rgb2lab

from tools import pages
from vistext.display import plots
from vistext.display.tour import page
from vistext.display.widgets.captioning import _mark

SERIES = (plots.BLUE, plots.ORANGE, plots.GREEN, plots.GREY)
PAPER = {"light": ("#ffffff", "#212121"), "dark": ("#111111", "#ffffff")}  # JupyterLab's ground, and its text
# Machado, Oliveira and Fernandes 2009, table 1, severity 1: what is left of linear red, green and blue.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(color):
    values = np.asarray(to_rgb(color) if isinstance(color, str) else color[:3])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG's ratio, 1 to 21."""
    low, high = sorted(float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def test_the_ratio_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the well-known gray that just fails


def test_figures_stand_out_from_their_paper_and_text_in_them_can_be_read():
    assert min(contrast(color, plots.STYLE["figure.facecolor"]) for color in SERIES) >= 3
    assert contrast(plots.GREY, "white") >= 4.5
    assert contrast("black", plots.AMBER) >= 4.5


@pytest.mark.usefixtures("drawn")
def test_texts_can_be_read_on_the_cells_of_a_table():
    counts = np.arange(0, 101, 5)
    matrix = np.pad(np.stack([counts, 100 - counts], axis=1), ((0, 0), (0, 19)))
    shares = np.linspace(0, 1, 101)[np.newaxis]
    for figure in (
        plots.confusion(matrix, [""] * 21, alt=""),
        plots.shares_table(shares, [""], [""] * 101, alt=""),
    ):
        [axis] = figure.axes
        [image] = axis.get_images()
        cells = image.cmap(image.norm(image.get_array()))
        assert len(axis.texts) >= 40
        assert min(contrast(cells[text.get_position()[::-1]], text.get_color()) for text in axis.texts) >= 4.5


@pytest.mark.parametrize("theme", PAPER)
@pytest.mark.parametrize("value", [-100, 100], ids=["against", "for"])
def test_a_marked_word_can_be_read_in_both_themes(theme, value):
    ground, text = PAPER[theme]
    *color, strength = (float(part) for part in re.search(r"rgba\((.*?)\)", _mark("cat", value))[1].split(","))
    mixed = strength * np.array(color) / 255 + (1 - strength) * np.array(to_rgb(ground))
    assert contrast(mixed, text) >= 4.5


def test_pages_and_slides_can_be_read():
    text = set(re.findall(r"(?<![-\w])color: (#\w+)", pages.STYLE))
    assert len(text) >= 2
    assert all(contrast(color, ground) >= 4.5 for color in text for ground in ("#fff", "#f5f5f5"))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_page_of_the_tour_can_be_read(scheme):
    palettes = re.findall(r":root \{[^}]*\}", page.STYLE)
    assert len(palettes) == 2
    color = dict(re.findall(r"--(\w+): (#\w{6})", palettes[scheme]))
    for text, ground in itertools.product(("ink", "soft", "accent"), ("ground", "card")):
        assert contrast(color[text], color[ground]) >= 4.5
    assert min(contrast(color[bar], color["track"]) for bar in ("bar", "accent")) >= 3


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_the_colour_blind_tell_the_series_of_a_figure_apart(blindness):
    seen = np.clip([np.asarray(BLINDNESS[blindness]) @ linear(color) for color in SERIES], 0, 1)
    encoded = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    lab = rgb2lab(encoded[:, np.newaxis])[:, 0]
    nearest = min(deltaE_ciede2000(*pair) for pair in itertools.combinations(lab, 2))
    assert nearest > 10  # about 2 can just be told apart, side by side
