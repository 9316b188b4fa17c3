"""Pictures in lessons: described in words, drawn as the numbers say, and possible whatever the numbers are."""

import warnings
from inspect import signature
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from parsed import Html, pixels

from vistext.display import plots
from vistext.metrics import Reliability
from vistext.metrics import reliability as reliability_of
from vistext.nn.training import History

NOISE = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
PROBABILITIES = {"cat": 0.95, "dog": 0.04, "frog": 0.01}
HISTORY = History(seconds=[1.0, 2.0, 4.0], loss=[2.0, 1.0, 0.5], accuracy=[0.3, 0.6, 0.9])
EMPTY_BINS = reliability_of(np.array([[0.9, 0.1]]), np.array([0]))

DRAWN = {
    "one dot": lambda alt: plots.grid([np.zeros((1, 1, 3), np.uint8)], ["a dot"], alt=alt),
    "more pictures than columns": lambda alt: plots.grid(NOISE, ["a", "b", "c\nd"], alt=alt, columns=2),
    "pictures of several kinds": lambda alt: plots.grid([NOISE[0], NOISE[1] / 255, NOISE[2, :, :5, 0]], alt=alt),
    "a grey that is all one": lambda alt: plots.grid([np.full((4, 4), 0.5)], alt=alt),
    "titles that are empty": lambda alt: plots.grid(NOISE, [""] * 3, alt=alt),
    "one bar": lambda alt: plots.bars({"ours": {"cat": 1.0}}, alt=alt),
    "bars of three": lambda alt: plots.bars(dict.fromkeys("abc", PROBABILITIES), alt=alt),
    "bars on a logarithmic axis, one of which is missing": lambda alt: plots.bars(
        {"ours": {"cat": 1.0, "dog": 0.0}, "theirs": {"cat": 0.9}}, alt=alt, logarithmic=True
    ),
    "one bar on a logarithmic axis": lambda alt: plots.bars({"ours": {"cat": 1.0}}, alt=alt, logarithmic=True),
    "bars that are missing": lambda alt: plots.bars({"ours": PROBABILITIES, "theirs": {"cat": 0.9}}, alt=alt),
    "a curve of one step": lambda alt: plots.curves({"ours": History([1.0], [2.0], [0.1])}, alt=alt),
    "a curve of none": lambda alt: plots.curves({"ours": History()}, alt=alt),
    "three curves": lambda alt: plots.curves(dict.fromkeys("abc", HISTORY), alt=alt),
    "amounts": lambda alt: plots.value_bars({"one": 1.0, "other": 30.0}, across="x", alt=alt),
    "amounts that are uncertain, and one below nothing": lambda alt: plots.value_bars(
        {"one": (1.0, 0.5), "other": (-0.1, 0.3)}, across="x", alt=alt
    ),
    "a map of words": lambda alt: plots.word_map(np.eye(2), ["a", "b"], ["x", "y"], alt=alt),
    "one text, and it is empty": lambda alt: plots.captions_table(NOISE[0], [("", "")], alt=alt),
    "many texts": lambda alt: plots.captions_table(NOISE[0], [("one\ntwo\nthree", "a word " * 30)] * 12, alt=alt),
    "what is told, with small pictures": lambda alt: plots.captions_table(
        NOISE[0], [("who", "what")], below=[("floor", NOISE[0])] * 11, alt=alt
    ),
    "a line of one point": lambda alt: plots.lines({"ours": ([1], [0.5])}, across="x", up="y", alt=alt),
    "four lines, with error bars": lambda alt: plots.lines(
        dict.fromkeys("abcd", ([10, 100, 1000], [0.1, 0.2, 0.3], [0.05, 0.01, 0.02])),
        across="x",
        up="y",
        range_up=(0, 1),
        logarithmic=True,
        alt=alt,
    ),
    "a confusion of one": lambda alt: plots.confusion(np.array([[3]]), ["cat"], alt=alt),
    "a table of shares, one of which is missing": lambda alt: plots.shares_table(
        np.array([[0.0, 1.0], [0.5, np.nan]]), ["one", "other"], ["a\nb", "c"], errors=np.full((2, 2), 0.1), alt=alt
    ),
    "a class that is not there": lambda alt: plots.confusion(np.array([[3, 1], [0, 0]]), ["cat", "dog"], alt=alt),
    "empty bins": lambda alt: plots.reliability({"before": EMPTY_BINS}, alt=alt),
    "two reliabilities": lambda alt: plots.reliability({"before": EMPTY_BINS, "after": EMPTY_BINS}, alt=alt),
    "one bin": lambda alt: plots.reliability(
        {"all": reliability_of(np.array([[0.9, 0.1]]), np.array([0]), bins=1)}, alt=alt
    ),
}


@pytest.mark.parametrize("what", DRAWN)
def test_everything_can_be_drawn_and_is_described(what):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = DRAWN[what]("two cats & a dog")
    assert picture.png.startswith(b"\x89PNG")
    height, width, _ = pixels(picture).shape
    assert 30 < min(height, width) <= max(height, width) < 2500
    assert pixels(picture).std() > 1
    assert picture.alt == "two cats & a dog"
    assert pyplot.get_fignums() == []  # none is left open


@pytest.mark.parametrize("alt", ["plain", 'a "quoted" cat', "<script>alert(1)</script>", "P(cat) > 0.5 & P(dog) < 0.1"])
def test_the_description_stands_in_the_html_as_it_is_and_does_nothing_else(alt):
    picture = plots.grid(NOISE[:1], alt=alt)
    page = Html(picture._repr_html_())
    ((tag, attrs),) = page.tags
    assert (tag, attrs["alt"], page.words) == ("img", alt, [])
    assert np.array_equal(page.picture()[..., :3], pixels(picture))
    assert repr(picture) == f"[Picture: {alt}]"


def test_a_note_is_seen_under_the_figure_and_heard_after_its_description():
    plain, noted = (plots.grid(NOISE[:1], alt="noise", note=note) for note in ("", 'drawn, "no photographs"'))
    assert len(pixels(noted)) > len(pixels(plain)) + 8
    [image], [bare] = (Html(picture._repr_html_()).all("img") for picture in (noted, plain))
    assert (image["title"], image["alt"]) == ('drawn, "no photographs"', "noise")
    assert "title" not in bare


@pytest.mark.parametrize("what", ["three curves", "two reliabilities"])
def test_the_style_is_the_course_s_and_the_reader_s_is_left_alone(what):
    expected = DRAWN[what]("a picture").png
    with mpl.rc_context():
        mpl.style.use("dark_background")
        mpl.rcParams["font.size"] = 30
        names = mpl.rcParams.keys() - {"backend"}  # to ask for the backend is to choose one
        before = {name: mpl.rcParams[name] for name in names}
        assert DRAWN[what]("a picture").png == expected
        assert {name: mpl.rcParams[name] for name in names} == before


def test_what_every_plot_takes_stands_in_its_signature():
    assert list(signature(plots.value_bars).parameters) == ["values", "across", "alt", "note"]


@pytest.mark.usefixtures("drawn")
def test_each_picture_has_its_title():
    figure = plots.grid(NOISE, ["one", "two", "three"], alt="", columns=2)
    assert [axis.get_title() for axis in figure.axes if axis.get_images()] == ["one", "two", "three"]


def test_pictures_stand_in_reading_order():
    red, green, blue = (np.full((4, 4, 3), color, np.uint8) for color in ([255, 0, 0], [0, 255, 0], [0, 0, 255]))
    shown = pixels(plots.grid([red, green, blue], alt="three colours", columns=2))
    centres = {
        name: np.argwhere((shown == color).all(axis=-1)).mean(axis=0)
        for name, color in {"red": [255, 0, 0], "green": [0, 255, 0], "blue": [0, 0, 255]}.items()
    }
    assert centres["red"][0] == pytest.approx(centres["green"][0], abs=2)
    assert centres["red"][1] == pytest.approx(centres["blue"][1], abs=2)
    assert centres["red"][1] < centres["green"][1]
    assert centres["red"][0] < centres["blue"][0]


def test_small_pictures_are_enlarged_without_being_blurred_and_gray_goes_from_black_to_white():
    board = np.indices((2, 2)).sum(axis=0) % 2
    for picture in (board * np.full((3, 1, 1), 255, np.uint8)).transpose(1, 2, 0), board + 7.0:
        shown = pixels(plots.grid([picture], alt="a chessboard", inches=2))
        assert np.isin(shown, [0, 255]).mean() > 0.97


@pytest.mark.usefixtures("drawn")
def test_bars_are_as_long_as_the_probabilities_and_in_the_order_of_the_first():
    axis = plots.bars({"ours": PROBABILITIES, "theirs": {"dog": 0.05, "cat": 0.95}}, alt="").axes[0]
    ours, theirs = axis.containers
    assert [bar.get_width() for bar in ours] == [0.95, 0.04, 0.01]
    assert [bar.get_width() for bar in theirs][:2] == [0.95, 0.05]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["cat", "dog", "frog"]
    assert sorted(text.get_text() for text in axis.texts) == sorted(["0.95", "0.04", "0.01", "0.95", "0.05"])
    assert axis.yaxis_inverted()
    for bar, other in zip(ours, theirs, strict=True):
        assert bar.get_y() + bar.get_height() == pytest.approx(other.get_y())
    assert len(plots.bars({"ours": PROBABILITIES}, alt="", most=2).axes[0].containers[0]) == 2


@pytest.mark.usefixtures("drawn")
def test_bars_of_other_amounts_lie_between_their_limits():
    axis = plots.bars({"ours": {"cat": 40.0, "dog": -4.0}}, alt="", limits=(-10, 60)).axes[0]
    assert axis.get_xlim()[0] == -10
    assert [text.get_text() for text in axis.texts] == ["40", "−4"]
    assert all(text.get_position()[0] > 0 for text in axis.texts), "the numbers of negative bars stand beside the axis"


@pytest.mark.usefixtures("drawn")
def test_probabilities_near_0_can_be_told_apart_on_a_logarithmic_axis():
    probabilities = {"cat": 0.98, "dog": 0.02, "frog": 0.00031, "bird": 2e-6, "ship": 3e-9, "truck": 0.0}
    axis = plots.bars({"ours": probabilities}, alt="", logarithmic=True).axes[0]
    assert axis.get_xscale() == "log"
    texts = [text.get_text() for text in axis.texts]
    assert texts == ["0.98", "0.02", "3·10⁻⁴", "2·10⁻⁶", "< 10⁻⁶", "< 10⁻⁶"]
    low, high = axis.get_xlim()
    assert 1e-7 <= low < 1e-6
    assert high > 1
    assert all(low <= text.get_position()[0] < high for text in axis.texts)


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1.14, 2.6, 4.07, -3.48, 0.0267, -0.004], ["1.14", "2.60", "4.07", "−3.48", "0.03", "0.00"]),
        ([0.78, 0.912, 0.8], ["0.780", "0.912", "0.800"]),
        ([12, 7, 0], ["12", "7", "0"]),
        ([150.4, 1200.6], ["150", "1201"]),
        ([(46.2, 2), (1.51, 4), (11.98, 2)], ["46", "2", "12"]),
        ([(6.2, 2), (-0.71, 4), (11.98, 2)], ["6.2", "−0.7", "12.0"]),
    ],
)
def test_all_amounts_of_a_chart_are_written_with_the_same_number_of_decimals(values, texts):
    axis = plots.value_bars(dict(zip("abcdef", values, strict=False)), across="x", alt="").axes[0]
    assert [text.get_text() for text in axis.texts] == texts


@pytest.mark.usefixtures("drawn")
def test_a_line_of_many_points_has_few_markers():
    axis = plots.lines({"ours": (range(300), range(300)), "theirs": ([1], [2])}, across="x", up="y", alt="").axes[0]
    assert [line.get_markevery() for line in axis.lines] == [12, 1]


@pytest.mark.usefixtures("drawn")
def test_a_line_of_a_title_that_is_wider_than_its_picture_is_broken():
    figure = plots.grid(NOISE[:2], ["does the image not contain a triangle?\nyes", "no"], alt="", inches=1.5)
    first, second = (axis.title for axis in figure.axes)
    assert (first.get_text(), second.get_text()) == ("does the image not contain a\ntriangle?\nyes", "no")
    figure.draw_without_rendering()
    assert first.get_window_extent().x1 < second.get_window_extent().x0


@pytest.mark.usefixtures("drawn")
def test_large_pictures_are_reduced_smoothly():
    figure = plots.grid([np.zeros((400, 400, 3), np.uint8), NOISE[0]], alt="", inches=1.5)
    assert [axis.get_images()[0].get_interpolation() for axis in figure.axes] == ["hanning", "nearest"]


@pytest.mark.usefixtures("drawn")
def test_several_sources_can_be_told_apart_without_colour():
    bars = plots.bars(dict.fromkeys("abc", PROBABILITIES), alt="").axes[0]
    assert len({container[0].get_hatch() for container in bars.containers}) == 3
    assert [text.get_text() for text in bars.get_legend().get_texts()] == ["a", "b", "c"]
    curves = plots.curves(dict.fromkeys("abc", HISTORY), alt="").axes[0]
    assert len({line.get_linestyle() for line in curves.lines}) == 3
    assert [text.get_text() for text in curves.get_legend().get_texts()] == ["a", "b", "c"]


@pytest.mark.usefixtures("drawn")
def test_lines_are_as_measured_and_can_be_told_apart_without_colour():
    x, y = [10, 100, 1000], [0.1, 0.2, 0.4]
    axis = plots.lines(dict.fromkeys("abcd", (x, y)), across="pictures", up="share", logarithmic=True, alt="").axes[0]
    assert [line.get_xydata().tolist() for line in axis.lines[:1]] == [[list(pair) for pair in zip(x, y, strict=True)]]
    styles = {(line.get_linestyle(), line.get_marker()) for line in axis.get_legend().get_lines()}
    assert len(styles) == 4
    assert [text.get_text() for text in axis.get_xticklabels()] == ["10", "100", "1,000"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("pictures", "share")


@pytest.mark.parametrize(
    ("draw", "most"),
    [
        (lambda names: plots.bars(dict.fromkeys(names, PROBABILITIES), alt=""), 3),
        (lambda names: plots.curves(dict.fromkeys(names, HISTORY), alt=""), 3),
        (lambda names: plots.lines(dict.fromkeys(names, ([1], [1])), across="x", up="y", alt=""), 4),
        (lambda names: plots.word_map(np.zeros((len(names), 2)), list(names), list(names), alt=""), 4),
    ],
    ids=["bars", "curves", "lines", "word_map"],
)
def test_more_series_than_can_be_told_apart_are_refused_and_so_is_none(draw, most):
    for names in ("", "abcde"[: most + 1]):
        with pytest.raises(ValueError, match=f"^{len(names)} series; accepted: 1 to {most}"):
            draw(names)


@pytest.mark.usefixtures("drawn")
def test_curves_are_over_time_and_smoothed_over_a_twentieth():
    random = np.random.default_rng(0)
    long = History(list(np.arange(100.0)), [1.0] * 100, list(random.random(100)))
    short, smooth = plots.curves({"short": HISTORY, "long": long}, alt="").axes[0].lines
    assert list(short.get_xdata()) == HISTORY.seconds
    assert list(short.get_ydata()) == HISTORY.accuracy
    assert smooth.get_ydata()[50] == pytest.approx(np.mean(long.accuracy[48:53]))


@pytest.mark.usefixtures("drawn")
def test_a_confusion_matrix_has_the_truth_in_rows():
    matrix = np.array([[8, 2], [0, 5]])
    axis = plots.confusion(matrix, ["cat", "dog"], alt="").axes[0]
    assert {text.get_position(): text.get_text() for text in axis.texts} == {(0, 0): "8", (1, 0): "2", (1, 1): "5"}
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted class", "true class")
    for labels in (axis.get_xticklabels(), axis.get_yticklabels()):
        assert [label.get_text() for label in labels] == ["cat", "dog"]


@pytest.mark.usefixtures("drawn")
def test_a_table_of_shares_is_in_per_cent_with_its_errors():
    shares, errors = np.array([[0.5, 0.126]]), np.array([[0.014, 0.2]])
    axis = plots.shares_table(shares, ["ours"], ["it", "mood"], errors=errors, alt="").axes[0]
    assert [text.get_text() for text in axis.texts] == ["50 ± 1", "13 ± 20"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["it", "mood"]


@pytest.mark.usefixtures("drawn")
def test_a_table_of_cosine_similarities_has_decimals_and_signs():
    axis = plots.shares_table(np.array([[0.854, -0.126]]), ["ours"], ["it", "mood"], percent=False, alt="").axes[0]
    assert [text.get_text() for text in axis.texts] == ["0.85", "−0.13"]


@pytest.mark.usefixtures("drawn")
def test_a_reliability_diagram_has_a_bar_where_there_were_predictions():
    bins = Reliability(np.array([np.nan, 0.7]), np.array([np.nan, 0.6]), np.array([0, 5]))
    axis = plots.reliability({"before": bins}, alt="").axes[0]
    _, bar = axis.containers[0]
    assert (bar.get_x(), bar.get_width(), bar.get_height()) == (0.5, 0.5, 0.6)
    assert axis.get_title() == "before"
    (diagonal,) = axis.lines
    assert np.array_equal(diagonal.get_xydata(), [[0, 0], [1, 1]])


@pytest.mark.usefixtures("drawn")
def test_under_a_reliability_diagram_stands_how_many_predictions_each_bin_has():
    bins = Reliability(np.array([np.nan, 0.7]), np.array([np.nan, 0.6]), np.array([0, 5]))
    _, _, before, after = plots.reliability({"before": bins, "after": bins}, alt="").axes
    for axis in (before, after):
        assert [bar.get_height() for bar in axis.containers[0]] == [0, 5]
        assert (axis.get_xlabel(), axis.get_yscale()) == ("confidence", "log")
        assert axis.get_ylim()[0] < 1, "a bin of a single prediction is seen"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([[5, 7], [6, 5]], [[0, 255], [128, 0]]),
        ([3.0, 3.0], [128, 128]),
        ([1e-30, 2e-30], [0, 255]),
    ],
)
def test_numbers_of_any_range_become_a_picture(values, expected):
    found = plots.rescale(np.array(values))
    assert found.dtype == np.uint8
    assert np.array_equal(found, expected)


@pytest.mark.usefixtures("drawn")
def test_amounts_are_bars_of_their_lengths_with_error_bars_where_there_are_any():
    axis = plots.value_bars({"one": (2.0, 0.5), "other": (-1.0, 0.25)}, across="points", alt="").axes[0]
    bars, error_bars = axis.containers[1], axis.containers[0]
    assert [bar.get_width() for bar in bars] == [2, -1]
    assert [segment[:, 0].tolist() for segment in error_bars.lines[2][0].get_segments()] == [[1.5, 2.5], [-1.25, -0.75]]
    assert [text.get_text() for text in axis.texts] == ["2", "−1"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["one", "other"]
    bare = plots.value_bars({"one": 3.0}, across="points", alt="").axes[0]
    assert len(bare.containers) == 1


@pytest.mark.usefixtures("drawn")
def test_a_map_of_words_has_each_word_at_its_place_and_a_marker_for_each_group():
    places = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    axis = plots.word_map(places, ["cat", "red", "dog"], ["kinds", "colours", "kinds"], alt="").axes[0]
    assert {text.get_text(): text.xy for text in axis.texts} == {"cat": (0, 1), "red": (2, 3), "dog": (4, 5)}
    kinds, colors = axis.collections
    assert kinds.get_offsets().tolist() == [[0, 1], [4, 5]]
    assert not np.array_equal(kinds.get_paths()[0].vertices, colors.get_paths()[0].vertices)
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["kinds", "colours"]


@pytest.mark.usefixtures("drawn")
def test_words_of_a_map_do_not_hide_each_other_where_there_is_room():
    places = np.array([[0.0, 0.0], [0.02, 0.0], [0.0, 0.02], [1.0, 1.0], [1.0, 0.0]])
    words = ["airplane", "automobile", "sleeping", "the last of all", "ship"]
    figure = plots.word_map(places, words, ["kinds"] * 5, alt="")
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[:number])
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)


@pytest.mark.usefixtures("drawn")
def test_texts_stand_below_each_other_whole_and_beside_their_notes():
    lines = [("first\nof two", "short"), ("second", "a long one " * 20), ("third\nand last", "end")]
    figure = plots.captions_table(NOISE[0], lines, alt="")
    picture, axis = figure.axes
    assert np.array_equal(picture.images[0].get_array(), NOISE[0])
    notes, texts = axis.texts[::2], axis.texts[1::2]
    assert [note.get_text() for note in notes] == [note for note, _ in lines]
    assert [" ".join(text.get_text().split()) for text in texts] == [text.strip() for _, text in lines]
    boxes = [[text.get_window_extent() for text in pair] for pair in zip(notes, texts, strict=True)]
    for (note, text), below in zip(boxes, [*boxes[1:], None], strict=True):
        assert note.x1 < text.x0
        assert note.y1 == pytest.approx(text.y1, abs=4)
        assert below is None or max(each.y1 for each in below) <= min(note.y0, text.y0)


def test_dots_are_where_their_points_are_and_circles_where_the_targets_are():
    blue, grey = (0, 114, 178), (190, 190, 190)
    canvas = plots.scatter(np.array([[0.02, 0.02], [9, 0], [np.nan, 0]]), np.array([[2.0, 1.0]]), 0.5, reach=7.5)
    assert (canvas.shape, canvas.dtype) == ((150, 150, 3), np.uint8)
    rows, columns = np.nonzero((canvas == blue).all(axis=-1))
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == [(74, 75), (74, 76), (75, 75), (75, 76)]
    rows, columns = np.nonzero((canvas == grey).all(axis=-1))
    # 10 pixels are one unit: a circle of radius 5 around column 95, row 65.
    assert np.hypot(columns - 94.5, rows - 64.5) == pytest.approx(5, abs=0.7)
    assert len(rows) > 20


@pytest.mark.usefixtures("drawn")
def test_small_pictures_stand_in_rows_under_what_is_told_each_over_its_word():
    words = [f"word {number}" for number in range(11)]
    figure = plots.captions_table(
        NOISE[0], [("who", "what is said")], below=[(word, NOISE[0]) for word in words], alt=""
    )
    above, _, *small = figure.axes
    assert [axis.texts[0].get_text() for axis in small] == words
    boxes = [axis.get_position() for axis in small]
    assert max(box.y1 for box in boxes) <= above.get_position().y0
    assert all(0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 for box in boxes)
    assert len({round(box.y0, 3) for box in boxes}) == 2
    assert all(one.x1 < other.x0 or one.y0 > other.y1 for one, other in pairwise(boxes))
