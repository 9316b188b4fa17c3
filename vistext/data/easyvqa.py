"""easy-VQA: drawn pictures, each of one colored shape, and questions about them with answers of one word.

Victor Zhou's data set of 2019 (https://github.com/vzhou842/easy-VQA, MIT), whole in the package easy-vqa 1.0: 4,000
pictures and 38,575 questions to train with, 1,000 and 9,673 to test with, 13 answers. The questions are 107, asked
again and again, so that much can be answered without a look at the picture: `always` and `by_question` say how much.
Always "yes" is right in 37.3 % of the test split, and each question's most frequent answer in 67.0 %.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

NO_EASY_VQA = """easy-VQA is in the package easy-vqa, which is not installed. Install it with
    pip install easy-vqa      (3 MB)"""


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
    """easy-VQA from the package that carries it, in about a second; nothing is downloaded or kept.

    Returns:
        The data set's own splits, not shuffled: pictures and questions in the order of the pictures' numbers.

    Raises:
        ModuleNotFoundError: easy-vqa is not installed.
    """
    try:
        import easy_vqa
    except ModuleNotFoundError as error:
        if error.name != "easy_vqa":
            raise
        raise ModuleNotFoundError(NO_EASY_VQA, name="easy_vqa") from None
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
    """Set some pictures aside with all their questions, to choose by, so that no choice is made on the test split.

    Args:
        split: the training split, of 2 pictures or more.
        share: what part of the pictures is set aside, in (0, 1); at least one picture is on either side.
        seed: decides which.

    Returns:
        What is left to train with, and what was set aside; both in the order of `split`, with no picture in both.

    Raises:
        ValueError: `share` is not between 0 and 1, or there are fewer than 2 pictures.
    """
    count = len(split.pictures)
    if not 0 < share < 1:
        raise ValueError(f"the share is more than 0 and less than 1; given was {share}")
    if count < 2:
        raise ValueError(f"2 or more pictures can be divided; given: {count}")
    aside = np.zeros(count, bool)
    chosen = np.random.default_rng(seed).permutation(count)
    aside[chosen[: min(max(round(share * count), 1), count - 1)]] = True
    return _part(split, ~aside), _part(split, aside)


def _part(split: Split, wanted: np.ndarray) -> Split:
    """The pictures that are wanted, bool [n], and the questions about them."""
    asked = np.flatnonzero(wanted[split.picture_of])
    row_of = np.cumsum(wanted, dtype=np.int32) - 1
    return _read_only(
        split.pictures[wanted],
        (split.questions[i] for i in asked),
        (split.answers[i] for i in asked),
        row_of[split.picture_of[asked]],
    )


def majority_baseline(train: Split, test: Split) -> float:
    """How often the answer that is most frequent in training is right: what a network has to beat to have read at all.

    Args:
        train: where answers are counted; of equally frequent ones the first counts.
        test: where the answer is given.

    Returns:
        Share of the questions of `test`, in [0, 1].

    Raises:
        ValueError: one of the splits has no question.
    """
    answer = _most_frequent(train.answers)
    return _share_right([answer] * len(test.questions), test)


def question_only_baseline(train: Split, test: Split) -> float:
    """How often a question is answered rightly by its words alone: what a network has to beat to have looked.

    The answer is the one that the same question, word for word, has most often in training; to a question that is not
    asked there, it is the most frequent answer of all.

    Args:
        train: where answers are counted; of equally frequent ones the first counts.
        test: where the answers are given.

    Returns:
        Share of the questions of `test`, in [0, 1].

    Raises:
        ValueError: one of the splits has no question.
    """
    heard = defaultdict(list)
    for question, answer in zip(train.questions, train.answers, strict=True):
        heard[question].append(answer)
    answer_to = {question: _most_frequent(answers) for question, answers in heard.items()}
    otherwise = _most_frequent(train.answers)
    return _share_right([answer_to.get(question, otherwise) for question in test.questions], test)


def _most_frequent(answers: Iterable[str]) -> str:
    counted = Counter(answers).most_common(1)
    if not counted:
        raise ValueError("no question to count the answers of; accepted: a training split with 1 or more")
    return counted[0][0]


def _share_right(given: list[str], test: Split) -> float:
    if not given:
        raise ValueError("no question to be answered; accepted: a test split with 1 or more")
    return float(np.mean([said == right for said, right in zip(given, test.answers, strict=True)]))
