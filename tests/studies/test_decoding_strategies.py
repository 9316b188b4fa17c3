"""The experiment that compares all ways to say something about a picture, on a few scenes and in a few ways."""

from dataclasses import replace

import numpy as np
import pytest

from vistext.studies import decoding_strategies
from vistext.studies.decoding_strategies import StudyConfig
from vistext.tasks import captioning
from vistext.tasks.captioning.train import DecodingStrategy

SHORT = StudyConfig(groups=2, scenes=3, draws=2)
TOLD = "likelihood, temperature 0.6, stories"


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The file of results, and what is in it: of the likelihood writer's ways, the first and a story's."""
    every = decoding_strategies.strategies

    def few(taught, speaks):
        some = every(taught, speaks)
        return [some[0], next(each for each in some if each[0].name == TOLD)] if taught == "likelihood" else []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding_strategies, "strategies", few)
        file = tmp_path_factory.mktemp("results") / "descriptions.json"
        first = decoding_strategies.run(SHORT, file)
        patch.setattr(captioning.train, "generate_captions", None)  # what is in the file is not measured again
        assert decoding_strategies.run(SHORT, file) == first
        with pytest.raises(ValueError, match="plan"):
            decoding_strategies.run(replace(SHORT, draws=3), file)
        yield file, first


def test_both_writers_speak_in_the_same_ways_and_tell_stories_at_each_temperature():
    ours, theirs = (
        decoding_strategies.strategies(taught, None)
        for taught in (decoding_strategies.LIKELIHOOD, decoding_strategies.ADVERSARIAL)
    )
    assert [length for _, length in ours] == [length for _, length in theirs]
    names = [way.name for way, _ in ours + theirs]
    assert len(set(names)) == len(names)
    for way, length in ours + theirs:
        assert isinstance(way, DecodingStrategy)
        assert (length == "story") == way.name.endswith(", stories")
    stories = [way.temperature for way, length in ours if length == "story"]
    assert stories == list(decoding_strategies.TEMPERATURES[decoding_strategies.LIKELIHOOD])


def test_each_way_is_measured_on_each_group(measured):
    file, results = measured
    assert decoding_strategies.load(file) == results
    assert decoding_strategies.names(results) == ["likelihood, likeliest", TOLD]
    for way in decoding_strategies.names(results):
        shares = decoding_strategies.series(results, way, "true")
        assert shares.shape == (2,)
        assert np.all((shares >= 0) & (shares <= 1))
    assert (
        decoding_strategies.series(results, TOLD, "stated")
        > decoding_strategies.series(results, "likelihood, likeliest", "stated")
    ).any()
    with pytest.raises(KeyError, match="no way is called 'shouted'; there are: likelihood, likeliest"):
        decoding_strategies.series(results, "shouted", "true")


def test_the_table_leaves_out_what_is_not_measured_of_stories(measured):
    _, results = measured
    head, described, told = decoding_strategies.table(results).splitlines()
    assert len(head.split()) == len(decoding_strategies.SHOWN)
    assert len(described.split()) == 2 + len(decoding_strategies.SHOWN) - 1  # one sentence is not like itself
    assert (
        len(told.removeprefix(TOLD).split()) == len(decoding_strategies.SHOWN) - 3
    )  # no overlap with others, nothing listed
