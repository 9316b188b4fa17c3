"""The sandbox by itself: what it lets through, and that nobody in it can make whoever asks wait.

Two students whose submissions are graded at once share no file, and no table of the kernel's, to talk by.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from submissions import LIMITS

from vistext.grading import protocol, sandbox
from vistext.grading.kernel import OTHER_PROCESSES, SHARED, UNCOUNTED, WAYS_OUT
from vistext.grading.limits import MIB, Limits
from vistext.grading.process import EndedError
from vistext.grading.sandbox import Sandbox

pytestmark = pytest.mark.sandbox


@contextlib.contextmanager
def begun(*limits, **more):
    """A process in a sandbox of its own."""
    with Sandbox(*limits, **more) as place, place.begin() as process:
        yield process


def ran(process, source, seconds=30):
    """What a cell raised in there: its name and message, or None."""
    return process.ask({"run": {"number": 1, "source": source}}, seconds)["raised"]


FORGING = """
import os, time
for number in range(3, 30):
    try: os.write(number, {forged!r})
    except OSError: pass
time.sleep(60)
"""


def test_who_has_stopped_reading_cannot_make_the_grader_wait():
    with begun(LIMITS) as box:
        ran(box, FORGING.format(forged=protocol.frame({"raised": None})))  # it "answers", and then reads no more
        with pytest.raises(EndedError, match="within 2 seconds"):
            ran(box, "#" + "x" * 3_000_000, seconds=2)


@pytest.mark.parametrize(
    ("source", "raised"),
    [
        ("open('/etc/passwd')", "FileNotFoundError"),
        ("open('/usr/written', 'w')", "OSError"),
        ("open('/written', 'w')", "OSError"),
        ("open('/dev/written', 'w')", "OSError"),
        ("import os; os.listdir(os.path.expanduser('~root'))", "FileNotFoundError"),
        ("import os; os.fork()", "PermissionError"),
        ("import os; os.posix_spawn('/bin/true', ['true'], {})", "PermissionError"),
        ("import subprocess; subprocess.run(['/bin/true'])", "PermissionError"),
        ("import os; os.setuid(0)", "OSError"),
        ("import os; os.chroot('/tmp')", "PermissionError"),
        ("import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))", "ValueError"),
        ("import socket; socket.socket()", "PermissionError"),
        ("import socket; socket.socket(socket.AF_VSOCK)", "PermissionError"),
        ("open('/proc/1/mem', 'r+b')", "FileNotFoundError"),
        ("open('/tmp/large', 'wb').write(b'x' * 20_000_000)", "OSError"),
    ],
)
def test_what_is_forbidden_raises_inside(source, raised):
    with begun(LIMITS) as box:
        assert ran(box, source)[0] == raised


def test_a_folder_that_is_to_be_hidden_is_empty_even_where_its_parent_is_shown():
    shown = sandbox.PACKAGE / "nn" / "weights"
    look = f"import os; assert os.listdir({str(shown)!r}) == []"
    fill = f"for number in range(600):\n    open(f'{shown}/{{number}}', 'wb').write(bytes(1 << 20))"
    with begun(LIMITS, hidden=(shown,)) as box:
        assert ran(box, look) is None
        assert ran(box, fill)[0] == "OSError"
    with begun(LIMITS) as box:
        assert ran(box, look)[0] == "AssertionError"


BEGIN_TWICE = """
from vistext.grading import sandbox
from vistext.grading.limits import Limits

print(sandbox.PACKAGE.parent)
with sandbox.Sandbox(Limits()) as place:
    for _ in range(2):
        with place.begin():
            pass
"""


def test_a_checkout_in_tmp_has_a_sandbox_and_a_second_process_in_it(tmp_path):
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        shutil.copytree(sandbox.PACKAGE, folder / "vistext", ignore=shutil.ignore_patterns("__pycache__"))
        done = subprocess.run(
            [sys.executable, "-c", BEGIN_TWICE], cwd=folder, capture_output=True, text=True, check=False
        )
        assert (done.stdout, done.stderr) == (f"{folder}\n", "")
    finally:
        shutil.rmtree(folder)


def test_processor_time_is_limited():
    with (
        Sandbox(replace(LIMITS, processor_seconds=2)) as sandbox_,
        sandbox_.begin() as box,
        pytest.raises(EndedError, match="processor time"),
    ):
        ran(box, "while True: pass", seconds=60)


def test_tensorflow_and_the_shipped_weights_work_inside():
    with begun(Limits(memory=4096 * MIB)) as box:
        source = "from vistext.tasks import classification; classification.model.load(); import tensorflow as tf"
        assert ran(box, f"{source}; tf.zeros(3)", seconds=200) is None


def test_without_a_sandbox_the_same_process_answers():
    with begun(LIMITS, sandboxed=False) as box:
        assert ran(box, "def double(x): return 2 * x") is None
        assert box.ask({"ask": {"name": "double", "case": protocol.pack({"x": 4})}}, 10) == {"output": 8}


# A file and a device that are the same for all, and what belongs to nobody, of which there is one for all.
SAME = {
    "a file of NumPy": "open(np.__file__)",
    "a program": "open('/bin/sh', 'rb')",
    "a folder": "os.open('/usr', os.O_RDONLY)",
    "a device": "open('/dev/null', 'r+b')",
    "random numbers": "open('/dev/urandom', 'rb')",
    "what is no file": "select.epoll()",
    "an event": "os.eventfd(0)",
}
LOCKING = {
    "flock": "fcntl.flock(one, fcntl.LOCK_SH | fcntl.LOCK_NB)",
    "lockf": "fcntl.lockf(one, fcntl.LOCK_SH | fcntl.LOCK_NB, 1)",
    "whether it is locked": "fcntl.fcntl(one, fcntl.F_GETLK, struct.pack('hhqqi4x', 1, 0, 0, 1, 0))",
    "a lock of an open file": "fcntl.fcntl(one, 37, struct.pack('hhqqi4x', 0, 0, 0, 1, 0))",
    "a lock of an open file, waiting": "fcntl.fcntl(one, 38, struct.pack('hhqqi4x', 0, 0, 0, 1, 0))",
    "a command with more bits": "called(FCNTL, number(one), (1 << 32) | 6, lock)",
    "flock by its number": "called(FLOCK, number(one), 1)",
    "a lease": "fcntl.fcntl(one, 1024, 0)",
    "a watch of a folder": "fcntl.fcntl(one, 1026, 1)",
}
MEANS = """
import ctypes, fcntl, os, select, struct, sys, socket
import numpy as np
library = ctypes.CDLL(None, use_errno=True)
lock = ctypes.create_string_buffer(struct.pack('hhqqi4x', 0, 0, 0, 1, 0))
FCNTL, FLOCK = (72, 73) if os.uname().machine == 'x86_64' else (25, 32)
def number(one):
    return one if isinstance(one, int) else one.fileno()
def called(*arguments):
    if library.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), 'refused')
"""
REFUSED = ("[Errno 1]", "[Errno 38]")  # EPERM, ENOSYS


@pytest.fixture(scope="module")
def place():
    with Sandbox(LIMITS) as place:
        yield place


@pytest.fixture
def process(place):
    with place.begin() as process:
        assert ran(process, MEANS) is None
        yield process


@pytest.mark.parametrize("how", LOCKING)
@pytest.mark.parametrize("what", SAME)
def test_what_is_the_same_for_all_cannot_be_locked_or_watched(process, what, how):
    raised = ran(process, f"one = {SAME[what]}\n{LOCKING[how]}")
    assert raised is not None
    assert raised[1].startswith(REFUSED), raised


@pytest.mark.parametrize("name", [*OTHER_PROCESSES, *UNCOUNTED, *SHARED, *WAYS_OUT])
def test_a_system_call_that_reaches_others_is_refused(process, name):
    import pyseccomp

    number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    if number < 0:
        pytest.skip("this processor, or this libseccomp, has no such system call")
    raised = ran(process, f"called({number}, 0, 0, 0, 0, 0, 0)")
    assert raised is not None
    assert raised[1].startswith(REFUSED), raised


def test_a_pipe_cannot_take_more_of_what_is_counted_for_a_user(process):
    assert ran(process, "fcntl.fcntl(os.pipe()[0], 1031, 1 << 20)")[0] == "PermissionError"


def test_signals_that_wait_are_few(process):
    waiting = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
info = ctypes.create_string_buffer(struct.pack('iii116x', signal.SIGRTMIN, 0, -1))
sent = 0
while library.syscall(129 if os.uname().machine == 'x86_64' else 138, os.getpid(), signal.SIGRTMIN, info) == 0:
    sent += 1
assert 0 < sent <= 256, sent
"""
    assert ran(process, waiting) is None


def test_what_the_kernel_tells_of_the_whole_machine_is_empty(process):
    names = ("loadavg", "stat", "meminfo", "locks", "vmstat", "uptime", "key-users", "interrupts", "sys", "sysvipc")
    looking = f"""
seen = dict()
for name in {names}:
    path = '/proc/' + name
    try: seen[name] = os.listdir(path) if os.path.isdir(path) else open(path).read()
    except (FileNotFoundError, PermissionError): pass
assert not any(seen.values()), seen
"""
    assert ran(process, looking) is None


def test_nothing_can_be_written_but_what_is_its_own(process):
    looking = """
mounts = [line.split() for line in open('/proc/self/mounts')]
open_ones = sorted(place for _, place, kind, options, *_ in mounts if options.split(',')[0] == 'rw' and kind != 'proc')
places = {place for place in open_ones if os.path.isdir(place)}
assert places == {'/tmp', '/dev/shm', '/dev/pts'}, places
"""
    assert ran(process, looking) is None


@pytest.mark.parametrize("part", ["mem", "fd/0", "fd/3", "environ", "maps", "cwd"])
def test_the_first_process_cannot_be_looked_into(process, part):
    assert ran(process, f"open(f'/proc/{{os.getppid()}}/{part}', 'rb')")[0] == "PermissionError"


@pytest.mark.parametrize(
    "ending",
    [
        "os.kill(os.getppid(), 9)",
        "os.kill(1, 9)",
        "os.kill(-1, 9)",
        "os.kill(-2, 9)",
        "called(KILL, (1 << 32) | 2, 9)",
        "os.pidfd_open(2)",
    ],
)
def test_the_first_process_cannot_be_ended(process, ending):
    raised = ran(process, f"KILL = 62 if os.uname().machine == 'x86_64' else 129\n{ending}")
    assert raised[0] == "PermissionError"


def test_of_two_sandboxes_neither_sees_what_the_other_does(process):
    leaving = """
import threading
local = socket.socket(socket.AF_UNIX)
local.bind('\\0talk')
local.listen()
open('/dev/shm/talk', 'w').write('x')
open('/tmp/talk', 'w').write('x')
held = [threading.Thread(target=lambda: __import__('time').sleep(20), daemon=True) for _ in range(5)]
for one in held: one.start()
"""
    finding = """
assert not os.path.exists('/dev/shm/talk') and not os.path.exists('/tmp/talk')
assert [name for name in os.listdir('/proc') if name.isdigit()] == ['1', '2', str(os.getpid())]
socket.socket(socket.AF_UNIX).connect('\\0talk')
"""
    assert ran(process, leaving) is None
    with Sandbox(LIMITS) as other, other.begin() as listener:
        assert ran(listener, MEANS) is None
        assert ran(listener, finding)[0] == "ConnectionRefusedError"


def test_locks_of_files_that_are_ones_own_are_passed_over_by_who_can_do_without(process):
    """h5py locks what it opens, as Keras's files of weights are."""
    pytest.importorskip("h5py")
    writing = "import h5py\nwith h5py.File('own.h5', 'w') as file:\n    file['x'] = [1, 2]\nh5py.File('own.h5').close()"
    assert ran(process, writing) is None


GRADING = """
import json
from submissions import LIMITS, RIGHT, as_bytes, hand_in, make_release
from vistext.grading.batch import workers
from vistext.grading.limits import Job

if __name__ == "__main__":
    job = Job("ps90", json.loads(json.dumps(make_release())), 7, LIMITS, sandboxed={sandboxed}, exercises="standins")
    with workers(2)() as pool:
        futures = [pool.submit(as_bytes(hand_in(RIGHT, before="while True: pass")), job) for _ in range(9)]
        [future.result() for future in futures]
"""


@pytest.mark.parametrize("sandboxed", [True, False])
def test_nothing_is_left_running_when_the_one_who_grades_is_killed(tmp_path, sandboxed):
    script = tmp_path / "grading.py"
    script.write_text(GRADING.format(sandboxed=sandboxed))
    here = str(Path(__file__).parent)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])}
    grading = subprocess.Popen([sys.executable, str(script)], env=environment, stderr=subprocess.DEVNULL)
    for _ in range(600):
        started = [one.pid for one in psutil.Process(grading.pid).children(recursive=True)]
        if sum(b"vistext.grading.sandbox_runner" in command(pid) for pid in started) >= 4:
            break
        assert grading.poll() is None
        time.sleep(0.1)
    grading.send_signal(signal.SIGKILL)
    grading.wait()
    for _ in range(100):
        left = [pid for pid in started if command(pid)]
        if not left:
            break
        time.sleep(0.1)
    for pid in left:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    assert len(started) > 4
    assert left == []


def command(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
