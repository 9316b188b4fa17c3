"""Training pictures that are mirrored, shifted, partly covered and scaled, reproducibly."""

from dataclasses import dataclass

import numpy as np

from vistext.nn.engine import tf
from vistext.nn.training import Batches


@dataclass(eq=False)
class AugmentedBatches(Batches):
    """Training batches of labeled pictures; if asked to, mirrored on alternate epochs, shifted, and small at first.

    Each batch depends on its number and the seed alone, so a training that is resumed gets the batches that it would
    have had.

    Args:
        pictures: uint8 [n, side, side, 3].
        labels: [n, ...], as the model's loss takes them.
        batch_size: pictures in a batch, 1 to n.
        mirror: whether each picture comes in turn as it is and mirrored.
        shift: by at most so many pixels in each direction, the border being filled by reflection.
        cutout: side of a square at a random place that is painted gray (DeVries and Taylor 2017); 0 for none.
        sides: (side, until) pairs: pictures are scaled to `side` pixels until that share of the training is done.
            Early on, small pictures teach as much in a fraction of the time.
        seed: of order, flips and shifts.

    Raises:
        ValueError: no batch of that size can be drawn, or `sides` says nothing of the end.
    """

    pictures: np.ndarray
    labels: np.ndarray
    batch_size: int = 500
    mirror: bool = False
    shift: int = 0
    cutout: int = 0
    sides: tuple[tuple[int, float], ...] = ((32, 1.0),)
    seed: int = 0

    def __post_init__(self):
        super().__post_init__()
        if not 1 <= self.batch_size <= len(self.pictures):
            raise ValueError(
                f"batch_size={self.batch_size}; accepted: 1 to {len(self.pictures)}, the number of pictures"
            )
        if all(until < 1 for _, until in self.sides):
            raise ValueError(f"sides={self.sides}; accepted: pairs of which the last has until 1.0 or more")

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in one pass over the pictures."""
        return len(self.pictures) // self.batch_size

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        epoch, position = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.pictures))
        chosen = np.sort(order[position * self.batch_size : (position + 1) * self.batch_size])
        pictures = self.pictures[chosen]
        if self.mirror:  # in turn rather than at random, so that two epochs show both views (Jordan 2024, section 3.6)
            at_first = np.random.default_rng(self.seed).random(len(self.pictures)) < 0.5
            now = at_first[chosen] ^ bool(epoch % 2)
            pictures = np.where(now[:, None, None, None], pictures[:, :, ::-1], pictures)
        random = np.random.default_rng((self.seed, epoch, position))
        pictures = _cut_out(_shifted(pictures, self.shift, random), self.cutout, random)
        side = next(side for side, until in self.sides if self.progress < until or until >= 1)
        return _scaled(pictures, side), self.labels[chosen]


def _shifted(pictures: np.ndarray, most: int, random: np.random.Generator) -> np.ndarray:
    """Each of uint8 [n, h, w, 3] moved by its own whole number of pixels, -most to most, both ways."""
    if most == 0:
        return pictures
    n, height, width, _ = pictures.shape
    padded = np.pad(pictures, ((0, 0), (most, most), (most, most), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
    down, right = random.integers(0, 2 * most + 1, (2, n))
    return np.ascontiguousarray(windows[np.arange(n), down, right].transpose(0, 2, 3, 1))


def _cut_out(pictures: np.ndarray, side: int, random: np.random.Generator) -> np.ndarray:
    """Each of uint8 [n, h, w, 3] with a gray square at its own random place, partly outside at the borders."""
    if side == 0:
        return pictures
    n, height, width, _ = pictures.shape
    top = random.integers(-side + 1, height, (n, 1, 1))
    left = random.integers(-side + 1, width, (n, 1, 1))
    row, column = np.arange(height)[:, np.newaxis], np.arange(width)
    inside = (row >= top) & (row < top + side) & (column >= left) & (column < left + side)  # (n, h, w)
    return np.where(inside[..., np.newaxis], np.uint8(128), pictures)


def _scaled(pictures: np.ndarray, side: int) -> np.ndarray:
    """uint8 [n, h, w, 3] → uint8 [n, side, side, 3], without aliasing."""
    if pictures.shape[1] == side:
        return pictures
    small = tf.image.resize(pictures, (side, side), method="area").numpy()  # a tenth of the time of other methods
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)
