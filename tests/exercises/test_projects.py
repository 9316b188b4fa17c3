"""Projects: what their bars measure, without training; and by `--thorough`, that baseline and solution reach theirs.

`pytest tests/exercises/test_projects.py --thorough` trains for some minutes.
"""

import json
from functools import cache

import nbformat
import numpy as np
import pytest

from tools.notebooks.files import code_cells, read
from tools.notebooks.release import projects, release_of
from vistext import exercises
from vistext.data.vocabulary import tokenize
from vistext.exercises import Failure, pr05
from vistext.exercises.pr02 import ROWS
from vistext.grading.cells import cell_of
from vistext.grading.grade import grade
from vistext.grading.limits import Job, Limits
from vistext.grading.restore import restore
from vistext.scenes import language
from vistext.scenes.language.lexicon import noun, with_article

NETWORKS = {name: exercises.of_set(name)[0] for name in exercises.PROJECTS}
PROJECT = pytest.mark.parametrize("name", exercises.PROJECTS)


@cache
def case(name, seed=1):
    [case] = NETWORKS[name].cases(seed)
    return case


def verdict(name, outputs):
    return NETWORKS[name].judge([case(name)], [outputs])


def boxes(truth):
    """The true boxes of pr02 as detections."""
    rows = np.zeros((len(truth["kinds"]), ROWS, 6))
    rows[:, :4] = np.concatenate([truth["boxes"], truth["kinds"][..., None], truth["kinds"][..., None] >= 0], axis=-1)
    return rows * (rows[..., 5:] > 0)


def captions(truth):
    """A true caption of each scene of pr05 that states enough, as ids."""
    known, rng = pr05.words(), np.random.default_rng(0)

    def find(scene):
        texts = (language.describe(scene, "description", rng) for _ in range(1000))
        fits = (text for text in texts if pr05.facts(text) >= pr05.FACTS and not known.unknown(text))
        return next(text for text in fits if len(tokenize(text)) <= pr05.TOKENS - 2)

    return known.encode([find(scene) for scene in truth], pr05.TOKENS).astype(float)


def encode(texts):
    return pr05.words().encode(texts, pr05.TOKENS).astype(float)


PERFECT = {"pr02": boxes, "pr05": captions, "pr08": lambda truth: truth["pleased"].astype(float)}


def perfect(name):
    return PERFECT[name](case(name)["truth"])


def partly(name, share):
    """Right outputs for a share of what is asked, and wrong ones for the rest."""
    outputs = perfect(name).copy()
    rest = slice(int(share * len(outputs)), None)
    outputs[rest] = 1 - outputs[rest] if name == "pr08" else 0
    return outputs


@PROJECT
def test_what_is_right_reaches_all_bars_and_less_of_it_fewer(name):
    found = verdict(name, perfect(name))
    assert (found.passed, found.share, found.mistake) == (True, 1.0, "")
    baseline, good, excellent = NETWORKS[name].at_least
    shares = [
        verdict(name, partly(name, (low + high) / 2)).share for low, high in ((baseline, good), (good, excellent))
    ]
    assert shares == [1 / 3, 2 / 3]
    assert verdict(name, partly(name, 0.9 * baseline)).share == 0


@PROJECT
def test_hidden_splits_differ_by_seed_and_training_data_never_do(name):
    first, second, shown = case(name), case(name, 2), NETWORKS[name].cases(None)[0]
    assert len({str(one["asked"]).__hash__() for one in (first, second, shown)}) == 3
    for key, value in first["given"].items():
        assert np.array_equal(value, second["given"][key])


@PROJECT
def test_an_untouched_starter_scores_nothing_and_what_trains_forever_is_said_to_be_too_slow(name):
    untouched = verdict(name, Failure("NotImplementedError", "nothing yet"))
    assert (untouched.share, untouched.mistake) == (0, "not-begun")
    assert verdict(name, Failure("Timeout", "nothing")).mistake == "too-slow"


def corners(rows, change):
    return np.concatenate([change(rows[..., :4]), rows[..., 4:]], axis=-1)


WRONG = {
    "pr02": {
        "nothing-detected": lambda rows: rows * 0,
        "not-in-pixels": lambda rows: corners(rows, lambda box: box / 32),
        "width-and-height": lambda rows: corners(
            rows, lambda box: np.concatenate([box[..., :2], box[..., 2:] - box[..., :2]], axis=-1)
        ),
        "wrong-kinds": lambda rows: rows + [0, 0, 0, 0, 1, 0] * (rows[..., 5:] > 0),
        "duplicates": lambda rows: np.concatenate([rows[:, :4], rows[:, :4] * [1, 1, 1, 1, 1, 2]] * 2, axis=1),
        "other": lambda rows: corners(rows, lambda box: box + 4),
    },
    "pr05": {
        "one-caption": lambda ids: np.repeat(ids[:1], len(ids), axis=0),
        "no-sentence": lambda ids: ids[:, ::-1],
        "too-few-facts": lambda ids: encode(
            [f"There is {with_article(noun(scene.objects[0].kind))}." for scene in case("pr05")["truth"]]
        ),
        "half-true": lambda ids: np.roll(ids, 1, axis=0),
        "other": lambda ids: np.where(np.arange(len(ids))[:, None] % 2, ids, 0),
    },
    "pr08": {
        "text-only": lambda pleased: pleased * 0 + np.argsort(np.argsort(case("pr08")["truth"]["pairs"])) // 2 % 2,
        "opposite": lambda pleased: 1 - pleased,
        "not-probabilities": lambda pleased: np.random.default_rng(0).normal(size=len(pleased)),
        "no-fusion": lambda pleased: np.random.default_rng(0).random(len(pleased)),
        "other": lambda pleased: np.where(np.random.default_rng(0).random(len(pleased)) < 0.3, 1 - pleased, pleased),
    },
}


@pytest.mark.parametrize(("name", "mistake"), [(name, mistake) for name in WRONG for mistake in WRONG[name]])
def test_a_wrong_network_does_not_reach_all_bars_and_is_told_why(name, mistake):
    found = verdict(name, WRONG[name][mistake](perfect(name)))
    assert not found.passed
    assert found.mistake == mistake


def test_every_symptom_of_a_project_has_a_wrong_network():
    for name, network in NETWORKS.items():
        assert {key for key, *_ in network.symptoms} <= set(WRONG[name])


def thorough(request):
    if not request.config.getoption("--thorough", default=False):
        pytest.skip("it trains for minutes: pytest tests/exercises/test_projects.py --thorough")


def source_of(name):
    return next(path for path in projects() if path.stem.startswith(name))


@cache
def defined(name):
    """What the cells of a project's source define, run from top to bottom as students run them, but for its check."""
    names = {}
    for cell in code_cells(read(source_of(name)))[1:]:
        if not cell.source.startswith("check("):
            exec(cell.source, names)
    return names


@PROJECT
def test_the_baseline_reaches_the_first_bar_alone_and_the_solution_all(name, request):
    thorough(request)
    exercise, names = NETWORKS[name], defined(name)
    for answer, share in ((names["train_baseline"], 1 / 3), (names[exercise.answer], 1)):
        outputs = exercises.answers_of(exercise, answer, [case(name)])
        found = exercise.judge([case(name)], outputs)
        print(name, found.came_back)
        assert found.share == share, found


def run_by_grader(name, *experiments):
    """The code of the cells that the grader runs of the solved project, with experiments of the student's."""
    source = source_of(name)
    submitted = [*read(source).cells, *map(nbformat.v4.new_code_cell, experiments)]
    release, of_set = read(release_of(source)).cells, exercises.of_set(name)
    return [cell.source for cell in restore(list(map(cell_of, submitted)), release, of_set).run]


@PROJECT
def test_the_grader_makes_no_experiment_again_and_no_picture(name):
    answer = NETWORKS[name].answer
    again = f"network = {answer}(**data)\nprint(measure(network))"
    run = run_by_grader(name, again, f"results = {{}}\nfor seed in range(3):\n    results[seed] = {answer}()")
    assert not [cell for cell in run if "set_random_seed" in cell or "plots." in cell or "results" in cell]
    assert again not in run
    assert any(f"def {answer}(" in cell for cell in run)


def test_the_grader_runs_a_cell_of_the_student_s_own_that_the_answer_uses():
    helper = "def suppress(*boxes):\n    return boxes"
    assert helper in run_by_grader("pr02", helper)


@pytest.mark.sandbox
def test_a_project_is_graded_from_its_notebook(request):
    thorough(request)
    source = source_of("pr08")
    job = Job("pr08", json.loads(nbformat.writes(read(release_of(source)))), 11, Limits(cell_seconds=200, seconds=600))
    result = grade(source.read_bytes(), job)
    assert [one.score for one in result.exercises.values()] == [12, None, None, None]
