"""A Dask cluster in place of worker processes: the same function, on other machines.

Dask gives what a worker that died had under way to another one. What passes between the machines is not encrypted, and
whoever reaches the scheduler can run programs on its workers: it belongs in a network that you trust, or behind
Dask's own TLS.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from importlib.util import find_spec

from vistext.grading import sandbox
from vistext.grading.batch import config_digest
from vistext.grading.grade import ungraded
from vistext.grading.limits import Job

PATIENCE = 30  # seconds for a scheduler to answer, and for a worker to be there
GONE = "the cluster is gone; what was graded is kept: run the same command again for the rest"


class ClusterError(RuntimeError):
    """A cluster cannot be used, or is gone."""


def without_dask() -> str | None:
    """What to do about it if Dask is not there; None if it is."""
    if find_spec("distributed") is None:
        return '--scheduler needs Dask: pip install "vistext[grade]"'
    return None


def workers(address: str, job: Job) -> Callable[[], Executor]:
    """What hands submissions to a cluster.

    Args:
        address: of its scheduler: "tcp://10.0.0.5:8786".
        job: whose exercises, and whose sandbox, each worker must have.

    Returns:
        A function that connects. It raises `ClusterError` if no scheduler answers, if there is no worker, or if one of
        them would not find the marks that this machine would.
    """
    return lambda: _Cluster(address, job)


class _Cluster(Executor):
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
            self._require_workers_like_us(address, job)
        except BaseException:
            self._client.close()
            raise

    @property
    def at_once(self) -> int:
        """As many submissions as the workers have threads now, be they more or fewer than before.

        Not more: when a worker dies, Dask suspects all that it was to do, begun or not.
        """
        if self._client.status != "running":
            raise ClusterError(GONE)
        with _told_when_gone():
            return max(sum(self._client.nthreads().values()), 1)

    def submit(self, function: Callable[..., dict], /, *given: object) -> Future:
        """Have a function called by a worker; what it found comes in a future of the standard library's."""
        told = Future()
        with _told_when_gone():
            asked = self._client.submit(function, *given, pure=False)
        asked.add_done_callback(lambda done: _pass_on(done, told))
        return told

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; what was not asked back is forgotten there."""
        self._client.close()

    def _require_workers_like_us(self, address: str, job: Job) -> None:
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise ClusterError(
                f"the scheduler at {address} has no workers; `dask worker {address} --nthreads 1` starts one"
            ) from None
        ours = config_digest(job)
        for worker, answer in self._client.run(_seen_there, job, on_error="return").items():
            if isinstance(answer, BaseException):
                why = f"it cannot grade: {_first_line(answer)}. Is vistext installed there?"
            elif answer[0] != ours:
                why = "it has another version of the exercises or of the grader; install the same one"
            else:
                why = answer[1]
            if why:
                raise ClusterError(f"worker {worker}: {why}")


@contextmanager
def _told_when_gone() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ClusterError(GONE) from error


def _seen_there(job: Job) -> tuple[str, str | None]:
    """What a mark depends on, as the worker has it; and why it has no sandbox, if it has none."""
    return config_digest(job), sandbox.problem() if job.sandboxed else None


def _pass_on(done, told: Future) -> None:
    from distributed.scheduler import KilledWorker

    if done.status not in ("finished", "error"):
        told.set_exception(ClusterError(GONE))
        return
    error = done.exception()
    if error is None:
        told.set_result(done.result())
    elif isinstance(error, KilledWorker):
        told.set_result(ungraded("each worker that graded it died"))
    else:
        told.set_exception(error)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
