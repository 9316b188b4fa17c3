"""What is installed is held against what vistext asks for."""

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from vistext import versions


@pytest.mark.parametrize(
    ("version", "supported"), [("2.17.1", False), ("2.18.0", True), ("2.21.0", True), ("2.22.0rc1", True)]
)
def test_a_tensorflow_outside_the_range_is_named_with_the_range_and_a_remedy(version, supported, monkeypatch):
    monkeypatch.setattr(versions, "installed", {"tensorflow-cpu": version}.get)
    wanted = {"tensorflow-cpu": Requirement("tensorflow-cpu>=2.18")}
    monkeypatch.setattr(versions, "requirements", lambda distribution, extra: wanted)
    said = versions.outside_range()
    if supported:
        assert said == ""
    else:
        assert version in said
        assert ">=2.18" in said
        assert "vistext doctor" in said


def test_nothing_is_said_where_nothing_is_known(monkeypatch):
    monkeypatch.setattr(versions, "installed", lambda name: None)
    assert versions.outside_range() == ""


def test_a_range_is_read_lowest_bound_first():
    assert versions.readable(SpecifierSet("<3.14,>=3.10")) == ">=3.10, <3.14"
