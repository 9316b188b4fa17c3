"""easy-VQA: drawn pictures, each of one colored shape, and questions about them with answers of one word.

Victor Zhou's data set of 2019 (https://github.com/vzhou842/easy-VQA, MIT), whole in the package easy-vqa 1.0: 4,000
pictures and 38,575 questions to train with, 1,000 and 9,673 to test with, 13 answers. There are only 107 different
questions, so that much can be answered without the picture: always "yes" is right in 37.3 % of the test split
(`majority_baseline`), and each question's most frequent answer in 67.0 % (`question_only_baseline`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True, eq=False)
class Split:
    """n pictures and m questions about them.

    Attributes:
        pictures: uint8 [n, 64, 64, 3] RGB in [0, 255], read-only.
        questions: m texts, in lower case and with their question mark.
        answers: m words, the right answers.
        picture_of: int32 [m] in [0, n), for each question the row of its picture; read-only.
    """

    pictures: np.ndarray
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    picture_of: np.ndarray


@dataclass(frozen=True, eq=False)
class EasyVQA:
    """Both splits, as the data set has them and in its order, and all 13 answers, in an order that never changes."""

    train: Split
    test: Split
    answers: tuple[str, ...]


def load() -> EasyVQA:
    """The data set's own splits, not shuffled, from its package, in about a second."""
    import easy_vqa

    return EasyVQA(
        _split(easy_vqa.get_train_image_paths(), *easy_vqa.get_train_questions()),
        _split(easy_vqa.get_test_image_paths(), *easy_vqa.get_test_questions()),
        tuple(easy_vqa.get_answers()),
    )


def _split(paths: Mapping[int, str], questions: list[str], answers: list[str], numbers: list[int]) -> Split:
    # Folders list their files in any order, and some systems in another than others.
    in_order = sorted(paths)
    row_of = {number: row for row, number in enumerate(in_order)}
    pictures = np.stack([_picture(paths[number]) for number in in_order])
    return _read_only(pictures, questions, answers, np.array([row_of[number] for number in numbers], np.int32))


def _picture(path: str) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def _read_only(pictures: np.ndarray, questions: Iterable[str], answers: Iterable[str], picture_of: np.ndarray) -> Split:
    pictures.flags.writeable = picture_of.flags.writeable = False
    return Split(pictures, tuple(questions), tuple(answers), picture_of)


def validation(split: Split, share: float, seed: int) -> tuple[Split, Split]:
    """Divide a training split of 2 pictures or more into one to train with and one for validation, both in its order.

    Args:
        split: a picture keeps all its questions.
        share: of the pictures for validation, in (0, 1); at least one picture is on either side.
        seed: decides which.
    """
    count = len(split.pictures)
    if not 0 < share < 1:
        raise ValueError(f"the share is more than 0 and less than 1; given was {share}")
    if count < 2:
        raise ValueError(f"2 or more pictures can be divided; given: {count}")
    held_out = np.zeros(count, bool)
    order = np.random.default_rng(seed).permutation(count)
    held_out[order[: min(max(round(share * count), 1), count - 1)]] = True
    return _subset(split, ~held_out), _subset(split, held_out)


def _subset(split: Split, chosen: np.ndarray) -> Split:
    """The chosen pictures, bool [n], and the questions about them."""
    rows = np.flatnonzero(chosen[split.picture_of])
    row_of = np.cumsum(chosen, dtype=np.int32) - 1
    questions, answers = ([texts[i] for i in rows] for texts in (split.questions, split.answers))
    return _read_only(split.pictures[chosen], questions, answers, row_of[split.picture_of[rows]])


def majority_baseline(train: Split, test: Split) -> float:
    """The accuracy on `test`, in [0, 1], of always giving the most frequent answer of `train`.

    A network that is no better has not used the question. ValueError: one of the splits has no question.
    """
    answer = _most_frequent(train.answers)
    return _accuracy([answer] * len(test.questions), test)


def question_only_baseline(train: Split, test: Split) -> float:
    """The same with the most frequent answer to the same question, or of all where `train` does not have it.

    A network that is no better has not used the picture.
    """
    answers = defaultdict(list)
    for question, answer in zip(train.questions, train.answers, strict=True):
        answers[question].append(answer)
    default = _most_frequent(train.answers)
    return _accuracy([_most_frequent(answers.get(question, [default])) for question in test.questions], test)


def _most_frequent(answers: Iterable[str]) -> str:
    counted = Counter(answers).most_common(1)
    if not counted:
        raise ValueError("no question to count the answers of; accepted: a training split with 1 or more")
    return counted[0][0]


def _accuracy(predicted: list[str], test: Split) -> float:
    if not predicted:
        raise ValueError("no question to be answered; accepted: a test split with 1 or more")
    return float(np.mean([answer == right for answer, right in zip(predicted, test.answers, strict=True)]))
