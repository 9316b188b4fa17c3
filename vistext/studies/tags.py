"""`python -m tools study tags`: do tags help to learn a language? Missing words, with and without, over many seeds.

The article claims that "tags help to train a language model". Here a network finds the hidden words of descriptions of
drawn scenes from the words around them and, beside these, from the kinds of object in the scene: none, the true ones,
those that lesson 01's tagger finds in photographs, or true ones of which a share was swapped for others. Each
condition is trained and tested with tags of its own sort, from 250 descriptions to 16,000, with the same steps and the
same first weights; the networks trained with true tags are also tested with swapped ones.

What is not to leak: training and test scenes share no set of facts, and each scene is described once; a hidden word is
hidden wherever it stands in its sentence, nouns of the same kind with it; the tagger sees photographs that it was not
trained on, other ones for training than for testing; the test scenes are read once, after the best of a training's
states has been chosen on validation scenes.
"""

import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from itertools import product
from pathlib import Path

import numpy as np
from tqdm import tqdm

from vistext import scenes
from vistext.data import cifar10
from vistext.data.vocabulary import PAD, Vocabulary, tokenize
from vistext.nn.engine import keras, tf
from vistext.nn.training import linear_decay
from vistext.scenes import language
from vistext.scenes.language.word_classes import CLASSES, WORD_CLASSES
from vistext.scenes.ontology import KINDS
from vistext.studies import results as stored
from vistext.studies.results import FOLDER, resume, write
from vistext.tasks import classification, language_model
from vistext.tasks.language_model.model import LanguageModelConfig

STORED = FOLDER / "tags.json"
NOISES = (10, 20, 30, 40, 50)  # of a hundred tags, so many are swapped
CONDITIONS = ("text alone", "true tags", "tagger's tags", *(f"{noise} % noise" for noise in NOISES))
MAX_LENGTH = 14  # words and marks of a description; one in nine is longer, and left out to save time
PHOTOGRAPHS = 4000  # of CIFAR-10's test pictures: 400 or so of each kind

Kinds = np.ndarray  # the kind of each object of many scenes one after the other, int [objects], an index into KINDS
Tagging = Callable[[Kinds, np.random.Generator, bool], Kinds]  # the last one: whether for scenes to learn from


@dataclass(frozen=True)
class StudyConfig:
    """What is trained and measured; the defaults are those of the stored results."""

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
    """Scenes with a description each: int32 [n, LONGEST + 2], and the kinds of their objects with the scene of each."""

    ids: np.ndarray
    kinds: Kinds
    scene_of: np.ndarray

    def tags(self, tagged: Kinds) -> np.ndarray:
        """What is said to be in each scene, when its objects are tagged so: float32 [n, 10], 1 for each kind."""
        table = np.zeros((len(self.ids), len(KINDS)), "float32")
        table[self.scene_of, tagged] = 1
        return table


def run(plan: StudyConfig, out: Path, *, fresh: bool = False, tagging: Tagging | None = None) -> dict:
    """All cells (seed, size, condition) of a plan; each is kept in the file as soon as it is measured.

    Args:
        plan: which cells, and how they are trained.
        out: a file; cells that are in it already are taken from there.
        fresh: forget what is in the file.
        tagging: gives the tagger's tags; by default lesson 01's tagger, on CIFAR-10's test pictures.

    Returns:
        The results, as in the file.

    Raises:
        ValueError: the file holds the results of another plan.
        DataNotFoundError, DamagedDataError: CIFAR-10 is not to be had, and there are cells that need it.
    """
    told = provenance("tags", "Do tags help to find the missing words of a description?")
    results = resume(out, json.loads(json.dumps(asdict(plan))), fresh=fresh, **told)
    return run_cells(results, out, CONDITIONS, lambda: CellTrainer(plan, tagging or tagged_photographs))


def run_cells(results: dict, out: Path, conditions: Sequence[str], begin: Callable[[], "CellTrainer"]) -> dict:
    """Measure the cells that results still lack.

    Args:
        results: with the plan, as `results.so_far` gives them.
        out: their file.
        conditions: of the experiment.
        begin: makes who trains and tests; called only if there is anything to measure.

    Returns:
        The results, as in the file.
    """
    done = {(cell["seed"], cell["size"], cell["condition"]) for cell in results["cells"]}
    plan = results["plan"]
    todo = [each for each in product(plan["seeds"], plan["sizes"], conditions) if each not in done]
    learner = begin() if todo else None
    for seed, size, condition in tqdm(todo, desc="cells", disable=not todo):
        began = time.perf_counter()
        cell = learner.cell(seed, size, condition)
        results["cells"].append(cell | {"seconds": round(time.perf_counter() - began, 2)})
        write(results, out)
    return results


def load(path: Path = STORED) -> dict:
    """The stored results.

    Raises:
        FileNotFoundError: they are not here.
    """
    return stored.load(path, "about half an hour")


def series(
    results: dict,
    condition: str,
    size: int,
    words: str = "all",
    *,
    measure: str = "accuracy",
    tested: str | None = None,
) -> np.ndarray:
    """One measure of one condition, for each seed.

    Args:
        results: as `load` or `measure` gives them.
        condition: one of `CONDITIONS`.
        size: how many descriptions were learned from.
        words: "all", or one of `language.classes.CLASSES`.
        measure: "accuracy" or "perplexity", of the missing words.
        tested: tested with the tags of this condition instead; for "true tags" and noise only.

    Returns:
        float64 [seeds], in the order of the seeds.
    """
    cells = [cell for cell in results["cells"] if (cell["condition"], cell["size"]) == (condition, size)]
    cells.sort(key=lambda cell: cell["seed"])
    return np.array([(cell["tested with"][tested] if tested else cell)[measure][words] for cell in cells])


def interval(values: np.ndarray) -> tuple[float, float]:
    """The mean over seeds, and how far it may well be off: half a 95 % interval by Student's t."""
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
    """Accuracy over all missing words, a line for each condition and a column for each size."""
    sizes, wide = results["plan"]["sizes"], max(16, 1 + max(map(len, conditions)))
    lines = [f"{'accuracy, %':{wide}}" + "".join(f"{size:>14,}" for size in sizes)]
    for condition in conditions:
        found = [interval(100 * series(results, condition, size)) for size in sizes]
        lines.append(f"{condition:{wide}}" + "".join(f"{mean:8.1f} ±{half:4.1f}" for mean, half in found))
    return "\n".join(lines)


def described_scenes(n: int, seed: int, split: str) -> tuple[list[scenes.Scene], list[str]]:
    """Scenes, and one description of at most LONGEST words and marks for each.

    Args:
        n: how many.
        seed: of the scenes and of what is said of them.
        split: see `scenes.sample`.
    """
    random = np.random.default_rng((seed, 3))
    drawn = scenes.sample(n * 6 // 5 + 30, seed, split)  # more than enough: one in nine is left out
    pairs = [(scene, language.describe(scene, "description", random)) for scene in drawn]
    fitting = [(scene, said) for scene, said in pairs if len(tokenize(said)) <= MAX_LENGTH][:n]
    return [scene for scene, _ in fitting], [said for _, said in fitting]


def encode(world: list[scenes.Scene], sentences: list[str], vocabulary: Vocabulary) -> DescribedScenes:
    """Scenes and their descriptions as numbers."""
    kinds = [[KINDS.index(obj.kind) for obj in scene.objects] for scene in world]
    return DescribedScenes(
        vocabulary.encode(sentences, MAX_LENGTH + 2),
        np.concatenate([*kinds, []]).astype(int),
        np.repeat(np.arange(len(world)), [len(each) for each in kinds]),
    )


def swap_tags(kinds: Kinds, share: float, random: np.random.Generator) -> Kinds:
    """Each tag, with a probability of `share`, swapped for one of the nine others."""
    others = (kinds + random.integers(1, len(KINDS), len(kinds))) % len(KINDS)
    return np.where(random.random(len(kinds)) < share, others, kinds)


def tagged_photographs(kinds: Kinds, random: np.random.Generator, learning: bool) -> Kinds:
    """What lesson 01's tagger says when each object is a photograph of its kind, drawn from CIFAR-10's test pictures.

    Of these, every other one is for scenes to learn from, and the rest for scenes to be judged on.
    """
    labels, answers = _tagger_answers()
    half = slice(0, None, 2) if learning else slice(1, None, 2)
    labels, answers = labels[half], answers[half]
    tagged = np.empty_like(kinds)
    for kind in np.unique(kinds):
        objects = kinds == kind
        tagged[objects] = random.choice(answers[labels == kind], objects.sum())
    return tagged


@cache
def _tagger_answers() -> tuple[np.ndarray, np.ndarray]:
    """The label of each of PHOTOGRAPHS test pictures, and the kind that the tagger finds likeliest; int [n] both."""
    test = cifar10.load().test
    network = classification.model.load()
    parts = [slice(begin, begin + 500) for begin in range(0, PHOTOGRAPHS, 500)]
    scores = [np.asarray(network(test.pictures[part], training=False)) for part in parts]
    return np.asarray(test.labels[:PHOTOGRAPHS]), np.concatenate(scores).argmax(axis=1)


class CellTrainer:
    """Trains and tests one cell after the other, with one network and one graph, which take seconds to build."""

    def __init__(self, plan: StudyConfig, tagging: Tagging | None = None, *, tags: int = len(KINDS)):
        self.plan, self.tagging = plan, tagging
        # The same words for all cells, whatever they learn from: so perplexities can be compared.
        _, sentences = described_scenes(max(plan.sizes), 0, "train")
        self.vocabulary = Vocabulary.build(sentences)
        self.together = language_model.masked_lm.word_groups(self.vocabulary)
        self.validation = self.encoded(plan.validation, 0, "val")
        self.test = self.encoded(plan.test, 0, "test")
        self.config = LanguageModelConfig(
            len(self.vocabulary), both_ways=True, tags=tags, embedding=plan.embedding, units=plan.units
        )
        self.model = language_model.model.build(self.config)
        self.optimizer = keras.optimizers.Adam(plan.learning_rate)
        self.optimizer.build(self.model.trainable_variables)
        self.training = lru_cache(1)(self._training)
        self.first_weights = lru_cache(1)(self._first_weights)
        loss = language_model.model.loss()

        @tf.function(autograph=False, reduce_retracing=True)
        def step(ids, tags, labels):
            with tf.GradientTape() as tape:
                value = loss(labels, self.model([ids, tags], training=True))
            self.optimizer.apply(tape.gradient(value, self.model.trainable_variables))

        @tf.function(autograph=False, reduce_retracing=True)
        def logs(ids, tags):
            return tf.nn.log_softmax(self.model([ids, tags], training=False))

        self.step, self.logs = step, logs

    def _training(self, seed: int) -> DescribedScenes:
        """The descriptions from which all cells of a seed learn, or the first of them."""
        return self.encoded(max(self.plan.sizes), seed, "train")

    def encoded(self, n: int, seed: int, split: str) -> DescribedScenes:
        """So many described scenes of a split as numbers."""
        return encode(*described_scenes(n, seed, split), self.vocabulary)

    def cell(self, seed: int, size: int, condition: str) -> dict:
        """The figures of one training."""
        data, plan = self.training(seed), self.plan
        tags = self.told(data, condition, seed, learning=True)[:size]
        batches = language_model.masked_lm.MaskedBatches(
            data.ids[:size], self.together, tags, batch_size=plan.batch, seed=seed
        )
        self._begin(seed)
        rate = linear_decay(plan.learning_rate)
        asked = self.asked(self.validation, 0)
        tags = self.told(self.validation, condition, seed, learning=False)
        best, kept = np.inf, self.model.get_weights()
        for number in range(plan.steps):
            self.optimizer.learning_rate.assign(rate(number / plan.steps))
            (ids, given), labels = batches[number]
            self.step(*map(tf.convert_to_tensor, (ids, given, labels)))
            if (number + 1) % (plan.steps // plan.checks) == 0:
                found = self.measured(asked, tags)["perplexity"]["all"]
                if found < best:
                    best, kept = found, self.model.get_weights()
        self.model.set_weights(kept)
        return {"seed": seed, "size": size, "condition": condition} | self.tested(condition, seed)

    def _first_weights(self, seed: int) -> list[np.ndarray]:
        """Those with which each cell of a seed begins."""
        keras.utils.set_random_seed(seed)
        return language_model.model.build(self.config).get_weights()

    def _begin(self, seed: int) -> None:
        """A network that has learned nothing, and an optimizer that has seen nothing."""
        self.model.set_weights(self.first_weights(seed))
        for variable in self.optimizer.variables:
            variable.assign(tf.zeros_like(variable))
        # So that a cell comes out the same whatever was trained before it.
        self.model.get_layer("dropout").seed_generator.state.assign([seed, 0])

    def tested(self, condition: str, seed: int) -> dict:
        """The figures of a network that was trained under a condition."""
        asked = self.asked(self.test, 1)
        measured = self.measured(asked, self.told(self.test, condition, seed, learning=False))
        if condition != "text alone":
            tagged = self._tagged(self.test, condition, seed, learning=False)
            measured["wrong tags"] = round(float(np.mean(tagged != self.test.kinds)), 5)
        if condition == "true tags":
            others = CONDITIONS[2:]
            measured["tested with"] = {
                other: self.measured(asked, self.told(self.test, other, seed, learning=False)) for other in others
            }
        return measured

    def told(self, data: DescribedScenes, condition: str, seed: int, *, learning: bool) -> np.ndarray:
        """What a condition says of each scene, float32 [n, 10]; nothing for the text alone."""
        if condition == "text alone":
            return np.zeros((len(data.ids), len(KINDS)), "float32")
        return data.tags(self._tagged(data, condition, seed, learning=learning))

    def _tagged(self, data: DescribedScenes, condition: str, seed: int, *, learning: bool) -> Kinds:
        random = np.random.default_rng((seed, CONDITIONS.index(condition), learning, len(data.ids)))
        if condition == "true tags":
            return data.kinds
        if condition == "tagger's tags":
            return self.tagging(data.kinds, random, learning)
        return swap_tags(data.kinds, int(condition.split(maxsplit=1)[0]) / 100, random)

    def asked(self, data: DescribedScenes, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """The same words hidden for all conditions."""
        return language_model.masked_lm.mask_tokens(data.ids, self.together, np.random.default_rng(seed))

    def measured(self, asked: tuple[np.ndarray, np.ndarray], tags: np.ndarray) -> dict:
        """What `by_class` says of the network, given these tags."""
        ids, labels = asked
        parts = [slice(begin, begin + 500) for begin in range(0, len(ids), 500)]
        logs = np.concatenate(
            [self.logs(tf.convert_to_tensor(ids[part]), tf.convert_to_tensor(tags[part])).numpy() for part in parts]
        )
        return by_class(logs[labels != PAD], labels[labels != PAD], self.vocabulary)


def by_class(logs: np.ndarray, labels: np.ndarray, vocabulary: Vocabulary) -> dict[str, dict[str, float]]:
    """Accuracy and perplexity of missing words, of all of them and of each class.

    Args:
        logs: natural logarithms of probabilities, float [words asked, vocabulary].
        labels: int [words asked].
        vocabulary: its words.

    Returns:
        "accuracy" (0 to 1), "perplexity" (1 to infinity) and "words" (how many were asked), each by class and for
        "all"; nothing for a class of which no word was asked.
    """
    right = logs.argmax(axis=-1) == labels
    given = np.take_along_axis(logs, labels[:, np.newaxis], axis=-1)[:, 0]
    classes = np.array([WORD_CLASSES.get(word, "") for word in vocabulary.words])[labels]
    chosen = {"all": np.ones(len(labels), bool)} | {name: classes == name for name in CLASSES}
    chosen = {name: which for name, which in chosen.items() if which.any()}
    return {
        "accuracy": {name: round(float(right[which].mean()), 5) for name, which in chosen.items()},
        "perplexity": {name: round(float(np.exp(-given[which].mean())), 5) for name, which in chosen.items()},
        "words": {name: int(which.sum()) for name, which in chosen.items()},
    }


def provenance(name: str, asks: str) -> dict:
    """What stands at the head of an experiment's results: its name, what it asks, when and with what it was made."""
    return {
        "name": name,
        "asks": asks,
        "made": time.strftime("%Y-%m-%d"),
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
    }
