"""How good sentences about pictures are: whether they are true, like what people say, and how much they vary.

No one of these measures is enough. The same true sentence about every picture is true; what people say about another
picture is like what people say; and any words at all vary. Lesson 05 shows them side by side.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import islice, zip_longest
from typing import NamedTuple

import numpy as np

from vistext.data.vocabulary import tokenize
from vistext.scenes import Scene, language
from vistext.scenes.language import Fact, NotUnderstoodError
from vistext.scenes.language.facts import wrong_fact

NO_CIDER = """CIDEr-D is counted by pycocoevalcap, which is not installed. Install it with
    pip install "vistext[course]"      or alone, 100 MB: pip install pycocoevalcap"""


class FactualAccuracy(NamedTuple):
    """How n sentences stand to their scenes."""

    true: np.ndarray  # bool [n]: all that is said holds
    readable: np.ndarray  # bool [n]: the grammar can read it
    stated: np.ndarray  # int [n]: facts that it states, 1 or more
    held: np.ndarray  # int [n]: facts of these that hold, together

    @property
    def factual_accuracy(self) -> float:
        """The share of sentences that are wholly true, 0 to 1."""
        return float(self.true.mean())

    @property
    def readable_rate(self) -> float:
        """The share of sentences that can be read, 0 to 1."""
        return float(self.readable.mean())

    @property
    def fact_precision(self) -> float:
        """The share of facts that hold, of all that are stated, 0 to 1."""
        return float(self.held.sum() / self.stated.sum())


def fact_check(sentences: Sequence[str], scenes: Sequence[Scene]) -> FactualAccuracy:
    """Read sentences back, and look whether what they state is so.

    Of what a false sentence states, wrong facts are struck out one after the other, those to blame first
    (`facts.wrong_fact`), until what is left holds: "A dog is sitting on the floor.", said of a cat that does, is two
    thirds right. What is struck out is rarely more than must be: over true sentences about other scenes, 1 % more.

    Args:
        sentences: n texts, 1 or more; titles, descriptions or stories.
        scenes: n, what each is said of.

    Returns:
        A verdict for each. What cannot be read counts as one fact that does not hold.

    Raises:
        ValueError: not as many sentences as scenes, or none.
    """
    _paired(sentences, "scenes", scenes)
    each = [_fact_check(sentence, scene) for sentence, scene in zip(sentences, scenes, strict=True)]
    readable, stated, held = (np.array(column) for column in zip(*each, strict=True))
    return FactualAccuracy(stated == held, readable, stated, held)


def _fact_check(sentence: str, scene: Scene) -> tuple[bool, int, int]:
    try:
        stated = language.parse_sentence(sentence)
    except NotUnderstoodError:
        return False, 1, 0
    return True, len(stated), len(_facts_correct(stated, scene))


def _facts_correct(stated: Sequence[Fact], scene: Scene) -> list[Fact]:
    left = list(stated)
    while (wrong := wrong_fact(left, scene)) is not None:
        left.remove(wrong)
    return left


def bleu(said: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """How many of the words that are said, and of the runs of two, three and four, others have said of the picture too.

    BLEU-4 of Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation", as sacrebleu
    counts it (Post 2018, arXiv:1804.08771): over all sentences at once, in lower case, words and marks cut as its
    tokenizer "13a" does, too short a text marked down by the closest references. Its smoothing ("exp") is met only
    where no run of some length is found at all.

    Args:
        said: a sentence about each of n pictures, 1 or more.
        references: for each picture, one or more sentences that are right.

    Returns:
        0 to 1.

    Raises:
        ValueError: not as many sentences as pictures, none, or a picture without references.
        TypeError: references are one text instead of several.
    """
    _referred(said, references)
    from sacrebleu import BLEU

    # The first references of all pictures, the second ones, ...; None where a picture has no more.
    return BLEU(lowercase=True).corpus_score(list(said), list(zip_longest(*references))).score / 100


def cider_d(said: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """How much what is said is like what others have said of this picture, and of few other pictures.

    CIDEr-D of Vedantam et al. 2015, "CIDEr: Consensus-based Image Description Evaluation", arXiv:1411.5726, as
    pycocoevalcap counts it. Words are cut by `data.words.tokenize` and marks are left out, as COCO's own tokenizer (in
    Java) does. How rare a run of words is, is counted in these references: other pictures give other numbers.

    Args:
        said: a sentence about each of n pictures, 2 or more: of a single one, nothing is rare.
        references: for each picture, one or more sentences that are right.

    Returns:
        0 to 10, the scale on which it is always given: 10 if every sentence is exactly its only reference. The more
        the references differ from each other, the lower is the best that can be reached.

    Raises:
        ValueError: not as many sentences as pictures, less than two, or a picture without references.
        TypeError: references are one text instead of several.
        ModuleNotFoundError: pycocoevalcap is not installed.
    """
    _referred(said, references)
    if len(said) < 2:
        raise ValueError("1 sentence; accepted: 2 or more, about different pictures, or no word is rare")
    try:
        from pycocoevalcap.cider.cider import Cider
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "pycocoevalcap":
            raise
        raise ModuleNotFoundError(NO_CIDER, name="pycocoevalcap") from None
    score, _ = Cider().compute_score(
        {picture: [_bare(sentence) for sentence in right] for picture, right in enumerate(references)},
        {picture: [_bare(sentence)] for picture, sentence in enumerate(said)},
    )
    return float(score)


def distinct_n(sentences: Sequence[str], n: int) -> float:
    """How many different runs of n words there are, for each word that is said: distinct-n.

    Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models", arXiv:1510.03055,
    section 5. Marks count as words. The more sentences, the lower: compare sets of the same size.

    Args:
        sentences: what was said.
        n: words of a run, 1 or more.

    Returns:
        Different runs by all words, 0 to 1; 0 if there are no words.

    Raises:
        ValueError: `n` is less than 1.
    """
    if n < 1:
        raise ValueError(f"n={n}; accepted: 1 or more words")
    texts = [tokenize(sentence) for sentence in sentences]
    runs = {tuple(tokens[begin : begin + n]) for tokens in texts for begin in range(len(tokens) - n + 1)}
    return len(runs) / max(1, sum(map(len, texts)))


def self_bleu(groups: Sequence[Sequence[str]]) -> float:
    """How alike the sentences are that are said of one picture: the BLEU-4 of each against the others.

    Zhu et al. 2018, "Texygen: A Benchmarking Platform for Text Generation Models", arXiv:1802.01886, section 3; here
    among the sentences of each picture. Counted by sacrebleu as in `bleu`, but sentence by sentence, and for those of
    less than four words with the runs that they have.

    Args:
        groups: for each of n pictures, 1 or more, what was said of it: two sentences or more. Of more sentences, each
            is more like one of the others: compare groups of the same size.

    Returns:
        0 (no two have anything in common) to 1 (all are the same); the mean over sentences, then over pictures.

    Raises:
        ValueError: no groups, or one of less than two sentences.
    """
    if not len(groups) or min(map(len, groups)) < 2:
        raise ValueError(
            f"{len(groups)} groups, the smallest of {min(map(len, groups), default=0)} sentences; accepted: 1 or more "
            "groups, of 2 sentences or more"
        )
    return float(np.mean([_alike(group) for group in groups]))


def _alike(group: Sequence[str]) -> float:
    from sacrebleu import BLEU

    measure = BLEU(lowercase=True, effective_order=True)
    # What is said twice is like one of the others altogether; and references may as well be given once.
    texts = {tuple(tokenize(sentence)): sentence for sentence in group}
    times = Counter(tuple(tokenize(sentence)) for sentence in group)
    scores = {
        one: 1.0
        if times[one] > 1
        else measure.sentence_score(text, [other for words, other in texts.items() if words != one]).score / 100
        for one, text in texts.items()
    }
    return sum(scores[one] * count for one, count in times.items()) / len(group)


def distinct_true(draws: Sequence[Sequence[str]], scenes: Sequence[Scene]) -> np.ndarray:
    """How many different true sentences were said of each picture.

    Args:
        draws: for each of n pictures, 1 or more, what was said of it.
        scenes: n, what the pictures show.

    Returns:
        int [n]. Sentences are the same if their words and marks are.

    Raises:
        ValueError: not as many groups of draws as scenes, or none.
    """
    _paired(draws, "scenes", scenes)
    return np.array([len(_true(drawn, scene)) for drawn, scene in zip(draws, scenes, strict=True)])


def _true(drawn: Sequence[str], scene: Scene) -> set[tuple[str, ...]]:
    different = {tuple(tokenize(sentence)): sentence for sentence in drawn}
    return {tokens for tokens, sentence in different.items() if language.evaluate(sentence, scene)}


class Coverage(NamedTuple):
    """How much of all that can truly be said of n pictures was said."""

    shares: np.ndarray  # float [n], 0 to 1; nan where more can be said than was asked to be listed

    @property
    def counted(self) -> int:
        """The number of pictures of which all was listed."""
        return int(np.isfinite(self.shares).sum())

    @property
    def mean(self) -> float:
        """The mean over these pictures; nan if there are none."""
        return float(np.nanmean(self.shares)) if self.counted else float("nan")


def coverage(draws: Sequence[Sequence[str]], scenes: Sequence[Scene], length: str, most: int = 3000) -> Coverage:
    """The share of all true descriptions of a picture that are among those said of it.

    All are those of `language.descriptions`: 100 titles or 1000 descriptions where there is a single object, and of
    several objects soon a hundred thousand. So pictures with more than `most` are left out, not guessed at: with the
    default, nearly all with two objects or more. Listing takes about 0.2 ms a sentence.

    Args:
        draws: for each of n pictures, 1 or more, what was said of it.
        scenes: n, what the pictures show.
        length: "title", "description" or "story"; see `language.descriptions`.
        most: so many descriptions are listed at most, 1 or more.

    Returns:
        The share for each picture. Of k draws it is at most k by the number of descriptions.

    Raises:
        ValueError: not as many groups of draws as scenes, or none; `most` below 1, or another length.
    """
    _paired(draws, "scenes", scenes)
    if most < 1:
        raise ValueError(f"most={most}; accepted: 1 description or more")
    return Coverage(np.array([_share(*pair, length, most) for pair in zip(draws, scenes, strict=True)]))


def _share(drawn: Sequence[str], scene: Scene, length: str, most: int) -> float:
    every = {tuple(tokenize(text)) for text in islice(language.descriptions(scene, length), most + 1)}
    if len(every) > most:
        return float("nan")
    return len(every.intersection(tuple(tokenize(sentence)) for sentence in drawn)) / len(every)


def roc_auc(true: np.ndarray, others: np.ndarray) -> float:
    """How well scores tell the true from others: the area under the ROC curve.

    Args:
        true: float [n], 1 or more: scores that should be high.
        others: float [m], 1 or more: scores that should be low.

    Returns:
        How often a true one's score is above another's, 0 to 1; equal ones count half. 0.5 is guessing.

    Raises:
        ValueError: no scores of one of them, or scores that are no numbers.
    """
    true, others = np.ravel(true), np.ravel(others)
    if not (len(true) and len(others)) or np.isnan(true).any() or np.isnan(others).any():
        raise ValueError(
            f"{len(true)} true and {len(others)} others; accepted: 1 or more of both, and none of them nan"
        )
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([true, others]))[: len(true)]
    return float((ranks.mean() - (len(true) + 1) / 2) / len(others))


def _bare(sentence: str) -> str:
    """Words without marks, spaces between them."""
    return " ".join(token for token in tokenize(sentence) if token[0].isalnum())


def _paired(some: Sequence, name: str, others: Sequence) -> None:
    if len(some) != len(others) or not len(some):
        raise ValueError(f"{len(some)} for {len(others)} {name}; accepted: as many, and 1 or more")


def _referred(said: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    _paired(said, "pictures' references", references)
    if any(isinstance(right, str) for right in references):
        raise TypeError("references of each picture are several texts; given was one; write [text]")
    if not all(len(right) for right in references):
        raise ValueError("a picture has no references; accepted: 1 or more for each")
