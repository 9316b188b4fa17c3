"""A lesson's sentences are printed when they hold, and stop the lesson when they do not."""

import re
from pathlib import Path

import numpy as np
import pytest

from vistext.display.claims import ClaimError, claim


@pytest.fixture(autouse=True)
def _in_profile_cpu(monkeypatch):
    monkeypatch.setenv("VISTEXT_PROFILE", "cpu")


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize(
    ("measured", "figure"),
    [
        (None, ""),
        ("75.1 % against 58.3 %", " · 75.1 % against 58.3 %"),
        (0.8749, " · 0.875"),
        (0, " · 0"),
        (np.int64(12345), " · 12,345"),
        ((0.75, np.float32(0.5)), " · 0.75 against 0.5"),
        (np.array([1, 2, 3]), " · 1, 2, 3"),
        ({"ours": 0.75, "the article's": (1, 2)}, " · ours 0.75, the article's 1 against 2"),
        (["cat", "dog"], " · cat against dog"),
    ],
)
def test_what_holds_is_printed_with_a_tick_and_its_figure(capsys, measured, figure, trained):
    claim("ours beats the article's", True, measured, trained=trained)
    assert capsys.readouterr().out == f"✓ ours beats the article's{figure}\n"


def test_nbval_compares_what_is_claimed_and_not_the_figure(capsys):
    text = (Path(__file__).parents[1] / "notebooks" / "sanitize.cfg").read_text()
    rules = re.findall(r"^regex: (.*)\nreplace: (.*)$", text, re.M)

    def compared(measured):
        print("a · b")
        claim("ours beats the article's · here", True, measured)
        print("c · d")
        shown = capsys.readouterr().out
        for regex, replacement in rules:
            shown = re.sub(regex, replacement, shown)
        return shown

    assert compared(0.87) == compared(0.61)
    assert compared("87 %") == "a · b\n✓ ours beats the article's\nc · d\n"


def test_numpy_s_truth_is_truth(capsys):
    claim("both convolutions agree", np.isclose(1.0, 1.0))
    assert capsys.readouterr().out == "✓ both convolutions agree\n"


@pytest.mark.parametrize("trained", [False, True])
def test_what_does_not_hold_stops_the_lesson_with_the_figure(capsys, trained):
    with pytest.raises(ClaimError) as raised:
        claim("ours beats the article's", False, measured=0.61, trained=trained)
    assert str(raised.value) == "not borne out by this run: ours beats the article's · 0.61"
    assert capsys.readouterr().out == ""


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
