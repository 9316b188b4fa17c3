"""What a submission may take, and how a run is set up: plain data, which is sent to worker processes and recorded."""

from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path

MIB = 1 << 20
CORES = 4  # that TensorFlow may keep busy for one training


@dataclass(frozen=True)
class Limits:
    """What one submission may take. Trainings get time of their own: see `Job.allowed`."""

    seconds: float = 120.0  # by the clock, for the cases that are shown; and as many again for those held out
    cell_seconds: float = 60.0  # one cell; starting TensorFlow takes 15 of them on a busy machine
    call_seconds: float = 10.0  # one call of a student's function
    grace: float = 30.0  # more for a training than students are told: for a busy machine, and for starting TensorFlow
    processor_seconds: int = 120  # of one process
    memory: int = 4096 * MIB  # address space of one process, and what all of them hold; TensorFlow needs 1.6 GiB
    threads: int = 128  # TensorFlow starts some for each core
    disk: int = 64 * MIB  # in memory, and gone afterwards
    files: int = 10_000
    printed: int = 1 * MIB  # more is thrown away, and noted
    answer: int = 4 * MIB  # what comes back of one call
    file: int = 100 * MIB  # a notebook with its outputs, which are left behind
    notebook: int = 20 * MIB  # what stands in its cells
    restarts: int = 8  # new processes for a submission that has ended its own, or does not end


@dataclass(frozen=True)
class Job:
    """What is the same for all submissions of a set."""

    problem_set: str  # such as "ps01"
    release: dict = field(repr=False)  # the notebook that students were given, as JSON
    seed: int  # of the held-out cases
    limits: Limits = Limits()  # of each submission
    sandboxed: bool = True  # False only where an instructor has said so
    exercises: str = "vistext.exercises"  # the module that holds them
    hidden: tuple[Path, ...] = ()  # folders that the sandbox must not show

    @property
    def allowed(self) -> Limits:
        """The limits, with the time that networks are trained in: each on one case, by at most `CORES` at once."""
        exercises = import_module(self.exercises).of_set(self.problem_set)
        training = sum(exercise.seconds + self.limits.grace for exercise in exercises if exercise.seconds)
        processor_seconds = self.limits.processor_seconds + int(CORES * training)
        return replace(self.limits, seconds=self.limits.seconds + training, processor_seconds=processor_seconds)
