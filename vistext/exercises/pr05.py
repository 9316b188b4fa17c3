"""Project 5, on lesson 05: captions from little data."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from vistext import scenes
from vistext.data.vocabulary import Vocabulary
from vistext.exercises.exercise import exercise
from vistext.scenes import Scene, language

LESSON = "05_descriptions.ipynb#"
TRAINING, HIDDEN = 1000, 300  # pictures
CAPTIONS, TOKENS = 4, 22  # of each training picture; of a caption, with those for its start and its end
FACTS = 4  # that a caption has to state, at least


@cache
def _training() -> tuple[np.ndarray, np.ndarray, Vocabulary]:
    """Pictures uint8 [n, 64, 64, 3], captions as ids int32 [n, CAPTIONS, TOKENS], and the vocabulary."""
    world, rng = scenes.sample(TRAINING, 5, "train"), np.random.default_rng(5)
    texts = [language.describe(scene, "description", rng) for scene in world for _ in range(CAPTIONS)]
    vocabulary = Vocabulary.build(texts)
    ids = vocabulary.encode(texts)[:, :TOKENS]  # what is longer is cut
    return scenes.draw_many(world).pictures, ids.reshape(TRAINING, CAPTIONS, TOKENS), vocabulary


def _draw(rng: np.random.Generator) -> list[dict]:
    pictures, captions, vocabulary = _training()
    hidden = scenes.sample(HIDDEN, int(rng.integers(100, 2**31)), "test")
    given = {"pictures": pictures, "captions": captions, "words": list(vocabulary.words)}
    return [{"given": given, "asked": scenes.draw_many(hidden).pictures, "truth": hidden}]


def words() -> Vocabulary:
    """The words of the training captions."""
    return _training()[2]


def read(outputs: np.ndarray) -> list[str]:
    """The captions that ids [n, TOKENS] stand for."""
    ids = np.asarray(outputs).round()
    return words().decode(np.where((ids >= 0) & (ids < len(words())), ids, 0).astype(int))


def facts(caption: str) -> int:
    """How many facts a caption states; 0 if it is not understood."""
    try:
        stated = language.parse_sentence(caption)
    except language.NotUnderstoodError:
        return 0
    return sum(len(getattr(fact, "facts", ())) or 1 for fact in stated)


def share_true(truth: Sequence[Scene], outputs: np.ndarray, least: int = FACTS) -> float:
    """The share of captions of which all is true, and which state so many facts at least; 0 to 1."""
    captions = zip(read(outputs), truth, strict=True)
    return float(np.mean([facts(text) >= least and bool(language.evaluate(text, scene)) for text, scene in captions]))


def train_captioner(pictures, captions, words):
    """The student's function; the notebook has one that reaches all bars."""
    raise NotImplementedError


CAPTIONER = exercise("pr05-1", "A captioner on a thousand pictures", points=12).network(
    train_captioner,
    score=share_true,
    at_least=(0.05, 0.52, 0.58),
    measure=f"the share of unseen pictures whose caption is wholly true and states at least {FACTS} facts",
    shape=lambda truth: (len(truth), TOKENS),
    expects=f"a captioner that gives of n pictures the ids of captions, [n, {TOKENS}]",
    section=LESSON + "Write-the-captioner",
    seconds=300,
    draw=_draw,
    mistakes={
        "no-sentence": (
            lambda truth, outputs: np.mean([facts(text) == 0 for text in read(outputs)]) > 0.5,
            "Most captions are no sentences. Which token stands at which place, and where does a caption end?",
        ),
        "one-caption": (
            lambda truth, outputs: len(set(read(outputs))) < len(truth) / 40,
            "Nearly all pictures get the same few captions. Does the picture reach the decoder?",
        ),
        "too-few-facts": (
            lambda truth, outputs: share_true(truth, outputs, least=1) > share_true(truth, outputs) + 0.2,
            "Many captions are true and say too little. From which captions did it learn to say so little?",
        ),
        "half-true": (
            lambda truth, outputs: np.mean([facts(text) >= FACTS for text in read(outputs)]) > 0.7,
            "The captions say enough, and too much of it is not true. Look at which word goes wrong first.",
        ),
    },
)
ERRORS = exercise("pr05-2", "Which word goes wrong", points=6).by_hand(LESSON + "Does-it-tell-the-truth?")
ABLATION = exercise("pr05-3", "What each change brings", points=6).by_hand(LESSON + "Train-it")
REPORT = exercise("pr05-4", "A model report", points=6).by_hand(LESSON + "Cells-and-object-queries")

EXERCISES = (CAPTIONER, ERRORS, ABLATION, REPORT)
