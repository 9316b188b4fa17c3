"""Answers to problem set 6, as students write them."""

import numpy as np
from answers import RIGHT, WRONG, values, vary
from scipy.special import log_softmax, softmax

from vistext.nn.engine import keras

layers, ops = keras.layers, keras.ops

values(
    "ps06-1",
    right=[(3, 11, 128), [3, 11, 128], np.array([3, 11, 128]), (3.0, 11.0, 128.0)],
    wrong={"wrong-type": "3, 11, 128", "wrong-shape": 11, "other": (3, 12, 128)},
)


def by_einsum(words, ids, cells, weights, *, axis=2, root=0.5, plus=1, padding=0, weigh=softmax):
    query, key, value = weights
    scores = np.einsum("ntd,dm,km,nck->ntc", words, query, key, cells, optimize=True) / len(query.T) ** root
    z = plus * words + np.einsum("ntc,nck,kd->ntd", weigh(scores, axis=axis), cells, value, optimize=True)
    z[ids == 0] *= padding
    return z


def word_by_word(words, ids, cells, weights):
    w_query, w_key, w_value = weights
    z = np.zeros_like(words)
    for question, picture in enumerate(cells):
        for place, word in enumerate(words[question]):
            if ids[question, place]:
                scores = [(word @ w_query) @ (cell @ w_key) / np.sqrt(w_key.shape[1]) for cell in picture]
                powers = np.exp(np.array(scores) - max(scores))
                z[question, place] = word + sum(
                    power * (cell @ w_value) for power, cell in zip(powers / powers.sum(), picture, strict=True)
                )
    return z


def in_tensors(words, ids, cells, weights):
    w_query, w_key, w_value = weights
    words, cells = (ops.convert_to_tensor(each, "float64") for each in (words, cells))
    scores = ops.matmul(ops.matmul(words, w_query), ops.swapaxes(ops.matmul(cells, w_key), 1, 2))
    z = words + ops.matmul(ops.softmax(scores / w_query.shape[1] ** 0.5), ops.matmul(cells, w_value))
    return ops.where((ids > 0)[..., None], z, ops.zeros_like(z))


RIGHT["ps06-2"] = [by_einsum, word_by_word, in_tensors]
WRONG["ps06-2"] = {
    "softmax-over-words": vary(by_einsum, axis=1),
    "not-scaled": vary(by_einsum, root=0),
    "scaled-by-width": vary(by_einsum, root=1),
    "another-width": lambda words, weights, **case: by_einsum(
        words, weights=[weights[0] * (weights[0].shape[1] / len(weights[0])) ** 0.5, *weights[1:]], **case
    ),
    "no-softmax": vary(by_einsum, weigh=lambda scores, axis: scores),
    "mean-of-cells": vary(by_einsum, weights=lambda weights: [weights[0], 0 * weights[1], weights[2]]),
    "no-residual": vary(by_einsum, plus=0),
    "padding-as-it-was": lambda words, ids, **case: np.where(
        (ids == 0)[..., None], words, by_einsum(words, ids, **case)
    ),
    "padding-filled": vary(by_einsum, padding=1),
    "wrong-shape": lambda **case: by_einsum(**case)[case["ids"] > 0],
    "stopped": vary(by_einsum, weights=lambda weights: weights[:2]),
}


def in_half_the_digits(logits, answers):
    logs, mask = log_softmax(np.float32(logits), axis=2), np.float32(answers[:, 1:] > 0)
    return -(np.take_along_axis(logs, answers[:, 1:, None], 2).squeeze(2) * mask).sum() / mask.sum()


def answer_by_answer(logits, answers):
    total = count = 0
    for table, line in zip(logits.tolist(), answers.tolist(), strict=True):
        for row, token in zip(table, line[1 : line.index(2) + 1], strict=False):
            total += np.log(np.exp(row).sum()) - row[token]
            count += 1
    return total / count


def with_nan(logits, answers, *, targets=np.s_[:, 1:], logs=log_softmax, axis=-1, without=(0,), together=np.nanmean):
    """What is made of the losses of the tokens; those that do not count are nan."""
    chosen = answers[targets]
    rows, places = np.indices(chosen.shape)
    found = -logs(logits, axis=axis)[rows, places, chosen]
    return together(np.where(np.isin(chosen, without), np.nan, found))


def most_probable(logits, answers):
    return -log_softmax(logits, axis=2).max(axis=2)[answers[:, 1:] > 0].mean()


RIGHT["ps06-3"] = [in_half_the_digits, answer_by_answer, with_nan]
WRONG["ps06-3"] = {
    "padding-counted": vary(with_nan, without=()),
    "end-not-counted": vary(with_nan, without=(0, 2)),
    "not-shifted": vary(with_nan, targets=np.s_[:, :-1]),
    "softmax-over-places": vary(with_nan, axis=1),
    "sign": lambda **case: -with_nan(**case),
    "mean-of-means": vary(with_nan, together=lambda found: np.nanmean(found, axis=1).mean()),
    "divided-by-all": vary(with_nan, together=lambda found: np.nansum(found) / found.size),
    "summed": vary(with_nan, together=np.nansum),
    "most-probable": most_probable,
    "wrong-shape": vary(with_nan, together=lambda found: found),
}


def by_a_mask(predicted, picture_of, answers, *, own=False):
    is_own = np.arange(predicted.shape[1]) == picture_of[:, None]
    right = predicted == answers[:, None]
    return [right[is_own].mean(), right[~is_own | own].mean()]


def by_loops(predicted, picture_of, answers):
    own, others = [], []
    for row, picture, answer in zip(predicted, picture_of, answers, strict=True):
        for number, said in enumerate(row):
            (own if number == picture else others).append(said == answer)
    return sum(own) / len(own), sum(others) / len(others)


def by_shifting(predicted, picture_of, answers, *, steps=None):
    shares, rows = [], np.arange(len(answers))
    for step in range(predicted.shape[1]) if steps is None else steps:
        shares.append((predicted[rows, (picture_of + step) % predicted.shape[1]] == answers).mean())
    return np.array([shares[0], np.mean(shares[1:])], np.float32)


def times(predicted, factors, **case):
    return np.multiply(by_loops(predicted, **case), factors(*predicted.shape))


RIGHT["ps06-4"] = [by_a_mask, by_loops, by_shifting]
WRONG["ps06-4"] = {
    "own-among-others": vary(by_a_mask, own=True),
    "next-picture": vary(by_shifting, steps=(0, 1)),
    "exchanged": lambda **case: by_loops(**case)[::-1],
    "not-per-picture": vary(times, factors=lambda n, pictures: (1, pictures - 1)),
    "divided-by-all": vary(times, factors=lambda n, pictures: (1, (pictures - 1) / pictures)),
    "change": lambda predicted, picture_of, answers: by_loops(
        predicted, picture_of, predicted[np.arange(len(predicted)), picture_of]
    ),
    "wrong-shape": lambda **case: by_loops(**case)[0],
}


def by_matrices(to_words, to_cells, columns, *, heads=np.mean):
    found = np.einsum("naw,nwc->nac", heads(to_words, 1), heads(to_cells, 1))
    return found.reshape(found.shape[0], found.shape[1], found.shape[2] // columns, columns)


def every_pair_of_heads(to_words, to_cells, columns):
    pairs = [[to_words[:, i] @ to_cells[:, j] for i in range(to_words.shape[1])] for j in range(to_cells.shape[1])]
    return [[row.reshape(-1, columns) for row in rows] for rows in np.mean(pairs, axis=(0, 1))]


def token_by_token(to_words, to_cells, columns):
    (n, heads, tokens, words), cells = to_words.shape, to_cells.shape[3]
    maps = np.zeros((n, tokens, cells // columns, columns))
    for cell in range(cells):
        for word in range(words):
            weight = to_words[..., word].sum(axis=1) * to_cells[:, :, word, cell].sum(axis=1)[:, None]
            maps[:, :, cell // columns, cell % columns] += weight / heads**2
    return maps


def best_word(to_words, **case):
    best = to_words.mean(axis=1).argmax(axis=-1)[:, None]
    return by_matrices(to_words=np.eye(to_words.shape[-1])[best], **case)


def head_by_head(to_words, to_cells, columns):
    found = np.einsum("nhaw,nhwc->nac", to_words, to_cells) / to_words.shape[1]
    return found.reshape(*found.shape[:2], -1, columns)


RIGHT["ps06-5"] = [by_matrices, every_pair_of_heads, token_by_token]
WRONG["ps06-5"] = {
    "head-by-head": head_by_head,
    "heads-added": vary(by_matrices, heads=np.sum),
    "words-alike": vary(by_matrices, to_words=lambda weights: 0 * weights + 1 / weights.shape[3]),
    "best-word": best_word,
    "columns-first": lambda to_words, to_cells, columns: np.moveaxis(
        by_matrices(to_words, to_cells, to_cells.shape[3] // columns), 3, 2
    ),
    "upside-down": lambda **case: np.flip(by_matrices(**case), axis=2),
    "wrong-shape": lambda **case: by_matrices(**case).reshape(len(case["to_words"]), case["to_words"].shape[2], -1),
}


class Positions(layers.Layer):
    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:], initializer="random_normal")

    def call(self, x):
        return x + self.table


def halves(pictures, questions, decode, order=True):
    """Encoder and decoder, in one model from a dict to the six answers' logits."""
    inputs = {
        name: layers.Input(each.shape[1:], name=name)
        for name, each in (("pictures", pictures), ("questions", questions))
    }
    cells = Positions()(layers.Reshape((6, 48))(layers.Conv2D(48, 4, strides=4)(inputs["pictures"])))
    words = layers.Embedding(7, 48)(inputs["questions"])
    words = Positions()(words) if order else words
    z = layers.LayerNormalization()(words + layers.MultiHeadAttention(3, 16)(words, cells))
    return keras.Model(inputs, decode(z))


def with_a_gru(pictures, questions, answers, *, epochs=10, **options):
    def decode(z):
        return layers.Dense(6, activation="softmax")(layers.GRU(64)(z))

    return trained(halves(pictures, questions, decode, **options), pictures, questions, answers, epochs)


def trained(network, pictures, questions, answers, epochs=10):
    probabilities = network.layers[-1].activation is keras.activations.softmax
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=not probabilities)
    network.compile(keras.optimizers.AdamW(0.004), loss)
    network.fit({"pictures": pictures, "questions": questions}, answers, 64, epochs, verbose=0)
    return network


def in_a_loop(pictures, questions, answers):
    """Scores of words and cells, and what is read by them, into a multilayer perceptron; a step by hand."""
    import tensorflow as tf

    picture, question = layers.Input(pictures.shape[1:]), layers.Input(questions.shape[1:])
    cells = layers.Reshape((6, 32))(layers.Conv2D(32, 4, strides=4)(picture))
    weights = ops.softmax(ops.matmul(layers.Embedding(7, 32)(question), ops.swapaxes(layers.Dense(32)(cells), 1, 2)))
    everything = [
        layers.Flatten()(each) for each in (weights, ops.matmul(weights, cells), layers.Embedding(7, 8)(question))
    ]
    hidden = layers.Dense(64, activation="relu")(layers.Concatenate()(everything))
    network, optimizer = keras.Model([picture, question], layers.Dense(6)(hidden)), keras.optimizers.Adam(0.004)

    @tf.function
    def step(*batch):
        with tf.GradientTape() as tape:
            logits = network([batch[0], batch[1]])
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(batch[2], logits))
        optimizer.apply_gradients(
            zip(tape.gradient(loss, network.trainable_variables), network.trainable_variables, strict=True)
        )

    rng = np.random.default_rng(0)
    for _ in range(700):
        rows = rng.integers(0, len(answers), 64)
        step(pictures[rows], questions[rows], answers[rows])
    return lambda asked: network([asked["pictures"], asked["questions"]])


def with_self_attention(pictures, questions, answers):
    """Words and cells in one transformer block, read out word by word."""

    def decode(z):
        z = z + layers.MultiHeadAttention(3, 16)(z, z)
        return layers.Dense(6)(layers.Dense(96, activation="gelu")(layers.Flatten()(z)))

    return trained(halves(pictures, questions, decode), pictures, questions, answers)


def pooled(z):
    return layers.Dense(6)(layers.Dense(64, activation="relu")(layers.GlobalAveragePooling1D()(z)))


def without_order(pictures, questions, answers):
    return trained(halves(pictures, questions, pooled, order=False), pictures, questions, answers)


def flat(pictures, questions, answers, epochs=25):
    inputs = {"pictures": layers.Input(pictures.shape[1:]), "questions": layers.Input(questions.shape[1:])}
    words = layers.Embedding(7, 16)(inputs["questions"])
    x = layers.Concatenate()([layers.Flatten()(inputs["pictures"]), layers.Flatten()(words)])
    for _ in range(2):
        x = layers.Dense(256, activation="relu")(x)
    return trained(keras.Model(inputs, layers.Dense(6)(x)), pictures, questions, answers, epochs)


def on_other_inputs(change):
    """A network that is trained on changed inputs, and called with such."""

    def train(pictures, questions, answers):
        network = with_a_gru(**change({"pictures": pictures, "questions": questions}), answers=answers, epochs=4)
        return lambda asked: network(change(asked))

    return train


def untrained(pictures, questions, answers):
    return halves(pictures, questions, pooled)


RIGHT["ps06-6"] = [with_a_gru, in_a_loop, with_self_attention]
WRONG["ps06-6"] = {
    "question-only": on_other_inputs(lambda inputs: inputs | {"pictures": 0 * inputs["pictures"]}),
    "image-only": on_other_inputs(lambda inputs: inputs | {"questions": 0 * inputs["questions"]}),
    "chance": vary(with_a_gru, answers=np.random.default_rng(0).permutation, epochs=3),
    "no-word-order": without_order,
    "by-heart": lambda **case: flat(**{name: each[:600] for name, each in case.items()}),
    "no-network": lambda **case: with_a_gru(**case, epochs=1).history,
}
