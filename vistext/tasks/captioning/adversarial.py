"""Adversarial training of a caption decoder and a discriminator that tells people's captions from generated ones.

A picture changes smoothly with the generator's weights, a word does not: it is one or another. There are two ways
around that. With Gumbel-softmax the discriminator gets hard words, and gradients come back as if they were soft (Jang
et al. 2017, "Categorical Reparameterization with Gumbel-Softmax", arXiv:1611.01144; for descriptions Shetty et al.
2017, "Speaking the Same Language", arXiv:1703.10476). The policy gradient (REINFORCE) needs no gradient of the
discriminator: what scores higher than other captions of the same picture is made more probable (Williams 1992; for
descriptions Dai et al. 2017, "Towards Diverse and Natural Image Descriptions via a Conditional GAN", arXiv:1703.06029).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from vistext.data.vocabulary import PAD, START, UNKNOWN
from vistext.nn import decoding
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras, tf
from vistext.tasks.gan.adversarial import AdversarialTrainer

MASKED_LOGIT = -1e9  # the logit of what is never generated
ESTIMATORS = ("gumbel", "reinforce")
REWARD_RANGE = (-8.0, 0.0)  # to the policy gradient, scores below are equally bad, and those above equally good


@dataclass(frozen=True)
class Hyperparameters:
    """How the two learn."""

    estimator: str = "gumbel"  # one of `ESTIMATORS` of the generator's gradient
    generator_lr: float = 5e-5
    discriminator_lr: float = 2e-4
    warmup_steps: int = 0  # steps in which only the discriminator learns
    momentum: float = 0.5  # Adam's first beta
    fading: float = 0.5  # share of the training, at its end, over which both rates go down to 0
    mle_weight: float = 0.1  # times the likelihood of true captions, so that what was learned is not forgotten
    averaging: float | None = None  # momentum of an average (EMA) of the generator's weights
    seed: int = 0  # of what is sampled

    def __post_init__(self):
        if self.estimator not in ESTIMATORS:
            raise ValueError(f"estimator={self.estimator!r}; accepted: {' or '.join(ESTIMATORS)}")


def one_hot(ids, words: int):
    """Captions as a discriminator takes them: ids int32 [n, s, t + 1], START first → float32 [n, s, t, words]."""
    return tf.one_hot(tf.where(ids == PAD, -1, ids), words)[:, :, 1:]


def mask_special(logits):
    """Logits [..., words] without PAD, START and UNKNOWN, which are never generated."""
    return tf.where([word in (PAD, START, UNKNOWN) for word in range(logits.shape[-1])], MASKED_LOGIT, logits)


def straight_through(logits, chosen, seed, softness: float = 1.0):
    """Words that are hard in the forward pass and soft in the backward pass.

    To logits belongs Gumbel noise with which their highest is the word chosen; so drawn, all of it is as it would have
    been if the word had been chosen by it (Maddison et al. 2014, "A* Sampling", arXiv:1411.0030, section 3).

    Args:
        logits: float32 [n, s, t, words], by which the words were drawn.
        chosen: float32 [n, s, t, words]: 1 for each word that was drawn, all 0 for padding.
        seed: int32 [2], of the noise.
        softness: the temperature of the soft words; near 0 they are hard, and their gradients vary widely.

    Returns:
        As `chosen`, with the gradients of softmax((logits + noise) / softness).
    """
    logs = tf.nn.log_softmax(logits)
    gumbel = -tf.math.log(-tf.math.log(tf.random.stateless_uniform(tf.shape(logs), seed, 1e-6, 1 - 1e-6)))
    # The highest of all noisy logits is itself a Gumbel number; all others lie below it.
    highest = tf.reduce_sum(gumbel * chosen, axis=-1, keepdims=True)
    below = -tf.math.log(tf.exp(-highest) + tf.exp(-(logs + gumbel)))
    noisy = logs + tf.stop_gradient(tf.where(chosen > 0, highest, below) - logs)
    counted = tf.reduce_sum(chosen, axis=-1, keepdims=True)
    soft = tf.nn.softmax(noisy / softness) * counted
    return chosen + soft - tf.stop_gradient(soft)


def scores(discriminator: keras.Model, grid, words):
    """The score of each caption: [n, s], above 0 for what is taken for a person's about this picture."""
    return tf.reduce_sum(discriminator([grid, words], training=True), axis=-1)


class CaptionGanTrainer(AdversarialTrainer):
    """A caption decoder and its discriminator, as `captioning.model` builds them."""

    def __init__(self, generator: keras.Model, discriminator: keras.Model, rules: Hyperparameters):
        super().__init__(generator, discriminator, rules)
        self.decoder = CachedDecoder(generator)
        self.words = generator.outputs[0].shape[-1]

    def train_step(self, data: tuple) -> dict[str, Any]:
        """A step of both networks, given a batch of `captioning.train.DiscriminatorBatches`.

        Returns:
            Both losses, and the discriminator's mean probability for true and for generated sentences.

        Raises:
            ValueError: by the policy gradient, a single sentence about each picture, with nothing to compare it with.
        """
        (grid, true, mismatched, lengths), number = data, self.steps_done
        if self.rules.estimator == "reinforce" and lengths.shape[1] < 2:
            raise ValueError("one sentence about each picture; accepted for the policy gradient: 2 or more")
        invented = self.sample(number, np.asarray(grid), np.asarray(lengths), true.shape[-1] - 1)
        loss, on_true, on_invented, _ = self.train_discriminator(grid, true, invented, mismatched)
        generator_loss = 0.0
        if number >= self.rules.warmup_steps:
            seed = tf.constant([self.rules.seed, number])
            generator_loss, *_ = self.train_generator(grid, true, invented, lengths, seed)
            self.update_averages(number - self.rules.warmup_steps)
        return {
            "discriminator_loss": loss,
            "generator_loss": generator_loss,
            "on_real": on_true,
            "on_invented": on_invented,
        }

    def sample(self, number: int, grid: np.ndarray, lengths: np.ndarray, most: int):
        """Sentences that the generator draws in step `number`: int32 [n, s, most + 1]."""
        n, s = lengths.shape
        z = decoding.sample_noise(n * s, most, np.random.default_rng((self.rules.seed, number)))
        inputs = (np.repeat(grid, s, axis=0), np.reshape(lengths, -1))
        return decoding.generate(self.decoder, inputs, max_length=most, noise=z).ids.reshape(n, s, -1)

    @tf.function(autograph=False, reduce_retracing=True)
    def train_discriminator(self, grid, true, invented, mismatched):
        """One step of the discriminator, given grids and true, generated and mismatched sentences about each.

        Returns:
            Its loss, and its mean probability for the three: four scalars.
        """
        words = one_hot(tf.concat([true, invented, mismatched], axis=1), self.words)
        variables = self.discriminator.trainable_variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            # Else gradients by all variables that are met would be compiled too, for nothing.
            tape.watch([each.value for each in variables])
            on_true, on_invented, on_mismatched = tf.split(scores(self.discriminator, grid, words), 3, axis=1)
            loss = tf.reduce_mean(tf.nn.softplus(-on_true))
            loss += (tf.reduce_mean(tf.nn.softplus(on_invented)) + tf.reduce_mean(tf.nn.softplus(on_mismatched))) / 2
        self.discriminator_optimizer.apply(tape.gradient(loss, variables), variables)
        return loss, *(tf.reduce_mean(tf.sigmoid(each)) for each in (on_true, on_invented, on_mismatched))

    @tf.function(autograph=False, reduce_retracing=True)
    def train_generator(self, grid, true, invented, lengths, seed):
        """One step of the generator, which has generated the `invented` sentences with its weights of now.

        Returns:
            Its loss, the discriminator's mean score, and the mean of -log p of the captions: three scalars.
        """
        rules = self.rules
        chosen = one_hot(invented, self.words)
        variables = self.generator.trainable_variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([each.value for each in variables])
            inputs = tf.concat([invented, true], axis=1)[..., :-1]  # at once, which is half as much to compile
            logits = mask_special(self.generator([grid, inputs, tf.tile(lengths, [1, 2])], training=True))
            logits, true_logits = tf.split(logits, 2, axis=1)
            log_p = tf.reduce_sum(tf.nn.log_softmax(logits) * chosen, axis=(-1, -2))  # (n, s)
            if rules.estimator == "gumbel":
                score = scores(self.discriminator, grid, straight_through(logits, chosen, seed))
                loss = tf.reduce_mean(tf.nn.softplus(-score))
            else:
                score = scores(self.discriminator, grid, chosen)
                reward = tf.stop_gradient(tf.clip_by_value(score, *REWARD_RANGE))
                s = tf.cast(tf.shape(reward)[1], tf.float32)
                # Better or worse than the other captions of the same picture.
                better = (reward - tf.reduce_mean(reward, axis=1, keepdims=True)) * s / (s - 1)
                better /= tf.math.reduce_std(better) + 1e-3
                loss = -tf.reduce_mean(better * log_p)
            if rules.mle_weight:
                # What is never generated cannot be likely.
                words = one_hot(tf.where(true == UNKNOWN, PAD, true), self.words)
                likelihood = tf.reduce_sum(tf.nn.log_softmax(true_logits) * words, axis=(-1, -2))
                loss -= rules.mle_weight * tf.reduce_mean(likelihood)
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), 1.0)
        self.generator_optimizer.apply(gradients, variables)
        return loss, tf.reduce_mean(score), -tf.reduce_mean(log_p)
