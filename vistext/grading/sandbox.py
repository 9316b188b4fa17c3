"""Processes of the student's own: they see a system that they cannot write to, and nobody else; and they end.

bubblewrap makes namespaces of user, processes, network, host and interprocess communication. Inside there are the
system's programs, this Python and the package, all read-only, an empty /tmp of limited size that is gone afterwards,
no network and no capabilities. Not inside: the course folder, other submissions, the gradebook, the home of whoever
grades, and the folder of `vistext.exercises` that holds right answers (`exercises_stub` stands there).

The first process in there runs nothing of the student's. It has imported NumPy, and makes copies of itself that run the
student's cells, one after the other, each from the same beginning and with an empty /tmp; so a new one costs next to
nothing. A filter of system calls (vistext.grading.system_calls) forbids them other processes, sockets but local ones,
and memory that no limit of a process counts: so what one may take is what one process may take. A watch ends it when it
holds too much memory, or has too many threads or files.
"""

import base64
import contextlib
import functools
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from vistext.grading import namespaces, system_calls
from vistext.grading.limits import Limits
from vistext.grading.process import EndedError, Process

PACKAGE = Path(__file__).resolve().parents[1]
# The first folder that modules are looked for in is the package's, not the one in which students' files might lie.
INSIDE = f"import sys; sys.path[0] = {str(PACKAGE.parent)!r}; from vistext.grading.sandbox_runner import main; main()"
SHOWN_OF_EXERCISES = ("answers.py", "exercise.py", "values.py")  # how a function is called; no exercise, and no answer
SYSTEM = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime")
WRITABLE = ("/tmp", "/dev/shm")
NOBODY = 65534
# What the kernel tells everybody of the whole machine, through which two students could talk, is not shown. What
# programs look up of the processor is.
SHOWN_OF_PROC = ("cpuinfo", "filesystems", "self", "thread-self", "mounts", "net", "version")
START_SECONDS = 60  # of the process itself, before it runs anything of the student's
PIPES = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
SOCKET = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_DGRAM  # either keeps messages apart
PATIENCE = 3  # seconds that the first process has for saying that another has ended
INSTALL = (
    "the sandbox needs bubblewrap and libseccomp, on Linux (Debian, Ubuntu: sudo apt install bubblewrap libseccomp2; "
    "Fedora: sudo dnf install bubblewrap libseccomp)"
)
TRUSTED = "--no-sandbox runs students' code as you, with your files and network: only for code that you trust"


class SandboxError(RuntimeError):
    """There is no sandbox on this machine.

    Attributes:
        found: why.
        remedy: what to do about it; "" if that is not known.
    """

    def __init__(self, found: str, remedy: str = ""):
        super().__init__(f"{found}: {remedy}" if remedy else found)
        self.found, self.remedy = found, remedy


class Sandbox:
    """A place in which processes are begun, one after the other; a context manager that leaves nothing running.

    Args:
        limits: what each may take.
        sandboxed: False to run them as they are, in a folder of their own.
        hidden: folders that must not be seen even where a folder that is shown holds them.

    Raises:
        SandboxError: nothing starts in it.
    """

    def __init__(self, limits: Limits, *, sandboxed: bool = True, hidden: tuple[Path, ...] = ()):
        self.limits = limits
        self._folder = None if sandboxed else tempfile.TemporaryDirectory()
        self._calls = system_calls.without_processes() if sandboxed else b""
        self._control, inside = socket.socketpair(socket.AF_UNIX, SOCKET)
        pipes = {"stdin": inside, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        command = [sys.executable, "-s", "-B", "-c", INSIDE, *(WRITABLE if sandboxed else ())]
        with inside:
            if sandboxed:
                self._process = _start(command, limits.disk, hidden, _as_whom(), pipes)
            else:
                here = {"env": _environment(self._folder.name), "cwd": self._folder.name, "start_new_session": True}
                self._process = subprocess.Popen(command, **pipes, **here)
        try:
            self._said(START_SECONDS)
        except EndedError as error:
            self._process.kill()
            said = self._process.communicate()[1].decode(errors="replace").strip().splitlines()
            self.close()
            raise SandboxError(f"a process did not start in the sandbox: {(said or [error])[-1]}") from error

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> Process:
        """A new process; the one before must have ended.

        Raises:
            EndedError: the sandbox itself is no more, or what the one before has left cannot be cleared away.
        """
        wanted = {"limits": _resources(self.limits), "calls": base64.b64encode(self._calls).decode()}
        questions, questions_in = os.pipe()
        answers_out, answers = os.pipe()
        printed_out, printed = os.pipe()
        try:
            socket.send_fds(self._control, [json.dumps(wanted).encode()], [questions, answers, printed])
            self._said(START_SECONDS)
        except (OSError, EndedError) as error:
            for number in (questions_in, answers_out, printed_out):
                os.close(number)
            raise EndedError("Ended", "it ended its sandbox") from error
        finally:
            for number in (questions, answers, printed):
                os.close(number)
        return Process(self, questions_in, answers_out, printed_out)

    def end(self) -> int | None:
        """Kill the process that runs, and wait until it is gone; its exit code, as of `subprocess`, None if unknown."""
        try:
            self._control.send(b"end")
            return self._said(PATIENCE)["ended"]
        except (OSError, EndedError):
            self.close()
            return None

    def close(self) -> None:
        """Kill everything in the sandbox. Its namespace of processes dies with its first process, and all that it
        has started with that."""
        if self._process.poll() is None:
            with contextlib.suppress(OSError, EndedError):
                if self._folder is not None:  # no namespace: what runs is ended by who has begun it
                    self._control.send(b"end")
                    self._said(PATIENCE)
            self._process.kill()
        self._process.wait()
        self._process.stderr.close()
        self._control.close()
        if self._folder is not None:
            self._folder.cleanup()

    def watch(self) -> None:
        """Raise if what is in it holds too much memory, or has too many threads or files."""
        processes = descendants(self._process.pid)
        # Most of what they hold is the same memory, and only one of them is a student's.
        held, threads = max(map(resident, processes), default=0), sum(map(_threads, processes))
        if held > self.limits.memory:
            raise EndedError("Memory", f"it held {held >> 20:,} MiB; at most {self.limits.memory >> 20:,} are allowed")
        if threads > self.limits.threads:
            raise EndedError("Threads", f"it started {threads} threads; {self.limits.threads} are allowed")
        files = max(map(_files, processes), default=0) if self._folder is None else 0
        if files > self.limits.files:
            raise EndedError("Files", f"it made {files:,} files; {self.limits.files:,} are allowed")

    def _said(self, seconds: float) -> dict:
        self._control.settimeout(seconds)
        try:
            return json.loads(self._control.recv(1000))
        except (OSError, ValueError) as error:
            raise EndedError("Ended", "it ended its sandbox") from error
        finally:
            self._control.settimeout(None)


def refusal() -> SandboxError | None:
    """Why there can be no sandbox here, and what to do about it; None if there can."""
    install = f"{INSTALL}. {TRUSTED}"
    if sys.platform != "linux":
        return SandboxError(f"no sandbox on {sys.platform}", install)
    if shutil.which("bwrap") is None:
        return SandboxError("bubblewrap is not installed", install)
    try:
        _as_whom()
    except SandboxError as error:
        return error
    except OSError as error:
        return SandboxError(f"bubblewrap cannot be started ({error}; it is looked for in /usr/bin and /bin)", install)
    except (ImportError, RuntimeError) as error:
        return SandboxError(f"there is no filter of system calls ({error})", install)
    return None


def problem() -> str | None:
    """The same in one sentence."""
    refused = refusal()
    return None if refused is None else str(refused)


def _start(command: list[str], disk: int, hidden: tuple[Path, ...], user: dict, pipes: dict) -> subprocess.Popen:
    with system_calls.sandbox_filter() as calls:
        whole = [*_bubblewrap(disk, hidden), "--seccomp", str(calls.fileno()), "--", *command]
        how = {"env": _environment("/tmp/home"), "start_new_session": True, "cwd": "/", "pass_fds": [calls.fileno()]}
        return subprocess.Popen(whole, **pipes, **how, **user)


@functools.cache
def _as_whom() -> dict:
    """As whom bubblewrap is started: root gives way to nobody, where that user can reach this Python.

    Root owns files that others cannot read.
    """
    said = ""
    for user in [{"user": NOBODY, "group": NOBODY, "extra_groups": []}, {}] if os.geteuid() == 0 else [{}]:
        with _start([sys.executable, "-s", "-c", "import numpy"], 1 << 20, (), user, PIPES) as tried:
            lines = tried.communicate()[1].decode(errors="replace").strip().splitlines()
        if tried.returncode == 0:
            return user
        said = (lines or [f"exit code {tried.returncode}"])[-1]
    if said.startswith("bwrap"):
        raise SandboxError(f"bubblewrap is refused here ({said})", f"{namespaces.way_out()}. {TRUSTED}")
    raise SandboxError(
        f"bubblewrap starts, and Python does not start in it ({said})",
        f"make the environment anew, in a folder that others may read, from a Python that they may run. {TRUSTED}",
    )


@functools.cache
def _has(option: str) -> bool:
    shown = subprocess.run(["bwrap", "--help"], capture_output=True, encoding="utf-8", check=False)
    return f"--{option} " in shown.stdout + shown.stderr


def _bubblewrap(disk: int, hidden: tuple[Path, ...]) -> list[str]:
    def bind(source: Path | str, place: Path | str | None = None) -> list[str]:
        return ["--ro-bind-try", str(source), str(source if place is None else place)]

    limited = ["--size", str(disk)] if _has("size") else []
    shown = _shown()
    command = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    command += ["--uid", "1000", "--gid", "1000", "--hostname", "sandbox"]
    command += ["--disable-userns"] if _has("disable-userns") else []
    # bubblewrap is the first process in there, by which all others end: nobody must write in its memory.
    command += ["--proc", "/proc", "--tmpfs", "/proc/1", "--remount-ro", "/proc/1", *_proc()]
    command += ["--dev", "/dev", *limited, "--tmpfs", "/dev/shm"]
    command += [*limited, "--tmpfs", "/tmp", "--dir", "/tmp/home", "--chdir", "/tmp/home"]
    for path in ("/bin", "/sbin", "/lib", "/lib64", "/lib32"):
        command += ["--symlink", os.readlink(path), path] if os.path.islink(path) else bind(path)
    for path in (*SYSTEM, *shown):
        command += bind(path)
    for path in hidden:
        if path.is_dir() and any(path.resolve().is_relative_to(one) for one in shown):
            command += ["--size", "4096"] if limited else []
            command += ["--tmpfs", str(path.resolve()), "--remount-ro", str(path.resolve())]
    exercises = PACKAGE / "exercises"
    command += ["--tmpfs", str(exercises)]
    command += bind(Path(__file__).with_name("exercises_stub.py"), exercises / "__init__.py")
    for name in SHOWN_OF_EXERCISES:
        command += bind(exercises / name)
    if fonts := _fonts():
        command += bind(fonts, f"/tmp/home/.cache/matplotlib/{fonts.name}")
    return [*command, "--remount-ro", str(exercises), "--remount-ro", "/dev", "--remount-ro", "/"]


def _proc() -> list[str]:
    """What covers those parts of /proc that belong to no process."""
    command = []
    for path in sorted(Path("/proc").iterdir()):
        if path.name.isdigit() or path.name in SHOWN_OF_PROC or path.is_symlink():
            continue
        cover = ["--tmpfs", str(path), "--remount-ro", str(path)] if path.is_dir() else ["--ro-bind", "/dev/null"]
        command += cover if path.is_dir() else [*cover, str(path)]
    return command


def _shown() -> list[Path]:
    """The folders of the system, of this Python and of the package, outer ones first."""
    folders = {Path("/usr"), Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), PACKAGE}
    # A virtual environment's Python is a link, through folders that may lie elsewhere.
    python = Path(sys.executable)
    while python.is_symlink():
        python = python.parent / os.readlink(python)
        folders.add(Path(os.path.normpath(python.parent.parent)))
    folders.discard(Path("/"))
    outer_first = sorted(folders, key=lambda path: len(path.parts))
    return [path for path in outer_first if not any(other in path.parents for other in folders)]


def _fonts() -> Path | None:
    """Matplotlib's list of fonts, which it would else make anew in each sandbox, for seconds."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib"
    with contextlib.suppress(OSError):
        return max(cache.glob("fontlist-v*.json"), default=None)
    return None


def _environment(home: str) -> dict[str, str]:
    """One thread a submission: many run side by side, and sums do not depend on how many cores there are."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    threads += ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    mended = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}  # for odd processors
    return (
        mended
        | dict.fromkeys(threads, "1")
        | {
            "HOME": home,
            "LANG": "C.UTF-8",
            "MPLBACKEND": "agg",
            "PATH": "/usr/bin:/bin",
            "PYTHONHASHSEED": "0",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "USER": "student",
            "VISTEXT_OFFLINE": "1",
            "VISTEXT_PROFILE": "smoke",
        }
    )


def _resources(limits: Limits) -> dict[str, int]:
    wanted = {
        "AS": limits.memory,
        "CORE": 0,
        "CPU": limits.processor_seconds,
        "FSIZE": limits.disk,
        "MEMLOCK": 1 << 16,
        "MSGQUEUE": 0,
        "NOFILE": 256,
        "SIGPENDING": 256,  # counted for a user, as what may be locked is
    }
    wanted = {name: most for name, most in wanted.items() if hasattr(resource, f"RLIMIT_{name}")}
    allowed = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1] for name in wanted}
    infinity = resource.RLIM_INFINITY
    return {name: most if allowed[name] == infinity else min(most, allowed[name]) for name, most in wanted.items()}


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and these, and so on."""
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{parent}/task"):
                children = Path(f"/proc/{parent}/task/{task}/children").read_text(encoding="ascii").split()
                waiting += map(int, children)
                found += map(int, children)
    return found


def _threads(pid: int) -> int:
    with contextlib.suppress(OSError):
        return len(os.listdir(f"/proc/{pid}/task"))
    return 0


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    return 0


def _files(pid: int) -> int:
    """How many files there are where a process may write: they take memory that the disk's size does not count."""
    with contextlib.suppress(OSError):
        seen = [os.statvfs(f"/proc/{pid}/root{place}") for place in WRITABLE]
        return sum(one.f_files - one.f_ffree for one in seen)
    return 0
