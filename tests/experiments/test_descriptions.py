"""The experiment that compares all ways to say something about a picture, on a few scenes and in a few ways."""

import numpy as np
import pytest

from vistext.experiments import descriptions
from vistext.experiments.describing import Way

SHORT = {"groups": 2, "count": 3, "draws": 2}
TOLD = "likelihood, temperature 0.6, stories"


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The file of results, and what is in it: of the likelihood writer's ways, the first and a story's."""
    every = descriptions.ways

    def few(taught, speaks):
        some = every(taught, speaks)
        return [some[0], next(each for each in some if each[0].name == TOLD)] if taught == "likelihood" else []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(descriptions, "ways", few)
        file = tmp_path_factory.mktemp("results") / "descriptions.json"
        first = descriptions.measure(file, **SHORT)
        patch.setattr(descriptions.describing, "say", None)  # what is in the file is not measured again
        assert descriptions.measure(file, **SHORT) == first
        with pytest.raises(ValueError, match="plan"):
            descriptions.measure(file, **SHORT | {"draws": 3})
        yield file, first


def test_both_writers_speak_in_the_same_ways_and_tell_stories_at_each_temperature():
    ours, theirs = (descriptions.ways(taught, None) for taught in (descriptions.LIKELIHOOD, descriptions.JUDGED))
    assert [length for _, length in ours] == [length for _, length in theirs]
    names = [way.name for way, _ in ours + theirs]
    assert len(set(names)) == len(names)
    for way, length in ours + theirs:
        assert isinstance(way, Way)
        assert (length == "story") == way.name.endswith(", stories")
    stories = [way.temperature for way, length in ours if length == "story"]
    assert stories == list(descriptions.TEMPERATURES[descriptions.LIKELIHOOD])


def test_each_way_is_measured_on_each_group(measured):
    file, results = measured
    assert descriptions.load(file) == results
    assert descriptions.names(results) == ["likelihood, likeliest", TOLD]
    for way in descriptions.names(results):
        shares = descriptions.figures(results, way, "true")
        assert shares.shape == (2,)
        assert np.all((shares >= 0) & (shares <= 1))
    assert (
        descriptions.figures(results, TOLD, "stated") > descriptions.figures(results, "likelihood, likeliest", "stated")
    ).any()
    with pytest.raises(KeyError, match="no way is called 'shouted'; there are: likelihood, likeliest"):
        descriptions.figures(results, "shouted", "true")


def test_the_table_leaves_out_what_is_not_measured_of_stories(measured):
    _, results = measured
    head, described, told = descriptions.table(results).splitlines()
    assert len(head.split()) == len(descriptions.SHOWN)
    assert len(described.split()) == 2 + len(descriptions.SHOWN) - 1  # one sentence is not like itself
    assert len(told.removeprefix(TOLD).split()) == len(descriptions.SHOWN) - 3  # no overlap with others, nothing listed
