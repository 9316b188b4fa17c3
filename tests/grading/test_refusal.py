"""Where there can be no sandbox, it is said why, and what to do about it."""

import sys

import pytest

from vistext.grading import kernel, sandbox


def test_elsewhere_than_on_linux_it_is_said_that_there_is_none(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert "no sandbox on win32" in str(sandbox.refusal())


@pytest.fixture
def refused(monkeypatch):
    """Bubblewrap that says no, and `problem` and what it says of it."""
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: name)

    def refuse(message):
        monkeypatch.setattr(sandbox, "_bubblewrap", lambda *_: ["sh", "-c", f"echo '{message}' >&2; exit 1"])
        sandbox._unprivileged_user.cache_clear()
        return str(sandbox.refusal())

    yield refuse
    sandbox._unprivileged_user.cache_clear()


@pytest.mark.sandbox
def test_bubblewrap_where_programs_are_not_looked_for_is_named(refused, monkeypatch):
    refused("")
    monkeypatch.setattr(sandbox, "_bubblewrap", lambda *_: ["bwrap-that-is-not-there"])
    sandbox._unprivileged_user.cache_clear()
    assert "bubblewrap cannot be started" in str(sandbox.refusal())
    assert "bwrap-that-is-not-there" in str(sandbox.refusal())


@pytest.mark.sandbox
def test_where_bubblewrap_is_refused_all_that_it_says_is_told_and_a_way_out(refused):
    message = refused("bwrap: setting up uid map: Permission denied")
    assert message.startswith("bubblewrap is refused here (bwrap: setting up uid map: Permission denied): ")
    assert "user namespaces" in message
    assert "--no-sandbox" in message
    assert "apt install" not in message  # it is installed


@pytest.mark.sandbox
def test_where_python_does_not_start_inside_nothing_is_said_of_namespaces(refused):
    assert "Python does not start in it (ModuleNotFoundError: numpy)" in refused("ModuleNotFoundError: numpy")


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"kernel/apparmor_restrict_unprivileged_userns": 1}, "kernel.apparmor_restrict_unprivileged_userns=0"),
        ({"kernel/unprivileged_userns_clone": 0, "user/max_user_namespaces": 9}, "userns_clone=1"),
        ({"user/max_user_namespaces": 0}, "user.max_user_namespaces=10000"),
        ({"user/max_user_namespaces": 9}, "unshare --user"),
    ],
)
def test_the_way_out_is_the_machine_s_own(settings, remedy, tmp_path):
    for name, value in settings.items():
        path = tmp_path / "proc" / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    assert remedy in kernel.remedy(tmp_path)


@pytest.mark.parametrize("mark", kernel.CONTAINERS)
def test_in_a_container_it_is_said_how_to_start_it(mark, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / mark).touch()
    assert "--security-opt seccomp=unconfined" in kernel.remedy(tmp_path)


def test_the_guide_has_the_profile_that_is_spoken_of():
    guide = (sandbox.PACKAGE.parent / "notebooks" / "exercises" / "README.md").read_text(encoding="utf-8")
    assert "## Where bubblewrap is refused" in guide
    for _, _, remedy in kernel.SETTINGS:
        assert remedy.partition("sudo sysctl -w ")[2] in guide
    assert "profile bwrap /usr/bin/bwrap flags=(unconfined)" in guide
