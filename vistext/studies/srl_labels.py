"""`python -m tools study srl_labels`: do semantic roles help to predict masked words, over many seeds?

The article says that semantic role labels help to train language models. It is tested as lesson 03 tested tags: a
network predicts masked words of descriptions of drawn scenes from the words around them and from labels of the scene:
none, the kinds of object (lesson 03's tags), the verbs, or verbs and roles; as a control, the roles of another scene.
Each condition is trained and tested with labels of its own sort, with the same network, the same steps and the same
first weights.

Training and test scenes share no set of facts, each scene is described once, and leaks are prevented as in
`studies.tags`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from vistext.scenes import Scene, language
from vistext.scenes.ontology import FACINGS, KINDS, PLACES
from vistext.studies import results as stored
from vistext.studies import tags
from vistext.studies.results import provenance
from vistext.studies.tags import CellTrainer, DescribedScenes, StudyConfig
from vistext.tasks.srl.model import OBJECTS, VERBS

load = partial(stored.load, "srl_labels", "a quarter of an hour")
CONDITIONS = ("text alone", "kinds", "verbs", "roles", "another scene's roles")
# Kinds of object, verbs, and fillers of roles.
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
    """Measure the cells (seed, size, condition) of a plan; see `results.run_cells`."""
    head = provenance("srl", "Do semantic roles help to find the missing words of a description?", plan)
    return tags.run_study(plan, out, head, CONDITIONS, lambda: SrlCellTrainer(plan), fresh=fresh)


@dataclass(frozen=True, eq=False)
class LabeledScenes(DescribedScenes):
    """Described scenes, and the scenes themselves."""

    world: list[Scene]


class SrlCellTrainer(CellTrainer):
    """As `tags.CellTrainer`, with semantic roles in place of tags."""

    def __init__(self, plan: StudyConfig):
        super().__init__(plan, tags=len(LABELS))

    def encode(self, n: int, seed: int, split: str) -> LabeledScenes:
        """n described scenes of a split."""
        world, sentences = tags.described_scenes(n, seed, split)
        described = tags.encode(world, sentences, self.vocabulary)
        return LabeledScenes(described.ids, described.kinds, described.scene_of, world)

    def labels(self, data: DescribedScenes, condition: str, seed: int, *, training: bool) -> np.ndarray:
        """The labels of each scene under a condition: float32 [n, labels], 1 for each that is given."""
        assert isinstance(data, LabeledScenes)
        if condition == "text alone":
            return np.zeros((len(data.world), len(LABELS)), "float32")
        if condition == "kinds":
            return multi_hot([("kind", obj.kind) for obj in scene.objects] for scene in data.world)
        frames = [language.frames(scene) for scene in data.world]
        if condition == "verbs":
            return multi_hot([("verb", frame.verb) for frame in row] for row in frames)
        labels = multi_hot(map(labels_of_frames, frames))
        return np.roll(labels, 1, axis=0) if condition == "another scene's roles" else labels

    def test_network(self, condition: str, seed: int) -> dict:
        """The figures of a network that was trained under a condition."""
        return self.evaluate(self.mask(self.test, 1), self.labels(self.test, condition, seed, training=False))


def labels_of_frames(frames: Sequence[language.Frame]) -> list[tuple[str, str]]:
    """The labels of a scene's frames: their verbs, and their roles with their fillers."""
    return [label for frame in frames for label in (("verb", frame.verb), *frame.roles)]


def table(results: dict) -> str:
    """The results as lines of text; see `tags.table`."""
    return tags.table(results, CONDITIONS)


def multi_hot(labels: Iterable[Iterable[tuple[str, str]]]) -> np.ndarray:
    """Labels of scenes as numbers: float32 [n, labels], 1 for each of `LABELS` that is given and 0 for the others."""
    rows = [[_COLUMN[label] for label in scene_labels] for scene_labels in labels]
    numbers = np.zeros((len(rows), len(LABELS)), "float32")
    for row, columns in enumerate(rows):
        numbers[row, columns] = 1
    return numbers
