"""A lesson's sentences are printed when they hold, and stop the lesson when they do not."""

import re
from pathlib import Path

import numpy as np
import pytest

from vistext.display.claims import ClaimError, claim

SENTENCE = "ours beats the article's"


@pytest.fixture(params=["cpu", "smoke"])
def profile(request, monkeypatch):
    monkeypatch.setenv("VISTEXT_PROFILE", request.param)
    return request.param


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
        (Path("cat.png"), " · cat.png"),
    ],
)
@pytest.mark.usefixtures("profile")
def test_what_holds_is_printed_with_its_figure_and_what_does_not_stops_the_lesson_with_it(capsys, measured, figure):
    claim(SENTENCE, np.isclose(1.0, 1.0), measured)
    assert capsys.readouterr().out == f"✓ {SENTENCE}{figure}\n"
    with pytest.raises(ClaimError) as raised:
        claim(SENTENCE, False, measured)
    assert str(raised.value) == f"not borne out by this run: {SENTENCE}{figure}"
    assert capsys.readouterr().out == ""


def test_seconds_of_training_are_not_judged_and_the_line_says_so(profile, capsys):
    for holds in (True, False):
        if profile == "cpu" and not holds:
            with pytest.raises(ClaimError):
                claim(SENTENCE, holds, trained=True)
        else:
            claim(SENTENCE, holds, trained=True)
            judged, not_judged = f"✓ {SENTENCE}\n", f"– {SENTENCE} (not judged in profile smoke)\n"
            assert capsys.readouterr().out == (not_judged if profile == "smoke" else judged)


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
