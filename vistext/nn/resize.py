"""Letterboxing: pictures of any size for networks of one size, and positions scaled back."""

import numpy as np

from vistext.nn.engine import tf

GRAY = 128


def check_images(pictures) -> np.ndarray:
    """The pictures as an array; TypeError or ValueError if they are not uint8 [n, h, w, 3]."""
    pictures = np.asarray(pictures)
    if pictures.dtype != np.uint8:
        raise TypeError(f"pictures are of type {pictures.dtype}; accepted: uint8, 0 to 255, as they are read and drawn")
    if pictures.ndim != 4 or pictures.shape[-1] != 3 or 0 in pictures.shape:
        advice = "accepted: [n, h, w, 3], none of them 0. Of a single picture, give picture[None]"
        raise ValueError(f"pictures have shape {pictures.shape}; {advice}")
    return pictures


def letterbox(pictures: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """Pictures uint8 [n, h, w, 3] scaled to fit [n, side, side, 3], with gray at the right or the bottom.

    With the factor by which lengths have grown; TypeError and ValueError are those of `check_images`.
    """
    height, width = check_images(pictures).shape[1:3]
    if height == width == side:
        return pictures, 1.0
    factor = side / max(height, width)
    rows, columns = (max(1, round(length * factor)) for length in (height, width))
    scaled = tf.image.resize(pictures, (rows, columns), antialias=True).numpy()  # float32
    squares = np.full((len(pictures), side, side, 3), GRAY, np.uint8)
    squares[:, :rows, :columns] = np.clip(np.rint(scaled), 0, 255)
    return squares, factor


def unletterbox(length: int, factor: float, side: int) -> np.ndarray:
    """For each pixel along a side of the pictures, the nearest one along the square's: int [length]."""
    return np.minimum(((np.arange(length) + 0.5) * factor).astype(int), side - 1)
