"""Is this machine ready for the course? What was found, what is wanted, and the remedy for what is missing or broken.

Version ranges are read from the installed packages' own metadata, so `pyproject.toml` stays their one source.
TensorFlow is not imported, which takes seconds. When its devices are asked for, it runs in a process of its own: built
for another processor, it takes the whole process down with it.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from vistext import environment, profile, versions

NEEDED_MEMORY = 1.5  # GiB, what the tour may take
START_LIMIT = 120  # seconds; TensorFlow's first start from a slow disk takes tens of them
GIB = 2**30

State = Literal["ready", "optional", "mend"]


@dataclass(frozen=True)
class Finding:
    """What was found of one subject."""

    subject: str
    state: State  # "optional": missing, and most of the course does without
    found: str
    wanted: str = ""
    remedy: str = ""


def examine(*, devices: bool = False) -> list[Finding]:
    """Check everything that the course needs; nothing is raised, whatever is missing or broken.

    With `devices`, TensorFlow is started as well, in a process of its own, and asked which devices it sees.
    """
    checks: dict[str, Callable[[], Finding | list[Finding]]] = {
        "Python": python,
        "packages": packages,
        "settings": settings,
        "devices": tensorflow_devices if devices else system_devices,
        "memory": memory,
        "profile": profile_in_force,
        "weights": weights,
        "CIFAR-10": cifar10,
        "grading": grading,
    }
    findings: list[Finding] = []
    for subject, check in checks.items():
        try:
            found = check()
            findings += found if isinstance(found, list) else [found]
        except Exception as error:  # what breaks is reported like everything else
            remedy = "install the course again, or report this with the line above"
            findings.append(Finding(subject, "mend", f"{type(error).__name__}: {error}", remedy=remedy))
    return findings


def is_ready(findings: list[Finding]) -> bool:
    """Whether nothing needs mending."""
    return all(finding.state != "mend" for finding in findings)


def python() -> Finding:
    """The Python that runs this."""
    version = platform.python_version()
    try:
        wanted = SpecifierSet(metadata.metadata("vistext")["Requires-Python"] or "")
    except metadata.PackageNotFoundError:
        found = f"{version}; vistext itself is not installed, so no range is known"
        remedy = 'run `make tour` in the checkout, or pip install -e ".[cpu,course]"'
        return Finding("Python", "mend", found, remedy=remedy)
    install = "install a Python in this range from python.org, and make a new environment with it"
    return _in_range("Python", version, wanted, install)


def _in_range(subject: str, version: str, wanted: SpecifierSet | None, install: str) -> Finding:
    """Whether a version is in the range that is wanted; else `install` is the remedy."""
    text = versions.readable(wanted)
    if wanted is None or wanted.contains(version, prereleases=True):
        return Finding(subject, "ready", version, text)
    return Finding(subject, "mend", version, text, install)


def packages() -> list[Finding]:
    """TensorFlow, Keras and NumPy; then the lesson tools; then, in one line, whatever else vistext builds on."""
    base, build = versions.requirements("vistext"), versions.tensorflow_build()
    # vistext leaves the choice of Keras to TensorFlow, so there the range is TensorFlow's.
    keras = base.get("keras") or versions.requirements(build).get("keras")
    findings = [
        _package(
            "TensorFlow",
            build,
            versions.tensorflow_wanted(),
            'pip install "vistext[cpu]", or "vistext[gpu]" for an NVIDIA GPU',
        ),
        _package("Keras", "keras", keras, "pip install --upgrade keras"),
        _package("NumPy", "numpy", base.pop("numpy", None)),
    ]
    for name, requirement in versions.requirements("vistext", "course").items():
        subject = {"jupyterlab": "JupyterLab"}.get(name, name)
        findings.append(_package(subject, name, requirement, 'pip install "vistext[course]"', optional=True))
    others = [_package(name, name, requirement) for name, requirement in base.items() if name != "keras"]
    findings += [finding for finding in others if finding.state != "ready"]
    if fine := [f"{finding.subject} {finding.found}" for finding in others if finding.state == "ready"]:
        findings.append(Finding("other packages", "ready", ", ".join(fine)))
    return findings


def _package(
    subject: str, name: str, requirement: Requirement | None, install: str = "", *, optional: bool = False
) -> Finding:
    """Whether a distribution is installed, in the range that `requirement` gives, and whole enough to be imported."""
    version, wanted = versions.installed(name), requirement.specifier if requirement else None
    this = f'pip install "{name}{wanted or ""}"'
    if not version or (subject == "TensorFlow" and util.find_spec("tensorflow") is None):
        state: State = "optional" if optional else "mend"
        return Finding(subject, state, "not installed", versions.readable(wanted), install or this)
    return _in_range(subject, version, wanted, this)


def settings() -> list[Finding]:
    """What on this machine gets in the course's way, or would, if it were followed; nothing where there is nothing."""
    findings = []
    # The current folder, too: there Python looks when `python -m vistext` or a notebook of that folder is run.
    if shadowing := environment.shadowing_file(["", *sys.path]):
        found, _, remedy = shadowing.partition(": ")
        findings.append(Finding("modules", "mend", found, remedy=remedy))
    try:
        overruled = environment.overruled_keras_settings()
    except environment.NotUsableError as error:
        found, _, remedy = str(error).rpartition(": ")
        return [*findings, Finding("Keras's settings", "mend", found, remedy=remedy)]
    if overruled:
        given = ", ".join(f"{name} {value}" for name, value in overruled.items())
        ours = ", ".join(f"{name} {environment.KERAS_SETTINGS[name]}" for name in overruled)
        findings.append(Finding("Keras's settings", "ready", f"{given}: overruled, for the course sets {ours}"))
    return findings


def system_devices() -> Finding:
    """What the system reports, without TensorFlow."""
    gpus = _nvidia_gpus()
    found = ", ".join([f"{_cores()} CPU cores", *(gpus or ["no NVIDIA GPU"])])
    return Finding("devices", "ready", found, remedy="`vistext doctor --devices` asks TensorFlow too" if gpus else "")


def tensorflow_devices() -> Finding:
    """What TensorFlow sees, and so whether it can be started at all."""
    ask = "from vistext.nn.engine import tf; print(*(d.device_type for d in tf.config.list_physical_devices()))"
    try:
        answer = _output([sys.executable, "-c", ask], START_LIMIT)
    except subprocess.TimeoutExpired:
        found = f"TensorFlow did not start within {START_LIMIT} seconds"
        return Finding("devices", "mend", found, remedy="close other programs and try again")
    if answer.returncode != 0:
        last = (answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"])[-1].strip()
        remedy = "install TensorFlow again; a negative exit code means that it was built for another processor"
        return Finding("devices", "mend", f"TensorFlow does not start: {last}", remedy=remedy)
    seen = answer.stdout.split()
    found = f"{_cores()} CPU cores; TensorFlow starts and sees " + " and ".join(
        kind if seen.count(kind) == 1 else f"{seen.count(kind)} {kind}s" for kind in sorted(set(seen))
    )
    if _nvidia_gpus() and "GPU" not in seen:
        return Finding("devices", "optional", found, "the NVIDIA GPU as well", 'pip install "vistext[gpu]" (Linux)')
    return Finding("devices", "ready", found)


def _cores() -> int:
    """The cores that this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _nvidia_gpus() -> list[str]:
    """The names of NVIDIA GPUs, as the driver's own tool gives them."""
    if not shutil.which("nvidia-smi"):
        return []
    try:
        answer = _output(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], 20)
    except (OSError, subprocess.SubprocessError):
        return []
    lines = [] if answer.returncode else answer.stdout.splitlines()
    return [line.strip() for line in lines if line.strip()]


def _output(command: list[str], seconds: float) -> subprocess.CompletedProcess:
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", timeout=seconds, check=False
    )


def memory(proc: Path = Path("/proc/meminfo"), cgroup: Path = Path("/sys/fs/cgroup")) -> Finding:
    """Memory in GiB: of the machine, or of the container where that is less."""
    try:
        lines = dict(line.split(":", 1) for line in proc.read_text(encoding="ascii").splitlines())
        total, available = (int(lines[key].split()[0]) * 1024 for key in ("MemTotal", "MemAvailable"))
    except (OSError, KeyError, ValueError):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # Windows has no sysconf
            total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
            return Finding("memory", "ready", f"{total / GIB:.1f} GiB")
        return Finding("memory", "ready", "this system does not say", f"{NEEDED_MEMORY} GiB free")
    with contextlib.suppress(OSError, ValueError):  # "max" where there is no limit
        limit = int((cgroup / "memory.max").read_text(encoding="ascii"))
        used = int((cgroup / "memory.current").read_text(encoding="ascii"))
        total, available = min(total, limit), min(available, limit - used)
    found, wanted = f"{total / GIB:.1f} GiB, {available / GIB:.1f} GiB of it free", f"{NEEDED_MEMORY} GiB free"
    if available >= NEEDED_MEMORY * GIB:
        return Finding("memory", "ready", found, wanted)
    return Finding("memory", "mend", found, wanted, "close other programs and notebooks, or run on a larger machine")


def profile_in_force() -> Finding:
    """How much a lesson will compute; without asking TensorFlow."""
    if not os.environ.get(profile.VARIABLE, "").strip():
        chosen = "gpu, if TensorFlow sees the GPU" if _nvidia_gpus() else "cpu"
        return Finding("profile", "ready", f"{chosen} (chosen by the machine)")
    try:
        return Finding("profile", "ready", f"{profile.name()} (from {profile.VARIABLE})")
    except ValueError as error:
        return Finding("profile", "mend", str(error), remedy=f"unset {profile.VARIABLE}, or set it to an accepted name")


def weights(folder: Path | None = None) -> Finding:
    """Whether the shipped weights are there and are those that their cards describe."""
    from vistext.nn import weights as shipped

    folder = folder or shipped.FOLDER
    names = sorted({"tagger", *(card.stem for card in folder.glob("*.json"))})
    try:
        sizes = [shipped.verify(name, folder).stat().st_size for name in names]
    except (OSError, ValueError, KeyError) as error:
        return Finding("weights", "mend", f"{error}", "", "install vistext again, or make them again: `make weights`")
    found = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in zip(names, sizes, strict=True))
    return Finding("weights", "ready", f"{found}; checksums as on their cards")


def cifar10() -> Finding:
    """Where CIFAR-10 would be loaded from."""
    from vistext.data import cifar10 as data
    from vistext.data import download

    copies = list(data.copies())
    whole = [str(copy) for copy in copies if not copy.flaw]
    broken = [copy.flaw for copy in copies if copy.flaw]
    if whole:
        found = "; passed over: ".join([whole[0], *broken])
        return Finding("CIFAR-10", "ready", found, remedy="delete what is broken" if broken else "")
    if broken:
        remedy = "delete what is broken, then run `vistext data`"
        return Finding("CIFAR-10", "mend", "; ".join(broken), remedy=remedy)
    size = f"{data.OFFICIAL.size / 1e6:.0f} MB"
    remedy = f"`vistext data` downloads it ({size}), or set {download.VARIABLE} to the folder that holds your copy"
    looked = ", ".join(f"{place.path} ({place.name})" for place in download.places())
    return Finding("CIFAR-10", "optional", f"not in {looked}", "for lesson 01, which else takes drawings", remedy)


def grading() -> Finding:
    """Whether a class can be graded here, which only instructors need: nbgrader, bubblewrap, libseccomp."""
    wanted = "for instructors: nbgrader and a sandbox"
    nbgrader = versions.installed("nbgrader")
    if not nbgrader:
        return Finding("grading", "optional", "no nbgrader", wanted, 'pip install "vistext[grade]"')
    from vistext.grading import sandbox

    if refused := sandbox.refusal():
        return Finding("grading", "optional", f"nbgrader {nbgrader}; {refused.found}", wanted, refused.remedy)
    return Finding("grading", "ready", f"nbgrader {nbgrader}, and a sandbox that starts", wanted)
