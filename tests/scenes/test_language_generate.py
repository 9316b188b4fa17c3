"""What is said of a scene is true, and good English."""

import itertools
import re

import numpy as np
import pytest
from spoken import COURSE, FORMS, NOUNS, OTHER_NOUNS, home, obj, said, scenes

from vistext.data.vocabulary import Vocabulary, tokenize
from vistext.scenes import Scene, ontology
from vistext.scenes.language import LENGTHS, describe, describe_grounded, descriptions, evaluate, refer

ONE = "|".join(one for one, _ in NOUNS.values())


@pytest.mark.parametrize("length", LENGTHS)
def test_whatever_is_said_of_a_scene_is_true_and_survives_the_way_through_numbers(length):
    vocabulary = Vocabulary.build(text for _, text in said(length))
    for scene, text in said(length):
        verdict = evaluate(text, scene)
        assert verdict, (text, verdict.why, scene.facts)
        assert vocabulary.decode(vocabulary.encode([text])) == [text]


def test_the_courses_sentences_are_said_of_the_courses_scene():
    assert "a cat on the floor" in descriptions(COURSE, "title")
    everything = set(descriptions(COURSE, "description"))
    assert {
        "A cat is sitting on the floor.",
        "The cat is sitting on the floor.",
        "There is an orange cat sitting on the floor.",
        "A large orange cat sits on the floor.",
        "On the floor there is a cat.",
    } <= everything


def test_every_description_of_one_thing_is_true_said_once_and_what_chance_draws_from():
    for length in ("title", "description"):
        everything = list(descriptions(COURSE, length))
        assert len(everything) == len(set(everything)) > 50
        assert all(evaluate(text, COURSE) for text in everything[::5])

        rng = np.random.default_rng(0)
        assert {describe(COURSE, length, rng) for _ in range(40)} <= set(everything)


@pytest.mark.parametrize("length", LENGTHS)
def test_nothing_false_is_said_of_crowds_and_of_objects_that_are_alike(length):
    crowd = max(scenes(), key=lambda scene: (len(scene.objects), len(scene.relations)))
    for text in itertools.islice(descriptions(crowd, length), 0, 1000, 7):
        assert evaluate(text, crowd), text
    rng = np.random.default_rng(3)
    for text in (describe(home(), length, rng) for _ in range(400)):
        assert evaluate(text, home()), text


def test_nothing_is_said_twice_of_one_thing():
    words = {word for colors in ontology.COLORS.values() for word in colors} | {"small", "large", "night", "day"}
    words |= set(ontology.PREPOSITIONS) | {form for forms in FORMS.values() for form in forms}
    for length in LENGTHS:
        for scene, text in said(length, 120):
            if len(scene.objects) == 1:
                told = [word for word in tokenize(text.replace("big", "large")) if word in words]
                assert len(told) == len(set(told)), text


def test_things_of_one_kind_are_told_apart_where_they_are_listed():
    titles = [title for title in itertools.islice(descriptions(home(), "title"), 5000) if " and " in title]

    assert any(re.search(r"a black cat .*and a white cat|a white cat .*and a black cat", title) for title in titles)
    assert not any(re.search(r"\ba (small )?cat\b.* a (small )?cat\b", title) for title in titles)


def test_the_same_seed_says_the_same_others_other_things_and_an_unknown_length_is_refused():
    first, again = (
        [describe(COURSE, "description", np.random.default_rng(seed)) for seed in range(20)] for _ in range(2)
    )
    assert first == again
    assert len(set(first)) > 10
    for speak in (lambda: describe(COURSE, "poem", np.random.default_rng(0)), lambda: descriptions(COURSE, "poem")):
        with pytest.raises(ValueError, match="title, description, story; given was 'poem'"):
            speak()


@pytest.mark.parametrize("length", LENGTHS)
def test_articles_numbers_and_verbs_agree(length):
    for _, text in said(length):
        low = " " + text.lower()
        assert not re.search(r" a [aeiou]", low), text
        assert not re.search(r" an [^aeiou]", low), text
        assert not re.search(r"\b(two|three|four|both) (\w+ ){0,2}(cat|dog|bird|frog|horse|ship|car|truck)\b", low), (
            text
        )
        assert not re.search(r"\b(they|cats|dogs|birds|frogs|horses|ships|cars|trucks|planes) (is|\w+s)\b", low), text
        assert not re.search(r"\b(an?|it|the) (\w+ ){0,2}(cats|dogs|birds|frogs|horses|ships|cars|trucks)\b", low), text
        assert not re.search(r"\bit (are|sit|lie|sleep|stand|walk|run|jump|fly|swim|sail|drive)\b", low), text
        assert not re.search(r"  | [.,]", low[1:]), text


def test_titles_are_no_sentences_descriptions_are_one_and_stories_two_to_four_that_refer_back():
    for _, text in said("title"):
        assert text == text.lower()
        assert not re.search(r"[.]|\b(is|are)\b(?<!that is)(?<!that are)", text), text
    for _, text in said("description"):
        assert re.fullmatch(r"[A-Z][a-z ,]*\.", text), text
    for _, text in said("story"):
        sentences = re.findall(r"[A-Z][a-z ,]*\.", text)
        assert " ".join(sentences) == text
        assert 2 <= len(sentences) <= 4
        assert re.match(r"(It|They) ", sentences[1]), text


def test_the_is_said_of_the_only_one():
    named = re.compile(rf"\bthe ((?:\w+ ){{0,2}})({ONE}|plane)\b(?! (?:on|in) the)")
    found = 0
    for scene, text in [*said("description", 120), *said("story", 120)]:
        for adjectives, noun in named.findall(text.lower().replace("big", "large").replace("automobile", "car")):
            kind = OTHER_NOUNS.get(noun) or next(kind for kind, (one, _) in NOUNS.items() if one == noun)
            words = set(adjectives.split())
            fitting = [one for one in scene.objects if one.kind == kind and words <= {one.color, one.size}]
            assert len(fitting) == 1, text
            found += 1
    assert found > 30


def test_a_thing_is_named_as_briefly_as_can_be_and_never_by_what_is_asked_for():
    assert [refer(home(), i) for i in range(3)] == ["the black cat", "the white cat", "the dog"]
    assert [refer(home(), i, without="color") for i in range(3)] == [
        "the cat on the floor",
        "the cat on the mat",
        "the dog",
    ]
    twins = Scene(tuple(obj("small red bird standing grass", left, 50) for left in (4, 40)), "field")
    assert refer(twins, 0) is None


@pytest.mark.parametrize("length", LENGTHS)
def test_each_word_about_one_thing_knows_which(length):
    colors, marked = set().union(*ontology.COLORS.values()), {True: 0, False: 0}
    for number, (scene, _) in enumerate(said(length)[:100]):
        text, objects = describe_grounded(scene, length, np.random.default_rng(number))
        assert text == describe(scene, length, np.random.default_rng(number))
        for word, index in zip(tokenize(text), objects, strict=True):
            marked[index is not None] += 1
            if index is not None:
                spoken_of = scene.objects[index]
                assert word not in colors or spoken_of.color == word
                assert word not in ontology.KINDS or spoken_of.kind == word
                assert word not in {"a", "is", "and", "there", "two", "three"}
    assert marked[True] > marked[False] / 3
