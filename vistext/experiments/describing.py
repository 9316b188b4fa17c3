"""Training lesson 05's networks: first by likelihood, then against each other; and measuring what they say."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from vistext import decoding, scenes, sentences
from vistext.adversarial import Match, play_on
from vistext.data.words import PAD, Vocabulary
from vistext.engine import keras
from vistext.experiments import locating
from vistext.experiments.locating import FIRST_SEED
from vistext.models import describer, detector
from vistext.models.describer import LENGTHS, Describer, DescriberConfig, Judge
from vistext.scenes import Scene, language
from vistext.training import History, Muon, fit
from vistext.word_game import Rules, WordGame

RISING = 0.03  # share of a stage over which its rate rises: Adam knows little at first
AT_ONCE = 50  # pictures of which sentences are drawn together
READ_FOR_WORDS = 3000  # scenes of which the vocabulary is made, each described at every length
# So many sentences about each picture, cut after so many words.
TITLES, DESCRIPTIONS, STORIES = ("title", 8, 14), ("description", 6, 21), ("story", 3, 40)


@cache
def vocabulary() -> Vocabulary:
    """The words in which scenes of the training split are described."""
    rng = np.random.default_rng(0)
    seen = scenes.sample(READ_FOR_WORDS, FIRST_SEED - 1, "train")
    return Vocabulary.build(language.describe(scene, length, rng) for scene in seen for length in LENGTHS)


def shorten(ids: np.ndarray, most: int) -> np.ndarray:
    """Sentences cut after `most` numbers and without columns that are padding only: [n, t] → [n, at most `most`]."""
    used = np.flatnonzero((ids != PAD).any(axis=0))
    return ids[:, : min(most, used[-1] + 1)]


def crowd(count: int, crowded: float, seed: int, twins: float = 0.0) -> list[Scene]:
    """Scenes of the training split, of which shares, at least about so large, show several things, and two of a kind.

    Where there are two of a kind it is hardest to say which is which. As they come, a third of all scenes has some.
    """
    found = scenes.sample(2 * count, seed, "train")
    same = [
        index for index, scene in enumerate(found) if len({thing.kind for thing in scene.things}) < len(scene.things)
    ]
    chosen = set(same[: round(twins * count)])
    several = round(crowded * count) - len(chosen)
    rest = [scene for index, scene in enumerate(found) if index not in chosen]
    rest.sort(key=lambda scene: len(scene.things) == 1)
    return [found[index] for index in sorted(chosen)] + rest[:several] + rest[len(found) + several - count :]


@dataclass(frozen=True)
class Stage:
    """A part of the training by likelihood."""

    steps: int
    turns: tuple  # of what is said of a batch of pictures
    crowded: float  # share of the pictures, at least, that show several things
    twins: float  # likewise, two of a kind
    learning_rate: float  # of the eye's kernels; rises at first, then goes down to 0
    adam_rate: float  # of everything else, as a share of that


# First what things look like, and how one speaks; then which is which of several.
STAGES = (
    Stage(4200, (TITLES, DESCRIPTIONS, STORIES, DESCRIPTIONS), 0.6, 0.0, 0.04, 0.04),
    Stage(3200, (DESCRIPTIONS, STORIES, DESCRIPTIONS, STORIES, TITLES), 0.85, 0.0, 0.05, 0.024),
)


@dataclass(frozen=True)
class Recipe:
    """How eye and writer are trained by likelihood; what the shipped weights went through stands on their cards."""

    network: DescriberConfig
    stages: tuple[Stage, ...] = STAGES
    size: int = 64  # pictures in a batch
    seed: int = 0


@dataclass(frozen=True)
class Told:
    """Batches of scenes of the training split and true sentences about them; each depends on its number and the seed.

    Args:
        turns: length, sentences about each picture, and words after which they are cut: of one batch after another.
        crowded: share of the pictures, at least, that show several things.
        twins: share of them, at least, that show two of a kind.
        size: pictures in a batch.
        seed: of the training.
    """

    turns: tuple
    crowded: float = 0.0
    twins: float = 0.0
    size: int = 64
    seed: int = 0

    def __call__(self, step: int, progress: float = 0.0) -> tuple:
        """Batch number `step`: pictures uint8 [size, 64, 64, 3], ids int32 [size, s, t] and lengths int32 [size, s];
        and the words that come next, int32 [size, s, t].
        """
        length, count, most = self.turns[step % len(self.turns)]
        seed = FIRST_SEED * (self.seed + 1) + step
        seen = crowd(self.size, self.crowded, seed, self.twins)
        rng = np.random.default_rng(seed)
        told = [language.describe(scene, length, rng) for scene in seen for _ in range(count)]
        ids = shorten(vocabulary().encode(told), most + 1).reshape(self.size, count, -1)
        lengths = np.full((self.size, count), LENGTHS.index(length), np.int32)
        return (scenes.draw_many(seen).pictures, ids[..., :-1], lengths), ids[..., 1:]


def train(
    recipe: Recipe,
    *,
    precision: str = "float32",
    checkpoint: Path | None = None,
    bar: bool = True,
) -> tuple[keras.Model, keras.Model, History]:
    """Train an eye, from the detector's body, and a writer: each next word of true sentences is to be likely.

    Args:
        recipe: how.
        precision: a Keras dtype policy to compute in.
        checkpoint: a folder to resume from and to keep the unfinished training in.
        bar: whether to show a progress bar.

    Returns:
        The eye, the writer, and the history of the last stage.
    """
    keras.utils.set_random_seed(recipe.seed)
    config = replace(recipe.network, precision=precision)
    eye, writer = describer.build_eye(config), describer.build_writer(config)
    locating.hand_over(detector.load(), eye)
    inputs = [
        keras.Input((describer.SIDE, describer.SIDE, 3), dtype="uint8", name="pictures"),
        keras.Input((None, None), dtype="int32", name="ids"),
        keras.Input((None,), dtype="int32", name="lengths"),
    ]
    model = keras.Model(inputs, writer([eye(inputs[0]), *inputs[1:]]))
    for number, stage in enumerate(recipe.stages):
        reached = None if checkpoint is None else checkpoint / f"stage{number}.weights.h5"
        if reached and reached.exists():
            model.load_weights(reached)
            history = History()
            continue
        model.compile(
            optimizer=Muon(stage.learning_rate, adam_rate=stage.adam_rate),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD),
        )
        history = fit(
            model,
            Told(stage.turns, stage.crowded, stage.twins, recipe.size, recipe.seed + number),
            steps=stage.steps,
            learning_rate=partial(_rate, stage.learning_rate),
            checkpoint=None if checkpoint is None else checkpoint / f"stage{number}",
            label=f"eye and writer, {number + 1} of {len(recipe.stages)}",
            bar=bar,
        )
        if history.interrupted:
            return eye, writer, history
        locating.settle(eye, recipe.seed + number)
        if reached:
            checkpoint.mkdir(parents=True, exist_ok=True)
            model.save_weights(reached)
    return eye, writer, history


def _rate(peak: float, done: float) -> float:
    return peak * min(1.0, done / RISING) * (1 - done)


@dataclass(frozen=True)
class GameRecipe:
    """How writer and judge learn against each other; what the shipped ones went through stands on their cards."""

    rules: Rules = field(default_factory=Rules)
    turns: tuple = (DESCRIPTIONS, DESCRIPTIONS, STORIES, DESCRIPTIONS, ("title", 6, 14))
    steps: int = 1100
    size: int = 24  # pictures in a batch
    pool: int = 6000  # scenes that are drawn and looked at once, and described anew whenever they come up
    crowded: float = 0.85  # share of these, at least, that show several things
    twins: float = 0.5  # likewise, two of a kind
    alike: float = 0.75  # share of mismatched sentences that are about a picture of the same kinds of thing
    seed: int = 0


@dataclass(eq=False)
class Heard:
    """Batches of the game; each depends on its number and the seed alone.

    Args:
        recipe: of the game.
        eye: as `describer.build_eye` makes it; it no longer learns.
        scenes: which are spoken of; by default the recipe's.
    """

    recipe: GameRecipe
    eye: keras.Model
    scenes: list[Scene] | None = None

    def __post_init__(self):
        recipe = self.recipe
        self.scenes = self.scenes or crowd(
            recipe.pool, recipe.crowded, FIRST_SEED * (recipe.seed + 1) - 2, recipe.twins
        )
        self.grids = describer.look(self.eye, scenes.draw_many(self.scenes).pictures)
        kinds = [(scene.setting, *sorted(thing.kind for thing in scene.things)) for scene in self.scenes]
        groups = defaultdict(list)
        for index, each in enumerate(kinds):
            groups[each].append(index)
        self.alike = [groups[each] for each in kinds]  # of each scene, those with the same kinds of thing

    def __call__(self, step: int) -> tuple[np.ndarray, ...]:
        """Batch number `step`: grids float32 [size, 64, c], true sentences about them and others that are about other
        pictures, int32 [size, s, t + 1] both, and lengths int32 [size, s].
        """
        length, count, most = self.recipe.turns[step % len(self.recipe.turns)]
        rng = np.random.default_rng((self.recipe.seed, step))
        chosen = rng.integers(0, len(self.scenes), self.recipe.size)
        others = [self._other(index, rng) for index in chosen for _ in range(count)]
        true, mismatched = (
            self._told(which, length, most, rng).reshape(self.recipe.size, count, -1)
            for which in (np.repeat(chosen, count), others)
        )
        lengths = np.full((self.recipe.size, count), LENGTHS.index(length), np.int32)
        return self.grids[chosen], true, mismatched, lengths

    def _other(self, index: int, rng: np.random.Generator) -> int:
        """Another scene: often one that is easily mistaken for this one, if there is one."""
        alike = self.alike[index]
        among = alike if len(alike) > 1 and rng.random() < self.recipe.alike else range(len(self.scenes))
        other = index
        while other == index:
            other = among[rng.integers(len(among))]
        return other

    def _told(self, which, length: str, most: int, rng: np.random.Generator) -> np.ndarray:
        """A true sentence about each of these scenes: int32 [n, most + 1]."""
        encoded = vocabulary().encode(language.describe(self.scenes[index], length, rng) for index in which)
        ids = np.full((len(encoded), most + 1), PAD, np.int32)
        ids[:, : encoded.shape[1]] = encoded[:, : most + 1]
        return ids


def play(
    recipe: GameRecipe,
    eye: keras.Model,
    writer: keras.Model,
    judge: keras.Model,
    *,
    batches: Heard | None = None,
    watch: Callable[[keras.Model, int], float | None] | None = None,
    every: int = 250,
    checkpoint: Path | None = None,
    bar: bool = True,
) -> Match:
    """Let a writer and a judge learn against each other; both are changed.

    Args:
        recipe: how.
        eye, writer: as `train` returns them.
        judge: as `describer.build_judge` makes it; at best it has had `describer.start_judge`.
        batches: by default those of the recipe.
        watch, every, checkpoint, bar: see `adversarial.play`.

    Returns:
        What they went through.
    """
    return play_on(
        WordGame(writer, judge, recipe.rules),
        batches or Heard(recipe, eye),
        steps=recipe.steps,
        watch=watch,
        every=every,
        checkpoint=checkpoint,
        label="writer and judge",
        bar=bar,
    )


@dataclass(frozen=True)
class Way:
    """A way to say something about a picture, which is measured."""

    name: str
    describer: Describer
    nucleus: float = 0.0  # see `decoding.draw_z`; 0 says the likeliest words
    temperature: float = 1.0
    beam: int = 0  # its width; 0 for none


def say(way: Way, grids: np.ndarray, length: str, draws: int, seed: int = 0) -> list[list[str]]:
    """What is said in some way: grids [n, 64, c] → n lists of `draws` sentences, or of one where nothing is drawn."""
    if way.beam:
        return [[sentence] for sentence in way.describer.search(grids, length, width=way.beam)]
    if not way.nucleus:
        return [[sentence] for sentence in way.describer.decode(way.describer.write(grids, length))]
    said, most = [], describer.MOST[length]
    for first in range(0, len(grids), AT_ONCE):
        some = np.repeat(grids[first : first + AT_ONCE], draws, axis=0)
        z = decoding.draw_z(len(some), most, np.random.default_rng((seed, first)), way.nucleus)
        said += way.describer.decode(way.describer.write(some, length, z=z, temperature=way.temperature))
    return [said[first : first + draws] for first in range(0, len(said), draws)]


def measure(draws: list[list[str]], seen: list[Scene], references: list[list[str]] | None = None) -> dict[str, float]:
    """How good what is said of scenes is.

    Args:
        draws: for each scene, as many sentences; one or more.
        seen: the scenes.
        references: for each scene true sentences that others have said; for BLEU and CIDEr-D, of the first draws.

    Returns:
        true, held, readable: shares of sentences wholly true, of facts that hold, of sentences that can be read;
        different: true sentences about a picture, on average, each counted once; distinct_1, distinct_2, self_bleu:
        see `vistext.sentences`; with references bleu and cider_d.

    Raises:
        ImportError: references are given, and pycocoevalcap is not installed.
    """
    said = [sentence for each in draws for sentence in each]
    judged = sentences.judge(said, [scene for scene, each in zip(seen, draws, strict=True) for _ in each])
    result = {
        "true": judged.share_true,
        "held": judged.share_held,
        "readable": judged.share_readable,
        "different": float(sentences.different_true(draws, seen).mean()),
        "distinct_1": sentences.distinct(said, 1),
        "distinct_2": sentences.distinct(said, 2),
    }
    if len(draws[0]) > 1:
        result["self_bleu"] = sentences.self_bleu(draws)
    if references:
        first = [each[0] for each in draws]
        result |= {"bleu": sentences.bleu(first, references), "cider_d": sentences.cider_d(first, references)}
    return {name: round(value, 4) for name, value in result.items()}


def others_say(seen: list[Scene], length: str, count: int, seed: int = 0) -> list[list[str]]:
    """True sentences about scenes, at random as people of the drawn world say them: n lists of `count`."""
    rng = np.random.default_rng(seed)
    return [[language.describe(scene, length, rng) for _ in range(count)] for scene in seen]


def mismatch(seen: list[Scene], length: str, seed: int = 0) -> list[str]:
    """For each scene a true sentence about another one, which is false of this one."""
    rng = np.random.default_rng(seed)
    found = []
    for scene in seen:
        while language.holds(sentence := language.describe(seen[rng.integers(len(seen))], length, rng), scene):
            pass
        found.append(sentence)
    return found


def measure_judge(judge: Judge, grids: np.ndarray, seen: list[Scene], length: str) -> float:
    """How well a judge tells true sentences from false ones, true of other pictures: the area under the ROC curve."""
    true = [said for [said] in others_say(seen, length, 1)]
    return sentences.auc(judge.score_seen(grids, true), judge.score_seen(grids, mismatch(seen, length)))
