"""What the bench says of grading: both graders have the same work, and the figures are what was measured."""

import json

import pytest

from tools import bench_grading
from tools.notebooks.release import sources

SOURCE = next(path for path in sources() if path.stem.startswith("ps01"))


def stubs(text):
    code = ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    return sum("raise NotImplementedError()" in source for source in code)


def test_every_second_student_has_answered_all_and_no_two_hand_in_the_same():
    handed_in = [bench_grading.submission(SOURCE, number) for number in range(20)]
    assert handed_in == [bench_grading.submission(SOURCE, number) for number in range(20)]
    assert len(set(handed_in)) == 20
    assert [stubs(text) for text in handed_in[::2]] == [0] * 10
    assert sum(stubs(text) > 0 for text in handed_in[1::2]) >= 8


@pytest.fixture
def told(monkeypatch):
    """Both graders replaced by what notes who is there to be graded; a clock for two runs of them."""
    done = []

    def students(course):
        return sorted(path.name for path in (course / "submitted").iterdir())

    monkeypatch.setattr(bench_grading, "nbgrader", lambda course, command, *_: done.append((command, students(course))))
    monkeypatch.setattr(
        bench_grading, "grade", lambda course, problem_set: done.append((problem_set, students(course)))
    )
    monkeypatch.setattr(
        bench_grading, "scores", lambda course, problem_set: {one: {"a": 1.0} for one in students(course)}
    )
    clock = iter([0.0, 60.0, 100.0, 110.0])
    monkeypatch.setattr(bench_grading.time, "perf_counter", lambda: next(clock))
    return done


def test_both_graders_get_the_same_submissions_after_one_that_is_not_timed(told):
    theirs, ours = bench_grading.beside_nbgrader(count=3)
    first, everybody = ["student00000"], [f"student{number:05d}" for number in range(4)]
    assert told == [
        ("generate_assignment", first),
        ("autograde", first),
        ("autograde", everybody),
        ("ps01", first),
        ("ps01", everybody),
    ]
    assert (theirs["submissions"], theirs["seconds"], theirs["submissions_a_minute"]) == (3, 60, 3)
    assert (ours["submissions"], ours["seconds"], ours["submissions_a_minute"]) == (3, 10, 18)
    assert (ours["times_as_fast"], ours["same_scores"], ours["reached"]) == (6, True, True)


def test_other_scores_do_not_reach_the_target_however_fast(told, monkeypatch):
    monkeypatch.setattr(bench_grading, "scores", lambda course, problem_set: {str(course): {"a": 1.0}})
    _, ours = bench_grading.beside_nbgrader(count=3)
    assert (ours["times_as_fast"], ours["same_scores"], ours["reached"]) == (6, False, False)


@pytest.mark.parametrize(
    ("parent", "worker", "flat"),
    [
        ([77, 133, 134, 136, 137, 137], [0, 41, 41, 42, 41, 42], True),
        ([77, 133, 134, 136, 137, 137], [0, 0, 40, 40, 40, 44], True),
        ([77, 133, 134, 145, 148, 148], [0, 41, 41, 42, 41, 42], False),  # the parent, in the first half
        ([77, 133, 134, 136, 137, 160], [0, 41, 41, 42, 41, 42], False),
        ([77, 133, 134, 136, 137, 137], [41, 41, 43, 48, 55, 60], False),  # a worker
        ([77, 133], [0, 41], False),  # too short to say
        ([77, 133, 134], [0, 0, 0], False),  # no worker was ever seen
    ],
)
def test_memory_is_flat_if_it_stays_what_it_was_when_all_was_loaded(parent, worker, flat):
    assert bench_grading.is_flat(parent, worker) == flat


def test_of_each_tenth_of_a_run_the_most_counts():
    assert bench_grading.tenths([float(number) for number in range(100)]) == list(range(9, 100, 10))
    assert bench_grading.tenths([5.4, 7.6]) == [5, 8]


@pytest.mark.sandbox
def test_a_class_is_graded_to_the_last_while_its_memory_is_watched(monkeypatch):
    monkeypatch.setattr(bench_grading, "INTERVAL", 0.5)
    [line] = bench_grading.of_a_class(2)
    assert (line["submissions"], line["entered"]) == (2, 2)
    assert min(line["parent_mib"]) > 0
    assert max(line["largest_worker_mib"]) > 10


def test_where_nothing_can_be_measured_it_is_said_why(monkeypatch):
    monkeypatch.setattr(bench_grading.sandbox, "refusal", lambda: "no bubblewrap")
    assert list(bench_grading.lines()) == [{"grading": "not measured", "why": "no bubblewrap"}]
