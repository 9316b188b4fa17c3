"""Every picture that a lesson shows: functions from arrays to a `Picture`, a PNG with its description in words.

Each takes `alt`, what is seen in words, and perhaps a `note`, a banner under the picture. Colors are Okabe and Ito's,
which the color-blind can tell apart; what color says, shape or words say too, so that a print in gray loses nothing.
"""

from __future__ import annotations

import base64
import io
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from html import escape
from inspect import signature
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from scipy.ndimage import uniform_filter1d

from vistext.metrics import Reliability

if TYPE_CHECKING:
    from vistext.nn.training import History  # which starts TensorFlow

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#595959"
AMBER = "#FFD27F"  # behind black text
HATCHES = ("", "///", "...")
MARKERS = "os^D"
MARKED = 25  # points of a line: more markers would run into one another
LEAST = 1e-6  # the smallest probability that a logarithmic axis shows
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Where a point's name may stand: distances from it in points of print, and where on the name that is.
AROUND: tuple[tuple[float, float, Literal["left", "center", "right"], Literal["bottom", "center", "top"]], ...] = (
    (3, 3, "left", "bottom"),
    (5, 0, "left", "center"),
    (3, -3, "left", "top"),
    (-3, 3, "right", "bottom"),
    (-5, 0, "right", "center"),
    (-3, -3, "right", "top"),
    (0, 5, "center", "bottom"),
    (0, -5, "center", "top"),
)
DOTS = 110  # an inch
STYLE = {
    "figure.dpi": DOTS,
    "figure.facecolor": "white",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.grid": False,
    "legend.frameon": False,
}


class Picture:
    """A PNG that a notebook shows with alt text, for screen readers and wherever pictures are not loaded.

    It is shown as HTML, because neither JupyterLab nor nbconvert passes on the alt text of a bare PNG.

    Args:
        png: the file's bytes.
        alt: one or two sentences that say what is seen; they are compared when a lesson is tested, so they must hold on
            every machine and give no exact figure of one run.
        note: what stands under the picture in the PNG; not compared.
    """

    def __init__(self, png: bytes, alt: str, note: str = ""):
        self.png = png
        self.alt = alt
        self.note = note

    def __repr__(self) -> str:
        return f"[Picture: {self.alt}]"

    def _repr_html_(self) -> str:
        source, title = base64.b64encode(self.png).decode(), f' title="{escape(self.note)}"' if self.note else ""
        return f'<img alt="{escape(self.alt)}"{title} src="data:image/png;base64,{source}" style="max-width: 100%">'


# On a slow machine, which a lesson's output must not tell.
warnings.filterwarnings("ignore", "Creating legend with loc=")


def _finish(figure: Figure, alt: str, note: str) -> Picture:
    buffer = io.BytesIO()
    if note:
        figure.text(0.5, -0.02, note, ha="center", va="top", fontsize=9, backgroundcolor=AMBER)
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return Picture(buffer.getvalue(), alt, note)


def _described(draw: Callable[..., Figure]) -> Callable[..., Picture]:
    """Draw in the course's style, whatever style the reader has set, and describe what is drawn."""

    @wraps(draw)
    def described(*args, alt: str, note: str = "", **settings) -> Picture:
        with style.context(STYLE, after_reset=True):
            return _finish(draw(*args, **settings), alt, note)

    shown, added = signature(draw), signature(described, follow_wrapped=False)
    parameters = [*shown.parameters.values(), added.parameters["alt"], added.parameters["note"]]
    described.__signature__ = added.replace(parameters=parameters)  # type: ignore[attr-defined]  # which Jupyter shows
    return described


def _chart(width: float, height: float, layout: str | None = "constrained") -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout=layout)  # type: ignore[arg-type]
    return figure, figure.subplots()


def _distinguished(series: Mapping, most: int = len(HATCHES)) -> None:
    if not 1 <= len(series) <= most:
        raise ValueError(f"{len(series)} series; accepted: 1 to {most}, as more cannot be told apart in gray")


def _number(value: float, decimals: int) -> str:
    """With the minus of print, and none before a zero."""
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}".replace("-", "−")


def _decimals(values: np.ndarray, digits: int) -> int:
    """So many that a value of middling size shows `digits` digits: one format for all; none for whole numbers."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if not len(sizes) or (sizes == np.rint(sizes)).all():
        return 0
    return max(0, digits - 1 - int(np.floor(np.log10(np.median(sizes)))))


def _small(probability: float) -> str:
    """A probability beside its bar on a logarithmic axis."""
    if probability >= 0.01:
        return f"{probability:.2f}"
    if probability < LEAST:
        return "< 10⁻⁶"
    digit, power = f"{probability:.0e}".split("e")
    return f"{digit}·10{str(int(power)).translate(SUPERSCRIPTS)}"


@_described
def grid(
    pictures: Sequence[np.ndarray] | np.ndarray,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 8,
    inches: float = 1.1,
) -> Figure:
    """Pictures side by side, in rows.

    Args:
        pictures: each uint8 or float [h, w, 3], or [h, w], which is shown in gray from its darkest to its lightest.
        titles: a short text over each; a line that is wider than its picture is broken.
        columns: pictures in a row.
        inches: width of one.
    """
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    if titles is not None:
        letters = int(18 * (inches + 0.08))  # of 4 points in a line
        titles = ["\n".join(_wrapped(line, letters) for line in title.split("\n")) for title in titles]
    extra = 0.16 * max((title.count("\n") + 1 for title in titles), default=0) if titles is not None else 0
    figure = Figure(figsize=(columns * (inches + 0.08), rows * (inches + extra + 0.08)), layout="compressed")
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for index, (axis, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        axis.imshow(picture, cmap="gray", interpolation=_interpolation(picture, inches))
        if titles is not None:
            axis.set_title(titles[index], fontsize=8)
    return figure


def _interpolation(picture: np.ndarray, inches: float) -> str:
    """Small pictures are enlarged with sharp pixels, large ones reduced so that letters on them stay legible."""
    return "nearest" if max(picture.shape[:2]) <= inches * DOTS else "hanning"


def _wrapped(line: str, letters: int) -> str:
    return "\n".join(textwrap.wrap(line, letters, break_long_words=False, break_on_hyphens=False))


def _name_bars(axis: Axes, names: Sequence[str], across: str) -> None:
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.set(xlabel=across)


@_described
def bars(
    series: Mapping[str, Mapping[str, float]],
    *,
    most: int = 10,
    across: str = "probability",
    limits: tuple[float, float] = (0, 1),
    logarithmic: bool = False,
) -> Figure:
    """Probabilities, or other amounts, of the same classes from one to three sources, as horizontal bars.

    Args:
        series: for each source's name, class → probability; the order is the first one's.
        most: so many classes.
        across: what the numbers are.
        limits: between which they lie.
        logarithmic: for probabilities most of which are near 0: equal steps are equal factors, down to 10⁻⁶ at most.
    """
    _distinguished(series)
    low, high = limits
    decimals = 2 if high <= 1 else 0
    if logarithmic:
        least = min(value for values in series.values() for value in values.values())
        low = 10 ** np.floor(np.log10(max(least, LEAST)) - 0.01)
    names = list(next(iter(series.values())))[:most]
    figure, axis = _chart(6, 0.32 * len(names) * (0.6 + 0.4 * len(series)) + 0.8, layout=None)
    height = 0.8 / len(series)
    styles = zip((BLUE, ORANGE, GREEN), HATCHES, strict=True)
    for index, ((source, values), (color, hatch)) in enumerate(zip(series.items(), styles, strict=False)):
        places = np.arange(len(names)) + (index - (len(series) - 1) / 2) * height
        numbers = [values.get(name, np.nan) for name in names]
        axis.barh(places, numbers, height, label=source, color=color, hatch=hatch, ec="white")
        for place, number in zip(places, numbers, strict=True):
            if logarithmic and np.isfinite(number):
                axis.text(1.15 * max(number, low), place, _small(number), va="center", fontsize=8)
            elif np.isfinite(number):
                end = max(number, 0) + 0.01 * (high - low)
                axis.text(end, place, _number(number, decimals), va="center", fontsize=8)
    _name_bars(axis, names, f"{across} (each step: a factor of 10)" if logarithmic else across)
    if logarithmic:
        axis.set_xscale("log")
        axis.set_xticks(10.0 ** np.arange(round(np.log10(low)), 1))
        axis.minorticks_off()
    axis.set(xlim=(low, high * (high / low) ** 0.08 if logarithmic else high + 0.08 * (high - low)))
    if low < 0:
        axis.axvline(0, color="black", linewidth=0.8)
    if len(series) > 1:  # above, where no bar is
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(series), frameon=False)
    return figure


@_described
def value_bars(values: Mapping[str, float | tuple[float, float]], *, across: str) -> Figure:
    """One measured amount for each of several names, as horizontal bars with the number beside each.

    Args:
        values: by name, from top to bottom: the amount; or with it half the length of its error bar.
        across: what the amounts are.
    """
    figure, axis = _chart(6, 0.34 * len(values) + 0.9)
    amounts = [value if isinstance(value, tuple) else (value, 0.0) for value in values.values()]
    middles, halves = np.array(amounts, "float64").reshape(-1, 2).T
    error = halves if halves.any() else None
    axis.barh(range(len(amounts)), middles, 0.7, color=BLUE, xerr=error, ecolor="black", capsize=3)
    ends = np.maximum(middles, 0) + halves
    decimals = _decimals(middles, 3 if error is None else 2)
    for place, (middle, end) in enumerate(zip(middles, ends, strict=True)):
        axis.text(end + 0.02 * np.ptp([0, *ends]), place, _number(middle, decimals), va="center", fontsize=8)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.margins(x=0.1)
    _name_bars(axis, list(values), across)
    return figure


@_described
def curves(histories: Mapping[str, History]) -> Figure:
    """Accuracy on the batches trained on, over the seconds of training, smoothed over a twentieth of each curve.

    Args:
        histories: by the name of the network.
    """
    _distinguished(histories)
    figure, axis = _chart(6, 3, layout=None)
    styles = zip(histories.items(), (ORANGE, BLUE, GREEN), ("--", "-", ":"), strict=False)
    for (name, history), color, line in styles:
        smooth = uniform_filter1d(np.array(history.accuracy), max(1, len(history.accuracy) // 20), mode="nearest")
        axis.plot(history.seconds, smooth, line, color=color, label=name)
    axis.set(xlabel="seconds of training", ylabel="accuracy while training", ylim=(0, 1))
    axis.grid(alpha=0.3)
    axis.legend(loc="lower right")
    return figure


@_described
def lines(
    series: Mapping[str, tuple[Sequence[float], ...]],
    *,
    across: str,
    up: str,
    range_up: tuple[float, float] | None = None,
    logarithmic: bool = False,
) -> Figure:
    """Measured points joined by lines, each with its own marker.

    Args:
        series: one to four, by name: (x, y), or (x, y, e) with error bars from y - e to y + e.
        across, up: what the axes are.
        range_up: of the upright axis.
        logarithmic: whether equal steps across are equal factors.
    """
    _distinguished(series, len(MARKERS))
    figure, axis = _chart(6, 3.2)
    styles = zip((BLUE, ORANGE, GREEN, GREY), MARKERS, ("-", "--", "-.", ":"), strict=True)
    for (name, (x, y, *errors)), (color, marker, line) in zip(series.items(), styles, strict=False):
        axis.errorbar(
            x,
            y,
            errors[0] if errors else None,
            label=name,
            color=color,
            marker=marker,
            linestyle=line,
            markersize=5,
            markevery=-(-len(x) // MARKED) or 1,
            capsize=3,
        )
    axis.set(xlabel=across, ylabel=up, ylim=range_up)
    if logarithmic:
        places = next(iter(series.values()))[0]
        axis.set_xscale("log")
        axis.set_xticks(places, [f"{place:,}" for place in places], minor=False)
        axis.minorticks_off()
    axis.grid(alpha=0.3)
    if len(series) > 1:
        axis.legend(fontsize=8)
    return figure


def _cells(axis: Axes, shares: np.ndarray, texts: np.ndarray, *, most: float, dark: float, **font) -> None:
    """Fill a table: the larger its share the darker a cell, and white its text where the share is above `dark`."""
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=most, aspect="auto")
    for row, column in np.argwhere(texts != ""):
        color = "white" if shares[row, column] > dark else "black"
        axis.text(column, row, texts[row, column], ha="center", va="center", color=color, **font)


@_described
def confusion(matrix: np.ndarray, names: Sequence[str]) -> Figure:
    """A confusion matrix with its counts.

    Args:
        matrix: int [classes, classes]: row the truth, column the prediction.
        names: of the classes.
    """
    figure, axis = _chart(5.6, 5, layout=None)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    texts = np.where(matrix > 0, matrix.astype(str), "")
    _cells(axis, shares**0.5, texts, most=1, dark=0.5**0.5, fontsize=8)  # the root shows rare confusions
    axis.set_aspect("equal")
    axis.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="predicted class", ylabel="true class")
    return figure


@_described
def shares_table(
    shares: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    errors: np.ndarray | None = None,
    percent: bool = True,
) -> Figure:
    """Shares as a table, the larger the darker behind its figure in per cent.

    Args:
        shares: float [rows, columns], 0 to 1; NaN where there is none.
        rows, columns: their names; a column's may have several lines.
        errors: float [rows, columns], written behind the figures.
        percent: False for cosine similarities, -1 to 1: with two decimals, and white below 0.
    """
    height = max(name.count("\n") for name in columns) + 1
    figure, axis = _chart(1.9 + 0.95 * len(columns), 0.36 * len(rows) + 0.2 * height + 0.3)
    texts = np.full(shares.shape, "", object)
    for cell in zip(*np.nonzero(np.isfinite(shares)), strict=True):
        figures = [shares[cell]] if errors is None else [shares[cell], errors[cell]]
        texts[cell] = " ± ".join(_number(100 * value, 0) if percent else _number(value, 2) for value in figures)
    _cells(axis, shares, texts, most=1.15, dark=0.83, fontsize=9)
    axis.set_xticks(range(len(columns)), columns, fontsize=8)
    axis.set_yticks(range(len(rows)), rows, fontsize=9)
    axis.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axis.spines[:].set_visible(False)
    return figure


@_described
def reliability(series: Mapping[str, Reliability]) -> Figure:
    """Reliability diagrams side by side, by title: accuracy by confidence, and below it the predictions in each bin."""
    figure = Figure(figsize=(3.1 * len(series), 4), layout="constrained")
    above, below = figure.subplots(2, len(series), sharex=True, sharey="row", squeeze=False, height_ratios=[3, 1])
    for axis, counts, (title, bins) in zip(above, below, series.items(), strict=True):
        width = 1 / len(bins.predictions)
        middles = (np.arange(len(bins.predictions)) + 0.5) * width
        axis.bar(middles, bins.accuracy, width, color=BLUE, ec="white", label="accuracy")
        axis.plot([0, 1], [0, 1], "--", color=ORANGE, label="perfectly calibrated")
        axis.set(title=title, xlim=(0, 1), ylim=(0, 1), box_aspect=1)
        counts.bar(middles, bins.predictions, width, color=GREY, ec="white")
        counts.set(yscale="log", ylim=(0.5, None), xlabel="confidence", box_aspect=1 / 3)  # 0.5: a single one shows
        counts.yaxis.set_major_formatter("{x:,.0f}")
    above[0].set_ylabel("accuracy")
    below[0].set_ylabel("predictions")
    figure.legend(*above[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=8)
    return figure


def rescale(values: np.ndarray) -> np.ndarray:
    """Numbers of any range as a picture: uint8, the smallest 0, the largest 255, all 128 if they are equal."""
    values = np.asarray(values, "float64")
    low, high = values.min(), values.max()
    if high == low:
        return np.full(values.shape, 128, "uint8")
    return np.rint(255 * (values - low) / (high - low)).astype("uint8")


@_described
def word_map(places: np.ndarray, words: Sequence[str], groups: Sequence[str]) -> Figure:
    """Words as points in the plane, those of a group with one color and marker, each with its name.

    Args:
        places: float [n, 2].
        words: n words.
        groups: the group of each; one to four different ones, in the order of the legend.
    """
    names = dict.fromkeys(groups)
    _distinguished(names, len(MARKERS))
    figure, axis = _chart(7.5, 5.5)
    for name, color, marker in zip(names, (BLUE, ORANGE, GREEN, GREY), MARKERS, strict=False):
        chosen = np.array([group == name for group in groups])
        x, y = places[chosen].T
        axis.scatter(x, y, s=22, color=color, marker=marker, label=name)
    axis.set(xticks=[], yticks=[])
    axis.legend(fontsize=8)
    colors = dict(zip(names, (BLUE, ORANGE, GREEN, GREY), strict=False))
    _name_points(axis, places, words, [colors[group] for group in groups])
    return figure


def _name_points(axis: Axes, places: np.ndarray, words: Sequence[str], colors: Sequence[str]) -> None:
    """Write each word beside its point, where it hides least of other words and of points."""
    axis.figure.draw_without_rendering()  # type: ignore[union-attr]  # the layout decides how far apart the points are
    unit = axis.figure.dpi / 72
    spots = axis.transData.transform(places)
    points = [Bbox.from_bounds(x - 3 * unit, y - 3 * unit, 6 * unit, 6 * unit) for x, y in spots]
    texts = [
        axis.annotate(word, place, (3, 3), textcoords="offset points", fontsize=8, color=color)
        for place, word, color in zip(places, words, colors, strict=True)
    ]
    sizes = [(box.width, box.height) for box in (text.get_window_extent() for text in texts)]
    part = {"left": 0, "bottom": 0, "center": 0.5, "right": 1, "top": 1}
    taken = dict(enumerate(points))  # and under len(points) + index the words

    def hidden(box: Bbox, index: int) -> float:
        """The area of a box that is taken by others or lies outside the axes."""
        others = (each for number, each in taken.items() if number not in (index, len(points) + index))
        overlaps = filter(None, (Bbox.intersection(box, each) for each in others))
        inside = Bbox.intersection(box, axis.bbox)
        outside = box.width * box.height - (inside.width * inside.height if inside else 0)
        return outside + sum(each.width * each.height for each in overlaps)

    for _ in range(3):  # rounds: the first words did not know of the last ones
        for index, (text, (x, y), (width, height)) in enumerate(zip(texts, spots, sizes, strict=True)):
            boxes = [
                Bbox.from_bounds(x + right * unit - part[ha] * width, y + up * unit - part[va] * height, width, height)
                for right, up, ha, va in AROUND
            ]
            best = min(range(len(AROUND)), key=lambda choice: hidden(boxes[choice], index))
            taken[len(points) + index] = boxes[best]
            right, up, ha, va = AROUND[best]
            text.set(position=(right, up), ha=ha, va=va)


@_described
def captions_table(
    picture: np.ndarray, lines: Sequence[tuple[str, str]], *, below: Sequence[tuple[str, np.ndarray]] = ()
) -> Figure:
    """A picture, and beside it texts about it, each in a line, or in several where it is long.

    Args:
        picture: uint8 [h, w, 3].
        lines: a short note and a text each, 1 or more.
        below: small pictures in rows under all this, each uint8 [h, w, 3] with a word under it.
    """
    wrapped = [(note, textwrap.wrap(text, 62) or [""]) for note, text in lines]
    heights = [max(len(text), 0.9 * (note.count("\n") + 1)) + 0.4 for note, text in wrapped]
    rows = sum(heights)
    columns, wide = 9, 8.6 / 9  # of the small pictures
    deep = -(-len(below) // columns) * (wide + 0.2)
    high = deep + max(2.0, 0.19 * rows)
    figure = Figure(figsize=(8.6, high))
    left, right = figure.subplots(1, 2, width_ratios=[1.9, 6.7])
    figure.subplots_adjust(0, deep / high, 1, 1, wspace=0.03)
    for number, (word, small) in enumerate(below):
        row, column = divmod(number, columns)
        bottom = deep - row * (wide + 0.2) - wide
        axis = figure.add_axes((column / columns, bottom / high, 0.92 / columns, 0.92 * wide / high))
        axis.imshow(small, interpolation=_interpolation(small, wide))
        axis.text(0.5, -0.05, word, transform=axis.transAxes, ha="center", va="top", fontsize=9)
    left.imshow(picture, interpolation=_interpolation(picture, 1.9))
    left.set_anchor("N")
    right.set(xlim=(0, 1), ylim=(max(rows, 10.5), 0))
    tops = np.cumsum([0, *heights[:-1]])
    for (note, text), top in zip(wrapped, tops, strict=True):
        right.text(0, top, note, va="top", fontsize=8, color=GREY)
        right.text(0.29, top, "\n".join(text), va="top", fontsize=9, linespacing=1.25)
    for axis in figure.axes:
        axis.axis("off")
    return figure


def scatter(points: np.ndarray, targets: np.ndarray, radius: float, *, reach: float = 3.0) -> np.ndarray:
    """Points in the plane as a small picture, uint8 [150, 150, 3], quickly drawn: frames of a film are made of it.

    Args:
        points: float [n, 2]; those beyond the frame, which goes from -reach to reach both ways, are left out.
        targets: float [m, 2]: a circle of this radius is drawn around each.
    """
    side = 150
    scale = side / (2 * reach)
    rows, columns = np.mgrid[:side, :side]
    across, up = (columns + 0.5) / scale - reach, reach - (rows + 0.5) / scale
    canvas = np.full((side, side, 3), 255, np.uint8)
    for x, y in targets:
        rim = np.abs(np.hypot(across - x, up - y) - radius) < 0.6 / scale
        canvas[rim] = (190, 190, 190)
    places = np.stack([reach - points[:, 1], points[:, 0] + reach], axis=1) * scale
    with np.errstate(invalid="ignore"):
        inside = ((places >= 0) & (places < side)).all(axis=1)
    row, column = places[inside].astype(int).T
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):  # two pixels wide
        canvas[np.minimum(row + down, side - 1), np.minimum(column + right, side - 1)] = (0, 114, 178)
    return canvas
