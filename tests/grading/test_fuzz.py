"""Random notebooks and messages: each ends in a mark or in a reason that is told, and none in a fault.

`VISTEXT_FUZZ=1 pytest tests/grading/test_fuzz.py` tries 10,000 notebooks in place of a sample, 500 in the sandbox.
"""

import json
import os
import time

import pytest
import standins
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from submissions import RIGHT, as_bytes, hand_in, make_release

from vistext.grading import cells, feedback, protocol
from vistext.grading import grade as grading
from vistext.grading.execute import Answers, Executed
from vistext.grading.grade import grade
from vistext.grading.limits import Limits

ALL = bool(os.environ.get("VISTEXT_FUZZ"))
QUIET = [
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.function_scoped_fixture,
]


def tries(few, many):
    return settings(
        max_examples=many if ALL else few,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=QUIET,
    )


# Letters that an editor, another alphabet or a hand on the keyboard may put anywhere, and pieces of code.
ODD = st.sampled_from(list("\r\n\t \x00\x0b\x0c\x1c\x85\xa0\u2028\u2029\ufeff\ud800😀'\"\\#%!{}()[]=:;`$<>&"))
PIECES = st.sampled_from(
    [
        *('"""', "'''", '\\"\\"\\"', "f'{", "# exercise: ps90-1", "# exercise: ps90-2 ps90-3", "# exercise: ps90-99"),
        *("def scale(", "total = 4242", "raise NotImplementedError()", "import numpy as np", "%%time", "%%bash", "!ls"),
        *(
            'check("ps90-1", scale)',
            "YOUR ANSWER HERE",
            "lambda: (yield)",
            "await x",
            "return",
            "    indented",
            "never",
        ),
        *RIGHT.values(),
        *(cell.source for cell in make_release().cells),
    ]
)
TEXT = st.lists(st.one_of(PIECES, ODD, st.text(max_size=20)), max_size=12).map("".join)
LEAF = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT)
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)
MARKS = st.fixed_dictionaries(
    {},
    optional={"grade_id": st.one_of(st.sampled_from(["ps90-1", "ps90-1-check", "ps90-4", ""]), JSON), "points": JSON},
)
CELL = st.fixed_dictionaries(
    {"cell_type": st.one_of(st.sampled_from(["code", "markdown", "raw", "heading"]), JSON)},
    optional={
        "source": st.one_of(TEXT, st.lists(TEXT, max_size=4), JSON),
        "input": TEXT,
        "metadata": st.one_of(st.fixed_dictionaries({"nbgrader": st.one_of(MARKS, JSON)}), JSON),
        "outputs": JSON,
    },
)
KNOWN = st.sampled_from([json.loads(json.dumps(one))["cells"] for one in (make_release(), hand_in(RIGHT, text="So."))])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])


@st.composite
def notebooks(draw):
    """A notebook of known, changed and random cells, of any version, in any encoding, whole or not."""
    made = [*draw(st.one_of(KNOWN, KNOWN, KNOWN, st.just([])))]
    for _ in range(draw(st.sampled_from([1, 2, 3, 6]))):
        at = draw(st.integers(0, len(made)))
        change = draw(st.sampled_from(["ends", "odd", "insert", "change", "drop", "copy", "swap"]))
        if change == "insert" or not made[at:]:
            made.insert(at, draw(st.one_of(CELL, JSON)))
        elif change == "change" and isinstance(made[at], dict):
            made[at] = made[at] | draw(CELL)
        elif change == "odd" and isinstance(made[at], dict) and isinstance(made[at].get("source"), str):
            source, odd = made[at]["source"], draw(ODD)
            cut = draw(st.integers(0, len(source)))
            made[at] = made[at] | {"source": source[:cut] + odd + source[cut:]}
        elif change == "ends":  # of all lines
            end = draw(st.sampled_from(["\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", " \n", "\n ", ""]))
            texts = [one for one in made if isinstance(one, dict) and isinstance(one.get("source"), str)]
            made = [one | {"source": one["source"].replace("\n", end)} if one in texts else one for one in made]
        elif change == "drop":
            del made[at]
        elif change == "copy":
            made.append(made[at])
        else:
            made.reverse()
    old = {"worksheets": draw(st.sampled_from([[{"cells": made}], [{"cells": 5}, 3, {"cells": made}]]))}
    whole = draw(st.one_of(*[st.just({"cells": made})] * 6, st.just(old), JSON))
    content = json.dumps(whole, ensure_ascii=draw(st.booleans())).encode(draw(ENCODINGS), errors="replace")
    if draw(st.integers(0, 9)) == 9:
        at = draw(st.integers(0, len(content)))
        content = content[:at] + draw(st.binary(max_size=8)) + content[at + draw(st.integers(0, 8)) :]
    return content


def expect_an_end(result):
    """A mark or a reason; a notebook for the screen, and a page."""
    words = " | ".join(result.flags + result.notes)
    assert "fault" not in words, words
    if result.exercises:
        assert list(result.exercises) == ["ps90-1", "ps90-2", "ps90-3", "ps90-4"]
        for one in result.exercises.values():
            assert one.score is None or 0 <= one.score <= one.points
        json.dumps(result.notebook).encode()
    else:
        assert result.flags
    feedback.page("ps90_standin", "anna", result).encode("utf-8", "replace")


@tries(200, 10_000)
@given(notebooks())
def test_every_notebook_is_read_or_refused_with_a_reason(job, monkeypatch, content):
    monkeypatch.setattr(grading, "execute", nothing_came_back)
    expect_an_end(grade(content, job))


def nothing_came_back(run, exercises, job):
    return Executed({one.id: [Answers(one.cases(None), [])] for one in exercises if one.kind != "by hand"}, {}, [])


@pytest.mark.sandbox
@tries(4, 500)
@given(notebooks())
def test_every_notebook_ends_in_the_sandbox_too(job, content):
    expect_an_end(grade(content, job))


@tries(200, 10_000)
@given(st.one_of(JSON, st.dictionaries(st.sampled_from(["array", "scalar", "dict", "list", "other", "dots"]), JSON)))
def test_what_claims_to_be_an_answer_is_read_or_refused(packed):
    try:
        value = protocol.unpack(protocol.read(protocol.frame({"output": packed})[protocol.HEADER.size :])["output"])
    except protocol.ProtocolError:
        return
    standins.EXERCISES[1].judge([{}], [value])


HARD = [
    *('\\"\\"\\"', '"', "'", '"""', "f'", "\\", " ", "\t#", "#", "# exercise: ps90-1 ", "# exercise: ps", "check("),
    *('check("a", ', "scale ", "scale, ", "scale=", "==", "([", "def ", "for scale ", "import scale as ", "a"),
    *("the map ", "a\n", "\r", "  \n", "&", "[a](javascript:"),
]


@pytest.mark.parametrize("end", ["", "\\", '"', "\n"], ids=["cut", "backslash", "quote", "line"])
@pytest.mark.parametrize("piece", HARD, ids=repr)
def test_what_is_hard_to_read_takes_no_longer_than_it_is_long(job, monkeypatch, piece, end):
    monkeypatch.setattr(grading, "execute", nothing_came_back)

    def seconds(size):
        notebook = hand_in(RIGHT, after=piece * (size // len(piece)) + end, text=piece * (size // len(piece)) + end)
        content = as_bytes(notebook)
        began = time.process_time()
        expect_an_end(grade(content, job))
        return time.process_time() - began

    assert seconds(150_000) < 1.5, "a quadratic pattern took 200 s for as much"


@pytest.mark.parametrize("piece", ["[", "{", '{"a":', "[],", '"\\u', "1,", '{"cells":['], ids=str)
def test_a_file_that_is_hard_to_parse_is_refused_soon(piece):
    began = time.process_time()
    with pytest.raises(cells.UnreadableError):
        cells.read((piece * (3_000_000 // len(piece))).encode(), Limits())
    assert time.process_time() - began < 5
