"""Captions of scenes of the training split, in batches: what lesson 05's networks are trained on."""

from dataclasses import dataclass
from functools import cache, partial
from itertools import accumulate

import numpy as np

from vistext import scenes
from vistext.data.vocabulary import Vocabulary
from vistext.nn.engine import keras
from vistext.nn.training import Batches
from vistext.scenes import TRAIN_SEED_OFFSET, Scene, language
from vistext.tasks.captioning import object_queries
from vistext.tasks.captioning.model import LENGTHS, encode_images

VOCABULARY_SCENES = 3000  # scenes of which the vocabulary is made, each described at every length
ENCODING_BATCH = 500  # pictures that are drawn and encoded together
# Length, captions of each picture, and tokens after which these are cut.
TITLES, DESCRIPTIONS, STORIES = ("title", 8, 14), ("description", 6, 21), ("story", 3, 40)


@cache
def vocabulary() -> Vocabulary:
    """The words in which scenes of the training split are described."""
    rng = np.random.default_rng(0)
    pool = scenes.sample(VOCABULARY_SCENES, TRAIN_SEED_OFFSET - 1, "train")
    return Vocabulary.build(language.describe(scene, length, rng) for scene in pool for length in LENGTHS)


def sample_crowded(count: int, crowded: float, seed: int, twins: float = 0.0) -> list[Scene]:
    """Scenes of the training split, at least a share of them with several objects, and a share with two of a kind.

    Where there are two of a kind it is hardest to tell which is which. Of scenes as they come, a third has such.
    """
    pool = scenes.sample(2 * count, seed, "train")
    same = [index for index, scene in enumerate(pool) if len({obj.kind for obj in scene.objects}) < len(scene.objects)]
    chosen = set(same[: round(twins * count)])
    several = round(crowded * count) - len(chosen)
    rest = [scene for index, scene in enumerate(pool) if index not in chosen]
    rest.sort(key=lambda scene: len(scene.objects) == 1)
    return [pool[index] for index in sorted(chosen)] + rest[:several] + rest[len(pool) + several - count :]


@dataclass(eq=False)
class CachedCaptionBatches(Batches):
    """Batches of encoded scenes that come up again and again, with new captions each time.

    Each batch depends on its number and the seed alone.
    """

    turns: tuple  # of one batch after another: length, captions of each picture, and tokens after which these are cut
    scenes: list[Scene]  # to choose from
    grids: np.ndarray  # these, as `encode_scenes` gives them
    batch_size: int = 32
    seed: int = 0

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`: (grids float32 [n, 64, c], ids, lengths), and int32 [n, s, t, 3]: the next token,
        and the previous and the next referent, see `referents`.
        """
        rng = np.random.default_rng((self.seed, step))
        rows = rng.integers(0, len(self.scenes), self.batch_size)
        chosen = [self.scenes[row] for row in rows]
        return describe_batch(self.grids[rows].astype("float32"), chosen, self.turns[step % len(self.turns)], rng)


def referents(token_objects: list[int | None], order: list[int], places: int) -> np.ndarray:
    """The objects that were mentioned last and that are mentioned next, before each of `places` tokens of a sentence.

    `token_objects` is what `language.describe_grounded` gives, and `order` what `object_queries.left_to_right` gives;
    the result is int32 [places, 2]: objects counted from 1, from left to right; 0 for none.
    """
    numbers = {None: 0} | {index: number for number, index in enumerate(order, 1)}
    mentioned = [numbers[index] for index in token_objects[:places]] + [0] * (places - len(token_objects))
    # In place of each 0, the number before it; and read backwards, the one after it.
    fill = partial(accumulate, func=lambda last, number: number or last)
    previous, following = list(fill([0, *mentioned]))[:places], list(fill(mentioned[::-1]))[::-1]
    return np.stack([previous, following], axis=-1).astype("int32")


def describe_batch(inputs: np.ndarray, chosen: list[Scene], turn: tuple, rng: np.random.Generator) -> tuple:
    """Inputs and targets as of `CachedCaptionBatches`, given pictures or grids, and the scenes that they show."""
    length, count, max_length = turn
    captions = [(scene, *language.describe_grounded(scene, length, rng)) for scene in chosen for _ in range(count)]
    ids = vocabulary().encode(text for _, text, _ in captions)[:, : max_length + 1]  # (n · s, t + 1)
    places = ids.shape[1] - 1
    referred = [referents(about, object_queries.left_to_right(scene), places) for scene, _, about in captions]
    targets = np.concatenate([ids[:, 1:, np.newaxis], referred], axis=-1, dtype=np.int32)  # (n · s, t, 3)
    lengths = np.full((len(chosen), count), LENGTHS.index(length), np.int32)
    words = ids[:, :-1].reshape(len(chosen), count, places)
    return (inputs, words, lengths), targets.reshape(len(chosen), count, places, 3)


def encode_scenes(image_encoder: keras.Model, chosen: list[Scene]) -> np.ndarray:
    """Scenes, drawn and encoded: float16 [n, 64, c], which takes 20 kB for each of 160 channels."""
    parts = [chosen[first : first + ENCODING_BATCH] for first in range(0, len(chosen), ENCODING_BATCH)]
    return np.concatenate(
        [encode_images(image_encoder, scenes.draw_many(part).pictures).astype("float16") for part in parts]
    )
