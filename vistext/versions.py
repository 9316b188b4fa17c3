"""What is installed, and what vistext asks for: both from the installed packages' own metadata.

So `pyproject.toml` stays the one source of the supported ranges.
"""

from importlib import metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

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
        every = map(Requirement, metadata.requires(distribution) or [])
    except metadata.PackageNotFoundError:
        return {}
    return {each.name: each for each in every if (each.marker.evaluate({"extra": extra}) if each.marker else not extra)}


def tensorflow_build() -> str:
    """The name under which TensorFlow is installed; plain `tensorflow` when it is not."""
    return next((name for name in TENSORFLOW_BUILDS if installed(name)), "tensorflow")


def tensorflow_wanted() -> Requirement | None:
    """What vistext asks for of TensorFlow; None where vistext is not installed."""
    return next(iter(requirements("vistext", "cpu").values()), None)


def readable(wanted: SpecifierSet | None) -> str:
    """`<3.14,>=3.10` as `>=3.10, <3.14`; empty for no range."""
    return ", ".join(sorted(map(str, wanted or ()), reverse=True))


def outside_range() -> str:
    """One sentence about a TensorFlow that the course is not made for; empty if it is fine, or nothing is known."""
    version, wanted = installed(tensorflow_build()), tensorflow_wanted()
    if version is None or wanted is None or wanted.specifier.contains(version, prereleases=True):
        return ""
    accepted = readable(wanted.specifier)
    return f"TensorFlow {version} is outside the supported range, {accepted}: run `vistext doctor`"
