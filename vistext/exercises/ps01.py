"""Problem set 1, on lesson 01: tagging with a CNN."""

import numpy as np

from vistext.exercises.exercise import exercise, vary

LESSON = "01_tagging.ipynb#"


def thumbnail(picture, side):
    block = min(picture.shape) // side
    return _block_means(_centre(picture, block * side), side)


def _centre(picture, size):
    top, left = (picture.shape[0] - size) // 2, (picture.shape[1] - size) // 2
    return picture[top : top + size, left : left + size]


def _block_means(square, side):
    block = len(square) // side
    return square.reshape(side, block, side, block).astype(float).mean(axis=(1, 3))


def _corner(picture, side):
    size = min(picture.shape) // side * side
    return _block_means(picture[:size, :size], side)


def _skipping(picture, side):
    block = min(picture.shape) // side
    return _centre(picture, block * side)[::block, ::block].astype(float)


def _mixed_axes(picture, side):
    block = min(picture.shape) // side
    return _centre(picture, block * side).reshape(side, block, side, block).astype(float).mean(axis=(0, 2))


def _mixed_reshape(picture, side):
    block = min(picture.shape) // side
    return _centre(picture, block * side).reshape(block, side, block, side).astype(float).mean(axis=(0, 2))


def _largest(picture, side):
    block = min(picture.shape) // side
    return _centre(picture, block * side).reshape(side, block, side, block).max(axis=(1, 3)).astype(float)


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


def convolve(picture, kernel, bias):
    return np.maximum(0, _slide(picture, kernel) + bias)


def _slide(picture, kernel):
    k = len(kernel)
    windows = np.lib.stride_tricks.sliding_window_view(picture, (k, k), axis=(0, 1))  # rows, columns, channels, k, k
    return np.einsum("rcdij,ijd->rc", windows, kernel)


def _too_few(picture, kernel, bias):
    return convolve(picture, kernel, bias)[:-1, :-1]


def _channels_apart(picture, kernel, bias):
    channels = range(picture.shape[-1])
    each = [_slide(picture[..., c : c + 1], kernel[..., c : c + 1]) for c in channels]
    return np.maximum(0, np.stack(each, axis=-1) + bias)


def _bias_each(picture, kernel, bias):
    return np.maximum(0, _slide(picture, kernel) + picture.shape[-1] * bias)


def _padded(picture, kernel, bias):
    around = len(kernel) // 2
    return convolve(np.pad(picture, ((around, around), (around, around), (0, 0))), kernel, bias)


def _convolutions(rng):
    cases = []
    for rows, columns, k, channels, sign in (
        (4, 6, 3, 3, 1),
        (5, 5, 2, 1, -1),
        (7, 4, 3, 2, -1),
        (3, 3, 3, 3, 1),
        (1, 4, 1, 2, 1),
    ):
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


def softmax(logits, temperature):
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _overflowing(logits, temperature):
    powers = np.exp(logits / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


def _down_the_columns(logits, temperature):
    return softmax(logits.T, temperature).T


def _one_maximum(logits, temperature):
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max())
    return powers / powers.sum(axis=-1, keepdims=True)


def _mean_off(logits, temperature):
    powers = np.exp((logits - logits.mean(axis=1, keepdims=True)) / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def _one_sum(logits, temperature):
    powers = np.exp((logits - logits.max()) / temperature)
    return powers / powers.sum()


def _after(logits, temperature):
    return softmax(logits, 1) / temperature


def _logits(rng):
    cases = []
    for rows, columns, temperature, low in (
        (2, 3, 0.5, 0),
        (3, 2, 2.0, 1),
        (4, 4, 4.0, 2),
        (1, 5, 0.5, 3),
        (4, 3, 2.0, -1),
    ):
        logits = np.round(64 * rng.normal(0, 2, (rows, columns))) / 64  # float32 holds them, and large ones as well
        logits[0] += 4000.0  # too large for exp, and far above the other rows
        if rows > 2:
            logits[1] -= 4000.0  # all of them are 0 for exp
        logits[-1, low] -= 6000.0  # far below the others of its own row
        cases.append({"logits": logits, "temperature": temperature})
    return cases


def calibration_error(probabilities, labels, bins):
    gaps, counts = _gaps(probabilities, labels, bins)
    return float(np.abs(gaps * counts).sum() / len(labels))


def _gaps(probabilities, labels, bins, confidence=None):
    """How sure less how often right, and how many, of each bin that is not empty."""
    confidence = probabilities.max(axis=1) if confidence is None else confidence
    right = probabilities.argmax(axis=1) == labels
    which = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    filled = [which == number for number in range(bins) if (which == number).any()]
    gaps = [confidence[chosen].mean() - right[chosen].mean() for chosen in filled]
    return np.array(gaps), np.array([chosen.sum() for chosen in filled])


def _unweighted(probabilities, labels, bins):
    return float(np.abs(_gaps(probabilities, labels, bins)[0]).mean())


def _over_all_bins(probabilities, labels, bins):
    return float(np.abs(_gaps(probabilities, labels, bins)[0]).sum() / bins)


def _signed(probabilities, labels, bins):
    gaps, counts = _gaps(probabilities, labels, bins)
    return float((gaps * counts).sum() / len(labels))


def _signed_then_positive(probabilities, labels, bins):
    return abs(_signed(probabilities, labels, bins))


def _of_the_label(probabilities, labels, bins):
    gaps, counts = _gaps(probabilities, labels, bins, probabilities[np.arange(len(labels)), labels])
    return float(np.abs(gaps * counts).sum() / len(labels))


def _not_divided(probabilities, labels, bins):
    return len(labels) * calibration_error(probabilities, labels, bins)


def _one_by_one(probabilities, labels, bins):
    right = probabilities.argmax(axis=1) == labels
    return float(np.abs(probabilities.max(axis=1) - right).mean())


def _empty_bins(probabilities, labels, bins):
    filled = len(_gaps(probabilities, labels, bins)[0])
    return float("nan") if filled < bins else calibration_error(probabilities, labels, bins)


def _upper_bins(probabilities, labels, bins):
    return calibration_error(np.nextafter(probabilities, 2), labels, bins)


def _judgements(rng):
    cases = []
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


THUMBNAIL = exercise("ps01-1", "A thumbnail", points=2, difficulty="warm-up", minutes=10).function(
    thumbnail,
    aim="turn a photograph into what a network takes: grey, cropped, scaled",
    section=LESSON + "Crop-and-scale",
    expects="a float array of shape (side, side)",
    shown=[
        {"picture": np.arange(24).reshape(4, 6), "side": 2},
        {"picture": np.array([[0, 0, 0], [9, 1, 5], [3, 7, 8], [2, 0, 6], [1, 1, 1]]), "side": 3},
    ],
    draw=_thumbnails,
    mistakes={
        "corner": (_corner, "Where is the square cut out? The middle of the picture is wanted, not a corner."),
        "skipping": (_skipping, "One pixel of each block is kept and the rest is lost: that is aliasing."),
        "mixed-axes": (
            _mixed_axes,
            "The mean goes over the blocks, not within each. After reshape, which axes count pixels in a block?",
        ),
        "mixed-reshape": (
            _mixed_reshape,
            (
                "Reshape has put pixels together that do not lie side by side. Rows come before columns in memory: "
                "which number comes first, blocks or pixels in a block?"
            ),
        ),
        "largest": (_largest, "You keep the largest of each block. That is pooling; scaling wants another."),
        "rounded-down": (
            lambda picture, side: np.floor(thumbnail(picture, side)),
            "The means were cut to whole numbers. Look for // or for a dtype that holds no fractions.",
        ),
        "sums": (
            lambda picture, side: thumbnail(picture, side) * (min(picture.shape) // side) ** 2,
            "Each number is the sum of its block, so it grows with the size of the block. White must stay white.",
        ),
        "stretched": (_stretched, "The picture was squeezed, not cropped. First cut out the square."),
    },
)

CONVOLVE = exercise("ps01-2", "A convolution over colours", points=3, difficulty="medium", minutes=15).function(
    convolve,
    aim="compute a convolution, a pooling and a dense layer by hand, and get what Keras gets",
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
            lambda picture, kernel, bias: convolve(picture, kernel[::-1, ::-1], bias),
            ("The kernel is turned around before it is laid on the picture. Mathematicians do so; the field does not."),
        ),
        "too-few": (_too_few, "A row and a column are missing. In how many places does a kernel of k fit?"),
        "channels-apart": (_channels_apart, "There is a map for each channel. A kernel adds up all channels."),
        "no-bias": (
            vary(convolve, bias=0),
            "The bias does not show in what came back. Where does b stand in f(Wx + b)?",
        ),
        "bias-each": (_bias_each, "The bias was added once for each channel. There is one for the kernel."),
        "no-rectifier": (
            lambda picture, kernel, bias: _slide(picture, kernel) + bias,
            "There are negative numbers in what came back. What does f do to them?",
        ),
        "bias-last": (
            lambda picture, kernel, bias: np.maximum(0, _slide(picture, kernel)) + bias,
            "The bias was added after f. Read f(Wx + b) from the inside out.",
        ),
        "padded": (_padded, "The map is as large as the picture. Here a kernel stays inside the picture."),
    },
)

WEIGHTS = exercise("ps01-3", "Larger pictures, more weights?", points=2, difficulty="easy", minutes=10).value(
    "weights",
    _weights(),
    aim="train the article's network, and a better one in the same time",
    section=LESSON + "4.-The-article's-network",
    expects="one whole number",
    tolerance=1e-9,
    mistakes={
        "unchanged": (
            _weights(6),
            "Convolutions do not mind the size of the picture. But what does the first dense layer take?",
        ),
        "four-times": (
            _weights(12),
            "Places do not grow by four exactly: each layer trims the edges. Follow the side.",
        ),
        "rounded-up": (_weights(15), "A last odd row is left out by pooling, not kept: look at 29 by 29."),
        "padded": (_weights(16), "Each convolution of 3 by 3 takes a pixel off every edge of its input."),
        "no-biases": (_weights(dense_bias=0, conv=19_296, out=640), "Each kernel and each unit has a bias, too."),
        "one-layer": (_weights(conv=0, out=0), "That is the first dense layer alone. The others have weights, too."),
        "one-map": (_weights(14, 1 / 64), "The dense layer sees every place of every map; there are 64 maps."),
        "no-pooling": (_weights(60), "Pooling halves the side after each convolution."),
    },
)

SOFTMAX = exercise("ps01-4", "A softmax that breaks", points=3, difficulty="medium", minutes=15).function(
    softmax,
    aim="judge a network: confusion, worst mistakes, and whether its probabilities can be believed",
    section=LESSON + "Softmax:-from-scores-to-probabilities",
    expects="a float array of the shape of logits, whose rows add up to 1",
    shown=[
        {"logits": np.array([[2.0, -1.0], [0.0, 0.0]]), "temperature": 1.0},
        {"logits": np.array([[4000.0, 4002.0, 4001.0], [1.0, 2.0, 4.0]]), "temperature": 2.0},
    ],
    draw=_logits,
    mistakes={
        "overflow": (_overflowing, "exp of a large number is infinite. What may be taken off all logits first?"),
        "columns": (_down_the_columns, "The columns add up to 1. Which axis holds the classes of one picture?"),
        "one-maximum": (
            _one_maximum,
            "One maximum for the whole table: rows far below it become 0 / 0. Each picture needs its own.",
        ),
        "mean-off": (
            _mean_off,
            "The mean was taken off, and a number may still lie far above it. What makes all of them safe for exp?",
        ),
        "one-sum": (_one_sum, "The whole table adds up to 1. Each picture has a 1 of its own to share out."),
        "multiplied": (
            lambda logits, temperature: softmax(logits, 1 / temperature),
            "A higher temperature makes it surer here. Which way should it go? See section 7.",
        ),
        "after": (_after, "The temperature was applied to the probabilities. It divides the logits."),
        "no-temperature": (
            vary(softmax, temperature=1),
            "The temperature makes no difference. Is it applied where it cancels out?",
        ),
    },
)

CALIBRATION_ERROR = exercise("ps01-5", "May one believe it?", points=4, difficulty="stretch", minutes=25).function(
    calibration_error,
    aim="judge a network: confusion, worst mistakes, and whether its probabilities can be believed",
    section=LESSON + "7.-May-one-believe-a-probability?",
    expects="one number, 0 to 1",
    shown=[
        {
            "probabilities": np.array([[0.9, 0.1], [0.95, 0.05], [0.3, 0.7], [0.35, 0.65], [0.32, 0.68]]),
            "labels": np.array([0, 1, 1, 1, 1]),
            "bins": 5,
        },
    ],
    draw=_judgements,
    mistakes={
        "one-by-one": (
            _one_by_one,
            (
                "Each picture is compared with itself, so who is right with 0.8 counts as 0.2 wrong. First put those "
                "together that are about as sure."
            ),
        ),
        "unweighted": (_unweighted, "Each bin counts the same, however few pictures are in it."),
        "over-all-bins": (_over_all_bins, "The gaps were added up and divided by the number of bins."),
        "signed": (_signed, "It is negative, or too small: gaps of opposite signs cancel out."),
        "signed-then-positive": (
            _signed_then_positive,
            "The sign was dropped at the end, when too sure and not sure enough had already cancelled out.",
        ),
        "of-the-label": (_of_the_label, "How sure it was is about what it said, not about what is true."),
        "not-divided": (_not_divided, "It grows with the number of pictures. A mean is wanted."),
        "upper-bins": (
            _upper_bins,
            "A number on the edge of two bins was put in the upper one. Which one does it belong to?",
        ),
        "empty-bins": (_empty_bins, "It is nan. What is the mean of a bin without pictures?"),
    },
)

QUESTION = exercise("ps01-6", "Where it looked", points=2, difficulty="medium", minutes=10).by_hand(
    aim="ask where it looked, and test whether the answer is true",
    section=LESSON + 'Grad-CAM:-which-parts-spoke-for-"cat"?',
)

EXERCISES = (THUMBNAIL, CONVOLVE, WEIGHTS, SOFTMAX, CALIBRATION_ERROR, QUESTION)
