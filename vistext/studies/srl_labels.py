"""`python -m tools study srl_labels`: do roles help to learn a language? Missing words, with and without, many seeds.

The article says that semantic role labels help to train language models. It is tested as lesson 03 tested tags: a
network finds the hidden words of descriptions of drawn scenes from the words around them, and from what it is told
beside these: nothing, the kinds of object in the scene (lesson 03's tags), the verbs, or verbs and roles. As a control,
it is told the roles of another scene.
Each condition is trained and tested with labels of its own sort, with the same network, the same steps and the same
first weights.

Training and test scenes share no set of facts, each scene is described once, and what else is not to leak is as in
`experiments.tags`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vistext.scenes import Scene, language
from vistext.scenes.ontology import FACINGS, KINDS, PLACES
from vistext.studies import results as stored
from vistext.studies import tags
from vistext.studies.results import FOLDER, resume
from vistext.studies.tags import CellTrainer, DescribedScenes, StudyConfig
from vistext.tasks.srl.model import OBJECTS, VERBS

STORED = FOLDER / "srl_labels.json"
CONDITIONS = ("text alone", "kinds", "verbs", "roles", "another scene's roles")
# What a network can be told: kinds of object, and which verbs and which fillers of which roles there are in a scene.
LABELS = (
    *(("kind", kind) for kind in KINDS),
    *(("verb", verb) for verb in VERBS),
    *((role, obj) for role in ("agent", "item") for obj in OBJECTS),
    *(("direction", way) for way in FACINGS),
    *(("place", place) for place in PLACES),
)
_COLUMN = {label: number for number, label in enumerate(LABELS)}
FULL = StudyConfig(sizes=(1000,), steps=150, checks=3, validation=200, test=800)
QUICK = StudyConfig(sizes=(20, 40), seeds=(0,), steps=4, checks=2, validation=20, test=40, embedding=8, units=8)


def run(plan: StudyConfig, out: Path, *, fresh: bool = False) -> dict:
    """All cells (seed, size, condition) of a plan; each is kept in the file as soon as it is measured.

    Args:
        plan: which cells, and how they are trained.
        out: a file; cells that are in it already are taken from there.
        fresh: forget what is in the file.

    Returns:
        The results, as in the file.

    Raises:
        ValueError: the file holds the results of another plan.
    """
    told = tags.provenance("roles", "Do semantic roles help to find the missing words of a description?")
    results = resume(out, json.loads(json.dumps(asdict(plan))), fresh=fresh, **told)
    return tags.run_cells(results, out, CONDITIONS, lambda: SrlCellTrainer(plan))


def load(path: Path = STORED) -> dict:
    """The stored results.

    Raises:
        FileNotFoundError: they are not here.
    """
    return stored.load(path, "a quarter of an hour")


@dataclass(frozen=True, eq=False)
class LabeledScenes(DescribedScenes):
    """Described scenes, and the scenes themselves."""

    world: list[Scene]


class SrlCellTrainer(CellTrainer):
    """Trains and tests one cell after the other; see `tags.Learner`."""

    def __init__(self, plan: StudyConfig):
        super().__init__(plan, tags=len(LABELS))

    def encoded(self, n: int, seed: int, split: str) -> LabeledScenes:
        """So many described scenes of a split as numbers."""
        world, sentences = tags.described_scenes(n, seed, split)
        each = tags.encode(world, sentences, self.vocabulary)
        return LabeledScenes(each.ids, each.kinds, each.scene_of, world)

    def told(self, data: LabeledScenes, condition: str, seed: int, *, learning: bool) -> np.ndarray:
        """What a condition says of each scene: float32 [n, labels], 1 for what is so."""
        if condition == "text alone":
            return np.zeros((len(data.world), len(LABELS)), "float32")
        if condition == "kinds":
            return multi_hot([("kind", obj.kind) for obj in scene.objects] for scene in data.world)
        true = [language.frames(scene) for scene in data.world]
        if condition == "verbs":
            return multi_hot([("verb", frame.verb) for frame in frames] for frames in true)
        labels = multi_hot(map(labels_of_frames, true))
        return np.roll(labels, 1, axis=0) if condition == "another scene's roles" else labels

    def tested(self, condition: str, seed: int) -> dict:
        """The figures of a network that was trained under a condition."""
        return self.measured(self.asked(self.test, 1), self.told(self.test, condition, seed, learning=False))


def labels_of_frames(frames: Sequence[language.Frame]) -> list[tuple[str, str]]:
    """The labels that frames give a scene: their verbs, and their roles with what fills them."""
    return [label for frame in frames for label in (("verb", frame.verb), *frame.roles)]


def table(results: dict) -> str:
    """The results as lines of text; see `tags.table`."""
    return tags.table(results, CONDITIONS)


def multi_hot(said: Iterable[Iterable[tuple[str, str]]]) -> np.ndarray:
    """Labels of scenes as numbers: float32 [n, labels], 1 for each of `LABELS` that is given and 0 for the others."""
    rows = [[_COLUMN[label] for label in labels] for labels in said]
    numbers = np.zeros((len(rows), len(LABELS)), "float32")
    for row, columns in enumerate(rows):
        numbers[row, columns] = 1
    return numbers
