"""Answers to problem set 3, as students write them."""

from collections import Counter, defaultdict
from math import prod

import numpy as np
from answers import BARELY_WRONG, RIGHT, WRONG, values, vary
from scipy.special import expit, softmax
from scipy.stats import gmean

from vistext.data.vocabulary import Vocabulary
from vistext.exercises.ps03 import NOUNS

values(
    "ps03-1",
    right=["CADB", "cadb", "CADB ", "C A D B", "c,a,d,b"],
    wrong={"two-pairs": "acbd", "wrong-letters": "CAD", "other": "DCBA", "wrong-type": ["C", "A", "D", "B"]},
)


def as_a_root_of_a_product(probabilities, ids):
    words = [p for p, number in zip(np.ravel(probabilities), np.ravel(ids), strict=True) if number]
    return prod(words) ** (-1 / len(words))


def by_a_library_of_means(probabilities, ids):
    return 1 / gmean(probabilities[ids.astype(bool)])


def with_weights(probabilities, ids):
    return float(np.exp(np.average(-np.log(probabilities), weights=np.where(ids == 0, 0, 1))))


def real(probabilities, ids):
    return probabilities[ids != 0]


RIGHT["ps03-2"] = [as_a_root_of_a_product, by_a_library_of_means, with_weights]
BARELY_WRONG["ps03-2"] = {
    "the end is no word": lambda probabilities, ids: with_weights(probabilities, np.where(ids == 2, 0, ids))
}
WRONG["ps03-2"] = {
    "no-exp": lambda **case: -np.log(real(**case)).sum() / len(real(**case)),
    "padding-counted": lambda probabilities, ids: np.exp(np.mean(-np.log(probabilities))),
    "divided-by-the-table": lambda probabilities, ids: np.exp(-np.mean(np.log(probabilities) * (ids > 0))),
    "base-ten": lambda **case: np.exp(-np.mean(np.log10(real(**case)))),
    "two-logarithms": lambda **case: np.exp(-np.mean(np.log2(real(**case)))),
    "no-minus": lambda **case: np.exp(np.log(real(**case)).mean()),
    "mean-first": lambda **case: np.exp(-np.log(real(**case).mean())),
    "sum": lambda **case: np.exp(-np.log(real(**case)).sum()),
    "sentence-by-sentence": lambda probabilities, ids: np.mean(
        [with_weights(*sentence) for sentence in zip(probabilities, ids, strict=True)]
    ),
}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_columns(x, state, w, u, b, *, order="zrh", gate=expit, squash=np.tanh, inner=None, blend=None):
    """`inner` has what the candidate gets from the state, and `blend` the new state."""
    units = state.shape[1]
    columns = {name: slice(place * units, (place + 1) * units) for place, name in enumerate(order)}
    z, r = (gate(x @ w[:, part] + state @ u[:, part] + b[part]) for part in (columns["z"], columns["r"]))
    part = columns["h"]
    recalled = inner(r, state, u[:, part]) if inner else (r * state) @ u[:, part]
    candidate = squash(x @ w[:, part] + recalled + b[part])
    return blend(z, state, candidate) if blend else candidate + z * (state - candidate)


def one_row_at_a_time(x, state, w, u, b):
    rows = []
    for word, old in zip(x, state, strict=True):
        from_word, (of_z, of_r, of_new) = np.split(word @ w + b, 3), np.hsplit(u, 3)
        z, r = 1 / (1 + np.exp(-from_word[0] - old @ of_z)), 0.5 + 0.5 * np.tanh((from_word[1] + old @ of_r) / 2)
        rows.append((z * old + (1 - z) * np.tanh(from_word[2] + of_new.T @ (r * old))).tolist())
    return rows


def with_one_matrix(x, state, w, u, b):
    both, n = np.concatenate([w, u]), state.shape[1]
    gates = sigmoid(np.hstack([x, state]) @ both[:, : 2 * n] + b[: 2 * n])
    z, r = gates[:, :n], gates[:, n:]
    return z * state + (1 - z) * np.tanh(np.hstack([x, r * state]) @ both[:, 2 * n :] + b[2 * n :])


def updates_in_place(x, state, w, u, b):
    state[:] = by_columns(x, state, w, u, b)
    return state


RIGHT["ps03-3"] = [by_columns, one_row_at_a_time, with_one_matrix]
WRONG["ps03-3"] = {
    "reset-after": vary(by_columns, inner=lambda r, state, u: r * (state @ u)),
    "gates-swapped": vary(by_columns, order="rzh"),
    "update-turned": vary(by_columns, blend=lambda z, old, new: old + z * (new - old)),
    "no-reset": vary(by_columns, inner=lambda r, state, u: state @ u),
    "no-bias": vary(by_columns, b=lambda b: 0 * b),
    "sigmoid-candidate": vary(by_columns, squash=sigmoid),
    "tanh-gates": vary(by_columns, gate=np.tanh),
    "all-new": vary(by_columns, blend=lambda z, old, new: new),
    "changed-input": updates_in_place,
    "wrong-shape": lambda **case: by_columns(**case)[0],
}


def word_by_word(q, k, v, heads):
    d = q.shape[1] // heads
    rows = []
    for i in range(len(q)):
        row = []
        for h in range(0, heads * d, d):
            scores = [q[i, h : h + d] @ k[j, h : h + d] / d**0.5 for j in range(i + 1)]
            row += sum(weight * v[j, h : h + d] for j, weight in enumerate(softmax(scores))).tolist()
        rows.append(row)
    return rows


def by_einsum(q, k, v, heads):
    q, k, v = (x.reshape(len(x), heads, -1) for x in (q, k, v))
    scores = np.einsum("ihd,jhd->hij", q, k) / np.sqrt(q.shape[-1])
    weights = softmax(np.where(np.tri(len(q), dtype=bool), scores, -np.inf), axis=-1)
    return np.einsum("hij,jhd->ihd", weights, v).reshape(len(q), -1)


def one_head(q, k, v, scale, visible, *, axis=1):
    """`visible` has 1 where a word may attend, and 0 elsewhere."""
    return softmax(np.where(visible, q @ k.T / scale, -1e9), axis=axis) @ v


def head_by_head(q, k, v, heads, *, scale=lambda d, heads: d**0.5, visible=np.tri, attend=one_head):
    d = q.shape[1] // heads
    parts = [slice(h * d, (h + 1) * d) for h in range(heads)]
    each = [attend(q[:, part], k[:, part], v[:, part], scale(d, heads), visible(len(q))) for part in parts]
    return np.concatenate(each, axis=1)


def in_shares(q, k, v, scale, visible):
    powers = np.exp(q @ k.T / scale) * visible
    return powers @ v / powers.sum(axis=1, keepdims=True)


def zeros_for_scores(q, k, v, scale, visible):
    return softmax(visible * (q @ k.T) / scale, axis=1) @ v


def masked_late(q, k, v, scale, visible):
    return softmax(q @ k.T / scale, axis=1) * visible @ v


def reshaped(q, k, v, heads, *, split, join):
    q, k, v = (split(x, heads) for x in (q, k, v))
    return join(
        np.stack([one_head(*each, q.shape[2] ** 0.5, np.tri(q.shape[1])) for each in zip(q, k, v, strict=True)])
    )


def across(x, heads):
    return x.reshape(heads, len(x), -1)


def side_by_side(x, heads):
    return np.stack(np.split(x, heads, axis=1))


def flat(heads):
    return heads.reshape(heads.shape[1], -1)


RIGHT["ps03-4"] = [word_by_word, by_einsum, head_by_head]
BARELY_WRONG["ps03-4"] = {
    "the last word attends to all but itself": vary(
        head_by_head, visible=lambda t: np.where(np.arange(t * t).reshape(t, t) == t * t - 1, 0, np.tri(t))
    ),
    "of at most two heads": lambda q, k, v, heads: head_by_head(q, k, v, min(heads, 2)),
}
WRONG["ps03-4"] = {
    "no-mask": vary(head_by_head, visible=lambda t: np.ones((t, t))),
    "one-ahead": vary(head_by_head, visible=lambda t: np.tri(t, k=1)),
    "not-itself": vary(head_by_head, visible=lambda t: np.tri(t, k=-1), attend=in_shares),
    "past-hidden": vary(head_by_head, visible=lambda t: np.tri(t).T),
    "masked-late": vary(head_by_head, attend=masked_late),
    "zeros": vary(head_by_head, attend=zeros_for_scores),
    "not-scaled": vary(head_by_head, scale=lambda d, heads: 1),
    "scaled-by-width": vary(head_by_head, scale=lambda d, heads: (d * heads) ** 0.5),
    "one-head": lambda q, k, v, heads: head_by_head(q, k, v, 1),
    "cut-across": vary(reshaped, split=across, join=flat),
    "of-the-keys": vary(head_by_head, attend=lambda *case: one_head(*case, axis=0)),
    "not-finite": vary(head_by_head, attend=lambda q, k, v, scale, visible: np.log(visible) @ v),
    "wrong-shape": vary(reshaped, split=side_by_side, join=np.asarray),
}


def layer_norm(x):
    return (x - x.mean(-1)[:, None]) / np.sqrt(x.var(-1)[:, None] + 1e-3)


def standard(x, more=0.0):
    return (x - x.mean(-1)[:, None]) / (x.std(-1)[:, None] + more)


def in_two_parts(
    x, w_qkv, w_mix, w_up, w_down, *, norms=(layer_norm, layer_norm), keep=(1, 1), mask=np.tri, act=None, last=None
):
    """`norms` come before attention and before the MLP, `keep` says what of its input is added to each."""
    width = x.shape[1]
    projected = norms[0](x) @ w_qkv
    q, k, v = (projected[:, i * width : (i + 1) * width] for i in range(3))
    x = keep[0] * x + one_head(q, k, v, width**0.5, mask(len(x))) @ w_mix
    hidden = norms[1](x) @ w_up
    return keep[1] * x + (act(hidden) if act else hidden * (hidden > 0)) @ w_down


def one_word_after_the_other(x, w_qkv, w_mix, w_up, w_down):
    t, width = x.shape
    normal = [(row - np.mean(row)) / (np.var(row) + 1e-3) ** 0.5 for row in x]
    rows = []
    for i in range(t):
        query = normal[i] @ w_qkv[:, :width]
        keys = [normal[j] @ w_qkv[:, width : 2 * width] for j in range(i + 1)]
        weights = softmax([query @ key / width**0.5 for key in keys])
        attended = sum(weights[j] * (normal[j] @ w_qkv[:, 2 * width :]) for j in range(i + 1))
        row = x[i] + attended @ w_mix
        normed = (row - np.mean(row)) / (np.var(row) + 1e-3) ** 0.5
        rows.append((row + np.clip(normed @ w_up, 0, None) @ w_down).tolist())
    return rows


def with_the_heads_of_the_exercise_before(x, w_qkv, w_mix, w_up, w_down):
    attended = x + by_einsum(*np.hsplit(layer_norm(x) @ w_qkv, 3), 1) @ w_mix
    return attended + np.maximum(0, layer_norm(attended) @ w_up) @ w_down


def post_norm(x, w_qkv, w_mix, w_up, w_down):
    x = layer_norm(x + by_einsum(*np.split(x @ w_qkv, 3, axis=1), 1) @ w_mix)
    return layer_norm(x + np.maximum(0, x @ w_up) @ w_down)


def overwrites(x, w_qkv, w_mix, w_up, w_down):
    x = layer_norm(x)
    x = x + by_einsum(*np.split(x @ w_qkv, 3, axis=1), 1) @ w_mix
    x = layer_norm(x)
    return x + np.maximum(0, x @ w_up) @ w_down


def adds_in_place(x, **weights):
    x += with_the_heads_of_the_exercise_before(x, **weights) - x
    return x


def identity(x):
    return x


RIGHT["ps03-5"] = [in_two_parts, one_word_after_the_other, with_the_heads_of_the_exercise_before]
BARELY_WRONG["ps03-5"] = {
    "the last word is not processed": lambda x, **rest: np.vstack([in_two_parts(x, **rest)[:-1], x[-1:]]),
}
WRONG["ps03-5"] = {
    "no-residual": vary(in_two_parts, keep=(0, 0)),
    "first-residual": vary(in_two_parts, keep=(0, 1)),
    "second-residual": vary(in_two_parts, keep=(1, 0)),
    "no-norm": vary(in_two_parts, norms=(identity, identity)),
    "post-norm": post_norm,
    "normalized-residual": overwrites,
    "over-words": vary(in_two_parts, norms=[lambda x: layer_norm(x.T).T] * 2),
    "by-variance": vary(in_two_parts, norms=[lambda x: layer_norm(x) / np.sqrt(x.var(1, keepdims=True) + 1e-3)] * 2),
    "outside-the-root": vary(in_two_parts, norms=[lambda x: standard(x, 1e-3)] * 2),
    "no-epsilon": vary(in_two_parts, norms=[standard] * 2),
    "first-norm": vary(in_two_parts, norms=(identity, layer_norm)),
    "second-norm": vary(in_two_parts, norms=(layer_norm, identity)),
    "no-mix": vary(in_two_parts, w_mix=lambda w: np.identity(w.shape[1])),
    "no-mask": vary(in_two_parts, mask=lambda t: np.ones((t, t))),
    "linear": vary(in_two_parts, act=identity),
    "side-by-side": lambda x, w_up, w_down, **rest: (
        in_two_parts(x, w_up=w_up, w_down=0 * w_down, **rest) + np.maximum(layer_norm(x) @ w_up, 0) @ w_down
    ),
    "changed-input": adds_in_place,
    "wrong-shape": lambda x, w_qkv, **rest: layer_norm(x) @ w_qkv,
}


def recurrent(words, length, *, activation="softmax", cell="GRU", units=48):
    from keras import Sequential, layers

    return Sequential(
        [
            layers.Input((length,), dtype="int32"),
            layers.Embedding(words, 24),
            getattr(layers, cell)(units, return_sequences=True),
            layers.Dense(words, activation=activation),
        ]
    )


def transformer(words, length, *, causal=True):
    from keras import Model, layers

    ids = layers.Input((length,), dtype="int32")
    x = layers.Embedding(words, 32)(ids) + layers.Embedding(length, 32)(np.arange(length))
    for _ in range(2):
        h = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(4, 8)(h, h, use_causal_mask=causal)
        x = x + layers.Dense(32)(layers.Dense(64, activation="gelu")(layers.LayerNormalization()(x)))
    return Model(ids, layers.Dense(words, activation="softmax")(x))


def convolutional(words, length):
    from keras import Sequential, layers

    layers_of_words = [
        layers.Conv1D(48, 3, padding="causal", dilation_rate=dilation, activation="relu") for dilation in (1, 2, 4)
    ]
    return Sequential(
        [
            *(layers.Input((length,), dtype="int32"), layers.Embedding(words, 24)),
            *(*layers_of_words, layers.Dense(words, activation="softmax")),
        ]
    )


def encode(sentences, words):
    return Vocabulary(tuple(words)).encode(sentences, 11)


def trains(build, *, shift=1, rate=0.005, epochs=12, **options):
    def train_language_model(sentences, words):
        from keras import optimizers

        ids, network = encode(sentences, words), build(len(words), 10, **options)
        network.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy")
        inputs, targets = ids[:, :-1], ids[:, shift:][:, :10]
        network.fit(inputs, targets, sample_weight=(targets > 0) * 1.0, epochs=epochs, verbose=0)
        return network

    return train_language_model


def by_gradient_tape(sentences, words):
    import tensorflow as tf
    from keras import optimizers

    network, optimizer = recurrent(len(words), 10, activation=None), optimizers.Adam(0.01)
    step = tf.function(lambda batch: _descend(tf, network, optimizer, batch))
    ids, rng = encode(sentences, words), np.random.default_rng(0)
    for _ in range(350):
        step(ids[rng.integers(0, len(ids), 32)])
    return lambda ids: tf.nn.softmax(network(ids)).numpy()


def _descend(tf, network, optimizer, batch):
    known = tf.cast(batch[:, 1:] > 0, tf.float32)
    with tf.GradientTape() as tape:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(batch[:, 1:], network(batch[:, :-1]))
        loss = tf.reduce_sum(known * losses) / tf.reduce_sum(known)
    optimizer.apply_gradients(zip(tape.gradient(loss, network.weights), network.weights, strict=True))


def last(before, words):
    return before[-1]


def first_noun_and_last(before, words):
    return next((word for word in before if words[word].removesuffix("s") in NOUNS), 0), before[-1]


def counts(context):
    """How often a word comes after a context, and a little more."""

    def train_language_model(sentences, words):
        after = defaultdict(Counter)
        for row in encode(sentences, words).tolist():
            for place in range(1, len(row)):
                after[context(row[:place], words)][row[place]] += 1

        def predict(ids):
            contexts = [[context(row[: at + 1], words) for at in range(len(row))] for row in ids.tolist()]
            table = [[[after[one][word] + 0.1 for word in range(len(words))] for one in row] for row in contexts]
            return np.array(table) / np.sum(table, axis=-1, keepdims=True)

        return predict

    return train_language_model


RIGHT["ps03-6"] = [trains(transformer, epochs=18), trains(convolutional), by_gradient_tape]
WRONG["ps03-6"] = {
    "not-probabilities": trains(recurrent, activation=None),
    "sees-the-future": trains(transformer, causal=False),
    "copies": trains(recurrent, shift=0),
    "untrained": lambda sentences, words: recurrent(len(words), 10),
    "one-word-back": counts(last),
    "other": counts(first_noun_and_last),
    "wrong-shape": lambda sentences, words: recurrent(len(words) + 1, 10),
}
