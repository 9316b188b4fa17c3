"""Adversarial training of two networks: a generator, and a discriminator that tells its data from real data.

Goodfellow et al. 2014, "Generative Adversarial Networks" (arXiv:1406.2661), with what has stabilized it since: a loss
whose gradient does not vanish (there, section 3), two time scales (Heusel et al. 2017, arXiv:1706.08500), a penalty on
the discriminator's gradient at real data (Mescheder et al. 2018, "Which Training Methods for GANs do actually
Converge?", arXiv:1801.04406) or at both real and generated data (Huang et al. 2024, "The GAN is dead; long live the
GAN!", arXiv:2501.05441), and an average of the generator's weights (Yazıcı et al. 2019, arXiv:1806.04498).

    history = train_gan(generator, discriminator, batches, Hyperparameters(), seconds=60)
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vistext.nn.engine import keras, tf
from vistext.nn.optimizers import Adam
from vistext.nn.training import Batches, train_loop

RECALIBRATION_PICTURES = 20  # batches: what batch norm needs to know its statistics for averaged weights


@dataclass(frozen=True)
class Hyperparameters:
    """How the two networks learn; the defaults are stable."""

    generator_lr: float = 1e-3
    discriminator_lr: float = 2e-3  # higher: the discriminator is to be ahead of the generator
    momentum: float = 0.0  # Adam's first beta: what the other network did lately says little of what it does next
    memory: float = 0.99  # Adam's second beta
    saturating: bool = False  # whether the generator minimizes log(1 - D), as in the original loss
    penalty: float = 1.0  # times the mean squared gradient of the discriminator's score at real data, R1
    penalty_every: int = 1  # steps; it then counts so many times as much (Karras et al. 2020, arXiv:1912.04958, B)
    two_sided: bool = False  # whether the gradient at generated data counts as well, R2
    easing: float = 0.0  # a power: the penalty counts as much as the share of the training that is left, to it
    unit: float = 1.0  # in which that gradient is measured: what counts as 1 in the data
    fading: float = 0.0  # share of the training, at its end, over which both rates go down to 0
    mismatched: float = 0.0  # weight of the loss on real data with others' conditions
    averaging: float | None = None  # momentum of an average (EMA) of the generator's weights
    seed: int = 0  # of the noise


# For points in the plane. A strong penalty spreads the generated points over the whole ring, a weak one sharpens them:
# so it is strong at first and eases off. In 3,000 steps of 128 points, with each of the seeds 0 to 13: all eight modes,
# each with at least 9 % of the points, and 91 to 93 % of the points near one.
STABLE = Hyperparameters(
    generator_lr=5e-3,
    discriminator_lr=7.5e-3,
    momentum=0.5,
    penalty=0.1,
    two_sided=True,
    easing=2,
    fading=0.9,
    averaging=0.995,
)

# A first attempt: the original loss, a generator that is ahead of the discriminator, and no gradient penalty.
VANILLA = Hyperparameters(
    generator_lr=1e-3, discriminator_lr=2e-4, momentum=0.9, memory=0.999, saturating=True, penalty=0.0
)


def discriminator_loss(on_real, on_invented):
    """The loss of D: scores [n, 1] for real and for generated data → the mean of -log D(x) - log(1 - D(G(z)))."""
    return tf.reduce_mean(tf.nn.softplus(-on_real)) + tf.reduce_mean(tf.nn.softplus(on_invented))


def generator_loss(on_invented, saturating: bool = False):
    """The loss of G: scores [n, 1] of its data → the mean of -log D(G(z)), or log(1 - D(G(z)))."""
    if saturating:
        return -tf.reduce_mean(tf.nn.softplus(on_invented))
    return tf.reduce_mean(tf.nn.softplus(-on_invented))


def gradient_penalty(discriminator: keras.Model, data, conditions: tuple = (), unit: float = 1.0):
    """The mean squared length of the gradient of the discriminator's score by its input, at some data.

    Mescheder et al. 2018, section 4.1: R1 at real data, R2 at generated data.

    Args:
        discriminator: scores [n, 1] from data and conditions.
        data: float32 [n, ...].
        conditions: what else the discriminator is given.
        unit: what counts as 1 in the data.

    Returns:
        A scalar, which can be differentiated by the discriminator's weights.
    """
    with tf.GradientTape() as tape:
        tape.watch(data)
        score = tf.reduce_sum(apply(discriminator, data, conditions))
    gradient = unit * tape.gradient(score, data)
    return tf.reduce_mean(tf.reduce_sum(tf.square(gradient), axis=list(range(1, len(data.shape)))))


def apply(model: keras.Model, first, conditions: tuple = ()):
    """The output of a network in training, given its first input and, if it takes any, conditions."""
    return model([first, *conditions] if conditions else first, training=True)


@dataclass
class GanHistory:
    """What an adversarial training went through: one entry a step in the first five."""

    seconds: list[float] = field(default_factory=list)  # since its start, pauses between runs left out
    discriminator_loss: list[float] = field(default_factory=list)
    generator_loss: list[float] = field(default_factory=list)
    on_real: list[float] = field(default_factory=list)  # D's mean probability for the real ones of the batch, 0 to 1
    on_invented: list[float] = field(default_factory=list)  # and for the generated ones
    watched: list[tuple[int, float]] = field(default_factory=list)  # (step, what `watch` measured)
    best: int | None = None  # the step at which that was least; its weights are kept
    interrupted: bool = False

    def __post_init__(self):
        self.watched = [(step, measured) for step, measured in self.watched]  # from JSON, they are lists

    def record(self, seconds: float, logs: Mapping[str, Any]) -> None:
        """Add a step, given the logs of `train_step`.

        Raises:
            FloatingPointError: a loss is no longer finite.
        """
        for name, value in logs.items():
            getattr(self, name).append(float(value))
        self.seconds.append(seconds)
        for network in ("discriminator", "generator"):
            if not np.isfinite(loss := getattr(self, f"{network}_loss")[-1]):
                raise FloatingPointError(
                    f"the {network}'s loss became {loss} at step {len(self.seconds)}: try smaller learning rates, or a "
                    "larger penalty"
                )

    def summary(self) -> str:
        """The last steps, for a progress bar."""
        return f"D says {np.mean(self.on_real[-20:]):.0%} to real, {np.mean(self.on_invented[-20:]):.0%} to invented"


class AdversarialTrainer(keras.Model):
    """Two networks that learn against each other, an optimizer of each, and an average of the generator's weights.

    A subclass has a `train_step`, which computes by graphs of its own: so Keras calls it as it is. Of its rules,
    generator_lr, discriminator_lr, fading and averaging are used here, see `Hyperparameters`.
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, rules: Any, beta_1: float, beta_2: float):
        super().__init__()
        self.generator, self.discriminator, self.rules = generator, discriminator, rules
        self.generator_optimizer = Adam(rules.generator_lr, beta_1=beta_1, beta_2=beta_2)
        self.discriminator_optimizer = Adam(rules.discriminator_lr, beta_1=beta_1, beta_2=beta_2)
        self.generator_optimizer.build(generator.trainable_variables)
        self.discriminator_optimizer.build(discriminator.trainable_variables)
        self.averages = [tf.Variable(weight.numpy()) for weight in generator.weights] if rules.averaging else []
        self.best = [tf.Variable(weight.numpy()) for weight in generator.weights]
        self.progress = 0.0
        self.compile(optimizer=None, run_eagerly=True)

    def schedule(self, progress: float) -> None:
        """Set both learning rates, and whatever else depends on the share that is done."""
        self.progress = progress
        left = min(1.0, (1 - progress) / self.rules.fading) if self.rules.fading else 1.0
        self.generator_optimizer.learning_rate = self.rules.generator_lr * left
        self.discriminator_optimizer.learning_rate = self.rules.discriminator_lr * left

    @property
    def steps_done(self) -> int:
        """Steps of the discriminator."""
        return int(self.discriminator_optimizer.iterations)

    @contextmanager
    def averaged(self, conditions: Callable[[int], tuple], count: int) -> Iterator[keras.Model]:
        """The generator with its averaged weights, if there are any, for as long as the context lasts.

        Args:
            conditions: step → those of a batch, to recalibrate batch norm by.
            count: of a batch.
        """
        with swapped_weights(self.generator.weights, self.averages) if self.averages else nullcontext():
            if self.averages:
                self.recalibrate(conditions, count)
            yield self.generator

    def recalibrate(self, conditions: Callable[[int], tuple], count: int) -> None:
        """Bring what depends on the generator's weights in line with their average: nothing, by default."""

    def checkpoint_variables(self) -> list:
        """Every variable that training changes."""
        optimizers = (self.generator_optimizer, self.discriminator_optimizer)
        networks = [*self.generator.weights, *self.discriminator.weights]
        return [*networks, *(each for one in optimizers for each in one.variables), *self.averages, *self.best]


class GanTrainer(AdversarialTrainer):
    """A generator of vectors or pictures, and its discriminator.

    Args:
        generator: noise float32 [n, size], and any conditions → generated data.
        discriminator: data, and the same conditions → scores float32 [n, 1].
        rules: how they learn.
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, rules: Hyperparameters):
        super().__init__(generator, discriminator, rules, rules.momentum, rules.memory)

    def train_step(self, data: tuple) -> dict[str, Any]:
        """A step of both networks, given real data and conditions; see `step`."""
        (real, *conditions), number, penalty = data, self.steps_done, None
        if self.rules.penalty > 0 and number % self.rules.penalty_every == 0:
            eased = (1 - self.progress) ** self.rules.easing
            penalty = tf.constant(self.rules.penalty * self.rules.penalty_every * eased, "float32")
        names = ("discriminator_loss", "generator_loss", "on_real", "on_invented")
        return dict(zip(names, self.step(tf.constant(number), real, tuple(conditions), penalty), strict=True))

    def noise(self, count, number, which: int):
        """z, float32 [count, size]: new for each step and network, and the same if the step is repeated."""
        size = self.generator.inputs[0].shape[-1]
        return tf.random.stateless_normal((count, size), seed=tf.stack([self.rules.seed, 2 * number + which]))

    @tf.function(autograph=False)
    def step(self, number, real, conditions: tuple, penalty):
        """One step of each network, the discriminator's first.

        Args:
            number: of the step, int32 scalar.
            real: [n, ...] of real data.
            conditions: what else both networks are given, each [n, ...].
            penalty: times the mean squared gradient, float32 scalar; None for a step that does not count it.

        Returns:
            Both losses, and D's mean probability for real and for generated data: four scalars.
        """
        real = tf.cast(real, "float32")
        loss, on_real, on_invented = self._train_discriminator(number, real, conditions, penalty)
        other_loss = self._train_generator(number, tf.shape(real)[0], conditions)
        if self.averages:
            update_ema(self.averages, self.generator.weights, number, self.rules.averaging)
        return loss, other_loss, tf.reduce_mean(tf.sigmoid(on_real)), tf.reduce_mean(tf.sigmoid(on_invented))

    def _train_discriminator(self, number, real, conditions: tuple, penalty):
        invented = apply(self.generator, self.noise(tf.shape(real)[0], number, 0), conditions)
        with tf.GradientTape() as tape:
            on_real = apply(self.discriminator, real, conditions)
            on_invented = apply(self.discriminator, invented, conditions)
            loss = objective = discriminator_loss(on_real, on_invented)
            if self.rules.mismatched:
                objective += self.rules.mismatched * self._mismatched_loss(real, conditions)
            if penalty is not None:
                for data in (real, invented) if self.rules.two_sided else (real,):
                    objective += penalty * gradient_penalty(self.discriminator, data, conditions, self.rules.unit)
        variables = self.discriminator.trainable_variables
        self.discriminator_optimizer.apply(tape.gradient(objective, variables), variables)
        return loss, on_real, on_invented

    def _mismatched_loss(self, real, conditions: tuple):
        """D's loss on real data with the conditions of others (Reed et al. 2016, arXiv:1605.05396, 4.2)."""
        others = [tf.roll(condition, 1, axis=0) for condition in conditions]
        differ = [
            tf.reshape(one != other, [tf.shape(one)[0], -1]) for one, other in zip(conditions, others, strict=True)
        ]
        wrong = tf.cast(tf.reduce_any(tf.concat(differ, axis=1), axis=1, keepdims=True), "float32")
        return tf.reduce_mean(wrong * tf.nn.softplus(apply(self.discriminator, real, tuple(others))))

    def _train_generator(self, number, count, conditions: tuple):
        with tf.GradientTape() as tape:
            invented = apply(self.generator, self.noise(count, number, 1), conditions)
            loss = generator_loss(apply(self.discriminator, invented, conditions), self.rules.saturating)
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    @tf.function(autograph=False)
    def _recalibrate_step(self, number, count: int, conditions: tuple) -> None:
        apply(self.generator, self.noise(count, number, 0), conditions)

    def recalibrate(self, conditions: Callable[[int], tuple], count: int) -> None:
        if self.generator.non_trainable_weights:  # batch norm's statistics are those of other weights
            for number in range(RECALIBRATION_PICTURES):
                self._recalibrate_step(tf.constant(number), count, conditions(number))


def update_ema(averages: list[tf.Variable], weights: list, number, averaging: float) -> None:
    """Update exponential moving averages (EMA) of weights.

    Args:
        averages, weights: variables, as many of both.
        number: of the step, a whole number or an int32 scalar.
        averaging: momentum of the average, 0 to 1.
    """
    # At first the average is short: of ten steps it should not be one of the random start.
    done = tf.cast(number, "float32")
    keep = tf.minimum(averaging, (done + 1) / (done + 10))
    for average, weight in zip(averages, weights, strict=True):
        average.assign(keep * average + (1 - keep) * tf.convert_to_tensor(weight))


@contextmanager
def swapped_weights(weights: list, values: list) -> Iterator[None]:
    """Variables have other values for as long as the context lasts."""
    now = [weight.numpy() for weight in weights]
    _assign(weights, values)
    try:
        yield
    finally:
        _assign(weights, now)


class Watch(keras.callbacks.Callback):
    """Shows the generator from time to time, and keeps the best one."""

    def __init__(
        self, history: GanHistory, trainer: AdversarialTrainer, batches: Callable, watch: Callable, every: int
    ):
        super().__init__()
        self.history, self.trainer, self.batches, self.watch, self.every = history, trainer, batches, watch, every

    def evaluate(self) -> None:
        history, step = self.history, len(self.history.seconds)
        if history.watched and history.watched[-1][0] == step:
            return
        with _averaged(self.trainer, self.batches) as averaged:
            if (measured := self.watch(averaged, step)) is None:
                return
            if history.best is None or measured < dict(history.watched)[history.best]:
                history.best = step
                _assign(self.trainer.best, averaged.weights)
            history.watched.append((step, float(measured)))

    def on_train_batch_begin(self, batch, logs=None):
        if len(self.history.seconds) % self.every == 0:
            self.evaluate()

    def on_train_end(self, logs=None):
        if not self.history.interrupted:
            self.evaluate()


def train_gan(
    generator: keras.Model,
    discriminator: keras.Model,
    batches: Callable[[int], tuple],
    rules: Hyperparameters = Hyperparameters(),
    **settings,
) -> GanHistory:
    """Train two networks against each other; see `train_adversarially`.

    Args:
        generator, discriminator, rules: see `GanTrainer`.
        batches: step → (real data [n, ...], conditions [n, ...], ...); always of the same n.
        settings: those of `train_adversarially`: steps, seconds, watch, every, checkpoint, label, bar.
    """
    return train_adversarially(GanTrainer(generator, discriminator, rules), batches, **settings)


def train_adversarially(
    trainer: AdversarialTrainer,
    batches: Batches | Callable[[int], tuple],
    *,
    watch: Callable[[keras.Model, int], float | None] | None = None,
    every: int = 100,
    label: str = "generator and discriminator",
    **settings,
) -> GanHistory:
    """Train two networks against each other, in view, until a number of steps or a time is reached.

    However it ends, the generator has its best weights if `watch` measures, else their average if there is one, else
    the last ones.

    Args:
        trainer: both networks.
        batches: step → what the trainer's `train_step` takes.
        watch: given the generator, with averaged weights if the rules ask for them, and the number of steps so far;
            from time to time, and at the end. It may return a measure, of which less is better.
        every: steps between two calls of it.
        label: what the progress bar calls it.
        settings: the others of `training.train_loop`: steps, seconds, checkpoint, checkpoint_every, bar.

    Returns:
        What it went through, from the first step even if resumed.

    Raises:
        ValueError: neither `steps` nor `seconds` is given, or one is not positive.
        FloatingPointError: a loss is no longer finite.
    """
    history = GanHistory()
    watching = [Watch(history, trainer, batches, watch, every)] if watch else []
    try:
        return train_loop(trainer, batches, history, trainer.schedule, watching, label=label, **settings)
    finally:
        if history.best is not None:
            _assign(trainer.generator.weights, trainer.best)
        elif trainer.averages:
            with _averaged(trainer, batches) as averaged:
                final = averaged.get_weights()
            trainer.generator.set_weights(final)


def _averaged(trainer: AdversarialTrainer, batches):
    """The generator with its average, by whose batches batch norm is recalibrated."""
    batch = batches.__getitem__ if isinstance(batches, Batches) else batches
    return trainer.averaged(lambda number: batch(number)[1:], len(batch(0)[0]))


def _assign(variables: list, values: list) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
