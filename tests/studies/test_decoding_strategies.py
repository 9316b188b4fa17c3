"""The study of decoding strategies, on a few scenes and with a few of them."""

import numpy as np
import pytest

from vistext.studies import decoding_strategies
from vistext.studies.decoding_strategies import StudyConfig

SHORT = StudyConfig(groups=2, scenes=3, draws=2)
STORIES = "likelihood, temperature 0.6, stories"


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Results of the likelihood-trained captioner, by the first strategy and by a story's."""
    strategies = decoding_strategies.strategies

    def few(training, captioner):
        chosen = strategies(training, captioner)
        story = next(pair for pair in chosen if pair[0].name == STORIES) if training == "likelihood" else None
        return [chosen[0], story] if story else []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding_strategies, "strategies", few)
        return decoding_strategies.run(SHORT, tmp_path_factory.mktemp("results") / "descriptions.json")


def test_strategies_have_names_of_their_own_and_stories_are_of_all_that_are_sampled():
    ours, theirs = (decoding_strategies.strategies(training, None) for training in decoding_strategies.TEMPERATURES)
    names = [strategy.name for strategy, _ in ours + theirs]
    assert len(set(names)) == len(names)
    for strategy, length in ours + theirs:
        assert (length == "story") == strategy.name.endswith(", stories")
        assert bool(strategy.discriminator) == ("checked" in strategy.name)
    stories = [strategy.temperature for strategy, length in ours if length == "story"]
    assert stories == list(decoding_strategies.TEMPERATURES[decoding_strategies.LIKELIHOOD])
    assert sum("checked" in name for name in names) == 2


def test_each_strategy_is_measured_on_each_group(measured):
    assert decoding_strategies.names(measured) == ["likelihood, greedy", STORIES]
    for strategy in decoding_strategies.names(measured):
        shares = decoding_strategies.series(measured, strategy, "true")
        assert shares.shape == (2,)
        assert np.all((shares >= 0) & (shares <= 1))
    assert (
        decoding_strategies.series(measured, STORIES, "stated")
        > decoding_strategies.series(measured, "likelihood, greedy", "stated")
    ).any()
    with pytest.raises(KeyError, match="no strategy is called 'shouted'; there are: likelihood, greedy"):
        decoding_strategies.series(measured, "shouted", "true")


def test_the_table_leaves_out_what_is_not_measured_of_stories(measured):
    head, described, story = decoding_strategies.table(measured).splitlines()
    assert len(head.split()) == len(decoding_strategies.SHOWN)
    assert len(described.split()) == 2 + len(decoding_strategies.SHOWN) - 1  # one sentence is not like itself
    # No overlap with others, nothing listed.
    assert len(story.removeprefix(STORIES).split()) == len(decoding_strategies.SHOWN) - 3
