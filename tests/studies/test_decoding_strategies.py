"""The study of decoding strategies, on a few scenes and with a few of them."""

from dataclasses import replace

import numpy as np
import pytest

from vistext.studies import decoding_strategies
from vistext.studies.decoding_strategies import StudyConfig
from vistext.tasks.captioning.train import DecodingStrategy

SHORT = StudyConfig(groups=2, scenes=3, draws=2)
STORIES = "likelihood, temperature 0.6, stories"


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The file of results, and its content: of the likelihood-trained captioner, the first strategy and a story's."""
    strategies = decoding_strategies.strategies

    def few(training, captioner):
        chosen = strategies(training, captioner)
        story = next(pair for pair in chosen if pair[0].name == STORIES) if training == "likelihood" else None
        return [chosen[0], story] if story else []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding_strategies, "strategies", few)
        file = tmp_path_factory.mktemp("results") / "descriptions.json"
        first = decoding_strategies.run(SHORT, file)
        with pytest.raises(ValueError, match="plan"):
            decoding_strategies.run(replace(SHORT, draws=3), file)
        yield file, first


def test_both_captioners_have_the_same_strategies_and_stories_at_each_temperature():
    ours, theirs = (
        decoding_strategies.strategies(taught, None)
        for taught in (decoding_strategies.LIKELIHOOD, decoding_strategies.ADVERSARIAL)
    )
    assert [length for _, length in ours] == [length for _, length in theirs]
    names = [strategy.name for strategy, _ in ours + theirs]
    assert len(set(names)) == len(names)
    for strategy, length in ours + theirs:
        assert isinstance(strategy, DecodingStrategy)
        assert (length == "story") == strategy.name.endswith(", stories")
    stories = [strategy.temperature for strategy, length in ours if length == "story"]
    assert stories == list(decoding_strategies.TEMPERATURES[decoding_strategies.LIKELIHOOD])


def test_each_strategy_is_measured_on_each_group(measured):
    file, results = measured
    assert decoding_strategies.load(file) == results
    assert decoding_strategies.names(results) == ["likelihood, likeliest", STORIES]
    for strategy in decoding_strategies.names(results):
        shares = decoding_strategies.series(results, strategy, "true")
        assert shares.shape == (2,)
        assert np.all((shares >= 0) & (shares <= 1))
    assert (
        decoding_strategies.series(results, STORIES, "stated")
        > decoding_strategies.series(results, "likelihood, likeliest", "stated")
    ).any()
    with pytest.raises(KeyError, match="no strategy is called 'shouted'; there are: likelihood, likeliest"):
        decoding_strategies.series(results, "shouted", "true")


def test_the_table_leaves_out_what_is_not_measured_of_stories(measured):
    _, results = measured
    head, described, told = decoding_strategies.table(results).splitlines()
    assert len(head.split()) == len(decoding_strategies.SHOWN)
    assert len(described.split()) == 2 + len(decoding_strategies.SHOWN) - 1  # one sentence is not like itself
    assert (
        len(told.removeprefix(STORIES).split()) == len(decoding_strategies.SHOWN) - 3
    )  # no overlap with others, nothing listed
