"""Answers to problem set 3, as students write them."""

from collections import Counter, defaultdict
from fractions import Fraction
from itertools import islice, pairwise, zip_longest

import numpy as np
from answers import barely_wrong, right, values, wrong
from scipy.stats import gmean

from vistext.data.vocabulary import Vocabulary


@right("ps03-1")
def by_the_course_s_code(sentences, words, length):
    vocabulary = Vocabulary(tuple(words))
    return vocabulary.encode([" ".join(tokens[: length - 2]) for tokens in sentences], length)


@right("ps03-1")
def in_plain_python(sentences, words, length):
    table = []
    for tokens in sentences:
        row = [1]
        for token in tokens:
            if len(row) == length - 1:
                break
            row.append(words.index(token.lower()) if token.lower() in words else 3)
        row.append(2)
        while len(row) < length:
            row.append(0)
        table.append(row)
    return table


@right("ps03-1")
def by_padding_lists(sentences, words, length):
    numbers = dict(zip(words, range(len(words)), strict=True))
    rows = [[1, *[numbers.get(token.lower(), 3) for token in tokens][: length - 2], 2] for tokens in sentences]
    return np.stack([np.pad(row, (0, length - len(row))) for row in rows])


@right("ps03-1")
def column_by_column(sentences, words, length):
    marked = [["<start>", *(token.lower() for token in tokens[: length - 2]), "<end>"] for tokens in sentences]
    columns = list(islice(zip_longest(*marked, [None] * length, fillvalue="<pad>"), length))
    return [[words.index(token) if token in words else 3 for token in row] for row in zip(*columns, strict=True)][:-1]


@barely_wrong("ps03-1")
def cut_only_if_longer_than_the_table(sentences, words, length):
    rows = [[1, *numbered(tokens[: length - 2] if len(tokens) > length else tokens, words), 2] for tokens in sentences]
    return filled([row[:length] for row in rows], length)


@barely_wrong("ps03-1")
def one_token_too_few(sentences, words, length):
    rows = [tokens if len(tokens) < length - 2 else tokens[: length - 3] for tokens in sentences]
    return by_padding_lists(rows, words, length)


@barely_wrong("ps03-1")
def only_first_letters_are_small(sentences, words, length):
    small = [[token[:1].lower() + token[1:] for token in tokens] for tokens in sentences]
    return filled([[1, *(words.index(t) if t in words else 3 for t in row[: length - 2]), 2] for row in small], length)


@barely_wrong("ps03-1")
def one_row_is_no_table(sentences, words, length):
    table = by_padding_lists(sentences, words, length)
    return table[0] if len(table) == 1 else table


def numbered(tokens, words, unknown=3):
    return [words.index(token.lower()) if token.lower() in words else unknown for token in tokens]


def filled(rows, length):
    return np.array([row + [0] * (length - len(row)) for row in rows])


@wrong("ps03-1", "no-start")
def without_the_start(sentences, words, length):
    return filled([[*numbered(tokens[: length - 2], words), 2] for tokens in sentences], length)


@wrong("ps03-1", "no-end")
def without_the_end(sentences, words, length):
    return filled([[1, *numbered(tokens[: length - 2], words)] for tokens in sentences], length)


@wrong("ps03-1", "unknown-is-padding")
def by_get_with_0(sentences, words, length):
    return filled([[1, *numbered(tokens[: length - 2], words, unknown=0), 2] for tokens in sentences], length)


@wrong("ps03-1", "padded-in-front")
def padding_first(sentences, words, length):
    rows = [[1, *numbered(tokens[: length - 2], words), 2] for tokens in sentences]
    return np.array([[0] * (length - len(row)) + row for row in rows])


@wrong("ps03-1", "capitals")
def capitals_are_unknown(sentences, words, length):
    numbers = defaultdict(lambda: 3, {word: number for number, word in enumerate(words)})
    return filled([[1, *(numbers[token] for token in tokens[: length - 2]), 2] for tokens in sentences], length)


@wrong("ps03-1", "end-cut-off")
def cut_at_the_length(sentences, words, length):
    rows = [[1, *numbered(tokens, words), 2] for tokens in sentences]
    return filled([row[:length] for row in rows], length)


@wrong("ps03-1", "from-the-fifth")
def numbers_of_the_words_alone(sentences, words, length):
    known = words[4:]
    rows = [[1, *numbered(tokens[: length - 2], known), 2] for tokens in sentences]
    return filled(rows, length)


@wrong("ps03-1", "too-long")
def as_wide_as_the_longest(sentences, words, length):
    rows = [[1, *numbered(tokens, words), 2] for tokens in sentences]
    return filled(rows, max(length, *map(len, rows), 0))


@wrong("ps03-1", "stopped")
def breaks_on_unknown_words(sentences, words, length):
    return filled([[1, *(words.index(token) for token in tokens), 2] for tokens in sentences], length)


@wrong("ps03-1", "wrong-type")
def words_in_place_of_numbers(sentences, words, length):
    return [["<start>", *tokens, "<end>"] for tokens in sentences]


@wrong("ps03-1", "changed-input")
def pads_what_it_was_given(sentences, words, length):
    table = by_the_course_s_code(sentences, words, length)
    for tokens in sentences:
        tokens.insert(0, "<start>")
    return table


def with_edges(sentences):
    return [["<start>", *tokens, "<end>"] for tokens in sentences]


@right("ps03-2")
def by_counter(sentences, before, word, words):
    pairs = Counter(pair for tokens in with_edges(sentences) for pair in pairwise(tokens))
    firsts = Counter(token for tokens in with_edges(sentences) for token in tokens[:-1])
    return (pairs[before, word] + 1) / (firsts[before] + words)


@right("ps03-2")
def by_loops(sentences, before, word, words):
    both = anything = 0
    for tokens in with_edges(sentences):
        for place in range(len(tokens) - 1):
            if tokens[place] == before:
                anything += 1
                if tokens[place + 1] == word:
                    both += 1
    return np.float64(both + 1) / (anything + words)


@right("ps03-2")
def by_tables_of_tables(sentences, before, word, words):
    after = defaultdict(Counter)
    for tokens in with_edges(sentences):
        for first, second in pairwise(tokens):
            after[first][second] += 1
    return Fraction(after[before][word] + 1, sum(after[before].values()) + words)


@right("ps03-2")
def by_removing_what_does_not_follow(sentences, before, word, words):
    tokens = [token for sentence in sentences for token in ("<end>", "<start>", *sentence, "<end>")]
    following = np.array(tokens[1:])[np.array(tokens[:-1]) == before]
    return (np.sum(following == word) + 1) / (following.size + words)


@barely_wrong("ps03-2")
def the_last_is_followed_by_nothing(sentences, before, word, words):
    pairs = [pair for tokens in sentences for pair in pairwise(["<start>", *tokens])]
    return (pairs.count((before, word)) + 1) / (sum(first == before for first, _ in pairs) + words)


def counted(sentences, before, word):
    pairs = [pair for tokens in with_edges(sentences) for pair in pairwise(tokens)]
    return pairs.count((before, word)), sum(first == before for first, _ in pairs), len(pairs)


@wrong("ps03-2", "not-smoothed")
def plain_counts(sentences, before, word, words):
    both, anything, _ = counted(sentences, before, word)
    return both / anything


@wrong("ps03-2", "never-seen-is-nought")
def plain_counts_or_0(sentences, before, word, words):
    both, anything, _ = counted(sentences, before, word)
    return 0 if anything == 0 else both / anything


@wrong("ps03-2", "top-only")
def one_above_only(sentences, before, word, words):
    both, anything, _ = counted(sentences, before, word)
    return (both + 1) / anything


@wrong("ps03-2", "one-below")
def one_above_and_below(sentences, before, word, words):
    both, anything, _ = counted(sentences, before, word)
    return (both + 1) / (anything + 1)


@wrong("ps03-2", "no-edges")
def without_start_and_end(sentences, before, word, words):
    pairs = [pair for tokens in sentences for pair in pairwise(tokens)]
    return (pairs.count((before, word)) + 1) / (len([1 for first, _ in pairs if first == before]) + words)


@wrong("ps03-2", "turned")
def what_came_before(sentences, before, word, words):
    pairs = [pair for tokens in with_edges(sentences) for pair in pairwise(tokens)]
    return (pairs.count((word, before)) + 1) / (sum(second == before for _, second in pairs) + words)


@wrong("ps03-2", "of-the-word")
def the_other_way_round(sentences, before, word, words):
    pairs = [pair for tokens in with_edges(sentences) for pair in pairwise(tokens)]
    return (pairs.count((before, word)) + 1) / ([second for _, second in pairs].count(word) + words)


@wrong("ps03-2", "of-all-pairs")
def by_all_pairs(sentences, before, word, words):
    both, _, pairs = counted(sentences, before, word)
    return (both + 1) / (pairs + words)


@wrong("ps03-2", "alone")
def of_the_word_alone(sentences, before, word, words):
    tokens = [token for one in with_edges(sentences) for token in one[1:]]
    return (tokens.count(word) + 1) / (len(tokens) + words)


@wrong("ps03-2", "once-a-sentence")
def sets_of_pairs(sentences, before, word, words):
    each = [set(pairwise(tokens)) for tokens in with_edges(sentences)]
    both = sum((before, word) in pairs for pairs in each)
    return (both + 1) / (sum(first == before for pairs in each for first, _ in pairs) + words)


@wrong("ps03-2", "different-pairs")
def one_set_of_pairs(sentences, before, word, words):
    pairs = {pair for tokens in with_edges(sentences) for pair in pairwise(tokens)}
    return (int((before, word) in pairs) + 1) / (sum(first == before for first, _ in pairs) + words)


@wrong("ps03-2", "changed-input")
def adds_edges_in_place(sentences, before, word, words):
    for tokens in sentences:
        tokens.insert(0, "<start>")
        tokens.append("<end>")
    pairs = [pair for tokens in sentences for pair in pairwise(tokens)]
    return (pairs.count((before, word)) + 1) / (sum(first == before for first, _ in pairs) + words)


@right("ps03-3")
def with_base_two_throughout(probabilities, ids):
    there = ids > 0
    return 2 ** (-np.sum(np.log2(probabilities), where=there) / there.sum())


@right("ps03-3")
def as_a_root_of_a_product(probabilities, ids):
    words = [
        p for line, row in zip(probabilities, ids, strict=True) for p, number in zip(line, row, strict=True) if number
    ]
    product = 1.0
    for p in words:
        product *= p
    return product ** (-1 / len(words))


@right("ps03-3")
def by_a_library_of_means(probabilities, ids):
    return 1 / gmean(probabilities[ids.astype(bool)])


@right("ps03-3")
def with_weights(probabilities, ids):
    return float(np.exp(np.average(-np.log(probabilities), weights=np.where(ids == 0, 0, 1))))


@barely_wrong("ps03-3")
def the_end_is_no_word(probabilities, ids):
    return np.exp(-np.log(probabilities[(ids != 0) & (ids != 2)]).mean())


def real(probabilities, ids):
    return probabilities[ids != 0]


@wrong("ps03-3", "padding-counted")
def over_the_table(probabilities, ids):
    return np.exp(np.mean(-np.log(probabilities)))


@wrong("ps03-3", "divided-by-the-table")
def masked_sum_by_size(probabilities, ids):
    return np.exp(-np.mean(np.log(probabilities) * (ids > 0)))


@wrong("ps03-3", "two-logarithms")
def log2_and_exp(probabilities, ids):
    return np.exp(-np.mean(np.log2(real(probabilities, ids))))


@wrong("ps03-3", "no-minus")
def without_minus(probabilities, ids):
    return np.exp(np.log(real(probabilities, ids)).mean())


@wrong("ps03-3", "no-exp")
def cross_entropy(probabilities, ids):
    logs = np.log(real(probabilities, ids))
    return -logs.sum() / len(logs)


@wrong("ps03-3", "mean-first")
def log_of_the_mean(probabilities, ids):
    return np.exp(-np.log(real(probabilities, ids).mean()))


@wrong("ps03-3", "mean-of-inverses")
def mean_number_of_choices(probabilities, ids):
    return np.mean(1 / real(probabilities, ids))


@wrong("ps03-3", "sum")
def sum_of_logs(probabilities, ids):
    return np.exp(-np.log(real(probabilities, ids)).sum())


@wrong("ps03-3", "sentence-by-sentence")
def mean_of_perplexities(probabilities, ids):
    each = [np.exp(-np.log(line[row > 0]).mean()) for line, row in zip(probabilities, ids, strict=True)]
    return sum(each) / len(each)


@wrong("ps03-3", "short-sentences-count-more")
def mean_of_means(probabilities, ids):
    there = ids > 0
    logs = np.where(there, np.log(probabilities), 0)
    return np.exp(-(logs.sum(axis=1) / there.sum(axis=1)).mean())


values(
    "ps03-4",
    right={"whole": 4_176, "NumPy's": np.int32(4_176), "with a point": 4_176.0, "exact": Fraction(4_176)},
    wrong={
        "a-quarter": 37_440 / 4,
        "a-sixteenth": 37_440 / 16,
        "one-bias": 3 * (32 + 24 + 1) * 24,
        "no-biases": 3 * (32 + 24) * 24,
        "one-part": (32 + 24 + 2) * 24,
        "two-parts": 2 * (32 + 24 + 2) * 24,
        "four-parts": 4 * (32 + 24 + 2) * 24,
        "no-state": 3 * (32 + 2) * 24,
        "whole-network": 121 * 32 + 4_176 + 24 * 121 + 121,
        "other": 4_000,
    },
)

values(
    "ps03-5",
    right={
        "capitals": "CADB",
        "small letters": "cadb",
        "with a space after it": "CADB ",
        "with spaces": "C A D B",
        "with commas": "c,a,d,b",
    },
    wrong={
        "turned": "BDAC",
        "coldest-two": "ACDB",
        "middle-two": "CDAB",
        "hottest-two": "CABD",
        "ends": "BADC",
        "as-named": "ABCD",
        "two-pairs": "acbd",
        "other": "DCBA",
        "wrong-type": ["C", "A", "D", "B"],
    },
)
