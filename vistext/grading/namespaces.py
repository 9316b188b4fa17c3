"""Why bubblewrap is refused on a machine, and the way out: a distribution, a hardened kernel or a container may forbid
user namespaces, of which the sandbox is made, to programs without privileges."""

from pathlib import Path

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


def way_out(root: Path = Path("/")) -> str:
    """What to do where bubblewrap is installed and does not start.

    Args:
        root: of the file system, for tests.
    """
    for setting, refuses, remedy in SETTINGS:
        try:
            if (root / "proc" / "sys" / setting).read_text(encoding="ascii").strip() == refuses:
                return remedy
        except OSError:
            continue
    return IN_CONTAINER if any((root / name).exists() for name in CONTAINERS) else ANYWHERE
