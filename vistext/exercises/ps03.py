"""Problem set 3, on lesson 03: words."""

import numpy as np

from vistext.data.vocabulary import SPECIAL, Vocabulary, detokenize
from vistext.exercises.exercise import exercise

LESSON = "03_words.ipynb#"


def perplexity(probabilities, ids, *, of=lambda known: np.exp(-np.log(known).mean()), known=lambda ids: ids > 0):
    return float(of(probabilities[known(ids)]))


def _tables(rng):
    cases = []
    for rows, columns in ((2, 5), (3, 6), (1, 4), (4, 7)):
        ids = rng.integers(3, 30, (rows, columns))
        ids[0, 0] = 1  # all but 0 count
        lengths = rng.permutation([columns, *rng.permutation(np.arange(2, columns))[: rows - 1]])  # one is not padded
        ids[np.arange(columns) >= lengths[:, None]] = 0
        ids[np.arange(rows), lengths - 1] = 2
        probabilities = np.where(ids > 0, rng.uniform(0.02, 0.9, ids.shape), rng.uniform(0.95, 1, ids.shape))
        cases.append({"probabilities": probabilities.round(3), "ids": ids})
    return cases


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _recall(r, state, u):
    return (r * state) @ u


def gru_step(x, state, w, u, b, *, order=(0, 1, 2), gate=_sigmoid, squash=np.tanh, recall=_recall, keep=np.asarray):
    """One step of the GRU of Cho et al. 2014; `order` has the places of update gate, reset gate and candidate."""
    parts = list(zip(np.split(x @ w + b, 3, axis=1), np.split(u, 3, axis=1), strict=True))
    update, reset, (from_word, from_state) = (parts[place] for place in order)
    z, r = (gate(word + state @ matrix) for word, matrix in (update, reset))
    return keep(z) * state + (1 - keep(z)) * squash(from_word + recall(r, state, from_state))


def _steps(rng):
    cases = []
    for n, inputs, units in ((3, 2, 3), (2, 4, 2), (1, 3, 4), (4, 3, 3)):
        shapes = (n, inputs), (n, units), (inputs, 3 * units), (units, 3 * units), (3 * units,)
        arrays = (rng.normal(size=shape).round(2) for shape in shapes)
        cases.append(dict(zip(("x", "state", "w", "u", "b"), arrays, strict=True)))
    return cases


def _split(x, heads):
    """[t, width] → [heads, t, width / heads]."""
    return np.stack(np.split(x, heads, axis=1))


def _cut_across(x, heads):
    return x.reshape(heads, len(x), -1)


def _softmax(scores, later, axis=-1):
    powers = np.exp(np.where(later, -1e9, scores))
    return powers / powers.sum(axis=axis, keepdims=True)


def _later(t, away=1):
    return np.triu(np.ones((t, t), bool), away)


def multi_head_attention(
    q, k, v, heads, *, later=_later, length=lambda q: q.shape[-1], softmax=_softmax, split=_split, join=np.hstack
):
    t, (q, k, v) = len(q), (split(x, heads) for x in (q, k, v))
    weights = softmax(q @ k.swapaxes(1, 2) / np.sqrt(length(q)), later(t))  # (heads, t, t)
    return join(weights @ v)


def _queries_keys_values(rng):
    cases = []
    for t, heads, d in ((3, 2, 2), (4, 3, 2), (5, 2, 3), (1, 4, 3)):
        q, k, v = rng.normal(0, 1.3, (3, t, heads * d)).round(2)
        cases.append({"q": q, "k": k, "v": v, "heads": heads})
    return cases


def _normalize(x, axis=1, power=0.5, under=1e-3, outside=0.0):
    return (x - x.mean(axis=axis, keepdims=True)) / ((x.var(axis=axis, keepdims=True) + under) ** power + outside)


def _relu(x):
    return np.maximum(x, 0)


def decoder_block(
    x,
    w_qkv,
    w_mix,
    w_up,
    w_down,
    *,
    normalize=_normalize,
    again=None,
    keep=(1, 1),
    later=_later,
    activate=_relu,
    read=1,
):
    """`keep` says what share of its input is added to each part; of what attention adds, the MLP reads `read`.

    `again` normalizes what the MLP reads, if it is another function.
    """
    q, k, v = np.split(normalize(x) @ w_qkv, 3, axis=1)
    new = multi_head_attention(q, k, v, 1, later=later) @ w_mix
    return keep[1] * (keep[0] * x + new) + activate((again or normalize)(keep[0] * x + read * new) @ w_up) @ w_down


def _norm_in_the_way(x, **weights):
    """Both parts, and what they are added to is normalized between them."""
    h = _normalize(decoder_block(x, normalize=lambda x: x, **weights | {"w_up": 0 * weights["w_up"]}))
    return h + _relu(h @ weights["w_up"]) @ weights["w_down"]


def _blocks(rng):
    cases = []
    for t, width in ((3, 4), (4, 3), (1, 5), (5, 4)):
        shapes = (width, 3 * width), (width, width), (width, 2 * width), (2 * width, width)
        weights = (rng.normal(0, 0.8, shape).round(2) for shape in shapes)
        case = dict(zip(("w_qkv", "w_mix", "w_up", "w_down"), weights, strict=True))
        cases.append({"x": rng.normal(0.5, 1.5, (t, width)).round(2), **case})
    return cases


DETERMINERS, NOUNS, VERBS = (("a", "the"), ("these", "those")), ("cat", "dog", "horse", "frog"), ("sleep", "run", "eat")
ADJECTIVES, PREPOSITIONS, LENGTH = ("small", "grey", "young"), ("near", "behind"), 11
WORDS = [
    *(*SPECIAL, ".", *DETERMINERS[0], *DETERMINERS[1], *ADJECTIVES, *PREPOSITIONS),
    *(word + ending for word in (*NOUNS, *VERBS) for ending in ("", "s")),
]


def _noun_phrase(rng):
    """Words, their probability, the place of the noun in `NOUNS`, and whether it is plural."""
    plural, noun = int(rng.integers(2)), int(rng.integers(len(NOUNS)))
    adjective = [ADJECTIVES[rng.integers(3)]] if rng.random() < 0.3 else []
    words = [DETERMINERS[plural][rng.integers(2)], *adjective, NOUNS[noun] + "s" * plural]
    return words, (0.1 if adjective else 0.7) / 16, noun, plural


def _sentence(rng, verbs):
    """A sentence whose verb depends on its first noun, however far away that is, and its probability."""
    words, probability, noun, plural = _noun_phrase(rng)
    if nested := rng.random() < 0.7:
        more, of_more, *_ = _noun_phrase(rng)
        words, probability = [*words, PREPOSITIONS[rng.integers(2)], *more], probability * of_more / 2
    verb = rng.choice(len(VERBS), p=verbs[noun])
    sentence = detokenize([*words, VERBS[verb] + "s" * (1 - plural), "."])
    return sentence, probability * (0.7 if nested else 0.3) * verbs[noun, verb]


def _language(rng):
    """A grammar in which each noun has verbs of its own; asked are unseen sentences, and the same with other ends."""
    verbs = rng.permuted(np.tile([0.9, 0.08, 0.02], (len(NOUNS), 1)), axis=1)
    train, unseen = ([_sentence(rng, verbs) for _ in range(count)] for count in (1000, 200))
    ids = Vocabulary(tuple(WORDS)).encode([sentence for sentence, _ in unseen], LENGTH)
    ends = np.concatenate([ids[:, :4], rng.permutation(ids)[:, 4:]], axis=1)
    truth = {"asked": np.concatenate([ids, ends])[:, :-1], "targets": ids[:, 1:]}
    truth["best"] = np.log([probability for _, probability in unseen]).sum() / (ids[:, 1:] > 0).sum()
    given = {"sentences": [sentence for sentence, _ in train], "words": list(WORDS)}
    return [{"given": given, "asked": truth["asked"], "truth": truth}]


def train_language_model(sentences, words):
    from keras import Sequential, layers, optimizers  # judging needs no TensorFlow

    ids = Vocabulary(tuple(words)).encode(sentences, LENGTH)
    network = Sequential(
        [
            layers.Embedding(len(words), 24),
            layers.GRU(48, return_sequences=True),
            layers.Dense(len(words), activation="softmax"),
        ]
    )
    network.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    network.fit(ids[:, :-1], ids[:, 1:], sample_weight=(ids[:, 1:] > 0) * 1.0, epochs=12, verbose=0)
    return network


def _are_probabilities(outputs):
    return outputs.min() >= 0 and np.abs(outputs.sum(axis=-1) - 1).max() < 0.01


def _sees_the_future(truth, outputs):
    before, after = np.split(outputs[:, :4], 2)  # the words up to there are the same
    return np.abs(before - after).max() > 0.01


def _of_perplexities(truth, outputs):
    """The perplexity of the grammar itself, divided by the network's: about 1 at best."""
    if not _are_probabilities(outputs) or _sees_the_future(truth, outputs):
        return 0.0
    targets = truth["targets"]
    of_words = np.take_along_axis(outputs[: len(targets)], targets[..., None], axis=-1)[..., 0][targets > 0]
    return float(np.exp(np.log(np.maximum(of_words, 1e-12)).mean() - truth["best"]))


def _copies(truth, outputs):
    given = truth["asked"] > 0
    return (outputs.argmax(axis=-1) == truth["asked"])[given].mean() > 0.5


def _one_word_back(truth, outputs):
    groups = (outputs[truth["asked"] == word] for word in np.unique(truth["asked"]) if word)
    return all(np.abs(group - group[0]).max() < 1e-4 for group in groups)


TEMPERATURES = exercise("ps03-1", "From low to high temperature", points=1).value(
    "from_low_to_high",
    "CADB",
    section=LESSON + "6.-Sampling",
    expects="a text of four letters, each of A, B, C and D once",
    mistakes={
        "turned": ("BDAC", "From high to low. Which curve is nearest to: always the same word?"),
        "lowest-two": ("ACDB", "Look again at the two steepest. The lower it is, the more the first word gets."),
        "middle-two": ("CDAB", "Look again at the two in the middle. How much does the last word get in each?"),
        "highest-two": ("CABD", "Look again at the two flattest. The higher, the more alike all words are."),
        "ends": ("BADC", "The ends are exchanged. At an infinite temperature every word gets the same."),
        "as-named": ("ABCD", "That is the order of their names."),
        "two-pairs": ("ACBD", "Low and high are told apart, but in both pairs the order is turned."),
    },
)

PERPLEXITY = exercise("ps03-2", "A perplexity that flatters", points=3).function(
    perplexity,
    section=LESSON + "Counting-padding",
    expects="one number, 1 or more",
    shown=[
        {
            "probabilities": np.array([[0.5, 0.25, 0.125, 1.0], [0.2, 0.1, 0.99, 0.98]]),
            "ids": np.array([[4, 5, 2, 0], [4, 2, 0, 0]]),
        }
    ],
    draw=_tables,
    mistakes={
        "padding-counted": ({"known": lambda ids: ids >= 0}, "It is too good: padding, easy to guess, was counted."),
        "divided-by-the-table": (
            lambda probabilities, ids: np.exp(-np.log(probabilities[ids > 0]).sum() / ids.size),
            "Padding is not in the sum, but in what it is divided by.",
        ),
        "base-ten": (
            {"of": lambda p: np.exp(-np.log10(p).mean())},
            "Padding is out now. Which logarithm does np.exp undo?",
        ),
        "two-logarithms": ({"of": lambda p: np.exp(-np.log2(p).mean())}, "exp undoes the natural logarithm, no other."),
        "no-minus": ({"of": lambda p: np.exp(np.log(p).mean())}, "Below 1? Logarithms of probabilities are negative."),
        "no-exp": ({"of": lambda p: -np.log(p).mean()}, "That is the mean itself. What undoes the logarithm?"),
        "mean-first": ({"of": lambda p: 1 / p.mean()}, "The mean was taken of probabilities, the logarithm then."),
        "sum": ({"of": lambda p: np.exp(-np.log(p).sum())}, "It grows with every word. A mean is wanted, not a sum."),
        "sentence-by-sentence": (
            lambda probabilities, ids: np.mean([perplexity(*row) for row in zip(probabilities, ids, strict=True)]),
            "Each sentence got a perplexity of its own. All words count the same.",
        ),
    },
)

GRU_STEP = exercise("ps03-3", "One step of the paper's GRU", points=3).function(
    gru_step,
    section=LESSON + "One-step,-by-hand",
    expects="a float array of shape (n, units)",
    shown=[
        {
            "x": np.array([[1.0, -1.0], [0.5, 2.0]]),
            "state": np.array([[0.5, -0.5], [0.0, 1.0]]),
            "w": np.array([[1.0, 0.5, -1.0, 0.0, 1.5, -0.5], [0.0, -0.5, 1.0, 0.5, -1.0, 2.0]]),
            "u": np.array([[0.5, 1.0, 0.0, -1.5, 2.0, 1.0], [-0.5, 0.0, 1.0, 1.0, -1.0, 1.5]]),
            "b": np.array([0.1, -0.1, 0.2, 0.3, -0.2, 0.4]),
        }
    ],
    draw=_steps,
    mistakes={
        "reset-after": (
            {"recall": lambda r, state, u: r * (state @ u)},
            "The reset gate came after the matrix. That is Keras's variant, and here the paper's is asked for.",
        ),
        "gates-swapped": ({"order": (1, 0, 2)}, "Update and reset gate are exchanged. Whose columns come first?"),
        "update-turned": (
            {"keep": lambda z: 1 - z},
            "Where the update gate is 1, everything is new here. It says how much of the old state stays.",
        ),
        "no-reset": ({"recall": lambda r, state, u: state @ u}, "The reset gate changes nothing."),
        "no-bias": ({"b": np.zeros_like}, "What does b do? Nothing so far."),
        "sigmoid-candidate": ({"squash": _sigmoid}, "The candidate is never below 0. It is no gate."),
        "tanh-gates": ({"gate": np.tanh}, "A gate is between 0 and 1. Yours goes below 0."),
        "all-new": (
            {"keep": lambda z: 0},
            "The update gate changes nothing: the new state is the candidate. How much of the old one stays?",
        ),
    },
)

ATTENTION = exercise("ps03-4", "Multi-head causal attention", points=3).function(
    multi_head_attention,
    section=LESSON + "The-layer",
    expects="a float array of shape (t, width)",
    shown=[
        {
            "q": np.array([[1.0, 0, 0, 1], [0, 2, 1, 0], [1, 1, -1, 2]]),
            "k": np.array([[1.0, 1, 0, 1], [2, 0, 1, 0], [0, 1, 1, 2]]),
            "v": np.array([[1.0, 0, 10, 0], [0, 1, 0, 10], [1, 1, 20, 20]]),
            "heads": 2,
        }
    ],
    draw=_queries_keys_values,
    mistakes={
        "no-mask": (
            {"later": lambda t: _later(t, t)},
            "Words attend to later ones. In training, these are the answers.",
        ),
        "one-ahead": (
            {"later": lambda t: _later(t, 2)},
            "Each word attends to the next one, too. That one is to be predicted.",
        ),
        "not-itself": ({"later": lambda t: _later(t, 0)}, "A word may attend to itself. The first has nothing else."),
        "past-hidden": ({"later": lambda t: _later(t).T}, "The mask is turned around: it hides the words before."),
        "masked-late": (
            {"softmax": lambda scores, later: _softmax(scores, False) * ~later},
            "The weights of a word do not add up to 1. Hide before the softmax, and not after it.",
        ),
        "zeros": (
            {"softmax": lambda scores, later: _softmax(np.where(later, 0, scores), False)},
            "A hidden score of 0 is not hidden: exp(0) is 1. Which score gets the weight 0?",
        ),
        "not-scaled": ({"length": lambda q: 1}, "The scores were not divided by anything, and softmax is too sharp."),
        "scaled-by-width": ({"length": lambda q: len(q) * q.shape[-1]}, "How long is the query of one head?"),
        "one-head": ({"heads": 1}, "It is the same for any number of heads: all numbers go into one product."),
        "cut-across": (
            {"split": _cut_across, "join": lambda heads: heads.reshape(heads.shape[1], -1)},
            "reshape has cut words in pieces: a head has got numbers of several words in place of some of each.",
        ),
        "of-the-keys": (
            {"softmax": lambda scores, later: _softmax(scores, later, axis=-2)},
            "For each key, the weights of all queries add up to 1. It should be the other way round.",
        ),
    },
)

BLOCK = exercise("ps03-5", "A decoder block", points=3).function(
    decoder_block,
    section=LESSON + "The-network",
    expects="a float array of shape (t, width)",
    shown=[
        {
            "x": np.array([[1.0, -1.0], [0.0, 3.0], [2.0, 1.0]]),
            "w_qkv": np.array([[1.0, 0, 0.5, 1, 1, 0], [0, 1, 1, -1, 0, 2]]),
            "w_mix": np.array([[0.5, 1], [-1, 0.5]]),
            "w_up": np.array([[1.0, 0, -1, 2], [0, 1, 1, -1]]),
            "w_down": np.array([[1.0, 0], [0, 1], [0.5, -0.5], [1, 1]]),
        }
    ],
    draw=_blocks,
    mistakes={
        "no-residual": ({"keep": (0, 0)}, "What goes in is not added to what comes out, twice."),
        "first-residual": ({"keep": (0, 1)}, "Attention has replaced its input. It is to be added to it."),
        "second-residual": ({"keep": (1, 0)}, "The MLP has replaced its input. It is to be added to it."),
        "no-norm": ({"normalize": lambda x: x}, "Nothing was normalized, neither before attention nor before the MLP."),
        "post-norm": (
            lambda x, **weights: _normalize(_norm_in_the_way(x, **weights)),
            "It normalizes after each addition, as the first transformer did. Here, before each part.",
        ),
        "normalized-residual": (
            lambda x, **weights: _norm_in_the_way(_normalize(x), **weights),
            "What is added at the end of each part was normalized, too. A residual connection leaves it alone.",
        ),
        "over-words": (
            {"normalize": lambda x: _normalize(x, axis=0)},
            "The means are over words. Layer normalization is of each word by itself, or the future leaks in.",
        ),
        "by-variance": ({"normalize": lambda x: _normalize(x, power=1)}, "Divided by the variance. A root is missing."),
        "outside-the-root": (
            {"normalize": lambda x: _normalize(x, under=0, outside=1e-3)},
            "The 0.001 belongs under the root, with the variance.",
        ),
        "no-epsilon": ({"normalize": lambda x: _normalize(x, under=0)}, "Under the root, the variance is not alone."),
        "first-norm": ({"normalize": lambda x: x, "again": _normalize}, "What attention reads was not normalized."),
        "second-norm": ({"again": np.asarray}, "What the MLP reads was not normalized. Each part has its own norm."),
        "no-mix": ({"w_mix": lambda w: np.eye(len(w))}, "What attention gives is added as it is. What is w_mix for?"),
        "no-mask": ({"later": lambda t: _later(t, t)}, "Words attend to later ones. Where is the causal mask?"),
        "linear": ({"activate": lambda x: x}, "Without anything between, two dense layers are one."),
        "side-by-side": (
            {"read": 0},
            "The MLP has read what went into the block. What does it know of the other words?",
        ),
    },
)

LANGUAGE_MODEL = exercise("ps03-6", "A language model of your own", points=4).network(
    train_language_model,
    score=_of_perplexities,
    at_least=0.89,
    measure="the perplexity of the grammar itself, divided by the network's",
    shape=lambda truth: (*truth["asked"].shape, len(WORDS)),
    expects="a network that gives probabilities of shape (n, t, words) for ids of shape (n, t)",
    section=LESSON + "Teacher-forcing",
    shown=_language(np.random.default_rng(3)),
    draw=_language,
    mistakes={
        "not-probabilities": (
            lambda truth, outputs: not _are_probabilities(outputs),
            "What it gives for a word does not add up to 1. Logits need one more step to be probabilities.",
        ),
        "sees-the-future": (
            _sees_the_future,
            "Other words at the end of a sentence change what it predicts at the beginning: it has read the answer.",
        ),
        "copies": (_copies, "It predicts the word that it has just been given. How far apart are input and target?"),
        "untrained": (
            lambda truth, outputs: outputs.max(axis=-1).mean() < 0.15,
            "All words are about equally probable. Has anything been trained?",
        ),
        "one-word-back": (
            _one_word_back,
            "After a word it predicts the same, whatever came before it. But a verb depends on a noun far away.",
        ),
    },
)

QUESTION = exercise("ps03-7", "One run, one claim", points=2).by_hand(LESSON + "9.-The-claim,-with-error-bars")

EXERCISES = (TEMPERATURES, PERPLEXITY, GRU_STEP, ATTENTION, BLOCK, LANGUAGE_MODEL, QUESTION)
