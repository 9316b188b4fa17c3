"""What a student sees of a check, and when."""

import subprocess
import sys

import numpy as np
import pytest
from answers import RIGHT, WRONG

from vistext import exercises
from vistext.exercises import CheckFailedError, check, report


@pytest.fixture(autouse=True)
def a_new_session(monkeypatch):
    monkeypatch.setattr(report, "_verdicts", {})
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


def test_a_right_answer_gets_a_tick_and_a_wrong_one_what_was_asked_came_was_expected_and_where_to_look_again():
    text = repr(check("ps01-1", RIGHT["ps01-1"][0]))
    assert text.startswith("✓ ps01-1 A convolution over colors: right")
    assert "Look again" not in text
    text = repr(check("ps01-1", WRONG["ps01-1"]["no-bias"]))
    assert text.startswith("✗ ps01-1 A convolution over colors: not yet")
    begins = [line.partition(":")[0] for line in text.splitlines()[1:5]]
    assert begins == ["Asked", "Came back", "Expected", "Look again"]
    assert "In the lesson: lesson 01, Convolution, by hand https://" in text


def test_progress_over_the_set_grows_and_goes_back():
    assert check("ps01-1", RIGHT["ps01-1"][0]).progress.startswith("1 of 6 done: 1 ✓ done, 2 · not tried")
    assert check("ps01-2", 822_922).progress.startswith("2 of 6 done: 1 ✓ done, 2 ✓ done")
    assert check("ps01-2", 1).progress.startswith("1 of 6 done: 1 ✓ done, 2 ✗ not yet")
    assert check("ps01-2", 1).progress.endswith("7 ✎ read by a person")


def test_a_stub_is_not_begun_yet_and_neither_an_error_nor_held_against_the_progress():
    def convolve(picture, kernel, bias):
        raise NotImplementedError

    for exercise, answer in (("ps01-1", convolve), ("ps01-1", None), ("ps01-2", ...), ("ps01-2", None)):
        assert "not begun yet" in repr(check(exercise, answer))
        assert check(exercise, answer).progress.startswith("0 of 6 done: 1 · not tried, 2 · not tried, 3 · not tried")


def test_without_an_installed_package_the_section_is_named_and_not_linked(monkeypatch):
    monkeypatch.setattr(report, "_repository", lambda: "")
    wrong = check("ps01-2", 1)
    assert "In the lesson: lesson 01, 4. The article's network\n" in repr(wrong)
    assert "<a " not in wrong._repr_html_()


def test_an_exception_is_told_in_words_with_its_line_and_so_is_what_cannot_be_called():
    def convolve(picture, kernel, bias):
        window = picture[:2]
        return window * undefined  # noqa: F821

    text = repr(check("ps01-1", convolve))
    assert "it stopped with NameError: name 'undefined' is not defined (line" in text
    assert "return window * undefined" in text
    assert "Traceback" not in text
    assert "unexpected keyword argument 'kernel'" in repr(check("ps01-1", lambda picture: picture))
    assert "where a function was asked for" in repr(check("ps01-1", 3))


def test_what_a_function_prints_or_warns_of_is_kept_quiet_and_an_interruption_goes_through(capsys):
    def convolve(picture, kernel, bias):
        print("here I am", np.array([1.0]) / 0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("ps01-1", convolve)
    assert capsys.readouterr() == ("", "")


def test_what_takes_longer_than_the_grader_allows_is_right_and_says_so():
    exercise = exercises.find("ps00-6")
    cases = exercise.cases(None)
    outputs = exercises.answers_of(exercise, exercise.solve, cases)
    slow, quick = (report.Report.of(exercise, cases, outputs, [exercise], seconds) for seconds in (91.2, 59.0))
    assert slow.verdict.passed
    assert "It took 91 s; the grader stops it after 60." in repr(slow)
    assert "It took 91 s; the grader stops it after 60." in slow._repr_html_()
    assert "grader" not in repr(quick)


def test_html_says_the_same_and_lays_tables_side_by_side():
    html = check("ps01-1", WRONG["ps01-1"]["no-bias"])._repr_html_()
    assert 'aria-label="ps01-1 A convolution over colors: not yet"' in html
    assert html.count("<table>") == 2
    assert "Came back (✗ where it is wrong)" in html
    assert "<script" not in html
    assert "src=" not in html
    html = check("ps01-1", WRONG["ps01-1"]["too-few"])._repr_html_()
    assert html.count("<table>") == 2
    assert "✗ where" not in html, "another shape is shown without marks"


def test_markup_in_an_answer_stays_text():
    def convolve(picture, kernel, bias):
        raise ValueError("<script>alert(1)</script>")

    assert "<script" not in check("ps01-1", convolve)._repr_html_()
    assert "<b>bold" not in check("ps01-2", "<b>bold")._repr_html_()


def test_a_check_needs_neither_tensorflow_nor_matplotlib():
    code = (
        "import sys; from vistext.exercises import check; check('ps01-2', 1)._repr_html_();"
        "check('ps01-1', lambda picture, kernel, bias: 1)._repr_html_();"
        "print([name for name in ('tensorflow', 'keras', 'matplotlib') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"
    assert ran.stderr == ""


def test_nbgraders_own_commands_learn_of_a_wrong_answer_by_an_error_and_get_no_value_for_points(monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    with pytest.raises(CheckFailedError, match="Look again"):
        check("ps01-2", 1)
    assert check("ps01-2", 822_922) is None
    assert capsys.readouterr().out.startswith("✓ ps01-2")
    assert check("ps01-7") is None


@pytest.mark.parametrize("wrong", ["ps99-1", "ps01-99", "", 3])
def test_an_exercise_that_does_not_exist_is_named_with_those_that_do(wrong):
    with pytest.raises(ValueError, match=r"there are ps0[01]"):
        exercises.find(wrong)
