"""Sentences become numbers and come back, and whatever cannot is named."""

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


def test_a_sentence_is_start_words_end_and_padding():
    vocabulary = Vocabulary.build([CAT])
    word = {token: 4 + place for place, token in enumerate(CAT_ALPHABET)}

    ids = vocabulary.encode([CAT, "The cat."], 12)

    cat = [word[token] for token in ["a", "cat", "is", "sitting", "on", "the", "floor", "."]]
    assert (PAD, START, END, UNKNOWN) == (0, 1, 2, 3)
    assert ids.dtype == np.int32
    assert ids.tolist() == [
        [START, *cat, END, PAD, PAD],
        [START, word["the"], word["cat"], word["."], END, *[PAD] * 7],
    ]


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


def test_numbers_follow_frequency_then_the_alphabet_and_rare_words_can_be_left_out():
    assert Vocabulary.build(["dog cat", "dog bird"]).words == (*SPECIAL, "dog", "bird", "cat")
    vocabulary = Vocabulary.build(["cat cat dog"], minimum=2)

    assert vocabulary.words == (*SPECIAL, "cat")
    assert len(vocabulary) == 5
    assert vocabulary.unknown("cat dog") == ["dog"]
    with pytest.raises(ValueError, match="at least 1"):
        Vocabulary.build([CAT], minimum=0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cat",), "begins with <pad>"),
        ((*SPECIAL, "cat", "cat"), "more than once were cat"),
        ((*SPECIAL, "two words"), "given was 'two words'"),
        ((*SPECIAL, "Cat"), "in lower case; given was 'Cat'"),
    ],
)
def test_words_that_make_no_vocabulary_are_refused(words, message):
    with pytest.raises(ValueError, match=message):
        Vocabulary(words)


def test_a_sentence_too_long_is_named_with_the_length_it_needs(vocabulary):
    with pytest.raises(ValueError, match=r"A cat is sitting.*10 columns, but length is 9.*at least 10"):
        vocabulary.encode([TITLE, CAT], 9)
    assert vocabulary.encode([TITLE, CAT], 10).shape == (2, 10)


def test_one_text_in_place_of_several_is_refused(vocabulary):
    for take_several in (Vocabulary.build, vocabulary.encode):
        with pytest.raises(TypeError, match=r"write \['A cat is"):
            take_several(CAT)


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        *((ids, TypeError, "whole numbers") for ids in (np.ones((2, 3), np.float32), np.ones((2, 3), bool), [["cat"]])),
        *((np.array([[number, 2]]), ValueError, f"numbers 0 to 16.*{number}") for number in (-1, 99, 2**40)),
        (np.array([1, 4, 2]), ValueError, r"ids\[None\]"),
    ],
)
def test_what_are_no_ids_of_sentences_is_refused(vocabulary, ids, error, message):
    with pytest.raises(error, match=message):
        vocabulary.decode(ids)


def test_teacher_forcing_asks_for_the_next_word_and_the_mask_leaves_padding_out():
    inputs, targets = teacher_forcing(np.array([[START, 7, 8, END, PAD]]))

    assert inputs.tolist() == [[START, 7, 8, END]]
    assert targets.tolist() == [[7, 8, END, PAD]]
    assert mask(targets).tolist() == [[True, True, True, False]]
