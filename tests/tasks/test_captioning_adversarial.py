"""Adversarial training of captions: hard words with soft gradients, losses by NumPy, and where each estimator leads."""

import numpy as np
import pytest
from networks import copy_of, randomize
from scipy.special import expit, log_softmax, softmax
from scipy.stats import kstest

from vistext.data.vocabulary import END, PAD, START, UNKNOWN
from vistext.nn.engine import keras, tf
from vistext.tasks import captioning
from vistext.tasks.captioning.adversarial import (
    MASKED_LOGIT,
    CaptionGanTrainer,
    Hyperparameters,
    mask_special,
    one_hot,
    straight_through,
)
from vistext.tasks.captioning.model import CaptionerConfig

WORDS, MOST = 8, 4
TINY = CaptionerConfig(WORDS, widths=(4, 4, 6, 4), width=8, heads=2, blocks=1)
GRIDS = np.random.default_rng(0).normal(size=(5, 64, 6)).astype("float32")
LENGTHS = np.zeros((5, 3), "int32")


@pytest.fixture(scope="module")
def originals():
    """A decoder and a discriminator that are built once."""
    decoder, discriminator = captioning.model.build_caption_decoder(TINY), captioning.model.build_discriminator(TINY)
    return randomize(decoder), randomize(discriminator, 1)


@pytest.fixture
def networks(originals):
    return [copy_of(network) for network in originals]


def sentences(seed, s=3):
    """Sentences of 0 to 3 words, int32 [5, s, 5]."""
    random = np.random.default_rng(seed)
    ids = random.integers(4, WORDS, (5, s, MOST + 1)).astype("int32")
    places, lengths = np.arange(MOST + 1), random.integers(1, MOST + 1, (5, s, 1))
    ids[..., 0] = START
    return np.where(places < lengths, ids, np.where(places == lengths, END, PAD)).astype("int32")


def as_words(ids):
    """By NumPy: 1 for the word of each place but the first, float32 [..., t, words]."""
    return ((ids[..., 1:, np.newaxis] == np.arange(WORDS)) & (ids[..., 1:, np.newaxis] != PAD)).astype("float32")


def test_words_are_one_hot_without_start_and_padding_and_special_ones_have_no_probability():
    ids = sentences(0)
    assert one_hot(tf.constant(ids), WORDS).numpy().tolist() == as_words(ids).tolist()
    logits = np.random.default_rng(0).normal(size=(2, 3, WORDS)).astype("float32")
    probabilities = softmax(mask_special(tf.constant(logits)).numpy(), axis=-1)
    logits[..., [PAD, START, UNKNOWN]] = -np.inf
    assert probabilities == pytest.approx(softmax(logits, axis=-1), abs=1e-6)


def gradients(logits, chosen, weights, seed, softness):
    """The gradient by the logits of a weighted sum of the words; and these words."""
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        words = straight_through(logits, tf.constant(chosen), tf.constant(seed), softness)
        total = tf.reduce_sum(words * weights)
    return tape.gradient(total, logits).numpy(), words.numpy()


def some_choice(places, words=4, seed=0, same=True):
    """Logits, and words drawn by them: float32 [1, 1, places, words] both."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(1 if same else places, words))
    chances = np.broadcast_to(softmax(logits, axis=-1), (places, words))
    chosen = (random.random((places, 1)) > chances.cumsum(axis=-1)[:, :-1]).sum(axis=-1)
    shape = (1, 1, places, words)
    return np.broadcast_to(logits, shape).astype("float32"), np.eye(words, dtype="float32")[chosen].reshape(shape)


@pytest.mark.parametrize("softness", [0.5, 1.0, 3.0])
def test_gradients_are_those_of_the_gumbel_softmax_with_noise_that_led_to_the_choice(softness):
    """By NumPy: noise of the chosen word so that it is highest, of the others what a uniform number gives below that.

    Of a Gumbel number that lies below T, the distribution function is F(x) / F(T), which is inverted here.
    """
    logits, chosen = some_choice(20, same=False)
    chosen[0, 0, 15:] = 0
    weights = np.random.default_rng(1).normal(size=logits.shape)
    found, words = gradients(logits, chosen, weights, (3, 4), softness)
    assert words == pytest.approx(chosen, abs=1e-6)  # as hard as they were drawn
    uniform = tf.random.stateless_uniform(logits.shape, (3, 4), 1e-6, 1 - 1e-6).numpy().astype("float64")
    logs = log_softmax(logits.astype("float64"), axis=-1)
    highest = -np.log(-np.log(np.where(chosen > 0, uniform, 0).max(axis=-1, keepdims=True, initial=1e-9)))
    below = logs - np.log(np.exp(logs - highest) - np.log(uniform))
    noise = np.where(chosen > 0, highest, below) - logs

    def weighted(logits):
        soft = softmax((log_softmax(logits, axis=-1) + noise) / softness, axis=-1)
        return (weights * soft).sum(axis=-1)[0, 0]

    step = 1e-5
    for word in range(4):
        moved = step * np.eye(4)[word]
        expected = (weighted(logits + moved) - weighted(logits - moved)) / (2 * step)
        assert found[0, 0, :15, word] == pytest.approx(expected[:15], abs=1e-4)
    assert not found[0, 0, 15:].any()


def soft_words(logits, chosen, seed, softness):
    """The soft words, up to their sum, from the gradients alone: of word k by logit j it is -s_k s_j / softness."""
    from_first, _ = gradients(logits, chosen, np.eye(4)[0], seed, softness)
    from_second, _ = gradients(logits, chosen, np.eye(4)[1], seed, softness)
    rest = -from_first[0, 0].astype("float64")  # s_0 s_j
    first = rest[:, 2] * from_second[0, 0, :, 0] / from_second[0, 0, :, 2]
    return np.stack([first, rest[:, 1], rest[:, 2], rest[:, 3]], axis=1)


def test_the_word_that_was_drawn_is_the_softest_words_highest_and_all_noise_is_gumbel_s():
    """Differences of independent Gumbel numbers are logistic, whatever was drawn by them."""
    places, softness = 8_000, 2.0
    logits, chosen = some_choice(places)
    soft = soft_words(logits, chosen, (5, 6), softness)
    assert (soft.argmax(axis=1) == chosen[0, 0].argmax(axis=1)).all()
    noise = softness * np.log(soft) - logits[0, 0]
    for one, other in ((0, 1), (0, 2), (1, 3), (2, 3)):
        assert kstest(noise[:, one] - noise[:, other], "logistic").pvalue > 0.01


def test_noise_follows_the_seed():
    logits, chosen = some_choice(5)
    first, again, other = (gradients(logits, chosen, np.arange(4.0), seed, 1.0)[0] for seed in ((1, 1), (1, 1), (1, 2)))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_masked_word_has_no_gradient_and_makes_none_infinite():
    logits, chosen = some_choice(30, same=False)
    logits = np.concatenate([np.full((1, 1, 30, 1), MASKED_LOGIT, "float32"), logits], axis=-1)
    chosen = np.concatenate([np.zeros((1, 1, 30, 1), "float32"), chosen], axis=-1)
    found, words = gradients(logits, chosen, np.arange(5.0), (0, 1), 0.1)
    assert words == pytest.approx(chosen, abs=1e-6)
    assert np.isfinite(found).all()
    assert not found[..., 0].any()


def test_the_discriminator_s_loss_is_that_of_true_generated_and_mismatched_pairs_and_falls(networks):
    decoder, discriminator = networks
    true, generated, others = sentences(1), sentences(2), sentences(3)

    def scores(ids):
        return np.asarray(discriminator([GRIDS, as_words(ids)])).sum(axis=-1).astype("float64")

    on_true, on_generated, on_mismatched = (scores(ids) for ids in (true, generated, others))
    against = -np.log(1 - expit(on_generated)).mean() - np.log(1 - expit(on_mismatched)).mean()
    before = decoder.get_weights()
    trainer = CaptionGanTrainer(decoder, discriminator, Hyperparameters(discriminator_lr=1e-2))
    loss, *probabilities = trainer.train_discriminator(GRIDS, true, generated, others)
    assert float(loss) == pytest.approx(-np.log(expit(on_true)).mean() + against / 2, rel=1e-4)
    expected = [expit(each).mean() for each in (on_true, on_generated, on_mismatched)]
    assert [float(each) for each in probabilities] == pytest.approx(expected, abs=1e-4)
    losses = [float(trainer.train_discriminator(GRIDS, true, generated, others)[0]) for _ in range(40)]
    assert losses[-1] < 0.8 * float(loss)
    assert np.isfinite(losses).all()
    assert all(map(np.array_equal, decoder.get_weights(), before))


def log_probabilities(decoder, ids):
    """By NumPy: of each word that is there, float64 [5, s, t]."""
    logits = np.asarray(decoder([GRIDS, ids[..., :-1], LENGTHS])).astype("float64")
    logits[..., [PAD, START, UNKNOWN]] = -np.inf
    logs = log_softmax(logits, axis=-1)
    of_words = np.take_along_axis(logs, np.maximum(ids[..., 1:, np.newaxis], END), axis=-1)[..., 0]
    return np.where(ids[..., 1:] == PAD, 0, of_words)


@pytest.mark.parametrize("estimator", captioning.adversarial.ESTIMATORS)
@pytest.mark.parametrize("mle_weight", [0, 0.3])
def test_the_generator_s_loss_is_its_formula(networks, originals, monkeypatch, estimator, mle_weight):
    decoder, discriminator = networks
    monkeypatch.setattr(captioning.adversarial, "REWARD_RANGE", (-0.2, 0.1))
    true, generated = sentences(1), sentences(2)
    true[0, :, 1] = UNKNOWN  # which is never to be generated, nor learned
    log_p = log_probabilities(decoder, generated).sum(axis=-1)
    score = np.asarray(discriminator([GRIDS, as_words(generated)])).sum(axis=-1).astype("float64")
    assert score.min() < -0.2 < 0.1 < score.max()
    if estimator == "reinforce":
        reward = np.clip(score, -0.2, 0.1)
        better = (reward - reward.mean(axis=1, keepdims=True)) * 3 / 2
        expected = -(better / (better.std() + 1e-3) * log_p).mean()
    else:
        expected = -np.log(expit(score)).mean()
    of_true = np.where(true[..., 1:] == UNKNOWN, 0, log_probabilities(decoder, true))
    expected -= mle_weight * of_true.sum(axis=-1).mean()
    trainer = CaptionGanTrainer(decoder, discriminator, Hyperparameters(estimator=estimator, mle_weight=mle_weight))
    loss, mean_score, entropy = trainer.train_generator(GRIDS, true, generated, LENGTHS, tf.constant([1, 2]))
    assert float(loss) == pytest.approx(expected, rel=1e-3, abs=1e-3)
    assert float(mean_score) == pytest.approx(score.mean(), abs=1e-3)
    assert float(entropy) == pytest.approx(-log_p.mean(), rel=1e-3)
    assert all(np.isfinite(weight).all() for weight in decoder.get_weights())
    assert not all(map(np.array_equal, decoder.get_weights(), originals[0].get_weights()))
    assert all(map(np.array_equal, discriminator.get_weights(), originals[1].get_weights()))


def partial_discriminator():
    """One that likes word 5 and dislikes all others, in any picture."""
    grid, words = keras.Input((64, 6)), keras.Input((None, None, WORDS))
    like = keras.layers.Dense(1, use_bias=False)
    model = keras.Model([grid, words], like(words)[..., 0])
    like.kernel.assign(np.where(np.arange(WORDS) == 5, 1.0, -1.0)[:, np.newaxis])
    return model


@pytest.mark.parametrize("estimator", captioning.adversarial.ESTIMATORS)
def test_each_estimator_leads_to_what_the_discriminator_likes(networks, monkeypatch, estimator):
    monkeypatch.setattr(captioning.adversarial, "REWARD_RANGE", (-8.0, 8.0))
    rules = Hyperparameters(estimator=estimator, generator_lr=2e-2)
    trainer = CaptionGanTrainer(networks[0], partial_discriminator(), rules)
    scores = []
    for step in range(60):
        generated = trainer.sample(step, GRIDS, LENGTHS, MOST)
        scores.append(float(trainer.train_generator(GRIDS, generated, generated, LENGTHS, tf.constant([0, step]))[1]))
    assert np.mean(scores[:5]) < 0
    assert np.mean(scores[-5:]) > 2.5  # of 4 at best: word 5 four times, and no end


def test_the_likelihood_term_keeps_what_was_learned_probable(networks):
    trainer = CaptionGanTrainer(*networks, Hyperparameters(mle_weight=1.0, generator_lr=1e-2))
    true, generated = sentences(1), sentences(2)
    before = log_probabilities(networks[0], true).sum()
    for step in range(20):
        trainer.train_generator(GRIDS, true, generated, LENGTHS, tf.constant([0, step]))
    assert log_probabilities(networks[0], true).sum() > before + 5


def test_captions_are_sampled_anew_at_each_step_and_the_same_when_repeated(networks):
    trainer = CaptionGanTrainer(*networks, Hyperparameters(seed=1))
    first = trainer.sample(0, GRIDS, LENGTHS, MOST)
    assert (first.shape, first.dtype) == ((5, 3, MOST + 1), np.int32)
    assert np.array_equal(trainer.sample(0, GRIDS, LENGTHS, MOST), first)
    assert not np.array_equal(trainer.sample(1, GRIDS, LENGTHS, MOST), first)
    trainer.rules = Hyperparameters(seed=2)
    assert not np.array_equal(trainer.sample(0, GRIDS, LENGTHS, MOST), first)


def test_the_discriminator_warms_up_and_both_rates_fade_towards_the_end(networks):
    decoder, discriminator = networks
    trainer = CaptionGanTrainer(decoder, discriminator, Hyperparameters(warmup_steps=2, fading=0.5))
    batch = GRIDS, sentences(1), sentences(3), LENGTHS
    for number, done, moves, left in ((1, 0.0, False, 1), (2, 0.5, True, 1), (3, 0.9, True, 0.2)):
        before = decoder.get_weights()
        trainer.discriminator_optimizer.iterations.assign(number)
        trainer.schedule(done)
        loss, other_loss, on_true, on_generated = map(float, trainer.train_step(batch).values())
        assert moves != all(map(np.array_equal, decoder.get_weights(), before))
        assert moves == (other_loss != 0)
        assert np.isfinite(loss)
        assert 0 < min(on_true, on_generated) < 1
        rates = [float(each.learning_rate) for each in (trainer.generator_optimizer, trainer.discriminator_optimizer)]
        rules = trainer.rules
        assert rates == pytest.approx([left * rules.generator_lr, left * rules.discriminator_lr], rel=1e-4)


def test_after_the_training_the_generator_is_the_average_of_what_it_was_at_each_of_its_steps(networks):
    decoder, discriminator = networks
    trainer = CaptionGanTrainer(decoder, discriminator, Hyperparameters(warmup_steps=1, averaging=0.5))
    batch = GRIDS, sentences(1), sentences(3), LENGTHS
    expected = decoder.get_weights()
    for keep in (None, 0.1, 2 / 11, 3 / 12):
        trainer.train_step(batch)
        if keep:
            pairs = zip(expected, decoder.get_weights(), strict=True)
            expected = [keep * average + (1 - keep) * now for average, now in pairs]
    last = decoder.get_weights()
    with trainer.averaged(None) as averaged:
        found = averaged.get_weights()
    assert all(np.allclose(average, wanted, atol=1e-6) for average, wanted in zip(found, expected, strict=True))
    assert not all(map(np.allclose, found, last))
    assert all(map(np.array_equal, decoder.get_weights(), last))


def test_what_the_policy_gradient_cannot_do_and_another_estimator_are_refused(networks):
    with pytest.raises(ValueError, match="estimator='reward'; accepted: gumbel or reinforce"):
        Hyperparameters(estimator="reward")
    trainer = CaptionGanTrainer(*networks, Hyperparameters(estimator="reinforce"))
    with pytest.raises(ValueError, match="one sentence about each picture; accepted for the policy gradient: 2"):
        trainer.train_step((GRIDS, sentences(1, 1), sentences(3, 1), LENGTHS[:, :1]))
