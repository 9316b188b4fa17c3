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
        if name not in versions:
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
    monkeypatch.setattr(doctor.util, "find_spec", lambda name: object() if "tensorflow-cpu" in versions else None)
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


def test_a_missing_tensorflow_is_mended_by_an_extra(machine):
    del machine["tensorflow-cpu"]

    finding = found("TensorFlow", doctor.packages())

    assert (finding.state, finding.found, finding.wanted) == ("mend", "not installed", ">=2.18")
    assert "vistext[cpu]" in finding.remedy


def test_a_tensorflow_of_which_only_the_label_is_left_is_missing(machine, monkeypatch):
    monkeypatch.setattr(doctor.util, "find_spec", lambda name: None)

    assert found("TensorFlow", doctor.packages()).found == "not installed"


@pytest.mark.parametrize(
    ("package", "version", "subject", "remedy"),
    [
        ("tensorflow-cpu", "2.10.1", "TensorFlow", 'pip install "tensorflow-cpu>=2.18"'),
        ("keras", "2.15.0", "Keras", 'pip install "keras>=3.5.0"'),
        ("numpy", "1.24.0", "NumPy", 'pip install "numpy>=1.26"'),
        ("jupyterlab", "3.6.0", "JupyterLab", 'pip install "jupyterlab>=4.2"'),
        ("rich", "12.0.0", "rich", 'pip install "rich>=13.7"'),
    ],
)
def test_a_version_out_of_range_is_mended_by_one_within(package, version, subject, remedy, machine):
    machine[package] = version

    finding = found(subject, doctor.packages())

    assert (finding.state, finding.found, finding.remedy) == ("mend", version, remedy)


@pytest.mark.parametrize("version", ["2.18.0rc1", "2.17.1"])
def test_what_comes_before_the_lowest_version_is_out_of_range(version, machine):
    machine["tensorflow-cpu"] = version

    assert found("TensorFlow", doctor.packages()).state == "mend"


def test_a_release_candidate_within_the_range_is_ready(machine):
    machine["tensorflow-cpu"] = "2.21.0rc0"

    assert found("TensorFlow", doctor.packages()).state == "ready"


def test_a_machine_without_the_lesson_tools_is_ready_and_told_how_to_get_them(machine):
    del machine["jupyterlab"]

    findings = doctor.packages()

    assert found("JupyterLab", findings).state == "optional"
    assert "vistext[course]" in found("JupyterLab", findings).remedy
    assert doctor.is_ready(findings)


def test_a_missing_package_of_the_base_install_needs_mending(machine):
    del machine["pillow"]

    findings = doctor.packages()

    assert found("pillow", findings).remedy == 'pip install "pillow>=11.3"'
    assert not doctor.is_ready(findings)


@pytest.mark.parametrize(
    ("version", "state"), [("3.9.18", "mend"), ("3.10.0", "ready"), ("3.13.7", "ready"), ("3.14.0", "mend")]
)
def test_python_is_held_against_the_range_of_the_package(version, state, machine, monkeypatch):
    monkeypatch.setattr(doctor.platform, "python_version", lambda: version)

    finding = doctor.python()

    assert (finding.state, finding.found, finding.wanted) == (state, version, ">=3.10, <3.14")
    assert bool(finding.remedy) == (state == "mend")


def test_a_checkout_that_was_never_installed_is_told_to_be(machine):
    machine.clear()

    findings = doctor.examine()

    assert "make tour" in found("Python", findings).remedy
    assert found("TensorFlow", findings).state == "mend"


def test_what_breaks_during_the_examination_is_a_finding(machine, monkeypatch):
    def broken():
        raise RuntimeError("the disk hums")

    monkeypatch.setattr(doctor, "memory", broken)

    finding = found("memory", doctor.examine())

    assert finding.state == "mend"
    assert "the disk hums" in finding.found


def test_the_examination_does_not_start_tensorflow():
    program = (
        "import sys; from vistext import doctor; doctor.examine(); print({'tensorflow', 'keras'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


def test_a_setting_of_keras_s_that_is_overruled_is_told(machine, monkeypatch, tmp_path):
    (tmp_path / "keras.json").write_text('{"image_data_format": "channels_first"}', encoding="utf-8")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", "jax")

    finding = found("Keras's settings", doctor.examine())

    assert finding.state == "ready"
    assert "backend jax, image_data_format channels_first: overruled" in finding.found
    assert "image_data_format channels_last" in finding.found


def test_settings_with_which_keras_does_not_start_need_mending(machine, monkeypatch, tmp_path):
    (tmp_path / "keras.json").write_text('{"floatx": "half"}', encoding="utf-8")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    finding = found("Keras's settings", doctor.examine())

    assert finding.state == "mend"
    assert str(tmp_path / "keras.json") in finding.found
    assert finding.remedy == "mend or delete it"


def test_a_file_here_that_hides_a_module_needs_mending(machine, monkeypatch, tmp_path):
    (tmp_path / "random.py").touch()
    monkeypatch.chdir(tmp_path)

    finding = found("modules", doctor.examine())

    assert finding.state == "mend"
    assert str(tmp_path / "random.py") in finding.found
    assert "rename it" in finding.remedy


def test_where_nothing_is_in_the_way_nothing_is_said_of_it(machine, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.chdir(tmp_path)

    assert doctor.settings() == []


def test_every_finding_that_needs_mending_has_a_remedy(machine, monkeypatch):
    machine.clear()
    monkeypatch.setenv("VISTEXT_PROFILE", "huge")

    mend = [finding for finding in doctor.examine() if finding.state == "mend"]

    assert {"Python", "TensorFlow", "Keras", "profile"} <= {finding.subject for finding in mend}
    assert all(finding.remedy for finding in mend)


def answer(monkeypatch, **outcome):
    done = types.SimpleNamespace(**({"returncode": 0, "stdout": "", "stderr": ""} | outcome))
    monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: done)


def test_asked_for_its_devices_tensorflow_names_them(machine, monkeypatch):
    answer(monkeypatch, stdout="CPU GPU GPU\n")

    finding = found("devices", doctor.examine(devices=True))

    assert finding.state == "ready"
    assert "CPU and 2 GPUs" in finding.found


def test_a_gpu_that_tensorflow_does_not_see_is_told(machine, monkeypatch):
    answer(monkeypatch, stdout="CPU\n")
    monkeypatch.setattr(doctor, "_nvidia_gpus", lambda: ["NVIDIA T4"])

    finding = doctor.tensorflow_devices()

    assert finding.state == "optional"
    assert "vistext[gpu]" in finding.remedy


def test_a_tensorflow_built_for_another_processor_is_a_finding_and_not_a_crash(machine, monkeypatch):
    answer(monkeypatch, returncode=-4)

    finding = doctor.tensorflow_devices()

    assert finding.state == "mend"
    assert "-4" in finding.found


def test_a_tensorflow_that_cannot_be_imported_gives_its_reason(machine, monkeypatch):
    answer(monkeypatch, returncode=1, stderr="Traceback\n  ...\nImportError: libcuda.so.1 is missing\n")

    assert "libcuda.so.1 is missing" in doctor.tensorflow_devices().found


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


@pytest.fixture
def proc(tmp_path):
    """A machine with 8 GiB of which 4 are free, and no container."""
    file = tmp_path / "meminfo"
    file.write_text("MemTotal:        8388608 kB\nMemFree:          100 kB\nMemAvailable:    4194304 kB\n")
    return file


def test_memory_is_told_in_gib(proc, tmp_path):
    finding = doctor.memory(proc, tmp_path)

    assert finding.state == "ready"
    assert finding.found == "8.0 GiB, 4.0 GiB of it free"


def test_in_a_container_its_limit_counts(proc, tmp_path):
    (tmp_path / "memory.max").write_text(f"{2 * 2**30}\n")
    (tmp_path / "memory.current").write_text(f"{2**30}\n")

    finding = doctor.memory(proc, tmp_path)

    assert finding.state == "mend"
    assert finding.found == "2.0 GiB, 1.0 GiB of it free"
    assert finding.remedy


def test_a_container_without_a_limit_has_the_machine_s_memory(proc, tmp_path):
    (tmp_path / "memory.max").write_text("max\n")

    assert doctor.memory(proc, tmp_path).found.startswith("8.0 GiB")


def test_a_system_without_proc_still_gets_an_answer(tmp_path):
    assert doctor.memory(tmp_path / "none", tmp_path).state == "ready"


@pytest.fixture
def shipped(tmp_path):
    """A folder with one file of weights and the card that describes it."""
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of "abc", from FIPS 180-2
    (tmp_path / "tagger.npz").write_bytes(b"abc")
    (tmp_path / "tagger.json").write_text(json.dumps({"sha256": digest}))
    return tmp_path


def test_weights_that_their_card_describes_are_ready(shipped):
    assert doctor.weights(shipped).state == "ready"


def test_damaged_weights_need_mending(shipped):
    (shipped / "tagger.npz").write_bytes(b"abd")

    finding = doctor.weights(shipped)

    assert finding.state == "mend"
    assert "tagger.npz" in finding.found
    assert finding.remedy


@pytest.mark.parametrize("missing", ["tagger.npz", "tagger.json"])
def test_missing_weights_need_mending(missing, shipped):
    (shipped / missing).unlink()

    assert doctor.weights(shipped).state == "mend"


def test_data_that_is_here_is_told_with_its_place(tmp_path, monkeypatch):
    for split in ("train", "test"):
        for name in ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"):
            folder = tmp_path / "cifar10" / split / name
            folder.mkdir(parents=True)
            (folder / "1.png").touch()
    monkeypatch.setenv("VISTEXT_DATA", str(tmp_path))

    finding = doctor.cifar10()

    assert finding.state == "ready"
    assert str(tmp_path / "cifar10") in finding.found


def test_data_that_is_nowhere_is_no_fault_and_can_be_had(tmp_path, monkeypatch):
    monkeypatch.setenv("VISTEXT_DATA", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("vistext.data.download.download_folder", lambda: tmp_path)

    finding = doctor.cifar10()

    assert finding.state == "optional"
    assert "vistext data" in finding.remedy
    assert str(tmp_path) in finding.found


def test_damaged_data_needs_mending(tmp_path, monkeypatch):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"\x1f\x8b cut")
    monkeypatch.setenv("VISTEXT_DATA", str(tmp_path))

    finding = doctor.cifar10()

    assert finding.state == "mend"
    assert "cifar-10-python.tar.gz" in finding.found


def test_grading_is_ready_where_nbgrader_and_a_sandbox_are(machine, monkeypatch):
    machine["nbgrader"] = "0.9.6"
    monkeypatch.setattr(sandbox, "refusal", lambda: None)

    finding = doctor.grading()

    assert finding.state == "ready"
    assert "0.9.6" in finding.found


@pytest.mark.parametrize(
    ("versions", "problem", "remedy"),
    [
        ({}, None, "vistext[grade]"),
        ({"nbgrader": "0.9.6"}, sandbox.SandboxError("no bwrap here", "apt install bubblewrap"), "apt install"),
    ],
)
def test_what_grading_lacks_is_told_and_is_no_fault_for_a_student(versions, problem, remedy, machine, monkeypatch):
    machine.update(versions)
    monkeypatch.setattr(sandbox, "refusal", lambda: problem)

    finding = doctor.grading()

    assert finding.state == "optional"
    assert remedy in finding.remedy


def test_what_bubblewrap_says_is_told_whole_and_so_is_the_way_out(machine, monkeypatch):
    machine["nbgrader"] = "0.9.6"
    refused = sandbox.SandboxError("bubblewrap is refused here (bwrap: setting up uid map: Permission denied)", "do: x")
    monkeypatch.setattr(sandbox, "refusal", lambda: refused)

    finding = doctor.grading()

    assert "(bwrap: setting up uid map: Permission denied)" in finding.found
    assert finding.remedy == "do: x"
