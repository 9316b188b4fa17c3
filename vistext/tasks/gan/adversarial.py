"""The game of two networks: a generator invents, a discriminator judges, and each learns from the other.

Goodfellow et al. 2014, "Generative Adversarial Networks" (arXiv:1406.2661), with what has mended it since: a loss that
does not fade (there, section 3), two time scales (Heusel et al. 2017, arXiv:1706.08500), a penalty on the
discriminator's slope at real data (Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?",
arXiv:1801.04406) or at both real and invented data (Huang et al. 2024, "The GAN is dead; long live the GAN!",
arXiv:2501.05441), and an average of the generator's weights (Yazıcı et al. 2019, arXiv:1806.04498).

    match = play(generator, discriminator, batches, Rules(), seconds=60)
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from vistext.nn.engine import keras, tf
from vistext.nn.training import Adam, progress_bar

RECALIBRATION_PICTURES = 20  # batches: what batch norm needs to know its statistics for averaged weights


@dataclass(frozen=True)
class Hyperparameters:
    """How the two networks learn; the defaults are those of the mended game."""

    generator_lr: float = 1e-3
    discriminator_lr: float = 2e-3  # the judge learns faster, so that its advice is up to date
    momentum: float = 0.0  # Adam's first beta: what the other network did lately says little of what it does next
    memory: float = 0.99  # Adam's second beta
    saturating: bool = False  # whether the generator minimizes log(1 - D), as in the original game
    penalty: float = 1.0  # times the mean squared slope of the discriminator's score at real data, R1
    penalty_every: int = 1  # steps; it then counts so many times as much (Karras et al. 2020, arXiv:1912.04958, B)
    two_sided: bool = False  # whether the slope at invented data counts as well
    easing: float = 0.0  # a power: the penalty counts as much as the share of the game that is left, to that power
    unit: float = 1.0  # in which that slope is measured: what counts as 1 in the data
    fading: float = 0.0  # share of the game, at its end, over which both rates go down to 0
    mismatched: float = 0.0  # how much it counts to tell real data from others' conditions, beside from invented data
    averaging: float | None = None  # how much of the average of the generator's weights stays at each step
    seed: int = 0  # of the noise


# For points in the plane. A strong penalty spreads what is invented over the whole ring, and a weak one sharpens it:
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

# A first attempt: the original loss, a generator that runs ahead of its judge, and nothing that keeps the judge gentle.
VANILLA = Hyperparameters(
    generator_lr=1e-3, discriminator_lr=2e-4, momentum=0.9, memory=0.999, saturating=True, penalty=0.0
)


def discriminator_loss(on_real, on_invented):
    """How wrong D is: scores [n, 1] for real and for invented data → the mean of -log D(x) - log(1 - D(G(z)))."""
    return tf.reduce_mean(tf.nn.softplus(-on_real)) + tf.reduce_mean(tf.nn.softplus(on_invented))


def generator_loss(on_invented, saturating: bool = False):
    """How far G is found out: scores [n, 1] of what it invents → the mean of -log D(G(z)), or log(1 - D(G(z)))."""
    if saturating:
        return -tf.reduce_mean(tf.nn.softplus(on_invented))
    return tf.reduce_mean(tf.nn.softplus(-on_invented))


def gradient_penalty(discriminator: keras.Model, data, conditions: tuple = (), unit: float = 1.0):
    """The mean squared length of the gradient of the discriminator's score by its input, at some data.

    Mescheder et al. 2018, section 4.1: R1 at real data, R2 at invented data. Where it is small the score changes gently
    there, so that the generator always finds a direction.

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
    slope = unit * tape.gradient(score, data)
    return tf.reduce_mean(tf.reduce_sum(tf.square(slope), axis=list(range(1, len(data.shape)))))


def apply(model: keras.Model, first, conditions: tuple = ()):
    """What a network says in training, given its first input and, if it takes any, conditions."""
    return model([first, *conditions] if conditions else first, training=True)


@dataclass
class GanHistory:
    """What a game went through: one entry a step in the first five."""

    seconds: list[float] = field(default_factory=list)  # since its start, pauses between runs left out
    discriminator_loss: list[float] = field(default_factory=list)
    generator_loss: list[float] = field(default_factory=list)
    on_real: list[float] = field(default_factory=list)  # D's mean probability for the real ones of the batch, 0 to 1
    on_invented: list[float] = field(default_factory=list)  # and for the invented ones
    watched: list[tuple[int, float]] = field(default_factory=list)  # (step, what `watch` measured)
    best: int | None = None  # the step at which that was least; its weights are kept
    interrupted: bool = False


class GanTrainer:
    """Two networks, their optimisers, and one compiled step of each.

    Args:
        generator: noise float32 [n, size], and any conditions → invented data.
        discriminator: data, and the same conditions → scores float32 [n, 1].
        rules: how they learn.
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, rules: Hyperparameters):
        self.generator, self.discriminator, self.rules = generator, discriminator, rules
        adam = {"beta_1": rules.momentum, "beta_2": rules.memory}
        self.generator_optimizer = Adam(rules.generator_lr, **adam)
        self.discriminator_optimizer = Adam(rules.discriminator_lr, **adam)
        self.generator_optimizer.build(generator.trainable_variables)
        self.discriminator_optimizer.build(discriminator.trainable_variables)
        self.averages = [tf.Variable(weight.numpy()) for weight in generator.weights] if rules.averaging else []

    def train_step(self, number: int, done: float, real: np.ndarray, *conditions: np.ndarray) -> list[float]:
        """Step `number` of both networks, when that share of the game is done; see `step`."""
        left = min(1.0, (1 - done) / self.rules.fading) if self.rules.fading else 1.0
        self.generator_optimizer.learning_rate = self.rules.generator_lr * left
        self.discriminator_optimizer.learning_rate = self.rules.discriminator_lr * left
        penalty = None
        if self.rules.penalty > 0 and number % self.rules.penalty_every == 0:
            eased = (1 - done) ** self.rules.easing
            penalty = tf.constant(self.rules.penalty * self.rules.penalty_every * eased, "float32")
        return [float(figure) for figure in self.step(tf.constant(number), real, conditions, penalty)]

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
            penalty: times the mean squared slope, float32 scalar; None for a step that does not count it.

        Returns:
            Both losses, and D's mean probability for real and for invented data: four scalars.
        """
        real = tf.cast(real, "float32")
        loss, on_real, on_invented = self._teach_discriminator(number, real, conditions, penalty)
        other_loss = self._teach_generator(number, tf.shape(real)[0], conditions)
        if self.averages:
            update_ema(self.averages, self.generator.weights, number, self.rules.averaging)
        return loss, other_loss, tf.reduce_mean(tf.sigmoid(on_real)), tf.reduce_mean(tf.sigmoid(on_invented))

    def _teach_discriminator(self, number, real, conditions: tuple, penalty):
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
        """How real D finds real data that are said to be what others are (Reed et al. 2016, arXiv:1605.05396, 4.2)."""
        others = [tf.roll(condition, 1, axis=0) for condition in conditions]
        differ = [
            tf.reshape(one != other, [tf.shape(one)[0], -1]) for one, other in zip(conditions, others, strict=True)
        ]
        wrong = tf.cast(tf.reduce_any(tf.concat(differ, axis=1), axis=1, keepdims=True), "float32")
        return tf.reduce_mean(wrong * tf.nn.softplus(apply(self.discriminator, real, tuple(others))))

    def _teach_generator(self, number, count, conditions: tuple):
        with tf.GradientTape() as tape:
            invented = apply(self.generator, self.noise(count, number, 1), conditions)
            loss = generator_loss(apply(self.discriminator, invented, conditions), self.rules.saturating)
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    @tf.function(autograph=False)
    def _show_noise(self, number, count: int, conditions: tuple) -> None:
        apply(self.generator, self.noise(count, number, 0), conditions)

    @contextmanager
    def averaged(self, conditions: Callable[[int], tuple], count: int) -> Iterator[keras.Model]:
        """The generator with its averaged weights, for as long as the context lasts."""
        if not self.averages:
            yield self.generator
            return
        with swapped_weights(self.generator.weights, self.averages):
            if self.generator.non_trainable_weights:  # batch norm's statistics are those of other weights
                for number in range(RECALIBRATION_PICTURES):
                    self._show_noise(tf.constant(number), count, conditions(number))
            yield self.generator

    def state(self) -> dict[str, list]:
        """Every variable, by whose it is."""
        return {
            "generator": self.generator.weights,
            "discriminator": self.discriminator.weights,
            "generator_optimizer": self.generator_optimizer.variables,
            "discriminator_optimizer": self.discriminator_optimizer.variables,
            "averages": self.averages,
        }


def update_ema(averages: list[tf.Variable], weights: list, number, averaging: float) -> None:
    """Let averages of weights come one step after these.

    Args:
        averages, weights: variables, as many of both.
        number: of the step, a whole number or an int32 scalar.
        averaging: how much of the average stays, 0 to 1.
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


def train_gan(
    generator: keras.Model,
    discriminator: keras.Model,
    batches: Callable[[int], tuple[np.ndarray, ...]],
    rules: Hyperparameters = Hyperparameters(),
    **settings,
) -> GanHistory:
    """Let two networks learn against each other; see `play_on`.

    Args:
        generator: noise [n, size], and any conditions → invented data.
        discriminator: data, and the same conditions → scores [n, 1].
        batches: step → (real data [n, ...], conditions [n, ...], ...); always of the same n.
        rules: how they learn.
        settings: those of `play_on`: steps, seconds, watch, every, checkpoint, save_every, label, bar.

    Returns, raises:
        As `play_on`.
    """
    return train_loop(GanTrainer(generator, discriminator, rules), batches, **settings)


def train_loop(
    game: "GanTrainer",
    batches: Callable[[int], tuple[np.ndarray, ...]],
    *,
    steps: int | None = None,
    seconds: float | None = None,
    watch: Callable[[keras.Model, int], float | None] | None = None,
    every: int = 100,
    checkpoint: str | os.PathLike | None = None,
    save_every: float = 60,
    label: str = "the game",
    bar: bool = True,
) -> GanHistory:
    """Play a game, in view, until a number of steps or a time is reached.

    Ctrl-C, or the stop button of a notebook, ends the game early. However it ends, the generator has its best weights
    if `watch` measures, else their average if the rules ask for one, else the last ones.

    Args:
        game: `Game`, or one with the same `turn`, `state`, `averages`, `averaged` and `generator`, as
            `word_game.WordGame`.
        batches: step → what the game's `turn` takes after the number of the step and the share that is done.
        steps: how many at most.
        seconds: how long at most. With both, whichever comes first.
        watch: given the generator, with averaged weights if the rules ask for them, and the number of steps so far;
            from time to time, and at the end. It may return a measure, of which less is better.
        every: steps between two looks.
        checkpoint: a folder. What is there is taken up again; what is unfinished is kept there, and removed at the end.
        save_every: seconds between checkpoints.
        label: what the progress bar calls it.
        bar: whether to show one.

    Returns:
        What it went through, from the first step even if resumed.

    Raises:
        ValueError: neither `steps` nor `seconds` is given, or one is not positive.
        FloatingPointError: a loss is no longer finite.
    """
    if steps is None and seconds is None:
        raise ValueError("play needs steps, seconds, or both, to know when to stop")
    for name, value in (("steps", steps), ("seconds", seconds)):
        if value is not None and value <= 0:
            raise ValueError(f"{name}={value}; accepted: more than 0")
    match, best = GanHistory(), []
    kept = None if checkpoint is None else Path(checkpoint) / "match.npz"
    if kept and kept.exists():
        match, best = _restore(kept, game)
    started = time.perf_counter() - (match.seconds[-1] if match.seconds else 0.0)
    saved = time.perf_counter()

    def progress(step: int) -> float:
        elapsed = time.perf_counter() - started
        return min(1.0, max(step / steps if steps else 0.0, elapsed / seconds if seconds else 0.0))

    def look(step: int) -> None:
        nonlocal best
        if watch is None or (match.watched and match.watched[-1][0] == step):
            return
        with game.averaged(lambda number: batches(number)[1:], len(batches(0)[0])) as averaged:
            measured = watch(averaged, step)
            if measured is None:
                return
            if match.best is None or measured < dict(match.watched)[match.best]:
                match.best, best = step, [weight.numpy() for weight in averaged.weights]
            match.watched.append((step, float(measured)))

    with progress_bar(label, shown=bar) as shown:
        try:
            step = len(match.seconds)
            while (done := progress(step)) < 1:
                if step % every == 0:
                    look(step)
                figures = game.train_step(step, done, *batches(step))
                step += 1
                _record(match, figures, time.perf_counter() - started)
                shown.set_postfix_str(
                    f"D says {np.mean(match.on_real[-20:]):.0%} to real, {np.mean(match.on_invented[-20:]):.0%} to "
                    "invented",
                    refresh=False,
                )
                shown.update(done * 100 - shown.n)
                if kept and time.perf_counter() - saved > save_every:
                    _save(kept, game, match, best)
                    saved = time.perf_counter()
            look(step)
            shown.update(100 - shown.n)
        except KeyboardInterrupt:
            match.interrupted = True
            shown.set_description_str(f"{label} (interrupted; the networks keep what they have learned)")
            if kept:
                _save(kept, game, match, best)
        finally:
            _restore_best(game, best, batches)
    if kept and not match.interrupted:
        kept.unlink(missing_ok=True)
    return match


def _record(match: GanHistory, figures: list[float], seconds: float) -> None:
    """Add a step to the match, and stop if its losses are not finite."""
    loss, other_loss, on_real, on_invented = figures
    match.discriminator_loss.append(loss)
    match.generator_loss.append(other_loss)
    match.on_real.append(on_real)
    match.on_invented.append(on_invented)
    match.seconds.append(seconds)
    for whose, value in (("discriminator", loss), ("generator", other_loss)):
        if not np.isfinite(value):
            raise FloatingPointError(
                f"the {whose}'s loss became {value} at step {len(match.seconds)}: try smaller learning rates, or a "
                "larger penalty"
            )


def _restore_best(game: GanTrainer, best: list[np.ndarray], batches: Callable) -> None:
    if best:
        _assign(game.generator.weights, best)
    elif game.averages:
        with game.averaged(lambda number: batches(number)[1:], len(batches(0)[0])) as averaged:
            final = [weight.numpy() for weight in averaged.weights]
        _assign(game.generator.weights, final)


def _assign(variables: list, values: list) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _save(file: Path, game: GanTrainer, match: GanHistory, best: list[np.ndarray]) -> None:
    """Keep everything in one file, which appears whole or not at all."""
    state = {part: [variable.numpy() for variable in variables] for part, variables in game.state().items()}
    arrays = {f"{part}/{index}": value for part, values in state.items() for index, value in enumerate(values)}
    arrays |= {f"best/{index}": value for index, value in enumerate(best)}
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".part")
    with open(draft, "wb") as opened:
        np.savez(opened, match=np.array(json.dumps(asdict(match))), **arrays)
    os.replace(draft, file)


def _restore(file: Path, game: GanTrainer) -> tuple[GanHistory, list[np.ndarray]]:
    """Bring the game to the state kept; the match so far, and the best weights."""
    with np.load(file, allow_pickle=False) as arrays:
        for part, variables in game.state().items():
            _assign(variables, [arrays[f"{part}/{index}"] for index in range(len(variables))])
        best = [arrays[f"best/{index}"] for index in range(sum(name.startswith("best/") for name in arrays.files))]
        match = json.loads(str(arrays["match"]))
    match["watched"] = [tuple(each) for each in match["watched"]]
    return GanHistory(**{**match, "interrupted": False}), best
