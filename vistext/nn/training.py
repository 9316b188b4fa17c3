"""Training that can be watched, interrupted and resumed, on top of Keras's `fit`.

model.compile(optimizer=Muon(0.24), loss=...)
history = fit(model, AugmentedBatches(images, labels), seconds=40, learning_rate=linear_decay(0.24))
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from tqdm import tqdm

from vistext.nn.engine import keras, tf
from vistext.nn.optimizers import Muon


def linear_decay(peak: float, end: float = 0.0) -> Callable[[float], float]:
    """A schedule from `peak` down to `end`: progress in [0, 1] → learning rate."""
    return lambda progress: peak + (end - peak) * min(1.0, progress)


def warmup_decay(peak: float, rising: float = 0.03) -> Callable[[float], float]:
    """A schedule that rises to `peak` over a share of the training, as Adam knows little at first; then down to 0."""
    return lambda progress: peak * min(1.0, progress / rising) * (1 - progress)


class Batches(keras.utils.PyDataset):
    """Training batches by number, without an end. Each depends on its number and a seed alone, if possible.

    Attributes:
        progress: how much of the training is done, 0 to 1; `fit` sets it.
    """

    progress = 0.0

    def __post_init__(self):  # subclasses are dataclasses
        super().__init__()

    @property
    def num_batches(self):
        return None


class Record(Protocol):
    """What a training went through, as `train_loop` writes it: a dataclass that can be written as JSON."""

    seconds: list[float]
    interrupted: bool

    def record(self, seconds: float, logs: Mapping[str, Any]) -> None: ...

    def summary(self) -> str: ...


AnyRecord = TypeVar("AnyRecord", bound=Record)


@dataclass
class History:
    """What a training went through: one entry a step, but for `interrupted`."""

    seconds: list[float] = field(default_factory=list)  # of training since its start, pauses between runs left out
    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)  # on the batch trained on, in [0, 1]
    interrupted: bool = False

    def record(self, seconds: float, logs: Mapping[str, Any]) -> None:
        """Add a step, given the logs of `train_step`; FloatingPointError if the loss is no longer finite."""
        self.loss.append(float(logs["loss"]))
        self.accuracy.append(float(logs["accuracy"]))
        self.seconds.append(seconds)
        if not np.isfinite(self.loss[-1]):
            raise FloatingPointError(
                f"the loss became {self.loss[-1]} at step {len(self.loss)}: try a smaller learning rate"
            )

    def summary(self) -> str:
        """The last steps, for a progress bar."""
        return f"loss {np.mean(self.loss[-20:]):.2f}, accuracy {np.mean(self.accuracy[-20:]):.0%}"


class Clock:
    """How much of a training is done: of its steps or of its time, whichever will end it first."""

    def __init__(self, history: Record, steps: int | None, seconds: float | None):
        if steps is None and seconds is None:
            raise ValueError("fit needs steps, seconds, or both, to know when to stop")
        for name, value in (("steps", steps), ("seconds", seconds)):
            if value is not None and value <= 0:
                raise ValueError(f"{name}={value}; accepted: more than 0")
        self.history, self.steps, self.seconds = history, steps, seconds
        # A training that is resumed goes on from where its history ends.
        self.started = time.perf_counter() - (history.seconds[-1] if history.seconds else 0.0)

    def elapsed(self) -> float:
        """Seconds of training."""
        return time.perf_counter() - self.started

    def progress(self, step: int | None = None) -> float:
        """The share that is done, 0 to 1, when `step` steps are; by default those in the history."""
        by_steps = (len(self.history.seconds) if step is None else step) / self.steps if self.steps else 0.0
        return min(1.0, max(by_steps, self.elapsed() / self.seconds if self.seconds else 0.0))


def fit(
    model: keras.Model,
    batches: Batches | Callable[[int], tuple],
    *,
    learning_rate: Callable[[float], float] | None = None,
    accuracy: Callable | None = None,
    **settings,
) -> History:
    """Train a compiled model, in view, until a number of steps or a time is reached.

    Args:
        model: compiled with an optimizer and a loss; it gives scores [n, ..., classes].
        batches: `Batches`, or a function: number of the step → (inputs, labels); asked from another thread. A model of
            several inputs takes a tuple of arrays.
        learning_rate: progress in [0, 1] → the rate of the next step; by default the optimizer's own.
        accuracy: what to show and keep as accuracy: (labels, scores) → scalar in [0, 1]; by default the share of
            positions at which the highest score is the label's.
        settings: those of `train_loop`: steps, seconds, checkpoint, checkpoint_every, label, bar.

    Returns, raises:
        As `train_loop`.
    """
    model.compile(
        optimizer=model.optimizer,
        loss=model.loss,
        metrics=[BatchMean(accuracy or _accuracy, name="accuracy")],
        run_eagerly=model.run_eagerly,
        jit_compile=False,  # on a CPU, XLA takes longer to compile than it saves
    )

    def schedule(progress: float) -> None:
        if learning_rate:
            model.optimizer.learning_rate = learning_rate(progress)

    return train_loop(model, batches, History(), schedule, **settings)


def train_loop(
    model: keras.Model,
    batches: Batches | Callable[[int], tuple],
    history: AnyRecord,
    schedule: Callable[[float], None],
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    steps: int | None = None,
    seconds: float | None = None,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: float = 60,
    label: str = "training",
    bar: bool = True,
) -> AnyRecord:
    """Keras's fit by steps or time, with every step on record.

    Ctrl-C, or the stop button of a notebook, ends the training after its step: the model keeps what it has learned.

    Args:
        model: compiled; `train_step` gives what the history records.
        batches: as for `fit`.
        history: an empty one.
        schedule: called with the progress before each step.
        callbacks: further ones of Keras's.
        steps: how many at most.
        seconds: how long at most. With both, whichever comes first; progress is towards that one.
        checkpoint: a folder. What is there is taken up again; every `checkpoint_every` seconds, and on an
            interruption, the state is saved there; it is removed when the training is complete.
        checkpoint_every: seconds between them.
        label: what the progress bar calls it.
        bar: whether to show one.

    Returns:
        The history, from the first step even if resumed.

    Raises:
        ValueError: neither `steps` nor `seconds` is given, or one is not positive.
        FloatingPointError: the loss is no longer finite.
    """
    saved = None if checkpoint is None else Checkpoint(Path(checkpoint))
    if saved:
        saved.restore(model, history)
    clock = Clock(history, steps, seconds)
    with progress_bar(label, shown=bar) as shown, _stoppable(history), ThreadPoolExecutor(1) as reader:
        if clock.progress() < 1:
            model.train_function = Feed(model, batches, clock, reader)
            recorder = Recorder(clock, schedule, shown, saved, checkpoint_every)
            try:
                model.fit(tf.data.Dataset.counter(), shuffle=False, verbose=0, callbacks=[recorder, *callbacks])
            except KeyboardInterrupt:
                history.interrupted = True
            finally:
                model.train_function = None
        if history.interrupted:
            shown.set_description_str(f"{label} (interrupted; the model keeps what it has learned)")
    if saved and history.interrupted:
        saved.save(model, history)
    elif saved:
        saved.clear()
    return history


class Recorder(keras.callbacks.Callback):
    """Sets the rate before each step; then records the step, shows it, saves it, and ends the training in time."""

    def __init__(
        self, clock: Clock, schedule: Callable[[float], None], bar: tqdm, checkpoint: "Checkpoint | None", every: float
    ):
        super().__init__()
        self.clock, self.history, self.schedule, self.bar = clock, clock.history, schedule, bar
        self.checkpoint, self.every, self.saved = checkpoint, every, time.perf_counter()

    def on_train_batch_begin(self, batch, logs=None):
        self.schedule(self.clock.progress())

    def on_train_batch_end(self, batch, logs=None):
        self.history.record(self.clock.elapsed(), logs)
        self.model.reset_metrics()  # so that an entry is of its own batch, and no mean of all so far
        self.model.stop_training = self.history.interrupted or self.clock.progress() >= 1
        self.bar.set_postfix_str(self.history.summary(), refresh=False)
        self.bar.update(self.clock.progress() * 100 - self.bar.n)
        if self.checkpoint and time.perf_counter() - self.saved > self.every:
            self.checkpoint.save(self.model, self.history)
            self.saved = time.perf_counter()


@contextmanager
def _stoppable(history: Record) -> Iterator[None]:
    """Ctrl-C is noted in the history, which is read after each step; pressed again, it stops at once."""
    if threading.current_thread() is not threading.main_thread():  # which alone hears of it
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(*_):
        history.interrupted = True
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Feed:
    """The `train_function` of a model: a step with the next batch, which another thread made during the last one.

    Given `Batches` as they are, Keras would take the shapes of the first two for those of all, and count from 0; and
    its own threads would wait for Python's lock in each step.
    """

    def __init__(self, model: keras.Model, batches, clock: Clock, reader: ThreadPoolExecutor):
        self.model, self.batches, self.clock, self.reader = model, batches, clock, reader
        self.step = len(clock.history.seconds)
        self.upcoming = reader.submit(self.batch, self.step)
        self.compiled: Callable | None = None

    def batch(self, step: int):
        if not isinstance(self.batches, keras.utils.PyDataset):
            return self.batches(step)
        self.batches.progress = self.clock.progress(step)
        return self.batches[step]

    def __call__(self, _):
        batch = self.upcoming.result()  # raises what was raised when it was made
        self.step += 1
        self.upcoming = self.reader.submit(self.batch, self.step)
        if self.model.run_eagerly:
            return self.model.train_step(tf.nest.map_structure(tf.convert_to_tensor, batch))
        if self.compiled is None:
            self.model.optimizer.build(self.model.trainable_variables)
            signature = [_signature(self.model, batch)]
            self.compiled = tf.function(self.model.train_step, input_signature=signature, autograph=False)
        return self.compiled(batch)


def _signature(model: keras.Model, batch):
    """The shapes and types of a model's batches, given one: of any size where the model takes any.

    So a graph is made once, also where pictures grow or sentences are longer: it takes as long as some dozens of steps.
    """
    inputs, labels = batch
    taken = tuple(tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in model.inputs)
    fixed = zip(labels.shape, model.outputs[0].shape, strict=False)
    given = tf.TensorSpec([length if known else None for length, known in fixed], labels.dtype)
    return taken if isinstance(inputs, tuple) else taken[0], given


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained; of each network its own adds what else there is to choose."""

    steps: int | None = None
    seconds: float | None = None  # train for so long at most, on whatever machine this is
    batch_size: int = 64
    learning_rate: float = 0.05  # of `Muon`
    momentum: float = 0.9
    dense_lr: float = 0.2
    adam_lr: float = 0.012
    seed: int = 0


def learn(
    model: keras.Model,
    batches: Batches | Callable[[int], tuple],
    recipe: Recipe,
    loss: Callable | keras.losses.Loss,
    *,
    schedule: Callable[[float], Callable[[float], float]] = warmup_decay,
    **settings,
) -> History:
    """Train a model by a recipe: with Muon, at a rate that rises at first, then goes down to 0.

    Args:
        model: made after `keras.utils.set_random_seed(recipe.seed)`.
        batches: of the recipe's size and seed.
        recipe: how.
        loss: (labels, outputs) → scalar.
        schedule: another one: the highest rate → progress → rate.
        settings: those of `fit`.
    """
    optimizer = Muon(
        recipe.learning_rate,
        momentum=recipe.momentum,
        adam_lr=recipe.adam_lr,
        dense_lr=recipe.dense_lr,
        iterations=5 if recipe.dense_lr else 3,  # kernels of dense layers take longer to orthogonalize
    )
    model.compile(optimizer=optimizer, loss=loss)
    limits = {"steps": recipe.steps, "seconds": recipe.seconds}
    return fit(model, batches, learning_rate=schedule(recipe.learning_rate), **limits | settings)


def once(model: keras.Model, file: Path | None, training: Callable[[], AnyRecord]) -> AnyRecord | History:
    """A stage of a longer training: its end is saved in a file, and taken from there when all is run again.

    Returns:
        The history; an empty one if the model's weights came from the file.
    """
    if file is not None and file.exists():
        model.load_weights(file)
        return History()
    history = training()
    if file is not None and not history.interrupted:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"draft-{file.name}")
        model.save_weights(draft, overwrite=True)
        draft.replace(file)  # there whole, or not at all
    return history


class BatchMean(keras.metrics.Mean):
    """The mean of a function of labels and scores that gives one number for a batch; masks are left to it."""

    def __init__(self, function: Callable, name: str):
        super().__init__(name)
        self.function = function

    def update_state(self, labels, scores, sample_weight=None):
        return super().update_state(self.function(labels, scores))


def _accuracy(labels, scores):
    """The share of positions whose highest score is the label's; labels are classes, or one share for each class."""
    truth = labels if labels.shape.rank < scores.shape.rank else tf.argmax(labels, axis=-1)
    right = tf.equal(tf.cast(truth, "int64"), tf.argmax(scores, axis=-1))
    return tf.reduce_mean(tf.cast(right, "float32"))


def masked_mean(values, counts):
    """The mean of what counts: values and counts of one shape, numbers or truth values → float32, 0 if nothing does."""
    values, counts = tf.cast(values, tf.float32), tf.cast(counts, tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(values * counts), tf.reduce_sum(counts))


def progress_bar(label: str, *, shown: bool) -> tqdm:
    """A bar from 0 to 100 % with the time left: on a notebook's ordinary output, on standard error elsewhere."""
    return tqdm(
        total=100,
        desc=label,
        disable=not shown,
        file=sys.stdout if "ipykernel" in sys.modules else sys.stderr,
        bar_format="{desc}: {percentage:3.0f}%|{bar:30}| {elapsed} < {remaining}{postfix}",
        mininterval=0.5,
    )


class Checkpoint:
    """The state of an unfinished training in a folder: every variable and the history, in one file.

    It appears whole or not at all, whatever moment the power fails, which Keras's `BackupAndRestore` does not promise.
    """

    def __init__(self, folder: Path):
        self.file = folder / "state.npz"
        self.draft = folder / "state.part"

    def save(self, model: keras.Model, history: Record) -> None:
        """Write the state, replacing the earlier one."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {str(number): each.numpy() for number, each in enumerate(_state(model))}
        with open(self.draft, "wb") as opened:
            np.savez(opened, history=json.dumps(vars(history)), **arrays)
        os.replace(self.draft, self.file)

    def restore(self, model: keras.Model, history: Record) -> bool:
        """Bring a model, compiled as it was, and its history to the saved state; False if there is none."""
        if not self.file.exists():
            return False
        with np.load(self.file, allow_pickle=False) as arrays:
            for number, variable in enumerate(_state(model)):
                variable.assign(arrays[str(number)])
            saved = json.loads(str(arrays["history"]))
        vars(history).update(vars(type(history)(**saved | {"interrupted": False})))
        return True

    def clear(self) -> None:
        """Remove the state."""
        for file in (self.file, self.draft):
            file.unlink(missing_ok=True)


def _state(model: keras.Model) -> list:
    """Every variable that a training changes."""
    if hasattr(model, "checkpoint_variables"):
        return model.checkpoint_variables()
    model.optimizer.build(model.trainable_variables)  # it is not, before the first step
    return [*model.variables, *model.optimizer.variables]
