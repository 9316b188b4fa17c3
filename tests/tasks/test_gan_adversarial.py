"""The game: its losses by formula, one step by hand; it can be watched, stopped and resumed, and keeps the best."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from vistext.nn.engine import keras, tf
from vistext.tasks import gan
from vistext.tasks.gan.adversarial import STABLE, VANILLA, GanTrainer, Hyperparameters, train_gan

SCORES = np.array([[-30.0], [-1.0], [0.0], [2.5]], "float32")
PROBABILITIES = expit(SCORES.astype("float64"))
SMALL = gan.model.RingConfig(noise=2, width=8, depth=1)


def test_the_losses_are_those_of_2014():
    on_real, on_invented = PROBABILITIES, PROBABILITIES[::-1]
    expected = -np.log(on_real).mean() - np.log1p(-on_invented).mean()
    assert float(gan.adversarial.discriminator_loss(SCORES, SCORES[::-1])) == pytest.approx(expected, rel=1e-5)
    assert float(gan.adversarial.generator_loss(SCORES)) == pytest.approx(-np.log(PROBABILITIES).mean(), rel=1e-5)
    saturated = np.log1p(-PROBABILITIES).mean()
    assert float(gan.adversarial.generator_loss(SCORES, saturating=True)) == pytest.approx(saturated, rel=1e-5)


def test_only_the_saturating_loss_fades_where_the_generator_is_found_out():
    def slope(saturating):
        score = tf.constant([[-10.0]])
        with tf.GradientTape() as tape:
            tape.watch(score)
            loss = gan.adversarial.generator_loss(score, saturating)
        return float(tape.gradient(loss, score)[0, 0])

    assert slope(saturating=True) == pytest.approx(-4.54e-5, rel=1e-2)
    assert slope(saturating=False) == pytest.approx(-1, rel=1e-3)


def test_the_slope_is_the_length_of_the_gradient_in_the_unit_given():
    x, kind = keras.Input((3,)), keras.Input((), dtype="int32")
    factor = keras.ops.cast(keras.ops.expand_dims(kind, 1), "float32")
    model = keras.Model([x, kind], keras.layers.Dense(1, name="d")(x) * factor)
    model.get_layer("d").kernel.assign([[1.0], [2.0], [-2.0]])
    real, kinds = tf.random.stateless_normal((4, 3), (0, 0)), tf.constant([1, 1, 2, 0])
    # The gradient by the input is the kernel, of squared length 9, times the kind.
    assert float(gan.adversarial.gradient_penalty(model, real, (kinds,))) == pytest.approx(
        9 * (1 + 1 + 4 + 0) / 4, rel=1e-5
    )
    assert float(gan.adversarial.gradient_penalty(model, real, (kinds,), unit=10.0)) == pytest.approx(1350, rel=1e-5)


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
    game = GanTrainer(*lines(), rules)
    real = np.array([[0.5], [-1.0]], "float32")
    z = game.noise(2, 0, 0).numpy()
    invented = 2 * z + 1
    # Of softplus(-s) on real and softplus(s) on invented, each the mean of two, and of the squared slope w².
    by_score = (-expit(-(3 * real - 1)) / 2, expit(3 * invented - 1) / 2)
    gradient = [
        float((by_score[0] * real + by_score[1] * invented).sum()) + sides * 2 * 3 * penalty,
        float((by_score[0] + by_score[1]).sum()),
    ]

    loss, _, on_real, on_invented = game.step(tf.constant(0), real, (), tf.constant(penalty) if penalty else None)

    expected_loss = np.log1p(np.exp(-(3 * real - 1))).mean() + np.log1p(np.exp(3 * invented - 1)).mean()
    assert float(loss) == pytest.approx(expected_loss, rel=1e-5)
    assert float(on_real) == pytest.approx(expit(3 * real - 1).mean(), rel=1e-5)
    assert float(on_invented) == pytest.approx(expit(3 * invented - 1).mean(), rel=1e-5)
    # Adam's first step is the rate against the sign of the gradient, almost whatever its size.
    w, b = (float(np.ravel(weight)[0]) for weight in game.discriminator.get_weights())
    assert [w, b] == pytest.approx([3 - 0.02 * np.sign(gradient[0]), -1 - 0.02 * np.sign(gradient[1])], abs=1e-4)
    # The generator's step is against the discriminator as it now is, with noise of its own.
    other = game.noise(2, 0, 1).numpy()
    by_score = -expit(-(w * (2 * other + 1) + b)) / 2
    gradient = [float((by_score * w * other).sum()), float((by_score * w).sum())]
    a, c = (float(np.ravel(weight)[0]) for weight in game.generator.get_weights())
    assert [a, c] == pytest.approx([2 - 0.01 * np.sign(gradient[0]), 1 - 0.01 * np.sign(gradient[1])], abs=1e-4)


def test_noise_is_new_at_each_step_and_the_same_when_a_step_is_repeated():
    game = GanTrainer(*gan.model.build_ring(SMALL), Hyperparameters(seed=3))
    drawn = [game.noise(5, step, which).numpy() for step in (0, 1, 2) for which in (0, 1)]
    assert len({each.tobytes() for each in drawn}) == 6
    assert np.array_equal(drawn[3], game.noise(5, 1, 1))
    other = GanTrainer(*gan.model.build_ring(SMALL), Hyperparameters(seed=4))
    assert not np.array_equal(drawn[0], other.noise(5, 0, 0))


POINTS = gan.model.sample_ring(64, 0)


def points(step):
    return (POINTS,)


def fresh():
    keras.utils.set_random_seed(0)
    return gan.model.build_ring(SMALL)


def test_it_learns_where_the_data_is():
    keras.utils.set_random_seed(0)
    generator, discriminator = gan.model.build_ring(gan.model.RingConfig(noise=2, width=16, depth=1))
    data = np.random.default_rng(0).normal([3, -2], 0.3, (256, 2)).astype("float32")
    rules = Hyperparameters(generator_lr=1e-2, discriminator_lr=2e-2, penalty=0.1, averaging=0.98)
    match = train_gan(generator, discriminator, lambda step: (data,), rules, steps=300, bar=False)
    made = np.asarray(generator(gan.model.sample_noise(1000, 2, 0)))
    assert made.mean(axis=0) == pytest.approx([3, -2], abs=0.4)
    assert made.std(axis=0).max() < 1
    assert len(match.on_real) == len(match.discriminator_loss) == len(match.seconds) == 300
    assert match.seconds == sorted(match.seconds)
    assert np.mean(match.on_invented[:10]) < np.mean(match.on_real[:10]), "at first the two are told apart"


def test_the_average_is_short_at_first_and_then_as_long_as_asked_for(monkeypatch):
    generator, discriminator = fresh()
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
def test_stopped_and_resumed_it_is_the_same_game(tmp_path, averaging):
    rules = replace(Hyperparameters(), averaging=averaging, penalty_every=4)
    measures = {0: 3.0, 5: 1.0, 10: 2.0, 12: 5.0}
    settings = {"steps": 12, "every": 5, "bar": False, "watch": lambda _, step: measures[step]}
    whole, judge = fresh()
    expected = train_gan(whole, judge, points, rules, **settings)

    batches = Stopped(8)
    first = train_gan(*fresh(), batches, rules, checkpoint=tmp_path, **settings)
    assert (first.interrupted, len(first.seconds), first.best) == (True, 8, 5)
    assert len(list(tmp_path.iterdir())) == 1
    generator, discriminator = gan.model.build_ring(SMALL)  # started elsewhere: all comes from the checkpoint
    again = train_gan(generator, discriminator, batches, rules, checkpoint=tmp_path, **settings)

    # Not to the bit: a busy machine adds up in another order.
    assert again.discriminator_loss == pytest.approx(expected.discriminator_loss, rel=1e-3)
    assert again.watched == expected.watched == [(0, 3.0), (5, 1.0), (10, 2.0), (12, 5.0)]
    assert (again.best, again.interrupted) == (5, False)
    for mine, theirs in ((generator, whole), (discriminator, judge)):
        for one, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
            assert one == pytest.approx(other, abs=5e-4)
    assert not list(tmp_path.iterdir()), "what is finished is forgotten"


def test_it_ends_with_the_best_that_was_measured():
    generator, discriminator = fresh()
    shown = {}

    def watch(model, step):
        shown[step] = model.get_weights()
        return {0: 2.0, 3: 0.5, 6: 1.0, 7: 0.7}[step]

    match = train_gan(generator, discriminator, points, steps=7, watch=watch, every=3, bar=False)
    assert (match.best, match.watched) == (3, [(0, 2.0), (3, 0.5), (6, 1.0), (7, 0.7)])
    assert all(np.array_equal(one, other) for one, other in zip(generator.get_weights(), shown[3], strict=True))
    assert not np.array_equal(shown[3][0], shown[7][0])


def test_a_loss_that_is_not_finite_stops_it_and_the_best_is_kept():
    generator, discriminator = fresh()
    start = generator.get_weights()

    def poisoned(step):
        return (POINTS if step < 4 else POINTS * np.nan,)

    with pytest.raises(FloatingPointError, match="the discriminator's loss became nan at step 5: try smaller"):
        train_gan(generator, discriminator, poisoned, steps=9, watch=lambda _, step: 1.0 + step, every=2, bar=False)
    assert all(np.array_equal(one, other) for one, other in zip(generator.get_weights(), start, strict=True))


def test_a_game_by_the_clock_ends_in_time():
    match = train_gan(*fresh(), points, VANILLA, seconds=0.5, bar=False)
    assert len(match.seconds) >= 1
    assert match.seconds[-2:-1] < [0.5]


@pytest.mark.parametrize(
    ("settings", "said"), [({}, "steps, seconds, or both"), ({"steps": 0}, "steps=0"), ({"seconds": -1}, "seconds=-1")]
)
def test_without_an_end_it_does_not_begin(settings, said):
    with pytest.raises(ValueError, match=said):
        train_gan(*fresh(), points, **settings)


def test_the_rates_fade_towards_the_end_of_the_game():
    game = GanTrainer(*gan.model.build_ring(SMALL), Hyperparameters(generator_lr=0.2, discriminator_lr=0.4, fading=0.5))
    rates = []
    for done in (0.0, 0.5, 0.75, 1.0):
        game.schedule(done)
        rates.append([float(each.learning_rate) for each in (game.generator_optimizer, game.discriminator_optimizer)])
    assert np.array(rates) == pytest.approx(np.array([[0.2, 0.4], [0.2, 0.4], [0.1, 0.2], [0, 0]]), abs=1e-7)


def test_the_penalty_counts_only_at_some_steps_and_eases_off(monkeypatch):
    game = GanTrainer(*gan.model.build_ring(SMALL), Hyperparameters(penalty=0.5, penalty_every=3, easing=2))
    seen = []
    monkeypatch.setattr(game, "step", lambda number, real, conditions, penalty: seen.append(penalty) or [0.0] * 4)
    for number, done in ((0, 0.0), (1, 0.1), (3, 0.5), (6, 0.9)):
        game.discriminator_optimizer.iterations.assign(number)
        game.schedule(done)
        game.train_step((POINTS,))
    assert seen[1] is None
    assert [float(seen[place]) for place in (0, 2, 3)] == pytest.approx([1.5, 1.5 * 0.25, 1.5 * 0.01])


def on_the_ring(rules, steps):
    keras.utils.set_random_seed(0)
    generator, discriminator = gan.model.build_ring()
    train_gan(generator, discriminator, lambda step: (gan.model.sample_ring(128, step),), rules, steps=steps, bar=False)
    return gan.model.coverage(np.asarray(generator(gan.model.sample_noise(2000, 2, 0))))


def test_the_first_attempt_collapses_and_the_mended_game_covers_the_ring():
    assert on_the_ring(VANILLA, 500).modes <= 2
    mended = on_the_ring(STABLE, 800)
    assert mended.modes == 8
    assert mended.near > 0.6


def test_real_data_under_others_conditions_are_to_be_told_from_real_ones():
    """By NumPy, for a judge whose score is the product of datum and condition; an equal condition is no wrong one."""
    data, condition = keras.Input((1,)), keras.Input((1,))
    judge = keras.Model([data, condition], keras.layers.Multiply()([data, condition]))
    generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    game = GanTrainer(generator, judge, Hyperparameters(mismatched=0.5))
    real, said = np.array([[1.0], [-2.0], [3.0]], "float32"), np.array([[1.0], [1.0], [2.0]], "float32")
    # Each is said to be what the one before it is: 2, 1 (which it is) and 1.
    expected = (np.log1p(np.exp(1 * 2)) + 0 + np.log1p(np.exp(3 * 1))) / 3
    assert float(game._mismatched_loss(tf.constant(real), (tf.constant(said),))) == pytest.approx(expected, rel=1e-5)
