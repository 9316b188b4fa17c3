"""Lesson 01's widgets: a convolution kernel to edit, and a picture of one's own."""

import io
from html import escape

import ipywidgets
import numpy as np
from scipy.signal import correlate2d

from vistext.data.images import PictureError, center_crop, open_picture
from vistext.display import plots
from vistext.display.widgets.base import Widget, as_html, beside, meters, uploaded
from vistext.tasks import classification

# ipywidgets 7, on Colab, has another name for it.
TIP = "tooltip" if hasattr(ipywidgets.FloatText, "tooltip") else "description_tooltip"

KERNELS: dict[str, list[list[float]]] = {
    "nothing (identity)": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "blur": [[1 / 9] * 3] * 3,
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "vertical edges (Sobel)": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "horizontal edges (Sobel)": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "outlines (Laplace)": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
}


def kernel_explorer(grey: np.ndarray) -> Widget:
    """Nine numbers to turn, and what the convolution with them makes of a picture.

    Args:
        grey: float or uint8 [h, w], 0 (black) to 255 (white).

    Returns:
        A widget whose `answer` takes a kernel, [3, 3], and gives uint8 [h - 2, w - 2].
    """
    grey = np.asarray(grey, "float64")

    def convolve(kernel: np.ndarray) -> np.ndarray:
        answer = correlate2d(grey, kernel, mode="valid")
        if np.isclose(np.sum(kernel), 0):  # it answers to change, not to brightness: no change is shown as mid-gray
            answer = answer / 2 + 128
        return np.rint(np.clip(answer, 0, 255)).astype("uint8")

    first = "vertical edges (Sobel)"
    known = ipywidgets.Dropdown(options=list(KERNELS), value=first, description="Kernel")
    numbers = [
        ipywidgets.FloatText(
            value=KERNELS[first][row][column],
            step=0.5,
            **{TIP: f"row {row + 1}, column {column + 1} of the kernel"},
            layout=ipywidgets.Layout(width="70px"),
        )
        for row in range(3)
        for column in range(3)
    ]
    before = ipywidgets.HTML(as_html(grey.astype("uint8"), "the picture before"))
    after = ipywidgets.HTML()

    def kernel() -> np.ndarray:
        return np.array([number.value for number in numbers]).reshape(3, 3)

    def redraw(_=None) -> None:
        after.value = as_html(convolve(kernel()), "the picture after the convolution")

    def take(change) -> None:
        for number, value in zip(numbers, np.ravel(KERNELS[change["new"]]), strict=True):
            number.unobserve(redraw, names="value")
            number.value = float(value)
            number.observe(redraw, names="value")
        redraw()

    known.observe(take, names="value")
    for number in numbers:
        number.observe(redraw, names="value")
    redraw()
    square_of_numbers = ipywidgets.GridBox(numbers, layout=ipywidgets.Layout(grid_template_columns="repeat(3, 74px)"))
    widget = ipywidgets.HBox([ipywidgets.VBox([known, square_of_numbers]), before, after])
    still = plots.grid(
        [grey, *(convolve(np.array(values)) for values in KERNELS.values())][:7],
        ["before", *KERNELS],
        alt="A photograph in grey, and what six kernels make of it: the same, blurred, sharpened, its vertical edges, "
        "its horizontal edges, its outlines",
        columns=4,
        inches=1.7,
    )
    return Widget(widget, still, convolve)


def your_picture(model, start: np.ndarray) -> Widget:
    """A button to choose a picture of one's own, and what the tagger says of it.

    Args:
        model: a tagger, as `classification.model.load` gives it.
        start: uint8 [h, w, 3], the picture before one is chosen.

    Returns:
        A widget whose `answer` takes an open binary file and gives HTML: the picture as the network sees it with its
        tags, or, for what is not a picture, one line that says so.
    """

    def answer(picture: np.ndarray) -> str:
        reduced = as_html(center_crop(picture, 32), "your picture as the network's input: 32 by 32 pixels")
        return beside(reduced, meters(classification.model.tag(model, picture).items()))

    def show(file) -> str:
        try:
            return answer(open_picture(file))
        except PictureError as error:
            return f"<p>{escape(str(error))}</p>"

    button = ipywidgets.FileUpload(accept="image/*", description="Choose a picture", multiple=False)
    result = ipywidgets.HTML(answer(start))

    def chosen(change) -> None:
        content = uploaded(change["new"])
        if content is not None:
            result.value = show(io.BytesIO(content))

    button.observe(chosen, names="value")
    button.layout.width, button.layout.align_self = "auto", "flex-start"
    ranked = classification.model.tag(model, start)
    still = plots.bars(
        {"tagger": ranked},
        alt=f"Bars: the probabilities of ten tags for the starting picture, {next(iter(ranked))} first",
        logarithmic=True,
    )
    return Widget(ipywidgets.VBox([button, result]), still, show)
