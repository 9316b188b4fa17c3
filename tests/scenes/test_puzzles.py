"""Lesson 08's puzzles: their answers are true of their pictures, and where text alone must not win, it cannot."""

import re
from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pytest

from vistext.data.vocabulary import tokenize
from vistext.scenes import sample
from vistext.scenes.language import evaluate
from vistext.scenes.language.puzzles import BAD, GAP, GOOD, MOODS, NAMES, NO_NAME, TASKS, caption, puzzles
from vistext.scenes.ontology import KINDS

NOUNS = {"automobile": "car"}
PAIRED = ("it", "mood")
ALL_NOUNS = [NOUNS.get(kind, kind) for kind in KINDS]


@cache
def pool(split="val"):
    return sample(400, 5, split)


@cache
def made(task, n=300):
    return tuple(puzzles(task, pool(), n, np.random.default_rng(2)))


def true(text, one):
    """Whether a text holds of the picture that belongs to a puzzle."""
    return bool(evaluate(text, pool()[one.scene]))


@pytest.mark.parametrize("task", TASKS)
def test_each_puzzle_asks_at_a_place_of_its_text_and_is_the_same_for_the_same_seed(task):
    again, other = (tuple(puzzles(task, pool(), 300, np.random.default_rng(seed))) for seed in (2, 3))
    assert made(task) == again != other
    for one in made(task):
        assert one.task == task
        assert len(one.answers) == len(tokenize(one.text))
        assert one.answer in one.answers


@pytest.mark.parametrize("task", PAIRED)
def test_each_text_has_two_answers_so_that_who_does_not_look_is_right_half_of_the_time(task):
    for one, other in zip(made(task)[::2], made(task)[1::2], strict=True):
        assert one.text == other.text
        assert one.answer != other.answer
        assert one.scene != other.scene


def test_it_is_what_the_second_sentence_is_true_of():
    for one in made("it"):
        first, second, claim = re.fullmatch(r"The (\w+) and the (\w+) are .*\. It is (.*)\.", one.text).groups()
        assert one.text.split(".")[0].split(" are ")[1]
        meant = [kind for kind in (first, second) if _so_of(one, kind, claim)]
        assert meant == [one.answer], one
        assert one.answers[tokenize(one.text).index("it")] == one.answer
    assert 250 < sum(one.text.split()[1] == one.answer for one in made("it", 600)) < 350, "the first or the second"


def _so_of(one, kind, claim):
    if claim == "on the left":
        first, second, _ = re.fullmatch(r"The (\w+) and the (\w+) are .*\. It is (.*)\.", one.text).groups()
        return true(f"The {kind} is to the left of the {second if kind == first else first}.", one)
    if claim in ("small", "large"):
        return any(obj.size == claim for obj in pool()[one.scene].objects if _noun(obj) == kind)
    return true(f"The {kind} is {claim}.", one)


def _noun(obj):
    return NOUNS.get(obj.kind, obj.kind)


def test_the_missing_word_makes_a_true_sentence():
    for one in made("gap"):
        assert one.text.count(GAP) == 1
        assert true(one.text.replace(GAP, one.answer), one), one


def test_no_other_word_that_fills_a_gap_elsewhere_makes_it_true():
    words = sorted({one.answer for one in made("gap")})
    for one in made("gap")[:60]:
        others = [word for word in words if word not in tokenize(one.text)]
        found = [word for word in others if true(one.text.replace(GAP, word), one)]
        # What sleeps lies as well: see `lexicon.IMPLIED`.
        assert set(found) <= {one.answer, *(("lying",) if one.answer == "sleeping" else ())}, (one, found)


@pytest.mark.parametrize("task", ["names", "names told"])
def test_a_name_is_tagged_by_the_kind_of_which_all_that_is_said_of_it_is_so(task):
    for one in made(task):
        tokens = tokenize(one.text)
        tags = {token: tag for token, tag in zip(tokens, one.answers, strict=True) if tag != NO_NAME}
        assert set(tags) == {token for token in tokens if token in {name.lower() for name in NAMES}}
        plain = re.sub(r" the (" + "|".join(ALL_NOUNS) + r")\b", "", one.text)
        assert (plain != one.text) == (task == "names told")
        kinds = [_noun(obj) for obj in pool()[one.scene].objects]
        for name, tag in tags.items():
            if kinds.count(tag) == 1:
                plain = re.sub(rf"\b{name.capitalize()}\b", f"the {tag}", plain)
        if not any(name in plain for name in NAMES):
            assert true(plain, one), (one, plain)


def test_who_gets_what_he_wanted_is_pleased():
    for one in made("mood"):
        wish = re.search(r"\b(an? [\w ]+?|something [\w ]+?|a picture [\w ]+?)(,|\.)", one.text).group(1)
        scene = pool()[one.scene]
        if wish.startswith("a picture by"):
            shown = scene.time == wish.split()[-1]
        elif wish.startswith("something"):
            shown = true(f"A thing is {wish.removeprefix('something ')}.", one)
        else:
            *color, kind = wish.split()[1:]
            shown = any(_noun(obj) == kind and color in ([], [obj.color]) for obj in scene.objects)
        assert one.answer == MOODS[not shown], one


def test_the_words_of_a_review_decide_where_they_are_to():
    for one in made("mood told"):
        words = set(tokenize(one.text))
        assert len(words & {*GOOD, *BAD}) == 1
        praised = bool(words & {*GOOD}) != ("not" in words)
        assert one.answer == MOODS[not praised], one.text
    assert 100 < Counter(one.answer for one in made("mood told"))[MOODS[0]] < 200


def test_what_cannot_be_made_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="a task is one of"):
        puzzles("riddle", pool(), 2, rng)
    for task in PAIRED:
        with pytest.raises(ValueError, match="pairs"):
            puzzles(task, pool(), 3, rng)
        with pytest.raises(ValueError, match="two answers"):
            puzzles(task, pool()[:1], 2, rng)
    with pytest.raises(ValueError, match="only 0 of 2"):
        puzzles("names", [], 2, rng)


def test_a_caption_says_all_that_scenes_are_told_apart_by():
    rng = np.random.default_rng(0)
    said = defaultdict(set)
    for scene in pool():
        text = caption(scene, rng)
        assert evaluate(text, scene), text
        said[tuple(sorted(text.split(". ")))].add(scene.facts.split("/", 1)[1])
        for obj in scene.objects:
            assert all(word in text for word in (obj.size, obj.color, _noun(obj), obj.place))
    assert sum(len(facts) > 1 for facts in said.values()) <= 2
