"""Problem set 8, on lesson 08: when the picture helps the text."""

from functools import partial

import numpy as np

from vistext.exercises.exercise import Exercise, Misconception, discriminating, value_misconception

LESSON = "08_fusion.ipynb#"
_SEARCH = LESSON + "6.-Search:-sentence-to-picture,-picture-to-sentence"
_BLIND = (
    "make a test on which text alone is right exactly half of the time, so that whatever is above that comes from "
    "looking"
)
_TOWERS = "search pictures by sentence with two towers that were trained to match, and say what limits such a search"


def _places(scores):
    """At which place each sentence's own picture comes, from 0 on: [n, m] → [n]."""
    return (scores > np.diagonal(scores)[:, np.newaxis]).sum(axis=1)


def _recall(scores, k):
    return float((_places(scores) < k).mean())


def _search(rng, sentences, pictures, k, own=0.5):
    while True:  # until two mistakes can be told apart
        scores = rng.normal(-0.3, 1, (sentences, pictures)) + own * np.eye(sentences, pictures)
        if k > pictures or _other_way(scores, k) != _recall(scores, k + 1):
            return {"scores": scores, "k": k}


def _searches(rng):
    absolute, turned = (lambda scores, k: _recall(np.abs(scores), k)), _against_others
    cases = []
    for *size, also in ((9, 12, 3, absolute), (10, 13, 4, turned), (8, 11, 2, absolute), (12, 14, 5, turned)):
        cases.append(discriminating(EXERCISES[1], partial(_search, rng, *size), also=[also]))
    return [*cases, _search(rng, 3, 4, 5, own=-9)]  # k is more than there are pictures


def _against_others(scores, k):
    """The sentences' own scores stand in the wrong order."""
    return float(((scores > np.diagonal(scores)[::-1, np.newaxis]).sum(axis=1) < k).mean())


def _other_way(scores, k):
    """Each of the pictures that have a sentence seeks it among all sentences."""
    own = scores[:, : len(scores)]
    return float(((own > np.diagonal(own)).sum(axis=0) < k).mean())


def _first_k_of_the_list(scores, k):
    """Who takes the first k pictures as they lie for the k best."""
    return float((np.arange(len(scores)) < k).mean())


def _gain(fused, blind, factor, *, ddof=1, root=np.sqrt):
    gains = fused - blind
    return np.array([gains.mean(), factor * gains.std(ddof=ddof) / root(len(gains))])


def _unpaired(fused, blind, factor):
    spread = np.sqrt(fused.var(ddof=1) / len(fused) + blind.var(ddof=1) / len(blind))
    return np.array([fused.mean() - blind.mean(), factor * spread])


def _of_fused(fused, blind, factor):
    return np.array([fused.mean() - blind.mean(), factor * fused.std(ddof=1) / np.sqrt(len(fused))])


def _some_seeds(rng, seeds, factor, mean):
    hard = rng.normal(0, 4, seeds)  # some seeds are luckier than others, with a picture and without
    gains = rng.normal(abs(mean), 3, seeds)
    blind = 55 + hard + rng.normal(0, 1, seeds)
    fused = blind + np.sign(mean * gains.mean()) * gains
    return {"fused": fused.round(2), "blind": blind.round(2), "factor": factor}


def _seeds(rng):
    sizes, clear = ((5, 2.776, 2), (8, 2.365, -2), (4, 3.182, 2), (6, 2.571, -2)), (12, 2.201, 5)
    cases = [discriminating(EXERCISES[2], partial(_some_seeds, rng, *size)) for size in sizes]
    also = [lambda **case: np.sort(_gain(**case))]
    return [*cases, discriminating(EXERCISES[2], partial(_some_seeds, rng, *clear), also=also)]


def _unit(vectors, axis=-1):
    return vectors / np.linalg.norm(vectors, axis=axis, keepdims=True)


def _logs(logits, axis):
    shifted = logits - logits.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _matching(pictures, sentences, scale, *, unit=_unit, axes=(0, 1), divide=2, of=np.mean, times=True):
    logits = unit(pictures) @ unit(sentences).T * (scale if times else 1 / scale)
    return float(-sum(of(np.diagonal(_logs(logits, axis))) for axis in axes) / divide)


def _over_all(pictures, sentences, scale):
    logits = scale * _unit(pictures) @ _unit(sentences).T
    return float(-np.mean(np.diagonal(logits - np.log(np.exp(logits).sum()))))


def _everywhere(pictures, sentences, scale):
    logits = scale * _unit(pictures) @ _unit(sentences).T
    return float(-(_logs(logits, 0).mean() + _logs(logits, 1).mean()) / 2)


def _batch(rng, n, numbers, scale):
    pictures = rng.normal(0, 1, (n, numbers)) * rng.uniform(0.5, 3, (n, 1))
    sentences = pictures + rng.normal(0, 1, (n, numbers))
    return {"pictures": pictures.round(2), "sentences": sentences.round(2), "scale": scale}


def _batches(rng):
    sizes = ((3, 4, 5.0), (5, 3, 2.0), (4, 6, 10.0), (2, 3, 4.0))
    return [discriminating(EXERCISES[3], partial(_batch, rng, *size)) for size in sizes]


def _sums(table, *, times=1.0):
    return table.mean(axis=1, keepdims=True) + table.mean(axis=0, keepdims=True) - times * table.mean()


def _some_table(rng, texts, pictures, mean):
    return {"table": rng.normal(mean, 1.5, (texts, pictures)).round(2)}


def _tables(rng):
    also = [lambda table: np.abs(_sums(table)), lambda table: np.maximum(_sums(table), 0)]
    sizes = ((2, 3, 1), (3, 4, 0.5), (4, 3, -1), (5, 2, 0.5), (3, 3, -0.5))
    cases = [discriminating(EXERCISES[4], partial(_some_table, rng, *size), also=also) for size in sizes]
    return [*cases, _some_table(rng, 1, 4, 0), _some_table(rng, 4, 1, 0)]  # what a sum can say in full


def _middle(table):
    return np.median(table, axis=1, keepdims=True) + np.median(table, axis=0, keepdims=True) - np.median(table)


def _first_row_and_column(table):
    return table[:, :1] + table[:1] - table[0, 0]


_SCORES = np.array([[0.92, 0.1, 0.35, 0.2], [0.6, 0.5, 0.7, 0.15], [0.4, 0.8, 0.3, 0.9]])
_FUSED, _BLIND_SHARES = np.array([61.0, 66, 57, 70]), np.array([50.0, 56, 45, 57])
_PICTURES = np.array([[3.0, 4], [0, 2], [-1, 0]])
_SENTENCES = np.array([[1.0, 1], [0, 5], [-2, 1]])
_FOUR = np.array([[1.0, -1], [-1, 1]])
_SLOPE = np.array([[0.0, 1, 5], [2, 3, 4]])

EXERCISES = (
    Exercise(
        id="ps08-1",
        title="Without looking",
        points=1,
        kind="value",
        answer="blind_share",
        aim=_BLIND,
        section=LESSON + "1.-Texts-that-need-a-picture",
        difficulty="warm-up",
        minutes=5,
        expects="a number from 0 to 1",
        solve=lambda: 0.625,
        mistakes=(
            value_misconception(
                "all-half", "Some of these texts say all that is needed. How many of those are right?", 0.5
            ),
            value_misconception(
                "pairs-lost", "In a pair the same answer is given twice. Is it wrong both times?", 0.25
            ),
            value_misconception("pairs-won", "In a pair the same answer is given twice. Is it right both times?", 1.0),
            value_misconception("pairs-counted-once", "A pair is two puzzles, each with a picture of its own.", 0.7),
            value_misconception(
                "half-of-120", "There are 120 pairs. How many puzzles is that, and which half of them?", 0.4375
            ),
            value_misconception("told-forgotten", "It reads well: what of the texts that say everything?", 0.375),
            value_misconception("counted", "So many are right. A share was asked for.", 200),
            value_misconception("percent", "That is in percent. A share was asked for.", 62.5),
        ),
    ),
    Exercise(
        id="ps08-2",
        title="Among the first k",
        points=2,
        kind="function",
        answer="recall_at",
        aim=_TOWERS,
        section=_SEARCH,
        difficulty="easy",
        minutes=10,
        expects="one number from 0 to 1",
        solve=_recall,
        shown=({"scores": _SCORES, "k": 2}, {"scores": _SCORES, "k": 1}),
        draw=_searches,
        mistakes=(
            Misconception(
                "only-the-first",
                "Only the first find counts here, whatever k is.",
                lambda scores, k: _recall(scores, 1),
            ),
            Misconception("one-too-many", "One find too many counts.", lambda scores, k: _recall(scores, k + 1)),
            Misconception("one-too-few", "One find too few counts.", lambda scores, k: _recall(scores, k - 1)),
            Misconception(
                "worst-first",
                "The pictures that fit worst came first. Which way does argsort sort?",
                lambda scores, k: _recall(-scores, k),
            ),
            Misconception(
                "other-way-round",
                "For each picture sentences were sought. Here a sentence seeks its picture.",
                _other_way,
            ),
            Misconception(
                "counted",
                "That is how many were found. A share was asked for.",
                lambda scores, k: float((_places(scores) < k).sum()),
            ),
            Misconception(
                "precision",
                "That is the share of the first k finds that are right, which is another measure.",
                lambda scores, k: _recall(scores, k) / k,
            ),
            Misconception(
                "out-of-pictures",
                "It was divided by the number of pictures. Who is searching?",
                lambda scores, k: float((_places(scores) < k).sum() / scores.shape[1]),
            ),
            Misconception(
                "first-in-the-list",
                "The first k pictures of the list are not the k that fit best.",
                _first_k_of_the_list,
            ),
            Misconception(
                "not-found", "That is the share that was not found.", lambda scores, k: 1 - _recall(scores, k)
            ),
        ),
    ),
    Exercise(
        id="ps08-3",
        title="What the picture adds",
        points=3,
        kind="function",
        answer="gain",
        aim="read a comparison over seeds: where the picture helps, where it does not, and where it hurts",
        section=LESSON + "4.-All-fusions,-all-tasks",
        difficulty="medium",
        minutes=15,
        expects="a float array of shape (2,): the mean, and half of the interval",
        solve=_gain,
        shown=({"fused": _FUSED, "blind": _BLIND_SHARES, "factor": 3.182},),
        draw=_seeds,
        mistakes=(
            Misconception(
                "unpaired",
                "The two were treated as if their seeds had nothing in common. Which differences can be taken?",
                _unpaired,
            ),
            Misconception(
                "only-the-fused", "That is the spread of one of the two. Of what is the mean taken?", _of_fused
            ),
            Misconception(
                "not-the-mean's",
                "So much one seed differs from another. The mean of several is surer than a single one.",
                lambda **case: _gain(**case, root=lambda n: 1),
            ),
            Misconception(
                "divided-by-n",
                "It was divided by the number of seeds. Four times as many seeds halve the error, no more.",
                lambda **case: _gain(**case, root=lambda n: n),
            ),
            Misconception(
                "ddof-0",
                "Few values lie close to their own mean, closer than to the true one. By what are squares divided?",
                lambda **case: _gain(**case, ddof=0),
            ),
            Misconception(
                "turned-round",
                "The sign is wrong: what was subtracted from what?",
                lambda fused, blind, factor: _gain(blind, fused, factor),
            ),
            Misconception(
                "whole-interval",
                "That is the whole width. Half of it goes up, and half goes down.",
                lambda **case: _gain(**case) * [1, 2],
            ),
            Misconception(
                "without-factor",
                "That is the standard error. What makes an interval of it?",
                lambda fused, blind, factor: _gain(fused, blind, 1),
            ),
            Misconception(
                "ends",
                "Those are the two ends. The mean, and how far it is to an end, were asked for.",
                lambda **case: _gain(**case)[0] + np.array([-1, 1]) * _gain(**case)[1],
            ),
            Misconception(
                "absolute",
                "A loss counts as a gain here. Where the picture hurts, what it adds is below 0.",
                lambda fused, blind, factor: _gain(np.abs(fused - blind), 0, factor),
            ),
            Misconception(
                "as-a-share",
                "That is how many times as good it is. Points were asked for: a difference.",
                lambda fused, blind, factor: np.array([(fused / blind).mean(), _gain(fused, blind, factor)[1]]),
            ),
        ),
    ),
    Exercise(
        id="ps08-4",
        title="Which belongs to which?",
        points=3,
        kind="function",
        answer="matching_loss",
        aim=_TOWERS,
        section=_SEARCH,
        difficulty="medium",
        minutes=20,
        expects="one number, 0 or more",
        solve=_matching,
        shown=({"pictures": _PICTURES, "sentences": _SENTENCES, "scale": 2.0},),
        draw=_batches,
        mistakes=(
            Misconception(
                "not-mended",
                "That is what the broken one gives. How long are its vectors? Along which axis do shares add up to 1?",
                lambda **case: _matching(**case, unit=lambda vectors: vectors, axes=(1, 1)),
            ),
            Misconception(
                "too-long",
                "Vectors of any length were compared. A long one fits everything better.",
                lambda **case: _matching(**case, unit=lambda vectors: vectors),
            ),
            Misconception(
                "pictures-seek",
                "The lengths are mended. But both times pictures seek their sentence, and no sentence its picture.",
                lambda **case: _matching(**case, axes=(1, 1)),
            ),
            Misconception(
                "sentences-seek",
                "Only sentences seek their picture here. Who else seeks?",
                lambda **case: _matching(**case, axes=(0, 0)),
            ),
            Misconception(
                "wrong-axis-of-length",
                "Each number was divided by the length of its column. Which numbers make one vector?",
                lambda **case: _matching(**case, unit=lambda vectors: _unit(vectors, axis=0)),
            ),
            Misconception(
                "both-added",
                "The two directions were added, and not averaged.",
                lambda **case: _matching(**case, divide=1),
            ),
            Misconception(
                "summed",
                "The pairs of a batch were added up. Then a large batch looks worse than a small one.",
                lambda **case: _matching(**case, of=np.sum),
            ),
            Misconception(
                "sign",
                "A loss is to be small when all is well. What is the sign of a logarithm of a share?",
                lambda **case: -_matching(**case),
            ),
            Misconception(
                "without-scale",
                "The scale is missing: without it, no share can come near 1.",
                lambda pictures, sentences, scale: _matching(pictures, sentences, 1.0),
            ),
            Misconception(
                "divided-by-scale",
                "It was divided by the scale, which makes all shares alike. They are to be sharpened.",
                lambda **case: _matching(**case, times=False),
            ),
            Misconception(
                "one-softmax-for-all",
                "All pairs compete with all others here. Among which is the right one sought?",
                _over_all,
            ),
            Misconception(
                "all-pairs",
                "Wrong pairs are rewarded as well as right ones. Which entries are the right ones?",
                _everywhere,
            ),
        ),
    ),
    Exercise(
        id="ps08-5",
        title="The best that a sum can do",
        points=4,
        kind="function",
        answer="best_sum",
        aim="say what late, early, gated and attention fusion are, and prove by hand what late fusion can never do",
        section=LESSON + "By-hand:-what-late-fusion-can-never-do",
        difficulty="stretch",
        minutes=25,
        expects="a float array of the table's shape",
        solve=_sums,
        shown=({"table": _FOUR}, {"table": _SLOPE}),
        draw=_tables,
        mistakes=(
            Misconception(
                "mean-twice",
                "What all cells have in common is in both parts, and so was counted twice.",
                lambda table: _sums(table, times=0),
            ),
            Misconception(
                "texts-alone",
                "Only the text says something here. The picture may add to it.",
                lambda table: np.broadcast_to(table.mean(axis=1, keepdims=True), table.shape).copy(),
            ),
            Misconception(
                "pictures-alone",
                "Only the picture says something here. The text may add to it.",
                lambda table: np.broadcast_to(table.mean(axis=0, keepdims=True), table.shape).copy(),
            ),
            Misconception(
                "averaged",
                "The two parts were averaged. A sum may say more than that.",
                lambda table: _sums(table, times=0) / 2,
            ),
            Misconception(
                "multiplied",
                "That is a product of a part for the text and one for the picture. Late fusion adds.",
                lambda table: table.mean(axis=1, keepdims=True) * table.mean(axis=0, keepdims=True) / table.mean(),
            ),
            Misconception(
                "one-for-all",
                "Every cell got the same. Parts may differ by text, and by picture.",
                lambda table: np.full(table.shape, table.mean()),
            ),
            Misconception(
                "table-itself",
                "That is the table. Can each of its cells be made as such a sum?",
                lambda table: table.copy(),
            ),
            Misconception(
                "what-is-left",
                "That is what a sum leaves over.",
                lambda table: table - _sums(table),
            ),
            Misconception("medians", "Medians make the absolute error small. Here its square is to be.", _middle),
            Misconception(
                "first-cells",
                "It is right in the first row and column, and the others pay for that.",
                _first_row_and_column,
            ),
            Misconception("signs", "Only signs are left. Amounts were asked for.", lambda table: np.sign(_sums(table))),
        ),
    ),
    Exercise(
        id="ps08-6",
        title="Seeing is improving?",
        points=2,
        kind="by hand",
        answer="",
        aim="find out what a network uses, by taking its picture away, swapping it or blurring it, and mend what "
        "breaks",
        section=LESSON + "5.-What-does-the-network-use?",
        difficulty="medium",
        minutes=10,
    ),
)
