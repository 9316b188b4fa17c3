"""A Dask cluster in place of worker processes: the same function, on other machines, in a network that you trust."""

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from vistext.grading import sandbox
from vistext.grading.batch import Pool, config_digest
from vistext.grading.grade import grade
from vistext.grading.limits import Job
from vistext.grading.records import Graded

PATIENCE = 30  # seconds for a scheduler to answer, and for a worker to be there
GONE = "the cluster is gone; what was graded is kept: run the same command again for the rest"


class ClusterError(RuntimeError):
    """A cluster cannot be used, or is gone."""


def without_dask() -> str | None:
    """What to do about it if Dask is not there; None if it is."""
    if find_spec("distributed") is None:
        return '--scheduler needs Dask: pip install "vistext[grade]"'
    return None


def workers(address: str, job: Job) -> Callable[[], Pool]:
    """What hands submissions to the scheduler at an address; a `ClusterError` if it, or a worker, is of no use."""
    return lambda: _Cluster(address, job)


class _Cluster(Pool):
    """Gives each submission to a worker, and one that no worker survives to a person."""

    def __init__(self, address: str, job: Job):
        from distributed import Client

        try:
            self._client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"no Dask scheduler answers at {address} ({_first_line(error)}); `dask scheduler` starts one, "
                "and says its address"
            ) from error
        try:
            _require_equal_workers(self._client, address, job)
        except BaseException:
            self._client.close()
            raise
        self._executor = self._client.get_executor(pure=False)

    def __exit__(self, *_: object) -> None:
        self._client.close()  # what was not asked back is forgotten there

    def at_once(self) -> int:
        """As many as there are threads now: when a worker dies, Dask suspects all that it was to do, begun or not."""
        if self._client.status != "running":
            raise ClusterError(GONE)
        with _named_when_gone():
            return max(sum(self._client.nthreads().values()), 1)

    def submit(self, content: bytes, job: Job) -> "Future[Graded]":
        with _named_when_gone():
            return self._executor.submit(grade, content, job)

    def result(self, future: "Future[Graded]") -> Graded:
        from distributed.scheduler import KilledWorker

        try:
            return future.result()
        except KilledWorker:
            return Graded(flags=["each worker that graded it died"])
        except CancelledError as error:
            raise ClusterError(GONE) from error


def _require_equal_workers(client: Any, address: str, job: Job) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise ClusterError(
            f"the scheduler at {address} has no workers; `dask worker {address} --nthreads 1` starts one"
        ) from None
    ours = config_digest(job)
    for worker, answer in client.run(_inspect_worker, job, on_error="return").items():
        if isinstance(answer, BaseException):
            why = f"it cannot grade: {_first_line(answer)}. Is vistext installed there?"
        elif answer[0] != ours:
            why = "it has another version of the exercises or of the grader; install the same one"
        else:
            why = answer[1]
        if why:
            raise ClusterError(f"worker {worker}: {why}")


def _inspect_worker(job: Job) -> tuple[str, str]:
    """What a mark depends on, as the worker has it; and why it has no sandbox, if it has none."""
    return config_digest(job), str(sandbox.refusal() or "") if job.sandboxed else ""


@contextmanager
def _named_when_gone() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ClusterError(GONE) from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
