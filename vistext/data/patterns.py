"""Tiny noisy gray pictures of a few patterns, on which a classifier is trained in a moment."""

import numpy as np


def shapes(count: int, seed: int | np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Horizontal bars (class 0), vertical bars (1) and frames (2); a linear classifier can learn them.

    Returns:
        Pictures, uint8 [count, 8, 8], and their classes, int [count], of which there are equally many.
    """
    rng = np.random.default_rng(seed)
    labels, drawn = rng.permutation(np.arange(count) % 3), np.zeros((count, 8, 8))
    for shape, label, at in zip(drawn, labels, rng.integers(2, 5, count), strict=True):
        if label == 2:
            shape[1:7, 1:7] = 1
            shape[2:6, 2:6] = 0
        else:
            (shape if label == 0 else shape.T)[at : at + 2, 1:7] = 1
    contrast = rng.uniform(60, 160, (count, 1, 1))
    return _to_bytes(60 + contrast * drawn + rng.normal(0, 60, drawn.shape)), labels


def textures(count: int, seed: int | np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Horizontal stripes (class 0), vertical stripes (1) and checkerboards (2), each half of them as negatives.

    So the mean picture is the same for all classes, and no linear classifier is better than guessing.

    Returns:
        Pictures, uint8 [count, 6, 6], and their classes, int [count], of which there are equally many.
    """
    rng, (rows, columns) = np.random.default_rng(seed), np.mgrid[:6, :6]
    order = rng.permutation(count)
    labels, negative = order % 3, order // 3 % 2
    stripes = (np.stack([rows, columns, rows + columns])[labels] + negative[:, None, None]) % 2  # 0 or 1
    contrast = rng.uniform(30, 90, (count, 1, 1))
    return _to_bytes(128 + contrast * (2 * stripes - 1) + rng.normal(0, 50, stripes.shape)), labels


def _to_bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0, 255).astype(np.uint8)
