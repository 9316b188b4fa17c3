"""The game with words: hard words with soft slopes, its losses by NumPy, and that each way leads where it should."""

import numpy as np
import pytest
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


def shaken(network, seed=0):
    random = np.random.default_rng(seed)
    for weight in network.trainable_variables:
        weight.assign(random.normal(scale=0.4, size=weight.shape))
    return network


@pytest.fixture(scope="module")
def networks():
    """A writer and a judge that are made once; each test takes copies."""
    return shaken(captioning.model.build_caption_decoder(TINY)), shaken(captioning.model.build_discriminator(TINY), 1)


def copies(networks):
    made = []
    for network in networks:
        copy = keras.models.clone_model(network)
        copy.set_weights(network.get_weights())
        made.append(copy)
    return made


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


def test_a_sentence_is_shown_without_its_start_and_its_padding():
    ids = sentences(0)
    assert one_hot(tf.constant(ids), WORDS).numpy().tolist() == as_words(ids).tolist()


def test_what_is_never_said_has_no_chance():
    logits = np.random.default_rng(0).normal(size=(2, 3, WORDS)).astype("float32")
    chances = softmax(mask_special(tf.constant(logits)).numpy(), axis=-1)
    expected = logits.copy()
    expected[..., [PAD, START, UNKNOWN]] = -np.inf
    assert chances == pytest.approx(softmax(expected, axis=-1), abs=1e-6)


def slopes(logits, chosen, weights, seed, softness):
    """What comes back to the logits from a judge that gives each word a weight; and what the judge is given."""
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


def test_to_the_judge_words_are_as_hard_as_they_were_drawn():
    logits, chosen = some_choice(50, same=False)
    chosen[0, 0, 40:] = 0
    _, words = slopes(logits, chosen, 1.0, (1, 2), 0.5)
    assert words == pytest.approx(chosen, abs=1e-6)


@pytest.mark.parametrize("softness", [0.5, 1.0, 3.0])
def test_the_slopes_are_those_of_the_gumbel_softmax_with_noise_that_led_to_the_choice(softness):
    """By NumPy: noise of the chosen word so that it is highest, of the others what a uniform number gives below that.

    Of a Gumbel number that lies below T, the distribution function is F(x) / F(T), which is inverted here.
    """
    logits, chosen = some_choice(20, same=False)
    chosen[0, 0, 15:] = 0
    weights = np.random.default_rng(1).normal(size=logits.shape)
    found, _ = slopes(logits, chosen, weights, (3, 4), softness)
    uniform = tf.random.stateless_uniform(logits.shape, (3, 4), 1e-6, 1 - 1e-6).numpy().astype("float64")
    logs = log_softmax(logits.astype("float64"), axis=-1)
    highest = -np.log(-np.log(np.where(chosen > 0, uniform, 0).max(axis=-1, keepdims=True, initial=1e-9)))
    below = logs - np.log(np.exp(logs - highest) - np.log(uniform))
    noise = np.where(chosen > 0, highest, below) - logs

    def judged(logits):
        soft = softmax((log_softmax(logits, axis=-1) + noise) / softness, axis=-1)
        return (weights * soft).sum(axis=-1)[0, 0]

    step = 1e-5
    for word in range(4):
        moved = step * np.eye(4)[word]
        expected = (judged(logits + moved) - judged(logits - moved)) / (2 * step)
        assert found[0, 0, :15, word] == pytest.approx(expected[:15], abs=1e-4)
    assert not found[0, 0, 15:].any()


def soft_words(logits, chosen, seed, softness):
    """The soft words, up to their sum, from the slopes alone: of word k by logit j it is -s_k s_j / softness."""
    from_first, _ = slopes(logits, chosen, np.eye(4)[0], seed, softness)
    from_second, _ = slopes(logits, chosen, np.eye(4)[1], seed, softness)
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
    first, again, other = (slopes(logits, chosen, np.arange(4.0), seed, 1.0)[0] for seed in ((1, 1), (1, 1), (1, 2)))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_word_that_cannot_be_said_has_no_slope_and_makes_none_infinite():
    logits, chosen = some_choice(30, same=False)
    logits = np.concatenate([np.full((1, 1, 30, 1), MASKED_LOGIT, "float32"), logits], axis=-1)
    chosen = np.concatenate([np.zeros((1, 1, 30, 1), "float32"), chosen], axis=-1)
    found, words = slopes(logits, chosen, np.arange(5.0), (0, 1), 0.1)
    assert words == pytest.approx(chosen, abs=1e-6)
    assert np.isfinite(found).all()
    assert not found[..., 0].any()


def test_the_judge_s_loss_is_that_of_true_invented_and_mismatched_pairs(networks):
    writer, judge = copies(networks)
    true, invented, others = sentences(1), sentences(2), sentences(3)

    def scores(ids):
        return np.asarray(judge([GRIDS, as_words(ids)])).sum(axis=-1).astype("float64")

    on_true, on_invented, on_mismatched = (scores(ids) for ids in (true, invented, others))
    against = -np.log(1 - expit(on_invented)).mean() - np.log(1 - expit(on_mismatched)).mean()
    game = CaptionGanTrainer(writer, judge, Hyperparameters())
    loss, *probabilities = game.train_discriminator(GRIDS, true, invented, others)
    assert float(loss) == pytest.approx(-np.log(expit(on_true)).mean() + against / 2, rel=1e-4)
    expected = [expit(each).mean() for each in (on_true, on_invented, on_mismatched)]
    assert [float(each) for each in probabilities] == pytest.approx(expected, abs=1e-4)


def test_a_judge_that_hears_the_same_again_and_again_learns_it(networks):
    writer, judge = copies(networks)
    game = CaptionGanTrainer(writer, judge, Hyperparameters(discriminator_lr=1e-2))
    true, invented = sentences(1), sentences(2)
    before = writer.get_weights()
    losses = [float(game.train_discriminator(GRIDS, true, invented, sentences(3))[0]) for _ in range(40)]
    assert losses[-1] < 0.8 * losses[0]
    assert np.isfinite(losses).all()
    assert all(map(np.array_equal, writer.get_weights(), before))


def log_probabilities(writer, ids):
    """By NumPy: of each word that is there, float64 [5, s, t], and of all words at its place."""
    logits = np.asarray(writer([GRIDS, ids[..., :-1], LENGTHS])).astype("float64")
    logits[..., [PAD, START, UNKNOWN]] = -np.inf
    logs = log_softmax(logits, axis=-1)
    told = np.take_along_axis(logs, np.maximum(ids[..., 1:, np.newaxis], END), axis=-1)[..., 0]
    return np.where(ids[..., 1:] == PAD, 0, told), logs


def by_policy(reward, log_p):
    better = (reward - reward.mean(axis=1, keepdims=True)) * 3 / 2
    return -(better / (better.std() + 1e-3) * log_p).mean()


@pytest.mark.parametrize("way", captioning.adversarial.ESTIMATORS)
@pytest.mark.parametrize(("anchor", "variety"), [(0, 0), (0.3, 0.2)])
def test_the_writer_s_loss_is_its_formula(networks, way, anchor, variety):
    writer, judge = copies(networks)
    rules = Hyperparameters(estimator=way, mle_weight=anchor, entropy_weight=variety, score_cap=0.1, clip=0.2)
    true, invented = sentences(1), sentences(2)
    true[0, :, 1] = UNKNOWN  # which the writer is never to say, and does not learn to
    logs, at_all_words = log_probabilities(writer, invented)
    log_p = logs.sum(axis=-1)
    score = np.asarray(judge([GRIDS, as_words(invented)])).sum(axis=-1).astype("float64")
    assert score.min() < -0.2 < 0.1 < score.max()
    if way == "reinforce":
        expected = by_policy(np.clip(score, -0.2, 0.1) - variety * log_p, log_p)
    else:
        at_all_words[..., [PAD, START, UNKNOWN]] = 0
        entropy = -(np.exp(at_all_words) * at_all_words)[..., [END, 4, 5, 6, 7]].sum(axis=-1)
        entropy = np.where(invented[..., 1:] == PAD, 0, entropy).sum(axis=-1)
        expected = -np.log(expit(score)).mean() - variety * entropy.mean()
    of_true = np.where(true[..., 1:] == UNKNOWN, 0, log_probabilities(writer, true)[0])
    expected -= anchor * of_true.sum(axis=-1).mean()
    before = judge.get_weights()
    game = CaptionGanTrainer(writer, judge, rules)
    loss, mean_score, surprise = game.train_generator(GRIDS, true, invented, LENGTHS, tf.constant([1, 2]))
    assert float(loss) == pytest.approx(expected, rel=1e-3, abs=1e-3)
    assert float(mean_score) == pytest.approx(score.mean(), abs=1e-3)
    assert float(surprise) == pytest.approx(-log_p.mean(), rel=1e-3)
    assert all(np.isfinite(weight).all() for weight in writer.get_weights())
    assert not all(map(np.array_equal, writer.get_weights(), networks[0].get_weights()))
    assert all(map(np.array_equal, judge.get_weights(), before))


def partial_judge():
    """One that likes word 5 and dislikes all others, whatever is seen."""
    grid, words = keras.Input((64, 6)), keras.Input((None, None, WORDS))
    like = keras.layers.Dense(1, use_bias=False)
    model = keras.Model([grid, words], like(words)[..., 0])
    like.kernel.assign(np.where(np.arange(WORDS) == 5, 1.0, -1.0)[:, np.newaxis])
    return model


@pytest.mark.parametrize("way", captioning.adversarial.ESTIMATORS)
def test_each_way_leads_to_what_the_judge_likes(networks, way):
    writer, _ = copies(networks)
    game = CaptionGanTrainer(writer, partial_judge(), Hyperparameters(estimator=way, generator_lr=2e-2, score_cap=8))
    scores = []
    for step in range(60):
        invented = game.sample(step, GRIDS, LENGTHS, MOST)
        scores.append(float(game.train_generator(GRIDS, invented, invented, LENGTHS, tf.constant([0, step]))[1]))
    assert np.mean(scores[:5]) < 0
    # At best it says word 5 four times and does not end.
    assert np.mean(scores[-5:]) > 2.5


def test_the_anchor_keeps_what_was_learned_likely(networks):
    writer, judge = copies(networks)
    game = CaptionGanTrainer(writer, judge, Hyperparameters(mle_weight=1.0, generator_lr=1e-2))
    true, invented = sentences(1), sentences(2)
    before = log_probabilities(writer, true)[0].sum()
    for step in range(20):
        game.train_generator(GRIDS, true, invented, LENGTHS, tf.constant([0, step]))
    assert log_probabilities(writer, true)[0].sum() > before + 5


def test_what_the_writer_says_is_drawn_anew_at_each_step_and_the_same_when_repeated(networks):
    game = CaptionGanTrainer(*copies(networks), Hyperparameters(seed=1))
    first = game.sample(0, GRIDS, LENGTHS, MOST)
    assert (first.shape, first.dtype) == ((5, 3, MOST + 1), np.int32)
    assert np.array_equal(game.sample(0, GRIDS, LENGTHS, MOST), first)
    assert not np.array_equal(game.sample(1, GRIDS, LENGTHS, MOST), first)
    game.rules = Hyperparameters(seed=2)
    assert not np.array_equal(game.sample(0, GRIDS, LENGTHS, MOST), first)


def test_the_judge_has_a_head_start_and_both_slow_down_towards_the_end(networks):
    writer, judge = copies(networks)
    game = CaptionGanTrainer(writer, judge, Hyperparameters(warmup_steps=2, fading=0.5))
    batch = GRIDS, sentences(1), sentences(3), LENGTHS
    for number, done, moves, left in ((1, 0.0, False, 1), (2, 0.5, True, 1), (3, 0.9, True, 0.2)):
        before = writer.get_weights()
        game.discriminator_optimizer.iterations.assign(number)
        game.schedule(done)
        loss, other_loss, on_true, on_invented = map(float, game.train_step(batch).values())
        assert moves != all(map(np.array_equal, writer.get_weights(), before))
        assert moves == (other_loss != 0)
        assert np.isfinite(loss)
        assert 0 < min(on_true, on_invented) < 1
        rates = [float(each.learning_rate) for each in (game.generator_optimizer, game.discriminator_optimizer)]
        assert rates == pytest.approx([left * game.rules.generator_lr, left * game.rules.discriminator_lr], rel=1e-4)


def test_after_the_game_the_writer_is_the_average_of_what_it_was_at_each_of_its_steps(networks):
    writer, judge = copies(networks)
    game = CaptionGanTrainer(writer, judge, Hyperparameters(warmup_steps=1, averaging=0.5))
    batch = GRIDS, sentences(1), sentences(3), LENGTHS
    expected = writer.get_weights()
    for keep in (None, 0.1, 2 / 11, 3 / 12):
        game.train_step(batch)
        if keep:
            pairs = zip(expected, writer.get_weights(), strict=True)
            expected = [keep * average + (1 - keep) * now for average, now in pairs]
    last = writer.get_weights()
    with game.averaged(None) as averaged:
        found = averaged.get_weights()
    assert all(np.allclose(one, other, atol=1e-6) for one, other in zip(found, expected, strict=True))
    assert not all(map(np.allclose, found, last))
    assert all(map(np.array_equal, writer.get_weights(), last))
    assert len(game.averages) == len(last)


def test_another_way_is_refused_with_those_that_there_are():
    with pytest.raises(ValueError, match="estimator='reward'; accepted: gumbel or reinforce"):
        Hyperparameters(estimator="reward")
