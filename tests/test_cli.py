"""The command line: what is asked for is done and nothing else, and what cannot be done is said in one line."""

import json
import signal
import struct
import subprocess
import sys
import time
import zlib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vistext import cli, doctor
from vistext.display import tour
from vistext.display.tour.sections import tags_section
from vistext.doctor import Finding
from vistext.scenes import sample

BLACK = np.zeros((32, 32, 3), np.uint8)
CAT = tags_section({"cat": 0.92, "dog": 0.08}, BLACK, np.zeros((480, 480, 3), np.uint8), np.ones((3, 3), np.float32))


@pytest.fixture
def picture(tmp_path):
    Image.new("RGB", (40, 30), "orange").save(tmp_path / "fruit.png")
    return tmp_path / "fruit.png"


def tag_with(monkeypatch, tags):
    monkeypatch.setattr(tour, "TASKS_OF_A_PHOTOGRAPH", (tags,))


@pytest.fixture
def tagged(monkeypatch):
    """The tagger, replaced by one that answers at once: what is under test here is the command line."""
    tag_with(monkeypatch, lambda picture: CAT)


@pytest.fixture
def no_tagger(monkeypatch):
    """A tagger that must not be asked."""
    tag_with(monkeypatch, lambda picture: pytest.fail("TensorFlow would have been started"))


def bomb():
    """A PNG of a few bytes that claims 60,000 × 60,000 pixels."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def cut(path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:2000])


WRONG = {
    "no such file": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "empty": lambda path: path.touch(),
    "not a picture": lambda path: path.write_text("a cat, in words"),
    "cut short": cut,
    "million pixels": lambda path: path.write_bytes(bomb()),
}


@pytest.mark.parametrize("said", WRONG)
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["table", "json"])
def test_what_is_not_a_picture_is_refused_in_one_line_and_nothing_is_written(
    said, options, tmp_path, capsys, no_tagger
):
    path = tmp_path / "given.jpg"
    WRONG[said](path)
    before = sorted(tmp_path.iterdir())
    code = cli.main(["tour", str(path), "--out", str(tmp_path / "out"), *options])
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert "given.jpg" in err
    assert said in err
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_name_of_two_lines_is_still_refused_in_one(tmp_path, capsys, no_tagger):
    assert cli.main(["tour", str(tmp_path / "two\nlines.png"), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_wrong_picture_is_refused_before_tensorflow_is_imported(tmp_path):
    program = "import sys; from vistext.cli import main; print(main(sys.argv[1:]), 'tensorflow' in sys.modules)"
    words = ["tour", str(tmp_path / "none.png"), "--out", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "False"]


@pytest.mark.parametrize("below", ["", "below"])
def test_a_folder_that_cannot_be_made_is_refused_in_one_line_before_the_work(below, picture, capsys, no_tagger):
    taken = picture.with_name("taken")
    taken.write_text("a file")
    assert cli.main(["tour", str(picture), "--out", str(taken / below)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "is a file" in err
    assert "--out" in err
    assert taken.read_text() == "a file"


def test_a_folder_without_permission_is_refused_before_the_work(picture, capsys, no_tagger, monkeypatch):
    # Whoever runs tests as root may write anywhere, so the system's answer is given here.
    monkeypatch.setattr("vistext.display.tour.page.os.access", lambda path, mode: False)
    assert cli.main(["tour", str(picture), "--out", str(picture.with_name("out"))]) == 2
    assert "no permission" in capsys.readouterr().err
    assert not picture.with_name("out").exists()


def test_the_tour_prints_a_table_and_the_sentence_and_writes_the_page_to_out(picture, capsys, tagged, monkeypatch):
    monkeypatch.chdir(picture.parent)
    assert cli.main(["tour", "fruit.png"]) == 0
    out, err = capsys.readouterr()
    printed = (
        "fruit.png · 40 × 30 pixels",
        "1   cat",
        "92 %",
        "The picture most likely shows a cat (92 %).",
        "tour.html",
    )
    assert all(text in out for text in printed)
    assert (picture.parent / "out" / "tour.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert err == ""


@pytest.mark.parametrize("name", ["-cat.png", "--scene.png", "-h.png"])
def test_a_picture_whose_name_begins_with_a_dash_is_taken(name, picture, capsys, tagged, monkeypatch):
    picture.rename(picture.with_name(name))
    monkeypatch.chdir(picture.parent)
    assert cli.main(["tour", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pictures"][0]["name"] == name


def test_json_is_all_there_is_on_stdout(picture, capsys, tagged):
    page = picture.with_name("out") / "tour.html"
    assert cli.main(["tour", str(picture), "--out", str(page.parent), "--json"]) == 0
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert err == ""
    assert facts.pop("seconds") >= 0
    versions = facts.pop("versions")
    assert list(versions) == ["vistext", "Python", "TensorFlow", "Keras", "NumPy"]
    assert all(version[0].isdigit() for version in versions.values())
    assert facts == {
        "pictures": [{"name": "fruit.png", "source": str(picture), "width": 40, "height": 30}],
        "tags": ["cat", "dog"],
        "probabilities": {"cat": 0.92, "dog": 0.08},
        "sentence": "The picture most likely shows a cat (92 %).",
        "page": str(page),
    }


@pytest.mark.parametrize("seed", ["-1", "1.5", "cat", "", "²"])
def test_a_seed_that_is_no_whole_number_is_refused(seed, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["tour", f"--scene={seed}"])
    assert end.value.code == 2
    assert "is not a whole number of at least 0" in capsys.readouterr().err


def test_a_picture_and_a_scene_at_once_are_refused(picture, capsys):
    assert cli.main(["tour", str(picture), "--scene", "3"]) == 2
    assert "not both" in capsys.readouterr().err


def test_the_scene_of_a_seed_is_searched(tmp_path, capsys):
    assert cli.main(["tour", "--scene", "3", "--out", str(tmp_path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    [scene] = sample(1, 3, "test")
    assert sorted(box["kind"] for box in facts["boxes"]) == sorted(thing.kind for thing in scene.objects)
    assert set(facts["masks"]) == {thing.kind for thing in scene.objects}
    assert facts["pixels_right"] > 0.95


def test_a_terminal_that_knows_no_unicode_gets_the_answer_all_the_same(picture):
    program = (
        "import sys; from vistext import cli; import tests.test_cli as here; "
        "here.tour.TASKS_OF_A_PHOTOGRAPH = (lambda picture: here.CAT,); sys.exit(cli.main(sys.argv[1:]))"
    )
    words = ["tour", str(picture), "--out", str(picture.parent)]
    root = Path(__file__).parents[1]
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(root), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, check=True, env=environment)
    assert b"The picture most likely shows a cat (92 %)." in done.stdout


def test_an_interruption_ends_without_a_traceback(picture, capsys, monkeypatch):
    def interrupted(picture):
        raise KeyboardInterrupt

    tag_with(monkeypatch, interrupted)
    assert cli.main(["tour", str(picture), "--out", str(picture.with_name("out"))]) == 130
    assert capsys.readouterr().err.strip() == "vistext: interrupted"
    assert not picture.with_name("out").exists()


def test_without_tensorflow_the_tour_says_how_to_get_it(picture, capsys, monkeypatch):
    def absent(picture):
        raise ModuleNotFoundError('pip install "vistext[cpu]"', name="tensorflow")

    tag_with(monkeypatch, absent)
    assert cli.main(["tour", str(picture), "--out", str(picture.with_name("out"))]) == 1
    assert "vistext[cpu]" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["tour", "--help"], ["doctor", "--help"]])
def test_help_comes_at_once(words):
    program = (
        "import sys\nfrom vistext.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: print(end.code, sorted({'tensorflow', 'numpy', 'rich', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_no_command_shows_the_help_and_an_unknown_one_is_refused(capsys):
    assert cli.main([]) == 0
    assert "tour" in capsys.readouterr().out
    with pytest.raises(SystemExit) as end:
        cli.main(["dance"])
    assert end.value.code == 2
    assert "dance" in capsys.readouterr().err


READY = [Finding("Python", "ready", "3.11.7"), Finding("JupyterLab", "optional", "not installed", remedy="pip")]
MEND = [Finding("TensorFlow", "mend", "2.10.0", ">=2.18", 'pip install "tensorflow>=2.18"')]


@pytest.mark.parametrize(
    ("findings", "code", "printed"),
    [
        (READY, 0, ["✓ ready", "– optional", "JupyterLab: pip", "Ready."]),
        (MEND, 1, ["✗ mend", 'TensorFlow: pip install "tensorflow>=2.18"', "Not ready"]),
    ],
    ids=["ready", "to be mended"],
)
def test_the_doctor_names_each_remedy_and_its_exit_code_says_whether_all_is_ready(
    findings, code, printed, capsys, monkeypatch
):
    monkeypatch.setattr(doctor, "examine", lambda devices: findings)
    assert cli.main(["doctor"]) == code
    out = capsys.readouterr().out
    assert all(text in out for text in printed)
    assert cli.main(["doctor", "--json"]) == code
    as_json = {"ready": code == 0, "findings": [asdict(finding) for finding in findings]}
    assert json.loads(capsys.readouterr().out) == as_json


def test_data_says_what_it_found_and_where(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("VISTEXT_CACHE", str(tmp_path / "cache"))
    for split, number in (("train", 3), ("test", 1)):
        for name in ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"):
            folder = tmp_path / "cifar10" / split / name
            folder.mkdir(parents=True)
            for index in range(number):
                Image.new("RGB", (32, 32), (index, len(name), 7)).save(folder / f"{index}.png")
    assert cli.main(["data", str(tmp_path / "cifar10")]) == 0
    out = capsys.readouterr().out
    assert "30 training and 10 test pictures" in out
    assert str(tmp_path / "cifar10") in out


def test_data_that_is_not_there_is_said_without_a_traceback(tmp_path, capsys):
    assert cli.main(["data", str(tmp_path / "nothing")]) == 1
    assert str(tmp_path / "nothing") in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for child processes")
@pytest.mark.parametrize("delay", [0.1, 1.0])
def test_ctrl_c_while_tensorflow_starts_ends_with_130(delay, picture):
    program = (
        "import sys; from vistext import cli; from vistext.display import tour; "
        "tour.weights.verify = lambda name: print('TensorFlow is next', flush=True); sys.exit(cli.main(sys.argv[1:]))"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", program, "tour", str(picture), "--out", str(picture.with_name("out"))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "next" in running.stdout.readline()
    time.sleep(delay)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in err
    assert not picture.with_name("out").exists()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says how much memory was used")
def test_the_whole_tour_says_cat_and_nothing_else_within_its_memory(tmp_path):
    # The memory of the process itself: what the system counts for a child includes what its parent had.
    peak = tmp_path / "peak.txt"
    run = (
        "import sys; from pathlib import Path; from vistext.cli import main; code = main(sys.argv[2:]); "
        "Path(sys.argv[1]).write_text(Path('/proc/self/status').read_text()); sys.exit(code)"
    )
    words = [sys.executable, "-c", run, str(peak), "tour", "--json", "--out", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["tags"][0] == "cat"
    assert done.stderr == ""
    assert (tmp_path / "tour.html").is_file()
    [used] = (line.split()[1] for line in peak.read_text().splitlines() if line.startswith("VmHWM"))
    assert int(used) / 1024 < 900  # it is in KiB; 600 MiB are TensorFlow's
