"""Fine-tuning of captions by a discriminator: the policy gradient's step by NumPy, and where it leads."""

import numpy as np
import pytest
from networks import copy_of, randomize
from scipy.special import expit, log_softmax

from vistext.data.vocabulary import END, PAD, START, UNKNOWN
from vistext.nn.engine import keras, tf
from vistext.tasks import captioning
from vistext.tasks.captioning.adversarial import PictureBatches, PolicyGradientTrainer, Recipe, advantage, one_hot
from vistext.tasks.captioning.model import CaptionerConfig

WORDS, MOST = 8, 4
TINY = CaptionerConfig(WORDS, widths=(4, 4, 6, 4), width=8, heads=2, blocks=1)
GRIDS = np.random.default_rng(0).normal(size=(5, 64, 6)).astype("float32")
LENGTHS = np.zeros((5, 3), "int32")
RECIPE = Recipe(batch_size=5, draws=3, turns=(("title", MOST),), temperature=1.0)


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


def test_words_are_one_hot_without_start_and_padding():
    ids = sentences(0)
    assert one_hot(tf.constant(ids), WORDS).numpy().tolist() == as_words(ids).tolist()


def log_probabilities(decoder, ids):
    """By NumPy: of each word that is there, float64 [5, s, t]."""
    logits = np.asarray(decoder([GRIDS, ids[..., :-1], LENGTHS])).astype("float64")
    logits[..., [PAD, START, UNKNOWN]] = -np.inf
    logs = log_softmax(logits, axis=-1)
    of_words = np.take_along_axis(logs, np.maximum(ids[..., 1:, np.newaxis], END), axis=-1)[..., 0]
    return np.where(ids[..., 1:] == PAD, 0, of_words)


def test_the_advantage_is_what_is_above_the_mean_of_the_others():
    reward = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    others = (reward.sum(axis=1, keepdims=True) - reward) / 2
    assert advantage(tf.constant(reward)).numpy() == pytest.approx(reward - others, abs=1e-5)


def test_the_loss_is_its_formula_and_leaves_discriminator_and_reference_as_they_are(networks, originals):
    decoder, discriminator = networks
    trainer = PolicyGradientTrainer(decoder, discriminator, Recipe(temperature=0.5, kl_weight=0.3))
    randomize(decoder, 2)  # no longer what it was at the start
    ids = sentences(2)
    log_p = log_probabilities(decoder, ids).sum(axis=-1)
    start = copy_of(originals[0])
    captioning.model.apply_temperature(start, 0.5)
    before = log_probabilities(start, ids).sum(axis=-1)
    score = np.asarray(discriminator([GRIDS, as_words(ids)]))[..., 0].sum(axis=-1).astype("float64")
    reward = np.log(expit(score)) - 0.3 * (log_p - before)
    better = (reward - reward.mean(axis=1, keepdims=True)) * 3 / 2
    loss, passed = trainer.update(GRIDS, ids, LENGTHS)
    assert float(loss) == pytest.approx(-(better * log_p).mean(), rel=1e-3, abs=1e-3)
    assert float(passed) == pytest.approx((score > 0).mean())
    assert not np.allclose(log_probabilities(decoder, ids).sum(axis=-1), log_p)
    assert all(map(np.array_equal, discriminator.get_weights(), originals[1].get_weights()))
    assert all(map(np.array_equal, trainer.reference.get_weights(), start.get_weights()))


def partial_discriminator():
    """One that likes word 5 and dislikes all others, in any picture."""
    grid, words = keras.Input((64, 6)), keras.Input((None, None, WORDS))
    like = keras.layers.Dense(2, use_bias=False)
    model = keras.Model([grid, words], like(words))
    like.kernel.assign(np.where(np.arange(WORDS) == 5, 1.0, -1.0)[:, np.newaxis].repeat(2, axis=1))
    return model


def divergence(trainer, steps=60):
    """Fine-tune; the mean of log p / p0 of captions before and after, and the last share of word 5 in them."""
    batches = PictureBatches(trainer.recipe, GRIDS)
    for step in range(steps):
        logs = trainer.train_step(batches[step])
    inputs = (np.repeat(GRIDS, 20, axis=0), np.zeros(100, "int32"))
    noise = captioning.model.decoding.sample_noise(100, MOST, 1)
    ids = captioning.model.decoding.generate(trainer.cached, inputs, max_length=MOST, noise=noise).ids
    assert np.isfinite(float(logs["loss"]))
    ratio = [log_probabilities_of(network, ids) for network in (trainer.decoder, trainer.reference)]
    return float(np.mean(ratio[0] - ratio[1])), float((ids == 5).sum() / (ids > END).sum())


def log_probabilities_of(decoder, ids):
    logits = np.asarray(decoder([GRIDS, ids.reshape(5, 20, -1)[..., :-1], np.zeros((5, 20), "int32")]))
    logits = logits.astype("float64").reshape(100, MOST, -1)
    logits[..., [PAD, START, UNKNOWN]] = -np.inf
    found = np.take_along_axis(log_softmax(logits, axis=-1), np.maximum(ids[:, 1:, np.newaxis], END), axis=-1)[..., 0]
    return np.where(ids[:, 1:] == PAD, 0, found).sum(axis=-1)


def test_it_leads_to_what_the_discriminator_likes_and_less_far_with_a_weight_on_the_divergence(networks):
    moved = {}
    for weight in (0.0, 3.0):
        recipe = Recipe(learning_rate=2e-2, kl_weight=weight, draws=6, batch_size=5, turns=(("title", MOST),))
        trainer = PolicyGradientTrainer(copy_of(networks[0]), partial_discriminator(), recipe)
        moved[weight] = divergence(trainer)
    assert moved[0.0][1] > 0.9
    assert moved[3.0][0] < moved[0.0][0] / 2


def test_batches_are_pictures_lengths_and_noise_that_follow_their_number(networks):
    batches = PictureBatches(RECIPE, GRIDS)
    grids, lengths, noise = batches[0]
    assert (grids.shape, lengths.shape, noise.shape) == ((5, 64, 6), (5, 3), (15, MOST))
    assert all(map(np.array_equal, batches[0], (grids, lengths, noise)))
    assert not np.array_equal(batches[1][2], noise)
