"""Training that can be watched, interrupted and resumed: an optimizer, a schedule, augmentation, and one loop.

model.compile(optimizer=Muon(0.24), loss=...)
history = fit(model, Batches(pictures, labels), seconds=40, learning_rate=linear_decay(0.24))
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from vistext.nn.engine import has_no_bfloat16, keras, tf

ops = keras.ops

PROCESSORS = Path("/proc/cpuinfo")  # where Linux says what its processors can do
DENSE_ITERATIONS = 5  # of `Muon`, where dense layers learn by it: their kernels take longer to orthogonalize
ADAMS_STEP = 0.2  # root mean square of what Adam changes in a step, as a share of its rate: 0.2 to 0.4 as a rule


@keras.saving.register_keras_serializable("vistext")
class Adam(keras.optimizers.Adam):
    """Keras's Adam with one operation of TensorFlow's for each weight in place of forty, which take long to compile."""

    def apply(self, grads, trainable_variables=None):
        step = ops.cast(self.iterations + 1, "float32")
        self._powers = [ops.power(ops.cast(beta, "float32"), step) for beta in (self.beta_1, self.beta_2)]
        return super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].handle,
            v=self._velocities[index].handle,
            beta1_power=self._powers[0],
            beta2_power=self._powers[1],
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),  # of an embedding, rows of it
        )


@keras.saving.register_keras_serializable("vistext")
class Muon(keras.optimizers.Adam):
    """Muon for kernels of convolutions and, if told so, of dense layers; Adam for everything else.

    A step of plain momentum moves a kernel mostly along the few directions in which its gradient is large. Muon makes
    the step orthogonal first, so that every direction moves alike (Jordan et al. 2024, "Muon: an optimizer for hidden
    layers in neural networks"; for convolutions, `airbench94_muon` in the repository of arXiv:2404.00498). The
    optimizer of that name in Keras leaves convolution kernels to Adam, hence this one.

    Args:
        learning_rate: of the kernels, each of which is held at a norm of √(its output channels).
        momentum: of the kernels, Nesterov's, 0 to 1.
        adam_lr: Adam's learning rate for the other variables, as a share of `learning_rate`.
        dense_lr: likewise Muon's for kernels [m, n] of dense layers, but for layers named "logits": the steps have
            the size of Adam's (Liu et al. 2025, "Muon is Scalable for LLM Training", arXiv:2502.16982). 0 leaves them
            to Adam.
        iterations: Newton-Schulz steps towards the orthogonal matrix; three suffice for convolutions.
    """

    def __init__(
        self, learning_rate=0.24, momentum=0.6, adam_lr=0.1, *, dense_lr=0.0, iterations=3, name="muon", **settings
    ):
        super().__init__(learning_rate, name=name, **settings)
        self.momentum = momentum
        self.adam_lr = adam_lr
        self.dense_lr = dense_lr
        self.newton_schulz_iterations = iterations

    @classmethod
    def of(cls, recipe) -> "Muon":
        """By a recipe's learning_rate, momentum, dense_lr and adam_lr; kernels of dense layers learn by it, too."""
        return cls(
            recipe.learning_rate,
            momentum=recipe.momentum,
            adam_lr=recipe.adam_lr,
            dense_lr=recipe.dense_lr,
            iterations=DENSE_ITERATIONS,
        )

    def update_step(self, gradient, variable, learning_rate):
        convolves, dense = len(variable.shape) == 4, self._is_dense(variable)
        if not (convolves or dense):
            super().update_step(gradient, variable, learning_rate * self.adam_lr)
            return
        rate = ops.cast(learning_rate, variable.dtype)
        velocity = self._momentums[self._get_variable_index(variable)]
        self.assign(velocity, self.momentum * velocity + gradient)
        step = gradient + self.momentum * velocity
        channels = variable.shape[-1]
        step = ops.reshape(self.orthogonal(ops.reshape(step, (-1, channels))), variable.shape)
        if dense:
            size = self.dense_lr * ADAMS_STEP * max(variable.shape) ** 0.5
            self.assign(variable, variable - rate * size * step)
        else:
            kernel = variable * (channels**0.5 / ops.norm(ops.reshape(variable, (-1,))))
            self.assign(variable, kernel - rate * step)

    def _is_dense(self, variable):
        path = self._trainable_variables[self._get_variable_index(variable)].path
        return bool(self.dense_lr) and len(variable.shape) == 2 and re.search(r"(?<!logits)/kernel$", path) is not None

    def orthogonal(self, matrix):
        """The matrix with its singular values brought near 1, without an SVD: [m, n] → [m, n].

        In three steps all those come to 0.5 .. 1.25 that are at least 1.3 % of the matrix's norm.
        """
        tall = matrix.shape[0] > matrix.shape[1]
        x = ops.transpose(matrix) if tall else matrix
        x = x / (ops.norm(ops.reshape(x, (-1,))) + 1e-7)  # now no singular value is above 1
        for _ in range(self.newton_schulz_iterations):
            gram = x @ ops.transpose(x)
            # Jordan's coefficients: the odd quintic 3.4445 s - 4.7750 s³ + 2.0315 s⁵ of each singular value s.
            x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
        return ops.transpose(x) if tall else x

    def get_config(self):
        return super().get_config() | {
            "momentum": self.momentum,
            "adam_lr": self.adam_lr,
            "dense_lr": self.dense_lr,
            "iterations": self.newton_schulz_iterations,
        }


@cache
def fastest_dtype_policy() -> str:
    """The Keras dtype policy in which this machine convolves fastest: "mixed_bfloat16" or "float32".

    Measured, in a fraction of a second, rather than looked up: it depends on the processor (bfloat16 came to servers in
    2020, to laptops later), and on whether TensorFlow uses oneDNN. Bfloat16 must win clearly, as it is the coarser. A
    processor that says that it does not know bfloat16 is not asked: there a convolution may seem as fast by chance,
    beside other work, and a training is far slower.
    """
    if not (tf.config.list_physical_devices("GPU") or _may_know_bfloat16()):
        return "float32"

    def seconds(dtype: str) -> float:
        picture, kernel = tf.ones((64, 16, 16, 64), dtype), tf.ones((3, 3, 64, 64), dtype)
        taken = []
        for _ in range(4):  # the first includes the start-up of the library
            start = time.perf_counter()
            tf.nn.conv2d(picture, kernel, 1, "SAME").numpy()
            taken.append(time.perf_counter() - start)
        return min(taken)

    return "mixed_bfloat16" if seconds("bfloat16") * 1.3 < seconds("float32") else "float32"


def _may_know_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16, as far as it is known; only Linux lists them."""
    # Whatever the processor knows, oneDNN may be told to make no use of it, as `engine` does with an older TensorFlow.
    if has_no_bfloat16():
        return False
    if not PROCESSORS.exists():
        return True
    return re.search(r"\b(amx_bf16|avx512_bf16|bf16|svebf16)\b", PROCESSORS.read_text(encoding="utf-8")) is not None


def linear_decay(peak: float, end: float = 0.0) -> Callable[[float], float]:
    """A schedule from `peak` down to `end`: progress in [0, 1] → learning rate."""
    return lambda progress: peak + (end - peak) * min(1.0, progress)


def warmup_decay(peak: float, rising: float = 0.03) -> Callable[[float], float]:
    """A schedule that rises to `peak` over a share of the training, as Adam knows little at first; then down to 0."""
    return lambda progress: peak * min(1.0, progress / rising) * (1 - progress)


@dataclass(frozen=True)
class AugmentedBatches:
    """Training batches of labeled pictures; if asked to, mirrored on alternate epochs, shifted, and small at first.

    Each batch depends on its number and the seed alone, so a training that is resumed sees what it would have seen.

    Args:
        pictures: uint8 [n, side, side, 3].
        labels: [n, ...], as the model's loss takes them.
        size: pictures in a batch, 1 to n.
        mirror: whether each picture is seen in turn as it is and mirrored.
        shift: by at most so many pixels in each direction, the border being filled by reflection.
        cutout: side of a square at a random place that is painted gray (DeVries and Taylor 2017); 0 for none.
        sides: (side, until) pairs: pictures are scaled to `side` pixels until that share of the training is done.
            Early on, small pictures teach as much in a fraction of the time.
        seed: of order, flips and shifts.

    Raises:
        ValueError: no batch of that size can be drawn, or `sides` says nothing of the end.
    """

    pictures: np.ndarray
    labels: np.ndarray
    size: int = 500
    mirror: bool = False
    shift: int = 0
    cutout: int = 0
    sides: tuple[tuple[int, float], ...] = ((32, 1.0),)
    seed: int = 0

    def __post_init__(self):
        if not 1 <= self.size <= len(self.pictures):
            raise ValueError(f"size={self.size}; accepted: 1 to {len(self.pictures)}, the number of pictures")
        if all(until < 1 for _, until in self.sides):
            raise ValueError(f"sides={self.sides}; accepted: pairs of which the last has until 1.0 or more")

    def __len__(self) -> int:
        """Whole batches in one pass over the pictures."""
        return len(self.pictures) // self.size

    def __call__(self, step: int, progress: float) -> tuple[np.ndarray, np.ndarray]:
        """Batch number `step`, 0, 1, ..., as uint8 [size, side, side, 3] and labels [size]."""
        epoch, position = divmod(step, len(self))
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.pictures))
        chosen = np.sort(order[position * self.size : (position + 1) * self.size])
        pictures = self.pictures[chosen]
        if self.mirror:  # in turn rather than at random, so that two epochs show both views (Jordan 2024, section 3.6)
            at_first = np.random.default_rng(self.seed).random(len(self.pictures)) < 0.5
            now = at_first[chosen] ^ bool(epoch % 2)
            pictures = np.where(now[:, None, None, None], pictures[:, :, ::-1], pictures)
        random = np.random.default_rng((self.seed, epoch, position))
        pictures = _cut_out(_shifted(pictures, self.shift, random), self.cutout, random)
        side = next(side for side, until in self.sides if progress < until or until >= 1)
        return _scaled(pictures, side), self.labels[chosen]


def _shifted(pictures: np.ndarray, most: int, random: np.random.Generator) -> np.ndarray:
    """Each of uint8 [n, h, w, 3] moved by its own whole number of pixels, -most to most, both ways."""
    if most == 0:
        return pictures
    n, height, width, _ = pictures.shape
    padded = np.pad(pictures, ((0, 0), (most, most), (most, most), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
    down, right = random.integers(0, 2 * most + 1, (2, n))
    return np.ascontiguousarray(windows[np.arange(n), down, right].transpose(0, 2, 3, 1))


def _cut_out(pictures: np.ndarray, side: int, random: np.random.Generator) -> np.ndarray:
    """Each of uint8 [n, h, w, 3] with a gray square at its own random place, partly outside at the borders."""
    if side == 0:
        return pictures
    n, height, width, _ = pictures.shape
    top = random.integers(-side + 1, height, (n, 1, 1))
    left = random.integers(-side + 1, width, (n, 1, 1))
    row, column = np.arange(height)[:, np.newaxis], np.arange(width)
    inside = (row >= top) & (row < top + side) & (column >= left) & (column < left + side)  # (n, h, w)
    return np.where(inside[..., np.newaxis], np.uint8(128), pictures)


def _scaled(pictures: np.ndarray, side: int) -> np.ndarray:
    """uint8 [n, h, w, 3] → uint8 [n, side, side, 3], without aliasing."""
    if pictures.shape[1] == side:
        return pictures
    small = tf.image.resize(pictures, (side, side), method="area").numpy()  # a tenth of the time of other methods
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


@dataclass
class History:
    """What a training went through: one entry a step, but for `interrupted`."""

    seconds: list[float] = field(default_factory=list)  # of training since its start, pauses between runs left out
    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)  # on the batch trained on, in [0, 1]
    interrupted: bool = False


def fit(
    model: keras.Model,
    batches: Callable[[int, float], tuple[np.ndarray | tuple[np.ndarray, ...], np.ndarray]],
    *,
    learning_rate: Callable[[float], float] | None = None,
    steps: int | None = None,
    seconds: float | None = None,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: float = 60,
    accuracy: Callable | None = None,
    label: str = "training",
    bar: bool = True,
) -> History:
    """Train a compiled model, in view, until a number of steps or a time is reached.

    Ctrl-C, or the stop button of a notebook, ends the training early: the model keeps what it has learned.

    Args:
        model: compiled with an optimizer and a loss; it gives scores [n, ..., classes].
        batches: (step, progress) → (inputs, labels), as `Batches`; asked from another thread. A model of several inputs
            takes a tuple of arrays.
        learning_rate: progress in [0, 1] → the rate of the next step; by default the optimizer's own.
        steps: how many at most.
        seconds: how long at most. With both, whichever comes first; progress is towards that one.
        checkpoint: a folder. What is there is taken up again; every `checkpoint_every` seconds, and on an
        interruption, the state     is kept there; it is emptied when the training is complete.
        checkpoint_every: seconds between them.
        accuracy: what to show and keep as accuracy: (labels, scores) → scalar in [0, 1]; by default the share of
            positions at which the highest score is the label's.
        label: what the progress bar calls it.
        bar: whether to show one.

    Returns:
        The history, from the first step even if resumed.

    Raises:
        ValueError: neither `steps` nor `seconds` is given, or one is not positive.
        FloatingPointError: the loss is no longer finite.
    """
    if steps is None and seconds is None:
        raise ValueError("fit needs steps, seconds, or both, to know when to stop")
    for name, value in (("steps", steps), ("seconds", seconds)):
        if value is not None and value <= 0:
            raise ValueError(f"{name}={value}; accepted: more than 0")

    history = History()
    kept = None if checkpoint is None else Checkpoint(Path(checkpoint))
    if kept:
        history = kept.restore(model) or history
    started = time.perf_counter() - (history.seconds[-1] if history.seconds else 0.0)
    saved = time.perf_counter()

    def progress(step: int) -> float:
        by_steps = step / steps if steps else 0.0
        return min(1.0, max(by_steps, (time.perf_counter() - started) / seconds if seconds else 0.0))

    train_step = None
    with progress_bar(label, shown=bar) as shown, ThreadPoolExecutor(1) as reader:
        try:
            step = len(history.loss)
            upcoming = reader.submit(batches, step, progress(step))
            while (done := progress(step)) < 1:
                inputs, labels = upcoming.result()
                upcoming = reader.submit(batches, step + 1, progress(step + 1))  # while this step is computed
                if learning_rate:
                    model.optimizer.learning_rate = learning_rate(done)
                train_step = train_step or _compiled_step(model, labels, accuracy or _accuracy)
                loss, accuracy = train_step(inputs, labels)
                step += 1
                history.loss.append(float(loss))
                history.accuracy.append(float(accuracy))
                history.seconds.append(time.perf_counter() - started)
                if not np.isfinite(history.loss[-1]):
                    raise FloatingPointError(
                        f"the loss became {history.loss[-1]} at step {step}: try a smaller learning rate"
                    )
                shown.set_postfix_str(
                    f"loss {np.mean(history.loss[-20:]):.2f}, accuracy {np.mean(history.accuracy[-20:]):.0%}",
                    refresh=False,
                )
                shown.update(progress(step) * 100 - shown.n)
                if kept and time.perf_counter() - saved > checkpoint_every:
                    kept.save(model, history)
                    saved = time.perf_counter()
        except KeyboardInterrupt:
            history.interrupted = True
            shown.set_description_str(f"{label} (interrupted; the model keeps what it has learned)")
            if kept:
                kept.save(model, history)
    if kept and not history.interrupted:
        kept.clear()
    return history


def _compiled_step(model: keras.Model, labels: np.ndarray, accuracy: Callable) -> Callable:
    """One step of training as a graph: (inputs, labels) → loss and accuracy, both scalars.

    Where the model takes pictures or sentences of any size, the graph does so too. Keras's own `train_on_batch` would
    be traced a second time when the size changes, which takes as long as some dozens of steps.
    """
    inputs_specs = tuple(tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in model.inputs)
    inputs_spec = inputs_specs if len(inputs_specs) > 1 else inputs_specs[0]
    fixed = zip(labels.shape, model.outputs[0].shape, strict=False)
    labels_spec = tf.TensorSpec([length if given else None for length, given in fixed], labels.dtype)
    model.optimizer.build(model.trainable_variables)

    @tf.function(input_signature=[inputs_spec, labels_spec], autograph=False)
    def train_step(inputs, labels):
        with tf.GradientTape() as tape:
            scores = model(inputs, training=True)
            loss = model.compute_loss(inputs, labels, scores)
        model.optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss, accuracy(labels, scores)

    return train_step


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
    """The state of an unfinished training in a folder: weights and optimizer in one file, the history in another.

    The history is written last and names its weights, so that whatever moment the power fails, a whole pair is found.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.index = folder / "history.json"

    def save(self, model: keras.Model, history: History) -> None:
        """Keep the state, replacing the one kept before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        model.optimizer.build(model.trainable_variables)  # it is not, before the first step
        weights = f"step-{len(history.loss)}.weights.h5"
        draft = self.folder / "part.weights.h5"
        model.save_weights(draft, overwrite=True)
        os.replace(draft, self.folder / weights)
        draft = self.index.with_suffix(".part")
        draft.write_text(json.dumps({"weights": weights, "history": asdict(history)}), encoding="utf-8")
        os.replace(draft, self.index)
        for other in self.folder.glob("step-*.weights.h5"):
            if other.name != weights:
                other.unlink()

    def restore(self, model: keras.Model) -> History | None:
        """Bring the model, compiled as it was, to the state kept; None, and the model untouched, if there is none."""
        if not self.index.exists():
            return None
        state = json.loads(self.index.read_text(encoding="utf-8"))
        model.optimizer.build(model.trainable_variables)
        model.load_weights(self.folder / state["weights"])
        return History(**{**state["history"], "interrupted": False})

    def clear(self) -> None:
        """Forget the state."""
        for file in (self.index, self.index.with_suffix(".part"), *self.folder.glob("*.weights.h5")):
            file.unlink(missing_ok=True)
