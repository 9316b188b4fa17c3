"""A Dask cluster of separate processes does what one process does, whoever of them dies."""

from dataclasses import replace

import dask
import pytest
import standins
from distributed import LocalCluster
from submissions import CLASS, job_of, table

from vistext import cli
from vistext.grading import batch, cluster
from vistext.grading.cluster import ClusterError

HERE = {"host": "127.0.0.1", "dashboard_address": None}

pytestmark = pytest.mark.sandbox


@pytest.fixture
def dask_cluster():
    """Start a scheduler and two workers, each a process."""
    running = []

    def start(deaths=3):
        with dask.config.set({"distributed.scheduler.allowed-failures": deaths}):
            running.append(LocalCluster(n_workers=2, threads_per_worker=1, processes=True, **HERE))
        return running[0]

    yield start
    for one in running:
        one.close()


@pytest.fixture
def ending(tmp_path, monkeypatch):
    """A file; the worker that finds it ends."""
    mark = tmp_path / "end"
    monkeypatch.setenv(standins.ENDING, str(mark))
    return mark


def found(outcome):
    """All that was found, but for how long it took."""
    return {name: replace(record.graded, seconds=0) for name, record in outcome.records.items()}


@pytest.mark.usefixtures("stand_in_sets")
def test_one_worker_two_workers_and_dask_give_the_same_marks_though_one_of_each_dies(
    course, handed_in, ending, dask_cluster, capsys
):
    job = job_of(course)
    alone = batch.grade_all(course, handed_in, job)
    marks = alone.table.read_bytes()
    ending.touch()
    two = batch.grade_all(course, handed_in, job, pool=batch.workers(2), again=True)
    assert not ending.exists()
    assert (found(two), two.table.read_bytes()) == (found(alone), marks)
    address = dask_cluster().scheduler_address
    ending.touch()
    on_dask = batch.grade_all(course, handed_in, job, pool=cluster.workers(address, job), again=True)
    assert not ending.exists()
    assert (found(on_dask), on_dask.table.read_bytes()) == (found(alone), marks)
    assert grade_by_command(course, handed_in, address) == cli.DONE
    assert "ps90_standin: 4 graded, 0 unchanged" in capsys.readouterr().out  # by other limits than before


def test_what_ends_every_worker_that_takes_it_is_given_to_a_person_and_the_rest_is_graded(
    course, handed_in, ending, dask_cluster
):
    job = job_of(course)
    address = dask_cluster(deaths=0).scheduler_address
    ending.touch()
    outcome = batch.grade_all(course, handed_in, job, pool=cluster.workers(address, job))
    states = [row["state"] for row in table(outcome).values()]
    assert outcome.graded == len(CLASS)
    assert states.count("not graded") == 1
    [lost] = [row for row in table(outcome).values() if row["state"] == "not graded"]
    assert "died" in lost["why"]


def test_when_the_scheduler_goes_what_was_graded_is_kept(course, handed_in, dask_cluster):
    job, running = job_of(course), dask_cluster()

    with pytest.raises(ClusterError, match="run the same command again"):
        batch.grade_all(
            course,
            handed_in,
            job,
            pool=cluster.workers(running.scheduler_address, job),
            progress=lambda student: running.close(),
        )
    outcome = batch.grade_all(course, handed_in, job)
    assert outcome.unchanged >= 1
    assert outcome.graded + outcome.unchanged == len(CLASS)
    assert table(outcome)["anna"]["score"] == "9"


def grade_by_command(course, handed_in, address):
    places = ["--course", str(course.folder), "--submissions", str(handed_in)]
    return cli.main(["grade", "ps90", *places, "--scheduler", address])


@pytest.mark.usefixtures("stand_in_sets")
def test_an_address_at_which_nobody_answers_is_said_with_what_to_do(course, handed_in, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    assert grade_by_command(course, handed_in, "tcp://127.0.0.1:9") == cli.MEND_FIRST
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("vistext: no Dask scheduler answers at tcp://127.0.0.1:9 (")
    assert "`dask scheduler` starts one" in last


def test_without_dask_it_is_said_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    assert cli.main(["grade", "ps01", "--scheduler", "tcp://127.0.0.1:9"]) == cli.MEND_FIRST
    assert 'pip install "vistext[grade]"' in capsys.readouterr().err


def test_a_worker_that_would_find_other_marks_is_not_asked(course, handed_in, dask_cluster, monkeypatch):
    job, address = job_of(course), dask_cluster().scheduler_address
    monkeypatch.setattr(cluster, "config_digest", lambda job: "another version's")
    with pytest.raises(ClusterError, match="another version of the exercises"):
        batch.grade_all(course, handed_in, job, pool=cluster.workers(address, job))


def test_a_cluster_without_workers_is_not_waited_for(course, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 3)
    with LocalCluster(n_workers=0, **HERE) as empty, pytest.raises(ClusterError, match="has no workers"):
        cluster.workers(empty.scheduler_address, job_of(course))()
