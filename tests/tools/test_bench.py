"""The bench: what it times does the same in both ways, and its figures are what was timed."""

import argparse
import json

import numpy as np
import pytest

from tools import bench
from vistext.data.vocabulary import Vocabulary
from vistext.nn.decoder import CachedDecoder
from vistext.tasks import captioning, vqa


@pytest.fixture(scope="module")
def speaker():
    """A small describer with random weights, for which most sentences end before they are cut."""
    words = Vocabulary.build(["a cat is sitting on the floor.", "the dog is small, and it runs."])
    config = captioning.model.CaptionerConfig(len(words), widths=(4, 4, 6, 4), depth=1, width=8, heads=2, blocks=2)
    random = np.random.default_rng(0)
    image_encoder, writer = captioning.model.build_image_encoder(config), captioning.model.build_caption_decoder(config)
    for weight in (weight for network in (image_encoder, writer) for weight in network.trainable_variables):
        weight.assign(random.normal(scale=0.5, size=weight.shape))
    return captioning.model.Captioner(image_encoder, CachedDecoder(writer), words)


def test_both_ways_are_timed_at_the_same_work(speaker, monkeypatch):
    clock = iter([0, 3.0, 3.0, 5.0, 5.0, 9.0, 10.0, 60.0])  # three times all at once, once word by word
    monkeypatch.setattr(bench.time, "perf_counter", lambda: next(clock))
    plain, ours = bench.describing(speaker, count=6, one_by_one=2)
    assert plain["same_sentences"]
    assert (plain["pictures"], plain["seconds"], plain["pictures_a_second"]) == (2, 50, 0.04)
    assert plain["seconds_for_6_at_this_rate"] == 150
    assert (ours["pictures"], ours["seconds"], ours["pictures_a_second"]) == (6, 2, 3)
    assert ours["times_as_fast"] == 75
    assert not ours["reached"]  # many times as fast, but not within the second


def test_answers_to_all_questions_are_timed_after_one_round_that_is_not(monkeypatch):
    asked = []

    class Network:
        def answer(self, pictures, questions):
            asked.append((len(pictures), *questions))

    clock = iter([1.0, 3.0, 4.0, 4.5, 5.0, 9.0])
    monkeypatch.setattr(bench.time, "perf_counter", lambda: next(clock))
    [line] = bench.answering(Network(), count=6)
    assert (line["questions"], line["seconds"], line["questions_a_second"]) == (6, 0.5, 12)
    assert (line["target_seconds"], line["reached"]) == (1.0, True)
    assert len(asked) == 4
    assert len(set(asked)) == 1
    assert (asked[0][0], len(asked[0])) == (6, 7)
    assert all(question.endswith("?") for question in asked[0][1:])


def test_answers_that_take_longer_than_the_target_do_not_reach_it(monkeypatch):
    clock = iter([0.0, 1.1, 2.0, 3.2, 4.0, 6.0])
    monkeypatch.setattr(bench.time, "perf_counter", lambda: next(clock))
    [line] = bench.answering(argparse.Namespace(answer=lambda pictures, questions: None), count=2)
    assert not line["reached"]


def test_each_part_can_be_asked_for_alone(speaker, monkeypatch, capsys):
    monkeypatch.setattr(bench.captioning.model, "load", lambda: speaker)
    monkeypatch.setattr(vqa.model, "load", lambda: "a network")
    monkeypatch.setattr(bench, "describing", lambda speaker: iter([{"describing": 1}]))
    monkeypatch.setattr(bench, "answering", lambda network: iter([{"answering": network}]))
    monkeypatch.setattr(bench, "grading", lambda size: iter([{"grading": size}]))
    monkeypatch.setattr(bench, "lines", lambda seed: iter([{"network": seed}]))
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    printed = {}
    for words in (
        [],
        ["--only", "describing"],
        ["--only", "answering"],
        ["--only=grading", "--submissions=9"],
        ["--only=tagging", "--seed=3"],
    ):
        assert bench.run(parser.parse_args(words)) == 0
        printed[" ".join(words)] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    answered = {"answering": "a network"}
    assert list(printed.values()) == [
        [{"describing": 1}, answered, {"grading": 0}, {"network": 0}],
        [{"describing": 1}],
        [answered],
        [{"grading": 9}],
        [{"network": 3}],
    ]
