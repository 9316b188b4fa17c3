"""What several problem sets compute and draw alike."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def log_softmax(logits: np.ndarray, axis: int | None = -1) -> np.ndarray:
    """Logarithms of the probabilities along an axis; along all of them for None."""
    shifted = logits - logits.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def shuffled(rng: np.random.Generator, items: Sequence[Item]) -> list[Item]:
    """The items in another order; `rng.permutation` would make an array of them."""
    return [items[place] for place in rng.permutation(len(items))]
