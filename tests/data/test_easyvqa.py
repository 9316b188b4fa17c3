"""easy-VQA: what is loaded is what the package holds, and the answers that need no picture are counted rightly."""

import json
from collections import Counter
from pathlib import Path

import easy_vqa
import numpy as np
import pytest
from PIL import Image

from vistext.data import easyvqa
from vistext.data.easyvqa import Split

FILES = Path(easy_vqa.__file__).parent / "data"
SPLITS = ("train", "test")


@pytest.fixture(scope="module")
def data():
    return easyvqa.load()


def small(*asked, pictures=0):
    """A split of (question, answer, row) with pictures that tell their row by their color."""
    questions, answers, rows = zip(*asked, strict=True) if asked else ((), (), ())
    colors = np.arange(pictures or max(rows, default=0) + 1, dtype=np.uint8)
    return Split(np.tile(colors[:, None, None, None], (1, 64, 64, 3)), questions, answers, np.array(rows, np.int32))


def marks_of(split):
    """A mark of each picture's pixels, which no numbering changes."""
    return [hash(picture.tobytes()) for picture in split.pictures]


def about(split):
    """Each question and answer with the mark of the picture that it is about."""
    marks = marks_of(split)
    asked = zip(split.questions, split.answers, split.picture_of, strict=True)
    return [(question, answer, marks[row]) for question, answer, row in asked]


@pytest.mark.parametrize(("name", "pictures", "questions"), [("train", 4_000, 38_575), ("test", 1_000, 9_673)])
def test_a_split_has_as_much_as_its_author_says(data, name, pictures, questions):
    split = getattr(data, name)
    assert split.pictures.shape == (pictures, 64, 64, 3)
    assert split.pictures.dtype == np.uint8
    assert split.picture_of.shape == (questions,)
    assert split.picture_of.dtype == np.int32
    assert len(split.questions) == len(split.answers) == questions
    assert set(split.picture_of.tolist()) == set(range(pictures)), "a picture about which nothing is asked"
    for array in (split.pictures, split.picture_of):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_questions_and_answers_are_as_their_author_says(data):
    counts = [sum(answer in ("yes", "no") for answer in getattr(data, name).answers) for name in SPLITS]
    assert counts == [28_407, 7_136]
    assert len(set(data.train.questions)) == 107
    assert set(data.test.questions) == set(data.train.questions)
    assert data.answers == (
        *("circle", "green", "red", "gray", "yes", "teal", "black"),
        *("rectangle", "yellow", "triangle", "brown", "blue", "no"),
    )
    assert set(data.train.answers) == set(data.test.answers) == set(data.answers)


@pytest.mark.parametrize("name", SPLITS)
def test_every_question_is_the_one_in_the_file(data, name):
    split = getattr(data, name)
    loaded = zip(split.questions, split.answers, split.picture_of.tolist(), strict=True)
    written = json.loads((FILES / name / "questions.json").read_text(encoding="utf-8"))
    assert [list(asked) for asked in loaded] == written


@pytest.mark.parametrize("name", SPLITS)
@pytest.mark.parametrize("number", [0, 2, 10, 999])
def test_a_row_is_the_picture_of_this_number(data, name, number):
    with Image.open(FILES / name / "images" / f"{number}.png") as picture:
        np.testing.assert_array_equal(getattr(data, name).pictures[number], picture.convert("RGB"))


def test_the_order_of_files_in_a_folder_changes_nothing(data, monkeypatch):
    paths, (questions, answers, _) = easy_vqa.get_test_image_paths(), easy_vqa.get_test_questions()
    # Some numbers only, the last of them first: rows are then not numbers.
    few = {number: paths[number] for number in (30, 7, 20)}
    for split in SPLITS:
        monkeypatch.setattr(easy_vqa, f"get_{split}_image_paths", lambda: few)
        monkeypatch.setattr(easy_vqa, f"get_{split}_questions", lambda: (questions[:3], answers[:3], [20, 7, 30]))
    loaded = easyvqa.load().test
    assert loaded.picture_of.tolist() == [1, 0, 2]
    np.testing.assert_array_equal(loaded.pictures, data.test.pictures[[7, 20, 30]])


def test_a_picture_is_set_aside_with_all_its_questions(data):
    left, aside = easyvqa.validation(data.train, 0.1, seed=0)
    assert (len(left.pictures), len(aside.pictures)) == (3_600, 400)
    assert set(marks_of(left)).isdisjoint(marks_of(aside))
    assert Counter(about(left)) + Counter(about(aside)) == Counter(about(data.train))
    again, other = (easyvqa.validation(data.train, 0.1, seed)[1] for seed in (0, 1))
    assert marks_of(again) == marks_of(aside)
    assert set(marks_of(other)) != set(marks_of(aside))


def test_both_parts_keep_the_order_and_point_at_their_own_rows():
    whole = small(("a", "yes", 3), ("b", "no", 0), ("c", "red", 2), ("d", "no", 1), ("e", "yes", 3))
    for seed in range(10):
        for part in easyvqa.validation(whole, 0.5, seed):
            assert len(part.pictures) == 2
            assert part.picture_of.dtype == np.int32
            assert about(part) == [asked for asked in about(whole) if asked[2] in marks_of(part)]


@pytest.mark.parametrize(("share", "aside"), [(0.001, 1), (0.999, 4)])
def test_neither_part_is_empty(share, aside):
    assert [len(part.pictures) for part in easyvqa.validation(small(pictures=5), share, 0)] == [5 - aside, aside]


@pytest.mark.parametrize(
    ("pictures", "share", "message"),
    [*((5, share, "less than 1; given was") for share in (0, 1, -0.1, 20, float("nan"))), (1, 0.5, "given: 1")],
)
def test_a_division_that_leaves_nothing_is_refused(pictures, share, message):
    with pytest.raises(ValueError, match=message):
        easyvqa.validation(small(pictures=pictures), share, 0)


TRAIN = small(
    ("is it red?", "no", 0),
    ("is it red?", "no", 1),
    ("is it red?", "yes", 2),
    ("is it blue?", "yes", 0),
    ("is it there?", "yes", 1),
    ("is it there?", "yes", 2),
    ("what is it?", "circle", 0),
)
TEST = small(
    ("is it red?", "no", 0),  # as in training; not the most frequent answer of all
    ("is it red?", "yes", 1),
    ("what is it?", "circle", 0),
    ("is it new?", "yes", 0),  # not asked in training
    ("is it new?", "no", 1),
    ("is it new?", "yes", 2),
)


def test_how_often_the_most_frequent_answer_is_right_of_all_and_to_each_question(data):
    assert easyvqa.majority_baseline(TRAIN, TEST) == pytest.approx(3 / 6)
    assert easyvqa.question_only_baseline(TRAIN, TEST) == pytest.approx(4 / 6)
    assert easyvqa.majority_baseline(data.train, data.test) == pytest.approx(3_611 / 9_673)
    assert easyvqa.question_only_baseline(data.train, data.test) == pytest.approx(6_481 / 9_673)


@pytest.mark.parametrize("baseline", [easyvqa.majority_baseline, easyvqa.question_only_baseline])
def test_nothing_is_counted_where_nothing_is_asked(baseline):
    with pytest.raises(ValueError, match="a training split with 1 or more"):
        baseline(small(), TEST)
    with pytest.raises(ValueError, match="a test split with 1 or more"):
        baseline(TRAIN, small())
