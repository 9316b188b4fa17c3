"""Training lesson 05's caption decoder by likelihood, then adversarially with a discriminator; and evaluating both."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vistext.data.vocabulary import PAD
from vistext.metrics import captions
from vistext.nn import decoding, training
from vistext.nn.engine import keras
from vistext.nn.training import Batches, History, Record, learn, once
from vistext.scenes import TRAIN_SEED_OFFSET, Scene, language
from vistext.tasks.captioning import grounding, object_queries
from vistext.tasks.captioning.adversarial import CaptionGanTrainer, Hyperparameters
from vistext.tasks.captioning.data import (
    DESCRIPTIONS,
    STORIES,
    TITLES,
    CachedCaptionBatches,
    encode_scenes,
    perturb,
    sample_crowded,
    vocabulary,
)
from vistext.tasks.captioning.model import (
    LENGTHS,
    MAX_LENGTH,
    Captioner,
    CaptionerConfig,
    Discriminator,
    build_caption_decoder,
)
from vistext.tasks.gan.adversarial import GanHistory, train_adversarially

GENERATION_BATCH = 50  # pictures whose captions are sampled together


@dataclass(frozen=True, kw_only=True)
class Recipe(training.Recipe):
    """How a caption decoder is trained by likelihood."""

    steps: int = 3000
    batch_size: int = 32
    learning_rate: float = 0.04
    turns: tuple = (DESCRIPTIONS, STORIES, DESCRIPTIONS, STORIES, TITLES)  # see `CachedCaptionBatches`
    pool: int = 32_000  # scenes that are drawn and encoded once, and described anew whenever they come up
    crowded: float = 0.85  # share of these, at least, that show several objects
    twins: float = 0.5  # likewise, two of a kind
    grounding_weight: float = 0.5  # of the grounding loss, beside that of the words
    finder: object_queries.Recipe = field(default_factory=object_queries.Recipe)  # what is trained first


# The further trainings of `finetune`.
FINETUNING = tuple(
    Recipe(
        steps=steps,
        turns=(DESCRIPTIONS, STORIES, DESCRIPTIONS, DESCRIPTIONS, TITLES),
        learning_rate=0.03,
        seed=seed,
    )
    for steps, seed in ((1800, 1), (900, 3), (900, 4))
)


def train(
    recipe: Recipe,
    image_encoder: keras.Model,
    config: CaptionerConfig,
    *,
    precision: str = "float32",
    checkpoint: Path | None = None,
    bar: bool = True,
) -> tuple[keras.Model, History]:
    """Train a caption decoder, given a frozen image encoder, by maximum likelihood of the next token of true captions.

    First its object queries are trained alone. Then a grounding loss asks at each token which object was mentioned last
    and which will be next: without it, the caption says of two deer twice what the first one does.

    Returns:
        The decoder and the history, which is that of the object queries if these were interrupted.
    """
    pool, grids = _encoded_pool(recipe, image_encoder)
    finder, history = object_queries.train(
        recipe.finder, config, grids, pool, precision=precision, checkpoint=checkpoint, bar=bar
    )
    keras.utils.set_random_seed(recipe.seed)
    decoder = build_caption_decoder(replace(config, precision=precision))
    decoder.get_layer("things").set_weights(finder.get_layer("things").get_weights())
    if not history.interrupted:
        history = _fit(recipe, decoder, (pool, grids), checkpoint, bar)
    return decoder, history


def finetune(
    recipes: Sequence[Recipe],
    image_encoder: keras.Model,
    decoder: keras.Model,
    *,
    checkpoint: Path | None = None,
    bar: bool = True,
) -> bool:
    """Train a decoder several times from where it was, on other scenes; it becomes the average of where each run ended.

    One training after another finds weights that are about as good and not the same. Of 2,000 validation scenes, 97.8 %
    of the average's greedy descriptions were true, and 96.8 to 97.6 % of those of each; of stories, one did better
    (Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization", arXiv:1803.05407).

    Returns:
        False if it was interrupted; the decoder is then where that run was.
    """

    def run(recipe: Recipe) -> History:
        keras.utils.set_random_seed(recipe.seed)
        return _fit(recipe, decoder, _encoded_pool(recipe, image_encoder), checkpoint, bar)

    return _average_of_runs(decoder, run, recipes, checkpoint)


def _average_of_runs(
    decoder: keras.Model, run: Callable[[Any], Record], recipes: Sequence, checkpoint: Path | None
) -> bool:
    """Train a caption decoder several times; it becomes the average of where each run ended. False if interrupted."""
    ends = []
    for number, recipe in enumerate(recipes):
        file = checkpoint and checkpoint / f"end{number}.weights.h5"
        if once(decoder, file, partial(run, recipe)).interrupted:
            return False
        ends.append(decoder.get_weights())
    decoder.set_weights([np.mean(weight, axis=0) for weight in zip(*ends, strict=True)])
    return True


def _encoded_pool(recipe: Recipe, image_encoder: keras.Model) -> tuple[list[Scene], np.ndarray]:
    """The scenes of a training, and their features."""
    pool = sample_crowded(recipe.pool, recipe.crowded, TRAIN_SEED_OFFSET * (recipe.seed + 3), recipe.twins)
    return pool, encode_scenes(image_encoder, pool)


def _fit(recipe: Recipe, decoder: keras.Model, encoded_pool: tuple, checkpoint: Path | None, bar: bool) -> History:
    return learn(
        grounding.with_grounding(decoder),
        CachedCaptionBatches(recipe.turns, *encoded_pool, recipe.batch_size, recipe.seed),
        recipe,
        grounding.Loss(recipe.grounding_weight),
        accuracy=grounding.accuracy,
        checkpoint=checkpoint and checkpoint / "decoder",
        label="decoder",
        bar=bar,
    )


# The discriminator learns slowly: at four times the rate, the decoder got worse again after 100 steps.
HYPERPARAMETERS = Hyperparameters(
    "reinforce", generator_lr=4e-5, discriminator_lr=5e-5, mle_weight=0.05, averaging=0.97
)


@dataclass(frozen=True)
class AdversarialRecipe:
    """How decoder and discriminator are trained adversarially; the shipped ones' cards hold what theirs was."""

    rules: Hyperparameters = HYPERPARAMETERS
    turns: tuple = (DESCRIPTIONS, DESCRIPTIONS, STORIES, DESCRIPTIONS, ("title", 6, 14))
    steps: int = 160
    batch_size: int = 32  # pictures in a batch
    temperature: float = 0.75  # applied to the decoder for good at the end; see `apply_temperature`
    pool: int = 6000  # scenes, as in `Recipe`
    crowded: float = 0.85
    twins: float = 0.5
    nearly: float = 0.3  # share of mismatched sentences that are about a scene that differs in one trait
    alike: float = 0.5  # likewise, about one of the same kinds of object
    seed: int = 0


# At first the discriminator is trained alone, for long: it soon recognizes mismatched captions, but the decoder's own
# errors are few. On captions sampled for validation scenes, the AUC of a new discriminator is .50, after 100 steps .74,
# after 2,000 steps .81.
PRACTICE = AdversarialRecipe(
    Hyperparameters(discriminator_lr=3e-4, warmup_steps=10**9, fading=0.7), steps=2000, batch_size=24, pool=12_000
)
RUNS = tuple(
    AdversarialRecipe(replace(HYPERPARAMETERS, seed=seed), seed=seed) for seed in range(4)
)  # see `train_adversarial_average`


@dataclass(eq=False)
class DiscriminatorBatches(Batches):
    """Batches of the adversarial training, of scenes encoded once; each depends on its number and the seed alone."""

    recipe: AdversarialRecipe
    image_encoder: keras.Model

    def __post_init__(self):
        super().__post_init__()
        recipe = self.recipe
        seed = TRAIN_SEED_OFFSET * (recipe.seed + 1) - 2
        self.scenes = sample_crowded(recipe.pool, recipe.crowded, seed, recipe.twins)
        self.grids = encode_scenes(self.image_encoder, self.scenes)
        kinds = [(scene.setting, *sorted(obj.kind for obj in scene.objects)) for scene in self.scenes]
        groups = defaultdict(list)
        for index, key in enumerate(kinds):
            groups[key].append(index)
        self.alike = [groups[key] for key in kinds]  # of each scene, those with the same kinds of object

    def __getitem__(self, step: int) -> tuple[np.ndarray, ...]:
        """Batch number `step`: grids float32 [n, 64, c], true and mismatched captions, both int32 [n, s, t + 1],
        and lengths int32 [n, s].
        """
        length, count, max_length = self.recipe.turns[step % len(self.recipe.turns)]
        rng = np.random.default_rng((self.recipe.seed, step))
        rows = rng.integers(0, len(self.scenes), self.recipe.batch_size)
        repeated = np.repeat(rows, count)
        texts = [language.describe(self.scenes[row], length, rng) for row in repeated]
        texts += [self._mismatched(int(row), length, rng) for row in repeated]
        ids = vocabulary().encode(texts)[:, : max_length + 1]
        padding = max_length + 1 - ids.shape[1]  # all batches have one shape, and are compiled once
        ids = np.pad(ids, [(0, 0), (0, padding)], constant_values=PAD)
        true, mismatched = ids.reshape(2, self.recipe.batch_size, count, -1)
        lengths = np.full((self.recipe.batch_size, count), LENGTHS.index(length), np.int32)
        return self.grids[rows].astype("float32"), true, mismatched, lengths

    def _mismatched(self, index: int, length: str, rng: np.random.Generator) -> str:
        """A caption of another scene, often a similar one, that is false of this one."""
        scene = self.scenes[index]
        while True:
            kind = rng.random()
            if kind < self.recipe.nearly:
                other = perturb(scene, rng)
            else:
                alike = kind < self.recipe.nearly + self.recipe.alike
                other = self.scenes[rng.choice(self.alike[index] if alike else len(self.scenes))]
            if not language.evaluate(text := language.describe(other, length, rng), scene):
                return text


def train_adversarial(
    recipe: AdversarialRecipe,
    image_encoder: keras.Model,
    decoder: keras.Model,
    discriminator: keras.Model,
    *,
    batches: DiscriminatorBatches | None = None,
    **settings,
) -> GanHistory:
    """Train a decoder and a discriminator adversarially; both are changed.

    Args:
        recipe: how.
        image_encoder, decoder: as for and from `train`.
        discriminator: as `build_discriminator` makes it, at best after `init_discriminator`.
        batches: by default those of the recipe.
        settings: those of `gan.adversarial.train_adversarially`: checkpoint, bar.
    """
    return train_adversarially(
        CaptionGanTrainer(decoder, discriminator, recipe.rules),
        batches or DiscriminatorBatches(recipe, image_encoder),
        steps=recipe.steps,
        label="adversarial",
        **settings,
    )


def train_adversarial_average(
    recipes: Sequence[AdversarialRecipe],
    image_encoder: keras.Model,
    decoder: keras.Model,
    discriminator: keras.Model,
    *,
    checkpoint: Path | None = None,
    bar: bool = True,
) -> bool:
    """Train adversarially several times from one start; the decoder becomes the average of where each run ended.

    The discriminator ends as it began.

    Returns:
        False if one was interrupted; the decoder is then where that was.
    """
    decoder_start, discriminator_start = decoder.get_weights(), discriminator.get_weights()

    def run(recipe: AdversarialRecipe) -> GanHistory:
        decoder.set_weights(decoder_start)
        discriminator.set_weights(discriminator_start)
        return train_adversarial(recipe, image_encoder, decoder, discriminator, checkpoint=checkpoint, bar=bar)

    ended = _average_of_runs(decoder, run, recipes, checkpoint)
    discriminator.set_weights(discriminator_start)
    return ended


@dataclass(frozen=True)
class DecodingStrategy:
    """A way to caption pictures, which is evaluated."""

    name: str
    captioner: Captioner
    top_p: float = 0.0  # see `decoding.sample_noise`; 0 for greedy decoding
    temperature: float = 1.0
    beam: int = 0  # width of the beam; 0 for none


def generate_captions(
    strategy: DecodingStrategy, grids: np.ndarray, length: str, draws: int, seed: int = 0
) -> list[list[str]]:
    """Captions by a strategy: grids [n, 64, c] → n lists of `draws` sentences, or of one where nothing is sampled."""
    captioner = strategy.captioner
    if strategy.beam:
        return [[text] for text in captioner.beam_features(grids, length, width=strategy.beam)]
    if not strategy.top_p:
        return [[text] for text in captioner.detokenize(captioner.generate(grids, length))]
    texts: list[str] = []
    for first in range(0, len(grids), GENERATION_BATCH):
        batch = np.repeat(grids[first : first + GENERATION_BATCH], draws, axis=0)
        z = decoding.sample_noise(len(batch), MAX_LENGTH[length], np.random.default_rng((seed, first)), strategy.top_p)
        texts += captioner.detokenize(captioner.generate(batch, length, z=z, temperature=strategy.temperature))
    return [texts[first : first + draws] for first in range(0, len(texts), draws)]


def evaluate(
    draws: list[list[str]], scenes: list[Scene], references: list[list[str]] | None = None
) -> dict[str, float]:
    """Evaluate captions of scenes, one or more of each; with true ones to refer to, also BLEU and CIDEr-D of the first.

    Returns:
        true, held, readable: shares of wholly true sentences, of true facts, of sentences that can be parsed; stated:
        facts that a sentence states, on average; different: distinct true captions of a picture, on average;
        distinct_1, distinct_2, self_bleu: see `vistext.metrics.captions`; with references bleu and cider_d.
    """
    texts = [text for drawn in draws for text in drawn]
    repeated = [scene for scene, drawn in zip(scenes, draws, strict=True) for _ in drawn]
    checked = captions.fact_check(texts, repeated)
    result = {
        "true": checked.factual_accuracy,
        "held": checked.fact_precision,
        "stated": float(checked.stated.mean()),
        "readable": checked.readable_rate,
        "different": float(captions.distinct_true(draws, scenes).mean()),
        "distinct_1": captions.distinct_n(texts, 1),
        "distinct_2": captions.distinct_n(texts, 2),
    }
    if len(draws[0]) > 1:
        result["self_bleu"] = captions.self_bleu(draws)
    if references:
        first = [drawn[0] for drawn in draws]
        result |= {"bleu": captions.bleu(first, references), "cider_d": captions.cider_d(first, references)}
    return {name: round(value, 4) for name, value in result.items()}


def reference_captions(scenes: list[Scene], length: str, count: int, seed: int = 0) -> list[list[str]]:
    """True captions of scenes, sampled from the drawn world's language: n lists of `count`."""
    rng = np.random.default_rng(seed)
    return [[language.describe(scene, length, rng) for _ in range(count)] for scene in scenes]


def sample_negatives(scenes: list[Scene], length: str, seed: int = 0) -> list[str]:
    """For each scene a caption of another one that is false of this one."""
    rng = np.random.default_rng(seed)
    negatives = []
    for scene in scenes:
        while language.evaluate(text := language.describe(scenes[rng.integers(len(scenes))], length, rng), scene):
            pass
        negatives.append(text)
    return negatives


def evaluate_discriminator(discriminator: Discriminator, grids: np.ndarray, scenes: list[Scene], length: str) -> float:
    """The area under the ROC curve of a discriminator: true captions against captions of other pictures."""
    true = [text for [text] in reference_captions(scenes, length, 1)]
    return captions.roc_auc(
        discriminator.score_features(grids, true),
        discriminator.score_features(grids, sample_negatives(scenes, length)),
    )
