"""How good captions are: whether they are true, how much like references, and how much they vary.

No one of these metrics is enough: lesson 05 shows them side by side.
"""

from collections.abc import Sequence
from itertools import islice, zip_longest
from typing import NamedTuple

import numpy as np

from vistext.data.vocabulary import tokenize
from vistext.scenes import Scene, language
from vistext.scenes.language import NotUnderstoodError
from vistext.scenes.language.facts import wrong_fact

NO_CIDER = (
    "CIDEr-D is counted by pycocoevalcap (100 MB), which is not installed. Install it with: pip install pycocoevalcap"
)


class FactualAccuracy(NamedTuple):
    """The facts that n captions state, checked against their scenes; the shares below are 0 to 1."""

    true: np.ndarray  # bool [n]: all that the caption states is correct
    readable: np.ndarray  # bool [n]: the grammar can parse it
    stated: np.ndarray  # int [n]: facts that it states, 1 or more
    correct: np.ndarray  # int [n]: facts of these that are correct, together

    @property
    def factual_accuracy(self) -> float:
        return float(self.true.mean())

    @property
    def readable_rate(self) -> float:
        return float(self.readable.mean())

    @property
    def fact_precision(self) -> float:
        return float(self.correct.sum() / self.stated.sum())


def fact_check(captions: Sequence[str], scenes: Sequence[Scene]) -> FactualAccuracy:
    """Parse captions, and check what they state.

    Of what a false caption states, wrong facts are struck out one after the other, those to blame first
    (`facts.wrong_fact`), until what is left is correct: "A dog is sitting on the floor.", of a cat that does, is two
    thirds correct. What is struck out is rarely more than must be: over true captions of other scenes, 1 % more.

    What cannot be parsed counts as one fact that is wrong.

    Args:
        captions: n texts, 1 or more; titles, descriptions or stories.
        scenes: n, one for each caption.
    """
    _check_as_many(captions, "scenes", scenes)
    rows = [_count_facts(caption, scene) for caption, scene in zip(captions, scenes, strict=True)]
    readable, stated, correct = (np.array(column) for column in zip(*rows, strict=True))
    return FactualAccuracy(stated == correct, readable, stated, correct)


def _count_facts(caption: str, scene: Scene) -> tuple[bool, int, int]:
    try:
        stated = language.parse_sentence(caption)
    except NotUnderstoodError:
        return False, 1, 0
    correct = list(stated)
    while (wrong := wrong_fact(correct, scene)) is not None:
        correct.remove(wrong)
    return True, len(stated), len(correct)


def bleu(captions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """The share of words, and of runs of two, three and four words, that also occur in references of the picture.

    BLEU-4 of Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation", as sacrebleu
    counts it (Post 2018, arXiv:1804.08771): over all captions at once, in lower case, cut into words and marks by its
    tokenizer "13a", too short a text marked down by the closest references. Its smoothing ("exp") is met only where no
    run of some length is found at all.

    Args:
        captions: one of each of n pictures, 1 or more.
        references: for each picture, one or more captions that are right.

    Returns:
        0 to 1.
    """
    _check_references(captions, references)
    from sacrebleu import BLEU

    # The first references of all pictures, the second ones, ...; None where a picture has no more.
    return BLEU(lowercase=True).corpus_score(list(captions), list(zip_longest(*references))).score / 100


def cider_d(captions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """How much captions are like the references of their picture, above all in words that are rare elsewhere.

    CIDEr-D of Vedantam et al. 2015, "CIDEr: Consensus-based Image Description Evaluation", arXiv:1411.5726, as
    pycocoevalcap counts it. Words are those of `vocabulary.tokenize` without marks, as COCO's own tokenizer (in Java)
    leaves them out. How rare a run of words is, is counted in these references: other pictures give other numbers.

    Args:
        captions: one of each of n pictures, 2 or more: of a single one, nothing is rare.
        references: for each picture, one or more captions that are right.

    Returns:
        0 to 10, the scale on which it is always given: 10 if every caption is exactly its only reference. The more the
        references differ from each other, the lower is the best that can be reached.
    """
    _check_references(captions, references)
    if len(captions) < 2:
        raise ValueError("1 sentence; accepted: 2 or more, about different pictures, or no word is rare")
    try:
        from pycocoevalcap.cider.cider import Cider
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "pycocoevalcap":
            raise
        raise ModuleNotFoundError(NO_CIDER, name="pycocoevalcap") from None
    score, _ = Cider().compute_score(
        {picture: [_without_marks(text) for text in texts] for picture, texts in enumerate(references)},
        {picture: [_without_marks(text)] for picture, text in enumerate(captions)},
    )
    return float(score)


def distinct_n(captions: Sequence[str], n: int) -> float:
    """Different runs of n words, per word of the captions: distinct-n.

    Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models", arXiv:1510.03055,
    section 5. 0 to 1, and 0 if there are no words; marks count as words. The more captions, the lower: compare sets of
    the same size.
    """
    if n < 1:
        raise ValueError(f"n={n}; accepted: 1 or more words")
    texts = [tokenize(caption) for caption in captions]
    runs = {tuple(tokens[begin : begin + n]) for tokens in texts for begin in range(len(tokens) - n + 1)}
    return len(runs) / max(1, sum(map(len, texts)))


def self_bleu(groups: Sequence[Sequence[str]]) -> float:
    """How alike the captions of one picture are: the BLEU-4 of each against the others.

    Zhu et al. 2018, "Texygen: A Benchmarking Platform for Text Generation Models", arXiv:1802.01886, section 3; here
    among the captions of each picture. Counted by sacrebleu as in `bleu`, but caption by caption, and for those of less
    than four words with the runs that they have.

    Args:
        groups: for each of n pictures, 1 or more, two captions or more. Of more captions, each is more like one of the
            others: compare groups of the same size.

    Returns:
        0 (no two have anything in common) to 1 (all are the same); the mean over captions, then over pictures.
    """
    if not len(groups) or min(map(len, groups)) < 2:
        smallest = min(map(len, groups), default=0)
        raise ValueError(
            f"{len(groups)} groups, the smallest of {smallest} sentences; accepted: 1 or more groups, of 2 sentences "
            "or more"
        )
    return float(np.mean([_self_bleu(group) for group in groups]))


def _self_bleu(group: Sequence[str]) -> float:
    from sacrebleu import BLEU

    metric = BLEU(lowercase=True, effective_order=True)
    scores = [metric.sentence_score(text, [*group[:i], *group[i + 1 :]]).score for i, text in enumerate(group)]
    return float(np.mean(scores)) / 100


def distinct_true(draws: Sequence[Sequence[str]], scenes: Sequence[Scene]) -> np.ndarray:
    """The number of true captions, of those drawn for each scene's picture, that differ in words or marks: int [n]."""
    _check_as_many(draws, "scenes", scenes)
    different = [{tuple(tokenize(caption)): caption for caption in drawn}.values() for drawn in draws]
    pairs = zip(different, scenes, strict=True)
    return np.array([sum(bool(language.evaluate(text, scene)) for text in texts) for texts, scene in pairs])


class Coverage(NamedTuple):
    """The shares of all true descriptions of n pictures that were drawn."""

    shares: np.ndarray  # float [n], 0 to 1; nan where there are more descriptions than were listed

    @property
    def counted(self) -> int:
        """The number of pictures of which all descriptions were listed."""
        return int(np.isfinite(self.shares).sum())

    @property
    def mean(self) -> float:
        """The mean over these pictures; nan if there are none."""
        return float(np.nanmean(self.shares)) if self.counted else float("nan")


def coverage(draws: Sequence[Sequence[str]], scenes: Sequence[Scene], length: str, most: int = 3000) -> Coverage:
    """The share of all true descriptions of a picture that are among its captions.

    All are those of `language.descriptions`: 100 titles or 1000 descriptions where there is a single object, and of
    several objects soon a hundred thousand. So pictures with more than `most` are left out, not guessed at: with the
    default, nearly all with two objects or more. Listing takes about 0.2 ms a sentence.

    Args:
        draws: for each of n pictures, 1 or more, its captions.
        scenes: n, what the pictures show.
        length: "title", "description" or "story"; see `language.descriptions`.
        most: descriptions that are listed at most, 1 or more.

    Returns:
        The share for each picture. Of k draws it is at most k by the number of descriptions.
    """
    _check_as_many(draws, "scenes", scenes)
    if most < 1:
        raise ValueError(f"most={most}; accepted: 1 description or more")
    pairs = zip(draws, scenes, strict=True)
    return Coverage(np.array([_covered(drawn, scene, length, most) for drawn, scene in pairs]))


def _covered(drawn: Sequence[str], scene: Scene, length: str, most: int) -> float:
    listed = {tuple(tokenize(text)) for text in islice(language.descriptions(scene, length), most + 1)}
    if len(listed) > most:
        return float("nan")
    return len(listed.intersection(tuple(tokenize(caption)) for caption in drawn)) / len(listed)


def roc_auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """The area under the ROC curve, 0 to 1: how often a positive's score is above a negative's; equal ones count half.

    `positive` are the scores that should be high, float [n], `negative` those that should be low, float [m].
    """
    n, m = np.size(positive), np.size(negative)
    if not (n and m) or np.isnan(np.concatenate([positive, negative])).any():
        raise ValueError(f"{n} positive and {m} negative; accepted: 1 or more of both, and none of them nan")
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(positive, negative, method="asymptotic").statistic / (n * m))


def _without_marks(caption: str) -> str:
    return " ".join(token for token in tokenize(caption) if token[0].isalnum())


def _check_as_many(texts: Sequence, name: str, others: Sequence) -> None:
    if len(texts) != len(others) or not len(texts):
        raise ValueError(f"{len(texts)} for {len(others)} {name}; accepted: as many, and 1 or more")


def _check_references(captions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    _check_as_many(captions, "pictures' references", references)
    if any(isinstance(texts, str) for texts in references):
        raise TypeError("references of each picture are several texts; given was one; write [text]")
    if not all(len(texts) for texts in references):
        raise ValueError("a picture has no references; accepted: 1 or more for each")
