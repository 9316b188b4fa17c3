"""Which system calls are refused in the sandbox (seccomp), and why.

What is the same file for all sandboxes, a program of the system or a device, must not carry a word from one student to
another: so nothing can be locked, leased or watched. What the kernel counts for a user or for the whole machine must
not run out by one student's doing. How busy the machine is can always be felt; nobody can hide that.
"""

import contextlib
import errno
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

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
AF_UNIX = 1  # asyncio pairs them; vsock, for one, reaches out of every namespace
CLONE_THREAD = 0x00010000
# Commands of fcntl: locks, of a process and of an open file; then leases, watches, and the size of a pipe.
LOCKS = {"F_GETLK": 5, "F_SETLK": 6, "F_SETLKW": 7, "F_OFD_GETLK": 36, "F_OFD_SETLK": 37, "F_OFD_SETLKW": 38}
WATCHES = {"F_SETLEASE": 1024, "F_NOTIFY": 1026, "F_SETPIPE_SZ": 1031}
SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
LARGEST_PID = 0x7FFF_FFFF  # what is beyond is negative, and means a group of processes, or all
FIRST = (1, 2)  # in a sandbox: bubblewrap, and the process that makes copies of itself
UNKNOWN = -1  # the number of a system call that an older libseccomp does not know


@contextlib.contextmanager
def sandbox_filter() -> Iterator[BinaryIO]:
    """A file with the filter that everything in a sandbox runs under, for this processor, as bubblewrap reads it."""
    import pyseccomp  # fails without the system's libseccomp

    calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    _forbid(calls, (*OTHER_PROCESSES, *UNCOUNTED, *WAYS_OUT, *SHARED))
    calls.add_rule(pyseccomp.ERRNO(errno.EPERM), "socket", pyseccomp.Arg(0, pyseccomp.NE, AF_UNIX))
    # Who locks a file of their own, as h5py does, takes "there is no such object" for an answer, and goes on.
    for command in (*LOCKS.values(), *WATCHES.values()):
        answer = errno.ENOSYS if command in LOCKS.values() else errno.EPERM
        # The kernel takes 32 bits of it; whatever the others are, it is the same command.
        calls.add_rule(pyseccomp.ERRNO(answer), "fcntl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFF_FFFF, command))
    # The flags of clone3 lie in memory, where a filter cannot look; without it, the C library calls clone.
    calls.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    yield from _exported(calls)


def without_processes() -> bytes:
    """The filter under which a student's code runs besides: threads may be started, processes may not, nor be ended."""
    import pyseccomp

    calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    _forbid(calls, ("fork", "vfork", "pidfd_open"))
    calls.add_rule(pyseccomp.ERRNO(errno.EPERM), "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0))
    for name in SIGNALS:
        calls.add_rule(pyseccomp.ERRNO(errno.EPERM), name, pyseccomp.Arg(0, pyseccomp.GT, LARGEST_PID))
        for number in FIRST:
            calls.add_rule(pyseccomp.ERRNO(errno.EPERM), name, pyseccomp.Arg(0, pyseccomp.EQ, number))
    return b"".join(file.read() for file in _exported(calls))


def _forbid(calls, names: tuple[str, ...]) -> None:
    import pyseccomp

    for name in names:
        number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
        if number != UNKNOWN:
            missing = errno.ENOSYS if name == "flock" else errno.EPERM
            calls.add_rule(pyseccomp.ERRNO(missing), number)


def _exported(calls) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        calls.export_bpf(file)
        file.seek(0)
        yield file
