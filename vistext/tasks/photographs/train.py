"""Training the captioner of real photographs by likelihood, on features that are computed once; and evaluating it."""

import hashlib
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

import numpy as np

from vistext.data import flickr8k
from vistext.data.vocabulary import PAD, Vocabulary
from vistext.metrics import captions
from vistext.nn import backbone
from vistext.nn.engine import keras, tf
from vistext.nn.training import Batches, History, fit
from vistext.tasks.photographs.model import MAX_LENGTH, Config, PhotoCaptioner, build

LEAST = 5  # times that a word occurs in the training captions, to be in the vocabulary
CAPTIONS = 5  # of a picture that a step sees


@dataclass(frozen=True)
class Recipe:
    """How the caption decoder is trained."""

    _: KW_ONLY
    steps: int | None = 900
    seconds: float | None = None
    batch_size: int = 50  # pictures, each with five captions
    learning_rate: float = 1.2e-3  # of AdamW; rises at first, then falls to 0 as a cosine does
    weight_decay: float = 0.02
    label_smoothing: float = 0.1
    mirrored: float = 0.5  # share of the pictures
    seed: int = 0


def features(split: flickr8k.Split, *, bar: bool = True) -> np.ndarray:
    """The backbone's features of a split, float16 [n, 7, 7, 320], computed once; see `backbone.encode_cached`."""
    digest = hashlib.sha256()
    for jpeg in split.jpegs:
        digest.update(hashlib.sha256(jpeg.tobytes()).digest())
    return backbone.encode_cached(digest.hexdigest()[:16], len(split), split.picture, bar=bar)


def build_vocabulary(split: flickr8k.Split) -> Vocabulary:
    """The words that occur at least five times in the captions of a split."""
    return Vocabulary.build((caption for texts in split.captions for caption in texts), minimum=LEAST)


def encode_captions(vocabulary: Vocabulary, texts: Sequence[Sequence[str]]) -> np.ndarray:
    """Five captions of each picture, int32 [n, 5, 23], cut where they are longer; of fewer, some come twice."""
    table = np.full((len(texts), CAPTIONS, MAX_LENGTH + 1), PAD, np.int32)
    for row, some in zip(table, texts, strict=True):
        ids = vocabulary.encode([some[number % len(some)] for number in range(CAPTIONS)])[:, : MAX_LENGTH + 1]
        row[:, : ids.shape[1]] = ids
    return table


@dataclass(eq=False)
class CaptionBatches(Batches):
    """Batches of photographs' cells and captions; each depends on its number and the seed alone."""

    grids: np.ndarray
    ids: np.ndarray
    recipe: Recipe

    def __getitem__(self, step: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        """Batch number `step`: cells [n, 49, 1280] and ids [n, 5, t], and as labels the ids that follow."""
        size = self.recipe.batch_size
        each = max(1, len(self.grids) // size)
        epoch, place = divmod(step, each)
        order = np.random.default_rng((self.recipe.seed, epoch)).permutation(len(self.grids))
        rows = np.sort(order[place * size : (place + 1) * size])
        grids = self.grids[rows]
        mirrored = np.random.default_rng((self.recipe.seed, step)).random(len(rows)) < self.recipe.mirrored
        grids[mirrored] = grids[mirrored, :, ::-1]
        ids = self.ids[rows]
        return (backbone.expand(grids), ids[..., :-1]), ids[..., 1:]


class SmoothedLoss(keras.losses.Loss):
    """Cross-entropy per token of ids [..., t] and logits [..., t, words], label-smoothed; padding does not count."""

    def __init__(self, smoothing: float):
        super().__init__(name="loss")
        self.smoothing = smoothing

    def __call__(self, y_true, y_pred, sample_weight=None):
        log = tf.nn.log_softmax(y_pred)
        right = tf.gather(log, y_true, batch_dims=y_true.shape.rank)
        losses = -(1 - self.smoothing) * right - self.smoothing * tf.reduce_mean(log, axis=-1)
        real = tf.cast(y_true != PAD, losses.dtype)
        return tf.reduce_sum(losses * real) / tf.reduce_sum(real)


def accuracy(y_true, y_pred):
    """The share of tokens that are predicted, without padding."""
    real = tf.cast(y_true != PAD, "float32")
    right = tf.cast(tf.argmax(y_pred, axis=-1, output_type=y_true.dtype) == y_true, "float32")
    return tf.reduce_sum(right * real) / tf.reduce_sum(real)


def train(
    recipe: Recipe,
    config: Config,
    grids: np.ndarray,
    ids: np.ndarray,
    *,
    checkpoint: Path | None = None,
    bar: bool = True,
) -> tuple[keras.Model, History]:
    """Train a caption decoder on features [n, 7, 7, 320] and captions as `encode_captions` gives them."""
    keras.utils.set_random_seed(recipe.seed)
    model = build(config)
    optimizer = keras.optimizers.AdamW(recipe.learning_rate, weight_decay=recipe.weight_decay, global_clipnorm=1.0)
    model.compile(optimizer=optimizer, loss=SmoothedLoss(recipe.label_smoothing))

    def schedule(progress: float) -> float:
        return recipe.learning_rate * min(1.0, progress / 0.03) * 0.5 * (1 + np.cos(np.pi * min(progress, 1.0)))

    history = fit(
        model,
        CaptionBatches(grids, ids, recipe),
        learning_rate=schedule,
        accuracy=accuracy,
        steps=recipe.steps,
        seconds=recipe.seconds,
        checkpoint=checkpoint,
        label="captioner",
        bar=bar,
    )
    return model, history


def evaluate(captioner: PhotoCaptioner, grids: np.ndarray, references: Sequence[Sequence[str]]) -> dict:
    """BLEU-4 in per cent and CIDEr-D of greedy captions and of those that beam search finds, for a card."""
    found = {}
    for name, beam in (("greedy", 1), ("beam", 3)):
        texts = captioner.caption_features(grids, beam=beam)
        found[name] = {
            "bleu4": round(100 * captions.bleu(texts, references), 1),
            "cider_d": round(captions.cider_d(texts, references), 3),
            "distinct": len(set(texts)),
        }
    return found
