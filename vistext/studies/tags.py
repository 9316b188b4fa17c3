"""`python -m tools study tags`: do tags help to train a language model? Masked words, with and without, many seeds.

The article claims that "tags help to train a language model". Here a network predicts masked words of descriptions of
drawn scenes from the words around them and, beside these, from the kinds of object in the scene: none, the true ones,
the predictions of lesson 01's tagger for photographs, or true ones of which a share was swapped for others. Each
condition is trained and tested with tags of its own sort, on 250 to 16,000 descriptions, with the same steps and the
same first weights; the networks trained with true tags are also tested with swapped ones.

Leaks are prevented: training and test scenes share no set of facts, and each scene is described once; a masked word is
masked wherever it stands in its sentence, nouns of the same kind with it; the tagger's photographs were not in its
training set, and those for training differ from those for testing; the test scenes are used once, after the best state
of each training has been chosen on validation scenes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import product
from pathlib import Path

import numpy as np
from scipy.special import log_softmax

from vistext import scenes
from vistext.data import cifar10
from vistext.data.vocabulary import PAD, Vocabulary, tokenize
from vistext.nn.engine import keras
from vistext.nn.training import linear_decay
from vistext.scenes import language
from vistext.scenes.language.word_classes import CLASSES, WORD_CLASSES
from vistext.scenes.ontology import KINDS
from vistext.studies import results as stored
from vistext.studies.results import provenance, run_cells, select
from vistext.tasks import classification, language_model
from vistext.tasks.language_model.model import LanguageModelConfig

load = partial(stored.load, "tags", "about half an hour")
NOISES = (10, 20, 30, 40, 50)  # of a hundred tags, so many are swapped
CONDITIONS = ("text alone", "true tags", "tagger's tags", *(f"{noise} % noise" for noise in NOISES))
MAX_LENGTH = 14  # tokens of a description; one in nine is longer, and left out to save time
PHOTOGRAPHS = 4000  # of CIFAR-10's test pictures: 400 or so of each kind

Kinds = np.ndarray  # the kind of each object of many scenes one after the other, int [objects], an index into KINDS
Tagging = Callable[[Kinds, np.random.Generator, bool], Kinds]  # the last one: whether for training scenes


@dataclass(frozen=True)
class StudyConfig:
    """The plan of a study; the defaults are those of the stored results of this one."""

    sizes: tuple[int, ...] = (250, 1000, 4000, 16000)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    steps: int = 600
    batch: int = 64
    learning_rate: float = 0.03  # falling to nothing; of 0.008, 0.016, 0.03 and 0.05 the best on validation scenes
    checks: int = 10  # on the validation scenes; the state that does best there is kept
    validation: int = 500
    test: int = 2000
    embedding: int = 32
    units: int = 48


FULL = StudyConfig()
QUICK = StudyConfig(sizes=(50, 100), seeds=(0,), steps=10, checks=2, validation=50, test=100, embedding=8, units=8)


@dataclass(frozen=True, eq=False)
class DescribedScenes:
    """Scenes with a description each, and the kinds of their objects."""

    ids: np.ndarray  # int32 [n, MAX_LENGTH + 2]
    kinds: Kinds
    scene_of: np.ndarray  # int [objects]: the scene of each

    def tags(self, tagged: Kinds) -> np.ndarray:
        """The tags of each scene, given those of its objects: float32 [n, 10], 1 for each kind."""
        table = np.zeros((len(self.ids), len(KINDS)), "float32")
        table[self.scene_of, tagged] = 1
        return table


def run(plan: StudyConfig, out: Path, *, fresh: bool = False, tagging: Tagging | None = None) -> dict:
    """Measure the cells (seed, size, condition) of a plan; see `results.run_cells`.

    `tagging` gives the tagger's tags; by default lesson 01's tagger, on CIFAR-10's test pictures.
    """
    head = provenance("tags", "Do tags help to find the missing words of a description?", plan)
    return run_study(plan, out, head, CONDITIONS, lambda: CellTrainer(plan, tagging or tagged_photographs), fresh=fresh)


def run_study(
    plan: StudyConfig, out: Path, head: dict, conditions: Sequence[str], begin: Callable, *, fresh: bool
) -> dict:
    """Measure the cells of a study of such networks; `begin` makes its `CellTrainer`, if anything is to be measured."""
    trainer = cache(begin)
    keys = ("seed", "size", "condition")
    cells = [dict(zip(keys, cell, strict=True)) for cell in product(plan.seeds, plan.sizes, conditions)]
    return run_cells(out, head, cells, lambda **keys: trainer().cell(**keys), fresh=fresh)


def series(
    results: dict,
    condition: str,
    size: int,
    words: str = "all",
    *,
    measure: str = "accuracy",
    tested: str | None = None,
) -> np.ndarray:
    """One measure ("accuracy", "perplexity") of one of `CONDITIONS`, for each seed: float64 [seeds].

    Args:
        results: as `load` or `run` gives them.
        condition: one of `CONDITIONS`.
        size: the number of training descriptions.
        words: "all", or one of `language.word_classes.CLASSES`.
        measure: of the masked words.
        tested: "true tags" only: tested with the tags of this other condition.
    """
    cells = select(results, condition=condition, size=size)
    return np.array([(cell["tested with"][tested] if tested else cell)[measure][words] for cell in cells])


def interval(values: np.ndarray) -> tuple[float, float]:
    """The mean over seeds, and half of its 95 % confidence interval by Student's t."""
    from scipy.stats import t

    n = len(values)
    half = t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return float(np.mean(values)), float(half)


def gain(results: dict, condition: str, size: int, words: str = "all", **more: str) -> tuple[float, float]:
    """By how much a condition is better than the text alone: the mean of the difference seed by seed, and `interval`.

    Seeds are compared in pairs, since both were trained on the same descriptions from the same first weights.
    """
    return interval(series(results, condition, size, words, **more) - series(results, "text alone", size, words))


def table(results: dict, conditions: Sequence[str] = CONDITIONS) -> str:
    """Accuracy over all masked words, a line for each condition and a column for each size."""
    sizes, wide = results["plan"]["sizes"], max(16, 1 + max(map(len, conditions)))
    rows = {condition: [interval(100 * series(results, condition, size)) for size in sizes] for condition in conditions}
    return stored.table(f"{'accuracy, %':{wide}}", [f"{size:,}" for size in sizes], rows)


def described_scenes(n: int, seed: int, split: str) -> tuple[list[scenes.Scene], list[str]]:
    """n scenes of a split, and a description of at most MAX_LENGTH tokens for each; both follow the seed."""
    rng = np.random.default_rng((seed, 3))
    pool = scenes.sample(n * 6 // 5 + 30, seed, split)  # more than enough: one in nine is left out
    texts = [language.describe(scene, "description", rng) for scene in pool]
    fitting = [number for number, text in enumerate(texts) if len(tokenize(text)) <= MAX_LENGTH][:n]
    return [pool[number] for number in fitting], [texts[number] for number in fitting]


def encode(world: list[scenes.Scene], sentences: list[str], vocabulary: Vocabulary) -> DescribedScenes:
    """Scenes and their descriptions as numbers."""
    kinds = [[KINDS.index(obj.kind) for obj in scene.objects] for scene in world]
    return DescribedScenes(
        vocabulary.encode(sentences, MAX_LENGTH + 2),
        np.concatenate([*kinds, []]).astype(int),
        np.repeat(np.arange(len(world)), [len(scene_kinds) for scene_kinds in kinds]),
    )


def swap_tags(kinds: Kinds, share: float, rng: np.random.Generator) -> Kinds:
    """Each tag, with a probability of `share`, swapped for one of the nine others."""
    others = (kinds + rng.integers(1, len(KINDS), len(kinds))) % len(KINDS)
    return np.where(rng.random(len(kinds)) < share, others, kinds)


def tagged_photographs(kinds: Kinds, rng: np.random.Generator, training: bool) -> Kinds:
    """Lesson 01's tagger's predictions, with a photograph of its kind from CIFAR-10's test pictures for each object.

    Every other photograph is for training scenes, and the rest for scenes to be tested on.
    """
    labels, predictions = _tagger_predictions()
    half = slice(0, None, 2) if training else slice(1, None, 2)
    labels, predictions = labels[half], predictions[half]
    tags = np.empty_like(kinds)
    for kind in np.unique(kinds):
        objects = kinds == kind
        tags[objects] = rng.choice(predictions[labels == kind], objects.sum())
    return tags


@cache
def _tagger_predictions() -> tuple[np.ndarray, np.ndarray]:
    """The label of each of PHOTOGRAPHS test pictures, and the kind that the tagger predicts; int [n] both."""
    test = cifar10.load().test
    logits = classification.model.load().predict(test.pictures[:PHOTOGRAPHS], batch_size=500, verbose=0)
    return np.asarray(test.labels[:PHOTOGRAPHS]), logits.argmax(axis=1)


class CellTrainer:
    """Trains and tests one cell after the other, with one network and one graph, which take seconds to build."""

    def __init__(self, plan: StudyConfig, tagging: Tagging | None = None, *, tags: int = len(KINDS)):
        self.plan, self.tagging = plan, tagging
        # The same vocabulary for all cells, whatever they are trained on: so perplexities can be compared.
        _, sentences = described_scenes(max(plan.sizes), 0, "train")
        self.vocabulary = Vocabulary.build(sentences)
        self.groups = language_model.masked_lm.word_groups(self.vocabulary)
        self.validation = self.encode(plan.validation, 0, "val")
        self.test = self.encode(plan.test, 0, "test")
        self.config = LanguageModelConfig(
            len(self.vocabulary), bidirectional=True, tags=tags, embedding=plan.embedding, units=plan.units
        )
        self.model = language_model.model.build(self.config)
        self.model.compile(keras.optimizers.Adam(plan.learning_rate), language_model.model.loss(), jit_compile=False)
        self.model.optimizer.build(self.model.trainable_variables)
        self.first_weights = lru_cache(1)(self._first_weights)
        self.training = lru_cache(1)(lambda seed: self.encode(max(plan.sizes), seed, "train"))

    def encode(self, n: int, seed: int, split: str) -> DescribedScenes:
        """n described scenes of a split."""
        return encode(*described_scenes(n, seed, split), self.vocabulary)

    def cell(self, seed: int, size: int, condition: str) -> dict:
        """The figures of one training."""
        data, plan = self.training(seed), self.plan
        tags = self.labels(data, condition, seed, training=True)[:size]
        batches = language_model.masked_lm.MaskedBatches(
            data.ids[:size], self.groups, tags, batch_size=plan.batch, seed=seed
        )
        self._reset(seed)
        rate = linear_decay(plan.learning_rate)
        masked = self.mask(self.validation, 0)
        tags = self.labels(self.validation, condition, seed, training=False)
        best, best_weights = np.inf, self.model.get_weights()
        for number in range(plan.steps):
            self.model.optimizer.learning_rate.assign(rate(number / plan.steps))
            self.model.train_on_batch(*batches[number])
            if (number + 1) % (plan.steps // plan.checks) == 0:
                perplexity = self.evaluate(masked, tags)["perplexity"]["all"]
                if perplexity < best:
                    best, best_weights = perplexity, self.model.get_weights()
        self.model.set_weights(best_weights)
        return self.test_network(condition, seed)

    def _first_weights(self, seed: int) -> list[np.ndarray]:
        keras.utils.set_random_seed(seed)
        return language_model.model.build(self.config).get_weights()

    def _reset(self, seed: int) -> None:
        """Put network and optimizer into their first state."""
        self.model.set_weights(self.first_weights(seed))
        for variable in self.model.optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))
        # So that a cell comes out the same whatever was trained before it.
        self.model.get_layer("dropout").seed_generator.state.assign([seed, 0])

    def test_network(self, condition: str, seed: int) -> dict:
        """The figures of a network that was trained under a condition."""
        masked = self.mask(self.test, 1)
        figures = self.evaluate(masked, self.labels(self.test, condition, seed, training=False))
        if condition != "text alone":
            tags = self._object_tags(self.test, condition, seed, training=False)
            figures["wrong tags"] = round(float(np.mean(tags != self.test.kinds)), 5)
        if condition == "true tags":
            figures["tested with"] = {
                other: self.evaluate(masked, self.labels(self.test, other, seed, training=False))
                for other in CONDITIONS[2:]
            }
        return figures

    def labels(self, data: DescribedScenes, condition: str, seed: int, *, training: bool) -> np.ndarray:
        """The tags of each scene under a condition, float32 [n, 10]; all 0 for the text alone."""
        if condition == "text alone":
            return np.zeros((len(data.ids), len(KINDS)), "float32")
        return data.tags(self._object_tags(data, condition, seed, training=training))

    def _object_tags(self, data: DescribedScenes, condition: str, seed: int, *, training: bool) -> Kinds:
        rng = np.random.default_rng((seed, CONDITIONS.index(condition), training, len(data.ids)))
        if condition == "true tags":
            return data.kinds
        if condition == "tagger's tags":
            assert self.tagging is not None
            return self.tagging(data.kinds, rng, training)
        return swap_tags(data.kinds, int(condition.split(maxsplit=1)[0]) / 100, rng)

    def mask(self, data: DescribedScenes, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and labels, with the same words masked for all conditions."""
        return language_model.masked_lm.mask_tokens(data.ids, self.groups, np.random.default_rng(seed))

    def evaluate(self, masked: tuple[np.ndarray, np.ndarray], tags: np.ndarray) -> dict:
        """The figures of `by_class`, given these tags."""
        ids, labels = masked
        logits = self.model.predict((ids, tags), batch_size=500, verbose=0)[labels != PAD]
        return by_class(log_softmax(logits, axis=-1), labels[labels != PAD], self.vocabulary)


def by_class(logs: np.ndarray, labels: np.ndarray, vocabulary: Vocabulary) -> dict[str, dict[str, float]]:
    """Accuracy (0 to 1), perplexity (1 to infinity) and number ("words") of masked words, by class and for "all".

    Classes of which no word was masked are left out; logs are log probabilities, float [masked words, vocabulary].
    """
    right = logs.argmax(axis=-1) == labels
    own = np.take_along_axis(logs, labels[:, np.newaxis], axis=-1)[:, 0]
    classes = np.array([WORD_CLASSES.get(word, "") for word in vocabulary.words])[labels]
    masks = {"all": np.ones(len(labels), bool)} | {name: classes == name for name in CLASSES}
    masks = {name: mask for name, mask in masks.items() if mask.any()}
    return {
        "accuracy": {name: round(float(right[mask].mean()), 5) for name, mask in masks.items()},
        "perplexity": {name: round(float(np.exp(-own[mask].mean())), 5) for name, mask in masks.items()},
        "words": {name: int(mask.sum()) for name, mask in masks.items()},
    }
