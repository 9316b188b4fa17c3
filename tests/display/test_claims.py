"""A lesson's sentences are printed when they hold, and stop the lesson when they do not."""

import numpy as np
import pytest

from vistext.display.claims import ClaimError, claim


@pytest.fixture(autouse=True)
def _in_profile_cpu(monkeypatch):
    monkeypatch.setenv("VISTEXT_PROFILE", "cpu")


@pytest.mark.parametrize("trained", [False, True])
def test_what_holds_is_printed_with_a_tick_and_without_its_figure(capsys, trained):
    claim("ours beats the article's", True, measured=0.87, trained=trained)
    assert capsys.readouterr().out == "✓ ours beats the article's\n"


def test_numpy_s_truth_is_truth(capsys):
    claim("both convolutions agree", np.isclose(1.0, 1.0))
    assert capsys.readouterr().out == "✓ both convolutions agree\n"


@pytest.mark.parametrize("trained", [False, True])
def test_what_does_not_hold_stops_the_lesson_with_the_figure(capsys, trained):
    with pytest.raises(ClaimError) as raised:
        claim("ours beats the article's", False, measured=0.61, trained=trained)
    assert str(raised.value) == "not borne out by this run: ours beats the article's (measured: 0.61)"
    assert capsys.readouterr().out == ""


def test_a_measured_zero_is_a_figure_too():
    with pytest.raises(ClaimError, match=r"\(measured: 0\)$"):
        claim("some are found", False, measured=0)


def test_without_a_figure_the_sentence_stands_alone():
    with pytest.raises(ClaimError, match=r"^not borne out by this run: it adds up$"):
        claim("it adds up", False)


@pytest.mark.parametrize("holds", [True, False])
def test_seconds_of_training_are_not_judged_and_the_line_says_so(monkeypatch, capsys, holds):
    monkeypatch.setenv("VISTEXT_PROFILE", "smoke")
    claim("ours beats the article's", holds, trained=True)
    assert capsys.readouterr().out == "– ours beats the article's (not judged in profile smoke)\n"


def test_what_needs_no_training_is_judged_in_every_profile(monkeypatch):
    monkeypatch.setenv("VISTEXT_PROFILE", "smoke")
    with pytest.raises(AssertionError):
        claim("both convolutions agree", False)
