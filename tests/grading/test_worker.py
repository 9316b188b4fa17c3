"""What a submission does to the process that reads it ends there."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from vistext.grading.process import DiedError, LimitError, Worker


@pytest.fixture
def worker():
    worker = Worker(256 << 20)
    yield worker
    worker.close()


def test_what_a_function_returns_or_raises_comes_back(worker):
    assert worker.call(divmod, 7, 2, seconds=60) == (3, 1)
    with pytest.raises(ValueError, match="invalid literal"):
        worker.call(int, "x", seconds=60)


def test_what_takes_too_long_is_ended_and_the_next_call_works(worker):
    began = time.monotonic()
    worker.call(int, seconds=60)
    with pytest.raises(LimitError, match=r"more than 0\.5 seconds"):
        worker.call(time.sleep, 600, seconds=0.5)
    assert time.monotonic() - began < 60
    assert worker.call(abs, -1, seconds=60) == 1


def test_a_pattern_that_backtracks_is_ended_though_it_never_comes_back_to_python(worker):
    import re

    with pytest.raises(LimitError, match="seconds"):
        worker.call(re.fullmatch, "(a|a)*b", "a" * 60, seconds=2)


def test_what_takes_too_much_memory_is_stopped_and_the_next_call_works(worker):
    with pytest.raises(LimitError, match="256 MiB of memory"):
        worker.call(bytes, 1 << 30, seconds=60)
    assert worker.call(len, b"x" * (50 << 20), seconds=60) == 50 << 20


def test_a_process_that_ends_is_said_and_begun_anew(worker):
    with pytest.raises(DiedError):
        worker.call(os._exit, 3, seconds=60)
    assert worker.call(abs, -1, seconds=60) == 1


def test_nothing_is_left_when_the_run_is_killed(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        textwrap.dedent(
            """
            import os, time
            from vistext.grading.process import Worker
            if __name__ == "__main__":
                worker = Worker(256 << 20)
                print(worker.call(os.getpid, seconds=60), flush=True)
                worker.call(time.sleep, 600, seconds=600)
            """
        )
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as run:
        pid = int(run.stdout.readline())
        run.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
