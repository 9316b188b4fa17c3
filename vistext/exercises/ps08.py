"""Problem set 8, on lesson 08: when the picture helps the text."""

import numpy as np
from scipy.special import log_softmax, softmax

from vistext.exercises.exercise import discriminating, exercise

LESSON = "08_fusion.ipynb#"
KINDS, COLORS, CELLS = 6, 6, 4


def fusion_scores(
    texts,
    pictures,
    text_weights,
    image_weights,
    *,
    pool=np.mean,
    scale=np.sqrt,
    query=np.array,
    normalize=lambda fits: softmax(fits, axis=2),
    part=1,
):
    """The scores of every text with every picture, by late and by attention fusion."""
    from_text = (texts @ text_weights)[:, np.newaxis]
    from_regions = pictures @ image_weights  # (pictures, regions)
    fits = np.einsum("td,prd->tpr", query(texts), pictures) / scale(texts.shape[1])
    attended = (normalize(fits) * from_regions).sum(axis=2)
    return [from_text + pool(from_regions, axis=1), part * from_text + attended]


def _texts_and_pictures(rng, texts, pictures, regions, numbers):
    sizes = {
        "texts": (texts, numbers),
        "pictures": (pictures, regions, numbers),
        "text_weights": numbers,
        "image_weights": numbers,
    }
    return {name: rng.normal(0, 1, size).round(2) for name, size in sizes.items()}


def _some_texts_and_pictures(rng):
    sizes = (2, 3, 4, 5), (4, 2, 3, 2), (3, 5, 2, 4), (5, 4, 6, 3)
    cases = discriminating(FUSION_SCORES, rng, _texts_and_pictures, sizes)
    return [*cases, _texts_and_pictures(rng, 3, 1, 4, 2)]  # two tables, and not two rows


def gain(fused, text_only, factor, *, ddof=1, root=np.sqrt, error=None):
    """The mean of what is gained, and half of its interval; `error` makes another standard error."""
    gains = fused - text_only
    standard_error = error(fused, text_only) if error else gains.std(ddof=ddof) / root(len(gains))
    return np.array([gains.mean(), factor * standard_error])


def _unpaired(fused, text_only):
    return np.sqrt(fused.var(ddof=1) / len(fused) + text_only.var(ddof=1) / len(text_only))


def _of_fused(fused, text_only):
    return fused.std(ddof=1) / np.sqrt(len(fused))


def _some_seeds(rng, seeds, factor, mean):
    hard = rng.normal(0, 4, seeds)  # some seeds are luckier than others, with a picture and without
    gains = rng.normal(abs(mean), 3, seeds)
    text_only = 55 + hard + rng.normal(0, 1, seeds)
    fused = text_only + np.sign(mean * gains.mean()) * gains
    return {"fused": fused.round(2), "text_only": text_only.round(2), "factor": factor}


def _seeds(rng):
    sizes, clear = ((5, 2.776, 2), (8, 2.365, -2), (4, 3.182, 2), (6, 2.571, -2)), (12, 2.201, 5)
    also = [lambda **case: np.sort(gain(**case))]
    cases = discriminating(GAIN, rng, _some_seeds, sizes)
    return [*cases, *discriminating(GAIN, rng, _some_seeds, [clear], also=also)]


def _unit(vectors, axis=-1):
    return vectors / np.linalg.norm(vectors, axis=axis, keepdims=True)


def contrastive_loss(
    pictures, sentences, scale, *, unit=_unit, axes=(0, 1), divide=2, of=np.mean, pick=np.diagonal, logs=log_softmax
):
    logits = unit(pictures) @ unit(sentences).T * scale
    return float(-sum(of(pick(logs(logits, axis))) for axis in axes) / divide)


def _batch(rng, n, numbers, scale):
    pictures = rng.normal(0, 1, (n, numbers)) * rng.uniform(0.5, 3, (n, 1))
    sentences = pictures + rng.normal(0, 1, (n, numbers))
    return {"pictures": pictures.round(2), "sentences": sentences.round(2), "scale": scale}


def _batches(rng):
    return discriminating(CONTRASTIVE_LOSS, rng, _batch, ((3, 4, 5.0), (5, 3, 2.0), (4, 6, 10.0), (2, 3, 4.0)))


def best_sum(table, *, times=1.0, mean=np.mean):
    return mean(table, axis=1, keepdims=True) + mean(table, axis=0, keepdims=True) - times * mean(table)


def _some_table(rng, texts, pictures, mean):
    return {"table": rng.normal(mean, 1.5, (texts, pictures)).round(2)}


def _tables(rng):
    also = [lambda table: np.abs(best_sum(table)), lambda table: np.maximum(best_sum(table), 0)]
    sizes = ((2, 3, 1), (3, 4, 0.5), (4, 3, -1), (5, 2, 0.5), (3, 3, -0.5))
    cases = discriminating(BEST_SUM, rng, _some_table, sizes, also=also)
    return [*cases, _some_table(rng, 1, 4, 0), _some_table(rng, 4, 1, 0)]  # what a sum can say in full


def _part(table, axis):
    return np.broadcast_to(table.mean(axis=axis, keepdims=True), table.shape).copy()


def train_fusion(words, regions, answers):
    """Attention: each word has a query, and regions are keys as well as values; by gradient descent, all at once."""
    queries, values = np.random.default_rng(0).normal(0, 0.1, (COLORS, 12)), np.zeros((12, KINDS))

    def attend(words, regions):
        weights = softmax(np.einsum("nd,nrd->nr", queries[words], regions), axis=1)
        return weights, np.einsum("nr,nrd->nd", weights, regions)

    chosen, targets, learning_rate = np.eye(COLORS)[words], np.eye(KINDS)[answers], 20.0
    for _ in range(100):
        weights, attended = attend(words, regions)
        on_logits = (softmax(attended @ values, axis=1) - targets) / len(words)
        on_weights = np.einsum("nd,nrd->nr", on_logits @ values.T, regions)
        on_fits = weights * (on_weights - (weights * on_weights).sum(axis=1, keepdims=True))
        values = values - learning_rate * attended.T @ on_logits
        queries = queries - learning_rate * chosen.T @ np.einsum("nr,nrd->nd", on_fits, regions)
    return lambda asked: attend(**asked)[1] @ values


def _draw_regions(rng, mixing, kinds, colors):
    features = np.concatenate([np.eye(KINDS)[kinds], np.eye(COLORS)[colors]], axis=2) @ mixing
    return (features + rng.normal(0, 0.2, features.shape)).astype(np.float32)


def _questions(rng):
    """Of training pictures one question each; then by fours, two questions about two pictures."""
    mixing = np.linalg.qr(rng.normal(size=(KINDS + COLORS,) * 2))[0]  # one number says nothing of a kind or a color
    kinds, colors = (rng.random((2100, many)).argsort(axis=1)[:, :CELLS] for many in (KINDS, COLORS))
    regions, row, at = _draw_regions(rng, mixing, kinds, colors), np.arange(2000), rng.integers(0, CELLS, 2000)
    given = {"words": colors[row, at], "regions": regions[:2000], "answers": kinds[row, at]}
    kinds, colors = kinds[2000:], colors[2000:]
    exchanged = _draw_regions(rng, mixing, kinds, colors[:, [1, 0, *range(2, CELLS)]])  # of two objects, the colors
    pictures = np.stack([regions[2000:], exchanged] * 2, axis=1).reshape(-1, CELLS, KINDS + COLORS)
    asked = {"words": colors[:, [0, 0, 1, 1]].ravel(), "regions": pictures}
    truth = {"answers": kinds[:, [0, 1, 1, 0]].ravel(), "shown": np.repeat(kinds, 4, axis=0)}
    return [{"given": given, "asked": asked, "truth": truth}]


def _by_fours(outputs):
    """Logits that add up to 0, also of probabilities: [(two words × two pictures), kinds] → [fours, 2, 2, kinds]."""
    if (outputs >= 0).all() and np.allclose(outputs.sum(axis=1), 1, atol=1e-3):
        outputs = np.log(np.maximum(outputs, 1e-30))
    logits = outputs - outputs.mean(axis=1, keepdims=True)
    return logits.reshape(-1, 2, 2, logits.shape[1])


def _depends(logits, axis):
    """Whether logits depend on the word (axis 1), or on the picture (axis 2)."""
    return bool(np.abs(np.diff(logits, axis=axis)).max() > 1e-3 * np.abs(logits).max())


def _text_only(truth, outputs):
    logits = _by_fours(outputs)
    return _depends(logits, 1) and not _depends(logits, 2)


def _picture_only(truth, outputs):
    logits = _by_fours(outputs)
    return _depends(logits, 2) and not _depends(logits, 1)


def _late(truth, outputs):
    """Whether scores are sums of a part for the word and one for the picture: what lesson 08 proves of late fusion."""
    logits = _by_fours(outputs)
    return _depends(logits, 1) and _depends(logits, 2) and not _depends(np.diff(logits, axis=1), 2)


def _unbound(truth, outputs):
    """Whether most answers are in the picture, and few of them are right."""
    best = outputs.argmax(axis=1)
    return (best[:, np.newaxis] == truth["shown"]).any(axis=1).mean() > 0.9 and (best == truth["answers"]).mean() < 0.5


_FUSED, _TEXT_ONLY = np.array([61.0, 66, 57, 70]), np.array([50.0, 56, 45, 57])
_PICTURES = np.array([[3.0, 4], [0, 2], [-1, 0]])
_SENTENCES = np.array([[1.0, 1], [0, 5], [-2, 1]])
_FOUR = np.array([[1.0, -1], [-1, 1]])
_UNEVEN = np.array([[0.0, 1, 5], [2, 3, 4]])

TEXT_ONLY_ACCURACY = exercise("ps08-1", "Without a picture", points=1).value(
    "text_only_accuracy",
    0.625,
    section=LESSON + "1.-Texts-that-need-a-picture",
    expects="a number from 0 to 1",
    mistakes={
        "all-half": (0.5, "Some of these texts contain all that is needed. How many of those are right?"),
        "pairs-lost": (0.25, "In a pair the same answer is given twice. Is it wrong both times?"),
        "pairs-won": (1.0, "In a pair the same answer is given twice. Is it right both times?"),
        "pairs-counted-once": (0.7, "A pair is two puzzles, each with a picture of its own."),
        "half-of-120": (0.4375, "There are 120 pairs. How many puzzles is that, and which half of them?"),
        "others-forgotten": (0.375, "What of the texts that contain everything?"),
        "rounded": (0.63, "That is rounded. Give the share as it is."),
        "counted": (200, "So many are right. A share was asked for."),
        "percent": (62.5, "That is in percent. A share was asked for."),
    },
)

FUSION_SCORES = exercise("ps08-2", "Late against attention", points=3).function(
    fusion_scores,
    section=LESSON + "Attention-fusion",
    expects="a list of two float arrays of shape (texts, pictures): late fusion's scores, and attention fusion's",
    shown=[
        {
            "texts": np.array([[2.0, 0.0], [0.0, 2.0]]),
            "pictures": np.array([[[1.0, 0.0], [0.0, 3.0], [1.0, 1.0]]]),
            "text_weights": np.array([0.5, -0.5]),
            "image_weights": np.array([1.0, 2.0]),
        }
    ],
    draw=_some_texts_and_pictures,
    mistakes={
        "added-up": ({"pool": np.sum}, "Late fusion has added up the regions. Their mean is asked for."),
        "not-scaled": (
            {"scale": lambda d: 1},
            "Attention is sharper here than it should be. What are the dot products divided by?",
        ),
        "divided-by-d": ({"scale": lambda d: d}, "The dot products were divided by d, and the root of d is asked for."),
        "no-softmax": ({"normalize": np.array}, "These weights do not add up to 1 for each text and picture."),
        "among-texts": (
            {"normalize": lambda fits: softmax(fits, axis=0)},
            "The texts compete for each region. Among what does one text share out its attention?",
        ),
        "among-pictures": (
            {"normalize": lambda fits: softmax(fits, axis=1)},
            "The pictures compete with each other. Each is to be judged by itself.",
        ),
        "one-query": (
            {"query": lambda texts: np.broadcast_to(texts.mean(axis=0), texts.shape)},
            "All texts attend to the same regions. Each has a query of its own.",
        ),
        "text-forgotten": ({"part": 0}, "Attention fusion lacks the score of the text itself."),
        "exchanged": (lambda **case: fusion_scores(**case)[::-1], "The two tables are exchanged."),
        "transposed": (
            lambda **case: [table.T for table in fusion_scores(**case)],
            "Rows are pictures here. They are to be texts.",
        ),
    },
)

BEST_SUM = exercise("ps08-3", "The best that a sum can do", points=4).function(
    best_sum,
    section=LESSON + "By-hand:-what-late-fusion-can-never-do",
    expects="a float array of the table's shape",
    shown=[{"table": _FOUR}, {"table": _UNEVEN}],
    draw=_tables,
    mistakes={
        "mean-twice": ({"times": 0}, "What all cells have in common is in both parts, and so was counted twice."),
        "texts-alone": (lambda table: _part(table, 1), "Only the text counts here. The picture may add to it."),
        "pictures-alone": (lambda table: _part(table, 0), "Only the picture counts here. The text may add to it."),
        "averaged": (lambda table: best_sum(table, times=0) / 2, "The two parts were averaged. A sum may do more."),
        "multiplied": (
            lambda table: _part(table, 1) * _part(table, 0) / table.mean(),
            "That is a product of a part for the text and one for the picture. Late fusion adds.",
        ),
        "table-itself": (lambda table: table.copy(), "That is the table. Can each of its cells be made as such a sum?"),
        "what-is-left": (lambda table: table - best_sum(table), "That is what a sum leaves over."),
        "medians": (
            {"mean": np.median},
            "Medians make the absolute error small. Here its square is to be.",
        ),
        "first-cells": (
            lambda table: table[:, :1] + table[:1] - table[0, 0],
            "It is right in the first row and column, and the others pay for that.",
        ),
    },
)

TRAIN = exercise("ps08-4", "Which color has what?", points=4).network(
    train_fusion,
    score=lambda truth, outputs: float((outputs.argmax(axis=1) == truth["answers"]).mean()),
    at_least=0.85,
    measure="the share of unseen questions that are answered rightly",
    shape=lambda truth: (len(truth["answers"]), KINDS),
    expects="a network: a dict with words (n,) and regions (n, 4, 12) → a score for each kind, (n, 6)",
    section=LESSON + "3.-Four-fusions,-written-and-trained",
    shown=_questions(np.random.default_rng(8)),
    draw=_questions,
    mistakes={
        "text-only": (_text_only, "It gives the same for every picture. Does it use the regions?"),
        "picture-only": (_picture_only, "It gives the same for every word. Does it use what is asked for?"),
        "late-fusion": (
            _late,
            "Its scores are sums of a part for the word and a part for the picture: late fusion. At most three of four "
            "cases can be right. What combines the two before the answers are scored?",
        ),
        "unbound": (
            _unbound,
            "What it answers is in the picture, but seldom has the color that is asked for. It knows which kinds and "
            "colors there are, and not which belong together.",
        ),
    },
)

GAIN = exercise("ps08-5", "What the picture adds", points=3).function(
    gain,
    section=LESSON + "4.-All-fusions,-all-tasks",
    expects="a float array of shape (2,): the mean, and half of the interval",
    shown=[{"fused": _FUSED, "text_only": _TEXT_ONLY, "factor": 3.182}],
    draw=_seeds,
    mistakes={
        "unpaired": ({"error": _unpaired}, "Seeds are treated as if they had nothing in common. What can be paired?"),
        "only-the-fused": ({"error": _of_fused}, "That is the spread of one of the two. Of what is the mean taken?"),
        "not-the-mean's": (
            {"root": lambda n: 1},
            "That is how much single seeds differ. A mean of several is more certain.",
        ),
        "divided-by-n": ({"root": lambda n: n}, "It was divided by n. Four times as many seeds halve the error."),
        "ddof-0": ({"ddof": 0}, "Few values lie close to their own mean. By what are squares divided?"),
        "turned-round": (
            lambda fused, text_only, factor: gain(text_only, fused, factor),
            "The sign is wrong: which is subtracted?",
        ),
        "whole-interval": (lambda **case: gain(**case) * [1, 2], "That is the whole width. Half goes up, half down."),
        "without-factor": ({"factor": 1}, "That is the standard error. What makes an interval of it?"),
        "ends": (
            lambda **case: gain(**case) @ [[1, 1], [-1, 1]],
            "Those are the two ends. The mean, and how far it is to an end, were asked for.",
        ),
        "absolute": (
            lambda fused, text_only, factor: gain(np.abs(fused - text_only), 0, factor),
            "A loss counts as a gain here. Where the picture hurts, what it adds is below 0.",
        ),
    },
)

CONTRASTIVE_LOSS = exercise("ps08-6", "Which belongs to which?", points=3).function(
    contrastive_loss,
    section=LESSON + "6.-Search:-sentence-to-picture,-picture-to-sentence",
    expects="one number, 0 or more",
    shown=[{"pictures": _PICTURES, "sentences": _SENTENCES, "scale": 2.0}],
    draw=_batches,
    mistakes={
        "both-faults": (
            {"unit": np.array, "axes": (1, 1)},
            "That is what broken_loss gives. How long are its vectors? Along which axis do probabilities add up to 1?",
        ),
        "not-normalized": ({"unit": np.array}, "Vectors of any length were compared. A long one fits everything."),
        "sentences-for-pictures": (
            {"axes": (1, 1)},
            "The lengths are right now. But both times a sentence is sought for a picture.",
        ),
        "pictures-for-sentences": (
            {"axes": (0, 0)},
            "Pictures are sought for sentences, both times. What is the other direction?",
        ),
        "sentences-of-any-length": (
            lambda pictures, sentences, scale: contrastive_loss(_unit(pictures), sentences, scale, unit=np.array),
            "The pictures' vectors have length 1, those of the sentences do not.",
        ),
        "pictures-of-any-length": (
            lambda pictures, sentences, scale: contrastive_loss(pictures, _unit(sentences), scale, unit=np.array),
            "The sentences' vectors have length 1, those of the pictures do not.",
        ),
        "wrong-axis-of-length": (
            {"unit": lambda vectors: _unit(vectors, axis=0)},
            "Each number was divided by the length of its column. Which numbers make one vector?",
        ),
        "both-added": ({"divide": 1}, "The two directions were added, and not averaged."),
        "summed": (
            {"of": np.sum},
            "The pairs of a batch were added up, so a large batch has a larger loss than a small one.",
        ),
        "sign": (
            {"divide": -2},
            "A loss is to be small when all is well. What is the sign of the logarithm of a probability?",
        ),
        "without-scale": ({"scale": 1.0}, "The scale is missing: without it, no probability can come near 1."),
        "divided-by-scale": (
            {"scale": lambda scale: 1 / scale},
            "It was divided by the scale, which makes all probabilities alike. They should be sharp.",
        ),
        "one-softmax-for-all": (
            {"logs": lambda logits, axis: log_softmax(logits, None)},
            "All pairs compete with all others here. Among which ones is the right one sought?",
        ),
        "all-pairs": ({"pick": np.array}, "Wrong pairs are rewarded as well as right ones. Which entries are right?"),
    },
)

QUESTION = exercise("ps08-7", "Seeing is improving?", points=2).by_hand(
    section=LESSON + "5.-What-does-the-network-use?"
)

EXERCISES = (TEXT_ONLY_ACCURACY, FUSION_SCORES, BEST_SUM, TRAIN, GAIN, CONTRASTIVE_LOSS, QUESTION)
