"""Whether tags help to predict masked words: the study on a small scale, and its figures."""

import json

import numpy as np
import pytest
from scipy import stats

from vistext.data import vocabulary
from vistext.data.cifar10 import CLASSES as KINDS
from vistext.data.vocabulary import PAD, Vocabulary
from vistext.scenes import language
from vistext.scenes.language.word_classes import CLASSES, KIND_OF, WORD_CLASSES
from vistext.studies import tags
from vistext.studies.tags import CONDITIONS, StudyConfig
from vistext.tasks import language_model

TINY = StudyConfig(
    sizes=(30, 60), seeds=(0, 1), steps=4, batch=8, checks=2, validation=20, test=60, embedding=4, units=4
)


def always_wrong(kinds, rng, training):
    return (kinds + 1) % 10


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """All cells of the tiny plan."""
    return tags.run(TINY, tmp_path_factory.mktemp("tags") / "tags.json", tagging=always_wrong)


def test_a_cell_comes_out_the_same_whatever_was_measured_before_it(results):
    found = [(cell["seed"], cell["size"], cell["condition"]) for cell in results["cells"]]
    assert found == [(seed, size, condition) for seed in (0, 1) for size in (30, 60) for condition in CONDITIONS]
    trainer = tags.CellTrainer(TINY, always_wrong)
    for keys in [(1, 60, "true tags"), (0, 30, "20 % noise")]:
        again, cell = json.loads(json.dumps(trainer.cell(*keys))), results["cells"][found.index(keys)]
        assert again["words"] == cell["words"]
        assert again["perplexity"]["all"] == pytest.approx(cell["perplexity"]["all"], rel=1e-3)


def test_every_condition_has_the_same_masked_words_and_the_tags_of_its_name(results):
    assert len({json.dumps(cell["words"]) for cell in results["cells"]}) == 1
    wrong = {condition: [] for condition in CONDITIONS}
    for cell in results["cells"]:
        wrong[cell["condition"]].append(cell.get("wrong tags"))
    assert set(wrong["text alone"]) == {None}
    assert set(wrong["true tags"]) == {0}
    assert set(wrong["tagger's tags"]) == {1}
    for noise in tags.NOISES:
        assert np.mean(wrong[f"{noise} % noise"]) == pytest.approx(noise / 100, abs=0.12)


def test_the_model_of_the_text_alone_has_no_tags():
    trainer = tags.CellTrainer(TINY, always_wrong)
    assert not trainer.labels(trainer.test, "text alone", 0, training=False).any()
    true = trainer.labels(trainer.test, "true tags", 0, training=False)
    world, _ = tags.described_scenes(TINY.test, 0, "test")
    assert [{KINDS[k] for k in np.flatnonzero(row)} for row in true] == [
        {obj.kind for obj in scene.objects} for scene in world
    ]


def test_the_models_trained_with_true_tags_are_also_tested_with_all_others(results):
    true = [cell for cell in results["cells"] if cell["condition"] == "true tags"]
    assert all(list(cell["tested with"]) == list(CONDITIONS[2:]) for cell in true)
    assert not any("tested with" in cell for cell in results["cells"] if cell["condition"] != "true tags")
    found = tags.series(results, "true tags", 60, tested="50 % noise", measure="perplexity")
    expected = [c["tested with"]["50 % noise"]["perplexity"]["all"] for c in true if c["size"] == 60]
    assert found.tolist() == expected


def test_training_and_test_scenes_share_no_facts_and_each_is_described_once():
    learned, sentences = tags.described_scenes(300, 0, "train")
    judged, _ = tags.described_scenes(300, 0, "test")
    assert len(learned) == len(sentences) == 300
    assert {scene.facts for scene in learned}.isdisjoint(scene.facts for scene in judged)
    assert max(len(vocabulary.tokenize(said)) for said in sentences) <= tags.MAX_LENGTH
    assert all(language.evaluate(said, scene) for said, scene in zip(sentences, learned, strict=True))
    assert tags.described_scenes(100, 0, "train")[1] == sentences[:100] != tags.described_scenes(100, 1, "train")[1]


def test_no_masked_word_can_be_read_off_its_sentence():
    _, sentences = tags.described_scenes(400, 0, "train")
    vocabulary = Vocabulary.build(sentences)
    ids, labels = language_model.masked_lm.mask_tokens(
        vocabulary.encode(sentences), language_model.masked_lm.word_groups(vocabulary), np.random.default_rng(0)
    )
    named = 0
    for seen, hidden in zip(ids, labels, strict=True):
        read = {vocabulary.words[number] for number in seen}
        asked = {vocabulary.words[number] for number in hidden[hidden != PAD]}
        assert read.isdisjoint(asked)
        assert {KIND_OF.get(word) for word in read}.isdisjoint({KIND_OF[word] for word in asked if word in KIND_OF})
        named += any(word in KIND_OF for word in asked)
    assert named > 50


@pytest.mark.parametrize("share", [0, 0.3, 1])
def test_a_swapped_tag_is_always_another_one_and_all_others_are_as_likely(share):
    kinds = np.full(9000, 4)
    found = tags.swap_tags(kinds, share, np.random.default_rng(0))
    assert np.mean(found != 4) == pytest.approx(share, abs=0.02)
    counts = np.bincount(found[found != 4], minlength=10)
    assert counts[4] == 0
    if share:
        assert stats.chisquare(np.delete(counts, 4)).pvalue > 0.001


def test_tagged_photographs_are_of_the_right_kind_and_others_in_training_than_in_the_test(monkeypatch):
    # The answer names the picture, so that it can be told which one was drawn.
    labels = np.tile(np.repeat(np.arange(10), 2), 50)
    monkeypatch.setattr(tags, "_tagger_predictions", lambda: (labels, np.arange(1000)))
    kinds = np.random.default_rng(0).integers(0, 10, 3000)
    seen = {}
    for training in (True, False):
        found = tags.tagged_photographs(kinds, np.random.default_rng(1), training)
        assert np.array_equal(labels[found], kinds)
        seen[training] = set(found.tolist())
    assert seen[True].isdisjoint(seen[False])
    assert len(seen[True] | seen[False]) > 900


def test_words_are_counted_by_class():
    vocabulary = Vocabulary.build(["A cat is red."])
    number = vocabulary.numbers
    labels = np.array([number["cat"], number["cat"], number["red"], number["a"]])
    probabilities = np.full((4, len(vocabulary)), 0.01)
    for row, (word, p) in enumerate([("cat", 0.5), ("a", 0.6), ("red", 0.25), ("a", 0.8)]):
        probabilities[row, number[word]] = p
    probabilities[1, number["cat"]] = 0.125
    found = tags.by_class(np.log(probabilities), labels, vocabulary)
    assert found["accuracy"] == {"all": 0.75, "kinds": 0.5, "colours": 1.0, "function words": 1.0}
    assert found["perplexity"] == pytest.approx(
        {"all": 80**0.25, "kinds": 4.0, "colours": 4.0, "function words": 1.25}, rel=1e-4
    )
    assert found["words"] == {"all": 4, "kinds": 2, "colours": 1, "function words": 1}


def test_a_gain_is_the_mean_difference_seed_by_seed_with_its_95_percent_interval():
    accuracies = {"text alone": [0.5, 0.6, 0.7], "true tags": [0.6, 0.72, 0.79]}
    cells = [
        {"seed": seed, "size": 250, "condition": condition, "accuracy": {"all": value}}
        for condition, values in accuracies.items()
        for seed, value in reversed(list(enumerate(values)))
    ]
    mean, half = tags.gain({"cells": cells}, "true tags", 250)
    low, high = stats.ttest_rel(*reversed(accuracies.values())).confidence_interval(0.95)
    assert (mean - half, mean + half) == pytest.approx((low, high))


def test_all_words_that_are_said_have_a_class():
    _, sentences = tags.described_scenes(1000, 5, "train")
    said = {token for sentence in sentences for token in vocabulary.tokenize(sentence) if token[0].isalpha()}
    assert said <= WORD_CLASSES.keys()
    assert set(WORD_CLASSES.values()) == set(CLASSES)
    assert {WORD_CLASSES[word] for word in ("cat", "cars", "deer")} == {"kinds"}
    assert [WORD_CLASSES[w] for w in ("red", "sits", "parked", "mat", "two", "the")] == [
        "colours", "verbs", "verbs", "places", "other content words", "function words"
    ]  # fmt: skip
