"""What is installed, and what vistext asks for: both from the installed packages' own metadata.

So `pyproject.toml` stays the one source of the supported ranges.
"""

from importlib import metadata

from packaging.requirements import Requirement

TENSORFLOW_BUILDS = ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos", "tf-nightly")


def installed(distribution: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def requirements(distribution: str, extra: str = "") -> dict[str, Requirement]:
    """What an installed distribution asks for here, by name: always, or what one extra adds to that."""
    try:
        requirements = [Requirement(line) for line in metadata.requires(distribution) or []]
    except metadata.PackageNotFoundError:
        return {}
    if extra:
        wanted = [r for r in requirements if r.marker and r.marker.evaluate({"extra": extra})]
    else:
        wanted = [r for r in requirements if not r.marker or r.marker.evaluate({"extra": ""})]
    return {requirement.name: requirement for requirement in wanted}


def tensorflow_build() -> str:
    """The name under which TensorFlow is installed; plain `tensorflow` when it is not."""
    return next((name for name in TENSORFLOW_BUILDS if installed(name)), "tensorflow")


def readable(specifier: str) -> str:
    """`<3.14,>=3.10` as `>=3.10, <3.14`."""
    return ", ".join(sorted((part.strip() for part in specifier.split(",") if part), reverse=True))


def outside_range() -> str:
    """One sentence about a TensorFlow that the course is not made for; empty if it is fine, or nothing is known."""
    version = installed(tensorflow_build())
    wanted = next(iter(requirements("vistext", "cpu").values()), None)
    if version is None or wanted is None or wanted.specifier.contains(version, prereleases=True):
        return ""
    return (
        f"TensorFlow {version} is outside the supported range, {readable(str(wanted.specifier))}: run `vistext doctor`"
    )
