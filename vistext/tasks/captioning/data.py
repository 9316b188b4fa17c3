"""True sentences about scenes of the training split, in batches: what lesson 05's networks learn from."""

from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate

import numpy as np

from vistext import scenes
from vistext.data.vocabulary import PAD, Vocabulary
from vistext.nn.engine import keras
from vistext.nn.training import Batches
from vistext.scenes import TRAIN_SEED_OFFSET, Box, Scene, SceneObject, language, ontology
from vistext.scenes.scene import depth
from vistext.tasks.captioning import object_queries
from vistext.tasks.captioning.model import LENGTHS, encode_images

VOCABULARY_SCENES = 3000  # scenes of which the vocabulary is made, each described at every length
ENCODING_BATCH = 500  # pictures that an eye looks at together
TRIES = 20  # to find a scene that is nearly another
# So many sentences about each picture, cut after so many words.
TITLES, DESCRIPTIONS, STORIES = ("title", 8, 14), ("description", 6, 21), ("story", 3, 40)


@cache
def vocabulary() -> Vocabulary:
    """The words in which scenes of the training split are described."""
    rng = np.random.default_rng(0)
    seen = scenes.sample(VOCABULARY_SCENES, TRAIN_SEED_OFFSET - 1, "train")
    return Vocabulary.build(language.describe(scene, length, rng) for scene in seen for length in LENGTHS)


def truncate(ids: np.ndarray, most: int) -> np.ndarray:
    """Sentences cut after `most` numbers and without columns that are padding only: [n, t] → [n, at most `most`]."""
    used = np.flatnonzero((ids != PAD).any(axis=0))
    return ids[:, : min(most, used[-1] + 1)]


def sample_crowded(count: int, crowded: float, seed: int, twins: float = 0.0) -> list[Scene]:
    """Scenes of the training split, of which shares, at least about so large, show several objects, and two of a kind.

    Where there are two of a kind it is hardest to say which is which. As they come, a third of all scenes has some.
    """
    found = scenes.sample(2 * count, seed, "train")
    same = [index for index, scene in enumerate(found) if len({obj.kind for obj in scene.objects}) < len(scene.objects)]
    chosen = set(same[: round(twins * count)])
    several = round(crowded * count) - len(chosen)
    rest = [scene for index, scene in enumerate(found) if index not in chosen]
    rest.sort(key=lambda scene: len(scene.objects) == 1)
    return [found[index] for index in sorted(chosen)] + rest[:several] + rest[len(found) + several - count :]


def perturb(scene: Scene, rng: np.random.Generator) -> Scene:
    """A scene of the same split that differs from this one in a trait of one object, or is seen in a mirror."""
    for trait in rng.permutation(("mirror", *object_queries.TRAITS)):
        for _ in range(TRIES):
            objects = list(scene.objects)
            try:
                if trait == "mirror":
                    objects = [replace(obj, box=replace(obj.box, x=1 - obj.box.right)) for obj in objects]
                else:
                    index = rng.integers(len(objects))
                    objects[index] = _changed(objects[index], trait, str(rng.choice(object_queries.TRAITS[trait])))
                other = replace(scene, objects=tuple(sorted(objects, key=depth)))
            except ValueError:  # it makes no sense, or has no room
                continue
            if other.split == scene.split:
                return other
    raise AssertionError


def _changed(obj: SceneObject, trait: str, value: str) -> SceneObject:
    """The object with another value of a trait, at the same place.

    Raises:
        ValueError: it has that value, or does not go with it.
    """
    words = {"kind": obj.kind, "size": obj.size, "posture": obj.posture} | {trait: value}
    if value == getattr(obj, trait) or words["posture"] not in ontology.POSTURES.get(words["kind"], ()):
        raise ValueError(f"a {words['kind']} that is {words['posture']}, with {trait} {value}")
    scale = np.mean(ontology.SCALES[words["size"]])
    width, height = (extent * scale / 64 for extent in ontology.EXTENT[words["kind"]][words["posture"]])
    lift = ontology.LEAP * height if words["posture"] == "jumping" else 0
    lift += ontology.TABLE_HEIGHT / 64 if obj.place == "table" else 0
    left = min(max(0, obj.box.middle - width / 2), 1 - width)
    return replace(obj, **words, box=Box(left, obj.ground - lift - height, width, height))


@dataclass(eq=False)
class CaptionBatches(Batches):
    """Batches of scenes, each new, and true sentences about them; each batch depends on its number and the seed.

    Args:
        turns: length, sentences about each picture, and words after which they are cut: of one batch after another.
        crowded: share of the pictures, at least, that show several objects.
        twins: share of them, at least, that show two of a kind.
        batch_size: pictures in a batch.
        seed: of the training.
    """

    turns: tuple
    crowded: float = 0.0
    twins: float = 0.0
    batch_size: int = 64
    seed: int = 0

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`: pictures uint8 [n, 64, 64, 3], ids int32 [n, s, t] and lengths int32 [n, s];
        and the words that come next, int32 [n, s, t].
        """
        turn, seed = self.turns[step % len(self.turns)], TRAIN_SEED_OFFSET * (self.seed + 1) + step
        seen = sample_crowded(self.batch_size, self.crowded, seed, self.twins)
        inputs, following = _batch(scenes.draw_many(seen).pictures, seen, turn, np.random.default_rng(seed))
        return inputs, following[..., 0]


@dataclass(eq=False)
class CachedCaptionBatches(Batches):
    """As `Told`, but of scenes that come up again and again, each told of anew, and as an eye has seen them.

    Args:
        turns: as for `Told`.
        scenes: to choose from.
        grids: what an eye that no longer learns sees in them, as `look` gives it.
        batch_size: pictures in a batch.
        seed: of the training.
    """

    turns: tuple
    scenes: list[Scene]
    grids: np.ndarray
    batch_size: int = 32
    seed: int = 0

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`: as `Told` gives it, but grids float32 [n, 64, c] in place of pictures; and with each
        word that comes next, of which object was spoken last, and of which will be next: int32 [n, s, t, 3]. Objects
        are counted from 1, from the left to the right; 0 is none.
        """
        rng = np.random.default_rng((self.seed, step))
        chosen = rng.integers(0, len(self.scenes), self.batch_size)
        seen = [self.scenes[index] for index in chosen]
        return _batch(self.grids[chosen].astype("float32"), seen, self.turns[step % len(self.turns)], rng)


def referents(about: list[int | None], order: list[int], places: int) -> np.ndarray:
    """Of which object was spoken last, and of which will be next, at each place of a sentence.

    Args:
        about: of which object each token speaks, as `language.describe_grounded` gives it.
        order: the objects from the left to the right, see `finding.ordered`.
        places: how many there are; before the first token, before the second, and so on.

    Returns:
        int32 [places, 2]: objects counted from 1, from the left to the right; 0 is none.
    """
    numbers = {None: 0} | {index: number for number, index in enumerate(order, 1)}
    said = [numbers[index] for index in about[:places]] + [0] * (places - len(about))
    return np.stack([_carried([0, *said])[:places], _carried(said[::-1])[::-1]], axis=-1).astype("int32")


def _carried(numbers: list[int]) -> list[int]:
    """Each number in place of the zeros that follow it."""
    return list(accumulate(numbers, lambda kept, new: new or kept))


def _batch(shown: np.ndarray, seen: list[Scene], turn: tuple, rng: np.random.Generator) -> tuple:
    """What is shown, ids and lengths; and what follows, as `Retold` gives it."""
    length, count, most = turn
    told = [(scene, *language.describe_grounded(scene, length, rng)) for scene in seen for _ in range(count)]
    ids = truncate(vocabulary().encode(text for _, text, _ in told), most + 1)
    places = ids.shape[1] - 1
    spoken_of = [referents(about, object_queries.left_to_right(scene), places) for scene, _, about in told]
    following = np.concatenate([ids[:, 1:, np.newaxis], spoken_of], axis=-1, dtype=np.int32)
    lengths = np.full((len(seen), count), LENGTHS.index(length), np.int32)
    words = ids[:, :-1].reshape(len(seen), count, places)
    return (shown, words, lengths), following.reshape(len(seen), count, places, 3)


def encode_scenes(image_encoder: keras.Model, seen: list[Scene]) -> np.ndarray:
    """What an eye sees in scenes: float16 [n, 64, c], which takes 20 kB for each of 160 channels."""
    parts = [seen[first : first + ENCODING_BATCH] for first in range(0, len(seen), ENCODING_BATCH)]
    return np.concatenate(
        [encode_images(image_encoder, scenes.draw_many(part).pictures).astype("float16") for part in parts]
    )
