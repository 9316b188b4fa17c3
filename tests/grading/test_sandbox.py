"""The sandbox by itself: what it lets through, and that nobody in it can make whoever asks wait."""

import contextlib
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from submissions import LIMITS

from vistext.grading import kernel, protocol, sandbox
from vistext.grading.limits import MIB, Limits
from vistext.grading.process import EndedError
from vistext.grading.sandbox import Sandbox


@contextlib.contextmanager
def begun(*limits, **more):
    """A process in a sandbox of its own."""
    with Sandbox(*limits, **more) as place, place.begin() as process:
        yield process


def ran(box, source, seconds=30):
    return box.ask({"run": {"number": 1, "source": source}}, seconds)


# The number of a system call that the C library has no name for.
ADD_KEY = 248 if platform.machine() == "x86_64" else 217

FORGING = """
import os, time
for number in range(3, 30):
    try: os.write(number, {forged!r})
    except OSError: pass
time.sleep(60)
"""


@pytest.mark.sandbox
def test_who_has_stopped_reading_cannot_make_the_grader_wait():
    with begun(LIMITS) as box:
        ran(box, FORGING.format(forged=protocol.frame({"raised": None})))  # it "answers", and then reads no more
        with pytest.raises(EndedError, match="within 2 seconds"):
            ran(box, "#" + "x" * 3_000_000, seconds=2)


@pytest.mark.sandbox
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
        ("import ctypes; assert ctypes.CDLL(None).shmget(0, 1 << 20, 0o1600) >= 0", "AssertionError"),
        ("import os; os.setuid(0)", "OSError"),
        ("import os; os.chroot('/tmp')", "PermissionError"),
        ("import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0", "AssertionError"),
        ("import ctypes; assert ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, None) == 0", "AssertionError"),
        ("import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))", "ValueError"),
        ("open('/proc/1/mem', 'r+b')", "FileNotFoundError"),
        ("open('/proc/1/cmdline')", "FileNotFoundError"),
        ("import ctypes; assert ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0", "AssertionError"),
        ("import ctypes; assert ctypes.CDLL(None).semget(0, 1, 0o1600) >= 0", "AssertionError"),
        (
            f"import ctypes; assert ctypes.CDLL(None).syscall({ADD_KEY}, b'user', b'a', b'b', 1, -3) >= 0",
            "AssertionError",
        ),
        ("import socket; socket.socket()", "PermissionError"),
        ("import socket; socket.socket(socket.AF_VSOCK)", "PermissionError"),
        ("open('/tmp/large', 'wb').write(b'x' * 20_000_000)", "OSError"),
    ],
)
def test_what_is_forbidden_raises_inside(source, raised):
    with begun(LIMITS) as box:
        assert ran(box, source)["raised"][0] == raised


@pytest.mark.sandbox
def test_asyncio_works():
    with begun(LIMITS) as box:
        assert ran(box, "import asyncio; await asyncio.sleep(0)")["raised"] is None


@pytest.mark.sandbox
def test_threads_may_be_started():
    source = "import threading; one = threading.Thread(target=int); one.start(); one.join()"
    with begun(LIMITS) as box:
        assert ran(box, source)["raised"] is None


@pytest.mark.sandbox
def test_a_folder_that_is_to_be_hidden_is_empty_even_where_its_parent_is_shown():
    shown = sandbox.PACKAGE / "nn" / "weights"
    look = "import os; assert os.listdir({!r}) == []"
    with begun(LIMITS, hidden=(shown,)) as box:
        assert ran(box, look.format(str(shown)))["raised"] is None
    with begun(LIMITS) as box:
        assert ran(box, look.format(str(shown)))["raised"][0] == "AssertionError"


@pytest.mark.sandbox
def test_nothing_that_a_process_leaves_is_there_for_the_next_even_in_a_closed_folder():
    leave = "import os; os.makedirs('/tmp/closed/deep'); open('/tmp/closed/deep/x', 'w'); os.chmod('/tmp/closed', 0)"
    with Sandbox(LIMITS) as place:
        with place.begin() as box:
            assert ran(box, leave)["raised"] is None
        with place.begin() as box:
            assert ran(box, "import os; assert not os.path.exists('/tmp/closed')")["raised"] is None


BEGIN_TWICE = """
from vistext.grading import sandbox
from vistext.grading.limits import Limits

print(sandbox.PACKAGE.parent)
with sandbox.Sandbox(Limits()) as place:
    for _ in range(2):
        with place.begin():
            pass
"""


@pytest.mark.sandbox
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


@pytest.mark.sandbox
def test_processor_time_is_limited():
    with (
        Sandbox(replace(LIMITS, processor_seconds=2)) as sandbox_,
        sandbox_.begin() as box,
        pytest.raises(EndedError, match="processor time"),
    ):
        ran(box, "while True: pass", seconds=60)


@pytest.mark.sandbox
def test_tensorflow_and_the_shipped_weights_work_inside():
    with begun(Limits(memory=4096 * MIB)) as box:
        source = "from vistext.tasks import classification; classification.model.load(); import tensorflow as tf"
        assert ran(box, f"{source}; tf.zeros(3)", seconds=200)["raised"] is None


def test_without_bubblewrap_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    assert "apt install bubblewrap" in str(sandbox.refusal())
    assert "--no-sandbox" in str(sandbox.refusal())


def test_elsewhere_than_on_linux_it_is_said_that_there_is_none(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert "no sandbox on win32" in str(sandbox.refusal())


def test_without_a_sandbox_the_same_process_answers():
    with begun(LIMITS, sandboxed=False) as box:
        assert ran(box, "def double(x): return 2 * x")["raised"] is None
        assert box.ask({"ask": {"name": "double", "case": protocol.pack({"x": 4})}}, 10) == {"output": 8}


@pytest.fixture
def refused(monkeypatch):
    """Bubblewrap that says no, and `problem` and what it says of it."""
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: name)

    def refuse(said):
        monkeypatch.setattr(sandbox, "_bubblewrap", lambda *_: ["sh", "-c", f"echo '{said}' >&2; exit 1"])
        sandbox._unprivileged_user.cache_clear()
        return str(sandbox.refusal())

    yield refuse
    sandbox._unprivileged_user.cache_clear()


@pytest.mark.sandbox
def test_bubblewrap_where_programs_are_not_looked_for_is_named(refused, monkeypatch):
    refused("")
    monkeypatch.setattr(sandbox, "_bubblewrap", lambda *_: ["bwrap-that-is-not-there"])
    sandbox._unprivileged_user.cache_clear()
    assert "bubblewrap cannot be started" in str(sandbox.refusal())
    assert "bwrap-that-is-not-there" in str(sandbox.refusal())


def machine_with(root, **settings):
    for name, value in settings.items():
        path = root / "proc" / "sys" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    return root


@pytest.mark.sandbox
def test_where_bubblewrap_is_refused_all_that_it_says_is_told_and_a_way_out(refused):
    said = refused("bwrap: setting up uid map: Permission denied")
    assert said.startswith("bubblewrap is refused here (bwrap: setting up uid map: Permission denied): ")
    assert "user namespaces" in said
    assert "--no-sandbox" in said
    assert "apt install" not in said  # it is installed


@pytest.mark.sandbox
def test_where_python_does_not_start_inside_nothing_is_said_of_namespaces(refused):
    assert "Python does not start in it (ModuleNotFoundError: numpy)" in refused("ModuleNotFoundError: numpy")


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"kernel__apparmor_restrict_unprivileged_userns": 1}, "kernel.apparmor_restrict_unprivileged_userns=0"),
        (
            {"kernel__apparmor_restrict_unprivileged_userns": 0, "kernel__unprivileged_userns_clone": 0},
            "userns_clone=1",
        ),
        ({"user__max_user_namespaces": 0}, "user.max_user_namespaces=10000"),
        ({"user__max_user_namespaces": 9}, "unshare --user"),
    ],
)
def test_the_way_out_is_the_machine_s_own(settings, remedy, tmp_path):
    assert remedy in kernel.remedy(machine_with(tmp_path, **settings))


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_in_a_container_it_is_said_how_to_start_it(mark, tmp_path):
    (tmp_path / mark).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / mark).touch()
    assert "--security-opt seccomp=unconfined" in kernel.remedy(tmp_path)


def test_the_guide_has_the_profile_that_is_spoken_of():
    guide = (sandbox.PACKAGE.parent / "notebooks" / "exercises" / "README.md").read_text(encoding="utf-8")
    assert "## Where bubblewrap is refused" in guide
    for _, _, remedy in kernel.SETTINGS:
        assert remedy.partition("sudo sysctl -w ")[2] in guide
    assert "profile bwrap /usr/bin/bwrap flags=(unconfined)" in guide
