"""A submission that has seen a held-out case cannot tell its student: whatever it does then, the page stays the same.

Each is graded twice, with seeds that draw other cases, and encodes a digit of these in everything that it can think of.
If anything but its marks depended on what it does, what is known of it would differ.
"""

from dataclasses import asdict, replace

import pytest
import standins
from submissions import RIGHT, as_bytes, hand_in, scores

from vistext.grading import feedback
from vistext.grading.execute import NOT_AGAIN, STOPPED, execute
from vistext.grading.grade import grade
from vistext.grading.restore import Runnable

pytestmark = pytest.mark.sandbox

# `digit` of the first held-out case, then 0 to 9; -1 of those that are shown.
SPYING = """
import ctypes, os, signal, sys, threading, time

def scale(numbers, factor):
    held_out = tuple(numbers) not in ((1, 2, 3), (5, -1))
    digit = abs(numbers[0]) % 10 if held_out else -1
    if held_out:
        {call}
    return [number * factor for number in numbers]

def largest(numbers):
    return np.max(numbers)

total = 4242
{cell}
"""
CALLS = {
    "an exception's text": ("raise ValueError(f'it is {digit}')", ""),
    "an exception's name": ("raise type(f'It_is_{digit}', (ValueError,), {})()", ""),
    "its exit code": ("os._exit(digit)", ""),
    "the signal that ends it": ("os.kill(os.getpid(), (9, 11, 15, 24, 6)[digit % 5])", ""),
    "what it is ended for": (
        "exec(('while 1: pass', 'os._exit(1)', 'held = [bytes(1) * 10**6 for _ in range(2000)]')[digit % 3])",
        "",
    ),
    "what it prints": ("print(digit); sys.stderr.write('x' * digit); os.write(1, b'x' * 2_000_000 * (digit + 1))", ""),
    "how long it takes": ("time.sleep(digit / 20)", ""),
    "an answer of its own": ("sys.modules['vistext.grading.protocol'].frame = lambda message: bytes(digit)", ""),
    "a file that a later cell reads": (
        "open('/tmp/seen', 'w').write(str(digit)); open('/dev/shm/seen', 'w').write(str(digit)); os._exit(1)",
        "for one in ('/tmp/seen', '/dev/shm/seen'):\n    if os.path.exists(one): raise ValueError(open(one).read())",
    ),
    "the clock, when a later cell reads it": (
        "time.sleep((digit / 10 - time.time()) % 1); os._exit(1)",
        "if os.getpid() > 3: raise ValueError(f'it is {time.time() % 1:.1f}')",  # the first of its own is the third
    ),
    "how many have been before": ("os._exit(1) if digit > 5 else None", "raise ValueError(os.getpid() > 4)"),
    "whether a later cell ends its process": (
        "open('seen', 'w').write('x' * digit); os._exit(1)",
        "if os.path.exists('seen') and os.path.getsize('seen') > 5: os._exit(1)",
    ),
    "how often a sandbox begins": ("os.kill(os.getppid(), (0, 9)[digit > 5]); time.sleep(0.3); os._exit(1)", ""),
    "whether the first process goes on": ("os.kill(os.getppid(), (0, 19)[digit > 5]); os.kill(os.getpid(), 9)", ""),
    "the priority of the first process": (
        "os.setpriority(os.PRIO_PROCESS, os.getppid(), digit); os._exit(1)",
        "if (seen := os.getpriority(os.PRIO_PROCESS, 0)): raise ValueError(seen)",
    ),
    "the name of the first process": (
        "open(f'/proc/{os.getppid()}/comm', 'w').write(f'it is {digit}'); os._exit(1)",
        "if 'it is' in (seen := open(f'/proc/{os.getppid()}/comm').read()): raise ValueError(seen)",
    ),
    "a thread that goes on": (
        "threading.Thread(target=lambda: [time.sleep(0.1), os._exit(digit)]).start(); time.sleep(1)",
        "",
    ),
    "how it answers": ("return ((), None, 'x', [digit] * 3, 1 / digit if digit else 0)[digit % 5]", ""),
}


IN_OUR_WORDS = {
    "",
    "a case that is not shown",
    "something else; the cases that are shown come out right",
    "a list of numbers",
}


def drawn(digit, job):
    """A seed of which the first held-out case begins with such a digit."""
    for seed in range(10_000):
        if abs(standins.EXERCISES[0].cases(seed)[0]["numbers"][0]) % 10 == digit:
            return replace(job, seed=seed)
    raise AssertionError(digit)


@pytest.mark.parametrize("means", CALLS)
def test_nothing_that_is_done_after_a_held_out_case_was_seen_reaches_a_page(job, means):
    call, cell = CALLS[means]
    content = as_bytes(hand_in(after=SPYING.format(call=call, cell=cell)))
    found = [grade(content, drawn(digit, job)) for digit in (3, 8)]
    first, second = ([_without_its_mark(one), one.notes, one.by_hand] for one in found)
    assert first == second
    for one in found:
        of_cells = {flag for flag in one.flags if "its own cell is not finished" in flag}
        assert set(one.flags) <= {f"ps90-1: {STOPPED}", NOT_AGAIN} | of_cells
        assert scores(one)[1:3] == [2, 3]  # what could not have known anything has its marks


def _without_its_mark(graded):
    """What is shown of each exercise, but for what is a mark, or one of the ideas that the exercise has for it."""
    page = feedback.page("ps90", "x", graded)
    known = asdict(graded.exercises["ps90-1"])
    assert {known[name] for name in ("asked", "came_back", "expected")} <= IN_OUR_WORDS
    assert known["idea"] in page
    others = {key: one for key, one in graded.exercises.items() if key != "ps90-1"}
    return others, {name: known[name] for name in ("title", "points", "kind", "section")}


def test_of_a_held_out_call_that_stops_neither_the_words_nor_the_name_are_kept(job):
    raising = """
class Mine(ValueError): pass
calls = []
def scale(numbers, factor):
    calls.append(numbers)
    raise (Mine if len(calls) % 2 else KeyError)(f'it was asked {numbers}')
"""
    held_out = (
        execute([Runnable(1, raising, False, False)], standins.EXERCISES[:1], job).answers["ps90-1"][0].held_out_outputs
    )
    assert {(one.kind, one.message) for one in held_out} == {("Exception", ""), ("KeyError", "")}


def test_shown_and_held_out_cases_are_asked_different_processes(job):
    counting = "import vistext\ncalls = []\ndef scale(numbers, factor):\n    calls.append(1)\n    return len(calls)"
    own = execute([Runnable(1, counting, False, False)], standins.EXERCISES[:1], job).answers["ps90-1"][0]
    assert own.shown_outputs == [1, 2]
    assert own.held_out_outputs == [1, 2, 3, 4]


MAKING = """
import os, pathlib, tempfile
os.mkdir('made')
os.mkdir('/tmp/made')
open('/dev/shm/made', 'x').close()
pathlib.Path('made/deep/er').mkdir(parents=True)
open('made/deep/er/file', 'x').close()
os.symlink('/usr', 'made/link')
os.chdir('made')
"""
LOCKING = "import os\nos.makedirs('locked/in')\nopen('locked/in/file', 'x').close()\nos.chmod('locked/in', 0)"


@pytest.mark.parametrize("before", [MAKING, LOCKING], ids=["made", "locked"])
def test_an_honest_cell_that_makes_files_and_folders_runs_the_second_time_as_the_first(job, before):
    assert scores(grade(as_bytes(hand_in(RIGHT, before=before)), job))[:3] == [4, 2, 3]
