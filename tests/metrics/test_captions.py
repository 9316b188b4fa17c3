"""Measures of sentences, against values worked by hand and the libraries that define them."""

import sys

import numpy as np
import pytest
from sacrebleu import BLEU, corpus_bleu
from sklearn.metrics import roc_auc_score

from vistext.metrics import captions
from vistext.scenes import course_scene, language, sample

CAT = course_scene()
RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def scenes():
    return sample(20, 3, "train")


@pytest.mark.parametrize(
    ("sentence", "stated", "correct"),
    [
        ("A cat is sitting on the floor.", 3, 3),
        ("a cat on the floor", 2, 2),
        ("A dog is sitting on the floor.", 3, 2),
        ("A cat is sleeping on the floor.", 3, 2),
        ("A dog is sleeping on the floor.", 3, 1),
        ("A dog is sleeping on the mat.", 3, 0),
        ("There is a cat. It is sitting.", 2, 2),
        ("There is a cat. It is sleeping.", 2, 1),
        ("There are two cats.", 1, 0),
        ("A cat are sitting.", 1, 0),
        ("a submarine", 1, 0),
        ("", 1, 0),
    ],
)
def test_facts_of_the_course_scene_are_checked_one_by_one(sentence, stated, correct):
    checked = captions.fact_check([sentence], [CAT])
    assert (checked.stated.tolist(), checked.correct.tolist()) == ([stated], [correct])
    assert checked.true.tolist() == [stated == correct]
    assert checked.readable.tolist() == [sentence not in ("A cat are sitting.", "a submarine", "")]


def test_what_is_true_and_what_is_readable_is_so_by_the_language(scenes):
    rng = np.random.default_rng(1)
    texts = [language.describe(scene, length, rng) for scene in scenes for length in language.LENGTHS]
    of = [scenes[(i // 3 + i % 2) % len(scenes)] for i in range(len(texts))]  # every other one of another picture
    texts[4::9] = [sentence.replace("the", "the the") for sentence in texts[4::9]]
    checked = captions.fact_check(texts, of)
    verdicts = [language.evaluate(*pair).answer for pair in zip(texts, of, strict=True)]
    assert checked.true.tolist() == [verdict == "true" for verdict in verdicts]
    assert checked.readable.tolist() == [verdict != "not understood" for verdict in verdicts]
    assert (checked.correct <= checked.stated).all()
    assert ((checked.correct == checked.stated) == checked.true).all()

    checked = captions.fact_check(["A cat is sitting on the floor.", "a dog", "a a"], [CAT] * 3)
    assert checked.factual_accuracy == pytest.approx(1 / 3)
    assert checked.readable_rate == pytest.approx(2 / 3)
    assert checked.fact_precision == pytest.approx(3 / 5)


def test_bleu_of_a_sentence_worked_by_hand():
    said = ["the cat is on the mat"]
    # Of 6 words 5 are found ("the" twice, as in the reference), of 5 pairs 3, of 4 triples 1; and of 3 runs of four
    # none, for which sacrebleu puts half a one.
    by_hand = (5 / 6 * 3 / 5 * 1 / 4 * 0.5 / 3) ** 0.25
    assert captions.bleu(said, [["The cat sat on the mat"]]) == pytest.approx(by_hand)


def test_bleu_is_sacrebleus_over_all_sentences_at_once(scenes):
    rng = np.random.default_rng(2)
    said, one, other = ([language.describe(scene, "description", rng).lower() for scene in scenes] for _ in range(3))
    expected = corpus_bleu(said, [one, other], lowercase=True).score / 100
    references = [[a.upper(), b] for a, b in zip(one, other, strict=True)]
    assert 0.05 < captions.bleu(said, references) < 0.95
    assert captions.bleu(said, references) == pytest.approx(expected)
    fewer = [right if i % 2 else right[:1] for i, right in enumerate(references)]
    again = [right if i % 2 else right[:1] * 2 for i, right in enumerate(references)]
    assert captions.bleu(said, fewer) == pytest.approx(captions.bleu(said, again)), "any number of references"
    assert captions.bleu(said, [[sentence, "a bird"] for sentence in said]) == pytest.approx(1)


def test_cider_as_worked_by_hand():
    texts = ["A cat is sitting on the floor.", "Two birds fly above a ship."]
    assert captions.cider_d(texts, [[text.upper()] for text in texts]) == pytest.approx(10)
    assert captions.cider_d(texts, [["one horse runs"], ["an old frog"]]) == 0
    assert captions.cider_d(texts, [["a cat is sitting on the floor", "xx yy"], [texts[1]]]) == pytest.approx(7.5)
    # Each run of words is in one picture of two: all weigh log 2. "a b" has of the reference "a c": of two words one,
    # no pair; of the mean over four lengths of runs, a quarter of 1/2; times 10. The lengths are the same.
    assert captions.cider_d(["a b", "x"], [["a c"], ["y"]]) == pytest.approx(10 * (1 / 2) / 4 / 2)
    # What is rare counts for more than what is everywhere.
    references = [["the cat runs"], ["the dog runs"], ["the bird sits"]]
    assert captions.cider_d(["the frog", "x", "x"], references) == 0
    assert captions.cider_d(["frog cat", "x", "x"], references) > 0.1


def test_without_pycocoevalcap_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocoevalcap", None)
    monkeypatch.delitem(sys.modules, "pycocoevalcap.cider", raising=False)
    monkeypatch.delitem(sys.modules, "pycocoevalcap.cider.cider", raising=False)
    with pytest.raises(ModuleNotFoundError, match="pip install pycocoevalcap"):
        captions.cider_d(["a", "b"], [["a"], ["b"]])


@pytest.mark.parametrize("metric", [captions.bleu, captions.cider_d, captions.fact_check, captions.distinct_true])
def test_other_numbers_of_captions_than_of_pictures_are_refused(metric):
    for texts, others in ((["a"], [["a"], ["b"]]), ([], []), (["a"] * 3, [["a"]] * 2)):
        with pytest.raises(ValueError, match=f"{len(texts)} for {len(others)} .*accepted: as many, and 1 or more"):
            metric(texts, others)


@pytest.mark.parametrize("metric", [captions.bleu, captions.cider_d])
def test_what_cannot_be_compared_is_refused(metric):
    with pytest.raises(ValueError, match="a picture has no references"):
        metric(["a", "b"], [["a"], []])
    with pytest.raises(TypeError, match=r"write \[text\]"):
        metric(["a", "b"], [["a"], "b"])
    with pytest.raises(ValueError, match="accepted: 2 or more"):
        captions.cider_d(["a"], [["a"]])


def test_distinct_counts_different_runs_for_each_word():
    said = ["A cat sits.", "a cat runs."]  # 8 words and marks
    assert captions.distinct_n(said, 1) == 5 / 8  # a, cat, sits, runs and the stop
    assert captions.distinct_n(said, 2) == 5 / 8  # a cat, cat sits, sits., cat runs, runs.
    assert captions.distinct_n(said, 4) == 2 / 8
    assert captions.distinct_n(said, 5) == 0
    assert captions.distinct_n([], 1) == 0
    with pytest.raises(ValueError, match="n=0; accepted: 1 or more"):
        captions.distinct_n(said, 0)


def test_self_bleu_is_the_mean_of_each_against_all_others(scenes):
    rng = np.random.default_rng(3)
    groups = [[language.describe(scene, "title", rng) for _ in range(8)] for scene in scenes[:6]]
    groups[0][3] = groups[0][5]
    measure = BLEU(lowercase=True, effective_order=True)
    expected = [
        np.mean([measure.sentence_score(one, group[:i] + group[i + 1 :]).score / 100 for i, one in enumerate(group)])
        for group in groups
    ]
    assert captions.self_bleu(groups) == pytest.approx(np.mean(expected))
    assert 0.1 < np.mean(expected) < 0.95
    assert captions.self_bleu([["A cat.", "a cat."], ["two birds"] * 5]) == pytest.approx(1)
    assert captions.self_bleu([["a b c d e", "f g h i j"]]) < 0.1
    for groups in ([], [["a", "b"], ["a"]]):
        with pytest.raises(ValueError, match="accepted: 1 or more groups, of 2 sentences or more"):
            captions.self_bleu(groups)


def test_different_true_sentences_are_counted_once_each():
    draws = [
        ["A cat is sitting on the floor.", "a cat is sitting on the floor.", "A dog is sitting on the floor.", "a cat"],
        ["a dog", "two dogs", "a a"],
    ]
    assert captions.distinct_true(draws, [CAT, CAT]).tolist() == [2, 0]


def test_coverage_is_a_share_of_all_true_descriptions():
    every = list(language.descriptions(CAT, "title"))
    draws = [every[:3] + every[:2] + ["a dog"], every, ["a dog"]]
    found = captions.coverage(draws, [CAT] * 3, "title")
    assert found.shares == pytest.approx([3 / len(every), 1, 0])
    assert found.mean == pytest.approx((3 / len(every) + 1) / 3)
    assert found.counted == 3


def test_pictures_with_more_descriptions_than_are_listed_are_left_out_and_not_guessed_at(scenes):
    crowd = next(scene for scene in scenes if len(scene.objects) > 2)
    every = list(language.descriptions(CAT, "title"))
    found = captions.coverage([every[:1], ["a cat"]], [CAT, crowd], "title", most=len(every))
    assert found.shares == pytest.approx([1 / len(every), np.nan], nan_ok=True)
    assert found.mean == pytest.approx(1 / len(every))
    assert found.counted == 1
    none = captions.coverage([every[:1]], [CAT], "title", most=len(every) - 1)
    assert np.isnan(none.mean)
    assert none.counted == 0
    with pytest.raises(ValueError, match="most=0"):
        captions.coverage([every], [CAT], "title", most=0)


@pytest.mark.parametrize("ties", [False, True])
def test_the_area_under_the_curve_is_scikit_learns(ties):
    positive, negative = RANDOM.normal(0.8, 1, 70), RANDOM.normal(0, 1, 90)
    if ties:
        positive, negative = positive.round(), negative.round()
    labels, scores = np.repeat([1, 0], [70, 90]), np.concatenate([positive, negative])
    assert captions.roc_auc(positive, negative) == pytest.approx(roc_auc_score(labels, scores))
    assert [captions.roc_auc([2, 3], [1]), captions.roc_auc([1], [2, 3]), captions.roc_auc([1, 1], [1])] == [1, 0, 0.5]


@pytest.mark.parametrize("scores", [([], [1]), ([1], []), ([np.nan], [1])])
def test_an_area_under_no_curve_is_refused(scores):
    with pytest.raises(ValueError, match="accepted: 1 or more of both, and none of them nan"):
        captions.roc_auc(*scores)
