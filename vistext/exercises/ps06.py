"""Problem set 6, on lesson 06: visual question answering, QG-Net."""

import numpy as np
from scipy.special import log_softmax, softmax

from vistext.exercises.exercise import discriminating, exercise

LESSON = "06_qgnet.ipynb#"
PAD, START, END = 0, 1, 2


def encode_question(words, ids, cells, weights, *, axis=-1, scale=np.sqrt, residual=1, padding=0, weigh=softmax):
    """The encoder's z: each word and what it reads from the picture; for padding, `padding` times that."""
    query, key, value = weights
    scores = words @ query @ np.swapaxes(cells @ key, 1, 2) / scale(query.shape[1])  # (n, words, cells)
    z = residual * words + weigh(scores, axis=axis) @ (cells @ value)
    return np.where((ids == PAD)[..., np.newaxis], padding * z, z)


def _hard(scores, axis):
    return np.equal(scores, scores.max(axis=axis, keepdims=True)).astype(float)


def _some_questions(rng, n, length, cells, sizes):
    d, k, m = sizes
    ids = rng.integers(2, 9, (n, length))
    ids[:, 0] = START
    for row, count in zip(ids, rng.permutation(n) + length - n + 1, strict=True):
        row[count:] = PAD
    shapes = (n, length, d), (n, cells, k), (d, m), (k, m), (k, d)
    words, features, *weights = (rng.normal(size=shape).round(2) for shape in shapes)
    return {"words": words, "ids": ids, "cells": features, "weights": weights}


def _questions(rng):
    sizes = ((2, 4, 6, (3, 4, 2)), (3, 5, 4, (2, 3, 5)), (2, 3, 5, (4, 2, 3)), (3, 4, 9, (4, 4, 3)))
    return [*discriminating(ENCODE, rng, _some_questions, sizes), _some_questions(rng, 1, 3, 4, (2, 3, 2))]


def answer_loss(logits, answers, *, axis=-1, logs=log_softmax, without=(PAD,), targets=np.s_[:, 1:], mean=None):
    """The mean cross-entropy of the next tokens; `mean` makes one number of the losses, and of which of them count."""
    chosen = answers[targets]
    losses = -np.take_along_axis(logs(logits, axis=axis), chosen[..., np.newaxis], axis=-1)[..., 0]
    counts = ~np.isin(chosen, without)
    return losses[counts].mean() if mean is None else mean(losses, counts)


def _some_answers(rng, n, length, vocabulary):
    answers = np.full((n, length + 1), PAD)
    answers[:, 0] = START
    for row, number in zip(answers, rng.permutation(n), strict=True):  # one has no padding, and one is empty
        count = (length - 1, 0, int(rng.integers(1, length)), 1)[number] if length > 1 else 0
        row[1 : count + 1] = rng.integers(3, vocabulary, count)
        row[count + 1] = END
    logits = rng.normal(0.7, 1, (n, length, vocabulary)) + np.eye(vocabulary)[answers[:, 1:]]
    return {"logits": logits.round(2), "answers": answers}


def _answers(rng):
    sizes = ((2, 4, 6), (3, 5, 7), (2, 3, 5), (4, 5, 6))
    return [*discriminating(ANSWER_LOSS, rng, _some_answers, sizes), _some_answers(rng, 1, 1, 5)]


def picture_ablation(predicted, picture_of, answers, *, among=None, share=lambda right, own: right[~own].mean()):
    """The accuracy with each question's own picture, and with others; `among` makes the answers that count as right."""
    right = predicted == (answers[:, np.newaxis] if among is None else among(predicted, picture_of))
    own = np.arange(predicted.shape[1]) == picture_of[:, np.newaxis]
    return np.array([right[own].mean(), share(right, own)])


def _own(predicted, picture_of):
    return np.take_along_axis(predicted, picture_of[:, np.newaxis], axis=1)


def _some_predictions(rng, questions, pictures):
    predicted, picture_of = rng.integers(0, 3, (questions, pictures)), rng.integers(0, pictures, questions)
    own = _own(predicted, picture_of)[:, 0]
    return {"predicted": predicted, "picture_of": picture_of, "answers": np.where(rng.random(questions) < 0.7, own, 1)}


def _predictions(rng):
    sizes = ((9, 5), (7, 4), (12, 6), (8, 3))
    question_only = _some_predictions(rng, 5, 1) | {"picture_of": rng.integers(0, 3, 5)}
    question_only["predicted"] = question_only["predicted"].repeat(3, axis=1)  # both accuracies are the same
    return [*discriminating(ABLATION, rng, _some_predictions, sizes), question_only]


def attention_maps(to_words, to_cells, columns, *, heads=np.mean):
    """Where each token of an answer attends in the picture, in the end."""
    maps = heads(to_words, axis=1) @ heads(to_cells, axis=1)
    return maps.reshape(*maps.shape[:2], -1, columns)


def _some_weights(rng, n, heads, tokens, shape):
    words, rows, columns = shape
    to_words = rng.dirichlet(np.full(words, 0.5), (n, heads, tokens))
    to_cells = rng.dirichlet(np.full(rows * columns, 0.5), (n, heads, words))
    return {"to_words": to_words.round(3), "to_cells": to_cells.round(3), "columns": columns}


def _attention(rng):
    sizes = ((2, 2, 3, (4, 2, 3)), (1, 3, 4, (3, 3, 2)), (3, 2, 2, (5, 2, 4)), (2, 4, 3, (3, 4, 3)))
    return discriminating(MAPS, rng, _some_weights, sizes)


ROWS, COLUMNS, SIDE = 2, 3, 4  # of a picture's cells, and of a cell in pixels
COLORS = np.array([[0.9, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.2, 0.9], [0.9, 0.8, 0.1]])
SHAPES = np.array([[0x6FF6, 0xFFFF, 0x9669, 0xF99F]]).T >> np.arange(15, -1, -1) & 1  # circle, square, cross, ring
WORDS = ("<pad>", "color", "above", "circle", "square", "cross", "ring")
ANSWERS = ("red", "green", "blue", "yellow", "yes", "no")


def _pictures(rng, cells, shapes, colors):
    """Shapes in cells on black, with a little noise: float32 [n, 8, 12, 3]."""
    canvas, each = np.zeros((len(cells), ROWS * COLUMNS, SIDE, SIDE, 3)), np.arange(len(cells))
    for cell, shape, color in zip(cells.T, shapes.T, colors.T, strict=True):
        canvas[each, cell] = SHAPES[shape].reshape(-1, SIDE, SIDE, 1) * COLORS[color][:, np.newaxis, np.newaxis]
    pictures = canvas.reshape(-1, ROWS, COLUMNS, SIDE, SIDE, 3).swapaxes(2, 3)
    pictures = pictures.reshape(-1, ROWS * SIDE, COLUMNS * SIDE, 3)
    return np.clip(pictures + rng.normal(0, 0.05, pictures.shape), 0, 1).astype(np.float32)


def _pairs(rng, scenes):
    """Six questions about each of some scenes: inputs of a network, and answers [scenes, 6].

    Of two objects, in different rows: the color of both, and which is above, in both orders. Then the first and the
    third question again, about a scene in which the two have changed places, and one has another color.
    """
    top = rng.integers(0, 2, (scenes, 1))
    columns = np.argsort(rng.random((scenes, 3)), axis=1)
    cells = COLUMNS * np.concatenate([top, 1 - top, rng.integers(0, 2, (scenes, 1))], axis=1) + columns
    shapes, colors = np.argsort(rng.random((scenes, 4)), axis=1)[:, :3], rng.integers(0, 4, (scenes, 3))
    changed = colors + np.array([1, 0, 0]) * rng.integers(1, 4, (scenes, 1))
    before = _pictures(rng, cells, shapes, colors)
    after = _pictures(rng, cells[:, [1, 0, 2]], shapes, changed % 4)
    (first, second, _), none, above = (3 + shapes).T, np.full(scenes, PAD), np.full(scenes, WORDS.index("above"))
    color = np.full(scenes, WORDS.index("color"))
    asked = [(color, first, none), (color, second, none), (first, above, second), (second, above, first)]
    questions = np.array([*asked, asked[0], asked[2]]).transpose(2, 0, 1)
    no = 4 + top[:, 0]
    answers = np.stack([colors[:, 0], colors[:, 1], no, 9 - no, changed[:, 0] % 4, 9 - no], axis=1)
    pictures = np.stack([before, before, before, before, after, after], axis=1)
    inputs = {
        "pictures": pictures.reshape(-1, *before.shape[1:]),
        "questions": questions.reshape(-1, 3).astype("int32"),
    }
    return inputs, answers


def _vqa(rng, scenes=500, unseen=100):
    training, answers = _pairs(rng, scenes)
    given = training | {"answers": answers.ravel()}
    new, truth = _pairs(rng, unseen)
    asked = {name: np.concatenate([new[name], training[name][: 6 * unseen]]) for name in new}
    return [{"given": given, "asked": asked, "truth": {"unseen": truth, "training": answers[:unseen]}}]


def train_vqa(pictures, questions, answers):
    import keras
    from keras import layers

    class PositionEmbedding(layers.Layer):
        def build(self, shape):
            self.table = self.add_weight(shape=shape[1:], initializer="random_normal")

        def call(self, x):
            return x + self.table

    picture = layers.Input(pictures.shape[1:], name="pictures")
    question = layers.Input(questions.shape[1:], dtype="int32", name="questions")
    cells = PositionEmbedding()(layers.Reshape((-1, 32))(layers.Conv2D(32, SIDE, strides=SIDE)(picture)))
    words = PositionEmbedding()(layers.Embedding(len(WORDS), 32)(question))
    z = words + layers.MultiHeadAttention(2, 16)(words, cells)
    hidden = layers.Dense(64, activation="relu")(layers.Flatten()(layers.LayerNormalization()(z)))
    network = keras.Model({"pictures": picture, "questions": question}, layers.Dense(len(ANSWERS))(hidden))
    network.compile(keras.optimizers.Adam(0.003), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    network.fit({"pictures": pictures, "questions": questions}, answers, batch_size=64, epochs=10, verbose=0)
    return network


def _choices(outputs):
    """The answers to six questions about each unseen scene, and to as many about scenes of the training."""
    return np.split(outputs.argmax(axis=-1).reshape(-1, 6), 2)


def _vqa_accuracy(truth, outputs):
    return np.mean(_choices(outputs)[0] == truth["unseen"])


def _ignores(one, other):
    """Whether a network gives the same answer to questions at one place and at another, of all unseen scenes."""

    def shows(truth, outputs):
        chosen = _choices(outputs)[0]
        return np.ptp(chosen) > 0 and np.mean(chosen[:, one] == chosen[:, other]) >= 0.99

    return shows


def _by_heart(truth, outputs):
    unseen, training = _choices(outputs)
    return np.mean(training == truth["training"]) >= np.mean(unseen == truth["unseen"]) + 0.1


_PENCIL = np.log([[[0.02, 0.02, 0.02, 0.9, 0.04], [0.01, 0.01, 0.8, 0.1, 0.08], [0.5, 0.1, 0.1, 0.2, 0.1]]])

Z_SHAPE = exercise("ps06-1", "The shape of z", points=1).value(
    "z_shape",
    (3, 11, 128),
    section=LESSON + "The-two-halves",
    expects="a shape: whole numbers in brackets",
    mistakes={
        "no-ends": ((3, 9, 128), "Two tokens that nobody types stand around each question: which?"),
        "one-token-missing": ((3, 10, 128), "One token is missing: a typed one, or one that nobody types."),
        "words-alone": ((3, 8, 128), "Only words were counted. There are other tokens, typed ones and added ones."),
        "cells": ((3, 64, 128), "That is a vector for each cell of the picture. For each of what does z have one?"),
        "one-row": ((3, 128), "Here a whole question has one vector. What does z keep apart?"),
        "batch-forgotten": ((11, 128), "How many questions are encoded at once?"),
        "shortest": ((3, 6, 128), "Two of the questions do not fit into this. How long is padding to make them?"),
        "swapped": ((3, 128, 11), "The numbers are right, their order is not."),
    },
)

ENCODE = exercise("ps06-2", "Words that read a picture", points=3).function(
    encode_question,
    section=LESSON + "The-two-halves",
    expects="a float array of shape (n, words, d)",
    shown=[
        {
            "words": np.array([[[1.0, 0], [0, 1], [1, 1]]]),
            "ids": np.array([[5, 7, 0]]),
            "cells": np.array([[[2.0, 0], [0, 4]]]),
            "weights": [np.eye(2)] * 3,
        }
    ],
    draw=_questions,
    mistakes={
        "softmax-over-words": (
            {"axis": 1},
            "Each cell shares its attention among words. Who is to share it, among whom?",
        ),
        "not-scaled": ({"scale": np.ones_like}, "Wide queries give large scores. By what are they divided?"),
        "scaled-by-width": (
            {"scale": np.abs},
            "The scores are divided by the width of a query. Its square root is enough.",
        ),
        "another-width": (
            lambda words, **case: encode_question(words, **case, scale=lambda m: np.sqrt(words.shape[2])),
            "The scores are divided by the root of a word's width. How long is a query?",
        ),
        "no-softmax": ({"weigh": lambda scores, axis: scores}, "The weights of a word do not add up to 1."),
        "mean-of-cells": (
            {"weights": lambda weights: [0 * weights[0], *weights[1:]]},
            "Each word reads the mean of all cells, whatever it asks. Where do queries come in?",
        ),
        "no-residual": ({"residual": 0}, "What was asked is lost: z has only what was read. What is added to it?"),
        "padding-as-it-was": (
            lambda words, ids, **case: encode_question(words, ids, **case) + words * (ids == PAD)[..., np.newaxis],
            "Padding keeps the vector that it came with. What should its vectors be in z?",
        ),
        "padding-filled": ({"padding": 1}, "Padding has vectors here, and the decoder would read them."),
    },
)

ANSWER_LOSS = exercise("ps06-3", "The loss of an answer", points=3).function(
    answer_loss,
    section=LESSON + "Train-it",
    expects="one number, the mean loss of a token",
    shown=[
        {"logits": _PENCIL, "answers": np.array([[1, 3, 2, 0]])},
        {
            "logits": np.array([[[1.0, 1, 1, 3], [0, 0, 2, 1]], [[1, 0, 3, 1], [4, 0, 0, 0]]]),
            "answers": np.array([[1, 3, 2], [1, 2, 0]]),
        },
    ],
    draw=_answers,
    mistakes={
        "padding-counted": ({"without": ()}, "Padding counts here. Must a network learn to predict it?"),
        "end-not-counted": ({"without": (PAD, END)}, "The end token does not count. Then no answer would ever end."),
        "not-shifted": (
            {"targets": np.s_[:, :-1]},
            "Each place is compared with the token that went in there. Which is it to predict?",
        ),
        "softmax-over-places": ({"axis": 1}, "Softmax went over the places of an answer. What competes at one place?"),
        "sign": (
            lambda **case: -answer_loss(**case),
            "It falls where the answer becomes less probable. Mind the sign.",
        ),
        "mean-of-means": (
            {"mean": lambda losses, counts: ((losses * counts).sum(axis=1) / counts.sum(axis=1)).mean()},
            "Short answers weigh as much as long ones here. Each token is to weigh the same.",
        ),
        "divided-by-all": (
            {"mean": lambda losses, counts: (losses * counts).mean()},
            "The sum is right, and was divided by all places, with padding. How many tokens count?",
        ),
        "summed": ({"mean": lambda losses, counts: losses[counts].sum()}, "That is a sum, larger for longer answers."),
        "most-probable": (
            lambda logits, answers: -log_softmax(logits, axis=-1).max(axis=-1)[answers[:, 1:] != PAD].mean(),
            "The most probable token was taken at each place, whatever the answer is. Where does the answer come in?",
        ),
    },
)

ABLATION = exercise("ps06-4", "Another picture for each question", points=3).function(
    picture_ablation,
    section=LESSON + "4.-Does-it-use-the-picture?",
    expects="two numbers, 0 to 1: with the own picture, and with another one",
    shown=[
        {
            "predicted": np.array([[0, 1, 1], [2, 2, 0], [1, 0, 1], [2, 0, 2]]),
            "picture_of": np.array([0, 1, 2, 2]),
            "answers": np.array([0, 2, 1, 0]),
        }
    ],
    draw=_predictions,
    mistakes={
        "own-among-others": (
            {"share": lambda right, own: right.mean()},
            "The own picture is among the others here. Shuffled so, some questions keep their picture.",
        ),
        "next-picture": (
            {"share": lambda right, own: right[np.roll(own, 1, axis=1)].mean()},
            "Only the next picture was tried. All others count.",
        ),
        "exchanged": (lambda **case: picture_ablation(**case)[::-1], "The two numbers are exchanged."),
        "not-per-picture": (
            {"share": lambda right, own: right[~own].sum() / len(own)},
            "The second number can be larger than 1. By how many predictions is it to be divided?",
        ),
        "divided-by-all": (
            {"share": lambda right, own: right[~own].sum() / own.size},
            "The second number was divided as if the own picture were among the others.",
        ),
        "change": (
            {"among": _own},
            "It was compared with what the network says to the own picture. Compare with the true answers.",
        ),
    },
)

MAPS = exercise("ps06-5", "Where an answer comes from", points=3).function(
    attention_maps,
    section=LESSON + "5.-Where-does-an-answer-come-from?",
    expects="a float array of shape (n, tokens, rows, columns)",
    shown=[
        {
            "to_words": np.array([[[[0.75, 0.25], [0, 1]], [[0.5, 0.5], [0.5, 0.5]]]]),
            "to_cells": np.array(
                [[[[1.0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1]], [[0, 1.0, 0, 0, 0, 0], [0, 0, 0, 0.5, 0, 0.5]]]]
            ),
            "columns": 3,
        }
    ],
    draw=_attention,
    mistakes={
        "head-by-head": (
            lambda to_words, to_cells, columns: (
                (to_words @ to_cells).mean(axis=1).reshape(len(to_words), to_words.shape[2], -1, columns)
            ),
            "Each head was multiplied by the one of the same number. Heads of two attentions are not paired.",
        ),
        "heads-added": (
            {"heads": np.sum},
            "The weights of a map add up to more than 1. What is to be made of the heads?",
        ),
        "words-alike": (
            {"to_words": lambda weights: np.full_like(weights, 1 / weights.shape[-1])},
            "All tokens of an answer have the same map. Each weighs the question's words in its own way.",
        ),
        "best-word": (
            {"to_words": lambda weights: _hard(weights.mean(axis=1, keepdims=True), -1)},
            "Only the question's word with the largest weight counts. The others pass something on, too.",
        ),
        "columns-first": (
            lambda to_words, to_cells, columns: np.swapaxes(
                attention_maps(to_words, to_cells, to_cells.shape[-1] // columns), 2, 3
            ),
            "The cells were laid out column by column. They are numbered row by row.",
        ),
        "upside-down": (lambda **case: attention_maps(**case)[:, :, ::-1], "Row 0 is the upper one."),
    },
)

VQA = exercise("ps06-6", "A network that answers", points=5).network(
    train_vqa,
    score=_vqa_accuracy,
    at_least=0.9,
    measure="the share of questions about unseen pictures that are answered correctly",
    shape=lambda truth: (truth["unseen"].size + truth["training"].size, len(ANSWERS)),
    expects="a network that gives a number for each answer, the largest to the one that it chooses",
    section=LESSON + "Write-it",
    shown=_vqa(np.random.default_rng(6)),
    draw=_vqa,
    mistakes={
        "question-only": (
            _ignores([0, 2], [4, 5]),
            "It gives the same answer whichever picture it is asked about. It is a question-only network.",
        ),
        "image-only": (
            _ignores([0, 0, 2], [1, 2, 3]),
            "It gives the same answer whatever it is asked about a picture. It is an image-only network.",
        ),
        "chance": (
            lambda truth, outputs: _vqa_accuracy(truth, outputs) < 0.32,
            "It answers no better than by chance. Is it trained, and do its answers belong to its questions?",
        ),
        "no-word-order": (
            _ignores([2], [3]),
            "It gives the same answer to “circle above square” and to “square above circle”. What tells it the order?",
        ),
        "by-heart": (
            _by_heart,
            "It answers far better about pictures of its training: it has overfitted. What would learn more from few "
            "pictures, all cells treated alike?",
        ),
    },
)

QUESTION = exercise("ps06-7", "Two networks that agree", points=2).by_hand(LESSON + "6.-Question-generation")

EXERCISES = (Z_SHAPE, ENCODE, ANSWER_LOSS, ABLATION, MAPS, VQA, QUESTION)
