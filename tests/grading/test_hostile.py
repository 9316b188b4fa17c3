"""Submissions that attack whoever grades them, all in one class, against the real sandbox and a real gradebook.

For each: it earns no more than it deserves, nobody else's marks are touched, the run goes on, and what happened is
written down where a person will see it.
"""

import json
import re
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from submissions import LIMITS, RIGHT, as_bytes, hand_in, make_course

from vistext.grading import batch, cli
from vistext.grading.limits import Job

pytestmark = pytest.mark.sandbox

ZERO = [0, 0, 0]
CANARY = "canary-for-the-tests-of-grading"

# What a student writes before right answers, and what must be found in the notes or flags ("" where it is no event).
IN_A_CELL = {
    "exit": ("import os\nos._exit(0)", "ended its own process"),
    "sys_exit": ("import sys\nsys.exit()", "SystemExit"),
    "endless": ("while True:\n    pass", "did not end within 4 seconds"),
    "ignores_interrupts": (
        "import signal\nfor number in (1, 2, 15):\n    signal.signal(number, signal.SIG_IGN)\n"
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
        "did not end within 4 seconds",
    ),
    "output_flood": ("for _ in range(20):\n    print('x' * 1_000_000)", "it printed 20"),
    "fork_bomb": (
        "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
        "did not end within 4 seconds",
    ),
    "memory": ("held = [bytearray(40_000_000_000) for _ in range(40)]", "MemoryError"),
    "thread_bomb": (
        "import threading, time\nthreading.stack_size(32768)\nwhile True:\n    try:\n"
        "        threading.Thread(target=time.sleep, args=(60,)).start()\n    except Exception:\n        pass",
        "started .* threads",
    ),
    "disk_fill": (
        "for place in ('/tmp', '/dev/shm', '.'):\n    for number in range(100):\n"
        "        open(f'{place}/{number}', 'wb').write(b'x' * 10_000_000)",
        "No space left",
    ),
    "inodes": (
        "number = 0\nwhile True:\n    open(f'/tmp/{number}', 'w').close()\n    number += 1",
        "made .* files; 2,000 are allowed",
    ),
    "kills_its_group": ("import os\nos.killpg(0, 9)", "it was killed"),
    "segfault": ("import ctypes\nctypes.string_at(0)", "segmentation fault"),
    "daemon": (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        os.execv('/bin/sh', ['{CANARY}', '-c', 'while :; do sleep 1; done', '{CANARY}'])\n    os._exit(0)",
        "",
    ),
    "startup_file": (
        "import os, sys\nfolder = os.path.expanduser('~/.ipython/profile_default/startup')\nos.makedirs(folder)\n"
        f"open(folder + '/00.py', 'w').write('{CANARY}')\nopen(os.path.expanduser('~/.bashrc'), 'w').write('{CANARY}')",
        "",
    ),
    "writes_in_python": ("import numpy\nopen(numpy.__file__, 'a').write('x')", "Read-only file system"),
    "writes_in_the_pipe": (
        "import os\nfor number in range(3, 30):\n    try:\n        os.write(number, b'\\x00\\x00\\x00\\x02{}' * 50)\n"
        "    except OSError:\n        pass",
        "",
    ),
    "announces_a_huge_answer": (
        "import os\nfor number in range(3, 30):\n    try:\n        os.write(number, b'\\xff' * 50)\n"
        "    except OSError:\n        pass",
        "at most 4,194,304 are read",
    ),
    "nested": ("(" * 5000 + ")" * 5000, "code cell 2 stopped with"),
    "unary": ("-" * 200_000 + "1", "code cell 2"),
}

# Attempts to be given marks: there is no right answer in the notebook, so none may be earned.
FOR_MARKS = {
    "always_equal": """
class Always:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __array__(self, *more, **other): return np.zeros(3)
    def __float__(self): return 1.0
    def __len__(self): return 3
    def __iter__(self): return iter([self] * 3)
    def __getattr__(self, name): return self
    def __call__(self, *more, **other): return self
class Number(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__
scale = largest = lambda **case: Always()
total = Number(1)
""",
    "patched": """
import builtins, numpy.testing
nothing = lambda *more, **other: True
for name in dir(numpy.testing):
    if name.startswith("assert"): setattr(numpy.testing, name, nothing)
np.allclose = np.isclose = np.array_equal = nothing
builtins.all = builtins.isinstance = nothing
scale = lambda numbers, factor: 0
largest = lambda numbers: 0
total = 0
""",
    "patched_checks": """
import sys, types
import vistext.exercises, vistext.exercises.judging, vistext.exercises.values as values
values.equal = lambda *more, **other: True
vistext.exercises.judging.Exercise.judge = lambda *more: (True, 1.0)
sys.modules["vistext.exercises"] = types.ModuleType("vistext.exercises")
scale = lambda numbers, factor: 0
largest = lambda numbers: 0
""",
    "patched_wire": """
from vistext.grading import protocol, sandbox_runner
def pack(value, depth=0): return {"other": "__reduce__"}
protocol.pack = pack
sandbox_runner.call_answer = lambda function, case: "right"
scale = lambda numbers, factor: 0
largest = lambda numbers: 0
""",
    "pickled": """
import os
class Evil:
    def __reduce__(self): return (os.system, ("touch /tmp/pwned",))
scale = lambda numbers, factor: Evil()
largest = lambda numbers: np.array([Evil()], dtype=object)
total = Evil()
""",
    "hard_coded": """
def scale(numbers, factor):
    return {(1, 2, 3): [2, 4, 6], (5, -1): [50, -10]}.get(tuple(numbers), 0)
def largest(numbers):
    return {(3, 9, 4): 9, (-1, -5): -1}.get(tuple(numbers), 0)
""",
    "guesses_seeds": """
import zlib
known = {}
for seed in range(300):
    rng = np.random.default_rng([seed, zlib.crc32(b"ps90-1")])
    for _ in range(4):
        numbers, factor = rng.integers(-50, 50, 4).tolist(), int(rng.integers(2, 9))
        known[tuple(numbers)] = [number * factor for number in numbers]
def scale(numbers, factor):
    return known.get(tuple(numbers))
""",
    "times_the_grader": """
import time
calls = []
def scale(numbers, factor):
    calls.append(time.perf_counter())
    return [number + 0.1 + calls[-1] - calls[0] for number in numbers]
def largest(numbers):
    waited = calls[-1] - calls[0] if calls else 0
    return waited
""",
    "shadow_numpy": """
open("numpy.py", "w").write("def allclose(*more): return True")
import importlib, sys
sys.path.insert(0, ".")
del sys.modules["numpy"]
import numpy
scale = lambda numbers, factor: 0
""",
    "looks_for_answers": """
import gc, os, sys
found = []
for folder, folders, files in os.walk("/"):
    if folder.startswith(("/proc", "/usr")) or "site-packages/" in folder or "/lib/python" in folder:
        folders[:] = []
        continue
    for file in files:
        known = file.startswith(("ps0", "ps9", "standins")) or file.endswith((".db", ".ipynb", ".csv"))
        if known or ("answers" in file and file != "answers.py"):  # that says how a function is called
            found.append(folder + "/" + file)
for thing in gc.get_objects():
    if type(thing).__name__ == "Exercise": found.append("an exercise")
for number in os.listdir("/proc"):
    if number.isdigit():
        for part in ("environ", "cmdline"):
            try: text = open(f"/proc/{number}/{part}", "rb").read()
            except OSError: continue
            if b"seed" in text.lower().replace(b"pythonhashseed", b""): found.append(number + part)
try:
    from vistext.exercises import of_set
    found.append("of_set")
except ImportError: pass
try:
    import standins
    found.append("standins")
except ImportError: pass
for up in range(1, 9):
    for name in ("source", "gradebook.db", "release", "submitted"):
        if os.path.exists("../" * up + name): found.append(name)
total = "found " + " ".join(found)
""",
    "deep_answer": """
def scale(numbers, factor):
    answer = []
    for _ in range(100_000): answer = [answer]
    return answer
def largest(numbers): return 10 ** 100_000
total = "x" * 50_000_000
""",
    "slow_to_judge": """
def scale(numbers, factor): return np.zeros((1000, 1000))
def largest(numbers): return [[0.0] * 100] * 1000
total = {1: [2] * 100_000}
""",
    "raises_oddly": """
class Odd(BaseException):
    def __str__(self): raise Odd()
def scale(numbers, factor): raise Odd()
def largest(numbers): raise SystemExit
class Total:
    def __repr__(self): raise Odd()
total = Total()
""",
    "ends_when_asked": """
import os
def scale(numbers, factor): os._exit(1)
def largest(numbers):
    while True: pass
total = 0
""",
}
INJECTED = "<script>alert('" + CANARY + "')</script><img src=x onerror=alert(1)>"


def injecting():
    code = f"""
def scale(numbers, factor): return {INJECTED!r}
total = {INJECTED!r}
class {"X"}(Exception): pass
def largest(numbers): raise X({INJECTED!r})
"""
    notebook = hand_in(before=f"raise ValueError({INJECTED!r})", after=code)
    for cell in notebook.cells:
        if cell.id == "text":
            cell.source = (
                INJECTED + r"[click](javascript:alert(1)) [this](javascript\:alert(2)) [or](JavaScript\\ \:alert(3))"
            )
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": INJECTED})]
    return notebook


def marks_in_metadata():
    notebook = hand_in(after="score = points = 1000")
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata["nbgrader"] |= {"points": 1000, "score": 1000, "grade": True, "solution": True}
    return notebook


def write_class(folder):
    """Everybody's submissions: the honest ones first and last, so that what is between them has its chance."""

    def put(student, content):
        (folder / student).mkdir()
        (folder / student / "ps90_standin.ipynb").write_bytes(content)

    put("aa_honest", as_bytes(hand_in(RIGHT, text="Because.")))
    put("zz_honest", as_bytes(hand_in(RIGHT | {"ps90-2": "total = 1"})))
    for name, (code, _) in IN_A_CELL.items():
        put(name, as_bytes(hand_in(RIGHT, before=code)))
    for name, code in FOR_MARKS.items():
        put(name, as_bytes(hand_in(after=code)))
    put("claims_marks_in_metadata", as_bytes(marks_in_metadata()))
    put("injects", as_bytes(injecting()))
    put("many_ampersands", as_bytes(hand_in(text="&" * 19_000_000)))
    put("\x1b]0;title\x07\x1b[2Jclears", as_bytes(hand_in(before="import os\nos._exit(1)")))
    put("formula", as_bytes(hand_in(after='raise ValueError("=cmd|calc")')))
    put("no_json", b'{"cells": [')
    put("shadow_file", as_bytes(hand_in()))
    (folder / "shadow_file" / "numpy.py").write_text("raise SystemExit")
    (folder / "shadow_file" / "sitecustomize.py").write_text("raise SystemExit")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The class, graded once with two workers."""
    folder = tmp_path_factory.mktemp("course")
    course = make_course(folder)
    (folder / "source").mkdir()
    submissions = folder / "handed in"
    submissions.mkdir()
    write_class(submissions)
    job = Job("ps90", course.release, batch.seed_of(course), LIMITS, exercises="standins")
    began = time.monotonic()
    outcome = batch.grade_all(course, submissions, job, pool=batch.workers(2))
    with course.open() as gradebook:
        rows = {
            submission.student.id: [grade.auto_score for grade in submission.notebooks[0].grades]
            for submission in gradebook.assignment_submissions(course.assignment)
        }
    return SimpleNamespace(course=course, job=job, outcome=outcome, seconds=time.monotonic() - began, rows=rows)


def found(run, student):
    record = run.outcome.records[student].graded
    return [one.score for one in record.exercises.values()][:3], " | ".join(record.notes + record.flags)


def kept(run, student):
    """All that is known of a submission."""
    folder = run.course.folder / "graded" / "ps90_standin" / "students"
    return json.loads((folder / f"{student}.json").read_text(encoding="utf-8"))["graded"]


def test_honest_students_have_their_marks_and_nobody_else_has_touched_them(run):
    assert found(run, "aa_honest") == ([4, 2, 3], "")
    assert found(run, "zz_honest") == ([4, 0, 3], "")
    assert sorted(run.rows["aa_honest"], key=str) == sorted([4, 2, 3, None], key=str)
    assert sorted(run.rows["zz_honest"]) == [0, 0, 3, 4]


def test_the_run_goes_on_to_the_last_and_the_gradebook_has_what_was_found(run):
    asked = {*IN_A_CELL, *FOR_MARKS, "injects", "no_json"}
    assert asked <= set(run.outcome.records)
    for student, record in run.outcome.records.items():
        scores = [one.score for one in record.graded.exercises.values()]
        assert sorted(run.rows.get(student, []), key=str) == sorted(scores, key=str), student


@pytest.mark.parametrize("student", IN_A_CELL)
def test_a_hostile_cell_costs_itself_and_is_written_down(run, student):
    _, expected = IN_A_CELL[student]
    earned, words = found(run, student)
    assert earned == [4, 2, 3] or student == "writes_in_the_pipe"
    assert re.search(expected, words), words


@pytest.mark.parametrize("student", [*FOR_MARKS, "claims_marks_in_metadata", "injects", "shadow_file", "formula"])
def test_no_trick_earns_a_point(run, student):
    earned, _ = found(run, student)
    assert earned == ZERO


def test_what_cannot_be_read_is_given_to_a_person_with_the_reason(run):
    earned, words = found(run, "no_json")
    assert earned == []
    assert "no valid JSON" in words
    table = run.outcome.table.read_text(encoding="utf-8")
    assert re.search("^no_json,.*not graded", table, re.MULTILINE)


def test_answers_and_held_out_cases_are_nowhere_to_be_found(run):
    assert kept(run, "looks_for_answers")["exercises"]["ps90-2"]["came_back"] == "the text 'found '"


def test_nothing_is_left_running(run):
    shown = subprocess.run(["ps", "-e", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert CANARY not in shown


def test_nothing_is_left_in_the_home_of_whoever_grades(run):
    home = Path.home()
    for place in (home / ".ipython/profile_default/startup/00.py", home / ".bashrc"):
        assert not place.exists() or CANARY not in place.read_text(encoding="utf-8")
    assert not Path("/tmp/pwned").exists()


def test_what_reaches_a_browser_holds_no_markup_of_a_student(run):
    page = (run.course.folder / "feedback" / "injects" / "ps90_standin" / "ps90_standin.html").read_text("utf-8")
    assert CANARY in page
    assert "<script" not in page
    assert "<img" not in page
    shown = run.course.path("autograded", "injects").read_text("utf-8")
    notebook = nbformat.reads(shown, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert {output.output_type for output in outputs} == {"stream"}
    texts = "".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "<script" not in texts
    assert "href" not in texts  # how it looks in a browser is seen in tests/browser/test_formgrader.py


def test_no_page_tells_what_was_held_out(run):
    import standins

    held_out = [case["numbers"] for case in standins.EXERCISES[0].cases(run.job.seed)]
    for page in run.course.folder.glob("feedback/*/*/*.html"):
        text = page.read_text(encoding="utf-8")
        assert not any(str(numbers)[1:-1] in text for numbers in held_out), page


def test_a_page_stays_small_whatever_is_written(run):
    assert run.course.path("autograded", "many_ampersands").stat().st_size < 1_500_000
    assert run.course.path("feedback", "many_ampersands", ".html").stat().st_size < 100_000
    assert len(json.dumps(kept(run, "many_ampersands"))) < 200_000


def test_a_terminal_obeys_nothing_of_what_is_said_in_the_end(run):
    message = cli.summary(run.course.assignment, run.outcome)
    assert "clears: " in message
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", message)


def test_no_message_of_a_failed_run_is_obeyed_by_a_terminal(capsys):
    cli._fail("there is no /tmp/\x1b[2J\x9b2J\u202egnp\r\n\x07x", 2)
    assert capsys.readouterr().err == "vistext: there is no /tmp/?[2J?2J?gnp ?x\n"


def test_the_attacks_are_over_soon(run):
    """A class in which everybody is hostile takes seconds for each, not the limit of each."""
    assert run.seconds / len(run.outcome.records) < 10
