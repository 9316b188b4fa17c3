"""Problem set 0, on lesson 00: what can be said about one picture?"""

import numpy as np
from scipy.special import expit, softmax

from vistext.data import patterns
from vistext.exercises.exercise import discriminating, exercise, vary

LESSON = "00_tour.ipynb#"


def channel_means(picture, *, largest=255, axis=(0, 1), of=np.mean):
    return of(picture.astype(float), axis=axis) / largest


def _some_picture(rng, rows, columns):
    # Skewed, so that the mean is not the median, and each channel in a range of its own.
    return {"picture": (rng.permutation([90, 170, 255]) * rng.random((rows, columns, 3)) ** 2).astype(np.uint8)}


def _pictures(rng):
    cases = discriminating(CHANNEL_MEANS, rng, _some_picture, ((5, 7), (8, 4), (2, 9), (6, 6), (12, 5)))
    gray = np.repeat(_some_picture(rng, 4, 6)["picture"][..., :1], 3, axis=-1)
    return [*cases, _some_picture(rng, 1, 1), {"picture": gray}]


def box_around(mask, *, take=(0, 1, 2, 3), add=(0, 0, 0, 0), nothing=None):
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return nothing
    box = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
    return [int(box[place]) + more for place, more in zip(take, add, strict=True)]


def _first_and_last(mask):
    """From the first pixel that is met to the last, row by row."""
    pixels = np.argwhere(mask)
    return [*pixels[0].tolist(), *(pixels[-1] + 1).tolist()] if len(pixels) else None


def _masks(rng):
    cases = [{"mask": np.zeros(rng.integers(4, 30, 2), bool)} for _ in range(3)]
    for place in ("inside", "first", "last", "diagonal"):
        high = int(rng.integers(3, 5))
        wide = high if place == "diagonal" else high + int(rng.integers(2, 4))
        rows, columns = high + int(rng.integers(4, 7)), wide + int(rng.integers(9, 12))
        top, left = {
            "inside": (int(rng.integers(1, 3)), int(rng.integers(7, 9))),
            "first": (0, 0),
            "last": (rows - high, columns - wide),
            "diagonal": (2, 2),
        }[place]
        mask = np.zeros((rows, columns), bool)
        # A diamond: its first pixel is not its leftmost, its last not its rightmost.
        mask[top + 1 : top + high - 1, left : left + wide] = True
        mask[[top, top + high - 1], left + wide // 2] = True
        cases.append({"mask": mask})
    apart, lone = (np.zeros((int(rng.integers(7, 12)), int(rng.integers(12, 16))), bool) for _ in range(2))
    apart[1:3, 8 : 8 + int(rng.integers(2, 4))] = apart[5 : 5 + int(rng.integers(1, 3)), 2:4] = True
    lone[int(rng.integers(2, 5)), int(rng.integers(5, 9))] = True
    return [*cases, {"mask": apart}, {"mask": lone}]


CORNERS = np.array([[0, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]], bool)


def _overflowing(logits, axis):
    powers = np.exp(logits)
    return powers / powers.sum(axis=axis, keepdims=True)


def predict_tags(logits, threshold, *, scale=softmax, axis=1, pick=np.argmax, enough=np.greater_equal, unsure=-1):
    """The class that `pick` finds, where the largest of what `scale` makes of the logits is enough."""
    probabilities = scale(logits, axis=axis)
    return np.where(enough(probabilities.max(axis=1), threshold), pick(probabilities, axis=1), unsure)


def _some_logits(rng, pictures, classes, threshold):
    while True:
        logits = np.round(64 * rng.normal(0, 1.5, (pictures, classes))) / 64  # float32 holds them, and large ones, too
        ranked = np.sort(softmax(logits, axis=1), axis=1)
        if np.abs(ranked[:, -1] - threshold).min() > 0.02 and (ranked[:, -1] - ranked[:, -2]).min() > 0.02:
            break
    logits[0] += 1000.0  # too large for exp
    logits[1] -= 1000.0  # and so small that all its powers are 0
    return {"logits": logits, "threshold": threshold}


def _logits(rng):
    sizes = ((5, 3, 0.5), (6, 5, 0.4), (7, 4, 0.75))
    powers_of_two = vary(predict_tags, logits=lambda logits: logits * np.log(2))
    cases = discriminating(PREDICT_TAGS, rng, _some_logits, sizes, also=[powers_of_two], but=["above-only"])
    for classes in (3, 4):  # with a probability of just 1
        certain = np.round(64 * rng.normal(0, 1, (4, classes))) / 64
        certain[1:3] = rng.permutation(np.where(np.eye(classes), 0.0, -4000.0))[:2]
        cases.append({"logits": certain, "threshold": 1.0})
    return [*cases, {"logits": rng.permutation([[-1.5, 0.25, 1.0, 0.5]], axis=1), "threshold": 0.25}]


def _accuracy(confidences, correct, chosen):
    return correct[chosen].mean()


def lowest_threshold(
    confidences,
    correct,
    accuracy,
    *,
    accept=np.greater_equal,
    measure=_accuracy,
    enough=np.greater_equal,
    step=1,
    none=None,
):
    """The first threshold, from the lowest, at which what `measure` finds of the accepted predictions is enough."""
    for threshold in np.unique(confidences)[::step]:
        chosen = accept(confidences, threshold)
        if chosen.any() and enough(measure(confidences, correct, chosen), accuracy):
            return float(threshold)
    return none


def _from_the_top(confidences, correct, accuracy):
    """The lowest before the accuracy falls below what is wanted for the first time."""
    found = None
    for threshold in np.unique(confidences)[::-1]:
        if correct[confidences >= threshold].mean() < accuracy:
            break
        found = float(threshold)
    return found


def _outcomes(confidences, correct, accuracy):
    return {"confidences": np.array(confidences), "correct": np.array(correct, bool), "accuracy": accuracy}


def _certainties(rng):
    # From the most confident down. The accuracy falls below what is wanted, and comes back to just that.
    patterns = (
        ([1, 1, 1, 0, 1, 1, 1, 0, 0, 0], 0.75),
        ([1, 1, 0, 1, 1, 1, 0, 1, 0, 0, 0], 0.75),
        ([1, 0, 1, 1, 1, 0, 1, 0, 0, 0], 0.625),
        ([1, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0], 0.75),
        ([1, 0, 1, 1], 0.75),  # the lowest of all
        ([1, 0, 0, 0, 0, 1, 0], 0.75),  # the highest of all alone
        ([1], 0.75),
        ([0], 0.5),  # never, and so for the rest
        ([0, 1, 0, 1, 0, 0], 0.9),
        ([0, 1, 1, 0, 0, 1, 0], 0.75),
        ([0, 0, 1, 0, 1], 0.625),
    )
    cases = []
    for correct, accuracy in patterns:
        values = np.sort(rng.choice(np.arange(30, 99), len(correct), replace=False))[::-1] / 100
        # The most confident is given first, the next one last, and the rest as it comes.
        order = [*range(len(correct))[:1], *(2 + rng.permutation(max(0, len(correct) - 2))), *range(len(correct))[1:2]]
        cases.append(_outcomes(values[order], np.array(correct)[order], accuracy))
    return cases


def _flat(pictures):
    return np.reshape(pictures, (len(pictures), -1)) / 255


def train_classifier(pictures, labels, *, steps=200, learning_rate=0.5):
    x, targets = _flat(pictures), np.eye(labels.max() + 1)[labels]
    weights, bias = np.zeros((x.shape[1], targets.shape[1])), np.zeros(targets.shape[1])
    for _ in range(steps):
        errors = (softmax(x @ weights + bias, axis=1) - targets) / len(x)
        weights -= learning_rate * x.T @ errors
        bias -= learning_rate * errors.sum(axis=0)
    return lambda pictures: softmax(_flat(pictures) @ weights + bias, axis=1)


def mean_probability(truth, outputs):
    """Of the correct class; 0 where the outputs are no probabilities."""
    return float(outputs[np.arange(len(truth)), truth].mean()) if are_probabilities(outputs) else 0.0


def are_probabilities(outputs):
    return bool((outputs >= 0).all() and np.allclose(outputs.sum(axis=1), 1, atol=1e-3))


def accuracy(truth, outputs):
    return float((outputs.argmax(axis=1) == truth).mean())


OF_CLASSIFIERS = {  # mistakes that every network makes which gives probabilities
    "no-probabilities": (
        lambda truth, outputs: not are_probabilities(outputs),
        "What it gives are no probabilities: each row must add up to 1. Does softmax come last, over the classes?",
    ),
    "too-short": (
        lambda truth, outputs: accuracy(truth, outputs) > 0.85,
        "The most probable class is mostly right, but its probability is low. Too few steps, or too small ones?",
    ),
}


def training_and_unseen(draw):
    """Of a function of `vistext.data.patterns` one that draws the case of a network."""

    def drawn(rng):
        (pictures, labels), (asked, truth) = draw(300, rng), draw(300, rng)
        return [{"given": {"pictures": pictures, "labels": labels}, "asked": asked, "truth": truth}]

    return drawn


CHANNEL_MEANS = exercise("ps00-1", "The mean color", points=2).function(
    channel_means,
    section=LESSON + "The-picture",
    expects="three numbers, 0 to 1",
    shown=[
        {"picture": np.array([[[255, 0, 51], [255, 0, 0]]], np.uint8)},
        {"picture": np.array([[[0, 10, 200], [0, 20, 250]], [[0, 30, 250], [51, 91, 218]]], np.uint8)},
    ],
    draw=_pictures,
    mistakes={
        "not-scaled": ({"largest": 1}, "They are larger than 1. Which number does a byte have for all of a color?"),
        "one-number": ({"axis": None}, "The three colors are averaged together. Over which axes should the mean go?"),
        "rows": ({"axis": (1, 2)}, "There is a mean for each row of pixels. Which axis is to be left?"),
        "columns": ({"axis": (0, 2)}, "There is a mean for each column of pixels. Which axis is to be left?"),
        "reversed": (
            lambda picture: channel_means(picture[..., ::-1]),
            "Blue comes first in yours, as OpenCV has it. NumPy arrays of this course are RGB.",
        ),
        "brightest": ({"of": np.max}, "One pixel decides. In a mean, every pixel counts the same."),
        "median": ({"of": np.median}, "That is the median. A few bright pixels would not change it."),
        "by-256": ({"largest": 256}, "A white picture is not quite 1. What is the largest number in a byte?"),
        "rounded-down": (
            lambda picture: np.floor(channel_means(picture)),
            "Almost all means are 0. Which division keeps fractions, and which data type?",
        ),
        "overflow": (
            lambda picture: channel_means(
                picture, of=lambda values, axis: values.sum(axis) % 256 / values[..., 0].size
            ),
            "A sum of bytes was kept in a byte, which cannot hold more than 255. Convert them first.",
        ),
    },
)

NUMBERS = exercise("ps00-2", "The size of the input", points=1).value(
    "numbers",
    32 * 32 * 3,
    section=LESSON + "The-input,-and-a-heatmap",
    expects="one whole number",
    tolerance=1e-9,
    mistakes={
        "pixels": (32 * 32, "Those are the pixels. How many numbers has a pixel, in a picture with colors?"),
        "whole-picture": (4000 * 3000 * 3, "That is the whole photograph. The network gets less of it, and coarser."),
        "whole-pixels": (4000 * 3000, "Those are all pixels of the photograph. What happens to it before the network?"),
        "square": (3000 * 3000 * 3, "The square is cut out, but it is also made smaller."),
        "square-pixels": (3000 * 3000, "Those are the pixels of the square, at full size and without colors."),
        "four-colors": (32 * 32 * 4, "A fourth channel, for transparency, never reaches the network."),
        "sides": ((32 + 32) * 3, "The two sides are added. How many pixels have so many rows of so many columns?"),
        "squeezed": (32 * 24 * 3, "The picture is not squeezed: what does not fit into the middle square is cut off."),
    },
)

BOX_AROUND = exercise("ps00-3", "From a mask to a box", points=3).function(
    box_around,
    section=LESSON + "Where-is-it?",
    expects="a list of four whole numbers, or None",
    shown=[{"mask": CORNERS}, {"mask": np.zeros((3, 4), bool)}],
    draw=_masks,
    mistakes={
        "last-one-out": ({"add": (0, 0, -1, -1)}, "The last row and column with a pixel are in it. What ends a slice?"),
        "columns-first": ({"take": (1, 0, 3, 2)}, "Columns come first in yours. Which number does a slice take first?"),
        "sizes": (
            lambda mask: (box := box_around(mask)) and [*box[:2], box[2] - box[0], box[3] - box[1]],
            "The last two are its height and width. Where does it end?",
        ),
        "pairs": ({"take": (0, 2, 1, 3)}, "Rows are together, and so are columns. One corner comes first."),
        "one-too-wide": (
            {"add": (-1, -1, 1, 1)},
            "It has a margin: its outer rows and columns hold no pixel of the mask.",
        ),
        "first-and-last": (_first_and_last, "It goes from the first pixel to the last, by rows. Which is leftmost?"),
        "around-nothing": (
            {"nothing": [0, 0, 0, 0]},
            "An empty mask has a box in yours. Where there is no object, there is no box.",
        ),
        "fails-on-nothing": (
            lambda mask: box_around(mask) or min([]),
            "It stops at an empty mask. A picture without the object is an ordinary picture.",
        ),
    },
)

PREDICT_TAGS = exercise("ps00-4", "From logits to tags", points=3).function(
    predict_tags,
    section=LESSON + "What-is-in-it?",
    expects="a whole number for each picture",
    shown=[
        {"logits": np.array([[2.0, 1.0, 0.0], [0.5, 1.0, 0.0], [-3.0, 0.0, 3.0], [1.0, 4.0, 1.0]]), "threshold": 0.6},
        {"logits": np.array([[1000.0, 1003.0], [1.0, 0.5]]), "threshold": 0.75},
    ],
    draw=_logits,
    mistakes={
        "of-logits": (
            {"scale": lambda logits, axis: logits},
            "The threshold was compared with the logit. It is meant for a probability.",
        ),
        "sigmoid": (
            {"scale": lambda logits, axis: expit(logits)},
            "Each class gets a probability by itself. Softmax looks at all classes of a picture: its row adds up to 1.",
        ),
        "over-pictures": ({"axis": 0}, "Softmax ran over the pictures. Which axis holds the classes of one picture?"),
        "one-sum": ({"axis": None}, "The whole table adds up to 1. Each picture has its own probabilities."),
        "one-maximum": (
            {"scale": lambda logits, axis: _overflowing(logits - logits.max(), axis)},
            "The largest of all logits was subtracted from every picture's. Next to it, those of another picture may "
            "be so small that all of their powers are 0.",
        ),
        "overflow": (
            {"scale": _overflowing},
            "exp of a large number is infinite, and of a very small one 0. What may be subtracted from all logits of a "
            "picture without changing its probabilities?",
        ),
        "never-unsure": ({"threshold": -1.0}, "It always predicts a class, however low its probability is."),
        "below": ({"enough": np.less}, "It predicts a class where it is unsure, and none where it is sure."),
        "above-only": ({"enough": np.greater}, "A probability that is just the threshold is enough."),
        "least-probable": ({"pick": np.argmin}, "It predicts the class with the lowest probability."),
        "zero": ({"unsure": 0}, "0 is a class. What stands for no class must not be one of them."),
    },
)

LOWEST_THRESHOLD = exercise("ps00-5", "When to abstain", points=3).function(
    lowest_threshold,
    section=LESSON + "What-goes-wrong",
    expects="one of the numbers in confidences, or None",
    shown=[
        _outcomes([0.9, 0.8, 0.7, 0.6], [True, False, True, False], 0.6),
        _outcomes([0.5, 0.9], [True, False], 0.8),
        _outcomes([0.4, 0.8], [True, True], 0.9),
    ],
    draw=_certainties,
    mistakes={
        "from-the-top": (_from_the_top, "It gives up at the first threshold that fails. A lower one may do again."),
        "highest": ({"step": -1}, "It abstains more often than it must: a lower threshold will do, too."),
        "above-only": ({"accept": np.greater}, "A confidence that is just the threshold is enough."),
        "of-all": (
            {"measure": lambda confidences, correct, chosen: correct[chosen].sum() / len(correct)},
            "The accuracy is that of the pictures for which it predicts something, not of all.",
        ),
        "more-than-wanted": ({"enough": np.greater}, "An accuracy that is just the one asked for is enough."),
        "by-confidence": (
            {"measure": lambda confidences, correct, chosen: confidences[chosen].mean()},
            "A mean confidence is not an accuracy. What says whether a prediction was correct?",
        ),
        "accuracy-itself": (
            {"measure": lambda confidences, correct, chosen: confidences[chosen].min()},
            "The accuracy was taken for the threshold. A network that is not calibrated keeps no such promise.",
        ),
        "one-for-none": ({"none": 1.0}, "If no threshold will do, None comes back: a number would be taken for one."),
    },
)

TRAIN_CLASSIFIER = exercise("ps00-6", "A first classifier", points=5).network(
    train_classifier,
    score=mean_probability,
    at_least=0.8,
    measure="the mean probability of the correct class, on pictures that were not in training",
    shape=lambda truth: (len(truth), 3),
    expects="a function that gives the three probabilities of each picture",
    section=LESSON + "What-is-in-it?",
    shown=training_and_unseen(patterns.shapes)(np.random.default_rng(0)),
    draw=training_and_unseen(patterns.shapes),
    mistakes=OF_CLASSIFIERS
    | {
        "guessing": (
            lambda truth, outputs: accuracy(truth, outputs) < 0.5,
            "It is no better than guessing. Do pictures keep their labels, and does each step go against the gradient?",
        ),
        "class-missing": (
            lambda truth, outputs: len(np.unique(outputs.argmax(axis=1))) < 3,
            "There is a class that it never predicts. Are all labels used in training?",
        ),
    },
)

QUESTION = exercise("ps00-7", "A question of your own", points=2).by_hand(LESSON + "A-map-of-the-course")

EXERCISES = (CHANNEL_MEANS, NUMBERS, BOX_AROUND, PREDICT_TAGS, LOWEST_THRESHOLD, TRAIN_CLASSIFIER, QUESTION)
