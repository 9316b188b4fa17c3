"""The bench: what it times does the same in both ways, and its figures are what was timed."""

import argparse
import json
from types import SimpleNamespace

import numpy as np
import pytest

from tools import bench, bench_grading
from tools.notebooks.release import sources
from vistext.data.vocabulary import Vocabulary
from vistext.nn.decoder import CachedDecoder
from vistext.tasks import captioning

SOURCE = next(path for path in sources() if path.stem.startswith("ps01"))


@pytest.fixture
def timed(monkeypatch):
    """Lets what is timed take so many seconds, one after the other; a list of them takes the times of repetitions."""

    def take(*seconds):
        left = iter(seconds)

        def timeit(work, number):
            work()
            return next(left)

        stub = SimpleNamespace(timeit=timeit, repeat=lambda work, number, repeat: [work(), *next(left)][1:])
        for module in (bench, bench_grading):
            monkeypatch.setattr(module, "timeit", stub)

    return take


@pytest.fixture(scope="module")
def captioner():
    """A small captioner with random weights, for which most sentences end before they are cut."""
    words = Vocabulary.build(["a cat is sitting on the floor.", "the dog is small, and it runs."])
    config = captioning.model.CaptionerConfig(len(words), widths=(4, 4, 6, 4), depth=1, width=8, heads=2, blocks=2)
    random = np.random.default_rng(0)
    networks = captioning.model.build_image_encoder(config), captioning.model.build_caption_decoder(config)
    for weight in (weight for network in networks for weight in network.trainable_variables):
        weight.assign(random.normal(scale=0.5, size=weight.shape))
    return captioning.model.Captioner(networks[0], CachedDecoder(networks[1]), words)


def test_both_ways_of_captioning_are_timed_at_the_same_work(captioner, timed):
    timed([3.0, 2.0, 4.0], 50.0)  # three times all at once, once word by word
    plain, ours = bench.describing(captioner, count=6, one_by_one=2)
    assert plain["same_sentences"]
    assert (plain["pictures"], plain["seconds"], plain["pictures_a_second"]) == (2, 50, 0.04)
    assert plain["seconds_for_6_at_this_rate"] == 150
    assert (ours["pictures"], ours["seconds"], ours["pictures_a_second"]) == (6, 2, 3)
    assert ours["times_as_fast"] == 75
    assert not ours["reached"]  # many times as fast, but not within the second


@pytest.mark.parametrize(("seconds", "reached"), [([2.0, 0.5, 4.0], True), ([1.1, 1.2, 2.0], False)])
def test_answers_to_all_questions_are_timed_after_one_round_that_is_not(seconds, reached, timed):
    asked = []
    network = SimpleNamespace(answer=lambda pictures, questions: asked.append((len(pictures), *questions)))
    timed(seconds)
    [line] = bench.answering(network, count=6)
    assert (line["questions"], line["seconds"]) == (6, min(seconds))
    assert line["questions_a_second"] == round(6 / min(seconds), 2)
    assert (line["target_seconds"], line["reached"]) == (1.0, reached)
    assert len(asked) == 2
    assert len(set(asked)) == 1
    assert (asked[0][0], len(asked[0])) == (6, 7)
    assert all(question.endswith("?") for question in asked[0][1:])


def test_each_part_can_be_asked_for_alone(monkeypatch, capsys):
    for part in bench.PARTS:
        monkeypatch.setitem(bench.PARTS, part, lambda seed, part=part: iter([{part: seed}]))
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    for words, parts, seed in (
        ([], list(bench.PARTS), 0),
        *((["--only", part, "--seed=3"], [part], 3) for part in bench.PARTS),
    ):
        assert bench.run(parser.parse_args(words)) == 0
        assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{part: seed} for part in parts]


def stubs(text):
    code = ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    return sum("raise NotImplementedError()" in source for source in code)


def test_every_second_student_has_answered_all_and_no_two_hand_in_the_same():
    handed_in = [bench_grading.submission(SOURCE, number) for number in range(20)]
    assert handed_in == [bench_grading.submission(SOURCE, number) for number in range(20)]
    assert len(set(handed_in)) == 20
    assert [stubs(text) for text in handed_in[::2]] == [0] * 10
    assert sum(stubs(text) > 0 for text in handed_in[1::2]) >= 8


@pytest.mark.parametrize("same", [True, False])
def test_both_graders_get_the_same_submissions_after_one_that_is_not_timed(same, timed, monkeypatch):
    graded = []

    def students(course):
        return sorted(path.parent.parent.name for path in (course / "submitted").rglob("ps01*.ipynb"))

    for grader in ("autograde", "grade"):
        monkeypatch.setattr(bench_grading, grader, lambda course: graded.append((course.name, students(course))))
    monkeypatch.setattr(bench_grading, "scores", lambda course: dict.fromkeys(students(course), same or course.name))
    monkeypatch.setattr(bench_grading.sandbox, "refusal", lambda: None)
    timed(60.0, 10.0)
    theirs, ours = bench_grading.lines(count=3)
    first, everybody = ["student00000"], [f"student{number:05d}" for number in range(4)]
    assert graded == [(name, some) for name in ("by nbgrader", "by vistext") for some in (first, everybody)]
    assert (theirs["submissions"], theirs["seconds"], theirs["submissions_a_minute"]) == (3, 60, 3)
    assert (ours["submissions"], ours["seconds"], ours["submissions_a_minute"]) == (3, 10, 18)
    assert (ours["times_as_fast"], ours["same_scores"], ours["reached"]) == (6, same, same)


@pytest.mark.sandbox
def test_a_class_is_graded_to_the_last(tmp_path):
    seconds, scores = bench_grading.measure(tmp_path / "course", SOURCE, 1, bench_grading.grade)
    assert seconds > 0
    assert list(scores) == ["student00000", "student00001"]


def test_where_nothing_can_be_measured_it_is_said_why(monkeypatch):
    monkeypatch.setattr(bench_grading.sandbox, "refusal", lambda: "no bubblewrap")
    assert list(bench_grading.lines()) == [{"grading": "not measured", "why": "no bubblewrap"}]
