"""Drive on Colab, with a stub of Colab's own package: wanted, refused, and not there."""

import os
import sys
import types

import pytest

from vistext import colab, profile
from vistext.data import download


@pytest.fixture
def drive(monkeypatch):
    """Colab's module `google.colab.drive`, and where it was told to show the Drive."""
    shown = []
    module = types.SimpleNamespace(mount=shown.append)
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", types.SimpleNamespace(drive=module))
    monkeypatch.setattr(profile, "on_colab", lambda: True)
    monkeypatch.setenv(download.CACHE_VARIABLE, "before")
    return module, shown


def test_what_is_downloaded_and_made_goes_to_the_drive_from_then_on(drive, tmp_path):
    _, shown = drive
    for _ in range(2):
        folder = colab.mount_drive(place=tmp_path)
        assert folder == tmp_path / "MyDrive" / "vistext"
        assert folder.is_dir()
    assert shown == [str(tmp_path)] * 2
    assert download.cache_folder() == folder


def test_a_drive_that_is_not_given_is_said_to_be_one_that_nothing_needs(drive, tmp_path):
    module, _ = drive

    def refused(place):
        raise ValueError("mount failed")

    module.mount = refused
    with pytest.raises(PermissionError, match=r"mount failed.*runs without it"):
        colab.mount_drive(place=tmp_path)
    assert os.environ[download.CACHE_VARIABLE] == "before"
    assert list(tmp_path.iterdir()) == []


def test_elsewhere_everything_lasts_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv(download.CACHE_VARIABLE, str(tmp_path))
    assert colab.mount_drive() == tmp_path
    assert list(tmp_path.iterdir()) == []
