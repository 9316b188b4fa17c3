"""A process of the student's own: it sees a system that it cannot write to, and nobody else; and it ends.

bubblewrap makes namespaces of user, processes, network, host and interprocess communication. Inside there are the
system's programs, this Python and the package, all read-only, an empty /tmp of limited size that is gone afterwards,
no network and no capabilities. Not inside: the course folder, other submissions, the gradebook, the home of whoever
grades, and the folder of `vistext.checks` that holds right answers (`stub_checks` stands there).

A filter of system calls (seccomp) forbids other processes, sockets but local ones, and memory that no limit of a
process counts: so what it may take is what one process may take. A watch ends it when it holds too much memory, or has
too many threads or files.
"""

import contextlib
import errno
import functools
import os
import resource
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vistext.grading import wire
from vistext.grading.settings import Limits

PACKAGE = Path(__file__).resolve().parents[1]
# The first folder that modules are looked for in is the package's, not the one in which students' files might lie.
INSIDE = f"import sys; sys.path[0] = {str(PACKAGE.parent)!r}; from vistext.grading.inside import main; main()"
SHOWN_OF_CHECKS = ("asking.py", "exercise.py", "plain.py")  # how a function is called; no exercise, and no answer
SYSTEM = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime")
WRITABLE = ("/tmp", "/dev/shm")
NOBODY = 65534
FORBIDDEN = (
    *("fork", "vfork"),  # threads may be started
    *("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd"),  # other processes: there is bubblewrap's own
    *("memfd_create", "memfd_secret", "shmget", "semget", "msgget", "bpf"),  # memory that no limit of a process counts
    *("add_key", "keyctl", "request_key"),  # keys are kept for whoever grades, not for a namespace
    *("unshare", "setns", "mount", "umount2", "pivot_root", "open_tree", "move_mount", "fsopen", "mount_setattr"),
    *("io_uring_setup", "perf_event_open", "userfaultfd"),  # ways round this filter, or deep into the kernel
)
AF_UNIX = 1  # asyncio pairs them; vsock, for one, reaches out of every namespace
UNKNOWN = -1  # the number of a system call that an older libseccomp does not know
CLONE_THREAD = 0x00010000
TICK = 0.2  # seconds between two looks of the watch
START_SECONDS = 60  # of the process itself, before it runs anything of the student's
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
INSTALL = (
    "the sandbox needs bubblewrap and libseccomp, on Linux (Debian, Ubuntu: sudo apt install bubblewrap libseccomp2; "
    "Fedora: sudo dnf install bubblewrap libseccomp). --no-sandbox runs students' code as you, with your files and "
    "network: only for code that you trust"
)


class SandboxError(RuntimeError):
    """There is no sandbox on this machine."""


class EndedError(Exception):
    """The process in the sandbox is no more.

    Attributes:
        kind: "Timeout", "Memory", "Threads", "Files", "Answer" (too long, or not readable) or "Ended" (by itself).
    """

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


class Sandbox:
    """One process that answers, in its sandbox; a context manager that leaves nothing running.

    Args:
        limits: what it may take.
        sandboxed: False to run it as it is, in a folder of its own.
        hidden: folders that must not be seen even where a folder that is shown holds them.
    """

    def __init__(self, limits: Limits, *, sandboxed: bool = True, hidden: tuple[Path, ...] = ()):
        self.limits = limits
        self.printed = 0
        self._begun = False
        self._folder = None
        command = [sys.executable, "-s", "-B", "-c", INSIDE]
        if sandboxed:
            self._process = _start(command, limits.disk, hidden, _as_whom())
        else:
            self._folder = tempfile.TemporaryDirectory()
            here = {"env": _environment(self._folder.name), "cwd": self._folder.name, "start_new_session": True}
            self._process = subprocess.Popen(command, **PIPES, **here)
        self._said = b""
        self._unsent = b""
        self._pending = bytearray()
        self._open = selectors.DefaultSelector()
        os.set_blocking(self._process.stdin.fileno(), False)
        for stream in (self._process.stdout, self._process.stderr):
            os.set_blocking(stream.fileno(), False)
            self._open.register(stream, selectors.EVENT_READ)
        try:
            self.ask({"limit": _resources(limits)}, START_SECONDS)
            self._begun = True
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, message: dict, seconds: float) -> dict:
        """Send a message, and wait for what comes back.

        Raises:
            EndedError: nothing came in time, or too much, or the process has ended. It is killed.
        """
        try:
            self._unsent = wire.frame(message)
            return wire.read(self._receive(time.monotonic() + seconds, seconds))
        except wire.WireError as error:
            self.close()
            raise EndedError("Answer", f"what came back cannot be read: {error}") from error
        except EndedError:
            self.close()
            raise

    def close(self) -> None:
        """Kill everything in the sandbox. Its namespace of processes dies with its first process, and all that it
        has started with that."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._open.close()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                stream.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _receive(self, deadline: float, seconds: float) -> bytes:
        size, look = None, time.monotonic() + TICK
        while True:
            if size is None and len(self._pending) >= wire.HEADER.size:
                size = wire.HEADER.unpack(self._pending[: wire.HEADER.size])[0]
                if size > self.limits.answer:
                    raise EndedError("Answer", f"an answer of {size:,} bytes; at most {self.limits.answer:,} are read")
            if size is not None and len(self._pending) >= wire.HEADER.size + size:
                body = bytes(self._pending[wire.HEADER.size : wire.HEADER.size + size])
                del self._pending[: wire.HEADER.size + size]
                return body
            now = time.monotonic()
            if now >= deadline:
                raise EndedError("Timeout", f"it did not end within {seconds:.0f} seconds")
            if now >= look:
                self._watch()
                look = now + TICK
            self._exchange(min(deadline, look) - now)

    def _exchange(self, seconds: float) -> None:
        """Write and read what can be, waiting a while for either: whoever is in there may do neither."""
        if not self._unsent and self._process.stdin in self._open.get_map():
            self._open.unregister(self._process.stdin)
        elif self._unsent and self._process.stdin not in self._open.get_map():
            self._open.register(self._process.stdin, selectors.EVENT_WRITE)
        for key, _ in self._open.select(max(seconds, 0)):
            if key.fileobj is self._process.stdin:
                try:
                    self._unsent = self._unsent[os.write(key.fd, self._unsent[: 1 << 16]) :]
                except OSError:
                    raise self._ended() from None
                continue
            data = os.read(key.fd, 1 << 16)
            if key.fileobj is self._process.stderr:
                self._said = (self._said + data)[:4000] if len(self._said) < 4000 else self._said
                self.printed += len(data)
                if not data:
                    self._open.unregister(key.fileobj)
            elif data:
                self._pending += data
            else:
                raise self._ended()

    def _watch(self) -> None:
        """Raise if it holds too much memory, or has too many threads or files."""
        processes = descendants(self._process.pid)
        held, threads = sum(map(resident, processes)), sum(map(_threads, processes))
        if held > self.limits.memory:
            raise EndedError("Memory", f"it held {held >> 20:,} MiB; at most {self.limits.memory >> 20:,} are allowed")
        if threads > self.limits.threads:
            raise EndedError("Threads", f"it started {threads} threads; {self.limits.threads} are allowed")
        # Before it has begun, it may not see files of its own yet, but the system's.
        files = max(map(_files, processes), default=0) if self._begun else 0
        if files > self.limits.files:
            raise EndedError("Files", f"it made {files:,} files; {self.limits.files:,} are allowed")

    def _ended(self) -> EndedError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code = self._process.poll()
        signal = -code if code is not None and code < 0 else (code or 0) - 128
        how = {
            9: "it was killed",
            11: "it crashed (segmentation fault)",
            24: f"it used more than {self.limits.processor_seconds} seconds of processor time",
        }.get(signal, "it ended its own process")
        return EndedError("Timeout" if signal == 24 else "Ended", how)

    @property
    def said(self) -> str:
        """The first that was printed, for whoever has to find out what is wrong with a sandbox."""
        return self._said.decode(errors="replace")


def problem() -> str | None:
    """Why there can be no sandbox here, and what to do about it; None if there can."""
    if sys.platform != "linux":
        return f"no sandbox on {sys.platform}: {INSTALL}"
    if shutil.which("bwrap") is None:
        return f"bubblewrap is not installed: {INSTALL}"
    try:
        _as_whom()
    except SandboxError as error:
        return str(error)
    except (ImportError, RuntimeError) as error:
        return f"there is no filter of system calls ({error}): {INSTALL}"
    return None


def _start(command: list[str], disk: int, hidden: tuple[Path, ...], user: dict) -> subprocess.Popen:
    with _filter() as calls:
        whole = [*_bubblewrap(disk, hidden), "--seccomp", str(calls.fileno()), "--", *command]
        how = {"env": _environment("/tmp/home"), "start_new_session": True, "cwd": "/", "pass_fds": [calls.fileno()]}
        return subprocess.Popen(whole, **PIPES, **how, **user)


@contextlib.contextmanager
def _filter() -> Iterator[BinaryIO]:
    """A file with the filter of system calls, for this processor, as bubblewrap reads it."""
    import pyseccomp  # fails without the system's libseccomp

    calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    forbid = pyseccomp.ERRNO(errno.EPERM)
    for name in FORBIDDEN:
        number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
        if number != UNKNOWN:
            calls.add_rule(forbid, number)
    calls.add_rule(forbid, "socket", pyseccomp.Arg(0, pyseccomp.NE, AF_UNIX))
    calls.add_rule(forbid, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0))
    # The flags of clone3 lie in memory, where a filter cannot look; without it, the C library starts threads by clone.
    calls.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    with tempfile.TemporaryFile() as file:
        calls.export_bpf(file)
        file.seek(0)
        yield file


@functools.cache
def _as_whom() -> dict:
    """As whom bubblewrap is started: root gives way to nobody, where that user can reach this Python.

    Root owns files that others cannot read.
    """
    said = ""
    for user in [{"user": NOBODY, "group": NOBODY, "extra_groups": []}, {}] if os.geteuid() == 0 else [{}]:
        with _start([sys.executable, "-s", "-c", "import numpy"], 1 << 20, (), user) as tried:
            lines = tried.communicate()[1].decode(errors="replace").strip().splitlines()
        if tried.returncode == 0:
            return user
        said = (lines or [f"exit code {tried.returncode}"])[-1]
    raise SandboxError(
        f"bubblewrap does not start here ({said}). It must be allowed to make user namespaces. {INSTALL}"
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
    command += ["--proc", "/proc", "--tmpfs", "/proc/1", "--remount-ro", "/proc/1"]
    command += ["--dev", "/dev", *limited, "--tmpfs", "/dev/shm"]
    command += [*limited, "--tmpfs", "/tmp", "--dir", "/tmp/home", "--chdir", "/tmp/home"]
    for path in ("/bin", "/sbin", "/lib", "/lib64", "/lib32"):
        command += ["--symlink", os.readlink(path), path] if os.path.islink(path) else bind(path)
    for path in (*SYSTEM, *shown):
        command += bind(path)
    for path in hidden:
        if path.is_dir() and any(path.resolve().is_relative_to(one) for one in shown):
            command += ["--tmpfs", str(path.resolve())]
    checks = PACKAGE / "checks"
    command += ["--tmpfs", str(checks)]
    command += bind(Path(__file__).with_name("stub_checks.py"), checks / "__init__.py")
    for name in SHOWN_OF_CHECKS:
        command += bind(checks / name)
    if fonts := _fonts():
        command += bind(fonts, f"/tmp/home/.cache/matplotlib/{fonts.name}")
    return [*command, "--remount-ro", str(checks), "--remount-ro", "/dev", "--remount-ro", "/"]


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
        "NOFILE": 256,
    }
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
