"""N-gram models, against values worked out by hand and the definition, written out."""

from itertools import product

import numpy as np
import pytest

from vistext.data.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from vistext.tasks.language_model.model import perplexity
from vistext.tasks.language_model.ngrams import DISCOUNT, NGrams

A, B, C = 4, 5, 6
WORDS = 7  # the special ones, and a, b, c
POSSIBLE = (END, UNKNOWN, A, B, C)


def rows(*sentences):
    """Sentences of a, b and c as numbers, with start, end and padding."""
    return Vocabulary(("<pad>", "<start>", "<end>", "<unknown>", "a", "b", "c")).encode(sentences)


def test_of_order_0_all_words_are_equally_probable_and_a_negative_order_is_refused():
    model = NGrams(0, WORDS).fit(rows("a b"))
    assert {model.probability(word) for word in POSSIBLE} == {1 / 5}
    test = rows("a", "c b c")
    assert perplexity(model.log_probabilities(test), test) == pytest.approx(5)
    with pytest.raises(ValueError, match="accepted: 0 or more"):
        NGrams(-1, WORDS)


def test_of_order_2_discounts_go_to_words_that_follow_many_others():
    model = NGrams(2, WORDS).fit(rows("c c c", "b")).fit(rows("a b", "c b", "a c"))  # the first counts are forgotten
    # After a: b once, c once. Different words before each: a 1, c 2 (start, a), b 2 (a, c), end 2 (b, c); 7 in all.
    lower_b = (2 - 0.75) / 7 + 0.75 * 4 / 7 / 5
    assert model.probability(B, [START, A]) == pytest.approx((1 - 0.75) / 2 + 0.75 * 2 / 2 * lower_b)
    lower_a = (1 - 0.75) / 7 + 0.75 * 4 / 7 / 5
    assert model.probability(A, [START, A]) == pytest.approx(0.75 * 2 / 2 * lower_a)


@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize("before", [[], [START], [START, A], [START, B, UNKNOWN], [START, C, C, C, C]])
def test_after_anything_the_probabilities_of_all_words_add_up_to_1(order, before):
    model = NGrams(order, WORDS).fit(rows("a b a", "c a b", "b", "a b a"))
    assert sum(model.probability(word, before) for word in POSSIBLE) == pytest.approx(1)


def by_the_book(word, context, runs):
    """Chen and Goodman's equation for interpolated Kneser-Ney, with counts looked for anew each time.

    `runs` are all runs of the highest order; below it, different words before a run are counted in place of runs.
    """
    longest = len(runs[0]) - 1

    def count(run):
        if len(run) == longest + 1:
            return sum(one == run for one in runs)
        # For a shorter run, the different longer ones that end in it, all the way up.
        return len({one[-len(run) - 1 :] for one in runs if one[-len(run) :] == run})

    counts = {w: count((*context, w)) for w in POSSIBLE}
    lower = by_the_book(word, context[1:], runs) if context else 1 / len(POSSIBLE)
    total = sum(counts.values())
    if not total:
        return lower
    following = sum(c > 0 for c in counts.values())
    return max(counts[word] - DISCOUNT, 0) / total + DISCOUNT * following / total * lower


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_it_counts_as_the_definition_says(order):
    random = np.random.default_rng(order)
    train = rows(*(" ".join(random.choice(["a", "b", "c"], random.integers(1, 6))) for _ in range(30)))
    runs = []
    for row in train.tolist():
        padded = [START] * (order - 2) + [number for number in row if number != PAD]
        padded = padded if order > 1 else padded[1:]
        runs += [tuple(padded[i : i + order]) for i in range(len(padded) - order + 1)]
    model = NGrams(order, WORDS).fit(train)
    for context in product((A, B, C, UNKNOWN), repeat=order - 1):
        for word in POSSIBLE:
            expected = by_the_book(word, context, runs)
            assert model.probability(word, [START, *context]) == pytest.approx(expected)


def test_log_probabilities_of_a_sentence_are_those_of_its_words():
    model = NGrams(3, WORDS).fit(rows("a b a", "c a b"))
    padded = np.pad(rows("b a"), ((0, 0), (0, 2)))
    expected = [model.probability(B, [START]), model.probability(A, [START, B]), model.probability(END, [START, B, A])]
    assert model.log_probabilities(padded)[0] == pytest.approx([*np.log(expected), 0, 0])
