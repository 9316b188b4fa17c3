"""What a submission does to the process that reads it ends there."""

import os
import re
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


@pytest.mark.parametrize("call", [(time.sleep, 600), (re.fullmatch, "(a|a)*b", "a" * 60)], ids=["sleep", "pattern"])
def test_what_takes_too_long_is_ended_though_it_never_comes_back_to_python_and_the_next_call_works(worker, call):
    worker.call(int, seconds=60)
    began = time.monotonic()
    with pytest.raises(LimitError, match=r"more than 0\.5 seconds"):
        worker.call(*call, seconds=0.5)
    assert time.monotonic() - began < 60
    assert worker.call(abs, -1, seconds=60) == 1


def test_what_takes_too_much_memory_is_stopped_and_the_next_call_works(worker):
    with pytest.raises(LimitError, match="256 MiB of memory"):
        worker.call(bytes, 1 << 30, seconds=60)
    assert worker.call(len, b"x" * (50 << 20), seconds=60) == 50 << 20


def test_a_process_that_ends_is_said_and_begun_anew(worker):
    with pytest.raises(DiedError):
        worker.call(os._exit, 3, seconds=60)
    assert worker.call(abs, -1, seconds=60) == 1
