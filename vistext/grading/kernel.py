"""What the kernel refuses to the sandbox, and why it may refuse the sandbox itself.

What is one file for all sandboxes cannot be locked, leased or watched, and no table that the kernel shares be filled:
by either, one student's submission could talk to another's, or stop it.
"""

import errno
import tempfile
from pathlib import Path
from typing import Any

OTHER_PROCESSES = ("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "process_madvise")
UNCOUNTED = (  # memory, or places in a table of the kernel's, that no limit of a process counts
    *("memfd_create", "memfd_secret", "shmget", "semget", "msgget", "bpf", "mq_open", "io_setup"),
    *("add_key", "keyctl", "request_key"),  # keys are kept for whoever grades, not for a namespace
)
SHARED = (  # what others do to the same files, and what the whole machine does
    *("flock", "inotify_init", "inotify_init1", "fanotify_init", "mincore", "cachestat"),
    *("syslog", "sysinfo", "quotactl", "quotactl_fd", "lookup_dcookie"),
)
WAYS_OUT = (
    *("unshare", "setns", "mount", "umount2", "pivot_root", "open_tree", "move_mount", "fsopen", "mount_setattr"),
    *("io_uring_setup", "perf_event_open", "userfaultfd"),  # ways round this filter, or deep into the kernel
)
PROCESSES = ("fork", "vfork", "pidfd_open")
AF_UNIX = 1  # asyncio pairs them; vsock, for one, reaches out of every namespace
CLONE_THREAD = 0x00010000
# Commands of fcntl: locks, of a process and of an open file; then leases, watches, and the size of a pipe.
LOCKS = (5, 6, 7, 36, 37, 38)  # F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW
WATCHES = (1024, 1026, 1031)  # F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ
SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
LARGEST_PID = 0x7FFF_FFFF  # what is beyond is negative, and means a group of processes, or all
FIRST = (1, 2)  # in a sandbox: bubblewrap, and the process that makes copies of itself
UNKNOWN = -1  # the number of a system call that an older libseccomp does not know

GUIDE = "notebooks/exercises/README.md has it, under 'Where bubblewrap is refused'"
# A setting of the kernel, the value with which it refuses, and what to do.
SETTINGS = (
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor keeps programs from making user namespaces here, as on Ubuntu 23.10 and later. Allow it to "
        f"bubblewrap by a profile ({GUIDE}), or to all programs until the machine starts again: "
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    (
        "kernel/unprivileged_userns_clone",
        "0",
        "This kernel keeps user namespaces for root. Allow them, until the machine starts again: "
        "sudo sysctl -w kernel.unprivileged_userns_clone=1",
    ),
    (
        "user/max_user_namespaces",
        "0",
        "This kernel allows no user namespace. Allow some, until the machine starts again: "
        "sudo sysctl -w user.max_user_namespaces=10000",
    ),
)
CONTAINERS = (".dockerenv", "run/.containerenv")
IN_CONTAINER = (
    "This is a container that may make no user namespaces. Start it with --security-opt seccomp=unconfined "
    "--security-opt apparmor=unconfined --security-opt systempaths=unconfined (Docker; Podman calls the last "
    "unmask=ALL), or grade outside of it"
)
ANYWHERE = (
    "bubblewrap must be allowed to make user namespaces: see whether `unshare --user --map-root-user true` works, and "
    "ask whoever runs the machine, or grade on another"
)


def sandbox_filter() -> bytes:
    """The seccomp filter that everything in a sandbox runs under, for this processor, as bubblewrap reads it."""
    import pyseccomp  # fails without the system's libseccomp

    calls = _forbidding((*OTHER_PROCESSES, *UNCOUNTED, *WAYS_OUT, *SHARED))
    calls.add_rule(pyseccomp.ERRNO(errno.EPERM), "socket", pyseccomp.Arg(0, pyseccomp.NE, AF_UNIX))
    # Who locks a file of their own, as h5py does, takes "there is no such thing" for an answer, and goes on.
    for command in (*LOCKS, *WATCHES):
        answer = errno.ENOSYS if command in LOCKS else errno.EPERM
        # The kernel takes 32 bits of it; whatever the others are, it is the same command.
        calls.add_rule(pyseccomp.ERRNO(answer), "fcntl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFF_FFFF, command))
    # The flags of clone3 lie in memory, where a filter cannot look; without it, the C library calls clone.
    calls.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    return _exported(calls)


def student_filter() -> bytes:
    """The filter under which a student's code runs besides: threads may be started, processes may not, nor be ended."""
    import pyseccomp

    calls, refused = _forbidding(PROCESSES), pyseccomp.ERRNO(errno.EPERM)
    calls.add_rule(refused, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0))
    for name in SIGNALS:
        calls.add_rule(refused, name, pyseccomp.Arg(0, pyseccomp.GT, LARGEST_PID))
        for number in FIRST:
            calls.add_rule(refused, name, pyseccomp.Arg(0, pyseccomp.EQ, number))
    return _exported(calls)


def _forbidding(names: tuple[str, ...]) -> Any:
    import pyseccomp

    calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in names:
        number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
        if number != UNKNOWN:
            calls.add_rule(pyseccomp.ERRNO(errno.ENOSYS if name == "flock" else errno.EPERM), number)
    return calls


def _exported(calls: Any) -> bytes:
    with tempfile.TemporaryFile() as file:
        calls.export_bpf(file)
        file.seek(0)
        return file.read()


def remedy(root: Path = Path("/")) -> str:
    """What to do where bubblewrap is installed and does not start; `root` is of the file system, for tests."""
    for setting, refuses, way_out in SETTINGS:
        try:
            if (root / "proc" / "sys" / setting).read_text(encoding="ascii").strip() == refuses:
                return way_out
        except OSError:
            continue
    return IN_CONTAINER if any((root / name).exists() for name in CONTAINERS) else ANYWHERE
