"""Processes of the student's own: they see a system that they cannot write to, and nobody else; and they end.

bubblewrap makes the namespaces. The first process in there runs nothing of the student's: it makes copies of itself
that do, one after the other, each from the same beginning and with an empty /tmp. A filter of system calls forbids them
other processes, so that what one may take is what one process may take.
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
from typing import Any

from vistext.grading import kernel
from vistext.grading.limits import Limits
from vistext.grading.process import EndedError, StudentProcess

PACKAGE = Path(__file__).resolve().parents[1]
# The first folder that modules are looked for in is the package's, not the one in which students' files might lie.
INSIDE = f"import sys; sys.path[0] = {str(PACKAGE.parent)!r}; from vistext.grading.sandbox_runner import main; main()"
# How a function is called; no exercise, and no answer.
SHOWN_OF_EXERCISES = ("answers.py", "crashes.py", "judging.py", "values.py")
SYSTEM = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime")
WRITABLE = ("/tmp", "/dev/shm")
NOBODY: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": []}
# What the kernel tells everybody of the whole machine, through which two students could talk, is not shown. What
# programs look up of the processor is.
SHOWN_OF_PROC = ("cpuinfo", "filesystems", "self", "thread-self", "mounts", "net", "version")
START_SECONDS = 60  # of the process itself, before it runs anything of the student's
SOCKET = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_DGRAM  # either keeps messages apart
PATIENCE = 3  # seconds that the first process has for saying that another has ended
INSTALL = (
    "the sandbox needs bubblewrap and libseccomp, on Linux (Debian, Ubuntu: sudo apt install bubblewrap libseccomp2; "
    "Fedora: sudo dnf install bubblewrap libseccomp)"
)
TRUSTED = "--no-sandbox runs students' code as you, with your files and network: only for code that you trust"


class SandboxError(RuntimeError):
    """There is no sandbox on this machine: what was found, and what to do about it ("" if that is not known)."""

    def __init__(self, found: str, remedy: str = ""):
        super().__init__(f"{found}: {remedy}" if remedy else found)
        self.found, self.remedy = found, remedy


class Sandbox(contextlib.AbstractContextManager):
    """A place in which processes are begun, one after the other; a context manager that leaves nothing running.

    Without `sandboxed` they run as they are. Hidden folders are not seen even where one that is shown holds them.
    """

    def __init__(self, limits: Limits, *, sandboxed: bool = True, hidden: tuple[Path, ...] = ()):
        self.limits = limits
        self._folder = None if sandboxed else tempfile.TemporaryDirectory()
        self._calls = kernel.student_filter() if sandboxed else b""
        self._control, inside = socket.socketpair(socket.AF_UNIX, SOCKET)
        command = [sys.executable, "-s", "-B", "-c", INSIDE]
        with inside:
            if self._folder is None:
                user = _unprivileged_user()
                self._process = _start([*command, *WRITABLE], limits.disk, hidden, user, inside)
            else:
                self._process = _popen(command, inside, env=_environment(self._folder.name), cwd=self._folder.name)
        try:
            self._reply(START_SECONDS)
        except EndedError as error:
            self._process.kill()
            stderr = self._process.communicate()[1].decode(errors="replace").strip().splitlines()
            self.close()
            raise SandboxError(f"a process did not start in the sandbox: {(stderr or [error])[-1]}") from error

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> StudentProcess:
        """A new process; the one before must have ended. An `EndedError` if the sandbox is no more, or not clear."""
        request = {"limits": _resource_limits(self.limits), "calls": base64.b64encode(self._calls).decode()}
        questions, questions_in = os.pipe()
        answers_out, answers = os.pipe()
        prints_out, prints = os.pipe()
        try:
            socket.send_fds(self._control, [json.dumps(request).encode()], [questions, answers, prints])
            self._reply(START_SECONDS)
        except (OSError, EndedError) as error:
            for number in (questions_in, answers_out, prints_out):
                os.close(number)
            raise EndedError("Ended", "it ended its sandbox") from error
        finally:
            for number in (questions, answers, prints):
                os.close(number)
        return StudentProcess(self, questions_in, answers_out, prints_out)

    def end(self) -> int | None:
        """Kill the process that runs, and wait until it is gone; its exit code, as of `subprocess`, None if unknown."""
        try:
            self._control.send(b"end")
            return self._reply(PATIENCE)["ended"]
        except (OSError, EndedError):
            self.close()
            return None

    def close(self) -> None:
        """Kill everything in the sandbox: its namespace of processes dies with the first process in it."""
        if self._process.poll() is None:
            with contextlib.suppress(OSError, EndedError):
                if self._folder is not None:  # no namespace: what runs is ended by who has begun it
                    self._control.send(b"end")
                    self._reply(PATIENCE)
            self._process.kill()
        self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._control.close()
        if self._folder is not None:
            self._folder.cleanup()

    def watch(self) -> None:
        """Raise an `EndedError` if what is in it holds too much memory, or has too many threads or files."""
        import psutil

        held, threads, files = 0, 0, 0
        with contextlib.suppress(psutil.Error):
            for process in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error), process.oneshot():
                    # Most of what they hold is the same memory, and only one of them is a student's.
                    held = max(held, process.memory_info().rss)
                    threads += process.num_threads()
                    files = max(files, 0 if self._folder else _count_files(process.pid))
        if held > self.limits.memory:
            raise EndedError("Memory", f"it held {held >> 20:,} MiB; at most {self.limits.memory >> 20:,} are allowed")
        if threads > self.limits.threads:
            raise EndedError("Threads", f"it started {threads} threads; {self.limits.threads} are allowed")
        if files > self.limits.files:
            raise EndedError("Files", f"it made {files:,} files; {self.limits.files:,} are allowed")

    def _reply(self, seconds: float) -> dict:
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
        _unprivileged_user()
    except SandboxError as error:
        return error
    except OSError as error:
        return SandboxError(f"bubblewrap cannot be started ({error}; it is looked for in /usr/bin and /bin)", install)
    except (ImportError, RuntimeError) as error:
        return SandboxError(f"there is no filter of system calls ({error})", install)
    return None


def _start(command: list[str], disk: int, hidden: tuple[Path, ...], user: dict[str, Any], stdin: Any) -> Any:
    with tempfile.TemporaryFile() as calls:
        calls.write(kernel.sandbox_filter())
        calls.seek(0)
        whole = [*_bubblewrap(disk, hidden), "--seccomp", str(calls.fileno()), "--", *command]
        return _popen(whole, stdin, env=_environment("/tmp/home"), cwd="/", pass_fds=[calls.fileno()], **user)


def _popen(command: list[str], stdin: Any, **more: Any) -> "subprocess.Popen[bytes]":
    pipes = {"stdin": stdin, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, start_new_session=True, **pipes, **more)


@functools.cache
def _unprivileged_user() -> dict[str, Any]:
    """As whom bubblewrap is started: root, who owns files that others cannot read, gives way to nobody if it can."""
    stderr = ""
    for user in [NOBODY, {}] if os.geteuid() == 0 else [{}]:
        python = [sys.executable, "-s", "-c", "import numpy"]
        with _start(python, 1 << 20, (), user, subprocess.DEVNULL) as process:
            lines = process.communicate()[1].decode(errors="replace").strip().splitlines()
        if process.returncode == 0:
            return user
        stderr = (lines or [f"exit code {process.returncode}"])[-1]
    if stderr.startswith("bwrap"):
        raise SandboxError(f"bubblewrap is refused here ({stderr})", f"{kernel.remedy()}. {TRUSTED}")
    raise SandboxError(
        f"bubblewrap starts, and Python does not start in it ({stderr})",
        f"make the environment anew, in a folder that others may read, from a Python that they may run. {TRUSTED}",
    )


@functools.cache
def _has(option: str) -> bool:
    shown = subprocess.run(["bwrap", "--help"], capture_output=True, encoding="utf-8", check=False)
    return f"--{option} " in shown.stdout + shown.stderr


def _bubblewrap(disk: int, hidden: tuple[Path, ...]) -> list[str]:
    def bind(source: Path | str, place: Path | str | None = None) -> list[str]:
        return ["--ro-bind-try", str(source), str(source if place is None else place)]

    def cover(folder: Path | str) -> list[str]:
        return ["--tmpfs", str(folder), "--remount-ro", str(folder)]

    limited = ["--size", str(disk)] if _has("size") else []
    shown = _shown_folders()
    command = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    command += ["--uid", "1000", "--gid", "1000", "--hostname", "sandbox"]
    command += ["--disable-userns"] if _has("disable-userns") else []
    # bubblewrap is the first process in there, by which all others end: nobody must write in its memory.
    command += ["--proc", "/proc", *cover("/proc/1")]
    for path in sorted(Path("/proc").iterdir()):
        if not (path.name.isdigit() or path.name in SHOWN_OF_PROC or path.is_symlink()):
            command += cover(path) if path.is_dir() else ["--ro-bind", "/dev/null", str(path)]
    command += ["--dev", "/dev", *limited, "--tmpfs", "/dev/shm"]
    command += [*limited, "--tmpfs", "/tmp", "--dir", "/tmp/home", "--chdir", "/tmp/home"]
    for name in ("/bin", "/sbin", "/lib", "/lib64", "/lib32"):
        command += ["--symlink", os.readlink(name), name] if os.path.islink(name) else bind(name)
    for place in (*SYSTEM, *map(str, shown)):
        command += bind(place)
    for folder in hidden:
        if folder.is_dir() and any(folder.resolve().is_relative_to(outer) for outer in shown):
            command += [*(["--size", "4096"] if limited else []), *cover(folder.resolve())]
    exercises = PACKAGE / "exercises"
    command += ["--tmpfs", str(exercises)]
    command += bind(Path(__file__).with_name("exercises_stub.py"), exercises / "__init__.py")
    for name in SHOWN_OF_EXERCISES:
        command += bind(exercises / name)
    if fonts := _font_list():
        command += bind(fonts, f"/tmp/home/.cache/matplotlib/{fonts.name}")
    return [*command, "--remount-ro", str(exercises), "--remount-ro", "/dev", "--remount-ro", "/"]


def _shown_folders() -> list[Path]:
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


def _font_list() -> Path | None:
    """Matplotlib's list of fonts, which it would else make anew in each sandbox, for seconds."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib"
    with contextlib.suppress(OSError):
        return max(cache.glob("fontlist-v*.json"), default=None)
    return None


def _environment(home: str) -> dict[str, str]:
    """One thread a submission: many run side by side, and sums do not depend on how many cores there are."""
    libraries = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "NUMEXPR_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    kept = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}  # for odd processors
    settings = {
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
    return kept | {f"{library}_THREADS": "1" for library in libraries} | settings


def _resource_limits(limits: Limits) -> dict[str, int]:
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
    lowest = {}
    for name, most in wanted.items():
        if (kind := getattr(resource, f"RLIMIT_{name}", None)) is not None:
            allowed = resource.getrlimit(kind)[1]
            lowest[name] = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
    return lowest


def _count_files(pid: int) -> int:
    """How many files there are where a process may write: they take memory that the disk's size does not count."""
    with contextlib.suppress(OSError):
        systems = [os.statvfs(f"/proc/{pid}/root{place}") for place in WRITABLE]
        return sum(system.f_files - system.f_ffree for system in systems)
    return 0
