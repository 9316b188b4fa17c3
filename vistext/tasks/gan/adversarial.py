"""Adversarial training of two networks: a generator, and a discriminator that tells its data from real data.

Goodfellow et al. 2014, "Generative Adversarial Networks" (arXiv:1406.2661), with what has stabilized it since: a loss
whose gradient does not vanish (there, section 3), two time scales (Heusel et al. 2017, arXiv:1706.08500), a penalty on
the discriminator's gradient at real data (Mescheder et al. 2018, arXiv:1801.04406) or at both real and generated data
(Huang et al. 2024, arXiv:2501.05441), and an average of the generator's weights (Yazıcı et al. 2019, arXiv:1806.04498).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vistext.nn.engine import keras, tf
from vistext.nn.optimizers import Adam
from vistext.nn.training import Batches, train_loop

RECALIBRATION_BATCHES = 20  # what batch norm needs to know its statistics for averaged weights


@dataclass(frozen=True)
class Hyperparameters:
    """How the two networks learn; the defaults are stable."""

    generator_lr: float = 1e-3
    discriminator_lr: float = 2e-3  # higher: the discriminator is to be ahead of the generator
    momentum: float = 0.0  # Adam's first beta: what the other network did lately says little of what it does next
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


def discriminator_loss(on_real, on_generated):
    """The loss of D: scores [n, 1] for real and for generated data → the mean of -log D(x) - log(1 - D(G(z)))."""
    return tf.reduce_mean(tf.nn.softplus(-on_real)) + tf.reduce_mean(tf.nn.softplus(on_generated))


def generator_loss(on_generated):
    """The loss of G that does not saturate: scores [n, 1] of its data → the mean of -log D(G(z))."""
    return tf.reduce_mean(tf.nn.softplus(-on_generated))


def gradient_penalty(discriminator: keras.Model, data, conditions: tuple = (), unit: float = 1.0):
    """The mean squared length of the gradient of the discriminator's score by its input, at data float32 [n, ...].

    R1 at real data, R2 at generated data (Mescheder et al. 2018, section 4.1). `conditions` are the discriminator's
    other inputs; `unit` is what counts as 1 in the data.
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
    on_generated: list[float] = field(default_factory=list)  # and for the generated ones
    watched: list[list[float]] = field(default_factory=list)  # [step, what `watch` measured]
    best: int | None = None  # the step at which that was least; its weights are kept
    interrupted: bool = False

    def record(self, seconds: float, logs: Mapping[str, Any]) -> None:
        """Add a step, given the logs of `train_step`; FloatingPointError if a loss is no longer finite."""
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
        return f"D(real) {np.mean(self.on_real[-20:]):.0%}, D(generated) {np.mean(self.on_generated[-20:]):.0%}"


class GanTrainer(keras.Model):
    """A generator of vectors or pictures from noise, and perhaps conditions, and its discriminator.

    Each has an optimizer, and there may be an average of the generator's weights. `train_step` computes by graphs of
    its own: so Keras calls it as it is.
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, rules: Hyperparameters):
        super().__init__()
        self.generator, self.discriminator, self.rules = generator, discriminator, rules
        self.generator_optimizer = Adam(rules.generator_lr, beta_1=rules.momentum, beta_2=0.99)
        self.discriminator_optimizer = Adam(rules.discriminator_lr, beta_1=rules.momentum, beta_2=0.99)
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

    def update_averages(self, number) -> None:
        """Update the exponential moving average (EMA) of the generator's weights, if there is one, after a step."""
        if not self.averages:
            return
        # At first the average is short: of ten steps it should not be one of the random start.
        done = tf.cast(number, "float32")
        keep = tf.minimum(self.rules.averaging, (done + 1) / (done + 10))
        for average, weight in zip(self.averages, self.generator.weights, strict=True):
            average.assign(keep * average + (1 - keep) * tf.convert_to_tensor(weight))

    @contextmanager
    def averaged(self, batch: Callable[[int], tuple]) -> Iterator[keras.Model]:
        """The generator with its averaged weights, if there are any, for as long as the context lasts."""
        last = self.generator.get_weights()
        if self.averages:
            self.generator.set_weights([average.numpy() for average in self.averages])
            self.recalibrate(batch)
        try:
            yield self.generator
        finally:
            self.generator.set_weights(last)

    def checkpoint_variables(self) -> list:
        """Every variable that training changes."""
        optimizers = [*self.generator_optimizer.variables, *self.discriminator_optimizer.variables]
        return [*self.generator.weights, *self.discriminator.weights, *optimizers, *self.averages, *self.best]

    def train_step(self, data: tuple) -> dict[str, Any]:
        """A step of both networks, given real data and conditions; see `step`."""
        (real, *conditions), number, penalty = data, self.steps_done, None
        if self.rules.penalty > 0 and number % self.rules.penalty_every == 0:
            eased = (1 - self.progress) ** self.rules.easing
            penalty = tf.constant(self.rules.penalty * self.rules.penalty_every * eased, "float32")
        return self.step(tf.constant(number), real, tuple(conditions), penalty)

    def noise(self, count, number, which: int):
        """z, float32 [count, size]: new for each step and network, and the same if the step is repeated."""
        size = self.generator.inputs[0].shape[-1]
        return tf.random.stateless_normal((count, size), seed=tf.stack([self.rules.seed, 2 * number + which]))

    @tf.function(autograph=False)
    def step(self, number, real, conditions: tuple, penalty) -> dict[str, Any]:
        """Step `number` of each network, the discriminator's first: both losses, and D's mean probabilities.

        `penalty` is the weight of the mean squared gradient; None for a step that does not count it.
        """
        real = tf.cast(real, "float32")
        logs = self._train_discriminator(number, real, conditions, penalty)
        logs["generator_loss"] = self._train_generator(number, tf.shape(real)[0], conditions)
        self.update_averages(number)
        return logs

    def _train_discriminator(self, number, real, conditions: tuple, penalty):
        generated = apply(self.generator, self.noise(tf.shape(real)[0], number, 0), conditions)
        with tf.GradientTape() as tape:
            on_real = apply(self.discriminator, real, conditions)
            on_generated = apply(self.discriminator, generated, conditions)
            loss = objective = discriminator_loss(on_real, on_generated)
            if self.rules.mismatched:
                objective += self.rules.mismatched * self._mismatched_loss(real, *conditions)
            if penalty is not None:
                for data in (real, generated) if self.rules.two_sided else (real,):
                    objective += penalty * gradient_penalty(self.discriminator, data, conditions, self.rules.unit)
        variables = self.discriminator.trainable_variables
        self.discriminator_optimizer.apply(tape.gradient(objective, variables), variables)
        probabilities = {"on_real": on_real, "on_generated": on_generated}
        means = {name: tf.reduce_mean(tf.sigmoid(scores)) for name, scores in probabilities.items()}
        return {"discriminator_loss": loss, **means}

    def _mismatched_loss(self, real, labels):
        """D's loss on real data with the labels [n] of others (Reed et al. 2016, arXiv:1605.05396, 4.2)."""
        others = tf.roll(labels, 1, axis=0)
        wrong = tf.cast(others != labels, "float32")[:, tf.newaxis]
        return tf.reduce_mean(wrong * tf.nn.softplus(apply(self.discriminator, real, (others,))))

    def _train_generator(self, number, count, conditions: tuple):
        with tf.GradientTape() as tape:
            generated = apply(self.generator, self.noise(count, number, 1), conditions)
            loss = generator_loss(apply(self.discriminator, generated, conditions))
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    def recalibrate(self, batch: Callable[[int], tuple]) -> None:
        """Bring what depends on the generator's weights in line with their average."""
        if self.generator.non_trainable_weights:  # batch norm's statistics are those of other weights
            for number in range(RECALIBRATION_BATCHES):
                real, *conditions = map(tf.convert_to_tensor, batch(number))
                apply(self.generator, self.noise(len(real), number, 0), tuple(conditions))


class Watch(keras.callbacks.Callback):
    """Shows the generator to a function from time to time, and keeps the best one if that measures it."""

    model: GanTrainer

    def __init__(self, history: GanHistory, batch: Callable, watch: Callable, every: int):
        super().__init__()
        self.history, self.batch, self.watch, self.every = history, batch, watch, every

    def evaluate(self) -> None:
        history, step = self.history, len(self.history.seconds)
        if history.watched and history.watched[-1][0] == step:
            return
        with self.model.averaged(self.batch) as averaged:
            if (measured := self.watch(averaged, step)) is None:
                return
            if history.best is None or measured < min(earlier for _, earlier in history.watched):
                history.best = step
                for kept, weight in zip(self.model.best, averaged.weights, strict=True):
                    kept.assign(weight)
            history.watched.append([step, float(measured)])

    def on_train_batch_begin(self, batch, logs=None):
        if len(self.history.seconds) % self.every == 0:
            self.evaluate()

    def on_train_end(self, logs=None):
        if not self.history.interrupted:
            self.evaluate()


def train_gan(
    generator: keras.Model,
    discriminator: keras.Model,
    batches: Batches | Callable[[int], tuple],
    rules: Hyperparameters = Hyperparameters(),
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
        generator: noise float32 [n, size], and any conditions → generated data.
        discriminator: data, and the same conditions → scores float32 [n, 1].
        batches: step → (real data [n, ...], conditions [n, ...], ...); always of the same n.
        rules: how they learn.
        watch: given the generator, with averaged weights if the rules ask for them, and the number of steps so far;
            from time to time, and at the end. It may return a measure, of which less is better.
        every: steps between two calls of it.
        label, settings: those of `training.train_loop`: steps, seconds, checkpoint, bar.

    Returns:
        What it went through, from the first step even if resumed.
    """
    trainer, history = GanTrainer(generator, discriminator, rules), GanHistory()
    batch = batches.__getitem__ if isinstance(batches, Batches) else batches
    watching = [Watch(history, batch, watch, every)] if watch else []
    try:
        return train_loop(trainer, batches, history, trainer.schedule, watching, label=label, **settings)
    finally:
        if history.best is not None:
            trainer.generator.set_weights([weight.numpy() for weight in trainer.best])
        else:
            with trainer.averaged(batch) as averaged:
                final = averaged.get_weights()
            trainer.generator.set_weights(final)
