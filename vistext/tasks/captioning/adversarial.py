"""Fine-tuning a caption decoder by the score of a discriminator.

A picture changes smoothly with the generator's weights, a word does not: it is one or another. There are two ways
around that. With Gumbel-softmax the discriminator gets hard words, and gradients come back as if they were soft (Jang
et al. 2017, "Categorical Reparameterization with Gumbel-Softmax", arXiv:1611.01144; for descriptions Shetty et al.
2017, "Speaking the Same Language", arXiv:1703.10476). The policy gradient (REINFORCE) needs no gradient of the
discriminator: what scores higher than other captions of the same picture is made more probable (Williams 1992; for
descriptions Dai et al. 2017, "Towards Diverse and Natural Image Descriptions via a Conditional GAN", arXiv:1703.06029).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vistext.data.vocabulary import PAD, START, UNKNOWN
from vistext.nn import decoding
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras, tf
from vistext.nn.optimizers import Adam
from vistext.nn.training import Batches, History, train_loop
from vistext.scenes import TRAIN_SEED_OFFSET
from vistext.tasks.captioning.data import encode_scenes, sample_crowded
from vistext.tasks.captioning.model import LENGTHS, apply_temperature

MASKED_LOGIT = -1e9  # the logit of what is never generated


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a decoder is fine-tuned."""

    steps: int = 350
    batch_size: int = 16  # pictures
    draws: int = 12  # captions of each, 2 or more, which are compared with one another
    learning_rate: float = 2e-4  # of Adam, constant for half of the steps, then down to 0
    momentum: float = 0.5  # Adam's first beta
    temperature: float = 0.75  # at which captions are drawn; it is applied to the decoder for good
    kl_weight: float = 0.5  # of the divergence from the decoder at the start, at that temperature
    turns: tuple = (*((("description", 24),) * 2 + (("story", 46),)) * 2, ("title", 15))  # and tokens at most
    pool: int = 6000  # scenes, see `captioning.data.sample_crowded`
    crowded: float = 0.85
    twins: float = 0.5
    seed: int = 0


class PolicyGradientTrainer(keras.Model):
    """A caption decoder that learns by REINFORCE to please a discriminator, and to stay close to what it was.

    The reward of a caption y of a picture x is log D(x, y) - kl_weight · log(p(y | x) / p₀(y | x)), where p₀ is the
    decoder at the start: at the optimum p is in proportion to p₀ · D^(1 / kl_weight). Without the second term it would
    end up with a few safe captions. The mean reward of the other captions of the picture is the baseline.
    """

    def __init__(self, decoder: keras.Model, discriminator: keras.Model, recipe: Recipe):
        super().__init__()
        apply_temperature(decoder, recipe.temperature)
        self.decoder, self.discriminator, self.recipe = decoder, discriminator, recipe
        self.reference = keras.models.clone_model(decoder)
        self.reference.set_weights(decoder.get_weights())
        self.cached = CachedDecoder(decoder)
        self.policy_optimizer = Adam(recipe.learning_rate, beta_1=recipe.momentum, beta_2=0.99)
        self.policy_optimizer.build(decoder.trainable_variables)
        self.compile(optimizer=None, run_eagerly=True)

    def train_step(self, data: tuple) -> dict[str, Any]:
        """Draw captions of a batch of pictures, and one step: the loss, and the share of captions that pass as true."""
        grids, lengths, noise = data
        n, draws = lengths.shape
        inputs = np.repeat(grids, draws, axis=0), np.reshape(lengths, -1)
        ids = decoding.generate(self.cached, inputs, max_length=noise.shape[1], noise=np.asarray(noise)).ids
        loss, passed = self.update(grids, ids.reshape(n, draws, -1), lengths)
        return {"loss": loss, "accuracy": passed}

    @tf.function(autograph=False, reduce_retracing=True)
    def update(self, grids, ids, lengths):
        """One step, given captions int32 [n, s, t + 1] that the decoder has drawn with its weights of now."""
        chosen = one_hot(ids, self.cached.words)
        score = tf.reduce_sum(self.discriminator([grids, chosen])[..., 0], axis=-1)  # (n, s)
        inputs, variables = [grids, ids[..., :-1], lengths], self.decoder.trainable_variables
        before = log_probability(self.reference(inputs), chosen)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([each.value for each in variables])
            log_p = log_probability(self.decoder(inputs), chosen)
            reward = tf.math.log_sigmoid(score) - self.recipe.kl_weight * (log_p - before)
            loss = -tf.reduce_mean(tf.stop_gradient(advantage(reward)) * log_p)
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), 1.0)
        self.policy_optimizer.apply(gradients, variables)
        return loss, tf.reduce_mean(tf.cast(score > 0, "float32"))

    def checkpoint_variables(self) -> list:
        """Every variable that training changes."""
        return [*self.decoder.weights, *self.policy_optimizer.variables]


def one_hot(ids, words: int):
    """Captions as a discriminator takes them: ids int32 [n, s, t + 1], START first → float32 [n, s, t, words]."""
    return tf.one_hot(tf.where(ids == PAD, -1, ids), words)[:, :, 1:]


def log_probability(logits, chosen):
    """The log-probability of captions: logits, and words one-hot, both float32 [n, s, t, words] → float32 [n, s].

    PAD, START and UNKNOWN are never generated.
    """
    never = [word in (PAD, START, UNKNOWN) for word in range(logits.shape[-1])]
    return tf.reduce_sum(tf.nn.log_softmax(tf.where(never, MASKED_LOGIT, logits)) * chosen, axis=(-1, -2))


def advantage(reward):
    """By how much each caption's reward is above the mean of the picture's other captions: float32 [n, s] → [n, s]."""
    s = tf.cast(tf.shape(reward)[1], tf.float32)
    return (reward - tf.reduce_mean(reward, axis=1, keepdims=True)) * s / (s - 1)


@dataclass(eq=False)
class PictureBatches(Batches):
    """Encoded pictures to caption, the lengths of their captions, and noise to draw these by."""

    recipe: Recipe
    grids: np.ndarray

    def __getitem__(self, step: int) -> tuple[np.ndarray, ...]:
        recipe = self.recipe
        length, most = recipe.turns[step % len(recipe.turns)]
        rng = np.random.default_rng((recipe.seed, step))
        rows = rng.integers(0, len(self.grids), recipe.batch_size)
        lengths = np.full((len(rows), recipe.draws), LENGTHS.index(length), np.int32)
        return self.grids[rows].astype("float32"), lengths, decoding.sample_noise(lengths.size, most, rng)


def finetune(
    recipe: Recipe,
    image_encoder: keras.Model,
    decoder: keras.Model,
    discriminator: keras.Model,
    *,
    checkpoint: Path | None = None,
    bar: bool = True,
) -> History:
    """Fine-tune a caption decoder, trained by likelihood, by a discriminator's score; the decoder is changed.

    Returns:
        The history; its accuracy is the share of the captions that the discriminator takes for true.
    """
    trainer = PolicyGradientTrainer(decoder, discriminator, recipe)
    pool = sample_crowded(recipe.pool, recipe.crowded, TRAIN_SEED_OFFSET * (recipe.seed + 1) - 2, recipe.twins)

    def schedule(progress: float) -> None:
        trainer.policy_optimizer.learning_rate = recipe.learning_rate * min(1.0, 2 - 2 * progress)

    return train_loop(
        trainer,
        PictureBatches(recipe, encode_scenes(image_encoder, pool)),
        History(),
        schedule,
        steps=recipe.steps,
        checkpoint=checkpoint,
        label="fine-tuning",
        bar=bar,
    )
