"""Sentences become numbers and come back, and whatever cannot is named."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vistext.data.vocabulary import (
    END,
    PAD,
    SPECIAL,
    START,
    UNKNOWN,
    Vocabulary,
    batches,
    detokenize,
    mask,
    teacher_forcing,
    tokenize,
)

CAT = "A cat is sitting on the floor."
STORY = "There is a black cat. It is sitting on the floor."
QUESTION = "What is the cat sitting on?"
TITLE = "a cat on the floor"
# Written by hand: the numbers that CAT must have when it alone was the vocabulary, words in order of the alphabet.
CAT_ALPHABET = [".", "a", "cat", "floor", "is", "on", "sitting", "the"]


@pytest.fixture
def vocabulary():
    return Vocabulary.build([CAT, STORY, QUESTION, TITLE])


@pytest.mark.parametrize(
    ("sentence", "tokens"),
    [
        (CAT, ["a", "cat", "is", "sitting", "on", "the", "floor", "."]),
        ("Yes, it's Tom's!", ["yes", ",", "it's", "tom's", "!"]),
        ("It’s on the left-hand side.", ["it’s", "on", "the", "left-hand", "side", "."]),
        ("  two\tcats\n\n(small)  ", ["two", "cats", "(", "small", ")"]),
        ("Größe? 🐈 chat", ["größe", "?", "🐈", "chat"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_a_text_is_cut_into_lower_case_words_and_marks(sentence, tokens):
    assert tokenize(sentence) == tokens


@pytest.mark.parametrize("sentence", [CAT, STORY, QUESTION, TITLE, "No, it is not.", "Three (small) cats: ready!", ""])
def test_tokens_become_the_text_they_came_from(sentence):
    assert detokenize(tokenize(sentence)) == sentence


@given(st.lists(st.sampled_from(["a", "cat", "it's", "left-hand", ".", "?", ",", "(", ")", "3"]), max_size=12))
def test_no_token_is_lost_or_joined_to_its_neighbour(tokens):
    assert tokenize(detokenize(tokens)) == tokens


def test_numbers_follow_frequency_then_the_alphabet():
    vocabulary = Vocabulary.build(["dog cat", "dog bird"])

    assert vocabulary.words == (*SPECIAL, "dog", "bird", "cat")


def test_a_sentence_is_start_words_end_and_padding():
    vocabulary = Vocabulary.build([CAT])
    word = {token: 4 + place for place, token in enumerate(CAT_ALPHABET)}

    ids = vocabulary.encode([CAT, "The cat."], 12)

    cat = [word[token] for token in ["a", "cat", "is", "sitting", "on", "the", "floor", "."]]
    assert ids.dtype == np.int32
    assert ids.tolist() == [
        [START, *cat, END, PAD, PAD],
        [START, word["the"], word["cat"], word["."], END, *[PAD] * 7],
    ]


def test_the_four_special_numbers_are_those_of_the_plan():
    assert (PAD, START, END, UNKNOWN) == (0, 1, 2, 3)


def test_without_a_length_the_table_is_as_wide_as_its_longest_sentence(vocabulary):
    assert vocabulary.encode([TITLE, CAT]).shape == (2, 8 + 2)
    assert vocabulary.encode([""]).tolist() == [[START, END]]
    assert vocabulary.encode([]).shape[0] == 0


def test_sentences_come_back_as_they_were(vocabulary):
    sentences = [CAT, STORY, QUESTION, TITLE, ""]

    assert vocabulary.decode(vocabulary.encode(sentences, 20)) == sentences


@given(st.lists(st.lists(st.sampled_from(CAT_ALPHABET), max_size=10), max_size=4))
def test_whatever_words_a_model_says_they_survive_the_way_through_text(rows):
    vocabulary = Vocabulary.build([CAT])
    ids = vocabulary.encode([" ".join(row) for row in rows], 12)

    assert np.array_equal(vocabulary.encode(vocabulary.decode(ids), 12), ids)


def test_what_a_model_says_after_the_end_is_not_read():
    vocabulary = Vocabulary.build(["cat dog"])
    cat, dog = 4, 5

    assert vocabulary.decode(np.array([[cat, END, dog, dog], [START, dog, PAD, cat], [END, 1, 2, 3]])) == [
        "cat",
        "dog cat",
        "",
    ]


def test_unknown_words_get_one_number_and_are_reported(vocabulary):
    sentence = "Ein cat ist on ein 🛷."

    assert vocabulary.unknown(sentence) == ["ein", "ist", "🛷"]
    assert vocabulary.encode([sentence])[0].tolist().count(UNKNOWN) == 4
    assert vocabulary.decode(vocabulary.encode([sentence])) == ["<unknown> cat <unknown> on <unknown> <unknown>."]
    assert vocabulary.unknown(CAT) == []


def test_rare_words_can_be_left_out():
    vocabulary = Vocabulary.build(["cat cat dog"], minimum=2)

    assert vocabulary.words == (*SPECIAL, "cat")
    assert vocabulary.unknown("cat dog") == ["dog"]


def test_the_length_of_a_vocabulary_counts_the_special_words():
    assert len(Vocabulary.build([])) == 4
    assert len(Vocabulary.build(["cat dog cat"])) == 6


def test_a_saved_vocabulary_is_loaded_as_it_was(tmp_path, vocabulary):
    vocabulary = Vocabulary.build([*vocabulary.words[4:], "naïve", "猫"])

    vocabulary.save(tmp_path / "words.json")

    assert Vocabulary.load(tmp_path / "words.json") == vocabulary
    assert json.loads((tmp_path / "words.json").read_text("utf-8"))["words"][:2] == ["<pad>", "<start>"]


def test_a_file_cut_short_anywhere_is_refused(tmp_path, vocabulary):
    file = tmp_path / "words.json"
    vocabulary.save(file)
    whole = file.read_bytes()

    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"words\.json is damaged"):
            Vocabulary.load(file)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"[]",
        b"3",
        b"{}",
        b'{"words": "cat"}',
        b'{"words": ["cat"]}',
        b'{"words": ["<pad>", "<start>", "<end>", "<unknown>", 7]}',
        b'{"words": ["<pad>", "<start>", "<end>", "<unknown>", "cat", "cat"]}',
        b'{"words": ["<pad>", "<start>", "<end>", "<unknown>", "two words"]}',
        b'{"words": ["<pad>", "<start>", "<end>", "<unknown>", "Cat"]}',
        b"[" * 100_000,
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path, content):
    (tmp_path / "words.json").write_bytes(content)

    with pytest.raises(ValueError, match="damaged or no vocabulary"):
        Vocabulary.load(tmp_path / "words.json")


def test_an_absent_file_is_said_to_be_absent(tmp_path):
    with pytest.raises(FileNotFoundError):
        Vocabulary.load(tmp_path / "words.json")


def test_a_sentence_too_long_is_named_with_the_length_it_needs(vocabulary):
    with pytest.raises(ValueError, match=r"A cat is sitting.*10 columns, but length is 9.*at least 10"):
        vocabulary.encode([TITLE, CAT], 9)
    assert vocabulary.encode([TITLE, CAT], 10).shape == (2, 10)


def test_one_text_in_place_of_several_is_refused(vocabulary):
    for take_several in (Vocabulary.build, vocabulary.encode):
        with pytest.raises(TypeError, match=r"write \['A cat is"):
            take_several(CAT)


@pytest.mark.parametrize("ids", [np.ones((2, 3), np.float32), np.ones((2, 3), bool), np.array([["cat"]])])
def test_probabilities_are_not_taken_for_ids(vocabulary, ids):
    with pytest.raises(TypeError, match="whole numbers"):
        vocabulary.decode(ids)


@pytest.mark.parametrize("number", [-1, 99, 2**40])
def test_numbers_that_no_word_has_are_refused(vocabulary, number):
    with pytest.raises(ValueError, match=f"numbers 0 to {len(vocabulary) - 1}.*{number}"):
        vocabulary.decode(np.array([[number, 2]]))


def test_one_row_in_place_of_a_table_is_refused(vocabulary):
    with pytest.raises(ValueError, match="ids\\[None\\]"):
        vocabulary.decode(vocabulary.encode([CAT])[0])


def test_a_minimum_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Vocabulary.build([CAT], minimum=0)


def test_the_mask_shows_words_and_not_padding(vocabulary):
    ids = vocabulary.encode(["cat", "a cat on"], 6)

    assert mask(ids).tolist() == [[True] * 3 + [False] * 3, [True] * 5 + [False]]


def test_teacher_forcing_asks_for_the_next_word():
    inputs, targets = teacher_forcing(np.array([[START, 7, 8, END, PAD]]))

    assert inputs.tolist() == [[START, 7, 8, END]]
    assert targets.tolist() == [[7, 8, END, PAD]]


PAIRS = [(f"question {number}?", f"answer {number} it is.") for number in range(7)]


def test_batches_hold_every_pair_once_and_keep_it_together():
    vocabulary = Vocabulary.build(text for pair in PAIRS for text in pair)

    seen = []
    sizes = []
    for questions, answers in batches(PAIRS, vocabulary, 3, rng=np.random.default_rng(0)):
        sizes.append(len(questions))
        seen += zip(vocabulary.decode(questions), vocabulary.decode(answers), strict=True)

    assert sizes == [3, 3, 1]
    assert seen != [(question.capitalize(), answer.capitalize()) for question, answer in PAIRS]  # shuffled
    assert sorted(seen) == [(question.capitalize(), answer.capitalize()) for question, answer in PAIRS]


def test_without_a_generator_the_pairs_keep_their_order():
    vocabulary = Vocabulary.build(["0 1 2 3 4 5 6 question answer it is . ?"])

    first = next(batches(PAIRS, vocabulary, 2))[0]

    assert vocabulary.decode(first) == ["Question 0?", "Question 1?"]


def test_batches_may_all_have_one_width():
    vocabulary = Vocabulary.build([CAT, TITLE])
    pairs = [("cat", CAT), ("a cat", TITLE)]

    free = [(a.shape[1], b.shape[1]) for a, b in batches(pairs, vocabulary, 1)]
    fixed = [(a.shape[1], b.shape[1]) for a, b in batches(pairs, vocabulary, 1, lengths=(6, 12))]

    assert free == [(3, 10), (4, 7)]
    assert fixed == [(6, 12), (6, 12)]


def test_a_batch_of_none_is_refused():
    with pytest.raises(ValueError, match="at least 1 pair"):
        next(batches(PAIRS, Vocabulary.build([]), 0))
