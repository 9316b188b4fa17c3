"""Project 8, on lesson 08: an answer that neither the text nor the picture has alone."""

from functools import cache

import numpy as np

from vistext import scenes
from vistext.data.vocabulary import Vocabulary
from vistext.exercises.exercise import exercise
from vistext.scenes.language.puzzles import MOODS, puzzles

LESSON = "08_fusion.ipynb#"
SCENES, TRAINING, HIDDEN = 600, 3000, 400  # scenes to train on, puzzles about them, and puzzles that are hidden
TOKENS = 14  # of a text, with those for its start and its end


@cache
def _training() -> tuple[dict, Vocabulary]:
    """What the student's function is given, and the vocabulary of its texts."""
    world = scenes.sample(SCENES, 8, "train")
    found = puzzles("mood", world, TRAINING, np.random.default_rng(8))
    vocabulary = Vocabulary.build(puzzle.text for puzzle in found)
    given = {
        "pictures": scenes.draw_many(world).pictures,
        "texts": vocabulary.encode([puzzle.text for puzzle in found], TOKENS),
        "rows": np.array([puzzle.scene for puzzle in found]),
        "pleased": np.array([puzzle.answer == MOODS[0] for puzzle in found], np.int32),
        "words": list(vocabulary.words),
    }
    return given, vocabulary


def _draw(rng: np.random.Generator) -> list[dict]:
    given, vocabulary = _training()
    world = scenes.sample(2 * HIDDEN, int(rng.integers(100, 2**31)), "test")
    found = puzzles("mood", world, HIDDEN, rng)
    order = rng.permutation(HIDDEN)  # both of a pair side by side would tell of one another
    rows = np.array([puzzle.scene for puzzle in found])[order]
    texts = vocabulary.encode([puzzle.text for puzzle in found], TOKENS)[order]
    pleased = np.array([puzzle.answer == MOODS[0] for puzzle in found])[order]
    asked = {"pictures": scenes.draw_many([world[row] for row in rows]).pictures, "texts": texts}
    return [{"given": given, "asked": asked, "truth": {"pleased": pleased, "pairs": order // 2}}]


def accuracy(truth: dict, outputs: np.ndarray) -> float:
    """The share of puzzles that are answered right, by probabilities [n] that the author is pleased; 0 to 1."""
    return float(np.mean((np.asarray(outputs) > 0.5) == truth["pleased"]))


def _is_text_only(truth: dict, outputs: np.ndarray) -> bool:
    """Whether both puzzles of nearly every pair, which have the same text, get the same probability."""
    pairs = np.asarray(outputs)[np.argsort(truth["pairs"], kind="stable")].reshape(-1, 2)
    return bool(np.isclose(pairs[:, 0], pairs[:, 1], atol=1e-4).mean() > 0.9)


def train_classifier(pictures, texts, rows, pleased, words):
    """The student's function; the notebook has one that reaches all bars."""
    raise NotImplementedError


CLASSIFIER = exercise("pr08-1", "Pleased, or disappointed?", points=12).network(
    train_classifier,
    score=accuracy,
    at_least=(0.6, 0.8, 0.88),
    measure="the share of unseen puzzles that are answered right",
    shape=lambda truth: (len(truth["pleased"]),),
    expects="a network that gives of n puzzles n probabilities that the author is pleased",
    section=LESSON + "Attention-fusion",
    seconds=300,
    draw=_draw,
    mistakes={
        "text-only": (
            _is_text_only,
            "Two pictures with the same text get the same answer. Does the picture reach the answer at all?",
        ),
        "opposite": (
            lambda truth, outputs: accuracy(truth, outputs) < 0.4,
            "The opposite would mostly be right. Which of the two moods is 1?",
        ),
        "not-probabilities": (
            lambda truth, outputs: np.min(outputs) < 0 or np.max(outputs) > 1,
            "Probabilities are asked for, and some outputs lie outside 0 to 1. Are they logits?",
        ),
        "no-fusion": (
            lambda truth, outputs: accuracy(truth, outputs) < 0.58,
            "It is hardly better than a coin. Where do text and picture meet? What could a sum of both never learn?",
        ),
    },
)
ERRORS = exercise("pr08-2", "What does it use?", points=6).by_hand(LESSON + "5.-What-does-the-network-use?")
ABLATION = exercise("pr08-3", "What each change brings", points=6).by_hand(LESSON + "4.-All-fusions,-all-tasks")
REPORT = exercise("pr08-4", "A model report", points=6).by_hand(LESSON + "1.-Texts-that-need-a-picture")

EXERCISES = (CLASSIFIER, ERRORS, ABLATION, REPORT)
