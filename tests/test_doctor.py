"""The doctor finds what is amiss, says what to do about it, and never falls ill itself."""

import json
import subprocess
import sys
import types

import pytest

from vistext import doctor
from vistext.grading import sandbox

REQUIRES = {
    "vistext": [
        "numpy>=1.26",
        "pillow>=11.3",
        "rich>=13.7",
        'tensorflow-cpu>=2.18; extra == "cpu"',
        'jupyterlab>=4.2; extra == "course"',
        'ipywidgets>=7.7; extra == "course"',
        'pytest>=8; extra == "dev"',
    ],
    "tensorflow-cpu": ["keras>=3.5.0", "numpy<2.3,>=1.26"],
}
VERSIONS = {
    "vistext": "0.1.0",
    "numpy": "2.1.3",
    "pillow": "11.3.0",
    "rich": "13.7.0",
    "tensorflow-cpu": "2.20.0",
    "keras": "3.13.2",
    "jupyterlab": "4.4.1",
    "ipywidgets": "7.7.1",
}


@pytest.fixture
def machine(monkeypatch):
    """A machine on which exactly these versions are installed; a test may change the dictionary."""
    versions = dict(VERSIONS)

    def version(name):
        if versions.get(name) is None:
            raise doctor.metadata.PackageNotFoundError(name)
        return versions[name]

    def requires(name):
        version(name)
        return REQUIRES.get(name)

    def metadata(name):
        version(name)
        return {"Requires-Python": "<3.14,>=3.10"}

    monkeypatch.setattr(doctor.metadata, "version", version)
    monkeypatch.setattr(doctor.metadata, "requires", requires)
    monkeypatch.setattr(doctor.metadata, "metadata", metadata)
    monkeypatch.setattr(doctor.util, "find_spec", lambda name: versions.get("tensorflow-cpu"))
    monkeypatch.setattr(doctor, "_nvidia_gpus", list)
    monkeypatch.delenv("VISTEXT_PROFILE", raising=False)
    return versions


def found(subject, findings):
    return next(finding for finding in findings if finding.subject == subject)


def test_on_a_supported_machine_every_package_is_ready(machine):
    findings = doctor.packages()
    assert {finding.state for finding in findings} == {"ready"}
    assert [(finding.subject, finding.found) for finding in findings] == [
        ("TensorFlow", "2.20.0"),
        ("Keras", "3.13.2"),
        ("NumPy", "2.1.3"),
        ("JupyterLab", "4.4.1"),
        ("ipywidgets", "7.7.1"),
        ("other packages", "pillow 11.3.0, rich 13.7.0"),
    ]


@pytest.mark.parametrize(
    "case",
    [
        ("tensorflow-cpu", None, "TensorFlow", "mend", "vistext[cpu]"),
        ("pillow", None, "pillow", "mend", 'pip install "pillow>=11.3"'),
        ("jupyterlab", None, "JupyterLab", "optional", "vistext[course]"),
        ("tensorflow-cpu", "2.10.1", "TensorFlow", "mend", 'pip install "tensorflow-cpu>=2.18"'),
        ("tensorflow-cpu", "2.18.0rc1", "TensorFlow", "mend", 'pip install "tensorflow-cpu>=2.18"'),
        ("tensorflow-cpu", "2.21.0rc0", "TensorFlow", "ready", ""),
        ("keras", "2.15.0", "Keras", "mend", 'pip install "keras>=3.5.0"'),
        ("numpy", "1.24.0", "NumPy", "mend", 'pip install "numpy>=1.26"'),
        ("jupyterlab", "3.6.0", "JupyterLab", "mend", 'pip install "jupyterlab>=4.2"'),
        ("rich", "12.0.0", "rich", "mend", 'pip install "rich>=13.7"'),
    ],
)
def test_a_package_that_is_missing_or_out_of_range_is_named_with_its_remedy(case, machine):
    package, version, subject, state, remedy = case
    machine[package] = version
    finding = found(subject, doctor.packages())
    assert (finding.state, finding.found) == (state, version or "not installed")
    assert remedy in finding.remedy
    assert bool(finding.remedy) == bool(remedy)
    assert doctor.is_ready(doctor.packages()) == (state != "mend")


def test_a_tensorflow_of_which_only_the_label_is_left_is_missing(machine, monkeypatch):
    monkeypatch.setattr(doctor.util, "find_spec", lambda name: None)
    assert found("TensorFlow", doctor.packages()).found == "not installed"


@pytest.mark.parametrize(
    ("version", "state"), [("3.9.18", "mend"), ("3.10.0", "ready"), ("3.13.7", "ready"), ("3.14.0", "mend")]
)
def test_python_is_held_against_the_range_of_the_package(version, state, machine, monkeypatch):
    monkeypatch.setattr(doctor.platform, "python_version", lambda: version)
    finding = doctor.python()
    assert (finding.state, finding.found, finding.wanted) == (state, version, ">=3.10, <3.14")
    assert bool(finding.remedy) == (state == "mend")


def test_a_checkout_that_was_never_installed_is_told_to_be_and_all_that_needs_mending_has_a_remedy(
    machine, monkeypatch
):
    machine.clear()
    monkeypatch.setenv("VISTEXT_PROFILE", "huge")
    findings = doctor.examine()
    mend = [finding for finding in findings if finding.state == "mend"]
    assert {"Python", "TensorFlow", "Keras", "profile"} <= {finding.subject for finding in mend}
    assert all(finding.remedy for finding in mend)
    assert "make tour" in found("Python", findings).remedy


def test_what_breaks_during_the_examination_is_a_finding(machine, monkeypatch):
    def broken():
        raise RuntimeError("the disk hums")

    monkeypatch.setattr(doctor, "memory", broken)
    finding = found("memory", doctor.examine())
    assert (finding.state, "the disk hums" in finding.found) == ("mend", True)


def test_the_examination_does_not_start_tensorflow():
    program = (
        "import sys; from vistext import doctor; doctor.examine(); print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    "case",
    [
        (
            '{"image_data_format": "channels_first"}',
            "jax",
            "ready",
            ("backend jax, image_data_format channels_first: overruled", "image_data_format channels_last"),
        ),
        ('{"floatx": "half"}', "", "mend", ("keras.json", "half")),
    ],
    ids=["overruled", "not accepted"],
)
def test_settings_of_keras_are_overruled_or_need_mending(case, machine, monkeypatch, tmp_path):
    settings, backend, state, texts = case
    (tmp_path / "keras.json").write_text(settings, encoding="utf-8")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", backend)
    finding = found("Keras's settings", doctor.examine())
    assert (finding.state, finding.remedy) == (state, "mend or delete it" if state == "mend" else "")
    assert all(text in finding.found for text in texts)


def test_a_file_here_that_hides_a_module_needs_mending(machine, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.chdir(tmp_path)
    assert doctor.settings() == []
    (tmp_path / "random.py").touch()
    finding = found("modules", doctor.examine())
    assert finding.state == "mend"
    assert str(tmp_path / "random.py") in finding.found
    assert "rename it" in finding.remedy


@pytest.mark.parametrize(
    "case",
    [
        ({"stdout": "CPU GPU GPU\n"}, ["NVIDIA T4"], "ready", "CPU and 2 GPUs"),
        ({"stdout": "CPU\n"}, ["NVIDIA T4"], "optional", "vistext[gpu]"),
        ({"returncode": -4}, [], "mend", "-4"),  # built for another processor
        (
            {"returncode": 1, "stderr": "Traceback\n  ...\nImportError: no libcuda.so.1\n"},
            [],
            "mend",
            "no libcuda.so.1",
        ),
    ],
    ids=["GPUs", "a GPU that is not seen", "a crash", "an import that fails"],
)
def test_asked_for_its_devices_tensorflow_names_them_or_what_is_wrong(case, machine, monkeypatch):
    outcome, gpus, state, text = case
    done = types.SimpleNamespace(**({"returncode": 0, "stdout": "", "stderr": ""} | outcome))
    monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: done)
    monkeypatch.setattr(doctor, "_nvidia_gpus", lambda: gpus)
    finding = found("devices", doctor.examine(devices=True))
    assert finding.state == state
    assert text in finding.found + finding.remedy


@pytest.mark.parametrize(
    ("environment", "gpus", "said"),
    [("smoke", [], "smoke (from"), ("", [], "cpu (chosen"), ("", ["T4"], "gpu, if"), ("gpu", [], "gpu (from")],
)
def test_the_profile_in_force_is_told(environment, gpus, said, machine, monkeypatch):
    monkeypatch.setenv("VISTEXT_PROFILE", environment)
    monkeypatch.setattr(doctor, "_nvidia_gpus", lambda: gpus)
    finding = doctor.profile_in_force()
    assert finding.state == "ready"
    assert finding.found.startswith(said)


@pytest.mark.parametrize(
    ("limit", "state", "text"),
    [
        (None, "ready", "8.0 GiB, 4.0 GiB of it free"),
        (f"{2 * 2**30}\n", "mend", "2.0 GiB, 1.0 GiB of it free"),
        ("max\n", "ready", "8.0 GiB, 4.0 GiB of it free"),
    ],
    ids=["no container", "a container with a limit", "a container without one"],
)
def test_memory_is_told_in_gib_and_the_limit_of_a_container_counts(limit, state, text, tmp_path):
    proc = tmp_path / "meminfo"
    proc.write_text("MemTotal:        8388608 kB\nMemFree:          100 kB\nMemAvailable:    4194304 kB\n")
    if limit is not None:
        (tmp_path / "memory.max").write_text(limit)
        (tmp_path / "memory.current").write_text(f"{2**30}\n")
    finding = doctor.memory(proc, tmp_path)
    assert (finding.state, finding.found, bool(finding.remedy)) == (state, text, state == "mend")
    assert doctor.memory(tmp_path / "none", tmp_path).state == "ready", "a system without /proc gets an answer, too"


@pytest.mark.parametrize("fault", ["", "damaged", "tagger.npz", "tagger.json"])
def test_weights_are_ready_if_they_are_there_and_as_their_card_says(fault, tmp_path):
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of "abc", from FIPS 180-2
    (tmp_path / "tagger.npz").write_bytes(b"abd" if fault == "damaged" else b"abc")
    (tmp_path / "tagger.json").write_text(json.dumps({"sha256": digest}))
    (tmp_path / fault).unlink() if fault.startswith("tagger") else None
    finding = doctor.weights(tmp_path)
    assert (finding.state, bool(finding.remedy)) == (("mend", True) if fault else ("ready", False))
    assert "tagger" in finding.found


def make_nothing(folder):
    return folder, "optional", "vistext data"


def make_pictures(folder):
    for split in ("train", "test"):
        for name in ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"):
            (folder / "cifar10" / split / name).mkdir(parents=True)
            (folder / "cifar10" / split / name / "1.png").touch()
    return folder / "cifar10", "ready", ""


def make_a_cut_archive(folder):
    (folder / "cifar-10-python.tar.gz").write_bytes(b"\x1f\x8b cut")
    return folder / "cifar-10-python.tar.gz", "mend", "delete"


@pytest.mark.parametrize("make", [make_nothing, make_pictures, make_a_cut_archive])
def test_data_is_told_with_its_place_and_what_is_nowhere_is_no_fault(make, tmp_path, monkeypatch):
    place, state, remedy = make(tmp_path)
    monkeypatch.setenv("VISTEXT_DATA", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("vistext.data.download.download_folder", lambda: tmp_path)
    finding = doctor.cifar10()
    assert finding.state == state
    assert str(place) in finding.found
    assert remedy in finding.remedy


REFUSED = "bubblewrap is refused here (bwrap: setting up uid map: Permission denied)"


@pytest.mark.parametrize(
    "case",
    [
        ({"nbgrader": "0.9.6"}, None, "ready", "0.9.6", ""),
        ({}, None, "optional", "no nbgrader", "vistext[grade]"),
        ({"nbgrader": "0.9.6"}, sandbox.SandboxError(REFUSED, "do: x"), "optional", REFUSED, "do: x"),
    ],
    ids=["ready", "no nbgrader", "no sandbox"],
)
def test_what_grading_lacks_is_told_and_is_no_fault_for_a_student(case, machine, monkeypatch):
    versions, problem, state, text, remedy = case
    machine.update(versions)
    monkeypatch.setattr(sandbox, "refusal", lambda: problem)
    finding = doctor.grading()
    assert finding.state == state
    assert text in finding.found
    assert remedy in finding.remedy
