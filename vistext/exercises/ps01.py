"""Problem set 1, on lesson 01: tagging with a CNN."""

import numpy as np
from scipy.special import softmax

from vistext.data import patterns
from vistext.exercises.exercise import discriminating, exercise, vary
from vistext.exercises.ps00 import OF_CLASSIFIERS, accuracy, mean_probability, training_and_unseen

LESSON = "01_tagging.ipynb#"


def convolve(picture, kernel, bias, *, rectify=lambda values: np.maximum(0, values), after=0):
    return rectify(_slide(picture, kernel) + bias) + after


def _slide(picture, kernel):
    k = len(kernel)
    windows = np.lib.stride_tricks.sliding_window_view(picture, (k, k), axis=(0, 1))  # rows, columns, channels, k, k
    return np.einsum("rcdij,ijd->rc", windows, kernel)


def _channels_apart(picture, kernel, bias):
    channels = np.split(picture, picture.shape[-1], axis=-1), np.split(kernel, kernel.shape[-1], axis=-1)
    return np.stack([convolve(*channel, bias) for channel in zip(*channels, strict=True)], axis=-1)


def _padded(picture, kernel, bias):
    around = len(kernel) // 2
    return convolve(np.pad(picture, ((around, around), (around, around), (0, 0))), kernel, bias)


def _convolutions(rng):
    cases, sizes = [], ((4, 6, 3, 3, 1), (5, 5, 2, 1, -1), (7, 4, 3, 2, -1), (3, 3, 3, 3, 1), (1, 4, 1, 2, 1))
    for rows, columns, k, channels, sign in sizes:
        while True:
            picture = rng.integers(-4, 5, (rows, columns, channels)).astype(float)
            kernel, bias = rng.normal(size=(k, k, channels)), sign * float(rng.uniform(1, 3))
            map_ = _slide(picture, kernel)
            # What f cuts off must show, before the bias and after it; and so must what it leaves.
            if map_.max() > 4 and (map_.size == 1 or map_.min() < -4):
                break
        cases.append({"picture": picture, "kernel": kernel, "bias": bias})
    return cases


EDGES = np.array([[0, 0, 9, 9], [0, 0, 9, 9], [0, 5, 9, 9]], float)


def _weights(side=14, between=1, dense_bias=64, conv=896 + 18_496, out=650):
    return conv + side * side * 64 * 64 * between + dense_bias + out


def gradients(x, labels, weights, *, over_classes=softmax, derivative=lambda before: before > 0, target=1.0):
    """Of the cross-entropy, for weights and biases of a dense layer with ReLU and of one with softmax."""
    w1, b1, w2, b2 = weights
    before = x @ w1 + b1
    hidden = np.maximum(0, before)
    errors = over_classes(hidden @ w2 + b2, axis=1)
    errors[np.arange(len(x)), labels] -= target
    errors /= len(x)
    hidden_errors = errors @ w2.T * derivative(before)
    return [x.T @ hidden_errors, hidden_errors.sum(axis=0), hidden.T @ errors, errors.sum(axis=0)]


def _changed(change):
    """Gradients, each of which is changed: a function of it and of the number of pictures."""
    return lambda x, **case: [change(gradient, len(x)) for gradient in gradients(x, **case)]


def _layers(rng, count, *widths):
    """A batch and two layers in 64ths, which float32 holds; no input of a ReLU is nearly 0."""
    inputs, hidden, classes = widths
    shapes = ((count, inputs), (inputs, hidden), hidden, (hidden, classes), classes)
    while True:
        x, *weights = (np.round(64 * rng.normal(size=shape)) / 64 for shape in shapes)
        before = x @ weights[0] + weights[1]
        if np.abs(before).min() > 0.01 and 0.2 < (before > 0).mean() < 0.8:
            return {"x": x, "labels": rng.permutation(np.arange(count) % classes), "weights": weights}


def _batches(rng):
    return discriminating(
        GRADIENTS, rng, _layers, ((4, 3, 5, 2), (6, 2, 4, 3), (3, 4, 2, 3), (7, 3, 3, 4), (5, 5, 4, 5))
    )


def _scaled(pictures):
    return np.reshape(pictures, (len(pictures), -1)) / 128 - 1


def train_network(pictures, labels, *, hidden=32, steps=300, learning_rate=0.5):
    rng, x = np.random.default_rng(0), _scaled(pictures)
    classes = labels.max() + 1
    w1, b1 = rng.normal(0, np.sqrt(2 / x.shape[1]), (x.shape[1], hidden)), np.zeros(hidden)
    w2, b2 = rng.normal(0, np.sqrt(2 / hidden), (hidden, classes)), np.zeros(classes)
    weights = [w1, b1, w2, b2]
    for _ in range(steps):
        weights = [array - learning_rate * g for array, g in zip(weights, gradients(x, labels, weights), strict=True)]
    w1, b1, w2, b2 = weights
    return lambda pictures: softmax(np.maximum(0, _scaled(pictures) @ w1 + b1) @ w2 + b2, axis=1)


def _largest(probabilities, labels):
    return probabilities.max(axis=1)


def calibration_error(probabilities, labels, bins, *, confidence=_largest, error=np.abs, weights=None):
    """Confidence less accuracy, over bins, weighted by how many pictures are in each (or by other `weights`)."""
    sure, right = confidence(probabilities, labels), probabilities.argmax(axis=1) == labels
    which = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    filled = [which == number for number in range(bins) if (which == number).any()]
    gaps = np.array([sure[chosen].mean() - right[chosen].mean() for chosen in filled])
    counts = np.array([chosen.sum() for chosen in filled])
    return float((error(gaps) * (counts / len(labels) if weights is None else weights(counts, bins))).sum())


def _judgements(rng):
    cases: list[dict] = []
    for n, classes, bins in ((24, 3, 8), (32, 4, 2), (40, 3, 8), (24, 10, 4), (24, 4, 5)):
        # In 64ths, which float32 holds as well, with one that is clearly the largest.
        probabilities = rng.multinomial(59, rng.dirichlet(np.full(classes, 0.7), 4 * n)) / 64
        top = probabilities.argmax(axis=1)
        probabilities[np.arange(4 * n), top] += 5 / 64
        edges = [0.5, 0.75, 0.5, 0.75, 1.0, 0.5]  # of bins
        if bins == 5:  # and none in the middle one
            probabilities, edges = probabilities[np.ceil(5 * probabilities.max(axis=1)) != 3], []
        chosen = rng.permutation(probabilities)[:n]
        for row, edge in zip(chosen, edges, strict=False):
            row[:] = np.floor(64 * (1 - edge) / (classes - 1)) / 64
            row[0] += 1 - row.sum()
        best, sure = chosen.argmax(axis=1), chosen.max(axis=1)
        # Too sure in every other bin, and in those between not sure enough; on the whole, that in the first case.
        which = np.ceil(sure * bins).astype(int)
        many = which % 2 == np.bincount(which % 2).argmax()
        right = many if not cases else ~many
        for number in range(1, bins + 1):
            right[np.flatnonzero(which == number)[5::6]] ^= True  # hardly ever is all of a bin right, or all wrong
        labels = np.where(right, best, (best + rng.integers(1, classes, len(best))) % classes)
        cases.append({"probabilities": chosen, "labels": labels, "bins": bins})
    return cases


def _to_largest(heat):
    return heat / heat.max() if heat.max() > 0 else np.zeros_like(heat)


def heatmap(
    maps,
    gradients,
    *,
    weigh=lambda gradients: gradients.mean(axis=(0, 1)),
    rectify=lambda heat: np.maximum(0, heat),
    scale=_to_largest,
):
    return scale(rectify((maps * weigh(gradients)).sum(axis=-1)))


def _some_maps(rng, rows, columns, count):
    maps, gradients = np.round(64 * rng.normal(size=(2, rows, columns, count))) / 64
    return {"maps": np.maximum(0, maps + 0.5), "gradients": gradients + 0.5 * rng.normal(size=count).round()}


def _maps(rng):
    by_largest_size = vary(heatmap, rectify=np.array, scale=lambda heat: np.maximum(0, heat) / np.abs(heat).max())
    sizes, but = ((3, 3, 4), (2, 5, 5)), ["lowest-to-0", "nan", "relu-last"]
    cases = discriminating(HEATMAP, rng, _some_maps, sizes, also=[by_largest_size], but=but)
    cases[1]["gradients"] /= 64  # so that the largest value is below 1
    for sign, shape in ((1, (3, 3, 3)), (1, (1, 4, 3)), (-1, (3, 4, 3)), (-1, (4, 2, 2))):
        case = _some_maps(rng, *shape)
        # All positions raise the score, or none.
        cases.append({"maps": case["maps"] + 0.5, "gradients": sign * (0.25 + np.abs(case["gradients"]))})
    return cases


CONVOLVE = exercise("ps01-1", "A convolution over colors", points=3).function(
    convolve,
    section=LESSON + "Convolution,-by-hand",
    expects="a float array of shape (rows - k + 1, columns - k + 1)",
    shown=[
        {"picture": EDGES[..., None], "kernel": np.array([[[-1.0], [1.0]], [[-1.0], [1.0]]]), "bias": -2.0},
        {
            "picture": np.stack([EDGES, EDGES / 3], axis=-1),
            "kernel": np.array([[[1.0, 0.0], [0.0, 3.0]], [[0.0, -1.0], [-1.0, 0.0]]]),
            "bias": 1.0,
        },
    ],
    draw=_convolutions,
    mistakes={
        "flipped": (
            {"kernel": lambda kernel: kernel[::-1, ::-1]},
            "The kernel is flipped before it is applied. Mathematicians do so; deep learning does not.",
        ),
        "too-few": (
            lambda **case: convolve(**case)[:-1, :-1],
            "A row and a column are missing. In how many places does a kernel of k fit?",
        ),
        "channels-apart": (_channels_apart, "There is a map for each channel. A kernel adds up all channels."),
        "no-bias": ({"bias": 0}, "The bias does not show in what came back. Where does b stand in f(Wx + b)?"),
        "bias-each": (
            lambda picture, kernel, bias: convolve(picture, kernel, picture.shape[-1] * bias),
            "The bias was added once for each channel. There is one for the kernel.",
        ),
        "no-rectifier": ({"rectify": np.array}, "There are negative numbers in the result. What does f do to them?"),
        "bias-last": (
            lambda picture, kernel, bias: convolve(picture, kernel, 0, after=bias),
            "The bias was added after f. Read f(Wx + b) from the inside out.",
        ),
        "padded": (_padded, "The map is as large as the picture. Here a kernel stays inside the picture."),
    },
)

WEIGHTS = exercise("ps01-2", "Larger pictures, more weights?", points=2).value(
    "weights",
    _weights(),
    section=LESSON + "4.-The-article's-network",
    expects="one whole number",
    tolerance=1e-9,
    mistakes={
        "unchanged": (
            _weights(6),
            "Convolutions do not depend on the size. But how many inputs has the first dense layer?",
        ),
        "four-times": (
            _weights(12),
            "There are not just four times as many positions: each convolution trims edges. Follow the side.",
        ),
        "rounded-up": (_weights(15), "Pooling drops a last odd row: look at 29 by 29."),
        "padded": (_weights(16), "Each convolution of 3 by 3 takes a pixel off every edge of its input."),
        "no-biases": (_weights(dense_bias=0, conv=19_296, out=640), "Each kernel and each unit has a bias, too."),
        "one-layer": (_weights(conv=0, out=0), "That is the first dense layer alone. The others have weights, too."),
        "one-map": (_weights(14, 1 / 64), "The dense layer takes every position of every map; there are 64 maps."),
        "no-pooling": (_weights(60), "Pooling halves the side after each convolution."),
    },
)

GRADIENTS = exercise("ps01-3", "Backpropagation", points=4).function(
    gradients,
    section=LESSON + "One-step-of-gradient-descent,-by-hand",
    expects="a list of four float arrays, of the shapes of the weights",
    shown=[
        {
            "x": np.array([[1.0, 2.0], [-1.0, 0.5]]),
            "labels": np.array([0, 1]),
            "weights": [
                np.array([[1.0, -1.0, 2.0], [0.5, 1.0, 0.25]]),
                np.array([0.0, 0.25, 0.0]),
                np.array([[1.0, 0.0], [-1.0, 2.0], [0.5, -0.5]]),
                np.array([0.5, -0.5]),
            ],
        }
    ],
    draw=_batches,
    mistakes={
        "not-averaged": (
            _changed(lambda g, n: n * g),
            "They grow with the batch. The loss is a mean over its pictures.",
        ),
        "wrong-sign": (_changed(lambda g, n: -g), "All signs are reversed: a step against them would raise the loss."),
        "bias-means": (
            _changed(lambda g, n: g / n if g.ndim == 1 else g),
            "The biases were averaged twice. Where was the division by the number of pictures already done?",
        ),
        "no-target": ({"target": 0.0}, "The labels make no difference. What is the error of the correct class?"),
        "of-logits": (
            {"over_classes": lambda logits, axis: logits.copy()},
            "The errors are those of the logits. Cross-entropy is about probabilities.",
        ),
        "over-pictures": (
            {"over_classes": lambda logits, axis: softmax(logits, axis=0)},
            "Softmax ran over the pictures. Which axis holds the classes of one picture?",
        ),
        "relu-ignored": (
            {"derivative": np.ones_like},
            "The first layer's are wrong: where ReLU gives 0, how much does its output change with its input?",
        ),
        "relu-itself": (
            {"derivative": lambda before: np.maximum(0, before)},
            "The first layer's are wrong: the output of ReLU stands where its derivative belongs.",
        ),
    },
)

TRAIN_NETWORK = exercise("ps01-4", "Train it yourself", points=4).network(
    train_network,
    score=mean_probability,
    at_least=0.9,
    measure="the mean probability of the correct class, on pictures that were not in training",
    shape=lambda truth: (len(truth), 3),
    expects="a function that gives the three probabilities of each picture",
    section=LESSON + "One-step-of-gradient-descent,-by-hand",
    shown=training_and_unseen(patterns.textures)(np.random.default_rng(0)),
    draw=training_and_unseen(patterns.textures),
    mistakes=OF_CLASSIFIERS
    | {
        "guessing": (
            lambda truth, outputs: accuracy(truth, outputs) < 0.5,
            "It is hardly better than guessing, as a linear classifier is. Is there a ReLU between the layers, "
            "do the first weights differ, do pictures keep their labels?",
        ),
        "confused": (
            lambda truth, outputs: accuracy(truth, outputs) <= 0.85,
            "It confuses some of the classes. Does the loss still fall? Do the first weights differ, and are they "
            "small? Are the inputs scaled? Are there enough hidden units?",
        ),
    },
)

CALIBRATION_ERROR = exercise("ps01-5", "Can the probabilities be trusted?", points=3).function(
    calibration_error,
    section=LESSON + "7.-Calibration:-can-the-probabilities-be-trusted?",
    expects="one number, 0 to 1",
    shown=[
        {
            "probabilities": np.array([[0.9, 0.1], [0.95, 0.05], [0.3, 0.7], [0.35, 0.65], [0.32, 0.68]]),
            "labels": np.array([0, 1, 1, 1, 1]),
            "bins": 5,
        }
    ],
    draw=_judgements,
    mistakes={
        "one-by-one": (
            lambda probabilities, labels, bins: np.abs(
                probabilities.max(1) - (probabilities.argmax(1) == labels)
            ).mean(),
            "A correct prediction with 0.8 counts as 0.2 wrong here. Group pictures of about the same confidence.",
        ),
        "unweighted": (
            {"weights": lambda counts, bins: 1 / len(counts)},
            "Each bin counts the same, however few pictures are in it.",
        ),
        "over-all-bins": ({"weights": lambda counts, bins: 1 / bins}, "The gaps were divided by the number of bins."),
        "signed": ({"error": np.array}, "It is negative, or too small: gaps of opposite signs cancel out."),
        "signed-then-positive": (
            lambda **case: abs(calibration_error(**case, error=np.array)),
            "The sign was dropped at the end, when gaps had cancelled.",
        ),
        "of-the-label": (
            {"confidence": lambda probabilities, labels: probabilities[np.arange(len(labels)), labels]},
            "The confidence is the probability of the predicted class, not of the label.",
        ),
        "not-divided": (
            lambda labels, **case: len(labels) * calibration_error(labels=labels, **case),
            "It grows with the number of pictures. A mean is asked for.",
        ),
        "upper-bins": (
            {"probabilities": lambda probabilities: np.nextafter(probabilities, 2)},
            "A number on the edge of two bins was put in the upper one. Where does it belong?",
        ),
        "empty-bins": (
            {"weights": lambda counts, bins: counts / counts.sum() if len(counts) == bins else np.nan},
            "It is nan. What is the mean of a bin without pictures?",
        ),
    },
)

HEATMAP = exercise("ps01-6", "Grad-CAM", points=3).function(
    heatmap,
    section=LESSON + 'Grad-CAM:-which-parts-raised-the-score-of-"cat"?',
    expects="a float array of shape (rows, columns), 0 to 1",
    shown=[
        {
            "maps": np.array([[[0.0, 2.0], [1.0, 0.0]], [[4.0, 1.0], [2.0, 6.0]]]),
            "gradients": np.array([[[0.5, 0.0], [0.0, -1.0]], [[1.0, 0.0], [0.5, 0.0]]]),
        },
        {"maps": np.ones((1, 2, 1)), "gradients": np.array([[[-1.0], [-2.0]]])},
    ],
    draw=_maps,
    mistakes={
        "unweighted": (
            {"weigh": lambda gradients: np.ones(gradients.shape[-1])},
            "All maps count the same. The gradients make no difference.",
        ),
        "place-by-place": (
            {"weigh": np.array},
            "Each place has a weight of its own. In Grad-CAM a map has one weight: over which axes is the mean?",
        ),
        "absolute": (
            {"weigh": lambda gradients: np.abs(gradients).mean(axis=(0, 1))},
            "A map that lowers the score counts as if it raised it. Mind the signs.",
        ),
        "largest": (
            {"weigh": lambda gradients: gradients.max(axis=(0, 1))},
            "The largest gradient of a map decides. All of its places count.",
        ),
        "no-relu": ({"rectify": np.array}, "There are negative numbers in it. What lowers the score is left out."),
        "no-relu-at-all": (
            {"rectify": np.array, "scale": lambda heat: heat / (heat.max() or 1)},
            "What lowers the score is not left out. Where nothing raises it, negative numbers are even divided by a "
            "negative one.",
        ),
        "relu-last": (
            {"rectify": np.array, "scale": lambda heat: np.maximum(0, heat / (heat.max() or 1))},
            "The division comes too early: where no place raises the score, the largest value is negative, and all "
            "signs turn.",
        ),
        "positive-weights": (
            {"weigh": lambda gradients: np.maximum(0, gradients.mean(axis=(0, 1)))},
            "Maps that lower the score were left out before the sum. They should subtract in it.",
        ),
        "not-scaled": ({"scale": lambda heat: heat}, "The largest value is not 1. Divide by what?"),
        "lowest-to-0": (
            {"scale": lambda heat: (heat - heat.min()) / np.ptp(heat) if np.ptp(heat) else heat},
            "The lowest value was moved to 0. If all places raise the score, none of them is 0.",
        ),
        "nan": (
            {"scale": lambda heat: heat / heat.max()},
            "It is nan where no place raises the score. What is 0 divided by 0?",
        ),
    },
)

QUESTION = exercise("ps01-7", "What a heatmap shows", points=2).by_hand(
    section=LESSON + 'Grad-CAM:-which-parts-raised-the-score-of-"cat"?'
)

EXERCISES = (CONVOLVE, WEIGHTS, GRADIENTS, TRAIN_NETWORK, CALIBRATION_ERROR, HEATMAP, QUESTION)
