"""Adversarial training: losses by formula, one step by hand; it can be watched and resumed, and keeps the best."""

import numpy as np
import pytest
from scipy.special import expit

from vistext.nn.engine import keras, tf
from vistext.tasks import gan
from vistext.tasks.gan.adversarial import STABLE, GanTrainer, Hyperparameters, train_gan

SCORES = np.array([[-30.0], [-1.0], [0.0], [2.5]], "float32")
PROBABILITIES = expit(SCORES.astype("float64"))
POINTS = gan.model.sample_ring(64, 0)


def small():
    """Generator and discriminator for points."""
    keras.utils.set_random_seed(0)
    return gan.model.build_ring(width=8, depth=1)


def points(step):
    return (POINTS,)


def test_the_losses_are_those_of_2014():
    on_real, on_generated = PROBABILITIES, PROBABILITIES[::-1]
    expected = -np.log(on_real).mean() - np.log1p(-on_generated).mean()
    assert float(gan.adversarial.discriminator_loss(SCORES, SCORES[::-1])) == pytest.approx(expected, rel=1e-5)
    assert float(gan.adversarial.generator_loss(SCORES)) == pytest.approx(-np.log(PROBABILITIES).mean(), rel=1e-5)


def test_the_penalty_is_the_squared_length_of_the_gradient_in_the_unit_given():
    x, kind = keras.Input((3,)), keras.Input((), dtype="int32")
    factor = keras.ops.cast(keras.ops.expand_dims(kind, 1), "float32")
    model = keras.Model([x, kind], keras.layers.Dense(1, name="d")(x) * factor)
    model.get_layer("d").kernel.assign([[1.0], [2.0], [-2.0]])
    real, kinds = tf.random.stateless_normal((4, 3), (0, 0)), tf.constant([1, 1, 2, 0])
    # The gradient by the input is the kernel, of squared length 9, times the kind.
    for unit, expected in ((1.0, 9 * (1 + 1 + 4 + 0) / 4), (10.0, 1350)):
        penalty = gan.adversarial.gradient_penalty(model, real, (kinds,), unit=unit)
        assert float(penalty) == pytest.approx(expected, rel=1e-5)


def lines():
    """G(z) = 2 z + 1 and D(x) = sigmoid(3 x - 1), in one dimension."""
    z, x = keras.Input((1,)), keras.Input((1,))
    generator = keras.Model(z, keras.layers.Dense(1)(z))
    discriminator = keras.Model(x, keras.layers.Dense(1)(x))
    generator.set_weights([np.array([[2.0]]), np.array([1.0])])
    discriminator.set_weights([np.array([[3.0]]), np.array([-1.0])])
    return generator, discriminator


@pytest.mark.parametrize(("penalty", "sides"), [(0.0, 1), (0.7, 1), (0.7, 2)])
def test_a_step_is_the_one_that_calculus_gives_by_hand(penalty, sides):
    rules = Hyperparameters(generator_lr=0.01, discriminator_lr=0.02, two_sided=sides == 2)
    trainer = GanTrainer(*lines(), rules)
    real = np.array([[0.5], [-1.0]], "float32")
    z = trainer.noise(2, 0, 0).numpy()
    generated = 2 * z + 1
    # Of softplus(-s) on real and softplus(s) on generated, each the mean of two, and of the squared slope w².
    by_score = (-expit(-(3 * real - 1)) / 2, expit(3 * generated - 1) / 2)
    gradient = [
        float((by_score[0] * real + by_score[1] * generated).sum()) + sides * 2 * 3 * penalty,
        float((by_score[0] + by_score[1]).sum()),
    ]

    logs = trainer.step(tf.constant(0), real, (), tf.constant(penalty) if penalty else None)

    expected_loss = np.log1p(np.exp(-(3 * real - 1))).mean() + np.log1p(np.exp(3 * generated - 1)).mean()
    assert float(logs["discriminator_loss"]) == pytest.approx(expected_loss, rel=1e-5)
    assert float(logs["on_real"]) == pytest.approx(expit(3 * real - 1).mean(), rel=1e-5)
    assert float(logs["on_generated"]) == pytest.approx(expit(3 * generated - 1).mean(), rel=1e-5)
    # Adam's first step is the rate against the sign of the gradient, almost whatever its size.
    w, b = (float(np.ravel(weight)[0]) for weight in trainer.discriminator.get_weights())
    assert [w, b] == pytest.approx([3 - 0.02 * np.sign(gradient[0]), -1 - 0.02 * np.sign(gradient[1])], abs=1e-4)
    # The generator's step is against the discriminator as it now is, with noise of its own.
    other = trainer.noise(2, 0, 1).numpy()
    by_score = -expit(-(w * (2 * other + 1) + b)) / 2
    gradient = [float((by_score * w * other).sum()), float((by_score * w).sum())]
    a, c = (float(np.ravel(weight)[0]) for weight in trainer.generator.get_weights())
    assert [a, c] == pytest.approx([2 - 0.01 * np.sign(gradient[0]), 1 - 0.01 * np.sign(gradient[1])], abs=1e-4)


def test_noise_is_new_at_each_step_and_the_same_when_a_step_is_repeated():
    trainer, other = (GanTrainer(*small(), Hyperparameters(seed=seed)) for seed in (3, 4))
    drawn = [trainer.noise(5, step, which).numpy() for step in (0, 1, 2) for which in (0, 1)]
    assert len({each.tobytes() for each in drawn}) == 6
    assert np.array_equal(drawn[3], trainer.noise(5, 1, 1))
    assert not np.array_equal(drawn[0], other.noise(5, 0, 0))


def test_the_average_is_short_at_first_and_then_as_long_as_asked_for(monkeypatch):
    generator, discriminator = small()
    raw, averaged = {}, {}

    def recording(trainer, data, train_step=GanTrainer.train_step):
        raw[trainer.steps_done] = generator.get_weights()[0]
        return train_step(trainer, data)

    def watch(model, step):
        averaged[step] = model.get_weights()[0]

    monkeypatch.setattr(GanTrainer, "train_step", recording)
    rules = Hyperparameters(averaging=0.3)
    train_gan(generator, discriminator, points, rules, steps=6, watch=watch, every=1, bar=False)
    expected = raw[0]
    for step in range(5):
        keep = min(0.3, (step + 1) / (step + 10))
        expected = keep * expected + (1 - keep) * raw[step + 1]
        assert averaged[step + 1] == pytest.approx(expected, abs=1e-5)
    assert np.array_equal(generator.get_weights()[0], averaged[6]), "it ends with the average"
    assert not np.allclose(averaged[3], raw[3], atol=1e-6)


def test_batch_norm_s_statistics_are_those_of_the_averaged_weights():
    keras.utils.set_random_seed(0)
    z, x = keras.Input((2,)), keras.Input((2,))
    norm = keras.layers.BatchNormalization(momentum=0.5)
    generator = keras.Model(z, keras.layers.Dense(2)(norm(keras.layers.Dense(4)(z))))
    discriminator = keras.Model(x, keras.layers.Dense(1)(x))
    data = np.tile(POINTS, (8, 1))
    rules = Hyperparameters(generator_lr=0.1, averaging=0.9)
    train_gan(generator, discriminator, lambda step: (data,), rules, steps=10, bar=False)
    kernel, bias = generator.layers[1].get_weights()
    # Noise of unit variance through a dense layer.
    assert np.asarray(norm.moving_variance) == pytest.approx((kernel**2).sum(axis=0), rel=0.25)
    assert np.asarray(norm.moving_mean) == pytest.approx(bias, abs=0.3)


class Stopped:
    """Batches during which somebody presses Ctrl-C, once."""

    def __init__(self, at):
        self.at = at

    def __call__(self, step):
        if step == self.at:
            self.at = None
            raise KeyboardInterrupt
        return points(step)


@pytest.mark.parametrize("averaging", [None, 0.9])
def test_stopped_and_resumed_it_is_the_same_training_and_ends_with_the_best(tmp_path, averaging):
    rules = Hyperparameters(averaging=averaging, penalty_every=4)
    measures = {0: 3.0, 5: 1.0, 10: 2.0, 12: 5.0}
    shown = {}

    def watch(model, step):
        shown[step] = model.get_weights()
        return measures[step]

    settings = {"steps": 12, "every": 5, "bar": False, "watch": watch}
    whole = small()
    expected = train_gan(*whole, points, rules, **settings)
    assert all(map(np.array_equal, whole[0].get_weights(), shown[5]))
    assert not np.array_equal(shown[5][0], shown[12][0])

    batches = Stopped(8)
    first = train_gan(*small(), batches, rules, checkpoint=tmp_path, **settings)
    assert (first.interrupted, len(first.seconds), first.best) == (True, 8, 5)
    assert len(list(tmp_path.iterdir())) == 1
    resumed = gan.model.build_ring(width=8, depth=1)  # started elsewhere: all comes from the checkpoint
    again = train_gan(*resumed, batches, rules, checkpoint=tmp_path, **settings)

    # Not to the bit: a busy machine adds up in another order.
    assert again.discriminator_loss == pytest.approx(expected.discriminator_loss, rel=1e-3)
    assert again.watched == expected.watched == [[0, 3.0], [5, 1.0], [10, 2.0], [12, 5.0]]
    assert (again.best, again.interrupted) == (5, False)
    for mine, theirs in zip(resumed, whole, strict=True):
        for one, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
            assert one == pytest.approx(other, abs=5e-4)
    assert not list(tmp_path.iterdir()), "what is finished is forgotten"


def test_a_loss_that_is_not_finite_stops_it_and_the_best_is_kept():
    generator, discriminator = small()
    start = generator.get_weights()

    def poisoned(step):
        return (POINTS if step < 4 else POINTS * np.nan,)

    with pytest.raises(FloatingPointError, match="the discriminator's loss became nan at step 5: try smaller"):
        train_gan(generator, discriminator, poisoned, steps=9, watch=lambda _, step: 1.0 + step, every=2, bar=False)
    assert all(map(np.array_equal, generator.get_weights(), start))


def test_the_rates_fade_and_the_penalty_counts_only_at_some_steps_and_eases_off(monkeypatch):
    rules = Hyperparameters(generator_lr=0.2, discriminator_lr=0.4, fading=0.5, penalty=0.5, penalty_every=3, easing=2)
    trainer = GanTrainer(*small(), rules)
    rates, penalties = [], []
    monkeypatch.setattr(trainer, "step", lambda number, real, conditions, penalty: penalties.append(penalty))
    for number, done in ((0, 0.0), (1, 0.1), (3, 0.5), (6, 0.9), (9, 1.0)):
        trainer.discriminator_optimizer.iterations.assign(number)
        trainer.schedule(done)
        trainer.train_step((POINTS,))
        optimizers = (trainer.generator_optimizer, trainer.discriminator_optimizer)
        rates.append([float(optimizer.learning_rate) for optimizer in optimizers])
    expected = [[0.2, 0.4], [0.2, 0.4], [0.2, 0.4], [0.04, 0.08], [0, 0]]
    assert np.array(rates) == pytest.approx(np.array(expected), abs=1e-7)
    assert penalties.pop(1) is None
    assert [float(penalty) for penalty in penalties] == pytest.approx([1.5, 1.5 * 0.25, 1.5 * 0.01, 0])


def test_stabilized_training_covers_the_ring_and_by_the_clock_it_ends_in_time():
    keras.utils.set_random_seed(0)
    generator, discriminator = gan.model.build_ring()
    batches = lambda step: (gan.model.sample_ring(128, step),)  # noqa: E731
    history = train_gan(generator, discriminator, batches, STABLE, steps=800, bar=False)
    made = np.asarray(generator(gan.model.sample_noise(2000, 2, 0)))
    distances = np.linalg.norm(made[:, np.newaxis] - gan.model.mode_centers(), axis=-1)
    shares = (distances <= gan.model.NEAR).mean(axis=0)
    assert shares.min() >= 1 / 8 / 4, "each mode has a quarter of its share"
    assert shares.sum() > 0.6
    assert len(history.on_real) == len(history.discriminator_loss) == len(history.seconds) == 800
    assert history.seconds == sorted(history.seconds)
    assert np.mean(history.on_generated[:10]) < np.mean(history.on_real[:10]), "at first the two are told apart"
    assert len(train_gan(*small(), points, seconds=1e-3, bar=False).seconds) <= 1, "by the clock"


def test_real_data_under_the_labels_of_others_count_as_generated():
    """By NumPy, for a discriminator whose score is the product of datum and label; an equal label is no wrong one."""
    data, label, noise = keras.Input((1,)), keras.Input(()), keras.Input((2,))
    product = keras.layers.Multiply()([data, keras.layers.Reshape((1,))(label)])
    generator = keras.Model([noise, label], keras.layers.Dense(1)(noise))
    trainer = GanTrainer(generator, keras.Model([data, label], product), Hyperparameters())
    real, labels = tf.constant([[1.0], [-2.0], [3.0]]), tf.constant([1.0, 1.0, 2.0])
    # The labels of those before them are 2, 1 (its own) and 1.
    expected = (np.log1p(np.exp(1 * 2)) + 0 + np.log1p(np.exp(3 * 1))) / 3
    assert float(trainer._mismatched_loss(real, labels)) == pytest.approx(expected, rel=1e-5)
