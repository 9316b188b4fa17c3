"""Problem set 1, on lesson 01: tagging with a CNN."""

import numpy as np

from vistext.exercises.exercise import exercise

LESSON = "01_tagging.ipynb#"


def thumbnail(picture, side, *, shape=("side", "block") * 2, axis=(1, 3), of=np.mean, middle=True):
    """The middle square in blocks; `shape` says in which order numbers are taken for blocks and for pixels in them."""
    block = min(picture.shape) // side
    size = block * side
    top, left = ((length - size) // 2 if middle else 0 for length in picture.shape)
    square = picture[top : top + size, left : left + size].astype(float)
    return of(square.reshape([side if name == "side" else block for name in shape]), axis=axis)


def _stretched(picture, side):
    rows, columns = (size // side for size in picture.shape)
    cut = picture[: rows * side, : columns * side].astype(float)
    return cut.reshape(side, rows, side, columns).mean(axis=(1, 3))


def _thumbnails(rng):
    sizes = ((2, 3, 1, 4), (3, 2, 2, 3), (4, 4, 3, 5), (5, 2, 1, 2), (1, 4, 0, 3), (1, 1, 0, 3), (2, 2, 0, 7))
    cases, turn = [], rng.random() < 0.5
    # Rows and columns are left over in odd and in even numbers, one short of a larger block, none, and very many.
    for side, block, over, more in sizes:
        size = side * block
        shape = (size + over, size + more + 2 * int(rng.integers(0, 3)))
        turn = not turn
        cases.append({"picture": rng.integers(0, 256, shape[::-1] if turn else shape), "side": side})
    return cases


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


def softmax(logits, temperature, *, off=lambda scaled: scaled.max(axis=-1, keepdims=True), total=-1):
    """Rows that add up to 1; what `off` gives is taken off before exp, and `total` is the axis that is summed."""
    scaled = logits / temperature
    powers = np.exp(scaled - off(scaled))
    return powers / powers.sum(axis=total, keepdims=True)


def _logits(rng):
    cases, sizes = [], ((2, 3, 0.5, 0), (3, 2, 2.0, 1), (4, 4, 4.0, 2), (1, 5, 0.5, 3), (4, 3, 2.0, -1))
    for rows, columns, temperature, low in sizes:
        logits = np.round(64 * rng.normal(0, 2, (rows, columns))) / 64  # float32 holds them, and large ones as well
        logits[0] += 4000.0  # too large for exp, and far above the other rows
        if rows > 2:
            logits[1] -= 4000.0  # all of them are 0 for exp
        logits[-1, low] -= 6000.0  # far below the others of its own row
        cases.append({"logits": logits, "temperature": temperature})
    return cases


def _largest(probabilities, labels):
    return probabilities.max(axis=1)


def calibration_error(probabilities, labels, bins, *, confidence=_largest, error=np.abs, weights=None):
    """How sure less how often right, over bins, weighted by how many are in each (or by other `weights`)."""
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


THUMBNAIL = exercise("ps01-1", "A thumbnail", points=2).function(
    thumbnail,
    section=LESSON + "Crop-and-scale",
    expects="a float array of shape (side, side)",
    shown=[
        {"picture": np.arange(24).reshape(4, 6), "side": 2},
        {"picture": np.array([[0, 0, 0], [9, 1, 5], [3, 7, 8], [2, 0, 6], [1, 1, 1]]), "side": 3},
    ],
    draw=_thumbnails,
    mistakes={
        "corner": ({"middle": False}, "Where is the square cut out? The middle of the picture is wanted, no corner."),
        "skipping": (
            {"of": lambda blocks, axis: blocks[:, 0, :, 0]},
            "One pixel of each block is kept, the rest is lost: that is aliasing.",
        ),
        "mixed-axes": ({"axis": (0, 2)}, "The mean goes over blocks, not within each. Which axes count its pixels?"),
        "mixed-reshape": (
            {"shape": ("block", "side") * 2, "axis": (0, 2)},
            "Reshape has put pixels together that do not lie side by side. Which number comes first, blocks or pixels?",
        ),
        "largest": ({"of": np.max}, "You keep the largest of each block. That is pooling; scaling wants another."),
        "rounded-down": (
            lambda **case: np.floor(thumbnail(**case)),
            "The means were cut to whole numbers. Look for // or for a dtype that holds no fractions.",
        ),
        "sums": ({"of": np.sum}, "Each is the sum of its block, so it grows with the block. White must stay white."),
        "stretched": (_stretched, "The picture was squeezed, not cropped. First cut out the square."),
    },
)

CONVOLVE = exercise("ps01-2", "A convolution over colors", points=3).function(
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
            "The kernel is turned around before it is laid on the picture. Mathematicians do so; the field does not.",
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

WEIGHTS = exercise("ps01-3", "Larger pictures, more weights?", points=2).value(
    "weights",
    _weights(),
    section=LESSON + "4.-The-article's-network",
    expects="one whole number",
    tolerance=1e-9,
    mistakes={
        "unchanged": (_weights(6), "Convolutions do not mind the size. But what does the first dense layer take?"),
        "four-times": (_weights(12), "Places do not grow by four exactly: each layer trims edges. Follow the side."),
        "rounded-up": (_weights(15), "A last odd row is left out by pooling, not kept: look at 29 by 29."),
        "padded": (_weights(16), "Each convolution of 3 by 3 takes a pixel off every edge of its input."),
        "no-biases": (_weights(dense_bias=0, conv=19_296, out=640), "Each kernel and each unit has a bias, too."),
        "one-layer": (_weights(conv=0, out=0), "That is the first dense layer alone. The others have weights, too."),
        "one-map": (_weights(14, 1 / 64), "The dense layer sees every place of every map; there are 64 maps."),
        "no-pooling": (_weights(60), "Pooling halves the side after each convolution."),
    },
)

SOFTMAX = exercise("ps01-4", "A softmax that breaks", points=3).function(
    softmax,
    section=LESSON + "Softmax:-from-scores-to-probabilities",
    expects="a float array of the shape of logits, whose rows add up to 1",
    shown=[
        {"logits": np.array([[2.0, -1.0], [0.0, 0.0]]), "temperature": 1.0},
        {"logits": np.array([[4000.0, 4002.0, 4001.0], [1.0, 2.0, 4.0]]), "temperature": 2.0},
    ],
    draw=_logits,
    mistakes={
        "overflow": ({"off": lambda scaled: 0}, "exp of a large number is infinite. What may be taken off all logits?"),
        "columns": (
            lambda logits, temperature: softmax(logits.T, temperature).T,
            "The columns add up to 1. Which axis holds the classes of one picture?",
        ),
        "one-maximum": ({"off": np.max}, "One maximum for the table: rows far below become 0 / 0. Each needs its own."),
        "mean-off": (
            {"off": lambda scaled: scaled.mean(axis=1, keepdims=True)},
            "The mean was taken off, and a number may still lie far above it. What makes all of them safe for exp?",
        ),
        "one-sum": ({"off": np.max, "total": None}, "The whole table adds up to 1. Each picture has a 1 of its own."),
        "multiplied": (
            {"temperature": lambda t: 1 / t},
            "A higher temperature makes it surer here. Which way should it go? See section 7.",
        ),
        "after": (
            lambda logits, temperature: softmax(logits, 1) / temperature,
            "The temperature was applied to the probabilities. It divides the logits.",
        ),
        "no-temperature": ({"temperature": 1}, "The temperature makes no difference. Is it where it cancels out?"),
    },
)

CALIBRATION_ERROR = exercise("ps01-5", "May one believe it?", points=4).function(
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
            "Right with 0.8 counts as 0.2 wrong here. Put together what is about as sure.",
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
            "How sure it was is about what it predicted, not the truth.",
        ),
        "not-divided": (
            lambda labels, **case: len(labels) * calibration_error(labels=labels, **case),
            "It grows with the number of pictures. A mean is wanted.",
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

QUESTION = exercise("ps01-6", "Where it looked", points=2).by_hand(
    section=LESSON + 'Grad-CAM:-which-parts-raised-the-score-of-"cat"?'
)

EXERCISES = (THUMBNAIL, CONVOLVE, WEIGHTS, SOFTMAX, CALIBRATION_ERROR, QUESTION)
